"""The type stubs and the built module name the same things, and `help()` says what the stubs say."""

from __future__ import annotations

import ast
import inspect
import pathlib

import pytest

import rusttorch as torch
from rusttorch import _C

FOLDER = pathlib.Path(torch.__file__).parent
SPACES = {"_C": _C, "_C_nn": _C._nn, "_C_linalg": _C._linalg, "_C_fft": _C._fft, "_C_special": _C._special}
# Only for type checkers: aliases, imports under a private name, classes of named results.
PRIVATE = "_"


def stub(name: str) -> ast.Module:
    return ast.parse((FOLDER / f"{name}.pyi").read_text())


def declared(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Each name that a module or class body of a stub declares, and its first declaration."""
    names: dict[str, ast.stmt] = {}
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.setdefault(statement.name, statement)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.setdefault(statement.target.id, statement)
    return names


def public(names: object) -> set[str]:
    return {name for name in names if not name.startswith(PRIVATE)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("space", SPACES)
def test_modules_hold_what_their_stub_declares(space: str) -> None:
    assert public(dir(SPACES[space])) == public(declared(stub(space).body))


CLASSES = [node.name for node in stub("_C").body if isinstance(node, ast.ClassDef) and hasattr(_C, node.name)]


@pytest.mark.parametrize("name", CLASSES)
def test_classes_have_what_their_stub_declares(name: str) -> None:
    body = next(n.body for n in stub("_C").body if isinstance(n, ast.ClassDef) and n.name == name)
    here, there = set(declared(body)), set(dir(getattr(_C, name)))
    if not issubclass(getattr(_C, name), BaseException):  # what an exception inherits is Python's
        assert public(here) == public(there)
    # type checkers must know `__getattr__`, `__buffer__`; Python has them elsewhere
    assert here - there <= {"__getattr__", "__buffer__", "__reduce_ex__"}


def first_sentence(node: ast.stmt) -> str | None:
    text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
    return None if text is None else text.splitlines()[0]


def test_help_says_what_the_stub_says() -> None:
    for space, module in SPACES.items():
        for name, node in declared(stub(space).body).items():
            sentence = first_sentence(node)
            if sentence is None or sentence.endswith(", in place.") or inspect.isclass(getattr(module, name)):
                continue
            assert sentence in (getattr(module, name).__doc__ or ""), f"{space}.{name}"


def test_type_checkers_find_the_stubs() -> None:
    assert (FOLDER / "py.typed").exists()
