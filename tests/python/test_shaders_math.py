"""The functions of math.wgsl and special.wgsl through wgpu-py: against NumPy in float64, and against recorded values."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench  # noqa: E402
from shader_expressions import (  # noqa: E402
    RECORDED,
    Array,
    Reference,
    check_recorded,
    check_units,
    each,
    evaluate,
    floor_division,
    python_remainder,
    quotient,
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


SPECIAL = np.array(
    [0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 3e38, -3e38, 0.5, -0.5, 2, -2, 3]
    + [88.72283, 88.72284, -87.3, -104, -110, 127.99999, 128, -126, -160, 89.4159, 89.41599, 8388609, -8388609],
    np.float32,
)


def spread(low: float, high: float, n: int = 4000) -> Array:
    rng = np.random.default_rng(round(abs(low * 7 + high)))
    return np.r_[rng.uniform(low, high, n), np.linspace(low, high, 500)].astype(np.float32)


def sizes(n: int = 4000, low: float = -37, high: float = 38) -> Array:
    rng = np.random.default_rng(1)
    return (10 ** rng.uniform(low, high, n) * rng.choice([-1, 1], n)).astype(np.float32)


ANGLES = np.r_[spread(-200, 200), spread(-1e5, 1e5), sizes()]
OF_ONE: list[tuple[str, Reference, Array, float]] = [
    ("exp_of(x)", np.exp, spread(-104, 89), 1.5),
    ("exp2_of(x)", np.exp2, spread(-150, 129), 1.5),
    ("expm1(x)", np.expm1, np.r_[spread(-20, 89), spread(-1, 1), sizes(high=2)], 2),
    ("log_of(x)", np.log, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1),
    ("log2_of(x)", np.log2, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1.5),
    ("log10_of(x)", np.log10, np.r_[np.abs(sizes()), spread(-0.1, 2)], 2.5),
    ("log1p(x)", np.log1p, np.r_[sizes(), spread(-1.1, 3)], 3),
    ("sin_of(x)", np.sin, ANGLES, 3),
    ("cos_of(x)", np.cos, ANGLES, 3),
    ("tan_of(x)", np.tan, ANGLES, 4.5),
    ("asin_of(x)", np.arcsin, spread(-1.1, 1.1), 2.5),
    ("acos_of(x)", np.arccos, spread(-1.1, 1.1), 2),
    ("atan_of(x)", np.arctan, np.r_[spread(-5, 5), sizes()], 2),
    ("sinh_of(x)", np.sinh, np.r_[spread(-90, 90), spread(-2, 2), sizes(high=1)], 2.5),
    ("cosh_of(x)", np.cosh, spread(-90, 90), 2),
    ("tanh_of(x)", np.tanh, np.r_[spread(-10, 10), sizes()], 3),
    ("asinh_of(x)", np.arcsinh, np.r_[spread(-5, 5), sizes()], 3),
    ("acosh_of(x)", np.arccosh, np.r_[spread(0.9, 5), np.abs(sizes())], 3),
    ("atanh_of(x)", np.arctanh, np.r_[spread(-1.1, 1.1), sizes(high=0)], 3),
    ("sigmoid(x)", lambda x: 1 / (1 + np.exp(-x)), spread(-87, 100), 2.5),
    ("erf(x)", each(math.erf), np.r_[spread(-4, 4), sizes()], 2),
    ("erfc(x)", each(math.erfc), spread(-4, 9), 5),
    ("sign_of(x)", lambda x: np.nan_to_num(np.sign(x)) + 0.0, sizes(), 0),
]


@pytest.mark.parametrize(("expression", "reference", "points", "bound"), OF_ONE, ids=[row[0] for row in OF_ONE])
def test_function_of_one(bench: Bench, expression: str, reference: Reference, points: Array, bound: float) -> None:
    x = np.r_[SPECIAL, points].astype(np.float32)
    with np.errstate(all="ignore"):
        want = reference(x.astype(np.float64))
    check_units(bench, evaluate(bench, expression, {"x": x}), want, bound, {"x": x})


OF_TWO: list[tuple[str, Reference, float]] = [
    ("divide(x, y)", quotient, 0),
    ("fmod(x, y)", np.fmod, 0),
    ("remainder(x, y)", python_remainder, 0.5),
    ("floor_divide(x, y)", floor_division, 0),
    ("hypot(x, y)", np.hypot, 2),
    ("atan2_of(x, y)", np.arctan2, 3),
    ("power(x, y)", np.power, 3.5),
    ("maximum(x, y)", np.maximum, 0),
    ("minimum(x, y)", np.minimum, 0),
    ("log_add_exp(x, y)", np.logaddexp, np.inf),
    ("next_after(x, y, 0.0)", lambda x, y: np.nextafter(x.astype(np.float32), y.astype(np.float32)).astype(float), 0),
    ("with_sign(x, y)", np.copysign, 0),
]


def pairs() -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    few = np.r_[SPECIAL[:16], -3].astype(np.float32)
    x = np.r_[sizes(3000), spread(0.5, 2, 2000), spread(-20, 20, 2000), np.round(spread(-9, 9, 1000))]
    y = rng.permutation(x)
    # powers that neither overflow nor vanish
    base = rng.uniform(0.5, 1.5, 3000).astype(np.float32)
    e = (rng.uniform(-80, 80, 3000) / np.log(base.astype(np.float64))).astype(np.float32)
    grid = np.meshgrid(few, few)
    return (
        np.r_[grid[0].ravel(), x, base, -base].astype(np.float32),
        np.r_[grid[1].ravel(), y, e, np.round(e)].astype(np.float32),
    )


@pytest.mark.parametrize(("expression", "reference", "bound"), OF_TWO, ids=[row[0] for row in OF_TWO])
def test_function_of_two(bench: Bench, expression: str, reference: Reference, bound: float) -> None:
    x, y = pairs()
    with np.errstate(all="ignore"):
        want = reference(x.astype(np.float64), y.astype(np.float64))
    got = evaluate(bench, expression, {"x": x, "y": y})
    if "maximum" in expression or "minimum" in expression:
        # of two zeros the first one counts, which NumPy does not promise
        want = np.where((x == 0) & (y == 0), x, want)
    if "floor" in expression or "remainder" in expression:
        # NumPy gives 0 the divisor's sign; PyTorch has the sign of the remainder to zero, or of the quotient
        want = np.where(want == 0, np.copysign(0, quotient(x, y) if "floor" in expression else x), want)
    if bound == np.inf:
        # near 0 the sum has lost what its terms had
        np.testing.assert_allclose(got, want.astype(np.float32), rtol=4e-7, atol=4e-7)
        return
    check_units(bench, got, want, bound, {"x": x, "y": y})


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["expression"])
def test_special_function(bench: Bench, case: dict) -> None:
    expression = case["expression"]
    operands = {name: np.asarray(v, np.float32) for name, v in zip("xy", case["operands"], strict=False)}
    got = evaluate(bench, expression, operands)
    check_recorded(bench, expression.split("(")[0], got, np.asarray(case["values"]), operands)


INF, NAN = np.inf, np.nan
ENDS: list[tuple[str, list[float], list[float]]] = [
    ("erfcx(x)", [INF, -INF, -10, NAN], [0, INF, INF, NAN]),
    ("erfinv(x)", [1, -1, 1.5, 0, -0.0, NAN], [INF, -INF, NAN, 0, -0.0, NAN]),
    ("ndtr(x)", [INF, -INF, NAN], [1, 0, NAN]),
    ("log_ndtr(x)", [-INF, NAN, -1e20], [-INF, NAN, -INF]),
    ("ndtri(x)", [0, 1, 0.5, -0.1, 1.1, NAN], [-INF, INF, 0, NAN, NAN, NAN]),
    ("entropy(x)", [0, -1, INF, NAN, 1], [0, -INF, -INF, NAN, -0.0]),
    ("lgamma(x)", [0, -0.0, -3, INF, -INF, NAN, 1, 2, 1e37], [INF, INF, INF, INF, INF, NAN, 0, 0, INF]),
    ("digamma(x)", [0, -0.0, -2, INF, NAN, -INF], [-INF, INF, NAN, INF, NAN, NAN]),
    ("zeta(x, 1.0)", [1, 0.5, INF, NAN], [INF, NAN, 1, NAN]),
    ("zeta(2.0, x)", [0, -1, INF, -INF, NAN], [INF, INF, 0, NAN, NAN]),
    ("zeta(2.5, x)", [-0.5], [NAN]),
    ("polygamma(1.0, x)", [0, -1, INF, NAN], [INF, INF, 0, NAN]),
    ("bessel_i0(x)", [0, INF, -INF, NAN], [1, NAN, NAN, NAN]),
    ("bessel_i1(x)", [0, -0.0, INF, -INF, NAN], [0, 0, NAN, NAN, NAN]),
    ("bessel_i1e(x)", [0, INF, -INF, NAN], [0, 0, 0, NAN]),
    ("bessel_k0(x)", [0, -0.0, -1, INF, NAN], [INF, INF, NAN, 0, NAN]),
    ("bessel_k1e(x)", [0, -1, INF, NAN], [INF, NAN, 0, NAN]),
    ("bessel_j0(x)", [0, INF, -INF, NAN], [1, NAN, NAN, NAN]),
    ("bessel_y1(x)", [0, -1, INF, NAN], [-INF, NAN, NAN, NAN]),
    ("spherical_j0(x)", [0, INF, -INF, NAN], [1, 0, 0, NAN]),
    ("airy_ai(x)", [INF, -INF, NAN], [NAN, NAN, NAN]),
    ("incomplete_gamma(x, 1.0, true)", [0, INF, -1, NAN], [1, 0, NAN, NAN]),
    ("incomplete_gamma(2.0, x, false)", [0, INF, -1, NAN, 1000], [1, 0, NAN, NAN, 0]),
    ("chebyshev_t(x, 11.0)", [1, -1, NAN, 1.5], [1, -1, NAN, math.cosh(11 * math.acosh(1.5))]),
    ("chebyshev_v(-1.0, x)", [9, 2, -1, 2.7], [-19, 5, 0, 5]),
    ("chebyshev_w(1.0, x)", [9, 2, -1, 2.7], [19, 5, 0, 5]),
    ("hermite_he(2.0, x)", [0, 1, 2, 3, 4, -1], [1, 2, 3, 2, -5, 0]),
]


@pytest.mark.parametrize(("expression", "x", "want"), ENDS, ids=[row[0] for row in ENDS])
def test_ends_of_a_special_function(bench: Bench, expression: str, x: list[float], want: list[float]) -> None:
    operands = {"x": np.asarray(x, np.float32)}
    check_units(bench, evaluate(bench, expression, operands), np.asarray(want, np.float64), 8, operands)


def test_neighbours_in_narrow_formats(bench: Bench) -> None:
    bits = np.r_[np.arange(0, 0x7C00, 7), np.arange(0x8000, 0xFC00, 11), 0x7BFF, 1, 0x3FF, 0x400, 0x7C00, 0xFC00]
    x = bits.astype(np.uint16).view(np.float16)
    for y in (-INF, 0.0, INF):
        with np.errstate(all="ignore"):
            want = np.nextafter(x, np.float16(y)).astype(np.float32)
        got = evaluate(bench, "next_after(x, y, 1.0)", {"x": x.astype(np.float32), "y": np.float32(y)})
        np.testing.assert_array_equal(got, want)
    wide = np.array([1, -1, 0, 3e38, 1e-20], np.float32).view(np.uint32) >> 16 << 16
    x32 = wide.astype(np.uint32).view(np.float32)
    up = evaluate(bench, "next_after(x, y, 2.0)", {"x": x32, "y": np.float32(INF)}).view(np.uint32) >> 16
    step = np.where(x32 < 0, -1, 1) + (x32.view(np.uint32) >> 16).astype(np.int64)
    np.testing.assert_array_equal(up, step)


def test_comparisons_of_subnormal_numbers(bench: Bench) -> None:
    x = np.array([1e-45, -1e-45, 0, 1e-40, -1e-40, 1e-40], np.float32)
    y = np.array([0, 0, -0.0, 1e-40, 1e-40, 2e-40], np.float32)
    for expression, want in (
        ("less(x, y)", x < y),
        ("less_equal(x, y)", x <= y),
        ("equal(x, y)", x == y),
        ("is_zero(x)", x == 0),
    ):
        np.testing.assert_array_equal(evaluate(bench, expression, {"x": x, "y": y}, "f32", "bool"), want)
