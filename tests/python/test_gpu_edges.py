"""What a GPU makes of numbers at the edges of their types: large int64, integers of two widths, NaN and infinities."""

import math

import pytest
from device_parity import check, need_gpu, sample

import rusttorch as torch
import rusttorch.nn.functional as F

need_gpu()

LARGE = [3_000_000_000, 2**31, 2**32 - 1, 2**33 + 2**31 + 5, -3_000_000_000, 2**40 + 2**31, -(2**31) - 1, 5]
SPECIAL = [0.0, math.nan, 1.0, -0.0, 1e-40, math.inf, -math.inf, -2.0]


def there(x):
    """On the device, in memory that kernels read and not with the host any more."""
    return x.to("gpu").clone()


@pytest.mark.parametrize(
    "work",
    [
        lambda x: x + 3_000_000_000,
        lambda x: x * 2 - 2**31,
        lambda x: x == 2**31,
        lambda x: x < 3_000_000_000,
        lambda x: x.clamp(-(2**31) - 1, 2**33),
        lambda x: torch.where(x > 0, x, 2**31),
        lambda x: x.masked_fill(x > 0, 2**31 + 7),
        lambda x: torch.full_like(x, 2**31),
        lambda x: x.clone().fill_(3_000_000_000),
        lambda x: x // 3_000_000_000,
        lambda x: x % 3_000_000_000,
        lambda x: x & 0xFFFF_FFFF,
        lambda x: -x[:1],
        lambda x: x[:1] + x,
        lambda x: x.sum(),
        lambda x: x.view(2, 4).sum(1),
        lambda x: x.max(),
        lambda x: x.view(2, 4).amin(1),
        lambda x: x.argmax(),
        lambda x: x.view(4, 2).argmin(0),
        lambda x: x.cumsum(0),
        lambda x: x.sort().values,
        lambda x: x.repeat(300).sum(),
        lambda x: torch.zeros(3, dtype=torch.int64, device=x.device).index_add(0, (x % 3).clone(), x),
        lambda x: torch.zeros(3, dtype=torch.int64, device=x.device).scatter_reduce(0, x % 3, x, "amax"),
    ],
)
def test_int64_beyond_31_bits(work):
    x = torch.tensor(LARGE)
    assert torch.equal(work(there(x)).cpu(), work(x))


@pytest.mark.parametrize("narrow", [torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool])
@pytest.mark.parametrize("n", [5, 64])  # one by one, and by fours
def test_integers_of_two_widths(narrow, n):
    values = torch.arange(n) * 7 % 11 - 5
    wide = values * 5 + 1
    x = (values.abs() + 1 if narrow == torch.uint8 else values).to(narrow)
    shifts = (values % 5).abs().to(narrow)
    divisors = torch.where(x == 0, torch.ones_like(x), x)
    for left, right in [(wide, x), (x, wide)]:
        for f in (torch.add, torch.mul, torch.maximum, torch.lt, torch.eq, torch.bitwise_and):
            assert torch.equal(f(there(left), there(right)).cpu(), f(left, right)), f
    for f in (torch.floor_divide, torch.remainder, torch.fmod):
        assert torch.equal(f(there(wide), there(divisors)).cpu(), f(wide, divisors)), f
    if narrow != torch.bool:
        for f in (torch.bitwise_left_shift, torch.bitwise_right_shift):
            assert torch.equal(f(there(wide), there(shifts)).cpu(), f(wide, shifts)), f
        index = torch.arange(n) % 3
        of = torch.zeros(3, dtype=narrow)
        mean = of.scatter_reduce(0, index, x, "mean")
        assert torch.equal(there(of).scatter_reduce(0, there(index), there(x), "mean").cpu(), mean)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("times", [1, 3, 4])
def test_nan_is_true(dtype, times):
    x = torch.tensor(SPECIAL[: 7 if times == 3 else 8] * times).to(dtype)
    for f in (
        lambda x: x.bool(),
        lambda x: x.nonzero(),
        lambda x: x[:2].any(),
        lambda x: x[1:3].all(),
        lambda x: x.count_nonzero(),
        lambda x: x.logical_not(),
        lambda x: x.logical_and(x.flip(0)),
    ):
        assert torch.equal(f(there(x)).cpu(), f(x))


def test_floats_summed_as_integers():
    x = torch.tensor([1e12, 5.0])
    assert x.to("gpu").sum(dtype=torch.int64).item() == x.sum(dtype=torch.int64).item() > 2**32
    assert x.to("gpu").prod(dtype=torch.int64).item() == x.prod(dtype=torch.int64).item()
    assert torch.ones(3, device="gpu").sum(dtype=torch.int32).dtype == torch.int32


def same(f, *inputs):
    """The device's result beside the CPU's, nan where that has it."""
    on_device = f(*(there(x) for x in inputs)).cpu()
    torch.testing.assert_close(on_device, f(*inputs), equal_nan=True)
    return on_device


@pytest.mark.parametrize("values", [[1.0, math.inf], [math.inf, 1.0], [1.0, 2.0, -math.inf], [math.inf, -math.inf]])
def test_variances_with_an_infinity_are_nan(values):
    x = torch.tensor(values)
    assert same(torch.var, x).isnan()
    assert same(torch.std, x.repeat(100)).isnan()
    same(lambda x: F.layer_norm(x, x.shape), x)


@pytest.mark.parametrize("right", [False, True])
def test_searches_go_past_edges_that_are_nan(right):
    edges = torch.tensor([0.0, 1.0, 2.0, math.nan])
    found = same(
        lambda e, v: torch.searchsorted(e, v, right=right), edges, torch.tensor([5.0, math.inf, 1.0, math.nan])
    )
    assert found.tolist() == [4, 4, 1 + right, 4]


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0, math.inf])
def test_distances_of_nan_are_nan(p):
    x, y = torch.tensor([[math.nan, 1.0], [0.0, 1.0]]), torch.tensor([[0.0, 2.0]])
    assert same(lambda x, y: torch.cdist(x, y, p), x, y)[0].isnan().all()
    assert same(lambda x: F.pdist(x, p), x).isnan().all()


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_rows_of_nan_are_renormed_as_on_the_cpu(power):
    table = torch.tensor([[math.nan, 3.0], [3.0, 4.0]])
    same(lambda t, i: F.embedding(i, t, max_norm=1.0, norm_type=power), table, torch.tensor([0, 1]))


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_the_gradient_of_an_infinite_ctc_loss(zero_infinity):
    """Two equal labels in two steps have no path."""

    def gradient(x):
        x = x.detach().requires_grad_()
        lengths = torch.tensor([2])
        F.ctc_loss(x, torch.tensor([[1, 1]]).to(x.device), lengths, lengths, zero_infinity=zero_infinity).backward()
        return x.grad

    found = same(gradient, torch.tensor([[[0.1, 0.2, 0.7]], [[0.3, 0.3, 0.4]]]).log())
    assert found.isnan().any() != zero_infinity


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("loss", [F.nll_loss, F.cross_entropy])
def test_a_class_of_no_weight_hides_no_nan_and_one_that_is_ignored_does(loss, reduction):
    x = sample(5, 3)
    x[0, 1], x[1, 2], x[2, 0], x[3] = math.nan, math.inf, -math.inf, math.nan
    weight, target = torch.tensor([0.0, 1.0, 0.5]), torch.tensor([0, 0, 0, 7, 2])

    def losses(x, weight, target):
        return loss(x, target, weight, ignore_index=7, reduction=reduction)

    check(losses, x, weight.requires_grad_(False), target, grad=False)
    x = x.to("gpu").requires_grad_()
    y = losses(x, weight.to("gpu"), target.to("gpu"))
    y.sum().backward()
    if reduction == "none":
        # As PyTorch: 0 times what is infinite is NaN, and what is ignored is 0.
        assert y.isnan().tolist() == ([False, False, True] if loss is F.nll_loss else [True] * 3) + [False] * 2
        assert y[3] == 0
    assert (x.grad[3] == 0).all() and (x.grad[4] != 0).any()


@pytest.mark.parametrize("loss", [F.nll_loss, F.cross_entropy])
def test_a_class_is_out_of_range_beyond_32_bits_too(loss):
    with pytest.raises(IndexError):
        loss(torch.ones(2, 3, device="gpu"), torch.tensor([0, 2**32 + 1], device="gpu")).item()
