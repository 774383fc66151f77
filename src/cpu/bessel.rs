//! Modified Bessel functions of the second kind, the Airy function and the spherical Bessel function, in float64.
//!
//! K comes from $e^x K_\nu(x) = \int_0^\infty e^{-x (\cosh t - 1)} \cosh \nu t\,dt$ by the trapezoidal rule, whose error falls
//! exponentially with the number of points for such integrands (Trefethen and Weideman 2014). Ai of a negative number is
//! the same integral of an imaginary argument, taken along a path that turns into the direction of steepest descent.
use crate::dtype::C64;
use std::f64::consts::{FRAC_PI_3, FRAC_PI_4, PI};

/// Distance of points on the path: the error is below $e^{-\pi^2 / STEP}$, unless the integrand is narrower than that.
const STEP: f64 = 0.2;

/// For large x the integrand is a bell of width $1/\sqrt{x}$.
fn step(x: f64) -> f64 {
    STEP.min(0.6 / x.sqrt())
}

/// $e^x K_\nu(x)$ for x > 0.
fn scaled_k(order: f64, x: f64) -> f64 {
    let (step, mut sum) = (step(x), 0.5);
    for i in 1.. {
        let t = step * i as f64;
        // cosh t - 1 without loss near 0
        let h = (0.5 * t).sinh();
        let term = (-2.0 * x * h * h).exp() * (order * t).cosh();
        sum += term;
        if term <= 1e-18 * sum || !sum.is_finite() {
            break;
        }
    }
    step * sum
}

fn k(order: f64, x: f64, scaled: bool) -> f64 {
    match x {
        _ if x.is_nan() || x < 0.0 => f64::NAN,
        0.0 => f64::INFINITY,
        f64::INFINITY => 0.0,
        // the integral grows long there; K_0 is a logarithm and K_1 a reciprocal
        _ if x < 1e-30 && order == 0.0 => std::f64::consts::LN_2 - 0.577_215_664_901_532_9 - x.ln(),
        _ if x < 1e-30 => x.recip(),
        _ if scaled => scaled_k(order, x),
        _ => (-x).exp() * scaled_k(order, x),
    }
}

/// Modified Bessel function of the second kind, order 0.
pub fn k0(x: f64) -> f64 {
    k(0.0, x, false)
}
/// Modified Bessel function of the second kind, order 1.
pub fn k1(x: f64) -> f64 {
    k(1.0, x, false)
}
/// Modified Bessel function of the second kind, order 0, times e^x.
pub fn k0e(x: f64) -> f64 {
    k(0.0, x, true)
}
/// Modified Bessel function of the second kind, order 1, times e^x.
pub fn k1e(x: f64) -> f64 {
    k(1.0, x, true)
}

/// The Airy function Ai.
pub fn airy_ai(x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN; // of infinity too, as in PyTorch
    }
    let a = x.abs();
    let zeta = 2.0 / 3.0 * a * a.sqrt();
    if a < 1.0 {
        return airy_series(x);
    }
    if x > 0.0 {
        return (a / 3.0).sqrt() / PI * (-zeta).exp() * scaled_k(1.0 / 3.0, zeta);
    }
    // Ai(-a) = 2 Re(e^{i pi/3} Ai(a e^{i pi/3})), whose K has the argument i zeta
    let step = 0.25 * step(zeta);
    let at = |u: f64| {
        let bend = u.tanh();
        let t = C64::new(u, -FRAC_PI_4 * bend);
        let h = (t * 0.5).sinh();
        let e = C64::new(0.0, -2.0 * zeta) * h * h;
        (e.re > -50.0).then(|| e.exp() * (t / 3.0).cosh() * C64::new(1.0, -FRAC_PI_4 * (1.0 - bend * bend)))
    };
    let mut sum = C64::ONE - C64::I * FRAC_PI_4;
    for sign in [1.0, -1.0] {
        sum += (1..).map_while(|i| at(sign * step * i as f64)).sum::<C64>();
    }
    let integral = sum * (0.5 * step) * C64::from_polar(1.0, -zeta);
    2.0 * (C64::from_polar((a / 3.0).sqrt() / PI, FRAC_PI_3 + PI / 6.0) * integral).re
}

/// The two power series of Ai around 0 (DLMF 9.4.1).
fn airy_series(x: f64) -> f64 {
    let (mut f, mut g) = (1.0, x);
    let (mut sum_f, mut sum_g) = (f, g);
    for n in 1..12 {
        let n = 3.0 * n as f64;
        f *= x * x * x / (n * (n - 1.0));
        g *= x * x * x / (n * (n + 1.0));
        sum_f += f;
        sum_g += g;
    }
    0.355_028_053_887_817_2 * sum_f - 0.258_819_403_792_806_8 * sum_g
}

/// The spherical Bessel function of the first kind, order 0: sin x / x.
pub fn spherical_j0(x: f64) -> f64 {
    match x {
        _ if x.is_infinite() => 0.0,
        0.0 => 1.0,
        _ => x.sin() / x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64) {
        assert!((got - want).abs() < 4e-15 * want.abs().max(1e-3), "{got:e} instead of {want:e}");
    }

    #[test]
    fn known_values() {
        // Abramowitz and Stegun, and mpmath to 17 digits
        near(k0(1.0), 0.421_024_438_240_708_33);
        near(k1(1.0), 0.601_907_230_197_234_6);
        near(k0(0.1), 2.427_069_024_702_016_6);
        near(k1e(10.0), 0.410_766_570_595_788_3);
        near(airy_ai(0.0), 0.355_028_053_887_817_24);
        near(airy_ai(1.0), 0.135_292_416_312_881_42);
        near(airy_ai(-1.0), 0.535_560_883_292_352_1);
        near(airy_ai(-5.0), 0.350_761_009_024_114_3);
        near(airy_ai(5.0), 1.083_444_281_360_744_2e-4);
    }
}
