"""Padding layers: constant, reflection, replication and circular, for one to three dimensions."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

from .. import functional as F
from .module import Module
from .utils import _ntuple, _pair, _quadruple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_sextuple = _ntuple(6, "_sextuple")


class _CircularPadNd(Module):
    __constants__ = ["padding"]
    padding: Any

    def _check_input_dim(self, input: torch.Tensor) -> None:
        raise NotImplementedError

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, *) or (C, *), to the same with larger sizes."""
        self._check_input_dim(input)
        return F.pad(input, self.padding, "circular")

    def extra_repr(self) -> str:
        """The padding, last dimension first."""
        return f"{self.padding}"


class CircularPad1d(_CircularPadNd):
    """Continues the last dimension from its other end.

    Args:
        padding: one number, or (left, right).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")


class CircularPad2d(_CircularPadNd):
    """Continues the last two dimensions from their other end.

    Args:
        padding: one number, or (left, right, top, bottom).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if input.dim() not in (3, 4):
            raise ValueError(f"expected 3D or 4D input (got {input.dim()}D input)")


class CircularPad3d(_CircularPadNd):
    """Continues the last three dimensions from their other end.

    Args:
        padding: one number, or (left, right, top, bottom, front, back).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if input.dim() not in (4, 5):
            raise ValueError(f"expected 4D or 5D input (got {input.dim()}D input)")


class _ConstantPadNd(Module):
    __constants__ = ["padding", "value"]
    value: float
    padding: Any

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Any shape, to the same with larger sizes."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The padding, last dimension first, and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Pads the last dimension with one value.

    Args:
        padding: one number, or (left, right).
        value: of the padding.
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _pair(padding)


class ConstantPad2d(_ConstantPadNd):
    """Pads the last two dimensions with one value.

    Args:
        padding: one number, or (left, right, top, bottom).
        value: of the padding.
    """

    __constants__ = ["padding", "value"]

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _quadruple(padding)


class ConstantPad3d(_ConstantPadNd):
    """Pads the last three dimensions with one value.

    Args:
        padding: one number, or (left, right, top, bottom, front, back).
        value: of the padding.
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _sextuple(padding)


class ZeroPad1d(ConstantPad1d):
    """ConstantPad1d with 0."""

    padding: Any

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """ConstantPad2d with 0."""

    padding: Any

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """ConstantPad3d with 0."""

    padding: Any

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class _ReflectionPadNd(Module):
    __constants__ = ["padding"]
    padding: Any

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, *) or (C, *), to the same with larger sizes."""
        return F.pad(input, self.padding, "reflect")

    def extra_repr(self) -> str:
        """The padding, last dimension first."""
        return f"{self.padding}"


class ReflectionPad1d(_ReflectionPadNd):
    """Mirrors the last dimension at its ends, without repeating the end itself.

    Args:
        padding: one number, or (left, right), less than the size.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)


class ReflectionPad2d(_ReflectionPadNd):
    """Mirrors the last two dimensions at their ends.

    Args:
        padding: one number, or (left, right, top, bottom), each less than the size.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)


class ReflectionPad3d(_ReflectionPadNd):
    """Mirrors the last three dimensions at their ends.

    Args:
        padding: one number, or (left, right, top, bottom, front, back), each less than the size.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)


class _ReplicationPadNd(Module):
    __constants__ = ["padding"]
    padding: Any

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, *) or (C, *), to the same with larger sizes."""
        return F.pad(input, self.padding, "replicate")

    def extra_repr(self) -> str:
        """The padding, last dimension first."""
        return f"{self.padding}"


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the values at the ends of the last dimension.

    Args:
        padding: one number, or (left, right).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the values at the ends of the last two dimensions.

    Args:
        padding: one number, or (left, right, top, bottom).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the values at the ends of the last three dimensions.

    Args:
        padding: one number, or (left, right, top, bottom, front, back).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)
