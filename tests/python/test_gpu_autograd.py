"""Python code that backward calls, on a GPU: hooks, custom functions, checkpoints, anomaly mode; gradients of elsewhere."""

import pytest
from device_parity import need_gpu

import rusttorch as torch
from rusttorch import nn
from rusttorch.utils.checkpoint import checkpoint

need_gpu()


def devices_of_new_tensors():
    """Where tensors are made that no operand puts on a GPU."""
    c = torch.ones(3)
    made = [c + 1, c + c, c[torch.tensor([0])], torch.Tensor([1.0]), torch.get_rng_state(), c.sum(), c.clone()]
    return [t.device.type for t in made]


def backward_with(place, seen):
    """A backward on the GPU in which `seen.append(devices_of_new_tensors())` runs at `place`."""
    look = lambda *_: seen.append(devices_of_new_tensors())  # noqa: E731

    class Looks(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            look()
            return g

    w = torch.ones(3, device="gpu", requires_grad=True)
    if place == "unpack":
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: look() or t):
            y = w * w
    else:
        y = Looks.apply(w) if place == "function" else w * 2
    if place == "tensor hook":
        y.register_hook(look)
    elif place == "node hook":
        y.grad_fn.register_hook(look)
    elif place == "node prehook":
        y.grad_fn.register_prehook(look)
    elif place == "post accumulate":
        w.register_post_accumulate_grad_hook(look)
    elif place == "callback":
        y.register_hook(lambda g: torch._C._queue_callback(look))
    y.sum().backward()
    assert w.grad.device.type == "wgpu"
    if place in ("post accumulate", "tensor hook"):
        y = w * 3  # now there is a gradient to add to
        if place == "tensor hook":
            y.register_hook(look)
        y.sum().backward()


@pytest.mark.parametrize(
    "place", ["function", "unpack", "tensor hook", "node hook", "node prehook", "post accumulate", "callback"]
)
def test_code_that_backward_calls_makes_its_tensors_on_the_cpu(place):
    seen = []
    backward_with(place, seen)
    assert seen and all(devices == ["cpu"] * 7 for devices in seen), seen


def test_an_op_after_the_hook_works_on_the_device_again():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x.cumsum(0).diff(prepend=torch.zeros(1, device=x.device))

    x = torch.tensor([1.0, 2.0, 4.0], device="gpu", requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.cpu(), lambda t: t.to("gpu")):
        y = Square.apply(x.exp().log())
    y.softmax(0).prod().backward()
    z = x.detach().cpu().requires_grad_()
    (z * z).softmax(0).prod().backward()
    torch.testing.assert_close(x.grad.cpu(), z.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("preserve", [False, True])
def test_checkpoints_compute_again_on_the_device(reentrant, preserve):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5 if preserve else 0.0), nn.Linear(8, 2))
    x = torch.randn(3, 4)

    def run(device, checkpointed):
        torch.manual_seed(1)
        module = net.to(device)
        module.zero_grad()
        own = x.to(device).requires_grad_()
        if checkpointed:
            y = checkpoint(module, own, use_reentrant=reentrant, preserve_rng_state=preserve)
        else:
            y = module(own)
        y.square().sum().backward()
        assert own.grad.device.type == torch.device(device).type
        return [own.grad.cpu(), *(p.grad.cpu() for p in module.parameters())]

    for a, b in zip(run("gpu", True), run("cpu", False), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected in")
def test_anomaly_mode_passes_what_is_healthy_and_names_what_is_not():
    x = torch.ones(3, device="gpu", requires_grad=True)
    with torch.autograd.detect_anomaly():
        (x * 2).exp().sum().backward()
        assert torch.isfinite(x.grad).all()
        with pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"):
            ((x - 1).sqrt() * 0).sum().backward()


# ---- gradients that are elsewhere


def test_a_gradient_of_another_device_is_refused_in_pytorchs_words():
    class Elsewhere(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return torch.ones(3)

    w = torch.ones(3, device="gpu", requires_grad=True)
    words = "Function ElsewhereBackward returned an invalid gradient at index 0 - expected device wgpu:0 but got cpu"
    with pytest.raises(RuntimeError, match=words):
        Elsewhere.apply(w).sum().backward()
    with pytest.raises(RuntimeError, match="^invalid gradient at index 0 - expected device wgpu:0 but got cpu"):
        (w * 2).backward(torch.ones(3))
    with pytest.raises(RuntimeError, match="expected device cpu but got wgpu:0"):
        torch.ones(3, requires_grad=True).mul(2).backward(torch.ones(3, device="gpu"))
    y = w * 2
    y.register_hook(lambda g: torch.ones(3))
    was = r"hook '<lambda>' has changed the type of value \(was torch.wgpu.FloatTensor got torch.FloatTensor\)"
    with pytest.raises(RuntimeError, match=was):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="device type 'cpu' to a tensor with device type 'wgpu'. Please ensure"):
        w.grad = torch.ones(3)
    assert w.grad is None
    (w * 2).sum().backward(torch.ones(()))  # a number may come from the CPU
    assert w.grad.tolist() == [2.0] * 3


def test_gradients_go_back_through_every_way_to_another_device():
    def grad_of(f):
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = f(x)
        y.sum().backward()
        assert x.grad.device.type == "cpu"
        (twice,) = torch.autograd.grad(f(x).square().sum(), x, create_graph=True)
        assert twice.device.type == "cpu" and twice.requires_grad
        return x.grad.tolist()

    def copied(x):
        y = torch.zeros(3, device="gpu")
        y.copy_(x * 2)
        return y

    def copied_to_a_part(x):
        y = torch.zeros(2, 3, device="gpu")
        y[0].copy_(x * 2)
        return y

    def assigned(x):
        y = torch.zeros(2, 3, device="gpu")
        y[1] = x * 2
        return y

    def filled(x):
        return torch.zeros(4, device="gpu").fill_(x[1] * 2)

    def with_numbers(x):
        return torch.ones(4, device="gpu") * x[2] + torch.where(torch.ones(4, device="gpu") > 0, x[0], 0.0)

    def put(x):
        return torch.zeros(4, device="gpu").index_put((torch.tensor([1, 3]),), x[0])

    assert grad_of(lambda x: (x * 2).to("gpu")) == [2.0] * 3
    assert grad_of(lambda x: (x * 2).to("gpu", torch.float16)) == [2.0] * 3
    assert grad_of(lambda x: (x.to("gpu") * 2).cpu()) == [2.0] * 3
    assert grad_of(copied) == grad_of(copied_to_a_part) == grad_of(assigned) == [2.0] * 3
    assert grad_of(filled) == [0.0, 8.0, 0.0]
    assert grad_of(with_numbers) == [4.0, 0.0, 4.0]
    assert grad_of(put) == [2.0, 0.0, 0.0]


def test_backward_makes_what_is_asked_for_and_no_copies():
    layer = torch.nn.Linear(96, 80).to("gpu")
    x = torch.randn(32, 96, device="gpu", requires_grad=True)
    seeds = torch.ones(32, 80, device="gpu")

    def kernels(work):
        y = layer(x)
        before = torch.gpu.statistics()["kernels"]
        work(y)
        return torch.gpu.statistics()["kernels"] - before

    one = {p: kernels(lambda y, p=p: torch.autograd.grad(y, p, seeds)) for p in (x, layer.weight, layer.bias)}
    assert one[layer.bias] == 1
    # A leaf keeps the gradient that was made for it.
    assert kernels(lambda y: y.backward(seeds)) == sum(one.values())


def test_gradients_of_clamps_are_one_kernel():
    x = torch.tensor([-2.0, -1.0, 0.5, 1.0, 3.0, float("nan")]).to("gpu").requires_grad_()
    y = x.clamp(-1, 1)
    seeds = torch.ones_like(y)
    before = torch.gpu.statistics()["kernels"]
    (slope,) = torch.autograd.grad(y, x, seeds)
    assert torch.gpu.statistics()["kernels"] - before == 1
    assert slope.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
