"""Writes the objects of a checkpoint as PyTorch pickles them, with tensors as references to storages."""

from __future__ import annotations

import io
import pickle
import types
from collections import OrderedDict
from typing import Any

import rusttorch as torch
from rusttorch import _C

from .storages import STORAGE_NAMES, Tensor, element_size


class _Name:
    """A function or class of PyTorch's, by its name; it need not exist here."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self) -> None:  # pickle only takes something that can be called for a constructor
        raise TypeError(f"{self.module}.{self.name} is only a name")


_REBUILD_TENSOR = _Name("torch._utils", "_rebuild_tensor_v2")
_REBUILD_PARAMETER = _Name("torch._utils", "_rebuild_parameter")
_REBUILD_PARAMETER_WITH_STATE = _Name("torch._utils", "_rebuild_parameter_with_state")
_REBUILD_FROM_TYPE = _Name("torch._tensor", "_rebuild_from_type_v2")
_GET_LAYOUT = _Name("torch.serialization", "_get_layout")
_SIZE = _Name("torch", "Size")
_DEVICE = _Name("torch", "device")
_TENSOR = _Name("torch", "Tensor")
_PARAMETER = _Name("torch.nn.parameter", "Parameter")
_STORAGES = {dtype: _Name("torch", name) for dtype, name in STORAGE_NAMES.items()}
_DTYPES = {dtype: _Name("torch", str(dtype).rpartition(".")[2]) for dtype in STORAGE_NAMES}


def _parameter() -> type:
    """`nn.Parameter`; looked up late, for the modules of layers are imported when they are needed."""
    from rusttorch.nn.parameter import Parameter

    return Parameter


class _StorageReference:
    """The storage of a tensor, at the place in the pickle where the tensor is rebuilt from it."""

    __slots__ = ("id",)

    def __init__(self, id: tuple[Any, ...]) -> None:
        self.id = id


# Types that Python's pickler, or this one, writes by itself.
_PLAIN = frozenset((int, float, bool, str, bytes, tuple, list, dict, type(None), _Name, _StorageReference))


# Python's own pickler in Python: the one in C looks up every name it writes, and PyTorch's are not here.
class CheckpointPickler(pickle._Pickler):
    """Pickles an object; ``storages`` then holds, by key, a tensor on each storage that the pickle refers to.

    Raises:
        pickle.PicklingError: an object that cannot be pickled.
        RuntimeError: tensors of different dtypes on one storage.
    """

    dispatch = pickle._Pickler.dispatch.copy()

    def __init__(self, f: io.BytesIO, protocol: int) -> None:
        super().__init__(f, protocol=protocol)
        self.storages: dict[str, Tensor] = {}
        self._key_of: dict[int, tuple[str, Any]] = {}

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write an object; the plain ones, which are most, without asking what else they might be."""
        kind = type(obj)
        if kind not in _PLAIN:
            super().save(obj, save_persistent_id)  # type: ignore[misc]
            return
        self.framer.commit_frame()  # type: ignore[attr-defined]
        known = self.memo.get(id(obj))  # type: ignore[attr-defined]
        if known is not None:
            self.write(self.get(known[0]))  # type: ignore[attr-defined]
        elif kind is _StorageReference:
            self.save_pers(obj.id)  # type: ignore[attr-defined]
        elif kind is _Name:
            self.save_global(obj)
        else:
            self.dispatch[kind](self, obj)  # type: ignore[arg-type]

    def persistent_id(self, obj: Any) -> Any:
        """What a storage is written as."""
        return obj.id if type(obj) is _StorageReference else None

    def reducer_override(self, obj: Any) -> Any:
        """What tensors and the types around them are written as; NotImplemented for all else."""
        if isinstance(obj, Tensor):
            return self._reduced(obj)
        if isinstance(obj, _C.dtype):
            return _DTYPES[obj].name
        if type(obj) is _Name:
            return obj.name
        if isinstance(obj, torch.Size):
            return _SIZE, (tuple(obj),)
        if isinstance(obj, torch.device):
            return _DEVICE, ((obj.type,) if obj.index is None else (obj.type, obj.index))
        if isinstance(obj, torch.layout):
            return _GET_LAYOUT, (str(obj),)
        return NotImplemented

    def _reduced(self, t: Tensor) -> tuple[Any, ...]:
        state = dict(getattr(t, "__dict__", None) or {})
        if type(t) is not Tensor and type(t) is _parameter():
            # PyTorch warns of hooks, which are not saved; the parts of its format that would hold them stay empty.
            parts: tuple[Any, ...] = (t.data, t.requires_grad, OrderedDict())
            if not state:
                return _REBUILD_PARAMETER, parts
            return _REBUILD_PARAMETER_WITH_STATE, (*parts, state)
        parts = (
            self._storage(t),
            t.storage_offset(),
            tuple(t.size()),
            tuple(t.stride()),
            t.requires_grad,
            OrderedDict(),
        )
        if type(t) is Tensor and not state:
            return _REBUILD_TENSOR, parts
        kind = _TENSOR if type(t) is Tensor else type(t)
        return _REBUILD_FROM_TYPE, (_REBUILD_TENSOR, kind, parts, state)

    def _storage(self, t: Tensor) -> _StorageReference:
        storage = t.untyped_storage()
        pointer = storage.data_ptr()
        nbytes = storage.nbytes()
        if pointer == 0 or nbytes == 0 or pointer not in self._key_of:
            key = str(len(self.storages))
            self.storages[key] = t
            if pointer != 0 and nbytes != 0:
                self._key_of[pointer] = (key, t.dtype)
        else:
            key, dtype = self._key_of[pointer]
            if dtype != t.dtype:
                raise RuntimeError(
                    "Cannot save multiple tensors or storages that view the same data as different types"
                )
        location = "cpu" if t.device.type == "cpu" else str(t.device)
        return _StorageReference(("storage", _STORAGES[t.dtype], key, location, nbytes // element_size(t.dtype)))

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write a function or class by its name; those of this package by PyTorch's name for them."""
        if type(obj) is _Name:
            module, name = obj.module, obj.name
        elif isinstance(obj, _C.dtype):
            module, name = "torch", _DTYPES[obj].name
        elif obj is Tensor:
            module, name = "torch", "Tensor"
        else:
            name = name or getattr(obj, "__qualname__", None) or obj.__name__
            module = pickle.whichmodule(obj, name)  # type: ignore[attr-defined]
            if module.partition(".")[0] != "rusttorch":
                super().save_global(obj, name)  # type: ignore[misc]
                return
            self._check_found(obj, module, name)
            module = "torch" + module[len("rusttorch") :]
        self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    @staticmethod
    def _check_found(obj: Any, module: str, name: str) -> None:
        from importlib import import_module

        if getattr(import_module(module), name, None) is not obj:
            raise pickle.PicklingError(f"Can't pickle {obj!r}: it's not found as {module}.{name}")

    dispatch[types.FunctionType] = save_global  # type: ignore[assignment]
