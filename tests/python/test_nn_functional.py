"""nn.functional against NumPy and by hand: values, options, composed functions, and errors in PyTorch's words."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy
import pytest

import rusttorch as torch
from rusttorch.nn import functional as F

X = [-2.0, -0.5, 0.0, 0.5, 2.0]


def close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    numpy.testing.assert_allclose(found.detach().numpy(), numpy.array(expected), rtol=tolerance, atol=tolerance)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


ACTIVATIONS = {
    "relu": lambda x: max(0.0, x),
    "relu6": lambda x: min(max(0.0, x), 6.0),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "celu": lambda x: max(0.0, x) + min(0.0, math.expm1(x)),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "rrelu": lambda x: x if x > 0 else (1 / 8 + 1 / 3) / 2 * x,
    "hardtanh": lambda x: min(max(x, -1.0), 1.0),
    "hardsigmoid": lambda x: min(max(0.0, x + 3), 6.0) / 6,
    "hardswish": lambda x: x * min(max(0.0, x + 3), 6.0) / 6,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "sigmoid": sigmoid,
    "tanh": math.tanh,
    "logsigmoid": lambda x: math.log(sigmoid(x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanhshrink": lambda x: x - math.tanh(x),
    "hardshrink": lambda x: x if abs(x) > 0.5 else 0.0,
    "softshrink": lambda x: math.copysign(max(abs(x) - 0.5, 0.0), x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    expected = [ACTIVATIONS[name](x) for x in X]
    x = torch.tensor(X)
    close(getattr(F, name)(x), expected)
    in_place = ("relu relu6 elu selu celu leaky_relu rrelu hardtanh hardsigmoid hardswish silu mish").split()
    if name in in_place:
        assert getattr(F, name)(x, inplace=True) is x
        close(x, expected)


def test_softmaxes() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1000.0]])
    rows = numpy.exp(x.numpy() - x.numpy().max(1, keepdims=True))
    rows /= rows.sum(1, keepdims=True)
    close(F.softmax(x, 1), rows)
    close(F.log_softmax(x[0], 0).exp(), rows[0])
    close(F.softmin(-x, 1), rows)
    assert F.softmax(torch.tensor([1, 2]), 0, dtype=torch.float64).dtype == torch.float64
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
        close(F.softmax(x), rows)


def test_gumbel_softmax() -> None:
    logits = torch.zeros(50, 4, requires_grad=True)
    torch.manual_seed(0)
    soft = F.gumbel_softmax(logits, tau=0.5)
    torch.manual_seed(0)
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    close(soft.sum(1), numpy.ones(50))
    assert set(hard.detach().round().flatten().tolist()) == {0.0, 1.0}
    assert torch.equal(hard.argmax(1), soft.argmax(1))
    (hard * torch.arange(4.0)).sum().backward()
    assert logits.grad.abs().sum().item() > 0


def test_glu_threshold_normalize() -> None:
    close(F.glu(torch.tensor([1.0, 2.0, 0.0, 0.0])), [0.5, 1.0])
    close(F.threshold(torch.tensor(X), 0.0, 9.0), [9.0, 9.0, 9.0, 0.5, 2.0])
    close(F.normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0.0, 0.0]])
    out = torch.empty(1, 2)
    assert F.normalize(torch.tensor([[3.0, 4.0]]), p=1.0, out=out) is out
    close(out, [[3 / 7, 4 / 7]])


def test_dropouts() -> None:
    x = torch.ones(4, 6, 5)
    torch.manual_seed(0)
    assert set(F.dropout(x, 0.5).flatten().tolist()) == {0.0, 2.0}
    assert torch.equal(F.dropout(x, 0.5, training=False), x) and not F.dropout(x, 1.0).any()
    for whole in (F.dropout1d(x), F.feature_alpha_dropout(x, training=True)):
        assert all(len(set(channel.tolist())) == 1 for row in whole for channel in row)
    unbatched = F.dropout3d(torch.ones(3, 2, 2, 2))
    assert unbatched.shape == (3, 2, 2, 2) and all(len(set(c.flatten().tolist())) == 1 for c in unbatched)
    assert abs(F.alpha_dropout(torch.randn(20000), 0.3, True).std().item() - 1) < 0.05
    with pytest.warns(UserWarning, match="Received a 3D input to dropout2d"):
        F.dropout2d(x)


def test_norms() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 6, 3)
    values = x.numpy()
    flat = values.transpose(1, 0, 2).reshape(6, -1)
    expected = ((flat - flat.mean(1, keepdims=True)) / numpy.sqrt(flat.var(1, keepdims=True) + 1e-5)).reshape(6, 4, 3)
    close(F.batch_norm(x, None, None, training=True), expected.transpose(1, 0, 2))
    mean, var = torch.zeros(6), torch.ones(6)
    F.batch_norm(x, mean, var, training=True, momentum=0.5)
    close(mean, 0.5 * flat.mean(1))
    close(var, 0.5 + 0.5 * flat.var(1, ddof=1))
    close(F.batch_norm(x, torch.ones(6), torch.full((6,), 4.0), eps=0.0), (values - 1) / 2)

    def standard(array: Any, axes: Any) -> Any:
        return (array - array.mean(axes, keepdims=True)) / numpy.sqrt(array.var(axes, keepdims=True) + 1e-5)

    close(F.instance_norm(x), standard(values, 2))
    close(F.layer_norm(x, (6, 3)), standard(values, (1, 2)))
    weight, bias = torch.arange(3.0), torch.ones(3)
    close(F.layer_norm(x, [3], weight, bias), standard(values, 2) * numpy.arange(3.0) + 1)
    close(F.group_norm(x, 2), standard(values.reshape(4, 2, -1), 2).reshape(4, 6, 3))
    close(F.rms_norm(x, [3], eps=1e-3), values / numpy.sqrt((values**2).mean(2, keepdims=True) + 1e-3))
    padded = numpy.pad(values**2, ((0, 0), (1, 1), (0, 0)))
    mean_square = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    close(F.local_response_norm(x, 3, alpha=0.1), values / (1 + 0.1 * mean_square) ** 0.75)


def test_convolutions() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    kernel = torch.tensor([[[1.0, -1.0]]])
    close(F.conv1d(x, kernel), [[[-1.0, -1.0, -1.0]]])
    close(F.conv1d(x, kernel, torch.tensor([1.0]), stride=2, padding=1), [[[0.0, 0.0, 5.0]]])
    close(F.conv1d(x, kernel, padding="same"), [[[-1.0, -1.0, -1.0, 4.0]]])
    close(F.conv_transpose1d(x, kernel, stride=2), [[[1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0]]])
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    close(F.conv2d(image, torch.ones(1, 1, 2, 2)), [[[[8.0, 12.0], [20.0, 24.0]]]])
    close(F.conv2d(image, torch.ones(1, 1, 2, 2), dilation=2), [[[[16.0]]]])
    close(F.conv3d(torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2)), [[[[[8.0]]]]])
    grouped = F.conv2d(torch.ones(1, 4, 1, 1), torch.ones(2, 2, 1, 1), groups=2)
    assert grouped.flatten().tolist() == [2.0, 2.0]


def test_unfold_and_fold() -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    columns = F.unfold(image, 2)
    assert columns[0].t().tolist() == [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    counts = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    close(F.fold(columns, 3, 2)[0, 0], image[0, 0].numpy() * numpy.array(counts))


def test_pools() -> None:
    x = torch.tensor([[1.0, 3.0, 2.0, 5.0, 4.0]])
    assert F.max_pool1d(x, 2).tolist() == [[3.0, 5.0]]
    assert F.max_pool1d(x, 2, ceil_mode=True).tolist() == [[3.0, 5.0, 4.0]]
    values, indices = F.max_pool1d(x, 3, 2, return_indices=True)
    assert values.tolist() == [[3.0, 5.0]] and indices.tolist() == [[1, 3]]
    assert F.max_unpool1d(values, indices, 3, 2).tolist() == [[0.0, 3.0, 0.0, 5.0, 0.0]]
    assert F.avg_pool1d(x, 2, 1).tolist() == [[2.0, 2.5, 3.5, 4.5]]
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert F.max_pool2d(image, 2).flatten().tolist() == [5.0, 7.0, 13.0, 15.0]
    assert F.avg_pool2d(image, 2, padding=1, count_include_pad=False)[0, 0, 0].tolist() == [0.0, 1.5, 3.0]
    assert F.adaptive_avg_pool2d(image, (2, None))[0, 0].tolist() == [[2.0, 3.0, 4.0, 5.0], [10.0, 11.0, 12.0, 13.0]]
    assert F.adaptive_max_pool2d(image, 1).item() == 15.0
    assert F.adaptive_max_pool1d(x, 2, return_indices=True)[1].tolist() == [[1, 3]]
    close(F.lp_pool1d(torch.tensor([[3.0, 4.0, 0.0, 0.0]]), 2, 2), [[5.0, 0.0]])
    pooled, _ = F.fractional_max_pool2d(image, 2, output_ratio=0.5, return_indices=True)
    assert pooled.shape == (1, 1, 2, 2) and pooled.max().item() == 15.0
    assert F.max_pool3d(torch.arange(8.0).reshape(1, 1, 2, 2, 2), 2).item() == 7.0


LOSSES = [
    (F.l1_loss, lambda x, y: abs(x - y)),
    (F.mse_loss, lambda x, y: (x - y) ** 2),
    (F.smooth_l1_loss, lambda x, y: (x - y) ** 2 / 2 if abs(x - y) < 1 else abs(x - y) - 0.5),
    (F.huber_loss, lambda x, y: (x - y) ** 2 / 2 if abs(x - y) < 1 else abs(x - y) - 0.5),
    (F.soft_margin_loss, lambda x, y: math.log1p(math.exp(-x * y))),
    (F.hinge_embedding_loss, lambda x, y: x if y == 1 else max(0.0, 1 - x)),
    (F.binary_cross_entropy_with_logits, lambda x, y: math.log1p(math.exp(x)) - x * y),
]


@pytest.mark.parametrize(("loss", "one"), LOSSES, ids=lambda f: getattr(f, "__name__", ""))
def test_loss_of_pairs(loss: Any, one: Any) -> None:
    x, y = [-2.0, 0.3, 1.5, 0.9], [1.0, -1.0, 1.0, -1.0]
    each = [one(*pair) for pair in zip(x, y, strict=True)]
    if loss is F.hinge_embedding_loss:
        each = [a if b == 1 else max(0.0, 1 - a) for a, b in zip(x, y, strict=True)]
    a, b = torch.tensor(x), torch.tensor(y)
    close(loss(a, b, reduction="none"), each)
    close(loss(a, b), sum(each) / 4)
    close(loss(a, b, reduction="sum"), sum(each))


def test_weighted_losses() -> None:
    a, b, w = torch.tensor([1.0, 2.0]), torch.zeros(2), torch.tensor([1.0, 3.0])
    assert F.mse_loss(a, b, weight=w).item() == 13 / 4 and F.l1_loss(a, b, weight=w).item() == 7 / 4
    assert F.huber_loss(a, b, weight=w).item() == (0.5 + 4.5) / 2
    with pytest.raises(ValueError, match="Weights and input must have the same size."):
        F.mse_loss(a, b, weight=torch.ones(3))


def test_classification_losses() -> None:
    scores = numpy.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    logs = scores - numpy.log(numpy.exp(scores).sum(1, keepdims=True))
    x, target = torch.tensor(scores), torch.tensor([1, 0])
    each = -logs[[0, 1], [1, 0]]
    close(F.cross_entropy(x, target, reduction="none"), each)
    close(F.cross_entropy(x, target), each.mean())
    close(F.nll_loss(torch.tensor(logs), target, reduction="sum"), each.sum())
    weight = torch.tensor([1.0, 3.0, 1.0], dtype=torch.float64)
    close(F.cross_entropy(x, target, weight), (each * [3.0, 1.0]).sum() / 4)
    close(F.cross_entropy(x, torch.tensor([1, -100])), each[0])
    close(F.cross_entropy(x, target, ignore_index=0), each[0])
    smooth = 0.9 * each - 0.1 * logs.mean(1)
    close(F.cross_entropy(x, target, label_smoothing=0.1), smooth.mean())
    probabilities = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], dtype=torch.float64)
    close(F.cross_entropy(x, probabilities), -(probabilities.numpy() * logs).sum(1).mean())
    assert F.cross_entropy(torch.zeros(2, 3, 4), torch.zeros(2, 4, dtype=torch.int64), reduction="none").shape == (2, 4)
    close(F.kl_div(torch.tensor(logs), probabilities, reduction="batchmean"), self_entropy(probabilities, logs) / 2)
    p = torch.tensor([0.2, 0.9])
    close(F.binary_cross_entropy(p, torch.tensor([1.0, 0.0])), -(math.log(0.2) + math.log(0.1)) / 2)
    margin = [max(0.0, 1 - 2.0 + s) / 3 for s in (1.0, 0.5)]
    close(F.multi_margin_loss(x[:1], target[:1]), sum(margin))


def self_entropy(probabilities: Any, logs: Any) -> float:
    total = 0.0
    for p, q in zip(probabilities.numpy().flatten(), logs.flatten(), strict=True):
        total += p * (math.log(p) - q) if p > 0 else 0.0
    return total


def test_other_losses() -> None:
    mean, target, var = torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([4.0])
    close(F.gaussian_nll_loss(mean, target, var), (math.log(4) + 1) / 2)
    close(F.gaussian_nll_loss(mean, target, 4.0, full=True), (math.log(4) + 1) / 2 + math.log(2 * math.pi) / 2)
    close(F.poisson_nll_loss(mean, target), math.e - 3)
    a, p, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 1.0]])
    close(F.triplet_margin_loss(a, p, n), 5.0, 1e-4)
    close(F.triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, y: (x - y).abs().sum(-1)), 7.0)
    close(F.cosine_embedding_loss(a + 1, p, torch.tensor([1.0])), 1 - 7 / (5 * math.sqrt(2)))
    close(F.margin_ranking_loss(mean, target, torch.tensor([1.0]), margin=0.5), 2.5)
    expected = [-math.log(sigmoid(1.0)), -math.log(1 - sigmoid(2.0))]
    x, labels = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    close(F.multilabel_soft_margin_loss(x, labels), sum(expected) / 2)
    # two time steps, one label: the paths "a a", "a -", "- a"
    probabilities = torch.tensor([[[0.4, 0.6]], [[0.3, 0.7]]])
    lengths = (torch.tensor([2]), torch.tensor([1]))
    loss = F.ctc_loss(probabilities.log(), torch.tensor([[1]]), *lengths)
    close(loss, -math.log(0.6 * 0.7 + 0.6 * 0.3 + 0.4 * 0.7))


def test_old_reduction_flags() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.zeros(2)
    with pytest.warns(UserWarning, match="please use reduction='sum' instead."):
        assert F.mse_loss(a, b, size_average=False).item() == 5.0
    with pytest.warns(UserWarning, match="please use reduction='none' instead."):
        assert F.mse_loss(a, b, reduce=False).tolist() == [1.0, 4.0]


def test_embeddings() -> None:
    table = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], requires_grad=True)
    index = torch.tensor([[0, 2], [2, 1]])
    assert F.embedding(index, table)[0].tolist() == [[1.0, 0.0], [3.0, 4.0]]
    assert F.embedding_bag(index, table, mode="sum").tolist() == [[4.0, 4.0], [3.0, 6.0]]
    assert F.embedding_bag(index, table).tolist() == [[2.0, 2.0], [1.5, 3.0]]
    assert F.embedding_bag(index, table, mode="max").tolist() == [[3.0, 4.0], [3.0, 4.0]]
    flat = F.embedding_bag(index.flatten(), table, torch.tensor([0, 3]), mode="sum")
    assert flat.tolist() == [[7.0, 8.0], [0.0, 2.0]]
    weighted = F.embedding_bag(index, table, mode="sum", per_sample_weights=torch.tensor([[1.0, 2.0], [0.0, 1.0]]))
    assert weighted.tolist() == [[7.0, 8.0], [0.0, 2.0]]
    F.embedding(index, table, padding_idx=-1).sum().backward()
    assert table.grad.tolist() == [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    limited = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    F.embedding(torch.tensor([0]), limited, max_norm=1.0)
    close(limited, [[0.6, 0.8], [1.0, 0.0]], 1e-4)
    assert F.one_hot(torch.tensor([0, 2]), 3).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_pad() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0]])
    assert F.pad(x, (1, 2)).tolist() == [[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]]
    assert F.pad(x, (0, -1, 1, 0), value=9.0).tolist() == [[9.0, 9.0], [1.0, 2.0]]
    assert F.pad(x, (2, 1), "reflect").tolist() == [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]
    assert F.pad(x, (2, 0), "replicate").tolist() == [[1.0, 1.0, 1.0, 2.0, 3.0]]
    assert F.pad(x, (1, 1), "circular").tolist() == [[3.0, 1.0, 2.0, 3.0, 1.0]]


def test_interpolate() -> None:
    x = torch.tensor([[[0.0, 2.0]]])
    assert F.interpolate(x, 4).flatten().tolist() == [0.0, 0.0, 2.0, 2.0]
    assert F.interpolate(x, scale_factor=2, mode="linear").flatten().tolist() == [0.0, 0.5, 1.5, 2.0]
    close(F.interpolate(x, 5, mode="linear", align_corners=True).flatten(), [0.0, 0.5, 1.0, 1.5, 2.0])
    image = torch.arange(4.0).reshape(1, 1, 2, 2)
    close(F.interpolate(image, (3, 3), mode="bilinear", align_corners=True)[0, 0, 1], [1.0, 1.5, 2.0])
    assert F.interpolate(image, scale_factor=(2, 1)).shape == (1, 1, 4, 2)
    assert F.interpolate(image, 1, mode="area").item() == 1.5
    assert F.interpolate(image, 4, mode="bicubic").shape == (1, 1, 4, 4)
    assert F.interpolate(image, scale_factor=1.7, recompute_scale_factor=True).shape == (1, 1, 3, 3)
    assert F.interpolate(torch.ones(1, 1, 2, 2, 2), scale_factor=2, mode="trilinear").mean().item() == 1.0
    with pytest.warns(UserWarning, match="`nn.functional.upsample` is deprecated"):
        F.upsample(image, 4)


def test_grids() -> None:
    image = torch.arange(4.0).reshape(1, 1, 2, 2)
    identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    for align_corners in (True, False):
        grid = F.affine_grid(identity, (1, 1, 2, 2), align_corners)
        close(F.grid_sample(image, grid, align_corners=align_corners), image.numpy())
    close(F.affine_grid(identity, [1, 1, 1, 2], False), [[[[-0.5, 0.0], [0.5, 0.0]]]])
    outside = torch.full((1, 1, 1, 2), 5.0)
    assert F.grid_sample(image, outside, align_corners=False).item() == 0.0
    assert F.grid_sample(image, outside, mode="nearest", padding_mode="border", align_corners=False).item() == 3.0


def test_attention() -> None:
    torch.manual_seed(0)
    length, width, heads = 3, 4, 2
    q = torch.randn(length, 1, width)
    identity = torch.eye(width).repeat(3, 1)
    given = (width, heads, identity, None, None, None, False, 0.0, torch.eye(width), None)
    output, weights = F.multi_head_attention_forward(q, q, q, *given, average_attn_weights=False)
    rows = q[:, 0].numpy()
    expected = numpy.zeros((length, width))
    for head in range(heads):
        part = rows[:, head * 2 : head * 2 + 2]
        scores = numpy.exp(part @ part.T / math.sqrt(2))
        scores /= scores.sum(1, keepdims=True)
        close(weights[0, head], scores)
        expected[:, head * 2 : head * 2 + 2] = scores @ part
    close(output[:, 0], expected)
    fast, none = F.multi_head_attention_forward(q, q, q, *given, need_weights=False)
    assert none is None
    close(fast, output.numpy())
    single, average = F.multi_head_attention_forward(q[:, 0], q[:, 0], q[:, 0], *given)
    close(single, expected)
    close(average, weights[0].mean(0).numpy())
    mask = torch.ones(length, length, dtype=torch.bool).triu(1)
    masked, weights = F.multi_head_attention_forward(q, q, q, *given, attn_mask=mask)
    assert weights[0, 0].tolist() == [1.0, 0.0, 0.0]
    padded, weights = F.multi_head_attention_forward(q, q, q, *given, key_padding_mask=mask[:1])
    assert weights[0, :, 1:].abs().sum().item() == 0.0
    close(F.scaled_dot_product_attention(q[None, :, 0], q[None, :, 0], q[None, :, 0], is_causal=True)[0, 0], rows[0])


def test_distances_and_shuffles() -> None:
    a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    close(F.pairwise_distance(a, b), [5.0], 1e-4)
    close(F.cosine_similarity(a + 1, b), [7 / (5 * math.sqrt(2))])
    close(F.pdist(torch.cat([a, b])), [5.0])
    x = torch.arange(4.0).reshape(1, 4, 1, 1)
    assert F.pixel_shuffle(x, 2).flatten().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert torch.equal(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)
    assert F.channel_shuffle(x, 2).flatten().tolist() == [0.0, 2.0, 1.0, 3.0]
    close(F.linear(torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0]]), torch.tensor([1.0])), [12.0])
    close(F.bilinear(torch.tensor([1.0, 2.0]), torch.tensor([3.0]), torch.ones(1, 2, 1)), [9.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: F.dropout(torch.ones(1), 1.5),
            ValueError,
            "dropout probability has to be between 0 and 1, but got 1.5",
        ),
        (lambda: F.hardtanh(torch.ones(1), 2, 1), ValueError, "min_val cannot be greater than max_val"),
        (lambda: F.glu(torch.tensor(1.0)), RuntimeError, "glu does not support scalars because halving size must be"),
        (lambda: F.dropout1d(torch.ones(1)), RuntimeError, "dropout1d: Expected 2D or 3D input, but received a 1D"),
        (
            lambda: F.batch_norm(torch.ones(1, 2), None, None, training=True),
            ValueError,
            "more than 1 value per channel",
        ),
        (
            lambda: F.instance_norm(torch.ones(1, 2, 1)),
            ValueError,
            "Expected more than 1 spatial element when training",
        ),
        (lambda: F.group_norm(torch.ones(2), 1), RuntimeError, "Expected at least 2 dimensions for input tensor but"),
        (lambda: F.embedding(torch.tensor(0), torch.ones(2, 2), 2), AssertionError, "Padding_idx must be within num_"),
        (lambda: F.mse_loss(torch.ones(1), torch.ones(1), reduction="x"), ValueError, "x is not a valid value for"),
        (
            lambda: F.binary_cross_entropy(torch.ones(2), torch.ones(1)),
            ValueError,
            "that is different to the input size",
        ),
        (lambda: F.multi_margin_loss(torch.ones(2), torch.tensor(0), p=3), ValueError, "only p == 1 and p == 2"),
        (lambda: F.gaussian_nll_loss(torch.ones(2), torch.ones(2), -1.0), ValueError, "var has negative entry/entries"),
        (lambda: F.triplet_margin_loss(*[torch.ones(1, 2)] * 3, margin=0), ValueError, "margin must be greater than 0"),
        (
            lambda: F.max_unpool1d(torch.ones(1, 2), torch.zeros(1, 2).long(), 2, output_size=(9,)),
            ValueError,
            "(dim 0 m",
        ),
        (lambda: F.interpolate(torch.ones(1, 1, 2)), ValueError, "either size or scale_factor should be defined"),
        (lambda: F.interpolate(torch.ones(1, 1, 2), 2, 2.0), ValueError, "only one of size or scale_factor should be"),
        (lambda: F.interpolate(torch.ones(1, 1, 2), 2, mode="bilinear"), NotImplementedError, "Got 3D input, but bil"),
        (lambda: F.interpolate(torch.ones(1, 1, 2), (2, 2)), ValueError, "must have the same number of spatial dim"),
        (
            lambda: F.interpolate(torch.ones(1, 1, 2), 2, align_corners=True),
            ValueError,
            "align_corners option can only",
        ),
        (lambda: F.grid_sample(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 1, 2), "x"), ValueError, "expected mode to be"),
        (
            lambda: F.affine_grid(torch.ones(1, 2, 3), [1, 1]),
            NotImplementedError,
            "affine_grid only supports 4D and 5D",
        ),
        (lambda: F.unheard_of, AttributeError, "module 'rusttorch.nn.functional' has no attribute 'unheard_of'"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_size_warning() -> None:
    with pytest.warns(UserWarning, match="Using a target size"):
        F.mse_loss(torch.ones(2), torch.ones(1))
