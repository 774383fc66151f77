//! The register tiles for kernels that lay their own panels: products of blocks that stay in the cache, on one thread.

use super::tile::{In, Out, Real};
use super::{Mat, copy_rows, pack};

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
        [alpha, beta]: [T; 2],
        c: Mat<*mut T>,
        columns: usize,
    ) {
        let kernels = T::kernels();
        for i in (0..m).step_by(self.rows) {
            let out = Out { c: c.from(i, 0), rows: self.rows.min(m - i), cols: columns, alpha, beta };
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
