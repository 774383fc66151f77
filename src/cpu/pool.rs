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
/// Plane `p` uses `windows[p % windows.len()]`; all of them have the same number of windows.
///
/// # Safety
/// `x` must be good for `planes` planes of `sizes`, `y` and `index` for as many of the windows' numbers.
pub unsafe fn maxima(
    class: Class,
    planes: usize,
    sizes: [usize; 3],
    windows: &[Windows],
    x: *const u8,
    y: *mut u8,
    index: *mut i64,
) {
    let (x, y, index) = (Shared(x.cast_mut()), Shared(y), Shared(index.cast()));
    // SAFETY: passed on; the class names the type.
    unsafe {
        match class {
            Class::F32 => maxima_of::<f32>(planes, sizes, windows, x, y, index),
            Class::F64 => maxima_of::<f64>(planes, sizes, windows, x, y, index),
            _ => maxima_of::<i64>(planes, sizes, windows, x, y, index),
        }
    }
}

unsafe fn maxima_of<T: Ordered>(
    planes: usize,
    s: [usize; 3],
    windows: &[Windows],
    x: Shared,
    y: Shared,
    index: Shared,
) {
    let inputs = s[0] * s[1] * s[2];
    let outputs: usize = windows[0].iter().map(Vec::len).product();
    parallel_for(planes, grain(inputs.max(outputs) * 2), &|range: Range<usize>| {
        for p in range {
            let (x, mut y, mut index) =
                (x.plane::<T>(p, inputs), y.plane::<T>(p, outputs), index.plane::<i64>(p, outputs));
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
