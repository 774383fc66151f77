"""`torch.Size`: a tensor's shape, a tuple of ints that stays a Size when it is sliced or joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Size(tuple[int, ...]):
    """The sizes of a tensor's dimensions.

    Args:
        sizes: integers, or 0-dim integer tensors.

    Raises:
        TypeError: an item is no integer.
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        if type(sizes) is not tuple or any(type(n) is not int for n in sizes):
            items = []
            for i, n in enumerate(sizes):
                try:
                    items.append(n.__index__())
                except (AttributeError, TypeError):
                    kind = f"{type(n).__name__}"
                    raise TypeError(f"torch.Size() takes an iterable of 'int' (item {i} is '{kind}')") from None
            sizes = items
        return tuple.__new__(cls, sizes)

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        n = 1
        for size in self:
            n *= size
        return n

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return tuple.__new__(Size, item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Any:
        return tuple.__new__(Size, tuple.__add__(self, other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return tuple.__new__(Size, other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return tuple.__new__(Size, tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)
