"""The workloads of the benchmarks as data, one row each, by family.

A row's texts are Python: `setup` is run once, `work` is timed. Both see the module under test as `torch`, further
`nn`, `F`, `np` and the makers of `scope.py` (`rand(64, 64)`, `size(64)` ...), which make small things in a smoke run.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

# In the order of the report; each is a module of this package with `ROWS`.
FAMILIES = {
    "overhead": "Overhead of small operations",
    "elementwise": "Elementwise",
    "reductions": "Reductions, scans, sorting, normalisation",
    "indexing": "Indexing",
    "matmul": "Matrix products",
    "convolution": "Convolution and pooling",
    "attention": "Attention",
    "optimizers": "Optimizers",
    "randoms": "Random numbers",
    "data": "Data: loading, saving",
    "training": "Whole training steps",
}


@dataclass(frozen=True)
class Row:
    """One workload, and what its result has to be."""

    name: str
    # Statements that make what the work needs.
    setup: str
    # An expression, whose value is the result; or statements, where `result` says what they have made.
    work: str
    # In NumPy and float64, of the same names and `got`, the result: what the result must be near to, or a truth.
    expect: str
    # The leaves whose gradients the work computes as well, as `x, w`; checked by differences of `expect`.
    grads: str = ""
    # An expression of what the work has changed.
    result: str = ""
    # Relative to the largest number expected.
    tolerance: float = 1e-4
    # Left out of a fast run.
    large: bool = False


def rows(setup: str, *listed: tuple[str, str] | tuple[str, str, str], **same: object) -> list[Row]:
    """Rows with one setup: `(work, expect)`, named as their work, or `(name, work, expect)`."""
    made = []
    for texts in listed:
        name, work, expect = texts if len(texts) == 3 else (texts[0], *texts)
        made.append(replace(Row(name, setup, work, expect), **same))  # type: ignore[arg-type]
    return made


def named(suffix: str, given: Iterable[Row], **same: object) -> list[Row]:
    """The same rows under longer names, with other fields exchanged."""
    return [replace(row, name=f"{row.name}{suffix}", **same) for row in given]  # type: ignore[arg-type]


def family(name: str, fast: bool = False) -> list[Row]:
    """The rows of a family; of two with one name neither would be seen in a table."""
    found: list[Row] = importlib.import_module(f"{__name__}.{name}").ROWS
    names = [row.name for row in found]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ValueError(f"{name}: two rows are named {', '.join(sorted(twice))}")
    return [row for row in found if not (fast and row.large)]
