"""What the workloads' results have to be, as plain formulas in NumPy and float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def gelu(x: Any) -> Any:
    """x times the normal distribution."""
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x: Any) -> Any:
    """gelu, nearly."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softmax(x: Any, axis: int) -> Any:
    """Powers of e that sum to 1."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def cross_entropy(x: Any, t: Any) -> Any:
    """The mean of minus the logarithm of what the right class gets."""
    return -np.log(softmax(x, 1))[np.arange(len(t)), t].mean()


def _normalised(x: Any, axes: Any) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def layer_norm(x: Any) -> Any:
    """Mean 0 and variance 1 along the last dimension."""
    return _normalised(x, -1)


def batch_norm(x: Any) -> Any:
    """Mean 0 and variance 1 of each channel."""
    return _normalised(x, (0, *range(2, x.ndim)))


def group_norm(x: Any, groups: int) -> Any:
    """Mean 0 and variance 1 of each group of channels in each image."""
    return _normalised(x.reshape(len(x), groups, -1), -1).reshape(x.shape)


def channels(w: Any) -> Any:
    """One number per channel, to be broadcast over images."""
    return w.reshape(1, -1, 1, 1)


def scatter_add(x: Any, axis: int, i: Any, y: Any) -> Any:
    """A copy of x with y added where the index says."""
    out = x.copy()
    where = list(np.indices(i.shape))
    where[axis] = i
    np.add.at(out, tuple(where), y)
    return out


def windows(x: Any, size: int, step: int) -> Any:
    """All windows over the last two dimensions, as two more dimensions."""
    seen = np.lib.stride_tricks.sliding_window_view(x, (size, size), (-2, -1))
    return seen[..., ::step, ::step, :, :]


def unfolded(x: Any, size: int) -> Any:
    """The windows as columns."""
    seen = windows(x, size, 1)
    return seen.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), x.shape[1] * size * size, -1)


def conv(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
    """Convolution over one or two dimensions: the sum over the places of the kernel."""
    if x.ndim == 3:
        # A line is an image of one row, and padding it would add rows.
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
        return conv(x[:, :, None], w[:, :, None], b, stride, 0, dilation, groups)[:, :, 0]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((x.shape[d] - dilation * (w.shape[d] - 1) - 1) // stride + 1 for d in (2, 3))
    n, inputs, outputs = len(x), w.shape[1], len(w) // groups
    out = np.zeros((n, len(w), rows, columns)) + channels(b)
    for g in range(groups):
        part, kernels = x[:, g * inputs :][:, :inputs], w[g * outputs :][:outputs]
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                seen = part[:, :, i * dilation :: stride, j * dilation :: stride][:, :, :rows, :columns]
                out[:, g * outputs :][:, :outputs] += np.einsum("nchw,oc->nohw", seen, kernels[:, :, i, j])
    return out


def conv_transpose(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    """What a convolution's gradient does: every input adds its kernel to the output."""
    n, _, rows, columns = x.shape
    high, wide = w.shape[2:]
    out = np.zeros((n, w.shape[1], (rows - 1) * stride + high, (columns - 1) * stride + wide)) + channels(b)
    for i in range(high):
        for j in range(wide):
            part = out[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            part += np.einsum("nchw,co->nohw", x, w[:, :, i, j])
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding]


def attention(q: Any, k: Any, v: Any, causal: bool, mask: Any = 0.0) -> Any:
    """The whole matrix of weights, then the values."""
    weights = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1]) + mask
    if causal:
        weights = np.where(np.tri(*weights.shape[-2:]) > 0, weights, -np.inf)
    return softmax(weights, -1) @ v


NAMES = {
    name: globals()[name]
    for name in (
        *("erf", "gelu", "gelu_tanh", "softmax", "cross_entropy", "layer_norm", "batch_norm", "group_norm", "channels"),
        *("scatter_add", "windows", "unfolded", "conv", "conv_transpose", "attention"),
    )
}
