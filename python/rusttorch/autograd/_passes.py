"""Backward passes as Python starts them: whether one in progress is for given inputs alone."""

from __future__ import annotations

from _thread import _local
from typing import Any

from rusttorch import _C


class _Progress(_local):
    """What this thread is in."""

    for_inputs = False


_progress = _Progress()


def run(
    outputs: Any, gradients: Any, keep_graph: bool, create_graph: bool, inputs: Any, unused_ok: bool, accumulate: bool
) -> Any:
    """`_C._run_backward`, which leaves a note while it works for `inputs`."""
    if not inputs:
        return _C._run_backward(outputs, gradients, keep_graph, create_graph, inputs, unused_ok, accumulate)
    before = _progress.for_inputs
    _progress.for_inputs = True
    try:
        return _C._run_backward(outputs, gradients, keep_graph, create_graph, inputs, unused_ok, accumulate)
    finally:
        _progress.for_inputs = before


def _is_checkpoint_valid() -> bool:
    """Whether this thread is in no backward pass for given inputs: a backward inside it may add to every leaf."""
    return not _progress.for_inputs
