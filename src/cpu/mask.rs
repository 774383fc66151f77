//! Masks: the places where one is set, what lies there picked in order, and values filled in there.
use super::index::Offsets;
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::error::Result;
use std::ops::Range;

/// Elements of one block.
const GRAIN: usize = 16_384;

/// A contiguous mask, and how many of its elements are set before each block: what comes out of a block has its place.
pub struct Mask<'a> {
    set: &'a [bool],
    before: Vec<usize>,
}

/// An address that threads share, each for a part of its own.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);
// SAFETY: blocks write disjoint parts.
unsafe impl<T> Sync for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Send for Shared<T> {}
impl<T> Shared<T> {
    fn at(&self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}

fn count(set: &[bool]) -> usize {
    // At most 128 at a time: their sum fits a byte, and bytes are added many at once.
    set.chunks(128).map(|c| c.iter().fold(0u8, |n, &b| n + b as u8) as usize).sum()
}

impl<'a> Mask<'a> {
    pub fn new(set: &'a [bool]) -> Self {
        let mut before = vec![0; set.len().div_ceil(GRAIN) + 1];
        let counts = Shared(before.as_mut_ptr());
        let run = |r: Range<usize>| {
            // SAFETY: one number per block, and each block is one thread's.
            unsafe { counts.at(r.start / GRAIN + 1).write(count(&set[r])) };
        };
        parallel_for(set.len(), GRAIN, &run);
        for b in 1..before.len() {
            before[b] += before[b - 1];
        }
        Self { set, before }
    }
    /// How many elements are set.
    pub fn count(&self) -> usize {
        *self.before.last().expect("one more than blocks")
    }
    /// Calls `f` with each block's range of elements, and the range of the results that come of it.
    fn blocks(&self, f: impl Fn(Range<usize>, Range<usize>) + Sync) {
        parallel_for(self.set.len(), GRAIN, &|r: Range<usize>| {
            let b = r.start / GRAIN;
            f(r, self.before[b]..self.before[b + 1])
        });
    }
    /// The elements of `src`, contiguous, where the mask is set, one after the other into `dst`.
    ///
    /// # Safety
    /// `src` must be good for as many elements as the mask has, `dst` for `count()`; they may not overlap.
    pub unsafe fn select(&self, size: usize, src: *const u8, dst: *mut u8) {
        dispatch!(word size, T => {
            let (src, dst) = (Shared(src.cast_mut().cast::<T>()), Shared(dst.cast::<T>()));
            self.blocks(|r, to| {
                let mut at = to.start;
                let from = src.at(r.start);
                for (k, &set) in self.set[r].iter().enumerate() {
                    if at == to.end {
                        break;
                    }
                    // SAFETY: as the caller says; before the block's end there is room for one more.
                    unsafe { dst.at(at).write_unaligned(from.wrapping_add(k).read_unaligned()) };
                    at += set as usize;
                }
            })
        });
    }
    /// The offsets, by `strides`, of the places where the mask of this shape is set, in order.
    pub fn offsets(&self, shape: &[usize], strides: &[usize]) -> Result<Offsets> {
        let at = Offsets::empty(self.count())?;
        if self.set.is_empty() {
            return Ok(at);
        }
        let own = crate::layout::contiguous_strides(shape);
        let walk = Walk::new(shape, [&own, strides], [0, 0]);
        let out = Shared(at.as_mut_ptr());
        self.blocks(|r, to| {
            let mut next = to.start;
            walk.run(r, |[m, x], n, [sm, sx]| {
                for k in 0..n {
                    if next == to.end {
                        break;
                    }
                    // SAFETY: inside this block's part of the offsets.
                    unsafe { out.at(next).write(x + k * sx) };
                    next += self.set[m + k * sm] as usize;
                }
            });
        });
        Ok(at)
    }
    /// The coordinates of the places where the mask of this shape is set, in order: a column per dim.
    ///
    /// # Safety
    /// `columns` must be good for `shape.len() * count()` numbers.
    pub unsafe fn coordinates(&self, shape: &[usize], columns: *mut i64) {
        let Some((&last, outer)) = shape.split_last() else { return };
        let (n, out) = (self.count(), Shared(columns));
        self.blocks(|r, to| {
            let (mut at, mut row) = (r.start, to.start);
            while at < r.end && row < to.end {
                let (mut line, column) = (at / last, at % last);
                let (len, first) = ((last - column).min(r.end - at), row);
                for (k, &set) in self.set[at..at + len].iter().enumerate() {
                    if row == to.end {
                        break;
                    }
                    // SAFETY: inside this block's part of the last column.
                    unsafe { out.at(outer.len() * n + row).write((column + k) as i64) };
                    row += set as usize;
                }
                for (d, &size) in outer.iter().enumerate().rev() {
                    let i = (line % size) as i64;
                    line /= size;
                    // SAFETY: as above, of the other columns.
                    (first..row).for_each(|k| unsafe { out.at(d * n + k).write(i) });
                }
                at += len;
            }
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn what_blocks_find_is_what_one_loop_finds() {
        let shape = [3, 130, 101];
        let n: usize = shape.iter().product();
        assert!(n > 2 * GRAIN);
        for every in [1, 2, 7, 5000, usize::MAX] {
            let set: Vec<bool> = (0..n).map(|i| i * 2_654_435_761 % every == every / 2).collect();
            let places: Vec<usize> = (0..n).filter(|&i| set[i]).collect();
            let mask = Mask::new(&set);
            assert_eq!(mask.count(), places.len());
            let strides = [1, 3 * 101, 3]; // dims in another order
            let moved = |i: usize| i / (130 * 101) + i / 101 % 130 * 303 + i % 101 * 3;
            let offsets = mask.offsets(&shape, &strides).unwrap();
            assert!(offsets.iter().copied().eq(places.iter().map(|&i| moved(i))));
            let numbers: Vec<u16> = (0..n).map(|i| i as u16).collect();
            let mut picked = vec![0u16; places.len()];
            // SAFETY: as long as the mask, and as long as what it picks.
            unsafe { mask.select(DType::BF16.size(), numbers.as_ptr().cast(), picked.as_mut_ptr().cast()) };
            assert!(picked.iter().copied().eq(places.iter().map(|&i| i as u16)));
            let mut columns = vec![0i64; 3 * places.len()];
            // SAFETY: a number per dim and place.
            unsafe { mask.coordinates(&shape, columns.as_mut_ptr()) };
            for (k, &i) in places.iter().enumerate() {
                let at = [0, 1, 2].map(|d| columns[d * places.len() + k] as usize);
                assert_eq!(at, [i / (130 * 101), i / 101 % 130, i % 101]);
            }
        }
    }
}
