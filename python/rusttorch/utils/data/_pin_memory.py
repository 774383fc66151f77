"""Hands a batch to `pin_memory`: its tensors and objects that have such a method, wherever in containers they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._collate import _like_mapping, _like_sequence


def pin_memory(data: Any) -> Any:
    """The batch with what can be pinned replaced by what its `pin_memory` gives; containers keep their type."""
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: pin_memory(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(pin_memory, data))
    if isinstance(data, Sequence):
        return _like_sequence(data, [pin_memory(value) for value in data])
    return data
