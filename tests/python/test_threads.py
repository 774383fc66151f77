"""Large work: the same numbers for any number of threads, and for any order of dims in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.nn import functional as F

N = 300_001


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def draws(threads: int, draw: Callable[[], Any]) -> tuple[Any, Any]:
    """What is drawn from a seed by so many threads, and the generator's state afterwards."""
    torch.set_num_threads(threads)
    torch.manual_seed(5)
    torch.rand(3)
    return draw().numpy().copy(), torch.get_rng_state().numpy().copy()


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.rand(N),
        lambda: torch.rand(N, dtype=torch.float64),
        lambda: torch.randn(N),
        lambda: torch.randn(N, dtype=torch.float64),
        lambda: torch.empty(N).bernoulli_(0.3),
        lambda: torch.empty(N).exponential_(),
        lambda: torch.randint(0, 10, (N,)),
        lambda: torch.randint(0, 1 << 40, (N,)),
    ],
)
def test_threads_draw_one_stream(draw: Callable[[], Any]) -> None:
    one, two = draws(1, draw), draws(3, draw)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16", "int32", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(200, 300), (3, 97, 130), (64, 64, 64)])
def test_transposed_operands(dtype: str, shape: tuple[int, ...]) -> None:
    a = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    x = torch.tensor(a).transpose(0, -1)
    b = np.swapaxes(a, 0, -1)
    np.testing.assert_array_equal(x.contiguous().numpy(), b)
    y = torch.zeros(*b.shape, dtype=x.dtype)
    np.testing.assert_array_equal(y.copy_(x).numpy(), b)
    np.testing.assert_array_equal((torch.zeros(*b.shape, dtype=x.dtype) != x).numpy(), b != 0)
    np.testing.assert_array_equal(x.to(torch.float64).numpy() if dtype[0] != "c" else x.numpy(), b)


@pytest.mark.parametrize("shape", [(33, 200), (40, 64), (5, 1000), (16, 16, 50), (7, 40, 9)])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_scans(shape: tuple[int, ...], dim: int) -> None:
    a = np.random.default_rng(0).random(shape)
    x = torch.tensor(a, requires_grad=True)
    y = x.cumsum(dim)
    np.testing.assert_array_equal(y.detach().numpy(), a.cumsum(dim))
    np.testing.assert_array_equal(
        torch.tensor(a.astype("f4")).cumsum(dim).numpy(), a.astype("f4").astype("f8").cumsum(dim).astype("f4")
    )
    y.backward(torch.tensor(a))
    np.testing.assert_allclose(x.grad.numpy(), np.flip(np.flip(a, dim).cumsum(dim), dim), rtol=1e-13)


def test_casts_to_integers() -> None:
    a = [0.0, -0.5, 1.9, -1.9, 3e9, -9e18, 9.2e18]
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor(a * 9, dtype=dtype)
        assert x.to(torch.int64).tolist() == [int(v) for v in x.tolist()]


def test_few_largest() -> None:
    a = np.random.default_rng(0).random((20, 5000)).astype("f4")
    a[3, 70] = np.nan
    values, places = torch.tensor(a).topk(10, 1)
    order = np.argsort(-np.where(np.isnan(a), 2, a), 1, kind="stable")[:, :10]
    np.testing.assert_array_equal(places.numpy(), order)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(a, order, 1))


def test_gelu_far_out() -> None:
    x = torch.tensor([0.0, -0.0, 1e-30, 3.0, -3.0, 6.0, -6.0, 1e30, -1e30, float("inf"), float("nan")])
    y = torch.nn.functional.gelu(x)
    want = [0.0, 0.0, 5e-31, 2.99595031, -0.00404969, 6.0, 0.0, 1e30, 0.0, float("inf"), float("nan")]
    np.testing.assert_allclose(y.numpy(), np.array(want, "f4"), rtol=3e-7, atol=2e-7)


def grads(f: Callable[..., Any], *shapes: tuple[int, ...]) -> Callable[[], list[Any]]:
    """The result of `f` and the gradients of its operands, which are made anew each time."""

    def work() -> list[Any]:
        torch.manual_seed(3)
        operands = [torch.randn(*shape).requires_grad_() for shape in shapes]
        y = f(*operands)
        return [y.detach(), *torch.autograd.grad(y, operands, torch.randn(y.shape))]

    return work


def trained() -> list[Any]:
    """The weights of a small network of convolutions after three steps."""
    torch.manual_seed(4)
    layers = (nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2704, 10))
    model = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    x, target = torch.randn(32, 3, 28, 28), torch.randint(0, 10, (32,))
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


WORKS: dict[str, Callable[[], list[Any]]] = {
    "elementwise": grads(lambda x, y: (x * y).tanh() + x.exp(), (N,), (N,)),
    "sum": grads(lambda x: x.sum(), (N,)),
    "sum of columns": grads(lambda x: x.sum(0), (3001, 100)),
    "mean and variance": grads(lambda x: x.mean() + x.var(), (N,)),
    "norm": grads(lambda x: x.norm(), (N,)),
    "softmax": grads(lambda x: x.softmax(-1) + x.log_softmax(0), (301, 1001)),
    "cumsum": grads(lambda x: x.cumsum(0), (N,)),
    "layer norm": grads(lambda x, w, b: F.layer_norm(x, (600,), w, b), (501, 600), (600,), (600,)),
    "batch norm": grads(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (32, 16, 30, 31), (16,), (16,)),
    "matmul": grads(lambda x, y: x @ y, (257, 311), (311, 263)),
    "linear": grads(F.linear, (64, 784), (512, 784), (512,)),
    "batched": grads(lambda x, y: x @ y, (8, 4, 70, 33), (8, 4, 33, 65)),
    "matrix and vector": grads(lambda x, y: x @ y, (1000, 1031), (1031,)),
    "dot": grads(lambda x, y: x @ y, (N,), (N,)),
    "convolution": grads(lambda x, w: F.conv2d(x, w, padding=1), (8, 16, 30, 31), (24, 16, 3, 3)),
    "depthwise": grads(lambda x, w: F.conv2d(x, w, padding=1, groups=16), (8, 16, 30, 31), (16, 1, 3, 3)),
    "pooling": grads(lambda x: F.max_pool2d(x, 2) + F.avg_pool2d(x, 2), (8, 16, 60, 62)),
    "attention": grads(lambda q, k: F.scaled_dot_product_attention(q, k, k), (2, 3, 130, 32), (2, 3, 140, 32)),
    "embedding": grads(lambda w: w[torch.arange(9000).remainder(97)], (100, 64)),
    "training": trained,
}


@pytest.mark.parametrize("name", WORKS)
def test_same_bits_for_one_two_and_five_threads(name: str) -> None:
    found = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        found.append(WORKS[name]())
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
