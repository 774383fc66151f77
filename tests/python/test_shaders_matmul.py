"""The shaders of matrix products, run through wgpu-py against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand, from_bfloat16, to_bfloat16


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def numbers(rng: np.random.Generator, shape: tuple[int, ...], memory: str) -> np.ndarray:
    if memory in ("i32", "i64", "u8"):
        low, high = (0, 9) if memory == "u8" else (-9, 9)
        return rng.integers(low, high, shape).astype({"i32": np.int32, "i64": np.int64, "u8": np.uint8}[memory])
    x = rng.standard_normal(shape).astype(np.float64 if memory == "f64" else np.float32)
    if memory == "f16":
        return x.astype(np.float16)
    return to_bfloat16(x) if memory == "bf16" else x


def wide(x: np.ndarray, memory: str) -> np.ndarray:
    """What the memory means, in the precision of the reference."""
    if memory == "bf16":
        return from_bfloat16(x).astype(np.float64)
    return x.astype(np.int64) if memory in ("i32", "i64", "u8") else x.astype(np.float64)


COMPUTE = {"f32": "f32", "f64": "f64", "f16": "f32", "bf16": "f32", "i32": "i32", "u8": "i32", "i64": "i64"}
TOLERANCE = {"f32": 2e-5, "f64": 1e-14, "f16": 2e-3, "bf16": 1.5e-2, "i32": 0, "i64": 0, "u8": 0}


class Case:
    """Operands in memory larger than needed, at an offset, whose dims may lie in any order."""

    def __init__(self, batch: tuple[int, int], m: int, n: int, k: int, memory: str, **options: Any) -> None:
        rng = np.random.default_rng(m * 1000 + n * 10 + k)
        self.batch, self.m, self.n, self.k, self.memory = batch, m, n, k, memory
        self.epilogue = options.get("epilogue", 0)
        self.parts = options.get("parts", 1)
        self.numbers = (1.5, -0.5) if memory[0] in "fb" else (3.0, -2.0)
        shapes = {"a": (m, k), "b": (k, n), "c": (m, n), "y": (m, n)}
        self.memories: dict[str, np.ndarray] = {}
        self.steps: dict[str, list[int]] = {}
        self.offsets = {"a": 3, "b": 2, "c": 5, "y": 1}
        self.values: dict[str, np.ndarray] = {}
        for name, shape in shapes.items():
            full = (*batch, *shape)
            order = options.get(name, (0, 1, 2, 3))
            lying = tuple(full[d] for d in order)
            flat = numbers(rng, (self.offsets[name] + int(np.prod(lying)) + 7,), memory)
            step, by = 1, [0, 0, 0, 0]
            for d in reversed(order):
                by[d] = step
                step *= full[d]
            for d in options.get(f"shared_{name}", ()):
                by[d] = 0
            self.memories[name], self.steps[name] = flat, by
            view = np.lib.stride_tricks.as_strided(
                flat[self.offsets[name] :], full, [s * flat.itemsize for s in by], writeable=False
            )
            self.values[name] = wide(view, memory)

    def params(self) -> list[int | float]:
        alpha, beta = self.numbers
        part_k = -(-self.k // self.parts)
        words: list[int | float] = [self.m, self.n, self.k, self.batch[0] * self.batch[1]]
        for name in "abyc":
            words += self.steps[name]
        words += [self.offsets[name] for name in "abyc"]
        return [*words, self.batch[1], self.parts, part_k, float(alpha), float(beta)]

    def operand(self, name: str, role: str = "read") -> Operand:
        return Operand(name, self.memories[name], self.memory, COMPUTE[self.memory], role)

    def expected(self) -> np.ndarray:
        y = self.values["a"] @ self.values["b"]
        alpha, beta = self.numbers
        if self.epilogue > 0:
            y = y * (alpha if y.dtype.kind == "f" else int(alpha))
        if self.epilogue > 1:
            y = y + self.values["c"] * (beta if y.dtype.kind == "f" else int(beta))
        return y

    def check(self, bench: Bench, file: str, groups: int, constants: dict[str, tuple[str, int | float | bool]]) -> None:
        constants = {**constants, "EPILOGUE": ("u32", self.epilogue)}
        a, b, c, y = self.operand("a"), self.operand("b"), self.operand("c"), self.operand("y", "write")
        if self.parts == 1:
            after = bench.run(file, [a, b, c, y], self.params(), (groups, 1, 1), constants)[3]
        else:
            compute = COMPUTE[self.memory]
            dtype = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}[compute]
            rest = np.zeros(self.offsets["y"] + int(np.prod(self.batch)) * self.parts * self.m * self.n, dtype)
            scratch = Operand("y", rest, compute, compute, "write")
            rest = bench.run(file, [a, b, c, scratch], self.params(), (groups, 1, 1), constants)[3]
            params = self.params()
            params[20] = self.offsets["y"]
            epilogue = {"EPILOGUE": constants["EPILOGUE"]}
            x = Operand("x", rest, compute, compute)
            after = bench.run("matmul_join", [x, c, y], params, (groups, 1, 1), epilogue)[2]
        full = (*self.batch, self.m, self.n)
        at = self.offsets["y"]
        steps = [s * after.itemsize for s in self.steps["y"]]
        got = wide(np.lib.stride_tricks.as_strided(after[at:], full, steps), self.memory)
        want = self.expected()
        if TOLERANCE[self.memory] == 0:
            np.testing.assert_array_equal(got, want % 256 if self.memory == "u8" else want)
        else:
            scale = np.abs(self.values["a"]) @ np.abs(self.values["b"]) + 1
            assert float(np.max(np.abs(got - want) / scale)) < TOLERANCE[self.memory]
        # Nothing around the result was touched.
        np.testing.assert_array_equal(after[:at], self.memories["y"][:at])
        np.testing.assert_array_equal(after[at + int(np.prod(full)) :], self.memories["y"][at + int(np.prod(full)) :])


TURNED = (0, 1, 3, 2)

TILES = [
    pytest.param(8, Case((1, 1), 64, 64, 16, "f32"), id="one tile"),
    pytest.param(8, Case((1, 1), 65, 130, 37, "f32"), id="odd sizes"),
    pytest.param(8, Case((1, 1), 70, 65, 33, "f32", a=TURNED), id="a turned"),
    pytest.param(8, Case((1, 1), 70, 65, 33, "f32", b=TURNED), id="b turned"),
    pytest.param(
        8, Case((2, 3), 20, 9, 11, "f32", a=(2, 1, 0, 3), b=TURNED, y=(1, 0, 3, 2)), id="batches in any order"
    ),
    pytest.param(8, Case((2, 3), 9, 20, 11, "f32", shared_b=(0,), shared_a=(1,)), id="broadcast batches"),
    pytest.param(8, Case((1, 2), 33, 70, 12, "f32", epilogue=1), id="alpha"),
    pytest.param(8, Case((1, 2), 33, 70, 12, "f32", epilogue=2, shared_c=(0, 1, 2)), id="bias"),
    pytest.param(8, Case((1, 2), 33, 70, 130, "f32", epilogue=2, parts=4, c=TURNED), id="parts"),
    pytest.param(8, Case((1, 1), 65, 67, 40, "f16"), id="f16"),
    pytest.param(8, Case((2, 1), 65, 67, 40, "bf16", epilogue=2, y=TURNED), id="bf16"),
    pytest.param(8, Case((1, 2), 33, 70, 130, "f64", epilogue=2, parts=3, c=TURNED), id="f64"),
    pytest.param(16, Case((1, 1), 128, 128, 32, "f32"), id="one large tile"),
    pytest.param(16, Case((1, 2), 130, 257, 35, "f32", b=TURNED, epilogue=2), id="large tiles"),
    pytest.param(16, Case((1, 1), 131, 140, 35, "f16", a=TURNED, parts=2), id="large tiles of f16"),
    pytest.param(8, Case((1, 1), 300, 300, 5, "f32"), id="more tiles than workgroups"),
]


@pytest.mark.parametrize(("side", "case"), TILES)
def test_tiles(bench: Bench, side: int, case: Case) -> None:
    along_a = case.steps["a"][3] <= case.steps["a"][2]
    along_b = case.steps["b"][2] <= case.steps["b"][3]
    constants: dict[str, tuple[str, int | float | bool]] = {
        "SIDE": ("u32", side),
        "A_ALONG_K": ("bool", along_a),
        "B_ALONG_K": ("bool", along_b),
    }
    case.check(bench, "matmul", 3, constants)


PLAIN = [
    pytest.param(Case((1, 1), 16, 16, 16, "i64"), id="i64"),
    pytest.param(Case((2, 3), 17, 35, 19, "i32", a=TURNED, b=TURNED), id="i32 turned"),
    pytest.param(Case((2, 3), 5, 7, 40, "u8", y=TURNED), id="u8"),
    pytest.param(Case((1, 2), 18, 3, 40, "i64", epilogue=2, parts=3), id="parts of i64"),
    pytest.param(Case((3, 2), 20, 33, 21, "f32", b=TURNED, epilogue=2), id="f32"),
    pytest.param(Case((3, 2), 5, 7, 40, "i32", epilogue=2, parts=3, c=(1, 0, 3, 2)), id="parts of batches"),
    pytest.param(Case((3, 1), 4, 33, 70, "f16", epilogue=1, parts=3), id="f16"),
    pytest.param(Case((3, 1), 4, 33, 70, "f64", epilogue=1, parts=3), id="f64"),
    pytest.param(Case((2, 1), 4, 33, 70, "bf16", epilogue=2), id="bf16"),
    pytest.param(Case((1, 1), 1, 1, 1, "f32"), id="one element"),
    pytest.param(Case((1, 1), 3, 4, 0, "f32", epilogue=2), id="nothing to sum"),
]


@pytest.mark.parametrize("case", PLAIN)
def test_plain(bench: Bench, case: Case) -> None:
    case.check(bench, "matmul_plain", 2, {})


VECTORS = [
    pytest.param(256, True, Case((1, 1), 7, 1, 3000, "f32"), id="long rows"),
    pytest.param(32, True, Case((2, 2), 70, 1, 100, "f32", epilogue=2), id="rows"),
    pytest.param(8, False, Case((2, 2), 300, 1, 70, "f32", a=TURNED), id="columns"),
    pytest.param(1, False, Case((1, 1), 1000, 1, 5, "f32", a=TURNED), id="short columns"),
    pytest.param(256, True, Case((1, 1), 1, 1, 9000, "f32", parts=5, epilogue=1), id="dot"),
    pytest.param(64, True, Case((1, 3), 9, 1, 515, "f16", epilogue=2), id="f16"),
    pytest.param(16, False, Case((1, 3), 50, 1, 115, "bf16", a=TURNED, parts=2), id="bf16"),
    pytest.param(64, True, Case((1, 1), 9, 1, 515, "i64"), id="i64"),
    pytest.param(64, True, Case((1, 3), 9, 1, 515, "f64", epilogue=2, parts=2), id="f64"),
]


@pytest.mark.parametrize(("lanes", "along", "case"), VECTORS)
def test_vector(bench: Bench, lanes: int, along: bool, case: Case) -> None:
    case.check(bench, "matmul_vector", 2, {"LANES": ("u32", lanes), "ALONG_K": ("bool", along)})


def test_infinity_stays_in_its_row(bench: Bench) -> None:
    """Rows that a tile has and the matrix has not must not multiply what the neighbours hold."""
    case = Case((1, 1), 20, 20, 10, "f32")
    case.memories["a"][case.offsets["a"]] = np.inf
    flat = case.memories["a"][case.offsets["a"] :][:200].reshape(20, 10)
    b = case.memories["b"][case.offsets["b"] :][:200].reshape(10, 20)
    constants: dict[str, tuple[str, int | float | bool]] = {
        "SIDE": ("u32", 8),
        "A_ALONG_K": ("bool", True),
        "B_ALONG_K": ("bool", False),
        "EPILOGUE": ("u32", 0),
    }
    operands = [case.operand("a"), case.operand("b"), case.operand("c"), case.operand("y", "write")]
    got = bench.run("matmul", operands, case.params(), (1, 1, 1), constants)[3][1:401].reshape(20, 20)
    assert np.isinf(got[0]).all()
    np.testing.assert_allclose(got[1:], flat[1:] @ b, rtol=2e-4, atol=1e-5)
