//! Fills slices from the discrete distributions: integers in a range, permutations, Bernoulli and geometric.

use super::{CHUNK, Element, Float, Generator, Wide, fill_from_u32, fill_from_u64, unit_f64};

/// `random_(base, base + range)`, `randint`: integers from `base` on, below `base + range`.
///
/// A range of zero stands for 2^64, the whole of i64 (see [`random_full_64_bits`]). Floating types want bounds from
/// [`random_bounds`].
pub fn random_from_to<T: Element>(generator: &mut Generator, out: &mut [T], range: u64, base: i64) {
    match range {
        0 => random_full_64_bits(generator, out),
        // So far the remainder is uneven by at most a sixteenth; beyond, PyTorch takes 64 bits.
        1..0x1000_0000 => {
            let range = range as u32;
            fill_from_u32(generator, out, |bits| T::from_i64(i64::from(bits % range).wrapping_add(base)));
        }
        _ => fill_from_u64(generator, out, |bits| T::from_i64(((bits % range) as i64).wrapping_add(base))),
    }
}

/// `random_(-2**63, None)`: all 64 bits, signed (PyTorch: int64, float32, float64 and bfloat16 only).
pub fn random_full_64_bits<T: Element>(generator: &mut Generator, out: &mut [T]) {
    fill_from_u64(generator, out, |bits| T::from_i64(bits as i64));
}

/// `random_()`: integers from 0 to the type's largest, or to 2^digits for floating types.
///
/// PyTorch has no such kernel for u16, u32 and u64; the error names the type as PyTorch does.
pub fn random<T: Element>(generator: &mut Generator, out: &mut [T]) -> Result<(), String> {
    let span =
        T::SPAN.ok_or_else(|| format!("\"random_kernel_cpu\" not implemented for 'UInt{}'", 8 * size_of::<T>()))?;
    if T::SPAN_IS_WIDE {
        fill_from_u64(generator, out, |bits| T::from_i64((bits % span) as i64));
    } else {
        fill_from_u32(generator, out, |bits| T::from_i64((u64::from(bits) % span) as i64));
    }
    Ok(())
}

/// The bounds that `random_(from, to)` uses for T: moved inwards to numbers that a floating type can hold.
///
/// Returns `from` and `to` as they are for integers. PyTorch then wants `from < to`.
pub fn random_bounds<T: Element>(from: i64, to: i64) -> (i64, i64) {
    let Some(digits) = T::DIGITS else { return (from, to) };
    // The gap between neighbours of a number that is too large to be exact.
    let gap = |near: i64| 1i64.wrapping_shl((near.unsigned_abs().max(1).ilog2() + 1).saturating_sub(digits));
    let (above, below) = (from.wrapping_add(1), to.wrapping_sub(1));
    let raised = if T::through(above) < from { T::through(above).wrapping_add(gap(above)) } else { from };
    let lowered = if T::through(below) >= to { T::through(below).wrapping_sub(gap(below)) } else { to };
    (raised, lowered)
}

/// `randperm(out.len())`: a permutation of 0, 1, ... by the Fisher-Yates shuffle.
pub fn randperm<T: Element>(generator: &mut Generator, out: &mut [T]) {
    if out.len() >= WIDE_SHUFFLE {
        return randperm_wide(generator, out);
    }
    for (i, slot) in out.iter_mut().enumerate() {
        *slot = T::from_i64(i as i64);
    }
    for i in 0..out.len().saturating_sub(1) {
        let rest = (out.len() - i) as u32;
        out.swap(i, i + (generator.random() % rest) as usize);
    }
}

/// From this length on, the remainder of 32 bits would be too uneven, and PyTorch shuffles otherwise.
const WIDE_SHUFFLE: usize = (u32::MAX / 20) as usize;

/// The inside-out shuffle with 64 bits per element.
fn randperm_wide<T: Element>(generator: &mut Generator, out: &mut [T]) {
    for i in 0..out.len() {
        let place = (generator.random64() % (i as u64 + 1)) as usize;
        out[i] = out[place];
        out[place] = T::from_i64(i as i64);
    }
}

/// `bernoulli_(p)` with one probability, also the keep mask of dropout: ones with probability p, a double each.
pub fn bernoulli<T: Element>(generator: &mut Generator, out: &mut [T], p: f64) {
    let (zero, one) = (T::from_i64(0), T::from_i64(1));
    fill_from_u64(generator, out, |bits| if unit_f64(bits) < p { one } else { zero });
}

/// `bernoulli_(p)` with a probability for each element: a float is drawn, or a double where p is f64.
///
/// The slices have one length. A probability outside [0, 1] ends the filling there with PyTorch's error.
pub fn bernoulli_each<T: Element, P: Float>(generator: &mut Generator, out: &mut [T], p: &[P]) -> Result<(), String> {
    let is_probability = |p: &P| (P::Wide::ZERO..=P::Wide::ONE).contains(&p.to_wide());
    let invalid = p.iter().position(|p| !is_probability(p));
    let count = invalid.unwrap_or(p.len()).min(out.len());
    let mut units = [P::Wide::ZERO; CHUNK];
    for (part, p) in out[..count].chunks_mut(CHUNK).zip(p.chunks(CHUNK)) {
        let units = &mut units[..part.len()];
        P::Wide::fill_unit(generator, units);
        for ((slot, unit), p) in part.iter_mut().zip(&*units).zip(p) {
            *slot = T::from_i64((*unit < p.to_wide()).into());
        }
    }
    match invalid {
        None => Ok(()),
        Some(_) => Err("Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be \
                        improved?  If so, please report an enhancement request to PyTorch.)"
            .into()),
    }
}

/// `geometric_(p)`: the number of trials up to the first success.
pub fn geometric<T: Element>(generator: &mut Generator, out: &mut [T], p: f64) {
    let scale = (-p).ln_1p();
    fill_from_u64(generator, out, |bits| T::from_f64((unit_f64(bits).ln() / scale).ceil()));
}
