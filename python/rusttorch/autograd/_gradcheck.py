"""The checks that `gradcheck` and `gradgradcheck` are made of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import rusttorch as torch

from ._jacobian import (
    Direction,
    analytical_along,
    analytical_jacobian,
    as_tuple,
    is_differentiable,
    numerical_along,
    numerical_jacobian,
    requiring_grad,
)
from .gradcheck import GradcheckError

_SLOW_MODE_PASSES = """
Fast gradcheck failed but element-wise differences are small. This means that the
test might've passed in slow_mode!

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck:

If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `fast_mode=False` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_fast_mode=False`
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_fast_mode=False`
""".strip()

_UNDEFINED_NOTES = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    """That an input requires grad, and that none of those that do overlaps itself; warns of single precision."""
    for i, given in enumerate(inputs):
        if not (isinstance(given, torch.Tensor) and given.requires_grad):
            continue
        if given.dtype not in (torch.float64, torch.complex128):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if not all(stride > 0 or size <= 1 for stride, size in zip(given.stride(), given.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on the input before passing it to gradcheck."
            )
    if not any(isinstance(given, torch.Tensor) and given.requires_grad for given in inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _differentiable(outputs: Any) -> tuple[torch.Tensor, ...]:
    return tuple([output for output in as_tuple(outputs) if output.requires_grad])


def _close(a: torch.Tensor, b: torch.Tensor, rtol: float, atol: float) -> bool:
    dtype = torch.promote_types(a.dtype, b.dtype)
    return torch.allclose(a.to(dtype), b.to(dtype), rtol, atol)


def _part_of(func: Callable[..., Any], part: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., Any]:
    """`func` with `part` (`real` or `imag`) of its complex outputs."""
    return lambda *inputs: tuple([part(o) if o.is_complex() else o for o in as_tuple(func(*inputs))])


def _random_vector(like: torch.Tensor, generator: Any, dtype: torch.dtype) -> torch.Tensor:
    """A flat vector of length 1 with the elements of `like`."""
    vector = torch.rand(like.numel(), generator=generator, device="cpu").to(dtype=dtype, device=like.device)
    return vector / vector.norm()


def _projected_atol(atol: float, direction: Direction, vector: torch.Tensor) -> float:
    """`atol` of each element of a Jacobian, projected as that is: the random vectors are not negative."""
    parts = direction if isinstance(direction, tuple) else (direction,)
    return atol * sum(float(part.sum()) for part in parts) * float(vector.sum())


class Check:
    """One call of `gradcheck`: the function and what is asked of its gradients."""

    def __init__(
        self,
        func: Callable[..., Any],
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
        check_dtypes: bool,
        fast: bool,
        masked: bool,
    ) -> None:
        self.func = func
        self.eps = eps
        self.atol = atol
        self.rtol = rtol
        self.nondet_tol = nondet_tol
        self.check_dtypes = check_dtypes
        self.fast = fast
        self.masked = masked

    def run(self, inputs: Any, check_undefined: bool) -> bool:
        """All checks; True, or GradcheckError."""
        arguments = as_tuple(inputs)
        _check_inputs(arguments)
        results = self.func(*arguments)
        outputs = _differentiable(results)
        compare = self._compare_projections if self.fast else self._compare_jacobians
        if any(output.is_complex() for output in as_tuple(results)):
            complex_outputs = [i for i, output in enumerate(outputs) if output.is_complex()]
            for name, part in (("imaginary", torch.imag), ("real", torch.real)):
                func = _part_of(self.func, part)
                compare(func, func(*arguments), arguments, dict.fromkeys(complex_outputs, name))
        else:
            compare(self.func, results, arguments, {})
        self._check_zero_gradients(arguments, _differentiable(self.func(*arguments)))
        if check_undefined:
            self._check_undefined_gradients(arguments)
        return True

    def _compare_jacobians(
        self, func: Callable[..., Any], results: Any, inputs: tuple[Any, ...], parts: dict[int, str]
    ) -> None:
        numerical = numerical_jacobian(func, inputs, as_tuple(results), self.eps)
        outputs = _differentiable(func(*inputs))  # with a graph made after the inputs were moved
        if not outputs:
            if any((jacobian != 0).any() for per_input in numerical for jacobian in per_input):
                raise GradcheckError("Numerical gradient for function expected to be zero")
            return
        # one row per output, also for those that do not require grad: these are left out here
        of_outputs = [
            n
            for output, n in zip(as_tuple(results), zip(*numerical, strict=True), strict=False)
            if output.requires_grad
        ]
        for i, output in enumerate(outputs):
            analytical = analytical_jacobian(inputs, output.clone(), self.nondet_tol, self.check_dtypes)
            for j, (a, n) in enumerate(zip(analytical, of_outputs[i], strict=True)):
                if not _close(a, n.to(a.device), self.rtol, self.atol):
                    raise GradcheckError(_mismatch(a, n, i, j, parts))

    def _compare_projections(
        self, func: Callable[..., Any], results: Any, inputs: tuple[Any, ...], parts: dict[int, str]
    ) -> None:
        outputs = _differentiable(results)
        generator = torch.Generator()  # one's own: the user's random numbers stay as they are
        wanted = [given for given in inputs if isinstance(given, torch.Tensor) and given.requires_grad]
        directions: list[Direction] = []
        for given in wanted:
            dtype = given.dtype.to_real()
            direction = _random_vector(given, generator, dtype)
            if given.is_complex():
                directions.append((direction, _random_vector(given, generator, dtype)))
            else:
                directions.append(direction)
        vectors = [_random_vector(output, generator, output.dtype) for output in outputs]

        numerical = []
        for given, along_it in zip(wanted, directions, strict=True):
            along = numerical_along(func, inputs, given, along_it, self.eps)
            if not outputs and any(d.numel() and d.abs().max() > self.nondet_tol for d in along):
                raise GradcheckError("Numerical gradient for function expected to be zero")
            floating = [d for d, output in zip(along, as_tuple(results), strict=True) if is_differentiable(output)]
            numerical.append([(v * d).sum() for v, d in zip(vectors, floating, strict=False)])
        outputs = _differentiable(func(*inputs))  # with a graph made after the inputs were moved
        analytical = []
        for output, vector in zip(outputs, vectors, strict=True):
            jacobians = analytical_jacobian(inputs, output.clone(), self.nondet_tol, self.check_dtypes, vector)
            analytical.append([analytical_along(j, d) for j, d in zip(jacobians, directions, strict=True)])

        for i, of_input in enumerate(numerical):
            for j, n in enumerate(of_input):
                a = analytical[j][i]
                n = n.to(a.device)
                if not _close(a, n, self.rtol, _projected_atol(self.atol, directions[i], vectors[j])):
                    raise GradcheckError(_mismatch(a, n, j, i, parts) + self._in_full(func, inputs, outputs, i, j))

    def _in_full(
        self, func: Callable[..., Any], inputs: tuple[Any, ...], outputs: tuple[Any, ...], i: int, j: int
    ) -> str:
        """What the message of fast mode adds: the whole Jacobians of output `j` in input `i`."""
        numerical = numerical_jacobian(func, inputs, outputs, self.eps)[i][j]
        analytical = analytical_jacobian(inputs, _differentiable(func(*inputs))[j].clone())[i]
        text = (
            "\nThe above quantities relating the numerical and analytical jacobians are computed \n"
            "in fast mode. See: https://github.com/pytorch/pytorch/issues/53876 for more background \n"
            "about fast mode. Below, we recompute numerical and analytical jacobians in slow mode:\n\n"
            f"Numerical:\n {numerical}\n"
            f"Analytical:\n{analytical}\n\n"
            f"The max per-element difference (slow mode) is: {(numerical - analytical).abs().max()}.\n"
        )
        return text + _SLOW_MODE_PASSES if _close(analytical, numerical, self.rtol, self.atol) else text

    def _check_zero_gradients(self, inputs: tuple[Any, ...], outputs: tuple[torch.Tensor, ...]) -> None:
        """That backward of zeros gives zeros, of the kind of the inputs."""
        wanted = list(requiring_grad(inputs))
        zeros = [torch.zeros_like(o, memory_format=torch.legacy_contiguous_format) for o in outputs]
        gradients = torch.autograd.grad(outputs, wanted, zeros, allow_unused=True)
        for gradient, given in zip(gradients, wanted, strict=True):
            if gradient is None:
                continue
            if not (torch.allclose(gradient, torch.zeros_like(gradient)) if self.masked else gradient.eq(0).all()):
                raise GradcheckError("backward not multiplied by grad_output")
            if gradient.dtype != given.dtype:
                raise GradcheckError("grad is incorrect type")
            if gradient.device != given.device:
                raise GradcheckError("grad is incorrect device")
            if gradient.shape != given.shape:
                raise GradcheckError("grad is incorrect size")

    def _check_undefined_gradients(self, inputs: tuple[Any, ...]) -> None:
        """That backward treats missing gradients as zeros: those of all outputs, then of one at a time."""
        outputs = _differentiable(self.func(*inputs))
        self._check_without(inputs, outputs, range(len(outputs)))
        if len(outputs) > 1:
            for i in range(len(outputs)):
                self._check_without(inputs, _differentiable(self.func(*inputs)), (i,))

    def _check_without(
        self, inputs: tuple[Any, ...], outputs: tuple[torch.Tensor, ...], missing: Sequence[int]
    ) -> None:
        wanted = list(requiring_grad(inputs))
        zeros = [torch.zeros_like(o, memory_format=torch.legacy_contiguous_format) for o in outputs]
        _take_gradients_away([outputs[i] for i in missing])
        try:
            gradients = torch.autograd.grad(outputs, wanted, zeros, allow_unused=True)
        except RuntimeError as error:
            _warn_of_undefined_check()
            raise GradcheckError(
                f"Expected backward function to handle undefined output grads. {_UNDEFINED_NOTES}"
            ) from error
        if not all(gradient is None or gradient.eq(0).all() for gradient in gradients):
            _warn_of_undefined_check()
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                f"{_UNDEFINED_NOTES}"
            )


def _take_gradients_away(outputs: list[torch.Tensor]) -> None:
    """The nodes of these outputs get None for them in backward."""
    taken: dict[Any, set[int]] = {}
    for output in outputs:
        if output.grad_fn is not None:
            taken.setdefault(output.grad_fn, set()).add(output.output_nr)

    def without(numbers: set[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
        return lambda gradients: tuple([None if nr in numbers else g for nr, g in enumerate(gradients)])

    for node, numbers in taken.items():
        node.register_prehook(without(numbers))


def _warn_of_undefined_check() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may "
        "break existing callers of this function. If this is true for you, you can call this function with "
        '"check_undefined_grad=False" to disable the feature',
        stacklevel=6,
    )


def _mismatch(a: torch.Tensor, n: torch.Tensor, output: int, given: int, parts: dict[int, str]) -> str:
    prefix = f"While considering the {parts[output]} part of complex outputs only, " if output in parts else ""
    return (
        f"{prefix}Jacobian mismatch for output {output} with respect to input {given},\nnumerical:{n}\nanalytical:{a}\n"
    )


def with_gradients(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any, noncontiguous: bool
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function that `gradgradcheck` checks, and its inputs: those of `func`, then the gradients of its outputs."""
    arguments = as_tuple(inputs)
    if grad_outputs is None:
        gradients = tuple(
            [
                torch.testing.make_tensor(
                    output.shape,
                    dtype=output.dtype,
                    device=output.device,
                    low=-1,
                    high=1,
                    requires_grad=True,
                    noncontiguous=noncontiguous,
                )
                for output in _differentiable(func(*arguments))
            ]
        )
    else:
        gradients = as_tuple(grad_outputs)
    count = len(gradients)
    requiring = [isinstance(given, torch.Tensor) and given.requires_grad for given in arguments]

    def backward(*args: Any) -> tuple[torch.Tensor, ...]:
        given, of_outputs = args[: len(args) - count], args[len(args) - count :]
        wanted = [each for each, needed in zip(given, requiring, strict=True) if needed]
        found = torch.autograd.grad(
            _differentiable(func(*given)), wanted, of_outputs, create_graph=True, allow_unused=True
        )
        return tuple([gradient for gradient in found if gradient is not None])

    return backward, arguments + gradients
