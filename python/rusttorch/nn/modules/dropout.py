"""Dropout layers: active in training, the identity in evaluation."""

from __future__ import annotations

import rusttorch as torch

from .. import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    __constants__ = ["p", "inplace"]
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Probability, and whether the input itself is changed."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Zeroes each element with probability ``p`` and scales the others by 1 / (1 - p). Srivastava et al., 2014.

    Args:
        p: in [0, 1] (ValueError).
        inplace: whether the input itself is changed.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Any shape, to the same."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Zeroes whole channels of shape (N, C, L) or (C, L); arguments as for Dropout."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, L) or (C, L), to the same."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Zeroes whole channels of shape (N, C, H, W) or (N, C, L); arguments as for Dropout. Tompson et al., 2014."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) or (N, C, L), to the same."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Zeroes whole channels of shape (N, C, D, H, W) or (C, D, H, W); arguments as for Dropout."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, D, H, W) or (C, D, H, W), to the same."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance of self-normalising networks. Klambauer et al., 2017."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Any shape, to the same."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """AlphaDropout of whole channels."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, *), to the same."""
        return F.feature_alpha_dropout(input, self.p, self.training)
