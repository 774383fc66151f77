"""`Function`: operations whose forward and backward are both written in Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What `forward` (or `setup_context`) leaves for `backward`; other attributes may be set on it freely."""

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads: bool = True
    to_save: tuple[torch.Tensor | None, ...] = ()
    dirty_tensors: tuple[torch.Tensor, ...] = ()
    non_differentiable: tuple[torch.Tensor, ...] = ()

    def save_for_backward(self, *tensors: torch.Tensor | None) -> None:
        """Keep tensors, inputs or outputs, for `backward`, where they are `ctx.saved_tensors`.

        A tensor that is written to in the meantime is refused there, as for any other operation. Tensors that are
        neither inputs nor outputs may be given, too.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors: torch.Tensor | None) -> None:
        """Accepted as in PyTorch; forward mode, which would read them, is not there yet."""
        for tensor in tensors:
            if not (isinstance(tensor, torch.Tensor) or tensor is None):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should "
                    "save non-tensors as attributes on ctx."
                )

    def mark_dirty(self, *args: torch.Tensor) -> None:
        """Say which inputs `forward` changed in place; each must be among its outputs."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: torch.Tensor) -> None:
        """Say which outputs take no gradient; `backward` gets zeros (or None) for them all the same."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient reaches `backward` as zeros (the default) or as None."""
        self.materialize_grads = value


class BackwardCFunction(_C.Node, FunctionCtx):
    """The `ctx` of a call of a custom function, which is the node of its outputs: `output.grad_fn`."""

    _forward_cls: type[Function]
    _kept_at: tuple[int | None, ...] | None = None
    # For each argument of forward, whether it was a tensor; for each output what its gradient looks like, or None.
    _were_tensors: tuple[bool, ...] = ()
    _outputs: tuple[tuple[torch.Size, torch.dtype, torch.device] | None, ...] = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`.

        Raises:
            RuntimeError: one was written to since, or the graph was freed.
        """
        if self._kept_at is None:  # still in forward
            return self.to_save
        return tuple([None if at is None else self._unpack_saved(at) for at in self._kept_at])

    @property
    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        return tuple([self._raw_saved(at) for at in self._kept_at or () if at is not None])

    def apply(self, *grads: Any) -> Any:
        """The gradients of forward's arguments, by the function's `backward` or `vjp`."""
        backward, vjp = self._forward_cls.backward, self._forward_cls.vjp
        if backward is not Function.backward and vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement "
                "one of them."
            )
        return (vjp if vjp is not Function.vjp else backward)(self, *grads)

    def _gradients(self, grads: tuple[Any, ...]) -> list[Any]:
        """What the engine calls: `apply`, with missing gradients made, and its result checked."""
        of_tensors = iter(grads)
        all_grads = []
        for output in self._outputs:
            grad = None if output is None else next(of_tensors)
            if grad is None and output is not None and self.materialize_grads:
                shape, dtype, device = output
                grad = torch.zeros(shape, dtype=dtype, device=device)
            all_grads.append(grad)
        result = self.apply(*all_grads)
        gradients = list(result) if isinstance(result, tuple) else [result]
        name, expected = type(self).__name__, len(self._were_tensors)
        while len(gradients) > expected and gradients[-1] is None:
            gradients.pop()
        if len(gradients) != expected:
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {expected}, got {len(gradients)})"
            )
        kept = []
        for i, (was_tensor, gradient) in enumerate(zip(self._were_tensors, gradients)):
            if was_tensor:
                if gradient is not None and not isinstance(gradient, torch.Tensor):
                    raise RuntimeError(f"expected Variable or None (got {type(gradient).__name__})")
                kept.append(gradient)
            elif gradient is not None:
                raise RuntimeError(
                    f"function {name} returned a gradient different than None at position {i + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
        return kept


class FunctionMeta(type):
    """Gives each custom function the class of its `ctx`, named after it: `ExpBackward` for `Exp`."""

    _backward_cls: type[BackwardCFunction]

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        cls._backward_cls = type(f"{name}Backward", (BackwardCFunction,), {"_forward_cls": cls})
        super().__init__(name, bases, attrs)


class Function(metaclass=FunctionMeta):
    """A differentiable operation of one's own: subclass it, and call it by `apply`.

    Either `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`; and
    `backward(ctx, *grads)`, which returns one gradient (or None) for each argument of `forward`. What `backward` does
    is recorded under `create_graph=True`, so it can be differentiated again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import warnings

        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. "
            "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operation itself; nothing in it is recorded."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save for `backward` what it needs, where `forward` takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the arguments, from those of the outputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    # Another name, which a function may implement instead.
    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The derivative in forward mode, which is not there yet."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record the operation.

        Raises:
            RuntimeError: a leaf that requires grad was changed in place; a tensor marked dirty is no input, or was not
                returned.
        """
        separate = cls.setup_context is not Function.setup_context
        ctx = cls._backward_cls()
        if kwargs or separate:
            args = _with_defaults(cls.forward, () if separate else (ctx,), args, kwargs)
        ctx.needs_input_grad = tuple([isinstance(arg, torch.Tensor) and arg.requires_grad for arg in args])
        enabled = _C.is_grad_enabled()
        _C._set_grad_enabled(False)
        try:
            if separate:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        finally:
            _C._set_grad_enabled(enabled)
        outputs = list(result) if isinstance(result, tuple) else [result]
        if not any(isinstance(output, torch.Tensor) for output in outputs):
            return result
        outputs = _record(ctx, args, outputs, enabled and any(ctx.needs_input_grad))
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def _with_defaults(forward: Any, first: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The arguments of forward after `first`, with those given by name or not at all in their places."""
    code = getattr(forward, "__code__", None)
    if not kwargs and code is not None and code.co_argcount == len(args) and not code.co_kwonlyargcount:
        return args
    from inspect import signature

    bound = signature(forward).bind(*first, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(first) :]


def _is_among(tensor: Any, tensors: Any) -> bool:
    return any(tensor is other for other in tensors)


def _record(ctx: BackwardCFunction, args: tuple[Any, ...], outputs: list[Any], recording: bool) -> list[Any]:
    """The outputs with a history; an input handed back unchanged becomes a view of itself."""
    inputs = [arg for arg in args if isinstance(arg, torch.Tensor)]
    for tensor in ctx.dirty_tensors:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"mark_dirty can only accept tensors, but argument is of type {type(tensor).__name__}")
        if not _is_among(tensor, outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
    for i, saved in enumerate(ctx.to_save):
        if not (isinstance(saved, torch.Tensor) or saved is None):
            kind = type(saved).__name__
            raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {kind}")
    for tensor in ctx.non_differentiable:
        if not isinstance(tensor, torch.Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"mark_non_differentiable can only accept tensors, but argument is of type {kind}")
    results = [output for output in outputs if isinstance(output, torch.Tensor)]
    if recording:
        ctx._were_tensors = tuple([isinstance(arg, torch.Tensor) for arg in args])
        ctx._outputs = tuple(
            [
                (output.shape, output.dtype, output.device) if isinstance(output, torch.Tensor) else None
                for output in outputs
            ]
        )
        parts = [
            1 if _is_among(output, ctx.non_differentiable) else 2 if _is_among(output, ctx.dirty_tensors) else 0
            for output in results
        ]
        name = type(ctx).__name__
        results, ctx._kept_at = _C._record_function(ctx, name, inputs, results, parts, ctx.to_save)
        # What the node keeps, it keeps with a version; the ctx itself must not own its outputs.
        for attribute in ("to_save", "dirty_tensors", "non_differentiable"):
            ctx.__dict__.pop(attribute, None)
    else:
        results = [
            _C._alias_unrecorded(output)
            if _is_among(output, inputs) and not _is_among(output, ctx.dirty_tensors)
            else output
            for output in results
        ]
    made = iter(results)
    return [next(made) if isinstance(output, torch.Tensor) else output for output in outputs]


class InplaceFunction(Function):
    """Kept for programs that derive from it: a `Function`."""


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that cannot be differentiated itself: an attempt raises RuntimeError."""

    @wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with torch.no_grad():
            outputs = fn(ctx, *args)
        if not _C.is_grad_enabled():
            return outputs
        inputs = [arg for arg in args if isinstance(arg, torch.Tensor) and arg.requires_grad]
        if not inputs:
            return outputs
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        results = _C._refuse_gradient(
            inputs, results, "trying to differentiate twice a function that was marked with @once_differentiable"
        )
        return results if isinstance(outputs, tuple) else results[0]

    return wrapper
