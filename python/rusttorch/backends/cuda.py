"""Switches of CUDA, which is not here: programs may set them, to no effect."""

from __future__ import annotations


class _MatmulSwitches:
    """What programs set on `backends.cuda.matmul`."""

    allow_tf32: bool = False
    allow_fp16_reduced_precision_reduction: bool = True
    allow_bf16_reduced_precision_reduction: bool = True


matmul = _MatmulSwitches()


def is_built() -> bool:
    """False."""
    return False
