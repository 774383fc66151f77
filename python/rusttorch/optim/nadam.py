"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _check_lr, _get_scalar_dtype, _get_value, _host_number

__all__ = ["NAdam"]


class NAdam(TensorwiseOptimizer):
    """NAdam: Adam whose step mixes the mean of the gradients, one step ahead, with the gradient itself.

    The momentum of step t is ``mu_t = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)``.
    Source: Dozat, "Incorporating Nesterov Momentum into Adam" (2016).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: learning rate (default 2e-3).
        betas: decay of the two means (default (0.9, 0.999)).
        eps: added to the denominator (default 1e-8).
        weight_decay: added to the gradient as ``weight_decay * p`` (default 0).
        momentum_decay: see above (default 4e-3).
        decoupled_weight_decay: shrink the parameters themselves, as AdamW does (default False).
        foreach: accepted; it changes nothing.
        maximize, differentiable: as in SGD (default False).
        capturable: for devices that record a step into a graph; a step on others raises AssertionError.

    Raises:
        ValueError: an option out of its range.
    """

    _later_options = {**TensorwiseOptimizer._later_options, "decoupled_weight_decay": False}
    _capturable_tensors = "params, mu_products and state_steps"
    _host_numbers = ("mu_product",)
    _adds_weight_decay = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        if not 0.0 <= momentum_decay:
            raise ValueError(f"Invalid momentum_decay value: {momentum_decay}")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _fill_state(self, state: dict[str, Any]) -> None:
        if not isinstance(state["mu_product"], Tensor):
            state["mu_product"] = _host_number(state["mu_product"], _get_scalar_dtype())

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        state["mu_product"] = _host_number(1, _get_scalar_dtype())
        state["exp_avg"] = zeros_like(p)
        state["exp_avg_sq"] = zeros_like(p)

    @staticmethod
    def _sizes(group: dict[str, Any], state: dict[str, Any], step: float) -> tuple[float, float]:
        """How far a step goes along the gradient and along its mean; the product of momenta moves on."""
        lr, beta1, decay = _get_value(group["lr"]), group["betas"][0], group["momentum_decay"]
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        state["mu_product"] *= mu
        product = state["mu_product"].item()
        return lr * (1.0 - mu) / (1.0 - product), lr * mu_next / (1.0 - product * mu_next)

    def _native_step(self, group: dict[str, Any], state: dict[str, Any], step: float) -> NativeStep:
        beta1, beta2 = group["betas"]
        sizes = self._sizes(group, state, step)
        numbers = (*sizes, 1 - beta1, 1 - beta2, beta2, 1 - beta2**step, group["eps"])
        return NativeStep("nadam", ("exp_avg", "exp_avg_sq"), numbers)

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        beta1, beta2 = group["betas"]
        weight_decay = group["weight_decay"]
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        if weight_decay != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - _get_value(group["lr"]) * weight_decay)
            else:
                grad = grad.add(p, alpha=weight_decay)
        size_of_grad, size_of_mean = self._sizes(group, state, step)
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        denom = exp_avg_sq.div(1 - beta2**step).sqrt().add(group["eps"])
        # Autograd would see the means change at the next step, so a recorded step keeps a copy.
        ahead = exp_avg.clone() if group["differentiable"] else exp_avg
        p.addcdiv_(grad, denom, value=-size_of_grad)
        p.addcdiv_(ahead, denom, value=-size_of_mean)
