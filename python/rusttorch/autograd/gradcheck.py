"""Gradients checked against finite differences: `gradcheck` and `gradgradcheck`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import rusttorch as torch

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

_OneOrMore: TypeAlias = "torch.Tensor | Sequence[torch.Tensor]"


class GradcheckError(RuntimeError):
    """A check of `gradcheck` or `gradgradcheck` failed."""


# The work is done in files that load with the first check: importing the package does not pay for them.


def gradcheck(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with finite differences; both are taken in each of `inputs` that requires grad.

    A complex output is checked as two real functions, its real and its imaginary part; for a complex input the
    conjugate Wirtinger derivatives are compared. Besides the values it is checked that backward gives the same each
    time, and zeros for gradients that are zero or missing. Single precision is too coarse for the default tolerances:
    such inputs give a warning. Inputs must not overlap in memory, and `func` must be differentiable at them.

    Args:
        func: takes `inputs`, returns a tensor or several.
        inputs: a tensor, or several arguments, of which at least one requires grad.
        eps: the step of the finite differences.
        atol, rtol: tolerances, as those of `allclose`.
        raise_exception: False returns False where a check fails. Default True.
        nondet_tol: by how much two runs of backward may differ. Default 0.
        check_undefined_grad: also check backward without a gradient for some or all outputs. Default True.
        check_grad_dtypes: also check that a gradient has the dtype of its input. Default False.
        check_backward_ad: check backward at all. Default True.
        fast_mode: compare one random projection of each Jacobian instead of the whole. Default False.
        masked: compare with zero by `allclose` where backward of zero is checked. Default False.
        check_forward_ad, check_batched_grad, check_batched_forward_grad: only False.

    Returns:
        True if all checks pass.

    Raises:
        GradcheckError: a check fails; the message has both Jacobians.
        ValueError: no input requires grad.
        RuntimeError: an input has a dimension with stride 0.
        AssertionError: arguments that exclude each other; outputs whose shape or dtype changes with the inputs' values.
        NotImplementedError: forward mode or batched gradients are asked for; there is no `vmap` for them.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    if check_forward_ad:
        raise NotImplementedError("gradcheck(): check_forward_ad=True needs forward mode differentiation")
    if check_batched_grad:
        raise NotImplementedError("gradcheck(): check_batched_grad=True needs vmap")
    from ._gradcheck import Check

    check = Check(func, eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode, bool(masked))
    try:
        return check.run(inputs, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def gradgradcheck(
    func: Callable[..., Any],
    inputs: _OneOrMore,
    grad_outputs: _OneOrMore | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare second derivatives with finite differences: `gradcheck` of the backward of `func`.

    Args:
        grad_outputs: the gradients of the outputs to check at, one per output that requires grad; they count as
            further inputs. By default random ones from [-1, 1) are drawn.
        gen_non_contig_grad_outputs: draw them non-contiguous. Default False.
        check_rev_over_rev: check backward of backward at all. Default True.
        check_fwd_over_rev: only False: it needs forward mode.
        func, inputs and the others: as for `gradcheck`.

    Returns:
        True if all checks pass.

    Raises:
        As `gradcheck`.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    from ._gradcheck import with_gradients

    function, all_inputs = with_gradients(func, inputs, grad_outputs, gen_non_contig_grad_outputs)
    return gradcheck(
        function,
        all_inputs,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        masked=masked,
    )
