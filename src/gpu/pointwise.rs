//! Elementwise kernels: an op's expression, over operands of any dtypes and layouts.
//!
//! Where all operands lie one after another, the index is the place; otherwise coordinates are divided out of it, for at
//! most four dims. Elements smaller than a word are packed, so that a thread writes words of its own, where the result's
//! memory allows it.
use super::functions;
use super::kernel::{Call, GROUP, Memory};
use super::pipeline::Role;
use super::prelude::{Type, per_word};
use super::queue::Gpu;
use super::walk::Walk;
use crate::dtype::{Class, Scalar};
use crate::error::Result;
use smallvec::SmallVec;
use std::fmt::Write;

/// An op's expressions in WGSL, by compute class: of its operands by their names, where `T` is the class's type (`f32`;
/// `i32` or `i64`; `bool`). `None` where the op is not defined for a class, or not on the GPU.
#[derive(Clone, Copy)]
pub struct Wgsl {
    pub bool: Option<&'static str>,
    pub int: Option<&'static str>,
    pub float: Option<&'static str>,
}
impl Wgsl {
    pub const NONE: Wgsl = Wgsl { bool: None, int: None, float: None };
    pub fn of(&self, class: Class) -> Option<&'static str> {
        match class {
            Class::Bool => self.bool,
            Class::I64 => self.int,
            Class::F32 => self.float,
            Class::F64 => self.float.filter(|e| functions::in_float64(e)),
            Class::C128 => None,
        }
    }
}

pub enum Input<'a> {
    Memory(Memory<'a>),
    Number(Scalar),
}

/// The expression, the names that it uses for the inputs, the type it computes in and the one it gives.
#[derive(Clone, Copy)]
pub struct Expression {
    pub text: &'static str,
    pub names: &'static [&'static str],
    pub ty: Type,
    pub out: Type,
}

const BINDINGS: [&str; 6] = ["a", "b", "c", "d", "e", "g"];

/// Writes the expression of the inputs to every element of `y`. `whole`: `y` is all there is in its storage from its
/// offset on, so that what follows it may be written, too.
pub fn run(gpu: &'static Gpu, e: Expression, shape: &[usize], y: Memory, inputs: &[Input], whole: bool) -> Result<()> {
    let mut strides: SmallVec<[&[usize]; 4]> = smallvec::smallvec![y.strides];
    strides.extend(inputs.iter().filter_map(|i| match i {
        Input::Memory(m) => Some(m.strides),
        Input::Number(_) => None,
    }));
    Walk::new(shape, &strides).parts(&mut |walk, at| part(gpu, e, walk, at, &y, inputs, whole))
}

fn part(
    gpu: &'static Gpu,
    e: Expression,
    walk: &Walk,
    at: &[usize],
    y: &Memory,
    inputs: &[Input],
    whole: bool,
) -> Result<()> {
    let n = walk.numel();
    let flat = walk.shape.len() <= 1 && walk.strides.iter().all(|s| s.iter().all(|s| *s <= 1)) && walk.dense(0);
    let dense = walk.dense(0);
    let per = per_word(y.dtype, &gpu.abilities) as usize;
    let y_offset = y.offset + at[0];
    let packed = per > 1 && dense && y_offset.is_multiple_of(per) && (n.is_multiple_of(per) || whole);
    let shader = if packed { shader!("pointwise_packed") } else { shader!("pointwise") };

    let mut call = Call::new(gpu, shader);
    call.expression(e.text, e.names);
    if e.ty == Type::F64 {
        call.widen();
    }
    call.operand("y", &y.slice, y.dtype, e.out, if packed { Role::Words } else { Role::Write });
    call.params([n, y_offset]);
    // `2 / x` and `x / 2` are different kernels with the same operands.
    let numbers = inputs.iter().map(|i| matches!(i, Input::Number(_)));
    // And where all are numbers, nothing else tells the type.
    call.constant("CLASS", e.ty as u32);
    call.constant("NUMBERS", numbers.enumerate().fold(0u32, |bits, (k, n)| bits | u32::from(n) << k));
    let memory: SmallVec<[&Memory; 4]> = inputs
        .iter()
        .filter_map(|i| match i {
            Input::Memory(m) => Some(m),
            Input::Number(_) => None,
        })
        .collect();
    for (k, m) in memory.iter().enumerate() {
        call.operand(BINDINGS[k], &m.slice, m.dtype, e.ty, Role::Read).params([m.offset + at[k + 1]]);
    }
    for i in inputs {
        if let Input::Number(s) = i {
            match e.ty {
                Type::F32 => call.param((s.to_f64() as f32).to_bits()),
                Type::F64 => call.param(s.to_f64().to_bits() as u32).param((s.to_f64().to_bits() >> 32) as u32),
                Type::Bool => call.param(u32::from(s.to_f64() != 0.0)),
                Type::I32 => call.param(s.to_i64() as u32),
                Type::I64 => call.param(s.to_i64() as u32).param((s.to_i64() >> 32) as u32),
            };
        }
    }
    let steps: SmallVec<[usize; 4]> = walk.strides.iter().map(|s| s.first().copied().unwrap_or(0).min(1)).collect();
    if flat {
        const STEPS: [&str; 6] = ["STEP_A", "STEP_B", "STEP_C", "STEP_D", "STEP_E", "STEP_G"];
        for (name, step) in STEPS.iter().zip(&steps[1..]) {
            call.constant(name, *step as u32);
        }
    } else {
        call.constant("DENSE", dense).constant("DIMS", walk.shape.len() as u32);
        call.vec4(&padded(&walk.shape, 1), 1);
        for s in walk.strides.iter().skip(usize::from(dense)) {
            call.vec4(&padded(s, 0), 0);
        }
    }
    let groups = n.div_ceil(if packed { per } else { 1 }).div_ceil(GROUP as usize);
    let groups = groups.min(gpu.abilities.max_groups as usize) as u32;
    call.grid_with([groups, 1, 1], &|| source(e, inputs, flat, dense, walk.shape.len()))
}

/// The last dims at the end of a vector of four.
fn padded(dims: &[usize], with: usize) -> [usize; 4] {
    let mut v = [with; 4];
    v[4 - dims.len()..].copy_from_slice(dims);
    v
}

/// `Params`, the expression as a function, `value(i)` and `place(i)`.
fn source(e: Expression, inputs: &[Input], flat: bool, dense: bool, dims: usize) -> String {
    let mut s = String::from("struct Params { n: u32, y_offset: u32");
    let bound = inputs.iter().filter(|i| matches!(i, Input::Memory(_))).count();
    for name in &BINDINGS[..bound] {
        let _ = write!(s, ", {name}_offset: u32");
    }
    let numbers = inputs.len() - bound;
    for k in 0..numbers * if matches!(e.ty, Type::I64 | Type::F64) { 2 } else { 1 } {
        let _ = write!(s, ", number{k}: u32");
    }
    if !flat {
        s.push_str(", shape: vec4<u32>");
        if !dense {
            s.push_str(", y_strides: vec4<u32>");
        }
        for name in &BINDINGS[..bound] {
            let _ = write!(s, ", {name}_strides: vec4<u32>");
        }
    }
    s.push_str(" }\n");
    let (t, out) = (e.ty.name(), e.out.name());
    // WGSL keeps one of the names to itself
    let spelled = |n: &str| if n == "target" { "target_" } else { n }.to_string();
    let parameters: Vec<String> = e.names.iter().map(|n| spelled(n) + ": T").collect();
    let _ = writeln!(s, "alias T = {t};\n{}", functions::of(e.text, e.ty));
    let _ = writeln!(s, "fn expression({}) -> {out} {{ return {out}({}); }}", parameters.join(", "), e.text);

    let coordinates = if flat {
        ""
    } else {
        s.push_str("fn coordinates(i: u32) -> vec4<u32> {\n    var c = vec4<u32>(0u);\n    var rest = i;\n");
        for d in (4 - dims.max(1)..4).rev() {
            if d == 4 - dims.max(1) {
                let _ = writeln!(s, "    c[{d}] = rest;");
            } else {
                let _ = writeln!(s, "    c[{d}] = rest % p.shape[{d}]; rest /= p.shape[{d}];");
            }
        }
        s.push_str("    return c;\n}\n");
        "let c = coordinates(i); "
    };
    let (mut operand, mut number) = (0, 0);
    let arguments: Vec<String> = inputs
        .iter()
        .map(|i| match i {
            Input::Memory(_) => {
                let name = BINDINGS[operand];
                operand += 1;
                let at = if flat {
                    format!("i * STEP_{}", name.to_uppercase())
                } else {
                    format!("dot(c, p.{name}_strides)")
                };
                format!("load_{name}(p.{name}_offset + {at})")
            }
            Input::Number(_) => {
                number += 1;
                let k = number - 1;
                match e.ty {
                    Type::F32 => format!("bitcast<f32>(p.number{k})"),
                    Type::Bool => format!("(p.number{k} != 0u)"),
                    Type::I32 => format!("bitcast<i32>(p.number{k})"),
                    Type::I64 => format!("(i64(p.number{}) | (i64(p.number{}) << 32u))", 2 * k, 2 * k + 1),
                    Type::F64 => {
                        format!("bitcast<f64>(u64(p.number{}) | (u64(p.number{}) << 32u))", 2 * k, 2 * k + 1)
                    }
                }
            }
        })
        .collect();
    let _ = writeln!(s, "fn value(i: u32) -> Y {{ {coordinates}return expression({}); }}", arguments.join(", "));
    let place = match (dense, flat) {
        (true, _) | (_, true) => "p.y_offset + i".to_string(),
        _ => format!("{} p.y_offset + dot(c, p.y_strides)", ""),
    };
    let before = if dense || flat { "" } else { coordinates };
    let _ = writeln!(s, "fn place(i: u32) -> u32 {{ {before}return {place}; }}");
    s
}
