"""Random numbers, in small and in large tensors, and what draws them."""

from workloads import Row, named, rows

_UNIFORM = "0 <= got.min() and got.max() < 1 and abs(got.mean() - 0.5) < 5 * 0.29 / got.size**0.5"
_NORMAL = "abs(got.mean()) < 5 / got.size**0.5 and abs(got.std() - 1) < 5 / got.size**0.5"
_SIZED = "n = size({}); x = torch.zeros(n)"
_MANY = (
    ("torch.rand(n)", _UNIFORM),
    ("torch.randn(n)", _NORMAL),
    ("torch.randint(0, 100, (n,))", "got.min() >= 0 and got.max() < 100 and abs(got.mean() - 49.5) < 5 * 29 / n**0.5"),
    ("x.bernoulli_(0.3)", "abs(got.mean() - 0.3) < 5 * 0.46 / n**0.5"),
    ("x.uniform_()", _UNIFORM),
    ("x.normal_()", _NORMAL),
    ("F.dropout(x + 1, 0.5)", "abs((got > 0).mean() - 0.5) < 2.5 / n**0.5 and set(np.unique(got)) == {0, 2}"),
)

ROWS: list[Row] = [
    *named(", 1 K", rows(_SIZED.format("2**10"), *_MANY)),
    *named(", 1 M", rows(_SIZED.format("2**20"), *_MANY)),
    *named(", 16 M", rows(_SIZED.format("2**24"), *_MANY[:4], large=True)),
    *named(
        ", 1 M",
        rows(
            _SIZED.format("2**20"),
            ("torch.randperm(n)", "bool((np.sort(got) == np.arange(n)).all())"),
            ("x.exponential_()", "got.min() >= 0 and abs(got.mean() - 1) < 5 / n**0.5"),
            ("torch.rand(n, dtype=torch.float64)", _UNIFORM),
        ),
    ),
    Row("torch.rand(1)", "", "torch.rand(1)", "0 <= got[0] < 1"),
    Row("torch.randn(1)", "", "torch.randn(1)", "-10 < got[0] < 10"),
    Row("torch.randperm(60000)", "n = size(60000)", "torch.randperm(n)", "bool((np.sort(got) == np.arange(n)).all())"),
    Row(
        "torch.multinomial, 64 of 64 x 65",
        "p = rand(64, 65)",
        "torch.multinomial(p, 1)",
        "got.min() >= 0 and got.max() < p.shape[1]",
    ),
    Row("F.dropout, 1 M, grad", "x = leaf(2**20)", "F.dropout(x, 0.5)", "", grads="x"),
    Row(
        "nn.init.kaiming_uniform_, 512 x 784",
        "w = torch.empty(512, 784)",
        "nn.init.kaiming_uniform_(w)",
        "abs(got.mean()) < 0.01",
    ),
]
