"""Tensors of a GPU in files, in pickles and in copies: whole storages, shared as before, on the device that is asked for."""

import copy
import io
import pickle
from typing import Any

import pytest
from device_parity import need_gpu, python

import rusttorch as torch
from rusttorch import nn

need_gpu()


def stored(obj: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return file


# ---- pickles and copies


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.uint8])
def test_pickles_keep_device_and_storage(protocol, dtype):
    t = torch.arange(5, device="gpu").to(dtype)
    t, part = pickle.loads(pickle.dumps((t, t[3:]), protocol))
    assert t.device == part.device == torch.device("gpu:0") and t.dtype == dtype
    assert t.tolist() == [0, 1, 2, 3, 4] and part.tolist() == [3, 4]
    empty = pickle.loads(pickle.dumps(torch.zeros(0, 2, device="gpu"), protocol))
    assert empty.device.type == "wgpu" and empty.shape == (0, 2)


def test_models_and_optimizers_are_pickled():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).to("gpu")
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(4, 3, device="gpu")).square().sum().backward()
    optimizer.step()
    twin, other = pickle.loads(pickle.dumps((model, optimizer)))
    assert all(p.device.type == "wgpu" for p in [*twin.parameters(), twin[1].running_mean])
    assert torch.equal(twin[0].weight.cpu(), model[0].weight.cpu())
    assert other.param_groups[0]["params"][0] is twin[0].weight
    state = other.state[twin[0].weight]
    assert state["exp_avg"].device.type == "wgpu" and state["step"].device.type == "cpu"


def test_a_pickle_of_the_cpu_stays_there_whatever_the_default():
    data = pickle.dumps(torch.arange(3.0))
    with torch.device("gpu"):
        t = pickle.loads(data)
    assert t.device.type == "cpu" and t.tolist() == [0.0, 1.0, 2.0]


def test_a_pickle_of_a_device_that_is_not_there_is_refused():
    data = pickle.dumps(torch.ones(2, device="gpu"))
    done = python(f"import pickle; pickle.loads({data!r})", RUSTTORCH_ADAPTER="no such card")
    assert "no adapter is number or named 'no such card'" in done.stderr


def test_a_shallow_copy_shares_the_memory():
    t = torch.zeros(3, device="gpu")
    twin = copy.copy(t)
    twin.fill_(1)
    assert twin is not t and t.tolist() == [1.0] * 3


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("read", [copy.deepcopy, pickle.dumps, stored])
def test_a_copy_is_no_write(read, device):
    x = torch.ones(3, device=device, requires_grad=True)
    y = x * x
    read(x)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0] * 3
