"""What `rusttorch._C._nn` holds: made from the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from builtins import str as _str
from collections.abc import Sequence
from typing import overload

from ._C import Generator, Tensor, _Number

def _pad_circular(input: Tensor, pad: Sequence[_int]) -> Tensor:
    """The dims after the first two continued from their other end."""

@overload
def _upsample_bicubic2d_aa(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by cubic convolution with antialiasing; the size, or factors for it."""
@overload
def _upsample_bicubic2d_aa(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by cubic convolution with antialiasing."""

@overload
def _upsample_bilinear2d_aa(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by bilinear interpolation with antialiasing; the size, or factors for it."""
@overload
def _upsample_bilinear2d_aa(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by bilinear interpolation with antialiasing."""

@overload
def _upsample_lanczos2d_aa(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by Lanczos's filter with antialiasing; the size, or factors for it."""
@overload
def _upsample_lanczos2d_aa(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by Lanczos's filter with antialiasing."""

@overload
def _upsample_nearest_exact1d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, L) resized by the pixel nearest to the centre; the size, or factors for it."""
@overload
def _upsample_nearest_exact1d(input: Tensor, output_size: _int | Sequence[_int], scales: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, L) resized by the pixel nearest to the centre."""

@overload
def _upsample_nearest_exact2d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by the pixel nearest to the centre; the size, or factors for it."""
@overload
def _upsample_nearest_exact2d(input: Tensor, output_size: _int | Sequence[_int], scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by the pixel nearest to the centre."""

@overload
def _upsample_nearest_exact3d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, D, H, W) resized by the pixel nearest to the centre; the size, or factors for it."""
@overload
def _upsample_nearest_exact3d(input: Tensor, output_size: _int | Sequence[_int], scales_d: _float | None = None, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, D, H, W) resized by the pixel nearest to the centre."""

def adaptive_avg_pool2d(input: Tensor, output_size: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Averages over `output_size` even shares of the last two dims."""

def adaptive_avg_pool3d(input: Tensor, output_size: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Averages over `output_size` even shares of the last three dims."""

def adaptive_max_pool2d(input: Tensor, output_size: _int | Sequence[_int], *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """Maxima over `output_size` even shares of the last two dims, and their places."""

def adaptive_max_pool3d(input: Tensor, output_size: _int | Sequence[_int], *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """Maxima over `output_size` even shares of the last three dims, and their places."""

def avg_pool2d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """Average of each window of the last two dims of (N, C, H, W) or (C, H, W)."""

def avg_pool3d(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """Average of each window of the last three dims of (N, C, D, H, W) or (C, D, H, W)."""

def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Cross entropy of probabilities of two classes; each logarithm is at least -100."""

def col2im(input: Tensor, output_size: _int | Sequence[_int], kernel_size: _int | Sequence[_int], dilation: _int | Sequence[_int], padding: _int | Sequence[_int], stride: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Columns (N, C kh kw, places) added up where their windows overlap: (N, C, H, W)."""

def cross_entropy_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: _int = 0, ignore_index: _int = -100, label_smoothing: _float = 0.0) -> Tensor:
    """Negative log likelihood of the log-softmax of scores, against classes or class probabilities."""

def elu(input: Tensor, alpha: _Number = 1, scale: _Number = 1, input_scale: _Number = 1, *, out: Tensor | None = None) -> Tensor:
    """`scale * x` of positive elements, `scale * alpha * (exp(input_scale * x) - 1)` of others."""

def elu_(input: Tensor, alpha: _Number = 1, scale: _Number = 1, input_scale: _Number = 1) -> Tensor:
    """`elu`, in place."""

def fractional_max_pool2d(input: Tensor, kernel_size: _int | Sequence[_int], output_size: _int | Sequence[_int], random_samples: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """Maxima over windows at pseudo-random steps (Graham, 2014); `random_samples` is (N, C, 2)."""

def fractional_max_pool3d(input: Tensor, kernel_size: _int | Sequence[_int], output_size: _int | Sequence[_int], random_samples: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """Maxima over windows at pseudo-random steps (Graham, 2014); `random_samples` is (N, C, 3)."""

def gelu(input: Tensor, *, approximate: _str = "none", out: Tensor | None = None) -> Tensor:
    r"""Gaussian error linear unit: $x \Phi(x)$, or its approximation by tanh."""

def gelu_(input: Tensor, *, approximate: _str = "none") -> Tensor:
    """`gelu`, in place."""

def glu(input: Tensor, dim: _int = -1, *, out: Tensor | None = None) -> Tensor:
    """The first half of the tensor along `dim`, times the sigmoid of the second."""

def hardsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The line $x/6 + 1/2$ between 0 and 1."""

def hardsigmoid_(input: Tensor) -> Tensor:
    """`hardsigmoid`, in place."""

def hardswish(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`x` times its hard sigmoid."""

def hardswish_(input: Tensor) -> Tensor:
    """`hardswish`, in place."""

def hardtanh(input: Tensor, min_val: _Number = -1, max_val: _Number = 1, *, out: Tensor | None = None) -> Tensor:
    """Each element brought between two numbers."""

def hardtanh_(input: Tensor, min_val: _Number = -1, max_val: _Number = 1) -> Tensor:
    """`hardtanh`, in place."""

def huber_loss(input: Tensor, target: Tensor, reduction: _int = 0, delta: _float = 1.0, *, out: Tensor | None = None) -> Tensor:
    """Half the squared difference where it is at most `delta`, a straight line elsewhere."""

def im2col(input: Tensor, kernel_size: _int | Sequence[_int], dilation: _int | Sequence[_int], padding: _int | Sequence[_int], stride: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Windows of (N, C, H, W) as columns: (N, C kh kw, places)."""

def l1_loss(input: Tensor, target: Tensor, reduction: _int = 0) -> Tensor:
    """Absolute differences."""

def leaky_relu(input: Tensor, negative_slope: _Number = 0.01, *, out: Tensor | None = None) -> Tensor:
    """Each element if it is positive, otherwise `negative_slope` times it."""

def leaky_relu_(input: Tensor, negative_slope: _Number = 0.01) -> Tensor:
    """`leaky_relu`, in place."""

def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias` over the last dim of an input of any rank."""

def log_sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$\log \sigma(x)$ of each element."""

def max_pool2d_with_indices(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """As `max_pool2d`, with the places of the maxima in the flattened plane."""

def max_pool2d_with_indices_backward(grad_output: Tensor, input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int], padding: _int | Sequence[_int], dilation: _int | Sequence[_int], ceil_mode: _bool, indices: Tensor) -> Tensor:
    """The gradient of `max_pool2d_with_indices`."""

def max_pool3d_with_indices(input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int] = (), padding: _int | Sequence[_int] = 0, dilation: _int | Sequence[_int] = 1, ceil_mode: _bool = False, *, out: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """As `max_pool3d`, with the places of the maxima in the flattened volume."""

def max_pool3d_with_indices_backward(grad_output: Tensor, input: Tensor, kernel_size: _int | Sequence[_int], stride: _int | Sequence[_int], padding: _int | Sequence[_int], dilation: _int | Sequence[_int], ceil_mode: _bool, indices: Tensor) -> Tensor:
    """The gradient of `max_pool3d_with_indices`."""

def max_unpool2d(input: Tensor, indices: Tensor, output_size: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Zeros of `output_size` with the elements of `self` at `indices`, which `max_pool2d` gave."""

def max_unpool3d(input: Tensor, indices: Tensor, output_size: _int | Sequence[_int], stride: _int | Sequence[_int], padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """Zeros of `output_size` with the elements of `self` at `indices`, which `max_pool3d` gave."""

def mish(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$x \tanh(\log(1 + e^x))$ of each element."""

def mish_(input: Tensor) -> Tensor:
    """`mish`, in place."""

def mse_loss(input: Tensor, target: Tensor, reduction: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Squared differences."""

def multi_margin_loss(input: Tensor, target: Tensor, p: _Number = 1, margin: _Number = 1, weight: Tensor | None = None, reduction: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by the number of classes."""

def multilabel_margin_loss(input: Tensor, target: Tensor, reduction: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Sum over targets and other classes of max(0, 1 - x[target] + x[class]), divided by the number of classes."""

def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: _int = 0, ignore_index: _int = -100, *, out: Tensor | None = None) -> Tensor:
    """Minus the log probability of each target class, of shape (N,) beside (N, C) or (C,)."""

def nll_loss2d(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: _int = 0, ignore_index: _int = -100, *, out: Tensor | None = None) -> Tensor:
    """Minus the log probability of each target class, of shape (N, H, W) beside (N, C, H, W)."""

def nll_loss_nd(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: _int = 0, ignore_index: _int = -100) -> Tensor:
    """Minus the log probability of each target class, of shape (N, d1, ...) beside (N, C, d1, ...)."""

def one_hot(input: Tensor, num_classes: _int = -1) -> Tensor:
    """A last dim of `num_classes` zeros with a one at each element's place; -1 takes what the largest element needs."""

def pad(input: Tensor, pad: Sequence[_int], mode: _str = "constant", value: _float | None = None) -> Tensor:
    """Padding by `mode`: `"constant"` (any dims), `"reflect"`, `"replicate"` or `"circular"` (the last 1 to 3 dims)."""

def pad_sequence(sequences: Sequence[Tensor], batch_first: _bool = False, padding_value: _float = 0.0, padding_side: _str = "right") -> Tensor:
    """Sequences of shape (length, ...) padded with `padding_value` to the longest, stacked to (length, batch, ...) or,
    with `batch_first`, (batch, length, ...).
    """

def reflection_pad1d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last dim with its own elements mirrored at the edges."""

def reflection_pad2d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last two dims with their own elements mirrored at the edges."""

def reflection_pad3d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last three dims with their own elements mirrored at the edges."""

def relu6(input: Tensor) -> Tensor:
    """Each element brought between 0 and 6."""

def relu6_(input: Tensor) -> Tensor:
    """`relu6`, in place."""

def replication_pad1d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last dim with the elements at its edges repeated."""

def replication_pad2d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last two dims with the elements at their edges repeated."""

def replication_pad3d(input: Tensor, padding: _int | Sequence[_int], *, out: Tensor | None = None) -> Tensor:
    """The last three dims with the elements at their edges repeated."""

def rrelu_with_noise(input: Tensor, noise: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: Generator | None = None) -> Tensor:
    """As `rrelu`, with the slopes left in `noise`."""

def rrelu_with_noise_(input: Tensor, noise: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: Generator | None = None) -> Tensor:
    """As `rrelu_`, with the slopes left in `noise`."""

def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: _float = 0.0, is_causal: _bool = False, *, scale: _float | None = None, enable_gqa: _bool = False) -> Tensor:
    """Softmax of `query @ key.T * scale`, masked, times `value`: (.., L, E), (.., S, E) and (.., S, Ev) give (.., L, Ev). A
    mask of bools says where to look, one of numbers is added to the scores.
    """

def silu(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""$x \sigma(x)$ of each element."""

def silu_(input: Tensor) -> Tensor:
    """`silu`, in place."""

def smooth_l1_loss(input: Tensor, target: Tensor, reduction: _int = 0, beta: _float = 1.0, *, out: Tensor | None = None) -> Tensor:
    """Half the squared difference divided by `beta` where it is below that, the difference less beta / 2 elsewhere."""

def soft_margin_loss(input: Tensor, target: Tensor, reduction: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Logistic loss of targets that are 1 or -1."""

def softplus(input: Tensor, beta: _Number = 1, threshold: _Number = 20, *, out: Tensor | None = None) -> Tensor:
    r"""$\log(1 + e^{\beta x}) / \beta$, and `x` itself where `beta * x` is above the threshold."""

def softshrink(input: Tensor, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Each element moved by `lambd` towards 0; 0 for those in [-lambd, lambd]."""

@overload
def upsample_bicubic2d(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by cubic convolution (Keys, 1981); the size, or factors for it."""
@overload
def upsample_bicubic2d(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by cubic convolution (Keys, 1981)."""

@overload
def upsample_bilinear2d(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by bilinear interpolation; the size, or factors for it."""
@overload
def upsample_bilinear2d(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by bilinear interpolation."""

@overload
def upsample_linear1d(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, L) resized by linear interpolation; the size, or factors for it."""
@overload
def upsample_linear1d(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, L) resized by linear interpolation."""

@overload
def upsample_nearest1d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, L) resized by the pixel below; the size, or factors for it."""
@overload
def upsample_nearest1d(input: Tensor, output_size: _int | Sequence[_int], scales: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, L) resized by the pixel below."""

@overload
def upsample_nearest2d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, H, W) resized by the pixel below; the size, or factors for it."""
@overload
def upsample_nearest2d(input: Tensor, output_size: _int | Sequence[_int], scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, H, W) resized by the pixel below."""

@overload
def upsample_nearest3d(input: Tensor, output_size: Sequence[_int] | None, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, D, H, W) resized by the pixel below; the size, or factors for it."""
@overload
def upsample_nearest3d(input: Tensor, output_size: _int | Sequence[_int], scales_d: _float | None = None, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, D, H, W) resized by the pixel below."""

@overload
def upsample_trilinear3d(input: Tensor, output_size: Sequence[_int] | None, align_corners: _bool, scale_factors: Sequence[_float] | None) -> Tensor:
    """(N, C, D, H, W) resized by trilinear interpolation; the size, or factors for it."""
@overload
def upsample_trilinear3d(input: Tensor, output_size: _int | Sequence[_int], align_corners: _bool, scales_d: _float | None = None, scales_h: _float | None = None, scales_w: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """(N, C, D, H, W) resized by trilinear interpolation."""
