//! The register tiles of the matrix product: a few rows times a few vectors of columns, per type and instruction set.
//!
//! Intrinsics, because the compiler does not keep a tile written with arrays in registers. With AVX-512 a tile is 8 rows
//! of 3 vectors: 24 of the 32 registers hold sums, and each multiply-add needs less than half a load.

use super::Mat;
use crate::cpu::simd;
use std::ops::{Add, Mul};

/// f32 or f64.
pub trait Real: Copy + PartialEq + Add<Output = Self> + Mul<Output = Self> + Default + Send + Sync + 'static {
    const ONE: Self;
    /// The kernels for this machine.
    fn kernels() -> &'static Kernels<Self>;
}

/// Where a tile goes, and how: C = alpha tile + beta E. E is C or memory apart; with beta 0 it is not read.
pub struct Out<T> {
    pub c: Mat<*mut T>,
    pub e: Mat<*const T>,
    pub rows: usize,
    pub cols: usize,
    pub alpha: T,
    pub beta: T,
}

/// What a tile reads: rows of A, and a panel of B whose columns lie side by side.
pub struct In<T> {
    /// What is summed: so many lines of `k` elements.
    pub k: usize,
    pub lines: usize,
    pub a: Mat<*const T>,
    /// How much further than an element the first of a line of A is from the last of the line before.
    pub jump: isize,
    /// Where rows of A begin; null if they are `a.rs` apart.
    pub a_rows: *const usize,
    pub b: *const T,
    /// From one row of B to the next.
    pub bs: isize,
    /// Where rows of B begin; null if they are `bs` apart. Only for one line.
    pub b_rows: *const usize,
}

impl<T> In<T> {
    /// Matrices as they usually lie.
    pub fn new(k: usize, a: Mat<*const T>, b: *const T, bs: isize) -> Self {
        let null = std::ptr::null();
        In { k, lines: 1, a, jump: 0, a_rows: null, b, bs, b_rows: null }
    }
}

/// Multiplies `out.rows` rows of A by a panel of B and updates C.
pub type Tile<T> = unsafe fn(input: &In<T>, out: &Out<T>);
/// The products of up to [`DOTS`] rows of A, their elements side by side, with the vector x of k elements.
pub type Dots<T> = unsafe fn(k: usize, a: Mat<*const T>, rows: usize, x: *const T, to: &mut [T; DOTS]);
/// Transposes a square of [`SQUARE`] rows and columns; rows of `from` and `to` are that far apart.
pub type Square<T> = unsafe fn(from: *const T, from_step: isize, to: *mut T, to_step: isize);

/// Updates C from a tile in memory, of [`SQUARE`] rows that are `step` apart.
type Scatter<T> = unsafe fn(tile: *const T, step: usize, out: &Out<T>);

pub const EIGHT: usize = 8;
pub const DOTS: usize = 4;
pub const SQUARE: usize = 8;
/// How many rows of a panel are asked for before they are needed.
const AHEAD: isize = 12;
/// The most elements in a vector.
const LANES: usize = 16;

/// The kernels of one type at one instruction set.
pub struct Kernels<T> {
    /// Elements in a vector.
    pub lanes: usize,
    /// The most vectors in a row of a tile.
    pub vectors: usize,
    /// Rows of a tile: many, few, one.
    pub rows: [usize; 3],
    /// By rows, then by the number of vectors less one.
    pub tiles: [[Tile<T>; 3]; 3],
    /// A tile of 4 rows and [`EIGHT`] columns.
    pub eight: Tile<T>,
    pub dots: Dots<T>,
    pub square: Square<T>,
}

impl<T> Kernels<T> {
    /// The tile for so many rows.
    pub fn tile(&self, rows: usize, vectors: usize) -> Tile<T> {
        let fits = self.rows.iter().rposition(|&r| rows <= r).unwrap_or(0);
        self.tiles[fits][vectors - 1]
    }
}

/// A vector register.
trait Lanes: Copy {
    type E: Real;
    const N: usize;
    unsafe fn splat(x: Self::E) -> Self;
    unsafe fn load(p: *const Self::E) -> Self;
    unsafe fn store(self, p: *mut Self::E);
    unsafe fn mul(self, b: Self) -> Self;
    unsafe fn add(self, b: Self) -> Self;
    unsafe fn fma(self, b: Self, c: Self) -> Self;
}

/// Bytes in a cache line.
const LINE: usize = 64;
/// How many cache lines so many elements fill.
const fn lines(elements: usize, size: usize) -> usize {
    (elements * size).div_ceil(LINE)
}

/// Asks for the cache line of an address, which may be any.
#[inline(always)]
fn prefetch(p: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, on every x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

#[inline(always)]
unsafe fn tile<V: Lanes, const MR: usize, const NV: usize>(input: &In<V::E>, out: &Out<V::E>, scatter: Scatter<V::E>) {
    // SAFETY: the caller gives `out.rows` rows of A and the rows of B; rows past the last repeat it and are not stored.
    unsafe {
        let a = input.a;
        let row: [*const V::E; MR] = std::array::from_fn(|i| {
            let i = i.min(out.rows - 1);
            if input.a_rows.is_null() { a.ptr.offset(i as isize * a.rs) } else { a.ptr.add(*input.a_rows.add(i)) }
        });
        // C is far when the sums are done, unless it is asked for now.
        if out.c.cs == 1 {
            for i in 0..MR.min(out.rows) {
                let c = out.c.ptr.wrapping_offset(i as isize * out.c.rs).cast::<u8>();
                (0..lines(NV * V::N, size_of::<V::E>())).for_each(|j| prefetch(c.wrapping_add(LINE * j)));
            }
        }
        let mut acc = [[V::splat(V::E::default()); NV]; MR];
        let mut at = 0;
        macro_rules! step {
            ($b:expr, |$i:ident| $x:expr) => {
                let b: *const V::E = $b;
                let y: [V; NV] = std::array::from_fn(|j| V::load(b.add(j * V::N)));
                for $i in 0..MR {
                    let x = V::splat(*$x);
                    for j in 0..NV {
                        acc[$i][j] = V::fma(x, y[j], acc[$i][j]);
                    }
                }
            };
        }
        if input.b_rows.is_null() {
            let mut b = input.b;
            macro_rules! next {
                (|$i:ident| $x:expr) => {
                    // The panel streams from the second-level cache.
                    let ahead = b.wrapping_offset(AHEAD * input.bs).cast::<u8>();
                    (0..lines(NV * V::N, size_of::<V::E>())).for_each(|j| prefetch(ahead.wrapping_add(LINE * j)));
                    step!(b, |$i| $x);
                    b = b.wrapping_offset(input.bs);
                };
            }
            // Every addition of addresses takes the place of a multiplication, so the usual layouts have few of them.
            let beside = MR > 1 && a.rs == 1 && out.rows == MR && input.a_rows.is_null();
            for _ in 0..input.lines {
                let mut left = input.k;
                if beside {
                    let mut column = a.ptr.wrapping_offset(at);
                    for _ in 0..left {
                        next!(|i| column.wrapping_add(i));
                        column = column.wrapping_offset(a.cs);
                    }
                    at = at.wrapping_add(a.cs * left as isize);
                    left = 0;
                } else if a.cs == 1 {
                    while left >= 4 {
                        for l in 0..4 {
                            next!(|i| row[i].wrapping_offset(at).wrapping_add(l));
                        }
                        at = at.wrapping_add(4);
                        left -= 4;
                    }
                }
                for _ in 0..left {
                    next!(|i| row[i].wrapping_offset(at));
                    at = at.wrapping_add(a.cs);
                }
                at = at.wrapping_add(input.jump);
            }
        } else {
            for l in 0..input.k {
                step!(input.b.add(*input.b_rows.add(l)), |i| row[i].wrapping_offset(at));
                at = at.wrapping_add(a.cs);
            }
        }
        let none = out.beta == V::E::default();
        if out.c.cs == 1 && out.cols == NV * V::N && (none || out.e.cs == 1) {
            let (alpha, beta) = (V::splat(out.alpha), V::splat(out.beta));
            for (i, sums) in acc.iter().enumerate() {
                if i < out.rows {
                    for (j, &sum) in sums.iter().enumerate() {
                        let c = out.c.ptr.wrapping_offset(i as isize * out.c.rs).wrapping_add(j * V::N);
                        let r = if out.alpha == V::E::ONE { sum } else { V::mul(alpha, sum) };
                        let e = out.e.ptr.wrapping_offset(i as isize * out.e.rs).wrapping_add(j * V::N);
                        let r = if none { r } else { V::fma(beta, V::load(e), r) };
                        r.store(c);
                    }
                }
            }
        } else {
            let mut buffer = [[[V::E::default(); LANES]; NV]; SQUARE];
            for (i, sums) in acc.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    sum.store(buffer[i].as_mut_ptr().cast::<V::E>().add(j * V::N));
                }
            }
            scatter(buffer.as_ptr().cast(), NV * LANES, out);
        }
    }
}

/// See [`Scatter`]; where the columns of C lie side by side, by squares.
#[inline(always)]
unsafe fn scatter<T: Real>(tile: *const T, step: usize, out: &Out<T>, square: Square<T>) {
    let mut j = 0;
    // SAFETY: the tile has SQUARE rows of at least `out.cols` elements, and C has `out.rows` by `out.cols`.
    unsafe {
        let none = out.beta == T::default();
        if out.c.rs == 1 && out.rows > 1 && (none || out.e.rs == 1) {
            let mut turned = [[T::default(); SQUARE]; SQUARE];
            while j + SQUARE <= out.cols {
                square(tile.add(j), step as isize, turned.as_mut_ptr().cast::<T>(), SQUARE as isize);
                for (l, column) in turned.iter().enumerate() {
                    let (c, e) = (out.c.at_mut(0, j + l), out.e.at(0, j + l));
                    if out.rows == SQUARE {
                        let mut r = column.map(|x| out.alpha * x);
                        if !none {
                            let old = e.cast::<[T; SQUARE]>().read_unaligned();
                            r = std::array::from_fn(|i| out.beta * old[i] + r[i]);
                        }
                        c.cast::<[T; SQUARE]>().write_unaligned(r);
                    } else {
                        for (i, &x) in column[..out.rows].iter().enumerate() {
                            let r = out.alpha * x;
                            *c.add(i) = if none { r } else { out.beta * *e.add(i) + r };
                        }
                    }
                }
                j += SQUARE;
            }
        }
        for j in j..out.cols {
            for i in 0..out.rows {
                let r = out.alpha * *tile.add(i * step + j);
                *out.c.at_mut(i, j) = if none { r } else { out.beta * *out.e.at(i, j) + r };
            }
        }
    }
}

#[inline(always)]
unsafe fn dots<V: Lanes>(k: usize, a: Mat<*const V::E>, rows: usize, x: *const V::E, to: &mut [V::E; DOTS]) {
    // SAFETY: the caller gives `rows` rows of k elements and k elements of x.
    unsafe {
        let row: [*const V::E; DOTS] = std::array::from_fn(|i| a.ptr.offset(i.min(rows - 1) as isize * a.rs));
        let mut acc = [[V::splat(V::E::default()); 2]; DOTS];
        let mut at = 0;
        while at + 2 * V::N <= k {
            let y = [V::load(x.add(at)), V::load(x.add(at + V::N))];
            for i in 0..DOTS {
                for l in 0..2 {
                    acc[i][l] = V::fma(V::load(row[i].add(at + l * V::N)), y[l], acc[i][l]);
                }
            }
            at += 2 * V::N;
        }
        for i in 0..DOTS {
            let mut lane = [V::E::default(); LANES];
            acc[i][0].add(acc[i][1]).store(lane.as_mut_ptr());
            let mut width = LANES / 2;
            while width > 0 {
                for l in 0..width {
                    lane[l] = lane[l] + lane[l + width];
                }
                width /= 2;
            }
            to[i] = lane[0];
        }
        for at in at..k {
            for i in 0..DOTS {
                to[i] = to[i] + *row[i].add(at) * *x.add(at);
            }
        }
    }
}

#[inline(always)]
unsafe fn square<T: Copy>(from: *const T, from_step: isize, to: *mut T, to_step: isize) {
    for i in 0..SQUARE as isize {
        for j in 0..SQUARE as isize {
            // SAFETY: the caller gives squares of these steps.
            unsafe { *to.offset(j * to_step + i) = *from.offset(i * from_step + j) }
        }
    }
}

macro_rules! kernels {
    ($name:ident, $t:ty, $v:ty, $eighth:ty, $vectors:literal, $big:literal, $small:literal, $square:ident $(, $feature:literal)?) => {
        pub mod $name {
            use super::*;
            $(#[target_feature(enable = $feature)])?
            unsafe fn run<const MR: usize, const NV: usize>(input: &In<$t>, out: &Out<$t>) {
                // SAFETY: passed on.
                unsafe { tile::<$v, MR, NV>(input, out, spread) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn eight(input: &In<$t>, out: &Out<$t>) {
                // SAFETY: passed on.
                unsafe { tile::<$eighth, 4, { EIGHT / <$eighth as Lanes>::N }>(input, out, spread) }
            }
            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn spread(tile: *const $t, step: usize, out: &Out<$t>) {
                // SAFETY: passed on.
                unsafe { scatter(tile, step, out, turn) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn dot(k: usize, a: Mat<*const $t>, rows: usize, x: *const $t, to: &mut [$t; DOTS]) {
                // SAFETY: passed on.
                unsafe { dots::<$v>(k, a, rows, x, to) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn turn(from: *const $t, from_step: isize, to: *mut $t, to_step: isize) {
                // SAFETY: passed on.
                unsafe { $square(from, from_step, to, to_step) }
            }
            pub static KERNELS: Kernels<$t> = Kernels {
                lanes: <$v as Lanes>::N,
                vectors: $vectors,
                rows: [$big, $small, 1],
                tiles: [
                    [run::<$big, 1>, run::<$big, 2>, run::<$big, $vectors>],
                    [run::<$small, 1>, run::<$small, 2>, run::<$small, $vectors>],
                    [run::<1, 1>, run::<1, 2>, run::<1, $vectors>],
                ],
                eight,
                dots: dot,
                square: turn,
            };
        }
    };
}

#[cfg(not(target_arch = "aarch64"))]
mod plain {
    use super::*;
    use crate::cpu::simd::{Base, Level};

    /// A vector that is left to the compiler.
    #[derive(Clone, Copy)]
    pub struct Plain4<T>([T; 4]);

    macro_rules! plain {
        ($t:ty, $fma:ident) => {
            impl Lanes for Plain4<$t> {
                type E = $t;
                const N: usize = 4;
                #[inline(always)]
                unsafe fn splat(x: $t) -> Self {
                    Plain4([x; 4])
                }
                #[inline(always)]
                unsafe fn load(p: *const $t) -> Self {
                    // SAFETY: the caller gives four elements.
                    unsafe { p.cast::<Self>().read_unaligned() }
                }
                #[inline(always)]
                unsafe fn store(self, p: *mut $t) {
                    // SAFETY: the caller gives four elements.
                    unsafe { p.cast::<Self>().write_unaligned(self) }
                }
                #[inline(always)]
                unsafe fn mul(self, b: Self) -> Self {
                    Plain4(std::array::from_fn(|i| self.0[i] * b.0[i]))
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    Plain4(std::array::from_fn(|i| self.0[i] + b.0[i]))
                }
                #[inline(always)]
                unsafe fn fma(self, b: Self, c: Self) -> Self {
                    Plain4(std::array::from_fn(|i| Base::$fma(self.0[i], b.0[i], c.0[i])))
                }
            }
        };
    }
    plain!(f32, fma32);
    plain!(f64, fma64);
    kernels!(base_f32, f32, Plain4<f32>, Plain4<f32>, 2, 4, 2, square);
    kernels!(base_f64, f64, Plain4<f64>, Plain4<f64>, 2, 4, 2, square);
}
#[cfg(not(target_arch = "aarch64"))]
use plain::{base_f32, base_f64};

/// Vectors by intrinsics.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! lanes {
    ($v:ty, $t:ty, $n:literal, $splat:ident $load:ident $store:ident $mul:ident $add:ident
        |$x:ident, $y:ident, $z:ident| $fma:expr) => {
        impl Lanes for $v {
            type E = $t;
            const N: usize = $n;
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: only called at this instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: as above, and the caller gives as many elements.
                unsafe { $load(p) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: as above, and the caller gives as many elements.
                unsafe { $store(p, self) }
            }
            #[inline(always)]
            unsafe fn mul(self, b: Self) -> Self {
                // SAFETY: as above.
                unsafe { $mul(self, b) }
            }
            #[inline(always)]
            unsafe fn add(self, b: Self) -> Self {
                // SAFETY: as above.
                unsafe { $add(self, b) }
            }
            #[inline(always)]
            unsafe fn fma(self, $y: Self, $z: Self) -> Self {
                let $x = self;
                // SAFETY: as above.
                unsafe { $fma }
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::*;
    use std::arch::aarch64::*;

    lanes!(float32x4_t, f32, 4, vdupq_n_f32 vld1q_f32 vst1q_f32 vmulq_f32 vaddq_f32 |x, y, z| vfmaq_f32(z, x, y));
    lanes!(float64x2_t, f64, 2, vdupq_n_f64 vld1q_f64 vst1q_f64 vmulq_f64 vaddq_f64 |x, y, z| vfmaq_f64(z, x, y));
    kernels!(base_f32, f32, float32x4_t, float32x4_t, 3, 8, 4, square);
    kernels!(base_f64, f64, float64x2_t, float64x2_t, 3, 8, 4, square);
}
#[cfg(target_arch = "aarch64")]
use neon::{base_f32, base_f64};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::*;

    lanes!(__m256, f32, 8, _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_mul_ps _mm256_add_ps |x, y, z| _mm256_fmadd_ps(x, y, z));
    lanes!(__m256d, f64, 4, _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_mul_pd _mm256_add_pd |x, y, z| _mm256_fmadd_pd(x, y, z));
    lanes!(__m512, f32, 16, _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_mul_ps _mm512_add_ps |x, y, z| _mm512_fmadd_ps(x, y, z));
    lanes!(__m512d, f64, 8, _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_mul_pd _mm512_add_pd |x, y, z| _mm512_fmadd_pd(x, y, z));

    /// By pairs, by fours, by halves. (No closures: they would not be compiled for this instruction set.)
    #[target_feature(enable = "avx")]
    unsafe fn square_f32(from: *const f32, from_step: isize, to: *mut f32, to_step: isize) {
        // SAFETY: the caller gives squares of these steps.
        unsafe {
            let mut four = [_mm256_setzero_ps(); 8];
            for i in [0, 4] {
                let row = from.offset(i * from_step);
                let r0 = _mm256_loadu_ps(row);
                let r1 = _mm256_loadu_ps(row.offset(from_step));
                let r2 = _mm256_loadu_ps(row.offset(2 * from_step));
                let r3 = _mm256_loadu_ps(row.offset(3 * from_step));
                let (a, b) = (_mm256_unpacklo_ps(r0, r1), _mm256_unpackhi_ps(r0, r1));
                let (c, d) = (_mm256_unpacklo_ps(r2, r3), _mm256_unpackhi_ps(r2, r3));
                four[i as usize] = _mm256_shuffle_ps::<0x44>(a, c);
                four[i as usize + 1] = _mm256_shuffle_ps::<0xee>(a, c);
                four[i as usize + 2] = _mm256_shuffle_ps::<0x44>(b, d);
                four[i as usize + 3] = _mm256_shuffle_ps::<0xee>(b, d);
            }
            for j in 0..4 {
                let to = to.offset(j as isize * to_step);
                _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(four[j], four[j + 4]));
                _mm256_storeu_ps(to.offset(4 * to_step), _mm256_permute2f128_ps::<0x31>(four[j], four[j + 4]));
            }
        }
    }

    /// Four squares of half the size, each by pairs and by halves.
    #[target_feature(enable = "avx")]
    unsafe fn square_f64(from: *const f64, from_step: isize, to: *mut f64, to_step: isize) {
        // SAFETY: the caller gives squares of these steps.
        unsafe {
            for (i, j) in [(0, 0), (0, 4), (4, 0), (4, 4)] {
                let (row, to) = (from.offset(i * from_step + j), to.offset(j * to_step + i));
                let a = _mm256_loadu_pd(row);
                let b = _mm256_loadu_pd(row.offset(from_step));
                let c = _mm256_loadu_pd(row.offset(2 * from_step));
                let d = _mm256_loadu_pd(row.offset(3 * from_step));
                let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
                let (ba, dc) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
                _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(ab, cd));
                _mm256_storeu_pd(to.offset(to_step), _mm256_permute2f128_pd::<0x20>(ba, dc));
                _mm256_storeu_pd(to.offset(2 * to_step), _mm256_permute2f128_pd::<0x31>(ab, cd));
                _mm256_storeu_pd(to.offset(3 * to_step), _mm256_permute2f128_pd::<0x31>(ba, dc));
            }
        }
    }
    kernels!(v3_f32, f32, __m256, __m256, 2, 6, 3, square_f32, "avx2,fma,bmi2,f16c");
    kernels!(v3_f64, f64, __m256d, __m256d, 2, 6, 3, square_f64, "avx2,fma,bmi2,f16c");
    kernels!(
        v4_f32,
        f32,
        __m512,
        __m256,
        3,
        8,
        4,
        square_f32,
        "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,fma,avx2,bmi2,f16c"
    );
    kernels!(
        v4_f64,
        f64,
        __m512d,
        __m512d,
        3,
        8,
        4,
        square_f64,
        "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,fma,avx2,bmi2,f16c"
    );
}

macro_rules! real {
    ($t:ty, $base:ident, $v3:ident, $v4:ident) => {
        impl Real for $t {
            const ONE: Self = 1.0;
            fn kernels() -> &'static Kernels<Self> {
                match simd::isa() {
                    #[cfg(target_arch = "x86_64")]
                    simd::Isa::V4 => &x86::$v4::KERNELS,
                    #[cfg(target_arch = "x86_64")]
                    simd::Isa::V3 => &x86::$v3::KERNELS,
                    _ => &$base::KERNELS,
                }
            }
        }
    };
}
real!(f32, base_f32, v3_f32, v4_f32);
real!(f64, base_f64, v3_f64, v4_f64);
