//! Losses of scores or log probabilities against classes: negative log likelihood and cross entropy.
use crate::cpu::cross_entropy::{self, Scores};
use crate::dtype::{Class, DType, Element, Scalar};
use crate::error::Result;
use crate::graph::{grad_enabled, with_grad};
use crate::layout::{Dims, show};
use crate::ops::loss::reduce_loss;
use crate::ops::pick::{pick, place};
use crate::ops::*;
use crate::tensor::Tensor;
use std::sync::Arc;

/// Classes of one batch, checked: -1 for those that are ignored, and the weight of each.
struct Classes {
    index: Vec<i64>,
    weights: Vec<f64>,
}

impl Classes {
    fn new(target: &Tensor, classes: usize, weight: Option<&Tensor>, ignore: i64) -> Result<Self> {
        let mut index = target.to_vec::<i64>()?;
        let per_class = weight.map(|w| w.to_vec::<f64>()).transpose()?;
        let mut weights = Vec::with_capacity(index.len());
        for t in &mut index {
            if *t == ignore {
                *t = -1;
                weights.push(0.0);
                continue;
            }
            ensure!(*t >= 0 && (*t as usize) < classes, Index, "Target {t} is out of bounds.");
            weights.push(per_class.as_ref().map_or(1.0, |w| w[*t as usize]));
        }
        Ok(Self { index, weights })
    }
    fn total(&self) -> f64 {
        self.weights.iter().sum()
    }
    /// What each loss counts in the result.
    fn factors(&self, reduction: i64) -> Vec<f64> {
        let total = if reduction == 1 { self.total() } else { 1.0 };
        // What is ignored counts 0, also where nothing is left to divide by.
        self.weights.iter().zip(&self.index).map(|(w, &t)| if t < 0 { 0.0 } else { w / total }).collect()
    }
}

fn check_target(target: &Tensor) -> Result<()> {
    ensure!(
        matches!(target.dtype(), DType::I64 | DType::U8),
        "expected target dtype to be Long or Byte, but got {}",
        target.dtype().scalar_name()
    );
    Ok(())
}
fn check_weight(x: &Tensor, weight: Option<&Tensor>, classes: usize, who: &str) -> Result<()> {
    let Some(w) = weight else { return Ok(()) };
    ensure!(
        w.rank() == 1 && w.numel() == classes,
        "{who}weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of \
         shape: {}",
        show(w.shape())
    );
    ensure!(
        w.dtype() == x.dtype(),
        "expected scalar type {} but found {}",
        x.dtype().scalar_name(),
        w.dtype().scalar_name()
    );
    Ok(())
}

/// The sizes of input and target, which must belong together: the shape of the losses.
fn check_sizes(x: &Tensor, target: &Tensor, name: &str) -> Result<Dims> {
    ensure!(x.rank() > 0, Value, "Expected 1 or more dimensions (got 0)");
    if x.rank() == 1 {
        ensure!(
            target.rank() == 0 || target.numel() == 1 && target.rank() == 1,
            Value,
            "For 1D input, 1D target must have size 1, but got target size: {}",
            target.numel()
        );
        return Ok(target.shape().into());
    }
    let batch = target.shape().first().copied().unwrap_or(1);
    ensure!(
        x.shape()[0] == batch,
        Value,
        "Expected input batch_size ({}) to match target batch_size ({batch}).",
        x.shape()[0]
    );
    if x.rank() == 4 {
        ensure!(
            target.rank() == 3,
            "only batches of spatial targets supported (3D tensors) but got targets of dimension: {}",
            target.rank()
        );
    }
    if x.rank() == 2 {
        ensure!(target.rank() == 1, "0D or 1D target tensor expected, multi-target not supported");
    }
    let fits = target.rank() + 1 == x.rank() && x.shape()[2..] == target.shape()[1..];
    if x.rank() == 4 {
        ensure!(fits, "size mismatch (got {name}: {} , target: {}", show(x.shape()), show(target.shape()));
    }
    let mut expected: Dims = x.shape().into();
    expected.remove(1);
    ensure!(fits, "Expected target size {}, got {}", show(&expected), show(target.shape()));
    Ok(target.shape().into())
}

/// No gradient flows to the weights of the classes.
fn refuse_weight(x: &Tensor, weight: Option<&Tensor>) -> Result<()> {
    refusal::refuse_grad(weight, "weight", if x.rank() > 2 { "nll_loss2d_forward" } else { "nll_loss_forward" })
}

/// Minus the log probability of each target, weighted and reduced; ignored targets count 0.
pub fn nll_loss(x: &Tensor, target: &Tensor, weight: Option<&Tensor>, reduction: i64, ignore: i64) -> Result<Tensor> {
    let shape = check_sizes(x, target, "input")?;
    check_target(target)?;
    let dim = if x.rank() == 1 { 0 } else { 1 };
    let classes = x.shape()[dim];
    check_weight(x, weight, classes, "")?;
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"nll_loss_out_frame\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    refuse_weight(x, weight)?;
    if let Some(gpu) = x.gpu() {
        return class_loss_gpu::nll_loss(gpu, x, target, weight, (reduction, ignore), dim);
    }
    let of = Classes::new(target, classes, weight, ignore)?;
    // One place per loss, and its factor (0 where it is ignored).
    let mut along: Dims = x.shape().into();
    along[dim] = 1;
    let places: Vec<i64> = of.index.iter().map(|&t| t.max(0)).collect();
    let places = Tensor::from_slice(&places, &along)?;
    let minus: Vec<f64> = of.factors(reduction).into_iter().map(|f| -f).collect();
    let ignored: Vec<bool> = of.index.iter().map(|&t| t < 0).collect();
    let factors = Tensor::from_slice(&minus, &along)?;
    let y = with_grad(false, || {
        let picked = cast(&pick(x, dim, &places)?, DType::F64)?;
        // An ignored infinity counts 0 as well.
        let picked = where_(&Tensor::from_slice(&ignored, &along)?, Scalar::Float(0.0), &picked)?;
        let each = mul(&picked, &factors)?;
        let y = if matches!(reduction, 1 | 2) { sum(&each, &[], false, None)? } else { reshape_to(&each, &shape)? };
        let nothing = reduction == 1 && of.total() == 0.0;
        if nothing { Tensor::scalar(f64::NAN, DType::F64) } else { Ok(y) }
    })?;
    let op = if x.rank() == 4 { "nll_loss2d" } else { "nll_loss" };
    y.cast_data(x.dtype())?.record(op, &[x], |r, _| {
        r.input("target", target);
        let dtype = x.dtype();
        crate::ops::view::one_grad(move |_, g| {
            let g = if matches!(reduction, 1 | 2) { g.clone() } else { reshape_to(g, &along)? };
            place(&cast(&mul(&g, &factors)?, dtype)?, dim, &places, classes)
        })
    })
}

/// Cross entropy of rows of scores in one pass: no tensor of log probabilities is made.
fn fused(x: &Tensor, target: &Tensor, weight: Option<&Tensor>, reduction: i64, ignore: i64) -> Result<Tensor> {
    refuse_weight(x, weight)?;
    if let Some(gpu) = x.gpu() {
        return class_loss_gpu::cross_entropy(gpu, x, target, weight, reduction, ignore);
    }
    let n = x.shape()[x.rank() - 1];
    let of = Arc::new(Classes::new(target, n, weight, ignore)?);
    if x.dtype().class() == Class::F64 {
        fused_as::<f64>(x, target, of, reduction)
    } else {
        fused_as::<f32>(x, target, of, reduction)
    }
}
fn fused_as<T: Scores + Element>(x: &Tensor, target: &Tensor, of: Arc<Classes>, reduction: i64) -> Result<Tensor> {
    let n = x.shape()[x.rank() - 1];
    let data = x.cast_data(T::DTYPE)?;
    // SAFETY: contiguous and only read.
    let stats = cross_entropy::forward(n, unsafe { data.as_slice::<T>() }, &of.index);
    let factors = of.factors(reduction);
    // A weight of 0 does not hide what is infinite or no number; only what is ignored counts 0.
    let rows = stats.iter().zip(&factors).zip(&of.index);
    let each: Vec<f64> = rows.map(|((s, &f), &t)| if t < 0 { 0.0 } else { s[0].wide() * f }).collect();
    let y = match reduction {
        1 if of.total() == 0.0 => Tensor::scalar(f64::NAN, DType::F64)?,
        1 | 2 => Tensor::scalar(each.iter().sum::<f64>(), DType::F64)?,
        _ => Tensor::from_slice(&each, target.shape())?,
    };
    y.cast_data(x.dtype())?.record("nll_loss", &[x], |r, _| {
        let at = r.input("self", x);
        r.input("target", target);
        crate::ops::view::one_grad(move |node, g| {
            let x = node.get(at)?;
            if grad_enabled() {
                // Made of ops: softmax less the class's one, times the row's factor.
                let shape = if x.rank() == 1 { vec![1] } else { vec![x.shape()[0], 1] };
                let factors = mul(&Tensor::from_slice(&factors, &shape)?, &reshape(g, if g.rank() == 0 { &[] } else { &[-1, 1] })?)?;
                let factors = cast(&if x.rank() == 1 { reshape(&factors, &[1])? } else { factors }, x.dtype())?;
                let places: Vec<i64> = of.index.iter().map(|&t| t.max(0)).collect();
                let last = x.rank() - 1;
                let ones = place(&factors, last, &Tensor::from_slice(&places, &shape)?, n)?;
                return sub(&mul(&softmax(&x, -1, None)?, &factors)?, &ones);
            }
            let data = x.cast_data(T::DTYPE)?;
            let g = g.to_vec::<f64>()?;
            let times: Vec<T> = factors.iter().enumerate().map(|(i, f)| T::narrow(f * g[i % g.len()])).collect();
            let gx = Tensor::empty(x.shape(), T::DTYPE)?;
            // SAFETY: contiguous and only read; the result is new and as large.
            unsafe { cross_entropy::backward(n, data.as_slice(), &of.index, &stats, &times, gx.data_ptr().cast()) };
            Ok(gx)
        })
    })
}

fn sum_classes(y: &Tensor, dim: usize) -> Result<Tensor> {
    sum(y, &[dim as i64], false, None)
}
/// A vector of classes in a shape that broadcasts against scores of `rank` dims.
fn beside(w: &Tensor, rank: usize, dim: usize) -> Result<Tensor> {
    let mut shape = vec![1; rank];
    shape[dim] = w.numel();
    reshape_to(w, &shape)
}

/// Cross entropy with target probabilities.
fn with_probabilities(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: i64,
    smoothing: f64,
    dim: usize,
) -> Result<Tensor> {
    ensure!(
        target.dtype().is_differentiable(),
        "Expected floating point type for target with class probabilities, got {}",
        target.dtype().scalar_name()
    );
    let n = x.shape()[dim];
    check_weight(x, weight, n, "cross_entropy: ")?;
    let log_p = log_softmax(x, dim as i64, None)?;
    let target =
        if smoothing > 0.0 { add(&mul(target, 1.0 - smoothing)?, smoothing / n as f64)? } else { target.clone() };
    let mut y = mul(&log_p, &target)?;
    if let Some(w) = weight {
        y = mul(&y, &beside(w, x.rank(), dim)?)?;
    }
    match reduction {
        1 if y.numel() == 0 => neg(&div(&sum(&y, &[], false, None)?, f64::NAN)?),
        1 => neg(&div(&sum(&y, &[], false, None)?, (y.numel() / n) as f64)?),
        2 => neg(&sum(&y, &[], false, None)?),
        _ => neg(&sum_classes(&y, dim)?),
    }
}

/// Cross entropy in which each class shares `smoothing` of the target.
fn with_smoothing(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: i64,
    ignore: i64,
    smoothing: f64,
    dim: usize,
) -> Result<Tensor> {
    let n = x.shape()[dim];
    let log_p = log_softmax(x, dim as i64, None)?;
    let hard = nll_loss(&log_p, target, weight, reduction, ignore)?;
    let weighted = match weight {
        Some(w) => mul(&log_p, &beside(w, x.rank(), dim)?)?,
        None => log_p,
    };
    let smooth = neg(&sum_classes(&weighted, dim)?)?;
    let (ignored, total) = match x.gpu() {
        Some(gpu) => {
            let factor = class_loss_gpu::nll_rows(gpu, x, target, weight, (0, ignore), dim)?.factor;
            (eq(target, Scalar::Int(ignore))?, Some(sum(&factor, &[], false, None)?))
        }
        None => {
            let of = Classes::new(target, n, weight, ignore)?;
            let ignored: Vec<bool> = of.index.iter().map(|&t| t < 0).collect();
            let total = if reduction == 1 { Some(Tensor::scalar(of.total(), DType::F64)?) } else { None };
            (Tensor::from_slice(&ignored, smooth.shape())?, total)
        }
    };
    let smooth = where_(&reshape_to(&ignored, smooth.shape())?, Scalar::Float(0.0), &smooth)?;
    let smooth = match (reduction, total) {
        // In the precision of the total, which a half type may not hold.
        (1, Some(total)) => cast(&div(&cast(&sum(&smooth, &[], false, None)?, total.dtype())?, &total)?, x.dtype())?,
        (r, _) => reduce_loss(smooth, r)?,
    };
    add(&mul(&hard, 1.0 - smoothing)?, &mul(&smooth, smoothing / n as f64)?)
}

/// Negative log likelihood of the log-softmax of scores, against classes or probabilities.
pub fn cross_entropy_loss(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: i64,
    ignore: i64,
    smoothing: f64,
) -> Result<Tensor> {
    ensure!(x.rank() > 0, Index, "Dimension specified as 1 but tensor has no dimensions");
    let dim = if x.rank() == 1 { 0 } else { 1 };
    ensure!(smoothing <= 1.0, "label_smoothing must be between 0.0 and 1.0. Got: {smoothing}");
    if x.shape() == target.shape() {
        ensure!(ignore < 0, "ignore_index is not supported for floating point target");
        return with_probabilities(x, target, weight, reduction, smoothing, dim);
    }
    if smoothing > 0.0 {
        check_sizes(x, target, "input")?;
        check_target(target)?;
        check_weight(x, weight, x.shape()[dim], "")?;
        return with_smoothing(x, target, weight, reduction, ignore, smoothing, dim);
    }
    if x.rank() <= 2 && x.dtype().is_float() {
        check_sizes(x, target, "input")?;
        check_target(target)?;
        check_weight(x, weight, x.shape()[dim], "")?;
        return fused(x, target, weight, reduction, ignore);
    }
    nll_loss(&log_softmax(x, dim as i64, None)?, target, weight, reduction, ignore)
}

rows! {
    /// Minus the log probability of each target class, of shape (N,) beside (N, C) or (C,).
    "_nn::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=0, int ignore_index=-100) -> Tensor" "fo"
    |a| nll_loss(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.int(3)?, a.int(4)?);
    |s| samples(s);
    /// Minus the log probability of each target class, of shape (N, H, W) beside (N, C, H, W).
    "_nn::nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=0, int ignore_index=-100) -> Tensor" "fo"
    |a| nll_loss(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.int(3)?, a.int(4)?);
    |s| vec![vec![s.t(&[2, 3, 2, 2]), s.ints(3, &[2, 2, 2]), Value::None, 1.into(), 1.into()]];
    /// Minus the log probability of each target class, of shape (N, d1, ...) beside (N, C, d1, ...).
    "_nn::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=0, int ignore_index=-100) -> Tensor" "f"
    |a| nll_loss(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.int(3)?, a.int(4)?);
    |s| [samples(s), vec![vec![s.t(&[2, 3, 2]), s.ints(3, &[2, 2]), Value::None, 0.into(), 1.into()]]].concat();
    /// Negative log likelihood of the log-softmax of scores, against classes or class probabilities.
    "_nn::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=0, int ignore_index=-100, float label_smoothing=0.0) -> Tensor" "f"
    |a| cross_entropy_loss(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.int(3)?, a.int(4)?, a.float(5)?);
    |s| {
        let mut all: Vec<Vec<Value>> = samples(s).into_iter().map(|v| [v, vec![0.0.into()]].concat()).collect();
        let smoothed = samples(s).into_iter().map(|v| [v, vec![0.2.into()]].concat());
        all.extend(smoothed);
        all.push(vec![s.t(&[2, 3, 2]), s.ints(3, &[2, 2]), Value::None, 0.into(), 1.into(), 0.0.into()]);
        all.push(vec![s.t(&[2, 3]), s.t(&[2, 3]), Value::None, 1.into(), (-100).into(), 0.1.into()]);
        all
    };
}

/// Samples up to ignore_index. Weights are constants.
fn samples(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[4, 3]), s.ints(3, &[4]), Value::None, 1.into(), (-100).into()],
        vec![s.t(&[4, 3]), s.ints(3, &[4]), Value::None, 0.into(), 1.into()],
        vec![s.t(&[3]), s.ints(3, &[]), Value::None, 2.into(), (-100).into()],
    ]
}
