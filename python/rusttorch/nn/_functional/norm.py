"""Normalisations over the batch, the instance, a layer's features or groups of channels."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch import _C


def _verify_batch_size(size: Any) -> None:
    count = size[0]
    for extent in size[2:]:
        count *= extent
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _verify_spatial_size(size: Any) -> None:
    count = 1
    for extent in size[2:]:
        count *= extent
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")


def batch_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> torch.Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias per channel, over batch and positions. Ioffe and Szegedy, 2015.

    Args:
        input: shape (N, C, *).
        running_mean, running_var: shape (C,). Used where not ``training``; else updated, where given, with
            ``momentum`` times the new value (the variance unbiased).
        weight, bias: shape (C,). Default: 1 and 0.
        training: whether the statistics are those of this batch; ValueError if that has one value per channel.
        eps: must be positive in training (ValueError).
    """
    if training:
        _verify_batch_size(input.size())
        if eps <= 0.0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    elif eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return _C.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


def instance_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None = None,
    running_var: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> torch.Tensor:
    """`batch_norm` with the statistics of each instance by itself. Ulyanov et al., 2016.

    Args:
        input: shape (N, C, *), more than one position where ``use_input_stats`` (ValueError).
        use_input_stats: whether the statistics are those of the input; otherwise the running ones.
        others: as for `batch_norm`.
    """
    if use_input_stats:
        _verify_spatial_size(input.size())
    return _C.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, False)


def layer_norm(
    input: torch.Tensor,
    normalized_shape: Any,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-05,
) -> torch.Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions. Ba et al., 2016.

    Args:
        input: its last dimensions are ``normalized_shape`` (RuntimeError otherwise).
        weight, bias: of shape ``normalized_shape``. Default: 1 and 0.
    """
    return _C.layer_norm(input, normalized_shape, weight, bias, eps, False)


def rms_norm(
    input: torch.Tensor, normalized_shape: Any, weight: torch.Tensor | None = None, eps: float | None = None
) -> torch.Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions. Zhang and Sennrich, 2019.

    Args:
        input: its last dimensions are ``normalized_shape`` (RuntimeError otherwise).
        weight: of shape ``normalized_shape``. Default: 1.
        eps: Default: the machine epsilon of the dtype.
    """
    return _C.rms_norm(input, normalized_shape, weight, eps)


def group_norm(
    input: torch.Tensor,
    num_groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-05,
) -> torch.Tensor:
    """Normalises each group of channels of each instance. Wu and He, 2018.

    Args:
        input: shape (N, C, *); RuntimeError for fewer than 2 dimensions.
        num_groups: divides C (RuntimeError otherwise).
        weight, bias: shape (C,). Default: 1 and 0.
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    _verify_batch_size([input.size(0) * input.size(1) // num_groups, num_groups] + list(input.size()[2:]))
    return _C.group_norm(input, num_groups, weight, bias, eps, False)


def local_response_norm(
    input: torch.Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> torch.Tensor:
    """x / (k + alpha * mean of x^2 over ``size`` neighbouring channels)^beta. Krizhevsky et al., 2012.

    Args:
        input: shape (N, C, *) with at least one spatial dimension (ValueError).
    """
    dims = input.dim()
    if dims < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {dims} dimensions)")
    if input.numel() == 0:
        return input
    squares = (input * input).unsqueeze(1)
    before, after = size // 2, (size - 1) // 2
    # The channels become the first of the pooled dimensions.
    if dims == 3:
        padded = _C._nn.pad(squares, (0, 0, before, after))
        mean = _C._nn.avg_pool2d(padded, (size, 1), stride=1).squeeze(1)
    else:
        shape = input.size()
        flat = squares.view(shape[0], 1, shape[1], shape[2], -1)
        padded = _C._nn.pad(flat, (0, 0, 0, 0, before, after))
        mean = _C._nn.avg_pool3d(padded, (size, 1, 1), stride=1).squeeze(1).view(shape)
    return input / mean.mul(alpha).add(k).pow(beta)
