"""nn.utils: calls with other parameters, clipping, weight and spectral norm of both kinds, fusing, pruning."""

from __future__ import annotations

import warnings

import pytest

import rusttorch as torch
from rusttorch import nn


def ones_linear(size: int = 2) -> nn.Linear:
    layer = nn.Linear(size, 1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.zero_()
    return layer


def test_functional_call() -> None:
    from rusttorch.nn.utils.stateless import functional_call

    layer = ones_linear()
    weight = torch.zeros(1, 2, requires_grad=True)
    functional_call(layer, {"weight": weight}, torch.ones(2)).sum().backward()
    assert weight.grad.tolist() == [[1.0, 1.0]] and layer.weight.grad is None and layer(torch.ones(2)).item() == 2.0
    with pytest.raises(RuntimeError, match="Missing key\\(s\\): 'bias'."):
        functional_call(layer, {"weight": weight}, torch.ones(2), strict=True)


def test_clipping() -> None:
    from rusttorch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters

    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1))
    a.grad, b.grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    assert clip_grad_norm_([a, b], 1.0).item() == 5.0
    assert a.grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-5) and b.grad.tolist() == pytest.approx([0.8], rel=1e-5)
    clip_grad_value_([a, b], 0.7)
    assert b.grad.tolist() == pytest.approx([0.7])
    b.grad[0] = float("nan")
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        clip_grad_norm_([a, b], 1.0, error_if_nonfinite=True)
    vector = parameters_to_vector([a, b])
    assert vector.tolist() == [1.0, 1.0, 1.0]
    vector_to_parameters(torch.arange(3.0), [a, b])
    assert a.tolist() == [0.0, 1.0] and b.tolist() == [2.0]


def test_weight_norm_of_both_kinds() -> None:
    from rusttorch.nn.utils import parametrizations, parametrize, remove_weight_norm, weight_norm

    layer = ones_linear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"] and layer(torch.ones(2)).item() == 2.0
    with torch.no_grad():
        layer.weight_g.mul_(3)
    assert layer(torch.ones(2)).item() == pytest.approx(6.0)
    remove_weight_norm(layer)
    assert layer.weight.tolist() == [pytest.approx([3.0, 3.0])] and isinstance(layer.weight, nn.Parameter)
    layer = parametrizations.weight_norm(ones_linear())
    assert type(layer).__name__ == "ParametrizedLinear" and layer(torch.ones(2)).item() == pytest.approx(2.0)
    layer.weight = torch.full((1, 2), 5.0)
    assert layer(torch.ones(2)).item() == pytest.approx(10.0)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight.tolist() == [pytest.approx([5.0, 5.0])]


def test_spectral_norm_of_both_kinds() -> None:
    from rusttorch.nn.utils import parametrizations, remove_spectral_norm, spectral_norm

    matrix = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    layer = nn.Linear(2, 2)
    layer.weight.data = matrix.clone()
    spectral_norm(layer, n_power_iterations=30)
    layer(torch.ones(2))
    assert layer.weight.flatten().tolist() == pytest.approx([1.0, 0.0, 0.0, 1 / 3], abs=1e-4)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    remove_spectral_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]
    layer = nn.Linear(2, 2)
    layer.weight.data = matrix.clone()
    parametrizations.spectral_norm(layer)
    assert layer.weight.flatten().tolist() == pytest.approx([1.0, 0.0, 0.0, 1 / 3], abs=1e-4)


def test_fused_batch_norm() -> None:
    from rusttorch.nn.utils import fuse_conv_bn_eval

    conv, norm = nn.Conv2d(2, 3, 2).eval(), nn.BatchNorm2d(3).eval()
    norm.running_mean.fill_(0.5)
    norm.running_var.fill_(2.0)
    x = torch.randn(1, 2, 4, 4)
    assert torch.allclose(fuse_conv_bn_eval(conv, norm)(x), norm(conv(x)), atol=1e-5)


def test_pruning() -> None:
    from rusttorch.nn.utils import prune

    layer = nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[1.0, -4.0], [3.0, 2.0]])
    prune.l1_unstructured(layer, "weight", amount=1)
    assert layer.weight.tolist() == [[0.0, -4.0], [3.0, 2.0]] and list(layer.state_dict()) == [
        "bias",
        "weight_orig",
        "weight_mask",
    ]
    prune.l1_unstructured(layer, "weight", amount=1)
    assert layer.weight_mask.tolist() == [[0.0, 1.0], [1.0, 0.0]] and prune.is_pruned(layer)
    layer(torch.ones(2)).sum().backward()
    assert layer.weight_orig.grad.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    prune.remove(layer, "weight")
    assert layer.weight.tolist() == [[0.0, -4.0], [3.0, 0.0]] and not prune.is_pruned(layer)
    prune.ln_structured(layer, "weight", amount=0.5, n=2, dim=0)
    assert layer.weight.tolist() == [[0.0, -4.0], [0.0, 0.0]]
