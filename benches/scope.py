"""What a workload's texts see, and the timed loop that is made of them."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Callable
from typing import Any

from workloads import Row


def smaller(n: int) -> int:
    """The size that stands for this one in a smoke run: equal sizes stay equal, multiples of four mostly so, and the
    small ones themselves."""
    if n <= 12 or n in _LONG:
        return n
    return 8 + 4 * (n.bit_length() % 3) if n <= 4096 else _LONG[n.bit_length() % 3]


# Longer than a vector and no multiple of one.
_LONG = (1003, 1006, 1009)


def names(torch: Any, folder: str, tiny: bool) -> dict[str, Any]:
    """The names that a workload's texts may use; sizes are made small where `tiny`."""
    import models

    size = smaller if tiny else int

    def rand(*shape: int) -> Any:
        return torch.rand(*map(size, shape))

    def ints(high: int, *shape: int) -> Any:
        return torch.randint(0, high, tuple(map(size, shape)))

    torch.manual_seed(0)
    parts = {part: importlib.import_module(f"{torch.__name__}.{part}") for part in ("nn", "optim", "utils.data")}
    return {
        "torch": torch,
        "nn": parts["nn"],
        "F": torch.nn.functional,
        "data": parts["utils.data"],
        "np": importlib.import_module("numpy"),
        "folder": folder,
        "size": size,
        "rand": rand,
        "ints": ints,
        "leaf": lambda *shape: rand(*shape).requires_grad_(True),
        "training": lambda name: models.training(torch, name, tiny),
    }


def call(row: Row) -> str:
    """What is timed: the work, with its gradients where they belong to it."""
    return f"torch.autograd.grad({row.work}, ({row.grads},), upstream)" if row.grads else row.work


def prepared(row: Row, scope: dict[str, Any]) -> None:
    """Run the setup in the scope; the gradient that comes from above is part of it."""
    exec(row.setup, scope)
    if row.grads:
        torch = scope["torch"]
        out = eval(row.work, scope).detach()
        torch.manual_seed(1)
        scope["upstream"] = torch.rand(out.shape, dtype=out.dtype)


def loop(row: Row, scope: dict[str, Any]) -> Callable[[int], Any]:
    """The work as a function that repeats it. Its names are local, as `timeit` does it: a look-up costs next to
    nothing."""
    used = compile(call(row), "work", "exec").co_names
    # An augmented or plain assignment in the work makes a name local, too.
    given = [name for name in dict.fromkeys(used) if name in scope]
    header = f"def run(count, {', '.join(f'{name}={name}' for name in given)}):\n for _ in range(count):\n"
    exec(header + textwrap.indent(call(row), "  "), scope)
    made: Callable[[int], Any] = scope["run"]
    return made
