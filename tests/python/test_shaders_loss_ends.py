"""Losses, distances and histograms in `shaders/` where rows are hidden and weights are zero, and in float64."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand
from test_shaders_loss import alignments

DTYPES = {"f32": np.float32, "f64": np.float64}
CLOSE = {"f32": {"rtol": 3e-5, "atol": 3e-5}, "f64": {"rtol": 1e-12, "atol": 1e-12}}


@pytest.fixture(scope="module")
def bench(lane_bench: Bench) -> Bench:
    return lane_bench


@pytest.fixture(params=["f32", "f64"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def sample(kind: str, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(DTYPES[kind])


def floats(**given: np.ndarray) -> list[Operand]:
    return [Operand(n, x, "f64" if x.dtype == np.float64 else "f32", "", "read") for n, x in given.items()]


def integers(**given: np.ndarray) -> list[Operand]:
    kinds = {np.dtype(np.int32): "i32", np.dtype(np.int64): "i64"}
    return [Operand(n, x, kinds[x.dtype], kinds[x.dtype]) for n, x in given.items()]


def results(kind: str, **shapes: int | tuple[int, ...]) -> list[Operand]:
    return [Operand(n, np.full(shape, 7, DTYPES[kind]), kind, kind, "write") for n, shape in shapes.items()]


def fault() -> Operand:
    return Operand("fault", np.zeros(1, np.uint32), "i32", "i32", "write")


def run(bench: Bench, file: str, operands: list[Operand], words: list, constants: dict) -> list[np.ndarray]:
    """All floats in one class, which is float64 where an operand is."""
    wide = any(o.memory == "f64" for o in operands)
    for o in operands:
        o.compute = o.compute or ("f64" if wide else "f32")
    kinds = {bool: "bool", int: "u32"}
    return bench.run(file, operands, words, (2, 1, 1), {n: (kinds[type(v)], v) for n, v in constants.items()})


@pytest.mark.parametrize("lanes", [4, 64])
def test_cross_entropy_of_hidden_rows(bench: Bench, kind: str, lanes: int) -> None:
    x = sample(kind, 5, 130) * DTYPES[kind](5)
    x[2], x[3, 7] = -np.inf, np.nan
    operands = floats(x=x) + integers(labels=np.array([1, 2, 129, 4, 0])) + floats(weight=x)
    operands += [*results(kind, loss=5, log_sum=5, factor=5), fault()]
    constants = {"LANES": lanes, "COLUMNS": False, "WEIGHTED": False}
    loss, log_sum, _, bad = run(bench, "cross_entropy", operands, [0] * 6 + [5, 130, -100], constants)[3:]
    with np.errstate(invalid="ignore"):
        total = np.logaddexp.reduce(x.astype(np.longdouble), axis=1)
        expected = total - x[range(5), [1, 2, 129, 4, 0]]
    assert np.isneginf(total[2]) and np.isnan(expected[2:4]).all() and bad[0] == 0
    np.testing.assert_allclose(log_sum, total.astype(x.dtype), **CLOSE[kind])
    np.testing.assert_allclose(loss, expected.astype(x.dtype), **CLOSE[kind])


@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_in_float64(bench: Bench, weighted: bool) -> None:
    rows, n = 40, 70
    x, w, target = sample("f64", rows, n) * 5, np.abs(sample("f64", n, seed=1)), np.arange(rows) * 3 % n
    safe, g = target.copy(), sample("f64", rows, seed=3)
    target[3] = -100
    operands = floats(x=x) + integers(labels=target) + floats(weight=w)
    operands += [*results("f64", loss=rows, log_sum=rows, factor=rows), fault()]
    constants = {"LANES": 32, "COLUMNS": False, "WEIGHTED": weighted}
    loss, log_sum, factor, _ = run(bench, "cross_entropy", operands, [0] * 6 + [rows, n, -100], constants)[3:]
    total = np.logaddexp.reduce(x.astype(np.longdouble), axis=1)
    used = np.where(target == -100, 0, w[safe] if weighted else 1.0)
    np.testing.assert_allclose(loss, ((total - x[range(rows), safe]) * used).astype(float), **CLOSE["f64"])
    np.testing.assert_allclose(factor, used, **CLOSE["f64"])
    operands = floats(x=x) + integers(labels=target) + floats(log_sum=log_sum, factor=factor, g=g)
    operands += floats(total=np.array([used.sum(), 0])) + results("f64", gx=x.shape)
    gx = run(bench, "cross_entropy_backward", operands, [0] * 7 + [rows, n, -100], {"EACH": True, "MEAN": False})[-1]
    share = np.exp(x - total[:, None])
    share[range(rows), safe] -= 1
    np.testing.assert_allclose(gx, (share * (used * g)[:, None]).astype(float), **CLOSE["f64"])


def test_a_weight_of_zero_hides_nothing_infinite(bench: Bench, kind: str) -> None:
    x, w = sample(kind, 300, 5), np.abs(sample(kind, 5, seed=1))
    target = np.random.default_rng(2).integers(0, 5, 300)
    w[3], w[4], x[:, 3] = 0, 0, -np.inf
    operands = floats(x=x) + integers(labels=target) + floats(weight=w)
    operands += [*results(kind, loss=300, factor=300), fault()]
    words = [0] * 5 + [300, 5, 1, -100]
    loss, factor, bad = run(bench, "nll", operands, words, {"WEIGHTED": True})[3:]
    with np.errstate(invalid="ignore"):
        expected = -x[range(300), target] * w[target]
    assert bad[0] == 0 and np.isnan(expected[target == 3]).all() and (expected[target == 4] == 0).all()
    np.testing.assert_allclose(loss, expected, **CLOSE[kind])
    np.testing.assert_array_equal(factor, w[target])
    g, total = sample(kind, 300, seed=3), np.array([w[target].sum(), 0], DTYPES[kind])
    operands = integers(labels=target) + floats(factor=factor, g=g, total=total) + results(kind, gx=x.shape)
    gx = run(bench, "nll_backward", operands, [0] * 5 + [x.size, 5, 1, -100], {"EACH": True, "MEAN": False})[-1]
    np.testing.assert_allclose(gx, -np.eye(5)[target] * (w[target] * g)[:, None], **CLOSE[kind])


@pytest.mark.parametrize(("norm", "order"), [(0, 0.0), (1, 1.0), (2, 2.0), (3, np.inf), (4, 3.0), (4, 0.5)])
def test_distances_in_float64(bench: Bench, norm: int, order: float) -> None:
    rows, others, n = 40, 23, 17
    a, b, g = sample("f64", 2, rows, n), sample("f64", 2, others, n, seed=1), sample("f64", 2, rows, others, seed=2)
    b[1, 4], b[0, 2, 3] = a[1, 3], a[0, 5, 3]
    finite = 0.0 if np.isinf(order) else order
    operands = floats(a=a, b=b) + results("f64", y=g.shape)
    constants = {"NORM": norm, "LANES": 4, "COLUMNS": False}
    y = run(bench, "distance", operands, [0, 0, 0, g.size, rows, others, n, finite], constants)[2]
    d = a[:, :, None] - b[:, None]
    np.testing.assert_allclose(y, np.linalg.norm(d, ord=order, axis=-1), **CLOSE["f64"])
    size = np.where(y == 0, 1, y)[..., None]
    if norm == 0:
        slope = 0 * d
    elif norm == 3:
        slope = np.sign(d) * (np.abs(d) == y[..., None])
    else:
        slope = np.sign(d) * (np.where(d == 0, 1, np.abs(d)) / size) ** (order - 1)
    slope = slope * (g * (y != 0))[..., None]
    for across, (mine, other, expected) in enumerate([(a, b, slope.sum(axis=2)), (b, a, -slope.sum(axis=1))]):
        operands = floats(a=mine, b=other, g=g, y=y) + results("f64", ga=mine.shape)
        words = [0] * 5 + [mine.size, mine.shape[1], other.shape[1], n, finite]
        ga = run(bench, "distance_backward", operands, words, {"NORM": norm, "ACROSS": bool(across)})[-1]
        np.testing.assert_allclose(ga, expected, rtol=1e-11, atol=1e-11)


def test_counts_of_a_range_in_float64(bench: Bench) -> None:
    x, w = np.random.default_rng(0).uniform(-20, 120, 5000), np.abs(sample("f64", 5000))
    operands = [*floats(x=x, weight=w), Operand("y", np.zeros(16), "f64", "f64", "add")]
    words = [0, 0, 0, 5000, 16, -4.0, 100.0]
    y = run(bench, "histogram", operands, words, {"RANGE": True, "WEIGHTED": True})[2]
    np.testing.assert_allclose(y, np.histogram(x, 16, (-4, 100), weights=w)[0], rtol=1e-12)


def test_connectionist_temporal_classification_in_float64(bench: Bench) -> None:
    steps, classes, blank, batch, width = 12, 7, 2, 3, 9
    lengths, times, starts = (np.array(v, np.int32) for v in ([4, 0, 3], [12, 5, 2], [0, 4, 4]))
    labels = np.array([1, 1, 0, 4, 3, 3, 5])
    x = sample("f64", steps, batch, classes)
    x -= np.logaddexp.reduce(x, axis=2, keepdims=True)
    own = floats(log_probs=x) + integers(labels=labels, starts=starts, lengths=lengths, steps=times)
    tables, losses = [], []
    for reverse in (False, True):
        operands = [*own, *results("f64", table=(batch, steps, width), loss=batch), fault()]
        words = [0] * 7 + [batch, classes, steps, width, blank]
        table, loss, bad = run(bench, "ctc", operands, words, {"REVERSE": reverse})[5:]
        assert bad[0] == 0
        tables.append(table)
        losses.append(loss)
    g = sample("f64", batch, seed=4)
    operands = own + floats(alpha=tables[0], beta=tables[1], loss=losses[0], g=g) + results("f64", gx=x.shape)
    words = [0] * 10 + [x.size, batch, classes, steps, width, blank]
    gx = run(bench, "ctc_backward", operands, words, {"ZERO_INFINITY": True})[-1]
    expected = np.zeros(x.shape)
    for i in range(batch):
        target = labels[starts[i] : starts[i] + lengths[i]]
        alpha, loss = alignments(x[:, i], target, times[i], blank)
        beta = alignments(x[: times[i], i][::-1], target[::-1], times[i], blank)[0][::-1, ::-1]
        np.testing.assert_allclose(losses[0][i], loss, rtol=1e-12)
        if np.isinf(loss):
            continue
        both = alpha + beta
        path = np.full(2 * len(target) + 1, blank)
        path[1::2] = target
        for t in range(times[i]):
            for c in range(classes):
                through = np.logaddexp.reduce(both[t, path == c], initial=-np.inf)
                expected[t, i, c] = (np.exp(x[t, i, c]) - np.exp(through + loss - x[t, i, c])) * g[i]
    assert np.isinf(losses[0][2])
    np.testing.assert_allclose(gx, expected, rtol=1e-10, atol=1e-12)
