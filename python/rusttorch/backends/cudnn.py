"""Switches of cuDNN, which is not here: programs may set them, to no effect."""

from __future__ import annotations

from typing import Any

enabled: bool = True
benchmark: bool = False
deterministic: bool = False
allow_tf32: bool = True


def is_available() -> bool:
    """False."""
    return False


def is_acceptable(tensor: Any) -> bool:
    """False for every tensor."""
    return False


def version() -> None:
    """None."""
    return None
