"""Writes the report of a run in Markdown, its plots beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ceilings
import plots
import reasons
import results
from workloads import FAMILIES

_METHOD = """\
Each workload is one line of Python in `benches/workloads/`, run unchanged on both. Each side runs in a process of its
own with {threads} threads, one side after the other, {rounds} rounds in turn; a process takes the median of a workload's
samples (of 10 ms at least, after a warm-up), and of the rounds the median counts. Rounds during which other programs
used the processors are repeated. `grad` means forward and backward.
The ratio is PyTorch's time by rusttorch's: above 1 rusttorch is faster. Means are geometric. Results are not compared
here but by `--smoke`, which holds each of them against a plain formula in NumPy.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _ratio(value: float | None) -> str:
    if value is None:
        return "-"
    return f"**{value:.2f}**" if value < results.LEAST else f"{value:.2f}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    line = "|".join(["", *(" --- " if i == 0 else " ---: " for i in range(len(head))), ""])
    return [f"| {' | '.join(head)} |", line, *(f"| {' | '.join(map(_cell, row))} |" for row in rows), ""]


def _families(families: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    rows: list[tuple[str, ...]] = []
    for name, value in results.means(families).items():
        found = results.ratios(families[name])
        behind = sum(ratio < results.LEAST for ratio in found.values())
        worst = min(found, key=lambda work: found[work])
        rows.append((FAMILIES[name], f"{value:.2f}", str(len(found)), str(behind), f"{found[worst]:.2f} ({worst})"))
    if not rows:
        return ["PyTorch was not there to be compared with.", ""]
    every, of_means = results.overall(families)
    rows.append(("**all workloads**", f"{every:.2f}", "", str(len(results.below(families))), ""))
    rows.append(("**mean of the families**", f"{of_means:.2f}", "", "", ""))
    return _table(("family", "mean ratio", "workloads", f"under {results.LEAST}", "least"), rows)


def _sides(rows: dict[str, dict[str, Any]], unit: Any = None) -> list[str]:
    listed: list[tuple[str, ...]] = []
    for work, sides in rows.items():
        text = unit(work) if unit else results.shown
        name = work if unit else f"`{work}`"
        listed.append((name, text(sides.get("rusttorch")), text(sides.get("torch")), _ratio(results.ratio(sides))))
    return _table(("", "rusttorch", "PyTorch", "ratio"), listed)


def write(path: Path, found: dict[str, Any]) -> None:
    """Write the report and draw its plots."""
    families, about = found["families"], found.get("about", {})
    rounds = sorted({count for name, count in found.get("rounds", {}).items() if name in families})
    path.parent.mkdir(parents=True, exist_ok=True)
    ratios, scaling = path.with_suffix(".svg"), path.with_name(f"{path.stem}-scaling.svg")
    made = plots.draw(found, ratios, scaling)
    out = ["# Performance", "", "Written by `make bench`; do not edit.", ""]
    out += [*_table(("", ""), [(key, str(value)) for key, value in about.items()])]
    out += [_METHOD.format(threads=about.get("threads", "?"), rounds=" or ".join(map(str, rounds)) or "?")]
    out += ["## Families", "", *_families(families)]
    if ratios in made:
        out += [f"![Ratios of the workloads of each family]({ratios.name})", ""]
    if "ceilings" in found:
        most = found["ceilings"]
        out += ["## The machine's ceilings", ""]
        out += [
            f"Measured on the same machine with {most['measured with']}: {most['multiply-adds'] / 1e9:.0f} GFLOP/s of float32 "
            f"multiply-adds, {most['copy'] / 1e9:.1f} GB/s read and written by `memcpy` of 64 MB.",
            "",
        ]
        rows = []
        for name, ceiling, unit, rates in ceilings.fractions(found):
            each = (
                f"{r:.1f} {unit} ({1e9 * r / most[ceiling]:.0%})" for r in (rates.get(s, 0.0) for s in results.SIDES)
            )
            rows.append((f"`{name}`", *each))
        out += _table(("", "rusttorch", "PyTorch"), rows)
    behind = results.below(families)
    out += [f"## Under {results.LEAST}", ""]
    out += [f"- `{work}` ({FAMILIES[f]}), {value:.2f}: {reasons.reason(f, work)}" for f, work, value in behind]
    out += ["" if behind else "None.", ""] if not behind else [""]
    if "process" in found:
        out += ["## Processes", "", *_sides(found["process"], results.unit)]
    if scaling in made:
        out += ["## Cost against size", "", f"![Microseconds against elements]({scaling.name})", ""]
    out += ["## All workloads", ""]
    for name in FAMILIES:
        if name in families:
            out += [f"### {FAMILIES[name]}", "", *_sides(families[name])]
    path.write_text("\n".join(out).rstrip() + "\n")
    print(f"\nwritten: {', '.join(str(p) for p in (path, *made))}")
