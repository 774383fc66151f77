"""Counts what an op costs: in a copy of the sources, one row is added to one file, and everything else must follow.

Builds that copy without optimisation; needs the repository and cargo, and is skipped without them.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILE = "src/ops/unary.rs"
PLACE = "pointwise! {\n"
ROW = """    /// Thrice each element.
    thrice(x) "thrice(Tensor self) -> Tensor" "fmio" Keep {
        int: x.wrapping_mul(3), float: x + x + x, complex: x * 3.0,
        wgsl: { int: "x * 3", float: "x + x + x" }, grad: { x: |g| g * 3.0 }, domain: -2.0..2.0
    }
"""
# Where its lines must appear in the stub: function, in-place function, method, in-place method.
STUB = """
def thrice(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    \"\"\"Thrice each element.\"\"\"

def thrice_(input: Tensor) -> Tensor:
    \"\"\"`thrice`, in place.\"\"\"
    def thrice(self) -> Tensor:
        \"\"\"Thrice each element.\"\"\"
    def thrice_(self) -> Self:
        \"\"\"`thrice`, in place.\"\"\"
"""
USE = """
import rusttorch as torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
torch.thrice(x).backward(torch.tensor([1.0, 10.0]))
assert x.grad.tolist() == [3.0, 30.0]
x = x.detach()
assert x.thrice().tolist() == [3.0, 6.0]
assert torch.thrice(torch.tensor([[1, 2]])).tolist() == [[3, 6]]
y = torch.empty(2)
assert torch.thrice(x, out=y) is y and y.tolist() == [3.0, 6.0]
assert x.thrice_() is x and torch.thrice_(x) is x and x.tolist() == [9.0, 18.0]
if torch.gpu.is_available():
    assert torch.thrice(torch.tensor([1.0, 2.0], device="gpu")).tolist() == [3.0, 6.0]
for place in (torch.thrice, torch.Tensor.thrice):
    assert "Thrice each element." in place.__doc__
"""


def update(source: pathlib.Path, target: pathlib.Path, change: bool = False) -> None:
    """Copy a file where it differs: cargo goes by the time of change."""
    data = source.read_bytes()
    if change:
        text = data.decode()
        assert text.count(PLACE) >= 1
        data = text.replace(PLACE, PLACE + ROW, 1).encode()
    if not target.exists() or target.read_bytes() != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def copy_with_the_row(copy: pathlib.Path) -> None:
    """The sources in `copy`, with the row."""
    patterns = (
        "Cargo.*",
        "src/**/*.rs",
        "src/**/*.pyi",
        "shaders/*",
        "tests/*.rs",
        "benches/*.rs",
        "python/rusttorch/**/*.py*",
    )
    for pattern in patterns:
        for source in ROOT.glob(pattern):
            name = source.relative_to(ROOT)
            if source.suffix in {".pyc", ".so"}:
                continue
            # the copy's stubs are to be made by the copy's own build
            if name.suffix == ".pyi" and (copy / name).exists() and name.parts[0] == "python":
                continue
            update(source, copy / name, name.as_posix() == FILE)


def run(copy: pathlib.Path, *command: str, **env: str) -> str:
    done = subprocess.run(command, cwd=copy, env=os.environ | env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("cargo") is None or not (ROOT / FILE).exists(), reason="needs cargo and the sources")
def test_one_row_in_one_file_is_all_that_an_op_needs() -> None:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "one_row"
    copy = target / "sources"
    copy_with_the_row(copy)
    fast = {
        "CARGO_TARGET_DIR": str(target),
        "CARGO_PROFILE_DEV_OPT_LEVEL": "0",
        "CARGO_PROFILE_DEV_DEBUG": "false",
    }

    # function, method, in-place form, out=, help, gradient
    run(copy, "cargo", "build", "--lib", "--features", "python", PYO3_PYTHON=sys.executable, **fast)
    shutil.copy(target / "debug" / "librusttorch.so", copy / "python/rusttorch/_C.so")
    run(copy, sys.executable, "-c", USE, PYTHONPATH=str(copy / "python"))

    # the stub, and the tests that try every row
    run(copy, "cargo", "test", "--test", "stub", "stubs_are_fresh", UPDATE="1", **fast)
    ours = (ROOT / "python/rusttorch/_C.pyi").read_text().splitlines()
    theirs = (copy / "python/rusttorch/_C.pyi").read_text().splitlines()
    added = [line for line in theirs if "hrice" in line]
    assert sorted(added) == sorted(line for line in STUB.splitlines() if line)
    assert [line for line in theirs if "hrice" not in line and line] == [line for line in ours if line]
    assert "test result: ok" in run(copy, "cargo", "test", "--test", "every_op", OP="thrice", **fast)
