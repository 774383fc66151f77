//! Ops that overwrite a tensor with random numbers, and the generator that all random ops share.
use crate::cpu::along::To;
use crate::cpu::parallel;
use crate::device::{Device, Inside};
use crate::dtype::{DType, Element as _};
use crate::error::{Error, Kind, Result};
use crate::layout::{Dims, Layout};
use crate::ops::cast::overwritten;
use crate::ops::create::parts_of;
use crate::ops::*;
use crate::random::{self, Generator};
use crate::tensor::Tensor;

/// The generator that every random op uses unless it is given another. Nobody can foresee its first seed.
pub fn default_generator() -> SharedGenerator {
    static DEFAULT: std::sync::OnceLock<SharedGenerator> = std::sync::OnceLock::new();
    DEFAULT
        .get_or_init(|| {
            let mut generator = Generator::default();
            generator.seed();
            SharedGenerator::new(generator.into())
        })
        .clone()
}

/// The generator that argument `i` names.
pub(crate) fn generator(a: &Args, i: usize) -> Result<SharedGenerator> {
    Ok(a.opt_generator(i)?.cloned().unwrap_or_else(default_generator))
}

pub(crate) fn unsupported(name: &str, dtype: DType) -> Error {
    Error::new(Kind::NotImplemented, format!("\"{name}\" not implemented for '{}'", dtype.scalar_name()))
}

/// Runs the body with `$T` as the Rust type of a floating dtype, else of an integer one (`ints`), else of bool too
/// (`all`); other dtypes are an error that names the kernel.
macro_rules! drawn {
    (floats $dtype:expr, $name:literal, $T:ident => $body:expr) => {
        match $dtype {
            DType::F32 => { type $T = f32; $body }
            DType::F64 => { type $T = f64; $body }
            DType::F16 => { type $T = half::f16; $body }
            DType::BF16 => { type $T = half::bf16; $body }
            other => return Err(unsupported($name, other)),
        }
    };
    (ints $dtype:expr, $name:literal, $T:ident => $body:expr) => {
        match $dtype {
            DType::I64 => { type $T = i64; $body }
            DType::I32 => { type $T = i32; $body }
            DType::I16 => { type $T = i16; $body }
            DType::I8 => { type $T = i8; $body }
            DType::U8 => { type $T = u8; $body }
            other => drawn!(floats other, $name, $T => $body),
        }
    };
    (all $dtype:expr, $name:literal, $T:ident => $body:expr) => {
        match $dtype {
            DType::Bool => { type $T = bool; $body }
            other => drawn!(ints other, $name, $T => $body),
        }
    };
}
pub(crate) use drawn;

/// The dims of `x` in the order in which PyTorch visits its elements: as they lie in memory.
pub(crate) fn visiting_order(x: &Tensor) -> Dims {
    let mut order: Dims = (0..x.rank()).filter(|&d| x.shape()[d] != 1).collect();
    order.sort_by_key(|&d| std::cmp::Reverse(x.strides()[d]));
    order
}

/// Lets `draw` fill a contiguous tensor whose elements are those of `x` in PyTorch's order of visiting.
pub(crate) fn in_visiting_order(x: &Tensor, draw: impl FnOnce(&Tensor) -> Result<()>) -> Result<()> {
    if x.numel() == 0 {
        return Ok(());
    }
    if x.device().is_gpu() {
        // The numbers are the CPU's, and so is the order; the device gets them afterwards.
        let drawn = {
            let _inside = Inside::of(Device::Cpu);
            let drawn = Tensor::empty_as(x.layout().like(), x.dtype())?;
            in_visiting_order(&drawn, draw)?;
            drawn
        };
        x.copy_data(&drawn);
        return Ok(());
    }
    if x.is_contiguous() {
        return draw(x);
    }
    let visited = x.with_layout(x.layout().permute(&visiting_order(x)));
    if visited.is_contiguous() {
        return draw(&visited);
    }
    let drawn = Tensor::empty(visited.shape(), x.dtype())?;
    draw(&drawn)?;
    visited.copy_data(&drawn);
    Ok(())
}

/// The elements of a contiguous tensor that no one else uses.
macro_rules! slots {
    ($x:expr, $T:ty) => {
        // SAFETY: the op writes to this tensor alone, and reads no other that shares its memory.
        unsafe { $x.as_mut_slice::<$T>() }
    };
}
pub(crate) use slots;

/// Fills `out` with numbers that take `draws` of 32 bits each, on several threads: the generator's state is noted at the
/// start of each part, so that the numbers are those of one thread, and so is the state afterwards.
pub(crate) fn in_parts<T: Send>(
    g: &SharedGenerator,
    out: &mut [T],
    draws: usize,
    fill: impl Fn(&mut Generator, &mut [T]) + Sync,
) {
    const PART: usize = 1 << 16;
    // A multiple of 16, the block that normal numbers come in.
    let part = PART.max((out.len() / 1024).next_multiple_of(16));
    let parts = out.len() / part;
    let mut guard = g.lock();
    let g = &mut *guard;
    if parts < 2 || parallel::num_threads() == 1 || parallel::in_parallel() {
        return fill(g, out);
    }
    let mut states = Vec::with_capacity(parts);
    for i in 0..parts {
        if i > 0 {
            g.skip(part * draws);
        }
        states.push(g.clone());
    }
    let n = out.len();
    let (out, from) = (&To(out.as_mut_ptr()), &To(states.as_mut_ptr()));
    parallel::parallel_for(parts, 1, &|range| {
        for i in range {
            let end = if i + 1 == parts { n } else { (i + 1) * part };
            // SAFETY: every part has a state and elements of its own.
            unsafe { fill(&mut *from.at(i), std::slice::from_raw_parts_mut(out.at(i * part), end - i * part)) };
        }
    });
    if let Some(last) = states.pop() {
        *g = last;
    }
}
/// The draws of 32 bits that a uniform number takes.
fn draws<T: crate::dtype::Element>() -> usize {
    if T::DTYPE == DType::F64 { 2 } else { 1 }
}

// ---- the distributions, on memory -------------------------------------------------------------------------------------

/// Both parts of complex numbers, as a real tensor with one dim more.
fn as_parts(x: &Tensor) -> Tensor {
    let re = parts_of(x, 0);
    let l = re.layout();
    let (mut shape, mut strides) = (l.shape.clone(), l.strides.clone());
    shape.push(2);
    strides.push(1);
    re.with_layout(Layout { shape, strides, offset: l.offset })
}

pub(crate) fn draw_uniform(x: &Tensor, from: f64, to: f64, g: &SharedGenerator) -> Result<()> {
    if x.dtype().is_complex() {
        return draw_uniform(&as_parts(x), from, to, g);
    }
    let most = drawn!(floats x.dtype(), "check_uniform_bounds", T => largest::<T>());
    for (name, bound) in [("from", from), ("to", to)] {
        ensure!((-most..=most).contains(&bound), "{name} is out of bounds for {}", x.dtype().c_name());
    }
    ensure!(from <= to, "uniform_ expects to return a [from, to) range, but found from={from} > to={to}");
    ensure!(
        to - from <= most,
        "uniform_ expects to-from <= std::numeric_limits<{}>::max(), but found to={} and from={} which result in \
         to-from to exceed the limit",
        x.dtype().scalar_name(),
        number(to),
        number(from)
    );
    in_visiting_order(x, |x| {
        drawn!(floats x.dtype(), "uniform", T => {
            in_parts(g, slots!(x, T), draws::<T>(), |g, out| random::uniform(g, out, from, to))
        });
        Ok(())
    })
}
/// The largest finite number of a floating type.
fn largest<T: crate::dtype::Element>() -> f64 {
    match T::DTYPE {
        DType::F16 => half::f16::MAX.to_f64(),
        DType::BF16 => half::bf16::MAX.to_f64(),
        DType::F32 => f32::MAX as f64,
        _ => f64::MAX,
    }
}

pub(crate) fn check_std(std: f64) -> Result<()> {
    ensure!(std >= 0.0, "normal expects std >= 0.0, but found std {}", number(std));
    Ok(())
}
pub(crate) fn draw_normal(x: &Tensor, mean: f64, std: f64, g: &SharedGenerator) -> Result<()> {
    check_std(std)?;
    if x.dtype().is_complex() {
        // Real and imaginary parts share the variance.
        return draw_normal(&as_parts(x), mean, std / 2f64.sqrt(), g);
    }
    // Only contiguous elements are drawn in blocks.
    let in_blocks = x.is_contiguous();
    in_visiting_order(x, |x| {
        drawn!(floats x.dtype(), "normal_kernel_cpu", T => {
            if in_blocks {
                in_parts(g, slots!(x, T), draws::<T>(), |g, out| random::normal(g, out, mean, std))
            } else {
                random::normal_serial(&mut g.lock(), slots!(x, T), mean, std)
            }
        });
        Ok(())
    })
}

pub(crate) fn draw_bernoulli(x: &Tensor, p: f64, g: &SharedGenerator) -> Result<()> {
    ensure!((0.0..=1.0).contains(&p), "bernoulli_ expects p to be in [0, 1], but got p={}", number(p));
    in_visiting_order(x, |x| {
        drawn!(all x.dtype(), "bernoulli_scalar_cpu_", T => {
            in_parts(g, slots!(x, T), 2, |g, out| random::bernoulli(g, out, p))
        });
        Ok(())
    })
}
/// One probability for each element; `p` broadcasts.
pub(crate) fn draw_bernoulli_each(x: &Tensor, p: &Tensor, g: &SharedGenerator) -> Result<()> {
    drawn!(all x.dtype(), "bernoulli_tensor_cpu_self_", T => T::DTYPE);
    drawn!(floats p.dtype(), "bernoulli_tensor_cpu_p_", T => T::DTYPE);
    let wide = p.with_layout(p.layout().expand(&x.shape().iter().map(|&n| n as i64).collect::<Vec<_>>())?);
    let wide = wide.with_layout(wide.layout().permute(&visiting_order(x)));
    // A half is compared as a float.
    let drawn_in = if p.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    let wide = wide.moved_data(Device::Cpu)?;
    let wide = {
        let _inside = Inside::of(Device::Cpu);
        wide.cast_data(drawn_in)?
    };
    in_visiting_order(x, |x| {
        drawn!(all x.dtype(), "bernoulli_tensor_cpu_self_", T => {
            let (slots, mut g) = (slots!(x, T), g.lock());
            // SAFETY: `wide` is a tensor of its own, or the probabilities, which nobody writes meanwhile.
            let done = unsafe {
                match drawn_in {
                    DType::F64 => random::bernoulli_each(&mut g, slots, wide.as_slice::<f64>()),
                    _ => random::bernoulli_each(&mut g, slots, wide.as_slice::<f32>()),
                }
            };
            done.map_err(|m| Error::new(Kind::Runtime, m))
        })
    })
}

/// A number as C++ prints it into a message: six significant digits.
pub(crate) fn number(v: f64) -> String {
    if v.is_nan() || v.is_infinite() {
        return v.to_string().to_lowercase();
    }
    let exponent = if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    if !(-5..6).contains(&exponent) {
        let text = format!("{v:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    let text = format!("{v:.*}", (5 - exponent).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// Integers from `from` on, below `to`.
pub(crate) fn draw_between(x: &Tensor, from: i64, to: i64, g: &SharedGenerator) -> Result<()> {
    check_real(x.dtype(), "check_random_bounds")?;
    ensure!(from < to, "random_ expects 'from' to be less than 'to', but got from={from} >= to={to}");
    let (from, to) = drawn!(all x.dtype(), "random_update_from_to", T => random::random_bounds::<T>(from, to));
    ensure!(
        from < to,
        "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from={from} >= to={to}"
    );
    check_bounds(x.dtype(), from, to - 1, "to - 1")?;
    draw_range(x, (to as u64).wrapping_sub(from as u64), from, g)
}
/// Integers from `from` up to the largest that the dtype holds.
fn draw_from(x: &Tensor, from: i64, g: &SharedGenerator) -> Result<()> {
    if from == i64::MIN {
        return match x.dtype() {
            d @ (DType::I64 | DType::F64 | DType::F32 | DType::BF16) => in_visiting_order(x, |x| {
                drawn!(ints d, "random_full_64_bits_range_kernel_cpu", T => {
                    random::random_full_64_bits(&mut g.lock(), slots!(x, T))
                });
                Ok(())
            }),
            DType::F16 => Err(unsupported("random_full_64_bits_range_kernel_cpu", DType::F16)),
            d if d.is_complex() || d == DType::Bool => Err(unsupported("random_full_64_bits_range_kernel_cpu", d)),
            _ => bail!("random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"),
        };
    }
    check_real(x.dtype(), "random_from_to_impl")?;
    let (from, last) = drawn!(all x.dtype(), "random_from_to_range_calc", T => {
        match (T::DTYPE.int_range(), <T as random::Element>::DIGITS) {
            (Some((_, last)), _) => (from, last),
            (None, digits) => {
                let last = 1i64 << digits.unwrap_or(0);
                let from = random::random_bounds::<T>(from, i64::MAX).0;
                ensure!(
                    from < last,
                    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but \
                     got from={from} > to_inc={last}"
                );
                (from, last)
            }
        }
    });
    check_bounds(x.dtype(), from, last, "to_inc")?;
    draw_range(x, (last as u64).wrapping_sub(from as u64).wrapping_add(1), from, g)
}
fn check_real(dtype: DType, name: &str) -> Result<()> {
    ensure!(!dtype.is_complex(), "{name} handles only integral, floating-point and boolean types");
    Ok(())
}
fn check_bounds(dtype: DType, from: i64, last: i64, name: &str) -> Result<()> {
    for (name, bound) in [("from", from), (name, last)] {
        let fits = match dtype.int_range() {
            Some((low, high)) => (low..=high).contains(&bound),
            None => dtype != DType::F16 || (bound as f64).abs() <= half::f16::MAX.to_f64(),
        };
        ensure!(fits, "{name} is out of bounds for {}", dtype.c_name());
    }
    Ok(())
}
fn draw_range(x: &Tensor, range: u64, base: i64, g: &SharedGenerator) -> Result<()> {
    in_visiting_order(x, |x| {
        drawn!(all x.dtype(), "random_from_to_kernel_cpu", T => {
            let draws = if (1..0x1000_0000).contains(&range) { 1 } else { 2 };
            in_parts(g, slots!(x, T), draws, |g, out| random::random_from_to(g, out, range, base))
        });
        Ok(())
    })
}
/// Integers over all that the dtype holds from zero on.
fn draw_any(x: &Tensor, g: &SharedGenerator) -> Result<()> {
    in_visiting_order(x, |x| {
        drawn!(all x.dtype(), "random_kernel_cpu", T => {
            random::random(&mut g.lock(), slots!(x, T)).map_err(|m| Error::new(Kind::Runtime, m))
        })
    })
}

pub(crate) fn draw_exponential(x: &Tensor, lambda: f64, g: &SharedGenerator) -> Result<()> {
    ensure!(
        x.dtype().is_float() || x.numel() == 0,
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you \
         specified {}",
        x.dtype().scalar_name()
    );
    ensure!(lambda > 0.0, "exponential_ expects lambda > 0.0, but found lambda={}", number(lambda));
    in_visiting_order(x, |x| {
        drawn!(floats x.dtype(), "exponential_cpu", T => {
            in_parts(g, slots!(x, T), 2, |g, out| random::exponential(g, out, lambda))
        });
        Ok(())
    })
}
fn draw_geometric(x: &Tensor, p: f64, g: &SharedGenerator) -> Result<()> {
    ensure!(0.0 < p && p < 1.0, "geometric_ expects p to be in (0, 1), but got p={}", number(p));
    in_visiting_order(x, |x| {
        drawn!(ints x.dtype(), "geometric_cpu", T => random::geometric(&mut g.lock(), slots!(x, T), p));
        Ok(())
    })
}
fn draw_cauchy(x: &Tensor, median: f64, sigma: f64, g: &SharedGenerator) -> Result<()> {
    ensure!(sigma > 0.0, "cauchy_ expects sigma > 0.0, but found sigma={}", number(sigma));
    ensure!(
        x.dtype().is_float() || x.numel() == 0,
        "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you \
         specified {}",
        x.dtype().c_name()
    );
    in_visiting_order(x, |x| {
        drawn!(floats x.dtype(), "cauchy_cpu", T => random::cauchy(&mut g.lock(), slots!(x, T), median, sigma));
        Ok(())
    })
}
fn draw_log_normal(x: &Tensor, mean: f64, std: f64, g: &SharedGenerator) -> Result<()> {
    ensure!(std > 0.0, "log_normal_ expects std > 0.0, but found std={}", number(std));
    in_visiting_order(x, |x| {
        drawn!(floats x.dtype(), "log_normal_cpu", T => random::log_normal(&mut g.lock(), slots!(x, T), mean, std));
        Ok(())
    })
}

/// Overwrites the first argument with what `draw` gives, under the generator that argument `g` names.
fn over(
    a: &Args,
    g: usize,
    op: &'static str,
    draw: impl FnOnce(&Tensor, &SharedGenerator) -> Result<()>,
) -> Result<()> {
    let (x, g) = (a.tensor(0)?, generator(a, g)?);
    overwritten(x, op, || draw(x, &g))
}

rows! {
    /// Numbers drawn evenly from `from` up to `to`.
    "uniform_(Tensor(a!) self, float from=0, float to=1, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 3, "uniform", |x, g| draw_uniform(x, a.float(1)?, a.float(2)?, g));
    |_s| vec![];
    /// Numbers drawn from the normal distribution.
    "normal_(Tensor(a!) self, float mean=0, float std=1, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 3, "normal", |x, g| draw_normal(x, a.float(1)?, a.float(2)?, g));
    |_s| vec![];
    /// Ones with the probabilities that a tensor gives, else zeros.
    "bernoulli_.Tensor(Tensor(a!) self, Tensor p, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 2, "bernoulli#1", |x, g| draw_bernoulli_each(x, a.tensor(1)?, g));
    |_s| vec![];
    /// Ones with probability `p`, else zeros.
    "bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 2, "bernoulli#2", |x, g| draw_bernoulli(x, a.float(1)?, g));
    |_s| vec![];
    /// Integers from `from` on, below `to`, or up to the largest that the dtype holds.
    "random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 3, "random", |x, g| match a.opt_int(2)? {
        Some(to) => draw_between(x, a.int(1)?, to, g),
        None => draw_from(x, a.int(1)?, g),
    });
    |_s| vec![];
    /// Integers from 0 on, below `to`.
    "random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 2, "random#1", |x, g| draw_between(x, 0, a.int(1)?, g));
    |_s| vec![];
    /// Integers over all that the dtype holds from zero on.
    "random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 1, "random#2", draw_any);
    |_s| vec![];
    /// Numbers drawn from the exponential distribution.
    "exponential_(Tensor(a!) self, float lambd=1, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 2, "exponential", |x, g| draw_exponential(x, a.float(1)?, g));
    |_s| vec![];
    /// The number of trials up to the first success, which has probability `p`.
    "geometric_(Tensor(a!) self, float p, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 2, "geometric", |x, g| draw_geometric(x, a.float(1)?, g));
    |_s| vec![];
    /// Numbers drawn from the Cauchy distribution.
    "cauchy_(Tensor(a!) self, float median=0, float sigma=1, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 3, "cauchy", |x, g| draw_cauchy(x, a.float(1)?, a.float(2)?, g));
    |_s| vec![];
    /// Exponentials of numbers drawn from the normal distribution.
    "log_normal_(Tensor(a!) self, float mean=1, float std=2, *, Generator? generator=None) -> Tensor(a!)" "mn"
    |a| over(a, 3, "log_normal", |x, g| draw_log_normal(x, a.float(1)?, a.float(2)?, g));
    |_s| vec![];
}
