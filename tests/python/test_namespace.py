"""What the package offers at its top, and what importing it costs."""

import copy
import math
import pickle
import subprocess
import sys

import pytest

import rusttorch as torch


def run(code: str) -> str:
    """What `code` prints in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_import_loads_nothing_large() -> None:
    heavy = "numpy tqdm asyncio inspect dataclasses multiprocessing matplotlib urllib.request zipfile".split()
    ours = "rusttorch.func rusttorch.autograd.functional rusttorch.nn rusttorch.optim rusttorch.utils rusttorch.testing rusttorch.serialization".split()
    code = "import sys; before = set(sys.modules); import rusttorch; print(*(set(sys.modules) - before))"
    assert not set(run(code).split()) & set(heavy + ours)


def test_import_takes_less_than_80_ms() -> None:
    # processor time: that of the clock depends on what else the machine does
    code = "import time; start = time.process_time(); import rusttorch; print(time.process_time() - start)"
    run(code)  # bytecode and files are read once before
    assert min(float(run(code)) for _ in range(5)) < 0.08


def test_submodules_load_when_named() -> None:
    code = "import rusttorch as torch\n" + "\n".join(
        f"torch.{name}"
        for name in (
            "nn.functional optim.SGD utils.data.DataLoader linalg.norm fft special.erf random.manual_seed cuda "
            "backends.cudnn testing.assert_close autograd.backward types.Number version.__version__ save load "
            "serialization.load storage.TypedStorage accelerator.is_available return_types.get"
        ).split()
    )
    assert run(code) == ""


def test_unknown_names() -> None:
    for name in ("no_such_name", "NoSuchTensor", "_no_such_name", "distributions"):
        assert not hasattr(torch, name)
        with pytest.raises(AttributeError, match=f"module 'rusttorch' has no attribute '{name}'"):
            getattr(torch, name)


def test_dir_names_what_loads_on_demand() -> None:
    assert {"nn", "optim", "save", "load", "add", "no_grad", "float32"} <= set(dir(torch))


def test_constants_and_second_names() -> None:
    assert (torch.pi, torch.e, torch.inf, torch.newaxis) == (math.pi, math.e, math.inf, None)
    assert math.isnan(torch.nan)
    names = {"half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32"}
    names |= {"long": "int64", "cfloat": "complex64", "cdouble": "complex128"}
    for second, first in names.items():
        assert getattr(torch, second) is getattr(torch, first)


def test_default_dtype() -> None:
    try:
        torch.set_default_dtype(torch.float64)
        assert torch.get_default_dtype() is torch.float64
        assert torch.tensor(1.5).dtype is torch.float64 and torch.tensor(1j).dtype is torch.complex128
        torch.set_default_tensor_type("torch.FloatTensor")
        assert torch.get_default_dtype() is torch.float32
        with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
            torch.set_default_dtype(torch.int8)
        with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
            torch.set_default_tensor_type(torch.LongTensor)
    finally:
        torch.set_default_dtype(torch.float32)


def test_questions_about_objects() -> None:
    x = torch.ones(2)
    assert torch.is_tensor(x) and not torch.is_tensor([1.0])
    assert torch.is_storage(x.untyped_storage()) and not torch.is_storage(x)
    assert torch.typename(x) == "torch.FloatTensor"
    assert torch.typename(int) == torch.typename(5) == "int"
    assert torch.typename(torch.no_grad) == "rusttorch.autograd.grad_mode.no_grad"


def test_seed_and_state() -> None:
    with torch.random.fork_rng():
        assert torch.manual_seed(3).initial_seed() == torch.initial_seed() == 3
        state = torch.get_rng_state()
        first = torch.rand(3)
        torch.set_rng_state(state)
        assert torch.equal(torch.rand(3), first)
        torch.manual_seed(3)
        with torch.random.fork_rng():
            torch.rand(100)
        assert torch.equal(torch.rand(3), first)
        assert torch.seed() == torch.initial_seed()


def test_compile_gives_back_what_it_gets() -> None:
    def function() -> None: ...

    assert torch.compile(function, mode="max-autotune") is function
    assert torch.compile(fullgraph=True)(function) is function
    with pytest.raises(AssertionError, match="A callable function is expected"):
        torch.compile(5)


def test_settings_are_kept() -> None:
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.are_deterministic_algorithms_enabled() and torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_deterministic_debug_mode("error")
    assert torch.get_deterministic_debug_mode() == 2
    torch.use_deterministic_algorithms(False)
    assert torch.get_deterministic_debug_mode() == 0
    with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
        torch.set_deterministic_debug_mode("loud")
    assert torch.get_float32_matmul_precision() == "highest"
    with pytest.warns(UserWarning, match="is not one of"):
        torch.set_float32_matmul_precision("low")
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.set_flush_denormal(True) is False


def test_no_devices_by_other_names() -> None:
    assert not torch.cuda.is_available() and torch.cuda.device_count() == 0
    assert not torch.backends.mps.is_available()
    assert torch.accelerator.is_available() == (torch.gpu.device_count() > 0)
    torch.cuda.manual_seed_all(1)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.cuda.synchronize()


def test_legacy_types() -> None:
    assert torch.equal(torch.LongTensor([1, 2]), torch.tensor([1, 2]))
    assert torch.FloatTensor(2, 3).shape == (2, 3) and torch.FloatTensor(torch.Size([4])).shape == (4,)
    assert torch.FloatTensor().dtype is torch.float32
    x = torch.ones(2)
    assert isinstance(x, torch.FloatTensor) and not isinstance(x, torch.LongTensor)
    assert x.type() == "torch.FloatTensor" and x.type("torch.LongTensor").dtype is torch.int64
    assert x.type(torch.HalfTensor).dtype is torch.float16 and x.type(torch.bool).dtype is torch.bool
    shared = torch.FloatTensor(x)
    shared[0] = 5
    assert x[0] == 5
    for wrong in (2.5, True, "a", x.double()):
        with pytest.raises(TypeError):
            torch.FloatTensor(wrong)
    with pytest.raises(ValueError, match="invalid type: 'foo'"):
        x.type("foo")
    with pytest.raises(TypeError, match="dtype must be a type, str, or dtype object"):
        x.type(5)


def test_typed_storage() -> None:
    x = torch.arange(4.0)
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        storage = x.storage()
    assert storage.tolist() == list(storage) == [0.0, 1.0, 2.0, 3.0] and len(storage) == storage.size() == 4
    storage[1] = 7
    assert x[1] == 7 and storage[1] == 7.0 and storage.nbytes() == 16 and storage.data_ptr() == x.data_ptr()
    assert isinstance(storage, torch.FloatStorage) and storage.type() == "torch.FloatStorage"
    with pytest.raises(IndexError, match="index 5 out of range for storage of size 4"):
        storage[5]
    assert torch.DoubleStorage([1, 2]).dtype is torch.float64 and len(torch.IntStorage(3)) == 3


def test_named_results() -> None:
    result = torch.max(torch.tensor([[1.0, 3.0], [4.0, 2.0]]), 1)
    assert repr(result) == "torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([1, 0]))"
    values, indices = result
    assert values is result.values is result[0] and indices is result.indices
    assert type(result) is torch.return_types.get("max", ("values", "indices")) is torch.return_types.max
    for same in (pickle.loads(pickle.dumps(result)), copy.copy(result)):
        assert type(same) is type(result) and torch.equal(same.values, values)


@pytest.mark.parametrize("protocol", range(6))
def test_pickle(protocol: int) -> None:
    x = torch.arange(12.0).reshape(3, 4)
    for tensor in (x, x.t(), x[1:, ::2], x.to(torch.bfloat16), x > 3, torch.tensor(5), torch.empty(0, 3)):
        loaded = pickle.loads(pickle.dumps(tensor, protocol))
        assert torch.equal(loaded, tensor) and loaded.dtype is tensor.dtype and loaded.stride() == tensor.stride()
    leaf = torch.ones(2, requires_grad=True)
    leaf.note = [1]
    loaded = pickle.loads(pickle.dumps(leaf, protocol))
    assert loaded.requires_grad and loaded.is_leaf and loaded.note == [1]


def test_deepcopy() -> None:
    x = torch.arange(6.0)
    x.note = [1]
    whole, part, again = copy.deepcopy((x, x[2:], x))
    assert whole is again and torch.equal(whole, x) and whole.note == [1] and whole.note is not x.note
    part.zero_()
    assert whole.tolist() == [0, 1, 0, 0, 0, 0] and x[3] == 3
    leaf = torch.ones(2, requires_grad=True)
    (leaf * 2).sum().backward()
    copied = copy.deepcopy(leaf)
    assert copied.requires_grad and torch.equal(copied.grad, leaf.grad) and copied.grad is not leaf.grad
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(leaf * 2)
    assert copy.copy(x).data_ptr() == x.data_ptr()


def test_contains_iteration_and_reverse() -> None:
    x = torch.arange(3)
    assert 2 in x and 5 not in x and x[1] in x
    with pytest.raises(RuntimeError, match="only supports Tensor or scalar, but you passed in a <class 'str'>"):
        "a" in x  # noqa: B015
    assert [row.item() for row in x] == [0, 1, 2] and torch.equal(reversed(x), x.flip(0))
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        iter(torch.tensor(1))


def test_tensor_hooks() -> None:
    leaf = torch.ones(2, requires_grad=True)
    for tensor in (leaf, leaf * 1):
        calls = []
        first = tensor.register_hook(lambda grad, calls=calls: calls.append("first"))
        second = tensor.register_hook(lambda grad, calls=calls: calls.append("second") or grad * 2)
        leaf.grad = None
        tensor.sum().backward(retain_graph=True)
        first.remove()
        first.remove()
        tensor.sum().backward()
        assert calls == ["first", "second", "second"] and leaf.grad.tolist() == [4.0, 4.0]
        second.remove()
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        torch.ones(2).register_hook(print)


def test_hook_removed_after_its_tensor_is_gone() -> None:
    leaf = torch.ones(2, requires_grad=True)
    middle = leaf * 2
    calls = []
    handle = middle.register_hook(calls.append)
    loss = middle.sum()
    del middle
    handle.remove()
    loss.backward()
    assert calls == []


def test_post_accumulate_grad_hook() -> None:
    leaf = torch.ones(2, requires_grad=True)
    seen = []
    handle = leaf.register_post_accumulate_grad_hook(lambda tensor: seen.append((tensor is leaf, tensor.grad.tolist())))
    (leaf * 3).sum().backward()
    handle.remove()
    (leaf * 3).sum().backward()
    assert seen == [(True, [3.0, 3.0])]
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        (leaf * 1).register_post_accumulate_grad_hook(print)
