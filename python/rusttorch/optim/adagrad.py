"""Adagrad: the sum of an element's squared gradients so far scales its step."""

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
    _check_lr,
    _get_value,
    _host_number,
    _use_grad_for_differentiable,
)

__all__ = ["Adagrad"]

Tensor = _C.Tensor


class Adagrad(Optimizer):
    """Adagrad: ``p -= lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)``, with ``s`` the sum of ``g ** 2``.

    Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization"
    (2011).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 1e-2).
        lr_decay: see above (default 0).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        initial_accumulator_value: where ``s`` starts (default 0).
        eps: added to the root (default 1e-10).
        foreach, fused: accepted; every step is one native call per group in any case.
        maximize, differentiable: as in SGD (default False).

    Raises:
        ValueError: an option out of its range.
        RuntimeError: ``fused=True`` with ``foreach=True`` or ``differentiable=True``.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= lr_decay:
            raise ValueError(f"Invalid lr_decay value: {lr_decay}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if not 0.0 <= initial_accumulator_value:
            raise ValueError(f"Invalid initial_accumulator_value value: {initial_accumulator_value}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        if fused:
            self._step_supports_amp_scaling = True
            _check_fused_options(foreach, differentiable)
        for group in self.param_groups:
            for p in group["params"]:
                self._start(self.state[p], p)

    def _start(self, state: dict[str, Any], p: Tensor) -> None:
        first = self.defaults["initial_accumulator_value"]
        state["step"] = _host_number(0, torch.float32)
        state["sum"] = torch.full_like(
            p, complex(first, first) if p.is_complex() else first, memory_format=torch.preserve_format
        ).detach()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for _ in self._fill_options({"foreach": None, "maximize": False, "differentiable": False, "fused": None}):
            pass

    def share_memory(self) -> None:
        """Move the state to memory that other processes can share."""
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["sum"].share_memory_()

    @_use_grad_for_differentiable
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns the closure's loss, or None."""
        loss = _call_closure(closure)
        for group in self.param_groups:
            params, grads, sums, steps = [], [], [], []
            for p in group["params"]:
                grad = p.grad
                if grad is None:
                    continue
                if group["fused"]:
                    _check_fused_param(p)
                state = self.state[p]
                if not state:
                    self._start(state, p)
                params.append(p)
                grads.append(grad)
                sums.append(state["sum"])
                steps.append(state["step"])
            if group["differentiable"]:
                for p in params:
                    self._recorded_update(group, p, self.state[p])
            elif params:
                self._native_update(group, params, grads, sums, steps)
        return loss

    def _native_update(self, group: dict[str, Any], *lists: list[Tensor]) -> None:
        found_inf = getattr(self, "found_inf", None)
        _C._foreach_add_(lists[-1], 1)
        for some in alike(*lists):
            _C._fused_adagrad_(
                *some,
                lr=_get_value(group["lr"]),
                lr_decay=group["lr_decay"],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                maximize=group["maximize"],
                grad_scale=getattr(self, "grad_scale", None),
                found_inf=found_inf,
            )
        if found_inf is not None:  # a step that was not taken does not count
            for step in lists[-1]:
                step.sub_(found_inf)

    @staticmethod
    def _recorded_update(group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        """The same update in ordinary ops, for autograd to record."""
        state["step"] += 1
        grad: Any = p.grad
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"] != 0:
            grad = grad.add(p, alpha=group["weight_decay"])
        total = state["sum"]
        if p.is_complex():
            p, grad, total = torch.view_as_real(p), torch.view_as_real(grad), torch.view_as_real(total)
        total.addcmul_(grad, grad, value=1)
        lr = _get_value(group["lr"]) / (1 + (state["step"].item() - 1) * group["lr_decay"])
        p.addcdiv_(grad, total.sqrt() + group["eps"], value=-lr)
