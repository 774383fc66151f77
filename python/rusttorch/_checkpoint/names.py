"""What a checkpoint may refer to: the functions that rebuild tensors, plain containers, and the user's own classes."""

from __future__ import annotations

from collections import Counter, OrderedDict
from pickle import UnpicklingError
from typing import Any

import rusttorch as torch

from .storages import DTYPES, STORAGE_DTYPES, LoadedStorage, StorageType, Tensor
from .unpickler import Names

# Classes and functions that the user trusts, by the name they have in a file.
_safe_globals: dict[str, Any] = {}


def _rebuild_tensor(
    storage: Any,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool = False,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    return _tensor(storage, None, storage_offset, size, stride, requires_grad)


def _rebuild_tensor_v3(
    storage: Any,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    dtype: Any,
    metadata: Any = None,
) -> Tensor:
    return _tensor(storage, dtype, storage_offset, size, stride, requires_grad)


def _tensor(storage: Any, dtype: Any, offset: int, size: Any, stride: Any, requires_grad: bool) -> Tensor:
    if not isinstance(storage, LoadedStorage):
        raise UnpicklingError(f"a tensor has to be rebuilt from a storage, but got {type(storage)}")
    t = storage.tensor(dtype, offset, size, stride)
    return t.requires_grad_(True) if requires_grad else t


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise UnpicklingError(f"a parameter has to be rebuilt from a tensor, but got {type(data)}")
    return torch.nn.Parameter(data, bool(requires_grad))


def _rebuild_parameter_with_state(data: Tensor, requires_grad: bool, backward_hooks: Any, state: Any) -> Tensor:
    return _with_attributes(_rebuild_parameter(data, requires_grad, backward_hooks), state)


def _rebuild_from_type(function: Any, cls: Any, args: tuple[Any, ...], state: Any) -> Tensor:
    if not any(function is known for known in (_rebuild_tensor, _rebuild_tensor_v3, _rebuild_parameter)):
        raise UnpicklingError(f"a tensor cannot be rebuilt by {function}")
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise UnpicklingError(f"a tensor cannot be rebuilt as {cls}")
    t = function(*args)
    if type(t) is not cls:
        t = t.as_subclass(cls)
    return _with_attributes(t, state)


def _with_attributes(t: Tensor, state: Any) -> Tensor:
    for key, value in state.items():
        if hasattr(type(t), key):
            raise UnpicklingError(f"a saved tensor has an attribute {key!r} that hides one of the class's own")
        setattr(t, key, value)
    return t


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes: as a text of their values."""
    if encoding not in ("latin1", "latin-1"):
        raise UnpicklingError(f"cannot encode to {encoding}")
    return text.encode("latin1")


def _bytearray(data: Any = b"", encoding: str = "latin1") -> bytearray:
    if isinstance(data, str):
        data = _encode(data, encoding)
    if not isinstance(data, (bytes, bytearray, list)):  # a number would be a length, of any size
        raise UnpicklingError(f"a bytearray has to be made from its bytes, but got {type(data)}")
    return bytearray(data)


def _get_layout(name: str) -> Any:
    if name != "torch.strided":
        raise UnpicklingError(f"tensors of layout {name} are not supported")
    return torch.strided


def _constructors() -> dict[str, Any]:
    return {
        "collections.OrderedDict": OrderedDict,
        "collections.Counter": Counter,
        "builtins.set": set,
        "builtins.frozenset": frozenset,
        "builtins.bytearray": _bytearray,
        "builtins.complex": complex,
        "_codecs.encode": _encode,
        "torch.Size": torch.Size,
        "torch.device": torch.device,
        "torch.serialization._get_layout": _get_layout,
        "torch._utils._rebuild_tensor": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
        "torch._utils._rebuild_parameter": _rebuild_parameter,
        "torch._utils._rebuild_parameter_with_state": _rebuild_parameter_with_state,
        "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    }


def _values() -> dict[str, Any]:
    untyped = StorageType(None)
    values: dict[str, Any] = {f"torch.{name}": StorageType(dtype) for name, dtype in STORAGE_DTYPES.items()}
    values.update({f"torch.{name}": dtype for name, dtype in DTYPES.items()})
    values["torch.storage.UntypedStorage"] = values["torch.UntypedStorage"] = untyped
    values["torch.Tensor"] = values["torch._tensor.Tensor"] = Tensor
    values["torch.nn.parameter.Parameter"] = torch.nn.Parameter
    return values


def _layer(path: str) -> Any:
    """This package's own nn.Module class of that name; None if there is none."""
    from importlib import import_module

    module, _, name = path.rpartition(".")
    if not module.startswith("torch.nn.modules."):
        return None
    try:
        found = getattr(import_module("rusttorch" + module[len("torch") :]), name, None)
    except ModuleNotFoundError:
        return None
    if isinstance(found, type) and issubclass(found, torch.nn.Module):
        return found
    return None


def checkpoint_names(weights_only: bool) -> Names:
    """The names a checkpoint may use; with ``weights_only=False`` also the classes of this package's own layers."""

    def classes(path: str) -> Any:
        if path in _safe_globals:
            return _safe_globals[path]
        return None if weights_only else _layer(path)

    return Names(_constructors(), _values(), classes)


def plain_names() -> Names:
    """For the parts of a file that hold only numbers and texts."""
    return Names({}, {}, lambda path: None)


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let checkpoints use these classes and functions: `load` may then call them and give their objects a state.

    Args:
        safe_globals: classes or functions, or pairs of one and the name it has in the file (``"module.name"``).

    Raises:
        ValueError: a tuple that is not a pair.
        TypeError: a name that is not a text.
    """
    for entry in safe_globals:
        value, path = _named(entry)
        _safe_globals[path] = value


def remove_safe_globals(safe_globals: list[Any]) -> None:
    """Take back what ``add_safe_globals`` did."""
    for entry in safe_globals:
        _safe_globals.pop(_named(entry)[1], None)


def get_safe_globals() -> list[Any]:
    """The classes and functions that ``add_safe_globals`` let checkpoints use."""
    return [value if _named(value)[1] == path else (value, path) for path, value in _safe_globals.items()]


def clear_safe_globals() -> None:
    """Take back all that ``add_safe_globals`` did."""
    _safe_globals.clear()


def _named(entry: Any) -> tuple[Any, str]:
    if not isinstance(entry, tuple):
        path = f"{entry.__module__}.{entry.__qualname__}"
        return entry, "torch" + path[len("rusttorch") :] if path.startswith("rusttorch.") else path
    if len(entry) != 2:
        raise ValueError(
            f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(entry)}"
        )
    if type(entry[1]) is not str:
        raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(entry[1])}")
    return entry[0], entry[1]
