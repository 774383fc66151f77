"""The methods of `Tensor` that are written in Python; `attach` gives them to the native class, once, at import.

Nothing here replaces a slot of the number, mapping or sequence protocol: those are native, and would become slow.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import rusttorch as torch
from rusttorch import _C

from . import functional
from ._tensor_str import _str


def _repr(self: torch.Tensor, *, tensor_contents: str | None = None) -> str:
    """The tensor as text, as `set_printoptions` says."""
    return _str(self, tensor_contents=tensor_contents)


def _format(self: torch.Tensor, format_spec: str) -> str:
    """A tensor without dimensions is formatted as its number; others accept no format."""
    if self.dim() == 0 and self.device.type != "meta" and type(self) is torch.Tensor:
        return format(self.item(), format_spec)
    return object.__format__(self, format_spec)


def _contains(self: torch.Tensor, element: Any, /) -> bool:
    """Whether some element equals `element`, a number or a tensor that broadcasts."""
    if isinstance(element, (torch.Tensor, int, float, complex)):
        return bool((self == element).any())
    raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")


def _iter(self: torch.Tensor) -> Iterator[torch.Tensor]:
    """The views along the first dimension."""
    if self.dim() == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def _reversed(self: torch.Tensor) -> torch.Tensor:
    """The tensor with its first dimension in reverse."""
    return self if self.dim() == 0 else self.flip(0)


def _array(self: torch.Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """The tensor as a NumPy array: the same memory, unless `dtype` or `copy=True` asks for a copy."""
    array = self.numpy()
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        return array.astype(dtype)
    return array.copy() if copy else array


def _array_wrap(self: torch.Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> torch.Tensor:
    """What `numpy.sin(tensor)` gives: the array as a tensor (a bool array as uint8, as in PyTorch)."""
    return torch.from_numpy(array.astype("uint8") if array.dtype == bool else array)


def _rdiv(self: torch.Tensor, other: Any) -> torch.Tensor:
    """`other / self`, by the name that Python 2 used."""
    return self.reciprocal() * other


def _deepcopy(self: torch.Tensor, memo: dict[int, Any]) -> torch.Tensor:
    """A copy with its own memory; tensors that share memory share the copy's."""
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user "
            "(graph leaves) support the deepcopy protocol at the moment.  "
            "If you were attempting to deepcopy a module, this may be because "
            "of a torch.nn.utils.weight_norm usage, "
            "see https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]
    from copy import deepcopy

    from .storage import deepcopy_storage

    with torch.no_grad():
        if self.device.type == "meta":
            result = self.detach().clone()
        else:
            # `data` has a count of writes of its own: the `set_` within is none to this tensor.
            storage = deepcopy_storage(self.data.untyped_storage(), memo)
            result = torch.empty(0, dtype=self.dtype, device=self.device)
            result.set_(storage, self.storage_offset(), self.size(), self.stride())
            if self.is_conj():
                result = result.conj()
        if type(self) is not torch.Tensor:
            result = result.as_subclass(type(self))
        if self.requires_grad:
            result.requires_grad_()
        # before what may refer back to this tensor
        memo[id(self)] = result
        if self.grad is not None:
            result.grad = deepcopy(self.grad, memo)
        for name, value in self.__dict__.items():
            setattr(result, name, deepcopy(value, memo))
    return result


def _reduce_ex(self: torch.Tensor, proto: int) -> tuple[Any, ...]:
    """Pickle by storage, offset, size and strides; hooks and history are not saved."""
    from ._utils import _rebuild_from_type_v2, _rebuild_tensor_v2
    from .utils.hooks import warn_if_has_hooks

    warn_if_has_hooks(self)
    values = self.data.resolve_conj()  # with a count of writes of its own, as for a deepcopy
    place = values.storage_offset(), tuple(values.size()), values.stride()
    args = (_typed_storage(values), *place, self.requires_grad, OrderedDict[int, Any]())
    if type(self) is torch.Tensor and not self.__dict__:
        return _rebuild_tensor_v2, args
    return _rebuild_from_type_v2, (_rebuild_tensor_v2, type(self), args, dict(self.__dict__))


def _typed_storage(self: torch.Tensor) -> Any:
    """The memory behind the tensor, as elements of its dtype."""
    from .storage import TypedStorage

    return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)


def _storage(self: torch.Tensor) -> Any:
    """The memory behind the tensor as a `TypedStorage`; `untyped_storage()` is the plain way."""
    import warnings

    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
        "class. This should only matter to you if you are using storages directly.  To access UntypedStorage "
        "directly, use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=2,
    )
    return _typed_storage(self)


def _is_shared(self: torch.Tensor) -> bool:
    """Whether the memory is shared with other processes."""
    return self.untyped_storage().is_shared()


def _share_memory_(self: torch.Tensor) -> torch.Tensor:
    """Move the memory to where forked and spawned processes share it; nothing happens if it is there already."""
    self.untyped_storage().share_memory_()
    return self


def _pin_memory(self: torch.Tensor, device: Any = None) -> torch.Tensor:
    """A copy to be sent to a GPU, in memory like any other: copies to a GPU go through memory of the driver's own.

    Args:
        device: no effect; deprecated in PyTorch.

    Raises:
        RuntimeError: the tensor is not on the CPU, or there is no GPU.
    """
    if not self.is_cpu:
        raise RuntimeError(f"cannot pin '{self.type()}' only dense CPU tensors can be pinned")
    if not torch.accelerator.is_available():
        raise RuntimeError("pin_memory: no GPU is found to pin memory for")
    return self.clone()


def _is_pinned(self: torch.Tensor, device: Any = None) -> bool:
    """Whether the memory is page-locked: never, see `pin_memory`."""
    return False


def _type(self: torch.Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the legacy type, such as "torch.FloatTensor"; with `dtype`, the tensor converted.

    Args:
        dtype: a dtype; or a legacy type or its name, which is of the CPU unless it is called "torch.wgpu.FloatTensor".
            The tensor itself comes back if it is that already.
        non_blocking: no effect here.

    Raises:
        ValueError: an unknown name.
        TypeError: `dtype` is none of these.
    """
    from . import _legacy_types

    if dtype is None:
        place = "" if self.is_cpu else f"{self.device.type}."
        return f"torch.{place}{_legacy_types.names[self.dtype]}Tensor"
    if isinstance(dtype, torch.dtype):
        return self.to(dtype)
    if isinstance(dtype, (str, type)):
        name = dtype.removeprefix("torch.") if isinstance(dtype, str) else dtype.__name__
        kind = name.removeprefix("wgpu.")
        device = "cpu" if kind == name else "wgpu" if self.is_cpu else self.device
        if dtype is torch.Tensor or name == "Tensor":
            return self.to(device, torch.get_default_dtype())
        legacy = _legacy_types.by_name.get(kind) if kind.endswith("Tensor") else None
        if legacy is None or (isinstance(dtype, str) and not dtype.startswith("torch.")):
            raise ValueError(f"invalid type: '{dtype if isinstance(dtype, str) else name}'")
        return self.to(device, legacy.dtype)
    raise TypeError("dtype must be a type, str, or dtype object")


def _backward(
    self: torch.Tensor,
    gradient: torch.Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of this tensor to the `.grad` of the leaves it was computed from: `autograd.backward`.

    Args:
        gradient: the vector of the vector-Jacobian product, of this tensor's shape; 1 for a real scalar if left out.
        retain_graph: keep what the graph saved for another backward. Defaults to `create_graph`.
        create_graph: record the backward itself, for higher derivatives. Default False.
        inputs: accumulate into these only; by default into every leaf.
    """
    if gradient is None and inputs is None and not torch.autograd._transforms.active():
        # The short way to the same call: the engine itself starts from 1, or refuses to.
        keep = create_graph if retain_graph is None else retain_graph
        _C._run_backward((self,), (None,), keep, create_graph, (), True, True)
        return
    torch.autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def _register_hook(self: torch.Tensor, hook: Callable[[torch.Tensor], torch.Tensor | None]) -> Any:
    """Call `hook(grad)` whenever the gradient of this tensor is computed; what it returns, if anything, replaces it.

    Returns:
        A handle whose `remove()` takes the hook away again.

    Raises:
        RuntimeError: the tensor does not require grad.
    """
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    from .utils.hooks import register_tensor_hook

    return register_tensor_hook(self, self._register_hook, hook)


def _register_post_accumulate_grad_hook(self: torch.Tensor, hook: Callable[[torch.Tensor], None]) -> Any:
    """Call `hook(tensor)` after each time a backward has added to the `.grad` of this leaf.

    Returns:
        A handle whose `remove()` takes the hook away again.

    Raises:
        RuntimeError: the tensor does not require grad, or is no leaf.
    """
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if self.grad_fn is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    from .utils.hooks import register_tensor_hook

    return register_tensor_hook(self, self._register_post_accumulate_grad_hook, hook)


def _norm(
    self: torch.Tensor,
    p: float | str | None = "fro",
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """See `rusttorch.norm`."""
    return functional.norm(self, p, dim, keepdim, dtype=dtype)


def _lu(self: torch.Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[torch.Tensor, ...]:
    """See `rusttorch.lu`."""
    return tuple(functional.lu(self, pivot, get_infos))


def _new_tensor(
    self: torch.Tensor,
    data: Any,
    *,
    dtype: torch.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> torch.Tensor:
    """A new tensor with a copy of `data`, of this tensor's dtype and device unless others are named: see `rusttorch.tensor`.

    A copy of a tensor is made where that is, as in PyTorch.
    """
    dtype = self.dtype if dtype is None else dtype
    if device is None:
        device = data.device if isinstance(data, torch.Tensor) else self.device
    return torch.tensor(data, dtype=dtype, device=device, requires_grad=requires_grad, pin_memory=pin_memory)


def _module_load(self: torch.Tensor, other: torch.Tensor, assign: bool = False) -> torch.Tensor:
    """The tensor that takes the place of this one when `load_state_dict` exchanges tensors rather than their values."""
    return other.detach() if assign else self.copy_(other).detach()


# Everything that is attached, in one place: name -> function.
METHODS: dict[str, Any] = {
    "__repr__": _repr,
    "__format__": _format,
    "__contains__": _contains,
    "__iter__": _iter,
    "__reversed__": _reversed,
    "__array__": _array,
    "__array_wrap__": _array_wrap,
    "__array_priority__": 1000,  # NumPy leaves operators to the tensor
    "__rdiv__": _rdiv,
    "__deepcopy__": _deepcopy,
    "__reduce_ex__": _reduce_ex,
    "_typed_storage": _typed_storage,
    "storage": _storage,
    "is_shared": _is_shared,
    "share_memory_": _share_memory_,
    "pin_memory": _pin_memory,
    "is_pinned": _is_pinned,
    "type": _type,
    "backward": _backward,
    "register_hook": _register_hook,
    "register_post_accumulate_grad_hook": _register_post_accumulate_grad_hook,
    "norm": _norm,
    "lu": _lu,
    "stft": functional.stft,
    "unique": functional.unique,
    "unique_consecutive": functional.unique_consecutive,
    "new_tensor": _new_tensor,
    "module_load": _module_load,
}


def attach() -> None:
    """Give the methods to `Tensor`, under their public names, and pickling to `UntypedStorage`."""
    for name, method in METHODS.items():
        if callable(method) and method.__module__ == __name__:
            method.__name__, method.__qualname__ = name, f"Tensor.{name}"
        setattr(_C.Tensor, name, method)

    def reduce_storage(self: Any, proto: int) -> tuple[Any, ...]:
        from .storage import reduce_untyped_storage

        return reduce_untyped_storage(self, proto)

    def deepcopy_of_storage(self: Any, memo: dict[int, Any]) -> Any:
        from .storage import deepcopy_storage

        return deepcopy_storage(self, memo)

    for name, method in {"__reduce_ex__": reduce_storage, "__deepcopy__": deepcopy_of_storage}.items():
        setattr(_C.UntypedStorage, name, method)
