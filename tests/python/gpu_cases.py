"""Runs a function on the CPU and on a GPU and compares results and gradients; what tests of the GPU's ops share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import rusttorch as torch

DTYPES = {"f32": torch.float32, "f16": torch.float16}


def device() -> str:
    """The first GPU; skips where there is none, unless the environment says that there must be one."""
    try:
        torch.zeros(1).to("gpu")
    except RuntimeError as e:
        if os.environ.get("RUSTTORCH_GPU_REQUIRED") == "1":
            raise
        pytest.skip(f"no GPU: {e}")
    return "gpu"


VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "contiguous": lambda x: x,
    "offset": lambda x: x[1:],
    "transposed": lambda x: x.transpose(0, -1),
    "stepped": lambda x: x[1:, ..., ::2],
    "expanded": lambda x: x[:, None].expand(x.shape[0], 3, *x.shape[1:]),
}


def sample(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    return torch.randint(0 if dtype == torch.uint8 else -20, 21, shape, generator=generator).to(dtype)


def flat(y: Any) -> list[torch.Tensor]:
    return [y] if isinstance(y, torch.Tensor) else [t for part in y for t in flat(part)]


def close(a: torch.Tensor, b: torch.Tensor, rtol: float, atol: float) -> None:
    assert a.device.type == "wgpu"
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    a = a.detach().cpu()
    torch.testing.assert_close(a, b.detach(), rtol=rtol, atol=atol, equal_nan=True)


def tolerances(dtype: torch.dtype) -> tuple[float, float]:
    return {torch.float32: (1e-4, 1e-5), torch.float16: (4e-3, 4e-3)}.get(dtype, (0, 0))


def check(
    f: Callable[..., Any],
    *inputs: torch.Tensor,
    views: Sequence[Callable[[torch.Tensor], torch.Tensor]] = (),
    again: bool = False,
    scale: float = 1.0,
) -> None:
    """`f` gives on the GPU what it gives on the CPU, and so do its gradients, and with `again` theirs."""
    there = device()
    rtol, atol = (scale * t for t in tolerances(inputs[0].dtype))
    results, grads = [], []
    for where in ("cpu", there):
        leaves = [x.detach().to(where).requires_grad_(x.is_floating_point()) for x in inputs]
        seen = [views[k](x) if k < len(views) else x for k, x in enumerate(leaves)]
        outputs = flat(f(*seen))
        results.append([y.detach() for y in outputs])
        slopes = [y for y in outputs if y.requires_grad]
        wanted = [x for x in leaves if x.requires_grad]
        if not slopes:
            grads.append([])
            continue
        g = [sample(*y.shape, dtype=y.dtype, seed=7 + k).to(where) for k, y in enumerate(slopes)]
        first = torch.autograd.grad(slopes, wanted, g, create_graph=again, allow_unused=True)
        first = [t for t in first if t is not None]
        found = [t.detach() for t in first]
        curved = [t for t in first if t.requires_grad]
        if again and curved:
            h = [sample(*t.shape, dtype=t.dtype, seed=17 + k).to(where) for k, t in enumerate(curved)]
            second = torch.autograd.grad(curved, wanted, h, allow_unused=True)
            found += [t for t in second if t is not None]
        grads.append(found)
    assert len(results[0]) == len(results[1])
    for host, there_ in zip(*results, strict=True):
        close(there_, host, rtol, atol)
    assert len(grads[0]) == len(grads[1])
    for host, there_ in zip(*grads, strict=True):
        close(there_, host, rtol, atol * 4)
