//! Layouts as kernels take them: dims of one element dropped, dims that lie together joined, at most four left.
use crate::layout::Dims;
use smallvec::SmallVec;

/// Dims that a kernel walks by itself.
pub const DIMS: usize = 4;

/// A shape with the strides of several operands, the first of which decides the order of dims.
#[derive(Clone)]
pub struct Walk {
    pub shape: Dims,
    pub strides: SmallVec<[Dims; 4]>,
}

impl Walk {
    pub fn new(shape: &[usize], strides: &[&[usize]]) -> Self {
        let mut order: SmallVec<[usize; 8]> = (0..shape.len()).filter(|&d| shape[d] != 1).collect();
        order.sort_by_key(|&d| std::cmp::Reverse(strides[0][d])); // stable: dims of stride 0 keep their place
        let mut w = Walk { shape: Dims::new(), strides: strides.iter().map(|_| Dims::new()).collect() };
        for &d in &order {
            let last = w.shape.len().wrapping_sub(1);
            let joins = |(k, s): (usize, &&[usize])| w.strides[k][last] == s[d] * shape[d];
            if !w.shape.is_empty() && strides.iter().enumerate().all(joins) {
                w.shape[last] *= shape[d];
                w.strides.iter_mut().zip(strides).for_each(|(w, s)| w[last] = s[d]);
            } else {
                w.shape.push(shape[d]);
                w.strides.iter_mut().zip(strides).for_each(|(w, s)| w.push(s[d]));
            }
        }
        w
    }
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }
    /// Whether an operand's elements are one after another in the order of the walk.
    pub fn dense(&self, operand: usize) -> bool {
        let mut next = 1;
        self.shape.iter().zip(&self.strides[operand]).rev().all(|(&n, &s)| {
            let dense = s == next;
            next *= n;
            dense
        })
    }
    /// Calls `f` with parts of at most `DIMS` dims and the offset of each operand.
    pub fn parts<E>(&self, f: &mut dyn FnMut(&Walk, &[usize]) -> Result<(), E>) -> Result<(), E> {
        let outer = self.shape.len().saturating_sub(DIMS);
        let tail = |d: &Dims| d[outer..].into();
        let inner = Walk { shape: tail(&self.shape), strides: self.strides.iter().map(tail).collect() };
        let mut at: SmallVec<[usize; 8]> = smallvec::smallvec![0; outer];
        for _ in 0..self.shape[..outer].iter().product::<usize>() {
            let offset = |s: &Dims| at.iter().zip(s).map(|(i, s)| i * s).sum();
            f(&inner, &self.strides.iter().map(offset).collect::<SmallVec<[usize; 4]>>())?;
            for d in (0..outer).rev() {
                at[d] += 1;
                if at[d] < self.shape[d] {
                    break;
                }
                at[d] = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_together_is_one_dim() {
        let w = Walk::new(&[2, 3, 1, 4], &[&[12, 4, 4, 1], &[12, 4, 0, 1]]);
        assert_eq!((&w.shape[..], w.dense(0)), (&[24][..], true));
        let t = Walk::new(&[2, 3], &[&[1, 2], &[3, 1]]);
        assert_eq!((&t.shape[..], t.dense(0), t.dense(1)), (&[3, 2][..], true, false));
        assert_eq!(Walk::new(&[], &[&[]]).numel(), 1);
    }

    #[test]
    fn many_dims_are_walked_in_parts() {
        let strides = [64, 32, 16, 8, 4, 2].map(|s| 2 * s);
        let w = Walk::new(&[2; 6], &[&strides]);
        let mut seen = vec![];
        let done: Result<(), ()> =
            Walk { shape: smallvec::smallvec![2; 6], strides: smallvec::smallvec![Dims::from(&strides[..])] }.parts(
                &mut |inner, at| {
                    assert_eq!(inner.shape.len(), DIMS);
                    seen.push(at[0]);
                    Ok(())
                },
            );
        assert_eq!((done, seen, &w.shape[..]), (Ok(()), vec![0, 64, 128, 192], &[64][..]));
    }
}
