"""The one recording that a process can take at a time, and the parts of the program that it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any

from rusttorch import _C

from ._events import FunctionEvent
from ._nesting import nest


class Recording:
    """Notes what runs from its making until `stop`.

    Raises:
        RuntimeError: there is one already.
    """

    current: Recording | None = None

    def __init__(self, shapes: bool) -> None:
        if Recording.current is not None:
            raise RuntimeError("A profile is already being taken: one at a time can be")
        _C._profile_start(shapes)
        Recording.current = self

    def stop(self, cpu: bool, gpu: bool) -> list[FunctionEvent]:
        """Ends it; what ran on the sides that are asked for, in order of the starts."""
        Recording.current = None
        events = [FunctionEvent(*row) for row in _C._profile_stop()]
        return nest(e for e in events if (gpu if e.is_kernel else cpu))


class record_function:
    """Context manager and decorator that gives a part of the program a name in the profile."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._part: Any = None

    def __enter__(self) -> record_function:
        self._part = _C._ProfilePart(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._part.end()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return named
