"""Decompositions: what they rebuild, their derivatives by value, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rusttorch as torch
from rusttorch import linalg

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 4), (2, 1, 5, 3), (0, 3), (3, 0), (0, 2, 2)]


def drawn(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(*shape, dtype=dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128])
def test_svd_rebuilds_the_matrix(shape: tuple[int, ...], full: bool, dtype: torch.dtype) -> None:
    a = drawn(*shape, dtype=dtype)
    u, s, vh = linalg.svd(a, full_matrices=full)
    m, n = shape[-2:]
    k = min(m, n)
    assert u.shape == (*shape[:-2], m, m if full else k) and vh.shape == (*shape[:-2], n if full else k, n)
    assert s.shape == (*shape[:-2], k) and not s.is_complex() and u.dtype == vh.dtype == dtype
    rebuilt = (u[..., :k] * s.unsqueeze(-2)) @ vh[..., :k, :]
    close = {"rtol": 1e-4, "atol": 1e-5} if s.dtype == torch.float32 else {}
    assert torch.allclose(rebuilt, a, **close)
    for q in (u.mH @ u, vh @ vh.mH):
        assert torch.allclose(q, torch.eye(q.shape[-1], dtype=dtype).expand(q.shape), **close)
    assert np.allclose(s.numpy(), np.linalg.svd(a.numpy(), compute_uv=False), rtol=1e-4)
    assert torch.allclose(linalg.svdvals(a), s, **close)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_derivatives_of_svd(shape: tuple[int, ...]) -> None:
    a = drawn(*shape).requires_grad_()
    assert torch.autograd.gradcheck(linalg.svdvals, a)
    assert torch.autograd.gradcheck(lambda a: linalg.svd(a, full_matrices=False), a)
    k = min(shape[-2:])
    assert torch.autograd.gradcheck(lambda a: [part[..., :k, :k] for part in linalg.svd(a)[::2]], a)
    assert torch.autograd.gradgradcheck(lambda a: linalg.svd(a, full_matrices=False)[1], a)
    assert torch.autograd.gradgradcheck(lambda a: linalg.svd(a, full_matrices=False)[0].abs(), a)


def test_norms_by_singular_values() -> None:
    a = drawn(3, 2).requires_grad_()
    s = np.linalg.svd(a.detach().numpy(), compute_uv=False)
    for order, value in (("nuc", s.sum()), (2, s.max()), (-2, s.min())):
        norm = linalg.matrix_norm(a, order)
        assert norm.item() == pytest.approx(value)
        assert torch.autograd.gradcheck(lambda a, order=order: linalg.matrix_norm(a, order), a)
    # at a matrix of singular values that are equal, the derivative of their sum is U Vh all the same
    eye = torch.eye(3, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(torch.autograd.grad(torch.norm(eye, "nuc"), eye)[0], eye.detach())


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 5)])
def test_derivatives_of_qr(shape: tuple[int, ...]) -> None:
    a = drawn(*shape).requires_grad_()
    assert torch.autograd.gradcheck(linalg.qr, a)
    assert torch.autograd.gradcheck(lambda a: linalg.qr(a)[0], a)
    assert torch.autograd.gradcheck(lambda a: linalg.qr(a)[1], a)
    assert torch.autograd.gradgradcheck(lambda a: linalg.qr(a)[1], a)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("unitriangular", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_triangular_systems(upper: bool, left: bool, unitriangular: bool, dtype: torch.dtype) -> None:
    a = drawn(2, 3, 3, dtype=dtype) + 3 * torch.eye(3)
    b = drawn(3, 3, dtype=dtype)
    options: dict[str, Any] = {"upper": upper, "left": left, "unitriangular": unitriangular}
    x = linalg.solve_triangular(a, b, **options)
    used = a.triu() if upper else a.tril()
    if unitriangular:
        used = used - torch.diag_embed(used.diagonal(0, -2, -1)) + torch.eye(3)
    assert torch.allclose(used @ x if left else x @ used, b.expand(2, 3, 3))
    a.requires_grad_()
    b.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: linalg.solve_triangular(a, b, **options), (a, b))
    assert torch.autograd.gradgradcheck(lambda a, b: linalg.solve_triangular(a, b, **options), (a, b))


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: linalg.svd(torch.ones(3)), RuntimeError, "linalg.svd: The input tensor A must have at least 2 dimensions"),
    (lambda: linalg.svd(torch.ones(2, 2).half()), NotImplementedError, "not implemented for 'Half'"),
    (
        lambda: linalg.svd(torch.tensor([[float("nan"), 1.0], [1.0, 1.0]])),
        linalg.LinAlgError,
        "The algorithm failed to converge because the input matrix contained non-finite values",
    ),
    (
        lambda: linalg.qr(torch.ones(3, 2, requires_grad=True), mode="complete")[0].sum().backward(),
        RuntimeError,
        "The QR decomposition is not differentiable when mode='complete' and nrows > ncols",
    ),
    (
        lambda: linalg.qr(torch.ones(2, 2, requires_grad=True), mode="r")[1].sum().backward(),
        RuntimeError,
        "The derivative of linalg.qr depends on Q, which is not computed when mode='r'",
    ),
    (
        lambda: linalg.solve_triangular(torch.ones(2, 3), torch.ones(2, 2), upper=True),
        RuntimeError,
        "A must be batches of square matrices, but they are 2 by 3 matrices",
    ),
    (
        lambda: linalg.solve_triangular(torch.ones(2, 2), torch.ones(3, 2), upper=True),
        RuntimeError,
        r"Incompatible shapes of A and B for the equation AX = B \(2x2 and 3x2\)",
    ),
    (
        lambda: linalg.solve_triangular(torch.ones(2, 2), torch.ones(2, 2).double(), upper=True),
        RuntimeError,
        "Expected A and B to have the same dtype",
    ),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
