"""Attention's shader where the exponentials of scores overflow: any place of a block may hold the largest one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench
from test_shaders_attention import Case


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def test_large_scores_at_any_place(bench: Bench) -> None:
    case = Case(1, 1, 70, 45, 16, 16)
    case.q *= 300
    y, logs = case.result("y", (70, 16), "f32"), case.result("logs", (70,), "f32")
    operands = [case.operand(n) for n in "qkv"] + [case.mask_operand(), case.bits_operand()]
    *_, got, found = case.run(bench, "attention", [*operands, y, logs], 2)
    q, k, v = (t[0, 0].astype(np.float64) for t in (case.q, case.k, case.v))
    scores = q @ k.T * float(case.scale)
    # Each of the 32 places of a block, or nearly.
    assert len(np.unique(scores.argmax(1) % 32)) > 20
    totals = np.logaddexp.reduce(scores, axis=1)
    np.testing.assert_allclose(found[0], totals, rtol=1e-5)
    np.testing.assert_allclose(got[0], np.exp(scores - totals[:, None]) @ v, rtol=1e-2, atol=1e-2)
