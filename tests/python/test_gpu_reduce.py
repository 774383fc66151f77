"""Reductions, scans, sorts and searches on a GPU, against the CPU: forward, backward, strided, float32 and float16."""

from __future__ import annotations

import pytest
from device_parity import DTYPES, VIEWS, check, close, flat, need_gpu, sample

import rusttorch as torch

need_gpu()

FLOATS = pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["f32", "f16"])
VIEWED = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
DIMS = [None, 0, 1, -1, (0, 1), (0, -1)]


@FLOATS
@VIEWED
@pytest.mark.parametrize("dim", DIMS)
def test_sums_and_means(dtype, view, dim):
    x = sample(9, 11, 14, dtype=dtype)
    check(lambda x: x.sum(dim), x, views=[view], scale=4)
    check(lambda x: x.mean(dim, keepdim=True), x, views=[view])


@FLOATS
@VIEWED
@pytest.mark.parametrize("dim", [None, 1])
def test_products_extremes_and_spreads(dtype, view, dim):
    x = 1 + 0.05 * sample(9, 11, 6, dtype=dtype)
    dims = () if dim is None else (dim,)
    check(lambda x: x.prod(*dims), x, views=[view], scale=4)
    check(lambda x: x.amax(dims), x, views=[view])
    check(lambda x: x.amin(dims, keepdim=True), x, views=[view])
    check(lambda x: torch.aminmax(x, dim=dim), x, views=[view])
    check(lambda x: torch.var_mean(x, dim), x, views=[view], again=dtype == torch.float32)
    if dim is None or view is not VIEWS["expanded"]:
        # Of equal elements it has no slope.
        check(lambda x: x.std(dim, correction=0), x, views=[view])
    if dim is not None:
        check(lambda x: x.max(dim), x, views=[view])
        check(lambda x: x.min(dim, keepdim=True), x, views=[view])
        check(lambda x: torch.logsumexp(x, (0, dim)), x, views=[view])
    check(lambda x: x.argmax(dim), x, views=[view])
    check(lambda x: x.argmin(dim), x, views=[view])


@pytest.mark.parametrize("p", [0, 1, 2, 3.5, float("inf"), -float("inf")])
@FLOATS
def test_norms(dtype, p):
    x = sample(8, 50, dtype=dtype)
    check(lambda x: torch.linalg.vector_norm(x, p), x, scale=4)
    check(lambda x: torch.linalg.vector_norm(x, p, dim=0, keepdim=True), x, scale=4)


@pytest.mark.parametrize("shape", [(70000,), (3, 40000), (50000, 3), (300, 2, 300)])
def test_few_results_of_many_elements(shape):
    x = sample(*shape)
    for dim in (None, 0, -1):
        check(lambda x, dim=dim: x.sum(dim), x, scale=30)
        check(lambda x, dim=dim: torch.var_mean(x, dim), x, scale=4)
        check(lambda x, dim=dim: x.argmax(dim), x)
        check(lambda x, dim=dim: torch.linalg.vector_norm(x, 2, dim), x)
    check(lambda x: torch.logsumexp(x, 0), x)
    check(lambda x: (x > 1).sum(0), x)
    check(lambda x: (x > 4).any(0), x)
    check(lambda x: (x > -6).all(0), x)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
def test_integers(dtype):
    x = sample(12, 70, dtype=torch.int64).to(dtype)
    check(lambda x: x.sum(), x)
    check(lambda x: x.sum(1), x)
    check(lambda x: x.prod(0), x)
    check(lambda x: x.amax(1), x)
    check(lambda x: x.max(1), x)
    check(lambda x: x.any(1), x)
    check(lambda x: x.all(), x)
    check(lambda x: x.count_nonzero(0), x)
    check(lambda x: x.cumsum(1), x)
    check(lambda x: x.cummax(1), x)
    check(lambda x: x.sort(1, descending=True), x)


def test_nan_and_nothing():
    x = sample(6, 40)
    x[1, 3] = x[2, 39] = float("nan")
    x[4, 5] = float("inf")
    for f in (torch.amax, torch.amin, torch.argmax, torch.argmin, torch.sum, torch.nansum, torch.nanmean, torch.var):
        check(lambda x, f=f: f(x, 1), x.detach())
    check(lambda x: x.max(1), x)
    check(lambda x: x.max(), x)
    empty = torch.zeros(0, 3)
    check(lambda x: x.sum(0), empty)
    check(lambda x: x.prod(0), empty)
    check(lambda x: x.all(0), empty)
    check(lambda x: x.var(0), empty)
    check(lambda x: x.sum(1), empty)
    check(lambda x: x.sum(), torch.tensor(3.0))
    check(lambda x: x.max(0), torch.tensor(3.0))


def test_more_dims_than_a_kernel_walks():
    x = sample(2, 3, 2, 3, 2, 3, 2, 3, 2, 3)
    check(lambda x: x.sum((0, 2, 4, 6, 8)), x)
    check(lambda x: x.transpose(0, 9).argmax(), x)
    check(lambda x: torch.var(x, (1, 3, 5, 7, 9)), x)


@FLOATS
def test_out_and_in_place(dtype):
    there = "gpu"
    x = sample(7, 9, dtype=dtype)
    out = torch.empty(7, dtype=dtype, device=there)
    torch.sum(x.to(there), 1, out=out)
    close(out, x.sum(1))
    y = x.to(there)
    y.cumsum_(1)
    close(y, x.cumsum(1), scale=3)


@FLOATS
@VIEWED
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_scans(dtype, view, dim):
    x = sample(7, 9, 6, dtype=dtype)
    check(lambda x: x.cumsum(dim), x, views=[view], scale=4, again=True)
    check(lambda x: x.cumprod(dim), x, views=[view], scale=4)
    check(lambda x: x.cummax(dim), x, views=[view])
    check(lambda x: x.cummin(dim), x, views=[view])
    check(lambda x: x.logcumsumexp(dim), x, views=[view], scale=4)
    check(lambda x: x.diff(dim=dim), x, views=[view])


@pytest.mark.parametrize("shape", [(30000,), (2, 9000), (9000, 2)])
def test_scans_of_long_lines(shape):
    x = sample(*shape)
    for dim in range(len(shape)):
        check(lambda x, dim=dim: x.cumsum(dim), x, scale=50)
        check(lambda x, dim=dim: (1 + x * 1e-3).cumprod(dim), x, scale=10)
        check(lambda x, dim=dim: x.cummax(dim), x)
        check(lambda x, dim=dim: x.logcumsumexp(dim), x, scale=10)


@pytest.mark.parametrize("shape", [(3, 300_001), (1_500_000, 8), (1_000_000,)])
def test_lines_longer_than_one_thread_goes_over(shape):
    """llvmpipe ends a thread's loops after 65,535 rounds of all of them together, without a word."""
    x = sample(*shape)
    dim = shape.index(max(shape))
    for f in (torch.softmax, torch.log_softmax):
        check(lambda x, f=f: f(x, dim), x)
    check(lambda x: x.logsumexp(dim), x)
    for f in (torch.amax, torch.argmax, torch.var, torch.count_nonzero):
        check(lambda x, f=f: f(x.detach(), dim), x)


def test_softmax_of_long_lines_with_nan_and_infinity():
    x = sample(4, 200_000)
    x[0, 7], x[1], x[2, 5] = float("nan"), float("-inf"), float("-inf")
    check(lambda x: x.softmax(1), x)
    check(lambda x: x.log_softmax(1), x)


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, float("inf")])
def test_distances_of_long_rows(p):
    x = sample(3, 200_002)
    check(lambda x, y: torch.cdist(x, y, p), x, x[:2] + 1)


def test_products_with_zeros():
    x = sample(5, 6)
    x[0, 1] = x[2, 3] = x[2, 4] = 0
    check(lambda x: x.prod(1), x, again=True)
    check(lambda x: x.prod(), x)
    check(lambda x: x.cumprod(1), x, again=True)


@FLOATS
@VIEWED
def test_sorts(dtype, view):
    x = (sample(9, 11, 14, dtype=dtype) * 4).round()
    x[2, 3, 4] = float("nan")
    for dim in (0, 1, -1):
        check(lambda x, dim=dim: x.sort(dim), x, views=[view])
        check(lambda x, dim=dim: x.sort(stable=True, dim=dim, descending=True), x, views=[view])
        check(lambda x, dim=dim: x.argsort(dim), x, views=[view])
        # Which of equal elements they pick is free.
        check(lambda x, dim=dim: x.detach().topk(3, dim)[0], x, views=[view])
        check(lambda x, dim=dim: x.detach().kthvalue(3, dim)[0], x, views=[view])
        check(lambda x, dim=dim: x.median(dim), x, views=[view])
        check(lambda x, dim=dim: x.nanmedian(dim), x, views=[view])
        check(lambda x, dim=dim: x.mode(dim), x, views=[view])
    check(lambda x: x.median(), x, views=[view])


@pytest.mark.parametrize("shape", [(5000,), (3, 2500), (2500, 3)])
def test_sorts_of_long_lines(shape):
    x = sample(*shape)
    for dim in range(len(shape)):
        check(lambda x, dim=dim: x.sort(dim), x)
        check(lambda x, dim=dim: x.topk(2, dim), x)
        check(lambda x, dim=dim: x.kthvalue(2, dim), x)
    check(lambda x: x.topk(2000, 0), sample(5000))
    check(lambda x: x.topk(100, 0, largest=False), sample(5000))
    check(lambda x: x.median(0), x)
    check(lambda x: torch.quantile(x, 0.3), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64], ids=str)
def test_searches(dtype):
    there = "gpu"
    edges = sample(4, 30, dtype=dtype).sort(-1)[0]
    x = sample(4, 50, dtype=dtype, seed=1)
    for right in (False, True):
        expected = torch.searchsorted(edges, x, right=right)
        close(torch.searchsorted(edges.to(there), x.to(there), right=right), expected, scale=0)
        expected = torch.bucketize(x, edges[0], right=right, out_int32=True)
        close(torch.bucketize(x.to(there), edges[0].to(there), right=right, out_int32=True), expected, scale=0)
    close(torch.isin(x.to(there), edges[0].to(there)), torch.isin(x, edges[0]), scale=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64], ids=str)
def test_distinct_elements(dtype):
    x = sample(60, 50, dtype=torch.int64).to(dtype).to("gpu")
    for y, host in zip(
        torch.unique(x, return_inverse=True, return_counts=True),
        torch.unique(x.cpu(), return_inverse=True, return_counts=True),
        strict=True,
    ):
        close(y, host, scale=0)
    for y, host in zip(
        torch.unique_consecutive(x, return_inverse=True, return_counts=True),
        torch.unique_consecutive(x.cpu(), return_inverse=True, return_counts=True),
        strict=True,
    ):
        close(y, host, scale=0)


def test_counts():
    there = "gpu"
    x = torch.randint(0, 40, (3000,), generator=torch.Generator().manual_seed(0))
    w = sample(3000).abs()
    close(torch.bincount(x.to(there)), torch.bincount(x), scale=0)
    close(torch.bincount(x.to(there), w.to(there), 50), torch.bincount(x, w, 50))
    close(torch.histc(w.to(there), 20), torch.histc(w, 20), scale=0)
    with pytest.raises(RuntimeError, match="non-negative"):
        torch.bincount(torch.tensor([1, -1]).to(there))


def test_distinct_slices():
    there = "gpu"
    x = torch.randint(0, 3, (40, 2, 3), generator=torch.Generator().manual_seed(0)).float()
    for dim in (0, 1, -1):
        for f in (torch.unique, torch.unique_consecutive):
            found = f(x.to(there), return_inverse=True, return_counts=True, dim=dim)
            for y, host in zip(found, f(x, return_inverse=True, return_counts=True, dim=dim), strict=True):
                close(y, host, scale=0)


@pytest.mark.parametrize("how", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(how):
    x = sample(9, 14)
    x[2, 3] = float("nan")
    q = torch.tensor([0.0, 0.3, 0.5, 1.0])
    for dim in (None, 0, 1):
        check(lambda x, q, dim=dim: torch.quantile(x, q, dim, interpolation=how), x, q.detach())
        check(lambda x, dim=dim: torch.nanquantile(x, 0.4, dim, keepdim=True, interpolation=how), x)


@pytest.mark.parametrize("density", [False, True])
def test_histograms(density):
    there = "gpu"
    x, w = sample(3000), sample(3000, seed=1).abs()
    edges = torch.tensor([-1.0, -0.5, 0.25, 2.0])
    x[:5] = torch.tensor([-1.0, 2.0, 0.25, -3.0, float("nan")])
    for weight in (None, w):
        on_gpu = None if weight is None else weight.to(there)
        found = torch.histogram(x.to(there), edges.to(there), weight=on_gpu, density=density)
        for y, host in zip(found, torch.histogram(x, edges, weight=weight, density=density), strict=True):
            close(y, host)
        found = torch.histogram(w.to(there), 10, range=(0.5, 2.0), weight=on_gpu, density=density)
        for y, host in zip(
            found, torch.histogram(w, 10, range=(0.5, 2.0), weight=weight, density=density), strict=True
        ):
            close(y, host)
    none = x[:0]
    for f in (lambda x: torch.histogram(x, 3, density=density), lambda x: torch.histogram(x, 3, weight=x), torch.histc):
        for y, host in zip(flat(f(none.to(there))), flat(f(none)), strict=True):
            close(y, host)


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("how", ["sum", "mean", "max", "min", "prod"])
def test_segments(how, dtype):
    x = sample(7, 4, dtype=dtype)

    def reduced(x, **options):
        moved = {k: v.to(x.device) if isinstance(v, torch.Tensor) else v for k, v in options.items()}
        return torch.segment_reduce(x, how, **moved)

    lengths = torch.tensor([2, 0, 3, 2])
    check(lambda x: reduced(x, lengths=lengths), x)
    check(lambda x: reduced(x, lengths=lengths, initial=2.0), x)
    check(lambda x: reduced(x, lengths=lengths - 1 + torch.tensor([0, 1, 0, 0]), unsafe=True), x)
    check(lambda x: reduced(x, offsets=torch.tensor([0, 2, 2, 7])), x)
    check(lambda x: reduced(x, lengths=torch.tensor([[1, 3], [4, 0]]), axis=1), sample(2, 4, 3, dtype=dtype))
    with pytest.raises(RuntimeError, match="sum to data.size"):
        reduced(x.to("gpu"), lengths=torch.tensor([2, 3]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_windows_for_spectra(dtype):
    for make in (torch.hann_window, torch.blackman_window, torch.bartlett_window, torch.kaiser_window):
        for n in (0, 1, 9):
            close(make(n, dtype=dtype, device="gpu"), make(n, dtype=dtype))
