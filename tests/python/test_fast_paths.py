"""Paths taken for speed give what the plain ones give: NumPy's structures, `out=` in place, rows, counts, products."""

import sys

import numpy as np
import pytest

import rusttorch as torch
from rusttorch.nn import functional as F


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_arrays_and_tensors_keep_each_other_alive():
    array = np.arange(6.0).reshape(2, 3)
    references = sys.getrefcount(array)
    tensor = torch.from_numpy(array)
    assert sys.getrefcount(array) == references + 1
    del tensor
    assert sys.getrefcount(array) == references
    back = torch.arange(5.0).numpy()
    assert back.base is not None and back.flags.writeable and not back.flags.owndata
    assert back.sum() == 10.0


def test_arrays_that_are_not_plain_are_read_all_the_same():
    class Own(np.ndarray):
        pass

    assert torch.from_numpy(np.ones(3).view(Own)).tolist() == [1.0, 1.0, 1.0]
    read_only = np.arange(3)
    read_only.setflags(write=False)
    with pytest.warns(UserWarning, match="not writable"):
        assert torch.from_numpy(read_only).tolist() == [0, 1, 2]
    assert torch.tensor(np.arange(4, dtype="i2")[::2]).tolist() == [0, 2]
    with pytest.raises(ValueError, match="not a multiple of the element byte size"):
        torch.from_numpy(np.zeros(2, dtype=[("a", "f8"), ("b", "f4")])["a"])
    broadcast = np.broadcast_to(np.arange(3.0), (2, 3))
    assert torch.tensor(broadcast).tolist() == [[0.0, 1.0, 2.0]] * 2


def test_out_is_written_where_it_is():
    x, y = torch.arange(6.0), torch.ones(6)
    address, version = x.data_ptr(), x._version
    assert torch.add(x, y, out=x) is x
    assert x.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] and x.data_ptr() == address and x._version > version
    z = torch.empty(2, 3).t()
    assert torch.mul(torch.ones(3, 1), torch.tensor([2.0, 3.0]), out=z).tolist() == [[2.0, 3.0]] * 3
    assert z.stride() == (1, 3)


def test_small_tensors_are_written_in_place_and_counted():
    x = torch.arange(4.0)
    address = x.data_ptr()
    assert x.add_(x) is x and x.tolist() == [0.0, 2.0, 4.0, 6.0]
    x.sub_(torch.ones(4)).mul_(2).div_(4.0).pow_(2)
    assert x.tolist() == [0.25, 0.25, 2.25, 6.25] and x.data_ptr() == address and x._version == 5
    assert torch.zeros(2, 3).t().add_(torch.ones(3, 2)).stride() == (1, 3)
    # What the result does not fit as it is goes the long way.
    assert torch.ones(2).eq_(torch.tensor([1.0, 2.0])).tolist() == [1.0, 0.0]
    assert torch.ones(3).add_(torch.ones(1)).tolist() == [2.0] * 3
    assert torch.ones(2).add_(torch.tensor([1.5, 2.5], dtype=torch.float64)).tolist() == [2.5, 3.5]


def test_small_tensors_that_may_not_be_written_in_place_stay_as_they_are():
    x = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        x[1:].add_(x[:3])
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        torch.arange(3).mul_(1.5)
    array = np.arange(3.0)
    array.setflags(write=False)
    with pytest.warns(UserWarning, match="not writable"):
        shared = torch.from_numpy(array)
    with pytest.raises(RuntimeError, match="read-only"):
        shared.add_(1.0)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        torch.ones(2, requires_grad=True).mul_(2.0)
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0] and array.tolist() == [0.0, 1.0, 2.0] and x._version == 0


def test_out_that_meets_an_operand_elsewhere_or_does_not_fit_is_computed_apart():
    x = torch.arange(6.0)
    assert torch.add(x[:5], 1.0, out=x[1:]).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    small = torch.empty(0)
    assert torch.add(torch.ones(2), torch.ones(3, 1), out=small).shape == (3, 2)
    wide = torch.empty(2, dtype=torch.float64)
    assert torch.add(torch.ones(2), 0.5, out=wide).tolist() == [1.5, 1.5]
    with pytest.raises(RuntimeError, match="can't be cast"):
        torch.add(torch.ones(2, dtype=torch.int64), 0.5, out=torch.empty(2, dtype=torch.int64))
    square = torch.arange(9.0).reshape(3, 3)
    torch.add(square, square.t(), out=square)
    assert square.tolist() == [[0.0, 4.0, 8.0], [4.0, 8.0, 12.0], [8.0, 12.0, 16.0]]


@pytest.mark.parametrize("dtype", [torch.bool, torch.float16, torch.float32, torch.int64, torch.complex128])
@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()])
def test_flip(dtype, dims, threads):
    x = torch.arange(3 * 70 * 130).reshape(3, 70, 130).remainder(7).to(dtype)
    assert np.array_equal(x.flip(dims).numpy(), np.flip(x.numpy(), dims))
    y = x.transpose(0, 2)
    assert np.array_equal(y.flip(dims).numpy(), np.flip(y.numpy(), dims))


def test_flip_of_one_long_row(threads):
    x = torch.arange(100_003)
    assert torch.equal(x.flip(0), torch.arange(100_002, -1, -1))


@pytest.mark.parametrize("options", [(2,), (3, 1, 1), (3, 2, 1), (2, 3), (5, 1, 2, 2), (3, 2, 0, 1, True)])
def test_max_pool1d_without_places(options, threads):
    x = torch.randn(40, 5, 203)
    x[3, 2, 50:53] = float("nan")
    expected = F.max_pool1d(x.clone().requires_grad_(), *options).detach()
    assert torch.equal(F.max_pool1d(x, *options).nan_to_num(9.0), expected.nan_to_num(9.0))


@pytest.mark.parametrize("width", [3, 256, 1000])
def test_the_last_of_rows_put_in_one_place_stays(width, threads):
    torch.manual_seed(0)
    x, y, k = torch.zeros(50, width), torch.randn(200, width), torch.randint(-50, 50, (200,))
    expected = x.numpy().copy()
    for i, row in zip(k.tolist(), y.numpy(), strict=True):
        expected[i] = row
    x[k] = y
    assert np.array_equal(x.numpy(), expected)
    columns = torch.zeros(width, 50).t()
    columns[k] = y
    assert np.array_equal(columns.numpy(), expected)


@pytest.mark.parametrize("most", [1, 100, 30_000])
def test_bincount(most, threads):
    x = torch.randint(0, most, (300_001,))
    assert torch.bincount(x).tolist() == np.bincount(x.numpy()).tolist()
    assert torch.bincount(x.int(), minlength=most + 5).tolist() == np.bincount(x.numpy(), minlength=most + 5).tolist()
    x[12345] = -1
    with pytest.raises(RuntimeError, match="non-negative"):
        torch.bincount(x)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_searchsorted(n, right, threads):
    edges = torch.randn(n).sort().values
    x = torch.cat([torch.randn(3001), edges, torch.tensor([float("inf"), float("-inf")])])
    side = "right" if right else "left"
    assert (
        torch.searchsorted(edges, x, right=right).tolist() == np.searchsorted(edges.numpy(), x.numpy(), side).tolist()
    )
    rows = torch.randint(0, 9, (4, n)).sort(1).values
    found = torch.searchsorted(rows, torch.arange(-1, 10).repeat(4, 1), right=right)
    for row, places in zip(rows.numpy(), found.tolist(), strict=True):
        assert places == np.searchsorted(row, np.arange(-1, 10), side).tolist()


def test_integers_are_divided(threads):
    x, y = torch.randint(-1000, 1000, (70_001,)), torch.randint(1, 50, (70_001,))
    assert np.array_equal((x // y).numpy(), x.numpy() // y.numpy())
    y[69_999] = 0
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        x // y


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_integers_are_multiplied(turned, threads):
    a, b = torch.randint(-(2**62), 2**62, (67, 45)), torch.randint(-(2**62), 2**62, (45, 71))
    left, right = (m.t().contiguous().t() if t else m for m, t in zip((a, b), turned, strict=True))
    with np.errstate(over="ignore"):
        assert np.array_equal((left @ right).numpy(), a.numpy() @ b.numpy())


def test_halves_are_added_to_themselves_and_others():
    x, y = torch.randn(1037).half(), torch.randn(1037).half()
    for a, b in ((x, x), (x, y), (x[1:], x[:-1]), (x[::2], x[::2]), (x, x[:1])):
        assert np.array_equal((a + b).numpy(), (a.float() + b.float()).half().numpy())


def test_products_have_the_same_bits_for_any_number_of_threads():
    torch.manual_seed(0)
    x, y, v = torch.randn(600, 600), torch.randn(600, 600), torch.randn(300_000)
    products = (
        *(lambda: x @ y, lambda: x.t() @ y, lambda: x.t() @ y.t(), lambda: x[:, :311].t() @ y[:, 3:]),
        *(lambda: v @ v, lambda: F.linear(x[:64], y), lambda: x[:64].double().t() @ y[:64].double()),
    )
    before = torch.get_num_threads()
    try:
        for product in products:
            found = []
            for threads in (1, 2, 5):
                torch.set_num_threads(threads)
                found.append(product())
            assert all(torch.equal(found[0], other) for other in found[1:])
    finally:
        torch.set_num_threads(before)
    exact = (x.double().numpy().T @ y.double().numpy()).astype("f4")
    np.testing.assert_allclose((x.t() @ y).numpy(), exact, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose((v @ v).item(), (v.double() ** 2).sum().item(), rtol=1e-5)
