"""Special functions, after scipy.special."""

from typing import Any

from rusttorch import _C

from ._namespace import public_names

_native = public_names(_C._special)
globals().update(_native)
__all__ = list(_native)


def __getattr__(name: str) -> Any:
    """Only for type checkers: what exists was put here when the module was loaded."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
