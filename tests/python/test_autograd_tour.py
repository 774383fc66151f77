"""The example `autograd_tour.py` shows what it says it shows."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "examples" / "autograd_tour.py"


def test_what_it_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(TOUR)])
    runpy.run_path(str(TOUR), run_name="__main__")
    printed = capsys.readouterr().out
    shown = {line[:68].strip(): line[68:].strip() for line in printed.splitlines() if len(line) > 68}
    for what, value in {
        "x.pow(2) keeps x itself: x is y.grad_fn._saved_self": "True",
        "as another object on the same memory: saved is y, same memory": "(False, True)",
        "without y its graph is gone at once, no collector needed": "True",
        "first, second and third derivative": "([3.0, 12.0], [6.0, 12.0], [6.0, 6.0])",
        "gradgradcheck(Cube.apply, x)": "True",
        "their order": "['before the node', 'after the node', 'tensor', 'accumulated']",
        "a hook that clamps adds 1, not 100, to .grad": "[4.0, 4.0]",
        "by continuity: sqrt at 0": "inf",
        "a tie of max(x) is shared": "[0.5, 0.5, 0.0]",
        "in a decorated generator, and between its steps": "[(False, True), (False, True)]",
        "anomaly mode:": "Function 'DivBackward0' returned nan values in its 1th output.",
    }.items():
        assert shown[what] == value
    assert "ExpBackward0 saved it as" in printed and "y.add_(1)" in printed and "in module layers.1: Linear" in printed


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")
def test_the_graph_it_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(TOUR), "--graph", str(tmp_path / "graph.svg")])
    runpy.run_path(str(TOUR), run_name="__main__")
    assert "TanhBackward0" in (tmp_path / "graph.svg").read_text()
