"""Modules as functions of their parameters and buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rusttorch as torch
from rusttorch.nn.utils.stateless import _functional_call

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: dict[str, torch.Tensor] | Sequence[dict[str, torch.Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with the given tensors in place of its own, which it has again afterwards.

    Args:
        module: called as ``module(*args, **kwargs)``.
        parameter_and_buffer_dicts: tensors by their names, in one dict or several; the module's others stay.
        args: one argument, or a tuple of them.
        kwargs: arguments by name.
        tie_weights: whether a tensor that the module uses under several names is replaced under all of them. Default
            True.
        strict: whether the names must be exactly those of the module. Default False.

    Raises:
        ValueError: neither a dict nor a sequence of dicts, one name in several of them, or different tensors for
            names that are tied.
        RuntimeError: `strict` and other names than the module's.
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        merged = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        if not all(isinstance(each, dict) for each in parameter_and_buffer_dicts):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        names = [name for each in parameter_and_buffer_dicts for name in each]
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        merged = {name: tensor for each in parameter_and_buffer_dicts for name, tensor in each.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, "
            f"but got {type(parameter_and_buffer_dicts)}"
        )
    return _functional_call(module, merged, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The parameters and the buffers of several equal modules, each stacked along a new first dimension.

    Args:
        models: modules of one class, all in training mode or none.

    Returns:
        Two dicts, of parameters and of buffers, by name. Stacked tensors are new leaves, which require grad where the
        modules' do.

    Raises:
        RuntimeError: no module, modules of several classes or modes, or tensors of which only some require grad.
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({bool(model.training) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(model.named_parameters()) for model in models]
    buffers = [dict(model.named_buffers()) for model in models]
    return _stacked(parameters), _stacked(buffers)


def _stacked(states: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    result = {}
    for name in states[0]:
        tensors = [state[name] for state in states]
        requires_grad = tensors[0].requires_grad
        if any(tensor.requires_grad != requires_grad for tensor in tensors):
            raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
        stacked = torch.stack(tensors)
        result[name] = stacked.detach().requires_grad_() if requires_grad else stacked
    return result
