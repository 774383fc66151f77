"""The functions of the top namespace that are written in Python: values, shapes, and what they refuse."""

from typing import Any

import pytest

import rusttorch as torch


def test_broadcast_shapes() -> None:
    assert torch.broadcast_shapes() == torch.Size([]) and torch.broadcast_shapes(3, (2, 3)) == (2, 3)
    assert torch.broadcast_shapes((2,), (3, 1), (4, 1, 1)) == (4, 3, 2) and torch.broadcast_shapes((0,), (1,)) == (0,)
    assert type(torch.broadcast_shapes((2,))) is torch.Size
    with pytest.raises(RuntimeError, match=r"dimension of length 3 at -1! Mismatching argument at index 1 had \(3,\)"):
        torch.broadcast_shapes((2,), (3,))
    with pytest.raises(ValueError, match="negative length"):
        torch.broadcast_shapes((-1,), (3,))


def test_broadcast_tensors() -> None:
    a, b = torch.broadcast_tensors(torch.ones(2, 1), torch.ones(3))
    assert a.shape == b.shape == (2, 3) and a.stride() == (1, 0) and b.stride() == (0, 1)
    assert torch.broadcast_tensors() == ()
    message = r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0"
    with pytest.raises(RuntimeError, match=message):
        torch.broadcast_tensors(torch.ones(2), torch.ones(3))
    with pytest.raises(TypeError, match="expected Tensor as element 0 in argument 0, but got list"):
        torch.broadcast_tensors([torch.ones(2)])


def test_meshgrid() -> None:
    x, y = torch.arange(2), torch.arange(3)
    for given in ((x, y), ([x, y],)):
        rows, columns = torch.meshgrid(*given, indexing="ij")
        assert rows.tolist() == [[0, 0, 0], [1, 1, 1]] and columns.tolist() == [[0, 1, 2], [0, 1, 2]]
    rows, columns = torch.meshgrid(x, y, indexing="xy")
    assert rows.tolist() == [[0, 1]] * 3 and columns.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert rows.data_ptr() == x.data_ptr()
    with pytest.warns(UserWarning, match="required to pass the indexing argument"):
        assert torch.meshgrid(x, y)[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("tensors", "indexing", "words"),
    [
        ((), "ij", "expects a non-empty TensorList"),
        ((torch.ones(2, 2),), "ij", "Expected 0D or 1D tensor"),
        ((torch.ones(2),), "ab", 'indexing must be one of "xy" or "ij", but received: ab'),
        ((torch.ones(2), torch.arange(2)), "ij", "same dtype"),
    ],
)
def test_meshgrid_refuses(tensors: tuple[Any, ...], indexing: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        torch.meshgrid(*tensors, indexing=indexing)


def test_einsum_forms() -> None:
    a, b = torch.arange(6.0).reshape(2, 3), torch.arange(12.0).reshape(3, 4)
    product = a @ b
    for result in (
        torch.einsum("ij,jk->ik", a, b),
        torch.einsum("ij,jk", [a, b]),
        torch.einsum(a, [0, 1], b, [1, 2], [0, 2]),
        torch.einsum(a, [..., 1], b, [1, 30], [..., 30]),
    ):
        assert torch.equal(result, product)
    with pytest.raises(ValueError, match="must specify the equation string and at least one operand"):
        torch.einsum("i,i")
    with pytest.raises(ValueError, match=r"not within the valid range \[0, 52\)"):
        torch.einsum(a, [60, 1])


def test_tensordot() -> None:
    a, b = torch.arange(24.0).reshape(2, 3, 4), torch.arange(12.0).reshape(4, 3)
    expected = torch.stack([(a[i] * b.t()).sum() for i in range(2)])
    for dims in (([1, 2], [1, 0]), torch.tensor([[1, 2], [1, 0]])):
        assert torch.equal(torch.tensordot(a, b, dims), expected)
    assert torch.equal(torch.tensordot(a[0], b, 1), a[0] @ b)
    assert torch.tensordot(torch.ones(2), torch.ones(3), 0).shape == (2, 3)
    out = torch.empty(2)
    assert torch.tensordot(a, b, ([1, 2], [1, 0]), out=out) is out and torch.equal(out, expected)
    for dims, words in ((-1, "expects dims >= 0"), (3, "expects dims < ndim_a or ndim_b"), ("a", "expects dims to be")):
        with pytest.raises(RuntimeError, match=words):
            torch.tensordot(a[0], b, dims)


def test_cartesian_prod() -> None:
    assert torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([5, 6])).tolist() == [[1, 5], [1, 6], [2, 5], [2, 6]]
    assert torch.cartesian_prod(torch.tensor([1, 2])).shape == (2,)
    with pytest.raises(RuntimeError, match=r"Expect a 1D vector, but got shape \[2, 2\]"):
        torch.cartesian_prod(torch.ones(2, 2))


def test_block_diag() -> None:
    made = torch.block_diag(torch.tensor(2), torch.ones(2), torch.ones(2, 1))
    assert made.tolist() == [[2, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert torch.block_diag().shape == (1, 0) and torch.block_diag(torch.ones(0), torch.ones(2, 0)).shape == (3, 0)
    with pytest.raises(RuntimeError, match="Input 0 has 3 dimensions"):
        torch.block_diag(torch.ones(1, 1, 1))


def test_at_least() -> None:
    scalar, row, matrix = torch.tensor(1), torch.ones(2), torch.ones(2, 3)
    shapes = {torch.atleast_1d: [(1,), (2,), (2, 3)], torch.atleast_2d: [(1, 1), (1, 2), (2, 3)]}
    shapes[torch.atleast_3d] = [(1, 1, 1), (1, 2, 1), (2, 3, 1)]
    for function, expected in shapes.items():
        assert [tuple(function(t).shape) for t in (scalar, row, matrix)] == expected
        assert [tuple(t.shape) for t in function(scalar, row, matrix)] == expected
        assert [tuple(t.shape) for t in function([scalar, row, matrix])] == expected
        with pytest.raises(TypeError):
            function(3)


def test_unravel_index() -> None:
    rows, columns = torch.unravel_index(torch.tensor([[5], [2]]), (2, 3))
    assert rows.tolist() == [[1], [0]] and columns.tolist() == [[2], [2]]
    assert torch.unravel_index(torch.tensor(4), 6)[0].item() == 4
    with pytest.raises(TypeError, match="expected 'indices' to be integer dtype"):
        torch.unravel_index(torch.ones(1), (2, 3))
    with pytest.raises(ValueError, match="'shape' cannot have negative values"):
        torch.unravel_index(torch.tensor(5), (2, -3))


def test_unique() -> None:
    x = torch.tensor([[3, 1], [3, 1], [2, 1]])
    assert torch.unique(x).tolist() == x.unique().tolist() == [1, 2, 3]
    found, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)
    assert torch.equal(found[inverse], x) and counts.tolist() == [3, 1, 2]
    assert torch.unique(x, dim=0).tolist() == [[2, 1], [3, 1]] and len(x.unique(return_counts=True)) == 2
    runs, lengths = torch.unique_consecutive(torch.tensor([1, 1, 2, 1]), return_counts=True)
    assert runs.tolist() == [1, 2, 1] and lengths.tolist() == [2, 1, 1]


def test_norm() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, -12.0]])
    assert torch.norm(x).item() == x.norm(p=None).item() == 13.0
    assert torch.norm(x, 1, 0).tolist() == [3.0, 16.0] and x.norm(dim=1, keepdim=True).tolist() == [[5.0], [12.0]]
    assert torch.norm(x, float("inf")).item() == 12.0 and torch.norm(x, dtype=torch.float64).dtype is torch.float64
    with pytest.raises(RuntimeError, match="floating point or complex"):
        torch.norm(torch.arange(3))


def test_split() -> None:
    x = torch.arange(5)
    assert [part.tolist() for part in torch.split(x, 2)] == [[0, 1], [2, 3], [4]]
    assert [part.tolist() for part in torch.split(x, split_size_or_sections=[2, 3], dim=0)] == [[0, 1], [2, 3, 4]]
    with pytest.raises(RuntimeError, match="to sum exactly to 5"):
        torch.split(x, [2, 2])
