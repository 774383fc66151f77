"""The tensor and storage types with a dtype in their name, such as `FloatTensor`, which predate `dtype`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rusttorch as torch

names: dict[torch.dtype, str] = {
    torch.float32: "Float",
    torch.float64: "Double",
    torch.float16: "Half",
    torch.bfloat16: "BFloat16",
    torch.uint8: "Byte",
    torch.int8: "Char",
    torch.int16: "Short",
    torch.int32: "Int",
    torch.int64: "Long",
    torch.bool: "Bool",
    torch.complex64: "ComplexFloat",
    torch.complex128: "ComplexDouble",
}


class tensortype(type):
    """The type of `FloatTensor` and its relatives: called, they make a tensor of their dtype."""

    dtype: torch.dtype
    is_cuda = False

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, torch.Tensor) and instance.dtype == cls.dtype and instance.is_cpu

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"

    def __call__(cls, *args: Any, device: Any = "cpu") -> torch.Tensor:
        """An unset tensor of the CPU of the sizes given, or one with the values of a sequence, array, tensor or storage.

        Raises:
            TypeError: a tensor of another dtype or device (convert it with `.to`), or data that are no sequence.
            RuntimeError: another device.
        """
        dtype, device = cls.dtype, torch.device("cpu" if device is None else device)
        if device.type != "cpu":
            raise RuntimeError(f"legacy constructor expects device type: cpu but device type: {device.type} was passed")
        if not args:
            return torch.empty(0, dtype=dtype, device=device)
        data = args[0]
        if isinstance(data, torch.Size) or _is_index(data):
            return torch.empty(data if isinstance(data, torch.Size) else args, dtype=dtype, device=device)
        if len(args) > 1:
            raise TypeError(f"new() received an invalid combination of arguments - got {len(args)} arguments")
        if isinstance(data, torch.Tensor):
            if data.dtype != dtype:
                raise TypeError(f"expected a tensor with dtype={dtype}, but got dtype={data.dtype}")
            if not data.is_cpu:
                raise TypeError(f"expected CPU (got {data.device.type.upper()})")
            return data.detach()
        if isinstance(data, torch.UntypedStorage):
            count = data.nbytes() // dtype.itemsize
            return torch.empty(0, dtype=dtype, device=device).set_(data, 0, (count,), (1,))
        if isinstance(data, str):
            raise TypeError("new(): invalid data type 'str'")
        if not isinstance(data, Sequence) and not hasattr(data, "__array__"):
            raise TypeError(f"new(): data must be a sequence (got {type(data).__name__})")
        return torch.tensor(data, dtype=dtype, device=device)


class storagetype(type):
    """The type of `FloatStorage` and its relatives: called, they make a `TypedStorage` of their dtype."""

    dtype: torch.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, torch.TypedStorage) and instance.dtype == cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"

    def __call__(cls, *args: Any, wrap_storage: Any = None, device: Any = None) -> Any:
        """A `TypedStorage` of this dtype with the same arguments."""
        return torch.TypedStorage(*args, wrap_storage=wrap_storage, dtype=cls.dtype, device=device)


def _is_index(value: Any) -> bool:
    """Whether `value` is an int of any kind, but not a bool, a tensor or an array."""
    return hasattr(value, "__index__") and not isinstance(value, (bool, torch.Tensor)) and not hasattr(value, "__len__")


def _make(kind: Any, suffix: str) -> dict[str, Any]:
    return {f"{name}{suffix}": kind(f"{name}{suffix}", (), {"dtype": dtype}) for dtype, name in names.items()}


by_name: dict[str, Any] = _make(tensortype, "Tensor") | _make(storagetype, "Storage")
