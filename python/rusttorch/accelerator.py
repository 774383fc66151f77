"""The device that is faster than the CPU, by the names of torch.accelerator: here the GPU, of any vendor."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch.gpu import current_device as current_device_index
from rusttorch.gpu import (
    device_count,
    empty_cache,
    is_available,
    max_memory_allocated,
    max_memory_reserved,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_peak_memory_stats,
    synchronize,
)

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "empty_cache",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_peak_memory_stats",
    "set_device_index",
    "synchronize",
]


def current_accelerator(check_available: bool = False) -> torch.device | None:
    """The GPU's device, without a number; None where ``check_available`` finds that there is none."""
    if check_available and not is_available():
        return None
    return torch.device("wgpu")


def set_device_index(device: Any) -> None:
    """Choose the device that ``gpu`` without a number means: only 0 can be.

    Raises:
        NotImplementedError: another number; name the device (``gpu:1``), or put it first by ``RUSTTORCH_ADAPTER``.
    """
    index = device if isinstance(device, int) else (torch.device(device).index or 0)
    if index != 0:
        raise NotImplementedError(
            "set_device_index: 'gpu' is always device 0; name the other one ('gpu:1'), or set RUSTTORCH_ADAPTER=1"
        )
