"""Anomaly mode: nodes remember the forward call's traceback, and gradients are looked through for NaN."""

from __future__ import annotations

import warnings

from rusttorch import _C

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Turn anomaly mode on or off: at once when called, or for a block under `with`. For all threads.

    Args:
        mode: on or off.
        check_nan: whether a node that returns NaN in backward raises RuntimeError. Default True.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = _C.is_anomaly_enabled()
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        _C.set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        _C.set_anomaly_enabled(self.prev, self.prev_check_nan)


class detect_anomaly:
    """Context manager: a node that fails in backward warns with the traceback of the forward call that made it.

    Slow: every node keeps a traceback. Without this mode errors name the file and line of the call alone.

    Args:
        check_nan: whether a node that returns NaN raises RuntimeError. Default True.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = _C.is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        _C.set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *args: object) -> None:
        _C.set_anomaly_enabled(self.prev, self.prev_check_nan)
