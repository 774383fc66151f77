//! Branch-free float32 functions that the compiler vectorises: exp, log, trigonometry, hyperbolics, erf, pow, activations.
//!
//! Each is scalar code over a [`Level`], to be called in a loop inside [`simd_kernel!`](crate::simd_kernel). The method is
//! the field's usual one: reduce the argument to a small interval, evaluate a minimax polynomial there, undo the
//! reduction. Conditions are selects, so both sides are evaluated. Rounding to an integer adds 1.5 * 2^23, which leaves
//! the integer in the low bits. The bound in each first line is the largest error measured against float64, in units in
//! the last place of the float32 result, over all instruction sets; nan, infinities, signed zeros and subnormals are
//! as in IEEE 754 and C. `sin`, `cos` and `tan` have no cheap reduction for very large arguments: see [`NEAR`].

use super::simd::Level;
use std::f32::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, LOG2_E, LOG10_E, PI};

/// 1.5 * 2^23: added to a float32 of at most 2^22, it rounds to the nearest integer.
const ROUND32: f32 = 12_582_912.0;
/// 1.5 * 2^52, the same for float64.
const ROUND64: f64 = 6_755_399_441_055_744.0;
/// The float32 nearest ln 2, in two parts; the first has nine bits, so that its product with an exponent is exact.
const LN_2_HI: f32 = 0.693_359_4;
const LN_2_LO: f32 = -2.121_944_4e-4;
/// What the float32 constants `FRAC_PI_2` and `PI` lack.
const FRAC_PI_2_LO: f32 = -4.371_139e-8;
const PI_LO: f32 = -8.742_278e-8;

/// Horner's rule, the highest coefficient first.
macro_rules! poly32 {
    ($x:expr; $top:expr $(, $c:expr)*) => {{ let p: f32 = $top; $(let p = L::fma32(p, $x, $c);)* p }};
}
macro_rules! poly64 {
    ($x:expr; $top:expr $(, $c:expr)*) => {{ let p: f64 = $top; $(let p = L::fma64(p, $x, $c);)* p }};
}

// ---------------------------------------------------------------- exponentials

/// `p * 2^i` for -280 < i < 260, in two steps so that subnormal results and overflow come out right.
#[inline(always)]
fn scale(p: f32, i: i32) -> f32 {
    let h = i >> 1;
    p * f32::from_bits(((h + 127) << 23) as u32) * f32::from_bits(((i - h + 127) << 23) as u32)
}

/// `x = n ln 2 + r`: returns (r, n as float, n).
#[inline(always)]
fn by_ln_2<L: Level>(x: f32) -> (f32, f32, i32) {
    let t = L::fma32(x, LOG2_E, ROUND32);
    let n = t - ROUND32;
    let r = L::fma32(n, -LN_2_LO, L::fma32(n, -LN_2_HI, x));
    (r, n, (t.to_bits() as i32).wrapping_sub(ROUND32.to_bits() as i32))
}

/// `e^r - 1` for |r| <= ln 2 / 2.
#[inline(always)]
fn expm1_near<L: Level>(r: f32) -> f32 {
    let p = poly32!(r; 1.974_348_7e-4, 1.393_593_3e-3, 8.333_568e-3, 4.166_645_6e-2, 0.166_666_66, 0.5);
    L::fma32(p, r * r, r)
}

/// `e^x * 2^shift`, without overflow in between.
#[inline(always)]
fn exp_scaled<L: Level>(x: f32, shift: i32) -> f32 {
    let (r, _, i) = by_ln_2::<L>(x.clamp(-104.0, 90.0));
    scale(expm1_near::<L>(r) + 1.0, i.wrapping_add(shift))
}

/// e^x; 1.0 ulp.
#[inline(always)]
pub fn exp<L: Level>(x: f32) -> f32 {
    // Twice e^r times 2^(n - 1), so that n = 128 is no special case; a small result is made 2^64 times as large first.
    const BIASED: f32 = ROUND32 + 126.0;
    let x = x.clamp(-104.0, 89.0);
    let tiny = x < -86.0;
    let t = L::fma32(x, LOG2_E, BIASED);
    let n = t - BIASED;
    let r = L::fma32(n, -LN_2_LO, L::fma32(n, -LN_2_HI, x));
    let exponent = t.to_bits().wrapping_add(if tiny { 64 } else { 0 });
    let y = L::fma32(expm1_near::<L>(r), 2.0, 2.0) * f32::from_bits(exponent << 23);
    if tiny { y * f32::from_bits((127 - 64) << 23) } else { y }
}

/// `e^x = q s + s` for -87 < x < 88: returns (q, s), where s is a power of two; the error grows with x to 2e-7.
#[inline(always)]
pub(super) fn exp_parts<L: Level>(x: f32) -> (f32, f32) {
    const BIASED: f32 = ROUND32 + 127.0;
    let t = L::fma32(x, LOG2_E, BIASED);
    let r = L::fma32(t - BIASED, -LN_2, x);
    (expm1_near::<L>(r), f32::from_bits(t.to_bits() << 23))
}

/// 2^x; 1.1 ulp.
#[inline(always)]
pub fn exp2<L: Level>(x: f32) -> f32 {
    let x = x.clamp(-151.0, 129.0);
    let t = x + ROUND32;
    let r = x - (t - ROUND32);
    let p = poly32!(r; 1.432_442_1e-5, 1.545_216_4e-4, 1.333_796_2e-3, 9.618_087e-3, 5.550_405e-2, 0.240_226_5, LN_2);
    scale(L::fma32(p, r, 1.0), (t.to_bits() as i32).wrapping_sub(ROUND32.to_bits() as i32))
}

/// e^x - 1; 1.5 ulp.
#[inline(always)]
pub fn expm1<L: Level>(x: f32) -> f32 {
    let (r, _, i) = by_ln_2::<L>(x.clamp(-30.0, 90.0));
    let q = expm1_near::<L>(r);
    // half of 2^n (q + 1) - 1, because 2^128 is not a float32
    let h = f32::from_bits((i.wrapping_add(126).min(254) << 23) as u32);
    let y = 2.0 * L::fma32(h, q, h - 0.5);
    let y = if x > 89.0 { f32::INFINITY } else { y };
    y.copysign(x)
}

// ---------------------------------------------------------------- logarithms

/// `log(1 + f)` for 1 + f in [sqrt(1/2), sqrt(2)].
#[inline(always)]
fn log_near<L: Level>(f: f32) -> (f32, f32) {
    let p = poly32!(f; 6.750_023e-2, -0.116_704_48, 0.118_834_13, -0.124_061_68, 0.142_203_64, -0.166_679_92,
        0.200_020_72, -0.250_000_1, 0.333_333_13);
    let t = f * f;
    (f, L::fma32(f * t, p, -0.5 * t))
}

/// `x = m 2^e` with m in [sqrt(1/2), sqrt(2)): returns (m - 1, e), for x above 0 and finite, subnormal or not.
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    let tiny = x < f32::MIN_POSITIVE;
    let b = (if tiny { x * 33_554_432.0 } else { x }).to_bits() as i32;
    let e = b.wrapping_sub(0x3f35_04f3) >> 23;
    let m = f32::from_bits(b.wrapping_sub(e << 23) as u32);
    (m - 1.0, e as f32 - if tiny { 25.0 } else { 0.0 })
}

/// The values of a logarithm outside the positive finite numbers.
#[inline(always)]
fn log_ends(x: f32, y: f32) -> f32 {
    let y = if x > 0.0 { y } else { f32::NAN };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x == f32::INFINITY { x } else { y }
}

/// Natural logarithm; 0.8 ulp.
#[inline(always)]
pub fn log<L: Level>(x: f32) -> f32 {
    let (f, e) = split(x);
    let (hi, lo) = log_near::<L>(f);
    log_ends(x, L::fma32(e, LN_2_HI, hi + L::fma32(e, LN_2_LO, lo)))
}

/// Logarithm to base 2; 1.2 ulp.
#[inline(always)]
pub fn log2<L: Level>(x: f32) -> f32 {
    let (f, e) = split(x);
    let (hi, lo) = log_near::<L>(f);
    // log2(e) = 1 + 0.4427: the large part of the product is exact
    let y = L::fma32(hi, LOG2_E - 1.0, L::fma32(lo, LOG2_E - 1.0, lo)) + hi;
    log_ends(x, y + e)
}

/// Logarithm to base 10; 2.0 ulp.
#[inline(always)]
pub fn log10<L: Level>(x: f32) -> f32 {
    let (f, e) = split(x);
    let (hi, lo) = log_near::<L>(f);
    let y = L::fma32(hi, LOG10_E, L::fma32(lo, LOG10_E, e * 4.605_039e-6));
    log_ends(x, L::fma32(e, 0.301_025_4, y))
}

/// log(1 + x); 1.4 ulp.
#[inline(always)]
pub fn log1p<L: Level>(x: f32) -> f32 {
    let u = x + 1.0;
    let lost = x - (u - 1.0);
    let b = u.to_bits() as i32;
    let e = b.wrapping_sub(0x3f35_04f3) >> 23;
    let m = f32::from_bits(b.wrapping_sub(e << 23) as u32);
    // what the sum lost is put back at the scale of m; where e is large nothing of it counts
    let f = L::fma32(lost, f32::from_bits((127i32.wrapping_sub(e.min(64)) << 23) as u32), m - 1.0);
    let (hi, lo) = log_near::<L>(f);
    let e = e as f32;
    let y = L::fma32(e, LN_2_HI, hi + L::fma32(e, LN_2_LO, lo));
    log_ends(u, y).copysign(x)
}

// ---------------------------------------------------------------- float64 cores, for results that need more bits inside

/// e^x for |x| < 700, to 2^-39.
#[inline(always)]
fn exp_wide<L: Level>(x: f64) -> f64 {
    let t = L::fma64(x, std::f64::consts::LOG2_E, ROUND64);
    let n = t - ROUND64;
    let r = L::fma64(n, -std::f64::consts::LN_2, x);
    let p = poly64!(r; 2.470_614_305_943_320_7e-5, 1.991_029_552_905_17e-4, 1.388_920_996_465_221_6e-3,
        8.333_279_723_306_724e-3, 4.166_666_426_587_413_4e-2, 0.166_666_667_917_568_87, 0.500_000_000_046_219_1, 1.0, 1.0);
    p * f64::from_bits((t.to_bits() << 52).wrapping_add(1.0f64.to_bits()))
}

/// log(x) to 2^-44, for a normal x above 0.
#[inline(always)]
fn log_wide<L: Level>(x: f64) -> f64 {
    let b = x.to_bits();
    let e = ((b >> 32) as i32).wrapping_sub(0x3fe6_a09e) >> 20;
    let m = f64::from_bits(b.wrapping_sub((e as u32 as u64) << 52));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = poly64!(z; 0.195_916_217_976_245_2, 0.221_757_084_307_680_07, 0.285_721_196_441_759_25,
        0.399_999_955_333_752_4, 0.666_666_666_760_279_9, 2.0);
    L::fma64(e as f64, std::f64::consts::LN_2, s * p)
}

// ---------------------------------------------------------------- trigonometry

/// The largest |x| for which `sin_near`, `cos_near` and `tan_near` are right.
///
/// A loop over `sin` is not vectorised, because it may call the far case. `sin_rows` and its like look for an |x| above
/// `NEAR` (nan is not above) block by block, and use `sin_near` where there is none.
pub const NEAR: f32 = 100_000.0;

/// `|x| = n pi/2 + r`: returns (r, n), for |x| <= NEAR.
#[inline(always)]
fn by_half_pi<L: Level>(a: f32) -> (f32, i32) {
    if L::FUSED {
        let t = L::fma32(a, FRAC_2_PI, ROUND32);
        let n = t - ROUND32;
        // pi/2 in three parts, each rounded down so that a zero keeps its sign; the first product is exact
        let r = L::fma32(n, -1.570_796_2, a);
        let r = L::fma32(n, -7.549_789_4e-8, r);
        (L::fma32(n, -5.390_303e-15, r), t.to_bits() as i32)
    } else {
        let t = a as f64 * std::f64::consts::FRAC_2_PI + ROUND64;
        let n = t - ROUND64;
        // 33 bits, so that the product with n is exact
        let r = (a as f64 - n * 1.570_796_326_734_125_6) - n * 6.077_100_506_506_192e-11;
        (r as f32, t.to_bits() as i32)
    }
}

#[inline(always)]
fn sin_poly<L: Level>(r: f32, z: f32) -> f32 {
    let p = poly32!(z; 2.830_804_5e-6, -1.985_298_3e-4, 8.333_379e-3, -0.166_666_67);
    L::fma32(p * z, r, r)
}

#[inline(always)]
fn cos_poly<L: Level>(z: f32) -> f32 {
    let p = poly32!(z; 2.443_009_2e-5, -1.388_729_8e-3, 4.166_664_6e-2);
    L::fma32(p, z * z, L::fma32(z, -0.5, 1.0))
}

/// sin x for |x| <= NEAR; 1.6 ulp.
#[inline(always)]
pub fn sin_near<L: Level>(x: f32) -> f32 {
    let (r, q) = by_half_pi::<L>(x.abs());
    let z = r * r;
    let y = if q & 1 == 0 { sin_poly::<L>(r, z) } else { cos_poly::<L>(z) };
    f32::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000_0000) ^ ((q as u32 & 2) << 30))
}

/// cos x for |x| <= NEAR; 1.6 ulp.
#[inline(always)]
pub fn cos_near<L: Level>(x: f32) -> f32 {
    let (r, q) = by_half_pi::<L>(x.abs());
    let z = r * r;
    let y = if q & 1 == 0 { cos_poly::<L>(z) } else { sin_poly::<L>(r, z) };
    f32::from_bits(y.to_bits() ^ ((q.wrapping_add(1) as u32 & 2) << 30))
}

/// tan x for |x| <= NEAR; 2.4 ulp.
#[inline(always)]
pub fn tan_near<L: Level>(x: f32) -> f32 {
    let (r, q) = by_half_pi::<L>(x.abs());
    let z = r * r;
    let p = poly32!(z; 4.531_729e-3, -2.290_417_8e-4, 1.109_058_3e-2, 2.118_216e-2, 5.407_973_4e-2, 0.133_324_83,
        0.333_333_55);
    let t = L::fma32(p * z, r, r);
    let y = if q & 1 == 0 { t } else { -1.0 / t };
    f32::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000_0000))
}

macro_rules! any_size {
    ($($(#[$doc:meta])* $name:ident $near:ident)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<L: Level>(x: f32) -> f32 {
            #[cold]
            #[inline(never)]
            fn far(x: f32) -> f32 {
                (x as f64).$name() as f32
            }
            if x.abs() > NEAR { far(x) } else { $near::<L>(x) }
        }
    )* };
}
any_size! {
    /// sin x for any x, with a branch (see [`NEAR`]); as `sin_near`.
    sin sin_near
    /// cos x for any x, with a branch (see [`NEAR`]); as `cos_near`.
    cos cos_near
    /// tan x for any x, with a branch (see [`NEAR`]); as `tan_near`.
    tan tan_near
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident $any:ident $near:ident)*) => { crate::simd_kernel! { $(
        $(#[$doc])*
        ///
        /// # Safety
        /// x and y must be good for n elements each; they may be the same, but must not overlap otherwise.
        pub unsafe fn $name<L>(n: usize, x: *const f32, y: *mut f32) {
            const BLOCK: usize = 64;
            for i in (0..n).step_by(BLOCK) {
                let m = BLOCK.min(n - i);
                let mut block = [0f32; BLOCK];
                // SAFETY: the caller gives n elements of each.
                unsafe { std::ptr::copy_nonoverlapping(x.add(i), block.as_mut_ptr(), m) };
                let far = block.iter().fold(0, |far, x| far | (x.abs() > NEAR) as u32);
                if far != 0 {
                    block[..m].iter_mut().for_each(|x| *x = $any::<L>(*x));
                } else {
                    block.iter_mut().for_each(|x| *x = $near::<L>(*x));
                }
                // SAFETY: as above.
                unsafe { std::ptr::copy_nonoverlapping(block.as_ptr(), y.add(i), m) };
            }
        }
    )* } };
}
rows! {
    /// `y[i] = sin(x[i])` for any x, vectorised where a block has no large ones.
    sin_rows sin sin_near
    /// `y[i] = cos(x[i])` for any x, vectorised where a block has no large ones.
    cos_rows cos cos_near
    /// `y[i] = tan(x[i])` for any x, vectorised where a block has no large ones.
    tan_rows tan tan_near
}

/// For a = |x|: asin(a) where a <= 1/2, else asin(sqrt((1 - a) / 2)); as a sum of two parts.
#[inline(always)]
fn asin_half<L: Level>(a: f32) -> (f32, f32) {
    let big = a > 0.5;
    let z = if big { L::fma32(a, -0.5, 0.5) } else { a * a };
    let s = if big { z.sqrt() } else { a };
    let p = poly32!(z; 3.761_384_6e-2, 1.436_456_3e-2, 3.182_875e-2, 4.451_423e-2, 7.500_519_6e-2, 0.166_666_6);
    (s, p * z * s)
}

/// asin x; 1.8 ulp.
#[inline(always)]
pub fn asin<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    let (s, p) = asin_half::<L>(a);
    // the first difference is exact
    let big = (FRAC_PI_2 - 2.0 * s) + L::fma32(p, -2.0, FRAC_PI_2_LO);
    (if a > 0.5 { big } else { s + p }).copysign(x)
}

/// acos x; 1.1 ulp.
#[inline(always)]
pub fn acos<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    let (s, p) = asin_half::<L>(a);
    let p = s + p;
    let side = if x < 0.0 { L::fma32(p, -2.0, PI_LO) + PI } else { 2.0 * p };
    let middle = (FRAC_PI_2_LO - p.copysign(x)) + FRAC_PI_2;
    if a > 0.5 { side } else { middle }
}

/// atan z for z in [0, 1].
#[inline(always)]
fn atan_unit<L: Level>(z: f32) -> f32 {
    let t = z * z;
    let p = poly32!(t; -1.787_663_2e-3, 1.088_779_7e-2, -3.112_764_7e-2, 5.790_701e-2, -8.400_492e-2, 0.109_511_77,
        -0.142_640_52, 0.199_985_31, -0.333_333);
    L::fma32(p * t, z, z)
}

/// atan x; 1.4 ulp.
#[inline(always)]
pub fn atan<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    let p = atan_unit::<L>(if a > 1.0 { 1.0 / a } else { a });
    let y = if a > 1.0 { (FRAC_PI_2_LO - p) + FRAC_PI_2 } else { p };
    y.copysign(x)
}

/// The angle of the point (x, y), in (-pi, pi]; 1.5 ulp.
#[inline(always)]
pub fn atan2<L: Level>(y: f32, x: f32) -> f32 {
    let (ay, ax) = (y.abs(), x.abs());
    let steep = ay > ax;
    let (low, high) = if steep { (ax, ay) } else { (ay, ax) };
    let q = low / high;
    let q = if high == 0.0 { 0.0 } else { q };
    let q = if low == f32::INFINITY { 1.0 } else { q };
    let p = atan_unit::<L>(q);
    let p = if steep { (FRAC_PI_2_LO - p) + FRAC_PI_2 } else { p };
    let p = if x.is_sign_negative() { (PI_LO - p) + PI } else { p };
    // the sum is nan where either is
    let p = if x.is_nan() || y.is_nan() { x + y } else { p };
    p.copysign(y)
}

// ---------------------------------------------------------------- hyperbolics

/// tanh x; 2.3 ulp.
#[inline(always)]
pub fn tanh<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    // from 9.02 on the result is 1; nan is not above
    let a = if a > 9.2 { 9.2 } else { a };
    let (q, s) = exp_parts::<L>(2.0 * a);
    let n = L::fma32(s, q, s - 1.0);
    (n / (n + 2.0)).copysign(x)
}

/// sinh x; 1.6 ulp.
#[inline(always)]
pub fn sinh<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    let h = exp_scaled::<L>(a, -1);
    let big = h - 0.25 / h;
    let z = a * a;
    let p = poly32!(z; 2.782_212_5e-6, 1.984_289_6e-4, 8.333_310_5e-3, 0.166_666_67);
    let small = L::fma32(p * z, a, a);
    (if a < 1.0 { small } else { big }).copysign(x)
}

/// cosh x; 1.4 ulp.
#[inline(always)]
pub fn cosh<L: Level>(x: f32) -> f32 {
    let h = exp_scaled::<L>(x.abs(), -1);
    h + 0.25 / h
}

/// asinh x; 0.6 ulp.
#[inline(always)]
pub fn asinh<L: Level>(x: f32) -> f32 {
    let a = x.abs() as f64;
    let z = a * a;
    let y = log_wide::<L>(a + (z + 1.0).sqrt()) as f32;
    // the sum loses a small a; there the series' first terms are exact enough
    let near = L::fma64(a * z, -1.0 / 6.0, a) as f32;
    let y = if a < 5e-4 { near } else { y };
    (if a < f64::INFINITY { y } else { x.abs() }).copysign(x)
}

/// acosh x; 0.6 ulp.
#[inline(always)]
pub fn acosh<L: Level>(x: f32) -> f32 {
    let a = x as f64;
    let y = log_wide::<L>(a + ((a - 1.0) * (a + 1.0)).sqrt()) as f32;
    let y = if x >= 1.0 { y } else { f32::NAN };
    if x == f32::INFINITY { x } else { y }
}

/// atanh x; 0.6 ulp.
#[inline(always)]
pub fn atanh<L: Level>(x: f32) -> f32 {
    let a = x.abs() as f64;
    let y = (0.5 * log_wide::<L>((1.0 + a) / (1.0 - a))) as f32;
    let near = L::fma64(a * a * a, 1.0 / 3.0, a) as f32;
    let y = if a < 5e-4 { near } else { y };
    let y = if a == 1.0 { f32::INFINITY } else { y };
    (if a <= 1.0 { y } else { f32::NAN }).copysign(x)
}

// ---------------------------------------------------------------- error function

/// The error function; 1.2 ulp.
#[inline(always)]
pub fn erf<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = poly32!(z; 8.000_28e-5, -8.050_384_3e-4, 5.192_438e-3, -2.685_573_7e-2, 0.112_836_26, -0.376_126_3,
        0.128_379_17);
    let small = L::fma32(p, a, a);
    // -log(1 - erf); from 3.95 on the result is 1
    let b = a.min(3.95);
    let p = poly32!(b; -1.982_06e-4, 3.065_368_9e-3, -2.231_477_2e-2, 0.104_112_84, 0.636_976_96, 1.127_796_8,
        1.665_513_3e-4);
    let (q, s) = exp_parts::<L>(-p);
    let big = 1.0 - L::fma32(q, s, s);
    let y = if a < 0.9375 { small } else { big };
    (if a.is_nan() { a } else { y }).copysign(x)
}

/// 1 - erf x; 2.7 ulp.
#[inline(always)]
pub fn erfc<L: Level>(x: f32) -> f32 {
    let a = x.abs().min(10.1);
    // e^(-a^2) needs the square to more than 24 bits
    let e = exp_wide::<L>(-(a as f64 * a as f64));
    let q = (a - 2.0) / (a + 2.0);
    let p = poly32!(q; -4.047_266e-4, -1.238_159_1e-3, 1.314_168_9e-3, 8.640_348e-3, -8.057_996e-3, -5.420_748_5e-2,
        0.164_054_6, -0.166_030_96, -9.276_392e-2);
    // the quotient is e^(a^2) erfc(a); its last steps in float64, for near 1 each would cost a whole unit
    let y = (e * L::fma64(q as f64, p as f64, 1.276_978_405) / (1.0 + 2.0 * a as f64)) as f32;
    let y = if x < 0.0 { 2.0 - y } else { y };
    if x.is_nan() { x } else { y }
}

// ---------------------------------------------------------------- powers

/// Square root; exact.
#[inline(always)]
pub fn sqrt<L: Level>(x: f32) -> f32 {
    x.sqrt()
}

/// 1 / sqrt(x); 1.5 ulp.
#[inline(always)]
pub fn rsqrt<L: Level>(x: f32) -> f32 {
    1.0 / x.sqrt()
}

/// Whether y is an integer (infinity is).
#[inline(always)]
fn is_integer(y: f32) -> bool {
    let a = y.abs();
    (a + 8_388_608.0) - 8_388_608.0 == a || a >= 8_388_608.0
}

/// x^y with C's rules for every special case; 0.6 ulp.
#[inline(always)]
pub fn pow<L: Level>(x: f32, y: f32) -> f32 {
    let a = x.abs();
    let l = log_wide::<L>(a as f64);
    let l = if a == 0.0 { f64::NEG_INFINITY } else { l };
    let l = if a == f32::INFINITY { f64::INFINITY } else { l };
    let r = exp_wide::<L>((y as f64 * l).clamp(-200.0, 200.0)) as f32;
    let whole = is_integer(y);
    let odd = whole & !is_integer(0.5 * y);
    // 1 to any infinite power is 1
    let r = if (a == 1.0) & !y.is_nan() { 1.0 } else { r };
    let r = if (x < 0.0) & (a < f32::INFINITY) & !whole { f32::NAN } else { r };
    let r = if x.is_nan() { x } else { r };
    let r = if odd & x.is_sign_negative() { -r } else { r };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { r }
}

// ---------------------------------------------------------------- activations

/// 1 / (1 + e^-x); 2.2 ulp.
#[inline(always)]
pub fn sigmoid<L: Level>(x: f32) -> f32 {
    // the exponential of -|x| cannot overflow, so that small results keep their bits
    let e = exp::<L>(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// x sigmoid(x); 3 ulp where the sigmoid is normal (x > -87).
#[inline(always)]
pub fn silu<L: Level>(x: f32) -> f32 {
    x * sigmoid::<L>(x)
}

/// The normal distribution's area below x, (1 + erf(x / sqrt 2)) / 2; error 1e-7.
// The last coefficient is a fit's, near log 1/2 as it should be.
#[allow(clippy::approx_constant)]
#[inline(always)]
pub fn normal_area<L: Level>(x: f32) -> f32 {
    let a = x.abs();
    // log of the area beyond a; from 5.6 on that is 0
    let b = if a > 5.6 { 5.6 } else { a };
    let p = poly32!(b; -1.577_515_5e-6, 2.285_170_7e-5, -1.090_174_5e-4, -1.403_473_7e-4, 4.950_998_4e-3,
        -3.642_241_3e-2, -0.318_288_4, -0.797_886_55, -LN_2);
    let (q, s) = exp_parts::<L>(p);
    let beyond = L::fma32(q, s, s);
    let beyond = if a > 5.6 { 0.0 } else { beyond };
    if x < 0.0 { beyond } else { 1.0 - beyond }
}

/// Gaussian error linear unit, x (1 + erf(x / sqrt 2)) / 2; error 2e-7 max(1, |x|).
#[inline(always)]
pub fn gelu<L: Level>(x: f32) -> f32 {
    x * normal_area::<L>(x)
}

/// Its approximation x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2; error 2e-7 max(1, |x|).
#[inline(always)]
pub fn gelu_tanh<L: Level>(x: f32) -> f32 {
    let h = 0.5 * x;
    L::fma32(h, tanh::<L>(0.797_884_6 * L::fma32(0.044_715 * x * x, x, x)), h)
}

/// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold; 1.6 ulp for beta 1.
#[inline(always)]
pub fn softplus<L: Level>(x: f32, beta: f32, threshold: f32) -> f32 {
    let z = x * beta;
    let y = log1p::<L>(exp::<L>(z)) / beta;
    if z > threshold { x } else { y }
}

/// x tanh(softplus(x)); 3 ulp where e^x is normal (x > -87).
#[inline(always)]
pub fn mish<L: Level>(x: f32) -> f32 {
    // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2); from 20 on it is 1
    let e = exp::<L>(x.min(20.0));
    let n = e * (e + 2.0);
    let y = x * (n / (n + 2.0));
    if x > 20.0 { x } else { y }
}
