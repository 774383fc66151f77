"""Running sums, products, extremes and recurrences in `shaders/` against NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

SUM, PRODUCT, LOG_SUM = range(3)
NAMES = {"float32": "f32", "float16": "f16", "float64": "f64", "int64": "i64", "int32": "i32", "bool": "bool"}
# shape, axis, lanes, columns, parts
CASES = [
    ((3, 5000), 1, 256, False, 1),
    ((3, 5000), 1, 256, False, 4),
    ((300, 7), 1, 4, False, 1),
    ((40, 300), 1, 16, False, 1),
    ((4, 130, 37), 1, 1, True, 1),
    ((2, 700, 5), 1, 32, True, 1),
    ((1500, 3), 0, 64, True, 3),
    ((5, 1), 1, 1, False, 1),
]


HALF, SINGLE, DOUBLE = ({"rtol": r, "atol": a} for r, a in ((2e-3, 2e-3), (1e-5, 2e-3), (1e-13, 1e-11)))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench()


def compute_of(dtype) -> tuple[str, type]:
    """The class in which a scan computes, and the dtype of what it carries."""
    if dtype == np.float64:
        return "f64", np.float64
    return ("f32", np.float32) if np.dtype(dtype).kind == "f" else ("i64", np.int64)


def lines_of(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    n = shape[axis]
    return int(np.prod(shape)) // n, n, int(np.prod(shape[axis + 1 :]))


def scan(bench, x, axis, fold, lanes, columns, parts, *, reverse=False, exclusive=False, out=None):
    lines, n, inner = lines_of(x.shape, axis)
    chunk = -(-n // parts)
    parts = -(-n // chunk)
    compute, wide = compute_of(x.dtype)

    def call(data, carry, y, sizes, lanes, columns, **flags):
        constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "FOLD": ("u32", fold)}
        given = {"REVERSE": False, "EXCLUSIVE": False, "TOTALS": False, "CARRY": False} | flags
        constants |= {k: ("bool", v) for k, v in given.items()}
        operands = [
            Operand("x", data, NAMES[data.dtype.name], compute),
            Operand("carry", carry, NAMES[carry.dtype.name], compute),
            Operand("y", y, NAMES[y.dtype.name], compute, "write"),
        ]
        return bench.run("scan", operands, [0, 0, 0, *sizes], (2, 2, 1), constants)[2]

    y = np.zeros(x.shape, out or x.dtype)
    carry = np.zeros(4, wide)
    if parts > 1:
        some = np.zeros((lines, parts), wide)
        sizes = [lines, n, inner, parts, chunk]
        some = call(x, carry, some, sizes, lanes, columns, TOTALS=True, REVERSE=reverse)
        carry = call(some, carry, some, [lines, parts, 1, 1, parts], 4, False)
    flags = {"REVERSE": reverse, "EXCLUSIVE": exclusive, "CARRY": parts > 1}
    return call(x, carry, y, [lines, n, inner, parts, chunk], lanes, columns, **flags)


def sample(shape, dtype=np.float32, seed=0):
    r = np.random.default_rng(seed)
    x = r.standard_normal(shape) if np.dtype(dtype).kind == "f" else r.integers(-50, 50, shape)
    return x.astype(dtype)


@pytest.mark.parametrize(("shape", "axis", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64])
@pytest.mark.parametrize("reverse", [False, True])
def test_running_sums(bench, shape, axis, lanes, columns, parts, dtype, reverse):
    x = sample(shape, dtype)
    y = scan(bench, x, axis, SUM, lanes, columns, parts, reverse=reverse)
    wide = np.float64 if x.dtype.kind == "f" else np.int64
    turned = np.flip(x, axis) if reverse else x
    expected = np.cumsum(turned, axis=axis, dtype=wide)
    expected = np.flip(expected, axis) if reverse else expected
    if dtype == np.int64:
        np.testing.assert_array_equal(y, expected)
    else:
        np.testing.assert_allclose(y, expected, **{2: HALF, 4: SINGLE, 8: DOUBLE}[x.itemsize])


@pytest.mark.parametrize(("shape", "axis", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_products(bench, shape, axis, lanes, columns, parts, dtype):
    x = (1 + 0.02 * sample(shape)).astype(dtype)
    rtol = 1e-4 if dtype == np.float32 else 1e-12
    y = scan(bench, x, axis, PRODUCT, lanes, columns, parts)
    np.testing.assert_allclose(y, np.cumprod(x, axis=axis, dtype=np.float64), rtol=rtol)
    # Products of what stands before and after each element.
    x.reshape(-1)[2] = 0
    y = scan(bench, x, axis, PRODUCT, lanes, columns, parts, exclusive=True)
    moved = np.moveaxis(np.roll(x, 1, axis).astype(np.float64), axis, 0)
    moved[0] = 1
    expected = np.moveaxis(np.cumprod(moved, axis=0), 0, axis)
    np.testing.assert_allclose(y, expected, rtol=rtol)


@pytest.mark.parametrize(("shape", "axis", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_logarithms_of_sums(bench, shape, axis, lanes, columns, parts, dtype):
    x = sample(shape, dtype) * dtype(10)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    x.reshape(-1)[:2] = -np.inf
    x.reshape(-1)[-1] = np.inf
    if x.size > 3000:
        x.reshape(-1)[1200] = np.nan
    y = scan(bench, x, axis, LOG_SUM, lanes, columns, parts)
    with np.errstate(invalid="ignore"):
        expected = np.logaddexp.accumulate(x.astype(np.float64), axis=axis)
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol)


def test_bools_are_counted(bench):
    x = sample((3, 3000), np.int64) > 0
    y = scan(bench, x, 1, SUM, 256, False, 1, out=np.int64)
    np.testing.assert_array_equal(y, np.cumsum(x, axis=1))


def running_extreme(x, axis, largest):
    moved = np.moveaxis(x, axis, 0)
    values, places = np.empty_like(moved), np.empty(moved.shape, np.int64)
    best, at = moved[0].copy(), np.zeros(moved[0].shape, np.int64)
    for k, v in enumerate(moved):
        with np.errstate(invalid="ignore"):
            ahead = v >= best if largest else v <= best
        take = np.isnan(v) | (~np.isnan(best) & ahead) if v.dtype.kind == "f" else ahead
        best, at = np.where(take, v, best), np.where(take, k, at)
        values[k], places[k] = best, at
    return np.moveaxis(values, 0, axis), np.moveaxis(places, 0, axis)


@pytest.mark.parametrize(("shape", "axis", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64])
@pytest.mark.parametrize("largest", [True, False])
def test_running_extremes(bench, shape, axis, lanes, columns, parts, dtype, largest):
    x = np.round(sample(shape, dtype) * 2)
    x = x.astype(dtype)
    if dtype != np.int64 and x.size > 3000:
        x.reshape(-1)[[1500, 1600, 2900]] = np.nan
    lines, n, inner = lines_of(shape, axis)
    chunk = -(-n // parts)
    compute, wide = compute_of(dtype)

    def call(data, carry, before, shape, sizes, lanes, columns, out, **flags):
        constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "LARGEST": ("bool", largest)}
        constants |= {"FLOAT": ("bool", compute != "i64")}
        constants |= {k: ("bool", flags.get(k, False)) for k in ("TOTALS", "CARRY", "AGAIN")}
        operands = [
            Operand("x", data, NAMES[data.dtype.name], compute),
            Operand("carry", carry, NAMES[carry.dtype.name], compute),
            Operand("before", before, "i64", "i32"),
            Operand("y", np.zeros(shape, out), NAMES[np.dtype(out).name], compute, "write"),
            Operand("place", np.zeros(shape, np.int64), "i64", "i32", "write"),
        ]
        return bench.run("scan_extreme", operands, [0] * 5 + sizes, (2, 2, 1), constants)[3:]

    carry, before = np.zeros(4, wide), np.zeros(4, np.int64)
    sizes = [lines, n, inner, parts, chunk]
    if parts > 1:
        some = call(x, carry, before, (lines, parts), sizes, lanes, columns, wide, TOTALS=True)
        carry, before = call(
            some[0], carry, some[1], (lines, parts), [lines, parts, 1, 1, parts], 4, False, wide, AGAIN=True
        )
    y, place = call(x, carry, before, shape, sizes, lanes, columns, dtype, CARRY=parts > 1)
    values, places = running_extreme(x, axis, largest)
    np.testing.assert_array_equal(y, values)
    np.testing.assert_array_equal(place, places)


@pytest.mark.parametrize(("shape", "axis", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_linear_recurrence(bench, shape, axis, lanes, columns, parts, dtype):
    del parts
    kind, _ = compute_of(dtype)
    # Factors near 1, so that even far elements count.
    x, g = (1 + 0.01 * sample(shape)).astype(dtype), sample(shape, dtype, seed=1)
    lines, n, inner = lines_of(shape, axis)
    operands = [Operand("x", x, kind, kind), Operand("g", g, kind, kind)]
    operands += [Operand("y", np.zeros(shape, dtype), kind, kind, "write")]
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns)}
    y = bench.run("scan_linear", operands, [0, 0, 0, lines, n, inner], (2, 1, 1), constants)[2]
    xs, gs = (np.moveaxis(v.astype(np.float64), axis, 0) for v in (x, g))
    expected = gs.copy()
    for k in range(n - 2, -1, -1):
        expected[k] += xs[k + 1] * expected[k + 1]
    expected = np.moveaxis(expected, 0, axis)
    tolerance = 1e-3 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
