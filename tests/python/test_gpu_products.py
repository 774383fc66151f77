"""Products, convolutions, pooling, attention, resampling, folds and grids on a GPU give what they give on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from device_parity import DTYPES, check, close, need_gpu, sample

import rusttorch as torch
import rusttorch.nn.functional as F

need_gpu()

# ---- products -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 1, 1), (5, 7, 3), (70, 33, 65), (200, 300, 150), (3, 500, 64), (1, 90, 40)]
)
def test_mm(m: int, k: int, n: int, dtype: Any) -> None:
    check(torch.mm, sample(m, k, dtype=dtype), sample(k, n, dtype=dtype))
    check(torch.mm, sample(k, m, dtype=dtype).t(), sample(n, k, dtype=dtype).t())


def test_large_tiles() -> None:
    check(torch.mm, sample(1300, 40), sample(40, 1500), grad=False)
    check(torch.mm, sample(40, 1300).t(), sample(1500, 40).t(), grad=False)


def test_long_sums() -> None:
    """What is summed is split among workgroups, always alike."""
    a, b = sample(40, 9000), sample(9000, 50)
    check(torch.mm, a, b)
    x, y = a.to("gpu"), b.to("gpu")
    assert (torch.mm(x, y).cpu() == torch.mm(x, y).cpu()).all()
    check(torch.dot, sample(70000), sample(70000, seed=1), grad=False)


def test_parts_of_a_memory() -> None:
    a, b = sample(3, 20, 30).to("gpu"), sample(3, 40, 20).to("gpu")
    got = a[1, 2:18, 3:27] @ b[2, 5:29, 1:20:2]
    close(got, a.cpu()[1, 2:18, 3:27] @ b.cpu()[2, 5:29, 1:20:2])


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_batches(dtype: Any) -> None:
    check(torch.bmm, sample(4, 9, 20, dtype=dtype), sample(4, 20, 33, dtype=dtype))
    check(torch.matmul, sample(2, 3, 70, 20, dtype=dtype), sample(2, 3, 20, 65, dtype=dtype))
    q, k = sample(2, 8, 3, 16, dtype=dtype), sample(2, 9, 3, 16, dtype=dtype)
    check(lambda q, k: q.transpose(1, 2) @ k.transpose(1, 2).transpose(-1, -2), q, k)


def test_broadcast_batches() -> None:
    check(torch.matmul, sample(2, 1, 5, 6), sample(3, 6, 4), grad=False)
    a = sample(2, 2, 2, 2, 5, 6).permute(3, 1, 0, 2, 4, 5)
    close(a.to("gpu") @ sample(2, 6, 4).to("gpu"), a @ sample(2, 6, 4))


def test_vectors() -> None:
    check(torch.mv, sample(300, 40), sample(40))
    check(torch.mv, sample(40, 300).t(), sample(40))
    check(torch.mv, sample(5, 4000), sample(4000))
    check(lambda a, v: v @ a, sample(40, 300), sample(40))
    check(torch.matmul, sample(3, 20, 40), sample(40), grad=False)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
def test_integers(dtype: Any) -> None:
    a, b = (torch.arange(n, dtype=torch.int64).reshape(s).to(dtype) for n, s in ((60, (4, 15)), (90, (15, 6))))
    check(torch.mm, a, b, grad=False)
    check(torch.mv, a, b[:, 0].contiguous(), grad=False)


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_sums_of_products(dtype: Any) -> None:
    c, a, b = sample(70, 50, dtype=dtype), sample(70, 30, dtype=dtype), sample(30, 50, dtype=dtype)
    check(lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=-2.0), c, a, b)
    check(lambda c, a, b: torch.addmm(c, a, b, beta=0.0), c, a, b, grad=False)
    check(torch.addmm, sample(50, dtype=dtype), a, b, grad=False)
    x, y, z = sample(3, 9, 8, dtype=dtype), sample(3, 9, 20, dtype=dtype), sample(3, 20, 8, dtype=dtype)
    check(lambda x, y, z: torch.baddbmm(x, y, z, beta=2.0), x, y, z)
    check(torch.addmv, sample(70, dtype=dtype), a, sample(30, dtype=dtype))


def test_no_bool_product() -> None:
    a = torch.ones(3, 3, dtype=torch.bool, device="gpu")
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        a @ a


def test_empty_products() -> None:
    for a, b in ((sample(0, 5), sample(5, 3)), (sample(4, 0), sample(0, 3))):
        check(torch.mm, a, b)


def test_linear() -> None:
    check(F.linear, sample(6, 10, 30), sample(20, 30))
    check(lambda x, w, b: F.linear(x, w, b), sample(64, 30), sample(20, 30), sample(20), grad=False)


# ---- convolutions ----------------------------------------------------------------------------------------------------


CONVOLUTIONS = [
    pytest.param(F.conv2d, (3, 4, 12, 11), (9, 4, 3, 3), {"padding": 1}, id="same"),
    pytest.param(F.conv2d, (2, 16, 9, 10), (20, 16, 1, 1), {}, id="pointwise"),
    pytest.param(F.conv2d, (2, 8, 9, 10), (20, 8, 1, 1), {"stride": 2}, id="pointwise with strides"),
    pytest.param(F.conv2d, (2, 6, 9, 10), (24, 3, 3, 2), {"stride": (2, 1), "groups": 2}, id="groups"),
    pytest.param(F.conv2d, (2, 6, 9, 10), (12, 1, 3, 3), {"padding": 1, "groups": 6}, id="depthwise"),
    pytest.param(F.conv2d, (2, 1, 28, 28), (32, 1, 5, 5), {}, id="one channel"),
    pytest.param(F.conv1d, (2, 9, 50), (10, 9, 4), {"padding": 3, "dilation": 2}, id="one dim"),
    pytest.param(F.conv3d, (2, 3, 5, 6, 7), (9, 3, 2, 3, 2), {"padding": (1, 0, 1)}, id="three dims"),
    pytest.param(F.conv_transpose2d, (2, 9, 5, 6), (9, 10, 3, 3), {"stride": 2, "output_padding": 1}, id="transposed"),
    pytest.param(F.conv_transpose1d, (2, 6, 9), (6, 2, 3), {"groups": 3, "padding": 1}, id="transposed groups"),
]


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize(("f", "x", "w", "options"), CONVOLUTIONS)
def test_convolution(f: Any, x: Any, w: Any, options: dict[str, Any], dtype: Any) -> None:
    weight = sample(*w, dtype=dtype)
    check(lambda x, w: f(x, w, **options), sample(*x, dtype=dtype), weight)
    outputs = w[0] if "transpose" not in f.__name__ else w[1] * options.get("groups", 1)
    check(
        lambda x, w, b: f(x, w, b, **options), sample(*x, dtype=dtype), weight, sample(outputs, dtype=dtype), grad=False
    )


def test_convolution_of_integers() -> None:
    x, w = torch.arange(72).reshape(1, 2, 6, 6), torch.arange(36).reshape(2, 2, 3, 3) - 9
    check(lambda x, w: F.conv2d(x, w, padding=1), x, w, grad=False)


def test_convolution_of_views() -> None:
    x, w = sample(2, 9, 8, 4).permute(0, 3, 1, 2), sample(3, 3, 4, 10).permute(3, 2, 0, 1)
    close(F.conv2d(x.to("gpu"), w.to("gpu")), F.conv2d(x, w))


def test_second_derivative_of_a_convolution() -> None:
    found = []
    for device in ("cpu", "gpu"):
        x, w = (sample(*s).to(device).requires_grad_() for s in ((2, 3, 6, 6), (8, 3, 3, 3)))
        y = F.conv2d(x, w, padding=1)
        (gx,) = torch.autograd.grad(y, x, sample(*y.shape).to(device), create_graph=True)
        gx.backward(sample(*gx.shape, seed=3).to(device))
        found.append(w.grad)
    close(found[1], found[0])


# ---- windows ---------------------------------------------------------------------------------------------------------


POOLS = [
    pytest.param(lambda x: F.max_pool2d(x, 2), (2, 3, 9, 8), id="max"),
    pytest.param(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), (2, 3, 9, 8), id="overlapping max"),
    pytest.param(lambda x: F.max_pool2d(x, 2, return_indices=True), (2, 3, 9, 8), id="max and places"),
    pytest.param(lambda x: F.max_pool1d(x, 3, 2, 1, 2), (2, 3, 30), id="max of one dim"),
    pytest.param(lambda x: F.max_pool3d(x, (2, 1, 3), 1), (1, 2, 4, 5, 6), id="max of three dims"),
    pytest.param(lambda x: F.adaptive_max_pool2d(x, (3, 5)), (2, 3, 10, 7), id="adaptive max"),
    pytest.param(lambda x: F.avg_pool2d(x, 2), (2, 3, 9, 8), id="average"),
    pytest.param(lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), (2, 3, 9, 8), id="overlapping average"),
    pytest.param(lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False), (2, 3, 30), id="average of one dim"),
    pytest.param(lambda x: F.adaptive_avg_pool2d(x, (3, 5)), (2, 3, 10, 7), id="adaptive average"),
    pytest.param(lambda x: F.adaptive_avg_pool1d(x, 4), (2, 3, 10), id="adaptive average of one dim"),
    pytest.param(lambda x: F.adaptive_avg_pool1d(x, 1), (2, 3, 10), id="average of a line"),
    pytest.param(lambda x: F.adaptive_avg_pool3d(x, 1), (2, 3, 4, 5, 6), id="average of a volume"),
    pytest.param(lambda x: F.interpolate(x, (7, 13)), (2, 3, 9, 8), id="nearest"),
    pytest.param(lambda x: F.interpolate(x, scale_factor=2.5, mode="nearest-exact"), (2, 3, 9, 8), id="nearest, exact"),
    pytest.param(lambda x: F.interpolate(x, (7, 13), mode="bilinear"), (2, 3, 9, 8), id="bilinear"),
    pytest.param(lambda x: F.interpolate(x, 17, mode="linear", align_corners=True), (2, 3, 9), id="linear"),
    pytest.param(lambda x: F.interpolate(x, (7, 13), mode="bicubic"), (2, 3, 9, 8), id="bicubic"),
    pytest.param(lambda x: F.interpolate(x, (3, 4, 6), mode="trilinear"), (2, 1, 4, 5, 3), id="trilinear"),
    pytest.param(lambda x: F.unfold(x, (2, 3), 2, 1, (2, 1)), (2, 3, 9, 8), id="unfold"),
    pytest.param(lambda x: F.fold(x, (6, 7), (2, 3), stride=(1, 2)), (2, 12, 15), id="fold"),
    pytest.param(lambda x: F.pad(x, (1, 2, 3, 1), mode="reflect"), (2, 3, 9, 8), id="mirrored edges"),
    pytest.param(lambda x: F.pad(x, (1, 2, 3, 1), mode="replicate"), (2, 3, 9, 8), id="repeated edges"),
]


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize(("f", "shape"), POOLS)
def test_windows(f: Any, shape: Any, dtype: Any) -> None:
    check(f, sample(*shape, dtype=dtype))


def test_smooth_images() -> None:
    check(lambda x: F.interpolate(x, (4, 13), mode="bilinear", antialias=True), sample(2, 3, 9, 8))


def test_averages_of_integers() -> None:
    x = torch.arange(144).reshape(1, 2, 9, 8) - 50
    check(lambda x: F.avg_pool2d(x, 3, 2, 1), x, grad=False)
    check(lambda x: F.avg_pool2d(x, 2, divisor_override=3), x, grad=False)


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_fractional_windows(dtype: Any) -> None:
    """The samples place the windows, in each plane others."""

    def shares(*shape: int) -> Any:
        return torch.sigmoid(sample(*shape)).to(dtype)

    def pooled(f: Any, *options: Any) -> Callable[..., Any]:
        return lambda x, u: f(x, *options, _random_samples=u.detach(), return_indices=True)

    check(pooled(F.fractional_max_pool2d, 2, (4, 5)), sample(2, 3, 9, 11, dtype=dtype), shares(2, 3, 2), again=True)
    check(pooled(F.fractional_max_pool2d, (3, 2), (7, 10)), sample(3, 9, 11, dtype=dtype), shares(2, 3, 2))
    check(pooled(F.fractional_max_pool2d, 3, 1), sample(1, 2, 7, 8, dtype=dtype), shares(1, 2, 2))
    check(pooled(F.fractional_max_pool3d, (1, 2, 3), (2, 3, 2)), sample(2, 2, 5, 6, 7, dtype=dtype), shares(2, 2, 3))
    # Windows larger than one thread goes over.
    check(pooled(F.fractional_max_pool2d, 20, (3, 2)), sample(2, 1, 40, 50, dtype=dtype), shares(2, 1, 2))
    check(pooled(F.fractional_max_pool2d, 2, 4), sample(0, 3, 9, 9, dtype=dtype), shares(0, 3, 2), grad=False)
    x = sample(1, 2, 9, 9, dtype=dtype)
    x[0, 1, 4] = float("nan")
    check(pooled(F.fractional_max_pool2d, 2, 4), x, shares(1, 2, 2))
    torch.manual_seed(3)
    y = torch.nn.FractionalMaxPool2d(2, output_ratio=0.5)(x.to("gpu"))
    assert y.device.type == "wgpu" and y.shape == (1, 2, 4, 4)


def test_unpooling() -> None:
    x = sample(2, 3, 8, 8)
    y, at = F.max_pool2d(x, 2, return_indices=True)
    check(lambda y: F.max_unpool2d(y, at.to(y.device), 2), y)
    wrong = at.to("gpu") + 100
    with pytest.raises(IndexError):
        F.max_unpool2d(y.to("gpu"), wrong, 2).cpu()


def test_second_derivative_of_pooling() -> None:
    found = []
    for device in ("cpu", "gpu"):
        x = sample(2, 3, 9, 8).to(device).requires_grad_()
        y = F.max_pool2d(x * x, 3, 2)
        (gx,) = torch.autograd.grad(y, x, sample(*y.shape).to(device), create_graph=True)
        gx.backward(sample(*gx.shape, seed=3).to(device))
        found.append(x.grad)
    close(found[1], found[0])


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection"])
def test_grid_sample(mode: str, border: str) -> None:
    grid = sample(2, 5, 6, 2)
    check(
        lambda x, g: F.grid_sample(x, g, mode=mode, padding_mode=border, align_corners=False), sample(2, 3, 7, 8), grid
    )


def test_affine_grid() -> None:
    check(lambda t: F.affine_grid(t, (2, 3, 5, 4), align_corners=True), sample(2, 2, 3))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.max_pool2d(x, 400, return_indices=True),
        lambda x: F.adaptive_max_pool2d(x, (1, 2)),
        lambda x: F.avg_pool2d(x, 400),
        lambda x: F.conv2d(x, torch.ones(1, 1, 1, 1, device=x.device).expand(1, 1, 300, 300) / 300),
        lambda x: F.max_pool1d(x.reshape(1, 1, -1), 150_000),
    ],
    ids=["max", "adaptive max", "average", "convolution", "max of one dim"],
)
def test_windows_longer_than_one_thread_goes_over(f: Callable[..., Any]) -> None:
    x = sample(1, 1, 450, 600)
    x[0, 0, 17, 31] = x[0, 0, 17, 32] = 9
    check(f, x, grad=False)


# ---- attention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 70, 16), (1, 2, 33, 80), (2, 40, 24)])
def test_attention(shape: Any, causal: bool, dtype: Any) -> None:
    q, k, v = (sample(*shape, seed=s, dtype=dtype) for s in (1, 2, 3))
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), q, k, v)


@pytest.mark.parametrize("kind", ["bool", "float"])
def test_masked_attention(kind: str) -> None:
    q, k, v = sample(2, 3, 20, 16, seed=1), sample(2, 3, 40, 16, seed=2), sample(2, 3, 40, 16, seed=3)
    mask = sample(2, 1, 20, 40)
    mask = mask > -0.5 if kind == "bool" else mask
    if kind == "bool":
        mask[:, :, 4] = False
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


def test_mask_of_more_dims_than_the_queries() -> None:
    q, k, v = sample(2, 5, 8, seed=1), sample(2, 6, 8, seed=2), sample(2, 6, 8, seed=3)
    mask = sample(3, 2, 5, 6)
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


@pytest.mark.parametrize("keys", [7, 3000])
def test_rows_hidden_by_the_lowest_number_weigh_keys_alike(keys: int) -> None:
    """As many tokenizers' masks hide them: only -inf is nothing. Longer ones are in parts of unlike lengths."""
    q, k, v = sample(1, 2, 4, 8, seed=1), sample(1, 2, keys, 8, seed=2), sample(1, 2, keys, 8, seed=3)
    mask = torch.zeros(4, keys)
    mask[1] = torch.finfo(torch.float32).min
    mask[2, 1:] = torch.finfo(torch.float32).min
    mask[3] = -torch.inf
    y = F.scaled_dot_product_attention(q.to("gpu"), k.to("gpu"), v.to("gpu"), mask.to("gpu")).cpu()
    torch.testing.assert_close(y[:, :, 1], v.mean(-2), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(y[:, :, 2], v[:, :, 0], rtol=1e-4, atol=1e-5)
    assert (y[:, :, 3] == 0).all()
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


def test_attention_of_heads_side_by_side() -> None:
    def heads(x: Any) -> Any:
        q, k, v = x.reshape(2, 30, 3, 4, 8).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(2, 30, 32)

    check(heads, sample(2, 30, 96))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 70, 16), (1, 2, 33, 80), (2, 40, 24)])
def test_attention_drops_the_weights_that_it_drops_on_the_cpu(shape: Any, causal: bool, dtype: Any) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        torch.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=0.4, is_causal=causal)

    check(attend, *(sample(*shape, seed=s, dtype=dtype) for s in (1, 2, 3)))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize(("causal", "dropout"), [(False, 0.0), (True, 0.0), (True, 0.3)])
@pytest.mark.parametrize(("heads", "few"), [(6, 2), (3, 1), (4, 4)])
def test_attention_of_grouped_heads(heads: int, few: int, causal: bool, dropout: float, dtype: Any) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        torch.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=causal, enable_gqa=True)

    q = sample(2, heads, 37, 24, seed=1, dtype=dtype)
    k, v = sample(2, few, 45, 24, seed=2, dtype=dtype), sample(2, few, 45, 40, seed=3, dtype=dtype)
    check(attend, q, k, v)
    check(attend, q[0], k[0], v[0])


def test_attention_of_grouped_heads_that_do_not_fit_is_refused() -> None:
    q, k = sample(1, 6, 4, 8).to("gpu"), sample(1, 4, 4, 8).to("gpu")
    with pytest.raises(RuntimeError, match="must divide"):
        F.scaled_dot_product_attention(q, k, k, enable_gqa=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize(
    "shape", [(70, 45), (2, 4, 70, 45), (4, 70, 45), (2, 1, 70, 45), (2, 1, 1, 45), (4, 70, 1), (1,), (1, 1, 1, 1)]
)
def test_gradient_of_a_mask(shape: Any, dropout: float, dtype: Any) -> None:
    def attend(q: Any, k: Any, v: Any, mask: Any) -> Any:
        torch.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout)

    q = sample(2, 4, 70, 16, seed=1, dtype=dtype)
    k, v = (sample(2, 4, 45, 16, seed=s, dtype=dtype) for s in (2, 3))
    check(attend, q, k, v, sample(*shape, dtype=dtype))


def test_gradient_of_a_mask_that_hides_and_of_grouped_heads() -> None:
    def attend(q: Any, k: Any, v: Any, mask: Any) -> Any:
        hidden = torch.full((40, 50), float("-inf"), device=q.device).triu(20)
        return F.scaled_dot_product_attention(q, k, v, (mask + hidden).expand(2, 4, 40, 50), enable_gqa=True)

    q, k = sample(2, 4, 40, 8, seed=1), sample(2, 2, 50, 8, seed=2)
    check(attend, q, k, sample(2, 2, 50, 8, seed=3), sample(40, 50))


@pytest.mark.parametrize("what", ["plain", "dropout", "grouped", "mask"])
def test_attention_keeps_no_matrix_of_scores(what: str) -> None:
    n, heads = 512, 16
    q, k, v = (sample(1, heads, n, 8, seed=s).to("gpu").requires_grad_() for s in (1, 2, 3))
    if what == "grouped":
        k, v = (t[:, :2].detach().requires_grad_() for t in (k, v))
    # A mask for all heads and its gradient are matrices, but not one for each head.
    mask = sample(n, n).to("gpu").requires_grad_() if what == "mask" else None
    torch.gpu.reset_peak_memory_stats()
    before = torch.gpu.memory_allocated()
    dropout = 0.1 if what == "dropout" else 0.0
    y = F.scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout, enable_gqa=what == "grouped")
    y.backward(torch.ones_like(y))
    assert torch.gpu.max_memory_allocated() - before < 0.5 * (4 * heads * n * n)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("queries", "keys", "heads"), [(3, 20_000, 1), (20_000, 3, 1), (5, 9_000, 2)])
def test_attention_over_long_sequences(queries: int, keys: int, heads: int, causal: bool) -> None:
    """Longer than one workgroup may go over: in parts, whose results are joined."""
    q = sample(1, heads, queries, 16, seed=1)
    k, v = (sample(1, heads, keys, 16, seed=s) for s in (2, 3))
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), q, k, v)


def test_attention_in_parts_where_some_see_nothing() -> None:
    q, k, v = sample(1, 1, 4, 8, seed=1), sample(1, 1, 3000, 8, seed=2), sample(1, 1, 3000, 8, seed=3)
    mask = torch.zeros(4, 3000, dtype=torch.bool)
    mask[0, 2990] = mask[1, 5] = mask[2, 1000:2000] = True
    check(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


@pytest.mark.parametrize("what", ["dropout", "grouped", "mask"])
def test_second_derivative_of_attention(what: str) -> None:
    found = []
    for device in ("cpu", "gpu"):
        torch.manual_seed(4)
        q, k, v = (sample(1, 4, 8, 4, seed=s).to(device).requires_grad_() for s in (1, 2, 3))
        if what == "grouped":
            k, v = (t[:, :2].detach().requires_grad_() for t in (k, v))
        mask = sample(8, 8).to(device).requires_grad_() if what == "mask" else None
        leaves = [q, k, v] + ([mask] if what == "mask" else [])
        dropout = 0.3 if what == "dropout" else 0.0
        y = F.scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout, enable_gqa=what == "grouped")
        first = torch.autograd.grad(y, leaves, sample(*y.shape).to(device), create_graph=True)
        sum((g * sample(*g.shape, seed=5).to(device)).sum() for g in first).backward()
        found.append([*first, *(t.grad for t in leaves)])
    for want, got in zip(*found, strict=True):
        close(got, want)


def test_second_derivative_of_masked_attention() -> None:
    mask = sample(8, 8) > -0.7
    mask[3] = False
    found = []
    for device in ("cpu", "gpu"):
        q, k, v = (sample(1, 2, 8, 4, seed=s).to(device).requires_grad_() for s in (1, 2, 3))
        y = F.scaled_dot_product_attention(q, k, v, mask.to(device))
        (gq,) = torch.autograd.grad(y, q, sample(*y.shape).to(device), create_graph=True)
        gq.backward(sample(*gq.shape, seed=5).to(device))
        found.append([q.grad, k.grad, v.grad])
    for want, got in zip(*found, strict=True):
        close(got, want)


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_recurrent_layers(kind: Any) -> None:
    torch.manual_seed(0)
    layer = kind(5, 7, num_layers=2, bidirectional=True)
    x = sample(6, 3, 5)
    found = []
    for device in ("cpu", "gpu"):
        layer.to(device).zero_grad()
        y, _ = layer(x.to(device))
        y.backward(sample(*y.shape).to(device))
        found.append([y.detach(), *(p.grad.clone() for p in layer.parameters())])
    for want, got in zip(*found, strict=True):
        close(got, want)
