"""`Function`: operations whose forward and backward are both written in Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What `forward` (or `setup_context`) leaves for `backward`; other attributes may be set on it freely."""

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads: bool = True
    _to_save: tuple[torch.Tensor | None, ...] = ()
    _saved: tuple[torch.Tensor | None, ...] | None = None
    _dirty: tuple[torch.Tensor, ...] = ()
    _non_differentiable: tuple[torch.Tensor, ...] = ()

    def save_for_backward(self, *tensors: torch.Tensor | None) -> None:
        """Keep tensors, inputs or outputs, for `backward`, where they are `ctx.saved_tensors`.

        A tensor that is written to in the meantime is refused there, as for any other operation.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, torch.Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(tensor).__name__}"
                )
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[torch.Tensor | None, ...]:
        """The tensors given to `save_for_backward`."""
        return self._to_save if self._saved is None else self._saved

    def mark_dirty(self, *tensors: torch.Tensor) -> None:
        """Say which inputs `forward` changed in place; they must be among its outputs."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: torch.Tensor) -> None:
        """Say which outputs take no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient reaches `backward` as zeros (the default) or as None."""
        self.materialize_grads = value


class Function:
    """A differentiable operation of one's own: subclass it, and call it by `apply`.

    Either `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`; and
    `backward(ctx, *grads)`, which returns one gradient (or None) for each argument of `forward`. What `backward` does
    is recorded under `create_graph=True`, so it can be differentiated again.
    """

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

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward` and record the operation."""
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple([isinstance(arg, torch.Tensor) and arg.requires_grad for arg in args])
        enabled = _C.is_grad_enabled()
        recording = enabled and any(ctx.needs_input_grad)
        _C._set_grad_enabled(False)
        try:
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        finally:
            _C._set_grad_enabled(enabled)
        # a list is one output, which is no tensor
        outputs = list(result) if isinstance(result, tuple) else [result]
        if recording:
            outputs = _record(cls, ctx, args, outputs)
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def _record(cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], outputs: list[Any]) -> list[Any]:
    """Give the outputs a history; an input handed back unchanged becomes a view of itself."""
    tensors = [arg for arg in args if isinstance(arg, torch.Tensor)]
    for tensor in ctx._dirty:
        if tensor.is_leaf and tensor.requires_grad:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    made = []
    for output in outputs:
        if isinstance(output, torch.Tensor):
            given = any(output is tensor for tensor in tensors)
            if given and not any(output is tensor for tensor in ctx._dirty):
                output = output.detach()
        made.append(output)
    results = [output for output in made if isinstance(output, torch.Tensor)]
    replaced = {id(old): new for old, new in zip(outputs, made, strict=True)}
    to_save = tuple([replaced.get(id(t), t) if t is not None and id(t) in replaced else t for t in ctx._to_save])
    refused = [id(tensor) for tensor in ctx._non_differentiable]
    differentiable = [id(output) not in refused for output in outputs if isinstance(output, torch.Tensor)]
    kinds = [(o.shape, o.dtype, o.device) if isinstance(o, torch.Tensor) else None for o in outputs]
    ctx._to_save = ()

    def backward(saved: tuple[Any, ...], grads: tuple[Any, ...]) -> list[Any]:
        ctx._saved = saved
        try:
            # one gradient per output, also for those that are no tensors
            given = iter(grads)
            of_outputs = [None if kind is None else _gradient(ctx, next(given), kind) for kind in kinds]
            result = cls.backward(ctx, *of_outputs)
        finally:
            ctx._saved = ()
        return _checked(cls, args, result)

    _C._record_function(f"{cls.__name__}Backward", tensors, results, to_save, differentiable, backward)
    return made


def _gradient(ctx: FunctionCtx, gradient: torch.Tensor | None, kind: tuple[Any, ...]) -> torch.Tensor | None:
    """The gradient of an output of this shape, dtype and device: a missing one as zeros, where ctx wants that."""
    if gradient is not None or not ctx.materialize_grads:
        return gradient
    shape, dtype, device = kind
    return torch.zeros(shape, dtype=dtype, device=device)


def _checked(cls: type[Function], args: tuple[Any, ...], result: Any) -> list[Any]:
    """The gradients of the tensor arguments, from what `backward` returned for all of them."""
    gradients = list(result) if isinstance(result, (tuple, list)) else [result]
    while len(gradients) > len(args) and gradients[-1] is None:
        gradients.pop()
    if len(gradients) != len(args):
        raise RuntimeError(
            f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(args)}, got "
            f"{len(gradients)})"
        )
    kept = []
    for i, (arg, gradient) in enumerate(zip(args, gradients, strict=True)):
        if isinstance(arg, torch.Tensor):
            if gradient is not None and not isinstance(gradient, torch.Tensor):
                raise TypeError(f"expected Variable or None (got {type(gradient).__name__})")
            kept.append(gradient)
        elif gradient is not None:
            raise RuntimeError(
                f"function {cls.__name__}Backward returned a gradient different than None at position {i + 1}, but the "
                "corresponding forward input was not a Variable"
            )
    return kept


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that cannot be differentiated itself: an attempt raises RuntimeError."""

    @wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with torch.no_grad():
            outputs = fn(ctx, *args)
        if not _C.is_grad_enabled():
            return outputs
        inputs = [arg for arg in args if isinstance(arg, torch.Tensor) and arg.requires_grad]
        results = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        if not inputs:
            return outputs

        def refuse(saved: tuple[Any, ...], grads: tuple[Any, ...]) -> Any:
            raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

        results = [r.detach() if isinstance(r, torch.Tensor) else r for r in results]
        tensors = [r for r in results if isinstance(r, torch.Tensor)]
        _C._record_function("DelayedError", inputs, tensors, (), [True] * len(tensors), refuse)
        return tuple(results) if isinstance(outputs, (tuple, list)) else results[0]

    return wrapper
