"""rusttorch.gpu and rusttorch.accelerator as PyTorch's modules: choosing devices, their properties, memory, generators."""

import pytest
from device_parity import need_gpu, python

import rusttorch as torch

need_gpu()

COUNT = torch.gpu.device_count()
ABSENT = [COUNT, 15, -1, 255, 256, 300, -300]

TAKE_A_DEVICE = [
    *("synchronize", "memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"),
    *("memory_stats", "memory_summary", "reset_peak_memory_stats", "statistics", "get_device_name"),
    *("get_device_properties", "mem_get_info", "get_rng_state"),
]


@pytest.mark.parametrize("name", TAKE_A_DEVICE)
def test_a_device_that_is_not_there_is_named_with_how_many_are(name):
    function = getattr(torch.gpu, name)
    for index in ABSENT:
        with pytest.raises(RuntimeError, match=f"there is no device wgpu:{index}: {COUNT} found, numbered from 0"):
            function(index)
    with pytest.raises(RuntimeError, match="there is no device wgpu:15"):
        function("gpu:15")
    with pytest.raises(ValueError, match="Expected a gpu device, but got: cpu"):
        function("cpu")
    if name != "mem_get_info":
        for device in (None, 0, "gpu", "gpu:0", torch.device("wgpu", 0)):
            function(device) if name != "get_rng_state" or device is not None else function()


def test_without_an_adapter_the_reason_is_given():
    code = """
import rusttorch as t
t.gpu.synchronize(), t.accelerator.synchronize()  # as before anything went there
assert t.gpu.memory_allocated() == 0 and not t.gpu.is_bf16_supported()
for ask in (lambda: t.gpu.synchronize(0), t.gpu.get_device_properties, t.gpu.init, lambda: t.gpu.set_device(0)):
    try:
        ask()
    except RuntimeError as e:
        assert "no adapter is number or named 'nosuch', which RUSTTORCH_ADAPTER asks for" in str(e), e
    else:
        raise AssertionError(ask)
assert t.get_device_module() is t.cpu
print("said")
"""
    done = python(code, RUSTTORCH_ADAPTER="nosuch")
    assert done.stdout == "said\n", done.stderr


def test_the_report_says_what_is_there_and_why_nothing_is():
    code = "import runpy; runpy.run_module('rusttorch', run_name='__main__')"
    shown = python(code).stdout
    assert f"GPU wgpu:0: {torch.gpu.get_device_name()}" in shown and "features: " in shown and "GPU: none" not in shown
    shown = python(code, RUSTTORCH_ADAPTER="nosuch").stdout
    assert "GPU: none: no adapter is number or named 'nosuch', which RUSTTORCH_ADAPTER asks for" in shown
    assert "no driver" not in shown


def test_the_current_device_can_be_set_to_itself():
    for module in (torch.gpu, torch.accelerator):
        choose = torch.gpu.set_device if module is torch.gpu else torch.accelerator.set_device_index
        for device in (0, "gpu", "gpu:0", torch.device("gpu"), -1):
            choose(device)
        with pytest.raises(RuntimeError, match=f"there is no device wgpu:{COUNT}"):
            choose(COUNT)
        with pytest.raises(ValueError, match="Expected a gpu device"):
            choose("cpu")
    with torch.gpu.device(0), torch.gpu.device("gpu:0"), torch.gpu.device(None), torch.gpu.device(-1):
        assert torch.gpu.current_device() == 0
    with torch.gpu.device_of(torch.ones(1, device="gpu")), torch.gpu.device_of(torch.ones(1)):
        assert torch.gpu.current_device() == 0
    with torch.accelerator.device_index(0), torch.accelerator.device_index(None):
        assert torch.accelerator.current_device_index() == 0
    with pytest.raises(RuntimeError, match="there is no device wgpu:15"):
        with torch.gpu.device(15):
            pass
    assert torch.ones(2, device="gpu").device == torch.device("gpu:0")


def test_init_opens_the_device():
    code = "import rusttorch as t; assert not t.gpu.is_initialized(); t.gpu.init(); assert t.gpu.is_initialized()"
    assert python(code).returncode == 0


def test_properties_are_attributes():
    p = torch.gpu.get_device_properties()
    assert p.name == torch.gpu.get_device_name() and p.name in repr(p) and repr(p).startswith("_WgpuDeviceProperties(")
    assert p.kind and p.backend and p.driver and "immediates" in p.features
    assert p.limits["max_compute_invocations_per_workgroup"] == p.max_threads_per_block >= 256
    assert p.limits["max_compute_workgroup_storage_size"] == p.shared_memory_per_block >= 16384
    assert p.is_integrated == (p.kind == "integrated GPU")
    assert not hasattr(p, "total_memory")
    with pytest.raises(AttributeError, match="do not tell how much memory"):
        p.total_memory
    with pytest.raises(AttributeError):
        p.name = "another"
    assert p == torch.gpu.get_device_properties("gpu:0")


def test_free_memory_is_not_known():
    for ask in (torch.gpu.mem_get_info, torch.accelerator.get_memory_info):
        with pytest.raises(NotImplementedError, match="do not tell how much memory"):
            ask()


def test_memory_statistics_have_pytorchs_keys():
    x = torch.ones(1 << 18, device="gpu") + 1
    stats = torch.gpu.memory_stats()
    assert stats["active_bytes.all.current"] == stats["allocated_bytes.all.current"] >= x.nbytes
    assert stats["active_bytes.all.peak"] == stats["allocated_bytes.all.peak"] == torch.gpu.max_memory_allocated()
    assert stats["reserved_bytes.all.current"] == torch.gpu.memory_reserved()
    assert stats["reserved_bytes.all.peak"] == torch.gpu.max_memory_reserved()
    assert torch.accelerator.memory_stats(0).keys() == stats.keys()


def test_one_generator_serves_all_devices():
    state = torch.gpu.get_rng_state()
    assert torch.equal(state, torch.get_rng_state())
    first = torch.randn(3, device="gpu")
    torch.gpu.set_rng_state(state, "gpu:0")
    assert torch.equal(torch.randn(3).to("gpu"), first)
    torch.gpu.set_rng_state_all(torch.gpu.get_rng_state_all())
    assert len(torch.gpu.get_rng_state_all()) == COUNT
    torch.gpu.manual_seed(5)
    assert torch.gpu.initial_seed() == torch.initial_seed() == 5
    for seed in (torch.gpu.seed, torch.gpu.seed_all):
        seed()
        assert torch.initial_seed() != 5
        torch.gpu.manual_seed_all(5)


def test_bfloat16_is_stored_and_computed_in_float32():
    assert torch.gpu.is_bf16_supported() and not torch.gpu.is_bf16_supported(including_emulation=False)


def test_modules_of_devices():
    assert torch.get_device_module() is torch.gpu is torch.get_device_module("gpu:0")
    assert torch.get_device_module(torch.device("wgpu")) is torch.gpu
    assert torch.get_device_module("cpu") is torch.cpu
    assert torch.get_device_module(torch.device("cpu")).device_count() == 1
    torch.cpu.synchronize()
    torch.cpu.set_device("cpu")
    assert torch.cpu.is_available() and torch.cpu.is_initialized() and torch.cpu.current_device() == "cpu"
    with pytest.raises(RuntimeError, match="Invalid value of device '3', expect torch.device, str, or None"):
        torch.get_device_module(3)


def test_capability_is_what_can_be_stored():
    dtypes = torch.accelerator.get_device_capability()["supported_dtypes"]
    assert {torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool} <= dtypes
    for dtype in (torch.float64, torch.complex64, torch.complex128, torch.uint8, torch.int16):
        try:
            torch.zeros(1, dtype=dtype, device="gpu")
        except TypeError:
            assert dtype not in dtypes
        else:
            assert dtype in dtypes


def test_accelerator_has_the_names_that_mean_something():
    for name in torch.accelerator.__all__ + torch.gpu.__all__:
        module = torch.accelerator if name in torch.accelerator.__all__ else torch.gpu
        assert getattr(module, name).__doc__, name


def test_streams_are_the_one_queue_of_a_device():
    stream, same = torch.gpu.Stream(), torch.Stream("gpu:0", priority=-1)
    assert (
        stream == same == torch.gpu.default_stream() == torch.accelerator.current_stream() and len({stream, same}) == 1
    )
    assert (
        str(stream.device) == "wgpu:0"
        and stream.device_index == stream.stream_id == 0
        and "device_index=0" in repr(same)
    )
    with torch.gpu.stream(stream):
        x = torch.ones(1000, device="gpu")
    same.wait_stream(stream)
    before, after = (torch.Event("gpu", enable_timing=True) for _ in range(2))
    before.record(stream)
    with same:
        y = x * 2
    assert same.record_event(after) is after
    after.wait(stream)
    after.synchronize()
    assert after.query() and stream.query() and before.elapsed_time(after) >= 0 and before.device == stream.device
    assert y.tolist() == [2.0] * 1000
    with pytest.raises(ValueError, match="Expected a gpu device"):
        torch.Stream("cpu")
    with pytest.raises(RuntimeError, match="there is no device wgpu:15"):
        torch.Event("gpu:15")


def test_older_names_of_the_current_device_warn():
    with pytest.warns(FutureWarning, match="current_device_index"):
        assert torch.accelerator.current_device_idx() == 0
    with pytest.warns(FutureWarning, match="set_device_index"):
        torch.accelerator.set_device_idx(0)


def test_accumulated_counts_and_what_the_host_maps_are_given_up():
    torch.arange(100_000.0, device="gpu").sum().item()
    assert torch.gpu.memory_stats()["allocation.all.allocated"] > 0
    torch.accelerator.reset_accumulated_memory_stats()
    stats = torch.gpu.memory_stats()
    assert stats["allocation.all.allocated"] == stats["segment.all.allocated"] == 0
    assert "buffers of copies" in torch.gpu.memory_summary()
    torch.accelerator.empty_host_cache()
    assert torch._C._gpu_memory(0)["staging"] == 0 and torch.gpu.memory_reserved() > 0
