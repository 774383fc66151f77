"""The device that is faster than the CPU, by the names of torch.accelerator: here the GPU, of any vendor."""

from __future__ import annotations

import warnings
from typing import Any

import rusttorch as torch
from rusttorch import gpu
from rusttorch.gpu import (
    Stream,
    _index,
    current_stream,
    device_count,
    empty_cache,
    empty_host_cache,
    is_available,
    max_memory_allocated,
    max_memory_reserved,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_accumulated_memory_stats,
    reset_peak_memory_stats,
    set_stream,
    synchronize,
)
from rusttorch.gpu import current_device as current_device_index
from rusttorch.gpu import device as device_index
from rusttorch.gpu import mem_get_info as get_memory_info
from rusttorch.gpu import set_device as set_device_index

__all__ = [
    "Event",
    "Stream",
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "empty_host_cache",
    "get_device_capability",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "set_stream",
    "synchronize",
]


def current_accelerator(check_available: bool = False) -> torch.device | None:
    """The GPU's device, without a number; None where ``check_available`` finds that there is none."""
    if check_available and not is_available():
        return None
    return torch.device("wgpu")


class Event(gpu.Event):
    """`rusttorch.gpu.Event` as ``torch.Event``, which is told its device.

    Args:
        device: a GPU, or None for the one that is current now.
        enable_timing, blocking, interprocess: as of `rusttorch.gpu.Event`.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """

    def __init__(
        self,
        device: torch.device | str | int | None = None,
        *,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
    ) -> None:
        super().__init__(enable_timing, blocking, interprocess)
        self.device = torch.device("wgpu", _index(device))


def current_device_idx() -> int:
    """The older name of `current_device_index`."""
    warnings.warn("Use `current_device_index` instead.", FutureWarning, stacklevel=2)
    return current_device_index()


def set_device_idx(device: torch.device | str | int | None, /) -> None:
    """The older name of `set_device_index`."""
    warnings.warn("Use `set_device_index` instead.", FutureWarning, stacklevel=2)
    set_device_index(device)


def get_device_capability(device: torch.device | str | int | None = None, /) -> dict[str, Any]:
    """``{"supported_dtypes": ...}``: the set of dtypes that the device can store and cast. Opens it.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    where = torch.device("wgpu", _index(device))
    found = set()
    for dtype in _DTYPES:
        try:
            torch.empty(0, dtype=dtype, device=where)
        except TypeError:
            continue
        found.add(dtype)
    return {"supported_dtypes": found}


_DTYPES = [
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
]
