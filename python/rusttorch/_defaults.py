"""What new tensors get when nothing is said, and small questions about objects."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = [
    "compile",
    "get_default_device",
    "get_device_module",
    "is_storage",
    "is_tensor",
    "set_default_device",
    "set_default_dtype",
    "set_default_tensor_type",
    "typename",
]


def is_tensor(obj: Any, /) -> bool:
    """Whether `obj` is a tensor: `isinstance(obj, Tensor)`."""
    return isinstance(obj, torch.Tensor)


def is_storage(obj: Any, /) -> bool:
    """Whether `obj` is a storage, typed or untyped."""
    return isinstance(obj, (torch.UntypedStorage, torch.TypedStorage))


def typename(obj: Any, /) -> str:
    """The name of the type of `obj`, or of `obj` itself if it is a type, function or module, with its module.

    For a tensor the legacy type, such as "torch.FloatTensor".
    """
    if isinstance(obj, torch.Tensor):
        return obj.type()
    named = obj if hasattr(obj, "__qualname__") or hasattr(obj, "__name__") else type(obj)
    name = getattr(named, "__qualname__", None) or named.__name__
    module = getattr(named, "__module__", None)
    return name if module in (None, "builtins", "__builtin__") else f"{module}.{name}"


def set_default_dtype(d: torch.dtype, /) -> None:
    """The dtype of tensors made from Python floats, and of factories without `dtype`. At first float32.

    The default complex dtype follows it: complex64 for float32, complex128 for float64.

    Raises:
        TypeError: not a floating-point dtype.
    """
    _C._set_default_dtype(d)


def set_default_tensor_type(t: Any, /) -> None:
    """Former way of `set_default_dtype`, by a legacy type such as `DoubleTensor` or its name.

    Raises:
        TypeError: not a floating-point type.
    """
    from ._legacy_types import by_name, tensortype

    if isinstance(t, str):
        t = by_name.get(t.removeprefix("torch."), t)
    if not isinstance(t, tensortype):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if not t.dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _C._set_default_dtype(t.dtype)


def set_default_device(device: Any) -> None:
    """The device of factories without `device`, in this thread; None goes back to the CPU."""
    _C._set_default_device(None if device is None else torch.device(device))


def get_default_device() -> torch.device:
    """The device of factories without `device`."""
    return _C._get_default_device()


def get_device_module(device: torch.device | str | None = None) -> ModuleType:
    """The module with a device's functions: `rusttorch.gpu` or `rusttorch.cpu`; of the accelerator, if there is one.

    Raises:
        RuntimeError: neither a device nor its name.
    """
    if device is None:
        return torch.gpu if torch.gpu.is_available() else torch.cpu
    if not isinstance(device, (str, torch.device)):
        raise RuntimeError(f"Invalid value of device '{device}', expect torch.device, str, or None")
    return torch.cpu if torch.device(device).type == "cpu" else torch.gpu


def compile(model: Any = None, **options: Any) -> Any:
    """`model` unchanged: operations are fused natively, and there is nothing to compile.

    Args:
        model: a function or module; without it, a decorator is given.
        options: those of torch.compile (`fullgraph`, `dynamic`, `backend`, `mode`, `options`, `disable`); no effect.

    Raises:
        AssertionError: `model` cannot be called.
    """
    if model is None:
        return compile
    if not callable(model):
        raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")
    return model
