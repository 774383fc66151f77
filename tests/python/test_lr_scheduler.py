"""Schedulers follow PyTorch's recorded learning rates, keep their state, and refuse what PyTorch refuses."""

import json
import pathlib
import warnings

import pytest
from training_cases import SCHEDULERS, schedule

import rusttorch as torch
from rusttorch.optim import SGD, Adadelta, Adam, lr_scheduler, swa_utils

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "schedulers.json").read_text())


def optimizer(lr=0.1, cls=SGD, **options):
    return cls([torch.zeros(2, requires_grad=True)], lr=lr, **options)


def rates(o, scheduler, steps):
    found = []
    for _ in range(steps):
        o.step()
        scheduler.step()
        found.append(float(o.param_groups[0]["lr"]))
    return found


@pytest.mark.parametrize("name", SCHEDULERS)
def test_rates_are_pytorchs(name):
    got = schedule(torch, SCHEDULERS[name])
    want = RECORDED[name]
    for step, expected in zip(got["rates"], want["rates"], strict=True):
        for group, expected_group in zip(step, expected, strict=True):
            assert group == pytest.approx(expected_group, rel=1e-12)
    assert got["state"] == want["state"]


@pytest.mark.parametrize("name", [name for name in SCHEDULERS if "Plateau" not in name])
def test_state_dict_continues_where_it_was(name):
    o = SGD([{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(2)], lr=0.1, momentum=0.9)
    scheduler = SCHEDULERS[name](torch, o)
    rates(o, scheduler, 5)
    scheduler_state, optimizer_state = scheduler.state_dict(), o.state_dict()
    expected = rates(o, scheduler, 5)

    other = SGD([{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(2)], lr=0.1, momentum=0.9)
    resumed = SCHEDULERS[name](torch, other)
    other.load_state_dict(optimizer_state)
    resumed.load_state_dict(scheduler_state)
    assert rates(other, resumed, 5) == pytest.approx(expected, rel=1e-12)


def test_a_tensor_learning_rate_is_changed_in_place():
    lr = torch.tensor(0.5)
    o = optimizer(lr)
    rates(o, lr_scheduler.ExponentialLR(o, 0.5), 1)
    assert o.param_groups[0]["lr"] is lr
    assert lr.item() == 0.25


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.StepLR(o, 3),
        lambda o: lr_scheduler.MultiStepLR(o, [2, 4]),
        lambda o: lr_scheduler.ConstantLR(o),
        lambda o: lr_scheduler.LinearLR(o),
        lambda o: lr_scheduler.ExponentialLR(o, 0.9),
        lambda o: lr_scheduler.PolynomialLR(o, 10),
        lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    ],
)
def test_closed_form_agrees_with_the_steps(make):
    o = optimizer()
    stepwise = rates(o, make(o), 8)
    o = optimizer()
    scheduler = make(o)
    for epoch, expected in enumerate(stepwise, 1):
        o.step()
        with pytest.warns(UserWarning, match="epoch parameter"):
            scheduler.step(epoch)
        assert o.param_groups[0]["lr"] == pytest.approx(expected, rel=1e-9)
    assert scheduler.get_last_lr() == [o.param_groups[0]["lr"]]


def test_resuming_needs_the_initial_learning_rate():
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups"):
        lr_scheduler.StepLR(optimizer(), 3, last_epoch=4)


def test_wrong_order_is_warned_of():
    o = optimizer()
    scheduler = lr_scheduler.StepLR(o, 3)
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"):
        scheduler.step()
    o = optimizer()
    scheduler = lr_scheduler.StepLR(o, 3)
    o.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
    with pytest.warns(UserWarning, match="please use `get_last_lr\\(\\)`"):
        scheduler.get_lr()


def test_cyclic_moves_beta1_of_adam():
    o = optimizer(cls=Adam)
    lr_scheduler.CyclicLR(o, 0.01, 0.1, 4)
    assert o.param_groups[0]["betas"] == (0.9, 0.999)
    o = optimizer(cls=Adam)
    scheduler = lr_scheduler.OneCycleLR(o, 0.1, total_steps=10)
    rates(o, scheduler, 2)
    assert o.param_groups[0]["betas"][0] == pytest.approx(0.85)
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        rates(o, scheduler, 9)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda o: lr_scheduler.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda o: lr_scheduler.LambdaLR(o, [len, len]), ValueError, "Expected 1 lr_lambdas, but got 2"),
        (lambda o: lr_scheduler.MultiplicativeLR(o, 3), TypeError, "lr_lambda should be a function, but got int"),
        (lambda o: lr_scheduler.ConstantLR(o, 2), ValueError, "expected to be between 0 and 1"),
        (lambda o: lr_scheduler.LinearLR(o, 0), ValueError, "Starting multiplicative factor"),
        (lambda o: lr_scheduler.LinearLR(o, 1, 2), ValueError, "Ending multiplicative factor"),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 0), ValueError, "positive integer T_0, but got 0"),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult >= 1, but got 0"),
        (lambda o: lr_scheduler.CyclicLR(o, 0.1, 1, mode="x"), ValueError, "mode is invalid"),
        (lambda o: lr_scheduler.CyclicLR(o, [0.1, 0.2], 1), ValueError, "base_lr must have the same length"),
        (lambda o: lr_scheduler.CyclicLR(optimizer(cls=Adadelta), 0.1, 1), ValueError, "must support momentum or"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1), ValueError, "You must define either total_steps OR"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 10, pct_start=2.0), ValueError, "between 0 and 1 pct_start"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 10, anneal_strategy="x"), ValueError, "anneal_strategy must be"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0."),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="x"), ValueError, "mode x is unknown!"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[0, 0]), ValueError, "expected 1 min_lrs, got 2"),
        (lambda o: lr_scheduler.SequentialLR(o, [], []), ValueError, "expects at least one scheduler"),
        (lambda o: lr_scheduler.ChainedScheduler([]), ValueError, "at least one scheduler to be chained"),
        (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 1)], [1]), ValueError, "one more than"),
        (lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ReduceLROnPlateau(o)]), ValueError, "does not support"),
        (
            lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.StepLR(o, 1), lr_scheduler.StepLR(optimizer(), 1)]),
            ValueError,
            "belong to the same optimizer",
        ),
        (lambda o: swa_utils.SWALR(o, 0.1, -1), ValueError, "anneal_epochs must be equal or greater than 0"),
        (lambda o: swa_utils.get_ema_avg_fn(2), ValueError, "Invalid decay value 2"),
    ],
)
def test_bad_options(make, error, match):
    with pytest.raises(error, match=match):
        make(optimizer())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2.0),
        ({"avg_fn": lambda average, p, n: average * 0.5 + p * 0.5}, 2.25),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, 2.25),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, 2.0),
    ],
)
def test_averaged_model(options, expected):
    model = torch.nn.Linear(1, 1, bias=False)
    averaged = swa_utils.AveragedModel(model, **options)
    for value in (1.0, 2.0, 3.0):
        with torch.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
    assert averaged.module.weight.item() == pytest.approx(expected)
    assert averaged.n_averaged.item() == 3
    assert averaged(torch.ones(1, 1)).item() == pytest.approx(expected)


def test_update_bn_averages_over_the_data():
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(1))
    model.eval()
    loader = [[torch.tensor([[0.0], [2.0]])], [torch.tensor([[4.0], [6.0]])]]
    swa_utils.update_bn(loader, model)
    assert model[0].running_mean.item() == pytest.approx(3.0)
    assert model[0].momentum == 0.1
    assert not model.training
