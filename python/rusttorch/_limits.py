"""`finfo` and `iinfo`: the numerical limits of a dtype."""

from __future__ import annotations

import rusttorch as torch
from rusttorch import _C

# dtype name -> (bits, eps, max, smallest_normal, resolution)
_FLOATS = {
    "float16": (16, 2.0**-10, 65504.0, 2.0**-14, 1e-3),
    "bfloat16": (16, 2.0**-7, (2 - 2.0**-7) * 2.0**127, 2.0**-126, 1e-2),
    "float32": (32, 2.0**-23, (2 - 2.0**-23) * 2.0**127, 2.0**-126, 1e-6),
    "float64": (64, 2.0**-52, (2 - 2.0**-52) * 2.0**1023, 2.0**-1022, 1e-15),
}


class finfo:
    """The limits of a floating-point dtype; of a complex one, those of its parts.

    Attributes are bits, eps (the distance from 1 to the next number), max, min, tiny (also smallest_normal),
    resolution (the decimal precision) and dtype (its name).

    Args:
        dtype: a floating-point or complex dtype; the default dtype if left out.

    Raises:
        TypeError: an integer type or bool.
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, dtype: torch.dtype | None = None) -> None:
        dtype = _C.get_default_dtype() if dtype is None else dtype
        if not isinstance(dtype, _C.dtype) or not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{type(self).__name__}'"
            )
        self.dtype = str(dtype.to_real()).removeprefix("torch.")
        self.bits, self.eps, self.max, self.tiny, self.resolution = _FLOATS[self.dtype]
        self.min = -self.max
        self.smallest_normal = self.tiny

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)


class iinfo:
    """The limits of an integer dtype: bits, max, min and dtype (its name).

    Raises:
        TypeError: `type` is no integer dtype.
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: torch.dtype) -> None:
        if not isinstance(type, _C.dtype) or type.is_floating_point or type.is_complex:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if type == _C.bool:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        self.dtype = str(type).removeprefix("torch.")
        self.bits = 8 * type.itemsize
        self.max = 2 ** (self.bits - type.is_signed) - 1
        self.min = -self.max - 1 if type.is_signed else 0

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)
