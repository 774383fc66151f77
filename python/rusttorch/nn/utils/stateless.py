"""A module called with other parameters and buffers than its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rusttorch as torch

__all__ = ["functional_call"]

_ABSENT = object()


def _named_tensors(module: Any) -> list[tuple[str, Any]]:
    """All parameters and buffers by all their names."""
    return [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]


def _untie_named_tensors_map(module: Any, parameters_and_buffers: dict[str, Any]) -> dict[str, Any]:
    """The given tensors, also under the other names of the tensors that they stand for.

    ValueError where two names of one tensor are given different values.
    """
    names_of: dict[int, list[str]] = {}
    for name, tensor in _named_tensors(module):
        names_of.setdefault(id(tensor), []).append(name)
    result = dict(parameters_and_buffers)
    for names in names_of.values():
        given = sorted(name for name in names if name in parameters_and_buffers)
        if len(given) == 0:
            continue
        if len({id(parameters_and_buffers[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {given}, which are tied. Consider using "
                "tie_weights=False"
            )
        for name in names:
            result[name] = parameters_and_buffers[given[0]]
    return result


def _members(module: Any, name: str) -> Any:
    """The dict in which a parameter, a buffer or a plain attribute of the name stands."""
    for members in (module._parameters, module._buffers):
        if name in members:
            return members
    return module.__dict__


@contextmanager
def _reparametrize_module(
    module: Any, parameters_and_buffers: dict[str, Any], tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    """Puts the tensors into the module for the length of a block; what forward then puts there is handed back."""
    given = _untie_named_tensors_map(module, parameters_and_buffers) if tie_weights else parameters_and_buffers
    if strict:
        names = {name for name, _ in _named_tensors(module)}
        problems = []
        for kind, keys in (("Unexpected", given.keys() - names), ("Missing", names - given.keys())):
            if keys:
                problems.append(f"{kind} key(s): {', '.join(map(repr, sorted(keys)))}.")
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{listed}")
    replaced: list[tuple[str, Any, str, Any]] = []
    try:
        for path, tensor in given.items():
            if not isinstance(tensor, torch.Tensor):
                raise TypeError(f"{tensor} is not an instance of torch.Tensor")
            prefix, _, name = path.rpartition(".")
            owner = module.get_submodule(prefix)
            members = _members(owner, name)
            # A name that the module does not know is an attribute for as long as the block lasts.
            replaced.append((path, members, name, members.get(name, _ABSENT)))
            members[name] = tensor
        yield
    finally:
        for path, members, name, original in reversed(replaced):
            # A buffer may have been assigned anew in forward: the caller's dict gets it.
            if path in parameters_and_buffers and name in members:
                parameters_and_buffers[path] = members[name]
            if original is _ABSENT:
                members.pop(name, None)
            else:
                members[name] = original


def _functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Calls a module with the given tensors in place of its own, which it has again afterwards.

    Args:
        module: called as ``module(*args, **kwargs)``.
        parameters_and_buffers: tensors by their names; others stay.
        args: one argument, or a tuple of them.
        tie_weights: whether a tensor that the module uses under several names is replaced under all of them
            (ValueError where they are given different ones).
        strict: whether the names must be exactly those of the module (RuntimeError).
    """
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
