"""Muon: momentum whose step for a matrix is made nearly orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import rusttorch as torch

from ._tensorwise import Tensor, zeros_like
from .optimizer import Optimizer, ParamsT, _call_closure, _get_value

__all__ = ["Muon"]


def _orthogonalized(update: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """The bfloat16 matrix that Newton-Schulz iterations make of ``update`` (2-dim): its singular values go to 1.

    One iteration is ``x = a * x + (b * m + c * m @ m) @ x`` with ``m = x @ x.T``, on the wide side of the matrix.
    """
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if update.dim() != 2:
        raise ValueError("Input tensor gradient must be a 2D matrix")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    tall = update.size(0) > update.size(1)
    x = update.bfloat16()
    if tall:
        x = x.t()
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        m = x @ x.t()
        m = torch.addmm(m, m, m, beta=b, alpha=c)
        x = torch.addmm(x, m, x, beta=a)
    return x.t() if tall else x


class Muon(Optimizer):
    """Muon: ``p -= lr * weight_decay * p``, then ``p -= lr' * orthogonalized(momentum)``, for 2-dim parameters.

    Sources: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); ``match_rms_adamw``:
    Liu et al., "Muon is Scalable for LLM Training" (2025).

    Args:
        params: 2-dim tensors, named tensors or groups to optimize; give biases and embeddings to another optimizer.
        lr: learning rate (default 1e-3).
        weight_decay: decoupled, as AdamW's (default 0.1).
        momentum: weight of the running mean of the gradients (default 0.95).
        nesterov: mix the gradient into the mean once more (default True).
        ns_coefficients: ``(a, b, c)`` of the iteration (default (3.4445, -4.775, 2.0315)).
        eps: smallest norm to divide by (default 1e-7).
        ns_steps: number of iterations (default 5).
        adjust_lr_fn: ``lr'`` is lr times ``sqrt(max(1, rows / cols))`` for "original" or None, and times
            ``0.2 * sqrt(max(rows, cols))`` for "match_rms_adamw" (default None).

    Raises:
        ValueError: an option out of its range, or a parameter that is not 2-dim.
        RuntimeError: a complex parameter.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns the closure's loss, or None."""
        loss = _call_closure(closure)
        for group in self.param_groups:
            lr, momentum = _get_value(group["lr"]), group["momentum"]
            for p in group["params"]:
                grad = p.grad
                if grad is None:
                    continue
                if p.is_complex():
                    raise RuntimeError("Muon does not support complex parameters")
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = zeros_like(grad)
                buffer = state["momentum_buffer"]
                buffer.lerp_(grad, 1 - momentum)
                update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
                update = _orthogonalized(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
                rows, cols = p.shape
                scale = math.sqrt(max(1, rows / cols))
                if group["adjust_lr_fn"] == "match_rms_adamw":
                    scale = 0.2 * math.sqrt(max(rows, cols))
                p.mul_(1 - lr * group["weight_decay"])
                p.add_(update, alpha=-lr * scale)
        return loss
