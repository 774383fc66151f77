"""The switches for recording: as context managers and decorators, nested, in threads, generators and coroutines."""

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest

import rusttorch as torch


@pytest.fixture(autouse=True)
def mode_is_given_back() -> Iterator[None]:
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    yield
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_no_grad_and_enable_grad_nest() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not torch.is_grad_enabled()
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert (x * 2).requires_grad


def test_one_object_entered_twice() -> None:
    off = torch.no_grad()
    with off:
        with off:
            assert not torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_given_back_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), torch.no_grad():
        raise ZeroDivisionError
    assert torch.is_grad_enabled()


def test_set_grad_enabled_as_function_context_and_decorator() -> None:
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()

    @torch.set_grad_enabled(False)
    def recording() -> bool:
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled(), "decorating must not change the mode"
    assert recording() is False
    assert str(torch.set_grad_enabled(True)).endswith("set_grad_enabled(mode=True)")


@pytest.mark.parametrize("decorator", [torch.no_grad, torch.no_grad(), torch.inference_mode, torch.inference_mode()])
def test_decorated_function(decorator: Any) -> None:
    @decorator
    def recording(a: int, *, b: int) -> tuple[bool, int]:
        """Says whether it records."""
        return torch.is_grad_enabled(), a + b

    assert recording(1, b=2) == (False, 3)
    assert recording.__name__ == "recording" and recording.__doc__ == "Says whether it records."


def test_decorated_function_may_call_itself() -> None:
    @torch.no_grad()
    def depth(n: int) -> int:
        assert not torch.is_grad_enabled()
        result = depth(n - 1) + 1 if n else 0
        assert not torch.is_grad_enabled()
        return result

    assert depth(3) == 3


def test_decorated_class_warns() -> None:
    class Made:
        def __init__(self) -> None:
            self.recording = torch.is_grad_enabled()

    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):
        make = torch.no_grad()(Made)
    assert make().recording is False


def test_inference_mode() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        y = x * 2
        with torch.inference_mode(False):
            assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
    assert y.is_inference() and not y.requires_grad
    with torch.inference_mode(mode=False):
        assert torch.is_grad_enabled()


def test_the_mode_belongs_to_the_thread() -> None:
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
        assert not torch.is_grad_enabled()
    assert seen == [True]


def test_generator_steps_run_in_the_mode() -> None:
    @torch.no_grad()
    def steps() -> Generator[Any, Any, str]:
        received = yield torch.is_grad_enabled()
        try:
            yield received, torch.is_grad_enabled()
        except KeyError:
            yield "caught", torch.is_grad_enabled()
        return "done"

    generator = steps()
    assert next(generator) is False
    assert torch.is_grad_enabled()
    assert generator.send(5) == (5, False)
    assert torch.is_grad_enabled()
    with torch.no_grad(), torch.enable_grad():
        assert generator.throw(KeyError()) == ("caught", False)
        assert torch.is_grad_enabled()
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done"


def test_generator_closes_in_the_mode() -> None:
    seen = []

    @torch.no_grad()
    def steps() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(torch.is_grad_enabled())

    generator = steps()
    next(generator)
    generator.close()  # type: ignore[attr-defined]
    assert seen == [False]


def test_generator_lets_an_exception_out() -> None:
    @torch.no_grad()
    def steps() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(steps())


def test_methods_and_partials_of_generators() -> None:
    class Source:
        def steps(self, n: int) -> Iterator[bool]:
            for _ in range(n):
                yield torch.is_grad_enabled()

    assert list(torch.no_grad()(Source().steps)(2)) == [False, False]
    assert list(torch.no_grad()(functools.partial(Source().steps, 2))()) == [False, False]


def test_coroutines_interleaved() -> None:
    seen: list[tuple[str, bool]] = []

    @torch.no_grad()
    async def off() -> str:
        for _ in range(3):
            seen.append(("off", torch.is_grad_enabled()))
            await asyncio.sleep(0)
        return "off"

    async def on() -> str:
        for _ in range(3):
            seen.append(("on", torch.is_grad_enabled()))
            await asyncio.sleep(0)
        return "on"

    async def both() -> list[str]:
        return await asyncio.gather(off(), on())

    assert asyncio.run(both()) == ["off", "on"]
    assert inspect.iscoroutinefunction(off)
    assert set(seen) == {("off", False), ("on", True)} and len(seen) == 6


def test_asynchronous_generators() -> None:
    closed = []

    @torch.no_grad()
    async def steps() -> AsyncIterator[bool]:
        try:
            for _ in range(3):
                await asyncio.sleep(0)
                yield torch.is_grad_enabled()
        finally:
            closed.append(torch.is_grad_enabled())

    async def main() -> list[tuple[bool, bool]]:
        result = [(inside, torch.is_grad_enabled()) async for inside in steps()]
        unfinished = steps()
        await unfinished.__anext__()
        await unfinished.aclose()  # type: ignore[attr-defined]
        return result

    assert asyncio.run(main()) == [(False, True)] * 3
    assert closed == [False, False]


def test_inference_tensors_stay_out_of_graphs() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        made = torch.ones(2)
        view = x.view(2)
        with torch.enable_grad():  # records nothing in here
            assert not (x * 2).requires_grad
    assert made.is_inference() and made.view(2).is_inference() and made[:1].is_inference()
    assert not made.clone().is_inference() and not x.is_inference() and not view.requires_grad
    # an op that saves nothing may use one
    (x + made).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    for call, words in (
        (
            lambda: x * made,
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in infer",
        ),
        (lambda: made.add_(1), "Inplace update to inference tensor outside InferenceMode is not allowed"),
        (lambda: made.requires_grad_(), "Setting requires_grad=True on inference tensor outside InferenceMode"),
        (lambda: made._version, "Inference tensors do not track version counter"),
    ):
        with pytest.raises(RuntimeError, match=words):
            call()
    (made.clone() * x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_frozen_part_costs_nothing() -> None:
    saved = []
    frozen, head = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    frozen.requires_grad_(False)
    x = torch.ones(4, 2)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (saved.append(t.shape), t)[1], lambda t: t):
        hidden = torch.tanh(frozen(x))
        assert not hidden.requires_grad and hidden.grad_fn is None and saved == []
        head(hidden).sum().backward()
    assert len(saved) > 0 and frozen.weight.grad is None and head.weight.grad is not None
    # freezing one tensor leaves the others alone, and can be undone
    head.weight.requires_grad_(False)
    head(hidden).sum().backward()
    assert head.bias.grad.tolist() == [8.0]
    frozen.requires_grad_(True)
    assert frozen(x).requires_grad


def test_eval_is_no_switch_for_gradients() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.5)).eval()
    y = model(torch.ones(1, 2))
    assert y.requires_grad and y.equal(model(torch.ones(1, 2)))
    y.sum().backward()
    assert model[0].weight.grad is not None
    with torch.no_grad():
        assert not model.train()(torch.ones(1, 2)).requires_grad
