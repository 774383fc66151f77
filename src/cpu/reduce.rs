//! Reductions over any dims of any layout: finds the memory's own order and hands long rows or columns to a fold.
//!
//! Where the dim that is contiguous in memory is reduced, each result folds rows; where it is kept, a tile of neighbouring
//! results folds columns together, so that both read memory in order. What is split among threads depends on the
//! shape only, and partial results are joined in a fixed order: the same bits for any number of threads.
use super::convert::{load, store};
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::dtype::Class;
use crate::gpu::reduce::Kind;
use crate::layout::Dims;
use smallvec::SmallVec;
use std::mem::MaybeUninit;
use std::ops::Range;

/// One kind of reduction, erased. An accumulator is `size` bytes, at most 32.
#[derive(Clone, Copy)]
pub struct Reducer {
    /// What a device calls it, if it has it.
    pub kind: Option<Kind>,
    /// What elements are loaded as.
    pub class: Class,
    pub out: Class,
    pub size: usize,
    /// Writes `n` accumulators of nothing.
    pub start: unsafe fn(n: usize, acc: *mut u8),
    /// Folds each of `count` rows of `n` elements, `stride` apart, into its own accumulator.
    pub rows: unsafe fn(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8),
    /// Folds `rows` rows of `n` columns, `stride` apart, into one accumulator per column.
    pub columns: unsafe fn(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8),
    /// Joins accumulators of later elements to those of earlier ones.
    pub join: unsafe fn(n: usize, acc: *mut u8, later: *const u8),
    /// Writes `n` results of class `out`; a mean has a `divisor`.
    pub finish: unsafe fn(n: usize, acc: *const u8, divisor: f64, out: *mut u8),
}

/// Elements per block where one result is shared by threads.
const SPLIT: usize = 65_536;
/// Below this many elements a second thread costs more than it brings.
const GRAIN: usize = 32_768;
/// With so many results each is folded by one thread.
const ENOUGH: usize = 64;
/// Results folded together in columns.
const TILE: usize = 256;
/// Results per row batch, and per block that is converted when it is written.
const BATCH: usize = 64;
const BLOCK: usize = 512;
/// Elements of a row that are converted or gathered at a time.
const LOADED: usize = 2048;

type Accumulators<const N: usize> = [MaybeUninit<[u128; 2]>; N];

#[derive(Clone, Copy)]
struct Dim {
    n: usize,
    x: usize,
    out: usize,
    reduced: bool,
}

/// Reduces the dims of `x` named by the bits of `reduced`; `out` is contiguous in the shape of the dims that remain.
///
/// # Safety
/// `x` must be good for the elements of `shape`, `out` for one element for each that remains.
pub unsafe fn reduce(r: &Reducer, shape: &[usize], reduced: u64, x: Operand, out: Operand, divisor: f64) {
    // Everything reduced and contiguous, in one block: what small tensors pay for.
    if reduced.count_ones() as usize == shape.len() && x.dtype == r.class.dtype() && out.dtype == r.out.dtype() {
        let mut n = 1;
        let contiguous = shape.iter().zip(x.strides).rev().all(|(&m, &s)| {
            let here = m == 1 || s == n;
            n *= m;
            here
        });
        if contiguous && n < 2 * SPLIT {
            let mut acc = MaybeUninit::<[u128; 2]>::uninit();
            let acc = acc.as_mut_ptr().cast::<u8>();
            // SAFETY: as the caller says; the accumulator has room for any.
            unsafe {
                (r.start)(1, acc);
                if n > 0 {
                    (r.rows)(1, n, x.at(x.offset), 0, acc);
                }
                return (r.finish)(1, acc, divisor, out.at(out.offset));
            }
        }
    }
    let dims = ordered(shape, reduced, x.strides);
    if dims.iter().any(|d| !d.reduced && d.n == 0) {
        return;
    }
    // `n` dims: in columns, all but the innermost one.
    let task = |n: usize| {
        let kept: SmallVec<[Dim; 4]> = dims[..n].iter().copied().filter(|d| !d.reduced).collect();
        let of = |f: fn(&Dim) -> usize| -> Dims { kept.iter().map(f).collect() };
        let (n, xs, os) = (of(|d| d.n), of(|d| d.x), of(|d| d.out));
        let folded = || dims.iter().filter(|d| d.reduced);
        let (rn, rs): (Dims, Dims) = (folded().map(|d| d.n).collect(), folded().map(|d| d.x).collect());
        Task {
            r,
            x,
            out,
            divisor,
            kept: Walk::new(&n, [&xs, &os], [x.offset, out.offset]),
            folded: Walk::new(&rn, [&rs], [0]),
            total: rn.iter().product(),
            results: n.iter().product(),
        }
    };
    // SAFETY: as the caller says.
    unsafe {
        match dims.last() {
            Some(d) if !d.reduced => task(dims.len() - 1).columns(*d),
            _ => task(dims.len()).rows(),
        }
    }
}

/// The dims in the order of `x`'s memory, neighbours of one kind merged.
fn ordered(shape: &[usize], reduced: u64, strides: &[usize]) -> SmallVec<[Dim; 6]> {
    let mut dims: SmallVec<[Dim; 6]> = SmallVec::new();
    let mut out = 1;
    for d in (0..shape.len()).rev() {
        let gone = reduced >> d & 1 == 1;
        if shape[d] != 1 {
            dims.push(Dim { n: shape[d], x: strides[d], out: if gone { 0 } else { out }, reduced: gone });
        }
        if !gone {
            out *= shape[d];
        }
    }
    dims.reverse();
    // A dim of stride 0 repeats elements: it is no inner row.
    dims.sort_by_key(|d| std::cmp::Reverse(if d.x == 0 { usize::MAX } else { d.x }));
    let mut merged: SmallVec<[Dim; 6]> = SmallVec::new();
    for d in dims {
        match merged.last_mut() {
            Some(o) if o.reduced == d.reduced && o.x == d.x * d.n && (d.reduced || o.out == d.out * d.n) => {
                *o = Dim { n: o.n * d.n, ..d };
            }
            _ => merged.push(d),
        }
    }
    merged
}

struct Task<'a> {
    r: &'a Reducer,
    x: Operand<'a>,
    out: Operand<'a>,
    divisor: f64,
    kept: Walk<2>,
    folded: Walk<1>,
    /// Elements per result.
    total: usize,
    /// Results of `kept`.
    results: usize,
}

impl Task<'_> {
    unsafe fn rows(&self) {
        let (r, size) = (self.r, self.r.size);
        if self.results < ENOUGH && self.total >= 2 * SPLIT {
            let blocks = self.total.div_ceil(SPLIT);
            let at = self.places(self.results);
            // SAFETY: as the caller of `reduce` says; each block has an accumulator of its own.
            unsafe {
                let partial = |unit: usize, acc| {
                    let (o, b) = (unit / blocks, unit % blocks);
                    self.fold(at[o].0, b * SPLIT..self.total.min((b + 1) * SPLIT), acc);
                };
                self.split(self.results, blocks, 1, &partial, |o, acc| self.write(1, acc, at[o].1, 1));
            }
            return;
        }
        let direct = self.x.dtype == r.class.dtype();
        let one_row = self.folded.numel() == self.folded.len && (self.folded.steps[0] == 1 || self.total <= 1);
        let run = |range: Range<usize>| {
            self.kept.run(range, |[x, out], count, [xs, os]| {
                let mut buffer: Accumulators<BATCH> = [MaybeUninit::uninit(); BATCH];
                let acc = buffer.as_mut_ptr().cast::<u8>();
                for i in (0..count).step_by(BATCH) {
                    let m = (count - i).min(BATCH);
                    // SAFETY: as the caller of `reduce` says; the buffer holds BATCH accumulators.
                    unsafe {
                        (r.start)(m, acc);
                        if direct && one_row && self.total > 0 {
                            (r.rows)(m, self.total, self.x.at(x + i * xs), xs, acc);
                        } else {
                            for k in 0..m {
                                self.fold(x + (i + k) * xs, 0..self.total, acc.add(k * size));
                            }
                        }
                        self.write(m, acc, out + i * os, os);
                    }
                }
            })
        };
        parallel_for(self.results, (GRAIN / self.total.max(1)).max(1), &run);
    }

    /// Folds elements `range` of the result whose first element is at `x` into a started accumulator.
    unsafe fn fold(&self, x: usize, range: Range<usize>, acc: *mut u8) {
        let r = self.r;
        self.folded.run(range, |[at], n, [step]| {
            // SAFETY: as the caller of `reduce` says; the block holds LOADED elements of any class.
            unsafe {
                if self.x.dtype == r.class.dtype() && (step == 1 || n == 1) {
                    return (r.rows)(1, n, self.x.at(x + at), 0, acc);
                }
                let mut block = MaybeUninit::<[u128; LOADED]>::uninit();
                let block = block.as_mut_ptr().cast::<u8>();
                for i in (0..n).step_by(LOADED) {
                    let m = (n - i).min(LOADED);
                    if step == 1 {
                        // While this block is folded, nothing else would be on its way from memory.
                        let size = self.x.dtype.size();
                        fetch(self.x.at(x + at + i).wrapping_add(m * size), (n - i - m).min(LOADED) * size);
                    }
                    load(self.x.dtype, r.class, m, self.x.at(x + at + i * step), step, block);
                    (r.rows)(1, m, block, 0, acc);
                }
            }
        });
    }

    unsafe fn columns(&self, inner: Dim) {
        let tiles = inner.n.div_ceil(TILE);
        let units = self.results * tiles;
        let place = |unit: usize| {
            let first = unit % tiles * TILE;
            (first, (inner.n - first).min(TILE))
        };
        let width = inner.n.clamp(1, TILE);
        let rows = (SPLIT / width).max(64);
        if units < ENOUGH && self.total >= 2 * rows {
            let blocks = self.total.div_ceil(rows);
            let at = self.places(self.results);
            // SAFETY: as the caller of `reduce` says; each block has accumulators of its own.
            unsafe {
                let partial = |unit: usize, acc| {
                    let (u, b) = (unit / blocks, unit % blocks);
                    let (first, n) = place(u);
                    let range = b * rows..self.total.min((b + 1) * rows);
                    self.fold_columns(at[u / tiles].0 + first * inner.x, n, inner.x, range, acc);
                };
                self.split(units, blocks, width, &partial, |u, acc| {
                    let (first, n) = place(u);
                    self.write(n, acc, at[u / tiles].1 + first * inner.out, inner.out)
                });
            }
            return;
        }
        let run = |range: Range<usize>| {
            let mut buffer: Accumulators<TILE> = [MaybeUninit::uninit(); TILE];
            let acc = buffer.as_mut_ptr().cast::<u8>();
            let mut unit = range.start;
            while unit < range.end {
                let kept = unit / tiles;
                self.kept.run(kept..kept + 1, |[x, out], _, _| {
                    let (first, n) = place(unit);
                    // SAFETY: as the caller of `reduce` says; the buffer holds TILE accumulators.
                    unsafe {
                        (self.r.start)(n, acc);
                        self.fold_columns(x + first * inner.x, n, inner.x, 0..self.total, acc);
                        self.write(n, acc, out + first * inner.out, inner.out);
                    }
                });
                unit += 1;
            }
        };
        parallel_for(units, (GRAIN / (self.total * width).max(1)).max(1), &run);
    }

    /// Folds rows `range` of `n` columns, `step` apart, the first of them at `x`, into started accumulators.
    unsafe fn fold_columns(&self, x: usize, n: usize, step: usize, range: Range<usize>, acc: *mut u8) {
        const ROWS: usize = 8;
        let r = self.r;
        self.folded.run(range, |[at], rows, [stride]| {
            // SAFETY: as the caller of `reduce` says; the block holds ROWS rows of TILE elements of any class.
            unsafe {
                if self.x.dtype == r.class.dtype() && (step == 1 || n == 1) {
                    return (r.columns)(rows, n, self.x.at(x + at), stride, acc);
                }
                let mut block = MaybeUninit::<[u128; ROWS * TILE]>::uninit();
                let block = block.as_mut_ptr().cast::<u8>();
                for i in (0..rows).step_by(ROWS) {
                    let m = (rows - i).min(ROWS);
                    for k in 0..m {
                        let from = self.x.at(x + at + (i + k) * stride);
                        load(self.x.dtype, r.class, n, from, step, block.add(k * n * r.class.size()));
                    }
                    (r.columns)(m, n, block, n, acc);
                }
            }
        });
    }

    /// The places in `x` and `out` of the first results.
    fn places(&self, n: usize) -> Vec<(usize, usize)> {
        let mut at = Vec::with_capacity(n);
        self.kept.run(0..n, |[x, out], count, [xs, os]| at.extend((0..count).map(|k| (x + k * xs, out + k * os))));
        at
    }

    /// Computes `units * blocks` partial results of `width` accumulators on several threads, joins those of each unit
    /// in order and hands them on.
    unsafe fn split(
        &self,
        units: usize,
        blocks: usize,
        width: usize,
        partial: &(dyn Fn(usize, *mut u8) + Sync),
        done: impl Fn(usize, *mut u8),
    ) {
        let size = width * self.r.size;
        let mut partials = vec![0u128; (units * blocks * size).div_ceil(16)];
        let start = Shared(partials.as_mut_ptr().cast::<u8>());
        let start = &start;
        parallel_for(units * blocks, 1, &|range: Range<usize>| {
            for i in range {
                // SAFETY: every unit and block has a place of its own.
                unsafe {
                    let acc = start.0.add(i * size);
                    (self.r.start)(width, acc);
                    partial(i, acc);
                }
            }
        });
        for u in 0..units {
            // SAFETY: as above; all have been computed.
            unsafe {
                let acc = start.0.add(u * blocks * size);
                for b in 1..blocks {
                    (self.r.join)(width, acc, acc.add(b * size));
                }
                done(u, acc);
            }
        }
    }

    /// Writes `n` results from `out` on, `step` apart.
    unsafe fn write(&self, n: usize, acc: *const u8, out: usize, step: usize) {
        let r = self.r;
        // SAFETY: as the caller of `reduce` says; the block holds BLOCK >= TILE elements of any class.
        unsafe {
            if self.out.dtype == r.out.dtype() && (step == 1 || n == 1) {
                return (r.finish)(n, acc, self.divisor, self.out.at(out));
            }
            let mut block = MaybeUninit::<[u128; BLOCK]>::uninit();
            let block = block.as_mut_ptr().cast::<u8>();
            (r.finish)(n, acc, self.divisor, block);
            store(r.out, self.out.dtype, n, block, self.out.at(out), step);
        }
    }
}

/// Asks for memory that is read soon; it need not exist.
#[inline]
fn fetch(from: *const u8, nbytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for i in (0..nbytes).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(i).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, nbytes);
}

struct Shared(*mut u8);
// SAFETY: threads write to disjoint parts of the memory.
unsafe impl Sync for Shared {}
