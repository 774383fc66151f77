//! Every row of the op table through the same checks: schema, derivatives, layouts, empty tensors, dtypes, `out=`.
//!
//! A check collects what it finds wrong over all rows and then fails once. `OP=name cargo test --test every_op` looks
//! at the rows of one name only.
use rusttorch::dtype::{C64, Class};
use rusttorch::layout::Layout;
use rusttorch::ops::schema::{Kind, Param};
use rusttorch::ops::{self, Arg, Args, Op, Out, Samples, Value};
use rusttorch::{DType, Result, Tensor, engine};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Results that depend on strides or on what memory happens to hold: not compared between layouts.
const SEES_MEMORY: &[&str] = &["as_strided", "as_strided_", "as_strided_copy", "as_strided_scatter"];

type Found = Vec<String>;

/// Runs `check` on every row with samples; fails with all findings.
fn each_row(check: impl Fn(&Op, &[Vec<Value>], &mut Found)) {
    let only = std::env::var("OP").ok();
    let mut found = Found::new();
    for op in ops::table() {
        if only.as_ref().is_some_and(|o| o != op.name()) {
            continue;
        }
        let run = AssertUnwindSafe(|| {
            let mut mine = Found::new();
            check(&op, &(op.samples)(&mut Samples::default()), &mut mine);
            mine
        });
        match catch_unwind(run) {
            Ok(mine) => found.extend(mine.into_iter().map(|m| format!("{}\n    {m}", op.schema))),
            Err(_) => found.push(format!("{}\n    panicked", op.schema)),
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found[..found.len().min(60)].join("\n"));
}

// ---- calls ----------------------------------------------------------------------------------------------------------

fn call(op: &Op, args: &[Value]) -> Result<Out> {
    let mut args = args.to_vec();
    // An op that exists in place only must not be given a leaf, nor the sample itself.
    if op.name().ends_with('_') {
        args = map(&args, |t| ops::clone(t, None).unwrap());
    }
    let borrowed: Vec<Arg> = args.iter().map(Value::arg).collect();
    (op.call)(&Args(&borrowed))
}

/// The arguments with every tensor replaced.
fn map(args: &[Value], mut f: impl FnMut(&Tensor) -> Tensor) -> Vec<Value> {
    args.iter()
        .map(|v| match v {
            Value::Tensor(t) => Value::Tensor(f(t)),
            Value::Tensors(v) => Value::Tensors(v.iter().map(&mut f).collect()),
            Value::OptTensors(v) => Value::OptTensors(v.iter().map(|t| t.as_ref().map(&mut f)).collect()),
            v => v.clone(),
        })
        .collect()
}
/// The arguments with only the `k`-th tensor replaced.
fn map_one(args: &[Value], k: usize, f: impl Fn(&Tensor) -> Tensor) -> Vec<Value> {
    let mut i = 0;
    map(args, |t| {
        i += 1;
        if i - 1 == k { f(t) } else { t.clone() }
    })
}
fn tensors(args: &[Value]) -> Vec<Tensor> {
    let mut all = vec![];
    map(args, |t| {
        all.push(t.clone());
        t.clone()
    });
    all
}

/// A dense tensor with these elements, in the memory order of `like`.
fn like(like: &Tensor, v: &[C64]) -> Tensor {
    let flat = Tensor::from_slice(v, like.shape()).unwrap().cast_data(DType::C128).unwrap();
    let t = Tensor::empty_as(like.layout().like(), like.dtype()).unwrap();
    t.copy_data(&flat);
    t
}
fn values(t: &Tensor) -> Vec<C64> {
    t.to_vec::<C64>().unwrap()
}
/// Where derivatives are checked: only double precision is precise enough.
fn is_variable(t: &Tensor) -> bool {
    matches!(t.dtype(), DType::F64 | DType::C128)
}
fn leaves(args: &[Value]) -> (Vec<Value>, Vec<Tensor>) {
    let mut all = vec![];
    let args = map(args, |t| {
        let t = t.detach();
        if is_variable(&t) {
            t.set_requires_grad(true).unwrap();
            all.push(t.clone());
        }
        t
    });
    (args, all)
}

/// Largest difference of two results, relative to `1 + |b|`; infinite where shapes differ or only one is NaN.
fn difference(a: &Tensor, b: &Tensor) -> f64 {
    if a.shape() != b.shape() {
        return f64::INFINITY;
    }
    let far = |(a, b): (&C64, &C64)| match (a, b) {
        _ if a == b || (a.re.is_nan() || a.im.is_nan()) && (b.re.is_nan() || b.im.is_nan()) => 0.0,
        _ => Some((a - b).norm() / (1.0 + b.norm())).filter(|d| !d.is_nan()).unwrap_or(f64::INFINITY),
    };
    values(a).iter().zip(&values(b)).map(far).fold(0.0, f64::max)
}

// ---- the rows themselves --------------------------------------------------------------------------------------------

fn fits(p: &Param, v: &Value) -> bool {
    matches!(
        (p.kind, v),
        (Kind::Tensor, Value::Tensor(_) | Value::Scalar(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_))
            | (Kind::Tensors, Value::Tensors(_))
            | (Kind::OptTensors, Value::OptTensors(_) | Value::Tensors(_))
            | (Kind::Scalar, Value::Scalar(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_))
            | (Kind::Int, Value::Int(_))
            | (Kind::Ints(Some(_)), Value::Int(_))
            | (Kind::Ints(_), Value::Ints(_))
            | (Kind::Float, Value::Float(_) | Value::Int(_))
            | (Kind::Floats(_) | Kind::Scalars, Value::Floats(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Bools, Value::Bools(_))
            | (Kind::Str, Value::Str(_))
            | (Kind::DType, Value::DType(_))
            // Samples leave memory formats at their default.
            | (Kind::MemoryFormat, Value::None)
    ) || p.optional && matches!(v, Value::None)
}

#[test]
fn schema_doc_and_samples_fit_together() {
    each_row(|op, samples, found| {
        let schema = op.parsed();
        let doc = op.doc.trim();
        if !doc.starts_with(|c: char| !c.is_lowercase() || doc.starts_with("e ")) || !doc.ends_with(['.', ':']) {
            found.push(format!("the doc is not a sentence: {doc:?}"));
        }
        if !op.forms.chars().all(|c| "fmpions".contains(c)) || op.forms.is_empty() {
            found.push(format!("unknown forms {:?}", op.forms));
        }
        if op.forms.contains(['m', 'i']) && schema.params.first().is_none_or(|p| p.kind != Kind::Tensor) {
            found.push("a method needs a tensor as its first parameter".into());
        }
        if samples.is_empty() && !op.has('n') && schema.params.iter().any(|p| p.kind == Kind::Tensor && !p.optional) {
            found.push("a differentiable op needs samples".into());
        }
        for args in samples {
            if args.len() != schema.params.len() {
                found.push(format!("a sample has {} arguments for {} parameters", args.len(), schema.params.len()));
                continue;
            }
            for (p, v) in schema.params.iter().zip(args).filter(|(p, v)| !fits(p, v)) {
                found.push(format!("a sample's `{}` does not fit {:?}: {:?}", p.name, p.kind, v.arg_kind()));
            }
            match call(op, args) {
                Err(e) => found.push(format!("a sample fails: {e}")),
                Ok(out) => {
                    let (list, n) = (matches!(out, Out::List(_)), out.tensors().len());
                    if n > 0 && !list && schema.count.is_some_and(|c| c != n) {
                        found.push(format!("{n} results where the schema has {:?}", schema.count));
                    }
                }
            }
        }
    });
}

#[test]
fn no_overload_is_there_twice() {
    let mut seen = std::collections::HashSet::new();
    let twice: Vec<&str> = ops::table().iter().map(|op| op.schema).filter(|s| !seen.insert(*s)).collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

trait ArgKind {
    fn arg_kind(&self) -> String;
}
impl ArgKind for Value {
    fn arg_kind(&self) -> String {
        match self {
            Value::None => "None".into(),
            Value::Tensor(t) => format!("{t:?}"),
            Value::Scalar(s) => format!("{s:?}"),
            Value::Int(v) => format!("int {v}"),
            Value::Float(v) => format!("float {v}"),
            Value::Bool(v) => format!("bool {v}"),
            Value::Ints(v) => format!("ints {v:?}"),
            Value::Str(v) => format!("str {v:?}"),
            _ => "a list or dtype".into(),
        }
    }
}

// ---- derivatives ----------------------------------------------------------------------------------------------------

/// Sum of all results' elements (real and imaginary parts), each with its own weight, so that every one counts.
fn scalar(op: &Op, args: &[Value]) -> Result<Option<Tensor>> {
    let mut total: Option<Tensor> = None;
    let mut weight = 0.3;
    for y in call(op, args)?.tensors() {
        if !is_variable(&y) {
            continue;
        }
        let y = if y.dtype().is_complex() { ops::view_as_real(&y)? } else { y };
        let w: Vec<f64> = (0..y.numel()).map(|i| weight + 0.1 * i as f64 - 0.05 * (i % 3) as f64).collect();
        weight += 0.7;
        let part = ops::sum(&ops::mul(&y, &Tensor::from_slice(&w, y.shape())?)?, &[], false, None)?;
        total = Some(match total {
            Some(t) => ops::add(&t, &part)?,
            None => part,
        });
    }
    Ok(total)
}

fn gradients(of: Option<&Tensor>, leaves: &[Tensor], create_graph: bool) -> Result<Vec<Tensor>> {
    let refs: Vec<&Tensor> = leaves.iter().collect();
    // A result outside the graph claims that it does not depend on the leaves: then its derivative must be zero.
    let grads = match of {
        Some(y) if y.requires_grad() && !refs.is_empty() => engine::grad(y, &refs, create_graph)?,
        _ => vec![None; refs.len()],
    };
    grads.into_iter().zip(leaves).map(|(g, l)| g.map_or_else(|| Tensor::zeros(l.shape(), l.dtype()), Ok)).collect()
}

fn first(op: &Op, args: &[Value], create_graph: bool) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let (args, leaves) = leaves(args);
    let grads = gradients(scalar(op, &args)?.as_ref(), &leaves, create_graph)?;
    Ok((leaves, grads))
}

/// A scalar function of the first gradients.
fn of_grads(grads: &[Tensor]) -> Result<Option<Tensor>> {
    let mut total: Option<Tensor> = None;
    for (k, g) in grads.iter().enumerate() {
        let g = if g.dtype().is_complex() { ops::view_as_real(&ops::contiguous(g)?)? } else { g.clone() };
        let part = ops::sum(&ops::mul(&ops::mul(&g, &g)?, 1.0 + 0.1 * k as f64)?, &[], false, None)?;
        total = Some(match total {
            Some(t) => ops::add(&t, &part)?,
            None => part,
        });
    }
    Ok(total)
}

/// Compares `grads` (one per variable among `args`) with central differences of `f`.
fn compare(args: &[Value], f: &dyn Fn(&[Value]) -> Result<f64>, grads: &[Tensor], found: &mut Found) -> Result<()> {
    const STEP: f64 = 1e-5;
    const MOST: usize = 16;
    let all = tensors(args);
    let variables = all.iter().enumerate().filter(|(_, t)| is_variable(t));
    for ((k, t), g) in variables.zip(grads) {
        let (x, g) = (values(t), values(g));
        let every = x.len().div_ceil(MOST).max(1);
        for e in (0..x.len()).step_by(every) {
            let parts = if t.dtype().is_complex() { 2 } else { 1 };
            for part in 0..parts {
                let step = if part == 0 { C64::new(STEP, 0.0) } else { C64::new(0.0, STEP) };
                let at = |sign: f64| {
                    let mut v = x.clone();
                    v[e] += step * sign;
                    f(&map_one(args, k, |t| like(t, &v)))
                };
                let numeric = (at(1.0)? - at(-1.0)?) / (2.0 * STEP);
                let formula = if part == 0 { g[e].re } else { g[e].im };
                let near = (numeric - formula).abs() < 2e-5 * (1.0 + numeric.abs());
                if !near {
                    found.push(format!(
                        "input {k}{:?} element {e} part {part}: {formula} but numeric {numeric}",
                        t.shape()
                    ));
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

#[test]
fn first_derivatives() {
    each_row(|op, samples, found| {
        for args in samples.iter().filter(|_| !op.has('n')) {
            let run = |found: &mut Found| -> Result<()> {
                let grads = first(op, args, false)?.1;
                let f = |a: &[Value]| scalar(op, a)?.map_or(Ok(0.0), |s| s.item().map(|s| s.to_f64()));
                compare(args, &f, &grads, found)
            };
            match run(found) {
                // Some derivatives do not exist in PyTorch either, and say so.
                Err(e) if e.message.starts_with("derivative for ") || e.message.starts_with("the derivative for ") => {}
                Err(e) => found.push(format!("fails: {e}")),
                Ok(()) => {}
            }
        }
    });
}

/// The gradients of order `of`, each order that of a scalar function of the gradients one order below.
fn higher(op: &Op, args: &[Value], of: usize) -> Result<Vec<Tensor>> {
    let (leaves, mut grads) = first(op, args, of > 1)?;
    for order in 2..=of {
        grads = gradients(of_grads(&grads)?.as_ref(), &leaves, order < of)?;
    }
    Ok(grads)
}

/// Compares derivatives of one order with numeric ones of the order below; false where nothing could be compared.
fn compare_order(op: &Op, args: &[Value], order: usize, found: &mut Found) -> Result<bool> {
    let grads = higher(op, args, order)?;
    let f = |a: &[Value]| {
        let s = of_grads(&higher(op, a, order - 1)?)?;
        s.map_or(Ok(0.0), |s| s.item().map(|s| s.to_f64()))
    };
    compare(args, &f, &grads, found)?;
    let (args, leaves) = leaves(args);
    let in_graph = scalar(op, &args)?.is_some_and(|y| y.requires_grad());
    Ok(in_graph && leaves.iter().any(|l| l.numel() > 0))
}

/// Rows that are not flagged `n` and whose second derivative is nevertheless not compared with numeric ones, and why.
const NOT_TWICE: &[(&str, &str)] = &[
    ("heaviside(", "no derivative, as in PyTorch"),
    ("floor_divide(", "no derivative, as in PyTorch"),
    ("remainder.Scalar_Tensor(", "no derivative for its only tensor, as in PyTorch"),
    ("_special::zeta.other_scalar(", "no derivative for its only tensor, as in PyTorch"),
    ("bincount(", "no derivative, as in PyTorch"),
    ("histogram.", "no derivative, as in PyTorch"),
    ("unique", "no derivative, as in PyTorch"),
    ("_unique", "no derivative, as in PyTorch"),
    ("float(", "the result is not in double precision, which numeric derivatives need"),
    ("half(", "the result is not in double precision, which numeric derivatives need"),
    ("bfloat16(", "the result is not in double precision, which numeric derivatives need"),
    ("cfloat(", "the result is not in double precision, which numeric derivatives need"),
    ("ctc_loss", "its gradient is a fused op without a derivative, as in PyTorch"),
    ("_ctc_loss", "its gradient is a fused op without a derivative, as in PyTorch"),
];

#[test]
fn second_derivatives() {
    each_row(|op, samples, found| {
        let (mut compared, mut refusal) = (false, None);
        for args in samples.iter().filter(|_| !op.has('n')) {
            match compare_order(op, args, 2, found) {
                // Some derivatives do not exist in PyTorch either, and say so.
                Err(e) if e.message.starts_with("derivative for ") || e.message.starts_with("the derivative for ") => {
                    refusal = Some(e.message);
                }
                Err(e) => found.push(format!("fails: {e}")),
                Ok(any) => compared |= any,
            }
        }
        if !op.has('n') {
            match (compared, NOT_TWICE.iter().any(|(schema, _)| op.schema.starts_with(schema))) {
                (false, false) => found.push(format!("is not compared, and NOT_TWICE does not say why: {refusal:?}")),
                (true, true) => found.push("is compared, but NOT_TWICE says that it is not".into()),
                _ => {}
            }
        }
    });
}

#[test]
fn third_derivatives_of_functions_of_one_number() {
    each_row(|op, samples, found| {
        let Some(row) = op.row.filter(|r| r.inputs.len() == 1 && !r.grads.is_empty()) else { return };
        for args in samples.iter().filter(|_| !op.has('n') && row.arity == 1) {
            match compare_order(op, args, 3, found) {
                Err(e) if e.message.starts_with("derivative for ") || e.message.starts_with("the derivative for ") => {}
                Err(e) => found.push(format!("fails: {e}")),
                Ok(_) => {}
            }
        }
    });
}

#[test]
fn float_results_require_grad_unless_the_row_says_no() {
    each_row(|op, samples, found| {
        for args in samples {
            let (args, leaves) = leaves(args);
            let Ok(out) = call(op, &args) else { continue };
            let out: Vec<Tensor> = out.tensors().into_iter().filter(|t| t.dtype().is_differentiable()).collect();
            if leaves.is_empty() || out.is_empty() || op.name().ends_with('_') && op.has('n') {
                continue;
            }
            match (op.has('n'), out.iter().any(Tensor::requires_grad)) {
                (false, false) => found.push("the result does not require grad, but the row is not flagged n".into()),
                (true, true) => found.push("the result requires grad, but the row is flagged n".into()),
                _ => {}
            }
        }
    });
}

// ---- layouts, sizes, dtypes -----------------------------------------------------------------------------------------

/// The same elements with gaps between them, and not at the start of their storage.
fn spread(t: &Tensor) -> Tensor {
    let mut shape: Vec<usize> = t.shape().iter().map(|n| 2 * n + 1).collect();
    shape.push(2);
    let big = Tensor::zeros(&shape, t.dtype()).unwrap();
    let l = big.layout();
    let place = Layout {
        shape: t.shape().into(),
        strides: l.strides[..t.rank()].iter().map(|s| 2 * s).collect(),
        offset: if t.numel() == 0 { 0 } else { l.strides.iter().sum() },
    };
    let part = big.with_layout(place);
    part.copy_data(t);
    part
}
/// The same elements with the dims in reverse order in memory.
fn turned(t: &Tensor) -> Tensor {
    let dims: Vec<usize> = (0..t.rank()).rev().collect();
    let flipped = t.with_layout(t.layout().permute(&dims)).contiguous_data().unwrap();
    flipped.with_layout(flipped.layout().permute(&dims))
}
/// The same elements without gaps, but not at the start of their storage.
fn shifted(t: &Tensor) -> Tensor {
    let big = Tensor::zeros(&[t.numel() + 4], t.dtype()).unwrap();
    let part = big.with_layout(Layout { offset: 4, ..Layout::contiguous(t.shape()) });
    part.copy_data(t);
    part
}
fn packed(t: &Tensor) -> Tensor {
    t.contiguous_data().unwrap()
}

#[test]
fn strides_do_not_matter() {
    each_row(|op, samples, found| {
        for args in samples.iter().filter(|_| !SEES_MEMORY.contains(&op.name()) && !op.name().contains("empty")) {
            let args = map(args, packed);
            let (Ok(expected), Ok(again)) = (call(op, &args), call(op, &args)) else { continue };
            let (expected, again) = (expected.tensors(), again.tensors());
            if expected.iter().zip(&again).any(|(a, b)| difference(a, b) != 0.0) {
                continue; // a random op
            }
            for (how, change) in
                [("transposed", turned as fn(&Tensor) -> Tensor), ("spread", spread), ("shifted", shifted)]
            {
                match call(op, &map(&args, change)) {
                    Ok(out) => {
                        for (a, b) in out.tensors().iter().zip(&expected) {
                            let d = difference(a, b);
                            if d > 1e-9 || a.dtype() != b.dtype() {
                                found.push(format!("{how}: off by {d}: {a:?} instead of {b:?}"));
                            }
                        }
                    }
                    Err(_) if op.schema.contains("(a)") => {} // a view that this layout does not allow
                    Err(e) => found.push(format!("{how}: {e}")),
                }
            }
        }
    });
}

#[test]
fn empty_tensors_do_not_panic() {
    each_row(|op, samples, _| {
        let cut = |t: &Tensor, d: usize| {
            let mut shape = t.shape().to_vec();
            if let Some(n) = shape.get_mut(d) {
                *n = 0;
            }
            if shape == t.shape() { t.clone() } else { Tensor::zeros(&shape, t.dtype()).unwrap() }
        };
        let run = |args: &[Value]| {
            let (args, leaves) = leaves(args);
            if let Ok(Some(y)) = scalar(op, &args) {
                let _ = gradients(Some(&y), &leaves, false);
            }
        };
        for args in samples {
            let all = tensors(args);
            for d in 0..all.iter().map(Tensor::rank).max().unwrap_or(0) {
                run(&map(args, |t| cut(t, d)));
                for k in 0..all.len() {
                    run(&map_one(args, k, |t| cut(t, d)));
                }
            }
        }
    });
}

/// How an op says that it is not there for 16-bit floats.
const NOT_FOR_HALVES: &[&str] = &[
    "not implemented for",
    "only supported for",
    "to be Half, Float or Double tensors",
    "half precision",
    "either float or double",
];

#[test]
fn narrow_floats_agree_with_wide_ones() {
    each_row(|op, samples, found| {
        let to = |args: &[Value], dtype: DType| {
            map(args, |t| match t.dtype() {
                DType::F64 | DType::F32 | DType::BF16 | DType::F16 => {
                    let y = Tensor::empty_as(t.layout().like(), dtype).unwrap();
                    y.copy_data(t);
                    y
                }
                _ => t.clone(),
            })
        };
        for args in samples.iter().filter(|_| !op.name().contains("empty")) {
            for (narrow, wide, tolerance) in
                [(DType::F32, DType::F64, 2e-4), (DType::BF16, DType::F32, 3e-2), (DType::F16, DType::F32, 4e-3)]
            {
                let args = to(args, narrow);
                let wide_args = to(&args, wide);
                let (Ok(b), Ok(b2)) = (call(op, &wide_args), call(op, &wide_args)) else { continue };
                let (b, b2) = (b.tensors(), b2.tensors());
                if b.iter().zip(&b2).any(|(a, b)| difference(a, b) != 0.0) {
                    continue; // a random op
                }
                match call(op, &args) {
                    Ok(a) => {
                        for (a, b) in a.tensors().iter().zip(&b).filter(|(a, _)| a.dtype().class() == Class::F32) {
                            let d = difference(a, b);
                            if d > tolerance {
                                found.push(format!("{narrow:?}: off by {d}: {a:?} instead of {b:?}"));
                            }
                        }
                    }
                    // Some ops are for float32 and float64 only, as in PyTorch.
                    Err(e) if narrow != DType::F32 && NOT_FOR_HALVES.iter().any(|w| e.message.contains(w)) => {}
                    Err(e) => found.push(format!("{narrow:?}: {e}")),
                }
            }
        }
    });
}

#[test]
fn results_can_be_written_into_given_memory() {
    each_row(|op, samples, found| {
        let Some(call_into) = op.call_into else { return };
        for args in samples {
            let Ok(Out::Tensor(y)) = call(op, args) else { continue };
            let write = |args: &[Value], into: &Tensor, found: &mut Found, how: &str| {
                let borrowed: Vec<Arg> = args.iter().map(Value::arg).collect();
                match call_into(&Args(&borrowed), into) {
                    Ok(()) if difference(into, &y) == 0.0 => {}
                    Ok(()) => found.push(format!("{how}: {into:?} instead of {y:?}")),
                    Err(e) => found.push(format!("{how}: {e}")),
                }
            };
            write(args, &spread(&Tensor::zeros(y.shape(), y.dtype()).unwrap()), found, "out=");
            if let Some(Value::Tensor(x)) = args.first()
                && op.has('i')
                && x.shape() == y.shape()
                && x.dtype() == y.dtype()
            {
                let own = map_one(args, 0, |t| ops::clone(&t.detach(), None).unwrap());
                let x = tensors(&own)[0].clone();
                write(&own, &x, found, "in place");
            }
        }
    });
}
