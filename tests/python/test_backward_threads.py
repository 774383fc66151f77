"""Backward from several threads, without the interpreter's lock, and over many steps: sums, errors, memory."""

from __future__ import annotations

import gc
import resource
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn


def in_threads(count: int, work: Callable[[int], None]) -> None:
    errors: list[BaseException] = []

    def run(i: int) -> None:
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads) and not errors, errors


def test_graphs_that_share_leaves_add_up() -> None:
    w = torch.ones(2000, requires_grad=True)

    def work(i: int) -> None:
        for _ in range(50):
            (w * float(i + 1)).sum().backward()

    in_threads(8, work)
    assert w.grad.tolist() == [50.0 * 36] * 2000


def test_one_graph_from_several_threads() -> None:
    x = torch.arange(4.0, requires_grad=True)
    middle = x * x
    losses = [(middle * (i + 1)).sum() for i in range(8)]
    in_threads(8, lambda i: losses[i].backward(retain_graph=True))
    assert x.grad.tolist() == [2 * v * 36 for v in range(4)]


def test_hooks_and_functions_in_threads() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            assert ctx.saved_tensors[0].shape == (3,)
            return gradient * 2

    w = torch.ones(3, requires_grad=True)
    calls = []
    w.register_hook(lambda g: calls.append(g.shape))

    def work(i: int) -> None:
        for _ in range(20):
            Twice.apply(w * 1).sum().backward()

    in_threads(6, work)
    assert w.grad.tolist() == [240.0] * 3 and calls == [(3,)] * 120


def test_an_exception_stays_in_its_thread() -> None:
    w = torch.ones(3, requires_grad=True)

    def hook(g: torch.Tensor) -> None:
        raise KeyError("only here")

    def work(i: int) -> None:
        y = w * 1
        if i % 2:
            y.register_hook(hook)
            with pytest.raises(KeyError, match="only here"):
                y.sum().backward()
        else:
            y.sum().backward()

    in_threads(8, work)
    assert w.grad.tolist() == [4.0] * 3


def test_backward_lets_other_threads_run() -> None:
    x = torch.ones(200, 200, requires_grad=True)
    y = x
    for _ in range(200):
        y = (y @ x) * 0.005
    loss = y.sum()
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.01)
    before = ticks
    loss.backward()
    during = ticks - before
    done.set()
    thread.join()
    # with the lock held, the other thread could not tick at all before backward returns
    assert during >= 3


def test_modes_and_hooks_belong_to_the_thread() -> None:
    seen = []
    with torch.no_grad(), torch.autograd.graph.saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        in_threads(2, lambda i: seen.append((torch.ones(1, requires_grad=True) * 2).exp().requires_grad))
    assert seen == [True, True]


def test_memory_stays_flat_over_many_steps() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            ctx.note = "note"
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * 2 + 0 * ctx.saved_tensors[0]

    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    model[0].register_full_backward_hook(lambda m, gi, go: None)
    model[2].register_forward_hook(lambda m, args, out: out * 1)
    model[0].weight.register_hook(lambda g: g * 1)
    model[2].weight.register_post_accumulate_grad_hook(lambda p: None)
    x = torch.ones(2, 4, requires_grad=True)

    def step() -> None:
        hidden = Twice.apply(model(x))
        hidden.register_hook(lambda g: g.clone())
        hidden.grad_fn.register_hook(lambda i, o: None)
        kept = hidden * 1
        kept.retain_grad()
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (t, 1), lambda p: p[0]):
            loss = (kept * kept).sum()
        optimizer.zero_grad()
        x.grad = None
        loss.backward()
        optimizer.step()

    def steps(count: int) -> None:
        for _ in range(count):
            step()
        gc.collect()

    steps(500)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    steps(100)
    python = tracemalloc.get_traced_memory()[0]
    objects = len(gc.get_objects())
    tracemalloc.stop()
    steps(10_000)
    # in KiB, the process's peak: what the engine itself allocates counts, too
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 2000
    assert len(gc.get_objects()) - objects < 500
    tracemalloc.start()
    steps(100)
    assert tracemalloc.get_traced_memory()[0] - python < 20_000
    tracemalloc.stop()
