//! The folds that reductions are made of: sums, products, extremes, norms, truth.
//!
//! A fold runs in many lanes of the element's own type over at most `CHUNK` elements, and then joins the lanes' result to a
//! wider accumulator (float32 sums to float64), so that the rounding error does not grow with the number of elements
//! and the loops are vectorised. Which lane an element goes to depends on its place only.
use super::reduce::Reducer;
use crate::dtype::{C64, Class, Element};
use crate::gpu::reduce::Kind;

/// One kind of reduction.
pub trait Fold: 'static {
    type In: Copy;
    /// Accumulates at most `CHUNK` elements.
    type Lane: Copy;
    /// Accumulates everything.
    type Acc: Copy;
    type Out: Element;
    /// What a device calls it.
    const KIND: Kind;
    /// What elements are loaded as.
    const CLASS: Class;
    const LANE: Self::Lane;
    const START: Self::Acc;
    fn step(lane: Self::Lane, x: Self::In) -> Self::Lane;
    fn merge(a: Self::Lane, b: Self::Lane) -> Self::Lane;
    fn join(acc: Self::Acc, lane: Self::Lane) -> Self::Acc;
    /// Joins what came from later elements.
    fn meet(acc: Self::Acc, later: Self::Acc) -> Self::Acc;
    fn finish(acc: Self::Acc, divisor: f64) -> Self::Out;
}

const CHUNK: usize = 4096;
const LANES: usize = 64;
const FEW: usize = 8;
/// Rows folded in lanes before they are joined, in columns.
const RUN: usize = 64;

#[inline(always)]
unsafe fn lanes<F: Fold, const W: usize>(n: usize, x: *const F::In) -> F::Lane {
    let mut lanes = [F::LANE; W];
    let mut i = 0;
    // SAFETY: n elements may be read.
    unsafe {
        while i + W <= n {
            for (l, lane) in lanes.iter_mut().enumerate() {
                *lane = F::step(*lane, x.add(i + l).read_unaligned());
            }
            i += W;
        }
        for (l, lane) in lanes.iter_mut().enumerate().take(n - i) {
            *lane = F::step(*lane, x.add(i + l).read_unaligned());
        }
    }
    let mut w = W;
    while w > 1 {
        w /= 2;
        for l in 0..w {
            lanes[l] = F::merge(lanes[l], lanes[l + w]);
        }
    }
    lanes[0]
}

#[inline(always)]
unsafe fn fold_rows<F: Fold>(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    let (x, acc) = (x.cast::<F::In>(), acc.cast::<F::Acc>());
    for k in 0..count {
        // SAFETY: as the driver hands out; see `Reducer::rows`.
        unsafe {
            let row = x.add(k * stride);
            let mut total = acc.add(k).read();
            if n < FEW {
                let mut lane = F::LANE;
                for i in 0..n {
                    lane = F::step(lane, row.add(i).read_unaligned());
                }
                total = F::join(total, lane);
            } else if n < 2 * LANES {
                total = F::join(total, lanes::<F, FEW>(n, row));
            } else {
                let mut i = 0;
                while i < n {
                    let m = (n - i).min(CHUNK);
                    total = F::join(total, lanes::<F, LANES>(m, row.add(i)));
                    i += m;
                }
            }
            acc.add(k).write(total);
        }
    }
}

#[inline(always)]
unsafe fn tile<F: Fold, const W: usize>(rows: usize, x: *const F::In, stride: usize, acc: *mut F::Acc) {
    let mut i = 0;
    while i < rows {
        let m = (rows - i).min(RUN);
        let mut lanes = [F::LANE; W];
        for r in i..i + m {
            for (l, lane) in lanes.iter_mut().enumerate() {
                // SAFETY: as the driver hands out; see `Reducer::columns`.
                *lane = F::step(*lane, unsafe { x.add(r * stride + l).read_unaligned() });
            }
        }
        for (l, &lane) in lanes.iter().enumerate() {
            // SAFETY: as above.
            unsafe { acc.add(l).write(F::join(acc.add(l).read(), lane)) };
        }
        i += m;
    }
}

#[inline(always)]
unsafe fn fold_columns<F: Fold>(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    let (x, acc) = (x.cast::<F::In>(), acc.cast::<F::Acc>());
    let mut j = 0;
    // SAFETY: as the driver hands out; see `Reducer::columns`.
    unsafe {
        while j + LANES <= n {
            tile::<F, LANES>(rows, x.add(j), stride, acc.add(j));
            j += LANES;
        }
        while j + FEW <= n {
            tile::<F, FEW>(rows, x.add(j), stride, acc.add(j));
            j += FEW;
        }
        while j < n {
            tile::<F, 1>(rows, x.add(j), stride, acc.add(j));
            j += 1;
        }
    }
}

crate::simd_kernel! {
    unsafe fn simd_rows<L, F: Fold>(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
        // SAFETY: passed on.
        unsafe { fold_rows::<F>(count, n, x, stride, acc) }
    }
    unsafe fn simd_columns<L, F: Fold>(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
        // SAFETY: passed on.
        unsafe { fold_columns::<F>(rows, n, x, stride, acc) }
    }
}
unsafe fn plain_rows<F: Fold>(count: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    // SAFETY: passed on.
    unsafe { fold_rows::<F>(count, n, x, stride, acc) }
}
unsafe fn plain_columns<F: Fold>(rows: usize, n: usize, x: *const u8, stride: usize, acc: *mut u8) {
    // SAFETY: passed on.
    unsafe { fold_columns::<F>(rows, n, x, stride, acc) }
}
unsafe fn start<F: Fold>(n: usize, acc: *mut u8) {
    for i in 0..n {
        // SAFETY: n accumulators may be written.
        unsafe { acc.cast::<F::Acc>().add(i).write(F::START) };
    }
}
unsafe fn join<F: Fold>(n: usize, acc: *mut u8, later: *const u8) {
    let (acc, later) = (acc.cast::<F::Acc>(), later.cast::<F::Acc>());
    for i in 0..n {
        // SAFETY: n accumulators on both sides.
        unsafe { acc.add(i).write(F::meet(acc.add(i).read(), later.add(i).read())) };
    }
}
unsafe fn finish<F: Fold>(n: usize, acc: *const u8, divisor: f64, out: *mut u8) {
    for i in 0..n {
        // SAFETY: n accumulators, and room for n results.
        unsafe {
            let y = F::finish(acc.cast::<F::Acc>().add(i).read(), divisor);
            out.cast::<F::Out>().add(i).write_unaligned(y);
        }
    }
}

impl Reducer {
    /// One copy of the loops.
    pub const fn plain<F: Fold>() -> Self {
        Self {
            kind: Some(F::KIND),
            class: F::CLASS,
            out: super::pointwise::class_of::<F::Out>(),
            size: size_of::<F::Acc>(),
            start: start::<F>,
            rows: plain_rows::<F>,
            columns: plain_columns::<F>,
            join: join::<F>,
            finish: finish::<F>,
        }
    }
    /// A copy of the loops for each instruction set.
    pub const fn simd<F: Fold>() -> Self {
        Self { rows: simd_rows::<F>, columns: simd_columns::<F>, ..Self::plain::<F>() }
    }
}

/// Folds: `Name Kind: class In, Lane = lane, Acc = start, Out { step(l, x), merge(a, b), join(a, l), meet(a, b), finish(a, scale) }`.
macro_rules! folds {
    ($($name:ident $kind:ident: $class:ident $in:ty, $lane:ty = $l0:expr, $acc:ty = $a0:expr, $out:ty {
        |$l:ident, $x:ident| $step:expr, |$a:ident, $b:ident| $merge:expr, |$ja:ident, $jl:ident| $join:expr,
        |$ma:ident, $mb:ident| $meet:expr, |$fa:ident, $scale:ident| $finish:expr $(,)?
    })*) => { $(
        pub struct $name;
        impl Fold for $name {
            type In = $in;
            type Lane = $lane;
            type Acc = $acc;
            type Out = $out;
            const KIND: Kind = Kind::$kind;
            const CLASS: Class = Class::$class;
            const LANE: $lane = $l0;
            const START: $acc = $a0;
            #[inline(always)]
            fn step($l: $lane, $x: $in) -> $lane { $step }
            #[inline(always)]
            fn merge($a: $lane, $b: $lane) -> $lane { $merge }
            #[inline(always)]
            fn join($ja: $acc, $jl: $lane) -> $acc { $join }
            #[inline(always)]
            fn meet($ma: $acc, $mb: $acc) -> $acc { $meet }
            #[inline(always)]
            fn finish($fa: $acc, $scale: f64) -> $out { $finish }
        }
    )* };
}

const ZERO: C64 = C64::new(0.0, 0.0);

/// The larger, nan if either is; written so that a loop of it is vectorised.
macro_rules! larger {
    ($a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        #[allow(clippy::eq_op)]
        if b > a || b != b { b } else { a }
    }};
}
macro_rules! smaller {
    ($a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        #[allow(clippy::eq_op)]
        if b < a || b != b { b } else { a }
    }};
}
/// `x`, or 0 where it is nan.
macro_rules! not_nan {
    ($x:expr) => {{
        let x = $x;
        if x.is_nan() { 0.0 } else { x }
    }};
}

folds! {
    SumI64 Sum: I64 i64, i64 = 0, i64 = 0, i64 {
        |l, x| l.wrapping_add(x), |a, b| a.wrapping_add(b), |a, l| a.wrapping_add(l), |a, b| a.wrapping_add(b), |a, _s| a
    }
    SumF32 Sum: F32 f32, f32 = 0.0, f64 = 0.0, f32 {
        |l, x| l + x, |a, b| a + b, |a, l| a + l as f64, |a, b| a + b, |a, s| (a / s) as f32
    }
    SumF64 Sum: F64 f64, f64 = 0.0, f64 = 0.0, f64 {
        |l, x| l + x, |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, s| a / s
    }
    SumC64 Sum: C128 C64, C64 = ZERO, C64 = ZERO, C64 {
        |l, x| l + x, |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, s| a / s
    }
    NansumF32 Nansum: F32 f32, f32 = 0.0, f64 = 0.0, f32 {
        |l, x| l + not_nan!(x), |a, b| a + b, |a, l| a + l as f64, |a, b| a + b, |a, s| (a / s) as f32
    }
    NansumF64 Nansum: F64 f64, f64 = 0.0, f64 = 0.0, f64 {
        |l, x| l + not_nan!(x), |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, s| a / s
    }
    ProdI64 Prod: I64 i64, i64 = 1, i64 = 1, i64 {
        |l, x| l.wrapping_mul(x), |a, b| a.wrapping_mul(b), |a, l| a.wrapping_mul(l), |a, b| a.wrapping_mul(b), |a, _s| a
    }
    ProdF32 Prod: F32 f32, f32 = 1.0, f32 = 1.0, f32 {
        |l, x| l * x, |a, b| a * b, |a, l| a * l, |a, b| a * b, |a, _s| a
    }
    ProdF64 Prod: F64 f64, f64 = 1.0, f64 = 1.0, f64 {
        |l, x| l * x, |a, b| a * b, |a, l| a * l, |a, b| a * b, |a, _s| a
    }
    ProdC64 Prod: C128 C64, C64 = C64::new(1.0, 0.0), C64 = C64::new(1.0, 0.0), C64 {
        |l, x| l * x, |a, b| a * b, |a, l| a * l, |a, b| a * b, |a, _s| a
    }
    MaxI64 Max: I64 i64, i64 = i64::MIN, i64 = i64::MIN, i64 {
        |l, x| if x > l { x } else { l }, |a, b| a.max(b), |a, l| a.max(l), |a, b| a.max(b), |a, _s| a
    }
    MaxF32 Max: F32 f32, f32 = f32::NEG_INFINITY, f32 = f32::NEG_INFINITY, f32 {
        |l, x| larger!(l, x), |a, b| larger!(a, b), |a, l| larger!(a, l), |a, b| larger!(a, b), |a, _s| a
    }
    MaxF64 Max: F64 f64, f64 = f64::NEG_INFINITY, f64 = f64::NEG_INFINITY, f64 {
        |l, x| larger!(l, x), |a, b| larger!(a, b), |a, l| larger!(a, l), |a, b| larger!(a, b), |a, _s| a
    }
    MinI64 Min: I64 i64, i64 = i64::MAX, i64 = i64::MAX, i64 {
        |l, x| if x < l { x } else { l }, |a, b| a.min(b), |a, l| a.min(l), |a, b| a.min(b), |a, _s| a
    }
    MinF32 Min: F32 f32, f32 = f32::INFINITY, f32 = f32::INFINITY, f32 {
        |l, x| smaller!(l, x), |a, b| smaller!(a, b), |a, l| smaller!(a, l), |a, b| smaller!(a, b), |a, _s| a
    }
    MinF64 Min: F64 f64, f64 = f64::INFINITY, f64 = f64::INFINITY, f64 {
        |l, x| smaller!(l, x), |a, b| smaller!(a, b), |a, l| smaller!(a, l), |a, b| smaller!(a, b), |a, _s| a
    }
    // Bytes, for the memory of a bool may come from elsewhere; 4096 of them fit a lane's count.
    Any Any: Bool u8, u8 = 0, u8 = 0, bool {
        |l, x| l | x, |a, b| a | b, |a, l| a | l, |a, b| a | b, |a, _s| a != 0
    }
    All All: Bool u8, u8 = 1, u8 = 1, bool {
        |l, x| l & (x != 0) as u8, |a, b| a & b, |a, l| a & l, |a, b| a & b, |a, _s| a != 0
    }
    Count Count: Bool u8, u16 = 0, i64 = 0, i64 {
        |l, x| l + (x != 0) as u16, |a, b| a + b, |a, l| a + l as i64, |a, b| a + b, |a, _s| a
    }
    CountF64 Count: Bool u8, u16 = 0, i64 = 0, f64 {
        |l, x| l + (x != 0) as u16, |a, b| a + b, |a, l| a + l as i64, |a, b| a + b, |a, _s| a as f64
    }
    Norm1F32 Norm1: F32 f32, f32 = 0.0, f64 = 0.0, f32 {
        |l, x| l + x.abs(), |a, b| a + b, |a, l| a + l as f64, |a, b| a + b, |a, _s| a as f32
    }
    Norm1F64 Norm1: F64 f64, f64 = 0.0, f64 = 0.0, f64 {
        |l, x| l + x.abs(), |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, _s| a
    }
    Norm2F32 Norm2: F32 f32, f32 = 0.0, f64 = 0.0, f32 {
        |l, x| l + x * x, |a, b| a + b, |a, l| a + l as f64, |a, b| a + b, |a, _s| a.sqrt() as f32
    }
    Norm2F64 Norm2: F64 f64, f64 = 0.0, f64 = 0.0, f64 {
        |l, x| l + x * x, |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, _s| a.sqrt()
    }
    Norm2C64 Norm2: C128 C64, f64 = 0.0, f64 = 0.0, f64 {
        |l, x| l + x.norm_sqr(), |a, b| a + b, |a, l| a + l, |a, b| a + b, |a, _s| a.sqrt()
    }
}
