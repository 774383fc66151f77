"""The step that optimizers written in plain tensor ops share: one parameter after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import rusttorch as torch
from rusttorch import _C

from ._fused import alike
from .optimizer import (
    CAPTURABLE_DEVICES,
    Optimizer,
    _call_closure,
    _get_scalar_dtype,
    _get_value,
    _host_number,
    _use_grad_for_differentiable,
)

Tensor = _C.Tensor

_NATIVE_DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class NativeStep(NamedTuple):
    """A step as a file of `shaders/` takes it: the states that it works on, its numbers and its flags, in its order."""

    kernel: str
    states: tuple[str, ...]
    numbers: tuple[float, ...]
    flags: tuple[bool, ...] = ()
    # What the parameter is multiplied by before the step, besides decoupled weight decay.
    shrink: float = 1.0


class TensorwiseOptimizer(Optimizer):
    """An optimizer whose update looks at one parameter at a time.

    A subclass names its options for older state dicts, its state, and the update. Complex parameters reach the
    update as pairs of reals, with their gradient and state. On GPUs many parameters take a step together, where the
    subclass has a kernel for it.
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

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep | None:
        """What a kernel does in place of ``_update`` for parameters in this state, if there is one."""
        return None

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
            together: dict[NativeStep, list[Tensor]] = {}
            for p in group["params"]:
                native = None if p.grad is None else self._step_one(group, p)
                if native is not None:
                    together.setdefault(native, []).append(p)
            for native, params in together.items():
                self._step_together(group, native, params)
        return loss

    def _step_one(self, group: dict[str, Any], p: Tensor) -> NativeStep | None:
        """Update a parameter, or say what updates it together with others."""
        grad: Any = p.grad
        state = self.state[p]
        if not state:
            state["step"] = _host_number(0, _get_scalar_dtype())
            self._start(state, group, p)
        state["step"] += 1
        step = state["step"].item()
        if not p.is_cpu and p.dtype in _NATIVE_DTYPES and not group.get("differentiable"):
            native = self._native_step(group, state, step)
            if native is not None:
                return native
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
        return None

    def _step_together(self, group: dict[str, Any], native: NativeStep, params: list[Tensor]) -> None:
        """One call for the parameters of each dtype and device."""
        decay, shrink = group.get("weight_decay", 0.0), native.shrink
        if group.get("decoupled_weight_decay"):
            decay, shrink = 0.0, shrink * (1 - _get_value(group["lr"]) * decay)
        states = [[self.state[p][name] for p in params] for name in native.states]
        gradients = [p.grad for p in params if p.grad is not None]  # all have one: others take no step
        for some, grads, *lists in alike(params, gradients, *states):
            _C._fused_step_(
                some,
                grads,
                [t for tensors in lists for t in tensors],
                optimizer=native.kernel,
                weight_decay=decay,
                shrink=shrink,
                numbers=native.numbers,
                flags=native.flags,
                maximize=group["maximize"],
            )


def zeros_like(p: Tensor) -> Tensor:
    """Zeros in the shape, dtype and memory layout of ``p``."""
    return torch.zeros_like(p, memory_format=torch.preserve_format)
