"""Ratios, their means and tables, of what has been measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from workloads import FAMILIES

# A workload below this is marked, and named in the document with its reason.
LEAST = 0.8
SIDES = ("rusttorch", "torch")


def ratio(sides: dict[str, Any]) -> float | None:
    """PyTorch's time by ours: above 1 we are ahead."""
    ours, theirs = sides.get("rusttorch"), sides.get("torch")
    both = isinstance(ours, float) and isinstance(theirs, float) and ours > 0
    return theirs / ours if both else None  # type: ignore[operator]


def ratios(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The ratio of each workload that both sides could do."""
    found = {name: ratio(sides) for name, sides in rows.items()}
    return {name: value for name, value in found.items() if value is not None}


def mean(values: Iterable[float]) -> float:
    """The geometric mean; not a number, of none."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def shown(value: Any) -> str:
    """Seconds in a fitting unit."""
    if not isinstance(value, float):
        return "-"
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if value < 999.5 * scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g} s"


def size(value: Any) -> str:
    """Bytes in a fitting unit."""
    if not isinstance(value, float):
        return "-"
    return f"{value / 1e6:.3g} MB" if value < 999.5e6 else f"{value / 1e9:.3g} GB"


def means(families: dict[str, dict[str, dict[str, Any]]]) -> dict[str, float]:
    """Of each family that was measured, the geometric mean."""
    found = {name: mean(ratios(families[name]).values()) for name in FAMILIES if name in families}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def overall(families: dict[str, dict[str, dict[str, Any]]]) -> tuple[float, float]:
    """The geometric mean over all workloads, and that of the families' means."""
    every = [value for name in FAMILIES if name in families for value in ratios(families[name]).values()]
    return mean(every), mean(means(families).values())


def below(families: dict[str, dict[str, dict[str, Any]]]) -> list[tuple[str, str, float]]:
    """The workloads that are behind by more than is allowed: family, name, ratio; the worst first."""
    found = [(f, n, r) for f in FAMILIES if f in families for n, r in ratios(families[f]).items() if r < LEAST]
    return sorted(found, key=lambda each: each[2])


def table(name: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    """The lines of one family for the terminal."""
    lines = ["", f"{FAMILIES.get(name, name):60} {'rusttorch':>10} {'PyTorch':>10} {'ratio':>7}"]
    for work, sides in rows.items():
        value = ratio(sides)
        text = "      -" if value is None else f"{value:7.2f}"
        mark = " <" if value is not None and value < LEAST else ""
        lines.append(f"  {work:58} {shown(sides.get('rusttorch')):>10} {shown(sides.get('torch')):>10} {text}{mark}")
        lines += [f"    {side}: {error}" for side, error in sides.items() if isinstance(error, str)]
    found = ratios(rows)
    if found:
        lines.append(f"  {'geometric mean':58} {'':>10} {'':>10} {mean(found.values()):7.2f}")
    return lines


def process_table(process: dict[str, dict[str, Any]]) -> list[str]:
    """The lines about processes: sizes, import, memory."""
    lines = ["", f"{'Processes':60} {'rusttorch':>10} {'PyTorch':>10} {'ratio':>7}"]
    for work, sides in process.items():
        text = unit(work)
        value = ratio(sides)
        ours, theirs = text(sides.get("rusttorch")), text(sides.get("torch"))
        lines.append(f"  {work:58} {ours:>10} {theirs:>10} {'      -' if value is None else f'{value:7.2f}'}")
    return lines


def unit(work: str) -> Any:
    """How a line about processes shows its numbers."""
    return shown if work.startswith(("import", "from import")) else size


def summary(families: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """The means of the families, and what is behind."""
    found = means(families)
    if not found:
        return []
    lines = ["", "Geometric means of the ratios (PyTorch's time / rusttorch's; above 1 rusttorch is faster)"]
    lines += [f"  {FAMILIES[name]:58} {value:7.2f}" for name, value in found.items()]
    every, of_means = overall(families)
    lines += [f"  {'all workloads':58} {every:7.2f}", f"  {'all families (mean of the means)':58} {of_means:7.2f}"]
    behind = below(families)
    lines += ["", f"{len(behind)} of {sum(len(ratios(families[f])) for f in found)} workloads are under {LEAST}"]
    lines += [f"  {value:5.2f}  {name}: {work}" for name, work, value in behind]
    return lines
