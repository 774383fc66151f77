"""FashionMNIST: 70,000 pictures of clothes, 28 by 28 pixels, in ten classes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch.utils.data import Dataset
from rusttorch.utils.data.dataset import BatchReader

from ._download import download_gz
from ._idx import read_idx

__all__ = ["FashionMNIST", "FashionMNISTSample"]

# Where Debian's package dataset-fashion-mnist puts the files.
_DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"
_SAMPLE_FOLDER = os.path.join(os.path.dirname(__file__), "sample")


class FashionMNIST(Dataset[tuple[Any, Any]]):
    """FashionMNIST, as (image, label) pairs: a float32 tensor of shape [1, 28, 28] from 0 to 1, and an int.

    The image is what torchvision's ``ToTensor`` makes of its picture; torchvision itself, without a transform, gives
    a PIL picture instead. Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms" (2017); the data is Zalando's, under the MIT licence.

    Args:
        root: the folder with the four files ``train-images-idx3-ubyte.gz``, ``train-labels-idx1-ubyte.gz``,
            ``t10k-images-idx3-ubyte.gz``, ``t10k-labels-idx1-ubyte.gz`` (uncompressed will do), or with
            ``FashionMNIST/raw``, as torchvision lays it out, in it. Where they are in neither, those of Debian's
            package ``dataset-fashion-mnist`` are taken (default "data").
        train: the 60,000 training images, or the 10,000 test images (default True).
        transform: called with each image, the float32 tensor (default None).
        target_transform: called with each label, the int (default None).
        download: fetch the files into ``root`` where they are nowhere to be found (default False).

    Attributes:
        data: all images, uint8, [N, 28, 28].
        targets: all labels, int64, [N].
        classes: the names of the ten classes.

    Raises:
        RuntimeError: the files are not there, cannot be fetched, are truncated, or are not FashionMNIST's.
    """

    classes = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]
    mirrors = (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    )
    # SHA-256 of what is in each file, uncompressed: the compressed files differ from place to place.
    checksums = {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
    _max_download_bytes = 64_000_000

    def __init__(
        self,
        root: str | os.PathLike[str] = "data",
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root = os.fspath(root)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        folders = self._folders()
        images, labels = self._names()
        if download and not all(_found(name, folders) for name in self.checksums):
            self._download()
        self.data, self.targets = self._read(self._path(images, folders), self._path(labels, folders))

    def _names(self) -> tuple[str, str]:
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _folders(self) -> tuple[str, ...]:
        return self.root, os.path.join(self.root, "FashionMNIST", "raw"), _DEBIAN_FOLDER

    @classmethod
    def is_available(cls, root: str | os.PathLike[str] = "data") -> bool:
        """Whether the four files are there already, under ``root`` or where Debian puts them."""
        root = os.fspath(root)
        folders = (root, os.path.join(root, "FashionMNIST", "raw"), _DEBIAN_FOLDER)
        return all(_found(name, folders) for name in cls.checksums)

    def _path(self, name: str, folders: tuple[str, ...]) -> str:
        path = _found(name, folders)
        if path is None:
            raise RuntimeError(
                f"Dataset not found. You can use download=True to download it. There is no {name}.gz in "
                f"{', '.join(folders)}. {self._advice()}"
            )
        return path

    def _advice(self) -> str:
        return (
            f"Put the four files into {self.root!r}, or install Debian's package dataset-fashion-mnist; "
            "FashionMNISTSample has a few of the images and needs no files"
        )

    def _download(self) -> None:
        folder = os.path.join(self.root, "FashionMNIST", "raw")
        for name, sha256 in self.checksums.items():
            if _found(name, (folder,)):
                continue
            try:
                download_gz(name + ".gz", sha256, folder, self.mirrors, self._max_download_bytes)
            except (RuntimeError, OSError) as error:
                raise RuntimeError(f"could not download {name}.gz to {folder}: {error}. {self._advice()}") from error

    @staticmethod
    def _read(images: str, labels: str) -> tuple[Any, Any]:
        data = read_idx(images, 3)
        targets = read_idx(labels, 1)
        if tuple(data.shape[1:]) != (28, 28):
            raise RuntimeError(f"{images} has images of {tuple(data.shape[1:])} pixels, they should have (28, 28)")
        if len(data) != len(targets):
            raise RuntimeError(f"{images} has {len(data)} images, but {labels} has {len(targets)} labels")
        if len(targets) and int(targets.max()) > 9:
            raise RuntimeError(f"{labels} has a label {int(targets.max())}; there are classes 0 to 9")
        return data, targets.to(torch.int64)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class name."""
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._sample(_scaled(self.data[index]).unsqueeze(0), int(self.targets[index]))

    def __getitems__(self, indices: list[int]) -> list[tuple[Any, Any]]:
        """The samples at several indices, read in one piece."""
        if type(self).__getitem__ is not FashionMNIST.__getitem__:
            return [self[i] for i in indices]
        images, labels = self._batch(indices)
        return [self._sample(image, label) for image, label in zip(images.unbind(0), labels.tolist(), strict=True)]

    def _sample(self, image: Any, label: int) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    def _batch(self, indices: list[int]) -> list[Any]:
        """Images, float32 [B, 1, 28, 28], and labels, int64 [B], without transforms."""
        index = torch.tensor(indices, dtype=torch.int64, device="cpu")
        return [_scaled(self.data[index]).unsqueeze(1), self.targets[index]]

    def _batch_reader(self) -> BatchReader | None:
        as_written = type(self).__getitem__ is FashionMNIST.__getitem__
        as_written = as_written and type(self).__getitems__ is FashionMNIST.__getitems__
        if not as_written or self.transform is not None or self.target_transform is not None:
            return None
        return self._batch

    def __repr__(self) -> str:
        lines = [
            f"Dataset {self.__class__.__name__}",
            f"    Number of datapoints: {len(self)}",
            f"    Root location: {self.root}",
            f"    Split: {'Train' if self.train else 'Test'}",
        ]
        return "\n".join(lines)


class FashionMNISTSample(FashionMNIST):
    """The first 2,000 training and 300 test images of FashionMNIST, which come with this package.

    They are Zalando's, under the MIT licence (see ``sample/LICENSE``). Everything else is as in FashionMNIST.
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(_SAMPLE_FOLDER, train, transform, target_transform)

    def _folders(self) -> tuple[str, ...]:
        return (_SAMPLE_FOLDER,)


def _scaled(images: Any) -> Any:
    return images.to(torch.float32).div_(255)


def _found(name: str, folders: tuple[str, ...]) -> str | None:
    """The path of a file in the first folder that has it, compressed or not."""
    for folder in folders:
        for ending in (".gz", ""):
            path = os.path.join(folder, name + ending)
            if os.path.isfile(path):
                return path
    return None
