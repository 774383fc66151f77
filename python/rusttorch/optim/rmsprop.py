"""RMSprop: a running mean of the squared gradient scales each element's step."""

from __future__ import annotations

from typing import Any

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_value

__all__ = ["RMSprop"]


class RMSprop(TensorwiseOptimizer):
    """RMSprop: ``p -= lr * g / (sqrt(v) + eps)``, with ``v = alpha * v + (1 - alpha) * g ** 2``.

    ``centered`` takes the square of the gradient's own running mean off ``v``; with ``momentum`` the scaled
    gradients are summed up in a buffer that makes the step. Source: Tieleman and Hinton, Coursera lecture 6.5 (2012);
    centered: Graves, "Generating Sequences With Recurrent Neural Networks" (2013).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 1e-2).
        alpha: decay of the mean (default 0.99).
        eps: added to the root (default 1e-8).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        momentum: decay of the buffer (default 0, no buffer).
        centered, maximize, differentiable: see above and SGD (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.
        foreach: accepted; it changes nothing.

    Raises:
        ValueError: an option out of its range.
    """

    _later_options = {"momentum": 0, "centered": False, **TensorwiseOptimizer._later_options}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        if not 0.0 <= momentum:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if not 0.0 <= alpha:
            raise ValueError(f"Invalid alpha value: {alpha}")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["square_avg"] = zeros_like(p)
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        alpha, momentum, centered = group["alpha"], group["momentum"], group["centered"]
        return NativeStep(
            "rmsprop",
            ("square_avg", *["grad_avg"] * centered, *["momentum_buffer"] * (momentum > 0)),
            (_get_value(group["lr"]), alpha, 1 - alpha, group["eps"], momentum),
            (centered, momentum > 0),
        )

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        lr, alpha = _get_value(group["lr"]), group["alpha"]
        square_avg = state["square_avg"]
        square_avg.mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
        if group["centered"]:
            grad_avg = state["grad_avg"]
            grad_avg.lerp_(grad, 1 - alpha)
            root = square_avg.addcmul(grad_avg, grad_avg, value=-1).sqrt_()
        else:
            root = square_avg.sqrt()
        # The root is what autograd keeps of a square root, so a recorded step must not add to it in place.
        root = root.add(group["eps"]) if group["differentiable"] else root.add_(group["eps"])
        if group["momentum"] > 0:
            buffer = state["momentum_buffer"]
            buffer.mul_(group["momentum"]).addcdiv_(grad, root)
            p.add_(buffer, alpha=-lr)
        else:
            p.addcdiv_(grad, root, value=-lr)
