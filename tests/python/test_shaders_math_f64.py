"""The functions of math_f64.wgsl and special_f64.wgsl through wgpu-py, against NumPy's long double and recorded values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench  # noqa: E402
from shader_expressions import RECORDED, Array, Reference, each, evaluate  # noqa: E402


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


INF, NAN = np.inf, np.nan
SPECIAL = np.array(
    [0.0, -0.0, 1, -1, INF, -INF, NAN, 1e-300, -1e-300, 1e308, -1e308, 0.5, -0.5, 2, -2, 3, 1e-320, -1e-320]
    + [
        709.78,
        709.79,
        -708,
        -745,
        -746,
        1023.9999,
        1024,
        -1022,
        -1075,
        710.4758,
        710.476,
        2.0**53 + 2,
        1e22,
        1e6,
        999999,
    ]
)


def spread(low: float, high: float, n: int = 4000) -> Array:
    rng = np.random.default_rng(round(abs(low * 7 + high)))
    return np.r_[rng.uniform(low, high, n), np.linspace(low, high, 500)]


def sizes(n: int = 4000, low: float = -300, high: float = 307) -> Array:
    rng = np.random.default_rng(1)
    return 10 ** rng.uniform(low, high, n) * rng.choice([-1, 1], n)


@np.errstate(all="ignore")
def units(got: Array, want: Array) -> Array:
    """The error in units in the last place of float64; a subnormal result may be 0, as some devices have none."""
    rounded = want.astype(np.float64)
    unit = np.spacing(np.maximum(np.abs(rounded), 2.2250738585072014e-308)).astype(np.longdouble)
    error = np.abs(got.astype(np.longdouble) - want) / unit
    fine = (np.isnan(got) & np.isnan(want)) | (got == rounded)
    fine |= (np.abs(want) < 2.2250738585072014e-308) & (got == 0)
    return np.where(fine, 0, np.where(np.isfinite(error), error, INF)).astype(np.float64)


def check(got: Array, want: Array, bound: float, operands: dict[str, Array]) -> None:
    error = units(got, want)
    worst = int(np.argmax(error))
    at = {name: v[worst] for name, v in operands.items()}
    assert error[worst] <= bound, f"{error[worst]:.3g} units at {at}: {got[worst]!r} instead of {want[worst]!r}"
    zeros = (got == 0) & (want == 0)
    wrong = zeros & (np.signbit(got) != np.signbit(want))
    assert not wrong.any(), (
        f"the sign of zero at {[{n: v[i] for n, v in operands.items()} for i in np.flatnonzero(wrong)[:4]]}"
    )


def by_multiples(f: Reference, of_float: Callable[[float], float]) -> Reference:
    """A trigonometric function whose large arguments the C library reduces rightly in float64 only."""
    large = each(lambda x: of_float(x) if math.isfinite(x) else NAN)
    return lambda x: np.where(np.abs(x) < 1e5, f(x), large(x.astype(np.float64)))


NEAR_HALF_PI = np.arange(1, 4000) * (np.pi / 2)
ANGLES = np.r_[spread(-200, 200), spread(-1e7, 1e7), sizes(), NEAR_HALF_PI]
OF_ONE: list[tuple[str, Reference, Array, float]] = [
    ("exp_of(x)", np.exp, np.r_[spread(-746, 710), spread(-1, 1)], 1.5),
    ("exp2_of(x)", np.exp2, np.r_[spread(-1076, 1025), spread(-1, 1)], 1.5),
    ("expm1(x)", np.expm1, np.r_[spread(-60, 709), spread(-1, 1), sizes(high=2)], 1.5),
    ("log_of(x)", np.log, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1.5),
    ("log2_of(x)", np.log2, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1.5),
    ("log10_of(x)", np.log10, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1.5),
    ("log1p(x)", np.log1p, np.r_[sizes(), spread(-1.1, 3)], 1.5),
    ("sin_of(x)", by_multiples(np.sin, math.sin), ANGLES, 1.5),
    ("cos_of(x)", by_multiples(np.cos, math.cos), ANGLES, 1.5),
    ("tan_of(x)", by_multiples(np.tan, math.tan), ANGLES, 2),
    ("asin_of(x)", np.arcsin, np.r_[spread(-1.1, 1.1), sizes(high=0)], 1.5),
    ("acos_of(x)", np.arccos, np.r_[spread(-1.1, 1.1), sizes(high=0)], 1.5),
    ("atan_of(x)", np.arctan, np.r_[spread(-5, 5), sizes()], 1.5),
    ("sinh_of(x)", np.sinh, np.r_[spread(-711, 711), spread(-2, 2), sizes(high=1)], 2.5),
    ("cosh_of(x)", np.cosh, np.r_[spread(-711, 711), spread(-2, 2)], 2),
    ("tanh_of(x)", np.tanh, np.r_[spread(-23, 23), spread(-1, 1), sizes()], 2.5),
    ("asinh_of(x)", np.arcsinh, np.r_[spread(-5, 5), sizes()], 2),
    ("acosh_of(x)", np.arccosh, np.r_[spread(0.9, 5), np.abs(sizes())], 2.5),
    ("atanh_of(x)", np.arctanh, np.r_[spread(-1.1, 1.1), sizes(high=0)], 2),
    ("sigmoid(x)", lambda x: 1 / (1 + np.exp(-x)), spread(-707, 800), 2.5),
    ("erf(x)", each(math.erf), np.r_[spread(-6.5, 6.5), sizes()], 2.5),
    ("erfc(x)", each(math.erfc), spread(-6, 27), 4),
    ("sign_of(x)", lambda x: np.nan_to_num(np.sign(x)) + 0.0, sizes(), 0),
    ("sinc(x)", lambda x: np.where(x == 0, 1, np.sin(np.pi * x) / (np.pi * x)), spread(0.1, 0.6), 4),
]


@pytest.mark.parametrize(("expression", "reference", "points", "bound"), OF_ONE, ids=[row[0] for row in OF_ONE])
def test_function_of_one(bench: Bench, expression: str, reference: Reference, points: Array, bound: float) -> None:
    x = points if expression == "sinc(x)" else np.r_[SPECIAL, points]
    with np.errstate(all="ignore"):
        want = reference(x.astype(np.longdouble))
    check(evaluate(bench, expression, {"x": x}, "f64"), want, bound, {"x": x})


def test_the_float64_nearest_to_a_zero_of_cosine(bench: Bench) -> None:
    # K. C. Ng, Argument reduction for huge arguments (1992), names it and its cosine
    x = np.array([6381956970095103.0 * 2.0**797])
    check(evaluate(bench, "cos_of(x)", {"x": x}, "f64"), np.array([-4.68716592425462761112e-19]), 1, {"x": x})


@np.errstate(all="ignore")
def quotient(x: Array, y: Array) -> Array:
    return x / y


def python_remainder(x: Array, y: Array) -> Array:
    r = np.fmod(x, y)
    return np.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)


OF_TWO: list[tuple[str, Reference, float]] = [
    ("divide(x, y)", quotient, 0),
    ("fmod(x, y)", np.fmod, 0),
    ("remainder(x, y)", python_remainder, 0.5),
    ("floor_divide(x, y)", np.floor_divide, 0),
    ("hypot(x, y)", np.hypot, 2),
    ("atan2_of(x, y)", np.arctan2, 2),
    ("power(x, y)", np.power, 1.5),
    ("maximum(x, y)", np.maximum, 0),
    ("minimum(x, y)", np.minimum, 0),
    ("log_add_exp(x, y)", np.logaddexp, INF),
    ("next_after(x, y, 0.0)", np.nextafter, 0),
    ("with_sign(x, y)", np.copysign, 0),
]


def pairs() -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    few = np.r_[SPECIAL[:16], -3]
    x = np.r_[sizes(3000), spread(0.5, 2, 2000), spread(-20, 20, 2000), np.round(spread(-9, 9, 1000))]
    y = rng.permutation(x)
    # powers that neither overflow nor vanish
    base = rng.uniform(0.5, 1.5, 3000)
    e = rng.uniform(-700, 700, 3000) / np.log(base)
    close = 1 + rng.uniform(-1e-6, 1e-6, 1000)
    large = rng.uniform(-600, 600, 1000) / np.log1p(close - 1)
    grid = np.meshgrid(few, few)
    return (
        np.r_[grid[0].ravel(), x, base, -base, close],
        np.r_[grid[1].ravel(), y, e, np.round(e), large],
    )


@pytest.mark.parametrize(("expression", "reference", "bound"), OF_TWO, ids=[row[0] for row in OF_TWO])
def test_function_of_two(bench: Bench, expression: str, reference: Reference, bound: float) -> None:
    x, y = pairs()
    exact = expression.split("(")[0] in ("divide", "fmod", "floor_divide", "next_after", "remainder")
    with np.errstate(all="ignore"):
        want = reference(x, y) if exact else reference(x.astype(np.longdouble), y.astype(np.longdouble))
    got = evaluate(bench, expression, {"x": x, "y": y}, "f64")
    if "maximum" in expression or "minimum" in expression:
        # of two zeros the first one counts, which NumPy does not promise
        want = np.where((x == 0) & (y == 0), x, want)
    if "floor" in expression or "remainder" in expression:
        # NumPy gives 0 the divisor's sign; PyTorch has the sign of the remainder to zero, or of the quotient
        with np.errstate(all="ignore"):
            want = np.where(want == 0, np.copysign(0, x / y if "floor" in expression else x), want)
    if bound == INF:
        # near 0 the sum has lost what its terms had
        np.testing.assert_allclose(got, want.astype(np.float64), rtol=4e-16, atol=4e-16)
        return
    check(got, want, bound, {"x": x, "y": y})


# What has no float64. The recorded values have eleven digits; tests/gpu.rs compares the last ones with the CPU's.
ABSENT = {"bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "airy_ai"}
BOUNDS = {"chebyshev_t": (1e-10, 1e-10), "chebyshev_u": (1e-10, 1e-10), "hermite_h": (1e-10, 1e-7)}
CASES = [c for c in RECORDED if c["expression"].split("(")[0] not in ABSENT]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expression"])
def test_special_function(bench: Bench, case: dict) -> None:
    expression = case["expression"]
    operands = {
        name: np.asarray(v, np.float32).astype(np.float64) for name, v in zip("xy", case["operands"], strict=False)
    }
    want = np.asarray(case["values"])
    got = evaluate(bench, expression, operands, "f64")
    size, absolute = BOUNDS.get(expression.split("(")[0], (1e-10, 1e-300))
    error = np.abs(got - want) - size * np.abs(want)
    worst = int(np.argmax(error))
    at = {name: v[worst] for name, v in operands.items()}
    assert error[worst] <= absolute, f"{got[worst]} instead of {want[worst]} at {at}"


@pytest.mark.parametrize("x", [1e-31, 1e-200])
def test_modified_bessel_functions_near_zero(bench: Bench, x: float) -> None:
    known = {"bessel_k0": math.log(2 / x) - np.euler_gamma, "bessel_k1": 1 / x}
    for name, want in known.items():
        for expression in (f"{name}(x)", f"{name}e(x)"):
            got = evaluate(bench, expression, {"x": np.full(1, x)}, "f64")
            np.testing.assert_allclose(got, want, rtol=1e-14)
