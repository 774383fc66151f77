//! Norms of vectors and matrices, distances by them, and the logarithm of a sum of exponentials.
use crate::cpu::along::{Along, To};
use crate::cpu::reduce::Reducer;
use crate::cpu::{fold, softmax::Softmax};
use crate::dtype::{Class, DType, Scalar, default_dtype};
use crate::error::Result;
use crate::gpu::reduce::Kind;
use crate::graph::with_grad;
use crate::layout::{Dims, show_i, wrap_dim};
use crate::ops::reduce::{Over, fold_into, fold_on_gpu, over_dims};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Sum of |x|^p over `dims` (all of them if empty), to the power 1/p; also its limits for p = 0 and infinite p.
pub fn vector_norm(x: &Tensor, p: f64, dims: &[i64], keepdim: bool) -> Result<Tensor> {
    norm_as(x, p, dims, keepdim, "linalg_vector_norm")
}

fn norm_as(x: &Tensor, p: f64, dims: &[i64], keepdim: bool, op: &'static str) -> Result<Tensor> {
    let over = Over::new(x.shape(), dims, keepdim)?;
    let y = with_grad(false, || norm_data(x, p, &over))?;
    y.record(op, &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        one_grad(move |node, g| norm_backward(g, &node.get(at)?, &node.get(result)?, p, &over))
    })
}

fn norm_data(x: &Tensor, p: f64, over: &Over) -> Result<Tensor> {
    let (real, class) = (x.dtype().to_real(), x.dtype().class());
    let run = |x: &Tensor, r: Reducer| fold_into(x, &r, over, real, 1.0);
    if p == 0.0 {
        return run(x, Reducer::plain::<fold::CountF64>());
    }
    if p == 2.0 && complex::in_parts(x) {
        return norm_data(&abs(&x.detach())?, p, over);
    }
    if p == 2.0 {
        return match class {
            Class::F32 => run(x, Reducer::simd::<fold::Norm2F32>()),
            Class::F64 => run(x, Reducer::plain::<fold::Norm2F64>()),
            _ => run(x, Reducer::plain::<fold::Norm2C64>()),
        };
    }
    if p == 1.0 && class != Class::C128 {
        let wide = class == Class::F64;
        return run(x, if wide { Reducer::plain::<fold::Norm1F64>() } else { Reducer::simd::<fold::Norm1F32>() });
    }
    // Half types are rounded once, at the end.
    let a = abs(&x.detach())?;
    let a = if class == Class::F32 { a.cast_data(DType::F32)? } else { a };
    let (dims, kept) = (over.list(), over.result.clone());
    let y = match p {
        1.0 => sum(&a, &dims, false, None)?,
        f64::INFINITY | f64::NEG_INFINITY if over.count() == 1 => a,
        f64::INFINITY => amax(&a, &dims, false)?,
        f64::NEG_INFINITY => amin(&a, &dims, false)?,
        p => pow(&sum(&pow(&a, p)?, &dims, false, None)?, 1.0 / p)?,
    };
    reshape_to(&y, &kept)?.cast_data(real)
}

/// The gradient of a norm `y` of `x`. Where the norm is 0 it is 0, one of the subgradients.
fn norm_backward(g: &Tensor, x: &Tensor, y: &Tensor, p: f64, over: &Over) -> Result<Tensor> {
    let (g, y) = (over.restore(g)?, over.restore(y)?);
    if p == 0.0 {
        return zeros_like(x);
    }
    if p == 1.0 {
        return mul(&sgn(x)?, &g);
    }
    // y where it is not 0, and 1 elsewhere, where the quotient is dropped.
    let nonzero = ne(&y.detach(), 0.0)?;
    let safe = add(&y, &eq(&y.detach(), 0.0)?)?;
    if p == 2.0 {
        return mul(x, &mul(&div(&g, &safe)?, &nonzero)?);
    }
    let a = abs(x)?;
    if p.is_infinite() {
        let (a, y) = (a.detach(), y.detach());
        let both_nan = mul(&ne(&a, &a)?, &ne(&y, &y)?)?;
        let mask = add(&eq(&a, &y)?, &both_nan)?;
        let count = sum(&mask, &over.list(), true, None)?;
        return mul(&mul(&sgn(x)?, &mask)?, &div(&g, &count)?);
    }
    // |x|^(p - 2) x, with 0 where x is. Below 2 it is the sign times a power, for an infinity has a power of 0.
    let zero = eq(&a.detach(), 0.0)?;
    let a = add(&a, &zero)?;
    let scaled = if p < 2.0 { mul(&sgn(x)?, &pow(&a, p - 1.0)?)? } else { mul(x, &mul(&pow(&a, p - 2.0)?, &logical_not(&zero)?)?)? };
    mul(&scaled, &mul(&div(&g, &pow(&safe, p - 1.0)?)?, &nonzero)?)
}

fn check_type(x: &Tensor, dtype: Option<DType>, op: &str) -> Result<()> {
    ensure!(
        x.dtype().is_differentiable(),
        "{op}: Expected a floating point or complex tensor as input. Got {}",
        x.dtype().scalar_name()
    );
    if let Some(d) = dtype {
        ensure!(
            d.is_differentiable(),
            "{op}: dtype should be floating point or complex, but got {}",
            d.scalar_name()
        );
        ensure!(
            d.is_complex() == x.dtype().is_complex(),
            "{op}: dtype should be {} for {} inputs, but got {}",
            if x.dtype().is_complex() { "complex" } else { "real" },
            if x.dtype().is_complex() { "complex" } else { "real" },
            d.scalar_name()
        );
        ensure!(
            x.dtype().promote(d) == d,
            "{op}: the dtype of the input ({}) should be convertible without narrowing to the specified dtype ({})",
            x.dtype().scalar_name(),
            d.scalar_name()
        );
    }
    Ok(())
}

fn show_order(p: f64) -> String {
    if p.is_infinite() { if p > 0.0 { "inf".into() } else { "-inf".into() } } else { format!("{p}") }
}

pub(crate) fn linalg_vector_norm(
    x: &Tensor,
    ord: Scalar,
    dims: &[i64],
    keepdim: bool,
    dtype: Option<DType>,
) -> Result<Tensor> {
    let op = "linalg.vector_norm";
    ensure!(!ord.is_complex(), "{op}: Expected a non-complex scalar as the order of norm.");
    check_type(x, dtype, op)?;
    let p = ord.to_f64();
    if x.numel() == 0 && (p < 0.0 || p == f64::INFINITY) {
        let none = "because the operation does not have an identity";
        ensure!(!dims.is_empty(), "{op} cannot compute the {} norm on an empty tensor {none}", show_order(p));
        for d in Over::new(x.shape(), dims, keepdim)?.dims() {
            ensure!(
                x.shape().get(d) != Some(&0),
                "{op} cannot compute the {} norm on the dimension {d}because this dimension is empty and the operation \
                 does not have an identity",
                show_order(p)
            );
        }
    }
    let x = cast(x, dtype.unwrap_or(x.dtype()))?;
    vector_norm(&x, p, dims, keepdim)
}

/// The two different dims of a matrix norm, counted from the start.
fn matrix_dims(x: &Tensor, dims: &[i64], dtype: Option<DType>) -> Result<(usize, usize)> {
    let op = "linalg.matrix_norm";
    ensure!(x.rank() >= 2, "{op}: The input tensor A must have at least 2 dimensions.");
    check_type(x, dtype, op)?;
    let shown = || dims.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    ensure!(dims.len() == 2, "{op}: dim must be a 2-tuple. Got {}", shown());
    let (a, b) = (wrap_dim(dims[0], x.rank())?, wrap_dim(dims[1], x.rank())?);
    ensure!(a != b, "{op}: dims must be different. Got ({})", shown());
    Ok((a, b))
}

/// Norm of matrices by a number: 1, -1 (columns), inf, -inf (rows), 2, -2 (singular values).
fn matrix_norm(x: &Tensor, ord: Scalar, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    let (a, b) = matrix_dims(x, dims, dtype)?;
    let p = ord.to_f64();
    ensure!(
        [1.0, 2.0, f64::INFINITY].contains(&p.abs()),
        "linalg.matrix_norm: Order {} not supported.",
        show_order(p)
    );
    let x = &cast(x, dtype.unwrap_or(x.dtype()))?;
    if p.abs() == 2.0 {
        let s = singular_values(x, a, b)?;
        let y = if p > 0.0 { amax(&s, &[-1], keepdim)? } else { amin(&s, &[-1], keepdim)? };
        return if keepdim { restore_dims(&y, a, b) } else { Ok(y) };
    }
    let (added, best) = if p.abs() == 1.0 { (a, b) } else { (b, a) };
    let sums = vector_norm(x, 1.0, &[added as i64], true)?;
    let y = if p > 0.0 { amax(&sums, &[best as i64], true)? } else { amin(&sums, &[best as i64], true)? };
    if keepdim { Ok(y) } else { squeeze_dims(&y, &[a as i64, b as i64]) }
}

/// Norm of matrices by name: `fro` (Frobenius) or `nuc` (sum of singular values).
fn matrix_norm_named(x: &Tensor, ord: &str, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    ensure!(ord == "fro" || ord == "nuc", "linalg.matrix_norm: Order {ord} not supported.");
    let (a, b) = matrix_dims(x, dims, dtype)?;
    let x = &cast(x, dtype.unwrap_or(x.dtype()))?;
    if ord == "fro" {
        return vector_norm(x, 2.0, &[a as i64, b as i64], keepdim);
    }
    let y = sum(&singular_values(x, a, b)?, &[-1], keepdim, None)?;
    if keepdim { restore_dims(&y, a, b) } else { Ok(y) }
}

fn singular_values(x: &Tensor, a: usize, b: usize) -> Result<Tensor> {
    svdvals(&movedim(x, &[a as i64, b as i64], &[-2, -1])?)
}
/// Puts two dims of size 1 where they were, from one at the end.
fn restore_dims(y: &Tensor, a: usize, b: usize) -> Result<Tensor> {
    movedim(&unsqueeze(y, -1)?, &[-2, -1], &[a as i64, b as i64])
}

fn check_norm_dims(x: &Tensor, dims: Option<&[i64]>, ord_given: bool) -> Result<()> {
    match dims {
        Some(d) => ensure!(
            matches!(d.len(), 1 | 2),
            "linalg.norm: If dim is specified, it must be of length 1 or 2. Got {}",
            show_i(d)
        ),
        None => ensure!(
            !ord_given || matches!(x.rank(), 1 | 2),
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {}D.",
            x.rank()
        ),
    }
    Ok(())
}

fn linalg_norm(
    x: &Tensor,
    ord: Option<Scalar>,
    dims: Option<&[i64]>,
    keepdim: bool,
    dtype: Option<DType>,
) -> Result<Tensor> {
    check_norm_dims(x, dims, ord.is_some())?;
    match ord {
        Some(p) if dims.map_or(x.rank(), |d| d.len()) == 2 => {
            matrix_norm(x, p, dims.unwrap_or(&[0, 1]), keepdim, dtype)
        }
        p => linalg_vector_norm(x, p.unwrap_or(Scalar::Int(2)), dims.unwrap_or(&[]), keepdim, dtype),
    }
}
fn linalg_norm_named(
    x: &Tensor,
    ord: &str,
    dims: Option<&[i64]>,
    keepdim: bool,
    dtype: Option<DType>,
) -> Result<Tensor> {
    check_norm_dims(x, dims, true)?;
    matrix_norm_named(x, ord, dims.unwrap_or(&[0, 1]), keepdim, dtype)
}

/// The older `norm`: over all elements or `dims`, as if they were one vector.
pub(crate) fn old_norm(x: &Tensor, p: Option<Scalar>, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    let d = dtype.unwrap_or(x.dtype());
    ensure!(
        d.is_differentiable(),
        "norm(): input dtype should be either floating point or complex. Got {} instead.",
        d.scalar_name()
    );
    let p = p.map_or(2.0, Scalar::to_f64);
    let node = match (dims.is_empty(), dtype) {
        (true, None) => "norm",
        (false, None) => "norm#1",
        (true, Some(_)) => "norm#2",
        (false, Some(_)) => "norm#3",
    };
    norm_as(&cast(x, d)?, p, dims, keepdim, node)
}

/// The p-norm of the difference of two tensors.
pub fn dist(x: &Tensor, other: &Tensor, p: f64) -> Result<Tensor> {
    old_norm(&sub(x, other)?, Some(Scalar::Float(p)), &[], false, None)
}

/// Slices along `dim` scaled down to a p-norm of at most `maxnorm`.
fn renorm(x: &Tensor, p: Scalar, dim: i64, maxnorm: Scalar) -> Result<Tensor> {
    ensure!(!p.is_complex(), "renorm: p must be real-valued");
    ensure!(p.to_f64() > 0.0, "renorm: non-positive-norm not supported");
    ensure!(!maxnorm.is_complex(), "renorm: maxnorm must be real-valued");
    ensure!(
        maxnorm.to_f64() >= 0.0,
        "renorm: expected maxnorm to be >= 0 but got {}",
        maxnorm.to_f64()
    );
    ensure!(x.rank() > 1, "renorm: input needs at least 2 dimensions, got {} dimensions", x.rank());
    let d = wrap_dim(dim, x.rank())?;
    let dims: Vec<i64> = (0..x.rank()).filter(|&i| i != d).map(|i| i as i64).collect();
    let max = maxnorm.to_f64();
    let norm = vector_norm(x, p.to_f64(), &dims, true)?;
    let large = gt(&norm.detach(), max)?;
    // What is left alone has a factor of 1; a norm of NaN is not too large.
    let factor = where_(&large, &div(max, &add(&norm, 1e-7)?)?, 1.0)?;
    mul(x, &factor)
}

/// log(sum(exp(x))) over `dims`, without overflow.
pub fn logsumexp(x: &Tensor, dims: &[i64], keepdim: bool) -> Result<Tensor> {
    let x = &if x.dtype().is_integral() { cast(x, default_dtype())? } else { x.clone() };
    let over = Over::new(x.shape(), dims, keepdim)?;
    let y = match x.dtype().class() {
        class if class != Class::C128 && x.gpu().is_some() => fold_on_gpu(x, Kind::LogSumExp, x.dtype().class(), &over, x.dtype(), 1.0)?,
        Class::F32 => log_sums::<f32>(x, &over, |m, log| (m as f64 + log) as f32)?,
        Class::F64 => log_sums::<f64>(x, &over, |m, log| m + log)?,
        _ => {
            // The largest real part is taken out; an infinite one cannot be.
            let top = with_grad(false, || {
                let re = select(&view_as_real(&x.contiguous_data()?)?, -1, 0)?;
                let m = amax(&re, &over.list(), true)?;
                let finite = lt(&abs(&m)?, f64::INFINITY)?;
                let zero = Tensor::zeros(m.shape(), m.dtype())?;
                where_(&finite, &m, &zero)
            })?;
            let y = with_grad(false, || {
                let total = sum(&exp(&sub(&x.detach(), &top)?)?, &over.list(), true, None)?;
                add(&log(&total)?, &top)
            })?;
            reshape_to(&y, &over.result)?
        }
    };
    y.cast_data(x.dtype())?.record("logsumexp", &[x], |r, y| {
        let (at, result) = (r.input("self", x), r.output("result", y));
        one_grad(move |node, g| {
            let y = over.restore(&node.get(result)?)?;
            mul(&over.restore(g)?, &conj(&exp(&sub(&node.get(at)?, &y)?)?)?)
        })
    })
}

fn log_sums<T: Softmax + crate::dtype::Element + Into<f64>>(
    x: &Tensor,
    over: &Over,
    join: fn(T, f64) -> T,
) -> Result<Tensor> {
    let order: Dims = {
        let gone = |d: &usize| over.bits >> d & 1 == 1;
        (0..x.rank()).filter(|d| !gone(d)).chain((0..x.rank()).filter(gone)).collect()
    };
    let data = x.with_layout(x.layout().permute(&order)).cast_data(T::DTYPE)?;
    let y = Tensor::empty(&over.result, T::DTYPE)?;
    let a = Along { outer: y.numel(), n: over.count(), inner: 1 };
    let to = To(y.data_ptr().cast::<T>());
    let to = &to;
    // SAFETY: contiguous and only read; the result is new and has one element per line.
    unsafe {
        let data = data.as_slice::<T>();
        a.each_line(8, &|line| {
            let row = &data[line * a.n..(line + 1) * a.n];
            let (m, log) = if row.is_empty() { (T::default(), f64::NEG_INFINITY) } else { T::log_sum(a.n, row.as_ptr()) };
            let top: f64 = m.into();
            to.at(line).write(if top.is_infinite() { m } else { join(m, log) });
        });
    }
    Ok(y)
}

rows! {
    /// Norm of order `p` of all elements.
    "norm.Scalar(Tensor self, Scalar p=2) -> Tensor" "fm"
    |a| old_norm(a.tensor(0)?, Some(a.scalar(1)?), &[], false, None);
    |s| vec![vec![s.t(&[2, 3]), Scalar::Int(2).into()], vec![s.t(&[2, 3]), Scalar::Float(2.5).into()]];
    /// Norm of order `p` of all elements, computed in `dtype`.
    "norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor" "fm"
    |a| old_norm(a.tensor(0)?, a.opt_scalar(1)?, &[], false, Some(a.dtype(2)?));
    |s| vec![vec![s.t(&[2, 3]), Value::None, DType::F64.into()]];
    /// Norm of order `p` over `dim`, computed in `dtype`.
    "norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor" "fmo"
    |a| old_norm(a.tensor(0)?, a.opt_scalar(1)?, &a.ints(2)?, a.bool(3)?, Some(a.dtype(4)?));
    |s| vec![vec![s.t(&[2, 3]), Scalar::Int(3).into(), [1].into(), false.into(), DType::F64.into()]];
    /// Norm of order `p` over `dim`.
    "norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor" "fmo"
    |a| old_norm(a.tensor(0)?, a.opt_scalar(1)?, &a.ints(2)?, a.bool(3)?, None);
    |s| vec![vec![s.t(&[2, 3]), Scalar::Int(1).into(), [0, 1].into(), true.into()]];
    /// Norm of order `ord` of vectors along `dim`; over several dims, or all of them, as if they were one vector.
    "_linalg::vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fo"
    |a| linalg_vector_norm(a.tensor(0)?, a.scalar(1)?, &a.opt_ints(2)?.unwrap_or_default(), a.bool(3)?, a.opt_dtype(4)?);
    |s| {
        let orders = [2.0, 0.0, 1.0, 1.5, 3.0, 0.5, -2.0, f64::INFINITY, f64::NEG_INFINITY];
        let mut all: Vec<Vec<Value>> = orders
            .into_iter()
            .map(|p| vec![s.t(&[2, 3]), Scalar::Float(p).into(), [1].into(), false.into(), Value::None])
            .collect();
        let more = over_dims(s).into_iter();
        all.extend(more.map(|v| vec![v[0].clone(), Scalar::Int(2).into(), v[1].clone(), v[2].clone(), Value::None]));
        all
    };
    /// Norm of matrices: `ord` is 1, -1 (sums of columns), inf, -inf (of rows), 2 or -2 (singular values).
    "_linalg::matrix_norm(Tensor self, Scalar ord, int[] dim=[-2,-1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fo"
    |a| matrix_norm(a.tensor(0)?, a.scalar(1)?, &a.ints(2)?, a.bool(3)?, a.opt_dtype(4)?);
    |s| [1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY]
        .into_iter()
        .map(|p| vec![s.t(&[2, 3, 2]), Scalar::Float(p).into(), [-2, -1].into(), (p > 0.0).into(), Value::None])
        .collect();
    /// Norm of matrices by name: `fro` (Frobenius) or `nuc` (sum of singular values).
    "_linalg::matrix_norm.str_ord(Tensor self, str ord='fro', int[] dim=[-2,-1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fo"
    |a| matrix_norm_named(a.tensor(0)?, a.str(1)?, &a.ints(2)?, a.bool(3)?, a.opt_dtype(4)?);
    |s| vec![vec![s.t(&[2, 3, 2]), "fro".into(), [0, 1].into(), false.into(), Value::None]];
    /// Norm of vectors (one dim) or, with `ord`, of matrices (two dims).
    "_linalg::norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fo"
    |a| linalg_norm(a.tensor(0)?, a.opt_scalar(1)?, a.opt_ints(2)?.as_deref(), a.bool(3)?, a.opt_dtype(4)?);
    |s| vec![
        vec![s.t(&[2, 3]), Value::None, Value::None, false.into(), Value::None],
        vec![s.t(&[2, 3]), Scalar::Int(1).into(), Value::None, true.into(), Value::None],
    ];
    /// Norm of matrices by name.
    "_linalg::norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fo"
    |a| linalg_norm_named(a.tensor(0)?, a.str(1)?, a.opt_ints(2)?.as_deref(), a.bool(3)?, a.opt_dtype(4)?);
    |s| vec![vec![s.t(&[2, 3]), "fro".into(), Value::None, false.into(), Value::None]];
    /// Square root of the sum of |x|^2 over `dim`.
    "frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor" "fo"
    |a| vector_norm(a.tensor(0)?, 2.0, &a.ints(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[2, 3]), [0, 1].into(), false.into()]];
    /// Sum of the singular values of matrices.
    "nuclear_norm(Tensor self, bool keepdim=False) -> Tensor" "fon"
    |a| matrix_norm_named(a.tensor(0)?, "nuc", &[-2, -1], a.bool(1)?, None);
    |_s| vec![];
    /// Sum of the singular values of the matrices that two dims make.
    "nuclear_norm.dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor" "fon"
    |a| matrix_norm_named(a.tensor(0)?, "nuc", &a.ints(1)?, a.bool(2)?, None);
    |_s| vec![];
    /// Norm of order `p` of the difference of two tensors.
    "dist(Tensor self, Tensor other, Scalar p=2) -> Tensor" "fm"
    |a| dist(a.tensor(0)?, a.tensor(1)?, a.scalar(2)?.to_f64());
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3]), Scalar::Int(2).into()]];
    /// Slices along `dim` scaled down where their norm of order `p` is larger than `maxnorm`.
    "renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor" "fmio"
    |a| renorm(a.tensor(0)?, a.scalar(1)?, a.int(2)?, a.scalar(3)?);
    |s| vec![vec![s.t(&[3, 2]), Scalar::Int(2).into(), 0.into(), Scalar::Float(1.0).into()]];
    /// Logarithm of the sum of exponentials over `dim`, one or several.
    "logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor" "fmo"
    |a| logsumexp(a.tensor(0)?, &a.ints(1)?, a.bool(2)?);
    |s| over_dims(s).into_iter().filter(|v| !matches!(v[1], Value::None)).collect();
    /// As `torch.logsumexp`.
    "_special::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor" "fo"
    |a| logsumexp(a.tensor(0)?, &a.ints(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[2, 3]), [1].into(), false.into()]];
}
