"""Activation checkpointing: the same numbers from less memory, however backward is run."""

import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from checkpoint_cases import Counted, curve, gradient_of, leaf

import rusttorch as torch
from rusttorch import nn
from rusttorch.autograd.graph import disable_saved_tensors_hooks, saved_tensors_hooks
from rusttorch.utils.checkpoint import (
    CheckpointError,
    GraphExecGroup,
    checkpoint,
    checkpoint_sequential,
    detach_variable,
    get_device_states,
    set_checkpoint_early_stop,
    set_device_states,
)

both_ways = pytest.mark.parametrize("use_reentrant", [False, True], ids=["recorded", "reentrant"])


@both_ways
def test_backward_runs_the_function_once_more(use_reentrant: bool) -> None:
    function = Counted(curve)
    x = leaf()
    y = checkpoint(function, x, use_reentrant=use_reentrant)
    assert torch.equal(y, curve(x)) and function.calls == 1
    y.sum().backward()
    assert function.calls == 2 and torch.equal(x.grad, gradient_of(curve))


class Block(nn.Module):
    """A residual block with every kind of state: weights, running statistics and random numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(0.3), nn.Linear(2 * width, width), nn.LayerNorm(width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


def train(run: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> tuple[list[float], list[torch.Tensor]]:
    """The losses of a few steps, and the last gradients."""
    torch.manual_seed(0)
    blocks = nn.ModuleList([Block(8) for _ in range(4)])
    head = nn.Linear(8, 1)
    parameters = [*blocks.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=0.01)
    data = torch.randn(16, 8)
    losses = []
    for _ in range(5):
        x = data.requires_grad_()
        for block in blocks:
            x = run(block, x)
        loss = head(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [parameter.grad for parameter in parameters]


@both_ways
def test_training_gives_the_same_bits(use_reentrant: bool) -> None:
    plain_losses, plain = train(lambda block, x: block(x))
    losses, gradients = train(lambda block, x: checkpoint(block, x, use_reentrant=use_reentrant))
    assert losses == plain_losses and len(set(losses)) == 5
    assert all(torch.equal(a, b) for a, b in zip(gradients, plain, strict=True))


@both_ways
def test_random_numbers(use_reentrant: bool) -> None:
    def noisy(x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, 0.5).sin() * torch.rand(64)

    def run(**options: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        torch.manual_seed(3)
        x = leaf(64)
        y = checkpoint(noisy, x, use_reentrant=use_reentrant, **options) if options else noisy(x)
        torch.rand(5)
        y.sum().backward()
        return y.detach(), x.grad, torch.rand(1)

    plain, kept = run(), run(preserve_rng_state=True)
    assert all(torch.equal(a, b) for a, b in zip(plain, kept, strict=True))
    forgotten = run(preserve_rng_state=False)
    assert torch.equal(forgotten[0], plain[0])
    assert not torch.equal(forgotten[1], plain[1]) and not torch.equal(forgotten[2], plain[2])


def test_activations_are_freed() -> None:
    made: list[weakref.ref[Any]] = []

    def function(x: torch.Tensor) -> torch.Tensor:
        mask = np.ones(4, dtype=np.float32)
        made.append(weakref.ref(mask))
        return x * torch.from_numpy(mask)

    x = leaf()
    y = function(x)
    assert made.pop()() is not None, "saved for backward"
    del y
    for use_reentrant in (False, True):
        y = checkpoint(function, x, use_reentrant=use_reentrant)
        assert made[-1]() is None
        y.sum().backward(retain_graph=True)
        assert len(made) == 2 and made[-1]() is None, "what was recomputed is gone, although the graph is kept"
        made.clear()


def test_what_a_partial_backward_leaves_unused_is_freed() -> None:
    made: list[weakref.ref[Any]] = []

    def function(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        masks = [np.ones(4, dtype=np.float32) for _ in range(2)]
        made.extend(map(weakref.ref, masks))
        first, second = map(torch.from_numpy, masks)
        return x * first, x * second

    x = leaf()
    first, second = checkpoint(function, x, use_reentrant=False)
    torch.autograd.grad(first.sum(), x, retain_graph=True)
    assert len(made) == 4 and not any(mask() is not None for mask in made)
    assert torch.equal(torch.autograd.grad(second.sum(), x)[0], torch.ones(4)) and len(made) == 6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of memory in use from /proc")
def test_a_deep_model_needs_less_memory() -> None:
    code = """
import re, sys
import rusttorch as torch
from rusttorch.utils.checkpoint import checkpoint

def block(x):
    for _ in range(4):
        x = torch.tanh(x) + 0.5
    return x

x = start = torch.ones(1 << 20, requires_grad=True)  # 4 MB
for _ in range(12):
    x = block(x) if sys.argv[1] == "plain" else checkpoint(block, x, use_reentrant=sys.argv[1] == "reentrant")
x.sum().backward()
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]
print(peak, start.grad.sum().item())
"""

    def run(way: str) -> tuple[float, float]:
        out = subprocess.run([sys.executable, "-c", code, way], check=True, capture_output=True, text=True).stdout
        peak, gradient = out.split()
        return float(peak) / 1024, float(gradient)

    (plain, expected), *others = map(run, ("plain", "recorded", "reentrant"))
    for peak, gradient in others:
        # without checkpoints 48 tensors of 4 MB wait for backward, with them 12, and 4 while a block is recomputed
        assert plain - peak > 60 and gradient == expected


def test_recomputation_stops_early() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        return x.sin().exp() + 1

    for early_stop, overridden in ((True, None), (False, None), (True, False), (False, True)):
        counted = Counted(function)
        x = leaf()
        if overridden is None:
            y = checkpoint(counted, x, use_reentrant=False, early_stop=early_stop)
        else:
            with set_checkpoint_early_stop(overridden):
                y = checkpoint(counted, x, use_reentrant=False, early_stop=early_stop)
        y.sum().backward()
        stopped = early_stop if overridden is None else overridden
        assert counted.calls == 2 and counted.ends == (1 if stopped else 2)
        assert torch.equal(x.grad, gradient_of(function))


@both_ways
def test_several_backwards(use_reentrant: bool) -> None:
    function = Counted(curve)
    x = leaf()
    y = checkpoint(function, x, use_reentrant=use_reentrant).sum()
    for times in (1, 2, 3):
        y.backward(retain_graph=times < 3)
        assert function.calls == times + 1 and torch.allclose(x.grad, times * gradient_of(curve))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


def test_gradients_of_inputs() -> None:
    x, w = leaf(), leaf()
    function = Counted(lambda x, w: (x * w).sin() * w)
    y = checkpoint(function, x, w, use_reentrant=False).sum()
    of_x = torch.autograd.grad(y, x, retain_graph=True)
    of_w = torch.autograd.grad(y, w)
    expected = torch.autograd.grad(function.function(x, w).sum(), (x, w))
    assert torch.equal(of_x[0], expected[0]) and torch.equal(of_w[0], expected[1]) and function.calls == 3
    checkpoint(curve, x, use_reentrant=False).sum().backward(inputs=[x])
    assert torch.equal(x.grad, gradient_of(curve))


def test_reentrant_backward_takes_no_inputs() -> None:
    for run in (
        lambda x, y: torch.autograd.grad(y, x),
        lambda x, y: y.backward(inputs=[x]),
    ):
        x = leaf()
        y = checkpoint(curve, x, use_reentrant=True).sum()
        with pytest.raises(
            RuntimeError, match="^When use_reentrant=True, torch.utils.checkpoint is incompatible with .gr"
        ):
            run(x, y)
        checkpoint(curve, x, use_reentrant=True).sum().backward()  # the next one works again
        assert torch.equal(x.grad, gradient_of(curve))


def test_second_derivatives() -> None:
    def run(function: Callable[..., torch.Tensor]) -> torch.Tensor:
        x = leaf()
        (first,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        first.square().sum().backward()
        return x.grad

    assert torch.equal(run(lambda x: checkpoint(curve, x, use_reentrant=False)), run(curve))
    x = leaf().double().detach().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: checkpoint(curve, x, use_reentrant=False), x)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("inner_reentrant", [False, True])
@pytest.mark.parametrize("outer_reentrant", [False, True])
def test_nested(outer_reentrant: bool, inner_reentrant: bool) -> None:
    inner = Counted(lambda x: x.sin().exp())
    outer = Counted(lambda x: checkpoint(inner, x.cos(), use_reentrant=inner_reentrant).tanh())
    x = leaf()
    checkpoint(outer, x, use_reentrant=outer_reentrant).sum().backward()
    assert torch.equal(x.grad, gradient_of(lambda x: inner.function(x.cos()).tanh()))
    assert outer.calls == 2 and inner.calls == 3


def test_nested_deeply() -> None:
    calls = []

    def of_depth(depth: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def function(x: torch.Tensor) -> torch.Tensor:
            calls.append(depth)
            x = x.sin()
            if depth:
                x = checkpoint(of_depth(depth - 1), x, use_reentrant=False) if checked else of_depth(depth - 1)(x)
            return x.exp().cos()

        return function

    checked = False
    expected = gradient_of(of_depth(3))
    calls.clear()
    checked = True
    assert torch.equal(gradient_of(lambda x: checkpoint(of_depth(3), x, use_reentrant=False)), expected)
    # each level once more than the one around it
    assert [calls.count(depth) for depth in (3, 2, 1, 0)] == [2, 3, 4, 5]


@pytest.mark.parametrize("early_stop", [False, True])
@pytest.mark.parametrize("retain_graph", [False, True])
def test_backward_inside_the_function(early_stop: bool, retain_graph: bool) -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        z = y.cos()
        (gradient,) = torch.autograd.grad(z.sum(), x, retain_graph=retain_graph)
        return x.cos() * gradient * (z if retain_graph else 1)

    run = gradient_of(lambda x: checkpoint(function, x, use_reentrant=False, early_stop=early_stop))
    assert torch.equal(run, gradient_of(function))


@both_ways
def test_detached_inside(use_reentrant: bool) -> None:
    def function(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = x.sin()
        return y.detach() * x, y.detach()

    x = leaf()
    product, constant = checkpoint(function, x, use_reentrant=use_reentrant)
    assert constant.requires_grad == use_reentrant  # as PyTorch says of reentrant checkpoints
    product.sum().backward()
    assert torch.equal(x.grad, x.detach().sin())


def test_nothing_requires_grad() -> None:
    w = leaf()
    x = leaf().detach()
    with pytest.warns(UserWarning, match="^None of the inputs have requires_grad=True. Gradients will be None$"):
        assert not checkpoint(lambda x: x * w, x, use_reentrant=True).requires_grad
    checkpoint(lambda x: x * w, x, use_reentrant=False).sum().backward()
    assert torch.equal(w.grad, x)
    y = checkpoint(lambda x: x.detach() * 2, leaf(), use_reentrant=True)
    with pytest.raises(
        RuntimeError, match="^none of output has requires_grad=True, this checkpoint.. is not necessary$"
    ):
        y.sum().backward()


@both_ways
def test_arguments_and_results_of_other_kinds(use_reentrant: bool) -> None:
    x, whole = leaf(2), torch.tensor([1, 2])

    def function(x: torch.Tensor, k: int, d: dict[str, int], t: torch.Tensor) -> Any:
        return x * k * d["a"] * t, k, t

    product, k, t = checkpoint(function, x, 3, {"a": 2}, whole, use_reentrant=use_reentrant)
    product.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0] and k == 3 and torch.equal(t, whole)


def test_keyword_arguments_of_the_function() -> None:
    x, w = leaf(), leaf()
    checkpoint(lambda x, w, k: x.sin() * w * k, x, use_reentrant=False, w=w, k=3).sum().backward()
    assert torch.equal(w.grad, x.detach().sin() * 3)


@both_ways
def test_a_custom_function_inside(use_reentrant: bool) -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> Any:
            a, b = ctx.saved_tensors
            return gradient * b, gradient * a

    def function(x: torch.Tensor) -> torch.Tensor:
        return Product.apply(x.sin(), x).exp()

    assert torch.equal(
        gradient_of(lambda x: checkpoint(function, x, use_reentrant=use_reentrant)), gradient_of(function)
    )


def test_contexts_for_forward_and_recomputation() -> None:
    events: list[str] = []

    @contextmanager
    def noting(name: str) -> Iterator[None]:
        events.append(f"enter {name}")
        try:
            yield
        finally:
            events.append(f"exit {name}")

    y = checkpoint(curve, leaf(), use_reentrant=False, context_fn=lambda: (noting("forward"), noting("recompute")))
    assert events == ["enter forward", "exit forward"]
    y.sum().backward()
    assert events[2:] == ["enter recompute", "exit recompute"]

    @contextmanager
    def suppressing() -> Iterator[None]:
        try:
            yield
        except ZeroDivisionError:
            pass

    with pytest.raises(RuntimeError, match="the forward context provided by context_fn suppressed an exception"):
        checkpoint(lambda x: x / (1 // 0), leaf(), use_reentrant=False, context_fn=lambda: (suppressing(), noting("b")))


def test_without_recording_the_function_just_runs() -> None:
    function = Counted(curve)
    with torch.no_grad():
        assert not checkpoint(function, leaf(), use_reentrant=False).requires_grad
    assert function.calls == 1


def test_hooks_around_see_the_inputs_alone() -> None:
    seen: list[tuple[int, ...]] = []
    with saved_tensors_hooks(lambda t: seen.append(tuple(t.shape)) or t, lambda t: t):
        x = leaf()
        y = checkpoint(curve, x, use_reentrant=False)
    assert seen == [(4,)]
    y.sum().backward()
    assert seen == [(4,)] and torch.equal(x.grad, gradient_of(curve))
    with disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="^not here$"):
        checkpoint(curve, x, use_reentrant=False)


def test_saved_tensors_can_be_looked_at_outside_of_backward() -> None:
    function = Counted(torch.sin)
    x = leaf()
    y = checkpoint(function, x, use_reentrant=False)
    for calls in (2, 3):
        assert torch.equal(y.grad_fn._saved_self, x) and function.calls == calls
    y.sum().backward()
    assert torch.equal(x.grad, gradient_of(torch.sin))


def test_a_group_of_backwards_recomputes_once() -> None:
    function = Counted(lambda x: (x.sin(), x.exp().cos()))
    x = leaf()
    first, second = checkpoint(function, x, use_reentrant=False)
    with GraphExecGroup():
        first.sum().backward()
        second.sum().backward()
    assert function.calls == 2
    assert torch.allclose(x.grad, gradient_of(torch.sin) + gradient_of(lambda x: x.exp().cos()))
    first, _ = checkpoint(function, x, use_reentrant=False)
    with GraphExecGroup():
        first.sum().backward(retain_graph=True)
        with pytest.raises(CheckpointError, match="already unpacked once. Performing two backward calls that overlap"):
            first.sum().backward()
        with pytest.raises(RuntimeError, match="GraphExecGroup contexts cannot be nested"), GraphExecGroup():
            pass
    first.sum().backward()  # outside of the group as usual


@both_ways
@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_sequential(use_reentrant: bool, segments: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    counts = [Counted(layer) for layer in model]
    results = []
    for run in (
        lambda x: model(x),
        lambda x: checkpoint_sequential(model, segments, x, use_reentrant=use_reentrant),
        lambda x: checkpoint_sequential(counts, segments, x, use_reentrant=use_reentrant),
    ):
        torch.manual_seed(1)
        model.zero_grad()
        x = torch.ones(3, 4, requires_grad=True)
        run(x).sum().backward()
        results.append([x.grad, *[parameter.grad for parameter in model.parameters()]])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    in_checkpoints = 5 // segments * (segments - 1)
    assert [count.calls for count in counts] == [2] * in_checkpoints + [1] * (5 - in_checkpoints)


def test_sequential_refuses_and_warns() -> None:
    with pytest.raises(ValueError, match="^Unexpected keyword arguments: foo$"):
        checkpoint_sequential([torch.sin], 1, leaf(), use_reentrant=False, foo=1)
    with pytest.warns(UserWarning, match="^torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter"):
        checkpoint_sequential([torch.sin], 1, leaf())


def test_detach_variable() -> None:
    x = leaf() * 2
    copy, number, constant = detach_variable((x, 3, x.detach()))
    assert copy.is_leaf and copy.requires_grad and copy.data_ptr() == x.data_ptr()
    assert number == 3 and not constant.requires_grad
    with pytest.raises(RuntimeError, match="^Only tuple of tensors is supported. Got Unsupported input type: list$"):
        detach_variable([x])


def test_devices_have_no_random_numbers_of_their_own() -> None:
    devices, states = get_device_states(leaf())
    assert devices == states == []
    set_device_states(devices, states)
    with pytest.raises(RuntimeError, match="no device has a generator of its own"):
        set_device_states([0], [torch.get_rng_state()])


def test_loads_when_named() -> None:
    code = """
import sys, rusttorch as torch
assert "rusttorch.utils.checkpoint" not in sys.modules
assert torch.utils.checkpoint.checkpoint.__module__ == "rusttorch.utils.checkpoint"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
