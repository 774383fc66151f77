"""Where a program's time goes: ops, backward, kernels of a GPU and parts that the program names.

    with torch.profiler.profile() as prof:
        train_step()
    print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
    prof.export_chrome_trace("trace.json")  # for chrome://tracing or Perfetto

Times on the CPU are the host's; those of kernels are the device's own timestamps, where its driver has them. A kernel
belongs to the op, node or part that was running on the host when it was recorded; those of none, such as indexing's, add
to the row of their name.
"""

from __future__ import annotations

import enum
import json
import os
import warnings
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from rusttorch import _C

from ._averages import EventList, FunctionEventAvg
from ._events import DeviceType, FunctionEvent
from ._recording import Recording, record_function

__all__ = [
    "DeviceType",
    "EventList",
    "FunctionEvent",
    "FunctionEventAvg",
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
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
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


# What is recorded.
_RECORDS = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)

# Options of which the program was told that they have no effect.
_warned: set[str] = set()


def _no_effect(**options: Any) -> None:
    """Tells the program once of each option that was given and has no effect."""
    for name, value in options.items():
        if value and name not in _warned:
            _warned.add(name)
            warnings.warn(f"rusttorch.profiler: {name} has no effect: nothing of it is recorded", stacklevel=3)


class profile:
    """Context manager that notes what runs when.

    Args:
        activities: what to look at; all there is unless given.
        schedule: says for each `step` whether it is recorded; without one everything is.
        on_trace_ready: called with this object when a recording is complete.
        record_shapes: keep the shapes of ops' tensors, for ``key_averages(group_by_input_shape=True)``.
        acc_events: keep the events of earlier recordings of a schedule.
        use_cuda: deprecated: whether GPUs are looked at.
        profile_memory, with_stack, with_flops, with_modules, experimental_config, execution_trace_observer: nothing of
            theirs is recorded, of which a warning tells once.

    One profile at a time can be taken.

    Raises:
        AssertionError: no activities.
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
        if use_cuda is not None:
            warnings.warn("`use_cuda` is deprecated, use `activities` argument instead", FutureWarning, stacklevel=2)
            self.activities = self.activities - {ProfilerActivity.GPU} | ({ProfilerActivity.GPU} if use_cuda else set())
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        _no_effect(
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_flops=with_flops,
            with_modules=with_modules,
            experimental_config=experimental_config is not None,
            execution_trace_observer=execution_trace_observer is not None,
        )
        self.record_shapes = record_shapes
        self.acc_events = acc_events
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.current_action = ProfilerAction.RECORD if schedule is None else schedule(0)
        self._schedule = schedule
        self._recording: Recording | None = None
        # None: nothing was recorded yet.
        self._events: list[FunctionEvent] | None = None
        self._metadata: dict[str, Any] = {}
        self._step: record_function | None = None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _begin(self) -> None:
        """Begins what the step asks for."""
        if self._recording is None and self.current_action in _RECORDS:
            self._recording = Recording(self.record_shapes)
        if self._recording is not None and self._schedule is not None:
            self._step = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end(self, complete: bool) -> None:
        """Ends the recording; one that is complete is handed over."""
        if self._recording is None:
            return
        recording, self._recording = self._recording, None
        events = recording.stop(
            cpu=ProfilerActivity.CPU in self.activities, gpu=ProfilerActivity.GPU in self.activities
        )
        self._events = [*(self._events or ()), *events] if self.acc_events else events
        if complete and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def start(self) -> None:
        """Begin to record, if the schedule says so.

        Raises:
            RuntimeError: another profile is being taken.
        """
        self._begin()

    def stop(self) -> None:
        """End the recording.

        Raises:
            AssertionError: none was begun that the schedule asks for.
        """
        self._end_step()
        if self._recording is None and self.current_action in _RECORDS:
            raise AssertionError("Profiler must be initialized before stopping trace")
        self._end(complete=True)

    def step(self) -> None:
        """Say that the next step of the program begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        if self._schedule is None:
            return
        self.current_action = self._schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._end(complete=True)
        elif before is ProfilerAction.RECORD and self.current_action not in _RECORDS:
            warnings.warn(f"Incorrect schedule: RECORD followed by {self.current_action.name}", stacklevel=2)
            self._end(complete=False)
        self._begin()

    def events(self) -> EventList:
        """Everything that ran, in order of the starts.

        Raises:
            AssertionError: nothing was recorded yet, or is still being recorded.
        """
        return EventList(self._found("accessing events"))

    def _found(self, what: str) -> list[FunctionEvent]:
        if self._recording is not None:
            raise AssertionError("The profile is still being taken: ask after it has ended")
        if self._events is None:
            raise AssertionError(f"Profiler must be initialized before {what}")
        return self._events

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """One entry for each name (and shapes): how often it ran, and for how long.

        Args:
            group_by_stack_n, group_by_overload_name: neither is recorded, of which a warning tells once.

        Raises:
            AssertionError: as `events`.
        """
        found = EventList(self._found("getting key averages"))
        _no_effect(group_by_stack_n=group_by_stack_n > 0, group_by_overload_name=group_by_overload_name)
        return found.key_averages(group_by_input_shape)

    def export_chrome_trace(self, path: str) -> None:
        """Write what ran as a JSON file for chrome://tracing or Perfetto; compressed where its name ends in .gz.

        Raises:
            AssertionError: as `events`.
        """
        EventList(self._found("exporting chrome trace")).export_chrome_trace(path, self._metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Raises NotImplementedError: stacks are not recorded.

        Raises:
            AssertionError: as `events`.
        """
        self._found("exporting stacks")
        raise NotImplementedError(
            "export_stacks: stacks are not recorded; export_chrome_trace shows what ran inside what"
        )

    def add_metadata(self, key: str, value: str) -> None:
        """Put a text into the Chrome trace, under a name of its own."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Put a value, given as JSON, into the Chrome trace, under a name of its own.

        Raises:
            ValueError: not JSON.
        """
        self._metadata[key] = json.loads(value)

    def preset_metadata_json(self, key: str, value: str) -> None:
        """As `add_metadata_json`."""
        self.add_metadata_json(key, value)
