//! Fills slices from the continuous distributions: uniform, exponential, log-normal and Cauchy.

use super::{CHUNK, Element, Float, Generator, Wide, fill_from_u64, unit_f64};

/// `uniform_(from, to)`: numbers in [from, to).
pub fn uniform<T: Float>(generator: &mut Generator, out: &mut [T], from: f64, to: f64) {
    let (low, high) = (T::Wide::from_f64(from), T::Wide::from_f64(to));
    let span = high - low;
    let (from, to) = (T::from_f64(from), T::from_f64(to));
    let mut numbers = [T::Wide::ZERO; CHUNK];
    for part in out.chunks_mut(CHUNK) {
        let numbers = &mut numbers[..part.len()];
        T::Wide::fill_unit(generator, numbers);
        T::Wide::stretch(numbers, span, low);
        for (slot, &number) in part.iter_mut().zip(&*numbers) {
            // Rounding can reach the upper bound, which the distribution excludes.
            let number = T::from_wide(number);
            *slot = if number == to { from } else { number };
        }
    }
}

/// `exponential_(lambda)`: always drawn in double precision, then converted.
pub fn exponential<T: Element>(generator: &mut Generator, out: &mut [T], lambda: f64) {
    let scale = -1.0 / lambda;
    fill_from_u64(generator, out, |bits| T::from_f64(scale * (-unit_f64(bits)).ln_1p()));
}

/// `cauchy_(median, sigma)`.
pub fn cauchy<T: Element>(generator: &mut Generator, out: &mut [T], median: f64, sigma: f64) {
    fill_from_u64(generator, out, |bits| {
        let angle = std::f64::consts::PI * (unit_f64(bits) - 0.5);
        T::from_f64(sigma.mul_add(angle.tan(), median))
    });
}

/// `log_normal_(mean, std)`: shares the cached normal number with `normal_serial`.
pub fn log_normal<T: Element>(generator: &mut Generator, out: &mut [T], mean: f64, std: f64) {
    for slot in out {
        *slot = T::from_f64(generator.next_normal().mul_add(std, mean).exp());
    }
}
