"""Programs that train: what surrounds a model and an optimizer does on a GPU what it does on the CPU."""

import warnings
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from device_parity import close, need_gpu, sample

import rusttorch as torch
from rusttorch import nn
from rusttorch.utils.data import DataLoader, Dataset

need_gpu()


# ---- data


class Rows(Dataset):
    """Samples of a table, made when they are asked for."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, i: int) -> Any:
        return {"x": sample(3, seed=i), "y": i % 2, "name": str(i)}


class Custom:
    def __init__(self, samples: list[Any]) -> None:
        self.values = torch.stack([s["x"] for s in samples])
        self.pinned = False

    def pin_memory(self) -> "Custom":
        self.values, self.pinned = self.values.pin_memory(), True
        return self


def test_batches_are_pinned_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batches = list(DataLoader(Rows(), batch_size=4, pin_memory=True))
        (custom, *_) = DataLoader(Rows(), batch_size=4, pin_memory=True, collate_fn=Custom)
    assert [len(batch["x"]) for batch in batches] == [4, 4, 2] and batches[2]["name"] == ["8", "9"]
    x = batches[0]["x"].to("gpu", non_blocking=True)
    assert x.device.type == "wgpu" and torch.equal(x.cpu(), torch.stack([sample(3, seed=i) for i in range(4)]))
    assert custom.pinned and torch.equal(custom.values, batches[0]["x"])


def test_containers_of_a_pinned_batch_keep_their_type():
    Pair = namedtuple("Pair", ["x", "rest"])
    given = Pair(torch.ones(2), OrderedDict(a=[torch.zeros(1), "text"], b=(torch.ones(1), 3)))
    (found,) = DataLoader([given], batch_size=None, pin_memory=True, collate_fn=lambda batch: batch)
    assert type(found) is Pair and type(found.rest) is OrderedDict and type(found.rest["b"]) is tuple
    assert found.x is not given.x and found.x.tolist() == [1.0, 1.0]
    assert found.rest["a"][0] is not given.rest["a"][0] and found.rest["a"][1] == "text" and found.rest["b"][1] == 3
    assert isinstance(given.rest["a"], list) and given.rest["a"][0].tolist() == [0.0]


def test_pin_memory_copies_and_goes_to_the_device():
    x = torch.arange(6).view(2, 3).t()
    pinned = x.pin_memory()
    pinned[0, 0] = 9
    assert x[0, 0].item() == 0 and pinned.stride() == x.stride()
    assert pinned.to("gpu", non_blocking=True).tolist() == [[9, 3], [1, 4], [2, 5]]
    assert not pinned.is_pinned() and not x.is_pinned("gpu")
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
        x.to("gpu").pin_memory()
    packed = nn.utils.rnn.pack_sequence([torch.ones(3), torch.ones(1)]).pin_memory()
    assert packed.data.tolist() == [1.0] * 4 and not packed.is_pinned()


# ---- layers and their first values


@pytest.mark.parametrize("layer", ["LazyBatchNorm1d", "LazyInstanceNorm1d"])
def test_lazy_layers_become_ordinary_on_the_device(layer: str) -> None:
    x = sample(4, 3, 5)
    lazy = [getattr(nn, layer)(affine=True, track_running_stats=True).to(device) for device in ("cpu", "gpu")]
    for found, expected in zip((lazy[1](x.to("gpu")), lazy[1].running_var), (lazy[0](x), lazy[0].running_var)):
        close(found, expected)
    assert type(lazy[1]).__name__ == layer.removeprefix("Lazy")
    assert all(t.device.type == "wgpu" for t in lazy[1].state_dict().values())


@pytest.mark.parametrize(
    "fill",
    [
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.trunc_normal_,
        nn.init.ones_,
        nn.init.zeros_,
        nn.init.eye_,
        nn.init.xavier_uniform_,
        nn.init.xavier_normal_,
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.orthogonal_,
        lambda w: nn.init.orthogonal_(w.t(), gain=2.0),
        lambda w: nn.init.sparse_(w, 0.4),
        lambda w: nn.init.constant_(w, 0.5),
        lambda w: nn.init.dirac_(w.view(6, 4, 1)),
    ],
)
def test_first_values_are_the_cpus(fill: Any) -> None:
    found = []
    for device in ("cpu", "gpu"):
        torch.manual_seed(5)
        w = torch.empty(6, 4, device=device)
        fill(w)
        found.append(w)
    close(found[1], found[0])
