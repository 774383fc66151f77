"""The shaders of attention and its gradients, run through wgpu-py against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

DTYPES: dict[str, Any] = {"f32": np.float32, "f16": np.float16}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


class Case:
    """Operands, and attention with its gradients by matrices of scores in float64."""

    def __init__(self, batch: int, heads: int, queries: int, keys: int, width: int, values: int, **o: Any) -> None:
        rng = np.random.default_rng(queries + keys)
        self.sizes = (batch, heads, queries, keys, width, values)
        self.causal, self.mask_kind, self.memory = o.get("causal", False), o.get("mask", 0), o.get("memory", "f32")
        self.wide = o.get("wide", 1)
        self.scale = np.float32(width**-0.5)
        self.q = rng.standard_normal((batch, heads, queries, width)).astype(DTYPES[self.memory])
        self.k = rng.standard_normal((batch, heads, keys, width)).astype(DTYPES[self.memory])
        self.v = rng.standard_normal((batch, heads, keys, values)).astype(DTYPES[self.memory])
        self.gy = rng.standard_normal((batch, heads, queries, values)).astype(DTYPES[self.memory])
        if self.mask_kind == 1:
            self.mask = rng.random((1, heads, queries, keys)) < 0.6
            self.mask[:, :, 2] = False
        else:
            self.mask = rng.standard_normal((batch, 1, queries, keys)).astype(np.float32)
            self.mask[:, :, :, 1] = -np.inf
            self.mask[:, :, 2] = -np.inf

        q, k, v, gy = (t.astype(np.float64) for t in (self.q, self.k, self.v, self.gy))
        s = q @ k.swapaxes(-1, -2) * float(self.scale)
        hidden = np.zeros(s.shape, bool)
        if self.causal:
            hidden |= np.triu(np.ones((queries, keys), bool), 1)
        if self.mask_kind == 1:
            hidden |= ~self.mask
        if self.mask_kind == 2:
            s = s + self.mask
        s[hidden] = -np.inf
        top = s.max(-1, keepdims=True)
        top[np.isneginf(top)] = 0
        w = np.exp(s - top)
        total = w.sum(-1, keepdims=True)
        with np.errstate(divide="ignore"):
            self.logs = (top + np.log(total))[..., 0]
        w = w / np.where(total == 0, 1, total)
        self.y = w @ v
        gw = gy @ v.swapaxes(-1, -2)
        self.delta = (gy * self.y).sum(-1)
        gs = w * (gw - self.delta[..., None]) * float(self.scale)
        self.gq, self.gk, self.gv = gs @ k, gs.swapaxes(-1, -2) @ q, w.swapaxes(-1, -2) @ gy

    def operand(self, name: str) -> Operand:
        """In memory, heads lie side by side, as a layer makes them, behind an offset of 3."""
        x = getattr(self, name)
        return Operand(name, np.concatenate([np.ones(3, x.dtype), x.swapaxes(1, 2).ravel()]), self.memory, "f32")

    def mask_operand(self) -> Operand:
        memory = "bool" if self.mask_kind == 1 else "f32"
        return Operand("mask", np.concatenate([self.mask.ravel()[:2], self.mask.ravel()]), memory, memory)

    def params(self) -> list[Any]:
        batch, heads, queries, keys, width, values = self.sizes
        words: list[Any] = [batch, heads, queries, keys, width, values, self.scale, 2]
        for rows, columns in ((queries, width), (keys, width), (keys, values), (queries, values)):
            words += [rows * heads * columns, columns, heads * columns, 3]
        shape = self.mask.shape
        return [
            *words,
            *(s // self.mask.itemsize if n > 1 else 0 for s, n in zip(self.mask.strides, shape, strict=True)),
        ]

    def run(self, bench: Bench, file: str, operands: list[Operand]) -> list[np.ndarray]:
        constants: Any = {"WIDE": ("u32", self.wide), "CAUSAL": ("bool", self.causal), "MASK": ("u32", self.mask_kind)}
        return bench.run(file, operands, self.params(), (3, 1, 1), constants)

    def result(self, name: str, shape: tuple[int, ...], memory: str) -> Operand:
        return Operand(name, np.ones(int(np.prod(shape)), DTYPES[memory]), memory, "f32", "write")

    def close(self, got: np.ndarray, want: np.ndarray) -> None:
        tolerance = 1e-4 if self.memory == "f32" else 1e-2
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


CASES = [
    pytest.param(Case(1, 1, 64, 32, 16, 32), id="one block"),
    pytest.param(Case(2, 3, 70, 45, 20, 24), id="odd sizes"),
    pytest.param(Case(2, 2, 100, 100, 33, 40, causal=True, wide=2), id="causal"),
    pytest.param(Case(1, 2, 40, 90, 8, 8, causal=True), id="causal, more keys than queries"),
    pytest.param(Case(1, 2, 90, 40, 8, 8, causal=True), id="causal, more queries than keys"),
    pytest.param(Case(2, 2, 70, 45, 16, 16, mask=1), id="mask of bools"),
    pytest.param(Case(2, 2, 70, 45, 16, 16, mask=2), id="mask of numbers"),
    pytest.param(Case(1, 1, 66, 67, 128, 128, wide=4), id="wide"),
    pytest.param(Case(1, 1, 66, 35, 70, 90, wide=2), id="two slices"),
    pytest.param(Case(1, 2, 66, 35, 150, 20, wide=2), id="slices of keys only"),
    pytest.param(Case(2, 2, 70, 70, 24, 24, causal=True, memory="f16"), id="f16"),
]


@pytest.mark.parametrize("case", CASES)
def test_forward(bench: Bench, case: Case) -> None:
    batch, heads, queries, _, _, values = case.sizes
    y = case.result("y", (batch, queries, heads, values), case.memory)
    logs = case.result("logs", (batch, heads, queries), "f32")
    operands = [case.operand(n) for n in "qkv"]
    *_, y_after, logs_after = case.run(bench, "attention", [*operands, case.mask_operand(), y, logs])
    case.close(y_after.reshape(batch, queries, heads, values).swapaxes(1, 2), case.y)
    case.close(logs_after.reshape(batch, heads, queries), case.logs)


@pytest.mark.parametrize("case", CASES)
def test_gradients(bench: Bench, case: Case) -> None:
    batch, heads, queries, keys, width, values = case.sizes
    given = [case.operand(n) for n in "qkv"] + [case.mask_operand(), case.operand("gy")]
    given += [Operand(n, getattr(case, n).astype(np.float32), "f32", "f32") for n in ("logs", "delta")]
    gq = case.result("gq", (batch, queries, heads, width), case.memory)
    after = case.run(bench, "attention_query_grad", [*given, gq])[-1]
    case.close(after.reshape(batch, queries, heads, width).swapaxes(1, 2), case.gq)
    gk = case.result("gk", (batch, keys, heads, width), case.memory)
    gv = case.result("gv", (batch, keys, heads, values), case.memory)
    *_, gk_after, gv_after = case.run(bench, "attention_key_grad", [*given, gk, gv])
    case.close(gk_after.reshape(batch, keys, heads, width).swapaxes(1, 2), case.gk)
    case.close(gv_after.reshape(batch, keys, heads, values).swapaxes(1, 2), case.gv)


def test_nan_and_large_scores(bench: Bench) -> None:
    """A query with NaN has a result of NaN and the others do not; scores beyond the exponentials' range do no harm."""
    case = Case(1, 1, 20, 40, 16, 16)
    case.q[0, 0, 3, 5] = np.nan
    case.q[0, 0, 4] *= 1e4
    y = case.result("y", (20, 16), "f32")
    logs = case.result("logs", (20,), "f32")
    *_, after, _ = case.run(bench, "attention", [*(case.operand(n) for n in "qkv"), case.mask_operand(), y, logs])
    got = after.reshape(20, 16)
    assert np.isnan(got[3]).all() and not np.isnan(np.delete(got, 3, 0)).any()
    key = int(np.argmax(case.q[0, 0, 4].astype(np.float64) @ case.k[0, 0].T.astype(np.float64)))
    np.testing.assert_allclose(got[4], case.v[0, 0, key], rtol=1e-5)
