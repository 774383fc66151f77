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
}

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
        }
    }
    /// The type of the CPU's compute class for a dtype: int64 needs the adapter's help, narrower integers do not.
    pub fn of(class: Class, dtype: DType, abilities: &Abilities) -> Result<Self> {
        Ok(match class {
            Class::Bool => Type::Bool,
            Class::F32 => Type::F32,
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
/// Elements in a word of memory that a kernel packs: 1 where an element is a word or more.
pub fn per_word(dtype: DType, abilities: &Abilities) -> u32 {
    small(dtype, abilities).map_or(1, |bits| 32 / bits)
}

const FIXED: &str = "
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }
fn bf16_bits(v: f32) -> u32 {
    let b = bitcast<u32>(v);
    return select((b + 0x7fffu + ((b >> 16u) & 1u)) >> 16u, 0x7fc0u, is_nan(v));
}
";

/// The text before the file of a key whose operands have these names.
pub fn prelude(key: &Key, names: &[&str], has_params: bool, abilities: &Abilities) -> String {
    let mut s = String::new();
    if abilities.f16 && key.operands.iter().any(|(d, ..)| *d == DType::F16) {
        s.push_str("enable f16;\n");
    }
    s.push_str(FIXED);
    for (k, (name, operand)) in names.iter().zip(&key.operands).enumerate() {
        declare(&mut s, k, name, *operand, abilities);
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

fn declare(s: &mut String, k: usize, name: &str, (dtype, ty, role): (DType, Type, Role), abilities: &Abilities) {
    let binding = format!("@group(0) @binding({k}) var<storage, read_write> {name}_memory");
    if name == "fault" {
        let _ = writeln!(s, "{binding}: array<atomic<u32>>;");
        let _ = writeln!(s, "fn fault(code: u32) {{ atomicMax(&fault_memory[0], code); }}");
        return;
    }
    let bits = small(dtype, abilities);
    let shared = matches!(role, Role::Add | Role::Atomic);
    let atomic = shared || role == Role::Write && bits.is_some();
    let native = role == Role::Add && dtype == DType::F32 && abilities.float_atomics;
    let element = match dtype {
        _ if native => "atomic<f32>",
        DType::I64 if role == Role::Atomic => "atomic<u64>",
        _ if atomic => "atomic<u32>",
        _ if bits.is_some() => "u32",
        DType::I32 => "i32",
        DType::I64 if abilities.int64 => "i64",
        DType::I64 => "vec2<i32>",
        DType::F16 => "f16",
        _ => "f32",
    };
    let mut big = name.to_string();
    big[..1].make_ascii_uppercase();
    let to = ty.name();
    let _ = writeln!(s, "{binding}: array<{element}>;\nalias {big} = {to};");

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
            let half = |k: u32| format!("i64(atomicLoad(&{name}_memory[2u * i + {k}u]))");
            format!("(({} << 32u) | {})", half(1), half(0))
        }
        _ if native => at(1),
        _ if atomic => format!("bitcast<f32>({})", at(1)),
        (DType::I64, _) if !abilities.int64 => format!("{name}_memory[i].x"),
        _ => format!("{name}_memory[i]"),
    };
    let load = match (ty, dtype) {
        (Type::Bool, DType::Bool) => value,
        (Type::Bool, DType::F16) if abilities.f16 => format!("f32({value}) != 0.0"),
        (Type::Bool, d) if d.is_float() => format!("{value} != 0.0"),
        (Type::Bool, DType::I64) if abilities.int64 => format!("{value} != 0li"),
        (Type::Bool, DType::I64) => format!("any({name}_memory[i] != vec2<i32>(0))"),
        (Type::Bool, _) => format!("{value} != 0"),
        _ => format!("{to}({value})"),
    };
    let _ = writeln!(s, "fn load_{name}(i: u32) -> {big} {{ return {load}; }}");
    if role == Role::Read {
        return;
    }

    // The bits of a small element, or a value of the memory's type.
    let integer = if ty == Type::Bool { "u32(v)".to_string() } else { "bitcast<u32>(i32(v))".to_string() };
    let number = if ty == Type::Bool { "select(0.0, 1.0, v)".to_string() } else { "f32(v)".to_string() };
    let packed = match (dtype, ty) {
        (DType::Bool, Type::Bool) => "u32(v)".to_string(),
        (DType::Bool, _) => format!("select(0u, 1u, v != {big}(0))"),
        (DType::U8 | DType::I8, _) => format!("{integer} & 0xffu"),
        (DType::I16, _) => format!("{integer} & 0xffffu"),
        (DType::BF16, _) => format!("bf16_bits({number})"),
        _ => format!("pack2x16float(vec2<f32>({number}, 0.0)) & 0xffffu"),
    };
    if let Some(bits) = bits {
        let per = 32 / bits;
        let _ = writeln!(s, "const PER_{}: u32 = {per}u;", name.to_uppercase());
        let _ = writeln!(s, "fn bits_{name}(v: {big}) -> u32 {{ return {packed}; }}");
        if role != Role::Words {
            let mask = if bits == 8 { "0xffu" } else { "0xffffu" };
            let _ = writeln!(
                s,
                "fn store_{name}(i: u32, v: {big}) {{ let at = (i % {per}u) * {bits}u; \
                 atomicAnd(&{name}_memory[i / {per}u], ~({mask} << at)); \
                 atomicOr(&{name}_memory[i / {per}u], bits_{name}(v) << at); }}"
            );
        }
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
        _ if atomic => format!("atomicStore(&{name}_memory[i], bitcast<u32>(f32(v)));"),
        (DType::I64, Type::Bool) if abilities.int64 => format!("{name}_memory[i] = select(0li, 1li, v);"),
        (DType::I64, _) if !abilities.int64 => {
            format!("let low = i32(v); {name}_memory[i] = vec2<i32>(low, low >> 31u);")
        }
        (DType::F16, Type::Bool) => format!("{name}_memory[i] = f16({number});"),
        (DType::F32, Type::Bool) => format!("{name}_memory[i] = {number};"),
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
    } else if role == Role::Add && dtype == DType::F32 {
        let _ = writeln!(
            s,
            "fn add_{name}(i: u32, v: {big}) {{ var old = atomicLoad(&{name}_memory[i]); loop {{ \
             let done = atomicCompareExchangeWeak(&{name}_memory[i], old, bitcast<u32>(bitcast<f32>(old) + v)); \
             if done.exchanged {{ break; }} old = done.old_value; }} }}"
        );
    }
}
