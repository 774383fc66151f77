"""`autograd.functional`: products with Jacobians and Hessians, the matrices, strict mode, graphs; batches in `grad`."""

import pytest

import rusttorch as torch
from rusttorch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp


def vec(*values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def close(result, expected):
    expected = torch.as_tensor(expected, dtype=result.dtype)
    return result.shape == expected.shape and torch.allclose(result, expected)


X, Y = vec(1, 2, 3), vec(4, 5, 6)
A = torch.arange(6, dtype=torch.float64).view(2, 3)
EYE = torch.eye(3, dtype=torch.float64)


def test_vjp():
    value, product = vjp(lambda x: A @ x.exp(), X, vec(1, 10))
    assert close(value, A @ X.exp()) and close(product, (vec(1, 10) @ A) * X.exp())
    assert not value.requires_grad and not product.requires_grad and not X.requires_grad
    value, products = vjp(lambda x, y: (x * y, y.sum()), (X, Y), (X, torch.tensor(100.0, dtype=torch.float64)))
    assert isinstance(value, tuple) and close(products[0], X * Y) and close(products[1], X * X + 100)
    # a single element needs no v; what does not matter gives zeros
    assert close(vjp(lambda x, y: x.prod(), (X, Y))[1][0], [6, 3, 2])
    assert close(vjp(lambda x, y: x.prod(), (X, Y))[1][1], [0, 0, 0])


def test_jvp():
    value, product = jvp(lambda x: A @ x.exp(), X, vec(1, 10, 100))
    assert close(value, A @ X.exp()) and close(product, A @ (X.exp() * vec(1, 10, 100)))
    assert not product.requires_grad
    values, products = jvp(lambda x, y: (x * y, y.sum()), (X, Y), (EYE[0], EYE[1]))
    assert close(products[0], [4, 2, 0]) and close(products[1], 1)
    assert close(jvp(lambda x: torch.ones(2, dtype=torch.float64), X, X)[1], [0, 0])
    assert close(jvp(lambda x: x**3, vec(2))[1], [12])


def test_jacobian():
    for vectorize in (False, True):
        assert close(jacobian(lambda x: A @ x, X, vectorize=vectorize), A)
        result = jacobian(lambda x: x.view(3, 1) * x, X, vectorize=vectorize)
        assert close(result, torch.einsum("ik,j->ijk", EYE, X) + torch.einsum("jk,i->ijk", EYE, X))
        # a tuple where there was one: outputs first, then inputs
        (xx, xy), (sx, sy) = jacobian(lambda x, y: (x * y, x.sum()), (X, Y), vectorize=vectorize)
        assert close(xx, torch.diag(Y)) and close(xy, torch.diag(X)) and close(sx, [1, 1, 1]) and close(sy, [0, 0, 0])
        for_x, for_y = jacobian(lambda x, y: x * y, (X, Y), vectorize=vectorize)
        assert close(for_x, torch.diag(Y)) and close(for_y, torch.diag(X))
        first, second = jacobian(lambda x: (x * 2, x.sum()), X, vectorize=vectorize)
        assert close(first, 2 * EYE) and close(second, [1, 1, 1])
        assert close(jacobian(lambda x: torch.ones(2, dtype=torch.float64), X, vectorize=vectorize), torch.zeros(2, 3))
        assert jacobian(lambda x: (x * 2).float(), X, vectorize=vectorize).dtype is torch.float64


def test_jacobian_in_forward_mode():
    def forward(f, inputs):
        return jacobian(f, inputs, vectorize=True, strategy="forward-mode")

    assert close(forward(lambda x: A @ x.exp(), X), A * X.exp())
    assert close(forward(lambda x: x.view(3, 1) * x, X), jacobian(lambda x: x.view(3, 1) * x, X))
    first, second = forward(lambda x: (x * x, x.sum()), X)
    assert close(first, torch.diag(2 * X)) and close(second, [1, 1, 1])
    for_x, for_y = forward(lambda x, y: (x * y).sum(), (X, Y))
    assert close(for_x, Y) and close(for_y, X)
    assert close(forward(lambda x: torch.ones(2, dtype=torch.float64), X), torch.zeros(2, 3))
    assert forward(lambda x: (x * 2)[:0], X).shape == (0, 3) and forward(lambda x: x * 2, X[:0]).shape == (0, 0)
    rounded, smooth = forward(lambda x: (x.long(), x * 2), X)
    assert rounded.dtype is torch.int64 and not rounded.any() and close(smooth, 2 * EYE)
    assert forward(lambda x: x.long(), X).shape == (3, 3)
    z = torch.tensor([1 + 1j, 2 - 1j])
    assert torch.allclose(forward(lambda z: z * z, z), torch.diag(2 * z))
    assert torch.allclose(forward(lambda x: x * 1j, z.real), torch.diag(torch.tensor([1j, 1j])))
    # connected to what requires grad, and to nothing else
    w = vec(2, requires_grad=True)
    result = forward(lambda x: x * x * w, X)
    assert torch.autograd.grad(result.sum(), w)[0] == 12
    with torch.no_grad():
        assert not forward(lambda x: x * x * w, X).requires_grad
    x = vec(1, 2, requires_grad=True)
    assert close(torch.autograd.grad(forward(lambda x: x**3, x).sum(), x)[0], [6, 12])


def test_hessian():
    b = torch.arange(9, dtype=torch.float64).view(3, 3)
    for options in ({}, {"vectorize": True}, {"vectorize": True, "outer_jacobian_strategy": "forward-mode"}):
        result = hessian(lambda x: (x @ b * x).sum(), X, **options)
        assert close(result, b + b.T) and (options or not result.requires_grad)
        (xx, xy), (yx, yy) = hessian(lambda x, y: (x**3).sum() * y.sum(), (X, Y), **options)
        assert close(xx, torch.diag(6 * X * 15)) and close(yy, torch.zeros(3, 3)) and close(xy, yx.T)
        assert close(xy, (3 * X**2).view(3, 1).expand(3, 3))
        assert close(hessian(lambda x: (x * x * x).sum().view(1, 1), X, **options), torch.diag(6 * X))


def test_products_with_the_hessian():
    def f(x, y):
        return (x**3 * y).sum() + y.prod()

    v = (vec(1, 10, 100), vec(1, 1, 1))
    (xx, xy), (yx, yy) = hessian(f, (X, Y))
    for function in (vhp, hvp):
        value, (for_x, for_y) = function(f, (X, Y), v)
        assert close(value, f(X, Y)) and not value.requires_grad and not for_x.requires_grad
        assert close(for_x, xx @ v[0] + xy @ v[1]) and close(for_y, yx @ v[0] + yy @ v[1])
        assert close(function(lambda x: (x**3).sum(), vec(2))[1], [12])
        assert close(function(lambda x: x.sum(), X, X)[1], [0, 0, 0])
        assert close(function(lambda x: x.prod().view(1, 1), X, EYE[0])[1], [0, 3, 2])


def test_create_graph():
    x = vec(1, 2, requires_grad=True)

    def cube(x):
        return x**3

    def derivative(result):
        return torch.autograd.grad(result.sum(), x)[0]

    value, product = vjp(cube, x, vec(1, 1), create_graph=True)
    assert close(derivative(product), [6, 12]) and close(derivative(value), [3, 12])
    assert close(derivative(jvp(cube, x, vec(1, 1), create_graph=True)[1]), [6, 12])
    for vectorize in (False, True):
        assert close(derivative(jacobian(cube, x, create_graph=True, vectorize=vectorize)), [6, 12])
        matrix = hessian(lambda x: cube(x).sum(), x, create_graph=True, vectorize=vectorize)
        assert close(derivative(matrix), [6, 6])
    for function in (vhp, hvp):
        assert close(derivative(function(lambda x: cube(x).sum(), x, vec(1, 1), create_graph=True)[1]), [6, 6])
    # by v as well, and under no_grad as well
    v = vec(1, 1, requires_grad=True)
    with torch.no_grad():
        product = vjp(cube, x, v, create_graph=True)[1]
        assert not vjp(cube, x, v)[1].requires_grad
    assert close(torch.autograd.grad(product.sum(), v)[0], [3, 12])
    # the third derivative, by a jacobian of a hessian
    third = jacobian(lambda x: hessian(lambda x: (x**4).sum(), x, create_graph=True), X)
    assert close(third.sum((1, 2)), 24 * X) and not third.requires_grad


def test_the_same_tensor_in_the_closure_is_a_constant():
    x = vec(1, 2, requires_grad=True)
    assert close(jacobian(lambda y: x * y, x), torch.diag(vec(1, 2)))
    assert x.grad is None


def const(x):
    return torch.ones(3, dtype=torch.float64)


def const_with_graph(x):
    return torch.ones(3, dtype=torch.float64, requires_grad=True) * 1


STRICT = [
    (
        lambda **k: vjp(const, X, X, **k),
        "Output 0 of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.",
    ),  # fmt: skip
    (
        lambda **k: vjp(const_with_graph, X, X, **k),
        "The output of the user-provided function is independent of input 0. This is not allowed in strict mode.",
    ),  # fmt: skip
    (
        lambda **k: vjp(lambda x: x * 2, X.clone().requires_grad_(), X, create_graph=True, **k),
        "The jacobian of the user-provided function is independent of input 0. This is not allowed in strict mode when create_graph=True.",
    ),  # fmt: skip
    (lambda **k: jvp(const, X, X, **k), "Output 0 of the user-provided function does not require gradients"),
    (
        lambda **k: jvp(const_with_graph, X, X, **k),
        "The output of the user-provided function is independent of input 0.",
    ),
    (
        lambda **k: jvp(lambda x: x * 2, X.clone().requires_grad_(), X, create_graph=True, **k),
        "The jacobian of the user-provided function is independent of input 0.",
    ),  # fmt: skip
    (lambda **k: jacobian(const, X, **k), "Output 0 of the user-provided function does not require gradients."),
    (
        lambda **k: jacobian(const_with_graph, X, **k),
        "Output 0 of the user-provided function is independent of input 0.",
    ),
    (
        lambda **k: jacobian(lambda x: x * 2, X.clone().requires_grad_(), create_graph=True, **k),
        "The jacobian of the user-provided function is independent of input 0. This is not allowed in strict mode when create_graph=True.",
    ),  # fmt: skip
    (lambda **k: hessian(lambda x: const(x).sum(), X, **k), "Output 0 of the user-provided function does not require"),
    (
        lambda **k: hessian(lambda x: x.sum(), X, **k),
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input 0 is independent of the input.",
    ),  # fmt: skip
    (
        lambda **k: vhp(lambda x: x.sum(), X, X, **k),
        "While computing the hessian, found that the jacobian of the user-provided function",
    ),  # fmt: skip
    (
        lambda **k: hvp(lambda x: x.sum(), X, X, **k),
        "While computing the hessian, found that the jacobian of the user-provided function",
    ),  # fmt: skip
    (
        lambda **k: vhp(lambda x: (const_with_graph(x) * 3).sum(), X, X, **k),
        "The output of the user-provided function is independent of input 0.",
    ),  # fmt: skip
    (
        lambda **k: vhp(lambda x: (x * x).sum(), X.clone().requires_grad_(), X, create_graph=True, **k),
        "The hessian of the user-provided function is independent of input 0. This is not allowed in strict mode when create_graph=True.",
    ),  # fmt: skip
]


@pytest.mark.parametrize(("call", "words"), STRICT)
def test_strict(call, words):
    call(strict=False)
    with pytest.raises(RuntimeError) as caught:
        call(strict=True)
    assert words in str(caught.value)


def test_strict_where_everything_depends():
    x = vec(1, 2, requires_grad=True)
    for create_graph in (False, True):
        options = {"create_graph": create_graph, "strict": True}
        assert close(vjp(torch.exp, x, vec(1, 1), **options)[1], x.exp())
        assert close(jvp(torch.exp, x, vec(1, 1), **options)[1], x.exp())
        assert close(jacobian(torch.exp, x, **options), torch.diag(x.exp()))
        for function in (vhp, hvp):
            assert close(function(lambda x: x.exp().sum(), x, vec(1, 1), **options)[1], x.exp())
        assert close(hessian(lambda x: x.exp().sum(), x, **options), torch.diag(x.exp()))


REFUSED = [
    (
        lambda: vjp(torch.sin, [X]),
        TypeError,
        "The inputs given to vjp must be either a Tensor or a tuple of Tensors but the given inputs has type <class 'list'>.",
    ),  # fmt: skip
    (
        lambda: vjp(torch.sin, (X, 1)),
        TypeError,
        "The inputs given to vjp must be either a Tensor or a tuple of Tensors but the value at index 1 has type <class 'int'>.",
    ),  # fmt: skip
    (
        lambda: jvp(lambda x: [x], X, X),
        TypeError,
        "The outputs of the user-provided function given to jvp must be either a Tensor or a tuple of Tensors but the given outputs of the user-provided function has type <class 'list'>.",
    ),  # fmt: skip
    (lambda: vjp(torch.sin, X, 3), TypeError, "The v given to vjp must be either a Tensor"),
    (
        lambda: vjp(torch.sin, X),
        RuntimeError,
        "The vector v can only be None if the user-provided function returns a single Tensor with a single element.",
    ),  # fmt: skip
    (
        lambda: jvp(torch.sin, X),
        RuntimeError,
        "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.",
    ),  # fmt: skip
    (lambda: vhp(torch.sum, X), RuntimeError, "The vector v can only be None if the input to the user-provided"),
    (lambda: hvp(torch.sum, X), RuntimeError, "The vector v can only be None if the input to the user-provided"),
    (
        lambda: vjp(torch.sin, X, X[:2]),
        RuntimeError,
        "v has invalid size: should be torch.Size([3]) but got torch.Size([2]).",
    ),  # fmt: skip
    (
        lambda: jvp(torch.mul, (X, X), (X, X[:2])),
        RuntimeError,
        "Entry 1 in v has invalid size: should be torch.Size([3]) but got torch.Size([2]).",
    ),  # fmt: skip
    (lambda: jvp(torch.mul, (X, X), X), RuntimeError, "v is a tuple of invalid length: should be 2 but got 1."),
    (lambda: vjp(torch.sin, X, (X, X)), RuntimeError, "The given v should contain a single Tensor."),
    (
        lambda: hessian(torch.sin, X),
        RuntimeError,
        "The Tensor returned by the function given to hessian should contain a single element",
    ),  # fmt: skip
    (
        lambda: hessian(lambda x: (x.sum(),), X),
        RuntimeError,
        "The function given to hessian should return a single Tensor",
    ),  # fmt: skip
    (lambda: vhp(lambda x: (x.sum(),), X, X), RuntimeError, "The function given to vhp should return a single Tensor"),
    (
        lambda: hvp(torch.sin, X, X),
        RuntimeError,
        "The Tensor returned by the function given to hvp should contain a single element",
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X, strategy="x"),
        AssertionError,
        'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs',
    ),  # fmt: skip
    (
        lambda: hessian(torch.sum, X, outer_jacobian_strategy="x"),
        AssertionError,
        'Expected strategy to be either "forward-mode" or "reverse-mode".',
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X, strict=True, vectorize=True),
        RuntimeError,
        "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together.",
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X, strict=True, vectorize=True, strategy="forward-mode"),
        RuntimeError,
        '`strict=True` and `strategy="forward-mode"` are not supported together (yet).',
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X, create_graph=True, strategy="forward-mode"),
        NotImplementedError,
        '`create_graph=True` and `strategy="forward-mode"` are not supported together (yet).',
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X, strategy="forward-mode"),
        NotImplementedError,
        "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`.",
    ),  # fmt: skip
    (
        lambda: jacobian(torch.sin, X.long(), vectorize=True, strategy="forward-mode"),
        ValueError,
        "Expected primal to be floating point or complex, but got: torch.int64",
    ),  # fmt: skip
    (
        lambda: torch.func.grad(lambda x: jacobian(torch.sin, x.detach()).sum())(X),
        RuntimeError,
        "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) inside of a",
    ),  # fmt: skip
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)


def test_a_batch_of_gradients():
    x, w = vec(1, 2, 3, requires_grad=True), vec(1, requires_grad=True)
    grad = torch.autograd.grad
    assert close(grad(x**2, x, EYE, is_grads_batched=True)[0], torch.diag(2 * X))
    found = grad((x**2, x.sum()), (x, w), (EYE, vec(1, 10, 100)), is_grads_batched=True, allow_unused=True)
    assert close(found[0], torch.diag(2 * X) + vec(1, 10, 100).view(3, 1)) and found[1] is None
    found = grad(x**2, {"x": x, "w": w}, EYE[:2], is_grads_batched=True, materialize_grads=True)
    assert close(found["x"], torch.diag(2 * X)[:2]) and close(found["w"], [0])
    (rows,) = grad(x**3, x, EYE, is_grads_batched=True, create_graph=True)
    assert close(grad(rows.sum(), x)[0], 6 * X)
    v = EYE.clone().requires_grad_()
    (rows,) = grad(x**3, x, v, is_grads_batched=True, create_graph=True)
    assert close(grad(rows.sum(), v)[0], (3 * X**2).expand(3, 3))
    y = x**3
    for keep in (True, False):
        assert close(grad(y, x, EYE, is_grads_batched=True, retain_graph=keep)[0], torch.diag(3 * X**2))
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        grad(y, x, EYE, is_grads_batched=True)


x3 = torch.ones(3, requires_grad=True)
BATCHES = [
    (
        x3 * 2,
        torch.ones(3),
        RuntimeError,
        "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension.",
    ),  # fmt: skip
    (x3 * 2, torch.ones(2, 2), RuntimeError, "a mismatch was detected: grad_output[0] has a shape of"),
    (x3.sum(), torch.tensor(1.0), IndexError, "invalid index of a 0-dim tensor"),
    (x3 * 2, torch.ones(0, 3), IndexError, "index 0 is out of bounds for dimension 0 with size 0"),
    (x3 * 2, torch.ones(2, 3) * 1j, RuntimeError, "both grad_output and output are required to have the same dtype"),
    (
        x3.sum(),
        None,
        ValueError,
        "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is a Tensor of dimensionality 0 so expected in_dim to satisfy 0 <= in_dim < 0.",
    ),  # fmt: skip
    (
        (x3 * 2, torch.ones(1)),
        (torch.ones(2, 3), None),
        ValueError,
        "Got in_dim=0 for an input but the input is of type <class 'NoneType'>.",
    ),  # fmt: skip
    (
        (x3 * 2, x3.sum()),
        (torch.ones(3, 3), torch.ones(2)),
        ValueError,
        "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [3, 2] for the mapped dimension",
    ),  # fmt: skip
]


@pytest.mark.parametrize(("outputs", "vectors", "kind", "words"), BATCHES)
def test_refused_batches(outputs, vectors, kind, words):
    with pytest.raises(kind) as caught:
        torch.autograd.grad(outputs, x3, vectors, is_grads_batched=True)
    assert words in str(caught.value)
