"""`rusttorch.func`: gradients, vector-Jacobian products, Jacobians and Hessians of functions, nested in each other."""

import gc
import weakref
from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

import rusttorch as torch
from rusttorch.func import functional_call, grad, grad_and_value, hessian, jacrev, stack_module_state, vjp

Pair = namedtuple("Pair", "a b")


def vec(*values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def num(value, **options):
    return torch.tensor(value, dtype=torch.float64, **options)


def close(result, expected):
    expected = torch.as_tensor(expected, dtype=result.dtype)
    return result.shape == expected.shape and torch.allclose(result, expected)


def test_grad_to_fourth_order():
    x = num(0.7)
    f = torch.sin
    for expected in (x.cos(), -x.sin(), -x.cos(), x.sin()):
        f = grad(f)
        result = f(x)
        assert close(result, expected) and not result.requires_grad
    assert x.grad is None and not x.requires_grad


def test_value_and_aux():
    x = vec(1, 2, 3)
    gradient, value = grad_and_value(lambda x: (x**3).sum())(x)
    assert close(gradient, 3 * x**2) and value.item() == 36 and not value.requires_grad

    def f(x):
        return (x * x).sum(), {"double": x * 2, "same": x, "fixed": torch.ones(1)}

    gradient, aux = grad(f, has_aux=True)(x)
    assert close(gradient, 2 * x) and close(aux["double"], 2 * x) and not aux["double"].requires_grad
    # the function is handed another tensor; its caller gets back what it passed in
    assert aux["same"] is x
    gradient, (value, aux) = grad_and_value(f, has_aux=True)(x)
    assert close(gradient, 2 * x) and value.item() == 14 and set(aux) == {"double", "same", "fixed"}


def test_argnums():
    x, y = num(2.0), num(5.0)

    def f(x, y):
        return x * x * y

    assert grad(f)(x, y) == 20 and grad(f, 1)(x, y) == 4 and grad(f, -1)(x, y) == 4
    assert grad(f, (1, 0))(x, y) == (4, 20) and grad(f, (0,))(x, y) == (20,)
    # one tensor as two arguments is two variables
    assert grad(f, (0, 1))(x, x) == (8, 4)
    assert grad(lambda x, *, y: x * y)(x, y=y) == 5


@pytest.mark.parametrize(
    "tree",
    [
        {"a": num(2.0), "b": [num(3.0)]},
        [num(2.0), (num(3.0),)],
        Pair(num(2.0), num(3.0)),
        OrderedDict(p=num(2.0), q=num(3.0)),
        defaultdict(list, p=num(2.0), q=num(3.0)),
        deque([num(2.0), num(3.0)], maxlen=4),
    ],
    ids=lambda tree: type(tree).__name__,
)
def test_nested_containers(tree):
    from rusttorch.utils._pytree import tree_leaves, tree_structure

    def f(given):
        first, second = tree_leaves(given)
        return first * second**2

    gradient = grad(f)(tree)
    assert type(gradient) is type(tree) and tree_structure(gradient) == tree_structure(tree)
    assert tree_leaves(gradient) == [9, 12]
    second = jacrev(grad(f))(tree)
    assert tree_structure(second) == tree_structure(hessian(f)(tree))
    assert tree_leaves(second) == tree_leaves(hessian(f)(tree)) == [0, 6, 6, 4]


def test_the_function_may_change_the_containers_it_gets():
    given = {"a": num(2.0)}
    extra = [1]

    def f(d, e):
        e.append(2)
        return d.pop("a") ** 2

    assert grad(f)(given, extra) == {"a": 4} and set(given) == {"a"} and extra == [1]


def test_no_confusion_of_levels():
    # the derivative by x of x * (d/dy of x * y) is 2 x: both levels multiply by x
    assert grad(lambda x: x * grad(lambda y: x * y)(num(1.0)))(num(3.0)) == 6
    assert grad(lambda x: grad(lambda y: y)(x) * x)(num(3.0)) == 1

    # Newton's iteration, differentiated through
    def root(a):
        y = a
        for _ in range(6):
            g = grad(lambda y: y**3 / 3 - a * y)(y)
            h = grad(grad(lambda y: y**3 / 3 - a * y))(y)
            y = y - g / h
        return y

    result = grad(root)(num(4.0))
    assert close(result, 0.25) and not result.requires_grad
    assert close(grad(grad(root))(num(4.0)), -1 / 32)


def test_a_closure_that_requires_grad():
    w = num(2.0, requires_grad=True)
    x = num(3.0)
    result = grad(lambda x: w * x * x)(x)
    assert result == 12 and result.requires_grad
    result.backward()
    assert w.grad == 6 and x.grad is None
    # also where the gradient is of second order, or w is the input at the same time
    second = grad(grad(lambda x: w * x**3))(x)
    assert second == 36 and torch.autograd.grad(second, w)[0] == 18
    both = grad(lambda x: w * x * x)(w)
    assert both == 8 and torch.autograd.grad(both, w)[0] == 8


def test_only_results_that_depend_on_the_outside_require_grad():
    w = num(2.0, requires_grad=True)
    x, y = num(3.0), num(5.0)
    by_x, by_y = grad(lambda x, y: w * x * x + y**3, (0, 1))(x, y)
    assert by_x.requires_grad and not by_y.requires_grad and by_y == 75
    gradient, value = grad_and_value(lambda x: w + x * x)(x)
    assert value.requires_grad and not gradient.requires_grad
    gradient, aux = grad(lambda x: (x.exp(), [x.exp() * w, x.exp()]), has_aux=True)(x)
    assert [t.requires_grad for t in aux] == [True, False] and not gradient.requires_grad
    aux[0].backward()
    assert close(w.grad, x.exp())
    # an inner transform's own variables do not count
    inner = grad(lambda a: grad(lambda b: a * b * b)(y) * a)(x)
    assert inner == 60 and not inner.requires_grad


def test_aux_keeps_the_part_of_the_graph_that_it_needs():
    w = num(2.0, requires_grad=True)

    def f(x):
        shared = (x * 3).exp()
        return shared.sum(), shared * w

    gradient, aux = grad(f, has_aux=True)(num(0.5))
    assert close(gradient, 3 * num(1.5).exp())
    aux.backward()
    assert close(w.grad, num(1.5).exp())


def test_inputs_that_require_grad():
    x = num(3.0, requires_grad=True)
    result = grad(lambda x: x**3)(x)
    assert result == 27 and result.requires_grad
    result.backward()
    assert x.grad == 18
    y = num(5.0)
    by_x, by_y = grad(lambda x, y: x * y, (0, 1))(x, y)
    assert not by_x.requires_grad and by_y.requires_grad
    h = x * 2
    assert torch.autograd.grad(grad(grad(lambda h: h**4))(h), x)[0] == 12 * 2 * 6 * 2


def test_no_grad_around_and_inside():
    x = num(3.0, requires_grad=True)
    w = num(2.0, requires_grad=True)

    def f(x):
        with torch.no_grad():
            constant = x * x
        return w * x - constant

    with torch.no_grad():
        result = grad(lambda x: w * x**3)(x)
        assert result == 54 and not result.requires_grad and grad(grad(lambda x: w * x**3))(x) == 36
        value, pull = vjp(lambda x: w * x, x)
        assert value == 6 and not value.requires_grad and not pull(w)[0].requires_grad
        jacobian = jacrev(lambda x: w * x)(x)
        assert jacobian == 2 and not jacobian.requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert grad(f)(num(3.0)) == 2
    assert grad(lambda x: x * x.detach())(num(3.0)) == 3


def test_inference_mode():
    with torch.inference_mode():
        x = vec(1, 2)
        assert close(grad(lambda x: (x * x).sum())(x), [2, 4])
        assert close(grad(lambda x, y: (x * x * y).sum())(vec(1, 2), x), [2, 8])
        value, pull = vjp(lambda x: x * x, x)
        assert close(value, [1, 4]) and close(pull(vec(1, 10))[0], [2, 40])
        assert close(jacrev(lambda x: x * x)(x), [[2, 0], [0, 4]])
        assert torch.is_inference_mode_enabled()
    assert close(grad(lambda x: (x * x).sum())(x), [2, 4])


def test_vjp():
    x, y = vec(1, 2), vec(3, 4)
    value, pull = vjp(lambda x, y: {"a": x * y, "b": (x.sum(),)}, x, y)
    assert close(value["a"], [3, 8]) and value["b"][0] == 3
    by_x, by_y = pull({"a": vec(1, 10), "b": (num(100.0),)})
    assert close(by_x, [103, 140]) and close(by_y, [1, 20])
    # as often as one likes, until the graph is freed
    assert close(pull({"a": vec(1, 10), "b": (num(0.0),)}, retain_graph=False)[0], [3, 40])
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        pull({"a": vec(1, 10), "b": (num(0.0),)})
    value, pull, aux = vjp(lambda x: (x * x, x), x, has_aux=True)
    assert aux is x and close(pull(y)[0], 2 * x * y)
    assert vjp(lambda x: x, x)[0] is x
    # a nested argument comes back nested; an output that does not depend on it gives zeros
    _, pull = vjp(lambda d: d["p"] * 2, {"p": x, "q": y})
    (gradient,) = pull(x)
    assert close(gradient["p"], 2 * x) and close(gradient["q"], [0, 0])


def test_the_function_of_vjp_can_be_differentiated():
    x = vec(1, 2)
    w = num(3.0, requires_grad=True)
    _, pull = vjp(lambda x: w * x * x, x)
    result = pull(vec(1, 1))[0]
    assert close(result, [6, 12]) and torch.autograd.grad(result.sum(), w, retain_graph=True)[0] == 6
    with torch.no_grad():
        assert not pull(vec(1, 1))[0].requires_grad
    assert not pull(vec(1, 1), create_graph=False)[0].requires_grad
    _, linear = vjp(lambda x: x * x, x)
    cotangent = vec(1, 1, requires_grad=True)
    (by_cotangent,) = torch.autograd.grad(linear(cotangent)[0].sum(), cotangent)
    assert close(by_cotangent, 2 * x)
    # the transform that made it has ended: its input is a constant for the one around
    result = jacrev(lambda c: linear(c)[0])(vec(1, 1))
    assert close(result, [[2, 0], [0, 4]]) and not result.requires_grad
    # also where nothing else is left of that transform when the one around asks
    pulls = [vjp(lambda x: x * x, x)[1]]
    result = grad(lambda c: pulls.pop()(c)[0].sum())(vec(1, 1))
    assert close(result, 2 * x) and not result.requires_grad
    # forward mode by two backward ones
    _, push = vjp(linear, vec(0, 0))
    assert close(push((vec(1, 10),))[0], [2, 40])


def test_vjp_inside_grad():
    def f(x):
        value, pull = vjp(lambda y: y**3 * x, x)
        return (pull(torch.ones_like(value))[0] * value).sum()

    # value = x^4 and pull gives 3 x^3: the derivative of 3 x^7
    x = vec(1, 2)
    result = grad(f)(x)
    assert close(result, 21 * x**6) and not result.requires_grad


def test_complex_vjp():
    z = torch.tensor([1 + 2j, 3 - 1j])
    _, pull = vjp(lambda z: z * z, z)
    (gradient,) = pull(torch.tensor([1j, 1 + 0j]))
    assert torch.allclose(gradient, torch.tensor([1j, 1 + 0j]) * (2 * z).conj())
    assert torch.allclose(grad(lambda z: (z * z.conj()).real.sum())(z), 2 * z)


def test_jacrev():
    a = torch.arange(6, dtype=torch.float64).view(2, 3)
    x = vec(1, 2, 3)
    assert close(jacrev(lambda x: a @ x)(x), a)
    jacobian = jacrev(lambda m: m @ m)(a[:, :2])
    assert jacobian.shape == (2, 2, 2, 2)
    m, eye = a[:, :2], torch.eye(2, dtype=torch.float64)
    expected = torch.einsum("ik,lj->ijkl", eye, m) + torch.einsum("ik,lj->ijkl", m, eye)
    assert close(jacobian, expected)
    result, aux = jacrev(lambda x: (x * x, x.sum()), has_aux=True)(x)
    assert close(result, torch.diag(2 * x)) and aux == 6
    for size in (1, 2, 100):
        assert close(jacrev(lambda x: x * x, chunk_size=size)(x), torch.diag(2 * x))
    assert jacrev(lambda x: (x * x)[:0])(x).shape == (0, 3)
    assert jacrev(lambda x: x * x)(x[:0]).shape == (0, 0)
    assert close(jacrev(lambda x: torch.ones(2, dtype=torch.float64))(x), torch.zeros(2, 3))


def test_jacrev_structures():
    x, y = vec(1, 2), vec(3, 4)
    result = jacrev(lambda x, y: {"a": x * y, "b": (x.sum(),)}, (0, 1))(x, y)
    assert close(result["a"][0], torch.diag(y)) and close(result["a"][1], torch.diag(x))
    assert close(result["b"][0][0], [1, 1]) and close(result["b"][0][1], [0, 0])
    result = jacrev(lambda d: [d["p"] * d["q"]])({"p": x, "q": y})
    assert close(result[0]["p"], torch.diag(y)) and close(result[0]["q"], torch.diag(x))
    result = jacrev(lambda x: torch.max(x, 0).values)(x)
    assert close(result, [0, 1])
    (only,) = jacrev(lambda x, y: x * y, (1,))(x, y)
    assert close(only, torch.diag(x))


def test_hessian():
    x = vec(1, 2, 3)
    a = torch.arange(9, dtype=torch.float64).view(3, 3)
    result = hessian(lambda x: x @ a @ x)(x)
    assert close(result, a + a.T) and not result.requires_grad
    f = lambda x: (x**3).sum() * x[0]  # noqa: E731
    assert torch.allclose(hessian(f)(x), jacrev(grad(f))(x)) and torch.allclose(hessian(f)(x), jacrev(jacrev(f))(x))
    (xx, xy), (yx, yy) = hessian(lambda x, y: (x**2).sum() * y, (0, 1))(x, num(2.0))
    assert close(xx, 4 * torch.eye(3)) and close(xy, 2 * x) and close(yx, 2 * x) and close(yy, 0)
    third = jacrev(hessian(lambda x: (x**4).sum()))(x)
    expected = torch.zeros(3, 3, 3, dtype=torch.float64)
    for i in range(3):
        expected[i, i, i] = 24 * x[i]
    assert close(third, expected) and not third.requires_grad


def test_jacobians_of_a_closure_that_requires_grad():
    w = vec(2, 3, requires_grad=True)
    x = vec(1, 2)
    jacobian = jacrev(lambda x: w * x)(x)
    assert close(jacobian.detach(), torch.diag(w.detach())) and jacobian.requires_grad
    assert close(torch.autograd.grad(jacobian.sum(), w)[0], [1, 1])
    second = hessian(lambda x: (w * x**3).sum())(x)
    assert close(torch.autograd.grad(second.sum(), w)[0], 6 * x)


def test_functional_call_gives_gradients_of_parameters():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    parameters = dict(model.named_parameters())

    def loss(parameters, x):
        return functional_call(model, parameters, (x,)).square().sum()

    gradients = grad(loss)(parameters, x)
    loss(parameters, x).backward()
    assert set(gradients) == set(parameters)
    for name, parameter in parameters.items():
        assert torch.allclose(gradients[name], parameter.grad)
    detached = {name: parameter.detach() for name, parameter in parameters.items()}
    assert not any(gradient.requires_grad for gradient in grad(loss)(detached, x).values())

    # one step of an inner loop, differentiated by where it began
    def after_a_step(parameters):
        step = grad(loss)(parameters, x)
        return loss({name: parameters[name] - 0.01 * step[name] for name in parameters}, x)

    meta = grad(after_a_step)(detached)
    moved = {name: tensor.clone() for name, tensor in detached.items()}
    moved["2.bias"] += 1e-6
    slope = (after_a_step(moved) - after_a_step(detached)) / 1e-6
    assert torch.allclose(meta["2.bias"], slope, rtol=1e-4) and not meta["2.bias"].requires_grad


def test_functional_call_with_several_dicts():
    model = torch.nn.BatchNorm1d(2)
    state = [dict(model.named_parameters()), {name: b.clone() for name, b in model.named_buffers()}]
    functional_call(model, state, (torch.ones(3, 2),))
    assert model.num_batches_tracked == 0
    with pytest.raises(ValueError, match=r"\['a'\] appeared in multiple dictionaries"):
        functional_call(model, [{"a": torch.ones(1)}, {"a": torch.ones(1)}], (torch.ones(1),))
    with pytest.raises(ValueError, match="Expected all elements of parameter_and_buffer_dicts to be dictionaries"):
        functional_call(model, [1], (torch.ones(1),))
    with pytest.raises(ValueError, match="to be a dict, or a list/tuple of dicts, but got <class 'int'>"):
        functional_call(model, 5, (torch.ones(1),))


def test_stack_module_state():
    models = [torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)]
    models[1].weight.data.fill_(5)
    parameters, buffers = stack_module_state(models)
    assert parameters["weight"].tolist() == [[1, 1], [5, 5]] and parameters["weight"].requires_grad
    assert parameters["weight"].is_leaf and buffers["running_mean"].shape == (2, 2)
    assert not buffers["running_mean"].requires_grad
    models[0].weight.requires_grad_(False)
    with pytest.raises(RuntimeError, match="Expected weight from each model to have the same .requires_grad"):
        stack_module_state(models)
    models[0].eval()
    with pytest.raises(RuntimeError, match="Expected all models to have the same training/eval mode"):
        stack_module_state(models)
    with pytest.raises(RuntimeError, match="Expected all models to be of the same class"):
        stack_module_state([torch.nn.ReLU(), torch.nn.Tanh()])
    with pytest.raises(RuntimeError, match="Expected at least one model, got 0"):
        stack_module_state([])


def test_writes_in_place():
    def f(x):
        y = x * 1
        y.mul_(2)
        y[0] = x[1]
        return (x * y).sum()

    assert close(grad(f)(vec(1, 2)), [2, 9])
    # memory of an argument that is not differentiated is the caller's
    other = vec(1, 1)

    def g(x, y):
        y.mul_(3)
        return (x * y).sum()

    assert close(grad(g)(vec(1, 2), other), [3, 3]) and close(other, [3, 3])
    for x in (vec(1, 2), vec(1, 2, requires_grad=True), vec(1, 2, requires_grad=True) * 1):
        with pytest.raises(
            RuntimeError, match="leaf Variable that requires grad is being used in an in-place operation"
        ):
            grad(lambda x: x.mul_(2).sum())(x)


def test_autograd_grad_inside():
    assert grad(lambda x: torch.autograd.grad(x**3, x, create_graph=True)[0])(num(3.0)) == 18
    assert grad(lambda x: torch.autograd.grad(x**3, x)[0])(num(3.0)) == 0


def test_failure_inside_leaves_nothing_behind():
    def fail(x):
        raise KeyError("no")

    with pytest.raises(KeyError):
        grad(fail)(num(1.0))
    num(1.0, requires_grad=True).backward()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        pass


def test_memory_is_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = torch.ones(8)
        seen = []

        def f(x):
            seen.append(weakref.ref(x))
            return (x * x).sum()

        gradient = grad(f)(x)
        _, pull = vjp(f, x)
        pull(torch.tensor(1.0))
        jacrev(f)(x)
        grad(lambda y: grad(f)(y).sum())(x)
        del pull
        assert len(seen) == 4 and all(ref() is None for ref in seen)
        del gradient
    finally:
        gc.enable()


def test_names_and_what_is_not_there():
    def named(x):
        """Its doc."""
        return x

    for transform in (grad, grad_and_value, jacrev, hessian):
        assert transform(named).__name__ == "named" and transform(named).__doc__ == "Its doc."
    assert grad.__module__ == "rusttorch.func" and torch.func.grad is grad
    for name in ("vmap", "jvp", "jacfwd", "linearize"):
        assert not hasattr(torch.func, name)


x3 = torch.ones(3)
REFUSED = [
    (
        lambda: grad(lambda x: x * 2)(x3),
        RuntimeError,
        r"^grad_and_value\(f\)\(\*args\): Expected f\(\*args\) to return a scalar Tensor, got tensor with 1 dims. Maybe you wanted to use the vjp or jacrev APIs instead\?$",
    ),  # fmt: skip
    (lambda: grad(lambda x: (x, 1))(x3), RuntimeError, r"Expected f\(\*args\) to return a Tensor, got <class 'tuple'>"),
    (
        lambda: grad(lambda x: x.sum(), has_aux=True)(x3),
        RuntimeError,
        r"^grad_and_value\(f\)\(\*args\): output of function f should be a tuple: \(output, aux\) if has_aux is True",
    ),  # fmt: skip
    (
        lambda: grad(lambda x: (x.sum(), 1), has_aux=True)(x3),
        RuntimeError,
        "Expected tensors, got unsupported type <class 'int'>",
    ),  # fmt: skip
    (lambda: grad(lambda x: x)(1.0), ValueError, "Thing passed to transform API must be Tensor, got <class 'float'>"),
    (lambda: grad(lambda x: x.sum())(x3.long()), RuntimeError, "only Tensors of floating point dtype can require"),
    (lambda: grad(lambda x: (x * 1j).sum())(x3), RuntimeError, "grad can be implicitly created only for real scalar"),
    (lambda: grad(torch.sum, 1)(x3), RuntimeError, "Got argnum=1, but only 1 positional inputs"),
    (lambda: grad(torch.sum, -2)(x3), RuntimeError, "Got argnum=-2, but only 1 positional inputs"),
    (lambda: grad(torch.sum)(x=x3), RuntimeError, "Got argnum=0, but only 0 positional inputs"),
    (lambda: grad(torch.sum, ())(x3), RuntimeError, "argnums must be non-empty"),
    (lambda: grad(torch.sum, (0, -1))(x3), RuntimeError, r"argnums elements must be unique, got \(0, 0\)"),
    (lambda: grad(torch.sum, [0])(x3), RuntimeError, r"argnums must be int or Tuple\[int, ...\], got: <class 'list'>"),
    (lambda: grad(torch.sum, ("a",))(x3), RuntimeError, "argnum must be int, got: <class 'str'>"),
    (
        lambda: grad(lambda x: x.sum().backward())(x3),
        RuntimeError,
        r"^backward\(\) called inside a functorch transform",
    ),
    (
        lambda: vjp(lambda x: 1.0, x3),
        RuntimeError,
        r"^vjp\(f, \*primals\): expected f\(\*primals\) to return only tensors, got unsupported type <class 'float'>",
    ),  # fmt: skip
    (
        lambda: vjp(lambda x: (), x3),
        RuntimeError,
        r"Expected f to be a function that has non-empty output \(got output = \[\]\)",
    ),  # fmt: skip
    (lambda: vjp(lambda x: None, x3), RuntimeError, r"non-empty output \(got output = \[None\]\)"),
    (
        lambda: vjp(lambda x: x > 2, x3),
        RuntimeError,
        "All outputs of f must be floating-point or complex Tensors, got Tensor with dtype torch.bool",
    ),  # fmt: skip
    (
        lambda: vjp(lambda x: x, x3, has_aux=True),
        RuntimeError,
        r"^vjp\(f, \*primals\): output of function f should be a",
    ),
    (
        lambda: vjp(lambda x: {"a": x, "b": (x,)}, x3)[1]((x3,)),
        RuntimeError,
        r"cotangents: \(\*,\), primal output: {'a': \*, 'b': \(\*,\)}",
    ),  # fmt: skip
    (lambda: vjp(lambda x: x * 2, x3)[1](x3[:2]), RuntimeError, "Mismatch in shape"),
    (lambda: vjp(lambda x: x * 2, x3)[1](3.0), TypeError, "gradients can be either Tensors or None, but got float"),
    (lambda: jacrev(torch.sum, chunk_size=0), ValueError, "jacrev: `chunk_size` should be greater than 0."),
    (
        lambda: jacrev(torch.sum)(x3 * 1j),
        RuntimeError,
        "jacrev: Expected all inputs to be real but received complex tensor at flattened input idx: 0",
    ),  # fmt: skip
    (
        lambda: jacrev(lambda x: (x, x * 1j))(x3),
        RuntimeError,
        "jacrev: Expected all outputs to be real but received complex tensor at flattened input idx: 1",
    ),  # fmt: skip
    (lambda: jacrev(torch.argmax)(x3), RuntimeError, "got Tensor with dtype torch.int64"),
    (lambda: hessian(torch.sum)(x3 * 1j), RuntimeError, "jacfwd: Expected all inputs to be real"),
    (
        lambda: hessian(lambda x: x * 2)(x3.long()),
        ValueError,
        "Expected primal to be floating point or complex, but got: torch.int64",
    ),  # fmt: skip
    (lambda: hessian(torch.sum, 3)(x3), RuntimeError, "Got argnum=3, but only 1 positional inputs"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_hooks_on_saved_tensors_are_refused():
    words = r"torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks"

    def f(x):
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            return (x * x).sum()

    with pytest.raises(RuntimeError, match=words):
        grad(f)(x3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t), pytest.raises(RuntimeError, match=words):
        vjp(lambda x: x * x, x3)
