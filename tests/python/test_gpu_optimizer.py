"""Optimizers on a GPU follow the CPU's steps, with few kernels for many parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from device_parity import need_gpu, numbers

import rusttorch as torch

need_gpu()

SHAPES = [(7, 5), (3,), (), (4, 6, 2), (300, 9), (0, 4), (11,)]
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.3, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "amsgrad": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.5, "centered": True}),
    ("Adadelta", {}),
    ("NAdam", {}),
]


def steps(
    name: str, options: dict[str, Any], device: str, dtype: Any = torch.float32, turned: bool = False
) -> list[Any]:
    params = []
    for k, shape in enumerate(SHAPES):
        p = numbers(k, *shape, dtype=dtype).to(device)
        p = p.t().contiguous().t() if turned and p.dim() == 2 else p
        params.append(p.requires_grad_())
    optimizer = getattr(torch.optim, name)(params, **options)
    for step in range(4):
        for k, p in enumerate(params):
            # One parameter begins later than the others.
            p.grad = None if k == 1 and step == 0 else numbers(100 * step + k, *p.shape, dtype=dtype).to(device)
        optimizer.step()
    return [p.detach() for p in params]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("turned", [False, True])
def test_steps(name: str, options: dict[str, Any], turned: bool) -> None:
    expected = steps(name, options, "cpu", turned=turned)
    found = steps(name, options, "gpu", turned=turned)
    for a, b in zip(found, expected, strict=True):
        assert a.device.type == "wgpu"
        np.testing.assert_allclose(a.cpu().numpy(), b.numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_steps_in_half_precision(name: str, dtype: Any) -> None:
    expected, found = (steps(name, {"lr": 0.1}, device, dtype) for device in ("cpu", "gpu"))
    tolerance = 3e-3 if dtype == torch.float16 else 3e-2
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.cpu().float().numpy(), b.float().numpy(), rtol=tolerance, atol=tolerance)


def test_gradients_are_clipped_together() -> None:
    results = []
    for device in ("cpu", "gpu"):
        params = [numbers(k, *shape).to(device).requires_grad_() for k, shape in enumerate(SHAPES)]
        for k, p in enumerate(params):
            p.grad = numbers(50 + k, *p.shape).to(device)
        norm = torch.nn.utils.clip_grad_norm_(params, 1.0)
        results.append([norm.cpu(), *[p.grad.cpu() for p in params]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


def test_a_step_is_few_kernels() -> None:
    params = [numbers(k, 30, 4).to("gpu").requires_grad_() for k in range(8)]
    for p in params:
        p.grad = numbers(9, 30, 4).to("gpu")
    for make, kernels in ((torch.optim.SGD, 2), (torch.optim.Adam, 2), (torch.optim.AdamW, 2)):
        optimizer = make(params, lr=0.1)
        optimizer.step()
        torch.gpu.synchronize()
        before = torch._C._gpu_counts(0)
        optimizer.step()
        after = torch._C._gpu_counts(0)
        assert after["kernels"] - before["kernels"] == kernels, make
        assert after["downloaded"] == before["downloaded"]


@pytest.mark.parametrize("order", [2.0, 1.0, float("inf"), 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_norms_and_products_of_lists(order: float, dtype: Any) -> None:
    host = [
        numbers(k, *shape, dtype=dtype) for k, shape in enumerate([*SHAPES, *SHAPES]) if 0 not in shape or order < 9
    ]
    there = [x.to("gpu") for x in host]
    rtol = 2e-3 if dtype == torch.float16 else 1e-5
    for a, b in zip(torch._C._foreach_norm(there, order), torch._C._foreach_norm(host, order), strict=True):
        assert a.device.type == "wgpu" and a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a.cpu().float().numpy(), b.float().numpy(), rtol=rtol)
    torch._C._foreach_mul_(there, torch.tensor(0.3).to("gpu"))
    torch._C._foreach_mul_(host, torch.tensor(0.3))
    for a, b in zip(there, host, strict=True):
        np.testing.assert_allclose(a.cpu().float().numpy(), b.float().numpy(), rtol=rtol)


def test_norms_are_few_kernels() -> None:
    grads = [numbers(k, 30, 4).to("gpu") for k in range(24)]
    torch.stack(torch._C._foreach_norm(grads, 2.0))
    before = torch._C._gpu_counts(0)
    torch.stack(torch._C._foreach_norm(grads, 2.0))
    after = torch._C._gpu_counts(0)
    assert after["kernels"] - before["kernels"] <= 5
