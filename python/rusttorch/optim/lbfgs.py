"""L-BFGS: a quasi-Newton method that remembers a few earlier steps, with an optional line search."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import rusttorch as torch
from rusttorch import _C

from .optimizer import Optimizer, ParamsT, _call_closure, _check_lr, _get_value

__all__ = ["LBFGS"]

Tensor = _C.Tensor


def _cubic_minimum(
    x1: float, f1: float, g1: float, x2: float, f2: float, g2: float, bounds: tuple[float, float] | None = None
) -> float:
    """The minimum, within bounds, of the cubic with values ``f`` and slopes ``g`` at two points.

    Source: Nocedal and Wright, "Numerical Optimization" (2006), equation 3.59. Without bounds it lies between the
    points; where the cubic has no minimum the middle is taken.
    """
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if not square >= 0:
        return (low + high) / 2.0
    d2 = float(square) ** 0.5
    if x1 <= x2:
        x = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        x = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(x, low), high)


class _Trial:
    """A point tried along the search direction: its place, the loss, the gradient and the slope there."""

    __slots__ = ("f", "g", "slope", "t")

    def __init__(self, t: float, f: float, g: Tensor, slope: float) -> None:
        self.t, self.f, self.g, self.slope = t, f, g, slope


def _strong_wolfe(
    evaluate: Callable[[float], tuple[float, Tensor]],
    t: float,
    d: Tensor,
    f: float,
    g: Tensor,
    slope: float,
    max_evals: int,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
) -> tuple[float, Tensor, float, int]:
    """A step length along ``d`` that meets the strong Wolfe conditions, as (loss, gradient, length, evaluations).

    ``f``, ``g`` and ``slope`` belong to length 0, ``t`` is the first length tried. A first phase widens until an
    interval holds such a length, a second one narrows it.
    Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 and 3.6.
    """
    d_norm = d.abs().max().item()
    evals = 0

    def tried(length: float) -> _Trial:
        nonlocal evals
        evals += 1
        loss, grad = evaluate(length)
        return _Trial(length, loss, grad, grad.dot(d).item())

    start = _Trial(0.0, f, g.clone(memory_format=torch.contiguous_format), slope)
    previous, now = start, tried(t)
    found = False
    rounds = 0
    bracket = [start, now]
    while rounds < max_evals:
        if now.f > f + c1 * now.t * slope or (rounds > 1 and now.f >= previous.f):
            bracket = [previous, now]
            break
        if abs(now.slope) <= -c2 * slope:
            bracket = [now]
            found = True
            break
        if now.slope >= 0:
            bracket = [previous, now]
            break
        bounds = (now.t + 0.01 * (now.t - previous.t), now.t * 10)
        t = _cubic_minimum(previous.t, previous.f, previous.slope, now.t, now.f, now.slope, bounds)
        previous, now = now, tried(t)
        rounds += 1
    else:
        bracket = [start, now]

    # bracket[low] is the better end of the interval.
    stalled = False
    low, high = (0, 1) if bracket[0].f <= bracket[-1].f else (1, 0)
    while not found and rounds < max_evals:
        a, b = bracket
        if abs(b.t - a.t) * d_norm < tolerance_change:
            break
        t = _cubic_minimum(a.t, a.f, a.slope, b.t, b.f, b.slope)
        # A length close to an end twice in a row, or at an end, is moved a tenth of the interval inwards.
        left, right = min(a.t, b.t), max(a.t, b.t)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stalled or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stalled = False
            else:
                stalled = True
        else:
            stalled = False

        now = tried(t)
        rounds += 1
        if now.f > f + c1 * now.t * slope or now.f >= bracket[low].f:
            bracket[high] = now
            low, high = (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
        else:
            if abs(now.slope) <= -c2 * slope:
                found = True
            elif now.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = now

    best = bracket[low]
    return best.f, best.g, best.t, evals


class LBFGS(Optimizer):
    """L-BFGS: steps along ``-H g``, where ``H`` approximates the inverse Hessian from the last steps and gradients.

    ``step`` needs a closure, which it calls several times. All parameters form one vector, in one group.
    Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithm 7.4.

    Args:
        params: tensors or named tensors to optimize.
        lr: length of a step, where there is no line search (default 1).
        max_iter: iterations of one ``step`` (default 20).
        max_eval: closure calls of one ``step`` (default None: ``max_iter * 1.25``).
        tolerance_grad: stop where no gradient element is larger (default 1e-7).
        tolerance_change: stop where loss or parameters change less (default 1e-9).
        history_size: number of earlier steps kept (default 100).
        line_search_fn: None, or "strong_wolfe".

    Raises:
        ValueError: an invalid lr, or more than one group.
        RuntimeError: another line search.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        _check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._params = self.param_groups[0]["params"]

    def _flat_grad(self) -> Tensor:
        flat = []
        for p in self._params:
            grad = torch.zeros_like(p) if p.grad is None else p.grad
            if grad.is_complex():
                grad = torch.view_as_real(grad)
            flat.append(grad.reshape(-1))
        return torch.cat(flat, 0)

    def _add(self, length: float, direction: Tensor) -> None:
        offset = 0
        for p in self._params:
            if p.is_complex():
                p = torch.view_as_real(p)
            p.add_(direction[offset : offset + p.numel()].view_as(p), alpha=length)
            offset += p.numel()

    def _evaluate(
        self, closure: Callable[[], Any], before: list[Tensor], direction: Tensor, length: float
    ) -> tuple[float, Tensor]:
        """Loss and gradient a length along the direction; the parameters are then put back to ``before``."""
        self._add(length, direction)
        loss = float(_call_closure(closure))
        grad = self._flat_grad()
        for p, saved in zip(self._params, before, strict=True):
            p.copy_(saved)
        return loss, grad

    @torch.no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Run up to ``max_iter`` iterations; ``closure`` clears the gradients, runs backward and returns the loss.

        Returns the loss of the first call.
        """
        group = self.param_groups[0]
        lr = _get_value(group["lr"])
        max_iter, max_eval = group["max_iter"], group["max_eval"]
        tolerance_grad, tolerance_change = group["tolerance_grad"], group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

        # The method's state is that of the vector of all parameters; it is kept with the first one.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = _call_closure(closure)
        loss = float(first_loss)
        evals = 1
        state["func_evals"] += 1
        flat_grad = self._flat_grad()
        if flat_grad.abs().max().item() <= tolerance_grad:
            return first_loss

        d, t = state.get("d"), state.get("t")
        prev_flat_grad, prev_loss = state.get("prev_flat_grad"), state.get("prev_loss")
        n_iter = 0
        while n_iter < max_iter:
            n_iter += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d = flat_grad.neg()
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
                t = min(1.0, 1.0 / flat_grad.abs().sum().item()) * lr
            else:
                self._remember(state, flat_grad.sub(prev_flat_grad), d.mul(t), group["history_size"])
                d = self._direction(state, flat_grad)
                t = lr
            prev_flat_grad = flat_grad.clone(memory_format=torch.contiguous_format)
            prev_loss = loss

            slope = flat_grad.dot(d).item()
            if slope > -tolerance_change:
                break
            new_evals = 0
            if group["line_search_fn"] is not None:
                before = [p.clone(memory_format=torch.contiguous_format) for p in self._params]
                evaluate = functools.partial(self._evaluate, closure, before, d)
                loss, flat_grad, t, new_evals = _strong_wolfe(evaluate, t, d, loss, flat_grad, slope, max_eval - evals)
                self._add(t, d)
            else:
                self._add(t, d)
                if n_iter != max_iter:  # the last evaluation would only be repeated by the next step
                    loss = float(_call_closure(closure))
                    flat_grad = self._flat_grad()
                    new_evals = 1
            evals += new_evals
            state["func_evals"] += new_evals
            if (
                n_iter == max_iter
                or evals >= max_eval
                or flat_grad.abs().max().item() <= tolerance_grad
                or d.mul(t).abs().max().item() <= tolerance_change
                or abs(loss - prev_loss) < tolerance_change
            ):
                break

        state.update(d=d, t=t, prev_flat_grad=prev_flat_grad, prev_loss=prev_loss)
        return first_loss

    @staticmethod
    def _remember(state: dict[str, Any], y: Tensor, s: Tensor, history_size: int) -> None:
        """Take the last step ``s`` and the change ``y`` of the gradient over it into the history."""
        ys = y.dot(s)
        if ys.item() > 1e-10:
            if len(state["old_dirs"]) == history_size:
                for key in ("old_dirs", "old_stps", "ro"):
                    state[key].pop(0)
            state["old_dirs"].append(y)
            state["old_stps"].append(s)
            state["ro"].append(1.0 / ys)
            state["H_diag"] = ys / y.dot(y)

    @staticmethod
    def _direction(state: dict[str, Any], flat_grad: Tensor) -> Tensor:
        """``-H g`` by the two-loop recursion over the history."""
        history = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
        q = flat_grad.neg()
        weights = []
        for y, s, ro in reversed(history):
            weight = (s.dot(q) * ro).item()
            weights.append(weight)
            q.add_(y, alpha=-weight)
        r = torch.mul(q, state["H_diag"])
        for (y, s, ro), weight in zip(history, reversed(weights), strict=True):
            r.add_(s, alpha=weight - (y.dot(r) * ro).item())
        return r
