"""Reads the format of before PyTorch 1.6: pickles one after the other, then the bytes of all storages."""

from __future__ import annotations

import struct
from pickle import UnpicklingError
from typing import IO, Any

import rusttorch as torch

from .names import checkpoint_names, plain_names
from .storages import LoadedStorage, Locator, StorageType, bytes_of, element_size, located, settle_bytes
from .unpickler import Unpickler

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001


def read_legacy(f: IO[bytes], locate: Locator, weights_only: bool, encoding: str) -> Any:
    """The object in a file of the older format.

    The tensors come before their bytes in such a file. Each storage is therefore first made where it belongs, and
    filled at the end.

    Raises:
        RuntimeError: it is no checkpoint, or is truncated.
        pickle.UnpicklingError: it wants to do more than build data.
    """
    head = Unpickler(f, plain_names(), encoding=encoding)
    if head.load() != _MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = head.load()
    if version != _PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    system = head.load()
    byteorder = "little" if not isinstance(system, dict) or system.get("little_endian", True) else "big"

    remaining = _remaining(f)
    storages: dict[Any, tuple[LoadedStorage, Any]] = {}

    def persistent_load(saved: Any) -> Any:
        kind, *data = saved
        if kind in ("module", b"module"):  # a class, with its source code, which is of no use here
            return data[0]
        if kind not in ("storage", b"storage"):
            raise UnpicklingError(f"Only persistent_load of storage is allowed, but got {kind}")
        storage_type, key, location, numel, view = data
        if not isinstance(storage_type, StorageType) or type(numel) is not int or view is not None:
            raise UnpicklingError(f"a storage cannot be {saved}")
        dtype = torch.uint8 if storage_type.dtype is None else storage_type.dtype
        if key not in storages:
            if not 0 <= numel * element_size(dtype) <= remaining:
                raise UnpicklingError(f"a storage of {numel} elements does not fit into the file")
            flat = torch.zeros(numel, dtype=dtype, device="cpu")
            storage = located(flat, location.decode() if isinstance(location, bytes) else location, locate)
            storages[key] = (storage, dtype)
        return storages[key][0]

    result = Unpickler(f, checkpoint_names(weights_only), persistent_load, encoding).load()
    for key in Unpickler(f, plain_names(), encoding=encoding).load():
        if key not in storages:
            raise UnpicklingError(f"the file has bytes for a storage {key!r} that no tensor is on")
        storage, dtype = storages.pop(key)
        _fill(f, storage, dtype, byteorder)
    if any(storage.flat.numel() for storage, _ in storages.values()):
        raise RuntimeError("the file has no bytes for some of its storages; it is truncated")
    return result


def _remaining(f: IO[bytes]) -> int:
    start = f.tell()
    end = f.seek(0, 2)
    f.seek(start)
    return end - start


def _fill(f: IO[bytes], storage: LoadedStorage, dtype: Any, byteorder: str) -> None:
    """Read a storage's bytes, which its number of elements goes before."""
    size = f.read(8)
    numel = storage.flat.numel()
    if len(size) < 8 or struct.unpack("<q" if byteorder == "little" else ">q", size)[0] != numel:
        raise RuntimeError(f"a storage of {numel} elements has another size where its bytes are; the file is damaged")
    if numel == 0:
        return
    flat = storage.flat if storage.flat.is_cpu else torch.empty(numel, dtype=dtype, device="cpu")
    out = bytes_of(flat)
    data = f.read(len(out))
    if len(data) < len(out):
        raise RuntimeError("unexpected EOF: the file is truncated")
    out[:] = data
    settle_bytes(out, dtype, byteorder)
    if flat is not storage.flat:
        storage.flat.copy_(flat)
