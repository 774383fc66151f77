"""Hooks of tensors, leaves and nodes: their order, what they may return, handles; edges and nodes of the graph."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.autograd import graph


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values or (1.0, 2.0), requires_grad=True)


def test_order() -> None:
    x, log = leaf(), []
    x.register_hook(lambda g: log.append(("x first", g.tolist())))
    x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: log.append(("x third", g.tolist())))
    x.register_post_accumulate_grad_hook(lambda t: log.append(("x accumulated", t is x, t.grad.tolist())))
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: (log.append(("y", g.tolist())), g * 10)[1])
    y.grad_fn.register_prehook(lambda outputs: log.append(("before", outputs[0].tolist())))
    y.grad_fn.register_hook(lambda inputs, outputs: log.append(("after", inputs[0].tolist(), outputs[0].tolist())))
    y.sum().backward()
    assert log == [
        ("y", [1.0, 1.0]),
        ("before", [10.0, 10.0]),
        ("after", [30.0, 30.0], [10.0, 10.0]),
        ("x first", [30.0, 30.0]),
        ("x third", [60.0, 60.0]),
        ("x accumulated", True, [60.0, 60.0]),
    ]
    # a gradient is kept as all hooks leave it, whenever it was asked to be kept
    assert y.grad.tolist() == [10.0, 10.0] and x.grad.tolist() == [60.0, 60.0]


def test_a_hook_sees_the_sum_of_all_paths_once() -> None:
    x, seen = leaf(), []
    y = x * 1
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 2 + y * y + y.detach() * y).sum().backward()
    assert seen == [[2 + 2 + 1.0, 2 + 4 + 2.0]]


def test_hooks_of_nodes_replace_gradients() -> None:
    x = leaf()
    y = x * 3
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, *inputs[1:]))
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_hooks_of_the_node_that_accumulates() -> None:
    x, log = leaf(), []
    node = graph.get_gradient_edge(x).node
    assert node.name() == "torch::autograd::AccumulateGrad" and node.variable is x
    node.register_prehook(lambda g: (log.append(("before", x.grad)), (g[0] * 2,))[1])
    node.register_hook(lambda inputs, outputs: log.append((inputs, outputs[0].tolist(), x.grad.tolist())))
    (x * 3).sum().backward()
    assert log == [("before", None), ((), [6.0, 6.0], [6.0, 6.0])]


def test_handles() -> None:
    x = leaf()
    handle = x.register_hook(lambda g: g * 100)
    assert isinstance(x._backward_hooks, OrderedDict) and len(x._backward_hooks) == 1
    handle.remove()
    handle.remove()
    assert x._backward_hooks is None
    with x.register_hook(lambda g: g * 10):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [11.0, 11.0]
    y = x * 1
    handle = y.grad_fn.register_hook(lambda i, o: (i[0] * 5, *i[1:]))
    handle.remove()
    handle.remove()
    with y.grad_fn.register_prehook(lambda o: (o[0] * 3,)):
        y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert x.grad.tolist() == [15.0, 15.0]
    post = x.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None))
    x.sum().backward()
    assert x.grad is None
    post.remove()
    x.sum().backward()
    assert x.grad is not None


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda x: x.register_hook(lambda g: 5), TypeError, "^expected Variable, but hook returned 'int'$"),
    (lambda x: x.register_hook(lambda g: torch.ones(3)), RuntimeError, "hook '<lambda>' has changed the size of value"),
    (
        lambda x: x.register_hook(lambda g: g.double()),
        RuntimeError,
        r"has changed the type of value \(was torch.FloatTensor got torch.DoubleTensor\)",
    ),
    (
        lambda x: x.register_post_accumulate_grad_hook(lambda t: t),
        RuntimeError,
        "Tensor post accumulate grad hooks should return None",
    ),
]


@pytest.mark.parametrize(("register", "kind", "words"), REFUSED)
def test_what_hooks_may_not_return(register: Any, kind: type[Exception], words: str) -> None:
    x = leaf()
    handle = register(x)
    with pytest.raises(kind, match=words):
        (x * 1).sum().backward()
    handle.remove()
    x.grad = None
    (x * 1).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_what_hooks_of_nodes_may_not_return() -> None:
    y = leaf() * 1
    with y.grad_fn.register_prehook(lambda o: (o[0], o[0])):
        with pytest.raises(RuntimeError, match=r"incorrect number of values \(got 2, but expected 1\)"):
            y.sum().backward(retain_graph=True)
    with y.grad_fn.register_hook(lambda i, o: (i[0], i[0])):
        with pytest.raises(RuntimeError, match="can't replace a None gradient with a non-None value"):
            y.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        torch.ones(1).register_hook(lambda g: g)
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"):
        y.register_post_accumulate_grad_hook(lambda t: None)


def test_hooks_before_and_after_an_in_place_write() -> None:
    x, log = leaf(), []
    y = x * 2
    y.register_hook(lambda g: log.append(("before the write", g.tolist())))
    y.retain_grad()
    y.mul_(3)
    y.register_hook(lambda g: log.append(("after the write", g.tolist())))
    y.sum().backward()
    assert log == [("after the write", [1.0, 1.0]), ("before the write", [3.0, 3.0])]
    # the kept gradient is that of the tensor as it is
    assert y.grad.tolist() == [1.0, 1.0] and y.retains_grad


def test_hooks_stay_with_their_tensor_only() -> None:
    x = leaf()
    x.register_hook(lambda g: g * 10)
    y = copy.deepcopy(x)
    y.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0]
    a, b = (x * 1).unbind()
    a.register_hook(lambda g: g * 100)
    (a + b).backward()
    assert x.grad.tolist() == [1000.0, 10.0]


def test_second_derivatives_pass_through_hooks() -> None:
    x = leaf()
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert first.tolist() == [2.0, 8.0] and second.tolist() == [4.0, 8.0]


def test_backward_into_inputs_that_are_no_leaves() -> None:
    x = leaf()
    y = x * 2
    (y * 3).sum().backward(inputs=[y])
    assert y.grad.tolist() == [3.0, 3.0] and x.grad is None


def test_hooks_on_several_gradients() -> None:
    x, w, log = leaf(), leaf(3.0, 4.0), []
    handle = graph.register_multi_grad_hook(
        [x, w], lambda gs: log.append([None if g is None else g.tolist() for g in gs])
    )
    (x * w).sum().backward()
    (x * 2).sum().backward()
    assert log == [[[3.0, 4.0], [1.0, 2.0]], [[2.0, 2.0], None]]
    handle.remove()
    (x * w).sum().backward()
    assert len(log) == 2
    log.clear()
    with graph.register_multi_grad_hook((x, w), lambda g: log.append(1), mode="any"):
        (x * w).sum().backward()
        (x + w).sum().backward()
    assert log == [1, 1]
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        graph.register_multi_grad_hook([x], print, mode="some")  # type: ignore[call-overload]


def test_edges_in_the_place_of_tensors() -> None:
    x = leaf()
    y = x * x
    edge = graph.get_gradient_edge(y)
    loss = (y * 3).sum()
    assert torch.autograd.grad(loss, edge, retain_graph=True)[0].tolist() == [3.0, 3.0]
    assert torch.autograd.grad(edge, x, torch.ones(2), retain_graph=True)[0].tolist() == [2.0, 4.0]
    del y
    torch.autograd.backward(edge, torch.ones(2))
    assert x.grad.tolist() == [2.0, 4.0]
    (x * 2).sum().backward(inputs=[graph.get_gradient_edge(x)])
    assert x.grad.tolist() == [4.0, 6.0]
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        torch.autograd.grad(edge, x)


def test_what_a_node_shows() -> None:
    x = leaf()
    y = x * x
    node = y.grad_fn
    assert isinstance(node, graph.Node) and type(node).__name__ == node.name() == "MulBackward0"
    assert [(n.name(), nr) for n, nr in node.next_functions] == [("torch::autograd::AccumulateGrad", 0)] * 2
    assert (x * 2).grad_fn.next_functions[1] == (None, 0)
    assert node.metadata == {} and node.metadata is node.metadata
    metadata = node._input_metadata[0]
    assert (metadata.shape, metadata.dtype, metadata.device.type) == ((2,), torch.float32, "cpu")
    assert node(torch.ones(2))[0].tolist() == [1.0, 2.0]
    assert node == y.grad_fn and hash(node) == hash(y.grad_fn) and node != (x * x).grad_fn


def test_hooks_of_modules_run_in_order() -> None:
    log: list[Any] = []
    inner, outer = nn.Linear(2, 2), nn.Sequential()
    outer.append(inner)
    outer.register_forward_pre_hook(lambda m, args: log.append("outer forward pre"))
    inner.register_forward_pre_hook(lambda m, args: log.append("inner forward pre"))
    inner.register_forward_hook(lambda m, args, out: log.append("inner forward"))
    outer.register_forward_hook(lambda m, args, out: log.append("outer forward"))
    for name, module in (("outer", outer), ("inner", inner)):
        module.register_full_backward_pre_hook(lambda m, go, name=name: log.append(f"{name} backward pre"))
        module.register_full_backward_hook(lambda m, gi, go, name=name: log.append(f"{name} backward"))
    outer(torch.ones(1, 2, requires_grad=True)).sum().backward()
    assert log == [
        "outer forward pre",
        "inner forward pre",
        "inner forward",
        "outer forward",
        "outer backward pre",
        "inner backward pre",
        "inner backward",
        "outer backward",
    ]


def test_full_hooks_of_modules_replace_gradients() -> None:
    module = nn.Linear(2, 1, bias=False)
    module.register_full_backward_pre_hook(lambda m, outputs: (outputs[0] * 2,))
    module.register_full_backward_hook(lambda m, inputs, outputs: (inputs[0] * 3,))
    x = torch.ones(1, 2, requires_grad=True)
    module(x).sum().backward()
    assert torch.allclose(x.grad, module.weight.detach() * 6) and module.weight.grad.tolist() == [[2.0, 2.0]]
