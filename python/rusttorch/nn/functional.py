"""The functions behind the modules: `torch.nn.functional`.

Functions that PyTorch writes in Python stand in the files of `_functional`, by subject. The others are operators of
the engine under their own names; they are looked up when they are first asked for.
"""

from __future__ import annotations

from typing import Any

from rusttorch import _C

from ._functional.activation import _get_softmax_dim as _get_softmax_dim
from ._functional.activation import celu as celu
from ._functional.activation import elu as elu
from ._functional.activation import glu as glu
from ._functional.activation import gumbel_softmax as gumbel_softmax
from ._functional.activation import hardsigmoid as hardsigmoid
from ._functional.activation import hardswish as hardswish
from ._functional.activation import hardtanh as hardtanh
from ._functional.activation import leaky_relu as leaky_relu
from ._functional.activation import log_softmax as log_softmax
from ._functional.activation import mish as mish
from ._functional.activation import normalize as normalize
from ._functional.activation import relu as relu
from ._functional.activation import relu6 as relu6
from ._functional.activation import rrelu as rrelu
from ._functional.activation import selu as selu
from ._functional.activation import sigmoid as sigmoid
from ._functional.activation import silu as silu
from ._functional.activation import softmax as softmax
from ._functional.activation import softmin as softmin
from ._functional.activation import softsign as softsign
from ._functional.activation import tanh as tanh
from ._functional.activation import tanhshrink as tanhshrink
from ._functional.activation import threshold as threshold
from ._functional.attention import _canonical_mask as _canonical_mask
from ._functional.attention import _check_key_padding_mask as _check_key_padding_mask
from ._functional.attention import _in_projection as _in_projection
from ._functional.attention import _in_projection_packed as _in_projection_packed
from ._functional.attention import _mha_shape_check as _mha_shape_check
from ._functional.attention import _none_or_dtype as _none_or_dtype
from ._functional.attention import multi_head_attention_forward as multi_head_attention_forward
from ._functional.blocks import assert_int_or_pair as assert_int_or_pair
from ._functional.blocks import fold as fold
from ._functional.blocks import grouped_mm as grouped_mm
from ._functional.blocks import unfold as unfold
from ._functional.dropout import alpha_dropout as alpha_dropout
from ._functional.dropout import dropout as dropout
from ._functional.dropout import dropout1d as dropout1d
from ._functional.dropout import dropout2d as dropout2d
from ._functional.dropout import dropout3d as dropout3d
from ._functional.dropout import feature_alpha_dropout as feature_alpha_dropout
from ._functional.embedding import _no_grad_embedding_renorm_ as _no_grad_embedding_renorm_
from ._functional.embedding import embedding as embedding
from ._functional.embedding import embedding_bag as embedding_bag
from ._functional.loss import binary_cross_entropy as binary_cross_entropy
from ._functional.loss import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from ._functional.loss import cross_entropy as cross_entropy
from ._functional.loss import gaussian_nll_loss as gaussian_nll_loss
from ._functional.loss import huber_loss as huber_loss
from ._functional.loss import kl_div as kl_div
from ._functional.loss import l1_loss as l1_loss
from ._functional.loss import linear_cross_entropy as linear_cross_entropy
from ._functional.loss import mse_loss as mse_loss
from ._functional.loss import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from ._functional.loss import nll_loss as nll_loss
from ._functional.loss import poisson_nll_loss as poisson_nll_loss
from ._functional.loss import smooth_l1_loss as smooth_l1_loss
from ._functional.loss import soft_margin_loss as soft_margin_loss
from ._functional.margin_loss import cosine_embedding_loss as cosine_embedding_loss
from ._functional.margin_loss import ctc_loss as ctc_loss
from ._functional.margin_loss import hinge_embedding_loss as hinge_embedding_loss
from ._functional.margin_loss import margin_ranking_loss as margin_ranking_loss
from ._functional.margin_loss import multi_margin_loss as multi_margin_loss
from ._functional.margin_loss import multilabel_margin_loss as multilabel_margin_loss
from ._functional.margin_loss import triplet_margin_loss as triplet_margin_loss
from ._functional.margin_loss import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
from ._functional.norm import _verify_batch_size as _verify_batch_size
from ._functional.norm import _verify_spatial_size as _verify_spatial_size
from ._functional.norm import batch_norm as batch_norm
from ._functional.norm import group_norm as group_norm
from ._functional.norm import instance_norm as instance_norm
from ._functional.norm import layer_norm as layer_norm
from ._functional.norm import local_response_norm as local_response_norm
from ._functional.norm import rms_norm as rms_norm
from ._functional.pooling import _unpool_output_size as _unpool_output_size
from ._functional.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from ._functional.pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from ._functional.pooling import adaptive_max_pool1d as adaptive_max_pool1d
from ._functional.pooling import adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices
from ._functional.pooling import adaptive_max_pool2d as adaptive_max_pool2d
from ._functional.pooling import adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices
from ._functional.pooling import adaptive_max_pool3d as adaptive_max_pool3d
from ._functional.pooling import adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices
from ._functional.pooling import fractional_max_pool2d as fractional_max_pool2d
from ._functional.pooling import fractional_max_pool2d_with_indices as fractional_max_pool2d_with_indices
from ._functional.pooling import fractional_max_pool3d as fractional_max_pool3d
from ._functional.pooling import fractional_max_pool3d_with_indices as fractional_max_pool3d_with_indices
from ._functional.pooling import lp_pool1d as lp_pool1d
from ._functional.pooling import lp_pool2d as lp_pool2d
from ._functional.pooling import lp_pool3d as lp_pool3d
from ._functional.pooling import max_pool1d as max_pool1d
from ._functional.pooling import max_pool1d_with_indices as max_pool1d_with_indices
from ._functional.pooling import max_pool2d as max_pool2d
from ._functional.pooling import max_pool2d_with_indices as max_pool2d_with_indices
from ._functional.pooling import max_pool3d as max_pool3d
from ._functional.pooling import max_pool3d_with_indices as max_pool3d_with_indices
from ._functional.pooling import max_unpool1d as max_unpool1d
from ._functional.pooling import max_unpool2d as max_unpool2d
from ._functional.pooling import max_unpool3d as max_unpool3d
from ._functional.vision import GRID_SAMPLE_INTERPOLATION_MODES as GRID_SAMPLE_INTERPOLATION_MODES
from ._functional.vision import GRID_SAMPLE_PADDING_MODES as GRID_SAMPLE_PADDING_MODES
from ._functional.vision import affine_grid as affine_grid
from ._functional.vision import grid_sample as grid_sample
from ._functional.vision import interpolate as interpolate
from ._functional.vision import pad as pad
from ._functional.vision import upsample as upsample
from ._functional.vision import upsample_bilinear as upsample_bilinear
from ._functional.vision import upsample_nearest as upsample_nearest

# Operators that are functions of this module as they are, by where the engine keeps them.
_IN_TORCH = (
    "adaptive_avg_pool1d avg_pool1d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc conv_transpose1d "
    "conv_transpose2d conv_transpose3d cosine_similarity hardshrink native_channel_shuffle pairwise_distance pdist "
    "pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ selu_ threshold_"
).split()
_IN_NN = (
    "avg_pool2d avg_pool3d elu_ gelu hardtanh_ leaky_relu_ linear one_hot scaled_dot_product_attention softplus "
    "softshrink"
).split()


def _native(name: str) -> Any:
    if name in _IN_TORCH:
        return getattr(_C, name)
    if name in _IN_NN:
        return getattr(_C._nn, name)
    if name == "logsigmoid":
        return _C._nn.log_sigmoid
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __getattr__(name: str) -> Any:
    value = _native(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_IN_TORCH, *_IN_NN, "logsigmoid"})


# Their home is this module, whichever file they are written in: so they are shown and pickled.
for _value in list(globals().values()):
    if getattr(_value, "__module__", "").startswith(__name__.rpartition(".")[0] + "._functional."):
        _value.__module__ = __name__
del _value
