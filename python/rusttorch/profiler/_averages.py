"""What a profile found, one by one, added up and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class FunctionEvent:
    """One thing that ran.

    Attributes:
        name: the op, node, part or kernel; `key` is the same.
        kind: ``op``, ``backward``, ``part`` or ``kernel``.
        count: how often it ran.
        thread: a number for the host's thread; 0 for a device.
        start_us, end_us: since the process first asked; of the first run.
        cpu_time_total, self_cpu_time_total: microseconds on the host, with and without what ran inside.
        device_time_total: microseconds of a device's kernels.
        input_shapes: the call with its tensors' shapes, where those were asked for.
    """

    def __init__(self, name: str, kind: str, thread: int, start: int, end: int, detail: str) -> None:
        self.name = self.key = name
        self.kind = kind
        self.thread = thread
        self.count = 1
        self.start_us, self.end_us = start / 1000, end / 1000
        self.is_kernel = kind == "kernel"
        self.shader = detail if self.is_kernel else ""
        self.input_shapes = "" if self.is_kernel else detail
        took = self.end_us - self.start_us
        self.cpu_time_total = 0.0 if self.is_kernel else took
        self.self_cpu_time_total = self.cpu_time_total
        self.device_time_total = took if self.is_kernel else 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds on the host of one run, on average."""
        return self.cpu_time_total / self.count

    @property
    def device_time(self) -> float:
        """Microseconds on the device of one run, on average."""
        return self.device_time_total / self.count

    @property
    def self_device_time_total(self) -> float:
        """As `device_time_total`: kernels have nothing inside."""
        return self.device_time_total

    def __repr__(self) -> str:
        return f"<FunctionEvent {self.name} x{self.count}: cpu {self.cpu_time_total:.1f} us, device {self.device_time_total:.1f} us>"


class EventList(list[FunctionEvent]):
    """Things that ran, in order of their ends, or one for each name."""

    def __init__(self, events: Iterable[FunctionEvent] = ()) -> None:
        super().__init__(events)
        self._subtract_children()

    def _subtract_children(self) -> None:
        """Finds the time of each that nothing inside it took: within a thread, what ends later and began earlier is around."""
        for thread in {e.thread for e in self if not e.is_kernel}:
            mine = [e for e in self if e.thread == thread and not e.is_kernel and e.count == 1]
            mine.sort(key=lambda e: (e.start_us, -e.end_us))
            around: list[FunctionEvent] = []
            for event in mine:
                event.self_cpu_time_total = event.cpu_time_total
                while around and around[-1].end_us <= event.start_us:
                    around.pop()
                if around:
                    around[-1].self_cpu_time_total -= event.cpu_time_total
                around.append(event)

    def key_averages(self, group_by_input_shape: bool = False) -> EventList:
        """One entry for each name and kind (and shapes), with counts and times added up."""
        found: dict[tuple[str, bool, str], FunctionEvent] = {}
        for e in self:
            key = (e.name, e.is_kernel, e.input_shapes if group_by_input_shape else "")
            if key not in found:
                first = found[key] = FunctionEvent.__new__(FunctionEvent)
                first.__dict__.update(e.__dict__)
                continue
            known = found[key]
            known.count += e.count
            known.cpu_time_total += e.cpu_time_total
            known.self_cpu_time_total += e.self_cpu_time_total
            known.device_time_total += e.device_time_total
        averages = EventList()
        averages.extend(found.values())
        return averages

    def total_average(self) -> FunctionEvent:
        """Everything added up."""
        total = FunctionEvent("Total", "part", 0, 0, 0, "")
        total.count = sum(e.count for e in self)
        total.self_cpu_time_total = sum(e.self_cpu_time_total for e in self)
        total.cpu_time_total = total.self_cpu_time_total
        total.device_time_total = sum(e.device_time_total for e in self)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """The list as text.

        Args:
            sort_by: the name of an attribute; the largest come first. ``cuda_time_total`` and the like mean the device's.
            row_limit: how many rows at most; -1 for all.
        """
        rows = list(self)
        if sort_by is not None:
            name = sort_by.replace("cuda", "device").replace("xpu", "device")
            rows.sort(key=lambda e: -float(getattr(e, name)))
        more = len(rows) - row_limit if 0 <= row_limit < len(rows) else 0
        rows = rows[: len(rows) - more]
        total = self.total_average()
        shapes = any(e.input_shapes for e in rows)
        columns = [
            "Name",
            "Self CPU %",
            "Self CPU",
            "CPU total",
            "CPU time avg",
            "Device total",
            "Device %",
            "# of Calls",
        ]
        lines: list[list[str]] = [columns + (["Input Shapes"] if shapes else [])]
        for e in rows:
            name = e.name if len(e.name) <= max_name_column_width else e.name[: max_name_column_width - 3] + "..."
            cells = [
                name,
                _percent(e.self_cpu_time_total, total.self_cpu_time_total),
                _time(e.self_cpu_time_total),
                _time(e.cpu_time_total),
                _time(e.cpu_time),
                _time(e.device_time_total),
                _percent(e.device_time_total, total.device_time_total),
                str(e.count),
            ]
            lines.append(cells + ([e.input_shapes[:max_shapes_column_width]] if shapes else []))
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        rule = "  ".join("-" * w for w in widths)
        text = [header] if header else []
        for k, line in enumerate(lines):
            cells = [line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)]
            text += [rule, "  ".join(cells), rule] if k == 0 else ["  ".join(cells)]
        text.append(rule)
        if more:
            text.append(f"({more} more)")
        text.append(f"Self CPU time total: {_time(total.self_cpu_time_total)}")
        if total.device_time_total:
            text.append(f"Device time total: {_time(total.device_time_total)}")
        return "\n".join(text)

    def chrome_trace(self) -> dict[str, Any]:
        """The list as the Trace Event Format has it: one track for each thread, and one for the device."""
        named = {0: "GPU kernels"} | {t: f"thread {t}" for t in sorted({e.thread for e in self}) if t}
        events: list[dict[str, Any]] = [
            {"ph": "M", "name": "thread_name", "pid": 0, "tid": tid, "args": {"name": name}}
            for tid, name in named.items()
        ]
        for e in self:
            details = {k: v for k, v in (("shader", e.shader), ("call", e.input_shapes)) if v}
            events.append(
                {
                    "ph": "X",
                    "cat": e.kind,
                    "name": e.name,
                    "pid": 0,
                    "tid": e.thread,
                    "ts": e.start_us,
                    "dur": e.end_us - e.start_us,
                    "args": details,
                }
            )
        return {"displayTimeUnit": "ms", "traceEvents": events}


def _time(us: float) -> str:
    if us >= 1e6:
        return f"{us / 1e6:.3f}s"
    return f"{us / 1e3:.3f}ms" if us >= 1e3 else f"{us:.3f}us"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"
