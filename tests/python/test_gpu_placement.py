"""Where tensors are: new ones of constructors, `out=`, what grows, what is copied; and what PyTorch refuses of two devices."""

import copy
import pickle

import numpy as np
import pytest
from device_parity import need_gpu

import rusttorch as torch
from rusttorch import nn

need_gpu()

CPU, GPU = torch.device("cpu"), torch.device("gpu:0")


# ---- out= and sizes


def test_out_grows_where_it_is():
    x = torch.arange(4.0, device="gpu")
    m = torch.eye(2, device="gpu")

    def out(dtype=torch.float32):
        return torch.empty(0, dtype=dtype, device="gpu")

    calls = {
        "add": (lambda o: torch.add(x, 1, out=o), [1.0, 2.0, 3.0, 4.0]),
        "cat": (lambda o: torch.cat([x, x[:1]], out=o), [0.0, 1.0, 2.0, 3.0, 0.0]),
        "mm": (lambda o: torch.mm(m, m, out=o), [[1.0, 0.0], [0.0, 1.0]]),
        "sum": (lambda o: torch.sum(m, 0, out=o), [1.0, 1.0]),
        "arange": (lambda o: torch.arange(3, out=o), [0.0, 1.0, 2.0]),
        "full": (lambda o: torch.full((2,), 7.0, out=o), [7.0, 7.0]),
    }
    for name, (call, want) in calls.items():
        o = out()
        assert call(o) is o and o.device == GPU and o.tolist() == want, name
    values, indices = out(), out(torch.int64)
    torch.max(m, 0, out=(values, indices))
    assert values.device == indices.device == GPU and indices.tolist() == [0, 1]
    drawn = out()
    torch.manual_seed(3)
    torch.randn(5, out=drawn)
    torch.manual_seed(3)
    assert drawn.device == GPU and torch.equal(drawn.cpu(), torch.randn(5))
    large = torch.full((9,), 5.0, device="gpu")
    assert torch.mul(x, 2, out=large).tolist() == [0.0, 2.0, 4.0, 6.0]
    computed = x + 1  # its memory is the device's alone
    assert torch.cat([x, x], out=computed).tolist() == x.tolist() * 2


def test_resize_keeps_what_fits_where_it_is():
    for made in (torch.arange(4.0, device="gpu") + 0, torch.arange(4.0).to("gpu")):
        assert made.resize_(8) is made and made.device == GPU and made[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert made.resize_(2, 1).tolist() == [[0.0], [1.0]] and made.device == GPU
    for dtype in (torch.int8, torch.float16, torch.int64, torch.bool):
        t = torch.ones(3, dtype=dtype, device="gpu")
        part = (t * t)[1:]
        assert part.resize_(5)[:2].tolist() == [1, 1] and part.storage_offset() == 1 and part.dtype is dtype
    empty = torch.empty(0, device="gpu")
    assert empty.resize_(3).fill_(2).tolist() == [2.0] * 3
    assert torch.ones(3, device="gpu").set_().device == GPU


def test_out_of_another_device_is_refused():
    x, g = torch.ones(2, 2), torch.ones(2, 2, device="gpu")
    for call in (
        lambda: torch.add(x, 1, out=torch.empty(2, 2, device="gpu")),
        lambda: torch.add(x, 1, out=torch.empty(0, device="gpu")),
        lambda: torch.mm(x, x, out=torch.empty(2, 2, device="gpu")),
        lambda: torch.max(x, 0, out=(torch.empty(2), torch.empty(2, dtype=torch.int64, device="gpu"))),
    ):
        with pytest.raises(RuntimeError, match="Expected out tensor to have device cpu, but got wgpu:0 instead"):
            call()
    for call in (
        lambda: torch.add(g, 1, out=torch.empty(2, 2)),
        lambda: torch.sum(g, 0, out=torch.empty(2)),
        lambda: torch.cat([g, g], out=torch.empty(4, 2)),
    ):
        with pytest.raises(RuntimeError, match="Expected out tensor to have device wgpu:0, but got cpu instead"):
            call()
    with pytest.raises(RuntimeError, match=r"device type cpu does not match device type of out parameter \(wgpu\)"):
        torch.zeros(2, 2, device="cpu", out=g)
    with pytest.raises(RuntimeError, match='on device "wgpu:0" to a storage on different device "cpu"'):
        g.set_(x)
    with pytest.raises(RuntimeError, match='on device "cpu" to a storage on different device "wgpu:0"'):
        x.set_(g.untyped_storage())


# ---- constructors


@pytest.mark.filterwarnings("ignore:To copy construct")
def test_new_tensors_are_where_their_data_is():
    x, c = torch.arange(3.0, device="gpu"), torch.arange(3.0)
    for made in (torch.tensor(x), torch.asarray(x, copy=True), copy.copy(x), copy.deepcopy(x)):
        assert made.device == GPU and made is not x and made.tolist() == [0.0, 1.0, 2.0]
    assert torch.tensor(x).data_ptr() != x.data_ptr()
    assert torch.tensor(x, dtype=torch.int32).device == GPU
    assert torch.asarray(x) is x and torch.as_tensor(x) is x and torch.asarray(c) is c
    assert torch.asarray(x, device="cpu").device == torch.tensor(x, device="cpu").device == CPU
    assert x.new_tensor([1.0]).device == GPU and x.new_tensor([1]).dtype is torch.float32
    assert x.new_tensor(c).device == CPU  # as in PyTorch, a tensor's copy is where the tensor is
    assert c.new_tensor(x).device == GPU and x.new_tensor([1.0], device="cpu").device == CPU
    assert torch.tensor(x, dtype=torch.complex64, device="cpu").tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="can't alias tensor from device 'wgpu:0' to 'cpu'"):
        torch.asarray(x, device="cpu", copy=False)
    with pytest.raises(ValueError, match="can't alias tensor with dtype 'Float' into dtype 'Double'"):
        torch.asarray(c, dtype=torch.float64, copy=False)
    wants = torch.ones(2, device="gpu", requires_grad=True)
    assert torch.asarray(wants, requires_grad=True) is wants and not torch.asarray(wants).requires_grad


@pytest.mark.filterwarnings("ignore:To copy construct")
def test_the_default_device_is_asked_where_pytorch_asks_it():
    c, a = torch.ones(2), np.ones(2, dtype=np.float32)
    with torch.device("gpu"):
        assert torch.tensor(c).device == torch.as_tensor(c).device == torch.asarray(c).device == GPU
        assert torch.as_tensor(a).device == torch.asarray(a).device == torch.as_tensor([1.0]).device == GPU
        assert c.new_tensor([1.0]).device == CPU
        assert torch.FloatTensor([1.0]).device == torch.LongTensor(2).device == torch.FloatTensor().device == CPU
        assert torch.Tensor([1.0]).device == torch.Tensor(2, 3).device == torch.from_numpy(a).device == CPU
        with pytest.raises(ValueError, match="can't alias tensor from device 'cpu' to 'wgpu:0'"):
            torch.asarray(c, copy=False)
        with torch.device("cpu"):  # set is not the same as not set
            x = torch.ones(2, device="gpu")
            assert torch.tensor(x).device == torch.as_tensor(x).device == torch.asarray(x).device == CPU
            assert x.new_tensor([1.0]).device == GPU
        assert torch.as_tensor(c).device == GPU
    assert torch.as_tensor(c) is c


def test_legacy_constructors_are_the_cpus():
    for call in (
        lambda: torch.Tensor([1.0], device="gpu"),
        lambda: torch.Tensor(2, device=torch.device("gpu")),
        lambda: torch.FloatTensor(2, device="gpu"),
    ):
        with pytest.raises(RuntimeError, match="legacy constructor expects device type: cpu but device type: wgpu was"):
            call()
    assert torch.Tensor([1.0], device="cpu").tolist() == [1.0]
    with pytest.raises(TypeError, match=r"expected CPU \(got WGPU\)"):
        torch.FloatTensor(torch.ones(1, device="gpu"))


def test_types_by_name_say_where():
    x, c = torch.ones(2, device="gpu"), torch.ones(2)
    assert x.type() == torch.typename(x) == "torch.wgpu.FloatTensor" and c.type() == "torch.FloatTensor"
    assert isinstance(c, torch.FloatTensor) and not isinstance(x, torch.FloatTensor)
    assert x.type(torch.int32).type() == "torch.wgpu.IntTensor"
    assert x.type("torch.IntTensor").type() == x.type(torch.IntTensor).type() == "torch.IntTensor"
    assert c.type("torch.wgpu.LongTensor").type() == "torch.wgpu.LongTensor" and x.type(x.type()) is x
    with pytest.raises(ValueError, match="invalid type: 'torch.wgpu.NoTensor'"):
        x.type("torch.wgpu.NoTensor")
    with pytest.raises(TypeError, match="can't assign a str to a torch.wgpu.FloatTensor"):
        x[0] = "1"


# ---- names of devices


def test_a_number_is_a_gpu():
    assert torch.device(0) == GPU and torch.zeros(2, device=0).device == GPU
    assert torch.zeros(2).to(0).device == nn.Linear(1, 1).to(0).weight.device == GPU
    assert nn.Linear(1, 1).to(device=0).weight.device == GPU
    with pytest.raises(RuntimeError, match="Device index must not be negative"):
        torch.device(-1)
    with pytest.raises(RuntimeError, match="there is no device wgpu:7"):
        torch.zeros(1, device=7)
    for wrong in ((True,), (0, 1), (1.0,)):
        with pytest.raises(TypeError, match="must be str or torch.device"):
            torch.device(*wrong)


def test_a_generator_keeps_its_device():
    g = torch.Generator(device="gpu").manual_seed(3)
    assert g.device == GPU and torch.Generator().device == CPU and torch.default_generator.device == CPU
    assert g.clone_state().device == pickle.loads(pickle.dumps(g)).device == GPU
    c = torch.Generator().manual_seed(3)
    want = torch.randn(4, generator=c)
    assert torch.equal(torch.randn(4, generator=pickle.loads(pickle.dumps(g))), want)
    assert torch.equal(torch.randn(4, generator=g, device="gpu").cpu(), want)
    with pytest.raises(RuntimeError, match="there is no device wgpu:9"):
        torch.Generator("gpu:9")
    with pytest.raises(TypeError, match="argument 'device' must be torch.device, not float"):
        torch.Generator(1.5)


# ---- indices, numbers and views


def test_indices_are_the_cpus_or_beside_what_they_index():
    x, c = torch.arange(4.0, device="gpu"), torch.arange(4.0)
    i, mask = torch.tensor([0, 2]), torch.tensor([True, False, True, False])
    words = r"indices should be either on cpu or on the same device as the indexed tensor \(cpu\)"
    for index in (i.to("gpu"), mask.to("gpu"), (i.to("gpu"),)):
        with pytest.raises(RuntimeError, match=words):
            c[index]
        with pytest.raises(RuntimeError, match=words):
            c[index] = 1.0
        with pytest.raises(RuntimeError, match=words):
            c[index] = torch.ones(2)
    assert c[torch.tensor(1, device="gpu")] == 1.0  # as in PyTorch, this is a number
    for index in (i, mask, i.to("gpu"), mask.to("gpu")):
        assert x[index].tolist() == [0.0, 2.0]
        y = x.clone()
        y[index] = torch.ones(2, device="gpu")
        y[index] += torch.tensor(1.0)
        assert y.tolist() == [2.0, 1.0, 2.0, 3.0]
        assert x.clone().index_put_((index,), torch.tensor(7.0)).tolist() == [7.0, 1.0, 7.0, 3.0]
        added = x.clone().index_put_((index,), torch.ones(2, device="gpu"), accumulate=True)
        assert (
            added.tolist() == x.index_put((index,), added[:2] * 0 + 1, accumulate=True).tolist() == [1.0, 1.0, 3.0, 3.0]
        )
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            y[index] = torch.ones(2)
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            x.index_put_((index,), torch.ones(2))
    y = x.clone()
    y[[0, 2]] = [8, 9]
    y[1:2] = torch.tensor([5.0])  # a copy, and so from anywhere
    assert y.tolist() == [8.0, 5.0, 9.0, 3.0]
    c[i] = torch.tensor(6.0, device="gpu")
    assert c.tolist() == [6.0, 1.0, 6.0, 3.0]
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        c[i] = x[:2]


def test_a_number_fills_whatever_is_where():
    x, c = torch.zeros(3, device="gpu"), torch.zeros(3)
    assert c.fill_(torch.tensor(2.0, device="gpu")) is c and c.tolist() == [2.0] * 3
    assert x.fill_(torch.tensor(3.0)).tolist() == [3.0] * 3
    assert torch.fill(c, torch.tensor(4.0, device="gpu")).device == CPU


def test_dlpack_says_that_it_is_no_memory_of_the_cpu():
    x = torch.ones(2, device="gpu")
    assert x.__dlpack_device__() == (15, 0) and torch.ones(2).__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="Can't export a tensor on wgpu:0"):
        np.from_dlpack(x)
