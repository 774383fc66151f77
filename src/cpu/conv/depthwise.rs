//! The gradient of a depthwise convolution's weight: for each tap, the products of the output's gradient and the moved input.
use super::planes::{Planes, SLACK};
use super::{Geometry, Shared, grain};
use crate::cpu::gemm::{Real, Scratch};
use crate::cpu::parallel::parallel_for;
use std::ops::Range;

/// As `conv::weight_grad`, for one input channel per group.
pub(super) unsafe fn weight_grad<T: Real>(g: &Geometry, gy: Shared, x: Shared, gw: Shared) {
    let (planes, places) = Planes::of_input(g);
    let at: Vec<usize> = planes.taps(&places, g.kernel).iter().map(|t| t.1).collect();
    let size = size_of::<T>();
    let work = g.batch * g.outputs * g.output_plane() * g.taps() / 4;
    parallel_for(g.groups, grain(work), &|range: Range<usize>| {
        let mut scratch = Scratch::<T>::new(planes.channel() + SLACK);
        for group in range {
            let to = gw.block(group * g.outputs, g.taps(), size).cast::<T>();
            // SAFETY: this group's weight is this thread's own; the rest as the caller says.
            unsafe {
                std::slice::from_raw_parts_mut(to, g.outputs * g.taps()).fill(T::default());
                for unit in (0..g.batch).map(|image| image * g.groups + group) {
                    planes.make(
                        0..1,
                        0..planes.len[1],
                        x.block(unit, g.input_plane(), size).cast::<T>(),
                        scratch.ptr(),
                    );
                    for o in 0..g.outputs {
                        let grad = gy.block(unit * g.outputs + o, g.output_plane(), size).cast::<T>();
                        sums(g.output, planes.len, grad, scratch.ptr(), &at, to.add(o * g.taps()));
                    }
                }
            }
        }
    });
}

crate::simd_kernel! {
    /// Adds to `to[t]` the products of the plane `y` with the plane `x` from `taps[t]` on.
    unsafe fn sums<L, T: Real>(out: [usize; 3], len: [usize; 3], y: *const T, x: *const T, taps: &[usize], to: *mut T) {
        const N: usize = 16;
        const TAPS: usize = 9;
        for first in (0..taps.len()).step_by(TAPS) {
            let mut starts = [x; TAPS];
            for t in 0..TAPS {
                starts[t] = x.wrapping_add(taps[(first + t).min(taps.len() - 1)]);
            }
            let mut acc = [[T::default(); N]; TAPS];
            for row in 0..out[0] * out[1] {
                let base = (row / out[1] * len[1] + row % out[1]) * len[2];
                let mut j = 0;
                // SAFETY: the caller gives the planes.
                unsafe {
                    while j + N <= out[2] {
                        let u = y.add(row * out[2] + j).cast::<[T; N]>().read_unaligned();
                        for t in 0..TAPS {
                            let v = starts[t].add(base + j).cast::<[T; N]>().read_unaligned();
                            for l in 0..N {
                                acc[t][l] = acc[t][l] + u[l] * v[l];
                            }
                        }
                        j += N;
                    }
                    let n = out[2] - j;
                    if n > 0 {
                        // The planes have elements behind the row, which count nothing.
                        let mut u = [T::default(); N];
                        std::ptr::copy_nonoverlapping(y.add(row * out[2] + j), u.as_mut_ptr(), n);
                        for t in 0..TAPS {
                            let v = starts[t].add(base + j).cast::<[T; N]>().read_unaligned();
                            for l in 0..N {
                                let product = if (l as u32) < n as u32 { u[l] * v[l] } else { T::default() };
                                acc[t][l] = acc[t][l] + product;
                            }
                        }
                    }
                }
            }
            for t in 0..TAPS.min(taps.len() - first) {
                let mut w = N / 2;
                while w > 0 {
                    for l in 0..w {
                        acc[t][l] = acc[t][l] + acc[t][l + w];
                    }
                    w /= 2;
                }
                // SAFETY: the caller gives as many sums as taps.
                unsafe { *to.add(first + t) = *to.add(first + t) + acc[t][0] };
            }
        }
    }
}
