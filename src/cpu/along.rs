//! A contiguous tensor as lines along one dim: what scans, sorts and softmax work on.
use super::parallel::parallel_for;
use std::ops::Range;

/// The shape (outer, n, inner): `outer * inner` lines of `n` elements that are `inner` apart.
#[derive(Debug, Clone, Copy)]
pub struct Along {
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

/// Below this many elements a second thread costs more than it brings.
const GRAIN: usize = 32_768;

impl Along {
    pub fn new(shape: &[usize], dim: usize) -> Self {
        match shape.get(dim) {
            Some(&n) => Self { outer: shape[..dim].iter().product(), n, inner: shape[dim + 1..].iter().product() },
            None => Self { outer: 1, n: 1, inner: 1 },
        }
    }
    pub fn lines(&self) -> usize {
        self.outer * self.inner
    }
    /// The place of a line's first element.
    pub fn start(&self, line: usize) -> usize {
        line / self.inner * self.n * self.inner + line % self.inner
    }
    /// Calls `f` with each line, on several threads; `cost` is that of an element relative to an addition.
    pub fn each_line(&self, cost: usize, f: &(dyn Fn(usize) + Sync)) {
        let grain = (GRAIN / (self.n.max(1) * cost.max(1))).max(1);
        parallel_for(self.lines(), grain, &|r: Range<usize>| r.for_each(f));
    }
    /// Calls `f` with tiles of at most `width` neighbouring lines, on several threads: the place of the first element
    /// of the first line, that line's number, and how many lines there are.
    pub fn each_tile(&self, width: usize, cost: usize, f: &(dyn Fn(usize, usize, usize) + Sync)) {
        let tiles = self.inner.div_ceil(width);
        let grain = (GRAIN / (self.n.max(1) * self.inner.min(width).max(1) * cost.max(1))).max(1);
        parallel_for(self.outer * tiles, grain, &|r: Range<usize>| {
            for unit in r {
                let (o, first) = (unit / tiles, unit % tiles * width);
                f(o * self.n * self.inner + first, o * self.inner + first, (self.inner - first).min(width));
            }
        });
    }
}

/// Memory that several threads write to, each to elements of its own.
pub struct To<T>(pub *mut T);
// SAFETY: threads write to disjoint elements.
unsafe impl<T> Sync for To<T> {}
// SAFETY: as above.
unsafe impl<T> Send for To<T> {}
impl<T> To<T> {
    #[inline(always)]
    pub fn at(&self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}
