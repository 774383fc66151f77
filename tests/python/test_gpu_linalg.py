"""Decompositions and triangular systems on a GPU: what the CPU finds, with derivatives, and what they rebuild."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from device_parity import check, need_gpu, sample

import rusttorch as torch
from rusttorch import linalg

need_gpu()

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 4), (2, 1, 5, 3), (1, 1), (5, 1), (33, 20), (40, 70), (70, 2, 2)]
EMPTY = [(0, 3), (3, 0), (0, 2, 2), (2, 0, 3)]
EPSILON = float(np.finfo(np.float32).eps)


def wide(x: torch.Tensor) -> np.ndarray:
    assert x.device.type == "wgpu"
    return x.detach().cpu().numpy().astype(np.float64)


def is_orthonormal(rows: np.ndarray) -> bool:
    return np.allclose(rows @ rows.swapaxes(-1, -2), np.eye(rows.shape[-2]), atol=40 * EPSILON)


def check_svd(a: torch.Tensor, full: bool) -> np.ndarray:
    """The factors are orthonormal and rebuild the matrix; the singular values."""
    u, s, vh = (wide(t) for t in linalg.svd(a.to("gpu"), full_matrices=full))
    m, n = a.shape[-2:]
    k = min(m, n)
    assert u.shape == (*a.shape[:-2], m, m if full else k) and vh.shape == (*a.shape[:-2], n if full else k, n)
    a = a.numpy().astype(np.float64)
    want = np.linalg.svd(a, compute_uv=False)
    top = want.max(initial=0)
    assert s.shape == want.shape and np.allclose(s, want, rtol=0, atol=8 * EPSILON * top)
    assert (np.diff(s) <= 0).all() and is_orthonormal(u.swapaxes(-1, -2)) and is_orthonormal(vh)
    assert np.allclose((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], a, rtol=0, atol=8 * EPSILON * top)
    return s


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [*SHAPES, *EMPTY, (2, 130, 90), (5000, 3), (3, 6000)])
def test_svd_rebuilds_the_matrix(shape: tuple[int, ...], full: bool) -> None:
    if full and max(shape) > 1000:
        pytest.skip("a square factor of this size")
    a = sample(*shape)
    s = check_svd(a, full)
    assert np.allclose(wide(linalg.svdvals(a.to("gpu"))), s, rtol=1e-5, atol=4 * EPSILON * s.max(initial=0))


def test_svd_in_any_layout() -> None:
    a = sample(2, 5, 9)
    there = a.to("gpu").transpose(0, 2)[1::2]
    for found, want in zip(linalg.svd(there), linalg.svd(a.transpose(0, 2)[1::2]), strict=True):
        assert np.allclose(wide(found)[..., :2, :2], want.numpy()[..., :2, :2], atol=2e-5)
    with torch.no_grad():
        there.zero_()
    assert np.allclose(wide(linalg.svdvals(there)), 0)


def test_svd_where_singular_values_are_zero_equal_or_far_apart() -> None:
    rank_two = sample(2, 7, 2) @ sample(2, 2, 5, seed=1)
    graded = sample(6, 6) * torch.logspace(0, -12, 6)
    cases = [
        torch.zeros(2, 4, 3),
        torch.ones(3, 5),
        torch.eye(4),
        rank_two,
        torch.stack([torch.zeros(3, 3), torch.eye(3)]),
    ]
    for a in [*cases, graded, graded.t(), torch.diag(torch.tensor([0.0, 2.0, 0.0, -3.0]))]:
        for full in (False, True):
            check_svd(a, full)
            check_svd(a * 1e-30, full)
            check_svd(a * 1e30, full)
    # Small singular values are right for themselves where columns differ in length: what Jacobi's method is known for.
    found, want = wide(linalg.svdvals(graded.to("gpu"))), np.linalg.svd(graded.numpy().astype(np.float64))[1]
    assert np.allclose(found[:3], want[:3], rtol=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_svd_of_what_is_not_finite_is_not_a_number(bad: float) -> None:
    a = sample(2, 4, 3)
    a[1, 2, 1] = bad
    u, s, vh = (wide(t) for t in linalg.svd(a.to("gpu"), full_matrices=False))
    assert np.isnan(u[1]).all() and np.isnan(s[1]).all() and np.isnan(vh[1]).all()
    assert np.allclose((u[0] * s[0]) @ vh[0], a[0].numpy(), atol=1e-5)
    assert np.isnan(wide(linalg.svdvals(a.to("gpu")))[1]).all()
    assert np.isnan(wide(torch.norm(a[1].to("gpu"), "nuc")))


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_derivatives_of_svd(shape: tuple[int, ...]) -> None:
    a = sample(*shape)
    k = min(shape[-2:])
    # Second derivatives divide by differences of singular values twice.
    check(lambda a: linalg.svd(a, full_matrices=False), a, again=True, scale=20)
    check(lambda a: [part[..., :k, :k] for part in linalg.svd(a)[::2]], a, scale=5)
    check(linalg.svdvals, a, again=True, scale=5)
    for order in ("nuc", 2, -2):
        check(lambda a, order=order: linalg.matrix_norm(a, order), a, again=True, scale=5)
    if len(shape) == 2:
        check(lambda a: torch.norm(a, "nuc"), a, again=True, scale=5)


def test_nuclear_norm_without_a_derivative_needs_no_vectors() -> None:
    a = sample(5, 4).to("gpu")
    for norm in (torch.norm(a, "nuc"), torch.norm(a, p="nuc", dim=(0, 1)), a.norm("nuc"), linalg.norm(a, "nuc")):
        assert wide(norm) == pytest.approx(np.linalg.norm(a.cpu().numpy(), "nuc"), rel=1e-6)
    eye = torch.eye(3, device="gpu", requires_grad=True)
    assert np.allclose(wide(torch.autograd.grad(torch.norm(eye, "nuc"), eye)[0]), np.eye(3))
    assert wide(linalg.matrix_rank(torch.ones(3, 3, device="gpu"))) == 1 if hasattr(linalg, "matrix_rank") else True


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", [*SHAPES, *EMPTY, (2, 130, 90), (3000, 3)])
def test_qr(shape: tuple[int, ...], mode: str) -> None:
    if mode == "complete" and max(shape) > 1000:
        pytest.skip("a square factor of this size")
    check(lambda a: linalg.qr(a, mode), sample(*shape), grad=False)
    check(lambda a: linalg.qr(a, mode), sample(*shape), grad=False, strided=True)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 5)])
def test_derivatives_of_qr(shape: tuple[int, ...]) -> None:
    a = sample(*shape)
    for part in (slice(None), slice(0, 1), slice(1, 2)):
        check(lambda a, part=part: linalg.qr(a)[part], a, again=True, scale=20)
    if shape[-2] <= shape[-1]:
        check(lambda a: linalg.qr(a, "complete"), a, scale=5)


def test_qr_of_columns_that_depend_on_each_other() -> None:
    for a in (
        torch.zeros(2, 4, 3),
        torch.ones(5, 3),
        sample(6, 2) @ sample(2, 4),
        sample(4, 4) * 1e-25,
        sample(4, 4) * 1e30,
    ):
        q, r = (wide(t) for t in linalg.qr(a.to("gpu"), "complete"))
        assert is_orthonormal(q) and (np.tril(r, -1) == 0).all()
        assert np.allclose(q @ r, a.numpy(), rtol=0, atol=8 * EPSILON * a.abs().max().item())


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("unitriangular", [False, True])
def test_triangular_systems(upper: bool, left: bool, unitriangular: bool) -> None:
    options: dict[str, Any] = {"upper": upper, "left": left, "unitriangular": unitriangular}

    def solved(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return linalg.solve_triangular(a, b, **options)

    a = sample(2, 3, 3) + 3 * torch.eye(3)
    for b in (sample(2, 3, 3), sample(3, 3), sample(4, 1, 3, 3)):
        check(solved, a, b, again=True, scale=5)
    check(solved, a[0], sample(3, 1) if left else sample(1, 3), strided=True)
    check(solved, a, sample(2, 3, 0) if left else sample(2, 0, 3), grad=False)
    check(solved, sample(0, 3, 3), sample(0, 3, 3), grad=False)


@pytest.mark.parametrize("sides", [1, 70])
def test_a_large_triangular_system(sides: int) -> None:
    """More than one call may do: its loops would be longer than some drivers' are."""
    n = 700
    a = sample(n, n) / n + torch.eye(n)
    check(lambda a, b: linalg.solve_triangular(a, b, upper=False), a, sample(n, sides))


def test_a_zero_on_the_diagonal_divides() -> None:
    a, b = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0], [2.0]])
    check(lambda a, b: linalg.solve_triangular(a, b, upper=True), a, b, grad=False)
