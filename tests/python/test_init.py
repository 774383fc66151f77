"""nn.init: PyTorch's values for a seed, the distributions' bounds, and the errors."""

from __future__ import annotations

import json
import math
import pathlib
import warnings
from typing import Any

import numpy
import pytest
from init_cases import CASES, drawn

import rusttorch as torch
from rusttorch import nn
from rusttorch.nn import init

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "init.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_same_values_as_pytorch(case: str) -> None:
    found, expected = drawn(torch, case), RECORDED[case]
    if "orthogonal_" in case:  # a factorisation, which rounds in its own way
        numpy.testing.assert_allclose(found["values"], expected["values"], rtol=1e-4, atol=1e-5)
    else:
        assert found == expected


def test_bounds() -> None:
    weight = torch.empty(50, 20)
    bound = math.sqrt(6 / (20 * (1 + 5)))
    assert 0.9 * bound < init.kaiming_uniform_(weight, a=math.sqrt(5)).abs().max().item() <= bound
    bound = math.sqrt(6 / 70)
    assert 0.9 * bound < init.xavier_uniform_(weight).abs().max().item() <= bound
    assert init.kaiming_normal_(weight, mode="fan_out").std().item() == pytest.approx(math.sqrt(2 / 50), rel=0.1)
    assert init.xavier_normal_(weight, gain=2.0).std().item() == pytest.approx(2 * math.sqrt(2 / 70), rel=0.1)
    for mean, std, a, b in ((0.0, 1.0, -0.5, 0.5), (0.0, 1.0, 2.0, 3.0), (0.0, 1.0, -2.0, 2.0)):
        values = init.trunc_normal_(weight, mean, std, a, b)
        assert a <= values.min().item() and values.max().item() <= b
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        init.trunc_normal_(weight, 0.0, 1.0, 3.0, 4.0)


def test_fixed_values() -> None:
    assert init.eye_(torch.empty(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert init.constant_(torch.empty(2), 3.5).tolist() == [3.5, 3.5]
    assert init.ones_(torch.empty(1)).tolist() == [1.0] and init.zeros_(torch.empty(1)).tolist() == [0.0]
    kernel = init.dirac_(torch.empty(4, 2, 3), groups=2)
    assert kernel[:, :, 1].tolist() == [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] and kernel.sum().item() == 4.0
    x = torch.randn(1, 2, 5)
    assert torch.equal(nn.functional.conv1d(x, init.dirac_(torch.empty(2, 2, 3)), padding=1), x)


def test_orthogonal() -> None:
    for shape in ((4, 3), (3, 4), (5, 2, 2)):
        q = init.orthogonal_(torch.empty(shape), gain=2.0).reshape(shape[0], -1)
        product = q @ q.t() if q.size(0) <= q.size(1) else q.t() @ q
        assert torch.allclose(product, 4 * torch.eye(product.size(0)), atol=1e-5)


def test_sparse() -> None:
    weight = init.sparse_(torch.empty(10, 4), sparsity=0.25)
    assert (weight == 0).sum(0).tolist() == [3] * 4


def test_parameters_stay_leaves() -> None:
    parameter = nn.Parameter(torch.empty(3, 3))
    for fill in (init.uniform_, init.normal_, init.eye_, init.orthogonal_, init.trunc_normal_, init.zeros_):
        assert fill(parameter) is parameter and parameter.is_leaf and parameter.requires_grad


def test_generator() -> None:
    first = init.normal_(torch.empty(5), generator=torch.Generator().manual_seed(3))
    torch.manual_seed(3)
    assert torch.equal(first, init.normal_(torch.empty(5)))


def test_gain() -> None:
    expected = {"linear": 1, "conv2d": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}
    for name, gain in expected.items():
        assert init.calculate_gain(name) == gain  # type: ignore[arg-type]
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert init.calculate_gain("leaky_relu", 2) == math.sqrt(2 / 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: init.calculate_gain("other"), "Unsupported nonlinearity other"),  # type: ignore[arg-type]
        (lambda: init.calculate_gain("leaky_relu", True), "negative_slope True not a valid number"),
        (lambda: init.eye_(torch.empty(2)), "Only tensors with 2 dimensions are supported"),
        (lambda: init.dirac_(torch.empty(2, 2)), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda: init.dirac_(torch.empty(3, 2, 2), 2), "dim 0 must be divisible by groups"),
        (lambda: init.xavier_normal_(torch.empty(2)), "Fan in and fan out can not be computed for tensor with fewer"),
        (lambda: init.kaiming_normal_(torch.empty(2, 2), mode="x"), "Mode x not supported"),  # type: ignore[arg-type]
        (lambda: init.orthogonal_(torch.empty(2)), "Only tensors with 2 or more dimensions are supported"),
        (lambda: init.sparse_(torch.empty(2), 0.5), "Only tensors with 2 dimensions are supported"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_warnings() -> None:
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        init.kaiming_uniform_(torch.empty(0, 3))
    with pytest.warns(FutureWarning, match="`nn.init.normal` is now deprecated in favor of `nn.init.normal_`"):
        init.normal(torch.empty(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        init.normal_(torch.empty(2))
