"""GPUs of any vendor, over Vulkan, Metal or DirectX 12: which there are, their memory and their work.

The device's type is ``wgpu``, with the alias ``gpu``: ``x.to("gpu")``, ``torch.zeros(3, device="gpu:1")``. Adapters are
numbered best first (discrete, integrated, virtual, CPU); the environment variable ``RUSTTORCH_ADAPTER``, a number or a part
of a name, puts one before all others. A device is opened when it is first used.
"""

from __future__ import annotations

from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = [
    "Event",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "get_device_properties",
    "is_available",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_peak_memory_stats",
    "statistics",
    "synchronize",
]


def _index(device: torch.device | str | int | None) -> int:
    if device is None:
        return 0
    if isinstance(device, int):
        return device
    device = torch.device(device)
    if device.type != "wgpu":
        raise ValueError(f"Expected a gpu device, but got: {device}")
    return device.index or 0


def is_available() -> bool:
    """Whether there is an adapter that can run the kernels."""
    return _C._gpu_count() > 0


def is_initialized() -> bool:
    """Whether the first device was opened in this process."""
    return _C._gpu_is_open(0)


def device_count() -> int:
    """How many adapters there are."""
    return _C._gpu_count()


def current_device() -> int:
    """0: the device that ``gpu`` without a number means."""
    return 0


def get_device_name(device: torch.device | str | int | None = None) -> str:
    """The adapter's name.

    Raises:
        RuntimeError: there is no such device.
    """
    return str(_C._gpu_describe(_index(device))["name"])


def get_device_properties(device: torch.device | str | int | None = None) -> dict[str, Any]:
    """Name, kind, backend, driver, features and limits of an adapter. Does not open it.

    Raises:
        RuntimeError: there is no such device.
    """
    return _C._gpu_describe(_index(device))


def synchronize(device: torch.device | str | int | None = None) -> None:
    """Wait for everything that was asked of the device.

    Raises:
        IndexError: an op since the last synchronization was given an index that its tensor does not have.
        RuntimeError: the driver reported an error, or the device was lost.
    """
    _C._gpu_synchronize(_index(device))


def manual_seed(seed: int) -> None:
    """Start the generator's stream anew: there is one generator, the CPU's, for all devices."""
    torch.manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """As `manual_seed`."""
    torch.manual_seed(seed)


def memory_allocated(device: torch.device | str | int | None = None) -> int:
    """Bytes of the device's memory that tensors use."""
    return _C._gpu_memory(_index(device))["allocated"]


def max_memory_allocated(device: torch.device | str | int | None = None) -> int:
    """Bytes that tensors used at most since the start or `reset_peak_memory_stats`."""
    return _C._gpu_memory(_index(device))["max_allocated"]


def memory_reserved(device: torch.device | str | int | None = None) -> int:
    """Bytes of the device's memory that are held, in use or for reuse."""
    return _C._gpu_memory(_index(device))["reserved"]


def max_memory_reserved(device: torch.device | str | int | None = None) -> int:
    """Bytes that were held at most since the start or `reset_peak_memory_stats`."""
    return _C._gpu_memory(_index(device))["max_reserved"]


def reset_peak_memory_stats(device: torch.device | str | int | None = None) -> None:
    """Make the present use of memory the highest."""
    _C._gpu_reset_peak(_index(device))


def empty_cache() -> None:
    """Give memory that no tensor uses back to the driver, on every device that is open."""
    for index in range(_C._gpu_count()):
        _C._gpu_empty_cache(index)


def memory_stats(device: torch.device | str | int | None = None) -> dict[str, int]:
    """The numbers behind the functions above, under PyTorch's names, and how often memory was asked for and made."""
    m = _C._gpu_memory(_index(device))
    return {
        "allocated_bytes.all.current": m["allocated"],
        "allocated_bytes.all.peak": m["max_allocated"],
        "reserved_bytes.all.current": m["reserved"],
        "reserved_bytes.all.peak": m["max_reserved"],
        "allocation.all.allocated": m["requests"],
        "segment.all.allocated": m["buffers"],
    }


def mem_get_info(device: torch.device | str | int | None = None) -> tuple[int, int]:
    """Raises NotImplementedError: the drivers' interface does not tell how much memory a device has."""
    raise NotImplementedError("mem_get_info: Vulkan, Metal and DirectX 12 do not tell how much memory is free alike")


def memory_summary(device: torch.device | str | int | None = None, abbreviated: bool = False) -> str:
    """The use of memory as a table for people."""
    index = _index(device)
    m = _C._gpu_memory(index)
    rows = [
        ("in use by tensors", m["allocated"], m["max_allocated"]),
        ("held, in use or for reuse", m["reserved"], m["max_reserved"]),
    ]
    lines = [f"{'memory of wgpu:' + str(index):<28} {'now':>12} {'at most':>12}"]
    lines += [f"{name:<28} {_bytes(now):>12} {_bytes(most):>12}" for name, now, most in rows]
    if not abbreviated:
        lines.append(f"{'requests':<28} {m['requests']:>12}")
        lines.append(f"{'buffers made':<28} {m['buffers']:>12}")
    return "\n".join(lines)


def _bytes(n: int) -> str:
    size = float(n)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"


def statistics(device: torch.device | str | int | None = None) -> dict[str, int]:
    """What was done since the start: kernels recorded, submissions, bytes copied each way, kernels compiled."""
    return _C._gpu_counts(_index(device))


class Event:
    """A moment in a device's work, after all that was asked of it before.

    Args:
        enable_timing: as in PyTorch, needed for `elapsed_time`.
        blocking: no effect: every wait lets other threads run.
        interprocess: not supported.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        if interprocess:
            raise NotImplementedError("Event: interprocess events are not supported")
        self._timing = enable_timing
        self._mark: _C._GpuMark | None = None

    def record(self, stream: Any = None) -> None:
        """Put the moment after everything that was asked of the current device so far. Does not wait for it, unless the
        device cannot tell the time (feature ``timestamp-query-inside-passes``): then the host's clock is read.
        """
        self._mark = _C._GpuMark(current_device())

    def synchronize(self) -> None:
        """Wait until the device has reached the moment."""
        if self._mark is not None:
            self._mark.wait()

    def wait(self, stream: Any = None) -> None:
        """Nothing: there is one queue, which is in order."""

    def query(self) -> bool:
        """Whether the device has reached the moment. What is recorded up to it is handed to the device first."""
        return self._mark is None or self._mark.reached()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another, by the device's own clock. Waits for both.

        Work is handed to the device in batches, so time that the host spends between two ops may not be in it.

        Raises:
            ValueError: one was made without ``enable_timing``, or was not recorded.
        """
        if not (self._timing and end_event._timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._mark is None or end_event._mark is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return self._mark.until(end_event._mark) / 1e6
