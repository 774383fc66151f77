"""What `rusttorch._C._linalg` holds: made from the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from builtins import bool as _bool
from builtins import int as _int
from builtins import str as _str
from collections.abc import Sequence
from typing import overload

from ._C import Tensor, _Number, _Q_R, _U_S_Vh, _dtype

def cross(input: Tensor, other: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> Tensor:
    """The vector product along `dim`, which has size 3."""

def diagonal(A: Tensor, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
    """A view of a diagonal, as the last dim."""

def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Product by the ranks of the operands, as `torch.matmul`."""

@overload
def matrix_norm(input: Tensor, ord: _Number, dim: Sequence[_int] = (-2, -1), keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Norm of matrices: `ord` is 1, -1 (sums of columns), inf, -inf (of rows), 2 or -2 (singular values)."""
@overload
def matrix_norm(input: Tensor, ord: _str = "fro", dim: Sequence[_int] = (-2, -1), keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Norm of matrices by name: `fro` (Frobenius) or `nuc` (sum of singular values)."""

def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """A product of several matrices in the cheapest order; the first and the last may be vectors."""

@overload
def norm(input: Tensor, ord: _Number | None = None, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Norm of vectors (one dim) or, with `ord`, of matrices (two dims)."""
@overload
def norm(input: Tensor, ord: _str, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Norm of matrices by name."""

def qr(A: Tensor, mode: _str = "reduced", *, out: tuple[Tensor, Tensor] | None = None) -> _Q_R:
    """The QR decomposition of each matrix: Q of shape (..., m, k) and R of shape (..., k, n), where k is min(m, n), or
    m for `mode="complete"`. With `mode="r"` Q is empty. float32 and float64. The first min(m, n) columns must be
    independent for a derivative.
    """

def solve_triangular(input: Tensor, B: Tensor, *, upper: _bool, left: _bool = True, unitriangular: _bool = False, out: Tensor | None = None) -> Tensor:
    """X with `A X = B` (`X A = B` with `left=False`) for upper or lower triangular A, of which only that triangle is
    read; its diagonal counts as ones with `unitriangular=True`. Batches are broadcast.
    """

def svd(A: Tensor, full_matrices: _bool = True, *, driver: _str | None = None, out: tuple[Tensor, Tensor, Tensor] | None = None) -> _U_S_Vh:
    """The singular value decomposition of each matrix, `A = U diag(S) Vh`: S of shape (..., k), real and in decreasing
    order, with k the smaller side. U is (..., m, m) and Vh (..., n, n), or (..., m, k) and (..., k, n) with
    `full_matrices=False`. Gradients through U and Vh need distinct singular values, and ignore
    what `full_matrices=True` adds to them.
    """

def svdvals(A: Tensor, *, driver: _str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of each matrix, real and in decreasing order."""

def vander(x: Tensor, *, N: _int | None = None) -> Tensor:
    """Vandermonde matrices: rising powers of the last dim's elements as a new last dim."""

def vector_norm(input: Tensor, ord: _Number = 2, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Norm of order `ord` of vectors along `dim`; over several dims, or all of them, as if they were one vector."""
