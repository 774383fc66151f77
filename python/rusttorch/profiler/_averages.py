"""What a profile found added up, as a table and as a trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._events import FunctionEvent, Measured

# What PyTorch's keys say for a device.
_DEVICES = ("cuda", "xpu", "privateuse1", "gpu")
_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}


class FunctionEventAvg(Measured):
    """The sum of things of one name. `cpu_time` and `device_time` are averages, the others sums.

    Attributes:
        key: the name; `name` is the same.
        count: how often it ran.
        kind, device_type, cpu_parent, is_user_annotation: of the first.
        structured_input_shapes: of all, where they were grouped by them.
    """

    def __init__(self, key: str, first: Measured, shapes: list[Any]) -> None:
        self.key = self.name = key
        self.kind, self.device_type, self.cpu_parent = first.kind, first.device_type, first.cpu_parent
        self.is_user_annotation = first.is_user_annotation
        self.structured_input_shapes = shapes
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.device_time_total = self.self_device_time_total = 0.0

    def add(self, other: Measured) -> FunctionEventAvg:
        """Add one, or another sum; kernels that no call is known for add to a call's row their time alone."""
        if other.is_kernel == self.is_kernel:
            self.count += other.count
        self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        self.device_time_total += other.device_time_total
        self.self_device_time_total += other.self_device_time_total
        return self


class EventList(list[Any]):
    """Things that ran, in order of their starts, or one for each name."""

    def __str__(self) -> str:
        return self.table()

    def _of_device(self) -> list[Any]:
        """What the device's time is the sum of: kernels where they are listed, else what has them."""
        return [e for e in self if isinstance(e, FunctionEvent) and e.is_kernel] or self

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds on the host of all."""
        return sum(e.self_cpu_time_total for e in self)

    def key_averages(self, group_by_input_shapes: bool = False) -> EventList:
        """One entry for each name (and shapes), parts of the program apart, with counts and times added up."""
        found: dict[tuple[str, bool, str], FunctionEventAvg] = {}
        alone = [e for e in self if e.is_kernel]
        for e in [e for e in self if not e.is_kernel] + [e for e in alone if not getattr(e, "of_an_op", False)]:
            shapes = e.structured_input_shapes if group_by_input_shapes else []
            key = (e.key, e.is_user_annotation, str(shapes))
            if key not in found:
                found[key] = FunctionEventAvg(e.key, e, shapes)
            found[key].add(e)
        return EventList(found.values())

    def total_average(self) -> FunctionEventAvg:
        """Everything added up."""
        total = FunctionEventAvg("Total", FunctionEvent("Total", "part", 0, 0, 0, ""), [])
        total.count = sum(e.count for e in self)
        total.self_cpu_time_total = self.self_cpu_time_total
        total.cpu_time_total = sum(e.cpu_time_total for e in self)
        total.self_device_time_total = sum(e.self_device_time_total for e in self._of_device())
        total.device_time_total = sum(e.device_time_total for e in self._of_device())
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
        time_unit: str | None = None,
    ) -> str:
        """The list as text; empty where it is.

        Args:
            sort_by: the name of an attribute, such as ``self_cpu_time_total`` or ``count``; the largest come first.
                ``cuda_time_total``, ``gpu_time_total`` and the like mean the device's. Memory is not recorded: all have 0.
            row_limit: how many rows at most; -1 for all.
            max_src_column_width: no effect: lines of source are not recorded.
            top_level_events_only: leave out what ran inside something else.
            time_unit: ``s``, ``ms`` or ``us`` for all times; else what suits each.

        Raises:
            AttributeError: there is no such attribute to sort by.
            ValueError: no such unit.
        """
        if not self:
            return ""
        if time_unit is not None and time_unit not in _UNITS:
            raise ValueError(f"time_unit must be one of {list(_UNITS)}, got {time_unit!r}")
        rows = list(self)
        if sort_by is not None:
            name = sort_by
            for device in _DEVICES:
                name = name.replace(device, "device")
            rows.sort(key=lambda e: getattr(e, name), reverse=True)
        if top_level_events_only:
            rows = [e for e in rows if e.cpu_parent is None]
        more = len(rows) - row_limit if 0 <= row_limit < len(rows) else 0
        rows = rows[: len(rows) - more]
        cpu = self.self_cpu_time_total
        device = sum(e.self_device_time_total for e in self._of_device())
        shapes = any(e.structured_input_shapes for e in rows)

        def time(us: float) -> str:
            return _time(us, time_unit)

        def cells(e: Any) -> list[str]:
            found = [_cut(e.key, max_name_column_width)]
            found += [_percent(e.self_cpu_time_total, cpu), time(e.self_cpu_time_total)]
            found += [_percent(e.cpu_time_total, cpu), time(e.cpu_time_total), time(e.cpu_time)]
            if device:
                found += [time(e.self_device_time_total), _percent(e.self_device_time_total, device)]
                found += [time(e.device_time_total), time(e.device_time)]
            found.append(str(e.count))
            return found + [_cut(str(e.structured_input_shapes), max_shapes_column_width)] * shapes

        columns = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
        columns += ["Self Device", "Self Device %", "Device total", "Device time avg"] if device else []
        lines = [[*columns, "# of Calls", *["Input Shapes"] * shapes], *map(cells, rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rule = "  ".join("-" * w for w in widths)
        text = [header] if header else []
        for k, line in enumerate(lines):
            shown = [line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)]
            text += [rule, "  ".join(shown), rule] if k == 0 else ["  ".join(shown)]
        text.append(rule)
        if more:
            text.append(f"({more} more)")
        text.append(f"Self CPU time total: {time(cpu)}")
        if device:
            text.append(f"Self device time total: {time(device)}")
        return "\n".join(text)

    def export_chrome_trace(self, path: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Write the list as a JSON file for chrome://tracing or Perfetto; compressed where its name ends in .gz."""
        text = json.dumps(self.chrome_trace() | dict(metadata or {}))
        if path.endswith(".gz"):
            import gzip

            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(text)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)

    def chrome_trace(self) -> dict[str, Any]:
        """The list as the Trace Event Format has it: one track for each thread, and one for the device.

        Arrows lead from the calls to the kernels that they recorded, under PyTorch's name for them.
        """
        named = {0: "GPU kernels"} | {t: f"thread {t}" for t in sorted({e.thread for e in self}) if t}
        events: list[dict[str, Any]] = [
            {"ph": "M", "name": "thread_name", "pid": 0, "tid": tid, "args": {"name": name}}
            for tid, name in named.items()
        ]
        for e in self:
            details = {k: v for k, v in (("shader", e.shader), ("call", e.call)) if v}
            events.append(
                {
                    "ph": "X",
                    "cat": e.kind,
                    "name": e.trace_name,
                    "pid": 0,
                    "tid": e.thread,
                    "ts": e.time_range.start,
                    "dur": e.time_range.elapsed_us(),
                    "args": details,
                }
            )
        arrow = {"cat": "ac2g", "name": "ac2g", "pid": 0}
        for number, e in enumerate((e for e in self if e.of_an_op), 1):
            thread, recorded = e.recorded
            events.append(arrow | {"ph": "s", "id": number, "tid": thread, "ts": recorded})
            events.append(arrow | {"ph": "f", "id": number, "tid": e.thread, "ts": e.time_range.start, "bp": "e"})
        return {"displayTimeUnit": "ms", "traceEvents": events}


def _time(us: float, unit: str | None) -> str:
    unit = unit or ("s" if us >= 1e6 else "ms" if us >= 1e3 else "us")
    return f"{us / _UNITS[unit]:.3f}{unit}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: width - 3] + "..."
