"""Finds what ran inside what on the host, and which op each of a device's kernels is of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ._events import FunctionEvent, Kernel


def nest(events: Iterable[FunctionEvent]) -> list[FunctionEvent]:
    """Sets parents, children, own times and kernels of what was recorded; in order of the starts.

    Within a thread, what began earlier and ends later is around. A kernel belongs to what was around on the thread that
    recorded it, when it did: it is one of the innermost op's or node's own, and its time adds to all.
    """
    events = list(events)
    around: defaultdict[int, list[FunctionEvent]] = defaultdict(list)
    for event in sorted(events, key=_place):
        thread, end = event.recorded or (event.thread, event.time_range.end)
        outer = around[thread]
        while outer and outer[-1].time_range.end < end:
            outer.pop()
        if event.is_kernel:
            _add_kernel(outer, event)
            continue
        if outer:
            event.cpu_parent = outer[-1]
            outer[-1].cpu_children.append(event)
            outer[-1].self_cpu_time_total -= event.cpu_time_total
        outer.append(event)
    return sorted(events, key=_start)


def _start(event: FunctionEvent) -> tuple[float, float]:
    return event.time_range.start, -event.time_range.end


def _place(event: FunctionEvent) -> tuple[float, float]:
    """When the host came to it: what is around before what is inside, kernels last."""
    return (event.recorded[1], 0.0) if event.recorded else _start(event)


def _add_kernel(outer: list[FunctionEvent], kernel: FunctionEvent) -> None:
    for event in outer:
        event.device_time_total += kernel.device_time_total
    op = next((e for e in reversed(outer) if e.kind != "part"), None)
    if op is not None:
        op.kernels.append(Kernel(kernel.shader, kernel.device_time_total))
        op.self_device_time_total += kernel.device_time_total
        kernel.of_an_op = True
