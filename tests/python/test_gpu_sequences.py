"""Sequences of different lengths on a GPU: lengths, numbers per step and places to cut stay on the CPU, as in PyTorch."""

import copy

import pytest
from device_parity import need_gpu

import rusttorch as torch
import rusttorch.nn.functional as F
from rusttorch import nn
from rusttorch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    unpack_sequence,
)

need_gpu()

LENGTHS = [2, 5, 3]


def padded(seed=0):
    torch.manual_seed(seed)
    return torch.randn(5, 3, 4)


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("given", [list, torch.tensor])
def test_recurrent_layers_take_packed_sequences(layer, given):
    torch.manual_seed(1)
    net = layer(4, 6, num_layers=2, bidirectional=True)

    def run(device):
        x = padded().to(device).requires_grad_()
        module = copy.deepcopy(net).to(device)
        packed = pack_padded_sequence(x, given(LENGTHS), enforce_sorted=False)
        assert packed.data.device.type == packed.sorted_indices.device.type == torch.device(device).type
        assert packed.batch_sizes.device.type == "cpu" and packed.batch_sizes.tolist() == [3, 3, 2, 1, 1]
        y, state = module(packed)
        assert isinstance(y, PackedSequence) and y.batch_sizes.device.type == "cpu"
        y, lengths = pad_packed_sequence(y, total_length=7)
        assert lengths.device.type == "cpu" and lengths.tolist() == LENGTHS and y.shape == (7, 3, 12)
        h = state[0] if layer is nn.LSTM else state
        (y.square().sum() + h.sum()).backward()
        return [y, h, x.grad, *(p.grad for p in module.parameters())]

    for a, b in zip(run("gpu"), run("cpu"), strict=True):
        assert a.device.type == "wgpu"
        torch.testing.assert_close(a.cpu(), b, rtol=1e-4, atol=1e-5)


def test_packing_there_and_back():
    sequences = [padded(i)[:n, 0].to("gpu") for i, n in enumerate([5, 3, 1])]
    packed = pack_sequence(sequences)
    for a, b in zip(unpack_sequence(packed), sequences, strict=True):
        assert a.device.type == "wgpu" and torch.equal(a, b)
    there = packed.to("cpu").to("gpu")
    assert there.data.device.type == "wgpu" and there.batch_sizes.device.type == "cpu"
    with torch.device("gpu"):
        assert pack_sequence(sequences).batch_sizes.device.type == "cpu"


def test_what_the_host_reads_is_refused_elsewhere():
    x, sizes = torch.ones(3, 2, 2, device="gpu"), torch.tensor([3, 1])
    with pytest.raises(RuntimeError, match="_pack_padded_sequence expected lengths to be on cpu, but it's on wgpu:0"):
        pack_padded_sequence(x, sizes.to("gpu"))
    with pytest.raises(RuntimeError, match="expected lengths to be on cpu"):
        pack_padded_sequence(x.cpu(), sizes.to("gpu"))
    with pytest.raises(ValueError, match="batch_sizes should always be on CPU"):
        PackedSequence(torch.ones(4, 2, device="gpu"), sizes.to("gpu"))
    with pytest.raises(
        RuntimeError, match="tensor_split expected tensor_indices_or_sections to be on cpu, but it's on wgpu"
    ):
        x.tensor_split(sizes.to("gpu"))
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        nn.LSTM(2, 2).to("gpu")(pack_padded_sequence(x.cpu(), sizes))


def test_tensor_split_takes_its_places_from_the_cpu():
    x = torch.arange(6.0, device="gpu")
    assert [p.tolist() for p in x.tensor_split(torch.tensor([1, 4]))] == [[0.0], [1.0, 2.0, 3.0], [4.0, 5.0]]
    assert [p.tolist() for p in torch.tensor_split(x, torch.tensor(2))] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert all(p.device.type == "wgpu" for p in x.tensor_split(torch.tensor([1])))


@pytest.mark.parametrize("where", ["cpu", "gpu"])
def test_ctc_loss_takes_lengths_from_anywhere(where):
    torch.manual_seed(0)
    scores, targets = torch.randn(12, 3, 5), torch.randint(1, 5, (3, 4))
    lengths = [torch.tensor([12, 10, 9]), torch.tensor([4, 3, 2])]

    def run(device, lengths):
        x = scores.to(device).requires_grad_()
        loss = F.ctc_loss(x.log_softmax(2), targets.to(device), *lengths)
        loss.backward()
        assert loss.device.type == x.grad.device.type == torch.device(device).type
        return loss.detach().cpu(), x.grad.cpu()

    for a, b in zip(run("gpu", [t.to(where) for t in lengths]), run("cpu", lengths), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
