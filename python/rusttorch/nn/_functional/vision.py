"""Resizing, sampling and padding of images and volumes."""

from __future__ import annotations

import math
import warnings
from typing import Any

import rusttorch as torch
from rusttorch import _C


def pad(input: torch.Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> torch.Tensor:
    """Adds elements at both ends of the last dimensions.

    Args:
        input: any shape.
        pad: how many before and after, last dimension first; negative counts cut off.
        mode: ``'constant'``, or ``'reflect'``, ``'replicate'``, ``'circular'`` for the last 1 to 3 dimensions.
        value: of the constant. Default: 0. Only with ``'constant'`` (ValueError).
    """
    return _C._nn.pad(input, pad, mode, value)


_ALIGNABLE = ("linear", "bilinear", "bicubic", "trilinear", "lanczos")
_DIMS_OF = {"linear": 3, "bilinear": 4, "trilinear": 5}


def _target_size(input: torch.Tensor, size: Any, scale_factor: Any) -> tuple[Any, Any]:
    """The arguments of `interpolate` as one size, or one factor, per spatial dimension; the other is None."""
    spatial = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if not isinstance(size, (list, tuple)):
            return [size] * spatial, None
        if len(size) != spatial:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {list(input.shape[2:])} and output size of {size}. Please provide input tensor in "
                "(N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) format."
            )
        if not all(isinstance(extent, int) for extent in size):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], "
                f"but got size with types {[type(extent) for extent in size]}"
            )
        return size, None
    if scale_factor is not None:
        if not isinstance(scale_factor, (list, tuple)):
            return None, [scale_factor] * spatial
        if len(scale_factor) != spatial:
            raise ValueError(
                "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {list(input.shape[2:])} and scale_factor of shape {scale_factor}. Please provide "
                "input tensor in (N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format."
            )
        return None, scale_factor
    raise ValueError("either size or scale_factor should be defined")


def interpolate(
    input: torch.Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> torch.Tensor:
    """Resizes the spatial dimensions.

    Args:
        input: shape (N, C, L), (N, C, H, W) or (N, C, D, H, W); floating point, or uint8 for images.
        size: of the result, one number or one per dimension; or else
        scale_factor: by which each dimension grows. Exactly one of the two (ValueError).
        mode: ``'nearest'``, ``'nearest-exact'``, ``'area'``; ``'linear'`` (3-D), ``'bilinear'`` and ``'bicubic'``
            (4-D), ``'trilinear'`` (5-D), ``'lanczos'`` (4-D, with ``antialias``). NotImplementedError where the
            number of dimensions does not fit.
        align_corners: for the four linear and cubic modes: whether the corner values stay. Default: False.
        recompute_scale_factor: whether the factor is computed anew from the rounded size.
        antialias: for the modes of images: whether downsampling averages over all the pixels it covers.
    """
    if mode not in _ALIGNABLE:
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: "
                "linear | bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    dims = input.dim()
    output_size, factors = _target_size(input, size, scale_factor)
    if recompute_scale_factor:
        if size is not None:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        output_size = [math.floor(float(extent) * factor) for extent, factor in zip(input.shape[2:], factors)]
        factors = None
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and dims == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    nn, corners = _C._nn, bool(align_corners)
    if 3 <= dims <= 5:
        spatial = dims - 3
        if mode == "nearest":
            nearest = (nn.upsample_nearest1d, nn.upsample_nearest2d, nn.upsample_nearest3d)[spatial]
            return nearest(input, output_size, factors)
        if mode == "nearest-exact":
            exact = (nn._upsample_nearest_exact1d, nn._upsample_nearest_exact2d, nn._upsample_nearest_exact3d)[spatial]
            return exact(input, output_size, factors)
        if mode == "area":
            if output_size is None:
                output_size = [math.floor(float(extent) * factor) for extent, factor in zip(input.shape[2:], factors)]
            area = (_C.adaptive_avg_pool1d, nn.adaptive_avg_pool2d, nn.adaptive_avg_pool3d)[spatial]
            return area(input, output_size)
    if dims == 3 and mode == "linear":
        return nn.upsample_linear1d(input, output_size, corners, factors)
    if dims == 4 and mode == "bilinear":
        bilinear = nn._upsample_bilinear2d_aa if antialias else nn.upsample_bilinear2d
        return bilinear(input, output_size, corners, factors)
    if dims == 5 and mode == "trilinear":
        return nn.upsample_trilinear3d(input, output_size, corners, factors)
    if dims == 4 and mode == "bicubic":
        bicubic = nn._upsample_bicubic2d_aa if antialias else nn.upsample_bicubic2d
        return bicubic(input, output_size, corners, factors)
    if dims == 4 and mode == "lanczos":
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
        return nn._upsample_lanczos2d_aa(input, output_size, False, factors)
    if 3 <= dims <= 5 and mode in _DIMS_OF:
        raise NotImplementedError(f"Got {dims}D input, but {mode} mode needs {_DIMS_OF[mode]}D input")
    raise NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dims}D) for the modes: nearest | linear | "
        f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def _warn_renamed(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)


def upsample(
    input: torch.Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> torch.Tensor:
    """Old name of `interpolate`; warns that it is."""
    _warn_renamed("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: torch.Tensor, size: Any = None, scale_factor: Any = None) -> torch.Tensor:
    """``interpolate(mode='nearest')``; warns that it is deprecated."""
    _warn_renamed("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: torch.Tensor, size: Any = None, scale_factor: Any = None) -> torch.Tensor:
    """``interpolate(mode='bilinear', align_corners=True)``; warns that it is deprecated."""
    _warn_renamed("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}
_ALIGN_DEFAULT = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


def grid_sample(
    input: torch.Tensor,
    grid: torch.Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> torch.Tensor:
    """The input's values at given places.

    Args:
        input: shape (N, C, H, W) or (N, C, D, H, W).
        grid: places in [-1, 1], x first: shape (N, H2, W2, 2) or (N, D2, H2, W2, 3).
        mode: ``'bilinear'``, ``'nearest'``, ``'bicubic'`` (4-D only) (ValueError).
        padding_mode: what lies outside: ``'zeros'``, ``'border'`` or ``'reflection'`` (ValueError).
        align_corners: whether -1 and 1 are the centres of the outermost pixels, or their outer edges. Default: edges,
            with a warning.

    Returns:
        shape (N, C, H2, W2) or (N, C, D2, H2, W2).
    """
    if mode not in GRID_SAMPLE_INTERPOLATION_MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in GRID_SAMPLE_PADDING_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', "
            f"but got: '{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_ALIGN_DEFAULT, stacklevel=2)
        align_corners = False
    interpolation = GRID_SAMPLE_INTERPOLATION_MODES[mode]
    return _C.grid_sampler(input, grid, interpolation, GRID_SAMPLE_PADDING_MODES[padding_mode], align_corners)


def affine_grid(theta: torch.Tensor, size: Any, align_corners: bool | None = None) -> torch.Tensor:
    """The grid that makes `grid_sample` apply an affine map.

    Jaderberg et al., Spatial transformer networks, 2015.

    Args:
        theta: floating point (ValueError), shape (N, 2, 3) or (N, 3, 4) (ValueError).
        size: of the result: (N, C, H, W) or (N, C, D, H, W) (NotImplementedError), positive (ValueError).
        align_corners: as for `grid_sample`.

    Returns:
        shape (N, H, W, 2) or (N, D, H, W, 3).
    """
    if align_corners is None:
        warnings.warn(_ALIGN_DEFAULT, stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    spatial = len(size) - 2
    if spatial not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {size}."
        )
    if theta.dim() != 3 or tuple(theta.shape[-2:]) != (spatial, spatial + 1):
        raise ValueError(
            f"Expected a batch of {spatial}D affine matrices of shape Nx{spatial}x{spatial + 1} for size {size}. "
            f"Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This "
            "is not an intended use case of affine_grid. See the documentation of affine_grid for details.",
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return _C.affine_grid_generator(theta, size, align_corners)
