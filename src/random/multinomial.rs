//! Draws category numbers with given weights, with or without replacement.

use super::{Float, Generator, Wide, exponential, largest};

/// `torch.multinomial`: `samples` category numbers for each row of `categories` weights, written row by row to `out`.
///
/// The weights need not sum to one. Errors carry PyTorch's words, and those found with replacement come, as there,
/// after the rows before them were drawn. Without replacement PyTorch has checked that `samples <= categories`.
pub fn multinomial<T: Float>(
    generator: &mut Generator,
    out: &mut [i64],
    weights: &[T],
    categories: usize,
    samples: usize,
    replacement: bool,
) -> Result<(), String> {
    if categories == 0 || samples == 0 {
        return Ok(());
    }
    if replacement && samples > 1 {
        with_replacement(generator, out, weights, categories, samples)
    } else {
        check(weights, categories)?;
        let mut times = vec![T::default(); weights.len()];
        exponential(generator, &mut times, 1.0);
        race(out, weights, &mut times, categories, samples);
        Ok(())
    }
}

/// Looks each uniform double up in the running sum of the weights.
fn with_replacement<T: Float>(
    generator: &mut Generator,
    out: &mut [i64],
    weights: &[T],
    categories: usize,
    samples: usize,
) -> Result<(), String> {
    let mut running = vec![T::Wide::ZERO; categories];
    for (row, out) in weights.chunks_exact(categories).zip(out.chunks_exact_mut(samples)) {
        let mut sum = T::Wide::ZERO;
        for (slot, weight) in running.iter_mut().zip(row) {
            let weight = weight.to_wide();
            if weight < T::Wide::ZERO || weight.to_f64().is_nan() {
                return Err("invalid multinomial distribution (encountering probability entry < 0)".into());
            }
            if !weight.is_finite() {
                return Err(
                    "invalid multinomial distribution (encountering probability entry = infinity or NaN)".into()
                );
            }
            sum = sum + weight;
            *slot = sum;
        }
        if sum <= T::Wide::ZERO {
            return Err(NO_WEIGHT.into());
        }
        for slot in &mut running {
            *slot = *slot / sum;
        }
        running[categories - 1] = T::Wide::ONE;
        for slot in out {
            let number = generator.unit_f64();
            *slot = running.partition_point(|&upto| upto.to_f64() < number) as i64;
        }
    }
    Ok(())
}

/// What `multinomial` refuses before it draws without replacement.
pub fn check<T: Float>(weights: &[T], categories: usize) -> Result<(), String> {
    if !weights.iter().all(|weight| weight.to_wide().is_finite() && weight.to_wide() >= T::Wide::ZERO) {
        return Err("probability tensor contains either `inf`, `nan` or element < 0".into());
    }
    if weights.chunks_exact(categories).any(|row| row.iter().all(|weight| weight.to_wide() == T::Wide::ZERO)) {
        return Err(NO_WEIGHT.into());
    }
    Ok(())
}

/// Races the categories of each row: each weight is divided by its exponential number, and the largest quotients win.
/// PyTorch draws those numbers in the memory order of the weights: without replacement, `multinomial` is this after
/// drawing them one after the other.
pub fn race<T: Float>(out: &mut [i64], weights: &[T], times: &mut [T], categories: usize, samples: usize) {
    for (slot, weight) in times.iter_mut().zip(weights) {
        *slot = T::from_wide(weight.to_wide() / slot.to_wide());
    }
    for (row, out) in times.chunks_exact(categories).zip(out.chunks_exact_mut(samples)) {
        if samples == 1 {
            out[0] = first_largest(row) as i64;
        } else {
            for (slot, winner) in out.iter_mut().zip(largest(row, samples)) {
                *slot = winner as i64;
            }
        }
    }
}

const NO_WEIGHT: &str = "invalid multinomial distribution (sum of probabilities <= 0)";

/// The first position of the largest number, or of a NaN.
fn first_largest<T: Float>(row: &[T]) -> usize {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if x.partial_cmp(x).is_none() {
            return i;
        }
        if *x > row[best] {
            best = i;
        }
    }
    best
}
