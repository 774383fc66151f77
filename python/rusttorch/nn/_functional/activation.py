"""Activations: elementwise nonlinearities, gates and softmaxes."""

from __future__ import annotations

import warnings
from typing import Any

import rusttorch as torch
from rusttorch import _C


def threshold(input: torch.Tensor, threshold: float, value: float, inplace: bool = False) -> torch.Tensor:
    """x where x > threshold, ``value`` elsewhere. Any shape and real dtype."""
    return _C.threshold_(input, threshold, value) if inplace else _C.threshold(input, threshold, value)


def relu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """max(0, x). Any shape and real dtype."""
    return _C.relu_(input) if inplace else _C.relu(input)


def relu6(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """min(max(0, x), 6). Any shape and real dtype."""
    return _C._nn.relu6_(input) if inplace else _C._nn.relu6(input)


def glu(input: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """a * sigmoid(b), a and b the two halves along ``dim``, whose size must be even (RuntimeError).

    Dauphin et al., Language modeling with gated convolutional networks, 2016.
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _C._nn.glu(input, dim)


def hardtanh(input: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """x clamped to [min_val, max_val]. Any shape and real dtype; ValueError where min_val > max_val."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _C._nn.hardtanh_(input, min_val, max_val) if inplace else _C._nn.hardtanh(input, min_val, max_val)


def elu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """x where x > 0, alpha * (exp(x) - 1) elsewhere. Clevert et al., 2015."""
    return _C._nn.elu_(input, alpha) if inplace else _C._nn.elu(input, alpha)


def selu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """scale * elu(x, alpha) with the two constants of Klambauer et al., Self-normalizing neural networks, 2017."""
    return _C.selu_(input) if inplace else _C.selu(input)


def celu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). Barron, 2017."""
    return _C.celu_(input, alpha) if inplace else _C.celu(input, alpha)


def leaky_relu(input: torch.Tensor, negative_slope: float = 0.01, inplace: bool = False) -> torch.Tensor:
    """x where x > 0, negative_slope * x elsewhere."""
    return _C._nn.leaky_relu_(input, negative_slope) if inplace else _C._nn.leaky_relu(input, negative_slope)


def rrelu(
    input: torch.Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """Leaky relu whose slope is drawn for each element from [lower, upper) in training, and is their mean otherwise."""
    if inplace:
        return _C.rrelu_(input, lower, upper, training)
    return _C.rrelu(input, lower, upper, training)


def silu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """x * sigmoid(x), also called swish. Hendrycks and Gimpel, 2016."""
    return _C._nn.silu_(input) if inplace else _C._nn.silu(input)


def mish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """x * tanh(softplus(x)). Misra, 2019."""
    return _C._nn.mish_(input) if inplace else _C._nn.mish(input)


def hardswish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """x * relu6(x + 3) / 6. Howard et al., Searching for MobileNetV3, 2019."""
    return _C._nn.hardswish_(input) if inplace else _C._nn.hardswish(input)


def hardsigmoid(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """relu6(x + 3) / 6."""
    return _C._nn.hardsigmoid_(input) if inplace else _C._nn.hardsigmoid(input)


def sigmoid(input: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def tanh(input: torch.Tensor) -> torch.Tensor:
    """Hyperbolic tangent."""
    return input.tanh()


def tanhshrink(input: torch.Tensor) -> torch.Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


def softsign(input: torch.Tensor) -> torch.Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def _get_softmax_dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """exp(x) / sum(exp(x)) along ``dim``.

    Args:
        input: any shape, floating point (or any, with ``dtype``).
        dim: Leaving it out is deprecated; it means 0 for 0, 1 or 3 dimensions, else 1.
        dtype: the input is cast to it first. Default: no cast.
    """
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return _C.softmax(input, dim) if dtype is None else _C.softmax(input, dim, dtype=dtype)


def softmin(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """``softmax(-input)``, with the same arguments."""
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return _C.softmax(-input, dim) if dtype is None else _C.softmax(-input, dim, dtype=dtype)


def log_softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """``log(softmax(input))``, computed without its overflow and rounding; the same arguments."""
    if dim is None:
        dim = _get_softmax_dim("log_softmax", input.dim(), _stacklevel)
    return _C.log_softmax(input, dim) if dtype is None else _C.log_softmax(input, dim, dtype=dtype)


def gumbel_softmax(
    logits: torch.Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> torch.Tensor:
    """Samples of the Gumbel-softmax distribution. Jang et al., 2016; Maddison et al., 2016.

    Args:
        logits: unnormalised log probabilities, any shape.
        tau: temperature, greater than 0.
        hard: whether the result is one-hot, with the gradient of the soft sample.
        eps: deprecated, without effect (warns when it is set).
        dim: along which the result sums to 1.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    exponential = torch.empty_like(logits, memory_format=torch.legacy_contiguous_format).exponential_()
    soft = ((logits - exponential.log()) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = torch.zeros_like(logits, memory_format=torch.legacy_contiguous_format).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


def normalize(
    input: torch.Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: torch.Tensor | None = None
) -> torch.Tensor:
    """x / max(norm_p(x), eps), the norm taken along ``dim`` (one or several dimensions).

    Args:
        input: floating point or complex, any shape.
        p: order of the norm. Default: 2.
        eps: smallest denominator.
        out: where the result goes; gradients are then not recorded.
    """
    norm = input.norm(p, dim, keepdim=True)
    if out is None:
        return input / norm.clamp_min(eps).expand_as(input)
    return _C.div(input, norm.clamp_min_(eps).expand_as(input), out=out)
