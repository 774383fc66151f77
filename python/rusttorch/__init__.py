"""PyTorch's interface on a small engine written in Rust: `import rusttorch as torch` runs PyTorch programs."""

from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import TYPE_CHECKING, Any

from . import _C as _C
from . import _tensor as _tensor
from . import functional as functional
from . import random as random
from . import return_types as return_types
from . import version as version
from ._defaults import *
from ._limits import finfo as finfo
from ._limits import iinfo as iinfo
from ._namespace import public_names as _public_names
from ._settings import *
from ._size import Size as Size
from ._tensor_str import set_printoptions as set_printoptions
from .autograd.grad_mode import enable_grad as enable_grad
from .autograd.grad_mode import inference_mode as inference_mode
from .autograd.grad_mode import no_grad as no_grad
from .autograd.grad_mode import set_grad_enabled as set_grad_enabled
from .functional import *
from .random import get_rng_state as get_rng_state
from .random import initial_seed as initial_seed
from .random import manual_seed as manual_seed
from .random import seed as seed
from .random import set_rng_state as set_rng_state
from .version import __version__ as __version__

if TYPE_CHECKING:
    from . import accelerator as accelerator
    from . import autograd as autograd
    from . import backends as backends
    from . import cpu as cpu
    from . import cuda as cuda
    from . import fft as fft
    from . import func as func
    from . import gpu as gpu
    from . import linalg as linalg
    from . import nn as nn
    from . import optim as optim
    from . import profiler as profiler
    from . import serialization as serialization
    from . import special as special
    from . import testing as testing
    from . import utils as utils
    from ._C import *  # type: ignore[assignment]
    from .accelerator import Event as Event
    from .accelerator import Stream as Stream
    from .serialization import load as load
    from .serialization import save as save
    from .storage import TypedStorage as TypedStorage

# Everything native, except where a function written in Python has the name.
globals().update(_public_names(_C) | globals())

newaxis = None

# Second names of the dtypes; from here on bool, int and float mean dtypes in this file.
half = _C.float16
float = _C.float32
double = _C.float64
short = _C.int16
int = _C.int32
long = _C.int64
cfloat = _C.complex64
cdouble = _C.complex128

_tensor.attach()

_SUBMODULES = frozenset(
    {"_legacy_types", "_utils", "accelerator", "backends", "cpu", "cuda", "datasets", "fft", "func", "gpu", "linalg"}
    | {"nn", "optim", "profiler", "serialization", "special", "storage", "testing", "types", "utils"}
)
# name -> the submodule it comes from
_ON_DEMAND = {"load": "serialization", "save": "serialization", "TypedStorage": "storage"}
_ON_DEMAND |= {"Event": "accelerator", "Stream": "accelerator"}


def __getattr__(name: str) -> Any:
    """Load a submodule, a function of one, a legacy type or a private native name when it is first named."""
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _ON_DEMAND:
        value = getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
    elif name.endswith(("Tensor", "Storage")):
        from ._legacy_types import by_name

        value = by_name.get(name)
    elif name.startswith("_") and not name.startswith("__"):
        value = getattr(_C, name, None)
    else:
        value = None
    if value is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Also what loads on demand."""
    return sorted({*globals(), *_SUBMODULES, *_ON_DEMAND})
