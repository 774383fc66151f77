"""Linear algebra: norms, solvers and decompositions of matrices and of batches of them."""

from typing import TYPE_CHECKING

from rusttorch import _C

from ._namespace import public_names

if TYPE_CHECKING:
    from ._C_linalg import *

_native = public_names(_C._linalg)
globals().update(_native)
LinAlgError = _C._LinAlgError
__all__ = [*_native, "LinAlgError"]
