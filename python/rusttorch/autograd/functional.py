"""Products with Jacobians and Hessians of functions, and these matrices themselves: vjp, jvp, jacobian, hessian, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rusttorch as torch

from . import _transforms

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_Tensors = tuple[torch.Tensor, ...]
_OneOrMore = torch.Tensor | _Tensors

_OUTPUTS = "outputs of the user-provided function"
_REFUSED = "This is not allowed in strict mode"


def _as_tuple(given: Any, name: str | None, caller: str | None) -> tuple[bool, _Tensors]:
    """Whether a tuple was given, and the tensor or tensors as one; TypeError for anything else."""
    is_tuple = isinstance(given, tuple)
    for i, each in enumerate(given if is_tuple else (given,)):
        if not isinstance(each, torch.Tensor):
            which = f"value at index {i}" if is_tuple else f"given {name}"
            raise TypeError(
                f"The {name} given to {caller} must be either a Tensor or a tuple of Tensors but the {which} has type "
                f"{type(each)}."
            )
    return is_tuple, given if is_tuple else (given,)


def _inputs_for(given: _Tensors, create_graph: bool, need_graph: bool) -> _Tensors:
    """New tensors in place of the given ones, which the function may use as well.

    They stay connected to what requires grad if `create_graph` is set, and are leaves otherwise, which require grad
    if `need_graph` is set.
    """
    result = []
    for each in given:
        if create_graph and each.requires_grad:
            result.append(each.view_as(each))
        elif _transforms.active() and need_graph:
            raise RuntimeError(
                "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* "
                "APIs) inside of a function being transformed by a functorch transform. This is unsupported, please "
                "attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call "
                "requires_grad_() outside of a function being transformed instead."
            )
        else:
            result.append(each.detach().requires_grad_(need_graph))
    return tuple(result)


def _vector_for(v: Any, like: _Tensors, is_tuple: bool, create_graph: bool, caller: str) -> _Tensors:
    """`v` as a tuple; RuntimeError where its shapes are not those of `like`."""
    vector = _inputs_for(_as_tuple(v, "v", caller)[1], create_graph, need_graph=False)
    if len(like) != len(vector):
        if is_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(vector)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for i, (each, expected) in enumerate(zip(vector, like, strict=True)):
        if each.size() != expected.size():
            entry = f"Entry {i} in " if is_tuple else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {expected.size()} but got {each.size()}.")
    return vector


def _input_vector(v: Any, inputs: _Tensors, is_tuple: bool, create_graph: bool, caller: str) -> _Tensors | None:
    """`v` of the shapes of the inputs; None stands for 1 where there is one input with one element."""
    if v is not None:
        return _vector_for(v, inputs, is_tuple, create_graph, caller)
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a "
            "single element."
        )
    return None


def _check(tensors: Sequence[torch.Tensor | None], what: str, strict: bool) -> None:
    """In strict mode, refuse what does not require grad, or None."""
    for i, each in enumerate(tensors if strict else ()):
        if each is None:
            raise RuntimeError(f"The output of the user-provided function is independent of input {i}. {_REFUSED}.")
        if each.requires_grad:
            continue
        if what == "hessian":
            raise RuntimeError(
                f"The hessian of the user-provided function with respect to input {i} is independent of the input. "
                f"{_REFUSED}. You should ensure that your function is thrice differentiable and that the hessian "
                "depends on the inputs."
            )
        if what == "jacobian":
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided function with respect to "
                f"input {i} is independent of the input. {_REFUSED}. You should ensure that your function is twice "
                "differentiable and that the jacobian depends on the inputs (this would be violated by a linear "
                "function for example)."
            )
        if what == "grad_inputs":
            raise RuntimeError(
                f"The gradient with respect to input {i} is independent of the inputs of the user-provided function. "
                f"{_REFUSED}."
            )
        raise RuntimeError(
            f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
            "differentiable manner from the input when running in strict mode."
        )


def _grad(
    outputs: Sequence[torch.Tensor | None],
    inputs: _Tensors,
    vector: Sequence[torch.Tensor | None] | None,
    create_graph: bool,
    retain_graph: bool | None = None,
    is_grads_batched: bool = False,
) -> tuple[torch.Tensor | None, ...]:
    """`autograd.grad` of those outputs that require grad; None for inputs they do not depend on."""
    given = [None] * len(outputs) if vector is None else vector
    used = [(out, v) for out, v in zip(outputs, given, strict=True) if out is not None and out.requires_grad]
    if not used:
        return (None,) * len(inputs)
    return torch.autograd.grad(
        [out for out, _ in used],
        inputs,
        [v for _, v in used],
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
        is_grads_batched=is_grads_batched,
    )


# what does not depend on what, by the pass that found it
_INDEPENDENT = {
    "back": f"The output of the user-provided function is independent of input {{}}. {_REFUSED}.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using "
    f"the double backward trick to compute forward mode gradients. {_REFUSED}.",
    "double_back": f"The jacobian of the user-provided function is independent of input {{}}. {_REFUSED}.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    f"{_REFUSED} as it prevents from using the double backward trick to replace forward mode AD.",
}


def _fill_in_zeros(
    found: Sequence[torch.Tensor | None], like: _Tensors, strict: bool, create_graph: bool, stage: str
) -> _Tensors:
    """Zeros in place of None; in strict mode, refuse None and, under `create_graph`, what does not require grad."""
    result = []
    for i, (each, reference) in enumerate(zip(found, like, strict=True)):
        if each is None:
            if strict:
                raise RuntimeError(_INDEPENDENT[stage].format(i))
            each = torch.zeros_like(reference)
        elif strict and create_graph and not each.requires_grad:
            matrix = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {matrix} of the user-provided function is independent of input {i}. {_REFUSED} when "
                "create_graph=True."
            )
        result.append(each)
    return tuple(result)


def _returned(result: _Tensors, is_tuple: bool, create_graph: bool) -> Any:
    """What the caller gets: without a graph unless asked for, and without a tuple where none was given."""
    if not create_graph:
        result = tuple([each.detach() for each in result])
    return result if is_tuple else result[0]


def vjp(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    v: _OneOrMore | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """A vector times the Jacobian of a function.

    Args:
        func: takes tensors, and returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them: where the function is evaluated.
        v: one tensor per output, of its shape; may be left out for a single output with one element.
        create_graph: whether output and result are connected to inputs that require grad. Default False.
        strict: refuse an output that does not depend on an input, rather than give zeros. Default False.

    Returns:
        The output of `func`, and the product, with the structure and shapes of `inputs`.

    Raises:
        TypeError: inputs, outputs or `v` are neither a tensor nor a tuple of tensors.
        RuntimeError: `v` does not fit, or is needed; in strict mode, independence.
    """
    with torch.enable_grad():
        is_inputs_tuple, at = _as_tuple(inputs, "inputs", "vjp")
        at = _inputs_for(at, create_graph, need_graph=True)
        is_outputs_tuple, outputs = _as_tuple(func(*at), _OUTPUTS, "vjp")
        _check(outputs, "outputs", strict)
        vector = None
        if v is not None:
            vector = _vector_for(v, outputs, is_outputs_tuple, create_graph, "vjp")
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
    product = _fill_in_zeros(_grad(outputs, at, vector, create_graph), at, strict, create_graph, "back")
    return _returned(outputs, is_outputs_tuple, create_graph), _returned(product, is_inputs_tuple, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    v: _OneOrMore | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The Jacobian of a function times a vector.

    Two backward passes take the place of a forward one: the product of Jacobian and vector is the derivative of the
    vector-Jacobian product, which is linear, by its vector.

    Args:
        func: takes tensors, and returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them: where the function is evaluated.
        v: one tensor per input, of its shape; may be left out for a single input with one element.
        create_graph: whether output and result are connected to inputs that require grad. Default False.
        strict: refuse an output that does not depend on an input, rather than give zeros. Default False.

    Returns:
        The output of `func`, and the product, with the structure and shapes of the output.

    Raises:
        TypeError: inputs, outputs or `v` are neither a tensor nor a tuple of tensors.
        RuntimeError: `v` does not fit, or is needed; in strict mode, independence.
    """
    with torch.enable_grad():
        is_inputs_tuple, at = _as_tuple(inputs, "inputs", "jvp")
        at = _inputs_for(at, create_graph, need_graph=True)
        vector = _input_vector(v, at, is_inputs_tuple, create_graph, "jvp")
        is_outputs_tuple, outputs = _as_tuple(func(*at), _OUTPUTS, "jvp")
        _check(outputs, "outputs", strict)
        # the backward pass is linear in it: any value will do that is neither infinite nor NaN
        dummy = tuple([torch.zeros_like(out, requires_grad=True) for out in outputs])
        gradients = _grad(outputs, at, dummy, create_graph=True)
        _check(gradients, "grad_inputs", strict)
    found = _grad(gradients, dummy, vector, create_graph)
    product = _fill_in_zeros(found, outputs, strict, create_graph, "back_trick")
    return _returned(outputs, is_outputs_tuple, create_graph), _returned(product, is_outputs_tuple, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of a function.

    Args:
        func: takes tensors, and returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them: where the function is evaluated.
        create_graph: whether the Jacobian is connected to inputs that require grad. Default False.
        strict: refuse an output that does not depend on an input, rather than give zeros. Default False.
        vectorize: for the sake of PyTorch, where it saves time: here rows are computed one by one either way.
        strategy: "reverse-mode" (default), one pass per element of the outputs, or "forward-mode", one pass per element
            of the inputs, which asks for `vectorize=True` as in PyTorch.

    Returns:
        For one input and one output, a tensor with the shape of the output followed by that of the input, in the
        dtype of the input. A tuple of them where there are several of one; ``jacobian[i][j]`` for output i and input
        j where both are tuples.

    Raises:
        TypeError: inputs or outputs are neither a tensor nor a tuple of tensors.
        RuntimeError: independence in strict mode; `strict` with `vectorize` or with "forward-mode".
        NotImplementedError: "forward-mode" with `create_graph`, or without `vectorize`.
        AssertionError: another strategy.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not '
                'supported together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _forward_jacobian(func, inputs, strict, vectorize)
    with torch.enable_grad():
        is_inputs_tuple, at = _as_tuple(inputs, "inputs", "jacobian")
        at = _inputs_for(at, create_graph, need_graph=True)
        is_outputs_tuple, outputs = _as_tuple(func(*at), _OUTPUTS, "jacobian")
        _check(outputs, "outputs", strict)
        if vectorize:
            if strict:
                raise RuntimeError(
                    "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported "
                    "together. Please either set `strict=False` or `vectorize=False`."
                )
            rows = _batched_rows(outputs, at, create_graph)
        else:
            rows = [_rows(i, out, at, create_graph, strict) for i, out in enumerate(outputs)]
    return _matrix([_returned(row, is_inputs_tuple, create_graph) for row in rows], is_outputs_tuple)


def _matrix(rows: Sequence[Any], is_outputs_tuple: bool) -> Any:
    return tuple(rows) if is_outputs_tuple else rows[0]


def _rows(i: int, out: torch.Tensor, at: _Tensors, create_graph: bool, strict: bool) -> _Tensors:
    """The Jacobian of output number i with respect to each input."""
    columns: list[list[torch.Tensor]] = [[] for _ in at]
    flat = out.reshape(-1)
    for k in range(out.numel()):
        found = _grad((flat[k],), at, None, create_graph, retain_graph=True)
        for j, (gradient, column) in enumerate(zip(found, columns, strict=True)):
            if gradient is None:
                if strict:
                    raise RuntimeError(
                        f"Output {i} of the user-provided function is independent of input {j}. {_REFUSED}."
                    )
                gradient = torch.zeros_like(at[j])
            elif strict and create_graph and not gradient.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {i}. {_REFUSED} when "
                    "create_graph=True."
                )
            column.append(gradient)
    shape = out.size()
    return tuple([torch.stack(column).view(shape + each.size()) for column, each in zip(columns, at, strict=True)])


def _basis(tensors: _Tensors) -> _Tensors:
    """The unit vectors of all the tensors' elements together: for each tensor its part of every one, as rows."""
    total = sum(each.numel() for each in tensors)
    parts = []
    start = 0
    for each in tensors:
        part = each.new_zeros(total, each.numel())
        part[start : start + each.numel()].fill_diagonal_(1)
        parts.append(part)
        start += each.numel()
    return tuple(parts)


def _batched_rows(outputs: _Tensors, at: _Tensors, create_graph: bool) -> list[_Tensors]:
    """The Jacobian of each output with respect to each input, from one batch of unit vectors for all outputs."""
    sizes = [out.numel() for out in outputs]
    flat = tuple([out.reshape(-1) for out in outputs])
    found = _grad(flat, at, _basis(outputs), create_graph, is_grads_batched=True)
    columns = []
    for gradients, each in zip(found, at, strict=True):
        if gradients is None:
            gradients = each.new_zeros((sum(sizes), *each.shape))
        parts = gradients.split(sizes)
        columns.append([part.view(out.shape + each.shape) for part, out in zip(parts, outputs, strict=True)])
    return list(zip(*columns, strict=True))


def _forward_jacobian(func: Callable[..., Any], inputs: Any, strict: bool, vectorize: bool) -> Any:
    """The Jacobian by one product with a unit vector per element of the inputs."""
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    is_inputs_tuple, at = _as_tuple(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )
    for each in at:
        if not (each.dtype.is_floating_point or each.dtype.is_complex):
            raise ValueError(f"Expected primal to be floating point or complex, but got: {each.dtype}")
    from rusttorch.func import vjp as transposed

    seen: list[Any] = []

    def smooth(*args: torch.Tensor) -> _Tensors:
        is_outputs_tuple, outputs = _as_tuple(func(*args), "outputs", None)
        seen[:] = is_outputs_tuple, outputs
        kept = [out for out in outputs if out.dtype.is_floating_point or out.dtype.is_complex]
        # a sum over nothing stands in where there is no such output
        return tuple(kept) or (args[0].new_zeros(()),)

    values, pull = transposed(smooth, *at)
    is_outputs_tuple, outputs = seen
    # the product with the transposed Jacobian is linear, and transposing it once more is the product with the Jacobian
    _, push = transposed(pull, tuple([torch.zeros_like(value) for value in values]))
    units = [part.view((len(part), *each.shape)) for part, each in zip(_basis(at), at, strict=True)]
    rows = [push(tuple([unit[k] for unit in units]))[0] for k in range(len(units[0]))]
    sizes = [each.numel() for each in at]
    result = []
    smooth_columns = iter(zip(*rows, strict=True) if rows else [()] * len(values))
    for out in outputs:
        if out.dtype.is_floating_point or out.dtype.is_complex:
            column = next(smooth_columns)
            matrix = torch.stack(column) if column else out.new_zeros((0, *out.shape))
        else:
            matrix = out.new_zeros((sum(sizes), *out.shape))
        parts = [
            part.permute(*range(1, part.dim()), 0).reshape((*out.shape, *each.shape))
            for part, each in zip(matrix.split(sizes), at, strict=True)
        ]
        # lists, where PyTorch has them
        result.append(parts if is_inputs_tuple else parts[0])
    if is_outputs_tuple:
        return result if is_inputs_tuple else tuple(result)
    return result[0]


def hessian(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a function with a single value.

    Args:
        func: takes tensors, and returns a tensor with one element.
        inputs: a tensor or a tuple of them: where the function is evaluated.
        create_graph: whether the Hessian is connected to inputs that require grad. Default False.
        strict: refuse an output or gradient that does not depend on an input, rather than give zeros. Default False.
        vectorize: as of `jacobian`.
        outer_jacobian_strategy: the strategy of the second `jacobian`; the first is always in reverse mode.

    Returns:
        For one input, a tensor with its shape twice; ``hessian[i][j]`` for inputs i and j if `inputs` is a tuple.

    Raises:
        TypeError: inputs or outputs are neither a tensor nor a tuple of tensors.
        RuntimeError: an output that is no tensor with one element; independence in strict mode.
        NotImplementedError: as `jacobian`.
        AssertionError: another strategy.
    """
    is_inputs_tuple, at = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def value(*args: torch.Tensor) -> torch.Tensor:
        out = func(*args)
        is_outputs_tuple, outputs = _as_tuple(out, _OUTPUTS, "hessian")
        _check(outputs, "outputs", strict)
        if is_outputs_tuple:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
        return out.squeeze()

    def gradient(*args: torch.Tensor) -> _Tensors:
        result = jacobian(value, args, create_graph=True)
        _check(result, "jacobian", strict)
        return result

    result = jacobian(gradient, at, create_graph, strict, vectorize, outer_jacobian_strategy)
    return result if is_inputs_tuple else result[0][0]


def _gradient(
    func: Callable[..., Any], at: _Tensors, strict: bool, caller: str
) -> tuple[_Tensors, tuple[torch.Tensor | None, ...]]:
    """The single value of a function, and its gradient with a graph."""
    is_outputs_tuple, outputs = _as_tuple(func(*at), _OUTPUTS, caller)
    _check(outputs, "outputs", strict)
    if is_outputs_tuple:
        raise RuntimeError(f"The function given to {caller} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {caller} should contain a single element")
    jac = _grad(outputs, at, None, create_graph=True)
    _check(jac, "jacobian", strict)
    return outputs, jac


def vhp(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    v: _OneOrMore | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """A vector times the Hessian of a function with a single value.

    Args:
        func: takes tensors, and returns a tensor with one element.
        inputs: a tensor or a tuple of them: where the function is evaluated.
        v: one tensor per input, of its shape; may be left out for a single input with one element.
        create_graph: whether output and result are connected to inputs that require grad. Default False.
        strict: refuse an output or gradient that does not depend on an input, rather than give zeros. Default False.

    Returns:
        The output of `func`, and the product, with the structure and shapes of `inputs`.

    Raises:
        TypeError: inputs, outputs or `v` are neither a tensor nor a tuple of tensors.
        RuntimeError: an output that is no tensor with one element; `v` does not fit, or is needed; in strict mode,
            independence.
    """
    with torch.enable_grad():
        is_inputs_tuple, at = _as_tuple(inputs, "inputs", "vhp")
        at = _inputs_for(at, create_graph, need_graph=True)
        vector = _input_vector(v, at, is_inputs_tuple, create_graph, "vhp")
        outputs, jac = _gradient(func, at, strict, "vhp")
    product = _fill_in_zeros(_grad(jac, at, vector, create_graph), at, strict, create_graph, "double_back")
    return _returned(outputs, False, create_graph), _returned(product, is_inputs_tuple, create_graph)


def hvp(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    v: _OneOrMore | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The Hessian of a function with a single value times a vector.

    Where the second derivatives are continuous this is `vhp`, which takes one backward pass less.

    Args, returns, errors:
        As of `vhp`.
    """
    with torch.enable_grad():
        is_inputs_tuple, at = _as_tuple(inputs, "inputs", "hvp")
        at = _inputs_for(at, create_graph, need_graph=True)
        vector = _input_vector(v, at, is_inputs_tuple, create_graph, "hvp")
        outputs, jac = _gradient(func, at, strict, "hvp")
        dummy = tuple([torch.zeros_like(each, requires_grad=True) for each in at])
        double_back = _grad(jac, at, dummy, create_graph=True)
        _check(jac, "hessian", strict)
    found = _grad(double_back, dummy, vector, create_graph)
    product = _fill_in_zeros(found, at, strict, create_graph, "double_back_trick")
    return _returned(outputs, False, create_graph), _returned(product, is_inputs_tuple, create_graph)
