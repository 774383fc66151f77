"""The benchmarks run and compute what they claim to; threads and forked children compute what the parent does."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from device_parity import need_gpu

import rusttorch as torch
from rusttorch import nn

BENCHES = Path(__file__).resolve().parents[2] / "benches"
# As `benches/workloads/__init__.py` has them; a test below holds the two together.
FAMILIES = (
    *("overhead", "elementwise", "reductions", "indexing", "matmul", "convolution", "attention", "optimizers"),
    *("randoms", "data", "training"),
)

needs_benches = pytest.mark.skipif(not BENCHES.exists(), reason="the source distribution has no benchmarks")


def run(*arguments):
    """A program of benches/, on the package under test."""
    package = str(Path(torch.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path})


def code(text):
    """A few lines that see the modules of benches/."""
    done = run("-c", f"import sys; sys.path.insert(0, {str(BENCHES)!r})\n{text}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_benches
def test_families_are_those_of_the_suite():
    listed = code(
        "import json, workloads; print(json.dumps({f: len(workloads.family(f)) for f in workloads.FAMILIES}))"
    )
    counts = json.loads(listed)
    assert tuple(counts) == FAMILIES
    assert all(count >= 9 for count in counts.values()), counts


@needs_benches
@pytest.mark.parametrize("family", FAMILIES)
def test_every_workload_gives_what_its_formula_says(family):
    done = run(BENCHES / "ratios.py", "--check", "rusttorch", "--families", family)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 wrong" in done.stdout


@needs_benches
def test_timing_prints_seconds():
    done = run(BENCHES / "timing.py", "rusttorch", "overhead", "--only", "x.exp()", "--samples", "1")
    assert done.returncode == 0, done.stderr
    name, seconds = json.loads(done.stdout)
    assert name == "x.exp()" and 0 < seconds < 1


@needs_benches
def test_report_says_what_is_behind(tmp_path):
    report = tmp_path / "docs" / "performance.md"
    printed = code(
        f"""
import pathlib, document, results
rows = {{"x + y": {{"rusttorch": 1e-6, "torch": 4e-6}}, "x * y": {{"rusttorch": 2e-6, "torch": 1e-6}}}}
found = {{"families": {{"overhead": rows, "matmul": {{"v @ x, 7": {{"rusttorch": 1e-6, "torch": "Error: none"}}}}}}}}
print(results.ratios(rows), results.overall(found["families"]), results.below(found["families"]))
document.write(pathlib.Path({str(report)!r}), found)
"""
    )
    assert "{'x + y': 4.0, 'x * y': 0.5}" in printed
    assert "[('overhead', 'x * y', 0.5)]" in printed
    text = report.read_text()
    assert "| Overhead of small operations | 1.41 | 2 | 1 | 0.50 (x * y) |" in text
    assert "- `x * y` (Overhead of small operations), 0.50: " in text


@needs_benches
def test_every_reason_names_a_workload():
    code(
        """
import reasons, workloads
for family, known in reasons.REASONS.items():
    names = [row.name for row in workloads.family(family)]
    for start in known:
        assert any(name.startswith(start) for name in names), (family, start)
"""
    )


@needs_benches
def test_recorded_instructions_are_of_the_workloads():
    code(
        """
import json, instructions, workloads
recorded = json.loads(instructions.BASELINE.read_text())["instructions"]
assert list(recorded) == [row.name for row in workloads.family("overhead")], "make callgrind ARGS=--update"
"""
    )


# ---- the benchmark of a GPU


@needs_benches
def test_a_gpu_is_measured_against_its_ceilings_and_pytorch(tmp_path):
    need_gpu()
    pytest.importorskip("wgpu")
    # What PyTorch on the card would answer.
    theirs = {"device": "a card", "times": {"x + y": [1.0, 0, 0], "the demo's step": [2.0, 0, 0]}}
    (tmp_path / "theirs.json").write_text(json.dumps(theirs))
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncat {str(tmp_path / 'theirs.json')!r}\n")
    python.chmod(0o755)
    kept = tmp_path / "gpu.json"
    options = ("--small", "--only", "x + y", "demo", "--torch-python", python, "--json", kept)
    done = run(BENCHES / "gpu.py", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(kept.read_text())
    assert found["ours"]["device"] == torch.gpu.get_device_name()
    assert found["limits"]["bytes/s"] > 1e8 and found["limits"]["flop/s"] > 1e8
    seconds = {name: time[0] for name, time in found["ours"]["times"].items()}
    assert seconds.keys() == {"x + y", "the demo's step"}
    ratios = found["ratios"]
    assert ratios["x + y"]["PyTorch/ours"] == pytest.approx(1 / seconds["x + y"])
    assert ratios["the demo's step"]["PyTorch/ours"] == pytest.approx(2 / seconds["the demo's step"])
    assert 0 < ratios["x + y"]["of ceiling"] < 2 and "of ceiling" not in ratios["the demo's step"]
    counts = found["ours"]["counts"]
    assert counts["kernels"] > 10 and 0 < counts["submissions"] <= 1 and counts["bytes read back"] == 0
    assert counts["host us per step"] > 0
    if torch.gpu.get_device_properties().kind == "CPU":  # it takes long for a step, which the host only records
        assert counts["host us per step"] < 0.2e6 * seconds["the demo's step"]
    assert counts["host us per kernel"] == pytest.approx(counts["host us per step"] / counts["kernels"])
    ratio = ratios["the demo's step"]["PyTorch/ours"]
    assert f"{ratio:.2f}" in done.stdout and "a card" in done.stdout


@needs_benches
def test_the_ceilings_are_of_the_same_adapter_or_of_none():
    need_gpu()
    pytest.importorskip("wgpu")
    printed = code(
        """
import gpu, rusttorch
name = rusttorch.gpu.get_device_name()
assert gpu.adapter_named(name).info["device"] == name
try:
    gpu.adapter_named("no such card")
except SystemExit as e:
    print(e)
sys.modules["wgpu"] = None
try:
    gpu.adapter_named(name)
except SystemExit as e:
    print(e)
"""
    )
    refused, missing = printed.splitlines()
    assert "'no such card'" in refused and torch.gpu.get_device_name() in refused
    assert "wgpu-py" in missing and "not installed" in missing


# ---- forked children


def large():
    """Work that is split among threads."""
    torch.manual_seed(0)
    x, w = torch.rand(300, 300), torch.rand(300, 300, requires_grad=True)
    y = torch.rand(1 << 20)
    return {
        "matmul": lambda: x @ w.detach(),
        "elementwise": lambda: (y * 2.0 + 1.0).tanh(),
        "backward": lambda: torch.autograd.grad(((x @ w).relu() * 0.01).sum(), w)[0],
    }


def in_child(work):
    """The exit code of a forked child that runs this, or a failure after half a minute."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("a forked child hangs")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("first", ["matmul", "elementwise", "backward"])
def test_forked_child_works_after_the_parents(first):
    works = large()
    expected = {name: work() for name, work in works.items() if name != first}
    expected[first] = works[first]()  # last, so that it is what the child finds
    for name, work in works.items():
        assert in_child(lambda work=work, name=name: torch.equal(work(), expected[name])) == 0, name
        assert torch.equal(work(), expected[name]), f"{name} in the parent after a fork"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_of_a_child_and_children_at_once():
    works = large()
    expected = {name: work() for name, work in works.items()}

    def right():
        return all(torch.equal(work(), expected[name]) for name, work in works.items())

    assert in_child(lambda: right() and in_child(right) == 0 and right()) == 0
    results = []
    threads = [threading.Thread(target=lambda: results.append(in_child(right))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert right()
    for thread in threads:
        thread.join()
    assert results == [0] * 4


# ---- threads


def trained(seed, together=None):
    """The weights of a small network after twenty steps, of its own data."""
    random = torch.Generator()
    random.manual_seed(seed)
    x, y = torch.randn(64, 32, generator=random), torch.randn(64, 1, generator=random)
    weights = [torch.randn(32, 48, generator=random), torch.randn(48, 1, generator=random)]
    weights = [nn.Parameter(0.1 * w) for w in weights]
    optimizer = torch.optim.Adam(weights, lr=0.01)
    if together:
        together.wait(30)
    for _ in range(20):
        optimizer.zero_grad()
        nn.functional.mse_loss((x @ weights[0]).relu() @ weights[1], y).backward()
        optimizer.step()
    return [w.detach() for w in weights]


def in_threads(count, work):
    """What that many threads return, in their order."""
    found, errors = {}, []

    def one(i):
        try:
            found[i] = work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and not any(thread.is_alive() for thread in threads), errors
    return [found[i] for i in range(count)]


def test_eight_threads_train_as_one_after_the_other():
    alone = [trained(i) for i in range(8)]
    start = threading.Barrier(8)
    for made, expected in zip(in_threads(8, lambda i: trained(i, start)), alone, strict=True):
        assert all(map(torch.equal, made, expected))


def test_eight_threads_share_a_network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(200, 300), nn.Tanh(), nn.Linear(300, 10))
    inputs = [torch.randn(128, 200) for _ in range(8)]

    def grads(i):
        return torch.autograd.grad(model(inputs[i]).square().mean(), list(model.parameters()))

    alone = [grads(i) for i in range(8)]
    for made, expected in zip(in_threads(8, grads), alone, strict=True):
        assert all(map(torch.equal, made, expected))


def test_eight_threads_sum_large_tensors():
    x = torch.arange(1 << 20, dtype=torch.float64)
    whole = float((1 << 20) * ((1 << 20) - 1) // 2)
    for sums in in_threads(8, lambda i: [(x + i).sum().item() for _ in range(10)]):
        assert len(set(sums)) == 1
    assert in_threads(8, lambda i: (x + i).sum().item()) == [whole + i * (1 << 20) for i in range(8)]


def test_gradients_of_eight_threads_add_up():
    shared = torch.zeros(1000, requires_grad=True)

    def add(i):
        for _ in range(50):
            (shared * float(i + 1)).sum().backward()

    in_threads(8, add)
    assert torch.equal(shared.grad, torch.full((1000,), 50.0 * 36))
