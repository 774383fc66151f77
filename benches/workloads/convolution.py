"""Convolutions of every shape with their two backwards, and pooling."""

from workloads import Row, named, rows

# name, image, weight, keywords
_CASES = (
    ("3x3, 8 x 16 x 32 x 32 to 32", "8, 16, 32, 32", "size(32), size(16), 3, 3", "padding=1"),
    ("3x3, 32 x 64 x 14 x 14 to 64", "32, 64, 14, 14", "size(64), size(64), 3, 3", "padding=1"),
    ("3x3, 64 x 1 x 28 x 28 to 32", "64, 1, 28, 28", "size(32), 1, 3, 3", ""),
    ("3x3, 64 x 32 x 26 x 26 to 64", "64, 32, 26, 26", "size(64), size(32), 3, 3", ""),
    ("3x3, 1 x 3 x 8 x 8 to 4", "1, 3, 8, 8", "4, 3, 3, 3", "padding=1"),
    ("3x3 stride 2, 16 x 32 x 32 x 32 to 64", "16, 32, 32, 32", "size(64), size(32), 3, 3", "stride=2, padding=1"),
    ("1x1, 16 x 64 x 28 x 28 to 128", "16, 64, 28, 28", "size(128), size(64), 1, 1", ""),
    ("5x5, 16 x 16 x 28 x 28 to 32", "16, 16, 28, 28", "size(32), size(16), 5, 5", "padding=2"),
    ("7x7 stride 2, 4 x 3 x 112 x 112 to 64", "4, 3, 112, 112", "size(64), 3, 7, 7", "stride=2, padding=3"),
    ("dilated 3x3, 8 x 16 x 32 x 32 to 32", "8, 16, 32, 32", "size(32), size(16), 3, 3", "padding=2, dilation=2"),
    ("depthwise 3x3, 16 x 64 x 28 x 28", "16, 64, 28, 28", "size(64), 1, 3, 3", "padding=1, groups=size(64)"),
    (
        "grouped 3x3, 16 x 64 x 28 x 28, 4 groups",
        "16, 64, 28, 28",
        "size(64), size(64) // 4, 3, 3",
        "padding=1, groups=4",
    ),
)
_LINES = (
    ("1d 3, 16 x 64 x 256 to 64", "16, 64, 256", "size(64), size(64), 3", "padding=1"),
    ("1d 9, 8 x 1 x 4096 to 16", "8, 1, 4096", "16, 1, 9", ""),
)
_TRANSPOSED = (
    (
        "transposed 3x3 stride 2, 8 x 32 x 14 x 14 to 16",
        "8, 32, 14, 14",
        "size(32), size(16), 3, 3",
        "stride=2, padding=1",
    ),
    ("transposed 4x4 stride 2, 8 x 64 x 7 x 7 to 32", "8, 64, 7, 7", "size(64), size(32), 4, 4", "stride=2, padding=1"),
)
_POOLS = (
    ("max_pool2d 2", "F.max_pool2d(x, 2)", "windows(x, 2, 2).max((-2, -1))"),
    ("max_pool2d 3 stride 2", "F.max_pool2d(x, 3, 2)", "windows(x, 3, 2).max((-2, -1))"),
    ("avg_pool2d 2", "F.avg_pool2d(x, 2)", "windows(x, 2, 2).mean((-2, -1))"),
    ("avg_pool2d 3 stride 2", "F.avg_pool2d(x, 3, 2)", "windows(x, 3, 2).mean((-2, -1))"),
    ("adaptive_avg_pool2d 1", "F.adaptive_avg_pool2d(x, 1)", "x.mean((-2, -1), keepdims=True)"),
)


def _convolution(case: tuple[str, str, str, str], op: str, leaves: str = "", large: bool = False) -> Row:
    name, image, weight, keywords = case
    x, w, b = ("leaf" if leaf in leaves else "rand" for leaf in "xwb")
    out = 1 if "transpose" in op else 0
    setup = f"x, w = {x}({image}), {w}({weight}); b = {b}(w.shape[{out}])"
    options = f", {keywords}" if keywords else ""
    function = "conv_transpose" if "transpose" in op else "conv"
    backward = {"": "", "x, w, b": ", grad"}.get(leaves, f", grad of {leaves}")
    expect = f"{function}(x, w, b{options})"
    return Row(name + backward, setup, f"F.{op}(x, w, b{options})", expect, leaves, large=large)


_EVERY = [(case, "conv2d") for case in _CASES] + [(case, "conv1d") for case in _LINES]
_EVERY += [(case, "conv_transpose2d") for case in _TRANSPOSED]

ROWS: list[Row] = [
    *(_convolution(case, op) for case, op in _EVERY),
    *(_convolution(case, op, "x, w, b") for case, op in _EVERY),
    *(_convolution(case, "conv2d", leaves) for case in _CASES[:2] for leaves in ("x", "w")),
    _convolution(("3x3, 32 x 64 x 56 x 56 to 64", "32, 64, 56, 56", *_CASES[1][2:]), "conv2d", large=True),
    *named(", 32 x 32 x 28 x 28", rows("x = rand(32, 32, 28, 28)", *_POOLS)),
    *named(", 32 x 32 x 28 x 28, grad", rows("x = leaf(32, 32, 28, 28)", *_POOLS, grads="x")),
    *named(", 2 x 4 x 8 x 8", rows("x = rand(2, 4, 8, 8)", *_POOLS[:1], *_POOLS[2:3])),
    *named(", 32 x 64 x 112 x 112", rows("x = rand(32, 64, 112, 112)", *_POOLS[1:3], large=True)),
    Row(
        "max_pool1d 2, 32 x 64 x 256",
        "x = rand(32, 64, 256)",
        "F.max_pool1d(x, 2)",
        "np.maximum(x[..., ::2], x[..., 1::2])",
    ),
    Row(
        "interpolate nearest 2, 16 x 32 x 28 x 28",
        "x = rand(16, 32, 28, 28)",
        "F.interpolate(x, scale_factor=2)",
        "x.repeat(2, -1).repeat(2, -2)",
    ),
    Row("F.unfold 3, 8 x 16 x 32 x 32", "x = rand(8, 16, 32, 32)", "F.unfold(x, 3)", "unfolded(x, 3)"),
]
