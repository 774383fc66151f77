"""Rprop: each element has a step size of its own that grows while its gradient keeps its sign."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_value

__all__ = ["Rprop"]


class Rprop(TensorwiseOptimizer):
    """Resilient backpropagation: ``p -= sign(g) * size``.

    An element's size is multiplied by ``etas[1]`` where its gradient kept its sign, by ``etas[0]`` where it changed;
    there the gradient then counts as 0.
    Source: Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning" (1993).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: the first size (default 1e-2).
        etas: factors of the size, ``0 < etas[0] < 1 < etas[1]`` (default (0.5, 1.2)).
        step_sizes: smallest and largest size (default (1e-6, 50)).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.
        foreach: accepted; it changes nothing.
        maximize, differentiable: as in SGD (default False).

    Raises:
        ValueError: an option out of its range.
    """

    _adds_weight_decay = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        lr = _get_value(group["lr"])
        state["prev"] = zeros_like(p)
        grad: Any = p.grad
        state["step_size"] = torch.full_like(grad, complex(lr, lr) if p.is_complex() else lr)

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        return NativeStep("rprop", ("prev", "step_size"), (*group["etas"], *group["step_sizes"]))

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        eta_minus, eta_plus = group["etas"]
        prev, step_size = state["prev"], state["step_size"]
        # Autograd would see the state change at the next step, so a recorded step uses copies.
        agreement = grad.mul(prev.clone() if group["differentiable"] else prev)
        factor = torch.ones_like(agreement)
        factor.masked_fill_(agreement.gt(0), eta_plus).masked_fill_(agreement.lt(0), eta_minus)
        step_size.mul_(factor).clamp_(*group["step_sizes"])
        grad = grad.masked_fill(agreement.lt(0), 0)
        p.addcmul_(grad.sign(), step_size.clone() if group["differentiable"] else step_size, value=-1)
        prev.copy_(grad)
