"""Activation checkpointing: functions that save only their inputs for backward, and run again when it needs more."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import rusttorch as torch
from rusttorch import _C

from ._recomputation import CheckpointError as CheckpointError
from ._recomputation import Frame
from ._recomputation import GraphExecGroup as GraphExecGroup

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "GraphExecGroup",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]

# What the context managers below set for all checkpoints; None leaves it to the call's own argument.
_early_stop: bool | None = None
_debug: bool | None = None


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Context manager: checkpoints made inside use this in place of their `debug`; None leaves that to them."""
    global _debug
    before = _debug
    _debug = enabled
    try:
        yield
    finally:
        _debug = before


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Context manager: checkpoints made inside use this in place of their `early_stop`, also in a later backward."""
    global _early_stop
    before = _early_stop
    _early_stop = enable
    try:
        yield
    finally:
        _early_stop = before


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs, each tensor as a leaf with the same memory and `requires_grad`.

    Raises:
        RuntimeError: not a tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(
        [
            given.detach().requires_grad_(given.requires_grad) if isinstance(given, torch.Tensor) else given
            for given in inputs
        ]
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn where no tensor among the inputs requires grad."""
    if not any(given.requires_grad for given in inputs if isinstance(given, torch.Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


def get_device_states(*args: Any) -> tuple[list[int], list[torch.Tensor]]:
    """Two empty lists: every device draws from the one generator whose state `torch.get_rng_state` gives."""
    return [], []


def set_device_states(
    devices: Sequence[int], states: Sequence[torch.Tensor], *, device_type: str | None = None
) -> None:
    """Put back what `get_device_states` gave.

    Raises:
        RuntimeError: there is a state: no device has a generator of its own.
    """
    if len(devices) and len(states):
        raise RuntimeError("set_device_states: no device has a generator of its own; use torch.set_rng_state")


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two context managers that do nothing: the default `context_fn`."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def _random_numbers_from(state: torch.Tensor | None) -> Iterator[None]:
    """Draw from this state inside, and afterwards go on as before; with None nothing is changed."""
    with torch.random.fork_rng(enabled=state is not None):
        if state is not None:
            torch.set_rng_state(state)
        yield


class CheckpointFunction(torch.autograd.Function):
    """The checkpoint of `use_reentrant=True`: its backward runs the function and a backward inside."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.random_state = torch.get_rng_state() if preserve_rng_state else None
        # tensors are saved by the graph, which notices writes to them; their places are filled in by backward
        ctx.inputs = [None if isinstance(arg, torch.Tensor) else arg for arg in args]
        ctx.tensor_indices = [i for i, arg in enumerate(args) if isinstance(arg, torch.Tensor)]
        ctx.save_for_backward(*[args[i] for i in ctx.tensor_indices])
        with torch.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        if not _C._is_checkpoint_valid():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for i, tensor in zip(ctx.tensor_indices, ctx.saved_tensors, strict=True):
            inputs[i] = tensor
        with _random_numbers_from(ctx.random_state):
            detached = detach_variable(tuple(inputs))
            with torch.enable_grad():
                outputs = ctx.run_function(*detached)
        if isinstance(outputs, torch.Tensor):
            outputs = (outputs,)
        roots = [
            (output, gradient)
            for output, gradient in zip(outputs, args, strict=True)
            if isinstance(output, torch.Tensor) and output.requires_grad
        ]
        if not roots:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        torch.autograd.backward([output for output, _ in roots], [gradient for _, gradient in roots])
        return None, None, *[given.grad if isinstance(given, torch.Tensor) else None for given in detached]


def _metadata(tensor: torch.Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


_DETERMINISM_CHECKS: dict[str, Callable[[torch.Tensor], Any]] = {"default": _metadata, "none": lambda tensor: None}


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Run `function(*args, **kwargs)` without keeping what its backward needs: that runs the function again instead.

    Memory for time: only `args` are kept. The function must do the same each time it runs.

    Args:
        function: any function of tensors and other arguments.
        use_reentrant: False (recommended) records the graph as usual and recomputes the saved tensors when backward
            first asks for one. True runs the function without recording, and backward inside backward: then only
            `args` themselves can receive gradients, one of them must require grad, and neither `autograd.grad` nor
            `backward(inputs=...)` can be used. None warns and stands for True.
        context_fn: returns two context managers, for the forward and for recomputations. Not with `use_reentrant=True`.
        determinism_check: "default" compares shapes, dtypes and devices of recomputed tensors, "none" nothing.
        debug: errors list the calls that saved tensors in both runs. Not with `use_reentrant=True`.
        early_stop: end a recomputation with the last tensor that is needed. Default True.
        preserve_rng_state: recompute with the random numbers of the forward. Default True.

    Returns:
        What the function returns.

    Raises:
        CheckpointError: in backward, where the recomputation saved other tensors than the forward.
        ValueError: arguments that `use_reentrant=True` does not take; `debug` together with `context_fn`; an unknown
            `determinism_check`.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve_rng_state, *args)

    with_log = debug if _debug is None else _debug
    if with_log and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    if determinism_check not in _DETERMINISM_CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_DETERMINISM_CHECKS)}, but got {determinism_check}")
    forward_context, recompute_context = context_fn()
    if not torch.is_grad_enabled():
        return function(*args, **kwargs)
    random_state = torch.get_rng_state() if preserve_rng_state else None

    def recompute(*inputs: Any) -> None:
        with _random_numbers_from(random_state), recompute_context:
            function(*inputs, **kwargs)

    stops = early_stop if _early_stop is None else _early_stop
    frame = Frame(recompute, stops, _DETERMINISM_CHECKS[determinism_check], with_log, args)
    with frame.hooks(), forward_context:
        result = function(*args, **kwargs)
        frame.forward_completed = True
    if not frame.forward_completed:
        raise RuntimeError(
            "torch.utils.checkpoint: the forward context provided by context_fn suppressed an exception raised during "
            "the checkpointed forward. This is not supported because checkpoint cannot return a value for a failed "
            "forward."
        )
    return result


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Run functions one after the other, in segments of which each but the last is a checkpoint.

    Args:
        functions: an `nn.Sequential` or a sequence of functions of one argument.
        segments: into how many parts of `len(functions) // segments` functions to divide them; the last also gets
            what is left over.
        input: the argument of the first function.
        use_reentrant, preserve_rng_state: as for `checkpoint`.

    Returns:
        What the last function returns.

    Raises:
        ValueError: another keyword argument.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. "
            "In version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children()) if isinstance(functions, torch.nn.Sequential) else functions

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def forward(input: Any) -> Any:
            for i in range(start, end):
                input = steps[i](input)
            return input

        return forward

    size = len(steps) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return part(end, len(steps))(input)
