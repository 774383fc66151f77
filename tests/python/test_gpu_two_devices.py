"""Two GPUs in one process: which of them is meant, what goes from one to the other, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from device_parity import need_gpu, python

need_gpu()


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which there are two adapters: a driver that is loaded twice, from two files."""
    found = sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))
    if not found:
        message = "no manifest of lavapipe, whose driver would be loaded twice"
        if os.environ.get("RUSTTORCH_GPU_REQUIRED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    manifest = json.loads(found[0].read_text())
    folder = tmp_path_factory.mktemp("drivers")
    library = Path(manifest["ICD"]["library_path"])
    manifest["ICD"]["library_path"] = str(folder / "second.so")
    shutil.copy(library if library.is_absolute() else found[0].parent / library, folder / "second.so")
    second = folder / "second.json"
    second.write_text(json.dumps(manifest))
    both = f"{found[0]}:{second}"
    # The loader's newer name and its older one.
    return {"VK_DRIVER_FILES": both, "VK_ICD_FILENAMES": both, "RUSTTORCH_ADAPTER": ""}


def run(drivers: dict[str, str], code: str) -> None:
    done = python("import rusttorch as torch\ngpu = torch.gpu\nassert gpu.device_count() == 2\n" + code, **drivers)
    assert done.returncode == 0, done.stderr


def test_the_current_device(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
import threading
where = lambda **k: str(torch.ones(1, **({"device": "gpu"} | k)).device)
anywhere = torch.device("gpu")
assert gpu.current_device() == 0 and where() == "wgpu:0"
gpu.set_device(1)
assert gpu.current_device() == torch.accelerator.current_device_index() == 1
assert where() == where(device=anywhere) == where(device="wgpu") == "wgpu:1" and where(device="gpu:0") == "wgpu:0"
assert str(torch.ones(1).to("gpu").device) == str(torch.nn.Linear(1, 1, device=anywhere).weight.device) == "wgpu:1"
assert anywhere == torch.device("gpu") != torch.device("gpu:1") and anywhere.index is None
with gpu.device(0):
    assert where() == "wgpu:0"
    with torch.accelerator.device_index(1), gpu.device(None), gpu.device_of(torch.ones(1, device="gpu:0")):
        assert where() == "wgpu:0"
    assert where() == "wgpu:0"
assert where() == "wgpu:1"
try:
    with gpu.device(0):
        1 / 0
except ZeroDivisionError:
    pass
assert where() == "wgpu:1"
# Each thread has its own.
seen = []
thread = threading.Thread(target=lambda: seen.append(where()))
thread.start(); thread.join()
assert seen == ["wgpu:0"], seen
before = gpu.memory_allocated(1), gpu.memory_allocated(0)
kept = torch.ones(1000, device="gpu")
assert gpu.memory_allocated() >= before[0] + 4000 and gpu.memory_allocated(0) == before[1]
event = gpu.Event(enable_timing=True)
event.record(); event.synchronize()
assert event.query()
""",
    )


def test_streams_and_events_of_two_devices(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
first, second = torch.Stream("gpu:0"), gpu.Stream(1)
assert first != second and gpu.current_stream() == first and gpu.current_stream("gpu:1") == second
with second as entered:
    assert entered is second and gpu.current_device() == 1 and gpu.current_stream() == second
    x = torch.ones(100, device="gpu") * 2
    event = torch.Event(enable_timing=True)
    event.record()
assert gpu.current_device() == 0 and str(event.device) == "wgpu:1"
with gpu.stream(second), gpu.stream(None):
    assert gpu.current_device() == 1
torch.accelerator.set_stream(second)
assert gpu.current_device() == 1 and torch.accelerator.current_stream() == second
gpu.set_stream(first)
# The host waits for an event of another device, and then it is over.
first.wait_event(event)
assert event.query()
other = second.record_event(gpu.Event(enable_timing=True))
first.wait_stream(second)
assert other.query() and second.query() and event.elapsed_time(other) >= 0
first.synchronize()
assert x.tolist() == [2.0] * 100
""",
    )


def test_opening_one_device_opens_no_other(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
assert not gpu.is_initialized()
x = torch.ones(3, device="gpu:1")
assert gpu.is_initialized() and torch._C._gpu_is_open(1) and not torch._C._gpu_is_open(0)
assert (x * 2).tolist() == [2.0] * 3 and not torch._C._gpu_is_open(0)
""",
    )


def test_what_crosses_from_device_to_device(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
import io
torch.manual_seed(0)
x = torch.rand(5, 4, requires_grad=True)
a = x.to("gpu:0")
b = a.t()[1:].to("gpu:1")
assert b.device.index == 1 and torch.equal(b.cpu(), x.detach().t()[1:])
(b.exp() ** 2).sum().backward()
expected = torch.zeros(5, 4)
expected[:, 1:] = 2 * (2 * x.detach()[:, 1:]).exp()
torch.testing.assert_close(x.grad, expected)
for kind in (torch.int64, torch.bool, torch.float16):
    there = x.detach().mul(9).to(kind).to("gpu:0")
    assert torch.equal(there.to("gpu:1").cpu(), there.cpu())
c = torch.empty(4, 5, device="gpu:1")
c.copy_(a.t())
assert torch.equal(c.cpu(), x.detach().t())
file = io.BytesIO()
torch.save({"a": a.detach(), "c": c}, file)
file.seek(0)
state = torch.load(file)
assert str(state["a"].device) == "wgpu:0" and str(state["c"].device) == "wgpu:1"
file.seek(0)
state = torch.load(file, map_location={"wgpu:0": "wgpu:1"})
assert str(state["a"].device) == "wgpu:1" and torch.equal(state["a"].cpu(), x.detach())
""",
    )


def test_two_devices_in_one_op_are_refused(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
a, b = torch.ones(2, 2, device="gpu:0"), torch.ones(2, 2, device="gpu:1")
for f in (torch.add, torch.mm, torch.equal, lambda a, b: torch.cat([a, b]), lambda a, b: a.add_(b),
          lambda a, b: torch.nn.functional.linear(a, b), lambda a, b: a[b.long()], lambda a, b: torch.where(a > 0, a, b)):
    try:
        f(a, b)
    except RuntimeError as e:
        assert "device" in str(e), e
    else:
        raise AssertionError("nothing was raised")
assert (a + torch.tensor(1.0)).sum().item() == 8.0
""",
    )


def test_each_half_of_a_model_trains_on_its_device(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
nn = torch.nn
def model():
    torch.manual_seed(0)
    return nn.Linear(8, 16), nn.Linear(16, 3)
x, t = torch.rand(10, 8), torch.randint(3, (10,))
def train(first, second):
    a, b = (m.to(d) for m, d in zip(model(), (first, second)))
    optimizer = torch.optim.Adam([*a.parameters(), *b.parameters()], lr=0.05)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        y = b(torch.relu(a(x.to(first))).to(second))
        loss = nn.functional.cross_entropy(y, t.to(second))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert str(a.weight.grad.device) in (first, first.replace("gpu", "wgpu")), a.weight.grad.device
    return torch.tensor(losses)
expected = train("cpu", "cpu")
assert expected[-1] < expected[0]
torch.testing.assert_close(train("gpu:0", "gpu:1"), expected, rtol=1e-4, atol=1e-5)
torch.testing.assert_close(train("gpu:1", "cpu"), expected, rtol=1e-4, atol=1e-5)
""",
    )


def test_a_bad_index_is_told_by_its_own_device(drivers: dict[str, str]) -> None:
    run(
        drivers,
        """
x, good = torch.arange(5.0, device="gpu:1"), torch.ones(2, device="gpu:0")
x[torch.tensor([0, 7], device="gpu:1")]
gpu.synchronize(0)
assert good.tolist() == [1.0, 1.0]
try:
    gpu.synchronize(1)
except IndexError as e:
    assert isinstance(e, torch.AcceleratorError) and isinstance(e, gpu.DeviceIndexError)
else:
    raise AssertionError("nothing was raised")
assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
""",
    )
