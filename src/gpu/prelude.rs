//! What is put before a shader file: bindings, types, loads and stores, made from the operands' dtypes.
//!
//! `shaders/README.md` says what a file may rely on.
use super::adapter::Abilities;
use super::pipeline::{Key, Role};
use crate::dtype::{Class, DType};
use crate::error::Result;
use std::fmt::Write;

/// The type in which a kernel computes with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    Bool,
    I32,
    I64,
    F32,
    F64,
    C64,
    C128,
}

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::C64 => "vec2<f32>",
            Type::C128 => "vec2<f64>",
        }
    }
    /// The type of the CPU's compute class for a dtype: int64 needs the adapter's help, narrower integers do not.
    pub fn of(class: Class, dtype: DType, abilities: &Abilities) -> Result<Self> {
        Ok(match class {
            Class::Bool => Type::Bool,
            Class::F32 => Type::F32,
            Class::F64 if abilities.f64 => Type::F64,
            Class::C128 if dtype == DType::C64 => Type::C64,
            Class::C128 if abilities.f64 => Type::C128,
            Class::I64 if dtype == DType::I64 => {
                ensure!(
                    abilities.int64,
                    NotImplemented,
                    "{}: this GPU computes with no int64 (feature shader-int64): cast the tensor to int32",
                    crate::device::op()
                );
                Type::I64
            }
            Class::I64 => Type::I32,
            Class::F64 | Class::C128 => {
                bail!(Type, "shaders compute with no {}: move the tensor to the CPU, or cast it", dtype.name())
            }
        })
    }
    pub fn is_float(self) -> bool {
        matches!(self, Type::F32 | Type::F64)
    }
    pub fn is_complex(self) -> bool {
        matches!(self, Type::C64 | Type::C128)
    }
    /// Whether floats that go with it are of 64 bits.
    pub fn is_wide(self) -> bool {
        matches!(self, Type::F64 | Type::C128)
    }
    /// The dtype of memory that holds results of the type.
    pub fn dtype(self) -> DType {
        match self {
            Type::Bool => DType::Bool,
            Type::I32 => DType::I32,
            Type::I64 => DType::I64,
            Type::F32 => DType::F32,
            Type::F64 => DType::F64,
            Type::C64 => DType::C64,
            Type::C128 => DType::C128,
        }
    }
}

/// A number that a kernel is specialised on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constant {
    Bool(bool),
    U32(u32),
    I32(i32),
    /// By its bits.
    F32(u32),
}
impl From<bool> for Constant {
    fn from(v: bool) -> Self {
        Constant::Bool(v)
    }
}
impl From<u32> for Constant {
    fn from(v: u32) -> Self {
        Constant::U32(v)
    }
}
impl From<i32> for Constant {
    fn from(v: i32) -> Self {
        Constant::I32(v)
    }
}
impl From<f32> for Constant {
    fn from(v: f32) -> Self {
        Constant::F32(v.to_bits())
    }
}

/// Bits of the smaller elements, several of which share a word.
fn small(dtype: DType, abilities: &Abilities) -> Option<u32> {
    match dtype {
        DType::Bool | DType::U8 | DType::I8 => Some(8),
        DType::I16 | DType::BF16 => Some(16),
        DType::F16 if !abilities.f16 => Some(16),
        _ => None,
    }
}
/// Whether elements share words of memory, so that threads that write single ones disturb each other.
pub fn is_packed(dtype: DType, abilities: &Abilities) -> bool {
    small(dtype, abilities).is_some()
}
/// Whether four elements can be loaded and stored together.
pub fn has_fours(dtype: DType, abilities: &Abilities) -> bool {
    !dtype.is_complex() && (dtype != DType::I64 || abilities.int64)
}

const FIXED: &str = "
fn bf16_bits(v: f32) -> u32 {
    let b = bitcast<u32>(v);
    return select((b + 0x7fffu + ((b >> 16u) & 1u)) >> 16u, 0x7fc0u, (b & 0x7fffffffu) > 0x7f800000u);
}
";
const NARROW: &str = "alias F = f32;
const LOWEST: F = -3.4028234663852886e38;
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }
";
const WIDE: &str = "alias F = f64;
const LOWEST: F = -1.7976931348623157e308;
fn infinity() -> f64 { var bits = 0x7ff0000000000000lu; return bitcast<f64>(bits); }
fn is_nan(v: f64) -> bool { return (bitcast<u64>(v) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu; }
";

/// The text before the file of a key whose operands have these names; `lanes` says that it uses those functions.
pub fn prelude(key: &Key, names: &[&str], has_params: bool, lanes: bool, abilities: &Abilities) -> String {
    let mut s = String::new();
    if abilities.f16 && key.operands.iter().any(|(d, ..)| *d == DType::F16) {
        s.push_str("enable f16;\n");
    }
    s.push_str(FIXED);
    s.push_str(if key.wide { WIDE } else { NARROW });
    for (k, (name, operand)) in names.iter().zip(&key.operands).enumerate() {
        declare(&mut s, k, name, *operand, abilities);
        if lanes {
            let exchanged = exchanged(operand.1, abilities);
            let (name, ty) = (name, operand.1.name());
            let _ = writeln!(s, "fn beside_{name}(v: {ty}, by: u32) -> {ty} {{ return {exchanged}; }}");
        }
    }
    if lanes {
        s.push_str(match abilities.subgroup {
            true => include_str!("../../shaders/subgroups.wgsl"),
            false => include_str!("../../shaders/no_subgroups.wgsl"),
        });
    }
    for (name, value) in &key.constants {
        let _ = match value {
            Constant::Bool(v) => writeln!(s, "const {name}: bool = {v};"),
            Constant::U32(v) => writeln!(s, "const {name}: u32 = {v}u;"),
            Constant::I32(v) => writeln!(s, "const {name}: i32 = i32({v});"),
            Constant::F32(v) => writeln!(s, "const {name}: f32 = {:?}f;", f32::from_bits(*v)),
        };
    }
    if has_params {
        s.push_str("var<immediate> p: Params;\n");
    }
    s
}

/// What the neighbour that differs in the bits `by` has for `v`.
fn exchanged(ty: Type, abilities: &Abilities) -> &'static str {
    match ty {
        _ if !abilities.subgroup => "v",
        Type::F32 | Type::I32 => "subgroupShuffleXor(v, by)",
        Type::Bool => "beside(u32(v), by) != 0u",
        Type::I64 => "(i64(beside(u32(v >> 32u), by)) << 32u) | i64(u64(beside(u32(v), by)))",
        // No kernel exchanges these.
        Type::C64 | Type::C128 => "v",
        Type::F64 => {
            "bitcast<f64>((u64(beside(u32(bitcast<u64>(v) >> 32u), by)) << 32u) | u64(beside(u32(bitcast<u64>(v)), by)))"
        }
    }
}

fn declare(s: &mut String, k: usize, name: &str, (dtype, ty, role): (DType, Type, Role), abilities: &Abilities) {
    let binding = format!("@group(0) @binding({k}) var<storage, read_write> {name}_memory");
    if name == "fault" {
        let _ = writeln!(s, "{binding}: array<atomic<u32>>;");
        let _ = writeln!(s, "fn fault(code: u32) {{ atomicMax(&fault_memory[0], code); }}");
        return;
    }
    let bits = small(dtype, abilities);
    let shared = matches!(role, Role::Add | Role::Atomic);
    let fours = matches!(role, Role::ReadFours | Role::WriteFours);
    let atomic = shared || role == Role::Write && bits.is_some();
    let native = role == Role::Add && dtype == DType::F32 && abilities.float_atomics;
    let element = match dtype {
        _ if native => "atomic<f32>",
        DType::F64 if atomic => "atomic<u64>",
        DType::I64 if role == Role::Atomic => "atomic<u64>",
        _ if atomic => "atomic<u32>",
        _ if bits.is_some() => "u32",
        DType::I32 => "i32",
        DType::I64 if abilities.int64 => "i64",
        DType::I64 => "vec2<i32>",
        DType::F16 => "f16",
        DType::F64 => "f64",
        DType::C64 => "vec2<f32>",
        DType::C128 => "vec2<f64>",
        _ => "f32",
    };
    let mut big = name.to_string();
    big[..1].make_ascii_uppercase();
    let to = ty.name();
    let unit = match bits {
        Some(8) => "u32".to_string(),
        Some(_) => "vec2<u32>".to_string(),
        None => format!("vec4<{element}>"),
    };
    let _ = writeln!(s, "{binding}: array<{}>;\nalias {big} = {to};", if fours { &unit } else { element });
    if fours {
        declare_fours(s, name, &big, &unit, (dtype, ty, role), bits);
        return;
    }

    // What lies at element `i`, in the type in which WGSL has it.
    let at = |per: u32| {
        let word = format!("{name}_memory[i / {per}u]");
        if atomic { format!("atomicLoad(&{word})") } else { word }
    };
    let value = match (dtype, bits) {
        (_, Some(bits)) => {
            let per = 32 / bits;
            let (word, shift) = (at(per), format!("(i % {per}u) * {bits}u, {bits}u"));
            match dtype {
                DType::I8 | DType::I16 => format!("extractBits(bitcast<i32>({word}), {shift})"),
                DType::U8 => format!("i32(extractBits({word}, {shift}))"),
                DType::BF16 => format!("bitcast<f32>(extractBits({word}, {shift}) << 16u)"),
                DType::F16 => format!("unpack2x16float(extractBits({word}, {shift})).x"),
                _ => format!("(extractBits({word}, {shift}) != 0u)"),
            }
        }
        (DType::I32, _) if atomic => format!("bitcast<i32>({})", at(1)),
        (DType::I64, _) if role == Role::Atomic => format!("bitcast<i64>({})", at(1)),
        (DType::I64, _) if atomic => {
            // By way of u64: a u32 becomes an i64 by extending its sign where naga writes SPIR-V.
            let half = |k: u32| format!("i64(u64(atomicLoad(&{name}_memory[2u * i + {k}u])))");
            format!("(({} << 32u) | {})", half(1), half(0))
        }
        _ if native => at(1),
        (DType::F64, _) if atomic => format!("bitcast<f64>({})", at(1)),
        _ if atomic => format!("bitcast<f32>({})", at(1)),
        (DType::I64, _) if !abilities.int64 => format!("{name}_memory[i].x"),
        _ => format!("{name}_memory[i]"),
    };
    let load = match (ty, dtype) {
        (Type::Bool, DType::Bool) => value,
        (Type::Bool, DType::C64 | DType::C128) => format!("!all({value} == {element}())"),
        (Type::C64 | Type::C128, DType::C64 | DType::C128) => format!("{to}({value})"),
        (Type::C64 | Type::C128, DType::Bool) => format!("{to}(F(u32({value})), 0.0)"),
        (Type::C64 | Type::C128, _) => format!("{to}(F({value}), 0.0)"),
        (_, DType::C64 | DType::C128) => format!("{to}({value}.x)"),
        (Type::Bool, DType::F16) if abilities.f16 => format!("!(f32({value}) == 0.0)"),
        // NaN is true, and differs from nothing in SPIR-V.
        (Type::Bool, d) if d.is_float() => format!("!({value} == 0.0)"),
        (Type::Bool, DType::I64) if abilities.int64 => format!("{value} != 0li"),
        (Type::Bool, DType::I64) => format!("any({name}_memory[i] != vec2<i32>(0))"),
        (Type::Bool, _) => format!("{value} != 0"),
        // By shifts, for llvmpipe takes a number that was an i32 for positive where it compares it with a constant.
        (Type::I64, d) if d != DType::I64 && !d.is_float() => format!("(i64({value}) << 32u) >> 32u"),
        _ => format!("{to}({value})"),
    };
    let _ = writeln!(s, "fn load_{name}(i: u32) -> {big} {{ return {load}; }}");
    // WGSL has no vectors of vectors.
    let single = ty.is_complex();
    if role == Role::Read {
        if single {
            return;
        }
        let _ = writeln!(
            s,
            "fn load_four_{name}(i: u32, step: u32, n: u32, beyond: {big}) -> vec4<{big}> {{ \
             if n > 3u {{ return vec4<{big}>(load_{name}(i), load_{name}(i + step), load_{name}(i + 2u * step), \
             load_{name}(i + 3u * step)); }} var v = vec4<{big}>(beyond); if n > 0u {{ v.x = load_{name}(i); }} \
             if n > 1u {{ v.y = load_{name}(i + step); }} if n > 2u {{ v.z = load_{name}(i + 2u * step); }} \
             return v; }}"
        );
        return;
    }
    if role == Role::Write && !single {
        let _ = writeln!(
            s,
            "fn store_four_{name}(i: u32, step: u32, n: u32, v: vec4<{big}>) {{ if n > 0u {{ store_{name}(i, v.x); }} \
             if n > 1u {{ store_{name}(i + step, v.y); }} if n > 2u {{ store_{name}(i + 2u * step, v.z); }} \
             if n > 3u {{ store_{name}(i + 3u * step, v.w); }} }}"
        );
    }

    let number = if ty == Type::Bool { "select(0.0, 1.0, v)" } else { "f32(v)" };
    if let Some(bits) = bits {
        let (per, packed) = (32 / bits, packed(dtype, ty, &big));
        let mask = if bits == 8 { "0xffu" } else { "0xffffu" };
        let _ = writeln!(
            s,
            "fn store_{name}(i: u32, v: {big}) {{ let at = (i % {per}u) * {bits}u; \
             atomicAnd(&{name}_memory[i / {per}u], ~({mask} << at)); \
             atomicOr(&{name}_memory[i / {per}u], ({packed}) << at); }}"
        );
        return;
    }
    let stored = match (dtype, ty) {
        (DType::I32, _) if atomic => format!("atomicStore(&{name}_memory[i], bitcast<u32>(i32(v)));"),
        (DType::I64, _) if role == Role::Atomic => {
            format!("atomicStore(&{name}_memory[i], bitcast<u64>(i64(v)));")
        }
        (DType::I64, _) if atomic => format!(
            "atomicStore(&{name}_memory[2u * i], u32(v)); atomicStore(&{name}_memory[2u * i + 1u], u32(v >> 32u));"
        ),
        _ if native => format!("atomicStore(&{name}_memory[i], f32(v));"),
        (DType::F64, _) if atomic => format!("atomicStore(&{name}_memory[i], bitcast<u64>(f64(v)));"),
        _ if atomic => format!("atomicStore(&{name}_memory[i], bitcast<u32>(f32(v)));"),
        (DType::I64, Type::Bool) if abilities.int64 => format!("{name}_memory[i] = select(0li, 1li, v);"),
        (DType::I64, _) if !abilities.int64 => {
            format!("let low = i32(v); {name}_memory[i] = vec2<i32>(low, low >> 31u);")
        }
        (DType::C64 | DType::C128, _) if !ty.is_complex() => format!("{name}_memory[i] = {element}(F({number}), 0.0);"),
        (DType::F16, Type::Bool) => format!("{name}_memory[i] = f16({number});"),
        (DType::F32, Type::Bool) => format!("{name}_memory[i] = {number};"),
        (DType::F64, Type::Bool) => format!("{name}_memory[i] = f64({number});"),
        _ => format!("{name}_memory[i] = {element}(v);"),
    };
    let _ = writeln!(s, "fn store_{name}(i: u32, v: {big}) {{ {stored} }}");
    if role == Role::Atomic {
        let word = if dtype == DType::I64 { "u64" } else { "u32" };
        let _ = writeln!(s, "fn bits_{name}(v: {big}) -> {word} {{ return bitcast<{word}>(v); }}");
        let _ = writeln!(s, "fn from_bits_{name}(v: {word}) -> {big} {{ return bitcast<{big}>(v); }}");
    }
    if role == Role::Add && dtype == DType::I32 {
        let _ =
            writeln!(s, "fn add_{name}(i: u32, v: {big}) {{ atomicAdd(&{name}_memory[i], bitcast<u32>(i32(v))); }}");
    }
    if role == Role::Add && dtype == DType::I64 {
        let _ = writeln!(
            s,
            "fn add_{name}(i: u32, v: {big}) {{ let low = u32(v); let old = atomicAdd(&{name}_memory[2u * i], low); \
             atomicAdd(&{name}_memory[2u * i + 1u], u32(v >> 32u) + u32(old + low < old)); }}"
        );
    }
    if native {
        let _ = writeln!(s, "fn add_{name}(i: u32, v: {big}) {{ atomicAdd(&{name}_memory[i], v); }}");
    } else if role == Role::Add && matches!(dtype, DType::F32 | DType::F64) {
        let bits = if dtype == DType::F64 { "u64" } else { "u32" };
        let _ = writeln!(
            s,
            "fn add_{name}(i: u32, v: {big}) {{ var old = atomicLoad(&{name}_memory[i]); loop {{ \
             let done = atomicCompareExchangeWeak(&{name}_memory[i], old, bitcast<{bits}>(bitcast<{big}>(old) + v)); \
             if done.exchanged {{ break; }} old = done.old_value; }} }}"
        );
    }
}

/// The bits of a small element of value `v`.
fn packed(dtype: DType, ty: Type, big: &str) -> String {
    let integer = if ty == Type::Bool { "u32(v)" } else { "bitcast<u32>(i32(v))" };
    let number = if ty == Type::Bool { "select(0.0, 1.0, v)" } else { "f32(v)" };
    match (dtype, ty) {
        (DType::Bool, Type::Bool) => "u32(v)".to_string(),
        (DType::Bool, _) => format!("select(0u, 1u, v != {big}(0))"),
        (DType::U8 | DType::I8, _) => format!("{integer} & 0xffu"),
        (DType::I16, _) => format!("{integer} & 0xffffu"),
        (DType::BF16, _) => format!("bf16_bits({number})"),
        _ => format!("pack2x16float(vec2<f32>({number}, 0.0)) & 0xffffu"),
    }
}

/// Loads and stores of an operand whose memory is bound by units of four elements.
fn declare_fours(
    s: &mut String,
    name: &str,
    big: &str,
    unit: &str,
    (dtype, ty, role): (DType, Type, Role),
    bits: Option<u32>,
) {
    let value = match (dtype, bits) {
        (DType::Bool | DType::U8, _) => "(vec4<u32>(v) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu)",
        (DType::I8, _) => "(vec4<i32>(bitcast<i32>(v)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u)",
        (DType::I16, _) => "(vec4<i32>(bitcast<vec2<i32>>(v).xxyy) << vec4(16u, 0u, 16u, 0u)) >> vec4(16u)",
        (DType::BF16, _) => "bitcast<vec4<f32>>((v.xxyy << vec4(16u, 0u, 16u, 0u)) & vec4(0xffff0000u))",
        (DType::F16, Some(_)) => "vec4(unpack2x16float(v.x), unpack2x16float(v.y))",
        _ => "v",
    };
    let load = match (ty, dtype) {
        (Type::Bool, DType::F16) => format!("!(vec4<f32>({value}) == vec4<f32>())"),
        (Type::Bool, DType::F64) => format!("!({value} == vec4<f64>())"),
        (Type::Bool, d) if d.is_float() => format!("!(({value}) == vec4<f32>())"),
        (Type::Bool, DType::I64) => format!("{value} != vec4<i64>()"),
        (Type::Bool, DType::Bool | DType::U8) => format!("({value}) != vec4<u32>()"),
        (Type::Bool, _) => format!("({value}) != vec4<i32>()"),
        (Type::I64, d) if d != DType::I64 && !d.is_float() => format!("(vec4<i64>({value}) << vec4(32u)) >> vec4(32u)"),
        _ => format!("vec4<{big}>({value})"),
    };
    let _ = writeln!(s, "fn load4_{name}(i: u32) -> vec4<{big}> {{ let v = {name}_memory[i]; return {load}; }}");
    let _ = writeln!(s, "fn load_{name}(i: u32) -> {big} {{ return load4_{name}(i / 4u)[i % 4u]; }}");
    let _ = writeln!(
        s,
        "fn load_four_{name}(i: u32, step: u32, n: u32, beyond: {big}) -> vec4<{big}> {{ return load4_{name}(i / 4u); }}"
    );
    if role == Role::ReadFours {
        return;
    }
    let number = if ty == Type::Bool { "select(vec4<f32>(), vec4<f32>(1.0), v)" } else { "vec4<f32>(v)" };
    let stored = match (dtype, bits) {
        (_, Some(bits)) => {
            let _ = writeln!(s, "fn bits_{name}(v: {big}) -> u32 {{ return {}; }}", packed(dtype, ty, big));
            let _ = writeln!(
                s,
                "fn bits4_{name}(v: vec4<{big}>) -> vec4<u32> {{ \
                 return vec4(bits_{name}(v.x), bits_{name}(v.y), bits_{name}(v.z), bits_{name}(v.w)); }}"
            );
            match bits {
                8 => format!(
                    "let b = bits4_{name}(v) << vec4(0u, 8u, 16u, 24u); {name}_memory[i] = b.x | b.y | b.z | b.w;"
                ),
                _ => format!("let b = bits4_{name}(v); {name}_memory[i] = b.xz | (b.yw << vec2(16u));"),
            }
        }
        (DType::I64 | DType::I32 | DType::F64, _) if ty == Type::Bool => {
            format!("{name}_memory[i] = select({unit}(), {unit}(1), v);")
        }
        (DType::F16 | DType::F32, _) => format!("{name}_memory[i] = {unit}({number});"),
        _ => format!("{name}_memory[i] = {unit}(v);"),
    };
    let _ = writeln!(s, "fn store4_{name}(i: u32, v: vec4<{big}>) {{ {stored} }}");
    let _ =
        writeln!(s, "fn store_four_{name}(i: u32, step: u32, n: u32, v: vec4<{big}>) {{ store4_{name}(i / 4u, v); }}");
}
