"""Edges: places in the recorded graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import rusttorch as torch

if TYPE_CHECKING:
    from rusttorch._C import Node


class InputMetadata(NamedTuple):
    """What a gradient must look like where it arrives at a node: `grad_fn._input_metadata`, one per output."""

    shape: torch.Size
    dtype: torch.dtype
    device: torch.device


class GradientEdge(NamedTuple):
    """The place in the graph where the gradient of one tensor flows: a node and the number of its output.

    `autograd.backward` and `autograd.grad` take it in the place of the tensor, which need not be kept alive.
    """

    node: Node
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: torch.Tensor) -> GradientEdge:
    """The edge of a tensor that requires grad; for a leaf, the node that accumulates its `.grad`.

    Raises:
        RuntimeError: the tensor does not require gradients.
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = tensor.grad_fn
    if node is None:
        # a leaf's node is only reachable from a function of the leaf
        with torch.enable_grad():
            function: Any = tensor.view_as(tensor).grad_fn
            node = function.next_functions[0][0]
    return GradientEdge(node, tensor.output_nr)


GradientEdge.__module__ = get_gradient_edge.__module__ = "rusttorch.autograd.graph"
