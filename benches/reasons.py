"""Why a workload is under the bar: one sentence each, by family and by the beginning of the workload's name."""

REASONS: dict[str, dict[str, str]] = {
    "matmul": {
        "i64 x @ y": "Integers are multiplied by plain loops of 64 bits; a blocked kernel of their own would fix it.",
        "x @ y, 128": "Handing half of it to the second thread takes as long as it saves; a shorter hand-over would fix it.",
        "64 x 512 x 10": "Handing half of it to the second thread takes as long as it saves; a shorter hand-over would fix it.",
        "x.t() @ y": "The tile reaches 90 % of MKL's speed on machines where MKL uses AVX-512; packing the transposed "
        "operand costs the rest.",
    },
    "overhead": {
        "torch.from_numpy(a)": "The array is read through Python attributes; reading NumPy's C structure would fix it.",
        "x.numpy()": "The array is made through Python's interface of NumPy; its C interface would fix it.",
    },
    "elementwise": {
        "torch.add(x, y, out=x)": "The result is computed apart and copied; writing it in place would fix it.",
    },
}


def reason(family: str, name: str) -> str:
    """The sentence whose beginning of a name fits best."""
    known = REASONS.get(family, {})
    fitting = [start for start in known if name.startswith(start)]
    return known[max(fitting, key=len)] if fitting else "Not looked into yet."
