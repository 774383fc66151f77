//! Normal numbers by the Box-Muller transform: one at a time in double precision, or in blocks of sixteen.
//!
//! PyTorch has two ways. Fewer than 16 elements, or elements that are not contiguous, come one by one from
//! [`Generator::next_normal`]. Otherwise uniform numbers u fill blocks of 16, where u[j] and u[j + 8] make the pair
//! of normal numbers that takes their place; a ragged end draws its last 16 elements again.
//!
//! The f32 blocks use the polynomials of the Cephes library (S. Moshier) for log, sin and cos in the order of
//! operations of `avx_mathfun.h` (G. Garberoglio, 2012, after `sse_mathfun.h` by J. Pommier, zlib licence), restated
//! here in scalar code with each multiplication that feeds an addition fused to it, as PyTorch's build does.

use super::{CHUNK, Element, Float, Generator, Wide};

/// Fills contiguous elements with normal numbers, as `normal_` does.
pub fn normal<T: Float>(generator: &mut Generator, out: &mut [T], mean: f64, std: f64) {
    if out.len() < 16 {
        return normal_serial(generator, out, mean, std);
    }
    let (mean, std) = (T::Wide::from_f64(mean), T::Wide::from_f64(std));
    let whole = out.len() / 16 * 16;
    let ragged = out.len() - whole;
    let mut blocks = [T::Wide::ZERO; CHUNK];
    for part in out[..whole].chunks_mut(CHUNK) {
        fill_blocks(generator, part, &mut blocks[..part.len()], mean, std);
    }
    if ragged != 0 {
        if T::IS_WIDE {
            // PyTorch draws for these too, in place, before it draws the last 16 again.
            T::Wide::fill_unit(generator, &mut blocks[..ragged]);
        }
        let start = out.len() - 16;
        fill_blocks(generator, &mut out[start..], &mut blocks[..16], mean, std);
    }
}

fn fill_blocks<T: Float>(
    generator: &mut Generator,
    out: &mut [T],
    blocks: &mut [T::Wide],
    mean: T::Wide,
    std: T::Wide,
) {
    T::Wide::fill_unit(generator, blocks);
    T::Wide::box_muller(blocks, mean, std);
    for (slot, &value) in out.iter_mut().zip(&*blocks) {
        *slot = T::from_wide(value);
    }
}

/// Fills elements that are not contiguous (or fewer than 16) with normal numbers, as `normal_` does.
pub fn normal_serial<T: Element>(generator: &mut Generator, out: &mut [T], mean: f64, std: f64) {
    for slot in out {
        *slot = T::from_f64(generator.next_normal().mul_add(std, mean));
    }
}

/// `torch.normal(mean: Tensor, std: float)`: one mean for each element, all slices of one length.
pub fn normal_means<T: Float>(generator: &mut Generator, out: &mut [T], means: &[T], std: f64) {
    normal(generator, out, 0.0, std);
    for (slot, mean) in out.iter_mut().zip(means) {
        *slot = T::from_wide(slot.to_wide() + mean.to_wide());
    }
}

/// `torch.normal(mean: float, std: Tensor)`: one standard deviation for each element.
pub fn normal_stds<T: Float>(generator: &mut Generator, out: &mut [T], mean: f64, stds: &[T]) {
    let mean = T::from_f64(mean).to_wide();
    standard_times(generator, out, stds);
    for slot in out {
        *slot = T::from_wide(slot.to_wide() + mean);
    }
}

/// `torch.normal(mean: Tensor, std: Tensor)`: one mean and one standard deviation for each element.
pub fn normal_means_stds<T: Float>(generator: &mut Generator, out: &mut [T], means: &[T], stds: &[T]) {
    standard_times(generator, out, stds);
    for (slot, mean) in out.iter_mut().zip(means) {
        *slot = T::from_wide(slot.to_wide() + mean.to_wide());
    }
}

/// Standard normal numbers times their deviations; PyTorch rounds here, before it adds the mean.
fn standard_times<T: Float>(generator: &mut Generator, out: &mut [T], stds: &[T]) {
    normal(generator, out, 0.0, 1.0);
    for (slot, std) in out.iter_mut().zip(stds) {
        *slot = T::from_wide(slot.to_wide() * std.to_wide());
    }
}

/// Turns blocks of 16 numbers in [0, 1) into normal numbers with the C library's functions.
pub(super) fn box_muller_f64(blocks: &mut [f64], mean: f64, std: f64) {
    for block in blocks.chunks_exact_mut(16) {
        let (first, second) = block.split_at_mut(8);
        for (a, b) in first.iter_mut().zip(second) {
            let radius = (-2.0 * (1.0 - *a).ln()).sqrt();
            let angle = 2.0 * std::f64::consts::PI * *b;
            *a = (radius * angle.cos()).mul_add(std, mean);
            *b = (radius * angle.sin()).mul_add(std, mean);
        }
    }
}

/// Turns blocks of 16 numbers in [0, 1) into normal numbers with the Cephes polynomials.
pub(super) fn box_muller_f32(blocks: &mut [f32], mean: f32, std: f32) {
    #[cfg(target_arch = "x86_64")]
    if super::has_avx512() {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
        fn box_muller_avx512(blocks: &mut [f32], mean: f32, std: f32) {
            box_muller_lanes(blocks, mean, std);
        }
        // SAFETY: the processor has these features.
        return unsafe { box_muller_avx512(blocks, mean, std) };
    }
    #[cfg(target_arch = "x86_64")]
    if super::has_avx2_fma() {
        #[target_feature(enable = "avx2,fma")]
        fn box_muller_avx2(blocks: &mut [f32], mean: f32, std: f32) {
            box_muller_lanes(blocks, mean, std);
        }
        // SAFETY: the processor has both features.
        return unsafe { box_muller_avx2(blocks, mean, std) };
    }
    box_muller_lanes(blocks, mean, std);
}

#[inline(always)]
fn box_muller_lanes(blocks: &mut [f32], mean: f32, std: f32) {
    const TWO_PI: f32 = (2.0 * std::f64::consts::PI) as f32;
    for block in blocks.as_chunks_mut::<16>().0 {
        for lane in 0..8 {
            let radius = (-2.0 * log(1.0 - block[lane])).sqrt();
            let (sine, cosine) = sin_cos(TWO_PI * block[lane + 8]);
            block[lane] = (radius * cosine).mul_add(std, mean);
            block[lane + 8] = (radius * sine).mul_add(std, mean);
        }
    }
}

/// Natural logarithm of a normal number x > 0 (here 2^-24 to 1).
#[expect(clippy::excessive_precision, reason = "the digits that Cephes publishes")]
#[inline(always)]
fn log(x: f32) -> f32 {
    const MANTISSA: u32 = 0x007f_ffff;
    let exponent = ((x.to_bits() >> 23) as i32 - 0x7f) as f32 + 1.0;
    let fraction = f32::from_bits((x.to_bits() & MANTISSA) | 0.5f32.to_bits());
    // A fraction below sqrt(1/2) is doubled, so that the polynomial is asked around 1 only.
    let small = fraction < std::f32::consts::FRAC_1_SQRT_2;
    let exponent = exponent - if small { 1.0 } else { 0.0 };
    let x = (fraction - 1.0) + if small { fraction } else { 0.0 };
    let square = x * x;
    let y = 7.037_683_629_2e-2f32;
    let y = y.mul_add(x, -1.151_461_031_0e-1);
    let y = y.mul_add(x, 1.167_699_874_0e-1);
    let y = y.mul_add(x, -1.242_014_084_6e-1);
    let y = y.mul_add(x, 1.424_932_278_7e-1);
    let y = y.mul_add(x, -1.666_805_766_5e-1);
    let y = y.mul_add(x, 2.000_071_476_5e-1);
    let y = y.mul_add(x, -2.499_999_399_3e-1);
    let y = y.mul_add(x, 3.333_333_117_4e-1);
    let y = y * x;
    let y = y.mul_add(square, exponent * -2.121_944_40e-4);
    let y = square.mul_add(-0.5, y);
    exponent.mul_add(0.693_359_375, x + y)
}

/// Sine and cosine of an angle from 0 to 2 pi.
#[expect(clippy::excessive_precision, reason = "the digits that Cephes publishes")]
#[inline(always)]
fn sin_cos(angle: f32) -> (f32, f32) {
    let octants = angle * 1.273_239_544_735_16;
    // SAFETY: the angle is in [0, 2 pi], so the number of octants is between 0 and 9.
    let octant: i32 = unsafe { octants.to_int_unchecked() };
    let octant = (octant + 1) & !1;
    let turns = octant as f32;
    // Subtracts turns * pi/4, its constant split in three so that nothing is lost.
    let x = turns.mul_add(-0.785_156_25, angle);
    let x = turns.mul_add(-2.418_756_484_985_351_562_5e-4, x);
    let x = turns.mul_add(-3.774_894_977_445_941_08e-8, x);
    let square = x * x;
    let cosine = 2.443_315_711_809_948e-5f32;
    let cosine = cosine.mul_add(square, -1.388_731_625_493_765e-3);
    let cosine = cosine.mul_add(square, 4.166_664_568_298_827e-2);
    let cosine = (cosine * square).mul_add(square, -(square * 0.5)) + 1.0;
    let sine = -1.951_529_589_1e-4f32;
    let sine = sine.mul_add(square, 8.332_160_873_6e-3);
    let sine = sine.mul_add(square, -1.666_665_461_1e-1);
    let sine = (sine * square).mul_add(x, x);
    let (sine, cosine) = if octant & 2 == 0 { (sine, cosine) } else { (cosine, sine) };
    let sine_sign = ((octant & 4) as u32) << 29;
    let cosine_sign = ((!(octant - 2) & 4) as u32) << 29;
    (f32::from_bits(sine.to_bits() ^ sine_sign), f32::from_bits(cosine.to_bits() ^ cosine_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain code and the copy chosen for this processor give the same bits.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let mut generator = Generator::new(3);
        let mut chosen = vec![0f32; 1 << 14];
        f32::fill_unit(&mut generator, &mut chosen);
        // The ends of the range: a logarithm of 1 and of 2^-24, an angle of 0 and just below 2 pi.
        let last = 1.0 - f32::EPSILON / 2.0;
        chosen[..16].copy_from_slice(&[
            0.0, last, 0.0, last, 0.5, 0.5, 0.25, 0.75, 0.0, last, last, 0.0, 0.125, 0.5, 0.25, 0.75,
        ]);
        let mut plain = chosen.clone();
        box_muller_f32(&mut chosen, 0.1, 2.0);
        box_muller_lanes(&mut plain, 0.1, 2.0);
        assert!(chosen.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits() && a.is_finite()));
    }
}
