//! The place of the largest or smallest element along one dim: the first of equal ones; the first nan counts as both.
use super::along::{Along, To};
use super::parallel::parallel_for;
use std::ops::Range;

/// An ordered element. `better` decides strictly, so that the first of equal ones stays.
pub trait Ordered: Copy + Send + Sync + 'static {
    fn is_nan(self) -> bool;
    fn above(self, b: Self) -> bool;
}
macro_rules! ordered {
    ($($t:ty: |$x:ident| $nan:expr),*) => { $(
        impl Ordered for $t {
            #[inline(always)]
            fn is_nan(self) -> bool { let $x = self; $nan }
            #[inline(always)]
            fn above(self, b: Self) -> bool { self > b }
        }
    )* };
}
ordered!(i64: |_x| false, f32: |x| x.is_nan(), f64: |x| x.is_nan());

#[inline(always)]
fn better<T: Ordered, const MAX: bool>(x: T, best: T) -> bool {
    let ahead = if MAX { x.above(best) } else { best.above(x) };
    // not short-circuit, so that loops of it are vectorised
    (ahead | x.is_nan()) & !best.is_nan()
}

/// The best of a row and its place. Lanes find the value, a second look finds where it stands first.
#[inline(always)]
unsafe fn best_of_row<T: Ordered, const MAX: bool>(n: usize, x: *const T) -> (T, usize) {
    const W: usize = 32;
    // SAFETY: n > 0 elements may be read.
    unsafe {
        let at = |i: usize| x.add(i).read_unaligned();
        let mut best = at(0);
        if n >= W {
            let mut lanes: [T; W] = std::array::from_fn(at);
            let mut i = W;
            while i + W <= n {
                for (l, lane) in lanes.iter_mut().enumerate() {
                    let v = at(i + l);
                    *lane = if better::<T, MAX>(v, *lane) { v } else { *lane };
                }
                i += W;
            }
            for v in lanes {
                best = if better::<T, MAX>(v, best) { v } else { best };
            }
            for k in i..n {
                let v = at(k);
                best = if better::<T, MAX>(v, best) { v } else { best };
            }
        } else {
            let mut place = 0;
            for k in 1..n {
                let v = at(k);
                if better::<T, MAX>(v, best) {
                    (best, place) = (v, k);
                }
            }
            return (best, place);
        }
        // neither above nor below: equal, or both nan
        let same = |v: T| if best.is_nan() { v.is_nan() } else { !v.above(best) & !best.above(v) & !v.is_nan() };
        let mut i = 0;
        while i + W <= n {
            let mut found = false;
            for l in 0..W {
                found |= same(at(i + l));
            }
            if found {
                break;
            }
            i += W;
        }
        while i + 1 < n && !same(at(i)) {
            i += 1;
        }
        (best, i)
    }
}

#[inline(always)]
unsafe fn best_of_columns<T: Ordered, const MAX: bool>(
    rows: usize,
    n: usize,
    x: *const T,
    stride: usize,
    best: *mut T,
    place: *mut i64,
) {
    const W: usize = 32;
    let mut j = 0;
    // SAFETY: rows x n elements may be read, n results written; rows > 0.
    unsafe {
        while j < n {
            let w = (n - j).min(W);
            let mut lanes: [T; W] = [x.add(j).read_unaligned(); W];
            let mut places = [0i64; W];
            for (l, lane) in lanes.iter_mut().enumerate().take(w) {
                *lane = x.add(j + l).read_unaligned();
            }
            for r in 1..rows {
                let row = x.add(r * stride + j);
                if w == W {
                    for l in 0..W {
                        let v = row.add(l).read_unaligned();
                        let take = better::<T, MAX>(v, lanes[l]);
                        lanes[l] = if take { v } else { lanes[l] };
                        places[l] = if take { r as i64 } else { places[l] };
                    }
                } else {
                    for l in 0..w {
                        let v = row.add(l).read_unaligned();
                        if better::<T, MAX>(v, lanes[l]) {
                            (lanes[l], places[l]) = (v, r as i64);
                        }
                    }
                }
            }
            for l in 0..w {
                best.add(j + l).write_unaligned(lanes[l]);
                place.add(j + l).write_unaligned(places[l]);
            }
            j += w;
        }
    }
}

crate::simd_kernel! {
    unsafe fn row_f32<L; const MAX: bool>(n: usize, x: *const f32) -> (f32, usize) {
        // SAFETY: passed on.
        unsafe { best_of_row::<f32, MAX>(n, x) }
    }
    unsafe fn columns_f32<L; const MAX: bool>(rows: usize, n: usize, x: *const f32, stride: usize, best: *mut f32, place: *mut i64) {
        // SAFETY: passed on.
        unsafe { best_of_columns::<f32, MAX>(rows, n, x, stride, best, place) }
    }
}

/// The loops of one element type.
pub trait Best: Ordered {
    /// # Safety
    /// n > 0 elements may be read.
    unsafe fn row<const MAX: bool>(n: usize, x: *const Self) -> (Self, usize);
    /// # Safety
    /// `rows` > 0 rows of n elements may be read, n results written.
    unsafe fn columns<const MAX: bool>(
        rows: usize,
        n: usize,
        x: *const Self,
        stride: usize,
        best: *mut Self,
        place: *mut i64,
    );
}
impl Best for f32 {
    unsafe fn row<const MAX: bool>(n: usize, x: *const f32) -> (f32, usize) {
        // SAFETY: passed on.
        unsafe { row_f32::<MAX>(n, x) }
    }
    unsafe fn columns<const MAX: bool>(
        rows: usize,
        n: usize,
        x: *const f32,
        stride: usize,
        best: *mut f32,
        place: *mut i64,
    ) {
        // SAFETY: passed on.
        unsafe { columns_f32::<MAX>(rows, n, x, stride, best, place) }
    }
}
macro_rules! plain_best {
    ($($t:ty),*) => { $(
        impl Best for $t {
            unsafe fn row<const MAX: bool>(n: usize, x: *const $t) -> ($t, usize) {
                // SAFETY: passed on.
                unsafe { best_of_row::<$t, MAX>(n, x) }
            }
            unsafe fn columns<const MAX: bool>(rows: usize, n: usize, x: *const $t, stride: usize, best: *mut $t, place: *mut i64) {
                // SAFETY: passed on.
                unsafe { best_of_columns::<$t, MAX>(rows, n, x, stride, best, place) }
            }
        }
    )* };
}
plain_best!(i64, f64);

const TILE: usize = 512;
const SPLIT: usize = 65_536;

/// Best element and its place for each line of `x`, which has at least one element per line.
///
/// # Safety
/// `best` and `place` have room for one element per line.
pub unsafe fn best<T: Best, const MAX: bool>(a: Along, x: &[T], best: *mut T, place: *mut i64) {
    let (best, place) = (To(best), To(place));
    let (best, place) = (&best, &place);
    let write = |line: usize, (v, i): (T, usize)| {
        // SAFETY: one result per line.
        unsafe {
            best.at(line).write_unaligned(v);
            place.at(line).write_unaligned(i as i64);
        }
    };
    if a.inner == 1 && a.outer < 8 && a.n >= 2 * SPLIT {
        for line in 0..a.outer {
            write(line, best_of_long_row::<T, MAX>(&x[line * a.n..(line + 1) * a.n]));
        }
    } else if a.inner == 1 {
        // SAFETY: the line lies inside x.
        a.each_line(1, &|line| write(line, unsafe { T::row::<MAX>(a.n, x[line * a.n..(line + 1) * a.n].as_ptr()) }));
    } else {
        // SAFETY: one result per line.
        a.each_tile(TILE, 1, &|at, line, w| unsafe {
            T::columns::<MAX>(a.n, w, x[at..].as_ptr(), a.inner, best.at(line), place.at(line))
        });
    }
}

fn best_of_long_row<T: Best, const MAX: bool>(row: &[T]) -> (T, usize) {
    let mut parts = vec![(row[0], 0usize); row.len().div_ceil(SPLIT)];
    let to = To(parts.as_mut_ptr());
    let to = &to;
    parallel_for(row.len(), SPLIT, &|r: Range<usize>| {
        // SAFETY: each block has a part of its own.
        unsafe {
            let (v, i) = T::row::<MAX>(r.len(), row[r.clone()].as_ptr());
            to.at(r.start / SPLIT).write((v, r.start + i));
        }
    });
    let first = parts[0];
    parts.into_iter().fold(first, |m, p| if better::<T, MAX>(p.0, m.0) { p } else { m })
}
