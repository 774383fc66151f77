"""Handles that remove a hook again, for tensors and modules alike."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import rusttorch as torch

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]

F = TypeVar("F", bound=Callable[..., Any])


class RemovableHandle:
    """Removes one hook; as a context manager, at the end of the block.

    Args:
        hooks_dict: the OrderedDict of hooks by id that the hook is put into (under `handle.id`, by the caller).
        extra_dict: another such dict, or a list of them, in which the same id is removed too.

    The handle keeps neither the hook nor its owner alive, and `remove` may be called more than once.
    """

    id: int
    next_id: int = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        self.hooks_dict_ref: Callable[[], Any] = weakref.ref(hooks_dict)
        extra = [] if extra_dict is None else extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self.extra_dict_ref: tuple[Callable[[], Any], ...] = tuple(map(weakref.ref, extra))

    def remove(self) -> None:
        """Remove the hook; nothing happens if it is gone already."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.hooks_dict_ref(), self.id, tuple(reference() for reference in self.extra_dict_ref)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        hooks, self.id, extra = (*state, ())[:3]
        # without an owner the handle is dead: a reference to a dict that is dropped at once
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(map(weakref.ref, extra or ()))
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        self.remove()


class _RegisteredHook:
    """What the engine calls: the user's hook until it is removed, then nothing.

    The handle can only look the tensor up by a weak reference, and its graph may outlive its Python object; so the
    hook is switched off here, and taken out of the engine as well where the tensor is still there.
    """

    __slots__ = ("hooks",)

    def __init__(self) -> None:
        self.hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    @property
    def __name__(self) -> str:
        hook = next(iter(self.hooks.values()), None)
        return getattr(hook, "__name__", type(hook).__name__)

    def __call__(self, *args: Any) -> Any:
        for hook in tuple(self.hooks.values()):
            return hook(*args)
        return None


class _TensorHookHandle(RemovableHandle):
    """The handle of a hook that the engine holds."""

    def __init__(self, tensor: torch.Tensor, register: Callable[[Any], int], hook: Callable[..., Any]) -> None:
        registered = _RegisteredHook()
        super().__init__(registered.hooks)
        registered.hooks[self.id] = hook
        self._native_id: int | None = register(registered)
        self._tensor_ref: Callable[[], Any] = weakref.ref(tensor)

    def remove(self) -> None:
        """Remove the hook; nothing happens if it is gone already."""
        super().remove()
        tensor = self._tensor_ref()
        if tensor is not None and self._native_id is not None:
            tensor._remove_hook(self._native_id)
        self._native_id = None

    def __getstate__(self) -> tuple[Any, ...]:
        # an engine's hook is not saved with its tensor, so a saved handle is a dead one
        return None, self.id, ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        super().__setstate__(state)
        self._native_id = None
        self._tensor_ref = self.hooks_dict_ref


def register_tensor_hook(
    tensor: torch.Tensor, register: Callable[[Any], int], hook: Callable[..., Any]
) -> RemovableHandle:
    """Hand `hook` to the engine by `register`, a native method of `tensor` that gives an id; returns its handle."""
    return _TensorHookHandle(tensor, register, hook)


def unserializable_hook(f: F) -> F:
    """Decorator: a hook that need not be saved, so that saving its tensor does not warn."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f


def warn_if_has_hooks(tensor: torch.Tensor) -> None:
    """Warn for each backward hook of `tensor` that it will not be saved, unless marked `unserializable_hook`."""
    for registered in (tensor._backward_hooks or {}).values():
        hooks = registered.hooks.values() if isinstance(registered, _RegisteredHook) else (registered,)
        for hook in hooks:
            if not hasattr(hook, "__torch_unserializable__"):
                import warnings

                warnings.warn(
                    f"backward hook {hook!r} on tensor will not be "
                    "serialized.  If this is expected, you can "
                    "decorate the function with @torch.utils.hooks.unserializable_hook "
                    "to suppress this warning",
                    stacklevel=2,
                )
