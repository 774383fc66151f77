"""Complex numbers on the device, beside the same on the CPU."""

from __future__ import annotations

import io

import pytest
from device_parity import need_gpu

import rusttorch as torch
from rusttorch.nn import functional as F

need_gpu()


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def same(got, want, atol=2e-5):
    assert got.device.type == "wgpu" and got.dtype == want.dtype and got.shape == want.shape
    assert torch.allclose(got.cpu(), want, rtol=2e-5, atol=atol), (got, want)


Z = torch.complex64


def numbers(*shape):
    return torch.randn(*shape, dtype=Z)


OPS = {
    "arithmetic": lambda a, b: (a * b + 2j) / (b - a) ** 2,
    "numbers": lambda a, b: (1 + 2j) * a - b * 0.5 + 3,
    "real operand": lambda a, b: a * b.real + b.imag / a,
    "functions": lambda a, b: (a * 0.3).exp() + b.log() + a.sqrt() + b.sin() * a.tanh(),
    "length and angle": lambda a, b: a.abs() + b.angle(),
    "parts": lambda a, b: a.real * b.imag,
    "conjugate": lambda a, b: a.conj() * b,
    "matmul": lambda a, b: a @ b.mT,
    "batched": lambda a, b: torch.einsum("ij,kj->ik", a, b.conj()),
    "addmm": lambda a, b: torch.addmm(a @ b.mH, a, b.mT, beta=2, alpha=1j),
    "sum": lambda a, b: a.sum(0) + b.mean(1, keepdim=True),
    "all of them": lambda a, b: (a * b).sum(),
    "product": lambda a, b: a.prod(1) + b.prod(),
    "running": lambda a, b: a.cumsum(0) + b.cumprod(1),
    "running logarithm": lambda a, b: (a * 0.2).logcumsumexp(0),
    "spread": lambda a, b: torch.var(a, 1) + torch.std(b),
    "norm": lambda a, b: torch.linalg.vector_norm(a) + torch.linalg.norm(b, dim=1),
    "logarithm of a sum": lambda a, b: a.logsumexp(0) * b.logsumexp(1, keepdim=True),
    "joined": lambda a, b: torch.cat([a, b.real, b], 1) * torch.stack([a, b])[0, :, :1],
    "picked": lambda a, b: a[:, torch.tensor([3, 0, 0])] + b[torch.tensor([2, 1, 2]), 1:4],
    "gathered": lambda a, b: a.gather(1, torch.tensor([[0, 0, 3], [1, 2, 2], [4, 4, 4]], device=a.device)),
    "scattered": lambda a, b: a.scatter_add(1, torch.tensor([[0, 0, 3]] * 3, device=a.device), b[:, :3]),
    "masked": lambda a, b: torch.where(a.real > 0, a, b).masked_fill(b.imag > 0, 1 + 1j),
    "compressed": lambda a, b: a[b.real > 0].sum(),
    "in another order": lambda a, b: a.flip(0).roll(1, 1) + b.tril() + b.t().reshape(3, 5).triu(1),
    "written": lambda a, b: torch.zeros_like(a).index_put((torch.tensor([0, 0]),), b[:2], accumulate=True),
    "windows": lambda a, b: a.unfold(1, 3, 1).sum(-1) + b.as_strided((3, 3), (1, 1)),
    "padded": lambda a, b: F.pad(a, (1, 2)) + F.pad(b[None], (2, 1), mode="reflect")[0],
    "convolution": lambda a, b: F.conv1d(a[None], b[:2, None, :3].expand(2, 3, 3), b[0, :2], padding=1),
    "transposed convolution": lambda a, b: F.conv_transpose2d(a[None, None], b[None, None], stride=2),
    "unfolded": lambda a, b: F.unfold(a[None, None], 2) * F.fold(b[None, :2, :4], (2, 2), (1, 1))[0, 0, :1, :1],
    "silu": lambda a, b: F.silu(a) * torch.sigmoid(b),
    "sinc": lambda a, b: torch.sinc(a) + torch.sgn(b),
    "between": lambda a, b: torch.lerp(a, b, 0.3) + torch.addcmul(a, a, b, value=2j) + torch.addcdiv(a, a, b),
}


@pytest.mark.parametrize("name", OPS)
def test_values_and_gradients(name):
    a, b, f = numbers(3, 5), numbers(3, 5) + 2, OPS[name]
    results = []
    for device in ("cpu", "gpu"):
        x, y = (t.to(device).requires_grad_() for t in (a, b))
        out = f(x, y)
        seed = torch.linspace(0.5, 1.5, out.numel()).reshape(out.shape).to(device)
        seed = seed * (1 + 0.5j) if out.is_complex() else seed
        first = torch.autograd.grad(out, (x, y), seed, create_graph=True, allow_unused=True)
        smooth = sum((g * g.conj()).real.sum() for g in first if g is not None and g.requires_grad)
        second = torch.autograd.grad(smooth, (x, y), allow_unused=True) if torch.is_tensor(smooth) else ()
        results.append([out, *first, *second])
    for want, got in zip(*results, strict=True):
        if want is None:
            assert got is None
            continue
        scale = want.detach().abs().max().item() if want.numel() else 1
        same(got.detach(), want.detach(), atol=5e-5 * (1 + scale))


def test_truth_and_comparison():
    a = torch.tensor([0, 1j, complex(float("nan"), 0), 2, 0.0])
    g = a.to("gpu")
    assert g.bool().tolist() == a.bool().tolist() == [False, True, True, True, False]
    assert (g == g.clone()).tolist() == [True, True, False, True, True]
    assert g.any().item() and not g.all().item() and torch.count_nonzero(g).item() == 3
    assert torch.isnan(g).tolist() == [False, False, True, False, False]
    assert g.nonzero().flatten().tolist() == [1, 2, 3]
    with pytest.raises(NotImplementedError, match="not implemented for 'ComplexFloat'"):
        g < g  # noqa: B015


def test_views_of_the_parts_share_memory():
    g = numbers(4).to("gpu")
    g.real.fill_(2)
    g.imag[1:] = -1
    torch.view_as_real(g)[0, 1] = 7
    assert g.tolist() == [2 + 7j, 2 - 1j, 2 - 1j, 2 - 1j]
    pairs = torch.zeros(3, 2, device="gpu")
    torch.view_as_complex(pairs).add_(1 + 2j)
    assert pairs.tolist() == [[1, 2]] * 3
    assert pairs.view(Z).flatten().tolist() == [1 + 2j] * 3


def test_conversions():
    a = numbers(3, 4)
    g = a.to("gpu")
    assert torch.equal(g.cpu(), a) and g[0, 0].item() == a[0, 0].item()
    assert torch.equal(g.t().contiguous().cpu(), a.t().contiguous())
    assert torch.equal(torch.arange(4, device="gpu").to(Z).cpu(), torch.arange(4).to(Z))
    assert torch.equal(g.to(torch.float32).cpu(), a.real)
    assert torch.equal(torch.complex(g.real, g.imag).cpu(), a)
    same(torch.polar(g.abs(), g.angle()), a)
    assert torch.ones(2, dtype=Z, device="gpu").tolist() == torch.tensor([1, 1], dtype=Z).tolist()


def test_the_cpus_random_numbers():
    torch.manual_seed(3)
    want = torch.randn(50, dtype=Z)
    torch.manual_seed(3)
    assert torch.equal(torch.randn(50, dtype=Z, device="gpu").cpu(), want)


def test_printing_and_files():
    a = numbers(2, 2)
    g = a.to("gpu")
    assert repr(g).startswith(repr(a)[:-1]) and "device='wgpu:0'" in repr(g)
    file = io.BytesIO()
    torch.save(g, file)
    file.seek(0)
    assert torch.equal(torch.load(file).cpu(), a)


def test_training_a_complex_parameter():
    """Finds the phase that turns one set of points into the other, on both devices alike."""
    points = numbers(20)
    turned = points * torch.polar(torch.tensor(1.0), torch.tensor(0.8))
    ends = []
    for device in ("cpu", "gpu"):
        w = torch.ones((), dtype=Z, device=device, requires_grad=True)
        for _ in range(30):
            loss = (w * points.to(device) - turned.to(device)).abs().square().mean()
            (g,) = torch.autograd.grad(loss, w)
            with torch.no_grad():
                w -= 0.2 * g
        ends.append(w.detach().cpu())
    assert torch.allclose(*ends, atol=1e-5) and abs(ends[1].angle().item() - 0.8) < 1e-3


def test_complex128_where_the_device_has_float64():
    if torch.float64 not in torch.accelerator.get_device_capability()["supported_dtypes"]:
        pytest.skip("the device has no float64")
    a = torch.randn(3, 3, dtype=torch.complex128)
    g = a.to("gpu")
    got, want = (t @ t.mH * (1 + 1e-12j) + t.exp().sum(0) for t in (g, a))
    assert got.dtype == torch.complex128 and torch.allclose(got.cpu(), want, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("op", "call"),
    [
        ("svd", lambda x: torch.linalg.svd(x)),
        ("solve_triangular", lambda x: torch.linalg.solve_triangular(x, x, upper=True)),
    ],
)
def test_what_has_no_kernel_refuses_by_name(op, call):
    with pytest.raises(
        NotImplementedError, match=rf"'\w*{op}' is not implemented for the device 'wgpu:0' and complex64.*FALLBACK=1"
    ):
        call(numbers(3, 3).to("gpu"))
