"""Layers and what belongs to them: `torch.nn`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import functional as functional
from . import init as init
from . import modules as modules
from . import parameter as parameter
from . import utils as utils
from .modules import *  # noqa: F403
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter
from .parameter import UninitializedBuffer as UninitializedBuffer
from .parameter import UninitializedParameter as UninitializedParameter

_LAZY = {"DataParallel": "parallel"}


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """Of a module's keyword arguments, those that make tensors: device, dtype and memory_format.

    They may also stand in ``kwargs["factory_kwargs"]``, but not in both places; TypeError for others.
    """
    if kwargs is None:
        return {}
    simple = {"device", "dtype", "memory_format"}
    expected = simple | {"factory_kwargs"}
    if not kwargs.keys() <= expected:
        raise TypeError(f"unexpected kwargs {kwargs.keys() - expected}")
    # The arguments inside take precedence over none, and repeated ones are refused by dict itself.
    inside = dict(kwargs.get("factory_kwargs", {}))
    for key in simple:
        if key in kwargs:
            if key in inside:
                raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
            inside[key] = kwargs[key]
    return inside


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    if name in ("common_types", "parallel"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
