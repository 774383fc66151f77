//! Every row of the op table on a GPU: forward, backward, `out=` and in place as on the CPU, in any layout.
//!
//! Without an adapter the tests say so and pass, unless `RUSTTORCH_GPU_REQUIRED=1`. `OP=name cargo test --test gpu` looks
//! at the rows of one name only. An op without a kernel must refuse by name; `NOT_THERE` lists those, and why.
use rusttorch::device::{self, Device, Inside};
use rusttorch::dtype::C64;
use rusttorch::engine::{self, Options};
use rusttorch::error::{Kind, catch_raised};
use rusttorch::layout::Layout;
use rusttorch::ops::{self, Arg, Args, Op, Out, Samples, Value};
use rusttorch::{DType, Error, Result, Tensor, gpu};
mod languages;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

const GPU: Device = Device::Gpu(0);

/// They refuse float64, which a device must have to be asked for it.
const OF_FLOAT32: &str = "in float64: what it computes with is made for float32";
/// They have results where the device has float64.
const ONLY_WITHOUT: &str = "float64 results";

/// Ops that may refuse to run on a GPU, and why.
const NOT_THERE: &[(&str, &str)] = &[
    ("airy_ai", OF_FLOAT32),
    ("bessel_j0", OF_FLOAT32),
    ("bessel_j1", OF_FLOAT32),
    ("bessel_y0", OF_FLOAT32),
    ("bessel_y1", OF_FLOAT32),
    ("_scaled_dot_product_flash_attention_for_cpu", OF_FLOAT32),
];

/// Ops of which no sample can be compared, and why.
const NOT_COMPARED: &[(&str, &str)] = &[("double", ONLY_WITHOUT), ("float_power", ONLY_WITHOUT)];

/// Results that depend on what memory happens to hold: only their shapes are compared.
const ANY_CONTENT: &[&str] =
    &["empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided", "resize_"];

/// Results that depend on the order of memory by definition: they are tried with contiguous operands only.
const SEES_MEMORY: &[&str] = &["as_strided", "as_strided_", "as_strided_copy", "as_strided_scatter"];

/// False without an adapter, which is said, and a failure where one must be there.
fn present() -> bool {
    let there = !gpu::adapters().is_empty();
    if !there {
        let required = std::env::var("RUSTTORCH_GPU_REQUIRED").is_ok_and(|v| v == "1");
        assert!(!required, "RUSTTORCH_GPU_REQUIRED=1, but {}", gpu::missing(0));
        println!("skipped: {}", gpu::missing(0));
    }
    there
}

// ---- arguments ------------------------------------------------------------------------------------------------------

/// The arguments with every tensor replaced.
fn map(args: &[Value], mut f: impl FnMut(&Tensor) -> Result<Tensor>) -> Result<Vec<Value>> {
    args.iter()
        .map(|v| {
            Ok(match v {
                Value::Tensor(t) => Value::Tensor(f(t)?),
                Value::Tensors(v) => Value::Tensors(v.iter().map(&mut f).collect::<Result<_>>()?),
                Value::OptTensors(v) => {
                    Value::OptTensors(v.iter().map(|t| t.as_ref().map(&mut f).transpose()).collect::<Result<_>>()?)
                }
                v => v.clone(),
            })
        })
        .collect()
}
fn tensors(args: &[Value]) -> Vec<Tensor> {
    let mut all = vec![];
    let _ = map(args, |t| {
        all.push(t.clone());
        Ok(t.clone())
    });
    all
}
fn values(t: &Tensor) -> Vec<C64> {
    t.to_vec::<C64>().unwrap()
}

/// How a tensor goes to the device: as it lies, or with gaps and the dims in another order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lies {
    Together,
    Apart,
}
fn there(t: &Tensor, lies: Lies) -> Result<Tensor> {
    let _inside = Inside::of(GPU);
    if lies == Lies::Together {
        let moved = t.moved_data(GPU)?;
        if let Some(gpu) = moved.gpu().filter(|_| t.numel() > 1) {
            // Bytes that no kernel has wanted are still the host's, and would hide that an op reads them there.
            moved.on_gpu(gpu)?;
        }
        return Ok(moved);
    }
    let shape: Vec<usize> = t.shape().iter().rev().map(|n| 2 * n + 1).collect();
    let big = Tensor::zeros(&[&shape[..], &[2]].concat(), t.dtype())?;
    let l = big.layout();
    let place = Layout {
        shape: t.shape().into(),
        strides: l.strides[..t.rank()].iter().rev().map(|s| 2 * s).collect(),
        offset: if t.numel() == 0 { 0 } else { l.strides.iter().sum() },
    };
    let part = big.with_layout(place);
    part.copy_data(t);
    Ok(part)
}

/// The arguments on the device, but for those that the host reads.
fn all_there(op: &Op, args: &[Value], lies: Lies) -> Result<Vec<Value>> {
    let mut moved = map(args, |t| there(t, lies))?;
    op.read_by_the_host().iter().for_each(|&i| moved[i] = args[i].clone());
    Ok(moved)
}

/// The float64 and complex tensors of a sample, which are what derivatives are asked of.
fn variables(args: &[Value]) -> Vec<bool> {
    tensors(args).iter().map(|t| t.dtype() == DType::F64 || t.dtype().is_complex()).collect()
}
/// The sample with another dtype in float64's place, or with no narrower floats.
fn in_dtype(args: &[Value], dtype: DType) -> Result<Vec<Value>> {
    let cast = |t: &Tensor| match t.dtype() {
        DType::F64 => dtype,
        DType::F32 if dtype == DType::F64 => dtype,
        DType::C64 | DType::C128 => dtype.to_complex(),
        same => same,
    };
    let args = map(args, |t| t.cast_data(cast(t)))?;
    let named = |v| if let Value::DType(DType::F64) = v { Value::DType(dtype) } else { v };
    Ok(args.into_iter().map(named).collect())
}

// ---- calls ----------------------------------------------------------------------------------------------------------

struct Results {
    values: Vec<Tensor>,
    grads: Vec<Option<Tensor>>,
}

/// The op's results, and the gradients of its variables for seeds that differ from element to element.
fn run(op: &Op, args: &[Value], variables: &[bool]) -> Result<Results> {
    ops::default_generator().lock().manual_seed(7);
    let mut k = 0;
    let mut leaves = vec![];
    let own = map(args, |t| {
        let leaf = t.detach();
        if variables[k] && !op.has('n') {
            leaf.set_requires_grad(true)?;
            leaves.push(leaf.clone());
        }
        k += 1;
        // an op that exists in place only must not be given a leaf, nor the sample itself
        let _inside = Inside::of(leaf.device());
        if op.name().ends_with('_') { catch_raised(|| ops::clone(&leaf, None)) } else { Ok(leaf) }
    })?;
    let borrowed: Vec<Arg> = own.iter().map(Value::arg).collect();
    let out = catch_raised(|| op.run(&Args(&borrowed)))?;
    let values = out.tensors();
    let (mut roots, mut seeds) = (vec![], vec![]);
    for y in values.iter().filter(|y| y.requires_grad() && y.dtype().is_float()) {
        let w: Vec<f64> = (0..y.numel()).map(|i| 0.3 + 0.1 * (i % 7) as f64 - 0.05 * (i % 3) as f64).collect();
        let seed = Tensor::from_slice(&w, y.shape())?.cast_data(y.dtype())?;
        roots.push(engine::root_edge(y, 0)?);
        seeds.push(seed.moved_data(y.device())?);
    }
    if roots.is_empty() || leaves.is_empty() {
        return Ok(Results { values, grads: vec![] });
    }
    let inputs = leaves.iter().map(|l| engine::root_edge(l, 0)).collect::<Result<Vec<_>>>()?;
    let o = Options { keep_graph: false, create_graph: false, accumulate: false, allow_unreachable: true };
    let grads = catch_raised(|| engine::run(&roots, seeds, &inputs, o))?;
    Ok(Results { values, grads })
}

/// Largest difference of two results, relative to `1 + |b|`; infinite where shapes differ or only one is NaN.
fn difference(a: &Tensor, b: &Tensor) -> f64 {
    if a.shape() != b.shape() || a.dtype() != b.dtype() {
        return f64::INFINITY;
    }
    let far = |(a, b): (&C64, &C64)| match (a, b) {
        _ if a == b || a.re.is_nan() && b.re.is_nan() => 0.0,
        _ => Some((a - b).norm() / (1.0 + b.norm())).filter(|d| !d.is_nan()).unwrap_or(f64::INFINITY),
    };
    values(a).iter().zip(&values(b)).map(far).fold(0.0, f64::max)
}

// ---- what is found --------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    /// Ops that refuse, by the names in their messages.
    refused: BTreeSet<String>,
    /// Ops that refuse for want of int64.
    of_int64: BTreeSet<&'static str>,
    compared: BTreeMap<&'static str, usize>,
    /// Ops with samples that a device could store.
    tried: BTreeSet<&'static str>,
}

impl Found {
    /// Sorts an error: a refusal that names what it must, a dtype that no device has, or a finding.
    fn error(&mut self, op: &'static Op, how: &str, e: &Error) {
        const WORDS: &str = "is not implemented for the device 'wgpu:0'";
        let named = e.message.split('\'').nth(1).unwrap_or("").to_string();
        match e.kind {
            Kind::NotImplemented if e.message.contains(WORDS) => {
                let dtype = e.message.split("' and ").nth(1).and_then(|m| m.split('.').next()).unwrap_or("");
                if named.is_empty() || dtype.is_empty() || !e.message.contains("RUSTTORCH_GPU_FALLBACK=1") {
                    self.wrong.push(format!("{how}: refuses, but not by name: {e}"));
                }
                self.refused.insert(op.name().to_string());
            }
            Kind::NotImplemented if e.message.contains("computes with no int64 (feature shader-int64)") => {
                self.of_int64.insert(op.name());
            }
            Kind::Type if e.message.contains("no such type") || e.message.contains("compute with no") => {}
            _ => self.wrong.push(format!("{how}: {e:?}")),
        }
    }
}

/// The largest difference of a result of `dtype` that is fine, relative to `1 + |b|`.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 4e-3,
        DType::F32 => 3e-5,
        _ => 1e-12,
    }
}

/// Compares one sample in one dtype and layout.
fn compare(op: &'static Op, args: &[Value], variables: &[bool], dtype: DType, lies: Lies, found: &mut Found) {
    let how = format!("{dtype:?} {lies:?}");
    // What the CPU refuses is not asked of a GPU: some ops have no derivative, others no such dtype.
    let constants = vec![false; variables.len()];
    let (want, variables) = match (run(op, args, variables), run(op, args, &constants)) {
        (Ok(want), _) => (want, variables),
        (_, Ok(want)) => (want, &constants[..]),
        _ => return,
    };
    let got = all_there(op, args, lies).and_then(|args| run(op, &args, variables));
    let got = match got {
        Ok(got) => got,
        // a view that this layout does not allow
        Err(e) if lies == Lies::Apart && op.schema.contains("(a)") && e.kind == Kind::Runtime => return,
        Err(e) => return found.error(op, &how, &e),
    };
    *found.compared.entry(op.name()).or_default() += 1;
    if got.values.len() != want.values.len() || got.grads.len() != want.grads.len() {
        found.wrong.push(format!("{how}: {} results instead of {}", got.values.len(), want.values.len()));
        return;
    }
    for (a, b) in got.values.iter().zip(&want.values) {
        let tolerance = tolerance(dtype);
        // Lengths that the host will read again are the CPU's.
        let lengths = !op.read_by_the_host().is_empty() && a.dtype() == DType::I64;
        let moved = lengths || matches!(op.name(), "cpu" | "to" | "numpy");
        if a.device() != GPU && !moved && tensors(args).iter().any(|t| t.rank() > 0) {
            found.wrong.push(format!("{how}: the result is on {}", a.device()));
        }
        let d = if ANY_CONTENT.contains(&op.name()) { 0.0 } else { difference(a, b) };
        if d > tolerance || a.shape() != b.shape() {
            found.wrong.push(format!("{how}: off by {d:e}: {a:?} instead of {b:?}"));
        }
    }
    for (a, b) in got.grads.iter().zip(&want.grads) {
        match (a, b) {
            (Some(a), Some(b)) => {
                let d = difference(a, b);
                if d > 2.0 * tolerance(dtype) {
                    found.wrong.push(format!("{how}: the gradient is off by {d:e}: {a:?} instead of {b:?}"));
                }
                if a.device() != GPU {
                    found.wrong.push(format!("{how}: the gradient is on {}", a.device()));
                }
            }
            (None, None) => {}
            _ => found.wrong.push(format!("{how}: a gradient is missing on one side")),
        }
    }
}

/// The `out=` and in-place forms of one sample.
fn compare_into(op: &'static Op, args: &[Value], dtype: DType, found: &mut Found) {
    let Some(call_into) = op.call_into else { return };
    let borrowed: Vec<Arg> = args.iter().map(Value::arg).collect();
    let Ok(Out::Tensor(y)) = catch_raised(|| op.run(&Args(&borrowed))) else { return };
    let mut write = |how: &str, lies: Lies, in_place: bool| {
        let done = all_there(op, args, lies).and_then(|args| {
            let into = match (in_place, args.first()) {
                (true, Some(Value::Tensor(x))) => x.clone(),
                _ => there(&Tensor::zeros(y.shape(), y.dtype())?, Lies::Apart)?,
            };
            let borrowed: Vec<Arg> = args.iter().map(Value::arg).collect();
            let args = Args(&borrowed);
            catch_raised(|| op.scoped(&args, || call_into(&args, &into)))?;
            Ok(into)
        });
        match done {
            Ok(into) => {
                let d = difference(&into, &y);
                if d > tolerance(dtype) {
                    found.wrong.push(format!("{dtype:?} {how}: off by {d:e}: {into:?} instead of {y:?}"));
                }
            }
            Err(e) => found.error(op, how, &e),
        }
    };
    write("out=", Lies::Together, false);
    if let Some(Value::Tensor(x)) = args.first()
        && op.has('i')
        && x.shape() == y.shape()
        && x.dtype() == y.dtype()
    {
        write("in place", Lies::Together, true);
        write("in place, strided", Lies::Apart, true);
    }
}

/// Floats that are tried: float64 where the adapter has it. `DTYPE=F64` tries one only.
fn dtypes() -> Vec<DType> {
    let f64 = gpu::gpu(0).unwrap().abilities.f64;
    let only = std::env::var("DTYPE").ok();
    let all = [DType::F32, DType::F16].into_iter().chain(f64.then_some(DType::F64));
    all.filter(|d| only.as_ref().is_none_or(|o| *o == format!("{d:?}"))).collect()
}

fn every_row() -> Found {
    let only = std::env::var("OP").ok();
    let mut all = Found::default();
    for op in ops::table().leak() {
        if only.as_ref().is_some_and(|o| o != op.name()) {
            continue;
        }
        let mut found = Found::default();
        let looked = catch_unwind(AssertUnwindSafe(|| {
            for args in (op.samples)(&mut Samples::default()) {
                let of_complex = tensors(&args).iter().any(|t| t.dtype().is_complex());
                let variables = variables(&args);
                found.tried.insert(op.name());
                // There are no complex numbers of halves.
                for dtype in dtypes().into_iter().filter(|d| !of_complex || *d != DType::F16) {
                    let Ok(args) = in_dtype(&args, dtype) else { continue };
                    let before = device::set_default(variables.is_empty().then_some(GPU));
                    compare(op, &args, &variables, dtype, Lies::Together, &mut found);
                    // Float64 is one more type of elements: what lies apart was tried with the others.
                    if dtype != DType::F64 && !SEES_MEMORY.contains(&op.name()) {
                        compare(op, &args, &variables, dtype, Lies::Apart, &mut found);
                    }
                    device::set_default(before);
                    if dtype != DType::F16 {
                        compare_into(op, &args, dtype, &mut found);
                    }
                }
            }
        }));
        if looked.is_err() {
            found.wrong.push("panicked".into());
        }
        all.wrong.extend(found.wrong.into_iter().map(|w| format!("{}\n    {w}", op.schema)));
        all.refused.extend(found.refused);
        all.of_int64.extend(found.of_int64);
        all.tried.extend(found.tried);
        found.compared.into_iter().for_each(|(name, n)| *all.compared.entry(name).or_default() += n);
    }
    all
}

/// What a list lacks of the names found, and what it has too much. What it says of float64 counts where that is tried, or is
/// not there.
fn against(list: &[(&'static str, &str)], found: &BTreeSet<&str>) -> (Vec<String>, Vec<&'static str>) {
    let wide = dtypes().contains(&DType::F64);
    let idle = if wide { ONLY_WITHOUT } else { OF_FLOAT32 };
    let list: Vec<_> = list.iter().filter(|(_, why)| *why != idle).collect();
    let lacks = found.iter().filter(|n| list.iter().all(|(l, _)| l != *n)).map(|n| n.to_string()).collect();
    (lacks, list.iter().map(|(l, _)| *l).filter(|l| !found.contains(l)).collect())
}

#[test]
fn every_row_is_right_on_the_gpu_or_refuses_by_name() {
    if !present() {
        return;
    }
    let found = every_row();
    assert!(found.of_int64.is_empty() || !gpu::gpu(0).unwrap().abilities.int64, "{:?}", found.of_int64);
    let refused: BTreeSet<&str> = found.refused.iter().map(String::as_str).collect();
    let skipped = found.tried.iter().copied();
    let skipped: BTreeSet<&str> = skipped.filter(|n| !found.compared.contains_key(n) && !refused.contains(n)).collect();
    println!("{} ops are compared; {} have no kernel:", found.compared.len(), refused.len());
    for name in &refused {
        println!("    {name}: {}", NOT_THERE.iter().find(|(n, _)| n == name).map_or("?", |(_, why)| why));
    }
    let mut wrong = found.wrong;
    let (unlisted, stale) = against(NOT_THERE, &refused);
    let (unsaid, needless) = against(NOT_COMPARED, &skipped);
    if !unlisted.is_empty() {
        wrong.push(format!("{} ops refuse, and NOT_THERE does not say why: {}", unlisted.len(), unlisted.join(" ")));
    }
    if !unsaid.is_empty() {
        wrong.push(format!(
            "{} ops are not compared, and NOT_COMPARED does not say why: {}",
            unsaid.len(),
            unsaid.join(" ")
        ));
    }
    if std::env::var("OP").is_err() && !(stale.is_empty() && needless.is_empty()) {
        wrong.push(format!("listed but found neither to refuse nor to be skipped: {stale:?} {needless:?}"));
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_kernel_does_not_write_what_lies_elsewhere() {
    if !present() {
        return;
    }
    let gpu = gpu::gpu(0).unwrap();
    let here = Tensor::from_slice(&[1f32, 2.0, 3.0], &[3]).unwrap();
    let [x, y] = [&here, &Tensor::zeros(&[3], DType::F32).unwrap()].map(|t| there(t, Lies::Together).unwrap());
    let _inside = Inside::new(GPU, "some_op", None);
    let copied = |to: &Tensor, from: &Tensor| {
        gpu::copy::copy(gpu, &[3], to.on_gpu(gpu).unwrap(), from.on_gpu(gpu).unwrap(), true)
    };
    copied(&y, &here).unwrap();
    assert_eq!(values(&y.moved_data(Device::Cpu).unwrap()), values(&here));
    let e = copied(&here, &x).expect_err("the host's memory would keep what it has");
    assert!(e.message.contains("some_op") && e.message.contains("wgpu:0"), "{e}");
}

/// Where functions of float32 change, end or lose digits.
const EDGES: [f64; 26] = [
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    0.0,
    -0.0,
    1e-40,
    -1e-40,
    1.2e-38,
    1e-7,
    0.5,
    -0.5,
    1.0,
    -1.0,
    2.0,
    -2.0,
    2.5,
    -3.0,
    7.0,
    88.8,
    -88.8,
    1e4,
    -1e4,
    1e20,
    -1e20,
    3e38,
    -3e38,
];
/// Rows that are not compared at the edges, and why.
const NOT_AT_EDGES: &[(&str, &str)] = &[
    ("polynomial", "the loop is as long as the degree"),
    ("airy_ai", "far from 0 its phase is more than float32 holds"),
];

#[test]
fn every_elementwise_row_is_right_at_the_edges_of_float32() {
    if !present() {
        return;
    }
    let only = std::env::var("OP").ok();
    let (mut found, mut rows) = (Found::default(), 0);
    let mut wrong = vec![];
    for op in ops::table().leak() {
        if op.row.is_none()
            || NOT_AT_EDGES.iter().any(|(name, _)| op.name().contains(name))
            || only.as_ref().is_some_and(|o| o != op.name())
        {
            continue;
        }
        for args in (op.samples)(&mut Samples::default()) {
            let all = tensors(&args);
            if all.is_empty() || all.iter().any(|t| t.dtype() != DType::F64) {
                continue;
            }
            // Of two operands every pair, of more some.
            let (n, mut k) = (EDGES.len(), 0);
            let at_edges = map(&args, |_| {
                let place = |i: usize| [i % n, i / n, (i % n + 5 * (i / n)) % n, (7 * i) % n][k.min(3)];
                let v: Vec<f64> = (0..n * n).map(|i| EDGES[place(i)]).collect();
                k += 1;
                Tensor::from_slice(&v, &[n * n])
            });
            let Ok(args) = at_edges.and_then(|args| in_dtype(&args, DType::F32)) else { continue };
            compare(op, &args, &vec![false; all.len()], DType::F32, Lies::Together, &mut found);
            rows += 1;
            wrong.extend(found.wrong.drain(..).map(|w| format!("{}: {w}", op.schema)));
            break;
        }
    }
    println!("{rows} rows are compared");
    assert!(only.is_some() || rows > 150, "only {rows} rows have samples that can be moved to the edges");
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_refuses_runs_on_the_cpu_where_that_is_allowed() {
    if !present() {
        return;
    }
    languages::run_apart("with_the_fallback", &[("RUSTTORCH_GPU_FALLBACK", "1")]);
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn with_the_fallback() {
    let found = every_row();
    assert!(found.refused.is_empty(), "ops refuse all the same: {:?}", found.refused);
    assert!(found.wrong.is_empty(), "{} findings:\n{}", found.wrong.len(), found.wrong.join("\n"));
    let told = gpu::take_warnings();
    println!("{} ops fell back", told.len());
    assert!(told.iter().all(|w| w.contains("RUSTTORCH_GPU_FALLBACK=1")), "{told:?}");
}

/// What an adapter of little ability lacks.
const WITHOUT: &str = "shader-f16,shader-int64,shader-int64-atomic-all-ops,shader-f64,shader-float32-atomic,subgroup,\
    timestamp-query,timestamp-query-inside-passes,pipeline-cache";

/// Ops of which some form computes with int64 itself, and refuses by name where a device cannot.
const OF_INT64: &[&str] = &[
    "_unique",
    "_unique2",
    "bincount",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "corrcoef",
    "cov",
    "cross_entropy_loss",
    "embedding_bag",
    "gcd",
    "index_reduce",
    "isin",
    "lcm",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "nanquantile",
    "quantile",
    "scatter_reduce",
    "segment_reduce",
    "unique_consecutive",
    "unique_dim",
];

#[test]
fn every_row_is_right_on_an_adapter_without_any_feature_that_can_be_missing() {
    if !present() {
        return;
    }
    languages::run_apart("without_features", &[("RUSTTORCH_GPU_WITHOUT", WITHOUT)]);
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn without_features() {
    let abilities = &gpu::gpu(0).unwrap().abilities;
    assert!(!abilities.f16 && !abilities.int64 && !abilities.f64 && !abilities.float_atomics && !abilities.subgroup);
    let found = every_row();
    assert!(found.wrong.is_empty(), "{} findings:\n{}", found.wrong.len(), found.wrong.join("\n"));
    println!("{} ops are compared; {} want int64", found.compared.len(), found.of_int64.len());
    let listed: BTreeSet<&str> = OF_INT64.iter().copied().collect();
    assert!(std::env::var("OP").is_ok() || found.of_int64 == listed, "these want int64: {:?}", found.of_int64);
}
