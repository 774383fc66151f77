"""The functions of math.wgsl and its like by name, and those of them that a text needs."""

import re
from pathlib import Path

SHADERS = Path(__file__).resolve().parents[2] / "shaders"


def functions(file: str) -> dict[str, str]:
    """The functions of a file by name: each is a block between blank lines."""
    found: dict[str, str] = {}
    for block in re.split(r"\n\n+", (SHADERS / f"{file}.wgsl").read_text()):
        names = re.findall(r"^fn (\w+)\(", block, re.MULTILINE)
        assert len(names) <= 1, f"{names} stand together in {file}.wgsl"
        for name in names:
            assert name not in found, f"{name} is there twice"
            found[name] = block.strip()
    return found


FILES = {file: functions(file) for file in ("math", "special", "complex", "math_f64", "special_f64")}
assert not FILES["math_f64"].keys() & FILES["special_f64"].keys()
FUNCTIONS = FILES["math"] | FILES["special"] | FILES["complex"]
assert len(FUNCTIONS) == sum(len(FILES[file]) for file in ("math", "special", "complex"))
# Those of float64 by the same names, or the same ones where they are for both.
WIDE_FUNCTIONS = FUNCTIONS | FILES["math_f64"] | FILES["special_f64"]


def needed(expression: str, functions: dict[str, str] = FUNCTIONS) -> list[str]:
    """The functions that an expression names, and those that they name in turn."""
    found: list[str] = []
    todo = [expression]
    while todo:
        text = re.sub(r"//.*", "", todo.pop())
        for word in re.findall(r"[A-Za-z_]\w*", text):
            if word in functions and word not in found:
                found.append(word)
                todo.append(functions[word])
    return found
