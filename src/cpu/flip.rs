//! Elements in the opposite order along some dims.
use super::parallel::parallel_for;
use std::ops::Range;

/// Elements that are worth a thread's while.
const GRAIN: usize = 16_384;

#[derive(Clone, Copy)]
struct Shared(*mut u8);
// SAFETY: threads write to distinct rows.
unsafe impl Sync for Shared {}

/// `y`, in which element i along each dim in `flipped` is element n - 1 - i of `x`; both contiguous, of elements of `size` bytes.
///
/// # Safety
/// Both memories must be good for the shape, and not overlap.
pub unsafe fn flip(size: usize, shape: &[usize], flipped: &[bool], x: *const u8, y: *mut u8) {
    let Some((&n, outer)) = shape.split_last() else {
        // SAFETY: one element.
        return unsafe { std::ptr::copy_nonoverlapping(x, y, size) };
    };
    let (rows, pieces) = (outer.iter().product::<usize>(), n.div_ceil(GRAIN));
    let (x, y) = (Shared(x.cast_mut()), Shared(y));
    parallel_for(rows * pieces, (GRAIN / n.max(1)).max(1), &|range: Range<usize>| {
        let (x, y) = (&x, &y);
        for unit in range {
            let (row, start) = (unit / pieces, unit % pieces * GRAIN);
            let (mut rest, mut step, mut from) = (row, 1, 0);
            for (d, &m) in outer.iter().enumerate().rev() {
                let i = rest % m;
                from += if flipped[d] { m - 1 - i } else { i } * step;
                (rest, step) = (rest / m, step * m);
            }
            let len = GRAIN.min(n - start);
            let turned = flipped[outer.len()];
            let first = if turned { n - start - len } else { start };
            let (x, y) = (x.0.wrapping_add((from * n + first) * size), y.0.wrapping_add((row * n + start) * size));
            // SAFETY: a part of a row of each memory.
            unsafe {
                if turned {
                    dispatch!(word size, T => reverse(len, x.cast::<T>(), y.cast::<T>()));
                } else {
                    std::ptr::copy_nonoverlapping(x, y, len * size);
                }
            }
        }
    });
}

crate::simd_kernel! {
    unsafe fn reverse<L, T: Copy>(n: usize, x: *const T, y: *mut T) {
        for i in 0..n {
            // SAFETY: the caller gives n elements of both.
            unsafe { y.add(i).write_unaligned(x.add(n - 1 - i).read_unaligned()) };
        }
    }
}
