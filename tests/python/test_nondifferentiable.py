"""Gradients where a function has no derivative: PyTorch's six rules, one test each, and ties, with PyTorch's numbers.

The rules are those of the autograd notes, "Gradients for non-differentiable functions": the first that applies holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import rusttorch as torch
import rusttorch.nn.functional as F

inf, nan = math.inf, math.nan
Function = Callable[..., torch.Tensor]


def gradient(f: Function, *values: Any, order: int = 1) -> list[Any]:
    """The gradients of the sum of ``f``'s result (of the sum of its gradients, for order 2), as lists."""
    inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    total = f(*inputs).sum()
    for k in range(1, order + 1):
        if not total.requires_grad:
            return [torch.zeros_like(x).tolist() for x in inputs]
        grads = torch.autograd.grad(total, inputs, create_graph=k < order, materialize_grads=True)
        total = torch.stack([g.sum() for g in grads]).sum()
    return [g.tolist() for g in grads]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15) or math.isnan(a) and math.isnan(b)


def case(name: str, f: Function, *rest: Any) -> Any:
    return pytest.param(f, *rest, id=f"{name}-{rest[0]}")


# ---- the six rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        case("x**2", lambda x: x**2, 0.0, 0.0),
        case("x**0", lambda x: x**0, 0.0, 0.0),
        case("x**1", lambda x: x**1, 0.0, 1.0),
        case("x**1.5", lambda x: x**1.5, 0.0, 0.0),
        case("0**x", lambda x: 0.0**x, 2.0, 0.0),
        case("sinc", torch.sinc, 0.0, 0.0),
        case("expm1", torch.expm1, 0.0, 1.0),
        case("i1", torch.special.i1, 0.0, 0.5),
        case("i1e", torch.special.i1e, 0.0, 0.5),
        case("elu", F.elu, 0.0, 1.0),
        case("celu", lambda x: F.celu(x, 2.0), 0.0, 1.0),
        case("silu", F.silu, 0.0, 0.5),
        case("softsign", F.softsign, 0.0, 1.0),
        case("huber_loss", lambda x: F.huber_loss(x, torch.zeros_like(x)), 1.0, 1.0),
        case("floor", torch.floor, 0.5, 0.0),
        case("round", torch.round, 0.3, 0.0),
        case("sign", torch.sign, 2.0, 0.0),
        case("frac", torch.frac, 0.5, 1.0),
    ],
)
def test_rule_1_the_derivative_where_there_is_one(f: Function, x: float, slope: float) -> None:
    """Also where the formula that holds elsewhere would be 0 / 0, or 0 times an infinity."""
    assert same(gradient(f, x), [slope])


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        case("abs", torch.abs, 0.0, 0.0),
        case("relu", torch.relu, 0.0, 0.0),
        case("leaky_relu", lambda x: F.leaky_relu(x, 0.25), 0.0, 0.25),
        case("prelu", lambda x: F.prelu(x, torch.full((1,), 0.25, dtype=torch.float64)), 0.0, 0.25),
        case("l1_loss", lambda x: F.l1_loss(x, torch.zeros_like(x)), 0.0, 0.0),
        case("smooth_l1_loss", lambda x: F.smooth_l1_loss(x, torch.zeros_like(x), beta=0.0), 0.0, 0.0),
        case("norm", torch.norm, [0.0, 0.0], [0.0, 0.0]),
        case("norm1", lambda x: torch.norm(x, 1), [0.0, 2.0], [0.0, 1.0]),
        case("norminf", lambda x: torch.norm(x, inf), [0.0, 0.0], [0.0, 0.0]),
        case("dist", lambda x: torch.dist(x, x.detach()), [1.0, 2.0], [0.0, 0.0]),
        case("cdist", lambda x: torch.cdist(x[None], x.detach()[None]), [1.0, 2.0], [0.0, 0.0]),
        case("pdist", lambda x: F.pdist(torch.stack([x, x.detach()])), [1.0, 2.0], [0.0, 0.0]),
        case("std", torch.std, [3.0, 3.0, 3.0], [0.0, 0.0, 0.0]),
        case("hypot", lambda x: torch.hypot(x, torch.ones_like(x)), 0.0, 0.0),
        case("complex-abs", lambda x: torch.complex(x, x).abs(), 0.0, 0.0),
    ],
)
def test_rule_2_the_smallest_subgradient_of_convex_functions(f: Function, x: Any, slope: Any) -> None:
    """Of all slopes that stay below the function, the one nearest to zero: 0 at a minimum."""
    assert same(gradient(f, x), [slope])


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        case("-abs", lambda x: -x.abs(), 0.0, 0.0),
        case("-relu", lambda x: -F.relu(x), 0.0, 0.0),
        case("clamp_max", lambda x: x.clamp(max=0.0) * 1, -1.0, 1.0),
        case("-norm", lambda x: -torch.norm(x), [0.0, 0.0], [0.0, 0.0]),
        case("minimum", lambda x: torch.minimum(x, -x), 0.0, 0.0),
    ],
)
def test_rule_3_the_smallest_supergradient_of_concave_functions(f: Function, x: Any, slope: Any) -> None:
    """A concave function is minus a convex one."""
    assert same(gradient(f, x), [slope])


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        case("sqrt", torch.sqrt, 0.0, inf),
        case("x**0.5", lambda x: x**0.5, 0.0, inf),
        case("rsqrt", torch.rsqrt, 0.0, -inf),
        case("reciprocal", torch.reciprocal, 0.0, -inf),
        case("log", torch.log, 0.0, inf),
        case("log1p", torch.log1p, -1.0, inf),
        case("asin", torch.asin, 1.0, inf),
        case("acos", torch.acos, 1.0, -inf),
        case("acosh", torch.acosh, 1.0, inf),
        case("atanh", torch.atanh, 1.0, inf),
        case("erfinv", torch.erfinv, 1.0, inf),
        case("logit", torch.logit, 0.0, inf),
        case("xlogy", lambda y: torch.xlogy(torch.ones_like(y), y), 0.0, inf),
        # Several limits: one of them.
        case("clamp", lambda x: x.clamp(-1.0, 1.0), 1.0, 1.0),
        case("clamp", lambda x: x.clamp(-1.0, 1.0), -1.0, 1.0),
        case("clamp_min", lambda x: torch.clamp_min(x, 0.0), 0.0, 1.0),
        case("hinge_embedding_loss", lambda x: F.hinge_embedding_loss(x, -torch.ones_like(x)), 1.0, -1.0),
        case("hardtanh", F.hardtanh, 1.0, 0.0),
        case("relu6", F.relu6, 6.0, 0.0),
        case("hardsigmoid", F.hardsigmoid, 3.0, 0.0),
        case("hardswish", F.hardswish, -3.0, 0.0),
        case("hardswish", F.hardswish, 3.0, 1.0),
        case("hardshrink", F.hardshrink, 0.5, 0.0),
        case("softshrink", F.softshrink, 0.5, 0.0),
        case("threshold", lambda x: F.threshold(x, 0.5, 20.0), 0.5, 0.0),
        case("selu", F.selu, 0.0, 1.7580993408473766),
        case("copysign", lambda x: torch.copysign(x, -torch.ones_like(x)), 0.0, 0.0),
        case("floor", torch.floor, 1.0, 0.0),
        case("ceil", torch.ceil, 1.0, 0.0),
        case("trunc", torch.trunc, 1.0, 0.0),
        case("sgn", torch.sgn, 0.0, 0.0),
        case("angle", torch.angle, 0.0, 0.0),
        case("fmod", lambda x: torch.fmod(x, 2.0), 2.0, 1.0),
        case("remainder", lambda x: torch.remainder(x, 2.0), 2.0, 1.0),
    ],
)
def test_rule_4_the_limit_of_the_derivative_where_the_function_is_defined(f: Function, x: float, slope: float) -> None:
    """sqrt(0) is 0, and its slope infinite. Where the limits from both sides differ, it is one of the two."""
    assert same(gradient(f, x), [slope])


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        case("sqrt", torch.sqrt, -1.0, nan),
        case("rsqrt", torch.rsqrt, -1.0, nan),
        case("x**0.5", lambda x: x**0.5, -1.0, nan),
        case("asin", torch.asin, 2.0, nan),
        case("acos", torch.acos, 2.0, nan),
        case("lgamma", torch.lgamma, -1.0, nan),
        case("logit", torch.logit, -1.0, nan),
        case("norm", torch.norm, [nan, 1.0], [nan, nan]),
        case("amax", torch.amax, [nan, 1.0], [nan, nan]),
        # Values that a formula without a test of its own gives.
        case("log", torch.log, -2.0, -0.5),
        case("log1p", torch.log1p, -2.0, -1.0),
        case("log2", torch.log2, -1.0, -1.4426950408889634),
        case("atanh", torch.atanh, 2.0, -1 / 3),
        case("acosh", torch.acosh, -2.0, 1 / math.sqrt(3)),
        case("relu", torch.relu, nan, 1.0),
        case("clamp", lambda x: x.clamp(-1.0, 1.0), nan, 0.0),
        case("logit_eps", lambda x: torch.logit(x, 0.25), 2.0, 0.0),
        case("nan_to_num", torch.nan_to_num, nan, 0.0),
        case("nan_to_num", torch.nan_to_num, inf, 0.0),
    ],
)
def test_rule_5_some_value_where_the_function_is_not_defined(f: Function, x: Any, slope: Any) -> None:
    """Mostly NaN; nothing should rely on these, but they are PyTorch's."""
    assert same(gradient(f, x), [slope])


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(f, id=name)
        for name, f in {
            "multinomial": lambda x: torch.multinomial(x, 2),
            "argmax": torch.argmax,
            "argsort": torch.argsort,
            "nonzero": torch.nonzero,
            "isnan": torch.isnan,
            "eq": lambda x: x == x,
            "long": lambda x: x.long(),
            "view": lambda x: x.view(torch.int64),
            "searchsorted": lambda x: torch.searchsorted(x.detach().sort().values, x),
            "bucketize": lambda x: torch.bucketize(x, x.detach().sort().values),
            "histc": torch.histc,
            "rand_like": torch.rand_like,
            "zeros_like": torch.zeros_like,
            "indices of max": lambda x: torch.max(x, 0).indices,
            "indices of topk": lambda x: torch.topk(x, 2).indices,
        }.items()
    ],
)
def test_rule_6_what_is_no_function_of_the_input_does_not_require_grad(f: Function) -> None:
    """Its result is outside the graph, and a gradient that only goes there is refused."""
    x = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
    y = f(x)
    assert not y.requires_grad and y.grad_fn is None
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        torch.autograd.grad(y.sum(), x)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (torch.unique, "the derivative for '_unique2' is not implemented"),
        (torch.unique_consecutive, "the derivative for 'unique_consecutive' is not implemented"),
        (lambda x: torch.heaviside(x, x), "derivative for aten::heaviside is not implemented"),
        (lambda x: torch.floor_divide(x, 2.0), "derivative for aten::floor_divide is not implemented"),
        (lambda x: torch.bernoulli(x, 0.5), "derivative for aten::bernoulli is not implemented"),
        (lambda x: torch.binomial(torch.full_like(x, 3.0), x), "derivative for aten::binomial is not implemented"),
        (lambda x: torch.bincount(torch.tensor([0, 1, 1]), x), "derivative for aten::bincount is not implemented"),
        (lambda x: torch.histogram(x, 2)[0], "derivative for aten::histogram is not implemented"),
    ],
)
def test_rule_6_a_missing_derivative_is_an_error_when_it_is_asked_for(f: Function, message: str) -> None:
    """And under no_grad it is not asked for."""
    x = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        assert not f(x).requires_grad
    y = f(x)
    assert y.requires_grad
    with pytest.raises(RuntimeError, match=message):
        y.sum().backward()


@pytest.mark.parametrize("f", [torch.bernoulli, torch.poisson, lambda x: torch.normal(x, 0.5), torch.floor, torch.sign])
def test_rule_6_random_numbers_around_the_input_have_a_gradient_of_zeros(f: Function) -> None:
    """As have functions that are flat wherever they have a derivative."""
    assert gradient(f, [0.25, 0.5]) == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("f", "argument", "op"),
    [
        (lambda x, w: F.cross_entropy(x, torch.tensor([0, 1]), weight=w), "weight", "nll_loss_forward"),
        (lambda x, w: F.nll_loss(x, torch.tensor([0, 1]), weight=w), "weight", "nll_loss_forward"),
        (lambda x, w: F.multi_margin_loss(x, torch.tensor([0, 1]), weight=w), "weight", "multi_margin_loss"),
        (lambda x, w: F.binary_cross_entropy(x, x.detach(), weight=w), "weight", "binary_cross_entropy"),
        (
            lambda x, w: F.binary_cross_entropy_with_logits(x, x.detach(), pos_weight=w),
            "pos_weight",
            "binary_cross_entropy_with_logits",
        ),
        (lambda x, w: F.soft_margin_loss(x, w.expand(2, 2)), "target", "soft_margin_loss"),
        (lambda x, w: F.batch_norm(x, w, w.detach() + 1), "running_mean", "native_batch_norm"),
    ],
)
def test_rule_6_arguments_without_a_gradient_must_not_require_one(f: Function, argument: str, op: str) -> None:
    x = torch.tensor([[0.25, 0.5], [0.5, 0.75]], dtype=torch.float64, requires_grad=True)
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    message = f"The function '{op}' is not differentiable with respect to argument '{argument}'"
    with pytest.raises(RuntimeError, match=message):
        f(x, w)
    with torch.no_grad():
        f(x, w)
    assert f(x, w.detach()).requires_grad


# ---- ties -----------------------------------------------------------------------------------------------------------

TIES = [1.0, 3.0, 3.0, 1.0, 3.0]
THIRD = 1 / 3


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        pytest.param(f, slopes, id=name)
        for name, f, slopes in [
            # Evenly, where all are reduced.
            ("max", torch.max, [0, THIRD, THIRD, 0, THIRD]),
            ("min", torch.min, [0.5, 0, 0, 0.5, 0]),
            ("amax", lambda x: torch.amax(x, 0), [0, THIRD, THIRD, 0, THIRD]),
            ("amin", lambda x: torch.amin(x, 0), [0.5, 0, 0, 0.5, 0]),
            ("aminmax", lambda x: torch.aminmax(x).max, [0, THIRD, THIRD, 0, THIRD]),
            ("median", torch.median, [0, THIRD, THIRD, 0, THIRD]),
            ("nanmedian", torch.nanmedian, [0, THIRD, THIRD, 0, THIRD]),
            ("norm inf", lambda x: torch.norm(x, inf), [0, THIRD, THIRD, 0, THIRD]),
            # To the place that the op names, where one line is.
            ("max along a dim", lambda x: torch.max(x, 0).values, [0, 1, 0, 0, 0]),
            ("min along a dim", lambda x: torch.min(x, 0).values, [1, 0, 0, 0, 0]),
            ("median along a dim", lambda x: torch.median(x, 0).values, [0, 1, 0, 0, 0]),
            ("mode", lambda x: torch.mode(x).values, [0, 0, 0, 0, 1]),
            ("kthvalue", lambda x: torch.kthvalue(x, 1).values, [0, 0, 0, 1, 0]),
            ("topk", lambda x: torch.topk(x, 2).values, [0, 0, 1, 0, 1]),
            ("sort", lambda x: torch.sort(x).values[0], [1, 0, 0, 0, 0]),
            ("cummax", lambda x: torch.cummax(x, 0).values, [1, 1, 2, 0, 1]),
            ("cummin", lambda x: torch.cummin(x, 0).values, [3, 0, 0, 2, 0]),
            ("max_pool1d", lambda x: F.max_pool1d(x[None, None], 5), [0, 1, 0, 0, 0]),
            ("adaptive_max_pool1d", lambda x: F.adaptive_max_pool1d(x[None, None], 1), [0, 1, 0, 0, 0]),
        ]
    ],
)
def test_ties_in_one_tensor(f: Function, slopes: list[float]) -> None:
    """What reduces all elements shares the gradient; what names a place sends it there."""
    assert same(gradient(f, TIES), [slopes])


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (torch.maximum, [0.5, 0.5]),
        (torch.minimum, [0.5, 0.5]),
        (torch.max, [0.5, 0.5]),
        (torch.min, [0.5, 0.5]),
        (torch.fmax, [1.0, 0.0]),
        (torch.fmin, [1.0, 0.0]),
        (torch.logaddexp, [0.5, 0.5]),
        (lambda x, low: torch.clamp(x, min=low), [1.0, 0.0]),
        (lambda x, high: torch.clamp(x, max=high), [1.0, 0.0]),
    ],
)
def test_ties_of_two_tensors(f: Function, slopes: list[float]) -> None:
    assert gradient(f, 2.0, 2.0) == slopes


@pytest.mark.parametrize(
    ("reduce", "slopes"), [("amax", [0.0, THIRD, THIRD]), ("amin", [1.0, 0.0, 0.0]), ("prod", [9.0, 3.0, 3.0])]
)
def test_ties_that_scatter_meets(reduce: str, slopes: list[float]) -> None:
    """What was there before takes its share: the target here holds 3 (or 1)."""
    index = torch.zeros(3, dtype=torch.int64)
    start = 3.0 if reduce == "amax" else 1.0 if reduce == "prod" else 2.0

    def f(x: torch.Tensor) -> torch.Tensor:
        return torch.full((1,), start, dtype=torch.float64).scatter_reduce(0, index, x, reduce)

    assert same(gradient(f, [1.0, 3.0, 3.0]), [slopes])


# ---- products, powers and angles at zero; masks; infinities ---------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "values", "slopes"),
    [
        (torch.pow, (0.0, 0.0), [0.0, 0.0]),
        (torch.pow, (0.0, 2.0), [0.0, 0.0]),
        (torch.pow, (0.0, 1.0), [1.0, 0.0]),
        (torch.pow, (0.0, -1.0), [-inf, -inf]),
        (torch.pow, (2.0, 0.0), [0.0, math.log(2.0)]),
        (torch.xlogy, (0.0, 0.0), [0.0, nan]),
        (torch.xlogy, (0.0, 2.0), [math.log(2.0), 0.0]),
        (torch.special.xlog1py, (0.0, -1.0), [0.0, nan]),
        (torch.atan2, (0.0, 0.0), [0.0, 0.0]),
        (torch.hypot, (0.0, 0.0), [nan, nan]),
        (torch.prod, ([2.0, 0.0, 3.0],), [[0.0, 6.0, 0.0]]),
        (torch.prod, ([2.0, 0.0, 0.0],), [[0.0, 0.0, 0.0]]),
        (lambda x: torch.cumprod(x, 0), ([2.0, 0.0, 3.0],), [[1.0, 8.0, 0.0]]),
        (lambda x: torch.norm(x, 0.5), ([1.0, 0.0],), [[1.0, 0.0]]),
        (lambda x: torch.linalg.vector_norm(x, 0), ([1.0, 0.0],), [[0.0, 0.0]]),
        (lambda x: F.normalize(x, dim=0), ([0.0, 0.0],), [[1e12, 1e12]]),
        (lambda x: F.cosine_similarity(x, torch.ones_like(x), dim=0), ([0.0, 0.0],), [[1e8 / math.sqrt(2.0)] * 2]),
        # A branch that is not taken still multiplies: 0 times an infinity.
        (lambda x: torch.where(x > 0, x.sqrt(), 0.0), ([0.0, 4.0],), [[nan, 0.25]]),
        (lambda x: torch.where(x > 0, x, 1.0), ([nan, 4.0],), [[0.0, 1.0]]),
        (lambda x: torch.logsumexp(x, 0), ([-inf, -inf],), [[nan, nan]]),
        (lambda x: torch.softmax(x, 0)[0], ([-inf, -inf],), [[nan, nan]]),
        (torch.exp, (-inf,), [0.0]),
        (torch.sigmoid, (inf,), [0.0]),
        (torch.tanh, (inf,), [0.0]),
        (torch.erf, (-inf,), [0.0]),
        (F.softplus, (inf,), [1.0]),
        (lambda x: F.cross_entropy(x, torch.tensor([-100])), ([[1.0, 2.0]],), [[[0.0, 0.0]]]),
    ],
)
def test_zeros_and_infinities(f: Function, values: tuple[Any, ...], slopes: list[Any]) -> None:
    found = gradient(f, *values)
    assert all(same(a, b) for a, b in zip(found, slopes, strict=True)), found


@pytest.mark.parametrize(
    ("f", "x", "bend"),
    [
        case("elu", F.elu, 0.0, 0.0),
        case("celu", F.celu, 0.0, 0.0),
        case("selu", F.selu, 0.0, 0.0),
        case("relu", F.relu, 0.0, 0.0),
        case("softplus", F.softplus, 20.0, 0.0),
        case("i1", torch.special.i1, 0.0, 0.0),
        case("i1e", torch.special.i1e, 0.0, 0.0),
        case("log_ndtr", torch.special.log_ndtr, 100.0, 0.0),
        case("acosh", torch.acosh, 1.0, -inf),
        case("float_power", lambda x: torch.float_power(x, 0), 0.0, 0.0),
        case("norm3", lambda x: torch.norm(x, 3), [0.0, 1.0], [0.0, 0.0]),
        case("var", torch.var, [2.0, 2.0], [0.0, 0.0]),
        case("sqrt", torch.sqrt, 0.0, -inf),
        # x * x * 3, by scatter: the zero in self is a factor too.
        case(
            "scatter_reduce",
            lambda x: (x * 1).scatter_reduce(0, torch.tensor([0]), x * 3, "prod"),
            [0.0],
            [6.0],
        ),
    ],
)
def test_second_derivatives(f: Function, x: Any, bend: Any) -> None:
    """Where the first derivative has a kink, or the formula for it would be 0 / 0."""
    assert same(gradient(f, x, order=2), [bend])
