"""Sequences of different lengths: packed for recurrent layers, or padded to one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import rusttorch as torch
from rusttorch import _C

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence_(NamedTuple):
    """The fields of a PackedSequence."""

    data: torch.Tensor
    batch_sizes: torch.Tensor
    sorted_indices: torch.Tensor | None
    unsorted_indices: torch.Tensor | None


class PackedSequence(PackedSequence_):
    """A batch of sequences of different lengths, time by time and without padding.

    Made by `pack_sequence` and `pack_padded_sequence`, not by hand.

    Fields:
        data: shape (sum of lengths, *): the elements of all sequences at time 0, then at time 1, ...
        batch_sizes: int64, on the CPU (ValueError), shape (longest length,): how many sequences are left at each time.
        sorted_indices: the order by falling length in which the sequences were packed, or None.
        unsorted_indices: its inverse.
    """

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is not None:
            if batch_sizes.device.type != "cpu":
                raise ValueError(
                    "batch_sizes should always be on CPU. Instances of PackedSequence should never be created "
                    "manually. They should be instantiated by functions like pack_sequence and pack_padded_sequences "
                    "in nn.utils.rnn. https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
                )
        else:
            # A pair of data and batch sizes, as copying and pickling of old hand them over.
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedSequence, tuple(self)

    def pin_memory(self) -> PackedSequence:
        """A copy to be sent to a GPU, as `Tensor.pin_memory` makes it."""
        return type(self)(
            self.data.pin_memory(),
            self.batch_sizes,
            None if self.sorted_indices is None else self.sorted_indices.pin_memory(),
            None if self.unsorted_indices is None else self.unsorted_indices.pin_memory(),
        )

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences with their data converted as `Tensor.to` does; batch sizes stay on the CPU."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        # The indices follow to the device, not to the dtype.
        moved = [
            None if index is None else index.to(data.device) for index in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *moved)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences on the CPU."""
        return self.to("cpu", *args, **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences on the GPU."""
        return self.to("cuda", *args, **kwargs)

    def double(self) -> PackedSequence:
        """The sequences as float64."""
        return self.to(dtype=torch.double)

    def float(self) -> PackedSequence:
        """The sequences as float32."""
        return self.to(dtype=torch.float)

    def half(self) -> PackedSequence:
        """The sequences as float16."""
        return self.to(dtype=torch.half)

    def long(self) -> PackedSequence:
        """The sequences as int64."""
        return self.to(dtype=torch.long)

    def int(self) -> PackedSequence:
        """The sequences as int32."""
        return self.to(dtype=torch.int)

    def short(self) -> PackedSequence:
        """The sequences as int16."""
        return self.to(dtype=torch.short)

    def char(self) -> PackedSequence:
        """The sequences as int8."""
        return self.to(dtype=torch.int8)

    def byte(self) -> PackedSequence:
        """The sequences as uint8."""
        return self.to(dtype=torch.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data is in page-locked memory."""
        return self.data.is_pinned()


def invert_permutation(permutation: torch.Tensor | None) -> torch.Tensor | None:
    """The permutation that undoes the given one; int64, shape (N,)."""
    if permutation is None:
        return None
    inverse = torch.empty_like(permutation, memory_format=torch.legacy_contiguous_format)
    order = torch.arange(0, permutation.numel(), device=permutation.device)
    inverse.scatter_(0, permutation, order)
    return inverse


def pack_padded_sequence(
    input: torch.Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs a batch of padded sequences.

    Args:
        input: shape (T, B, *), or (B, T, *) with ``batch_first``.
        lengths: of each sequence, a list or a tensor on the CPU; positive.
        enforce_sorted: whether they must fall (RuntimeError); otherwise the sequences are sorted here.
    """
    if not isinstance(lengths, torch.Tensor):
        lengths = torch.as_tensor(lengths, dtype=torch.int64, device="cpu")
    else:
        lengths = lengths.to(dtype=torch.int64)
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = torch.sort(lengths, descending=True)
        sorted_indices = sorted_indices.to(input.device)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    data, batch_sizes = _C._pack_padded_sequence(input, lengths, batch_first)
    return PackedSequence(data, batch_sizes, sorted_indices, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unpacks into a padded batch: the inverse of `pack_padded_sequence`.

    Args:
        sequence: the packed batch.
        batch_first: whether the result is of shape (B, T, *). Default: (T, B, *).
        padding_value: of the padding.
        total_length: T. Default: the longest length, which it must not be less than (ValueError).

    Returns:
        the batch, and the lengths, int64.
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is None:
        total_length = longest
    elif total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    padded, lengths = _C._pad_packed_sequence(
        sequence.data, sequence.batch_sizes, batch_first, padding_value, total_length
    )
    order = sequence.unsorted_indices
    if order is not None:
        return padded.index_select(0 if batch_first else 1, order), lengths[order.cpu()]
    return padded, lengths


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> torch.Tensor:
    """Makes one batch of sequences of different lengths.

    Args:
        sequences: an iterable (RuntimeError) of tensors of shape (L, *); a tensor counts as its rows.
        batch_first: whether the result is of shape (B, T, *). Default: (T, B, *).
        padding_value: of the padding.
        padding_side: ``'right'`` or ``'left'``.
    """
    if isinstance(sequences, torch.Tensor):
        sequences = sequences.unbind(0)
    elif not hasattr(sequences, "__iter__"):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    return _C._nn.pad_sequence(tuple(sequences), batch_first, padding_value, padding_side)


def unpad_sequence(padded_sequences: torch.Tensor, lengths: Any, batch_first: bool = False) -> list[torch.Tensor]:
    """The sequences of a padded batch, each with its own length."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [sequence[: int(length)] for sequence, length in zip(padded_sequences, lengths)]


def pack_sequence(sequences: Sequence[torch.Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs a list of sequences of shape (L, *); ``enforce_sorted`` as for `pack_padded_sequence`."""
    lengths = torch.as_tensor([sequence.size(0) for sequence in sequences], device="cpu")
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[torch.Tensor]:
    """The list of sequences that `pack_sequence` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
