"""Runs the shaders that pick, write and join elements at indexed places, and those of masks, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from shader_bench import MEMORIES, Bench, Operand, from_bfloat16, to_bfloat16

FAULT = "fault"


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def fault() -> Operand:
    return Operand(FAULT, np.zeros(4, np.uint32), "u32", "i32", "add")


def four(values: tuple[int, ...]) -> list[int]:
    return list(values) + [0] * (4 - len(values))


def eight(values: tuple[int, ...]) -> list[int]:
    return list(values) + [0] * (8 - len(values))


def steps(x: np.ndarray) -> tuple[int, ...]:
    """Strides in elements."""
    return tuple(s // x.itemsize for s in x.strides)


def flags(**given: bool) -> dict[str, tuple[str, bool]]:
    return {name: ("bool", value) for name, value in ({"WRAP": False, "LISTED": False} | given).items()}


def walk(shape: tuple[int, ...], index: tuple[int, ...], a: tuple[int, ...], x: tuple[int, ...]) -> list[int]:
    return four(shape) + four(index) + four(a) + four(x)


def numbers(rng: np.random.Generator, memory: str, shape: tuple[int, ...]) -> np.ndarray:
    if memory == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if memory[0] == "f":
        return rng.standard_normal(shape).astype(MEMORIES[memory][0])
    if memory[0] == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(MEMORIES[memory][0])
    low, high = (0, 200) if memory == "u8" else (-900, 900)
    return rng.integers(low, high, shape).astype(MEMORIES[memory][0])


@pytest.mark.parametrize("memory", MEMORIES)
def test_index_get_picks_rows(bench: Bench, memory: str) -> None:
    rng = np.random.default_rng(0)
    x = numbers(rng, memory, (5, 7, 33))
    index = rng.integers(-7, 7, 19)
    compute = MEMORIES[memory][1]
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", np.zeros((5, 19, 33), x.dtype), memory, compute, "write"),
        Operand("x", x, memory, compute),
        fault(),
    ]
    params = walk((5, 19, 33), (0, 1, 0), (19 * 33, 33, 1), (7 * 33, 0, 1))
    params += [5 * 19 * 33, 7, 33, 0, 0, 0]
    _, a, _, bad = bench.run("index_get", operands, params, (3, 1, 1), flags(WRAP=True) | {"RANK": ("u32", 3)})
    np.testing.assert_array_equal(a, x[:, index])
    assert bad[0] == 0


def test_index_get_of_strided_memory_with_offsets_and_int32(bench: Bench) -> None:
    rng = np.random.default_rng(1)
    base = numbers(rng, "f32", (40, 30))
    x = base.T[3:, 1::2]  # [27, 20]
    index = rng.integers(0, 27, (2, 11)).astype(np.int32)
    out = np.zeros(5 + 20 * 11, np.float32)
    operands = [
        Operand("index", index, "i32", "i32"),
        Operand("a", out, "f32", "f32", "write"),
        Operand("x", base, "f32", "f32"),
        fault(),
    ]
    sx = steps(x)
    params = walk((11, 20), (1, 0), (20, 1), (0, sx[1])) + [11 * 20, 27, sx[0], 11, 5, 3 + 30]
    _, a, _, bad = bench.run("index_get", operands, params, (1, 1, 1), flags() | {"RANK": ("u32", 2)})
    np.testing.assert_array_equal(a[5:].reshape(11, 20), x[index[1]])
    assert bad[0] == 0 and not a[:5].any()


@pytest.mark.parametrize("wrong", [7, -8, 2**33, -(2**40)])
def test_a_bad_index_is_reported_and_reads_nothing(bench: Bench, wrong: int) -> None:
    x = np.arange(1, 8, dtype=np.float32)
    operands = [
        Operand("index", np.array([0, wrong, -1]), "i64", "i64"),
        Operand("a", np.full(3, 9, np.float32), "f32", "f32", "write"),
        Operand("x", x, "f32", "f32"),
        fault(),
    ]
    params = walk((3,), (1,), (1,), (0,)) + [3, 7, 1, 0, 0, 0]
    _, a, _, bad = bench.run("index_get", operands, params, (1, 1, 1), flags(WRAP=True) | {"RANK": ("u32", 1)})
    assert a.tolist() == [1, 0, 7] and bad[0] == 1
    _, _, _, bad = bench.run("index_get", operands, params, (1, 1, 1), flags() | {"RANK": ("u32", 1)})
    assert bad[0] == 1  # -1, where indices do not count from the end


@pytest.mark.parametrize("memory", MEMORIES)
def test_index_put_writes_rows(bench: Bench, memory: str) -> None:
    rng = np.random.default_rng(2)
    x, a = numbers(rng, memory, (50, 6, 9)), numbers(rng, memory, (31, 6, 9))
    index = rng.permutation(50)[:31]
    compute = MEMORIES[memory][1]
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", a, memory, compute),
        Operand("x", x, memory, compute, "write"),
        fault(),
    ]
    params = walk((31, 54), (1, 0), (54, 1), (0, 1)) + [31 * 54, 50, 54, 0, 0, 0]
    result = bench.run("index_put", operands, params, (2, 1, 1), flags() | {"RANK": ("u32", 2)})
    expected = x.copy()
    expected[index] = a
    np.testing.assert_array_equal(result[2], expected)
    assert result[3][0] == 0


def test_index_put_passes_over_bad_indices(bench: Bench) -> None:
    x = np.arange(4, dtype=np.float32)
    operands = [
        Operand("index", np.array([1, 4, -5, -1]), "i64", "i64"),
        Operand("a", np.array([9.0], np.float32), "f32", "f32"),
        Operand("x", x, "f32", "f32", "write"),
        fault(),
    ]
    params = walk((4,), (1,), (0,), (0,)) + [4, 4, 1, 0, 0, 0]
    _, _, y, bad = bench.run("index_put", operands, params, (1, 1, 1), flags(WRAP=True) | {"RANK": ("u32", 1)})
    assert y.tolist() == [0, 9, 2, 9] and bad[0] == 1


@pytest.mark.parametrize(
    ("memory", "kind"), [("f32", "f32"), ("f32", "f16"), ("f64", "f64"), ("i32", "i32"), ("i64", "i64")]
)
def test_index_add(bench: Bench, memory: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    x = numbers(rng, memory, (7, 40))
    a = numbers(rng, kind, (300, 40))
    if memory == "i64":
        x, a = x * 2**37, a * (2**40 + 2**31 + 1)  # both halves, and carries of either sign
    index = rng.integers(-7, 7, 300)
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", a, kind, MEMORIES[kind][1]),
        Operand("x", x, memory, MEMORIES[memory][1], "add"),
        fault(),
    ]
    params = walk((300, 40), (1, 0), (40, 1), (0, 1)) + [300 * 40, 7, 40, 0, 0, 0]
    result = bench.run("index_add", operands, params, (5, 1, 1), flags(WRAP=True) | {"RANK": ("u32", 2)})
    expected = x.copy()
    np.add.at(expected, index, a.astype(x.dtype))
    if memory[0] == "f":
        tolerance = 2e-5 if memory == "f32" else 1e-13
        np.testing.assert_allclose(result[2], expected, rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(result[2], expected)
    assert result[3][0] == 0


@pytest.mark.parametrize("memory", ["f32", "i32", "i64"])
@pytest.mark.parametrize("join", [0, 1, 2])
def test_index_join_along_a_dim(bench: Bench, memory: str, join: int) -> None:
    if memory == "i64" and "shader-int64-atomic-all-ops" not in bench.features:
        pytest.skip("the adapter has no atomics of 64 bits")
    rng = np.random.default_rng(4)
    x, a = numbers(rng, memory, (6, 17)), numbers(rng, memory, (23, 17))
    if join == 0:
        x, a = (
            np.sign(x) + 1,
            np.where(rng.random(a.shape) < 0.2, -1, 2).astype(a.dtype) / (2 if memory == "f32" else 1),
        )
        x, a = x.astype(MEMORIES[memory][0]), a.astype(MEMORIES[memory][0])
    elif memory == "i64":
        x, a = x * (2**40 + 1) - 2**33, a * (2**40 + 2**31)  # what both halves decide
    elif memory == "f32":
        x[2, 3] = a[5, 4] = a[6, 4] = np.nan
        a[7, 5], a[8, 5] = np.inf, -np.inf
    index = rng.integers(-6, 6, (23, 17))
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", a, memory, memory),
        Operand("x", x, memory, memory, "atomic"),
        fault(),
    ]
    params = walk((23, 17), (17, 1), (17, 1), (0, 1)) + [23 * 17, 6, 17, 0, 0, 0]
    constants = flags(WRAP=True) | {"RANK": ("u32", 2), "JOIN": ("u32", join), "FLOAT": ("bool", memory == "f32")}
    result = bench.run("index_join", operands, params, (1, 1, 1), constants)
    expected, columns = x.copy(), np.broadcast_to(np.arange(17), index.shape)
    [np.multiply, np.maximum, np.minimum][join].at(expected, (index, columns), a)
    np.testing.assert_array_equal(result[2], expected)
    assert result[3][0] == 0


@pytest.mark.parametrize("memory", ["f32", "i32", "i64"])
@pytest.mark.parametrize("join", [0, 1, 2])
def test_index_join_where_many_meet(bench: Bench, memory: str, join: int) -> None:
    if memory == "i64" and "shader-int64-atomic-all-ops" not in bench.features:
        pytest.skip("the adapter has no atomics of 64 bits")
    rng = np.random.default_rng(14)
    x, a = np.ones(3, MEMORIES[memory][0]), numbers(rng, memory, (2000,))
    if join == 0:
        a = rng.choice([-1, 1] if memory[0] == "i" else [-2, 0.5], 2000).astype(x.dtype)
    index = rng.integers(0, 3, 2000)
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", a, memory, memory),
        Operand("x", x, memory, memory, "atomic"),
        fault(),
    ]
    params = walk((2000,), (1,), (1,), (0,)) + [2000, 3, 1, 0, 0, 0]
    constants = flags() | {"RANK": ("u32", 1), "JOIN": ("u32", join), "FLOAT": ("bool", memory == "f32")}
    result = bench.run("index_join", operands, params, (2, 1, 1), constants)
    expected = x.copy()
    [np.multiply, np.maximum, np.minimum][join].at(expected, index, a)
    np.testing.assert_array_equal(result[2], expected)


@pytest.mark.parametrize("wrong", [7, -8])
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(("file", "role"), [("index_add", "add"), ("index_join", "atomic")])
def test_a_bad_index_adds_and_joins_nothing(bench: Bench, file: str, role: str, listed: bool, wrong: int) -> None:
    operands = [
        Operand("index", np.array([0, wrong, 6 if listed else -1]), "i64", "i64"),
        Operand("a", np.array([10, 20, 40], np.float32), "f32", "f32"),
        Operand("x", np.full(7, 2, np.float32), "f32", "f32", role),
        fault(),
    ]
    params = walk((3,), (1,), (1,), (0,)) + [3, 7, 1, 0, 0, 0]
    constants = flags(WRAP=not listed, LISTED=listed) | {"RANK": ("u32", 1)}
    if file == "index_join":
        constants |= {"JOIN": ("u32", 1), "FLOAT": ("bool", True)}
    _, _, x, bad = bench.run(file, operands, params, (1, 1, 1), constants)
    assert x.tolist() == ([12, 2, 2, 2, 2, 2, 42] if file == "index_add" else [10, 2, 2, 2, 2, 2, 40])
    assert bad[0] == (not listed)


@pytest.mark.parametrize("memory", ["i64", "f64"])
@pytest.mark.parametrize("join", [0, 1, 2])
def test_index_lines_join_wide_numbers_in_order(bench: Bench, join: int, memory: str) -> None:
    rng = np.random.default_rng(5)
    x, a = rng.integers(-(2**40), 2**40, (3, 6, 70)), rng.integers(-(2**40), 2**40, (3, 23, 70))
    if memory == "f64":
        x, a = x / 2**40, a / 2**40
        x[0, 1, 2] = a[0, 3, 4] = a[2, 5, 6] = np.nan
    index = rng.integers(0, 6, (3, 23, 70))
    operands = [
        Operand("index", index, "i64", "i64"),
        Operand("a", a, memory, memory),
        Operand("x", x, memory, memory, "write"),
        fault(),
    ]
    params = walk((3, 70), (23 * 70, 1), (23 * 70, 1), (6 * 70, 1)) + [210, 23, 6, 70, 70, 70, 0, 0, 0]
    constants = {"RANK": ("u32", 2), "JOIN": ("u32", join), "FLOAT": ("bool", memory == "f64")}
    result = bench.run("index_lines", operands, params, (2, 1, 1), constants)
    expected = x.copy()
    planes = np.broadcast_to(np.arange(3)[:, None, None], index.shape)
    columns = np.broadcast_to(np.arange(70), index.shape)
    [np.multiply, np.maximum, np.minimum][join].at(expected, (planes, index, columns), a)
    np.testing.assert_array_equal(result[2], expected)
    assert result[3][0] == 0
    index[1, 2, 3] = 6
    operands[0].data = index
    result = bench.run("index_lines", operands, params, (2, 1, 1), constants)
    assert result[3][0] == 1


def offsets(
    bench: Bench, at: np.ndarray, index: np.ndarray, size: int, step: int, first: bool, x: tuple[int, ...] = ()
):
    """One call for an index that has the shape of the list; gives the list and the fault."""
    kind = "i64" if index.dtype == np.int64 else "i32"
    operands = [Operand("index", index, kind, kind), Operand("at", at, "i32", "i32", "write"), fault()]
    params = eight(index.shape) + eight(steps(index)) + eight(x) + [index.size, size, step, 0, 0]
    constants = {"WRAP": ("bool", True), "FIRST": ("bool", first), "RANK": ("u32", index.ndim)}
    _, at, bad = bench.run("offsets", operands, params, (2, 1, 1), constants)
    return at, int(bad[0])


def test_offsets_of_several_indices_pick_their_elements(bench: Bench) -> None:
    rng = np.random.default_rng(6)
    x = numbers(rng, "f32", (9, 8, 7))
    rows, columns = rng.integers(-9, 9, (30, 20)), rng.integers(-7, 7, (30, 20)).astype(np.int32)
    at = np.full((30, 20), 77, np.int32)
    at, bad = offsets(bench, at, rows, 9, 56, True)
    at, more = offsets(bench, at, columns, 7, 1, False)
    assert bad == more == 0
    np.testing.assert_array_equal(at, (rows % 9) * 56 + columns % 7)
    operands = [
        Operand("index", at, "i32", "i32"),
        Operand("a", np.zeros((30, 20, 8), np.float32), "f32", "f32", "write"),
        Operand("x", x, "f32", "f32"),
        fault(),
    ]
    params = walk((600, 8), (1, 0), (8, 1), (0, 7)) + [4800, 504, 1, 0, 0, 0]
    _, a, _, bad = bench.run("index_get", operands, params, (2, 1, 1), flags(LISTED=True) | {"RANK": ("u32", 2)})
    np.testing.assert_array_equal(a, x.transpose(0, 2, 1)[rows, columns])
    assert bad[0] == 0


def test_offsets_of_an_index_of_six_dims(bench: Bench) -> None:
    index = np.random.default_rng(12).integers(-9, 9, (7, 3, 2, 5, 1, 2)).T  # [2, 1, 5, 2, 3, 7]
    base = Operand("index", index.T, "i64", "i64")
    at = Operand("at", np.zeros(index.shape, np.int32), "i32", "i32", "write")
    x = (0, 0, 0, 0, 90, 400)
    params = eight(index.shape) + eight(steps(index)) + eight(x) + [index.size, 9, 10, 0, 0]
    constants = {"WRAP": ("bool", True), "FIRST": ("bool", True), "RANK": ("u32", 6)}
    _, found, bad = bench.run("offsets", [base, at, fault()], params, (2, 1, 1), constants)
    along = 90 * np.arange(3)[:, None] + 400 * np.arange(7)
    np.testing.assert_array_equal(found, index % 9 * 10 + along)
    assert bad[0] == 0


def test_offsets_of_bad_indices_are_passed_over(bench: Bench) -> None:
    at, bad = offsets(bench, np.zeros(4, np.int32), np.array([0, 3, -4, 2]), 3, 5, True)
    assert at.tolist() == [0, -1, -1, 10] and bad == 1
    at, bad = offsets(bench, at, np.array([1, 1, 1, 9]), 5, 1, False)
    assert at.tolist() == [1, -1, -1, -1] and bad == 1


def test_of_several_writes_to_one_place_the_last_stays(bench: Bench) -> None:
    rng = np.random.default_rng(7)
    x, a = np.zeros((12, 40), np.float32), numbers(rng, "f32", (90, 40))
    index = rng.integers(0, 12, (90, 40))
    at, bad = offsets(bench, np.zeros((90, 40), np.int32), index, 12, 40, True, (0, 1))
    assert bad == 0
    at[3, 4] = -1
    owner = Operand("owner", np.zeros(480, np.int32), "i32", "i32", "atomic")
    params = [at.size, 0, 0]
    _, owner.data = bench.run("claim", [Operand("at", at, "i32", "i32"), owner], params, (1, 2, 1))
    owner.role = "read"
    at, _ = bench.run("winners", [Operand("at", at, "i32", "i32", "write"), owner], params, (2, 1, 1))
    named = at[at >= 0]
    assert len(named) == len(np.unique(named)) == len(np.unique(index * 40 + np.arange(40)))
    operands = [
        Operand("index", at, "i32", "i32"),
        Operand("a", a, "f32", "f32"),
        Operand("x", x, "f32", "f32", "write"),
        fault(),
    ]
    params = walk((3600,), (1,), (1,), (0,)) + [3600, 480, 1, 0, 0, 0]
    result = bench.run("index_put", operands, params, (2, 1, 1), flags(LISTED=True) | {"RANK": ("u32", 1)})
    expected = x.copy()
    for r in range(90):
        for c in range(40):
            if (r, c) != (3, 4):
                expected[index[r, c], c] = a[r, c]
    np.testing.assert_array_equal(result[2], expected)
    assert result[3][0] == 0


# ---- masks ------------------------------------------------------------------------------------------------------------


def places(bench: Bench, mask: np.ndarray, strides: tuple[int, ...], groups: int = 2) -> np.ndarray:
    blocks = -(-mask.size // 4096)
    count = Operand("count", np.zeros(blocks + 1, np.int32), "i32", "i32", "write")
    read = Operand("mask", mask, "bool", "bool")
    _, count.data = bench.run("mask_count", [read, count], [mask.size, blocks, 0], (groups, 1, 1))
    (count.data,) = bench.run("mask_starts", [count], [blocks], (1, 1, 1))
    total = int(count.data[-1])
    assert total == np.count_nonzero(mask)
    count.role = "read"
    operands = [read, count, Operand("at", np.full(total + 1, 7, np.int32), "i32", "i32", "write")]
    params = eight(mask.shape) + eight(strides) + [mask.size, blocks, 0, 0]
    at = bench.run("mask_places", operands, params, (groups, 1, 1), {"RANK": ("u32", mask.ndim)})[2]
    assert at[-1] == 7
    return at[:-1]


@pytest.mark.parametrize("shape", [(1,), (5, 3), (13, 17, 101), (2, 3, 2, 5, 3, 7), (300, 4097)])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_the_places_of_a_mask(bench: Bench, shape: tuple[int, ...], share: float) -> None:
    mask = np.random.default_rng(8).random(shape) < share
    own = steps(np.empty(shape, np.int8))
    found = places(bench, mask, own)
    np.testing.assert_array_equal(found, np.flatnonzero(mask))
    turned = steps(np.empty(shape[::-1], np.int8).T)
    order = np.arange(mask.size).reshape(shape[::-1]).T
    np.testing.assert_array_equal(places(bench, mask, turned), order[mask])
    if len(found) == 0:
        return
    operands = [
        Operand("at", found, "i32", "i32"),
        Operand("column", np.zeros((len(shape), len(found)), np.int64), "i64", "i64", "write"),
    ]
    params = eight(shape) + [len(found), 0, 0]
    _, columns = bench.run("coordinates", operands, params, (2, 1, 1), {"RANK": ("u32", len(shape))})
    np.testing.assert_array_equal(columns, np.stack(np.nonzero(mask)))


def test_starts_of_more_blocks_than_threads(bench: Bench) -> None:
    counts = np.random.default_rng(9).integers(0, 4097, 1001).astype(np.int32)
    (starts,) = bench.run("mask_starts", [Operand("count", counts, "i32", "i32", "write")], [1000], (1, 1, 1))
    np.testing.assert_array_equal(starts, np.concatenate([[0], np.cumsum(counts[:-1])]))


@pytest.mark.parametrize("memory", MEMORIES)
def test_masked_fill(bench: Bench, memory: str) -> None:
    rng = np.random.default_rng(10)
    base = numbers(rng, memory, (21, 3, 5, 2, 5))
    mask = rng.random((21, 1, 1, 1, 5)) < 0.4
    value = numbers(rng, memory, (1,))
    compute = MEMORIES[memory][1]
    view = base.transpose(0, 2, 1, 3, 4)[:, 1:]
    operands = [
        Operand("x", base, memory, compute, "write"),
        Operand("mask", mask, "bool", "bool"),
        Operand("value", value, memory, compute),
    ]
    params = eight(view.shape) + eight(steps(view)) + eight((5, 0, 0, 0, 1)) + [view.size, 10, 0, 0]
    filled = bench.run("masked_fill", operands, params, (3, 1, 1), {"RANK": ("u32", 5)})[0]
    expected = base.copy()
    wide = np.broadcast_to(mask, view.shape)
    expected.transpose(0, 2, 1, 3, 4)[:, 1:][wide] = value[0]
    np.testing.assert_array_equal(filled, expected)


def test_brain_floats_move_beside_their_neighbours(bench: Bench) -> None:
    rng = np.random.default_rng(11)
    x, a = to_bfloat16(rng.standard_normal(64)), to_bfloat16(rng.standard_normal(21))
    operands = [
        Operand("index", np.arange(21) * 3, "i64", "i64"),
        Operand("a", a, "bf16", "f32"),
        Operand("x", x, "bf16", "f32", "write"),
        fault(),
    ]
    params = walk((21,), (1,), (1,), (0,)) + [21, 64, 1, 0, 0, 0]
    y = bench.run("index_put", operands, params, (1, 1, 1), flags() | {"RANK": ("u32", 1)})[2]
    expected = x.copy()
    expected[:63:3] = a
    np.testing.assert_array_equal(from_bfloat16(y), from_bfloat16(expected))
