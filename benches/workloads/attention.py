"""Scaled dot product attention: causal and not, with a mask, forward and backward."""

from workloads import Row

# Batch, heads, positions, width of a head.
_SHAPES = ((2, 4, 64, 32), (8, 4, 128, 32), (4, 8, 256, 64), (1, 8, 1024, 64))
_LARGE = ((1, 4, 4096, 64),)
_CALL = "F.scaled_dot_product_attention(q, k, v{})"


def _row(shape: tuple[int, ...], causal: bool, grad: bool, large: bool = False) -> Row:
    sizes = ", ".join(map(str, shape))
    make = "leaf" if grad else "rand"
    name = f"{' x '.join(map(str, shape))}{', causal' * causal}{', grad' * grad}"
    setup = f"q, k, v = {make}({sizes}), {make}({sizes}), {make}({sizes})"
    work = _CALL.format(", is_causal=True" * causal)
    return Row(name, setup, work, f"attention(q, k, v, {causal})", "q, k, v" * grad, large=large)


_BOTH = (False, True)

ROWS: list[Row] = [
    *(_row(shape, causal, grad) for shape in _SHAPES for causal in _BOTH for grad in _BOTH),
    *(_row(shape, causal, grad, True) for shape in _LARGE for causal in _BOTH for grad in _BOTH),
    Row(
        "4 x 8 x 256 x 64, mask of numbers",
        "q, k, v = rand(4, 8, 256, 64), rand(4, 8, 256, 64), rand(4, 8, 256, 64); m = rand(256, 256)",
        _CALL.format(", attn_mask=m"),
        "attention(q, k, v, False, m)",
    ),
    Row(
        "4 x 8 x 256 x 64, heads last in memory",
        "q, k, v = (rand(4, 256, 8, 64).transpose(1, 2) for _ in range(3))",
        _CALL.format(", is_causal=True"),
        "attention(q, k, v, True)",
    ),
    Row(
        "4 x 1 x 256 of 4 x 8 x 256 x 64 (one query)",
        "q, k, v = rand(4, 8, 1, 64), rand(4, 8, 256, 64), rand(4, 8, 256, 64)",
        _CALL.format(""),
        "attention(q, k, v, False)",
    ),
    Row(
        "nn.MultiheadAttention, 8 x 128 x 128, 4 heads, grad",
        "m, x = nn.MultiheadAttention(size(128), 4, batch_first=True), leaf(8, 128, 128)",
        "m(x, x, x, need_weights=False)[0]",
        "",
        grads="x",
    ),
]
