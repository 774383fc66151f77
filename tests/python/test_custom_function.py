"""`autograd.Function`: both styles, what ctx offers, in-place and view outputs, higher orders, refusals."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import rusttorch as torch
from rusttorch.autograd import Function, graph
from rusttorch.autograd.function import once_differentiable


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values or (1.0, 2.0), requires_grad=True)


class Exp(Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        result = x.exp()
        ctx.save_for_backward(result)
        ctx.factor = 1
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (result,) = ctx.saved_tensors
        return gradient * result * ctx.factor


class Power(Function):
    """In the other style: forward without ctx."""

    @staticmethod
    def forward(x: torch.Tensor, n: int = 3) -> torch.Tensor:
        return x**n

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.n = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (x,) = ctx.saved_tensors
        return gradient * ctx.n * x ** (ctx.n - 1), None


def test_both_styles() -> None:
    x = leaf()
    Exp.apply(x).sum().backward()
    assert torch.allclose(x.grad, x.detach().exp())
    for y in (Power.apply(x, 3), Power.apply(x), Power.apply(x, n=3)):
        assert torch.autograd.grad(y.sum(), x)[0].tolist() == [3.0, 12.0]


def test_the_ctx_is_the_node() -> None:
    x = leaf()
    y = Exp.apply(x)
    node = y.grad_fn
    assert node.name() == type(node).__name__ == "ExpBackward" and isinstance(node, graph.Node)
    assert node is y.grad_fn and node.factor == 1 and node.needs_input_grad == (True,)
    assert node.next_functions[0][0].variable is x
    assert node.saved_tensors[0].equal(y) and node.saved_tensors[0] is not y
    node.factor = 10
    node.metadata["note"] = 1
    node.register_hook(lambda inputs, outputs: (inputs[0] + 1,))
    y.sum().backward()
    assert torch.allclose(x.grad, 10 * x.detach().exp() + 1)
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already been freed"):
        node.saved_tensors  # noqa: B018
    with pytest.raises(AttributeError, match="'ExpBackward' object has no attribute 'nothing'"):
        node.nothing  # noqa: B018


def test_higher_orders() -> None:
    x = leaf(0.5, 1.5)
    (first,) = torch.autograd.grad(Power.apply(x, 4).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    assert torch.allclose(second, 12 * x.detach() ** 2) and torch.allclose(third, 24 * x.detach())
    (first,) = torch.autograd.grad((Exp.apply(x) * x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert torch.allclose(second, (x.detach() + 2) * x.detach().exp())


def test_several_outputs_and_arguments_that_are_no_tensors() -> None:
    class Scale(Function):
        @staticmethod
        def forward(ctx: Any, a: torch.Tensor, by: float, b: torch.Tensor, name: str) -> Any:
            ctx.by = by
            return a * by, name, b * by

        @staticmethod
        def backward(ctx: Any, first: Any, name: Any, second: Any) -> Any:
            assert name is None
            ctx.seen = first.tolist(), second.tolist()
            return first * ctx.by, None, second * ctx.by * 2, None

    a, b = leaf(), leaf()
    first, name, second = Scale.apply(a, 3.0, b, "n")
    assert name == "n" and first.grad_fn is second.grad_fn and (first.output_nr, second.output_nr) == (0, 1)
    first.sum().backward(retain_graph=True)
    # a gradient that is missing comes as zeros
    assert first.grad_fn.seen == ([1.0, 1.0], [0.0, 0.0]) and a.grad.tolist() == [3.0, 3.0]
    (first * second).sum().backward()
    assert a.grad.tolist() == [3 + 9.0, 3 + 18.0] and b.grad.tolist() == [18.0, 36.0]


def test_gradients_that_are_not_materialized() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> Any:
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            return first if second is None else second

    x = leaf()
    assert torch.autograd.grad(Two.apply(x)[0].sum(), x)[0].tolist() == [1.0, 1.0]
    assert torch.autograd.grad(Two.apply(x)[1].sum(), x)[0].tolist() == [1.0, 1.0]


def test_a_function_runs_though_no_gradient_reached_it() -> None:
    class Nothing(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> None:
            return None

    ran = []

    class Below(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            ran.append(gradient.tolist())
            return gradient

    x = leaf()
    Nothing.apply(Below.apply(x)).sum().backward()
    assert ran == [[0.0, 0.0]]


def test_outputs_without_a_gradient() -> None:
    class Largest(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> Any:
            mask = (x > 1).float()
            ctx.mark_non_differentiable(mask)
            return x * 2, x.argmax(), mask

        @staticmethod
        def backward(ctx: Any, gradient: Any, index: Any, mask: Any) -> Any:
            assert mask.tolist() == [0.0, 0.0]
            return gradient * 2

    x = leaf()
    y, index, mask = Largest.apply(x)
    assert (y.requires_grad, index.requires_grad, mask.requires_grad) == (True, False, False)
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [2.0, 2.0]


class Double(Function):
    """In place."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * 2


def test_in_place() -> None:
    x = leaf()
    y = x.clone()
    z = Double.apply(y)
    assert z is y and y.grad_fn.name() == "DoubleBackward" and y._version >= 1
    (y * y).sum().backward()
    assert x.grad.tolist() == [8.0, 16.0]
    saved = x.clone()
    loss = saved.exp().sum() + saved.pow(2).sum()
    Double.apply(saved)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        loss.backward()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        Double.apply(x)


def test_in_place_on_a_view() -> None:
    x = leaf()
    y = x.clone()
    part = y[:1]
    assert Double.apply(part) is part
    assert y.grad_fn.name() == "torch::autograd::CopySlices" and y.tolist() == [2.0, 2.0]
    (y * y).sum().backward()
    assert x.grad.tolist() == [8.0, 4.0]


def test_an_input_handed_back_is_a_view_that_may_not_be_written_to() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.view(2, 1) if ctx.needs_input_grad[0] and x.dim() == 1 and x[0] > 3 else x

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient.view(2) * 5

    for x in (leaf(), leaf(4.0, 5.0)):
        y = Same.apply(x)
        assert y is not x and y._is_view() and y.data_ptr() == x.data_ptr() and y.grad_fn.name() == "SameBackward"
        with pytest.raises(RuntimeError, match="Output 0 of Same is a view and is being modified inplace"):
            y.mul_(2)
        y.sum().backward()
        assert x.grad.tolist() == [5.0, 5.0]
    with torch.no_grad():
        y = Same.apply(x)
        assert y is not x and not y.requires_grad


def test_nothing_is_recorded_where_nothing_requires_grad() -> None:
    y = Exp.apply(torch.ones(2))
    assert not y.requires_grad and y.grad_fn is None
    with torch.no_grad():
        assert not Exp.apply(leaf()).requires_grad


def test_once_differentiable() -> None:
    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * 2 * ctx.saved_tensors[0]

    x, seed = leaf(), torch.ones(2, requires_grad=True)
    (g,) = torch.autograd.grad(Square.apply(x), x, seed, create_graph=True)
    assert g.tolist() == [2.0, 4.0] and g.requires_grad
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once_diff"):
        g.sum().backward()


def test_saved_tensors_are_checked_and_need_not_be_arguments() -> None:
    class Middle(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            middle = x * 7
            ctx.save_for_backward(middle, None, x)
            return middle + 1

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            middle, nothing, x = ctx.saved_tensors
            assert nothing is None
            return gradient * middle / x

    x = leaf()
    Middle.apply(x).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]
    y = x.clone()
    z = Middle.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as error:
        z.sum().backward()
    assert "MiddleBackward saved it" in str(error.value) and "add_ overwrote it" in str(error.value)


def returning(result: Any) -> type[Function]:
    class Bad(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor, n: int) -> torch.Tensor:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> Any:
            return result(g)

    return Bad


WRONG: list[tuple[Any, str]] = [
    (lambda g: g, r"function BadBackward returned an incorrect number of gradients \(expected 3, got 1\)"),
    (lambda g: (g, g, None, g), r"returned an incorrect number of gradients \(expected 3, got 4\)"),
    (lambda g: (g, g, g), "returned a gradient different than None at position 3, but the corresponding forward input"),
    (lambda g: (g, 3, None), r"expected Variable or None \(got int\)"),
    (
        lambda g: (torch.ones(3), g, None),
        r"Function BadBackward returned an invalid gradient at index 0 - got \[3\] but expected shape compatible with \[2\]",
    ),
    (lambda g: (g, g[:1], None), r"returned an invalid gradient at index 1 - got \[1\]"),
]


@pytest.mark.parametrize(("result", "words"), WRONG)
def test_wrong_gradients(result: Any, words: str) -> None:
    x = leaf()
    with pytest.raises(RuntimeError, match=words):
        returning(result).apply(x, x, 1).sum().backward()
    assert x.grad is None
    returning(lambda g: (g, g, None, None)).apply(x, x, 1).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_refusals() -> None:
    class NotReturned(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.mark_dirty(x)
            return x * 1

    class SavesNumber(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x, 5)  # type: ignore[arg-type]
            return x

    class NoBackward(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

    with pytest.raises(RuntimeError, match="Some elements marked as dirty during the forward method were not returned"):
        NotReturned.apply(leaf().clone())
    with pytest.raises(TypeError, match="save_for_backward can only save variables, but argument 1 is of type int"):
        SavesNumber.apply(leaf())
    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Function.apply(leaf())
    with pytest.raises(NotImplementedError, match="You must implement either the backward or vjp method"):
        NoBackward.apply(leaf()).sum().backward()
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        instance = Exp()
    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"):
        instance(leaf())


def test_an_exception_arrives_as_it_is_and_the_next_backward_works() -> None:
    class Mine(Exception):
        pass

    error = Mine("mine")

    class Fails(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            raise error

    x = leaf()
    with pytest.raises(Mine) as caught:
        Fails.apply(x).sum().backward()
    assert caught.value is error and error.args == ("mine",)
    Exp.apply(x).sum().backward()
    assert x.grad is not None


def test_a_backward_inside_a_backward() -> None:
    class Inner(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                x = ctx.saved_tensors[0].detach().requires_grad_()
                (x**3).backward(gradient)
            return x.grad

    x = leaf()
    y = Inner.apply(Inner.apply(x))
    y.sum().backward()
    assert torch.allclose(x.grad, 9 * x.detach() ** 8)


def test_circles_through_ctx_and_hooks_are_collected() -> None:
    class Keeps(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    gc.collect()
    gc.disable()  # until all are made
    alive = []
    for _ in range(3):
        y = Keeps.apply(leaf())
        y.grad_fn.itself = y
        alive.append(weakref.ref(y))
        x = leaf()
        x.register_hook(lambda g, x=x: x)
        alive.append(weakref.ref(x))
        z = leaf() * 2
        z.register_hook(lambda g, z=z: z)
        alive.append(weakref.ref(z))
        w = leaf() * 2
        w.grad_fn.register_hook(lambda i, o, w=w: None)
        alive.append(weakref.ref(w))
        v = leaf() * 2
        v.me = v
        alive.append(weakref.ref(v))
        del x, y, z, w, v
    assert all(ref() is not None for ref in alive)
    gc.enable()
    gc.collect()
    assert [ref() for ref in alive] == [None] * len(alive)
