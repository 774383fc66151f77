//! Batch norm and instance norm, with fused kernels; running statistics are updated in place.
use crate::cpu::norm::{self, Channels, Norm};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu::{self, Gpu};
use crate::graph::{Grads, grad_enabled, with_grad};
use crate::ops::norm::{Normalised, absent, check_mixed, float_class, parameter};
use crate::ops::reduce::Over;
use crate::ops::*;
use crate::tensor::Tensor;
use std::sync::Arc;

/// The optional inputs of batch norm.
#[derive(Clone, Copy)]
struct Given<'a> {
    weight: Option<&'a Tensor>,
    bias: Option<&'a Tensor>,
    running_mean: Option<&'a Tensor>,
    running_var: Option<&'a Tensor>,
}

fn channels(x: &Tensor) -> Channels {
    Channels { outer: x.shape()[0], channels: x.shape()[1], inner: x.shape()[2..].iter().product() }
}
/// All dims but that of the channels.
fn other_dims(x: &Tensor) -> Vec<i64> {
    (0..x.rank() as i64).filter(|&d| d != 1).collect()
}
/// A vector of channels in a shape that broadcasts against `x`.
fn beside(v: &Tensor, x: &Tensor) -> Result<Tensor> {
    let mut shape = vec![1; x.rank()];
    shape[1] = v.numel();
    reshape_to(v, &shape)
}

fn check(x: &Tensor, given: &Given, training: bool) -> Result<()> {
    ensure!(x.rank() >= 2, "expected at least 2D input (got {}D input)", x.rank());
    let c = x.shape()[1];
    for (p, name, needed) in [
        (given.running_mean, "running_mean", !training),
        (given.running_var, "running_var", !training),
        (given.weight, "weight", false),
        (given.bias, "bias", false),
    ] {
        match p {
            Some(p) => ensure!(p.numel() == c, "{name} should contain {c} elements not {}", p.numel()),
            None => ensure!(!needed, "{name} must be defined in evaluation mode"),
        }
    }
    Ok(())
}

/// `running = momentum * new + (1 - momentum) * running`, in place.
fn update(running: Option<&Tensor>, new: impl Iterator<Item = f64>, momentum: f64) -> Result<()> {
    let Some(running) = running else { return Ok(()) };
    let old = running.to_vec::<f64>()?;
    let mixed: Vec<f64> = old.iter().zip(new).map(|(o, n)| momentum * n + (1.0 - momentum) * o).collect();
    running.copy_data(&Tensor::from_slice(&mixed, running.shape())?);
    Ok(())
}

/// The result, and the mean and reciprocal deviation of each channel that it was normalised with (empty where they are
/// the running ones).
fn native_batch_norm(
    x: &Tensor,
    given: Given,
    training: bool,
    momentum: f64,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    refuse_running(&given)?;
    let class = float_class(x, "batch_norm")?;
    check_mixed(x, &[given.weight, given.bias])?;
    if let Some(gpu) = x.gpu() {
        return native_on_gpu(gpu, x, given, training, momentum, eps);
    }
    let s = channels(x);
    let count = (s.outer * s.inner) as f64;
    let stats: Vec<(f64, f64)> = if training {
        let moments = with_grad(false, || {
            crate::ops::moments::moments_of(x, &Over::new(x.shape(), &other_dims(x), false)?)
        })?;
        update(given.running_mean, moments.iter().map(|m| m.0), momentum)?;
        update(given.running_var, moments.iter().map(|m| m.1 / (count - 1.0)), momentum)?;
        moments.into_iter().map(|(mean, m2)| (mean, 1.0 / (m2 / count + eps).sqrt())).collect()
    } else {
        let all = |t: Option<&Tensor>| t.map_or_else(|| Ok(vec![]), |t| t.to_vec::<f64>());
        let (mean, var) = (all(given.running_mean)?, all(given.running_var)?);
        mean.into_iter().zip(var).map(|(m, v)| (m, 1.0 / (v + eps).sqrt())).collect()
    };
    let y = normalise(x, &given, class, &stats)?;
    let narrow = if x.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    let stat = |f: fn(&(f64, f64)) -> f64| {
        let v: Vec<f64> = if training { stats.iter().map(f).collect() } else { vec![] };
        Tensor::from_slice(&v, &[v.len()])?.cast_data(narrow)
    };
    let outputs = vec![y, stat(|s| s.0)?, stat(|s| s.1)?];
    let none = absent()?;
    let (w, b) = (given.weight.unwrap_or(&none), given.bias.unwrap_or(&none));
    let weighted = given.weight.is_some();
    let stats = Arc::new(stats);
    let outputs = Tensor::record_all(outputs, "native_batch_norm", &[x, w, b], |r, _| {
        let (at, weight_at) = (r.input("input", x), r.input("weight", w));
        Box::new(move |node, g| {
            let (x, w) = (node.get(at)?, node.get(weight_at)?);
            let w = weighted.then_some(&w);
            let wanted = [node.needs(0), node.needs(1), node.needs(2)];
            if !grad_enabled()
                && g[1].is_none()
                && g[2].is_none()
                && let Some(g) = &g[0]
            {
                return backward(g, &x, w, &stats, training, wanted);
            }
            let stat = |f: fn(&(f64, f64)) -> f64| {
                let v: Vec<f64> = stats.iter().map(f).collect();
                Tensor::from_slice(&v, &[v.len()])?.cast_data(x.dtype())
            };
            backward_ops(g, &x, w, &[stat(|s| s.0)?, stat(|s| s.1)?], training, eps, wanted)
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone(), outputs[2].clone()))
}

/// As `native_batch_norm`, on a GPU.
fn native_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    given: Given,
    training: bool,
    momentum: f64,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    let s = channels(x);
    let shape = gpu::norm::Channels { outer: s.outer, channels: s.channels, inner: s.inner, per: None };
    let stats = if training {
        let over = Over::new(x.shape(), &other_dims(x), false)?;
        norm_gpu::batch_statistics(gpu, x, &over, [given.running_mean, given.running_var], momentum, eps)?
    } else {
        // Copies: the running ones may move on before the gradient is computed.
        let copy = |t: Option<&Tensor>| match t {
            Some(t) if t.dtype().class() != x.dtype().class() => t.cast_data(x.dtype().class().dtype()),
            Some(t) if grad_enabled() => with_grad(false, || clone(&t.detach(), Some(0))),
            Some(t) => t.contiguous_data(),
            None => Tensor::zeros(&[s.channels], x.dtype().class().dtype()),
        };
        norm_gpu::Stats { mean: copy(given.running_mean)?, spread: copy(given.running_var)?, variance: Some(eps) }
    };
    let y = norm_gpu::channels_forward(gpu, shape, x, &stats, [given.weight, given.bias])?;
    let stat = |t: &Tensor| if training { Ok(t.detach()) } else { Tensor::empty(&[0], x.dtype().class().dtype()) };
    let outputs = vec![y, stat(&stats.mean)?, stat(&stats.spread)?];
    let none = absent()?;
    let (w, b) = (given.weight.unwrap_or(&none), given.bias.unwrap_or(&none));
    let weighted = given.weight.is_some();
    let outputs = Tensor::record_all(outputs, "native_batch_norm", &[x, w, b], |r, _| {
        let (at, weight_at) = (r.input("input", x), r.input("weight", w));
        Box::new(move |node, g| {
            let (x, w) = (node.get(at)?, node.get(weight_at)?);
            let w = weighted.then_some(&w);
            let wanted = [node.needs(0), node.needs(1), node.needs(2)];
            let fused = !grad_enabled() && g[1].is_none() && g[2].is_none();
            if fused && let Some(g) = &g[0] {
                return norm_gpu::channels_backward(gpu, shape, [g, &x], &stats, w, training, wanted);
            }
            backward_ops(g, &x, w, &[stats.mean.clone(), stats.rstd()?], training, eps, wanted)
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone(), outputs[2].clone()))
}

fn normalise(x: &Tensor, given: &Given, class: Class, stats: &[(f64, f64)]) -> Result<Tensor> {
    let (w, b) = (parameter(given.weight, class)?, parameter(given.bias, class)?);
    let data = x.cast_data(class.dtype())?;
    let y = Tensor::empty(x.shape(), class.dtype())?;
    macro_rules! run {
        ($t:ty) => {{
            let (w, b) = (w.as_ref().map(|t| t.as_slice::<$t>()), b.as_ref().map(|t| t.as_slice::<$t>()));
            let (mut p, mut r) = (vec![], vec![]);
            for (c, (mean, rstd)) in stats.iter().enumerate() {
                let scale = w.map_or(1.0, |w| w[c].wide()) * rstd;
                p.push(<$t>::of(scale));
                r.push(<$t>::of(b.map_or(0.0, |b| b[c].wide()) - mean * scale));
            }
            norm::affine::<$t>(channels(x), data.as_slice(), None, [&p, &[], &r], y.data_ptr().cast())
        }};
    }
    if y.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    y.cast_data(x.dtype())
}

/// The gradients of input, weight and bias from that of the result, by the fused kernels.
fn backward(
    g: &Tensor,
    x: &Tensor,
    weight: Option<&Tensor>,
    stats: &[(f64, f64)],
    training: bool,
    wanted: [bool; 3],
) -> Result<Grads> {
    let class = x.dtype().class();
    let (gd, xd, w) = (g.cast_data(class.dtype())?, x.cast_data(class.dtype())?, parameter(weight, class)?);
    let gx = Tensor::empty(if wanted[0] { x.shape() } else { &[0] }, class.dtype())?;
    let s = channels(x);
    let count = (s.outer * s.inner) as f64;
    let (mut gw, mut gb) = (vec![0.0; s.channels], vec![0.0; s.channels]);
    macro_rules! run {
        ($t:ty) => {{
            let w = w.as_ref().map(|t| t.as_slice::<$t>());
            let means: Vec<$t> = stats.iter().map(|s| <$t>::of(s.0)).collect();
            if training || wanted[1] || wanted[2] {
                [gb, gw] = norm::channel_sums::<$t>(s, gd.as_slice(), xd.as_slice(), &means);
            }
            let (mut p, mut q, mut r) = (vec![], vec![], vec![]);
            for (c, (mean, rstd)) in stats.iter().enumerate() {
                let scale = w.map_or(1.0, |w| w[c].wide()) * rstd;
                let (a, b) = if training { (gb[c] / count, gw[c] * rstd * rstd / count) } else { (0.0, 0.0) };
                p.push(<$t>::of(-b * scale));
                q.push(<$t>::of(scale));
                r.push(<$t>::of((b * mean - a) * scale));
                gw[c] *= rstd;
            }
            if wanted[0] {
                norm::affine::<$t>(s, xd.as_slice(), Some(gd.as_slice()), [&p, &q, &r], gx.data_ptr().cast());
            }
        }};
    }
    if x.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    let vector = |v: &[f64]| Tensor::from_slice(v, &[s.channels]);
    Ok(smallvec::smallvec![
        wanted[0].then_some(gx),
        if wanted[1] { Some(vector(&gw)?) } else { None },
        if wanted[2] { Some(vector(&gb)?) } else { None },
    ])
}

/// As `backward`, made of ops, so that it can be differentiated again; `stats` are the means and reciprocal deviations.
fn backward_ops(
    g: &[Option<Tensor>],
    x: &Tensor,
    weight: Option<&Tensor>,
    stats: &[Tensor; 2],
    training: bool,
    eps: f64,
    wanted: [bool; 3],
) -> Result<Grads> {
    let dims = other_dims(x);
    let w = weight.map(|w| beside(w, x)).transpose()?;
    let n = Normalised { x, weight: w.as_ref(), dims: &dims, eps, centre: true };
    let stat = |k: usize| beside(&cast(&stats[k], x.dtype())?, x);
    let mut grads: Grads = smallvec::smallvec![None, None, None];
    if wanted[0] {
        grads[0] = Some(match (&g[0], training) {
            (g0, true) => {
                let along = |g: &Option<Tensor>| g.as_ref().map(|g| beside(g, x)).transpose();
                n.grad(g0.as_ref(), along(&g[1])?.as_ref(), along(&g[2])?.as_ref())?
            }
            (Some(g), false) => {
                let g = mul(g, &stat(1)?)?;
                if let Some(w) = &w { mul(&g, w)? } else { g }
            }
            (None, false) => zeros_like(x)?,
        });
    }
    let Some(g) = &g[0] else { return Ok(grads) };
    if wanted[1] {
        let hat = if training { n.hat()?.0 } else { mul(&sub(x, &stat(0)?)?, &stat(1)?)? };
        grads[1] = Some(sum(&mul(g, &hat)?, &dims, false, None)?);
    }
    if wanted[2] {
        grads[2] = Some(sum(g, &dims, false, None)?);
    }
    Ok(grads)
}

fn batch_norm(x: &Tensor, given: Given, training: bool, momentum: f64, eps: f64) -> Result<Tensor> {
    if x.numel() == 0 {
        // Before any check, as in PyTorch, which takes a vector without elements too.
        let mut y = clone(x, None)?;
        if let Some(w) = given.weight {
            y = mul(&y, &select(w, 0, 0)?)?;
        }
        return given.bias.map_or(Ok(y.clone()), |b| add(&y, &select(b, 0, 0)?));
    }
    check(x, &given, training)?;
    Ok(native_batch_norm(x, given, training, momentum, eps)?.0)
}

/// No gradient flows to the running statistics.
fn refuse_running(given: &Given) -> Result<()> {
    refusal::refuse_grad(given.running_mean, "running_mean", "native_batch_norm")?;
    refusal::refuse_grad(given.running_var, "running_var", "native_batch_norm")
}

/// Batch norm of each instance by itself: instances become channels of one instance.
fn instance_norm(x: &Tensor, given: Given, use_input_stats: bool, momentum: f64, eps: f64) -> Result<Tensor> {
    ensure!(
        use_input_stats || given.running_mean.is_some() && given.running_var.is_some(),
        "Expected running_mean and running_var to be defined when use_input_stats is false"
    );
    ensure!(
        given.running_mean.is_some() == given.running_var.is_some(),
        Value,
        "running_mean and running_var must either both be None or neither be None"
    );
    ensure!(x.rank() >= 2, "expected at least 2D input (got {}D input)", x.rank());
    refuse_running(&given)?;
    let (n, c) = (x.shape()[0], x.shape()[1]);
    let repeat = |p: Option<&Tensor>| -> Result<Option<Tensor>> {
        p.map(|p| {
            ensure!(p.numel() == c, "expected {c} elements for the channels, got {}", p.numel());
            reshape_to(&expand_to(p, &[n, c])?, &[n * c])
        })
        .transpose()
    };
    // The running statistics are copies, one per instance, whose mean is written back.
    let copies = |p: Option<&Tensor>| -> Result<Option<Tensor>> {
        with_grad(false, || repeat(p)?.map(|p| clone(&p, Some(0))).transpose())
    };
    let (weight, bias) = (repeat(given.weight)?, repeat(given.bias)?);
    let (mean_, var) = (copies(given.running_mean)?, copies(given.running_var)?);
    let mut shape = vec![1, n * c];
    shape.extend(&x.shape()[2..]);
    let all = Given {
        weight: weight.as_ref(),
        bias: bias.as_ref(),
        running_mean: mean_.as_ref(),
        running_var: var.as_ref(),
    };
    let y = batch_norm(&reshape_to(x, &shape)?, all, use_input_stats, momentum, eps)?;
    for (running, copies) in [(given.running_mean, &mean_), (given.running_var, &var)] {
        if let (Some(running), Some(copies)) = (running, copies) {
            let new = with_grad(false, || mean(&reshape_to(copies, &[n, c])?, &[0], false, None))?;
            running.copy_data(&new);
            running.storage().bump();
        }
    }
    reshape_to(&y, x.shape())
}

fn given<'a>(a: &Args<'a, '_>) -> Result<Given<'a>> {
    Ok(Given {
        weight: a.opt_tensor(1)?,
        bias: a.opt_tensor(2)?,
        running_mean: a.opt_tensor(3)?,
        running_var: a.opt_tensor(4)?,
    })
}

rows! {
    /// (x - mean) / sqrt(var + eps) * weight + bias per channel, with the statistics of the batch or the running ones.
    "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor" "f"
    |a| batch_norm(a.tensor(0)?, given(a)?, a.bool(5)?, a.float(6)?, a.float(7)?);
    |s| samples(s).into_iter().map(|v| [v, vec![false.into()]].concat()).collect();
    /// As `batch_norm`, with the means and reciprocal deviations of the batch.
    "native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)" "f"
    |a| {
        let (x, given) = (a.tensor(0)?, given(a)?);
        check(x, &given, a.bool(5)?)?;
        native_batch_norm(x, given, a.bool(5)?, a.float(6)?, a.float(7)?)
    };
    |s| samples(s);
    /// Batch norm of each instance by itself.
    "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor" "f"
    |a| instance_norm(a.tensor(0)?, given(a)?, a.bool(5)?, a.float(6)?, a.float(7)?);
    |s| samples(s).into_iter().map(|v| [v, vec![false.into()]].concat()).collect();
}

/// Samples up to eps. Running statistics are float32, so that they are none of the variables.
fn samples(s: &mut Samples) -> Vec<Vec<Value>> {
    let running = |v: &[f32]| Value::Tensor(Tensor::from_slice(v, &[3]).expect("a sample is small"));
    vec![
        vec![s.t(&[2, 3, 2]), s.t(&[3]), s.t(&[3]), Value::None, Value::None, true.into(), 0.1.into(), 0.1.into()],
        vec![
            s.t(&[4, 3, 2]),
            Value::None,
            Value::None,
            running(&[0.1, 0.2, -0.3]),
            running(&[1.0, 0.5, 2.0]),
            false.into(),
            0.0.into(),
            0.1.into(),
        ],
        vec![
            s.t(&[2, 3, 1]),
            s.t(&[3]),
            s.t(&[3]),
            running(&[0.1, 0.2, -0.3]),
            running(&[1.0, 0.5, 2.0]),
            false.into(),
            0.0.into(),
            0.1.into(),
        ],
    ]
}
