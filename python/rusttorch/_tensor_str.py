"""How a tensor is written as text: the print options and `repr`, character for character as in PyTorch."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rusttorch as torch


class PrintOptions:
    """The options that `set_printoptions` changes; `PRINT_OPTS` is the one instance in use."""

    __slots__ = ("precision", "threshold", "edgeitems", "linewidth", "sci_mode")

    def __init__(self) -> None:
        self.precision: int = 4
        self.threshold: float = 1000
        self.edgeitems: int = 3
        self.linewidth: int = 80
        self.sci_mode: bool | None = None


PRINT_OPTS = PrintOptions()

# precision, threshold, edgeitems, linewidth of each named profile
_PROFILES: dict[str, tuple[int, float, int, int]] = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, math.inf, 3, 80),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed.

    Args:
        precision: digits after the point (default 4).
        threshold: tensors with more elements than this are summarised (default 1000).
        edgeitems: items shown at each end of a summarised dimension (default 3).
        linewidth: characters per line (default 80).
        profile: "default", "short" or "full", applied before the other arguments; an unknown name changes nothing.
        sci_mode: True or False forces scientific notation on or off; None (default) chooses by the values.
            Like PyTorch, every call sets it, so leaving it out goes back to choosing.
    """
    opts = PRINT_OPTS
    if profile in _PROFILES:
        opts.precision, opts.threshold, opts.edgeitems, opts.linewidth = _PROFILES[profile]
    if precision is not None:
        opts.precision = precision
    if threshold is not None:
        opts.threshold = threshold
    if edgeitems is not None:
        opts.edgeitems = edgeitems
    if linewidth is not None:
        opts.linewidth = linewidth
    opts.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in use, as keyword arguments for `set_printoptions`."""
    return {name: getattr(PRINT_OPTS, name) for name in PrintOptions.__slots__}


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Context manager: `set_printoptions(**kwargs)` inside, the former options afterwards."""
    former = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**former)


def _column_format(values: Sequence[Any], floating: bool) -> tuple[Callable[[Any], str], int]:
    """One format and one width for all the values shown together.

    Only nonzero finite values decide on the format and the width of floating-point columns; a wider nan, inf or -0
    simply sticks out.
    """
    if not floating:
        return str, max(1, max(map(len, map(str, values)), default=1))

    opts = PRINT_OPTS
    fixed = f"{{:.{opts.precision}f}}".format
    scientific = f"{{:.{opts.precision}e}}".format

    def whole(value: float) -> str:
        return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"

    deciding = [value for value in values if value != 0 and math.isfinite(value)]
    if not deciding:
        return whole, 1
    all_whole = all(value.is_integer() for value in deciding)
    if opts.sci_mode is None:
        largest = max(map(abs, deciding))
        smallest = min(map(abs, deciding))
        use_scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
    else:
        use_scientific = bool(opts.sci_mode)
    write: Callable[[float], str] = scientific if use_scientific else whole if all_whole else fixed
    return write, max(1, max(len(write(value)) for value in deciding))


def _write_cells(values: Sequence[Any], dtype: torch.dtype) -> tuple[list[str], int]:
    """The text of each value, padded to its column, and the width reserved for one value."""
    if not dtype.is_complex:
        write, width = _column_format(values, dtype.is_floating_point)
        return [write(value).rjust(width) for value in values], width

    write_real, real_width = _column_format([value.real for value in values], True)
    write_imag, imag_width = _column_format([value.imag for value in values], True)
    cells = []
    for value in values:
        imag = write_imag(value.imag)
        sign = "" if imag[0] in "+-" else "+"
        cells.append(f"{write_real(value.real).rjust(real_width)}{sign}{imag}j")
    return cells, real_width + imag_width + 1


def _layout_cells(cells: Sequence[str], shape: Sequence[int], elided: Sequence[bool], indent: int, width: int) -> str:
    """Nested brackets around the cells of a tensor of `shape`; `elided[d]` puts "..." in the middle of dim d."""
    if not shape:
        return cells[0]
    edge = PRINT_OPTS.edgeitems
    separator = "," + "\n" * max(1, len(shape) - 1) + " " * (indent + 1)

    if len(shape) == 1:
        row = list(cells)
        if elided[0]:
            row.insert(edge, " ..." if edge else "...")
        per_line = max(1, math.floor((PRINT_OPTS.linewidth - indent) / (width + 2)))
        return "[" + separator.join(", ".join(row[i : i + per_line]) for i in range(0, len(row), per_line)) + "]"

    step = math.prod(shape[1:])
    parts = [
        _layout_cells(cells[i * step : (i + 1) * step], shape[1:], elided[1:], indent + 1, width)
        for i in range(shape[0])
    ]
    if elided[0]:
        parts.insert(edge, "...")
    return "[" + separator.join(parts) + "]"


def _contents(tensor: torch.Tensor, indent: int) -> str:
    """The bracketed values of a tensor that has some, summarised when there are more than the threshold."""
    elided = [False] * tensor.dim()
    if tensor.numel() > PRINT_OPTS.threshold:
        edge = PRINT_OPTS.edgeitems
        for dim, size in enumerate(tensor.shape):
            if size > 2 * edge:
                elided[dim] = True
                ends = (tensor.narrow(dim, 0, edge), tensor.narrow(dim, size - edge, edge))
                tensor = torch.cat(ends, dim)
    cells, width = _write_cells(tensor.reshape(-1).tolist(), tensor.dtype)
    return _layout_cells(cells, tensor.shape, elided, indent, width)


def _close_with_suffixes(text: str, suffixes: Sequence[str], indent: int) -> str:
    """Append ", suffix" for each suffix, each on a line of its own where it would not fit, and the last bracket."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > PRINT_OPTS.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def _history_suffix(tensor: torch.Tensor) -> str | None:
    """`grad_fn=<...>` or `requires_grad=True`, whichever holds."""
    try:
        node = tensor.grad_fn
    except RuntimeError:
        # a view made and modified in place under no_grad has no valid history
        return "grad_fn=<Invalid>"
    if node is not None:
        return f"grad_fn=<{type(node).__name__}>"
    return "requires_grad=True" if tensor.requires_grad else None


def _str(tensor: torch.Tensor, *, tensor_contents: str | None = None) -> str:
    """The text of a tensor as `repr` shows it; `tensor_contents` replaces the bracketed values."""
    # nn is asked only when loaded: without it there are no parameters
    parameter = getattr(sys.modules.get(f"{__package__}.nn"), "Parameter", None)
    is_plain = type(tensor) is torch.Tensor or type(tensor) is parameter
    prefix = "tensor(" if is_plain else f"{type(tensor).__name__}("
    indent = len(prefix)

    with torch.no_grad():
        values = tensor.detach()
        dtype = values.dtype
        default = torch.get_default_dtype()
        suffixes = []
        if values.device.type != "cpu":
            suffixes.append(f"device='{values.device}'")
        if values.is_meta or values.numel() == 0:
            contents = "..." if values.is_meta else "[]"
            if values.is_meta or values.dim() != 1:
                suffixes.append(f"size={tuple(values.shape)}")
            if dtype != default:
                suffixes.append(f"dtype={dtype}")
        else:
            default_complex = torch.complex128 if default == torch.float64 else torch.complex64
            if not PRINT_OPTS.edgeitems:
                suffixes.append(f"size={tuple(values.shape)}")
            if dtype not in (default, default_complex, torch.int64, torch.bool):
                suffixes.append(f"dtype={dtype}")
            contents = _contents(values.cpu(), indent) if tensor_contents is None else ""

    history = _history_suffix(tensor)
    if history is not None:
        suffixes.append(history)
    text = _close_with_suffixes(prefix + (contents if tensor_contents is None else tensor_contents), suffixes, indent)
    if not is_plain and parameter is not None and isinstance(tensor, parameter):
        return f"Parameter({text})"
    return text
