"""Learning rate schedulers, under PyTorch's names."""

from __future__ import annotations

from ._schedules.base import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from ._schedules.base import LRScheduler
from ._schedules.combined import ChainedScheduler, SequentialLR
from ._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from ._schedules.cycles import CyclicLR, OneCycleLR
from ._schedules.decay import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from ._schedules.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

# Pickles and messages name a class by the path that users import it from.
for _name in __all__:
    globals()[_name].__module__ = __name__


class _LRScheduler(LRScheduler):
    """The base class under its older name."""
