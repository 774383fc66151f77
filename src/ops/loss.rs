//! Losses of elements against targets: squares, absolute values, cross entropies of two classes, divergences.
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Kind, Result};
use crate::graph::with_grad;
use crate::layout::{broadcast, show};
use crate::ops::*;
use crate::tensor::Tensor;

/// How a loss is reduced: 1 to its mean, 2 to its sum, otherwise not at all.
pub(crate) fn reduce_loss(y: Tensor, reduction: i64) -> Result<Tensor> {
    match reduction {
        1 => mean(&y, &[], false, None),
        2 => sum(&y, &[], false, None),
        _ => Ok(y),
    }
}

fn not_implemented(kernel: &str, d: DType) -> Error {
    Error::new(Kind::NotImplemented, format!("\"{kernel}\" not implemented for '{}'", d.scalar_name()))
}

// Each loss of one element, and its slope times a gradient.
pointwise! {
    square_error(x, target) Keep {
        float: { let d = x - target; d * d },
        wgsl: { float: "(x - target_) * (x - target_)" },
        grad: {},
    }
    square_slope(g, x, target) Keep {
        float: g * (x - target) * T::of(2.0),
        wgsl: { float: "g * (x - target_) * 2.0" },
        grad: {
            g: |gg, x, target| square_slope(gg, x, target),
            x: |gg, g| gg * g * 2.0,
            target: |gg, g| gg * g * -2.0,
        },
    }
    smooth_error(x, target; beta) Keep {
        float: { let d = (x - target).abs(); if d < beta { d * d * T::of(0.5) / beta } else { d - beta * T::of(0.5) } },
        wgsl: { float: "smooth_error(x - target_, beta)" },
        grad: {},
    }
    smooth_slope(g, x, target; beta) Keep {
        float: {
            let d = x - target;
            if d <= -beta { -g } else if d >= beta { g } else { g * d / beta }
        },
        wgsl: {
            float: "select(select(g * (x - target_) / beta, g, less_equal(beta, x - target_)), -g, less_equal(x - target_, -beta))",
        },
        grad: {
            g: |gg, x, target| smooth_slope(gg, x, target, beta),
            x: |gg, g, x, target| div(&inside(&(gg * g), x, target, beta)?, beta),
            target: |gg, g, x, target| neg(&div(&inside(&(gg * g), x, target, beta)?, beta)?),
        },
    }
    huber_error(x, target; delta) Keep {
        float: { let d = (x - target).abs(); if d <= delta { d * d * T::of(0.5) } else { delta * (d - delta * T::of(0.5)) } },
        wgsl: { float: "huber_error(x - target_, delta)" },
        grad: {},
    }
    huber_slope(g, x, target; delta) Keep {
        float: {
            let d = x - target;
            if d <= -delta { -delta * g } else if d >= delta { delta * g } else { d * g }
        },
        wgsl: {
            float: "select(select((x - target_) * g, delta * g, less_equal(delta, x - target_)), -delta * g, less_equal(x - target_, -delta))",
        },
        grad: {
            g: |gg, x, target| huber_slope(gg, x, target, delta),
            x: |gg, g, x, target| inside(&(gg * g), x, target, delta),
            target: |gg, g, x, target| neg(&inside(&(gg * g), x, target, delta)?),
        },
    }
    // The gradient where |x - target| is below a bound, and 0 elsewhere.
    inside(g, x, target; bound) Keep {
        float: if (x - target).abs() < bound { g } else { T::zero() },
        wgsl: { float: "select(0.0, g, less(abs(x - target_), bound))" },
        grad: { g: |gg, x, target| inside(gg, x, target, bound) },
    }
    soft_margin_error(x, target) Keep {
        float: (-target * x).exp().log1p(),
        wgsl: { float: "log1p(exp_of(-target_ * x))" },
        grad: {},
    }
    soft_margin_slope(g, x, target) Keep {
        float: -g * target * (-target * x).sigmoid(),
        wgsl: { float: "-g * target_ * sigmoid(-target_ * x)" },
        grad: {
            g: |gg, x, target| soft_margin_slope(gg, x, target),
            x: |gg, g, x, target| {
                let s = sigmoid(&neg(&(target * x))?)?;
                gg * g * target * target * (&s * (1.0 - &s))
            },
        },
    }
    // Each logarithm is at least -100.
    cross_entropy_of_two(x, target) Keep {
        float: {
            let low = T::of(-100.0);
            (target - T::one()) * (-x).log1p().maximum(low) - target * x.log().maximum(low)
        },
        wgsl: { float: "cross_entropy_of_two(x, target_)" },
        grad: {},
    }
    cross_entropy_slope(g, x, target) Keep {
        float: g * (x - target) / ((T::one() - x) * x).maximum(T::of(1e-12)),
        wgsl: { float: "g * (x - target_) / maximum((1.0 - x) * x, 1e-12)" },
        grad: {
            g: |gg, x, target| cross_entropy_slope(gg, x, target),
            x: |gg, g, x, target| {
                let p = (1.0 - x) * x;
                let square = &p * &p + 1e-12;
                let bend = x * x - &(x * target * 2.0) + target;
                gg * g * bend / square
            },
            target: |gg, g, x| neg(&(gg * g / (x * (1.0 - x) + 1e-12))),
        },
    }
    logits_error(x, target) Keep {
        float: (T::one() - target) * x - (x.minimum(T::zero()) - (-x.abs()).exp().log1p()),
        wgsl: { float: "(1.0 - target_) * x - log_sigmoid(x)" },
        grad: {},
    }
    logits_slope(g, x, target) Keep {
        float: g * (x.sigmoid() - target),
        wgsl: { float: "g * (sigmoid(x) - target_)" },
        grad: {
            g: |gg, x, target| logits_slope(gg, x, target),
            x: |gg, g, x| { let s = sigmoid(x)?; gg * g * (&s * (1.0 - &s)) },
            target: |gg, g| -(gg * g),
        },
    }
}

/// What the target's gradient is.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    /// Minus that of the input.
    Opposite,
    /// None.
    Constant,
}

/// A loss of pairs, reduced and recorded as one node: its values and its slope.
fn pairs(
    op: &'static str,
    [x, target]: [&Tensor; 2],
    reduction: i64,
    on_target: Target,
    values: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    slope: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    let each = with_grad(false, || values(x, target))?;
    let n = each.numel() as f64;
    let y = with_grad(false, || reduce_loss(each, reduction))?;
    y.record(op, &[x, target], |r, _| {
        let at = [r.input("self", x), r.input("target", target)];
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let (x, target) = (node.get(at[0])?, node.get(at[1])?);
            let g = if reduction == 1 { div(g, n)? } else { g.clone() };
            let slope = slope(&g, &x, &target)?;
            let opposite = if node.needs(1) && on_target == Target::Opposite { Some(neg(&slope)?) } else { None };
            Ok(smallvec::smallvec![node.needs(0).then_some(slope), opposite])
        })
    })
}

fn check_float(x: &Tensor, target: &Tensor, kernel: &str) -> Result<()> {
    let d = result_type(&[x.into(), target.into()]);
    if d.is_float() { Ok(()) } else { Err(not_implemented(kernel, d)) }
}

/// (x - target)^2.
pub fn mse_loss(x: &Tensor, target: &Tensor, reduction: i64) -> Result<Tensor> {
    check_float(x, target, "mse_cpu")?;
    pairs("mse_loss", [x, target], reduction, Target::Opposite, |x, t| square_error(x, t), |g, x, t| square_slope(g, x, t))
}

/// |x - target|.
pub fn l1_loss(x: &Tensor, target: &Tensor, reduction: i64) -> Result<Tensor> {
    reduce_loss(abs(&sub(x, target)?)?, reduction)
}

/// A parabola below `beta`, absolute differences beyond it.
fn smooth_l1_loss(x: &Tensor, target: &Tensor, reduction: i64, beta: f64) -> Result<Tensor> {
    ensure!(beta >= 0.0, "smooth_l1_loss does not support negative values for beta.");
    if beta == 0.0 {
        return l1_loss(x, target, reduction);
    }
    check_float(x, target, "smooth_l1_cpu")?;
    pairs(
        "smooth_l1_loss",
        [x, target],
        reduction,
        Target::Opposite,
        |x, t| smooth_error(x, t, beta),
        move |g, x, t| smooth_slope(g, x, t, beta),
    )
}

/// As `smooth_l1_loss`, times `delta`.
fn huber_loss(x: &Tensor, target: &Tensor, reduction: i64, delta: f64) -> Result<Tensor> {
    ensure!(delta > 0.0, "huber_loss does not support non-positive values for delta.");
    check_float(x, target, "huber_cpu")?;
    pairs(
        "huber_loss",
        [x, target],
        reduction,
        Target::Opposite,
        |x, t| huber_error(x, t, delta),
        move |g, x, t| huber_slope(g, x, t, delta),
    )
}

/// log(1 + e^(-target x)).
fn soft_margin_loss(x: &Tensor, target: &Tensor, reduction: i64) -> Result<Tensor> {
    ensure!(
        x.dtype().is_differentiable(),
        "result type Float can't be cast to the desired output type {}",
        x.dtype().scalar_name()
    );
    refusal::refuse_grad(Some(target), "target", "soft_margin_loss")?;
    pairs(
        "soft_margin_loss",
        [x, target],
        reduction,
        Target::Constant,
        |x, t| soft_margin_error(x, t),
        |g, x, t| soft_margin_slope(g, x, t),
    )
}

/// -(target log(x) + (1 - target) log(1 - x)), weighted.
fn binary_cross_entropy(x: &Tensor, target: &Tensor, weight: Option<&Tensor>, reduction: i64) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return Err(not_implemented("binary_cross_entropy", x.dtype()));
    }
    ensure!(
        target.dtype() == x.dtype(),
        "Found dtype {} but expected {}",
        target.dtype().scalar_name(),
        x.dtype().scalar_name()
    );
    for (t, name) in [(x, "input"), (target, "target")] {
        let inside = with_grad(false, || all(&mul(&ge(&t.detach(), 0.0)?, &le(&t.detach(), 1.0)?)?))?;
        ensure!(inside.item()?.to_bool(), "all elements of {name} should be between 0 and 1");
    }
    refusal::refuse_grad(weight, "weight", "binary_cross_entropy")?;
    let weight = weight.cloned();
    let times = {
        let weight = weight.clone();
        move |y: Tensor| if let Some(w) = &weight { mul(&y, w) } else { Ok(y) }
    };
    let each = with_grad(false, || times(cross_entropy_of_two(x, target)?))?;
    let n = each.numel() as f64;
    let y = with_grad(false, || reduce_loss(each, reduction))?;
    y.record("binary_cross_entropy", &[x, target], |r, _| {
        let at = [r.input("self", x), r.input("target", target)];
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let (x, target) = (node.get(at[0])?, node.get(at[1])?);
            let g = times(if reduction == 1 { div(g, n)? } else { g.clone() })?;
            let gx = if node.needs(0) { Some(cross_entropy_slope(&g, &x, &target)?) } else { None };
            let gt = if node.needs(1) {
                Some(mul(&g, &sub(&log1p(&neg(&x)?)?, &log(&x)?)?)?)
            } else {
                None
            };
            Ok(smallvec::smallvec![gx, gt])
        })
    })
}

/// `binary_cross_entropy` of sigmoid(x), from x itself so that nothing overflows.
fn binary_cross_entropy_with_logits(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    pos_weight: Option<&Tensor>,
    reduction: i64,
) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return Err(not_implemented("log_sigmoid_cpu", x.dtype()));
    }
    ensure!(
        target.dtype().is_differentiable(),
        "result type Float can't be cast to the desired output type {}",
        target.dtype().scalar_name()
    );
    let shape = broadcast(x.shape(), target.shape())?;
    ensure!(
        shape[..] == *target.shape(),
        "output with shape {} doesn't match the broadcast shape {}",
        show(target.shape()),
        show(&shape)
    );
    for (t, name) in [(weight, "weight"), (pos_weight, "pos_weight")] {
        refusal::refuse_grad(t, name, "binary_cross_entropy_with_logits")?;
    }
    if weight.is_none() && pos_weight.is_none() {
        let op = "binary_cross_entropy_with_logits";
        let each = with_grad(false, || logits_error(x, target))?;
        let n = each.numel() as f64;
        let y = with_grad(false, || reduce_loss(each, reduction))?;
        return y.record(op, &[x, target], |r, _| {
            let at = [r.input("self", x), r.input("target", target)];
            Box::new(move |node, g| {
                let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
                let (x, target) = (node.get(at[0])?, node.get(at[1])?);
                let g = if reduction == 1 { div(g, n)? } else { g.clone() };
                let gx = if node.needs(0) { Some(logits_slope(&g, &x, &target)?) } else { None };
                let gt = if node.needs(1) { Some(neg(&mul(&g, &x)?)?) } else { None };
                Ok(smallvec::smallvec![gx, gt])
            })
        });
    }
    // The positive term counts `pos_weight` times.
    let rest = mul(&sub(1.0, target)?, x)?;
    let log_p = log_sigmoid(x)?;
    let mut y = match pos_weight {
        None => sub(&rest, &log_p)?,
        Some(w) => sub(&rest, &mul(&add(&mul(&sub(w, 1.0)?, target)?, 1.0)?, &log_p)?)?,
    };
    if let Some(w) = weight {
        y = mul(&y, w)?;
    }
    reduce_loss(y, reduction)
}

/// target (log(target) - x), of targets or of their logarithms.
fn kl_div(x: &Tensor, target: &Tensor, reduction: i64, log_target: bool) -> Result<Tensor> {
    ensure!(
        x.dtype().is_differentiable() && target.dtype().is_differentiable(),
        "kl_div: Integral inputs not supported."
    );
    let y = if log_target {
        mul(&exp(target)?, &sub(target, x)?)?
    } else {
        sub(&xlogy(target, target)?, &mul(target, x)?)?
    };
    reduce_loss(y, reduction)
}

/// e^x - target x (or x - target log(x + eps)), with Stirling's approximation of log(target!) if `full`.
fn poisson_nll_loss(
    x: &Tensor,
    target: &Tensor,
    [log_input, full]: [bool; 2],
    eps: f64,
    reduction: i64,
) -> Result<Tensor> {
    let mut y = if log_input {
        sub(&exp(x)?, &mul(target, x)?)?
    } else {
        sub(x, &mul(target, &log(&add(x, eps)?)?)?)?
    };
    if full {
        let half_log = mul(&log(&mul(target, 2.0 * std::f64::consts::PI)?)?, 0.5)?;
        let stirling = add(&sub(&mul(target, &log(target)?)?, target)?, &half_log)?;
        let large = gt(&target.detach(), 1.0)?;
        y = add(&y, &where_(&large, &stirling, Scalar::Float(0.0))?)?;
    }
    reduce_loss(y, reduction)
}

rows! {
    /// Squared differences.
    "_nn::mse_loss(Tensor self, Tensor target, int reduction=0) -> Tensor" "fo"
    |a| mse_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| reductions(s, &[]);
    /// Absolute differences.
    "_nn::l1_loss(Tensor self, Tensor target, int reduction=0) -> Tensor" "f"
    |a| l1_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| reductions(s, &[]);
    /// Half the squared difference divided by `beta` where it is below that, the difference less beta / 2 elsewhere.
    "_nn::smooth_l1_loss(Tensor self, Tensor target, int reduction=0, float beta=1.0) -> Tensor" "fo"
    |a| smooth_l1_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.float(3)?);
    |s| reductions(s, &[0.8.into()]);
    /// Half the squared difference where it is at most `delta`, a straight line elsewhere.
    "_nn::huber_loss(Tensor self, Tensor target, int reduction=0, float delta=1.0) -> Tensor" "fo"
    |a| huber_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.float(3)?);
    |s| reductions(s, &[0.8.into()]);
    /// Logistic loss of targets that are 1 or -1.
    "_nn::soft_margin_loss(Tensor self, Tensor target, int reduction=0) -> Tensor" "fo"
    |a| soft_margin_loss(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| (0..3).map(|r| vec![s.t(&[2, 3]), s.ints(2, &[2, 3]), (r as i64).into()]).collect();
    /// Cross entropy of probabilities of two classes; each logarithm is at least -100.
    "_nn::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=0) -> Tensor" "fo"
    |a| binary_cross_entropy(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.int(3)?);
    |s| (0..3).map(|r| vec![s.within(0.1..0.9, &[2, 3]), s.within(0.1..0.9, &[2, 3]), Value::None, (r as i64).into()]).collect();
    /// Cross entropy of two classes from scores; `pos_weight` multiplies the positive term.
    "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=0) -> Tensor" "f"
    |a| binary_cross_entropy_with_logits(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, a.opt_tensor(3)?, a.int(4)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[2, 3]), Value::None, Value::None, 1.into()],
        vec![s.t(&[2, 3]), s.t(&[2, 3]), s.ints(3, &[2, 3]), s.ints(4, &[3]), 0.into()],
        vec![s.t(&[2, 3]), s.t(&[2, 3]), s.ints(3, &[2, 3]), Value::None, 2.into()],
    ];
    /// Kullback-Leibler divergence of log probabilities from target probabilities (or their logarithms).
    "kl_div(Tensor self, Tensor target, int reduction=0, *, bool log_target=False) -> Tensor" "f"
    |a| kl_div(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.bool(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.within(0.1..0.9, &[2, 3]), 1.into(), false.into()],
        vec![s.t(&[2, 3]), s.t(&[2, 3]), 0.into(), true.into()],
    ];
    /// Negative log likelihood of Poisson counts.
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor" "f"
    |a| poisson_nll_loss(a.tensor(0)?, a.tensor(1)?, [a.bool(2)?, a.bool(3)?], a.float(4)?, a.int(5)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.within(0.1..3.0, &[2, 3]), true.into(), true.into(), 1e-8.into(), 1.into()],
        vec![s.within(0.5..2.0, &[2, 3]), s.t(&[2, 3]), false.into(), false.into(), 1e-8.into(), 0.into()],
    ];
}

/// Samples of (self, target, reduction) and what follows.
fn reductions(s: &mut Samples, rest: &[Value]) -> Vec<Vec<Value>> {
    (0..3).map(|r| [vec![s.t(&[2, 3]), s.t(&[2, 3]), (r as i64).into()], rest.to_vec()].concat()).collect()
}
