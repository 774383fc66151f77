"""Reads the IDX format of the MNIST family: a header of big-endian sizes, then bytes."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from typing import Any

import rusttorch as torch

# The third byte of the magic number, for unsigned bytes; the only type these data sets use.
_UNSIGNED_BYTE = 8


def read_idx(path: str | os.PathLike[str], dims: int) -> Any:
    """The uint8 tensor in an IDX file, which may be compressed by gzip (``.gz``).

    Args:
        path: the file.
        dims: how many dimensions the tensor has to have.

    Raises:
        RuntimeError: the file is truncated, damaged, or no IDX file of bytes with so many dimensions.
    """
    path = os.fspath(path)
    opener: Any = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as f:
            head = f.read(4 + 4 * dims)
            if len(head) < 4 + 4 * dims:
                raise RuntimeError(f"{path} is truncated: it ends in its header")
            if head[:2] != b"\0\0" or head[2] != _UNSIGNED_BYTE or head[3] != dims:
                raise RuntimeError(
                    f"{path} is not an IDX file of bytes with {dims} dimensions (it starts with {head[:4].hex()})"
                )
            shape = struct.unpack(f">{dims}I", head[4:])
            numel = 1
            for n in shape:
                numel *= n
            data = f.read(numel + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RuntimeError(f"{path} is truncated or damaged: {error}") from error
    if len(data) != numel:
        more = "more" if len(data) > numel else f"only {len(data)}"
        raise RuntimeError(f"{path} should have {numel} bytes of data, for shape {shape}, but has {more}")
    if numel == 0:
        return torch.empty(shape, dtype=torch.uint8)
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(shape)
