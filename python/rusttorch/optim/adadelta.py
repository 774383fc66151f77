"""Adadelta: the ratio of two running means takes the place of a learning rate."""

from __future__ import annotations

from typing import Any

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_value

__all__ = ["Adadelta"]


class Adadelta(TensorwiseOptimizer):
    """Adadelta: the step is ``d = g * sqrt(u + eps) / sqrt(v + eps)``, then ``p -= lr * d``.

    ``v`` is the running mean of ``g ** 2``, ``u`` that of the earlier ``d ** 2``.
    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: factor of the step (default 1.0).
        rho: decay of both means (default 0.9).
        eps: added under the roots (default 1e-6).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        foreach: accepted; it changes nothing.
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.
        maximize, differentiable: as in SGD (default False).

    Raises:
        ValueError: an option out of its range.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["square_avg"] = zeros_like(p)
        state["acc_delta"] = zeros_like(p)

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        rho = group["rho"]
        return NativeStep(
            "adadelta", ("square_avg", "acc_delta"), (_get_value(group["lr"]), rho, 1 - rho, group["eps"])
        )

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        rho, eps = group["rho"], group["eps"]
        square_avg, acc_delta = state["square_avg"], state["acc_delta"]
        square_avg.mul_(rho).addcmul_(grad, grad, value=1 - rho)
        std = square_avg.add(eps).sqrt_()
        delta = acc_delta.add(eps).sqrt_()
        if group["differentiable"]:
            delta = delta.clone()
        delta.div_(std).mul_(grad)
        acc_delta.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        p.add_(delta, alpha=-_get_value(group["lr"]))
