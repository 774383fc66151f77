//! Linear maps along up to three dims: padding, resizing and averaging windows are all of this form.
//!
//! An [`Axis`] says for each place of the output which places of the input it adds up, and with which weights. The
//! gradient is the transposed map, so forward and backward are one kernel, and every output is written by one thread.
use super::parallel::parallel_for;
use crate::dtype::{C64, Class};
use std::ops::Range;

/// A sparse matrix from one dim's places to its new ones, by rows.
#[derive(Clone, Debug)]
pub struct Axis {
    pub inputs: usize,
    /// Where each output's taps begin; one more at the end.
    starts: Vec<u32>,
    index: Vec<u32>,
    /// Empty where all weights are 1.
    weight: Vec<f64>,
}

impl Axis {
    /// Every output shows one input.
    pub fn select(inputs: usize, from: impl IntoIterator<Item = usize>) -> Self {
        let index: Vec<u32> = from.into_iter().map(|i| i as u32).collect();
        Self { inputs, starts: (0..=index.len() as u32).collect(), index, weight: vec![] }
    }
    pub fn identity(n: usize) -> Self {
        Self::select(n, 0..n)
    }
    /// Every output is the sum of a range of inputs.
    pub fn sums(inputs: usize, ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let (mut starts, mut index) = (vec![0], vec![]);
        for r in ranges {
            index.extend(r.map(|i| i as u32));
            starts.push(index.len() as u32);
        }
        Self { inputs, starts, index, weight: vec![] }
    }
    /// Every output is a weighted sum.
    pub fn weighted(inputs: usize, taps: impl IntoIterator<Item = Vec<(usize, f64)>>) -> Self {
        let (mut starts, mut index, mut weight) = (vec![0], vec![], vec![]);
        for row in taps {
            index.extend(row.iter().map(|t| t.0 as u32));
            weight.extend(row.iter().map(|t| t.1));
            starts.push(index.len() as u32);
        }
        Self { inputs, starts, index, weight }
    }
    /// Where each output's taps begin, their places, and their weights, if they are not 1.
    pub fn table(&self) -> (&[u32], &[u32], &[f64]) {
        (&self.starts, &self.index, &self.weight)
    }
    pub fn outputs(&self) -> usize {
        self.starts.len() - 1
    }
    fn is_identity(&self) -> bool {
        self.outputs() == self.inputs
            && self.shows_one()
            && self.index.iter().enumerate().all(|(i, &k)| i == k as usize)
    }
    /// Every output is one input, unchanged.
    pub fn shows_one(&self) -> bool {
        self.weight.is_empty() && self.index.len() == self.outputs() && self.starts.windows(2).all(|w| w[1] - w[0] == 1)
    }
    fn taps(&self, output: usize) -> Range<usize> {
        self.starts[output] as usize..self.starts[output + 1] as usize
    }
    /// The same map with `f(output)` times every weight of an output.
    pub fn scaled(mut self, f: impl Fn(usize) -> f64) -> Self {
        let mut weight = vec![];
        for o in 0..self.outputs() {
            weight.extend(self.taps(o).map(|t| self.weight.get(t).unwrap_or(&1.0) * f(o)));
        }
        self.weight = weight;
        self
    }
    /// The map of the gradients, from outputs to inputs.
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0u32; self.inputs + 1];
        self.index.iter().for_each(|&i| starts[i as usize + 1] += 1);
        (0..self.inputs).for_each(|i| starts[i + 1] += starts[i]);
        let mut next = starts.clone();
        let mut index = vec![0; self.index.len()];
        let mut weight = vec![0.0; self.weight.len()];
        for o in 0..self.outputs() {
            for t in self.taps(o) {
                let slot = &mut next[self.index[t] as usize];
                index[*slot as usize] = o as u32;
                if let Some(w) = self.weight.get(t) {
                    weight[*slot as usize] = *w;
                }
                *slot += 1;
            }
        }
        Self { inputs: self.outputs(), starts, index, weight }
    }
}

#[derive(Clone, Copy)]
struct Shared(*mut u8);
// SAFETY: threads write to disjoint planes.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}
impl Shared {
    fn at(self, byte: usize) -> *mut u8 {
        self.0.wrapping_add(byte)
    }
}

fn grain(work: usize) -> usize {
    ((1 << 15) / work.max(1)).max(1)
}

/// Moves elements of `size` bytes: all axes show one input each.
///
/// # Safety
/// `x` and `y` must be good for `planes` planes of the axes' inputs and outputs.
pub unsafe fn moves(size: usize, planes: usize, axes: &[Axis; 3], x: *const u8, y: *mut u8) {
    let inputs: usize = axes.iter().map(|a| a.inputs).product();
    let [d, h, w] = [0, 1, 2].map(|k| axes[k].outputs());
    let (x, y) = (Shared(x.cast_mut()), Shared(y));
    parallel_for(planes, grain(d * h * w), &|range: Range<usize>| {
        for p in range {
            let mut before: Option<(usize, *mut u8)> = None;
            for (i, j) in (0..d).flat_map(|i| (0..h).map(move |j| (i, j))) {
                let row = axes[0].index[i] as usize * axes[1].inputs + axes[1].index[j] as usize;
                let from = x.at((p * inputs + row * axes[2].inputs) * size);
                let to = y.at(((p * d + i) * h + j) * w * size);
                // SAFETY: rows of the planes, as the caller says; indices lie inside the inputs.
                unsafe {
                    match before {
                        Some((r, made)) if r == row => std::ptr::copy_nonoverlapping(made, to, w * size),
                        _ => dispatch!(word size, T => {
                            let (from, to) = (from.cast::<T>(), to.cast::<T>());
                            for (o, &k) in axes[2].index.iter().enumerate() {
                                to.add(o).write_unaligned(from.add(k as usize).read_unaligned());
                            }
                        }),
                    }
                }
                before = Some((row, to));
            }
        }
    });
}

trait Number: Copy + Default {
    type Weight: Copy + Sync;
    fn weight(w: f64) -> Self::Weight;
    fn plus(self, x: Self, w: Self::Weight) -> Self;
}
macro_rules! number {
    ($($t:ty, $w:ty, |$a:ident, $x:ident, $k:ident| $e:expr;)*) => { $(
        impl Number for $t {
            type Weight = $w;
            #[inline(always)]
            fn weight(w: f64) -> $w {
                w as $w
            }
            #[inline(always)]
            fn plus(self, $x: Self, $k: $w) -> Self {
                let $a = self;
                $e
            }
        }
    )* };
}
number! {
    f32, f32, |a, x, w| a + x * w;
    f64, f64, |a, x, w| a + x * w;
    i64, i64, |a, x, w| a.wrapping_add(x.wrapping_mul(w));
    C64, f64, |a, x, w| a + x * w;
}

/// One axis applied to `x` of shape (outer, inputs, inner).
unsafe fn pass<T: Number>(axis: &Axis, weights: &[T::Weight], outer: usize, inner: usize, x: *const T, y: *mut T) {
    let (n, m) = (axis.inputs, axis.outputs());
    let weight = |t: usize| weights.get(t).copied().unwrap_or(T::weight(1.0));
    // SAFETY: blocks of the shapes above; indices lie inside the inputs.
    unsafe {
        for i in 0..outer {
            let (x, y) = (x.add(i * n * inner), y.add(i * m * inner));
            for o in 0..m {
                let taps = axis.taps(o);
                let to = y.add(o * inner);
                if inner == 1 {
                    *to = taps.fold(T::default(), |a, t| a.plus(*x.add(axis.index[t] as usize), weight(t)));
                    continue;
                }
                let row = |t: usize| x.add(axis.index[t] as usize * inner);
                match taps.len() {
                    0 => (0..inner).for_each(|k| *to.add(k) = T::default()),
                    1 => {
                        let (a, v) = (row(taps.start), weight(taps.start));
                        (0..inner).for_each(|k| *to.add(k) = T::default().plus(*a.add(k), v));
                    }
                    _ => {
                        let (a, v) = (row(taps.start), weight(taps.start));
                        let (b, w) = (row(taps.start + 1), weight(taps.start + 1));
                        (0..inner).for_each(|k| *to.add(k) = T::default().plus(*a.add(k), v).plus(*b.add(k), w));
                        for t in taps.skip(2) {
                            let (a, v) = (row(t), weight(t));
                            (0..inner).for_each(|k| *to.add(k) = (*to.add(k)).plus(*a.add(k), v));
                        }
                    }
                }
            }
        }
    }
}

unsafe fn planes_of<T: Number>(planes: usize, axes: &[Axis; 3], x: Shared, y: Shared) {
    // Axes that shrink most go first; one that changes nothing is left out.
    let mut order: Vec<usize> = (0..3).filter(|&k| !axes[k].is_identity()).collect();
    order.sort_by(|&a, &b| {
        let ratio = |k: usize| axes[k].outputs() as f64 / axes[k].inputs.max(1) as f64;
        ratio(a).total_cmp(&ratio(b)).then(b.cmp(&a))
    });
    if order.is_empty() {
        order.push(2);
    }
    let weights: Vec<Vec<T::Weight>> = axes.iter().map(|a| a.weight.iter().map(|&w| T::weight(w)).collect()).collect();
    let inputs: usize = axes.iter().map(|a| a.inputs).product();
    let outputs: usize = axes.iter().map(Axis::outputs).product();
    // The shape after each pass, and the largest of those that are neither input nor output.
    let mut shape = axes.each_ref().map(|a| a.inputs);
    let mut shapes = vec![shape];
    for &k in &order {
        shape[k] = axes[k].outputs();
        shapes.push(shape);
    }
    let between = shapes[1..order.len()].iter().map(|s| s.iter().product()).max().unwrap_or(0);
    parallel_for(planes, grain(inputs.max(outputs) * 2), &|range: Range<usize>| {
        let mut scratch = [vec![T::default(); between], vec![T::default(); between]];
        for p in range {
            let mut from = x.at(p * inputs * size_of::<T>()).cast::<T>().cast_const();
            for (step, &k) in order.iter().enumerate() {
                let to = match step + 1 == order.len() {
                    true => y.at(p * outputs * size_of::<T>()).cast::<T>(),
                    false => scratch[step % 2].as_mut_ptr(),
                };
                let (outer, inner) = (shapes[step][..k].iter().product(), shapes[step][k + 1..].iter().product());
                // SAFETY: planes as the caller says; scratch blocks hold the largest shape between two passes.
                unsafe { pass::<T>(&axes[k], &weights[k], outer, inner, from, to) };
                from = to;
            }
        }
    });
}

/// `y = axes applied to x`, on contiguous planes of a class (not bool).
///
/// # Safety
/// As for `moves`; both are aligned.
pub unsafe fn apply(class: Class, planes: usize, axes: &[Axis; 3], x: *const u8, y: *mut u8) {
    let (x, y) = (Shared(x.cast_mut()), Shared(y));
    // SAFETY: passed on; the class names the type.
    unsafe {
        match class {
            Class::F32 => planes_of::<f32>(planes, axes, x, y),
            Class::F64 => planes_of::<f64>(planes, axes, x, y),
            Class::C128 => planes_of::<C64>(planes, axes, x, y),
            Class::I64 | Class::Bool => planes_of::<i64>(planes, axes, x, y),
        }
    }
}
