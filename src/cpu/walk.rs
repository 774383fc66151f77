//! THE strided loop, for N operands: merges dims jointly and hands out inner rows.
//!
//! The loop its caller writes: `Walk::new(shape, strides, offsets).run(range, |at, len, steps| for k in 0..len {
//! use at[i] + k * steps[i] for operand i })`, all in elements. Dims are walked in the order of operand 0's memory.
use crate::layout::Dims;
use smallvec::SmallVec;
use std::ops::Range;

pub struct Walk<const N: usize> {
    /// Outer dims, outermost first: size and a step per operand.
    pub(super) dims: SmallVec<[(usize, [usize; N]); 4]>,
    pub(super) offsets: [usize; N],
    /// The inner row: its length, and each operand's step in it.
    pub len: usize,
    pub steps: [usize; N],
}

impl<const N: usize> Walk<N> {
    pub fn new(shape: &[usize], strides: [&[usize]; N], offsets: [usize; N]) -> Self {
        let mut all: SmallVec<[(usize, [usize; N]); 4]> = SmallVec::new();
        for (d, &n) in shape.iter().enumerate() {
            if n != 1 {
                all.push((n, strides.map(|s| s[d])));
            }
        }
        // By operand 0's memory, larger strides outside; a stride of 0 there says nothing, so such dims keep their place.
        if all.windows(2).any(|w| w[0].1[0] < w[1].1[0] && w[0].1[0] != 0) && !all.iter().any(|d| d.1[0] == 0) {
            all.sort_by_key(|d| std::cmp::Reverse(d.1[0]));
        }
        let mut dims: SmallVec<[(usize, [usize; N]); 4]> = SmallVec::new();
        for (n, steps) in all {
            match dims.last_mut() {
                Some((m, outer)) if (0..N).all(|k| outer[k] == steps[k] * n) => {
                    *m *= n;
                    *outer = steps;
                }
                _ => dims.push((n, steps)),
            }
        }
        let (len, steps) = dims.pop().unwrap_or((1, [1; N]));
        Self { dims, offsets, len, steps }
    }

    pub fn numel(&self) -> usize {
        self.dims.iter().map(|d| d.0).product::<usize>() * self.len
    }

    /// The part of the loop that covers elements `range`, counted in the order of the walk.
    #[inline]
    pub fn run(&self, range: Range<usize>, mut row: impl FnMut([usize; N], usize, [usize; N])) {
        if range.is_empty() {
            return;
        }
        if self.dims.is_empty() {
            let at = std::array::from_fn(|k| self.offsets[k] + range.start * self.steps[k]);
            return row(at, range.len(), self.steps);
        }
        let (mut left, mut skip) = (range.len(), range.start % self.len);
        let mut index: Dims = smallvec::smallvec![0; self.dims.len()];
        let mut at = self.offsets;
        let mut rest = range.start / self.len;
        for (d, (n, steps)) in self.dims.iter().enumerate().rev() {
            index[d] = rest % n;
            rest /= n;
            (0..N).for_each(|k| at[k] += index[d] * steps[k]);
        }
        loop {
            let n = (self.len - skip).min(left);
            row(std::array::from_fn(|k| at[k] + skip * self.steps[k]), n, self.steps);
            left -= n;
            if left == 0 {
                return;
            }
            skip = 0;
            for (d, (n, steps)) in self.dims.iter().enumerate().rev() {
                index[d] += 1;
                (0..N).for_each(|k| at[k] += steps[k]);
                if index[d] < *n {
                    break;
                }
                index[d] = 0;
                (0..N).for_each(|k| at[k] -= steps[k] * n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::contiguous_strides;

    #[test]
    fn any_split_visits_every_element_once_in_step() {
        let shape = [3, 4, 5];
        let a = contiguous_strides(&shape);
        let b = [1, 3, 12]; // reversed order
        let seen = |cuts: &[usize]| {
            let w = Walk::new(&shape, [&a, &b], [0, 7]);
            let mut v = vec![];
            for c in cuts.windows(2) {
                w.run(c[0]..c[1], |at, n, s| v.extend((0..n).map(|k| (at[0] + k * s[0], at[1] + k * s[1]))));
            }
            v
        };
        let whole = seen(&[0, 60]);
        assert_eq!(whole, seen(&[0, 1, 6, 7, 33, 60]));
        for (i, j, k) in (0..60).map(|n| (n / 20, n / 5 % 4, n % 5)) {
            assert_eq!(whole[i * 20 + j * 5 + k], (i * 20 + j * 5 + k, 7 + i + 3 * j + 12 * k));
        }
    }

    #[test]
    fn contiguous_operands_are_one_row_whatever_their_order_of_dims() {
        let w = Walk::new(&[4, 6], [&[1, 4], &[1, 4]], [0, 0]);
        assert_eq!((w.len, w.numel()), (24, 24));
    }
}
