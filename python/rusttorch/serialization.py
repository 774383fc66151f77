"""Saves tensors, state dicts and containers of them to files that PyTorch opens, and opens PyTorch's.

`load` never runs code from a file. A checkpoint is a pickle, which to Python is a program; it is read here by a
machine of its own, which only builds tensors and plain containers and refuses every other name by telling it. With
``weights_only=False`` the layers of `rusttorch.nn` are known as well, so that a whole model made of them can be loaded;
classes of your own have to be named by `add_safe_globals` in either case. There is no way to have a file call something
that was not named.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
from collections.abc import Iterator
from typing import IO, Any

import rusttorch as torch

from ._checkpoint.archive import ArchiveReader, ArchiveWriter, is_archive
from ._checkpoint.legacy import read_legacy
from ._checkpoint.names import (
    add_safe_globals,
    checkpoint_names,
    clear_safe_globals,
    get_safe_globals,
    remove_safe_globals,
)
from ._checkpoint.pickler import CheckpointPickler
from ._checkpoint.storages import (
    LoadedStorage,
    Locator,
    StorageType,
    bytes_of,
    element_size,
    located,
    locator,
    settle_bytes,
)
from ._checkpoint.unpickler import Unpickler, globals_in

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "safe_globals",
    "save",
]

DEFAULT_PROTOCOL = 2


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file that PyTorch, and `load`, can open.

    A file named by its path is replaced as a whole once everything is written; if something fails before that, what
    was there stays. Tensors that share memory share it again when loaded.

    Args:
        obj: tensors, parameters, state dicts, numbers, texts and containers of them; models and other objects too,
            which `load` then has to be told about.
        f: a path, or a file-like object with ``write``.
        pickle_module: Python's pickle; no other is supported.
        pickle_protocol: of the records that are no tensors (default 2, which PyTorch reads with weights_only=True).

    Raises:
        RuntimeError: the folder does not exist; tensors of different dtypes on one storage.
        AttributeError: ``f`` is neither a path nor can it be written to.
        pickle.PicklingError: an object that cannot be pickled.
    """
    if pickle_module is not pickle:
        raise RuntimeError("a checkpoint is written by a pickler of its own; pickle_module has to be Python's pickle")
    if not _use_new_zipfile_serialization:
        raise NotImplementedError("the format of before PyTorch 1.6 is read but not written")
    data = io.BytesIO()
    pickler = CheckpointPickler(data, pickle_protocol)
    pickler.dump(obj)

    def write(out: IO[bytes], name: str) -> None:
        with ArchiveWriter(out, name) as archive:
            archive.write("data.pkl", data.getvalue())
            archive.write(".format_version", b"1")
            archive.write(".storage_alignment", b"64")
            if not _disable_byteorder_record:
                archive.write("byteorder", sys.byteorder.encode())
            for key, t in pickler.storages.items():
                archive.write(f"data/{key}", bytes_of(t) if t.untyped_storage().nbytes() else b"")

    if isinstance(f, (str, os.PathLike)):
        path = os.path.realpath(os.fspath(f))
        name = os.path.splitext(os.path.basename(os.fspath(f)))[0]
        with _replaced(path) as out:
            write(out, name or "archive")
    elif hasattr(f, "write"):
        write(f, "archive")
    else:
        raise AttributeError(f"expected 'f' to be string, path, or a file-like object with a 'write' attribute: {f!r}")


@contextlib.contextmanager
def _replaced(path: str) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``path`` when all went well."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.exists(path) and not os.path.isfile(path):  # a device, say
        with open(path, "wb") as out:
            yield out
        return
    part = f"{path}.part{os.getpid()}"
    try:
        out = open(part, "xb")
    except PermissionError:
        if not os.access(path, os.W_OK):
            raise
        # The folder takes no new file, but the file itself may be written.
        with open(path, "wb") as out:
            yield out
        return
    try:
        with out:
            yield out
        if os.path.exists(path):
            os.chmod(part, os.stat(path).st_mode & 0o7777)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what `save`, or PyTorch, saved, without running code from the file.

    Args:
        f: a path, or a file-like object with ``read``, ``readline``, ``seek`` and ``tell``.
        map_location: where tensors go: None (where they were), a device or its name, a dict from saved to wanted
            devices, or a function of a storage and its device's name that returns a storage (or None).
        pickle_module: has to be None.
        weights_only: True (the default) loads tensors, numbers, texts, plain containers, and what
            `add_safe_globals` names; False also layers of `rusttorch.nn`. Neither runs code.
        mmap: map the file into memory, privately, instead of reading it; for a path only.
        pickle_load_args: ``encoding`` of the texts of Python 2 (default "utf-8").

    Raises:
        FileNotFoundError: there is no such file.
        RuntimeError: the file is damaged, truncated or no checkpoint; a device that is not here.
        EOFError: the file is empty.
        pickle.UnpicklingError: the file wants something that is not allowed, which the message names.
    """
    if pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    encoding = pickle_load_args.pop("encoding", "utf-8")
    if pickle_load_args:
        raise TypeError(f"load() got an unexpected keyword argument {next(iter(pickle_load_args))!r}")
    weights_only = weights_only is not False
    locate = locator(map_location)
    path = os.fspath(f) if isinstance(f, (str, os.PathLike)) else None
    if mmap and path is None:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if path is None:
        _check_readable(f)
    with open(path, "rb") if path is not None else contextlib.nullcontext(f) as file:
        try:
            if is_archive(file):
                return _read_archive(file, locate, weights_only, bool(mmap), encoding)
            if mmap:
                raise RuntimeError(
                    "mmap can only be used with files saved with "
                    f"`torch.save({path}, _use_new_zipfile_serialization=True), please torch.save your checkpoint "
                    "with this option in order to use mmap."
                )
            return read_legacy(file, locate, weights_only, encoding)
        except pickle.UnpicklingError as error:
            what = "Weights only load failed." if weights_only else "Load failed."
            raise pickle.UnpicklingError(f"{what} {error}") from error.__cause__


def _check_readable(f: Any) -> None:
    missing = [name for name in ("seek", "tell", "read", "readline") if not hasattr(f, name)]
    if missing:
        raise AttributeError(
            f"{type(f).__name__!r} object has no attribute {missing[0]!r}. You can only torch.load from a file that "
            "is seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
        )


def _read_archive(f: IO[bytes], locate: Locator, weights_only: bool, mmap: bool, encoding: str) -> Any:
    if f.tell() != 0:  # offsets in an archive count from its start
        f = io.BytesIO(f.read())
    archive = ArchiveReader(f)
    if "constants.pkl" in archive:
        raise RuntimeError("the file is a TorchScript archive, a program, which cannot be loaded here")
    byteorder = archive.read("byteorder").decode("ascii") if "byteorder" in archive else "little"
    if byteorder not in ("little", "big"):
        raise ValueError("Unknown endianness type: " + byteorder)
    mapped = _mapped(f) if mmap else None
    storages: dict[str, tuple[LoadedStorage, Any]] = {}

    def persistent_load(saved: Any) -> LoadedStorage:
        if type(saved) is not tuple or len(saved) != 5 or saved[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {saved!r:.200}")
        _, storage_type, key, location, numel = saved
        if not isinstance(storage_type, StorageType) or type(key) is not str or type(numel) is not int:
            raise pickle.UnpicklingError(f"a storage cannot be {saved!r:.200}")
        if key in storages:
            storage, dtype = storages[key]
            if storage_type.dtype not in (None, dtype):
                raise pickle.UnpicklingError(f"storage {key} has two dtypes, {dtype} and {storage_type.dtype}")
            return storage
        dtype = torch.uint8 if storage_type.dtype is None else storage_type.dtype
        nbytes = numel * element_size(dtype)
        record = f"data/{key}"
        if not 0 <= nbytes <= archive.size(record):
            raise RuntimeError(
                f"storage {key} should have {nbytes} bytes, but the file has {archive.size(record)} for it"
            )
        flat = None
        if mapped is not None and nbytes and byteorder == sys.byteorder and dtype != torch.bool:
            start = archive.stored_at(record)
            if start is not None and start % element_size(dtype) == 0 and start + nbytes <= len(mapped):
                flat = torch.frombuffer(mapped, dtype=dtype, count=numel, offset=start)
        if flat is None:
            flat = torch.empty(numel, dtype=dtype, device="cpu")
            if nbytes:
                out = bytes_of(flat)
                archive.read_into(record, out)
                settle_bytes(out, dtype, byteorder)
        storage = located(flat, location.decode() if isinstance(location, bytes) else location, locate)
        storages[key] = (storage, dtype)
        return storage

    data = io.BytesIO(archive.read("data.pkl"))
    result = Unpickler(data, checkpoint_names(weights_only), persistent_load, encoding).load()
    if not all(storage.used for storage, _ in storages.values()):
        raise RuntimeError("the file holds a storage without a tensor on it; only tensors can be loaded")
    return result


def _mapped(f: Any) -> Any:
    """The file as memory; what is written to it stays in this process."""
    import mmap

    return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)


class safe_globals:
    """`add_safe_globals` for the length of a block."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        remove_safe_globals(self.safe_globals)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names in a checkpoint that `load` would refuse, without loading it.

    Args:
        f: a path, or a file-like object, of an archive.

    Raises:
        ValueError: it is not an archive.
    """
    with open(f, "rb") if isinstance(f, (str, os.PathLike)) else contextlib.nullcontext(f) as file:
        if not is_archive(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        data = io.BytesIO(ArchiveReader(file).read("data.pkl"))
    names = checkpoint_names(weights_only=True)
    unsafe = set()
    for module, name in globals_in(data):
        try:
            names.find(module, name)
        except pickle.UnpicklingError:
            unsafe.add(f"{module}.{name}")
    return sorted(unsafe)
