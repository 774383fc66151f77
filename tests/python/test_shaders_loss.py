"""Cross entropy, distances and histograms in `shaders/` against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

NAMES = {"float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32", "uint8": "u8"}


@pytest.fixture(scope="module")
def bench(lane_bench: Bench) -> Bench:
    return lane_bench


def sample(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def read(name: str, x: np.ndarray, fours: bool = False) -> Operand:
    return Operand(name, x, NAMES[x.dtype.name], "f32", fours=fours)


def labels(x: np.ndarray) -> Operand:
    return Operand("labels", x, NAMES[x.dtype.name], "i64" if x.dtype == np.int64 else "i32")


def written(name: str, shape: int | tuple[int, ...], dtype: type = np.float32) -> Operand:
    return Operand(name, np.zeros(shape, dtype), NAMES[np.dtype(dtype).name], "f32", "write")


def fault() -> Operand:
    return Operand("fault", np.zeros(1, np.uint32), "i32", "i32", "write")


def close(y: np.ndarray, expected: np.ndarray) -> None:
    rtol = 3e-3 if y.dtype == np.float16 else 3e-5
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(("rows", "n", "lanes"), [(600, 10, 4), (7, 3000, 256), (40, 70, 32)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_cross_entropy(bench, rows, n, lanes, weighted, dtype):
    x, w = (sample(rows, n) * 5).astype(dtype), np.abs(sample(n, seed=1))
    x[0, 1] = -np.inf
    target = np.random.default_rng(2).integers(0, n, rows)
    target[0], target[3] = 2, -100
    safe = np.maximum(target, 0)
    if weighted:
        # A weight of 0 hides neither an infinite loss nor NaN.
        target[1], safe[1], w[4], x[1, 4] = 4, 4, 0, -np.inf
        target[2], safe[2], x[2, 0] = 4, 4, np.nan
    x[3, 0] = np.nan
    operands = [read("x", x, n % 4 == 0), labels(target), read("weight", w)]
    operands += [written(name, rows) for name in ("loss", "log_sum", "factor")] + [fault()]
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", False), "WEIGHTED": ("bool", weighted)}
    loss, log_sum, factor, bad = bench.run("cross_entropy", operands, [0] * 6 + [rows, n, -100], (2, 1, 1), constants)[
        3:
    ]
    wide = x.astype(np.float64)
    with np.errstate(invalid="ignore"):
        total = np.logaddexp.reduce(wide, axis=1)
    used = np.where(target == -100, 0, w[safe] if weighted else 1.0)
    with np.errstate(invalid="ignore"):
        expected = np.where(target == -100, 0, (total - wide[range(rows), safe]) * used)
    assert bad[0] == 0
    close(loss, expected)
    close(log_sum, total)
    close(factor, used)

    mass = np.float32(used.sum())
    for each, mean in ((True, False), (False, True)):
        g = sample(rows if each else 1, seed=3)
        operands = [read("x", x), labels(target), read("log_sum", log_sum), read("factor", factor), read("g", g)]
        operands += [read("total", np.array([mass, 0], np.float32)), written("gx", x.shape, dtype)]
        constants = {"EACH": ("bool", each), "MEAN": ("bool", mean)}
        gx = bench.run("cross_entropy_backward", operands, [0] * 7 + [rows, n, -100], (2, 1, 1), constants)[-1]
        share = np.exp(wide - total[:, None])
        share[range(rows), safe] -= 1
        expected = share * (used * g / (mass if mean else 1))[:, None]
        close(gx, np.where(target[:, None] == -100, 0, expected))


@pytest.mark.parametrize("file", ["cross_entropy", "nll"])
@pytest.mark.parametrize("bad", [-1, 10, 2**32 + 1])
def test_a_class_out_of_range_is_a_fault(bench, file, bad):
    x, target = sample(4, 10), np.array([1, 2, bad, 3])
    operands = [read("x", x), labels(target), read("weight", x)]
    if file == "nll":
        operands += [written(name, 4) for name in ("loss", "factor")] + [fault()]
        words, constants = [0] * 5 + [4, 10, 1, -100], {"WEIGHTED": ("bool", False)}
    else:
        operands += [written(name, 4) for name in ("loss", "log_sum", "factor")] + [fault()]
        words, constants = (
            [0] * 6 + [4, 10, -100],
            {"LANES": ("u32", 4), "WEIGHTED": ("bool", False)} | {"COLUMNS": ("bool", False)},
        )
    assert bench.run(file, operands, words, (1, 1, 1), constants)[-1][0] == 1


@pytest.mark.parametrize(("outer", "classes", "inner"), [(700, 9, 1), (3, 5, 400)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_nll(bench, outer, classes, inner, weighted, kind):
    x, w = sample(outer, classes, inner), np.abs(sample(classes, seed=1))
    target = np.random.default_rng(2).integers(0, classes, (outer, inner)).astype(kind)
    target[0, 0], target[1, 0], x[:2, :, 0] = 3, 2, np.nan
    if weighted:
        w[2] = 0
    rows, ignore = outer * inner, 3
    operands = [
        read("x", x),
        labels(target),
        read("weight", w),
        written("loss", rows),
        written("factor", rows),
        fault(),
    ]
    words = [0] * 5 + [rows, classes, inner, ignore]
    loss, factor, bad = bench.run("nll", operands, words, (2, 1, 1), {"WEIGHTED": ("bool", weighted)})[3:]
    used = np.where(target == ignore, 0, w[target] if weighted else 1.0)
    picked = np.take_along_axis(x, target[:, None, :].astype(np.int64), 1)[:, 0]
    assert bad[0] == 0
    close(loss, np.where(target == ignore, 0, -picked * used).reshape(-1))
    close(factor, used.reshape(-1))
    for each, mean in ((True, False), (False, True)):
        g = sample(rows if each else 1, seed=3)
        total = np.array([used.sum(), 0], np.float32)
        operands = [labels(target), read("factor", factor), read("g", g), read("total", total), written("gx", x.shape)]
        constants = {"EACH": ("bool", each), "MEAN": ("bool", mean)}
        words = [0] * 5 + [x.size, classes, inner, ignore]
        gx = bench.run("nll_backward", operands, words, (2, 1, 1), constants)[-1]
        expected = np.zeros(x.shape)
        scale = -used.reshape(-1) * g / (total[0] if mean else 1)
        np.put_along_axis(expected, target[:, None, :].astype(np.int64), scale.reshape(outer, 1, inner), 1)
        close(gx, expected)


@pytest.mark.parametrize(("norm", "order"), [(0, 0.0), (1, 1.0), (2, 2.0), (3, np.inf), (4, 3.0), (4, 1.5)])
@pytest.mark.parametrize(("n", "lanes"), [(17, 4), (17, 1), (300, 64)])
def test_distances(bench, norm, order, n, lanes):
    batch, rows, others = 2, 40, 23
    a, b, g = sample(batch, rows, n), sample(batch, others, n, seed=1), sample(batch, rows, others, seed=2)
    b[1, 4] = a[1, 3]
    a[0, 5, 3] = b[0, 2, 3]
    operands = [read("a", a, n % 4 == 0), read("b", b, n % 4 == 0), written("y", g.shape)]
    words = [0, 0, 0, g.size, rows, others, n, np.float32(0 if np.isinf(order) else order)]
    constants = {"NORM": ("u32", norm), "LANES": ("u32", lanes), "COLUMNS": ("bool", False)}
    y = bench.run("distance", operands, words, (3, 1, 1), constants)[2]
    d = a[:, :, None].astype(np.float64) - b[:, None]
    expected = np.linalg.norm(d, ord=order, axis=-1)
    close(y, expected)

    size = np.where(y == 0, 1, y)[..., None]
    if norm == 0:
        slope = 0 * d
    elif norm == 3:
        slope = np.sign(d) * (np.abs(d.astype(np.float32)) == y[..., None])
    else:
        slope = np.sign(d) * (np.abs(d) / size) ** (order - 1)
    slope = slope * (g * (y != 0))[..., None]
    for across, (mine, other, expected) in enumerate([(a, b, slope.sum(axis=2)), (b, a, -slope.sum(axis=1))]):
        operands = [read("a", mine), read("b", other), read("g", g), read("y", y), written("ga", mine.shape)]
        words = [0] * 5 + [mine.size, mine.shape[1], other.shape[1], n, np.float32(0 if np.isinf(order) else order)]
        constants = {"NORM": ("u32", norm), "ACROSS": ("bool", bool(across))}
        ga = bench.run("distance_backward", operands, words, (3, 1, 1), constants)[-1]
        np.testing.assert_allclose(ga, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_of_integers(bench, weighted):
    x = np.random.default_rng(0).integers(-2, 90, 5000)
    w = np.abs(sample(5000))
    memory, wide = ("f32", np.float32) if weighted else ("i32", np.int32)
    operands = [Operand("x", x, "i64", "i32"), read("weight", w)]
    operands += [Operand("y", np.zeros(80, wide), memory, memory, "add")]
    constants = {"RANGE": ("bool", False), "WEIGHTED": ("bool", weighted)}
    words = [0, 0, 0, 5000, 80, np.float32(0), np.float32(0)]
    y = bench.run("histogram", operands, words, (3, 1, 1), constants)[2]
    inside = (x >= 0) & (x < 80)
    expected = np.bincount(x[inside], w[inside] if weighted else None, 80)
    np.testing.assert_allclose(y, expected, rtol=1e-5)


@pytest.mark.parametrize("low", [0, -4, 3])
def test_counts_of_a_range(bench, low):
    x = np.random.default_rng(0).integers(-20, 120, 5000).astype(np.float32) / 4
    x[5] = np.nan
    operands = [read("x", x), read("weight", x), Operand("y", np.zeros(16, np.float32), "f32", "f32", "add")]
    constants = {"RANGE": ("bool", True), "WEIGHTED": ("bool", False)}
    words = [0, 0, 0, 5000, 16, np.float32(low), np.float32(16)]
    y = bench.run("histogram", operands, words, (3, 1, 1), constants)[2]
    np.testing.assert_array_equal(y, np.histogram(x[np.isfinite(x)], 16, (low, 16))[0])


def alignments(log_probs: np.ndarray, target: np.ndarray, steps: int, blank: int) -> tuple[np.ndarray, float]:
    """Logarithms of the probabilities of all beginnings, step by step, and minus that of the target."""
    path = np.full(2 * len(target) + 1, blank)
    path[1::2] = target
    alpha = np.full((steps, len(path)), -np.inf)
    for t in range(steps):
        for s, c in enumerate(path):
            ways = [0.0 if s < 2 else -np.inf] if t == 0 else [alpha[t - 1, s]]
            if t > 0 and s >= 1:
                ways.append(alpha[t - 1, s - 1])
            if t > 0 and s >= 2 and path[s - 2] != c:
                ways.append(alpha[t - 1, s - 2])
            alpha[t, s] = np.logaddexp.reduce(ways) + log_probs[t, c]
    if steps == 0:
        return alpha, 0.0 if len(target) == 0 else np.inf
    return alpha, -np.logaddexp.reduce(alpha[-1, -2:])


@pytest.mark.parametrize("width", [9, 601])
def test_connectionist_temporal_classification(bench, width):
    steps, classes, blank = 420 if width > 9 else 12, 7, 2
    lengths = np.array([width // 2, 3, 0, 2, 4], np.int32)
    times = np.array([steps, 5, 4, 0, 3], np.int32)
    batch = len(lengths)
    labels_ = np.random.default_rng(0).choice([0, 1, 3, 4, 5, 6], lengths.sum())
    labels_[1] = labels_[0]
    starts = (np.cumsum(lengths) - lengths).astype(np.int32)
    x = sample(steps, batch, classes)
    x -= np.logaddexp.reduce(x, axis=2, keepdims=True)
    own = [Operand(n, v, "i32", "i32") for n, v in (("starts", starts), ("lengths", lengths), ("steps", times))]
    tables = []
    loss = np.zeros(batch, np.float32)
    for reverse in (False, True):
        operands = [read("log_probs", x), labels(labels_), *own]
        operands += [written("table", (batch, steps, width)), written("loss", batch), fault()]
        words = [0] * 7 + [batch, classes, steps, width, blank]
        table, found, bad = bench.run("ctc", operands, words, (2, 1, 1), {"REVERSE": ("bool", reverse)})[5:]
        assert bad[0] == 0
        tables.append(table)
        if not reverse:
            loss = found
    assert np.isfinite(loss[:3]).all()
    for i in range(batch):
        target = labels_[starts[i] : starts[i] + lengths[i]]
        alpha, expected = alignments(x[:, i].astype(np.float64), target, times[i], blank)
        np.testing.assert_allclose(loss[i], expected, rtol=1e-5)
        np.testing.assert_allclose(tables[0][i, : times[i], : 2 * lengths[i] + 1], alpha, rtol=1e-4)
        # Ends are beginnings of what is turned around.
        beta, _ = alignments(x[: times[i], i][::-1].astype(np.float64), target[::-1], times[i], blank)
        np.testing.assert_allclose(tables[1][i, : times[i], : 2 * lengths[i] + 1], beta[::-1, ::-1], rtol=1e-4)

    g = sample(batch, seed=4)
    for zero in (False, True):
        operands = [read("log_probs", x), labels(labels_), *own, read("alpha", tables[0]), read("beta", tables[1])]
        operands += [read("loss", loss), read("g", g), written("gx", x.shape)]
        words = [0] * 10 + [x.size, batch, classes, steps, width, blank]
        constants = {"ZERO_INFINITY": ("bool", zero)}
        gx = bench.run("ctc_backward", operands, words, (2, 1, 1), constants)[-1]
        expected = np.zeros(x.shape)
        for i in range(batch):
            if np.isinf(loss[i]):
                continue
            path = np.full(2 * lengths[i] + 1, blank)
            path[1::2] = labels_[starts[i] : starts[i] + lengths[i]]
            for t in range(times[i]):
                for c in range(classes):
                    both = tables[0][i, t, : len(path)] + tables[1][i, t, : len(path)].astype(np.float64)
                    through = np.logaddexp.reduce(both[path == c], initial=-np.inf)
                    expected[t, i, c] = (np.exp(x[t, i, c]) - np.exp(through + loss[i] - x[t, i, c])) * g[i]
        possible = np.isfinite(loss)
        np.testing.assert_allclose(gx[:, possible], expected[:, possible], rtol=1e-3, atol=2e-4)
        assert zero <= (gx[:, ~possible] == 0).all()
