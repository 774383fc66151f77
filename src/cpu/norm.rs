//! Normalisations: of rows with a weight per column (layer norm, RMS norm), and by a factor and a shift per row (batch
//! and group norm), forward and backward.
//!
//! Sums over rows are float64 partial sums per fixed block of rows, added in order: the same bits for any number of threads.
use super::along::To;
use super::float::Float;
use super::parallel::parallel_for;
use super::simd::{Base, Level};
use std::ops::Range;

const LANES: usize = 32;
const GRAIN: usize = 16_384;

/// Sums of two functions over a row, in lanes; every 2048 elements the lanes join a float64.
#[inline(always)]
fn sums<L: Level, T: Float<L>>(n: usize, f: impl Fn(usize) -> (T, T)) -> (f64, f64) {
    let mut total = (0.0, 0.0);
    let mut start = 0;
    while start < n {
        let end = n.min(start + 2048);
        let (mut a, mut b) = ([T::zero(); LANES], [T::zero(); LANES]);
        let mut i = start;
        while i + LANES <= end {
            for l in 0..LANES {
                let (x, y) = f(i + l);
                a[l] = a[l] + x;
                b[l] = b[l] + y;
            }
            i += LANES;
        }
        for l in 0..end - i {
            let (x, y) = f(i + l);
            a[l] = a[l] + x;
            b[l] = b[l] + y;
        }
        let mut w = LANES;
        while w > 1 {
            w /= 2;
            for l in 0..w {
                a[l] = a[l] + a[l + w];
                b[l] = b[l] + b[l + w];
            }
        }
        total.0 += a[0].to_f64();
        total.1 += b[0].to_f64();
        start = end;
    }
    total
}

/// Mean and reciprocal deviation of a row; without centring the mean is 0 and the root mean square takes its place.
#[inline(always)]
unsafe fn statistics<L: Level, T: Float<L>>(n: usize, x: *const T, eps: f64, centre: bool) -> (f64, f64) {
    // SAFETY: n elements may be read.
    unsafe {
        let count = n as f64;
        if !centre {
            let (square, _) = sums::<L, T>(n, |i| (x.add(i).read() * x.add(i).read(), T::zero()));
            return (0.0, 1.0 / (square / count + eps).sqrt());
        }
        let (sum, _) = sums::<L, T>(n, |i| (x.add(i).read(), T::zero()));
        let mean = sum / count;
        let near = T::of(mean);
        let lost = mean - near.to_f64();
        let (square, _) = sums::<L, T>(n, |i| {
            let d = x.add(i).read() - near;
            (d * d, T::zero())
        });
        let var = square / count - lost * lost;
        (mean, 1.0 / (if var < 0.0 { 0.0 } else { var } + eps).sqrt())
    }
}

#[inline(always)]
unsafe fn row_forward<L: Level, T: Float<L>>(
    n: usize,
    x: *const T,
    [w, b]: [*const T; 2],
    eps: f64,
    centre: bool,
    y: *mut T,
) -> (f64, f64) {
    // SAFETY: n elements of each that is not null.
    unsafe {
        let (mean, rstd) = statistics::<L, T>(n, x, eps, centre);
        let (m, r) = (T::of(mean), T::of(rstd));
        match (w.is_null(), b.is_null()) {
            (true, true) => (0..n).for_each(|i| y.add(i).write((x.add(i).read() - m) * r)),
            (false, true) => (0..n).for_each(|i| y.add(i).write((x.add(i).read() - m) * r * w.add(i).read())),
            (true, false) => (0..n).for_each(|i| y.add(i).write((x.add(i).read() - m) * r + b.add(i).read())),
            (false, false) => {
                (0..n).for_each(|i| y.add(i).write(((x.add(i).read() - m) * r).fma(w.add(i).read(), b.add(i).read())))
            }
        }
        (mean, rstd)
    }
}

/// The gradient of one row, and its part of the gradients of weight and bias, added to `sums`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn row_backward<L: Level, T: Float<L>>(
    n: usize,
    g: *const T,
    x: *const T,
    w: *const T,
    (mean, rstd): (T, T),
    centre: bool,
    gx: *mut T,
    [gw, gb]: [*mut T; 2],
) {
    // SAFETY: n elements of each that is not null.
    unsafe {
        let hat = |i: usize| (x.add(i).read() - mean) * rstd;
        if !gx.is_null() {
            let at = |i: usize| if w.is_null() { g.add(i).read() } else { g.add(i).read() * w.add(i).read() };
            let (a, b) = sums::<L, T>(n, |i| (at(i), at(i) * hat(i)));
            let a = T::of(if centre { a / n as f64 } else { 0.0 });
            let b = T::of(b / n as f64);
            for i in 0..n {
                gx.add(i).write((at(i) - a - hat(i) * b) * rstd);
            }
        }
        if !gw.is_null() {
            (0..n).for_each(|i| gw.add(i).write(gw.add(i).read() + g.add(i).read() * hat(i)));
        }
        if !gb.is_null() {
            (0..n).for_each(|i| gb.add(i).write(gb.add(i).read() + g.add(i).read()));
        }
    }
}

#[inline(always)]
unsafe fn line_affine<L: Level, T: Float<L>>(n: usize, x: *const T, g: *const T, [p, q, r]: [T; 3], y: *mut T) {
    // SAFETY: n elements of each that is not null.
    unsafe {
        if g.is_null() {
            (0..n).for_each(|i| y.add(i).write(x.add(i).read().fma(p, r)));
        } else {
            (0..n).for_each(|i| y.add(i).write(x.add(i).read().fma(p, g.add(i).read().fma(q, r))));
        }
    }
}
#[inline(always)]
unsafe fn columns_affine<L: Level, T: Float<L>>(
    n: usize,
    x: *const T,
    g: *const T,
    [p, q, r]: [*const T; 3],
    y: *mut T,
) {
    // SAFETY: n elements of each that is not null.
    unsafe {
        if g.is_null() {
            (0..n).for_each(|i| y.add(i).write(x.add(i).read().fma(p.add(i).read(), r.add(i).read())));
        } else {
            (0..n).for_each(|i| {
                let rest = g.add(i).read().fma(q.add(i).read(), r.add(i).read());
                y.add(i).write(x.add(i).read().fma(p.add(i).read(), rest))
            });
        }
    }
}
#[inline(always)]
unsafe fn line_sums<L: Level, T: Float<L>>(n: usize, g: *const T, x: *const T, mean: T) -> (f64, f64) {
    // SAFETY: n elements of each.
    unsafe { sums::<L, T>(n, |i| (g.add(i).read(), g.add(i).read() * (x.add(i).read() - mean))) }
}
/// Adds to the sums of each column over at most 64 rows.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn columns_sums<L: Level, T: Float<L>>(
    rows: usize,
    n: usize,
    g: *const T,
    x: *const T,
    mean: *const T,
    a: *mut f64,
    b: *mut f64,
) {
    let mut j = 0;
    // SAFETY: rows x n elements of both, n of the rest.
    unsafe {
        while j < n {
            let w = (n - j).min(LANES);
            let (mut s, mut t) = ([T::zero(); LANES], [T::zero(); LANES]);
            for r in 0..rows {
                let at = r * n + j;
                for l in 0..w {
                    let v = g.add(at + l).read();
                    s[l] = s[l] + v;
                    t[l] = t[l] + v * (x.add(at + l).read() - mean.add(j + l).read());
                }
            }
            for l in 0..w {
                a.add(j + l).write(a.add(j + l).read() + s[l].to_f64());
                b.add(j + l).write(b.add(j + l).read() + t[l].to_f64());
            }
            j += w;
        }
    }
}

crate::simd_kernel! {
    unsafe fn row_forward_f32<L>(n: usize, x: *const f32, wb: [*const f32; 2], eps: f64, centre: bool, y: *mut f32) -> (f64, f64) {
        // SAFETY: passed on.
        unsafe { row_forward::<L, f32>(n, x, wb, eps, centre, y) }
    }
    unsafe fn row_backward_f32<L>(n: usize, g: *const f32, x: *const f32, w: *const f32, s: (f32, f32), centre: bool, gx: *mut f32, to: [*mut f32; 2]) {
        // SAFETY: passed on.
        unsafe { row_backward::<L, f32>(n, g, x, w, s, centre, gx, to) }
    }
    unsafe fn line_affine_f32<L>(n: usize, x: *const f32, g: *const f32, c: [f32; 3], y: *mut f32) {
        // SAFETY: passed on.
        unsafe { line_affine::<L, f32>(n, x, g, c, y) }
    }
    unsafe fn columns_affine_f32<L>(n: usize, x: *const f32, g: *const f32, c: [*const f32; 3], y: *mut f32) {
        // SAFETY: passed on.
        unsafe { columns_affine::<L, f32>(n, x, g, c, y) }
    }
    unsafe fn line_sums_f32<L>(n: usize, g: *const f32, x: *const f32, mean: f32) -> (f64, f64) {
        // SAFETY: passed on.
        unsafe { line_sums::<L, f32>(n, g, x, mean) }
    }
    unsafe fn columns_sums_f32<L>(rows: usize, n: usize, g: *const f32, x: *const f32, mean: *const f32, a: *mut f64, b: *mut f64) {
        // SAFETY: passed on.
        unsafe { columns_sums::<L, f32>(rows, n, g, x, mean, a, b) }
    }
}

/// The loops of one float type.
///
/// # Safety
/// Of every method: each pointer that is not null is good for the elements that the counts say.
#[allow(clippy::missing_safety_doc)]
pub trait Norm: Copy + Default + Send + Sync + 'static {
    fn of(x: f64) -> Self;
    fn wide(self) -> f64;
    unsafe fn row_forward(
        n: usize,
        x: *const Self,
        wb: [*const Self; 2],
        eps: f64,
        centre: bool,
        y: *mut Self,
    ) -> (f64, f64);
    #[allow(clippy::too_many_arguments)]
    unsafe fn row_backward(
        n: usize,
        g: *const Self,
        x: *const Self,
        w: *const Self,
        s: (Self, Self),
        centre: bool,
        gx: *mut Self,
        to: [*mut Self; 2],
    );
    unsafe fn line_affine(n: usize, x: *const Self, g: *const Self, c: [Self; 3], y: *mut Self);
    unsafe fn columns_affine(n: usize, x: *const Self, g: *const Self, c: [*const Self; 3], y: *mut Self);
    unsafe fn line_sums(n: usize, g: *const Self, x: *const Self, mean: Self) -> (f64, f64);
    #[allow(clippy::too_many_arguments)]
    unsafe fn columns_sums(
        rows: usize,
        n: usize,
        g: *const Self,
        x: *const Self,
        mean: *const Self,
        a: *mut f64,
        b: *mut f64,
    );
}
macro_rules! norm {
    ($t:ty, $row_forward:path, $row_backward:path, $line_affine:path, $columns_affine:path, $line_sums:path, $columns_sums:path) => {
        // SAFETY: every method passes its contract on.
        impl Norm for $t {
            fn of(x: f64) -> $t {
                x as $t
            }
            fn wide(self) -> f64 {
                self as f64
            }
            unsafe fn row_forward(
                n: usize,
                x: *const $t,
                wb: [*const $t; 2],
                eps: f64,
                centre: bool,
                y: *mut $t,
            ) -> (f64, f64) {
                // SAFETY: passed on.
                unsafe { $row_forward(n, x, wb, eps, centre, y) }
            }
            unsafe fn row_backward(
                n: usize,
                g: *const $t,
                x: *const $t,
                w: *const $t,
                s: ($t, $t),
                centre: bool,
                gx: *mut $t,
                to: [*mut $t; 2],
            ) {
                // SAFETY: passed on.
                unsafe { $row_backward(n, g, x, w, s, centre, gx, to) }
            }
            unsafe fn line_affine(n: usize, x: *const $t, g: *const $t, c: [$t; 3], y: *mut $t) {
                // SAFETY: passed on.
                unsafe { $line_affine(n, x, g, c, y) }
            }
            unsafe fn columns_affine(n: usize, x: *const $t, g: *const $t, c: [*const $t; 3], y: *mut $t) {
                // SAFETY: passed on.
                unsafe { $columns_affine(n, x, g, c, y) }
            }
            unsafe fn line_sums(n: usize, g: *const $t, x: *const $t, mean: $t) -> (f64, f64) {
                // SAFETY: passed on.
                unsafe { $line_sums(n, g, x, mean) }
            }
            unsafe fn columns_sums(
                rows: usize,
                n: usize,
                g: *const $t,
                x: *const $t,
                mean: *const $t,
                a: *mut f64,
                b: *mut f64,
            ) {
                // SAFETY: passed on.
                unsafe { $columns_sums(rows, n, g, x, mean, a, b) }
            }
        }
    };
}
norm!(f32, row_forward_f32, row_backward_f32, line_affine_f32, columns_affine_f32, line_sums_f32, columns_sums_f32);
norm!(
    f64,
    row_forward::<Base, f64>,
    row_backward::<Base, f64>,
    line_affine::<Base, f64>,
    columns_affine::<Base, f64>,
    line_sums::<Base, f64>,
    columns_sums::<Base, f64>
);

fn pointer<T>(x: Option<&[T]>) -> *const T {
    x.map_or(std::ptr::null(), |x| x.as_ptr())
}

/// Layer norm (or RMS norm, without `centre`) of each row of `n` elements.
///
/// # Safety
/// `y` has room for as many elements as `x`, `mean` and `rstd` for one per row.
#[allow(clippy::too_many_arguments)]
pub unsafe fn layer_forward<T: Norm>(
    n: usize,
    x: &[T],
    w: Option<&[T]>,
    b: Option<&[T]>,
    eps: f64,
    centre: bool,
    y: *mut T,
    [mean, rstd]: [*mut T; 2],
) {
    let rows = x.len().checked_div(n).unwrap_or(0);
    let (y, mean, rstd) = (To(y), To(mean), To(rstd));
    let (y, mean, rstd) = (&y, &mean, &rstd);
    parallel_for(rows, (GRAIN / n.max(1)).max(1), &|range: Range<usize>| {
        for r in range {
            // SAFETY: rows are disjoint.
            unsafe {
                let row = x[r * n..(r + 1) * n].as_ptr();
                let (m, s) = T::row_forward(n, row, [pointer(w), pointer(b)], eps, centre, y.at(r * n));
                mean.at(r).write(T::of(m));
                rstd.at(r).write(T::of(s));
            }
        }
    });
}

/// The gradients of `layer_forward`; `gx` may be null, and sums are made for the weight and bias only where asked for.
///
/// # Safety
/// `gx`, where not null, has room for as many elements as `x`.
#[allow(clippy::too_many_arguments)]
pub unsafe fn layer_backward<T: Norm>(
    n: usize,
    g: &[T],
    x: &[T],
    w: Option<&[T]>,
    [mean, rstd]: [&[T]; 2],
    centre: bool,
    gx: *mut T,
    sums: [bool; 2],
) -> [Vec<T>; 2] {
    let rows = x.len().checked_div(n).unwrap_or(0);
    // At most 64 blocks, so that their partial sums stay small beside the rows.
    let block = rows.div_ceil(64).max((GRAIN / n.max(1)).max(1));
    let blocks = rows.div_ceil(block);
    let wanted = |k: usize| if sums[k] { vec![T::default(); blocks * n] } else { vec![] };
    let mut parts = [wanted(0), wanted(1)];
    let [gw, gb] = parts.each_mut().map(|p| To(p.as_mut_ptr()));
    let gx = To(gx);
    let (gx, gw, gb) = (&gx, &gw, &gb);
    parallel_for(rows, block, &|range: Range<usize>| {
        let at = range.start / block * n;
        let to = [
            if sums[0] { gw.at(at) } else { std::ptr::null_mut() },
            if sums[1] { gb.at(at) } else { std::ptr::null_mut() },
        ];
        for r in range {
            let (g, x) = (&g[r * n..(r + 1) * n], &x[r * n..(r + 1) * n]);
            let gx = if gx.0.is_null() { std::ptr::null_mut() } else { gx.at(r * n) };
            // SAFETY: rows are disjoint, and so are the blocks' sums.
            unsafe { T::row_backward(n, g.as_ptr(), x.as_ptr(), pointer(w), (mean[r], rstd[r]), centre, gx, to) };
        }
    });
    parts.map(|p| {
        let columns = if p.is_empty() { 0 } else { n };
        (0..columns).map(|j| T::of((0..blocks).map(|b| p[b * n + j].wide()).sum())).collect()
    })
}

/// The shape (outer, channels, inner) of a tensor whose channels are normalised.
#[derive(Debug, Clone, Copy)]
pub struct Channels {
    pub outer: usize,
    pub channels: usize,
    pub inner: usize,
}

/// `y = p x + q g + r` with one set of factors per line, a line being the elements of one channel of one instance;
/// line `i` has the factors `i % p.len()`.
///
/// # Safety
/// `y` has room for as many elements as `x`.
pub unsafe fn affine<T: Norm>(s: Channels, x: &[T], g: Option<&[T]>, factors: [&[T]; 3], y: *mut T) {
    let [p, q, r] = factors;
    let y = To(y);
    let y = &y;
    let factor = |v: &[T], i: usize| if v.is_empty() { T::default() } else { v[i] };
    if s.inner == 1 && p.len() == s.channels {
        let n = s.channels;
        parallel_for(s.outer, (GRAIN / n.max(1)).max(1), &|range: Range<usize>| {
            for o in range {
                let g = g.map_or(std::ptr::null(), |g| g[o * n..].as_ptr());
                let c = [p.as_ptr(), q.as_ptr(), r.as_ptr()];
                // SAFETY: rows are disjoint; q is there where g is.
                unsafe { T::columns_affine(n, x[o * n..(o + 1) * n].as_ptr(), g, c, y.at(o * n)) };
            }
        });
        return;
    }
    parallel_for(s.outer * s.channels, (GRAIN / s.inner.max(1)).max(1), &|range: Range<usize>| {
        for line in range {
            let (i, at) = (line % p.len(), line * s.inner);
            let g = g.map_or(std::ptr::null(), |g| g[at..].as_ptr());
            let c = [p[i], factor(q, i), factor(r, i)];
            // SAFETY: lines are disjoint.
            unsafe { T::line_affine(s.inner, x[at..at + s.inner].as_ptr(), g, c, y.at(at)) };
        }
    });
}

/// Sums of `g` and of `g (x - mean)` over each channel (`mean` has one per channel), or over each line (one per line).
pub fn channel_sums<T: Norm>(s: Channels, g: &[T], x: &[T], mean: &[T]) -> [Vec<f64>; 2] {
    const ROWS: usize = 64;
    let per_line = mean.len() != s.channels || s.outer == 1;
    if s.inner == 1 && !per_line {
        // Columns: blocks of rows, each with sums of its own.
        let n = s.channels;
        let block = s.outer.div_ceil(64).next_multiple_of(ROWS);
        let blocks = s.outer.div_ceil(block);
        let mut parts = [vec![0.0; blocks * n], vec![0.0; blocks * n]];
        let [a, b] = parts.each_mut().map(|p| To(p.as_mut_ptr()));
        let (a, b) = (&a, &b);
        parallel_for(s.outer, block, &|range: Range<usize>| {
            let to = range.start / block * n;
            for first in range.clone().step_by(ROWS) {
                let rows = (range.end - first).min(ROWS);
                let (g, x) = (g[first * n..].as_ptr(), x[first * n..].as_ptr());
                // SAFETY: blocks are disjoint.
                unsafe { T::columns_sums(rows, n, g, x, mean.as_ptr(), a.at(to), b.at(to)) };
            }
        });
        return parts.map(|p| (0..n).map(|c| (0..blocks).map(|k| p[k * n + c]).sum()).collect());
    }
    let lines = s.outer * s.channels;
    let mut parts = [vec![0.0; lines], vec![0.0; lines]];
    let [a, b] = parts.each_mut().map(|p| To(p.as_mut_ptr()));
    let (a, b) = (&a, &b);
    parallel_for(lines, (GRAIN / s.inner.max(1)).max(1), &|range: Range<usize>| {
        for line in range {
            let r = line * s.inner..(line + 1) * s.inner;
            // SAFETY: lines are disjoint.
            unsafe {
                let m = mean[line % mean.len()];
                let (u, v) = T::line_sums(s.inner, g[r.clone()].as_ptr(), x[r].as_ptr(), m);
                a.at(line).write(u);
                b.at(line).write(v);
            }
        }
    });
    if per_line {
        return parts;
    }
    parts.map(|p| (0..s.channels).map(|c| (0..s.outer).map(|o| p[o * s.channels + c]).sum()).collect())
}
