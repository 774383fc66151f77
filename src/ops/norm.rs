//! Layer norm, RMS norm and group norm, with fused kernels; a gradient that is to be differentiated again is made of ops.
use crate::cpu::norm::{self, Channels, Norm};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::graph::{Grads, grad_enabled};
use crate::layout::{Dims, show, show_i};
use crate::ops::*;
use crate::tensor::Tensor;

/// A normalisation whose gradient is wanted: `x` is seen in a shape where `dims` are those of one set of statistics and
/// the weight broadcasts.
pub(crate) struct Normalised<'a> {
    pub x: &'a Tensor,
    pub weight: Option<&'a Tensor>,
    pub dims: &'a [i64],
    pub eps: f64,
    /// Whether the mean is taken out (not in RMS norm).
    pub centre: bool,
}

impl Normalised<'_> {
    fn mean(&self, t: &Tensor) -> Result<Tensor> {
        mean(t, self.dims, true, None)
    }
    /// The normalised elements and the reciprocal deviation, recorded.
    pub fn hat(&self) -> Result<(Tensor, Tensor)> {
        let centred = if self.centre { sub(self.x, &self.mean(self.x)?)? } else { self.x.clone() };
        let var = self.mean(&mul(&centred, &centred)?)?;
        let rstd = div(1.0, &sqrt(&add(&var, self.eps)?)?)?;
        Ok((mul(&centred, &rstd)?, rstd))
    }
    /// The gradient of the input from those of result, mean and reciprocal deviation, made of ops.
    pub fn grad(&self, g: Option<&Tensor>, g_mean: Option<&Tensor>, g_rstd: Option<&Tensor>) -> Result<Tensor> {
        let (hat, rstd) = self.hat()?;
        let n = self.dims.iter().map(|&d| self.x.shape()[d as usize]).product::<usize>() as f64;
        let mut total = zeros_like(self.x)?;
        if let Some(g) = g {
            let g = match self.weight {
                Some(w) => mul(g, w)?,
                None => g.clone(),
            };
            let along = mul(&hat, &self.mean(&mul(&g, &hat)?)?)?;
            let g = if self.centre { sub(&g, &self.mean(&g)?)? } else { g };
            total = mul(&sub(&g, &along)?, &rstd)?;
        }
        if let Some(g) = g_mean {
            total = add(&total, &div(g, n)?)?;
        }
        if let Some(g) = g_rstd {
            total = sub(&total, &mul(&div(&mul(g, &mul(&rstd, &rstd)?)?, n)?, &hat)?)?;
        }
        Ok(total)
    }
}

/// The class that a normalisation computes in.
pub(crate) fn float_class(x: &Tensor, kernel: &str) -> Result<Class> {
    ensure!(x.dtype().is_float(), NotImplemented, "\"{kernel}\" not implemented for '{}'", x.dtype().scalar_name());
    Ok(x.dtype().class())
}
/// A weight or bias of another dtype is taken where float32 ones normalise a half type.
pub(crate) fn check_mixed(x: &Tensor, parameters: &[Option<&Tensor>]) -> Result<()> {
    for p in parameters.iter().flatten() {
        let fits = p.dtype() == x.dtype() || p.dtype() == DType::F32 && x.dtype().class() == Class::F32;
        ensure!(fits, "mixed dtype (CPU): expect parameter to have scalar type of Float");
    }
    Ok(())
}

/// A constant that takes the place of an optional input that is not there.
pub(crate) fn absent() -> Result<Tensor> {
    Tensor::empty(&[0], DType::F32)
}

fn check_shape(x: &Tensor, shape: &[i64], weight: Option<&Tensor>, bias: Option<&Tensor>, star: &str) -> Result<usize> {
    ensure!(
        !shape.is_empty(),
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got \
         normalized_shape = []"
    );
    let same = |s: &[usize]| s.len() == shape.len() && s.iter().zip(shape).all(|(&a, &b)| a as i64 == b);
    for (p, name) in [(weight, "weight"), (bias, "bias")] {
        if let Some(p) = p {
            ensure!(
                same(p.shape()),
                "Expected {name} to be of same shape as normalized_shape, but got {name} of shape {} and \
                 normalized_shape = {}",
                show(p.shape()),
                show_i(shape)
            );
        }
    }
    let lead = x.rank().checked_sub(shape.len());
    let fits = lead.is_some_and(|l| same(&x.shape()[l..]));
    ensure!(
        fits,
        "Given normalized_shape={}, expected input with shape [*{star}{}, but got input of size{}",
        show_i(shape),
        &show_i(shape)[1..],
        show(x.shape())
    );
    Ok(lead.unwrap_or(0))
}

/// Data of an optional parameter in a class.
pub(crate) fn parameter(p: Option<&Tensor>, class: Class) -> Result<Option<Tensor>> {
    p.map(|p| p.cast_data(class.dtype())).transpose()
}

/// Normalises the last dims of `x`. Returns the result, means and reciprocal deviations.
fn rows_forward(
    x: &Tensor,
    lead: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
    centre: bool,
) -> Result<[Tensor; 3]> {
    let class = x.dtype().class();
    let n: usize = x.shape()[lead..].iter().product();
    let mut stats: Dims = x.shape()[..lead].into();
    stats.extend(std::iter::repeat_n(1, x.rank() - lead));
    let narrow = if weight.or(bias).is_some_and(|p| p.dtype() == DType::F32) { class.dtype() } else { x.dtype() };
    if let Some(gpu) = x.gpu() {
        return norm_gpu::rows_forward(gpu, x, [weight, bias], (n, centre, eps), (&stats, narrow));
    }
    let (data, w, b) = (x.cast_data(class.dtype())?, parameter(weight, class)?, parameter(bias, class)?);
    let y = Tensor::empty(x.shape(), class.dtype())?;
    let [mean, rstd] = [0; 2].map(|_| Tensor::full(&stats, 0.0.into(), class.dtype()));
    let (mean, rstd) = (mean?, rstd?);
    macro_rules! run {
        ($t:ty) => {{
            let (w, b) = (w.as_ref().map(|t| t.as_slice()), b.as_ref().map(|t| t.as_slice()));
            let to = [mean.data_ptr().cast(), rstd.data_ptr().cast()];
            norm::layer_forward::<$t>(n, data.as_slice(), w, b, eps, centre, y.data_ptr().cast(), to)
        }};
    }
    if y.numel() > 0 {
        // SAFETY: contiguous and only read; the results are new.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    Ok([y.cast_data(x.dtype())?, mean.cast_data(narrow)?, rstd.cast_data(narrow)?])
}

/// The gradients of input, weight and bias, from those of the result, by the fused kernel.
fn rows_backward(
    g: &Tensor,
    x: &Tensor,
    lead: usize,
    weight: Option<&Tensor>,
    [mean, rstd]: [&Tensor; 2],
    centre: bool,
    wanted: [bool; 3],
) -> Result<Grads> {
    if let Some(gpu) = x.gpu() {
        return norm_gpu::rows_backward(gpu, [g, x], &x.shape()[lead..], weight, [mean, rstd], centre, wanted);
    }
    let class = x.dtype().class();
    let n: usize = x.shape()[lead..].iter().product();
    let cast = |t: &Tensor| t.cast_data(class.dtype());
    let (g, data, mean, rstd, w) = (cast(g)?, cast(x)?, cast(mean)?, cast(rstd)?, parameter(weight, class)?);
    let gx = if wanted[0] { Some(Tensor::empty(x.shape(), class.dtype())?) } else { None };
    let shape = &x.shape()[lead..];
    macro_rules! run {
        ($t:ty) => {{
            let w = w.as_ref().map(|t| t.as_slice());
            let to = gx.as_ref().map_or(std::ptr::null_mut(), |t| t.data_ptr().cast());
            let stats = [mean.as_slice(), rstd.as_slice()];
            let sums = [wanted[1], wanted[2]];
            let parts = norm::layer_backward::<$t>(n, g.as_slice(), data.as_slice(), w, stats, centre, to, sums);
            parts.map(|p| if p.is_empty() { Tensor::zeros(shape, class.dtype()) } else { Tensor::from_slice(&p, shape) })
        }};
    }
    // SAFETY: contiguous and only read; the result is new.
    let [gw, gb] = unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } };
    let keep = |t: Result<Tensor>, k: usize| -> Result<Option<Tensor>> { if wanted[k] { Ok(Some(t?)) } else { Ok(None) } };
    Ok(smallvec::smallvec![gx, keep(gw, 1)?, keep(gb, 2)?])
}

fn last_dims(x: &Tensor, lead: usize) -> Vec<i64> {
    (lead as i64..x.rank() as i64).collect()
}
/// Sums over all dims before the last ones: the gradients of weight and bias, made of ops.
fn over_rows(t: &Tensor, lead: usize) -> Result<Tensor> {
    if lead == 0 { Ok(t.clone()) } else { sum(t, &(0..lead as i64).collect::<Vec<_>>(), false, None) }
}

fn normalise_rows(
    x: &Tensor,
    lead: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
    centre: bool,
) -> Result<[Tensor; 3]> {
    let outputs = rows_forward(x, lead, weight, bias, eps, centre)?;
    let none = absent()?;
    let (w, b) = (weight.unwrap_or(&none), bias.unwrap_or(&none));
    let op = if centre { "native_layer_norm" } else { "fused_rms_norm" };
    let (weighted, mean_rstd) = (weight.is_some(), [outputs[1].clone(), outputs[2].clone()]);
    let outputs = Tensor::record_all(outputs.to_vec(), op, &[x, w, b], |r, _| {
        let at = r.input("input", x);
        let weight_at = r.input("weight", w);
        // Constants of the fused kernel; the gradient made of ops computes them anew.
        let stats = [r.input("result1", &mean_rstd[0].detach()), r.input("result2", &mean_rstd[1].detach())];
        Box::new(move |node, g| {
            let (x, w) = (node.get(at)?, node.get(weight_at)?);
            let w = weighted.then_some(&w);
            let wanted = [node.needs(0), node.needs(1), node.needs(2)];
            if !grad_enabled()
                && g[1].is_none()
                && g[2].is_none()
                && let Some(g) = &g[0]
            {
                let stats = [&node.get(stats[0])?, &node.get(stats[1])?];
                return rows_backward(g, &x, lead, w, stats, centre, wanted);
            }
            let dims = last_dims(&x, lead);
            let n = Normalised { x: &x, weight: w, dims: &dims, eps, centre };
            let mut grads: Grads = smallvec::smallvec![None, None, None];
            if wanted[0] {
                grads[0] = Some(n.grad(g[0].as_ref(), g[1].as_ref(), g[2].as_ref())?);
            }
            if let Some(g) = &g[0] {
                if wanted[1] {
                    grads[1] = Some(over_rows(&mul(g, &n.hat()?.0)?, lead)?);
                }
                if wanted[2] {
                    grads[2] = Some(over_rows(g, lead)?);
                }
            }
            Ok(grads)
        })
    })?;
    Ok([outputs[0].clone(), outputs[1].clone(), outputs[2].clone()])
}

/// (x - mean) / sqrt(var + eps) * weight + bias over the last dims: the result, means and reciprocal deviations.
pub fn native_layer_norm(
    x: &Tensor,
    shape: &[i64],
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    let lead = check_shape(x, shape, weight, bias, ", ")?;
    float_class(x, "LayerNormKernelImpl")?;
    check_mixed(x, &[weight, bias])?;
    let [y, mean, rstd] = normalise_rows(x, lead, weight, bias, eps, true)?;
    Ok((y, mean, rstd))
}

/// x / sqrt(mean(x^2) + eps) * weight over the last dims: the result and the reciprocal roots.
pub fn fused_rms_norm(
    x: &Tensor,
    shape: &[i64],
    weight: Option<&Tensor>,
    eps: Option<f64>,
) -> Result<(Tensor, Tensor)> {
    let lead = check_shape(x, shape, weight, None, "")?;
    let epsilon = match x.dtype().to_real() {
        DType::F64 => f64::EPSILON,
        _ => f32::EPSILON as f64,
    };
    let eps = eps.unwrap_or(epsilon);
    ensure!(
        x.dtype().is_differentiable(),
        NotImplemented,
        "\"rms_norm\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let plain = weight.is_none_or(|w| w.dtype() == x.dtype() || w.dtype() == DType::F32);
    if x.dtype().is_float() && plain {
        let [y, _, rstd] = normalise_rows(x, lead, weight, None, eps, false)?;
        return Ok((y, rstd));
    }
    let square = mean(&mul(x, x)?, &last_dims(x, lead), true, None)?;
    let rstd = div(1.0, &sqrt(&add(&square, eps)?)?)?;
    let y = mul(x, &rstd)?;
    Ok((if let Some(w) = weight { mul(&y, w)? } else { y }, rstd))
}

/// Normalises groups of channels of each instance: the result, means and reciprocal deviations, each (instance, group).
pub fn native_group_norm(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    [n, c, hw]: [usize; 3],
    groups: usize,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    ensure!(
        groups > 0 && c.is_multiple_of(groups),
        "Expected number of channels in input to be divisible by num_groups, but got input of shape {} and num_groups={groups}",
        show(x.shape())
    );
    ensure!(n.checked_mul(c).and_then(|nc| nc.checked_mul(hw)) == Some(x.numel()), "the sizes given do not make up the input");
    for p in [weight, bias].into_iter().flatten() {
        ensure!(p.numel() == c, "expected {c} elements for the channels, got {}", p.numel());
    }
    let class = float_class(x, "GroupNormKernelImpl")?;
    check_mixed(x, &[weight, bias])?;
    let narrow = if weight.or(bias).is_some_and(|p| p.dtype() == DType::F32) { class.dtype() } else { x.dtype() };
    let sizes = [n, c, hw, groups];
    let (y, stats) = group_forward(x, [weight, bias], sizes, eps)?;
    let outputs = match &stats {
        GroupStats::Host(stats) => {
            let stat = |f: fn(&(f64, f64)) -> f64| {
                Tensor::from_slice(&stats.iter().map(f).collect::<Vec<f64>>(), &[n, groups])?.cast_data(narrow)
            };
            vec![y, stat(|s| s.0)?, stat(|s| s.1)?]
        }
        GroupStats::Gpu(stats) => vec![y, stats.mean.cast_data(narrow)?, stats.spread.cast_data(narrow)?],
    };
    let none = absent()?;
    let (w, b) = (weight.unwrap_or(&none), bias.unwrap_or(&none));
    let weighted = weight.is_some();
    let outputs = Tensor::record_all(outputs, "native_group_norm", &[x, w, b], |r, _| {
        let (at, weight_at) = (r.input("input", x), r.input("weight", w));
        Box::new(move |node, g| {
            let (x, w) = (node.get(at)?, node.get(weight_at)?);
            let wanted = [node.needs(0), node.needs(1), node.needs(2)];
            let fused = !grad_enabled() && g[1].is_none() && g[2].is_none();
            if fused && let Some(g) = &g[0] {
                return group_backward(g, &x, weighted.then_some(&w), sizes, &stats, wanted);
            }
            group_backward_ops(g, &x, weighted.then_some(&w), sizes, eps, wanted)
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone(), outputs[2].clone()))
}

/// Means and reciprocal deviations of groups, where they were computed.
enum GroupStats {
    Host(Vec<(f64, f64)>),
    Gpu(Box<norm_gpu::Stats>),
}

fn group_channels([n, c, hw, groups]: [usize; 4]) -> crate::gpu::norm::Channels {
    crate::gpu::norm::Channels { outer: n, channels: c, inner: hw, per: Some(c / groups) }
}

fn group_forward(
    x: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
    sizes: [usize; 4],
    eps: f64,
) -> Result<(Tensor, GroupStats)> {
    let [n, c, hw, groups] = sizes;
    if let Some(gpu) = x.gpu() {
        let stats = norm_gpu::group_statistics(gpu, x, [n, groups], c / groups * hw, eps)?;
        let y = norm_gpu::channels_forward(gpu, group_channels(sizes), x, &stats, [weight, bias])?;
        return Ok((y, GroupStats::Gpu(Box::new(stats))));
    }
    let class = x.dtype().class();
    // Each group is a row, and its channels are lines.
    let rows = x.contiguous_data()?.in_shape(&[n * groups, c / groups * hw]);
    let stats = rows_statistics(&rows, eps)?;
    let (w, b) = (parameter(weight, class)?, parameter(bias, class)?);
    let data = x.cast_data(class.dtype())?;
    let y = Tensor::empty(x.shape(), class.dtype())?;
    macro_rules! run {
        ($t:ty) => {{
            let (w, b) = (w.as_ref().map(|t| t.as_slice::<$t>()), b.as_ref().map(|t| t.as_slice::<$t>()));
            let (mut p, mut r) = (vec![], vec![]);
            for line in 0..n * c {
                let (mean, rstd) = stats[line / (c / groups)];
                let scale = w.map_or(1.0, |w| w[line % c].wide()) * rstd;
                p.push(<$t>::of(scale));
                r.push(<$t>::of(b.map_or(0.0, |b| b[line % c].wide()) - mean * scale));
            }
            let s = Channels { outer: n, channels: c, inner: hw };
            norm::affine::<$t>(s, data.as_slice(), None, [&p, &[], &r], y.data_ptr().cast())
        }};
    }
    if y.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    Ok((y.cast_data(x.dtype())?, GroupStats::Host(stats)))
}

/// Mean and reciprocal deviation of each row of a matrix.
fn rows_statistics(rows: &Tensor, eps: f64) -> Result<Vec<(f64, f64)>> {
    crate::graph::with_grad(false, || {
        let n = rows.shape()[1] as f64;
        let over = crate::ops::reduce::Over::new(rows.shape(), &[1], false)?;
        let moments = moments_of(rows, &over)?;
        Ok(moments.into_iter().map(|(mean, m2)| (mean, 1.0 / (m2 / n + eps).sqrt())).collect())
    })
}

fn group_backward(
    g: &Tensor,
    x: &Tensor,
    weight: Option<&Tensor>,
    [n, c, hw, groups]: [usize; 4],
    stats: &GroupStats,
    wanted: [bool; 3],
) -> Result<Grads> {
    let stats = match (stats, x.gpu()) {
        (GroupStats::Host(stats), _) => stats,
        (GroupStats::Gpu(stats), Some(gpu)) => {
            let shape = group_channels([n, c, hw, groups]);
            return norm_gpu::channels_backward(gpu, shape, [g, x], stats, weight, true, wanted);
        }
        _ => bail!("a normalised tensor was moved from its device before its gradient was computed"),
    };
    let class = x.dtype().class();
    let (gd, xd, w) = (g.cast_data(class.dtype())?, x.cast_data(class.dtype())?, parameter(weight, class)?);
    let gx = Tensor::empty(x.shape(), class.dtype())?;
    let per = c / groups;
    let count = (per * hw) as f64;
    let (mut gw, mut gb) = (vec![0.0; c], vec![0.0; c]);
    macro_rules! run {
        ($t:ty) => {{
            let w = w.as_ref().map(|t| t.as_slice::<$t>());
            let weight = |line: usize| w.map_or(1.0, |w| w[line % c].wide());
            let means: Vec<$t> = (0..n * c).map(|line| <$t>::of(stats[line / per].0)).collect();
            let s = Channels { outer: n, channels: c, inner: hw };
            let [sum, dot] = norm::channel_sums::<$t>(s, gd.as_slice(), xd.as_slice(), &means);
            for line in 0..n * c {
                gw[line % c] += dot[line] * stats[line / per].1;
                gb[line % c] += sum[line];
            }
            let (mut p, mut q, mut r) = (vec![], vec![], vec![]);
            for group in 0..n * groups {
                let lines = group * per..(group + 1) * per;
                let (mean, rstd) = stats[group];
                let a: f64 = lines.clone().map(|l| sum[l] * weight(l)).sum::<f64>() / count;
                let b: f64 = lines.clone().map(|l| dot[l] * weight(l)).sum::<f64>() * rstd * rstd / count;
                for line in lines {
                    p.push(<$t>::of(-b * rstd));
                    q.push(<$t>::of(weight(line) * rstd));
                    r.push(<$t>::of((b * mean - a) * rstd));
                }
            }
            norm::affine::<$t>(s, xd.as_slice(), Some(gd.as_slice()), [&p, &q, &r], gx.data_ptr().cast())
        }};
    }
    if x.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    let vector = |v: &[f64]| Tensor::from_slice(v, &[c]);
    Ok(smallvec::smallvec![
        wanted[0].then_some(gx),
        if wanted[1] { Some(vector(&gw)?) } else { None },
        if wanted[2] { Some(vector(&gb)?) } else { None },
    ])
}

fn group_backward_ops(
    g: &[Option<Tensor>],
    x: &Tensor,
    weight: Option<&Tensor>,
    [n, c, hw, groups]: [usize; 4],
    eps: f64,
    wanted: [bool; 3],
) -> Result<Grads> {
    let split = [n, groups, c / groups, hw];
    let view = |t: &Tensor| reshape_to(t, &split);
    let shown = view(x)?;
    let w = weight.map(|w| reshape_to(w, &[1, groups, c / groups, 1])).transpose()?;
    let norm = Normalised { x: &shown, weight: w.as_ref(), dims: &[2, 3], eps, centre: true };
    let stat = |t: &Option<Tensor>| t.as_ref().map(|t| reshape_to(t, &[n, groups, 1, 1])).transpose();
    let (out, mean, rstd) = (g[0].as_ref().map(view).transpose()?, stat(&g[1])?, stat(&g[2])?);
    let mut grads: Grads = smallvec::smallvec![None, None, None];
    if wanted[0] {
        grads[0] = Some(reshape_to(&norm.grad(out.as_ref(), mean.as_ref(), rstd.as_ref())?, x.shape())?);
    }
    if let Some(g) = &out {
        let channels = |t: &Tensor| reshape_to(&sum(t, &[0, 3], false, None)?, &[c]);
        if wanted[1] {
            grads[1] = Some(channels(&mul(g, &norm.hat()?.0)?)?);
        }
        if wanted[2] {
            grads[2] = Some(channels(g)?);
        }
    }
    Ok(grads)
}

/// Normalises each of `groups` groups of the channels of each instance.
pub fn group_norm(
    x: &Tensor,
    groups: i64,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    ensure!(
        x.rank() >= 2,
        Index,
        "Dimension out of range (expected to be in range of [-{0}, {1}], but got 1)",
        x.rank().max(1),
        x.rank().max(1) - 1
    );
    ensure!(groups > 0, "Expected num groups to be greater than 0, got {groups}");
    let c = x.shape()[1];
    ensure!(
        c.is_multiple_of(groups as usize),
        "Expected number of channels in input to be divisible by num_groups, but got input of shape {} and \
         num_groups={groups}",
        show(x.shape())
    );
    for (p, name) in [(weight, "weight"), (bias, "bias")] {
        if let Some(p) = p {
            ensure!(
                p.rank() == 1 && p.numel() == c,
                "Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of \
                 shape {} and input of shape {}",
                show(p.shape()),
                show(x.shape())
            );
        }
    }
    let sizes = [x.shape()[0], c, x.shape()[2..].iter().product()];
    Ok(native_group_norm(x, weight, bias, sizes, groups as usize, eps)?.0)
}

fn size(v: i64) -> Result<usize> {
    ensure!(v >= 0, "sizes must not be negative, got {v}");
    Ok(v as usize)
}

rows! {
    /// (x - mean) / sqrt(var + eps) * weight + bias over the last dims.
    "layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enable=True) -> Tensor" "f"
    |a| native_layer_norm(a.tensor(0)?, &a.ints(1)?, a.opt_tensor(2)?, a.opt_tensor(3)?, a.float(4)?).map(|y| y.0);
    |s| vec![
        vec![s.t(&[3, 4]), [4].into(), s.t(&[4]), s.t(&[4]), 0.1.into(), true.into()],
        vec![s.t(&[2, 2, 3]), [2, 3].into(), Value::None, Value::None, 0.1.into(), true.into()],
        vec![s.t(&[2, 3]), [3].into(), s.t(&[3]), Value::None, 0.1.into(), true.into()],
    ];
    /// As `layer_norm`, with the means and reciprocal deviations.
    "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)" "f"
    |a| native_layer_norm(a.tensor(0)?, &a.ints(1)?, a.opt_tensor(2)?, a.opt_tensor(3)?, a.float(4)?);
    |s| vec![vec![s.t(&[2, 3]), [3].into(), s.t(&[3]), s.t(&[3]), 0.1.into()]];
    /// Root mean square norm: x / sqrt(mean(x^2) + eps) * weight over the last dims; eps is the machine epsilon by default.
    "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor" "f"
    |a| fused_rms_norm(a.tensor(0)?, &a.ints(1)?, a.opt_tensor(2)?, a.opt_float(3)?).map(|y| y.0);
    |s| vec![
        vec![s.t(&[2, 3]), [3].into(), s.t(&[3]), Value::None],
        vec![s.t(&[2, 2, 2]), [2, 2].into(), Value::None, 0.1.into()],
    ];
    /// As `rms_norm`, with the reciprocal roots.
    "_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)" "f"
    |a| fused_rms_norm(a.tensor(0)?, &a.ints(1)?, a.opt_tensor(2)?, a.opt_float(3)?);
    |s| vec![vec![s.t(&[2, 3]), [3].into(), s.t(&[3]), 0.1.into()]];
    /// Normalises each group of channels of each instance.
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True) -> Tensor" "f"
    |a| group_norm(a.tensor(0)?, a.int(1)?, a.opt_tensor(2)?, a.opt_tensor(3)?, a.float(4)?);
    |s| vec![
        vec![s.t(&[2, 4, 3]), 2.into(), s.t(&[4]), s.t(&[4]), 0.1.into(), true.into()],
        vec![s.t(&[2, 4]), 2.into(), Value::None, Value::None, 0.1.into(), true.into()],
    ];
    /// As `group_norm` for (N, C, HxW) elements, with the means and reciprocal deviations.
    "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, int N, int C, int HxW, int group, float eps) -> (Tensor, Tensor, Tensor)" "f"
    |a| native_group_norm(
        a.tensor(0)?, a.opt_tensor(1)?, a.opt_tensor(2)?, [size(a.int(3)?)?, size(a.int(4)?)?, size(a.int(5)?)?],
        size(a.int(6)?)?, a.float(7)?,
    );
    |s| vec![vec![s.t(&[2, 4, 3]), s.t(&[4]), s.t(&[4]), 2.into(), 4.into(), 3.into(), 2.into(), 0.1.into()]];
}
