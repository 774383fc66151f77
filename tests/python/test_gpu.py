"""Tensors on a GPU: where they are, how they get there and back, and what is refused, in PyTorch's semantics."""

import copy
import io
import subprocess
import sys
import threading

import numpy as np
import pytest
from device_parity import need_gpu, python

import rusttorch as torch
import rusttorch.nn.functional as F
from rusttorch import nn
from rusttorch.datasets import FashionMNIST
from rusttorch.utils.data import DataLoader

need_gpu()


# ---- devices and their names


def test_devices_have_pytorchs_form():
    d = torch.device("gpu")
    assert (d.type, d.index, str(d), repr(d)) == ("wgpu", None, "wgpu", "device(type='wgpu')")
    assert str(torch.device("gpu:1")) == "wgpu:1" and torch.device("wgpu", 0) == torch.device("gpu:0")
    x = torch.ones(2, device="gpu")
    assert x.device == torch.device("gpu:0") and x.get_device() == 0 and not x.is_cpu and not x.is_cuda
    assert torch.zeros(1).get_device() == -1
    assert torch.accelerator.current_accelerator() == torch.device("gpu")
    assert torch.accelerator.is_available() and torch.accelerator.device_count() == torch.gpu.device_count() >= 1
    assert not torch.cuda.is_available() and "CUDA" in torch.cuda.is_available.__doc__
    assert torch.gpu.get_device_name() == torch.gpu.get_device_properties(0).name


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(RuntimeError, match="there is no device wgpu:15"):
        torch.zeros(1, device="gpu:15")
    with pytest.raises(RuntimeError, match="Invalid device string"):
        torch.device("gpu:x")
    done = python("import rusttorch as t; t.zeros(1, device='gpu')", RUSTTORCH_ADAPTER="no such card")
    assert "no adapter is number or named 'no such card'" in done.stderr


def test_import_opens_no_device():
    code = "import rusttorch as t; assert not t.gpu.is_initialized(); t.ones(1, device='gpu'); assert t.gpu.is_initialized()"
    assert python(code).returncode == 0


def test_default_device():
    with torch.device("gpu"):
        assert torch.zeros(2).device.type == "wgpu" and torch.tensor([1.0]).device.type == "wgpu"
        with torch.device("cpu"):
            assert torch.zeros(2).device.type == "cpu"
        assert nn.Linear(2, 2).weight.device.type == "wgpu"
    assert torch.zeros(2).device.type == "cpu"
    torch.set_default_device("gpu")
    try:
        assert torch.arange(3).device.type == "wgpu" and torch.get_default_device().type == "wgpu"
        seen = []
        thread = threading.Thread(target=lambda: seen.append(torch.zeros(1).device.type))
        thread.start()
        thread.join()
        assert seen == ["cpu"]  # as in PyTorch: of this thread
    finally:
        torch.set_default_device(None)
    assert torch.arange(3).device.type == "cpu"


# ---- there and back

DTYPES = ["float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_travels_and_casts_as_on_the_cpu(name):
    dtype = getattr(torch, name)
    x = (torch.randn(7, 5) * 50).to(dtype)
    g = x.to("gpu")
    assert g.dtype == dtype and torch.equal(g.cpu(), x)
    assert torch.equal(g.t().cpu(), x.t()) and torch.equal(g[1:, ::2].cpu(), x[1:, ::2])
    assert torch.equal(g.t().contiguous().cpu(), x.t().contiguous())
    for other in DTYPES:
        to = getattr(torch, other)
        source = x.abs() if to == torch.uint8 and dtype.is_signed else x
        assert torch.equal(source.to("gpu").to(to).cpu(), source.to(to)), other
        assert torch.equal(source.to("gpu", to).cpu(), source.to(to)), other
        assert torch.equal(source.to("gpu").cpu().to(to), source.to(to)), other


def test_numpy_and_dlpack_are_refused_in_pytorchs_words():
    x = torch.ones(2, device="gpu")
    with pytest.raises(TypeError, match=r"can't convert wgpu:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        x.numpy()
    with pytest.raises(TypeError, match="can't convert wgpu:0"):
        np.asarray(x)
    assert x.numpy(force=True).tolist() == [1.0, 1.0]
    with pytest.raises(BufferError, match="DLPack"):
        torch.utils.dlpack.to_dlpack(x) if hasattr(torch.utils, "dlpack") else x.__dlpack__()


def test_mixed_devices_are_refused_but_for_numbers():
    x, g = torch.ones(3), torch.ones(3, device="gpu")
    for call in (
        lambda: g + x,
        lambda: x + g,
        lambda: torch.matmul(x, g),
        lambda: torch.cat([x, g]),
        lambda: g.add_(x),
    ):
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device, but found at least two"):
            call()
    assert (g * torch.tensor(2.0)).tolist() == [2.0] * 3  # a tensor without dims may be on the CPU
    assert (torch.tensor(2.0) * g).device.type == "wgpu"
    assert g[torch.tensor([0, 2])].tolist() == [1.0, 1.0]  # and so may indices
    g.copy_(x * 5)
    x.copy_(g)
    assert x.tolist() == g.tolist() == [5.0] * 3
    assert g.to(x).device.type == "cpu" and x.type_as(g).device.type == "wgpu"


def test_printing():
    assert repr(torch.tensor([1.0, 2.5], device="gpu")) == "tensor([1.0000, 2.5000], device='wgpu:0')"
    assert repr(torch.zeros(0, device="gpu")) == "tensor([], device='wgpu:0')"
    text = repr(nn.Parameter(torch.ones(1, device="gpu")))
    assert text == "Parameter containing:\ntensor([1.], device='wgpu:0', requires_grad=True)"


# ---- views, in place, autograd


def test_views_share_memory_and_versions():
    x = torch.zeros(4, 6, device="gpu")
    y = x[1:3].t()[::2]
    y += 1.5
    x[0] = torch.arange(6.0, device="gpu")
    x[:, 5].mul_(2).sub_(1)
    want = torch.zeros(4, 6)
    want[1:3].t()[::2].add_(1.5)
    want[0] = torch.arange(6.0)
    want[:, 5].mul_(2).sub_(1)
    assert torch.equal(x.cpu(), want) and x._version == want._version + 0
    assert y.data_ptr() == x.data_ptr() + 6 * 4 and y._base is x
    bools = torch.zeros(3, 5, dtype=torch.bool, device="gpu")
    bools[:, 1:3] = True
    assert bools.sum(0).tolist() == [0, 3, 3, 0, 0]


def test_saved_tensors_notice_writes():
    x = torch.ones(3, device="gpu", requires_grad=True)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_gradients_hooks_and_double_backward():
    values = torch.randn(3, 4)

    def run(device):
        x = values.clone().to(device).requires_grad_()
        seen = []
        y = (x.tanh() @ x.t()).sigmoid()
        y.register_hook(lambda g: seen.append(g.device.type) or g * 2)
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        (g * g).sum().backward()
        return [g.detach().cpu(), x.grad.cpu()], seen

    (cpu, _), (gpu, seen) = run("cpu"), run("gpu")
    assert seen[0] == "wgpu"
    for a, b in zip(cpu, gpu, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_gradients_cross_devices():
    x = torch.ones(3, requires_grad=True)
    (x.to("gpu") * torch.arange(3.0, device="gpu")).cpu().sum().backward()
    assert x.grad.device.type == "cpu" and x.grad.tolist() == [0.0, 1.0, 2.0]


def test_custom_functions_run_on_the_device():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    x = torch.tensor([1.0, 2.0], device="gpu", requires_grad=True)
    Cube.apply(x).sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]


# ---- random numbers


def test_random_numbers_are_the_cpus():
    def draw(device):
        torch.manual_seed(3)
        w = torch.empty(5, 4, device=device)
        nn.init.kaiming_uniform_(w)
        return [
            torch.randn(1000, device=device),
            torch.rand(33, device=device),
            torch.randint(0, 100, (50,), device=device),
            torch.randperm(40, device=device),
            torch.bernoulli(torch.full((64,), 0.3, device=device)),
            torch.empty(20, device=device).normal_(1, 2),
            w,
            F.dropout(torch.ones(100, device=device), 0.4),
            torch.multinomial(torch.tensor([0.1, 0.2, 0.7], device=device), 20, replacement=True),
        ]

    for a, b in zip(draw("cpu"), draw("gpu"), strict=True):
        assert b.device.type == "wgpu" and torch.equal(a, b.cpu())


# ---- modules and files


def test_modules_move_and_copy():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    weight = model[0].weight
    model.to("gpu")
    assert model[0].weight is weight and weight.device.type == "wgpu" and model[1].running_mean.device.type == "wgpu"
    twin = copy.deepcopy(model)
    assert twin[0].weight.device.type == "wgpu" and torch.equal(twin[0].weight.cpu(), weight.cpu())
    assert model.cpu()[0].weight.device.type == "cpu"


def test_save_and_load_with_map_location():
    x = torch.arange(6.0, device="gpu").view(2, 3)
    file = io.BytesIO()
    torch.save({"x": x, "row": x[1]}, file)
    file.seek(0)
    back = torch.load(file)
    assert back["x"].device == x.device and torch.equal(back["x"].cpu(), x.cpu())
    back["x"].zero_()
    assert back["row"].tolist() == [0.0] * 3  # still one storage
    file.seek(0)
    assert torch.load(file, map_location="cpu")["x"].device.type == "cpu"
    file = io.BytesIO()
    torch.save(torch.ones(2), file)
    file.seek(0)
    assert torch.load(file, map_location="gpu").device.type == "wgpu"


# ---- the environment report


def test_the_report_names_the_adapters():
    done = subprocess.run([sys.executable, "-m", "rusttorch"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    for part in ("rusttorch", "threads:", "GPU wgpu:0", torch.gpu.get_device_name(), "features:", "max_buffer_size"):
        assert part in done.stdout


# ---- whole programs


@pytest.mark.skipif(not FashionMNIST.is_available(), reason="the data set is not installed (dataset-fashion-mnist)")
def test_fashion_mnist_losses_are_the_cpus():
    def losses(device):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        ).to(device)
        # Without momentum: with it even two instruction sets of one CPU part within 50 steps, by a unit that one of
        # them finds just above 0 and the other just below.
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        found = []
        for x, y in DataLoader(FashionMNIST(train=True), batch_size=64, shuffle=True):
            if len(found) == 100:
                break
            loss = F.cross_entropy(model(x.to(device)), y.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.detach())
        return [loss.item() for loss in found]

    assert losses("gpu") == pytest.approx(losses("cpu"), abs=1e-3)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.qkv(self.norm1(x)).split(width, dim=2)
        q, k, v = (p.view(batch, length, self.heads, -1).transpose(1, 2) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
        x = x + self.out(y)
        return x + self.mlp(self.norm2(x))


class SmallGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(20, 32), nn.Embedding(16, 32)
        self.blocks = nn.Sequential(Block(32, 4), Block(32, 4))
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 20, bias=False)

    def forward(self, x):
        h = self.token(x) + self.place(torch.arange(x.shape[1], device=x.device))
        return self.head(self.norm(self.blocks(h))).flatten(0, 1)


class SmallResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.a = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.b = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16))
        self.skip = nn.Conv2d(8, 16, 1, stride=2)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        x = F.relu(x + self.a(x))
        x = F.relu(self.skip(x) + self.b(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


@pytest.mark.parametrize("kind", [SmallGPT, SmallResNet])
def test_small_models_train_as_on_the_cpu(kind):
    def losses(device):
        torch.manual_seed(1)
        model = kind().to(device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        if kind is SmallGPT:
            x = torch.randint(0, 20, (4, 16))
            y = ((x + 1) % 20).flatten()
        else:
            x, y = torch.randn(8, 3, 16, 16), torch.randint(0, 5, (8,))
        x, y = x.to(device), y.to(device)
        found = []
        for _ in range(25):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            found.append(loss.detach())
        return [loss.item() for loss in found]

    cpu, gpu = losses("cpu"), losses("gpu")
    assert gpu == pytest.approx(cpu, rel=2e-2, abs=2e-3)
    assert gpu[:5] == pytest.approx(cpu[:5], rel=1e-3)
    assert gpu[-1] < 0.5 * gpu[0]


def test_blocking_raises_a_bad_index_where_it_happens():
    code = """
import rusttorch as t
x = t.arange(5.0, device="gpu")
try:
    x[t.tensor([7], device="gpu")]
except IndexError as e:
    print("here", e)
"""
    assert python(code, RUSTTORCH_GPU_BLOCKING="1").stdout.startswith("here index out of range")
    assert python(code, RUSTTORCH_GPU_BLOCKING="0").stdout == ""


def test_kernels_are_kept_on_disk(tmp_path):
    if "pipeline-cache" not in torch.gpu.get_device_properties().features:
        pytest.skip("this backend has no cache of compiled kernels")
    code = "import rusttorch as t; x = t.rand(9, device='gpu'); [f(x).tolist() for f in (t.exp, t.sin, t.sqrt, t.neg, t.abs)]"
    assert python(code, RUSTTORCH_CACHE=str(tmp_path)).returncode == 0
    (file,) = (tmp_path / "rusttorch").iterdir()
    assert file.stat().st_size > 0
    file.write_bytes(b"not a cache")
    assert python(code, RUSTTORCH_CACHE=str(tmp_path)).returncode == 0
    file.unlink()
    # Without any wait, what was compiled is kept when the process ends.
    assert python("import rusttorch as t; t.rand(9, device='gpu').exp()", RUSTTORCH_CACHE=str(tmp_path)).returncode == 0
    assert [f.name for f in (tmp_path / "rusttorch").iterdir()] == [file.name]


def test_kernels_of_nothing_but_numbers_are_told_apart_by_type():
    def both(x, y):
        return torch.equal(x, y), (x ^ y).item()

    for dtype in (torch.int64, torch.bool, torch.int32, torch.bool):
        x, y = (torch.tensor(v, dtype=dtype, device="gpu") for v in (0, 0))
        assert both(x, y) == (True, 0)
