"""Cross entropy of a linear layer, chunk by chunk, so that the scores of the whole batch never exist at once."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch import _C
from rusttorch.autograd import Function

from .linear_cross_entropy_options import LinearCrossEntropyOptions


def _chunk_loss(
    rows: Any, weight: Any, bias: Any, target: Any, class_weight: Any, reduction: int, ignore_index: int
) -> torch.Tensor:
    scores = _C._nn.linear(rows, weight, bias)
    return _C._nn.cross_entropy_loss(scores, target, class_weight, reduction, ignore_index, 0.0)


def _chunk_gradients(
    tensors: tuple[Any, ...],
    target: Any,
    class_weight: Any,
    ignore_index: int,
    needed: list[bool],
    upstream: Any,
) -> tuple[Any, list[Any]]:
    """Losses of the rows of a chunk, summed or each, and gradients of those among (rows, weight, bias) needed."""
    leaves: list[Any] = [None if x is None else x.detach().requires_grad_(wanted) for x, wanted in zip(tensors, needed)]
    with torch.enable_grad():
        rows, weight, bias = leaves
        loss = _chunk_loss(rows, weight, bias, target, class_weight, 0, ignore_index)
        total = loss.sum() if upstream is None else (loss * upstream).sum()
    wanted = [leaf for leaf, flag in zip(leaves, needed) if flag]
    found = iter(torch.autograd.grad(total, wanted) if wanted else ())
    return loss.detach(), [next(found) if flag else None for flag in needed]


class _ChunkedLinearCrossEntropy(Function):
    """Sum of the losses of all rows, times a factor. The gradients are computed in forward, with the chunks at hand."""

    @staticmethod
    def forward(
        ctx: Any,
        input: Any,
        weight: Any,
        bias: Any,
        target: Any,
        class_weight: Any,
        factor: Any,
        ignore_index: int,
        chunk: int,
        sums: Any,
        keep: bool,
    ) -> Any:
        needed = list(ctx.needs_input_grad[:3])
        total = torch.zeros((), dtype=sums, device=input.device)
        grads: list[Any] = [
            torch.empty_like(input) if needed[0] else None,
            torch.zeros_like(weight, dtype=sums) if needed[1] else None,
            torch.zeros_like(bias, dtype=sums) if needed[2] else None,
        ]
        for start in range(0, input.size(0), chunk):
            rows, labels = input[start : start + chunk], target[start : start + chunk]
            loss, found = _chunk_gradients((rows, weight, bias), labels, class_weight, ignore_index, needed, None)
            total += loss.sum(dtype=sums)
            if needed[0]:
                grads[0][start : start + chunk] = found[0]
            for place in (1, 2):
                if needed[place]:
                    grads[place] += found[place]
        ctx.grads = [
            None if grad is None else (grad * factor).to(tensor.dtype)
            for grad, tensor in zip(grads, (input, weight, bias))
        ]
        ctx.keep = keep
        return (total * factor).to(input.dtype)

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        if ctx.grads is None:
            raise RuntimeError(
                "linear_cross_entropy: backward through the chunked path a second time. Construct "
                "LinearCrossEntropyOptions with allow_retain_graph=True to allow it."
            )
        result = [None if grad is None else grad * grad_output for grad in ctx.grads]
        if not ctx.keep:
            ctx.grads = None
        return (*result, *[None] * 7)


class _ChunkedLinearCrossEntropyRows(Function):
    """The loss of each row. Backward computes the chunks a second time."""

    @staticmethod
    def forward(
        ctx: Any, input: Any, weight: Any, bias: Any, target: Any, class_weight: Any, ignore_index: int, chunk: int
    ) -> Any:
        ctx.save_for_backward(input, weight, bias, target, class_weight)
        ctx.ignore_index, ctx.chunk = ignore_index, chunk
        return torch.cat(
            [
                _chunk_loss(
                    input[start : start + chunk],
                    weight,
                    bias,
                    target[start : start + chunk],
                    class_weight,
                    0,
                    ignore_index,
                )
                for start in range(0, input.size(0), chunk)
            ]
        )

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        input, weight, bias, target, class_weight = ctx.saved_tensors
        needed = list(ctx.needs_input_grad[:3])
        totals: list[Any] = [
            torch.empty_like(input) if needed[0] else None,
            torch.zeros_like(weight) if needed[1] else None,
            torch.zeros_like(bias) if needed[2] else None,
        ]
        for start in range(0, input.size(0), ctx.chunk):
            part = slice(start, start + ctx.chunk)
            tensors = (input[part], weight, bias)
            _, found = _chunk_gradients(
                tensors, target[part], class_weight, ctx.ignore_index, needed, grad_output[part]
            )
            if needed[0]:
                totals[0][part] = found[0]
            for place in (1, 2):
                if needed[place]:
                    totals[place] += found[place]
        return (*totals, None, None, None, None)


def _mean_factor(target: Any, class_weight: Any, ignore_index: int, dtype: Any) -> Any:
    """One over the weights of the rows that count."""
    counted = target != ignore_index
    if class_weight is None:
        return 1.0 / counted.sum().to(dtype)
    labels = torch.where(counted, target, torch.zeros_like(target))
    return 1.0 / (class_weight[labels].to(dtype) * counted.to(dtype)).sum()


def chunked_linear_cross_entropy(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    linear_bias: torch.Tensor | None,
    weight: torch.Tensor | None,
    reduction: str,
    ignore_index: int,
    options: LinearCrossEntropyOptions,
) -> torch.Tensor:
    """`functional.linear_cross_entropy` of classes, in chunks of rows; arguments as there.

    Differentiable once, by ``input``, ``linear_weight`` and ``linear_bias``.
    """
    single = input.dim() == 1
    if single:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    chunk = options.chunk_size(input.size(0), input.size(1), linear_weight.size(0), input.dtype)
    if reduction == "none":
        losses = _ChunkedLinearCrossEntropyRows.apply(
            input, linear_weight, linear_bias, target, weight, ignore_index, chunk
        )
        return losses.squeeze(0) if single else losses
    sums = options.sum_dtype(input.dtype)
    factor = 1.0 if reduction == "sum" else _mean_factor(target, weight, ignore_index, sums)
    return _ChunkedLinearCrossEntropy.apply(
        input,
        linear_weight,
        linear_bias,
        target,
        weight,
        factor,
        ignore_index,
        chunk,
        sums,
        options.allow_retain_graph,
    )
