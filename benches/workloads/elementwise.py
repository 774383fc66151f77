"""Elementwise operations and copies, in cache (256 K), at 1 M and at 16 M elements, contiguous and not."""

from workloads import Row, named, rows

_K, _M, _16M = "2**18", "2**20", "2**24"


def _sized(n: str) -> str:
    return f"n = size({n}); x, y = rand(n), rand(n)"


_MANY = (
    ("x + y", "x + y"),
    ("x * y", "x * y"),
    ("x.exp()", "np.exp(x)"),
    ("x.log1p()", "np.log1p(x)"),
    ("x.tanh()", "np.tanh(x)"),
    ("x.sigmoid()", "1 / (1 + np.exp(-x))"),
    ("F.gelu(x)", "gelu(x)"),
    ("x.relu()", "np.maximum(x, 0)"),
    ("torch.where(x > 0.5, x, y)", "np.where(x > 0.5, x, y)"),
    ("x > y", "x > y"),
)
_MORE = (
    ("x / y", "x / y"),
    ("x * 2.0 + 1.0", "x * 2 + 1"),
    ("x.pow(2)", "x**2"),
    ("x ** 3", "x**3"),
    ("x ** 0.5", "x**0.5"),
    ("torch.pow(x, y)", "x**y"),
    ("x.sqrt()", "np.sqrt(x)"),
    ("x.rsqrt()", "x**-0.5"),
    ("x.log()", "np.log(x)"),
    ("x.sin()", "np.sin(x)"),
    ("x.cos()", "np.cos(x)"),
    ("x.erf()", "erf(x)"),
    ("x.neg()", "-x"),
    ("x.abs()", "np.abs(x)"),
    ("x.clamp(0.2, 0.8)", "np.clip(x, 0.2, 0.8)"),
    ("torch.maximum(x, y)", "np.maximum(x, y)"),
    ("x.floor()", "np.floor(x)"),
    ("x == y", "x == y"),
    ("(x > 0.5) & (y > 0.5)", "(x > 0.5) & (y > 0.5)"),
    ("F.gelu(x, approximate='tanh')", "gelu_tanh(x)"),
    ("F.silu(x)", "x / (1 + np.exp(-x))"),
    ("F.softplus(x)", "np.log1p(np.exp(x))"),
    ("F.leaky_relu(x)", "np.where(x > 0, x, 0.01 * x)"),
    ("torch.lerp(x, y, 0.3)", "x + 0.3 * (y - x)"),
    ("torch.addcmul(x, x, y)", "x + x * y"),
)
_IN_PLACE = (
    ("x.add_(y)", "x + y"),
    ("x.mul_(1.0)", "x"),
    ("x.copy_(y)", "y"),
    ("x.zero_()", "0 * x"),
    ("x.fill_(2.0)", "0 * x + 2"),
    ("torch.add(x, y, out=x)", "x + y"),
)
_COPIES = (
    ("x.clone()", "x"),
    ("torch.cat([x, y])", "np.concatenate([x, y])"),
    ("torch.zeros_like(x)", "0 * x"),
    ("x.to(torch.float64)", "x"),
    ("x.to(torch.int64)", "x.astype(np.int64)"),
)
_HALVES = (
    ("x.to(torch.bfloat16)", "x"),
    ("x.to(torch.float16)", "x"),
    ("b.to(torch.float32)", "b"),
    ("h.to(torch.float32)", "h"),
    ("b + b", "b + b"),
    ("b * b", "b * b"),
    ("b.exp()", "np.exp(b)"),
    ("F.gelu(b)", "gelu(b)"),
    ("h + h", "h + h"),
)
_SQUARE = "n = size(1024); x, y, row, column = rand(n, n), rand(n, n), rand(n), rand(n, 1)"
_STRIDED = (
    ("x + y.t()", "x + y.T"),
    ("x.t() + y.t()", "x.T + y.T"),
    ("x.t().exp()", "np.exp(x.T)"),
    ("x[:, ::2] + y[:, ::2]", "x[:, ::2] + y[:, ::2]"),
    ("x[::2] * y[::2]", "x[::2] * y[::2]"),
    ("x[:, 1:].tanh()", "np.tanh(x[:, 1:])"),
    ("x + row", "x + row"),
    ("x * column", "x * column"),
    ("row + column", "row + column"),
    ("x.t().contiguous()", "x.T"),
    ("x[:, ::2].contiguous()", "x[:, ::2]"),
    ("x.flip(1)", "x[:, ::-1]"),
    ("torch.cat([x, y], 1)", "np.concatenate([x, y], 1)"),
    ("torch.stack([x, y], 2)", "np.stack([x, y], 2)"),
    ("x.repeat(2, 2)", "np.tile(x, (2, 2))"),
    ("row.expand(n, n).contiguous()", "np.broadcast_to(row, (n, n))"),
    ("x.tril()", "np.tril(x)"),
    ("torch.outer(row, row)", "np.outer(row, row)"),
)
_BATCHES = "x = rand(16, 64, 32, 32)"
_PERMUTED = (
    ("x.permute(0, 2, 3, 1).contiguous()", "x.transpose(0, 2, 3, 1)"),
    ("x.transpose(1, 2).contiguous()", "x.transpose(0, 2, 1, 3)"),
    ("x.permute(3, 2, 1, 0).contiguous()", "x.transpose(3, 2, 1, 0)"),
    ("F.pad(x, (1, 1, 1, 1))", "np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))"),
    ("x + x.mean(1, keepdim=True)", "x + x.mean(1, keepdims=True)"),
)
_LEAVES = f"n = size({_M}); x, y = leaf(n), leaf(n)"
_OTHERS = f"n = size({_M}); i, k = ints(100, n), ints(100, n) + 1; d, e = rand(n).to(torch.float64), rand(n).to(torch.float64)"

ROWS: list[Row] = [
    *named(", 256 K", rows(_sized(_K), *_MANY)),
    *named(", 1 M", rows(_sized(_M), *_MANY, *_MORE, *_COPIES)),
    *named(", 16 M", rows(_sized(_16M), *_MANY, *_COPIES, large=True)),
    *named(", 1 M", rows(f"n = size({_M}); x, y = rand(n), torch.zeros(n)", *_IN_PLACE)),
    *named(", 16 M", rows(f"n = size({_16M}); x, y = rand(n), torch.zeros(n)", *_IN_PLACE[:3], large=True)),
    *named(
        ", 1 M",
        rows(
            f"n = size({_M}); x = rand(n); b, h = x.to(torch.bfloat16), x.to(torch.float16)", *_HALVES, tolerance=1e-2
        ),
    ),
    *named(
        ", 16 M",
        rows(
            f"n = size({_16M}); x = rand(n); b, h = x.to(torch.bfloat16), x.to(torch.float16)",
            *_HALVES[:4],
            tolerance=1e-2,
            large=True,
        ),
    ),
    *named(", 1024 x 1024", rows(_SQUARE, *_STRIDED)),
    *named(", 4096 x 4096", rows(_SQUARE.replace("1024", "4096"), *_STRIDED[:1], *_STRIDED[6:11], large=True)),
    *named(", 16 x 64 x 32 x 32", rows(_BATCHES, *_PERMUTED)),
    *named(
        ", 1 M, grad",
        rows(_LEAVES, ("x * y", "x * y"), ("torch.where(x > 0.5, x, y)", "np.where(x > 0.5, x, y)"), grads="x, y"),
    ),
    *named(
        ", 1 M, grad",
        rows(
            _LEAVES,
            ("x.exp()", "np.exp(x)"),
            ("x.tanh()", "np.tanh(x)"),
            ("x.sigmoid()", "1 / (1 + np.exp(-x))"),
            ("F.gelu(x)", "gelu(x)"),
            ("(x - 0.5).relu()", "np.maximum(x - 0.5, 0)"),
            ("x.pow(3)", "x**3"),
            ("F.silu(x)", "x / (1 + np.exp(-x))"),
            grads="x",
        ),
    ),
    Row(
        "x + row, 1024 x 1024, grad",
        "n = size(1024); x, row = leaf(n, n), leaf(n)",
        "x + row",
        "x + row",
        grads="x, row",
    ),
    *named(
        ", 1 M",
        rows(
            _OTHERS,
            ("i64 + i64", "i + k", "i + k"),
            ("i64 == i64", "i == k", "i == k"),
            ("i64 // i64", "i // k", "i // k"),
            ("f64 + f64", "d + e", "d + e"),
            ("f64 exp", "d.exp()", "np.exp(d)"),
            ("i64 to f32", "i.to(torch.float32)", "i"),
        ),
    ),
]
