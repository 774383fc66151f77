//! Sums, means and products over dims, and what all reductions share.
use crate::cpu::fold;
use crate::cpu::reduce::{Reducer, reduce};
use crate::dtype::{Class, DType, Scalar};
use crate::error::Result;
use crate::gpu::reduce::Kind;
use crate::gpu::{self, Type};
use crate::graph::grad_enabled;
use crate::layout::{Dims, Layout, wrap_dims};
use crate::ops::scan::product_of_others;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Which dims a reduction removes from a shape.
#[derive(Clone)]
pub(crate) struct Over {
    /// One bit per dim.
    pub bits: u64,
    /// The shape before.
    pub full: Dims,
    /// The shape with reduced dims of size 1.
    pub kept: Dims,
    /// The shape of the result: as `kept` with keepdim, otherwise without these dims.
    pub result: Dims,
}

impl Over {
    /// Over `dims`, or all of them if that is empty.
    pub fn new(shape: &[usize], dims: &[i64], keepdim: bool) -> Result<Self> {
        let rank = shape.len();
        ensure!(rank <= 64, "only tensors with up to 64 dims are supported");
        let bits = match dims {
            [] => u64::MAX >> (64 - rank.max(1)),
            dims => wrap_dims(dims, rank)?.iter().fold(0, |bits, d| bits | 1 << d),
        };
        let gone = |d: usize| bits >> d & 1 == 1;
        let kept: Dims = shape.iter().enumerate().map(|(d, &n)| if gone(d) { 1 } else { n }).collect();
        let result = if keepdim { kept.clone() } else { (0..rank).filter(|&d| !gone(d)).map(|d| shape[d]).collect() };
        Ok(Self { bits, full: shape.into(), kept, result })
    }
    pub fn dims(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.full.len()).filter(|d| self.bits >> d & 1 == 1)
    }
    pub fn list(&self) -> Vec<i64> {
        self.dims().map(|d| d as i64).collect()
    }
    /// How many elements make one result.
    pub fn count(&self) -> usize {
        self.dims().map(|d| self.full[d]).product()
    }
    /// A result in the shape that broadcasts against the input.
    pub fn restore(&self, y: &Tensor) -> Result<Tensor> {
        if y.shape() == &self.kept[..] { Ok(y.clone()) } else { reshape_to(y, &self.kept) }
    }
    /// A gradient of the result, repeated over the reduced dims.
    pub fn spread(&self, g: &Tensor) -> Result<Tensor> {
        if !grad_enabled()
            && let Some(l) = g.layout().view(&self.kept)
        {
            let strides = l.broadcast_strides(&self.full);
            return Ok(g.with_layout(Layout { shape: self.full.clone(), strides, offset: l.offset }));
        }
        expand_to(&reshape_to(g, &self.kept)?, &self.full)
    }
}

/// Runs a reducer into a new tensor of `dtype`, which is not recorded.
pub(crate) fn fold_into(x: &Tensor, r: &Reducer, over: &Over, dtype: DType, scale: f64) -> Result<Tensor> {
    if let Some(kind) = r.kind.filter(|_| x.gpu().is_some()) {
        return fold_on_gpu(x, kind, r.class, over, dtype, scale);
    }
    let y = Tensor::empty(&over.result, dtype)?;
    let bits = if x.rank() == 0 { 0 } else { over.bits };
    // SAFETY: layouts lie inside their storages; the result is contiguous and new.
    unsafe { reduce(r, x.shape(), bits, x.memory(), y.memory(), scale) };
    Ok(y)
}

/// Runs a reduction that computes in `class` where `x` is, on a GPU.
pub(crate) fn fold_on_gpu(
    x: &Tensor,
    kind: Kind,
    class: Class,
    over: &Over,
    dtype: DType,
    scale: f64,
) -> Result<Tensor> {
    if dtype.is_complex() && kind == Kind::Sum && !x.dtype().is_complex() {
        return fold_on_gpu(&x.cast_data(dtype)?, kind, class, over, dtype, scale);
    }
    if dtype.is_complex() && kind == Kind::Prod {
        return scan::product_in_lines(&x.cast_data(dtype)?, over);
    }
    let y = Tensor::empty(&over.result, dtype)?;
    if let Some(gpu) = x.gpu() {
        if dtype.is_complex() && kind == Kind::Sum {
            let shape: Dims = x.shape().iter().copied().chain([2]).collect();
            let bits = if x.rank() == 0 { 0 } else { over.bits };
            let (from, to) = (x.on_gpu(gpu)?, y.on_gpu(gpu)?);
            let (sx, sy) = (from.pair_strides(), to.pair_strides());
            let real = dtype.to_real();
            let ty = Type::of(real.class(), real, &gpu.abilities)?;
            gpu::reduce::reduce(gpu, kind, ty, &shape, bits, [from.pairs(&sx), to.pairs(&sy)], scale)?;
            return Ok(y);
        }
        // Floats that are summed as integers are so in the result's.
        let summed = if class == Class::I64 && x.dtype().is_float() { dtype } else { x.dtype().promote(dtype) };
        let ty = Type::of(class, summed, &gpu.abilities)?;
        let bits = if x.rank() == 0 { 0 } else { over.bits };
        gpu::reduce::reduce(gpu, kind, ty, x.shape(), bits, [x.on_gpu(gpu)?, y.on_gpu(gpu)?], scale)?;
    }
    Ok(y)
}

/// The input of a sum-like op in the dtype that it is computed in; only a dtype that rounds needs a copy.
fn rounded(x: &Tensor, dtype: DType) -> Result<Tensor> {
    let exact = dtype.class().dtype() == dtype || x.dtype().promote(dtype) == dtype;
    if exact { Ok(x.clone()) } else { cast(x, dtype) }
}

fn sum_reducer(x: DType, out: DType) -> Reducer {
    match out.class() {
        Class::Bool => Reducer::plain::<fold::Any>(),
        Class::I64 if x == DType::Bool => Reducer::simd::<fold::Count>(),
        Class::I64 => Reducer::simd::<fold::SumI64>(),
        Class::F32 => Reducer::simd::<fold::SumF32>(),
        Class::F64 => Reducer::simd::<fold::SumF64>(),
        Class::C128 => Reducer::plain::<fold::SumC64>(),
    }
}

fn sum_as(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>, op: &'static str) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, keepdim)?;
    let dtype = dtype.unwrap_or(if x.dtype().is_integral() { DType::I64 } else { x.dtype() });
    let from = rounded(x, dtype)?;
    let y = fold_into(&from, &sum_reducer(from.dtype(), dtype), &over, dtype, 1.0)?;
    y.record(op, &[x], |_, _| one_grad(move |_, g| over.spread(g)))
}

/// Sum over `dims` (all of them if empty).
pub fn sum(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    sum_as(x, dims, keepdim, dtype, if dims.is_empty() { "sum" } else { "sum#1" })
}

/// Undoes broadcasting: sums `x` down to `shape`. Called by the engine on every gradient.
pub fn sum_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let lead = x.rank() - shape.len();
    let dims: Vec<i64> =
        (0..x.rank()).filter(|&d| d < lead || shape[d - lead] == 1 && x.shape()[d] != 1).map(|d| d as i64).collect();
    // No view where none is needed: the new memory is then nobody else's, and a leaf keeps it as its gradient.
    if dims.is_empty() {
        return reshape_to(x, shape);
    }
    let all_lead = dims.iter().all(|&d| (d as usize) < lead);
    let y = sum(x, &dims, !all_lead, None)?;
    if y.shape() == shape { Ok(y) } else { reshape_to(&y, shape) }
}

/// As `sum`, with nan counting as 0.
pub fn nansum(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    ensure!(!x.dtype().is_complex(), "nansum on CPU does not support complex inputs");
    let out = dtype.unwrap_or(if x.dtype().is_integral() { DType::I64 } else { x.dtype() });
    let reducer = match out.class() {
        _ if x.dtype().is_integral() => return sum(x, dims, keepdim, dtype),
        Class::F32 => Reducer::simd::<fold::NansumF32>(),
        Class::F64 => Reducer::plain::<fold::NansumF64>(),
        // The cast to an integer turns nan into 0.
        _ => return sum(x, dims, keepdim, dtype),
    };
    let over = Over::new(x.shape(), dims, keepdim)?;
    let y = fold_into(&rounded(x, out)?, &reducer, &over, out, 1.0)?;
    y.record("nansum", &[x], |r, _| {
        let at = r.input("self", x);
        one_grad(move |node, g| {
            let x = node.get(at)?;
            mul(&over.spread(g)?, &eq(&x, &x)?)
        })
    })
}
/// Mean over `dims` (all of them if empty).
pub fn mean(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    mean_as(x, dims, keepdim, dtype, if dims.is_empty() { "mean" } else { "mean#1" })
}
fn mean_as(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>, op: &'static str) -> Result<Tensor> {
    let (which, out) = dtype.map_or(("Input", x.dtype()), |d| ("Optional", d));
    ensure!(
        out.is_differentiable(),
        "mean(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. Got: {}",
        out.scalar_name()
    );
    let over = Over::new(x.shape(), dims, keepdim)?;
    let n = over.count() as f64;
    let from = rounded(x, out)?;
    let y = fold_into(&from, &sum_reducer(from.dtype(), out), &over, out, n)?;
    y.record(op, &[x], |_, _| one_grad(move |_, g| over.spread(&div(g, n)?)))
}

/// Mean of the elements that are not nan.
pub fn nanmean(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    ensure!(
        x.dtype().is_differentiable(),
        "nanmean(): expected input to have floating point or complex dtype but got {}",
        x.dtype().scalar_name()
    );
    let count = sum(&eq(&x.detach(), &x.detach())?, dims, keepdim, None)?;
    div(&nansum(x, dims, keepdim, dtype)?, &count)
}

/// Product over `dims` (all of them if empty).
pub fn prod(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, keepdim)?;
    let out = dtype.unwrap_or(if x.dtype().is_integral() { DType::I64 } else { x.dtype() });
    let reducer = match out.class() {
        Class::Bool => Reducer::plain::<fold::All>(),
        Class::I64 => Reducer::plain::<fold::ProdI64>(),
        Class::F32 => Reducer::simd::<fold::ProdF32>(),
        Class::F64 => Reducer::plain::<fold::ProdF64>(),
        Class::C128 => Reducer::plain::<fold::ProdC64>(),
    };
    let y = fold_into(&rounded(x, out)?, &reducer, &over, out, 1.0)?;
    y.record(if dims.is_empty() { "prod" } else { "prod#1" }, &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        one_grad(move |node, g| {
            let (x, y) = (node.get(at)?, node.get(result)?);
            if x.rank() == 0 {
                return Ok(g.clone());
            }
            let others = if has_zero(&x)? {
                product_of_others(&x, &over)?
            } else {
                div(&over.restore(&y)?, &x)?
            };
            mul(&over.spread(g)?, &conj(&others)?)
        })
    })
}

/// Whether any element is zero.
fn has_zero(x: &Tensor) -> Result<bool> {
    let all = fold_into(x, &Reducer::plain::<fold::All>(), &Over::new(x.shape(), &[], false)?, DType::Bool, 1.0)?;
    Ok(all.item()? == Scalar::Bool(false))
}

rows! {
    /// Sum of all elements; integers and bools add up as int64.
    "sum(Tensor self, *, ScalarType? dtype=None) -> Tensor" "fm"
    |a| sum_as(a.tensor(0)?, &[], false, a.opt_dtype(1)?, "sum");
    |s| vec![vec![s.t(&[2, 3]), Value::None], vec![s.t(&[]), Value::None]];
    /// Sum over `dim`, which may be one dim or several; over all of them if it is None or empty.
    "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| sum_as(a.tensor(0)?, &a.opt_ints(1)?.unwrap_or_default(), a.bool(2)?, a.opt_dtype(3)?, "sum#1");
    |s| over_dims(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// Sum over `dim` of the elements that are not nan.
    "nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| nansum(a.tensor(0)?, &a.opt_ints(1)?.unwrap_or_default(), a.bool(2)?, a.opt_dtype(3)?);
    |s| over_dims(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// Mean of all elements, which are floating point or complex.
    "mean(Tensor self, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| mean_as(a.tensor(0)?, &[], false, a.opt_dtype(1)?, "mean");
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// Mean over `dim`, which may be one dim or several; over all of them if it is None or empty.
    "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| mean_as(a.tensor(0)?, &a.opt_ints(1)?.unwrap_or_default(), a.bool(2)?, a.opt_dtype(3)?, "mean#1");
    |s| over_dims(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// Mean over `dim` of the elements that are not nan.
    "nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| nanmean(a.tensor(0)?, &a.opt_ints(1)?.unwrap_or_default(), a.bool(2)?, a.opt_dtype(3)?);
    |s| over_dims(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// Product of all elements; integers and bools multiply as int64.
    "prod(Tensor self, *, ScalarType? dtype=None) -> Tensor" "fm"
    |a| prod(a.tensor(0)?, &[], false, a.opt_dtype(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None], vec![with_zeros(1), Value::None], vec![with_zeros(2), Value::None]];
    /// Product over one dim.
    "prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| prod(a.tensor(0)?, &[a.int(1)?], a.bool(2)?, a.opt_dtype(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), 1.into(), false.into(), Value::None],
        vec![s.t(&[2, 3, 2]), (-2).into(), true.into(), Value::None],
        vec![with_zeros(1), 0.into(), false.into(), Value::None],
        vec![with_zeros(2), 1.into(), false.into(), Value::None],
    ];
}

/// A 2 x 3 sample of which `n` elements are zero.
pub(crate) fn with_zeros(n: usize) -> Value {
    let mut v = [1.5, 0.7, -1.2, 0.4, -0.8, 2.0];
    v[1..=n].fill(0.0);
    Value::Tensor(Tensor::from_slice(&v, &[2, 3]).expect("a sample is small"))
}

/// Samples of (self, dim, keepdim).
pub(crate) fn over_dims(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), [1].into(), false.into()],
        vec![s.t(&[2, 3]), [0].into(), false.into()],
        vec![s.t(&[2, 3, 2]), [0, -1].into(), true.into()],
        vec![s.t(&[2, 3, 2]), [1].into(), true.into()],
        vec![s.t(&[3]), Value::None, false.into()],
        vec![s.t(&[]), [0].into(), false.into()],
    ]
}
