//! Random counts: binomial and Poisson numbers, one distribution per element.
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::random::{drawn, generator, in_visiting_order, slots, unsupported, visiting_order};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::random::{self, Element, Generator};
use crate::tensor::Tensor;

/// A Poisson number: products of uniform numbers for a small rate, else transformed rejection (W. Hoermann 1993, PTRS).
fn draw_poisson(rate: f64, g: &mut Generator) -> f64 {
    if rate == 0.0 {
        return 0.0;
    }
    if rate < 10.0 {
        let (least, mut product, mut count) = ((-rate).exp(), 1.0, 0.0);
        loop {
            product *= g.unit_f64();
            if product <= least {
                return count;
            }
            count += 1.0;
        }
    }
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let squeeze = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let (u, v) = (g.unit_f64() - 0.5, g.unit_f64());
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + rate + 0.43).floor();
        if us >= 0.07 && v <= squeeze {
            return k;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let height = v.ln() + inverse_alpha.ln() - (a / (us * us) + b).ln();
        if height <= -rate + k * rate.ln() - libm::lgamma(k + 1.0) {
            return k;
        }
    }
}

/// A binomial number.
fn draw_binomial(count: f64, p: f64, g: &mut Generator) -> f64 {
    if count <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return count;
    }
    if p.is_nan() {
        return f64::NAN;
    }
    let rare = if p <= 0.5 { p } else { 1.0 - p };
    let drawn = if count * rare >= 10.0 { by_rejection(count, rare, g) } else { by_waiting(count, rare, g) };
    if p <= 0.5 { drawn } else { count - drawn }
}
/// Adds up waiting times, which are geometric, until the trials are used up.
fn by_waiting(count: f64, p: f64, g: &mut Generator) -> f64 {
    let (scale, mut trials, mut hits) = ((-p).ln_1p(), 0.0, 0.0);
    loop {
        trials += (g.unit_f64().ln() / scale).ceil();
        if trials > count || trials.is_nan() {
            return hits;
        }
        hits += 1.0;
    }
}
/// Transformed rejection with squeeze (W. Hoermann 1993, BTRS).
fn by_rejection(count: f64, p: f64, g: &mut Generator) -> f64 {
    let deviation = (count * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = count * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    let odds = p / (1.0 - p);
    let alpha = (2.83 + 5.1 / b) * deviation;
    let mode = ((count + 1.0) * p).floor();
    loop {
        let (u, v) = (g.unit_f64() - 0.5, g.unit_f64());
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + centre).floor();
        if k < 0.0 || k > count {
            continue;
        }
        if us >= 0.07 && v <= squeeze {
            return k;
        }
        let height = (v * alpha / (a / (us * us) + b)).ln();
        let bound = (mode + 0.5) * ((mode + 1.0) / (odds * (count - mode + 1.0))).ln()
            + (count + 1.0) * ((count - mode + 1.0) / (count - k + 1.0)).ln()
            + (k + 0.5) * (odds * (count - k + 1.0) / (k + 1.0)).ln()
            + stirling_rest(mode)
            + stirling_rest(count - mode)
            - stirling_rest(k)
            - stirling_rest(count - k);
        if height <= bound {
            return k;
        }
    }
}
/// What Stirling's formula for ln k! leaves: ln k! - (ln(2 pi) / 2 + (k + 1/2) ln(k + 1) - (k + 1)).
fn stirling_rest(k: f64) -> f64 {
    const FIRST: [f64; 10] = [
        0.081_061_466_795_327_2,
        0.041_340_695_955_409_2,
        0.027_677_925_684_998_3,
        0.020_790_672_103_765_1,
        0.016_644_691_189_821_1,
        0.013_876_128_823_070_7,
        0.011_896_709_945_891_7,
        0.010_411_265_261_972_0,
        0.009_255_462_182_712_73,
        0.008_330_563_433_362_87,
    ];
    if k <= 9.0 {
        return FIRST[k.max(0.0) as usize];
    }
    let square = (k + 1.0) * (k + 1.0);
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
}

/// The values of `x` in the order in which the elements of `y` are visited.
fn along(x: &Tensor, y: &Tensor) -> Result<Vec<f64>> {
    let wide = x.with_layout(x.layout().expand(&y.shape().iter().map(|&n| n as i64).collect::<Vec<_>>())?);
    let order = if y.is_contiguous() { (0..y.rank()).collect() } else { visiting_order(y) };
    wide.with_layout(wide.layout().permute(&order)).read_back::<f64>()
}

fn poisson(rates: &Tensor, g: &SharedGenerator) -> Result<Tensor> {
    let y = Tensor::empty(rates.shape(), rates.dtype())?;
    let values = along(rates, &y)?;
    drawn!(floats y.dtype(), "poisson_cpu", T => {
        let mut g = g.lock();
        for (slot, &rate) in slots!(y, T).iter_mut().zip(&values) {
            ensure!(rate >= 0.0, "invalid Poisson rate, expected rate to be non-negative");
            *slot = <T as Element>::from_f64(draw_poisson(rate, &mut g));
        }
    });
    y.record("poisson", &[rates], |_, _| one_grad(|_, g| zeros_like(g)))
}

fn binomial(count: &Tensor, p: &Tensor, g: &SharedGenerator) -> Result<Tensor> {
    for (name, t) in [("count", count), ("prob", p)] {
        ensure!(
            t.dtype().is_float(),
            Value,
            "binomial only supports floating-point dtypes for {name}, got: {}",
            t.dtype().scalar_name()
        );
    }
    if matches!(count.dtype(), DType::F16 | DType::BF16) {
        return Err(unsupported("binomial_cpu", count.dtype()));
    }
    ensure!(
        count.dtype() == p.dtype(),
        "Found dtype {} but expected {}",
        p.dtype().scalar_name(),
        count.dtype().scalar_name()
    );
    let y = Tensor::empty(count.shape(), count.dtype())?;
    let (counts, odds) = (along(count, &y)?, along(p, &y)?);
    in_visiting_order(&y, |y| {
        drawn!(floats y.dtype(), "binomial_cpu", T => {
            let mut g = g.lock();
            for ((slot, &n), &p) in slots!(y, T).iter_mut().zip(&counts).zip(&odds) {
                *slot = <T as random::Element>::from_f64(draw_binomial(n, p, &mut g));
            }
        });
        Ok(())
    })?;
    refusal::without_derivative(y, "binomial", &[count, p])
}

rows! {
    /// Poisson numbers with the given rates.
    "poisson(Tensor self, Generator? generator=None) -> Tensor" "fn"
    |a| poisson(a.tensor(0)?, &generator(a, 1)?);
    |_s| vec![];
    /// How many of `count` trials succeed, each with probability `prob`.
    "binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor" "fn"
    |a| binomial(a.tensor(0)?, a.tensor(1)?, &generator(a, 2)?);
    |_s| vec![];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_stirlings_formula_meets_its_series() {
        for k in 0..30 {
            let k = k as f64;
            let rest = libm::lgamma(k + 1.0)
                - (0.5 * (2.0 * std::f64::consts::PI).ln() + (k + 0.5) * (k + 1.0).ln() - (k + 1.0));
            assert!((rest - stirling_rest(k)).abs() < 1e-10, "{k}: {rest}");
        }
    }
}
