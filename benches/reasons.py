"""Why a workload is under the bar: one sentence each, by family and by the beginning of the workload's name."""

REASONS: dict[str, dict[str, str]] = {
    "matmul": {
        "bf16 x @ y": "PyTorch multiplies bfloat16 with the matrix unit (AMX) of newer Intel machines; here it is computed "
        "in float32.",
    },
}


def reason(family: str, name: str) -> str:
    """The sentence whose beginning of a name fits best."""
    known = REASONS.get(family, {})
    fitting = [start for start in known if name.startswith(start)]
    return known[max(fitting, key=len)] if fitting else "Not looked into yet."
