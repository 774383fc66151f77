"""The loader that goes through a dataset in batches."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NoReturn, TypeVar

import rusttorch as torch

from ._collate import default_collate, default_convert
from ._pin_memory import pin_memory
from .dataset import BatchReader, Dataset, IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)


class _DatasetKind:
    """Whether samples are asked for by index, or come in the dataset's own order."""

    Map = 0
    Iterable = 1


def get_worker_info() -> None:
    """What a worker process knows of itself; None, since samples are read in the process that asks for them."""
    return None


class DataLoader(Generic[T_co]):
    """Batches of a dataset's samples; iterating over it starts a new pass.

    With the same seed the samples come in PyTorch's order. Samples are read in this process.

    Args:
        dataset: samples by index, or an IterableDataset.
        batch_size: samples in a batch; None gives single samples, not collated (default 1).
        shuffle: a new random order at each pass (default None, which is False).
        sampler: gives the indices, in place of ``shuffle``.
        batch_sampler: gives lists of indices, in place of ``batch_size``, ``shuffle``, ``sampler``, ``drop_last``.
        num_workers: has to be 0.
        collate_fn: makes a batch of a list of samples (default None: ``default_collate``).
        pin_memory: call ``pin_memory()`` of what a batch holds, which for tensors makes a copy in memory like any other:
            there is nothing to be gained here. Warns where there is no GPU (default False).
        drop_last: leave out a shorter batch at the end (default False).
        timeout, worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers, in_order: options of
            worker processes, checked as PyTorch checks them.
        generator: the random numbers of ``shuffle`` (default None: seeded from the default generator).

    Raises:
        ValueError: options that exclude each other or are out of range.
        NotImplementedError: ``num_workers`` above 0.
    """

    dataset: Dataset[T_co]
    batch_size: int | None
    num_workers: int
    pin_memory: bool
    drop_last: bool
    timeout: float
    sampler: Sampler[Any] | Iterable[Any]
    pin_memory_device: str
    prefetch_factor: int | None
    __initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order

        self._dataset_kind = _DatasetKind.Map
        if isinstance(dataset, IterableDataset):
            self._dataset_kind = _DatasetKind.Iterable
            for name, given in (
                ("shuffle", shuffle or None),
                ("sampler", sampler),
                ("batch_sampler", batch_sampler),
            ):
                if given is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")

        if sampler is None:
            if self._dataset_kind == _DatasetKind.Iterable:
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)  # type: ignore[arg-type]

        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self.__initialized = True
        # What `len` said of an IterableDataset, so that a pass can warn where more samples come.
        self._IterableDataset_len_called: int | None = None

    @property
    def multiprocessing_context(self) -> Any:
        """How worker processes would be started: None."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            raise ValueError(
                "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                f"num_workers={self.num_workers}"
            )
        self.__multiprocessing_context = context

    def __setattr__(self, attr: str, val: Any) -> None:
        if self.__initialized and attr in (
            "batch_size",
            "batch_sampler",
            "sampler",
            "drop_last",
            "dataset",
            "persistent_workers",
        ):
            raise ValueError(f"{attr} attribute should not be set after {self.__class__.__name__} is initialized")
        super().__setattr__(attr, val)

    def __iter__(self) -> _SingleProcessDataLoaderIter:
        return _SingleProcessDataLoaderIter(self)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        length = len(self.dataset)  # type: ignore[arg-type]
        self._IterableDataset_len_called = length
        if self.batch_size is None:
            return length
        full, rest = divmod(length, self.batch_size)
        return full if self.drop_last or not rest else full + 1


class _InfiniteConstantSampler(Sampler[None]):
    """Stands in for indices where the dataset decides the order."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


def _check_worker_options(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
            "multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if num_workers > 0:
        raise NotImplementedError(
            f"DataLoader has no worker processes yet, but got num_workers={num_workers}; use num_workers=0, which "
            "reads the samples in this process"
        )


class _BaseDataLoaderIter:
    """One pass over a loader: draws what PyTorch draws at its start, then fetches one batch after the other."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._dataset = loader.dataset
        self._dataset_kind = loader._dataset_kind
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._auto_collation = loader._auto_collation
        self._drop_last = loader.drop_last
        self._index_sampler = loader._index_sampler
        self._num_workers = loader.num_workers
        if loader.pin_memory and loader.pin_memory_device:
            warnings.warn(
                "pin_memory_device is deprecated, the current accelerator will be used as the device,"
                f"ignore pin_memory_device='{loader.pin_memory_device}'.",
                stacklevel=4,
            )
        self._pin_memory = loader.pin_memory and torch.accelerator.is_available()
        if loader.pin_memory and not self._pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't "
                "be used.",
                stacklevel=4,
            )
        self._timeout = loader.timeout
        self._collate_fn = loader.collate_fn
        self._sampler_iter = iter(self._index_sampler)
        # PyTorch draws the seed of its worker processes here even where there are none. The sampler draws its own
        # when it is asked for the first index, which is later.
        self._base_seed = torch.empty((), dtype=torch.int64).random_(generator=loader.generator).item()
        self._num_yielded = 0

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        if self._pin_memory:
            data = pin_memory(data)
        self._num_yielded += 1
        expected = self._IterableDataset_len_called
        if self._dataset_kind == _DatasetKind.Iterable and expected is not None and self._num_yielded > expected:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {expected}(when accessing "
                f"len(dataloader)), but {self._num_yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return data

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError("{} cannot be pickled", self.__class__.__name__)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """A pass that reads the samples in this process."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if self._timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._fetch: Callable[[Any], Any]
        self._read: BatchReader | None = None
        if self._dataset_kind == _DatasetKind.Iterable:
            self._samples: Iterator[Any] | None = iter(self._dataset)
            self._fetch = self._fetch_in_order
        elif self._auto_collation:
            # A batch that would be collated as ever can be read in one piece, where the dataset knows how.
            if self._collate_fn is default_collate and isinstance(self._dataset, Dataset):
                self._read = self._dataset._batch_reader()
            self._fetch = self._fetch_batch
        else:
            self._fetch = self._fetch_one

    def _next_data(self) -> Any:
        return self._fetch(next(self._sampler_iter))

    def _fetch_batch(self, indices: list[int]) -> Any:
        if self._read is not None and indices and all(type(i) is int for i in indices):
            return self._read(indices)
        dataset = self._dataset
        if getattr(dataset, "__getitems__", None):
            return self._collate_fn(dataset.__getitems__(indices))  # type: ignore[attr-defined]
        return self._collate_fn([dataset[i] for i in indices])

    def _fetch_one(self, index: Any) -> Any:
        return self._collate_fn(self._dataset[index])

    def _fetch_in_order(self, places: Any) -> Any:
        if self._samples is None:
            raise StopIteration
        if not self._auto_collation:
            return self._collate_fn(next(self._samples))
        wanted = len(places)
        batch = list(itertools.islice(self._samples, wanted))
        if len(batch) < wanted:
            self._samples = None
            if not batch or self._drop_last:
                raise StopIteration
        return self._collate_fn(batch)
