"""What a process costs on either side: size on disk, import, memory, the way to the first step, and a step's peak."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

# How much memory of the process is resident, and the most that was since the mark; in bytes.
_MEMORY = """
def status(key):
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))
def mark():
    try:
        with open('/proc/self/clear_refs', 'w') as file: file.write('5')
    except OSError: pass
"""
_IMPORT = """
import time
before, start = status('VmRSS'), time.perf_counter()
import {side}
took = time.perf_counter() - start
print(json.dumps({{'import': took, 'memory after import': status('VmRSS') - before}}))
"""
_FIRST_STEP = """
import time
start = time.perf_counter()
import {side} as torch
nn = torch.nn
model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
loss = nn.functional.mse_loss(model(torch.randn(64, 10)), torch.randn(64, 1))
loss.backward()
optimizer.step()
print(json.dumps({{'from import to the first optimizer step': time.perf_counter() - start}}))
"""
_PEAK = """
import sys
sys.path.insert(0, {here!r})
import {side} as torch
import models
torch.set_num_threads({threads})
run = models.training(torch, {model!r})
mark()
before = status('VmRSS')
for _ in range(3): run.step()
print(json.dumps(max(0, status('VmHWM') - before)))
"""


def _run(python: str, code: str, **given: object) -> Any:
    text = "import json\n" + _MEMORY + code.format(**given)
    done = subprocess.run([python, "-c", text], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"a measured process failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def start(python: str, side: str, rounds: int) -> dict[str, float]:
    """Seconds of the import and to the first step, and bytes of memory after the import: medians of new processes."""
    runs = [_run(python, code, side=side) for code in (_IMPORT, _FIRST_STEP) for _ in range(max(3, rounds))]
    keys = dict.fromkeys(key for run in runs for key in run)
    return {key: float(statistics.median(run[key] for run in runs if key in run)) for key in keys}


def peak(python: str, side: str, model: str, threads: int) -> float:
    """Bytes that three training steps need at most beyond what is there after the setup."""
    return float(_run(python, _PEAK, side=side, model=model, threads=threads, here=str(HERE)))


def installed(python: str, side: str) -> float:
    """Bytes of the installed package on disk, its libraries beside it included."""
    code = """
import importlib.util, os
from pathlib import Path
folder = Path(importlib.util.find_spec({side!r}).origin).parent
folders = [folder, *(folder.parent.glob({side!r} + '.libs'))]
files = {{os.path.realpath(p) for f in folders for p in f.rglob('*') if p.is_file() and p.suffix != '.pyc'}}
print(json.dumps(sum(os.path.getsize(p) for p in files)))
"""
    return float(_run(python, code, side=side))


def wheel() -> float | None:
    """Bytes of the newest wheel in dist/."""
    found = sorted((HERE.parent / "dist").glob("rusttorch-*.whl"), key=lambda p: p.stat().st_mtime)
    return float(found[-1].stat().st_size) if found else None


def about(pythons: dict[str, str]) -> dict[str, str]:
    """What the numbers were measured on and with, for a reader elsewhere: no names of hosts or folders."""
    found = {"date": datetime.date.today().isoformat(), "processor": _processor(), "system": platform.system()}
    for side, python in pythons.items():
        code = "import {side}, platform\nprint(json.dumps([{side}.__version__, platform.python_version()]))"
        version, of_python = _run(python, code, side=side)
        found["PyTorch" if side == "torch" else side] = f"{version}, on Python {of_python}"
    return found


def _processor() -> str:
    """The model, how many there are, the widest vectors and the memory, where the system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            pairs = dict(line.strip().split("\t", 1) for line in file if "\t" in line)
        fields = {key: value.lstrip("\t: ") for key, value in pairs.items()}
        model, flags = fields.get("model name", platform.machine()), fields.get("flags", "").split()
    except OSError:
        return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    wide = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "no AVX2")
    matrices = ", AMX" if "amx_tile" in flags else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {wide}{matrices}, {memory:.0f} GiB of memory"
