"""The machine's ceilings, measured beside the workloads: multiply-adds and copied bytes per second."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent / "native" / "peak.rs"
# For machines without a Rust compiler: what NumPy reaches, which is less.
_NUMPY = """
import json, time
import numpy as np
def best(run):
    times = []
    for _ in range(5):
        start = time.perf_counter(); run(); times.append(time.perf_counter() - start)
    return min(times)
x, y = np.ones((2048, 2048), 'f4'), np.ones((2048, 2048), 'f4')
a, b = np.ones(2**27, 'u1'), np.ones(2**27, 'u1')
print(json.dumps([2 * 2048**3 / best(lambda: x @ y), 2 * a.size / best(lambda: np.copyto(b, a))]))
"""
# Workload -> what of a ceiling it uses: family, name, ceiling, operations or bytes.
USES = (
    ("matmul", "x @ y, 1024", "multiply-adds", 2 * 1024**3),
    ("matmul", "x @ y, 2048", "multiply-adds", 2 * 2048**3),
    ("elementwise", "x.copy_(y), 16 M", "copy", 2 * 4 * 2**24),
    ("elementwise", "x + y, 16 M", "copy", 3 * 4 * 2**24),
    ("elementwise", "x.exp(), 16 M", "copy", 2 * 4 * 2**24),
)
_UNITS = {"multiply-adds": "GFLOP/s", "copy": "GB/s"}


def measure(threads: int) -> dict[str, Any]:
    """Operations and bytes per second, and with what they were measured."""
    with tempfile.TemporaryDirectory() as folder:
        made = str(Path(folder) / "peak")
        flags = ["-C", "opt-level=3", "-C", "target-cpu=native", "-C", "target-feature=-prefer-256-bit"]
        compiler = ["rustc", "--edition", "2024", *flags, str(SOURCE), "-o", made]
        try:
            built = subprocess.run(compiler, capture_output=True).returncode == 0
        except OSError:
            built = False
        command = [made, str(threads)] if built else [sys.executable, "-c", _NUMPY]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    flops, copied = json.loads(done.stdout)
    how = "native code" if built else "NumPy"
    return {"multiply-adds": float(flops), "copy": float(copied), "measured with": how}


def fractions(found: dict[str, Any]) -> list[tuple[str, str, str, dict[str, float]]]:
    """What the workloads reach: name, ceiling, unit, side -> rate in that unit."""
    rows = []
    for family, name, ceiling, amount in USES:
        sides = found["families"].get(family, {}).get(name, {})
        rates = {side: amount / value / 1e9 for side, value in sides.items() if isinstance(value, float)}
        if rates:
            rows.append((name, ceiling, _UNITS[ceiling], rates))
    return rows


def lines(found: dict[str, Any]) -> list[str]:
    """The ceilings, and how near to them the workloads are that have been measured."""
    most = found["ceilings"]
    out = ["", f"Ceilings, measured with {most['measured with']}"]
    out += [f"  {name:56} {most[name] / 1e9:8.1f} {unit}" for name, unit in _UNITS.items()]
    for name, ceiling, unit, rates in fractions(found):
        parts = [f"{side} {rate:.1f} {unit} ({1e9 * rate / most[ceiling]:.0%})" for side, rate in rates.items()]
        out.append(f"  {name:30} {', '.join(parts)}")
    return out
