"""The smoke run: every workload once, small, its result and gradients held against plain formulas."""

from __future__ import annotations

from typing import Any

import references
import scope as scopes
from workloads import Row

# The step of the differences that check gradients, in float64.
STEP = 1e-6


def array(value: Any) -> Any:
    """Tensors as arrays of their own, floating point as float64; lists and tuples of them likewise."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(array, value)) if type(value) in (list, tuple) else tuple(map(array, value))
    if type(value).__name__ not in ("Tensor", "Parameter"):
        return value
    value = value.detach()
    if value.is_floating_point():
        value = value.double()
    return value.numpy().copy()


def differs(got: Any, expected: Any, tolerance: float) -> str:
    """How two results differ, or nothing."""
    import numpy as np

    if isinstance(expected, (bool, np.bool_)):
        return "" if expected else "what has to hold does not"
    if isinstance(expected, tuple):
        pairs = zip(got, expected, strict=True)
        return "; ".join(filter(None, (differs(g, e, tolerance) for g, e in pairs)))
    got, expected = np.asarray(got), np.asarray(expected)
    if got.size != expected.size or got.shape != expected.shape and expected.size > 1:
        return f"shape {got.shape}, expected {expected.shape}"
    got, expected = (a.reshape(-1).astype(np.float64) for a in (got, expected))
    if not got.size:
        return ""
    most = np.abs(got - expected).max()
    allowed = tolerance * max(1e-6, np.abs(expected).max())
    return "" if most <= allowed else f"off by {most:.3g}, {allowed:.3g} are allowed"


def gradient_differs(row: Row, scope: dict[str, Any], plain: dict[str, Any], grads: Any, expect: str) -> str:
    """The gradients along one direction against the difference of the formula's values there."""
    import numpy as np

    random = np.random.default_rng(0)
    leaves = [name.strip() for name in row.grads.split(",")]
    directions = {name: random.standard_normal(np.shape(plain[name])) for name in leaves}

    def value(step: float) -> Any:
        moved = {name: plain[name] + step * directions[name] for name in leaves}
        return np.sum(plain["upstream"] * np.reshape(eval(expect, plain | moved), np.shape(plain["upstream"])))

    slope = (value(STEP) - value(-STEP)) / (2 * STEP)
    parts = [float((array(g) * directions[name]).sum()) for g, name in zip(grads, leaves, strict=True)]
    size = sum(float(np.linalg.norm(array(g))) * float(np.linalg.norm(directions[n])) for g, n in zip(grads, leaves))
    off = abs(sum(parts) - slope)
    return "" if off <= 1e-4 * size + 1e-6 else f"gradient off by {off:.3g} of {size:.3g}"


def learns(run: Any) -> bool:
    """Whether a network's gradient is the slope of its loss, and steps along it lower the loss."""
    torch = run.torch
    before = run.loss().item()
    for _ in range(10):
        run.step()
    if not run.loss().item() < before:
        return False
    parameters = list(run.model.parameters())
    run.optimizer.zero_grad()
    run.loss().backward()
    grads = [p.grad.detach().clone() for p in parameters]
    length = sum(float((g * g).sum()) for g in grads)

    def moved(step: float) -> float:
        with torch.no_grad():
            for p, g in zip(parameters, grads, strict=True):
                p.add_(g, alpha=step)
            value = float(run.loss())
            for p, g in zip(parameters, grads, strict=True):
                p.sub_(g, alpha=step)
        return value

    # A step that changes the loss by a hundredth, so that float32 sees it.
    step = 0.01 * run.loss().item() / length
    slope = (moved(step) - moved(-step)) / (2 * step)
    return bool(abs(slope - length) < 0.05 * length)


def check(torch: Any, row: Row, folder: str) -> str:
    """Run a workload once: what is wrong with its result, or nothing."""
    scope = scopes.names(torch, folder, tiny=True)
    scopes.prepared(row, scope)
    plain = {name: array(value) for name, value in scope.items() if not name.startswith("_")}
    torch.manual_seed(2)
    if row.result:
        scopes.loop(row, scope)(1)
        got = eval(row.result, scope)
    else:
        # The timed form, once, for what it may raise; then the value.
        scopes.loop(row, scope)(1) if row.grads else None
        got = eval(row.work, scope)
    if row.expect:
        plain = plain | references.NAMES | {"got": array(got), "learns": learns}
        wrong = differs(plain["got"], eval(row.expect, plain), row.tolerance)
        if wrong or not row.grads:
            return wrong
        grads = eval(scopes.call(row), scope)
        return gradient_differs(row, scope, plain, grads, row.expect)
    return own_gradient_differs(row, scope)


def own_gradient_differs(row: Row, scope: dict[str, Any]) -> str:
    """For work without a formula: its gradients against differences of its own values, with its own chances."""
    torch = scope["torch"]
    leaves = [name.strip() for name in row.grads.split(",")]
    torch.manual_seed(2)
    grads = eval(scopes.call(row), scope)
    directions = {name: torch.randn(scope[name].shape) for name in leaves}

    def value(step: float) -> float:
        torch.manual_seed(2)
        moved = {name: scope[name].detach() + step * directions[name] for name in leaves}
        return float((scope["upstream"].double() * eval(row.work, scope | moved).detach().double()).sum())

    slope = (value(1e-2) - value(-1e-2)) / 2e-2
    found = sum(float((g * directions[name]).sum()) for g, name in zip(grads, leaves, strict=True))
    size = sum(float(g.norm()) * float(directions[name].norm()) for g, name in zip(grads, leaves, strict=True))
    return "" if abs(found - slope) <= 1e-2 * size else f"gradient {found:.5g}, differences {slope:.5g}"
