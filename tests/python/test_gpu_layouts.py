"""Ops that join, repeat, reorder, pad and cut tensors give on a GPU what they give on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
from device_parity import bools, check, ints, need_gpu, sample

import rusttorch as torch
from rusttorch.nn import functional as F

need_gpu()

strided = pytest.mark.parametrize("strided", [False, True])
floats = pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])


@strided
@floats
def test_joined(dtype: Any, strided: bool) -> None:
    x, y = sample(4, 5, 6, dtype=dtype, seed=0), sample(4, 3, 6, dtype=dtype, seed=1)
    check(lambda x, y: torch.cat([x, y, x], 1), x, y, strided=strided)
    check(lambda x: torch.stack([x, x * 1], -1), x, strided=strided)
    check(lambda x, y: torch.hstack([x, y]), x, y, strided=strided)
    check(lambda x: torch.split(x, 2, 1), x, strided=strided)
    check(lambda x: torch.chunk(x, 3, 2), x, strided=strided)
    check(lambda x: torch.tensor_split(x, 4, 1), x, strided=strided)
    check(lambda x: x.unbind(1), x, strided=strided)
    check(lambda x: torch.block_diag(x[0], x[1, :2]), x, strided=strided)


@strided
@floats
def test_reordered(dtype: Any, strided: bool) -> None:
    x = sample(4, 5, 6, dtype=dtype, seed=0)
    check(lambda x: x.flip(0), x, strided=strided)
    check(lambda x: x.flip(0, 2), x, strided=strided)
    check(lambda x: x.roll(2), x, strided=strided)
    check(lambda x: x.roll((1, -2, 4), (0, 1, 2)), x, strided=strided)
    check(lambda x: torch.rot90(x, 1, (0, 2)), x, strided=strided)
    check(lambda x: x.fliplr(), x, strided=strided)
    check(lambda x: x.permute(2, 0, 1).flip(1), x, strided=strided)


@strided
@floats
def test_repeated(dtype: Any, strided: bool) -> None:
    x = sample(4, 5, dtype=dtype, seed=0)
    check(lambda x: x.repeat(2, 1, 3), x, strided=strided)
    check(lambda x: x.tile((2, 2)), x, strided=strided)
    check(lambda x: x.repeat_interleave(2), x, strided=strided)
    check(lambda x: x.expand(3, 4, 5).contiguous(), x, strided=strided)


@strided
@floats
@pytest.mark.parametrize("diagonal", [0, 2, -3, 50])
def test_triangles(dtype: Any, strided: bool, diagonal: int) -> None:
    x = sample(2, 4, 5, 7, dtype=dtype, seed=0)
    check(lambda x: x.tril(diagonal), x, strided=strided)
    check(lambda x: x.triu(diagonal), x, strided=strided)


@strided
def test_diagonals(strided: bool) -> None:
    x, v = sample(5, 6, seed=0), sample(5, seed=1)
    check(lambda x: x.diagonal(1), x, strided=strided)
    check(lambda v: v.diag(), v, strided=strided)
    check(lambda v: torch.diag_embed(v, 1), v, strided=strided)
    check(lambda x, v: x.diagonal_scatter(v), x, v, strided=strided)
    check(lambda x, v: x.select_scatter(v, 1, 2), x, v, strided=strided)
    check(lambda x: x.slice_scatter(x[:2] * 1, 0, 1, 5, 2), x, strided=strided)
    check(lambda x: x.clone().fill_diagonal_(3.0), x, strided=strided, grad=False)


def test_windows_that_overlap() -> None:
    x = sample(20, seed=0)
    check(lambda x: x.as_strided((6, 5), (3, 1), 0), x)
    check(lambda x: x.as_strided((6, 5), (3, 1), 1).transpose(0, 1), sample(21, dtype=torch.float16, seed=1))
    check(lambda x: x.unfold(0, 5, 2), x)
    check(lambda x: x.as_strided_scatter(x[:4].reshape(2, 2) * 1, (2, 2), (3, 1), 2), x)


@strided
@floats
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padded_with_its_own_elements(dtype: Any, strided: bool, mode: str) -> None:
    check(lambda x: F.pad(x, (2, 1), mode), sample(3, 4, 6, dtype=dtype, seed=0), strided=strided)
    check(lambda x: F.pad(x, (2, 1, 0, 3), mode), sample(2, 3, 4, 6, dtype=dtype, seed=1), strided=strided)
    check(lambda x: F.pad(x, (1, 1, 2, 1, 1, 0), mode), sample(2, 2, 3, 4, 5, dtype=dtype, seed=2), strided=strided)


@strided
@floats
def test_padded_with_a_number(dtype: Any, strided: bool) -> None:
    x = sample(3, 4, 6, dtype=dtype, seed=0)
    check(lambda x: F.pad(x, (2, 1, 0, 3), value=1.5), x, strided=strided)
    check(lambda x: F.pad(x, (-1, 1, 1, -2)), x, strided=strided)


def test_integers_are_moved() -> None:
    for dtype in (torch.int64, torch.int32, torch.int16, torch.uint8, torch.bool):
        x = ints(0, 0, 90, 4, 5, 6).to(dtype)
        check(lambda x: x.flip(1), x)
        check(lambda x: x.roll(2, 2), x)
        check(lambda x: x.tril(1), x)
        check(lambda x: torch.cat([x, x], 2), x)
        check(lambda x: x.repeat(1, 2, 1), x)
        if dtype != torch.bool:
            check(lambda x: F.pad(x, (2, 1), "replicate"), x)


def test_created_on_the_device() -> None:
    for make in (
        lambda d: torch.arange(3, 40, 3, device=d),
        lambda d: torch.arange(0, 1, 0.1, device=d),
        lambda d: torch.linspace(-1, 1, 33, device=d),
        lambda d: torch.eye(5, 7, device=d),
        lambda d: torch.tril_indices(4, 5, device=d),
        lambda d: torch.full((3, 3), 2.5, device=d),
        lambda d: torch.tensor([[1, 2], [3, 4]], device=d),
    ):
        found, expected = make("gpu"), make("cpu")
        assert found.device.type == "wgpu" and found.dtype == expected.dtype
        assert torch.equal(found.cpu(), expected)


def test_a_number_stands_on_either_side() -> None:
    for shape in ((7,), (3, 4)):
        check(lambda x: [x / 4.0, 4.0 / x, x - 3.0, 3.0 - x], sample(*shape, seed=0))
        check(lambda x: [torch.where(x > 0, x, 2.0), torch.where(x > 0, 2.0, x)], sample(*shape, seed=0))


def test_equal() -> None:
    x = sample(50, 30, seed=0).to("gpu")
    y = x.clone()
    assert torch.equal(x, y) and torch.allclose(x, y)
    y[49, 29] += 1
    assert not torch.equal(x, y) and not torch.allclose(x, y)
    assert not torch.equal(x, y[:49])
    assert torch.equal(bools(1, 9).to("gpu"), bools(1, 9).to("gpu"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_many_small_tensors_are_joined_by_few_kernels(dtype: Any, dim: int) -> None:
    some = [sample(4, 3, 5, seed=k, dtype=torch.int64).to(dtype) for k in range(30)]
    check(lambda *some: (torch.stack(some, dim), torch.cat(some, dim)), *some)
    unlike = [x.narrow(dim, 0, 1 + k % 3) for k, x in enumerate(some)] + [torch.zeros(0).to(dtype)]
    check(lambda *some: torch.cat(some, dim), *unlike)
    there = [x.to("gpu") for x in some]
    torch.cat(there, dim)
    before = torch.gpu.statistics()["kernels"]
    torch.stack(there, dim)
    torch.cat(there, dim)
    assert torch.gpu.statistics()["kernels"] - before == 6


@pytest.mark.parametrize("cut", [lambda x: x.chunk(4, -1), lambda x: x.unbind(1), lambda x: x.split([1, 5, 2, 4], 1)])
def test_gradients_of_pieces_are_joined_by_one_kernel(cut: Any) -> None:
    check(lambda x: cut(x * 1), sample(6, 12), again=True)
    check(lambda x: cut(x * 1)[1:], sample(6, 12))  # of the first there is none
    x = sample(6, 12).to("gpu").requires_grad_()
    pieces = cut(x)
    seeds = [torch.ones_like(p) for p in pieces]
    before = torch.gpu.statistics()["kernels"]
    torch.autograd.grad(pieces, x, seeds)
    assert torch.gpu.statistics()["kernels"] - before == 1


def test_tensors_that_one_kernel_does_not_join() -> None:
    x, turned, halves = sample(3, 5), sample(5, 3, seed=1), sample(3, 5, seed=2).half()
    check(lambda x, y, z: torch.cat([x, y.t(), z], 1), x, turned, halves)
    check(lambda x, y: torch.cat([x, y]), sample(300, 300), sample(300, 300, seed=1))
    check(lambda x, y: torch.stack([x, y[1:]]), sample(3, 4), sample(4, 4, seed=1))
    check(lambda x, y: torch.cat([x, y], 1), sample(0, 4), sample(0, 3))
