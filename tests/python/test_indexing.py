"""Indexing and index assignment against NumPy, which shares their rules."""

import numpy as np
import pytest

import rusttorch as torch

A = np.arange(60).reshape(3, 4, 5)

INDICES = [
    0,
    -1,
    (1, 2),
    (1, 2, 3),
    slice(None),
    slice(1, None),
    slice(None, None, 2),
    (slice(None), slice(3, 1)),
    (slice(-2, None), -1),
    None,
    (None, 1, None),
    Ellipsis,
    (Ellipsis, 2),
    (0, Ellipsis, slice(1, 4, 2)),
    [0, 2],
    [-1, 0, 0],
    ([0, 1], [2, 3]),
    ([[0], [2]], [1, 3]),
    (slice(None), [0, 3]),
    (slice(None), [0, 3], slice(1, 3)),
    ([0, 2], slice(None), [1, 4]),
    (Ellipsis, [1, 4, 4]),
    (None, [0, 1], slice(None, None, 2)),
    A > 30,
    (A.sum((1, 2)) > 500),
    (slice(None), A[0, :, 0] > 4),
    (A[:, :, 0] > 10, 2),
    (np.array([0, 2]), np.array([[1], [2]])),
    np.array([], dtype="int64"),
    np.zeros(3, dtype="bool"),
    True,
    False,
    (True, 1),
]


def to_torch(index):
    if isinstance(index, tuple):
        return tuple(to_torch(i) for i in index)
    return torch.from_numpy(index.copy()) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("index", INDICES, ids=lambda i: str(i).replace("\n", "")[:40])
@pytest.mark.parametrize("kind", ["native", "numpy"])
def test_getting(index, kind):
    x = torch.from_numpy(A.copy())
    got = x[to_torch(index) if kind == "native" else index]
    expected = A[index]
    assert got.tolist() == expected.tolist() and got.shape == expected.shape


@pytest.mark.parametrize("index", INDICES, ids=lambda i: str(i).replace("\n", "")[:40])
def test_assigning_a_number_and_a_tensor(index):
    x, a = torch.from_numpy(A.copy()), A.copy()
    x[to_torch(index)] = -7
    a[index] = -7
    assert x.tolist() == a.tolist()
    x, a = torch.from_numpy(A.copy()), A.copy()
    value = np.asarray(np.arange(a[index].size).reshape(a[index].shape) + 100)
    if len({*np.arange(a.size).reshape(a.shape)[index].ravel().tolist()}) == value.size:
        x[to_torch(index)] = torch.from_numpy(value)
        a[index] = value
        assert x.tolist() == a.tolist()


def test_an_int_is_taken_before_lists_unlike_in_numpy():
    x = torch.from_numpy(A.copy())
    assert x[0, :, [1, 4]].tolist() == A[0][:, [1, 4]].tolist()


def test_gradients_of_reading_and_writing():
    x = torch.arange(6.0, requires_grad=True)
    x[[0, 0, 3]].sum().backward()
    assert x.grad.tolist() == [2, 0, 0, 1, 0, 0]
    x.grad = None
    v = torch.tensor([5.0, 6.0], requires_grad=True)
    y = x * 2
    y[torch.tensor([1, 4])] = v * 3
    (y * y).sum().backward()
    assert v.grad.tolist() == [2 * 15 * 3.0, 2 * 18 * 3.0]
    assert x.grad.tolist() == [0.0, 0.0, 16.0, 24.0, 0.0, 40.0]
    mask = torch.tensor([True, False, True])
    z = torch.ones(3, requires_grad=True)
    (z[mask] * torch.tensor([2.0, 3.0])).sum().backward()
    assert z.grad.tolist() == [2.0, 0.0, 3.0]


def test_an_integer_index_is_a_view_and_a_list_is_a_copy():
    x = torch.zeros(3, 4)
    x[1][2] = 5
    x[[0]][0] = 7
    assert x[1, 2].item() == 5 and x[0].sum().item() == 0


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (5, IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
        ((0, -5), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
        ([0, 3], IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        ("a", (IndexError, TypeError), ""),
        (1.5, IndexError, "valid indices"),
        (slice(None, None, -1), ValueError, "step must be greater than zero|negative step not yet supported"),
        (slice(None, None, 0), ValueError, "step"),
    ],
)
def test_bad_indices(index, kind, message):
    x = torch.from_numpy(A.copy())
    with pytest.raises(kind, match=message):
        x[index]


def test_masks_of_a_wrong_shape_and_values_that_do_not_fit():
    x = torch.zeros(3, 4)
    with pytest.raises(IndexError, match="The shape of the mask"):
        x[torch.zeros(4, dtype=torch.bool)]
    with pytest.raises(RuntimeError):
        x[0] = torch.zeros(3)
    assert x.sum().item() == 0


def test_iteration_length_and_contains():
    x = torch.arange(3)
    assert [int(v) for v in x] == [0, 1, 2] and len(x) == 3 and 2 in x and 5 not in x
    with pytest.raises(TypeError, match="0-d tensor"):
        len(torch.tensor(1))
    with pytest.raises(TypeError, match="0-d tensor"):
        iter(torch.tensor(1))


def test_out_may_not_be_an_input_of_ops_that_pick() -> None:
    x, index = torch.arange(6.0), torch.tensor([2, 1, 0])
    twice = torch.zeros(3).expand(2, 3)
    for call in (
        lambda: torch.gather(x, 0, index, out=x),
        lambda: torch.take(x, index, out=x),
        lambda: torch.index_select(x, 0, index, out=x[1:4]),
        lambda: torch.cat([x, x], out=x),
        lambda: torch.index_select(torch.ones(2, 3), 0, index[2:], out=twice),
    ):
        with pytest.raises(RuntimeError, match="unsupported operation"):
            call()
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert torch.gather(x[:3], 0, index, out=x[3:]).tolist() == [2.0, 1.0, 0.0]
