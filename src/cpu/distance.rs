//! Distances between all pairs of rows of two matrices, by any p-norm, and their gradients.
use super::along::To;
use super::parallel::parallel_for;
use std::ops::Range;

/// Shapes of a batch: `p` rows and `r` rows of `m` elements each.
#[derive(Debug, Clone, Copy)]
pub struct Pairs {
    pub batch: usize,
    pub p: usize,
    pub r: usize,
    pub m: usize,
}

const GRAIN: usize = 16_384;

pub trait Real: Copy + Send + Sync + 'static {
    fn wide(self) -> f64;
    fn narrow(x: f64) -> Self;
    /// Sum of f of differences in lanes of the type.
    fn fold(a: &[Self], b: &[Self], norm: f64) -> f64;
}
macro_rules! real {
    ($($t:ty),*) => { $(
        impl Real for $t {
            fn wide(self) -> f64 { self as f64 }
            fn narrow(x: f64) -> $t { x as $t }
            #[inline]
            fn fold(a: &[$t], b: &[$t], norm: f64) -> f64 {
                const W: usize = 16;
                let mut lanes = [0.0 as $t; W];
                // Whole groups first, so that the loops are vectorised.
                macro_rules! lanes {
                    (|$l:ident, $d:ident| $e:expr) => {{
                        let (ac, bc) = (a.chunks_exact(W), b.chunks_exact(W));
                        let (ar, br) = (ac.remainder(), bc.remainder());
                        for (x, y) in ac.zip(bc) {
                            for k in 0..W {
                                let ($l, $d) = (lanes[k], (x[k] - y[k]).abs());
                                lanes[k] = $e;
                            }
                        }
                        for (k, (x, y)) in ar.iter().zip(br).enumerate() {
                            let ($l, $d) = (lanes[k], (x - y).abs());
                            lanes[k] = $e;
                        }
                    }};
                }
                if norm == 2.0 {
                    lanes!(|l, d| l + d * d);
                } else if norm == 1.0 {
                    lanes!(|l, d| l + d);
                } else if norm == 0.0 {
                    lanes!(|l, d| l + if d == 0.0 { 0.0 } else { 1.0 });
                } else if norm.is_infinite() {
                    lanes!(|l, d| if d > l || d.is_nan() { d } else { l });
                    return lanes.into_iter().fold(0.0, |m: f64, v| if v.is_nan() || v as f64 > m { v as f64 } else { m });
                } else {
                    lanes!(|l, d| l + (d as f64).powf(norm) as $t);
                }
                lanes.into_iter().map(|v| v as f64).sum()
            }
        }
    )* };
}
real!(f32, f64);

/// The distance of every row of `a` to every row of `b`.
///
/// # Safety
/// `y` has room for `batch * p * r` elements.
pub unsafe fn forward<T: Real>(s: Pairs, norm: f64, a: &[T], b: &[T], y: *mut T) {
    let y = To(y);
    let y = &y;
    parallel_for(s.batch * s.p, (GRAIN / (s.r * s.m).max(1)).max(1), &|range: Range<usize>| {
        for row in range {
            let x = &a[row * s.m..(row + 1) * s.m];
            for j in 0..s.r {
                let from = (row / s.p * s.r + j) * s.m;
                let total = T::fold(x, &b[from..from + s.m], norm);
                let d = match norm {
                    2.0 => total.sqrt(),
                    0.0 | 1.0 => total,
                    n if n.is_infinite() => total,
                    n => total.powf(1.0 / n),
                };
                // SAFETY: every pair has a place of its own.
                unsafe { y.at(row * s.r + j).write(T::narrow(d)) };
            }
        }
    });
}

/// The gradient of the rows of `a`: of each pair, `g` times the slope of its distance; 0 where the distance is.
/// `across` swaps the roles: then `a` are the second rows of the pairs.
///
/// # Safety
/// `ga` has room for as many elements as `a`.
#[allow(clippy::too_many_arguments)]
pub unsafe fn backward<T: Real>(s: Pairs, norm: f64, across: bool, a: &[T], b: &[T], g: &[T], y: &[T], ga: *mut T) {
    let ga = To(ga);
    let ga = &ga;
    let (rows, others) = if across { (s.r, s.p) } else { (s.p, s.r) };
    parallel_for(s.batch * rows, (GRAIN / (others * s.m).max(1)).max(1), &|range: Range<usize>| {
        for row in range {
            let (batch, i) = (row / rows, row % rows);
            let x = &a[row * s.m..(row + 1) * s.m];
            let mut sums = vec![0.0f64; s.m];
            for j in 0..others {
                let pair = if across { (batch * s.p + j) * s.r + i } else { (batch * s.p + i) * s.r + j };
                let from = (batch * others + j) * s.m;
                let (g, d) = (g[pair].wide(), y[pair].wide());
                if d == 0.0 || g == 0.0 {
                    continue;
                }
                for (k, sum) in sums.iter_mut().enumerate() {
                    let diff = x[k].wide() - b[from + k].wide();
                    let sign = if diff > 0.0 {
                        1.0
                    } else if diff < 0.0 {
                        -1.0
                    } else {
                        0.0
                    };
                    *sum += g * match norm {
                        2.0 => diff / d,
                        1.0 => sign,
                        0.0 => 0.0,
                        n if n.is_infinite() => {
                            // Rounded as the distance was.
                            if T::narrow(diff.abs()).wide() == d { sign } else { 0.0 }
                        }
                        n if diff == 0.0 && n < 2.0 => 0.0,
                        n => sign * (diff.abs() / d).powf(n - 1.0),
                    };
                }
            }
            for (k, v) in sums.into_iter().enumerate() {
                // SAFETY: rows are disjoint.
                unsafe { ga.at(row * s.m + k).write(T::narrow(v)) };
            }
        }
    });
}
