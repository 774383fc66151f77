"""Random numbers on a GPU are the CPU's for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from device_parity import check, close, need_gpu, sample

import rusttorch as torch
from rusttorch.nn import functional as F

need_gpu()


def twice(f: Callable[[str], Any]) -> None:
    """The same numbers on both devices, and the generator left in the same state."""
    results = []
    for device in ("cpu", "gpu"):
        torch.manual_seed(3)
        results.append((f(device), torch.rand(3)))
    (expected, rest), (found, gpu_rest) = results
    close(found, expected)
    assert torch.equal(rest, gpu_rest)


def over(device: str, f: Callable[[Any], Any], dtype: Any = torch.float32, turned: bool = False) -> Any:
    """Draws over a tensor that a kernel has written."""
    x = torch.ones(40, 50, dtype=dtype, device=device) * 2
    f(x.t() if turned else x)
    return x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("turned", [False, True])
def test_drawn_over(dtype: Any, turned: bool) -> None:
    for f in (
        lambda x: x.uniform_(-1, 2),
        lambda x: x.normal_(1, 2),
        lambda x: x.bernoulli_(0.3),
        lambda x: x.exponential_(2.0),
        lambda x: x.random_(0, 9),
        lambda x: x.geometric_(0.3),
        lambda x: x.log_normal_(),
        lambda x: x.cauchy_(),
        lambda x: x[3:9, ::2].uniform_(),
        lambda x: x.bernoulli_(torch.full((50,) if not turned else (40,), 0.25, device=x.device)),
    ):
        twice(lambda d, f=f: over(d, f, dtype, turned))


def test_drawn_anew() -> None:
    p = torch.rand(6, 9)
    for f in (
        lambda d: torch.rand(7, 5, device=d),
        lambda d: torch.randn(700, 50, device=d),
        lambda d: torch.randn(3, 5, device=d, dtype=torch.float16),
        lambda d: torch.randint(3, 90, (40,), device=d),
        lambda d: torch.randperm(50, device=d),
        lambda d: torch.rand_like(torch.ones(4, 5, device=d)),
        lambda d: torch.bernoulli(p.to(d)),
        lambda d: torch.multinomial(p.to(d), 4),
        lambda d: torch.multinomial(p.to(d), 20, replacement=True),
        lambda d: torch.poisson(p.to(d) * 9),
        lambda d: torch.normal(p.to(d), 2.0),
        lambda d: torch.normal(p.to(d), p.to(d)),
        lambda d: torch.nn.init.kaiming_uniform_(torch.empty(9, 8, device=d)),
    ):
        twice(f)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_dropout(dtype: Any) -> None:
    def seeded(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            torch.manual_seed(5)
            return f(x)

        return run

    x = sample(4, 30, 6, 5, dtype=dtype, seed=0)
    check(seeded(lambda x: F.dropout(x, 0.3)), x)
    check(seeded(lambda x: F.dropout(x, 0.3)), x, strided=True)
    check(seeded(lambda x: F.dropout(x, 1.0)), x)
    check(seeded(lambda x: F.dropout2d(x, 0.3)), x)
    check(seeded(lambda x: F.alpha_dropout(x, 0.3, training=True)), x)
    check(seeded(lambda x: F.dropout(x * 1, 0.3, inplace=True)), x)
    check(seeded(lambda x: torch.native_dropout(x, 0.4, True)), x)
    if dtype == torch.float32:
        check(seeded(lambda x: F.rrelu(x, training=True)), x)
    else:
        # The CPU has no half types here.
        y = seeded(lambda x: F.rrelu(x, 0.2, 0.3, training=True))(x.to("gpu")).cpu().to(torch.float32)
        wide = x.to(torch.float32)
        slope = (y / wide)[wide < 0]
        assert (y[wide >= 0] == wide[wide >= 0]).all() and 0.19 < slope.min() < 0.22 and 0.28 < slope.max() < 0.31
    check(lambda x: F.dropout(x, 0.3, training=False), x)


def test_a_generator_of_its_own() -> None:
    def draw(device: str) -> Any:
        return torch.rand(9, device=device, generator=torch.Generator().manual_seed(11))

    twice(draw)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("drop", [F.dropout, F.dropout2d])
def test_dropout_is_one_kernel_each_way_and_sends_a_byte_for_each_number(drop, dtype):
    x = torch.randn(8, 6, 5, 4).to("gpu", dtype).requires_grad_()
    seeds = torch.ones_like(x)
    sent = 8 * 6 if drop is F.dropout2d else x.numel()
    drop(x, 0.3).backward(seeds)
    torch.gpu.synchronize()
    before = torch.gpu.statistics()
    y = drop(x, 0.3)
    (slope,) = torch.autograd.grad(y, x, seeds, create_graph=True)
    after = torch.gpu.statistics()
    assert after["kernels"] - before["kernels"] == 2 and after["uploaded"] - before["uploaded"] == sent
    assert torch.equal(slope == 0, y == 0) and 0 < (y == 0).sum() < y.numel()


def test_all_dropped():
    for device in ("cpu", "gpu"):
        q = torch.randn(1, 2, 5, 8).to(device).requires_grad_()
        y = F.scaled_dot_product_attention(q, q, q, dropout_p=1.0) + F.dropout(q, 1.0)
        y.sum().backward()
        assert (y == 0).all() and (q.grad == 0).all()
