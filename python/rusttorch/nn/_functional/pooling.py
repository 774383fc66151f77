"""Pooling over windows: maxima, power averages, adaptive and fractional windows, and unpooling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C

from ..modules.utils import _list_with_default, _pair, _single, _triple


def max_pool1d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`max_pool1d` and the positions of its maxima, int64."""
    if stride is None:
        stride = []
    return _C.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`max_pool2d` and the positions of its maxima in the flattened plane, int64."""
    if stride is None:
        stride = []
    return _C._nn.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`max_pool3d` and the positions of its maxima in the flattened volume, int64."""
    if stride is None:
        stride = []
    return _C._nn.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window of the last dimension.

    Args:
        input: shape (N, C, L) or (C, L).
        kernel_size, padding, dilation: one number each; padded places count as -inf, at most half the kernel.
        stride: Default: the kernel size.
        ceil_mode: whether a last window that hangs over the edge counts.
        return_indices: whether the positions of the maxima are returned too, as a pair.
    """
    if return_indices:
        return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    if stride is None:
        stride = []
    return _C.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window of the last two dimensions; shape (N, C, H, W) or (C, H, W), see `max_pool1d`."""
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    if stride is None:
        stride = []
    return _C.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window of the last three dimensions; shape (N, C, D, H, W) or (C, D, H, W), see `max_pool1d`."""
    if return_indices:
        return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    if stride is None:
        stride = []
    return _C.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


def _unpool_output_size(input: torch.Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    dims = len(kernel_size)
    spatial = input.size()[-dims:]
    default = [(spatial[d] - 1) * stride[d] + kernel_size[d] - 2 * padding[d] for d in range(dims)]
    if output_size is None:
        wanted = default
    else:
        wanted = list(output_size)
        if len(wanted) == dims + 2:
            wanted = wanted[2:]
        if len(wanted) != dims:
            raise ValueError(
                f"output_size should be a sequence containing {dims} or {dims + 2} elements, "
                f"but it has a length of '{len(output_size)}'"
            )
        for d in range(dims):
            low, high = default[d] - stride[d], default[d] + stride[d]
            if not low < wanted[d] < high:
                raise ValueError(f'invalid output_size "{wanted}" (dim {d} must be between {low} and {high})')
    for d in range(dims):
        if wanted[d] < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, "
                f"but got output_size[{d}]={wanted[d]}"
            )
    return wanted


def max_unpool1d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Puts each value of ``input`` back where `max_pool1d` found it, zeros elsewhere.

    Args:
        input, indices: as `max_pool1d` with ``return_indices`` gave them.
        kernel_size, stride, padding: as given to it.
        output_size: where several sizes would pool to this input: which one (ValueError where none does).
    """
    kernel_size, padding = _single(kernel_size), _single(padding)
    stride = kernel_size if stride is None else _single(stride)
    size = _unpool_output_size(input, kernel_size, stride, padding, output_size)
    return _C._nn.max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), [*size, 1]).squeeze(-1)


def max_unpool2d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Puts each value of ``input`` back where `max_pool2d` found it; arguments as for `max_unpool1d`."""
    kernel_size, padding = _pair(kernel_size), _pair(padding)
    stride = kernel_size if stride is None else _pair(stride)
    size = _unpool_output_size(input, kernel_size, stride, padding, output_size)
    return _C._nn.max_unpool2d(input, indices, size)


def max_unpool3d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Puts each value of ``input`` back where `max_pool3d` found it; arguments as for `max_unpool1d`."""
    kernel_size, padding = _triple(kernel_size), _triple(padding)
    stride = kernel_size if stride is None else _triple(stride)
    size = _unpool_output_size(input, kernel_size, stride, padding, output_size)
    return _C._nn.max_unpool3d(input, indices, size, stride, padding)


def _largest(pool: Callable[..., torch.Tensor], input: torch.Tensor, norm_type: float, *args: Any) -> torch.Tensor:
    """The limit of an infinite power: the largest magnitude of each window, the smallest for minus infinity."""
    kernel_size, stride, ceil_mode = args
    magnitudes = input.abs()
    if norm_type > 0:
        return pool(magnitudes, kernel_size, stride, 0, 1, ceil_mode)
    return -pool(-magnitudes, kernel_size, stride, 0, 1, ceil_mode)


def _power_mean(pooled: torch.Tensor, count: float, norm_type: float) -> torch.Tensor:
    """From the mean of x^p to the root of its sum; a negative mean, of odd p, gives 0 and gradient 0."""
    return (pooled.sign() * _C.relu(pooled.abs())).mul(count).pow(1.0 / norm_type)


def lp_pool1d(
    input: torch.Tensor, norm_type: int | float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """(sum of x^p over each window)^(1/p), p = ``norm_type``; shape (N, C, L) or (C, L)."""
    if stride is None:
        stride = kernel_size
    if math.isinf(norm_type):
        return _largest(_C.max_pool1d, input, norm_type, kernel_size, stride, ceil_mode)
    pooled = _C.avg_pool1d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    count = kernel_size if isinstance(kernel_size, int) else kernel_size[0]
    return _power_mean(pooled, count, norm_type)


def lp_pool2d(
    input: torch.Tensor, norm_type: int | float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """(sum of x^p over each window)^(1/p), p = ``norm_type``; shape (N, C, H, W) or (C, H, W)."""
    high, wide = _pair(kernel_size)
    if stride is None:
        stride = kernel_size
    if math.isinf(norm_type):
        return _largest(_C.max_pool2d, input, norm_type, kernel_size, stride, ceil_mode)
    pooled = _C._nn.avg_pool2d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return _power_mean(pooled, high * wide, norm_type)


def lp_pool3d(
    input: torch.Tensor, norm_type: int | float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """(sum of x^p over each window)^(1/p), p = ``norm_type``; shape (N, C, D, H, W) or (C, D, H, W)."""
    deep, high, wide = _triple(kernel_size)
    if stride is None:
        stride = kernel_size
    if math.isinf(norm_type):
        return _largest(_C.max_pool3d, input, norm_type, kernel_size, stride, ceil_mode)
    pooled = _C._nn.avg_pool3d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return _power_mean(pooled, deep * high * wide, norm_type)


def adaptive_avg_pool2d(input: torch.Tensor, output_size: Any) -> torch.Tensor:
    """Means over windows chosen so that the result has the given height and width (None: the input's own)."""
    return _C._nn.adaptive_avg_pool2d(input, _list_with_default(output_size, input.size()))


def adaptive_avg_pool3d(input: torch.Tensor, output_size: Any) -> torch.Tensor:
    """Means over windows chosen so that the result has the given three sizes (None: the input's own)."""
    return _C._nn.adaptive_avg_pool3d(input, _list_with_default(output_size, input.size()))


def adaptive_max_pool1d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """`adaptive_max_pool1d` and the positions of its maxima."""
    return _C.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """`adaptive_max_pool2d` and the positions of its maxima."""
    return _C._nn.adaptive_max_pool2d(input, _list_with_default(output_size, input.size()))


def adaptive_max_pool3d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """`adaptive_max_pool3d` and the positions of its maxima."""
    return _C._nn.adaptive_max_pool3d(input, _list_with_default(output_size, input.size()))


def adaptive_max_pool1d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over windows chosen so that the result has the given length; with ``return_indices`` a pair."""
    pooled = adaptive_max_pool1d_with_indices(input, output_size)
    return pooled if return_indices else pooled[0]


def adaptive_max_pool2d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over windows chosen so that the result has the given height and width (None: the input's own)."""
    pooled = adaptive_max_pool2d_with_indices(input, output_size)
    return pooled if return_indices else pooled[0]


def adaptive_max_pool3d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over windows chosen so that the result has the given three sizes (None: the input's own)."""
    pooled = adaptive_max_pool3d_with_indices(input, output_size)
    return pooled if return_indices else pooled[0]


def _fractional(
    spatial: int, input: torch.Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    name = f"fractional_max_pool{spatial}d"
    expand = _pair if spatial == 2 else _triple
    if output_size is None:
        if output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        ratios = expand(output_ratio)
        if len(ratios) != spatial:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        output_size = [int(size * ratio) for size, ratio in zip(input.shape[-spatial:], ratios)]
    if samples is None:
        batch = 1 if input.dim() == spatial + 1 else input.size(0)
        channels = input.size(-spatial - 1)
        samples = torch.rand(batch, channels, spatial, dtype=input.dtype, device=input.device)
    pool = _C._nn.fractional_max_pool2d if spatial == 2 else _C._nn.fractional_max_pool3d
    return pool(input, kernel_size, output_size, samples)


def fractional_max_pool2d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`fractional_max_pool2d` and the positions of its maxima."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`fractional_max_pool3d` and the positions of its maxima."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> Any:
    """Maxima over windows at random, uneven distances. Graham, 2014.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: one number or one per dimension.
        output_size: of the result; or else
        output_ratio: as a share of the input's size. One of the two is needed (ValueError).
        return_indices: whether the positions of the maxima are returned too.
        _random_samples: uniform on [0, 1), shape (N, C, 2). Default: drawn.
    """
    pooled = _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return pooled if return_indices else pooled[0]


def fractional_max_pool3d(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> Any:
    """Maxima over windows at random, uneven distances in three dimensions, see `fractional_max_pool2d`."""
    pooled = _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return pooled if return_indices else pooled[0]
