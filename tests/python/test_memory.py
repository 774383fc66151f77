"""Memory shared with NumPy, DLPack and buffers, both ways: nothing is copied, and nothing is freed too early."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import rusttorch as torch

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


@pytest.mark.parametrize("name", DTYPES)
def test_from_numpy_shares_memory_both_ways(name):
    array = np.ones((2, 3), dtype=name)
    tensor = torch.from_numpy(array)
    assert tensor.dtype is getattr(torch, name)
    assert tensor.data_ptr() == array.ctypes.data
    array[0, 0] = 0
    assert tensor[0, 0].item() == 0
    tensor[1, 2] = 0
    assert array[1, 2] == 0


@pytest.mark.parametrize("name", DTYPES)
def test_numpy_shares_memory_both_ways(name):
    tensor = torch.ones(2, 3, dtype=getattr(torch, name))
    array = tensor.numpy()
    assert array.dtype == name and array.ctypes.data == tensor.data_ptr()
    tensor[0, 0] = 0
    assert array[0, 0] == 0
    array[1, 2] = 0
    assert tensor[1, 2].item() == 0


def test_strided_memory_crosses_both_ways():
    array = np.arange(24.0).reshape(4, 6)[::2, 1::2]
    tensor = torch.from_numpy(array)
    assert tensor.stride() == (12, 2) and tensor.tolist() == array.tolist()
    back = tensor.t().numpy()
    assert back.strides == (16, 96) and back.tolist() == array.T.tolist()
    back[0, 1] = -1
    assert array[1, 0] == -1


def test_negative_strides_and_foreign_bytes_are_refused():
    with pytest.raises(ValueError, match="stride in the given numpy array is negative"):
        torch.from_numpy(np.arange(3)[::-1])
    with pytest.raises(TypeError, match="can't convert np.ndarray of type numpy.object_"):
        torch.from_numpy(np.array([None]))
    with pytest.raises(ValueError, match="byte order"):
        torch.from_numpy(np.arange(3, dtype=">i4"))
    with pytest.raises(TypeError, match="expected np.ndarray"):
        torch.from_numpy([1, 2])


def test_empty_and_scalar_arrays():
    assert torch.from_numpy(np.zeros((0, 3))).shape == (0, 3)
    assert torch.zeros(0, 3).numpy().shape == (0, 3)
    assert torch.from_numpy(np.array(2.5)).item() == 2.5
    assert torch.tensor(2.5).numpy().shape == ()


def test_the_array_lives_as_long_as_the_tensor_and_no_longer():
    array = np.arange(1000.0)
    alive = weakref.ref(array)
    tensor = torch.from_numpy(array)
    view = tensor[10:20]
    del array, tensor
    gc.collect()
    assert alive() is not None and view.tolist() == list(range(10, 20))
    del view
    gc.collect()
    assert alive() is None


def test_the_tensor_lives_as_long_as_the_array():
    tensor = torch.arange(1000.0)
    part = tensor.numpy()[5:8]
    del tensor
    gc.collect()
    torch.zeros(1000)
    assert part.tolist() == [5.0, 6.0, 7.0]


def test_requires_grad_is_refused_by_numpy_and_allowed_by_force():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
        x.numpy()
    assert x.numpy(force=True).tolist() == [1.0, 1.0]
    assert x.detach().numpy().tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="unsupported ScalarType BFloat16"):
        torch.ones(2, dtype=torch.bfloat16).numpy()


def test_numpy_functions_take_tensors():
    x = torch.tensor([1.0, 4.0])
    assert np.sqrt(x.numpy()).tolist() == [1.0, 2.0]
    assert np.asarray(x).ctypes.data == x.data_ptr()
    assert np.array(x).ctypes.data != x.data_ptr()
    assert np.asarray(x, dtype="float64").dtype == "float64"


def test_dlpack_both_ways():
    array = np.arange(6.0).reshape(2, 3)
    tensor = torch.from_dlpack(array)
    tensor[0, 1] = 10
    assert array[0, 1] == 10
    other = torch.arange(6).reshape(2, 3).t()
    shared = np.from_dlpack(other)
    assert shared.tolist() == other.tolist()
    assert other.__dlpack_device__() == (1, 0)
    again = torch.from_dlpack(other)
    again[0, 0] = 7
    assert other[0, 0].item() == 7
    del array
    gc.collect()
    assert tensor[0, 1].item() == 10


def test_an_unused_capsule_frees_its_tensor():
    x = torch.ones(3)
    capsule = torch.to_dlpack(x)
    y = torch.from_dlpack(capsule)
    y[0] = 5
    assert x[0].item() == 5
    with pytest.raises(Exception, match="(?i)capsule|consumed"):
        torch.from_dlpack(capsule)
    x.__dlpack__()


def test_frombuffer():
    data = bytearray(np.arange(4, dtype="float32").tobytes())
    x = torch.frombuffer(data, dtype=torch.float32)
    x[1] = 9
    assert np.frombuffer(data, "float32").tolist() == [0.0, 9.0, 2.0, 3.0]
    assert torch.frombuffer(data, dtype=torch.float32, count=2, offset=4).tolist() == [9.0, 2.0]
    for bad in ({"offset": 17}, {"count": 5}, {"offset": 3}):
        with pytest.raises(ValueError):
            torch.frombuffer(data, dtype=torch.float32, **bad)
    with pytest.raises(ValueError):
        torch.frombuffer(bytearray(), dtype=torch.float32)


def test_the_storage_is_a_writable_buffer():
    x = torch.arange(4, dtype=torch.int16)
    storage = x[1:].untyped_storage()
    assert storage.nbytes() == len(storage) == 8 and storage.data_ptr() == x.data_ptr()
    memoryview(storage)[0] = 5
    assert x[0].item() == 5


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickle_keeps_values_dtype_strides_and_flags(protocol):
    x = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
    y = pickle.loads(pickle.dumps(x, protocol))
    assert y.tolist() == x.tolist() and y.stride() == x.stride() and y.requires_grad
    z = pickle.loads(pickle.dumps(torch.tensor([1.5], dtype=torch.bfloat16), protocol))
    assert z.dtype is torch.bfloat16 and z.item() == 1.5


def test_read_only_memory_is_not_written_to():
    array = np.broadcast_to(np.zeros(2), (3, 2))
    with pytest.warns(UserWarning, match="not writable"):
        x = torch.from_numpy(array)
    for write in (lambda: x.add_(1), lambda: x.__setitem__(torch.tensor([0]), 1.0)):
        with pytest.raises(RuntimeError, match="read-only|single memory location"):
            write()
    assert array.sum() == 0


def test_too_much_memory_is_an_error():
    with pytest.raises(RuntimeError, match="you tried to allocate"):
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(RuntimeError):
        torch.empty(1 << 40, 1 << 40)


def test_too_much_memory_has_pytorchs_error():
    with pytest.raises(torch.OutOfMemoryError, match="DefaultCPUAllocator: can't allocate memory"):
        torch.empty(1 << 48)
    assert issubclass(torch.OutOfMemoryError, RuntimeError)
