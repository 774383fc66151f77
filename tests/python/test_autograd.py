"""Autograd from Python: accumulation, freeing, higher orders, errors, hooks, modes, identity, long chains."""

import gc
import threading
import weakref

import pytest

import rusttorch as torch


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_gradients_accumulate_on_leaves_only():
    x = leaf(3.0)
    y = x * x
    for _ in range(2):
        (y * 1).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [12.0]
    y.retain_grad()
    y.sum().backward()
    assert y.grad.tolist() == [1.0] and y.retains_grad


def test_residual_and_shared_graphs():
    x = leaf(2.0)
    h = x * 1
    (h + h * 3 + (h * h).exp().log()).sum().backward()
    assert x.grad.tolist() == pytest.approx([1 + 3 + 4.0])


def test_backward_takes_a_gradient_and_needs_one_for_vectors():
    x = leaf(1.0, 2.0)
    (x * x).backward(torch.tensor([1.0, 10.0], dtype=torch.float64))
    assert x.grad.tolist() == [2.0, 40.0]
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * x).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * x).backward(torch.ones(3, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        torch.ones(1).backward()


def test_a_second_backward_is_refused_unless_the_graph_is_kept():
    x = leaf(1.0)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    assert x.grad.item() == pytest.approx(2 * 2.718281828459045)


def test_autograd_grad():
    x, w = leaf(2.0), leaf(5.0)
    y = (x * x * w).sum()
    gx, gw = torch.autograd.grad(y, (x, w), create_graph=True)
    assert (gx.item(), gw.item()) == (20.0, 4.0) and x.grad is None
    (gxx,) = torch.autograd.grad(gx.sum(), x, retain_graph=True)
    assert gxx.item() == 10.0
    h = x * 3
    z = (h * h).sum()
    (gh,) = torch.autograd.grad(z, h, retain_graph=True)
    assert gh.item() == 12.0
    twice = torch.autograd.grad(z, (h, h, x), retain_graph=True)
    assert [g.item() for g in twice] == [12.0, 12.0, 36.0]
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        torch.autograd.grad(z, w, retain_graph=True)
    assert torch.autograd.grad(z, w, allow_unused=True) == (None,)


def test_third_derivative():
    x = leaf(0.7)
    y = x.sin().sum()
    for _ in range(3):
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        y = g.sum()
    assert y.item() == pytest.approx(-torch.tensor(0.7, dtype=torch.float64).cos().item())


def test_identity_of_gradients_and_saved_tensors():
    x = leaf(2.0, 3.0)
    y = x.pow(2)
    assert y.grad_fn._saved_self is x
    y.sum().backward()
    assert x.grad is x.grad
    g = x.grad
    g.mul_(2)
    assert x.grad.tolist() == [8.0, 12.0]
    y = x.exp()
    assert y.grad_fn._saved_result is not y
    assert y.grad_fn._saved_result.data_ptr() == y.data_ptr()


def test_nodes_have_pytorchs_names():
    x = leaf(1.0, 2.0)
    y = (x * 2 + 1).view(2, 1).sum()
    names = []
    node = y.grad_fn
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    assert names == ["SumBackward0", "ViewBackward0", "AddBackward0", "MulBackward0", "torch::autograd::AccumulateGrad"]
    assert y.grad_fn == y.grad_fn and type(y.grad_fn).__name__ == "SumBackward0"


def test_in_place_change_of_a_saved_tensor_is_caught():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(
        RuntimeError,
        match=r"modified by an inplace operation: \[torch.DoubleTensor \[2\]\], which is output 0 of Exp, is at version 1; expected version 0",
    ):
        y.sum().backward()


def test_in_place_ops_follow_their_formula():
    x = leaf(0.5, 2.0)
    y = x * 1
    y.mul_(y)
    y += 1
    y.exp_()
    y.sum().backward()
    expected = (x.detach() ** 2 + 1).exp() * 2 * x.detach()
    assert x.grad.tolist() == pytest.approx(expected.tolist())


def test_modes():
    x = leaf(1.0)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
    with torch.inference_mode():
        y = x * 2
        assert y.is_inference() and not y.requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * y
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        y.add_(1)
    torch.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        torch.set_grad_enabled(True)
    assert not x.detach().requires_grad
    assert x.detach().untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


def test_requires_grad_rules():
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        torch.ones(2, dtype=torch.int64).requires_grad_()
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        (x * 2).requires_grad = False
    with pytest.raises(
        RuntimeError, match=r"attempting to assign a gradient of size '\[3\]' to a tensor of size '\[1\]'"
    ):
        x.grad = torch.ones(3, dtype=torch.float64)
    with pytest.raises(TypeError, match="grad expected to be a Tensor or None"):
        x.grad = 1.0


def test_hooks():
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = x.register_hook(lambda g: g * 10)
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t is x))
    (y * 3).sum().backward()
    assert x.grad.tolist() == [60.0, 60.0] and seen == [[3.0, 3.0], True]
    handle.remove()
    x.grad = None
    (x * 1).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_an_exception_in_a_hook_arrives_unchanged_and_the_next_backward_works():
    class Odd(Exception):
        pass

    def fail(_):
        raise Odd("from the hook")

    x = leaf(1.0)
    y = x * 2
    handle = y.register_hook(fail)
    with pytest.raises(Odd, match="from the hook"):
        y.sum().backward(retain_graph=True)
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2.0]


def test_freeing_the_graph_needs_no_garbage_collector():
    gc.disable()
    try:
        x = leaf(1.0)
        y = (x * 2).exp()
        alive = weakref.ref(y)
        z = y * y
        del y
        z.sum().backward()
        del z
        assert alive() is None
    finally:
        gc.enable()


def test_a_chain_of_a_million_nodes():
    x = leaf(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 0.5
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    del y


def test_backward_in_threads_on_shared_leaves_adds_up():
    x = torch.ones(64, 64, dtype=torch.float64, requires_grad=True)

    def work():
        for _ in range(20):
            (x @ x).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert x.grad.unique().tolist() == [60 * 128.0]


def test_none_gradients_of_integer_paths():
    x = leaf(3.0, 1.0, 2.0)
    values, indices = x.max(0)
    assert not indices.requires_grad
    values.backward()
    assert x.grad.tolist() == [1.0, 0.0, 0.0]


def test_function_with_outputs_that_are_no_tensors():
    seen = []

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return "a", x * 2, x * 3, 5

        @staticmethod
        def backward(ctx, *gradients):
            seen.extend(gradients)
            return gradients[1] * 2 + gradients[2] * 3

    x = leaf(1.0)
    name, first, _, number = Function.apply(x)
    assert (name, number) == ("a", 5)
    first.sum().backward()
    assert [g if g is None else g.tolist() for g in seen] == [None, [1.0], [0.0], None] and x.grad.tolist() == [2.0]


def test_a_list_is_one_output_of_a_function():
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return [x * 2]

    result = Function.apply(leaf(1.0))
    assert type(result) is list and not result[0].requires_grad
