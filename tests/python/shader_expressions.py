"""Evaluates an expression of WGSL over arrays, with the functions of math.wgsl and its like that it names."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from shader_bench import DISPATCHED, Bench, Operand
from shader_functions import FILES, FUNCTIONS, SHADERS, WIDE_FUNCTIONS, needed

Array = np.ndarray
Reference = Callable[..., Array]


MEMORY = {
    **{"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "bool": np.uint8},
    **{"i8": np.int8, "i16": np.int16, "bf16": np.uint16, "c64": np.complex64, "c128": np.complex128},
}
# The types of complex numbers and of their parts.
COMPLEX = {"c64": ("vec2<f32>", "f32"), "c128": ("vec2<f64>", "f64")}


OFFSET = 8


def evaluate(
    bench: Bench, expression: str, operands: dict[str, Array], kind: str = "f32", result: str | None = None
) -> Array:
    """The expression of operands of one type, element by element, by pointwise.wgsl or pointwise_fours.wgsl."""
    result = result or kind
    known = WIDE_FUNCTIONS if kind in ("f64", "c128") else FUNCTIONS
    whole, part = COMPLEX.get(kind, (kind, kind))
    n = np.broadcast(*operands.values(), np.zeros(1)).size
    # Small elements share words, which are written whole; of the others, lists of either kind come along.
    fours = result in ("bool", "i8", "i16", "bf16") or (n % 4 == 0 and kind not in COMPLEX)
    columns = [np.broadcast_to(np.asarray(v, MEMORY[kind]), (n,)) for v in operands.values()]
    together = fours and kind not in COMPLEX
    bindings = [Operand(f"in{k}", column, kind, whole, fours=together) for k, column in enumerate(columns)]
    parameters = ", ".join(f"{name}: {'Z' if kind in COMPLEX else 'T'}" for name in operands)
    value = {"i8": "i32", "i16": "i32", "bf16": "f32"}.get(result, COMPLEX.get(result, (result, result))[0])
    own = {name: known[name] for name in needed(expression, known)}
    source = (
        f"alias T = {part};\nalias Z = {whole};\n\n"
        + "\n\n".join(own.values())
        + f"\n\nfn row({parameters}) -> {value} {{ return {value}({expression}); }}\n"
        + "struct Params { n: u32, y_offset: u32 }\n"
    )
    places = range(len(columns))
    if fours and not together:
        loads = ", ".join(f"load_in{k}(min(4u * w + k, p.n - 1u))" for k in places)
        loop = f"var y = vec4<{value}>(); for (var k = 0u; k < 4u; k++) {{ y[k] = row({loads}); }} return y;"
        source += f"fn values(w: u32) -> vec4<{value}> {{ {loop} }}\n"
    elif fours:
        loads = " ".join(f"let in{k} = load4_in{k}(w);" for k in places)
        row = f"row({', '.join(f'in{k}[k]' for k in places)})"
        loop = f"var y = vec4<{value}>(); for (var k = 0u; k < 4u; k++) {{ y[k] = {row}; }} return y;"
        source += f"fn values(w: u32) -> vec4<{value}> {{ {loads} {loop} }}\n"
    else:
        loads = ", ".join(f"load_in{k}(i)" for k in places)
        source += f"fn value(i: u32) -> {value} {{ return row({loads}); }}\n"
        source += "fn place(i: u32) -> u32 { return p.y_offset + i; }\n"
    file = "pointwise_fours" if fours else "pointwise"
    memory = np.full(OFFSET + n, 77, MEMORY[result])
    bindings.append(Operand("y", memory, result, value, "write", fours))
    source += (SHADERS / f"{file}.wgsl").read_text()
    y = bench.run(file, bindings, [n, OFFSET], (min(8, (n + 255) // 256), 1, 1), source=source)[-1]
    DISPATCHED[file] |= {name for name, functions in FILES.items() if functions.items() & own.items()}
    assert (y[:OFFSET] == 77).all(), "what lies before the result was written"
    return y[OFFSET:].astype(bool) if result == "bool" else y[OFFSET:]


@np.errstate(all="ignore")
def units(got: Array, want: Array) -> Array:
    """The error in units in the last place of float32; a subnormal result may be 0, as some devices have none."""
    rounded = want.astype(np.float32)
    unit = np.spacing(np.maximum(np.abs(rounded), np.float32(1.17549435e-38))).astype(np.float64)
    error = np.abs(got.astype(np.float64) - want) / unit
    fine = (np.isnan(got) & np.isnan(want)) | (got == rounded) | ((np.abs(want) < 1.1754944e-38) & (got == 0))
    return np.where(fine, 0, np.where(np.isfinite(error), error, np.inf))


def check_units(bench: Bench, got: Array, want: Array, bound: float, operands: dict[str, Array]) -> None:
    error = units(got, want)
    worst = int(np.argmax(error))
    at = {name: v[worst] for name, v in operands.items()}
    assert error[worst] <= (bound and bound + slack(bench)), (
        f"{error[worst]:.3g} units at {at}: {got[worst]!r} instead of {want[worst]!r}"
    )
    zeros = (got == 0) & (want == 0)
    wrong = zeros & (np.signbit(got) != np.signbit(want))
    assert not wrong.any(), (
        f"the sign of zero at {[{n: v[i] for n, v in operands.items()} for i in np.flatnonzero(wrong)[:4]]}"
    )


@functools.cache
def slack(bench: Bench) -> float:
    """What a device's own division and square root add to a bound, in units: WGSL allows them some, lavapipe has none."""
    x = np.random.default_rng(2).uniform(1, 4, (2, 4000)).astype(np.float32)
    wide = x.astype(np.float64)
    total = 0.0
    for expression, want in (("x / y", wide[0] / wide[1]), ("sqrt(x)", np.sqrt(wide[0]))):
        error = units(evaluate(bench, expression, {"x": x[0], "y": x[1]}), want)
        total += 2 * max(0.0, float(error.max()) - 0.5)
    return total


# ---- references in NumPy that several tests share


def each(f: Callable[[float], float]) -> Reference:
    return np.vectorize(f, otypes=[np.float64])


def own(x: Array) -> Array:
    """In the kernel's type, where references are given numbers of twice its digits."""
    return x.astype({np.longdouble: np.float64, np.float64: np.float32}.get(x.dtype.type, x.dtype))


@np.errstate(all="ignore")
def quotient(x: Array, y: Array) -> Array:
    return (own(x) / own(y)).astype(x.dtype)


def floor_division(x: Array, y: Array) -> Array:
    return np.floor_divide(own(x), own(y)).astype(x.dtype)


def python_remainder(x: Array, y: Array) -> Array:
    r = np.fmod(x, y)
    fixed = np.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)
    return own(fixed).astype(x.dtype)


# ---- values that mpmath has recorded

RECORDED = json.loads((Path(__file__).resolve().parents[1] / "fixtures" / "special_functions.json").read_text())
# Bounds in units, or (part of the size, absolute) where there are zeros or cancellation.
_BOUNDS: dict[str, float | tuple[float, float]] = {
    "erfcx": 4,
    "erfinv": 4,
    "ndtr": 5,
    "log_ndtr": 6,
    "normal_hazard": 10,
    "ndtri": 5,
    "normal_area": (0, 1.2e-7),
    "lgamma": (4e-7, 4e-7),
    "digamma": (1e-6, 1e-6),
    "zeta": (4e-6, 4e-6),
    "polygamma": (5e-6, 0),
    "airy_ai": (5e-7, 1e-5),
    "incomplete_gamma": (1e-5, 2e-6),
    "bessel_i0": 5,
    "bessel_i1": 5,
    "bessel_i0e": 5,
    "bessel_i1e": 5,
    "bessel_k0": 6,
    "bessel_k1": 6,
    "bessel_k0e": 10,
    "bessel_k1e": 10,
    "bessel_j0": (0, 2e-7),
    "bessel_j1": (0, 2e-7),
    "bessel_y0": (2e-7, 2e-7),
    "bessel_y1": (3e-7, 2e-7),
    "chebyshev_t": (1e-5, 4e-5),
    "chebyshev_u": (1e-4, 4e-5),
    "hermite_h": (5e-5, 1e-2),
    "laguerre": (1e-4, 2e-5),
    "legendre": (1e-5, 5e-6),
}


def check_recorded(bench: Bench, function: str, got: Array, want: Array, operands: dict[str, Array]) -> None:
    bound = _BOUNDS[function]
    if isinstance(bound, tuple):
        error = np.abs(got - want) - bound[0] * np.abs(want)
        worst = int(np.argmax(error))
        at = {name: v[worst] for name, v in operands.items()}
        assert error[worst] <= bound[1], f"{got[worst]} instead of {want[worst]} at {at}"
    else:
        check_units(bench, got, want, bound, operands)
