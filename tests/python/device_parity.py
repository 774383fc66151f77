"""Runs a function on the CPU and on a GPU, and compares results and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gpu_cases import device

import rusttorch as torch

TOLERANCE = {torch.float32: (1e-5, 1e-6), torch.float16: (2e-3, 2e-3), torch.bfloat16: (2e-2, 2e-2)}


def need_gpu() -> None:
    """Skips the module where there is no adapter."""
    try:
        device()
    except pytest.skip.Exception as e:
        pytest.skip(str(e), allow_module_level=True)


def numbers(seed: int, *shape: int, dtype: Any = torch.float32) -> Any:
    """Numbers of the CPU, the same for one seed."""
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32)).to(dtype)


def ints(seed: int, low: int, high: int, *shape: int, dtype: Any = torch.int64) -> Any:
    return torch.tensor(np.random.default_rng(seed).integers(low, high, shape)).to(dtype)


def bools(seed: int, *shape: int, share: float = 0.5) -> Any:
    return torch.tensor(np.random.default_rng(seed).random(shape) < share)


def spread(x: Any) -> Any:
    """The same elements in memory with gaps, the last two dims swapped."""
    if x.dim() < 2:
        wide = torch.zeros(*x.shape, 2, dtype=x.dtype, device=x.device)
        wide[..., 1] = x
        return wide[..., 1]
    wide = torch.zeros(*x.shape[:-2], x.shape[-1], x.shape[-2] + 1, dtype=x.dtype, device=x.device)
    view = wide.transpose(-1, -2)[..., 1:, :]
    view.copy_(x)
    return view


def flat(result: Any) -> list[Any]:
    if isinstance(result, list | tuple):
        return [t for r in result for t in flat(r)]
    return [result]


def equal(found: Any, expected: Any) -> None:
    """Same shape, dtype and numbers; `found` is on a GPU if it is a tensor."""
    if not isinstance(expected, torch.Tensor):
        assert found == expected
        return
    assert found.device.type == "wgpu", found.device
    assert found.dtype == expected.dtype and found.shape == expected.shape
    rtol, atol = TOLERANCE.get(expected.dtype, (0, 0))
    a, b = (t.detach().cpu().to(torch.float32 if rtol else t.dtype).numpy() for t in (found, expected))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def check(f: Callable[..., Any], *inputs: Any, strided: bool = False, grad: bool = True) -> None:
    """Calls `f` with the inputs on both devices; floating tensors get gradients."""
    results = []
    for where in ("cpu", "gpu"):
        own = []
        for x in inputs:
            if isinstance(x, torch.Tensor):
                x = x.detach().to(where).clone()
                x = spread(x) if strided and x.dim() else x
                x = x.detach().requires_grad_(grad and x.is_floating_point())
            own.append(x)
        outs = flat(f(*own))
        differentiable = [o for o in outs if isinstance(o, torch.Tensor) and o.requires_grad]
        if differentiable:
            seeds = [numbers(7 + k, *o.shape, dtype=o.dtype).to(where) for k, o in enumerate(differentiable)]
            torch.autograd.backward(differentiable, seeds)
        grads = [x.grad for x in own if isinstance(x, torch.Tensor) and x.requires_grad]
        results.append((outs, grads))
    (outs, grads), (gpu_outs, gpu_grads) = results
    assert len(outs) == len(gpu_outs)
    for found, expected in zip(gpu_outs, outs, strict=True):
        equal(found, expected)
    for found, expected in zip(gpu_grads, grads, strict=True):
        assert (found is None) == (expected is None)
        if expected is not None:
            equal(found, expected)
