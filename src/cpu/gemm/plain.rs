//! Matrix products of integers and complex numbers, without register tiles.

use super::panel::pack_by_element;
use super::{Mat, Scratch, run};
use std::ops::{Add, Mul, Range};

/// A number that is multiplied without register tiles: integers (which wrap) and complex numbers.
pub trait Number: Copy + PartialEq + Default + Send + Sync + 'static {
    fn add(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
}
macro_rules! integers {
    ($($t:ty)*) => { $( impl Number for $t {
        #[inline(always)]
        fn add(self, b: Self) -> Self {
            self.wrapping_add(b)
        }
        #[inline(always)]
        fn mul(self, b: Self) -> Self {
            self.wrapping_mul(b)
        }
    } )* };
}
integers!(i64 i32 i16 i8 u8);
macro_rules! complex {
    ($($t:ty)*) => { $( impl Number for num_complex::Complex<$t> {
        #[inline(always)]
        fn add(self, b: Self) -> Self {
            Add::add(self, b)
        }
        #[inline(always)]
        fn mul(self, b: Self) -> Self {
            Mul::mul(self, b)
        }
    } )* };
}
complex!(f32 f64);

/// As [`gemm`](super::gemm), for integers and complex numbers.
///
/// # Safety
/// As for [`gemm`](super::gemm).
#[allow(clippy::too_many_arguments)]
pub unsafe fn gemm_plain<T: Number>(
    m: usize,
    n: usize,
    k: usize,
    alpha: T,
    a: Mat<*const T>,
    b: Mat<*const T>,
    beta: T,
    c: Mat<*mut T>,
) {
    if c.cs != 1 && c.rs == 1 {
        // SAFETY: as the caller says, for the transposed matrices.
        return unsafe { gemm_plain(n, m, k, alpha, b.t(), a.t(), beta, c.t()) };
    }
    let mut scratch = Scratch::<T>::new(if b.cs == 1 || m == 1 { 0 } else { k * n });
    let mut b = b;
    if b.cs != 1 && m > 1 {
        // SAFETY: the scratch memory has k rows of n elements.
        unsafe { pack_by_element(k, n, b, scratch.ptr(), n as isize, 1) };
        b = Mat { ptr: scratch.ptr().cast_const(), rs: n as isize, cs: 1 };
    }
    // SAFETY: as the caller says; every task has its own rows of C.
    let rows = |r: Range<usize>| unsafe {
        let (a, b, c) = (&a, &b, &c);
        for i in r.map(|i| i * PLAIN_ROWS) {
            plain_rows(PLAIN_ROWS.min(m - i), n, k, alpha, a.from(i, 0), *b, beta, c.from(i, 0));
        }
    };
    let each = PLAIN_ROWS * n.saturating_mul(k).saturating_mul(8);
    run(m.div_ceil(PLAIN_ROWS), each, each.saturating_mul(m.div_ceil(PLAIN_ROWS)), &rows);
}

/// Rows of C that are computed together, and columns.
const PLAIN_ROWS: usize = 4;
const PLAIN_COLUMNS: usize = 8;

crate::simd_kernel! {
    /// Some rows of C.
    unsafe fn plain_rows<L, T: Number>(
        rows: usize, n: usize, k: usize, alpha: T, a: Mat<*const T>, b: Mat<*const T>, beta: T, c: Mat<*mut T>,
    ) {
        let row = |i: usize| a.from(i.min(rows - 1), 0);
        let a = [row(0), row(1), row(2), row(3)];
        for j0 in (0..n).step_by(PLAIN_COLUMNS) {
            let width = PLAIN_COLUMNS.min(n - j0);
            // Each a variable of its own, which stays in registers.
            let (mut s0, mut s1) = ([T::default(); PLAIN_COLUMNS], [T::default(); PLAIN_COLUMNS]);
            let (mut s2, mut s3) = ([T::default(); PLAIN_COLUMNS], [T::default(); PLAIN_COLUMNS]);
            // SAFETY: the caller gives rows of k, a matrix of k by n and rows of n elements.
            unsafe {
                for l in 0..k {
                    let y = if b.cs == 1 && width == PLAIN_COLUMNS {
                        b.at(l, j0).cast::<[T; PLAIN_COLUMNS]>().read_unaligned()
                    } else {
                        std::array::from_fn(|j| *b.at(l, j0 + j.min(width - 1)))
                    };
                    let x = [*a[0].at(0, l), *a[1].at(0, l), *a[2].at(0, l), *a[3].at(0, l)];
                    for j in 0..PLAIN_COLUMNS {
                        s0[j] = s0[j].add(x[0].mul(y[j]));
                        s1[j] = s1[j].add(x[1].mul(y[j]));
                        s2[j] = s2[j].add(x[2].mul(y[j]));
                        s3[j] = s3[j].add(x[3].mul(y[j]));
                    }
                }
                for (i, sums) in [s0, s1, s2, s3].iter().enumerate().take(rows) {
                    for (j, &s) in sums[..width].iter().enumerate() {
                        let c = c.at_mut(i, j0 + j);
                        let r = alpha.mul(s);
                        *c = if beta == T::default() { r } else { r.add(beta.mul(*c)) };
                    }
                }
            }
        }
    }
}
