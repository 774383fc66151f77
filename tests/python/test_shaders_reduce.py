"""Reductions in `shaders/` against NumPy: any dims of strided tensors, whole and in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

SUM, PRODUCT, LARGEST, SMALLEST = range(4)
PLAIN, ABSOLUTE, SQUARE, NAN_IS_ZERO = range(4)
AS_IS, DIVIDED, SQUARE_ROOT = range(3)


@pytest.fixture(scope="module", params=["subgroups", "alone"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield Bench(subgroups=request.param == "subgroups")


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


NAMES = {"float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32", "uint8": "u8", "bool": "bool"}


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
    compute = "f32" if x.dtype.kind == "f" else "i64"
    wide = np.float32 if compute == "f32" else np.int64

    def call(
        data: np.ndarray, layout: Layout, offset: int, before: int, after: int, out: type, lanes: int
    ) -> np.ndarray:
        constants = layout.constants(lanes, columns) | {
            "FOLD": ("u32", fold),
            "BEFORE": ("u32", before),
            "AFTER": ("u32", after),
            "FLOAT": ("bool", compute == "f32"),
        }
        words = [*layout.words, offset, 3, layout.outputs, layout.n, layout.parts, layout.chunk, np.float32(number)]
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
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_sums_of_any_shape(bench, shape, dims, lanes, columns, parts, dtype):
    x = sample(shape, dtype)
    y = reduce(bench, x, x, dims, SUM, lanes=lanes, columns=columns, parts=parts, out=dtype)
    wide = np.float64 if x.dtype.kind == "f" else np.int64
    expected = x.sum(axis=tuple(dims), dtype=wide)
    if x.dtype.kind == "f":
        np.testing.assert_allclose(y, expected, rtol=2e-3 if dtype == np.float16 else 2e-5, atol=1e-3)
    else:
        np.testing.assert_array_equal(y, expected)


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


def test_extremes_are_nan_if_any_element_is(bench):
    x = sample((6, 300))
    x[1, 7] = x[2, 0] = x[3, 299] = np.nan
    x[4, 9] = np.inf
    x[5] = -np.inf
    for fold, f in ((LARGEST, np.max), (SMALLEST, np.min)):
        for lanes, parts in ((256, 1), (32, 3), (1, 1)):
            y = reduce(bench, x, x, [1], fold, lanes=lanes, parts=parts)
            np.testing.assert_array_equal(y, f(x, axis=1))


@pytest.mark.parametrize("parts", [1, 3])
def test_means_and_norms(bench, parts):
    x = sample((5, 777))
    wide = x.astype(np.float64)
    y = reduce(bench, x, x, [1], SUM, after=DIVIDED, number=777.0, parts=parts)
    np.testing.assert_allclose(y, wide.mean(axis=1), rtol=1e-4, atol=1e-6)
    y = reduce(bench, x, x, [1], SUM, before=ABSOLUTE, parts=parts)
    np.testing.assert_allclose(y, np.abs(wide).sum(axis=1), rtol=1e-5)
    y = reduce(bench, x, x, [1], SUM, before=SQUARE, after=SQUARE_ROOT, parts=parts)
    np.testing.assert_allclose(y, np.sqrt((wide**2).sum(axis=1)), rtol=1e-5)
    y = reduce(bench, x, x, [1], LARGEST, before=ABSOLUTE, parts=parts)
    np.testing.assert_array_equal(y, np.abs(x).max(axis=1))
    y = reduce(bench, x, x, [1], SMALLEST, before=ABSOLUTE, parts=parts)
    np.testing.assert_array_equal(y, np.abs(x).min(axis=1))
    x[2, 5] = np.nan
    y = reduce(bench, x, x, [1], SUM, before=NAN_IS_ZERO, parts=parts)
    np.testing.assert_allclose(y, np.nansum(x.astype(np.float64), axis=1), rtol=1e-4, atol=1e-4)


def test_bools_count_as_integers(bench):
    x = sample((9, 500), np.bool_)
    np.testing.assert_array_equal(reduce(bench, x, x, [1], SUM, out=np.int64), x.sum(axis=1))


ANY, ALL, COUNT = range(3)


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("dtype", [np.bool_, np.float32, np.int64, np.float16])
@pytest.mark.parametrize("n", [333, 400])
def test_truth(bench, dtype, parts, n):
    x = sample((11, n), np.int64)
    x[0] = 0
    x[1] = 3
    x[2] = 0
    x[2, 0] = 1
    x[3, 100] = 0
    x = x.astype(dtype)
    layout = Layout(x, [1], parts)
    for result, f in ((ANY, np.any), (ALL, np.all), (COUNT, np.count_nonzero)):
        for lanes, columns in ((256, False), (16, True)):
            kind, out = ("bool", np.bool_) if result != COUNT else ("i64", np.int64)
            y = np.zeros(layout.parts * layout.outputs, out)
            operands = [
                Operand("x", x, NAMES[x.dtype.name], "bool", fours=layout.fours(0)),
                Operand("y", y, kind, kind, "write"),
            ]
            words = [*layout.words, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
            constants = layout.constants(lanes, columns) | {"RESULT": ("u32", result)}
            y = bench.run("truth", operands, words, (2, 1, 1), constants)[1].reshape(layout.parts, -1)
            if result == COUNT:
                y = y.sum(axis=0)
            elif layout.parts > 1:
                second = again(layout.parts, layout.outputs)
                operands = [Operand("x", y, kind, kind), Operand("y", y[0], kind, kind, "write")]
                words = [*second.words, 0, 0, second.outputs, second.n, 1, second.chunk]
                constants = second.constants(1, False) | {"RESULT": ("u32", result)}
                y = bench.run("truth", operands, words, (2, 1, 1), constants)[1]
            np.testing.assert_array_equal(y.reshape(-1), f(x, axis=1))


@pytest.mark.parametrize("parts", [1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
@pytest.mark.parametrize(
    ("dims", "lanes", "columns"), [([1], 256, False), ([0], 8, True), ([0], 1, False), ([0, 1], 64, False)]
)
def test_places_of_extremes(bench, dtype, dims, lanes, columns, parts):
    memory = np.round(sample((311, 2 * 40), dtype, seed=3) * 4)
    if dtype != np.int64:
        memory[5, 10] = memory[5, 20] = memory[70, 10] = np.nan
    memory = memory.astype(dtype)
    x = memory[:, 2::2]
    layout = Layout(x, dims, parts)
    compute = "i64" if dtype == np.int64 else "f32"
    for largest in (True, False):

        def call(data, before, layout, offset, repeated, lanes, largest=largest):
            wide = np.int64 if compute == "i64" else np.float32
            y = np.zeros(layout.parts * layout.outputs, wide)
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
                "FLOAT": ("bool", compute == "f32"),
            }
            return bench.run("arg", operands, words, (3, 1, 1), constants)[2:]

        y, place = call(memory, np.zeros(4, np.int32), layout, offset_in(x, memory), False, lanes)
        if layout.parts > 1:
            y, place = call(y, place, again(layout.parts, layout.outputs), 0, True, min(lanes, 4))
        axis = dims[0] if len(dims) == 1 else None
        # NumPy's finds the first nan, too.
        expected = (np.argmax if largest else np.argmin)(x, axis=axis)
        np.testing.assert_array_equal(place.reshape(np.shape(expected)), expected)
        np.testing.assert_array_equal(y.reshape(np.shape(expected)), (np.max if largest else np.min)(x, axis=axis))


M2, VARIANCE, DEVIATION, RECIPROCAL = range(4)


@pytest.mark.parametrize("parts", [1, 6])
@pytest.mark.parametrize(
    ("shape", "dims", "lanes", "columns"),
    [
        ((4, 3000), [1], 256, False),
        ((900, 5), [0], 32, True),
        ((300, 9), [1], 4, False),
        ((6, 5, 70), [0, 2], 64, False),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_moments(bench, shape, dims, lanes, columns, parts, dtype):
    # A mean far from 0 must not cost the deviations their digits.
    x = (sample(shape) + (1000 if dtype == np.float32 else 3)).astype(dtype)
    layout = Layout(x, dims, parts)
    wide = x.astype(np.float64)
    variance = wide.var(axis=tuple(dims)).reshape(-1)
    number = layout.n - 1.0

    def call(data, m2, layout, spread, number, lanes, repeated, size, total):
        y = np.zeros(layout.parts * layout.outputs, np.float32)
        operands = [
            Operand("x", data, NAMES[data.dtype.name], "f32", fours=layout.fours(0)),
            Operand("m2", m2, "f32", "f32"),
            Operand("mean", y, "f32", "f32", "write"),
            Operand("spread", y.copy(), "f32", "f32", "write"),
        ]
        words = [*layout.words, 0, 0, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        words += [size, total, np.float32(number)]
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
        np.testing.assert_allclose(mean, wide.mean(axis=tuple(dims)).reshape(-1), rtol=1e-6)
        np.testing.assert_allclose(y, result, rtol=3e-4)


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize(("dims", "lanes", "columns"), [([1], 256, False), ([0], 8, True)])
def test_logarithms_of_sums_of_exponentials(bench, dims, lanes, columns, parts):
    x = sample((333, 400)) * 30
    x[3, 4] = np.inf
    x[5, 6] = np.nan
    x[7] = -np.inf
    x[:, 9] = -np.inf
    layout = Layout(x, dims, parts)

    def call(data, layout, lanes):
        y = np.zeros(layout.parts * layout.outputs, np.float32)
        operands = [Operand("x", data, "f32", "f32", fours=layout.fours(0)), Operand("y", y, "f32", "f32", "write")]
        words = [*layout.words, 0, 0, layout.outputs, layout.n, layout.parts, layout.chunk]
        return bench.run("logsumexp", operands, words, (3, 1, 1), layout.constants(lanes, columns))[1]

    y = call(x, layout, lanes)
    if layout.parts > 1:
        y = call(y, again(layout.parts, layout.outputs), 4)
    with np.errstate(invalid="ignore"):
        expected = np.logaddexp.reduce(x.astype(np.float64), axis=dims[0])
    np.testing.assert_allclose(y, expected, rtol=1e-6)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis", "lanes", "columns"),
    [((7, 1000), 1, 256, False), ((600, 10), 1, 16, False), ((3, 50, 37), 1, 8, True), ((3, 50, 37), 0, 1, False)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_softmax(bench, shape, axis, lanes, columns, log, dtype):
    x = (sample(shape) * 5).astype(dtype)
    x.reshape(-1)[3] = -np.inf
    inner = int(np.prod(shape[axis + 1 :]))
    lines = x.size // shape[axis]
    name = NAMES[x.dtype.name]
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "LOG": ("bool", log)}
    fours = inner == 1 and shape[axis] % 4 == 0
    operands = [
        Operand("x", x, name, "f32", fours=fours),
        Operand("y", np.zeros_like(x), name, "f32", "write", fours),
    ]
    y = bench.run("softmax", operands, [0, 0, lines, shape[axis], inner], (2, 1, 1), constants)[1]
    wide = x.astype(np.float64)
    expected = wide - np.logaddexp.reduce(wide, axis=axis, keepdims=True)
    expected = expected if log else np.exp(expected)
    rtol = 2e-3 if dtype == np.float16 else 1e-5
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=1e-6)

    g = sample(shape, seed=1).astype(dtype)
    y = np.where(np.isfinite(y), y, -1e4).astype(dtype)
    operands = [
        Operand("g", g, name, "f32", fours=fours),
        Operand("y", y, name, "f32", fours=fours),
        Operand("gx", np.zeros_like(x), name, "f32", "write", fours),
    ]
    gx = bench.run("softmax_backward", operands, [0, 0, 0, lines, shape[axis], inner], (2, 1, 1), constants)[2]
    g, y = g.astype(np.float64), y.astype(np.float64)
    if log:
        expected = g - np.exp(y) * g.sum(axis=axis, keepdims=True)
    else:
        expected = (g - (g * y).sum(axis=axis, keepdims=True)) * y
    np.testing.assert_allclose(gx, expected, rtol=rtol, atol=2e-3 if dtype == np.float16 else 2e-5)


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
