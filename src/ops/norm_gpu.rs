//! Layer, group and batch norm on a GPU: the tensors that its kernels need, and the small ones between them.
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::moments::Spread;
use crate::gpu::norm::{self, Channels, Rows, Statistics};
use crate::gpu::{Gpu, Memory};
use crate::graph::{Grads, with_grad};
use crate::ops::moments::moments_on_gpu;
use crate::ops::reduce::Over;
use crate::ops::*;
use crate::tensor::Tensor;

fn contiguous(p: Option<&Tensor>) -> Result<Option<Tensor>> {
    p.map(Tensor::contiguous_data).transpose()
}
fn bound<'a>(gpu: &'static Gpu, p: &'a Option<Tensor>) -> Result<Option<Memory<'a>>> {
    p.as_ref().map(|p| p.on_gpu(gpu)).transpose()
}
/// The dtype of statistics: float32, or float64 of float64.
fn narrow(x: &Tensor) -> DType {
    x.dtype().class().dtype()
}
/// A new tensor where it is wanted.
fn wanted(yes: bool, shape: &[usize], dtype: DType) -> Result<Option<Tensor>> {
    if yes { Tensor::empty(shape, dtype).map(Some) } else { Ok(None) }
}

/// Normalises rows of the last dims: result, means and reciprocal deviations, which have shape `stats` and dtype `narrow`.
pub(super) fn rows_forward(
    gpu: &'static Gpu,
    x: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
    (n, centre, eps): (usize, bool, f64),
    (stats, narrow): (&[usize], DType),
) -> Result<[Tensor; 3]> {
    let (data, w, b) = (x.contiguous_data()?, contiguous(weight)?, contiguous(bias)?);
    let y = Tensor::empty(x.shape(), x.dtype())?;
    if y.numel() == 0 {
        return Ok([y, Tensor::zeros(stats, narrow)?, Tensor::zeros(stats, narrow)?]);
    }
    let (mean, rstd) = (Tensor::empty(stats, narrow)?, Tensor::empty(stats, narrow)?);
    let each = Rows { rows: x.numel() / n, n, centre };
    let to = [y.on_gpu(gpu)?, mean.on_gpu(gpu)?, rstd.on_gpu(gpu)?];
    each.forward(gpu, data.on_gpu(gpu)?, [bound(gpu, &w)?, bound(gpu, &b)?], eps, to)?;
    Ok([y, mean, rstd])
}

/// The gradients of input, weight and bias of rows; the latter two of shape `shape`.
pub(super) fn rows_backward(
    gpu: &'static Gpu,
    [g, x]: [&Tensor; 2],
    shape: &[usize],
    weight: Option<&Tensor>,
    [mean, rstd]: [&Tensor; 2],
    centre: bool,
    needed: [bool; 3],
) -> Result<Grads> {
    let (g, x, w) = (g.contiguous_data()?, x.contiguous_data()?, contiguous(weight)?);
    let gx = wanted(needed[0], x.shape(), x.dtype())?;
    if x.numel() == 0 {
        let zeros = |k: usize| needed[k].then(|| Tensor::zeros(shape, mean.dtype())).transpose();
        return Ok(smallvec::smallvec![gx, zeros(1)?, zeros(2)?]);
    }
    let n = shape.iter().product::<usize>();
    let each = Rows { rows: x.numel() / n, n, centre };
    let (both, stats) = ([&g.on_gpu(gpu)?, &x.on_gpu(gpu)?], [&mean.on_gpu(gpu)?, &rstd.on_gpu(gpu)?]);
    if let Some(gx) = &gx {
        each.backward(gpu, both, bound(gpu, &w)?, stats, gx.on_gpu(gpu)?)?;
    }
    if !needed[1] && !needed[2] {
        return Ok(smallvec::smallvec![gx, None, None]);
    }
    let (gw, gb) = (Tensor::empty(shape, mean.dtype())?, Tensor::empty(shape, mean.dtype())?);
    each.sums(gpu, both, stats, [gw.on_gpu(gpu)?, gb.on_gpu(gpu)?])?;
    Ok(smallvec::smallvec![gx, needed[1].then_some(gw), needed[2].then_some(gb)])
}

/// What channels or groups of them were normalised with.
#[derive(Clone)]
pub(super) struct Stats {
    pub mean: Tensor,
    /// Reciprocal deviations, or variances where there is an epsilon.
    pub spread: Tensor,
    pub variance: Option<f64>,
}
impl Stats {
    fn on_gpu(&self, gpu: &'static Gpu) -> Result<Statistics<'_>> {
        let (mean, spread) = (self.mean.on_gpu(gpu)?, self.spread.on_gpu(gpu)?);
        Ok(Statistics { mean, spread, variance: self.variance })
    }
    /// The reciprocal deviations.
    pub fn rstd(&self) -> Result<Tensor> {
        match self.variance {
            Some(eps) => with_grad(false, || div(1.0, &sqrt(&add(&self.spread, eps)?)?)),
            None => Ok(self.spread.clone()),
        }
    }
}

/// Mean and reciprocal deviation of each group of `size` neighbouring elements.
pub(super) fn group_statistics(
    gpu: &'static Gpu,
    x: &Tensor,
    groups: [usize; 2],
    size: usize,
    eps: f64,
) -> Result<Stats> {
    let each = x.contiguous_data()?.in_shape(&[groups[0], groups[1], size]);
    let over = Over::new(each.shape(), &[2], false)?;
    let (spread, mean) = moments_on_gpu(gpu, &each, &over, Spread::Reciprocal(eps), narrow(x))?;
    Ok(Stats { mean, spread, variance: None })
}

/// Mean and reciprocal deviation of each channel, which move the running ones.
pub(super) fn batch_statistics(
    gpu: &'static Gpu,
    x: &Tensor,
    over: &Over,
    running: [Option<&Tensor>; 2],
    momentum: f64,
    eps: f64,
) -> Result<Stats> {
    let (m2, mean) = moments_on_gpu(gpu, x, over, Spread::Squares, narrow(x))?;
    let spread = Tensor::empty(mean.shape(), mean.dtype())?;
    // Both are moved in the same call; one that is missing moves into a spare one.
    let own = |t: Option<&Tensor>| match t {
        Some(t) => t.contiguous_data(),
        None => Tensor::zeros(mean.shape(), mean.dtype()),
    };
    let moved = if running.iter().any(Option::is_some) { Some([own(running[0])?, own(running[1])?]) } else { None };
    let to = match &moved {
        Some([a, b]) => Some([a.on_gpu(gpu)?, b.on_gpu(gpu)?]),
        None => None,
    };
    let numbers = [over.count() as f64, momentum, eps];
    let both = [&mean.on_gpu(gpu)?, &m2.on_gpu(gpu)?];
    norm::statistics(gpu, mean.numel(), both, spread.on_gpu(gpu)?, to, numbers)?;
    for (old, new) in running.iter().zip(moved.iter().flatten()) {
        if let Some(old) = old.filter(|old| !old.is_contiguous()) {
            old.copy_data(new);
        }
    }
    Ok(Stats { mean, spread, variance: None })
}

/// The elements of channels normalised.
pub(super) fn channels_forward(
    gpu: &'static Gpu,
    shape: Channels,
    x: &Tensor,
    stats: &Stats,
    [weight, bias]: [Option<&Tensor>; 2],
) -> Result<Tensor> {
    let (data, w, b) = (x.contiguous_data()?, contiguous(weight)?, contiguous(bias)?);
    let y = Tensor::empty(x.shape(), x.dtype())?;
    if y.numel() > 0 {
        let affine = [bound(gpu, &w)?, bound(gpu, &b)?];
        shape.forward(gpu, data.on_gpu(gpu)?, &stats.on_gpu(gpu)?, affine, y.on_gpu(gpu)?)?;
    }
    Ok(y)
}

/// The gradients of input, weight and bias of channels. Without `training` the statistics are constants.
pub(super) fn channels_backward(
    gpu: &'static Gpu,
    shape: Channels,
    [g, x]: [&Tensor; 2],
    stats: &Stats,
    weight: Option<&Tensor>,
    training: bool,
    needed: [bool; 3],
) -> Result<Grads> {
    let (g, x, w) = (g.contiguous_data()?, x.contiguous_data()?, contiguous(weight)?);
    let gx = wanted(needed[0], x.shape(), x.dtype())?;
    let c = shape.channels;
    if x.numel() == 0 {
        let zeros = |k: usize| needed[k].then(|| Tensor::zeros(&[c], narrow(&x))).transpose();
        return Ok(smallvec::smallvec![gx, zeros(1)?, zeros(2)?]);
    }
    let both = [&g.on_gpu(gpu)?, &x.on_gpu(gpu)?];
    let bound_stats = stats.on_gpu(gpu)?;
    let lines: &[usize] = if shape.per.is_some() { &[shape.outer, c] } else { &[c] };
    let sums = if training || needed[1] || needed[2] {
        let sums = [Tensor::empty(lines, narrow(&x))?, Tensor::empty(lines, narrow(&x))?];
        shape.sums(gpu, both, &bound_stats.mean, [sums[0].on_gpu(gpu)?, sums[1].on_gpu(gpu)?])?;
        Some(sums)
    } else {
        None
    };
    if let Some(gx) = &gx {
        let of_groups = match (&sums, shape.per) {
            (Some(sums), Some(per)) => Some([in_groups(&sums[0], &w, per)?, in_groups(&sums[1], &w, per)?]),
            (sums, _) => sums.clone().filter(|_| training),
        };
        let of_groups = match &of_groups {
            Some([a, b]) => Some([a.on_gpu(gpu)?, b.on_gpu(gpu)?]),
            None => None,
        };
        shape.backward(gpu, both, &bound_stats, bound(gpu, &w)?, of_groups, gx.on_gpu(gpu)?)?;
    }
    let Some([sum_, dot]) = sums else { return Ok(smallvec::smallvec![gx, None, None]) };
    let (gw, gb) = with_grad(false, || -> Result<_> {
        let rstd = stats.rstd()?;
        let Some(per) = shape.per else { return Ok((mul(&dot, &rstd)?, sum_)) };
        // A line's deviation is that of its group.
        let split = [shape.outer, c / per, per];
        let dot = mul(&reshape_to(&dot, &split)?, &unsqueeze(&rstd, -1)?)?;
        let over_instances = |t: &Tensor| sum(t, &[0], false, None);
        Ok((reshape_to(&over_instances(&dot)?, &[c])?, over_instances(&sum_)?))
    })?;
    Ok(smallvec::smallvec![gx, needed[1].then_some(gw), needed[2].then_some(gb)])
}

/// Sums of lines, weighted and added up over the `per` channels of each group.
fn in_groups(lines: &Tensor, weight: &Option<Tensor>, per: usize) -> Result<Tensor> {
    with_grad(false, || {
        let lines = if let Some(w) = weight { mul(lines, &cast(w, lines.dtype())?)? } else { lines.clone() };
        let split = [lines.shape()[0], lines.shape()[1] / per, per];
        sum(&reshape_to(&lines, &split)?, &[2], false, None)
    })
}
