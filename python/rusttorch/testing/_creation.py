"""`make_tensor`: random inputs for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rusttorch as torch

_FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_COMPLEX = (torch.complex64, torch.complex128)
_INTEGRAL = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def make_tensor(
    *shape: int | Sequence[int],
    dtype: torch.dtype,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> torch.Tensor:
    """A tensor of values drawn evenly from [low, high).

    Args:
        shape: sizes, or one sequence of them.
        dtype: bool draws from [0, 2), unsigned integers from [0, 10), signed ones from [-9, 10), floating and complex
            (both parts) from [-9, 9), unless `low` and `high` say otherwise; bounds beyond the dtype are cut off.
        device: where to make it.
        requires_grad: only for floating and complex dtypes. Default False.
        noncontiguous: every second element of a larger tensor, if there are at least two. Default False.
        exclude_zero: zeros become 1, or the smallest normal number of a floating dtype. Default False.
        memory_format: of the result; not together with `noncontiguous`.

    Raises:
        ValueError: `low >= high`, a bound that is nan or outside the dtype, `requires_grad` with an integral dtype,
            both `noncontiguous` and `memory_format`.
        TypeError: another dtype.
    """
    sizes: tuple[Any, ...] = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
            f"but got {noncontiguous=} and {memory_format=}"
        )
    is_integral = dtype in _INTEGRAL or dtype == torch.bool
    if requires_grad and is_integral:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    if not is_integral and dtype not in _FLOATING and dtype not in _COMPLEX:
        raise TypeError(f"The requested dtype '{dtype}' is not supported by torch.testing.make_tensor()")

    noncontiguous = noncontiguous and math.prod(sizes) > 1
    if noncontiguous:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    low, high = _bounds(low, high, dtype)
    if is_integral:
        result = torch.randint(math.ceil(low), math.ceil(high), sizes, device=device, dtype=dtype)
    else:
        result = torch.empty(sizes, device=device, dtype=dtype)
        _fill_evenly(torch.view_as_real(result) if dtype in _COMPLEX else result, low, high)

    if noncontiguous:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result.masked_fill_(result == 0, 1 if is_integral else torch.finfo(dtype).tiny)
    return result.requires_grad_(requires_grad) if not is_integral else result


def _bounds(low: float | None, high: float | None, dtype: torch.dtype) -> tuple[float, float]:
    """The bounds to draw between: given or usual ones, checked, and cut off where the dtype ends."""
    lowest: float
    end: float
    if dtype == torch.bool:
        lowest, end, usual_low, usual_high = 0, 2, 0, 2
    elif dtype in _INTEGRAL:
        info = torch.iinfo(dtype)
        # randint takes its bounds as int64, so the greatest int64 itself cannot be drawn
        lowest, end, usual_low, usual_high = info.min, info.max + (dtype != torch.int64), -9, 10
    else:
        limits = torch.finfo(dtype)
        lowest, end, usual_low, usual_high = limits.min, limits.max, -9, 9
    low = usual_low if low is None else low
    high = usual_high if high is None else high

    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and (dtype in _FLOATING or dtype in _COMPLEX):
        import warnings

        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types "
            "is deprecated since 2.1 and will be removed in 2.3. "
            "Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < lowest or low >= end:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), "
            f"but {dtype} only supports [{lowest}, {end})"
        )
    return min(max(low, lowest), end), min(max(high, lowest), end)


def _fill_evenly(tensor: torch.Tensor, low: float, high: float) -> None:
    """Fill with values from [low, high)."""
    if high - low >= torch.finfo(tensor.dtype).max:
        # the width itself would overflow
        tensor.uniform_(low / 2, high / 2).mul_(2)
    else:
        tensor.uniform_(low, high)
