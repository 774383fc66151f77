"""`gradcheck` and `gradgradcheck`: right gradients pass, each kind of wrong one is named, in both modes."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import rusttorch as torch
from rusttorch.autograd import gradcheck, gradgradcheck
from rusttorch.autograd.gradcheck import GradcheckError

both_modes = pytest.mark.parametrize("fast_mode", [False, True], ids=["slow", "fast"])


def random(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator()
    generator.manual_seed(seed)
    return torch.randn(*shape, dtype=dtype, generator=generator).requires_grad_()


def with_backward(backward: Callable[..., Any], forward: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A square (or `forward`) whose backward is `backward(x, gradient)`."""

    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> Any:
            ctx.save_for_backward(x)
            ctx.set_materialize_grads(False)
            return (forward or torch.square)(x)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            return backward(*ctx.saved_tensors, *gradients)

    return Custom.apply


def square_backward(factor: float) -> Callable[..., Any]:
    return lambda x, g: None if g is None else factor * g * x.conj()


@both_modes
@pytest.mark.parametrize(
    ("func", "inputs"),
    [
        (torch.sin, random(3)),
        (torch.sin, [random(3)]),
        (torch.mul, (random(2, 3), random(3))),
        (torch.matmul, (random(2, 3), random(3, 2, seed=1))),
        (lambda x: x.exp(), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)),
        (lambda x: x.exp(), random(0)),
        (lambda x, y: x.exp(), (random(2), random(3))),
        (lambda x, k: x * k, (random(2), 3)),
        (lambda x: x, random(2)),
        (lambda x: x.view(-1)[:2], random(2, 2)),
        (lambda x: x.clone().mul_(x), random(2, 2)),
        (torch.exp, random(2) * 2),
        (torch.exp, random(3, 2).detach().t().requires_grad_()),
        (torch.exp, random(6).detach()[::2].requires_grad_()),
        (lambda x: tuple(torch.max(x, 0)), random(3)),
        (lambda x: (x * 2, torch.tensor([1, 2])), random(2)),
        (lambda x: x.detach() * 0, random(2)),
        (with_backward(square_backward(2)), random(3)),
    ],
)
def test_right_gradients_pass(func: Callable[..., Any], inputs: Any, fast_mode: bool) -> None:
    assert gradcheck(func, inputs, fast_mode=fast_mode) is True


@both_modes
@pytest.mark.parametrize(
    ("func", "inputs"),
    [
        (lambda z: z * z.conj() * z, random(2, dtype=torch.complex128)),
        (torch.abs, random(2, dtype=torch.complex128)),
        (lambda x: torch.complex(x, x * x), random(2)),
        (lambda z, x: (z * x, z.real * x), (random(2, dtype=torch.complex128), random(2, seed=1))),
        (with_backward(square_backward(2)), random(2, dtype=torch.complex128)),
    ],
)
def test_right_complex_gradients_pass(func: Callable[..., Any], inputs: Any, fast_mode: bool) -> None:
    assert gradcheck(func, inputs, fast_mode=fast_mode)
    assert gradgradcheck(func, inputs, fast_mode=fast_mode)


def test_a_wrong_gradient_is_shown_in_full() -> None:
    with pytest.raises(GradcheckError) as error:
        gradcheck(with_backward(square_backward(3)), torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True))
    assert str(error.value) == (
        "Jacobian mismatch for output 0 with respect to input 0,\n"
        "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 4.0000]], dtype=torch.float64)\n"
        "analytical:tensor([[3., 0.],\n        [0., 6.]], dtype=torch.float64)\n"
    )


def test_a_wrong_gradient_in_fast_mode_is_shown_with_the_whole_jacobians() -> None:
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as error:
        gradcheck(with_backward(square_backward(3)), x, fast_mode=True)
    message = str(error.value)
    assert message.startswith("Jacobian mismatch for output 0 with respect to input 0,\nnumerical:")
    assert "Numerical:\n tensor([[2.0000, 0.0000],\n        [0.0000, 4.0000]], dtype=torch.float64)" in message
    assert "Analytical:\ntensor([[3., 0.],\n        [0., 6.]], dtype=torch.float64)" in message
    assert (
        "The max per-element difference (slow mode) is: 1.99999" in message and "Fast gradcheck failed" not in message
    )


def test_what_only_fast_mode_refuses_is_said_so() -> None:
    # each element is off by less than rtol of itself; the projection of 1 and -1 is small beside their errors
    def backward(x: torch.Tensor, g: Any) -> Any:
        return None if g is None else g * torch.tensor([1.0009, -0.9991], dtype=torch.float64)

    off = with_backward(backward, lambda x: x[0] - x[1])
    assert gradcheck(off, random(2))
    with pytest.raises(GradcheckError, match="Fast gradcheck failed but element-wise differences are small"):
        gradcheck(off, random(2), fast_mode=True)


@both_modes
def test_the_output_and_the_input_are_named(fast_mode: bool) -> None:
    wrong = with_backward(square_backward(3))
    with pytest.raises(GradcheckError, match="^Jacobian mismatch for output 1 with respect to input 1,"):
        gradcheck(lambda a, b: (a * b, wrong(b)), (random(2), random(2, seed=1)), fast_mode=fast_mode)
    assert gradcheck(wrong, random(2), fast_mode=fast_mode, raise_exception=False) is False


@both_modes
def test_wrong_complex_gradients(fast_mode: bool) -> None:
    z = random(2, dtype=torch.complex128)
    unconjugated = with_backward(lambda x, g: None if g is None else 2 * g * x)
    expected = (
        "^While considering the imaginary part of complex outputs only, Jacobian mismatch for output 0 with respect"
    )
    with pytest.raises(GradcheckError, match=expected):
        gradcheck(unconjugated, z, fast_mode=fast_mode)
    with pytest.raises(GradcheckError, match="^Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(lambda x: unconjugated(x).real, z, fast_mode=fast_mode)
    # the imaginary part is right and comes first
    wrong_real = with_backward(lambda x, g: g if g is None else torch.complex(3 * g.real, g.imag), lambda x: x * 1)
    with pytest.raises(GradcheckError, match="^While considering the real part of complex outputs only, Jacobian"):
        gradcheck(wrong_real, z, fast_mode=fast_mode)


@both_modes
def test_outputs_without_gradient_must_be_constant(fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="^Numerical gradient for function expected to be zero$"):
        gradcheck(lambda x: x.detach(), random(2), fast_mode=fast_mode)


@both_modes
def test_backward_must_give_the_same_each_time(fast_mode: bool) -> None:
    runs = []

    def backward(x: torch.Tensor, g: Any) -> Any:
        runs.append(1)
        return 2 * g * x * (1 + 1e-7 * len(runs))

    drifting = with_backward(backward)
    with pytest.raises(GradcheckError, match="^Backward is not reentrant, i.e., .*nondeterminism was 0.0.\n\n"):
        gradcheck(drifting, random(2), fast_mode=fast_mode)
    assert gradcheck(drifting, random(2), fast_mode=fast_mode, nondet_tol=1e-4, check_undefined_grad=False)


@both_modes
def test_backward_must_multiply_by_the_gradient(fast_mode: bool) -> None:
    constant = with_backward(lambda x, g: torch.ones_like(x), lambda x: x.sum())
    with pytest.raises(GradcheckError, match="^backward not multiplied by grad_output$"):
        gradcheck(constant, random(2), fast_mode=fast_mode)
    tiny = with_backward(lambda x, g: None if g is None else 2 * g * x + 1e-9)
    assert gradcheck(tiny, random(2), fast_mode=fast_mode, masked=True, check_undefined_grad=False)
    with pytest.raises(GradcheckError, match="^backward not multiplied by grad_output$"):
        gradcheck(tiny, random(2), fast_mode=fast_mode)


def test_backward_must_take_missing_gradients() -> None:
    def refusing(x: torch.Tensor, g: Any) -> Any:
        if g is None:
            raise RuntimeError("no gradient")
        return 2 * g * x

    def inventing(x: torch.Tensor, g: Any, h: Any) -> Any:
        if g is None and h is not None:
            return torch.ones_like(x)
        return (0 if g is None else 2 * g * x) + (0 if h is None else h)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            GradcheckError, match="^Expected backward function to handle undefined output grads"
        ) as error:
            gradcheck(with_backward(refusing), random(2))
        assert str(error.value.__cause__) == "no gradient"
        with pytest.raises(GradcheckError, match="^Expected all input grads to be undefined or zero when all output"):
            gradcheck(with_backward(lambda x, g: torch.ones_like(x) if g is None else 2 * g * x), random(2))
    with pytest.warns(UserWarning, match="New undefined gradient support checking feature is enabled"):
        assert not gradcheck(with_backward(refusing), random(2), raise_exception=False)
    assert gradcheck(with_backward(refusing), random(2), check_undefined_grad=False)
    # with two outputs it is the analytic Jacobian that shows it
    with pytest.raises(GradcheckError, match="^Jacobian mismatch for output 1"):
        gradcheck(with_backward(inventing, lambda x: (x * x, x * 1)), random(2))


def test_one_of_two_gradients_missing() -> None:
    def backward(x: torch.Tensor, g: Any, h: Any) -> Any:
        if (g is None) != (h is None):
            # right while both are there, or where the one that is there is not zero
            there = h if g is None else g
            if not there.any():
                raise RuntimeError("only one")
        return (0 if g is None else 2 * g * x) + (0 if h is None else h) if g is not None or h is not None else None

    with pytest.warns(UserWarning), pytest.raises(GradcheckError, match="handle undefined output grads") as error:
        gradcheck(with_backward(backward, lambda x: (x * x, x * 1)), random(2))
    assert str(error.value.__cause__) == "only one"


def test_inputs_that_cannot_be_checked() -> None:
    with pytest.raises(ValueError, match="^gradcheck expects at least one input tensor to require gradient, but none"):
        gradcheck(torch.sin, random(2).detach())
    with pytest.raises(RuntimeError, match="^The 1th input has a dimension with stride 0. gradcheck only supports"):
        gradcheck(torch.mul, (random(3), random(1).detach().expand(3).requires_grad_()))
    with (
        pytest.warns(
            UserWarning, match="^Input #0 requires gradient and is not a double precision floating point or co"
        ),
        pytest.raises(GradcheckError),
    ):
        gradcheck(torch.sin, random(2, dtype=torch.float32))
    with pytest.warns(UserWarning):
        assert gradcheck(lambda x: x * 2, random(2, dtype=torch.float32), eps=1e-2, atol=1e-2)
    with pytest.raises(
        AssertionError, match="Expected `func` to return outputs with the same shape when inputs are pert"
    ):
        gradcheck(lambda x: x[x > 0] * 2, torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True))


def test_arguments_that_exclude_each_other() -> None:
    x = random(2)
    with pytest.raises(AssertionError, match="at least one of check_forward_ad or check_backward_ad"):
        gradcheck(torch.sin, x, check_backward_ad=False)
    with pytest.raises(AssertionError, match="check_batched_grad=True requires check_backward_ad"):
        gradcheck(torch.sin, x, check_backward_ad=False, check_forward_ad=True, check_batched_grad=True)
    with pytest.raises(AssertionError, match="check_batched_forward_grad=True requires check_forward_ad"):
        gradcheck(torch.sin, x, check_batched_forward_grad=True)
    with pytest.raises(AssertionError, match="check_undefined_grad=True requires check_rev_over_rev"):
        gradgradcheck(torch.sin, x, check_rev_over_rev=False, check_fwd_over_rev=True)
    with pytest.raises(NotImplementedError, match="forward mode"):
        gradcheck(torch.sin, x, check_forward_ad=True)
    with pytest.raises(NotImplementedError, match="forward mode"):
        gradgradcheck(torch.sin, x, check_fwd_over_rev=True)
    with pytest.raises(NotImplementedError, match="vmap"):
        gradcheck(torch.sin, x, check_batched_grad=True)


def test_inputs_and_random_numbers_are_as_before() -> None:
    x = random(3)
    before, state = x.detach().clone(), torch.get_rng_state()
    assert gradcheck(torch.sin, x) and gradcheck(torch.sin, x, fast_mode=True)
    assert torch.equal(x, before) and torch.equal(torch.get_rng_state(), state) and x.grad is None

    def failing(x: torch.Tensor) -> torch.Tensor:
        if not torch.equal(x, before):
            raise ZeroDivisionError
        return x * 2

    with pytest.raises(ZeroDivisionError):
        gradcheck(failing, x)
    assert torch.equal(x, before)


@both_modes
def test_second_derivatives(fast_mode: bool) -> None:
    def once(x: torch.Tensor, g: Any) -> Any:
        return None if g is None else 3 * g * x.detach() ** 2

    assert gradgradcheck(torch.sin, random(3), fast_mode=fast_mode)
    assert gradgradcheck(lambda a, b: a * b * b, (random(3), random(3, seed=1)), fast_mode=fast_mode)
    assert gradgradcheck(torch.sin, random(3), random(3, seed=1), fast_mode=fast_mode)
    cube = with_backward(once, lambda x: x**3)
    assert gradcheck(cube, random(2), fast_mode=fast_mode)
    with pytest.raises(GradcheckError, match="^Jacobian mismatch for output 0 with respect to input 0"):
        gradgradcheck(cube, random(2), fast_mode=fast_mode)
    assert not gradgradcheck(cube, random(2), fast_mode=fast_mode, raise_exception=False)


def test_gradients_of_outputs_can_be_drawn_with_gaps() -> None:
    seen = []

    def backward(x: torch.Tensor, g: Any) -> Any:
        seen.append(g is None or g.is_contiguous())
        return None if g is None else 2 * g * x

    assert gradgradcheck(with_backward(backward), random(3), gen_non_contig_grad_outputs=True)
    assert not all(seen)


def test_one_name_is_a_function_and_a_module() -> None:
    code = """
import sys, rusttorch as torch
from rusttorch.autograd.gradcheck import GradcheckError, gradcheck
import rusttorch.autograd.gradcheck as module
assert torch.autograd.gradcheck is gradcheck and callable(gradcheck)
loaded = {"rusttorch.autograd._gradcheck", "rusttorch.autograd._jacobian", "rusttorch.testing"} & set(sys.modules)
assert not loaded, loaded
assert gradcheck(torch.sin, torch.ones(1, dtype=torch.float64, requires_grad=True))
assert torch.autograd.gradcheck is gradcheck and issubclass(GradcheckError, RuntimeError)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
