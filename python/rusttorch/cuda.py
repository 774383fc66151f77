"""The names of torch.cuda that programs ask on every machine; there is no CUDA in this package.

GPUs, NVIDIA's among them, are reached through Vulkan, Metal or DirectX 12: ``device="gpu"``, `rusttorch.gpu`. To call them
``cuda`` would promise what programs do with CUDA besides: streams, graphs, kernels of their own, NCCL.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "seed",
    "seed_all",
    "set_device",
    "synchronize",
]


def is_available() -> bool:
    """False: GPUs are not reached through CUDA here; ask `rusttorch.accelerator.is_available` or `rusttorch.gpu`."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no CUDA generator to seed, and as in PyTorch that is no error."""


def manual_seed_all(seed: int) -> None:
    """Nothing, as `manual_seed`."""


def seed() -> None:
    """Nothing, as `manual_seed`."""


def seed_all() -> None:
    """Nothing, as `manual_seed`."""


def empty_cache() -> None:
    """Nothing: no memory is cached."""


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """0."""
    return 0


def _no_cuda() -> NoReturn:
    raise AssertionError("Torch not compiled with CUDA enabled")


def current_device() -> int:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()


def set_device(device: Any) -> None:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()


def synchronize(device: Any = None) -> None:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()


def get_device_name(device: Any = None) -> str:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()


def get_device_properties(device: Any = None) -> Any:
    """Raises AssertionError: there is no CUDA device."""
    _no_cuda()
