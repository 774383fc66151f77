"""Matrix products: square, transposed, skinny, batched, with vectors, of other dtypes, einsum."""

from workloads import Row, named, rows


def _square(n: int) -> str:
    return f"n = size({n}); x, y = rand(n, n), rand(n, n)"


_PRODUCT = ("x @ y", "x @ y")
_TURNED = (("x.t() @ y", "x.T @ y"), ("x @ y.t()", "x @ y.T"), ("x.t() @ y.t()", "x.T @ y.T"))
_LINEAR = "x, w, b = {0}({1}), {0}({2}), {0}({3})"

ROWS: list[Row] = [
    *(row for n in (64, 128, 256, 512, 1024) for row in named(f", {n}", rows(_square(n), _PRODUCT))),
    *named(", 2048", rows(_square(2048), _PRODUCT, large=True)),
    *named(", 1000 (no power of two)", rows(_square(1000), _PRODUCT)),
    *named(", 8", rows("x, y = rand(8, 8), rand(8, 8)", _PRODUCT)),
    *named(", 32", rows("x, y = rand(32, 32), rand(32, 32)", _PRODUCT)),
    *(row for n in (64, 512, 1024) for row in named(f", {n}", rows(_square(n), *_TURNED))),
    *(
        Row(f"{a} x {b} x {c}", f"x, y = rand({a}, {b}), rand({b}, {c})", *_PRODUCT)
        for a, b, c in ((64, 784, 512), (64, 512, 512), (64, 512, 10), (1, 512, 512), (2048, 32, 2048), (4096, 64, 64))
    ),
    *(
        Row(
            f"F.linear, {a} x {b} to {c}",
            f"x, w, b = rand({a}, {b}), rand({c}, {b}), rand({c})",
            "F.linear(x, w, b)",
            "x @ w.T + b",
        )
        for a, b, c in ((64, 784, 512), (64, 512, 10), (1024, 128, 512), (1, 784, 512))
    ),
    *(
        Row(
            f"F.linear, {a} x {b} to {c}, grad",
            f"x, w, b = leaf({a}, {b}), leaf({c}, {b}), leaf({c})",
            "F.linear(x, w, b)",
            "x @ w.T + b",
            grads="x, w, b",
        )
        for a, b, c in ((64, 784, 512), (64, 512, 10), (1024, 128, 512))
    ),
    *(
        Row(f"x @ y, {n}, grad", f"n = size({n}); x, y = leaf(n, n), leaf(n, n)", *_PRODUCT, grads="x, y")
        for n in (64, 512, 1024)
    ),
    *(
        Row(
            f"batched, {s}{', grad' * (maker == 'leaf')}",
            f"x, y = {maker}({s.replace(' x ', ', ')}), {maker}({t.replace(' x ', ', ')})",
            *_PRODUCT,
            grads="x, y" * (maker == "leaf"),
        )
        for maker in ("rand", "leaf")
        for s, t in (
            ("32 x 64 x 64", "32 x 64 x 64"),
            ("8 x 4 x 128 x 32", "8 x 4 x 32 x 128"),
            ("256 x 16 x 16", "256 x 16 x 16"),
        )
    ),
    Row("batched, 8 x 256 x 256", "x, y = rand(8, 256, 256), rand(8, 256, 256)", "torch.bmm(x, y)", "x @ y"),
    Row("8 x 128 x 256 @ 256 x 256 (folded)", "x, y = rand(8, 128, 256), rand(256, 256)", *_PRODUCT),
    Row(
        "torch.baddbmm, 32 x 64 x 64",
        "x, y, z = rand(32, 64, 64), rand(32, 64, 64), rand(32, 64, 64)",
        "torch.baddbmm(z, x, y)",
        "z + x @ y",
    ),
    Row(
        "torch.addmm, 256",
        "n = size(256); x, y, z = rand(n, n), rand(n, n), rand(n, n)",
        "torch.addmm(z, x, y, beta=0.5)",
        "0.5 * z + x @ y",
    ),
    *(
        row
        for n in (256, 1024, 4096)
        for row in named(
            f", {n}",
            rows(
                f"n = size({n}); x, v = rand(n, n), rand(n)",
                ("x @ v", "x @ v"),
                ("v @ x", "v @ x"),
                ("x.t() @ v", "x.T @ v"),
                large=n == 4096,
            ),
        )
    ),
    Row("dot, 1 M", "n = size(2**20); x, y = rand(n), rand(n)", "torch.dot(x, y)", "x @ y"),
    *(
        Row(
            f"{short} x @ y, {n}",
            f"n = size({n}); x, y = rand(n, n).to(torch.{dtype}), rand(n, n).to(torch.{dtype})",
            *_PRODUCT,
            tolerance=tolerance,
        )
        for short, dtype, tolerance in (("f64", "float64", 1e-10), ("bf16", "bfloat16", 2e-2), ("f16", "float16", 5e-3))
        for n in (64, 256, 1024)
    ),
    Row("i64 x @ y, 128", "n = size(128); x, y = ints(9, n, n), ints(9, n, n)", *_PRODUCT),
    *rows(
        "x, y = rand(8, 128, 64), rand(8, 64, 128)",
        ("einsum bij,bjk->bik", "torch.einsum('bij,bjk->bik', x, y)", "x @ y"),
        ("einsum bij,bjk->ik", "torch.einsum('bij,bjk->ik', x, y)", "(x @ y).sum(0)"),
    ),
    *rows(
        "q, k = rand(8, 128, 4, 32), rand(8, 128, 4, 32)",
        ("einsum bthd,bshd->bhts", "torch.einsum('bthd,bshd->bhts', q, k)", "np.einsum('bthd,bshd->bhts', q, k)"),
    ),
    *rows(
        "x = rand(512, 512)",
        ("einsum ij->ji", "torch.einsum('ij->ji', x)", "x.T"),
        ("einsum ii", "torch.einsum('ii', x)", "np.trace(x)"),
    ),
]
