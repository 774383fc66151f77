"""Counts the instructions of small operations, by `valgrind --tool=callgrind`, and compares with what was recorded.

    python benches/instructions.py              # fails where a call needs clearly more than recorded
    python benches/instructions.py --update     # records

Instructions do not depend on what else the machine does, so a small loss shows where a clock would not see it. They do
depend on the Python and on the build: only counts of one build of Python are compared, made with `make build`.
Where the interpreter's look-up caches collide depends on addresses, and with these on the names of folders: so the least
of a few runs with different hashes counts, a missed look-up is allowed for, and the mean over all workloads has a closer
limit than each. The loops run in one process; a system call between them makes valgrind write a count. The difference
between a short and a long loop is what the repetitions alone have cost.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import scope as scopes
from workloads import family

BASELINE = Path(__file__).resolve().parent / "instructions.json"
SHORT, LONG = 20, 120
RUNS = 3
# Instructions of an attribute that the interpreter looks up anew, and how much more the mean of all workloads may be.
MISSED = 300
MEAN = 0.06
# A function of the C library that nothing else calls.
MARK = "getpgrp"


def child(side: str, only: str) -> None:
    """Run each workload's short and long loop, a mark before, between and after."""
    torch = importlib.import_module(side)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for row in family("overhead"):
            if only not in row.name:
                continue
            scope = scopes.names(torch, folder, tiny=False)
            scopes.prepared(row, scope)
            run = scopes.loop(row, scope)
            run(LONG)
            os.getpgrp()
            run(SHORT)
            os.getpgrp()
            run(LONG)
            os.getpgrp()


def counted(python: str, side: str, only: str) -> dict[str, float]:
    """Instructions per call of each workload: the least of a few runs."""
    runs = [counted_once(python, side, only, seed) for seed in range(RUNS)]
    return {name: min(run[name] for run in runs) for name in runs[0]}


def counted_once(python: str, side: str, only: str, seed: int) -> dict[str, float]:
    """Instructions per call of each workload in one process."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--dump-before={MARK}"]
        command += [python, __file__, "--child", side, "--only", only]
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(f"the counted process failed:\n{done.stderr[-4000:]}")
        parts = sorted(Path(folder).glob("out.*"), key=lambda p: int(p.suffix[1:]))
        totals = []
        for part in parts:
            found = re.search(r"^(?:summary|totals): (\d+)", part.read_text(), re.MULTILINE)
            totals.append(int(found.group(1)) if found else 0)
    names = [row.name for row in family("overhead") if only in row.name]
    if len(totals) < 3 * len(names):
        raise SystemExit(f"valgrind wrote {len(totals)} counts for {len(names)} workloads")
    # Each has three marks: what ends at the second is the short loop, at the third the long one.
    return {name: (totals[3 * i + 2] - totals[3 * i + 1]) / (LONG - SHORT) for i, name in enumerate(names)}


def main() -> None:
    """Count, compare, record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="record the counts")
    parser.add_argument("--tolerance", type=float, default=0.1, help="how much more is allowed (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only workloads whose name has this in it")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.only)
        return
    if not shutil.which("valgrind"):
        print("valgrind is not installed, so instructions cannot be counted: apt-get install valgrind")
        return
    # Another compiler makes another interpreter of the same version.
    python = f"{platform.python_version()}, {platform.python_compiler()}"
    recorded = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    before: dict[str, float] = recorded.get("instructions", {}) if recorded.get("python") == python else {}
    if not before and not options.update:
        print(f"nothing is recorded for Python {python}, so there is nothing to compare with")
    found = counted(sys.executable, "rusttorch", options.only)
    more = 0
    print(f"{'instructions per call':40} {'now':>10} {'recorded':>10} {'change':>8}")
    for name, value in found.items():
        old = before.get(name)
        change = f"{value / old - 1:8.1%}" if old else f"{'-':>8}"
        bad = bool(old and value > old * (1 + options.tolerance) + MISSED)
        more += bad
        print(f"  {name:38} {value:10.0f} {old or 0:10.0f} {change}{' <' * bad}")
    changes = [value / before[name] for name, value in found.items() if before.get(name)]
    mean = statistics.geometric_mean(changes) - 1 if changes else 0.0
    print(f"  {'mean':38} {'':>10} {'':>10} {mean:8.1%}{' <' * (mean > MEAN)}")
    if options.update:
        kept = before if options.only else {}
        counts = {**kept, **{name: round(value) for name, value in found.items()}}
        BASELINE.write_text(json.dumps({"python": python, "instructions": counts}, indent=1) + "\n")
        print(f"recorded in {BASELINE.name}")
    elif more:
        raise SystemExit(f"{more} workloads need over {options.tolerance:.0%} more instructions than recorded")
    elif mean > MEAN:
        raise SystemExit(f"the workloads need {mean:.1%} more instructions than recorded, on average")


if __name__ == "__main__":
    main()
