"""Times the workloads of one family on one side; a process of its own, which prints a line of JSON for each."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import scope as scopes
from workloads import Row, family

# Sizes of the plot of cost against size, and the operations on it.
SCALING_SIZES = [4**k for k in range(13)]
SCALING = {
    "x + y": "x + y",
    "exp": "x.exp()",
    "sum": "x.sum()",
    "softmax": "x.softmax(0)",
    "cumsum": "x.cumsum(0)",
    "sort": "x.sort()",
}


def seconds(run: Callable[[int], Any], least: float = 0.01, samples: int = 5) -> float:
    """The median time of one repetition, over samples of at least `least` seconds each."""

    def taken(count: int) -> float:
        start = time.perf_counter()
        run(count)
        return time.perf_counter() - start

    run(1)
    count, whole = 1, taken(1)
    while whole < least:
        count = max(2 * count, int(count * least / max(whole, 1e-9)))
        whole = taken(count)
    more = samples - 1 if whole < 0.2 else min(2, samples - 1)
    return statistics.median([whole, *(taken(count) for _ in range(more))]) / count


def timed(torch: Any, row: Row, folder: str, samples: int) -> float | str:
    """A workload's seconds, or why there are none."""
    try:
        scope = scopes.names(torch, folder, tiny=False)
        scopes.prepared(row, scope)
        gc.collect()
        gc.disable()
        return seconds(scopes.loop(row, scope), samples=samples)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        gc.enable()


def listed(name: str, fast: bool) -> list[Row]:
    """The rows of a family; `scaling` is the plot of cost against size."""
    if name != "scaling":
        return family(name, fast)
    sizes = [n for n in SCALING_SIZES if n <= (2**18 if fast else 2**24)]
    setup = "x, y = rand({0}), rand({0})"
    return [Row(f"{op}, {n}", setup.format(n), work, "") for op, work in SCALING.items() for n in sizes]


def main() -> None:
    """Time the rows that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("side", choices=("rusttorch", "torch"))
    parser.add_argument("family")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--only", default="", help="a part of the names of the workloads to time")
    options = parser.parse_args()
    torch = importlib.import_module(options.side)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        for row in listed(options.family, options.fast):
            if options.only in row.name:
                print(json.dumps([row.name, timed(torch, row, folder, options.samples)]), flush=True)


if __name__ == "__main__":
    main()
