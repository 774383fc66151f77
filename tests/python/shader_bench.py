"""Runs one file of `shaders/` on the default adapter through wgpu-py, independently of the Rust engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import wgpu
from shader_functions import SHADERS, WIDE_FUNCTIONS, needed

# NumPy's dtype of a memory, and the class in which kernels that move elements see it.
MEMORIES = {
    "f32": (np.float32, "f32"),
    "f16": (np.float16, "f32"),
    "f64": (np.float64, "f64"),
    "i32": (np.int32, "i32"),
    "i64": (np.int64, "i64"),
    "u8": (np.uint8, "i32"),
    "i16": (np.int16, "i32"),
    "bool": (np.bool_, "bool"),
    "c64": (np.complex64, "vec2<f32>"),
    "c128": (np.complex128, "vec2<f64>"),
}


@dataclass
class Operand:
    """One binding: its name in the shader, its elements, and what the kernel does with it.

    `memory` is the dtype's name in the buffer: f32, f64, i32, i64, f16, bf16, bool, u8, i8, i16, c64, c128. `compute` is the
    class in which the kernel sees it: f32, f64, i32, i64, bool, or vec2<f32> or vec2<f64> for complex numbers. `role` is "read", "write", "add" or "atomic". `fours` binds
    it by units of four elements.
    """

    name: str
    data: np.ndarray
    memory: str
    compute: str
    role: str = "read"
    fours: bool = False


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """The upper halves of float32 numbers, rounded to nearest even, as uint16."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bfloat16(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.uint32) << 16).view(np.float32)


_WORDS = {"f32": "f32", "f64": "f64", "i32": "i32", "i64": "i64", "f16": "f16", "c64": "vec2<f32>", "c128": "vec2<f64>"}
_SMALL = {"bool": 1, "u8": 1, "i8": 1, "i16": 2, "bf16": 2}
_BYTES = {"f32": 4, "f64": 8, "i32": 4, "i64": 8, "f16": 2, "c64": 8, "c128": 16} | _SMALL


def _declaration(k: int, o: Operand) -> str:
    n, big = o.name, o.name.capitalize()
    shared = o.role in ("add", "atomic")
    atomic = shared or (o.role == "write" and o.memory in _SMALL)
    bits = "u64" if o.memory == "f64" or (o.memory == "i64" and o.role == "atomic") else "u32"
    element = f"atomic<{bits}>" if atomic else _WORDS.get(o.memory, "u32")
    text = (
        f"@group(0) @binding({k}) var<storage, read_write> {n}_memory: array<{element}>;\nalias {big} = {o.compute};\n"
    )
    if o.fours:
        return _declaration_of_fours(k, o)
    if n == "fault":
        return (
            f"@group(0) @binding({k}) var<storage, read_write> fault_memory: array<atomic<u32>>;\n"
            "fn fault(code: u32) { atomicMax(&fault_memory[0], code); }\n"
        )
    if o.memory in _SMALL:
        width = _SMALL[o.memory] * 8
        per = 32 // width
        word = f"{n}_memory[i / {per}u]"
        word = f"atomicLoad(&{word})" if atomic else word
        unsigned = f"extractBits({word}, (i % {per}u) * {width}u, {width}u)"
        signed = f"extractBits(bitcast<i32>({word}), (i % {per}u) * {width}u, {width}u)"
        value = {
            "bool": f"{unsigned} != 0u",
            "u8": f"i32({unsigned})",
            "i8": signed,
            "i16": signed,
            "bf16": f"bitcast<f32>({unsigned} << 16u)",
        }[o.memory]
        to_bits = {
            "bool": "u32(bool(v))",
            "u8": "u32(i32(v)) & 0xffu",
            "i8": "u32(i32(v)) & 0xffu",
            "i16": "u32(i32(v)) & 0xffffu",
            "bf16": "bf16_bits(f32(v))",
        }[o.memory]
        mask = (1 << width) - 1
        store = (
            f"let at = (i % {per}u) * {width}u; atomicAnd(&{n}_memory[i / {per}u], ~({mask}u << at)); "
            f"atomicOr(&{n}_memory[i / {per}u], ({to_bits}) << at);"
        )
    elif o.role == "add" and o.memory == "i64":
        halves = [f"atomicLoad(&{n}_memory[2u * i + {k}u])" for k in (0, 1)]
        value = f"(i64({halves[1]}) << 32u) | i64(u64({halves[0]}))"
        store = f"atomicStore(&{n}_memory[2u * i], u32(v)); atomicStore(&{n}_memory[2u * i + 1u], u32(v >> 32u));"
    elif shared:
        value = f"bitcast<{o.memory}>(atomicLoad(&{n}_memory[i]))"
        store = f"atomicStore(&{n}_memory[i], bitcast<{bits}>({o.memory}(v)));"
    else:
        value = f"{n}_memory[i]"
        store = f"{n}_memory[i] = {element}(v);"
    if o.compute == "bool" and o.memory[0] == "c":
        value = f"!all({value} == {element}())"
    elif o.compute == "bool" and o.memory != "bool":
        value = f"!(({value}) == {element}(0))"  # nan is true
    text += f"fn load_{n}(i: u32) -> {big} {{ return {big}({value}); }}\n"
    if o.compute.startswith("vec2"):  # of which there are no vectors
        return text if o.role == "read" else text + f"fn store_{n}(i: u32, v: {big}) {{ {store} }}\n"
    if o.role == "read":
        text += f"fn load_four_{n}(i: u32, step: u32, n: u32, beyond: {big}) -> vec4<{big}> {{ var v = vec4(beyond); "
        text += f"for (var k = 0u; k < min(n, 4u); k++) {{ v[k] = load_{n}(i + k * step); }} return v; }}\n"
    else:
        text += f"fn store_{n}(i: u32, v: {big}) {{ {store} }}\n"
    if o.role == "write":
        text += f"fn store_four_{n}(i: u32, step: u32, n: u32, v: vec4<{big}>) {{ var w = v; "
        text += f"for (var k = 0u; k < min(n, 4u); k++) {{ store_{n}(i + k * step, w[k]); }} }}\n"
    if o.role == "atomic":
        text += f"fn bits_{n}(v: {big}) -> {bits} {{ return bitcast<{bits}>(v); }}\n"
        text += f"fn from_bits_{n}(v: {bits}) -> {big} {{ return bitcast<{big}>(v); }}\n"
    if o.role == "add" and o.memory == "i32":
        text += f"fn add_{n}(i: u32, v: {big}) {{ atomicAdd(&{n}_memory[i], bitcast<u32>(i32(v))); }}\n"
    if o.role == "add" and o.memory == "i64":
        text += (
            f"fn add_{n}(i: u32, v: {big}) {{ let low = u32(v); let old = atomicAdd(&{n}_memory[2u * i], low); "
            f"atomicAdd(&{n}_memory[2u * i + 1u], u32(v >> 32u) + u32(old + low < old)); }}\n"
        )
    if o.role == "add" and o.memory in ("f32", "f64"):
        text += (
            f"fn add_{n}(i: u32, v: {big}) {{ var old = atomicLoad(&{n}_memory[i]); loop {{ "
            f"let done = atomicCompareExchangeWeak(&{n}_memory[i], old, bitcast<{bits}>(bitcast<{big}>(old) + v)); "
            "if done.exchanged { break; } old = done.old_value; } }\n"
        )
    return text


def _declaration_of_fours(k: int, o: Operand) -> str:
    """Of an operand whose memory is bound by units of four elements."""
    n, big = o.name, o.name.capitalize()
    width = _SMALL.get(o.memory, 0) * 8
    words = range(width // 8)  # of a unit of small elements
    unit = f"array<u32, {len(words)}>" if width else f"vec4<{o.memory}>"
    text = f"@group(0) @binding({k}) var<storage, read_write> {n}_memory: array<{unit}>;\nalias {big} = {o.compute};\n"
    if width:
        whole = "bitcast<i32>(v[{word}])" if o.memory in ("i8", "i16") else "v[{word}]"
        bits = "extractBits(" + whole + ", {at}u, " + f"{width}u)"
        places = [divmod(k * width, 32) for k in range(4)]
        elements = [bits.format(word=word, at=at) for word, at in places]
        if o.memory == "bf16":
            elements = [f"bitcast<f32>({b} << 16u)" for b in elements]
        zero = {"bf16": "f32(0)", "i8": "i32(0)", "i16": "i32(0)"}.get(o.memory, "u32(0)")
    else:
        elements, zero = [f"v[{k}]" for k in range(4)], f"{o.memory}(0)"
    converted = [f"!(({b}) == {zero})" if o.compute == "bool" else f"{big}({b})" for b in elements]
    text += (
        f"fn load4_{n}(i: u32) -> vec4<{big}> {{ var v = {n}_memory[i]; return vec4<{big}>({', '.join(converted)}); }}\n"
        f"fn load_{n}(i: u32) -> {big} {{ return load4_{n}(i / 4u)[i % 4u]; }}\n"
        f"fn load_four_{n}(i: u32, step: u32, n: u32, beyond: {big}) -> vec4<{big}> {{ return load4_{n}(i / 4u); }}\n"
    )
    if o.role == "read":
        return text
    if width:
        to_bits = {
            "bool": "u32(bool(v{k}))",
            "bf16": "bf16_bits(f32(v{k}))",
        }.get(o.memory, "(u32(i32(v{k})) & " + f"{(1 << width) - 1}u)")
        stores = [f"{n}_memory[i] = {unit}();"]
        for k in range(4):
            word, at = divmod(k * width, 32)
            stores.append(f"{n}_memory[i][{word}] |= {to_bits.format(k=f'[{k}]')} << {at}u;")
        store = " ".join(stores)
    else:
        store = f"{n}_memory[i] = {unit}(" + ", ".join(f"{o.memory}(v[{k}])" for k in range(4)) + ");"
    return text + (
        f"fn store4_{n}(i: u32, v: vec4<{big}>) {{ {store} }}\n"
        f"fn store_four_{n}(i: u32, step: u32, n: u32, v: vec4<{big}>) {{ store4_{n}(i / 4u, v); }}\n"
    )


def _exchanged(o: Operand, subgroups: bool) -> str:
    """What a thread has that is beside one, of an operand's class."""
    shown = {
        "f32": "bitcast<f32>(beside(bitcast<u32>(v), by))",
        "i32": "bitcast<i32>(beside(bitcast<u32>(v), by))",
        "i64": "(i64(beside(u32(v >> 32u), by)) << 32u) | i64(u64(beside(u32(v), by)))",
        "f64": "bitcast<f64>((u64(beside(u32(bitcast<u64>(v) >> 32u), by)) << 32u) | u64(beside(u32(bitcast<u64>(v)), by)))",
        "bool": "beside(u32(v), by) != 0u",
    }
    value = shown[o.compute] if subgroups else "v"
    return f"fn beside_{o.name}(v: {o.compute}, by: u32) -> {o.compute} {{ return {value}; }}\n"


_FIXED = """
fn bf16_bits(v: f32) -> u32 {
    let b = bitcast<u32>(v);
    return select((b + 0x7fffu + ((b >> 16u) & 1u)) >> 16u, 0x7fc0u, (b & 0x7fffffffu) > 0x7f800000u);
}
"""
_NARROW = """alias F = f32;
const LOWEST: F = -3.4028234663852886e38;
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }
"""
_WIDE = """alias F = f64;
const LOWEST: F = -1.7976931348623157e308;
fn infinity() -> f64 { var bits = 0x7ff0000000000000lu; return bitcast<f64>(bits); }
fn is_nan(v: f64) -> bool { return (bitcast<u64>(v) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu; }
"""


def _in_place_of_built_in(text: str) -> str:
    """Functions of float64 for a kernel that calls those that SPIR-V has of 32 bits only."""
    made = {
        "exp": "fn exp(v: f64) -> f64 { return exp_of(v); }",
        "log": "fn log(v: f64) -> f64 { return log_of(v); }",
        "pow": "fn pow(v: f64, e: f64) -> f64 { return power(v, e); }",
    }
    own = [f for name, f in made.items() if re.search(rf"(?<!fn )\b{name}\(", text)]
    return "\n".join([*own, *(WIDE_FUNCTIONS[name] for name in needed(" ".join(own), WIDE_FUNCTIONS)), ""])


# What lies beyond each operand inside its binding, where no bounds check drops an access: large as any number, nan as f16.
# Beyond results there is something else, so that what is read beyond an operand is noticed where it is written.
_GUARD = b"\x7f" * 1024
_RESULT_GUARD = b"\x7e" * 1024


def _extent(o: Operand) -> int:
    """The bytes that a kernel may write: by units of four elements the last one is whole."""
    unit = 4 * _BYTES[o.memory] if o.fours else 1
    return -(-o.data.nbytes // unit) * unit


def _guarded(o: Operand) -> bytes:
    """An operand's memory, with what must stay as it is behind it."""
    guard = _GUARD if o.role == "read" else _RESULT_GUARD
    raw = np.ascontiguousarray(o.data).tobytes()
    raw += bytes(_extent(o) - len(raw)) + guard
    return raw + guard[: -len(raw) % 16]


# What was dispatched in this session: each file, and the files whose functions it was given.
DISPATCHED: dict[str, set[str]] = {}


def _repeatable(text: str, operands: Sequence[Operand], groups: tuple[int, int, int]) -> bool:
    """Whether workgroups may do their work a second time: it is only written, and not split along the grid's y."""
    for o in operands:
        read = re.search(rf"\bload(4|_four)?_{o.name}\(", text) is not None
        if o.name != "fault" and (o.role in ("add", "atomic") or (o.role == "write" and read)):
            return False
    return groups[1] == 1 and ("group.y" not in text or re.search(r"\+= (t\.)?count\.y\b", text) is not None)


class Bench:
    """A device, and the buffers and pipelines of one call at a time; skips what needs a type that the adapter lacks.

    `subgroups` says whether kernels may use them.
    """

    def __init__(self, subgroups: bool = True) -> None:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
        wanted = {"shader-f16", "shader-int64", "shader-int64-atomic-all-ops", "shader-f64", "subgroup"}
        self.features = wanted & set(adapter.features)
        self.subgroups = subgroups and "subgroup" in self.features
        self.device = adapter.request_device_sync(
            required_features=list(self.features),
            required_limits={"max-storage-buffers-per-shader-stage": 16},
        )

    def run(
        self,
        file: str,
        operands: Sequence[Operand],
        params: Sequence[int | float | np.generic],
        groups: tuple[int, int, int],
        constants: Mapping[str, tuple[str, int | float | bool]] | None = None,
        source: str | None = None,
    ) -> list[np.ndarray]:
        """Dispatches the file; the contents of all operands afterwards, in the memory's dtype.

        Where a kernel only writes its results, one column of two workgroups, each of which has to do all of the work, must
        leave the same: a loop whose stride is another number would pass elements over.
        """
        device = self.device
        text = source if source is not None else (SHADERS / f"{file}.wgsl").read_text()
        used = re.findall(r"^// Uses the functions of `(\w+)`\.$", text, re.MULTILINE)
        if "lanes" in used:
            used.append("subgroups" if self.subgroups else "no_subgroups")
            text += "".join(_exchanged(o, self.subgroups) for o in operands if o.name != "fault")
        for functions in used:
            text = (SHADERS / f"{functions}.wgsl").read_text() + text
        repeatable = _repeatable(text, operands, groups)
        if (
            any("f64" in o.compute or o.memory == "f64" for o in operands)
            and not {"shader-f64", "shader-int64"} <= self.features
        ):
            pytest.skip("the adapter has no float64")
        if (
            any(o.role == "add" and o.memory == "f64" for o in operands)
            and "shader-int64-atomic-all-ops" not in self.features
        ):
            pytest.skip("the adapter adds no float64 atomically")
        DISPATCHED.setdefault(file, set()).update(used)
        prelude = "enable f16;\n" if any(o.memory == "f16" for o in operands) else ""
        wide = any("f64" in o.compute for o in operands) or "alias T = f64;" in text
        if wide and source is None:
            text += _in_place_of_built_in(text)
        prelude += _FIXED + (_WIDE if wide else _NARROW) + "".join(_declaration(k, o) for k, o in enumerate(operands))
        for name, (kind, value) in (constants or {}).items():
            shown = str(value).lower() if kind == "bool" else f"{kind}({value})"
            prelude += f"const {name}: {kind} = {shown};\n"
        has_params = re.search(r"\bstruct Params\b", text) is not None
        if has_params:
            prelude += "@group(1) @binding(0) var<uniform> p: Params;\n"
        module = device.create_shader_module(code=prelude + text)
        kinds = [["storage"] * len(operands)] + ([["uniform"]] if has_params else [])
        layouts = [
            device.create_bind_group_layout(
                entries=[
                    {"binding": k, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": kind}}
                    for k, kind in enumerate(bindings)
                ]
            )
            for bindings in kinds
        ]
        pipeline = device.create_compute_pipeline(
            layout=device.create_pipeline_layout(bind_group_layouts=layouts),
            compute={"module": module, "entry_point": "main"},
        )
        words = b""
        for v in params:
            if not isinstance(v, float | np.floating):
                words += int(v % 2**32).to_bytes(4, "little")
            elif wide:
                words += bytes(-len(words) % 8) + np.float64(v).tobytes()
            else:
                words += np.float32(v).tobytes()
        words += bytes(-len(words) % 16)
        results = self._dispatch(file, pipeline, layouts, operands, words, groups)
        if repeatable:
            again = self._dispatch(file, pipeline, layouts, operands, words, (1, 2, 1))
            for o, once, twice in zip(operands, results, again, strict=True):
                assert once.tobytes() == twice.tobytes(), f"{file} leaves another `{o.name}` on another grid"
        return results

    def _dispatch(
        self,
        file: str,
        pipeline: wgpu.GPUComputePipeline,
        layouts: Sequence[wgpu.GPUBindGroupLayout],
        operands: Sequence[Operand],
        words: bytes,
        groups: tuple[int, int, int],
    ) -> list[np.ndarray]:
        """One dispatch over new buffers; the contents of all operands afterwards."""
        device = self.device
        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC
        buffers = [device.create_buffer_with_data(data=_guarded(o), usage=usage) for o in operands]
        bound = [buffers]
        if len(layouts) > 1:
            bound.append([device.create_buffer_with_data(data=words, usage=wgpu.BufferUsage.UNIFORM)])
        encoder = device.create_command_encoder()
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(pipeline)
        for k, (layout, own) in enumerate(zip(layouts, bound, strict=True)):
            entries = [{"binding": j, "resource": {"buffer": b}} for j, b in enumerate(own)]
            compute.set_bind_group(k, device.create_bind_group(layout=layout, entries=entries))
        compute.dispatch_workgroups(*groups)
        compute.end()
        device.queue.submit([encoder.finish()])
        results = []
        for o, b in zip(operands, buffers, strict=True):
            raw, before = bytes(device.queue.read_buffer(b)), _guarded(o)
            own = 0 if o.role == "read" else _extent(o)
            assert raw[own:] == before[own:], f"{file} wrote to `{o.name}` where it must not"
            raw = raw[: o.data.nbytes]
            results.append(np.frombuffer(raw, o.data.dtype).reshape(o.data.shape).copy())
        return results
