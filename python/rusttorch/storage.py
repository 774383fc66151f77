"""Typed access to the memory behind a tensor, for programs that still use it; `untyped_storage()` is the plain way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = ["TypedStorage", "UntypedStorage"]

UntypedStorage = _C.UntypedStorage


class TypedStorage:
    """A storage seen as a row of elements of one dtype.

    Args:
        args: a number of elements to allocate, or a sequence of values; nothing for an empty storage.
        wrap_storage: an `UntypedStorage` to look at, in place of `args`.
        dtype: of the elements; the default dtype if left out.
        device: where to allocate.
    """

    def __init__(
        self,
        *args: Any,
        wrap_storage: Any = None,
        dtype: torch.dtype | None = None,
        device: Any = None,
        _internal: bool = False,
    ) -> None:
        self.dtype: torch.dtype = torch.get_default_dtype() if dtype is None else dtype
        if wrap_storage is not None:
            if args:
                raise RuntimeError(
                    "No positional arguments should be given when using 'wrap_storage', got "
                    f"{len(args)} positional arguments"
                )
            self._untyped_storage = wrap_storage
        elif not args or isinstance(args[0], int):
            count = args[0] if args else 0
            self._untyped_storage = torch.empty(count, dtype=self.dtype, device=device).untyped_storage()
        elif isinstance(args[0], Sequence):
            self._untyped_storage = torch.tensor(args[0], dtype=self.dtype, device=device).untyped_storage()
        else:
            raise TypeError(f"Argument type not recognized: {type(args[0])}")

    @property
    def device(self) -> torch.device:
        """Where the memory is."""
        return self._untyped_storage.device

    @property
    def is_cuda(self) -> bool:
        """Always False."""
        return False

    def untyped(self) -> Any:
        """The `UntypedStorage` looked at."""
        return self._untyped_storage

    def _elements(self) -> torch.Tensor:
        """All the elements as a tensor of shape (len,) that shares the memory."""
        return torch.empty(0, dtype=self.dtype, device=self.device).set_(self._untyped_storage, 0, (len(self),), (1,))

    def __len__(self) -> int:
        return self._untyped_storage.nbytes() // self.dtype.itemsize

    size = __len__

    def nbytes(self) -> int:
        """Size in bytes."""
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        """Address of the first byte."""
        return self._untyped_storage.data_ptr()

    def _checked_index(self, index: Any) -> int:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")
        return index

    def __getitem__(self, index: int) -> Any:
        return self._elements()[self._checked_index(index)].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements()[index if isinstance(index, slice) else self._checked_index(index)] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._elements().tolist()

    def fill_(self, value: Any) -> TypedStorage:
        """Set every element."""
        self._elements().fill_(value)
        return self

    def copy_(self, source: TypedStorage, non_blocking: bool = False) -> TypedStorage:
        """Copy the elements of `source`, converting the dtype."""
        self._elements().copy_(source._elements())
        return self

    def clone(self) -> TypedStorage:
        """A copy."""
        return TypedStorage(wrap_storage=self._elements().clone().untyped_storage(), dtype=self.dtype)

    def cpu(self) -> TypedStorage:
        """This storage in CPU memory: itself if it is there."""
        if self.device.type == "cpu":
            return self
        return TypedStorage(wrap_storage=self._elements().cpu().untyped_storage(), dtype=self.dtype)

    def type(self) -> str:
        """The name of the typed storage, such as "torch.FloatStorage"."""
        from ._legacy_types import names

        return f"torch.{names[self.dtype]}Storage"

    def pickle_storage_type(self) -> str:
        """The name by which files say the dtype, such as "FloatStorage"."""
        return self.type().removeprefix("torch.")

    def is_shared(self) -> bool:
        """Whether other processes see the same memory."""
        return self._untyped_storage.is_shared()

    def share_memory_(self) -> TypedStorage:
        """Move to memory that forked processes share."""
        self._untyped_storage.share_memory_()
        return self

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, TypedStorage):
            return NotImplemented
        return self.dtype == other.dtype and self.data_ptr() == other.data_ptr() and len(self) == len(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = "".join(f" {value}\n" for value in self.tolist())
        return f"{values}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_typed_storage, (self._untyped_storage, self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> TypedStorage:
        return TypedStorage(wrap_storage=deepcopy_storage(self._untyped_storage, memo), dtype=self.dtype)


def _rebuild_typed_storage(untyped: Any, dtype: torch.dtype) -> TypedStorage:
    """A pickled typed storage."""
    return TypedStorage(wrap_storage=untyped, dtype=dtype)


def _as_bytes(storage: Any) -> torch.Tensor:
    """The bytes of a storage, wherever it is, as a tensor that shares the memory."""
    return torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage, 0, (storage.nbytes(),), (1,))


def storage_on(storage: Any, device: str) -> Any:
    """The storage itself if it is on the device, otherwise a copy there."""
    if str(storage.device) == device:
        return storage
    return _as_bytes(storage).to(device).untyped_storage()


def _rebuild_untyped_storage(data: Any, device: str = "cpu") -> Any:
    """A new storage with the bytes of a pickled one."""
    source = memoryview(data).cast("B")
    result = torch.empty(len(source), dtype=torch.uint8, device="cpu").untyped_storage()
    if len(source):
        memoryview(result).cast("B")[:] = source
    return storage_on(result, device)


def reduce_untyped_storage(storage: Any, proto: int) -> tuple[Any, ...]:
    """`__reduce_ex__` of `UntypedStorage`: its bytes and its device; from protocol 5 on without a copy of the host's."""
    device = str(storage.device)
    if not storage.nbytes():
        return _rebuild_untyped_storage, (b"", device)
    data = memoryview(storage_on(storage, "cpu")).cast("B")
    if proto < 5:
        return _rebuild_untyped_storage, (bytes(data), device)
    from pickle import PickleBuffer

    return _rebuild_untyped_storage, (PickleBuffer(data), device)


def deepcopy_storage(storage: Any, memo: dict[int, Any]) -> Any:
    """`__deepcopy__` of `UntypedStorage`: tensors that share memory share the copy."""
    copies: dict[int, Any] = memo.setdefault("rusttorch storages", {})  # type: ignore[call-overload]
    # by address, for a storage has a new Python object each time it is asked for; empty ones share nothing
    address = storage.data_ptr()
    if not storage.nbytes():
        return torch.empty(0, dtype=torch.uint8, device=storage.device).untyped_storage()
    if address not in copies:
        copies[address] = _as_bytes(storage).clone().untyped_storage()
    return copies[address]
