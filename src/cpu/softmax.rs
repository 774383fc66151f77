//! Softmax and log-softmax along one dim, their backward passes, and the logarithm of a sum of exponentials.
//!
//! Rows (the dim is innermost) are vectorised along themselves, columns across neighbours. Sums are kept in float64 from
//! one chunk of a row to the next.
use super::along::{Along, To};
use super::float::Float;
use super::simd::{Base, Level};

const LANES: usize = 32;
const CHUNK: usize = 2048;
/// Columns that are worked on together.
const TILE: usize = 64;
/// What an element costs, relative to an addition.
const COST: usize = 8;

/// The largest element; nan if any is.
#[inline(always)]
unsafe fn largest<L: Level, T: Float<L>>(n: usize, x: *const T) -> T {
    let mut lanes = [T::of(f64::NEG_INFINITY); LANES];
    let mut i = 0;
    // SAFETY: n elements may be read.
    unsafe {
        while i + LANES <= n {
            for (l, lane) in lanes.iter_mut().enumerate() {
                *lane = x.add(i + l).read().maximum(*lane);
            }
            i += LANES;
        }
        for (l, lane) in lanes.iter_mut().enumerate().take(n - i) {
            *lane = x.add(i + l).read().maximum(*lane);
        }
    }
    lanes.into_iter().reduce(|a, b| a.maximum(b)).unwrap_or(T::zero())
}

/// Sum of `f(i)` for i below n.
#[inline(always)]
fn total<L: Level, T: Float<L>>(n: usize, f: impl Fn(usize) -> T) -> f64 {
    let mut sum = 0.0;
    let mut start = 0;
    while start < n {
        let end = n.min(start + CHUNK);
        let mut lanes = [T::zero(); LANES];
        let mut i = start;
        while i + LANES <= end {
            for (l, lane) in lanes.iter_mut().enumerate() {
                *lane = *lane + f(i + l);
            }
            i += LANES;
        }
        for (l, lane) in lanes.iter_mut().enumerate().take(end - i) {
            *lane = *lane + f(i + l);
        }
        let mut w = LANES;
        while w > 1 {
            w /= 2;
            for l in 0..w {
                lanes[l] = lanes[l] + lanes[l + w];
            }
        }
        sum += lanes[0].to_f64();
        start = end;
    }
    sum
}

/// log(sum(exp(x))) as (largest element, logarithm of the sum relative to it). With no finite element the largest
/// counts as 0, so that the sum of exponentials decides.
#[inline(always)]
unsafe fn log_sum<L: Level, T: Float<L>>(n: usize, x: *const T) -> (T, f64) {
    // SAFETY: n elements may be read.
    unsafe {
        let m = largest::<L, T>(n, x);
        let sum = total::<L, T>(n, |i| (x.add(i).read() - m).exp());
        (m, sum.ln())
    }
}

#[inline(always)]
unsafe fn forward_row<L: Level, T: Float<L>, const LOG: bool>(n: usize, x: *const T, y: *mut T) {
    // SAFETY: n elements may be read and written.
    unsafe {
        if LOG {
            let (m, log) = log_sum::<L, T>(n, x);
            let log = T::of(log);
            for i in 0..n {
                y.add(i).write(x.add(i).read() - m - log);
            }
        } else {
            let m = largest::<L, T>(n, x);
            for i in 0..n {
                y.add(i).write((x.add(i).read() - m).exp());
            }
            let scale = T::of(1.0 / total::<L, T>(n, |i| y.add(i).read()));
            for i in 0..n {
                y.add(i).write(y.add(i).read() * scale);
            }
        }
    }
}

#[inline(always)]
unsafe fn forward_tile<L: Level, T: Float<L>, const LOG: bool>(
    n: usize,
    w: usize,
    x: *const T,
    stride: usize,
    y: *mut T,
) {
    let mut top = [T::of(f64::NEG_INFINITY); TILE];
    let mut sum = [T::zero(); TILE];
    // SAFETY: n rows of w columns may be read and written.
    unsafe {
        for r in 0..n {
            for l in 0..w {
                top[l] = x.add(r * stride + l).read().maximum(top[l]);
            }
        }
        for r in 0..n {
            for l in 0..w {
                let e = (x.add(r * stride + l).read() - top[l]).exp();
                if !LOG {
                    y.add(r * stride + l).write(e);
                }
                sum[l] = sum[l] + e;
            }
        }
        for s in &mut sum[..w] {
            *s = if LOG { s.log() } else { T::one() / *s };
        }
        for r in 0..n {
            for l in 0..w {
                let at = r * stride + l;
                let v = if LOG { x.add(at).read() - top[l] - sum[l] } else { y.add(at).read() * sum[l] };
                y.add(at).write(v);
            }
        }
    }
}

#[inline(always)]
unsafe fn backward_row<L: Level, T: Float<L>, const LOG: bool>(n: usize, g: *const T, y: *const T, gx: *mut T) {
    // SAFETY: n elements of each.
    unsafe {
        if LOG {
            let sum = T::of(total::<L, T>(n, |i| g.add(i).read()));
            for i in 0..n {
                gx.add(i).write(g.add(i).read() - y.add(i).read().exp() * sum);
            }
        } else {
            let sum = T::of(total::<L, T>(n, |i| g.add(i).read() * y.add(i).read()));
            for i in 0..n {
                gx.add(i).write((g.add(i).read() - sum) * y.add(i).read());
            }
        }
    }
}

#[inline(always)]
unsafe fn backward_tile<L: Level, T: Float<L>, const LOG: bool>(
    n: usize,
    w: usize,
    g: *const T,
    y: *const T,
    stride: usize,
    gx: *mut T,
) {
    let mut sum = [T::zero(); TILE];
    // SAFETY: n rows of w columns of each.
    unsafe {
        for r in 0..n {
            for l in 0..w {
                let at = r * stride + l;
                sum[l] = sum[l] + if LOG { g.add(at).read() } else { g.add(at).read() * y.add(at).read() };
            }
        }
        for r in 0..n {
            for l in 0..w {
                let at = r * stride + l;
                let (gv, yv) = (g.add(at).read(), y.add(at).read());
                gx.add(at).write(if LOG { gv - yv.exp() * sum[l] } else { (gv - sum[l]) * yv });
            }
        }
    }
}

crate::simd_kernel! {
    unsafe fn forward_f32<L; const LOG: bool>(n: usize, w: usize, x: *const f32, stride: usize, y: *mut f32) {
        // SAFETY: passed on.
        unsafe {
            match w {
                0 => forward_row::<L, f32, LOG>(n, x, y),
                TILE => forward_tile::<L, f32, LOG>(n, TILE, x, stride, y),
                _ => forward_tile::<L, f32, LOG>(n, w, x, stride, y),
            }
        }
    }
    unsafe fn backward_f32<L; const LOG: bool>(n: usize, w: usize, g: *const f32, y: *const f32, stride: usize, gx: *mut f32) {
        // SAFETY: passed on.
        unsafe {
            match w {
                0 => backward_row::<L, f32, LOG>(n, g, y, gx),
                TILE => backward_tile::<L, f32, LOG>(n, TILE, g, y, stride, gx),
                _ => backward_tile::<L, f32, LOG>(n, w, g, y, stride, gx),
            }
        }
    }
    unsafe fn log_sum_f32<L>(n: usize, x: *const f32) -> (f32, f64) {
        // SAFETY: passed on.
        unsafe { log_sum::<L, f32>(n, x) }
    }
}

/// The loops of one float type; `w` columns, or a row where it is 0.
pub trait Softmax: Copy + Send + Sync + 'static {
    /// # Safety
    /// `n` rows of `w` columns (or a row of n) may be read and written.
    unsafe fn forward<const LOG: bool>(n: usize, w: usize, x: *const Self, stride: usize, y: *mut Self);
    /// # Safety
    /// As `forward`.
    unsafe fn backward<const LOG: bool>(
        n: usize,
        w: usize,
        g: *const Self,
        y: *const Self,
        stride: usize,
        gx: *mut Self,
    );
    /// The largest element of a row, and the logarithm of the sum of exponentials relative to it.
    ///
    /// # Safety
    /// `n` elements may be read.
    unsafe fn log_sum(n: usize, x: *const Self) -> (Self, f64);
}
impl Softmax for f32 {
    unsafe fn forward<const LOG: bool>(n: usize, w: usize, x: *const f32, stride: usize, y: *mut f32) {
        // SAFETY: passed on.
        unsafe { forward_f32::<LOG>(n, w, x, stride, y) }
    }
    unsafe fn backward<const LOG: bool>(n: usize, w: usize, g: *const f32, y: *const f32, stride: usize, gx: *mut f32) {
        // SAFETY: passed on.
        unsafe { backward_f32::<LOG>(n, w, g, y, stride, gx) }
    }
    unsafe fn log_sum(n: usize, x: *const f32) -> (f32, f64) {
        // SAFETY: passed on.
        unsafe { log_sum_f32(n, x) }
    }
}
impl Softmax for f64 {
    unsafe fn forward<const LOG: bool>(n: usize, w: usize, x: *const f64, stride: usize, y: *mut f64) {
        // SAFETY: passed on.
        unsafe {
            match w {
                0 => forward_row::<Base, f64, LOG>(n, x, y),
                _ => forward_tile::<Base, f64, LOG>(n, w, x, stride, y),
            }
        }
    }
    unsafe fn backward<const LOG: bool>(n: usize, w: usize, g: *const f64, y: *const f64, stride: usize, gx: *mut f64) {
        // SAFETY: passed on.
        unsafe {
            match w {
                0 => backward_row::<Base, f64, LOG>(n, g, y, gx),
                _ => backward_tile::<Base, f64, LOG>(n, w, g, y, stride, gx),
            }
        }
    }
    unsafe fn log_sum(n: usize, x: *const f64) -> (f64, f64) {
        // SAFETY: passed on.
        unsafe { log_sum::<Base, f64>(n, x) }
    }
}

/// Softmax (or its logarithm) along the lines of `x`.
///
/// # Safety
/// `y` has room for as many elements as `x`.
pub unsafe fn forward<T: Softmax, const LOG: bool>(a: Along, x: &[T], y: *mut T) {
    let y = To(y);
    let y = &y;
    if a.inner == 1 {
        // SAFETY: lines are disjoint.
        a.each_line(COST, &|line| unsafe {
            T::forward::<LOG>(a.n, 0, x[line * a.n..(line + 1) * a.n].as_ptr(), 1, y.at(line * a.n))
        });
    } else {
        // SAFETY: tiles are disjoint.
        a.each_tile(TILE, COST, &|at, _, w| unsafe { T::forward::<LOG>(a.n, w, x[at..].as_ptr(), a.inner, y.at(at)) });
    }
}

/// The gradient with respect to the input, from that of the output `y`.
///
/// # Safety
/// `g`, `y` and `gx` have one size.
pub unsafe fn backward<T: Softmax, const LOG: bool>(a: Along, g: &[T], y: &[T], gx: *mut T) {
    let gx = To(gx);
    let gx = &gx;
    if a.inner == 1 {
        a.each_line(COST, &|line| {
            let r = line * a.n..(line + 1) * a.n;
            // SAFETY: lines are disjoint.
            unsafe { T::backward::<LOG>(a.n, 0, g[r.clone()].as_ptr(), y[r].as_ptr(), 1, gx.at(line * a.n)) }
        });
    } else {
        // SAFETY: tiles are disjoint.
        a.each_tile(TILE, COST, &|at, _, w| unsafe {
            T::backward::<LOG>(a.n, w, g[at..].as_ptr(), y[at..].as_ptr(), a.inner, gx.at(at))
        });
    }
}
