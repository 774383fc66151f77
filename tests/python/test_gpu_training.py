"""Programs that train: what surrounds a model and an optimizer does on a GPU what it does on the CPU."""

import copy
import io
import warnings
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from device_parity import close, ints, need_gpu, sample

import rusttorch as torch
import rusttorch.nn.functional as F
from rusttorch import nn
from rusttorch.datasets import FashionMNIST
from rusttorch.utils.data import (
    DataLoader,
    Dataset,
    DistributedSampler,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)

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


def test_samples_are_drawn_on_the_host_whatever_the_default() -> None:
    def drawn() -> list[Any]:
        torch.manual_seed(7)
        rows = TensorDataset(torch.arange(40.0, device="cpu").view(10, 4), torch.arange(10, device="cpu"))
        batches = list(DataLoader(rows, batch_size=4, shuffle=True))
        assert all(t.device.type == "cpu" for batch in batches for t in batch)
        some, rest = random_split(rows, [3, 7])
        return [
            [[t.tolist() for t in batch] for batch in batches],
            list(RandomSampler(rows, replacement=True, num_samples=40)),
            list(SubsetRandomSampler(range(5))),
            list(WeightedRandomSampler([0.1, 0.9, 0.5], 6)),
            list(DistributedSampler(rows, 2, 1)),
            some.indices + rest.indices,
        ]

    expected, before = drawn(), torch.gpu.statistics()
    with torch.device("gpu"):
        assert drawn() == expected
    assert torch.gpu.statistics() == before


@pytest.mark.skipif(not FashionMNIST.is_available(), reason="the data set is not installed (dataset-fashion-mnist)")
def test_a_data_set_of_files_is_the_hosts_whatever_the_default() -> None:
    expected = next(iter(DataLoader(FashionMNIST(train=False), batch_size=3)))
    with torch.device("gpu"):
        found = next(iter(DataLoader(FashionMNIST(train=False), batch_size=3)))
    assert [(t.device.type, t.tolist()) for t in found] == [("cpu", t.tolist()) for t in expected]


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


# ---- what surrounds a step


def net() -> Any:
    """The same small model each time, on the CPU."""
    torch.manual_seed(2)
    # No bias before the norm: its gradient would be rounding errors, which Adam makes steps of.
    return nn.Sequential(nn.Linear(3, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))


def loss_of(model: Any, x: Any, y: Any) -> Any:
    return F.cross_entropy(model(x), y)


def batch(seed: int, device: str, n: int = 6) -> tuple[Any, Any]:
    return sample(n, 3, seed=seed).to(device), ints(seed, 0, 2, n).to(device)


def both(run: Any, scale: float = 5.0) -> None:
    """`run(device)` gives a list of tensors, which are nearly the same ones on either."""
    host, there = ([t.detach() for t in run(device)] for device in ("cpu", "gpu"))
    assert len(host) == len(there) > 0
    for found, expected in zip(there, host, strict=True):
        close(found, expected, scale)


def trained(model: Any, optimizer: Any, device: str, steps: range) -> Any:
    for step in steps:
        optimizer.zero_grad()
        loss_of(model, *batch(step, device)).backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("pin", [False, True])
def test_tensors_saved_on_the_host(pin: bool) -> None:
    def run(device: str) -> list[Any]:
        model = net().to(device)
        with torch.autograd.graph.save_on_cpu(pin_memory=pin):
            loss = loss_of(model, *batch(0, device))
        loss.backward()
        return [loss, *[p.grad for p in model.parameters()]]

    both(run)


def test_saved_tensors_go_through_hooks_of_ones_own() -> None:
    seen: list[Any] = []

    def pack(t: Any) -> Any:
        seen.append(t.device.type)
        return t.device, t.detach().cpu().to(torch.float64).numpy()

    def unpack(packed: Any) -> Any:
        device, values = packed
        return torch.from_numpy(values).to(torch.float32).to(device)

    def run(device: str) -> list[Any]:
        x = sample(4, 3).to(device).requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = (x.exp() * x).sigmoid() @ x.t()
        y.sum().backward()
        return [y, x.grad]

    both(run)
    assert set(seen) == {"cpu", "wgpu"}


def test_a_moving_average_of_a_model_by_deepcopy() -> None:
    def run(device: str) -> list[Any]:
        model = net().to(device)
        average = copy.deepcopy(model).requires_grad_(False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for step in range(4):
            loss = loss_of(model, *batch(step, device))
            frozen = copy.deepcopy(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            assert not torch.equal(frozen[0].weight, model[0].weight)
            with torch.no_grad():
                for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                    slow.mul_(0.9).add_(fast, alpha=0.1)
                for slow, fast in zip(average.buffers(), model.buffers(), strict=True):
                    slow.copy_(fast)
        assert all(p.grad is None and not p.requires_grad for p in average.parameters())
        x, _ = batch(9, device)
        return [*average.state_dict().values(), average.eval()(x)]

    both(run)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_of_parts_of_a_batch_add_up(set_to_none: bool) -> None:
    def run(device: str, parts: int) -> list[Any]:
        model = nn.Linear(3, 2).to(device)
        with torch.no_grad():
            model.weight.copy_(sample(2, 3))
            model.bias.zero_()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for step in range(3):
            x, y = batch(step, device, n=12)
            for some, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
                (loss_of(model, some, labels) / parts).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=set_to_none)
        assert all((p.grad is None) == set_to_none for p in model.parameters())
        return list(model.parameters())

    both(lambda device: run(device, 4))
    for found, expected in zip(run("gpu", 4), run("cpu", 1), strict=True):
        close(found, expected.detach(), 5.0)


STATES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {"fused": True}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("ASGD", {"t0": 1}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Rprop", {}),
    ("Adafactor", {}),
]


@pytest.mark.parametrize(("name", "options"), STATES, ids=[name for name, _ in STATES])
@pytest.mark.parametrize(("first", "second"), [("gpu", "cpu"), ("cpu", "gpu"), ("gpu", "gpu")])
@pytest.mark.parametrize("mapped", [True, False])
def test_training_goes_on_from_a_file(
    name: str, options: dict[str, Any], first: str, second: str, mapped: bool
) -> None:
    """On another device, whether the file is loaded to it or stays where it was for `load_state_dict` to move."""

    def start(device: str) -> tuple[Any, Any]:
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)).to(device)
        return model, getattr(torch.optim, name)(model.parameters(), lr=0.01, **options)

    torch.manual_seed(4)
    model, optimizer = start(first)
    trained(model, optimizer, first, range(2))
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, map_location=second if mapped else None)
    again, other = start(second)
    again.load_state_dict(state["model"])
    other.load_state_dict(state["optimizer"])
    trained(model, optimizer, first, range(2, 4))
    trained(again, other, second, range(2, 4))
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert a.device.type == torch.device(first).type and b.device.type == torch.device(second).type
        torch.testing.assert_close(b.detach().cpu(), a.detach().cpu(), rtol=1e-4, atol=1e-5)
    for p in again.parameters():
        for key, value in other.state[p].items():
            assert value.device.type == ("cpu" if value.dim() == 0 else p.device.type), key


def test_parameters_as_one_vector() -> None:
    def run(device: str) -> list[Any]:
        model = net().to(device)
        vector = nn.utils.parameters_to_vector(model.parameters())
        nn.utils.vector_to_parameters(vector.detach() * 0.5 + 1, model.parameters())
        loss_of(model, *batch(0, device)).backward()
        slopes = nn.utils.parameters_to_vector([p.grad for p in model.parameters()])
        return [vector, slopes, *model.parameters()]

    both(run)
    models = net(), net().to("gpu")
    with pytest.raises(TypeError, match="different devices"):
        nn.utils.parameters_to_vector([p for model in models for p in model.parameters()])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_buffers": True},
        {"avg_fn": torch.optim.swa_utils.get_ema_avg_fn(0.8)},
        {"multi_avg_fn": torch.optim.swa_utils.get_ema_multi_avg_fn(0.8), "use_buffers": True},
        {"avg_fn": torch.optim.swa_utils.get_swa_avg_fn()},
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_averaged_models(options: dict[str, Any], elsewhere: bool) -> None:
    """Where the model is, and on the other device."""

    def run(device: str) -> list[Any]:
        model = net().to(device)
        place = {"cpu": "gpu", "gpu": "cpu"}[device] if elsewhere else device
        average = torch.optim.swa_utils.AveragedModel(model, device=place, **options)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(4):
            trained(model, optimizer, device, range(step, step + 1))
            average.update_parameters(model)
        data = [batch(step, place) for step in range(3)]
        torch.optim.swa_utils.update_bn([(x.cpu(), y) for x, y in data], average, device=place)
        assert average.module[0].weight.device.type == torch.device(place).type
        return [t.to(device) for t in (*average.state_dict().values(), average(data[0][0]))]

    both(run)


SCHEDULES: list[Any] = [
    lambda o, s: s.StepLR(o, 2, 0.5),
    lambda o, s: s.MultiStepLR(o, [2, 3], 0.5),
    lambda o, s: s.ExponentialLR(o, 0.8),
    lambda o, s: s.CosineAnnealingLR(o, 4),
    lambda o, s: s.CosineAnnealingWarmRestarts(o, 3),
    lambda o, s: s.LinearLR(o, total_iters=3),
    lambda o, s: s.PolynomialLR(o, 5, 2.0),
    lambda o, s: s.LambdaLR(o, lambda step: 1 / (1 + step)),
    lambda o, s: s.OneCycleLR(o, 0.2, total_steps=8),
    lambda o, s: s.CyclicLR(o, 0.01, 0.1, step_size_up=2),
    lambda o, s: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], milestones=[2]),
]


@pytest.mark.parametrize("make", SCHEDULES)
@pytest.mark.parametrize("tensor", [False, True], ids=["number", "tensor"])
def test_learning_rates_follow_their_schedule(make: Any, tensor: bool) -> None:
    """The same numbers whether the learning rate is one or a tensor on the device."""

    def run(device: str) -> list[Any]:
        model = net().to(device)
        lr: Any = torch.tensor(0.1, device=device) if tensor else 0.1
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        schedule = make(optimizer, torch.optim.lr_scheduler)
        rates = []
        for step in range(5):
            trained(model, optimizer, device, range(step, step + 1))
            schedule.step()
            rates.append(float(optimizer.param_groups[0]["lr"]))
        return [torch.tensor(rates, device=device), *model.parameters()]

    both(run, 20.0)


def test_a_plateau_is_seen_in_losses_on_the_device() -> None:
    rates = []
    for device in ("cpu", "gpu"):
        optimizer = torch.optim.SGD(net().to(device).parameters(), lr=1.0)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        for loss in (3.0, 2.0, 2.5, 2.5, 2.5, 1.0):
            schedule.step(torch.tensor(loss, device=device))
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[0] == rates[1] == 0.5


def test_a_data_set_of_ones_own_trains_through_a_loader() -> None:
    def run(device: str) -> list[Any]:
        model = net().to(device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
        torch.manual_seed(11)
        losses = []
        for _ in range(2):
            for some in DataLoader(Rows(), batch_size=5, shuffle=True, pin_memory=device == "gpu"):
                x, y = some["x"].to(device, non_blocking=True), some["y"].to(device, non_blocking=True)
                optimizer.zero_grad()
                losses.append(loss_of(model, x, y))
                losses[-1].backward()
                optimizer.step()
        return [torch.stack(losses), *model.state_dict().values()]

    both(run)


# ---- weights made anew, and functions of a model


def reach(make: Any) -> Any:
    """The output of a layer that `make` changed, its gradients and its state."""

    def run(device: str) -> list[Any]:
        torch.manual_seed(6)
        layer = make(nn.Linear(4, 5).to(device))
        y = layer(sample(3, 4).to(device))
        y.square().sum().backward()
        return [y, *[p.grad for p in layer.parameters()], *layer.state_dict().values()]

    return run


@pytest.mark.parametrize(
    "make",
    [
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        nn.utils.parametrizations.weight_norm,
        nn.utils.parametrizations.spectral_norm,
        lambda layer: nn.utils.remove_weight_norm(nn.utils.weight_norm(layer)),
        lambda layer: nn.utils.prune.random_unstructured(layer, "weight", 0.3),
        lambda layer: nn.utils.prune.l1_unstructured(layer, "weight", 0.3),
        lambda layer: nn.utils.prune.ln_structured(layer, "weight", 2, n=2, dim=0),
        lambda layer: nn.utils.prune.random_structured(layer, "weight", 2, dim=1),
        lambda layer: nn.utils.prune.remove(nn.utils.prune.l1_unstructured(layer, "weight", 0.3), "weight"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated")
def test_layers_whose_weights_are_made_anew(make: Any) -> None:
    both(reach(make))


def squares(x: Any) -> Any:
    return (x.sin() * x).sum()


@pytest.mark.parametrize(
    "f",
    [
        torch.func.grad(squares),
        torch.func.jacrev(lambda x: x.sin() * x[0]),
        torch.func.hessian(squares),
        lambda x: torch.func.vjp(torch.sin, x)[1](x)[0],
        lambda x: torch.autograd.functional.jacobian(lambda y: y.exp() * y[0], x),
        lambda x: torch.autograd.functional.hessian(squares, x),
        lambda x: torch.autograd.functional.hvp(squares, x, x)[1],
        lambda x: torch.autograd.functional.vhp(squares, x, x)[1],
        lambda x: torch.autograd.functional.jvp(torch.sin, x, x)[1],
    ],
)
def test_derivatives_of_functions(f: Any) -> None:
    both(lambda device: [f(sample(4).to(device))])


def test_a_model_is_called_with_other_parameters() -> None:
    def run(device: str) -> list[Any]:
        model = net().to(device).eval()
        params = {name: p.detach() * 2 for name, p in model.named_parameters()}
        x, y = batch(0, device)
        slopes = torch.func.grad(lambda p: F.cross_entropy(torch.func.functional_call(model, p, (x,)), y))(params)
        return [torch.func.functional_call(model, params, (x,)), *slopes.values()]

    both(run)
