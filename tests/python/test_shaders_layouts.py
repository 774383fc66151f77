"""Runs the shaders that reorder, cut out and add up elements by their place, and those of tables, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from shader_bench import MEMORIES, Bench, Operand


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def fault() -> Operand:
    return Operand("fault", np.zeros(4, np.uint32), "u32", "i32", "add")


def eight(values: tuple[int, ...]) -> list[int]:
    return list(values) + [0] * (8 - len(values))


def steps(x: np.ndarray) -> tuple[int, ...]:
    """Strides in elements."""
    return tuple(s // x.itemsize for s in x.strides)


KINDS_OF_MEMORY = ("f32", "f16", "f64", "i64", "u8", "bool", "c64", "c128")
DTYPES = {memory: MEMORIES[memory][0] for memory in KINDS_OF_MEMORY}
COMPUTE = {memory: MEMORIES[memory][1] for memory in KINDS_OF_MEMORY}


def numbers(rng: np.random.Generator, memory: str, shape: tuple[int, ...]) -> np.ndarray:
    if memory[0] == "f":
        return rng.standard_normal(shape).astype(DTYPES[memory])
    if memory[0] == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(DTYPES[memory])
    return rng.integers(0, 2 if memory == "bool" else 99, shape).astype(DTYPES[memory])


@pytest.mark.parametrize("memory", DTYPES)
def test_flip_and_roll(bench: Bench, memory: str) -> None:
    base = numbers(np.random.default_rng(0), memory, (7, 5, 2, 3, 7))
    x = base.transpose(1, 0, 2, 4, 3)[:, 1:]  # [5, 6, 2, 7, 3]
    operands = [
        Operand("x", base, memory, COMPUTE[memory]),
        Operand("y", np.zeros(x.shape, x.dtype), memory, COMPUTE[memory], "write"),
    ]
    params = eight(x.shape) + eight(steps(x)) + eight((0, 4, 0, 6, 1)) + [x.size, 0b101, 5 * 42, 0]
    _, y = bench.run("flip", operands, params, (2, 1, 1), {"RANK": ("u32", 5)})
    np.testing.assert_array_equal(y, np.roll(np.flip(x, (0, 2)), (4, 6, 1), (1, 3, 4)))


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("diagonal", [0, 3, -4, 100, -(2**31), 2**31 - 1])
def test_triangles(bench: Bench, memory: str, lower: bool, diagonal: int) -> None:
    base = numbers(np.random.default_rng(1), memory, (2, 1, 2, 29, 13))
    x = base.swapaxes(3, 4)
    operands = [
        Operand("x", base, memory, COMPUTE[memory]),
        Operand("y", np.ones(x.shape, x.dtype), memory, COMPUTE[memory], "write"),
    ]
    params = eight(x.shape) + eight(steps(x)) + [x.size, diagonal, 0, 0]
    constants = {"RANK": ("u32", 5), "LOWER": ("bool", lower)}
    _, y = bench.run("triangle", operands, params, (2, 1, 1), constants)
    cut = int(np.clip(diagonal, -200, 200))
    np.testing.assert_array_equal(y, np.tril(x, cut) if lower else np.triu(x, cut))


@pytest.mark.parametrize("source", ["f32", "f16", "f64"])
def test_strided_add_to_windows(bench: Bench, source: str) -> None:
    a = numbers(np.random.default_rng(2), source, (98, 3))  # walked in five dims
    kind = COMPUTE[source]
    x = np.ones(105, DTYPES[kind])
    operands = [Operand("a", a, source, kind), Operand("x", x, kind, kind, "add")]
    params = eight((2, 7, 1, 7, 3)) + eight((147, 21, 0, 3, 1)) + eight((49, 7, 0, 1, 2)) + [98 * 3, 0, 1]
    _, y = bench.run("strided_add", operands, params, (1, 1, 1), {"RANK": ("u32", 5)})
    expected = np.ones(105)
    for i in range(98):
        for j in range(3):
            expected[1 + i + 2 * j] += a[i, j]
    np.testing.assert_allclose(y, expected, rtol=1e-5 if kind == "f32" else 1e-13)


@pytest.mark.parametrize("memory", ["f32", "f16"])
@pytest.mark.parametrize("norm", [0, 1, 2, 3])
def test_embedding_renorm(bench: Bench, memory: str, norm: int) -> None:
    rng = np.random.default_rng(5)
    base = (rng.standard_normal((300, 9)) * rng.random(9)).astype(DTYPES[memory])
    named = rng.random(9) < 0.7
    operands = [Operand("x", base, memory, "f32", "write"), Operand("named", named, "bool", "bool")]
    order = [np.inf, 1.0, 2.0, 2.5][norm]
    x = base.T.astype(np.float64)
    norms = np.linalg.norm(x, order, axis=1)
    most = float(np.median(norms))
    params: list[int | float] = [9, 300, 1, 9, 0, 0, most, 2.5]
    y, _ = bench.run("embedding_renorm", operands, params, (4, 1, 1), {"NORM": ("u32", norm)})
    scale = np.where(named & (norms > most), most / (norms + 1e-7), 1.0)
    assert (scale < 1).any() and (scale == 1).any()
    np.testing.assert_allclose(y.T, x * scale[:, None], rtol=2e-3 if memory == "f16" else 1e-5, atol=1e-5)


# What each bag begins with (or one number more, where the last one ends before the indices do), columns, and lanes.
SOME = [0, 4, 4, 20, 49, 50]  # an empty bag, and one behind the end
BAGS = {
    "each by itself": (SOME, 6, 37, 1),
    "shared": (SOME, 6, 37, 8),
    "one column": (SOME, 6, 1, 8),
    "last offset": ([0, 4, 30, 45], 3, 5, 4),
    "all empty": ([0, 50, 50], 3, 2, 2),
    "many": ([0, *sorted(np.random.default_rng(7).integers(0, 51, 199).tolist())], 200, 3, 2),
}
KINDS = [("f32", 0, True), ("f32", 0, False), ("f32", 1, False), ("f32", 2, False), ("f16", 0, True), ("f16", 2, False)]
KINDS += [("f64", 0, True), ("f64", 1, False), ("f64", 2, False)]


@pytest.mark.parametrize(("memory", "mode", "weighted"), KINDS)
@pytest.mark.parametrize("case", BAGS)
def test_embedding_bag(lane_bench: Bench, memory: str, mode: int, weighted: bool, case: str) -> None:
    rng = np.random.default_rng(6)
    given, bags, width, lanes = BAGS[case]
    weight = rng.standard_normal((10, width)).astype(DTYPES[memory])
    sample = rng.standard_normal(50).astype(DTYPES[memory])
    index, start, padding, n = rng.integers(0, 10, 50), np.array(given), 3, 50
    if case == "all empty":
        index[:] = padding
    compute = COMPUTE[memory]

    def check(bad: int | None = None) -> None:
        operands = [
            Operand("weight", weight, memory, compute),
            Operand("index", index, "i64", "i64"),
            Operand("start", start, "i64", "i64"),
            Operand("sample", sample, memory, compute),
            Operand("y", np.full((bags, width), 7, weight.dtype), memory, compute, "write"),
            Operand("of", np.full(n, 77), "i64", "i64", "write"),
            Operand("size", np.full(bags, 7), "i64", "i64", "write"),
            Operand("largest", np.zeros((bags, width), np.int64), "i64", "i64", "write"),
            fault(),
        ]
        params = [n, bags, len(start), 10, width, padding, width, 1, 0, 0, 0, 1, 0]
        constants: dict[str, tuple[str, int | float | bool]] = {"MODE": ("u32", mode), "WEIGHTED": ("bool", weighted)}
        constants |= {"LANES": ("u32", lanes), "COLUMNS": ("bool", True)}
        *_, y, of, size, largest, found = lane_bench.run("embedding_bag", operands, params, (2, 1, 1), constants)
        assert found[0] == (bad is not None)
        ends = [*start[1:], n]
        bag_of = np.full(n, 77)
        for b in range(bags):
            inside = np.arange(start[b], ends[b])
            bag_of[inside] = b
            kept = inside[(index[inside] != padding) & (inside != bad)]
            rows = weight[index[kept]].astype(np.float64)
            if weighted:
                rows = rows * sample[kept, None].astype(np.float64)
            assert size[b] == len(kept)
            if len(kept) == 0:
                assert not y[b].any()
                continue
            expected = [rows.sum(0), rows.mean(0), rows.max(0)][mode]
            tolerance = {"f16": 2e-3, "f32": 2e-5, "f64": 1e-13}[memory]
            np.testing.assert_allclose(y[b], expected, rtol=tolerance, atol=tolerance)
            if mode == 2:
                np.testing.assert_array_equal(largest[b], index[kept][rows.argmax(0)])
        np.testing.assert_array_equal(of, bag_of)

    check()
    index[7] = 10  # is reported, and counts for nothing
    check(7)


@pytest.mark.parametrize("bad", [-1, 51])
def test_a_bag_that_begins_where_no_index_is(lane_bench: Bench, bad: int) -> None:
    operands = [Operand(name, np.ones(4, np.float32), "f32", "f32") for name in ("weight", "sample")]
    operands[1:1] = [Operand("index", np.zeros(50, np.int64), "i64", "i64")]
    operands[2:2] = [Operand("start", np.array([0, bad, 50]), "i64", "i64")]
    operands.append(Operand("y", np.zeros(3, np.float32), "f32", "f32", "write"))
    operands += [Operand(name, np.zeros(50, np.int64), "i64", "i64", "write") for name in ("of", "size", "largest")]
    constants = {"MODE": ("u32", 0), "WEIGHTED": ("bool", False), "LANES": ("u32", 8), "COLUMNS": ("bool", True)}
    params = [50, 3, 3, 4, 1, -1, 1, 1, 0, 0, 0, 1, 0]
    assert lane_bench.run("embedding_bag", [*operands, fault()], params, (1, 1, 1), constants)[-1][0] == 1
