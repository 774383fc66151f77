"""The shader that joins lists of tensors, run through wgpu-py against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import MEMORIES, Bench, Operand


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("memory", ["f32", "f16", "f64", "i64", "u8", "bool", "c64", "c128"])
@pytest.mark.parametrize("runs", [[3, 1, 0, 5, 2, 7, 1, 1, 0, 4, 9, 6], [40, 300], [1] * 12, [0, 5, 0]])
def test_cat(bench: Bench, memory: str, runs: list[int]) -> None:
    """Into the columns from 2 on of rows of y, which are wider by 5, behind an offset of 3."""
    dtype, compute = MEMORIES[memory]
    rng, rows, columns = np.random.default_rng(len(runs)), 37, sum(runs)
    large = rng.integers(-(2**40), 2**40, (rows, columns)) if memory == "i64" else rng.integers(0, 200, (rows, columns))
    whole = (large % 2 if memory == "bool" else large * 1j - 3 if memory[0] == "c" else large).astype(dtype)
    ends = np.cumsum(runs)
    x = [np.concatenate([whole[:0, 0], np.ones(1, dtype), part.ravel()]) for part in np.split(whole, ends[:-1], axis=1)]
    operands = [Operand(f"x{t}", x[t] if t < len(runs) else x[0], memory, compute) for t in range(12)]
    before = np.ones(3 + rows * (columns + 5), dtype)
    operands.append(Operand("y", before, memory, compute, "write"))
    padded = [*ends.tolist(), *[columns] * (12 - len(runs))]
    params = [*padded, *[1] * 12, rows * columns, columns, columns + 5, 3 + 2]
    y = bench.run("cat", operands, params, (2, 1, 1))[-1]
    expected = before.copy()
    expected[3:].reshape(rows, columns + 5)[:, 2:-3] = whole
    np.testing.assert_array_equal(y, expected)
