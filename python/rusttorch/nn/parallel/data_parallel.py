"""DataParallel: a module whose batch is split over several GPUs; with none, the module itself."""

from __future__ import annotations

from typing import Any

from ..modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Calls the module, which stands in ``.module``, with whole batches.

    As PyTorch does where there is no GPU of CUDA, it runs the module where it is; state dicts have the prefix
    ``module.``.

    Args:
        module: the module.
        device_ids, output_device, dim: how to split batches over CUDA devices; without effect.
    """

    def __init__(self, module: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module makes of the arguments."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Any,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Calls the module as DataParallel does; ``inputs`` is one argument or a tuple of them."""
    if not isinstance(inputs, tuple):
        inputs = (inputs,)
    return module(*inputs, **(module_kwargs or {}))
