"""Reductions in `shaders/` against NumPy: any dims of strided tensors, whole and in parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

SUM, PRODUCT, LARGEST, SMALLEST = range(4)
PLAIN, ABSOLUTE, SQUARE, NAN_IS_ZERO = range(4)
AS_IS, DIVIDED, SQUARE_ROOT = range(3)


@pytest.fixture(scope="module")
def bench(lane_bench: Bench) -> Bench:
    return lane_bench


def dims_of(x: np.ndarray, dims: Sequence[int]) -> list[int]:
    """Sizes and strides of some dims of a strided array, four of each, innermost last."""
    size = [x.shape[d] for d in dims]
    step = [x.strides[d] // x.itemsize for d in dims]
    return [1] * (4 - len(dims)) + size + [0] * (4 - len(dims)) + step


def offset_in(x: np.ndarray, memory: np.ndarray) -> int:
    start = x.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return start // x.itemsize


class Layout:
    """How one call sees a reduction of `x`, which lies in `memory`."""

    def __init__(self, x: np.ndarray, dims: Sequence[int], parts: int = 1) -> None:
        self.kept = [d for d in range(x.ndim) if d not in dims]
        self.outputs = int(np.prod([x.shape[d] for d in self.kept]))
        self.n = int(np.prod([x.shape[d] for d in dims]))
        self.dims = len(dims)
        self.chunk = -(-self.n // parts // 4) * 4 or 4
        self.parts = max(1, -(-self.n // self.chunk))
        self.words = dims_of(x, self.kept) + dims_of(x, dims)

    def fours(self, offset: int) -> bool:
        """Whether each result has one line of whole units of four elements."""
        n, step = self.words[11], self.words[15]
        kept = [step for n, step in zip(self.words[:4], self.words[4:8], strict=True) if n > 1]
        return self.dims == 1 and step == 1 and not any(k % 4 for k in [n, offset, *kept])

    def constants(self, lanes: int, columns: bool) -> dict:
        return {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "DIMS": ("u32", self.dims)}


def again(parts: int, outputs: int) -> Layout:
    """Of the results of parts, which stand one part after the other."""
    return Layout(np.empty((parts, outputs), np.float32), [0])


NAMES = {"float32": "f32", "float16": "f16", "float64": "f64"}
NAMES |= {"int64": "i64", "int32": "i32", "uint8": "u8", "bool": "bool"}
WIDTHS = {"f32": np.float32, "f64": np.float64, "i64": np.int64}


def compute_of(x: np.ndarray) -> str:
    return "f64" if x.dtype == np.float64 else "f32" if x.dtype.kind == "f" else "i64"


def lines(x: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    """A row for each result, of its elements in order."""
    kept = [d for d in range(x.ndim) if d not in dims]
    return x.transpose(*kept, *dims).reshape(int(np.prod([x.shape[d] for d in kept])), -1)


# No two dims of either kind lie side by side, so that none can be walked as one.
APART = [((3, 2, 5, 4, 2, 3), [1, 3, 5]), ((3, 2, 2, 3, 4, 5, 5, 2), [0, 2, 4, 6]), ((3, 5, 2, 4), [1, 3])]


def reduce(
    bench: Bench,
    memory: np.ndarray,
    x: np.ndarray,
    dims: Sequence[int],
    fold: int,
    *,
    before: int = PLAIN,
    after: int = AS_IS,
    number: float = 1.0,
    lanes: int = 256,
    columns: bool = False,
    groups: tuple[int, int] = (2, 1),
    parts: int = 1,
    out: type = np.float32,
) -> np.ndarray:
    compute = compute_of(x)
    wide = WIDTHS[compute]

    def call(
        data: np.ndarray, layout: Layout, offset: int, before: int, after: int, out: type, lanes: int
    ) -> np.ndarray:
        constants = layout.constants(lanes, columns) | {
            "FOLD": ("u32", fold),
            "BEFORE": ("u32", before),
            "AFTER": ("u32", after),
            "FLOAT": ("bool", compute != "i64"),
        }
        words = [*layout.words, offset, 3, layout.outputs, layout.n, layout.parts, layout.chunk, float(number)]
        y = np.full(3 + layout.parts * layout.outputs, 7, out)
        operands = [
            Operand("x", data, NAMES[data.dtype.name], compute, fours=layout.fours(offset)),
            Operand("y", y, NAMES[y.dtype.name], compute, "write"),
        ]
        y = bench.run("reduce", operands, words, (*groups, 1), constants)[1]
        assert (y[:3] == 7).all()
        return y[3:]

    layout = Layout(x, dims, parts)
    offset = offset_in(x, memory)
    if layout.parts == 1:
        y = call(memory, layout, offset, before, after, out, lanes)
    else:
        some = call(memory, layout, offset, before, AS_IS, wide, lanes)
        y = call(some, again(layout.parts, layout.outputs), 0, PLAIN, after, out, min(lanes, 32))
    return y.reshape([x.shape[d] for d in layout.kept])


def sample(shape: Sequence[int], dtype: type = np.float32, seed: int = 0) -> np.ndarray:
    r = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return r.standard_normal(shape).astype(dtype)
    return r.integers(-50, 50, shape).astype(dtype) if dtype != np.bool_ else r.random(shape) < 0.3


CASES = [
    # shape, reduced dims, lanes, columns, parts
    ((7, 1000), [1], 256, False, 1),
    ((7, 1000), [1], 64, False, 1),
    ((7, 1001), [1], 128, False, 1),
    ((7, 999), [1], 2, False, 1),
    ((9, 4000), [1], 256, False, 3),
    ((1000, 7), [1], 8, False, 1),
    ((1000, 37), [0], 1, False, 1),
    ((1000, 37), [0], 8, True, 1),
    ((1000, 37), [0], 8, True, 5),
    ((70001,), [0], 256, False, 9),
    ((3, 4, 5, 6), [0, 2], 16, False, 1),
    ((3, 4, 5, 6), [1, 3], 4, True, 1),
    ((5, 1), [1], 1, False, 1),
]


@pytest.mark.parametrize(("shape", "dims", "lanes", "columns", "parts"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64])
def test_sums_of_any_shape(bench, shape, dims, lanes, columns, parts, dtype):
    x = sample(shape, dtype)
    y = reduce(bench, x, x, dims, SUM, lanes=lanes, columns=columns, parts=parts, out=dtype)
    wide = np.float64 if x.dtype.kind == "f" else np.int64
    expected = x.sum(axis=tuple(dims), dtype=wide)
    if x.dtype.kind == "f":
        rtol, atol = {2: (2e-3, 1e-3), 4: (2e-5, 1e-3), 8: (1e-13, 1e-11)}[x.itemsize]
        np.testing.assert_allclose(y, expected, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("shape", "dims"), APART)
def test_sums_over_dims_apart(bench, shape, dims):
    x = sample(shape, np.int64)
    y = reduce(bench, x, x, dims, SUM, lanes=8, out=np.int64)
    np.testing.assert_array_equal(y.reshape(-1), lines(x, dims).sum(1))


@pytest.mark.parametrize("view", ["transposed", "stepped", "expanded"])
def test_sums_of_strided_views(bench, view):
    memory = sample((41, 29, 11))
    x = {
        "transposed": memory.transpose(2, 0, 1)[1:, :, 3:],
        "stepped": memory[1::2, ::3, ::2],
        "expanded": np.broadcast_to(memory[3, :, None, :], (29, 6, 11)),
    }[view]
    for dims in ([0], [1], [2], [0, 2], [1, 2], [0, 1, 2]):
        y = reduce(bench, memory, x, dims, SUM, lanes=32)
        np.testing.assert_allclose(y, x.sum(axis=tuple(dims), dtype=np.float64), rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("parts", [1, 4])
def test_products_and_extremes(bench, parts):
    x = sample((6, 300)) * 0.1 + 1
    y = reduce(bench, x, x, [1], PRODUCT, parts=parts)
    np.testing.assert_allclose(y, x.prod(axis=1, dtype=np.float64), rtol=1e-4)
    for fold, f in ((LARGEST, np.max), (SMALLEST, np.min)):
        np.testing.assert_array_equal(reduce(bench, x, x, [1], fold, parts=parts), f(x, axis=1))
        np.testing.assert_array_equal(reduce(bench, x, x, [0], fold, lanes=1), f(x, axis=0))
    i = sample((6, 300), np.int64) * 2**40
    for fold, f in ((LARGEST, np.max), (SMALLEST, np.min)):
        y = reduce(bench, i, i, [1], fold, parts=parts, out=np.int64)
        np.testing.assert_array_equal(y, f(i, axis=1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_are_nan_if_any_element_is(bench, dtype):
    x = sample((6, 300), dtype)
    x[1, 7] = x[2, 0] = x[3, 299] = np.nan
    x[4, 9] = np.inf
    x[5] = -np.inf
    for fold, f in ((LARGEST, np.max), (SMALLEST, np.min)):
        for lanes, parts in ((256, 1), (32, 3), (1, 1)):
            y = reduce(bench, x, x, [1], fold, lanes=lanes, parts=parts, out=dtype)
            np.testing.assert_array_equal(y, f(x, axis=1))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_means_and_norms(bench, parts, dtype):
    x = sample((5, 777), dtype)
    wide = x.astype(np.float64)
    part = 1.0 if dtype == np.float32 else 1e-8
    given = {"parts": parts, "out": dtype}
    y = reduce(bench, x, x, [1], SUM, after=DIVIDED, number=777.0, **given)
    np.testing.assert_allclose(y, wide.mean(axis=1), rtol=1e-4 * part, atol=1e-6 * part)
    y = reduce(bench, x, x, [1], SUM, before=ABSOLUTE, **given)
    np.testing.assert_allclose(y, np.abs(wide).sum(axis=1), rtol=1e-5 * part)
    y = reduce(bench, x, x, [1], SUM, before=SQUARE, after=SQUARE_ROOT, **given)
    np.testing.assert_allclose(y, np.sqrt((wide**2).sum(axis=1)), rtol=1e-5 * part)
    y = reduce(bench, x, x, [1], LARGEST, before=ABSOLUTE, **given)
    np.testing.assert_array_equal(y, np.abs(x).max(axis=1))
    y = reduce(bench, x, x, [1], SMALLEST, before=ABSOLUTE, **given)
    np.testing.assert_array_equal(y, np.abs(x).min(axis=1))
    x[2, 5] = np.nan
    y = reduce(bench, x, x, [1], SUM, before=NAN_IS_ZERO, **given)
    np.testing.assert_allclose(y, np.nansum(x.astype(np.float64), axis=1), rtol=1e-4 * part, atol=1e-4 * part)


def test_bools_count_as_integers(bench):
    x = sample((9, 500), np.bool_)
    np.testing.assert_array_equal(reduce(bench, x, x, [1], SUM, out=np.int64), x.sum(axis=1))


ANY, ALL, COUNT = range(3)
TRUTHS = {ANY: np.any, ALL: np.all, COUNT: np.count_nonzero}


def truth(bench, x, dims, result, lanes, columns, parts):
    layout = Layout(x, dims, parts)
    kind, out = ("bool", np.bool_) if result != COUNT else ("i64", np.int64)

    def call(operand, layout, lanes, columns):
        y = Operand("y", np.zeros(layout.parts * layout.outputs, out), kind, kind, "write")
        words = [*layout.words, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        constants = layout.constants(lanes, columns) | {"RESULT": ("u32", result)}
        return bench.run("truth", [operand, y], words, (2, 1, 1), constants)[1]

    y = call(Operand("x", x, NAMES[x.dtype.name], "bool", fours=layout.fours(0)), layout, lanes, columns)
    if result == COUNT:
        return y.reshape(layout.parts, -1).sum(axis=0)
    if layout.parts > 1:
        y = call(Operand("x", y, kind, kind), again(layout.parts, layout.outputs), 1, False)
    return y


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("dtype", [np.bool_, np.float32, np.float64, np.int64, np.float16])
@pytest.mark.parametrize("n", [333, 400])
def test_truth(bench, dtype, parts, n):
    x = sample((11, n), np.int64)
    x[0] = 0
    x[1] = 3
    x[2] = 0
    x[2, 0] = 1
    x[3, 100] = 0
    x = x.astype(dtype)
    for result, f in TRUTHS.items():
        for lanes, columns in ((256, False), (16, True)):
            np.testing.assert_array_equal(truth(bench, x, [1], result, lanes, columns, parts), f(x, axis=1))


@pytest.mark.parametrize(("shape", "dims"), APART)
def test_truth_over_dims_apart(bench, shape, dims):
    few = 1 / lines(np.empty(shape), dims).shape[1]
    for result, share in ((ANY, 1 - few), (ALL, few), (COUNT, 0.5)):
        x = np.random.default_rng(4).random(shape) > share
        expected = TRUTHS[result](lines(x, dims), axis=1)
        assert len(np.unique(expected)) > 1
        np.testing.assert_array_equal(truth(bench, x, dims, result, 8, False, 1), expected)


def places_of(bench, memory, x, dims, largest, lanes, columns, parts):
    layout = Layout(x, dims, parts)
    compute = compute_of(x)

    def call(data, before, layout, offset, repeated, lanes):
        y = np.zeros(layout.parts * layout.outputs, WIDTHS[compute])
        operands = [
            Operand("x", data, NAMES[data.dtype.name], compute, fours=layout.fours(offset)),
            Operand("before", before, "i32", "i32"),
            Operand("y", y, NAMES[y.dtype.name], compute, "write"),
            Operand("place", np.zeros(len(y), np.int32), "i32", "i32", "write"),
        ]
        words = [*layout.words, offset, 0, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        constants = layout.constants(lanes, columns) | {
            "LARGEST": ("bool", largest),
            "AGAIN": ("bool", repeated),
            "FLOAT": ("bool", compute != "i64"),
        }
        return bench.run("arg", operands, words, (3, 1, 1), constants)[2:]

    y, place = call(memory, np.zeros(4, np.int32), layout, offset_in(x, memory), False, lanes)
    if layout.parts > 1:
        y, place = call(y, place, again(layout.parts, layout.outputs), 0, True, min(lanes, 4))
    return y, place


@pytest.mark.parametrize("parts", [1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64])
@pytest.mark.parametrize(
    ("dims", "lanes", "columns"), [([1], 256, False), ([0], 8, True), ([0], 1, False), ([0, 1], 64, False)]
)
def test_places_of_extremes(bench, dtype, dims, lanes, columns, parts):
    memory = np.round(sample((311, 2 * 40), dtype, seed=3) * 4)
    if dtype != np.int64:
        memory[5, 10] = memory[5, 20] = memory[70, 10] = np.nan
    memory = memory.astype(dtype)
    x = memory[:, 2::2]
    axis = dims[0] if len(dims) == 1 else None
    for largest in (True, False):
        y, place = places_of(bench, memory, x, dims, largest, lanes, columns, parts)
        # NumPy's finds the first nan, too.
        expected = (np.argmax if largest else np.argmin)(x, axis=axis)
        np.testing.assert_array_equal(place.reshape(np.shape(expected)), expected)
        np.testing.assert_array_equal(y.reshape(np.shape(expected)), (np.max if largest else np.min)(x, axis=axis))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(("shape", "dims"), APART)
def test_places_of_extremes_over_dims_apart(bench, shape, dims, parts):
    x = np.random.default_rng(5).permutation(int(np.prod(shape))).reshape(shape)
    y, place = places_of(bench, x, x, dims, True, 8, False, parts)
    np.testing.assert_array_equal(place, lines(x, dims).argmax(1))
    np.testing.assert_array_equal(y, lines(x, dims).max(1))


M2, VARIANCE, DEVIATION, RECIPROCAL = range(4)


ROWS = ((4, 3000), [1], 256, False)
MOMENTS = [ROWS, ((900, 5), [0], 32, True), ((300, 9), [1], 4, False), ((6, 5, 70), [0, 2], 64, False)]


@pytest.mark.parametrize("parts", [1, 6])
@pytest.mark.parametrize(
    ("shape", "dims", "lanes", "columns", "dtype"),
    [
        *((*case, dtype) for case in MOMENTS for dtype in (np.float32, np.float16)),
        *((*case, 8, False, np.float32) for case in APART),
        (*ROWS, np.float64),
    ],
)
def test_moments(bench, shape, dims, lanes, columns, parts, dtype):
    # A mean far from 0 must not cost the deviations their digits.
    x = (sample(shape) + (3 if dtype == np.float16 else 1000)).astype(dtype)
    layout = Layout(x, dims, parts)
    compute, part = compute_of(x), 1e-6 if dtype == np.float64 else 1.0
    wide = x.astype(np.float64)
    variance = wide.var(axis=tuple(dims)).reshape(-1)
    number = layout.n - 1.0

    def call(data, m2, layout, spread, number, lanes, repeated, size, total):
        y = np.zeros(layout.parts * layout.outputs, WIDTHS[compute])
        operands = [
            Operand("x", data, NAMES[data.dtype.name], compute, fours=layout.fours(0)),
            Operand("m2", m2.astype(y.dtype), compute, compute),
            Operand("mean", y, compute, compute, "write"),
            Operand("spread", y.copy(), compute, compute, "write"),
        ]
        words = [*layout.words, 0, 0, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        words += [size, total, float(number)]
        constants = layout.constants(lanes, columns) | {"SPREAD": ("u32", spread), "AGAIN": ("bool", repeated)}
        return bench.run("moments", operands, words, (3, 1, 1), constants)[2:]

    expected = {
        M2: variance * layout.n,
        VARIANCE: variance * layout.n / number,
        DEVIATION: np.sqrt(variance * layout.n / number),
        RECIPROCAL: 1 / np.sqrt(variance + 1e-5),
    }
    for spread, result in expected.items():
        given = 1e-5 if spread == RECIPROCAL else number
        if layout.parts == 1:
            mean, y = call(x, np.zeros(4, np.float32), layout, spread, given, lanes, False, 1, 1)
        else:
            mean, y = call(x, np.zeros(4, np.float32), layout, M2, 0.0, lanes, False, 1, 1)
            second = again(layout.parts, layout.outputs)
            mean, y = call(mean, y, second, spread, given, 2, True, layout.chunk, layout.n)
        np.testing.assert_allclose(mean, wide.mean(axis=tuple(dims)).reshape(-1), rtol=1e-6 * part)
        np.testing.assert_allclose(y, result, rtol=3e-4 * part)


def log_sums(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.logaddexp.reduce(x.astype(np.longdouble), axis=1)


def logsumexp(bench, x, dims, lanes, columns, parts):
    """The results, after those of parts were compared with NumPy's."""
    layout = Layout(x, dims, parts)
    compute, rtol = (compute_of(x), 1e-13) if x.dtype == np.float64 else ("f32", 1e-6)

    def call(data, layout, lanes):
        y = np.zeros(layout.parts * layout.outputs, WIDTHS[compute])
        operands = [Operand("x", data, NAMES[data.dtype.name], compute, fours=layout.fours(0))]
        operands.append(Operand("y", y, compute, compute, "write"))
        words = [*layout.words, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        return bench.run("logsumexp", operands, words, (3, 1, 1), layout.constants(lanes, columns))[1]

    y = call(x, layout, lanes)
    if layout.parts > 1:
        for k, some in enumerate(y.reshape(layout.parts, -1)):
            expected = log_sums(lines(x, dims)[:, k * layout.chunk : (k + 1) * layout.chunk])
            np.testing.assert_allclose(some, expected.astype(y.dtype), rtol=rtol)
        y = call(y, again(layout.parts, layout.outputs), 4)
    np.testing.assert_allclose(y, log_sums(lines(x, dims)).astype(y.dtype), rtol=rtol)


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize(("dims", "lanes", "columns"), [([1], 256, False), ([0], 8, True)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_of_sums_of_exponentials(bench, dims, lanes, columns, parts, dtype):
    x = sample((333, 400), dtype) * dtype(30)
    x[3, 4] = np.inf
    x[5, 6] = np.nan
    x[7] = -np.inf
    x[:, 9] = -np.inf
    logsumexp(bench, x, dims, lanes, columns, parts)


@pytest.mark.parametrize(("shape", "dims"), APART)
def test_logarithms_of_sums_over_dims_apart(bench, shape, dims):
    logsumexp(bench, sample(shape) * 3 + 5, dims, 8, False, 1)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis", "lanes", "columns"),
    [((7, 1000), 1, 256, False), ((600, 10), 1, 16, False), ((3, 50, 37), 1, 8, True), ((3, 50, 37), 0, 1, False)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_softmax(bench, shape, axis, lanes, columns, log, dtype):
    x = (sample(shape) * 5).astype(dtype)
    x.reshape(-1)[3] = -np.inf
    inner = int(np.prod(shape[axis + 1 :]))
    lines = x.size // shape[axis]
    name, compute = NAMES[x.dtype.name], compute_of(x)
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "LOG": ("bool", log)}
    fours = inner == 1 and shape[axis] % 4 == 0
    operands = [
        Operand("x", x, name, compute, fours=fours),
        Operand("y", np.zeros_like(x), name, compute, "write", fours),
    ]
    y = bench.run("softmax", operands, [0, 0, lines, shape[axis], inner], (2, 1, 1), constants)[1]
    wide = x.astype(np.longdouble)
    expected = wide - np.logaddexp.reduce(wide, axis=axis, keepdims=True)
    expected = expected if log else np.exp(expected)
    rtol, atol = {2: (2e-3, 2e-3), 4: (1e-5, 2e-5), 8: (1e-13, 1e-13)}[x.itemsize]
    np.testing.assert_allclose(y, expected.astype(np.float64), rtol=rtol, atol=atol / 20)

    g = sample(shape, seed=1).astype(dtype)
    y = np.where(np.isfinite(y), y, -1e4).astype(dtype)
    operands = [
        Operand("g", g, name, compute, fours=fours),
        Operand("y", y, name, compute, fours=fours),
        Operand("gx", np.zeros_like(x), name, compute, "write", fours),
    ]
    gx = bench.run("softmax_backward", operands, [0, 0, 0, lines, shape[axis], inner], (2, 1, 1), constants)[2]
    g, y = g.astype(np.longdouble), y.astype(np.longdouble)
    if log:
        expected = g - np.exp(y) * g.sum(axis=axis, keepdims=True)
    else:
        expected = (g - (g * y).sum(axis=axis, keepdims=True)) * y
    np.testing.assert_allclose(gx, expected.astype(np.float64), rtol=rtol, atol=atol)


def test_softmax_of_a_line_that_is_hidden_is_nan(bench):
    x = sample((3, 70))
    x[1] = -np.inf
    x[2, 5] = np.nan
    for log in (False, True):
        constants = {"LANES": ("u32", 32), "COLUMNS": ("bool", False), "LOG": ("bool", log)}
        operands = [Operand("x", x, "f32", "f32"), Operand("y", np.zeros_like(x), "f32", "f32", "write")]
        y = bench.run("softmax", operands, [0, 0, 3, 70, 1], (1, 1, 1), constants)[1]
        assert np.isfinite(y[0]).all()
        assert np.isnan(y[1:]).all()
