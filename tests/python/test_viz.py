"""Pictures of the graph: the DOT text, and the drawing where the program `dot` is installed."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.utils.viz import Dot, make_dot


def leaf(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, requires_grad=True)


def labels(dot: Dot) -> dict[str, str]:
    """The nodes: label -> color, both as DOT has them; functions have no color."""
    found = re.findall(
        r'^\t\d+ \[label=(?:"((?:[^"\\]|\\.)*)"|(\w+))(?: fillcolor=(\w+))?\]$', dot.source, re.MULTILINE
    )
    return {quoted or plain: color for quoted, plain, color in found}


def test_the_text_is_that_of_torchviz() -> None:
    x, w = leaf(2, 3), leaf(3)
    dot = make_dot((x @ w).exp(), {"x": x, "w": w})
    assert str(dot) == dot.source
    assert dot.source == (
        """digraph {
	graph [size="12,12"]
	node [align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box style=filled]
	0 [label="
 (2)" fillcolor=darkolivegreen1]
	1 [label=ExpBackward0]
	2 -> 1
	2 [label=MvBackward0]
	3 -> 2
	4 [label="x
 (2, 3)" fillcolor=lightblue]
	4 -> 3
	3 [label=AccumulateGrad]
	5 -> 2
	6 [label="w
 (3)" fillcolor=lightblue]
	6 -> 5
	5 [label=AccumulateGrad]
	1 -> 0
}
"""
    )


def test_parameters_have_their_names() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    output = model(torch.ones(5, 3))
    leaves = {
        "0.weight\n (4, 3)": "lightblue",
        "0.bias\n (4)": "lightblue",
        "2.weight\n (2, 4)": "lightblue",
        "2.bias\n (2)": "lightblue",
    }
    for params in (dict(model.named_parameters()), model.named_parameters()):
        found = labels(make_dot(output, params))
        assert leaves.items() <= found.items()
        assert found["\n (5, 2)"] == "darkolivegreen1" and found["ReluBackward0"] == ""
    assert labels(make_dot(output))["\n (4, 3)"] == "lightblue"


def test_a_shared_function_is_drawn_once() -> None:
    x = leaf(2)
    y = x.exp()
    source = make_dot(y * y + y).source
    assert source.count("label=ExpBackward0") == source.count("label=AccumulateGrad") == 1
    exp = re.search(r"(\d+) \[label=ExpBackward0", source)[1]
    assert len(re.findall(rf"^\t{exp} -> ", source, re.MULTILINE)) == 3


def test_saved_tensors() -> None:
    x, w = leaf(2, 3), leaf(3)
    y = (x @ w).exp()
    found = labels(make_dot(y, {"x": x}, show_saved=True))
    assert found["result\n (2)"] == found["vec\n (3)"] == "orange"
    assert "orange" not in labels(make_dot(y)).values()
    # a leaf that was saved is one node, named as the leaf in the end
    source = make_dot(y, {"x": x}, show_saved=True).source
    number = re.search(r'(\d+) \[label="self\n \(2, 3\)" fillcolor=orange', source)[1]
    assert f'\t{number} [label="x\n (2, 3)" fillcolor=lightblue]' in source
    parts = torch.cat([x, x * 2]).index_select(0, torch.tensor([1]))
    assert labels(make_dot(parts, show_saved=True))["index\n (1)"] == "orange"
    y.sum().backward()
    assert "ExpBackward0" in labels(make_dot(y))
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already been freed"):
        make_dot(y, show_saved=True)


def test_attributes() -> None:
    x = leaf(2, 3)
    y = (x * x).sum(1, keepdim=True)
    found = labels(make_dot(y, show_attrs=True))
    name = next(label for label in found if label.startswith("SumBackward1"))
    assert re.search(r"^dim *: *\(1,\)$", name, re.MULTILINE) and re.search(r"^keepdim *: *True$", name, re.MULTILINE)
    product = next(label for label in found if label.startswith("MulBackward0"))
    assert product == "MulBackward0\n---------------------\nother: [saved tensor]\nself : [saved tensor]"
    found = labels(make_dot(y, show_attrs=True, max_attr_chars=6))
    assert "MulBackward0\n-------------\nother: [sa...\nself : [sa..." in found


def test_views_and_several_outputs() -> None:
    x = leaf(2)
    total = x.sum()
    view = total.view(1)
    source = make_dot(view).source
    found = labels(make_dot(view))
    assert found["\n (1)"] == "darkolivegreen1" and found["\n ()"] == "darkolivegreen3"
    assert re.search(r"^\t\d+ -> 0 \[style=dotted\]$", source, re.MULTILINE)
    first, second = x * 2, x.sum() * 3
    found = labels(make_dot((first, second), {"twice": first}))
    assert found["twice\n (2)"] == found["\n ()"] == "darkolivegreen1"


def test_custom_functions_and_tensors_without_a_graph() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * 2

    assert "TwiceBackward" in labels(make_dot(Twice.apply(leaf(2)), show_attrs=True, show_saved=True))
    assert labels(make_dot(torch.ones(2))) == {"\n (2)": "darkolivegreen1"}


def test_labels_are_quoted() -> None:
    x = leaf(2)
    assert labels(make_dot(x, {'a "b" \\c': x})) == {'a \\"b\\" \\\\c\n (2)': "darkolivegreen1"}


def test_the_picture_grows_with_the_graph() -> None:
    y = leaf(1)
    for _ in range(100):
        y = y + 1
    # 2 lines for each addition, 4 for the leaf and 2 for the output, without the first one's arrow
    lines = make_dot(y).source.count("\n\t") - 2
    size = round(lines * 0.15, 2)
    assert lines == 205 and f'size="{size},{size}"' in make_dot(y).source


def test_a_graph_of_a_hundred_thousand_functions() -> None:
    x = y = leaf(1)
    for _ in range(100_000):
        y = y + 1
    source = make_dot(y, {"x": x}, show_saved=True).source
    assert source.count("label=AddBackward0") == 100_000 and source.count(" -> ") == 100_002


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="^make_dot: expected a Tensor, but got int$"):
        make_dot([leaf(1), 5])
    with pytest.raises(TypeError, match="^make_dot: expected a Tensor, but got str$"):
        make_dot(leaf(1), {"x": "y"})


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")
def test_drawing(tmp_path: Path) -> None:
    x = leaf(2, 3)
    dot = make_dot((x * x).sum(), {'a "b" \\c': x}, show_attrs=True, show_saved=True)
    svg = Path(dot.render(tmp_path / "graph"))
    text = html.unescape(svg.read_text()).replace("\xa0", " ")
    assert svg == tmp_path / "graph.svg" and "MulBackward0" in text and 'a "b" \\c' in text
    png = Path(dot.render(tmp_path / "graph", format="png"))
    assert png == tmp_path / "graph.png" and png.read_bytes().startswith(b"\x89PNG")
    assert Path(dot.render(str(tmp_path / "other.png"))).read_bytes().startswith(b"\x89PNG")
    assert dot._repr_mimebundle_()["image/svg+xml"].lstrip().startswith("<?xml")
    with pytest.raises(RuntimeError, match="^dot -Tnothing failed: "):
        dot.pipe("nothing")
    with pytest.raises(RuntimeError, match="^dot -Tsvg failed: .*syntax error"):
        Dot("digraph {").pipe()


def test_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    dot = make_dot(leaf(1))
    for call in (dot.pipe, lambda: dot.render(tmp_path / "graph")):
        with pytest.raises(FileNotFoundError, match="which is not installed: install the package `graphviz`"):
            call()
    assert dot._repr_mimebundle_() == {"text/plain": dot.source} and not list(tmp_path.iterdir())


def test_loads_when_named() -> None:
    code = """
import sys, rusttorch as torch
torch.utils
assert "rusttorch.utils.viz" not in sys.modules
assert torch.utils.viz.make_dot(torch.ones(1)).source
"""
    subprocess.run([sys.executable, "-c", code], check=True)
