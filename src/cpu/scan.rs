//! Running sums, products, extremes along one dim, and the linear recurrences of their backward passes.
//!
//! A line is a chain of dependent steps, so only neighbouring lines can share a vector: tiles of columns advance together,
//! and lines along the innermost dim are turned into columns piece by piece. float32 lines run in float64.
use super::along::{Along, To};
use super::transpose::transpose;
use crate::dtype::C64;
use std::mem::MaybeUninit;

const TILE: usize = 32;
const FEW: usize = 8;
/// Rows that advance together, and by how many elements at a time.
const LINES: usize = 16;
const PIECE: usize = 64;

/// `y[i] = step(y[i - 1], x[i])` along each line, from the end where `reverse`.
///
/// # Safety
/// `y` has room for as many elements as `x`.
unsafe fn scan<T: Copy + Sync, A: Copy + Sync, Y: Copy>(
    a: Along,
    reverse: bool,
    x: &[T],
    y: *mut Y,
    start: A,
    step: impl Fn(A, T) -> A + Sync,
    out: impl Fn(A) -> Y + Sync,
) {
    let y = To(y);
    let y = &y;
    if a.inner > 1 {
        return a.each_tile(TILE, 1, &|at, _, w| {
            let mut acc = [start; TILE];
            // SAFETY: w columns of n rows may be read and written.
            unsafe {
                let (x, y) = (x.as_ptr().add(at), y.at(at));
                if w == TILE {
                    columns::<_, _, _, _, _, TILE>(a.n, x, a.inner, &mut acc, y, a.inner, reverse, &step, &out);
                } else {
                    let mut l = 0;
                    while l + FEW <= w {
                        let (mut acc, x, y) = ([start; FEW], x.add(l), y.add(l));
                        columns::<_, _, _, _, _, FEW>(a.n, x, a.inner, &mut acc, y, a.inner, reverse, &step, &out);
                        l += FEW;
                    }
                    while l < w {
                        column(a.n, x.add(l), a.inner, &mut [start], y.add(l), a.inner, reverse, &step, &out);
                        l += 1;
                    }
                }
            }
        });
    }
    // Several lines at a time, turned into columns: a step waits for the one before it, but not for another line's.
    let groups = Along { outer: a.lines().div_ceil(LINES), n: a.n * LINES, inner: 1 };
    groups.each_line(2, &|group| {
        let (first, lines) = (group * LINES, LINES.min(a.lines() - group * LINES));
        let (x, y) = (x[first * a.n..(first + lines) * a.n].as_ptr(), y.at(first * a.n));
        let mut acc = [start; LINES];
        // SAFETY: so many lines of n elements may be read and written.
        unsafe {
            if lines < LINES || a.n < LINES {
                for (l, acc) in acc.iter_mut().enumerate().take(lines) {
                    let acc = std::array::from_mut(acc);
                    column(a.n, x.add(l * a.n), 1, acc, y.add(l * a.n), 1, reverse, &step, &out);
                }
                return;
            }
            let mut turned = MaybeUninit::<[[T; LINES]; PIECE]>::uninit();
            let mut result = MaybeUninit::<[[Y; LINES]; PIECE]>::uninit();
            let (turned, result) = (turned.as_mut_ptr().cast::<T>(), result.as_mut_ptr().cast::<Y>());
            let mut done = 0;
            while done < a.n {
                let m = (a.n - done).min(PIECE);
                let at = if reverse { a.n - done - m } else { done };
                transpose(size_of::<T>(), [m, LINES], x.add(at).cast(), a.n, turned.cast(), LINES);
                columns::<_, _, _, _, _, LINES>(m, turned, LINES, &mut acc, result, LINES, reverse, &step, &out);
                transpose(size_of::<Y>(), [LINES, m], result.cast(), LINES, y.add(at).cast(), a.n);
                done += m;
            }
        }
    });
}

#[inline(always)]
unsafe fn column<T: Copy, A: Copy, Y: Copy, S: Fn(A, T) -> A, O: Fn(A) -> Y, const W: usize>(
    n: usize,
    x: *const T,
    from: usize,
    acc: &mut [A; W],
    y: *mut Y,
    to: usize,
    reverse: bool,
    step: &S,
    out: &O,
) {
    for r in 0..n {
        let r = if reverse { n - 1 - r } else { r };
        for l in 0..W {
            // SAFETY: W columns of n rows may be read and written.
            unsafe {
                acc[l] = step(acc[l], x.add(r * from + l).read());
                y.add(r * to + l).write(out(acc[l]));
            }
        }
    }
}

crate::simd_kernel! {
    /// Scans W neighbouring columns.
    unsafe fn columns<L, T: Copy, A: Copy, Y: Copy, S: Fn(A, T) -> A, O: Fn(A) -> Y; const W: usize>(
        n: usize, x: *const T, from: usize, acc: &mut [A; W], y: *mut Y, to: usize, reverse: bool, step: &S, out: &O
    ) {
        // SAFETY: passed on.
        unsafe { column(n, x, from, acc, y, to, reverse, step, out) }
    }
}

/// A type that sums and products run over.
pub trait Running: Copy + Send + Sync + 'static {
    /// # Safety
    /// `y` has room for as many elements as `x`.
    unsafe fn sum(a: Along, reverse: bool, x: &[Self], y: *mut Self);
    /// # Safety
    /// As `sum`.
    unsafe fn product(a: Along, x: &[Self], y: *mut Self);
    fn times(self, b: Self) -> Self;
    fn plus(self, b: Self) -> Self;
    const ZERO: Self;
    const ONE: Self;
}
macro_rules! running {
    ($($t:ty, $wide:ty, $zero:expr, $one:expr, |$x:ident| $widen:expr, |$y:ident| $narrow:expr, $add:path, $mul:path;)*) => { $(
        impl Running for $t {
            const ZERO: $t = $zero;
            const ONE: $t = $one;
            unsafe fn sum(a: Along, reverse: bool, x: &[$t], y: *mut $t) {
                let zero: $wide = { let $x: $t = $zero; $widen };
                // SAFETY: passed on.
                unsafe { scan(a, reverse, x, y, zero, |s: $wide, $x: $t| $add(s, $widen), |$y: $wide| $narrow) }
            }
            unsafe fn product(a: Along, x: &[$t], y: *mut $t) {
                let one: $wide = { let $x: $t = $one; $widen };
                // SAFETY: passed on.
                unsafe { scan(a, false, x, y, one, |s: $wide, $x: $t| $mul(s, $widen), |$y: $wide| $narrow) }
            }
            #[inline(always)]
            fn times(self, b: $t) -> $t { $mul(self as _, b as _) as $t }
            #[inline(always)]
            fn plus(self, b: $t) -> $t { $add(self as _, b as _) as $t }
        }
    )* };
}
fn add<T: std::ops::Add<Output = T>>(a: T, b: T) -> T {
    a + b
}
fn mul<T: std::ops::Mul<Output = T>>(a: T, b: T) -> T {
    a * b
}
running! {
    i64, i64, 0, 1, |x| x, |y| y, i64::wrapping_add, i64::wrapping_mul;
    f32, f64, 0.0, 1.0, |x| x as f64, |y| y as f32, add::<f64>, mul::<f64>;
    f64, f64, 0.0, 1.0, |x| x, |y| y, add::<f64>, mul::<f64>;
    C64, C64, C64::new(0.0, 0.0), C64::new(1.0, 0.0), |x| x, |y| y, add::<C64>, mul::<C64>;
}

/// The running largest (or smallest) element and its place: the last of equal ones; a nan stays until the next nan.
///
/// # Safety
/// `y` and `place` have room for as many elements as `x`.
pub unsafe fn extreme<T: PartialOrd + Copy + Sync>(a: Along, max: bool, x: &[T], y: *mut T, place: *mut i64) {
    let (y, place) = (To(y), To(place));
    let (y, place) = (&y, &place);
    #[allow(clippy::eq_op)]
    let is_nan = |v: T| v != v;
    a.each_line(4, &|line| {
        let start = a.start(line);
        if a.n == 0 {
            return;
        }
        let (mut best, mut at) = (x[start], 0);
        for r in 0..a.n {
            let i = start + r * a.inner;
            let v = x[i];
            if is_nan(v) || !is_nan(best) && if max { v >= best } else { v <= best } {
                (best, at) = (v, r as i64);
            }
            // SAFETY: inside y and place.
            unsafe {
                y.at(i).write(best);
                place.at(i).write(at);
            }
        }
    });
}

/// A type whose logarithms of running sums of exponentials are taken.
pub trait LogSum: Copy + Sync + 'static {
    /// # Safety
    /// `y` has room for as many elements as `x`.
    unsafe fn log_sum(a: Along, x: &[Self], y: *mut Self);
}
/// log(e^a + e^b).
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a.is_nan() || a < b { (a, b) } else { (b, a) };
    if low.is_nan() || high.is_nan() {
        f64::NAN
    } else if low == high && low.is_infinite() {
        high
    } else {
        high + (low - high).exp().ln_1p()
    }
}
impl LogSum for f32 {
    unsafe fn log_sum(a: Along, x: &[f32], y: *mut f32) {
        // SAFETY: passed on.
        unsafe { scan(a, false, x, y, f64::NEG_INFINITY, |s, x| log_add(s, x as f64), |s| s as f32) }
    }
}
impl LogSum for f64 {
    unsafe fn log_sum(a: Along, x: &[f64], y: *mut f64) {
        // SAFETY: passed on.
        unsafe { scan(a, false, x, y, f64::NEG_INFINITY, log_add, |s| s) }
    }
}
impl LogSum for C64 {
    unsafe fn log_sum(a: Along, x: &[C64], y: *mut C64) {
        let log_add = |s: C64, x: C64| {
            if s.re == f64::NEG_INFINITY {
                return x;
            }
            if s.is_nan() || x.is_nan() {
                return C64::new(f64::NAN, f64::NAN);
            }
            let (low, high) = if s.re < x.re { (s, x) } else { (x, s) };
            if high.re.is_infinite() && high.re > 0.0 {
                return if low.re == high.re && low.im != high.im { C64::new(f64::INFINITY, f64::NAN) } else { high };
            }
            high + (C64::new(1.0, 0.0) + (low - high).exp()).ln()
        };
        // SAFETY: passed on.
        unsafe { scan(a, false, x, y, C64::new(f64::NEG_INFINITY, 0.0), log_add, |s| s) }
    }
}

/// The gradient of a running product: with R[k] = g[k] + x[k+1] R[k+1], it is R[k] times the product of what stands before
/// k. No division, so zeros are no special case.
///
/// # Safety
/// `gx` has room for as many elements as `x`; `g` has as many.
pub unsafe fn product_backward<T: Running>(a: Along, x: &[T], g: &[T], gx: *mut T) {
    let gx = To(gx);
    let gx = &gx;
    a.each_line(4, &|line| {
        let start = a.start(line);
        let at = |r: usize| start + r * a.inner;
        let mut later = T::ZERO;
        // SAFETY: inside gx.
        unsafe {
            for r in (0..a.n).rev() {
                later = g[at(r)].plus(later);
                gx.at(at(r)).write(later);
                later = later.times(x[at(r)]);
            }
            let mut before = T::ONE;
            for r in 0..a.n {
                let to = gx.at(at(r));
                to.write(to.read().times(before));
                before = before.times(x[at(r)]);
            }
        }
    });
}

/// For each element the product of all others of its line.
///
/// # Safety
/// `y` has room for as many elements as `x`.
pub unsafe fn product_of_others<T: Running>(a: Along, x: &[T], y: *mut T) {
    let y = To(y);
    let y = &y;
    a.each_line(4, &|line| {
        let start = a.start(line);
        let at = |r: usize| start + r * a.inner;
        let mut product = T::ONE;
        // SAFETY: inside y.
        unsafe {
            for r in 0..a.n {
                y.at(at(r)).write(product);
                product = product.times(x[at(r)]);
            }
            product = T::ONE;
            for r in (0..a.n).rev() {
                let to = y.at(at(r));
                to.write(to.read().times(product));
                product = product.times(x[at(r)]);
            }
        }
    });
}

/// The gradient of `LogSum`: e^(x[k] - y[k]) T[k] with T[k] = g[k] + e^(y[k] - y[k+1]) T[k+1]; no exponent is positive.
///
/// # Safety
/// `gx` has room for as many elements as `x`; `y` and `g` have as many.
pub unsafe fn log_sum_backward(a: Along, x: &[f64], y: &[f64], g: &[f64], gx: *mut f64) {
    let gx = To(gx);
    let gx = &gx;
    a.each_line(16, &|line| {
        let start = a.start(line);
        let mut later = 0.0;
        for r in (0..a.n).rev() {
            let i = start + r * a.inner;
            if r + 1 < a.n && y[i] > f64::NEG_INFINITY {
                later *= (y[i] - y[i + a.inner]).exp();
            }
            later += g[i];
            let share = if x[i] == f64::NEG_INFINITY { 0.0 } else { (x[i] - y[i]).exp() };
            // SAFETY: inside gx.
            unsafe { gx.at(i).write(share * later) };
        }
    });
}
