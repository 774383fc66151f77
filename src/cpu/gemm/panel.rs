//! How operands are laid for the register tiles, and the tiles for kernels that lay their own panels, on one thread.

use super::Mat;
use super::tile::{In, Kernels, Out, Real, SQUARE};

/// What such a kernel needs to know of the register tiles.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Panel {
    /// Elements in a vector; the width of a panel is a multiple.
    pub lanes: usize,
    /// Rows of a tile.
    pub rows: usize,
    vectors: usize,
}

impl Panel {
    pub(in crate::cpu) fn of<T: Real>() -> Self {
        let kernels = T::kernels();
        Panel { lanes: kernels.lanes, rows: kernels.rows[0], vectors: kernels.vectors }
    }
    /// The most columns that a panel has.
    pub(in crate::cpu) fn widest(self) -> usize {
        self.lanes * self.vectors
    }
    /// Calls `f(start, width)` for the panels that `columns` columns (whole vectors) are divided into, of nearly equal width.
    #[inline(always)]
    pub(in crate::cpu) fn each(self, columns: usize, mut f: impl FnMut(usize, usize)) {
        let vectors = columns / self.lanes;
        let count = vectors.div_ceil(self.vectors);
        let at = |i: usize| i * vectors / count * self.lanes;
        (0..count).for_each(|i| f(at(i), at(i + 1) - at(i)));
    }
    /// `C = alpha A B + beta C`, where A is `m` by k and B one panel of `width` columns, k and what lies where as `input` says;
    /// C has `columns` of them.
    ///
    /// # Safety
    /// The memory must be good for these sizes.
    pub(in crate::cpu) unsafe fn multiply<T: Real>(
        self,
        m: usize,
        input: &In<T>,
        width: usize,
        factors: [T; 2],
        c: Mat<*mut T>,
        columns: usize,
    ) {
        // SAFETY: as the caller says.
        unsafe { self.multiply_plus(m, input, width, factors, c.read(), c, columns) }
    }
    /// `C = alpha A B + beta E`; see `multiply`.
    ///
    /// # Safety
    /// As for `multiply`; E must be C itself or apart from it.
    #[allow(clippy::too_many_arguments)]
    pub(super) unsafe fn multiply_plus<T: Real>(
        self,
        m: usize,
        input: &In<T>,
        width: usize,
        [alpha, beta]: [T; 2],
        e: Mat<*const T>,
        c: Mat<*mut T>,
        columns: usize,
    ) {
        let kernels = T::kernels();
        for i in (0..m).step_by(self.rows) {
            let (c, e) = (c.from(i, 0), e.from(i, 0));
            let out = Out { c, e, rows: self.rows.min(m - i), cols: columns, alpha, beta };
            let a_rows = if input.a_rows.is_null() { input.a_rows } else { input.a_rows.wrapping_add(i) };
            let a = if input.a_rows.is_null() { input.a.from(i, 0) } else { input.a };
            // SAFETY: as the caller says.
            unsafe { kernels.tile(out.rows, width / self.lanes)(&In { a, a_rows, ..*input }, &out) };
        }
    }
    /// C += A B, where B is k by `width` (whole vectors, any number) in rows that are `step` apart, and C has `columns`.
    ///
    /// # Safety
    /// As for `multiply`.
    pub(in crate::cpu) unsafe fn add_wide<T: Real>(
        self,
        m: usize,
        k: usize,
        a: Mat<*const T>,
        (b, width): (*const T, usize),
        c: Mat<*mut T>,
        columns: usize,
    ) {
        self.each(width, |j, w| {
            let input = In::new(k, a, b.wrapping_add(j), width as isize);
            // SAFETY: as the caller says.
            unsafe { self.multiply(m, &input, w, [T::ONE, T::ONE], c.from(0, j), w.min(columns - j)) };
        });
    }
}

/// Lays k by n elements into a panel of `width` columns, the missing ones zero.
///
/// # Safety
/// B must be good for k by n elements, the panel for k by `width`.
pub(in crate::cpu) unsafe fn lay_panel<T: Real>(k: usize, n: usize, b: Mat<*const T>, to: *mut T, width: usize) {
    // SAFETY: as the caller says.
    unsafe { pack(T::kernels(), k, n, b, to, width) }
}

/// Copies k by n elements into rows that are `step` apart.
///
/// # Safety
/// The memory must be good for these elements.
pub(in crate::cpu) unsafe fn lay_rows<T: Real>(k: usize, n: usize, b: Mat<*const T>, to: *mut T, step: usize) {
    // SAFETY: as the caller says.
    unsafe { copy_rows(T::kernels(), k, n, b, to, step) }
}

/// How columns are divided into panels of nearly equal width.
pub(super) struct Panels {
    pub count: usize,
    pub vectors: usize,
    lanes: usize,
    columns: usize,
}

impl Panels {
    pub fn new<T>(kernels: &Kernels<T>, columns: usize) -> Self {
        let vectors = columns.div_ceil(kernels.lanes);
        Panels { count: vectors.div_ceil(kernels.vectors), vectors, lanes: kernels.lanes, columns }
    }
    /// As many panels, or one more, so that two threads have as many of a few.
    pub fn even(self) -> Self {
        let more = self.count % 2 == 1 && (3..12).contains(&self.count);
        Panels { count: self.count + more as usize, ..self }
    }
    /// The first column of a panel.
    pub fn column(&self, p: usize) -> usize {
        p * self.vectors / self.count * self.lanes
    }
    pub fn width(&self, p: usize) -> usize {
        self.column(p + 1) - self.column(p)
    }
    /// The columns that it has of the matrix; the rest is padding.
    pub fn used(&self, p: usize) -> usize {
        self.width(p).min(self.columns - self.column(p))
    }
}

/// Lays `blocks` blocks of `rows` rows of A, which lie side by side in memory, one after the other: column by column of each.
///
/// # Safety
/// A must be good for these rows and k columns, `to` for as many elements.
pub(super) unsafe fn lay_blocks<T: Real>(rows: usize, blocks: usize, k: usize, a: Mat<*const T>, to: *mut T) {
    // SAFETY: as the caller says.
    unsafe {
        match rows {
            8 => lay_blocks_of::<T, 8>(blocks, k, a, to),
            6 => lay_blocks_of::<T, 6>(blocks, k, a, to),
            _ => (0..blocks).for_each(|block| {
                let to = to.add(block * rows * k);
                copy_rows(T::kernels(), k, rows, a.from(block * rows, 0).t(), to, rows)
            }),
        }
    }
}

unsafe fn lay_blocks_of<T: Real, const R: usize>(blocks: usize, k: usize, a: Mat<*const T>, to: *mut T) {
    for l in 0..k {
        for block in 0..blocks {
            // SAFETY: as the caller says.
            unsafe {
                let column = a.at(block * R, l).cast::<[T; R]>().read_unaligned();
                to.add((block * k + l) * R).cast::<[T; R]>().write_unaligned(column);
            }
        }
    }
}

/// Copies `n` columns of B, k elements high, into a panel of `width` columns, the missing ones zero.
pub(super) unsafe fn pack<T: Real>(
    kernels: &Kernels<T>,
    k: usize,
    n: usize,
    b: Mat<*const T>,
    to: *mut T,
    width: usize,
) {
    // SAFETY: B has k by n elements and the panel k by `width`.
    unsafe {
        copy_rows(kernels, k, n, b, to, width);
        if n < width {
            for i in 0..k {
                for j in n..width {
                    *to.add(i * width + j) = T::default();
                }
            }
        }
    }
}

/// Copies a matrix of k by n elements into rows that are `step` apart.
pub(super) unsafe fn copy_rows<T: Real>(
    kernels: &Kernels<T>,
    k: usize,
    n: usize,
    b: Mat<*const T>,
    to: *mut T,
    step: usize,
) {
    // SAFETY: B has k by n elements, and so have the rows.
    unsafe {
        if b.cs == 1 {
            for i in 0..k {
                let (mut from, mut to, mut left) = (b.at(i, 0), to.add(i * step), n);
                // Not a call: panels are narrow.
                while left >= SQUARE {
                    to.cast::<[T; SQUARE]>().write_unaligned(from.cast::<[T; SQUARE]>().read_unaligned());
                    (from, to, left) = (from.add(SQUARE), to.add(SQUARE), left - SQUARE);
                }
                (0..left).for_each(|j| *to.add(j) = *from.add(j));
            }
        } else {
            let (whole_n, whole_k) = if b.rs == 1 { (n / SQUARE * SQUARE, k / SQUARE * SQUARE) } else { (0, 0) };
            for j in (0..whole_n).step_by(SQUARE) {
                for i in (0..whole_k).step_by(SQUARE) {
                    (kernels.square)(b.at(i, j), b.cs, to.add(i * step + j), step as isize);
                }
            }
            let step = step as isize;
            pack_by_element(k - whole_k, whole_n, b.from(whole_k, 0), to.offset(whole_k as isize * step), step, 1);
            pack_by_element(k, n - whole_n, b.from(0, whole_n), to.add(whole_n), step, 1);
        }
    }
}

pub(super) unsafe fn pack_by_element<T: Copy>(k: usize, n: usize, b: Mat<*const T>, to: *mut T, rs: isize, cs: isize) {
    let to = Mat { ptr: to, rs, cs };
    for j in 0..n {
        for i in 0..k {
            // SAFETY: the caller gives k by n elements of both.
            unsafe { *to.at_mut(i, j) = *b.at(i, j) }
        }
    }
}
