"""GPUs of any vendor, over Vulkan, Metal or DirectX 12: which there are, their memory and their work.

The device's type is ``wgpu``, with the alias ``gpu``: ``x.to("gpu")``, ``torch.zeros(3, device="gpu:1")``. Adapters are
numbered best first (discrete, integrated, virtual, CPU); the environment variable ``RUSTTORCH_ADAPTER``, a number or a part
of a name, puts one before all others. A device is opened when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import rusttorch as torch
from rusttorch import _C

__all__ = [
    "DeviceIndexError",
    "Event",
    "OutOfMemoryError",
    "Stream",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "empty_host_cache",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "get_rng_state_all",
    "init",
    "initial_seed",
    "is_available",
    "is_bf16_supported",
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
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "set_rng_state",
    "set_rng_state_all",
    "set_stream",
    "statistics",
    "stream",
    "synchronize",
]

DeviceIndexError = _C._DeviceIndexError
OutOfMemoryError = _C.OutOfMemoryError

# As many devices as the engine looks after.
_DEVICES = range(16)

_Device: TypeAlias = "torch.device | str | int | None"


def _index(device: _Device) -> int:
    """The number of a device, the current one where none is said.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    if device is None:
        return current_device()
    if not isinstance(device, int):
        device = torch.device(device)
        if device.type != "wgpu":
            raise ValueError(f"Expected a gpu device, but got: {device}")
        device = current_device() if device.index is None else device.index
    count = _C._gpu_count()
    if not count:
        _C._gpu_describe(0)  # which raises, and says why there is none
    if not 0 <= device < count:
        raise RuntimeError(f"there is no device wgpu:{device}: {count} found, numbered from 0")
    return device


def is_available() -> bool:
    """Whether there is an adapter that can run the kernels."""
    return _C._gpu_count() > 0


def is_initialized() -> bool:
    """Whether a device was opened in this process."""
    return any(_C._gpu_is_open(index) for index in _DEVICES)


def init() -> None:
    """Open the current device now, and not when a tensor goes there.

    Raises:
        RuntimeError: there is none, or its driver refuses.
    """
    torch.empty(0, device="gpu")


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether bfloat16 can be stored; kernels compute in float32, so not without emulation."""
    return including_emulation and is_available()


def device_count() -> int:
    """How many adapters there are."""
    return _C._gpu_count()


def current_device() -> int:
    """The number of the device that ``gpu`` without a number means in this thread: 0, if `set_device` chose no other."""
    return _C._gpu_current()


def set_device(device: _Device) -> None:
    """Choose the device that ``gpu`` without a number means in this thread. A negative number changes nothing.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    if not isinstance(device, int) or device >= 0:
        _C._gpu_set_current(_index(device))


class device:
    """Context manager that chooses the current device, as `set_device`; None or a negative number changes nothing.

    Raises:
        RuntimeError, ValueError: on entering, as `set_device`.
    """

    def __init__(self, device: _Device) -> None:
        self._device = device
        self._before: list[int] = []

    def __enter__(self) -> None:
        before = current_device()
        set_device(self._device)
        self._before.append(before)

    def __exit__(self, *error: object) -> None:
        _C._gpu_set_current(self._before.pop())


class device_of(device):
    """`device` of a tensor; of one on the CPU it changes nothing."""

    def __init__(self, obj: torch.Tensor) -> None:
        super().__init__(obj.device.index if obj.device.type == "wgpu" else None)


def get_device_name(device: _Device = None) -> str:
    """The adapter's name.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    return get_device_properties(device).name


class _WgpuDeviceProperties(NamedTuple):
    """What is known of an adapter before it is opened.

    Attributes:
        name: the adapter's.
        kind: ``discrete GPU``, ``integrated GPU``, ``virtual GPU``, ``CPU`` or ``other``.
        backend: ``vulkan``, ``metal`` or ``dx12``.
        driver: its name and version.
        features: what of the optional features that kernels use it has.
        limits: name -> number of bytes or invocations.
        is_integrated: whether it shares the host's memory, as its kind says.
        max_threads_per_block: invocations in a workgroup at most.
        shared_memory_per_block: bytes of a workgroup's memory at most.
    """

    name: str
    kind: str
    backend: str
    driver: str
    features: tuple[str, ...]
    limits: dict[str, int]

    @property
    def is_integrated(self) -> bool:
        return self.kind == "integrated GPU"

    @property
    def max_threads_per_block(self) -> int:
        return self.limits["max_compute_invocations_per_workgroup"]

    @property
    def shared_memory_per_block(self) -> int:
        return self.limits["max_compute_workgroup_storage_size"]

    @property
    def total_memory(self) -> int:
        raise AttributeError(f"total_memory: {_UNKNOWN}")

    def __repr__(self) -> str:
        return (
            f"_WgpuDeviceProperties(name={self.name!r}, kind={self.kind!r}, backend={self.backend!r}, "
            f"driver={self.driver!r}, features={', '.join(self.features)!r})"
        )


def get_device_properties(device: _Device = None) -> _WgpuDeviceProperties:
    """Name, kind, backend, driver, features and limits of an adapter, as attributes. Does not open it.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    found = _C._gpu_describe(_index(device))
    return _WgpuDeviceProperties(**found | {"features": tuple(found["features"])})


def synchronize(device: _Device = None) -> None:
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


def seed() -> None:
    """Start the generator's stream from a number of the system's source of randomness."""
    torch.seed()


def seed_all() -> None:
    """As `seed`."""
    torch.seed()


def initial_seed() -> int:
    """The seed that the generator was last started from."""
    return torch.initial_seed()


def get_rng_state(device: _Device = "gpu") -> torch.Tensor:
    """The state of the generator, which is the CPU's, as a uint8 tensor.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """
    _index(device)
    return torch.get_rng_state()


def set_rng_state(new_state: torch.Tensor, device: _Device = "gpu") -> None:
    """Put the generator, which is the CPU's, into a state that `get_rng_state` gave: a uint8 tensor.

    Raises:
        RuntimeError: there is no such device, or not a state.
        TypeError: not a uint8 tensor.
        ValueError: not a GPU.
    """
    _index(device)
    torch.set_rng_state(new_state)


def get_rng_state_all() -> list[torch.Tensor]:
    """The generator's state, once for each device."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state_all(new_states: Iterable[torch.Tensor]) -> None:
    """`set_rng_state` for each device in turn; the last one stays."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)


def memory_allocated(device: _Device = None) -> int:
    """Bytes of the device's memory that tensors use."""
    return _C._gpu_memory(_index(device))["allocated"]


def max_memory_allocated(device: _Device = None) -> int:
    """Bytes that tensors used at most since the start or `reset_peak_memory_stats`."""
    return _C._gpu_memory(_index(device))["max_allocated"]


def memory_reserved(device: _Device = None) -> int:
    """Bytes of the device's memory that are held, in use or for reuse."""
    return _C._gpu_memory(_index(device))["reserved"]


def max_memory_reserved(device: _Device = None) -> int:
    """Bytes that were held at most since the start or `reset_peak_memory_stats`."""
    return _C._gpu_memory(_index(device))["max_reserved"]


def reset_peak_memory_stats(device: _Device = None) -> None:
    """Make the present use of memory the highest."""
    _C._gpu_reset_peak(_index(device))


def reset_accumulated_memory_stats(device: _Device = None) -> None:
    """Count requests for memory, and buffers made, anew."""
    _C._gpu_reset_counts(_index(device))


def empty_host_cache() -> None:
    """Give back what the host maps for copies and no copy uses, on every device that is open."""
    for index in range(_C._gpu_count()):
        _C._gpu_empty_host_cache(index)


def empty_cache() -> None:
    """Give memory that no tensor uses back to the driver, on every device that is open."""
    for index in range(_C._gpu_count()):
        _C._gpu_empty_cache(index)


def memory_stats(device: _Device = None) -> dict[str, int]:
    """The numbers behind the functions above, in bytes, and how often memory was asked for and made.

    The keys are PyTorch's; of its others nothing is counted. What is allocated is active, for there is one queue.
    """
    m = _C._gpu_memory(_index(device))
    return {
        "allocated_bytes.all.current": m["allocated"],
        "allocated_bytes.all.peak": m["max_allocated"],
        "active_bytes.all.current": m["allocated"],
        "active_bytes.all.peak": m["max_allocated"],
        "reserved_bytes.all.current": m["reserved"],
        "reserved_bytes.all.peak": m["max_reserved"],
        "allocation.all.allocated": m["requests"],
        "segment.all.allocated": m["buffers"],
    }


_UNKNOWN = "Vulkan, Metal and DirectX 12 do not tell how much memory a device has, and how much is free"


def mem_get_info(device: _Device = None) -> tuple[int, int]:
    """Raises NotImplementedError: the drivers' interface does not tell how much memory a device has."""
    _index(device)
    raise NotImplementedError(f"mem_get_info: {_UNKNOWN}")


def memory_summary(device: _Device = None, abbreviated: bool = False) -> str:
    """The use of memory as a table for people."""
    index = _index(device)
    m = _C._gpu_memory(index)
    rows = [
        ("in use by tensors", m["allocated"], m["max_allocated"]),
        ("held, in use or for reuse", m["reserved"], m["max_reserved"]),
    ]
    lines = [f"{'memory of wgpu:' + str(index):<28} {'now':>12} {'at most':>12}"]
    lines += [f"{name:<28} {_bytes(now):>12} {_bytes(most):>12}" for name, now, most in rows]
    lines.append(f"{'buffers of copies':<28} {_bytes(m['staging']):>12}")
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


def statistics(device: _Device = None) -> dict[str, int]:
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
        self.device: torch.device | None = None

    def record(self, stream: Stream | None = None) -> None:
        """Put the moment after everything that was asked of a stream's device, or the current one, so far. Does not wait for
        it, unless the device cannot tell the time (feature ``timestamp-query-inside-passes``): then the host's clock is read.
        """
        index = _index(self.device if stream is None else stream.device)
        self.device = torch.device("wgpu", index)
        self._mark = _C._GpuMark(index)

    def synchronize(self) -> None:
        """Wait until the device has reached the moment."""
        if self._mark is not None:
            self._mark.wait()

    def wait(self, stream: Stream | None = None) -> None:
        """Let what follows on a stream, or the current one, come after the moment. On its own device it does; for another
        one the host waits.
        """
        if self._mark is not None and (stream or current_stream()).device != self.device:
            self.synchronize()

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


class Stream:
    """The queue of a device, for programs that name one. There is one for each device, in order: work on two streams of a
    device never overlaps, and each sees what was asked of the other before.

    Args:
        device: a GPU, or None for the current one.
        priority: no effect.

    Attributes:
        device, device_index: the GPU.
        stream_id: 0.

    Raises:
        RuntimeError: there is no such device.
        ValueError: not a GPU.
    """

    stream_id = 0

    def __init__(self, device: _Device = None, priority: int = 0) -> None:
        self.device_index = _index(device)
        self.device = torch.device("wgpu", self.device_index)
        self.priority = priority
        self._around: list[Any] = []

    def query(self) -> bool:
        """Whether the device has done all that was asked of it."""
        return _C._gpu_is_idle(self.device_index)

    def synchronize(self) -> None:
        """As `synchronize` of the device."""
        synchronize(self.device)

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event, or a new one, after all that was asked for so far, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let what follows come after an event."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let what follows come after all that was asked of another stream so far: of another device, the host waits for it."""
        if stream != self:
            stream.synchronize()

    def __enter__(self) -> Stream:
        around = device(self.device)
        around.__enter__()
        self._around.append(around)
        return self

    def __exit__(self, *error: object) -> None:
        self._around.pop().__exit__(*error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.device == other.device

    def __hash__(self) -> int:
        return hash(self.device)

    def __repr__(self) -> str:
        return f"torch.Stream device_type=wgpu, device_index={self.device_index}, stream_id={self.stream_id}"


def current_stream(device: _Device = None) -> Stream:
    """The stream of a device."""
    return Stream(device)


def default_stream(device: _Device = None) -> Stream:
    """The stream of a device."""
    return Stream(device)


def set_stream(stream: Stream) -> None:
    """Make the device of a stream the current one."""
    set_device(stream.device)


def stream(stream: Stream | None) -> Any:
    """Context manager that makes the device of a stream the current one; None changes nothing."""
    return device(None if stream is None else stream.device)
