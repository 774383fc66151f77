//! Elements in order along one dim: sorting, the largest, the k-th, the median, the most frequent, quantiles.
use crate::cpu::along::Along;
use crate::cpu::sort::{self, Which};
use crate::dtype::{Class, DType, Scalar};
use crate::error::{Error, Kind, Result};
use crate::gpu::sort::{Order, Pick};
use crate::gpu::{self, Gpu, Lines, Type};
use crate::graph::with_grad;
use crate::layout::{Dims, Layout, wrap_dim};
use crate::ops::extremum::{along_dim, check_not_empty, selected};
use crate::ops::pick::{pick, place};
use crate::ops::reduce::Over;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Runs `$body` with `$T` bound to the type that data of this class is ordered as.
macro_rules! ordered {
    ($class:expr, $T:ident => $body:expr) => {
        match $class {
            $crate::dtype::Class::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Class::F64 => {
                type $T = f64;
                $body
            }
            _ => {
                type $T = i64;
                $body
            }
        }
    };
}

pub(crate) use ordered;

/// The class that elements of a real dtype are ordered in.
pub(crate) fn order_class(d: DType) -> Class {
    if d == DType::Bool { Class::I64 } else { d.class() }
}

fn not_implemented(kernel: &str, x: &Tensor) -> Error {
    Error::new(Kind::NotImplemented, format!("\"{kernel}\" not implemented for '{}'", x.dtype().scalar_name()))
}

/// Values and places of lines that keep their dim; the gradient goes back to the places.
fn recorded(x: &Tensor, dim: usize, outputs: [Tensor; 2], op: &'static str) -> Result<(Tensor, Tensor)> {
    let n = x.shape().get(dim).copied();
    let outputs = Tensor::record_all(outputs.to_vec(), op, &[x], |r, y| {
        let at = r.output_nr("indices", &y[1], 1);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(match n {
                Some(n) => place(g, dim, &node.get(at)?, n)?,
                None => g.clone(),
            })])
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// Sorts along `dim`; equal elements keep their order, nan counts as largest. Returns values and places.
pub fn sort(x: &Tensor, dim: i64, descending: bool) -> Result<(Tensor, Tensor)> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(!x.dtype().is_complex(), " Sort does not support complex dtypes on CPU");
    let outputs = match x.gpu() {
        Some(gpu) => sorted_on_gpu(gpu, x, d, descending)?,
        None => sorted(x, d, descending)?,
    };
    recorded(x, d, outputs, "sort")
}
fn sorted(x: &Tensor, dim: usize, descending: bool) -> Result<[Tensor; 2]> {
    let class = order_class(x.dtype());
    let data = x.cast_data(class.dtype())?;
    let (y, places) = (Tensor::empty(x.shape(), class.dtype())?, Tensor::empty(x.shape(), DType::I64)?);
    // SAFETY: contiguous, only read; the results are new and as large.
    ordered!(class, T => unsafe {
        let a = Along::new(x.shape(), dim);
        sort::sort::<T>(a, descending, data.as_slice(), y.data_ptr().cast(), places.data_ptr().cast())
    });
    Ok([y.cast_data(x.dtype())?, places])
}

/// The order of a tensor's elements on a GPU.
fn order_on_gpu(gpu: &'static Gpu, x: &Tensor, descending: bool) -> Result<Order> {
    Ok(Order { ty: Type::of(order_class(x.dtype()), x.dtype(), &gpu.abilities)?, descending })
}
pub(crate) fn sorted_on_gpu(gpu: &'static Gpu, x: &Tensor, dim: usize, descending: bool) -> Result<[Tensor; 2]> {
    let (data, y, places) =
        (x.contiguous_data()?, Tensor::empty(x.shape(), x.dtype())?, Tensor::empty(x.shape(), DType::I64)?);
    if y.numel() > 0 {
        let (lines, to) = (Lines::new(x.shape(), dim), [y.on_gpu(gpu)?, places.on_gpu(gpu)?]);
        order_on_gpu(gpu, x, descending)?.sort(gpu, lines, data.on_gpu(gpu)?, to, false)?;
    }
    Ok([y, places])
}
/// The first `k` elements of each sorted line along `dim`, in `shape`, and their places.
fn first_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    (dim, k, largest): (usize, usize, bool),
    shape: &[usize],
) -> Result<[Tensor; 2]> {
    let (data, y, places) =
        (x.contiguous_data()?, Tensor::empty(shape, x.dtype())?, Tensor::empty(shape, DType::I64)?);
    if y.numel() == 0 {
        return Ok([y, places]);
    }
    let (lines, to) = (Lines::new(x.shape(), dim), [y.on_gpu(gpu)?, places.on_gpu(gpu)?]);
    if order_on_gpu(gpu, x, largest)?.first(gpu, k, lines, data.on_gpu(gpu)?, to)? {
        return Ok([y, places]);
    }
    let [all, all_places] = sorted_on_gpu(gpu, x, dim, largest)?;
    let head = |t: &Tensor| t.with_layout(Layout { shape: shape.into(), ..t.layout().clone() }).contiguous_data();
    Ok([head(&all)?, head(&all_places)?])
}

/// The `k` largest (or smallest) elements along `dim`, in order, and their places.
pub fn topk(x: &Tensor, k: i64, dim: i64, largest: bool) -> Result<(Tensor, Tensor)> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(!x.dtype().is_complex(), "topk does not support complex dtypes on CPU");
    ensure!(x.dtype() != DType::Bool, "topk does not support bool dtypes on CPU");
    let n = x.shape().get(d).copied().unwrap_or(1);
    ensure!(k >= 0 && k as usize <= n, "selected index k out of range");
    let mut shape: Dims = x.shape().into();
    let k = if x.rank() == 0 { 1 } else { k as usize };
    if let Some(n) = shape.get_mut(d) {
        *n = k;
    }
    if let Some(gpu) = x.gpu() {
        return recorded(x, d, first_on_gpu(gpu, x, (d, k, largest), &shape)?, "topk");
    }
    let class = x.dtype().class();
    let data = x.cast_data(class.dtype())?;
    let (y, places) = (Tensor::empty(&shape, class.dtype())?, Tensor::empty(&shape, DType::I64)?);
    // SAFETY: contiguous, only read; the results are new and have k elements per line.
    ordered!(class, T => unsafe {
        let a = Along::new(x.shape(), d);
        sort::top::<T>(a, k, largest, data.as_slice(), y.data_ptr().cast(), places.data_ptr().cast())
    });
    recorded(x, d, [y.cast_data(x.dtype())?, places], "topk")
}

/// One element of each line along `dim`, and its place; not recorded, without the dim.
fn select_data(x: &Tensor, dim: usize, which: Which, result: &[usize]) -> Result<[Tensor; 2]> {
    if let Some(gpu) = x.gpu() {
        let (data, y, places) =
            (x.contiguous_data()?, Tensor::empty(result, x.dtype())?, Tensor::empty(result, DType::I64)?);
        if y.numel() > 0 {
            let pick = match which {
                Which::Kth(k) => Pick::Kth(k),
                Which::Median => Pick::Median,
                Which::NanMedian => Pick::NanMedian,
                Which::Mode => Pick::Mode,
            };
            let (ty, to) = (order_on_gpu(gpu, x, false)?.ty, [y.on_gpu(gpu)?, places.on_gpu(gpu)?]);
            gpu::sort::select(gpu, pick, ty, Lines::new(x.shape(), dim), data.on_gpu(gpu)?, to)?;
        }
        return Ok([y, places]);
    }
    let class = order_class(x.dtype());
    let data = x.cast_data(class.dtype())?;
    let (y, places) = (Tensor::empty(result, class.dtype())?, Tensor::empty(result, DType::I64)?);
    if y.numel() > 0 {
        // SAFETY: contiguous, only read; the results are new and have one element per line.
        ordered!(class, T => unsafe {
            let a = Along::new(x.shape(), dim);
            sort::select::<T>(a, which, data.as_slice(), y.data_ptr().cast(), places.data_ptr().cast())
        });
    }
    Ok([y.cast_data(x.dtype())?, places])
}

fn select_along(
    x: &Tensor,
    dim: i64,
    keepdim: bool,
    which: Which,
    name: &str,
    node: &'static str,
) -> Result<(Tensor, Tensor)> {
    let d = wrap_dim(dim, x.rank())?;
    let over = Over::new(x.shape(), &[dim], keepdim)?;
    check_not_empty(x, &over, &format!("{name}()"))?;
    if x.dtype().is_complex() || x.dtype() == DType::Bool && which != Which::Mode {
        return Err(not_implemented(&format!("{}_cpu", name.trim_start_matches("nan")), x));
    }
    selected(x, d, keepdim, select_data(x, d, which, &over.result)?, node)
}

/// The `k`-th smallest element along `dim`, from 1, and its place.
pub fn kthvalue(x: &Tensor, k: i64, dim: i64, keepdim: bool) -> Result<(Tensor, Tensor)> {
    let d = wrap_dim(dim, x.rank())?;
    check_not_empty(x, &Over::new(x.shape(), &[dim], keepdim)?, "kthvalue()")?;
    let n = x.shape().get(d).copied().unwrap_or(1);
    ensure!(k >= 1 && k as usize <= n, "kthvalue(): selected number k out of range for dimension {d}");
    select_along(x, dim, keepdim, Which::Kth(k as usize - 1), "kthvalue", "kthvalue")
}

/// The lower of the two middle elements of all; elements that equal it share the gradient.
fn median_of_all(x: &Tensor, which: Which, node: &'static str) -> Result<Tensor> {
    if x.dtype().is_complex() || x.dtype() == DType::Bool {
        return Err(not_implemented("median_cpu", x));
    }
    if x.numel() == 0 {
        let nothing = if x.dtype().is_integral() { f64::MIN } else { f64::NAN };
        return Tensor::full(&[], nothing.into(), x.dtype());
    }
    let flat = x.contiguous_data()?.in_shape(&[x.numel()]);
    let [y, _] = select_data(&flat, 0, which, &[])?;
    y.record(node, &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        one_grad(move |node, g| {
            let (x, y) = (node.get(at)?.detach(), node.get(result)?.detach());
            let both_nan = mul(&ne(&x, &x)?, &ne(&y, &y)?)?;
            let mask = add(&eq(&x, &y)?, &both_nan)?;
            mul(&div(g, &sum(&mask, &[], false, None)?)?, &mask)
        })
    })
}

const INTERPOLATIONS: [&str; 5] = ["linear", "lower", "higher", "midpoint", "nearest"];

/// Elements at the fractions `q` of each sorted line along `dim` (of all elements where it is None).
fn quantile(x: &Tensor, q: &Tensor, dim: Option<i64>, keepdim: bool, how: &str, ignore_nan: bool) -> Result<Tensor> {
    ensure!(x.numel() > 0, "quantile() input tensor must be non-empty");
    ensure!(q.rank() <= 1, "quantile() q must be a scalar or 1D tensor");
    ensure!(
        matches!(x.dtype(), DType::F32 | DType::F64),
        "quantile() input tensor must be either float or double dtype"
    );
    ensure!(q.dtype() == x.dtype(), "quantile() q tensor must be same dtype as the input tensor");
    ensure!(
        INTERPOLATIONS.contains(&how),
        "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {how}"
    );
    // As in PyTorch, no device is waited for to check them.
    if q.gpu().is_none() {
        let inside = q.to_vec::<f64>()?.iter().all(|f| (0.0..=1.0).contains(f));
        ensure!(inside, "quantile() q values must be in the range [0, 1]");
    }
    let over = Over::new(x.shape(), dim.as_slice(), keepdim)?;
    // The lines to the end, sorted; then a pair of places per fraction and line, and a weight between them.
    let lines = match dim {
        None => reshape(x, &[1, -1])?,
        Some(d) => {
            let last = movedim(&if x.rank() == 0 { reshape(x, &[1])? } else { x.clone() }, &[d], &[-1])?;
            let n = *last.shape().last().unwrap_or(&1) as i64;
            reshape(&last, &[-1, n])?
        }
    };
    let last = lines.shape()[1] as i64 - 1;
    let (sorted, _) = sort(&lines, -1, false)?;
    // Nan stand last in their lines.
    let nans = with_grad(false, || sum(&isnan(&sorted.detach())?, &[1], true, None))?;
    let ranks = if ignore_nan {
        let known = with_grad(false, || cast(&maximum(&sub(last, &nans)?, 0)?, x.dtype()))?;
        mul(&reshape(q, &[1, -1])?, &known)?
    } else {
        let none = Tensor::full(nans.shape(), Scalar::Int(last), x.dtype())?;
        mul(&reshape(q, &[1, -1])?, &none)?
    };
    let (low, high) = with_grad(false, || {
        let rank = match how {
            "lower" => floor(&ranks.detach())?,
            "higher" => ceil(&ranks.detach())?,
            "nearest" => round(&ranks.detach())?,
            _ => ranks.detach(),
        };
        // One nan decides the whole line unless it is ignored.
        let rank = if ignore_nan { rank } else { where_(&gt(&nans, 0)?, Scalar::Int(last), &rank)? };
        Ok((cast(&floor(&rank)?, DType::I64)?, cast(&ceil(&rank)?, DType::I64)?))
    })?;
    let mut y = pick(&sorted, 1, &low)?;
    if matches!(how, "linear" | "midpoint") {
        let weight = match how {
            "midpoint" => Tensor::full(ranks.shape(), 0.5.into(), x.dtype())?,
            _ => sub(&ranks, &low)?,
        };
        let high = pick(&sorted, 1, &high)?;
        // From half way on the result is reached from the other end, as `lerp` does.
        let near = lt(&weight.detach(), 0.5)?;
        let below = add(&y, &mul(&weight, &sub(&high, &y)?)?)?;
        let above = sub(&high, &mul(&sub(1.0, &weight)?, &sub(&high, &y)?)?)?;
        y = where_(&near, &below, &above)?;
    }
    // Fractions become the first dim, if there are several.
    let mut out = over.result.to_vec();
    if q.rank() == 1 {
        out.insert(0, q.numel());
    }
    reshape_to(&transpose(&y, 0, 1)?, &out)
}
fn quantile_scalar(a: &Args, ignore_nan: bool) -> Result<Tensor> {
    let (x, q) = (a.tensor(0)?, a.float(1)?);
    ensure!((0.0..=1.0).contains(&q), "quantile() q must be in the range [0, 1] but got {q}");
    let q = Tensor::scalar(q, x.dtype())?;
    quantile(x, &q, a.opt_int(2)?, a.bool(3)?, a.str(4)?, ignore_nan)
}
fn quantile_tensor(a: &Args, ignore_nan: bool) -> Result<Tensor> {
    quantile(a.tensor(0)?, a.tensor(1)?, a.opt_int(2)?, a.bool(3)?, a.str(4)?, ignore_nan)
}

/// Places that sort along `dim`.
fn argsort(x: &Tensor, dim: i64, descending: bool) -> Result<Tensor> {
    Ok(sort(&x.detach(), dim, descending)?.1)
}

rows! {
    /// Sorts along `dim`; equal elements keep their order whatever `stable` says: (values, indices).
    "sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| sort(a.tensor(0)?, a.int(2)?, a.bool(3)?);
    |s| vec![vec![s.t(&[2, 3]), true.into(), 1.into(), true.into()]];
    /// Sorts along `dim`: (values, indices).
    "sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| sort(a.tensor(0)?, a.int(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[2, 3]), (-1).into(), false.into()], vec![s.t(&[3, 2]), 0.into(), true.into()]];
    /// Places that sort along `dim`; equal elements keep their order.
    "argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor" "fmon"
    |a| argsort(a.tensor(0)?, a.int(2)?, a.bool(3)?);
    |s| vec![vec![s.t(&[2, 3]), true.into(), 1.into(), true.into()]];
    /// Places that sort along `dim`.
    "argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor" "fmn"
    |a| argsort(a.tensor(0)?, a.int(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[2, 3]), (-1).into(), false.into()]];
    /// Sorts along the first dim.
    "msort(Tensor self) -> Tensor" "fmo"
    |a| sort(a.tensor(0)?, 0, false).map(|y| y.0);
    |s| vec![vec![s.t(&[3, 2])]];
    /// The `k` largest (or smallest) elements along `dim`, in order: (values, indices).
    "topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)" "fmo"
    |a| topk(a.tensor(0)?, a.int(1)?, a.int(2)?, a.bool(3)?);
    |s| vec![
        vec![s.t(&[2, 4]), 2.into(), (-1).into(), true.into(), true.into()],
        vec![s.t(&[4, 2]), 3.into(), 0.into(), false.into(), true.into()],
    ];
    /// The `k`-th smallest element along `dim`, counted from 1: (values, indices).
    "kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| kthvalue(a.tensor(0)?, a.int(1)?, a.int(2)?, a.bool(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), 2.into(), (-1).into(), false.into()],
        vec![s.t(&[3, 2]), 1.into(), 0.into(), true.into()],
    ];
    /// The lower of the two middle elements of all; nan if any is.
    "median(Tensor self) -> Tensor" "fm"
    |a| median_of_all(a.tensor(0)?, Which::Median, "median");
    |s| vec![vec![s.t(&[2, 3])]];
    /// The lower of the two middle elements along `dim`: (values, indices).
    "median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| select_along(a.tensor(0)?, a.int(1)?, a.bool(2)?, Which::Median, "median", "median#1");
    |s| along_dim(s);
    /// The lower of the two middle elements of all that are not nan.
    "nanmedian(Tensor self) -> Tensor" "fm"
    |a| median_of_all(a.tensor(0)?, Which::NanMedian, "nanmedian");
    |s| vec![vec![s.t(&[2, 3])]];
    /// The lower of the two middle elements along `dim` that are not nan: (values, indices).
    "nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| select_along(a.tensor(0)?, a.int(1)?, a.bool(2)?, Which::NanMedian, "nanmedian", "nanmedian#1");
    |s| along_dim(s);
    /// The most frequent element along `dim`, the smallest of several: (values, indices).
    "mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)" "fmo"
    |a| select_along(a.tensor(0)?, a.int(1)?, a.bool(2)?, Which::Mode, "mode", "mode");
    |s| along_dim(s);
    /// The elements at the fractions `q` of each sorted line along `dim`, or of all; several fractions make a first dim.
    "quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor" "fmo"
    |a| quantile_tensor(a, false);
    |s| vec![vec![s.t(&[2, 4]), fractions(), 1.into(), false.into(), "linear".into()]];
    /// The element at the fraction `q` of each sorted line along `dim`, or of all.
    "quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor" "fmo"
    |a| quantile_scalar(a, false);
    |s| INTERPOLATIONS.into_iter().map(|i| vec![s.t(&[2, 4]), 0.3.into(), Value::None, true.into(), i.into()]).collect();
    /// As `quantile`, of the elements that are not nan.
    "nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor" "fmo"
    |a| quantile_tensor(a, true);
    |s| vec![vec![s.t(&[2, 4]), fractions(), 0.into(), true.into(), "linear".into()]];
    /// As `quantile`, of the elements that are not nan.
    "nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor" "fmo"
    |a| quantile_scalar(a, true);
    |s| vec![vec![s.t(&[2, 4]), 0.3.into(), 1.into(), false.into(), "linear".into()]];
}

/// Fractions as a constant: they are none of the variables.
fn fractions() -> Value {
    Value::Tensor(Tensor::from_slice(&[0.2, 0.7], &[2]).expect("a sample is small"))
}
