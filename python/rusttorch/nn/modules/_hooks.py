"""Hooks of modules: registering them, for one module or for all, and a call that runs them."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from rusttorch import _C
from rusttorch.utils.hooks import RemovableHandle

_Hook = Callable[..., Any]

# Hooks common to all modules, by the id of their handle.
_global_buffer_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_module_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_parameter_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_backward_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_backward_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_forward_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_forward_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
# Whether the global backward hooks are of the full kind; None while there has been none.
_global_is_full_backward_hook: bool | None = None


def _add(hooks: OrderedDict[int, _Hook], hook: _Hook, extra: Any = None, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks, extra_dict=extra)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_buffer_registration_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, name, buffer)`` at every buffer registered; a result other than None replaces it."""
    return _add(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, name, submodule)`` at every submodule registered; a result replaces it."""
    return _add(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, name, parameter)`` at every parameter registered; a result replaces it."""
    return _add(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, args)`` before every module's forward; a result replaces the arguments."""
    return _add(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: _Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Calls ``hook(module, args, output)`` after every module's forward; a result replaces the output.

    With ``with_kwargs`` it is ``hook(module, args, kwargs, output)``; with ``always_call`` it runs after an error too.
    """
    extra = [_global_forward_hooks_with_kwargs, _global_forward_hooks_always_called]
    handle = _add(_global_forward_hooks, hook, extra)
    if with_kwargs:
        _global_forward_hooks_with_kwargs[handle.id] = True
    if always_call:
        _global_forward_hooks_always_called[handle.id] = True
    return handle


def _global_backward(hook: _Hook, full: bool) -> RemovableHandle:
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = full
    return _add(_global_backward_hooks, hook)


def register_module_backward_hook(hook: _Hook) -> RemovableHandle:
    """The old kind of backward hook, for all modules; see `register_module_full_backward_hook`."""
    return _global_backward(hook, False)


def register_module_full_backward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, grad_output)`` before every module's gradients; a result replaces the gradient."""
    return _add(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: _Hook) -> RemovableHandle:
    """Calls ``hook(module, grad_input, grad_output)`` after every module's gradients; a result replaces the first.

    RuntimeError where a hook of the old kind has been registered for all modules.
    """
    return _global_backward(hook, True)


class _WrappedHook:
    """A hook that is handed the module by itself, without keeping it alive."""

    def __init__(self, hook: _Hook, module: Any = None) -> None:
        self.hook = hook
        self.__name__ = getattr(hook, "__name__", type(hook).__name__)
        self.__doc__ = hook.__doc__
        self.with_module = module is not None
        self.module: Any = weakref.ref(module) if self.with_module else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        module = state.get("module")
        if state["with_module"] and module is None:
            raise RuntimeError("You are trying to revive the hook of a dead Module!")
        self.__init__(state["hook"], module)  # type: ignore[misc]


class ModuleHooks:
    """The part of Module that registers hooks and calls forward with them."""

    training: bool
    forward: Callable[..., Any]
    _backward_pre_hooks: OrderedDict[int, _Hook]
    _backward_hooks: OrderedDict[int, _Hook]
    _is_full_backward_hook: bool | None
    _forward_hooks: OrderedDict[int, _Hook]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, _Hook]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]

    def register_forward_pre_hook(
        self, hook: _Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(module, args)`` before each forward.

        A result other than None replaces the positional arguments (one that is no tuple counts as the only one).
        With ``with_kwargs`` it is ``hook(module, args, kwargs)``, and its result a pair of both (RuntimeError).

        Args:
            prepend: whether it runs before this module's other hooks.
        """
        handle = _add(self._forward_pre_hooks, hook, self._forward_pre_hooks_with_kwargs, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(
        self, hook: _Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(module, args, output)`` after each forward; a result other than None replaces the output.

        Args:
            prepend: whether it runs before this module's other hooks.
            with_kwargs: whether it is called as ``hook(module, args, kwargs, output)``.
            always_call: whether it runs also where forward raised an error.
        """
        extra = [self._forward_hooks_with_kwargs, self._forward_hooks_always_called]
        handle = _add(self._forward_hooks, hook, extra, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    def _set_backward_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full

    def register_backward_hook(self, hook: _Hook) -> RemovableHandle:
        """The old kind of backward hook, on the last operation of the module only; see the full one."""
        self._set_backward_kind(False)
        return _add(self._backward_hooks, hook)

    def register_full_backward_pre_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Calls ``hook(module, grad_output)`` when the gradients of the outputs are known.

        A result other than None replaces ``grad_output``, a tuple with one entry per output.
        """
        return _add(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Calls ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        Both are tuples with one entry per positional argument, and per output; None where there is no gradient. A
        result other than None replaces ``grad_input``. RuntimeError next to a hook of the old kind.
        """
        self._set_backward_kind(True)
        return _add(self._backward_hooks, hook, prepend=prepend)

    def _get_backward_hooks(self) -> tuple[list[_Hook], list[_Hook]]:
        """Backward hooks, the global ones first: those of the full kind, and those of the old."""
        full: list[_Hook] = []
        old: list[_Hook] = []
        for kind, hooks in (
            (_global_is_full_backward_hook, _global_backward_hooks),
            (self._is_full_backward_hook, self._backward_hooks),
        ):
            (full if kind is True else old).extend(hooks.values())
        return full, old

    def _get_backward_pre_hooks(self) -> list[_Hook]:
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def _maybe_warn_non_full_backward_hook(self, inputs: Any, result: Any, grad_fn: Any) -> None:
        """Says what a hook of the old kind will not see."""

        def warn(text: str) -> None:
            warnings.warn(text, FutureWarning, stacklevel=2)

        tail = "is deprecated and will be removed in future versions. This hook will be missing some"
        better = "Please use register_full_backward_hook to get the documented behavior."
        outputs = (result,) if isinstance(result, _C.Tensor) else result
        if not (isinstance(outputs, tuple) and all(isinstance(x, _C.Tensor) for x in outputs)):
            warn(
                "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors "
                f"{tail} of the grad_output. {better}"
            )
            return
        arguments = (inputs,) if isinstance(inputs, _C.Tensor) else inputs
        if not (isinstance(arguments, tuple) and all(isinstance(x, _C.Tensor) for x in arguments)):
            warn(
                "Using non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
                f"Tensors {tail} of the grad_input. {better}"
            )
            return
        nodes = {x.grad_fn for x in outputs if x.grad_fn is not None}
        if len(nodes) == 0 or (len(nodes) == 1 and grad_fn not in nodes):
            warn(f"Using a non-full backward hook when outputs are nested in python data structure {tail} grad_output.")
        elif len(nodes) > 1:
            warn(
                "Using a non-full backward hook when outputs are generated by different autograd Nodes "
                f"{tail} grad_output. {better}"
            )
        else:
            before = {x.grad_fn for x in arguments if x.grad_fn is not None}
            following = {node for node, _ in grad_fn.next_functions if node is not None}
            if before != following:
                warn(
                    "Using a non-full backward hook when the forward contains multiple autograd Nodes "
                    f"{tail} grad_input. {better}"
                )

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        try:
            # The common case, nothing to run, is kept as short as it can be.
            if (
                self._forward_hooks
                or self._forward_pre_hooks
                or self._backward_hooks
                or self._backward_pre_hooks
                or _global_forward_hooks
                or _global_forward_pre_hooks
                or _global_backward_hooks
                or _global_backward_pre_hooks
            ):
                return _HookedCall(self, args, kwargs)()
            return self.forward(*args, **kwargs)
        except Exception as error:
            if hasattr(error, "_raised_in"):  # an error of the engine; a program's own is left alone
                _say_where(error, self)
            raise

    __call__ = _call_impl


def _say_where(error: Any, module: Any) -> None:
    """Says at the end of an engine's error in which module it was raised, by its path from the outermost one called.

    Called for each module that the error passes, the innermost first.
    """
    if len(error.args) != 1:
        return
    text, path, innermost, inside = error.__dict__.get("_module", (str(error.args[0]), "", module, None))
    name = next((name for name, child in module.named_modules() if child is inside), "")
    path = ".".join(filter(None, (name, path)))
    error._module = text, path, innermost, module
    shown = f"{type(innermost).__name__}({innermost.extra_repr()})"
    error.args = (f"{text}\n  in module {path}: {shown}" if path else f"{text}\n  in module {shown}",)


class _HookedCall:
    """One call of a module's forward with all the hooks around it."""

    __slots__ = ("module", "args", "kwargs", "result", "called")

    def __init__(self, module: ModuleHooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.called: set[int] = set()  # hooks of the kind always_call that have run

    def __call__(self) -> Any:
        try:
            return self.run()
        except Exception:
            self.run_always_called()
            raise

    def run(self) -> Any:
        module = self.module
        full, old = module._get_backward_hooks()
        pre = module._get_backward_pre_hooks()
        self.run_forward_pre_hooks()
        backward = None
        if full or pre:
            from ._backward_hook import BackwardHook

            backward = BackwardHook(module, full, pre)
            self.args = backward.setup_input_hook(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        self.run_forward_hooks()
        if backward is not None:
            if not isinstance(self.result, (_C.Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(self.result)}",
                    stacklevel=5,
                )
            self.result = backward.setup_output_hook(self.result)
        if old:
            self.register_old_hooks(old)
        return self.result

    def run_forward_pre_hooks(self) -> None:
        module = self.module
        for key, hook in (*_global_forward_pre_hooks.items(), *module._forward_pre_hooks.items()):
            if key in module._forward_pre_hooks_with_kwargs:
                result = hook(module, self.args, self.kwargs)
                if result is None:
                    continue
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                self.args, self.kwargs = result
            else:
                result = hook(module, self.args)
                if result is not None:
                    self.args = result if isinstance(result, tuple) else (result,)

    def forward_hooks(self) -> Iterator[tuple[int, _Hook, bool, bool, str]]:
        """Each forward hook with its id, whether it takes kwargs, whether it is always called, and its kind."""
        module = self.module
        for kind, hooks, with_kwargs, always in (
            (
                "global module",
                _global_forward_hooks,
                _global_forward_hooks_with_kwargs,
                _global_forward_hooks_always_called,
            ),
            (
                "module",
                module._forward_hooks,
                module._forward_hooks_with_kwargs,
                module._forward_hooks_always_called,
            ),
        ):
            for key, hook in list(hooks.items()):
                yield key, hook, key in with_kwargs, key in always, kind

    def call_forward_hook(self, hook: _Hook, with_kwargs: bool) -> None:
        given = (self.args, self.kwargs) if with_kwargs else (self.args,)
        result = hook(self.module, *given, self.result)
        if result is not None:
            self.result = result

    def run_forward_hooks(self) -> None:
        for key, hook, with_kwargs, always, _ in self.forward_hooks():
            if always:
                self.called.add(key)
            self.call_forward_hook(hook, with_kwargs)

    def run_always_called(self) -> None:
        """After an error: the hooks that want to run all the same. Their own errors become warnings."""
        for key, hook, with_kwargs, always, kind in self.forward_hooks():
            if not always or key in self.called:
                continue
            try:
                self.call_forward_hook(hook, with_kwargs)
            except Exception as error:  # the first error is the one to report
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=4,
                )

    def register_old_hooks(self, hooks: list[_Hook]) -> None:
        first = self.result
        while not isinstance(first, _C.Tensor):
            if isinstance(first, dict):
                first = next(value for value in first.values() if isinstance(value, _C.Tensor))
            else:
                first = first[0]
        if first.grad_fn is not None:
            for hook in hooks:
                first.grad_fn.register_hook(_WrappedHook(hook, self.module))
            self.module._maybe_warn_non_full_backward_hook(self.args, self.result, first.grad_fn)


def _apply_registration_hooks(hooks: OrderedDict[int, _Hook], module: Any, name: str, value: Any) -> Any:
    """What the hooks make of a value that is about to be registered."""
    for hook in hooks.values():
        replaced = hook(module, name, value)
        if replaced is not None:
            value = replaced
    return value
