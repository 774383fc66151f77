"""The default random number generator: its seed and its state. The stream of numbers is PyTorch's, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = ["fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def set_rng_state(new_state: torch.Tensor) -> None:
    """Put the generator into a state that `get_rng_state` gave: a uint8 tensor.

    Raises:
        TypeError: not a uint8 tensor.
        RuntimeError: not a state.
    """
    _C.default_generator.set_state(new_state)


def get_rng_state() -> torch.Tensor:
    """The state of the generator, as a uint8 tensor."""
    return _C.default_generator.get_state()


def manual_seed(seed: int) -> Any:
    """Start the generator's stream anew from `seed`, an integer from -2**63 to 2**64 - 1; returns the generator.

    Raises:
        ValueError: out of range.
    """
    return _C.default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the generator's stream from a number that the system's source of randomness gives, and return it."""
    return _C.default_generator.seed()


def initial_seed() -> int:
    """The seed that the generator was last started from."""
    return _C.default_generator.initial_seed()


@contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """Context manager: whatever is drawn or seeded inside, the generator is as before afterwards.

    Args:
        devices: no effect: every device draws from the one generator.
        enabled: False leaves the generator alone.
        device_type: no effect, as `devices`.
    """
    if not enabled:
        yield
        return
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)
