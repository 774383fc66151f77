"""Modules made without moving the generator of random numbers on."""

from __future__ import annotations

import inspect
from typing import Any

import rusttorch as torch


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module whose first values do not count, since ``load_state_dict`` will replace them.

    The state of the generator of random numbers is afterwards as it was before.

    Args:
        module_cls: a class (TypeError) of modules (RuntimeError) that takes ``device`` (RuntimeError).
        args, kwargs: its arguments.
    """
    from ..modules.module import Module

    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    takes_device = "device" in inspect.signature(module_cls).parameters
    if not takes_device and not any(
        "device" in inspect.signature(base.__init__).parameters for base in module_cls.__mro__[1:-1]
    ):
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = torch.get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        torch.set_rng_state(state)
