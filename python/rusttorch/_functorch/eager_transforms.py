"""The transforms built on reverse mode: grad, grad_and_value, vjp, jacrev, hessian."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import rusttorch as torch
from rusttorch.autograd._transforms import Level, keep_alive, transform
from rusttorch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten, treespec_pprint

__all__ = ["grad", "grad_and_value", "hessian", "jacrev", "vjp"]

_Argnums = int | tuple[int, ...]


def _position(argnum: Any, count: int) -> int:
    """One of `argnums`, counted from the front."""
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if -count <= argnum < count:
        return argnum % count
    raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")


def _positions(argnums: Any, count: int) -> tuple[int, ...]:
    """Which of `count` arguments `argnums` means; RuntimeError where it means none, or one twice."""
    if isinstance(argnums, int):
        return (_position(argnums, count),)
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    positions = tuple([_position(argnum, count) for argnum in argnums])
    if not positions:
        raise RuntimeError("argnums must be non-empty")
    if len(set(positions)) != len(positions):
        raise RuntimeError(f"argnums elements must be unique, got {positions}")
    return positions


def _chosen(args: tuple[Any, ...], argnums: _Argnums) -> Any:
    """The argument that `argnums` means, or a tuple of them."""
    chosen = tuple([args[i] for i in _positions(argnums, len(args))])
    return chosen[0] if isinstance(argnums, int) else chosen


def _enter(level: Level, args: tuple[Any, ...], argnums: _Argnums | None) -> tuple[tuple[Any, ...], Any]:
    """The arguments as the function sees them, and those of them that are differentiated (None: all)."""
    if argnums is None:
        seen = tree_map(level.differentiable, args)
        return seen, seen
    positions = _positions(argnums, len(args))
    # containers are copied, so that the function can change them freely
    seen = tuple(
        [tree_map(level.differentiable if i in positions else level.constant, arg) for i, arg in enumerate(args)]
    )
    return seen, _chosen(seen, argnums)


def _without_aux(result: Any, has_aux: bool, caller: str) -> tuple[Any, Any]:
    """What the function returned, as output and aux."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{caller}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def _gradients(
    outputs: Sequence[torch.Tensor],
    inputs: Sequence[torch.Tensor],
    cotangents: Sequence[Any] | None,
    retain_graph: bool,
    create_graph: bool,
) -> list[torch.Tensor]:
    """`autograd.grad` for outputs of which not all need to depend on the inputs: zeros for what does not."""
    given = [None] * len(outputs) if cotangents is None else cotangents
    used = [(output, vector) for output, vector in zip(outputs, given, strict=True) if output.requires_grad]
    if not used:
        return [torch.zeros_like(each) for each in inputs]
    found = torch.autograd.grad(
        [output for output, _ in used],
        inputs,
        None if cotangents is None else [vector for _, vector in used],
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
    )
    return [
        torch.zeros_like(each) if gradient is None else gradient for gradient, each in zip(found, inputs, strict=True)
    ]


def _grad_and_value(
    func: Callable[..., Any], argnums: _Argnums, has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Gradient, value and aux (None without)."""
    with transform() as level:
        args, differentiated = _enter(level, args, argnums)
        # before the function, which may change the containers
        inputs, spec = tree_flatten(differentiated)
        result = func(*args, **tree_map(level.constant, kwargs))
        level.close()
        output, aux = _without_aux(result, has_aux, "grad_and_value(f)(*args)")
        if not isinstance(output, torch.Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}")
        if output.dim() != 0:
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        value = level.unwrap(output)
        aux = tree_map(level.unwrap, aux) if has_aux else None
        create_graph = level.escapes(output)
        # a history that aux keeps can be a part of the output's
        retain_graph = create_graph or (has_aux and any(each.requires_grad for each in tree_leaves(aux)))
        gradients = _gradients((output,), inputs, None, retain_graph, create_graph)
        return tree_unflatten([level.unwrap(each) for each in gradients], spec), value, aux


def grad_and_value(func: Callable[..., Any], argnums: _Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the gradient of `func` and its value.

    Args:
        func: takes tensors, or nested containers of them, and returns a tensor without dimensions.
        argnums: which positional arguments to differentiate: a number (default 0), or a tuple of them.
        has_aux: `func` returns a pair, of which only the first item is differentiated. Default False.

    Returns:
        A function with the arguments of `func` that returns ``(gradient, value)``, with `has_aux`
        ``(gradient, (value, aux))``. The gradient has the structure, shapes and dtypes of the argument, and is a
        tuple of such if `argnums` is one. It requires grad only if `func` depends on other tensors that do, and can
        be differentiated again to any order.

    Raises:
        RuntimeError: from the returned function: an output that is no tensor without dimensions, `argnums` that do
            not fit, an integer argument.
        ValueError: from the returned function: an argument with something else than tensors in it.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value, aux = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (gradient, (value, aux)) if has_aux else (gradient, value)

    return wrapper


def grad(func: Callable[..., Any], argnums: _Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the gradient of `func`; ``grad(grad(func))`` its second derivative, and so on.

    Args, errors:
        As of `grad_and_value`.

    Returns:
        A function with the arguments of `func` that returns the gradient, with `has_aux` ``(gradient, aux)``.

    Under `no_grad` the returned function works all the same; inside `func` the mode makes constants.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, _, aux = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (gradient, aux) if has_aux else gradient

    return wrapper


class _Pullback:
    """What `vjp` keeps: a graph from inputs to outputs, to be run backward with any cotangents."""

    def __init__(self, level: Level, outputs: list[torch.Tensor], inputs: list[torch.Tensor]) -> None:
        self.level = level
        self.outputs = outputs
        self.inputs = inputs

    def escapes(self, cotangents: Sequence[Any]) -> bool:
        """Whether results have a history that their caller sees, from the outputs or from the cotangents."""
        vectors = any(isinstance(each, torch.Tensor) and each.requires_grad for each in cotangents)
        return vectors or any(self.level.escapes(output) for output in self.outputs)

    def unwrap(self, result: torch.Tensor) -> torch.Tensor:
        """A result without its history unless that leads outside."""
        keep_alive(self.level.leaves)
        return result if not result.requires_grad or self.level.reaches_outside(result) else result.detach()


def _vjp(
    func: Callable[..., Any], args: tuple[Any, ...], argnums: _Argnums | None, has_aux: bool
) -> tuple[list[torch.Tensor], Any, Any, _Pullback, Any]:
    """The outputs, their structure, aux, the way back to the differentiated arguments, and their structure."""
    caller = "vjp(f, *primals)"
    with transform() as level:
        seen, differentiated = _enter(level, args, argnums)
        inputs, in_spec = tree_flatten(differentiated)
        result = func(*seen)
        level.close()
        result, aux = _without_aux(result, has_aux, caller)
        if has_aux:
            aux = tree_map(level.unwrap, aux)
        outputs, out_spec = tree_flatten(result)
        if not outputs or (len(outputs) == 1 and outputs[0] is None):
            raise RuntimeError(
                f"{caller}: Expected f to be a function that has non-empty output (got output = {outputs})"
            )
        for output in outputs:
            if not isinstance(output, torch.Tensor):
                raise RuntimeError(
                    f"{caller}: expected f(*primals) to return only tensors, got unsupported type {type(output)}"
                )
        for output in outputs:
            if not (output.dtype.is_floating_point or output.dtype.is_complex):
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    f"{output.dtype}"
                )
        return [level.unwrap(each) for each in outputs], out_spec, aux, _Pullback(level, outputs, inputs), in_spec


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `func`, and the function that multiplies a vector with its Jacobian.

    Args:
        func: takes tensors, or nested containers of them, and returns such, of floating or complex dtype.
        primals: the arguments, all differentiated.
        has_aux: `func` returns a pair, of which only the first item is differentiated. Default False.

    Returns:
        ``(output, vjp_fn)``, with `has_aux` ``(output, vjp_fn, aux)``. ``vjp_fn(cotangents)`` takes the structure
        and shapes of the output, and returns a tuple with one item per primal, of its structure and shapes; it may be
        called many times, and can be differentiated itself. Its `retain_graph=False` frees the graph;
        `create_graph` says whether its results may have a history (default: whether grad mode is on).

    Raises:
        RuntimeError: an output that is no tensor or an integer one, an integer primal; from `vjp_fn`, cotangents of
            another structure or shape.
        ValueError: a primal with something else than tensors in it.
    """
    outputs, out_spec, aux, pullback, in_spec = _vjp(func, primals, None, has_aux)

    def wrapper(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        if create_graph is None:
            create_graph = torch.is_grad_enabled()
        vectors, spec = tree_flatten(cotangents)
        if spec != out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {treespec_pprint(spec)}, primal output: {treespec_pprint(out_spec)}"
            )
        create_graph = create_graph and pullback.escapes(vectors)
        with torch.inference_mode(False):
            found = _gradients(pullback.outputs, pullback.inputs, vectors, retain_graph or create_graph, create_graph)
        return tree_unflatten([pullback.unwrap(each) for each in found], in_spec)

    output = tree_unflatten(outputs, out_spec)
    return (output, wrapper, aux) if has_aux else (output, wrapper)


def _refuse_complex(caller: str, tree: Any, kind: str) -> None:
    for i, leaf in enumerate(tree_leaves(tree)):
        if isinstance(leaf, torch.Tensor) and leaf.dtype.is_complex:
            raise RuntimeError(
                f"{caller}: Expected all {kind} to be real but received complex tensor at flattened input idx: {i}"
            )


def _rows(pullback: _Pullback, index: int, create_graph: bool) -> list[torch.Tensor]:
    """The Jacobian of one output with respect to each input, one backward pass per element of the output."""
    output = pullback.outputs[index]
    inputs = pullback.inputs
    count = output.numel()
    if count == 0:
        return [each.new_zeros((*output.shape, *each.shape)) for each in inputs]
    rows = []
    for i in range(count):
        basis = output.new_zeros(count)
        basis[i] = 1
        rows.append(_gradients((output,), inputs, (basis.view(output.shape),), True, create_graph))
    return [
        pullback.unwrap(torch.stack(column).view((*output.shape, *each.shape)))
        for column, each in zip(zip(*rows, strict=True), inputs, strict=True)
    ]


def jacrev(
    func: Callable[..., Any],
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The function that computes the Jacobian of `func` in reverse mode: one backward pass per element of its output.

    Args:
        func: takes real tensors, or nested containers of them, and returns such.
        argnums: which arguments to differentiate: a number (default 0), or a tuple of them.
        has_aux: `func` returns a pair, of which only the first item is differentiated. Default False.
        chunk_size: how many rows PyTorch computes at once; here always one. Positive, or None (default).

    Returns:
        A function with the positional arguments of `func` that returns the Jacobian, with `has_aux`
        ``(jacobian, aux)``. The Jacobian has the structure of the output; in place of each of its tensors stands the
        structure of the argument (a tuple of such if `argnums` is one), with tensors of the output's shape followed by
        the input's, in the input's dtype. It can be differentiated again to any order.

    Raises:
        ValueError: `chunk_size` is not positive; from the returned function: an argument with something else than
            tensors in it.
        RuntimeError: from the returned function: complex inputs or outputs, outputs that are no tensors of floating
            dtype, `argnums` that do not fit.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper_fn(*args: Any) -> Any:
        _refuse_complex("jacrev", args, "inputs")
        outputs, out_spec, aux, pullback, in_spec = _vjp(func, args, argnums, has_aux)
        _refuse_complex("jacrev", outputs, "outputs")
        create_graph = torch.is_grad_enabled() and pullback.escapes(())
        with torch.inference_mode(False), torch.set_grad_enabled(create_graph):
            jacobian = [tree_unflatten(_rows(pullback, i, create_graph), in_spec) for i in range(len(outputs))]
        result = tree_unflatten(jacobian, out_spec)
        return (result, aux) if has_aux else result

    return wrapper_fn


def hessian(func: Callable[..., Any], argnums: _Argnums = 0) -> Callable[..., Any]:
    """The function that computes the Hessian of `func`: the Jacobian of its Jacobian.

    Args:
        func: takes real tensors, or nested containers of them, and returns such.
        argnums: which arguments to differentiate: a number (default 0), or a tuple of them.

    Returns:
        A function with the positional arguments of `func` that returns the second derivatives: the structure of the
        output, with the structure of the argument in place of each tensor, and again in place of each of these.
        Shapes are the output's followed by the two inputs'.

    Raises:
        RuntimeError: from the returned function, as that of `jacrev`.
        ValueError: from the returned function: an integer argument.
    """
    first = jacrev(func, argnums)
    second = jacrev(first, argnums)

    @functools.wraps(func)
    def wrapper_fn(*args: Any) -> Any:
        # PyTorch takes the outer Jacobian in forward mode: the words are of that
        _refuse_complex("jacfwd", args, "inputs")
        for primal in tree_leaves(_chosen(args, argnums)):
            if primal.numel() and not primal.dtype.is_floating_point:
                raise ValueError(f"Expected primal to be floating point or complex, but got: {primal.dtype}")
        return second(*args)

    return wrapper_fn
