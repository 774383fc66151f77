"""Gradients kept within bounds: by their common norm, or element by element."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any, Union

import rusttorch as torch
from rusttorch import _C

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]

_tensor_or_tensors = Union["torch.Tensor", Iterable["torch.Tensor"]]


def _as_list(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)


def _by_place(tensors: list[Any]) -> list[list[Any]]:
    """The tensors in groups of one device and dtype, which is the order PyTorch adds in."""
    groups: dict[tuple[Any, Any], list[Any]] = {}
    for tensor in tensors:
        groups.setdefault((tensor.device, tensor.dtype), []).append(tensor)
    return list(groups.values())


def get_total_norm(
    tensors: _tensor_or_tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> torch.Tensor:
    """The norm of all tensors, as if they were one vector.

    Args:
        tensors: one tensor or several.
        norm_type: order; may be ``float('inf')``.
        error_if_nonfinite: whether a norm that is nan or inf is an error (RuntimeError).
        foreach: accepted, and without effect on the result.

    Returns:
        a scalar; 0 for no tensors.
    """
    with torch.no_grad():
        found = _by_place(_as_list(tensors))
        norm_type = float(norm_type)
        if not found:
            return torch.tensor(0.0)
        norm = torch.linalg.vector_norm
        device = found[0][0].device
        norms = [n for group in found for n in _C._foreach_norm(group, norm_type)]
        total = norm(torch.stack([n.to(device) for n in norms]), norm_type)
        if error_if_nonfinite and torch.logical_or(total.isnan(), total.isinf()):
            raise RuntimeError(
                f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
                "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                "`error_if_nonfinite=False`"
            )
        return total


def clip_grads_with_norm_(
    parameters: _tensor_or_tensors, max_norm: float, total_norm: torch.Tensor, foreach: bool | None = None
) -> None:
    """Scales the gradients, in place, by max_norm / (total_norm + 1e-6) where that is less than 1.

    Args:
        parameters: one tensor or several.
        total_norm: as `get_total_norm` gave it.
        foreach: accepted, and without effect on the result.
    """
    with torch.no_grad():
        grads = [param.grad for param in _as_list(parameters) if param.grad is not None]
        if not grads:
            return
        # Multiplied always, even by 1, so that no value has to be waited for.
        scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for group in _by_place(grads):
            there = scale.to(group[0].device)
            if group[0].is_cpu:
                for grad in group:
                    grad.mul_(there)
            else:
                _C._foreach_mul_(group, there)


def clip_grad_norm_(
    parameters: _tensor_or_tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> torch.Tensor:
    """Scales the gradients, in place, so that their norm as one vector is at most ``max_norm``.

    Args:
        parameters: one tensor or several; those without a gradient are left out.
        max_norm: largest norm.
        norm_type: order; may be ``float('inf')``.
        error_if_nonfinite: whether a norm that is nan or inf is an error (RuntimeError).
        foreach: accepted, and without effect on the result.

    Returns:
        the norm before.
    """
    if isinstance(parameters, types.GeneratorType):
        parameters = list(parameters)
        if not parameters:
            warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    else:
        parameters = _as_list(parameters)
    grads = [param.grad for param in parameters if param.grad is not None]
    total_norm = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def clip_grad_norm(
    parameters: _tensor_or_tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> torch.Tensor:
    """Old name of `clip_grad_norm_`; warns that it is."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: _tensor_or_tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamps each element of the gradients, in place, to [-clip_value, clip_value].

    Args:
        parameters: one tensor or several; those without a gradient are left out.
        foreach: accepted, and without effect on the result.
    """
    bound = float(clip_value)
    with torch.no_grad():
        for param in _as_list(parameters):
            if param.grad is not None:
                param.grad.clamp_(min=-bound, max=bound)
