"""Adamax: Adam with the infinity norm of the gradients in place of their mean square."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_value

__all__ = ["Adamax"]


class Adamax(TensorwiseOptimizer):
    """Adamax: ``p -= lr / (1 - beta1 ** t) * m / u``, with ``u = max(beta2 * u, |g| + eps)``.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), section 7.

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 2e-3).
        betas: decay of the mean and of the norm (default (0.9, 0.999)).
        eps: added to the gradient's size (default 1e-8).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        foreach: accepted; it changes nothing.
        maximize, differentiable: as in SGD (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.

    Raises:
        ValueError: an option out of its range.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i in (0, 1):
            if not 0.0 <= betas[i] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["exp_avg"] = zeros_like(p)
        state["exp_inf"] = zeros_like(p)

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        beta1, beta2 = group["betas"]
        step_size = _get_value(group["lr"]) / (1 - beta1**step)
        return NativeStep("adamax", ("exp_avg", "exp_inf"), (step_size, 1 - beta1, beta2, group["eps"]))

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        beta1, beta2 = group["betas"]
        exp_avg, exp_inf = state["exp_avg"], state["exp_inf"]
        exp_avg.lerp_(grad, 1 - beta1)
        exp_inf.copy_(torch.maximum(exp_inf * beta2, grad.abs() + group["eps"]))
        p.addcdiv_(exp_avg, exp_inf, value=-_get_value(group["lr"]) / (1 - beta1**step))
