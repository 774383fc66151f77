"""Averaged SGD: gradient descent that also keeps the average of the parameters it passed."""

from __future__ import annotations

from typing import Any

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_scalar_dtype, _get_value, _host_number

__all__ = ["ASGD"]


class ASGD(TensorwiseOptimizer):
    """Averaged SGD: ``p -= eta * (g + lambd * p)``; the average is in ``state[p]["ax"]``.

    After step t, ``eta = lr / (1 + lambd * lr * t) ** alpha``; the average starts after ``t0`` steps.
    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 1e-2).
        lambd: decay of the parameters (default 1e-4).
        alpha: power of the learning rate's decay (default 0.75).
        t0: the step at which averaging starts (default 1e6).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        foreach: accepted; it changes nothing.
        maximize, differentiable: as in SGD (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.

    Raises:
        ValueError: an option out of its range.
    """

    _capturable_tensors = "params, mus, etas, and state_steps"
    _host_numbers = ("eta", "mu")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _fill_state(self, state: dict[str, Any]) -> None:
        for key in self._host_numbers:
            if not isinstance(state[key], Tensor):
                state[key] = _host_number(state[key], _get_scalar_dtype())

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["eta"] = _host_number(_get_value(group["lr"]), _get_scalar_dtype())
        state["mu"] = _host_number(1, _get_scalar_dtype())
        state["ax"] = zeros_like(p)

    @staticmethod
    def _sizes(group: dict[str, Any], state: dict[str, Any], step: float) -> tuple[float, float]:
        """The learning rate and the average's share of this step; the state moves on to those of the next."""
        lr, lambd = _get_value(group["lr"]), group["lambd"]
        sizes = state["eta"].item(), state["mu"].item()
        state["eta"].fill_(lr / (1 + lambd * lr * step) ** group["alpha"])
        state["mu"].fill_(1 / max(1, step - group["t0"]))
        return sizes

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        eta, mu = self._sizes(group, state, step)
        return NativeStep("asgd", ("ax",), (eta, mu), shrink=1 - group["lambd"] * eta)

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        ax = state["ax"]
        eta, mu = self._sizes(group, state, step)
        p.mul_(1 - group["lambd"] * eta)
        p.add_(grad, alpha=-eta)
        if mu == 1:
            ax.copy_(p)
        else:
            ax.add_(p.sub(ax).mul_(mu))
