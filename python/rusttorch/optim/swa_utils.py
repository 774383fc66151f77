"""Averages of a model's weights over training, and the schedule that goes with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import rusttorch as torch
from rusttorch import _C
from rusttorch.nn import Module

from ._schedules.base import Schedule, per_group
from .lr_scheduler import LRScheduler as LRScheduler
from .optimizer import Optimizer

__all__ = [
    "AveragedModel",
    "SWALR",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Tensor = _C.Tensor


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[list[Tensor], list[Tensor], Any], None]:
    """A function that moves a list of averages towards the present weights: ``decay * average + (1 - decay) * p``.

    Raises:
        ValueError: ``decay`` is not between 0 and 1.
    """
    _check_decay(decay)

    @torch.no_grad()
    def ema_update(averages: list[Tensor], params: list[Tensor], _: Any) -> None:
        for average, p in zip(averages, params, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(p, 1 - decay)
            else:
                average.copy_(average * decay + p * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Callable[[list[Tensor], list[Tensor], Any], None]:
    """A function that takes the present weights into a list of equally weighted averages."""

    @torch.no_grad()
    def swa_update(averages: list[Tensor], params: list[Tensor], num_averaged: Any) -> None:
        share = 1.0 / (float(num_averaged) + 1)
        for average, p in zip(averages, params, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(p, share)
            else:
                average.copy_(average + (p - average) * share)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """A function that gives ``decay * average + (1 - decay) * p`` for one tensor.

    Raises:
        ValueError: ``decay`` is not between 0 and 1.
    """
    _check_decay(decay)

    @torch.no_grad()
    def ema_update(average: Tensor, p: Tensor, num_averaged: Any) -> Tensor:
        return decay * average + (1 - decay) * p

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """A function that gives the equally weighted average of one tensor."""

    @torch.no_grad()
    def swa_update(average: Tensor, p: Tensor, num_averaged: Any) -> Tensor:
        return average + (p - average) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's over its training.

    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018).

    Args:
        model: the model; it is copied.
        device: where the averages are kept (default None: where the model is).
        avg_fn: gives a new average from ``(average, parameter, number averaged)`` (default None: equal weights).
        multi_avg_fn: changes a list of averages in place from ``(averages, parameters, number averaged)``.
        use_buffers: average the buffers too; else they are copied (default False).

    Raises:
        AssertionError: both functions are given.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[list[Tensor], list[Tensor], Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", torch.tensor(0, dtype=torch.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model."""
        return self.module(*args, **kwargs)

    def _averaged_tensors(self, model: Module) -> Iterable[Tensor]:
        return itertools.chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()

    @torch.no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's present parameters into the averages; the first time they are copied."""
        averages = [p.detach() for p in self._averaged_tensors(self.module)]
        params = [
            p.detach().to(average.device) for p, average in zip(self._averaged_tensors(model), averages, strict=False)
        ]
        if self.n_averaged.item() == 0:
            for average, p in zip(averages, params, strict=True):
                average.copy_(p)
        elif self.avg_fn is not None:
            for average, p in zip(averages, params, strict=True):
                average.copy_(self.avg_fn(average, p, self.n_averaged.to(average.device)))
        else:
            update = self.multi_avg_fn or get_swa_multi_avg_fn()
            kinds: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
            for average, p in zip(averages, params, strict=True):
                of_kind = kinds.setdefault((average.device, average.dtype), ([], []))
                of_kind[0].append(average)
                of_kind[1].append(p)
            for (device, _), (some_averages, some_params) in kinds.items():
                update(some_averages, some_params, self.n_averaged.to(device))
        if not self.use_buffers:
            for copy, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                copy.detach().copy_(buffer.detach().to(copy.device))
        self.n_averaged += 1


@torch.no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, in one pass over the data.

    Args:
        loader: gives batches; of a list or tuple the first element is the model's input.
        model: it is put in training mode for the pass.
        device: where the batches are moved to (default None: they stay).
    """
    from rusttorch.nn.modules.batchnorm import _BatchNorm

    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # every batch counts the same
    for batch in loader:
        x = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(x if device is None else x.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(Schedule):
    """Moves the learning rate to a fixed value in ``anneal_epochs`` steps and keeps it there.

    Args:
        optimizer: whose groups are scheduled.
        swa_lr: the learning rate at the end, or a list of one for each group.
        anneal_epochs: number of steps (default 10).
        anneal_strategy: "cos" or "linear" (default "cos").
        last_epoch: the number of steps already done (default -1).

    Raises:
        ValueError: an unknown strategy, a negative number of steps, or a list of a wrong length.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _weight(self, step: int) -> float:
        """The weight of the final learning rate after ``step`` steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def _next_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._weight(step - 1), self._weight(step)
        lrs = []
        for group in self.optimizer.param_groups:
            final = group["swa_lr"]
            # What the learning rate would be had there been no annealing yet.
            start = final if before == 1 else (group["lr"] - before * final) / (1 - before)
            lrs.append(final * now + start * (1 - now))
        return lrs
