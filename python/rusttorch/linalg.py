"""Linear algebra: norms, solvers and decompositions of matrices and of batches of them."""

from typing import Any

from rusttorch import _C

from ._namespace import public_names

_native = public_names(_C._linalg)
globals().update(_native)
LinAlgError = _C._LinAlgError
__all__ = [*_native, "LinAlgError"]


def __getattr__(name: str) -> Any:
    """Only for type checkers: what exists was put here when the module was loaded."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
