"""Losses between predictions and targets of the same kind, and losses of classification."""

from __future__ import annotations

import math
import warnings
from typing import Any

import rusttorch as torch
from rusttorch import _C

from .._reduction import get_enum, legacy_get_string, resolve, resolve_enum


def _warn_size(input: torch.Tensor, target: torch.Tensor) -> None:
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _reduce_weighted(errors: torch.Tensor, reduction: str, divisor: torch.Tensor | None) -> torch.Tensor:
    """Reduces errors that already carry their weights; the mean divides by ``divisor``, or by their number."""
    if reduction == "none":
        return errors
    if reduction == "sum":
        return errors.sum()
    if reduction == "mean":
        return errors.mean() if divisor is None else errors.sum() / divisor.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


def _check_weight(weight: torch.Tensor, input: torch.Tensor) -> None:
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")


def l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """|input - target|.

    Args:
        input, target: of one shape (a warning tells otherwise), floating point or complex.
        size_average, reduce: deprecated spellings of ``reduction``.
        reduction: ``'none'`` (shape of the input), ``'mean'`` or ``'sum'`` (a scalar).
        weight: shape of the input (ValueError): factor of each error; the mean divides by its sum.
    """
    _warn_size(input, target)
    reduction = resolve(reduction, size_average, reduce)
    input_, target_ = _C.broadcast_tensors((input, target))
    if weight is None:
        return _C._nn.l1_loss(input_, target_, get_enum(reduction))
    _check_weight(weight, input)
    return _reduce_weighted((input_ - target_).abs() * weight, reduction, weight)


def mse_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """(input - target)^2; arguments as for `l1_loss`."""
    _warn_size(input, target)
    reduction = resolve(reduction, size_average, reduce)
    input_, target_ = _C.broadcast_tensors((input, target))
    if weight is None:
        return _C._nn.mse_loss(input_, target_, get_enum(reduction))
    _check_weight(weight, input)
    return _reduce_weighted((input_ - target_).pow(2) * weight, reduction, weight)


def smooth_l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> torch.Tensor:
    """d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere, d = input - target. Girshick, Fast R-CNN, 2015.

    ``beta = 0`` is `l1_loss`; the other arguments are as there.
    """
    _warn_size(input, target)
    enum = resolve_enum(reduction, size_average, reduce)
    input_, target_ = _C.broadcast_tensors((input, target))
    if beta == 0.0:
        return _C._nn.l1_loss(input_, target_, enum)
    return _C._nn.smooth_l1_loss(input_, target_, enum, beta)


def huber_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """d^2 / 2 where |d| <= delta, delta * (|d| - delta / 2) elsewhere, d = input - target. Huber, 1964.

    Args:
        input, target: of one shape (a warning tells otherwise).
        weight: shape of the input (ValueError): factor of each error; the mean is over the number of elements.
    """
    _warn_size(input, target)
    input_, target_ = _C.broadcast_tensors((input, target))
    if weight is None:
        return _C._nn.huber_loss(input_, target_, get_enum(reduction), delta)
    _check_weight(weight, input)
    return _reduce_weighted(_C._nn.huber_loss(input_, target_, 0, delta) * weight, reduction, None)


def nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Negative log likelihood: -input[n, target[n]] * weight[target[n]].

    Args:
        input: log probabilities, shape (N, C), (C,) or (N, C, d1, ..., dK).
        target: classes, int64, shape (N,), () or (N, d1, ..., dK).
        weight: of each class, shape (C,); the mean divides by the sum of those used. Default: 1.
        ignore_index: class that counts as 0 and not towards the mean.
    """
    enum = resolve_enum(reduction, size_average, reduce)
    return _C._nn.nll_loss_nd(input, target, weight, enum, ignore_index)


def cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """`nll_loss` of the log softmax of ``input`` over the classes.

    Args:
        input: unnormalised scores, shape (N, C), (C,) or (N, C, d1, ..., dK).
        target: classes as in `nll_loss`, or probabilities in the shape of the input.
        label_smoothing: in [0, 1]: share of the uniform distribution in the target. Szegedy et al., 2015.
        others: as for `nll_loss`.
    """
    enum = resolve_enum(reduction, size_average, reduce)
    return _C._nn.cross_entropy_loss(input, target, weight, enum, ignore_index, label_smoothing)


def binary_cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """-(target * log(input) + (1 - target) * log(1 - input)), each logarithm at least -100.

    Args:
        input: probabilities in [0, 1] (RuntimeError), any shape.
        target: of the same shape (ValueError).
        weight: factor of each element, broadcast to the target.
    """
    enum = resolve_enum(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(torch.broadcast_shapes(target.size(), weight.size()))
    return _C._nn.binary_cross_entropy(input, target, weight, enum)


def binary_cross_entropy_with_logits(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """`binary_cross_entropy` of sigmoid(input), computed by log-sum-exp.

    Args:
        input: scores, any shape.
        target: of the same shape (ValueError).
        weight: factor of each element.
        pos_weight: factor of the positive term, broadcast to the target.
    """
    enum = resolve_enum(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, enum)


def kl_div(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> torch.Tensor:
    """Kullback-Leibler divergence: target * (log(target) - input).

    Args:
        input: log probabilities.
        target: probabilities, or their logarithms with ``log_target``.
        reduction: also ``'batchmean'``: the sum divided by the first size, which is the mathematical definition.
    """
    if size_average is not None or reduce is not None:
        enum = get_enum(legacy_get_string(size_average, reduce))
    elif reduction == "batchmean":
        enum = get_enum("sum")
    else:
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size."
                "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
                "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
                stacklevel=2,
            )
        enum = get_enum(reduction)
    result = _C.kl_div(input, target, enum, log_target=log_target)
    if reduction == "batchmean" and input.dim() != 0:
        result = result / input.size()[0]
    return result


def poisson_nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Negative log likelihood of counts under a Poisson distribution.

    Args:
        input: the expectation, or its logarithm with ``log_input``.
        full: whether Stirling's approximation of log(target!) is added where target > 1.
        eps: keeps log(input + eps) finite where not ``log_input``.
    """
    reduction = resolve(reduction, size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    return _C.poisson_nll_loss(input, target, log_input, full, eps, get_enum(reduction))


def gaussian_nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    var: torch.Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> torch.Tensor:
    """(log(v) + (input - target)^2 / v) / 2 with v = max(var, eps). Nix and Weigend, 1994.

    Args:
        input: expectations, any shape.
        var: a number, or of the input's shape, or that with the last dimension missing or one size 1 (ValueError);
            never negative (ValueError). ``eps`` bounds it without changing its gradient.
        full: whether log(2 pi) / 2 is added.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        variance: torch.Tensor = var * torch.ones_like(input)
    else:
        variance = var
        if (var < 0).any():
            raise ValueError("var has negative entry/entries")
    if variance.size() != input.size():
        if input.size()[:-1] == variance.size():
            variance = variance.unsqueeze(-1)
        else:
            differing = [v for x, v in zip(input.size(), variance.size()) if x != v]
            if input.ndim != variance.ndim or sum(differing) != 1:
                raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    variance = variance.clone()
    with torch.no_grad():
        variance.clamp_(min=eps)
    loss = 0.5 * (variance.log() + (input - target) ** 2 / variance)
    if full:
        loss += 0.5 * math.log(2 * math.pi)
    return _reduce_weighted(loss, reduction, None)


def soft_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """log(1 + exp(-target * input)), target 1 or -1."""
    return _C._nn.soft_margin_loss(input, target, resolve_enum(reduction, size_average, reduce))


def multilabel_soft_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Mean over the classes of `binary_cross_entropy_with_logits`.

    Args:
        input, target: shape (N, C) or (C,).
        weight: of each class, shape (C,).
    """
    reduction = resolve(reduction, size_average, reduce)
    log_sigmoid = _C._nn.log_sigmoid
    loss = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    class_dim = input.dim() - 1
    loss = loss.sum(dim=class_dim) / input.size(class_dim)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    return _reduce_weighted(loss, reduction, None)


def linear_cross_entropy(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    *,
    linear_bias: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> torch.Tensor:
    """`cross_entropy` of ``linear(input, linear_weight, linear_bias)``.

    Args:
        input: shape (N, in_features) or (in_features,).
        linear_weight: shape (num_classes, *out_features, in_features).
        target: classes, shape (N, *out_features), or probabilities, shape (N, num_classes, *out_features).
        linear_bias: shape (num_classes, *out_features).
        weight: of each class, shape (num_classes,).
        ignore_index: only with classes (RuntimeError). Default: -100.
        options: a `LinearCrossEntropyOptions`: the batch is processed in chunks, so that the matrix of all scores
            never exists. Only for int64 targets without ``out_features`` and ``label_smoothing`` (a warning tells).
    """
    if not 1 <= input.dim() <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    batch, in_features = tuple(input.shape[:-1]), input.shape[-1]
    if in_features != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {in_features} and {linear_weight.shape[-1]}, respectively"
        )
    classes, *out_features = linear_weight.shape[:-1]
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *out_features):
        raise RuntimeError(f"expected linear_bias shape {(classes, *out_features)}, got {tuple(linear_bias.shape)}")
    if out_features and not batch:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {in_features}), got unbatched input with shape {tuple(input.shape)}"
        )
    scores_shape = (*batch, classes, *out_features)
    if tuple(target.shape) == scores_shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignore = -100 if ignore_index is None else ignore_index
    if options is not None:
        plain = reduction in ("mean", "sum", "none") and label_smoothing == 0.0 and not out_features
        if plain and target.dtype == torch.int64:
            from ..modules.linear_cross_entropy import chunked_linear_cross_entropy

            return chunked_linear_cross_entropy(
                input, linear_weight, target, linear_bias, weight, reduction, ignore, options
            )
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == (). Got "
            f"reduction={reduction!r}, label_smoothing={label_smoothing}, target.dtype={target.dtype}, "
            f"out_features={tuple(out_features)}, tracing=False, "
            f"linear_bias.shape={tuple(linear_bias.shape) if linear_bias is not None else None}.",
            stacklevel=2,
        )
    if out_features:
        linear_weight = linear_weight.reshape(-1, in_features)
        linear_bias = linear_bias if linear_bias is None else linear_bias.reshape(-1)
    scores = _C._nn.linear(input, linear_weight, linear_bias).reshape(scores_shape)
    return cross_entropy(
        scores, target, weight=weight, reduction=reduction, ignore_index=ignore, label_smoothing=label_smoothing
    )
