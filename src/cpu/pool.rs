//! Maxima over windows, and moves by the positions of maxima.
use super::copy::Plus;
use super::parallel::parallel_for;
use crate::dtype::Class;
use std::ops::Range;

/// One output's window along a dim: places `start`, `start + step`, ... below `end`; not empty.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub start: usize,
    pub end: usize,
    pub step: usize,
}

/// The windows along each of three dims.
pub type Windows = [Vec<Window>; 3];

/// How windows lie where they lie evenly: along each dim their size, distance, what hangs over the edge, and the distance of
/// their elements.
#[derive(Clone, Copy, Debug)]
pub struct Even {
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
    pub dilation: [usize; 3],
}

#[derive(Clone, Copy)]
struct Shared(*mut u8);
// SAFETY: threads write to disjoint planes.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}
impl Shared {
    /// The plane `p` of planes of `n` elements.
    fn plane<T>(self, p: usize, n: usize) -> *mut T {
        self.0.cast::<T>().wrapping_add(p * n)
    }
}

fn grain(work: usize) -> usize {
    ((1 << 15) / work.max(1)).max(1)
}

/// Values whose maxima are taken; NaN is the largest.
trait Ordered: Copy + PartialOrd {
    const LEAST: Self;
    fn is_nan(self) -> bool;
}
impl Ordered for f32 {
    const LEAST: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}
impl Ordered for f64 {
    const LEAST: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}
impl Ordered for i64 {
    const LEAST: i64 = i64::MIN;
    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }
}

/// The largest value of each window and its place in the flattened plane, for planes of class int64, float32 or float64.
/// Plane `p` uses `windows[p % windows.len()]`; all of them have the same number of windows. `even` describes them if they lie
/// evenly; `index` may then be null, and no places are found.
///
/// # Safety
/// `x` must be good for `planes` planes of `sizes`, `y` and `index` for as many of the windows' numbers.
pub unsafe fn maxima(
    class: Class,
    planes: usize,
    sizes: [usize; 3],
    windows: &[Windows],
    even: Option<Even>,
    x: *const u8,
    y: *mut u8,
    index: *mut i64,
) {
    let (x, y, index) = (Shared(x.cast_mut()), Shared(y), Shared(index.cast()));
    // SAFETY: passed on; the class names the type.
    unsafe {
        match class {
            Class::F32 => maxima_of::<f32>(planes, sizes, windows, even, x, y, index),
            Class::F64 => maxima_of::<f64>(planes, sizes, windows, even, x, y, index),
            _ => maxima_of::<i64>(planes, sizes, windows, even, x, y, index),
        }
    }
}

unsafe fn maxima_of<T: Ordered>(
    planes: usize,
    s: [usize; 3],
    windows: &[Windows],
    even: Option<Even>,
    x: Shared,
    y: Shared,
    index: Shared,
) {
    let inputs = s[0] * s[1] * s[2];
    let outputs: usize = windows[0].iter().map(Vec::len).product();
    let even = even.filter(|_| index.0.is_null() || i32::try_from(inputs).is_ok());
    parallel_for(planes, grain(inputs.max(outputs) * 2), &|range: Range<usize>| {
        for p in range {
            let places = if index.0.is_null() { std::ptr::null_mut() } else { index.plane::<i64>(p, outputs) };
            let (x, mut y, mut index) = (x.plane::<T>(p, inputs), y.plane::<T>(p, outputs), places);
            if let (Some(even), true) = (&even, index.is_null()) {
                // SAFETY: the planes of input and output.
                unsafe { largest_even(s, &windows[0], even, x, y) };
                continue;
            }
            if let Some(even) = &even {
                let mut at = vec![0; windows[0][2].len()];
                // SAFETY: the planes of input and output.
                unsafe { maxima_even(s, &windows[0], even, x, y, index, &mut at) };
                continue;
            }
            let [wd, wh, ww] = &windows[p % windows.len()];
            for d in wd {
                for h in wh {
                    for w in ww {
                        let mut at = (d.start * s[1] + h.start) * s[2] + w.start;
                        let mut max = T::LEAST;
                        let mut i = d.start;
                        while i < d.end {
                            let mut j = h.start;
                            while j < h.end {
                                let row = (i * s[1] + j) * s[2];
                                let mut k = w.start;
                                while k < w.end {
                                    // SAFETY: windows lie inside the plane.
                                    let v = unsafe { *x.add(row + k) };
                                    if v > max || v.is_nan() {
                                        (max, at) = (v, row + k);
                                    }
                                    k += w.step;
                                }
                                j += h.step;
                            }
                            i += d.step;
                        }
                        // SAFETY: one output per window.
                        unsafe {
                            y.write(max);
                            index.write(at as i64);
                        }
                        (y, index) = (y.wrapping_add(1), index.wrapping_add(1));
                    }
                }
            }
        }
    });
}

/// Which outputs of a row of `n` tap `k` of their windows reaches inside a row of `size` inputs, from `lo` to `hi`; with where
/// the first of them finds it and how many inputs lie between there and the last.
#[inline(always)]
fn tap(size: usize, n: usize, e: &Even, k: usize) -> (usize, usize, usize, usize) {
    let (step, pad, shift) = (e.stride[2], e.padding[2], k * e.dilation[2]);
    let lo = pad.saturating_sub(shift).div_ceil(step).min(n);
    let hi = (size + pad).saturating_sub(shift).div_ceil(step).clamp(lo, n);
    if lo == hi { (lo, hi, 0, 0) } else { (lo, hi, lo * step + shift - pad, (hi - lo - 1) * step + 1) }
}

/// Takes elements `step` apart where they are larger than the maxima so far.
#[inline(always)]
fn take_values<T: Ordered>(x: &[T], step: usize, max: &mut [T]) {
    debug_assert!(max.is_empty() || (max.len() - 1) * step < x.len());
    for i in 0..max.len() {
        // SAFETY: the caller gives as many elements.
        let v = unsafe { *x.get_unchecked(i * step) };
        max[i] = if (v > max[i]) | v.is_nan() { v } else { max[i] };
    }
}

/// Takes elements `step` apart where they are larger than the maxima so far; the first is at place `place`.
#[inline(always)]
fn take_larger<T: Ordered>(x: &[T], step: usize, place: i32, max: &mut [T], at: &mut [i32]) {
    let n = max.len().min(at.len());
    debug_assert!(n == 0 || (n - 1) * step < x.len());
    for i in 0..n {
        // SAFETY: the caller gives as many elements.
        let v = unsafe { *x.get_unchecked(i * step) };
        let larger = (v > max[i]) | v.is_nan();
        max[i] = if larger { v } else { max[i] };
        at[i] = if larger { place + (i * step) as i32 } else { at[i] };
    }
}

crate::simd_kernel! {
    /// As `maxima_even`, without the places.
    unsafe fn largest_even<L, T: Ordered>(s: [usize; 3], windows: &Windows, e: &Even, x: *const T, y: *mut T) {
        let (n, step) = (windows[2].len(), e.stride[2]);
        for (d, wd) in windows[0].iter().enumerate() {
            for (h, wh) in windows[1].iter().enumerate() {
                // SAFETY: the caller gives the plane of the output.
                let max = unsafe { std::slice::from_raw_parts_mut(y.add((d * windows[1].len() + h) * n), n) };
                max.fill(T::LEAST);
                for i in (wd.start..wd.end).step_by(wd.step) {
                    for j in (wh.start..wh.end).step_by(wh.step) {
                        for k in 0..e.kernel[2] {
                            let (lo, hi, first, len) = tap(s[2], n, e, k);
                            // SAFETY: `lo` and `hi` keep to the row.
                            let x = unsafe { std::slice::from_raw_parts(x.add((i * s[1] + j) * s[2] + first), len) };
                            match step {
                                1 => take_values(x, 1, &mut max[lo..hi]),
                                2 => take_values(x, 2, &mut max[lo..hi]),
                                _ => take_values(x, step, &mut max[lo..hi]),
                            }
                        }
                    }
                }
            }
        }
    }
    /// One plane, a row of outputs at a time, tap by tap.
    unsafe fn maxima_even<L, T: Ordered>(
        s: [usize; 3], windows: &Windows, e: &Even, x: *const T, y: *mut T, index: *mut i64, at: &mut [i32],
    ) {
        let n = windows[2].len();
        let step = e.stride[2];
        for (d, wd) in windows[0].iter().enumerate() {
            for (h, wh) in windows[1].iter().enumerate() {
                let out = (d * windows[1].len() + h) * n;
                // SAFETY: the caller gives the plane of the output.
                let max = unsafe { std::slice::from_raw_parts_mut(y.add(out), n) };
                max.fill(T::LEAST);
                for (at, w) in at.iter_mut().zip(&windows[2]) {
                    *at = ((wd.start * s[1] + wh.start) * s[2] + w.start) as i32;
                }
                for i in (wd.start..wd.end).step_by(wd.step) {
                    for j in (wh.start..wh.end).step_by(wh.step) {
                        let row = (i * s[1] + j) * s[2];
                        for k in 0..e.kernel[2] {
                            let (lo, hi, first, len) = tap(s[2], n, e, k);
                            if lo == hi {
                                continue;
                            }
                            let first = row + first;
                            // SAFETY: `lo` and `hi` keep to the row.
                            let x = unsafe { std::slice::from_raw_parts(x.add(first), len) };
                            let (max, at) = (&mut max[lo..hi], &mut at[lo..hi]);
                            match step {
                                1 => take_larger(x, 1, first as i32, max, at),
                                2 => take_larger(x, 2, first as i32, max, at),
                                _ => take_larger(x, step, first as i32, max, at),
                            }
                        }
                    }
                }
                for (i, &at) in at.iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { *index.add(out + i) = at as i64 };
                }
            }
        }
    }
}

/// `y[p][i] = x[p][index[p][i]]`: planes of `inputs` and `outputs` elements of `size` bytes.
///
/// # Safety
/// The pointers must be good for those planes; every index must be below `inputs`.
pub unsafe fn pick(
    size: usize,
    planes: usize,
    [inputs, outputs]: [usize; 2],
    x: *const u8,
    index: *const i64,
    y: *mut u8,
) {
    let (x, y, index) = (Shared(x.cast_mut()), Shared(y), Shared(index.cast_mut().cast()));
    parallel_for(planes, grain(outputs), &|range: Range<usize>| {
        for p in range {
            let index = index.plane::<i64>(p, outputs);
            dispatch!(word size, T => {
                let (x, y) = (x.plane::<T>(p, inputs), y.plane::<T>(p, outputs));
                // SAFETY: as the caller says.
                unsafe { (0..outputs).for_each(|i| y.add(i).write_unaligned(x.add(*index.add(i) as usize).read_unaligned())) };
            })
        }
    });
}

/// Zeros, then `y[p][index[p][i]] += x[p][i]`, or `=` where `add` is false: the transposed move of `pick`.
///
/// # Safety
/// The pointers must be good for planes of `inputs` and `outputs` elements of the class; every index must be below
/// `outputs`.
pub unsafe fn place(
    class: Class,
    planes: usize,
    [inputs, outputs]: [usize; 2],
    add: bool,
    x: *const u8,
    index: *const i64,
    y: *mut u8,
) {
    let (x, y, index) = (Shared(x.cast_mut()), Shared(y), Shared(index.cast_mut().cast()));
    parallel_for(planes, grain(inputs + outputs), &|range: Range<usize>| {
        for p in range {
            let index = index.plane::<i64>(p, inputs);
            dispatch!(class class, T => {
                let (x, y) = (x.plane::<T>(p, inputs), y.plane::<T>(p, outputs));
                // SAFETY: as the caller says.
                unsafe {
                    (0..outputs).for_each(|i| *y.add(i) = T::default());
                    for i in 0..inputs {
                        let to = y.add(*index.add(i) as usize);
                        *to = if add { (*to).plus(*x.add(i)) } else { *x.add(i) };
                    }
                }
            })
        }
    });
}
