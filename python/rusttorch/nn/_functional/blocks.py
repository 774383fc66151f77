"""Sliding blocks as columns and back, and grouped matrix products."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch import _C

from ..modules.utils import _pair


def assert_int_or_pair(arg: Any, arg_name: str, message: str) -> None:
    """AssertionError with ``message.format(arg_name)`` for what is neither an int nor of length 2."""
    if not (isinstance(arg, int) or len(arg) == 2):
        raise AssertionError(message.format(arg_name))


def unfold(input: torch.Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> torch.Tensor:
    """Lays the sliding blocks of a batch of images out as columns (im2col).

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size, dilation, padding, stride: one number, or one per spatial dimension.

    Returns:
        shape (N, C * kH * kW, L), L the number of blocks, row by row.
    """
    return _C._nn.im2col(input, _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


def fold(
    input: torch.Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> torch.Tensor:
    """Adds columns of sliding blocks up into images (col2im): the transpose of `unfold`.

    Args:
        input: shape (N, C * kH * kW, L) or (C * kH * kW, L).
        output_size: height and width of the result, one number for both or two.
        kernel_size, dilation, padding, stride: as given to `unfold`.

    Returns:
        shape (N, C, H, W) or (C, H, W).
    """
    return _C._nn.col2im(input, _pair(output_size), _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


def grouped_mm(
    mat_a: torch.Tensor,
    mat_b: torch.Tensor,
    *,
    offs: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    out_dtype: Any = None,
) -> torch.Tensor:
    """Several matrix products in one call, as a mixture of experts needs them.

    Args:
        mat_a, mat_b: 2 or 3 dimensional, of one dtype. With two 3-D operands of shapes (G, M, K) and (G, K, N) this
            is a batched product. A 2-D operand holds the groups side by side: the rows of ``mat_a`` (result (M, N)),
            the columns of ``mat_b`` (result (M, N)), or, where both are 2-D, the inner dimension (result (G, M, N)).
        offs: int32, shape (G,): where each group ends, exactly where an operand is 2-D (ValueError otherwise).
        bias: not supported yet by PyTorch either (RuntimeError).
        out_dtype: dtype of the result. Default: that of the operands.
    """
    return _C._grouped_mm(mat_a, mat_b, offs=offs, bias=bias, out_dtype=out_dtype)  # type: ignore[attr-defined]  # not native yet
