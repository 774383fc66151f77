"""The one recording that a process can take at a time, and the parts of the program that it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any

from rusttorch import _C
from rusttorch.gpu import _DEVICES

from ._events import FunctionEvent
from ._nesting import PartRange, nest


def _recorded() -> list[int]:
    """How many kernels each device was given since the start."""
    return [_C._gpu_counts(i)["kernels"] if _C._gpu_is_open(i) else 0 for i in _DEVICES]


class Recording:
    """Notes what runs from its making until `stop`.

    Raises:
        RuntimeError: there is one already.
    """

    current: Recording | None = None

    def __init__(self, shapes: bool) -> None:
        if Recording.current is not None:
            raise RuntimeError("A profile is already being taken: one at a time can be")
        self.before = _recorded()
        self.ranges: list[PartRange] = []
        _C._profile_start(shapes)
        Recording.current = self

    def kernels(self) -> int:
        """How many kernels were recorded so far, on all devices."""
        return sum(_recorded()) - sum(self.before)

    def stop(self, cpu: bool, gpu: bool) -> list[FunctionEvent]:
        """Ends it; what ran on the sides that are asked for, in order of the starts."""
        Recording.current = None
        events = [FunctionEvent(*row) for row in _C._profile_stop()]
        # The kernels of several devices come one device after the other, not in the order that parts count.
        devices = sum(after > before for after, before in zip(_recorded(), self.before, strict=True))
        kept = [e for e in events if (gpu if e.is_kernel else cpu)]
        return nest(kept, self.ranges if gpu and devices == 1 else [])


class record_function:
    """Context manager and decorator that gives a part of the program a name in the profile."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._part: Any = None
        self._recording: Recording | None = None
        self._first = 0

    def __enter__(self) -> record_function:
        self._recording = Recording.current
        if self._recording is not None:
            self._first = self._recording.kernels()
        self._part = _C._ProfilePart(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._part.end()
        if self._recording is not None and self._recording is Recording.current:
            self._recording.ranges.append((self.name, self._first, self._recording.kernels()))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return named
