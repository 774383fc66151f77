//! Running sums, products and extremes along one dim, differences and trapezoids.
use crate::cpu::along::Along;
use crate::cpu::scan::{self, LogSum, Running};
use crate::dtype::{C64, Class, DType, Scalar};
use crate::error::Result;
use crate::gpu::scan::{Running as Kind, Scan};
use crate::gpu::{self, Gpu, Lines, Type};
use crate::graph::{grad_enabled, with_grad};
use crate::layout::{Dims, wrap_dim};
use crate::ops::pick::place;
use crate::ops::reduce::{Over, with_zeros};
use crate::ops::view::{embed, one_grad};
use crate::ops::*;
use crate::tensor::Tensor;

/// Runs `$body` with `$T` bound to the class's type, bool computing as i64 (its data already is).
macro_rules! running {
    ($class:expr, $T:ident => $body:expr) => {
        match $class {
            Class::F32 => {
                type $T = f32;
                $body
            }
            Class::F64 => {
                type $T = f64;
                $body
            }
            Class::C128 => {
                type $T = C64;
                $body
            }
            _ => {
                type $T = i64;
                $body
            }
        }
    };
}
fn running_class(d: DType) -> Class {
    if d == DType::Bool { Class::I64 } else { d.class() }
}

/// A scan on a GPU, of elements and results of `dtype`.
fn scan_on_gpu(gpu: &'static Gpu, scan: Scan, x: &Tensor, dim: usize, dtype: DType) -> Result<Tensor> {
    if dtype.is_complex() && scan.running != Kind::Sum {
        return with_grad(false, || joined_in_steps(&x.cast_data(dtype)?, dim, scan));
    }
    let (data, y) = (x.cast_data(dtype)?, Tensor::empty(x.shape(), dtype)?);
    if dtype.is_complex() && y.numel() > 0 {
        let shape: Dims = x.shape().iter().copied().chain([2]).collect();
        let (real, data) = (dtype.to_real(), data.contiguous_data()?);
        let ty = Type::of(real.class(), real, &gpu.abilities)?;
        scan.run(gpu, ty, Lines::new(&shape, dim), data.on_gpu(gpu)?.pairs(&[]), y.on_gpu(gpu)?.pairs(&[]))?;
        return Ok(y);
    }
    if y.numel() > 0 {
        let ty = Type::of(running_class(dtype), dtype, &gpu.abilities)?;
        scan.run(gpu, ty, Lines::new(x.shape(), dim), data.on_gpu(gpu)?, y.on_gpu(gpu)?)?;
    }
    Ok(y)
}
/// A scan of complex numbers on a GPU that is no sum: each is joined with that of the elements `step` before it, for steps
/// of 1, 2, 4 and so on.
fn joined_in_steps(x: &Tensor, dim: usize, scan: Scan) -> Result<Tensor> {
    let (d, n) = (dim as i64, if x.rank() == 0 { 1 } else { x.shape()[dim] as i64 });
    let mut y = if scan.reverse { flip(x, &[d])? } else { x.clone() };
    let mut step = 1;
    while step < n {
        let (before, later) = (narrow(&y, d, 0, n - step)?, narrow(&y, d, step, n - step)?);
        let later = if scan.running == Kind::Product { mul(&before, &later)? } else { logaddexp(&before, &later)? };
        y = cat(&[&narrow(&y, d, 0, step)?, &later], d)?;
        step *= 2;
    }
    if scan.exclusive && n > 0 {
        y = cat(&[&ones_like(&narrow(&y, d, 0, 1)?)?, &narrow(&y, d, 0, n - 1)?], d)?;
    }
    if scan.reverse { flip(&y, &[d]) } else { Ok(y) }
}
/// The product of complex numbers on a GPU: the last of the running ones.
pub(crate) fn product_in_lines(x: &Tensor, over: &Over) -> Result<Tensor> {
    if x.rank() == 0 {
        return Ok(x.clone());
    }
    with_grad(false, || {
        let (x, gone) = (x.detach(), over.list());
        if over.count() == 0 {
            let one = Tensor::empty(&over.result, x.dtype())?;
            one.fill_data(Scalar::Int(1));
            return Ok(one);
        }
        let kept = (0..x.rank() as i64).filter(|d| !gone.contains(d));
        let order: Vec<i64> = kept.chain(gone.iter().copied()).collect();
        let moved = permute(&x, &order)?;
        let lines = reshape_to(&moved, &[over.result.iter().product(), over.count()])?;
        let last = select(&joined_in_steps(&lines, 1, PRODUCT)?, 1, -1)?;
        reshape_to(&last.contiguous_data()?, &over.result)
    })
}
/// `y[k] = g[k] + x[k + 1] y[k + 1]` along `dim`, on a GPU.
fn linear_on_gpu(gpu: &'static Gpu, x: &Tensor, g: &Tensor, dim: usize) -> Result<Tensor> {
    let (x, g, y) = (x.contiguous_data()?, g.contiguous_data()?, Tensor::empty(x.shape(), x.dtype().class().dtype())?);
    if y.numel() > 0 {
        gpu::scan::linear(gpu, Lines::new(x.shape(), dim), [x.on_gpu(gpu)?, g.on_gpu(gpu)?, y.on_gpu(gpu)?])?;
    }
    Ok(y)
}
const PRODUCT: Scan = Scan { running: Kind::Product, reverse: false, exclusive: false };

fn sum_data(x: &Tensor, dim: usize, reverse: bool, dtype: DType) -> Result<Tensor> {
    if let Some(gpu) = x.gpu() {
        return scan_on_gpu(gpu, Scan { running: Kind::Sum, reverse, exclusive: false }, x, dim, dtype);
    }
    let class = running_class(dtype);
    let data = if class.dtype() == dtype { x.cast_data(dtype)? } else { x.cast_data(dtype)?.cast_data(class.dtype())? };
    let y = Tensor::empty(x.shape(), class.dtype())?;
    // SAFETY: contiguous, only read; the result is new and as large.
    running!(class, T => unsafe {
        <T as Running>::sum(Along::new(x.shape(), dim), reverse, data.as_slice::<T>(), y.data_ptr().cast())
    });
    y.cast_data(dtype)
}
fn sum_from(x: &Tensor, dim: usize, reverse: bool, dtype: DType) -> Result<Tensor> {
    let y = sum_data(x, dim, reverse, dtype)?;
    y.record("cumsum", &[x], |_, _| one_grad(move |_, g| sum_from(g, dim, !reverse, g.dtype())))
}
fn result_dtype(x: &Tensor, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(if x.dtype().is_integral() { DType::I64 } else { x.dtype() })
}

/// Running sum along `dim`.
pub fn cumsum(x: &Tensor, dim: i64, dtype: Option<DType>) -> Result<Tensor> {
    sum_from(x, wrap_dim(dim, x.rank())?, false, result_dtype(x, dtype))
}

/// Running product along `dim`.
pub fn cumprod(x: &Tensor, dim: i64, dtype: Option<DType>) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    let dtype = result_dtype(x, dtype);
    let y = match x.gpu() {
        Some(gpu) => scan_on_gpu(gpu, PRODUCT, x, d, dtype)?,
        None => product_data(x, d, dtype)?,
    };
    y.record("cumprod", &[x], |r, _| {
        let at = r.input("self", x);
        one_grad(move |node, g| product_backward(g, &cast(&node.get(at)?, g.dtype())?, d))
    })
}

fn product_data(x: &Tensor, dim: usize, dtype: DType) -> Result<Tensor> {
    let class = running_class(dtype);
    let data = x.cast_data(dtype)?.cast_data(class.dtype())?;
    let y = Tensor::empty(x.shape(), class.dtype())?;
    // SAFETY: contiguous, only read; the result is new and as large.
    running!(class, T => unsafe {
        <T as Running>::product(Along::new(x.shape(), dim), data.as_slice::<T>(), y.data_ptr().cast())
    });
    y.cast_data(dtype)
}

fn product_backward(g: &Tensor, x: &Tensor, dim: usize) -> Result<Tensor> {
    let x = conj(x)?;
    let by_elements = grad_enabled() || x.dtype().is_complex() && x.device().is_gpu();
    if by_elements && x.rank() > 0 && x.numel() > 0 {
        // From the elements of each line, so that it can be differentiated again even where some are zero.
        let (xs, gs) = (unbind(&x, dim as i64)?, unbind(g, dim as i64)?);
        let n = xs.len();
        let mut later: Vec<Tensor> = vec![gs[n - 1].clone()];
        for k in (0..n - 1).rev() {
            let r = add(&gs[k], &mul(&xs[k + 1], later.last().expect("begun with one"))?)?;
            later.push(r);
        }
        later.reverse();
        let mut parts = vec![later[0].clone()];
        let mut before = xs[0].clone();
        for k in 1..n {
            parts.push(mul(&before, &later[k])?);
            before = mul(&before, &xs[k])?;
        }
        return together(&parts, x.shape(), dim);
    }
    if let Some(gpu) = x.gpu() {
        // Of zeros no special case is needed: there is no division.
        let before = scan_on_gpu(gpu, Scan { exclusive: true, ..PRODUCT }, &x, dim, x.dtype().class().dtype())?;
        return mul(&linear_on_gpu(gpu, &x, g, dim)?, &before);
    }
    let class = running_class(x.dtype());
    let (xs, gs) = (x.cast_data(class.dtype())?, g.cast_data(class.dtype())?);
    let y = Tensor::empty(x.shape(), class.dtype())?;
    // SAFETY: contiguous, only read; the result is new and as large.
    running!(class, T => unsafe {
        scan::product_backward(Along::new(x.shape(), dim), xs.as_slice::<T>(), gs.as_slice::<T>(), y.data_ptr().cast())
    });
    Ok(y)
}

/// Joins slices along `dim` to a tensor of `shape`.
fn together(parts: &[Tensor], shape: &[usize], dim: usize) -> Result<Tensor> {
    let mut all: Option<Tensor> = None;
    for (i, p) in parts.iter().enumerate() {
        let part = embed(p, shape, move |z| select(z, dim as i64, i as i64))?;
        all = Some(all.map_or(Ok(part.clone()), |a| add(&a, &part))?);
    }
    all.map_or_else(|| Tensor::zeros(shape, crate::dtype::default_dtype()), Ok)
}

/// For each element the product of all others that are reduced with it.
pub(crate) fn product_of_others(x: &Tensor, over: &Over) -> Result<Tensor> {
    // Reduced dims to the end, as one.
    let gone: Vec<i64> = over.dims().filter(|&d| d < x.rank()).map(|d| d as i64).collect();
    let kept: Vec<i64> = (0..x.rank() as i64).filter(|d| !gone.contains(d)).collect();
    let order: Vec<i64> = kept.iter().chain(&gone).copied().collect();
    let moved = permute(x, &order)?;
    let turned: Dims = moved.shape().into();
    let mut shape: Dims = turned[..kept.len()].into();
    shape.push(over.count());
    let flat = reshape_to(&moved, &shape)?;
    let dim = kept.len();
    let y = if grad_enabled() && x.requires_grad() {
        let xs = unbind(&flat, dim as i64)?;
        let one = ones_like(&xs[0])?;
        let (mut before, mut after) = (vec![one.clone()], vec![one]);
        for k in 1..xs.len() {
            before.push(mul(&before[k - 1], &xs[k - 1])?);
            after.push(mul(&after[k - 1], &xs[xs.len() - k])?);
        }
        let parts: Result<Vec<Tensor>> = before.iter().zip(after.iter().rev()).map(|(b, a)| mul(b, a)).collect();
        together(&parts?, &shape, dim)?
    } else if let Some(gpu) = x.gpu() {
        let side = |reverse| scan_on_gpu(gpu, Scan { reverse, exclusive: true, ..PRODUCT }, &flat, dim, x.dtype());
        mul(&side(false)?, &side(true)?)?
    } else {
        let class = running_class(x.dtype());
        let data = flat.cast_data(class.dtype())?;
        let y = Tensor::empty(&shape, class.dtype())?;
        // SAFETY: contiguous, only read; the result is new and as large.
        running!(class, T => unsafe {
            scan::product_of_others(Along::new(&shape, dim), data.as_slice::<T>(), y.data_ptr().cast())
        });
        y.cast_data(x.dtype())?
    };
    let mut back = vec![0i64; order.len()];
    order.iter().enumerate().for_each(|(i, &d)| back[d as usize] = i as i64);
    permute(&reshape_to(&y, &turned)?, &back)
}

/// Running largest (or smallest) element along `dim`, and its place: the last of equal ones.
pub fn running_extreme(x: &Tensor, dim: i64, max: bool) -> Result<(Tensor, Tensor)> {
    let op = if max { "cummax" } else { "cummin" };
    let d = wrap_dim(dim, x.rank())?;
    ensure!(
        !x.dtype().is_complex(),
        NotImplemented,
        "\"{op}_cpu\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let n = x.shape().get(d).copied();
    let outputs = Tensor::record_all(extremes(x, d, max)?, op, &[x], |r, y| {
        let at = r.output_nr("indices", &y[1], 1);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(match n {
                Some(n) => place(g, d, &node.get(at)?, n)?,
                None => g.clone(),
            })])
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// Running extremes and their places; not recorded.
fn extremes(x: &Tensor, dim: usize, max: bool) -> Result<Vec<Tensor>> {
    let class = running_class(x.dtype());
    let places = Tensor::empty(x.shape(), DType::I64)?;
    if let Some(gpu) = x.gpu() {
        let (data, y) = (x.contiguous_data()?, Tensor::empty(x.shape(), x.dtype())?);
        if y.numel() > 0 {
            let (ty, to) = (Type::of(class, x.dtype(), &gpu.abilities)?, [y.on_gpu(gpu)?, places.on_gpu(gpu)?]);
            gpu::scan::extreme(gpu, max, ty, Lines::new(x.shape(), dim), data.on_gpu(gpu)?, to)?;
        }
        return Ok(vec![y, places]);
    }
    let (data, y) = (x.cast_data(class.dtype())?, Tensor::empty(x.shape(), class.dtype())?);
    let (a, to) = (Along::new(x.shape(), dim), places.data_ptr().cast());
    // SAFETY: contiguous, only read; the results are new and as large.
    unsafe {
        match class {
            Class::F32 => scan::extreme(a, max, data.as_slice::<f32>(), y.data_ptr().cast(), to),
            Class::F64 => scan::extreme(a, max, data.as_slice::<f64>(), y.data_ptr().cast(), to),
            _ => scan::extreme(a, max, data.as_slice::<i64>(), y.data_ptr().cast(), to),
        }
    }
    Ok(vec![y.cast_data(x.dtype())?, places])
}

/// Logarithm of the running sum of exponentials along `dim`.
pub fn logcumsumexp(x: &Tensor, dim: i64) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(
        x.dtype().is_differentiable(),
        NotImplemented,
        "\"logcumsumexp_out_cpu\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    log_sums(x, d)?.record("logcumsumexp", &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        one_grad(move |node, g| log_sum_backward(g, &node.get(at)?, &node.get(result)?, d))
    })
}

fn log_sums(x: &Tensor, dim: usize) -> Result<Tensor> {
    if let Some(gpu) = x.gpu() {
        return scan_on_gpu(gpu, Scan { running: Kind::LogSum, ..PRODUCT }, x, dim, x.dtype());
    }
    let class = x.dtype().class();
    let data = x.cast_data(class.dtype())?;
    let y = Tensor::empty(x.shape(), class.dtype())?;
    let a = Along::new(x.shape(), dim);
    // SAFETY: contiguous, only read; the result is new and as large.
    unsafe {
        match class {
            Class::F32 => f32::log_sum(a, data.as_slice(), y.data_ptr().cast()),
            Class::F64 => f64::log_sum(a, data.as_slice(), y.data_ptr().cast()),
            _ => C64::log_sum(a, data.as_slice(), y.data_ptr().cast()),
        }
    }
    y.cast_data(x.dtype())
}

fn log_sum_backward(g: &Tensor, x: &Tensor, y: &Tensor, dim: usize) -> Result<Tensor> {
    if x.dtype().is_complex() || grad_enabled() {
        // e^x times the running sum, from the end, of g e^-y; the last y of a line keeps both in range.
        if x.rank() == 0 || x.numel() == 0 {
            return Ok(g.clone());
        }
        let last = narrow(&y.detach(), dim as i64, x.shape()[dim] as i64 - 1, 1)?;
        let weights = sum_from(&mul(g, &conj(&exp(&sub(&last, y)?)?)?)?, dim, true, g.dtype())?;
        return mul(&conj(&exp(&sub(x, &last)?)?)?, &weights);
    }
    if let Some(gpu) = x.gpu() {
        return log_sum_backward_on_gpu(gpu, g, x, y, dim);
    }
    let gx = Tensor::empty(x.shape(), DType::F64)?;
    let [x, y, g] = [x, y, g].map(|t| t.cast_data(DType::F64));
    let (x, y, g) = (x?, y?, g?);
    // SAFETY: contiguous, only read; the result is new and as large.
    unsafe {
        let a = Along::new(x.shape(), dim);
        scan::log_sum_backward(a, x.as_slice(), y.as_slice(), g.as_slice(), gx.data_ptr().cast());
    }
    Ok(gx)
}

/// The recurrence of `cpu::scan::log_sum_backward`; the factor between two neighbours is e^(y[k - 1] - y[k]).
fn log_sum_backward_on_gpu(gpu: &'static Gpu, g: &Tensor, x: &Tensor, y: &Tensor, dim: usize) -> Result<Tensor> {
    if x.rank() == 0 || x.numel() == 0 {
        return Ok(g.clone());
    }
    let dtype = x.dtype().class().dtype();
    let (x, y) = (x.cast_data(dtype)?, y.cast_data(dtype)?);
    let (d, n) = (dim as i64, x.shape()[dim] as i64);
    let factors = Tensor::zeros(x.shape(), x.dtype())?;
    let (before, after) = (narrow(&y, d, 0, n - 1)?, narrow(&y, d, 1, n - 1)?);
    let nothing = eq(&before, f64::NEG_INFINITY)?;
    narrow(&factors, d, 1, n - 1)?.copy_data(&where_(&nothing, Scalar::Float(1.0), &exp(&sub(&before, &after)?)?)?);
    let later = linear_on_gpu(gpu, &factors, g, dim)?;
    let share = where_(&eq(&x, f64::NEG_INFINITY)?, Scalar::Float(0.0), &exp(&sub(&x, &y)?)?)?;
    mul(&share, &later)
}

/// Differences of neighbours along `dim`, `n` times.
pub fn diff(x: &Tensor, n: i64, dim: i64) -> Result<Tensor> {
    ensure!(x.rank() > 0, "diff expects input to be at least one-dimensional");
    ensure!(n >= 0, "order must be non-negative but got {n}");
    let d = wrap_dim(dim, x.rank())?;
    let mut y = x.clone();
    for _ in 0..n.min(x.shape()[d] as i64) {
        let m = y.shape()[d] as i64;
        if m == 0 {
            break;
        }
        let (high, low) = (narrow(&y, d as i64, 1, m - 1)?, narrow(&y, d as i64, 0, m - 1)?);
        y = if x.dtype() == DType::Bool { ne(&high, &low)? } else { sub(&high, &low)? };
    }
    if n == 0 { clone(x, None) } else { Ok(y) }
}
fn diff_joined(a: &Args) -> Result<Tensor> {
    let (x, n, dim) = (a.tensor(0)?, a.int(1)?, a.int(2)?);
    ensure!(x.rank() > 0, "diff expects input to be at least one-dimensional");
    let d = wrap_dim(dim, x.rank())?;
    let mut parts = vec![];
    for (t, name) in [(a.opt_tensor(3)?, "prepend"), (Some(x), "self"), (a.opt_tensor(4)?, "append")] {
        let Some(t) = t else { continue };
        ensure!(t.rank() == x.rank(), "diff expects prepend or append to be the same dimension as input");
        for i in (0..x.rank()).filter(|&i| i != d && name != "self") {
            ensure!(
                t.shape()[i] == x.shape()[i],
                "diff expects the shape of tensor to prepend or append to match that of input except along the \
                 differencing dimension; input.size({i}) = {}, but got tensor.size({i}) = {}",
                x.shape()[i],
                t.shape()[i]
            );
        }
        parts.push(t);
    }
    if parts.len() == 1 { diff(x, n, dim) } else { diff(&cat(&parts, d as i64)?, n, dim) }
}

/// The areas of the trapezoids between neighbours along `dim`: widths are `dx`, or the differences of `x`.
fn trapezoids(y: &Tensor, x: Option<&Tensor>, dx: crate::Scalar, dim: i64) -> Result<Tensor> {
    let d = wrap_dim(dim, y.rank())? as i64;
    let n = y.shape()[d as usize] as i64;
    let sums = add(&narrow(y, d, 1, n - 1)?, &narrow(y, d, 0, n - 1)?)?;
    let Some(x) = x else { return mul(&div(&sums, 2.0)?, dx) };
    // A 1-d x stands for every line.
    let x = if x.rank() == 1 {
        ensure!(
            x.shape()[0] as i64 == n,
            "trapezoid: There must be one `x` value for each sample point"
        );
        let mut shape: Dims = smallvec::smallvec![1; y.rank()];
        shape[d as usize] = n as usize;
        reshape_to(x, &shape)?
    } else {
        x.clone()
    };
    let along = wrap_dim(d - y.rank() as i64, x.rank())? as i64;
    let m = x.shape()[along as usize] as i64;
    let widths = sub(&narrow(&x, along, 1, m - 1)?, &narrow(&x, along, 0, m - 1)?)?;
    div(&mul(&widths, &sums)?, 2.0)
}
fn trapezoid(y: &Tensor, x: Option<&Tensor>, dx: crate::Scalar, dim: i64) -> Result<Tensor> {
    let d = wrap_dim(dim, y.rank())?;
    if x.is_some() || y.rank() > 0 {
        ensure!(!matches!(dx, crate::Scalar::Bool(_)), "trapezoid: received a bool input for dx, but bool is not supported");
    }
    ensure!(
        y.dtype() != DType::Bool && x.is_none_or(|x| x.dtype() != DType::Bool),
        "trapezoid: received a bool input for `x` or `y`, but bool is not supported"
    );
    if y.rank() == 0 || y.shape()[d] == 0 {
        let mut shape: Dims = y.shape().into();
        if y.rank() > 0 {
            shape.remove(d);
        }
        return Tensor::zeros(&shape, y.dtype());
    }
    sum(&trapezoids(y, x, dx, dim)?, &[dim], false, None)
}
fn cumulative_trapezoid(y: &Tensor, x: Option<&Tensor>, dx: crate::Scalar, dim: i64) -> Result<Tensor> {
    wrap_dim(dim, y.rank())?;
    ensure!(
        y.dtype() != DType::Bool && x.is_none_or(|x| x.dtype() != DType::Bool),
        "cumulative_trapezoid: received a bool input for `x` or `y`, but bool is not supported"
    );
    ensure!(
        !matches!(dx, crate::Scalar::Bool(_)),
        "cumulative_trapezoid: received a bool input for `dx`, but bool is not supported"
    );
    if y.rank() == 0 || y.numel() == 0 {
        return Tensor::zeros(&[0], y.dtype());
    }
    cumsum(&trapezoids(y, x, dx, dim)?, dim, None)
}

rows! {
    /// Running sum along `dim`; integers and bools add up as int64.
    "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor" "fmio"
    |a| cumsum(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| lines(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// Running product along `dim`; integers and bools multiply as int64.
    "cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor" "fmio"
    |a| cumprod(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| {
        let zeros = vec![vec![with_zeros(1), 1.into()], vec![with_zeros(2), 1.into()]];
        lines(s).into_iter().chain(zeros).map(|v| [v, vec![Value::None]].concat()).collect()
    };
    /// Running largest element along `dim` and its place, the last of equal ones: (values, indices).
    "cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)" "fmo"
    |a| running_extreme(a.tensor(0)?, a.int(1)?, true);
    |s| lines(s);
    /// Running smallest element along `dim` and its place, the last of equal ones: (values, indices).
    "cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)" "fmo"
    |a| running_extreme(a.tensor(0)?, a.int(1)?, false);
    |s| lines(s);
    /// Logarithm of the running sum of exponentials along `dim`.
    "logcumsumexp(Tensor self, int dim) -> Tensor" "fmo"
    |a| logcumsumexp(a.tensor(0)?, a.int(1)?);
    |s| lines(s);
    /// Differences of neighbours along `dim`, taken `n` times, of the tensor between `prepend` and `append`.
    "diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor" "fmo"
    |a| diff_joined(a);
    |s| vec![
        vec![s.t(&[2, 4]), 1.into(), (-1).into(), Value::None, Value::None],
        vec![s.t(&[3, 2]), 2.into(), 0.into(), s.t(&[1, 2]), s.t(&[2, 2])],
    ];
    /// Area under `y` along `dim` by the trapezoidal rule, at the places `x`.
    "trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor" "f"
    |a| trapezoid(a.tensor(0)?, Some(a.tensor(1)?), 1i64.into(), a.int(2)?);
    |s| places(s);
    /// Area under `y` along `dim` by the trapezoidal rule, at places `dx` apart.
    "trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor" "f"
    |a| trapezoid(a.tensor(0)?, None, a.scalar(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), crate::Scalar::Float(0.5).into(), 0.into()]];
    /// As `trapezoid`.
    "trapz.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor" "f"
    |a| trapezoid(a.tensor(0)?, Some(a.tensor(1)?), 1i64.into(), a.int(2)?);
    |s| places(s);
    /// As `trapezoid`.
    "trapz.dx(Tensor y, *, float dx=1, int dim=-1) -> Tensor" "f"
    |a| trapezoid(a.tensor(0)?, None, a.float(1)?.into(), a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), 0.into()]];
    /// Running area under `y` along `dim` by the trapezoidal rule, at the places `x`.
    "cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor" "f"
    |a| cumulative_trapezoid(a.tensor(0)?, Some(a.tensor(1)?), 1i64.into(), a.int(2)?);
    |s| places(s);
    /// Running area under `y` along `dim` by the trapezoidal rule, at places `dx` apart.
    "cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor" "f"
    |a| cumulative_trapezoid(a.tensor(0)?, None, a.scalar(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), crate::Scalar::Float(0.5).into(), 0.into()]];
}

/// Samples of (self, dim).
fn lines(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![vec![s.t(&[2, 3]), 1.into()], vec![s.t(&[3, 2]), 0.into()], vec![s.t(&[]), (-1).into()]]
}
/// Samples of (y, x, dim).
fn places(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), s.t(&[3]), (-1).into()],
        vec![s.t(&[3, 2]), s.t(&[3]), 0.into()],
        vec![s.t(&[2, 3]), s.t(&[2, 3]), 1.into()],
    ]
}
