"""The recorded graph as Python sees it: nodes, hooks on several gradients, and what is kept of saved tensors."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Literal
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

import rusttorch as torch
from rusttorch import _C
from rusttorch._C import Node as Node
from rusttorch.utils.hooks import RemovableHandle

from ._edge import GradientEdge as GradientEdge
from ._edge import get_gradient_edge as get_gradient_edge

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def increment_version(tensor: torch.Tensor | Iterable[torch.Tensor]) -> None:
    """Count a write to a tensor's memory (or to that of each of several) that autograd could not see.

    A graph that saved the tensor then refuses to run, as after any in-place operation.

    Raises:
        RuntimeError: a tensor made in inference mode, which has no version.
    """
    for each in (tensor,) if isinstance(tensor, torch.Tensor) else tuple(tensor):
        _C._increment_version(each)


class saved_tensors_hooks:
    """Context manager: operations inside keep `pack_hook(tensor)` in place of each tensor they save for backward.

    Args:
        pack_hook: called with a tensor as it is saved; returns anything. It must not write to the tensor
            (RuntimeError).
        unpack_hook: called with that by the backward pass; returns a tensor of equal content, shape and dtype
            (TypeError for anything but a tensor).

    Nested contexts do not add up: the innermost counts. Per thread. A tensor can keep itself out of the graph by being
    packed, so a hook that returns the tensor as it is does not make a reference cycle.
    """

    def __init__(self, pack_hook: Callable[[torch.Tensor], Any], unpack_hook: Callable[[Any], torch.Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        _C._push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *args: object) -> None:
        _C._pop_saved_tensors_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Context manager: tensors saved for backward wait in the CPU's memory, and go back to their device when used.

    Args:
        pin_memory: accepted as in PyTorch; memory is not pinned (default False).
        device_type: the kind of device that is relieved; accepted as in PyTorch.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack_to_cpu(tensor: torch.Tensor) -> tuple[torch.device, torch.Tensor]:
            return tensor.device, tensor.cpu()

        def unpack_from_cpu(packed: tuple[torch.device, torch.Tensor]) -> torch.Tensor:
            device, tensor = packed
            return tensor.to(device, non_blocking=pin_memory)

        super().__init__(pack_to_cpu, unpack_from_cpu)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Generator[None, None, None]:
    """Context manager and decorator: `saved_tensors_hooks` cannot be used inside.

    Raises:
        RuntimeError: with `error_message`, where hooks are in use on entry, or are set inside.
    """
    before = _C._disable_saved_tensors_hooks(error_message)
    try:
        yield
    finally:
        _C._disable_saved_tensors_hooks(before)


class _MultiHandle(RemovableHandle):
    """Removes the hooks of several tensors at once."""

    def __init__(self, handles: Sequence[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __getstate__(self) -> tuple[Any, ...]:
        return self.handles

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.handles = state


def register_multi_grad_hook(
    tensors: Sequence[torch.Tensor],
    fn: Callable[[Sequence[torch.Tensor | None]], None] | Callable[[torch.Tensor], None],
    *,
    mode: Literal["all", "any"] = "all",
) -> RemovableHandle:
    """A hook on the gradients of several tensors; it cannot change them.

    Args:
        tensors: each must require grad.
        fn: with mode "all", called as `fn(grads)` in each backward once the gradients of all tensors that take part in
            it are known, with None for those that do not. With "any", called as `fn(grad)` with the first that is.
        mode: "all" (default) or "any" (ValueError otherwise).

    Returns:
        A handle whose `remove()` takes the hook away again.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    edges = [get_gradient_edge(tensor) for tensor in tensors]
    # What each backward in progress has seen so far, by its number: one inside another has a number of its own.
    seen: dict[int, list[torch.Tensor | None]] = {}
    left: dict[int, int] = {}

    def on_all(gradient: torch.Tensor, index: int) -> None:
        task = _C._current_graph_task_id()
        if task not in seen:
            seen[task] = [None] * len(edges)
            left[task] = sum(_C._will_engine_execute_node(edge.node) for edge in edges)
            _C._queue_callback(lambda: (seen.pop(task, None), left.pop(task, None)))
        seen[task][index] = gradient
        left[task] -= 1
        if left[task] == 0:
            fn(seen[task])  # type: ignore[arg-type]

    def on_any(gradient: torch.Tensor) -> None:
        task = _C._current_graph_task_id()
        if task not in left:
            left[task] = 0
            _C._queue_callback(lambda: left.pop(task, None))
            fn(gradient)  # type: ignore[arg-type]

    if mode == "all":
        hooks: list[Any] = [functools.partial(on_all, index=index) for index in range(len(edges))]
    else:
        hooks = [on_any] * len(edges)
    return _MultiHandle([tensor.register_hook(hook) for tensor, hook in zip(tensors, hooks, strict=True)])


class _SavedHandle:
    """Stands for one saved tensor in `allow_mutation_on_saved_tensors`."""

    __slots__ = ("__weakref__",)


class _MutationContext:
    """What `allow_mutation_on_saved_tensors` keeps: each saved tensor, or a copy of it once it was written to."""

    def __init__(self) -> None:
        self.kept: WeakKeyDictionary[_SavedHandle, torch.Tensor] = WeakKeyDictionary()
        self.copied: WeakKeyDictionary[_SavedHandle, torch.Tensor] = WeakKeyDictionary()
        # by place and version: the same content saved twice is copied once
        self.handles: WeakValueDictionary[Any, _SavedHandle] = WeakValueDictionary()
        self.by_storage: dict[int, WeakSet[_SavedHandle]] = {}
        self.active = True

    def pack(self, tensor: torch.Tensor) -> _SavedHandle:
        storage = tensor.untyped_storage().data_ptr()
        key = (
            storage,
            tensor.data_ptr(),
            tuple(tensor.shape),
            tensor.stride(),
            tensor.dtype,
            tensor._version,
        )
        handle = self.handles.get(key)
        if handle is None:
            handle = self.handles[key] = _SavedHandle()
            self.kept[handle] = tensor
            self.by_storage.setdefault(storage, WeakSet()).add(handle)
        return handle

    def unpack(self, handle: _SavedHandle) -> torch.Tensor:
        if not self.active:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
                "in which the graph was originally recorded."
            )
        copy = self.copied.get(handle)
        return self.kept[handle] if copy is None else copy

    def before_write(self, tensor: torch.Tensor) -> None:
        for handle in self.by_storage.pop(tensor.untyped_storage().data_ptr(), ()):
            self.copied[handle] = self.kept.pop(handle).clone()

    def clear(self) -> None:
        self.active = False
        for held in (self.kept, self.copied, self.handles, self.by_storage):
            held.clear()


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Generator[_MutationContext, None, None]:
    """Context manager: a tensor saved for backward may be written to inside; backward sees it as it was.

    A copy is made right before the first write to a saved tensor. Backward must run inside the same context
    (AssertionError). Per thread.
    """
    context = _MutationContext()
    with saved_tensors_hooks(context.pack, context.unpack):
        before = _C._set_before_write(context.before_write)
        try:
            yield context
        finally:
            _C._set_before_write(before)
            context.clear()
