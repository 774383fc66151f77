//! Orthogonal polynomials by their three-term recurrences, and Chebyshev polynomials of high degree by trigonometry.
//!
//! The degree `n` comes as a float and is truncated; a polynomial of negative degree is 0, and so is one of none.

/// Degrees from which Chebyshev polynomials inside (-1, 1) are computed by cosines.
const HIGH: i64 = 8;

fn even(n: i64) -> bool {
    n % 2 == 0
}

fn degree(n: f64) -> i64 {
    // A degree that no i64 holds wraps to a negative one in PyTorch, too.
    if n.abs() < 2f64.powi(63) { n as i64 } else { -1 }
}

/// `next(k, p_k, p_{k-1})` gives p_{k+1}.
fn recurrence(n: i64, p0: f64, p1: f64, next: impl Fn(f64, f64, f64) -> f64) -> f64 {
    match n {
        ..0 => 0.0,
        0 => p0,
        _ => {
            let (mut before, mut p) = (p0, p1);
            for k in 1..n {
                if p.is_nan() {
                    break;
                }
                (before, p) = (p, next(k as f64, p, before));
            }
            p
        }
    }
}

/// The four kinds share T's recurrence; they differ in their second polynomial, at the ends, and inside.
fn chebyshev(x: f64, n: f64, p1: f64, at_minus_1: f64, at_1: f64, inside: impl Fn(f64, f64) -> Option<f64>) -> f64 {
    let n = degree(n);
    if n >= 0 && x.abs() == 1.0 {
        return if x > 0.0 { at_1 } else { at_minus_1 };
    }
    if n > HIGH
        && x.abs() < 1.0
        && let Some(y) = inside(x.acos(), n as f64)
    {
        return y;
    }
    recurrence(n, 1.0, p1, |_, p, before| 2.0 * x * p - before)
}
fn alternating(n: f64, value: f64) -> f64 {
    if even(n as i64) { value } else { -value }
}
fn quotient(a: f64, b: f64) -> Option<f64> {
    (b != 0.0).then(|| a / b)
}

/// Chebyshev polynomial of the first kind.
pub fn chebyshev_t(x: f64, n: f64) -> f64 {
    chebyshev(x, n, x, alternating(n, 1.0), 1.0, |a, n| Some((n * a).cos()))
}
/// Chebyshev polynomial of the second kind.
pub fn chebyshev_u(x: f64, n: f64) -> f64 {
    let end = n.trunc() + 1.0;
    chebyshev(x, n, 2.0 * x, alternating(n, end), end, |a, n| quotient(((n + 1.0) * a).sin(), a.sin()))
}
/// Chebyshev polynomial of the third kind.
pub fn chebyshev_v(x: f64, n: f64) -> f64 {
    let far = alternating(n, 2.0 * n.trunc() + 1.0);
    chebyshev(x, n, 2.0 * x - 1.0, far, 1.0, |a, n| quotient(((n + 0.5) * a).cos(), (0.5 * a).cos()))
}
/// Chebyshev polynomial of the fourth kind.
pub fn chebyshev_w(x: f64, n: f64) -> f64 {
    let far = alternating(n, 1.0);
    chebyshev(x, n, 2.0 * x + 1.0, far, 2.0 * n.trunc() + 1.0, |a, n| quotient(((n + 0.5) * a).sin(), (0.5 * a).sin()))
}

/// Hermite polynomial of the physicists.
pub fn hermite_h(x: f64, n: f64) -> f64 {
    recurrence(degree(n), 1.0, 2.0 * x, |k, p, before| 2.0 * (x * p - k * before))
}
/// Hermite polynomial of the probabilists.
pub fn hermite_he(x: f64, n: f64) -> f64 {
    recurrence(degree(n), 1.0, x, |k, p, before| x * p - k * before)
}
/// Laguerre polynomial.
pub fn laguerre_l(x: f64, n: f64) -> f64 {
    recurrence(degree(n), 1.0, 1.0 - x, |k, p, before| ((2.0 * k + 1.0 - x) * p - k * before) / (k + 1.0))
}
/// Legendre polynomial.
pub fn legendre_p(x: f64, n: f64) -> f64 {
    recurrence(degree(n), 1.0, x, |k, p, before| ((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0))
}
