//! Elementwise ops of few elements: without the general case's book-keeping.
use super::{Operand, Row, Rule};
use crate::cpu::pointwise::Kernel;
use crate::dtype::{Class, DType, Element};
use crate::error::Result;
use crate::layout::Layout;
use crate::storage::Storage;
use crate::tensor::Tensor;
use std::mem::MaybeUninit;

/// Elements up to which a number may be repeated on the stack.
const SMALL: usize = 64;

/// The common case of small tensors, without the general case's book-keeping: operands of one dtype, which is its own
/// compute class, of one shape and contiguous, or numbers that do not promote it. `None` where that does not hold.
struct Small<'a> {
    /// A tensor whose shape is the result's.
    first: &'a Tensor,
    result: DType,
    n: usize,
    kernel: &'a Kernel,
    operands: &'a [*const u8],
}
impl Small<'_> {
    /// Writes the result to `y`.
    ///
    /// # Safety
    /// `y` is good for `n` elements of the result's dtype, and apart from every operand or the same elements.
    unsafe fn write(&self, y: *mut u8) {
        // SAFETY: every operand has n contiguous elements of the kernel's class, and so has the result.
        unsafe { (self.kernel.block)(self.n, self.operands, y) };
    }
}
/// Calls `f` with what is there of the common case.
#[inline(always)]
fn with_small<R>(row: &'static Row, operands: &[Operand], f: impl FnOnce(Small) -> Option<R>) -> Option<R> {
    let first = operands.iter().find_map(|o| o.tensor())?;
    let dtype = first.dtype();
    let class = dtype.class();
    let n = first.numel();
    if n > SMALL || n == 0 || class.dtype() != dtype || !first.is_contiguous() || first.device().is_gpu() {
        return None;
    }
    if row.rule == Rule::Float && dtype.is_integral() || row.rule == Rule::Double {
        return None;
    }
    let kernel = row.kernels.of(class)?;
    let result = match (kernel.out, class) {
        (Class::Bool, _) => DType::Bool,
        (Class::F64, Class::C128) => return None,
        _ => dtype,
    };
    let mut numbers = [const { MaybeUninit::<[u64; SMALL]>::uninit() }; 2];
    let mut used = 0;
    let mut pointers = [std::ptr::null::<u8>(); 4];
    if operands.len() > pointers.len() {
        return None;
    }
    for (k, o) in operands.iter().enumerate() {
        pointers[k] = match o {
            Operand::Tensor(t)
                if t.dtype() == dtype && t.shape() == first.shape() && t.is_contiguous() && !t.device().is_gpu() =>
            {
                t.data_ptr()
            }
            Operand::Scalar(s) if s.category() <= dtype.category() && used < 2 && class.size() <= 8 => {
                let block = numbers[used].as_mut_ptr().cast::<u8>();
                used += 1;
                dispatch!(class class, T => {
                    let v = T::of(*s);
                    for i in 0..n {
                        // SAFETY: at most SMALL elements of at most 8 bytes.
                        unsafe { block.cast::<T>().add(i).write_unaligned(v) };
                    }
                });
                block.cast_const()
            }
            _ => return None,
        };
    }
    f(Small { first, result, n, kernel: &kernel, operands: &pointers[..operands.len()] })
}

/// The result, in new memory. `None` where the case is not common.
#[inline]
pub(super) fn compute_small(row: &'static Row, operands: &[Operand]) -> Option<Result<Tensor>> {
    with_small(row, operands, |small| {
        let storage = match Storage::empty(small.n * small.result.size()) {
            Ok(s) => s,
            Err(e) => return Some(Err(e)),
        };
        let layout = Layout { offset: 0, ..small.first.layout().clone() };
        // SAFETY: the storage is new and has n elements.
        unsafe { small.write(storage.ptr()) };
        Some(Ok(Tensor::new(storage, layout, small.result)))
    })
}
/// The same into memory that is there, which the caller has seen to be no operand's in part.
#[inline]
pub(super) fn write_small(row: &'static Row, operands: &[Operand], into: &Tensor) -> bool {
    let written = with_small(row, operands, |small| {
        let fits = into.dtype() == small.result
            && into.shape() == small.first.shape()
            && into.is_contiguous()
            && !into.device().is_gpu();
        // SAFETY: n elements of this dtype; whoever calls has checked for partial overlap.
        fits.then(|| unsafe { small.write(into.data_ptr()) })
    });
    written.is_some()
}
