"""Memory, submission, profiles, threads and faults of a GPU: what work costs, and what becomes of it if it fails."""

import json
import sys
import threading

import pytest
from device_parity import need_gpu, python

import rusttorch as torch
import rusttorch.nn.functional as F
from rusttorch import nn

need_gpu()


def test_memory_is_counted_and_reused():
    torch.gpu.synchronize()
    before = torch.gpu.memory_allocated()
    x = torch.ones(1 << 20, device="gpu")
    assert torch.gpu.memory_allocated() - before >= 4 << 20
    assert torch.gpu.max_memory_allocated() >= torch.gpu.memory_allocated()
    del x
    made = torch.gpu.memory_stats()["segment.all.allocated"]
    assert torch.gpu.memory_allocated() == before
    y = torch.zeros(1 << 20, device="gpu")
    assert torch.gpu.memory_stats()["segment.all.allocated"] == made
    del y
    held = torch.gpu.memory_reserved()
    torch.gpu.empty_cache()
    assert torch.gpu.memory_reserved() < held
    assert "in use by tensors" in torch.gpu.memory_summary()
    torch.gpu.reset_peak_memory_stats()
    assert torch.gpu.max_memory_allocated() == torch.gpu.memory_allocated()


def test_tensors_count_from_when_they_are_made():
    """Wherever their bytes are: a network that was moved, numbers that were drawn, memory of any content."""
    before = torch.gpu.memory_allocated()
    model = nn.Linear(1000, 1000).to("gpu")
    assert torch.gpu.memory_allocated() - before >= 4_000_000
    assert torch.gpu.memory_reserved() >= torch.gpu.memory_allocated()
    made = torch.gpu.memory_allocated()
    x = torch.empty(100_000, device="gpu")
    assert torch.gpu.memory_allocated() - made >= 400_000
    x.add_(1)
    y = torch.randn(100_000, device="gpu")
    assert 800_000 <= torch.gpu.memory_allocated() - made < 1_100_000
    del x, y
    assert torch.gpu.memory_allocated() == made
    model(torch.ones(1, 1000, device="gpu"))
    del model
    assert torch.gpu.memory_allocated() <= before + 4096


@pytest.mark.parametrize(
    "make",
    [
        lambda n: torch.empty(n, device="gpu"),
        lambda n: torch.zeros(n, device="gpu"),
        lambda n: torch.ones(1, device="gpu").expand(n).clone(),
        lambda n: torch.ones(1, device="gpu").new_empty(n),
        lambda n: torch.ones(3, device="gpu").repeat(n // 3),
    ],
)
def test_what_no_shader_could_see_is_refused_where_it_is_made(make):
    limit = torch.gpu.get_device_properties().limits["max_storage_buffer_binding_size"]
    with pytest.raises(RuntimeError, match="max_storage_buffer_binding_size"):
        make(limit // 4 + 1024)


def test_results_on_the_cpu_are_refused_and_not_lost():
    x, mean, var = torch.randn(4, 1, device="gpu"), torch.zeros(()), torch.ones(())
    with pytest.raises(RuntimeError, match=r"batch_norm: expected what it writes to be on wgpu:0, but 'running_mean'"):
        F.batch_norm(x, mean, var, training=True)


def test_too_much_memory_is_an_error_that_names_the_op():
    limit = torch.gpu.get_device_properties().limits["max_storage_buffer_binding_size"]
    with pytest.raises(RuntimeError, match="max_storage_buffer_binding_size"):
        torch.zeros(limit // 4 + 1024, device="gpu").add_(1)
    assert torch.ones(2, device="gpu").tolist() == [1.0, 1.0]  # the process lives


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
def test_running_out_of_memory_is_an_error_that_names_the_op_and_the_process_lives():
    """The driver's own refusal, on the adapters that take memory from the process: of results, uploads and downloads."""
    if torch.gpu.get_device_properties().kind != "CPU":
        pytest.skip("the adapter has memory of its own")
    code = """if True:
        import resource, rusttorch as t

        def limit(megabytes):
            size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + (megabytes << 20) if megabytes else -1, -1))

        def refused(f, op):
            try:
                f()
            except t.OutOfMemoryError as e:
                assert f"in {op}" in str(e) and "to allocate" in str(e), e
            else:
                raise AssertionError(op)

        x = t.ones(1000, device="gpu")
        host, there = t.ones(1 << 24), t.ones(1 << 24, device="gpu")
        assert (x + 1).sum().item() == 2000 and there[5].item() == 1
        kept = []
        limit(400)
        refused(lambda: [kept.append(t.full((1 << 24,), 2.0, device="gpu")) for _ in range(50)], "full")
        assert 0 < len(kept) < 20, len(kept)
        refused(lambda: there + there, "add")
        assert (x + 1).sum().item() == 2000
        kept.clear()
        t.gpu.empty_cache()
        assert (there + there)[-1].item() == 2
        limit(0)
        for megabytes, f, op in ((16, lambda: host.to("gpu") + 1, "to"), (100, lambda: there.cpu(), "cpu")):
            limit(megabytes)
            refused(f, op)
            assert (x + 1).sum().item() == 2000
            limit(0)
            f()
        print("lives")
    """
    done = python(code)
    assert done.stdout == "lives\n", done.stderr


def training_step(device):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5)).to(device)
    optimizer = torch.optim.AdamW(model.parameters())
    x, y = torch.randn(16, 20).to(device), torch.randint(0, 5, (16,)).to(device)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return step


def test_a_training_step_waits_for_nothing_and_allocates_nothing():
    step = training_step("gpu")
    for _ in range(3):
        step()
        # How many steps are under way, each with its upload, is the device's speed: here it is one.
        torch.gpu.synchronize()
    memory = torch.gpu.memory_stats()
    for _ in range(5):
        before = torch.gpu.statistics()
        step()
        after = torch.gpu.statistics()
        assert after["submissions"] - before["submissions"] <= 1
        assert after["downloaded"] == before["downloaded"]
        assert after["pipelines"] == before["pipelines"]
        assert after["uploaded"] - before["uploaded"] <= 64
        torch.gpu.synchronize()
    memory_after = torch.gpu.memory_stats()
    assert memory_after["segment.all.allocated"] == memory["segment.all.allocated"]


def submissions_of(kernels):
    """How often something is submitted while so many kernels are recorded."""
    x = torch.ones(4, device="gpu")
    before = torch.gpu.statistics()
    for _ in range(kernels):
        x = x + 1
    after = torch.gpu.statistics()
    assert after["kernels"] - before["kernels"] == kernels
    return after["submissions"] - before["submissions"]


def test_an_idle_device_is_given_what_has_gathered_and_a_busy_one_is_not():
    torch.gpu.synchronize()
    assert submissions_of(100) == 0  # a small step waits for its end
    torch.gpu.synchronize()
    assert submissions_of(128) == 1
    torch.gpu.synchronize()
    a = torch.ones(2000, 2000, device="gpu")
    a @ a
    torch._C._gpu_flush(0)
    if torch.gpu.get_device_properties().kind == "CPU":  # which works at it while thousands of kernels are recorded
        assert submissions_of(1000) == 0
    torch.gpu.synchronize()


def test_threads_share_a_device():
    wrong = []

    def work(k):
        x = torch.full((1000,), float(k), device="gpu")
        for _ in range(20):
            x = x * 2 - k
        if x.tolist() != [float(k)] * 1000:
            wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_missing_kernels_are_refused_or_fall_back_with_one_warning():
    try:
        torch.zeros(1, dtype=torch.float64, device="gpu")
    except TypeError as e:
        pytest.skip(f"what has no kernel has none of float64: {e}")
    code = """
import warnings, rusttorch as t
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    x = t.ones(3, device="gpu", dtype=t.float64)
    try:
        for _ in range(2):
            y = t.special.bessel_j0(x)
        same = y.cpu() == t.special.bessel_j0(x.cpu())
        print(y.device, len(seen), same.all().item(), seen[0].message if seen else "")
    except NotImplementedError as e:
        print(e)
"""
    refused = python(code, RUSTTORCH_GPU_FALLBACK="0").stdout
    assert (
        "The operator 'special_bessel_j0' is not implemented for the device 'wgpu:0' and float64" in refused
        and "RUSTTORCH_GPU_FALLBACK=1" in refused
    )
    assert "in bessel_j0(self: float64[3])" in refused
    allowed = python(code, RUSTTORCH_GPU_FALLBACK="1").stdout
    assert allowed.startswith("wgpu:0 1 True The operator 'special_bessel_j0' is not implemented"), allowed


def test_a_bad_index_is_raised_at_the_next_synchronization():
    x = torch.arange(5.0, device="gpu")
    y = x[torch.tensor([0, 7], device="gpu")]
    with pytest.raises(IndexError, match="index out of range in index:"):
        torch.gpu.synchronize()
    x[torch.tensor([7], device="gpu")], x.gather(0, torch.tensor([1], device="gpu"))
    with pytest.raises(IndexError, match="index out of range in one of index, gather:"):
        x.cpu()
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert y.shape == (2,)


def test_profiles_have_ops_backward_and_kernels(tmp_path):
    step = training_step("gpu")
    step()
    with torch.profiler.profile(record_shapes=True) as prof:
        with torch.profiler.record_function("the step"):
            step()
    averages = {(e.name, e.kind): e for e in prof.key_averages()}
    assert averages[("linear", "op")].count == 2
    assert averages[("the step", "part")].cpu_time_total >= averages[("linear", "op")].cpu_time_total
    assert any(kind == "backward" for _, kind in averages)
    kernels = [e for e in prof.events() if e.is_kernel]
    assert len(kernels) > 10 and all(e.device_time_total >= 0 for e in kernels)
    assert sum(e.device_time_total for e in kernels) > 0
    table = prof.key_averages().table(sort_by="cuda_time_total", row_limit=5)
    assert "Device total" in table and "# of Calls" in table
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    trace = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {"op", "backward", "part", "kernel"} <= {e.get("cat") for e in trace}
