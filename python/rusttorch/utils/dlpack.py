"""Tensors exchanged with other libraries through DLPack, without a copy."""

from rusttorch._C import from_dlpack as from_dlpack
from rusttorch._C import to_dlpack as to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
