//! Trigonometric and hyperbolic functions and their inverses, element by element. To add one, add its row.
use crate::cpu::{complex_math, math};
use crate::ops::*;
use crate::tensor::Tensor;
use std::f64::consts::PI;

pointwise! {
    /// Sine of each element.
    sin(x) "sin(Tensor self) -> Tensor" "fmio" Float {
        float: x.sin(), rows_f32: math::sin_rows, complex: x.sin(),
        wgsl: { float: "sin_of(x)", complex: "sin_c(x)" },
        grad: { x: |g, x| g * cos(&conj(x)?)? }, domain: -2.0..2.0
    }
    /// Cosine of each element.
    cos(x) "cos(Tensor self) -> Tensor" "fmio" Float {
        float: x.cos(), rows_f32: math::cos_rows, complex: x.cos(),
        wgsl: { float: "cos_of(x)", complex: "cos_c(x)" },
        grad: { x: |g, x| -(g * sin(&conj(x)?)?) }, domain: -2.0..2.0
    }
    /// Tangent of each element.
    tan(x) "tan(Tensor self) -> Tensor" "fmio" Float {
        float: x.tan(), rows_f32: math::tan_rows, complex: x.tan(),
        wgsl: { float: "tan_of(x)", complex: "tan_c(x)" },
        grad: { x: |g, y| g * (conj(&(y * y))? + 1.0) }, domain: -1.2..1.2
    }
    /// Inverse sine of each element.
    asin(x) "asin(Tensor self) -> Tensor" "fmio" Float {
        float: x.asin(), complex: complex_math::asin(x),
        wgsl: { float: "asin_of(x)", complex: "asin_c(x)" },
        grad: { x: |g, x| g * conj(&rsqrt(&(1.0 - x * x))?)? }, domain: -0.9..0.9
    }
    /// Inverse cosine of each element.
    acos(x) "acos(Tensor self) -> Tensor" "fmio" Float {
        float: x.acos(), complex: complex_math::acos(x),
        wgsl: { float: "acos_of(x)", complex: "acos_c(x)" },
        grad: { x: |g, x| -(g * conj(&rsqrt(&(1.0 - x * x))?)?) }, domain: -0.9..0.9
    }
    /// Inverse tangent of each element.
    atan(x) "atan(Tensor self) -> Tensor" "fmio" Float {
        float: x.atan(), complex: complex_math::atan(x),
        wgsl: { float: "atan_of(x)", complex: "atan_c(x)" },
        grad: { x: |g, x| g / &(conj(&(x * x))? + 1.0) }, domain: -0.9..0.9
    }
    /// Hyperbolic sine of each element.
    sinh(x) "sinh(Tensor self) -> Tensor" "fmio" Float {
        float: x.sinh(), complex: x.sinh(),
        wgsl: { float: "sinh_of(x)", complex: "sinh_c(x)" },
        grad: { x: |g, x| g * cosh(&conj(x)?)? }, domain: -2.0..2.0
    }
    /// Hyperbolic cosine of each element.
    cosh(x) "cosh(Tensor self) -> Tensor" "fmio" Float {
        float: x.cosh(), complex: x.cosh(),
        wgsl: { float: "cosh_of(x)", complex: "cosh_c(x)" },
        grad: { x: |g, x| g * sinh(&conj(x)?)? }, domain: -2.0..2.0
    }
    /// Hyperbolic tangent of each element.
    tanh(x) "tanh(Tensor self) -> Tensor" "fmio" Float {
        float: x.tanh(), complex: x.tanh(),
        wgsl: { float: "tanh_of(x)", complex: "tanh_c(x)" },
        grad: { x: |g, y| tanh_backward(g, y) }, domain: -1.2..1.2
    }
    /// The gradient of tanh, from its value `y`.
    tanh_backward(g, y) Keep {
        float: g * (T::one() - y * y), complex: g * (-y * y + 1.0).conj(),
        wgsl: { float: "g * (1.0 - y * y)", complex: "times_c(g, conjugate_c(one_minus_c(times_c(y, y))))" },
        grad: { g: |gg, y| tanh_backward(gg, &conj(y)?), y: |gg, g, y| g * conj(gg)? * conj(y)? * -2.0 },
    }
    /// Inverse hyperbolic sine of each element.
    asinh(x) "asinh(Tensor self) -> Tensor" "fmio" Float {
        float: x.asinh(), complex: complex_math::asinh(x),
        wgsl: { float: "asinh_of(x)", complex: "asinh_c(x)" },
        grad: { x: |g, x| g * conj(&rsqrt(&(x * x + 1.0))?)? }, domain: -0.9..0.9
    }
    /// Inverse hyperbolic cosine of each element: NaN for real numbers below 1.
    acosh(x) "acosh(Tensor self) -> Tensor" "fmio" Float {
        float: x.acosh(), complex: complex_math::acosh(x),
        wgsl: { float: "acosh_of(x)", complex: "acosh_c(x)" },
        grad: { x: |g, x| acosh_backward(g, x) }, domain: 1.2..3.0
    }
    /// Inverse hyperbolic tangent of each element.
    atanh(x) "atanh(Tensor self) -> Tensor" "fmio" Float {
        float: x.atanh(), complex: complex_math::atanh(x),
        wgsl: { float: "atanh_of(x)", complex: "atanh_c(x)" },
        grad: { x: |g, x| g / &conj(&(1.0 - x * x))? }, domain: -0.9..0.9
    }
    /// $\sin(\pi x) / (\pi x)$ of each element, 1 at 0.
    sinc(x) "sinc(Tensor self) -> Tensor" "fmio" Float {
        float: {
            let t = x * T::of(PI);
            if x == T::zero() { T::one() } else { t.sin() / t }
        },
        complex: if x.norm_sqr() == 0.0 { x + 1.0 } else { (x * PI).sin() / (x * PI) },
        wgsl: { float: "sinc(x)", complex: "sinc_c(x)" },
        grad: { x: |g, x| sinc_backward(g, x) }, domain: 0.2..2.0
    }
}

/// $g / \sqrt{x^2 - 1}$, also for the real numbers below -1 that have no acosh, as in PyTorch. Of complex numbers the roots
/// are taken apart, for the cut of their product would be another one.
fn acosh_backward(g: &Tensor, x: &Tensor) -> crate::Result<Tensor> {
    let one = ones_like(x)?;
    if x.dtype().is_complex() {
        return Ok(g * conj(&(rsqrt(&(x - &one))? * rsqrt(&(x + 1.0))?))?);
    }
    Ok(g * rsqrt(&(x * x - &one))?)
}
/// 0 at 0, and where the square of `x` is too small to divide by.
fn sinc_backward(g: &Tensor, x: &Tensor) -> crate::Result<Tensor> {
    let t = x * PI;
    let square = &t * x;
    let slope = (&t * cos(&t)? - sin(&t)?) / &square;
    where_(&eq(&square, 0.0)?, 0.0, &(g * conj(&slope)?))
}

pub(super) fn rows() -> Vec<Op> {
    pointwise_rows()
}
