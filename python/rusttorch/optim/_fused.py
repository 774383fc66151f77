"""Prepares the tensor lists that the native one-call updates take."""

from __future__ import annotations

from collections.abc import Iterator

from rusttorch import _C

Tensor = _C.Tensor


def alike(*lists: list[Tensor]) -> Iterator[tuple[list[Tensor], ...]]:
    """Split parallel lists into runs of one dtype and device, complex tensors seen as pairs of reals.

    The first list holds the parameters and decides; an empty list (a state that is not in use) stays empty.
    Nearly every group is of one kind: its lists are then yielded as they came.
    """
    params = lists[0]
    kinds = dict.fromkeys([(p.dtype, p.device) for p in params])
    if len(kinds) == 1 and not params[0].is_complex():
        yield lists
        return
    for kind in kinds:
        chosen = [i for i, p in enumerate(params) if (p.dtype, p.device) == kind]
        yield tuple([_as_real(tensors[i]) for i in chosen] if tensors else [] for tensors in lists)


def _as_real(t: Tensor) -> Tensor:
    return _C.view_as_real(t) if t.is_complex() else t
