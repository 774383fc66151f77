"""Special functions, after scipy.special."""

from typing import TYPE_CHECKING

from rusttorch import _C

from ._namespace import public_names

if TYPE_CHECKING:
    from ._C_special import *

_native = public_names(_C._special)
globals().update(_native)
__all__ = list(_native)
