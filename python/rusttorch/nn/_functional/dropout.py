"""Dropout in its forms: single elements, whole channels, and the variants that keep mean and variance."""

from __future__ import annotations

import warnings

import rusttorch as torch
from rusttorch import _C


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Zeroes each element with probability ``p`` and scales the others by 1 / (1 - p).

    Srivastava et al., 2014.

    Args:
        input: any shape, floating point or complex.
        p: in [0, 1] (ValueError).
        training: where False the input is returned as it is.
        inplace: whether the input itself is changed.
    """
    _check(p)
    return _C.dropout_(input, p, training) if inplace else _C.dropout(input, p, training)


def alpha_dropout(input: torch.Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> torch.Tensor:
    """Dropout that keeps mean and variance of self-normalising networks. Klambauer et al., 2017.

    Arguments as for `dropout`.
    """
    _check(p)
    return _C.alpha_dropout_(input, p, training) if inplace else _C.alpha_dropout(input, p, training)


def feature_alpha_dropout(
    input: torch.Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """`alpha_dropout` of whole channels: of all of ``input[n, c]`` at once. Arguments as for `dropout`."""
    _check(p)
    if inplace:
        return _C.feature_alpha_dropout_(input, p, training)
    return _C.feature_alpha_dropout(input, p, training)


def dropout1d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Zeroes whole channels of shape (N, C, L), or (C, L) without batch; RuntimeError for other ranks."""
    _check(p)
    dims = input.dim()
    if dims not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {dims}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    unbatched = dims == 2
    if unbatched:
        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    result = _C.feature_dropout_(input, p, training) if inplace else _C.feature_dropout(input, p, training)
    if unbatched:
        result = result.squeeze_(0) if inplace else result.squeeze(0)
    return result


def _warn_rank(name: str, dims: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {dims}-D input to {name}, which is deprecated and will result in an error in a future "
        f"release. To retain the behavior and silence this warning, please use dropout instead. Note that {name} "
        f"exists to provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, "
        f"and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )


def dropout2d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Zeroes whole channels of shape (N, C, H, W). Tompson et al., 2014. Arguments as for `dropout`.

    Three dimensions are read as (N, C, L), with a warning, as PyTorch still does.
    """
    _check(p)
    dims = input.dim()
    if dims not in (3, 4):
        _warn_rank("dropout2d", dims, 2)
    if dims == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _C.feature_dropout_(input, p, training) if inplace else _C.feature_dropout(input, p, training)


def dropout3d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Zeroes whole channels of shape (N, C, D, H, W), or (C, D, H, W) without batch. Arguments as for `dropout`."""
    _check(p)
    dims = input.dim()
    if dims not in (4, 5):
        _warn_rank("dropout3d", dims, 3)
    unbatched = dims == 4
    if unbatched:
        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    result = _C.feature_dropout_(input, p, training) if inplace else _C.feature_dropout(input, p, training)
    if unbatched:
        result = result.squeeze_(0) if inplace else result.squeeze(0)
    return result
