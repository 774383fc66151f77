"""What `rusttorch._C._linalg` holds: made from the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from collections.abc import Sequence

from ._C import Tensor

def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Product by the ranks of the operands, as `torch.matmul`."""

def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """A product of several matrices in the cheapest order; the first and the last may be vectors."""
