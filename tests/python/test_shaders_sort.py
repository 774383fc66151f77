"""Sorting, selection, search and distinct elements in `shaders/` against NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

NAMES = {
    "float32": "f32",
    "float16": "f16",
    "float64": "f64",
    "int64": "i64",
    "int32": "i32",
    "bool": "bool",
    "uint8": "u8",
}
BLOCK = 1024


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench()


def compute_of(x: np.ndarray) -> str:
    return "f64" if x.dtype == np.float64 else "f32" if x.dtype.kind == "f" else "i64"


def read(name: str, x: np.ndarray) -> Operand:
    return Operand(name, x, NAMES[x.dtype.name], compute_of(x))


def places(name: str, x: np.ndarray, role: str = "read") -> Operand:
    return Operand(name, x, NAMES[x.dtype.name], "i32", role)


def values_to(name: str, shape: tuple[int, ...], dtype: type) -> Operand:
    y = np.zeros(shape, dtype)
    return Operand(name, y, NAMES[y.dtype.name], compute_of(y), "write")


def flags(x: np.ndarray, **more: bool) -> dict:
    return {"FLOAT": ("bool", x.dtype.kind == "f")} | {k: ("bool", v) for k, v in more.items()}


def sort_blocks(bench, x, before, lines, n, inner, keep, y_inner, descending, segment):
    blocks = -(-n // segment)
    y_n = (blocks - 1) * keep + min(keep, n - (blocks - 1) * segment)
    operands = [
        read("x", x),
        places("before", np.zeros(4, np.int32) if before is None else before),
        values_to("y", (lines * y_n,), x.dtype),
        places("place", np.zeros(lines * y_n, np.int32), "write"),
    ]
    constants = flags(x, AGAIN=before is not None, DESCENDING=descending) | {"SEGMENT": ("u32", segment)}
    words = [0, 0, 0, 0, lines, n, inner, blocks, keep, y_n, y_inner]
    return bench.run("sort", operands, words, (2, 1, 1), constants)[2:], y_n


def merge(bench, x, before, lines, n, run, y_inner, descending):
    operands = [
        read("x", x),
        places("before", before),
        values_to("y", x.shape, x.dtype),
        places("place", np.zeros(x.shape, np.int32), "write"),
    ]
    words = [0, 0, 0, 0, lines, n, run, y_inner]
    return bench.run("sort_merge", operands, words, (3, 1, 1), flags(x, DESCENDING=descending))[2:]


def sort(bench, x, axis=-1, descending=False):
    """As the engine composes it: blocks, then merges of runs twice as long each time."""
    axis %= x.ndim
    n = x.shape[axis]
    inner = int(np.prod(x.shape[axis + 1 :]))
    lines = x.size // n
    segment = 2
    while segment < min(n, BLOCK):
        segment *= 2
    last = n <= segment
    (y, place), _ = sort_blocks(bench, x, None, lines, n, inner, segment, inner if last else 1, descending, segment)
    run = segment
    while run < n:
        y, place = merge(bench, y, place, lines, n, run, inner if 2 * run >= n else 1, descending)
        run *= 2
    return y.reshape(x.shape), place.reshape(x.shape)


def expected_order(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """Stable, nan largest."""
    keys = np.argsort(np.argsort(np.unique(x), kind="stable"), kind="stable")
    _, rank = np.unique(x, return_inverse=True)  # nan last, all of them one
    rank = keys[rank.reshape(x.shape)]
    return np.argsort(-rank if descending else rank, axis=axis, kind="stable")


def sample(shape, dtype, seed=0):
    r = np.random.default_rng(seed)
    if np.dtype(dtype).kind != "f":
        return r.integers(-20, 20, shape).astype(dtype) * (2**40 if dtype == np.int64 else 1)
    x = np.round(r.standard_normal(shape) * 20).astype(dtype) / 4
    flat = x.reshape(-1)
    flat[r.integers(0, flat.size, flat.size // 50)] = np.nan
    flat[r.integers(0, flat.size, flat.size // 50)] = -np.inf
    return x.astype(dtype)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((7, 5000), -1), ((1, 1024), -1), ((500, 13), -1), ((37, 40), 0), ((3, 1300, 4), 1), ((9, 1), -1), ((4, 1025), 1)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64])
def test_sort(bench, shape, axis, dtype, descending):
    x = sample(shape, dtype)
    y, place = sort(bench, x, axis, descending)
    order = expected_order(x, axis, descending)
    np.testing.assert_array_equal(place, order)
    np.testing.assert_array_equal(y, np.take_along_axis(x, order, axis))


@pytest.mark.parametrize("k", [1, 5, 200])
@pytest.mark.parametrize("largest", [True, False])
def test_the_first_of_long_rows(bench, k, largest):
    x = sample((3, 9000), np.float32)
    y, before, n = x, None, 9000
    while before is None or n > k:
        segment = 2
        while segment < min(n, BLOCK):
            segment *= 2
        (y, before), n = sort_blocks(bench, y, before, 3, n, 1, k, 1, largest, segment)
    order = expected_order(x, 1, largest)[:, :k]
    np.testing.assert_array_equal(before.reshape(3, k), order)
    np.testing.assert_array_equal(y.reshape(3, k), np.take_along_axis(x, order, 1))


KTH, MEDIAN, NANMEDIAN, MODE = range(4)


@pytest.mark.parametrize("n", [1, 2, 9, 700])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_one_element_of_each_row(bench, n, dtype):
    x = sample((40, n), dtype, seed=n)
    x[5] = x[5, 0]
    x[20:22] = 3  # where a row ends, the next one goes on with the same number
    if dtype != np.int64:
        x[6] = np.nan
        x[7] = np.nan_to_num(x[7])
        x[8] = np.nan_to_num(x[8])
    order = expected_order(x, 1, False)
    ordered = np.take_along_axis(x, order, 1)
    for which in (KTH, MEDIAN, NANMEDIAN, MODE):
        k = n // 3
        operands = [read("x", ordered), places("before", order.astype(np.int32))]
        operands += [values_to("y", (40,), dtype), places("place", np.zeros(40, np.int64), "write")]
        constants = flags(x) | {"WHICH": ("u32", which)}
        y, place = bench.run("order_statistic", operands, [0, 0, 0, 0, 40, n, k], (3, 1, 1), constants)[2:]
        for row in range(40):
            nans = np.flatnonzero(np.isnan(x[row])) if dtype != np.int64 else []
            if which == KTH:
                at = order[row, k]
            elif which == MEDIAN:
                at = nans[0] if len(nans) else order[row, (n - 1) // 2]
            elif which == NANMEDIAN:
                at = order[row, max(n - len(nans) - 1, 0) // 2]
            else:
                known = ordered[row, : n - len(nans)]
                kinds, counts = np.unique(known, return_counts=True)
                at = np.flatnonzero(x[row] == kinds[np.argmax(counts)])[-1] if len(known) else 0
            assert place[row] == at
            np.testing.assert_array_equal(y[row], x[row, at])


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("sorter", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_search(bench, right, sorter, dtype):
    edges = np.sort(np.random.default_rng(1).integers(0, 60, (5, 77)), axis=1).astype(dtype)
    x = np.random.default_rng(2).integers(-3, 65, (5, 301)).astype(dtype)
    if dtype != np.int64:
        x[3, 5] = np.nan
    order = np.argsort(np.random.default_rng(3).random(edges.shape), axis=1)
    shuffled = np.empty_like(edges)
    np.put_along_axis(shuffled, order, edges, 1)
    operands = [read("edges", shuffled if sorter else edges), places("sorter", order), read("x", x)]
    operands += [places("y", np.zeros(x.shape, np.int64), "write")]
    constants = flags(x, RIGHT=right, SORTED=sorter, MEMBER=False, INVERT=False)
    y = bench.run("search", operands, [0, 0, 0, 0, x.size, 301, 77], (2, 1, 1), constants)[3]
    side = "right" if right else "left"
    np.testing.assert_array_equal(y, [np.searchsorted(e, v, side) for e, v in zip(edges, x, strict=True)])


def place_of(edges: np.ndarray, v: float, right: bool) -> int:
    """As PyTorch's search finds it: whatever it looks for, it goes on behind an edge that is nan."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if (edges[middle] > v) if right else (edges[middle] >= v):
            high = middle
        else:
            low = middle + 1
    return low


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("member", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_search_among_nan_edges(bench, right, member, dtype):
    edges = np.sort(np.random.default_rng(1).integers(0, 60, (6, 77)), axis=1).astype(dtype)
    for row, nans in enumerate([0, 1, 30, 39, 60, 77]):
        edges[row, 77 - nans :] = np.nan
    x = np.random.default_rng(2).integers(-3, 65, (6, 101)).astype(dtype)
    x[:, 5] = np.nan
    out = Operand("y", np.zeros(x.shape, np.bool_), "bool", "bool", "write")
    operands = [read("edges", edges), places("sorter", np.zeros(4, np.int32)), read("x", x)]
    operands.append(out if member else places("y", np.zeros(x.shape, np.int64), "write"))
    constants = flags(x, RIGHT=right and not member, SORTED=False, MEMBER=member, INVERT=False)
    y = bench.run("search", operands, [0, 0, 0, 0, x.size, 101, 77], (2, 1, 1), constants)[3]
    if member:
        expected = [np.isin(v, e) for e, v in zip(edges, x, strict=True)]
    else:
        expected = [[place_of(e, v, right) for v in row] for e, row in zip(edges, x, strict=True)]
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("invert", [False, True])
def test_membership(bench, invert):
    edges = np.sort(np.random.default_rng(1).integers(0, 900, 300).astype(np.float32))
    x = np.random.default_rng(2).integers(-3, 1000, 2000).astype(np.float32)
    edges[-1] = x[7] = np.nan
    operands = [read("edges", edges), places("sorter", np.zeros(4, np.int32)), read("x", x)]
    operands += [Operand("y", np.zeros(x.shape, np.bool_), "bool", "bool", "write")]
    constants = flags(x, RIGHT=False, SORTED=False, MEMBER=True, INVERT=invert)
    y = bench.run("search", operands, [0, 0, 0, 0, x.size, x.size, 300], (2, 1, 1), constants)[3]
    np.testing.assert_array_equal(y, np.isin(x, edges, invert=invert))


@pytest.mark.parametrize("unlike", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_distinct_elements(bench, dtype, unlike):
    x = np.random.default_rng(6).permutation(3000).astype(dtype) if unlike else sample((3000,), dtype, seed=5)
    order = expected_order(x, 0, False)
    ordered = x[order]
    operands = [read("x", ordered), places("y", np.full(3000, 7, np.int32), "write")]
    marks = bench.run("unique_edges", operands, [0, 0, 3000], (2, 1, 1))[1]
    number = np.cumsum(marks, dtype=np.int32)
    n = number[-1] + 1
    operands = [read("x", ordered), places("before", order.astype(np.int32)), places("number", number)]
    operands += [values_to("y", (n,), dtype)]
    operands += [places(name, np.zeros(m, np.int64), "write") for name, m in (("inverse", 3000), ("counts", n))]
    y, inverse, counts = bench.run("unique", operands, [0] * 6 + [3000], (2, 1, 1))[3:]
    # Each nan is one of its own.
    expected, expected_inverse, expected_counts = np.unique(x, return_inverse=True, return_counts=True, equal_nan=False)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(counts, expected_counts)
    nan = np.isnan(x) if dtype != np.int64 else np.zeros(3000, bool)
    np.testing.assert_array_equal(inverse[~nan], expected_inverse[~nan])
    assert sorted(inverse[nan]) == list(range(n - nan.sum(), n))
