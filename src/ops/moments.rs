//! Variance and standard deviation, alone and with the mean.
use crate::cpu::moments;
use crate::dtype::{C64, Class, DType, Scalar};
use crate::error::Result;
use crate::gpu::moments::Spread;
use crate::gpu::{self, Gpu};
use crate::graph::Grads;
use crate::ops::reduce::{Over, fold_into};
use crate::ops::*;
use crate::tensor::Tensor;

/// What of the moments an op returns.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Var,
    Std,
    VarMean,
    StdMean,
}
use Kind::*;

/// Sum of squared deviations divided by `count - correction`, and the mean; neither is recorded.
fn spread_and_mean(x: &Tensor, over: &Over, correction: f64, root: bool) -> Result<(Tensor, Tensor)> {
    let real = x.dtype().to_real();
    if x.dtype().is_complex() {
        // The variance of a complex number is the sum of those of its parts.
        let parts = crate::graph::with_grad(false, || view_as_real(&x.contiguous_data()?))?;
        let part = |i: i64| crate::graph::with_grad(false, || select(&parts, -1, i));
        let (re, re_mean) = spread_and_mean(&part(0)?, over, correction, false)?;
        let (im, im_mean) = spread_and_mean(&part(1)?, over, correction, false)?;
        return crate::graph::with_grad(false, || {
            let var = add(&re, &im)?;
            Ok((if root { sqrt(&var)? } else { var }, complex(&re_mean, &im_mean)?))
        });
    }
    if let Some(gpu) = x.gpu() {
        let n = (over.count() as f64 - correction).max(0.0);
        let spread = if root { Spread::Deviation(n) } else { Spread::Variance(n) };
        return moments_on_gpu(gpu, x, over, spread, real);
    }
    let both = moments_of(x, over)?;
    let n = over.count() as f64 - correction;
    let n = if n > 0.0 { n } else { 0.0 };
    let var: Vec<f64> = both.iter().map(|m| m.1 / n).map(|v| if root { v.sqrt() } else { v }).collect();
    let mean: Vec<f64> = both.iter().map(|m| m.0).collect();
    Ok((
        Tensor::from_slice(&var, &over.result)?.cast_data(real)?,
        Tensor::from_slice(&mean, &over.result)?.cast_data(real)?,
    ))
}

/// Mean and sum of squared deviations of each set of elements of a real tensor.
pub(crate) fn moments_of(x: &Tensor, over: &Over) -> Result<Vec<(f64, f64)>> {
    let r = if x.dtype().class() == Class::F64 { &moments::F64 } else { &moments::F32 };
    let both = fold_into(x, r, over, DType::C128, 1.0)?;
    // SAFETY: new, contiguous, and nobody else's.
    Ok(unsafe { both.as_slice::<C64>() }.iter().map(|m| (m.re, m.im)).collect())
}

/// Spread and mean of each set of elements, of `dtype`.
pub(crate) fn moments_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    over: &Over,
    kind: Spread,
    dtype: DType,
) -> Result<(Tensor, Tensor)> {
    let (spread, mean) = (Tensor::empty(&over.result, dtype)?, Tensor::empty(&over.result, dtype)?);
    if over.count() == 0 {
        spread.fill_data(if kind == Spread::Squares { 0.0 } else { f64::NAN }.into());
        mean.fill_data(f64::NAN.into());
    } else {
        let bits = if x.rank() == 0 { 0 } else { over.bits };
        let (to, from) = ([mean.on_gpu(gpu)?, spread.on_gpu(gpu)?], x.on_gpu(gpu)?);
        gpu::moments::moments(gpu, x.shape(), bits, from, to, kind)?;
    }
    Ok((spread, mean))
}

fn compute(x: &Tensor, dims: &[i64], correction: f64, keepdim: bool, kind: Kind) -> Result<Vec<Tensor>> {
    let d = x.dtype();
    let name = ["std and var", "std and var", "var_mean", "std_mean"][kind as usize];
    ensure!(d.is_differentiable(), "{name} only support floating point and complex dtypes");
    let over = Over::new(x.shape(), dims, keepdim)?;
    let root = matches!(kind, Std | StdMean);
    let (y, mean) = spread_and_mean(x, &over, correction, root)?;
    let outputs = if matches!(kind, Var | Std) { vec![y] } else { vec![y, mean] };
    let op = ["var", "std", "var_mean", "std_mean"][kind as usize];
    Tensor::record_all(outputs, op, &[x], |r, y| {
        let at = r.input("self", x);
        let result = root.then(|| r.output(if kind == Std { "result" } else { "result0" }, &y[0]));
        Box::new(move |node, g| {
            let x = node.get(at)?;
            let n = over.count() as f64;
            let mut total: Option<Tensor> = None;
            if let Some(g) = &g[0] {
                let mut g = over.restore(g)?;
                if let Some(result) = result {
                    // The root has no slope at 0; PyTorch takes 0.
                    let y = over.restore(&node.get(result)?)?;
                    let zero = eq(&y.detach(), 0.0)?;
                    g = mul(&div(&g, &mul(&add(&y, &zero)?, 2.0)?)?, &ne(&y.detach(), 0.0)?)?;
                }
                let centred = sub(&x, &mean_kept(&x, &over)?)?;
                total = Some(mul(&mul(&g, 2.0 / (n - correction))?, &centred)?);
            }
            if let Some(Some(g)) = g.get(1) {
                let part = over.spread(&div(g, n)?)?;
                total = Some(total.map_or(Ok(part.clone()), |t| add(&t, &part))?);
            }
            Ok(Grads::from_iter([total]))
        })
    })
}
fn mean_kept(x: &Tensor, over: &Over) -> Result<Tensor> {
    mean(x, &over.list(), true, None)
}

/// Variance over `dims` (all of them if empty), the squares divided by the count less `correction`.
pub fn var(x: &Tensor, dims: &[i64], correction: f64, keepdim: bool) -> Result<Tensor> {
    Ok(compute(x, dims, correction, keepdim, Var)?.swap_remove(0))
}
/// Square root of `var`.
pub fn std(x: &Tensor, dims: &[i64], correction: f64, keepdim: bool) -> Result<Tensor> {
    Ok(compute(x, dims, correction, keepdim, Std)?.swap_remove(0))
}

/// `f(self, unbiased)`.
fn of_all(a: &Args, kind: Kind) -> Result<Out> {
    out(compute(a.tensor(0)?, &[], a.bool(1)? as u8 as f64, false, kind)?)
}
/// `f(self, dim, unbiased, keepdim)`.
fn of_dim(a: &Args, kind: Kind) -> Result<Out> {
    let dims = a.opt_ints(1)?.unwrap_or_default();
    out(compute(a.tensor(0)?, &dims, a.bool(2)? as u8 as f64, a.bool(3)?, kind)?)
}
/// `f(self, dim, *, correction, keepdim)`.
fn with_correction(a: &Args, kind: Kind) -> Result<Out> {
    let dims = a.opt_ints(1)?.unwrap_or_default();
    let correction = a.opt_scalar(2)?.unwrap_or(Scalar::Int(1)).to_f64();
    out(compute(a.tensor(0)?, &dims, correction, a.bool(3)?, kind)?)
}
fn out(mut v: Vec<Tensor>) -> Result<Out> {
    Ok(if v.len() == 1 { Out::Tensor(v.swap_remove(0)) } else { Out::Tuple(v.into()) })
}

rows! {
    /// Variance over `dim`; `unbiased` divides the squares by the count less 1.
    "var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor" "fmo"
    |a| of_dim(a, Var);
    |s| dim_samples(s);
    /// Variance over `dim`, the squares divided by the count less `correction` (default 1).
    "var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor" "fmo"
    |a| with_correction(a, Var);
    |s| correction_samples(s);
    /// Variance of all elements; `unbiased` divides the squares by the count less 1.
    "var(Tensor self, bool unbiased=True) -> Tensor" "fm"
    |a| of_all(a, Var);
    |s| vec![vec![s.t(&[2, 3]), true.into()], vec![s.t(&[2, 3]), false.into()]];
    /// Standard deviation over `dim`; `unbiased` divides the squares by the count less 1.
    "std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor" "fmo"
    |a| of_dim(a, Std);
    |s| dim_samples(s);
    /// Standard deviation over `dim`, the squares divided by the count less `correction` (default 1).
    "std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor" "fmo"
    |a| with_correction(a, Std);
    |s| correction_samples(s);
    /// Standard deviation of all elements; `unbiased` divides the squares by the count less 1.
    "std(Tensor self, bool unbiased=True) -> Tensor" "fm"
    |a| of_all(a, Std);
    |s| vec![vec![s.t(&[2, 3]), true.into()], vec![s.t(&[2, 3]), false.into()]];
    /// Variance and mean over `dim`; `unbiased` divides the squares by the count less 1.
    "var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)" "f"
    |a| of_dim(a, VarMean);
    |s| dim_samples(s);
    /// Variance and mean over `dim`, the squares divided by the count less `correction` (default 1).
    "var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)" "f"
    |a| with_correction(a, VarMean);
    |s| correction_samples(s);
    /// Variance and mean of all elements; `unbiased` divides the squares by the count less 1.
    "var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)" "f"
    |a| of_all(a, VarMean);
    |s| vec![vec![s.t(&[2, 3]), true.into()], vec![s.t(&[2, 3]), false.into()]];
    /// Standard deviation and mean over `dim`; `unbiased` divides the squares by the count less 1.
    "std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)" "f"
    |a| of_dim(a, StdMean);
    |s| dim_samples(s);
    /// Standard deviation and mean over `dim`, the squares divided by the count less `correction` (default 1).
    "std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)" "f"
    |a| with_correction(a, StdMean);
    |s| correction_samples(s);
    /// Standard deviation and mean of all elements; `unbiased` divides the squares by the count less 1.
    "std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)" "f"
    |a| of_all(a, StdMean);
    |s| vec![vec![s.t(&[2, 3]), true.into()], vec![s.t(&[2, 3]), false.into()]];
}

fn dim_samples(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), [1].into(), true.into(), false.into()],
        vec![s.t(&[3, 2, 2]), [0, 2].into(), false.into(), true.into()],
    ]
}
fn correction_samples(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), Value::None, Value::None, false.into()],
        vec![s.t(&[3, 3]), [0].into(), Scalar::Float(0.5).into(), true.into()],
    ]
}
