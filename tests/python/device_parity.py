"""Runs a function on the CPU and on a GPU, and compares results and gradients; what tests of the GPU's ops share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import rusttorch as torch

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
# Of a number, and of the largest of its tensor.
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def need_gpu() -> None:
    """Skips the module where there is no adapter, unless the environment says that there must be one."""
    try:
        torch.zeros(1).to("gpu")
    except RuntimeError as e:
        if os.environ.get("RUSTTORCH_GPU_REQUIRED") == "1":
            raise
        pytest.skip(f"no GPU: {e}", allow_module_level=True)


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs the code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment, timeout=300
    )


# ---- inputs


def sample(*shape: int, seed: int = 0, dtype: Any = torch.float32) -> Any:
    """Numbers of the CPU, the same for one seed and shape: normal ones, or integers between -20 and 20."""
    rng = np.random.default_rng([seed, *shape])
    if dtype.is_floating_point:
        return torch.tensor(rng.standard_normal(shape).astype(np.float32)).to(dtype)
    return torch.tensor(rng.integers(0 if dtype == torch.uint8 else -20, 21, shape)).to(dtype)


def ints(seed: int, low: int, high: int, *shape: int, dtype: Any = torch.int64) -> Any:
    return torch.tensor(np.random.default_rng(seed).integers(low, high, shape)).to(dtype)


def bools(seed: int, *shape: int, share: float = 0.5) -> Any:
    return torch.tensor(np.random.default_rng(seed).random(shape) < share)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: x,
    "offset": lambda x: x[1:],
    "transposed": lambda x: x.transpose(0, -1),
    "stepped": lambda x: x[1:, ..., ::2],
    "expanded": lambda x: x[:, None].expand(x.shape[0], 3, *x.shape[1:]),
}


def spread(x: Any) -> Any:
    """The same elements in memory with gaps, the last two dims swapped."""
    if x.dim() == 0:
        return x
    if x.dim() == 1:
        wide = torch.zeros(*x.shape, 2, dtype=x.dtype, device=x.device)
        wide[..., 1] = x
        return wide[..., 1]
    wide = torch.zeros(*x.shape[:-2], x.shape[-1], x.shape[-2] + 1, dtype=x.dtype, device=x.device)
    view = wide.transpose(-1, -2)[..., 1:, :]
    view.copy_(x)
    return view


# ---- comparisons


def flat(results: Any) -> list[Any]:
    return [t for r in results for t in flat(r)] if isinstance(results, list | tuple) else [results]


def close(found: Any, expected: Any, scale: float = 1.0) -> None:
    """The same, if these are no tensors; else of one shape and dtype, and `found` on a GPU with nearly the same numbers."""
    if not isinstance(expected, torch.Tensor):
        assert found == expected
        return
    assert found.device.type == "wgpu", found.device
    assert found.dtype == expected.dtype and found.shape == expected.shape
    tolerance = scale * TOLERANCE.get(expected.dtype, 0.0)
    a, b = (t.detach().cpu().to(torch.float64 if tolerance else t.dtype).numpy() for t in (found, expected))
    largest = float(np.abs(b[np.isfinite(b)]).max(initial=1)) if tolerance else 0.0
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * largest)


def check(
    f: Callable[..., Any],
    *inputs: Any,
    views: Sequence[Callable[[Any], Any]] = (),
    strided: bool = False,
    grad: bool = True,
    again: bool = False,
    scale: float = 1.0,
) -> None:
    """`f` gives on the GPU what it gives on the CPU, and so do its gradients, and with `again` theirs.

    `views` are what `f` sees of the inputs; with `strided` these lie in memory with gaps. Those that are no tensors are
    passed on.
    """
    results: list[list[Any]] = []
    for where in ("cpu", "gpu"):
        own = list(inputs)
        for k, x in enumerate(inputs):
            if isinstance(x, torch.Tensor):
                moved = x.detach().to(where).clone()
                moved = spread(moved).detach() if strided else moved
                own[k] = moved.requires_grad_(grad and x.is_floating_point())
        outputs = flat(f(*[views[k](x) if k < len(views) else x for k, x in enumerate(own)]))
        leaves = [x for x in own if isinstance(x, torch.Tensor) and x.requires_grad]

        def slopes(of: list[Any], seed: int, graph: bool, leaves: list[Any] = leaves, where: str = where) -> list[Any]:
            seeds = [sample(*y.shape, seed=seed + k, dtype=y.dtype).to(where) for k, y in enumerate(of)]
            return list(torch.autograd.grad(of, leaves, seeds, create_graph=graph, allow_unused=True)) if of else []

        first = slopes([y for y in outputs if isinstance(y, torch.Tensor) and y.requires_grad], 7, again)
        second = slopes([g for g in first if g is not None and g.requires_grad], 17, False) if again else []
        results.append([*outputs, *first, *second])
    host, there = results
    assert len(host) == len(there)
    for found, expected in zip(there, host, strict=True):
        close(found, expected, scale)
