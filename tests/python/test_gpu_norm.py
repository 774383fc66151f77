"""Softmax, normalisations, class losses and distances on a GPU, against the CPU: forward, backward and backward of that."""

from __future__ import annotations

import pytest
from device_parity import VIEWS, check, close, need_gpu, sample

import rusttorch as torch
import rusttorch.nn.functional as F

need_gpu()

FLOATS = pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["f32", "f16"])
VIEWED = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())


@FLOATS
@VIEWED
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax(dtype, view, dim):
    x = sample(9, 11, 14, dtype=dtype)
    twice = dtype == torch.float32
    check(lambda x: torch.softmax(x, dim), x, views=[view], again=twice)
    check(lambda x: torch.log_softmax(x, dim), x, views=[view], again=twice, scale=4)


def test_softmax_of_long_lines():
    x = sample(3, 5000)
    check(lambda x: torch.softmax(x, 1), x)
    check(lambda x: torch.log_softmax(x, 0), x)


@FLOATS
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 7, 40), (3, 2, 3000), (700, 2, 6)])
def test_layer_and_rms_norm(dtype, affine, shape):
    x = sample(*shape, dtype=dtype) * 2 + 1
    w, b = sample(*shape[1:], dtype=dtype, seed=1), sample(*shape[1:], dtype=dtype, seed=2)
    scale = 4 * max(1, shape[0] / 50)
    twice = dtype == torch.float32 and shape[0] == 5
    if affine:
        check(lambda x, w, b: F.layer_norm(x, shape[1:], w, b), x, w, b, scale=scale, again=twice)
        check(lambda x, w: F.rms_norm(x, shape[1:], w), x, w, scale=scale, again=twice)
        view = VIEWS["offset"]
        check(lambda x, w, b: F.layer_norm(x, shape[1:], w, b), x, w, b, views=[view], scale=scale)
    else:
        check(lambda x: F.layer_norm(x, shape[1:]), x, scale=scale, again=twice)
        check(lambda x: F.rms_norm(x, shape[2:], eps=0.1), x, scale=scale)


@FLOATS
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 6, 40), (3, 4, 9, 11), (200, 8, 1)])
def test_group_norm(dtype, affine, shape):
    x = sample(*shape, dtype=dtype) * 2 + 1
    w, b = sample(shape[1], dtype=dtype, seed=1), sample(shape[1], dtype=dtype, seed=2)
    twice = dtype == torch.float32 and shape[0] == 5
    if affine:
        check(lambda x, w, b: F.group_norm(x, 2, w, b), x, w, b, scale=20, again=twice)
    else:
        check(lambda x: F.group_norm(x, 2), x, scale=8)


@FLOATS
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 6, 40), (3, 4, 9, 11), (300, 8)])
def test_batch_norm(dtype, affine, training, shape):
    there = "gpu"
    c = shape[1]
    x = sample(*shape, dtype=dtype) * 2 + 1
    w, b = sample(c, dtype=dtype, seed=1), sample(c, dtype=dtype, seed=2)
    running = [sample(c, seed=3), sample(c, seed=4).abs() + 0.5]
    moved = {"cpu": [t.clone() for t in running], "wgpu": [t.to(there) for t in running]}

    def f(x, w=None, b=None):
        return F.batch_norm(x, *moved[x.device.type], w, b, training, 0.3)

    twice = dtype == torch.float32 and shape[0] == 5
    check(f, *((x, w, b) if affine else (x,)), scale=20, again=twice)
    for host, t in zip(*moved.values(), strict=True):
        close(t, host, scale=5)
    if training:
        assert (moved["cpu"][0] != running[0]).all()


def test_norm_modules_train_and_evaluate():
    there = "gpu"
    for make, shape in (
        (lambda: torch.nn.BatchNorm2d(4), (3, 4, 5, 6)),
        (lambda: torch.nn.InstanceNorm2d(4, affine=True, track_running_stats=True), (3, 4, 5, 6)),
        (lambda: torch.nn.GroupNorm(2, 4), (3, 4, 5, 6)),
        (lambda: torch.nn.LayerNorm(6), (3, 4, 5, 6)),
    ):
        host, other = make(), make().to(there)
        x = sample(*shape)
        for _ in range(2):
            a, b = host(x), other(x.to(there))
            close(b, a, scale=5)
        host.eval(), other.eval()
        close(other(x.to(there)), host(x), scale=5)


@FLOATS
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(40, 10), (3, 2000), (4, 5, 6), (7,)])
def test_cross_entropy(dtype, reduction, weighted, smoothing, shape):
    x = sample(*shape, dtype=dtype)
    c = shape[min(1, len(shape) - 1)]
    target = torch.randint(
        0, c, shape[:1] + shape[2:] if len(shape) > 1 else (), generator=torch.Generator().manual_seed(0)
    )
    weight = sample(c, dtype=dtype, seed=1).abs()
    if target.dim():
        target.view(-1)[1] = 3

    def f(x):
        t = target.to(x.device)
        w = weight.to(x.device) if weighted else None
        return F.cross_entropy(x, t, w, ignore_index=3, reduction=reduction, label_smoothing=smoothing)

    check(f, x, scale=8, again=dtype == torch.float32 and len(shape) == 2)


@FLOATS
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(40, 10), (4, 5, 6, 7), (7,)])
def test_nll(dtype, reduction, weighted, shape):
    x = sample(*shape, dtype=dtype)
    c = shape[min(1, len(shape) - 1)]
    target = torch.randint(
        0, c, shape[:1] + shape[2:] if len(shape) > 1 else (), generator=torch.Generator().manual_seed(0)
    )
    weight = sample(c, dtype=dtype, seed=1).abs()

    def f(x):
        w = weight.to(x.device) if weighted else None
        return F.nll_loss(x.tanh(), target.to(x.device), w, ignore_index=3, reduction=reduction)

    check(f, x, scale=4, again=dtype == torch.float32 and len(shape) == 2)


def test_a_class_out_of_range_raises():
    there = "gpu"
    x = sample(3, 5).to(there)
    with pytest.raises(IndexError):
        F.cross_entropy(x, torch.tensor([0, 5, 1]).to(there)).item()
    assert x.sum().isfinite().item()


@pytest.mark.parametrize("p", [0.0, 1.0, 1.5, 2.0, 3.0, float("inf")])
def test_distances(p):
    a, b = sample(2, 9, 5), sample(2, 7, 5, seed=1)
    check(lambda a, b: torch.cdist(a, b, p, compute_mode="donot_use_mm_for_euclid_dist"), a, b, again=p == 2.0)
    check(lambda a: torch.pdist(a, p), a[0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_margins_of_classes(reduction, p, weighted):
    x = sample(30, 7)
    target = torch.randint(0, 7, (30,), generator=torch.Generator().manual_seed(0))
    weight = sample(7, seed=1).abs()

    def f(x):
        w = weight.to(x.device) if weighted else None
        return F.multi_margin_loss(x, target.to(x.device), p, 0.7, w, reduction=reduction)

    check(f, x)
    labels = torch.tensor(
        [[3, 1, -1, 2, 2, 2, 2], [-1, 1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5, 6], [6, 6, -1, 0, 0, 0, 0]]
    )
    check(lambda x: F.multilabel_margin_loss(x, labels.to(x.device), reduction=reduction), sample(4, 7))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_connectionist_temporal_classification(reduction, zero_infinity):
    x = sample(40, 4, 9)
    targets = torch.randint(1, 9, (4, 12), generator=torch.Generator().manual_seed(0))
    targets[0, 1] = targets[0, 0]
    steps, lengths = (40, 33, 5, 20), (12, 7, 0, 3)

    def f(x, targets=targets, steps=steps):
        y = x.log_softmax(2)
        return F.ctc_loss(y, targets.to(x.device), steps, lengths, 0, reduction, zero_infinity)

    check(f, x, scale=4)
    ragged = torch.cat([t[:n] for t, n in zip(targets, lengths, strict=True)])
    check(lambda x: f(x, ragged), x, scale=4)
    if zero_infinity:
        # The second target cannot be reached in so few steps.
        check(lambda x: f(x, targets, (40, 3, 5, 20)), x, scale=4)
