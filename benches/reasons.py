"""Why a workload is under the bar: one sentence each, by family and by the beginning of the workload's name."""

_TILE = (
    "On one thread the tile reaches over 90 % of MKL's speed where MKL uses AVX-512, and a second one brings less than there, "
    "for what one thread packs the other must fetch from its cache; panels packed by who uses them would fix it."
)
_EXPONENTIALS = (
    "A quarter of the time are exponentials, more exact than PyTorch's, and products of 64 keys or features are short for a "
    "tile; an exponential as coarse as PyTorch's and tiles that go on from one block of keys to the next would fix it."
)

REASONS: dict[str, dict[str, str]] = {
    "matmul": {
        "x @ y": _TILE,
        "x @ y.t()": _TILE,
        "f64 x @ y": _TILE,
        "x.t() @ y": "Rows of the transposed operand are laid beside each other by every task that uses them; laying them once "
        "for all tasks would fix it.",
        "64 x 512 x 10": "Ten columns fill ten of a vector's sixteen lanes, and a tile of eight rows of one vector waits for "
        "its loads; a tile of more rows would fix it.",
        "F.linear, 64 x 512 to 10": "As 64 x 512 x 10: a tile of more rows for results of one vector would fix it.",
        "2048 x 32 x 2048": "The result is 16 MB, and sums of 32 are soon done: most of the time goes into lines of the result "
        "that are fetched to be overwritten; stores past the caches would fix it.",
        "f16 x @ y": "Operands become float32, and the result float16, in passes of their own; converting them as panels are "
        "packed and tiles are written would fix it.",
        "dot": "The kernel for four rows runs for one and repeats its loads; a kernel for a single row would fix it.",
    },
    "elementwise": {
        "row + column": "For each row a block of scratch memory is filled with its element of the column; kernels that take a "
        "number for an operand would fix it.",
        "torch.outer": "As row + column: kernels that take a number for an operand would fix it.",
        "x.exp(), 256 K": "The data lie in the cache, and the steps that give subnormal results count; a second path for blocks "
        "without them would fix it.",
        "i64 // i64": "Divided by the processor's division of 64 bits, one after the other, after a pass that looks for "
        "zeros; dividing vectors as doubles where both fit would fix it.",
    },
    "attention": {
        "1 x 8 x 1024 x 64": _EXPONENTIALS,
        "1 x 4 x 4096 x 64": _EXPONENTIALS,
        "4 x 8 x 256 x 64": _EXPONENTIALS,
    },
    "data": {
        "save a model of 20 layers": "Pickled by Python's pickler in Python, as the one in C looks up the names that it writes, "
        "and written to a new file that takes the old one's place; a pickler in Rust would fix it.",
    },
}


def reason(family: str, name: str) -> str:
    """The sentence whose beginning of a name fits best."""
    known = REASONS.get(family, {})
    fitting = [start for start in known if name.startswith(start)]
    return known[max(fitting, key=len)] if fitting else "Not looked into yet."
