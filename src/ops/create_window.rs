//! Windows for spectral analysis: hann, hamming, blackman, bartlett and kaiser.
use crate::dtype::{DType, Scalar, default_dtype};
use crate::error::Result;
use crate::ops::*;
use crate::tensor::Tensor;
use std::f64::consts::PI;

/// Makes a window of `n` points from the numbers 0, 1, ... A periodic one is the start of a symmetric one of `n + 1`.
fn window(
    name: &str,
    n: i64,
    periodic: bool,
    dtype: Option<DType>,
    shape: impl FnOnce(Tensor, f64) -> Result<Tensor>,
) -> Result<Tensor> {
    let dtype = dtype.unwrap_or_else(default_dtype);
    ensure!(
        dtype.is_float() || dtype.is_complex(),
        "{name} expects floating point dtypes, got: TensorOptions(dtype={}, device=cpu, layout=Strided (default), \
         requires_grad=false (default), pinned_memory=false (default), memory_format=(nullopt))",
        dtype.c_name()
    );
    ensure!(n >= 0, "{name} requires non-negative window_length, got window_length={n}");
    if n < 2 {
        return Tensor::full(&[n as usize], Scalar::Int(1), dtype);
    }
    let points = n + periodic as i64;
    let steps = arange(Scalar::Int(0), Scalar::Int(points), Scalar::Int(1), Some(dtype))?;
    let y = shape(steps, (points - 1) as f64)?;
    if periodic { narrow(&y, 0, 0, n) } else { Ok(y) }
}

/// Adds or multiplies by a number that is first rounded to the tensor's dtype.
fn plus(x: &Tensor, v: f64) -> Result<Tensor> {
    add(x, &Tensor::scalar(v, x.dtype())?)
}
fn times(x: &Tensor, v: f64) -> Result<Tensor> {
    mul(x, &Tensor::scalar(v, x.dtype())?)
}

/// `alpha - beta * cos(2 pi k / last)`, k = 0, 1, ...
fn cosine(steps: &Tensor, last: f64, alpha: f64, beta: f64) -> Result<Tensor> {
    plus(&times(&cos(&times(steps, PI * 2.0 / last)?)?, -beta)?, alpha)
}
fn hann(n: i64, periodic: bool, dtype: Option<DType>) -> Result<Tensor> {
    window("hann_window", n, periodic, dtype, |k, last| cosine(&k, last, 0.5, 0.5))
}
fn hamming(n: i64, periodic: bool, alpha: f64, beta: f64, dtype: Option<DType>) -> Result<Tensor> {
    window("hamming_window", n, periodic, dtype, |k, last| cosine(&k, last, alpha, beta))
}
/// Blackman's `0.42 - 0.5 cos(2 pi k / last) + 0.08 cos(4 pi k / last)`.
fn blackman(n: i64, periodic: bool, dtype: Option<DType>) -> Result<Tensor> {
    window("blackman_window", n, periodic, dtype, |k, last| {
        let angle = times(&k, PI / last)?;
        let (slow, fast) = (cos(&times(&angle, 2.0)?)?, cos(&times(&angle, 4.0)?)?);
        plus(&sub(&times(&fast, 0.08)?, &times(&slow, 0.5)?)?, 0.42)
    })
}
/// A triangle from 0 up to 1 and down to 0.
fn bartlett(n: i64, periodic: bool, dtype: Option<DType>) -> Result<Tensor> {
    window("bartlett_window", n, periodic, dtype, |k, last| {
        let y = times(&k, 2.0 / last)?;
        let rising = last as i64 / 2 + 1;
        let falling = narrow(&y, 0, rising, last as i64 + 1 - rising)?;
        falling.copy_data(&plus(&times(&falling, -1.0)?, 2.0)?);
        Ok(y)
    })
}
/// Kaiser's `i0(beta sqrt(1 - x^2)) / i0(beta)`, x from -1 to 1.
fn kaiser(n: i64, periodic: bool, beta: f64, dtype: Option<DType>) -> Result<Tensor> {
    window("kaiser_window", n, periodic, dtype, |k, last| {
        // A range is the host's until a kernel wants it.
        let points = k.read_back::<f64>()?;
        let whole = crate::cpu::special::i0(beta);
        let value = |k: &f64| {
            let x = k * (2.0 / last) - 1.0;
            crate::cpu::special::i0(beta * (1.0 - x * x).max(0.0).sqrt()) / whole
        };
        let y: Vec<f64> = points.iter().map(value).collect();
        Tensor::from_slice(&y, &[y.len()])?.cast_data(k.dtype())
    })
}

rows! {
    /// The Hann window: half a cosine, from 0.
    "hann_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hann(a.int(0)?, true, a.opt_dtype(1)?);
    |_s| vec![];
    /// The Hann window: half a cosine, from 0.
    "hann_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hann(a.int(0)?, a.bool(1)?, a.opt_dtype(2)?);
    |_s| vec![];
    /// The Hamming window: a cosine above 0.08.
    "hamming_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hamming(a.int(0)?, true, 0.54, 0.46, a.opt_dtype(1)?);
    |_s| vec![];
    /// The Hamming window: a cosine above 0.08.
    "hamming_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hamming(a.int(0)?, a.bool(1)?, 0.54, 0.46, a.opt_dtype(2)?);
    |_s| vec![];
    /// The Hamming window: a cosine above 0.08.
    "hamming_window.periodic_alpha(int window_length, bool periodic, float alpha, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hamming(a.int(0)?, a.bool(1)?, a.float(2)?, 0.46, a.opt_dtype(3)?);
    |_s| vec![];
    /// The Hamming window: a cosine above 0.08.
    "hamming_window.periodic_alpha_beta(int window_length, bool periodic, float alpha, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| hamming(a.int(0)?, a.bool(1)?, a.float(2)?, a.float(3)?, a.opt_dtype(4)?);
    |_s| vec![];
    /// The Blackman window: two cosines.
    "blackman_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| blackman(a.int(0)?, true, a.opt_dtype(1)?);
    |_s| vec![];
    /// The Blackman window: two cosines.
    "blackman_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| blackman(a.int(0)?, a.bool(1)?, a.opt_dtype(2)?);
    |_s| vec![];
    /// The Bartlett window: a triangle.
    "bartlett_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| bartlett(a.int(0)?, true, a.opt_dtype(1)?);
    |_s| vec![];
    /// The Bartlett window: a triangle.
    "bartlett_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| bartlett(a.int(0)?, a.bool(1)?, a.opt_dtype(2)?);
    |_s| vec![];
    /// The Kaiser window, which `beta` narrows.
    "kaiser_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| kaiser(a.int(0)?, true, 12.0, a.opt_dtype(1)?);
    |_s| vec![];
    /// The Kaiser window, which `beta` narrows.
    "kaiser_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| kaiser(a.int(0)?, a.bool(1)?, 12.0, a.opt_dtype(2)?);
    |_s| vec![];
    /// The Kaiser window, which `beta` narrows.
    "kaiser_window.beta(int window_length, bool periodic, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| kaiser(a.int(0)?, a.bool(1)?, a.float(2)?, a.opt_dtype(3)?);
    |_s| vec![];
}
