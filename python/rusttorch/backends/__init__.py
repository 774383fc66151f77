"""Switches of libraries that PyTorch may be built with; none of them is here, and setting one has no effect."""

from .._namespace import lazy_submodules

__getattr__ = lazy_submodules(__name__, ("cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"))
