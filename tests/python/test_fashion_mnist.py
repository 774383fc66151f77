"""The FashionMNIST data set: found, read, fetched and checked."""

import gzip
import hashlib
import http.server
import os
import struct
import threading

import pytest

import rusttorch as torch
from rusttorch.datasets import FashionMNIST, FashionMNISTSample, fashion_mnist
from rusttorch.utils.data import DataLoader, Subset


def idx(shape, data):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + bytes(data)


IMAGES = idx((3, 28, 28), [i % 251 for i in range(3 * 784)])
LABELS = idx((3,), [7, 0, 9])
FILES = {
    "train-images-idx3-ubyte": IMAGES,
    "train-labels-idx1-ubyte": LABELS,
    "t10k-images-idx3-ubyte": IMAGES,
    "t10k-labels-idx1-ubyte": LABELS,
}


@pytest.fixture
def no_debian(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_mnist, "_DEBIAN_FOLDER", str(tmp_path / "nothing"))


@pytest.fixture
def folder(tmp_path, no_debian):
    made = tmp_path / "data"
    made.mkdir()
    for name, content in FILES.items():
        (made / f"{name}.gz").write_bytes(gzip.compress(content))
    return made


def test_sample_ships_with_the_package():
    train, test = FashionMNISTSample(train=True), FashionMNISTSample(train=False)
    assert (len(train), len(test)) == (2000, 300)
    assert train.data.shape == (2000, 28, 28)
    assert train.data.dtype == torch.uint8
    assert train.targets.dtype == torch.int64
    assert sorted(set(train.targets.tolist())) == list(range(10))
    assert train.classes[train.targets[0].item()] == "Ankle boot"
    image, label = train[0]
    assert image.shape == (1, 28, 28)
    assert image.dtype == torch.float32
    assert image.min().item() == 0.0
    assert image.max().item() == 1.0
    assert type(label) is int


def test_items_and_batches_agree(folder):
    dataset = FashionMNIST(folder, train=False)
    assert [dataset[i][1] for i in range(3)] == [7, 0, 9]
    assert dataset[1][0][0, 0].tolist() == pytest.approx([(784 + i) % 251 / 255 for i in range(28)], rel=1e-6)
    samples = dataset.__getitems__([2, 0])
    assert [label for _, label in samples] == [9, 7]
    for x, y in (
        next(iter(DataLoader(dataset, batch_size=3))),
        next(iter(DataLoader(Subset(dataset, [0, 1, 2]), batch_size=3))),
        next(iter(DataLoader(dataset, batch_size=3, collate_fn=lambda b: torch.utils.data.default_collate(b)))),
    ):
        assert x.shape == (3, 1, 28, 28)
        assert x.dtype == torch.float32
        assert y.dtype == torch.int64
        assert y.tolist() == [7, 0, 9]
        assert x[2].tolist() == dataset[2][0].tolist()


def test_transforms(folder):
    dataset = FashionMNIST(folder, transform=lambda image: image.sum(), target_transform=lambda label: -label)
    assert dataset[0][0].shape == ()
    assert dataset[0][1] == -7
    x, y = next(iter(DataLoader(dataset, batch_size=3)))
    assert x.shape == (3,)
    assert y.tolist() == [-7, 0, -9]


def test_a_subclass_that_reads_samples_its_own_way_is_asked(folder):
    class Labels(FashionMNIST):
        def __getitem__(self, index):
            return super().__getitem__(index)[1]

    assert next(iter(DataLoader(Labels(folder), batch_size=3))).tolist() == [7, 0, 9]


def test_torchvisions_folders_and_uncompressed_files(tmp_path, no_debian):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    assert not FashionMNIST.is_available(tmp_path)
    for name, content in FILES.items():
        (raw / name).write_bytes(content)
    assert FashionMNIST.is_available(tmp_path)
    assert len(FashionMNIST(tmp_path, train=True)) == 3
    assert len(FashionMNIST(str(tmp_path), train=False, download=True)) == 3


def test_missing_files_say_what_to_do(tmp_path, no_debian):
    with pytest.raises(RuntimeError, match=r"You can use download=True.*dataset-fashion-mnist.*FashionMNISTSample"):
        FashionMNIST(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("train-images-idx3-ubyte", IMAGES[:-1], "should have 2352 bytes of data.* only 2351"),
        ("train-images-idx3-ubyte", IMAGES + b"x", "should have 2352 bytes of data.* more"),
        ("train-images-idx3-ubyte", IMAGES[:9], "ends in its header"),
        ("train-images-idx3-ubyte", b"", "ends in its header"),
        ("train-images-idx3-ubyte", LABELS + bytes(20), "is not an IDX file of bytes with 3 dimensions"),
        ("train-images-idx3-ubyte", idx((3, 2, 2), bytes(12)), r"images of \(2, 2\) pixels"),
        ("train-labels-idx1-ubyte", idx((2,), [1, 2]), "has 3 images, but .* has 2 labels"),
        ("train-labels-idx1-ubyte", idx((3,), [1, 2, 10]), "has a label 10"),
    ],
)
def test_damaged_files_raise(folder, name, content, match):
    (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    with pytest.raises(RuntimeError, match=match):
        FashionMNIST(folder)


def test_a_cut_or_foreign_gzip_file_raises(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    raw = path.read_bytes()
    for content in (raw[:-12], raw[: len(raw) // 2], raw[:20] + bytes(20) + raw[40:], b"not gzip at all"):
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte.gz (is truncated|should have)"):
            FashionMNIST(folder)


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, name = self.path.strip("/").partition("/")
        content = gzip.compress(FILES[name.removesuffix(".gz")])
        self.send_response(404 if kind == "missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "cut":
            content = content[:-30]
        elif kind == "wrong":
            content = bytes(len(content))
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(monkeypatch, tmp_path, no_debian):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(
        FashionMNIST, "checksums", {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    )
    yield lambda *kinds: monkeypatch.setattr(
        FashionMNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/{kind}/" for kind in kinds]
    )
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_takes_the_first_mirror_that_is_right(tmp_path, mirror):
    mirror("missing", "cut", "wrong", "good")
    dataset = FashionMNIST(tmp_path / "data", download=True)
    assert dataset.targets.tolist() == [7, 0, 9]
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    assert sorted(os.listdir(raw)) == sorted(f"{name}.gz" for name in FILES)
    mirror("missing")
    assert len(FashionMNIST(tmp_path / "data", train=False, download=True)) == 3


@pytest.mark.parametrize("kind", ["missing", "cut", "wrong"])
def test_a_failed_download_leaves_nothing(tmp_path, mirror, kind):
    mirror(kind)
    with pytest.raises(RuntimeError, match=r"could not download train-images-idx3-ubyte.gz .*Put the four files"):
        FashionMNIST(tmp_path / "data", download=True)
    assert not [name for _, _, names in os.walk(tmp_path / "data") for name in names]
