"""The function transforms of `rusttorch.func` in progress, and what the tensors made inside depend on.

PyTorch wraps tensors in one layer per transform, each with a graph of its own. Here all layers record into one graph.
A transform hands its function new tensors in place of its inputs: leaves marked as its own, or views of inputs that
require grad already. What comes out keeps its history only if that leads further than to the leaves of transforms
that have ended.
"""

from __future__ import annotations

from _thread import _local
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rusttorch as torch


class _State(_local):
    """The transforms in progress in this thread, the outermost first."""

    def __init__(self) -> None:
        self.levels: list[Level] = []


_state = _State()


def active() -> bool:
    """Whether a transform's function is running in this thread."""
    return bool(_state.levels)


def keep_alive(leaves: list[torch.Tensor]) -> None:
    """Keep the marks of a transform's leaves for as long as the transform in progress may ask for them.

    The mark is on the Python object, which otherwise can die before the graph that holds the tensor.
    """
    if _state.levels:
        _state.levels[-1].leaves.extend(leaves)


class _Mark:
    """On the leaves of a transform: whether its function is running."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = True


class Level:
    """One transform in progress: the inputs its function sees, and what its results may depend on afterwards."""

    def __init__(self, recording: bool) -> None:
        # leaves refer to the mark only, so that they make no circle with the level
        self._mark = _Mark()
        self.recording = recording
        self.leaves: list[torch.Tensor] = []
        # by identity of the tensor that the function sees: that tensor, the node of a view, and what was passed in
        self._inputs: dict[int, tuple[torch.Tensor, Any, torch.Tensor]] = {}
        # nodes from which nothing outside can be reached
        self._barren: set[Any] = set()

    def differentiable(self, given: Any) -> torch.Tensor:
        """A new tensor with the values of an input, whose gradient is this transform's alone.

        Raises:
            ValueError: not a tensor.
            RuntimeError: a dtype without gradients.
        """
        if not isinstance(given, torch.Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(given)}")
        if self.recording and given.requires_grad:
            seen = given.view_as(given)
        else:
            if not (given.dtype.is_floating_point or given.dtype.is_complex):
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
            # a tensor made in inference mode cannot enter a graph
            seen = given.clone() if given.is_inference() else given.detach()
            seen.requires_grad_()
            seen._transform = self._mark  # type: ignore[attr-defined]
            self.leaves.append(seen)
        self._inputs[id(seen)] = seen, seen.grad_fn, given
        return seen

    def constant(self, given: Any) -> Any:
        """An input that is not differentiated, as the function sees it."""
        if isinstance(given, torch.Tensor) and given.is_inference():
            seen = given.clone()
            self._inputs[id(seen)] = seen, None, given
            return seen
        return given

    def close(self) -> None:
        """The function has returned: the leaves count as constants from here on.

        Raises:
            RuntimeError: the function wrote to an input that is differentiated.
        """
        self._mark.active = False
        for seen, node, _ in self._inputs.values():
            if node is not None and seen.grad_fn is not node:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")

    def reaches_outside(self, tensor: torch.Tensor) -> bool:
        """Whether the history of a tensor leads to a leaf that is not an ended transform's."""
        if not tensor.requires_grad:
            return False
        node = tensor.grad_fn
        if node is None:
            return _is_outside(tensor)
        seen: set[Any] = {node}
        todo: list[Any] = [node]
        while todo:
            node = todo.pop()
            edges = node.next_functions
            if not edges:
                leaf = getattr(node, "variable", None)
                if leaf is not None and _is_outside(leaf):
                    return True
            for following, _ in edges:
                if following is not None and following not in seen and following not in self._barren:
                    seen.add(following)
                    todo.append(following)
        self._barren |= seen
        return False

    def escapes(self, tensor: torch.Tensor) -> bool:
        """Whether the caller of the transform gets to see a history of a tensor."""
        return self.recording and self.reaches_outside(tensor)

    def unwrap(self, result: Any) -> torch.Tensor:
        """A result as the caller of the transform sees it: without history unless that leads outside.

        Raises:
            RuntimeError: not a tensor.
        """
        if not isinstance(result, torch.Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(result)}")
        if id(result) in self._inputs:
            return self._inputs[id(result)][2]
        if result.requires_grad and not self.escapes(result):
            return result.detach()
        return result


def _is_outside(leaf: torch.Tensor) -> bool:
    mark = getattr(leaf, "_transform", None)
    return mark is None or mark.active


@contextmanager
def transform() -> Iterator[Level]:
    """Context manager: a new level, inside which operations are recorded whatever mode the caller is in.

    Raises:
        RuntimeError: hooks on saved tensors are in use on entry, or set inside.
    """
    from .graph import disable_saved_tensors_hooks

    message = (
        "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. "
        "Please open an issue with your use case."
    )
    level = Level(torch.is_grad_enabled())
    with disable_saved_tensors_hooks(message), torch.inference_mode(False), torch.enable_grad():
        _state.levels.append(level)
        try:
            yield level
        finally:
            level._mark.active = False
            _state.levels.pop()
            keep_alive(level.leaves)
