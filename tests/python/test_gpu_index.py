"""Indexing, gather and scatter, masks and tables on a GPU give what the CPU gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from device_parity import bools, check, ints, need_gpu, sample

import rusttorch as torch
from rusttorch.nn import functional as F

need_gpu()

FLOATS = [torch.float32, torch.float16, torch.bfloat16]
strided = pytest.mark.parametrize("strided", [False, True])
floats = pytest.mark.parametrize("dtype", FLOATS)


def put(accumulate: bool) -> Callable[..., Any]:
    return lambda x, i, v: x.index_put((i,), v, accumulate)


def in_place(x: Any, f: Callable[[Any], Any]) -> Any:
    y = x.clone()
    f(y)
    return y


def assign(x: Any, index: Any, value: Any) -> Any:
    y = x.clone()
    y[index] = value
    return y


@strided
@floats
def test_advanced_indexing_picks(dtype: Any, strided: bool) -> None:
    x = sample(7, 6, 5, dtype=dtype, seed=0)
    i, j = ints(1, -7, 7, 4, 3), ints(2, -6, 6, 3, dtype=torch.int32)
    check(lambda x, i: x[i], x, i, strided=strided)
    check(lambda x, i, j: x[i, j], x, i, j, strided=strided)
    check(lambda x, i: x[:, ints(3, 0, 6, 9).to(i.device)], x, i, strided=strided)
    check(lambda x, i, j: x[i, :, ints(4, 0, 5, 4, 3).to(x.device)], x, i, j, strided=strided)
    check(lambda x, j: x[1:5, j, ::2], x, j, strided=strided)
    check(lambda x, m: x[m], x, bools(5, 7, 6, 5), strided=strided)
    check(lambda x, m: x[m], x, bools(6, 7, 6), strided=strided)
    check(lambda x, m: x[:, m], x, bools(7, 6, 5), strided=strided)
    check(lambda x, m, j: x[m, ints(8, 0, 6, 1).to(x.device)], x, bools(8, 7), j, strided=strided)
    check(lambda x, m: x[m], x, torch.zeros(7, 6, 5, dtype=torch.bool), strided=strided)
    check(lambda x, i: x[i], x, torch.zeros(0, 3, dtype=torch.int64), strided=strided)


@strided
@floats
def test_advanced_indexing_writes(dtype: Any, strided: bool) -> None:
    x, v = sample(7, 6, 5, dtype=dtype, seed=0), sample(4, 3, 6, 5, dtype=dtype, seed=1)
    i = ints(1, -7, 7, 4, 3)  # several writes to one place
    check(put(False), x, i, v, strided=strided)
    check(put(True), x, i, v, strided=strided)
    check(put(True), x, i, sample(dtype=dtype, seed=2), strided=strided)
    check(lambda x, v: x.index_put((None, None), v), x, sample(6, 5, dtype=dtype, seed=2), strided=strided)
    check(
        lambda x, i, j, v: x.index_put((i, j), v),
        x,
        i,
        ints(3, 0, 6, 4, 3),
        sample(5, dtype=dtype, seed=4),
        strided=strided,
    )
    check(
        lambda x, i, v: assign(x, (slice(None), i), v),
        x,
        ints(5, 0, 6, 20),
        sample(20, 5, dtype=dtype, seed=6),
        strided=strided,
    )
    check(lambda x, m, v: assign(x, m, v), x, bools(7, 7, 6, 5), sample(dtype=dtype, seed=8), strided=strided)
    check(lambda x, m, v: assign(x, m, v), x, bools(7, 7, 6), sample(5, dtype=dtype, seed=8), strided=strided)
    check(lambda x, m: assign(x, m, 2.5), x, bools(9, 7, 6, 5), strided=strided)
    check(lambda x, i: assign(x, i, -1.0), x, i, strided=strided)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool])
def test_integers_are_indexed(dtype: Any) -> None:
    x, i = ints(0, 0, 50, 9, 8).to(dtype), ints(1, 0, 9, 30)
    v = ints(2, 0, 3, 30, 8).to(dtype)
    check(lambda x, i: x[i], x, i)
    check(put(False), x, i, v)
    check(put(True), x, i, v)
    check(lambda x, i, v: x.scatter_add(0, i, v), x, ints(3, 0, 9, 30, 8), v)
    check(lambda x, i: x.index_select(1, i), x, ints(4, 0, 8, 5))
    for reduce in ("sum", "prod", "amax", "amin"):
        check(lambda x, i, v, r=reduce: x.scatter_reduce(0, i, v, r), x, ints(3, 0, 9, 30, 8), v)
    if dtype != torch.bool:
        check(lambda x, i, v: x.scatter_reduce(0, i, v, "mean", include_self=False), x, ints(3, 0, 9, 30, 8), v)


@strided
@floats
def test_slices_along_a_dim(dtype: Any, strided: bool) -> None:
    x = sample(6, 9, 4, dtype=dtype, seed=0)
    i, source = ints(1, 0, 9, 14), sample(6, 14, 4, dtype=dtype, seed=2)
    check(lambda x, i: x.index_select(1, i), x, i, strided=strided)
    check(lambda x, i: x.index_select(2, i.to(torch.int32)), x, ints(3, 0, 4, 3), strided=strided)
    check(lambda x, i, s: x.index_add(1, i, s, alpha=2), x, i, source, strided=strided)
    check(lambda x, i, s: x.index_copy(1, i, s), x, i, source, strided=strided)
    check(lambda x, i: x.index_fill(1, i - 9, 3.0), x, i, strided=strided)
    check(lambda x, i, v: x.index_fill(1, i, v), x, i, sample(dtype=dtype, seed=4), strided=strided)
    check(lambda x, i, s: in_place(x, lambda y: y.index_add_(1, i, s)), x, i, source, strided=strided)
    check(lambda x, i, s: in_place(x, lambda y: y.index_copy_(1, i, s)), x, i, source, strided=strided)
    check(lambda x: x.repeat_interleave(3, 1), x, strided=strided)
    check(lambda x, n: x.repeat_interleave(n, 1), x, ints(5, 0, 4, 9), strided=strided)
    for reduce in ("prod", "mean", "amax", "amin"):
        for own in (True, False):
            check(
                lambda x, i, s, r=reduce, o=own: x.index_reduce(1, i, s, r, include_self=o),
                x,
                ints(6, 0, 9, 3),
                sample(6, 3, 4, dtype=dtype, seed=7),
            )


@strided
@floats
def test_gather_and_scatter(dtype: Any, strided: bool) -> None:
    x, i = sample(6, 9, 4, dtype=dtype, seed=0), ints(1, 0, 9, 5, 20, 3)
    src = sample(5, 20, 4, dtype=dtype, seed=2)
    check(lambda x, i: x.gather(1, i), x, i, strided=strided)
    check(lambda x, i: x.gather(-1, i), x, ints(3, 0, 4, 6, 9, 2, dtype=torch.int32), strided=strided)
    check(lambda x, i: torch.take_along_dim(x, i, 1), x, ints(3, 0, 9, 6, 2, 4), strided=strided)
    check(lambda x, i, s: x.scatter(1, i, s), x, i, src, strided=strided)
    check(lambda x, i: x.scatter(1, i, 1.5), x, i, strided=strided)
    check(lambda x, i, s: x.scatter_add(1, i, s), x, i, src, strided=strided)
    check(lambda x, i, s: in_place(x, lambda y: y.scatter_(1, i, s)), x, i, src, strided=strided)
    check(lambda x, i, s: in_place(x, lambda y: y.scatter_add_(1, i, s)), x, i, src, strided=strided)
    for reduce in ("sum", "mean", "amax", "amin"):
        for own in (True, False):
            check(
                lambda x, i, s, r=reduce, o=own: x.scatter_reduce(1, i, s, r, include_self=o),
                x,
                i,
                src,
                strided=strided,
            )
    few = ints(4, 0, 9, 5, 4, 3)
    check(
        lambda x, i, s: x.scatter_reduce(1, i, s, "prod"), x, few, sample(5, 4, 3, dtype=dtype, seed=5), strided=strided
    )
    check(lambda x, i: x.scatter(1, i, 2.0, reduce="multiply"), x, few, strided=strided, grad=False)


@strided
@floats
def test_take_and_put(dtype: Any, strided: bool) -> None:
    x, i, v = sample(6, 9, dtype=dtype, seed=0), ints(1, -54, 54, 8, 5), sample(8, 5, dtype=dtype, seed=2)
    check(lambda x, i: x.take(i), x, i, strided=strided)
    check(lambda x, i, v: x.put(i, v), x, i, v, strided=strided)
    check(lambda x, i, v: x.put(i, v, True), x, i, v, strided=strided)


@strided
@floats
def test_masks(dtype: Any, strided: bool) -> None:
    x, m = sample(6, 9, 40, dtype=dtype, seed=0), bools(1, 6, 1, 40)
    check(lambda x, m: x.masked_fill(m, -2.0), x, m, strided=strided)
    check(lambda x, m, v: x.masked_fill(m, v), x, m, sample(dtype=dtype, seed=2), strided=strided)
    check(lambda x, m: in_place(x, lambda y: y.masked_fill_(m, 0)), x, m, strided=strided)
    check(lambda x, m: x.masked_select(m), x, m, strided=strided)
    check(lambda x, m, s: x.masked_scatter(m, s), x, m, sample(6, 9, 41, dtype=dtype, seed=3), strided=strided)
    check(lambda x: (x > 0.3).nonzero(), x, strided=strided, grad=False)
    check(lambda x: torch.nonzero(x > 9, as_tuple=True), x, strided=strided, grad=False)
    check(lambda x: torch.where(x > 0.3), x, strided=strided, grad=False)
    check(lambda x: torch.argwhere(x.relu()), x, strided=strided, grad=False)
    check(lambda x, m: torch.nonzero_static(m, size=7), x, m, grad=False)


def test_long_masks() -> None:
    x = sample(300, 1000, seed=0)
    check(lambda x: x[x > 0], x)
    check(lambda x: (x > 1).nonzero(), x, grad=False)
    check(lambda m: m.nonzero(), torch.zeros(20_000, dtype=torch.bool))


def test_bad_indices_become_errors_when_the_device_is_waited_for() -> None:
    x = sample(5, 4, seed=0).to("gpu")
    calls: list[Callable[[], Any]] = [
        lambda: x[torch.tensor([1, 5]).to("gpu")],
        lambda: x[torch.tensor([-6]).to("gpu"), torch.tensor([0]).to("gpu")],
        lambda: x.index_select(0, torch.tensor([-1]).to("gpu")),
        lambda: x.gather(1, torch.tensor([[4]]).to("gpu")),
        lambda: x.clone().scatter_add_(0, torch.tensor([[9]]).to("gpu"), torch.ones(1, 1).to("gpu")),
        lambda: F.embedding(torch.tensor([2**40]).to("gpu"), x),
    ]
    for call in calls:
        result = call()
        with pytest.raises(IndexError, match="out of range"):
            result.cpu()
        result.cpu()  # told once
    assert x.shape == (5, 4)
    with pytest.raises(IndexError, match="shape of the mask"):
        x[bools(1, 4).to("gpu")]


@floats
@strided
def test_embedding(dtype: Any, strided: bool) -> None:
    table, i = sample(20, 6, dtype=dtype, seed=0), ints(1, 0, 20, 7, 9)
    check(lambda w, i: F.embedding(i, w), table, i, strided=strided)
    check(lambda w, i: F.embedding(i, w, padding_idx=3), table, i, strided=strided)
    check(lambda w, i: F.embedding(i, w, scale_grad_by_freq=True), table, i, strided=strided)
    check(lambda w, i: F.embedding(i.to(torch.int32), w), table, i, strided=strided)
    for norm in (2.0, 1.0, 3.0, float("inf")):
        check(
            lambda w, i, p=norm: F.embedding(i[:2], w, max_norm=0.8, norm_type=p), table, i, strided=strided, grad=False
        )


@floats
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag(dtype: Any, mode: str) -> None:
    table, i, offsets = sample(20, 6, dtype=dtype, seed=0), ints(1, 0, 20, 30), torch.tensor([0, 4, 4, 17])
    check(lambda w, i, o: F.embedding_bag(i, w, o, mode=mode), table, i, offsets)
    check(lambda w, i, o: F.embedding_bag(i, w, o, mode=mode, padding_idx=5), table, i, offsets)
    check(lambda w, i, o: F.embedding_bag(i, w, o, mode=mode, include_last_offset=True), table, i, offsets)
    check(lambda w, i: F.embedding_bag(i, w, mode=mode), table, ints(2, 0, 20, 5, 4))
    if mode != "max":
        check(lambda w, i, o: F.embedding_bag(i, w, o, mode=mode, scale_grad_by_freq=True), table, i, offsets)
    if mode == "sum":
        weights = sample(30, dtype=dtype, seed=3)
        check(lambda w, i, o, s: F.embedding_bag(i, w, o, mode=mode, per_sample_weights=s), table, i, offsets, weights)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_longer_than_one_thread_goes_over(mode: str) -> None:
    index = torch.arange(100_000) * 7919 % 37
    offsets = torch.tensor([0, 3, 3, 90_000])
    # Integers, whose sums have no rounding that depends on their order.
    table = ints(0, -9, 9, 37, 5).to(torch.float32)
    check(lambda w: F.embedding_bag(index.to(w.device), w, offsets.to(w.device), mode=mode), table, grad=False)


def test_one_hot() -> None:
    check(lambda i: F.one_hot(i, 12), ints(0, 0, 9, 4, 3))
    check(lambda i: F.one_hot(i), ints(0, 0, 9, 4, 3))


def test_double_backward_through_an_index() -> None:
    def twice(x: Any, i: Any) -> Any:
        (g,) = torch.autograd.grad((x[i] ** 3).sum(), x, create_graph=True)
        return g * x

    check(twice, sample(5, 3, seed=0), ints(1, 0, 5, 9))


def test_indices_of_the_host_pick_on_the_device() -> None:
    x = sample(7, 6, seed=0)
    i, m = ints(1, -7, 7, 4), bools(2, 7, 6)
    y = x.to("gpu")
    for index in (i, m, m[:, 0], ([0, 2], [5, -1]), (slice(1, 5), [0, 3]), ([6, 0],), 3, (2, [1, 1]), (..., i % 6)):
        found = y[index]
        assert found.device.type == "wgpu"
        assert torch.equal(found.cpu(), x[index])
    y[i] = torch.zeros(4, 6).to("gpu")
    y[m] = 2.0
    x[i] = torch.zeros(4, 6)
    x[m] = 2.0
    assert torch.equal(y.cpu(), x)


def test_what_needs_one_kernel_takes_one() -> None:
    x, source, i = sample(40, 8, seed=0).to("gpu"), sample(30, 8, seed=1).to("gpu"), ints(2, 0, 40, 30).to("gpu")
    calls: list[tuple[Callable[[], Any], int]] = [
        (lambda: x[i], 1),
        (lambda: x.index_select(0, i), 1),
        (lambda: x.gather(0, i[:, None].expand(30, 8)), 1),
        (lambda: F.embedding(i, x), 1),
        (lambda: x.index_add_(0, i, source), 1),
        (lambda: x.masked_fill_(x == 0, 1.0), 3),  # with the comparison and the number's way to the device
        (lambda: x.tril(), 1),
        (lambda: x.flip(0), 1),
    ]
    for call, most in calls:
        call()
        torch.gpu.synchronize()
        before = torch._C._gpu_counts(0)
        call()
        after = torch._C._gpu_counts(0)
        assert after["kernels"] - before["kernels"] <= most
        assert after["downloaded"] == before["downloaded"]


@pytest.mark.parametrize("reduce", ["prod", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_wide_integers_that_meet(reduce: str, include_self: bool) -> None:
    """Both words of an int64 count, also where many threads meet in one place."""
    x, a = (ints(2, -(2**45), 2**45, rows, 50) for rows in (7, 3000))
    index = ints(1, 0, 7, 3000, 50)
    check(lambda x, index, a: x.scatter_reduce(0, index, a, reduce, include_self=include_self), x, index, a)
    rows = index[:, 0].contiguous()
    check(lambda x, rows, a: x.index_reduce(0, rows, a, reduce, include_self=include_self), x, rows, a)
