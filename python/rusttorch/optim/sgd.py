"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C

from ._fused import alike
from .optimizer import (
    Optimizer,
    ParamsT,
    _call_closure,
    _check_fused_options,
    _check_fused_param,
    _get_value,
    _to_scalar,
    _use_grad_for_differentiable,
)

__all__ = ["SGD"]

Tensor = _C.Tensor


class SGD(Optimizer):
    """Stochastic gradient descent: ``p -= lr * g``, or with momentum ``b = momentum * b + (1 - dampening) * g``.

    The step is ``lr * b``, with Nesterov's momentum ``lr * (g + momentum * b)``; the first ``b`` is ``g`` itself.
    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate, a number or a one-element tensor (default 1e-3).
        momentum, dampening: see above (default 0).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        nesterov: use Nesterov's momentum (default False).
        maximize: ascend instead of descend (default False).
        foreach, fused: accepted; every step is one native call per group in any case.
        differentiable: record the step for autograd (default False).

    Raises:
        ValueError: a negative lr, momentum or weight decay; Nesterov's momentum without momentum or with dampening.
        RuntimeError: ``fused=True`` with ``foreach=True`` or ``differentiable=True``.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        if fused:
            self._step_supports_amp_scaling = True
            _check_fused_options(foreach, differentiable)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    @_use_grad_for_differentiable
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns the closure's loss, or None."""
        loss = _call_closure(closure)
        for group in self.param_groups:
            if group["differentiable"]:
                self._recorded_update(group)
            elif group["momentum"] == 0:
                params = []
                grads = []
                for p in group["params"]:
                    grad = p.grad
                    if grad is not None:
                        params.append(p)
                        grads.append(grad)
                self._native_update(group, params, grads, [], False)
            else:
                self._momentum_update(group)
        return loss

    def _momentum_update(self, group: dict[str, Any]) -> None:
        """Update a group that has momentum; parameters without a buffer yet get one, in a call of their own."""
        params, grads, buffers = [], [], []
        new_params, new_grads, new_buffers = [], [], []
        for p in group["params"]:
            grad = p.grad
            if grad is None:
                continue
            state = self.state[p]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = torch.empty_like(grad)
                new_params.append(p)
                new_grads.append(grad)
                new_buffers.append(buffer)
            else:
                params.append(p)
                grads.append(grad)
                buffers.append(buffer)
        self._native_update(group, params, grads, buffers, False)
        self._native_update(group, new_params, new_grads, new_buffers, True)

    def _native_update(
        self,
        group: dict[str, Any],
        params: list[Tensor],
        grads: list[Tensor],
        buffers: list[Tensor],
        is_first_step: bool,
    ) -> None:
        if not params:
            return
        if group["fused"]:
            for p in params:
                _check_fused_param(p)
        for some_params, some_grads, some_buffers in alike(params, grads, buffers):
            _C._fused_sgd_(
                some_params,
                some_grads,
                some_buffers,
                weight_decay=_get_value(group["weight_decay"]),
                momentum=group["momentum"],
                lr=_get_value(group["lr"]),
                dampening=group["dampening"],
                nesterov=group["nesterov"],
                maximize=group["maximize"],
                is_first_step=is_first_step,
                grad_scale=getattr(self, "grad_scale", None),
                found_inf=getattr(self, "found_inf", None),
            )

    def _recorded_update(self, group: dict[str, Any]) -> None:
        """The same update in ordinary ops, for autograd to record."""
        lr = _to_scalar(group["lr"])
        weight_decay = group["weight_decay"]
        momentum = group["momentum"]
        for p in group["params"]:
            if p.grad is None:
                continue
            grad = -p.grad if group["maximize"] else p.grad
            if isinstance(weight_decay, Tensor) and weight_decay.requires_grad:
                grad = grad.addcmul(p.clone(), weight_decay)
            elif weight_decay != 0:
                grad = grad.add(p, alpha=_get_value(weight_decay))
            if momentum != 0:
                state = self.state[p]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = state["momentum_buffer"] = grad.detach().clone()
                else:
                    buffer.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
                grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
            if isinstance(lr, Tensor) and lr.requires_grad:
                p.addcmul_(grad, lr, value=-1)
            else:
                p.add_(grad, alpha=-_get_value(lr))
