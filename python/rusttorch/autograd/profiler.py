"""Profiles by the older names of torch.autograd.profiler, over `rusttorch.profiler`."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rusttorch import profiler as _profiler
from rusttorch.profiler import DeviceType, EventList, FunctionEvent, FunctionEventAvg, ProfilerActivity, record_function

__all__ = ["DeviceType", "EventList", "FunctionEvent", "FunctionEventAvg", "profile", "record_function"]


class profile:
    """Context manager that notes what runs when; `rusttorch.profiler.profile` can do more.

    Args:
        enabled: False makes it do nothing, and its ``with`` give None.
        use_device: ``gpu`` (or ``wgpu``, ``cuda``) for the times of kernels, too.
        use_cuda: as ``use_device="gpu"``.
        use_cpu: whether what runs on the host is kept.
        record_shapes: keep the shapes of ops' tensors.
        use_kineto: no effect.
        with_flops, profile_memory, with_stack, with_modules, experimental_config: as of `rusttorch.profiler.profile`.

    Raises:
        AssertionError: neither the host nor a device is to be looked at.
        ValueError: another device.
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
    ) -> None:
        if use_device not in (None, "gpu", "wgpu", "cuda"):
            raise ValueError(f"The {use_device} is not a valid device option: use 'gpu'")
        self.enabled = enabled
        self.entered = False
        activities = [ProfilerActivity.CPU] if use_cpu else []
        activities += [ProfilerActivity.GPU] if use_cuda or use_device else []
        self._profile = _profiler.profile(
            activities=activities,
            record_shapes=record_shapes,
            with_flops=with_flops,
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_modules=with_modules,
            experimental_config=experimental_config,
        )

    def __enter__(self) -> profile | None:
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        self._profile.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.enabled:
            self._profile.stop()

    @property
    def function_events(self) -> EventList:
        """Everything that ran, in order of the starts; nothing before it was entered.

        Raises:
            AssertionError: the profile is still being taken.
        """
        return self._profile.events() if self.entered else EventList()

    def __str__(self) -> str:
        return str(self.function_events)

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """As `EventList.table`."""
        return self.function_events.table(sort_by, row_limit, **options)

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0) -> EventList:
        """One entry for each name (and shapes)."""
        if not self.entered:
            return EventList()
        return self._profile.key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self) -> FunctionEventAvg:
        """Everything added up."""
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds on the host of all."""
        return self.function_events.self_cpu_time_total

    def export_chrome_trace(self, path: str) -> None:
        """As `rusttorch.profiler.profile.export_chrome_trace`."""
        self.function_events.export_chrome_trace(path)
