"""Datasets, samplers and the loader give PyTorch's batches in PyTorch's order."""

import collections
import json
import pathlib
import warnings

import numpy
import pytest
from training_cases import SHUFFLES

import rusttorch as torch
from rusttorch.utils import data

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "shuffles.json").read_text())

Point = collections.namedtuple("Point", "x y")


class Numbers(data.IterableDataset):
    def __init__(self, count, claimed=None):
        self.count = count
        self.claimed = count if claimed is None else claimed

    def __iter__(self):
        return iter(range(self.count))

    def __len__(self):
        return self.claimed


def lists(batches):
    return [batch.tolist() for batch in batches]


@pytest.mark.parametrize("name", SHUFFLES)
def test_order_is_pytorchs(name):
    assert json.loads(json.dumps(SHUFFLES[name](torch, data))) == RECORDED[name]


def test_tensor_dataset_in_one_piece_is_what_collating_gives():
    class Plain(data.Dataset):
        def __init__(self, inner):
            self.inner = inner

        def __getitem__(self, i):
            return self.inner[i]

        def __len__(self):
            return len(self.inner)

    dataset = data.TensorDataset(torch.arange(20).reshape(10, 2), torch.arange(10) * 0.5)
    subset = data.Subset(dataset, [7, 3, 5, 1])
    for fast in (dataset, subset, data.Subset(subset, [2, 0])):
        assert fast._batch_reader() is not None
        slow = data.DataLoader(Plain(fast), batch_size=3)
        for a, b in zip(data.DataLoader(fast, batch_size=3), slow, strict=True):
            assert type(a) is type(b) is list
            assert [(x.tolist(), x.dtype) for x in a] == [(x.tolist(), x.dtype) for x in b]
    (batch,) = data.DataLoader(dataset, batch_sampler=[[0, -1]])
    assert batch[0].tolist() == [[0, 1], [18, 19]]
    with pytest.raises(IndexError):
        list(data.DataLoader(dataset, sampler=[10]))


def test_a_subclass_that_reads_samples_its_own_way_is_asked():
    class Doubled(data.TensorDataset):
        def __getitem__(self, i):
            return self.tensors[0][i] * 2

    assert lists(data.DataLoader(Doubled(torch.arange(4)), batch_size=2)) == [[0, 2], [4, 6]]


def test_getitems_is_used_where_a_dataset_has_it():
    asked = []

    class Dataset(data.Dataset):
        def __getitems__(self, indices):
            asked.append(indices)
            return [i * 10 for i in indices]

        def __len__(self):
            return 5

    assert lists(data.DataLoader(Dataset(), batch_size=3)) == [[0, 10, 20], [30, 40]]
    assert asked == [[0, 1, 2], [3, 4]]


def test_plain_sequences_single_samples_and_collate_functions():
    assert lists(data.DataLoader(range(5), batch_size=2)) == [[0, 1], [2, 3], [4]]
    assert lists(data.DataLoader(range(5), batch_size=2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(data.DataLoader(range(3), batch_size=None)) == [0, 1, 2]
    assert list(data.DataLoader(range(3), batch_size=2, collate_fn=tuple)) == [(0, 1), (2,)]
    assert lists(data.DataLoader(range(5), sampler=[3, 1], batch_size=2)) == [[3, 1]]
    assert lists(data.DataLoader(range(5), batch_sampler=[[4], [0, 1]])) == [[4], [0, 1]]


def test_lengths():
    assert len(data.DataLoader(range(10), batch_size=3)) == 4
    assert len(data.DataLoader(range(10), batch_size=3, drop_last=True)) == 3
    assert len(data.DataLoader(range(10), batch_size=None)) == 10
    assert len(data.DataLoader(Numbers(7), batch_size=3)) == 3
    assert len(data.DataLoader(Numbers(7), batch_size=3, drop_last=True)) == 2


def test_iterable_datasets():
    assert lists(data.DataLoader(Numbers(7), batch_size=3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert lists(data.DataLoader(Numbers(7), batch_size=3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]
    assert list(data.DataLoader(Numbers(3), batch_size=None)) == [0, 1, 2]
    assert lists(data.DataLoader(Numbers(2) + Numbers(3), batch_size=4)) == [[0, 1, 0, 1], [2]]
    loader = data.DataLoader(Numbers(3, claimed=1), batch_size=1)
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="was reported to be 1"):
        list(loader)


def test_joined_datasets():
    joined = data.ConcatDataset([range(4), range(10, 13)])
    assert [joined[i] for i in range(7)] == [0, 1, 2, 3, 10, 11, 12]
    assert joined[-1] == 12
    with pytest.raises(ValueError, match="should not exceed dataset length"):
        joined[-8]
    stacked = data.StackDataset(range(3), torch.arange(3) * 2)
    (batch,) = data.DataLoader(stacked, batch_size=3)
    assert lists(batch) == [[0, 1, 2], [0, 2, 4]]
    named = data.StackDataset(a=range(3), b=data.Subset(range(9), [8, 7, 6]))
    (batch,) = data.DataLoader(named, batch_size=3)
    assert {key: value.tolist() for key, value in batch.items()} == {"a": [0, 1, 2], "b": [8, 7, 6]}


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ([1, 2], ("int64", [1, 2])),
        ([1.5, 2.0], ("float64", [1.5, 2.0])),
        ([True, False], ("bool", [True, False])),
        ([numpy.float32(1), numpy.float32(2)], ("float32", [1.0, 2.0])),
        ([numpy.float64(1)], ("float64", [1.0])),
        ([numpy.int32(4)], ("int32", [4])),
        ([numpy.ones(2, "f4"), numpy.zeros(2, "f4")], ("float32", [[1, 1], [0, 0]])),
    ],
)
def test_collated_values(batch, expected):
    got = data.default_collate(batch)
    assert (str(got.dtype).removeprefix("torch."), got.tolist()) == expected


def test_collated_containers():
    assert data.default_collate(["a", "b"]) == ["a", "b"]
    got = data.default_collate([(1, "a"), (2, "b")])
    assert type(got) is list
    assert got[0].tolist() == [1, 2]
    assert got[1] == ("a", "b")
    got = data.default_collate([Point(1, 2.0), Point(3, 4.0)])
    assert type(got) is Point
    assert got.y.tolist() == [2.0, 4.0]
    got = data.default_collate([collections.OrderedDict(k=torch.ones(2))] * 3)
    assert type(got) is collections.OrderedDict
    assert got["k"].shape == (3, 2)
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        data.default_collate([[1], [1, 2]])
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        data.default_collate([torch.ones(2), torch.ones(3)])
    for bad in (object(), None, numpy.array(["x"])):
        with pytest.raises(TypeError, match="default_collate: batch must contain tensors"):
            data.default_collate([bad])


def test_converted_values():
    assert data.default_convert(numpy.ones(2)).dtype == torch.float64
    assert data.default_convert({"a": numpy.ones(2), "b": "text"})["b"] == "text"
    assert data.default_convert((1, 2)) == [1, 2]
    assert data.default_convert("text") == "text"


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: data.DataLoader(range(3), num_workers=2), NotImplementedError, "use num_workers=0"),
        (lambda: data.DataLoader(range(3), num_workers=-1), ValueError, "num_workers option should be non-negative"),
        (lambda: data.DataLoader(range(3), timeout=-1), ValueError, "timeout option should be non-negative"),
        (lambda: data.DataLoader(range(3), prefetch_factor=2), ValueError, "prefetch_factor option could only be"),
        (lambda: data.DataLoader(range(3), persistent_workers=True), ValueError, "needs num_workers > 0"),
        (lambda: data.DataLoader(range(3), batch_size=0), ValueError, "batch_size should be a positive integer"),
        (lambda: data.DataLoader(range(3), drop_last=3), ValueError, "drop_last should be a boolean value"),
        (lambda: data.DataLoader(range(3), sampler=[1], shuffle=True), ValueError, "mutually exclusive with shuffle"),
        (lambda: data.DataLoader(range(3), batch_sampler=[[1]], batch_size=2), ValueError, "mutually exclusive with b"),
        (lambda: data.DataLoader(range(3), batch_size=None, drop_last=True), ValueError, "disables auto-batching"),
        (lambda: data.DataLoader(Numbers(3), shuffle=True), ValueError, "expected unspecified shuffle option"),
        (lambda: data.DataLoader(Numbers(3), sampler=[1]), ValueError, "expected unspecified sampler option"),
        (lambda: setattr(data.DataLoader(range(3)), "batch_size", 2), ValueError, "should not be set after"),
        (lambda: data.TensorDataset(torch.ones(2), torch.ones(3)), AssertionError, "Size mismatch between tensors"),
        (lambda: data.StackDataset(), ValueError, "At least one dataset should be passed"),
        (lambda: data.StackDataset(range(2), range(3)), ValueError, "Size mismatch between datasets"),
        (lambda: data.ConcatDataset([]), AssertionError, "should not be an empty iterable"),
        (lambda: data.ConcatDataset([Numbers(3)]), AssertionError, "does not support IterableDataset"),
        (lambda: list(data.ChainDataset([range(3)])), AssertionError, "only supports IterableDataset"),
        (lambda: data.Dataset()[0], NotImplementedError, "should implement __getitem__"),
        (lambda: data.RandomSampler([]), ValueError, "num_samples should be a positive integer"),
        (lambda: data.RandomSampler([1], replacement=3), TypeError, "replacement should be a boolean"),
        (lambda: data.WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
        (lambda: data.DistributedSampler(range(3), 3, 5), ValueError, "Invalid rank 5"),
        (lambda: data.DistributedSampler(range(3)), RuntimeError, "Requires distributed package"),
        (lambda: data.random_split(range(10), [3, 6]), ValueError, "Sum of input lengths does not equal"),
    ],
)
def test_bad_options(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_pin_memory_warns_as_pytorch_does(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="no GPU is found"):
        torch.ones(2).pin_memory()
    assert not torch.ones(2).is_pinned("cuda")
    with pytest.warns(UserWarning, match="no accelerator is found"):
        list(data.DataLoader(range(2), pin_memory=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(data.DataLoader(range(2)))
