//! Gather and scatter along one dim: moves, additions and reductions between each element and the place its index names.
use super::copy::Plus;
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::dtype::{C64, Class};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Elements that one block of a parallel loop moves.
const GRAIN: usize = 16_384;

/// How `scatter` joins what meets in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Sum,
    Prod,
    Max,
    Min,
}

/// Two values of a compute class joined; NaN wins over every maximum and minimum.
pub trait Joined: Plus + Copy {
    fn times(self, b: Self) -> Self;
    fn larger(self, b: Self) -> Self;
    fn smaller(self, b: Self) -> Self;
}
macro_rules! joined_floats {
    ($($t:ty),*) => { $(
        impl Joined for $t {
            fn times(self, b: Self) -> Self { self * b }
            fn larger(self, b: Self) -> Self { if self > b || self.is_nan() { self } else { b } }
            fn smaller(self, b: Self) -> Self { if self < b || self.is_nan() { self } else { b } }
        }
    )* };
}
joined_floats!(f32, f64);
impl Joined for i64 {
    fn times(self, b: Self) -> Self {
        self.wrapping_mul(b)
    }
    fn larger(self, b: Self) -> Self {
        self.max(b)
    }
    fn smaller(self, b: Self) -> Self {
        self.min(b)
    }
}
impl Joined for bool {
    fn times(self, b: Self) -> Self {
        self & b
    }
    fn larger(self, b: Self) -> Self {
        self | b
    }
    fn smaller(self, b: Self) -> Self {
        self & b
    }
}
impl Joined for C64 {
    fn times(self, b: Self) -> Self {
        self * b
    }
    // Complex numbers have no order: the op refuses them before it comes here.
    fn larger(self, _: Self) -> Self {
        self
    }
    fn smaller(self, _: Self) -> Self {
        self
    }
}

/// Gather and scatter along one dim: `index` (int64) names, for each of its elements, a place of `x` along `dim`.
pub struct Along<'a> {
    /// The index's shape, which `a`, `x` and `index` are walked in.
    pub shape: &'a [usize],
    pub dim: usize,
    pub index: Operand<'a>,
    pub a: Operand<'a>,
    pub x: Operand<'a>,
    /// The size of `x` along `dim`.
    pub size: usize,
}

/// Whether all of `n` indices lie in `0..size`. Without branches: the sign bit of the whole tells.
#[inline]
unsafe fn inside(n: usize, index: *const i64, step: usize, size: usize) -> bool {
    let last = size as i64 - 1;
    let mut signs = 0;
    for k in 0..n {
        // SAFETY: the caller gives n indices.
        let i = unsafe { index.add(k * step).read_unaligned() };
        signs |= i | last.wrapping_sub(i);
    }
    signs >= 0
}

/// `f(a[k], x[index[k]])` for `n` elements in order; steps in elements, `sx` that along the indexed dim.
#[inline(always)]
unsafe fn row<T>(
    n: usize,
    [index, step]: [usize; 2],
    [a, sa]: [usize; 2],
    [x, tx, sx]: [usize; 3],
    f: &impl Fn(*mut T, *mut T),
) {
    let (index, a, x) = (index as *const i64, a as *mut T, x as *mut T);
    // SAFETY: the caller's places are good for n elements, and the indices were checked.
    unsafe {
        let place = |k: usize, step: usize| index.add(k * step).read_unaligned() as usize;
        match (step, sa, tx, sx) {
            (1, 1, 0, 1) => (0..n).for_each(|k| f(a.wrapping_add(k), x.wrapping_add(place(k, 1)))),
            (1, 0, 0, 1) => (0..n).for_each(|k| f(a, x.wrapping_add(place(k, 1)))),
            (1, 1, 1, _) => (0..n).for_each(|k| f(a.wrapping_add(k), x.wrapping_add(k + place(k, 1) * sx))),
            _ => (0..n).for_each(|k| f(a.wrapping_add(k * sa), x.wrapping_add(k * tx + place(k, step) * sx))),
        }
    }
}

impl Along<'_> {
    /// The first index that lies outside `x`.
    ///
    /// # Safety
    /// The index's memory must be good for what its strides reach.
    pub unsafe fn out_of_bounds(&self) -> Option<i64> {
        if self.shape.contains(&0) {
            return None;
        }
        let walk = Walk::new(self.shape, [self.index.strides], [self.index.offset]);
        let bad = AtomicBool::new(false);
        let check = |range: Range<usize>| {
            walk.run(range, |[at], n, [step]| {
                // SAFETY: as the caller says.
                if !unsafe { inside(n, self.index.ptr.cast::<i64>().add(at), step, self.size) } {
                    bad.store(true, Ordering::Relaxed);
                }
            })
        };
        let n = walk.numel();
        parallel_for(n, GRAIN, &check);
        if !bad.into_inner() {
            return None;
        }
        let mut first = None;
        walk.run(0..n, |[at], n, [step]| {
            for k in 0..n {
                // SAFETY: as the caller says.
                let i = unsafe { self.index.ptr.cast::<i64>().add(at + k * step).read_unaligned() };
                if i < 0 || i as usize >= self.size {
                    first.get_or_insert(i);
                }
            }
        });
        first
    }

    /// Calls `f` with the pointers of each pair (a, x), in order along `dim`; other dims are split between threads.
    /// Rows in which an index lies outside are left out, and the result is whether there was none.
    ///
    /// # Safety
    /// Memories as in `Rows::get`, of elements like T.
    unsafe fn each<T>(&self, f: impl Fn(*mut T, *mut T) + Sync) -> bool {
        let without = |s: &[usize]| -> crate::layout::Dims {
            s.iter().enumerate().filter(|(d, _)| *d != self.dim).map(|(_, &s)| s).collect()
        };
        let shape = without(self.shape);
        let along = self.shape.get(self.dim).copied().unwrap_or(1);
        if along == 0 || shape.contains(&0) {
            return true;
        }
        let step_of = |o: &Operand| o.strides.get(self.dim).copied().unwrap_or(0);
        let (si, sa, sx) = (step_of(&self.index), step_of(&self.a), step_of(&self.x));
        let (i, a, x) = (without(self.index.strides), without(self.a.strides), without(self.x.strides));
        let walk = Walk::new(&shape, [&i, &a, &x], [self.index.offset, self.a.offset, self.x.offset]);
        let bad = AtomicBool::new(false);
        let size = size_of::<T>();
        let at = |o: &Operand, size: usize, element: usize| o.ptr as usize + element * size;
        let one = |n: usize, [i, ti]: [usize; 2], a: [usize; 2], [x, tx]: [usize; 2]| {
            let index = at(&self.index, 8, i);
            // SAFETY: as the caller says, and no index is used unchecked.
            unsafe {
                if !inside(n, index as *const i64, ti, self.size) {
                    return bad.store(true, Ordering::Relaxed);
                }
                row(n, [index, ti], [at(&self.a, size, a[0]), a[1]], [at(&self.x, size, x), tx, sx], &f)
            }
        };
        let run = |range| {
            walk.run(range, |[i, a, x], n, [ti, ta, tx]| {
                if ti <= si {
                    (0..along).for_each(|d| one(n, [i + d * si, ti], [a + d * sa, ta], [x, tx]));
                } else {
                    (0..n).for_each(|k| one(along, [i + k * ti, si], [a + k * ta, sa], [x + k * tx, 0]));
                }
            })
        };
        // Rows across `dim` are long enough to be worth their start.
        let least = if walk.steps[0] <= si { 64 } else { 1 };
        let (n, grain) = (walk.numel(), (GRAIN / along).max(least));
        parallel_for(n, grain, &run);
        !bad.into_inner()
    }

    /// `a[i] = x[index[i]]`; false if an index lies outside, and then not all of `a` is written.
    ///
    /// # Safety
    /// As for `each`; equal dtypes.
    pub unsafe fn gather(&self) -> bool {
        // SAFETY: as the caller says.
        dispatch!(word self.x.dtype.size(), T => unsafe {
            self.each::<T>(|a, x| a.write_unaligned(x.read_unaligned()))
        })
    }
    /// `x[index[i]] = a[i]`; the last write along `dim` stays. False as for `gather`.
    ///
    /// # Safety
    /// As for `each`; equal dtypes.
    pub unsafe fn scatter(&self) -> bool {
        // SAFETY: as the caller says.
        dispatch!(word self.x.dtype.size(), T => unsafe {
            self.each::<T>(|a, x| x.write_unaligned(a.read_unaligned()))
        })
    }
    /// `x[index[i]] = join(x[index[i]], a[i])`; false as for `gather`.
    ///
    /// # Safety
    /// As for `each`; both operands are of a class's own dtype, the same.
    pub unsafe fn scatter_join(&self, join: Join) -> bool {
        // SAFETY: as the caller says.
        unsafe {
            match self.x.dtype.class() {
                Class::Bool => self.join::<bool>(join),
                Class::I64 => self.join::<i64>(join),
                Class::F32 => self.join::<f32>(join),
                Class::F64 => self.join::<f64>(join),
                Class::C128 => self.join::<C64>(join),
            }
        }
    }
    unsafe fn join<T: Joined + Sync>(&self, join: Join) -> bool {
        // SAFETY: as the caller of `scatter_join` says.
        unsafe {
            let two = |a: *mut T, x: *mut T| (x.read_unaligned(), a.read_unaligned());
            match join {
                Join::Sum => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.write_unaligned(u.plus(v))
                }),
                Join::Prod => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.write_unaligned(u.times(v))
                }),
                Join::Max => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.write_unaligned(u.larger(v))
                }),
                Join::Min => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.write_unaligned(u.smaller(v))
                }),
            }
        }
    }
}
