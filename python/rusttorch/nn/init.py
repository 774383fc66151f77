"""Ways to fill a parameter before training; each draws from the generator exactly as PyTorch does."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import rusttorch as torch

_NonlinearityType = Literal[
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "sigmoid", "tanh", "relu", "leaky_relu", "selu",
]  # fmt: skip
_FanMode = Literal["fan_in", "fan_out"]

_UNIT_GAIN = frozenset(
    ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"]
)


def _no_grad_uniform_(tensor: torch.Tensor, a: float, b: float, generator: Any = None) -> torch.Tensor:
    with torch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def _no_grad_normal_(tensor: torch.Tensor, mean: float, std: float, generator: Any = None) -> torch.Tensor:
    with torch.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def _no_grad_fill_(tensor: torch.Tensor, val: float) -> torch.Tensor:
    with torch.no_grad():
        return tensor.fill_(val)


def _no_grad_zero_(tensor: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return tensor.zero_()


def calculate_gain(nonlinearity: _NonlinearityType, param: int | float | None = None) -> float:
    """Factor by which the standard deviation is to grow to make up for a nonlinearity.

    Args:
        nonlinearity: ``'linear'``, a conv name and ``'sigmoid'``: 1; ``'tanh'``: 5/3; ``'relu'``: sqrt(2);
            ``'leaky_relu'``: sqrt(2 / (1 + param^2)); ``'selu'``: 3/4. Any other name: ValueError.
        param: the negative slope of leaky_relu. Default: 0.01.
    """
    if nonlinearity in _UNIT_GAIN:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            slope: float = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def uniform_(tensor: torch.Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> torch.Tensor:
    """Fills the tensor, in place, with values of the uniform distribution on [a, b)."""
    return _no_grad_uniform_(tensor, a, b, generator)


def normal_(tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> torch.Tensor:
    """Fills the tensor, in place, with values of the normal distribution N(mean, std^2)."""
    return _no_grad_normal_(tensor, mean, std, generator)


def _normal_until_inside(tensor: torch.Tensor, mean: float, std: float, a: float, b: float, generator: Any) -> None:
    """Draws the whole tensor again and again, each time keeping the new values where the old lay outside [a, b]."""
    low, high = (torch.tensor(bound, dtype=tensor.dtype).item() for bound in (a, b))
    values = tensor.normal_(mean, std, generator=generator)
    outside = (values < low) | (values > high)
    while outside.any():
        values = torch.where(outside, torch.empty_like(values).normal_(mean, std, generator=generator), values)
        outside = (values < low) | (values > high)
    if values is not tensor:
        tensor.copy_(values)


def _uniform_until_accepted(tensor: torch.Tensor, mean: float, std: float, a: float, b: float, generator: Any) -> None:
    """Draws uniformly on [a, b] and accepts each value with its density relative to the peak on [a, b]."""
    peak = max(a, min(mean, b))
    log_peak = -0.5 * ((peak - mean) / std) ** 2
    trial, chance = torch.empty_like(tensor), torch.empty_like(tensor)

    def rejected() -> torch.Tensor:
        log_density = trial.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        return chance.uniform_(generator=generator).log_().gt(log_density)

    values = tensor.uniform_(a, b, generator=generator)
    trial.copy_(values)
    pending = rejected()
    while pending.any():
        trial.uniform_(a, b, generator=generator)
        values = torch.where(pending, trial, values)
        pending = torch.where(pending, rejected(), pending)
    if values is not tensor:
        tensor.copy_(values)


def _no_grad_trunc_normal_(
    tensor: torch.Tensor, mean: float, std: float, a: float, b: float, generator: Any = None
) -> torch.Tensor:
    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    # Rejection by the proposal that is seldom refused: the normal itself while enough of it lies inside.
    draw = _normal_until_inside if below(b) - below(a) > 0.3 else _uniform_until_accepted
    with torch.no_grad():
        draw(tensor, mean, std, a, b, generator)
    return tensor


def trunc_normal_(
    tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> torch.Tensor:
    """Fills the tensor, in place, with values of N(mean, std^2) conditioned on lying in [a, b].

    ``a`` and ``b`` are absolute values, not multiples of ``std``. Warns where ``mean`` is far outside of [a, b].
    """
    return _no_grad_trunc_normal_(tensor, mean, std, a, b, generator)


def constant_(tensor: torch.Tensor, val: float) -> torch.Tensor:
    """Fills the tensor, in place, with one value."""
    return _no_grad_fill_(tensor, val)


def ones_(tensor: torch.Tensor) -> torch.Tensor:
    """Fills the tensor, in place, with ones."""
    return _no_grad_fill_(tensor, 1.0)


def zeros_(tensor: torch.Tensor) -> torch.Tensor:
    """Fills the tensor, in place, with zeros."""
    return _no_grad_zero_(tensor)


def eye_(tensor: torch.Tensor) -> torch.Tensor:
    """Makes a 2-D tensor, in place, the identity matrix; ValueError for any other number of dimensions."""
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with torch.no_grad():
        torch.eye(*tensor.shape, out=tensor, requires_grad=tensor.requires_grad)
    return tensor


def dirac_(tensor: torch.Tensor, groups: int = 1) -> torch.Tensor:
    """Makes a convolution weight of 3, 4 or 5 dimensions, in place, keep each of its first input channels as it is.

    Args:
        tensor: weight of shape (out_channels, in_channels / groups, *kernel).
        groups: each group of output channels gets the identity. ``out_channels`` must be a multiple (ValueError).
    """
    dimensions = tensor.ndimension()
    if dimensions not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    sizes = tensor.size()
    if sizes[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    per_group = sizes[0] // groups
    centre = tuple(size // 2 for size in sizes[2:])
    with torch.no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(per_group, sizes[1])):
                place = (group * per_group + channel, channel, *centre)
                tensor[place] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor: torch.Tensor) -> tuple[int, int]:
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.size(1) * field, tensor.size(0) * field


def _calculate_correct_fan(tensor: torch.Tensor, mode: _FanMode) -> int:
    lowered = mode.lower()
    if lowered not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of {['fan_in', 'fan_out']}")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if lowered == "fan_in" else fan_out


def xavier_uniform_(tensor: torch.Tensor, gain: float = 1.0, generator: Any = None) -> torch.Tensor:
    """Fills the tensor, in place, uniformly on [-b, b) with b = gain * sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    ValueError for fewer than 2 dimensions.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return _no_grad_uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: torch.Tensor, gain: float = 1.0, generator: Any = None) -> torch.Tensor:
    """Fills the tensor, in place, with N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)).

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    ValueError for fewer than 2 dimensions.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return _no_grad_normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def _kaiming_std(tensor: torch.Tensor, a: float, mode: _FanMode, nonlinearity: _NonlinearityType) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: torch.Tensor,
    a: float = 0,
    mode: _FanMode = "fan_in",
    nonlinearity: _NonlinearityType = "leaky_relu",
    generator: Any = None,
) -> torch.Tensor:
    """Fills the tensor, in place, uniformly on [-b, b) with b = gain * sqrt(3 / fan).

    He et al., Delving deep into rectifiers, 2015.

    Args:
        tensor: of at least 2 dimensions (ValueError).
        a: the negative slope, for ``nonlinearity='leaky_relu'``.
        mode: ``'fan_in'`` keeps the variance in the forward pass, ``'fan_out'`` in the backward pass.
        nonlinearity: as for `calculate_gain`.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return _no_grad_uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: torch.Tensor,
    a: float = 0,
    mode: _FanMode = "fan_in",
    nonlinearity: _NonlinearityType = "leaky_relu",
    generator: Any = None,
) -> torch.Tensor:
    """Fills the tensor, in place, with N(0, std^2), std = gain / sqrt(fan).

    He et al., Delving deep into rectifiers, 2015. Arguments as for `kaiming_uniform_`.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return _no_grad_normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: torch.Tensor, gain: float = 1, generator: Any = None) -> torch.Tensor:
    """Fills the tensor, in place, with a (semi) orthogonal matrix; trailing dimensions count as one.

    Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2013.
    ValueError for fewer than 2 dimensions.
    """
    if tensor.ndimension() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    cols = tensor.numel() // rows
    # On the host, so that a network begins alike wherever it is.
    drawn = torch.empty((rows, cols), dtype=tensor.dtype, device="cpu").normal_(0, 1, generator=generator)
    wide = rows < cols
    if wide:
        drawn.t_()
    q, r = torch.linalg.qr(drawn)
    # The signs of R's diagonal make the distribution uniform over the group (arXiv math-ph/0609050).
    q *= torch.diag(r, 0).sign()
    if wide:
        q.t_()
    with torch.no_grad():
        tensor.view(q.shape).copy_(q)
        tensor.mul_(gain)
    return tensor


def sparse_(tensor: torch.Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> torch.Tensor:
    """Fills a 2-D tensor, in place, with N(0, std^2), then zeroes a fraction of each column.

    Martens, Deep learning via Hessian-free optimization, 2010.

    Args:
        tensor: a matrix (ValueError otherwise).
        sparsity: fraction of the elements of each column that become 0, rounded up to whole elements.
        std: standard deviation of the others.
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, cols = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with torch.no_grad():
        tensor.normal_(0, std, generator=generator)
        for col in range(cols):
            tensor[torch.randperm(rows, device="cpu")[:zeros], col] = 0
    return tensor


def _renamed(new: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    new_name = new.__name__
    old_name = new_name[:-1]

    def deprecated_init(*args: Any, **kwargs: Any) -> torch.Tensor:
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.", FutureWarning, stacklevel=2
        )
        return new(*args, **kwargs)

    deprecated_init.__name__ = deprecated_init.__qualname__ = old_name
    deprecated_init.__doc__ = f"Old name of `{new_name}`; warns that it is."
    return deprecated_init


uniform = _renamed(uniform_)
normal = _renamed(normal_)
constant = _renamed(constant_)
eye = _renamed(eye_)
dirac = _renamed(dirac_)
xavier_uniform = _renamed(xavier_uniform_)
xavier_normal = _renamed(xavier_normal_)
kaiming_uniform = _renamed(kaiming_uniform_)
kaiming_normal = _renamed(kaiming_normal_)
orthogonal = _renamed(orthogonal_)
sparse = _renamed(sparse_)
