"""Runs the shaders of the optimizers' steps, each over several parameters at once, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from shader_bench import SHADERS, Bench, Operand

ALL_LANES = {"LANES": ("u32", 256), "COLUMNS": ("bool", False)}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


DTYPES = {"f32": np.float32, "f16": np.float16, "f64": np.float64}
CLASSES = {"f32": "f32", "f16": "f32", "f64": "f64"}
Values = dict[str, np.ndarray]


def sgd(v: Values, n: dict[str, float], on: set[str]) -> None:
    step = v["grad"]
    if "MOMENTUM" in on:
        v["buffer"] = step if "FIRST" in on else n["momentum"] * v["buffer"] + n["keep"] * step
        step = step + n["momentum"] * v["buffer"] if "NESTEROV" in on else v["buffer"]
    v["param"] = v["param"] - n["lr"] * step


def averages(v: Values, n: dict[str, float]) -> None:
    v["average"] = (1 - n["rest1"]) * v["average"] + n["rest1"] * v["grad"]
    v["square"] = n["beta2"] * v["square"] + n["rest2"] * v["grad"] ** 2


def adam(v: Values, n: dict[str, float], on: set[str]) -> None:
    averages(v, n)
    if "AMSGRAD" in on:
        v["largest"] = np.maximum(v["largest"], v["square"])
    high = v["largest"] if "AMSGRAD" in on else v["square"]
    v["param"] = v["param"] - n["step_size"] * v["average"] / (np.sqrt(high) / n["root"] + n["eps"])


def adagrad(v: Values, n: dict[str, float], on: set[str]) -> None:
    v["sum"] = v["sum"] + v["grad"] ** 2
    v["param"] = v["param"] - n["lr"] * v["grad"] / (np.sqrt(v["sum"]) + n["eps"])


def rmsprop(v: Values, n: dict[str, float], on: set[str]) -> None:
    v["square"] = n["alpha"] * v["square"] + n["rest"] * v["grad"] ** 2
    spread = v["square"]
    if "CENTERED" in on:
        v["average"] = n["alpha"] * v["average"] + n["rest"] * v["grad"]
        spread = spread - v["average"] ** 2
    change = v["grad"] / (np.sqrt(spread) + n["eps"])
    if "MOMENTUM" in on:
        change = v["buffer"] = n["momentum"] * v["buffer"] + change
    v["param"] = v["param"] - n["lr"] * change


def adadelta(v: Values, n: dict[str, float], on: set[str]) -> None:
    v["square"] = n["rho"] * v["square"] + n["rest"] * v["grad"] ** 2
    change = np.sqrt(v["changes"] + n["eps"]) / np.sqrt(v["square"] + n["eps"]) * v["grad"]
    v["changes"] = n["rho"] * v["changes"] + n["rest"] * change**2
    v["param"] = v["param"] - n["lr"] * change


def adamax(v: Values, n: dict[str, float], on: set[str]) -> None:
    v["average"] = (1 - n["rest1"]) * v["average"] + n["rest1"] * v["grad"]
    v["norm"] = np.maximum(n["beta2"] * v["norm"], np.abs(v["grad"]) + n["eps"])
    v["param"] = v["param"] - n["step_size"] * v["average"] / v["norm"]


def nadam(v: Values, n: dict[str, float], on: set[str]) -> None:
    averages(v, n)
    along = n["size_of_grad"] * v["grad"] + n["size_of_average"] * v["average"]
    v["param"] = v["param"] - along / (np.sqrt(v["square"] / n["bias"]) + n["eps"])


def radam(v: Values, n: dict[str, float], on: set[str]) -> None:
    averages(v, n)
    factor = n["factor"] / (np.sqrt(v["square"]) + n["eps"]) if "RECTIFIED" in on else 1.0
    v["param"] = v["param"] - n["step_size"] * v["average"] * factor


def rprop(v: Values, n: dict[str, float], on: set[str]) -> None:
    agreement = v["grad"] * v["before"]
    factor = np.where(agreement > 0, n["grows"], np.where(agreement < 0, n["shrinks"], 1.0))
    v["size"] = np.clip(v["size"] * factor, n["smallest"], n["largest"])
    v["before"] = np.where(agreement < 0, 0.0, v["grad"])
    v["param"] = v["param"] - np.sign(v["before"]) * v["size"]


def asgd(v: Values, n: dict[str, float], on: set[str]) -> None:
    v["param"] = v["param"] - n["lr"] * v["grad"]
    v["average"] = v["average"] + n["share"] * (v["param"] - v["average"])


@dataclass
class Kernel:
    """A file of `shaders/`: its states (and the flag on which one is there), numbers, flags, and the step in NumPy."""

    step: Callable[[Values, dict[str, float], set[str]], None]
    states: dict[str, str | None]
    numbers: dict[str, float]
    flags: tuple[str, ...] = ()


MOMENTS: dict[str, str | None] = {"average": None, "square": None}
RESTS = {"rest1": 0.1, "rest2": 0.01, "beta2": 0.99}
KERNELS = {
    "sgd": Kernel(
        sgd, {"buffer": "MOMENTUM"}, {"lr": 0.1, "momentum": 0.9, "keep": 0.7}, ("MOMENTUM", "NESTEROV", "FIRST")
    ),
    "adam": Kernel(
        adam,
        {**MOMENTS, "largest": "AMSGRAD"},
        {"step_size": 0.1, "rest1": 0.7, "rest2": 0.01, "beta2": 0.99, "root": 0.2, "eps": 1e-3},
        ("AMSGRAD",),
    ),
    "adagrad": Kernel(adagrad, {"sum": None}, {"lr": 0.1, "eps": 1e-3}),
    "rmsprop": Kernel(
        rmsprop,
        {"square": None, "average": "CENTERED", "buffer": "MOMENTUM"},
        {"lr": 0.1, "alpha": 0.6, "rest": 0.4, "eps": 1e-2, "momentum": 0.5},
        ("CENTERED", "MOMENTUM"),
    ),
    "adadelta": Kernel(adadelta, {"square": None, "changes": None}, {"lr": 0.5, "rho": 0.9, "rest": 0.1, "eps": 1e-3}),
    "adamax": Kernel(
        adamax, {"average": None, "norm": None}, {"step_size": 0.1, "rest1": 0.1, "beta2": 0.9, "eps": 1e-2}
    ),
    "nadam": Kernel(nadam, MOMENTS, {"size_of_grad": 0.1, "size_of_average": 0.2, **RESTS, "bias": 0.3, "eps": 1e-2}),
    "radam": Kernel(radam, MOMENTS, {"step_size": 0.1, "factor": 0.4, **RESTS, "eps": 1e-2}, ("RECTIFIED",)),
    "rprop": Kernel(
        rprop, {"before": None, "size": None}, {"shrinks": 0.5, "grows": 1.2, "smallest": 0.2, "largest": 1.5}
    ),
    "asgd": Kernel(asgd, {"average": None}, {"lr": 0.1, "share": 0.25}),
}
VARIANTS = [
    (name, {flag for k, flag in enumerate(kernel.flags) if bits >> k & 1})
    for name, kernel in KERNELS.items()
    for bits in range(1 << len(kernel.flags))
]
OFFSETS = ["param", "grad", "a", "b", "c"]


def source(name: str, states: list[str], count: int) -> str:
    """The file after what the engine makes for a call: `Params`, `One`, `loaded` and `stored`."""
    kernel, fields = KERNELS[name], ["param", "grad", *states]
    text = "struct Params { ends: vec4<u32>, " + "".join(f"{offset}: vec4<u32>, " for offset in OFFSETS[: len(fields)])
    text += "".join(f"{number}: F, " for number in ("decay", "shrink", *kernel.numbers)) + "}\n"
    text += "struct One { " + "".join(f"{field}: F, " for field in ("param", "grad", *kernel.states)) + "}\n"
    loads, stores = "", ""
    for t in range(count):
        case = "default" if t == count - 1 else f"case {t}u"
        loads += f"{case}: {{ "
        stores += f"{case}: {{ "
        for field, offset in zip(fields, OFFSETS, strict=False):
            loads += f"v.{field} = load_{offset}{t}(p.{offset}[{t}] + i); "
            stores += f"store_{offset}{t}(p.{offset}[{t}] + i, v.{field}); " if field != "grad" else ""
        loads += "}\n"
        stores += "}\n"
    text += f"fn loaded(t: u32, i: u32) -> One {{ var v = One(); switch t {{ {loads} }} return v; }}\n"
    text += f"fn stored(t: u32, i: u32, v: One) {{ switch t {{ {stores} }} }}\n"
    return text + (SHADERS / f"{name}.wgsl").read_text()


@pytest.mark.parametrize("memory", DTYPES)
@pytest.mark.parametrize(("maximize", "decay", "shrink"), [(False, 0.0, 0.9), (True, 0.03, 1.0)])
@pytest.mark.parametrize("sizes", [[700, 1, 61, 1299], [257, 0, 0, 3]])
@pytest.mark.parametrize(("name", "on"), VARIANTS)
def test_step(
    bench: Bench, name: str, on: set[str], sizes: list[int], maximize: bool, decay: float, shrink: float, memory: str
) -> None:
    kernel = KERNELS[name]
    states = [state for state, flag in kernel.states.items() if flag is None or flag in on]
    fields = ["param", "grad", *states]
    sizes = sizes[: min(4, 16 // len(fields))]
    rng = np.random.default_rng(0)
    # Each tensor lies behind two other elements.
    given = [{field: rng.standard_normal(n + 2) for field in fields} for n in sizes]
    for v in given:
        # What is a mean of squares is no smaller than the square of the mean.
        for field in {"square", "sum", "largest", "changes", "norm", "size"} & v.keys():
            v[field] = np.abs(v[field]) + (20 if name == "rmsprop" else 0)
        v["grad"][4:9] = 0
        if "before" in v:
            v["before"][7:12] = 0
        v.update({field: x.astype(DTYPES[memory]) for field, x in v.items()})
    operands = [
        Operand(f"{offset}{t}", v[field], memory, CLASSES[memory], "read" if field == "grad" else "write")
        for t, v in enumerate(given)
        for field, offset in zip(fields, OFFSETS, strict=False)
    ]
    ends = np.cumsum(sizes).tolist()
    params = [*ends, *[ends[-1]] * (4 - len(ends)), *[2] * 4 * len(fields), decay, shrink, *kernel.numbers.values()]
    constants = {flag: ("bool", flag in on) for flag in kernel.flags} | {"MAXIMIZE": ("bool", maximize)}
    results = bench.run(name, operands, params, (3, 1, 1), constants, source(name, states, len(sizes)))
    tolerance = {"f16": 4e-3, "f32": 4e-6, "f64": 1e-14}[memory]
    for t, v in enumerate(given):
        expected = {field: x[2:].astype(np.float64) for field, x in v.items()}
        expected["grad"] = (-1 if maximize else 1) * expected["grad"] + decay * expected["param"]
        expected["param"] *= shrink
        kernel.step(expected, kernel.numbers, on)
        for k, field in enumerate(fields):
            found = results[t * len(fields) + k]
            np.testing.assert_array_equal(found[:2], v[field][:2])
            if field == "grad":
                np.testing.assert_array_equal(found, v[field])
            else:
                np.testing.assert_allclose(found[2:], expected[field], rtol=tolerance, atol=tolerance, err_msg=field)


TWELVE = [700, 1, 61, 1299, 0, 40_000, 3, 5, 256, 257, 0, 9]
# Each place has elements in one of them.
SIZES = [("f32", TWELVE[::-1]), *((memory, TWELVE) for memory in DTYPES)]


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("memory", "sizes"), SIZES)
def test_norms(lane_bench: Bench, memory: str, order: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(1)
    x = [rng.standard_normal(n + 3).astype(DTYPES[memory]) for n in sizes]
    operands = [Operand(f"x{t}", v, memory, CLASSES[memory]) for t, v in enumerate(x)]
    kind = CLASSES[memory]
    operands.append(Operand("y", np.full((13, 64), 7, DTYPES[kind]), kind, kind, "write"))
    params = [*sizes, *[3] * 12, 12, 64]
    y = lane_bench.run("norms", operands, params, (5, 1, 1), {"ORDER": ("u32", order)} | ALL_LANES)[-1]
    assert (y[0] == 7).all()
    norm = np.inf if order == 0 else order
    found = np.linalg.norm(y[1:].astype(np.float64), norm, axis=1)
    expected = [np.linalg.norm(v[3:].astype(np.float64), norm) if v.size > 3 else 0.0 for v in x]
    np.testing.assert_allclose(found, expected, rtol=1e-5 if kind == "f32" else 1e-13)
    large = sizes.index(40_000)
    x[large][17] = np.nan
    y = lane_bench.run("norms", operands, params, (5, 1, 1), {"ORDER": ("u32", order)} | ALL_LANES)[-1]
    assert np.isnan(y[1 + large]).any() and not np.isnan(np.delete(y, 1 + large, 0)).any()


@pytest.mark.parametrize(("memory", "sizes"), SIZES)
def test_scale(bench: Bench, memory: str, sizes: list[int]) -> None:
    rng = np.random.default_rng(2)
    x = [rng.standard_normal(n + 3).astype(DTYPES[memory]) for n in sizes]
    operands = [Operand(f"x{t}", v, memory, CLASSES[memory], "write") for t, v in enumerate(x)]
    operands.append(Operand("by", np.array([9, 0.375], np.float32), "f32", CLASSES[memory]))
    params = [*np.cumsum(sizes).tolist(), *[3] * 12, 1]
    results = bench.run("scale", operands, params, (7, 1, 1))
    for found, v in zip(results, x, strict=False):
        np.testing.assert_array_equal(found[:3], v[:3])
        np.testing.assert_allclose(found[3:], v[3:] * DTYPES[memory](0.375), rtol=1e-3 if memory == "f16" else 1e-6)
