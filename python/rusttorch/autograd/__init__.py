"""Automatic differentiation: `backward`, `grad`, and the switches that turn recording on and off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import rusttorch as torch
from rusttorch import _C
from rusttorch._namespace import lazy_submodules

from . import _transforms
from ._edge import GradientEdge
from .anomaly_mode import detect_anomaly as detect_anomaly
from .anomaly_mode import set_detect_anomaly as set_detect_anomaly
from .function import Function as Function
from .grad_mode import enable_grad as enable_grad
from .grad_mode import inference_mode as inference_mode
from .grad_mode import no_grad as no_grad
from .grad_mode import set_grad_enabled as set_grad_enabled
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .variable import Variable as Variable

if TYPE_CHECKING:
    from . import functional as functional
    from . import graph as graph
    from . import profiler as profiler
    from .profiler import DeviceType as DeviceType

_submodule = lazy_submodules(__name__, {"functional", "graph", "profiler"})


def __getattr__(name: str) -> Any:
    """Load a submodule, or a name of one, when it is first named."""
    return _submodule("profiler").DeviceType if name == "DeviceType" else _submodule(name)


__all__ = [
    "DeviceType",
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
    "variable",
]

_OneOrMore: TypeAlias = "torch.Tensor | GradientEdge | Sequence[torch.Tensor | GradientEdge]"
_Gradients: TypeAlias = "torch.Tensor | Sequence[torch.Tensor | None] | None"


def _as_tuple(given: Any) -> tuple[Any, ...]:
    """One tensor, one edge or a sequence of them, as a tuple."""
    # an edge is itself a tuple: it must be asked first
    return (given,) if isinstance(given, (torch.Tensor, GradientEdge)) else tuple(given)


def _inputs_as_tuple(inputs: Any, caller: str) -> tuple[Any, ...]:
    """`inputs` of `backward` and `grad`: also a dict, by its values."""
    if type(inputs) is dict:
        result = tuple(inputs.values())
    elif isinstance(inputs, Mapping):
        raise TypeError(
            f"`inputs` argument to `{caller}()` must be a dict, not {type(inputs).__name__}. "
            "Other Mapping types are not supported."
        )
    else:
        result = _as_tuple(inputs)
    if not result:
        raise RuntimeError(f"`inputs` argument to `{caller}()` cannot be empty.")
    return result


def _first_gradient(output: Any, given: torch.Tensor | None, index: int, batched: bool = False) -> torch.Tensor | None:
    """The gradient to start from at one output: the given one once it is checked, or 1 for a real scalar.

    With `batched`, the given one has one dimension more, the first.
    """
    if isinstance(output, torch.Tensor):
        expected = output
    elif isinstance(output, GradientEdge):
        expected = output.node._input_metadata[output.output_nr]
    else:
        raise AssertionError("Expected output to be a torch.Tensor")

    if given is None:
        if expected is output and not output.requires_grad:
            return None
        if math.prod(expected.shape) != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if not expected.dtype.is_floating_point:
            raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {expected.dtype}")
        if expected is output:
            return torch.ones_like(output)
        return torch.ones(expected.shape, dtype=expected.dtype, device=expected.device)

    if not isinstance(given, torch.Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    shape = given[0].shape if batched else given.shape
    if tuple(shape) != tuple(expected.shape):
        if batched and expected is not output:
            raise RuntimeError("Batched grads are not supported with GradientEdge")
        if batched:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{index}] has a shape of {shape[1:]} and "
                f"output[{index}] has a shape of {torch.Size(expected.shape)}. "
                "If you only want some tensors in `grad_output` to be considered batched, consider using vmap."
            )
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {given.shape} "
            f"and output[{index}] has a shape of {torch.Size(expected.shape)}."
        )
    if given.dtype.is_complex != expected.dtype.is_complex:
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. "
            f"Mismatch in dtype: grad_output[{index}] has a dtype of {given.dtype} "
            f"and output[{index}] has a dtype of {expected.dtype}."
        )
    return given


def _first_gradients(
    outputs: tuple[Any, ...], given: _Gradients, batched: bool = False
) -> tuple[torch.Tensor | None, ...]:
    """One gradient per output to start from; with `batched`, one with an additional first dimension."""
    if given is None:
        return tuple([_first_gradient(output, None, 0, batched) for output in outputs])
    gradients = (given,) if isinstance(given, torch.Tensor) else tuple(given)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    return tuple(map(_first_gradient, outputs, gradients, range(len(outputs)), [batched] * len(outputs)))


def _run_batch(
    outputs: tuple[Any, ...],
    gradients: tuple[torch.Tensor | None, ...],
    keep: bool,
    create_graph: bool,
    wanted: tuple[Any, ...],
    unused_ok: bool,
) -> tuple[torch.Tensor | None, ...]:
    """The results of one backward pass for each index of the gradients' first dimension, stacked."""
    where = "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for"
    batch: list[torch.Tensor] = []
    for gradient in gradients:
        if gradient is None:
            raise ValueError(
                f"{where} an input but the input is of type {type(None)}. We cannot vmap over non-Tensor arguments, "
                "please use None as the respective in_dim"
            )
        if gradient.dim() == 0:
            raise ValueError(
                f"{where} some input, but that input is a Tensor of dimensionality 0 so expected in_dim to satisfy "
                "0 <= in_dim < 0."
            )
        batch.append(gradient)
    sizes = [gradient.size(0) for gradient in batch]
    if len(set(sizes)) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, "
            f"got sizes {sizes} for the mapped dimension"
        )
    found = []
    for i in range(sizes[0]):
        rows = tuple([gradient[i] for gradient in batch])
        keep_now = keep or i + 1 < sizes[0]
        found.append(_C._run_backward(outputs, rows, keep_now, create_graph, wanted, unused_ok, False))
    return tuple([None if column[0] is None else torch.stack(column) for column in zip(*found, strict=True)])


def backward(
    tensors: _OneOrMore,
    grad_tensors: _Gradients = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: _Gradients = None,
    inputs: _OneOrMore | dict[str, torch.Tensor] | None = None,
) -> None:
    """Add the gradients of the sum of `tensors` to the `.grad` of the leaves they were computed from.

    Args:
        tensors: one tensor or several, of any shape.
        grad_tensors: the vector of the vector-Jacobian product, one per tensor with that tensor's shape; None stands
            for 1 at a real scalar, and for nothing at a tensor that does not require grad.
        retain_graph: keep what the graph saved for another backward. Defaults to `create_graph`.
        create_graph: record the backward itself, for higher derivatives. Default False.
        grad_variables: former name of `grad_tensors`.
        inputs: accumulate into these only (a tensor, several, or a dict of them); by default into every leaf.

    Raises:
        RuntimeError: no gradient for a tensor with several elements, shapes or dtypes that do not fit, empty
            `inputs`, a graph that was freed already, or a call from inside a transform of `rusttorch.func`.
        TypeError: a gradient that is neither a tensor nor None, or `inputs` a mapping but not a dict.
    """
    if _transforms.active():
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
            "functorch.vjp instead or call backward() outside of functorch transforms."
        )
    if grad_variables is not None:
        import warnings

        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
                "Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    into = () if inputs is None else _inputs_as_tuple(inputs, "backward")
    outputs = _as_tuple(tensors)
    gradients = _first_gradients(outputs, grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    _C._run_backward(outputs, gradients, keep, create_graph, into, True, True)


def grad(
    outputs: _OneOrMore,
    inputs: _OneOrMore | dict[str, torch.Tensor],
    grad_outputs: _Gradients = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of `outputs` with respect to `inputs`; `.grad` is left alone.

    Args:
        outputs: one tensor or several, of any shape.
        inputs: one tensor, several, or a dict of them.
        grad_outputs: the vector of the vector-Jacobian product, one per output with that output's shape; None stands
            for 1 at a real scalar.
        retain_graph: keep what the graph saved for another backward. Defaults to `create_graph`.
        create_graph: record the backward itself, for higher derivatives. Default False.
        only_inputs: deprecated and ignored.
        allow_unused: give None for an input that no output depends on, rather than raise. Defaults to
            `materialize_grads`.
        is_grads_batched: the first dimension of each of `grad_outputs` counts vectors, and so does that of each
            gradient: one backward pass for each of them. Default False.
        materialize_grads: zeros in place of None for unused inputs. Default False.

    Returns:
        A tuple with one gradient per input, each of the shape of its input (with `is_grads_batched`, after the
        dimension of the batch); a dict with the keys of `inputs` if that is a dict.

    Raises:
        RuntimeError: as `backward`, and an unused input without `allow_unused`.
        ValueError: `materialize_grads=True` with `allow_unused=False`; batches of several sizes.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now "
            "(defaults to True). To accumulate gradient for other "
            "parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    wanted = _inputs_as_tuple(inputs, "grad")
    from_outputs = _as_tuple(outputs)
    gradients = _first_gradients(from_outputs, grad_outputs, is_grads_batched)
    keep = create_graph if retain_graph is None else retain_graph
    unused_ok = materialize_grads if allow_unused is None else allow_unused
    if is_grads_batched:
        found = _run_batch(from_outputs, gradients, keep, create_graph, wanted, unused_ok)
    else:
        found = _C._run_backward(from_outputs, gradients, keep, create_graph, wanted, unused_ok, False)

    if materialize_grads:
        if any(result is None and isinstance(given, GradientEdge) for result, given in zip(found, wanted, strict=True)):
            raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
        found = tuple(
            torch.zeros_like(given, requires_grad=create_graph) if result is None else result
            for result, given in zip(found, wanted, strict=True)
        )
    if type(inputs) is dict:
        return dict(zip(cast("dict[str, torch.Tensor]", inputs), found, strict=True))
    return found
