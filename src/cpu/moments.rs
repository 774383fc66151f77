//! Mean and sum of squared deviations over any dims, as one reduction: each result is the pair (mean, M2) as a complex.
//!
//! A run of elements is read twice while it is in the cache, once for its mean and once for the deviations from it; runs
//! are joined by the formula of Chan, Golub and LeVeque (1979). So neither a large mean nor many elements cost precision.
use super::reduce::Reducer;
use crate::dtype::{C64, Class};

#[derive(Clone, Copy)]
struct Moments {
    n: f64,
    mean: f64,
    m2: f64,
}

impl Moments {
    const NONE: Moments = Moments { n: 0.0, mean: 0.0, m2: 0.0 };
    #[inline(always)]
    fn meet(self, b: Moments) -> Moments {
        if self.n == 0.0 {
            return b;
        }
        let n = self.n + b.n;
        let d = b.mean - self.mean;
        let share = b.n / n;
        Moments { n, mean: self.mean + d * share, m2: self.m2 + b.m2 + d * d * self.n * share }
    }
}

/// A real float that moments are taken of.
trait Real: Copy + 'static {
    const CLASS: Class;
    fn of(x: f64) -> Self;
    fn wide(self) -> f64;
    fn plus(self, b: Self) -> Self;
    fn minus(self, b: Self) -> Self;
    fn square(self) -> Self;
}
macro_rules! real {
    ($($t:ident $class:ident),*) => { $(
        impl Real for $t {
            const CLASS: Class = Class::$class;
            #[inline(always)]
            fn of(x: f64) -> Self { x as $t }
            #[inline(always)]
            fn wide(self) -> f64 { self as f64 }
            #[inline(always)]
            fn plus(self, b: Self) -> Self { self + b }
            #[inline(always)]
            fn minus(self, b: Self) -> Self { self - b }
            #[inline(always)]
            fn square(self) -> Self { self * self }
        }
    )* };
}
real!(f32 F32, f64 F64);

const RUN: usize = 2048;
const LANES: usize = 32;
const ROWS: usize = 64;

/// Sum of `f(x)` over at most RUN elements, in lanes.
#[inline(always)]
unsafe fn total<T: Real>(n: usize, x: *const T, f: impl Fn(T) -> T) -> f64 {
    let mut lanes = [T::of(0.0); LANES];
    let mut i = 0;
    // SAFETY: n elements may be read.
    unsafe {
        while i + LANES <= n {
            for (l, lane) in lanes.iter_mut().enumerate() {
                *lane = lane.plus(f(x.add(i + l).read_unaligned()));
            }
            i += LANES;
        }
        for (l, lane) in lanes.iter_mut().enumerate().take(n - i) {
            *lane = lane.plus(f(x.add(i + l).read_unaligned()));
        }
    }
    let mut sums = lanes.map(T::wide);
    let mut w = LANES;
    while w > 1 {
        w /= 2;
        for l in 0..w {
            sums[l] += sums[l + w];
        }
    }
    sums[0]
}

/// The moments of at most RUN elements. The mean is rounded to the element's type for the second pass, and what that
/// takes away is put back.
#[inline(always)]
unsafe fn run<T: Real>(n: usize, x: *const T) -> Moments {
    // SAFETY: passed on.
    unsafe {
        let count = n as f64;
        let mean = total(n, x, |v| v) / count;
        let near = T::of(mean);
        let lost = mean - near.wide();
        let m2 = total(n, x, |v| v.minus(near).square()) - count * lost * lost;
        Moments { n: count, mean, m2: if m2 < 0.0 { 0.0 } else { m2 } }
    }
}

#[inline(always)]
unsafe fn moment_rows<T: Real>(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    let (x, acc) = (x.cast::<T>(), acc.cast::<Moments>());
    for k in 0..count {
        // SAFETY: as the driver hands out; see `Reducer::rows`.
        unsafe {
            let mut all = acc.add(k).read();
            let mut i = 0;
            while i < n {
                let m = (n - i).min(RUN);
                all = all.meet(run::<T>(m, x.add(k * stride + i)));
                i += m;
            }
            acc.add(k).write(all);
        }
    }
}

#[inline(always)]
unsafe fn moment_tile<T: Real, const W: usize>(rows: usize, x: *const T, stride: usize, acc: *mut Moments) {
    let mut i = 0;
    while i < rows {
        let m = (rows - i).min(ROWS);
        // SAFETY: as the driver hands out; see `Reducer::columns`.
        let at = |r: usize, l: usize| unsafe { x.add((i + r) * stride + l).read_unaligned() };
        let (mut sums, mut squares) = ([T::of(0.0); W], [T::of(0.0); W]);
        for r in 0..m {
            for (l, s) in sums.iter_mut().enumerate() {
                *s = s.plus(at(r, l));
            }
        }
        let near = sums.map(|s| T::of(s.wide() / m as f64));
        for r in 0..m {
            for (l, s) in squares.iter_mut().enumerate() {
                *s = s.plus(at(r, l).minus(near[l]).square());
            }
        }
        for l in 0..W {
            let mean = sums[l].wide() / m as f64;
            let lost = mean - near[l].wide();
            let m2 = squares[l].wide() - m as f64 * lost * lost;
            let part = Moments { n: m as f64, mean, m2: if m2 < 0.0 { 0.0 } else { m2 } };
            // SAFETY: as above.
            unsafe { acc.add(l).write(acc.add(l).read().meet(part)) };
        }
        i += m;
    }
}

#[inline(always)]
unsafe fn moment_columns<T: Real>(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    let (x, acc) = (x.cast::<T>(), acc.cast::<Moments>());
    let mut j = 0;
    // SAFETY: as the driver hands out; see `Reducer::columns`.
    unsafe {
        while j + LANES <= n {
            moment_tile::<T, LANES>(rows, x.add(j), stride, acc.add(j));
            j += LANES;
        }
        while j < n {
            moment_tile::<T, 1>(rows, x.add(j), stride, acc.add(j));
            j += 1;
        }
    }
}

crate::simd_kernel! {
    unsafe fn rows_f32<L>(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
        // SAFETY: passed on.
        unsafe { moment_rows::<f32>(count, n, x, stride, acc) }
    }
    unsafe fn columns_f32<L>(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
        // SAFETY: passed on.
        unsafe { moment_columns::<f32>(rows, n, x, stride, acc) }
    }
}
unsafe fn rows_f64(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    // SAFETY: passed on.
    unsafe { moment_rows::<f64>(count, n, x, stride, acc) }
}
unsafe fn columns_f64(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    // SAFETY: passed on.
    unsafe { moment_columns::<f64>(rows, n, x, stride, acc) }
}
unsafe fn start(n: usize, acc: *mut u8) {
    for i in 0..n {
        // SAFETY: n accumulators may be written.
        unsafe { acc.cast::<Moments>().add(i).write(Moments::NONE) };
    }
}
unsafe fn join(n: usize, acc: *mut u8, later: *const u8) {
    let (acc, later) = (acc.cast::<Moments>(), later.cast::<Moments>());
    for i in 0..n {
        // SAFETY: n accumulators on both sides.
        unsafe {
            let b = later.add(i).read();
            if b.n > 0.0 {
                acc.add(i).write(acc.add(i).read().meet(b));
            }
        }
    }
}
unsafe fn finish(n: usize, acc: *const u8, _divisor: f64, out: *mut u8) {
    for i in 0..n {
        // SAFETY: n accumulators, and room for n results.
        unsafe {
            let m = acc.cast::<Moments>().add(i).read();
            let mean = if m.n == 0.0 { f64::NAN } else { m.mean };
            out.cast::<C64>().add(i).write_unaligned(C64::new(mean, m.m2));
        }
    }
}

const fn reducer<T: Real>(
    rows: unsafe fn(usize, usize, *const u8, usize, *mut u8),
    columns: unsafe fn(usize, usize, *const u8, usize, *mut u8),
) -> Reducer {
    let size = size_of::<Moments>();
    Reducer { kind: None, class: T::CLASS, out: Class::C128, size, start, rows, columns, join, finish }
}

pub const F32: Reducer = reducer::<f32>(rows_f32, columns_f32);
pub const F64: Reducer = reducer::<f64>(rows_f64, columns_f64);
