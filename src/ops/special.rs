//! Special functions: gamma and zeta functions, error functions' kin, Bessel functions. To add one, add its row.
//!
//! What PyTorch has outside `torch.special` too is a row under its own name; `alias.rs` gives it the other one.
use crate::cpu::{bessel, special};
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::elementwise::Chosen;
use crate::ops::*;
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// $\sqrt{2\pi}$
const SQRT_2_PI: f64 = 2.506_628_274_631_000_5;

pointwise! {
    /// Logarithm of the absolute value of the gamma function of each element.
    lgamma(x) "lgamma(Tensor self) -> Tensor" "fmio" Float {
        float: x.via_f64(special::lgamma),
        wgsl: { float: "lgamma(x)" },
        grad: { x: |g, x| g * digamma(x)? }, domain: 0.5..3.0
    }
    /// The logarithmic derivative of the gamma function of each element.
    digamma(x) "digamma(Tensor self) -> Tensor" "fmio" Float {
        float: x.via_f64(special::digamma),
        wgsl: { float: "digamma(x)" },
        grad: { x: |g, x| g * polygamma_of(x, 1i64)? }, domain: 0.5..3.0
    }
    /// The n-th derivative of digamma, for a positive n.
    polygamma_of(x; n) => "polygamma" Float {
        float: T::of(special::polygamma(n.to_f64() as u32, x.to_f64())),
        wgsl: { float: "polygamma(n, x)" },
        grad: { x: |g, x| g * polygamma_of(x, n.to_i64() + 1)? },
    }
    /// The inverse of the error function, for elements in (-1, 1).
    erfinv(x) "erfinv(Tensor self) -> Tensor" "fmio" Float {
        float: x.via_f64(special::erfinv),
        wgsl: { float: "erfinv(x)" },
        grad: { x: |g, y| g * exp(&(y * y))? * (1.0 / FRAC_2_SQRT_PI) }, domain: -0.9..0.9
    }
    /// Modified Bessel function of the first kind, order 0, of each element.
    i0(x) "i0(Tensor self) -> Tensor" "fmio" Float {
        float: x.via_f64(special::i0),
        wgsl: { float: "bessel_i0(x)" },
        grad: { x: |g, x| g * special_i1(x)? }, domain: 0.5..3.0
    }
    /// The same times $e^{-|x|}$.
    special_i0e(x) "_special::i0e(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::i0e),
        wgsl: { float: "bessel_i0e(x)" },
        grad: { x: |g, x, y| g * (special_i1e(x)? - sgn(x)? * y) }, domain: 0.5..3.0
    }
    /// Modified Bessel function of the first kind, order 1, of each element.
    special_i1(x) "_special::i1(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::i1) + T::zero(),
        wgsl: { float: "bessel_i1(x)" },
        grad: { x: |g, x, y| i1_backward(g, x, y) }, domain: 0.5..3.0
    }
    /// The same times $e^{-|x|}$.
    special_i1e(x) "_special::i1e(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::i1e) + T::zero(),
        wgsl: { float: "bessel_i1e(x)" },
        grad: { x: |g, x, y| i1e_backward(g, x, y) }, domain: 0.5..3.0
    }
    /// $-x \log x$ of each element: 0 at 0, minus infinity below.
    special_entr(x) "_special::entr(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::entr),
        wgsl: { float: "entropy(x)" },
        grad: { x: |g, x| -(g * (log(x)? + 1.0)) }, domain: 0.5..3.0
    }
    /// $e^{x^2}$ times the complementary error function of each element.
    special_erfcx(x) "_special::erfcx(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::erfcx),
        wgsl: { float: "erfcx(x)" },
        grad: { x: |g, x, y| g * (x * y * 2.0 - &full_as(x, FRAC_2_SQRT_PI)?) },
        domain: -1.0..2.0
    }
    /// The standard normal distribution function of each element.
    special_ndtr(x) "_special::ndtr(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::ndtr),
        wgsl: { float: "ndtr(x)" },
        grad: { x: |g, x| g * exp(&(x * x * -0.5))? * (1.0 / SQRT_2_PI) }, domain: -2.0..2.0
    }
    /// Logarithm of the standard normal distribution function of each element.
    special_log_ndtr(x) "_special::log_ndtr(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::log_ndtr),
        wgsl: { float: "log_ndtr(x)" },
        grad: { x: |g, x| log_ndtr_backward(g, x) }, domain: -2.0..2.0
    }
    /// The slope of the logarithm of the normal distribution function: density over distribution function.
    log_ndtr_backward(g, x) Keep {
        float: g / (x * T::of(-FRAC_1_SQRT_2)).via_f64(special::erfcx) * T::of(2.0 / SQRT_2_PI),
        wgsl: { float: "g * normal_hazard(x)" },
        grad: {
            g: |gg, x| log_ndtr_backward(gg, x),
            x: |gg, g, x| {
                let slope = log_ndtr_backward(&ones_like(x)?, x)?;
                -(gg * g * (x + &slope) * &slope)
            },
        },
    }
    /// The inverse of the standard normal distribution function of each element.
    special_ndtri(x) "_special::ndtri(Tensor self) -> Tensor" "fo" Float {
        float: x.via_f64(special::ndtri),
        wgsl: { float: "ndtri(x)" },
        grad: { x: |g, y| g * exp(&(y * y * 0.5))? * SQRT_2_PI }, domain: 0.1..0.9
    }
    /// The regularized lower incomplete gamma function $P(self, other)$.
    igamma(x, other) "igamma(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        float: T::of(incomplete(x.to_f64(), other.to_f64(), special::igamma, 0.0)),
        wgsl: { float: "incomplete_gamma(x, other, true)" },
        grad: { x: |_g| missing("igamma: input"), other: |g, x, other| igamma_backward(g, x, other) },
        samples: |s| vec![constant_first(s)],
    }
    /// The regularized upper incomplete gamma function $Q(self, other)$.
    igammac(x, other) "igammac(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        float: T::of(incomplete(x.to_f64(), other.to_f64(), special::igammac, 1.0)),
        wgsl: { float: "incomplete_gamma(x, other, false)" },
        grad: { x: |_g| missing("igammac: input"), other: |g, x, other| -igamma_backward(g, x, other)? },
        samples: |s| vec![constant_first(s)],
    }
    /// The Hurwitz zeta function $\sum_{k \ge 0} (other + k)^{-self}$.
    special_zeta(x, other)
    "_special::zeta(Tensor self, Tensor other) -> Tensor" "fo"
    "_special::zeta.self_scalar(Scalar self, Tensor other) -> Tensor" "fo"
    "_special::zeta.other_scalar(Tensor self, Scalar other) -> Tensor" "fo" Float {
        float: T::of(zeta(x.to_f64(), other.to_f64())),
        wgsl: { float: "zeta(x, other)" },
        grad: { x: |_g| missing("zeta"), other: |g, x, other| -(g * (x * special_zeta(&(x + 1.0), other)?)) },
        samples: |s, schema| zeta_samples(s, schema),
    }
    /// Bessel function of the first kind, order 0, of each element.
    special_bessel_j0(x) "_special::bessel_j0(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(|x| finite(x, special::bessel_j0)),
        wgsl: { float: "bessel_j0(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Bessel function of the first kind, order 1, of each element.
    special_bessel_j1(x) "_special::bessel_j1(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(|x| finite(x, special::bessel_j1)),
        wgsl: { float: "bessel_j1(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Bessel function of the second kind, order 0, of each element.
    special_bessel_y0(x) "_special::bessel_y0(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(|x| finite(x, special::bessel_y0)),
        wgsl: { float: "bessel_y0(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Bessel function of the second kind, order 1, of each element.
    special_bessel_y1(x) "_special::bessel_y1(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(|x| finite(x, special::bessel_y1)),
        wgsl: { float: "bessel_y1(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Modified Bessel function of the first kind, order 0, of each element.
    special_modified_bessel_i0(x) "_special::modified_bessel_i0(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(special::i0),
        wgsl: { float: "bessel_i0(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Modified Bessel function of the first kind, order 1, of each element.
    special_modified_bessel_i1(x) "_special::modified_bessel_i1(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(special::i1) + T::zero(),
        wgsl: { float: "bessel_i1(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Modified Bessel function of the second kind, order 0, of each element.
    special_modified_bessel_k0(x) "_special::modified_bessel_k0(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::k0),
        wgsl: { float: "bessel_k0(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Modified Bessel function of the second kind, order 1, of each element.
    special_modified_bessel_k1(x) "_special::modified_bessel_k1(Tensor self) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::k1),
        wgsl: { float: "bessel_k1(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// The modified Bessel function of the second kind, order 0, times $e^x$.
    special_scaled_modified_bessel_k0(x) "_special::scaled_modified_bessel_k0(Tensor x) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::k0e),
        wgsl: { float: "bessel_k0e(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// The modified Bessel function of the second kind, order 1, times $e^x$.
    special_scaled_modified_bessel_k1(x) "_special::scaled_modified_bessel_k1(Tensor x) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::k1e),
        wgsl: { float: "bessel_k1e(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// Spherical Bessel function of the first kind, order 0, of each element.
    special_spherical_bessel_j0(x) "_special::spherical_bessel_j0(Tensor x) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::spherical_j0),
        wgsl: { float: "spherical_j0(x)" },
        grad: {}, domain: 0.5..3.0
    }
    /// The Airy function Ai of each element.
    special_airy_ai(x) "_special::airy_ai(Tensor x) -> Tensor" "fon" Float {
        float: x.via_f64(bessel::airy_ai),
        wgsl: { float: "airy_ai(x)" },
        grad: {}, domain: 0.5..3.0
    }
}

/// The first operand in float32, which the tests do not differentiate by.
fn constant_first(s: &mut Samples) -> Vec<Value> {
    s.domain = 0.5..3.0;
    let x = s.tensor(&[2, 3]).cast_data(crate::DType::F32).expect("a sample is small");
    vec![x.into(), s.t(&[2, 3])]
}

/// The first argument has no derivative: it is a constant where it can be one.
fn zeta_samples(s: &mut Samples, schema: &str) -> Vec<Vec<Value>> {
    s.domain = 1.5..3.0;
    match schema {
        _ if schema.contains("self_scalar") => vec![vec![2.5.into(), s.t(&[2, 3])]],
        _ if schema.contains("other_scalar") => vec![vec![s.t(&[2, 3]), 2.5.into()]],
        _ => {
            let x = s.tensor(&[2, 3]).cast_data(DType::F32).expect("a sample is small");
            vec![vec![x.into(), s.t(&[2, 3])]]
        }
    }
}

// At infinity and NaN these four are as in PyTorch, whatever the limits are.
fn finite(x: f64, f: fn(f64) -> f64) -> f64 {
    if x.is_infinite() { f64::NAN } else { f(x) }
}
fn zeta(s: f64, q: f64) -> f64 {
    match (s.is_finite(), q.is_finite()) {
        (false, false) if q == f64::NEG_INFINITY && (s.is_nan() || s > 1.0) => f64::INFINITY,
        (false, false) => f64::NAN,
        _ => special::zeta(s, q),
    }
}
fn incomplete(a: f64, x: f64, f: fn(f64, f64) -> f64, at_infinite_a: f64) -> f64 {
    match (a, x) {
        (f64::INFINITY, x) if x.is_nan() => at_infinite_a,
        (a, f64::INFINITY) if a.is_nan() => 1.0 - at_infinite_a,
        _ => f(a, x),
    }
}

/// Where an element is too near to 0 to divide by, and the tensor with another number there: what is behind a `where` must
/// be finite, or its derivative is not.
fn apart_from_zero(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let eps = if x.dtype() == DType::F64 { f64::EPSILON } else { f32::EPSILON as f64 };
    let near = lt(&abs(&x.detach())?, eps)?;
    Ok((near.clone(), where_(&near, eps, x)?))
}
fn i1_backward(g: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (near, safe) = apart_from_zero(x)?;
    Ok(g * where_(&near, 0.5, &(i0(&safe)? - y / &safe))?)
}
fn i1e_backward(g: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (near, safe) = apart_from_zero(x)?;
    Ok(g * where_(&near, 0.5, &(special_i0e(&safe)? - y * (sgn(&safe)? + &reciprocal(&safe)?)))?)
}
fn missing(what: &str) -> Result<Tensor> {
    bail!(NotImplemented, "the derivative for '{what}' is not implemented.")
}
fn full_as(x: &Tensor, value: f64) -> Result<Tensor> {
    full_like(x, value.into(), None)
}

/// The integrand: $y^{a-1} e^{-y} / \Gamma(a)$.
fn igamma_backward(g: &Tensor, a: &Tensor, y: &Tensor) -> Result<Tensor> {
    Ok(g * exp(&((a - &ones_like(a)?) * log(y)? - y - lgamma(a)?))?)
}

fn choose_polygamma(n: i64, x: &Tensor) -> Result<Chosen<'_>> {
    ensure!(n >= 0, "polygamma(n, x) does not support negative n.");
    Ok(if n == 0 { Chosen::new(digamma::ROW, [x.into()]) } else { Chosen::new(polygamma_of::ROW, [x.into(), n.into()]) })
}

/// Logarithm of the multivariate gamma function of dimension p.
fn mvlgamma(x: &Tensor, p: i64) -> Result<Tensor> {
    ensure!(p >= 1, "p has to be greater than or equal to 1");
    let x = &if x.dtype().is_integral() { cast(x, crate::dtype::default_dtype())? } else { x.clone() };
    let mut y = lgamma(x)?;
    for i in 1..p {
        y = y + lgamma(&(x - &full_as(x, 0.5 * i as f64)?))?;
    }
    Ok(y + 0.25 * (p * (p - 1)) as f64 * PI.ln())
}

chosen! {
    /// The n-th derivative of the digamma function of each element.
    "polygamma(int n, Tensor self) -> Tensor" "fo"
    |a| choose_polygamma(a.int(0)?, a.tensor(1)?);
    |s| vec![vec![1.into(), s.within(0.5..3.0, &[2, 3])], vec![0.into(), s.within(0.5..3.0, &[2])]];
    /// The n-th derivative of the digamma function of each element.
    "polygamma.method(Tensor self, int n) -> Tensor" "mi"
    |a| choose_polygamma(a.int(1)?, a.tensor(0)?);
    |s| vec![vec![s.within(0.5..3.0, &[2, 3]), 2.into()]];
    /// Each element rounded to `decimals` digits after the point; negative numbers of digits lie before it.
    "_special::round(Tensor self, *, int decimals=0) -> Tensor" "fo"
    |a| unary::round_decimals(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into()]];
}

rows! {
    plain_rows:
    /// Logarithm of the multivariate gamma function of dimension `p` of each element.
    "mvlgamma(Tensor self, int p) -> Tensor" "fmio"
    |a| mvlgamma(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.within(2.5..4.0, &[2, 3]), 3.into()]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all.extend(plain_rows());
    all
}
