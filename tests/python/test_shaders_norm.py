"""Layer, RMS, batch and group norm in `shaders/` against NumPy, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

NAMES = {"float32": "f32", "float16": "f16", "float64": "f64"}
CLASSES = {"float32": "f32", "float16": "f32", "float64": "f64"}


@pytest.fixture(scope="module")
def bench(lane_bench: Bench) -> Bench:
    return lane_bench


def sample(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def read(name: str, x: np.ndarray, fours: bool = False) -> Operand:
    return Operand(name, x, NAMES[x.dtype.name], CLASSES[x.dtype.name], fours=fours)


def written(name: str, n: int | tuple[int, ...], dtype: type = np.float32, fours: bool = False) -> Operand:
    return Operand(name, np.zeros(n, dtype), NAMES[np.dtype(dtype).name], CLASSES[np.dtype(dtype).name], "write", fours)


def close(y: np.ndarray, expected: np.ndarray) -> None:
    rtol = {2: 3e-3, 4: 3e-5, 8: 1e-13}[y.itemsize]
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("rows", "n", "lanes"), [(9, 3000, 256), (70, 33, 8), (600, 5, 1), (3, 768, 64)])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_layer_norm(bench, rows, n, lanes, affine, centre, dtype):
    eps = 1e-5
    x = (sample(rows, n) * 2 + 3).astype(dtype)
    own = np.float64 if dtype == np.float64 else np.float32
    w, b, g = sample(n, seed=1).astype(own), sample(n, seed=2).astype(own), sample(rows, n, seed=3).astype(dtype)
    if not affine:
        w, b = np.ones_like(w), np.zeros_like(b)
    flags = {"LANES": ("u32", lanes), "COLUMNS": ("bool", False), "CENTRE": ("bool", centre)}
    flags |= {"WEIGHTED": ("bool", affine)}
    fours = n % 4 == 0
    operands = [read("x", x, fours), read("weight", w, fours), read("bias", b), written("y", x.shape, dtype, fours)]
    operands += [written("mean", rows, own), written("rstd", rows, own)]
    words = [0] * 6 + [rows, n, eps]
    constants = flags | {"BIASED": ("bool", affine)}
    y, mean, rstd = bench.run("layer_norm", operands, words, (2, 1, 1), constants)[3:]
    wide = x.astype(np.float64)
    middle = wide.mean(axis=1, keepdims=True) if centre else np.zeros((rows, 1))
    r = 1 / np.sqrt(((wide - middle) ** 2).mean(axis=1, keepdims=True) + eps)
    hat = (wide - middle) * r
    close(y, hat * w + b)
    close(mean, middle[:, 0])
    close(rstd, r[:, 0])

    operands = [read("g", g, fours), read("x", x, fours), read("weight", w), read("mean", mean), read("rstd", rstd)]
    operands.append(written("gx", x.shape, dtype, fours))
    gx = bench.run("layer_norm_backward", operands, [0] * 6 + [rows, n], (2, 1, 1), flags)[-1]
    d = g.astype(np.float64) * w
    level = d.mean(axis=1, keepdims=True) if centre else 0
    close(gx, (d - level - hat * (d * hat).mean(axis=1, keepdims=True)) * r)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize(
    ("rows", "n", "lanes", "parts"),
    [(500, 70, 8, 1), (500, 70, 8, 3), (37, 600, 32, 1), (9, 5, 256, 1), (19, 300, 1, 2)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layer_norm_gradients_of_weight_and_bias(bench, rows, n, lanes, parts, centre, dtype):
    x, g = sample(rows, n).astype(dtype), sample(rows, n, seed=1).astype(dtype)
    mean, rstd = sample(rows, seed=2).astype(dtype), (np.abs(sample(rows, seed=3)) + 1).astype(dtype)
    chunk = -(-rows // parts)
    operands = [read("g", g), read("x", x), read("mean", mean), read("rstd", rstd)]
    operands += [written("gw", (parts, n), dtype), written("gb", (parts, n), dtype)]
    words = [0] * 6 + [rows, n, parts, chunk]
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", True), "CENTRE": ("bool", centre)}
    gw, gb = bench.run("layer_norm_sums", operands, words, (2, 1, 1), constants)[-2:]
    hat = (x - (mean[:, None] if centre else 0)) * rstd[:, None]
    for k in range(parts):
        own = slice(k * chunk, (k + 1) * chunk)
        close(gw[k], (g.astype(np.float64) * hat)[own].sum(axis=0))
        close(gb[k], g[own].sum(axis=0, dtype=np.float64))


@pytest.mark.parametrize("shape", [(4, 6, 35), (40, 12, 1), (2, 4, 900)])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_channel_norm(bench, shape, grouped, training, affine, dtype):
    if grouped and not training:
        return
    eps, per = 1e-3, 2
    n, c, inner = shape
    groups = c // per
    x, g = (sample(*shape) + 1).astype(dtype), sample(*shape, seed=1).astype(dtype)
    own = np.float64 if dtype == np.float64 else np.float32
    w, b = sample(c, seed=2).astype(own), sample(c, seed=3).astype(own)
    wide = x.astype(np.float64)
    split = wide.reshape(n, groups, per * inner) if grouped else wide
    axes = (2,) if grouped else (0, 2)
    if training:
        mean, var = split.mean(axis=axes), split.var(axis=axes)
        spread = 1 / np.sqrt(var + eps)
        rstd = spread
    else:
        mean, spread = sample(c, seed=4).astype(np.float64), np.abs(sample(c, seed=5)).astype(np.float64) + 0.1
        rstd = 1 / np.sqrt(spread + eps)

    def beside(v: np.ndarray) -> np.ndarray:
        return np.repeat(v, per, axis=1)[:, :, None] if grouped else v[None, :, None]

    flags = {
        "GROUPED": ("bool", grouped),
        "VARIANCE": ("bool", not training),
        "WEIGHTED": ("bool", affine),
    }
    stats = [read("mean", mean.astype(own)), read("spread", spread.astype(own))]
    operands = [read("x", x), *stats, read("weight", w), read("bias", b), written("y", shape, dtype)]
    words = [0] * 6 + [x.size, c, inner, per, eps]
    constants = flags | {"BIASED": ("bool", affine)}
    y = bench.run("channel_norm", operands, words, (2, 1, 1), constants)[-1]
    hat = (wide - beside(mean)) * beside(rstd)
    ww, bb = (w[None, :, None], b[None, :, None]) if affine else (1.0, 0.0)
    close(y, hat * ww + bb)

    d = g.astype(np.float64)
    centred = wide - beside(mean)
    if grouped:
        total = (d * ww).reshape(n, groups, -1).sum(axis=2)
        dot = (d * ww * centred).reshape(n, groups, -1).sum(axis=2)
    else:
        total, dot = d.sum(axis=(0, 2)), (d * centred).sum(axis=(0, 2))
    size = per * inner if grouped else n * inner
    operands = [read("g", g), read("x", x), *stats, read("weight", w)]
    operands += [
        read("sum", total.astype(own)),
        read("dot", dot.astype(own)),
        written("gx", shape, dtype),
    ]
    words = [0] * 8 + [x.size, c, inner, per, float(size), eps]
    constants = flags | {"TRAINING": ("bool", training)}
    gx = bench.run("channel_norm_backward", operands, words, (2, 1, 1), constants)[-1]
    if training:
        # The derivative of the whole formula, the mean's and deviation's parts written out.
        h, dd = hat, d * ww
        if grouped:
            h, dd = h.reshape(n, groups, -1), dd.reshape(n, groups, -1)
        along = dd.mean(axis=axes, keepdims=True) + h * (dd * h).mean(axis=axes, keepdims=True)
        expected = (dd - along).reshape(shape) * beside(rstd)
    else:
        expected = d * ww * beside(rstd)
    close(gx, expected)


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize(
    ("shape", "lanes", "columns", "parts"),
    [
        ((4, 6, 350), 256, False, 1),
        ((300, 12, 1), 16, True, 3),
        ((5, 64, 9), 8, False, 1),
        ((5, 64, 9), 1, False, 2),
        ((3, 2, 700), 64, False, 4),
    ],
)
def test_sums_of_channels(bench, shape, lanes, columns, parts, lines):
    n, c, inner = shape
    per = 2
    x, g = sample(*shape), sample(*shape, seed=1)
    outputs, count = (n * c, inner) if lines else (c, n * inner)
    chunk = -(-count // parts)
    parts = -(-count // chunk)
    mean = sample(n * c // per if lines else c, seed=2)
    operands = [read("g", g), read("x", x), read("mean", mean)]
    operands += [written("sum", (parts, outputs)), written("dot", (parts, outputs))]
    words = [0] * 5 + [outputs, c, inner, per, count, parts, chunk]
    constants = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns), "LINES": ("bool", lines)}
    total, dot = bench.run("channel_sums", operands, words, (2, 2, 1), constants)[-2:]
    middle = np.repeat(mean, per).reshape(n, c, 1) if lines else mean[None, :, None]
    terms = np.stack([g, g.astype(np.float64) * (x - middle)])
    # A row for each result: of a channel, the instances' lines one after the other.
    terms = terms.reshape(2, n * c, inner) if lines else terms.swapaxes(1, 2).reshape(2, c, n * inner)
    for k in range(parts):
        own = terms[:, :, k * chunk : (k + 1) * chunk].sum(axis=2)
        close(total[k], own[0])
        close(dot[k], own[1])


@pytest.mark.parametrize("running", [True, False])
def test_running_statistics(bench, running):
    c, size, momentum, eps = 700, 37.0, 0.1, 1e-5
    mean, m2 = sample(c), np.abs(sample(c, seed=1)) * size
    old_mean, old_var = sample(c, seed=2), np.abs(sample(c, seed=3))
    operands = [read("mean", mean), read("m2", m2), written("rstd", c)]
    operands += [
        Operand("running_mean", old_mean, "f32", "f32", "write"),
        Operand("running_var", old_var, "f32", "f32", "write"),
    ]
    words = [0] * 5 + [c, np.float32(size), np.float32(momentum), np.float32(eps)]
    constants = {"RUNNING": ("bool", running)}
    rstd, new_mean, new_var = bench.run("batch_statistics", operands, words, (2, 1, 1), constants)[2:]
    close(rstd, 1 / np.sqrt(m2 / size + eps))
    if running:
        close(new_mean, momentum * mean + (1 - momentum) * old_mean)
        close(new_var, momentum * m2 / (size - 1) + (1 - momentum) * old_var)
    else:
        np.testing.assert_array_equal(new_mean, old_mean)
        np.testing.assert_array_equal(new_var, old_var)
