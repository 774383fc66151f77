"""What checkpoints refuse: functions that do not do the same again, overwritten tensors, wrong arguments."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from checkpoint_cases import Counted, curve, gradient_of, leaf

import rusttorch as torch
from rusttorch.utils.checkpoint import CheckpointError, checkpoint, noop_context_fn, set_checkpoint_debug_enabled


def different(first: Callable[..., Any], then: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    """A backward through a checkpoint whose function is `first` in forward and `then` in the recomputation."""

    def run() -> torch.Tensor:
        counted = Counted(lambda x: (first if counted.calls == 1 else then)(x))
        return gradient_of(lambda x: checkpoint(counted, x, use_reentrant=False, **options))

    return run


def test_a_recomputation_of_other_shapes_or_dtypes_is_refused() -> None:
    intro = "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during"
    with pytest.raises(CheckpointError) as error:
        different(lambda x: x.sin().exp(), lambda x: x[:2].sin().exp())()
    assert str(error.value).startswith(
        f"{intro} the forward pass.\n"
        "tensor at position 0:\n"
        "saved metadata: {'shape': torch.Size([4]), 'dtype': torch.float32, 'device': device(type='cpu')}\n"
        "recomputed metadata: {'shape': torch.Size([2]), 'dtype': torch.float32, 'device': device(type='cpu')}\n"
        "tensor at position 1:\n"
    )
    with pytest.raises(CheckpointError, match=r"recomputed metadata: .*'dtype': torch.float64"):
        different(lambda x: x.sin().exp(), lambda x: x.double().sin().exp())()
    one_for_all = different(lambda x: x.sin().cos(), lambda x: x[:1].sin().cos(), determinism_check="none")
    assert one_for_all().shape == (4,)
    with pytest.raises(ValueError, match=re.escape("should be one of ['default', 'none'], but got strict")):
        checkpoint(curve, leaf(), use_reentrant=False, determinism_check="strict")


def test_a_recomputation_that_saves_more_or_less_is_refused() -> None:
    with pytest.raises(CheckpointError) as error:
        different(curve, lambda x: x.sin())()
    assert str(error.value).startswith(
        "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
        "recomputation.\n"
        "Number of tensors saved during forward: 3\n"
        "Number of tensors saved during recomputation: 1.\n"
    )
    with pytest.raises(
        CheckpointError, match="trying to save more tensors during recomputation than during the original"
    ):
        different(lambda x: x.sin(), curve, early_stop=False)()
    assert torch.equal(different(lambda x: x.sin(), curve)(), gradient_of(torch.sin)), "stopped before it was noticed"


def test_debugging_lists_the_calls() -> None:
    short = different(curve, lambda x: x.sin(), debug=True)
    with pytest.raises(CheckpointError, match="ERROR: Detected non-determinism while running activation") as error:
        short()
    message = str(error.value)
    assert isinstance(error.value.__cause__, CheckpointError)
    assert "(3 of 3 in original)" in message and "(1 of 1 in recompute)" in message
    assert (
        "torch.float32[4] saved by return x.sin().exp().cos()   " in message
        and f"{curve.__code__.co_filename}:" in message
    )
    with set_checkpoint_debug_enabled(True), pytest.raises(CheckpointError, match="you passed `debug=True`"):
        different(curve, lambda x: x.sin())()
    with (
        set_checkpoint_debug_enabled(False),
        pytest.raises(CheckpointError, match="^torch.utils.checkpoint: A different"),
    ):
        short()
    with pytest.raises(ValueError, match="^debug=True is incompatible with non-default context_fn$"):
        checkpoint(curve, leaf(), use_reentrant=False, debug=True, context_fn=lambda: noop_context_fn())


def test_errors_of_the_function_arrive_as_they_are() -> None:
    def failing(x: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("here")

    for use_reentrant in (False, True):
        with pytest.raises(ZeroDivisionError, match="^here$"):
            checkpoint(failing, leaf(), use_reentrant=use_reentrant)
    with pytest.raises(ZeroDivisionError, match="^here$"):
        different(curve, failing)()
    # and leave nothing behind: neither hooks nor a mode
    assert torch.is_grad_enabled() and torch.equal(gradient_of(curve), gradient_of(curve))


def test_an_argument_written_to_is_refused() -> None:
    x = leaf() * 1
    y = checkpoint(torch.sin, x, use_reentrant=False)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_recomputed_tensor_written_to_is_refused() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        z = y.exp() * y
        y.zero_()
        return z.exp()

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        gradient_of(function)
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*overwrote it while it was recomputed"):
        gradient_of(lambda x: checkpoint(function, x, use_reentrant=False))


def test_arguments_that_do_not_go_together() -> None:
    x = leaf()
    with pytest.warns(
        UserWarning, match="^torch.utils.checkpoint: the use_reentrant parameter should be passed explici"
    ):
        y = checkpoint(curve, x)
    assert y.grad_fn.name() == "CheckpointFunctionBackward"
    with pytest.raises(ValueError, match="^Unexpected keyword arguments: a,b$"):
        checkpoint(curve, x, use_reentrant=True, a=1, b=2)
    for option in ({"debug": True}, {"context_fn": lambda: noop_context_fn()}):
        with pytest.raises(
            ValueError, match="^Passing `context_fn` or `debug` is only supported when use_reentrant=False"
        ):
            checkpoint(curve, x, use_reentrant=True, **option)
