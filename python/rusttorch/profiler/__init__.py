"""Where a program's time goes: ops, backward, kernels of a GPU and parts that the program names.

    with torch.profiler.profile() as prof:
        train_step()
    print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
    prof.export_chrome_trace("trace.json")  # for chrome://tracing or Perfetto

Times on the CPU are the host's; those of kernels are the device's own timestamps, where its driver has them.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from rusttorch import _C

from ._averages import EventList, FunctionEvent

__all__ = [
    "EventList",
    "FunctionEvent",
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(enum.Enum):
    """What a profile looks at. ``CUDA`` and ``XPU`` are accepted for GPU, so that programs run unchanged."""

    CPU = 0
    GPU = 1
    CUDA = 1
    XPU = 1


class ProfilerAction(enum.Enum):
    """What a profile does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """CPU, and GPU where there is one."""
    found = {ProfilerActivity.CPU}
    if _C._gpu_count() > 0:
        found.add(ProfilerActivity.GPU)
    return found


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps are recorded: after ``skip_first``, cycles of ``wait``, ``warmup`` and ``active`` steps.

    Args:
        repeat: how many cycles; 0 for no end.
        skip_first_wait: other than 0, the first cycle does not wait.

    Raises:
        AssertionError: a negative number, or no active step.
    """
    if not (wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0):
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError("Step must be non-negative")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait != 0:
            step += wait
        length = wait + warmup + active
        if repeat > 0 and step // length >= repeat:
            return ProfilerAction.NONE
        at = step % length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if at == length - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """An ``on_trace_ready`` that writes each trace to a file of its own in a folder."""

    def write(prof: profile) -> None:
        import socket
        import time

        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        ending = "pt.trace.json.gz" if use_gzip else "pt.trace.json"
        prof.export_chrome_trace(os.path.join(dir_name, f"{worker}.{time.time_ns()}.{ending}"))

    return write


class profile:
    """Context manager that notes what runs when.

    Args:
        activities: what to look at; all there is unless given.
        schedule: says for each `step` whether it is recorded; without one everything is.
        on_trace_ready: called with this object when a recording is complete.
        record_shapes: keep the shapes of ops' tensors, for ``key_averages(group_by_input_shape=True)``.
        profile_memory, with_stack, with_flops, with_modules: accepted; nothing of theirs is recorded.

    One profile at a time can be taken.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
    ) -> None:
        self.activities = set(activities) if activities is not None else supported_activities()
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        self.record_shapes = record_shapes
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self._schedule = schedule
        self._recording = False
        self._events: list[FunctionEvent] = []
        self._step: record_function | None = None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _action(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self._schedule is None else self._schedule(self.step_num)

    def _begin(self) -> None:
        if not self._recording and self._action() in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            _C._profile_start(self.record_shapes)
            self._recording = True
        if self._recording and self._schedule is not None:
            self._step = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end(self) -> None:
        if not self._recording:
            return
        self._recording = False
        events = [FunctionEvent(*row) for row in _C._profile_stop()]
        with_gpu = ProfilerActivity.GPU in self.activities
        with_cpu = ProfilerActivity.CPU in self.activities
        self._events = [e for e in events if (with_gpu if e.is_kernel else with_cpu)]
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def start(self) -> None:
        """Begin to record, if the schedule says so."""
        self._begin()

    def stop(self) -> None:
        """End the recording."""
        self._end_step()
        self._end()

    def step(self) -> None:
        """Say that the next step of the program begins."""
        self._end_step()
        if self._recording and self._action() is ProfilerAction.RECORD_AND_SAVE:
            self._end()
        self.step_num += 1
        if self._schedule is not None:
            self._begin()

    def events(self) -> EventList:
        """Everything that ran, in order of the ends.

        Raises:
            AssertionError: nothing was recorded yet.
        """
        if self._recording:
            raise AssertionError("The profile is still being taken: ask after it has ended")
        return EventList(self._events)

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0) -> EventList:
        """One entry for each name (and shapes): how often it ran, and for how long."""
        return self.events().key_averages(group_by_input_shape)

    def export_chrome_trace(self, path: str) -> None:
        """Write what ran as a JSON file for chrome://tracing or Perfetto; compressed where its name ends in .gz."""
        text = json.dumps(self.events().chrome_trace())
        if path.endswith(".gz"):
            import gzip

            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(text)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


class record_function:
    """Context manager and decorator that gives a part of the program a name in the profile."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._part: Any = None

    def __enter__(self) -> record_function:
        self._part = _C._ProfilePart(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._part.end()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        from functools import wraps

        @wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return named
