"""Adafactor: Adam-like steps whose second moments of a matrix are kept as one row and one column."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

from ._tensorwise import NativeStep, Tensor, TensorwiseOptimizer, zeros_like
from .optimizer import ParamsT, _get_value

__all__ = ["Adafactor"]


class Adafactor(TensorwiseOptimizer):
    """Adafactor: ``v`` of a matrix is estimated as ``row @ col / mean(row)``, and the step ``g / sqrt(v)`` is clipped.

    The learning rate is ``max(eps[1], rms(p)) * min(lr, 1 / sqrt(t))``, the means' decay ``1 - t ** beta2_decay``.
    Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018).

    Args:
        params: tensors, named tensors or groups to optimize.
        lr: see above (default 1e-2).
        beta2_decay: see above, at most 0 (default -0.8).
        eps: smallest root of ``v`` (None: the dtype's eps) and smallest rms of ``p`` (default (None, 1e-3)).
        d: the rms at which a step is clipped (default 1.0).
        weight_decay: decoupled, as AdamW's (default 0).
        foreach: accepted; it changes nothing.
        maximize: ascend instead of descend (default False).

    Raises:
        ValueError: an option out of its range.
        RuntimeError: a complex parameter.
    """

    _later_options = {"foreach": None}
    _adds_weight_decay = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not 0.0 <= eps[0]:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not 0.0 <= eps[1]:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)
        self.defaults.setdefault("differentiable", False)

    def _step_one(self, group: dict[str, Any], p: Tensor) -> NativeStep | None:
        if p.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        return super()._step_one(group, p)

    def _start(self, state: dict[str, Any], group: dict[str, Any], p: Tensor) -> None:
        grad: Any = p.grad
        if grad.dim() > 1:
            rows, cols = list(grad.shape), list(grad.shape)
            rows[-1] = 1
            cols[-2] = 1
            state["row_var"] = grad.new_zeros(rows)
            state["col_var"] = grad.new_zeros(cols)
        else:
            state["variance"] = zeros_like(grad)

    def _update(self, group: dict[str, Any], p: Tensor, grad: Tensor, state: dict[str, Any], step: float) -> None:
        lr = _get_value(group["lr"])
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = torch.finfo(p.dtype).eps
        decay = step ** group["beta2_decay"]
        size = max(eps2, p.norm(2).item() / p.numel() ** 0.5) * min(lr, 1 / step**0.5)
        if group["weight_decay"] != 0:
            p.mul_(1 - lr * group["weight_decay"])
        if grad.dim() > 1:
            row_var, col_var = state["row_var"], state["col_var"]
            row_var.lerp_(grad.norm(dim=-1, keepdim=True).square_().div_(grad.size(-1)), decay)
            col_var.lerp_(grad.norm(dim=-2, keepdim=True).square_().div_(grad.size(-2)), decay)
            estimate = row_var @ col_var
            estimate.div_(row_var.mean(dim=-2, keepdim=True).clamp_(min=eps1))
        else:
            state["variance"].lerp_(grad * grad, decay)
            estimate = state["variance"].clone()
        update = estimate.clamp_(min=eps1 * eps1).rsqrt_().mul_(grad)
        clip = max(1.0, update.norm(2).item() / (update.numel() ** 0.5 * group["d"]))
        p.add_(update, alpha=-size / clip)
