"""Optimizers follow PyTorch's recorded trajectories, keep PyTorch's state dicts, and refuse what PyTorch refuses."""

import copy
import gc
import json
import pathlib
import pickle
import weakref

import pytest
from training_cases import OPTIMIZERS, trajectory

import rusttorch as torch
from rusttorch import optim

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "optimizers.json").read_text())


def leaf(*values, **options):
    return torch.tensor(values, requires_grad=True, **options)


def stepped(optimizer, *grads):
    for p, grad in zip(optimizer.param_groups[0]["params"], grads, strict=True):
        p.grad = torch.full_like(p, grad)
    optimizer.step()


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_trajectory_is_pytorchs(case):
    got = trajectory(torch, *OPTIMIZERS[case])
    want = RECORDED[case]
    tolerance = {"rel": 2e-2, "abs": 1e-3} if "Muon" in case else {"rel": 1e-5} if "32" in case else {"rel": 1e-9}
    for point, expected in zip(got["points"], want["points"], strict=True):
        assert point == pytest.approx(expected, **tolerance)
    assert set(got["state"]) == set(want["state"]) - {"al"}  # LBFGS keeps PyTorch's scratch list nowhere
    assert got["options"] == want["options"]
    assert got["repr"] == want["repr"]


@pytest.mark.parametrize("cls", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_a_group_is_updated_by_one_native_call(cls, monkeypatch):
    calls = []
    for name in ("_fused_sgd_", "_fused_adam_", "_fused_adamw_", "_fused_adagrad_"):
        native = getattr(torch._C, name)

        def counted(*args, native=native, name=name, **kwargs):
            calls.append((name, len(args[0])))
            return native(*args, **kwargs)

        monkeypatch.setattr(torch._C, name, counted)
    optimizer = getattr(optim, cls)([{"params": [leaf(1.0), leaf(2.0), leaf(3.0)]}, {"params": [leaf(4.0)]}], lr=0.1)
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = torch.ones(1)
    optimizer.step()
    assert calls == [(f"_fused_{cls.lower()}_", 3), (f"_fused_{cls.lower()}_", 1)]


@pytest.mark.parametrize("cls", ["SGD", "Adam"])
def test_parameters_of_several_dtypes_and_without_gradients(cls):
    a, b, c = leaf(1.0), leaf(1.0, dtype=torch.float64), leaf(1.0)
    optimizer = getattr(optim, cls)([a, b, c], lr=0.1)
    a.grad = torch.ones(1)
    b.grad = torch.ones(1, dtype=torch.float64)
    optimizer.step()
    assert a.item() == pytest.approx(0.9, abs=1e-6)
    assert b.item() == pytest.approx(0.9, abs=1e-7)
    assert c.item() == 1.0


def test_a_parameter_that_joins_later_starts_its_own_momentum():
    a, b = leaf(1.0), leaf(1.0)
    optimizer = optim.SGD([a, b], lr=0.1, momentum=0.5)
    a.grad = torch.ones(1)
    optimizer.step()
    b.grad = torch.ones(1)
    optimizer.step()
    assert a.item() == pytest.approx(1 - 0.1 - 0.15)
    assert b.item() == pytest.approx(0.9)


def test_tensor_learning_rate_is_read_at_each_step():
    p = leaf(1.0)
    lr = torch.tensor(0.5)
    optimizer = optim.SGD([p], lr=lr)
    stepped(optimizer, 1.0)
    lr.fill_(0.25)
    stepped(optimizer, 1.0)
    assert p.item() == 0.25


@pytest.mark.parametrize("cls", ["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "NAdam", "RAdam", "Adadelta", "Adamax"])
def test_differentiable_step_is_recorded(cls):
    start = leaf(1.0, 2.0, dtype=torch.float64)
    p = start.clone()
    optimizer = getattr(optim, cls)([p], lr=0.1, differentiable=True)
    p.grad = start * start
    optimizer.step()
    (grad,) = torch.autograd.grad(p.sum(), start)
    assert grad.abs().sum().item() > 0
    if cls == "SGD":
        assert grad.tolist() == pytest.approx([0.8, 0.6])


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    p = leaf(3.0)
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 9.0
        assert not torch.is_grad_enabled()
    assert p.item() == pytest.approx(2.4)


def test_zero_grad():
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    p.grad = torch.ones(1)
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert grad.item() == 0.0
    optimizer.zero_grad()
    assert p.grad is None


def test_state_dict_round_trip_continues_the_run():
    def fresh():
        p = leaf(1.0, 2.0)
        return p, optim.Adam([p], lr=0.1)

    p, optimizer = fresh()
    stepped(optimizer, 0.5)
    saved = copy.deepcopy(optimizer.state_dict())
    assert saved["param_groups"][0]["params"] == [0]
    assert saved["state"][0]["step"].item() == 1.0
    at_save = p.detach().clone()
    stepped(optimizer, -0.3)

    q, other = fresh()
    with torch.no_grad():
        q.copy_(at_save)
    other.load_state_dict(saved)
    stepped(other, -0.3)
    assert q.tolist() == p.tolist()


def test_loaded_state_takes_its_parameters_dtype_but_the_counter_does_not():
    optimizer = optim.Adam([leaf(1.0)])
    stepped(optimizer, 1.0)
    other = optim.Adam([leaf(1.0, dtype=torch.float64)])
    other.load_state_dict(optimizer.state_dict())
    state = other.state_dict()["state"][0]
    assert state["exp_avg"].dtype == torch.float64
    assert state["step"].dtype == torch.float32


def test_a_counter_that_is_a_number_becomes_a_tensor():
    optimizer = optim.Adam([leaf(1.0)])
    stepped(optimizer, 1.0)
    state = optimizer.state_dict()
    state["state"][0]["step"] = 4
    optimizer.load_state_dict(state)
    assert optimizer.state_dict()["state"][0]["step"].item() == 4.0


def test_load_state_dict_refuses_other_groups_and_changes_nothing():
    optimizer = optim.SGD([leaf(1.0), leaf(2.0)], lr=0.1)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})
    assert optimizer.state_dict() == before


def test_hooks_are_called_in_order_and_removed():
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    seen = []
    handles = [
        optim.optimizer.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("global pre")),
        optim.optimizer.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("global post")),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post")),
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("state")),
        optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1}),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append("load")),
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded")),
    ]
    optimizer.step()
    assert seen == ["global pre", "pre", "post", "global post"]
    state = optimizer.state_dict()
    assert state["extra"] == 1
    optimizer.load_state_dict(state)
    assert seen[4:] == ["state", "load", "loaded"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 7


def test_a_pre_hook_may_change_the_arguments():
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((args[0], lambda: "replaced"), {}))
    assert optimizer.step(lambda: "given") == "replaced"
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_a_subclass_of_ones_own():
    class Half(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 1.0})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(0.5)

    p = leaf(1.0)
    optimizer = Half([p])
    seen = []
    optimizer.register_step_post_hook(lambda *args: seen.append(1))
    optimizer.step()
    assert p.item() == 0.5
    assert seen == [1]


def test_named_parameters_and_groups():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = optim.SGD([("a", a), ("b", b)], lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    optimizer.add_param_group({"params": [("c", leaf(3.0))], "lr": 0.5})
    assert optimizer.param_groups[1]["lr"] == 0.5
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [leaf(4.0)]})


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD(leaf(1.0)), TypeError, "should be an iterable of Tensors or dicts, but got torch"),
        (lambda: optim.SGD([1.0]), TypeError, "optimizer can only optimize Tensors, but one of the params is float"),
        (lambda: optim.SGD([leaf(1.0) * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([{"params": {leaf(1.0)}}]), TypeError, "ordered collections"),
        (lambda: optim.SGD([leaf(1.0), ("a", leaf(2.0))]), ValueError, "with/without names"),
        (lambda: optim.SGD([leaf(1.0)], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: optim.SGD([leaf(1.0)], lr=torch.ones(2)), ValueError, "Tensor lr must be 1-element"),
        (lambda: optim.SGD([leaf(1.0)], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda: optim.SGD([leaf(1.0)], nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
        (lambda: optim.SGD([leaf(1.0)], fused=True, foreach=True), RuntimeError, "cannot be `True` together"),
        (lambda: optim.Adam([leaf(1.0)], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: optim.Adam([leaf(1.0)], betas=(0.9, torch.tensor(0.9))), ValueError, "both floats or both Tensors"),
        (lambda: optim.Adam([leaf(1.0)], lr=torch.tensor(1.0), foreach=True), ValueError, "lr as a Tensor"),
        (lambda: optim.Adam([leaf(1.0)], fused=True, differentiable=True), RuntimeError, "does not support"),
        (lambda: optim.Adagrad([leaf(1.0)], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
        (lambda: optim.RMSprop([leaf(1.0)], alpha=-1), ValueError, "Invalid alpha value: -1"),
        (lambda: optim.Adadelta([leaf(1.0)], rho=1.5), ValueError, "Invalid rho value: 1.5"),
        (lambda: optim.NAdam([leaf(1.0)], momentum_decay=-1), ValueError, "Invalid momentum_decay value: -1"),
        (lambda: optim.Rprop([leaf(1.0)], etas=(2, 3)), ValueError, "Invalid eta values: 2, 3"),
        (lambda: optim.Adafactor([leaf(1.0)], d=0.5), ValueError, "Clipping threshold d should be >= 1 but is: 0.5"),
        (lambda: optim.Muon([leaf(1.0)]), ValueError, "Muon only supports 2D parameters"),
        (lambda: optim.LBFGS([{"params": leaf(1.0)}, {"params": leaf(2.0)}]), ValueError, "LBFGS doesn't support"),
    ],
)
def test_bad_options(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_a_parameter_in_two_groups_is_refused():
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optimizer.add_param_group({"params": [p]})
    with pytest.raises(TypeError, match="param_group must be a dict"):
        optimizer.add_param_group([p])
    assert len(optimizer.param_groups) == 1


def test_capturable_needs_a_device_that_can_record():
    optimizer = optim.Adam([leaf(1.0)], capturable=True)
    with pytest.raises(AssertionError, match="If capturable=True"):
        stepped(optimizer, 1.0)


def test_fused_wants_floating_point():
    optimizer = optim.SGD([torch.ones(1, dtype=torch.complex64, requires_grad=True)], fused=True)
    with pytest.raises(RuntimeError, match="requires all the params to be floating point Tensors"):
        stepped(optimizer, 1.0)


def test_pickle_and_deepcopy_keep_state():
    optimizer = optim.Adam([leaf(1.0)], lr=0.5)
    stepped(optimizer, 1.0)
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        assert other.param_groups[0]["lr"] == 0.5
        assert other.state_dict()["state"][0]["step"].item() == 1.0
        other.step()


def test_nothing_keeps_an_optimizer_alive():
    p = leaf(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    optim.lr_scheduler.StepLR(optimizer, 1)
    reference = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert reference() is None
