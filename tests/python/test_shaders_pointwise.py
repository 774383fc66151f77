"""The expression of every elementwise row, through wgpu-py by the pointwise shaders, against NumPy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, from_bfloat16, to_bfloat16  # noqa: E402
from shader_expressions import (  # noqa: E402
    RECORDED,
    Array,
    Reference,
    check_recorded,
    each,
    evaluate,
    floor_division,
    own,
    python_remainder,
    quotient,
)
from shader_functions import FUNCTIONS, needed  # noqa: E402
from shader_rows import ROWS, Row, operand_names  # noqa: E402


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def test_rows_are_found() -> None:
    assert len(ROWS) > 190
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_kernel_has_an_expression() -> None:
    missing = [(row.name, cls) for row in ROWS for cls in row.kernels if cls not in row.wgsl]
    assert missing == []
    extra = [(row.name, cls) for row in ROWS for cls in row.wgsl if cls not in row.kernels]
    assert extra == []


def test_every_function_is_named_by_a_row() -> None:
    used = {name for row in ROWS for text in row.wgsl.values() for name in needed(text)}
    assert set(FUNCTIONS) - used == set()


def wrapped(a: Array, dtype: type[np.generic]) -> Array:
    return np.asarray(a).astype(np.int64).astype(dtype)


def clipped(x: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(x, low), high)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


def area(x: Array) -> Array:
    return 0.5 * each(math.erfc)(-x / math.sqrt(2))


def tanh_form(x: Array) -> Array:
    return np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def integer_power(x: Array, e: Array) -> Array:
    return np.array(
        [pow(int(a), int(b)) if b >= 0 else int(float(a) ** int(b)) if a else 0 for a, b in zip(x, e, strict=True)]
    )


def floor_quotient(x: Array, y: Array) -> Array:
    return np.where(y == 0, 0, np.floor_divide(x, np.where(y == 0, 1, y)))


def point_between(x: Array, e: Array, w: Array) -> Array:
    return np.where(np.abs(w) < 0.5, x + w * (e - x), e - (e - x) * (1 - w))


def trunc_quotient(x: Array, y: Array) -> Array:
    safe = np.where(y == 0, 1, y)
    q = np.abs(x) // np.abs(safe) * np.sign(x) * np.sign(safe)
    return np.where(y == 0, 0, q)


def gelu_tanh_slope(x: Array) -> Array:
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


def mish_slope(x: Array) -> Array:
    t = np.tanh(softplus(x))
    return t + x * sigmoid(x) * (1 - t * t)


def normal_hazard(x: Array) -> Array:
    return np.where(np.isneginf(x), np.inf, np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / area(x))


def close(x: Array, other: Array, rtol: Array, atol: Array, equal_nan: Array) -> Array:
    near = np.isfinite(x - other) & (np.abs(x - other) <= atol + np.abs(rtol * other))
    return (x == other) | near | (equal_nan != 0) & np.isnan(x) & np.isnan(other)


def logit(x: Array, eps: Array) -> Array:
    v = np.where(eps < 0, x, clipped(x, eps, 1 - eps))
    return np.log(v / (1 - v))


def logit_backward(g: Array, x: Array, eps: Array) -> Array:
    low = np.where(eps < 0, 0, eps)
    return np.where((x < low) | (x > 1 - low), np.where(eps < 0, np.nan, 0), g / (x * (1 - x)))


def cross_entropy_of_two(x: Array, t: Array) -> Array:
    return (t - 1) * np.maximum(np.log1p(-x), -100) - t * np.maximum(np.log(x), -100)


def polynomial(first: Reference, following: Callable[[int, Array, Array, Array], Array]) -> Reference:
    """By its values for degrees 0 and 1 and its recurrence: the value of degree k + 1 from x and those of k and k - 1."""

    def value(x: Array, degree: Array) -> Array:
        before, p, found = np.zeros_like(x), np.ones_like(x), np.zeros_like(x)
        for k in range(int(degree.max()) + 1):
            found = np.where(degree == k, p, found)
            before, p = p, first(x) if k == 0 else following(k, x, p, before)
        return found

    return value


def doubled(k: int, x: Array, p: Array, before: Array) -> Array:
    return 2 * x * p - before


def shifted(f: Reference) -> Reference:
    return lambda x, n: f(2 * x - 1, n)


CHEBYSHEV = {
    "t": polynomial(lambda x: x, doubled),
    "u": polynomial(lambda x: 2 * x, doubled),
    "v": polynomial(lambda x: 2 * x - 1, doubled),
    "w": polynomial(lambda x: 2 * x + 1, doubled),
}
POLYNOMIALS: dict[str, Reference] = {
    **{f"special_chebyshev_polynomial_{kind}": f for kind, f in CHEBYSHEV.items()},
    **{f"special_shifted_chebyshev_polynomial_{kind}": shifted(f) for kind, f in CHEBYSHEV.items()},
    "special_hermite_polynomial_h": polynomial(lambda x: 2 * x, lambda k, x, p, q: 2 * (x * p - k * q)),
    "special_hermite_polynomial_he": polynomial(lambda x: x, lambda k, x, p, q: x * p - k * q),
    "special_laguerre_polynomial_l": polynomial(
        lambda x: 1 - x, lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1)
    ),
    "special_legendre_polynomial_p": polynomial(
        lambda x: x, lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1)
    ),
}

# What a row gives, in NumPy: of floats with twice the kernel's digits, of int64 numbers or of bools.
FLOATS: dict[str, Reference] = {
    "abs": np.abs,
    "neg": np.negative,
    "sign": lambda x: np.nan_to_num(np.sign(x)),
    "sgn": lambda x: np.nan_to_num(np.sign(x)),
    "signbit": np.signbit,
    "ceil": np.ceil,
    "floor": np.floor,
    "trunc": np.trunc,
    "round": np.rint,
    "frac": lambda x: x - np.trunc(x),
    "round_scaled": lambda x, s: np.rint(own(x) * own(s)) / s,
    "round_coarse": lambda x, s: np.rint(own(x) / own(s)) * s,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": np.reciprocal,
    "rad2deg": np.rad2deg,
    "deg2rad": np.deg2rad,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "isposinf": np.isposinf,
    "isneginf": np.isneginf,
    "nan_to_num_with": lambda x, nan, pos, neg: np.select(
        [np.isnan(x), np.isposinf(x), np.isneginf(x)], [nan, pos, neg], x
    ),
    "add": np.add,
    "add_scaled": lambda x, o, a: x + o * a,
    "sub": np.subtract,
    "sub_scaled": lambda x, o, a: x - o * a,
    "rsub_scaled": lambda x, o, a: o - x * a,
    "mul": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "chosen_part": lambda g, a, b: np.select([a < b, a == b], [0, g / 2], g),
    "fmax": np.fmax,
    "fmin": np.fmin,
    "hypot": np.hypot,
    "atan2": np.arctan2,
    "atan2_backward": lambda g, a, b: np.where(a * a + b * b == 0, 0, g * a / (a * a + b * b)),
    "copysign": np.copysign,
    "copysign_backward": lambda g, x, y: np.where(x == 0, x, g * y / x),
    "heaviside": lambda x, v: np.select([x == 0, x > 0], [v, 1], 0),
    "where_": lambda c, x, o: np.where(c != 0, x, o),
    "clamp_both": clipped,
    "clamp_min": np.maximum,
    "clamp_max": np.minimum,
    "lerp": point_between,
    "lerp_by": point_between,
    "addcmul": lambda x, a, b, v: x + v * a * b,
    "addcdiv": lambda x, a, b, v: x + v * a / b,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "logical_not": np.logical_not,
    "div": np.divide,
    "div_trunc": lambda x, y: np.trunc(quotient(x, y)),
    "div_floor": floor_division,
    "remainder": python_remainder,
    "fmod": np.fmod,
    "pow": np.power,
    "power_0": np.ones_like,
    "power_1": lambda x: x,
    "power_2": np.square,
    "power_3": lambda x: x**3,
    "ldexp": lambda x, o: x * np.exp2(o),
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "xlogy": lambda x, y: np.select([np.isnan(y), x == 0], [y, 0], x * np.log(y)),
    "special_xlog1py": lambda x, y: np.select([np.isnan(y), x == 0], [y, 0], x * np.log1p(y)),
    "sigmoid_backward": lambda g, y: g * (1 - y) * y,
    "tanh_backward": lambda g, y: g * (1 - y * y),
    "sinc": np.sinc,
    "special_entr": lambda x: np.select([x > 0, x == 0, x < 0], [-x * np.log(x), 0, -np.inf], x),
    "relu": lambda x: np.where(x < 0, 0, x),
    "threshold": lambda x, t, v: np.where(x <= t, v, x),
    "threshold_backward": lambda g, x, t: np.where(x <= t, 0, g),
    "leaky_relu": lambda x, s: np.where(x > 0, x, x * s),
    "leaky_relu_backward": lambda g, x, s: np.where(x > 0, g, g * s),
    "elu": lambda x, a, s, i: np.where(x <= 0, np.expm1(x * i) * a * s, x * s),
    "elu_backward": lambda g, x, a, s, i: np.where(x <= 0, g * np.exp(x * i) * a * s * i, g * s),
    "gelu_exact": lambda x: x * area(x),
    "gelu_backward": lambda g, x: g * (area(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
    "gelu_tanh": lambda x: x / 2 * (1 + tanh_form(x)),
    "silu": lambda x: x * sigmoid(x),
    "silu_backward": lambda g, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": lambda x, b, t: np.where(x * b > t, x, softplus(x * b) / b),
    "softplus_backward": lambda g, x, b, t: np.where(x * b > t, g, g * sigmoid(x * b)),
    "log_sigmoid": lambda x: -softplus(-x),
    "log_sigmoid_backward": lambda g, x: g * sigmoid(-x),
    "hardtanh": clipped,
    "hardtanh_backward": lambda g, x, a, b: np.where((x <= a) | (x >= b), 0, g),
    "hardsigmoid": lambda x: clipped(x + 3, 0, 6) / 6,
    "hardsigmoid_backward": lambda g, x: np.where((x > -3) & (x < 3), g / 6, 0),
    "hardswish": lambda x: x * clipped(x + 3, 0, 6) / 6,
    "hardswish_backward": lambda g, x: np.select([x <= -3, x < 3], [0, g * (x / 3 + 0.5)], g),
    "hardshrink": lambda x, a: np.where((x >= -a) & (x <= a), 0, x),
    "softshrink": lambda x, a: np.select([x > a, x < -a], [x - a, x + a], x * 0),
    "shrink_backward": lambda g, x, a: np.where((x >= -a) & (x <= a), 0, g),
    "prelu_kernel": lambda x, w: np.where(x > 0, x, w * x),
    "prelu_slope": lambda g, x, w: np.where(x > 0, g, w * g),
    "glu_halves": lambda a, b: a * sigmoid(b),
    "square_error": lambda x, t: (x - t) ** 2,
    "square_slope": lambda g, x, t: 2 * g * (x - t),
    "smooth_error": lambda x, t, b: np.where(np.abs(x - t) < b, (x - t) ** 2 / 2 / b, np.abs(x - t) - b / 2),
    "smooth_slope": lambda g, x, t, b: np.select([x - t <= -b, x - t >= b], [-g, g], g * (x - t) / b),
    "huber_error": lambda x, t, d: np.where(np.abs(x - t) <= d, (x - t) ** 2 / 2, d * (np.abs(x - t) - d / 2)),
    "huber_slope": lambda g, x, t, d: np.select([x - t <= -d, x - t >= d], [-d * g, d * g], g * (x - t)),
    "inside": lambda g, x, t, b: np.where(np.abs(x - t) < b, g, 0),
    "soft_margin_error": lambda x, t: softplus(-t * x),
    "soft_margin_slope": lambda g, x, t: -g * t * sigmoid(-t * x),
    "logits_error": lambda x, t: (1 - t) * x + softplus(-x),
    "logits_slope": lambda g, x, t: g * (sigmoid(x) - t),
    "angle": lambda x: np.where(np.isnan(x), x, np.where(x < 0, math.pi, 0)),
    "conj_physical": lambda x: x,
    "isreal": lambda x: np.ones_like(x, bool),
    **{n: getattr(np, n) for n in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p")},
    **{n: getattr(np, n) for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{n: getattr(np, "arc" + n[1:]) for n in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    "sigmoid": sigmoid,
    "erf": each(math.erf),
    "erfc": each(math.erfc),
    "nextafter_in": lambda x, o, _: np.nextafter(own(x), own(o)),
    "masked_scale": lambda x, m, s: x * m * s,
    "clamp_slope": lambda g, x, low, high: np.where((low <= x) & (x <= high), g, 0),
    "glu_gate_backward": lambda g, a, b: g * a * sigmoid(b) * (1 - sigmoid(b)),
    "lstm_memory": lambda i, f, n, c: sigmoid(f) * c + sigmoid(i) * np.tanh(n),
    "gated_tanh": lambda a, b: sigmoid(a) * np.tanh(b),
    "gated_tanh_gate": lambda g, a, b: g * np.tanh(b) * sigmoid(a) * (1 - sigmoid(a)),
    "gated_tanh_value": lambda g, a, b: g * sigmoid(a) * (1 - np.tanh(b) ** 2),
    "close": close,
    "logit_eps": logit,
    "logit_backward": logit_backward,
    "cross_entropy_of_two": cross_entropy_of_two,
    "cross_entropy_slope": lambda g, x, t: g * (x - t) / np.maximum((1 - x) * x, 1e-12),
    "gelu_tanh_backward": lambda g, x: g * gelu_tanh_slope(x),
    "mish_backward": lambda g, x: g * mish_slope(x),
    "log_ndtr_backward": lambda g, x: g * normal_hazard(x),
    "special_spherical_bessel_j0": lambda x: np.select([x == 0, np.isinf(x)], [1, 0], np.sin(x) / x),
    **POLYNOMIALS,
}
INTEGERS: dict[str, Reference] = {
    **{n: FLOATS[n] for n in ("abs", "neg", "sign", "sgn", "add", "add_scaled", "sub", "sub_scaled", "rsub_scaled")},
    **{n: FLOATS[n] for n in ("mul", "maximum", "minimum", "fmax", "fmin", "heaviside", "where_", "clamp_both")},
    **{n: FLOATS[n] for n in ("clamp_min", "clamp_max", "eq", "ne", "lt", "le", "gt", "ge", "relu", "threshold")},
    **{n: FLOATS[n] for n in ("logical_and", "logical_or", "logical_xor", "logical_not", "hardtanh", "signbit")},
    **{n: FLOATS[n] for n in ("power_0", "power_1", "power_2", "power_3", "conj_physical", "isreal")},
    **{n: lambda x: x for n in ("ceil", "floor", "trunc", "round")},
    **{n: lambda x: np.zeros_like(x, bool) for n in ("isnan", "isinf", "isposinf", "isneginf")},
    "isfinite": lambda x: np.ones_like(x, bool),
    "nan_to_num_with": lambda x, *_: x,
    "addcmul": lambda x, a, b, v: x + v * a * b,
    "gcd": np.gcd,
    "lcm": np.lcm,
    "bitwise_not": np.invert,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "bitwise_left_shift": lambda x, n: np.where((n >= 0) & (n < 64), x << np.clip(n, 0, 63), 0),
    "bitwise_right_shift": lambda x, n: x >> np.where((n >= 0) & (n < 64), n, 63),
    "div_trunc": trunc_quotient,
    "div_floor": floor_quotient,
    "remainder": lambda x, y: np.where(y == 0, 0, x - floor_quotient(x, y) * y),
    "fmod": lambda x, y: np.where(y == 0, 0, x - trunc_quotient(x, y) * y),
    "pow": integer_power,
}
INTEGERS["signbit"] = lambda x: x < 0
BOOLS: dict[str, Reference] = {
    **{n: lambda x: x for n in ("sign", "sgn", "power_1", "conj_physical")},
    "nan_to_num_with": lambda x, *_: x,
    "power_0": np.ones_like,
    "add": np.logical_or,
    "add_scaled": lambda x, o, a: x | (o & a),
    "mul": np.logical_and,
    "heaviside": np.logical_or,
    "where_": np.where,
    **{n: np.logical_or for n in ("maximum", "fmax", "clamp_min", "logical_or", "bitwise_or")},
    **{n: np.logical_and for n in ("minimum", "fmin", "clamp_max", "logical_and", "bitwise_and")},
    **{n: np.logical_xor for n in ("ne", "logical_xor", "bitwise_xor")},
    **{n: FLOATS[n] for n in ("eq", "lt", "le", "gt", "ge")},
    **{n: np.logical_not for n in ("logical_not", "bitwise_not")},
}


def records(row: Row) -> Iterator[tuple[dict[str, Array], Array]]:
    """Operands and results where values of the row's expression are recorded, an operand perhaps as a number."""
    seen: set[str] = set()

    def group(word: re.Match[str]) -> str:
        again = word[0] in seen
        seen.add(word[0])
        return f"(?P={word[0]})" if again else rf"(?P<{word[0]}>[\w.]+)"

    pattern = re.sub(rf"\b({'|'.join(row.operands)})\b", group, re.escape(row.wgsl["float"]))
    for case in RECORDED:
        if found := re.fullmatch(pattern, case["expression"]):
            known = {name: np.asarray(v, np.float32) for name, v in zip("xy", case["operands"], strict=False)}
            yield {n: known[t] if t in known else np.float32(t) for n, t in found.groupdict().items()}, case["values"]


BY_RECORD = [row for row in ROWS if "float" in row.wgsl and row.name not in FLOATS and any(records(row))]
REFERENCES = {"float": FLOATS, "int": INTEGERS, "bool": BOOLS}
# Complex numbers have a file of their own: test_shaders_complex.py.
CASES = [(row, cls) for row in ROWS for cls in row.kernels if cls in REFERENCES and row not in BY_RECORD]


def test_every_row_has_a_reference() -> None:
    assert [(row.name, cls) for row, cls in CASES if row.name not in REFERENCES[cls]] == []
    found = {(row.name, cls) for row, cls in CASES}
    assert [name for cls, known in REFERENCES.items() for name in known if (name, cls) not in found] == []


@pytest.mark.parametrize("row", BY_RECORD, ids=[row.name for row in BY_RECORD])
def test_row_of_recorded_values(bench: Bench, row: Row) -> None:
    for operands, want in records(row):
        got = evaluate(bench, row.wgsl["float"], operands)
        points = {name: np.broadcast_to(v, got.shape) for name, v in operands.items()}
        check_recorded(bench, row.wgsl["float"].split("(")[0], got, np.asarray(want), points)


def floats(row: Row) -> dict[str, Array]:
    """Values for a row's operands, the ends of the type among them."""
    rng = np.random.default_rng(len(row.name))
    names = operand_names(row)
    ends = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3.0, -3.0]
    small = rng.uniform(-5, 5, (len(names), 600))
    small[:, :100] = np.round(small[:, :100])
    if len(names) <= 3:
        some = np.stack([g.ravel() for g in np.meshgrid(*[ends] * len(names))])
    else:
        some = rng.choice(ends, (len(names), 400))
    small = np.concatenate([some, small], axis=1)
    # numbers that an op has as parameters are finite, and positive where they are bounds or factors
    positive = {"beta", "bound", "delta", "lambd", "scale", "threshold", "rtol", "atol", "min_val", "max_val"}
    for name, column in zip(names, small, strict=True):
        if name in positive:
            column[:] = np.nan_to_num(np.abs(column), posinf=1.5) + 0.5
        if row.name == "threshold" and name == "threshold":
            column[:] = 0.5
        if name == "format":
            column[:] = 0
        if name == "equal_nan":
            column[:] = rng.integers(0, 2, column.shape)
        if name == "eps":
            column[:] = rng.choice([-1, 0.125, 0.25], column.shape)
        if name == "x" and ("logit_" in row.name or "cross_entropy" in row.name):
            column[-400:] = rng.random(400)
        if row.name in POLYNOMIALS:
            column[:] = rng.integers(-1, 10, column.shape) if name == "n" else np.clip(column / 3, -1.6, 1.6)
    values = dict(zip(names, small, strict=True))
    if row.name.startswith("hardtanh"):
        values["min_val"] = -values["max_val"]
    return values


def check_floats(bench: Bench, row: Row, kind: str) -> None:
    own_type, wide = (np.float32, np.float64) if kind == "f32" else (np.float64, np.longdouble)
    values = {name: v.astype(own_type) for name, v in floats(row).items()}
    got = evaluate(bench, row.wgsl["float"], values, kind, "bool" if row.kernels["float"] else kind)
    with np.errstate(all="ignore"):
        want = FLOATS[row.name](*[v.astype(wide) for v in values.values()])
    if row.kernels["float"]:
        np.testing.assert_array_equal(got, want)
        return
    # Of a polynomial's terms those that cancel may be a thousand times larger.
    loss = 1000 if row.name in POLYNOMIALS else 1
    tolerance = (2e-6 if kind == "f32" else 1e-14) * loss
    np.testing.assert_allclose(got, np.asarray(want).astype(own_type), rtol=tolerance, atol=2 * tolerance)


@pytest.mark.parametrize(("row", "cls"), CASES, ids=[f"{row.name}-{cls}" for row, cls in CASES])
def test_row(bench: Bench, row: Row, cls: str) -> None:
    rng = np.random.default_rng(len(row.name))
    names, expression = operand_names(row), row.wgsl[cls]
    if cls == "float":
        check_floats(bench, row, "f32")
    elif cls == "bool":
        grid = np.meshgrid(*[[False, True]] * len(names))
        values = {name: column.ravel() for name, column in zip(names, grid, strict=True)}
        got = evaluate(bench, expression, values, "bool")
        np.testing.assert_array_equal(got, BOOLS[row.name](*values.values()))
    else:
        for kind, dtype in (("i32", np.int32), ("i64", np.int64)):
            if kind == "i64" and "shader-int64" not in bench.features:
                continue
            values = {name: rng.integers(-9, 10, 400).astype(dtype) for name in names}
            if "shift" in row.name:
                values["other"] = rng.integers(-70, 70, 400).astype(dtype)
            extremes = [np.iinfo(np.int32).min, np.iinfo(np.int32).max, -1, 0, 1]
            if row.name not in ("div_floor", "div_trunc", "fmod", "remainder", "pow"):
                values[names[0]][:5] = extremes
            got = evaluate(bench, expression, values, kind, "bool" if row.kernels[cls] else kind)
            with np.errstate(all="ignore"):
                want = INTEGERS[row.name](*[v.astype(np.int64) for v in values.values()])
            if not row.kernels[cls]:
                want = wrapped(want, dtype)
            np.testing.assert_array_equal(got, want)


WIDE = [row for row, cls in CASES if cls == "float"]


@pytest.mark.parametrize("row", WIDE, ids=[row.name for row in WIDE])
def test_row_in_float64(bench: Bench, row: Row) -> None:
    check_floats(bench, row, "f64")


@pytest.mark.parametrize("n", [1, 3, 256, 4097])
def test_results_smaller_than_a_word(bench: Bench, n: int) -> None:
    x = np.random.default_rng(n).integers(-300, 300, n).astype(np.int32)
    for result, dtype in (("i8", np.int8), ("i16", np.int16)):
        np.testing.assert_array_equal(evaluate(bench, "x * x", {"x": x}, "i32", result), (x * x).astype(dtype))
    f = (x / np.float32(7)).astype(np.float32)
    f[0] = np.nan
    got = from_bfloat16(evaluate(bench, "x + x", {"x": f}, "f32", "bf16"))
    np.testing.assert_array_equal(got[1:], from_bfloat16(to_bfloat16(f + f))[1:])
    assert np.isnan(got[0])
