//! Cross entropy of rows of scores with class targets: log-softmax and the choice of the class in one pass each way.
use super::along::To;
use super::parallel::parallel_for;
use super::simd::{Base, Level};
use super::softmax::Softmax;
use crate::cpu::float::Float;
use std::ops::Range;

const GRAIN: usize = 8192;

/// `y = e^(x - m - log) * scale`: a row of the softmax, scaled.
#[inline(always)]
unsafe fn scaled_row<L: Level, T: Float<L>>(n: usize, x: *const T, [m, log, scale]: [T; 3], y: *mut T) {
    // SAFETY: n elements of both.
    unsafe { (0..n).for_each(|i| y.add(i).write((x.add(i).read() - m - log).exp() * scale)) }
}
crate::simd_kernel! {
    unsafe fn scaled_row_f32<L>(n: usize, x: *const f32, c: [f32; 3], y: *mut f32) {
        // SAFETY: passed on.
        unsafe { scaled_row::<L, f32>(n, x, c, y) }
    }
}

pub trait Scores: Softmax + PartialEq {
    fn narrow(x: f64) -> Self;
    fn wide(self) -> f64;
    /// # Safety
    /// n elements may be read and written.
    unsafe fn scaled(n: usize, x: *const Self, c: [Self; 3], y: *mut Self);
}
impl Scores for f32 {
    fn narrow(x: f64) -> f32 {
        x as f32
    }
    fn wide(self) -> f64 {
        self as f64
    }
    unsafe fn scaled(n: usize, x: *const f32, c: [f32; 3], y: *mut f32) {
        // SAFETY: passed on.
        unsafe { scaled_row_f32(n, x, c, y) }
    }
}
impl Scores for f64 {
    fn narrow(x: f64) -> f64 {
        x
    }
    fn wide(self) -> f64 {
        self
    }
    unsafe fn scaled(n: usize, x: *const f64, c: [f64; 3], y: *mut f64) {
        // SAFETY: passed on.
        unsafe { scaled_row::<Base, f64>(n, x, c, y) }
    }
}

/// For each row of `n` scores: minus the log-probability of its class, its largest score, and the logarithm of the sum
/// of exponentials relative to that. Classes are below `n`; a row with a negative one is left out (all three are 0).
pub fn forward<T: Scores>(n: usize, x: &[T], classes: &[i64]) -> Vec<[T; 3]> {
    let mut out = vec![[T::narrow(0.0); 3]; classes.len()];
    let to = To(out.as_mut_ptr());
    let to = &to;
    parallel_for(classes.len(), (GRAIN / n.max(1)).max(1), &|range: Range<usize>| {
        for r in range {
            let Ok(class) = usize::try_from(classes[r]) else { continue };
            let row = &x[r * n..(r + 1) * n];
            // SAFETY: the row has n scores; each row has a place of its own.
            unsafe {
                let (m, log) = T::log_sum(n, row.as_ptr());
                let loss = log - (row[class].wide() - m.wide());
                to.at(r).write([T::narrow(loss), m, T::narrow(log)]);
            }
        }
    });
    out
}

/// The gradient of each row: (softmax - the class's one) times the row's factor.
///
/// # Safety
/// `gx` has room for as many elements as `x`.
pub unsafe fn backward<T: Scores>(n: usize, x: &[T], classes: &[i64], stats: &[[T; 3]], factors: &[T], gx: *mut T) {
    let gx = To(gx);
    let gx = &gx;
    parallel_for(classes.len(), (GRAIN / n.max(1)).max(1), &|range: Range<usize>| {
        for r in range {
            let [_, m, log] = stats[r];
            // SAFETY: rows are disjoint.
            unsafe {
                let to = gx.at(r * n);
                match usize::try_from(classes[r]) {
                    Ok(class) => {
                        T::scaled(n, x[r * n..(r + 1) * n].as_ptr(), [m, log, factors[r]], to);
                        let one = to.add(class);
                        one.write(T::narrow(one.read().wide() - factors[r].wide()));
                    }
                    Err(_) => (0..n).for_each(|i| to.add(i).write(T::narrow(0.0))),
                }
            }
        }
    });
}
