"""`autograd.backward` and `autograd.grad`: what they accept, give and refuse, in PyTorch's words."""

from collections import UserDict
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import autograd


def leaf() -> torch.Tensor:
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_backward_adds_to_leaves() -> None:
    x = leaf()
    (x * x).sum().backward()
    (x * x).backward(torch.tensor([1.0, 0.0, 1.0]))
    autograd.backward([x.sum(), x * 2], [None, torch.ones(3)])
    assert x.grad.tolist() == [2 + 2 + 3, 4 + 0 + 3, 6 + 6 + 3]


def test_backward_into_some_inputs() -> None:
    x, y = leaf(), leaf()
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [1.0, 2.0, 3.0] and y.grad is None
    (x * y).sum().backward(inputs={"y": y})
    assert y.grad.tolist() == [1.0, 2.0, 3.0]


def test_grad_leaves_grad_alone() -> None:
    x, y = leaf(), leaf()
    loss = (x * y).sum()
    by_x, by_y = autograd.grad(loss, (x, y), retain_graph=True)
    assert by_x.tolist() == by_y.tolist() == [1.0, 2.0, 3.0] and x.grad is None
    assert autograd.grad(loss, x)[0].tolist() == [1.0, 2.0, 3.0]
    assert {name: g.tolist() for name, g in autograd.grad((x * 2).sum(), {"x": x}).items()} == {"x": [2.0] * 3}


def test_higher_orders() -> None:
    x = leaf()
    (first,) = autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = autograd.grad(first.sum(), x)
    assert second.tolist() == [6.0, 12.0, 18.0] and not second.requires_grad


def test_unused_inputs() -> None:
    x, y = leaf(), leaf()
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        autograd.grad(x.sum(), (x, y))
    assert autograd.grad(x.sum(), (x, y), allow_unused=True)[1] is None
    zeros = autograd.grad(x.sum(), (x, y), materialize_grads=True)[1]
    assert zeros.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed"):
        autograd.grad(x.sum(), x, materialize_grads=True, allow_unused=False)


def test_gradient_edges() -> None:
    x = leaf()
    y = x * 2
    edge = autograd.graph.get_gradient_edge(y)
    assert edge.node is y.grad_fn and edge.output_nr == 0
    assert type(autograd.graph.get_gradient_edge(x).node).__name__ == "AccumulateGrad"
    with pytest.raises(RuntimeError, match="It is not possible to get the gradient edge"):
        autograd.graph.get_gradient_edge(torch.ones(1))


def test_variable_is_the_tensor() -> None:
    x = torch.ones(2)
    assert isinstance(x, autograd.Variable)
    v = autograd.Variable(x, requires_grad=True)
    assert type(v) is torch.Tensor and v.requires_grad and v.data_ptr() == x.data_ptr()
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
        autograd.Variable([1.0])


x3 = torch.ones(3, requires_grad=True)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: (x3 * 2).backward(), RuntimeError, "grad can be implicitly created only for scalar outputs"),
    (
        lambda: (x3.sum() * 1j).backward(),
        RuntimeError,
        "grad can be implicitly created only for real scalar outputs but got torch.complex64",
    ),
    (
        lambda: (x3 * 2).backward(torch.ones(2)),
        RuntimeError,
        r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[2\]\) "
        r"and output\[0\] has a shape of torch.Size\(\[3\]\).",
    ),
    (
        lambda: (x3 * 2).backward(torch.ones(3) * 1j),
        RuntimeError,
        "both grad_output and output are required to have the same dtype",
    ),
    (lambda: x3.sum().backward(5), TypeError, "'int' object is not iterable"),
    (lambda: x3.sum().backward([5]), TypeError, "gradients can be either Tensors or None, but got int"),
    (lambda: x3.sum().backward(inputs=[]), RuntimeError, r"`inputs` argument to `backward\(\)` cannot be empty."),
    (lambda: autograd.grad(x3.sum(), []), RuntimeError, r"`inputs` argument to `grad\(\)` cannot be empty."),
    (lambda: autograd.grad(x3.sum(), UserDict(x=x3)), TypeError, "must be a dict, not UserDict"),
    (lambda: autograd.backward([x3.sum()], []), RuntimeError, "got 1 tensors and 0 gradients"),
    (lambda: autograd.backward([1.0]), AssertionError, "Expected output to be a torch.Tensor"),
    (lambda: torch.ones(1).backward(), RuntimeError, "does not require grad and does not have a grad_fn"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_second_backward_needs_the_graph() -> None:
    x = leaf()
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


def test_former_name_of_grad_tensors() -> None:
    x = leaf()
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        autograd.backward(x * 2, grad_variables=torch.ones(3))
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
