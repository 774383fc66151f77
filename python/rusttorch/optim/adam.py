"""Adam, and with decoupled weight decay AdamW: moments of the gradient scale each element's step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C

from ._fused import alike
from .optimizer import (
    CAPTURABLE_DEVICES,
    Optimizer,
    ParamsT,
    _call_closure,
    _check_fused_options,
    _check_fused_param,
    _get_value,
    _host_number,
    _to_scalar,
    _use_grad_for_differentiable,
)

__all__ = ["Adam"]

Tensor = _C.Tensor


class Adam(Optimizer):
    """Adam: ``p -= lr * m_hat / (sqrt(v_hat) + eps)``, with running means ``m`` of the gradient, ``v`` of its square.

    ``m_hat = m / (1 - beta1 ** t)`` and ``v_hat = v / (1 - beta2 ** t)`` undo the bias of their start at 0.
    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015); ``amsgrad`` is from Reddi et al.,
    "On the Convergence of Adam and Beyond" (2018).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate, a number or a one-element tensor (default 1e-3).
        betas: decay of the two means, both numbers or both one-element tensors (default (0.9, 0.999)).
        eps: added to the denominator (default 1e-8).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        amsgrad: divide by the largest ``v`` so far (default False).
        foreach, fused: accepted; every step is one native call per group in any case.
        maximize: ascend instead of descend (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.
        differentiable: record the step for autograd (default False).
        decoupled_weight_decay: shrink the parameters themselves, as AdamW does (default False).

    Raises:
        ValueError: an option out of its range.
        RuntimeError: ``fused=True`` with ``foreach=True`` or ``differentiable=True``.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor):
            if foreach and not capturable:
                raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
            if lr.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i in (0, 1):
            if not 0.0 <= betas[i] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if not (all(isinstance(b, float) for b in betas) or all(isinstance(b, Tensor) for b in betas)):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            if isinstance(beta, Tensor):
                if foreach and not capturable:
                    raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{i}] must be 1-element")
        defaults = {
            "lr": lr,
            "betas": tuple(map(_to_scalar, betas)),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        if fused:
            self._step_supports_amp_scaling = True
            _check_fused_options(foreach, differentiable)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        options = {
            "amsgrad": False,
            "maximize": False,
            "foreach": None,
            "capturable": False,
            "differentiable": False,
            "decoupled_weight_decay": False,
            "fused": None,
        }
        for _ in self._fill_options(options):
            pass

    @_use_grad_for_differentiable
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns the closure's loss, or None."""
        loss = _call_closure(closure)
        for group in self.param_groups:
            if group["capturable"]:
                raise AssertionError(
                    f"If capturable=True, params and state_steps must be on supported devices: {CAPTURABLE_DEVICES}."
                )
            if group["foreach"] and isinstance(group["lr"], Tensor):
                raise RuntimeError("lr as a Tensor is not supported for capturable=False and foreach=True")
            amsgrad = group["amsgrad"]
            params: list[Tensor] = []
            grads: list[Tensor] = []
            exp_avgs: list[Tensor] = []
            exp_avg_sqs: list[Tensor] = []
            max_exp_avg_sqs: list[Tensor] = []
            steps: list[Tensor] = []
            for p in group["params"]:
                grad = p.grad
                if grad is None:
                    continue
                state = self.state[p]
                if not state:
                    self._start(state, group, p)
                params.append(p)
                grads.append(grad)
                exp_avgs.append(state["exp_avg"])
                exp_avg_sqs.append(state["exp_avg_sq"])
                steps.append(state["step"])
                if amsgrad:
                    max_exp_avg_sqs.append(state["max_exp_avg_sq"])
            if group["differentiable"]:
                for p in params:
                    self._recorded_update(group, p, self.state[p])
            elif params:
                self._native_update(group, params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps)
        return loss

    @staticmethod
    def _start(state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        if group["fused"]:
            _check_fused_param(p)
        state["step"] = _host_number(0, torch.float32)
        state["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(p, memory_format=torch.preserve_format)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = torch.zeros_like(p, memory_format=torch.preserve_format)

    def _native_update(self, group: dict[str, Any], *lists: list[Tensor]) -> None:
        beta1, beta2 = group["betas"]
        update = _C._fused_adamw_ if group["decoupled_weight_decay"] else _C._fused_adam_
        found_inf = getattr(self, "found_inf", None)
        _C._foreach_add_(lists[-1], 1)
        for some in alike(*lists):
            update(
                *some,
                lr=_get_value(group["lr"]),
                beta1=_get_value(beta1),
                beta2=_get_value(beta2),
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=group["amsgrad"],
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
        lr = _to_scalar(group["lr"])
        beta1, beta2 = group["betas"]
        weight_decay = group["weight_decay"]
        step = state["step"]
        if step.requires_grad:
            raise RuntimeError("`requires_grad` is not supported for `step` in differentiable mode")
        step += 1
        grad: Any = p.grad
        if group["maximize"]:
            grad = -grad
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        max_exp_avg_sq = state["max_exp_avg_sq"] if group["amsgrad"] else None
        if isinstance(weight_decay, Tensor) or weight_decay != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - lr * weight_decay)
            elif isinstance(weight_decay, Tensor) and weight_decay.requires_grad:
                grad = grad.addcmul(p.clone(), weight_decay)
            else:
                grad = grad.add(p, alpha=_get_value(weight_decay))
        if p.is_complex():
            p, grad = torch.view_as_real(p), torch.view_as_real(grad)
            exp_avg, exp_avg_sq = torch.view_as_real(exp_avg), torch.view_as_real(exp_avg_sq)
            if max_exp_avg_sq is not None:
                max_exp_avg_sq = torch.view_as_real(max_exp_avg_sq)
        exp_avg.lerp_(grad, 1 - beta1)
        if isinstance(beta2, Tensor) and beta2.requires_grad:
            exp_avg_sq.lerp_(torch.square(grad), 1 - beta2)
        else:
            exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - _get_value(beta2))
        # The counter changes in place at the next step, so what is recorded of it is a copy.
        count = step.clone()
        step_size = -(lr / (1 - beta1**count))
        root = (1 - beta2**count).sqrt()
        if max_exp_avg_sq is not None:
            max_exp_avg_sq.copy_(torch.maximum(max_exp_avg_sq.clone(), exp_avg_sq))
            exp_avg_sq = max_exp_avg_sq
        denom = (exp_avg_sq.sqrt() / (root * step_size)).add_(group["eps"] / step_size)
        p.addcdiv_(exp_avg.clone(), denom)
