"""Weight normalisation of the old kind, by a hook; see `parametrizations.weight_norm` for the new one."""

from __future__ import annotations

import warnings
from typing import Any

import rusttorch as torch

from ..parameter import Parameter, UninitializedParameter

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


def norm_except_dim(v: torch.Tensor, dim: int) -> torch.Tensor:
    """2-norms over all dimensions but one, which have size 1 in the result; with ``dim=-1`` of everything."""
    if dim == -1:
        return v.norm(2)
    rows = v.transpose(0, dim).contiguous().view(v.size(dim), -1)
    return rows.norm(2, 1).view(-1, *[1] * (v.dim() - 1)).transpose(0, dim)


def normalized(v: torch.Tensor, g: torch.Tensor, dim: int) -> torch.Tensor:
    """``v`` with the norms ``g``."""
    return v * (g / norm_except_dim(v, dim))


class WeightNorm:
    """The hook that computes the weight from ``weight_g`` and ``weight_v`` before each forward.

    Args:
        name: of the weight.
        dim: kept apart from the norm; None for one norm of everything.
    """

    name: str
    dim: int

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Any:
        """The weight, as a function of its norm and direction."""
        return normalized(getattr(module, self.name + "_v"), getattr(module, self.name + "_g"), self.dim)

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Replaces the parameter by its norm and direction; RuntimeError if that has been done."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm) and hook.name == name:
                raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
        fn = WeightNorm(name, dim)
        weight = getattr(module, name)
        if isinstance(weight, UninitializedParameter):
            raise ValueError(
                "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy "
                "forward before applying weight normalization"
            )
        del module._parameters[name]
        module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, fn.dim).data))
        module.register_parameter(name + "_v", Parameter(weight.data))
        setattr(module, name, fn.compute_weight(module))
        module.register_forward_pre_hook(fn)
        return fn

    def remove(self, module: Any) -> None:
        """Makes the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Makes a weight the product of a direction and a norm, ``weight_g * weight_v / |weight_v|``.

    Salimans and Kingma, 2016. Deprecated in favour of `parametrizations.weight_norm`.

    Args:
        module: whose parameter is replaced by two, in place.
        name: of the parameter.
        dim: each index of it has a norm of its own; None for one norm of everything.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Undoes `weight_norm`; ValueError if it was not applied."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
