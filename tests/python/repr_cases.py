"""Tensors whose text is compared with PyTorch's: made by the same code for the recording and for the test."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 1e8, 1.0001e8, 1e-4, 1e-5, 1000.0, 1001.0]
SPECIAL += [123456789.0, 1e30, 1e-30, 0.5, 9.99995, -99.99999]
SHAPES = [(), (1,), (3,), (7,), (25,), (2, 3), (3, 1), (1, 12), (2, 2, 2), (2, 1, 3, 2), (0,), (0, 3), (2, 0, 1)]
FLOATING = ["float32", "float32", "float64", "float16", "bfloat16"]
INTEGRAL = ["int64", "int32", "int16", "int8", "uint8"]


def values(rng: random.Random, kind: str, count: int) -> list[float]:
    """`count` floats of one kind."""
    if kind == "normal":
        return [rng.gauss(0, 1) for _ in range(count)]
    if kind == "scaled":
        scale = 10 ** rng.uniform(-8, 10)
        return [rng.gauss(0, scale) for _ in range(count)]
    if kind == "whole":
        scale = rng.choice([3, 1000, 1e5, 1e9])
        return [float(round(rng.gauss(0, scale))) for _ in range(count)]
    if kind == "wide":
        return [math.exp(rng.gauss(0, 3)) for _ in range(count)]
    return [rng.choice(SPECIAL) for _ in range(count)]


def cases(torch: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Name, tensor and print options of each case; `default_dtype` among the options is the default dtype's name."""
    yield from values_cases(torch)
    yield from option_cases(torch)
    yield from history_cases(torch)
    yield from dtype_cases(torch)


def values_cases(torch: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every dtype, shape and kind of value."""
    rng = random.Random(20240)
    for kind in ("normal", "scaled", "whole", "wide", "special"):
        for shape in SHAPES:
            count = math.prod(shape)
            dtype = rng.choice(FLOATING)
            data = values(rng, kind, count)
            yield f"{kind} {dtype} {shape}", torch.tensor(data, dtype=getattr(torch, dtype)).reshape(shape), {}
            dtype = rng.choice(["complex64", "complex128"])
            data_complex = [complex(a, b) for a, b in zip(data, values(rng, kind, count), strict=True)]
            name = f"{kind} {dtype} {shape}"
            yield name, torch.tensor(data_complex, dtype=getattr(torch, dtype)).reshape(shape), {}
    for dtype in INTEGRAL:
        for shape in SHAPES:
            top = rng.choice([3, 100, 127])
            low = 0 if dtype == "uint8" else -top
            data_int = [rng.randint(low, top) for _ in range(math.prod(shape))]
            yield f"{dtype} {shape}", torch.tensor(data_int, dtype=getattr(torch, dtype)).reshape(shape), {}
    for shape in SHAPES:
        data_bool = [rng.random() < 0.5 for _ in range(math.prod(shape))]
        yield f"bool {shape}", torch.tensor(data_bool, dtype=torch.bool).reshape(shape), {}
    yield "int64 limits", torch.tensor([-(2**63), 2**63 - 1, 0]), {}


def option_cases(torch: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Print options, summaries, wrapping and views."""
    rng = random.Random(7)
    big = torch.tensor(values(rng, "normal", 2200))
    counting = torch.arange(1200)
    yield "summary 1d", big, {}
    yield "summary 2d", big.reshape(44, 50), {}
    yield "summary 2d narrow", big.reshape(550, 4), {}
    yield "summary 3d", big.reshape(10, 22, 10), {}
    yield "summary 4d", counting.reshape(10, 4, 10, 3), {}
    yield "summary int", counting, {}
    yield "summary transposed", counting.reshape(30, 40).t(), {}
    yield "summary complex", torch.complex(big[:1100], big[1100:]).reshape(11, 100), {}
    yield "summary hides the wide value", (counting + 0.5) * (10.0 ** (counting == 600)), {}
    yield "1000 is not summarised", counting[:1000] > 3, {"linewidth": 200}
    small = torch.tensor([[1.5, -2.25, 1000.125], [3e-3, math.nan, -math.inf]])
    whole = torch.tensor([[1.0, -2.0], [300.0, 4000.0]])
    for tensor_name, tensor in (("small", small), ("whole", whole), ("int", counting[:30]), ("bool", small > 0)):
        for options in (
            {"precision": 0},
            {"precision": 2},
            {"precision": 8},
            {"sci_mode": True},
            {"sci_mode": False},
            {"sci_mode": True, "precision": 1},
            {"threshold": 0},
            {"threshold": 3, "edgeitems": 1},
            {"threshold": 3, "edgeitems": 0},
            {"edgeitems": 0},
            {"linewidth": 10},
            {"linewidth": 30},
            {"linewidth": 120},
            {"profile": "short"},
            {"profile": "full"},
            {"profile": "short", "precision": 6},
        ):
            yield f"{tensor_name} {options}", tensor, options
    yield "summary edgeitems", big.reshape(44, 50), {"edgeitems": 2}
    yield "summary linewidth", big.reshape(44, 50), {"linewidth": 30}
    yield "summary edgeitems 0", big.reshape(44, 50), {"edgeitems": 0}
    yield "complex options", torch.complex(small, small), {"precision": 2, "sci_mode": True}


def history_cases(torch: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """`requires_grad`, `grad_fn`, parameters and subclasses, also where they begin a new line."""
    leaf = torch.tensor([[1.0, 2.0], [3.0, 4.5]], requires_grad=True)
    wide = torch.arange(9.0, requires_grad=True)
    yield "leaf", leaf, {}
    yield "leaf wraps", wide, {"linewidth": 45}
    yield "add", leaf + 1, {}
    yield "mul", leaf * 2, {}
    yield "sum", leaf.sum(), {}
    yield "sum dim", leaf.sum(0), {}
    yield "t", leaf.t(), {}
    yield "view", leaf.view(4), {}
    yield "reshape wraps", (wide * 1.5).reshape(3, 3), {"linewidth": 30}
    yield "relu", leaf.relu(), {}
    yield "detach", (leaf * 2).detach(), {}
    yield "half with grad_fn", leaf.to(torch.float16), {}
    yield "half leaf wraps", torch.arange(5.0, dtype=torch.float16, requires_grad=True), {"linewidth": 40}
    yield "empty leaf", torch.zeros(2, 0, requires_grad=True), {}
    yield "parameter", torch.nn.Parameter(torch.tensor([1.0, -2.0])), {}
    yield "frozen parameter", torch.nn.Parameter(torch.tensor([1.0, -2.0]), requires_grad=False), {}


def dtype_cases(torch: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The dtype suffix depends on the default dtype."""
    for default in ("float64", "float16", "float32"):
        for dtype in (*FLOATING, "complex64", "complex128", "int64", "int32", "bool"):
            for shape in ((2,), (0,), (0, 2)):
                tensor = torch.ones(shape, dtype=getattr(torch, dtype))
                yield f"{dtype} {shape} under {default}", tensor, {"default_dtype": default}


def text_of(torch: Any, tensor: Any, options: dict[str, Any]) -> str:
    """`repr(tensor)` under the options."""
    options = dict(options)
    default = options.pop("default_dtype", None)
    before = torch.get_default_dtype()
    if default is not None:
        torch.set_default_dtype(getattr(torch, default))
    try:
        with torch._tensor_str.printoptions(**options):
            return repr(tensor)
    finally:
        torch.set_default_dtype(before)
