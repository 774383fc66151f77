"""What a profile finds inside what, and whose time its kernels add to: on events made by hand."""

from rusttorch.profiler import EventList, FunctionEvent
from rusttorch.profiler._nesting import nest


def on_host(name: str, start: int, end: int, kind: str = "op", thread: int = 1) -> FunctionEvent:
    return FunctionEvent(name, kind, thread, 1000 * start, 1000 * end, "")


def kernel(took: int, recorded: int, thread: int = 1, name: str = "add") -> FunctionEvent:
    """One that runs long after the host has recorded it."""
    start = 10**9 + 10**6 * recorded
    return FunctionEvent(name, "kernel", 0, start, start + 1000 * took, "file", (thread, 1000 * recorded))


def test_a_kernel_is_of_the_op_that_recorded_it() -> None:
    first, none, last = on_host("add", 0, 10), on_host("add", 12, 20), on_host("add", 20, 30)
    work = [kernel(1, 5), kernel(2, 10), kernel(4, 11), kernel(8, 20), kernel(16, 30), kernel(32, 31)]
    nest([first, none, last, *work])
    assert [e.self_device_time_total for e in (first, none, last)] == [3, 0, 24]
    assert [e.device_time_total for e in (first, none, last)] == [3, 0, 24]
    assert [k.duration for k in first.kernels] == [1, 2] and first.kernels[0].name == "file"
    assert [k.of_an_op for k in work] == [True, True, False, True, True, False]


def test_threads_record_at_the_same_time() -> None:
    mine, other = on_host("mul", 0, 10), on_host("mul", 0, 10, thread=2)
    nest([mine, other, kernel(1, 5), kernel(2, 5, thread=2), kernel(4, 5, thread=3)])
    assert (mine.self_device_time_total, other.self_device_time_total) == (1, 2)


def test_what_is_around_has_the_time_of_what_is_inside() -> None:
    part = on_host("step", 0, 100, "part")
    node = on_host("CustomBackward", 10, 90, "backward")
    inner = [on_host("mul", 20, 30), on_host("exp", 40, 50)]
    within = on_host("in python", 60, 80, "part")
    elsewhere = on_host("neg", 20, 30, thread=2)
    work = [kernel(1, 5), kernel(2, 15), kernel(4, 25), kernel(8, 45), kernel(16, 70), kernel(32, 95)]
    events = nest([inner[0], elsewhere, inner[1], within, node, part, *work, kernel(64, 25, thread=2)])
    assert [e.name for e in events[:4]] == ["step", "CustomBackward", "mul", "neg"]
    assert [e.cpu_parent for e in (node, *inner, within)] == [part, node, node, node]
    assert elsewhere.cpu_parent is None and node.cpu_children == [*inner, within]
    assert [e.self_device_time_total for e in (part, node, *inner, within)] == [0, 18, 4, 8, 0]
    assert [e.device_time_total for e in (part, node, *inner, within)] == [63, 30, 4, 8, 16]
    assert elsewhere.device_time_total == 64
    assert node.self_cpu_time_total == 80 - 10 - 10 - 20 and part.self_cpu_time_total == 100 - 80


def test_calls_that_begin_together() -> None:
    """Times may be the same to the nanosecond."""
    outer, inner = on_host("linear", 0, 10), on_host("addmm", 0, 10)
    work = kernel(1, 0)
    nest([inner, outer, work])
    assert sorted([outer.device_time_total, inner.device_time_total]) == [1, 1]
    assert outer.self_device_time_total + inner.self_device_time_total == 1


def test_a_trace_leads_from_calls_to_kernels() -> None:
    events = nest([on_host("add", 0, 10), kernel(1, 5), kernel(2, 20)])
    arrows = [e for e in EventList(events).chrome_trace()["traceEvents"] if e["ph"] in "sf"]
    assert [(e["ph"], e["id"], e["tid"], e["ts"]) for e in arrows] == [
        ("s", 1, 1, 5.0),
        ("f", 1, 0, 10**6 + 5000.0),
    ]
