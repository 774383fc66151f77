//! The randomized leaky ReLU: negative elements are multiplied by slopes that are drawn evenly between two bounds.
use crate::device::{Device, Inside};
use crate::error::Result;
use crate::dtype::DType;
use crate::layout::show;
use crate::ops::elementwise::{self, Row};
use crate::ops::create_like::empty_like;
use crate::ops::inplace::overwrite;
use crate::ops::random::{drawn, generator, slots, unsupported};
use crate::ops::*;
use crate::tensor::Tensor;

/// Leaky ReLU under PyTorch's node for the randomized form.
const FIXED: &Row = &Row { node: "rrelu_with_noise", ..*leaky_relu::ROW };

struct Slopes {
    lower: f64,
    upper: f64,
    training: bool,
}

impl Slopes {
    fn read(a: &Args, from: usize) -> Result<Self> {
        let slopes = Self {
            lower: a.scalar(from)?.to_f64(),
            upper: a.scalar(from + 1)?.to_f64(),
            training: a.bool(from + 2)?,
        };
        Ok(slopes)
    }
    fn check(&self) -> Result<()> {
        ensure!(self.lower <= self.upper, "Lower bound should be less than or equal to the upper bound");
        Ok(())
    }
    fn mean(&self) -> f64 {
        (self.lower + self.upper) / 2.0
    }
}

/// Draws the slope of each element that is not positive into `noise`, one elsewhere, in logical order.
fn draw_slopes(x: &Tensor, noise: &Tensor, slopes: &Slopes, g: &SharedGenerator) -> Result<()> {
    // PyTorch knows half types here on GPUs only.
    if !x.device().is_gpu() && !matches!(x.dtype(), DType::F32 | DType::F64) {
        return Err(unsupported("rrelu_with_noise_out_cpu", x.dtype()));
    }
    // The stream is the host's, and so is the work of drawing from it.
    let _inside = Inside::of(Device::Cpu);
    let x = x.moved_data(Device::Cpu)?.contiguous_data()?;
    let drawn = Tensor::empty(x.shape(), noise.dtype())?;
    // The bounds are first rounded to the dtype.
    let rounded = |v: f64| if x.dtype() == DType::F32 { v as f32 as f64 } else { v };
    let (lower, upper) = (rounded(slopes.lower), rounded(slopes.upper));
    drawn!(floats x.dtype(), "rrelu_with_noise_out_cpu", T => {
        let mut g = g.lock();
        // SAFETY: contiguous, and nobody writes to it meanwhile.
        let x = unsafe { x.as_slice::<T>() };
        for (slot, &x) in slots!(drawn, T).iter_mut().zip(x) {
            let slope = if x <= T::default() { g.unit_f64().mul_add(upper - lower, lower) } else { 1.0 };
            *slot = <T as crate::random::Element>::from_f64(slope);
        }
    });
    noise.copy_data(&drawn);
    noise.storage().bump();
    Ok(())
}

fn rrelu_with_noise(x: &Tensor, noise: &Tensor, slopes: &Slopes, g: &SharedGenerator) -> Result<Tensor> {
    ensure!(
        x.shape() == noise.shape(),
        "noise tensor shape must match self tensor shape. Got self.shape = {} noise.shape = {}",
        show(x.shape()),
        show(noise.shape())
    );
    if !slopes.training {
        return elementwise::apply(FIXED, &[x.into(), slopes.mean().into()]);
    }
    check_writable(noise)?;
    draw_slopes(x, noise, slopes, g)?;
    let y = mul(&x.detach(), noise)?;
    y.record("rrelu_with_noise", &[x], |r, _| {
        let at = r.input("noise", noise);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None]) };
            Ok(smallvec::smallvec![Some(mul(g, &node.get(at)?)?)])
        })
    })
}
fn rrelu(x: &Tensor, slopes: &Slopes, g: &SharedGenerator) -> Result<Tensor> {
    slopes.check()?;
    rrelu_with_noise(x, &empty_like(x, None, None)?, slopes, g)
}
fn in_place(x: &Tensor, make: impl FnOnce() -> Result<Tensor>) -> Result<()> {
    check_writable(x)?;
    overwrite(x, &make()?)
}
fn backward(g: &Tensor, x: &Tensor, noise: &Tensor, slopes: &Slopes) -> Result<Tensor> {
    if slopes.training && slopes.upper - slopes.lower > 1e-6 {
        mul(g, noise)
    } else {
        leaky_relu_backward(g, x, slopes.mean())
    }
}

rows! {
    /// Negative elements times slopes drawn between two bounds; times the bounds' mean outside training.
    "rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Generator? generator=None) -> Tensor" "f"
    |a| rrelu(a.tensor(0)?, &Slopes::read(a, 1)?, &generator(a, 4)?);
    |s| vec![vec![s.t(&[2, 3]), 0.125.into(), 0.3.into(), false.into(), Value::None]];
    /// Negative elements times slopes drawn between two bounds; times the bounds' mean outside training.
    "rrelu_(Tensor(a!) self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Generator? generator=None) -> Tensor(a!)" "fn"
    |a| in_place(a.tensor(0)?, || rrelu(a.tensor(0)?, &Slopes::read(a, 1)?, &generator(a, 4)?));
    |_s| vec![];
    /// As `rrelu`, with the slopes left in `noise`.
    "_nn::rrelu_with_noise(Tensor self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Generator? generator=None) -> Tensor" "fn"
    |a| rrelu_with_noise(a.tensor(0)?, a.tensor(1)?, &Slopes::read(a, 2)?, &generator(a, 5)?);
    |_s| vec![];
    /// As `rrelu_`, with the slopes left in `noise`.
    "_nn::rrelu_with_noise_(Tensor(a!) self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Generator? generator=None) -> Tensor(a!)" "fn"
    |a| in_place(a.tensor(0)?, || rrelu_with_noise(a.tensor(0)?, a.tensor(1)?, &Slopes::read(a, 2)?, &generator(a, 5)?));
    |_s| vec![];
    /// The gradient of `rrelu_with_noise`.
    "rrelu_with_noise_backward(Tensor grad_output, Tensor self, Tensor noise, Scalar lower, Scalar upper, bool training, bool self_is_result) -> Tensor" "fn"
    |a| backward(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, &Slopes::read(a, 3)?);
    |_s| vec![];
}
