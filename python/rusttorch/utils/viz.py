"""Pictures of the recorded graph, as torchviz makes them: DOT text, drawn by the program `dot` of Graphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rusttorch as torch

__all__ = ["Dot", "make_dot"]

_OUTPUT, _BASE, _LEAF, _SAVED = "darkolivegreen1", "darkolivegreen3", "lightblue", "orange"
_NODES = "align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box style=filled"
_KEYWORDS = frozenset({"node", "edge", "graph", "digraph", "subgraph", "strict"})
# of the picture, in inches: at least, and for each line of DOT
_LEAST_SIZE, _SIZE_PER_LINE = 12, 0.15


class Dot:
    """A graph as DOT text, in `source`. A notebook shows it as a picture where Graphviz is installed."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __str__(self) -> str:
        return self.source

    def pipe(self, format: str = "svg") -> bytes:
        """The picture in one of the formats that `dot` knows: "svg" (default), "png", "pdf" ...

        Raises:
            FileNotFoundError: there is no program `dot`.
            RuntimeError: `dot` fails; the message has its words.
        """
        program = shutil.which("dot")
        if program is None:
            raise FileNotFoundError(
                "drawing a graph needs the program `dot` of Graphviz, which is not installed: install the package "
                "`graphviz` with your system's package manager (apt-get install graphviz, brew install graphviz), or "
                "get it from https://graphviz.org/download. The DOT text itself is in `.source`."
            )
        done = subprocess.run([program, f"-T{format}"], input=self.source.encode(), capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"dot -T{format} failed: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def render(self, path: str | os.PathLike[str], format: str | None = None) -> str:
        """Write the picture to a file.

        Args:
            path: of the file; the ending of the format is added where the name does not have it.
            format: as for `pipe`; by default the ending of `path`, or "svg" where it has none.

        Returns:
            The path of the file.

        Raises:
            As `pipe`.
        """
        name = os.fspath(path)
        ending = os.path.splitext(name)[1][1:]
        if format is None:
            format = ending or "svg"
        if ending.lower() != format.lower():
            name = f"{name}.{format}"
        picture = self.pipe(format)
        with open(name, "wb") as file:
            file.write(picture)
        return name

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the picture, or the text where it cannot be drawn."""
        if shutil.which("dot") is None:
            return {"text/plain": self.source}
        return {"image/svg+xml": self.pipe().decode(), "text/plain": repr(self)}


def make_dot(
    var: torch.Tensor | Iterable[torch.Tensor],
    params: Mapping[str, torch.Tensor] | Iterable[tuple[str, torch.Tensor]] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> Dot:
    """The graph that `var` was computed by, as DOT text.

    Functions are gray, outputs green and the bases of outputs that are views dark green, leaves that require grad blue,
    saved tensors orange. Tensors show their shapes. Arrows follow the computation.

    Args:
        var: a tensor, or several.
        params: names of leaves and outputs: a dict, or pairs such as `module.named_parameters()`.
        show_attrs: show what a function keeps for backward, such as dimensions. Default False.
        show_saved: show the tensors that functions saved; the graph must not have been freed. Default False.
        max_attr_chars: of `show_attrs`, where longer values are cut off; at least 3.

    Returns:
        A `Dot`: `source` is the text, `render(path)` draws it.

    Raises:
        TypeError: `var` or a value of `params` is not a tensor.
        RuntimeError: the graph was freed, where its saved values are to be shown.
    """
    named = dict(params.items() if isinstance(params, Mapping) else params or ())
    outputs = (var,) if isinstance(var, torch.Tensor) else tuple(var)
    for value in (*outputs, *named.values()):
        if not isinstance(value, torch.Tensor):
            raise TypeError(f"make_dot: expected a Tensor, but got {type(value).__name__}")
    drawing = _Drawing(named, show_attrs, show_saved, max(max_attr_chars, 3))
    for output in outputs:
        drawing.add_output(output, _OUTPUT)
    return Dot(drawing.text())


class _Drawing:
    """The lines of DOT written so far, and the nodes that they have."""

    def __init__(self, named: dict[str, torch.Tensor], show_attrs: bool, show_saved: bool, max_chars: int) -> None:
        self.names = {id(tensor): name for name, tensor in named.items()}
        self.show_attrs = show_attrs
        self.show_saved = show_saved
        self.max_chars = max_chars
        self.lines: list[str] = []
        # Numbers of what has been drawn, tensors by identity; the objects stay alive, lest another gets their identity.
        self.functions: dict[Any, int] = {}
        self.tensors: dict[int, int] = {}
        self.alive: list[torch.Tensor] = []
        self.expanded: set[Any] = set()
        self.outputs: set[int] = set()

    def text(self) -> str:
        size = max(_LEAST_SIZE, round(len(self.lines) * _SIZE_PER_LINE, 2))
        return "\n".join(["digraph {", f'\tgraph [size="{size},{size}"]', f"\tnode [{_NODES}]", *self.lines, "}", ""])

    def number(self, item: Any) -> int:
        """The number of a function or tensor, a new one where it has none."""
        new = len(self.functions) + len(self.tensors)
        if not isinstance(item, torch.Tensor):
            return self.functions.setdefault(item, new)
        if id(item) not in self.tensors:
            self.alive.append(item)
        return self.tensors.setdefault(id(item), new)

    def node(self, item: Any, label: str, color: str = "") -> None:
        color = f" fillcolor={color}" if color else ""
        self.lines.append(f"\t{self.number(item)} [label={_quoted(label)}{color}]")

    def edge(self, start: Any, end: Any, style: str = "") -> None:
        self.lines.append(f"\t{self.number(start)} -> {self.number(end)}{style}")

    def tensor(self, tensor: torch.Tensor, color: str, name: str = "") -> None:
        shape = ", ".join(map(str, tensor.shape))
        self.node(tensor, f"{name or self.names.get(id(tensor), '')}\n ({shape})", color)

    def add_output(self, tensor: torch.Tensor, color: str) -> None:
        """An output, what it was computed by, and the tensor it is a view of."""
        if id(tensor) in self.outputs:
            return
        self.outputs.add(id(tensor))
        self.tensor(tensor, color)
        if tensor.grad_fn is not None:
            self.add_functions(tensor.grad_fn)
            self.edge(tensor.grad_fn, tensor)
        if tensor._is_view():
            base: Any = tensor._base
            self.add_output(base, _BASE)
            self.edge(base, tensor, " [style=dotted]")

    def add_functions(self, root: Any) -> None:
        """A function and all before it, depth first; without recursion, for graphs are deeper than Python's stack."""
        if root in self.expanded:
            return
        stack = [(root, self.expand(root))]
        while stack:
            function, before = stack[-1]
            for other in before:
                self.edge(other, function)
                if other not in self.expanded:
                    stack.append((other, self.expand(other)))
                    break
            else:
                stack.pop()

    def expand(self, function: Any) -> Iterator[Any]:
        """Draws one function with its leaf and saved tensors; the functions before it."""
        self.expanded.add(function)
        saved = self.saved(function) if self.show_saved or self.show_attrs else {}
        if self.show_saved:
            for name, value in saved.items():
                for label, tensor in _tensors(name, value):
                    self.edge(function, tensor, " [dir=none]")
                    self.tensor(tensor, _SAVED, label)
        leaf = getattr(function, "variable", None)
        if leaf is not None:
            self.tensor(leaf, _LEAF)
            self.edge(leaf, function)
        name = type(function).__name__
        self.node(function, _with_attributes(name, saved, self.max_chars) if self.show_attrs and saved else name)
        return iter([other for other, _ in function.next_functions if other is not None])

    def saved(self, function: Any) -> dict[str, Any]:
        """What a function keeps for backward, by name."""
        names = [name for name in dir(function) if name.startswith("_saved_")]
        values = {name.removeprefix("_saved_"): getattr(function, name) for name in names}
        if isinstance(function, torch.autograd.function.BackwardCFunction) and function.saved_tensors:
            values["saved_tensors"] = function.saved_tensors
        return {name: value for name, value in values.items() if value is not None}


def _quoted(label: str) -> str:
    """A label in DOT: a plain word as it is, anything else in quotes."""
    if label.isidentifier() and label.isascii() and label.lower() not in _KEYWORDS:
        return label
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tensors(name: str, value: Any) -> list[tuple[str, torch.Tensor]]:
    """The tensors in a saved value, each with its label."""
    if isinstance(value, torch.Tensor):
        return [(name, value)]
    if isinstance(value, tuple):
        return [(f"{name}[{i}]", each) for i, each in enumerate(value) if isinstance(each, torch.Tensor)]
    return []


def _with_attributes(name: str, saved: dict[str, Any], max_chars: int) -> str:
    """A function's name above a table of what it keeps."""
    texts = {}
    for key, value in saved.items():
        tensors = _tensors(key, value)
        if tensors:
            texts[key] = "[saved tensor]" if isinstance(value, torch.Tensor) else "[saved tensors]"
        else:
            texts[key] = str(value)
    left = max(map(len, texts))
    right = min(max(map(len, texts.values())), max_chars)
    lines = [name, "-" * max(left + right + 2, len(name))]
    for key, text in texts.items():
        cut = text if len(text) <= right else text[: right - 3] + "..."
        lines.append(f"{key:<{left}}: {cut:>{right}}")
    return "\n".join(lines)
