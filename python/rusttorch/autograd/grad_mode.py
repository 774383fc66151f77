"""The switches for recording a graph, as context managers and decorators: no_grad, enable_grad, inference_mode.

The state itself is native and belongs to the thread. A decorated generator or coroutine runs each of its steps in the
mode and gives the caller's mode back at every `yield` and `await`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, TypeVar, overload

import rusttorch as torch
from rusttorch import _C

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])

# code object flags, as in `inspect`, which is too slow to import for three numbers
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def _code_flags(function: Any) -> int:
    """What kind of function this is, looked up through methods and `functools.partial`."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__func__"):
            function = function.__func__
        else:
            return getattr(getattr(function, "__code__", None), "co_flags", 0)


def _run_in_steps(make_mode: Callable[[], Any], steps: Any) -> Generator[Any, Any, Any]:
    """Drive a generator or coroutine, entering a fresh mode for each step only."""
    try:
        with make_mode():
            response = steps.send(None)
        while True:
            try:
                request = yield response
            except GeneratorExit:
                with make_mode():
                    steps.close()
                raise
            except BaseException as error:
                with make_mode():
                    response = steps.throw(error)
            else:
                with make_mode():
                    response = steps.send(request)
    except StopIteration as stop:
        return stop.value


class _Awaited:
    """An awaitable whose steps run in a mode."""

    __slots__ = ("make_mode", "steps")

    def __init__(self, make_mode: Callable[[], Any], steps: Any) -> None:
        self.make_mode = make_mode
        self.steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        return _run_in_steps(self.make_mode, self.steps)


def _decorate(make_mode: Callable[[], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with its body run in the mode: plain, generator, coroutine or asynchronous generator alike."""
    flags = _code_flags(function)

    if flags & _GENERATOR:

        @functools.wraps(function)
        def in_mode_generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from _run_in_steps(make_mode, function(*args, **kwargs)))

        return in_mode_generator

    if flags & _COROUTINE:

        @functools.wraps(function)
        async def in_mode_coroutine(*args: Any, **kwargs: Any) -> Any:
            return await _Awaited(make_mode, function(*args, **kwargs))

        return in_mode_coroutine

    if flags & _ASYNC_GENERATOR:

        @functools.wraps(function)
        async def in_mode_async_generator(*args: Any, **kwargs: Any) -> Any:
            source = function(*args, **kwargs)
            try:
                response = await _Awaited(make_mode, source.asend(None))
                while True:
                    try:
                        request = yield response
                    except GeneratorExit:
                        await _Awaited(make_mode, source.aclose())
                        raise
                    except BaseException as error:
                        response = await _Awaited(make_mode, source.athrow(error))
                    else:
                        response = await _Awaited(make_mode, source.asend(request))
            except StopAsyncIteration:
                return

        return in_mode_async_generator

    @functools.wraps(function)
    def in_mode(*args: Any, **kwargs: Any) -> Any:
        with make_mode():
            return function(*args, **kwargs)

    return in_mode


class _DecoratorContextManager:
    """A context manager that also decorates functions; subclasses define `__enter__`, `__exit__` and `clone`."""

    def __call__(self, orig_func: F) -> F:
        """`orig_func` with its body run in a fresh copy of this context."""
        if isinstance(orig_func, type):
            import warnings

            warnings.warn(
                "Decorating classes is deprecated and will be disabled in "
                "future versions. You should only decorate functions or methods. "
                "To preserve the current behavior of class decoration, you can "
                "directly decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
            constructor = orig_func
            return _decorate(self.clone, lambda *args, **kwargs: constructor(*args, **kwargs))  # type: ignore[return-value]
        return _decorate(self.clone, orig_func)  # type: ignore[return-value]

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        raise NotImplementedError

    def clone(self) -> _DecoratorContextManager:
        """A fresh context manager with the same settings."""
        return self.__class__()


class _GradSwitch(_DecoratorContextManager):
    """A context manager, with or without brackets as a decorator, that sets grad mode to `enabled`."""

    enabled: bool

    @overload
    def __new__(cls, orig_func: F) -> F: ...  # type: ignore[misc]
    @overload
    def __new__(cls, orig_func: None = None) -> Any: ...
    def __new__(cls, orig_func: Any = None) -> Any:
        if orig_func is None:
            return super().__new__(cls)
        return cls()(orig_func)

    def __init__(self) -> None:
        # a stack, so that one object may be entered again while it is in use
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_C.is_grad_enabled())
        _C._set_grad_enabled(self.enabled)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        _C._set_grad_enabled(self._before.pop())


class no_grad(_GradSwitch):
    """Context manager and decorator: nothing inside is recorded, and results do not require grad.

    Factory functions with `requires_grad=True` still make leaves that do. The mode belongs to the thread.
    """

    enabled = False


class enable_grad(_GradSwitch):
    """Context manager and decorator: operations inside are recorded, also within `no_grad`. Per thread."""

    enabled = True


class set_grad_enabled(_DecoratorContextManager):
    """Turn recording on or off: at once when called, until the end of the block under `with`, or as a decorator.

    Args:
        mode: True records operations, False does not. Per thread.
    """

    def __init__(self, mode: bool) -> None:
        self.prev: bool = _C.is_grad_enabled()
        self.mode = mode
        _C._set_grad_enabled(mode)

    def __call__(self, orig_func: F) -> F:
        _C._set_grad_enabled(self.prev)
        return super().__call__(orig_func)

    def __enter__(self) -> None:
        _C._set_grad_enabled(self.mode)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        _C._set_grad_enabled(self.prev)

    def __str__(self) -> str:
        return f"{torch.typename(self)}(mode={self.mode})"

    __repr__ = __str__

    def clone(self) -> set_grad_enabled:
        """A fresh context manager with the same mode."""
        return self.__class__(self.mode)


class inference_mode(_DecoratorContextManager):
    """Context manager and decorator: like `no_grad`, and the tensors made inside can never enter a graph later.

    Args:
        mode: True (default) enters inference mode; False leaves it, recording again, inside a block that is in it.
            A function in its place is decorated with the mode on. Per thread.
    """

    @overload
    def __new__(cls, mode: bool = True) -> inference_mode: ...
    @overload
    def __new__(cls, mode: F) -> F: ...  # type: ignore[misc]
    def __new__(cls, mode: Any = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        return cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((_C.is_inference_mode_enabled(), _C.is_grad_enabled()))
        _C._set_inference_mode(self.mode)
        _C._set_grad_enabled(not self.mode)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        inference, grad = self._before.pop()
        _C._set_inference_mode(inference)
        _C._set_grad_enabled(grad)

    def clone(self) -> inference_mode:
        """A fresh context manager with the same mode."""
        return self.__class__(self.mode)
