"""The shaders of windows (pooling, resampling, fold), run through wgpu-py against NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

DTYPES: dict[str, Any] = {"f32": np.float32, "f16": np.float16, "i32": np.int32, "i64": np.int64, "u8": np.uint8}
DTYPES["f64"] = np.float64
COMPUTE = {"f32": "f32", "f64": "f64", "f16": "f32", "i32": "i32", "i64": "i64", "u8": "i32"}
Three = tuple[int, int, int]


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def three(v: tuple[int, ...], fill: int) -> list[int]:
    return [fill] * (3 - len(v)) + list(v)


def made(rng: np.random.Generator, shape: tuple[int, ...], memory: str) -> np.ndarray:
    if memory[0] == "f":
        return rng.standard_normal(shape).astype(DTYPES[memory])
    return rng.integers(0 if memory == "u8" else -9, 9, shape).astype(DTYPES[memory])


def operand(name: str, x: np.ndarray, memory: str, offset: int, role: str = "read") -> Operand:
    """The elements at an offset, with others before and after them: ones around a result."""
    around = 3 if role == "read" else 1
    data = np.concatenate([np.full(offset, around, x.dtype), x.ravel(), np.full(5, around, x.dtype)])
    return Operand(name, data, memory, COMPUTE[memory], role)


def inside(after: np.ndarray, offset: int, shape: Any) -> np.ndarray:
    assert (after[:offset] == 1).all() and (after[-5:] == 1).all()
    return after[offset:-5].reshape(shape)


# ---- pooling --------------------------------------------------------------------------------------------------------


class Pool:
    def __init__(self, planes: int, size: Any, kernel: Any = (), outputs: Any = None, **o: Any) -> None:
        self.planes, self.input, self.kernel = planes, three(size, 1), three(kernel, 1)
        self.stride = three(o.get("stride", kernel), 1)
        self.padding, self.dilation = three(o.get("padding", ()), 0), three(o.get("dilation", ()), 1)
        # Where windows that do not lie evenly begin, of each plane along each dim.
        self.starts: list[list[list[int]]] | None = o.get("starts")
        self.adaptive = outputs is not None
        if self.starts:
            self.output = [len(of_dim) for of_dim in self.starts[0]]
            return
        if outputs is not None:
            self.output = three(outputs, 1)
            return
        self.output = []
        for n, k, s, p, d in zip(self.input, self.kernel, self.stride, self.padding, self.dilation, strict=True):
            room = n + 2 * p - d * (k - 1) - 1
            out = -(-room // s) + 1 if o.get("ceil") else room // s + 1
            self.output.append(out - 1 if (out - 1) * s >= n + p else out)

    def window(self, plane: int, dim: int, o: int) -> list[int]:
        n = self.input[dim]
        if self.starts:
            start = self.starts[plane][dim][o]
            return list(range(start, start + self.kernel[dim]))
        if self.adaptive:
            m = self.output[dim]
            return list(range(o * n // m, -(-(o + 1) * n // m)))
        start = o * self.stride[dim] - self.padding[dim]
        return [
            i for i in range(start, start + self.dilation[dim] * self.kernel[dim], self.dilation[dim]) if 0 <= i < n
        ]

    def maxima(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y = np.zeros((self.planes, *self.output), x.dtype)
        index = np.zeros(y.shape, np.int64)
        for at in product(*map(range, y.shape)):
            places = list(product(*(self.window(at[0], d, o) for d, o in enumerate(at[1:]))))
            best = places[0]
            for place in places:
                v, top = x[(at[0], *place)], x[(at[0], *best)]
                if v > top or v != v:
                    best = place
            y[at] = x[(at[0], *best)]
            index[at] = np.ravel_multi_index(best, self.input)
        return y, index

    def params(self, x: int, y: int, index: int) -> list[int]:
        words = [
            self.planes,
            x,
            y,
            index,
            *self.input,
            int(np.prod(self.input)),
            *self.output,
            int(np.prod(self.output)),
        ]
        for v in (self.kernel, self.stride, self.padding, self.dilation):
            words += [*v, 0]
        return words


POOLS = [
    pytest.param(Pool(3, (9, 8), (2, 2)), id="plain"),
    pytest.param(Pool(2, (13, 11), (3, 3), stride=(2, 2), padding=(1, 1), ceil=True), id="overlapping, padded, ceil"),
    pytest.param(Pool(2, (40,), (3,), stride=(2,), padding=(1,), dilation=(3,)), id="one dim, dilated"),
    pytest.param(Pool(1, (5, 6, 7), (2, 3, 2), stride=(1, 2, 3), padding=(1, 1, 0)), id="three dims"),
    pytest.param(Pool(2, (7, 2), (2, 2), stride=(1, 1)), id="one column of windows"),
    pytest.param(Pool(2, (13, 11), outputs=(5, 11)), id="adaptive"),
    pytest.param(Pool(2, (4, 3, 5), outputs=(7, 2, 3)), id="adaptive, more outputs"),
]
UNEVEN = [
    pytest.param(Pool(2, (9, 8), (2, 3), starts=[[[0], [0, 3, 7], [0, 5]], [[0], [1, 4, 7], [2, 5]]]), id="uneven"),
    pytest.param(Pool(1, (5, 4, 3), (2, 2, 1), starts=[[[0, 3], [0, 1, 2], [2]]]), id="uneven, three dims"),
]


@pytest.mark.parametrize(
    ("lanes", "memory"),
    [(1, "f32"), (4, "f32"), (256, "f32"), (4, "f64"), (256, "f16"), (1, "f16"), (4, "i64"), (256, "i64"), (1, "u8")],
)
@pytest.mark.parametrize("pool", [*POOLS, *UNEVEN])
def test_max_pool(lane_bench: Bench, pool: Pool, memory: str, lanes: int) -> None:
    rng = np.random.default_rng(1)
    # Few values, so that there are ties.
    x = np.round(made(rng, (pool.planes, *pool.input), memory))
    if memory[0] == "f":
        x.ravel()[::17] = np.nan
        x.ravel()[1::5] = -np.inf
    want, places = pool.maxima(x)
    y, index = np.zeros_like(want), np.zeros_like(places)
    operands = [
        operand("x", x, memory, 2),
        operand("y", y, memory, 1, "write"),
        operand("index", index, "i64", 3, "write"),
        operand("starts", np.array([sum(plane, []) for plane in pool.starts or [[[0]]]], np.int32), "i32", 5),
    ]
    constants: Any = {"ADAPTIVE": ("bool", pool.adaptive), "LANES": ("u32", lanes), "COLUMNS": ("bool", False)}
    constants["UNEVEN"] = ("bool", pool.starts is not None)
    _, after, at, _ = lane_bench.run("max_pool", operands, [*pool.params(2, 1, 3), 5], (2, 1, 1), constants)
    np.testing.assert_array_equal(inside(after, 1, want.shape), want)
    np.testing.assert_array_equal(inside(at, 3, places.shape), places)


@pytest.mark.parametrize("memory", ["f32", "f16", "f64", "i32"])
@pytest.mark.parametrize("pool", POOLS)
def test_max_pool_backward(bench: Bench, pool: Pool, memory: str) -> None:
    rng = np.random.default_rng(2)
    _, places = pool.maxima(np.round(made(rng, (pool.planes, *pool.input), "f32")))
    g = made(rng, places.shape, memory)
    planes = np.arange(pool.planes).repeat(int(np.prod(pool.output)))
    want = np.zeros((pool.planes, int(np.prod(pool.input))), np.float64)
    np.add.at(want, (planes, places.ravel()), g.ravel())
    y = np.zeros(want.shape, DTYPES[memory])
    operands = [operand("x", g, memory, 2), operand("index", places, "i64", 3), operand("y", y, memory, 1, "write")]
    constants: Any = {"ADAPTIVE": ("bool", pool.adaptive)}
    after = bench.run("max_pool_backward", operands, pool.params(2, 1, 3), (2, 1, 1), constants)[2]
    tolerance = 2e-3 if memory == "f16" else 1e-6
    np.testing.assert_allclose(inside(after, 1, want.shape), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("bad", [None, -1, 50])
@pytest.mark.parametrize("memory", ["f32", "f64", "i32"])
def test_moves_by_index(bench: Bench, memory: str, bad: int | None) -> None:
    rng = np.random.default_rng(3)
    planes, plane, places = 30, 50, 37
    index = rng.integers(0, plane, (planes, places))
    distinct = np.stack([rng.permutation(plane)[:places] for _ in range(planes)])
    if bad is not None:
        index[1, 5] = distinct[2, 7] = bad
    rows = np.arange(planes)[:, None]
    x, few = made(rng, (planes, plane), memory), made(rng, (planes, places), memory)
    fault = Operand("fault", np.zeros(4, np.uint32), "i32", "i32", "add")
    params = [planes, plane, places, 2, 1, 3]

    y = np.zeros((planes, places), DTYPES[memory])
    operands = [
        operand("x", x, memory, 2),
        operand("index", index, "i64", 3),
        operand("y", y, memory, 1, "write"),
        fault,
    ]
    *_, after, faults = bench.run("pool_gather", operands, params, (2, 1, 1))
    if bad is None:
        np.testing.assert_array_equal(inside(after, 1, y.shape), x[rows, index])
    assert faults[0] == int(bad is not None)

    y = np.zeros((planes, plane), DTYPES[memory])
    operands = [
        operand("x", few, memory, 2),
        operand("index", index, "i64", 3),
        operand("y", y, memory, 1, "add"),
        fault,
    ]
    *_, after, faults = bench.run("pool_scatter", operands, params, (2, 1, 1))
    if bad is None:
        np.add.at(y, (rows, index), few)
        np.testing.assert_allclose(inside(after, 1, y.shape), y, rtol=1e-6, atol=1e-6)
    assert faults[0] == int(bad is not None)

    y = np.zeros((planes, plane), DTYPES[memory])
    write = operand("y", y, memory, 1, "write")
    operands = [operand("x", few, memory, 2), operand("index", distinct, "i64", 3), write, fault]
    *_, after, faults = bench.run("unpool", operands, params, (2, 1, 1))
    if bad is None:
        y[rows, distinct] = few
        np.testing.assert_array_equal(inside(after, 1, y.shape), y)
    assert faults[0] == int(bad is not None)


# ---- resampling ------------------------------------------------------------------------------------------------------


class Axis:
    """A sparse matrix by rows, as a dense one and as the tables have it."""

    def __init__(self, rows: list[list[tuple[int, float]]], inputs: int) -> None:
        self.dense = np.zeros((len(rows), inputs))
        self.starts, self.taps, self.weights = [0], list[int](), list[float]()
        for o, row in enumerate(rows):
            for i, w in row:
                self.dense[o, i] += w
                self.taps.append(i)
                self.weights.append(w)
            self.starts.append(len(self.taps))


def axes(rng: np.random.Generator, inputs: Three, outputs: Three, kind: str) -> list[Axis]:
    made = []
    for n, m in zip(inputs, outputs, strict=True):
        rows = []
        for _ in range(m):
            count = 1 if kind == "moves" else int(rng.integers(0, 4))
            weights = (
                rng.standard_normal(count).astype(np.float32) if kind == "weighted" else np.ones(count, np.float32)
            )
            rows.append([(int(i), float(w)) for i, w in zip(rng.integers(0, n, count), weights, strict=True)])
        made.append(Axis(rows, n))
    return made


@pytest.mark.parametrize(
    ("memory", "kind"),
    [
        ("f32", "weighted"),
        ("f64", "weighted"),
        ("f32", "sums"),
        ("f32", "moves"),
        ("f16", "weighted"),
        ("i64", "sums"),
        ("u8", "moves"),
    ],
)
@pytest.mark.parametrize(
    ("inputs", "outputs"), [((3, 5, 7), (4, 6, 2)), ((1, 9, 8), (1, 12, 15)), ((1, 1, 600), (1, 1, 9))]
)
def test_resample(bench: Bench, memory: str, kind: str, inputs: Three, outputs: Three) -> None:
    rng = np.random.default_rng(4)
    planes = 3
    x = made(rng, (planes, *inputs), memory)
    maps = axes(rng, inputs, outputs, kind)
    wide: Any = np.float64 if memory[0] == "f" else np.int64
    matrices = [m.dense.astype(wide) for m in maps]
    want = np.einsum("ad,bh,cw,pdhw->pabc", *matrices, x.astype(wide))
    words, starts, taps = [7], list[int](), list[int]()
    for m in maps:
        starts.append(len(words))
        words += m.starts
    first = len(words)
    for m in maps:
        taps.append(len(words))
        words += m.taps
    table = Operand("table", np.array(words, np.int32), "i32", "i32")
    floats = "f64" if memory == "f64" else "f32"
    weight = Operand("weight", np.array([w for m in maps for w in m.weights], DTYPES[floats]), floats, floats)
    operands = [operand("x", x, memory, 2), operand("y", want.astype(DTYPES[memory]) * 0, memory, 1, "write")]
    operands += [table, weight]
    params = [planes, 2, 1, 0, *inputs, int(np.prod(inputs)), *outputs, int(np.prod(outputs)), *starts, 0, *taps, first]
    constants: Any = {"WEIGHTED": ("bool", kind == "weighted"), "MOVES": ("bool", kind == "moves")}
    after = bench.run("resample", operands, params, (2, 1, 1), constants)[1]
    tolerance = {"f32": 1e-5, "f64": 1e-13, "f16": 4e-3}.get(memory, 0)
    np.testing.assert_allclose(inside(after, 1, want.shape), want, rtol=tolerance, atol=tolerance)


# ---- windows as columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", ["f32", "f16", "f64", "i64"])
@pytest.mark.parametrize(
    "pool",
    [
        Pool(3, (9, 8), (2, 3), stride=(2, 1)),
        Pool(2, (13, 11), (3, 3), stride=(1, 2), padding=(1, 4), dilation=(2, 3)),
        Pool(2, (9, 9), (1, 2), stride=(4, 3)),
    ],
)
def test_fold(bench: Bench, pool: Pool, memory: str) -> None:
    rng = np.random.default_rng(5)
    size, kernel, count = pool.input[1:], pool.kernel[1:], pool.output[1:]
    x = made(rng, (pool.planes, *size), memory)
    columns = made(rng, (pool.planes, *kernel, *count), memory)
    unfolded = np.zeros_like(columns)
    folded = np.zeros(x.shape, np.float64)
    for tap in product(*map(range, kernel)):
        for window in product(*map(range, count)):
            at = tuple(
                w * s + t * d - p
                for w, s, t, d, p in zip(window, pool.stride[1:], tap, pool.dilation[1:], pool.padding[1:], strict=True)
            )
            if all(0 <= i < n for i, n in zip(at, size, strict=True)):
                unfolded[(slice(None), *tap, *window)] = x[(slice(None), *at)]
                folded[(slice(None), *at)] += columns[(slice(None), *tap, *window)]
    params = [pool.planes, 2, 1, 0]
    for v in (size, count, kernel, pool.stride[1:], pool.padding[1:], pool.dilation[1:]):
        params += [*v, 0, 0]
    y = operand("y", np.zeros_like(columns), memory, 1, "write")
    after = bench.run("unfold", [operand("x", x, memory, 2), y], params, (2, 1, 1))[1]
    np.testing.assert_array_equal(inside(after, 1, columns.shape), unfolded)
    y = operand("y", np.zeros_like(x), memory, 1, "write")
    after = bench.run("fold", [operand("x", columns, memory, 2), y], params, (2, 1, 1))[1]
    tolerance = {"f32": 1e-5, "f16": 4e-3}.get(memory, 0)
    np.testing.assert_allclose(inside(after, 1, x.shape), folded, rtol=tolerance, atol=tolerance)
