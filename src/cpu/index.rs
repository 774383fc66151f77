//! Moves and additions at indexed places: rows at computed offsets.
//!
//! Indices become offsets (in elements) before anything moves, so a bad index is found before the first write. What is
//! only moved is moved by the size of its elements, whatever the dtype; what is added is computed in its class.
use super::convert::{load, move_words, store};
use super::copy::Plus;
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::dtype::DType;
use crate::error::Result;
use crate::storage::Storage;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Elements that one block of a parallel loop moves.
const GRAIN: usize = 16_384;
/// Elements of blocks that are worth finding out which of them stay.
const LARGE: usize = 256;
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
    /// No place comes twice: writes may be split by place.
    pub apart: bool,
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
                    if block.is_row() && block.steps == [1, 1] {
                        let (dst, src) = (self.a.at(a).cast::<T>(), self.x.at(x).cast::<T>());
                        for k in 0..n {
                            // SAFETY: as the caller says.
                            unsafe {
                                let from = src.add(k * sx + self.at[p + k * sp]).cast::<u8>();
                                std::ptr::copy_nonoverlapping(from, dst.add(k * sa).cast(), m * size_of::<T>());
                            }
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
        if let ([n], false, LARGE..) = (self.shape, self.apart, block.numel()) {
            // SAFETY: as the caller says.
            return unsafe { self.put_last(*n, &block) };
        }
        self.split(places.numel(), block.numel(), |which, range| {
            dispatch!(word self.x.dtype.size(), T => {
                places.run(which, |[p, a, x], n, [sp, sa, sx]| {
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

    /// As `put` for large blocks along one dim: only the last write to each place, and these on several threads.
    unsafe fn put_last(&self, n: usize, block: &Walk<2>) {
        let m = block.numel();
        let mut last: Vec<(usize, usize)> = (0..n).map(|k| (self.at[k * self.at_strides[0]], k)).collect();
        last.sort_unstable();
        last.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 = if same { next.1 } else { kept.1 };
            same
        });
        parallel_for(last.len(), (GRAIN / m).max(1), &|range: Range<usize>| {
            for &(at, k) in &last[range] {
                let (a, x) = (self.a.offset + k * self.a.strides[0], self.x.offset + k * self.x.strides[0] + at);
                block.run(0..m, |[ba, bx], n, [from, to]| {
                    // SAFETY: as the caller says; different places are blocks apart.
                    unsafe { move_words(self.x.dtype.size(), n, self.a.at(a + ba), from, self.x.at(x + bx), to) }
                });
            }
        });
    }

    /// `x[at] += a`, in the order of the index.
    ///
    /// # Safety
    /// As for `get`.
    pub unsafe fn add(&self) {
        let (places, block) = self.walks();
        let direct = self.x.dtype.class().dtype() == self.x.dtype;
        self.split(places.numel(), block.numel(), |which, range| {
            dispatch!(class self.x.dtype.class(), T => {
                places.run(which, |[p, a, x], n, [sp, sa, sx]| {
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
    fn split(&self, n: usize, m: usize, run: impl Fn(Range<usize>, Range<usize>) + Sync) {
        if self.shape.contains(&0) || self.block.contains(&0) {
            return;
        }
        if self.apart {
            let grain = (GRAIN / m).max(1);
            return parallel_for(n, grain, &|r: Range<usize>| run(r, 0..m));
        }
        // Parts of at least 64 elements; of 512, or two parts, where there are many places.
        let grain = (GRAIN / n).max(m.div_ceil(2).min(512)).max(64);
        parallel_for(m, grain, &|r: Range<usize>| run(0..n, r));
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

/// Offsets in elements. In a block of the storage cache, for long lists come again and again.
pub struct Offsets {
    memory: Storage,
    n: usize,
}

impl Offsets {
    /// `n` numbers of any value.
    pub fn empty(n: usize) -> Result<Self> {
        Ok(Self { memory: Storage::empty(n * size_of::<usize>())?, n })
    }
    pub fn as_mut_ptr(&self) -> *mut usize {
        self.memory.ptr().cast()
    }
}
impl std::ops::Deref for Offsets {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        // SAFETY: aligned memory of n numbers; who makes a list writes all of it before it is read.
        unsafe { std::slice::from_raw_parts(self.as_mut_ptr(), self.n) }
    }
}

/// Writes into each offset what an index contributes, or adds it: `at[p] += wrapped(index[p]) * step`. The index (int64)
/// is walked in `shape`. Returns the first index that is not in `-size..size`.
///
/// # Safety
/// The index's memory must be good for what its strides reach; `at` has one element per element of `shape`.
pub unsafe fn put_offsets(
    shape: &[usize],
    index: Operand,
    size: usize,
    step: usize,
    at: &Offsets,
    add: bool,
) -> Option<i64> {
    if at.n == 0 {
        return None;
    }
    let own = crate::layout::contiguous_strides(shape);
    let walk = Walk::new(shape, [&own, index.strides], [0, index.offset]);
    let (bad, n, all) = (AtomicBool::new(false), size as i64, walk.numel());
    let wrapped = |i: i64| if i < 0 { i.wrapping_add(n) } else { i };
    let run = |range: Range<usize>| {
        walk.run(range, |[p, i], len, [sp, si]| {
            let (index, at) = (index.at(i).cast::<i64>(), at.as_mut_ptr().wrapping_add(p));
            let mut signs = 0;
            for k in 0..len {
                // SAFETY: as the caller says; the threads' parts of `at` are disjoint.
                unsafe {
                    let i = wrapped(index.add(k * si).read_unaligned());
                    signs |= i | (n - 1).wrapping_sub(i);
                    let (slot, offset) = (at.add(k * sp), (i as usize).wrapping_mul(step));
                    slot.write(if add { slot.read().wrapping_add(offset) } else { offset });
                }
            }
            if signs < 0 {
                bad.store(true, Ordering::Relaxed);
            }
        })
    };
    parallel_for(all, GRAIN, &run);
    if !bad.into_inner() {
        return None;
    }
    let mut first = None;
    walk.run(0..all, |[_, i], len, [_, si]| {
        for k in 0..len {
            // SAFETY: as the caller says.
            let i = unsafe { index.at(i + k * si).cast::<i64>().read_unaligned() };
            if !(0..n).contains(&wrapped(i)) {
                first.get_or_insert(i);
            }
        }
    });
    first
}
