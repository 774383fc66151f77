"""Finds what ran inside what on the host, and which op each of a device's kernels is of."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import groupby

from ._events import FunctionEvent, Kernel

# How many names of calls and of kernels are compared at a time.
_WINDOW = 64

# The name of a part, and how many kernels were recorded before it began and before it ended.
PartRange = tuple[str, int, int]


def nest(events: Iterable[FunctionEvent], ranges: Iterable[PartRange]) -> list[FunctionEvent]:
    """Sets parents, children, own times and kernels of what was recorded; in order of the starts.

    Args:
        events: in order of the ends, those of kernels in the order in which they were recorded.
        ranges: of parts, in order of the ends. Where they are missing, a part has the kernels of the ops inside.
    """
    events = list(events)
    kernels = [e for e in events if e.is_kernel]
    host = sorted((e for e in events if not e.is_kernel), key=_start)
    _set_parents(host)
    exact = _parts(events, ranges)
    # Parts say how many kernels there were at a time: between two such times names are compared.
    edges = sorted((t, n) for part, span in exact for t, n in zip(_ends(part), span, strict=True))
    ops = [e for e in host if e.kind != "part"]
    starts = [e.time_range.start for e in ops]
    op = kernel = 0
    for time, recorded in [*edges, (float("inf"), len(kernels))]:
        next_op = max(op, bisect_left(starts, time))
        _match(ops[op:next_op], kernels[kernel:recorded])
        op, kernel = next_op, max(kernel, recorded)
    for event in reversed(host):  # what runs inside begins later
        event.device_time_total += event.self_device_time_total
        if event.cpu_parent is not None:
            event.cpu_parent.device_time_total += event.device_time_total
    for part, (first, last) in exact:
        part.device_time_total = sum(e.device_time_total for e in kernels[first:last])
    return sorted(events, key=_start)


def _start(event: FunctionEvent) -> tuple[float, float]:
    return event.time_range.start, -event.time_range.end


def _ends(event: FunctionEvent) -> tuple[float, float]:
    return event.time_range.start, event.time_range.end


def _set_parents(host: list[FunctionEvent]) -> None:
    """Within a thread, what began earlier and ends later is around."""
    around: defaultdict[int, list[FunctionEvent]] = defaultdict(list)
    for event in host:
        outer = around[event.thread]
        while outer and outer[-1].time_range.end < event.time_range.end:
            outer.pop()
        if outer:
            event.cpu_parent = outer[-1]
            outer[-1].cpu_children.append(event)
            outer[-1].self_cpu_time_total -= event.cpu_time_total
        outer.append(event)


def _parts(events: list[FunctionEvent], ranges: Iterable[PartRange]) -> list[tuple[FunctionEvent, tuple[int, int]]]:
    """Each part with the range of its kernels: those of one name end in the order of their ranges."""
    known: defaultdict[str, deque[tuple[int, int]]] = defaultdict(deque)
    for name, first, last in ranges:
        known[name].append((first, last))
    return [(e, known[e.trace_name].popleft()) for e in events if e.kind == "part" and known[e.trace_name]]


def _symbol(name: str) -> str:
    """What an op, its in-place form, its node and their kernels have in common: ``NllLossBackward0`` is ``nllloss``."""
    return re.sub("Backward[0-9]*$", "", name).replace("_", "").lower()


def _match(ops: list[FunctionEvent], kernels: list[FunctionEvent]) -> None:
    """Gives ops the kernels of their names.

    A kernel knows the op that recorded it by name only, not by call. Both are in order; but some calls have no kernel
    (of tensors on the CPU), and some kernels no call (indexing, sums of gradients). So the longest common subsequence of
    names says what belongs together. Calls that follow each other share their kernels evenly.
    """
    names = {_symbol(e.name) for e in ops} & {_symbol(e.name) for e in kernels}
    calls, work = _runs(ops, names), _runs(kernels, names)
    for i, k in _in_order([s for s, _ in calls], [s for s, _ in work]):
        of_calls, of_work = calls[i][1], work[k][1]
        for n, kernel in enumerate(of_work):
            op = of_calls[n * len(of_calls) // len(of_work)]
            op.kernels.append(Kernel(kernel.shader, kernel.device_time_total))
            op.self_device_time_total += kernel.device_time_total
            kernel.of_an_op = True


def _runs(events: list[FunctionEvent], names: set[str]) -> list[tuple[str, list[FunctionEvent]]]:
    """Those of these names, together where they follow each other."""
    named = [(s, e) for s, e in ((_symbol(e.name), e) for e in events) if s in names]
    return [(s, [e for _, e in run]) for s, run in groupby(named, key=lambda x: x[0])]


def _in_order(a: list[str], b: list[str]) -> Iterator[tuple[int, int]]:
    """The places of a longest common subsequence, found within one window after the other."""
    i = j = 0
    while i < len(a) and j < len(b):
        left, right = a[i : i + _WINDOW], b[j : j + _WINDOW]
        longest = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
        for x in reversed(range(len(left))):
            for y in reversed(range(len(right))):
                equal = left[x] == right[y]
                longest[x][y] = longest[x + 1][y + 1] + 1 if equal else max(longest[x + 1][y], longest[x][y + 1])
        x = y = 0
        while x < len(left) and y < len(right):
            if left[x] == right[y]:
                yield i + x, j + y
                x, y = x + 1, y + 1
            elif longest[x + 1][y] >= longest[x][y + 1]:
                x += 1
            else:
                y += 1
        i, j = i + x, j + y
