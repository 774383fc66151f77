"""The one operation that the layers do not find in the engine: local response normalisation across maps."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch.autograd import Function

from .. import functional as F


def _window_sums(x: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """For each channel of (N, C, H, W) the sum over it, ``before`` channels before it and ``after`` after it."""
    padded = F.pad(x.unsqueeze(1), (0, 0, 0, 0, before, after))
    width = before + after + 1
    return F.avg_pool3d(padded, (width, 1, 1), stride=1).squeeze(1) * width


class CrossMapLRN2d(Function):
    """x * (k + alpha / size * sum of x^2 over neighbouring channels)^-beta, with the windows that PyTorch has.

    Forward, the window keeps the first channel once it has moved past it; backward, it leans towards the first.
    """

    @staticmethod
    def forward(ctx: Any, input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> Any:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach = int((size - 1) / 2)
        squares = input * input
        moved_on = torch.arange(input.size(1), device=input.device) > reach
        sums = _window_sums(squares, reach, reach) + squares[:, :1] * moved_on.to(input.dtype).view(-1, 1, 1)
        scale = sums * (alpha / size) + k
        output = input * scale.pow(-beta)
        ctx.options = size, alpha, beta
        ctx.save_for_backward(input, output, scale)
        return output

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        input, output, scale = ctx.saved_tensors
        size, alpha, beta = ctx.options
        before = int(size - (size - 1) / 2)
        ratios = _window_sums(grad_output * output / scale, before, size - 1 - before)
        grad = scale.pow(-beta) * grad_output - input * ratios * (2 * alpha * beta / size)
        return grad, None, None, None, None
