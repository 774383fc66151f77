"""The device that is faster than the CPU, by the names of torch.accelerator: so far there is none."""

from __future__ import annotations

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """False."""
    return False


def current_accelerator(check_available: bool = False) -> None:
    """None."""
    return None


def device_count() -> int:
    """0."""
    return 0
