//! New tensors of random numbers.
use crate::dtype::{DType, Scalar, default_dtype};
use crate::device::{Device, Inside};
use crate::error::{Error, Kind, Result};
use crate::layout::{broadcast, sizes};
use crate::ops::create_like::empty_like;
use crate::ops::random::{
    check_std, draw_bernoulli, draw_bernoulli_each, draw_between, draw_exponential, draw_normal, draw_uniform, drawn, generator, slots,
    unsupported,
};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::random;
use crate::tensor::Tensor;

/// A tensor of the size that argument `size` gives, for `draw` to fill.
fn new(
    size: &[i64],
    dtype: DType,
    g: SharedGenerator,
    draw: impl FnOnce(&Tensor, &SharedGenerator) -> Result<()>,
) -> Result<Tensor> {
    let y = Tensor::empty(&sizes(size)?, dtype)?;
    draw(&y, &g)?;
    Ok(y)
}
fn rand(size: &[i64], dtype: Option<DType>, g: SharedGenerator) -> Result<Tensor> {
    new(size, dtype.unwrap_or_else(default_dtype), g, |y, g| draw_uniform(y, 0.0, 1.0, g))
}
fn randn(size: &[i64], dtype: Option<DType>, g: SharedGenerator) -> Result<Tensor> {
    new(size, dtype.unwrap_or_else(default_dtype), g, |y, g| draw_normal(y, 0.0, 1.0, g))
}
fn randint(from: i64, to: i64, size: &[i64], dtype: Option<DType>, g: SharedGenerator) -> Result<Tensor> {
    new(size, dtype.unwrap_or(DType::I64), g, |y, g| draw_between(y, from, to, g))
}

/// Like the first argument, in the dtype and format at `dtype` and `dtype + 4`.
fn alike(a: &Args, dtype: usize, draw: impl FnOnce(&Tensor) -> Result<()>) -> Result<Tensor> {
    let y = empty_like(a.tensor(0)?, a.opt_dtype(dtype)?, a.opt_memory_format(dtype + 4)?)?;
    draw(&y)?;
    Ok(y)
}
fn scalar_bound(high: &Tensor) -> Result<i64> {
    ensure!(high.rank() == 0, "high must be a scalar tensor and on CPU");
    Ok(high.item()?.to_i64())
}

/// A permutation of 0, 1, ... below `n`.
fn randperm(n: i64, dtype: Option<DType>, g: SharedGenerator) -> Result<Tensor> {
    ensure!(n >= 0, "Trying to create tensor with negative dimension {n}: [{n}]");
    let dtype = dtype.unwrap_or(DType::I64);
    Scalar::Int(n).check_fits(dtype)?;
    let most = match dtype {
        DType::F16 => Some((1i64 << 11, "2049", "Half")),
        DType::F32 => Some((1 << 24, "2^24+1", "Float")),
        DType::F64 => Some((1 << 53, "2^53+1", "Double")),
        _ => None,
    };
    if let Some((most, text, name)) = most {
        ensure!(n <= most + 1, "n cannot be greater than {text} for {name} type.");
    }
    new(&[n], dtype, g, |y, g| {
        drawn!(ints dtype, "randperm", T => random::randperm(&mut g.lock(), slots!(y, T)));
        Ok(())
    })
}

/// A gradient of zeros for the one input: what was drawn does not follow it.
fn without_influence(y: Tensor, op: &'static str, x: &Tensor) -> Result<Tensor> {
    y.record(op, &[x], |_, _| one_grad(|_, g| zeros_like(g)))
}

/// Ones with the probabilities that `p` gives, else zeros.
fn bernoulli(p: &Tensor, g: SharedGenerator) -> Result<Tensor> {
    let y = Tensor::empty(p.shape(), p.dtype())?;
    draw_bernoulli_each(&y, p, &g)?;
    without_influence(y, "bernoulli", p)
}
fn bernoulli_p(x: &Tensor, p: f64, g: SharedGenerator) -> Result<Tensor> {
    let y = Tensor::empty(x.shape(), x.dtype())?;
    draw_bernoulli(&y, p, &g)?;
    refusal::without_derivative(y, "bernoulli", &[x])
}

fn check_stds(std: &Tensor) -> Result<()> {
    ensure!(!std.dtype().is_complex(), "normal expects standard deviation to be non-complex");
    let negative = |t: &Tensor| -> Result<bool> { Ok(t.read_back::<f64>()?.iter().any(|&s| s < 0.0 || s.is_nan())) };
    ensure!(!negative(std)?, "normal expects all elements of std >= 0.0");
    Ok(())
}
/// In place and outside the graph: `y` becomes `f(y, x)` in its own dtype.
fn apply(y: &Tensor, x: &Tensor, f: impl Fn(&Tensor, &Tensor) -> Result<Tensor>) -> Result<()> {
    y.copy_data(&f(y, &x.detach())?);
    Ok(())
}
fn normal_mean(mean: &Tensor, std: f64, g: SharedGenerator) -> Result<Tensor> {
    check_std(std)?;
    let y = Tensor::empty(mean.shape(), mean.dtype())?;
    draw_normal(&y, 0.0, std, &g)?;
    apply(&y, mean, |y, m| add(y, m))?;
    without_influence(y, "normal#1", mean)
}
fn normal_std(mean: f64, std: &Tensor, g: SharedGenerator) -> Result<Tensor> {
    check_stds(std)?;
    let y = Tensor::empty(std.shape(), std.dtype())?;
    draw_normal(&y, 0.0, 1.0, &g)?;
    apply(&y, std, |y, s| mul(y, s))?;
    y.copy_data(&add(&y, mean)?);
    without_influence(y, "normal#2", std)
}
fn normal_mean_std(mean: &Tensor, std: &Tensor, g: SharedGenerator) -> Result<Tensor> {
    check_stds(std)?;
    let y = Tensor::empty(&broadcast(mean.shape(), std.shape())?, mean.dtype())?;
    draw_normal(&y, 0.0, 1.0, &g)?;
    apply(&y, std, |y, s| mul(y, s))?;
    apply(&y, mean, |y, m| add(y, m))?;
    y.record("normal#3", &[mean, std], |_, _| {
        Box::new(|_, g| {
            let zeros = g[0].as_ref().map(zeros_like).transpose()?;
            Ok(smallvec::smallvec![zeros.clone(), zeros])
        })
    })
}

/// Category numbers drawn with the given weights, row by row.
fn multinomial(weights: &Tensor, samples: i64, replacement: bool, g: SharedGenerator) -> Result<Tensor> {
    ensure!((1..=2).contains(&weights.rank()), "prob_dist must be 1 or 2 dim");
    ensure!(
        weights.dtype().is_float(),
        "multinomial only supports floating-point dtypes for input, got: {}",
        weights.dtype().scalar_name()
    );
    ensure!(samples > 0, "cannot sample n_sample <= 0 samples");
    let (rows, categories) = match weights.shape() {
        [n] => (1, *n),
        [rows, n] => (*rows, *n),
        _ => (0, 0),
    };
    ensure!(
        replacement || samples as u64 <= categories as u64,
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
    );
    ensure!(categories <= 1 << 24, "number of categories cannot exceed 2^24");
    let mut size = vec![samples];
    if weights.rank() == 2 {
        size.insert(0, rows as i64);
    }
    if weights.device().is_gpu() {
        let y = {
            let _inside = Inside::of(Device::Cpu);
            multinomial(&weights.moved_data(Device::Cpu)?, samples, replacement, g)?
        };
        return y.moved_data(weights.device());
    }
    let y = Tensor::empty(&sizes(&size)?, DType::I64)?;
    let failed = |m| Error::new(Kind::Runtime, m);
    let in_order = weights.contiguous_data()?;
    drawn!(floats weights.dtype(), "multinomial", T => {
        // SAFETY: a contiguous tensor that nobody writes meanwhile.
        let values = unsafe { in_order.as_slice::<T>() };
        if weights.is_contiguous() || (replacement && samples > 1) || values.is_empty() {
            random::multinomial(&mut g.lock(), slots!(y, i64), values, categories, samples as usize, replacement)
                .map_err(failed)?;
            return Ok(y);
        }
        // The numbers of the race are drawn as the weights lie in memory.
        random::check_weights(values, categories).map_err(failed)?;
        let times = empty_like(weights, None, None)?;
        draw_exponential(&times, 1.0, &g)?;
        let times = times.contiguous_data()?;
        random::race(slots!(y, i64), values, slots!(times, T), categories, samples as usize);
    });
    Ok(y)
}

rows! {
    /// Numbers drawn evenly from 0 up to 1.
    "rand(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| rand(&a.ints(0)?, a.opt_dtype(1)?, default_generator());
    |_s| vec![];
    /// Numbers drawn evenly from 0 up to 1.
    "rand.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| rand(&a.ints(0)?, a.opt_dtype(2)?, generator(a, 1)?);
    |_s| vec![];
    /// Numbers drawn evenly from 0 up to 1, shaped like another tensor.
    "rand_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 1, |y| draw_uniform(y, 0.0, 1.0, &default_generator()));
    |_s| vec![];
    /// Numbers drawn evenly from 0 up to 1, shaped like another tensor.
    "rand_like.generator(Tensor self, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 2, |y| draw_uniform(y, 0.0, 1.0, &generator(a, 1)?));
    |_s| vec![];
    /// Numbers drawn from the standard normal distribution.
    "randn(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randn(&a.ints(0)?, a.opt_dtype(1)?, default_generator());
    |_s| vec![];
    /// Numbers drawn from the standard normal distribution.
    "randn.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randn(&a.ints(0)?, a.opt_dtype(2)?, generator(a, 1)?);
    |_s| vec![];
    /// Numbers drawn from the standard normal distribution, shaped like another tensor.
    "randn_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 1, |y| draw_normal(y, 0.0, 1.0, &default_generator()));
    |_s| vec![];
    /// Numbers drawn from the standard normal distribution, shaped like another tensor.
    "randn_like.generator(Tensor self, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 2, |y| draw_normal(y, 0.0, 1.0, &generator(a, 1)?));
    |_s| vec![];
    /// Integers from 0 on, below `high`.
    "randint(SymInt high, SymInt[] size, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randint(0, a.int(0)?, &a.ints(1)?, a.opt_dtype(2)?, default_generator());
    |_s| vec![];
    /// Integers from 0 on, below `high`.
    "randint.generator(SymInt high, SymInt[] size, *, Generator? generator, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randint(0, a.int(0)?, &a.ints(1)?, a.opt_dtype(3)?, generator(a, 2)?);
    |_s| vec![];
    /// Integers from `low` on, below `high`.
    "randint.low(SymInt low, SymInt high, SymInt[] size, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randint(a.int(0)?, a.int(1)?, &a.ints(2)?, a.opt_dtype(3)?, default_generator());
    |_s| vec![];
    /// Integers from `low` on, below `high`.
    "randint.low_generator(SymInt low, SymInt high, SymInt[] size, *, Generator? generator, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randint(a.int(0)?, a.int(1)?, &a.ints(2)?, a.opt_dtype(4)?, generator(a, 3)?);
    |_s| vec![];
    /// Integers from 0 on, below `high`, shaped like another tensor.
    "randint_like(Tensor self, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 2, |y| draw_between(y, 0, a.int(1)?, &default_generator()));
    |_s| vec![];
    /// Integers from 0 on, below `high`, shaped like another tensor.
    "randint_like.generator(Tensor self, SymInt high, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 3, |y| draw_between(y, 0, a.int(1)?, &generator(a, 2)?));
    |_s| vec![];
    /// Integers from 0 on, below the value of `high`, shaped like another tensor.
    "randint_like.Tensor(Tensor self, Tensor high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 2, |y| draw_between(y, 0, scalar_bound(a.tensor(1)?)?, &default_generator()));
    |_s| vec![];
    /// Integers from 0 on, below the value of `high`, shaped like another tensor.
    "randint_like.Tensor_generator(Tensor self, Tensor high, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 3, |y| draw_between(y, 0, scalar_bound(a.tensor(1)?)?, &generator(a, 2)?));
    |_s| vec![];
    /// Integers from `low` on, below `high`, shaped like another tensor.
    "randint_like.low_dtype(Tensor self, SymInt low, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 3, |y| draw_between(y, a.int(1)?, a.int(2)?, &default_generator()));
    |_s| vec![];
    /// Integers from `low` on, below `high`, shaped like another tensor.
    "randint_like.low_generator_dtype(Tensor self, SymInt low, SymInt high, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| alike(a, 4, |y| draw_between(y, a.int(1)?, a.int(2)?, &generator(a, 3)?));
    |_s| vec![];
    /// A permutation of 0, 1, ... below `n`.
    "randperm(SymInt n, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randperm(a.int(0)?, a.opt_dtype(1)?, default_generator());
    |_s| vec![];
    /// A permutation of 0, 1, ... below `n`.
    "randperm.generator(SymInt n, *, Generator? generator, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| randperm(a.int(0)?, a.opt_dtype(2)?, generator(a, 1)?);
    |_s| vec![];
    /// Ones with the probabilities that the tensor gives, else zeros.
    "bernoulli(Tensor self, *, Generator? generator=None) -> Tensor" "fmno"
    |a| bernoulli(a.tensor(0)?, generator(a, 1)?);
    |_s| vec![];
    /// Ones with probability `p`, else zeros.
    "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor" "fmn"
    |a| bernoulli_p(a.tensor(0)?, a.float(1)?, generator(a, 2)?);
    |_s| vec![];
    /// Normal numbers around means, with standard deviations of their own.
    "normal.Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor" "fno"
    |a| normal_mean_std(a.tensor(0)?, a.tensor(1)?, generator(a, 2)?);
    |_s| vec![];
    /// Normal numbers around means.
    "normal.Tensor_float(Tensor mean, float std=1, *, Generator? generator=None) -> Tensor" "fno"
    |a| normal_mean(a.tensor(0)?, a.float(1)?, generator(a, 2)?);
    |_s| vec![];
    /// Normal numbers with standard deviations of their own.
    "normal.float_Tensor(float mean, Tensor std, *, Generator? generator=None) -> Tensor" "fno"
    |a| normal_std(a.float(0)?, a.tensor(1)?, generator(a, 2)?);
    |_s| vec![];
    /// Normal numbers, as many as the size says.
    "normal.float_float(float mean, float std, SymInt[] size, *, Generator? generator=None, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| new(&a.ints(2)?, a.opt_dtype(4)?.unwrap_or_else(default_dtype), generator(a, 3)?, |y, g| {
        draw_normal(y, a.float(0)?, a.float(1)?, g)
    });
    |_s| vec![];
    /// Category numbers drawn with the given weights.
    "multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor" "fmno"
    |a| multinomial(a.tensor(0)?, a.int(1)?, a.bool(2)?, generator(a, 3)?);
    |_s| vec![];
}
