"""The step that optimizers written in plain tensor ops share: one parameter after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C

from .optimizer import (
    CAPTURABLE_DEVICES,
    Optimizer,
    _call_closure,
    _get_scalar_dtype,
    _use_grad_for_differentiable,
)

Tensor = _C.Tensor


class TensorwiseOptimizer(Optimizer):
    """An optimizer whose update looks at one parameter at a time.

    A subclass names its options for older state dicts, its state, and the update. Complex parameters reach the
    update as pairs of reals, with their gradient and state.
    """

    # Options that a state dict of an older version may lack.
    _later_options: dict[str, Any] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }
    # What `capturable` asks to be on a device that can record a step.
    _capturable_tensors = "params and state_steps"
    # Add `weight_decay * p` to the gradient before the update.
    _adds_weight_decay = True

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        """Fill the empty state of a parameter."""
        raise NotImplementedError

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        """Update ``p`` and the tensors in ``state`` in place; this is step number ``step``, counted from 1."""
        raise NotImplementedError

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for _, _, p_state in self._fill_options(self._later_options):
            self._fill_state(p_state)

    def _fill_state(self, state: dict[str, Any]) -> None:
        """Bring a parameter's state from an older state dict up to date."""

    @_use_grad_for_differentiable
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns the closure's loss, or None."""
        loss = _call_closure(closure)
        for group in self.param_groups:
            if group.get("capturable"):
                raise AssertionError(
                    f"If capturable=True, {self._capturable_tensors} must be on supported devices: "
                    f"{CAPTURABLE_DEVICES}."
                )
            for p in group["params"]:
                if p.grad is not None:
                    self._step_one(group, p)
        return loss

    def _step_one(self, group: dict[str, Any], p: Tensor) -> None:
        grad: Any = p.grad
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros((), dtype=_get_scalar_dtype())
            self._start(state, group, p)
        state["step"] += 1
        step = state["step"].item()
        if group["maximize"]:
            grad = -grad
        if self._adds_weight_decay and group["weight_decay"] != 0:
            grad = grad.add(p, alpha=group["weight_decay"])
        if p.is_complex():
            p, grad = torch.view_as_real(p), torch.view_as_real(grad)
            state = {
                key: torch.view_as_real(value) if isinstance(value, Tensor) and value.is_complex() else value
                for key, value in state.items()
            }
        self._update(group, p, grad, state, step)


def zeros_like(p: Tensor) -> Tensor:
    """Zeros in the shape, dtype and memory layout of ``p``."""
    return torch.zeros_like(p, memory_format=torch.preserve_format)
