"""Functions of the top namespace that take any number of tensors, or choose between native ops by their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from types import EllipsisType
from typing import Any, TypeAlias

import rusttorch as torch
from rusttorch import _C

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "cdist",
    "chain_matmul",
    "einsum",
    "istft",
    "lu",
    "meshgrid",
    "norm",
    "split",
    "stft",
    "tensordot",
    "unique",
    "unique_consecutive",
    "unravel_index",
]

# bool, int and float are also names of tensor types in this package
_Tensors: TypeAlias = "torch.Tensor | Sequence[torch.Tensor]"


def _checked(tensors: Sequence[Any]) -> Sequence[torch.Tensor]:
    """`tensors`, or a TypeError naming the first item that is not a tensor."""
    for index, tensor in enumerate(tensors):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"expected Tensor as element {index} in argument 0, but got {type(tensor).__name__}")
    return tensors


def _one_list(tensors: tuple[Any, ...]) -> Sequence[Any]:
    """The arguments of a function called as `f(a, b)` or as `f([a, b])`."""
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors


def split(tensor: torch.Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[torch.Tensor, ...]:
    """Views of consecutive parts of `tensor` along `dim`.

    Args:
        tensor: any shape with at least one dimension, any dtype.
        split_size_or_sections: the size of each part (the last may be smaller), or a list of all the sizes.
        dim: the dimension to cut, default 0.

    Raises:
        RuntimeError: sizes that are negative or do not add up to the size of `dim`.
        IndexError: `dim` out of range.
    """
    return tensor.split(split_size_or_sections, dim)


def broadcast_shapes(*shapes: int | Sequence[int]) -> torch.Size:
    """The shape that tensors of these shapes broadcast to; an int stands for a shape of one dimension.

    Raises:
        RuntimeError: two sizes differ and neither is 1.
        ValueError: a negative size.
    """
    given = [(shape,) if isinstance(shape, int) else shape for shape in shapes]
    for shape in given:
        if not isinstance(shape, (tuple, list)):
            raise RuntimeError(f"Input shapes should be of type ints, a tuple of ints, or a list of ints, got {shape}")
    common = [1] * max(map(len, given), default=0)
    for index, shape in enumerate(given):
        for dim in range(-1, -1 - len(shape), -1):
            if shape[dim] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if shape[dim] in (1, common[dim]):
                continue
            if common[dim] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[dim]} at {dim}! "
                    f"Mismatching argument at index {index} had {tuple(shape)}; "
                    f"but expected shape should be broadcastable to {common}"
                )
            common[dim] = shape[dim]
    return torch.Size(common)


def broadcast_tensors(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Views of the tensors, all expanded to their common shape.

    Raises:
        RuntimeError: the shapes do not broadcast.
    """
    shape: tuple[int, ...] = ()
    for tensor in _checked(tensors):
        other = tuple(tensor.shape)
        offset = len(shape) - len(other)
        for dim in range(max(0, offset), len(shape)):
            here, there = shape[dim], other[dim - offset]
            if here != there and here != 1 and there != 1:
                raise RuntimeError(
                    f"The size of tensor a ({here}) must match the size of tensor b ({there}) "
                    f"at non-singleton dimension {dim}"
                )
        shape = tuple(broadcast_shapes(shape, other))
    return tuple(tensor.expand(shape) for tensor in tensors)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[torch.Tensor, ...]:
    """Coordinate grids: result i, of shape (len(t0), len(t1), ...), varies along dim i as tensor i does.

    Args:
        tensors: tensors of 0 or 1 dimensions, one dtype and device; or one list of them.
        indexing: "ij" (the default, with a warning) or "xy", which exchanges the first two dimensions.

    Returns:
        One view per tensor; nothing is copied.

    Raises:
        RuntimeError: no tensors, more than one dimension, different dtypes or devices, another `indexing`.
    """
    axes = list(_checked(_one_list(tensors)))
    if not axes:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for axis in axes:
        if axis.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {axis}")
        if axis.dtype != axes[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
        if axis.device != axes[0].device:
            raise RuntimeError("meshgrid expects all tensors to have the same device")
    if indexing is None:
        import warnings

        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    shape = [axis.numel() for axis in axes]
    grids = []
    for dim, axis in enumerate(axes):
        alone = [1] * len(axes)
        alone[dim] = -1
        grid = axis.reshape(alone).expand(shape)
        grids.append(grid.transpose(0, 1) if indexing == "xy" and len(axes) > 1 else grid)
    return tuple(grids)


def einsum(*args: Any) -> torch.Tensor:
    """Sum of products by Einstein's convention.

    Called as `einsum("ij,jk->ik", a, b)`, `einsum("ij,jk->ik", [a, b])` or `einsum(a, [0, 1], b, [1, 2], [0, 2])`.
    Letters (or numbers 0 to 51) name dimensions, `...` stands for dimensions that broadcast; what the output does not
    name is summed. Without an output, it has the letters that occur once, in alphabetical order.

    Raises:
        ValueError: no operand, or a number outside 0 to 51.
        RuntimeError: an equation that does not fit the operands.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, "
            "or at least one operand and its subscripts list"
        )
    if isinstance(args[0], torch.Tensor):
        equation = ",".join(map(_subscripts, args[1::2]))
        operands: Sequence[Any] = args[::2]
        if len(args) % 2 == 1:
            equation += "->" + _subscripts(args[-1])
            operands = operands[:-1]
    else:
        equation, operands = args[0], _one_list(args[1:])
    return _C.einsum(equation, operands)


def _subscripts(numbers: Sequence[int | EllipsisType]) -> str:
    """Letters for a list of subscripts: A to Z, then a to z."""
    letters = []
    for number in numbers:
        if number is Ellipsis:
            letters.append("...")
        elif isinstance(number, int) and 0 <= number < 26:
            letters.append(chr(ord("A") + number))
        elif isinstance(number, int) and 26 <= number < 52:
            letters.append(chr(ord("a") + number - 26))
        elif isinstance(number, int):
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
        else:
            raise TypeError(f"einsum(): subscripts have to be int or Ellipsis, but got {type(number).__name__}")
    return "".join(letters)


def tensordot(
    a: torch.Tensor,
    b: torch.Tensor,
    dims: int | torch.Tensor | Sequence[Sequence[int]] = 2,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Sum of products over several dimensions.

    Args:
        a, b: any shapes, one dtype.
        dims: n for the last n dimensions of `a` and the first n of `b` (default 2); or two lists of dimensions that are
            taken in pairs, as a sequence or as a tensor of shape (2, n). A size of 1 broadcasts.
        out: where to put the result.

    Returns:
        The remaining dimensions of `a`, then those of `b`.

    Raises:
        RuntimeError: dimensions that do not match in size, number or dtype.
    """
    if isinstance(dims, torch.Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(-dims, 0), range(dims))
    elif not isinstance(dims, (tuple, list)):
        raise RuntimeError(
            "tensordot expects dims to be int or tuple[list[int], list[int]] or "
            f"list[list[int]] containing two lists, but got dims={dims}"
        )
    dims_a, dims_b = map(list, dims)
    return _C.tensordot(a, b, dims_a, dims_b) if out is None else _C.tensordot(a, b, dims_a, dims_b, out=out)


def cartesian_prod(*tensors: torch.Tensor) -> torch.Tensor:
    """All combinations of one element from each tensor, as rows of shape (product of lengths, number of tensors).

    Args:
        tensors: one-dimensional, one dtype. A single tensor comes back as it is.

    Raises:
        RuntimeError: a tensor that is not one-dimensional, no tensor, or different dtypes.
    """
    for tensor in _checked(tensors):
        if tensor.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(tensor.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return torch.stack([grid.flatten() for grid in grids], dim=1)


def block_diag(*tensors: torch.Tensor) -> torch.Tensor:
    """A matrix with the tensors as blocks along its diagonal and zeros elsewhere.

    Args:
        tensors: of 0, 1 (a row) or 2 dimensions. The result has their promoted dtype.

    Raises:
        RuntimeError: a tensor of more dimensions.
    """
    if not tensors:
        return torch.empty(1, 0)
    blocks = []
    for index, tensor in enumerate(_checked(tensors)):
        if tensor.dim() > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {index} has {tensor.dim()} dimensions"
            )
        blocks.append(torch.atleast_2d(tensor))
    width = sum(block.shape[1] for block in blocks)
    dtype = blocks[0].dtype
    for block in blocks[1:]:
        dtype = torch.promote_types(dtype, block.dtype)
    rows, left = [], 0
    for block in blocks:
        height, own_width = block.shape
        block = block.to(dtype)
        rows.append(
            torch.cat([block.new_zeros(height, left), block, block.new_zeros(height, width - left - own_width)], dim=1)
        )
        left += own_width
    return torch.cat(rows)


def _at_least(tensors: tuple[Any, ...], name: str, dims: int) -> Any:
    """Each tensor with new dimensions of size 1, so that it has at least `dims`; one tensor alone stays alone."""
    if len(tensors) == 1 and isinstance(tensors[0], torch.Tensor):
        return _grow(tensors[0], dims)
    if len(tensors) == 1 and not isinstance(tensors[0], (list, tuple)):
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({type(tensors[0]).__name__}), "
            "but expected one of:\n * (Tensor input)\n * (tuple of Tensors tensors)\n"
        )
    return tuple(_grow(tensor, dims) for tensor in _checked(_one_list(tensors)))


def _grow(tensor: torch.Tensor, dims: int) -> torch.Tensor:
    """New dimensions of size 1 first, as for a row; the third comes last."""
    if tensor.dim() == 0:
        return tensor.reshape((1,) * dims)
    if tensor.dim() == 1 and dims > 1:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 2 and dims > 2:
        tensor = tensor.unsqueeze(-1)
    return tensor


def atleast_1d(*tensors: Any) -> Any:
    """The tensor, or a tuple of the tensors, with a 0-dim tensor given one dimension of size 1.

    Raises:
        TypeError: something that is not a tensor.
    """
    return _at_least(tensors, "atleast_1d", 1)


def atleast_2d(*tensors: Any) -> Any:
    """The tensor, or a tuple of the tensors, with at least two dimensions: (n,) becomes (1, n).

    Raises:
        TypeError: something that is not a tensor.
    """
    return _at_least(tensors, "atleast_2d", 2)


def atleast_3d(*tensors: Any) -> Any:
    """The tensor, or a tuple of the tensors, with at least three dimensions: (n,) becomes (1, n, 1), (m, n, 1).

    Raises:
        TypeError: something that is not a tensor.
    """
    return _at_least(tensors, "atleast_3d", 3)


def unravel_index(indices: torch.Tensor, shape: int | Sequence[int]) -> tuple[torch.Tensor, ...]:
    """Coordinates in a tensor of `shape` for indices into its flattened form.

    Args:
        indices: integers of any shape.
        shape: the shape indexed.

    Returns:
        One tensor of coordinates per dimension of `shape`, each of the shape of `indices` and dtype int64.

    Raises:
        TypeError: indices that are not integers, or a shape that is not made of ints.
        ValueError: a negative size.
    """
    if indices.is_complex() or indices.is_floating_point() or indices.dtype == torch.bool:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if isinstance(shape, int):
        shape = (shape,)
    elif not isinstance(shape, Sequence):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    for size in shape:
        if not isinstance(size, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(size)}")
    sizes = tuple(shape)
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    steps = list(accumulate(reversed((*sizes[1:], 1)), mul))[::-1]
    indices = indices.to(torch.int64)
    return tuple((indices // step) % size for step, size in zip(steps, sizes, strict=False))


def unique(
    input: torch.Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different values of `input`, or its different slices along `dim`.

    Args:
        input: any shape and dtype.
        sorted: in ascending order (default True; without `dim` the order is ascending in either case).
        return_inverse: also the index into the result for each element of `input` (int64).
        return_counts: also how often each occurs (int64).
        dim: compare slices along this dimension; None (default) flattens `input`.

    Returns:
        The values, or a tuple (values, inverse, counts) of what was asked for.
    """
    if dim is None:
        found = _C._unique2(input, sorted, return_inverse, return_counts)
    else:
        found = _C.unique_dim(input, dim, sorted, return_inverse, return_counts)
    return _asked_for(found, return_inverse, return_counts)


def unique_consecutive(
    input: torch.Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """`input` with each run of equal values, or of equal slices along `dim`, reduced to one.

    Args and result are those of `unique`.
    """
    found = _C.unique_consecutive(input, return_inverse, return_counts, dim)
    return _asked_for(found, return_inverse, return_counts)


def _asked_for(found: tuple[torch.Tensor, ...], return_inverse: bool, return_counts: bool) -> Any:
    """The values alone, or with the inverse, the counts or both."""
    if not (return_inverse or return_counts):
        return found[0]
    return tuple(part for part, wanted in zip(found, (True, return_inverse, return_counts), strict=True) if wanted)


def norm(
    input: torch.Tensor,
    p: float | str | None = "fro",
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    out: torch.Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Vector norm over `dim`, or the nuclear norm of matrices. `linalg.norm` and its relatives say the same clearer.

    Args:
        input: floating point or complex, any shape.
        p: the order; "fro" (default) and None are 2, "nuc" sums the singular values over two dimensions.
        dim: one dimension or several; None (default) is all.
        keepdim: keep reduced dimensions with size 1. Default False.
        out: where to put the result.
        dtype: convert to this dtype first.

    Raises:
        RuntimeError: an integer dtype, another string for `p`, or not two dimensions for "nuc".
    """
    dims = [dim] if isinstance(dim, int) else dim
    options: dict[str, Any] = {"dtype": dtype} if out is None else {"dtype": dtype, "out": out}
    if isinstance(p, str) and not (p == "fro" and (dims is None or len(dims) <= 2)):
        if dims is None:
            dims = list(range(input.dim()))
        return _C._linalg.matrix_norm(input, p, dims, keepdim, **options)
    order = 2.0 if p is None or isinstance(p, str) else p
    return _C._linalg.vector_norm(input, order, dims, keepdim, **options)


# what `compute_mode` means natively
_CDIST_MODES: dict[str, int | None] = {
    "use_mm_for_euclid_dist_if_necessary": None,
    "use_mm_for_euclid_dist": 1,
    "donot_use_mm_for_euclid_dist": 2,
}


def cdist(
    x1: torch.Tensor,
    x2: torch.Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> torch.Tensor:
    """The p-norm distance between each row of `x1` (..., P, M) and each row of `x2` (..., R, M): (..., P, R).

    Args:
        x1, x2: floating point.
        p: from 0 (the number of different entries) to infinity (the greatest difference). Default 2.
        compute_mode: whether p = 2 uses a matrix product: "use_mm_for_euclid_dist_if_necessary" (default, when P or R
            exceeds 25), "use_mm_for_euclid_dist" or "donot_use_mm_for_euclid_dist".

    Raises:
        ValueError: another `compute_mode`.
    """
    if compute_mode not in _CDIST_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    return _C.cdist(x1, x2, p, _CDIST_MODES[compute_mode])


def chain_matmul(*matrices: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """The product of several matrices, in the order of least work; deprecated for `linalg.multi_dot`.

    Raises:
        RuntimeError: no matrix, not two dimensions, or shapes that do not chain.
    """
    import warnings

    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. "
        "Use torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        UserWarning,
        stacklevel=2,
    )
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for matrix in _checked(matrices):
        if matrix.dim() != 2:
            raise RuntimeError(f"Tensor dimension is {matrix.dim()}, expected 2 instead.")
    if len(matrices) == 1:
        return matrices[0]
    return _C._linalg.multi_dot(matrices) if out is None else _C._linalg.multi_dot(matrices, out=out)


def lu(A: torch.Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """LU factorization of matrices (..., m, n); deprecated for `linalg.lu_factor`.

    Args:
        A: floating point or complex.
        pivot: with row exchanges, default True.
        get_infos: also give the int32 error codes, rather than raise for singular matrices. Default False.
        out: a tuple of the tensors to put the results into.

    Returns:
        (LU, pivots) or (LU, pivots, infos).

    Raises:
        TypeError: `out` that is not a tuple of as many tensors.
    """
    found = _C._lu_with_info(A, pivot=pivot, check_errors=not get_infos)  # type: ignore[attr-defined]  # not native yet
    result = found if get_infos else tuple(found)[:2]
    if out is None:
        return result
    if not isinstance(out, (tuple, list)):
        raise TypeError(f"argument 'out' must be tuple of Tensors, not {type(out).__name__}")
    if len(out) != len(result):
        raise TypeError(f"expected tuple of {len(result)} elements but got {len(out)}")
    for target, value in zip(out, result, strict=True):
        target.resize_(value.shape).copy_(value)
    return out


def stft(
    input: torch.Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: torch.Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> torch.Tensor:
    """Short-time Fourier transform: the spectrum of each windowed frame of a signal (T,) or (B, T).

    Args:
        input: the signal, real or complex.
        n_fft: length of the transform.
        hop_length: samples between frames; default `n_fft // 4`.
        win_length: length of the window; default `n_fft`.
        window: of shape (win_length,); default ones.
        center: pad by `n_fft // 2` at both ends, so that frame t is centred at t * hop_length. Default True.
        pad_mode: as in `nn.functional.pad`, default "reflect".
        normalized: divide by the square root of the frame length. Default False.
        onesided: only frequencies 0 to n_fft // 2; default True for real signals and windows.
        return_complex: a complex result (..., frequencies, frames), rather than real and imaginary parts apart.
        align_to_window: only with `center=False`.

    Raises:
        RuntimeError: lengths that do not fit, or `align_to_window` with `center`.
    """
    if center:
        if align_to_window is not None:
            raise RuntimeError("stft align_to_window should only be set when center = false")
        pad = n_fft // 2
        batch = input.reshape((1,) * (3 - input.dim()) + tuple(input.shape))
        padded = torch.nn.functional.pad(batch, [pad, pad], pad_mode)
        input = padded.reshape(tuple(input.shape[:-1]) + (padded.shape[-1],))
    return _C.stft(input, n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window)  # type: ignore[attr-defined]  # not native yet


def istft(*args: Any, **kwargs: Any) -> torch.Tensor:
    """Inverse of `stft`: the signal of least squared error, see the native `istft` for its arguments."""
    return _C.istft(*args, **kwargs)  # type: ignore[attr-defined]  # not native yet
