"""Products, convolutions, pooling, attention, resampling, folds and grids on a GPU give what they give on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from device_parity import need_gpu

import rusttorch as torch
import rusttorch.nn.functional as F

need_gpu()

TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def made(*shape: int, seed: int = 0, dtype: Any = torch.float32) -> Any:
    rng = np.random.default_rng(seed + sum(shape))
    return torch.tensor(rng.standard_normal(shape).astype(np.float32)).to(dtype)


def close(got: Any, want: Any, tolerance: float) -> None:
    assert got.device.type == "wgpu" and got.dtype == want.dtype and got.shape == want.shape
    a, b = got.cpu().double().numpy(), want.double().numpy()
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0))))


def same(f: Callable[..., Any], *inputs: Any, grads: bool = True) -> None:
    """`f` on the CPU and on the device: results, and gradients of all floating inputs."""
    results = []
    for device in ("cpu", "gpu"):
        # Strides are kept, and memory is shared with nobody.
        moved = [t.to(device) if t.stride() == t.contiguous().stride() else t.t().to(device).t() for t in inputs]
        leaves = [t.detach().requires_grad_(grads and t.is_floating_point()) for t in moved]
        y = f(*leaves)
        found = list(y) if isinstance(y, tuple) else [y]
        if grads:
            g = made(*found[0].shape, seed=9).to(found[0].dtype).to(device)
            found[0].backward(g)
            found += [t.grad for t in leaves if t.requires_grad]
        results.append([t.detach() for t in found])
    tolerance = max([TOLERANCE.get(t.dtype, 0.0) for t in inputs] + [TOLERANCE.get(t.dtype, 0.0) for t in results[0]])
    for want, got in zip(*results, strict=True):
        close(got, want, tolerance)


DTYPES = [torch.float32, torch.float16, torch.bfloat16]


# ---- products -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 1, 1), (5, 7, 3), (70, 33, 65), (200, 300, 150), (3, 500, 64), (1, 90, 40)]
)
def test_mm(m: int, k: int, n: int, dtype: Any) -> None:
    same(torch.mm, made(m, k, dtype=dtype), made(k, n, dtype=dtype))
    same(torch.mm, made(k, m, dtype=dtype).t(), made(n, k, dtype=dtype).t())


def test_large_tiles() -> None:
    same(torch.mm, made(1300, 40), made(40, 1500), grads=False)
    same(torch.mm, made(40, 1300).t(), made(1500, 40).t(), grads=False)


def test_long_sums() -> None:
    """What is summed is split among workgroups, always alike."""
    a, b = made(40, 9000), made(9000, 50)
    same(torch.mm, a, b)
    x, y = a.to("gpu"), b.to("gpu")
    assert (torch.mm(x, y).cpu() == torch.mm(x, y).cpu()).all()
    same(torch.dot, made(70000), made(70000, seed=1), grads=False)


def test_parts_of_a_memory() -> None:
    a, b = made(3, 20, 30).to("gpu"), made(3, 40, 20).to("gpu")
    got = a[1, 2:18, 3:27] @ b[2, 5:29, 1:20:2]
    close(got, a.cpu()[1, 2:18, 3:27] @ b.cpu()[2, 5:29, 1:20:2], 2e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_batches(dtype: Any) -> None:
    same(torch.bmm, made(4, 9, 20, dtype=dtype), made(4, 20, 33, dtype=dtype))
    same(torch.matmul, made(2, 3, 70, 20, dtype=dtype), made(2, 3, 20, 65, dtype=dtype))
    q, k = made(2, 8, 3, 16, dtype=dtype), made(2, 9, 3, 16, dtype=dtype)
    same(lambda q, k: q.transpose(1, 2) @ k.transpose(1, 2).transpose(-1, -2), q, k)


def test_broadcast_batches() -> None:
    same(torch.matmul, made(2, 1, 5, 6), made(3, 6, 4), grads=False)
    a = made(2, 2, 2, 2, 5, 6).permute(3, 1, 0, 2, 4, 5)
    close(a.to("gpu") @ made(2, 6, 4).to("gpu"), a @ made(2, 6, 4), 2e-5)


def test_vectors() -> None:
    same(torch.mv, made(300, 40), made(40))
    same(torch.mv, made(40, 300).t(), made(40))
    same(torch.mv, made(5, 4000), made(4000))
    same(lambda a, v: v @ a, made(40, 300), made(40))
    same(torch.matmul, made(3, 20, 40), made(40), grads=False)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
def test_integers(dtype: Any) -> None:
    a, b = (torch.arange(n, dtype=torch.int64).reshape(s).to(dtype) for n, s in ((60, (4, 15)), (90, (15, 6))))
    same(torch.mm, a, b, grads=False)
    same(torch.mv, a, b[:, 0].contiguous(), grads=False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_of_products(dtype: Any) -> None:
    c, a, b = made(70, 50, dtype=dtype), made(70, 30, dtype=dtype), made(30, 50, dtype=dtype)
    same(lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=-2.0), c, a, b)
    same(lambda c, a, b: torch.addmm(c, a, b, beta=0.0), c, a, b, grads=False)
    same(torch.addmm, made(50, dtype=dtype), a, b, grads=False)
    x, y, z = made(3, 9, 8, dtype=dtype), made(3, 9, 20, dtype=dtype), made(3, 20, 8, dtype=dtype)
    same(lambda x, y, z: torch.baddbmm(x, y, z, beta=2.0), x, y, z)
    same(torch.addmv, made(70, dtype=dtype), a, made(30, dtype=dtype))


def test_no_bool_product() -> None:
    a = torch.ones(3, 3, dtype=torch.bool, device="gpu")
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        a @ a


def test_empty_products() -> None:
    for a, b in ((made(0, 5), made(5, 3)), (made(4, 0), made(0, 3))):
        same(torch.mm, a, b)


def test_linear() -> None:
    same(F.linear, made(6, 10, 30), made(20, 30))
    same(lambda x, w, b: F.linear(x, w, b), made(64, 30), made(20, 30), made(20), grads=False)


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("f", "x", "w", "options"), CONVOLUTIONS)
def test_convolution(f: Any, x: Any, w: Any, options: dict[str, Any], dtype: Any) -> None:
    weight = made(*w, dtype=dtype)
    same(lambda x, w: f(x, w, **options), made(*x, dtype=dtype), weight)
    outputs = w[0] if "transpose" not in f.__name__ else w[1] * options.get("groups", 1)
    same(lambda x, w, b: f(x, w, b, **options), made(*x, dtype=dtype), weight, made(outputs, dtype=dtype), grads=False)


def test_convolution_of_integers() -> None:
    x, w = torch.arange(72).reshape(1, 2, 6, 6), torch.arange(36).reshape(2, 2, 3, 3) - 9
    same(lambda x, w: F.conv2d(x, w, padding=1), x, w, grads=False)


def test_convolution_of_views() -> None:
    x, w = made(2, 9, 8, 4).permute(0, 3, 1, 2), made(3, 3, 4, 10).permute(3, 2, 0, 1)
    close(F.conv2d(x.to("gpu"), w.to("gpu")), F.conv2d(x, w), 2e-5)


def test_second_derivative_of_a_convolution() -> None:
    found = []
    for device in ("cpu", "gpu"):
        x, w = (made(*s).to(device).requires_grad_() for s in ((2, 3, 6, 6), (8, 3, 3, 3)))
        y = F.conv2d(x, w, padding=1)
        (gx,) = torch.autograd.grad(y, x, made(*y.shape).to(device), create_graph=True)
        gx.backward(made(*gx.shape, seed=3).to(device))
        found.append(w.grad)
    close(found[1], found[0], 2e-5)


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("f", "shape"), POOLS)
def test_windows(f: Any, shape: Any, dtype: Any) -> None:
    same(f, made(*shape, dtype=dtype))


def test_smooth_images() -> None:
    same(lambda x: F.interpolate(x, (4, 13), mode="bilinear", antialias=True), made(2, 3, 9, 8))


def test_averages_of_integers() -> None:
    x = torch.arange(144).reshape(1, 2, 9, 8) - 50
    same(lambda x: F.avg_pool2d(x, 3, 2, 1), x, grads=False)
    same(lambda x: F.avg_pool2d(x, 2, divisor_override=3), x, grads=False)


def test_windows_that_no_kernel_knows() -> None:
    with pytest.raises(NotImplementedError, match="fractional_max_pool2d.*wgpu"):
        F.fractional_max_pool2d(made(1, 2, 8, 8).to("gpu") + 1, 2, 4)


def test_unpooling() -> None:
    x = made(2, 3, 8, 8)
    y, at = F.max_pool2d(x, 2, return_indices=True)
    same(lambda y: F.max_unpool2d(y, at.to(y.device), 2), y)
    wrong = at.to("gpu") + 100
    with pytest.raises(IndexError):
        F.max_unpool2d(y.to("gpu"), wrong, 2).cpu()


def test_second_derivative_of_pooling() -> None:
    found = []
    for device in ("cpu", "gpu"):
        x = made(2, 3, 9, 8).to(device).requires_grad_()
        y = F.max_pool2d(x * x, 3, 2)
        (gx,) = torch.autograd.grad(y, x, made(*y.shape).to(device), create_graph=True)
        gx.backward(made(*gx.shape, seed=3).to(device))
        found.append(x.grad)
    close(found[1], found[0], 2e-5)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection"])
def test_grid_sample(mode: str, border: str) -> None:
    grid = made(2, 5, 6, 2)
    same(lambda x, g: F.grid_sample(x, g, mode=mode, padding_mode=border, align_corners=False), made(2, 3, 7, 8), grid)


def test_affine_grid() -> None:
    same(lambda t: F.affine_grid(t, (2, 3, 5, 4), align_corners=True), made(2, 2, 3))


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
    x = made(1, 1, 450, 600)
    x[0, 0, 17, 31] = x[0, 0, 17, 32] = 9
    same(f, x, grads=False)


# ---- attention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 70, 16), (1, 2, 33, 80), (2, 40, 24)])
def test_attention(shape: Any, causal: bool, dtype: Any) -> None:
    q, k, v = (made(*shape, seed=s, dtype=dtype) for s in (1, 2, 3))
    same(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), q, k, v)


@pytest.mark.parametrize("kind", ["bool", "float"])
def test_masked_attention(kind: str) -> None:
    q, k, v = made(2, 3, 20, 16, seed=1), made(2, 3, 40, 16, seed=2), made(2, 3, 40, 16, seed=3)
    mask = made(2, 1, 20, 40)
    mask = mask > -0.5 if kind == "bool" else mask
    if kind == "bool":
        mask[:, :, 4] = False
    same(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


def test_attention_of_heads_side_by_side() -> None:
    def heads(x: Any) -> Any:
        q, k, v = x.reshape(2, 30, 3, 4, 8).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(2, 30, 32)

    same(heads, made(2, 30, 96))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 70, 16), (1, 2, 33, 80), (2, 40, 24)])
def test_attention_drops_the_weights_that_it_drops_on_the_cpu(shape: Any, causal: bool, dtype: Any) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        torch.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=0.4, is_causal=causal)

    same(attend, *(made(*shape, seed=s, dtype=dtype) for s in (1, 2, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("causal", "dropout"), [(False, 0.0), (True, 0.0), (True, 0.3)])
@pytest.mark.parametrize(("heads", "few"), [(6, 2), (3, 1), (4, 4)])
def test_attention_of_grouped_heads(heads: int, few: int, causal: bool, dropout: float, dtype: Any) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        torch.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=causal, enable_gqa=True)

    q = made(2, heads, 37, 24, seed=1, dtype=dtype)
    k, v = made(2, few, 45, 24, seed=2, dtype=dtype), made(2, few, 45, 40, seed=3, dtype=dtype)
    same(attend, q, k, v)
    same(attend, q[0], k[0], v[0])


def test_attention_of_grouped_heads_that_do_not_fit_is_refused() -> None:
    q, k = made(1, 6, 4, 8).to("gpu"), made(1, 4, 4, 8).to("gpu")
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

    q = made(2, 4, 70, 16, seed=1, dtype=dtype)
    k, v = (made(2, 4, 45, 16, seed=s, dtype=dtype) for s in (2, 3))
    same(attend, q, k, v, made(*shape, dtype=dtype))


def test_gradient_of_a_mask_that_hides_and_of_grouped_heads() -> None:
    def attend(q: Any, k: Any, v: Any, mask: Any) -> Any:
        hidden = torch.full((40, 50), float("-inf"), device=q.device).triu(20)
        return F.scaled_dot_product_attention(q, k, v, (mask + hidden).expand(2, 4, 40, 50), enable_gqa=True)

    q, k = made(2, 4, 40, 8, seed=1), made(2, 2, 50, 8, seed=2)
    same(attend, q, k, made(2, 2, 50, 8, seed=3), made(40, 50))


@pytest.mark.parametrize("what", ["plain", "dropout", "grouped", "mask"])
def test_attention_keeps_no_matrix_of_scores(what: str) -> None:
    n, heads = 512, 16
    q, k, v = (made(1, heads, n, 8, seed=s).to("gpu").requires_grad_() for s in (1, 2, 3))
    if what == "grouped":
        k, v = (t[:, :2].detach().requires_grad_() for t in (k, v))
    # A mask for all heads and its gradient are matrices, but not one for each head.
    mask = made(n, n).to("gpu").requires_grad_() if what == "mask" else None
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
    q = made(1, heads, queries, 16, seed=1)
    k, v = (made(1, heads, keys, 16, seed=s) for s in (2, 3))
    same(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), q, k, v)


def test_attention_in_parts_where_some_see_nothing() -> None:
    q, k, v = made(1, 1, 4, 8, seed=1), made(1, 1, 3000, 8, seed=2), made(1, 1, 3000, 8, seed=3)
    mask = torch.zeros(4, 3000, dtype=torch.bool)
    mask[0, 2990] = mask[1, 5] = mask[2, 1000:2000] = True
    same(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask.to(q.device)), q, k, v)


@pytest.mark.parametrize("what", ["dropout", "grouped", "mask"])
def test_second_derivative_of_attention(what: str) -> None:
    found = []
    for device in ("cpu", "gpu"):
        torch.manual_seed(4)
        q, k, v = (made(1, 4, 8, 4, seed=s).to(device).requires_grad_() for s in (1, 2, 3))
        if what == "grouped":
            k, v = (t[:, :2].detach().requires_grad_() for t in (k, v))
        mask = made(8, 8).to(device).requires_grad_() if what == "mask" else None
        leaves = [q, k, v] + ([mask] if what == "mask" else [])
        dropout = 0.3 if what == "dropout" else 0.0
        y = F.scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout, enable_gqa=what == "grouped")
        first = torch.autograd.grad(y, leaves, made(*y.shape).to(device), create_graph=True)
        sum((g * made(*g.shape, seed=5).to(device)).sum() for g in first).backward()
        found.append([*first, *(t.grad for t in leaves)])
    for want, got in zip(*found, strict=True):
        close(got.detach(), want.detach(), 2e-5)


def test_second_derivative_of_masked_attention() -> None:
    mask = made(8, 8) > -0.7
    mask[3] = False
    found = []
    for device in ("cpu", "gpu"):
        q, k, v = (made(1, 2, 8, 4, seed=s).to(device).requires_grad_() for s in (1, 2, 3))
        y = F.scaled_dot_product_attention(q, k, v, mask.to(device))
        (gq,) = torch.autograd.grad(y, q, made(*y.shape).to(device), create_graph=True)
        gq.backward(made(*gq.shape, seed=5).to(device))
        found.append([q.grad, k.grad, v.grad])
    for want, got in zip(*found, strict=True):
        close(got, want, 2e-5)


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_recurrent_layers(kind: Any) -> None:
    torch.manual_seed(0)
    layer = kind(5, 7, num_layers=2, bidirectional=True)
    x = made(6, 3, 5)
    found = []
    for device in ("cpu", "gpu"):
        layer.to(device).zero_grad()
        y, _ = layer(x.to(device))
        y.backward(made(*y.shape).to(device))
        found.append([y.detach(), *(p.grad.clone() for p in layer.parameters())])
    for want, got in zip(*found, strict=True):
        close(got, want, 2e-5)
