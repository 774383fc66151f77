//! Moves, additions and reductions at indexed places: rows at computed offsets, gather and scatter along a dim.
//!
//! Indices become offsets (in elements) before anything moves, so a bad index is found before the first write. What is
//! only moved is moved by the size of its elements, whatever the dtype; what is added is computed in its class.
use super::convert::{load, move_words, store};
use super::copy::Plus;
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::dtype::{C64, Class, DType};

/// Elements that one block of a parallel loop moves.
const GRAIN: usize = 16_384;
/// Elements of a row that are converted at once.
const BLOCK: usize = 128;

/// Blocks of `x` at computed places, each beside its partner in `a`.
///
/// The walk covers `shape`: the dims before the index, and the index's own. `at` gives offsets into `x`; it has a stride
/// (0 or not) for each walked dim, as `a` and `x` have. Behind every place lies a block of shape `block`.
pub struct Rows<'a> {
    pub shape: &'a [usize],
    pub at: &'a [usize],
    pub at_strides: &'a [usize],
    pub a: Operand<'a>,
    pub x: Operand<'a>,
    pub block: &'a [usize],
    pub block_a: &'a [usize],
    pub block_x: &'a [usize],
}

impl Rows<'_> {
    fn walks(&self) -> (Walk<3>, Walk<2>) {
        // The offsets come first, so that the places are visited in the order of the index.
        let places =
            Walk::new(self.shape, [self.at_strides, self.a.strides, self.x.strides], [0, self.a.offset, self.x.offset]);
        (places, Walk::new(self.block, [self.block_a, self.block_x], [0, 0]))
    }

    /// `a = x[at]`, on several threads.
    ///
    /// # Safety
    /// Both memories must be good for what strides and offsets reach; `a` may not overlap `x`. The dtypes must be equal.
    pub unsafe fn get(&self) {
        let (places, block) = self.walks();
        let (n, m) = (places.numel(), block.numel());
        if n * m == 0 || self.shape.contains(&0) || self.block.contains(&0) {
            return;
        }
        let run = |range| {
            dispatch!(word self.x.dtype.size(), T => {
                places.run(range, |[p, a, x], n, [sp, sa, sx]| {
                    if m == 1 {
                        let (dst, src) = (self.a.at(a).cast::<T>(), self.x.at(x).cast::<T>());
                        for k in 0..n {
                            // SAFETY: as the caller says.
                            unsafe { dst.add(k * sa).write_unaligned(src.add(k * sx + self.at[p + k * sp]).read_unaligned()) };
                        }
                        return;
                    }
                    for k in 0..n {
                        let (a, x) = (a + k * sa, x + k * sx + self.at[p + k * sp]);
                        block.run(0..m, |[ba, bx], n, [to, from]| {
                            // SAFETY: as the caller says.
                            unsafe { move_words(size_of::<T>(), n, self.x.at(x + bx), from, self.a.at(a + ba), to) }
                        });
                    }
                })
            })
        };
        let grain = (GRAIN / m).max(1);
        if n <= grain { run(0..n) } else { parallel_for(n, grain, &run) }
    }

    /// `x[at] = a`; of several writes to one place the last in the order of the index stays.
    ///
    /// # Safety
    /// As for `get`.
    pub unsafe fn put(&self) {
        let (places, block) = self.walks();
        self.blocks(&block, |range| {
            dispatch!(word self.x.dtype.size(), T => {
                places.run(0..places.numel(), |[p, a, x], n, [sp, sa, sx]| {
                    if block.numel() == 1 {
                        let (dst, src) = (self.x.at(x).cast::<T>(), self.a.at(a).cast::<T>());
                        for k in 0..n {
                            // SAFETY: as the caller says.
                            unsafe { dst.add(k * sx + self.at[p + k * sp]).write_unaligned(src.add(k * sa).read_unaligned()) };
                        }
                        return;
                    }
                    for k in 0..n {
                        let (a, x) = (a + k * sa, x + k * sx + self.at[p + k * sp]);
                        block.run(range.clone(), |[ba, bx], n, [from, to]| {
                            // SAFETY: as the caller says.
                            unsafe { move_words(size_of::<T>(), n, self.a.at(a + ba), from, self.x.at(x + bx), to) }
                        });
                    }
                })
            })
        });
    }

    /// `x[at] += a`, in the order of the index.
    ///
    /// # Safety
    /// As for `get`.
    pub unsafe fn add(&self) {
        let (places, block) = self.walks();
        let direct = self.x.dtype.class().dtype() == self.x.dtype;
        self.blocks(&block, |range| {
            dispatch!(class self.x.dtype.class(), T => {
                places.run(0..places.numel(), |[p, a, x], n, [sp, sa, sx]| {
                    if direct && block.numel() == 1 {
                        let (dst, src) = (self.x.at(x).cast::<T>(), self.a.at(a).cast::<T>());
                        for k in 0..n {
                            // SAFETY: as the caller says.
                            unsafe {
                                let d = dst.add(k * sx + self.at[p + k * sp]);
                                d.write_unaligned(d.read_unaligned().plus(src.add(k * sa).read_unaligned()));
                            }
                        }
                        return;
                    }
                    for k in 0..n {
                        let (a, x) = (a + k * sa, x + k * sx + self.at[p + k * sp]);
                        block.run(range.clone(), |[ba, bx], n, [from, to]| {
                            // SAFETY: as the caller says.
                            unsafe { add_row::<T>(self.x.dtype, n, self.a.at(a + ba), from, self.x.at(x + bx), to) }
                        });
                    }
                })
            })
        });
    }

    /// Writes that may meet in one place are not split by place but, where blocks are large, across the blocks.
    fn blocks(&self, block: &Walk<2>, run: impl Fn(std::ops::Range<usize>) + Sync) {
        let (n, m) = (self.shape.iter().product::<usize>(), block.numel());
        if n == 0 || self.block.contains(&0) {
            return;
        }
        let grain = (GRAIN / n).max(64);
        if m <= grain { run(0..m) } else { parallel_for(m, grain, &run) }
    }
}

/// `x += a` for one row of `dtype`, whose class is that of T.
unsafe fn add_row<T: Plus + Copy + Default>(dtype: DType, n: usize, a: *const u8, from: usize, x: *mut u8, to: usize) {
    let class = dtype.class();
    // SAFETY: the caller's rows are good for n elements at these steps; blocks hold BLOCK elements of the class.
    unsafe {
        if class.dtype() == dtype {
            let (a, x) = (a.cast::<T>(), x.cast::<T>());
            if from == 1 && to == 1 {
                for i in 0..n {
                    x.add(i).write_unaligned(x.add(i).read_unaligned().plus(a.add(i).read_unaligned()));
                }
            } else {
                for i in 0..n {
                    let d = x.add(i * to);
                    d.write_unaligned(d.read_unaligned().plus(a.add(i * from).read_unaligned()));
                }
            }
            return;
        }
        let (mut u, mut v) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        let size = dtype.size();
        let mut i = 0;
        while i < n {
            let m = (n - i).min(BLOCK);
            load(dtype, class, m, x.add(i * to * size), to, u.as_mut_ptr().cast());
            load(dtype, class, m, a.add(i * from * size), from, v.as_mut_ptr().cast());
            for k in 0..m {
                u[k] = u[k].plus(v[k]);
            }
            store(class, dtype, m, u.as_ptr().cast(), x.add(i * to * size), to);
            i += m;
        }
    }
}

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

impl Along<'_> {
    /// The first index that lies outside `x`.
    ///
    /// # Safety
    /// The index's memory must be good for what its strides reach.
    pub unsafe fn out_of_bounds(&self) -> Option<i64> {
        let walk = Walk::new(self.shape, [self.index.strides], [self.index.offset]);
        let mut bad = None;
        if !self.shape.contains(&0) {
            walk.run(0..walk.numel(), |[at], n, [step]| {
                let index = self.index.at(at).cast::<i64>();
                for k in 0..n {
                    // SAFETY: as the caller says.
                    let i = unsafe { index.add(k * step).read_unaligned() };
                    if i < 0 || i as usize >= self.size {
                        bad.get_or_insert(i);
                    }
                }
            });
        }
        bad
    }

    /// Calls `f` with the pointers of each pair (a, x), in order along `dim`; other dims are split between threads.
    ///
    /// # Safety
    /// Every index must lie inside; memories as in `Rows::get`.
    unsafe fn each(&self, f: impl Fn(*mut u8, *mut u8) + Sync) {
        let without = |s: &[usize]| -> crate::layout::Dims {
            s.iter().enumerate().filter(|(d, _)| *d != self.dim).map(|(_, &s)| s).collect()
        };
        let shape = without(self.shape);
        let along = self.shape.get(self.dim).copied().unwrap_or(1);
        if along == 0 || shape.contains(&0) {
            return;
        }
        let step_of = |o: &Operand| o.strides.get(self.dim).copied().unwrap_or(0);
        let (si, sa, sx) = (step_of(&self.index), step_of(&self.a), step_of(&self.x));
        let (i, a, x) = (without(self.index.strides), without(self.a.strides), without(self.x.strides));
        let walk = Walk::new(&shape, [&i, &a, &x], [self.index.offset, self.a.offset, self.x.offset]);
        let one = |i: usize, a: usize, x: usize| {
            // SAFETY: as the caller says.
            let place = unsafe { self.index.at(i).cast::<i64>().read_unaligned() } as usize;
            f(self.a.at(a), self.x.at(x + place * sx));
        };
        let run = |range| {
            walk.run(range, |[i, a, x], n, [ti, ta, tx]| {
                if ti <= si {
                    for d in 0..along {
                        for k in 0..n {
                            one(i + k * ti + d * si, a + k * ta + d * sa, x + k * tx);
                        }
                    }
                } else {
                    for k in 0..n {
                        for d in 0..along {
                            one(i + k * ti + d * si, a + k * ta + d * sa, x + k * tx);
                        }
                    }
                }
            })
        };
        let (n, grain) = (walk.numel(), (GRAIN / along).max(1));
        if n <= grain { run(0..n) } else { parallel_for(n, grain, &run) }
    }

    /// `a[i] = x[index[i]]`
    ///
    /// # Safety
    /// As for `each`; equal dtypes.
    pub unsafe fn gather(&self) {
        // SAFETY: as the caller says.
        dispatch!(word self.x.dtype.size(), T => unsafe {
            self.each(|a, x| a.cast::<T>().write_unaligned(x.cast::<T>().read_unaligned()))
        })
    }
    /// `x[index[i]] = a[i]`; the last write along `dim` stays.
    ///
    /// # Safety
    /// As for `each`; equal dtypes.
    pub unsafe fn scatter(&self) {
        // SAFETY: as the caller says.
        dispatch!(word self.x.dtype.size(), T => unsafe {
            self.each(|a, x| x.cast::<T>().write_unaligned(a.cast::<T>().read_unaligned()))
        })
    }
    /// `x[index[i]] = join(x[index[i]], a[i])`
    ///
    /// # Safety
    /// As for `each`; both operands are of a class's own dtype, the same.
    pub unsafe fn scatter_join(&self, join: Join) {
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
    unsafe fn join<T: Joined + Sync>(&self, join: Join) {
        // SAFETY: as the caller of `scatter_join` says.
        unsafe {
            let two = |a: *mut u8, x: *mut u8| (x.cast::<T>().read_unaligned(), a.cast::<T>().read_unaligned());
            match join {
                Join::Sum => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.cast::<T>().write_unaligned(u.plus(v))
                }),
                Join::Prod => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.cast::<T>().write_unaligned(u.times(v))
                }),
                Join::Max => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.cast::<T>().write_unaligned(u.larger(v))
                }),
                Join::Min => self.each(|a, x| {
                    let (u, v) = two(a, x);
                    x.cast::<T>().write_unaligned(u.smaller(v))
                }),
            }
        }
    }
}

/// Adds to each offset what the next index contributes: `at[p] += wrapped(index[p]) * step`. The index (int64) is walked
/// in `shape`. Returns the first index that is not in `-size..size`.
///
/// # Safety
/// The index's memory must be good for what its strides reach; `at` has one element per element of `shape`.
pub unsafe fn add_offsets(shape: &[usize], index: Operand, size: usize, step: usize, at: &mut [usize]) -> Option<i64> {
    if at.is_empty() {
        return None;
    }
    let own = crate::layout::contiguous_strides(shape);
    let walk = Walk::new(shape, [&own, index.strides], [0, index.offset]);
    let (mut bad, n) = (None, size as i64);
    walk.run(0..walk.numel(), |[p, i], len, [sp, si]| {
        let index = index.at(i).cast::<i64>();
        for k in 0..len {
            // SAFETY: as the caller says.
            let i = unsafe { index.add(k * si).read_unaligned() };
            let wrapped = if i < 0 { i.wrapping_add(n) } else { i };
            if wrapped < 0 || wrapped >= n {
                bad.get_or_insert(i);
                return;
            }
            at[p + k * sp] += wrapped as usize * step;
        }
    });
    bad
}

/// The offsets, by `strides`, of the places where a contiguous mask is set, in order.
pub fn mask_offsets(mask: &[bool], shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut at = Vec::with_capacity(mask.iter().filter(|&&m| m).count());
    if mask.is_empty() {
        return at;
    }
    let own = crate::layout::contiguous_strides(shape);
    let walk = Walk::new(shape, [&own, strides], [0, 0]);
    walk.run(0..walk.numel(), |[m, x], n, [sm, sx]| {
        for k in 0..n {
            if mask[m + k * sm] {
                at.push(x + k * sx);
            }
        }
    });
    at
}

/// The coordinates of the places where a contiguous mask is set: rows of `shape.len()` numbers, in order.
pub fn coordinates(mask: &[bool], shape: &[usize], mut row: impl FnMut(&[usize])) {
    let Some((&last, outer)) = shape.split_last() else {
        if mask.first() == Some(&true) {
            row(&[]);
        }
        return;
    };
    if last == 0 {
        return;
    }
    let mut at: crate::layout::Dims = smallvec::smallvec![0; shape.len()];
    for line in mask.chunks_exact(last) {
        for (k, _) in line.iter().enumerate().filter(|m| *m.1) {
            at[outer.len()] = k;
            row(&at);
        }
        for d in (0..outer.len()).rev() {
            at[d] += 1;
            if at[d] < outer[d] {
                break;
            }
            at[d] = 0;
        }
    }
}

/// `x = value` where the mask (bool) is set; both are walked in `shape`.
///
/// # Safety
/// Memories must be good for what strides reach; `value` for one element of `x`'s dtype.
pub unsafe fn masked_fill(shape: &[usize], x: Operand, mask: Operand, value: *const u8) {
    let n: usize = shape.iter().product();
    if n == 0 {
        return;
    }
    let walk = Walk::new(shape, [x.strides, mask.strides], [x.offset, mask.offset]);
    let value = Operand { ptr: value, dtype: x.dtype, strides: &[], offset: 0 };
    let run = |range| {
        dispatch!(word x.dtype.size(), T => {
            // SAFETY: as the caller says.
            let v = unsafe { value.at(0).cast::<T>().read_unaligned() };
            walk.run(range, |[a, m], n, [sa, sm]| {
                let (dst, mask) = (x.at(a).cast::<T>(), mask.at(m));
                for k in 0..n {
                    // SAFETY: as the caller says.
                    unsafe {
                        let old = dst.add(k * sa).read_unaligned();
                        dst.add(k * sa).write_unaligned(if mask.add(k * sm).read() != 0 { v } else { old });
                    }
                }
            })
        })
    };
    if n <= GRAIN { run(0..n) } else { parallel_for(n, GRAIN, &run) }
}
