"""The report's plots: the ratios of each family, and cost against size. Drawn where matplotlib is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import results
from workloads import FAMILIES

_OURS, _THEIRS, _BEHIND = "#b7410e", "#5b6770", "#c62828"


def draw(found: dict[str, Any], ratios: Path, scaling: Path) -> list[Path]:
    """Draw what has been measured; the files that were written."""
    try:
        import matplotlib  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return []
    matplotlib.use("svg")
    # The same file for the same numbers.
    matplotlib.rcParams.update({"svg.hashsalt": "rusttorch", "font.size": 9})
    made = []
    if results.means(found["families"]):
        _ratios(found["families"], ratios)
        made.append(ratios)
    if any(results.ratio(sides) for sides in found.get("scaling", {}).values()):
        _scaling(found["scaling"], scaling)
        made.append(scaling)
    return made


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
    # matplotlib ends lines with blanks.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def _ratios(families: dict[str, dict[str, dict[str, Any]]], path: Path) -> None:
    from matplotlib import pyplot

    names = [name for name in FAMILIES if name in results.means(families)][::-1]
    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(names) + 1.2))
    for at, name in enumerate(names):
        values = list(results.ratios(families[name]).values())
        # Spread a little, so that points of one ratio can be told apart.
        heights = [at + 0.3 * ((0.618034 * i) % 1 - 0.5) for i in range(len(values))]
        colours = [_BEHIND if value < results.LEAST else _THEIRS for value in values]
        axes.scatter(values, heights, s=9, c=colours, alpha=0.6, linewidths=0)
        axes.plot([results.mean(values)] * 2, [at - 0.32, at + 0.32], color=_OURS, linewidth=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.axvline(results.LEAST, color=_BEHIND, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), [FAMILIES[name] for name in names])
    axes.set_xlabel("PyTorch's time / rusttorch's: right of 1 rusttorch is faster; bars are geometric means")
    axes.grid(axis="x", linewidth=0.3)
    _save(figure, path)


def _scaling(rows: dict[str, dict[str, Any]], path: Path) -> None:
    from matplotlib import pyplot

    curves: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for name, sides in rows.items():
        op, _, size = name.rpartition(", ")
        curves.setdefault(op, []).append((int(size), sides))
    figure, grid = pyplot.subplots(2, 3, figsize=(9, 5), sharex=True)
    for axes, (op, points) in zip(grid.flat, curves.items()):
        for side, label, colour in (("torch", "PyTorch", _THEIRS), ("rusttorch", "rusttorch", _OURS)):
            drawn = [(n, sides[side] * 1e6) for n, sides in points if isinstance(sides.get(side), float)]
            axes.plot(*zip(*drawn), color=colour, label=label, marker="o", markersize=2.5, linewidth=1.2)
        axes.set(title=op, xscale="log", yscale="log")
        axes.grid(linewidth=0.3)
    for axes in grid[1]:
        axes.set_xlabel("elements")
    for axes in grid[:, 0]:
        axes.set_ylabel("microseconds")
    grid[0, 0].legend(frameon=False)
    _save(figure, path)
