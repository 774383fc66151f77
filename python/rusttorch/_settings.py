"""Settings that PyTorch has for choices this package does not leave open; they are kept and can be read back."""

from __future__ import annotations

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_warn_always",
    "use_deterministic_algorithms",
]


class _Settings:
    """The values in use."""

    deterministic: int = 0
    matmul_precision: str = "highest"
    interop_threads: int = 1
    warn_always: bool = False


_DEBUG_MODES = {"default": 0, "warn": 1, "error": 2}
_PRECISIONS = ("highest", "high", "medium")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same bits every time. Every operation here is deterministic in any case.

    Args:
        mode: kept for `are_deterministic_algorithms_enabled`.
        warn_only: kept for `is_deterministic_algorithms_warn_only_enabled`. Default False.
    """
    _Settings.deterministic = 0 if not mode else 1 if warn_only else 2


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was last given."""
    return _Settings.deterministic > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """The `warn_only` that `use_deterministic_algorithms` was last given."""
    return _Settings.deterministic == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by number or name: 0 "default", 1 "warn", 2 "error".

    Raises:
        TypeError: neither an int nor a str.
        RuntimeError: another value.
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _DEBUG_MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _DEBUG_MODES[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _Settings.deterministic = debug_mode


def get_deterministic_debug_mode() -> int:
    """0 (off), 1 (warn) or 2 (error), see `set_deterministic_debug_mode`."""
    return _Settings.deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """Allow less precise products of float32 matrices: "highest", "high" or "medium". They are always precise here.

    Another value changes nothing and warns, as in PyTorch.
    """
    if precision not in _PRECISIONS:
        import warnings

        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; "
            "the current set_float32_matmul_precision call has no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _Settings.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was last given; "highest" at first."""
    return _Settings.matmul_precision


def set_warn_always(mode: bool, /) -> None:
    """Ask for warnings every time rather than once. Here Python's own warning filters decide.

    Raises:
        RuntimeError: not a bool.
    """
    if not isinstance(mode, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(mode).__name__}")
    _Settings.warn_always = mode


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was last given."""
    return _Settings.warn_always


def set_flush_denormal(mode: bool, /) -> bool:
    """Ask for denormal numbers to be set to zero. Returns False: that is not supported."""
    return False


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was last given; 1 at first. Operations do not run beside each other here."""
    return _Settings.interop_threads


def set_num_interop_threads(count: int, /) -> None:
    """Kept for `get_num_interop_threads`; no effect.

    Raises:
        RuntimeError: not a positive integer.
    """
    if not isinstance(count, int) or isinstance(count, bool):
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _Settings.interop_threads = count
