//! Complex functions whose branch cuts the usual crate does not take on the side of the zero's sign, or that lose digits.
//!
//! The formulas are Kahan's ("Branch Cuts for Complex Elementary Functions", 1987).
use crate::dtype::C64;

/// a / b by Smith's method: no overflow in between, and infinities where b is 0.
pub fn div(a: C64, b: C64) -> C64 {
    if b.re.abs() >= b.im.abs() {
        if b.re == 0.0 && b.im == 0.0 {
            return C64::new(a.re / b.re.abs(), a.im / b.re.abs());
        }
        let ratio = b.im / b.re;
        let scale = 1.0 / (b.re + b.im * ratio);
        C64::new((a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale)
    } else {
        let ratio = b.re / b.im;
        let scale = 1.0 / (b.re * ratio + b.im);
        C64::new((a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale)
    }
}

/// The square root, with C's values where a part is infinite.
pub fn sqrt(z: C64) -> C64 {
    if z.im.is_infinite() {
        return C64::new(f64::INFINITY, z.im);
    }
    if z.re.is_infinite() {
        let other = if z.im.is_nan() { f64::NAN } else { 0.0 };
        return if z.re > 0.0 {
            C64::new(z.re, other.copysign(z.im))
        } else {
            C64::new(other, f64::INFINITY.copysign(z.im))
        };
    }
    if z.re.is_nan() { C64::new(z.re, z.re) } else { z.sqrt() }
}

/// x^e, where 0^0 is NaN.
pub fn pow(x: C64, e: C64) -> C64 {
    match (x == C64::ZERO, e == C64::ZERO) {
        (true, true) => C64::new(f64::NAN, f64::NAN),
        (false, true) => C64::ONE,
        (true, false) if e.re > 0.0 => C64::ZERO,
        _ => (e * x.ln()).exp(),
    }
}

fn one_minus(z: C64) -> C64 {
    C64::new(1.0 - z.re, -z.im)
}
fn one_plus(z: C64) -> C64 {
    C64::new(1.0 + z.re, z.im)
}
/// i z, without a product that would change the sign of a zero.
fn turned(z: C64) -> C64 {
    C64::new(-z.im, z.re)
}
/// -i z.
fn turned_back(z: C64) -> C64 {
    C64::new(z.im, -z.re)
}

/// Inverse sine.
pub fn asin(z: C64) -> C64 {
    let (a, b) = (one_minus(z).sqrt(), one_plus(z).sqrt());
    C64::new(z.re.atan2((a * b).re), (a.conj() * b).im.asinh())
}
/// Inverse cosine.
pub fn acos(z: C64) -> C64 {
    let (a, b) = (one_minus(z).sqrt(), one_plus(z).sqrt());
    C64::new(2.0 * a.re.atan2(b.re), (b.conj() * a).im.asinh())
}
/// Inverse hyperbolic sine.
pub fn asinh(z: C64) -> C64 {
    turned_back(asin(turned(z)))
}
/// Inverse hyperbolic cosine.
pub fn acosh(z: C64) -> C64 {
    let (a, b) = (C64::new(z.re - 1.0, z.im).sqrt(), one_plus(z).sqrt());
    C64::new((a.conj() * b).re.asinh(), 2.0 * a.im.atan2(b.re))
}
/// Inverse hyperbolic tangent.
pub fn atanh(z: C64) -> C64 {
    let (x, y) = (z.re, z.im);
    let away = 1.0 - x;
    let re = 0.25 * (4.0 * x / (away * away + y * y)).ln_1p();
    C64::new(re, 0.5 * (2.0 * y).atan2(away * (1.0 + x) - y * y))
}
/// Inverse tangent.
pub fn atan(z: C64) -> C64 {
    turned_back(atanh(turned(z)))
}

/// $e^z - 1$ without loss near 0: the parts by expm1 and a half-angle sine.
pub fn expm1(z: C64) -> C64 {
    let half = (z.im / 2.0).sin();
    C64::new(z.re.exp_m1() * z.im.cos() - 2.0 * half * half, z.re.exp() * z.im.sin())
}
/// $\log(1 + z)$ without loss near 0.
pub fn log1p(z: C64) -> C64 {
    let re = if z.norm() < 0.5 { 0.5 * (z.re * (2.0 + z.re) + z.im * z.im).ln_1p() } else { (z + 1.0).norm().ln() };
    C64::new(re, z.im.atan2(1.0 + z.re))
}
