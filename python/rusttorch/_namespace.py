"""How the package fills its namespaces: submodules that load when first named, and modules of native functions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_submodules(package: str, names: Collection[str]) -> Callable[[str], Any]:
    """The module-level `__getattr__` of `package`, which imports a submodule in `names` on first use."""

    def __getattr__(name: str) -> Any:
        # importing a submodule also makes it an attribute of its package: this runs once per name
        if name in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__


def public_names(native: ModuleType) -> dict[str, Any]:
    """The names of a native module that do not begin with an underscore, and what they stand for."""
    return {name: value for name, value in vars(native).items() if not name.startswith("_")}
