"""What nodes save: by PyTorch's names, without circles, packed by hooks, refused once freed or overwritten."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.autograd import graph


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values or (1.0, 2.0), requires_grad=True)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed here is freed by counting references alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_saved_input_is_the_input_itself() -> None:
    x = leaf()
    y = x.pow(2)
    assert x.equal(y.grad_fn._saved_self) and x is y.grad_fn._saved_self
    assert y.grad_fn._saved_exponent == 2


def test_a_saved_output_is_the_same_memory_in_another_object() -> None:
    y = leaf().exp()
    saved = y.grad_fn._saved_result
    assert y.equal(saved) and y is not saved and y.data_ptr() == saved.data_ptr()
    assert saved.grad_fn is y.grad_fn


def test_what_is_saved_of_an_input_that_is_no_leaf_stays_in_the_graph() -> None:
    x = leaf()
    middle = x * 3
    y = middle.pow(2)
    assert y.grad_fn._saved_self is middle
    (g,) = torch.autograd.grad(y.grad_fn._saved_self.sum(), x)
    assert g.tolist() == [3.0, 3.0]


NAMES: list[tuple[Any, dict[str, Any]]] = [
    (lambda x: x.sum(0), {"dim": (0,), "keepdim": False, "self_sym_sizes": (2,)}),
    (lambda x: x.mean(), {"self_sym_sizes": (2,), "self_sym_numel": 2}),
    (lambda x: x.softmax(0), {"dim": 0}),
    (lambda x: x[1], {"dim": 0, "index": 1}),
    (lambda x: x.clamp(0, 1), {"min": 0, "max": 1}),
    (lambda x: x.view(1, 2), {"self_sym_sizes": (2,)}),
    (lambda x: x.add(x, alpha=3), {"alpha": 3}),
    (lambda x: x + x, {"alpha": 1}),
    (lambda x: torch.cat([x, x]), {"dim": 0}),
    (lambda x: x.repeat(2), {"repeats": (2,)}),
    (lambda x: x.view(1, 2).transpose(0, 1), {"dim0": 0, "dim1": 1}),
    (lambda x: nn.functional.gelu(x), {"approximate": "none"}),
    (lambda x: nn.functional.leaky_relu(x, 0.5), {"negative_slope": 0.5}),
    (lambda x: nn.functional.mse_loss(x, torch.ones(2)), {"reduction": 1}),
    (lambda x: x * 2.0, {"self": None}),
    (lambda x: x.split(1)[0], {"dim": 0, "split_size": 1}),
]


@pytest.mark.parametrize(("make", "saved"), NAMES)
def test_names_and_values_of_what_is_saved(make: Any, saved: dict[str, Any]) -> None:
    node = make(leaf()).grad_fn
    for name, value in saved.items():
        assert getattr(node, f"_saved_{name}") == value, name
    with pytest.raises(AttributeError, match="has no attribute '_saved_nothing'"):
        node._saved_nothing  # noqa: B018


def test_dir_lists_what_is_saved() -> None:
    listed = dir((leaf() * leaf()).grad_fn)
    assert {"_saved_self", "_saved_other", "_raw_saved_self", "_raw_saved_other", "next_functions"} <= set(listed)


def test_freed_with_the_last_reference(no_collector: None) -> None:
    x = leaf()
    for make in (
        torch.exp,
        torch.sigmoid,
        lambda t: t.pow(2),
        lambda t: t * t,
        lambda t: t.softmax(0),
        lambda t: t.max(0)[0],
    ):
        middle = x * 2
        y = make(middle)
        alive = [weakref.ref(y), weakref.ref(middle), weakref.ref(y.grad_fn), weakref.ref(middle.grad_fn)]
        del middle
        z = y + 1
        del y
        assert z.grad_fn is not None
        del z
        assert [ref() for ref in alive] == [None] * 4


def test_packing_an_output_makes_no_circle(no_collector: None) -> None:
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = leaf().exp()
    alive = weakref.ref(y)
    node = weakref.ref(y.grad_fn)
    del y
    assert alive() is None and node() is None


def test_used_after_it_was_freed() -> None:
    y = leaf().exp()
    raw = y.grad_fn._raw_saved_result
    y.sum().backward()
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already been freed"):
        y.grad_fn._saved_result  # noqa: B018
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="Calling register_hooks on a saved tensor after it has been freed"):
        raw.register_hooks(lambda t: t, lambda t: t)
    assert "_saved_result" in dir(y.grad_fn)


def test_hooks_see_what_is_saved_and_what_they_return_is_used() -> None:
    x, seen = leaf(3.0, 4.0), []

    def pack(t: torch.Tensor) -> tuple[str, torch.Tensor]:
        seen.append(t is x)
        return "packed", t * 2

    def unpack(packed: tuple[str, torch.Tensor]) -> torch.Tensor:
        assert packed[0] == "packed"
        return packed[1]

    with graph.saved_tensors_hooks(pack, unpack):
        y = x * x
    assert seen == [True, True]
    y.sum().backward()
    # each factor was packed as twice itself
    assert x.grad.tolist() == [12.0, 16.0]


def test_the_innermost_hooks_count_and_only_inside() -> None:
    x, calls = leaf(), []

    def hooks(name: str) -> graph.saved_tensors_hooks:
        return graph.saved_tensors_hooks(lambda t: (calls.append(name), t)[1], lambda t: t)

    with hooks("outer"):
        with hooks("inner"):
            x.exp()
        x.sin()
    x.cos()
    assert calls == ["inner", "outer"]


def test_hooks_with_second_derivatives() -> None:
    x = leaf(2.0, 3.0)
    with graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
        y = (x**3).sum()
        (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert first.tolist() == [12.0, 27.0] and second.tolist() == [12.0, 18.0]


def test_packing_to_disk_trains_to_the_same_numbers(tmp_path: Path) -> None:
    class OnDisk:
        def __init__(self, name: Path) -> None:
            self.name = name

        def __del__(self) -> None:
            self.name.unlink()

    count = 0

    def pack(t: torch.Tensor) -> OnDisk:
        nonlocal count
        count += 1
        torch.save(t, tmp_path / f"{count}.pt")
        return OnDisk(tmp_path / f"{count}.pt")

    def unpack(packed: OnDisk) -> torch.Tensor:
        return torch.load(packed.name)

    def losses(context: Any) -> list[float]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        x = torch.randn(16, 4)
        found = []
        for _ in range(10):
            with context():
                loss = nn.functional.mse_loss(model(x), (x.sum(1, keepdim=True) > 0).float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    import contextlib

    assert losses(lambda: graph.saved_tensors_hooks(pack, unpack)) == losses(contextlib.nullcontext)
    assert count > 50 and not list(tmp_path.iterdir())


def test_save_on_cpu() -> None:
    x = leaf()
    with graph.save_on_cpu():
        y = x * x * 3
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]


def test_hooks_around_in_place_ops_get_what_was_there_before() -> None:
    x = leaf(2.0, 3.0)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (x * 1).mul_(x)
        z = (x * 1).sin_()
    (y.sum() + z.sum()).backward()
    assert torch.allclose(x.grad, 2 * x.detach() + x.detach().cos())


def test_hooks_of_one_saved_tensor() -> None:
    x = leaf()
    y = x.exp()
    raw = y.grad_fn._raw_saved_result
    raw.register_hooks(lambda t: t * 2, lambda t: t / 2)
    assert y.grad_fn._saved_result.equal(y)
    with pytest.raises(RuntimeError, match="whose hooks have already been set"):
        raw.register_hooks(lambda t: t, lambda t: t)
    y.sum().backward()
    assert torch.allclose(x.grad, x.detach().exp())


def boom(_: Any) -> Any:
    raise ValueError("boom")


def test_refusals_of_hooks() -> None:
    x = leaf()
    with graph.saved_tensors_hooks(boom, boom):
        with pytest.raises(ValueError, match="^boom$"):
            x * x
        x + x  # saves nothing
    with graph.saved_tensors_hooks(lambda t: t, boom):
        y = x * x
    with pytest.raises(ValueError, match="^boom$"):
        y.sum().backward()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 5):
        y = x * x
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of type int"):
        y.sum().backward()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: torch.ones(3)):
        y = x * x
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(2\) must match the size of tensor b \(3\)"):
        y.sum().backward()
    with graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
        with pytest.raises(RuntimeError, match="pack hook is modifying its input in place"):
            (x * 1).exp()
    with pytest.raises(TypeError, match="incompatible function arguments"), graph.saved_tensors_hooks(1, 2):  # type: ignore[arg-type]
        pass
    assert x.grad is None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_hooks_disabled() -> None:
    with graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="^not here$"), graph.saved_tensors_hooks(boom, boom):
            pass
        leaf().exp()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        with pytest.raises(RuntimeError, match="^not now$"), graph.disable_saved_tensors_hooks("not now"):
            pass


def test_mutation_allowed() -> None:
    x = leaf(2.0, 3.0)
    with graph.allow_mutation_on_saved_tensors():
        y = x.clone()
        first = (y**2).sum()
        y.sin_()
        second = (y**2).sum()
        y[0] = 5.0
        (first + second).backward()
    values = x.detach()
    assert torch.allclose(x.grad, 2 * values + 2 * values.sin() * values.cos())
    with graph.allow_mutation_on_saved_tensors():
        loss = (leaf() ** 2).sum()
    with pytest.raises(AssertionError, match="Trying to backward outside of the 'allow_mutation_on_saved_tensors'"):
        loss.backward()


def test_versions_counted_by_hand() -> None:
    x = leaf()
    y = x * x
    graph.increment_version(x)
    assert x._version == 1
    with pytest.raises(RuntimeError, match="is at version 1; expected version 0"):
        y.sum().backward()
    graph.increment_version([x, x])
    assert x._version == 3


def test_data_has_a_version_of_its_own() -> None:
    x = leaf()
    y = x.sin()
    x.data.add_(1)
    assert x._version == 0
    y.sum().backward()
    assert torch.allclose(x.grad, torch.tensor([2.0, 3.0]).cos())
    x.data = torch.tensor([5.0, 6.0])
    assert x._version == 0 and x.tolist() == [5.0, 6.0]


def test_a_leaf_whose_data_was_exchanged_is_the_same_leaf() -> None:
    x = leaf()
    y = x * 2
    x.data = torch.tensor([5.0, 6.0])
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [2.0, 2.0]
