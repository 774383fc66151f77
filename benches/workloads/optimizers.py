"""One step of each optimizer, over a hundred small tensors and over ten million elements."""

from workloads import Row

_MANY = "params = [rand({0}) for _ in range({1})]\nfor p in params: p.requires_grad_(True); p.grad = rand({0})\n"
_SMALL = _MANY.format("16, 16", 100)
_BIG = _MANY.format("10_000_000", 1)
_LAYERS = _MANY.format("512, 512", 8)
# name, call, what the first step makes of p and g
_ADAM = "p - 1e-3 * g / (np.abs(g) + 1e-8)"
_EACH = (
    ("SGD", "SGD(params, lr=0.01)", "p - 0.01 * g"),
    ("SGD with momentum", "SGD(params, lr=0.01, momentum=0.9, weight_decay=0.1)", "p - 0.01 * (g + 0.1 * p)"),
    ("Adam", "Adam(params)", _ADAM),
    ("AdamW", "AdamW(params, weight_decay=0.1)", f"p - 1e-4 * p + ({_ADAM} - p)"),
)
_RARER = (
    ("Adam, amsgrad", "Adam(params, amsgrad=True)", _ADAM),
    ("RMSprop", "RMSprop(params)", "p - 0.01 * g / (0.1 * np.abs(g) + 1e-8)"),
    ("Adagrad", "Adagrad(params)", "p - 0.01 * g / (np.abs(g) + 1e-10)"),
)


def _step(name: str, make: str, expect: str, where: str, setup: str, large: bool = False) -> Row:
    setup = f"{setup}\noptimizer = torch.optim.{make}; p, g = params[-1].detach(), params[-1].grad"
    return Row(f"{name}, {where}", setup, "optimizer.step()", expect, result="params[-1].detach()", large=large)


ROWS: list[Row] = [
    *(_step(*each, "100 tensors of 16 x 16", _SMALL) for each in _EACH + _RARER),
    *(_step(*each, "8 tensors of 512 x 512", _LAYERS) for each in _EACH),
    *(_step(*each, "10 M elements", _BIG, True) for each in _EACH),
    Row(
        "zero_grad, 100 tensors, to zeros",
        f"{_SMALL}\noptimizer = torch.optim.SGD(params)",
        "optimizer.zero_grad(set_to_none=False)",
        "np.zeros(got.shape)",
        result="params[-1].grad",
    ),
    Row(
        "clip_grad_norm_, 100 tensors of 16 x 16",
        f"{_SMALL}\ng = params[-1].grad; grads = [p.grad for p in params]",
        "nn.utils.clip_grad_norm_(params, 1.0)",
        "g / np.sqrt(sum((each * each).sum() for each in grads))",
        result="params[-1].grad",
        tolerance=1e-3,
    ),
]
