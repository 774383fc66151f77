"""Times the same work on rusttorch and, where it is installed, on PyTorch, and prints the ratios.

    python benches/ratios.py                                  # PyTorch, if this Python has it
    python benches/ratios.py --torch-python PATH              # PyTorch of another Python
    python benches/ratios.py --groups small,import --json ratios.json

Each side runs in a process of its own, one after the other and in turn: an idle thread pool of one would spin beside
the work of the other. Of all rounds the fastest counts, for other programs can only make a run slower.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

# Made of the module `torch`: what runs the work so many times.
Workload = Callable[[Any], Callable[[int], Any]]
GROUPS: dict[str, dict[str, Workload]] = {"small": {}, "kernels": {}, "epoch": {}}
SIDES = ("rusttorch", "torch")


def workload(group: str, name: str) -> Callable[[Workload], Workload]:
    """Registers a function of the module `torch` that makes what is timed."""

    def register(make: Workload) -> Workload:
        GROUPS[group][name] = make
        return make

    return register


# ---- one element: what a call costs


def _expression(group: str, name: str, setup: str) -> None:
    """A workload written as a Python expression, its own name; `setup` runs once before it."""

    def make(torch: Any) -> Callable[[int], Any]:
        # Compiled into the loop, as `timeit` does it: one element takes no longer than a call of a Python function.
        work = name.partition(": ")[2] or name
        body = f"def made():\n {setup or 'pass'}\n def run(count):\n  for _ in range(count): {work}\n return run"
        scope: dict[str, Any] = {"torch": torch}
        exec(body, scope)
        run: Callable[[int], Any] = scope["made"]()
        return run

    GROUPS[group][name] = make


for _name in ("x + y", "x * 2.0", "x[0]", "x.t()", "x.sum()", "torch.add(x, y)", "x.add_(y)", "x.reshape(1, 1)"):
    _expression("small", _name, "x, y = torch.ones(1), torch.ones(1)")
_expression("small", "x.relu().sum().backward()", "x = torch.ones(1, requires_grad=True)")
_expression("small", "torch.zeros(1)", "")
_expression("small", "x.item()", "x = torch.ones(1)")


_expression("small", "NumPy: x + y", "import numpy; x, y = numpy.ones(1, 'float32'), numpy.ones(1, 'float32')")


# ---- kernels on 512 x 512 floats

_SQUARE = "torch.manual_seed(0); x, y = torch.rand(512, 512), torch.rand(512, 512)"
for _name in (
    *("x + y", "x + y.t()", "x.t().contiguous()", "x.exp()", "x.tanh()", "x.sigmoid()", "x.relu()"),
    *("x.sum()", "x.sum(0)", "x.sum(1)", "x.argmax(1)", "x.softmax(1)", "x.cumsum(1)", "x.sort(1)", "x @ y"),
    *("x.to(torch.bfloat16)", "torch.cat([x, y])", "x[x > 0.5]", "torch.nn.functional.gelu(x)"),
    *("torch.nn.functional.layer_norm(x, (512,))", "torch.rand(512, 512)", "torch.randn(512, 512)"),
):
    _expression("kernels", _name, _SQUARE)
_expression(
    "kernels",
    "torch.nn.functional.conv2d(image, weight, padding=1)",
    "image, weight = torch.rand(8, 16, 32, 32), torch.rand(32, 16, 3, 3)",
)
_expression("kernels", "torch.nn.functional.max_pool2d(image, 2)", "image = torch.rand(8, 16, 32, 32)")


# ---- training as the example does it


@workload("epoch", "FashionMNIST, one epoch")
def _epoch(torch: Any) -> Callable[[int], Any]:
    import numpy

    folder, batches = os.environ["RATIOS_DATA"], int(os.environ["RATIOS_BATCHES"])
    images = torch.from_numpy(numpy.load(f"{folder}/images.npy")[: 64 * batches])
    labels = torch.from_numpy(numpy.load(f"{folder}/labels.npy")[: 64 * batches])
    data = importlib.import_module(f"{torch.__name__}.utils.data")
    nn = torch.nn
    torch.manual_seed(0)
    dataset = data.TensorDataset(images.unsqueeze(1).to(torch.float32).div_(255), labels)
    loader = data.DataLoader(dataset, batch_size=64, shuffle=True)
    layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
    model = nn.Sequential(nn.Flatten(), *layers)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def epochs(count: int) -> None:
        for _ in range(count):
            for x, y in loader:
                loss = loss_fn(model(x), y)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                loss.item()

    return epochs


def save_data(folder: str) -> None:
    """Write FashionMNIST as NumPy files that either side reads: all of it where it is found, else the sample."""
    import numpy

    from rusttorch.datasets import FashionMNIST, FashionMNISTSample

    data: Any
    try:
        data = FashionMNIST("data", train=True)
    except RuntimeError:
        data = FashionMNISTSample(train=True)
    numpy.save(f"{folder}/images.npy", data.data.numpy())
    numpy.save(f"{folder}/labels.npy", data.targets.numpy())


# ---- timing, in the process of one side


def seconds(run: Callable[[int], Any], least: float = 0.02, rounds: int = 7) -> float:
    """The shortest time of one repetition, over rounds of at least `least` seconds each."""

    def taken(count: int) -> float:
        start = time.perf_counter()
        run(count)
        return time.perf_counter() - start

    run(1)
    count, whole = 1, taken(1)
    while whole < least:
        count = max(2 * count, int(count * least / max(whole, 1e-9)))
        whole = taken(count)
    more = rounds if whole < 0.5 else 0
    return min([whole, *(taken(count) for _ in range(more))]) / count


def child(side: str, group: str, threads: int) -> None:
    """Time the workloads of a group and print them as JSON: seconds, or why there are none."""
    torch = importlib.import_module(side)
    for part in ("nn", "optim", "utils.data"):
        importlib.import_module(f"{side}.{part}")
    torch.set_num_threads(threads)
    times: dict[str, float | str] = {}
    for name, make in GROUPS[group].items():
        try:
            times[name] = seconds(make(torch))
        except (AttributeError, NotImplementedError, TypeError) as error:
            times[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(times))


# ---- the parent


def run_child(python: str, side: str, group: str, threads: int) -> dict[str, Any]:
    """One group on one side, in a new process."""
    command = [python, __file__, "--child", side, "--groups", group, "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def import_time(python: str, side: str) -> dict[str, Any]:
    """How long `import` takes in a new process, without the start of Python itself."""
    code = f"import time; t = time.perf_counter(); import {side}; print(time.perf_counter() - t)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return {"import": float(done.stdout)}


def has(python: str, module: str) -> bool:
    """Whether a Python can import a module."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return subprocess.run([python, "-c", code]).returncode == 0
    except OSError as error:
        raise SystemExit(f"{python} is no Python: {error}") from None


def measure(
    pythons: dict[str, str], groups: list[str], rounds: int, threads: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """group -> workload -> side -> seconds (or a text), the best of all rounds."""
    best: dict[str, dict[str, dict[str, Any]]] = {group: {} for group in groups}
    for group in groups:
        for _ in range(rounds):
            for side, python in pythons.items():
                times = import_time(python, side) if group == "import" else run_child(python, side, group, threads)
                for name, value in times.items():
                    sides = best[group].setdefault(name, {})
                    old = sides.get(side)
                    sides[side] = min(old, value) if isinstance(old, float) and isinstance(value, float) else value
    return best


def shown(value: Any) -> str:
    """Seconds in a fitting unit."""
    if not isinstance(value, float):
        return "-"
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if value < 1000 * scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g} s"


def report(best: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Print a table: the ratio is rusttorch's time by PyTorch's, so below 1 rusttorch is faster."""
    for group, rows in best.items():
        print(f"\n{group:56} {'rusttorch':>12} {'PyTorch':>12} {'ratio':>8}")
        for name, sides in rows.items():
            ours, theirs = sides.get("rusttorch"), sides.get("torch")
            ratio = f"{ours / theirs:8.2f}" if isinstance(ours, float) and isinstance(theirs, float) else f"{'-':>8}"
            print(f"  {name:54} {shown(ours):>12} {shown(theirs):>12} {ratio}")
            if isinstance(ours, str):
                print(f"    {ours}")


def main() -> None:
    """Read the options, time, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", metavar="PATH", help="a Python that has PyTorch (default: this one)")
    parser.add_argument("--groups", default="small,import,kernels,epoch", help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="for the ops of each side (default: %(default)s)")
    parser.add_argument("--batches", type=int, default=200, help="of 64 images, in an epoch (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the times there, too")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    groups = options.groups.split(",")
    if options.child:
        child(options.child, groups[0], options.threads)
        return
    pythons = {"rusttorch": sys.executable}
    theirs = options.torch_python or sys.executable
    if has(theirs, "torch"):
        pythons["torch"] = theirs
    else:
        print(f"{theirs} has no PyTorch: there is nothing to compare with.")
    with tempfile.TemporaryDirectory() as folder:
        if "epoch" in groups:
            save_data(folder)
        os.environ.update(RATIOS_DATA=folder, RATIOS_BATCHES=str(options.batches))
        best = measure(pythons, groups, options.rounds, options.threads)
    report(best)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(best, file, indent=1)


if __name__ == "__main__":
    main()
