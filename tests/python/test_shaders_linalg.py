"""Decompositions and triangular systems in `shaders/` against NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

TINY = {np.float32: np.finfo(np.float32).tiny, np.float64: np.finfo(np.float64).tiny}
NAMES = {np.float32: "f32", np.float64: "f64"}


@pytest.fixture(scope="module", params=[True, False], ids=["subgroups", "no subgroups"])
def bench(request) -> Iterator[Bench]:
    yield Bench(request.param)


def drawn(*shape: int, dtype=np.float32) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def columns_of(a: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(a.swapaxes(-1, -2))


def operand(name: str, data: np.ndarray, role: str) -> Operand:
    kind = NAMES[data.dtype.type]
    return Operand(name, data, kind, kind, role)


def constants(lanes: int, columns: bool = False, **flags: bool) -> dict:
    given = {"LANES": ("u32", lanes), "COLUMNS": ("bool", columns)}
    return given | {name: ("bool", value) for name, value in flags.items()}


# ---- QR -------------------------------------------------------------------------------------------------------------


def reflect(bench, w, y, head, step, lanes, *, form):
    """One step: reflects `y`, or `w` by itself."""
    count, columns, rows = w.shape
    operands = [operand("w", w, "read"), operand("y", y, "write"), operand("head", head, "write")]
    sizes = [0, 0, 0, count, rows, columns, y.shape[1], head.shape[1], step, step]
    sizes.append(TINY[w.dtype.type])
    return bench.run("qr", operands, sizes, (2, 1, 1), constants(lanes, FORM=form))[1:]


def qr(bench, a, kept, lanes=4):
    w, steps = columns_of(a), min(a.shape[1:])
    head = np.zeros((len(a), steps), a.dtype)
    for step in range(steps):
        # Of two buffers, for here a binding that is read must stay as it is.
        w, head = reflect(bench, w, w.copy(), head, step, lanes, form=False)
    q = np.broadcast_to(np.eye(kept, a.shape[1], dtype=a.dtype), (len(a), kept, a.shape[1])).copy()
    for step in reversed(range(steps)):
        q = reflect(bench, w, q, np.zeros_like(head), step, lanes, form=True)[0]
    r = np.triu(w.swapaxes(1, 2)[:, :kept], 1)
    r[:, range(steps), range(steps)] = head
    return q.swapaxes(1, 2), r


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 5, 3), (3, 3, 5), (1, 4, 4), (2, 1, 3), (1, 70, 3)])
def test_qr_is_lapack_s(bench, shape, dtype) -> None:
    a = drawn(*shape, dtype=dtype)
    close = {"rtol": 2e-5, "atol": 2e-5} if dtype == np.float32 else {}
    for mode, kept in (("reduced", min(shape[1:])), ("complete", shape[1])):
        for lanes in (1, 8, 256):
            q, r = qr(bench, a, kept, lanes)
            want = np.linalg.qr(a.astype(np.float64), mode)
            assert np.allclose(q, want[0], **close) and np.allclose(r, want[1], **close)


def test_qr_of_any_size_of_numbers(bench) -> None:
    a = drawn(2, 4, 3)
    for scale in (1e-30, 1e30):
        q, r = qr(bench, a * np.float32(scale), 3)
        want = np.linalg.qr(a.astype(np.float64))
        assert np.allclose(q, want[0], atol=1e-5) and np.allclose(r / scale, want[1], atol=1e-5)
    q, r = qr(bench, np.array([[[1e15, 1], [1e-15, 2]]], np.float32), 2)
    assert np.allclose(r, [[[-1e15, -1], [0, 2]]]) and np.allclose(np.abs(q), np.eye(2))
    # A column that has nothing below its head is left as it is, with its sign; one that has not a number spoils what it meets.
    q, r = qr(bench, np.array([[[-2, 1], [0, 3], [0, 4]]], np.float32), 2)
    assert np.allclose(r, [[[-2, 1], [0, -5]]]) and np.allclose(q, [[[1, 0], [0, -0.6], [0, -0.8]]])
    for below in ([[np.nan, 3]], [[np.nan, 3], [1, 4]]):
        q, r = qr(bench, np.array([[[1, 1], *below]], np.float32), 2)
        assert np.isnan(r[0, 0]).all() and np.isnan(q).any()


# ---- triangular systems ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("lanes,columns", [(1, True), (8, True), (8, False), (256, False)])
def test_triangular_systems(bench, upper, unit, lanes, columns) -> None:
    count, n, sides = 3, 9, 7
    a = drawn(count, n, n) / 3 + 2 * np.eye(n, dtype=np.float32)
    b = drawn(count, n, sides)
    triangle = np.triu(a) if upper else np.tril(a)
    if unit:
        triangle[:, range(n), range(n)] = 1
    x = b
    for begin, end in ((0, 4), (4, n)):
        operands = [operand("a", a, "read"), operand("x", x, "write")]
        sizes = [0, 0, count * sides, sides, n, begin, end]
        x = bench.run(
            "solve_triangular", operands, sizes, (2, 1, 1), constants(lanes, columns, UPPER=upper, UNIT=unit)
        )[1]
    assert np.allclose(x, np.linalg.solve(triangle.astype(np.float64), b), rtol=1e-4, atol=1e-5)


# ---- singular values ------------------------------------------------------------------------------------------------


def orthogonalize(bench, a, *, lanes, together, vectors=True, sweeps=12):
    """The columns of each matrix, turned until they are orthogonal, and how they were turned, both as rows."""
    count, rows, columns = a.shape
    w, players = columns_of(a), columns + columns % 2
    each, places = players // 2, 256 // lanes
    v = np.broadcast_to(np.eye(columns, dtype=a.dtype), (count, columns, columns)).copy()
    turned = np.zeros(count, np.int32)
    block = places // each * each if together else places
    epsilon = np.finfo(a.dtype).eps
    total = sweeps * (players - 1)
    for begin in range(0, total, 7 if together else 1):
        end = min(begin + 7, total) if together else begin + 1
        operands = [
            operand("w", w, "write"),
            operand("v", v, "write"),
            Operand("turned", turned, "i32", "i32", "atomic"),
        ]
        sizes = [0, 0, 0, count, rows, columns, players, block, begin, end]
        sizes += [a.dtype.type(2 * epsilon), a.dtype.type(epsilon)]
        w, v, turned = bench.run("svd", operands, sizes, (2, 1, 1), constants(lanes, VECTORS=vectors))
    return w, v, turned


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape,lanes,together",
    [
        ((5, 4, 4), 16, True),
        ((3, 9, 5), 1, True),
        ((9, 3, 2), 64, True),
        ((4, 7, 5), 64, True),
        ((2, 30, 21), 8, False),
        ((1, 40, 40), 8, True),
    ],
)
def test_columns_become_orthogonal(bench, shape, lanes, together, dtype) -> None:
    a = drawn(*shape, dtype=dtype)
    a /= np.abs(a).max()
    w, v, turned = orthogonalize(bench, a, lanes=lanes, together=together)
    epsilon = np.finfo(dtype).eps
    wide, turns = w.astype(np.float64), v.astype(np.float64)
    want = np.linalg.svd(a.astype(np.float64), compute_uv=False)
    found = np.sort(np.linalg.norm(wide, axis=2), axis=1)[:, ::-1]
    assert np.abs(found - want).max() < 8 * epsilon * want.max()
    assert np.allclose(turns @ turns.swapaxes(1, 2), np.eye(shape[2]), atol=32 * epsilon)
    # A V is what the columns have become.
    assert np.allclose(turns @ columns_of(a), wide, atol=32 * epsilon * want.max())
    unit = wide / np.linalg.norm(wide, axis=2, keepdims=True)
    assert np.allclose(unit @ unit.swapaxes(1, 2), np.eye(shape[2]), atol=32 * epsilon)
    # The last sweeps turned nothing, and each matrix has its own last one.
    assert (turned > 0).all() and (turned < 12).all()
    assert (orthogonalize(bench, a, lanes=lanes, together=together, sweeps=1)[2] == 1).all()
    again = orthogonalize(bench, a, lanes=lanes, together=together, vectors=False)
    assert np.array_equal(again[0], w) and (again[1] == np.eye(shape[2])).all()


def test_zero_columns_and_nan_end(bench) -> None:
    a = np.zeros((3, 3, 3), np.float32)
    a[1] = 1  # rank one
    a[2] = np.nan
    w, v, turned = orthogonalize(bench, a, lanes=16, together=True)
    assert turned[0] == turned[2] == 0 and np.isnan(w[2]).all()
    assert np.allclose(np.sort(np.linalg.norm(w[1], axis=1)), [0, 0, 3], atol=1e-6)
    assert np.allclose(v[1] @ v[1].T, np.eye(3), atol=1e-6)
