"""Elementwise shaders: the functions of math.wgsl and special.wgsl, and every row's expression, through wgpu-py."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import SHADERS, Bench, Operand, from_bfloat16, to_bfloat16  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "fixtures" / "special_functions.json"

Array = np.ndarray
Reference = Callable[..., Array]


def functions() -> dict[str, str]:
    """The functions of the two files by name: each is a block between blank lines."""
    found: dict[str, str] = {}
    for file in ("math", "special"):
        for block in re.split(r"\n\n+", (SHADERS / f"{file}.wgsl").read_text()):
            names = re.findall(r"^fn (\w+)\(", block, re.MULTILINE)
            assert len(names) <= 1, f"{names} stand together in {file}.wgsl"
            for name in names:
                assert name not in found, f"{name} is there twice"
                found[name] = block.strip()
    return found


FUNCTIONS = functions()


def needed(expression: str) -> list[str]:
    """The functions that an expression names, and those that they name in turn."""
    found: list[str] = []
    todo = [expression]
    while todo:
        text = re.sub(r"//.*", "", todo.pop())
        for word in re.findall(r"[A-Za-z_]\w*", text):
            if word in FUNCTIONS and word not in found:
                found.append(word)
                todo.append(FUNCTIONS[word])
    return found


# What the device's own division and square root add to a bound, in units: WGSL allows them some, lavapipe has none.
slack = 0.0


@pytest.fixture(scope="module")
def bench() -> Bench:
    global slack
    device = Bench()
    x = np.random.default_rng(2).uniform(1, 4, (2, 4000)).astype(np.float32)
    for expression, want in (("x / y", x[0] / x[1].astype(np.float64)), ("sqrt(x)", np.sqrt(x[0].astype(np.float64)))):
        error = units(evaluate(device, expression, {"x": x[0], "y": x[1]}), want)
        slack += 2 * max(0.0, float(error.max()) - 0.5)
    return device


MEMORY = {
    **{"f32": np.float32, "i32": np.int32, "i64": np.int64, "bool": np.uint8},
    **{"i8": np.int8, "i16": np.int16, "bf16": np.uint16},
}


OFFSET = 8
# How `pointwise_packed.wgsl` sees results smaller than a word: their bits, and how they are made.
PACKED = {
    "bool": (8, "bool", "u32(v)"),
    "i8": (8, "i32", "u32(v) & 0xffu"),
    "i16": (16, "i32", "u32(v) & 0xffffu"),
    "bf16": (16, "f32", "bf16_bits(v)"),
}


def evaluate(
    bench: Bench, expression: str, operands: dict[str, Array], kind: str = "f32", result: str | None = None
) -> Array:
    """The expression of operands of one type, element by element, by pointwise.wgsl or pointwise_packed.wgsl."""
    result = result or kind
    n = np.broadcast(*operands.values(), np.zeros(1)).size
    columns = [np.broadcast_to(np.asarray(v, MEMORY[kind]), (n,)) for v in operands.values()]
    bindings = [Operand(f"in{k}", column, kind, kind) for k, column in enumerate(columns)]
    parameters = ", ".join(f"{name}: T" for name in operands)
    loads = ", ".join(f"load_in{k}(i)" for k in range(len(columns)))
    bits, value, packing = PACKED.get(result, (0, result, ""))
    source = (
        f"alias T = {kind};\n\n"
        + "\n\n".join(FUNCTIONS[name] for name in needed(expression))
        + f"\n\nfn row({parameters}) -> {value} {{ return {value}({expression}); }}\n"
        + f"fn value(i: u32) -> {value} {{ return row({loads}); }}\n"
        + "struct Params { n: u32, y_offset: u32 }\n"
    )
    if bits:
        # "read" binds plain words, which this file writes itself
        file, role = "pointwise_packed", "read"
        source += f"const PER_Y: u32 = {32 // bits}u;\nfn bits_y(v: {value}) -> u32 {{ return {packing}; }}\n"
    else:
        file, role = "pointwise", "write"
        source += "fn place(i: u32) -> u32 { return p.y_offset + i; }\n"
    memory = np.full(OFFSET + n, 77, MEMORY[result])
    bindings.append(Operand("y", memory, result, value, role))
    source += (SHADERS / f"{file}.wgsl").read_text()
    y = bench.run(file, bindings, [n, OFFSET], (min(8, (n + 255) // 256), 1, 1), source=source)[-1]
    assert (y[:OFFSET] == 77).all(), "what lies before the result was written"
    return y[OFFSET:].astype(bool) if result == "bool" else y[OFFSET:]


def units(got: Array, want: Array) -> Array:
    """The error in units in the last place of float32; a subnormal result may be 0, as some devices have none."""
    rounded = want.astype(np.float32)
    unit = np.spacing(np.maximum(np.abs(rounded), np.float32(1.17549435e-38))).astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - want) / unit
    fine = (np.isnan(got) & np.isnan(want)) | (got == rounded) | ((np.abs(want) < 1.1754944e-38) & (got == 0))
    return np.where(fine, 0, np.where(np.isfinite(error), error, np.inf))


def check_units(got: Array, want: Array, bound: float, operands: dict[str, Array]) -> None:
    error = units(got, want)
    worst = int(np.argmax(error))
    at = {name: v[worst] for name, v in operands.items()}
    assert error[worst] <= (bound and bound + slack), (
        f"{error[worst]:.3g} units at {at}: {got[worst]!r} instead of {want[worst]!r}"
    )
    zeros = (got == 0) & (want == 0)
    wrong = zeros & (np.signbit(got) != np.signbit(want))
    assert not wrong.any(), (
        f"the sign of zero at {[{n: v[i] for n, v in operands.items()} for i in np.flatnonzero(wrong)[:4]]}"
    )


# ---------------------------------------------------------------- functions, against NumPy in float64

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


def each(f: Callable[[float], float]) -> Reference:
    return np.vectorize(f, otypes=[np.float64])


ANGLES = np.r_[spread(-200, 200), spread(-1e5, 1e5), sizes()]
OF_ONE: list[tuple[str, Reference, Array, float]] = [
    ("exp_f32(x)", np.exp, spread(-104, 89), 1.5),
    ("exp2_f32(x)", np.exp2, spread(-150, 129), 1.5),
    ("expm1(x)", np.expm1, np.r_[spread(-20, 89), spread(-1, 1), sizes(high=2)], 2),
    ("log_f32(x)", np.log, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1),
    ("log2_f32(x)", np.log2, np.r_[np.abs(sizes()), spread(-0.1, 2)], 1.5),
    ("log10_f32(x)", np.log10, np.r_[np.abs(sizes()), spread(-0.1, 2)], 2.5),
    ("log1p(x)", np.log1p, np.r_[sizes(), spread(-1.1, 3)], 3),
    ("sin_f32(x)", np.sin, ANGLES, 3),
    ("cos_f32(x)", np.cos, ANGLES, 3),
    ("tan_f32(x)", np.tan, ANGLES, 4.5),
    ("asin_f32(x)", np.arcsin, spread(-1.1, 1.1), 2.5),
    ("acos_f32(x)", np.arccos, spread(-1.1, 1.1), 2),
    ("atan_f32(x)", np.arctan, np.r_[spread(-5, 5), sizes()], 2),
    ("sinh_f32(x)", np.sinh, np.r_[spread(-90, 90), spread(-2, 2), sizes(high=1)], 2.5),
    ("cosh_f32(x)", np.cosh, spread(-90, 90), 2),
    ("tanh_f32(x)", np.tanh, np.r_[spread(-10, 10), sizes()], 3),
    ("asinh_f32(x)", np.arcsinh, np.r_[spread(-5, 5), sizes()], 3),
    ("acosh_f32(x)", np.arccosh, np.r_[spread(0.9, 5), np.abs(sizes())], 3),
    ("atanh_f32(x)", np.arctanh, np.r_[spread(-1.1, 1.1), sizes(high=0)], 3),
    ("sigmoid(x)", lambda x: 1 / (1 + np.exp(-x)), spread(-87, 100), 2.5),
    ("erf(x)", each(math.erf), np.r_[spread(-4, 4), sizes()], 2),
    ("erfc(x)", each(math.erfc), spread(-4, 9), 5),
    ("sign_f32(x)", lambda x: np.nan_to_num(np.sign(x)) + 0.0, sizes(), 0),
]


@pytest.mark.parametrize(("expression", "reference", "points", "bound"), OF_ONE, ids=[row[0] for row in OF_ONE])
def test_function_of_one(bench: Bench, expression: str, reference: Reference, points: Array, bound: float) -> None:
    x = np.r_[SPECIAL, points].astype(np.float32)
    with np.errstate(all="ignore"):
        want = reference(x.astype(np.float64))
    check_units(evaluate(bench, expression, {"x": x}), want, bound, {"x": x})


def quotient(x: Array, y: Array) -> Array:
    return (x.astype(np.float32) / y.astype(np.float32)).astype(np.float64)


def floor_division(x: Array, y: Array) -> Array:
    return np.floor_divide(x.astype(np.float32), y.astype(np.float32)).astype(np.float64)


def python_remainder(x: Array, y: Array) -> Array:
    r = np.fmod(x, y)
    fixed = np.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)
    return fixed.astype(np.float32).astype(np.float64)


OF_TWO: list[tuple[str, Reference, float]] = [
    ("divide(x, y)", quotient, 0),
    ("fmod(x, y)", np.fmod, 0),
    ("remainder(x, y)", python_remainder, 0.5),
    ("floor_divide(x, y)", floor_division, 0),
    ("hypot(x, y)", np.hypot, 2),
    ("atan2_f32(x, y)", np.arctan2, 3),
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
    check_units(got, want, bound, {"x": x, "y": y})


# Bounds in units, or (part of the size, absolute) where there are zeros or cancellation.
BOUNDS: dict[str, float | tuple[float, float]] = {
    "erfcx": 4,
    "erfinv": 4,
    "ndtr": 5,
    "log_ndtr": 6,
    "normal_hazard": 10,
    "ndtri": 5,
    "normal_area": (0, 1.2e-7),
    "lgamma": (4e-7, 4e-7),
    "digamma": (1e-6, 1e-6),
    "zeta": (4e-6, 4e-6),
    "polygamma": (5e-6, 0),
    "airy_ai": (5e-7, 1e-5),
    "incomplete_gamma": (1e-5, 2e-6),
    "bessel_i0": 5,
    "bessel_i1": 5,
    "bessel_i0e": 5,
    "bessel_i1e": 5,
    "bessel_k0": 6,
    "bessel_k1": 6,
    "bessel_k0e": 10,
    "bessel_k1e": 10,
    "bessel_j0": (0, 2e-7),
    "bessel_j1": (0, 2e-7),
    "bessel_y0": (2e-7, 2e-7),
    "bessel_y1": (3e-7, 2e-7),
    "chebyshev_t": (1e-5, 4e-5),
    "chebyshev_u": (1e-4, 4e-5),
    "hermite_h": (5e-5, 1e-2),
    "laguerre": (1e-4, 2e-5),
    "legendre": (1e-5, 5e-6),
}


@pytest.mark.parametrize("case", json.loads(FIXTURE.read_text()), ids=lambda case: case["expression"])
def test_special_function(bench: Bench, case: dict) -> None:
    expression = case["expression"]
    operands = {name: np.asarray(v, np.float32) for name, v in zip("xy", case["operands"], strict=False)}
    want = np.asarray(case["values"])
    got = evaluate(bench, expression, operands)
    bound = BOUNDS[expression.split("(")[0]]
    if isinstance(bound, tuple):
        error = np.abs(got - want) - bound[0] * np.abs(want)
        worst = int(np.argmax(error))
        at = {name: v[worst] for name, v in operands.items()}
        assert error[worst] <= bound[1], f"{got[worst]} instead of {want[worst]} at {at}"
    else:
        check_units(got, want, bound, operands)


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
    ("bessel_i0(x)", [0, INF, -INF, NAN], [1, INF, INF, NAN]),
    ("bessel_i1(x)", [0, -0.0, INF, -INF, NAN], [0, 0, INF, -INF, NAN]),
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
    check_units(evaluate(bench, expression, operands), np.asarray(want, np.float64), 8, operands)


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


# ---------------------------------------------------------------- every row


@dataclass
class Row:
    """A row of `pointwise!`: its operands, the classes of its CPU kernels, and its expressions for the device."""

    name: str
    operands: list[str]
    kernels: dict[str, bool]  # class: whether the result is a bool
    wgsl: dict[str, str]


def rows() -> Iterator[Row]:
    for file in sorted((ROOT / "src" / "ops").glob("*.rs")):
        for body in re.findall(r"^pointwise! \{\n(.*?)^\}\n", file.read_text(), re.MULTILINE | re.DOTALL):
            starts = list(re.finditer(r"^    (\w+)\(([^)]*)\)", body, re.MULTILINE))
            for start, after in zip(starts, [*starts[1:], None], strict=True):
                text = body[start.start() : after.start() if after else len(body)]
                operands = re.findall(r"\w+", start[2])
                head = text.split("grad:")[0]
                wgsl = re.search(r"\bwgsl: \{(.*?)\},", head, re.DOTALL)
                rest = head.replace(wgsl[0], "") if wgsl else head
                kernels = {
                    cls: bool(test) or cls == "bool" for cls, test in re.findall(r"\b(bool|int|float)(_test)?: ", rest)
                }
                texts = dict(re.findall(r'(bool|int|float): "([^"]*)"', wgsl[1])) if wgsl else {}
                yield Row(start[1], operands, kernels, texts)


ROWS = list(rows())
# Names that WGSL keeps to itself get an underscore.
RESERVED = {"target"}


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


# What a row gives, in NumPy: of float64 numbers, of int64 numbers or of bools.
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
    "round_scaled": lambda x, s: np.rint(x.astype(np.float32) * s.astype(np.float32)) / s,
    "round_coarse": lambda x, s: np.rint(x.astype(np.float32) / s.astype(np.float32)) * s,
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
    "special_entr": lambda x: np.select([x > 0, x == 0, x < 0], [-x * np.log(x), 0, -INF], x),
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

CASES = [(row, cls) for row in ROWS for cls in row.kernels]


def operand_names(row: Row) -> list[str]:
    return [name + "_" if name in RESERVED else name for name in row.operands]


@pytest.mark.parametrize(("row", "cls"), CASES, ids=[f"{row.name}-{cls}" for row, cls in CASES])
def test_row(bench: Bench, row: Row, cls: str) -> None:
    rng = np.random.default_rng(len(row.name))
    names, expression = operand_names(row), row.wgsl[cls]
    if cls == "bool":
        grid = np.meshgrid(*[[False, True]] * len(names))
        values = {name: column.ravel() for name, column in zip(names, grid, strict=True)}
        got = evaluate(bench, expression, values, "bool")
        if row.name in BOOLS:
            np.testing.assert_array_equal(got, BOOLS[row.name](*values.values()))
        return
    if cls == "int":
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
            if row.name in INTEGERS:
                with np.errstate(all="ignore"):
                    want = INTEGERS[row.name](*[v.astype(np.int64) for v in values.values()])
                if not row.kernels[cls]:
                    want = wrapped(want, dtype)
                np.testing.assert_array_equal(got, want)
        return
    ends = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3.0, -3.0]
    small = rng.uniform(-5, 5, (len(names), 600)).astype(np.float32)
    small[:, :100] = np.round(small[:, :100])
    if len(names) <= 3:
        grid = np.stack([g.ravel() for g in np.meshgrid(*[ends] * len(names))])
        small = np.concatenate([grid, small], axis=1).astype(np.float32)
    # numbers that an op has as parameters are finite, and positive where they are bounds or factors
    positive = {"beta", "bound", "delta", "lambd", "scale", "threshold", "rtol", "atol", "min_val", "max_val"}
    for name, column in zip(names, small, strict=True):
        if name in positive:
            column[:] = np.nan_to_num(np.abs(column), posinf=1.5) + 0.5
        if row.name == "threshold" and name == "threshold":
            column[:] = 0.5
        if name == "n" and row.name.startswith("special_"):
            column[:] = np.nan_to_num(np.round(column), posinf=3, neginf=-1)
        if name == "n" and row.name == "polygamma_of":
            column[:] = np.nan_to_num(np.round(np.abs(column)), posinf=3) + 1
        if name == "format":
            column[:] = 0
    values = dict(zip(names, small, strict=True))
    if row.name.startswith("hardtanh"):
        values["min_val"] = -values["max_val"]
    got = evaluate(bench, expression, values, "f32", "bool" if row.kernels[cls] else "f32")
    if row.name not in FLOATS:
        return
    with np.errstate(all="ignore"):
        want = FLOATS[row.name](*[v.astype(np.float64) for v in values.values()])
    if row.kernels[cls]:
        np.testing.assert_array_equal(got, want)
        return
    want = np.asarray(want).astype(np.float32)
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=4e-6)


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
