"""Tensors of a GPU in files, in pickles and in copies: whole storages, shared as before, on the device that is asked for."""

import copy
import io
import pickle
import struct
from typing import Any

import pytest
from device_parity import need_gpu, python

import rusttorch as torch
from rusttorch import nn
from rusttorch._checkpoint.pickler import CheckpointPickler

need_gpu()


def stored(obj: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return file


# ---- save and load


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t[2:4],
        lambda t: t.chunk(3)[1],
        lambda t: t.view(2, 3)[:, 1:],
        lambda t: t.view(2, 3).t(),
        lambda t: t[:1].expand(4),
    ],
    ids=["slice", "chunk", "columns", "transposed", "expanded"],
)
@pytest.mark.parametrize("where", ["wgpu", "cpu"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64, torch.bool])
def test_a_view_is_saved_with_all_of_its_storage(view, where, dtype):
    t = torch.tensor([1, 0, 3, 4, 0, 6]).to(dtype).to("gpu")
    part = view(t)
    found = torch.load(stored(part), map_location=where)
    assert found.device.type == where and found.dtype == dtype
    assert (found.stride(), found.storage_offset()) == (part.stride(), part.storage_offset())
    assert found.tolist() == part.tolist()
    assert found.untyped_storage().nbytes() == t.untyped_storage().nbytes()


def test_views_that_come_before_what_they_are_of():
    t = torch.arange(6.0, device="gpu")
    part, whole = torch.load(stored([t[2:4], t]))
    part.fill_(9)
    assert whole.tolist() == [0, 1, 9, 9, 4, 5]


def test_a_model_whose_parameters_are_views_of_a_vector():
    model = nn.Linear(3, 2, device="gpu")
    vector = torch.arange(8.0, device="gpu")
    nn.utils.vector_to_parameters(vector, model.parameters())
    state = torch.load(stored(model.state_dict()))
    assert state["weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and state["bias"].tolist() == [6, 7]


def test_saved_tensors_wait_on_disk(tmp_path):
    x = torch.arange(6.0, device="gpu", requires_grad=True)
    names = []

    def pack(t: Any) -> Any:
        names.append(tmp_path / f"{len(names)}.pth")
        torch.save(t.detach(), names[-1])
        return names[-1]

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.load):
        y = x[2:5] * x[3:6]
    y.sum().backward()
    assert len(names) == 2 and x.grad is not None and x.grad.tolist() == [0, 0, 3, 6, 8, 4]


class OlderPickler(CheckpointPickler):
    """Refers to storages as files of before PyTorch 1.6 do: with the part of another storage that each one is."""

    def _storage(self, t: Any) -> Any:
        reference = super()._storage(t)
        reference.id = (*reference.id, None)
        return reference


def stored_as_before(obj: Any) -> io.BytesIO:
    """A file of the format of before PyTorch 1.6."""
    file = io.BytesIO()
    for head in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
        pickle.dump(head, file, protocol=2)
    pickler = OlderPickler(file, 2)
    pickler.dump(obj)
    pickle.dump(list(pickler.storages), file, protocol=2)
    for t in pickler.storages.values():
        file.write(struct.pack("<q", t.untyped_storage().nbytes() // t.element_size()))
        file.write(bytes(t.untyped_storage()))
    file.seek(0)
    return file


@pytest.mark.parametrize("default", ["gpu", "cpu"])
@pytest.mark.parametrize("store", [stored, stored_as_before])
@pytest.mark.parametrize("where", ["gpu", "cpu", None])
def test_tensors_go_where_they_are_asked_to_whatever_the_default(store, where, default):
    values = torch.arange(8.0)
    parts = [values[2:], values, torch.tensor([True, False, True]), torch.arange(3, dtype=torch.float16)]
    file = store({"parts": parts, "p": nn.Parameter(torch.ones(2, 3)), "none": torch.zeros(0), "n": torch.tensor(3)})
    with torch.device(default):
        found = torch.load(file, map_location=where)
    assert [t.tolist() for t in found["parts"]] == [t.tolist() for t in parts]
    assert isinstance(found["p"], nn.Parameter) and found["p"].tolist() == [[1.0] * 3] * 2 and found["n"].item() == 3
    for t in [*found["parts"], found["p"], found["none"], found["n"]]:
        assert t.device.type == ("wgpu" if where == "gpu" else "cpu")
    found["parts"][0].zero_()
    assert found["parts"][1].tolist() == [0.0, 1.0] + [0.0] * 6  # one storage still


@pytest.mark.parametrize(
    "map_location",
    [{"gpu:0": "cpu"}, {"wgpu:0": "cpu"}, {"wgpu:0": torch.device("cpu")}, lambda storage, location: storage],
)
def test_devices_of_a_file_can_be_mapped_by_either_name(map_location):
    assert torch.load(stored(torch.ones(2, device="gpu")), map_location=map_location).device.type == "cpu"


def test_devices_that_are_not_mapped_stay():
    other = {"gpu": "cpu", "cuda:0": "cpu", "somewhere": "cpu"}
    assert torch.load(stored(torch.ones(2, device="gpu")), map_location=other).device.type == "wgpu"
    assert torch.load(stored(torch.ones(2)), map_location={"cpu": "gpu:0"}).device.type == "wgpu"


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
