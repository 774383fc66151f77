//! Scaled dot-product attention by blocks of queries and keys: no matrix of all scores is ever in memory.
//!
//! Blocks are kept transposed. A block of queries lies in the lanes of vectors, keys and features in rows: maxima and sums
//! over keys are then vertical, and keys and values are read where they lie, whatever their strides. The forward pass keeps
//! a running maximum and sum per query; the backward pass makes the weights again from the logarithms of the sums.
use super::float::Float;
use super::gemm::{In, Mat, Panel, Real, Scratch, lay_panel, lay_rows};
use super::math::exp_parts;
use super::parallel::{parallel_for, parallel_for_long};
use super::simd::Level;
use std::ops::Range;

mod few;

/// Keys in a block.
const KEYS: usize = 64;
/// Keys that a pass of the backward over all queries sees, so that they, their values and both gradients stay in the
/// second-level cache.
const KEYS_PASS: usize = 1024;
/// Multiplications that are worth a thread's while.
const TASK: usize = 1 << 18;

/// A batch of heads: element (b, h, i, j) is at `ptr + b batch + h head + i row + j column`, in elements.
#[derive(Clone, Copy)]
pub struct Heads<P> {
    pub ptr: P,
    pub batch: usize,
    pub head: usize,
    pub row: usize,
    pub column: usize,
}
// SAFETY: a plain address; threads write to distinct heads or rows.
unsafe impl<P> Sync for Heads<P> {}

impl<T> Heads<*const T> {
    fn of(&self, b: usize, h: usize) -> Mat<*const T> {
        Mat {
            ptr: self.ptr.wrapping_add(b * self.batch + h * self.head),
            rs: self.row as isize,
            cs: self.column as isize,
        }
    }
}
impl<T> Heads<*mut T> {
    fn of_mut(&self, b: usize, h: usize) -> Mat<*mut T> {
        Mat {
            ptr: self.ptr.wrapping_add(b * self.batch + h * self.head),
            rs: self.row as isize,
            cs: self.column as isize,
        }
    }
}

/// Sizes: heads of `queries` x `width` against `keys` x `width` and `keys` x `values`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub batch: usize,
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    pub width: usize,
    pub values: usize,
    pub scale: f64,
    /// Query i sees keys up to i only.
    pub causal: bool,
}

/// f32 or f64 with the functions that weights are made of.
pub trait Weight: Real + PartialOrd {
    const LEAST: Self;
    fn narrow(x: f64) -> Self;
    /// The exponential; zero where it would be subnormal, for those take the hardware a hundred times as long.
    fn exp<L: Level>(self) -> Self;
    fn ln(self) -> Self;
    fn minus(self, b: Self) -> Self;
    fn inverse(self) -> Self;
}
macro_rules! weight {
    ($($t:ty, $least:literal, |$x:ident| $exp:expr;)*) => { $( impl Weight for $t {
        const LEAST: Self = Self::NEG_INFINITY;
        fn narrow(x: f64) -> Self {
            x as $t
        }
        #[inline(always)]
        fn exp<L: Level>(self) -> Self {
            let small = self < $least;
            let $x: $t = if small { $least } else { self };
            if small { 0.0 } else { $exp }
        }
        fn ln(self) -> Self {
            self.ln()
        }
        #[inline(always)]
        fn minus(self, b: Self) -> Self {
            self - b
        }
        #[inline(always)]
        fn inverse(self) -> Self {
            1.0 / self
        }
    } )* };
}
weight! {
    // Never far above zero, and then a few instructions less will do.
    f32, -87.0, |x| {
        let (q, power) = exp_parts::<L>(x);
        L::fma32(q, power, power)
    };
    f64, -708.0, |x| Float::<L>::exp(x);
}

/// The queries of one block, as columns of a panel.
struct Block {
    queries: Range<usize>,
    /// Columns of the panel: whole vectors.
    width: usize,
}

impl Sizes {
    fn blocks(&self, panel: Panel) -> usize {
        self.queries.div_ceil(panel.widest())
    }
    fn block(&self, panel: Panel, i: usize) -> Block {
        let each = self.queries.div_ceil(self.blocks(panel)).next_multiple_of(panel.lanes);
        let queries = (i * each).min(self.queries)..((i + 1) * each).min(self.queries);
        Block { width: queries.len().next_multiple_of(panel.lanes), queries }
    }
    /// The keys that a block of queries sees.
    fn seen(&self, b: &Block) -> usize {
        if self.causal { b.queries.end.min(self.keys) } else { self.keys }
    }
}

/// Where the hidden keys of a block begin: key `r` of the block is hidden from queries below `r + shift`.
fn hidden(s: &Sizes, b: &Block, k: &Range<usize>) -> Option<isize> {
    (s.causal && k.end > b.queries.start + 1).then(|| k.start as isize - b.queries.start as isize)
}

/// As `soften`, for N columns; returns their number.
#[inline(always)]
unsafe fn soften_columns<L: Level, T: Weight, const N: usize>(
    h: usize,
    w: usize,
    s: *mut T,
    top: *mut T,
    sum: *mut T,
    values: usize,
    o: *mut T,
) -> usize {
    // SAFETY: the caller gives rows `w` apart of at least N elements.
    unsafe {
        let before = top.cast::<[T; N]>().read_unaligned();
        let mut max = before;
        for r in 0..h {
            let row = s.add(r * w).cast::<[T; N]>().read_unaligned();
            for l in 0..N {
                // Drops NaN, which the exponentials bring back.
                max[l] = if max[l] > row[l] { max[l] } else { row[l] };
            }
        }
        let mut total = sum.cast::<[T; N]>().read_unaligned();
        let mut factor = [T::default(); N];
        let mut moved = false;
        // Where a mask hides every key there is no maximum to be relative to, and the weights are zero.
        let base = max.map(|x| if x == T::LEAST { T::default() } else { x });
        for l in 0..N {
            // Nothing was seen before, or only what is hidden.
            let none = before[l] == T::LEAST;
            let shrunk = before[l].minus(base[l]).exp::<L>();
            factor[l] = if none { T::default() } else { shrunk };
            total[l] = total[l] * factor[l];
            moved |= factor[l] != T::ONE;
        }
        for r in 0..h {
            let row = s.add(r * w).cast::<[T; N]>();
            let mut x = row.read_unaligned();
            for l in 0..N {
                x[l] = x[l].minus(base[l]).exp::<L>();
                total[l] = total[l] + x[l];
            }
            row.write_unaligned(x);
        }
        if moved {
            for r in 0..values {
                let row = o.add(r * w).cast::<[T; N]>();
                let mut x = row.read_unaligned();
                for l in 0..N {
                    x[l] = x[l] * factor[l];
                }
                row.write_unaligned(x);
            }
        }
        top.cast::<[T; N]>().write_unaligned(max);
        sum.cast::<[T; N]>().write_unaligned(total);
    }
    N
}

crate::simd_kernel! {
    /// Scores of `h` keys become weights relative to the running maxima, and what is summed so far is rescaled.
    unsafe fn soften<L, T: Weight>(
        h: usize, w: usize, s: *mut T, top: *mut T, sum: *mut T, values: usize, o: *mut T, hide: Option<isize>,
    ) {
        // SAFETY: the caller gives `h` and `values` rows of `w` elements, and `w` maxima and sums; lanes are within `w`.
        unsafe {
            if let Some(shift) = hide {
                for r in (1 - shift).max(0) as usize..h {
                    let n = (r as isize + shift).min(w as isize) as u32;
                    let row = std::slice::from_raw_parts_mut(s.add(r * w), w);
                    for i in 0..w {
                        row[i] = if (i as u32) < n { T::LEAST } else { row[i] };
                    }
                }
            }
            let mut at = 0;
            while at < w {
                let (s, top, sum, o) = (s.add(at), top.add(at), sum.add(at), o.add(at));
                at += match w - at {
                    16.. => soften_columns::<L, T, 16>(h, w, s, top, sum, values, o),
                    8.. => soften_columns::<L, T, 8>(h, w, s, top, sum, values, o),
                    4.. => soften_columns::<L, T, 4>(h, w, s, top, sum, values, o),
                    2.. => soften_columns::<L, T, 2>(h, w, s, top, sum, values, o),
                    _ => soften_columns::<L, T, 1>(h, w, s, top, sum, values, o),
                };
            }
        }
    }
    /// Scores of `h` keys become weights, by the logarithms of the sums.
    unsafe fn weigh<L, T: Weight>(h: usize, w: usize, s: *mut T, logs: *const T, hide: Option<isize>) {
        // SAFETY: the caller gives `h` rows of `w` elements, and `w` logarithms.
        unsafe {
            let logs = std::slice::from_raw_parts(logs, w);
            for r in 0..h {
                let row = std::slice::from_raw_parts_mut(s.add(r * w), w);
                row.iter_mut().zip(logs).for_each(|(x, &log)| *x = x.minus(log).exp::<L>());
                if let Some(shift) = hide {
                    let n = (r as isize + shift).clamp(0, w as isize) as u32;
                    for i in 0..w {
                        row[i] = if (i as u32) < n { T::default() } else { row[i] };
                    }
                }
            }
        }
    }
    /// Gradients of weights become those of scores: `d = s (d - delta) scale`.
    unsafe fn unweigh<L, T: Weight>(h: usize, w: usize, s: *const T, d: *mut T, delta: *const T, scale: T) {
        // SAFETY: as above.
        unsafe {
            let delta = std::slice::from_raw_parts(delta, w);
            for r in 0..h {
                let (s, d) = (std::slice::from_raw_parts(s.add(r * w), w), std::slice::from_raw_parts_mut(d.add(r * w), w));
                for ((d, &s), &delta) in d.iter_mut().zip(s).zip(delta) {
                    *d = s * d.minus(delta) * scale;
                }
            }
        }
    }
    /// `to[j] = sum over rows of x[i][j] y[i][j]`.
    unsafe fn dot_columns<L, T: Weight>(h: usize, w: usize, x: *const T, y: *const T, to: *mut T) {
        // SAFETY: as above.
        unsafe {
            let to = std::slice::from_raw_parts_mut(to, w);
            to.fill(T::default());
            for r in 0..h {
                let (x, y) = (std::slice::from_raw_parts(x.add(r * w), w), std::slice::from_raw_parts(y.add(r * w), w));
                for ((to, &x), &y) in to.iter_mut().zip(x).zip(y) {
                    *to = *to + x * y;
                }
            }
        }
    }
    /// Multiplies the columns of `h` rows.
    unsafe fn scale_columns<L, T: Weight>(h: usize, w: usize, x: *mut T, by: *const T) {
        // SAFETY: as above.
        unsafe {
            let by = std::slice::from_raw_parts(by, w);
            for r in 0..h {
                let x = std::slice::from_raw_parts_mut(x.add(r * w), w);
                x.iter_mut().zip(by).for_each(|(x, &by)| *x = *x * by);
            }
        }
    }
}

/// Hands out parts of scratch memory, each a whole number of cache lines.
struct Parts<T>(*mut T);
impl<T> Parts<T> {
    fn padded(n: usize) -> usize {
        n.next_multiple_of(64)
    }
    fn take(&mut self, n: usize) -> *mut T {
        let p = self.0;
        self.0 = p.wrapping_add(Self::padded(n));
        p
    }
}

/// Lays the mask's part for some keys (rows) and queries (columns) where their scores will be; returns the factor that
/// adds the scores to it.
unsafe fn lay_mask<T: Weight>(
    mask: Option<Mat<*const T>>,
    keys: Range<usize>,
    queries: Range<usize>,
    w: usize,
    s: *mut T,
) -> T {
    let Some(mask) = mask else { return T::default() };
    // SAFETY: the caller gives a mask of all keys and queries, and rows of `w` scores.
    unsafe { lay_panel(keys.len(), queries.len(), mask.from(queries.start, keys.start).t(), s, w) };
    T::ONE
}

/// The result `y` and the logarithms of the sums of exponentials `logs` (batch, heads, queries). The mask (queries by keys)
/// is added to the scores.
///
/// # Safety
/// The operands must be good for the sizes, none of them 0; the columns of `y` must lie side by side.
pub unsafe fn forward<T: Weight>(
    s: &Sizes,
    q: Heads<*const T>,
    k: Heads<*const T>,
    v: Heads<*const T>,
    mask: Option<Heads<*const T>>,
    y: Heads<*mut T>,
    logs: Heads<*mut T>,
) {
    if few::fits(s, &k, &v) {
        // SAFETY: as the caller says.
        return unsafe { few::forward(s, [q, k, v], mask, y, logs) };
    }
    let panel = Panel::of::<T>();
    let blocks = s.blocks(panel);
    let each = panel.widest() * s.keys * (s.width + s.values) / if s.causal { 2 } else { 1 };
    let widest = panel.widest();
    let run = |range: Range<usize>| {
        let mut scratch =
            Scratch::<T>::new(Parts::<T>::padded((s.width + s.values + KEYS) * widest + 4 * widest) + 512);
        let mut parts = Parts(scratch.ptr());
        let (qt, o) = (parts.take(s.width * widest), parts.take(s.values * widest));
        let scores = parts.take(KEYS * widest);
        let (top, sum) = (parts.take(widest), parts.take(widest));
        let (q, k, v, mask, y, logs) = (&q, &k, &v, &mask, &y, &logs);
        for i in range {
            let (unit, b) = (i / blocks, s.block(panel, i % blocks));
            let (n, w) = (b.queries.len(), b.width);
            if n == 0 {
                continue;
            }
            let at = (unit / s.heads, unit % s.heads);
            let (k, v) = (k.of(at.0, at.1), v.of(at.0, at.1));
            let mask = mask.as_ref().map(|m| m.of(at.0, at.1));
            // SAFETY: parts of the scratch memory, as large as the widest block needs them, and parts of the operands; the
            // rows of the result are this block's own.
            unsafe {
                lay_panel(s.width, n, q.of(at.0, at.1).from(b.queries.start, 0).t(), qt, w);
                std::slice::from_raw_parts_mut(o, s.values * w).fill(T::default());
                std::slice::from_raw_parts_mut(top, w).fill(T::LEAST);
                std::slice::from_raw_parts_mut(sum, w).fill(T::default());
                let seen = s.seen(&b);
                for k0 in (0..seen).step_by(KEYS) {
                    let keys = k0..seen.min(k0 + KEYS);
                    let h = keys.len();
                    let to = Mat { ptr: scores, rs: w as isize, cs: 1 };
                    let input = In::new(s.width, k.from(k0, 0), qt.cast_const(), w as isize);
                    let beta = lay_mask(mask, keys.clone(), b.queries.clone(), w, scores);
                    panel.multiply(h, &input, w, [T::narrow(s.scale), beta], to, w);
                    soften(h, w, scores, top, sum, s.values, o, hidden(s, &b, &keys));
                    let to = Mat { ptr: o, rs: w as isize, cs: 1 };
                    let input = In::new(h, v.from(k0, 0).t(), scores.cast_const(), w as isize);
                    panel.multiply(s.values, &input, w, [T::ONE, T::ONE], to, w);
                }
                let logs = logs.of_mut(at.0, at.1);
                for j in 0..n {
                    *logs.at_mut(b.queries.start + j, 0) = *top.add(j) + (*sum.add(j)).ln();
                }
                for j in 0..w {
                    let total = *sum.add(j);
                    *sum.add(j) = if total == T::default() { total } else { total.inverse() };
                }
                scale_columns(s.values, w, o, sum);
                let y = y.of_mut(at.0, at.1);
                let turned = Mat { ptr: o.cast_const(), rs: 1, cs: w as isize };
                lay_rows(n, s.values, turned, y.at_mut(b.queries.start, 0), y.rs as usize);
            }
        }
    };
    parallel_for(s.batch * s.heads * blocks, (TASK / each.max(1)).max(1), &run);
}

/// The gradients of queries, keys and values.
///
/// # Safety
/// The operands must be good for the sizes, none of them 0; the columns of the results must lie side by side.
pub unsafe fn backward<T: Weight>(
    s: &Sizes,
    [q, k, v, y, gy, logs]: [Heads<*const T>; 6],
    mask: Option<Heads<*const T>>,
    [gq, gk, gv]: [Heads<*mut T>; 3],
) {
    let panel = Panel::of::<T>();
    let (blocks, widest) = (s.blocks(panel), panel.widest());
    let (wide, wide_values) = (s.width.next_multiple_of(panel.lanes), s.values.next_multiple_of(panel.lanes));
    let each = s.queries * s.keys * (3 * s.width + 2 * s.values) / if s.causal { 2 } else { 1 };
    let run = |range: Range<usize>| {
        let rows = 2 * s.width + s.values + wide + 2 * wide_values + 2 * KEYS + 2;
        let mut scratch = Scratch::<T>::new(rows * widest + 10 * 64);
        let mut parts = Parts(scratch.ptr());
        let (qt, gqt) = (parts.take(s.width * widest), parts.take(s.width * widest));
        let (gt, yt) = (parts.take(s.values * widest), parts.take(wide_values * widest));
        let (q_rows, g_rows) = (parts.take(wide * widest), parts.take(wide_values * widest));
        let (scores, d) = (parts.take(KEYS * widest), parts.take(KEYS * widest));
        let (log, delta) = (parts.take(widest), parts.take(widest));
        let (q, k, v, mask, y, gy, logs, gq, gk, gv) = (&q, &k, &v, &mask, &y, &gy, &logs, &gq, &gk, &gv);
        for unit in range {
            let at = (unit / s.heads, unit % s.heads);
            let (k, v) = (k.of(at.0, at.1), v.of(at.0, at.1));
            let (gk, gv) = (gk.of_mut(at.0, at.1), gv.of_mut(at.0, at.1));
            let mask = mask.as_ref().map(|m| m.of(at.0, at.1));
            // SAFETY: parts of the scratch memory, as large as the widest block needs them, and parts of the operands; the
            // head's gradients are this thread's own.
            unsafe {
                for i in 0..s.keys {
                    std::slice::from_raw_parts_mut(gk.at_mut(i, 0), s.width).fill(T::default());
                    std::slice::from_raw_parts_mut(gv.at_mut(i, 0), s.values).fill(T::default());
                }
                let passes = (0..s.keys).step_by(KEYS_PASS).flat_map(|pass| (0..blocks).map(move |i| (pass, i)));
                for (pass, i) in passes {
                    let b = s.block(panel, i);
                    let (n, w) = (b.queries.len(), b.width);
                    let seen = s.seen(&b).min(pass + KEYS_PASS);
                    if n == 0 || pass >= seen {
                        continue;
                    }
                    let start = b.queries.start;
                    let (q, g) = (q.of(at.0, at.1).from(start, 0), gy.of(at.0, at.1).from(start, 0));
                    let gq = gq.of_mut(at.0, at.1).from(start, 0);
                    lay_panel(s.width, n, q.t(), qt, w);
                    lay_panel(s.values, n, g.t(), gt, w);
                    lay_panel(s.values, n, y.of(at.0, at.1).from(start, 0).t(), yt, w);
                    dot_columns(s.values, w, gt, yt, delta);
                    lay_panel(n, s.width, q, q_rows, wide);
                    lay_panel(n, s.values, g, g_rows, wide_values);
                    let logs = logs.of(at.0, at.1);
                    for j in 0..w {
                        let x = if j < n { *logs.at(start + j, 0) } else { T::default() };
                        // No key is seen: all scores are minus infinity, and their weights zero.
                        *log.add(j) = if x == T::LEAST { T::default() } else { x };
                    }
                    if pass == 0 {
                        std::slice::from_raw_parts_mut(gqt, s.width * w).fill(T::default());
                    } else {
                        let before = Mat { ptr: gq.ptr.cast_const(), rs: gq.rs, cs: gq.cs };
                        lay_panel(s.width, n, before.t(), gqt, w);
                    }
                    let block = |ptr: *mut T| Mat { ptr, rs: w as isize, cs: 1 };
                    let read = |ptr: *mut T| Mat { ptr: ptr.cast_const(), rs: w as isize, cs: 1 };
                    let scale = T::narrow(s.scale);
                    for k0 in (pass..seen).step_by(KEYS) {
                        let keys = k0..seen.min(k0 + KEYS);
                        let h = keys.len();
                        let of = |k: usize, a: Mat<*const T>, b: *mut T| In::new(k, a, b.cast_const(), w as isize);
                        let input = of(s.width, k.from(k0, 0), qt);
                        let beta = lay_mask(mask, keys.clone(), b.queries.clone(), w, scores);
                        panel.multiply(h, &input, w, [scale, beta], block(scores), w);
                        weigh(h, w, scores, log, hidden(s, &b, &keys));
                        let input = of(s.values, v.from(k0, 0), gt);
                        panel.multiply(h, &input, w, [T::ONE, T::default()], block(d), w);
                        unweigh(h, w, scores, d, delta, scale);
                        panel.multiply(s.width, &of(h, k.from(k0, 0).t(), d), w, [T::ONE; 2], block(gqt), w);
                        panel.add_wide(h, n, read(scores), (g_rows, wide_values), gv.from(k0, 0), s.values);
                        panel.add_wide(h, n, read(d), (q_rows, wide), gk.from(k0, 0), s.width);
                    }
                    let turned = Mat { ptr: gqt.cast_const(), rs: 1, cs: w as isize };
                    lay_rows(n, s.width, turned, gq.ptr, gq.rs as usize);
                }
            }
        }
    };
    parallel_for_long(s.batch * s.heads, (TASK / each.max(1)).max(1), &run);
}
