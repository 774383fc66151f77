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
