//! Losses of margins: between classes, between pairs of inputs, between embeddings.
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Kind, Result};
use crate::graph::with_grad;
use crate::layout::{Dims, show};
use crate::ops::distance::pairwise_distance;
use crate::ops::extremum::any_along;
use crate::ops::loss::reduce_loss;
use crate::ops::pick::pick;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

fn zero() -> Scalar {
    Scalar::Float(0.0)
}
/// The positive part.
fn hinge(x: &Tensor) -> Result<Tensor> {
    clamp_min(x, 0.0)
}

/// A matrix of scores, one row per instance: its sizes, and the shape of unreduced losses.
fn rows_of(x: &Tensor) -> Result<(usize, usize, Dims)> {
    let (n, c) = match x.shape() {
        [] => (1, 1),
        [c] => (1, *c),
        [n, c] => (*n, *c),
        _ => (0, 0),
    };
    ensure!(
        x.rank() <= 2 && c != 0,
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: {}",
        show(x.shape())
    );
    Ok((n, c, if x.rank() == 2 { smallvec::smallvec![n] } else { Dims::new() }))
}
fn check_float(x: &Tensor, kernel: &str) -> Result<()> {
    if x.dtype().is_float() {
        return Ok(());
    }
    Err(Error::new(Kind::NotImplemented, format!("\"{kernel}\" not implemented for '{}'", x.dtype().scalar_name())))
}

/// A loss that is a sum of straight lines (or parabolas) in the scores: values per row, and slopes per score.
struct Pieces {
    values: Vec<f64>,
    slopes: Vec<f64>,
    /// For parabolas: the pairs (row, class, target, weight) whose term is in force.
    bent: Vec<(usize, usize, usize, f64)>,
}

/// Reduces and records a loss of rows.
fn record_pieces(x: &Tensor, p: Pieces, shape: &[usize], reduction: i64, op: &'static str) -> Result<Tensor> {
    let (n, dtype) = (p.values.len().max(1) as f64, x.dtype());
    let full: Dims = x.shape().into();
    let y = with_grad(false, || reduce_loss(Tensor::from_slice(&p.values, shape)?, reduction))?;
    y.cast_data(dtype)?.record(op, &[x], |r, _| {
        let at = r.input("self", x);
        one_grad(move |node, g| {
            // The saved scores are asked for so that a write to them is noticed.
            let x = node.get(at)?;
            let g = if reduction == 1 { div(g, n)? } else { g.clone() };
            let g = if matches!(reduction, 1 | 2) || full.len() < 2 { reshape(&g, &[])? } else { unsqueeze(&g, 1)? };
            let slopes = if p.bent.is_empty() {
                Tensor::from_slice(&p.slopes, &full)?.cast_data(dtype)?
            } else {
                bent_slopes(&x, &p, &full)?
            };
            mul(&g, &slopes)
        })
    })
}
/// The slopes of parabolas as a function of the scores, recorded: weight * (x[class] - x[target] + ...), linear in x.
fn bent_slopes(x: &Tensor, p: &Pieces, full: &[usize]) -> Result<Tensor> {
    let constant = Tensor::from_slice(&p.slopes, full)?.cast_data(x.dtype())?;
    if !crate::graph::grad_enabled() {
        return Ok(constant);
    }
    // The same values, with x's part of them made of ops: slopes = constant + H (x - x0), H the curvature.
    let c = full.last().copied().unwrap_or(1);
    let n = x.numel() / c.max(1);
    let mut curvature = vec![0.0; n * c * c];
    for &(row, class, target, w) in &p.bent {
        let at = |i: usize, j: usize| (row * c + i) * c + j;
        curvature[at(class, class)] += w;
        curvature[at(class, target)] -= w;
        curvature[at(target, class)] -= w;
        curvature[at(target, target)] += w;
    }
    let h = Tensor::from_slice(&curvature, &[n, c, c])?.cast_data(x.dtype())?;
    let moved = reshape_to(&sub(x, &x.detach())?, &[n, 1, c])?;
    add(&constant, &reshape_to(&sum(&mul(&h, &moved)?, &[2], false, None)?, full)?)
}

/// Sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by the number of classes.
fn multi_margin_loss(
    x: &Tensor,
    target: &Tensor,
    p: Scalar,
    margin: f64,
    weight: Option<&Tensor>,
    reduction: i64,
) -> Result<Tensor> {
    let p = p.to_f64();
    ensure!(p == 1.0 || p == 2.0, "only p == 1 and p == 2 supported");
    let (n, c, shape) = rows_of(x)?;
    let batch = if target.rank() == 0 { 1 } else { target.numel() };
    ensure!(
        target.rank() <= 1 && batch == n,
        "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). \
         Expected target size [{n}], but got {}. Input has shape {}.",
        show(target.shape()),
        show(x.shape())
    );
    refusal::refuse_grad(weight, "weight", "multi_margin_loss")?;
    if let Some(w) = weight {
        ensure!(
            w.rank() <= 1 && w.numel() == c,
            "inconsistent weight size, expected {c} but got {}",
            show(w.shape())
        );
    }
    check_float(x, "multi_margin_loss_cpu_kernel")?;
    if x.gpu().is_some() {
        // Made of ops, which need not wait for the targets.
        let (scores, t) = (reshape_to(x, &[n, c])?, reshape_to(target, &[n, 1])?);
        let z = hinge(&add(&sub(&scores, &pick(&scores, 1, &t)?)?, margin)?)?;
        let z = if p == 2.0 { mul(&z, &z)? } else { z };
        let z = match weight {
            Some(w) => mul(&z, &pick(&expand_to(w, &[n, c])?, 1, &t)?)?,
            None => z,
        };
        let others = where_(&eq(&arange(0i64.into(), (c as i64).into(), 1i64.into(), None)?, &t)?, zero(), &z)?;
        return reduce_loss(reshape_to(&div(&sum(&others, &[1], false, None)?, c as f64)?, &shape)?, reduction);
    }
    let (scores, classes) = (x.to_vec::<f64>()?, target.to_vec::<i64>()?);
    let weights = weight.map(|w| w.to_vec::<f64>()).transpose()?;
    let mut out = Pieces { values: vec![0.0; n], slopes: vec![0.0; n * c], bent: vec![] };
    for (row, &t) in classes.iter().enumerate() {
        ensure!(t >= 0 && (t as usize) < c, "target out of range");
        let t = t as usize;
        let w = weights.as_ref().map_or(1.0, |w| w[t]) / c as f64;
        let x = &scores[row * c..(row + 1) * c];
        for class in (0..c).filter(|&k| k != t) {
            let z = margin - x[t] + x[class];
            if z <= 0.0 {
                continue;
            }
            let slope = if p == 1.0 { w } else { 2.0 * w * z };
            out.values[row] += if p == 1.0 { w * z } else { w * z * z };
            out.slopes[row * c + class] += slope;
            out.slopes[row * c + t] -= slope;
            if p == 2.0 {
                out.bent.push((row, class, t, 2.0 * w));
            }
        }
    }
    record_pieces(x, out, &shape, reduction, "multi_margin_loss")
}

/// Sum over targets and other classes of max(0, 1 - x[target] + x[class]), divided by the number of classes.
fn multilabel_margin_loss(x: &Tensor, target: &Tensor, reduction: i64) -> Result<Tensor> {
    let (n, c, shape) = rows_of(x)?;
    ensure!(
        target.shape() == x.shape(),
        "inconsistent target size: {} for input of size: {}",
        show(target.shape()),
        show(x.shape())
    );
    check_float(x, "multilabel_margin_loss_forward_out_frame")?;
    if x.gpu().is_some() {
        // Made of ops; along dims row, target, class.
        let (scores, labels) = (reshape_to(x, &[n, c])?, reshape_to(target, &[n, c])?);
        let known = gt(&cumprod(&ge(&labels, 0)?, 1, None)?, 0)?;
        let labels = where_(&known, &labels, Scalar::Int(0))?;
        let classes = arange(0i64.into(), (c as i64).into(), 1i64.into(), None)?;
        let wanted = unsqueeze(&known, -1)?;
        let same = logical_and(&eq(&unsqueeze(&labels, -1)?, &classes)?, &wanted)?;
        let others = logical_not(&unsqueeze(&any_along(&same, 1)?, 1)?)?;
        let apart = sub(&unsqueeze(&scores, 1)?, &unsqueeze(&pick(&scores, 1, &labels)?, -1)?)?;
        let z = where_(&logical_and(&others, &wanted)?, &hinge(&add(&apart, 1.0)?)?, zero())?;
        return reduce_loss(reshape_to(&div(&sum(&z, &[1, 2], false, None)?, c as f64)?, &shape)?, reduction);
    }
    let (scores, labels) = (x.to_vec::<f64>()?, target.to_vec::<i64>()?);
    ensure!(
        labels.iter().all(|&t| t >= -1 && t < c as i64),
        "argument #2 'target' is out of range"
    );
    let mut out = Pieces { values: vec![0.0; n], slopes: vec![0.0; n * c], bent: vec![] };
    for row in 0..n {
        let x = &scores[row * c..(row + 1) * c];
        // The targets of a row end at its first -1.
        let targets: Vec<usize> =
            labels[row * c..(row + 1) * c].iter().take_while(|&&t| t >= 0).map(|&t| t as usize).collect();
        for &t in &targets {
            for class in (0..c).filter(|k| !targets.contains(k)) {
                let z = 1.0 - x[t] + x[class];
                if z > 0.0 {
                    out.values[row] += z / c as f64;
                    out.slopes[row * c + class] += 1.0 / c as f64;
                    out.slopes[row * c + t] -= 1.0 / c as f64;
                }
            }
        }
    }
    record_pieces(x, out, &shape, reduction, "multilabel_margin_loss")
}

/// max(0, -target (a - b) + margin).
fn margin_ranking_loss(a: &Tensor, b: &Tensor, target: &Tensor, margin: f64, reduction: i64) -> Result<Tensor> {
    let apart = add(&neg(&mul(target, &sub(a, b)?)?)?, margin)?;
    reduce_loss(hinge(&apart)?, reduction)
}

/// x where the target is 1, max(0, margin - x) where it is -1, both where it is neither.
fn hinge_embedding_loss(x: &Tensor, target: &Tensor, margin: f64, reduction: i64) -> Result<Tensor> {
    let target = target.detach();
    let far = where_(&ne(&target, 1.0)?, &hinge(&sub(margin, x)?)?, zero())?;
    let near = where_(&ne(&target, -1.0)?, x, zero())?;
    reduce_loss(add(&far, &near)?, reduction)
}

/// 1 - cos(a, b) where the target is 1, max(0, cos(a, b) - margin) where it is -1.
fn cosine_embedding_loss(a: &Tensor, b: &Tensor, target: &Tensor, margin: f64, reduction: i64) -> Result<Tensor> {
    const EPS: f64 = 1e-12;
    ensure!(
        target.rank() <= 1,
        "0D or 1D target tensor expected, multi-target not supported"
    );
    let (t, i) = (target.rank(), target.rank() + 1);
    ensure!(
        a.rank() == i && b.rank() == i,
        "{t}D target tensor expects {i}D input tensors, but found inputs with sizes {} and {}.",
        show(a.shape()),
        show(b.shape())
    );
    let along = |t: &Tensor| sum(t, &[target.rank() as i64], false, None);
    let dot = along(&mul(a, b)?)?;
    let square = |t: &Tensor| add(&along(&mul(t, t)?)?, EPS);
    let cos = div(&dot, &sqrt(&mul(&square(a)?, &square(b)?)?)?)?;
    let target = target.detach();
    let same = where_(&eq(&target, 1.0)?, &sub(1.0, &cos)?, zero())?;
    let other = where_(&eq(&target, -1.0)?, &hinge(&sub(&cos, margin)?)?, zero())?;
    reduce_loss(add(&same, &other)?, reduction)
}

/// max(0, margin + |anchor - positive| - |anchor - negative|).
fn triplet_margin_loss(
    [anchor, positive, negative]: [&Tensor; 3],
    [margin, p, eps]: [f64; 3],
    swap: bool,
    reduction: i64,
) -> Result<Tensor> {
    let (a, b, c) = (anchor.rank(), positive.rank(), negative.rank());
    ensure!(
        a == b && b == c,
        "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor \
         {a}D, positive {b}D, and negative {c}D inputs"
    );
    let near = pairwise_distance(anchor, positive, p, eps, false)?;
    let mut far = pairwise_distance(anchor, negative, p, eps, false)?;
    if swap {
        far = minimum(&far, &pairwise_distance(positive, negative, p, eps, false)?)?;
    }
    reduce_loss(hinge(&sub(&add(&near, margin)?, &far)?)?, reduction)
}

rows! {
    /// Sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by the number of classes.
    "_nn::multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=0) -> Tensor" "fo"
    |a| multi_margin_loss(a.tensor(0)?, a.tensor(1)?, a.scalar(2)?, a.scalar(3)?.to_f64(), a.opt_tensor(4)?, a.int(5)?);
    |s| (1..3)
        .flat_map(|p| (0..3).map(move |r| (p, r)))
        .map(|(p, r)| vec![s.t(&[3, 4]), s.ints(4, &[3]), Scalar::Int(p).into(), Scalar::Float(0.9).into(), Value::None, r.into()])
        .collect();
    /// Sum over targets and other classes of max(0, 1 - x[target] + x[class]), divided by the number of classes.
    "_nn::multilabel_margin_loss(Tensor self, Tensor target, int reduction=0) -> Tensor" "fo"
    |a| multilabel_margin_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| (0..3)
        .map(|r: i64| {
            let labels = Tensor::from_slice(&[3i64, 0, -1, 1, 2, -1, 0, 0], &[2, 4]).expect("a sample is small");
            vec![s.t(&[2, 4]), Value::Tensor(labels), r.into()]
        })
        .collect();
    /// The larger of 0 and margin - target (input1 - input2).
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, int reduction=0) -> Tensor" "f"
    |a| margin_ranking_loss(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.float(3)?, a.int(4)?);
    |s| vec![vec![s.t(&[4]), s.t(&[4]), signs(&[4]), 0.3.into(), 1.into()]];
    /// The input where the target is 1, max(0, margin - input) where it is -1.
    "hinge_embedding_loss(Tensor self, Tensor target, float margin=1.0, int reduction=0) -> Tensor" "f"
    |a| hinge_embedding_loss(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 3]), signs(&[2, 3]), 0.7.into(), 1.into()]];
    /// 1 - cos(input1, input2) where the target is 1, max(0, cos(input1, input2) - margin) where it is -1.
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, int reduction=0) -> Tensor" "f"
    |a| cosine_embedding_loss(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.float(3)?, a.int(4)?);
    |s| vec![vec![s.t(&[4, 3]), s.t(&[4, 3]), signs(&[4]), 0.1.into(), 1.into()]];
    /// The larger of 0 and margin + |anchor - positive| - |anchor - negative|, with p-norms along the last dim.
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, float p=2, float eps=1e-06, bool swap=False, int reduction=0) -> Tensor" "f"
    |a| triplet_margin_loss(
        [a.tensor(0)?, a.tensor(1)?, a.tensor(2)?], [a.float(3)?, a.float(4)?, a.float(5)?], a.bool(6)?, a.int(7)?,
    );
    |s| vec![
        vec![s.t(&[3, 4]), s.t(&[3, 4]), s.t(&[3, 4]), 1.0.into(), 2.0.into(), 1e-6.into(), false.into(), 1.into()],
        vec![s.t(&[3, 4]), s.t(&[3, 4]), s.t(&[3, 4]), 5.0.into(), 3.0.into(), 1e-6.into(), true.into(), 0.into()],
    ];
}

/// A constant of ones and minus ones.
fn signs(shape: &[usize]) -> Value {
    let v: Vec<i64> = (0..shape.iter().product::<usize>()).map(|i| if i % 3 == 1 { -1 } else { 1 }).collect();
    Value::Tensor(Tensor::from_slice(&v, shape).and_then(|t| t.cast_data(DType::I64)).expect("a sample is small"))
}
