"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import rusttorch as torch


def _check_devices(parameters: list[torch.Tensor]) -> None:
    if len({param.device for param in parameters}) > 1:
        raise TypeError("Found two parameters on different devices, this is currently not supported.")


def parameters_to_vector(parameters: Iterable[torch.Tensor]) -> torch.Tensor:
    """The values of all parameters, one after the other, in a tensor of one dimension.

    They must be on one device (TypeError).
    """
    found = list(parameters)
    _check_devices(found)
    return torch.cat([param.view(-1) for param in found])


def vector_to_parameters(vec: torch.Tensor, parameters: Iterable[torch.Tensor]) -> None:
    """Makes the parts of a vector (TypeError for anything else) the values of the parameters, without a copy."""
    if not isinstance(vec, torch.Tensor):
        from ..modules.module import _type_name

        raise TypeError(f"expected torch.Tensor, but got: {_type_name(vec)}")
    found = list(parameters)
    _check_devices(found)
    start = 0
    for param in found:
        end = start + param.numel()
        param.data = vec[start:end].view_as(param).data
        start = end
