"""Turns a list of samples into a batch: numbers and arrays become tensors, containers keep their form."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import rusttorch as torch
from rusttorch import _C

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Tensor = _C.Tensor

_NOT_COLLATED = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def _numpy_kind(value: Any) -> str | None:
    """ "array", "scalar" or "text" for a value of NumPy's, which need not be imported to find that out."""
    for cls in type(value).__mro__:
        if cls.__module__ == "numpy":
            if cls.__name__ == "ndarray":
                return "text" if value.dtype.kind in "SUO" or value.dtype.hasobject else "array"
            if cls.__name__ in ("bool_", "bool", "number", "object_"):
                return "scalar"
    return None


def default_convert(data: Any) -> Any:
    """Turn NumPy's arrays and numbers, alone or in containers, into tensors; leave all else as it is."""
    if isinstance(data, Tensor):
        return data
    kind = _numpy_kind(data)
    if kind in ("array", "scalar"):
        return torch.as_tensor(data)
    if kind == "text" or isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def _like_mapping(example: Any, values: dict[Any, Any]) -> Any:
    """The values in a mapping of the example's type, or in a dict where that cannot be made."""
    try:
        if isinstance(example, MutableMapping):
            made = copy.copy(example)
            made.update(values)
            return made
        return type(example)(values)
    except TypeError:
        return values


def _like_sequence(example: Any, values: list[Any]) -> Any:
    """The values in a sequence of the example's type, or in a list where that cannot be made."""
    try:
        if isinstance(example, MutableSequence):
            made = copy.copy(example)
            for i, value in enumerate(values):
                made[i] = value
            return made
        return type(example)(values)
    except TypeError:
        return values


def collate(batch: Any, *, collate_fn_map: dict[type | tuple[type, ...], Callable[..., Any]] | None = None) -> Any:
    """Make a batch of samples that are alike, with a function for each type.

    Args:
        batch: a list of samples.
        collate_fn_map: type, or tuple of types, to a function ``fn(batch, collate_fn_map=...)``. A sample's own
            type is looked for first, then the first entry that it is an instance of.

    Mappings and sequences are gone into; tuples become lists, as in PyTorch.

    Raises:
        TypeError: samples of a type that nothing is known about.
        RuntimeError: sequences of different lengths.
    """
    elem = batch[0]
    elem_type = type(elem)
    if collate_fn_map is not None:
        fn = collate_fn_map.get(elem_type)
        if fn is None and _numpy_kind(elem) is not None:  # before float: numpy.float64 is one
            return _collate_numpy(batch)
        if fn is None:
            fn = next((f for kind, f in collate_fn_map.items() if isinstance(elem, kind)), None)
        if fn is not None:
            return fn(batch, collate_fn_map=collate_fn_map)
    if isinstance(elem, Mapping):
        values = {key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in elem}
        return _like_mapping(elem, values)
    if isinstance(elem, tuple) and hasattr(elem, "_fields"):
        return elem_type(*(collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch, strict=False)))
    if isinstance(elem, Sequence) and not isinstance(elem, (str, bytes)):
        if not all(len(sample) == len(elem) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch, strict=True)]
        return columns if isinstance(elem, tuple) else _like_sequence(elem, columns)
    raise TypeError(_NOT_COLLATED.format(elem_type))


def _collate_tensors(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return torch.stack(tuple(batch), 0)


def _collate_floats(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return torch.tensor(batch, dtype=torch.float64)


def _collate_ints(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return torch.tensor(batch)


def _unchanged(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return batch


def _collate_numpy(batch: Any) -> Any:
    kind = _numpy_kind(batch[0])
    if kind == "text":
        raise TypeError(_NOT_COLLATED.format(batch[0].dtype))
    if kind == "array":
        return _collate_tensors([torch.as_tensor(array) for array in batch])
    import numpy

    return torch.as_tensor(numpy.asarray(batch))


# What `default_collate` does with each type. NumPy's own types are known without an entry.
default_collate_fn_map: dict[type | tuple[type, ...], Callable[..., Any]] = {
    Tensor: _collate_tensors,
    float: _collate_floats,
    int: _collate_ints,
    str: _unchanged,
    bytes: _unchanged,
}


def default_collate(batch: Any) -> Any:
    """Make a batch of a list of samples, with a new first dimension for the samples.

    Tensors are stacked; NumPy arrays and numbers, floats (to float64), ints (int64) and bools become tensors; texts
    stay in a list; dicts, named tuples, tuples (as lists) and lists are gone into.

    Raises:
        TypeError: samples of another type.
        RuntimeError: tensors of different shapes, or sequences of different lengths.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
