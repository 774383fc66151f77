"""The identity node around a module's inputs and outputs that full backward hooks hang on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C
from rusttorch.autograd import Function


class BackwardHookFunction(Function):
    """Identity: one node that all the inputs, or all the outputs, of a module pass through."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        return args


class BackwardHook:
    """The full backward hooks, and pre-hooks, of one call of a module.

    Args:
        module: handed to the hooks.
        user_hooks: called with the gradients of the inputs and of the outputs.
        user_pre_hooks: called with the gradients of the outputs.
    """

    def __init__(self, module: Any, user_hooks: list[Callable[..., Any]], user_pre_hooks: list[Any]) -> None:
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.module = module
        self.grad_outputs: Any = None
        self.n_outputs = -1
        self.output_tensors_index: list[int] | None = None
        self.n_inputs = -1
        self.input_tensors_index: list[int] | None = None

    @staticmethod
    def _spread(indices: list[int] | None, values: Any, size: int) -> tuple[Any, ...]:
        """The values at their places among ``size``, None elsewhere."""
        result = [None] * size
        for index, value in zip(indices or [], values):
            result[index] = value
        return tuple(result)

    def _through_identity(self, set_hook: Callable[[Any], None], args: Any) -> tuple[Any, list[int] | None]:
        """Sends the tensors among ``args`` through one identity node, and tells where they are."""
        places = [i for i, arg in enumerate(args) if isinstance(arg, _C.Tensor)]
        if not (torch.is_grad_enabled() and any(args[i].requires_grad for i in places)):
            return args, None
        passed = BackwardHookFunction.apply(*[args[i] for i in places])
        if not passed:
            raise RuntimeError("Cannot set Module backward hook for a Module with no input Tensors.")
        nodes = [
            tensor.grad_fn
            for tensor in passed
            if tensor.grad_fn is not None and tensor.grad_fn.name() == "BackwardHookFunctionBackward"
        ]
        if not nodes:
            raise RuntimeError(
                "Error while setting up backward hooks. Please open an issue with a code sample to reproduce this."
            )
        set_hook(nodes[0])
        replaced = list(args)
        for place, tensor in zip(places, passed):
            replaced[place] = tensor
        if type(args) is tuple:
            return tuple(replaced), places
        return type(args)(*replaced), places  # a namedtuple stays one

    def setup_input_hook(self, args: Any) -> Any:
        """The arguments, passed through the node at which the gradients of the inputs are known."""

        def set_hook(node: Any) -> None:
            if self.user_hooks:
                node.register_hook(self._on_grad_input)

        result, self.input_tensors_index = self._through_identity(set_hook, args)
        self.n_inputs = len(args)
        return result

    def setup_output_hook(self, result: Any) -> Any:
        """The outputs, passed through the node at which their gradients are known."""

        def set_hook(node: Any) -> None:
            node.register_hook(self._on_grad_output)

        is_tuple = isinstance(result, tuple)
        outputs = result if is_tuple else (result,)
        passed, self.output_tensors_index = self._through_identity(set_hook, outputs)
        self.n_outputs = len(outputs)
        return passed if is_tuple else passed[0]

    def _on_grad_input(self, grad_input: Any, _: Any) -> Any:
        if self.grad_outputs is None:
            # The gradient reached an input without passing through the outputs; the hook runs with the last of them.
            return None
        result = self._spread(self.input_tensors_index, grad_input, self.n_inputs)
        for hook in self.user_hooks:
            out = hook(self.module, result, self.grad_outputs)
            if out is None:
                continue
            out = out if isinstance(out, tuple) else (out,)
            if len(out) != len(result):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(out)}, but expected "
                    f"{len(result)}"
                )
            result = out
        self.grad_outputs = None
        return tuple(result[i] for i in self.input_tensors_index or [])

    def _on_grad_output(self, _: Any, grad_output: Any) -> Any:
        self.grad_outputs = self._spread(self.output_tensors_index, grad_output, self.n_outputs)
        for hook in self.user_pre_hooks:
            out = hook(self.module, self.grad_outputs)
            if out is None:
                continue
            out = out if isinstance(out, tuple) else (out,)
            if len(out) != len(self.grad_outputs):
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(out)}, but expected "
                    f"{len(self.grad_outputs)}"
                )
            self.grad_outputs = out
        passed_on = self.grad_outputs
        if self.input_tensors_index is None:
            # No input requires a gradient, so there is no node for it: the hooks run here.
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See "
                "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module."
                "register_full_backward_hook for more details.",
                stacklevel=5,
            )
            for hook in self.user_hooks:
                out = hook(self.module, self._spread([], [], self.n_inputs), self.grad_outputs)
                if out is not None and not (isinstance(out, tuple) and all(x is None for x in out)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients."
                    )
            self.grad_outputs = None
        return tuple(passed_on[i] for i in self.output_tensors_index or [])
