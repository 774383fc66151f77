"""LinearCrossEntropyOptions: how `linear_cross_entropy` cuts its batch into chunks."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

__all__ = ["LinearCrossEntropyOptions"]

_FIELDS = ("allow_retain_graph", "batch_chunk_size", "chunking_method", "acc_policy", "acc_dtype")
_POLICIES = ("auto", "accurate", "balanced", "compact")


class LinearCrossEntropyOptions:
    """Options of the chunked `functional.linear_cross_entropy`; an object of it never changes.

    Args:
        allow_retain_graph: whether backward may run more than once, for the reductions ``'mean'`` and ``'sum'``.
            Otherwise the gradients, computed in forward, are handed out and forgotten.
        batch_chunk_size: rows in one chunk. Default: by ``chunking_method``, or all rows where that is None.
        chunking_method: ``'aspect_ratio'``: as many rows as make the scores of a chunk about as large as the input;
            ``'aspect_ratio:N'``: an N-th of that; ``'auto'``: a choice by device and dtype; None. ValueError for
            other words, and later where it contradicts ``batch_chunk_size``.
        acc_policy: ``'auto'``, ``'accurate'``, ``'balanced'`` or ``'compact'`` (ValueError): which intermediate
            results of half precision inputs are kept in ``acc_dtype``. ``'accurate'`` keeps all; the others keep the
            sums.
        acc_dtype: dtype of sums, floating point (ValueError). Default: float32 for half precision, else that of the
            input.
    """

    __slots__ = _FIELDS

    allow_retain_graph: bool
    batch_chunk_size: int | None
    chunking_method: str | None
    acc_policy: str
    acc_dtype: Any

    def __init__(
        self,
        allow_retain_graph: bool = False,
        batch_chunk_size: int | None = None,
        chunking_method: str | None = "auto",
        acc_policy: str = "auto",
        acc_dtype: Any = None,
    ) -> None:
        if acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {acc_policy!r}")
        if chunking_method is not None and chunking_method != "auto":
            name, colon, factor = chunking_method.partition(":")
            if name != "aspect_ratio" or (colon and not (factor.isdigit() and int(factor) > 0)):
                raise ValueError(f"invalid chunking_method: {chunking_method!r}")
        if batch_chunk_size is not None and not (isinstance(batch_chunk_size, int) and batch_chunk_size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {batch_chunk_size!r}")
        if acc_dtype is not None and acc_dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, "
                f"got {acc_dtype!r}. Pass acc_dtype=None to let the op pick automatically."
            )
        values = (allow_retain_graph, batch_chunk_size, chunking_method, acc_policy, acc_dtype)
        for field, value in zip(_FIELDS, values):
            object.__setattr__(self, field, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete field {name!r}")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in _FIELDS)

    def __eq__(self, other: object) -> bool:
        if type(other) is not LinearCrossEntropyOptions:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[Any, ...]:
        return LinearCrossEntropyOptions, self._values()

    def __repr__(self) -> str:
        shown = ", ".join(f"{field}={value!r}" for field, value in zip(_FIELDS, self._values()))
        return f"{type(self).__name__}({shown})"

    def chunk_size(self, rows: int, in_features: int, classes: int, dtype: Any) -> int:
        """Rows of one chunk for a given problem; ValueError where the two ways to choose disagree."""
        method = self.chunking_method
        if method == "auto":
            if self.batch_chunk_size is not None:
                method = None
            else:
                half = dtype in (torch.float16, torch.bfloat16)
                method = "aspect_ratio" if half else "aspect_ratio:2"
        if method is None:
            size = rows if self.batch_chunk_size is None else min(self.batch_chunk_size, rows)
            return max(1, size)
        factor = int(method.partition(":")[2] or 1)
        widening = -(-classes // in_features)
        target = -(-rows // widening)
        size = min((1 << (target - 1).bit_length()) // factor, rows)
        if self.batch_chunk_size is not None and self.batch_chunk_size != size:
            raise ValueError(
                f"batch_chunk_size (={self.batch_chunk_size}) and chunking_method ('{method}') give different chunk "
                f"sizes ({self.batch_chunk_size} vs {size}); pass only one."
            )
        return max(1, size)

    def sum_dtype(self, dtype: Any) -> Any:
        """Dtype in which sums are kept for inputs of ``dtype``."""
        if self.acc_dtype is not None:
            return self.acc_dtype
        half = dtype in (torch.float16, torch.bfloat16)
        return torch.float32 if half and self.acc_policy == "auto" else dtype
