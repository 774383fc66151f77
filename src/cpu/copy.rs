//! Copies between layouts and dtypes.
use super::convert::{load, move_words, store};
use super::parallel::parallel_for;
use super::pointwise::Operand;
use super::transpose::{Planes, transpose};
use super::walk::Walk;
use std::mem::MaybeUninit;

const GRAIN: usize = 32_768;
const BLOCK: usize = 512;
/// Rows and columns that are turned at a time where `out` and `x` order their dims differently.
const TILE: usize = 64;

/// `out[i] = in[i]` over `shape`, converting the dtype.
///
/// # Safety
/// Both operands' memory must be good for the elements their strides reach, and must not partly overlap.
pub unsafe fn copy(shape: &[usize], out: Operand, x: Operand) {
    let walk = Walk::new(shape, [out.strides, x.strides], [out.offset, x.offset]);
    let n: usize = shape.iter().product();
    let (so, sx) = (out.dtype.size(), x.dtype.size());
    if out.dtype == x.dtype
        && n >= TILE * TILE
        && let Some(planes) = Planes::of(&walk, [TILE; 2])
    {
        return parallel_for(planes.count(), GRAIN / (TILE * TILE), &|range| {
            for i in range {
                let ([o, i], tile) = planes.tile(i);
                let (from, to) = (planes.column_steps[1], planes.row_steps[0]);
                // SAFETY: as the caller says.
                unsafe { transpose(so, tile, x.at(i).cast_const(), from, out.at(o), to) };
            }
        });
    }
    let run = |range| {
        walk.run(range, |[o, i], n, [to, from]| {
            let (dst, src) = (out.at(o), x.at(i).cast_const());
            // SAFETY: as the caller says; the block holds BLOCK elements of any class.
            unsafe {
                if out.dtype == x.dtype {
                    return move_words(so, n, src, from, dst, to);
                }
                let class = out.dtype.class();
                if class.dtype() == out.dtype && to == 1 {
                    return load(x.dtype, class, n, src, from, dst);
                }
                if class.dtype() == x.dtype && from == 1 {
                    return store(class, out.dtype, n, src, dst, to);
                }
                let mut block = MaybeUninit::<[u128; BLOCK]>::uninit();
                let block = block.as_mut_ptr().cast::<u8>();
                let mut k = 0;
                while k < n {
                    let m = (n - k).min(BLOCK);
                    load(x.dtype, class, m, src.add(k * from * sx), from, block);
                    store(class, out.dtype, m, block, dst.add(k * to * so), to);
                    k += m;
                }
            }
        })
    };
    if n <= GRAIN { run(0..n) } else { parallel_for(n, GRAIN, &run) }
}

/// Sets `nbytes` bytes to zero.
///
/// # Safety
/// `to` must be good for those writes.
pub unsafe fn clear(to: *mut u8, nbytes: usize) {
    let to = super::along::To(to);
    let to = &to;
    // SAFETY: as the caller says; threads write to disjoint parts.
    parallel_for(nbytes, 4 * GRAIN, &|r| unsafe { std::ptr::write_bytes(to.at(r.start), 0, r.len()) });
}

/// `out[i] += x[i]`, one by one: for an `out` in which several indices name one element.
pub fn add_overlapping(out: &Operand, x: &Operand, shape: &[usize]) {
    let class = out.dtype.class();
    let walk = Walk::new(shape, [out.strides, x.strides], [out.offset, x.offset]);
    walk.run(0..walk.numel(), |[o, i], n, [to, from]| {
        for k in 0..n {
            let dst = out.at(o + k * to);
            let src = x.at(i + k * from);
            dispatch!(class class, T => {
                let (mut a, mut b) = (T::default(), T::default());
                // SAFETY: both operands reach these elements; a and b are elements of the class.
                unsafe {
                    load(out.dtype, class, 1, dst, 1, (&raw mut a).cast());
                    load(x.dtype, class, 1, src, 1, (&raw mut b).cast());
                    let sum = a.plus(b);
                    store(class, out.dtype, 1, (&raw const sum).cast(), dst, 1);
                }
            });
        }
    });
}

/// Addition on the compute classes; bool adds as `or`, integers wrap.
pub trait Plus {
    fn plus(self, b: Self) -> Self;
}
impl Plus for bool {
    fn plus(self, b: Self) -> Self {
        self | b
    }
}
impl Plus for i64 {
    fn plus(self, b: Self) -> Self {
        self.wrapping_add(b)
    }
}
impl Plus for f32 {
    fn plus(self, b: Self) -> Self {
        self + b
    }
}
impl Plus for f64 {
    fn plus(self, b: Self) -> Self {
        self + b
    }
}
impl Plus for crate::dtype::C64 {
    fn plus(self, b: Self) -> Self {
        self + b
    }
}
