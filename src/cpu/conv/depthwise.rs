//! Depthwise convolutions, tap by tap: the moved input times the tap's weight; for the weight's gradient, the products of the
//! moved input and the output's gradient.
use super::planes::{Planes, SLACK};
use super::{Geometry, Shared, grain};
use crate::cpu::gemm::{Real, Scratch};
use crate::cpu::parallel::parallel_for;
use std::ops::Range;

/// As `conv::forward`, for one input channel per group.
pub(super) unsafe fn forward<T: Real>(g: &Geometry, x: Shared, w: Shared, bias: Shared, y: Shared) {
    let (planes, places) = Planes::of_input(g);
    let at: Vec<usize> = planes.taps(&places, g.kernel).iter().map(|t| t.1).collect();
    let (size, [depth, height, width]) = (size_of::<T>(), g.output);
    let (across, layer) = (planes.len[2], planes.len[1] * planes.len[2]);
    // Rows of the output are computed as they lie in the plane, with what lies between them.
    let span = height.saturating_sub(1) * across + width;
    let work = g.outputs * g.output_plane() * g.taps() / 4;
    parallel_for(g.batch * g.groups, grain(work), &|range: Range<usize>| {
        let read = planes.channel() + SLACK;
        let mut scratch = Scratch::<T>::new(read + span);
        let (plane, sums) = (scratch.ptr(), scratch.ptr().wrapping_add(read));
        for unit in range {
            // SAFETY: the scratch memory holds the planes of one channel and the sums; the rest as the caller says.
            unsafe {
                planes.make(0..1, 0..planes.len[1], x.block(unit, g.input_plane(), size).cast::<T>(), plane);
                for o in 0..g.outputs {
                    let channel = unit % g.groups * g.outputs + o;
                    let taps = std::slice::from_raw_parts(w.block(channel, g.taps(), size).cast::<T>(), g.taps());
                    let start = if bias.is_null() { T::default() } else { *bias.block(channel, 1, size).cast::<T>() };
                    let to = y.block(unit * g.outputs + o, g.output_plane(), size).cast::<T>();
                    for d in 0..depth {
                        sum_taps(span, plane.add(d * layer), &at, taps, start, sums);
                        copy_rows(height, width, sums, across, to.add(d * height * width));
                    }
                }
            }
        }
    });
}

/// As `conv::weight_grad`, for one input channel per group.
pub(super) unsafe fn weight_grad<T: Real>(g: &Geometry, gy: Shared, x: Shared, gw: Shared) {
    let (planes, places) = Planes::of_input(g);
    let at: Vec<usize> = planes.taps(&places, g.kernel).iter().map(|t| t.1).collect();
    let size = size_of::<T>();
    let work = g.batch * g.outputs * g.output_plane() * g.taps() / 4;
    parallel_for(g.groups, grain(work), &|range: Range<usize>| {
        let mut scratch = Scratch::<T>::new(planes.channel() + SLACK);
        let w = g.output[2];
        let rows = g.taps().next_multiple_of(3);
        let mut sums = vec![T::default(); g.outputs * rows * w];
        for group in range {
            sums.fill(T::default());
            for unit in (0..g.batch).map(|image| image * g.groups + group) {
                // SAFETY: the scratch memory holds the planes of one channel; the rest as the caller says.
                unsafe {
                    let from = x.block(unit, g.input_plane(), size).cast::<T>();
                    planes.make(0..1, 0..planes.len[1], from, scratch.ptr());
                    for (o, sums) in sums.chunks_exact_mut(rows * w).enumerate() {
                        let grad = gy.block(unit * g.outputs + o, g.output_plane(), size).cast::<T>();
                        sum_rows(g.output, planes.len, grad, scratch.ptr(), &at, sums);
                    }
                }
            }
            for (o, sums) in sums.chunks_exact(rows * w).enumerate() {
                for (t, sums) in sums.chunks_exact(w).enumerate().take(g.taps()) {
                    let to = gw.block((group * g.outputs + o) * g.taps() + t, 1, size).cast::<T>();
                    // SAFETY: this group's weight is this thread's own.
                    unsafe { *to = sums.iter().fold(T::default(), |a, &b| a + b) };
                }
            }
        }
    });
}

/// `sum += u v`, element by element, for three sums.
#[inline(always)]
fn add_products<T: Real>(u: &[T], v: [&[T]; 3], sums: [&mut [T]; 3]) {
    let n = u.len();
    let ([v0, v1, v2], [s0, s1, s2]) = (v, sums);
    let (v0, v1, v2, s0, s1, s2) = (&v0[..n], &v1[..n], &v2[..n], &mut s0[..n], &mut s1[..n], &mut s2[..n]);
    for i in 0..n {
        s0[i] = s0[i] + u[i] * v0[i];
        s1[i] = s1[i] + u[i] * v1[i];
        s2[i] = s2[i] + u[i] * v2[i];
    }
}

crate::simd_kernel! {
    /// `sums[i] = start + sum over taps of w[t] x[at[t] + i]`, three taps at a time.
    unsafe fn sum_taps<L, T: Real>(n: usize, x: *const T, at: &[usize], w: &[T], start: T, sums: *mut T) {
        // SAFETY: the caller gives the planes and n sums.
        unsafe {
            let sums = std::slice::from_raw_parts_mut(sums, n);
            let of = |at: usize| std::slice::from_raw_parts(x.add(at), n);
            sums.fill(start);
            let ((threes, rest), (of_threes, of_rest)) = (at.as_chunks::<3>(), w.as_chunks::<3>());
            for (at, w) in threes.iter().zip(of_threes) {
                let (x0, x1, x2) = (of(at[0]), of(at[1]), of(at[2]));
                for i in 0..n {
                    sums[i] = sums[i] + w[0] * x0[i] + w[1] * x1[i] + w[2] * x2[i];
                }
            }
            for (&at, &w) in rest.iter().zip(of_rest) {
                sums.iter_mut().zip(of(at)).for_each(|(sum, &x)| *sum = *sum + w * x);
            }
        }
    }
    /// Copies rows of `n` elements that are `step` apart to where they lie side by side.
    unsafe fn copy_rows<L, T: Real>(rows: usize, n: usize, from: *const T, step: usize, to: *mut T) {
        const WIDE: usize = 8;
        for row in 0..rows {
            // SAFETY: the caller gives these rows.
            unsafe {
                let (from, to, mut i) = (from.add(row * step), to.add(row * n), 0);
                // Not a call: rows are short.
                while i + WIDE <= n {
                    to.add(i).cast::<[T; WIDE]>().write_unaligned(from.add(i).cast::<[T; WIDE]>().read_unaligned());
                    i += WIDE;
                }
                (i..n).for_each(|i| *to.add(i) = *from.add(i));
            }
        }
    }
    /// Adds the products of the plane `y` with the plane `x` from each of the taps on to the taps' rows of `sums`, three taps
    /// at a time; there are whole threes of rows.
    unsafe fn sum_rows<L, T: Real>(out: [usize; 3], len: [usize; 3], y: *const T, x: *const T, taps: &[usize], sums: &mut [T]) {
        let (w, last) = (out[2], taps.len() - 1);
        for (three, sums) in sums.chunks_exact_mut(3 * w).enumerate() {
            let (s0, rest) = sums.split_at_mut(w);
            let (s1, s2) = rest.split_at_mut(w);
            for row in 0..out[0] * out[1] {
                let base = (row / out[1] * len[1] + row % out[1]) * len[2];
                // SAFETY: the caller gives the planes.
                unsafe {
                    let of = |t: usize| std::slice::from_raw_parts(x.add(taps[(3 * three + t).min(last)] + base), w);
                    let u = std::slice::from_raw_parts(y.add(row * w), w);
                    add_products(u, [of(0), of(1), of(2)], [s0, s1, s2]);
                }
            }
        }
    }
}
