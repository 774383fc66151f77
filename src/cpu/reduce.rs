//! Reductions over dims.
use super::convert::load;
use super::copy::Plus;
use super::pointwise::Operand;
use super::walk::Walk;
use crate::dtype::Class;

/// Adds up each group of elements: `kept` strides step from group to group, `x` in a group has `shape` and its strides.
///
/// # Safety
/// `x` must be good for the elements its strides reach, at `offset`; `out` for one element of the class.
pub unsafe fn sum(class: Class, shape: &[usize], x: Operand, out: *mut u8) {
    let walk = Walk::new(shape, [x.strides], [x.offset]);
    dispatch!(class class, T => {
        let mut total = T::default();
        let mut block = [T::default(); 256];
        walk.run(0..walk.numel(), |[at], n, [step]| {
            let mut i = 0;
            while i < n {
                let m = (n - i).min(256);
                let src = x.at(at + i * step);
                // SAFETY: as the caller says; the block holds 256 elements.
                unsafe { load(x.dtype, class, m, src, step, block.as_mut_ptr().cast()) };
                let mut lanes = [T::default(); 16];
                for (k, &v) in block[..m].iter().enumerate() {
                    lanes[k % 16] = lanes[k % 16].plus(v);
                }
                total = total.plus(lanes.into_iter().fold(T::default(), Plus::plus));
                i += m;
            }
        });
        // SAFETY: as the caller says.
        unsafe { out.cast::<T>().write(total) };
    });
}
