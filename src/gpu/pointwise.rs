//! Elementwise kernels: an op's expression, over operands of any dtypes and layouts.
//!
//! Where all operands lie one after another, the index is the place; otherwise coordinates are divided out of it, for at
//! most four dims. A thread makes four neighbouring elements at a time where the result's memory and the operands' layouts
//! allow it, so that it loads and stores 16 bytes of float32, and writes words of its own where elements share words.
use super::functions;
use super::kernel::{Call, GROUP, Memory};
use super::pipeline::Role;
use super::prelude::{Type, has_fours, is_packed};
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
    /// Where `Z` is the type, and `T` that of its parts.
    pub complex: Option<&'static str>,
}
impl Wgsl {
    pub const NONE: Wgsl = Wgsl { bool: None, int: None, float: None, complex: None };
    pub fn of(&self, class: Class) -> Option<&'static str> {
        match class {
            Class::Bool => self.bool,
            Class::I64 => self.int,
            Class::F32 => self.float,
            Class::F64 => self.float.filter(|e| functions::in_float64(e)),
            Class::C128 => self.complex,
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

/// How a thread that makes four neighbours of the result comes to an operand's elements for them.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Together,
    /// All four are the same.
    One,
    Apart,
}

/// What of the layouts is in the kernel.
struct Form {
    /// All operands lie one after another, or stand still.
    flat: bool,
    /// The result does.
    dense: bool,
    fours: bool,
    /// Four neighbours differ in the last coordinate only, and are computed as one vector, which complex ones cannot be.
    beside: bool,
    dims: usize,
    reach: SmallVec<[Reach; 6]>,
}

impl Form {
    fn new(
        gpu: &Gpu,
        walk: &Walk,
        at: &[usize],
        y: &Memory,
        inputs: &[&Memory],
        (complex, whole): (bool, bool),
    ) -> Self {
        let n = walk.numel();
        let dense = walk.dense(0);
        let flat = dense && walk.shape.len() <= 1 && walk.strides.iter().all(|s| s.iter().all(|s| *s <= 1));
        let beside = !complex && (flat || walk.shape.last().is_some_and(|n| n.is_multiple_of(4)));
        // Elements that lie in units of four, the last of which is there, too.
        let in_units = |k: usize, m: &Memory| {
            let (offset, strides) = (m.offset + at[k], &walk.strides[k]);
            let outer = strides.split_last().map_or(&[][..], |s| s.1);
            let end = (offset + n.next_multiple_of(4)) * m.dtype.size();
            has_fours(m.dtype, &gpu.abilities)
                && offset.is_multiple_of(4)
                && outer.iter().all(|s| s.is_multiple_of(4))
                && (end as u64 <= m.slice.capacity || !flat)
        };
        let reach: SmallVec<[Reach; 6]> = inputs
            .iter()
            .enumerate()
            .map(|(k, m)| match walk.strides[k + 1].last() {
                None | Some(0) => Reach::One,
                Some(1) if beside && in_units(k + 1, m) => Reach::Together,
                _ => Reach::Apart,
            })
            .collect();
        let room = dense && in_units(0, y) && (n.is_multiple_of(4) || whole);
        let fours = room && (is_packed(y.dtype, &gpu.abilities) || beside && !reach.contains(&Reach::Apart));
        Self { flat, dense, fours, beside, dims: walk.shape.len(), reach }
    }
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
    let memory: SmallVec<[&Memory; 6]> = inputs
        .iter()
        .filter_map(|i| match i {
            Input::Memory(m) => Some(m),
            Input::Number(_) => None,
        })
        .collect();
    let form = Form::new(gpu, walk, at, y, &memory, (e.ty.is_complex(), whole));
    let shader = if form.fours { shader!("pointwise_fours") } else { shader!("pointwise") };

    let mut call = Call::new(gpu, shader);
    call.expression(e.text, e.names);
    if e.ty.is_wide() {
        call.widen();
    }
    call.operand("y", &y.slice, y.dtype, e.out, if form.fours { Role::WriteFours } else { Role::Write });
    call.params([n, y.offset + at[0]]);
    // `2 / x` and `x / 2` are different kernels with the same operands.
    let numbers = inputs.iter().map(|i| matches!(i, Input::Number(_)));
    // And where all are numbers, nothing else tells the type.
    call.constant("CLASS", e.ty as u32);
    call.constant("NUMBERS", numbers.enumerate().fold(0u32, |bits, (k, n)| bits | u32::from(n) << k));
    for (k, m) in memory.iter().enumerate() {
        let role = if form.fours && form.reach[k] == Reach::Together { Role::ReadFours } else { Role::Read };
        call.operand(BINDINGS[k], &m.slice, m.dtype, e.ty, role).params([m.offset + at[k + 1]]);
    }
    for i in inputs {
        if let Input::Number(s) = i {
            match e.ty {
                Type::F32 => call.param((s.to_f64() as f32).to_bits()),
                Type::F64 => call.words(s.to_f64()),
                Type::C64 => call.param((s.to_c64().re as f32).to_bits()).param((s.to_c64().im as f32).to_bits()),
                Type::C128 => call.words(s.to_c64().re).words(s.to_c64().im),
                Type::Bool => call.param(u32::from(s.to_f64() != 0.0)),
                Type::I32 => call.param(s.to_i64() as u32),
                Type::I64 => call.param(s.to_i64() as u32).param((s.to_i64() >> 32) as u32),
            };
        }
    }
    if form.flat || form.fours {
        const STEPS: [&str; 6] = ["STEP_A", "STEP_B", "STEP_C", "STEP_D", "STEP_E", "STEP_G"];
        for (name, reach) in STEPS.iter().zip(&form.reach) {
            call.constant(name, u32::from(*reach != Reach::One));
        }
    }
    if !form.flat {
        call.constant("DENSE", form.dense).constant("BESIDE", form.beside).constant("DIMS", form.dims as u32);
        call.vec4(&padded(&walk.shape, 1), 1);
        for s in walk.strides.iter().skip(usize::from(form.dense)) {
            call.vec4(&padded(s, 0), 0);
        }
    }
    let groups = n.div_ceil(if form.fours { 4 } else { 1 }).div_ceil(GROUP as usize);
    let groups = groups.min(gpu.abilities.max_groups as usize) as u32;
    call.grid_with([groups, 1, 1], &|| source(e, inputs, &form))
}

/// The last dims at the end of a vector of four.
fn padded(dims: &[usize], with: usize) -> [usize; 4] {
    let mut v = [with; 4];
    v[4 - dims.len()..].copy_from_slice(dims);
    v
}

/// `Params`, the expression as a function, and of element i `value(i)` and `place(i)`, or of the four from 4 w `values(w)`.
fn source(e: Expression, inputs: &[Input], form: &Form) -> String {
    let mut s = String::from("struct Params { n: u32, y_offset: u32");
    let bound = inputs.iter().filter(|i| matches!(i, Input::Memory(_))).count();
    for name in &BINDINGS[..bound] {
        let _ = write!(s, ", {name}_offset: u32");
    }
    let numbers = inputs.len() - bound;
    let words = match e.ty {
        Type::Bool | Type::I32 | Type::F32 => 1,
        Type::I64 | Type::F64 | Type::C64 => 2,
        Type::C128 => 4,
    };
    for k in 0..numbers * words {
        let _ = write!(s, ", number{k}: u32");
    }
    if !form.flat {
        s.push_str(", shape: vec4<u32>");
        if !form.dense {
            s.push_str(", y_strides: vec4<u32>");
        }
        for name in &BINDINGS[..bound] {
            let _ = write!(s, ", {name}_strides: vec4<u32>");
        }
    }
    s.push_str(" }\n");
    let (t, out) = (e.ty.name(), e.out.name());
    // Functions of real numbers serve for the parts of complex ones.
    let (parts, each) = match e.ty {
        Type::C64 => ("f32", "Z"),
        Type::C128 => ("f64", "Z"),
        _ => (t, "T"),
    };
    // WGSL keeps one of the names to itself
    let spelled = |n: &str| if n == "target" { "target_" } else { n }.to_string();
    let parameters: Vec<String> = e.names.iter().map(|n| spelled(n) + ": " + each).collect();
    let functions = functions::of(e.text, e.ty);
    let _ = writeln!(s, "alias T = {parts};\nalias Z = {t};\n{functions}");
    let _ = writeln!(s, "fn expression({}) -> {out} {{ return {out}({}); }}", parameters.join(", "), e.text);
    if !form.flat {
        s.push_str("fn coordinates(i: u32) -> vec4<u32> {\n    var c = vec4<u32>(0u);\n    var rest = i;\n");
        let first = 4 - form.dims.max(1);
        for d in (first..4).rev() {
            if d == first {
                let _ = writeln!(s, "    c[{d}] = rest;");
            } else {
                let _ = writeln!(s, "    c[{d}] = rest % p.shape[{d}]; rest /= p.shape[{d}];");
            }
        }
        s.push_str("    return c;\n}\n");
    }

    let coordinates = |of: &str| if form.flat { String::new() } else { format!("let at = coordinates({of}); ") };
    // The place of an operand's element `i`, which has the coordinates `at`.
    let place = |name: &str, i: &str| match form.flat {
        true => format!("p.{name}_offset + {i} * STEP_{}", name.to_uppercase()),
        false => format!("p.{name}_offset + dot(at, p.{name}_strides)"),
    };
    let wide = |k: usize| format!("bitcast<f64>(u64(p.number{k}) | (u64(p.number{}) << 32u))", k + 1);
    let number = |k: usize| match e.ty {
        Type::F32 => format!("bitcast<f32>(p.number{k})"),
        Type::Bool => format!("(p.number{k} != 0u)"),
        Type::I32 => format!("bitcast<i32>(p.number{k})"),
        Type::I64 => format!("(i64(u64(p.number{})) | (i64(p.number{}) << 32u))", 2 * k, 2 * k + 1),
        Type::F64 => wide(2 * k),
        Type::C64 => format!("Z(bitcast<f32>(p.number{}), bitcast<f32>(p.number{}))", 2 * k, 2 * k + 1),
        Type::C128 => format!("Z({}, {})", wide(4 * k), wide(4 * k + 2)),
    };
    // The arguments of the expression, of which those in memory are named.
    let arguments = |of: &dyn Fn(usize) -> String| {
        let (mut operands, mut numbers) = (0.., 0..);
        let argument = |i: &Input| match i {
            Input::Memory(_) => of(operands.next().expect("endless")),
            Input::Number(_) => number(numbers.next().expect("endless")),
        };
        inputs.iter().map(argument).collect::<Vec<_>>().join(", ")
    };
    if !(form.fours && form.beside) {
        let loads = arguments(&|k| format!("load_{0}({1})", BINDINGS[k], place(BINDINGS[k], "i")));
        let _ = writeln!(s, "fn value(i: u32) -> Y {{ {}return expression({loads}); }}", coordinates("i"));
    }
    if !form.fours {
        let (before, place) = match form.dense {
            true => (String::new(), "p.y_offset + i".to_string()),
            false => (coordinates("i"), place("y", "i")),
        };
        let _ = writeln!(s, "fn place(i: u32) -> u32 {{ {before}return {place}; }}");
        return s;
    }

    s.push_str("fn values(w: u32) -> vec4<Y> {\n");
    let one_by_one = |value: &str| {
        format!("    var y = vec4<Y>();\n    for (var k = 0u; k < 4u; k++) {{ y[k] = {value}; }}\n    return y;\n}}\n")
    };
    if !form.beside {
        s.push_str(&one_by_one("value(min(4u * w + k, p.n - 1u))"));
        return s;
    }
    let _ = writeln!(s, "    {}", coordinates("4u * w"));
    for (name, reach) in BINDINGS.iter().zip(&form.reach) {
        let at = place(name, "4u * w");
        let step = if form.flat { "1u".to_string() } else { format!("p.{name}_strides.w") };
        let _ = match reach {
            Reach::Together if form.flat => writeln!(s, "    let {name} = load4_{name}(p.{name}_offset / 4u + w);"),
            Reach::Together => writeln!(s, "    let {name} = load4_{name}(({at}) / 4u);"),
            Reach::One => writeln!(s, "    let {name} = load_{name}({at});"),
            Reach::Apart => {
                let load = |k| format!("load_{name}({at} + {k}u * {step})");
                writeln!(s, "    let {name} = vec4<T>({}, {}, {}, {});", load(0), load(1), load(2), load(3))
            }
        };
    }
    let of = |element: &str| {
        let argument = |k: usize| match form.reach[k] {
            Reach::One => BINDINGS[k].to_string(),
            _ => format!("{}{element}", BINDINGS[k]),
        };
        format!("expression({})", arguments(&argument))
    };
    if functions.len() > LONG {
        s.push_str(&one_by_one(&of("[k]")));
    } else {
        let _ = writeln!(s, "    return vec4<Y>({}, {}, {}, {});\n}}", of(".x"), of(".y"), of(".z"), of(".w"));
    }
    s
}

/// Characters of functions that are not worth compiling four times.
const LONG: usize = 2000;
