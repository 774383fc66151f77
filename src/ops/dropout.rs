//! Dropout: random zeros with what is left scaled up, element by element or channel by channel.
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

/// What to multiply with and what to add, or nothing if the input stays as it is.
fn noise(x: &Tensor, p: f64, train: bool, form: Form) -> Result<Option<(Tensor, Option<Tensor>)>> {
    ensure!((0.0..=1.0).contains(&p), "dropout probability has to be between 0 and 1, but got {}", number(p));
    if p == 0.0 || !train || x.numel() == 0 {
        return Ok(None);
    }
    if p == 1.0 {
        return Ok(Some((Tensor::zeros(&[], x.dtype())?, None)));
    }
    let mask = if form.by_channel() {
        ensure!(x.rank() >= 2, "Feature dropout requires at least 2 dimensions in the input");
        let mut shape = vec![1; x.rank()];
        shape[..2].copy_from_slice(&x.shape()[..2]);
        Tensor::empty_as(Layout::contiguous(&shape), x.dtype())?
    } else {
        empty_like(x, None, None)?
    };
    let mask = if x.device().is_gpu() {
        // A byte for each number is all that has to go to the device.
        let bits = Tensor::empty_as(mask.layout().clone(), DType::Bool)?;
        draw_bernoulli(&bits, 1.0 - p, &default_generator())?;
        cast(&bits, x.dtype())?
    } else {
        draw_bernoulli(&mask, 1.0 - p, &default_generator())?;
        mask
    };
    if !x.dtype().is_float() {
        bail!("result type Float can't be cast to the desired output type {}", x.dtype().scalar_name());
    }
    if matches!(form, Form::Plain | Form::Feature) {
        return Ok(Some((div(&mask, 1.0 - p)?, None)));
    }
    let a = 1.0 / ((SATURATION * SATURATION * p + 1.0) * (1.0 - p)).sqrt();
    // Rounded to the dtype first, as PyTorch does here.
    let number = |v: f64| Tensor::scalar(v, x.dtype());
    let shift = mul(&add(&mask, -1.0)?, &number(SATURATION * a)?)?;
    Ok(Some((mul(&mask, &number(a)?)?, Some(add(&shift, &number(SATURATION * a * p)?)?))))
}

fn dropout(x: &Tensor, p: f64, train: bool, form: Form) -> Result<Tensor> {
    let Some((scale, shift)) = noise(x, p, train, form)? else { return Ok(x.clone()) };
    let y = mul(x, &scale)?;
    match shift {
        Some(shift) => add(&y, &shift),
        None => Ok(y),
    }
}
fn dropout_in_place(x: &Tensor, p: f64, train: bool, form: Form) -> Result<()> {
    let Some((scale, shift)) = noise(x, p, train, form)? else { return Ok(()) };
    check_writable(x)?;
    assign(x, &mul(x, &scale)?)?;
    match shift {
        Some(shift) => assign(x, &add(x, &shift)?),
        None => Ok(()),
    }
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
        (scale, mul(&mul(&x.detach(), &mask)?, scale)?)
    } else {
        mask.fill_data(Scalar::Bool(true));
        (1.0, clone(&x.detach(), None)?)
    };
    let y = y.record("native_dropout", &[x], |r, _| {
        let at = r.input("result1", &mask);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(native_dropout_backward(g, &node.get(at)?, scale)?)])
        })
    })?;
    Ok((y, mask))
}
fn native_dropout_backward(g: &Tensor, mask: &Tensor, scale: f64) -> Result<Tensor> {
    mul(&mul(g, mask)?, scale)
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
    |a| native_dropout_backward(a.tensor(0)?, a.tensor(1)?, a.float(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), 2.0.into()]];
}
