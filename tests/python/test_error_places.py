"""Errors name the op, its shapes, the module's path, and the lines that saved and overwrote a tensor."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values or (1.0, 2.0), requires_grad=True)


def message(call: Any, kind: type[Exception] = RuntimeError) -> str:
    with pytest.raises(kind) as error:
        call()
    return str(error.value)


def square(x: torch.Tensor) -> torch.Tensor:
    return x * x  # the line that saves


def overwrite(x: torch.Tensor) -> None:
    x.add_(1)  # the line that writes


def test_a_saved_tensor_that_was_overwritten() -> None:
    x = leaf()
    y = x.clone()
    z = square(y)
    overwrite(y)
    text = message(lambda: z.sum().backward())
    assert text.startswith(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.FloatTensor [2]], which is output 0 of Add, is at version 1; expected version 0 instead. Hint: "
    )
    saved, written = text.splitlines()[1:4], text.splitlines()[4:]
    assert saved[0] == 'MulBackward0 saved it as "other", of shape [2], here:'
    assert f'File "{__file__}", line ' in saved[1] and saved[1].endswith(", in square")
    assert saved[2] == "    return x * x  # the line that saves"
    assert written[0] == "add_ overwrote it here:" and written[1].endswith(", in overwrite")
    assert written[2] == "    x.add_(1)  # the line that writes"


WRITES: list[tuple[str, Any]] = [
    ("__setitem__", lambda t: t.__setitem__(0, 5.0)),
    ("mul_", lambda t: t.view(-1)[:1].mul_(2)),
    ("add", lambda t: torch.add(t.detach(), 1, out=t.detach())),
    ("zero_", lambda t: torch.no_grad()(t.zero_)()),
    ("copy_", lambda t: t.copy_(torch.ones(2))),
]


@pytest.mark.parametrize(("op", "write"), WRITES)
def test_every_kind_of_write_is_named(op: str, write: Any) -> None:
    y = leaf() * 1
    z = y.exp()
    write(z)
    text = message(lambda: z.sum().backward() if op == "add" or op == "zero_" else torch.autograd.grad(z.sum(), y))
    assert 'ExpBackward0 saved it as "result"' in text and f"\n{op} overwrote it here:\n" in text and __file__ in text


def test_the_place_of_an_optimizers_write_is_the_program() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = model(torch.ones(1, 2)).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    text = message(loss.backward)
    # the innermost place outside the package
    assert text.count(f'File "{__file__}"') == 2 and "optimizer.step()" in text


def test_places_inside_backward_are_those_of_the_forward_call() -> None:
    x = leaf()
    y = (x**3).sum()
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    with torch.no_grad():
        x.add_(1)
    text = message(lambda: first.sum().backward())
    # what backward recorded was recorded for the line of the forward call
    assert text.count("test_places_inside_backward_are_those_of_the_forward_call\n    y = (x**3).sum()\n") == 1
    assert text.endswith("x.add_(1)")


def test_places_of_large_ops_and_of_code_that_backward_calls() -> None:
    x = torch.ones(300, 300, requires_grad=True)
    y = x.clone()
    z = y.exp()  # long enough to let other threads run meanwhile
    with torch.no_grad():
        z.mul_(2)  # so is this
    text = message(lambda: z.sum().backward())
    assert "z = y.exp()  # long" in text and "z.mul_(2)  # so is this" in text

    class Writes(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                inner = leaf().clone()
                result = inner.sin()  # the line inside
                inner.add_(1)  # and the write
                result.sum().backward()
            return gradient

    text = message(lambda: Writes.apply(leaf()).sum().backward())
    assert "result = inner.sin()  # the line inside" in text and "inner.add_(1)  # and the write" in text


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear1(x)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"layers": nn.Sequential(Block(), Block())})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder["layers"](x)


def test_a_shape_that_does_not_fit_inside_a_module() -> None:
    text = message(lambda: Encoder()(torch.ones(2, 7, 3)))
    assert text.splitlines() == [
        "mat1 and mat2 shapes cannot be multiplied (14x3 and 4x5)",
        "  in linear(input: float32[2, 7, 3], weight: float32[5, 4], bias: float32[5])",
        "  in module encoder.layers.0.linear1: Linear(in_features=4, out_features=5, bias=True)",
    ]
    text = message(lambda: nn.Conv2d(3, 6, 5)(torch.ones(1, 1, 9, 9)))
    assert text.endswith("\n  in module Conv2d(3, 6, kernel_size=(5, 5), stride=(1, 1))")


def test_the_second_call_of_a_module_names_its_own_place() -> None:
    model = Encoder()
    good = torch.ones(2, 4)
    with pytest.raises(RuntimeError, match=r"in module encoder\.layers\.1\.linear1: "):
        model(good)  # its first layer gives 5 features, its second wants 4


OPS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: torch.ones(2, 3) + torch.ones(4, 5),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (5) at non-singleton dimension 1\n"
        "  in add(self: float32[2, 3], other: float32[4, 5])",
    ),
    (
        lambda: torch.cat([torch.ones(2, 3), torch.ones(2, 2)]),
        RuntimeError,
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for tensor number 1 in the "
        "list.\n  in cat(tensors: [float32[2, 3], float32[2, 2]])",
    ),
    (
        lambda: leaf().add_(1),
        RuntimeError,
        "a leaf Variable that requires grad is being used in an in-place operation.\n  in add_(self: float32[2])",
    ),
    (
        lambda: torch.ones(2, 3).view(4),
        RuntimeError,
        "shape '[4]' is invalid for input of size 6\n  in view(self: float32[2, 3])",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), OPS)
def test_ops_name_their_call(call: Any, kind: type[Exception], text: str) -> None:
    assert message(call, kind) == text


def test_a_programs_own_exceptions_are_left_alone() -> None:
    class Refuses(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("as it is")

    assert message(lambda: nn.Sequential(Refuses())(torch.ones(1))) == "as it is"
    x = leaf()

    def hook(g: torch.Tensor) -> None:
        raise ValueError("mine")

    x.register_hook(hook)
    assert message(lambda: (x * 2).sum().backward(), ValueError) == "mine"


def test_errors_can_be_pickled() -> None:
    try:
        Encoder()(torch.ones(2, 3))
    except RuntimeError as error:
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_places_work_in_threads_functions_of_functions_and_scripts(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import threading, rusttorch as torch\n"
        "def work():\n"
        "    y = torch.ones(2, requires_grad=True) * 1\n"
        "    z = y.exp()\n"
        "    z.mul_(2)\n"
        "    try: z.sum().backward()\n"
        "    except RuntimeError as e: print(e)\n"
        "t = threading.Thread(target=work); t.start(); t.join()\n"
        "exec(compile('work()', '<generated>', 'exec'))\n"
    )
    text = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert text.count("line 4, in work\n    z = y.exp()") == 2 and text.count("line 5, in work\n    z.mul_(2)") == 2


def test_anomaly_mode_shows_the_forward_call() -> None:
    def divide(x: torch.Tensor) -> torch.Tensor:
        return (x * 0) / x

    with pytest.warns(UserWarning) as warned:
        with torch.autograd.detect_anomaly():
            y = divide(torch.tensor(0.0, requires_grad=True))
            assert "divide" in "".join(y.grad_fn.metadata["traceback_"])
            with pytest.raises(RuntimeError, match="Function 'DivBackward0' returned nan values in its 1th output."):
                y.backward()
    texts = [str(w.message) for w in warned]
    assert texts[0].startswith("Anomaly Detection has been enabled.")
    assert "Error detected in DivBackward0. Traceback of forward call that caused the error:" in texts[1]
    assert "return (x * 0) / x" in texts[1]
    assert not torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        x = torch.tensor(0.0, requires_grad=True)
        divide(x).backward()
    assert x.grad.isnan()


def test_anomaly_mode_shows_what_led_to_a_second_derivative() -> None:
    with torch.autograd.set_detect_anomaly(True):
        x = torch.tensor(0.0, requires_grad=True)
        y = (x + 1).log()
        (first,) = torch.autograd.grad(y, x, create_graph=True)
        assert first.grad_fn.metadata["parent_"] is not None
