"""Schedules that move the learning rate up and down, and the momentum against it."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import Schedule, check_optimizer, per_group, set_group_value


class _MomentumSchedule(Schedule):
    """A schedule that may move the momentum too: the option ``momentum``, or the first of ``betas``."""

    use_beta1: bool

    def _start_momentum(self, base: Any, highest: Any, start_afresh: bool) -> tuple[list[Any], list[Any]]:
        """Put each group at its highest momentum; returns the lowest and highest momentum of each group."""
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.use_beta1 = "betas" in defaults
        bases = per_group("base_momentum", self.optimizer, base)
        highests = per_group("max_momentum", self.optimizer, highest)
        if start_afresh:
            for low, high, group in zip(bases, highests, self.optimizer.param_groups, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return bases, highests

    def _set_momentum(self, group: dict[str, Any], momentum: Any) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_MomentumSchedule):
    """The learning rate goes up and down between ``base_lr`` and ``max_lr`` in straight lines.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017).

    Args:
        optimizer: whose groups are scheduled.
        base_lr, max_lr: lowest and highest learning rate, or lists of one for each group.
        step_size_up: steps of the rise (default 2000).
        step_size_down: steps of the fall (default None: as many).
        mode: "triangular" keeps the height, "triangular2" halves it at each cycle, "exp_range" multiplies it by
            ``gamma ** step`` (default "triangular").
        gamma: see above (default 1.0).
        scale_fn: a function for the height in place of ``mode``; its argument is chosen by ``scale_mode``.
        scale_mode: "cycle" or "iterations" (default "cycle").
        cycle_momentum: move the momentum against the learning rate (default True).
        base_momentum, max_momentum: its limits (default 0.8 and 0.9).
        last_epoch: the number of steps already done (default -1).

    Raises:
        TypeError: ``optimizer`` is not an optimizer.
        ValueError: an unknown mode; lists of a wrong length; an optimizer without momentum to cycle.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_group_value(group, "lr", lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        self._init_scale_fn()
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._start_momentum(
                base_momentum, max_momentum, last_epoch == -1
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _init_scale_fn(self) -> None:
        if self._scale_fn_custom is not None:
            return
        self.scale_mode = "iterations" if self.mode == "exp_range" else "cycle"
        shapes: dict[str, Callable[[float], float]] = {
            "triangular": _full_height,
            "triangular2": _halved_height,
            "exp_range": functools.partial(_decayed_height, self.gamma),
        }
        self._scale_fn_ref = shapes[self.mode]

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, as a share of the full one; ``x`` is the cycle (from 1) or the step."""
        return self._scale_fn_ref(x) if self._scale_fn_custom is None else self._scale_fn_custom(x)

    def _next_lr(self) -> list[Any]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        place = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(
                self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True
            ):
                self._set_momentum(group, high - (high - low) * place * height)
        return [low + (high - low) * place * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """The state as a dict; a ``scale_fn`` that is an object is in it by its attributes, a function is not."""
        state = super().state_dict()
        state.pop("_scale_fn_ref", None)
        fn = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None
        if fn is not None and not isinstance(fn, types.FunctionType):
            state["_scale_fn_custom"] = fn.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave; a ``scale_fn`` has to be passed to the constructor again."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        attributes = state_dict["_scale_fn_custom"]
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        self._init_scale_fn()


def _full_height(x: float) -> float:
    return 1.0


def _halved_height(x: float) -> float:
    return float(1 / (2.0 ** (x - 1)))


def _decayed_height(gamma: float, x: float) -> float:
    return float(gamma**x)


class OneCycleLR(_MomentumSchedule):
    """The learning rate rises from ``max_lr / div_factor`` to ``max_lr``, then falls far below where it started.

    Source: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates"
    (2018).

    Args:
        optimizer: whose groups are scheduled.
        max_lr: highest learning rate, or a list of one for each group.
        total_steps: length of the cycle; or else ``epochs`` times ``steps_per_epoch``.
        pct_start: share of the rise, a float between 0 and 1 (default 0.3).
        anneal_strategy: "cos" or "linear" (default "cos").
        cycle_momentum: move the momentum against the learning rate (default True).
        base_momentum, max_momentum: its limits, or lists of one for each group (default 0.85 and 0.95).
        div_factor: see above (default 25).
        final_div_factor: the last learning rate is the first one divided by this (default 1e4).
        three_phase: fall back to the first learning rate as fast as it rose, then to the last (default False).
        last_epoch: the number of steps already done (default -1).

    Raises:
        TypeError: ``optimizer`` is not an optimizer.
        ValueError: no length; an option out of its range; an optimizer without momentum to cycle; a step too many.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        if total_steps is not None:
            _check_positive("total_steps", total_steps)
            self.total_steps = total_steps
        elif epochs is not None and steps_per_epoch is not None:
            _check_positive("epochs", epochs)
            _check_positive("steps_per_epoch", steps_per_epoch)
            self.total_steps = epochs * steps_per_epoch
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_func_type = anneal_strategy

        rise = pct_start * self.total_steps
        end = self.total_steps - 1
        self._schedule_phases = [_phase(float(rise) - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            self._schedule_phases += [
                _phase(float(2 * rise) - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                _phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases.append(_phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum"))

        if last_epoch == -1:
            for highest, group in zip(per_group("max_lr", optimizer, max_lr), optimizer.param_groups, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        else:
            per_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, share: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
        return (end - start) * share + start

    def _next_lr(self) -> list[Any]:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is {self.total_steps}")
        begin = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begin = phase["end_step"]
        share = (step - begin) / (phase["end_step"] - begin)
        lrs = []
        for group in self.optimizer.param_groups:
            lrs.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                momentum = self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
                self._set_momentum(group, momentum)
        return lrs


def _check_positive(name: str, value: int) -> None:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")


def _phase(end_step: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """A part of the cycle: its last step, and the options of a group that it goes from and to."""
    return {
        "end_step": end_step,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }
