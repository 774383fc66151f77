"""Times the same work on rusttorch and, where it is installed, on PyTorch, and prints the ratios, PyTorch's time by ours.

    python benches/ratios.py                                  # PyTorch, if this Python has it
    python benches/ratios.py --torch-python PATH              # PyTorch of another Python
    python benches/ratios.py --families matmul,attention --json ratios.json
    python benches/ratios.py --smoke                          # every workload once, small, for its result

Each side runs in a process of its own, one after the other and in turn: an idle thread pool of one would spin beside
the work of the other. A process takes the median of a workload's samples; of all rounds the median counts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import process
import quiet
import results
from workloads import FAMILIES, family

HERE = Path(__file__).resolve().parent
# What is measured beside the families.
OTHERS = ("process", "scaling", "ceilings")


def has(python: str, module: str) -> bool:
    """Whether a Python can import a module."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return subprocess.run([python, "-c", code]).returncode == 0
    except OSError as error:
        raise SystemExit(f"{python} is no Python: {error}") from None


def one_round(python: str, side: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One family on one side, in a new process: workload -> seconds, or a text that says what failed."""
    command = [python, str(HERE / "timing.py"), side, name, "--threads", str(options.threads)]
    command += ["--only", options.only, *["--fast"] * options.fast]
    done = subprocess.run(command, capture_output=True, text=True)
    found: dict[str, Any] = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    if done.returncode:
        print(f"{side} failed in {name}, after {len(found)} workloads:\n{done.stderr}", file=sys.stderr)
    return found


def measure(pythons: dict[str, str], name: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """workload -> side -> the median of the rounds' seconds, or a text. Rounds that others disturb are repeated."""
    taken: dict[str, dict[str, list[Any]]] = {}
    for _ in range(options.rounds):
        for side, python in pythons.items():
            for attempt in range(3):
                quiet.wait(options.threads)
                watch = quiet.Watch()
                found = one_round(python, side, name, options)
                others = watch.others()
                if others <= quiet.allowed(options.threads):
                    break
                what = "repeated" if attempt < 2 else "kept all the same"
                print(f"  other programs used {others:.0%} of a core while {side} ran {name}: {what}", flush=True)
            for work, value in found.items():
                taken.setdefault(work, {}).setdefault(side, []).append(value)

    def settled(values: list[Any]) -> Any:
        texts = [value for value in values if isinstance(value, str)]
        return texts[0] if texts else statistics.median(values)

    return {work: {side: settled(values) for side, values in sides.items()} for work, sides in taken.items()}


def processes(pythons: dict[str, str], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What a process costs: line -> side -> seconds or bytes."""
    models = importlib.import_module("workloads.training").MODELS
    found: dict[str, dict[str, Any]] = {}
    for side, python in pythons.items():
        for key, value in process.start(python, side, options.rounds).items():
            found.setdefault(key, {})[side] = value
        found.setdefault("installed package", {})[side] = process.installed(python, side)
        for model in models:
            line = f"peak memory of a step: {models[model]}"
            found.setdefault(line, {})[side] = process.peak(python, side, model, options.threads)
    wheel = process.wheel()
    if wheel:
        found["wheel"] = {"rusttorch": wheel}
    return found


def smoke(pythons: dict[str, str], families: list[str], only: str) -> int:
    """Check each workload's result on each side; how many were wrong."""
    wrong = 0
    for side, python in pythons.items():
        command = [python, __file__, "--check", side, "--families", ",".join(families), "--only", only]
        wrong += subprocess.run(command).returncode
    return wrong


def check(side: str, families: list[str], only: str) -> int:
    """The smoke run in the process of one side; how many results were wrong."""
    import checking

    torch = importlib.import_module(side)
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in families:
            for row in family(name):
                if only not in row.name:
                    continue
                total += 1
                try:
                    problem = checking.check(torch, row, folder)
                except Exception as error:
                    problem = "".join(traceback.format_exception(error)[-2:])
                if problem:
                    wrong += 1
                    print(f"{side}: {name}: {row.name}: {problem}")
    print(f"{side}: {total} workloads, {wrong} wrong")
    return min(wrong, 1)


def arguments() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    every = ",".join((*FAMILIES, *OTHERS))
    parser.add_argument("--torch-python", metavar="PATH", help="a Python that has PyTorch (default: this one)")
    parser.add_argument("--families", default=every, help="(default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only workloads whose name has this in it")
    parser.add_argument("--rounds", type=int, help="how often each side runs (default: 3; with --fast 1)")
    parser.add_argument("--threads", type=int, default=2, help="for the ops of each side (default: %(default)s)")
    parser.add_argument("--fast", action="store_true", help="without the largest sizes, and one round")
    parser.add_argument("--smoke", action="store_true", help="run each workload once, small, and check its result")
    parser.add_argument(
        "--json", metavar="FILE", help="write the times there; families that it already has are renewed"
    )
    parser.add_argument("--keep", action="store_true", help="measure only what the file of --json does not have yet")
    parser.add_argument("--document", metavar="FILE", help="write a report in Markdown there, its plots beside it")
    parser.add_argument("--note", metavar="TEXT", help="what a reader of the report should know, as the build")
    parser.add_argument("--check", choices=results.SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.fast else 3)
    options.families = [name for name in options.families.split(",") if name]
    unknown = set(options.families) - {*FAMILIES, *OTHERS}
    if unknown:
        parser.error(f"no such family: {', '.join(sorted(unknown))}; there are {every}")
    return options


def main() -> None:
    """Read the options, time, print."""
    options = arguments()
    only_families = [name for name in options.families if name in FAMILIES]
    if options.check:
        sys.exit(check(options.check, only_families, options.only))
    pythons = {"rusttorch": sys.executable}
    theirs = options.torch_python or sys.executable
    if has(theirs, "torch"):
        pythons["torch"] = theirs
    else:
        print(f"{theirs} has no PyTorch: there is nothing to compare with.")
    if options.smoke:
        sys.exit(min(1, smoke(pythons, only_families, options.only)))
    found: dict[str, Any] = {"families": {}}
    if options.json and os.path.exists(options.json):
        with open(options.json) as file:
            found = json.load(file)
    for name in options.families:
        there = name in found["families"] or name in found
        if options.keep and there:
            continue
        began = time.perf_counter()
        if name == "process":
            found[name] = processes(pythons, options)
            print("\n".join(results.process_table(found[name])))
        elif name == "ceilings":
            import ceilings

            found[name] = ceilings.measure(options.threads)
            print("\n".join(ceilings.lines(found)))
        else:
            rows = measure(pythons, name, options)
            if name in FAMILIES:
                # A part of the family's workloads renews these and leaves the others.
                old = found["families"].get(name, {}) if options.only else {}
                rows = found["families"][name] = {**old, **rows}
            else:
                found[name] = rows
            print("\n".join(results.table(name, rows)))
        print(f"  ({time.perf_counter() - began:.0f} s)", flush=True)
        found["about"] = {**process.about(pythons), "threads": str(options.threads)}
        found.setdefault("rounds", {})[name] = options.rounds
        if options.json:
            with open(options.json, "w") as file:
                json.dump(found, file, indent=1)
    seen = {name: rows for name, rows in found["families"].items() if name in options.families}
    print("\n".join(results.summary(seen)))
    if options.document:
        import document

        found["about"] = {**found.get("about", {}), **({"note": options.note} if options.note else {})}
        document.write(Path(options.document), found)


if __name__ == "__main__":
    main()
