"""The shaders of convolutions and of windows as columns, run through wgpu-py against NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("wgpu")
from shader_bench import Bench, Operand

OUTPUT, INPUT_GRAD, WEIGHT_GRAD = 0, 1, 2


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


class Geometry:
    """A convolution in three dims, and its three linear maps in NumPy."""

    def __init__(self, batch: int, groups: int, channels: int, outputs: int, size: Any, kernel: Any, **o: Any) -> None:
        three = lambda v, fill: (fill,) * (3 - len(v)) + tuple(v)  # noqa: E731
        self.batch, self.groups, self.channels, self.outputs = batch, groups, channels, outputs
        self.input, self.kernel = three(size, 1), three(kernel, 1)
        self.stride = three(o.get("stride", ()), 1)
        self.padding = three(o.get("padding", ()), 0)
        self.dilation = three(o.get("dilation", ()), 1)
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        room = [i + 2 * p - r for i, p, r in zip(self.input, self.padding, reach, strict=True)]
        self.output = tuple(r // s + 1 for r, s in zip(room, self.stride, strict=True))
        # Transposed convolutions may ask for places behind the last window.
        self.x_shape = (batch, groups, channels, *self.input)
        self.w_shape = (groups, outputs, channels, *self.kernel)
        self.y_shape = (batch, groups, outputs, *self.output)

    def taps(self) -> Any:
        """Each tap of the kernel, and the part of the padded input that it meets."""
        for tap in product(*map(range, self.kernel)):
            parts = [
                slice(t * d, t * d + (n - 1) * s + 1, s)
                for t, d, n, s in zip(tap, self.dilation, self.output, self.stride, strict=True)
            ]
            yield tap, (slice(None),) * 3 + tuple(parts)

    def padded(self, x: np.ndarray) -> np.ndarray:
        return np.pad(x, [(0, 0)] * 3 + [(p, p) for p in self.padding])

    def forward(self, x: np.ndarray, w: np.ndarray) -> np.ndarray:
        x, y = self.padded(x), np.zeros(self.y_shape, x.dtype)
        for tap, part in self.taps():
            y += np.einsum("goc,ngcdhw->ngodhw", w[(Ellipsis, *tap)], x[part])
        return y

    def input_grad(self, gy: np.ndarray, w: np.ndarray) -> np.ndarray:
        gx = self.padded(np.zeros(self.x_shape, gy.dtype))
        for tap, part in self.taps():
            gx[part] += np.einsum("goc,ngodhw->ngcdhw", w[(Ellipsis, *tap)], gy)
        inner = [slice(p, p + n) for p, n in zip(self.padding, self.input, strict=True)]
        return gx[(slice(None),) * 3 + tuple(inner)]

    def weight_grad(self, gy: np.ndarray, x: np.ndarray) -> np.ndarray:
        x, gw = self.padded(x), np.zeros(self.w_shape, x.dtype)
        for tap, part in self.taps():
            gw[(Ellipsis, *tap)] = np.einsum("ngodhw,ngcdhw->goc", gy, x[part])
        return gw

    def params(self, parts: int, summed: int) -> list[int]:
        sizes: list[int] = []
        for v in (self.input, self.output):
            sizes += [*v, int(np.prod(v))]
        for v in (self.padding, self.dilation):
            sizes += [*v, 0]
        return [self.batch, self.groups, self.channels, self.outputs, *sizes, 3, 2, 1, 4, parts, -(-summed // parts)]

    def constants(self, direction: int | None, bias: bool | None) -> dict[str, tuple[str, int | float | bool]]:
        made: dict[str, tuple[str, int | float | bool]] = {}
        for d, name in enumerate("DHW"):
            made["K" + name] = ("u32", self.kernel[d])
            made["S" + name] = ("u32", self.stride[d])
        if direction is not None:
            made["DIRECTION"] = ("u32", direction)
        if bias is not None:
            made["HAS_BIAS"] = ("bool", bias)
        return made


DTYPES = {
    "f32": np.float32,
    "f16": np.float16,
    "f64": np.float64,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
    "bool": np.bool_,
}
COMPUTE = {"f32": "f32", "f16": "f32", "f64": "f64", "i32": "i32", "i64": "i64", "u8": "i32", "bool": "bool"}


def made(rng: np.random.Generator, shape: tuple[int, ...], memory: str) -> np.ndarray:
    if memory[0] == "f":
        return rng.standard_normal(shape).astype(DTYPES[memory])
    return rng.integers(0 if memory in ("u8", "bool") else -9, 2 if memory == "bool" else 9, shape).astype(
        DTYPES[memory]
    )


def behind(x: np.ndarray, offset: int) -> np.ndarray:
    """The elements at an offset, with others before and after them."""
    return np.concatenate([np.ones(offset, x.dtype), x.ravel(), np.ones(5, x.dtype)])


def close(got: np.ndarray, want: np.ndarray, memory: str) -> None:
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, want.astype(got.dtype))
    else:
        tolerance = {"f16": 4e-3, "f32": 2e-5, "f64": 1e-13}[memory]
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * float(np.abs(want).max() + 1))


def check(
    bench: Bench, file: str, g: Geometry, direction: int, memory: str = "f32", bias: bool = False, parts: int = 1
) -> None:
    rng = np.random.default_rng(5)
    wide: Any = np.float64 if memory[0] == "f" else np.int64
    x, w, gy = (made(rng, shape, memory) for shape in (g.x_shape, g.w_shape, g.y_shape))
    biases = made(rng, (g.groups, g.outputs), memory)
    a, b, shape = [(w, x, g.y_shape), (w, gy, g.x_shape), (gy, x, g.w_shape)][direction]
    summed = g.channels * int(np.prod(g.kernel))
    if direction == OUTPUT:
        want = g.forward(x.astype(wide), w.astype(wide))
        want = want + biases.astype(wide)[None, :, :, None, None, None] if bias else want
    elif direction == INPUT_GRAD:
        want = g.input_grad(gy.astype(wide), w.astype(wide))
        stride = (1, 1, 1) if file == "conv_direct" else g.stride
        summed = g.outputs * int(np.prod([-(-k // s) for k, s in zip(g.kernel, stride, strict=True)]))
    else:
        want = g.weight_grad(gy.astype(wide), x.astype(wide))
        summed = g.batch * int(np.prod(g.output))
    compute = COMPUTE[memory]
    result = memory if parts == 1 else compute
    lead = 1 if direction == WEIGHT_GRAD else g.batch
    pieces = (lead, parts, int(np.prod(shape)) // lead)
    y = behind(np.zeros(pieces, DTYPES[result]), 1)
    weight = file == "conv_direct_weight"
    operands = [
        Operand("a", behind(a, 3), memory, compute),
        Operand("b", behind(b, 2), memory, compute),
        Operand("y", y, result, compute, "write"),
        Operand("bias", behind(biases, 4), memory, compute),
    ]
    if weight:
        operands.pop()
    params = g.params(parts, summed)
    constants = g.constants(None if weight else direction, None if weight else bias)
    after = bench.run(file, operands, params, (2, 1, 1), constants)[2]
    assert (after[:1] == 1).all() and (after[-5:] == 1).all()
    got = after[1:-5].reshape(pieces)
    close((got.sum(1) if parts > 1 else got).reshape(shape), want, memory)


PLAIN = Geometry(2, 1, 5, 7, (9, 8), (3, 3), padding=(1, 1))
CASES = [
    pytest.param(PLAIN, id="same"),
    pytest.param(Geometry(3, 2, 9, 70, (7, 11), (3, 2), stride=(2, 3), padding=(1, 0)), id="groups and strides"),
    pytest.param(Geometry(2, 1, 66, 3, (40,), (4,), padding=(3,), dilation=(2,)), id="one dim, dilated"),
    pytest.param(Geometry(2, 1, 2, 3, (5, 6, 7), (2, 3, 2), stride=(1, 2, 2), padding=(1, 1, 0)), id="three dims"),
    pytest.param(Geometry(2, 1, 2, 3, (9, 6, 7), (3, 2, 2), stride=(2, 1, 3)), id="steps of depth"),
    pytest.param(Geometry(2, 1, 12, 80, (6, 7), (1, 1)), id="pointwise"),
    pytest.param(Geometry(1, 1, 3, 4, (8, 9), (2, 2), stride=(5, 4)), id="strides that pass pixels over"),
    pytest.param(Geometry(2, 1, 3, 4, (9, 7), (4, 3), stride=(2, 2), padding=(1, 1)), id="strides"),
]
BOTH = Geometry(2, 1, 10, 9, (40,), (4,), stride=(2,), padding=(3,), dilation=(2,))


@pytest.mark.parametrize("direction", [OUTPUT, INPUT_GRAD, WEIGHT_GRAD])
@pytest.mark.parametrize("g", CASES)
def test_tiles(bench: Bench, g: Geometry, direction: int) -> None:
    check(bench, "conv", g, direction)


@pytest.mark.parametrize("direction", [OUTPUT, WEIGHT_GRAD])
def test_strides_and_dilation(bench: Bench, direction: int) -> None:
    check(bench, "conv", BOTH, direction)


@pytest.mark.parametrize("direction", [OUTPUT, INPUT_GRAD, WEIGHT_GRAD])
def test_tiles_of_halves(bench: Bench, direction: int) -> None:
    check(bench, "conv", PLAIN, direction, "f16")


@pytest.mark.parametrize("direction", [OUTPUT, INPUT_GRAD, WEIGHT_GRAD])
def test_parts(bench: Bench, direction: int) -> None:
    check(bench, "conv", Geometry(2, 2, 5, 7, (9, 8), (3, 3), padding=(1, 1)), direction, "f32", parts=4)
    check(bench, "conv", Geometry(2, 2, 5, 7, (9, 8), (3, 3), stride=(2, 1)), direction, "f32", parts=3)


def test_bias(bench: Bench) -> None:
    check(bench, "conv", Geometry(2, 3, 5, 7, (9, 8), (3, 3), padding=(1, 1)), OUTPUT, bias=True)
    check(bench, "conv", PLAIN, OUTPUT, "f16", bias=True)


DIRECT = [
    CASES[0],
    # Of few channels: a thread of llvmpipe goes through 65,535 loops at most, and the gradient has a workgroup per weight.
    pytest.param(Geometry(3, 2, 4, 20, (7, 11), (3, 2), stride=(2, 3), padding=(1, 0)), id="groups and strides"),
    *CASES[2:5],
    *CASES[6:],
    pytest.param(BOTH, id="strides and dilation"),
    pytest.param(Geometry(2, 9, 1, 2, (9, 8), (3, 3), padding=(1, 1)), id="depthwise"),
]


@pytest.mark.parametrize("direction", [OUTPUT, INPUT_GRAD])
@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("g", DIRECT)
def test_direct(bench: Bench, g: Geometry, parts: int, direction: int) -> None:
    check(bench, "conv_direct", g, direction, bias=direction == OUTPUT and parts == 1, parts=parts)


@pytest.mark.parametrize("memory", ["f16", "f64", "i32", "i64", "u8"])
def test_direct_dtypes(bench: Bench, memory: str) -> None:
    for direction in (OUTPUT, INPUT_GRAD):
        check(bench, "conv_direct", PLAIN, direction, memory, bias=direction == OUTPUT)
    check(bench, "conv_direct_weight", PLAIN, WEIGHT_GRAD, memory)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("g", DIRECT)
def test_direct_weight(bench: Bench, g: Geometry, parts: int) -> None:
    check(bench, "conv_direct_weight", g, WEIGHT_GRAD, parts=parts)
