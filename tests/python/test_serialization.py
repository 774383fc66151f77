"""Checkpoints are in PyTorch's format, are read back exactly, and never run code."""

import collections
import io
import os
import pathlib
import pickle
import struct
import zipfile

import pytest

import rusttorch as torch
from rusttorch import nn, serialization

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
DTYPES = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64) + (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
)


def check(got):
    """Compare with what `checkpoint()` in record_training.py makes."""
    for t, dtype in zip(got["dtypes"], DTYPES, strict=True):
        assert t.dtype == dtype
        assert t.tolist() == ([False, True, True] if dtype == torch.bool else [0, 1, 2])
    base, part, transposed, strided, expanded = got["shared"]
    assert base.tolist() == list(range(12))
    assert part.tolist() == [2, 3, 4]
    assert transposed.tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
    assert strided.stride() == (2,)
    assert expanded.stride() == (0,)
    base[2] = 99.0
    assert part[0].item() == transposed[2, 0].item() == strided[1].item() == 99.0
    state = got["state_dict"]
    assert type(state) is collections.OrderedDict
    assert list(state) == ["weight", "bias"]
    assert state["weight"].tolist() == [[0.5, -1.0, 2.0], [1.5, 0.25, -0.125]]
    assert state._metadata[""] == {"version": 1}
    nn.Linear(3, 2).load_state_dict(state)
    assert type(got["parameter"]) is nn.Parameter
    assert got["parameter"].requires_grad
    assert got["empty"].shape == (0, 3)
    assert got["scalar"].shape == ()
    assert got["scalar"].item() == 2.5
    assert got["requires_grad"].requires_grad
    assert got["requires_grad"].is_leaf
    assert type(got["size"]) is torch.Size
    assert got["size"] == (2, 3)
    assert got["dtype"] is torch.bfloat16
    assert got["device"] == torch.device("cpu")
    assert got["plain"] == (
        (1, 2.5, None, True, "text", b"bytes\x00\xff", {1, 2}, 1 + 2j, 10**30, [[], ()], {"key": -5})
    )


def saved(obj, **options):
    f = io.BytesIO()
    torch.save(obj, f, **options)
    f.seek(0)
    return f


@pytest.mark.parametrize("name", ["checkpoint.pth", "checkpoint_legacy.pth"])
def test_pytorchs_files_are_read(name):
    check(torch.load(FIXTURES / name))
    check(torch.load(io.BytesIO((FIXTURES / name).read_bytes()), map_location="cpu"))


@pytest.mark.parametrize("options", [{}, {"mmap": True}, {"weights_only": False}])
def test_round_trip(tmp_path, options):
    path = tmp_path / "file.pth"
    torch.save(torch.load(FIXTURES / "checkpoint.pth"), path)
    check(torch.load(path, **options))
    check(torch.load(str(path), **options))


def test_our_pickle_is_pytorchs_to_the_byte(tmp_path):
    torch.save(torch.load(FIXTURES / "checkpoint.pth"), tmp_path / "checkpoint.pth")
    with zipfile.ZipFile(tmp_path / "checkpoint.pth") as ours, zipfile.ZipFile(FIXTURES / "checkpoint.pth") as theirs:
        assert ours.namelist() == theirs.namelist()
        for name in ours.namelist():
            if name.endswith("data.pkl"):
                assert operations(ours.read(name)) == operations(theirs.read(name))
            elif not name.endswith("serialization_id"):
                assert ours.read(name) == theirs.read(name), name


def operations(data):
    """What a pickle does, without the numbering of its memo, which depends on the pickler."""
    import pickletools

    memo = ("PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET", "MEMOIZE")
    return [(code.name, arg) for code, arg, _ in pickletools.genops(data) if code.name not in memo]


def test_records_are_stored_at_multiples_of_64_bytes(tmp_path):
    path = tmp_path / "a.pth"
    torch.save([torch.ones(3), torch.ones(5, dtype=torch.float64)], path)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            assert info.filename.startswith("a/")
            assert info.compress_type == zipfile.ZIP_STORED
            name_length, extra_length = struct.unpack("<HH", raw[info.header_offset + 26 : info.header_offset + 30])
            assert (info.header_offset + 30 + name_length + extra_length) % 64 == 0


def test_the_same_object_is_the_same_again():
    t = torch.ones(2)
    a, b, c = torch.load(saved([t, t, t.view(2, 1)]))
    assert a is b
    a[0] = 5.0
    assert c[0, 0].item() == 5.0


def test_model_and_optimizer_go_on_where_they_were(tmp_path):
    def fresh():
        model = nn.Linear(2, 1)
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    def train(model, optimizer):
        loss = model(torch.ones(3, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model, optimizer = fresh()
    train(model, optimizer)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c.pth")
    train(model, optimizer)
    other, other_optimizer = fresh()
    state = torch.load(tmp_path / "c.pth")
    other.load_state_dict(state["model"])
    other_optimizer.load_state_dict(state["optimizer"])
    train(other, other_optimizer)
    assert other.weight.tolist() == model.weight.tolist()


def test_a_whole_model_needs_weights_only_false():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    f = saved(model)
    with pytest.raises(pickle.UnpicklingError, match="GLOBAL torch.nn.modules.container.Sequential was not an allowed"):
        torch.load(f)
    f.seek(0)
    names = serialization.get_unsafe_globals_in_checkpoint(f)
    assert names == [
        "torch.nn.modules.activation.ReLU",
        "torch.nn.modules.container.Sequential",
        "torch.nn.modules.linear.Linear",
    ]
    f.seek(0)
    other = torch.load(f, weights_only=False)
    x = torch.ones(1, 3)
    assert other(x).tolist() == model(x).tolist()


class Settings:
    def __init__(self):
        self.width = 3


def test_own_classes_have_to_be_named():
    f = saved({"settings": Settings()})
    for weights_only in (True, False):
        f.seek(0)
        with pytest.raises(pickle.UnpicklingError, match=r"add_safe_globals\(\["):
            torch.load(f, weights_only=weights_only)
    with serialization.safe_globals([Settings]):
        assert serialization.get_safe_globals() == [Settings]
        f.seek(0)
        assert torch.load(f)["settings"].width == 3
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([(Settings, f"{__name__}.Settings")])
    f.seek(0)
    assert torch.load(f)["settings"].width == 3
    serialization.clear_safe_globals()


class Calls:
    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_code_is_not_run(weights_only, protocol, tmp_path):
    marker = tmp_path / "ran"
    for function, args in ((os.system, (f"touch {marker}",)), (eval, ("1",)), (getattr, ("x", "upper"))):
        f = saved([Calls(function, *args)], pickle_protocol=protocol)
        with pytest.raises(pickle.UnpicklingError, match="was not an allowed global"):
            torch.load(f, weights_only=weights_only)
        legacy = io.BytesIO()
        for obj in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Calls(function, *args)):
            pickle.dump(obj, legacy, protocol=protocol)
        legacy.seek(0)
        with pytest.raises(pickle.UnpicklingError, match="was not an allowed global"):
            torch.load(legacy, weights_only=weights_only)
    assert not marker.exists()


def pickled(data):
    """An archive around a hand-written pickle."""
    f = io.BytesIO()
    with zipfile.ZipFile(f, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/data/0", bytes(16))
    f.seek(0)
    return f


STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"\x80\x02ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.", "Can only build"),
        (b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsK\x01sb.", "cannot have an attribute 'items'"),
        (b"\x80\x02ctorch\nfloat32\n)R.", "Trying to call reduce for unrecognized function"),
        (b"\x80\x02K\x01)R.", "Trying to call reduce for unrecognized function 1"),
        (b"\x80\x02ctorch\nTensor\n)\x81.", "Can only create new object"),
        (b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "has to be made from its bytes"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86R.", "cannot encode to utf-8"),
        (b"\x80\x02K\x01K\x02s.", "invalid pickle data at SETITEM"),
        (b"\x80\x02h\x05.", "invalid pickle data at BINGET"),
        (b"\x80\x02K\x01K\x02.", "before its object is complete"),
        (b"\x80\x02X\xff\x00\x00\x00a.", "pickle data was truncated"),
        (b"\x80\x02", "pickle data was truncated"),
        (b"\x80\x02I1\n.", "Unsupported operand 73"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "Only persistent_load of storage is allowed"),
        (b"\x80\x02(X\x06\x00\x00\x00moduleK\x01K\x01K\x01K\x01tQ.", "Only persistent_load of storage is allowed"),
        # a tensor beyond its storage: offset 0, size (5,), strides (1,)
        (
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\x00K\x05\x85K\x01\x85\x89N" + b"tR.",
            "does not fit into its storage of 4 elements",
        ),
        (
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\x00K\x02\x85J\xff\xff\xff\xff\x85\x89NtR.",
            r"strides \(-1,\)",
        ),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))\x89NtR.", "rebuilt from a storage"),
    ],
)
def test_pickles_that_want_too_much(data, match):
    for weights_only in (True, False):
        with pytest.raises(pickle.UnpicklingError, match=match):
            torch.load(pickled(data), weights_only=weights_only)


def test_a_storage_larger_than_its_record_is_refused():
    data = STORAGE.replace(b"K\x04tQ", b"J\xff\xff\xff\x7ftQ")
    with pytest.raises(RuntimeError, match="should have 8589934588 bytes, but the file has 16"):
        torch.load(pickled(b"\x80\x02" + data + b"."))
    with pytest.raises(RuntimeError, match="a storage without a tensor"):
        torch.load(pickled(b"\x80\x02" + STORAGE + b"."))


@pytest.mark.parametrize("name", ["checkpoint.pth", "checkpoint_legacy.pth"])
def test_truncated_files_raise(name):
    raw = (FIXTURES / name).read_bytes()
    for length in range(0, len(raw), 61):
        with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError)):
            torch.load(io.BytesIO(raw[:length]))


def test_a_damaged_record_is_noticed():
    raw = bytearray(saved(torch.ones(100)).getvalue())
    at = raw.index(struct.pack("<f", 1.0) * 100)
    raw[at + 7] ^= 1
    with pytest.raises(RuntimeError, match="PytorchStreamReader failed reading file data/0"):
        torch.load(io.BytesIO(bytes(raw)))


def test_bytes_of_another_machine_are_turned():
    f = saved([torch.tensor([1.5, -2.0]), torch.tensor([1 + 2j]), torch.tensor([258], dtype=torch.int16)])
    turned = io.BytesIO()
    with zipfile.ZipFile(f) as old, zipfile.ZipFile(turned, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("byteorder"):
                content = b"big"
            elif "/data/" in name:
                size = {0: 4, 1: 4, 2: 2}[int(name[-1])]
                content = b"".join(content[i : i + size][::-1] for i in range(0, len(content), size))
            new.writestr(name, content)
    turned.seek(0)
    a, b, c = torch.load(turned)
    assert a.tolist() == [1.5, -2.0]
    assert b.tolist() == [1 + 2j]
    assert c.tolist() == [258]


def test_bools_of_other_bytes_are_made_true():
    f = saved(torch.tensor([True, False, True]))
    other = io.BytesIO()
    with zipfile.ZipFile(f) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"\x02\x00\xff" if name.endswith("data/0") else old.read(name))
    other.seek(0)
    t = torch.load(other)
    assert t.tolist() == [True, False, True]
    assert t.to(torch.uint8).tolist() == [1, 0, 1]


def test_what_was_there_stays_when_saving_fails(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(1, path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        torch.save(lambda: 1, path)

    class Broken(io.BytesIO):
        def write(self, data):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        torch.save(torch.ones(3), Broken())
    assert torch.load(path) == 1
    assert os.listdir(tmp_path) == ["a.pth"]


def test_map_location():
    f = saved(torch.ones(2))
    for place in ("cpu", torch.device("cpu"), {"cpu": "cpu"}, lambda storage, location: storage, lambda s, name: None):
        f.seek(0)
        assert torch.load(f, map_location=place).device == torch.device("cpu")
    f.seek(0)
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        torch.load(f, map_location="cuda:0")
    f.seek(0)
    with pytest.raises(RuntimeError, match="don't know how to restore data location"):
        torch.load(f, map_location="nowhere")


def test_tensors_of_two_dtypes_on_one_storage_are_refused():
    t = torch.ones(4)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        torch.save([t, t.view(torch.int32)], io.BytesIO())


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: torch.save(1, "/nonexistent/folder/a.pth"), RuntimeError, "Parent directory .* does not exist"),
        (lambda: torch.save(1, 3), AttributeError, "expected 'f' to be string, path, or a file-like object"),
        (lambda: torch.save(1, io.BytesIO(), pickle_module=io), RuntimeError, "pickle_module has to be"),
        (lambda: torch.load("/nonexistent"), FileNotFoundError, "nonexistent"),
        (lambda: torch.load(3), AttributeError, "has no attribute 'seek'"),
        (lambda: torch.load(io.BytesIO(b"")), EOFError, "Ran out of input"),
        (lambda: torch.load(io.BytesIO(b"no checkpoint")), pickle.UnpicklingError, "Weights only load failed"),
        (lambda: torch.load(io.BytesIO(b"N.")), RuntimeError, "Invalid magic number; corrupt file"),
        (lambda: torch.load(io.BytesIO(), pickle_module=pickle), RuntimeError, "explicit pickle_module"),
        (lambda: torch.load(io.BytesIO(), mmap=True), ValueError, "f must be a file path"),
    ],
)
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call()
