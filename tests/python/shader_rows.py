"""The rows of elementwise ops as `src/ops` has them, read from the text: names, operands and expressions for the device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Row:
    """A row of `pointwise!`: its operands, the classes of its CPU kernels, and its expressions for the device."""

    name: str
    operands: list[str]
    kernels: dict[str, bool]  # class: whether the result is a bool
    wgsl: dict[str, str]


def rows() -> Iterator[Row]:
    for file in sorted((ROOT / "src" / "ops").glob("*.rs")):
        for body in re.findall(r"^pointwise! \{\n(.*?)^\}\n", file.read_text(), re.MULTILINE | re.DOTALL):
            starts = list(re.finditer(r"^    (\w+)\(([^)]*)\)", body, re.MULTILINE))
            for start, after in zip(starts, [*starts[1:], None], strict=True):
                text = body[start.start() : after.start() if after else len(body)]
                operands = re.findall(r"\w+", start[2])
                head = text.split("grad:")[0]
                wgsl = re.search(r"\bwgsl: \{(.*?)\},", head, re.DOTALL)
                rest = head.replace(wgsl[0], "") if wgsl else head
                kernels = {
                    cls: test == "_test" or cls == "bool"
                    for cls, test in re.findall(r"\b(bool|int|float|complex)(_test|_real)?: ", rest)
                }
                texts = dict(re.findall(r'(bool|int|float|complex): "([^"]*)"', wgsl[1])) if wgsl else {}
                yield Row(start[1], operands, kernels, texts)


ROWS = list(rows())
# Names that WGSL keeps to itself get an underscore.
RESERVED = {"target"}


def operand_names(row: Row) -> list[str]:
    return [name + "_" if name in RESERVED else name for name in row.operands]
