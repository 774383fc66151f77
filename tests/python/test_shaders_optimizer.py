"""Runs the shaders of the optimizers' steps, each over several parameters at once, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from shader_bench import Bench, Operand

ALL_LANES = {"LANES": ("u32", 256), "COLUMNS": ("bool", False)}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


SIZES = [[700, 1, 61, 1299], [257, 0, 0, 3]]
DTYPES = {"f32": np.float32, "f16": np.float16}


class Lists:
    """Parameters, gradients and states of several sizes, each behind two other elements, and the call's operands."""

    def __init__(self, names: list[str], memory: str, sizes: list[int], written: set[str]) -> None:
        rng = np.random.default_rng(0)
        self.sizes, self.names, self.count = sizes, names, len(sizes)
        self.values: dict[str, list[np.ndarray]] = {}
        for name in names:
            positive = name in ("square", "sum", "largest")
            draw = [rng.standard_normal(n + 2) for n in self.sizes]
            self.values[name] = [(np.abs(v) if positive else v).astype(DTYPES[memory]) for v in draw]
        self.operands = [
            Operand(f"{name}{t}", self.values[name][t], memory, "f32", "write" if name in written else "read")
            for t in range(self.count)
            for name in names
        ]

    def params(self, numbers: list[float]) -> list[int | float]:
        ends = np.cumsum(self.sizes).tolist()
        all_ends = [*ends, *[0] * (4 - len(ends))]
        return [*all_ends, *[2] * (4 * len(self.names)), *numbers]

    def old(self, name: str) -> list[np.ndarray]:
        return [v[2:].astype(np.float64) for v in self.values[name]]

    def check(self, results: list[np.ndarray], name: str, expected: list[np.ndarray], memory: str) -> None:
        for t in range(self.count):
            found = results[t * len(self.names) + self.names.index(name)]
            np.testing.assert_array_equal(found[:2], self.values[name][t][:2])
            tolerance = 2e-3 if memory == "f16" else 2e-6
            np.testing.assert_allclose(found[2:].astype(np.float64), expected[t], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(
    ("momentum", "nesterov", "first", "maximize"),
    [(0.0, False, False, False), (0.9, False, True, True), (0.9, False, False, False), (0.8, True, False, True)],
)
def test_sgd(
    bench: Bench, memory: str, sizes: list[int], momentum: float, nesterov: bool, first: bool, maximize: bool
) -> None:
    lists = Lists(["param", "grad", "buffer"], memory, sizes, {"param", "buffer"})
    lr, decay, keep = 0.1, 0.03, 0.7
    constants = {"MOMENTUM": momentum != 0, "NESTEROV": nesterov, "FIRST": first, "MAXIMIZE": maximize}
    result = bench.run(
        "sgd",
        lists.operands,
        lists.params([lr, decay, momentum, keep]),
        (3, 1, 1),
        {name: ("bool", value) for name, value in constants.items()},
    )
    params, buffers = [], []
    for p, g, b in zip(lists.old("param"), lists.old("grad"), lists.old("buffer"), strict=True):
        g = (-g if maximize else g) + decay * p
        if momentum:
            b = g if first else momentum * b + keep * g
            g = g + momentum * b if nesterov else b
        params.append(p - lr * g)
        buffers.append(b)
    lists.check(result, "param", params, memory)
    lists.check(result, "buffer", buffers, memory)


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("maximize", [False, True])
def test_adagrad(bench: Bench, memory: str, sizes: list[int], maximize: bool) -> None:
    lists = Lists(["param", "grad", "sum"], memory, sizes, {"param", "sum"})
    lr, decay, eps = 0.1, 0.03, 1e-3
    constants = {"MAXIMIZE": ("bool", maximize)}
    result = bench.run("adagrad", lists.operands, lists.params([lr, decay, eps]), (2, 1, 1), constants)
    params, sums = [], []
    for p, g, s in zip(lists.old("param"), lists.old("grad"), lists.old("sum"), strict=True):
        g = (-g if maximize else g) + decay * p
        sums.append(s + g * g)
        params.append(p - lr * g / (np.sqrt(sums[-1]) + eps))
    lists.check(result, "param", params, memory)
    lists.check(result, "sum", sums, memory)


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize(("beta1", "decoupled", "maximize"), [(0.9, False, False), (0.3, True, True)])
def test_adam(
    bench: Bench, memory: str, sizes: list[int], largest: bool, beta1: float, decoupled: bool, maximize: bool
) -> None:
    names = ["param", "grad", "average", "square"] + ["largest"] * largest
    lists = Lists(names, memory, sizes[:3] if largest else sizes, set(names) - {"grad"})
    lr, decay, beta2, eps, step = 0.1, 0.03, 0.99, 1e-3, 3.0
    step_size, root = lr / (1 - beta1**step), np.sqrt(1 - beta2**step)
    numbers = [step_size, 1 - lr * decay if decoupled else 1.0, 0.0 if decoupled else decay, 1 - beta1]
    numbers += [] if largest else [beta1]
    numbers += [1 - beta2, beta2, float(root), eps]
    constants = {"MAXIMIZE": ("bool", maximize)}
    file = "amsgrad" if largest else "adam"
    result = bench.run(file, lists.operands, lists.params(numbers), (2, 1, 1), constants)
    old = [lists.old(name) for name in names]
    new: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for t in range(lists.count):
        p, g, a, s = (o[t] for o in old[:4])
        p = p * numbers[1]
        g = (-g if maximize else g) + numbers[2] * p
        a = beta1 * a + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g * g
        high = np.maximum(old[4][t], s) if largest else s
        new["param"].append(p - step_size * a / (np.sqrt(high) / root + eps))
        new["average"].append(a)
        new["square"].append(s)
        if largest:
            new["largest"].append(high)
    for name in set(names) - {"grad"}:
        lists.check(result, name, new[name], memory)


TWELVE = [700, 1, 61, 1299, 0, 40_000, 3, 5, 256, 257, 0, 9]


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_norms(bench: Bench, memory: str, order: int) -> None:
    rng = np.random.default_rng(1)
    x = [rng.standard_normal(n + 3).astype(DTYPES[memory]) for n in TWELVE]
    operands = [Operand(f"x{t}", v, memory, "f32") for t, v in enumerate(x)]
    operands.append(Operand("y", np.full((13, 64), 7, np.float32), "f32", "f32", "write"))
    params = [*TWELVE, *[3] * 12, 12, 64]
    y = bench.run("norms", operands, params, (5, 1, 1), {"ORDER": ("u32", order)} | ALL_LANES)[-1]
    assert (y[0] == 7).all()
    norm = np.inf if order == 0 else order
    found = np.linalg.norm(y[1:].astype(np.float64), norm, axis=1)
    expected = [np.linalg.norm(v[3:].astype(np.float64), norm) if v.size > 3 else 0.0 for v in x]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    x[5][17] = np.nan
    y = bench.run("norms", operands, params, (5, 1, 1), {"ORDER": ("u32", order)} | ALL_LANES)[-1]
    assert np.isnan(y[6]).any() and not np.isnan(y[:6]).any()


@pytest.mark.parametrize("memory", DTYPES)
def test_scale(bench: Bench, memory: str) -> None:
    rng = np.random.default_rng(2)
    x = [rng.standard_normal(n + 3).astype(DTYPES[memory]) for n in TWELVE]
    operands = [Operand(f"x{t}", v, memory, "f32", "write") for t, v in enumerate(x)]
    operands.append(Operand("by", np.array([9, 0.375], np.float32), "f32", "f32"))
    params = [*np.cumsum(TWELVE).tolist(), *[3] * 12, 1]
    results = bench.run("scale", operands, params, (7, 1, 1))
    for found, v in zip(results, x, strict=False):
        np.testing.assert_array_equal(found[:3], v[:3])
        np.testing.assert_allclose(found[3:], v[3:] * DTYPES[memory](0.375), rtol=1e-3 if memory == "f16" else 1e-6)
