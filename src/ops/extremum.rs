//! Largest and smallest elements, their places, and what any or all elements are.
use crate::cpu::along::Along;
use crate::cpu::reduce::Reducer;
use crate::cpu::{arg, fold};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu::{self, Type};
use crate::graph::Grads;
use crate::layout::{Dims, wrap_dim};
use crate::ops::pick::place_selected;
use crate::ops::reduce::{Over, fold_into, over_dims};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

fn not_implemented(kernel: &str, dtype: DType) -> crate::Error {
    let message = format!("\"{kernel}\" not implemented for '{}'", dtype.scalar_name());
    crate::Error::new(crate::error::Kind::NotImplemented, message)
}

/// Refuses to reduce a dim without elements where nothing has no result.
pub(crate) fn check_not_empty(x: &Tensor, over: &Over, op: &str) -> Result<()> {
    if x.numel() == 0 {
        for d in over.dims().filter(|&d| d < x.rank()) {
            ensure!(x.shape()[d] != 0, Index, "{op}: Expected reduction dim {d} to have non-zero size.");
        }
    }
    Ok(())
}
fn check_dim_given(x: &Tensor, op: &str) -> Result<()> {
    ensure!(
        x.numel() > 0,
        "{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' \
         argument."
    );
    Ok(())
}

fn reducer(dtype: DType, max: bool) -> Result<Reducer> {
    Ok(match (dtype.class(), max) {
        (Class::Bool, true) => Reducer::plain::<fold::Any>(),
        (Class::Bool, false) => Reducer::plain::<fold::All>(),
        (Class::I64, true) => Reducer::simd::<fold::MaxI64>(),
        (Class::I64, false) => Reducer::simd::<fold::MinI64>(),
        (Class::F32, true) => Reducer::simd::<fold::MaxF32>(),
        (Class::F32, false) => Reducer::simd::<fold::MinF32>(),
        (Class::F64, true) => Reducer::plain::<fold::MaxF64>(),
        (Class::F64, false) => Reducer::plain::<fold::MinF64>(),
        (Class::C128, true) => return Err(not_implemented("max_values_cpu", dtype)),
        (Class::C128, false) => return Err(not_implemented("min_values_cpu", dtype)),
    })
}

fn amax_over(x: &Tensor, over: Over, max: bool, op: &'static str) -> Result<Tensor> {
    let y = fold_into(x, &reducer(x.dtype(), max)?, &over, x.dtype(), 1.0)?;
    y.record(op, &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        // As in PyTorch: NaN is an element that `max` finds, but equal to nothing for `amax`, whose gradient then is NaN.
        let nan_is_found = op.starts_with('m');
        one_grad(move |node, g| share(g, &node.get(at)?, &node.get(result)?, &over, nan_is_found))
    })
}

/// The gradient of an extreme value, shared evenly by the elements that have it.
fn share(g: &Tensor, x: &Tensor, y: &Tensor, over: &Over, nan_is_found: bool) -> Result<Tensor> {
    let (x, y) = (x.detach(), over.restore(&y.detach())?);
    let mut mask = eq(&x, &y)?;
    if nan_is_found {
        mask = logical_or(&mask, &logical_and(&isnan(&x)?, &isnan(&y)?)?)?;
    }
    let count = sum(&mask, &over.list(), true, None)?;
    mul(&div(&over.restore(g)?, &count)?, &mask)
}

/// Largest element over `dims` (all of them if empty); nan if any is. Equal ones share the gradient.
pub fn amax(x: &Tensor, dims: &[i64], keepdim: bool) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, keepdim)?;
    if dims.is_empty() {
        check_dim_given(x, "amax")?;
    }
    check_not_empty(x, &over, "amax()")?;
    amax_over(x, over, true, "amax")
}
/// Smallest element over `dims` (all of them if empty); nan if any is. Equal ones share the gradient.
pub fn amin(x: &Tensor, dims: &[i64], keepdim: bool) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, keepdim)?;
    if dims.is_empty() {
        check_dim_given(x, "amin")?;
    }
    check_not_empty(x, &over, "amin()")?;
    amax_over(x, over, false, "amin")
}

fn extreme_of_all(x: &Tensor, max: bool) -> Result<Tensor> {
    let (op, node) = if max { ("max", "max#1") } else { ("min", "min#1") };
    let over = Over::new(x.shape(), &[], false)?;
    check_dim_given(x, op)?;
    if x.dtype().is_complex() {
        return Err(not_implemented(if max { "max_all" } else { "min_all" }, x.dtype()));
    }
    amax_over(x, over, max, node)
}

/// Smallest and largest element at once.
pub fn aminmax(x: &Tensor, dim: Option<i64>, keepdim: bool) -> Result<(Tensor, Tensor)> {
    let dims: Vec<i64> = dim.into_iter().collect();
    let over = Over::new(x.shape(), &dims, keepdim)?;
    if dims.is_empty() {
        ensure!(x.numel() > 0, "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
    }
    check_not_empty(x, &over, "aminmax")?;
    let d = x.dtype();
    if d.is_complex() {
        return Err(not_implemented("aminmax_cpu", d));
    }
    let outputs = [false, true].map(|max| fold_into(x, &reducer(d, max)?, &over, d, 1.0));
    let [low, high] = outputs;
    let outputs = Tensor::record_all(vec![low?, high?], "aminmax", &[x], |r, y| {
        let (at, low, high) = (r.input("self", x), r.output("min", &y[0]), r.output_nr("max", &y[1], 1));
        Box::new(move |node, g| {
            let x = node.get(at)?;
            let mut sum: Option<Tensor> = None;
            for (g, y) in g.iter().zip([low, high]) {
                if let Some(g) = g {
                    let part = share(g, &x, &node.get(y)?, &over, false)?;
                    sum = Some(sum.map_or(Ok(part.clone()), |s| add(&s, &part))?);
                }
            }
            Ok(Grads::from_iter([sum]))
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// The best element of each line along `dim`, and its place.
fn best(x: &Tensor, dim: usize, max: bool) -> Result<(Tensor, Tensor)> {
    let class = match x.dtype().class() {
        Class::Bool => Class::I64,
        c => c,
    };
    let mut shape: Dims = x.shape().into();
    if let Some(n) = shape.get_mut(dim) {
        *n = 1;
    }
    if let Some(gpu) = x.gpu() {
        let (y, place) = (Tensor::empty(&shape, x.dtype())?, Tensor::empty(&shape, DType::I64)?);
        let ty = Type::of(class, x.dtype(), &gpu.abilities)?;
        let (bits, to) = (if x.rank() == 0 { 0 } else { 1 << dim }, [y.on_gpu(gpu)?, place.on_gpu(gpu)?]);
        gpu::arg::best(gpu, max, ty, x.shape(), bits, x.on_gpu(gpu)?, to)?;
        return Ok((y, place));
    }
    let data = x.cast_data(class.dtype())?;
    let a = Along::new(x.shape(), dim);
    let (y, place) = (Tensor::empty(&shape, class.dtype())?, Tensor::empty(&shape, DType::I64)?);
    let index = place.data_ptr().cast::<i64>();
    macro_rules! run {
        ($t:ty) => {{
            // SAFETY: the data is contiguous and only read; the results are new and of one element per line.
            unsafe {
                let (x, y) = (data.as_slice::<$t>(), y.data_ptr().cast::<$t>());
                if max { arg::best::<$t, true>(a, x, y, index) } else { arg::best::<$t, false>(a, x, y, index) }
            }
        }};
    }
    if y.numel() > 0 {
        match class {
            Class::F32 => run!(f32),
            Class::F64 => run!(f64),
            _ => run!(i64),
        }
    }
    Ok((y.cast_data(x.dtype())?, place))
}

/// Largest (or smallest) element of each line along `dim`, and its place: the first of equal ones.
pub fn extreme_along(x: &Tensor, dim: i64, keepdim: bool, max: bool) -> Result<(Tensor, Tensor)> {
    let op = if max { "max" } else { "min" };
    let d = wrap_dim(dim, x.rank())?;
    let over = Over::new(x.shape(), &[dim], keepdim)?;
    check_not_empty(x, &over, &format!("{op}()"))?;
    ensure!(!x.dtype().is_complex(), "{op}(): does not support complex input");
    let (y, place) = best(x, d, max)?;
    let layout = crate::layout::Layout::contiguous(&over.result);
    selected(x, d, keepdim, [y.with_layout(layout.clone()), place.with_layout(layout)], op)
}

/// Records values and places that an op selected along `dim`.
pub(crate) fn selected(
    x: &Tensor,
    dim: usize,
    keepdim: bool,
    outputs: [Tensor; 2],
    op: &'static str,
) -> Result<(Tensor, Tensor)> {
    let shape: Dims = x.shape().into();
    let outputs = Tensor::record_all(outputs.to_vec(), op, &[x], |r, y| {
        let at = r.output_nr("indices", &y[1], 1);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(place_selected(g, dim, &node.get(at)?, &shape, keepdim)?)])
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// The place of the largest (or smallest) element along `dim`, or among all elements.
fn arg_extreme(x: &Tensor, dim: Option<i64>, keepdim: bool, max: bool) -> Result<Tensor> {
    let op = if max { "argmax" } else { "argmin" };
    let dims: Vec<i64> = dim.into_iter().collect();
    let over = Over::new(x.shape(), &dims, keepdim)?;
    ensure!(
        x.numel() > 0 || dim.is_some(),
        Index,
        "{op}(): Expected reduction dim to be specified for input.numel() == 0."
    );
    check_not_empty(x, &over, &format!("{op}()"))?;
    ensure!(!x.dtype().is_complex(), "{op}(): does not support complex input");
    ensure!(x.dtype() != DType::Bool, "{op}(): does not support bool input");
    let (flat, d) = match dim {
        Some(d) => (x.detach(), wrap_dim(d, x.rank())?),
        None => (x.contiguous_data()?.in_shape(&[x.numel()]), 0),
    };
    let place = best(&flat, d, max)?.1;
    Ok(place.in_shape(&over.result))
}

/// Whether any (or all) elements over `dims` are nonzero; uint8 gives uint8.
fn truth(x: &Tensor, over: &Over, any: bool) -> Result<Tensor> {
    let r = if any { Reducer::plain::<fold::Any>() } else { Reducer::plain::<fold::All>() };
    fold_into(x, &r, over, if x.dtype() == DType::U8 { DType::U8 } else { DType::Bool }, 1.0)
}
fn truth_dims(x: &Tensor, dims: Option<&[i64]>, keepdim: bool, any: bool) -> Result<Tensor> {
    match dims {
        Some([]) => x.cast_data(if x.dtype() == DType::U8 { DType::U8 } else { DType::Bool }),
        dims => truth(x, &Over::new(x.shape(), dims.unwrap_or(&[]), keepdim)?, any),
    }
}
/// Whether all elements over some dims are nonzero.
pub(crate) fn all_along(x: &Tensor, over: &Over) -> Result<Tensor> {
    truth(x, over, false)
}
/// Whether any elements along a dim are nonzero.
pub(crate) fn any_along(x: &Tensor, dim: i64) -> Result<Tensor> {
    truth(x, &Over::new(x.shape(), &[dim], false)?, true)
}
pub fn any(x: &Tensor) -> Result<Tensor> {
    truth(x, &Over::new(x.shape(), &[], false)?, true)
}
pub fn all(x: &Tensor) -> Result<Tensor> {
    truth(x, &Over::new(x.shape(), &[], false)?, false)
}

/// How many elements over `dims` (all of them if empty) are nonzero.
pub fn count_nonzero(x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, false)?;
    fold_into(x, &Reducer::simd::<fold::Count>(), &over, DType::I64, 1.0)
}

rows! {
    /// Largest of all elements; nan if any is.
    "max(Tensor self) -> Tensor" "fmo"
    |a| extreme_of_all(a.tensor(0)?, true);
    |s| vec![vec![s.t(&[2, 3])], vec![s.t(&[])]];
    /// The larger of two elements: `maximum`.
    "max.other(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| maximum(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3])]];
    /// Largest element along `dim` and its place, the first of equal ones: (values, indices).
    "max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| extreme_along(a.tensor(0)?, a.int(1)?, a.bool(2)?, true);
    |s| along_dim(s);
    /// Smallest of all elements; nan if any is.
    "min(Tensor self) -> Tensor" "fmo"
    |a| extreme_of_all(a.tensor(0)?, false);
    |s| vec![vec![s.t(&[2, 3])], vec![s.t(&[])]];
    /// The smaller of two elements: `minimum`.
    "min.other(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| minimum(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3])]];
    /// Smallest element along `dim` and its place, the first of equal ones: (values, indices).
    "min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| extreme_along(a.tensor(0)?, a.int(1)?, a.bool(2)?, false);
    |s| along_dim(s);
    /// Largest element over `dim`, one or several; equal ones share the gradient.
    "amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor" "fmo"
    |a| amax(a.tensor(0)?, &a.ints(1)?, a.bool(2)?);
    |s| over_dims(s).into_iter().filter(|v| !matches!(v[1], Value::None)).collect();
    /// Smallest element over `dim`, one or several; equal ones share the gradient.
    "amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor" "fmo"
    |a| amin(a.tensor(0)?, &a.ints(1)?, a.bool(2)?);
    |s| over_dims(s).into_iter().filter(|v| !matches!(v[1], Value::None)).collect();
    /// Smallest and largest element along `dim`, or of all: (min, max).
    "aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)" "fmo"
    |a| aminmax(a.tensor(0)?, a.opt_int(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None, false.into()], vec![s.t(&[2, 3]), 1.into(), true.into()]];
    /// Place of the largest element along `dim`, or among all of them flattened; the first of equal ones.
    "argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor" "fmon"
    |a| arg_extreme(a.tensor(0)?, a.opt_int(1)?, a.bool(2)?, true);
    |s| vec![vec![s.t(&[2, 3]), Value::None, false.into()], vec![s.t(&[2, 3]), 1.into(), true.into()]];
    /// Place of the smallest element along `dim`, or among all of them flattened; the first of equal ones.
    "argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor" "fmon"
    |a| arg_extreme(a.tensor(0)?, a.opt_int(1)?, a.bool(2)?, false);
    |s| vec![vec![s.t(&[2, 3]), Value::None, false.into()], vec![s.t(&[2, 3]), 1.into(), true.into()]];
    /// Whether any element is nonzero.
    "any(Tensor self) -> Tensor" "fmon"
    |a| any(a.tensor(0)?);
    |s| vec![vec![s.bools(&[2, 3])], vec![s.t(&[2, 3])]];
    /// Whether any element over `dim`, several dims or None for all, is nonzero.
    "any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor" "fmon"
    |a| truth_dims(a.tensor(0)?, a.opt_ints(1)?.as_deref(), a.bool(2)?, true);
    |s| vec![vec![s.bools(&[2, 3]), [0, 1].into(), true.into()]];
    /// Whether any element along `dim` is nonzero.
    "any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor" "fmon"
    |a| truth_dims(a.tensor(0)?, Some(&[a.int(1)?]), a.bool(2)?, true);
    |s| vec![vec![s.bools(&[2, 3]), 1.into(), false.into()]];
    /// Whether all elements are nonzero.
    "all(Tensor self) -> Tensor" "fmon"
    |a| all(a.tensor(0)?);
    |s| vec![vec![s.bools(&[2, 3])], vec![s.t(&[2, 3])]];
    /// Whether all elements over `dim`, several dims or None for all, are nonzero.
    "all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor" "fmon"
    |a| truth_dims(a.tensor(0)?, a.opt_ints(1)?.as_deref(), a.bool(2)?, false);
    |s| vec![vec![s.bools(&[2, 3]), [0, 1].into(), true.into()]];
    /// Whether all elements along `dim` are nonzero.
    "all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor" "fmon"
    |a| truth_dims(a.tensor(0)?, Some(&[a.int(1)?]), a.bool(2)?, false);
    |s| vec![vec![s.bools(&[2, 3]), 1.into(), false.into()]];
    /// How many elements over the dims `dim` are nonzero.
    "count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor" "fmn"
    |a| count_nonzero(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.bools(&[2, 3]), [0].into()]];
    /// How many elements along `dim`, or of all, are nonzero.
    "count_nonzero(Tensor self, int? dim=None) -> Tensor" "fmn"
    |a| count_nonzero(a.tensor(0)?, a.opt_int(1)?.as_slice());
    |s| vec![vec![s.bools(&[2, 3]), Value::None]];
}

/// Samples of (self, dim, keepdim).
pub(crate) fn along_dim(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), 1.into(), false.into()],
        vec![s.t(&[3, 2]), 0.into(), true.into()],
        vec![s.t(&[2, 3, 2]), (-2).into(), false.into()],
        vec![s.t(&[]), 0.into(), false.into()],
    ]
}
