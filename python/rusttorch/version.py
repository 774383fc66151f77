"""The version of the package."""

from rusttorch import _C

__version__: str = _C.__version__
cuda = None
hip = None
