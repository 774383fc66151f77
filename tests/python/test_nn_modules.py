"""Every layer has PyTorch's text and first parameters, and computes its outputs and gradients."""

from __future__ import annotations

import copy
import json
import pathlib
import pickle
import warnings
from typing import Any

import numpy
import pytest
from nn_cases import CASES, flat, inputs, outcome

import rusttorch as torch
from rusttorch import nn

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "nn.json").read_text())


def close(found: Any, expected: Any) -> None:
    numpy.testing.assert_allclose(numpy.array(found), numpy.array(expected), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str) -> None:
    expected = RECORDED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = outcome(torch, case)
    assert found["repr"] == expected["repr"]
    assert list(found["state"]) == list(expected["state"])
    assert found["state"] == expected["state"], "the first parameters differ from PyTorch's"
    assert found["shapes"] == expected["shapes"]
    for mine, theirs in zip(found["out"], expected["out"], strict=True):
        close(mine, theirs)
    assert list(found.get("grads", {})) == list(expected.get("grads", {}))
    for name, theirs in expected.get("grads", {}).items():
        close(found["grads"][name], theirs)
    for mine, theirs in zip(found.get("input grads", []), expected.get("input grads", []), strict=True):
        close(mine, theirs)


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith(("Lazy", "Triplet"))])
def test_layer_is_copied_and_pickled(case: str) -> None:
    constructor, _, shapes = case.partition("|")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = eval("nn." + constructor.strip(), {"nn": nn}).eval()
        for copied in (copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))):
            other = copied(module)
            assert repr(other) == repr(module) and other.training is False
            assert list(other.state_dict()) == list(module.state_dict())
            for mine, theirs in zip(other.state_dict().values(), module.state_dict().values(), strict=True):
                assert torch.equal(mine, theirs) and (mine is not theirs)
            torch.manual_seed(3)
            first = flat(module(*[given.detach() for given in inputs(torch, shapes)]))
            torch.manual_seed(3)
            second = flat(other(*[given.detach() for given in inputs(torch, shapes)]))
            assert all(torch.equal(mine, theirs) for mine, theirs in zip(first, second, strict=True))


def test_linear_by_hand() -> None:
    layer = nn.Linear(2, 2)
    layer.load_state_dict({"weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "bias": torch.tensor([10.0, 20.0])})
    assert layer(torch.tensor([1.0, 1.0])).tolist() == [13.0, 27.0]


def test_batch_norm_statistics() -> None:
    layer = nn.BatchNorm1d(1)
    x = torch.tensor([[0.0], [2.0]])
    assert [round(v, 4) for v in layer(x).flatten().tolist()] == [-1.0, 1.0]
    assert layer.running_mean.tolist() == pytest.approx([0.1]) and layer.running_var.tolist() == pytest.approx([1.1])
    assert layer.num_batches_tracked.item() == 1
    average = nn.BatchNorm1d(1, momentum=None)
    for value in (1.0, 3.0):
        average(x + value)
    assert average.running_mean.tolist() == pytest.approx([3.0])
    layer.eval()
    assert layer(torch.tensor([[0.1]])).item() == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        nn.BatchNorm1d(1)(torch.ones(1, 1))


def test_dropout_only_in_training() -> None:
    x = torch.ones(1000)
    layer = nn.Dropout(0.25)
    kept = (layer(x) != 0).float().mean().item()
    assert 0.7 < kept < 0.8 and sorted(set(layer(x).tolist())) == pytest.approx([0.0, 4 / 3])
    assert torch.equal(layer.eval()(x), x)
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got 2"):
        nn.Dropout(2)


def test_embedding_padding_gets_no_gradient() -> None:
    table = nn.Embedding(4, 2, padding_idx=1)
    assert table.weight[1].tolist() == [0.0, 0.0]
    table(torch.tensor([0, 1, 1, 3])).sum().backward()
    assert table.weight.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]
    frozen = nn.Embedding.from_pretrained(torch.ones(2, 3))
    assert frozen.weight.requires_grad is False and frozen(torch.tensor(1)).tolist() == [1.0] * 3


def test_lazy_layers_become_ordinary() -> None:
    layer = nn.LazyLinear(3)
    assert repr(layer.weight) == "<UninitializedParameter>" and layer.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter or buffer"):
        print(layer.weight.shape)
    with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
        layer.weight + 1
    weight = layer.weight
    layer(torch.ones(2, 5))
    assert type(layer) is nn.Linear and layer.weight is weight and type(weight) is nn.Parameter
    assert repr(layer) == "Linear(in_features=5, out_features=3, bias=True)"
    loaded = nn.LazyLinear(3)
    loaded.load_state_dict(layer.state_dict())
    assert torch.equal(loaded(torch.ones(5)), layer(torch.ones(5))) and type(loaded) is nn.Linear


@pytest.mark.parametrize("layer", ["LazyBatchNorm1d", "LazyInstanceNorm1d"])
def test_lazy_layers_may_be_cast_before_they_are_ordinary(layer: str) -> None:
    cast = getattr(nn, layer)(affine=True, track_running_stats=True).double()
    assert cast.running_mean.to(torch.float64) is cast.running_mean
    assert repr(cast.running_mean) == "<UninitializedBuffer>" and isinstance(cast.running_mean, nn.Buffer)
    assert cast(torch.ones(2, 3, 4, dtype=torch.float64)).dtype == torch.float64
    assert type(cast.running_mean) is torch.Tensor and cast.running_mean.dtype == torch.float64
    assert cast.running_mean.shape == cast.weight.shape == (3,)


def test_packed_sequences_equal_single_ones() -> None:
    from rusttorch.nn.utils.rnn import pack_sequence, pad_packed_sequence

    torch.manual_seed(0)
    sequences = [torch.randn(length, 3) for length in (2, 5, 3)]
    for layer in (nn.LSTM(3, 4, bidirectional=True), nn.GRU(3, 4, 2), nn.RNN(3, 4)):
        packed, _ = layer(pack_sequence(sequences, enforce_sorted=False))
        padded, lengths = pad_packed_sequence(packed, batch_first=True)
        assert lengths.tolist() == [2, 5, 3]
        for place, sequence in enumerate(sequences):
            alone, _ = layer(sequence)
            assert torch.allclose(padded[place, : len(sequence)], alone, atol=1e-6)
            assert not padded[place, len(sequence) :].any()


def test_transformer_masks() -> None:
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    assert mask.tolist() == [[0.0, -torch.inf, -torch.inf], [0.0, 0.0, -torch.inf], [0.0, 0.0, 0.0]]
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0)
    x = torch.randn(3, 1, 4)
    changed = x.clone()
    changed[2] += 1
    for given in ({"src_mask": mask}, {"src_mask": mask, "is_causal": True}):
        before, after = layer(x, **given), layer(changed, **given)
        assert torch.allclose(before[:2], after[:2]) and not torch.allclose(before[2], after[2])
    padding = torch.tensor([[False, False, True]])
    assert torch.allclose(layer(x, src_key_padding_mask=padding)[:2], layer(changed, src_key_padding_mask=padding)[:2])


def test_chunked_linear_cross_entropy() -> None:
    torch.manual_seed(0)
    x, target = torch.randn(7, 3), torch.tensor([0, 1, 2, 3, 4, -100, 1])
    plain = nn.LinearCrossEntropyLoss(3, 5, bias=True)
    for reduction in ("mean", "sum", "none"):
        plain.reduction = reduction
        grads = []
        for options in (None, nn.LinearCrossEntropyOptions(batch_chunk_size=2)):
            plain.options = options
            plain.zero_grad()
            given = x.clone().requires_grad_()
            loss = plain(given, target)
            (loss * 2).sum().backward()
            grads.append([loss, given.grad, plain.linear.weight.grad, plain.linear.bias.grad])
        for whole, chunked in zip(*grads, strict=True):
            assert torch.allclose(whole, chunked, atol=1e-6)
    plain.reduction = "mean"
    loss = plain(x, target)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


@pytest.mark.parametrize(
    ("constructor", "error", "message"),
    [
        ("nn.Conv2d(3, 4, 3, groups=2)", ValueError, "in_channels must be divisible by groups"),
        ("nn.Conv2d(4, 4, 3, 2, padding='same')", ValueError, "padding='same' is not supported for strided"),
        ("nn.Conv2d(4, 4, 3, padding='x')", ValueError, "Invalid padding string 'x'"),
        ("nn.ConvTranspose2d(4, 4, 3, padding_mode='reflect')", ValueError, 'Only "zeros" padding mode'),
        ("nn.BatchNorm2d(2)(torch.ones(2, 2))", ValueError, "expected 4D input (got 2D input)"),
        ("nn.InstanceNorm1d(3, affine=True)(torch.ones(2, 2, 3))", ValueError, "to match num_features (3), but got: 2"),
        ("nn.GroupNorm(3, 4)", ValueError, "num_channels (4) must be divisible by num_groups (3)"),
        ("nn.MultiheadAttention(5, 2)", AssertionError, "embed_dim must be divisible by num_heads"),
        ("nn.Embedding(3, 2, padding_idx=3)", AssertionError, "Padding_idx must be within num_embeddings"),
        ("nn.EmbeddingBag(3, 2)(torch.ones(2).long())", ValueError, "offsets has to be a 1D Tensor but got None"),
        ("nn.RNN(3, 4, dropout=2)", ValueError, "dropout should be a number in range [0, 1]"),
        ("nn.RNN(3.0, 4)", TypeError, "input_size should be of type int, got: float"),
        ("nn.LSTM(3, 4, proj_size=4)", ValueError, "proj_size has to be smaller than hidden_size"),
        ("nn.GRU(3, 4)(torch.ones(2, 1, 5))", RuntimeError, "input.size(-1) must be equal to input_size. Expected 3"),
        ("nn.LSTM(3, 4)(torch.ones(2, 3), (torch.ones(1, 1, 4),) * 2)", RuntimeError, "hx and cx should also be 2-D"),
        ("nn.LSTMCell(3, 4)(torch.ones(1, 1, 3))", ValueError, "LSTMCell: Expected input to be 1D or 2D, got 3D"),
        ("nn.FractionalMaxPool2d(2)", ValueError, "requires specifying either an output size, or a pooling ratio"),
        ("nn.HuberLoss(delta='a')", TypeError, "delta must be a float or int"),
        ("nn.L1Loss(reduction='x')(torch.ones(1), torch.ones(1))", ValueError, "x is not a valid value for reduction"),
        ("nn.TransformerEncoderLayer(4, 2, activation='x')", RuntimeError, "activation should be relu/gelu, not x"),
        ("nn.Softmax2d()(torch.ones(1))", ValueError, "Softmax2d: expected input to be 3D or 4D, got 1D instead"),
        ("nn.Linear(2, 3)(torch.ones(4, 5))", RuntimeError, "mat1 and mat2 shapes cannot be multiplied"),
    ],
)
def test_errors(constructor: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        eval(constructor, {"nn": nn, "torch": torch})
    assert message in str(caught.value)
