"""The expressions of elementwise rows for complex numbers, through wgpu-py by the pointwise shaders, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench  # noqa: E402
from shader_expressions import COMPLEX, Array, Reference, evaluate  # noqa: E402
from shader_rows import ROWS, Row, operand_names  # noqa: E402


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def silu_slope(x: Array) -> Array:
    s = sigmoid(x)
    return np.conj(s * (1 + x * (1 - s)))


def power(x: Array, e: Array) -> Array:
    """NumPy's, but for 0^0, which is NaN as in PyTorch."""
    y = np.where(x == 0, np.where(e.real > 0, 0, np.nan + 1j * np.nan), np.exp(e * np.log(np.where(x == 0, 1, x))))
    return np.where((e == 0) & (x != 0), 1, y)


def point_between(x: Array, end: Array, w: Array) -> Array:
    return np.where(np.abs(w) < 0.5, x + w * (end - x), end - (end - x) * (1 - w))


def log_add_exp(x: Array, y: Array) -> Array:
    first = x.real >= y.real
    large, small = np.where(first, x, y), np.where(first, y, x)
    return large + np.log1p(np.exp(small - large))


def sinc(x: Array) -> Array:
    return np.where(x == 0, 1, np.sin(np.pi * x) / (np.pi * np.where(x == 0, 1, x)))


def close(x: Array, y: Array, rtol: Array, atol: Array, equal_nan: Array) -> Array:
    near = np.abs(x - y) <= atol.real + np.abs(rtol.real) * np.abs(y)
    return near | ((equal_nan.real != 0) & np.isnan(x) & np.isnan(y))


def finite_numbers(x: Array, nan: Array, posinf: Array, neginf: Array) -> Array:
    def part(v: Array) -> Array:
        v = np.where(np.isnan(v), nan.real, v)
        return np.where(np.isposinf(v), posinf.real, np.where(np.isneginf(v), neginf.real, v))

    return part(x.real) + 1j * part(x.imag)


REFERENCES: dict[str, Reference] = {
    "add": np.add,
    "add_scaled": lambda x, other, alpha: x + other * alpha,
    "sub": np.subtract,
    "sub_scaled": lambda x, other, alpha: x - other * alpha,
    "rsub_scaled": lambda x, other, alpha: other - x * alpha,
    "mul": np.multiply,
    "div": np.divide,
    "abs": np.abs,
    "angle": np.angle,
    "neg": np.negative,
    "sgn": lambda x: np.where(x == 0, 0, x / np.where(x == 0, 1, np.abs(x))),
    "conj_physical": np.conj,
    "isreal": lambda x: x.imag == 0,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "nan_to_num_with": finite_numbers,
    "eq": np.equal,
    "ne": np.not_equal,
    "close": close,
    "logical_and": lambda x, other: (x != 0) & (other != 0),
    "logical_or": lambda x, other: (x != 0) | (other != 0),
    "logical_xor": lambda x, other: (x != 0) != (other != 0),
    "logical_not": lambda x: x == 0,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "exp": np.exp,
    "exp2": lambda x: np.exp(x * np.log(2)),
    "expm1": np.expm1,
    "log": np.log,
    "log2": lambda x: np.log(x) / np.log(2),
    "log10": lambda x: np.log(x) / np.log(10),
    "log1p": np.log1p,
    "logaddexp": log_add_exp,
    "ldexp": lambda x, other: x * np.exp(other * np.log(2)),
    "sigmoid": sigmoid,
    "sigmoid_backward": lambda g, y: g * np.conj((1 - y) * y),
    "silu": lambda x: x * sigmoid(x),
    "silu_backward": lambda g, x: g * silu_slope(x),
    "pow": power,
    "power_0": np.ones_like,
    "power_1": lambda x: x,
    "power_2": lambda x: x * x,
    "power_3": lambda x: x * x * x,
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "tanh_backward": lambda g, y: g * np.conj(1 - y * y),
    "sinc": sinc,
    "where_": lambda condition, x, other: np.where(condition.real != 0, x, other),
    "lerp": point_between,
    "lerp_by": point_between,
    "addcmul": lambda x, a, b, value: x + value * a * b,
    "addcdiv": lambda x, a, b, value: x + value * a / b,
}
# Rows whose results are the parts' type.
REAL = {"abs", "angle"}
CASES = [row for row in ROWS if "complex" in row.wgsl]


def test_every_row_has_a_reference() -> None:
    assert {row.name for row in CASES} == REFERENCES.keys()


def values(row: Row, kind: str) -> dict[str, Array]:
    """Numbers about 0, on the axes and as far as 5 from them, 0 and equal ones among them."""
    rng = np.random.default_rng(len(row.name))
    dtype = np.complex64 if kind == "c64" else np.complex128
    drawn: dict[str, Array] = {}
    for name in operand_names(row):
        x = rng.uniform(-5, 5, 603) + 1j * rng.uniform(-5, 5, 603)
        x[:100] = np.round(x[:100])
        x[100:150] *= 1e-3
        x[150:175].imag = 0
        x[175:200].real = 1 if "silu" in row.name else 0  # where 1 + e^-x comes near 0
        if row.name.startswith("logical"):
            x[rng.random(603) < 0.3] = 0
        if name in ("rtol", "atol", "equal_nan"):
            x = rng.integers(0, 2, 603) * (1.0 if name == "equal_nan" else 1e-3) + 0j
        if name in ("nan", "posinf", "neginf"):
            x = x.real + 0j
        drawn[name] = x.astype(dtype)
    if row.name in ("eq", "ne", "close"):
        drawn["other"][:300] = drawn["x"][:300]
    if row.name == "close":
        drawn["other"][200:300] += 1e-4
        drawn["x"][:20], drawn["other"][:10] = np.nan, np.nan
    if row.name in ("isnan", "isinf", "isfinite", "nan_to_num_with"):
        drawn["x"][:6] = [np.nan, 1j * np.inf, complex(-np.inf, 2), complex(1, np.nan), complex(np.inf, np.nan), 3]
    return drawn


@pytest.mark.parametrize("kind", COMPLEX)
@pytest.mark.parametrize("row", CASES, ids=[row.name for row in CASES])
def test_row(bench: Bench, row: Row, kind: str) -> None:
    operands = values(row, kind)
    boolean, part = row.kernels["complex"], {"c64": "f32", "c128": "f64"}[kind]
    result = "bool" if boolean else part if row.name in REAL else kind
    got = evaluate(bench, row.wgsl["complex"], operands, kind, result)
    with np.errstate(all="ignore"):
        want = np.asarray(REFERENCES[row.name](*[v.astype(np.complex128) for v in operands.values()]))
    if boolean:
        assert got.any() and not got.all()
        np.testing.assert_array_equal(got, want)
        return
    known = np.isfinite(want)
    assert known.mean() > 0.9
    tolerance = 3e-6 if kind == "c64" else 1e-14
    error = np.abs(got - want)[known] / (1 + np.abs(want[known]))
    assert error.max() <= tolerance, (error.max(), {n: v[known][error.argmax()] for n, v in operands.items()})
    assert not np.isfinite(got[~known]).all() or not (~known).any()


@pytest.mark.parametrize("kind", COMPLEX)
def test_values_at_the_ends(bench: Bench, kind: str) -> None:
    """Where a formula in the usual words would overflow, cancel or take the branch cut's other side."""
    expressions = {row.name: row.wgsl["complex"] for row in CASES}
    dtype, large = (np.complex64, 3e38) if kind == "c64" else (np.complex128, 1.5e308)
    inf, nan = np.inf, np.nan

    def check(name: str, x: list[complex], want: list[complex], rtol: float = 1e-6) -> None:
        got = evaluate(bench, expressions[name], {"x": np.array(x, dtype)}, kind, part if name in REAL else kind)
        both = np.stack([np.array(got, complex), np.array(want, complex)])
        for one, other in (both.real, both.imag):
            np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-30)
            np.testing.assert_array_equal(np.signbit(one)[other == 0], np.signbit(other)[other == 0])

    part = "f32" if kind == "c64" else "f64"
    check("abs", [complex(large, large / 10), complex(inf, nan)], [abs(complex(large, large / 10)), inf])
    root = np.sqrt(complex(large, large))
    cuts = [complex(-4, 0.0), complex(-4, -0.0), complex(0, inf), complex(-inf, 1), complex(-inf, -1), complex(inf, -2)]
    roots = [complex(0, 2), complex(0, -2), complex(inf, inf), complex(0, inf), complex(0, -inf), complex(inf, -0.0)]
    check("sqrt", [complex(large, large), *cuts], [root, *roots])
    check("reciprocal", [complex(large, large)], [complex(0.5 / large, -0.5 / large)], 1e-5)
    tiny = 4 * np.sin(1) * np.cos(1) * np.exp(-60.0)  # of tanh's imaginary part, far from 0
    check("tanh", [complex(30, 1), complex(-30, -1)], [complex(1, tiny), complex(-1, -tiny)], 1e-5)
    check("log", [complex(-1, 0.0), complex(-1, -0.0)], [complex(0, np.pi), complex(0, -np.pi)])
    check("log1p", [complex(1e-6, 1e-6)], [np.log1p(complex(1e-6, 1e-6))])
    check("expm1", [complex(1e-6, 1e-6)], [np.expm1(complex(1e-6, 1e-6))])
    check("exp", [complex(-inf, inf), complex(-inf, nan), complex(inf, 0)], [0, 0, complex(inf, 0)])
    check("atanh", [complex(-0.94, -0.007), complex(0.94, -0.007)], list(np.arctanh([-0.94 - 0.007j, 0.94 - 0.007j])))
