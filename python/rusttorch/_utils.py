"""The functions that pickled tensors and parameters name: they put a tensor together again from its parts."""

from __future__ import annotations

from typing import Any

import rusttorch as torch


def _rebuild_tensor(storage: Any, storage_offset: int, size: Any, stride: Any) -> torch.Tensor:
    """A tensor on a `TypedStorage`, which it shares."""
    result = torch.empty(0, dtype=storage.dtype, device=storage.device)
    return result.set_(storage._untyped_storage, storage_offset, size, stride)


def _rebuild_tensor_v2(
    storage: Any,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    metadata: dict[str, Any] | None = None,
) -> torch.Tensor:
    """A tensor on a `TypedStorage`; hooks are never saved, and `metadata` says whether it is a conjugate view."""
    result = _rebuild_tensor(storage, storage_offset, size, stride)
    if metadata and metadata.get("conj"):
        result = result.conj()
    if metadata and metadata.get("neg"):
        result = -result
    return result.requires_grad_() if requires_grad else result


def _rebuild_parameter(data: torch.Tensor, requires_grad: bool, backward_hooks: Any) -> torch.Tensor:
    """An `nn.Parameter` of a tensor that was saved."""
    return torch.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data: torch.Tensor, requires_grad: bool, backward_hooks: Any, state: Any) -> Any:
    """An `nn.Parameter` with attributes of its own."""
    return _set_state(torch.nn.Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(rebuild: Any, cls: type, args: tuple[Any, ...], state: Any) -> Any:
    """A tensor of a subclass, or with attributes of its own."""
    result = rebuild(*args)
    if type(result) is not cls:
        result = result.as_subclass(cls)
    own_setstate = getattr(cls, "__setstate__", None)
    if own_setstate is not None:
        own_setstate(result, state)
        return result
    return _set_state(result, state)


def _set_state(result: Any, state: Any) -> Any:
    """Give `result` the attributes in `state`: a dict, or a dict and the values of slots."""
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in {**(attributes or {}), **(slots or {})}.items():
        setattr(result, name, value)
    return result
