"""Kernels that work by blocks against the same thing made of other operators: attention, convolution, max pooling, bfloat16."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

import rusttorch as torch
from rusttorch import Tensor, nn
from rusttorch.nn import functional as F


def close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> None:
    assert a.shape == b.shape
    assert (a - b).abs().max().item() <= tolerance * max(1.0, b.abs().max().item())


def gradients(f: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    torch.manual_seed(1)
    y = f(*inputs)
    return [y, *torch.autograd.grad(y, inputs, torch.randn(y.shape, dtype=y.dtype))]


def same(f: Callable[..., Tensor], g: Callable[..., Tensor], *inputs: Tensor) -> None:
    for a, b in zip(gradients(f, *inputs), gradients(g, *inputs), strict=True):
        close(a, b)


def leaf(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, dtype=dtype).requires_grad_()


def on_each_number_of_threads(f: Callable[[], list[Tensor]]) -> None:
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            results.append(f())
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


# ---- attention


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float | None = None) -> Tensor:
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if causal:
        hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, float("-inf"))
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "sizes", [(2, 3, 5, 7, 4), (1, 2, 64, 64, 16), (2, 1, 130, 70, 33), (1, 1, 1, 1, 1), (1, 2, 50, 257, 8)]
)
def test_attention_by_blocks(sizes: tuple[int, ...], causal: bool) -> None:
    b, h, rows, columns, width = sizes
    for dtype in (torch.float32, torch.float64):
        q, k, v = (
            leaf(b, h, rows, width, dtype=dtype),
            leaf(b, h, columns, width, dtype=dtype),
            leaf(b, h, columns, width, dtype=dtype),
        )
        same(
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal),
            lambda q, k, v: attention(q, k, v, causal),
            q, k, v,
        )  # fmt: skip


def test_attention_reads_any_strides_and_lays_heads_side_by_side() -> None:
    x = leaf(2, 17, 4, 8)
    same(
        lambda x: F.scaled_dot_product_attention(x.transpose(1, 2), x.transpose(1, 2), x.transpose(1, 2), scale=0.3),
        lambda x: attention(x.transpose(1, 2), x.transpose(1, 2), x.transpose(1, 2), False, 0.3),
        x,
    )
    y = F.scaled_dot_product_attention(x.transpose(1, 2), x.transpose(1, 2), x.transpose(1, 2))
    assert y.transpose(1, 2).is_contiguous()
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "ScaledDotProductFlashAttentionForCpuBackward0"


def test_attention_can_be_differentiated_twice() -> None:
    x = [leaf(1, 2, 3, 2, dtype=torch.float64) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), x)
    assert torch.autograd.gradgradcheck(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), x)


MASKS = {
    "numbers": lambda b, h, rows, columns: torch.randn(rows, columns),
    "one per head": lambda b, h, rows, columns: torch.randn(b, h, rows, columns),
    "transposed": lambda b, h, rows, columns: torch.randn(columns, rows).t(),
    "of keys": lambda b, h, rows, columns: torch.randn(b, 1, 1, columns),
    "of queries": lambda b, h, rows, columns: torch.randn(1, h, rows, 1),
    "bools": lambda b, h, rows, columns: torch.rand(rows, columns) < 0.6,
    "nothing seen": lambda b, h, rows, columns: torch.arange(rows)[:, None] % 3 != torch.zeros(columns),
    "double": lambda b, h, rows, columns: torch.randn(rows, columns, dtype=torch.float64),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("sizes", [(2, 3, 5, 7, 4), (2, 1, 130, 70, 33), (1, 2, 2, 100, 8)])
def test_attention_by_blocks_adds_a_mask(mask: str, sizes: tuple[int, ...]) -> None:
    b, h, rows, columns, width = sizes
    m = MASKS[mask](b, h, rows, columns)
    for dtype in (torch.float64,) if m.dtype == torch.float64 else (torch.float32, torch.float64):
        q, k, v = (leaf(b, h, n, width, dtype=dtype) for n in (rows, columns, columns))

        def plain(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
            added = torch.where(m, 0.0, float("-inf")) if m.dtype == torch.bool else m
            weights = (scores + added).softmax(-1)
            return torch.where(weights.isnan(), 0.0, weights) @ v

        y = F.scaled_dot_product_attention(q, k, v, m)
        assert y.grad_fn is not None
        assert y.grad_fn.name() == "ScaledDotProductFlashAttentionForCpuBackward0"
        got = gradients(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, m), q, k, v)
        if mask == "nothing seen":
            # The plain gradient of a row without weights is no number.
            some = m.expand(rows, columns).any(1)
            assert bool((got[0][:, :, ~some] == 0).all())
            assert all(bool(g.isfinite().all()) for g in got)
            close(got[0], plain(q, k, v))
            close(got[1][:, :, some], gradients(lambda q: plain(q, k, v), q)[1][:, :, some])
        else:
            for a, c in zip(got, gradients(plain, q, k, v), strict=True):
                close(a, c)


def test_masked_attention_can_be_differentiated_twice() -> None:
    x = [leaf(1, 2, n, 2, dtype=torch.float64) for n in (3, 4, 4)]
    for m in (torch.randn(3, 4, dtype=torch.float64), torch.tensor([[True, False, True, True]] * 2 + [[False] * 4])):
        assert torch.autograd.gradcheck(lambda q, k, v, m=m: F.scaled_dot_product_attention(q, k, v, m), x)
        assert torch.autograd.gradgradcheck(lambda q, k, v, m=m: F.scaled_dot_product_attention(q, k, v, m), x)


def test_attention_gives_a_mask_that_requires_it_a_gradient() -> None:
    q, m = leaf(1, 2, 5, 4), leaf(5, 5)
    same(
        lambda q, m: F.scaled_dot_product_attention(q, q, q, m),
        lambda q, m: (q @ q.transpose(-2, -1) * 0.5 + m).softmax(-1) @ q,
        q, m,
    )  # fmt: skip


def test_attention_of_more_keys_than_one_pass_of_the_backward_sees() -> None:
    q, k, v = leaf(1, 1, 60, 8), leaf(1, 1, 2500, 8), leaf(1, 1, 2500, 8)
    same(F.scaled_dot_product_attention, lambda q, k, v: attention(q, k, v, False), q, k, v)
    q, k, v = (leaf(1, 1, 1100, 8) for _ in range(3))
    same(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda q, k, v: attention(q, k, v, True),
        q, k, v,
    )  # fmt: skip


def test_depthwise_convolution_adds_its_bias_and_has_any_number_of_dims() -> None:
    for dims in (1, 2, 3):
        x, w, bias = leaf(2, 3, *(7 + d for d in range(dims))), leaf(6, 1, *[3] * dims), leaf(6)
        convolution = (F.conv1d, F.conv2d, F.conv3d)[dims - 1]
        got = convolution(x, w, bias, 1, 1, 1, 3)
        apart = [convolution(x[:, i // 2 : i // 2 + 1], w[i : i + 1], bias[i : i + 1], 1, 1) for i in range(6)]
        close(got, torch.cat(apart, 1))


def test_attention_has_the_same_bits_for_any_number_of_threads() -> None:
    one, keys = leaf(8, 16, 1, 64), leaf(8, 16, 300, 64)
    on_each_number_of_threads(lambda: [F.scaled_dot_product_attention(one, keys, keys)])
    q = leaf(2, 3, 200, 24)
    on_each_number_of_threads(lambda: gradients(lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True), q))


def test_attention_of_infinite_scores_is_nan_where_it_must_be() -> None:
    q = torch.ones(1, 1, 4, 2)
    k = torch.ones(1, 1, 4, 2)
    k[0, 0, 2] = float("nan")
    y = F.scaled_dot_product_attention(q, k, torch.ones(1, 1, 4, 2), is_causal=True)
    assert y.isnan()[0, 0, :, 0].tolist() == [False, False, True, True]


# ---- convolution


def convolve(x: Tensor, w: Tensor, s: int, p: int, d: int, groups: int) -> Tensor:
    n, c, out = x.shape[0], x.shape[1], w.shape[0]
    kernel = (w.shape[2], w.shape[3])
    places = [(x.shape[i] + 2 * p - d * (kernel[i - 2] - 1) - 1) // s + 1 for i in (2, 3)]
    windows = F.unfold(x, kernel, d, p, s).reshape(n, groups, c // groups * kernel[0] * kernel[1], -1)
    return (w.reshape(1, groups, out // groups, -1) @ windows).reshape(n, out, *places)


GEOMETRIES = [
    (2, 3, 9, 11, 4, 3, 1, 1, 1, 1), (9, 4, 28, 28, 8, 3, 1, 1, 1, 1), (1, 16, 32, 33, 20, 3, 2, 1, 1, 1),
    (3, 8, 15, 15, 8, 5, 2, 2, 1, 2), (2, 8, 20, 20, 12, 3, 1, 2, 2, 4), (9, 6, 30, 30, 10, 7, 2, 3, 1, 1),
    (2, 4, 12, 12, 6, 1, 2, 0, 1, 1), (2, 4, 10, 10, 6, 3, 3, 0, 1, 1), (2, 4, 17, 13, 6, 2, 3, 1, 2, 1),
    (1, 70, 14, 14, 33, 3, 1, 1, 1, 1), (2, 5, 2, 2, 6, 3, 1, 1, 1, 1), (2, 3, 7, 600, 5, 3, 1, 1, 1, 1),
    (2, 4, 8, 8, 4, 3, 4, 1, 1, 1), (2, 6, 12, 13, 6, 3, 1, 1, 1, 6), (1, 4, 20, 40, 8, 5, 2, 2, 1, 4),
    (2, 6, 17, 13, 12, 3, 2, 1, 1, 6), (2, 5, 15, 16, 5, 3, 1, 2, 2, 5), (1, 4, 40, 70, 4, 5, 1, 2, 1, 4),
]  # fmt: skip


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_convolution(geometry: tuple[int, ...]) -> None:
    n, c, h, w, out, kernel, s, p, d, groups = geometry
    for dtype in (torch.float32, torch.float64):
        same(
            lambda x, w: F.conv2d(x, w, None, s, p, d, groups),
            lambda x, w: convolve(x, w, s, p, d, groups),
            leaf(n, c, h, w, dtype=dtype),
            leaf(out, c // groups, kernel, kernel, dtype=dtype),
        )


def test_convolution_has_the_same_bits_for_any_number_of_threads() -> None:
    for images, groups in itertools.product((1, 9), (1, 2, 8)):
        x, w = leaf(images, 8, 30, 30), leaf(16, 8 // groups, 3, 3)
        on_each_number_of_threads(
            lambda x=x, w=w, g=groups: gradients(lambda x, w: F.conv2d(x, w, None, 2, 1, 1, g), x, w)
        )


# ---- pooling


@pytest.mark.parametrize("options", [(2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 1), (3, 2, 1, 2), (5, 3, 2, 1)])
def test_max_pooling(options: tuple[int, int, int, int]) -> None:
    kernel, stride, padding, dilation = options
    x = leaf(2, 3, 21, 30)

    def by_windows(x: Tensor) -> Tensor:
        padded = F.pad(x, [padding] * 4, value=float("-inf"))
        windows = F.unfold(padded, kernel, dilation, 0, stride)
        places = [(n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 for n in x.shape[2:]]
        return windows.reshape(2, 3, kernel * kernel, *places).amax(2)

    same(lambda x: F.max_pool2d(x, kernel, stride, padding, dilation), by_windows, x)


def test_max_pooling_takes_nan_and_the_first_of_equals() -> None:
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 1] = float("nan")
    x[0, 0, 2:] = float("-inf")
    y, at = F.max_pool2d(x, 2, return_indices=True)
    assert at.flatten().tolist() == [5, 2, 8, 10]
    assert y.isnan().flatten().tolist() == [True, False, False, False]


# ---- bfloat16


@pytest.mark.parametrize("sizes", [(16, 16, 16), (33, 65, 70), (128, 128, 128), (100, 130, 90), (8, 64, 600)])
def test_products_of_bfloat16(sizes: tuple[int, int, int]) -> None:
    m, n, k = sizes
    for turned_a, turned_b in itertools.product((False, True), (False, True)):
        a = torch.randn(*((k, m) if turned_a else (m, k))).bfloat16()
        b = torch.randn(*((n, k) if turned_b else (k, n))).bfloat16()
        a, b = a.t() if turned_a else a, b.t() if turned_b else b
        close((a @ b).float(), a.float() @ b.float(), 1e-2)
    rows = torch.randn(3, 40, 40).bfloat16()
    close((rows @ rows).float(), rows.float() @ rows.float(), 1e-2)
    assert (nn.Linear(64, 32, dtype=torch.bfloat16)(torch.ones(16, 64).bfloat16())).dtype == torch.bfloat16
