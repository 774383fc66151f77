"""Checkpoints that need no backward inside backward: saved tensors are computed again when they are asked for."""

from __future__ import annotations

import threading
import traceback
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

import rusttorch as torch
from rusttorch import _C
from rusttorch.autograd.graph import saved_tensors_hooks

__all__ = ["CheckpointError", "GraphExecGroup"]

_TIP = """
Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint-debug mode globally.
"""

_DEBUG_MESSAGE = """An error happened while unpacking tensors; dumping logs of latest computation
because you passed `debug=True` to `torch.utils.checkpoint.checkpoint()`.
Scroll all the way down for guidance on how to navigate these logs.

+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+
|        1. Stack traces of the operators that ran in the original forward     |
+------------------------------------------------------------------------------+

{forward_traces}
+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+
|        2. Stack traces of the operators that ran during recomputation        |
+------------------------------------------------------------------------------+

{recompute_traces}
+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+
|       3. Log of operators in the original forward and recomputation          |
+------------------------------------------------------------------------------+
(Scroll up to correlate stack traces with each operation listed below. This
 helps identify their source in the code. Only operators that save a tensor for
 backward are listed, each by the tensor and the line that called it.)

Operations executed during the original forward:

{forward_ops}

Operations executed during recomputation:

{recompute_ops}

+------------------------------------------------------------------------------+
 ERROR: Detected non-determinism while running activation checkpointing

 You are seeing this error because you passed `debug=True` to checkpoint and
 tensors to be saved during the original forward and differ between those saved
 during recomputation. This can happen if different operators were ran in the
 original forward and in the recomputation.

 To identify where the mismatch may be coming from, you can do the following:

 1) Compare the operators ran during original forward and recomputation to
    see where they differ. These operators are printed above in the order they
    were executed.

 2) Review the stack trace for each operator to locate its invocation source.
    Each operator's stack trace is printed in their execution order.

 Note that the logs can be quite long. Here's how they are structured:
 (Tip: you can Ctrl-f for these headers)

 1. Stack traces of the operators that ran in the original forward
 2. Stack traces of the operators that ran during recomputation
 3. Log of operators in the original forward and recomputation
 4. Error message                                             <--- You are here
--------------------------------------------------------------------------------
"""


class CheckpointError(RuntimeError):
    """A checkpointed function did not do in its recomputation what it did in forward."""


class GraphExecGroup:
    """Context manager: several backward passes inside recompute each checkpointed function at most once in all.

    The passes must not need the same saved tensor (CheckpointError), not even with `retain_graph=True`. It matters only
    to checkpoints with `use_reentrant=False`. Per thread; groups do not nest (RuntimeError).
    """

    def __enter__(self) -> GraphExecGroup:
        if _group.current is not None:
            raise RuntimeError(f"GraphExecGroup contexts cannot be nested. Already inside group {_group.current}")
        _group.current = self
        return self

    def __exit__(self, *args: object) -> None:
        _group.current = None


class _Group(threading.local):
    current: GraphExecGroup | None = None


_group = _Group()


class _StopRecomputation(Exception):
    """All that is needed has been computed again."""


class _Slot:
    """Stands in the graph for one saved tensor: it lives as long as that would.

    `found` has the tensors that recomputations left, each with its version then, by the recomputation's key; None once
    it was handed out.
    """

    __slots__ = ("__weakref__", "found")

    def __init__(self) -> None:
        self.found: dict[Any, tuple[torch.Tensor, int] | None] = {}


class _Recomputation:
    """How far one recomputation has come."""

    def __init__(self) -> None:
        self.count = 0
        self.done = False
        self.log: list[_Call] = []


class _Call:
    """For debugging: the call that saved a tensor."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = f"{tensor.dtype}{list(tensor.shape)}"
        self.stack = [frame for frame in traceback.extract_stack() if frame.filename != __file__]

    def line(self) -> str:
        frame = self.stack[-1]
        return f"{self.tensor} saved by {frame.line}   {frame.filename}:{frame.lineno}:{frame.name}"

    def trace(self, position: int, total: int, phase: str) -> str:
        frames = "\n".join(f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in reversed(self.stack))
        return f"{self.line()}   ({position} of {total} in {phase})\n\n{frames}\n\n\n"


def _traces(log: list[_Call], phase: str) -> str:
    return "".join(call.trace(i, len(log), phase) for i, call in enumerate(log, 1))


class _KeepArgument(torch.autograd.Function):
    """Saves its second input, and is never asked for a gradient."""

    @staticmethod
    def forward(ctx: Any, anchor: torch.Tensor, argument: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(argument)
        return anchor.clone()


class _Kept:
    """A tensor among the arguments, as a graph saves it: hooks around the checkpoint see it, and a write is noticed."""

    def __init__(self, argument: torch.Tensor) -> None:
        with torch.enable_grad():
            self.anchor = _KeepArgument.apply(torch.empty(0, requires_grad=True), argument)

    def get(self) -> torch.Tensor:
        (tensor,) = self.anchor.grad_fn.saved_tensors
        return tensor


class Frame:
    """One checkpointed call: its arguments, and a slot for each tensor that was to be saved in it.

    Args:
        recompute: runs the function again, given the arguments.
        early_stop: whether a recomputation ends with the last tensor that is needed.
        metadata_of: what must be equal of a tensor and its recomputation.
        debug: whether errors list the calls that saved tensors.
    """

    def __init__(
        self,
        recompute: Callable[..., None],
        early_stop: bool,
        metadata_of: Callable[[torch.Tensor], Any],
        debug: bool,
        args: tuple[Any, ...],
    ) -> None:
        self.recompute = recompute
        self.early_stop = early_stop
        self.metadata_of = metadata_of
        self.log: list[_Call] | None = [] if debug else None
        self.arguments = [_Kept(arg) if isinstance(arg, torch.Tensor) else arg for arg in args]
        self.slots: list[weakref.ref[_Slot]] = []
        self.metadata: list[Any] = []
        self.recomputations: dict[Any, _Recomputation] = {}
        self.forward_completed = False
        self.ignore_mismatch = False

    def hooks(self) -> saved_tensors_hooks:
        """For the forward: slots in place of tensors."""
        return saved_tensors_hooks(self._pack, self._unpack)

    def _pack(self, tensor: torch.Tensor) -> _Slot:
        slot = _Slot()
        self.slots.append(weakref.ref(slot))
        self.metadata.append(self.metadata_of(tensor))
        if self.log is not None:
            self.log.append(_Call(tensor))
        return slot

    def _unpack(self, slot: _Slot) -> torch.Tensor:
        task = _C._current_graph_task_id()
        # outside of backward, as for `grad_fn._saved_self`, each request is a recomputation of its own
        key: Any = _group.current or (object() if task == -1 else task)
        try:
            recomputation = self.recomputations.get(key)
            if recomputation is None or not recomputation.done:
                recomputation = self._recompute(key)
            return self._hand_out(slot, key)
        except CheckpointError as error:
            if self.log is not None:
                self._explain(error, self.recomputations[key].log)
            raise
        finally:
            if task == -1 and _group.current is None:
                self.forget(key)

    def _recompute(self, key: Any) -> _Recomputation:
        recomputation = self.recomputations.setdefault(key, _Recomputation())
        if isinstance(key, int):
            # What this pass does not ask for is not kept beyond it. Weakly: the pass may free the frame long before.
            frame = weakref.ref(self)
            _C._queue_callback(lambda: _forget(frame, key))
        args = [argument.get() if isinstance(argument, _Kept) else argument for argument in self.arguments]
        try:
            with _recording(weakref.ref(self), key, recomputation), torch.enable_grad():
                self.recompute(*args)
        except _StopRecomputation:
            pass
        recomputation.done = True
        if not self.ignore_mismatch:
            self._check(key, recomputation)
        return recomputation

    def _hand_out(self, slot: _Slot, key: Any) -> torch.Tensor:
        if key not in slot.found:
            raise AssertionError("a tensor was recomputed, but not for the slot that asks for it")
        found = slot.found[key]
        if found is None:
            extra = ""
            if _group.current is not None:
                extra = (
                    "Performing two backward calls that overlap (i.e. require the same saved activation in order to "
                    "compute gradients) is not allowed while under the torch.utils.checkpoint.GraphExecGroup context. "
                )
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. "
                f"{extra}If you are calling ctx.saved_tensors in backward, make sure to do so only once. Otherwise "
                "please open an issue with details on your use case."
            )
        slot.found[key] = None
        tensor, version = found
        if tensor._version != version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"[{tensor.type()} {list(tensor.shape)}] is at version {tensor._version}; expected version {version} "
                "instead. The function under torch.utils.checkpoint overwrote it while it was recomputed."
            )
        return tensor

    def forget(self, key: Any) -> None:
        """Drop what is left of a recomputation."""
        self.recomputations.pop(key, None)
        for reference in self.slots:
            slot = reference()
            if slot is not None:
                slot.found.pop(key, None)

    def _check(self, key: Any, recomputation: _Recomputation) -> None:
        """That the recomputation saved as many tensors as the forward, of the same metadata."""
        if len(self.slots) != recomputation.count:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                "recomputation.\n"
                f"Number of tensors saved during forward: {len(self.slots)}\n"
                f"Number of tensors saved during recomputation: {recomputation.count}.\n"
                f"{_TIP}"
            )
        different = ""
        for position, (reference, saved) in enumerate(zip(self.slots, self.metadata, strict=True)):
            slot = reference()
            found = None if slot is None else slot.found.get(key)
            if found is not None and saved != (now := self.metadata_of(found[0])):
                different += f"tensor at position {position}:\nsaved metadata: {saved}\nrecomputed metadata: {now}\n"
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{different}.\n{_TIP}"
            )

    def _explain(self, error: CheckpointError, recomputed: list[_Call]) -> NoReturn:
        """The same error with the calls that saved tensors."""
        forward = self.log or []
        raise CheckpointError(
            _DEBUG_MESSAGE.format(
                forward_traces=_traces(forward, "original"),
                recompute_traces=_traces(recomputed, "recompute"),
                forward_ops="\n".join(call.line() for call in forward),
                recompute_ops="\n".join(call.line() for call in recomputed),
            )
        ) from error


def _forget(reference: weakref.ref[Frame], key: Any) -> None:
    frame = reference()
    if frame is not None:
        frame.forget(key)


def _recording(reference: weakref.ref[Frame], key: Any, recomputation: _Recomputation) -> saved_tensors_hooks:
    """For the recomputation: what it saves goes to the frame's slots, one after the other."""

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        frame = reference()
        if frame is None:
            raise AssertionError("a checkpoint that is being recomputed was freed")
        position = recomputation.count
        recomputation.count += 1
        if frame.log is not None:
            recomputation.log.append(_Call(tensor))
        if position >= len(frame.slots):
            if frame.early_stop:
                raise AssertionError("the checkpointed function went on although its recomputation was to stop")
            if not frame.forward_completed:
                # The function itself runs backward, and saves more afterwards: counts cannot be compared.
                frame.ignore_mismatch = True
                return tensor
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                f"forward pass.\n{_TIP}"
            )
        slot = frame.slots[position]()
        # None: a backward inside the function has used the tensor already
        if slot is not None:
            slot.found[key] = (tensor, tensor._version)
        if frame.early_stop and recomputation.count == len(frame.slots):
            raise _StopRecomputation
        # the graph of the recomputation itself is only used by a backward inside the function
        return tensor

    return saved_tensors_hooks(pack, lambda tensor: tensor)


CheckpointError.__module__ = GraphExecGroup.__module__ = "rusttorch.utils.checkpoint"
