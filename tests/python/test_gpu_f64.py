"""float64 on a GPU that has it: storage, casts, functions, gradients by `gradcheck`, training, against the CPU."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from device_parity import need_gpu

import rusttorch as torch
import rusttorch.nn.functional as F
from rusttorch import nn

TOLERANCE = {"rtol": 1e-13, "atol": 1e-13}


need_gpu()


@pytest.fixture(scope="module", autouse=True)
def _has_float64() -> None:
    try:
        torch.zeros(1, dtype=torch.float64, device="gpu")
    except TypeError as e:
        pytest.skip(str(e))


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def same(got: torch.Tensor, want: torch.Tensor) -> None:
    assert got.device.type == "wgpu" and got.dtype == want.dtype
    torch.testing.assert_close(got.detach().cpu(), want.detach(), equal_nan=True, **TOLERANCE)


def test_numbers_keep_all_their_bits() -> None:
    x = torch.tensor([0.1, -1e300, 5e-324, float("inf"), float("nan"), -0.0, 2.0**53 + 2], dtype=torch.float64)
    for there in (x.to("gpu"), x.to("gpu").clone(), x.to("gpu")[None].expand(3, -1).contiguous()[1]):
        assert there.cpu().numpy().tobytes() == x.numpy().tobytes()
    assert str(x[:2].to("gpu")) == str(x[:2]).replace(", dtype", ", device='wgpu:0', dtype")
    assert torch.full((3,), 0.1, dtype=torch.float64, device="gpu")[1].item() == 0.1


NARROWER = ["float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("name", NARROWER)
def test_casts_are_those_of_the_cpu(name: str) -> None:
    dtype = getattr(torch, name)
    x = numbers(6, 7, 5) * 50
    x = x.abs() if name == "uint8" else x
    y = x.to(dtype)
    # From memory that kernels wrote: what only the host has is cast there.
    for there in (x.to("gpu") * 1, (x.t().contiguous().to("gpu") * 1).t()):
        same(there.to(dtype), y)
        same((there.to(dtype).to("gpu")).double(), y.double())
    if name == "int64":
        large = torch.tensor([2**53 + 1, -(2**62) - 3, 7])
        same((large.to("gpu") + 0).double(), large.double())


def test_scalars_are_not_rounded_on_the_way() -> None:
    x = torch.ones(3, dtype=torch.float64, device="gpu")
    assert (x * 0.1).tolist() == [0.1] * 3
    assert (x.fill_(1 / 3) + 1e-15).tolist() == [1 / 3 + 1e-15] * 3
    assert torch.softmax(x, 0).sum().item() == pytest.approx(1, abs=1e-15)
    assert (x > 1 / 3 - 1e-15).all() and not (x > 1 / 3 + 1e-15).any()


def test_files_keep_dtype_and_device() -> None:
    x = numbers(1, 4, 3).to("gpu")
    file = io.BytesIO()
    torch.save({"x": x.t()}, file)
    file.seek(0)
    same(torch.load(file)["x"], x.t().cpu())
    file.seek(0)
    here = torch.load(file, map_location="cpu")["x"]
    assert here.device.type == "cpu" and torch.equal(here, x.t().cpu())


BACKWARD: dict[str, Callable[..., torch.Tensor]] = {
    "elementwise": lambda x, y: (x.exp() * y.sin() + torch.sigmoid(x - y) / (1 + y * y)).log1p().tanh(),
    "powers": lambda x, y: x.abs().pow(y) + torch.hypot(x, y) + torch.atan2(x, y),
    "sums": lambda x, y: x.sum(0) * y.mean(0) + x.std(0) + torch.logsumexp(x * y, 0) + x.norm(dim=0),
    "extremes": lambda x, y: x.amax(0) + y.sort(1).values[0] + x.topk(2, 1).values.sum() + torch.cumsum(y, 1)[1],
    "products": lambda x, y: (x @ y.t()).tanh() @ torch.softmax(y, 1),
    "places": lambda x, y: x[:, [2, 0, 2]].sum() * y.index_add(0, torch.tensor([1, 1, 0]).to(y.device), x[:3]),
    "norms": lambda x, y: F.layer_norm(x, (5,), y[0], y[1]) * F.group_norm(x.view(1, 4, 5), 2).view(4, 5),
    "losses": lambda x, y: (
        F.cross_entropy(x, torch.tensor([1, 0, 4, 2]).to(x.device)) + F.gelu(y).mean() + F.smooth_l1_loss(x, y)
    ),
}


@pytest.mark.parametrize("f", BACKWARD.values(), ids=BACKWARD.keys())
def test_results_and_gradients(f: Callable[..., torch.Tensor]) -> None:
    outcomes = []
    for there in ("cpu", "gpu"):
        x, y = (numbers(k, 4, 5).to(there).requires_grad_() for k in (1, 2))
        z = f(x, y)
        (z * torch.arange(1, z.numel() + 1, device=there).view(z.shape)).sum().backward()
        outcomes.append((z, x.grad, y.grad))
    for want, got in zip(*outcomes, strict=True):
        same(got, want)


def test_gradcheck_of_a_model() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.GELU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(12, 6),
        nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3),
    ).double().to("gpu")  # fmt: skip
    labels = torch.tensor([0, 2, 1], device="gpu")
    x = numbers(3, 3, 2, 6).to("gpu").requires_grad_()
    assert torch.autograd.gradcheck(lambda x: F.cross_entropy(model(x), labels), (x,))
    assert torch.autograd.gradcheck(lambda x, *_: model(x), (x, *model.parameters()))
    assert torch.autograd.gradgradcheck(lambda x: torch.tanh(x @ x.transpose(1, 2)), (x,))


def test_gradcheck_of_embedding_and_attention() -> None:
    table = numbers(4, 5, 8).to("gpu").requires_grad_()
    index = torch.tensor([[0, 3, 3], [1, 4, 0]], device="gpu")

    def attend(table: torch.Tensor) -> torch.Tensor:
        q = F.embedding(index, table).view(2, 3, 2, 4).transpose(1, 2)
        return F.scaled_dot_product_attention(q, q, q, is_causal=True)

    assert torch.autograd.gradcheck(attend, (table,))


OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.01),
    "amsgrad": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01),
    "adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
    "nadam": lambda p: torch.optim.NAdam(p, 0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, centered=True, momentum=0.9),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_training(make: Callable[[Any], torch.optim.Optimizer]) -> None:
    losses: dict[str, list[float]] = {}
    for there in ("cpu", "gpu"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, 7), nn.SiLU(), nn.Linear(7, 3)).double().to(there)
        x, y = numbers(5, 16, 5).to(there), torch.tensor([0, 1, 2, 1] * 4, device=there)
        optimizer = make(model.parameters())
        losses[there] = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses[there].append(loss.item())
    assert losses["gpu"] == pytest.approx(losses["cpu"], rel=1e-12)
    assert losses["gpu"][-1] < losses["gpu"][0]


def test_what_has_no_float64_says_so() -> None:
    x = torch.ones(3, dtype=torch.float64, device="gpu")
    with pytest.raises(
        NotImplementedError, match="'special_bessel_j0' is not implemented for the device 'wgpu:0' and float64"
    ):
        torch.special.bessel_j0(x)


def test_a_saved_tensor_that_was_written_in_place_is_read_four_elements_at_a_time() -> None:
    grads = []
    for where in ("cpu", "gpu"):
        x = torch.linspace(1.0, 2.0, 6, dtype=torch.float64).reshape(2, 3).to(where).requires_grad_()
        y = (x * 2).log_()
        y.sum().backward()
        grads.append(x.grad)
    same(grads[1], grads[0])


@pytest.mark.parametrize("f", [torch.softmax, torch.log_softmax, torch.logsumexp])
def test_long_lines_are_reduced_in_parts_of_float64(f: Callable[..., torch.Tensor]) -> None:
    found = []
    for where in ("cpu", "gpu"):
        x = (3 * numbers(1, 2, 100_000)).to(where).requires_grad_()
        y = f(x, 1)
        (y * torch.linspace(0, 1, y.shape[-1], dtype=torch.float64).to(where)).sum().backward()
        found.append((y, x.grad))
    for want, got in zip(*found, strict=True):
        same(got, want)
