//! Convolutions of real numbers as matrix products that read the planes of `planes.rs` where they lie, so that no matrix of
//! windows is ever made.
//!
//! Output places are numbered through all rows of a plane, the few between the rows included; those are computed and
//! dropped. Then a row of the matrix of windows is the plane itself, some taps further on.
use super::planes::{Places, Planes, SLACK};
use super::{Geometry, Shared, grain};
use crate::cpu::gemm::{In, Mat, Panel, Real, Scratch, lay_panel, lay_rows};
use crate::cpu::parallel::parallel_for;
use std::ops::Range;

/// Elements that are summed at once, about.
const DEPTH: usize = 256;
/// Panels whose results are kept before they go where they belong.
const PANELS: usize = 5;
/// From so many images (and groups) on, each has planes of its own, which stay in the cache of one thread.
const MANY: usize = 8;

impl Geometry {
    /// Whether the places between rows are few.
    pub(super) fn is_direct(&self) -> bool {
        let (p, _) = Planes::of_input(self);
        let whole = self.output[0] * self.output[1].saturating_mul(p.len[2]);
        !self.is_pointwise()
            && (self.is_depthwise() || whole.next_multiple_of(16) <= 3 * self.output_plane().next_multiple_of(16) / 2)
    }
    /// As above, for the gradient of the input.
    pub(super) fn is_direct_back(&self) -> bool {
        let (p, passes) = Planes::of_output(self);
        let whole: usize = passes.iter().map(|s| (s.count[0] * s.count[1] * p.len[2]).next_multiple_of(16)).sum();
        !self.is_pointwise()
            && whole <= 3 * self.input_plane().next_multiple_of(16) / 2
            && self.stride.iter().all(|&s| s < 8)
    }
}

/// One pass over planes: `rows` rows of a matrix A times what its taps read.
struct Pass<'a, T> {
    planes: &'a Planes,
    places: &'a Places,
    rows: usize,
    a: Mat<*const T>,
    /// Where each row of B begins.
    b_rows: &'a [usize],
    /// The dims of the planes that are written.
    to: [usize; 3],
}

impl<T: Real> Pass<'_, T> {
    /// Places of one slice of depth, those between the rows included.
    fn flat(&self) -> usize {
        (self.places.count[1] - 1) * self.planes.len[2] + self.places.count[2]
    }
    fn vectors(&self, panel: Panel) -> usize {
        self.flat().div_ceil(panel.lanes)
    }
    /// Chunks of places, in all slices.
    fn chunks(&self, panel: Panel) -> usize {
        self.places.count[0] * self.chunks_of_slice(panel)
    }
    fn chunks_of_slice(&self, panel: Panel) -> usize {
        self.vectors(panel).div_ceil(self.chunk(panel))
    }
    /// Vectors of a chunk: whole panels.
    fn chunk(&self, panel: Panel) -> usize {
        let widest = panel.widest() / panel.lanes;
        let chunks = self.vectors(panel).div_ceil(PANELS * widest);
        self.vectors(panel).div_ceil(chunks).next_multiple_of(widest)
    }
    /// The rows of planes that chunks of the first slice read, and one more for vectors that reach over the end.
    fn reads(&self, panel: Panel, chunks: Range<usize>) -> Range<usize> {
        let [_, high, pitch] = self.planes.len;
        let places = |chunk: usize| (chunk * self.chunk(panel) * panel.lanes).min(self.flat());
        let reach = high - self.places.count[1] + 1;
        places(chunks.start) / pitch..(places(chunks.end).div_ceil(pitch) + reach).min(high)
    }
    /// Elements that `run` keeps results in.
    fn room(&self, panel: Panel) -> usize {
        self.rows * PANELS * panel.widest()
    }
    /// Computes one chunk.
    ///
    /// # Safety
    /// `from` must be the planes, `room` good for `room()` elements, `y` for the planes that are written and `bias` null or
    /// good for the rows.
    unsafe fn run(&self, panel: Panel, chunk: usize, from: *const T, room: *mut T, bias: *const T, y: *mut T) {
        let per_slice = self.chunks_of_slice(panel);
        let (slice, chunk) = (chunk / per_slice, chunk % per_slice);
        let [_, high, pitch] = self.planes.len;
        let at = |i: usize| (i * self.chunk(panel)).min(self.vectors(panel)) * panel.lanes;
        let (start, width) = (at(chunk), at(chunk + 1) - at(chunk));
        let from = from.wrapping_add(slice * high * pitch + start);
        let k = self.b_rows.len();
        let blocks = (k + DEPTH / 2) / DEPTH;
        let bound = |i: usize| i * k / blocks.max(1);
        for block in 0..blocks.max(1) {
            let (k0, k1) = (bound(block), bound(block + 1));
            let beta = if block == 0 { T::default() } else { T::ONE };
            // A panel's windows are near for all rows of A.
            panel.each(width, |j, w| {
                let a = self.a.from(0, k0);
                let input = In { b_rows: self.b_rows[k0..].as_ptr(), ..In::new(k1 - k0, a, from.wrapping_add(j), 0) };
                let c = Mat { ptr: room.wrapping_add(j), rs: width as isize, cs: 1 };
                // SAFETY: the taps' places lie in the planes, and the slack behind them; the room is large enough.
                unsafe { panel.multiply(self.rows, &input, w, [T::ONE, beta], c, w) };
            });
        }
        let places = start..(start + width).min(self.flat());
        // SAFETY: as the caller says.
        unsafe { put(self.places, self.to, slice, pitch, places, self.rows, room, width, bias, y) };
    }
}

crate::simd_kernel! {
    /// Moves results from rows that are `width` apart to the places of the planes `y`, and adds the bias.
    unsafe fn put<L, T: Real>(
        s: &Places, to: [usize; 3], slice: usize, pitch: usize, places: Range<usize>, rows: usize, from: *const T,
        width: usize, bias: *const T, y: *mut T,
    ) {
        const N: usize = 16;
        let step = s.step[2];
        let plane = to[0] * to[1] * to[2];
        for h in places.start / pitch..places.end.div_ceil(pitch) {
            let (lo, hi) = ((h * pitch).max(places.start), (h * pitch + s.count[2]).min(places.end));
            if lo >= hi {
                continue;
            }
            let n = hi - lo;
            let row = (s.start[0] + slice * s.step[0]) * to[1] + s.start[1] + h * s.step[1];
            let at = row * to[2] + s.start[2] + (lo - h * pitch) * step;
            for o in 0..rows {
                // SAFETY: the caller gives the memory; places between the rows are left out.
                unsafe {
                    let b = if bias.is_null() { T::default() } else { *bias.add(o) };
                    let (from, y) = (from.add(o * width + lo - places.start), y.add(o * plane + at));
                    if step == 1 && n >= N {
                        let mut i = 0;
                        while i < n {
                            // The last vector overlaps the one before.
                            let at = i.min(n - N);
                            let mut x = from.add(at).cast::<[T; N]>().read_unaligned();
                            for l in 0..N {
                                x[l] = x[l] + b;
                            }
                            y.add(at).cast::<[T; N]>().write_unaligned(x);
                            i += N;
                        }
                    } else {
                        for i in 0..n {
                            *y.add(i * step) = *from.add(i) + b;
                        }
                    }
                }
            }
        }
    }
}

/// Runs passes over the planes of every image and group: `x` has `channels` planes for each, `y` as many as the passes write.
unsafe fn run_all<T: Real>(
    g: &Geometry,
    channels: usize,
    passes: &[(Pass<T>, usize)],
    x: Shared,
    bias: Shared,
    y: Shared,
) {
    let panel = Panel::of::<T>();
    let Some((first, _)) = passes.first() else { return };
    let planes = first.planes;
    let size = size_of::<T>();
    let units = g.batch * g.groups;
    let elements = channels * planes.channel();
    let room = passes.iter().map(|p| p.0.room(panel)).max().unwrap_or(0);
    let inputs: usize = planes.from.iter().product();
    let outputs = first.rows * first.to.iter().product::<usize>();
    let bias_of = |unit: usize| {
        if bias.is_null() {
            std::ptr::null()
        } else {
            bias.block(unit % g.groups * first.rows, 1, size).cast::<T>().cast_const()
        }
    };
    // Passes of one group differ from those of another by where A begins.
    let of_group = |pass: &(Pass<T>, usize), unit: usize| pass.0.a.ptr.wrapping_add(unit % g.groups * pass.1);
    let work = outputs * channels * g.taps() / passes.len().max(1);
    // SAFETY: the caller gives the memory; every unit and chunk writes places of its own.
    unsafe {
        if units >= MANY {
            // Few images are divided, so that threads end together.
            let single = passes.len() == 1 && first.places.count[0] == 1;
            let pieces = if single { (4 * MANY / units).clamp(1, first.chunks(panel)) } else { 1 };
            return parallel_for(units * pieces, grain(work / pieces), &|range: Range<usize>| {
                let mut scratch = Scratch::<T>::new(elements + SLACK + room + 64);
                let to = scratch.ptr();
                let room = to.add((elements + SLACK).next_multiple_of(64));
                std::slice::from_raw_parts_mut(to.add(elements), SLACK).fill(T::default());
                for i in range {
                    let (unit, piece) = (i / pieces, i % pieces);
                    let part = |chunks: usize| piece * chunks / pieces..(piece + 1) * chunks / pieces;
                    let rows = if single { first.reads(panel, part(first.chunks(panel))) } else { 0..planes.len[1] };
                    planes.make(0..channels, rows, x.block(unit * channels, inputs, size).cast::<T>(), to);
                    for p in passes {
                        let pass = Pass { a: Mat { ptr: of_group(p, unit), ..p.0.a }, ..p.0 };
                        for chunk in part(pass.chunks(panel)) {
                            pass.run(panel, chunk, to, room, bias_of(unit), y.block(unit, outputs, size).cast());
                        }
                    }
                }
            });
        }
        let mut scratch = Scratch::<T>::new(units * elements + SLACK);
        let to = Shared(scratch.ptr().cast());
        std::slice::from_raw_parts_mut(scratch.ptr().add(units * elements), SLACK).fill(T::default());
        parallel_for(units * channels, grain(planes.channel() * 4), &|range: Range<usize>| {
            planes.make(range, 0..planes.len[1], x.block(0, 0, size).cast::<T>(), to.block(0, 0, size).cast());
        });
        for p in passes {
            let chunks = p.0.chunks(panel);
            parallel_for(units * chunks, grain(work / chunks.max(1)), &|range: Range<usize>| {
                let mut scratch = Scratch::<T>::new(room);
                for i in range {
                    let (unit, chunk) = (i / chunks, i % chunks);
                    let pass = Pass { a: Mat { ptr: of_group(p, unit), ..p.0.a }, ..p.0 };
                    let from = to.block(unit, elements, size).cast::<T>();
                    pass.run(panel, chunk, from, scratch.ptr(), bias_of(unit), y.block(unit, outputs, size).cast());
                }
            });
        }
    }
}

/// As `conv::forward`.
pub(super) unsafe fn forward<T: Real>(g: &Geometry, x: Shared, w: Shared, bias: Shared, y: Shared) {
    let (planes, places) = Planes::of_input(g);
    let k = g.rows();
    let taps = planes.taps(&places, g.kernel);
    let b_rows: Vec<usize> = (0..g.channels)
        .flat_map(|c| taps.iter().map(move |t| (c, t.1)))
        .map(|(c, at)| c * planes.channel() + at)
        .collect();
    let a = Mat { ptr: w.0.cast::<T>().cast_const(), rs: k as isize, cs: 1 };
    let pass = Pass { planes: &planes, places: &places, rows: g.outputs, a, b_rows: &b_rows, to: g.output };
    // SAFETY: as the caller says.
    unsafe { run_all(g, g.channels, &[(pass, g.outputs * k)], x, bias, y) }
}

/// As `conv::input_grad`.
pub(super) unsafe fn input_grad<T: Real>(g: &Geometry, gy: Shared, w: Shared, gx: Shared) {
    let (planes, all) = Planes::of_output(g);
    let size = size_of::<T>();
    let taps: Vec<Vec<(usize, usize)>> = all.iter().map(|p| planes.taps(p, g.kernel)).collect();
    let b_rows: Vec<Vec<usize>> = taps
        .iter()
        .map(|taps| {
            (0..g.outputs)
                .flat_map(|o| taps.iter().map(move |t| (o, t.1)))
                .map(|(o, at)| o * planes.channel() + at)
                .collect()
        })
        .collect();
    if taps.iter().any(Vec::is_empty) {
        // SAFETY: the whole result.
        unsafe { std::ptr::write_bytes(gx.0, 0, g.batch * g.groups * g.channels * g.input_plane() * size) };
    }
    // The weights of each pass, the input's channels as rows.
    let starts: Vec<usize> =
        b_rows.iter().scan(0, |at, b| Some(std::mem::replace(at, *at + g.groups * g.channels * b.len()))).collect();
    let mut weights: Vec<T> = Vec::with_capacity(g.groups * g.channels * g.outputs * g.taps());
    let turned = Shared(weights.as_mut_ptr().cast());
    parallel_for(g.groups * g.channels, grain(g.outputs * g.taps() * 4), &|range: Range<usize>| {
        for row in range {
            let (group, c) = (row / g.channels, row % g.channels);
            for (pass, taps) in taps.iter().enumerate() {
                let mut to = turned.block(starts[pass] + row * b_rows[pass].len(), 1, size).cast::<T>();
                for o in 0..g.outputs {
                    let from = w.block((group * g.outputs + o) * g.channels + c, g.taps(), size).cast::<T>();
                    for &(tap, _) in taps {
                        // SAFETY: the weight has the tap, and the copy a place for it.
                        unsafe { *to = *from.add(tap) };
                        to = to.wrapping_add(1);
                    }
                }
            }
        }
    });
    let passes: Vec<(Pass<T>, usize)> = (0..all.len())
        .filter(|&i| !taps[i].is_empty())
        .map(|i| {
            let k = b_rows[i].len();
            let a = Mat { ptr: turned.0.cast::<T>().cast_const().wrapping_add(starts[i]), rs: k as isize, cs: 1 };
            let pass = Pass { planes: &planes, places: &all[i], rows: g.channels, a, b_rows: &b_rows[i], to: g.input };
            (pass, g.channels * k)
        })
        .collect();
    // SAFETY: as the caller says.
    unsafe { run_all(g, g.outputs, &passes, gy, Shared(std::ptr::null_mut()), gx) }
}

/// As `conv::weight_grad`: planes of the input, which are broadcast, times the output's gradient laid into panels.
pub(super) unsafe fn weight_grad<T: Real>(g: &Geometry, gy: Shared, x: Shared, gw: Shared) {
    let panel = Panel::of::<T>();
    let (planes, places) = Planes::of_input(g);
    let (size, taps) = (size_of::<T>(), planes.taps(&places, g.kernel));
    let wide = g.outputs.next_multiple_of(panel.lanes);
    let [deep, high, row] = g.output;
    let [_, plane_high, pitch] = planes.len;
    // Some channels at a time, enough to make laying the gradient pay.
    let pieces = (g.rows() / 512).clamp(1, g.channels);
    let channel = |piece: usize| piece * g.channels / pieces;
    // The sum over images is split into a fixed number of parts; each has a weight of its own to add to.
    let whole = g.groups * g.rows() * wide;
    let parts = g.batch.min((1 << 22) / whole.max(1)).clamp(1, 16);
    let mut sums: Vec<T> = Vec::with_capacity(parts * whole);
    let sums = Shared(sums.as_mut_ptr().cast());
    let image = |part: usize| part * g.batch / parts;
    let inputs = g.input_plane();
    // Lines of output places, or pieces of one, whose products are summed at once.
    let lines = (DEPTH / row).max(1);
    let length = if row > 2 * DEPTH { row.div_ceil(row / DEPTH) } else { row };
    let work = g.outputs * g.rows() * g.output_plane();
    parallel_for(parts * g.groups * pieces, grain(work / pieces * (g.batch / parts)), &|range: Range<usize>| {
        let most = (0..pieces).map(|p| channel(p + 1) - channel(p)).max().unwrap_or(0);
        let elements = most * planes.channel() + SLACK;
        let mut scratch = Scratch::<T>::new(elements + high * row * wide + 128);
        let to = scratch.ptr();
        let laid = to.wrapping_add(elements.next_multiple_of(64));
        for i in range {
            let (part, group, piece) = (i / pieces / g.groups, i / pieces % g.groups, i % pieces);
            let (first, last) = (channel(piece), channel(piece + 1));
            let a_rows: Vec<usize> = (0..last - first)
                .flat_map(|c| taps.iter().map(move |t| (c, t.1)))
                .map(|(c, at)| c * planes.channel() + at)
                .collect();
            let sum =
                sums.block(part, whole, size).cast::<T>().wrapping_add((group * g.rows() + first * g.taps()) * wide);
            let mut beta = T::default();
            for unit in (image(part)..image(part + 1)).map(|n| n * g.groups + group) {
                // SAFETY: the planes and panels fit into the scratch memory; the sums are this task's own.
                unsafe {
                    planes.make(
                        0..last - first,
                        0..plane_high,
                        x.block(unit * g.channels + first, inputs, size).cast::<T>(),
                        to,
                    );
                    for d in 0..deep {
                        let grad =
                            gy.block(unit * g.outputs, g.output_plane(), size).cast::<T>().wrapping_add(d * high * row);
                        panel.each(wide, |j, w| {
                            let from = Mat { ptr: grad.cast_const(), rs: 1, cs: g.output_plane() as isize };
                            lay_panel(high * row, w.min(g.outputs - j), from.from(0, j), laid.add(high * row * j), w);
                        });
                        for h in (0..high).step_by(lines) {
                            for start in (0..row).step_by(length) {
                                let k = length.min(row - start);
                                panel.each(wide, |j, w| {
                                    let a = to.add((d * plane_high + h) * pitch + start).cast_const();
                                    let input = In {
                                        lines: lines.min(high - h),
                                        jump: (pitch - k) as isize,
                                        a_rows: a_rows.as_ptr(),
                                        ..In::new(
                                            k,
                                            Mat { ptr: a, rs: 0, cs: 1 },
                                            laid.add(high * row * j + (h * row + start) * w),
                                            w as isize,
                                        )
                                    };
                                    let c = Mat { ptr: sum.add(j), rs: wide as isize, cs: 1 };
                                    panel.multiply(a_rows.len(), &input, w, [T::ONE, beta], c, w);
                                });
                                beta = T::ONE;
                            }
                        }
                    }
                }
            }
        }
    });
    const ROWS: usize = 64;
    let blocks = g.rows().div_ceil(ROWS);
    parallel_for(g.groups * blocks, grain(ROWS * wide * (parts + 4)), &|range: Range<usize>| {
        for i in range {
            let (group, r) = (i / blocks, i % blocks * ROWS);
            let n = ROWS.min(g.rows() - r);
            let at = (group * g.rows() + r) * wide;
            // SAFETY: rows of the parts' sums, and the same columns of the result.
            unsafe {
                let sum = sums.block(at, 1, size).cast::<T>();
                for part in 1..parts {
                    add(n * wide, sums.block(part, whole, size).cast::<T>().add(at), sum);
                }
                let from = Mat { ptr: sum.cast_const(), rs: 1, cs: wide as isize };
                lay_rows(g.outputs, n, from, gw.block(group * g.outputs, g.rows(), size).cast::<T>().add(r), g.rows());
            }
        }
    });
}

crate::simd_kernel! {
    unsafe fn add<L, T: Real>(n: usize, x: *const T, y: *mut T) {
        // SAFETY: the caller gives n elements of both.
        let (x, y) = unsafe { (std::slice::from_raw_parts(x, n), std::slice::from_raw_parts_mut(y, n)) };
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = *y + x);
    }
}
