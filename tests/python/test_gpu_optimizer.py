"""Optimizers on a GPU follow the CPU's steps, with few kernels for many parameters."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from device_parity import need_gpu, sample

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
    ("Adam", {"lr": 0.1, "amsgrad": True, "fused": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "amsgrad": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.4, "centered": True, "maximize": True}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.5, "centered": True}),
    ("Adadelta", {"lr": 0.5, "weight_decay": 0.1}),
    ("Adadelta", {"rho": 0.5, "eps": 1e-3, "maximize": True}),
    ("Adamax", {"lr": 0.1}),
    ("Adamax", {"lr": 0.1, "betas": (0.3, 0.5), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.9), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {"lr": 0.1, "step_sizes": (0.06, 0.13)}),
    ("Rprop", {"lr": 0.1, "maximize": True}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "t0": 1, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "maximize": True}),
]


def steps(
    name: str,
    options: dict[str, Any],
    device: str,
    dtype: Any = torch.float32,
    turned: bool = False,
    wide: bool = False,
) -> list[Any]:
    """The parameters after seven steps; with `wide`, from numbers of the dtype in float32."""

    def made(seed: int, *shape: int) -> Any:
        x = sample(*shape, dtype=dtype, seed=seed).to(device)
        return x.float() if wide else x

    params = []
    for k, shape in enumerate(SHAPES):
        p = made(k, *shape)
        p = p.t().contiguous().t() if turned and p.dim() == 2 else p
        params.append(p.requires_grad_())
    optimizer = getattr(torch.optim, name)(params, **options)
    for step in range(7):
        for k, p in enumerate(params):
            # One parameter begins later than the others.
            p.grad = None if k == 1 and step == 0 else made(100 * step + k, *p.shape)
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
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=lambda v: v if isinstance(v, str) else "")
def test_steps_in_half_precision(name: str, options: dict[str, Any], dtype: Any) -> None:
    found = steps(name, options, "gpu", dtype)
    if hasattr(torch._C, f"_fused_{name.lower()}_"):
        expected = steps(name, options, "cpu", dtype)
    else:  # The CPU's ops round after each of them, which a kernel does not.
        expected = steps(name, options, "cpu", dtype, wide=True)
    tolerance = 3e-3 if dtype == torch.float16 else 3e-2
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a.cpu().float().numpy(), b.float().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _ in OPTIMIZERS))
def test_a_thousand_parameters(name: str) -> None:
    """Of two dtypes; every one takes its own step, in a few hundred kernels."""
    results = []
    for device in ("cpu", "gpu"):

        def made(seed: int, k: int, device: str = device) -> Any:
            x = sample(k % 7, dtype=torch.float16 if k % 10 == 0 else torch.float32, seed=seed)
            return x.float() if device == "cpu" else x.to(device)

        params = [made(k, k).requires_grad_() for k in range(1000)]
        optimizer = getattr(torch.optim, name)(params, lr=0.1)
        for step in range(2):
            for k, p in enumerate(params):
                p.grad = made(1000 + step + k, k)
            before = torch.gpu.statistics()["kernels"]
            optimizer.step()
            kernels = torch.gpu.statistics()["kernels"] - before
        results.append([p.detach().cpu().float().numpy() for p in params])
    assert 200 < kernels < 450
    for k, (found, expected) in enumerate(zip(*results, strict=True)):
        tolerance = 1e-2 if k % 10 == 0 else 2e-5
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_a_state_goes_from_device_to_device() -> None:
    """A step on a GPU goes on where one on the CPU ended, and the other way."""
    expected = None
    for devices in (("cpu", "cpu", "cpu"), ("cpu", "gpu", "cpu")):
        state, x = None, sample(5, 3, seed=0)
        for step, device in enumerate(devices):
            p = x.to(device).requires_grad_()
            optimizer = torch.optim.RMSprop([p], lr=0.1, momentum=0.5, centered=True)
            if state is not None:
                optimizer.load_state_dict(state)
            p.grad = sample(5, 3, seed=step + 1).to(device)
            optimizer.step()
            state, x = optimizer.state_dict(), p.detach()
        if expected is not None:
            np.testing.assert_allclose(x.cpu().numpy(), expected.numpy(), rtol=1e-5)
        expected = x


def test_gradients_are_clipped_together() -> None:
    results = []
    for device in ("cpu", "gpu"):
        params = [sample(*shape, seed=k).to(device).requires_grad_() for k, shape in enumerate(SHAPES)]
        for k, p in enumerate(params):
            p.grad = sample(*p.shape, seed=50 + k).to(device)
        norm = torch.nn.utils.clip_grad_norm_(params, 1.0)
        results.append([norm.cpu(), *[p.grad.cpu() for p in params]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


def test_a_step_is_few_kernels() -> None:
    params = [sample(30, 4, seed=k).to("gpu").requires_grad_() for k in range(8)]
    for p in params:
        p.grad = sample(30, 4, seed=9).to("gpu")
    for name in dict.fromkeys(name for name, _ in OPTIMIZERS):
        optimizer = getattr(torch.optim, name)(params, lr=0.1)
        optimizer.step()
        torch.gpu.synchronize()
        before = torch._C._gpu_counts(0)
        optimizer.step()
        after = torch._C._gpu_counts(0)
        assert after["kernels"] - before["kernels"] == 2, name
        assert after["downloaded"] == before["downloaded"]


@pytest.mark.parametrize("order", [2.0, 1.0, float("inf"), 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_norms_and_products_of_lists(order: float, dtype: Any) -> None:
    host = [
        sample(*shape, dtype=dtype, seed=k) for k, shape in enumerate([*SHAPES, *SHAPES]) if 0 not in shape or order < 9
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
    grads = [sample(30, 4, seed=k).to("gpu") for k in range(24)]
    torch.stack(torch._C._foreach_norm(grads, 2.0))
    before = torch._C._gpu_counts(0)
    torch.stack(torch._C._foreach_norm(grads, 2.0))
    after = torch._C._gpu_counts(0)
    assert after["kernels"] - before["kernels"] <= 5


# ---- without a kernel of their own


@pytest.mark.parametrize(
    ("name", "options", "shapes"),
    [
        ("Adafactor", {"lr": 0.1}, [(7, 5), (3,), (), (4, 6, 2)]),
        ("Adafactor", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}, [(7, 5), (3,), (), (4, 6, 2)]),
        ("Muon", {"lr": 0.1}, [(7, 5), (3, 8)]),
        ("LBFGS", {"lr": 0.5, "max_iter": 3}, [(7, 5), (3,)]),
        ("LBFGS", {"max_iter": 3, "line_search_fn": "strong_wolfe"}, [(7, 5), (3,)]),
    ],
)
def test_steps_of_tensor_ops(name: str, options: dict[str, Any], shapes: list[Any]) -> None:
    results = []
    for device in ("cpu", "gpu"):
        params = [sample(*shape, seed=k).to(device).requires_grad_() for k, shape in enumerate(shapes)]
        optimizer = getattr(torch.optim, name)(params, **options)

        def closure(params: list[Any] = params, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = sum((p * (p + k)).sin().sum() + (p * p).sum() for k, p in enumerate(params))
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(3)]
        results.append([torch.tensor(losses), *[p.detach() for p in params]])
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found.cpu().numpy(), expected.numpy(), rtol=2e-4, atol=2e-4)


# ---- numbers of the state, which are the host's


def numbers(optimizer: Any) -> dict[str, Any]:
    states = list(optimizer.state.values())
    return {k: v for state in states for k, v in state.items() if isinstance(v, torch.Tensor) and v.dim() == 0}


def one(name: str, options: dict[str, Any], device: str, x: Any) -> Any:
    p = x.to(device).detach().clone().requires_grad_()
    p.grad = sample(4, 3, seed=1).to(device)
    return getattr(torch.optim, name)([p], **options)


FUSED = [(name, {"lr": 0.1, "fused": True}) for name in ("SGD", "Adam", "AdamW", "Adagrad")]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS + FUSED, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_numbers_of_a_state_stay_on_the_host(name: str, options: dict[str, Any], device: str) -> None:
    """Whatever the default device is, and wherever the file they come from was loaded to."""
    x = sample(4, 3, seed=0)
    with torch.device("gpu"):
        optimizer = one(name, options, device, x)
        optimizer.step()
    found = numbers(optimizer)
    assert all(t.device.type == "cpu" and t.dtype == torch.float32 for t in found.values())
    assert found or name == "SGD"
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other = one(name, options, device, optimizer.param_groups[0]["params"][0])
    other.load_state_dict(torch.load(file, map_location="gpu"))
    loaded = numbers(other)
    assert {k: (t.item(), t.device.type, t.dtype) for k, t in loaded.items()} == {
        k: (t.item(), "cpu", torch.float32) for k, t in found.items()
    }
    before = torch.gpu.statistics()["downloaded"]
    other.step()
    assert torch.gpu.statistics()["downloaded"] == before
    optimizer.step()
    a, b = (o.param_groups[0]["params"][0] for o in (optimizer, other))
    assert a.device.type == b.device.type and a.tolist() == b.tolist()


@pytest.mark.parametrize("name", ["NAdam", "ASGD"])
def test_numbers_of_a_state_keep_their_precision(name: str) -> None:
    """They are no values of the parameter's, whose dtype they would be rounded to."""
    optimizers = []
    for _ in range(2):
        p = sample(3, seed=0, dtype=torch.bfloat16).to("gpu").requires_grad_()
        p.grad = sample(3, seed=1, dtype=torch.bfloat16).to("gpu")
        optimizers.append(getattr(torch.optim, name)([p], lr=0.123))
    optimizers[1].step()
    optimizers[0].load_state_dict(optimizers[1].state_dict())
    found, expected = (numbers(optimizer) for optimizer in optimizers)
    assert found and {k: v.item() for k, v in found.items()} == {k: v.item() for k, v in expected.items()}


# ---- two devices


def test_gradients_on_two_devices_are_clipped_by_one_norm() -> None:
    results = []
    for devices in (("cpu", "cpu"), ("cpu", "gpu"), ("gpu", "cpu")):
        params = [sample(*shape, seed=k).to(devices[k % 2]).requires_grad_() for k, shape in enumerate(SHAPES)]
        for k, p in enumerate(params):
            p.grad = sample(*p.shape, seed=50 + k).to(p.device)
        grads = [p.grad for p in params]
        norm = torch.nn.utils.get_total_norm(grads)
        assert norm.device == params[0].device
        results.append([norm.cpu(), torch.nn.utils.clip_grad_norm_(params, 1.0).cpu(), *[g.cpu() for g in grads]])
    for expected, *found in zip(*results, strict=True):
        for t in found:
            np.testing.assert_allclose(t.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
