"""The memory of tensors, on its way into a file and out of it, and the names PyTorch's files give its types."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C
from rusttorch.storage import storage_on

Tensor = _C.Tensor

# PyTorch's names for storages, by the dtype of their elements.
STORAGE_DTYPES: dict[str, Any] = {
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "ShortStorage": torch.int16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}
STORAGE_NAMES = {dtype: name for name, dtype in STORAGE_DTYPES.items()}
DTYPES = {str(dtype).rpartition(".")[2]: dtype for dtype in STORAGE_NAMES}

# Turns (a storage on the CPU, the place it was saved from) into the device that its tensors go to.
Locator = Callable[[Any, str], Any]


def bytes_of(t: Tensor) -> memoryview:
    """The whole memory of the tensor's storage, as writable bytes; those of a GPU's are a copy."""
    # `data` has a count of writes of its own: the `set_` within is none to the tensor.
    return memoryview(storage_on(t.data.untyped_storage(), "cpu")).cast("B")


def element_size(dtype: Any) -> int:
    """The number of bytes of one element."""
    size: int = dtype.itemsize
    return size


class StorageType:
    """Stands for a storage class that a file names: its dtype, or None for bytes without one."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype


class LoadedStorage:
    """A storage named in a file: a flat tensor of its elements, which all tensors on it are views of."""

    __slots__ = ("flat", "used")

    def __init__(self, flat: Tensor) -> None:
        self.flat = flat
        self.used = False

    def tensor(self, dtype: Any, offset: int, size: Any, stride: Any) -> Tensor:
        """The tensor of this size (and strides and offset, in elements) on the storage.

        Raises:
            ValueError: it would reach out of the storage.
        """
        flat = self.flat
        if dtype is not None and dtype != flat.dtype:
            flat = flat.view(dtype)
        size, stride = tuple(size), tuple(stride)
        if len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in (offset, *size, *stride)):
            raise ValueError(f"a tensor has size {size}, strides {stride} and storage offset {offset}")
        if all(size):
            last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
            if last >= flat.numel():
                raise ValueError(
                    f"a tensor of size {size} with strides {stride} and storage offset {offset} does not fit into "
                    f"its storage of {flat.numel()} elements"
                )
        self.used = True
        # `data` makes it a tensor of its own, as it was when saved, and not a view with a base.
        return flat.as_strided(size, stride, min(offset, flat.numel())).data


def default_location(location: str) -> Any:
    """The device that a saved location stands for.

    Raises:
        RuntimeError: there is no such device here.
    """
    if location == "cpu":
        return torch.device("cpu")
    try:
        device = torch.device(location)
        torch.empty(0, device=device)
    except (RuntimeError, NotImplementedError, ValueError):
        if location.startswith("cuda"):
            raise RuntimeError(
                "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you "
                "are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to "
                "map your storages to the CPU."
            ) from None
        raise RuntimeError(
            f"don't know how to restore data location of torch.UntypedStorage (tagged with {location}); use "
            "torch.load with map_location='cpu' to load it on the CPU"
        ) from None
    return device


def _device_name(location: str) -> str:
    """A device's name as files have it, for an alias of it; other texts as they are."""
    try:
        return str(torch.device(location))
    except RuntimeError:
        return location


def locator(map_location: Any) -> Locator:
    """The meaning of ``map_location``: None, a device or its name, a dict of names, or a function."""
    if map_location is None:
        return lambda storage, location: default_location(location)
    if isinstance(map_location, dict):
        mapped = {_device_name(saved): str(wanted) for saved, wanted in map_location.items()}
        return lambda storage, location: default_location(mapped.get(location, location))
    if isinstance(map_location, bytes):
        map_location = map_location.decode("ascii")
    if isinstance(map_location, (str, torch.device)):
        return lambda storage, location: default_location(str(map_location))

    def call(storage: Any, location: str) -> Any:
        result = map_location(storage, location)
        return default_location(location) if result is None else result.device

    return call


def located(flat: Tensor, location: str, locate: Locator) -> LoadedStorage:
    """The storage of a flat tensor on the CPU, moved to where it belongs."""
    device = locate(flat.untyped_storage(), location)
    return LoadedStorage(flat if device == flat.device else flat.to(device))


def settle_bytes(data: memoryview, dtype: Any, byteorder: str) -> None:
    """Bring the bytes of elements, read from a file, into the form that this machine keeps them in."""
    if byteorder != sys.byteorder:
        size = element_size(dtype) // (2 if dtype.is_complex else 1)
        swapped = bytearray(data)
        for i in range(size):
            swapped[i::size] = data[size - 1 - i :: size]
        data[:] = swapped
    # Every byte that is not 0 is true to PyTorch; here it has to be 1.
    if dtype == torch.bool and bytes(data).translate(None, b"\0\1"):
        data[:] = bytes(data).translate(bytes([0] + [1] * 255))
