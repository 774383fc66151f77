"""The reduction names of the losses and the numbers the native losses know them by."""

from __future__ import annotations

import warnings

_ENUM = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """Number of a reduction: ``'none'`` 0, ``'mean'`` 1, ``'sum'`` 2.

    Raises ValueError for any other word.
    """
    value = _ENUM.get(reduction)
    if value is not None:
        return value
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=2)
        return 1
    raise ValueError(f"{reduction} is not a valid value for reduction")


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """Reduction meant by the two old flags, each of which counts as True where it is None."""
    if reduce is not None and not reduce:
        name = "none"
    elif size_average is None or size_average:
        name = "mean"
    else:
        name = "sum"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{name}' instead.", stacklevel=2
        )
    return name


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """Number of the reduction meant by the two old flags."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))


def resolve(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """``reduction``, unless one of the old flags is given: then what these mean."""
    if size_average is None and reduce is None:
        return reduction
    return legacy_get_string(size_average, reduce)


def resolve_enum(reduction: str, size_average: bool | None, reduce: bool | None) -> int:
    """Number of ``resolve(reduction, size_average, reduce)``."""
    return get_enum(resolve(reduction, size_average, reduce))
