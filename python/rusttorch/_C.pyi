"""The native layer of the package: made from `src/ops/stub.pyi` and the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from builtins import bool as _bool
from builtins import complex as _complex
from builtins import float as _float
from builtins import int as _int
from builtins import str as _str
from builtins import type as _type
from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar, overload

from typing_extensions import Buffer, Self

from . import _C_fft, _C_linalg, _C_nn, _C_special
from ._size import Size as _Size
from .storage import TypedStorage as _TypedStorage
from .utils.hooks import RemovableHandle as _RemovableHandle

_fft = _C_fft
_linalg = _C_linalg
_nn = _C_nn
_special = _C_special

# Inside classes the plain names would mean the attributes of the same name.
_Number: TypeAlias = _int | _float | _complex
_Device: TypeAlias = device | _str | _int
_dtype: TypeAlias = dtype
_device: TypeAlias = device
_layout: TypeAlias = layout
_memory_format: TypeAlias = memory_format
# A tensor may be indexed by each of these, or by a tuple of them; NumPy's arrays and numbers are among the rest.
_Index: TypeAlias = Tensor | _int | slice | EllipsisType | None | Sequence[Any] | Any
_T = TypeVar("_T", bound=Tensor)
# What pickle's `__reduce__` may give.
_Reduced: TypeAlias = _str | tuple[Any, ...]

__version__: _str

class dtype:
    """The type of a tensor's elements."""

    @property
    def is_floating_point(self) -> _bool: ...
    @property
    def is_complex(self) -> _bool: ...
    @property
    def is_signed(self) -> _bool: ...
    @property
    def itemsize(self) -> _int: ...
    def to_real(self) -> dtype: ...
    def to_complex(self) -> dtype: ...
    def __reduce__(self) -> _str: ...

bool: dtype
uint8: dtype
int8: dtype
int16: dtype
int32: dtype
int64: dtype
float16: dtype
bfloat16: dtype
float32: dtype
float64: dtype
complex64: dtype
complex128: dtype

class device:
    """Where a tensor lives; as a context manager, where new tensors go."""

    def __new__(cls, type: device | _str | _int, index: _int | None = None) -> Self: ...
    @property
    def type(self) -> _str: ...
    @property
    def index(self) -> _int | None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, type: Any, value: Any, traceback: Any, /) -> None: ...
    def __reduce__(self) -> _Reduced: ...

class layout:
    """How a tensor is stored."""

    def __reduce__(self) -> _str: ...

strided: layout
sparse_coo: layout
sparse_csr: layout
sparse_csc: layout
sparse_bsr: layout
sparse_bsc: layout
jagged: layout
_mkldnn: layout

class memory_format:
    """The order of a tensor's dims in memory."""

    def __reduce__(self) -> _str: ...

contiguous_format: memory_format
preserve_format: memory_format
legacy_contiguous_format: memory_format
channels_last: memory_format
channels_last_3d: memory_format

class Generator:
    """A source of random numbers: PyTorch's CPU stream, for whatever device."""

    def __new__(cls, device: _Device | None = None) -> Self: ...
    def manual_seed(self, seed: _int) -> Self: ...
    def initial_seed(self) -> _int: ...
    def seed(self) -> _int: ...
    def get_state(self) -> Tensor: ...
    def set_state(self, new_state: Tensor) -> Self: ...
    def clone_state(self) -> Generator: ...
    @property
    def device(self) -> _device: ...
    def __reduce__(self) -> _Reduced: ...
    def __setstate__(self, state: bytes | bytearray) -> None: ...

default_generator: Generator

class UntypedStorage:
    """The bytes behind one or more tensors; it has the buffer protocol."""

    def __new__(cls, size: _int = 0) -> Self: ...
    def data_ptr(self) -> _int: ...
    def nbytes(self) -> _int: ...
    def size(self) -> _int: ...
    def element_size(self) -> _int: ...
    def __len__(self) -> _int: ...
    @property
    def device(self) -> _device: ...
    @property
    def is_cuda(self) -> _bool: ...
    def is_shared(self) -> _bool: ...
    def share_memory_(self) -> None: ...
    def __getitem__(self, i: _int, /) -> _int: ...
    def __buffer__(self, flags: _int, /) -> memoryview: ...
    def __deepcopy__(self, memo: dict[_int, Any]) -> UntypedStorage: ...
    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]: ...

class Node:
    """A node of the autograd graph: the op that made a tensor."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self: ...
    def name(self) -> _str: ...
    @property
    def next_functions(self) -> tuple[tuple[Node | None, _int], ...]: ...
    @property
    def variable(self) -> Tensor: ...
    @property
    def metadata(self) -> dict[_str, Any]: ...
    @property
    def _input_metadata(self) -> tuple[Any, ...]: ...
    def _sequence_nr(self) -> _int: ...
    def register_hook(
        self, fn: Callable[[tuple[Tensor | None, ...], tuple[Tensor | None, ...]], Any], /
    ) -> NodeHookHandle: ...
    def register_prehook(self, fn: Callable[[tuple[Tensor | None, ...]], Any], /) -> NodeHookHandle: ...
    def _unpack_saved(self, at: _int) -> Tensor: ...
    def _raw_saved(self, at: _int) -> SavedTensor: ...
    def __call__(self, *grads: Tensor | None) -> Any: ...
    def __getattr__(self, name: _str) -> Any: ...
    def __dir__(self) -> list[_str]: ...

class NodeHookHandle:
    """A handle whose `remove()` takes a node's hook away again."""

    @property
    def id(self) -> _int: ...
    def remove(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...

class SavedTensor:
    """One tensor that a node saved, itself: what `grad_fn._raw_saved_self` gives."""

    def register_hooks(self, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None: ...
    def unpack(self) -> Tensor: ...
    @property
    def data(self) -> Any: ...

class Tensor:
    """A multi-dimensional array of elements of one dtype, which can remember how it was computed."""

    @overload
    def __new__(cls, *size: _int, device: _Device | None = None) -> Self: ...
    @overload
    def __new__(cls, data: Any, *, device: _Device | None = None) -> Self: ...

    # ---- shape and type
    @property
    def shape(self) -> _Size: ...
    @overload
    def size(self, dim: None = None) -> _Size: ...
    @overload
    def size(self, dim: _int) -> _int: ...
    @overload
    def stride(self, dim: None = None) -> tuple[_int, ...]: ...
    @overload
    def stride(self, dim: _int) -> _int: ...
    def dim(self) -> _int: ...
    def ndimension(self) -> _int: ...
    @property
    def ndim(self) -> _int: ...
    def numel(self) -> _int: ...
    def nelement(self) -> _int: ...
    @property
    def dtype(self) -> _dtype: ...
    @property
    def device(self) -> _device: ...
    def get_device(self) -> _int: ...
    @property
    def layout(self) -> _layout: ...
    @property
    def itemsize(self) -> _int: ...
    def element_size(self) -> _int: ...
    @property
    def nbytes(self) -> _int: ...
    def storage_offset(self) -> _int: ...
    def data_ptr(self) -> _int: ...
    def is_contiguous(self, *, memory_format: _memory_format = ...) -> _bool: ...
    def untyped_storage(self) -> UntypedStorage: ...
    def storage(self) -> _TypedStorage: ...
    def _typed_storage(self) -> _TypedStorage: ...
    def is_shared(self) -> _bool: ...
    def share_memory_(self) -> Self: ...
    @property
    def names(self) -> tuple[None, ...]: ...
    def has_names(self) -> _bool: ...
    @property
    def is_cuda(self) -> _bool: ...
    @property
    def is_cpu(self) -> _bool: ...
    @property
    def is_mps(self) -> _bool: ...
    @property
    def is_xpu(self) -> _bool: ...
    @property
    def is_meta(self) -> _bool: ...
    @property
    def is_sparse(self) -> _bool: ...
    @property
    def is_sparse_csr(self) -> _bool: ...
    @property
    def is_quantized(self) -> _bool: ...
    @property
    def is_mkldnn(self) -> _bool: ...
    @property
    def is_nested(self) -> _bool: ...
    def is_conj(self) -> _bool: ...
    def is_neg(self) -> _bool: ...
    def pin_memory(self, device: _Device | None = None) -> Tensor: ...
    def is_pinned(self, device: _Device | None = None) -> _bool: ...
    @overload
    def type(self, dtype: None = None, non_blocking: _bool = False) -> _str: ...
    @overload
    def type(self, dtype: _dtype | _str | Any, non_blocking: _bool = False) -> Tensor: ...

    # ---- values
    def item(self) -> Any: ...
    def tolist(self) -> Any: ...
    def __bool__(self) -> _bool: ...
    def __float__(self) -> _float: ...
    def __int__(self) -> _int: ...
    def __complex__(self) -> _complex: ...
    def __index__(self) -> _int: ...
    def __len__(self) -> _int: ...
    def __contains__(self, element: Any, /) -> _bool: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __reversed__(self) -> Tensor: ...
    def __getitem__(self, index: _Index | tuple[_Index, ...], /) -> Tensor: ...
    def __setitem__(self, index: _Index | tuple[_Index, ...], value: Tensor | _Number | Any, /) -> None: ...

    # ---- operators
    def __add__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __radd__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __iadd__(self, other: Tensor | _Number, /) -> Self: ...
    def __sub__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rsub__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __isub__(self, other: Tensor | _Number, /) -> Self: ...
    def __mul__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rmul__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __imul__(self, other: Tensor | _Number, /) -> Self: ...
    def __truediv__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rtruediv__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rdiv__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __itruediv__(self, other: Tensor | _Number, /) -> Self: ...
    def __floordiv__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rfloordiv__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __ifloordiv__(self, other: Tensor | _Number, /) -> Self: ...
    def __mod__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rmod__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __imod__(self, other: Tensor | _Number, /) -> Self: ...
    def __pow__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __rpow__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __ipow__(self, other: Tensor | _Number, /) -> Self: ...
    def __matmul__(self, other: Tensor, /) -> Tensor: ...
    def __rmatmul__(self, other: Tensor, /) -> Tensor: ...
    def __and__(self, other: Tensor | _int, /) -> Tensor: ...
    def __rand__(self, other: Tensor | _int, /) -> Tensor: ...
    def __iand__(self, other: Tensor | _int, /) -> Self: ...
    def __or__(self, other: Tensor | _int, /) -> Tensor: ...
    def __ror__(self, other: Tensor | _int, /) -> Tensor: ...
    def __ior__(self, other: Tensor | _int, /) -> Self: ...
    def __xor__(self, other: Tensor | _int, /) -> Tensor: ...
    def __rxor__(self, other: Tensor | _int, /) -> Tensor: ...
    def __ixor__(self, other: Tensor | _int, /) -> Self: ...
    def __lshift__(self, other: Tensor | _int, /) -> Tensor: ...
    def __rlshift__(self, other: Tensor | _int, /) -> Tensor: ...
    def __ilshift__(self, other: Tensor | _int, /) -> Self: ...
    def __rshift__(self, other: Tensor | _int, /) -> Tensor: ...
    def __rrshift__(self, other: Tensor | _int, /) -> Tensor: ...
    def __irshift__(self, other: Tensor | _int, /) -> Self: ...
    def __lt__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __le__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __gt__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __ge__(self, other: Tensor | _Number, /) -> Tensor: ...
    def __eq__(self, other: Tensor | _Number, /) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: Tensor | _Number, /) -> Tensor: ...  # type: ignore[override]
    def __hash__(self) -> _int: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...

    # ---- autograd
    requires_grad: _bool
    grad: Tensor | None
    data: Tensor
    def requires_grad_(self, requires_grad: _bool = True) -> Self: ...
    @property
    def is_leaf(self) -> _bool: ...
    def is_inference(self) -> _bool: ...
    @property
    def grad_fn(self) -> Node | None: ...
    @property
    def output_nr(self) -> _int: ...
    @property
    def _version(self) -> _int: ...
    @property
    def _base(self) -> Tensor | None: ...
    def _is_view(self) -> _bool: ...
    def detach(self) -> Tensor: ...
    def detach_(self) -> Self: ...
    def retain_grad(self) -> None: ...
    @property
    def retains_grad(self) -> _bool: ...
    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: _bool | None = None,
        create_graph: _bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None: ...
    def new_tensor(
        self, data: Any, *, dtype: _dtype | None = None, device: Any = None, requires_grad: _bool = False, **options: Any
    ) -> Tensor:
        """A new tensor with a copy of `data`, by default of this tensor's dtype."""
    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> _RemovableHandle: ...
    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> _RemovableHandle: ...
    @property
    def _backward_hooks(self) -> dict[_int, Any] | None: ...
    def _register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> _int: ...
    def _remove_hook(self, id: _int) -> None: ...
    def _register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> _int: ...

    # ---- identity
    @staticmethod
    def _make_subclass(cls: _type[_T], data: Tensor, require_grad: _bool = False) -> _T: ...
    def as_subclass(self, cls: Any) -> Any: ...
    def is_set_to(self, other: Tensor) -> _bool: ...
    def set_(
        self,
        source: Tensor | UntypedStorage | _TypedStorage | None = None,
        storage_offset: _int = 0,
        size: Sequence[_int] | None = None,
        stride: Sequence[_int] | None = None,
    ) -> Self: ...
    @overload
    def resize_(self, size: Sequence[_int], /, *, memory_format: _memory_format | None = None) -> Self: ...
    @overload
    def resize_(self, *size: _int, memory_format: _memory_format | None = None) -> Self: ...
    def module_load(self, other: Tensor, assign: _bool = False) -> Tensor: ...
    def __format__(self, format_spec: _str) -> _str: ...
    def __deepcopy__(self, memo: dict[_int, Any]) -> Self: ...
    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]: ...

    # ---- neighbours
    __array_priority__: ClassVar[_int]
    def numpy(self, *, force: _bool = False) -> Any: ...
    def __array__(self, dtype: Any = None, copy: _bool | None = None) -> Any: ...
    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: _bool = False) -> Tensor: ...
    def __dlpack_device__(self) -> tuple[_int, _int]: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[_int, _int] | None = None,
        dl_device: tuple[_int, _int] | None = None,
        copy: _bool | None = None,
    ) -> Any: ...

    # ---- ops written in Python
    def norm(
        self,
        p: _float | _str | None = "fro",
        dim: _int | Sequence[_int] | None = None,
        keepdim: _bool = False,
        dtype: _dtype | None = None,
    ) -> Tensor: ...
    def lu(self, pivot: _bool = True, get_infos: _bool = False) -> tuple[Tensor, ...]: ...
    def stft(
        self,
        n_fft: _int,
        hop_length: _int | None = None,
        win_length: _int | None = None,
        window: Tensor | None = None,
        center: _bool = True,
        pad_mode: _str = "reflect",
        normalized: _bool = False,
        onesided: _bool | None = None,
        return_complex: _bool | None = None,
        align_to_window: _bool | None = None,
    ) -> Tensor: ...
    def unique(
        self,
        sorted: _bool = True,
        return_inverse: _bool = False,
        return_counts: _bool = False,
        dim: _int | None = None,
    ) -> Any: ...
    def unique_consecutive(
        self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Any: ...

    # ---- ops
    @property
    def real(self) -> Tensor:
        """The real part of each number, as a view; a real tensor itself."""
    @real.setter
    def real(self, value: Tensor | _Number) -> None: ...
    @property
    def imag(self) -> Tensor:
        """The imaginary part of each complex number, as a view."""
    @imag.setter
    def imag(self, value: Tensor | _Number) -> None: ...
    @property
    def T(self) -> Tensor:
        """A view with all dims in reverse order: `x.T`."""
    @T.setter
    def T(self, value: Tensor | _Number) -> None: ...
    @property
    def mT(self) -> Tensor:
        """A view with the last two dims swapped: `x.mT`."""
    @mT.setter
    def mT(self, value: Tensor | _Number) -> None: ...
    @property
    def mH(self) -> Tensor:
        """The conjugate transpose of each matrix: `x.mH`."""
    @mH.setter
    def mH(self, value: Tensor | _Number) -> None: ...
    @property
    def H(self) -> Tensor:
        """The conjugate transpose of a matrix: `x.H`."""
    @H.setter
    def H(self, value: Tensor | _Number) -> None: ...
    def abs(self) -> Tensor:
        r"""Absolute value of each element; the length $\sqrt{a^2 + b^2}$ of a complex number."""
    def abs_(self) -> Self:
        """`abs`, in place."""
    def absolute(self) -> Tensor:
        r"""Absolute value of each element; the length $\sqrt{a^2 + b^2}$ of a complex number."""
    def absolute_(self) -> Self:
        """`absolute`, in place."""
    def acos(self) -> Tensor:
        """Inverse cosine of each element."""
    def acos_(self) -> Self:
        """`acos`, in place."""
    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine of each element: NaN for real numbers below 1."""
    def acosh_(self) -> Self:
        """`acosh`, in place."""
    def add(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """Sum of `self` and `alpha` times `other`."""
    def add_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Self:
        """`add`, in place."""
    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
        """`beta * self + alpha * sum(batch1[i] @ batch2[i])`."""
    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Self:
        """`addbmm`, in place."""
    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Tensor:
        """`self + value * tensor1 / tensor2`."""
    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Self:
        """`addcdiv`, in place."""
    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Tensor:
        """`self + value * tensor1 * tensor2`."""
    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Self:
        """`addcmul`, in place."""
    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
        """`beta * self + alpha * (mat1 @ mat2)`; `self` is broadcast, and not read where `beta` is 0."""
    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Self:
        """`addmm`, in place."""
    def addmv(self, mat: Tensor, vec: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
        """`beta * self + alpha * (mat @ vec)`."""
    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Self:
        """`addmv`, in place."""
    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
        """`beta * self + alpha * outer(vec1, vec2)`."""
    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Self:
        """`addr`, in place."""
    def adjoint(self) -> Tensor:
        """The conjugate transpose of a matrix or of each of a batch."""
    @overload
    def all(self) -> Tensor:
        """Whether all elements are nonzero."""
    @overload
    def all(self, dim: Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor:
        """Whether all elements over `dim`, several dims or None for all, are nonzero."""
    @overload
    def all(self, dim: _int, keepdim: _bool = False) -> Tensor:
        """Whether all elements along `dim` are nonzero."""
    def allclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether all elements differ by at most `atol + rtol * |other|`."""
    def amax(self, dim: _int | Sequence[_int] = (), keepdim: _bool = False) -> Tensor:
        """Largest element over `dim`, one or several; equal ones share the gradient."""
    def amin(self, dim: _int | Sequence[_int] = (), keepdim: _bool = False) -> Tensor:
        """Smallest element over `dim`, one or several; equal ones share the gradient."""
    def aminmax(self, *, dim: _int | None = None, keepdim: _bool = False) -> _min_max:
        """Smallest and largest element along `dim`, or of all: (min, max)."""
    def angle(self) -> Tensor:
        """The angle of each number in the complex plane: 0 or pi for real numbers."""
    @overload
    def any(self) -> Tensor:
        """Whether any element is nonzero."""
    @overload
    def any(self, dim: Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor:
        """Whether any element over `dim`, several dims or None for all, is nonzero."""
    @overload
    def any(self, dim: _int, keepdim: _bool = False) -> Tensor:
        """Whether any element along `dim` is nonzero."""
    def arccos(self) -> Tensor:
        """Inverse cosine of each element."""
    def arccos_(self) -> Self:
        """`arccos`, in place."""
    def arccosh(self) -> Tensor:
        """Inverse hyperbolic cosine of each element: NaN for real numbers below 1."""
    def arccosh_(self) -> Self:
        """`arccosh`, in place."""
    def arcsin(self) -> Tensor:
        """Inverse sine of each element."""
    def arcsin_(self) -> Self:
        """`arcsin`, in place."""
    def arcsinh(self) -> Tensor:
        """Inverse hyperbolic sine of each element."""
    def arcsinh_(self) -> Self:
        """`arcsinh`, in place."""
    def arctan(self) -> Tensor:
        """Inverse tangent of each element."""
    def arctan2(self, other: Tensor) -> Tensor:
        r"""The angle of the point (other, self), in $(-\pi, \pi]$."""
    def arctan2_(self, other: Tensor) -> Self:
        """`arctan2`, in place."""
    def arctan_(self) -> Self:
        """`arctan`, in place."""
    def arctanh(self) -> Tensor:
        """Inverse hyperbolic tangent of each element."""
    def arctanh_(self) -> Self:
        """`arctanh`, in place."""
    def argmax(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor:
        """Place of the largest element along `dim`, or among all of them flattened; the first of equal ones."""
    def argmin(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor:
        """Place of the smallest element along `dim`, or among all of them flattened; the first of equal ones."""
    @overload
    def argsort(self, *, stable: _bool, dim: _int = -1, descending: _bool = False) -> Tensor:
        """Places that sort along `dim`; equal elements keep their order."""
    @overload
    def argsort(self, dim: _int = -1, descending: _bool = False) -> Tensor:
        """Places that sort along `dim`."""
    def argwhere(self) -> Tensor:
        """The places of what is not zero: one row of coordinates each."""
    def as_strided(self, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
        """A view of any sizes and strides (in elements) inside the tensor's storage."""
    def as_strided_(self, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Self:
        """`as_strided`, in place."""
    def as_strided_scatter(self, src: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
        """A copy with `src` in the place that sizes and strides (in elements) describe."""
    def asin(self) -> Tensor:
        """Inverse sine of each element."""
    def asin_(self) -> Self:
        """`asin`, in place."""
    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine of each element."""
    def asinh_(self) -> Self:
        """`asinh`, in place."""
    def atan(self) -> Tensor:
        """Inverse tangent of each element."""
    def atan2(self, other: Tensor) -> Tensor:
        r"""The angle of the point (other, self), in $(-\pi, \pi]$."""
    def atan2_(self, other: Tensor) -> Self:
        """`atan2`, in place."""
    def atan_(self) -> Self:
        """`atan`, in place."""
    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent of each element."""
    def atanh_(self) -> Self:
        """`atanh`, in place."""
    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
        """`beta * self + alpha * bmm(batch1, batch2)`; `self` is broadcast."""
    def baddbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Self:
        """`baddbmm`, in place."""
    @overload
    def bernoulli(self, *, generator: Generator | None = None) -> Tensor:
        """Ones with the probabilities that the tensor gives, else zeros."""
    @overload
    def bernoulli(self, p: _float, *, generator: Generator | None = None) -> Tensor:
        """Ones with probability `p`, else zeros."""
    @overload
    def bernoulli_(self, p: Tensor, *, generator: Generator | None = None) -> Self:
        """Ones with the probabilities that a tensor gives, else zeros."""
    @overload
    def bernoulli_(self, p: _float = 0.5, *, generator: Generator | None = None) -> Self:
        """Ones with probability `p`, else zeros."""
    def bfloat16(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as bfloat16."""
    def bincount(self, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
        """How often each integer from 0 on occurs, or the sum of its weights; at least `minlength` results."""
    @overload
    def bitwise_and(self, other: Tensor) -> Tensor:
        """Bits that both integers have."""
    @overload
    def bitwise_and(self, other: _Number) -> Tensor: ...
    @overload
    def bitwise_and_(self, other: Tensor) -> Self:
        """`bitwise_and`, in place."""
    @overload
    def bitwise_and_(self, other: _Number) -> Self: ...
    @overload
    def bitwise_left_shift(self, other: Tensor) -> Tensor:
        r"""Bits moved to the left: $x \cdot 2^{other}$; 0 for a negative or too large shift."""
    @overload
    def bitwise_left_shift(self, other: _Number) -> Tensor: ...
    @overload
    def bitwise_left_shift_(self, other: Tensor) -> Self:
        """`bitwise_left_shift`, in place."""
    @overload
    def bitwise_left_shift_(self, other: _Number) -> Self: ...
    def bitwise_not(self) -> Tensor:
        """Each bit the other way round; of bools their negation."""
    def bitwise_not_(self) -> Self:
        """`bitwise_not`, in place."""
    @overload
    def bitwise_or(self, other: Tensor) -> Tensor:
        """Bits that at least one of two integers has."""
    @overload
    def bitwise_or(self, other: _Number) -> Tensor: ...
    @overload
    def bitwise_or_(self, other: Tensor) -> Self:
        """`bitwise_or`, in place."""
    @overload
    def bitwise_or_(self, other: _Number) -> Self: ...
    @overload
    def bitwise_right_shift(self, other: Tensor) -> Tensor:
        """Bits moved to the right, the sign kept; all of them for a negative or too large shift."""
    @overload
    def bitwise_right_shift(self, other: _Number) -> Tensor: ...
    @overload
    def bitwise_right_shift_(self, other: Tensor) -> Self:
        """`bitwise_right_shift`, in place."""
    @overload
    def bitwise_right_shift_(self, other: _Number) -> Self: ...
    @overload
    def bitwise_xor(self, other: Tensor) -> Tensor:
        """Bits that exactly one of two integers has."""
    @overload
    def bitwise_xor(self, other: _Number) -> Tensor: ...
    @overload
    def bitwise_xor_(self, other: Tensor) -> Self:
        """`bitwise_xor`, in place."""
    @overload
    def bitwise_xor_(self, other: _Number) -> Self: ...
    def bmm(self, mat2: Tensor) -> Tensor:
        """Products of the matrices of two batches, pair by pair: (b, n, m) by (b, m, p)."""
    def bool(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as bool."""
    @overload
    def broadcast_to(self, size: Sequence[_int]) -> Tensor:
        """A view in which dims of size 1 are repeated; -1 keeps a size."""
    @overload
    def broadcast_to(self, *size: _int) -> Tensor: ...
    def byte(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as uint8."""
    def cauchy_(self, median: _float = 0, sigma: _float = 1, *, generator: Generator | None = None) -> Self:
        """Numbers drawn from the Cauchy distribution."""
    def cdouble(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as complex128."""
    def ceil(self) -> Tensor:
        """The smallest integer that is not less than each element."""
    def ceil_(self) -> Self:
        """`ceil`, in place."""
    def cfloat(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as complex64."""
    def char(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as int8."""
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` pieces along `dim`, as views."""
    @overload
    def clamp(self, min: _Number | None = None, max: _Number | None = None) -> Tensor:
        """Each element brought between two numbers; `None` is no bound. The upper one wins where they cross."""
    @overload
    def clamp(self, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
        """Each element brought between two tensors' elements; `None` is no bound. The upper one wins where they cross."""
    @overload
    def clamp_(self, min: _Number | None = None, max: _Number | None = None) -> Self:
        """`clamp`, in place."""
    @overload
    def clamp_(self, min: Tensor | None = None, max: Tensor | None = None) -> Self: ...
    @overload
    def clamp_max(self, max: Tensor) -> Tensor:
        """Each element, but not more than `max`; NaN where either is."""
    @overload
    def clamp_max(self, max: _Number) -> Tensor:
        """Each element, but not more than `max`."""
    @overload
    def clamp_max_(self, max: Tensor) -> Self:
        """`clamp_max`, in place."""
    @overload
    def clamp_max_(self, max: _Number) -> Self: ...
    @overload
    def clamp_min(self, min: Tensor) -> Tensor:
        """Each element, but not less than `min`; NaN where either is."""
    @overload
    def clamp_min(self, min: _Number) -> Tensor:
        """Each element, but not less than `min`."""
    @overload
    def clamp_min_(self, min: Tensor) -> Self:
        """`clamp_min`, in place."""
    @overload
    def clamp_min_(self, min: _Number) -> Self: ...
    @overload
    def clip(self, min: _Number | None = None, max: _Number | None = None) -> Tensor:
        """Each element brought between two numbers; `None` is no bound. The upper one wins where they cross."""
    @overload
    def clip(self, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
        """Each element brought between two tensors' elements; `None` is no bound. The upper one wins where they cross."""
    @overload
    def clip_(self, min: _Number | None = None, max: _Number | None = None) -> Self:
        """`clip`, in place."""
    @overload
    def clip_(self, min: Tensor | None = None, max: Tensor | None = None) -> Self: ...
    def clone(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """A copy, recorded."""
    def conj(self) -> Tensor:
        """The complex conjugate of each element; a real tensor itself."""
    def conj_physical(self) -> Tensor:
        """The complex conjugate of each element; a real tensor itself."""
    def conj_physical_(self) -> Self:
        """`conj_physical`, in place."""
    def contiguous(self, *, memory_format: _memory_format = ...) -> Tensor:
        """The tensor itself if its memory is in this order, otherwise a copy."""
    def copy_(self, src: Tensor | _Number, non_blocking: _bool = False) -> Self:
        """Writes another tensor, broadcast and cast, into this one."""
    @overload
    def copysign(self, other: Tensor) -> Tensor:
        """The magnitude of `self` with the sign of `other`."""
    @overload
    def copysign(self, other: _Number) -> Tensor: ...
    @overload
    def copysign_(self, other: Tensor) -> Self:
        """`copysign`, in place."""
    @overload
    def copysign_(self, other: _Number) -> Self: ...
    def corrcoef(self) -> Tensor:
        """Correlations of the rows of `input`, each column an observation."""
    def cos(self) -> Tensor:
        """Cosine of each element."""
    def cos_(self) -> Self:
        """`cos`, in place."""
    def cosh(self) -> Tensor:
        """Hyperbolic cosine of each element."""
    def cosh_(self) -> Self:
        """`cosh`, in place."""
    @overload
    def count_nonzero(self, dim: Sequence[_int]) -> Tensor:
        """How many elements over the dims `dim` are nonzero."""
    @overload
    def count_nonzero(self, *dim: _int) -> Tensor: ...
    @overload
    def count_nonzero(self, dim: _int | None = None) -> Tensor:
        """How many elements along `dim`, or of all, are nonzero."""
    def cov(self, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
        """Covariances of the rows of `input`, each column an observation."""
    def cpu(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor on the CPU; itself if it is there."""
    def cross(self, other: Tensor, dim: _int | None = None) -> Tensor:
        """The vector product along `dim`, which has size 3; without it, along the first dim of that size."""
    def cuda(self, device: _Device | None = None, non_blocking: _bool = False, *, memory_format: _memory_format | None = None) -> Tensor:
        """Raises: there is no CUDA device."""
    def cummax(self, dim: _int) -> _values_indices:
        """Running largest element along `dim` and its place, the last of equal ones: (values, indices)."""
    def cummin(self, dim: _int) -> _values_indices:
        """Running smallest element along `dim` and its place, the last of equal ones: (values, indices)."""
    def cumprod(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor:
        """Running product along `dim`; integers and bools multiply as int64."""
    def cumprod_(self, dim: _int, *, dtype: _dtype | None = None) -> Self:
        """`cumprod`, in place."""
    def cumsum(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor:
        """Running sum along `dim`; integers and bools add up as int64."""
    def cumsum_(self, dim: _int, *, dtype: _dtype | None = None) -> Self:
        """`cumsum`, in place."""
    def deg2rad(self) -> Tensor:
        """Angles in radians of angles in degrees."""
    def deg2rad_(self) -> Self:
        """`deg2rad`, in place."""
    def diag(self, diagonal: _int = 0) -> Tensor:
        """A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector (a copy)."""
    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """The last dim as the diagonal of two dims of a new tensor, zero elsewhere."""
    def diagflat(self, offset: _int = 0) -> Tensor:
        """All elements as the diagonal of a matrix."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of two dims, as the last dim of a view."""
    def diagonal_scatter(self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """A copy with `src` as the diagonal of two dims."""
    def diff(self, n: _int = 1, dim: _int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
        """Differences of neighbours along `dim`, taken `n` times, of the tensor between `prepend` and `append`."""
    def digamma(self) -> Tensor:
        """The logarithmic derivative of the gamma function of each element."""
    def digamma_(self) -> Self:
        """`digamma`, in place."""
    def dist(self, other: Tensor, p: _Number = 2) -> Tensor:
        """Norm of order `p` of the difference of two tensors."""
    @overload
    def div(self, other: Tensor | _Number) -> Tensor:
        """True quotient of two operands; integers become floats first."""
    @overload
    def div(self, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Tensor:
        """Quotient, rounded to zero (`"trunc"`), down (`"floor"`) or not at all (None)."""
    @overload
    def div_(self, other: Tensor | _Number) -> Self:
        """`div`, in place."""
    @overload
    def div_(self, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Self: ...
    @overload
    def divide(self, other: Tensor | _Number) -> Tensor:
        """True quotient of two operands; integers become floats first."""
    @overload
    def divide(self, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Tensor:
        """Quotient, rounded to zero (`"trunc"`), down (`"floor"`) or not at all (None)."""
    @overload
    def divide_(self, other: Tensor | _Number) -> Self:
        """`divide`, in place."""
    @overload
    def divide_(self, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Self: ...
    def dot(self, tensor: Tensor) -> Tensor:
        """The sum of the products of two vectors' elements."""
    def double(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as float64."""
    @overload
    def dsplit(self, sections: _int) -> tuple[Tensor, ...]:
        """Equal pieces along dim 2, as views."""
    @overload
    def dsplit(self, indices: Sequence[_int]) -> tuple[Tensor, ...]:
        """Pieces along dim 2 cut at the given places, as views."""
    @overload
    def dsplit(self, *indices: _int) -> tuple[Tensor, ...]: ...
    @overload
    def eq(self, other: Tensor) -> Tensor:
        """Whether elements are equal."""
    @overload
    def eq(self, other: _Number) -> Tensor: ...
    @overload
    def eq_(self, other: Tensor) -> Self:
        """`eq`, in place."""
    @overload
    def eq_(self, other: _Number) -> Self: ...
    def equal(self, other: Tensor) -> _bool:
        """Whether shapes and all elements are equal."""
    def erf(self) -> Tensor:
        r"""The error function $2/\sqrt{\pi} \int_0^x e^{-t^2} dt$ of each element."""
    def erf_(self) -> Self:
        """`erf`, in place."""
    def erfc(self) -> Tensor:
        """$1 - $ the error function of each element, exact for large ones."""
    def erfc_(self) -> Self:
        """`erfc`, in place."""
    def erfinv(self) -> Tensor:
        """The inverse of the error function, for elements in (-1, 1)."""
    def erfinv_(self) -> Self:
        """`erfinv`, in place."""
    def exp(self) -> Tensor:
        """e to the power of each element."""
    def exp2(self) -> Tensor:
        """2 to the power of each element."""
    def exp2_(self) -> Self:
        """`exp2`, in place."""
    def exp_(self) -> Self:
        """`exp`, in place."""
    @overload
    def expand(self, size: Sequence[_int], *, implicit: _bool = False) -> Tensor:
        """A view in which dims of size 1 are repeated; -1 keeps a size."""
    @overload
    def expand(self, *size: _int, implicit: _bool = False) -> Tensor: ...
    def expand_as(self, other: Tensor) -> Tensor:
        """A view in which dims of size 1 are repeated to the shape of `other`."""
    def expm1(self) -> Tensor:
        """$e^x - 1$ of each element, exact near 0."""
    def expm1_(self) -> Self:
        """`expm1`, in place."""
    def exponential_(self, lambd: _float = 1, *, generator: Generator | None = None) -> Self:
        """Numbers drawn from the exponential distribution."""
    @overload
    def fill_(self, value: Tensor) -> Self:
        """Writes the value of a 0-dim tensor into every element."""
    @overload
    def fill_(self, value: _Number) -> Self:
        """Writes one number into every element."""
    def fill_diagonal_(self, fill_value: _Number, wrap: _bool = False) -> Self:
        """Fills the main diagonal in place; with `wrap` that of a tall matrix starts again below its end."""
    def fix(self) -> Tensor:
        """Each element without its fraction."""
    def fix_(self) -> Self:
        """`fix`, in place."""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Dims `start_dim` to `end_dim` joined into one: a view where possible."""
    @overload
    def flip(self, dims: Sequence[_int]) -> Tensor:
        """A copy with the order of elements along `dims` turned round."""
    @overload
    def flip(self, *dims: _int) -> Tensor: ...
    def fliplr(self) -> Tensor:
        """A copy of a matrix with its columns in reverse order."""
    def flipud(self) -> Tensor:
        """A copy with its rows in reverse order."""
    def float(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as float32."""
    @overload
    def float_power(self, exponent: Tensor) -> Tensor:
        """Each element of `self` to the power of `exponent`, in float64 or complex128."""
    @overload
    def float_power(self, exponent: _Number) -> Tensor: ...
    @overload
    def float_power_(self, exponent: Tensor) -> Self:
        """`float_power`, in place."""
    @overload
    def float_power_(self, exponent: _Number) -> Self: ...
    def floor(self) -> Tensor:
        """The largest integer that is not greater than each element."""
    def floor_(self) -> Self:
        """`floor`, in place."""
    def floor_divide(self, other: Tensor | _Number) -> Tensor:
        """Quotient rounded down."""
    def floor_divide_(self, other: Tensor | _Number) -> Self:
        """`floor_divide`, in place."""
    def fmax(self, other: Tensor) -> Tensor:
        """The larger of two elements; NaN only if both are."""
    def fmin(self, other: Tensor) -> Tensor:
        """The smaller of two elements; NaN only if both are."""
    @overload
    def fmod(self, other: Tensor) -> Tensor:
        """The remainder of division rounded to zero: it has the sign of the dividend."""
    @overload
    def fmod(self, other: _Number) -> Tensor: ...
    @overload
    def fmod_(self, other: Tensor) -> Self:
        """`fmod`, in place."""
    @overload
    def fmod_(self, other: _Number) -> Self: ...
    def frac(self) -> Tensor:
        """The fraction of each element, with its sign."""
    def frac_(self) -> Self:
        """`frac`, in place."""
    def gather(self, dim: _int, index: Tensor, *, sparse_grad: _bool = False) -> Tensor:
        """Elements along `dim` at the places that `index` names, in the shape of the index."""
    def gcd(self, other: Tensor) -> Tensor:
        """Greatest common divisor of two integers."""
    def gcd_(self, other: Tensor) -> Self:
        """`gcd`, in place."""
    @overload
    def ge(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are at least those of `other`."""
    @overload
    def ge(self, other: _Number) -> Tensor: ...
    @overload
    def ge_(self, other: Tensor) -> Self:
        """`ge`, in place."""
    @overload
    def ge_(self, other: _Number) -> Self: ...
    def geometric_(self, p: _float, *, generator: Generator | None = None) -> Self:
        """The number of trials up to the first success, which has probability `p`."""
    def ger(self, vec2: Tensor) -> Tensor:
        """As `outer`."""
    @overload
    def greater(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are greater than those of `other`."""
    @overload
    def greater(self, other: _Number) -> Tensor: ...
    @overload
    def greater_(self, other: Tensor) -> Self:
        """`greater`, in place."""
    @overload
    def greater_(self, other: _Number) -> Self: ...
    @overload
    def greater_equal(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are at least those of `other`."""
    @overload
    def greater_equal(self, other: _Number) -> Tensor: ...
    @overload
    def greater_equal_(self, other: Tensor) -> Self:
        """`greater_equal`, in place."""
    @overload
    def greater_equal_(self, other: _Number) -> Self: ...
    @overload
    def gt(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are greater than those of `other`."""
    @overload
    def gt(self, other: _Number) -> Tensor: ...
    @overload
    def gt_(self, other: Tensor) -> Self:
        """`gt`, in place."""
    @overload
    def gt_(self, other: _Number) -> Self: ...
    def half(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as float16."""
    def hardshrink(self, lambd: _Number = 0.5) -> Tensor:
        """0 for elements in [-lambd, lambd], others as they are."""
    def heaviside(self, values: Tensor) -> Tensor:
        """0, `values` or 1 as each element is negative, zero or positive."""
    def heaviside_(self, values: Tensor) -> Self:
        """`heaviside`, in place."""
    def histc(self, bins: _int = 100, min: _Number = 0, max: _Number = 0) -> Tensor:
        """Counts in `bins` equal bins from `min` to `max`, or of the range of the elements where both are equal."""
    @overload
    def histogram(self, bins: Tensor, *, weight: Tensor | None = None, density: _bool = False) -> _hist_bin_edges:
        """Counts (or sums of weights) between given edges: (hist, bin_edges)."""
    @overload
    def histogram(self, bins: _int = 100, *, range: Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False) -> _hist_bin_edges:
        """Counts (or sums of weights) in `bins` equal bins: (hist, bin_edges)."""
    @overload
    def hsplit(self, sections: _int) -> tuple[Tensor, ...]:
        """Equal pieces along dim 1 (of a vector: dim 0), as views."""
    @overload
    def hsplit(self, indices: Sequence[_int]) -> tuple[Tensor, ...]:
        """Pieces along dim 1 (of a vector: dim 0) cut at the given places, as views."""
    @overload
    def hsplit(self, *indices: _int) -> tuple[Tensor, ...]: ...
    def hypot(self, other: Tensor) -> Tensor:
        r"""Length of the hypotenuse, $\sqrt{x^2 + y^2}$, without overflow in between."""
    def hypot_(self, other: Tensor) -> Self:
        """`hypot`, in place."""
    def i0(self) -> Tensor:
        """Modified Bessel function of the first kind, order 0, of each element."""
    def i0_(self) -> Self:
        """`i0`, in place."""
    def igamma(self, other: Tensor) -> Tensor:
        """The regularized lower incomplete gamma function $P(self, other)$."""
    def igamma_(self, other: Tensor) -> Self:
        """`igamma`, in place."""
    def igammac(self, other: Tensor) -> Tensor:
        """The regularized upper incomplete gamma function $Q(self, other)$."""
    def igammac_(self, other: Tensor) -> Self:
        """`igammac`, in place."""
    def index_add(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _Number = 1) -> Tensor:
        """A copy to whose slices along `dim`, named by `index`, those of `source` times `alpha` are added."""
    def index_add_(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _Number = 1) -> Self:
        """`index_add`, in place."""
    def index_copy(self, dim: _int, index: Tensor, source: Tensor) -> Tensor:
        """A copy whose slices along `dim`, named by `index`, are those of `source`."""
    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Self:
        """`index_copy`, in place."""
    @overload
    def index_fill(self, dim: _int, index: Tensor, value: Tensor) -> Tensor:
        """A copy with the number `value` (a 0-dim tensor) in the slices along `dim` that `index` names."""
    @overload
    def index_fill(self, dim: _int, index: Tensor, value: _Number) -> Tensor:
        """A copy with the number `value` in the slices along `dim` that `index` names."""
    @overload
    def index_fill_(self, dim: _int, index: Tensor, value: Tensor) -> Self:
        """`index_fill`, in place."""
    @overload
    def index_fill_(self, dim: _int, index: Tensor, value: _Number) -> Self: ...
    def index_put(self, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
        """A copy with `values` written at the indexed places, or added to what is there."""
    def index_put_(self, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Self:
        """Writes `values` at the indexed places, or adds them to what is there."""
    def index_reduce(self, dim: _int, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
        """Joins slices of `source` with those that `index` names along `dim`: `reduce` is "prod", "mean", "amax" or "amin"."""
    def index_reduce_(self, dim: _int, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True) -> Self:
        """`index_reduce`, in place."""
    def index_select(self, dim: _int, index: Tensor) -> Tensor:
        """The slices along `dim` that `index` (a vector) names."""
    def inner(self, other: Tensor) -> Tensor:
        """Sums of products over the last dim of both operands; a 0-dim operand multiplies."""
    def int(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as int32."""
    def is_complex(self) -> _bool:
        """Whether the dtype is complex."""
    def is_floating_point(self) -> _bool:
        """Whether the dtype is a real floating-point one."""
    def is_nonzero(self) -> _bool:
        """Whether the one element is not zero."""
    def is_same_size(self, other: Tensor) -> _bool:
        """Whether the sizes are the same."""
    def is_signed(self) -> _bool:
        """Whether the dtype has negative numbers."""
    def isclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """Whether elements differ by at most `atol + rtol * |other|`."""
    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor NaN."""
    def isinf(self) -> Tensor:
        """Whether each element is infinite (in either part)."""
    def isnan(self) -> Tensor:
        """Whether each element is NaN (in either part)."""
    def isneginf(self) -> Tensor:
        """Whether each element is negative infinity."""
    def isposinf(self) -> Tensor:
        """Whether each element is positive infinity."""
    def isreal(self) -> Tensor:
        """Whether each element has no imaginary part."""
    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product: every element of the first times all of the second, block by block."""
    def kthvalue(self, k: _int, dim: _int = -1, keepdim: _bool = False) -> _values_indices:
        """The `k`-th smallest element along `dim`, counted from 1: (values, indices)."""
    def lcm(self, other: Tensor) -> Tensor:
        """Least common multiple of two integers."""
    def lcm_(self, other: Tensor) -> Self:
        """`lcm`, in place."""
    def ldexp(self, other: Tensor) -> Tensor:
        r"""$x \cdot 2^{other}$ of each element."""
    def ldexp_(self, other: Tensor) -> Self:
        """`ldexp`, in place."""
    @overload
    def le(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are at most those of `other`."""
    @overload
    def le(self, other: _Number) -> Tensor: ...
    @overload
    def le_(self, other: Tensor) -> Self:
        """`le`, in place."""
    @overload
    def le_(self, other: _Number) -> Self: ...
    @overload
    def lerp(self, end: Tensor, weight: Tensor) -> Tensor:
        """The point between `self` (weight 0) and `end` (weight 1)."""
    @overload
    def lerp(self, end: Tensor, weight: _Number) -> Tensor: ...
    @overload
    def lerp_(self, end: Tensor, weight: Tensor) -> Self:
        """`lerp`, in place."""
    @overload
    def lerp_(self, end: Tensor, weight: _Number) -> Self: ...
    @overload
    def less(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are less than those of `other`."""
    @overload
    def less(self, other: _Number) -> Tensor: ...
    @overload
    def less_(self, other: Tensor) -> Self:
        """`less`, in place."""
    @overload
    def less_(self, other: _Number) -> Self: ...
    @overload
    def less_equal(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are at most those of `other`."""
    @overload
    def less_equal(self, other: _Number) -> Tensor: ...
    @overload
    def less_equal_(self, other: Tensor) -> Self:
        """`less_equal`, in place."""
    @overload
    def less_equal_(self, other: _Number) -> Self: ...
    def lgamma(self) -> Tensor:
        """Logarithm of the absolute value of the gamma function of each element."""
    def lgamma_(self) -> Self:
        """`lgamma`, in place."""
    def log(self) -> Tensor:
        """Natural logarithm of each element."""
    def log10(self) -> Tensor:
        """Logarithm to base 10 of each element."""
    def log10_(self) -> Self:
        """`log10`, in place."""
    def log1p(self) -> Tensor:
        r"""$\log(1 + x)$ of each element, exact near 0."""
    def log1p_(self) -> Self:
        """`log1p`, in place."""
    def log2(self) -> Tensor:
        """Logarithm to base 2 of each element."""
    def log2_(self) -> Self:
        """`log2`, in place."""
    def log_(self) -> Self:
        """`log`, in place."""
    def log_normal_(self, mean: _float = 1, std: _float = 2, *, generator: Generator | None = None) -> Self:
        """Exponentials of numbers drawn from the normal distribution."""
    def log_softmax(self, dim: _int, dtype: _dtype | None = None) -> Tensor:
        """The logarithm of `softmax`."""
    def logaddexp(self, other: Tensor) -> Tensor:
        r"""$\log(e^x + e^y)$, without overflow in between."""
    def logaddexp2(self, other: Tensor) -> Tensor:
        r"""$\log_2(2^x + 2^y)$, without overflow in between."""
    def logcumsumexp(self, dim: _int) -> Tensor:
        """Logarithm of the running sum of exponentials along `dim`."""
    def logical_and(self, other: Tensor) -> Tensor:
        """Whether both elements are nonzero."""
    def logical_and_(self, other: Tensor) -> Self:
        """`logical_and`, in place."""
    def logical_not(self) -> Tensor:
        """Whether each element is zero."""
    def logical_not_(self) -> Self:
        """`logical_not`, in place."""
    def logical_or(self, other: Tensor) -> Tensor:
        """Whether one element or both are nonzero."""
    def logical_or_(self, other: Tensor) -> Self:
        """`logical_or`, in place."""
    def logical_xor(self, other: Tensor) -> Tensor:
        """Whether exactly one of two elements is nonzero."""
    def logical_xor_(self, other: Tensor) -> Self:
        """`logical_xor`, in place."""
    def logit(self, eps: _float | None = None) -> Tensor:
        r"""$\log(x / (1 - x))$ of each element, brought into [eps, 1 - eps] first where `eps` is given."""
    def logit_(self, eps: _float | None = None) -> Self:
        """`logit`, in place."""
    def logsumexp(self, dim: _int | Sequence[_int], keepdim: _bool = False) -> Tensor:
        """Logarithm of the sum of exponentials over `dim`, one or several."""
    def long(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as int64."""
    @overload
    def lt(self, other: Tensor) -> Tensor:
        """Whether elements of `self` are less than those of `other`."""
    @overload
    def lt(self, other: _Number) -> Tensor: ...
    @overload
    def lt_(self, other: Tensor) -> Self:
        """`lt`, in place."""
    @overload
    def lt_(self, other: _Number) -> Self: ...
    @overload
    def masked_fill(self, mask: Tensor, value: Tensor) -> Tensor:
        """A copy with the number `value` (a 0-dim tensor) where the mask, broadcast, is set."""
    @overload
    def masked_fill(self, mask: Tensor, value: _Number) -> Tensor:
        """A copy with the number `value` where the mask, broadcast, is set."""
    @overload
    def masked_fill_(self, mask: Tensor, value: Tensor) -> Self:
        """`masked_fill`, in place."""
    @overload
    def masked_fill_(self, mask: Tensor, value: _Number) -> Self: ...
    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """A copy with elements of `source`, in order, where the mask is set (both broadcast)."""
    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Self:
        """`masked_scatter`, in place."""
    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where the mask is set (both broadcast), as a vector."""
    def matmul(self, other: Tensor) -> Tensor:
        """Product by the ranks of the operands: dot product, matrix by vector, matrix by matrix, or batches of matrices
        whose leading dims broadcast.
        """
    @overload
    def max(self) -> Tensor:
        """Largest of all elements; nan if any is."""
    @overload
    def max(self, other: Tensor) -> Tensor:
        """The larger of two elements: `maximum`."""
    @overload
    def max(self, dim: _int, keepdim: _bool = False) -> _values_indices:
        """Largest element along `dim` and its place, the first of equal ones: (values, indices)."""
    def maximum(self, other: Tensor) -> Tensor:
        """The larger of two elements; NaN if either is. Where they are equal, each gets half of the gradient."""
    @overload
    def mean(self, *, dtype: _dtype | None = None) -> Tensor:
        """Mean of all elements, which are floating point or complex."""
    @overload
    def mean(self, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Mean over `dim`, which may be one dim or several; over all of them if it is None or empty."""
    @overload
    def median(self) -> Tensor:
        """The lower of the two middle elements of all; nan if any is."""
    @overload
    def median(self, dim: _int, keepdim: _bool = False) -> _values_indices:
        """The lower of the two middle elements along `dim`: (values, indices)."""
    @overload
    def min(self) -> Tensor:
        """Smallest of all elements; nan if any is."""
    @overload
    def min(self, other: Tensor) -> Tensor:
        """The smaller of two elements: `minimum`."""
    @overload
    def min(self, dim: _int, keepdim: _bool = False) -> _values_indices:
        """Smallest element along `dim` and its place, the first of equal ones: (values, indices)."""
    def minimum(self, other: Tensor) -> Tensor:
        """The smaller of two elements; NaN if either is. Where they are equal, each gets half of the gradient."""
    def mm(self, mat2: Tensor) -> Tensor:
        """Product of two matrices, of shapes (n, m) and (m, p). Raises RuntimeError where sizes or dtypes do not fit."""
    def mode(self, dim: _int = -1, keepdim: _bool = False) -> _values_indices:
        """The most frequent element along `dim`, the smallest of several: (values, indices)."""
    @overload
    def moveaxis(self, source: _int, destination: _int) -> Tensor:
        """A view with dim `source` moved to `destination`."""
    @overload
    def moveaxis(self, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
        """A view with the dims `source` moved to `destination`."""
    @overload
    def movedim(self, source: _int, destination: _int) -> Tensor:
        """A view with dim `source` moved to `destination`."""
    @overload
    def movedim(self, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
        """A view with the dims `source` moved to `destination`."""
    def msort(self) -> Tensor:
        """Sorts along the first dim."""
    def mul(self, other: Tensor | _Number) -> Tensor:
        """Product of two operands, with broadcasting and promotion."""
    def mul_(self, other: Tensor | _Number) -> Self:
        """`mul`, in place."""
    def multinomial(self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None) -> Tensor:
        """Category numbers drawn with the given weights."""
    def multiply(self, other: Tensor | _Number) -> Tensor:
        """Product of two operands, with broadcasting and promotion."""
    def multiply_(self, other: Tensor | _Number) -> Self:
        """`multiply`, in place."""
    def mv(self, vec: Tensor) -> Tensor:
        """Product of a matrix and a vector."""
    def mvlgamma(self, p: _int) -> Tensor:
        """Logarithm of the multivariate gamma function of dimension `p` of each element."""
    def mvlgamma_(self, p: _int) -> Self:
        """`mvlgamma`, in place."""
    def nan_to_num(self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
        """NaN and the infinities replaced: by 0, and by the dtype's largest and smallest number, unless given."""
    def nan_to_num_(self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Self:
        """`nan_to_num`, in place."""
    def nanmean(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Mean over `dim` of the elements that are not nan."""
    @overload
    def nanmedian(self) -> Tensor:
        """The lower of the two middle elements of all that are not nan."""
    @overload
    def nanmedian(self, dim: _int, keepdim: _bool = False) -> _values_indices:
        """The lower of the two middle elements along `dim` that are not nan: (values, indices)."""
    @overload
    def nanquantile(self, q: Tensor, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear") -> Tensor:
        """As `quantile`, of the elements that are not nan."""
    @overload
    def nanquantile(self, q: _float, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear") -> Tensor: ...
    def nansum(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Sum over `dim` of the elements that are not nan."""
    @overload
    def narrow(self, dim: _int, start: Tensor, length: _int) -> Tensor:
        """A view of `length` elements from `start`, an integer tensor without dims, along `dim`."""
    @overload
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor:
        """A view of `length` elements from `start` along `dim`."""
    def narrow_copy(self, dim: _int, start: _int, length: _int) -> Tensor:
        """A copy of `length` slices from `start` along `dim`."""
    @overload
    def ne(self, other: Tensor) -> Tensor:
        """Whether elements differ."""
    @overload
    def ne(self, other: _Number) -> Tensor: ...
    @overload
    def ne_(self, other: Tensor) -> Self:
        """`ne`, in place."""
    @overload
    def ne_(self, other: _Number) -> Self: ...
    def neg(self) -> Tensor:
        """Minus each element. Not defined for bool."""
    def neg_(self) -> Self:
        """`neg`, in place."""
    def negative(self) -> Tensor:
        """Minus each element. Not defined for bool."""
    def negative_(self) -> Self:
        """`negative`, in place."""
    @overload
    def new_empty(self, size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
        """Memory of any content, of this tensor's dtype."""
    @overload
    def new_empty(self, *size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
    def new_empty_strided(self, size: Sequence[_int], stride: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
        """Memory of any content under the given strides, of this tensor's dtype."""
    def new_full(self, size: Sequence[_int], fill_value: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
        """One number throughout, of this tensor's dtype."""
    @overload
    def new_ones(self, size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
        """Ones of the given size, of this tensor's dtype."""
    @overload
    def new_ones(self, *size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
    @overload
    def new_zeros(self, size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
        """Zeros of the given size, of this tensor's dtype."""
    @overload
    def new_zeros(self, *size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
    def nextafter(self, other: Tensor) -> Tensor:
        """The number next to each element of `self` in the direction of `other`."""
    def nextafter_(self, other: Tensor) -> Self:
        """`nextafter`, in place."""
    @overload
    def nonzero(self) -> Tensor:
        """The places of what is not zero: one row of coordinates each."""
    @overload
    def nonzero(self, *, as_tuple: _bool) -> tuple[Tensor, ...]:
        """As `nonzero`; with `as_tuple`, one vector per dim."""
    def nonzero_numpy(self) -> tuple[Tensor, ...]:
        """The places of what is not zero as one vector per dim."""
    def nonzero_static(self, *, size: _int, fill_value: _int = -1) -> Tensor:
        """As `nonzero`, with exactly `size` rows: cut, or filled up with `fill_value`."""
    def normal_(self, mean: _float = 0, std: _float = 1, *, generator: Generator | None = None) -> Self:
        """Numbers drawn from the normal distribution."""
    @overload
    def not_equal(self, other: Tensor) -> Tensor:
        """Whether elements differ."""
    @overload
    def not_equal(self, other: _Number) -> Tensor: ...
    @overload
    def not_equal_(self, other: Tensor) -> Self:
        """`not_equal`, in place."""
    @overload
    def not_equal_(self, other: _Number) -> Self: ...
    def outer(self, vec2: Tensor) -> Tensor:
        """Every product of an element of `self` and one of `vec2`, as a matrix."""
    @overload
    def permute(self, dims: Sequence[_int]) -> Tensor:
        """A view with the dims in the order `dims`."""
    @overload
    def permute(self, *dims: _int) -> Tensor: ...
    def polygamma(self, n: _int) -> Tensor:
        """The n-th derivative of the digamma function of each element."""
    def polygamma_(self, n: _int) -> Self:
        """`polygamma`, in place."""
    def positive(self) -> Tensor:
        """The tensor itself. Not defined for bool."""
    @overload
    def pow(self, exponent: Tensor) -> Tensor:
        """Each element of `self` to the power of `exponent`."""
    @overload
    def pow(self, exponent: _Number) -> Tensor: ...
    @overload
    def pow_(self, exponent: Tensor) -> Self:
        """`pow`, in place."""
    @overload
    def pow_(self, exponent: _Number) -> Self: ...
    def prelu(self, weight: Tensor) -> Tensor:
        """Each element if it is positive, otherwise times `weight`: one for all, or one per channel (dim 1)."""
    @overload
    def prod(self, *, dtype: _dtype | None = None) -> Tensor:
        """Product of all elements; integers and bools multiply as int64."""
    @overload
    def prod(self, dim: _int, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Product over one dim."""
    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """A copy with `source` written (or added) at places of the flattened tensor."""
    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Self:
        """`put`, in place."""
    @overload
    def quantile(self, q: Tensor, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear") -> Tensor:
        """The elements at the fractions `q` of each sorted line along `dim`, or of all; several fractions make a first dim."""
    @overload
    def quantile(self, q: _float, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear") -> Tensor:
        """The element at the fraction `q` of each sorted line along `dim`, or of all."""
    def rad2deg(self) -> Tensor:
        """Angles in degrees of angles in radians."""
    def rad2deg_(self) -> Self:
        """`rad2deg`, in place."""
    @overload
    def random_(self, from_: _int, /, to: _int | None, *, generator: Generator | None = None) -> Self:
        """Integers from `from` on, below `to`, or up to the largest that the dtype holds."""
    @overload
    def random_(self, to: _int, *, generator: Generator | None = None) -> Self:
        """Integers from 0 on, below `to`."""
    @overload
    def random_(self, *, generator: Generator | None = None) -> Self:
        """Integers over all that the dtype holds from zero on."""
    def ravel(self) -> Tensor:
        """All elements as a vector: a view where possible."""
    def reciprocal(self) -> Tensor:
        """$1 / x$ of each element."""
    def reciprocal_(self) -> Self:
        """`reciprocal`, in place."""
    def relu(self) -> Tensor:
        r"""$\max(x, 0)$ of each element."""
    def relu_(self) -> Self:
        """`relu`, in place."""
    @overload
    def remainder(self, other: Tensor) -> Tensor:
        """The remainder of division rounded down: it has the sign of the divisor."""
    @overload
    def remainder(self, other: _Number) -> Tensor: ...
    @overload
    def remainder_(self, other: Tensor) -> Self:
        """`remainder`, in place."""
    @overload
    def remainder_(self, other: _Number) -> Self: ...
    def renorm(self, p: _Number, dim: _int, maxnorm: _Number) -> Tensor:
        """Slices along `dim` scaled down where their norm of order `p` is larger than `maxnorm`."""
    def renorm_(self, p: _Number, dim: _int, maxnorm: _Number) -> Self:
        """`renorm`, in place."""
    @overload
    def repeat(self, repeats: Sequence[_int]) -> Tensor:
        """The tensor repeated `repeats` times along each dim; further dims come in front."""
    @overload
    def repeat(self, *repeats: _int) -> Tensor: ...
    @overload
    def repeat_interleave(self, repeats: Tensor, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor:
        """Each slice along `dim` (each element, without one) as often as its entry of `repeats` says."""
    @overload
    def repeat_interleave(self, repeats: _int, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor:
        """Each slice along `dim` (each element, without one) `repeats` times."""
    @overload
    def reshape(self, shape: Sequence[_int]) -> Tensor:
        """The same elements in another shape; one size may be -1. A view where possible, otherwise a copy."""
    @overload
    def reshape(self, *shape: _int) -> Tensor: ...
    def reshape_as(self, other: Tensor) -> Tensor:
        """The same elements in the shape of `other`: a view where possible, otherwise a copy."""
    def resolve_conj(self) -> Tensor:
        """The tensor itself: conjugation is never put off."""
    def resolve_neg(self) -> Tensor:
        """The tensor itself: negation is never put off."""
    def roll(self, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] = ()) -> Tensor:
        """A copy whose elements are moved by `shifts` along `dims`, those that leave at the end coming back at the start.
        Without dims the flattened tensor is rolled.
        """
    def rot90(self, k: _int = 1, dims: Sequence[_int] = (0, 1)) -> Tensor:
        """A quarter turn in the plane of two dims, from the first towards the second, `k` times."""
    @overload
    def round(self) -> Tensor:
        """The nearest integer; of two equally near ones the even one."""
    @overload
    def round(self, *, decimals: _int) -> Tensor:
        """Each element rounded to `decimals` digits after the point; negative numbers of digits lie before it."""
    @overload
    def round_(self) -> Self:
        """`round`, in place."""
    @overload
    def round_(self, *, decimals: _int) -> Self: ...
    def rsqrt(self) -> Tensor:
        r"""$1 / \sqrt{x}$ of each element."""
    def rsqrt_(self) -> Self:
        """`rsqrt`, in place."""
    @overload
    def scatter(self, dim: _int, index: Tensor, src: Tensor) -> Tensor:
        """A copy with elements of `src` written along `dim` at the places that `index` names."""
    @overload
    def scatter(self, dim: _int, index: Tensor, src: Tensor, *, reduce: _str) -> Tensor:
        """As `scatter`, joined with what is there: `reduce` is "add" or "multiply". Has no derivative."""
    @overload
    def scatter(self, dim: _int, index: Tensor, value: _Number) -> Tensor:
        """A copy with a number written along `dim` at the places that `index` names."""
    @overload
    def scatter(self, dim: _int, index: Tensor, value: _Number, *, reduce: _str) -> Tensor:
        """As `scatter` with a number, joined with what is there: `reduce` is "add" or "multiply". Has no derivative."""
    @overload
    def scatter_(self, dim: _int, index: Tensor, src: Tensor) -> Self:
        """`scatter`, in place."""
    @overload
    def scatter_(self, dim: _int, index: Tensor, src: Tensor, *, reduce: _str) -> Self: ...
    @overload
    def scatter_(self, dim: _int, index: Tensor, value: _Number) -> Self: ...
    @overload
    def scatter_(self, dim: _int, index: Tensor, value: _Number, *, reduce: _str) -> Self: ...
    def scatter_add(self, dim: _int, index: Tensor, src: Tensor) -> Tensor:
        """A copy to which elements of `src` are added along `dim` at the places that `index` names."""
    def scatter_add_(self, dim: _int, index: Tensor, src: Tensor) -> Self:
        """`scatter_add`, in place."""
    def scatter_reduce(self, dim: _int, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
        """Joins elements of `src` with those there, at the places that `index` names along `dim`: `reduce` is "sum", "prod",
        "mean", "amax" or "amin". Without `include_self` the places reached forget their old value.
        """
    def scatter_reduce_(self, dim: _int, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True) -> Self:
        """`scatter_reduce`, in place."""
    def select(self, dim: _int, index: _int) -> Tensor:
        """One slice along `dim`: a view without that dim."""
    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Tensor:
        """A copy with `src` as one slice along `dim`."""
    def sgn(self) -> Tensor:
        """The sign of each element; of a complex number, the number on the unit circle in its direction, and 0 of 0."""
    def sgn_(self) -> Self:
        """`sgn`, in place."""
    def short(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor as int16."""
    def sigmoid(self) -> Tensor:
        """$1 / (1 + e^{-x})$ of each element."""
    def sigmoid_(self) -> Self:
        """`sigmoid`, in place."""
    def sign(self) -> Tensor:
        """-1, 0 or 1 as each element is negative, zero (or NaN) or positive."""
    def sign_(self) -> Self:
        """`sign`, in place."""
    def signbit(self) -> Tensor:
        """Whether the sign bit is set: true for negative numbers and for -0."""
    def sin(self) -> Tensor:
        """Sine of each element."""
    def sin_(self) -> Self:
        """`sin`, in place."""
    def sinc(self) -> Tensor:
        r"""$\sin(\pi x) / (\pi x)$ of each element, 1 at 0."""
    def sinc_(self) -> Self:
        """`sinc`, in place."""
    def sinh(self) -> Tensor:
        """Hyperbolic sine of each element."""
    def sinh_(self) -> Self:
        """`sinh`, in place."""
    def slice_scatter(self, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1) -> Tensor:
        """A copy with `src` as the slices `start:end:step` along `dim`."""
    def softmax(self, dim: _int, dtype: _dtype | None = None) -> Tensor:
        """Exponentials divided by their sum along `dim`, computed in `dtype`."""
    @overload
    def sort(self, *, stable: _bool | None = None, dim: _int = -1, descending: _bool = False) -> _values_indices:
        """Sorts along `dim`; equal elements keep their order whatever `stable` says: (values, indices)."""
    @overload
    def sort(self, dim: _int = -1, descending: _bool = False) -> _values_indices:
        """Sorts along `dim`: (values, indices)."""
    @overload
    def split(self, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of `split_size` along `dim`, as views; the last may be smaller."""
    @overload
    def split(self, split_size: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of the given sizes along `dim`, as views."""
    def split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of the given sizes along `dim`, as views."""
    def sqrt(self) -> Tensor:
        r"""Square root of each element: $\sqrt{x}$, NaN for negative real numbers."""
    def sqrt_(self) -> Self:
        """`sqrt`, in place."""
    def square(self) -> Tensor:
        """Each element times itself."""
    def square_(self) -> Self:
        """`square`, in place."""
    @overload
    def squeeze(self) -> Tensor:
        """A view without the dims of size 1."""
    @overload
    def squeeze(self, dim: _int) -> Tensor:
        """A view without dim `dim`, if that has size 1."""
    @overload
    def squeeze(self, dim: Sequence[_int]) -> Tensor:
        """A view without those of `dim` that have size 1."""
    @overload
    def squeeze(self, *dim: _int) -> Tensor: ...
    @overload
    def squeeze_(self) -> Self:
        """`squeeze`, in place."""
    @overload
    def squeeze_(self, dim: _int) -> Self: ...
    @overload
    def squeeze_(self, dim: Sequence[_int]) -> Self: ...
    @overload
    def squeeze_(self, *dim: _int) -> Self: ...
    @overload
    def std(self, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False) -> Tensor:
        """Standard deviation over `dim`; `unbiased` divides the squares by the count less 1."""
    @overload
    def std(self, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False) -> Tensor:
        """Standard deviation over `dim`, the squares divided by the count less `correction` (default 1)."""
    @overload
    def std(self, *dim: _int, correction: _Number | None = None, keepdim: _bool = False) -> Tensor: ...
    @overload
    def std(self, unbiased: _bool = True) -> Tensor:
        """Standard deviation of all elements; `unbiased` divides the squares by the count less 1."""
    def sub(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """Difference of `self` and `alpha` times `other`."""
    def sub_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Self:
        """`sub`, in place."""
    def subtract(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """Difference of `self` and `alpha` times `other`."""
    def subtract_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Self:
        """`subtract`, in place."""
    @overload
    def sum(self, *, dtype: _dtype | None = None) -> Tensor:
        """Sum of all elements; integers and bools add up as int64."""
    @overload
    def sum(self, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Sum over `dim`, which may be one dim or several; over all of them if it is None or empty."""
    @overload
    def sum_to_size(self, size: Sequence[_int]) -> Tensor:
        """The sum over the dims that were broadcast, in the given size."""
    @overload
    def sum_to_size(self, *size: _int) -> Tensor: ...
    def swapaxes(self, axis0: _int, axis1: _int) -> Tensor:
        """A view with two dims swapped."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """A view with two dims swapped."""
    def t(self) -> Tensor:
        """The transpose of a matrix; a view. Tensors of fewer than two dims come back as they are."""
    def t_(self) -> Self:
        """`t`, in place."""
    def take(self, index: Tensor) -> Tensor:
        """Elements by their place in the flattened tensor, in the shape of the index."""
    def take_along_dim(self, indices: Tensor, dim: _int | None = None) -> Tensor:
        """As `gather`, with input and indices broadcast; without `dim` both are flattened."""
    def tan(self) -> Tensor:
        """Tangent of each element."""
    def tan_(self) -> Self:
        """`tan`, in place."""
    def tanh(self) -> Tensor:
        """Hyperbolic tangent of each element."""
    def tanh_(self) -> Self:
        """`tanh`, in place."""
    @overload
    def tensor_split(self, indices: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces along `dim`, cut at the given places, as views."""
    @overload
    def tensor_split(self, tensor_indices_or_sections: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
        """As `tensor_split`, with the number of sections or the places to cut in a tensor."""
    @overload
    def tensor_split(self, sections: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """`sections` pieces along `dim`, as views; the first ones are one larger where the size does not divide."""
    @overload
    def tile(self, dims: Sequence[_int]) -> Tensor:
        """As `repeat`; dims not named come once."""
    @overload
    def tile(self, *dims: _int) -> Tensor: ...
    @overload
    def to(self, device: _Device | None = None, dtype: _dtype | None = None, non_blocking: _bool = False, copy: _bool = False, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor on another device or in another dtype; itself if nothing changes and `copy` is not asked for."""
    @overload
    def to(self, dtype: _dtype, non_blocking: _bool = False, copy: _bool = False, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor in another dtype; itself if nothing changes and `copy` is not asked for."""
    @overload
    def to(self, other: Tensor, non_blocking: _bool = False, copy: _bool = False, *, memory_format: _memory_format | None = None) -> Tensor:
        """The tensor in the dtype of another; itself if nothing changes and `copy` is not asked for."""
    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> _values_indices:
        """The `k` largest (or smallest) elements along `dim`, in order: (values, indices)."""
    def trace(self) -> Tensor:
        """Sum of the diagonal of a matrix."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """A view with two dims swapped."""
    def transpose_(self, dim0: _int, dim1: _int) -> Self:
        """`transpose`, in place."""
    def tril(self, diagonal: _int = 0) -> Tensor:
        """The part of a matrix (or of each of a batch) on and below a diagonal; zero elsewhere."""
    def tril_(self, diagonal: _int = 0) -> Self:
        """`tril`, in place."""
    def triu(self, diagonal: _int = 0) -> Tensor:
        """The part of a matrix (or of each of a batch) on and above a diagonal; zero elsewhere."""
    def triu_(self, diagonal: _int = 0) -> Self:
        """`triu`, in place."""
    def true_divide(self, other: Tensor | _Number) -> Tensor:
        """True quotient of two operands; integers become floats first."""
    def true_divide_(self, other: Tensor | _Number) -> Self:
        """`true_divide`, in place."""
    def trunc(self) -> Tensor:
        """Each element without its fraction."""
    def trunc_(self) -> Self:
        """`trunc`, in place."""
    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of another."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]:
        """A tuple of the slices along `dim`: views without that dim."""
    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        """A view with dim `dim` split into `sizes`; one may be -1."""
    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """Windows of `size` along `dimension`, `step` apart, as a last dim of a view."""
    def uniform_(self, from_: _float = 0, /, to: _float = 1, *, generator: Generator | None = None) -> Self:
        """Numbers drawn evenly from `from` up to `to`."""
    def unsafe_chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """As `chunk`, with pieces that may be written to."""
    def unsafe_split(self, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """As `split`, with pieces that may be written to."""
    def unsafe_split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """As `split_with_sizes`, with pieces that may be written to."""
    def unsqueeze(self, dim: _int) -> Tensor:
        """A view with a dim of size 1 inserted at `dim`."""
    def unsqueeze_(self, dim: _int) -> Self:
        """`unsqueeze`, in place."""
    @overload
    def var(self, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False) -> Tensor:
        """Variance over `dim`; `unbiased` divides the squares by the count less 1."""
    @overload
    def var(self, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False) -> Tensor:
        """Variance over `dim`, the squares divided by the count less `correction` (default 1)."""
    @overload
    def var(self, *dim: _int, correction: _Number | None = None, keepdim: _bool = False) -> Tensor: ...
    @overload
    def var(self, unbiased: _bool = True) -> Tensor:
        """Variance of all elements; `unbiased` divides the squares by the count less 1."""
    def vdot(self, other: Tensor) -> Tensor:
        """As `dot`, with the conjugate of the first vector."""
    @overload
    def view(self, size: Sequence[_int]) -> Tensor:
        """The same memory in another shape; one size may be -1. Raises RuntimeError where strides cannot express it."""
    @overload
    def view(self, *size: _int) -> Tensor: ...
    @overload
    def view(self, dtype: _dtype) -> Tensor:
        """The same bytes as another element type."""
    def view_as(self, other: Tensor) -> Tensor:
        """The same memory in the shape of `other`."""
    @overload
    def vsplit(self, sections: _int) -> tuple[Tensor, ...]:
        """Equal pieces along dim 0, as views."""
    @overload
    def vsplit(self, indices: Sequence[_int]) -> tuple[Tensor, ...]:
        """Pieces along dim 0 cut at the given places, as views."""
    @overload
    def vsplit(self, *indices: _int) -> tuple[Tensor, ...]: ...
    @overload
    def where(self, condition: Tensor, other: Tensor) -> Tensor:
        """Elements of the tensor where the condition holds, and of `other` elsewhere."""
    @overload
    def where(self, condition: Tensor, other: _Number) -> Tensor:
        """Elements of the tensor where the condition holds, and the number `other` elsewhere."""
    @overload
    def xlogy(self, other: Tensor) -> Tensor:
        r"""$x \log y$; 0 where x is 0, unless y is NaN."""
    @overload
    def xlogy(self, other: _Number) -> Tensor: ...
    @overload
    def xlogy_(self, other: Tensor) -> Self:
        """`xlogy`, in place."""
    @overload
    def xlogy_(self, other: _Number) -> Self: ...
    def zero_(self) -> Self:
        """Writes zero into every element."""

class _LinAlgError(RuntimeError): ...
class OutOfMemoryError(RuntimeError): ...
class AcceleratorError(RuntimeError): ...
class _DeviceIndexError(AcceleratorError, IndexError): ...

class _Q_R(NamedTuple):
    Q: Tensor
    R: Tensor

class _U_S_Vh(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor

class _hist_bin_edges(NamedTuple):
    hist: Tensor
    bin_edges: Tensor

class _min_max(NamedTuple):
    min: Tensor
    max: Tensor

class _output_logsumexp(NamedTuple):
    output: Tensor
    logsumexp: Tensor

class _values_indices(NamedTuple):
    values: Tensor
    indices: Tensor

def tensor(
    data: Any,
    *,
    dtype: _dtype | None = None,
    device: _Device | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
    names: None = None,
) -> Tensor:
    """A new tensor with a copy of `data`: numbers, nested sequences, NumPy arrays, tensors."""

def as_tensor(data: Any, dtype: _dtype | None = None, device: _Device | None = None) -> Tensor:
    """`data` as a tensor: itself if it is one of this dtype already, over the same memory if it is a NumPy array."""

def asarray(
    obj: Any,
    *,
    dtype: _dtype | None = None,
    device: _Device | None = None,
    copy: _bool | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """As `as_tensor`, or a copy, or refusing one: NumPy's `asarray` for tensors."""

def from_numpy(ndarray: Any) -> Tensor:
    """A tensor over the memory of a NumPy array: a write through one is seen through the other."""

def frombuffer(
    buffer: Buffer, *, dtype: _dtype, count: _int = -1, offset: _int = 0, requires_grad: _bool = False
) -> Tensor:
    """A 1-D tensor over the memory of an object with the buffer protocol."""

def from_dlpack(ext_tensor: Any, *, device: _Device | None = None, copy: _bool | None = None) -> Tensor:
    """A tensor over the memory of any object with `__dlpack__`, or of a DLPack capsule."""

def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of the tensor's memory."""

def is_grad_enabled() -> _bool:
    """Whether ops are recorded."""

def is_inference_mode_enabled() -> _bool:
    """Whether inference mode is on."""

def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats."""

def get_num_threads() -> _int:
    """How many threads ops use."""

def set_num_threads(n: _int, /) -> None:
    """Sets how many threads ops use. Raises RuntimeError for a number below 1."""

def _set_grad_enabled(on: _bool) -> None: ...
def _set_inference_mode(on: _bool) -> None: ...
def _set_default_dtype(d: dtype) -> None: ...
def _get_default_device() -> device: ...
def _cpu_report() -> dict[_str, Any]: ...
def _profile_start(shapes: _bool) -> None: ...
def _profile_stop() -> list[tuple[_str, _str, _int, _int, _int, _str, tuple[_int, _int] | None]]: ...
class _ProfilePart:
    def __new__(cls, name: _str) -> Self: ...
    def end(self) -> None: ...
class _GpuMark:
    def __init__(self, index: _int) -> None: ...
    def reached(self) -> _bool: ...
    def wait(self) -> None: ...
    def until(self, other: _GpuMark) -> _float: ...

def _gpu_count() -> _int: ...
def _gpu_current() -> _int: ...
def _gpu_set_current(index: _int) -> None: ...
def _gpu_describe(index: _int) -> dict[_str, Any]: ...
def _gpu_is_open(index: _int) -> _bool: ...
def _gpu_synchronize(index: _int) -> None: ...
def _gpu_flush(index: _int) -> None: ...
def _gpu_is_idle(index: _int) -> _bool: ...
def _gpu_memory(index: _int) -> dict[_str, _int]: ...
def _gpu_empty_cache(index: _int) -> None: ...
def _gpu_reset_peak(index: _int) -> None: ...
def _gpu_reset_counts(index: _int) -> None: ...
def _gpu_empty_host_cache(index: _int) -> None: ...
def _gpu_counts(index: _int) -> dict[_str, _int]: ...
def _gpu_holds(tensor: Tensor) -> _bool: ...
def _set_default_device(device: _Device | None = None) -> None: ...
def _record_function(
    ctx: Node,
    name: _str,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    parts: Sequence[_int],
    to_save: Sequence[Tensor | None],
) -> tuple[list[Tensor], tuple[_int | None, ...]]: ...
def _alias_unrecorded(tensor: Tensor) -> Tensor: ...
def _refuse_gradient(
    inputs: Sequence[Tensor], results: Sequence[Tensor | None], message: _str
) -> tuple[Tensor | None, ...]: ...
def _run_backward(
    tensors_: Sequence[Tensor],
    grad_tensors: Sequence[Tensor | None],
    keep_graph: _bool,
    create_graph: _bool,
    inputs: Sequence[Tensor],
    allow_unreachable: _bool,
    accumulate_grad: _bool,
) -> tuple[Tensor | None, ...]: ...
def _push_saved_tensors_hooks(pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None: ...
def _pop_saved_tensors_hooks() -> None: ...
def _disable_saved_tensors_hooks(message: _str | None) -> _str | None: ...
def _set_before_write(observer: Callable[[Tensor], Any] | None) -> Callable[[Tensor], Any] | None: ...
def _increment_version(tensor: Tensor) -> None: ...
def _crc32(data: Any) -> int: ...
def _current_graph_task_id() -> _int: ...
def _will_engine_execute_node(node: Node) -> _bool: ...
def _is_checkpoint_valid() -> _bool: ...
def _queue_callback(callback: Callable[[], Any]) -> None: ...
def set_anomaly_enabled(enabled: _bool, check_nan: _bool = True) -> None: ...
def is_anomaly_enabled() -> _bool: ...
def is_anomaly_check_nan_enabled() -> _bool: ...

def _convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[_int], padding: Sequence[_int], dilation: Sequence[_int], transposed: _bool, output_padding: Sequence[_int], groups: _int, benchmark: _bool, deterministic: _bool, cudnn_enabled: _bool, allow_tf32: _bool) -> Tensor:
    """As `convolution`; the last four arguments choose among implementations elsewhere and change nothing here."""

@overload
def _ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Sequence[_int], target_lengths: Sequence[_int], blank: _int = 0, zero_infinity: _bool = False) -> tuple[Tensor, Tensor]:
    """Unreduced losses of connectionist temporal classification, and logarithms of the probabilities of beginnings."""
@overload
def _ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: _int = 0, zero_infinity: _bool = False) -> tuple[Tensor, Tensor]:
    """As above, with lengths as tensors."""

def _embedding_bag(weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: _bool = False, mode: _int = 0, sparse: _bool = False, per_sample_weights: Tensor | None = None, include_last_offset: _bool = False, padding_idx: _int = -1) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As `embedding_bag`; a negative `padding_idx` is none."""

@overload
def _foreach_add(input: Sequence[Tensor], other: Tensor, *, alpha: _Number = 1) -> tuple[Tensor, ...]:
    """Adds a tensor to each tensor."""
@overload
def _foreach_add(input: Sequence[Tensor], scalar: _Number) -> tuple[Tensor, ...]:
    """Adds a number to each tensor."""
@overload
def _foreach_add(input: Sequence[Tensor], other: Sequence[Tensor], *, alpha: _Number = 1) -> tuple[Tensor, ...]:
    """Adds its own tensor to each tensor."""
@overload
def _foreach_add(input: Sequence[Tensor], scalars: Sequence[_Number]) -> tuple[Tensor, ...]:
    """Adds its own number to each tensor."""

@overload
def _foreach_add_(input: Sequence[Tensor], other: Tensor, *, alpha: _Number = 1) -> None:
    """Adds a tensor to each tensor, in place."""
@overload
def _foreach_add_(input: Sequence[Tensor], scalar: _Number) -> None:
    """Adds a number to each tensor, in place."""
@overload
def _foreach_add_(input: Sequence[Tensor], other: Sequence[Tensor], *, alpha: _Number = 1) -> None:
    """Adds its own tensor to each tensor, in place."""
@overload
def _foreach_add_(input: Sequence[Tensor], scalars: Sequence[_Number]) -> None:
    """Adds its own number to each tensor, in place."""

@overload
def _foreach_div(input: Sequence[Tensor], other: Tensor) -> tuple[Tensor, ...]:
    """Divides each tensor by a tensor."""
@overload
def _foreach_div(input: Sequence[Tensor], scalar: _Number) -> tuple[Tensor, ...]:
    """Divides each tensor by a number."""
@overload
def _foreach_div(input: Sequence[Tensor], other: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Divides each tensor by its own tensor."""
@overload
def _foreach_div(input: Sequence[Tensor], scalars: Sequence[_Number]) -> tuple[Tensor, ...]:
    """Divides each tensor by its own number."""

@overload
def _foreach_div_(input: Sequence[Tensor], other: Tensor) -> None:
    """Divides each tensor by a tensor, in place."""
@overload
def _foreach_div_(input: Sequence[Tensor], scalar: _Number) -> None:
    """Divides each tensor by a number, in place."""
@overload
def _foreach_div_(input: Sequence[Tensor], other: Sequence[Tensor]) -> None:
    """Divides each tensor by its own tensor, in place."""
@overload
def _foreach_div_(input: Sequence[Tensor], scalars: Sequence[_Number]) -> None:
    """Divides each tensor by its own number, in place."""

@overload
def _foreach_mul(input: Sequence[Tensor], other: Tensor) -> tuple[Tensor, ...]:
    """Multiplies each tensor by a tensor."""
@overload
def _foreach_mul(input: Sequence[Tensor], scalar: _Number) -> tuple[Tensor, ...]:
    """Multiplies each tensor by a number."""
@overload
def _foreach_mul(input: Sequence[Tensor], other: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Multiplies each tensor by its own tensor."""
@overload
def _foreach_mul(input: Sequence[Tensor], scalars: Sequence[_Number]) -> tuple[Tensor, ...]:
    """Multiplies each tensor by its own number."""

@overload
def _foreach_mul_(input: Sequence[Tensor], other: Tensor) -> None:
    """Multiplies each tensor by a tensor, in place."""
@overload
def _foreach_mul_(input: Sequence[Tensor], scalar: _Number) -> None:
    """Multiplies each tensor by a number, in place."""
@overload
def _foreach_mul_(input: Sequence[Tensor], other: Sequence[Tensor]) -> None:
    """Multiplies each tensor by its own tensor, in place."""
@overload
def _foreach_mul_(input: Sequence[Tensor], scalars: Sequence[_Number]) -> None:
    """Multiplies each tensor by its own number, in place."""

def _foreach_norm(input: Sequence[Tensor], ord: _Number = 2, dtype: _dtype | None = None) -> tuple[Tensor, ...]:
    """The norm of each tensor, as `linalg.vector_norm`."""

@overload
def _foreach_sub(input: Sequence[Tensor], scalar: _Number) -> tuple[Tensor, ...]:
    """Subtracts a number from each tensor."""
@overload
def _foreach_sub(input: Sequence[Tensor], other: Sequence[Tensor], *, alpha: _Number = 1) -> tuple[Tensor, ...]:
    """Subtracts its own tensor from each tensor."""
@overload
def _foreach_sub(input: Sequence[Tensor], scalars: Sequence[_Number]) -> tuple[Tensor, ...]:
    """Subtracts its own number from each tensor."""

@overload
def _foreach_sub_(input: Sequence[Tensor], scalar: _Number) -> None:
    """Subtracts a number from each tensor, in place."""
@overload
def _foreach_sub_(input: Sequence[Tensor], other: Sequence[Tensor], *, alpha: _Number = 1) -> None:
    """Subtracts its own tensor from each tensor, in place."""
@overload
def _foreach_sub_(input: Sequence[Tensor], scalars: Sequence[_Number]) -> None:
    """Subtracts its own number from each tensor, in place."""

@overload
def _fused_adagrad_(input: Sequence[Tensor], grads: Sequence[Tensor], state_sums: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: _float, lr_decay: _float, weight_decay: _float, eps: _float, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """One step of Adagrad for a list of parameters; `state_steps` counts this step already."""
@overload
def _fused_adagrad_(input: Sequence[Tensor], grads: Sequence[Tensor], state_sums: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: Tensor, lr_decay: _float, weight_decay: _float, eps: _float, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """As above, with the learning rate in a tensor."""

@overload
def _fused_adam_(input: Sequence[Tensor], grads: Sequence[Tensor], exp_avgs: Sequence[Tensor], exp_avg_sqs: Sequence[Tensor], max_exp_avg_sqs: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: _float, beta1: _float, beta2: _float, weight_decay: _float, eps: _float, amsgrad: _bool, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """One step of Adam for a list of parameters; `state_steps` counts this step already."""
@overload
def _fused_adam_(input: Sequence[Tensor], grads: Sequence[Tensor], exp_avgs: Sequence[Tensor], exp_avg_sqs: Sequence[Tensor], max_exp_avg_sqs: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: Tensor, beta1: _float, beta2: _float, weight_decay: _float, eps: _float, amsgrad: _bool, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """As above, with the learning rate in a tensor."""

@overload
def _fused_adamw_(input: Sequence[Tensor], grads: Sequence[Tensor], exp_avgs: Sequence[Tensor], exp_avg_sqs: Sequence[Tensor], max_exp_avg_sqs: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: _float, beta1: _float, beta2: _float, weight_decay: _float, eps: _float, amsgrad: _bool, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """One step of AdamW for a list of parameters; `state_steps` counts this step already."""
@overload
def _fused_adamw_(input: Sequence[Tensor], grads: Sequence[Tensor], exp_avgs: Sequence[Tensor], exp_avg_sqs: Sequence[Tensor], max_exp_avg_sqs: Sequence[Tensor], state_steps: Sequence[Tensor], *, lr: Tensor, beta1: _float, beta2: _float, weight_decay: _float, eps: _float, amsgrad: _bool, maximize: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """As above, with the learning rate in a tensor."""

def _fused_rms_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None, eps: _float | None) -> tuple[Tensor, Tensor]:
    """As `rms_norm`, with the reciprocal roots."""

@overload
def _fused_sgd_(input: Sequence[Tensor], grads: Sequence[Tensor], momentum_buffer_list: Sequence[Tensor], *, weight_decay: _float, momentum: _float, lr: _float, dampening: _float, nesterov: _bool, maximize: _bool, is_first_step: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """One step of SGD for a list of parameters, with momentum, Nesterov's variant and weight decay."""
@overload
def _fused_sgd_(input: Sequence[Tensor], grads: Sequence[Tensor], momentum_buffer_list: Sequence[Tensor], *, weight_decay: _float, momentum: _float, lr: Tensor, dampening: _float, nesterov: _bool, maximize: _bool, is_first_step: _bool, grad_scale: Tensor | None = None, found_inf: Tensor | None = None) -> None:
    """As above, with the learning rate in a tensor."""

def _fused_step_(input: Sequence[Tensor], grads: Sequence[Tensor], states: Sequence[Tensor], *, optimizer: _str, weight_decay: _float, shrink: _float, numbers: Sequence[_float], flags: Sequence[_bool], maximize: _bool) -> None:
    """One step of an optimizer for a list of parameters on a GPU: `weight_decay` is part of the gradient, `shrink` is not, and
    `numbers` and `flags` are its own, in the order of its kernel.
    """

def _log_softmax(input: Tensor, dim: _int, half_to_float: _bool, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of softmax in the dtype of its input."""

def _log_softmax_backward_data(grad_output: Tensor, output: Tensor, dim: _int, input_dtype: _dtype, *, out: Tensor | None = None) -> Tensor:
    """The gradient of log-softmax from its output and that of the output."""

def _pack_padded_sequence(input: Tensor, lengths: Tensor, batch_first: _bool) -> tuple[Tensor, Tensor]:
    """Padded sequences, sorted by falling length, laid end to end by time step; and the number of them per step."""

def _pad_packed_sequence(data: Tensor, batch_sizes: Tensor, batch_first: _bool, padding_value: _Number, total_length: _int) -> tuple[Tensor, Tensor]:
    """Padded sequences from packed ones; and their lengths."""

def _safe_softmax(input: Tensor, dim: _int, dtype: _dtype | None = None) -> Tensor:
    """Softmax that is 0 where a whole line is minus infinity."""

def _scaled_dot_product_attention_math(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: _float = 0.0, is_causal: _bool = False, dropout_mask: Tensor | None = None, *, scale: _float | None = None, enable_gqa: _bool = False) -> tuple[Tensor, Tensor]:
    """As `scaled_dot_product_attention`, with the weights as a second result."""

def _scaled_dot_product_flash_attention_for_cpu(query: Tensor, key: Tensor, value: Tensor, dropout_p: _float = 0.0, is_causal: _bool = False, *, attn_mask: Tensor | None = None, scale: _float | None = None) -> _output_logsumexp:
    """Attention by blocks of queries and keys, for (batch, heads, L, E), (batch, heads, S, E) and (batch, heads, S, Ev): the
    result, and the logarithms of the sums of exponentials. No dropout.
    """

def _softmax(input: Tensor, dim: _int, half_to_float: _bool, *, out: Tensor | None = None) -> Tensor:
    """Softmax in the dtype of its input."""

def _softmax_backward_data(grad_output: Tensor, output: Tensor, dim: _int, input_dtype: _dtype, *, out: Tensor | None = None) -> Tensor:
    """The gradient of softmax from its output and that of the output."""

def _to_copy(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, non_blocking: _bool = False, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """A copy of another dtype or order of memory."""

def _unique(input: Tensor, sorted: _bool = True, return_inverse: _bool = False) -> tuple[Tensor, Tensor]:
    """The distinct elements in ascending order, and which of them each element is."""

def _unique2(input: Tensor, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """The distinct elements in ascending order, which of them each element is, and how many there are of each."""

def _unsafe_index(input: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    """Elements picked by tensors of indices: one entry per dim, None for a whole dim; masks stand for all their dims."""

def _unsafe_index_put(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
    """A copy with `values` written at the indexed places, or added to what is there."""

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Absolute value of each element; the length $\sqrt{a^2 + b^2}$ of a complex number."""

def abs_(input: Tensor) -> Tensor:
    """`abs`, in place."""

def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Absolute value of each element; the length $\sqrt{a^2 + b^2}$ of a complex number."""

def absolute_(input: Tensor) -> Tensor:
    """`absolute`, in place."""

def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse cosine of each element."""

def acos_(input: Tensor) -> Tensor:
    """`acos`, in place."""

def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine of each element: NaN for real numbers below 1."""

def acosh_(input: Tensor) -> Tensor:
    """`acosh`, in place."""

def adaptive_avg_pool1d(input: Tensor, output_size: _int | Sequence[_int]) -> Tensor:
    """Averages over `output_size` even shares of the last dim."""

def adaptive_max_pool1d(input: Tensor, output_size: _int | Sequence[_int]) -> tuple[Tensor, Tensor]:
    """Maxima over `output_size` even shares of the last dim, and their places."""

def add(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """Sum of `self` and `alpha` times `other`."""

def add_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """`add`, in place."""

def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`beta * self + alpha * sum(batch1[i] @ batch2[i])`."""

def addbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
    """`addbmm`, in place."""

def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`self + value * tensor1 / tensor2`."""

def addcdiv_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Tensor:
    """`addcdiv`, in place."""

def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`self + value * tensor1 * tensor2`."""

def addcmul_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: _Number = 1) -> Tensor:
    """`addcmul`, in place."""

def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`beta * self + alpha * (mat1 @ mat2)`; `self` is broadcast, and not read where `beta` is 0."""

def addmm_(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
    """`addmm`, in place."""

def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`beta * self + alpha * (mat @ vec)`."""

def addmv_(input: Tensor, mat: Tensor, vec: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
    """`addmv`, in place."""

def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`beta * self + alpha * outer(vec1, vec2)`."""

def addr_(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
    """`addr`, in place."""

def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of a matrix or of each of a batch."""

def affine_grid_generator(theta: Tensor, size: Sequence[_int], align_corners: _bool) -> Tensor:
    """Places (N, H, W, 2) or (N, D, H, W, 3) that affine maps `theta` give for an image of `size`."""

def alias(input: Tensor) -> Tensor:
    """A view of everything."""

def alias_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy of everything."""

@overload
def all(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements are nonzero."""
@overload
def all(input: Tensor, dim: Sequence[_int] | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements over `dim`, several dims or None for all, are nonzero."""
@overload
def all(input: Tensor, dim: _int, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements along `dim` are nonzero."""

def allclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
    """Whether all elements differ by at most `atol + rtol * |other|`."""

def alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout that keeps mean and variance of self-normalizing activations."""

def alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout that keeps mean and variance of self-normalizing activations."""

def amax(input: Tensor, dim: _int | Sequence[_int] = (), keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Largest element over `dim`, one or several; equal ones share the gradient."""

def amin(input: Tensor, dim: _int | Sequence[_int] = (), keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Smallest element over `dim`, one or several; equal ones share the gradient."""

def aminmax(input: Tensor, *, dim: _int | None = None, keepdim: _bool = False, out: tuple[Tensor, Tensor] | None = None) -> _min_max:
    """Smallest and largest element along `dim`, or of all: (min, max)."""

def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of each number in the complex plane: 0 or pi for real numbers."""

@overload
def any(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether any element is nonzero."""
@overload
def any(input: Tensor, dim: Sequence[_int] | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether any element over `dim`, several dims or None for all, is nonzero."""
@overload
def any(input: Tensor, dim: _int, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether any element along `dim` is nonzero."""

@overload
def arange(end: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers from 0 up to `end`, which is left out."""
@overload
def arange(start: _Number, end: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers from `start` up to `end`, which is left out."""
@overload
def arange(start: _Number, end: _Number, step: _Number = 1, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers from `start` by `step` up to `end`, which is left out."""

def arccos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse cosine of each element."""

def arccos_(input: Tensor) -> Tensor:
    """`arccos`, in place."""

def arccosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine of each element: NaN for real numbers below 1."""

def arccosh_(input: Tensor) -> Tensor:
    """`arccosh`, in place."""

def arcsin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse sine of each element."""

def arcsin_(input: Tensor) -> Tensor:
    """`arcsin`, in place."""

def arcsinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine of each element."""

def arcsinh_(input: Tensor) -> Tensor:
    """`arcsinh`, in place."""

def arctan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse tangent of each element."""

def arctan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""The angle of the point (other, self), in $(-\pi, \pi]$."""

def arctan2_(input: Tensor, other: Tensor) -> Tensor:
    """`arctan2`, in place."""

def arctan_(input: Tensor) -> Tensor:
    """`arctan`, in place."""

def arctanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent of each element."""

def arctanh_(input: Tensor) -> Tensor:
    """`arctanh`, in place."""

def argmax(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Place of the largest element along `dim`, or among all of them flattened; the first of equal ones."""

def argmin(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Place of the smallest element along `dim`, or among all of them flattened; the first of equal ones."""

@overload
def argsort(input: Tensor, *, stable: _bool, dim: _int = -1, descending: _bool = False, out: Tensor | None = None) -> Tensor:
    """Places that sort along `dim`; equal elements keep their order."""
@overload
def argsort(input: Tensor, dim: _int = -1, descending: _bool = False) -> Tensor:
    """Places that sort along `dim`."""

def argwhere(input: Tensor) -> Tensor:
    """The places of what is not zero: one row of coordinates each."""

def as_strided(input: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
    """A view of any sizes and strides (in elements) inside the tensor's storage."""

def as_strided_(input: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
    """`as_strided`, in place."""

def as_strided_copy(input: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """A copy of what `as_strided` shows."""

def as_strided_scatter(input: Tensor, src: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
    """A copy with `src` in the place that sizes and strides (in elements) describe."""

def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse sine of each element."""

def asin_(input: Tensor) -> Tensor:
    """`asin`, in place."""

def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine of each element."""

def asinh_(input: Tensor) -> Tensor:
    """`asinh`, in place."""

def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse tangent of each element."""

def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""The angle of the point (other, self), in $(-\pi, \pi]$."""

def atan2_(input: Tensor, other: Tensor) -> Tensor:
    """`atan2`, in place."""

def atan_(input: Tensor) -> Tensor:
    """`atan`, in place."""

def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent of each element."""

def atanh_(input: Tensor) -> Tensor:
    """`atanh`, in place."""

@overload
def atleast_1d(input: Tensor) -> Tensor:
    """With at least one dim."""
@overload
def atleast_1d(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Each with at least one dim."""

@overload
def atleast_2d(input: Tensor) -> Tensor:
    """With at least two dims: a vector becomes a row."""
@overload
def atleast_2d(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Each with at least two dims: a vector becomes a row."""

@overload
def atleast_3d(input: Tensor) -> Tensor:
    """With at least three dims: a matrix gets a last dim of size 1, a vector also a first."""
@overload
def atleast_3d(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Each with at least three dims: a matrix gets a last dim of size 1, a vector also a first."""

def avg_pool1d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, ceil_mode: _bool = False, count_include_pad: _bool = True) -> Tensor:
    """Average of each window of the last dim of (N, C, L) or (C, L)."""

def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """`beta * self + alpha * bmm(batch1, batch2)`; `self` is broadcast."""

def baddbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: _Number = 1, alpha: _Number = 1) -> Tensor:
    """`baddbmm`, in place."""

@overload
def bartlett_window(window_length: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The Bartlett window: a triangle."""
@overload
def bartlett_window(window_length: _int, periodic: _bool, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

def batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None, training: _bool, momentum: _float, eps: _float, cudnn_enabled: _bool) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias per channel, with the statistics of the batch or the running ones."""

@overload
def bernoulli(input: Tensor, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """Ones with the probabilities that the tensor gives, else zeros."""
@overload
def bernoulli(input: Tensor, p: _float, *, generator: Generator | None = None) -> Tensor:
    """Ones with probability `p`, else zeros."""

def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A bilinear form per output: `y[.., o] = a[.., i] w[o, i, j] b[.., j] + bias[o]`."""

def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: _int = 0) -> Tensor:
    """Cross entropy of two classes from scores; `pos_weight` multiplies the positive term."""

def bincount(input: Tensor, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
    """How often each integer from 0 on occurs, or the sum of its weights; at least `minlength` results."""

def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed, each with probability `prob`."""

@overload
def bitwise_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Bits that both integers have."""
@overload
def bitwise_and(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_and(input: _Number, other: Tensor) -> Tensor: ...

@overload
def bitwise_and_(input: Tensor, other: Tensor) -> Tensor:
    """`bitwise_and`, in place."""
@overload
def bitwise_and_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def bitwise_left_shift(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Bits moved to the left: $x \cdot 2^{other}$; 0 for a negative or too large shift."""
@overload
def bitwise_left_shift(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_left_shift(input: _Number, other: Tensor) -> Tensor: ...

@overload
def bitwise_left_shift_(input: Tensor, other: Tensor) -> Tensor:
    """`bitwise_left_shift`, in place."""
@overload
def bitwise_left_shift_(input: Tensor, other: _Number) -> Tensor: ...

def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each bit the other way round; of bools their negation."""

def bitwise_not_(input: Tensor) -> Tensor:
    """`bitwise_not`, in place."""

@overload
def bitwise_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Bits that at least one of two integers has."""
@overload
def bitwise_or(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_or(input: _Number, other: Tensor) -> Tensor: ...

@overload
def bitwise_or_(input: Tensor, other: Tensor) -> Tensor:
    """`bitwise_or`, in place."""
@overload
def bitwise_or_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def bitwise_right_shift(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Bits moved to the right, the sign kept; all of them for a negative or too large shift."""
@overload
def bitwise_right_shift(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_right_shift(input: _Number, other: Tensor) -> Tensor: ...

@overload
def bitwise_right_shift_(input: Tensor, other: Tensor) -> Tensor:
    """`bitwise_right_shift`, in place."""
@overload
def bitwise_right_shift_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def bitwise_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Bits that exactly one of two integers has."""
@overload
def bitwise_xor(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_xor(input: _Number, other: Tensor) -> Tensor: ...

@overload
def bitwise_xor_(input: Tensor, other: Tensor) -> Tensor:
    """`bitwise_xor`, in place."""
@overload
def bitwise_xor_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def blackman_window(window_length: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The Blackman window: two cosines."""
@overload
def blackman_window(window_length: _int, periodic: _bool, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

def block_diag(tensors: Sequence[Tensor]) -> Tensor:
    """Matrices (vectors as rows) as blocks on the diagonal, zero elsewhere."""

def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Products of the matrices of two batches, pair by pair: (b, n, m) by (b, m, p)."""

def broadcast_tensors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of all tensors in their joint shape."""

def broadcast_to(input: Tensor, size: Sequence[_int]) -> Tensor:
    """A view in which dims of size 1 are repeated; -1 keeps a size."""

@overload
def bucketize(input: Tensor, boundaries: Tensor, *, out_int32: _bool = False, right: _bool = False, out: Tensor | None = None) -> Tensor:
    """Places of the elements of `input` among ascending `boundaries`: after equal ones if `right`."""
@overload
def bucketize(input: _Number, boundaries: Tensor, *, out_int32: _bool = False, right: _bool = False) -> Tensor:
    """Place of a number among ascending `boundaries`."""

def can_cast(from_: _dtype, to: _dtype) -> _bool:
    """Whether results of one dtype may be written into tensors of another."""

def cartesian_prod(tensors: Sequence[Tensor]) -> Tensor:
    """All tuples of one element from each vector, in order, as rows."""

def cat(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after the other along a dim that they have; dtypes are promoted."""

def cdist(x1: Tensor, x2: Tensor, p: _float = 2, compute_mode: _int | None = None) -> Tensor:
    """Distances by the p-norm of all pairs of rows, one of `x1` and one of `x2`."""

def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smallest integer that is not less than each element."""

def ceil_(input: Tensor) -> Tensor:
    """`ceil`, in place."""

def celu(input: Tensor, alpha: _Number = 1.) -> Tensor:
    """Continuously differentiable exponential linear unit: `x`, or `alpha * (exp(x / alpha) - 1)` where negative."""

def celu_(input: Tensor, alpha: _Number = 1.) -> Tensor:
    """`celu`, in place."""

def chain_matmul(matrices: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """A product of several matrices in the cheapest order."""

def channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """Channels (dim 1) in `groups` groups, dealt out in turn."""

def chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces along `dim`, as views."""

@overload
def clamp(input: Tensor, min: _Number | None = None, max: _Number | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element brought between two numbers; `None` is no bound. The upper one wins where they cross."""
@overload
def clamp(input: Tensor, min: Tensor | None = None, max: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element brought between two tensors' elements; `None` is no bound. The upper one wins where they cross."""

@overload
def clamp_(input: Tensor, min: _Number | None = None, max: _Number | None = None) -> Tensor:
    """`clamp`, in place."""
@overload
def clamp_(input: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor: ...

@overload
def clamp_max(input: Tensor, max: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element, but not more than `max`; NaN where either is."""
@overload
def clamp_max(input: Tensor, max: _Number, *, out: Tensor | None = None) -> Tensor:
    """Each element, but not more than `max`."""

@overload
def clamp_max_(input: Tensor, max: Tensor) -> Tensor:
    """`clamp_max`, in place."""
@overload
def clamp_max_(input: Tensor, max: _Number) -> Tensor: ...

@overload
def clamp_min(input: Tensor, min: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element, but not less than `min`; NaN where either is."""
@overload
def clamp_min(input: Tensor, min: _Number, *, out: Tensor | None = None) -> Tensor:
    """Each element, but not less than `min`."""

@overload
def clamp_min_(input: Tensor, min: Tensor) -> Tensor:
    """`clamp_min`, in place."""
@overload
def clamp_min_(input: Tensor, min: _Number) -> Tensor: ...

@overload
def clip(input: Tensor, min: _Number | None = None, max: _Number | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element brought between two numbers; `None` is no bound. The upper one wins where they cross."""
@overload
def clip(input: Tensor, min: Tensor | None = None, max: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element brought between two tensors' elements; `None` is no bound. The upper one wins where they cross."""

@overload
def clip_(input: Tensor, min: _Number | None = None, max: _Number | None = None) -> Tensor:
    """`clip`, in place."""
@overload
def clip_(input: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor: ...

def clone(input: Tensor, *, memory_format: _memory_format | None = None) -> Tensor:
    """A copy, recorded."""

def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Joined along dim 1, vectors as columns."""

def combinations(input: Tensor, r: _int = 2, with_replacement: _bool = False) -> Tensor:
    """All choices of `r` elements of a vector in their order, as rows."""

def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A complex tensor from its real and imaginary parts."""

def concat(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after the other along a dim that they have; dtypes are promoted."""

def concatenate(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after the other along a dim that they have; dtypes are promoted."""

def conj(input: Tensor) -> Tensor:
    """The complex conjugate of each element; a real tensor itself."""

def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate of each element; a real tensor itself."""

def conj_physical_(input: Tensor) -> Tensor:
    """`conj_physical`, in place."""

def constant_pad_nd(input: Tensor, pad: Sequence[_int], value: _Number = 0) -> Tensor:
    """The last dims with `value` around them: `pad` gives numbers before and after for the last dim, then the one before
    it, and so on. Negative numbers crop.
    """

@overload
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution of (N, C, L), or of one such image without N, with a weight (O, C / groups, ...)."""
@overload
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _str = "valid", dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size."""

@overload
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution of (N, C, H, W), or of one such image without N, with a weight (O, C / groups, ...)."""
@overload
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _str = "valid", dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size."""

@overload
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution of (N, C, D, H, W), or of one such image without N, with a weight (O, C / groups, ...)."""
@overload
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _str = "valid", dilation: _int | Sequence[_int] = 1, groups: _int = 1) -> Tensor:
    """Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size."""

def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, output_padding: _int | Sequence[_int] = 0, groups: _int = 1, dilation: _int | Sequence[_int] = 1) -> Tensor:
    """Transposed convolution of (N, C, L), or of one such image without N, with a weight (C, O / groups, ...)."""

def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, output_padding: _int | Sequence[_int] = 0, groups: _int = 1, dilation: _int | Sequence[_int] = 1) -> Tensor:
    """Transposed convolution of (N, C, H, W), or of one such image without N, with a weight (C, O / groups, ...)."""

def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | Sequence[_int] = 1, padding: _int | Sequence[_int] = 0, output_padding: _int | Sequence[_int] = 0, groups: _int = 1, dilation: _int | Sequence[_int] = 1) -> Tensor:
    """Transposed convolution of (N, C, D, H, W), or of one such image without N, with a weight (C, O / groups, ...)."""

def convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[_int], padding: Sequence[_int], dilation: Sequence[_int], transposed: _bool, output_padding: Sequence[_int], groups: _int) -> Tensor:
    """Convolution of (N, C, ...) with all options, transposed or not."""

def convolution_backward(grad_output: Tensor, input: Tensor, weight: Tensor, bias_sizes: Sequence[_int] | None, stride: Sequence[_int], padding: Sequence[_int], dilation: Sequence[_int], transposed: _bool, output_padding: Sequence[_int], groups: _int, output_mask: Sequence[_bool]) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `convolution` for input, weight and bias, as far as `output_mask` asks for them."""

@overload
def copysign(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The magnitude of `self` with the sign of `other`."""
@overload
def copysign(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def copysign_(input: Tensor, other: Tensor) -> Tensor:
    """`copysign`, in place."""
@overload
def copysign_(input: Tensor, other: _Number) -> Tensor: ...

def corrcoef(input: Tensor) -> Tensor:
    """Correlations of the rows of `input`, each column an observation."""

def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Cosine of each element."""

def cos_(input: Tensor) -> Tensor:
    """`cos`, in place."""

def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic cosine of each element."""

def cosh_(input: Tensor) -> Tensor:
    """`cosh`, in place."""

def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: _float = 0.0, reduction: _int = 0) -> Tensor:
    """1 - cos(input1, input2) where the target is 1, max(0, cos(input1, input2) - margin) where it is -1."""

def cosine_similarity(x1: Tensor, x2: Tensor, dim: _int = 1, eps: _float = 1e-08) -> Tensor:
    """Cosine of the angle of vectors along `dim`; no norm counts less than `eps`."""

@overload
def count_nonzero(input: Tensor, dim: Sequence[_int]) -> Tensor:
    """How many elements over the dims `dim` are nonzero."""
@overload
def count_nonzero(input: Tensor, dim: _int | None = None) -> Tensor:
    """How many elements along `dim`, or of all, are nonzero."""

def cov(input: Tensor, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """Covariances of the rows of `input`, each column an observation."""

def cross(input: Tensor, other: Tensor, dim: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The vector product along `dim`, which has size 3; without it, along the first dim of that size."""

@overload
def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Sequence[_int], target_lengths: Sequence[_int], blank: _int = 0, reduction: _int = 0, zero_infinity: _bool = False) -> Tensor:
    """Connectionist temporal classification of log probabilities (T, N, C); targets are padded rows or one after the other."""
@overload
def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: _int = 0, reduction: _int = 0, zero_infinity: _bool = False) -> Tensor:
    """Connectionist temporal classification, with lengths as tensors."""

def cummax(input: Tensor, dim: _int, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Running largest element along `dim` and its place, the last of equal ones: (values, indices)."""

def cummin(input: Tensor, dim: _int, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Running smallest element along `dim` and its place, the last of equal ones: (values, indices)."""

def cumprod(input: Tensor, dim: _int, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Running product along `dim`; integers and bools multiply as int64."""

def cumprod_(input: Tensor, dim: _int, *, dtype: _dtype | None = None) -> Tensor:
    """`cumprod`, in place."""

def cumsum(input: Tensor, dim: _int, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Running sum along `dim`; integers and bools add up as int64."""

def cumsum_(input: Tensor, dim: _int, *, dtype: _dtype | None = None) -> Tensor:
    """`cumsum`, in place."""

@overload
def cumulative_trapezoid(y: Tensor, x: Tensor, *, dim: _int = -1) -> Tensor:
    """Running area under `y` along `dim` by the trapezoidal rule, at the places `x`."""
@overload
def cumulative_trapezoid(y: Tensor, *, dx: _Number = 1, dim: _int = -1) -> Tensor:
    """Running area under `y` along `dim` by the trapezoidal rule, at places `dx` apart."""

def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Angles in radians of angles in degrees."""

def deg2rad_(input: Tensor) -> Tensor:
    """`deg2rad`, in place."""

def detach(input: Tensor) -> Tensor:
    """The same memory as a tensor outside of any graph."""

def detach_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy outside the graph."""

def diag(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector (a copy)."""

def diag_embed(input: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
    """The last dim as the diagonal of two dims of a new tensor, zero elsewhere."""

def diagflat(input: Tensor, offset: _int = 0) -> Tensor:
    """All elements as the diagonal of a matrix."""

def diagonal(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """The diagonal of two dims, as the last dim of a view."""

def diagonal_copy(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None) -> Tensor:
    """A copy of the diagonal of two dims, as the last dim."""

def diagonal_scatter(input: Tensor, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """A copy with `src` as the diagonal of two dims."""

def diff(input: Tensor, n: _int = 1, dim: _int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """Differences of neighbours along `dim`, taken `n` times, of the tensor between `prepend` and `append`."""

def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithmic derivative of the gamma function of each element."""

def digamma_(input: Tensor) -> Tensor:
    """`digamma`, in place."""

def dist(input: Tensor, other: Tensor, p: _Number = 2) -> Tensor:
    """Norm of order `p` of the difference of two tensors."""

@overload
def div(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """True quotient of two operands; integers become floats first."""
@overload
def div(input: Tensor | _Number, other: Tensor | _Number, *, rounding_mode: _str | None = None, out: Tensor | None = None) -> Tensor:
    """Quotient, rounded to zero (`"trunc"`), down (`"floor"`) or not at all (None)."""

@overload
def div_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`div`, in place."""
@overload
def div_(input: Tensor | _Number, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Tensor: ...

@overload
def divide(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """True quotient of two operands; integers become floats first."""
@overload
def divide(input: Tensor | _Number, other: Tensor | _Number, *, rounding_mode: _str | None = None, out: Tensor | None = None) -> Tensor:
    """Quotient, rounded to zero (`"trunc"`), down (`"floor"`) or not at all (None)."""

@overload
def divide_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`divide`, in place."""
@overload
def divide_(input: Tensor | _Number, other: Tensor | _Number, *, rounding_mode: _str | None = None) -> Tensor: ...

def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of two vectors' elements."""

def dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Zeros with probability `p` in place of elements, the others divided by `1 - p`; in training only."""

def dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Zeros with probability `p` in place of elements, the others divided by `1 - p`; in training only."""

@overload
def dsplit(input: Tensor, sections: _int) -> tuple[Tensor, ...]:
    """Equal pieces along dim 2, as views."""
@overload
def dsplit(input: Tensor, indices: Sequence[_int]) -> tuple[Tensor, ...]:
    """Pieces along dim 2 cut at the given places, as views."""

def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Joined along dim 2."""

def einsum(equation: _str, tensors: Sequence[Tensor], *, path: Sequence[_int] | None = None) -> Tensor:
    """Sum of products by Einstein's convention, as `"ij,jk->ik"`."""

def embedding(weight: Tensor, indices: Tensor, padding_idx: _int = -1, scale_grad_by_freq: _bool = False, sparse: _bool = False) -> Tensor:
    """The rows of `weight` that `indices` name. The row `padding_idx` gets no gradient; `scale_grad_by_freq` divides
    gradients by how often a row is named.
    """

@overload
def embedding_bag(weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: _bool = False, mode: _int = 0, sparse: _bool = False, per_sample_weights: Tensor | None = None, include_last_offset: _bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums, means or maxima (mode 0, 1, 2) of the rows of each bag of indices; `offsets` says where each bag begins."""
@overload
def embedding_bag(weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: _bool, mode: _int, sparse: _bool, per_sample_weights: Tensor | None, include_last_offset: _bool, padding_idx: _int | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As `embedding_bag`; entries equal to `padding_idx` count for nothing."""

def embedding_dense_backward(grad_output: Tensor, indices: Tensor, num_weights: _int, padding_idx: _int, scale_grad_by_freq: _bool) -> Tensor:
    """The gradient of the table of `embedding`."""

def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: _float, norm_type: _float) -> Tensor:
    """Scales the rows that `indices` name, in place, to a norm of at most `max_norm`."""

@overload
def empty(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Memory of any content."""
@overload
def empty(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def empty_like(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Memory of any content, shaped like another tensor."""

def empty_permuted(size: Sequence[_int], physical_layout: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """Memory of any content whose dims lie in the given order."""

def empty_strided(size: Sequence[_int], stride: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """Memory of any content under the given strides."""

@overload
def eq(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements are equal."""
@overload
def eq(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def eq_(input: Tensor, other: Tensor) -> Tensor:
    """`eq`, in place."""
@overload
def eq_(input: Tensor, other: _Number) -> Tensor: ...

def equal(input: Tensor, other: Tensor) -> _bool:
    """Whether shapes and all elements are equal."""

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""The error function $2/\sqrt{\pi} \int_0^x e^{-t^2} dt$ of each element."""

def erf_(input: Tensor) -> Tensor:
    """`erf`, in place."""

def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """$1 - $ the error function of each element, exact for large ones."""

def erfc_(input: Tensor) -> Tensor:
    """`erfc`, in place."""

def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the error function, for elements in (-1, 1)."""

def erfinv_(input: Tensor) -> Tensor:
    """`erfinv`, in place."""

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """e to the power of each element."""

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """2 to the power of each element."""

def exp2_(input: Tensor) -> Tensor:
    """`exp2`, in place."""

def exp_(input: Tensor) -> Tensor:
    """`exp`, in place."""

def expand_copy(input: Tensor, size: Sequence[_int], *, implicit: _bool = False, out: Tensor | None = None) -> Tensor:
    """A copy of what `expand` shows."""

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """$e^x - 1$ of each element, exact near 0."""

def expm1_(input: Tensor) -> Tensor:
    """`expm1`, in place."""

@overload
def eye(n: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Ones on the main diagonal of a matrix, zeros elsewhere."""
@overload
def eye(n: _int, m: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def feature_alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout of whole channels that keeps mean and variance of self-normalizing activations."""

def feature_alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout of whole channels that keeps mean and variance of self-normalizing activations."""

def feature_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout of whole channels."""

def feature_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Dropout of whole channels."""

@overload
def fill(input: Tensor, value: Tensor) -> Tensor:
    """The value of a 0-dim tensor throughout, shaped like another tensor."""
@overload
def fill(input: Tensor, value: _Number) -> Tensor:
    """One number throughout, shaped like another tensor."""

@overload
def fill_(input: Tensor, value: Tensor) -> Tensor:
    """Writes the value of a 0-dim tensor into every element."""
@overload
def fill_(input: Tensor, value: _Number) -> Tensor:
    """Writes one number into every element."""

def fix(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction."""

def fix_(input: Tensor) -> Tensor:
    """`fix`, in place."""

def flatten(input: Tensor, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
    """Dims `start_dim` to `end_dim` joined into one: a view where possible."""

def flip(input: Tensor, dims: Sequence[_int]) -> Tensor:
    """A copy with the order of elements along `dims` turned round."""

def fliplr(input: Tensor) -> Tensor:
    """A copy of a matrix with its columns in reverse order."""

def flipud(input: Tensor) -> Tensor:
    """A copy with its rows in reverse order."""

@overload
def float_power(input: Tensor, exponent: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element of `self` to the power of `exponent`, in float64 or complex128."""
@overload
def float_power(input: Tensor, exponent: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def float_power(input: _Number, exponent: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number `self` to the power of each element of `exponent`, in float64 or complex128."""

@overload
def float_power_(input: Tensor, exponent: Tensor) -> Tensor:
    """`float_power`, in place."""
@overload
def float_power_(input: Tensor, exponent: _Number) -> Tensor: ...

def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The largest integer that is not greater than each element."""

def floor_(input: Tensor) -> Tensor:
    """`floor`, in place."""

def floor_divide(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Quotient rounded down."""

def floor_divide_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`floor_divide`, in place."""

def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; NaN only if both are."""

def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; NaN only if both are."""

@overload
def fmod(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The remainder of division rounded to zero: it has the sign of the dividend."""
@overload
def fmod(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def fmod_(input: Tensor, other: Tensor) -> Tensor:
    """`fmod`, in place."""
@overload
def fmod_(input: Tensor, other: _Number) -> Tensor: ...

def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The fraction of each element, with its sign."""

def frac_(input: Tensor) -> Tensor:
    """`frac`, in place."""

def frobenius_norm(input: Tensor, dim: _int | Sequence[_int], keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Square root of the sum of |x|^2 over `dim`."""

def full(size: Sequence[_int], fill_value: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """One number throughout; without a dtype, a bool makes a bool tensor, an int one of int64."""

def full_like(input: Tensor, fill_value: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """One number throughout, shaped like another tensor."""

def gather(input: Tensor, dim: _int, index: Tensor, *, sparse_grad: _bool = False, out: Tensor | None = None) -> Tensor:
    """Elements along `dim` at the places that `index` names, in the shape of the index."""

def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Greatest common divisor of two integers."""

def gcd_(input: Tensor, other: Tensor) -> Tensor:
    """`gcd`, in place."""

@overload
def ge(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are at least those of `other`."""
@overload
def ge(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def ge_(input: Tensor, other: Tensor) -> Tensor:
    """`ge`, in place."""
@overload
def ge_(input: Tensor, other: _Number) -> Tensor: ...

def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `outer`."""

@overload
def gradient(input: Tensor, *, spacing: _Number | None = None, dim: _int | None = None, edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along one dim or all of them, the places `spacing` apart."""
@overload
def gradient(input: Tensor, *, spacing: _Number, dim: Sequence[_int], edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along `dim`, the places `spacing` apart."""
@overload
def gradient(input: Tensor, *, dim: Sequence[_int], edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along `dim`."""
@overload
def gradient(input: Tensor, *, spacing: Sequence[_Number], dim: _int | None = None, edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along one dim or all of them, with a spacing for each."""
@overload
def gradient(input: Tensor, *, spacing: Sequence[_Number], dim: Sequence[_int], edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along `dim`, with a spacing for each."""
@overload
def gradient(input: Tensor, *, spacing: Sequence[Tensor], dim: _int | None = None, edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along one dim or all of them, with the coordinates of the places."""
@overload
def gradient(input: Tensor, *, spacing: Sequence[Tensor], dim: Sequence[_int], edge_order: _int = 1) -> tuple[Tensor, ...]:
    """Derivatives by central differences along `dim`, with the coordinates of the places."""

@overload
def greater(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are greater than those of `other`."""
@overload
def greater(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def greater_(input: Tensor, other: Tensor) -> Tensor:
    """`greater`, in place."""
@overload
def greater_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def greater_equal(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are at least those of `other`."""
@overload
def greater_equal(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def greater_equal_(input: Tensor, other: Tensor) -> Tensor:
    """`greater_equal`, in place."""
@overload
def greater_equal_(input: Tensor, other: _Number) -> Tensor: ...

def grid_sampler(input: Tensor, grid: Tensor, interpolation_mode: _int, padding_mode: _int, align_corners: _bool) -> Tensor:
    """The image (N, C, H, W) or (N, C, D, H, W) read at the places of a grid whose last dim is (x, y) or (x, y, z), from -1
    to 1; modes 0 linear, 1 nearest, 2 cubic; paddings 0 zeros, 1 border, 2 reflection.
    """

def grid_sampler_2d(input: Tensor, grid: Tensor, interpolation_mode: _int, padding_mode: _int, align_corners: _bool) -> Tensor:
    """As `grid_sampler`, for two dims."""

def grid_sampler_3d(input: Tensor, grid: Tensor, interpolation_mode: _int, padding_mode: _int, align_corners: _bool) -> Tensor:
    """As `grid_sampler`, for three dims."""

def group_norm(input: Tensor, num_groups: _int, weight: Tensor | None = None, bias: Tensor | None = None, eps: _float = 1e-05, cudnn_enabled: _bool = True) -> Tensor:
    """Normalises each group of channels of each instance."""

@overload
def gru(input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool, batch_first: _bool) -> tuple[Tensor, Tensor]:
    """GRU layers (Cho et al., 2014) over a padded batch of sequences: outputs and last hidden states."""
@overload
def gru(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool) -> tuple[Tensor, Tensor]:
    """GRU layers (Cho et al., 2014) over packed sequences."""

def gru_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a GRU: the new hidden state."""

@overload
def gt(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are greater than those of `other`."""
@overload
def gt(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def gt_(input: Tensor, other: Tensor) -> Tensor:
    """`gt`, in place."""
@overload
def gt_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def hamming_window(window_length: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The Hamming window: a cosine above 0.08."""
@overload
def hamming_window(window_length: _int, periodic: _bool, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def hamming_window(window_length: _int, periodic: _bool, alpha: _float, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def hamming_window(window_length: _int, periodic: _bool, alpha: _float, beta: _float, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def hann_window(window_length: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The Hann window: half a cosine, from 0."""
@overload
def hann_window(window_length: _int, periodic: _bool, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

def hardshrink(input: Tensor, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """0 for elements in [-lambd, lambd], others as they are."""

def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """0, `values` or 1 as each element is negative, zero or positive."""

def heaviside_(input: Tensor, values: Tensor) -> Tensor:
    """`heaviside`, in place."""

def hinge_embedding_loss(input: Tensor, target: Tensor, margin: _float = 1.0, reduction: _int = 0) -> Tensor:
    """The input where the target is 1, max(0, margin - input) where it is -1."""

def histc(input: Tensor, bins: _int = 100, min: _Number = 0, max: _Number = 0, *, out: Tensor | None = None) -> Tensor:
    """Counts in `bins` equal bins from `min` to `max`, or of the range of the elements where both are equal."""

@overload
def histogram(input: Tensor, bins: Tensor, *, weight: Tensor | None = None, density: _bool = False, out: tuple[Tensor, Tensor] | None = None) -> _hist_bin_edges:
    """Counts (or sums of weights) between given edges: (hist, bin_edges)."""
@overload
def histogram(input: Tensor, bins: _int = 100, *, range: Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False, out: tuple[Tensor, Tensor] | None = None) -> _hist_bin_edges:
    """Counts (or sums of weights) in `bins` equal bins: (hist, bin_edges)."""

@overload
def hsplit(input: Tensor, sections: _int) -> tuple[Tensor, ...]:
    """Equal pieces along dim 1 (of a vector: dim 0), as views."""
@overload
def hsplit(input: Tensor, indices: Sequence[_int]) -> tuple[Tensor, ...]:
    """Pieces along dim 1 (of a vector: dim 0) cut at the given places, as views."""

def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Joined along dim 1 (vectors along their only dim)."""

def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Length of the hypotenuse, $\sqrt{x^2 + y^2}$, without overflow in between."""

def hypot_(input: Tensor, other: Tensor) -> Tensor:
    """`hypot`, in place."""

def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 0, of each element."""

def i0_(input: Tensor) -> Tensor:
    """`i0`, in place."""

def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularized lower incomplete gamma function $P(self, other)$."""

def igamma_(input: Tensor, other: Tensor) -> Tensor:
    """`igamma`, in place."""

def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularized upper incomplete gamma function $Q(self, other)$."""

def igammac_(input: Tensor, other: Tensor) -> Tensor:
    """`igammac`, in place."""

def imag(input: Tensor) -> Tensor:
    """The imaginary part of each complex number, as a view."""

def index_add(input: Tensor, dim: _int, index: Tensor, source: Tensor, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """A copy to whose slices along `dim`, named by `index`, those of `source` times `alpha` are added."""

def index_add_(input: Tensor, dim: _int, index: Tensor, source: Tensor, *, alpha: _Number = 1) -> Tensor:
    """`index_add`, in place."""

def index_copy(input: Tensor, dim: _int, index: Tensor, source: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy whose slices along `dim`, named by `index`, are those of `source`."""

def index_copy_(input: Tensor, dim: _int, index: Tensor, source: Tensor) -> Tensor:
    """`index_copy`, in place."""

@overload
def index_fill(input: Tensor, dim: _int, index: Tensor, value: Tensor) -> Tensor:
    """A copy with the number `value` (a 0-dim tensor) in the slices along `dim` that `index` names."""
@overload
def index_fill(input: Tensor, dim: _int, index: Tensor, value: _Number) -> Tensor:
    """A copy with the number `value` in the slices along `dim` that `index` names."""

@overload
def index_fill_(input: Tensor, dim: _int, index: Tensor, value: Tensor) -> Tensor:
    """`index_fill`, in place."""
@overload
def index_fill_(input: Tensor, dim: _int, index: Tensor, value: _Number) -> Tensor: ...

def index_put(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
    """A copy with `values` written at the indexed places, or added to what is there."""

def index_put_(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
    """Writes `values` at the indexed places, or adds them to what is there."""

def index_reduce(input: Tensor, dim: _int, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True, out: Tensor | None = None) -> Tensor:
    """Joins slices of `source` with those that `index` names along `dim`: `reduce` is "prod", "mean", "amax" or "amin"."""

def index_reduce_(input: Tensor, dim: _int, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
    """`index_reduce`, in place."""

def index_select(input: Tensor, dim: _int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices along `dim` that `index` (a vector) names."""

def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sums of products over the last dim of both operands; a 0-dim operand multiplies."""

def instance_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None, use_input_stats: _bool, momentum: _float, eps: _float, cudnn_enabled: _bool) -> Tensor:
    """Batch norm of each instance by itself."""

def is_complex(input: Tensor) -> _bool:
    """Whether the dtype is complex."""

def is_conj(input: Tensor) -> _bool:
    """Whether the tensor is to be conjugated on reading: never."""

def is_floating_point(input: Tensor) -> _bool:
    """Whether the dtype is a real floating-point one."""

def is_neg(input: Tensor) -> _bool:
    """Whether the tensor is to be negated on reading: never."""

def is_nonzero(input: Tensor) -> _bool:
    """Whether the one element is not zero."""

def is_same_size(input: Tensor, other: Tensor) -> _bool:
    """Whether the sizes are the same."""

def is_signed(input: Tensor) -> _bool:
    """Whether the dtype has negative numbers."""

def isclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
    """Whether elements differ by at most `atol + rtol * |other|`."""

def isfinite(input: Tensor) -> Tensor:
    """Whether each element is neither infinite nor NaN."""

@overload
def isin(elements: Tensor, test_elements: Tensor, *, assume_unique: _bool = False, invert: _bool = False, out: Tensor | None = None) -> Tensor:
    """Whether each of `elements` is among `test_elements`."""
@overload
def isin(element: _Number, test_elements: Tensor, *, assume_unique: _bool = False, invert: _bool = False, out: Tensor | None = None) -> Tensor:
    """Whether a number is among `test_elements`."""
@overload
def isin(elements: Tensor, test_element: _Number, *, assume_unique: _bool = False, invert: _bool = False, out: Tensor | None = None) -> Tensor:
    """Which of `elements` are `test_element`."""

def isinf(input: Tensor) -> Tensor:
    """Whether each element is infinite (in either part)."""

def isnan(input: Tensor) -> Tensor:
    """Whether each element is NaN (in either part)."""

def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is negative infinity."""

def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is positive infinity."""

def isreal(input: Tensor) -> Tensor:
    """Whether each element has no imaginary part."""

@overload
def kaiser_window(window_length: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The Kaiser window, which `beta` narrows."""
@overload
def kaiser_window(window_length: _int, periodic: _bool, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def kaiser_window(window_length: _int, periodic: _bool, beta: _float, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

def kl_div(input: Tensor, target: Tensor, reduction: _int = 0, *, log_target: _bool = False) -> Tensor:
    """Kullback-Leibler divergence of log probabilities from target probabilities (or their logarithms)."""

def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: every element of the first times all of the second, block by block."""

def kthvalue(input: Tensor, k: _int, dim: _int = -1, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """The `k`-th smallest element along `dim`, counted from 1: (values, indices)."""

def layer_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None = None, bias: Tensor | None = None, eps: _float = 1e-05, cudnn_enable: _bool = True) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dims."""

def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Least common multiple of two integers."""

def lcm_(input: Tensor, other: Tensor) -> Tensor:
    """`lcm`, in place."""

def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$x \cdot 2^{other}$ of each element."""

def ldexp_(input: Tensor, other: Tensor) -> Tensor:
    """`ldexp`, in place."""

@overload
def le(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are at most those of `other`."""
@overload
def le(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def le_(input: Tensor, other: Tensor) -> Tensor:
    """`le`, in place."""
@overload
def le_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def lerp(input: Tensor, end: Tensor, weight: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The point between `self` (weight 0) and `end` (weight 1)."""
@overload
def lerp(input: Tensor, end: Tensor, weight: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def lerp_(input: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """`lerp`, in place."""
@overload
def lerp_(input: Tensor, end: Tensor, weight: _Number) -> Tensor: ...

@overload
def less(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are less than those of `other`."""
@overload
def less(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def less_(input: Tensor, other: Tensor) -> Tensor:
    """`less`, in place."""
@overload
def less_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def less_equal(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are at most those of `other`."""
@overload
def less_equal(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def less_equal_(input: Tensor, other: Tensor) -> Tensor:
    """`less_equal`, in place."""
@overload
def less_equal_(input: Tensor, other: _Number) -> Tensor: ...

def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the absolute value of the gamma function of each element."""

def lgamma_(input: Tensor) -> Tensor:
    """`lgamma`, in place."""

@overload
def linspace(start: _Number, end: _Number, steps: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Evenly spaced numbers from `start` to `end`, both included."""
@overload
def linspace(start: Tensor, end: Tensor, steps: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def linspace(start: Tensor, end: _Number, steps: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def linspace(start: _Number, end: Tensor, steps: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Natural logarithm of each element."""

def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Logarithm to base 10 of each element."""

def log10_(input: Tensor) -> Tensor:
    """`log10`, in place."""

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$\log(1 + x)$ of each element, exact near 0."""

def log1p_(input: Tensor) -> Tensor:
    """`log1p`, in place."""

def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Logarithm to base 2 of each element."""

def log2_(input: Tensor) -> Tensor:
    """`log2`, in place."""

def log_(input: Tensor) -> Tensor:
    """`log`, in place."""

def log_softmax(input: Tensor, dim: _int, dtype: _dtype | None = None, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of `softmax`."""

def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$\log(e^x + e^y)$, without overflow in between."""

def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$\log_2(2^x + 2^y)$, without overflow in between."""

def logcumsumexp(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the running sum of exponentials along `dim`."""

def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether both elements are nonzero."""

def logical_and_(input: Tensor, other: Tensor) -> Tensor:
    """`logical_and`, in place."""

def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is zero."""

def logical_not_(input: Tensor) -> Tensor:
    """`logical_not`, in place."""

def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether one element or both are nonzero."""

def logical_or_(input: Tensor, other: Tensor) -> Tensor:
    """`logical_or`, in place."""

def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether exactly one of two elements is nonzero."""

def logical_xor_(input: Tensor, other: Tensor) -> Tensor:
    """`logical_xor`, in place."""

def logit(input: Tensor, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    r"""$\log(x / (1 - x))$ of each element, brought into [eps, 1 - eps] first where `eps` is given."""

def logit_(input: Tensor, eps: _float | None = None) -> Tensor:
    """`logit`, in place."""

@overload
def logspace(start: _Number, end: _Number, steps: _int, base: _float = 10.0, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Powers of `base` with evenly spaced exponents from `start` to `end`, both included."""
@overload
def logspace(start: Tensor, end: Tensor, steps: _int, base: _float = 10.0, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def logspace(start: Tensor, end: _Number, steps: _int, base: _float = 10.0, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def logspace(start: _Number, end: Tensor, steps: _int, base: _float = 10.0, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def logsumexp(input: Tensor, dim: _int | Sequence[_int], keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the sum of exponentials over `dim`, one or several."""

@overload
def lstm(input: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool, batch_first: _bool) -> tuple[Tensor, Tensor, Tensor]:
    """LSTM layers (Hochreiter and Schmidhuber, 1997) over a padded batch of sequences: outputs, last hidden and cell states."""
@overload
def lstm(data: Tensor, batch_sizes: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool) -> tuple[Tensor, Tensor, Tensor]:
    """LSTM layers over packed sequences."""

def lstm_cell(input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: the new hidden and cell states."""

@overload
def lt(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements of `self` are less than those of `other`."""
@overload
def lt(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def lt_(input: Tensor, other: Tensor) -> Tensor:
    """`lt`, in place."""
@overload
def lt_(input: Tensor, other: _Number) -> Tensor: ...

def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: _float = 0.0, reduction: _int = 0) -> Tensor:
    """The larger of 0 and margin - target (input1 - input2)."""

@overload
def masked_fill(input: Tensor, mask: Tensor, value: Tensor) -> Tensor:
    """A copy with the number `value` (a 0-dim tensor) where the mask, broadcast, is set."""
@overload
def masked_fill(input: Tensor, mask: Tensor, value: _Number) -> Tensor:
    """A copy with the number `value` where the mask, broadcast, is set."""

@overload
def masked_fill_(input: Tensor, mask: Tensor, value: Tensor) -> Tensor:
    """`masked_fill`, in place."""
@overload
def masked_fill_(input: Tensor, mask: Tensor, value: _Number) -> Tensor: ...

def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with elements of `source`, in order, where the mask is set (both broadcast)."""

def masked_scatter_(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`masked_scatter`, in place."""

def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where the mask is set (both broadcast), as a vector."""

def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Product by the ranks of the operands: dot product, matrix by vector, matrix by matrix, or batches of matrices
    whose leading dims broadcast.
    """

@overload
def max(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Largest of all elements; nan if any is."""
@overload
def max(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements: `maximum`."""
@overload
def max(input: Tensor, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Largest element along `dim` and its place, the first of equal ones: (values, indices)."""

def max_pool1d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False) -> Tensor:
    """Maximum of each window of the last dim of (N, C, L) or (C, L)."""

def max_pool1d_with_indices(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False) -> tuple[Tensor, Tensor]:
    """As `max_pool1d`, with the places of the maxima."""

def max_pool2d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False) -> Tensor:
    """Maximum of each window of the last two dims of (N, C, H, W) or (C, H, W)."""

def max_pool3d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False) -> Tensor:
    """Maximum of each window of the last three dims of (N, C, D, H, W) or (C, D, H, W)."""

def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; NaN if either is. Where they are equal, each gets half of the gradient."""

@overload
def mean(input: Tensor, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Mean of all elements, which are floating point or complex."""
@overload
def mean(input: Tensor, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Mean over `dim`, which may be one dim or several; over all of them if it is None or empty."""

@overload
def median(input: Tensor) -> Tensor:
    """The lower of the two middle elements of all; nan if any is."""
@overload
def median(input: Tensor, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """The lower of the two middle elements along `dim`: (values, indices)."""

@overload
def meshgrid(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """One dim per vector, each repeated along the others'."""
@overload
def meshgrid(tensors: Sequence[Tensor], *, indexing: _str) -> tuple[Tensor, ...]:
    """One dim per vector, each repeated along the others'; "xy" swaps the first two dims of the results."""

@overload
def min(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Smallest of all elements; nan if any is."""
@overload
def min(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements: `minimum`."""
@overload
def min(input: Tensor, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Smallest element along `dim` and its place, the first of equal ones: (values, indices)."""

def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; NaN if either is. Where they are equal, each gets half of the gradient."""

def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Product of two matrices, of shapes (n, m) and (m, p). Raises RuntimeError where sizes or dtypes do not fit."""

def mode(input: Tensor, dim: _int = -1, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """The most frequent element along `dim`, the smallest of several: (values, indices)."""

@overload
def moveaxis(input: Tensor, source: _int, destination: _int) -> Tensor:
    """A view with dim `source` moved to `destination`."""
@overload
def moveaxis(input: Tensor, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
    """A view with the dims `source` moved to `destination`."""

@overload
def movedim(input: Tensor, source: _int, destination: _int) -> Tensor:
    """A view with dim `source` moved to `destination`."""
@overload
def movedim(input: Tensor, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
    """A view with the dims `source` moved to `destination`."""

def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sorts along the first dim."""

def mul(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Product of two operands, with broadcasting and promotion."""

def mul_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`mul`, in place."""

def multinomial(input: Tensor, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """Category numbers drawn with the given weights."""

def multiply(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Product of two operands, with broadcasting and promotion."""

def multiply_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`multiply`, in place."""

def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Product of a matrix and a vector."""

def mvlgamma(input: Tensor, p: _int, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension `p` of each element."""

def mvlgamma_(input: Tensor, p: _int) -> Tensor:
    """`mvlgamma`, in place."""

def nan_to_num(input: Tensor, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """NaN and the infinities replaced: by 0, and by the dtype's largest and smallest number, unless given."""

def nan_to_num_(input: Tensor, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
    """`nan_to_num`, in place."""

def nanmean(input: Tensor, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Mean over `dim` of the elements that are not nan."""

@overload
def nanmedian(input: Tensor) -> Tensor:
    """The lower of the two middle elements of all that are not nan."""
@overload
def nanmedian(input: Tensor, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """The lower of the two middle elements along `dim` that are not nan: (values, indices)."""

@overload
def nanquantile(input: Tensor, q: Tensor, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear", out: Tensor | None = None) -> Tensor:
    """As `quantile`, of the elements that are not nan."""
@overload
def nanquantile(input: Tensor, q: _float, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear", out: Tensor | None = None) -> Tensor: ...

def nansum(input: Tensor, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Sum over `dim` of the elements that are not nan."""

@overload
def narrow(input: Tensor, dim: _int, start: Tensor, length: _int) -> Tensor:
    """A view of `length` elements from `start`, an integer tensor without dims, along `dim`."""
@overload
def narrow(input: Tensor, dim: _int, start: _int, length: _int) -> Tensor:
    """A view of `length` elements from `start` along `dim`."""

def narrow_copy(input: Tensor, dim: _int, start: _int, length: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of `length` slices from `start` along `dim`."""

def native_batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None, training: _bool, momentum: _float, eps: _float) -> tuple[Tensor, Tensor, Tensor]:
    """As `batch_norm`, with the means and reciprocal deviations of the batch."""

def native_channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """As `channel_shuffle`."""

def native_dropout(input: Tensor, p: _float, train: _bool | None) -> tuple[Tensor, Tensor]:
    """Dropout, and the mask of what it kept."""

def native_dropout_backward(grad_output: Tensor, mask: Tensor, scale: _float) -> Tensor:
    """The gradient of `native_dropout`."""

def native_group_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, N: _int, C: _int, HxW: _int, group: _int, eps: _float) -> tuple[Tensor, Tensor, Tensor]:
    """As `group_norm` for (N, C, HxW) elements, with the means and reciprocal deviations."""

def native_layer_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None, bias: Tensor | None, eps: _float) -> tuple[Tensor, Tensor, Tensor]:
    """As `layer_norm`, with the means and reciprocal deviations."""

@overload
def ne(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements differ."""
@overload
def ne(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def ne_(input: Tensor, other: Tensor) -> Tensor:
    """`ne`, in place."""
@overload
def ne_(input: Tensor, other: _Number) -> Tensor: ...

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Minus each element. Not defined for bool."""

def neg_(input: Tensor) -> Tensor:
    """`neg`, in place."""

def negative(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Minus each element. Not defined for bool."""

def negative_(input: Tensor) -> Tensor:
    """`negative`, in place."""

def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number next to each element of `self` in the direction of `other`."""

def nextafter_(input: Tensor, other: Tensor) -> Tensor:
    """`nextafter`, in place."""

@overload
def nonzero(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The places of what is not zero: one row of coordinates each."""
@overload
def nonzero(input: Tensor, *, as_tuple: _bool) -> tuple[Tensor, ...]:
    """As `nonzero`; with `as_tuple`, one vector per dim."""

def nonzero_numpy(input: Tensor) -> tuple[Tensor, ...]:
    """The places of what is not zero as one vector per dim."""

def nonzero_static(input: Tensor, *, size: _int, fill_value: _int = -1, out: Tensor | None = None) -> Tensor:
    """As `nonzero`, with exactly `size` rows: cut, or filled up with `fill_value`."""

@overload
def norm(input: Tensor, p: _Number = 2) -> Tensor:
    """Norm of order `p` of all elements."""
@overload
def norm(input: Tensor, p: _Number | None, *, dtype: _dtype) -> Tensor:
    """Norm of order `p` of all elements, computed in `dtype`."""
@overload
def norm(input: Tensor, p: _Number | None, dim: _int | Sequence[_int], keepdim: _bool, *, dtype: _dtype, out: Tensor | None = None) -> Tensor:
    """Norm of order `p` over `dim`, computed in `dtype`."""
@overload
def norm(input: Tensor, p: _Number | None, dim: _int | Sequence[_int], keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Norm of order `p` over `dim`."""

@overload
def normal(mean: Tensor, std: Tensor, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """Normal numbers around means, with standard deviations of their own."""
@overload
def normal(mean: Tensor, std: _float = 1, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """Normal numbers around means."""
@overload
def normal(mean: _float, std: Tensor, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """Normal numbers with standard deviations of their own."""
@overload
def normal(mean: _float, std: _float, size: Sequence[_int], *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Normal numbers, as many as the size says."""

@overload
def not_equal(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether elements differ."""
@overload
def not_equal(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def not_equal_(input: Tensor, other: Tensor) -> Tensor:
    """`not_equal`, in place."""
@overload
def not_equal_(input: Tensor, other: _Number) -> Tensor: ...

@overload
def nuclear_norm(input: Tensor, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Sum of the singular values of matrices."""
@overload
def nuclear_norm(input: Tensor, dim: _int | Sequence[_int], keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Sum of the singular values of the matrices that two dims make."""

def numel(input: Tensor) -> _int:
    """The number of elements."""

@overload
def ones(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Ones of the given size."""
@overload
def ones(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def ones_like(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Ones shaped like another tensor."""

def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every product of an element of `self` and one of `vec2`, as a matrix."""

def pairwise_distance(x1: Tensor, x2: Tensor, p: _float = 2, eps: _float = 1e-06, keepdim: _bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dim."""

def pdist(input: Tensor, p: _float = 2) -> Tensor:
    """Distances by the p-norm of all pairs of different rows, one after the other."""

def permute(input: Tensor, dims: Sequence[_int]) -> Tensor:
    """A view with the dims in the order `dims`."""

def permute_copy(input: Tensor, dims: Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """A copy of what `permute` shows."""

def pixel_shuffle(input: Tensor, upscale_factor: _int) -> Tensor:
    """Groups of `upscale_factor ** 2` channels laid out as pixels: (.., C r^2, H, W) to (.., C, H r, W r)."""

def pixel_unshuffle(input: Tensor, downscale_factor: _int) -> Tensor:
    """Pixels laid out as channels: (.., C, H r, W r) to (.., C r^2, H, W)."""

def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson numbers with the given rates."""

def poisson_nll_loss(input: Tensor, target: Tensor, log_input: _bool, full: _bool, eps: _float, reduction: _int) -> Tensor:
    """Negative log likelihood of Poisson counts."""

def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers from their absolute values and angles."""

def polygamma(n: _int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The n-th derivative of the digamma function of each element."""

def polygamma_(input: Tensor, n: _int) -> Tensor:
    """`polygamma`, in place."""

def positive(input: Tensor) -> Tensor:
    """The tensor itself. Not defined for bool."""

@overload
def pow(input: Tensor, exponent: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element of `self` to the power of `exponent`."""
@overload
def pow(input: Tensor, exponent: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pow(input: _Number, exponent: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number `self` to the power of each element of `exponent`."""

@overload
def pow_(input: Tensor, exponent: Tensor) -> Tensor:
    """`pow`, in place."""
@overload
def pow_(input: Tensor, exponent: _Number) -> Tensor: ...

def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Each element if it is positive, otherwise times `weight`: one for all, or one per channel (dim 1)."""

@overload
def prod(input: Tensor, *, dtype: _dtype | None = None) -> Tensor:
    """Product of all elements; integers and bools multiply as int64."""
@overload
def prod(input: Tensor, dim: _int, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Product over one dim."""

def promote_types(type1: _dtype, type2: _dtype) -> _dtype:
    """The dtype in which tensors of both dtypes meet."""

def put(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """A copy with `source` written (or added) at places of the flattened tensor."""

def put_(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """`put`, in place."""

@overload
def quantile(input: Tensor, q: Tensor, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear", out: Tensor | None = None) -> Tensor:
    """The elements at the fractions `q` of each sorted line along `dim`, or of all; several fractions make a first dim."""
@overload
def quantile(input: Tensor, q: _float, dim: _int | None = None, keepdim: _bool = False, *, interpolation: _str = "linear", out: Tensor | None = None) -> Tensor:
    """The element at the fraction `q` of each sorted line along `dim`, or of all."""

def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Angles in degrees of angles in radians."""

def rad2deg_(input: Tensor) -> Tensor:
    """`rad2deg`, in place."""

@overload
def rand(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers drawn evenly from 0 up to 1."""
@overload
def rand(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def rand(size: Sequence[_int], *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def rand(*size: _int, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def rand_like(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers drawn evenly from 0 up to 1, shaped like another tensor."""
@overload
def rand_like(input: Tensor, *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def randint(high: _int, size: Sequence[_int], *, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Integers from 0 on, below `high`."""
@overload
def randint(high: _int, size: Sequence[_int], *, generator: Generator | None = None, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def randint(low: _int, high: _int, size: Sequence[_int], *, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Integers from `low` on, below `high`."""
@overload
def randint(low: _int, high: _int, size: Sequence[_int], *, generator: Generator | None = None, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def randint_like(input: Tensor, high: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Integers from 0 on, below `high`, shaped like another tensor."""
@overload
def randint_like(input: Tensor, high: _int, *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def randint_like(input: Tensor, high: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Integers from 0 on, below the value of `high`, shaped like another tensor."""
@overload
def randint_like(input: Tensor, high: Tensor, *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def randint_like(input: Tensor, low: _int, high: _int, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Integers from `low` on, below `high`, shaped like another tensor."""
@overload
def randint_like(input: Tensor, low: _int, high: _int, *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def randn(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers drawn from the standard normal distribution."""
@overload
def randn(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def randn(size: Sequence[_int], *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...
@overload
def randn(*size: _int, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def randn_like(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers drawn from the standard normal distribution, shaped like another tensor."""
@overload
def randn_like(input: Tensor, *, generator: Generator | None = None, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor: ...

@overload
def randperm(n: _int, *, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """A permutation of 0, 1, ... below `n`."""
@overload
def randperm(n: _int, *, generator: Generator | None = None, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def range(start: _Number, end: _Number, step: _Number = 1, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Numbers from `start` by `step` up to and including `end`."""

def ravel(input: Tensor) -> Tensor:
    """All elements as a vector: a view where possible."""

def real(input: Tensor) -> Tensor:
    """The real part of each number, as a view; a real tensor itself."""

def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """$1 / x$ of each element."""

def reciprocal_(input: Tensor) -> Tensor:
    """`reciprocal`, in place."""

def relu(input: Tensor) -> Tensor:
    r"""$\max(x, 0)$ of each element."""

def relu_(input: Tensor) -> Tensor:
    """`relu`, in place."""

@overload
def remainder(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The remainder of division rounded down: it has the sign of the divisor."""
@overload
def remainder(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def remainder(input: _Number, other: Tensor) -> Tensor: ...

@overload
def remainder_(input: Tensor, other: Tensor) -> Tensor:
    """`remainder`, in place."""
@overload
def remainder_(input: Tensor, other: _Number) -> Tensor: ...

def renorm(input: Tensor, p: _Number, dim: _int, maxnorm: _Number, *, out: Tensor | None = None) -> Tensor:
    """Slices along `dim` scaled down where their norm of order `p` is larger than `maxnorm`."""

def renorm_(input: Tensor, p: _Number, dim: _int, maxnorm: _Number) -> Tensor:
    """`renorm`, in place."""

@overload
def repeat_interleave(input: Tensor, repeats: Tensor, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor:
    """Each slice along `dim` (each element, without one) as often as its entry of `repeats` says."""
@overload
def repeat_interleave(repeats: Tensor, *, output_size: _int | None = None) -> Tensor:
    """0, 1, 2, ... each as often as its entry of `repeats` says."""
@overload
def repeat_interleave(input: Tensor, repeats: _int, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor:
    """Each slice along `dim` (each element, without one) `repeats` times."""

def reshape(input: Tensor, shape: Sequence[_int]) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where possible, otherwise a copy."""

def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is never put off."""

def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is never put off."""

@overload
def result_type(tensor: Tensor, other: Tensor) -> _dtype:
    """The dtype in which an op on both operands computes."""
@overload
def result_type(tensor: Tensor, other: _Number) -> _dtype: ...
@overload
def result_type(scalar: _Number, tensor: Tensor) -> _dtype: ...
@overload
def result_type(scalar1: _Number, scalar2: _Number) -> _dtype: ...

def rms_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None = None, eps: _float | None = None) -> Tensor:
    """Root mean square norm: x / sqrt(mean(x^2) + eps) * weight over the last dims; eps is the machine epsilon by default."""

@overload
def rnn_relu(input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool, batch_first: _bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with ReLU over a padded batch of sequences: outputs and last hidden states."""
@overload
def rnn_relu(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with ReLU over packed sequences."""

def rnn_relu_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a plain recurrent layer with ReLU: the new hidden state."""

@overload
def rnn_tanh(input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool, batch_first: _bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with tanh over a padded batch of sequences: outputs and last hidden states."""
@overload
def rnn_tanh(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: _bool, num_layers: _int, dropout: _float, train: _bool, bidirectional: _bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with tanh over packed sequences."""

def rnn_tanh_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a plain recurrent layer with tanh: the new hidden state."""

def roll(input: Tensor, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] = ()) -> Tensor:
    """A copy whose elements are moved by `shifts` along `dims`, those that leave at the end coming back at the start.
    Without dims the flattened tensor is rolled.
    """

def rot90(input: Tensor, k: _int = 1, dims: Sequence[_int] = (0, 1)) -> Tensor:
    """A quarter turn in the plane of two dims, from the first towards the second, `k` times."""

@overload
def round(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The nearest integer; of two equally near ones the even one."""
@overload
def round(input: Tensor, *, decimals: _int, out: Tensor | None = None) -> Tensor:
    """Each element rounded to `decimals` digits after the point; negative numbers of digits lie before it."""

@overload
def round_(input: Tensor) -> Tensor:
    """`round`, in place."""
@overload
def round_(input: Tensor, *, decimals: _int) -> Tensor: ...

def row_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Joined along dim 0, vectors as rows."""

def rrelu(input: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: Generator | None = None) -> Tensor:
    """Negative elements times slopes drawn between two bounds; times the bounds' mean outside training."""

def rrelu_(input: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: Generator | None = None) -> Tensor:
    """Negative elements times slopes drawn between two bounds; times the bounds' mean outside training."""

def rrelu_with_noise_backward(grad_output: Tensor, input: Tensor, noise: Tensor, lower: _Number, upper: _Number, training: _bool, self_is_result: _bool) -> Tensor:
    """The gradient of `rrelu_with_noise`."""

def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$1 / \sqrt{x}$ of each element."""

def rsqrt_(input: Tensor) -> Tensor:
    """`rsqrt`, in place."""

@overload
def rsub(input: Tensor, other: Tensor, *, alpha: _Number = 1) -> Tensor:
    """Difference of `other` and `alpha` times `self`."""
@overload
def rsub(input: Tensor, other: _Number, alpha: _Number = 1) -> Tensor: ...

def scalar_tensor(s: _Number, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """A tensor without dims, of the default dtype unless another is given."""

@overload
def scatter(input: Tensor, dim: _int, index: Tensor, src: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy with elements of `src` written along `dim` at the places that `index` names."""
@overload
def scatter(input: Tensor, dim: _int, index: Tensor, src: Tensor, *, reduce: _str, out: Tensor | None = None) -> Tensor:
    """As `scatter`, joined with what is there: `reduce` is "add" or "multiply". Has no derivative."""
@overload
def scatter(input: Tensor, dim: _int, index: Tensor, value: _Number, *, out: Tensor | None = None) -> Tensor:
    """A copy with a number written along `dim` at the places that `index` names."""
@overload
def scatter(input: Tensor, dim: _int, index: Tensor, value: _Number, *, reduce: _str, out: Tensor | None = None) -> Tensor:
    """As `scatter` with a number, joined with what is there: `reduce` is "add" or "multiply". Has no derivative."""

@overload
def scatter_(input: Tensor, dim: _int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter`, in place."""
@overload
def scatter_(input: Tensor, dim: _int, index: Tensor, src: Tensor, *, reduce: _str) -> Tensor: ...
@overload
def scatter_(input: Tensor, dim: _int, index: Tensor, value: _Number) -> Tensor: ...
@overload
def scatter_(input: Tensor, dim: _int, index: Tensor, value: _Number, *, reduce: _str) -> Tensor: ...

def scatter_add(input: Tensor, dim: _int, index: Tensor, src: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy to which elements of `src` are added along `dim` at the places that `index` names."""

def scatter_add_(input: Tensor, dim: _int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter_add`, in place."""

def scatter_reduce(input: Tensor, dim: _int, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True, out: Tensor | None = None) -> Tensor:
    """Joins elements of `src` with those there, at the places that `index` names along `dim`: `reduce` is "sum", "prod",
    "mean", "amax" or "amin". Without `include_self` the places reached forget their old value.
    """

def scatter_reduce_(input: Tensor, dim: _int, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
    """`scatter_reduce`, in place."""

@overload
def searchsorted(sorted_sequence: Tensor, input: Tensor, *, out_int32: _bool = False, right: _bool = False, side: _str | None = None, sorter: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """Places of the elements of `input` in the ascending last dim of `sorted_sequence`: after equal ones if `right`."""
@overload
def searchsorted(sorted_sequence: Tensor, input: _Number, *, out_int32: _bool = False, right: _bool = False, side: _str | None = None, sorter: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """Place of a number in an ascending sequence."""

def segment_reduce(data: Tensor, reduce: _str, *, lengths: Tensor | None = None, indices: Tensor | None = None, offsets: Tensor | None = None, axis: _int = 0, unsafe: _bool = False, initial: _Number | None = None) -> Tensor:
    """Sums, means, products, maxima or minima of segments along `axis`, given by their lengths or by their borders."""

def select(input: Tensor, dim: _int, index: _int) -> Tensor:
    """One slice along `dim`: a view without that dim."""

def select_copy(input: Tensor, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of one slice along `dim`."""

def select_scatter(input: Tensor, src: Tensor, dim: _int, index: _int) -> Tensor:
    """A copy with `src` as one slice along `dim`."""

def selu(input: Tensor) -> Tensor:
    """Scaled exponential linear unit."""

def selu_(input: Tensor) -> Tensor:
    """`selu`, in place."""

def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sign of each element; of a complex number, the number on the unit circle in its direction, and 0 of 0."""

def sgn_(input: Tensor) -> Tensor:
    """`sgn`, in place."""

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """$1 / (1 + e^{-x})$ of each element."""

def sigmoid_(input: Tensor) -> Tensor:
    """`sigmoid`, in place."""

def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1 as each element is negative, zero (or NaN) or positive."""

def sign_(input: Tensor) -> Tensor:
    """`sign`, in place."""

def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the sign bit is set: true for negative numbers and for -0."""

def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sine of each element."""

def sin_(input: Tensor) -> Tensor:
    """`sin`, in place."""

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$\sin(\pi x) / (\pi x)$ of each element, 1 at 0."""

def sinc_(input: Tensor) -> Tensor:
    """`sinc`, in place."""

def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic sine of each element."""

def sinh_(input: Tensor) -> Tensor:
    """`sinh`, in place."""

def slice_copy(input: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *, out: Tensor | None = None) -> Tensor:
    """A copy of the slices `start:end:step` along `dim`."""

def slice_scatter(input: Tensor, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1) -> Tensor:
    """A copy with `src` as the slices `start:end:step` along `dim`."""

def softmax(input: Tensor, dim: _int, dtype: _dtype | None = None, *, out: Tensor | None = None) -> Tensor:
    """Exponentials divided by their sum along `dim`, computed in `dtype`."""

@overload
def sort(input: Tensor, *, stable: _bool | None = None, dim: _int = -1, descending: _bool = False, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Sorts along `dim`; equal elements keep their order whatever `stable` says: (values, indices)."""
@overload
def sort(input: Tensor, dim: _int = -1, descending: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """Sorts along `dim`: (values, indices)."""

@overload
def split(input: Tensor, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of `split_size` along `dim`, as views; the last may be smaller."""
@overload
def split(input: Tensor, split_size: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along `dim`, as views."""

def split_copy(input: Tensor, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """Copies of the pieces of size `split_size` along `dim`."""

def split_with_sizes(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along `dim`, as views."""

def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Copies of the pieces of the given sizes along `dim`."""

def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Square root of each element: $\sqrt{x}$, NaN for negative real numbers."""

def sqrt_(input: Tensor) -> Tensor:
    """`sqrt`, in place."""

def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element times itself."""

def square_(input: Tensor) -> Tensor:
    """`square`, in place."""

@overload
def squeeze(input: Tensor) -> Tensor:
    """A view without the dims of size 1."""
@overload
def squeeze(input: Tensor, dim: _int) -> Tensor:
    """A view without dim `dim`, if that has size 1."""
@overload
def squeeze(input: Tensor, dim: Sequence[_int]) -> Tensor:
    """A view without those of `dim` that have size 1."""

@overload
def squeeze_(input: Tensor) -> Tensor:
    """`squeeze`, in place."""
@overload
def squeeze_(input: Tensor, dim: _int) -> Tensor: ...
@overload
def squeeze_(input: Tensor, dim: Sequence[_int]) -> Tensor: ...

@overload
def squeeze_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy without the dims of size 1."""
@overload
def squeeze_copy(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy without dim `dim`, if that has size 1."""
@overload
def squeeze_copy(input: Tensor, dim: Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """A copy without those of `dim` that have size 1."""

def stack(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape as the slices along a new dim."""

@overload
def std(input: Tensor, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Standard deviation over `dim`; `unbiased` divides the squares by the count less 1."""
@overload
def std(input: Tensor, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False, out: Tensor | None = None) -> Tensor:
    """Standard deviation over `dim`, the squares divided by the count less `correction` (default 1)."""
@overload
def std(input: Tensor, unbiased: _bool = True) -> Tensor:
    """Standard deviation of all elements; `unbiased` divides the squares by the count less 1."""

@overload
def std_mean(input: Tensor, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean over `dim`; `unbiased` divides the squares by the count less 1."""
@overload
def std_mean(input: Tensor, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean over `dim`, the squares divided by the count less `correction` (default 1)."""
@overload
def std_mean(input: Tensor, unbiased: _bool = True) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean of all elements; `unbiased` divides the squares by the count less 1."""

def sub(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """Difference of `self` and `alpha` times `other`."""

def sub_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """`sub`, in place."""

def subtract(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """Difference of `self` and `alpha` times `other`."""

def subtract_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """`subtract`, in place."""

@overload
def sum(input: Tensor, *, dtype: _dtype | None = None) -> Tensor:
    """Sum of all elements; integers and bools add up as int64."""
@overload
def sum(input: Tensor, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Sum over `dim`, which may be one dim or several; over all of them if it is None or empty."""

def swapaxes(input: Tensor, axis0: _int, axis1: _int) -> Tensor:
    """A view with two dims swapped."""

def swapdims(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """A view with two dims swapped."""

def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a view. Tensors of fewer than two dims come back as they are."""

def t_(input: Tensor) -> Tensor:
    """`t`, in place."""

def t_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy of the transpose of a matrix."""

def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Elements by their place in the flattened tensor, in the shape of the index."""

def take_along_dim(input: Tensor, indices: Tensor, dim: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """As `gather`, with input and indices broadcast; without `dim` both are flattened."""

def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Tangent of each element."""

def tan_(input: Tensor) -> Tensor:
    """`tan`, in place."""

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic tangent of each element."""

def tanh_(input: Tensor) -> Tensor:
    """`tanh`, in place."""

@overload
def tensor_split(input: Tensor, indices: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces along `dim`, cut at the given places, as views."""
@overload
def tensor_split(input: Tensor, tensor_indices_or_sections: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
    """As `tensor_split`, with the number of sections or the places to cut in a tensor."""
@overload
def tensor_split(input: Tensor, sections: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """`sections` pieces along `dim`, as views; the first ones are one larger where the size does not divide."""

def tensordot(input: Tensor, other: Tensor, dims_self: Sequence[_int], dims_other: Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Sums of products over the dims `dims_self` and `dims_other`."""

def threshold(input: Tensor, threshold: _Number, value: _Number, *, out: Tensor | None = None) -> Tensor:
    """Each element if it is above `threshold`, otherwise `value`."""

def threshold_(input: Tensor, threshold: _Number, value: _Number) -> Tensor:
    """`threshold`, in place."""

def tile(input: Tensor, dims: Sequence[_int]) -> Tensor:
    """As `repeat`; dims not named come once."""

def topk(input: Tensor, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True, *, out: tuple[Tensor, Tensor] | None = None) -> _values_indices:
    """The `k` largest (or smallest) elements along `dim`, in order: (values, indices)."""

def trace(input: Tensor) -> Tensor:
    """Sum of the diagonal of a matrix."""

def transpose(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """A view with two dims swapped."""

def transpose_(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """`transpose`, in place."""

def transpose_copy(input: Tensor, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy with two dims swapped."""

@overload
def trapezoid(y: Tensor, x: Tensor, *, dim: _int = -1) -> Tensor:
    """Area under `y` along `dim` by the trapezoidal rule, at the places `x`."""
@overload
def trapezoid(y: Tensor, *, dx: _Number = 1, dim: _int = -1) -> Tensor:
    """Area under `y` along `dim` by the trapezoidal rule, at places `dx` apart."""

@overload
def trapz(y: Tensor, x: Tensor, *, dim: _int = -1) -> Tensor:
    """As `trapezoid`."""
@overload
def trapz(y: Tensor, *, dx: _float = 1, dim: _int = -1) -> Tensor: ...

def tril(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The part of a matrix (or of each of a batch) on and below a diagonal; zero elsewhere."""

def tril_(input: Tensor, diagonal: _int = 0) -> Tensor:
    """`tril`, in place."""

def tril_indices(row: _int, col: _int, offset: _int = 0, *, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The rows and columns of the elements on and below a diagonal, as a tensor (2, n)."""

def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: _float = 1.0, p: _float = 2, eps: _float = 1e-06, swap: _bool = False, reduction: _int = 0) -> Tensor:
    """The larger of 0 and margin + |anchor - positive| - |anchor - negative|, with p-norms along the last dim."""

def triu(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The part of a matrix (or of each of a batch) on and above a diagonal; zero elsewhere."""

def triu_(input: Tensor, diagonal: _int = 0) -> Tensor:
    """`triu`, in place."""

def triu_indices(row: _int, col: _int, offset: _int = 0, *, dtype: _dtype | None = ..., layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """The rows and columns of the elements on and above a diagonal, as a tensor (2, n)."""

def true_divide(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """True quotient of two operands; integers become floats first."""

def true_divide_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`true_divide`, in place."""

def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction."""

def trunc_(input: Tensor) -> Tensor:
    """`trunc`, in place."""

def unbind(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
    """A tuple of the slices along `dim`: views without that dim."""

def unbind_copy(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
    """Copies of the slices along `dim`."""

def unflatten(input: Tensor, dim: _int, sizes: Sequence[_int]) -> Tensor:
    """A view with dim `dim` split into `sizes`; one may be -1."""

def unfold_copy(input: Tensor, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of the windows of `size` along `dimension`, `step` apart."""

def unique_consecutive(input: Tensor, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Elements (or slices along `dim`) that differ from the one before, in order."""

def unique_dim(input: Tensor, dim: _int, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """The distinct slices along `dim` in lexicographic order, which of them each slice is, and how many of each."""

def unsafe_chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """As `chunk`, with pieces that may be written to."""

def unsafe_split(input: Tensor, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """As `split`, with pieces that may be written to."""

def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """As `split_with_sizes`, with pieces that may be written to."""

def unsqueeze(input: Tensor, dim: _int) -> Tensor:
    """A view with a dim of size 1 inserted at `dim`."""

def unsqueeze_(input: Tensor, dim: _int) -> Tensor:
    """`unsqueeze`, in place."""

def unsqueeze_copy(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy with a dim of size 1 inserted at `dim`."""

def vander(x: Tensor, N: _int | None = None, increasing: _bool = False) -> Tensor:
    """The Vandermonde matrix of a vector: its powers as columns, falling unless `increasing`."""

@overload
def var(input: Tensor, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Variance over `dim`; `unbiased` divides the squares by the count less 1."""
@overload
def var(input: Tensor, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False, out: Tensor | None = None) -> Tensor:
    """Variance over `dim`, the squares divided by the count less `correction` (default 1)."""
@overload
def var(input: Tensor, unbiased: _bool = True) -> Tensor:
    """Variance of all elements; `unbiased` divides the squares by the count less 1."""

@overload
def var_mean(input: Tensor, dim: _int | Sequence[_int] | None, unbiased: _bool = True, keepdim: _bool = False) -> tuple[Tensor, Tensor]:
    """Variance and mean over `dim`; `unbiased` divides the squares by the count less 1."""
@overload
def var_mean(input: Tensor, dim: _int | Sequence[_int] | None = None, *, correction: _Number | None = None, keepdim: _bool = False) -> tuple[Tensor, Tensor]:
    """Variance and mean over `dim`, the squares divided by the count less `correction` (default 1)."""
@overload
def var_mean(input: Tensor, unbiased: _bool = True) -> tuple[Tensor, Tensor]:
    """Variance and mean of all elements; `unbiased` divides the squares by the count less 1."""

def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `dot`, with the conjugate of the first vector."""

def view_as_complex(input: Tensor) -> Tensor:
    """A complex view of a real tensor whose last dim has size 2."""

def view_as_complex_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy of pairs of the last dim as complex numbers."""

def view_as_real(input: Tensor) -> Tensor:
    """A real view of a complex tensor, with a last dim of size 2 for the parts."""

def view_as_real_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy of a complex tensor's parts, as a last dim of size 2."""

@overload
def view_copy(input: Tensor, size: Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """A copy in another shape; one size may be -1."""
@overload
def view_copy(input: Tensor, dtype: _dtype, *, out: Tensor | None = None) -> Tensor:
    """A copy of the bytes as another element type."""

@overload
def vsplit(input: Tensor, sections: _int) -> tuple[Tensor, ...]:
    """Equal pieces along dim 0, as views."""
@overload
def vsplit(input: Tensor, indices: Sequence[_int]) -> tuple[Tensor, ...]:
    """Pieces along dim 0 cut at the given places, as views."""

def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Joined along dim 0, vectors as rows."""

@overload
def where(condition: Tensor, input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Elements of `self` where the condition holds, and of `other` elsewhere."""
@overload
def where(condition: Tensor, input: Tensor, other: _Number) -> Tensor:
    """Elements of `self` where the condition holds, and the number `other` elsewhere."""
@overload
def where(condition: Tensor, input: _Number, other: Tensor) -> Tensor:
    """The number `self` where the condition holds, and elements of `other` elsewhere."""
@overload
def where(condition: Tensor, input: _Number, other: _Number) -> Tensor:
    """One number where the condition holds, and another elsewhere."""
@overload
def where(condition: Tensor) -> tuple[Tensor, ...]:
    """The places where the condition holds, as one vector per dim."""

@overload
def xlogy(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$x \log y$; 0 where x is 0, unless y is NaN."""
@overload
def xlogy(input: _Number, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def xlogy(input: Tensor, other: _Number, *, out: Tensor | None = None) -> Tensor: ...

@overload
def xlogy_(input: Tensor, other: Tensor) -> Tensor:
    """`xlogy`, in place."""
@overload
def xlogy_(input: Tensor, other: _Number) -> Tensor: ...

def zero_(input: Tensor) -> Tensor:
    """Writes zero into every element."""

@overload
def zeros(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor:
    """Zeros of the given size."""
@overload
def zeros(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, out: Tensor | None = None, requires_grad: _bool = False) -> Tensor: ...

def zeros_like(input: Tensor, *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, memory_format: _memory_format | None = None, requires_grad: _bool = False) -> Tensor:
    """Zeros shaped like another tensor."""
