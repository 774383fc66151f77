//! Losses against classes on a GPU: nothing is read back, so a training step does not wait for them.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::class_loss::{self, Classes, Slope};
use crate::gpu::{Gpu, Lines};
use crate::graph::{grad_enabled, with_grad};
use crate::layout::Layout;
use crate::ops::pick::place;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// The losses of rows, and what each counts.
pub(super) struct Rows {
    pub loss: Tensor,
    pub factor: Tensor,
}
impl Rows {
    /// For the scores `x`, in float32, or in float64 where they are. For an average both lie one after the other, to be summed
    /// by one kernel.
    fn new(shape: &[usize], x: &Tensor, reduction: i64) -> Result<Self> {
        let dtype = x.dtype().class().dtype();
        if reduction != 1 {
            return Ok(Self { loss: Tensor::empty(shape, dtype)?, factor: Tensor::empty(shape, dtype)? });
        }
        let part = Layout::contiguous(shape);
        let n = part.numel();
        let both = Tensor::empty(&[2, n], dtype)?;
        let [loss, factor] = [0, n].map(|offset| both.with_layout(Layout { offset, ..part.clone() }));
        Ok(Self { loss, factor })
    }
    /// The losses reduced, and the sum of the factors where they are averaged.
    fn reduced(&self, reduction: i64) -> Result<(Tensor, Option<Tensor>)> {
        with_grad(false, || {
            Ok(match reduction {
                1 => {
                    let both = self.loss.with_layout(Layout::contiguous(&[2, self.loss.numel()]));
                    let sums = sum(&both, &[1], false, None)?;
                    let total = select(&sums, 0, 1)?;
                    (div(&select(&sums, 0, 0)?, &total)?, Some(total))
                }
                2 => (sum(&self.loss, &[], false, None)?, None),
                _ => (self.loss.detach(), None),
            })
        })
    }
}

/// The arguments that the gradient depends on.
#[derive(Clone)]
struct Against {
    target: Tensor,
    factor: Tensor,
    total: Option<Tensor>,
    ignore: i64,
    dim: usize,
}
impl Against {
    fn slope<'a>(&'a self, gpu: &'static Gpu, g: &'a Tensor) -> Result<Slope<'a>> {
        let total = self.total.as_ref().map(|t| t.on_gpu(gpu)).transpose()?;
        // A single gradient is the only one, whether or not it has dims.
        Ok(Slope { g: g.on_gpu(gpu)?, each: g.numel() > 1, total, ignore: self.ignore })
    }
    fn ignored(&self) -> Result<Tensor> {
        eq(&self.target, Scalar::Int(self.ignore))
    }
    /// What a gradient `g` of the losses is for each row, in the shape of `x` with one class, made of ops.
    fn rows(&self, x: &Tensor, g: &Tensor) -> Result<Tensor> {
        let mut shape = x.shape().to_vec();
        shape[self.dim] = 1;
        let factor = match &self.total {
            // What is ignored counts 0, also where nothing is left to divide by.
            Some(t) => where_(&self.ignored()?, Scalar::Float(0.0), &div(&self.factor, t)?)?,
            None => self.factor.clone(),
        };
        let g = if g.numel() == 1 { reshape(g, &[])? } else { reshape_to(g, &shape)? };
        cast(&mul(&reshape_to(&factor, &shape)?, &g)?, x.dtype())
    }
    /// Numbers of rows at their classes.
    fn at_classes(&self, x: &Tensor, each: &Tensor) -> Result<Tensor> {
        let zero = Scalar::Int(0);
        let known = where_(&self.ignored()?, zero, &cast(&self.target, DType::I64)?)?;
        place(each, self.dim, &reshape_to(&known, each.shape())?, x.shape()[self.dim])
    }
}

fn classes<'a>(gpu: &'static Gpu, target: &'a Tensor, weight: &'a Option<Tensor>, ignore: i64) -> Result<Classes<'a>> {
    let weight = weight.as_ref().map(|w| w.on_gpu(gpu)).transpose()?;
    Ok(Classes { labels: target.on_gpu(gpu)?, weight, ignore })
}

/// Minus the log probabilities of classes along `dim`, weighted.
pub(super) fn nll_rows(
    gpu: &'static Gpu,
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    (reduction, ignore): (i64, i64),
    dim: usize,
) -> Result<Rows> {
    let (data, target, w) =
        (x.contiguous_data()?, target.contiguous_data()?, weight.map(Tensor::contiguous_data).transpose()?);
    let each = Rows::new(target.shape(), x, reduction)?;
    if target.numel() > 0 {
        let to = [each.loss.on_gpu(gpu)?, each.factor.on_gpu(gpu)?];
        let classes = classes(gpu, &target, &w, ignore)?;
        class_loss::nll(gpu, Lines::new(x.shape(), dim), data.on_gpu(gpu)?, &classes, to)?;
    }
    Ok(each)
}

pub(super) fn nll_loss(
    gpu: &'static Gpu,
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    (reduction, ignore): (i64, i64),
    dim: usize,
) -> Result<Tensor> {
    let each = nll_rows(gpu, x, target, weight, (reduction, ignore), dim)?;
    let (y, total) = each.reduced(reduction)?;
    let of = Against { target: target.contiguous_data()?, factor: each.factor, total, ignore, dim };
    let op = if x.rank() == 4 { "nll_loss2d" } else { "nll_loss" };
    y.cast_data(x.dtype())?.record(op, &[x], |r, _| {
        r.input("target", target);
        // Only the shape of x counts.
        let like = x.detach();
        one_grad(move |_, g| {
            if grad_enabled() {
                return of.at_classes(&like, &neg(&of.rows(&like, g)?)?);
            }
            let (g, gx) = (g.contiguous_data()?, Tensor::empty(like.shape(), like.dtype())?);
            if gx.numel() > 0 {
                let to = [of.target.on_gpu(gpu)?, of.factor.on_gpu(gpu)?, gx.on_gpu(gpu)?];
                class_loss::nll_backward(gpu, Lines::new(like.shape(), of.dim), to, &of.slope(gpu, &g)?)?;
            }
            Ok(gx)
        })
    })
}

/// Cross entropy of rows of scores in one pass.
pub(super) fn cross_entropy(
    gpu: &'static Gpu,
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: i64,
    ignore: i64,
) -> Result<Tensor> {
    let dim = x.rank() - 1;
    let n = x.shape()[dim];
    let sizes = [target.numel(), n];
    let (data, labels, w) =
        (x.contiguous_data()?, target.contiguous_data()?, weight.map(Tensor::contiguous_data).transpose()?);
    let each = Rows::new(labels.shape(), x, reduction)?;
    let log_sum = Tensor::empty(labels.shape(), x.dtype().class().dtype())?;
    if labels.numel() > 0 {
        let to = [each.loss.on_gpu(gpu)?, log_sum.on_gpu(gpu)?, each.factor.on_gpu(gpu)?];
        class_loss::cross_entropy(gpu, sizes, data.on_gpu(gpu)?, &classes(gpu, &labels, &w, ignore)?, to)?;
    }
    let (y, total) = each.reduced(reduction)?;
    let of = Against { target: labels, factor: each.factor, total, ignore, dim };
    y.cast_data(x.dtype())?.record("nll_loss", &[x], |r, _| {
        let at = r.input("self", x);
        r.input("target", target);
        one_grad(move |node, g| {
            let x = node.get(at)?;
            if grad_enabled() {
                // Softmax less the class's one, times the row's factor.
                let each = of.rows(&x, g)?;
                return sub(&mul(&softmax(&x, -1, None)?, &each)?, &of.at_classes(&x, &each)?);
            }
            let (g, data, gx) = (g.contiguous_data()?, x.contiguous_data()?, Tensor::empty(x.shape(), x.dtype())?);
            if gx.numel() > 0 {
                let to = [&data, &of.target, &log_sum, &of.factor, &gx];
                let [data, target, log_sum, factor, gx] = to.map(|t| t.on_gpu(gpu));
                let to = [data?, target?, log_sum?, factor?, gx?];
                class_loss::cross_entropy_backward(gpu, sizes, to, &of.slope(gpu, &g)?)?;
            }
            Ok(gx)
        })
    })
}
