//! Float64 functions that the compiler vectorises, where the C library's one at a time would be several times slower.
use super::simd::Level;

/// 1.5 * 2^52: added to a float64 of at most 2^51, it rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has 33 bits, so that its product with an exponent is exact.
const LN_2_HI: f64 = 6.931_471_803_691_238_2e-1;
const LN_2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// e^x; 1 ulp. The terms of the series up to the 13th leave 2^-57 where |r| <= ln 2 / 2.
#[inline(always)]
pub fn exp<L: Level>(x: f64) -> f64 {
    // Twice e^r times 2^(n - 1), so that n = 1024 is no special case; a small result is made 2^128 times as large first.
    const BIASED: f64 = ROUND + 1022.0;
    let x = x.clamp(-746.0, 710.0);
    let tiny = x < -700.0;
    let t = L::fma64(x, std::f64::consts::LOG2_E, BIASED);
    let n = t - BIASED;
    let r = L::fma64(n, -LN_2_LO, L::fma64(n, -LN_2_HI, x));
    let mut p = 1.0 / 6_227_020_800.0;
    for c in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ] {
        p = L::fma64(p, r, c);
    }
    let exponent = t.to_bits().wrapping_add(if tiny { 128 } else { 0 });
    let y = L::fma64(L::fma64(p, r * r, r), 2.0, 2.0) * f64::from_bits(exponent << 52);
    if tiny { y * f64::from_bits((1023 - 128) << 52) } else { y }
}

crate::simd_kernel! {
    /// `y[i] = e^x[i]`.
    ///
    /// # Safety
    /// x and y must be good for n elements each; they may be the same, but must not overlap otherwise.
    pub unsafe fn exp_rows<L>(n: usize, x: *const f64, y: *mut f64) {
        const BLOCK: usize = 32;
        for i in (0..n).step_by(BLOCK) {
            let m = BLOCK.min(n - i);
            let mut block = [0f64; BLOCK];
            // SAFETY: the caller gives n elements of each.
            unsafe {
                std::ptr::copy_nonoverlapping(x.add(i), block.as_mut_ptr(), m);
                block.iter_mut().for_each(|x| *x = exp::<L>(*x));
                std::ptr::copy_nonoverlapping(block.as_ptr(), y.add(i), m);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_c_library() {
        let ends =
            [0.0, -0.0, 709.78, 709.79, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -708.5, -745.2, -1e300];
        let x: Vec<f64> = ends.into_iter().chain((0..20_000).map(|i| (i as f64 - 10_000.0) * 0.0709)).collect();
        let mut y = x.clone();
        // SAFETY: both have as many elements.
        unsafe { exp_rows(x.len(), x.as_ptr(), y.as_mut_ptr()) };
        for (x, y) in x.iter().zip(y) {
            let e = x.exp();
            let close = (y - e).abs() <= 4e-16 * e || (y - e).abs() < 1e-323;
            assert!(y == e || close || y.is_nan() && e.is_nan(), "{x}: {y:e} {e:e}");
        }
    }
}
