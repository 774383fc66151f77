"""Names for annotations, as in torch.types."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, TypeAlias

import rusttorch as torch

__all__ = ["Device", "FileLike", "Number", "Storage"]

Number: TypeAlias = int | float | bool
Device: TypeAlias = "torch.device | str | int | None"
FileLike: TypeAlias = Any
Storage: TypeAlias = "torch.UntypedStorage | torch.TypedStorage"

_int = builtins.int
_float = builtins.float
_bool = builtins.bool
_complex = builtins.complex
_size: TypeAlias = "torch.Size | list[int] | tuple[int, ...]"
_TensorOrTensors: TypeAlias = "torch.Tensor | Sequence[torch.Tensor]"
