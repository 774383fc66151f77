"""The native layer of the package: made from `src/ops/stub.pyi` and the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from builtins import str as _str
from builtins import type as _type
from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar, overload

from typing_extensions import Buffer, Self

from . import _C_fft as _fft
from . import _C_linalg as _linalg
from . import _C_nn as _nn
from . import _C_special as _special
from ._size import Size as _Size
from .storage import TypedStorage as _TypedStorage
from .utils.hooks import RemovableHandle as _RemovableHandle

# Inside classes the plain names would mean the attributes of the same name.
_Number: TypeAlias = _int | _float | complex
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

    def __new__(cls, type: device | _str, index: _int | None = None) -> Self: ...
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
channels_last: memory_format
channels_last_3d: memory_format

class Generator:
    """A source of random numbers: PyTorch's CPU stream."""

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

    def name(self) -> _str: ...
    @property
    def next_functions(self) -> tuple[tuple[Node | None, _int], ...]: ...
    @property
    def variable(self) -> Tensor: ...
    @property
    def metadata(self) -> dict[_str, Any]: ...
    def _sequence_nr(self) -> _int: ...
    def __getattr__(self, name: _str) -> Tensor: ...

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
    def is_pinned(self) -> _bool: ...
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
    def __complex__(self) -> complex: ...
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
    def as_strided(self, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
        """A view of any sizes and strides (in elements) inside the tensor's storage."""
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` pieces along `dim`, as views."""
    def clone(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """A copy, recorded."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of two dims, as the last dim of a view."""
    def exp(self) -> Tensor:
        """e to the power of each element."""
    def exp_(self) -> Self:
        """`exp`, in place."""
    @overload
    def expand(self, size: Sequence[_int], *, implicit: _bool = False) -> Tensor:
        """A view in which dims of size 1 are repeated; -1 keeps a size."""
    @overload
    def expand(self, *size: _int, implicit: _bool = False) -> Tensor: ...
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Dims `start_dim` to `end_dim` joined into one: a view where possible."""
    @overload
    def movedim(self, source: _int, destination: _int) -> Tensor:
        """A view with dim `source` moved to `destination`."""
    @overload
    def movedim(self, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
        """A view with the dims `source` moved to `destination`."""
    def mul(self, other: Tensor | _Number) -> Tensor:
        """Product of two operands, with broadcasting and promotion."""
    def mul_(self, other: Tensor | _Number) -> Self:
        """`mul`, in place."""
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor:
        """A view of `length` elements from `start` along `dim`."""
    def neg(self) -> Tensor:
        """Minus each element. Not defined for bool."""
    def neg_(self) -> Self:
        """`neg`, in place."""
    @overload
    def permute(self, dims: Sequence[_int]) -> Tensor:
        """A view with the dims in the order `dims`."""
    @overload
    def permute(self, *dims: _int) -> Tensor: ...
    @overload
    def reshape(self, shape: Sequence[_int]) -> Tensor:
        """The same elements in another shape; one size may be -1. A view where possible, otherwise a copy."""
    @overload
    def reshape(self, *shape: _int) -> Tensor: ...
    def select(self, dim: _int, index: _int) -> Tensor:
        """One slice along `dim`: a view without that dim."""
    @overload
    def split(self, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of `split_size` along `dim`, as views; the last may be smaller."""
    @overload
    def split(self, split_size: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of the given sizes along `dim`, as views."""
    def split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Pieces of the given sizes along `dim`, as views."""
    def sqrt(self) -> Tensor:
        r"""Square root of each element: $\sqrt{x}$, NaN for negative numbers."""
    def sqrt_(self) -> Self:
        """`sqrt`, in place."""
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
    def sum(self, *, dtype: _dtype | None = None) -> Tensor:
        """Sum of all elements; integers and bools add up as int64."""
    @overload
    def sum(self, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor:
        """Sum over `dim`, which may be one dim or several."""
    def t(self) -> Tensor:
        """The transpose of a matrix; a view. Tensors of fewer than two dims come back as they are."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """A view with two dims swapped."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]:
        """A tuple of the slices along `dim`: views without that dim."""
    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        """A view with dim `dim` split into `sizes`; one may be -1."""
    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """Windows of `size` along `dimension`, `step` apart, as a last dim of a view."""
    def unsqueeze(self, dim: _int) -> Tensor:
        """A view with a dim of size 1 inserted at `dim`."""
    def unsqueeze_(self, dim: _int) -> Self:
        """`unsqueeze`, in place."""
    @overload
    def view(self, size: Sequence[_int]) -> Tensor:
        """The same memory in another shape; one size may be -1. Raises RuntimeError where strides cannot express it."""
    @overload
    def view(self, *size: _int) -> Tensor: ...

class _LinAlgError(RuntimeError): ...

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
    """`data` as a tensor, over the same memory where it can be."""

def asarray(
    obj: Any,
    *,
    dtype: _dtype | None = None,
    device: _Device | None = None,
    copy: _bool | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """As `as_tensor`, or a copy, or refusing one."""

def from_numpy(ndarray: Any) -> Tensor:
    """A tensor over the memory of a NumPy array."""

def frombuffer(
    buffer: Buffer, *, dtype: _dtype, count: _int = -1, offset: _int = 0, requires_grad: _bool = False
) -> Tensor:
    """A tensor over the memory of an object with the buffer protocol."""

def from_dlpack(ext_tensor: Any, *, device: _Device | None = None, copy: _bool | None = None) -> Tensor:
    """A tensor over the memory that a DLPack object lends."""

def to_dlpack(tensor: Tensor) -> Any:
    """The tensor's memory as a DLPack capsule."""

def is_grad_enabled() -> _bool:
    """Whether ops are recorded."""

def is_inference_mode_enabled() -> _bool:
    """Whether inference mode is on."""

def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats."""

def get_num_threads() -> _int:
    """How many threads ops use."""

def set_num_threads(n: _int, /) -> None:
    """Sets how many threads ops use."""

def _set_grad_enabled(on: _bool) -> None: ...
def _set_inference_mode(on: _bool) -> None: ...
def _set_default_dtype(d: dtype) -> None: ...
def _get_default_device() -> device: ...
def _set_default_device(device: _Device | None = None) -> None: ...
def _run_backward(
    tensors_: Sequence[Tensor],
    grad_tensors: Sequence[Tensor | None],
    keep_graph: _bool,
    create_graph: _bool,
    inputs: Sequence[Tensor],
    allow_unreachable: _bool,
    accumulate_grad: _bool,
) -> tuple[Tensor | None, ...]: ...

def alias(input: Tensor) -> Tensor:
    """A view of everything."""

def as_strided(input: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
    """A view of any sizes and strides (in elements) inside the tensor's storage."""

def chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces along `dim`, as views."""

def clone(input: Tensor, *, memory_format: _memory_format | None = None) -> Tensor:
    """A copy, recorded."""

def diagonal(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """The diagonal of two dims, as the last dim of a view."""

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """e to the power of each element."""

def exp_(input: Tensor) -> Tensor:
    """`exp`, in place."""

def flatten(input: Tensor, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
    """Dims `start_dim` to `end_dim` joined into one: a view where possible."""

@overload
def movedim(input: Tensor, source: _int, destination: _int) -> Tensor:
    """A view with dim `source` moved to `destination`."""
@overload
def movedim(input: Tensor, source: Sequence[_int], destination: Sequence[_int]) -> Tensor:
    """A view with the dims `source` moved to `destination`."""

def mul(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Product of two operands, with broadcasting and promotion."""

def mul_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """`mul`, in place."""

def narrow(input: Tensor, dim: _int, start: _int, length: _int) -> Tensor:
    """A view of `length` elements from `start` along `dim`."""

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Minus each element. Not defined for bool."""

def neg_(input: Tensor) -> Tensor:
    """`neg`, in place."""

@overload
def ones(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """Ones of the given size."""
@overload
def ones(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...

def permute(input: Tensor, dims: Sequence[_int]) -> Tensor:
    """A view with the dims in the order `dims`."""

def reshape(input: Tensor, shape: Sequence[_int]) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where possible, otherwise a copy."""

def select(input: Tensor, dim: _int, index: _int) -> Tensor:
    """One slice along `dim`: a view without that dim."""

@overload
def split(input: Tensor, split_size: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of `split_size` along `dim`, as views; the last may be smaller."""
@overload
def split(input: Tensor, split_size: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along `dim`, as views."""

def split_with_sizes(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along `dim`, as views."""

def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Square root of each element: $\sqrt{x}$, NaN for negative numbers."""

def sqrt_(input: Tensor) -> Tensor:
    """`sqrt`, in place."""

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
def sum(input: Tensor, *, dtype: _dtype | None = None) -> Tensor:
    """Sum of all elements; integers and bools add up as int64."""
@overload
def sum(input: Tensor, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, dtype: _dtype | None = None, out: Tensor | None = None) -> Tensor:
    """Sum over `dim`, which may be one dim or several."""

def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a view. Tensors of fewer than two dims come back as they are."""

def transpose(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """A view with two dims swapped."""

def unbind(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
    """A tuple of the slices along `dim`: views without that dim."""

def unflatten(input: Tensor, dim: _int, sizes: Sequence[_int]) -> Tensor:
    """A view with dim `dim` split into `sizes`; one may be -1."""

def unsqueeze(input: Tensor, dim: _int) -> Tensor:
    """A view with a dim of size 1 inserted at `dim`."""

def unsqueeze_(input: Tensor, dim: _int) -> Tensor:
    """`unsqueeze`, in place."""

def view_as_complex(input: Tensor) -> Tensor:
    """A complex view of a real tensor whose last dim has size 2."""

def view_as_real(input: Tensor) -> Tensor:
    """A real view of a complex tensor, with a last dim of size 2 for the parts."""

@overload
def zeros(size: Sequence[_int], *, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """Zeros of the given size."""
@overload
def zeros(*size: _int, dtype: _dtype | None = None, layout: _layout | None = None, device: _Device | None = None, pin_memory: _bool | None = None, requires_grad: _bool = False) -> Tensor: ...
