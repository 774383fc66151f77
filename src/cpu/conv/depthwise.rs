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

/// Elements that are summed side by side.
const N: usize = 16;

/// `acc += u v` in the first `n` places.
#[inline(always)]
fn add_products<T: Real>(acc: &mut [T; N], u: &[T; N], v: &[T; N], n: usize) {
    for l in 0..N {
        let product = if (l as u32) < n as u32 { u[l] * v[l] } else { T::default() };
        acc[l] = acc[l] + product;
    }
}

#[inline(always)]
unsafe fn read<T: Real>(p: *const T) -> [T; N] {
    // SAFETY: the caller gives N elements.
    unsafe { p.cast::<[T; N]>().read_unaligned() }
}

fn total<T: Real>(acc: [T; N]) -> T {
    let mut acc = acc;
    let mut w = N / 2;
    while w > 0 {
        for l in 0..w {
            acc[l] = acc[l] + acc[l + w];
        }
        w /= 2;
    }
    acc[0]
}

crate::simd_kernel! {
    /// Adds to `to[t]` the products of the plane `y` with the plane `x` from `taps[t]` on; three taps at a time.
    unsafe fn sums<L, T: Real>(out: [usize; 3], len: [usize; 3], y: *const T, x: *const T, taps: &[usize], to: *mut T) {
        let last = taps.len() - 1;
        for first in (0..taps.len()).step_by(3) {
            let x0 = x.wrapping_add(taps[first]);
            let x1 = x.wrapping_add(taps[(first + 1).min(last)]);
            let x2 = x.wrapping_add(taps[(first + 2).min(last)]);
            let (mut acc0, mut acc1, mut acc2) = ([T::default(); N], [T::default(); N], [T::default(); N]);
            for row in 0..out[0] * out[1] {
                let base = (row / out[1] * len[1] + row % out[1]) * len[2];
                let y = y.wrapping_add(row * out[2]);
                let mut j = 0;
                // SAFETY: the caller gives the planes, which have elements behind every row.
                unsafe {
                                        while j + N <= out[2] {
                        let u = read(y.add(j));
                        add_products(&mut acc0, &u, &read(x0.add(base + j)), N);
                        add_products(&mut acc1, &u, &read(x1.add(base + j)), N);
                        add_products(&mut acc2, &u, &read(x2.add(base + j)), N);
                        j += N;
                    }
                    let n = out[2] - j;
                    if n > 0 {
                        let mut u = [T::default(); N];
                        std::ptr::copy_nonoverlapping(y.add(j), u.as_mut_ptr(), n);
                        add_products(&mut acc0, &u, &read(x0.add(base + j)), n);
                        add_products(&mut acc1, &u, &read(x1.add(base + j)), n);
                        add_products(&mut acc2, &u, &read(x2.add(base + j)), n);
                    }
                }
            }
            for (t, acc) in [acc0, acc1, acc2].into_iter().enumerate().take(taps.len() - first) {
                // SAFETY: the caller gives as many sums as taps.
                unsafe { *to.add(first + t) = *to.add(first + t) + total(acc) };
            }
        }
    }
}
