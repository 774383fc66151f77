"""Losses that compare scores, distances or sequences: margins, embeddings, triplets, CTC."""

from __future__ import annotations

from collections.abc import Callable

import rusttorch as torch
from rusttorch import _C

from .._reduction import get_enum, resolve_enum


def margin_ranking_loss(
    input1: torch.Tensor,
    input2: torch.Tensor,
    target: torch.Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """max(0, -target * (input1 - input2) + margin); target 1 where input1 is to rank higher, else -1.

    All three have one number of dimensions (RuntimeError).
    """
    enum = resolve_enum(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _C.margin_ranking_loss(input1, input2, target, margin, enum)


def hinge_embedding_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """The distance itself where target is 1, max(0, margin - distance) where it is -1."""
    return _C.hinge_embedding_loss(input, target, margin, resolve_enum(reduction, size_average, reduce))


def multilabel_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Hinge loss between each class that is a target and each that is none, divided by the number of classes.

    Args:
        input: scores, shape (N, C) or (C,).
        target: classes, int64, in the shape of the input; those of a row end at its first -1.
    """
    return _C._nn.multilabel_margin_loss(input, target, resolve_enum(reduction, size_average, reduce))


def multi_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by the number of classes.

    Args:
        input: scores, shape (N, C) or (C,).
        target: classes, shape (N,) or ().
        p: 1 or 2 (ValueError).
        weight: of each class, shape (C,) (ValueError).
    """
    enum = resolve_enum(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return _C._nn.multi_margin_loss(input, target, p, margin, weight, enum)


def cosine_embedding_loss(
    input1: torch.Tensor,
    input2: torch.Tensor,
    target: torch.Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """1 - cos(input1, input2) where target is 1, max(0, cos(input1, input2) - margin) where it is -1.

    Args:
        input1, input2: shape (N, D) or (D,).
        target: shape (N,) or ().
    """
    return _C.cosine_embedding_loss(input1, input2, target, margin, resolve_enum(reduction, size_average, reduce))


def triplet_margin_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """max(0, margin + |anchor - positive + eps|_p - |anchor - negative + eps|_p). Balntas et al., 2016.

    Args:
        anchor, positive, negative: shape (N, D) or (D,).
        margin: greater than 0 (ValueError).
        swap: whether the distance from positive to negative counts where it is the smaller one.
    """
    enum = resolve_enum(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _C.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, enum)


def triplet_margin_with_distance_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    *,
    distance_function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> torch.Tensor:
    """`triplet_margin_loss` with a distance of one's own.

    Args:
        anchor, positive, negative: of one number of dimensions (RuntimeError).
        distance_function: of two tensors. Default: `pairwise_distance`.
        margin: greater than 0 (ValueError).
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    distance = _C.pairwise_distance if distance_function is None else distance_function
    to_positive, to_negative = distance(anchor, positive), distance(anchor, negative)
    if swap:
        to_negative = to_negative.minimum(distance(positive, negative))
    loss = (margin + to_positive - to_negative).clamp_min(0)
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.mean()


def ctc_loss(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor,
    target_lengths: torch.Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> torch.Tensor:
    """Connectionist temporal classification. Graves et al., 2006.

    Args:
        log_probs: log probabilities, shape (T, N, C) or (T, C).
        targets: classes without blanks, shape (N, S), or all of them one after the other, shape (sum of lengths,).
        input_lengths, target_lengths: tensors of shape (N,) or tuples of ints.
        blank: class of the blank.
        reduction: the mean divides each loss by its target length first.
        zero_infinity: whether infinite losses, of inputs too short for their targets, count as 0 with gradient 0.
    """
    return _C.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, get_enum(reduction), zero_infinity)
