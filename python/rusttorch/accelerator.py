"""The device that is faster than the CPU, by the names of torch.accelerator: here the GPU, of any vendor."""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch import _C

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


def is_available() -> bool:
    """Whether there is a GPU."""
    return _C._gpu_count() > 0


def current_accelerator(check_available: bool = False) -> torch.device | None:
    """The GPU's device, without a number; None where ``check_available`` finds that there is none."""
    if check_available and not is_available():
        return None
    return torch.device("wgpu")


def device_count() -> int:
    """How many GPUs there are."""
    return _C._gpu_count()


def current_device_index() -> int:
    """0: the device that ``gpu`` without a number means."""
    return 0


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


def synchronize(device: Any = None) -> None:
    """Wait for everything that was asked of the device."""
    torch.gpu.synchronize(device)


def empty_cache() -> None:
    """Give memory that no tensor uses back to the driver."""
    torch.gpu.empty_cache()


def memory_allocated(device: Any = None) -> int:
    """Bytes of the device's memory that tensors use."""
    return torch.gpu.memory_allocated(device)


def max_memory_allocated(device: Any = None) -> int:
    """Bytes that tensors used at most."""
    return torch.gpu.max_memory_allocated(device)


def memory_reserved(device: Any = None) -> int:
    """Bytes of the device's memory that are held, in use or for reuse."""
    return torch.gpu.memory_reserved(device)


def max_memory_reserved(device: Any = None) -> int:
    """Bytes that were held at most."""
    return torch.gpu.max_memory_reserved(device)


def memory_stats(device: Any = None) -> dict[str, int]:
    """The numbers behind the functions above, under PyTorch's names."""
    return torch.gpu.memory_stats(device)


def reset_peak_memory_stats(device: Any = None) -> None:
    """Make the present use of memory the highest."""
    torch.gpu.reset_peak_memory_stats(device)
