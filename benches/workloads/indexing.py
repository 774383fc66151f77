"""Embedding, gather, scatter, selection by index and by mask."""

from workloads import Row, named, rows

_SQUARE = "n = size(1024); x, y, i = rand(n, n), rand(n, n), ints(n, n, n); k = ints(n, n); m = x > 0.5"
_ALL = (
    ("x.gather(1, i)", "np.take_along_axis(x, i, 1)"),
    ("x.gather(0, i)", "np.take_along_axis(x, i, 0)"),
    ("x.scatter_add(1, i, y)", "scatter_add(x, 1, i, y)"),
    ("x.scatter_add(0, i, y)", "scatter_add(x, 0, i, y)"),
    ("x.index_select(0, k)", "x[k]"),
    ("x.index_select(1, k)", "x[:, k]"),
    ("x.index_add(0, k, y)", "scatter_add(x, 0, np.broadcast_to(k[:, None], x.shape), y)"),
    ("x[k]", "x[k]"),
    ("x[:, k]", "x[:, k]"),
    ("x[k, k]", "x[k, k]"),
    ("x[i[0], i]", "x[i[0], i]"),
    ("x.masked_select(m)", "x[m]"),
    ("x[m]", "x[m]"),
    ("x.masked_fill(m, 0.0)", "np.where(m, 0, x)"),
    ("m.nonzero()", "np.argwhere(m)"),
    ("x.take(i)", "x.reshape(-1)[i]"),
    ("x.roll(3, 1)", "np.roll(x, 3, 1)"),
    ("x.diagonal().clone()", "np.diagonal(x)"),
)
_WORDS = "w, i = leaf(size(10000), size(128)), ints(size(10000), 32, 128)"

ROWS: list[Row] = [
    *named(", 1024 x 1024", rows(_SQUARE, *_ALL)),
    *named(", 64 x 64", rows(_SQUARE.replace("1024", "64"), *_ALL[:1], *_ALL[2:3], *_ALL[4:5], *_ALL[11:15])),
    *named(", 4096 x 1024", rows(_SQUARE.replace("1024", "4096"), *_ALL[:1], *_ALL[4:5], *_ALL[12:15], large=True)),
    Row("x[m] = 0.0, 1024 x 1024", _SQUARE, "x[m] = 0.0", "np.where(m, 0, x)", result="x"),
    Row("x[k] = y, 1024 x 1024", _SQUARE, "x[k] = y", "got[k].shape == x.shape", result="x"),
    Row(
        "x[:, 1:-1] = 0.0, 1024 x 1024",
        _SQUARE,
        "x[:, 1:-1] = 0.0",
        "x[:, 1:-1].sum() > got[:, 1:-1].sum() == 0",
        result="x",
    ),
    Row("embedding, 10000 x 128, 4096 words", _WORDS.replace("leaf", "rand"), "F.embedding(i, w)", "w[i]"),
    Row("embedding, 10000 x 128, 4096 words, grad", _WORDS, "F.embedding(i, w)", "w[i]", grads="w"),
    Row(
        "embedding, 65 x 128, 1024 words, grad",
        "w, i = leaf(65, 128), ints(size(65), 8, 128)",
        "F.embedding(i, w)",
        "w[i]",
        grads="w",
    ),
    *named(
        ", 1024 x 1024, grad",
        rows(
            "n = size(1024); x, i, k = leaf(n, n), ints(n, n, n), ints(n, n); m = x > 0.5",
            ("x.gather(1, i)", "np.take_along_axis(x, i, 1)"),
            ("x.index_select(0, k)", "x[k]"),
            ("x[k]", "x[k]"),
            ("x.masked_fill(m, 0.0)", "np.where(m, 0, x)"),
            ("x[:, 1:-1]", "x[:, 1:-1]"),
            grads="x",
        ),
    ),
    Row("F.one_hot, 4096 of 100", "i = ints(100, 4096)", "F.one_hot(i, 100)", "np.eye(100)[i]"),
    Row(
        "torch.bincount, 1 M",
        "i = ints(100, 2**20)",
        "torch.bincount(i, minlength=100)",
        "np.bincount(i, minlength=100)",
    ),
    Row(
        "torch.searchsorted, 64 K in 64 K",
        "n = size(2**16); x, y = rand(n).sort().values, rand(n)",
        "torch.searchsorted(x, y)",
        "np.searchsorted(x, y)",
    ),
]
