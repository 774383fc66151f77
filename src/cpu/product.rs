//! Matrix products of any dtype that can be multiplied, on strided matrices, one or a batch of them.
//!
//! Real floats go to `gemm`; a complex product is four real ones on the interleaved parts; integers multiply as i64.
//! Halves and small integers are converted by the caller, but for bfloat16 where the machine multiplies it.
use super::gemm::{Mat, gemm, gemm_plain};
use super::parallel::{num_threads, parallel_for};
use super::walk::Walk;
use crate::dtype::DType;

/// A matrix in memory: its first element, and the steps from row to row and from column to column, in elements.
#[derive(Clone, Copy)]
pub struct Matrix {
    pub ptr: *mut u8,
    pub row: usize,
    pub column: usize,
}
// SAFETY: threads that share a matrix write to disjoint elements.
unsafe impl Sync for Matrix {}
// SAFETY: as above.
unsafe impl Send for Matrix {}

impl Matrix {
    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }
    fn at(self, element: usize, size: usize) -> Self {
        Self { ptr: self.ptr.wrapping_add(element * size), ..self }
    }
    fn read<T>(self) -> Mat<*const T> {
        Mat { ptr: self.ptr.cast::<T>().cast_const(), rs: self.row as isize, cs: self.column as isize }
    }
    fn write<T>(self) -> Mat<*mut T> {
        Mat { ptr: self.ptr.cast(), rs: self.row as isize, cs: self.column as isize }
    }
    /// The real (0) or imaginary (1) parts of a complex matrix, as a real one.
    fn part(self, imaginary: usize, size: usize) -> Self {
        Self { ptr: self.ptr.wrapping_add(imaginary * size / 2), row: self.row * 2, column: self.column * 2 }
    }
}

/// Rows and columns of the result, and the length of what is summed.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// Whether `multiply` takes matrices of bfloat16 of these sizes; it is then called with `alpha` 1 and `beta` 0.
pub fn takes_bfloat16(s: Sizes) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        s.m >= 8 && s.n >= 16 && s.k >= 16 && s.m * s.n * s.k >= 1 << 15 && super::gemm::bfloat16::machine().is_some()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        _ = s;
        false
    }
}

/// `c = alpha * a @ b + beta * c`; with `beta` 0, `c` is not read. The dtype is int64, float32, float64 or complex, and
/// `alpha` and `beta` are 1 or 0 unless it is a real float; or bfloat16 (see `takes_bfloat16`).
///
/// # Safety
/// The matrices must be good for `m x k`, `k x n` and `m x n` elements of `dtype`, and `c` must not overlap the others.
pub unsafe fn multiply(dtype: DType, s: Sizes, alpha: f64, a: Matrix, b: Matrix, beta: f64, c: Matrix) {
    // SAFETY: as the caller says; a complex element is two real ones.
    unsafe {
        match dtype {
            DType::F32 | DType::F64 => multiply_plus(dtype, s, alpha, a, b, (beta, c), c),
            DType::C64 | DType::C128 => {
                let real = |alpha: f64, i: usize, j: usize, beta: f64, k: usize| {
                    let size = dtype.size();
                    multiply(dtype.to_real(), s, alpha, a.part(i, size), b.part(j, size), beta, c.part(k, size));
                };
                real(alpha, 0, 0, beta, 0);
                real(-alpha, 1, 1, 1.0, 0);
                real(alpha, 0, 1, beta, 1);
                real(alpha, 1, 0, 1.0, 1);
            }
            #[cfg(target_arch = "x86_64")]
            DType::BF16 => {
                let Some(machine) = super::gemm::bfloat16::machine() else { return };
                super::gemm::bfloat16::gemm(machine, [s.m, s.n, s.k], a.read(), b.read(), c.write())
            }
            // They wrap around, as in PyTorch.
            _ => gemm_plain::<i64>(s.m, s.n, s.k, alpha as i64, a.read(), b.read(), beta as i64, c.write()),
        }
    }
}

/// `c = alpha * a @ b + beta * e` of real floats; with `beta` 0, `e` is not read.
///
/// # Safety
/// As for `multiply`; `e` must be good for `m x n` elements, some of which may share memory, and be `c` or apart from it.
pub unsafe fn multiply_plus(
    dtype: DType,
    s: Sizes,
    alpha: f64,
    a: Matrix,
    b: Matrix,
    (beta, e): (f64, Matrix),
    c: Matrix,
) {
    // SAFETY: as the caller says.
    unsafe {
        match dtype {
            DType::F32 => {
                gemm(s.m, s.n, s.k, alpha as f32, a.read(), b.read(), beta as f32, e.read(), c.write());
            }
            DType::F64 => gemm(s.m, s.n, s.k, alpha, a.read(), b.read(), beta, e.read(), c.write()),
            _ => unreachable!("a product of real floats"),
        }
    }
}

/// Products of a batch: `strides` and `offsets` are those of c, a and b over the batch's dims.
///
/// # Safety
/// As for `multiply`, at every place of the batch.
#[allow(clippy::too_many_arguments)]
pub unsafe fn batched(
    dtype: DType,
    s: Sizes,
    batch: &[usize],
    strides: [&[usize]; 3],
    alpha: f64,
    a: Matrix,
    b: Matrix,
    beta: f64,
    c: Matrix,
) {
    let walk = Walk::new(batch, strides, [0; 3]);
    let size = dtype.size();
    let run = |range| {
        walk.run(range, |at, n, steps| {
            for i in 0..n {
                let at: [usize; 3] = std::array::from_fn(|o| at[o] + i * steps[o]);
                // SAFETY: as the caller says.
                unsafe { multiply(dtype, s, alpha, a.at(at[1], size), b.at(at[2], size), beta, c.at(at[0], size)) };
            }
        })
    };
    // A few large products are split inside, others by the batch; the bits are the same.
    let work = s.m * s.n * s.k.max(1);
    let count = walk.numel();
    if work >= 1 << 20 && count < 2 * num_threads() || work * count < 1 << 16 {
        run(0..count)
    } else {
        parallel_for(count, ((1 << 16) / work.max(1)).max(1), &run)
    }
}
