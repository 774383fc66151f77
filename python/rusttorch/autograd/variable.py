"""The historical name `Variable`: tensors have recorded their own history since Variable and Tensor became one."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

__all__ = ["Variable"]


class _VariableMeta(type):
    """Makes every tensor an instance of `Variable`, and `Variable(t)` a tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, torch.Tensor)

    def __call__(cls, data: torch.Tensor | None = None, requires_grad: bool | None = None) -> torch.Tensor:
        """A new leaf with the data of `data` (shared, not copied); without data an empty float tensor."""
        if data is None:
            result = torch.empty(0)
        elif isinstance(data, torch.Tensor):
            result = data.detach()
        else:
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return result.requires_grad_() if requires_grad else result


class Variable(metaclass=_VariableMeta):
    """`Variable(tensor, requires_grad=False)` is a tensor; `isinstance(tensor, Variable)` holds for every tensor."""
