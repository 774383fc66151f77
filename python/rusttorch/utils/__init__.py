"""Tools around tensors and training; each submodule loads when it is first named."""

from .._namespace import lazy_submodules

__getattr__ = lazy_submodules(__name__, ("_pytree", "checkpoint", "data", "dlpack", "hooks", "viz"))
