"""Data sets that examples and tests learn from."""

from __future__ import annotations

from .fashion_mnist import FashionMNIST, FashionMNISTSample

__all__ = ["FashionMNIST", "FashionMNISTSample"]
