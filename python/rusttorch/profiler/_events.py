"""What a profile found, one by one: ops, nodes of backward, named parts, and kernels of a device."""

from __future__ import annotations

import enum
import re
from typing import Any, NamedTuple

# In a call as errors and profiles show it: what is before an argument, and a tensor.
_ARGUMENT = re.compile(r"\w+: ")
_TENSOR = re.compile(r"(\w+)\[([\d, ]*)\]")


class DeviceType(enum.Enum):
    """Where something ran. ``CUDA`` is accepted for GPU, so that programs run unchanged."""

    CPU = 0
    GPU = 1
    CUDA = 1


class Interval:
    """From when to when, in microseconds since the process first asked."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def elapsed_us(self) -> float:
        """How long, in microseconds."""
        return self.end - self.start


class Kernel(NamedTuple):
    """One kernel of an op: its file in ``shaders/``, and microseconds on the device."""

    name: str
    duration: float


class Measured:
    """What one thing that ran and the sum of many have in common. All times are in microseconds."""

    key: str
    kind: str
    count: int
    device_type: DeviceType
    cpu_time_total: float
    self_cpu_time_total: float
    device_time_total: float
    self_device_time_total: float
    structured_input_shapes: list[Any]
    cpu_parent: FunctionEvent | None
    is_user_annotation: bool

    # Memory is not recorded; tables can be sorted by it all the same.
    cpu_memory_usage = self_cpu_memory_usage = device_memory_usage = self_device_memory_usage = 0
    flops = 0
    is_async = is_remote = is_legacy = False

    @property
    def input_shapes(self) -> list[list[int]]:
        """The shape of each tensor of the call, and ``[]`` for a list of tensors."""
        return [[] if any(isinstance(n, list) for n in shape) else shape for shape in self.structured_input_shapes]

    @property
    def cpu_time(self) -> float:
        """Microseconds on the host of one run, on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def device_time(self) -> float:
        """Microseconds on the device of one run, on average."""
        return self.device_time_total / self.count if self.count else 0.0

    @property
    def is_kernel(self) -> bool:
        """Whether it ran on a device."""
        return self.kind == "kernel"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.key} x{self.count}: "
            f"cpu {self.cpu_time_total:.1f} us, device {self.device_time_total:.1f} us>"
        )


class FunctionEvent(Measured):
    """One thing that ran.

    Attributes:
        name: the op, node or part; of a kernel, the op that recorded it. `key` is the same.
        trace_name: as `name`, with the number of a step.
        kind: ``op``, ``backward``, ``part`` or ``kernel``.
        count: 1.
        thread: a number for the host's thread; 0 for a device.
        time_range: when it ran, in microseconds.
        device_type: where.
        cpu_time_total, self_cpu_time_total: microseconds on the host, with and without what ran inside.
        device_time_total: microseconds of kernels: of a part those that were recorded while it ran, of an op its own
            and those of what ran inside.
        self_device_time_total: of its own kernels only; a part has none.
        cpu_parent, cpu_children: what it ran inside, and what ran directly inside it, on one thread of the host.
        kernels: an op's own kernels.
        shader: a kernel's file in ``shaders/``.
        recorded: of a kernel, the number of the thread that recorded it, and when, in microseconds; else None.
        call: an op's arguments with dtypes and shapes, where shapes were asked for.
        input_shapes, structured_input_shapes: the shapes of its tensors; the second has those in a list of tensors
            (the first six), for which the first has ``[]``.
        input_dtypes: names of the tensors' dtypes, those of lists included.
        is_user_annotation: whether it is a part.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        thread: int,
        start: int,
        end: int,
        detail: str,
        recorded: tuple[int, int] | None = None,
    ) -> None:
        self.trace_name = name
        self.name = self.key = "ProfilerStep*" if name.startswith("ProfilerStep#") else name
        self.kind = kind
        self.thread = thread
        self.count = 1
        self.time_range = Interval(start / 1000, end / 1000)
        self.recorded = (recorded[0], recorded[1] / 1000) if recorded else None
        self.device_type = DeviceType.GPU if self.is_kernel else DeviceType.CPU
        self.is_user_annotation = kind == "part"
        self.shader = detail if self.is_kernel else ""
        self.call = "" if self.is_kernel else detail
        self.structured_input_shapes = [
            [_shape(t) for _, t in _TENSOR.findall(text)]
            if text.startswith("[")
            else _shape(_TENSOR.findall(text)[0][1])
            for text in _ARGUMENT.split(self.call)[1:]
        ]
        self.input_dtypes = [dtype for dtype, _ in _TENSOR.findall(self.call)]
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []
        self.kernels: list[Kernel] = []
        # Whether some op has it among its kernels.
        self.of_an_op = False
        took = self.time_range.elapsed_us()
        self.cpu_time_total = self.self_cpu_time_total = 0.0 if self.is_kernel else took
        self.device_time_total = self.self_device_time_total = took if self.is_kernel else 0.0


def _shape(text: str) -> list[int]:
    return [int(n) for n in text.split(", ")] if text else []
