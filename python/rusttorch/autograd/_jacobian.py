"""Jacobians for `gradcheck`: numeric ones by central differences and analytic ones by backward, whole or projected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, TypeAlias

import rusttorch as torch

from .gradcheck import GradcheckError

# A direction in an input: real, or two of them for the real and the imaginary part of a complex input.
Direction: TypeAlias = "torch.Tensor | tuple[torch.Tensor, torch.Tensor]"

_NOT_REENTRANT = """

NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""


def as_tuple(given: Any) -> tuple[Any, ...]:
    """A tuple or list as a tuple, anything else as the one element of a tuple."""
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)


def is_differentiable(given: Any) -> bool:
    """Whether `given` is a tensor of a floating or complex dtype."""
    return isinstance(given, torch.Tensor) and (given.is_floating_point() or given.is_complex())


def requiring_grad(given: Any) -> Iterator[torch.Tensor]:
    """The tensors that require grad in a tensor or in nested sequences of them."""
    if isinstance(given, torch.Tensor):
        if given.requires_grad:
            yield given
    elif isinstance(given, (tuple, list)):
        for each in given:
            yield from requiring_grad(each)


def _check_same_kind(a: torch.Tensor, b: torch.Tensor, where: str, eps: Any) -> None:
    """That an output has the same shape and dtype on both sides of the point."""
    for what, first, second in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
        if first != second:
            raise AssertionError(
                f"Expected `func` to return outputs with the same {what} when inputs are perturbed {where}by {eps}, "
                f"but got: {what}s {first} and {second}."
            )


def _central_difference(
    outputs: Callable[[], tuple[torch.Tensor, ...]], entry: torch.Tensor, step: Any, eps: float, where: str
) -> list[torch.Tensor]:
    """The derivative of each output, flat, where `entry` (memory that `outputs()` reads) moves by `step`."""
    before = entry.clone()
    try:
        entry.copy_(before - step)
        below = outputs()
        entry.copy_(before + step)
        above = outputs()
    finally:
        entry.copy_(before)
    result = []
    for a, b in zip(below, above, strict=True):
        _check_same_kind(a, b, where, eps)
        result.append(((b - a) / (2 * eps)).detach().reshape(-1))
    return result


def _derivatives(
    outputs: Callable[[], tuple[torch.Tensor, ...]], entry: torch.Tensor, step: Any, eps: float, where: str = ""
) -> list[torch.Tensor]:
    """As `_central_difference`; where `entry` is complex, the conjugate Wirtinger derivative of real outputs."""
    real, imaginary = step if isinstance(step, tuple) else (step, step)
    along_real = _central_difference(outputs, entry, real, eps, where)
    if any(d.is_complex() for d in along_real):
        raise AssertionError("Expected ds_dx to be real-valued, not complex.")
    if not entry.is_complex():
        return along_real
    along_imaginary = _central_difference(outputs, entry, imaginary * 1j, eps, where)
    return [x + y * 1j for x, y in zip(along_real, along_imaginary, strict=True)]


def _bound(func: Callable[..., Any], inputs: tuple[Any, ...]) -> Callable[[], tuple[torch.Tensor, ...]]:
    """`func(*inputs)` as a function without arguments; its outputs share no memory with the inputs."""
    return lambda: tuple([output.clone() for output in as_tuple(func(*inputs))])


def numerical_jacobian(
    func: Callable[..., Any], inputs: tuple[Any, ...], outputs: tuple[Any, ...], eps: float
) -> list[list[torch.Tensor]]:
    """For each input that requires grad and each floating or complex output, the Jacobian: input x output elements.

    The inputs are moved in place and put back: to the graph of `outputs` that is a write to what it saved.
    """
    evaluate = _bound(func, inputs)
    result = []
    for given in requiring_grad(inputs):
        dtype = given.dtype if given.is_complex() else None
        jacobians = [o.new_zeros((given.numel(), o.numel()), dtype=dtype) for o in outputs if is_differentiable(o)]
        for row, index in enumerate(product(*[range(size) for size in given.shape])):
            columns = _derivatives(evaluate, given.data[index], eps, eps, f"on index {index} ")
            # as in PyTorch, outputs that are not differentiable must come last
            for jacobian, column in zip(jacobians, columns, strict=False):
                jacobian[row] = column
        result.append(jacobians)
    return result


def numerical_along(
    func: Callable[..., Any], inputs: tuple[Any, ...], given: torch.Tensor, direction: Direction, eps: float
) -> list[torch.Tensor]:
    """The derivative of each output, flat, along a flat `direction` in one of the inputs, which is moved in place."""
    if isinstance(direction, tuple):
        step: Any = tuple([each.reshape(given.shape) * eps for each in direction])
    else:
        step = direction.reshape(given.shape) * eps
    return _derivatives(_bound(func, inputs), given.data, step, eps)


def _rows(output: torch.Tensor, inputs: list[torch.Tensor], vector: torch.Tensor | None) -> list[list[Any]]:
    """Per input, the gradients of `vector @ output`; without `vector`, of each element of the output in turn."""

    def backward(gradient: torch.Tensor) -> tuple[Any, ...]:
        return torch.autograd.grad(output, inputs, gradient, retain_graph=True, allow_unused=True)

    rows: list[list[Any]] = [[] for _ in inputs]
    if vector is not None:
        seeds: Any = [vector.reshape(output.shape)]
    else:
        seed = torch.zeros_like(output, memory_format=torch.legacy_contiguous_format)
        seeds = _unit_vectors(seed)
    for seed in seeds:
        for row, gradient in zip(rows, backward(seed), strict=True):
            row.append(None if gradient is None else gradient.clone())
    return rows


def _unit_vectors(zeros: torch.Tensor) -> Iterator[torch.Tensor]:
    """`zeros`, filled in turn with 1 at each element and 0 elsewhere."""
    flat = zeros.view(-1)
    for i in range(flat.numel()):
        flat.zero_()
        flat[i] = 1.0
        yield zeros


def _stacked(rows: list[list[Any]], inputs: list[torch.Tensor], columns: int) -> tuple[list[torch.Tensor], bool, bool]:
    """The Jacobians made of gradients, whether these have the inputs' sizes, and whether their dtypes."""
    sizes_ok = dtypes_ok = True
    result = []
    for given, gradients in zip(inputs, rows, strict=True):
        jacobian = given.new_zeros((given.numel(), columns))
        for column, gradient in enumerate(gradients):
            if gradient is None:
                continue
            if gradient.shape != given.shape:
                sizes_ok = False
            elif gradient.dtype != given.dtype:
                dtypes_ok = False
            if gradient.numel() != given.numel():
                raise AssertionError(
                    f"Expected out_jacobian column to have {gradient.numel()} elements, but got {given.numel()}"
                )
            jacobian[:, column] = gradient.reshape(-1)
        result.append(jacobian)
    return result, sizes_ok, dtypes_ok


def analytical_jacobian(
    inputs: tuple[Any, ...],
    output: torch.Tensor,
    nondet_tol: float = float("inf"),
    check_dtypes: bool = False,
    vector: torch.Tensor | None = None,
) -> list[torch.Tensor]:
    """For each input that requires grad, the Jacobian of `output`: input x output elements.

    Args:
        nondet_tol: by how much two runs of backward may differ.
        check_dtypes: whether gradients must have the inputs' dtypes.
        vector: flat; then the Jacobians are multiplied by it and have one column.

    Raises:
        GradcheckError: the gradients have other sizes or dtypes than the inputs, or differ from run to run.
    """
    wanted = list(requiring_grad(inputs))
    columns = output.numel() if vector is None else 1
    first, sizes_ok, dtypes_ok = _stacked(_rows(output, wanted, vector), wanted, columns)
    second, _, _ = _stacked(_rows(output, wanted, vector), wanted, columns)
    if check_dtypes and not dtypes_ok:
        raise GradcheckError("Gradient has dtype mismatch")
    if not sizes_ok:
        raise GradcheckError("Analytical gradient has incorrect size")
    if any(a.numel() != 0 and (a - b).abs().max() > nondet_tol for a, b in zip(first, second, strict=True)):
        raise GradcheckError(
            "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
            "different values, although analytical gradient matches numerical gradient."
            f"The tolerance for nondeterminism was {nondet_tol}.{_NOT_REENTRANT}"
        )
    return first


def analytical_along(jacobian: torch.Tensor, direction: Direction) -> torch.Tensor:
    """The scalar that a projected Jacobian (one column) gives along a direction in its input."""
    flat = jacobian.reshape(-1)
    if isinstance(direction, tuple):
        parts = torch.view_as_real(flat)
        return parts[:, 0].dot(direction[0]) + 1j * parts[:, 1].dot(direction[1])
    return flat.dot(direction)
