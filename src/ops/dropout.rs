//! Dropout: random zeros with what is left scaled up, element by element or channel by channel.
use crate::device::{Device, Inside};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::layout::Layout;
use crate::ops::create_like::empty_like;
use crate::ops::random::{draw_bernoulli, number};
use crate::ops::*;
use crate::tensor::Tensor;

/// What is drawn: a zero for each element or for each channel, and what takes a dropped element's place.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Plain,
    Feature,
    /// Keeps mean and variance of what `selu` gives: dropped elements get its saturated value.
    Alpha,
    FeatureAlpha,
}

impl Form {
    fn by_channel(self) -> bool {
        matches!(self, Form::Feature | Form::FeatureAlpha)
    }
}

/// The saturated value of `selu`, negated: scale times alpha (G. Klambauer et al., Self-Normalizing Neural Networks).
const SATURATION: f64 = 1.7580993408473766;

/// What is multiplied and added, as it was drawn.
enum Noise {
    /// The input stays as it is.
    None,
    Scale(Tensor),
    /// Bools, and what is multiplied where they are true.
    Kept(Tensor, f64),
    ScaleAndShift(Tensor, Tensor),
}

fn noise(x: &Tensor, p: f64, train: bool, form: Form) -> Result<Noise> {
    ensure!((0.0..=1.0).contains(&p), "dropout probability has to be between 0 and 1, but got {}", number(p));
    if p == 0.0 || !train || x.numel() == 0 {
        return Ok(Noise::None);
    }
    if p == 1.0 {
        return Ok(Noise::Scale(Tensor::zeros(&[], x.dtype())?));
    }
    let (on_gpu, plain) = (x.device().is_gpu(), matches!(form, Form::Plain | Form::Feature));
    // A byte for each number is all that has to go to a GPU.
    let dtype = if on_gpu { DType::Bool } else { x.dtype() };
    let mask = if form.by_channel() {
        ensure!(x.rank() >= 2, "Feature dropout requires at least 2 dimensions in the input");
        let mut shape = vec![1; x.rank()];
        shape[..2].copy_from_slice(&x.shape()[..2]);
        Tensor::empty_as(Layout::contiguous(&shape), dtype)?
    } else {
        empty_like(x, Some(dtype), None)?
    };
    draw_bernoulli(&mask, 1.0 - p, &default_generator())?;
    if !x.dtype().is_float() {
        bail!("result type Float can't be cast to the desired output type {}", x.dtype().scalar_name());
    }
    if plain && on_gpu {
        // The quotient in the dtype, as on the CPU.
        let _host = Inside::of(Device::Cpu);
        return Ok(Noise::Kept(mask, div(&Tensor::scalar(1.0, x.dtype())?, 1.0 - p)?.item()?.to_f64()));
    }
    if plain {
        return Ok(Noise::Scale(div(&mask, 1.0 - p)?));
    }
    let mask = cast(&mask, x.dtype())?;
    let a = 1.0 / ((SATURATION * SATURATION * p + 1.0) * (1.0 - p)).sqrt();
    // Rounded to the dtype first, as PyTorch does here.
    let number = |v: f64| Tensor::scalar(v, x.dtype());
    let shift = mul(&add(&mask, -1.0)?, &number(SATURATION * a)?)?;
    Ok(Noise::ScaleAndShift(mul(&mask, &number(a)?)?, add(&shift, &number(SATURATION * a * p)?)?))
}

fn dropout(x: &Tensor, p: f64, train: bool, form: Form) -> Result<Tensor> {
    match noise(x, p, train, form)? {
        Noise::None => Ok(x.clone()),
        Noise::Scale(scale) => mul(x, &scale),
        Noise::Kept(mask, scale) => masked_scale(x, &mask, scale),
        Noise::ScaleAndShift(scale, shift) => add(&mul(x, &scale)?, &shift),
    }
}
fn dropout_in_place(x: &Tensor, p: f64, train: bool, form: Form) -> Result<()> {
    let noise = noise(x, p, train, form)?;
    if !matches!(noise, Noise::None) {
        check_writable(x)?;
    }
    match noise {
        Noise::None => Ok(()),
        Noise::Scale(scale) => assign(x, &mul(x, &scale)?),
        Noise::Kept(mask, scale) => assign(x, &masked_scale(x, &mask, scale)?),
        Noise::ScaleAndShift(scale, shift) => {
            assign(x, &mul(x, &scale)?)?;
            assign(x, &add(x, &shift)?)
        }
    }
}
/// Dropout of single elements, in training.
pub(super) fn dropped(x: &Tensor, p: f64) -> Result<Tensor> {
    dropout(x, p, true, Form::Plain)
}

/// The kept elements scaled up, and which ones are kept.
fn native_dropout(x: &Tensor, p: f64, train: bool) -> Result<(Tensor, Tensor)> {
    if x.numel() == 0 {
        return Ok((x.clone(), empty_like(x, None, None)?));
    }
    let mask = empty_like(x, Some(DType::Bool), None)?;
    let (scale, y) = if train {
        let keep = 1.0 - p;
        draw_bernoulli(&mask, keep, &default_generator())?;
        ensure!(
            x.dtype().is_differentiable(),
            "result type Float can't be cast to the desired output type {}",
            x.dtype().scalar_name()
        );
        let scale = if keep == 0.0 { 0.0 } else { 1.0 / keep };
        (scale, masked_scale(&x.detach(), &mask, scale)?)
    } else {
        mask.fill_data(Scalar::Bool(true));
        (1.0, clone(&x.detach(), None)?)
    };
    let y = y.record("native_dropout", &[x], |r, _| {
        let at = r.input("result1", &mask);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(masked_scale(g, &node.get(at)?, scale)?)])
        })
    })?;
    Ok((y, mask))
}

pointwise! {
    /// `self * mask * scale`: the elements that a mask keeps, scaled.
    masked_scale(x, mask; scale) "_masked_scale(Tensor self, Tensor mask, float scale) -> Tensor" "f" Keep {
        float: x * mask * scale, wgsl: { float: "x * mask * scale" },
        grad: { x: |g, mask| masked_scale(g, mask, scale) },
        samples: |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), 2.0.into()], vec![s.t(&[2, 3]), s.bools(&[2, 1]), 0.5.into()]],
    }
}

rows! {
    /// Zeros with probability `p` in place of elements, the others divided by `1 - p`; in training only.
    "dropout(Tensor input, float p, bool train) -> Tensor" "f"
    |a| dropout(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Plain);
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), false.into()]];
    /// Zeros with probability `p` in place of elements, the others divided by `1 - p`; in training only.
    "dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)" "fn"
    |a| dropout_in_place(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Plain);
    |_s| vec![];
    /// Dropout of whole channels.
    "feature_dropout(Tensor input, float p, bool train) -> Tensor" "f"
    |a| dropout(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Feature);
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), false.into()]];
    /// Dropout of whole channels.
    "feature_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)" "fn"
    |a| dropout_in_place(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Feature);
    |_s| vec![];
    /// Dropout that keeps mean and variance of self-normalizing activations.
    "alpha_dropout(Tensor input, float p, bool train) -> Tensor" "f"
    |a| dropout(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Alpha);
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), false.into()]];
    /// Dropout that keeps mean and variance of self-normalizing activations.
    "alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)" "fn"
    |a| dropout_in_place(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::Alpha);
    |_s| vec![];
    /// Dropout of whole channels that keeps mean and variance of self-normalizing activations.
    "feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor" "f"
    |a| dropout(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::FeatureAlpha);
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), false.into()]];
    /// Dropout of whole channels that keeps mean and variance of self-normalizing activations.
    "feature_alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)" "fn"
    |a| dropout_in_place(a.tensor(0)?, a.float(1)?, a.bool(2)?, Form::FeatureAlpha);
    |_s| vec![];
    /// Dropout, and the mask of what it kept.
    "native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)" "f"
    |a| native_dropout(a.tensor(0)?, a.float(1)?, a.opt_bool(2)?.unwrap_or(true));
    |s| vec![vec![s.t(&[2, 3]), 0.5.into(), false.into()]];
    /// The gradient of `native_dropout`.
    "native_dropout_backward(Tensor grad_output, Tensor mask, float scale) -> Tensor" "f"
    |a| masked_scale(a.tensor(0)?, a.tensor(1)?, a.float(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), 2.0.into()]];
}
