"""Waiting for a GPU: who may run meanwhile, what ends a wait, what events say, and what a forked child is told."""

import json
import os
import sys
import threading
import time

import pytest
from device_parity import need_gpu, python

import rusttorch as torch

need_gpu()
ON_THE_CPU = torch.gpu.get_device_properties().kind == "CPU"


def busy(seconds: float = 0.3):
    """A tensor that the device computes for a while, none of which is done yet."""
    a = torch.ones(512, 512, device="gpu")
    (a @ a).sum().item()
    start = time.perf_counter()
    (a @ a).sum().item()
    times = int(seconds / (time.perf_counter() - start)) + 2
    for _ in range(times):
        a = (a @ a).clamp(max=1)
    return a


READS = {
    "item": lambda x: x[0, 0].item(),
    "float": lambda x: float(x[0, 0]),
    "bool": lambda x: bool(x[0, 0] > 0),
    "tolist": lambda x: x[0, :4].tolist(),
    "print": lambda x: repr(x[:2, :2]),
    "mask": lambda x: x[:4, :4][x[:4, :4] > 0],
    "cpu": lambda x: x[:2].cpu(),
    "synchronize": lambda x: torch.gpu.synchronize(),
}


@pytest.mark.parametrize("how", READS)
def test_other_threads_run_while_one_waits_for_the_device(how):
    x = busy()
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    READS[how](x)
    end = time.perf_counter()
    done.set()
    thread.join()
    assert end - start > 0.05, "the device was done before it was asked"
    longest = max(b - a for a, b in zip([start, *ticks], [*ticks, end]) if a >= start)
    assert longest < 0.6 * (end - start), f"the interpreter was held for {longest:.3f} of {end - start:.3f} s"


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_an_interrupt_ends_a_wait():
    """Only the wait: the device's work goes on, and its result is there afterwards."""
    code = """
import os, signal, threading, time, rusttorch as t
a = t.ones(1024, 1024, device="gpu")
(a @ a).sum().item()
t0 = time.perf_counter(); (a @ a).sum().item(); one = time.perf_counter() - t0
b = a
for _ in range(max(4, int(1.5 / one))):
    b = (b @ a).clamp(max=1)
t._C._gpu_flush(0)
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
t0 = time.perf_counter()
try:
    t.gpu.synchronize()
    print("it was not interrupted")
except KeyboardInterrupt:
    print("after", time.perf_counter() - t0)
print(b.sum().item() == 1024 * 1024)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    after, result = done.stdout.split("\n")[:2]
    assert after.startswith("after") and float(after.split()[1]) < 0.8, done.stdout
    assert result == "True"


def test_events_measure_without_waiting():
    a = busy(0.05)
    torch.gpu.synchronize()
    start, middle, end = (torch.gpu.Event(enable_timing=True) for _ in range(3))
    assert start.query()  # as in PyTorch: nothing was recorded
    before = torch.gpu.statistics()["submissions"]
    began = time.perf_counter()
    start.record()
    for _ in range(8):
        a = (a @ a).clamp(max=1)
    middle.record()
    end.record()
    host = time.perf_counter() - began
    assert torch.gpu.statistics()["submissions"] == before
    assert not end.query() or not ON_THE_CPU
    end.synchronize()
    whole = time.perf_counter() - began
    assert end.query()
    took = start.elapsed_time(end)
    assert host * 1000 < took < whole * 1000 * 1.05
    assert start.elapsed_time(middle) == pytest.approx(took, rel=0.05)
    assert end.elapsed_time(start) == pytest.approx(-took)
    with pytest.raises(ValueError, match="enable_timing"):
        start.elapsed_time(torch.gpu.Event())
    with pytest.raises(ValueError, match="recorded"):
        start.elapsed_time(torch.gpu.Event(enable_timing=True))


def test_without_timestamps_events_are_timed_by_the_host():
    code = """
import time, rusttorch as t
start, end = t.gpu.Event(enable_timing=True), t.gpu.Event(enable_timing=True)
start.record(); time.sleep(0.1); end.record()
print(start.elapsed_time(end))
with t.profiler.profile() as p:
    t.ones(4, device="gpu").exp()
print(sum(e.is_kernel for e in p.events()))
"""
    done = python(code, RUSTTORCH_GPU_WITHOUT="timestamp-query-inside-passes")
    assert done.returncode == 0, done.stderr
    took, kernels = done.stdout.split()
    assert 100 <= float(took) < 1000 and kernels == "0"


def test_kernels_of_a_profile_lie_within_what_waited_for_them(tmp_path):
    """Whenever the times are read: here after a second matrix product and a pause."""
    a = torch.ones(400, 400, device="gpu")
    (a @ a).sum().item()
    with torch.profiler.profile() as prof:
        for _ in range(2):
            with torch.profiler.record_function("work"):
                a @ a
                torch.gpu.synchronize()
            time.sleep(0.2)
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    events = [e for e in json.loads((tmp_path / "trace.json").read_text())["traceEvents"] if e["ph"] == "X"]
    parts = sorted((e["ts"], e["ts"] + e["dur"]) for e in events if e["name"] == "work")
    kernels = sorted((e["ts"], e["ts"] + e["dur"]) for e in events if e["cat"] == "kernel" and e["name"] == "matmul")
    assert len(parts) == len(kernels) == 2
    for (begin, end), (first, last) in zip(parts, kernels):
        slack = 2000  # microseconds, by which the clocks may be apart
        assert begin - slack <= first and last <= end + slack


FORKED = """
import os, rusttorch as t
x = t.ones(3, device="gpu"); y = x + 1; y.tolist()
event = t.gpu.Event()
pid = os.fork()
if pid == 0:
    try:
        {}
    except RuntimeError as e:
        os._exit(0 if "forked process" in str(e) else 1)
    os._exit(2)
assert os.waitpid(pid, 0)[1] == 0
assert (x + 1).tolist() == [2.0] * 3
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "attempt",
    [
        "t.ones(3, device='gpu')",
        "y.tolist()",
        "y.cpu()",
        "repr(y)",
        "y.add_(1)",
        "y.zero_()",
        "y.copy_(t.zeros(3))",
        "t.zeros(3).copy_(y)",
        "y[0].item()",
        "t.gpu.synchronize()",
        "event.record()",
        "t.gpu.empty_cache()",
    ],
)
def test_a_forked_child_is_refused_and_does_not_hang(attempt):
    done = python(FORKED.format(attempt))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_may_drop_its_parents_tensors_and_end():
    code = """
import os, sys, rusttorch as t
x = t.ones(3, device="gpu"); y = x + 1; y.tolist(); z = y * 2
pid = os.fork()
if pid == 0:
    del x, y, z
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
assert (z + 1).tolist() == [5.0] * 3
"""
    done = python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_may_open_what_its_parent_did_not():
    code = """
import os, rusttorch as t
assert t.gpu.is_available()
pid = os.fork()
if pid == 0:
    os._exit(0 if (t.ones(3, device="gpu") + 1).tolist() == [2.0] * 3 else 1)
assert os.waitpid(pid, 0)[1] == 0
assert (t.ones(3, device="gpu") + 1).tolist() == [2.0] * 3
"""
    done = python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's memory as Linux tells it")
def test_uploads_are_bounded_and_their_buffers_used_again():
    """Copies that wait for the device hold a limited amount of memory, which is counted and can be given back."""
    code = """
import rusttorch as t
def resident():
    return int(open("/proc/self/statm").read().split()[1]) >> 8  # MiB
h = t.ones(8 << 20)
h.to("gpu").add_(1)
t.gpu.synchronize()
before = resident()
for _ in range(24):
    h.to("gpu").add_(1)  # 32 MiB
print(resident() - before)
t.gpu.synchronize()
made = t.gpu.memory_stats()["segment.all.allocated"]
for _ in range(6):
    h.to("gpu").add_(1)
    t.gpu.synchronize()
    h.to("gpu").add_(1).cpu()
print(t.gpu.memory_stats()["segment.all.allocated"] - made)
held = t._C._gpu_memory(0)["staging"]
t.gpu.empty_cache()
print(held, t._C._gpu_memory(0)["staging"])
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    grown, made, held, left = map(int, done.stdout.split())
    assert grown < 300, f"{grown} MiB for 768 that were uploaded"
    assert made <= 3
    assert held > 0 and left == 0


def test_reading_a_value_makes_no_buffer():
    x, y = torch.ones(5, device="gpu"), torch.ones(1 << 20)
    for _ in range(2):
        x.sum().item()
        y.to("gpu").add_(1).cpu()
    made = torch.gpu.memory_stats()["segment.all.allocated"]
    for _ in range(20):
        x.sum().item()
        y.to("gpu").add_(1).cpu()
    assert torch.gpu.memory_stats()["segment.all.allocated"] == made


@pytest.mark.parametrize("n", [0, 1, 3, (4 << 20) - 1, (4 << 20) + 1, (9 << 20) + 3])
def test_copies_in_pieces_are_whole(n):
    """Around the size of a piece, of elements that are four and one byte."""
    x = torch.arange(n, dtype=torch.int32)
    assert torch.equal(x.to("gpu").cpu(), x)
    assert torch.equal((x.to("gpu") + 1).cpu(), x + 1)
    b = (x % 251).to(torch.uint8)
    assert torch.equal((b.to("gpu") + 1)[n // 3 :].cpu(), (b + 1)[n // 3 :])
