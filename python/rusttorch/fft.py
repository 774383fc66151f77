"""Discrete Fourier transforms and what goes with them."""

from typing import TYPE_CHECKING

from rusttorch import _C

from ._namespace import public_names

if TYPE_CHECKING:
    from ._C_fft import *

_native = public_names(_C._fft)
globals().update(_native)
__all__ = list(_native)
