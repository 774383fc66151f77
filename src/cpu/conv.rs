//! Convolutions over up to three spatial dims, and what their gradients need.
//!
//! All three directions are matrix products. Those of f32 and f64 read copies of the input with padding around (`direct.rs`).
//! The others, and those of tiny images, work on a tile of output places: the tile's input windows are gathered into a
//! matrix (one row per channel and kernel tap) that stays in the cache, and multiplied by the weight; the gradient of
//! the input goes the other way and adds windows back.
use super::copy::Plus;
use super::parallel::parallel_for;
use super::product::{Matrix, Sizes, multiply};
use crate::dtype::DType;
use std::cell::RefCell;
use std::ops::Range;

mod depthwise;
mod direct;
mod planes;

/// Sizes of a convolution; dims that it has not are 1.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    pub batch: usize,
    pub groups: usize,
    /// Input and output channels of one group.
    pub channels: usize,
    pub outputs: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
    pub dilation: [usize; 3],
}

/// Elements of a tile of windows: 256 KiB of floats.
const TILE: usize = 1 << 16;

impl Geometry {
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }
    pub fn input_plane(&self) -> usize {
        self.input.iter().product()
    }
    pub fn output_plane(&self) -> usize {
        self.output.iter().product()
    }
    /// Rows of the matrix of windows.
    fn rows(&self) -> usize {
        self.channels * self.taps()
    }
    /// Each window is one element: the input itself is the matrix of windows.
    fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.stride == [1; 3] && self.padding == [0; 3]
    }
    fn is_depthwise(&self) -> bool {
        self.channels == 1 && self.groups > 1 && self.outputs <= 4
    }
    /// Output places per tile: whole tiles for any number of threads.
    fn tile(&self) -> usize {
        (TILE / self.rows().max(1)).next_multiple_of(64).clamp(128, 4096).min(self.output_plane().max(1))
    }
    /// Calls `f(d, h, w, start, len)` for each run of output places `tile` that lie in one row.
    #[inline(always)]
    fn runs(&self, tile: Range<usize>, mut f: impl FnMut(usize, usize, usize, usize, usize)) {
        let (h, w) = (self.output[1], self.output[2]);
        let mut t = tile.start;
        while t < tile.end {
            let n = (w - t % w).min(tile.end - t);
            f(t / (h * w), t / w % h, t % w, t - tile.start, n);
            t += n;
        }
    }
    /// The input coordinate along `dim` of an output place and a tap, if it is not padding.
    #[inline(always)]
    fn place(&self, dim: usize, out: usize, tap: usize) -> Option<usize> {
        (out * self.stride[dim] + tap * self.dilation[dim])
            .checked_sub(self.padding[dim])
            .filter(|&i| i < self.input[dim])
    }
    /// For `n` outputs from `w` on and a tap: which of them read the input, and where the first of those does.
    #[inline(always)]
    fn inside(&self, w: usize, n: usize, tap: usize) -> (Range<usize>, usize) {
        let (s, shift) = (self.stride[2], tap * self.dilation[2]);
        let lo = self.padding[2].saturating_sub(shift).div_ceil(s).clamp(w, w + n);
        let hi = (self.input[2] + self.padding[2]).saturating_sub(shift).div_ceil(s).clamp(lo, w + n);
        (lo - w..hi - w, if lo < hi { lo * s + shift - self.padding[2] } else { 0 })
    }
}

/// Copies the windows of output places `tile` of one image and group into `matrix`, its rows `width` apart.
///
/// # Safety
/// `x` must be good for the group's planes, `matrix` for all rows of it.
unsafe fn gather<T: Copy + Default>(g: &Geometry, x: *const T, tile: Range<usize>, matrix: *mut T, width: usize) {
    let [kd, kh, kw] = g.kernel;
    for row in 0..g.rows() {
        let (c, d, h, w) = (row / g.taps(), row / (kh * kw) % kd, row / kw % kh, row % kw);
        let plane = x.wrapping_add(c * g.input_plane());
        g.runs(tile.clone(), |od, oh, ow, start, n| {
            // SAFETY: `inside` and `place` give places in the plane; the row has room for the tile.
            unsafe {
                let to = matrix.add(row * width + start);
                let (Some(id), Some(ih)) = (g.place(0, od, d), g.place(1, oh, h)) else {
                    return (0..n).for_each(|i| to.add(i).write(T::default()));
                };
                let (reads, from) = g.inside(ow, n, w);
                let from = plane.wrapping_add((id * g.input[1] + ih) * g.input[2] + from);
                (0..reads.start).for_each(|i| to.add(i).write(T::default()));
                if g.stride[2] == 1 {
                    std::ptr::copy_nonoverlapping(from, to.add(reads.start), reads.len());
                } else {
                    (0..reads.len()).for_each(|i| to.add(reads.start + i).write(from.add(i * g.stride[2]).read()));
                }
                (reads.end..n).for_each(|i| to.add(i).write(T::default()));
            }
        });
    }
}

/// Adds the windows in `matrix` to the places of `x` that `gather` reads them from.
///
/// # Safety
/// As for `gather`.
unsafe fn scatter<T: Copy + Plus>(g: &Geometry, x: *mut T, tile: Range<usize>, matrix: *const T, width: usize) {
    let [kd, kh, kw] = g.kernel;
    for row in 0..g.rows() {
        let (c, d, h, w) = (row / g.taps(), row / (kh * kw) % kd, row / kw % kh, row % kw);
        let plane = x.wrapping_add(c * g.input_plane());
        g.runs(tile.clone(), |od, oh, ow, start, n| {
            let (Some(id), Some(ih)) = (g.place(0, od, d), g.place(1, oh, h)) else { return };
            let (reads, to) = g.inside(ow, n, w);
            // SAFETY: `inside` and `place` give places in the plane.
            unsafe {
                let to = plane.wrapping_add((id * g.input[1] + ih) * g.input[2] + to);
                let from = matrix.add(row * width + start + reads.start);
                let s = g.stride[2];
                (0..reads.len()).for_each(|i| *to.add(i * s) = (*to.add(i * s)).plus(*from.add(i)));
            }
        });
    }
}

/// Runs `f` with `bytes` bytes of scratch memory that this thread keeps for the next call.
fn with_scratch<R>(bytes: usize, f: impl FnOnce(*mut u8) -> R) -> R {
    thread_local! { static SCRATCH: RefCell<Vec<u128>> = const { RefCell::new(Vec::new()) }; }
    SCRATCH.with_borrow_mut(|v| {
        v.clear();
        v.reserve(bytes.div_ceil(16));
        f(v.as_mut_ptr().cast())
    })
}

/// A pointer that goes to other threads; they write to disjoint parts.
#[derive(Clone, Copy)]
struct Shared(*mut u8);
// SAFETY: as said above.
unsafe impl Sync for Shared {}
// SAFETY: as said above.
unsafe impl Send for Shared {}
impl Shared {
    fn is_null(self) -> bool {
        self.0.is_null()
    }
    /// The `i`-th of blocks of `n` elements of `size` bytes.
    fn block(self, i: usize, n: usize, size: usize) -> *mut u8 {
        self.0.wrapping_add(i * n * size)
    }
}

/// Blocks for `parallel_for`, so that one is worth a thread's while.
fn grain(work: usize) -> usize {
    ((1 << 17) / work.max(1)).max(1)
}

fn is_real(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
}

fn by_rows(ptr: *mut u8, row: usize) -> Matrix {
    Matrix { ptr, row, column: 1 }
}

/// `y = conv(x, w) + bias`, all contiguous, of dtype int64, float32, float64 or complex128.
///
/// # Safety
/// The pointers must be good for the tensors that the geometry describes; `bias` may be null.
pub unsafe fn forward(dtype: DType, g: &Geometry, x: *const u8, w: *const u8, bias: *const u8, y: *mut u8) {
    let (size, out, k) = (dtype.size(), g.output_plane(), g.rows());
    let (x, w, bias, y) = (Shared(x.cast_mut()), Shared(w.cast_mut()), Shared(bias.cast_mut()), Shared(y));
    let planes = g.batch * g.groups;
    let set_bias = |unit: usize, tile: &Range<usize>| {
        for o in 0..g.outputs {
            let row = y.block(unit * g.outputs + o, out, size).wrapping_add(tile.start * size);
            let b = bias.block(unit % g.groups * g.outputs + o, 1, size);
            // SAFETY: a row of the result, and one element per output channel.
            unsafe { super::convert::move_words(size, tile.len(), b, 0, row, 1) };
        }
    };
    let keep = if bias.is_null() { 0.0 } else { 1.0 };
    if is_real(dtype) && g.is_direct() {
        // SAFETY: as the caller says.
        return unsafe {
            match dtype {
                DType::F32 if g.is_depthwise() => depthwise::forward::<f32>(g, x, w, bias, y),
                _ if g.is_depthwise() => depthwise::forward::<f64>(g, x, w, bias, y),
                DType::F32 => direct::forward::<f32>(g, x, w, bias, y),
                _ => direct::forward::<f64>(g, x, w, bias, y),
            }
        };
    }
    let tile = g.tile();
    let tiles = out.div_ceil(tile);
    parallel_for(planes * tiles, grain(g.outputs * tile * k), &|units: Range<usize>| {
        for i in units {
            let (unit, t) = (i / tiles, i % tiles * tile..out.min((i % tiles + 1) * tile));
            if keep != 0.0 {
                set_bias(unit, &t);
            }
            let input = x.block(unit * g.channels, g.input_plane(), size);
            let weight = by_rows(w.block(unit % g.groups * g.outputs, k, size), k);
            let result = by_rows(y.block(unit * g.outputs, out, size).wrapping_add(t.start * size), out);
            let s = Sizes { m: g.outputs, n: t.len(), k };
            // SAFETY: the blocks of this unit, as the caller says; the tile's part of the result is this thread's own.
            unsafe {
                if g.is_pointwise() {
                    multiply(dtype, s, 1.0, weight, by_rows(input.add(t.start * size), out), keep, result);
                    continue;
                }
                with_scratch(k * t.len() * size, |m| {
                    dispatch!(word size, T => gather::<T>(g, input.cast(), t.clone(), m.cast(), t.len()));
                    multiply(dtype, s, 1.0, weight, by_rows(m, t.len()), keep, result);
                })
            }
        }
    });
}

/// The gradient of the input: `gx` from `gy` and the weight.
///
/// # Safety
/// As for `forward`.
pub unsafe fn input_grad(dtype: DType, g: &Geometry, gy: *const u8, w: *const u8, gx: *mut u8) {
    let (size, out, k) = (dtype.size(), g.output_plane(), g.rows());
    let (gy, w, gx) = (Shared(gy.cast_mut()), Shared(w.cast_mut()), Shared(gx));
    if is_real(dtype) && g.is_direct_back() {
        // SAFETY: as the caller says.
        return unsafe {
            match dtype {
                DType::F32 => direct::input_grad::<f32>(g, gy, w, gx),
                _ => direct::input_grad::<f64>(g, gy, w, gx),
            }
        };
    }
    let tile = g.tile();
    let of_unit = |unit: usize| {
        let result = gx.block(unit * g.channels, g.input_plane(), size);
        let grad = gy.block(unit * g.outputs, out, size);
        let weight = w.block(unit % g.groups * g.outputs, k, size);
        // SAFETY: the blocks of this unit, as the caller says; its part of the result is this thread's own.
        unsafe {
            if g.is_pointwise() {
                let s = Sizes { m: k, n: out, k: g.outputs };
                return multiply(
                    dtype,
                    s,
                    1.0,
                    by_rows(weight, k).transposed(),
                    by_rows(grad, out),
                    0.0,
                    by_rows(result, out),
                );
            }
            std::ptr::write_bytes(result, 0, g.channels * g.input_plane() * size);
            let mut start = 0;
            while start < out {
                let t = start..out.min(start + tile);
                let s = Sizes { m: k, n: t.len(), k: g.outputs };
                with_scratch(k * t.len() * size, |m| {
                    let part = by_rows(grad.add(start * size), out);
                    multiply(dtype, s, 1.0, by_rows(weight, k).transposed(), part, 0.0, by_rows(m, t.len()));
                    dispatch!(class dtype.class(), T => scatter::<T>(g, result.cast(), t.clone(), m.cast(), t.len()));
                });
                start = t.end;
            }
        }
    };
    parallel_for(g.batch * g.groups, grain(g.outputs * out * k), &|units: Range<usize>| units.for_each(of_unit));
}

/// The gradient of the weight: `gw` from `gy` and the input.
///
/// # Safety
/// As for `forward`.
pub unsafe fn weight_grad(dtype: DType, g: &Geometry, gy: *const u8, x: *const u8, gw: *mut u8) {
    let (size, out, k) = (dtype.size(), g.output_plane(), g.rows());
    let (gy, x, gw) = (Shared(gy.cast_mut()), Shared(x.cast_mut()), Shared(gw));
    if is_real(dtype) && g.is_direct() {
        // SAFETY: as the caller says.
        return unsafe {
            match dtype {
                DType::F32 if g.is_depthwise() => depthwise::weight_grad::<f32>(g, gy, x, gw),
                _ if g.is_depthwise() => depthwise::weight_grad::<f64>(g, gy, x, gw),
                DType::F32 => direct::weight_grad::<f32>(g, gy, x, gw),
                _ => direct::weight_grad::<f64>(g, gy, x, gw),
            }
        };
    }
    let tile = if g.is_pointwise() { out.max(1) } else { g.tile() };
    let tiles = out.div_ceil(tile);
    // The sum over images and tiles is split into a fixed number of parts; each has a weight of its own to add to.
    let steps = g.batch * tiles;
    let whole = g.groups * g.outputs * k;
    let parts = steps.min((1 << 21) / whole.max(1)).clamp(1, 16);
    let mut rest = vec![0u128; ((parts - 1) * whole * size).div_ceil(16)];
    let rest = Shared(rest.as_mut_ptr().cast());
    let each = steps.div_ceil(parts);
    parallel_for(parts * g.groups, grain(each * tile * g.outputs * k), &|units: Range<usize>| {
        for i in units {
            let (part, group) = (i / g.groups, i % g.groups);
            let to = if part == 0 { gw } else { Shared(rest.block(part - 1, whole, size)) };
            let to = to.block(group * g.outputs, k, size);
            // SAFETY: this part's weight is this thread's own; the rest as the caller says.
            unsafe {
                std::ptr::write_bytes(to, 0, g.outputs * k * size);
                for step in (part * each).min(steps)..((part + 1) * each).min(steps) {
                    let unit = step / tiles * g.groups + group;
                    let t = step % tiles * tile..out.min((step % tiles + 1) * tile);
                    let input = x.block(unit * g.channels, g.input_plane(), size);
                    let grad = gy.block(unit * g.outputs, out, size);
                    let s = Sizes { m: g.outputs, n: k, k: t.len() };
                    let grad = by_rows(grad.add(t.start * size), out);
                    if g.is_pointwise() {
                        multiply(dtype, s, 1.0, grad, by_rows(input, out).transposed(), 1.0, by_rows(to, k));
                        continue;
                    }
                    with_scratch(k * t.len() * size, |m| {
                        dispatch!(word size, T => gather::<T>(g, input.cast(), t.clone(), m.cast(), t.len()));
                        multiply(dtype, s, 1.0, grad, by_rows(m, t.len()).transposed(), 1.0, by_rows(to, k));
                    });
                }
            }
        }
    });
    dispatch!(class dtype.class(), T => {
        for part in 1..parts {
            let from = rest.block(part - 1, whole, size).cast::<T>();
            let to = gw.0.cast::<T>();
            // SAFETY: a weight each, of elements of this type.
            unsafe { (0..whole).for_each(|i| *to.add(i) = (*to.add(i)).plus(*from.add(i))) };
        }
    });
}

/// All windows of a batch as matrices (unfold): `y` is (batch, rows, places).
///
/// # Safety
/// The pointers must be good for the tensors that the geometry describes; `size` is that of an element.
pub unsafe fn windows(size: usize, g: &Geometry, x: *const u8, y: *mut u8) {
    let (x, y, out) = (Shared(x.cast_mut()), Shared(y), g.output_plane());
    parallel_for(g.batch, grain(out * g.rows()), &|units: Range<usize>| {
        for i in units {
            let (x, y) = (x.block(i * g.channels, g.input_plane(), size), y.block(i * g.rows(), out, size));
            // SAFETY: the blocks of this image.
            unsafe { dispatch!(word size, T => gather::<T>(g, x.cast(), 0..out, y.cast(), out)) };
        }
    });
}

/// Adds all windows back where they came from (fold).
///
/// # Safety
/// As for `windows`; the dtype is one that its class holds in memory.
pub unsafe fn add_windows(dtype: DType, g: &Geometry, y: *const u8, x: *mut u8) {
    let (y, x, out, size) = (Shared(y.cast_mut()), Shared(x), g.output_plane(), dtype.size());
    parallel_for(g.batch, grain(out * g.rows()), &|units: Range<usize>| {
        for i in units {
            let (x, y) = (x.block(i * g.channels, g.input_plane(), size), y.block(i * g.rows(), out, size));
            // SAFETY: the blocks of this image.
            unsafe {
                std::ptr::write_bytes(x, 0, g.channels * g.input_plane() * size);
                dispatch!(class dtype.class(), T => scatter::<T>(g, x.cast(), 0..out, y.cast(), out));
            }
        }
    });
}
