//! Reads images at places between their pixels, and what the gradients of that need.
use super::parallel::parallel_for;
use std::ops::Range;

/// How to read between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Linear,
    Nearest,
    Cubic,
}

/// What lies outside the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    Zeros,
    /// The pixels of the edge.
    Edge,
    /// The mirrored image.
    Reflection,
}

/// Sizes of image and grid; two dims are three with a depth of 1 and a grid of (x, y).
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub batch: usize,
    pub channels: usize,
    pub image: [usize; 3],
    pub places: usize,
    /// Spatial dims: 2 or 3.
    pub dims: usize,
}

#[derive(Clone, Copy)]
pub struct Reading {
    pub mode: Mode,
    pub border: Border,
    /// -1 and 1 are the centres of the outermost pixels, not the image's edges.
    pub align: bool,
}

/// A float type that places are computed in.
pub trait Real: Copy + PartialOrd + Send + Sync {
    fn of(x: f64) -> Self;
    fn to(self) -> f64;
}
impl Real for f32 {
    fn of(x: f64) -> f32 {
        x as f32
    }
    fn to(self) -> f64 {
        self as f64
    }
}
impl Real for f64 {
    fn of(x: f64) -> f64 {
        x
    }
    fn to(self) -> f64 {
        self
    }
}

/// One pixel's share of a reading: where it is (`None` outside), its weight, and the weight's derivative for each
/// coordinate of the grid.
struct Tap {
    pixel: Option<usize>,
    weight: f64,
    slopes: [f64; 3],
}

/// A coordinate in pixels, and its derivative for the grid's.
pub fn unnormalized(x: f64, size: usize, align: bool) -> (f64, f64) {
    let n = size as f64;
    if align { ((x + 1.0) / 2.0 * (n - 1.0), (n - 1.0) / 2.0) } else { (((x + 1.0) * n - 1.0) / 2.0, n / 2.0) }
}

fn clipped(x: f64, size: usize) -> (f64, f64) {
    let last = size as f64 - 1.0;
    // Also NaN goes to the first pixel.
    if !(x > 0.0) {
        (0.0, 0.0)
    } else if x >= last {
        (last, 0.0)
    } else {
        (x, 1.0)
    }
}

/// A coordinate mirrored into the image until it lies inside.
fn reflected(x: f64, size: usize, align: bool) -> (f64, f64) {
    let (low, high) = if align { (0.0, 2.0 * (size as f64 - 1.0)) } else { (-1.0, 2.0 * size as f64 - 1.0) };
    if low == high {
        return (0.0, 0.0);
    }
    let (min, span) = (low / 2.0, (high - low) / 2.0);
    let (x, sign) = if x - min < 0.0 { (min - x, -1.0) } else { (x - min, 1.0) };
    let (extra, flips) = (x % span, (x / span).floor());
    if flips % 2.0 == 0.0 { (extra + min, sign) } else { (span - extra + min, -sign) }
}

/// Where the border rule puts a coordinate, and the derivative of that.
pub fn bordered(x: f64, size: usize, r: Reading) -> (f64, f64) {
    match r.border {
        Border::Zeros => (x, 1.0),
        Border::Edge => clipped(x, size),
        Border::Reflection => {
            let (x, a) = reflected(x, size, r.align);
            let (x, b) = clipped(x, size);
            (x, a * b)
        }
    }
}

/// The free coefficient of cubic convolution.
pub const CUBIC: f64 = -0.75;

/// The weights of four neighbours by cubic convolution (Keys, 1981), and their derivatives.
fn cubic(t: f64) -> ([f64; 4], [f64; 4]) {
    const A: f64 = CUBIC;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let near_slope = |x: f64| (3.0 * (A + 2.0) * x - 2.0 * (A + 3.0)) * x;
    let far_slope = |x: f64| (3.0 * A * x - 10.0 * A) * x + 8.0 * A;
    (
        [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)],
        [far_slope(t + 1.0), near_slope(t), -near_slope(1.0 - t), -far_slope(2.0 - t)],
    )
}

/// The neighbours along one dim: pixel, weight, slope.
type Line = ([(i64, f64, f64); 4], usize);

/// Calls `f` with every pixel that a reading at a grid's place takes part of.
fn taps(s: &Sizes, r: Reading, single: bool, place: &[f64], mut f: impl FnMut(Tap)) {
    let round = |x: f64| if single { x as f32 as f64 } else { x };
    let mut lines: [Line; 3] = [([(0, 1.0, 0.0); 4], 1); 3];
    for d in 0..s.dims {
        // The grid names the last dim first.
        let dim = 2 - d;
        let size = s.image[dim];
        let (x, scale) = unnormalized(place[d], size, r.align);
        let x = round(x);
        let mut line: Line = ([(0, 0.0, 0.0); 4], 0);
        if r.mode == Mode::Cubic {
            let low = x.floor();
            let (w, slope) = cubic(x - low);
            for k in 0..4 {
                // The border rule moves each neighbour, which is a whole pixel.
                let at = bordered(low + k as f64 - 1.0, size, r).0;
                line.0[k] = (pixel_number(at), w[k], slope[k] * scale);
            }
            line.1 = 4;
        } else {
            let (x, slope) = bordered(x, size, r);
            let x = round(x);
            let slope = slope * scale;
            if r.mode == Mode::Nearest {
                line.0[0] = (pixel_number(x.round_ties_even()), 1.0, 0.0);
                line.1 = 1;
            } else {
                let low = x.floor();
                let t = x - low;
                line.0[0] = (pixel_number(low), 1.0 - t, -slope);
                line.0[1] = (pixel_number(low).saturating_add(1), t, slope);
                line.1 = 2;
            }
        }
        lines[dim] = line;
    }
    let [ld, lh, lw] = &lines;
    for d in &ld.0[..ld.1] {
        for h in &lh.0[..lh.1] {
            for w in &lw.0[..lw.1] {
                let at = [d.0, h.0, w.0];
                let inside = (0..3).all(|k| at[k] >= 0 && (at[k] as usize) < s.image[k]);
                let pixel =
                    inside.then(|| (at[0] as usize * s.image[1] + at[1] as usize) * s.image[2] + at[2] as usize);
                let slopes = [d.1 * h.1 * w.2, d.1 * h.2 * w.1, d.2 * h.1 * w.1];
                f(Tap { pixel, weight: d.1 * h.1 * w.1, slopes });
            }
        }
    }
}

/// A whole coordinate as a number; what no image has, NaN included, lies far outside.
pub fn pixel_number(x: f64) -> i64 {
    if x.abs() < 1e15 { x as i64 } else { i64::MIN }
}

#[derive(Clone, Copy)]
struct Shared<T>(*mut T);
// SAFETY: threads write to disjoint parts.
unsafe impl<T> Sync for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Send for Shared<T> {}
impl<T> Shared<T> {
    fn at(self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}

/// Runs `f(batch, place, coordinates)` for each place of a grid in `range`.
///
/// # Safety
/// `grid` must be good for the batch's places.
unsafe fn each_place<T: Real>(s: &Sizes, grid: *const T, range: Range<usize>, mut f: impl FnMut(usize, usize, &[f64])) {
    let mut place = [0.0; 3];
    for i in range {
        for (d, p) in place.iter_mut().enumerate().take(s.dims) {
            // SAFETY: as the caller says.
            *p = unsafe { (*grid.wrapping_add(i * s.dims + d)).to() };
        }
        f(i / s.places, i % s.places, &place[..s.dims]);
    }
}

/// `y[n][c][place]`: the images read at the grid.
///
/// # Safety
/// The pointers must be good for contiguous tensors of these sizes.
pub unsafe fn read<T: Real>(s: &Sizes, r: Reading, x: *const T, grid: *const T, y: *mut T) {
    let (x, grid, y) = (Shared(x.cast_mut()), Shared(grid.cast_mut()), Shared(y));
    let plane: usize = s.image.iter().product();
    parallel_for(s.batch * s.places, (1 << 14) / (s.channels * 8).clamp(1, 1 << 14), &|range: Range<usize>| {
        let mut sums = vec![0.0; s.channels];
        // SAFETY: as the caller says; each place is one thread's.
        unsafe {
            each_place::<T>(s, grid.at(0), range, |n, p, place| {
                sums.iter_mut().for_each(|v| *v = 0.0);
                taps(s, r, size_of::<T>() == 4, place, |t| {
                    let Some(pixel) = t.pixel else { return };
                    for (c, v) in sums.iter_mut().enumerate() {
                        *v += (*x.at((n * s.channels + c) * plane + pixel)).to() * t.weight;
                    }
                });
                for (c, v) in sums.iter().enumerate() {
                    *y.at((n * s.channels + c) * s.places + p) = T::of(*v);
                }
            });
        }
    });
}

/// Adds what each reading took of its pixels: the transposed map of `read`, into zeros.
///
/// # Safety
/// As for `read`; `gx` is overwritten.
pub unsafe fn spread<T: Real>(s: &Sizes, r: Reading, g: *const T, grid: *const T, gx: *mut T) {
    let (g, grid, gx) = (Shared(g.cast_mut()), Shared(grid.cast_mut()), Shared(gx));
    let plane: usize = s.image.iter().product();
    parallel_for(s.batch, 1, &|range: Range<usize>| {
        let mut sums = vec![0.0; s.channels * plane];
        for n in range {
            sums.iter_mut().for_each(|v| *v = 0.0);
            // SAFETY: as the caller says; each image is one thread's.
            unsafe {
                each_place::<T>(s, grid.at(0), n * s.places..(n + 1) * s.places, |n, p, place| {
                    taps(s, r, size_of::<T>() == 4, place, |t| {
                        let Some(pixel) = t.pixel else { return };
                        for c in 0..s.channels {
                            sums[c * plane + pixel] += (*g.at((n * s.channels + c) * s.places + p)).to() * t.weight;
                        }
                    });
                });
                for (i, v) in sums.iter().enumerate() {
                    *gx.at(n * s.channels * plane + i) = T::of(*v);
                }
            }
        }
    });
}

/// The gradient of the grid: `gg[n][place][d] = sum over channels of g times the reading's derivative`.
///
/// # Safety
/// As for `read`.
pub unsafe fn slopes<T: Real>(s: &Sizes, r: Reading, g: *const T, x: *const T, grid: *const T, gg: *mut T) {
    let (g, x, grid, gg) = (Shared(g.cast_mut()), Shared(x.cast_mut()), Shared(grid.cast_mut()), Shared(gg));
    let plane: usize = s.image.iter().product();
    parallel_for(s.batch * s.places, (1 << 14) / (s.channels * 8).clamp(1, 1 << 14), &|range: Range<usize>| {
        // SAFETY: as the caller says; each place is one thread's.
        unsafe {
            each_place::<T>(s, grid.at(0), range, |n, p, place| {
                let mut sums = [0.0; 3];
                taps(s, r, size_of::<T>() == 4, place, |t| {
                    let Some(pixel) = t.pixel else { return };
                    let value: f64 = (0..s.channels)
                        .map(|c| {
                            (*g.at((n * s.channels + c) * s.places + p)).to()
                                * (*x.at((n * s.channels + c) * plane + pixel)).to()
                        })
                        .sum();
                    (0..s.dims).for_each(|d| sums[d] += value * t.slopes[d]);
                });
                (0..s.dims).for_each(|d| *gg.at((n * s.places + p) * s.dims + d) = T::of(sums[d]));
            });
        }
    });
}
