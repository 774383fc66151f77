//! Special functions in float64, one element at a time: error functions and their inverses, gamma, zeta, Bessel.
//!
//! Where the `libm` crate has a function it is used; the rest are the classical series, continued fractions and
//! asymptotic expansions (Abramowitz and Stegun; DLMF chapters 5, 7, 8, 10 and 25), joined where each has full
//! precision, and Newton's method for inverses. The relative error is below 1e-14 unless a function says otherwise.
//! Arguments outside a function's domain give nan, poles give infinity, as in PyTorch.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI, SQRT_2};

pub use libm::{erf, erfc};

/// 1 / sqrt(pi)
const FRAC_1_SQRT_PI: f64 = FRAC_2_SQRT_PI / 2.0;

/// Bernoulli numbers B(2), B(4), ...
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

// ---------------------------------------------------------------- error functions and the normal distribution

/// e^(x^2) erfc(x).
pub fn erfcx(x: f64) -> f64 {
    if x < 0.0 {
        // beyond -26.7 it overflows
        return 2.0 * exp_square(x) - erfcx(-x);
    }
    if x < 5.0 {
        return exp_square(x) * erfc(x);
    }
    if x > 1e8 {
        return FRAC_1_SQRT_PI / x;
    }
    // Laplace's continued fraction x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))
    let mut f = x;
    for n in (1..=40).rev() {
        f = x + 0.5 * n as f64 / f;
    }
    FRAC_1_SQRT_PI / f
}

/// e^(x^2), with the square to twice the precision.
fn exp_square(x: f64) -> f64 {
    let high = x * x;
    let low = x.mul_add(x, -high);
    // an infinite square has no low part
    if high < 720.0 { high.exp() * (1.0 + low) } else { high.exp() }
}

/// The inverse of the error function.
pub fn erfinv(x: f64) -> f64 {
    let a = x.abs();
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { x * f64::INFINITY } else { f64::NAN };
    }
    let mut w;
    if a < 0.5 {
        let z = a * a * PI;
        w = a / FRAC_2_SQRT_PI * (1.0 + z * (1.0 / 12.0 + z * (7.0 / 480.0 + z * (127.0 / 40320.0))));
        for _ in 0..3 {
            let f = (erf(w) - a) / FRAC_2_SQRT_PI * (w * w).exp();
            w -= f / (1.0 + w * f);
        }
    } else {
        let q = 1.0 - a;
        w = -normal_quantile_start(q / 2.0) * FRAC_1_SQRT_2;
        for _ in 0..3 {
            let f = (q - erfc(w)) / FRAC_2_SQRT_PI * (w * w).exp();
            w -= f / (1.0 + w * f);
        }
    }
    w.copysign(x)
}

/// The normal quantile to 5e-4 (Abramowitz and Stegun 26.2.23), for 0 < p <= 1/2.
fn normal_quantile_start(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
}

/// The normal distribution function.
pub fn ndtr(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// Logarithm of the normal distribution function.
pub fn log_ndtr(x: f64) -> f64 {
    if x < -1.0 {
        (0.5 * erfcx(-x * FRAC_1_SQRT_2)).ln() - 0.5 * x * x
    } else {
        (-0.5 * erfc(x * FRAC_1_SQRT_2)).ln_1p()
    }
}

/// The inverse of the normal distribution function.
pub fn ndtri(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -ndtri(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p > 0.25 {
        return SQRT_2 * erfinv(2.0 * p - 1.0);
    }
    let (mut x, goal) = (normal_quantile_start(p), p.ln());
    for _ in 0..3 {
        // h is the derivative of log_ndtr, -h (h + x) the second one
        let h = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 / erfcx(-x * FRAC_1_SQRT_2);
        let f = (log_ndtr(x) - goal) / h;
        x -= f / (1.0 + 0.5 * f * (h + x));
    }
    x
}

/// Entropy of an element: -x log x.
pub fn entr(x: f64) -> f64 {
    if x > 0.0 {
        -x * x.ln()
    } else if x == 0.0 {
        0.0
    } else if x < 0.0 {
        f64::NEG_INFINITY
    } else {
        x
    }
}

/// sin(pi x) / (pi x)
pub fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

// ---------------------------------------------------------------- gamma and zeta

/// Logarithm of the absolute value of the gamma function.
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The logarithmic derivative of the gamma function; near its zeros the absolute error is below 1e-15.
pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        let part = x - x.trunc();
        return if part == 0.0 { f64::NAN } else { digamma(1.0 - x) - PI / (PI * part).tan() };
    }
    let (mut x, mut y) = (x, 0.0);
    while x < 10.0 {
        y -= 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let mut power = 1.0;
    let mut tail = 0.0;
    for (i, b) in BERNOULLI.iter().enumerate().take(8) {
        power *= z;
        tail += b / (2 * i + 2) as f64 * power;
    }
    y + (x.ln() - 0.5 / x - tail)
}

/// The first derivative of [`digamma`].
pub fn trigamma(x: f64) -> f64 {
    zeta(2.0, x)
}

/// The nth derivative of [`digamma`].
pub fn polygamma(n: u32, x: f64) -> f64 {
    if n == 0 {
        return digamma(x);
    }
    let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
    sign * libm::tgamma(n as f64 + 1.0) * zeta(n as f64 + 1.0, x)
}

/// The Hurwitz zeta function: the sum of (q + k)^-s for k = 0, 1, ...; a negative q needs an integer s.
pub fn zeta(s: f64, q: f64) -> f64 {
    if s == 1.0 {
        return f64::INFINITY;
    }
    if s < 1.0 || s.is_nan() || q.is_nan() {
        return f64::NAN;
    }
    if q > 0.0 {
        return zeta_right(s, q);
    }
    if q == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if q == q.floor() {
        return f64::INFINITY;
    }
    if s != s.floor() {
        return f64::NAN;
    }
    if s == f64::INFINITY {
        return s; // one of the terms is that of a number below 1
    }
    // the terms left of 0 are a finite piece of the series of the distance to 0
    let left = q.ceil() - q;
    let terms = -q.floor();
    let sign = if s % 2.0 == 0.0 { 1.0 } else { -1.0 };
    zeta_right(s, q - q.floor()) + sign * (zeta_right(s, left) - zeta_right(s, left + terms))
}

/// The Hurwitz zeta function for s > 1 and q > 0, by the Euler-Maclaurin formula.
fn zeta_right(s: f64, q: f64) -> f64 {
    if q == f64::INFINITY {
        return 0.0;
    }
    let (mut a, mut y) = (q, 0.0);
    while a < 10.0 + s {
        let term = a.powf(-s);
        y += term;
        if term <= f64::EPSILON * 1e-3 * y {
            return y;
        }
        a += 1.0;
    }
    let power = a.powf(-s);
    y += a.powf(1.0 - s) / (s - 1.0) + 0.5 * power;
    // b_2j s (s+1) ... (s+2j-2) a^(-s-2j+1) / (2j)!
    let mut factor = power * s / a / 2.0;
    for (j, b) in BERNOULLI.iter().enumerate() {
        let term = b * factor;
        y += term;
        if term.abs() < f64::EPSILON * 0.1 * y.abs() {
            break;
        }
        let k = 2.0 * j as f64;
        factor *= (s + k + 1.0) * (s + k + 2.0) / (a * a) / ((k + 3.0) * (k + 4.0));
    }
    y
}

/// The regularized lower incomplete gamma function P(a, x), to 1e-13.
pub fn igamma(a: f64, x: f64) -> f64 {
    incomplete_gamma(a, x, true)
}

/// The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x), to 1e-13.
pub fn igammac(a: f64, x: f64) -> f64 {
    incomplete_gamma(a, x, false)
}

fn incomplete_gamma(a: f64, x: f64, lower: bool) -> f64 {
    let p = |p: f64| if lower { p } else { 1.0 - p };
    let q = |q: f64| if lower { 1.0 - q } else { q };
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || (a == 0.0 && x == 0.0) {
        return f64::NAN;
    }
    if a == 0.0 || (x == f64::INFINITY && a < x) {
        return q(0.0);
    }
    if x == 0.0 || (a == f64::INFINITY && x < a) {
        return p(0.0);
    }
    if a == f64::INFINITY {
        return f64::NAN;
    }
    if a > 1e5 && (x - a).abs() < 0.2 * a {
        return incomplete_gamma_large(a, x, lower);
    }
    if x < 1.5 && !lower {
        // 1 - x^a / Gamma(a+1) (1 + a (-x / (a+1) + x^2 / (2 (a+2)) - ...)), the difference of the ones by expm1
        let log = a * x.ln() - lgamma(a + 1.0);
        let (mut term, mut sum, mut n) = (1.0, 0.0, 0.0);
        loop {
            n += 1.0;
            term *= -x / n;
            let next = term / (a + n);
            sum += next;
            if next.abs() <= sum.abs() * f64::EPSILON {
                return -log.exp_m1() - log.exp() * a * sum;
            }
        }
    }
    if x < a + 1.0 {
        // P = x^a e^-x / Gamma(a+1) (1 + x / (a+1) + x^2 / ((a+1)(a+2)) + ...)
        let (mut term, mut sum, mut n) = (1.0, 1.0, a);
        while term > sum * (f64::EPSILON / 4.0) {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return p(gamma_density(a, x) * sum);
    }
    // Q = x^a e^-x / Gamma(a) / (x + 1 - a - (1 - a) / (x + 3 - a - 2 (2 - a) / ...)), by Lentz's method
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut f = d;
    for i in 1..100_000 {
        let i = i as f64;
        let n = i * (a - i);
        b += 2.0;
        d = 1.0 / (n * d + b);
        c = b + n / c;
        f *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    q(gamma_density(a, x) * a * f)
}

/// x^a e^-x / Gamma(a + 1)
fn gamma_density(a: f64, x: f64) -> f64 {
    if a < 10.0 {
        return (a * x.ln() - x - lgamma(a + 1.0)).exp();
    }
    // Stirling's series: the large powers are taken out of both sides
    let z = 1.0 / (a * a);
    let series = (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z / 1188.0)))) / a;
    (a * log1p_minus((x - a) / a) - series).exp() / (2.0 * PI * a).sqrt()
}

/// log(1 + x) - x
fn log1p_minus(x: f64) -> f64 {
    if x.abs() > 0.5 {
        return x.ln_1p() - x;
    }
    let r = x / (2.0 + x);
    let z = r * r;
    let (mut power, mut sum, mut n) = (1.0, 0.0, 3.0);
    while power > f64::EPSILON / 16.0 {
        sum += power / n;
        power *= z;
        n += 2.0;
    }
    r * (2.0 * z * sum - x)
}

/// Temme's uniform expansion (DLMF 8.12), for a large a and x near it.
fn incomplete_gamma_large(a: f64, x: f64, lower: bool) -> f64 {
    let mu = (x - a) / a;
    let half_square = -log1p_minus(mu);
    let eta = (2.0 * half_square).sqrt().copysign(mu);
    let poly = |c: &[f64]| c.iter().rev().fold(0.0, |p, &c| p * eta + c);
    let c0 = poly(&[
        -1.0 / 3.0,
        1.0 / 12.0,
        -2.0 / 135.0,
        1.0 / 864.0,
        1.0 / 2835.0,
        -139.0 / 777600.0,
        1.0 / 25515.0,
        -571.0 / 261273600.0,
    ]);
    let c1 = poly(&[-1.0 / 540.0, -1.0 / 288.0, 1.0 / 378.0, -77.0 / 77760.0]);
    let rest = (-a * half_square).exp() / (2.0 * PI * a).sqrt() * (c0 + c1 / a);
    let side = if lower { -1.0 } else { 1.0 };
    0.5 * erfc(side * eta * (0.5 * a).sqrt()) + side * rest
}

// ---------------------------------------------------------------- Bessel functions

/// Bessel function of the first kind, order 0.
pub fn bessel_j0(x: f64) -> f64 {
    libm::j0(x)
}

/// Bessel function of the first kind, order 1.
pub fn bessel_j1(x: f64) -> f64 {
    libm::j1(x)
}

/// Bessel function of the second kind, order 0.
pub fn bessel_y0(x: f64) -> f64 {
    libm::y0(x)
}

/// Bessel function of the second kind, order 1.
pub fn bessel_y1(x: f64) -> f64 {
    libm::y1(x)
}

/// Modified Bessel function of the first kind, order 0.
pub fn i0(x: f64) -> f64 {
    let h = (0.5 * x.abs()).exp();
    h * bessel_i(0.0, x.abs()) * h
}

/// Modified Bessel function of the first kind, order 0, times e^-|x|.
pub fn i0e(x: f64) -> f64 {
    bessel_i(0.0, x.abs())
}

/// Modified Bessel function of the first kind, order 1.
pub fn i1(x: f64) -> f64 {
    let h = (0.5 * x.abs()).exp();
    (h * bessel_i(1.0, x.abs()) * h).copysign(x)
}

/// Modified Bessel function of the first kind, order 1, times e^-|x|.
pub fn i1e(x: f64) -> f64 {
    bessel_i(1.0, x.abs()).copysign(x)
}

/// e^-x I(x) of order 0 or 1, for x >= 0.
fn bessel_i(order: f64, x: f64) -> f64 {
    if x < 25.0 {
        // (x/2)^order times the sum of (x^2/4)^k / (k! (k + order)!): no term is negative
        let z = 0.25 * x * x;
        let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
        while term > sum * (f64::EPSILON / 4.0) {
            k += 1.0;
            term *= z / (k * (k + order));
            sum += term;
        }
        return sum * (-x).exp() * if order == 0.0 { 1.0 } else { 0.5 * x };
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    // Hankel's expansion; its smallest term is below e^-2x
    let (mut term, mut sum, mut k) = (1.0f64, 1.0, 0.0);
    while term.abs() > f64::EPSILON / 4.0 {
        k += 1.0;
        let odd = 2.0 * k - 1.0;
        term *= (odd * odd - 4.0 * order * order) / (8.0 * k * x);
        sum += term;
    }
    sum / (2.0 * PI * x).sqrt()
}
