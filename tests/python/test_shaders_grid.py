"""The shaders that read images between their pixels, run through wgpu-py against NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

LINEAR, NEAREST, CUBIC = 0, 1, 2
ZEROS, EDGE, REFLECTION = 0, 1, 2


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def bordered(x: float, size: int, border: int, align: bool) -> float:
    if border == ZEROS:
        return x
    if border == REFLECTION:
        low, high = (0.0, size - 1.0) if align else (-0.5, size - 0.5)
        if low == high:
            return 0.0
        while x < low or x > high:
            x = 2 * low - x if x < low else 2 * high - x
    return min(max(x, 0.0), size - 1.0)


def cubic(d: float) -> float:
    a, d = -0.75, abs(d)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def line(place: float, size: int, mode: int, border: int, align: bool) -> list[tuple[int, float]]:
    x = (place + 1) / 2 * (size - 1) if align else ((place + 1) * size - 1) / 2
    if mode == CUBIC:
        low = int(np.floor(x))
        return [(int(bordered(low + k, size, border, align)), cubic(x - low - k)) for k in range(-1, 3)]
    x = bordered(x, size, border, align)
    if mode == NEAREST:
        return [(int(np.round(x)), 1.0)]
    low = int(np.floor(x))
    return [(low, 1 - (x - low)), (low + 1, x - low)]


def matrix(grid: np.ndarray, image: tuple[int, ...], mode: int, border: int, align: bool) -> np.ndarray:
    """The map from an image's pixels to the grid's places."""
    m = np.zeros((len(grid), *image))
    for i, place in enumerate(grid):
        lines = [line(c, n, mode, border, align) for c, n in zip(place[::-1], image, strict=True)]
        for taps in product(*lines):
            if all(0 <= t[0] < n for t, n in zip(taps, image, strict=True)):
                m[(i, *(t[0] for t in taps))] += np.prod([t[1] for t in taps])
    return m.reshape(len(grid), -1)


@pytest.mark.parametrize("memory", ["f32", "f16", "f64"])
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("border", [ZEROS, EDGE, REFLECTION])
@pytest.mark.parametrize(("mode", "image"), [(m, i) for m in (LINEAR, NEAREST, CUBIC) for i in ((5, 7), (3, 4, 5))][:5])
def test_grid_sample(bench: Bench, mode: int, image: tuple[int, ...], border: int, align: bool, memory: str) -> None:
    rng = np.random.default_rng(6)
    dims, batch, channels, places = len(image), 2, 3, 150
    dtype: Any = {"f16": np.float16, "f32": np.float32, "f64": np.float64}[memory]
    compute = "f64" if memory == "f64" else "f32"
    # Away from whole and half pixels, where slopes jump.
    pixels = rng.integers(-9, 18, (batch, places, dims)) + rng.choice([0.2, 0.3, 0.7, 0.8], (batch, places, dims))
    sizes = np.array(image[::-1])
    span = sizes - 1 if align else sizes
    grid = ((pixels if align else pixels + 0.5) * 2 / span - 1).astype(dtype)
    x = rng.standard_normal((batch, channels, *image)).astype(dtype)
    g = rng.standard_normal((batch, channels, places)).astype(dtype)
    maps = [matrix(rows.astype(np.float64), image, mode, border, align) for rows in grid]
    flat = x.reshape(batch, channels, -1).astype(np.float64)
    want = np.stack([f @ m.T for f, m in zip(flat, maps, strict=True)])
    want_x = np.stack([w.astype(np.float64) @ m for w, m in zip(g, maps, strict=True)])
    want_grid = np.zeros(grid.shape)
    for n, d in product(range(batch), range(dims)):
        moved = []
        for by in (1e-4, -1e-4):
            rows = grid[n].astype(np.float64)
            rows[:, d] += by
            moved.append(matrix(rows, image, mode, border, align) @ flat[n].T)
        want_grid[n, :, d] = ((moved[0] - moved[1]) / 2e-4 * g[n].T).sum(-1)

    def operand(name: str, data: np.ndarray, offset: int, role: str = "read", kind: str = memory) -> Operand:
        return Operand(name, np.concatenate([np.ones(offset, data.dtype), data.ravel()]), kind, compute, role)

    depth = [1] * (3 - dims) + list(image)
    size = [*depth, int(np.prod(image))]
    constants: Any = {
        "DIMS": ("u32", dims),
        "MODE": ("u32", mode),
        "BORDER": ("u32", border),
        "ALIGN": ("bool", align),
    }
    # The grid's gradient is compared with differences.
    most, of_grid = {"f16": (2e-2, 2e-2), "f32": (2e-4, 2e-4), "f64": (1e-12, 1e-6)}[memory]

    def close(got: np.ndarray, want: np.ndarray, tolerance: float = most) -> None:
        np.testing.assert_allclose(got.reshape(want.shape), want, rtol=tolerance, atol=tolerance * np.abs(want).max())

    head = [batch, channels, places]
    operands = [operand("x", x, 2), operand("grid", grid, 3), operand("y", np.zeros_like(g), 1, "write")]
    close(bench.run("grid_sample", operands, [*head, 2, 3, 1, 0, 0, *size], (1, 1, 1), constants)[2][1:], want)

    y = operand("y", np.zeros(x.shape, np.float64 if memory == "f64" else np.float32), 1, "add", compute)
    operands = [operand("x", g, 2), operand("grid", grid, 3), y]
    close(
        bench.run("grid_sample_input_grad", operands, [*head, 2, 3, 1, 0, 0, *size], (1, 1, 1), constants)[2][1:],
        want_x,
    )

    y = operand("y", np.zeros_like(grid), 1, "write")
    operands = [operand("x", x, 2), operand("grid", grid, 3), operand("g", g, 4), y]
    close(
        bench.run("grid_sample_grid_grad", operands, [*head, 2, 3, 4, 1, 0, *size], (1, 1, 1), constants)[3][1:],
        want_grid,
        of_grid,
    )


@pytest.mark.parametrize("mode", [LINEAR, NEAREST, CUBIC])
def test_places_that_no_image_has(bench: Bench, mode: int) -> None:
    x = np.arange(1, 13, dtype=np.float32).reshape(1, 1, 3, 4)
    grid = np.array([[np.nan, 0], [1e30, 0], [-1e30, 0], [0, np.inf]], np.float32)
    constants: Any = {"DIMS": ("u32", 2), "MODE": ("u32", mode), "BORDER": ("u32", ZEROS), "ALIGN": ("bool", False)}
    operands = [
        Operand("x", x, "f32", "f32"),
        Operand("grid", grid, "f32", "f32"),
        Operand("y", np.ones(4, np.float32), "f32", "f32", "write"),
    ]
    y = bench.run("grid_sample", operands, [1, 1, 4, 0, 0, 0, 0, 0, 1, 3, 4, 12], (1, 1, 1), constants)[2]
    np.testing.assert_array_equal(y, 0)
