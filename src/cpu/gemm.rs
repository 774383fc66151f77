//! Matrix products for any strides: C = alpha A B + beta E, where E may be C.
//!
//! The register tiles of `gemm/tile.rs` broadcast one element of A at a time, so that A needs no particular layout and only B
//! must have its columns side by side. Where it has not, it is packed into panels. The same product can be had as the
//! transposed of B' A', where B is broadcast and A is packed; the cheaper way is chosen, which for a layer means that its
//! weights are read as they lie in memory and the small batch is packed. Threads share out tiles of C. Each element is
//! summed in an order that depends on shapes and strides only, so it has the same bits for any number of threads.

use super::parallel::{parallel_for, parallel_for_long};
use smallvec::SmallVec;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;

#[cfg(target_arch = "x86_64")]
pub(super) mod bfloat16;
mod panel;
mod plain;
mod tile;
pub(super) use panel::{Panel, lay_panel, lay_rows};
use panel::{Panels, lay_blocks, pack, pack_by_element};
pub use plain::{Number, gemm_plain};
pub use tile::Real;
pub(super) use tile::{DOTS, In};
use tile::{Kernels, Out};

/// A matrix in memory: element (i, j) is at `ptr + i rs + j cs`.
#[derive(Clone, Copy)]
pub struct Mat<P> {
    pub ptr: P,
    /// From one row to the next, in elements.
    pub rs: isize,
    /// From one column to the next, in elements.
    pub cs: isize,
}

// SAFETY: a plain address; the functions that follow it say what it must point at.
unsafe impl<P> Sync for Mat<P> {}

impl<P> Mat<P> {
    /// The transposed matrix, in the same memory.
    pub fn t(self) -> Self {
        Mat { ptr: self.ptr, rs: self.cs, cs: self.rs }
    }
}
impl<T> Mat<*const T> {
    /// The address of an element.
    #[inline(always)]
    pub fn at(&self, i: usize, j: usize) -> *const T {
        self.ptr.wrapping_offset(i as isize * self.rs + j as isize * self.cs)
    }
    /// The part from an element on.
    pub fn from(self, i: usize, j: usize) -> Self {
        Mat { ptr: self.at(i, j), ..self }
    }
}
impl<T> Mat<*mut T> {
    /// The address of an element.
    #[inline(always)]
    pub fn at_mut(&self, i: usize, j: usize) -> *mut T {
        self.ptr.wrapping_offset(i as isize * self.rs + j as isize * self.cs)
    }
    /// The part from an element on.
    pub fn from(self, i: usize, j: usize) -> Self {
        Mat { ptr: self.at_mut(i, j), ..self }
    }
    /// The same memory, to read.
    pub fn read(self) -> Mat<*const T> {
        Mat { ptr: self.ptr.cast_const(), rs: self.rs, cs: self.cs }
    }
}

/// The height of a block of k, about. C is read and written once for each, so that high blocks pay.
const KC: usize = 512;
/// The same where rows of A are scattered: what is laid of them stays in the first-level cache.
const KC_SCATTERED: usize = 256;
/// The same where tiles of C are turned on their way to memory, which costs more.
const KC_TURNED: usize = 1024;
/// A block of k that is not high.
const LOW: usize = 256;
/// Blocks of k whose panels are packed together.
const K_BLOCKS: usize = 8;
/// Elements of B that are packed together.
const PACKED: usize = 1 << 21;
/// Bytes of packed panels that a task uses at once: part of the second-level cache.
const NEAR: usize = 400 << 10;
/// Multiplications in a task; work of less than two tasks is not shared out.
const TASK: usize = 1 << 19;
/// Multiplications for which sleeping threads are woken up at once.
const LONG: usize = 1 << 24;
/// Row blocks in a task of a long sum: what is near of B is then used so often.
const NEAR_ROWS: usize = 16;
/// Bytes of A that stay in the second-level cache while one panel after the other is multiplied by it.
const NEAR_A: usize = 1 << 19;
/// Row blocks of a task whose rows of A are scattered: so much is read of each of their cache lines.
const SCATTERED_ROWS: usize = 4;
/// Elements of a part of a product of vectors.
const LONG_DOT: usize = 1 << 15;
/// Bytes of B that are not worth packing.
const SMALL: usize = 24 << 10;
/// Up to so many rows of A, columns of B that lie side by side are not packed.
const FEW_ROWS: usize = 64;

/// C = alpha A B + beta E, where A is m by k, B k by n, C and E m by n; with beta 0, E is not read.
///
/// # Safety
/// The matrices must be memory good for all their elements, to read (A, B, E) and to write (C); C must not overlap A or B,
/// nor two of its elements each other; E must be C itself or apart from it. Elements of E may share memory: a row for all.
#[allow(clippy::too_many_arguments)]
pub unsafe fn gemm<T: Real>(
    m: usize,
    n: usize,
    k: usize,
    alpha: T,
    a: Mat<*const T>,
    b: Mat<*const T>,
    beta: T,
    e: Mat<*const T>,
    c: Mat<*mut T>,
) {
    if m == 0 || n == 0 {
        return;
    }
    let kernels = T::kernels();
    let task = Task { kernels, m, n, k, alpha, a, b, beta, e, c };
    let turned = Task { m: n, n: m, a: b.t(), b: a.t(), e: e.t(), c: c.t(), ..task };
    // SAFETY: as the caller says, for the transposed matrices too.
    unsafe {
        if task.is_small() {
            task.small();
        } else if n <= DOTS && a.cs == 1 && k > 1 {
            task.few_columns();
        } else if m <= DOTS && b.rs == 1 && k > 1 {
            turned.few_columns();
        } else if m == 1 && b.cs == 1 && c.cs == 1 && k * n * size_of::<T>() > SMALL {
            task.one_row();
        } else if n == 1 && a.rs == 1 && c.rs == 1 && k * m * size_of::<T>() > SMALL {
            turned.one_row();
        } else if task.cost() <= turned.cost() {
            task.product();
        } else {
            turned.product();
        }
    }
}

/// One product, as the kernels see it.
#[derive(Clone, Copy)]
struct Task<T: 'static> {
    kernels: &'static Kernels<T>,
    m: usize,
    n: usize,
    k: usize,
    alpha: T,
    a: Mat<*const T>,
    b: Mat<*const T>,
    beta: T,
    e: Mat<*const T>,
    c: Mat<*mut T>,
}

impl<T: Real> Task<T> {
    /// C at one element, whose sum of products is known.
    #[inline(always)]
    unsafe fn put(&self, i: usize, j: usize, sum: T) {
        let r = self.alpha * sum;
        // SAFETY: the caller names an element of the matrices.
        unsafe {
            *self.c.at_mut(i, j) = if self.beta == T::default() { r } else { r + self.beta * *self.e.at(i, j) };
        }
    }

    /// Whether the columns of B are used where they lie, not packed.
    fn in_place(&self) -> bool {
        self.b.cs == 1 && (self.m <= FEW_ROWS || self.k * self.n * size_of::<T>() <= SMALL)
    }

    /// Whether it is over before the product has been planned: few elements, and columns of B in whole tiles where they lie.
    fn is_small(&self) -> bool {
        let whole = if self.n < self.kernels.lanes { tile::EIGHT } else { self.kernels.lanes };
        self.b.cs == 1
            && self.n.is_multiple_of(whole)
            && self.k <= LOW
            && self.k * self.n * size_of::<T>() <= SMALL
            && self.m * self.n * self.k < TASK / 4
    }

    /// The product on this thread, nothing packed.
    unsafe fn small(&self) {
        let &Task { kernels, m, n, k, alpha, a, b, beta, e, c } = self;
        // SAFETY: inside the matrices.
        unsafe {
            if n >= kernels.lanes {
                let panel = Panel::of::<T>();
                panel.each(n, |j, w| {
                    let input = In::new(k, a, b.at(0, j), b.rs);
                    panel.multiply_plus(m, &input, w, [alpha, beta], e.from(0, j), c.from(0, j), w)
                });
                return;
            }
            for j in (0..n).step_by(tile::EIGHT) {
                for i in (0..m).step_by(4) {
                    let rows = 4.min(m - i);
                    let out = Out { c: c.from(i, j), e: e.from(i, j), rows, cols: tile::EIGHT, alpha, beta };
                    (kernels.eight)(&In::new(k, a.from(i, 0), b.at(0, j), b.rs), &out);
                }
            }
        }
    }

    /// Roughly the time that `product` takes.
    fn cost(&self) -> f64 {
        let (m, n, k) = (self.m as f64, self.n as f64, self.k as f64);
        let compute = m * self.n.next_multiple_of(self.kernels.lanes) as f64 * k / 32.0;
        let pack = match self.b.cs {
            1 if self.in_place() => 0.0,
            1 => k * n / 8.0,
            _ => k * n / 2.0,
        };
        // a row of A that is scattered over memory has little of each cache line
        let rows = if self.a.cs == 1 { 0.0 } else { m * k / 4.0 };
        compute + pack + rows + m * n / if self.c.cs == 1 { 8.0 } else { 2.0 }
    }

    /// The product by register tiles: in parts of k and n, so that the packed panels are not too large.
    unsafe fn product(&self) {
        let high = match (self.c.cs, self.a.cs) {
            (1, 1) => KC,
            (1, _) => KC_SCATTERED,
            _ => KC_TURNED,
        };
        let blocks = ((self.k + high / 2) / high).max(1);
        let k_at = |block: usize| block * (self.k / blocks) + block.min(self.k % blocks);
        for first in (0..blocks).step_by(K_BLOCKS) {
            let bounds: SmallVec<[usize; K_BLOCKS + 1]> = (first..=blocks.min(first + K_BLOCKS)).map(k_at).collect();
            let height = bounds[bounds.len() - 1] - bounds[0];
            let widest = self.kernels.vectors * self.kernels.lanes;
            let columns = (PACKED / height.max(1) / widest).max(1) * widest;
            for n0 in (0..self.n).step_by(columns) {
                // SAFETY: as the caller says.
                unsafe { self.part(&bounds, n0, columns.min(self.n - n0)) };
            }
        }
    }

    /// Adds the product over some blocks of k, which begin and end at `bounds`, to `columns` columns of C from `n0` on.
    unsafe fn part(&self, bounds: &[usize], n0: usize, columns: usize) {
        let &Task { kernels, m, alpha, a, b, beta, e, c, .. } = self;
        let k0 = bounds[0];
        let height = bounds[bounds.len() - 1] - k0;
        let scattered = a.cs != 1 && a.rs == 1;
        let near = !scattered && m * height * size_of::<T>() <= NEAR_A;
        let panels = Panels::new(kernels, columns);
        let panels = if near { panels.even() } else { panels };
        let width = panels.vectors * kernels.lanes;
        let work = m.saturating_mul(width).saturating_mul(height);
        let mut scratch = Scratch::<T>::new(width * height);
        let packed = Mat { ptr: scratch.ptr(), rs: 0, cs: 0 };
        let in_place = |p: usize| self.in_place() && panels.used(p) == panels.width(p);

        let pack_panel = |p: usize| {
            let (packed, j) = (&packed, panels.column(p));
            if !in_place(p) {
                // SAFETY: panels do not overlap, and the scratch memory holds them all.
                unsafe {
                    let to = packed.ptr.add(j * height);
                    pack(kernels, height, panels.used(p), b.from(k0, n0 + j), to, panels.width(p));
                }
            }
        };
        // The rows from `i0` on times a panel, over a block of k.
        let rows = kernels.rows[0];
        let multiply = |a: Mat<*const T>, i0: usize, p: usize, k: &[usize]| {
            let (packed, b, e, c) = (&packed, &b, &e, &c);
            let (j, width) = (panels.column(p), panels.width(p));
            let first = k[0] == 0;
            let c = c.from(i0, n0 + j);
            let out = Out {
                c,
                e: if first { e.from(i0, n0 + j) } else { c.read() },
                rows: rows.min(m - i0),
                cols: panels.used(p),
                alpha,
                beta: if first { beta } else { T::ONE },
            };
            let (panel, step) = if in_place(p) {
                (b.at(k[0], n0 + j), b.rs)
            } else {
                let at = j * height + (k[0] - k0) * width;
                (packed.ptr.wrapping_add(at).cast_const(), width as isize)
            };
            let tile = kernels.tile(out.rows, width / kernels.lanes);
            // SAFETY: inside the matrices and the panel; tasks write distinct tiles of C.
            unsafe { tile(&In::new(k[1] - k[0], a, panel, step), &out) };
        };
        if near && panels.count > 1 {
            // Each thread packs what it multiplies: what another one has packed comes slowly from that one's cache.
            let own = |r: Range<usize>| {
                let a = &a;
                for p in r {
                    pack_panel(p);
                    for k in bounds.windows(2) {
                        (0..m).step_by(rows).for_each(|i0| multiply(a.from(i0, k[0]), i0, p, k));
                    }
                }
            };
            return run(panels.count, work / panels.count, work, &own);
        }
        // an element is packed in the time of about eight multiplications
        run(panels.count, width * height / panels.count * 8, width * height * 8, &|r| r.for_each(pack_panel));

        // a task has some row blocks and the panels of a group, which it fetches once
        let deepest = bounds.windows(2).map(|k| k[1] - k[0]).max().unwrap_or(0);
        let group = (NEAR / (deepest.max(LOW) * kernels.vectors * kernels.lanes * size_of::<T>())).max(1);
        let groups = panels.count.div_ceil(group);
        let group = panels.count.div_ceil(groups);
        let row_blocks = m.div_ceil(rows);
        let block_work = (rows * height).saturating_mul(width / groups);
        let far = width / groups * height * size_of::<T>() > 2 * NEAR;
        // Rows of A that are scattered are laid beside each other, once for all panels of a group.
        let scattered = scattered && group > 1;
        let least = if scattered { SCATTERED_ROWS.min(row_blocks) } else { 1 };
        let least = if far { NEAR_ROWS.min(row_blocks / 4).max(least) } else { least };
        let task_rows = (TASK / block_work.max(1)).clamp(least, row_blocks);
        let row_tasks = row_blocks.div_ceil(task_rows);
        let tiles = |task: usize| {
            let (g, r) = (task / row_tasks, task % row_tasks);
            let own = r * task_rows..row_blocks.min((r + 1) * task_rows);
            let mut laid = Scratch::<T>::new(if scattered { own.len() * rows * deepest } else { 0 });
            for k in bounds.windows(2) {
                let deep = k[1] - k[0];
                if scattered {
                    let whole = own.len().min(m / rows - own.start);
                    // SAFETY: whole blocks of rows of the matrix, and no block of k is higher than the deepest.
                    unsafe { lay_blocks(rows, whole, deep, a.from(own.start * rows, k[0]), laid.ptr()) };
                }
                for i in own.clone() {
                    let i0 = i * rows;
                    let group = g * group..panels.count.min((g + 1) * group);
                    let mut a = a.from(i0, k[0]);
                    if scattered && i0 + rows <= m {
                        let ptr = laid.ptr().wrapping_add((i - own.start) * rows * deep).cast_const();
                        a = Mat { ptr, rs: 1, cs: rows as isize };
                    }
                    group.for_each(|p| multiply(a, i0, p, k));
                }
            }
        };
        let count = groups * row_tasks;
        run(count, work / count, work, &|r| r.for_each(tiles));
    }

    /// The product for one row of A and B by rows: memory is read in its order, in a fixed number of parts.
    unsafe fn one_row(&self) {
        let &Task { n, k, a, b, .. } = self;
        const WIDTH: usize = 4096;
        let parts = (k / LOW).clamp(1, 16);
        let pieces = n.div_ceil(WIDTH);
        let mut scratch = Scratch::<T>::new(parts * n);
        let sums = Mat { ptr: scratch.ptr(), rs: n as isize, cs: 1 };
        let add = |r: Range<usize>| {
            let (a, b, sums) = (&a, &b, &sums);
            for i in r {
                let (part, j) = (i / pieces, i % pieces * WIDTH);
                let (k0, k1) = (part * k / parts, (part + 1) * k / parts);
                // SAFETY: inside the matrices; every task has sums of its own.
                unsafe {
                    let sum = std::slice::from_raw_parts_mut(sums.at_mut(part, j), WIDTH.min(n - j));
                    sum.fill(T::default());
                    add_rows(k1 - k0, a.from(0, k0), b.from(k0, j), sum);
                }
            }
        };
        let all = k.saturating_mul(n).saturating_mul(4);
        run(parts * pieces, all / (parts * pieces), all, &add);
        for j in 0..n {
            // SAFETY: as above.
            unsafe {
                let sum = (1..parts).fold(*sums.at_mut(0, j), |sum, part| sum + *sums.at_mut(part, j));
                self.put(0, j, sum);
            }
        }
    }

    /// The product for very few columns of B and rows of A whose elements lie side by side.
    unsafe fn few_columns(&self) {
        let &Task { kernels, m, n, k, a, b, .. } = self;
        let mut scratch = Scratch::<T>::new(if b.rs == 1 { 0 } else { n * k });
        let mut x = b;
        if b.rs != 1 {
            x = Mat { ptr: scratch.ptr().cast_const(), rs: 1, cs: k as isize };
            // SAFETY: the scratch memory has n columns of k elements.
            unsafe { pack_by_element(k, n, b, scratch.ptr(), 1, k as isize) };
        }
        if m <= DOTS && k >= 2 * LONG_DOT {
            // SAFETY: as the caller says.
            return unsafe { self.long_dots(x) };
        }
        let rows = |r: Range<usize>| {
            let (a, x) = (&a, &x);
            for i in r {
                let height = DOTS.min(m - i * DOTS);
                for j in 0..n {
                    let mut sums = [T::default(); DOTS];
                    // SAFETY: inside the matrices; every task has its own rows of C.
                    unsafe {
                        (kernels.dots)(k, a.from(i * DOTS, 0), height, x.at(0, j), &mut sums);
                        sums[..height].iter().enumerate().for_each(|(l, &sum)| self.put(i * DOTS + l, j, sum));
                    }
                }
            }
        };
        let each = (DOTS * n * 4).saturating_mul(k);
        run(m.div_ceil(DOTS), each, each.saturating_mul(m / DOTS), &rows);
    }

    /// The products of a few long rows and columns, in parts of a fixed length whose sums are added in order.
    unsafe fn long_dots(&self, x: Mat<*const T>) {
        let &Task { kernels, m, n, k, a, .. } = self;
        let parts = k.div_ceil(LONG_DOT);
        let mut scratch = Scratch::<[T; DOTS]>::new(parts * n);
        let sums = Mat { ptr: scratch.ptr(), rs: n as isize, cs: 1 };
        let part = |r: Range<usize>| {
            let (a, x, sums) = (&a, &x, &sums);
            for (i, j) in r.flat_map(|i| (0..n).map(move |j| (i, j))) {
                let start = i * LONG_DOT;
                // SAFETY: inside the matrices; every task has its own sums.
                unsafe {
                    let mut sum = [T::default(); DOTS];
                    (kernels.dots)(LONG_DOT.min(k - start), a.from(0, start), m, x.at(start, j), &mut sum);
                    *sums.at_mut(i, j) = sum;
                }
            }
        };
        run(parts, LONG_DOT * n * DOTS, k.saturating_mul(n * DOTS), &part);
        for (l, j) in (0..m).flat_map(|l| (0..n).map(move |j| (l, j))) {
            // SAFETY: as above.
            unsafe {
                let sum = (0..parts).fold(T::default(), |sum, i| sum + (&*sums.at_mut(i, j))[l]);
                self.put(l, j, sum);
            }
        }
    }
}

crate::simd_kernel! {
    /// Adds rows of B, times the elements of a row of A, to `sum`; four rows at a time.
    pub(super) unsafe fn add_rows<L, T: Real>(k: usize, a: Mat<*const T>, b: Mat<*const T>, sum: &mut [T]) {
        let n = sum.len();
        // SAFETY: the caller gives k elements of A and k rows of B as long as `sum`.
        unsafe {
            let mut l = 0;
            while l + 4 <= k {
                let (x0, x1, x2, x3) = (*a.at(0, l), *a.at(0, l + 1), *a.at(0, l + 2), *a.at(0, l + 3));
                let y0 = std::slice::from_raw_parts(b.at(l, 0), n);
                let y1 = std::slice::from_raw_parts(b.at(l + 1, 0), n);
                let y2 = std::slice::from_raw_parts(b.at(l + 2, 0), n);
                let y3 = std::slice::from_raw_parts(b.at(l + 3, 0), n);
                for j in 0..n {
                    sum[j] = sum[j] + (x0 * y0[j] + x1 * y1[j]) + (x2 * y2[j] + x3 * y3[j]);
                }
                l += 4;
            }
            for l in l..k {
                let (x, y) = (*a.at(0, l), std::slice::from_raw_parts(b.at(l, 0), n));
                for j in 0..n {
                    sum[j] = sum[j] + x * y[j];
                }
            }
        }
    }
}

/// Runs `count` pieces of work, `each` multiplications or so, on several threads if that pays for `all` of it.
fn run(count: usize, each: usize, all: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
    let grain = (TASK / 4 / each.max(1)).max(1);
    match all {
        LONG.. => parallel_for_long(count, grain, f),
        _ if all < 2 * TASK => f(0..count),
        _ => parallel_for(count, grain, f),
    }
}

/// Memory for packed panels, on cache lines, kept by its thread for the next product.
pub(super) struct Scratch<T> {
    memory: Vec<Line>,
    of: std::marker::PhantomData<T>,
}
#[repr(align(64))]
struct Line(#[allow(dead_code)] MaybeUninit<[u8; 64]>);

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

impl<T> Scratch<T> {
    pub(super) fn new(elements: usize) -> Self {
        let mut memory = KEPT.take();
        let lines = (elements * size_of::<T>()).div_ceil(64);
        if memory.capacity() < lines {
            memory = Vec::with_capacity(lines);
        }
        Scratch { memory, of: std::marker::PhantomData }
    }
    pub(super) fn ptr(&mut self) -> *mut T {
        self.memory.as_mut_ptr().cast()
    }
}
impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        KEPT.set(std::mem::take(&mut self.memory));
    }
}
