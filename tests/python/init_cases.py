"""Initialisers whose values are compared with PyTorch's: drawn by the same code for the recording and for the test."""

from __future__ import annotations

from typing import Any

CASES = [
    "uniform_(empty(5))",
    "uniform_(empty(20), -2, 3)",
    "uniform_(empty(17, dtype=float64))",
    "normal_(empty(5))",
    "normal_(empty(33), 1.0, 0.5)",
    "normal_(empty(16, dtype=float64))",
    "xavier_uniform_(empty(3, 4))",
    "xavier_uniform_(empty(6, 4, 3, 3), gain=2.0)",
    "xavier_normal_(empty(3, 4))",
    "kaiming_uniform_(empty(3, 4))",
    "kaiming_uniform_(empty(6, 4, 3), a=0.2, mode='fan_out')",
    "kaiming_normal_(empty(3, 4), nonlinearity='relu')",
    "kaiming_normal_(empty(6, 4, 3, 3), mode='fan_out', nonlinearity='tanh')",
    "trunc_normal_(empty(50))",
    "trunc_normal_(empty(50), 1.0, 2.0, -0.5, 2.0)",
    "trunc_normal_(empty(50), 0.0, 1.0, 2.0, 3.0)",
    "trunc_normal_(empty(50), 0.0, 1.0, -0.1, 0.1)",
    "trunc_normal_(empty(20, dtype=bfloat16), 0.0, 1.0, -1.0, 1.0)",
    "orthogonal_(empty(4, 3))",
    "orthogonal_(empty(3, 5), gain=2.0)",
    "sparse_(empty(5, 3), 0.4)",
    "eye_(empty(3, 2))",
    "dirac_(empty(4, 2, 3), 2)",
]


def drawn(torch: Any, case: str) -> dict[str, Any]:
    """The values of a case, and one more number, which tells how much was drawn."""
    torch.manual_seed(7)
    names = {name: getattr(torch, name) for name in ("empty", "float64", "bfloat16")}
    tensor = eval("init." + case, {**names, "init": torch.nn.init})
    return {"values": tensor.flatten().tolist(), "next": torch.rand(1).item()}
