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
        self.wide, self.group, self.parts = o.get("wide", 1), o.get("group", 1), o.get("parts", 1)
        self.dropout = o.get("dropout", 0.0)
        few = heads // self.group
        self.scale = np.float32(width**-0.5)
        self.q = rng.standard_normal((batch, heads, queries, width)).astype(DTYPES[self.memory])
        self.k = rng.standard_normal((batch, few, keys, width)).astype(DTYPES[self.memory])
        self.v = rng.standard_normal((batch, few, keys, values)).astype(DTYPES[self.memory])
        self.gy = rng.standard_normal((batch, heads, queries, values)).astype(DTYPES[self.memory])
        if self.mask_kind == 1:
            self.mask = rng.random((1, heads, queries, keys)) < 0.6
            self.mask[:, :, 2] = False
        else:
            self.mask = rng.standard_normal((batch, 1, queries, keys)).astype(np.float32)
            self.mask[:, :, :, 1] = -np.inf
            self.mask[:, :, 2] = -np.inf
            # All hidden by the lowest number: the keys that are seen weigh alike.
            self.mask[:, :, 0] = np.finfo(np.float32).min
            self.mask[:, :, 0, 1] = -np.inf

        kept = rng.random((batch, heads, queries, keys)) >= self.dropout
        padded = np.pad(kept, [(0, 0)] * 3 + [(0, -keys % 32)])
        self.bits = np.packbits(padded, axis=-1, bitorder="little").view(np.int32).copy()
        factor = kept / (1 - self.dropout)

        q, k, v, gy = (t.astype(np.float64) for t in (self.q, self.k, self.v, self.gy))
        k, v = np.repeat(k, self.group, 1), np.repeat(v, self.group, 1)
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
        self.y = (w * factor) @ v
        # As gradients make them again: of a row of lowest numbers the logarithm cannot say how many there are.
        logs = self.logs.astype(np.float32)[..., None]
        w = np.where(np.isneginf(s), 0, np.exp(s - np.where(np.isneginf(logs), 0, logs)))
        gw = (gy @ v.swapaxes(-1, -2)) * factor
        self.delta = (gy * self.y).sum(-1)
        self.gm = w * (gw - self.delta[..., None])
        gs = self.gm * float(self.scale)

        def gathered(g: np.ndarray) -> np.ndarray:
            return g.reshape(batch, few, self.group, *g.shape[2:]).sum(2)

        self.gq, self.gk = gs @ k, gathered(gs.swapaxes(-1, -2) @ q)
        self.gv = gathered((w * factor).swapaxes(-1, -2) @ gy)

    def operand(self, name: str) -> Operand:
        """In memory, heads lie side by side, as a layer makes them, behind an offset of 3."""
        x = getattr(self, name)
        return Operand(name, np.concatenate([np.ones(3, x.dtype), x.swapaxes(1, 2).ravel()]), self.memory, "f32")

    def mask_operand(self) -> Operand:
        memory = "bool" if self.mask_kind == 1 else "f32"
        return Operand("mask", np.concatenate([self.mask.ravel()[:2], self.mask.ravel()]), memory, memory)

    def bits_operand(self) -> Operand:
        return Operand("bits", self.bits, "i32", "i32")

    def params(self, part: int) -> list[Any]:
        batch, heads, queries, keys, width, values = self.sizes
        few = heads // self.group
        words: list[Any] = [batch, heads, queries, keys, width, values, self.scale, 2]
        of = ((queries, width, heads), (keys, width, few), (keys, values, few), (queries, values, heads))
        for rows, columns, n in of:
            words += [rows * n * columns, columns, n * columns, 3]
        shape = self.mask.shape
        return [
            *words,
            *(s // self.mask.itemsize if n > 1 else 0 for s, n in zip(self.mask.strides, shape, strict=True)),
            *(self.group, part, np.float32(1 / (1 - self.dropout))),
        ]

    def run(
        self, bench: Bench, file: str, operands: list[Operand], blocks: int, over: tuple[bool, ...] = ()
    ) -> list[np.ndarray]:
        """With so many blocks for each workgroup to go over, in parts."""
        constants: Any = {"WIDE": ("u32", self.wide), "CAUSAL": ("bool", self.causal), "MASK": ("u32", self.mask_kind)}
        constants["DROPOUT"] = "bool", self.dropout > 0
        names = ("OVER_BATCH", "OVER_HEADS", "OVER_QUERIES", "OVER_KEYS")
        constants |= {n: ("bool", o) for n, o in zip(names, over, strict=False)}
        part = -(-blocks // self.parts)
        return bench.run(file, operands, self.params(part), (3, self.parts, 1), constants)

    def result(self, name: str, shape: tuple[int, ...], memory: str) -> Operand:
        """A result, or those of parts, which are f32."""
        memory = memory if self.parts == 1 else "f32"
        return Operand(name, np.ones((self.parts, *shape), DTYPES[memory]), memory, "f32", "write")

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
    pytest.param(Case(2, 4, 70, 45, 20, 24, dropout=0.3), id="dropout"),
    pytest.param(Case(1, 2, 70, 70, 20, 24, dropout=0.5, causal=True, parts=2), id="causal dropout in parts"),
    pytest.param(Case(2, 6, 70, 45, 20, 24, group=3), id="grouped heads"),
    pytest.param(Case(2, 4, 70, 70, 20, 24, group=2, causal=True, parts=3, memory="f16"), id="grouped, in parts, f16"),
    pytest.param(Case(1, 2, 3, 500, 16, 16, mask=2, parts=5), id="few queries, in parts"),
]


@pytest.mark.parametrize("case", CASES)
def test_forward(bench: Bench, case: Case) -> None:
    batch, heads, queries, keys, _, values = case.sizes
    y = case.result("y", (batch, queries, heads, values), case.memory)
    # Of parts there are maxima and sums in the place of logarithms.
    logs = case.result("logs", (min(case.parts, 2), batch, heads, queries), "f32")
    operands = [case.operand(n) for n in "qkv"] + [case.mask_operand(), case.bits_operand()]
    *_, y_after, logs_after = case.run(bench, "attention", [*operands, y, logs], -(-keys // 32))
    if case.parts > 1:
        of_parts = [Operand("y_parts", y_after, "f32", "f32"), Operand("logs_parts", logs_after, "f32", "f32")]
        whole = [
            Operand("y", y.data[0], "f32", "f32", "write"),
            Operand("logs", logs.data[0, 0], "f32", "f32", "write"),
        ]
        params = [case.parts, batch, queries, heads, values]
        *_, y_after, logs_after = bench.run("attention_join", of_parts + whole, params, (2, 1, 1))
    case.close(y_after.reshape(batch, queries, heads, values).swapaxes(1, 2), case.y)
    case.close(logs_after.reshape(batch, heads, queries), case.logs)


def given(case: Case) -> list[Operand]:
    operands = [case.operand(n) for n in "qkv"] + [case.mask_operand(), case.bits_operand(), case.operand("gy")]
    return operands + [Operand(n, getattr(case, n).astype(np.float32), "f32", "f32") for n in ("logs", "delta")]


@pytest.mark.parametrize("case", CASES)
def test_gradients(bench: Bench, case: Case) -> None:
    batch, heads, queries, keys, width, values = case.sizes
    few = heads // case.group
    gq = case.result("gq", (batch, queries, heads, width), case.memory)
    after = case.run(bench, "attention_query_grad", [*given(case), gq], -(-keys // 32))[-1].sum(0)
    case.close(after.swapaxes(1, 2), case.gq)
    gk = case.result("gk", (batch, keys, few, width), case.memory)
    gv = case.result("gv", (batch, keys, few, values), case.memory)
    blocks = case.group * -(-queries // 32)
    *_, gk_after, gv_after = case.run(bench, "attention_key_grad", [*given(case), gk, gv], blocks)
    case.close(gk_after.sum(0).swapaxes(1, 2), case.gk)
    case.close(gv_after.sum(0).swapaxes(1, 2), case.gv)


OVER = [
    (False, False, False, False),
    (True, False, False, False),
    (True, True, False, False),
    (False, True, True, False),
    (True, True, False, True),
    (True, True, True, True),
]


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize(
    "case",
    [
        Case(2, 3, 70, 45, 20, 24, mask=2),
        Case(2, 4, 70, 45, 20, 24, mask=2, group=2, dropout=0.3),
        Case(2, 2, 130, 70, 16, 16, mask=2, parts=2),
    ],
)
def test_gradient_of_the_mask(bench: Bench, case: Case, over: tuple[bool, ...]) -> None:
    batch, heads, queries, keys, _, _ = case.sizes
    shape = tuple(s if o else n for n, s, o in zip((batch, heads, queries, keys), (1, 1, 64, 32), over, strict=True))
    blocks = (batch, heads, -(-queries // 64), -(-keys // 32))
    summed = int(np.prod([n for n, o in zip(blocks, over, strict=True) if o]))
    gm = case.result("gm", shape, "f32")
    after = case.run(bench, "attention_mask_grad", [*given(case), gm], summed, over)[-1].sum(0)
    axes = tuple(d for d in range(4) if over[d])
    case.close(after.sum(axis=axes), case.gm.sum(axis=axes))


def test_nan_and_large_scores(bench: Bench) -> None:
    """A query with NaN has a result of NaN and the others do not; scores beyond the exponentials' range do no harm."""
    case = Case(1, 1, 20, 40, 16, 16)
    case.q[0, 0, 3, 5] = np.nan
    case.q[0, 0, 4] *= 1e4
    y = case.result("y", (20, 16), "f32")
    logs = case.result("logs", (20,), "f32")
    operands = [case.operand(n) for n in "qkv"] + [case.mask_operand(), case.bits_operand()]
    *_, after, _ = case.run(bench, "attention", [*operands, y, logs], 2)
    got = after[0]
    assert np.isnan(got[3]).all() and not np.isnan(np.delete(got, 3, 0)).any()
    key = int(np.argmax(case.q[0, 0, 4].astype(np.float64) @ case.k[0, 0].T.astype(np.float64)))
    np.testing.assert_allclose(got[4], case.v[0, 0, key], rtol=1e-5)
