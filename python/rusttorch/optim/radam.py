"""RAdam: Adam that steps without its second moment until enough gradients have been seen to trust it."""

from __future__ import annotations

import math
from typing import Any

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_value

__all__ = ["RAdam"]


class RAdam(TensorwiseOptimizer):
    """RAdam: Adam's step times a factor that rectifies the variance of its early second moments.

    With ``rho_inf = 2 / (1 - beta2) - 1`` and ``rho = rho_inf - 2 * t * beta2 ** t / (1 - beta2 ** t)``, steps with
    ``rho <= 5`` use the first moment alone.
    Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2020).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 1e-3).
        betas: decay of the two means (default (0.9, 0.999)).
        eps: added to the denominator (default 1e-8).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        decoupled_weight_decay: shrink the parameters themselves, as AdamW does (default False).
        foreach: accepted; it changes nothing.
        maximize, differentiable: as in SGD (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.

    Raises:
        ValueError: an option out of its range.
    """

    _later_options = {**TensorwiseOptimizer._later_options, "decoupled_weight_decay": False}
    _adds_weight_decay = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["exp_avg"] = zeros_like(p)
        state["exp_avg_sq"] = zeros_like(p)

    @staticmethod
    def _rectification(beta2: float, step: float) -> tuple[float, float] | None:
        """The factors that undo the bias and the variance of the second moments' root; None in early steps."""
        bias_correction2 = 1 - beta2**step
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * step * beta2**step / bias_correction2
        if rho <= 5.0:
            return None
        return bias_correction2**0.5, ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        beta1, beta2 = group["betas"]
        step_size = _get_value(group["lr"]) / (1 - beta1**step)
        factors = self._rectification(beta2, step)
        return NativeStep(
            "radam",
            ("exp_avg", "exp_avg_sq"),
            (step_size, math.prod(factors or ()), 1 - beta1, 1 - beta2, beta2, group["eps"]),
            (factors is not None,),
        )

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        lr = _get_value(group["lr"])
        beta1, beta2 = group["betas"]
        weight_decay = group["weight_decay"]
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        if weight_decay != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(p, alpha=weight_decay)
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        update = exp_avg / (1 - beta1**step) * lr
        factors = self._rectification(beta2, step)
        if factors is not None:
            root = exp_avg_sq.sqrt()
            root = root.add(group["eps"]) if group["differentiable"] else root.add_(group["eps"])
            update = update * (factors[0] / root) * factors[1]
        p.add_(update, alpha=-1.0)
