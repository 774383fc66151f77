"""Functions that the tests of checkpoints run."""

from collections.abc import Callable
from typing import Any

import rusttorch as torch


def leaf(n: int = 4) -> torch.Tensor:
    return torch.arange(1.0, n + 1).div(10).requires_grad_()


class Counted:
    """A function that counts its calls and how many of them reached the end."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.calls = self.ends = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        result = self.function(*args, **kwargs)
        self.ends += 1
        return result


def curve(x: torch.Tensor) -> torch.Tensor:
    return x.sin().exp().cos()


def gradient_of(function: Callable[..., torch.Tensor]) -> torch.Tensor:
    x = leaf()
    function(x).sum().backward()
    return x.grad
