"""Layers whose text, first parameters and outputs are compared with PyTorch's: made by the same code for both."""

from __future__ import annotations

import hashlib
import math
from typing import Any

# constructor | shapes of the inputs; "i5:" before one makes classes below 5, "p" positive numbers, "n" constants
CASES = """
Linear(3, 4) | 2,3
Linear(3, 4, bias=False) | 3
Bilinear(3, 4, 5) | 2,3 2,4
Identity() | 2,3
Conv1d(4, 6, 3, padding='same', groups=2, bias=False, padding_mode='circular') | 2,4,9
Conv2d(4, 6, (3, 2), 2, 1, dilation=2, padding_mode='reflect') | 2,4,9,9
Conv2d(4, 6, (4, 2), padding='same', dilation=(3, 1)) | 4,9,9
Conv3d(2, 4, 3, padding=(0, 1, 2)) | 1,2,5,5,5
ConvTranspose1d(4, 6, 3, 2, 1, 1, groups=2) | 2,4,9
ConvTranspose2d(4, 6, 3, 2, dilation=2, bias=False) | 2,4,5,5
ConvTranspose3d(2, 4, 3) | 2,2,3,3,3
BatchNorm1d(4) | 5,4
BatchNorm1d(4, momentum=None) | 5,4,3
BatchNorm2d(4, affine=False) | 5,4,3,3
BatchNorm2d(4, bias=False) | 5,4,3,3
BatchNorm3d(4, track_running_stats=False) | 5,4,3,3,3
SyncBatchNorm(4) | 5,4,3
InstanceNorm1d(4, affine=True, track_running_stats=True) | 5,4,3
InstanceNorm2d(4) | 4,3,3
InstanceNorm3d(4) | 2,4,3,3,3
LayerNorm((3, 4)) | 2,3,4
LayerNorm(4, bias=False) | 2,3,4
RMSNorm(4) | 2,4
GroupNorm(2, 4) | 3,4,5
LocalResponseNorm(3) | 2,5,4
LocalResponseNorm(2) | 2,5,4,3
Embedding(7, 3, padding_idx=-2, max_norm=1.0) | i7:4,2
EmbeddingBag(7, 3, mode='sum', padding_idx=1) | i7:4,2
EmbeddingBag(7, 3, mode='max') | i7:4,2
RNN(3, 4, 2, nonlinearity='relu', bidirectional=True) | 5,2,3
RNN(3, 4, 2, 'tanh', False) | 5,3
LSTM(3, 4, 2, proj_size=2, bidirectional=True, batch_first=True, bias=False) | 5,2,3
LSTM(3, 4) | 5,2,3
GRU(3, 4, 2, dropout=0.0) | 5,2,3
RNNCell(3, 4, nonlinearity='relu') | 2,3
LSTMCell(3, 4, bias=False) | 3
GRUCell(3, 4) | 2,3
MultiheadAttention(8, 2) | 5,2,8 5,2,8 5,2,8
MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True, add_zero_attn=True, bias=False) | 5,2,8 4,2,3 4,2,5
TransformerEncoderLayer(8, 2, 16, dropout=0.0) | 5,2,8
TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation='gelu', norm_first=True, batch_first=True) | 5,2,8
TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 2, nn.LayerNorm(8)) | 5,2,8
TransformerDecoderLayer(8, 2, 16, dropout=0.0) | 5,2,8 4,2,8
TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0), 2) | 5,2,8 4,2,8
Transformer(8, 2, 1, 2, 16, dropout=0.0, batch_first=True) | 2,5,8 2,4,8
AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0) | 5,8 i20:5
Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2))) | 2,3
PReLU(3) | 2,3,4
Upsample(scale_factor=(2, 3), mode='bilinear') | 1,2,3,3
Upsample(size=7) | 1,2,3
UpsamplingBilinear2d(4) | 1,2,3,3
UpsamplingNearest2d(scale_factor=2) | 1,2,3,3
Unflatten(1, (2, 3)) | 4,6
Flatten() | 2,3,4
Fold((4, 5), (2, 2)) | 1,12,12
Unfold(2, padding=1, stride=2) | 1,3,5,5
ZeroPad2d((1, 2, 0, 1)) | 1,2,3,3
ConstantPad1d(2, 3.5) | 2,3
CircularPad3d(1) | 1,2,3,3,3
ReflectionPad2d(1) | 1,2,3,3
ReplicationPad3d((1, 0, 1, 0, 1, 0)) | 1,2,3,3,3
MaxPool2d(2, return_indices=True, ceil_mode=True) | 1,2,5,5
MaxPool1d(3, 2, 1) | 2,5
MaxPool3d(2) | 1,2,4,4,4
AvgPool3d(2, divisor_override=3) | 1,2,4,4,4
AvgPool2d((2, 1), count_include_pad=False, padding=(1, 0)) | 1,2,4,4
AvgPool1d(2) | 2,4
LPPool2d(2, 3) | 1,2,4,4
LPPool1d(2, 3, stride=1) | 1,2,7
FractionalMaxPool2d(2, output_ratio=(0.5, 0.6), return_indices=True) | 1,2,8,8
FractionalMaxPool3d(2, output_size=3) | 1,2,8,8,8
AdaptiveAvgPool1d(2) | 2,7
AdaptiveAvgPool2d((None, 2)) | 1,2,5,5
AdaptiveAvgPool3d(2) | 1,2,5,5,5
AdaptiveMaxPool1d(2, return_indices=True) | 2,7
AdaptiveMaxPool2d(3) | 2,7,7
Dropout(0.3) | 4,5
Dropout1d() | 4,5
Dropout2d() | 2,4,5,5
Dropout3d(0.2) | 4,5,5,5
AlphaDropout() | 4,5
FeatureAlphaDropout() | 4,5,2
RReLU() | 4,5
Threshold(0.1, 2) | 4,5
ReLU() | 4,5
ReLU6(inplace=True) | 4,5
Hardtanh(-0.5, 0.5) | 4,5
Sigmoid() | 4,5
Hardsigmoid() | 4,5
Tanh() | 4,5
SiLU() | 4,5
Mish() | 4,5
Hardswish() | 4,5
ELU(0.5) | 4,5
CELU(0.5) | 4,5
SELU() | 4,5
GLU(0) | 4,5
GELU() | 4,5
GELU('tanh') | 4,5
Hardshrink(0.3) | 4,5
LeakyReLU(0.2) | 4,5
LogSigmoid() | 4,5
Softplus(2.0, 1.0) | 4,5
Softshrink(0.3) | 4,5
Softsign() | 4,5
Tanhshrink() | 4,5
Softmax(1) | 4,5
Softmin(0) | 4,5
LogSoftmax(1) | 4,5
Softmax2d() | 4,5,2
ChannelShuffle(2) | 1,4,2,2
PixelShuffle(2) | 4,2,2
PixelUnshuffle(2) | 1,4,4
CosineSimilarity() | 4,5 4,5
PairwiseDistance(keepdim=True) | 4,5 4,5
LazyLinear(3) | 2,5
LazyConv2d(4, 3, groups=2) | 1,2,5,5
LazyConvTranspose1d(4, 3, bias=False) | 1,2,5
LazyBatchNorm2d() | 3,2,5,5
LazyInstanceNorm1d() | 3,2,5
L1Loss() | 2,3 2,3
MSELoss(reduction='sum') | 2,3 2,3
SmoothL1Loss(beta=0.5) | 2,3 2,3
HuberLoss(delta=0.5) | 2,3 2,3
NLLLoss() | 4,3 i3:4
CrossEntropyLoss(label_smoothing=0.1) | 4,3 i3:4
CrossEntropyLoss(reduction='none') | 4,3,2 i3:4,2
BCELoss() | p2,3 p2,3
BCEWithLogitsLoss() | 2,3 p2,3
KLDivLoss(reduction='batchmean') | 2,3 p2,3
PoissonNLLLoss(full=True) | 2,3 p2,3
GaussianNLLLoss(full=True) | 2,3 2,3 p2,3
HingeEmbeddingLoss() | 2,3 n2,3
SoftMarginLoss() | 2,3 n2,3
MultiLabelSoftMarginLoss() | 2,3 p2,3
MultiMarginLoss(p=2) | 4,3 i3:4
MultiLabelMarginLoss() | 4,3 i3:4,3
MarginRankingLoss(0.5) | 4 4 n4
CosineEmbeddingLoss() | 4,3 4,3 n4
TripletMarginLoss(swap=True) | 4,3 4,3 4,3
TripletMarginWithDistanceLoss(reduction='none') | 4,3 4,3 4,3
LinearCrossEntropyLoss(3, 5, bias=True) | 4,3 i5:4
""".strip().split("\n")


def inputs(torch: Any, shapes: str) -> list[Any]:
    """The inputs of a case, made by arithmetic that every implementation does exactly."""
    made = []
    for place, shape in enumerate(shapes.split()):
        kind, colon, sizes = shape.partition(":")
        if not colon:
            kind, sizes = (shape[0], shape[1:]) if shape[0] in "pn" else ("", shape)
        size = [int(extent) for extent in sizes.split(",")]
        count = math.prod(size)
        if kind.startswith("i"):
            values = [(index * 5 + place) % int(kind[1:]) for index in range(count)]
            made.append(torch.tensor(values, dtype=torch.int64).reshape(size))
            continue
        scattered = [(index * 37 + 11 * place) % 64 for index in range(count)]
        values = [(v + 1) / 80 if kind == "p" else v / 16 - 2 for v in scattered]
        made.append(torch.tensor(values, dtype=torch.float32).reshape(size).requires_grad_(kind != "n"))
    return made


def flat(value: Any) -> list[Any]:
    """All tensors in a result."""
    if isinstance(value, (tuple, list)):
        return [tensor for part in value for tensor in flat(part)]
    return [] if value is None else [value]


def digest(tensor: Any) -> str:
    """What tells the bits of a tensor apart from those of any other."""
    return hashlib.md5(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:12]


def shown(tensor: Any) -> list[float]:
    """Sum and first values of a tensor."""
    values = [float(v) for v in tensor.detach().to("cpu").flatten().tolist()]
    return [math.fsum(values), *values[:6]]


def outcome(torch: Any, case: str) -> dict[str, Any]:
    """Text, parameter names, bits of the first state, outputs and gradients of a case."""
    constructor, _, shapes = case.partition("|")
    torch.manual_seed(0)
    module = eval("nn." + constructor.strip(), {"nn": torch.nn})
    lazy = constructor.startswith("Lazy")
    result: dict[str, Any] = {"repr": repr(module)}
    if not lazy:
        result["state"] = {name: digest(value) for name, value in module.state_dict().items()}
    torch.manual_seed(1)
    leaves = inputs(torch, shapes)
    outputs = flat(module(*[leaf.clone() for leaf in leaves]))  # copies, which layers may change in place
    if lazy:
        result["state"] = {name: digest(value) for name, value in module.named_parameters()}
    result["shapes"] = [list(output.shape) for output in outputs]
    result["out"] = [shown(output) for output in outputs]
    loss = sum((output * output).sum() for output in outputs if output.requires_grad)
    if not isinstance(loss, int):
        loss.backward()
        result["grads"] = {name: shown(p.grad)[:3] for name, p in module.named_parameters() if p.grad is not None}
        result["input grads"] = [shown(leaf.grad) for leaf in leaves if leaf.grad is not None]
    return result
