"""Sums and extremes, scans, sorting, softmax and the norms, over rows, columns and everything."""

from workloads import Row, named, rows

_FLAT = "n = size(2**20); x = rand(n)"
_FLAT_MANY = (
    ("x.sum()", "x.sum()"),
    ("x.mean()", "x.mean()"),
    ("x.max()", "x.max()"),
    ("x.argmax()", "x.argmax()"),
    ("x.norm()", "np.sqrt((x * x).sum())"),
    ("x.var()", "x.var(ddof=1)"),
    ("x.cumsum(0)", "x.cumsum()"),
)
_FLAT_MORE = (
    ("x.std()", "x.std(ddof=1)"),
    ("x.prod()", "x.prod()"),
    ("x.min()", "x.min()"),
    ("(x > 0.5).sum()", "(x > 0.5).sum()"),
    ("(x > 0.5).any()", "(x > 0.5).any()"),
    ("x.logsumexp(0)", "np.log(np.exp(x).sum())"),
    ("x.cumprod(0)", "x.cumprod()"),
    ("x.sort().values", "np.sort(x)"),
    ("x.topk(10).values", "np.sort(x)[::-1][:10]"),
    ("x.unique()", "np.unique(x)"),
)
_SQUARE = "n = size(1024); x = rand(n, n)"
_SQUARE_ALL = (
    ("x.sum(0)", "x.sum(0)"),
    ("x.sum(1)", "x.sum(1)"),
    ("x.t().sum(0)", "x.T.sum(0)"),
    ("x[:, ::2].sum(1)", "x[:, ::2].sum(1)"),
    ("x.mean(0)", "x.mean(0)"),
    ("x.amax(1)", "x.max(1)"),
    ("x.amax(0)", "x.max(0)"),
    ("x.max(1)", "(x.max(1), x.argmax(1))"),
    ("x.argmax(1)", "x.argmax(1)"),
    ("x.argmax(0)", "x.argmax(0)"),
    ("x.var(1)", "x.var(1, ddof=1)"),
    ("x.var(0)", "x.var(0, ddof=1)"),
    ("x.norm(dim=1)", "np.sqrt((x * x).sum(1))"),
    ("x.logsumexp(1)", "np.log(np.exp(x).sum(1))"),
    ("x.cumsum(1)", "x.cumsum(1)"),
    ("x.cumsum(0)", "x.cumsum(0)"),
    ("x.softmax(1)", "softmax(x, 1)"),
    ("x.softmax(0)", "softmax(x, 0)"),
    ("x.log_softmax(1)", "np.log(softmax(x, 1))"),
    ("x.t().softmax(1)", "softmax(x.T, 1)"),
    ("x.sort(1).values", "np.sort(x, 1)"),
    ("x.sort(0).values", "np.sort(x, 0)"),
    ("x.argsort(1)", "x.argsort(1)"),
    ("x.topk(10, 1)", "(np.sort(x, 1)[:, ::-1][:, :10], x.argsort(1)[:, ::-1][:, :10])"),
    ("x.median(1).values", "np.sort(x, 1)[:, (n - 1) // 2]"),
    ("x.to(torch.bfloat16).sum(1)", "np.abs(got - x.sum(1)).max() < 0.1 * n"),
)
_NORMS = "x, w, b = rand(256, 768), rand(768), rand(768)"
_IMAGES = "x, w, b = rand(32, 64, 28, 28), rand(64), rand(64); mean, var = rand(64), rand(64) + 0.5"
_LABELS = "x, t = leaf(256, size(1000)), ints(size(1000), 256)"

ROWS: list[Row] = [
    *named(", 1 M", rows(_FLAT, *_FLAT_MANY, *_FLAT_MORE)),
    *named(", 16 M", rows(_FLAT.replace("20", "24"), *_FLAT_MANY, large=True)),
    *named(", 1 K", rows("x = rand(1024)", *_FLAT_MANY)),
    *named(", 1024 x 1024", rows(_SQUARE, *_SQUARE_ALL)),
    *named(", 4096 x 4096", rows(_SQUARE.replace("1024", "4096"), *_SQUARE_ALL[:2], *_SQUARE_ALL[16:19], large=True)),
    *named(", 64 x 10", rows("x, n = rand(64, 10), 10", *_SQUARE_ALL[1:2], *_SQUARE_ALL[8:9], *_SQUARE_ALL[16:19])),
    *named(
        ", 1024 x 1024, grad",
        rows(
            "n = size(1024); x = leaf(n, n)",
            ("x.sum(1)", "x.sum(1)"),
            ("x.mean(0)", "x.mean(0)"),
            ("x.var(1)", "x.var(1, ddof=1)"),
            ("x.amax(1)", "x.max(1)"),
            ("x.softmax(1)", "softmax(x, 1)"),
            ("x.log_softmax(1)", "np.log(softmax(x, 1))"),
            ("x.cumsum(1)", "x.cumsum(1)"),
            ("x.norm(dim=1)", "np.sqrt((x * x).sum(1))"),
            grads="x",
        ),
    ),
    *rows(
        _NORMS,
        ("layer_norm, 256 x 768", "F.layer_norm(x, w.shape, w, b)", "layer_norm(x) * w + b"),
        ("rms_norm, 256 x 768", "F.rms_norm(x, w.shape, w)", "x / np.sqrt((x * x).mean(1, keepdims=True)) * w"),
    ),
    *rows(
        _NORMS.replace("256", "8192"),
        ("layer_norm, 8192 x 768", "F.layer_norm(x, w.shape, w, b)", "layer_norm(x) * w + b"),
        large=True,
    ),
    Row(
        "layer_norm, 1024 x 768, grad",
        "x, w, b = leaf(1024, 768), leaf(768), leaf(768)",
        "F.layer_norm(x, w.shape, w, b)",
        "layer_norm(x) * w + b",
        grads="x, w, b",
    ),
    *rows(
        _IMAGES,
        (
            "batch_norm, training, 32 x 64 x 28 x 28",
            "F.batch_norm(x, None, None, w, b, True)",
            "channels(w) * batch_norm(x) + channels(b)",
        ),
        (
            "batch_norm, evaluating, 32 x 64 x 28 x 28",
            "F.batch_norm(x, mean, var, w, b)",
            "channels(w) * (x - channels(mean)) / np.sqrt(channels(var) + 1e-5) + channels(b)",
        ),
        (
            "group_norm, 32 x 64 x 28 x 28",
            "F.group_norm(x, 4, w, b)",
            "channels(w) * group_norm(x, 4) + channels(b)",
        ),
    ),
    *rows(
        "x, w, b = leaf(32, 64, 28, 28), leaf(64), leaf(64)",
        (
            "batch_norm, 32 x 64 x 28 x 28, grad",
            "F.batch_norm(x, None, None, w, b, True)",
            "channels(w) * batch_norm(x) + channels(b)",
        ),
        (
            "group_norm, 32 x 64 x 28 x 28, grad",
            "F.group_norm(x, 4, w, b)",
            "channels(w) * group_norm(x, 4) + channels(b)",
        ),
        grads="x, w, b",
    ),
    *rows(
        _LABELS,
        ("cross_entropy, 256 x 1000, grad", "F.cross_entropy(x, t)", "cross_entropy(x, t)"),
        grads="x",
    ),
    *rows(
        "x, t = leaf(64, 10), ints(10, 64)",
        ("cross_entropy, 64 x 10, grad", "F.cross_entropy(x, t)", "cross_entropy(x, t)"),
        grads="x",
    ),
    *rows(
        "n = size(2**20); x, y = leaf(n), rand(n)",
        ("mse_loss, 1 M, grad", "F.mse_loss(x, y)", "((x - y) ** 2).mean()"),
        (
            "binary_cross_entropy_with_logits, 1 M, grad",
            "F.binary_cross_entropy_with_logits(x, y)",
            "(np.log1p(np.exp(x)) - x * y).mean()",
        ),
        grads="x",
    ),
]
