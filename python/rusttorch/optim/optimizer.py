"""The base class of all optimizers: parameter groups, per-parameter state, state dicts and step hooks."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from copy import deepcopy
from typing import Any, TypeAlias

import rusttorch as torch
from rusttorch import _C
from rusttorch.utils.hooks import RemovableHandle

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

Tensor = _C.Tensor

ParamsT: TypeAlias = "Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]"
StateDict: TypeAlias = dict[str, Any]

# Devices on which a step can be recorded into a graph and replayed (`capturable=True`): none here.
CAPTURABLE_DEVICES: list[str] = []
# Devices that have the native one-call updates.
FUSED_DEVICES: list[str] = ["cpu", "wgpu"]

_global_step_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_global_step_post_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()


class _RequiredParameter:
    """Marks, in an optimizer's defaults, an option that every group has to give itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every step of every optimizer.

    The hook returns None, or ``(new_args, new_kwargs)`` for the step. The handle's ``remove()`` takes it off.
    """
    return _add_hook(_global_step_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every step of every optimizer."""
    return _add_hook(_global_step_post_hooks, hook)


def _add_hook(
    hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any], prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _typename(value: object) -> str:
    """The name PyTorch's messages give a value's type: ``torch.FloatTensor``, ``str``, ``package.Class``."""
    if isinstance(value, Tensor):
        return str(value.type())
    cls = type(value)
    prefix = "" if cls.__module__ in ("builtins", "__builtin__") else cls.__module__ + "."
    return prefix + cls.__qualname__


def _to_scalar(value: Any) -> Any:
    """A one-element tensor of any rank as a 0-dim one; everything else as it is."""
    return value.squeeze() if isinstance(value, Tensor) and value.dim() != 0 else value


def _get_value(value: Any) -> Any:
    """The Python number in a one-element tensor; everything else as it is."""
    return value.item() if isinstance(value, Tensor) else value


def _get_scalar_dtype(is_fused: bool | None = None) -> Any:
    """The dtype of step counters: float32, or float64 where that is the default dtype and nothing is fused."""
    if not is_fused and torch.get_default_dtype() == torch.float64:
        return torch.float64
    return torch.float32


def _host_number(value: float, dtype: Any) -> Tensor:
    """A number of an optimizer's state. Steps are computed on the host, so it is kept there whatever the default device."""
    return torch.tensor(value, dtype=dtype, device="cpu")


def _check_lr(lr: Any) -> None:
    """Raise ValueError unless ``lr`` is a number, or a one-element tensor, that is at least 0."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")


def _check_fused_param(p: Tensor) -> None:
    """Raise RuntimeError where ``fused=True`` was asked for and ``p`` is not a floating tensor on such a device."""
    if not (p.device.type in FUSED_DEVICES and p.is_floating_point()):
        raise RuntimeError(
            "`fused=True` requires all the params to be floating point Tensors of "
            f"supported devices: {FUSED_DEVICES} but {p.dtype} and {p.device.type}"
        )


def _check_fused_options(foreach: bool | None, differentiable: bool) -> None:
    """Raise RuntimeError where an option contradicts ``fused=True``."""
    if differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def _use_grad_for_differentiable(step: Callable[..., Any]) -> Callable[..., Any]:
    """Run a ``step`` with gradients recorded only where the optimizer was made with ``differentiable=True``."""

    @functools.wraps(step)
    def step_in_grad_mode(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        before = _C.is_grad_enabled()
        _C._set_grad_enabled(self.defaults["differentiable"])
        try:
            return step(self, *args, **kwargs)
        finally:
            _C._set_grad_enabled(before)

    return step_in_grad_mode


def _call_closure(closure: Callable[[], Any] | None) -> Any:
    """Evaluate the closure of a step with gradients on; None where there is none."""
    if closure is None:
        return None
    before = _C.is_grad_enabled()
    _C._set_grad_enabled(True)
    try:
        return closure()
    finally:
        _C._set_grad_enabled(before)


class Optimizer:
    """Base class of all optimizers, with PyTorch's interface.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts that define groups: ``{"params": ..., option: value}``.
        defaults: the options a group takes where it does not give its own.

    A subclass writes ``step``. ``state`` maps each parameter to a dict; ``param_groups`` is a list of dicts.

    Raises:
        TypeError: ``params`` is a tensor, or holds something that is not a tensor.
        ValueError: no parameters; a non-leaf tensor; a parameter in two groups; some parameters named and some not.
    """

    # What of a parameter's state, besides "step", are numbers of the host's and not of the parameter's dtype.
    _host_numbers: tuple[str, ...] = ()

    _optimizer_step_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_step_post_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not getattr(step, "hooked", False):
            cls.step = Optimizer.profile_hook_step(step)  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._add_missing_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + _typename(params)
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _add_missing_hooks(self) -> None:
        for name in (
            "_optimizer_step_pre_hooks",
            "_optimizer_step_post_hooks",
            "_optimizer_state_dict_pre_hooks",
            "_optimizer_state_dict_post_hooks",
            "_optimizer_load_state_dict_pre_hooks",
            "_optimizer_load_state_dict_post_hooks",
        ):
            self.__dict__.setdefault(name, OrderedDict())

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._add_missing_hooks()
        self.defaults.setdefault("differentiable", False)

    def _fill_options(self, options: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Tensor, dict[str, Any]]]:
        """After loading an older state: give groups the options they lack, and each counter its tensor.

        Yields (group, parameter, its state) for every parameter that has a state, ``step`` already a tensor.
        """
        for group in self.param_groups:
            for name, value in options.items():
                group.setdefault(name, value)
            for p in group["params"]:
                state = self.state.get(p)
                if state:
                    if not isinstance(state["step"], Tensor):
                        dtype = _get_scalar_dtype(is_fused=group.get("fused"))
                        state["step"] = _host_number(float(state["step"]), dtype)
                    yield group, p, state

    def __repr__(self) -> str:
        lines = [self.__class__.__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines.extend(f"    {key}: {group[key]}" for key in sorted(group) if key != "params")
        return "\n".join(lines) + "\n)"

    @staticmethod
    def profile_hook_step(step: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a ``step`` so that it calls the step hooks; every subclass's ``step`` is wrapped when it is defined."""

        @functools.wraps(step)
        def step_with_hooks(*args: Any, **kwargs: Any) -> Any:
            self = args[0]
            if _global_step_pre_hooks or self._optimizer_step_pre_hooks:
                for hook in (*_global_step_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
                    result = hook(self, args, kwargs)
                    if result is not None:
                        if not (isinstance(result, tuple) and len(result) == 2):
                            raise RuntimeError(
                                f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                            )
                        args, kwargs = result
            out = step(*args, **kwargs)
            if _global_step_post_hooks or self._optimizer_step_post_hooks:
                for hook in (*self._optimizer_step_post_hooks.values(), *_global_step_post_hooks.values()):
                    hook(self, args, kwargs)
            # A GPU starts on this step while the program records the next: one submission for each step.
            first = next((p for group in self.param_groups for p in group["params"]), None)
            if first is not None and not first.is_cpu:
                torch._C._gpu_flush(first.device.index)
            return out

        step_with_hooks.hooked = True  # type: ignore[attr-defined]
        return step_with_hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return ``(new_args, new_kwargs)``."""
        return _add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _add_hook(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[[Optimizer], None], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict``; ``prepend`` puts it before the earlier hooks."""
        return _add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on the result of ``state_dict``; it may return another."""
        return _add_hook(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading, on a shallow copy; it may return another."""
        return _add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return _add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    def state_dict(self) -> StateDict:
        """The optimizer's state as ``{"state": {number: ...}, "param_groups": [...]}``.

        Parameters are numbered in the order of the groups. The tensors are the optimizer's own, not copies.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        number: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"], start):
                number.setdefault(id(p), i)
            start += len(group["params"])
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [number[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {number[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        state_dict: StateDict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            result = hook(self, state_dict)
            if result is not None:
                state_dict = result
        return state_dict

    @staticmethod
    def _process_value_according_to_param_policy(
        param: Tensor, value: Tensor, param_id: int, param_groups: list[dict[Any, Any]], key: Hashable = None
    ) -> Tensor:
        """Move a loaded state tensor to its parameter's device and dtype; a step counter goes to the host."""
        group = next((g for g in param_groups if param_id in g["params"]), {})
        if key == "step":
            fused = group.get("capturable") or group.get("fused")
            return value.to(dtype=torch.float32 if fused else value.dtype, device="cpu")
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over a state that ``state_dict`` gave, of an optimizer with the same groups.

        Floating state is cast to its parameter's dtype. Parameters are matched by their order, not by name.

        Raises:
            ValueError: the number of groups, or of the parameters in one, differs. Nothing is changed then.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            result = hook(self, state_dict)
            if result is not None:
                state_dict = result

        saved_groups = deepcopy(state_dict["param_groups"])
        if len(self.param_groups) != len(saved_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
        param_of = {
            number: p
            for group, saved in zip(self.param_groups, saved_groups, strict=True)
            for number, p in zip(saved["params"], group["params"], strict=True)
        }

        def moved(param: Tensor, value: Any, number: int, key: Hashable = None) -> Any:
            if isinstance(value, Tensor):
                if key in self._host_numbers:
                    return value.cpu()
                return self._process_value_according_to_param_policy(
                    param, value, number, state_dict["param_groups"], key
                )
            if isinstance(value, dict):
                return {k: moved(param, v, number, k) for k, v in value.items()}
            if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
                return type(value)(moved(param, v, number) for v in value)  # type: ignore[call-arg]
            return value

        state: defaultdict[Any, Any] = defaultdict(dict)
        for number, value in state_dict["state"].items():
            if number in param_of:
                state[param_of[number]] = moved(param_of[number], value, number)
            else:
                state[number] = value
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})

        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters: set them to None, or with ``set_to_none=False`` fill them with 0."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                    continue
                grad = p.grad
                if grad is not None:
                    if grad.grad_fn is not None:
                        grad.detach_()
                    else:
                        grad.requires_grad_(False)
                    grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once, from their gradients.

        Args:
            closure: evaluates the model again and returns the loss, which ``step`` then returns.
        """
        raise NotImplementedError

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group ``{"params": ..., option: value}``; options it does not give are the optimizer's defaults.

        Raises:
            TypeError: the group is no dict, its parameters come in a set, or one of them is not a tensor.
            ValueError: a non-leaf tensor, a parameter of another group, a missing required option, or names given
                to some parameters only.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")

        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        params = list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names and len(names) != len(params):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        if names:
            params = [p[1] for p in params]
            param_group["param_names"] = names
        param_group["params"] = params

        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + _typename(p))
            if not self.defaults.get("differentiable") and not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")

        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)

        new = {id(p) for p in params}
        if len(new) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                kind = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {kind} to the optimizer"
                )
        if any(id(p) in new for group in self.param_groups for p in group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)
