"""`assert_close`: nested results compared within tolerances, with messages that say where and how they differ.

The inputs are first taken apart into pairs of leaves, so that a wrong structure is reported before any wrong value.
"""

from __future__ import annotations

import cmath
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

import rusttorch as torch

_Message: TypeAlias = str | Callable[[str], str] | None

# rtol, atol by dtype; every other dtype is compared exactly
_TOLERANCES: dict[torch.dtype, tuple[float, float]] = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-7, 1e-7),
}
_DTYPE_OF_NUMBER: dict[type, torch.dtype] = {int: torch.int64, float: torch.float64, complex: torch.complex128}


class _Options(NamedTuple):
    """The arguments of `assert_close` that say how to compare."""

    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool

    def tolerances(self, *dtypes: torch.dtype) -> tuple[float, float]:
        """The tolerances given, or the loosest of those of the dtypes."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        defaults = [_TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        return max(rtol for rtol, _ in defaults), max(atol for _, atol in defaults)


class _Failure(Exception):
    """Why two items do not compare, the exception to raise for it, and where the items are."""

    def __init__(self, kind: type[Exception], message: str, path: tuple[Any, ...]) -> None:
        super().__init__(message)
        self.kind, self.message, self.path = kind, message, path

    def to_error(self, msg: _Message = None) -> Exception:
        """The exception, with the user's message if there is one."""
        if isinstance(msg, str):
            return self.kind(msg)
        message = self.message
        if self.path:
            message += f"\n\nThe failure occurred for item {''.join(f'[{step!r}]' for step in self.path)}"
        return self.kind(msg(message) if msg is not None else message)


class _Pair(NamedTuple):
    """Two leaves, where they are, and the function that raises `_Failure` if they differ."""

    actual: Any
    expected: Any
    path: tuple[Any, ...]
    compare: Callable[[_Pair, _Options], None]

    def fail(self, message: str) -> NoReturn:
        """Report a difference."""
        raise _Failure(AssertionError, message, self.path)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: _Message = None,
) -> None:
    """Raise AssertionError unless `|actual - expected| <= atol + rtol * |expected|` everywhere.

    Infinities have to be equal. Sequences and mappings are compared item by item.

    Args:
        actual, expected: tensors, what `as_tensor` accepts, numbers, None, or sequences and mappings of these.
        allow_subclasses: also compare tensors of a class with those of its subclass. Default True.
        rtol, atol: both or neither. By default float16 1e-3 and 1e-5, bfloat16 1.6e-2 and 1e-5, float32 and complex64
            1.3e-6 and 1e-5, float64 and complex128 1e-7 and 1e-7, others 0; the looser of the two dtypes'.
        equal_nan: nan equals nan. Default False.
        check_device, check_dtype, check_layout: these have to be equal; otherwise the tensors are converted.
        check_stride: strides have to be equal. Default False.
        msg: the message of the error, or a function that makes it from the usual one.

    Raises:
        AssertionError: the inputs differ.
        TypeError: inputs of types that cannot be compared with each other.
        ValueError: only one of `rtol` and `atol`.
    """
    __tracebackhide__ = True  # pytest shows the caller

    options = _Options(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride)
    try:
        pairs = list(_pairs(actual, expected, (), options))
    except _Failure as failure:
        raise failure.to_error() from None
    for pair in pairs:
        try:
            pair.compare(pair, options)
        except _Failure as failure:
            raise failure.to_error(msg) from None


def _pairs(actual: Any, expected: Any, path: tuple[Any, ...], options: _Options) -> Iterator[_Pair]:
    """The leaves of two nested structures, side by side."""
    if all(isinstance(side, Sequence) and not isinstance(side, str) for side in (actual, expected)):
        if len(actual) != len(expected):
            message = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise _Failure(AssertionError, message, path)
        for index in range(len(actual)):
            yield from _pairs(actual[index], expected[index], (*path, index), options)
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            message = (
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(expected.keys() - actual.keys())}\n"
                f"Additional keys in the actual mapping: {sorted(actual.keys() - expected.keys())}"
            )
            raise _Failure(AssertionError, message, path)
        try:
            keys = sorted(actual)
        except TypeError:  # keys without an order
            keys = list(actual)
        for key in keys:
            yield from _pairs(actual[key], expected[key], (*path, key), options)
    else:
        yield _leaf(actual, expected, path, options)


def _leaf(actual: Any, expected: Any, path: tuple[Any, ...], options: _Options) -> _Pair:
    """The pair for two items that are not taken apart further."""
    if actual is None or expected is None:
        return _Pair(actual, expected, path, _compare_none)
    numpy = sys.modules.get("numpy")  # its scalars cannot be here unless it is loaded
    bools = (bool,) if numpy is None else (bool, numpy.bool_)
    if isinstance(actual, bools) and isinstance(expected, bools):
        return _Pair(bool(actual), bool(expected), path, _compare_bools)

    kinds = (*_DTYPE_OF_NUMBER, *(() if numpy is None else (numpy.number,)))
    are_numbers = isinstance(actual, kinds) and isinstance(expected, kinds)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if are_numbers or (related and (options.allow_subclasses or type(actual) is type(expected))):
        try:
            convert = _as_number if are_numbers else torch.as_tensor
            pair = _Pair(
                convert(actual), convert(expected), path, _compare_numbers if are_numbers else _compare_tensors
            )
        except Exception:
            pass  # not like a tensor: refused below
        else:
            if (options.rtol is None) != (options.atol is None):
                missing = "rtol" if options.rtol is None else "atol"
                message = f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
                raise _Failure(ValueError, message, path)
            return pair
    message = f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
    raise _Failure(TypeError, message, path)


def _as_number(value: Any) -> Any:
    """A Python number, also for NumPy's."""
    return value if isinstance(value, tuple(_DTYPE_OF_NUMBER)) and type(value).__module__ != "numpy" else value.item()


def _compare_none(pair: _Pair, options: _Options) -> None:
    if pair.actual is not pair.expected:
        pair.fail(f"None mismatch: {pair.actual} is not {pair.expected}")


def _compare_bools(pair: _Pair, options: _Options) -> None:
    if pair.actual is not pair.expected:
        pair.fail(f"Booleans mismatch: {pair.actual} is not {pair.expected}")


def _compare_numbers(pair: _Pair, options: _Options) -> None:
    actual, expected = pair.actual, pair.expected
    if options.check_dtype and type(actual) is not type(expected):
        pair.fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
    if actual == expected or (options.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    rtol, atol = options.tolerances(*(_dtype_of_number(number) for number in (actual, expected)))
    difference = abs(actual - expected)
    if not (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected)):
        pair.fail(_scalar_message(actual, expected, rtol, atol))


def _dtype_of_number(number: Any) -> torch.dtype:
    return next(dtype for kind, dtype in _DTYPE_OF_NUMBER.items() if isinstance(number, kind))


def _compare_tensors(pair: _Pair, options: _Options) -> None:
    actual, expected = pair.actual, pair.expected
    if actual.shape != expected.shape:
        _fail_attribute(pair, "shape", actual.shape, expected.shape)
    if options.check_layout and actual.layout != expected.layout:
        _fail_attribute(pair, "layout", actual.layout, expected.layout)
    if options.check_stride and actual.stride() != expected.stride():
        _fail_attribute(pair, "stride()", actual.stride(), expected.stride())
    if options.check_device and actual.device != expected.device:
        _fail_attribute(pair, "device", actual.device, expected.device)
    if options.check_dtype and actual.dtype != expected.dtype:
        _fail_attribute(pair, "dtype", actual.dtype, expected.dtype)
    if "meta" in (actual.device.type, expected.device.type):
        return

    rtol, atol = options.tolerances(actual.dtype, expected.dtype)
    with torch.no_grad():
        if actual.device != expected.device:
            actual, expected = actual.cpu(), expected.cpu()
        if actual.dtype != expected.dtype:
            dtype = torch.promote_types(actual.dtype, expected.dtype)
            actual, expected = actual.to(dtype), expected.to(dtype)
        matches = torch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=options.equal_nan)
        if bool(matches.all()):
            return
        if actual.dim() == 0:
            pair.fail(_scalar_message(actual.item(), expected.item(), rtol, atol))
        pair.fail(_tensor_message(actual, expected, matches, rtol, atol))


def _fail_attribute(pair: _Pair, name: str, actual: Any, expected: Any) -> NoReturn:
    pair.fail(f"The values for attribute '{name}' do not match: {actual} != {expected}.")


def _headline(what: str, rtol: float, atol: float) -> str:
    return f"{what} are not {'equal' if rtol == 0 and atol == 0 else 'close'}!\n\n"


def _allowed(tolerance: float, rtol: float, atol: float) -> str:
    return "" if rtol == 0 and atol == 0 else f" (up to {tolerance} allowed)"


def _scalar_message(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    absolute = abs(actual - expected)
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    return (
        _headline("Scalars", rtol, atol) + f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {absolute}{_allowed(atol, rtol, atol)}\n"
        f"Relative difference: {relative}{_allowed(rtol, rtol, atol)}"
    )


def _tensor_message(
    actual: torch.Tensor, expected: torch.Tensor, matches: torch.Tensor, rtol: float, atol: float
) -> str:
    """How many elements differ, and by how much at most, among those that do."""
    shape, matches = tuple(matches.shape), matches.flatten()
    actual, expected = actual.flatten(), expected.flatten()
    if not (actual.dtype.is_floating_point or actual.dtype.is_complex):
        # a difference of small or unsigned integers would wrap around
        actual, expected = actual.to(torch.int64), expected.to(torch.int64)
    wrong = matches.numel() - int(matches.sum())
    absolute = (actual - expected).abs().masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)

    lines = [f"Mismatched elements: {wrong} / {matches.numel()} ({wrong / matches.numel():.1%})"]
    for name, differences, tolerance in (("absolute", absolute, atol), ("relative", relative, rtol)):
        greatest, place = differences.max(0)
        lines.append(
            f"Greatest {name} difference: {greatest.item()} at index {_index_in(shape, int(place))}"
            + _allowed(tolerance, rtol, atol)
        )
    return _headline("Tensor-likes", rtol, atol) + "\n".join(lines)


def _index_in(shape: tuple[int, ...], place: int) -> tuple[int, ...]:
    """The index of an element of a tensor of `shape` from its place in the flattened tensor."""
    index: list[int] = []
    for size in reversed(shape):
        place, here = divmod(place, size)
        index.insert(0, here)
    return tuple(index)
