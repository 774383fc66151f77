"""The named results of functions that return several tensors, such as `max(x, dim)` with `.values` and `.indices`."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

_CACHE: dict[tuple[str, tuple[str, ...]], type] = {}


class _NamedResult(tuple[Any, ...]):
    """A tuple whose items are also attributes; shown as PyTorch shows it."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        items = ",\n".join(f"{field}={item!r}" for field, item in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{items})"

    def __reduce__(self) -> tuple[Any, ...]:
        # the class is made on demand, so a pickle names what it is made from
        return _rebuild, (type(self).__name__, self._fields, tuple(self))


def _rebuild(name: str, fields: tuple[str, ...], items: Iterable[Any]) -> tuple[Any, ...]:
    """A pickled result."""
    return get(name, fields)(items)


def get(name: str, fields: tuple[str, ...]) -> type:
    """The class of results called `name` with these fields, made once: `get("max", ("values", "indices"))`.

    Its instances are made from a sequence with one item per field.
    """
    made = _CACHE.get((name, fields))
    if made is None:
        body: dict[str, Any] = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
        body |= {"__slots__": (), "_fields": fields, "__match_args__": fields, "__module__": __name__}
        body |= {"n_fields": len(fields), "n_sequence_fields": len(fields), "n_unnamed_fields": 0}
        made = _CACHE[name, fields] = type(name, (_NamedResult,), body)
    return made


def __getattr__(name: str) -> type:
    """`return_types.max` and the like, once an operation has returned one."""
    for (made_name, _), made in _CACHE.items():
        if made_name == name:
            return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
