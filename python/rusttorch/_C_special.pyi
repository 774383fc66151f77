"""What `rusttorch._C._special` holds: made from the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from collections.abc import Sequence
from typing import overload

from ._C import Tensor, _Number, _bool, _int

def logsumexp(input: Tensor, dim: _int | Sequence[_int], keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """As `torch.logsumexp`."""

@overload
def xlog1py(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$x \log(1 + y)$; 0 where x is 0, unless y is NaN."""
@overload
def xlog1py(input: _Number, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def xlog1py(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
