//! New tensors of evenly spaced numbers.
use crate::dtype::{C64, DType, Scalar, default_dtype};
use crate::error::{Error, Kind, Result};
use crate::ops::create::check_fill;
use crate::ops::{Args, Operand};
use crate::tensor::Tensor;
use half::{bf16, f16};

fn not_implemented(name: &str, dtype: DType) -> Error {
    Error::new(Kind::NotImplemented, format!("\"{name}\" not implemented for '{}'", dtype.scalar_name()))
}

/// Sets element `i` of a new contiguous tensor to `f(i)`, computed in the type that `dispatch` names.
macro_rules! filled_by {
    ($y:expr, $n:expr, $T:ty, $f:expr) => {{
        let y = Tensor::empty(&[$n], $y)?;
        let f = $f;
        // SAFETY: a new contiguous tensor of this type that nobody else has.
        for (i, slot) in unsafe { y.as_mut_slice::<$T>() }.iter_mut().enumerate() {
            *slot = f(i);
        }
        y
    }};
}

/// The steps of `arange` and `range`: their number, after PyTorch's checks, is `count(start, end, step)`.
struct Steps {
    start: Scalar,
    end: Scalar,
    step: Scalar,
}

impl Steps {
    fn whole(&self) -> bool {
        self.start.is_integral() && self.end.is_integral() && self.step.is_integral()
    }
    /// Refuses a step of zero, bounds that are not finite, and a step that leads away from the end.
    fn check(&self, dtype: DType) -> Result<()> {
        for s in [self.start, self.end, self.step] {
            ensure!(
                !matches!(s, Scalar::Complex(c) if c.im != 0.0),
                "value cannot be converted to type double without overflow"
            );
        }
        let (start, end) = (self.start.to_f64(), self.end.to_f64());
        // A step of 0.5 is none in int64; in narrower types PyTorch repeats the start.
        let step = if dtype == DType::I64 { self.step.to_f64().trunc() } else { self.step.to_f64() };
        ensure!(step != 0.0 || self.step.to_f64() == 0.0, Value, "step must be nonzero");
        ensure!(step != 0.0 && !step.is_nan(), "step must be nonzero");
        ensure!(
            start.is_finite() && end.is_finite(),
            "unsupported range: {} -> {}",
            plain(start),
            plain(end)
        );
        let right = if self.whole() {
            let (start, end) = (self.start.to_i64(), self.end.to_i64());
            if step > 0.0 { end >= start } else { end <= start }
        } else {
            if step > 0.0 { end >= start } else { end <= start }
        };
        ensure!(right, "upper bound and lower bound inconsistent with step sign");
        Ok(())
    }
    /// Element `i` is `start + i * step`, in the type that PyTorch accumulates `dtype` in.
    fn fill(&self, n: f64, dtype: DType) -> Result<Tensor> {
        ensure!((0.0..9.2e18).contains(&n), "invalid size, possible overflow?");
        let n = n as usize;
        crate::layout::checked_numel(&[n])?;
        let (start, step) = (self.start.to_f64(), self.step.to_f64());
        let (start_int, step_int) = (self.start.to_i64(), self.step.to_i64());
        let whole = |i: usize| start_int.wrapping_add(step_int.wrapping_mul(i as i64));
        Ok(match dtype {
            DType::F64 => filled_by!(dtype, n, f64, |i| start + step * i as f64),
            DType::F32 => filled_by!(dtype, n, f32, |i| (start + step * i as f64) as f32),
            DType::F16 => filled_by!(dtype, n, f16, |i| f16::from_f32(start as f32 + step as f32 * i as f32)),
            DType::BF16 => filled_by!(dtype, n, bf16, |i| bf16::from_f32(start as f32 + step as f32 * i as f32)),
            DType::I64 => filled_by!(dtype, n, i64, whole),
            DType::I32 => filled_by!(dtype, n, i32, |i| whole(i) as i32),
            DType::I16 => filled_by!(dtype, n, i16, |i| whole(i) as i16),
            DType::I8 => filled_by!(dtype, n, i8, |i| whole(i) as i8),
            DType::U8 => filled_by!(dtype, n, u8, |i| whole(i) as u8),
            _ => unreachable!("refused by the callers"),
        })
    }
}

/// As C++ prints a double in a message.
fn plain(v: f64) -> String {
    match v {
        v if v.is_nan() => "nan".into(),
        v if v == f64::INFINITY => "inf".into(),
        v if v == f64::NEG_INFINITY => "-inf".into(),
        v => v.to_string(),
    }
}

/// `start`, `start + step`, ... up to `end`, which is left out.
pub fn arange(start: Scalar, end: Scalar, step: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    let steps = Steps { start, end, step };
    let dtype = dtype.unwrap_or_else(|| if steps.whole() { DType::I64 } else { default_dtype() });
    if dtype.is_complex() || dtype == DType::Bool {
        return Err(not_implemented("arange_cpu", dtype));
    }
    steps.check(dtype)?;
    let n = if dtype == DType::I64 {
        let (start, end, step) = (start.to_i64() as i128, end.to_i64() as i128, step.to_i64() as i128);
        ((end - start + step - step.signum()) / step) as f64
    } else {
        ((end.to_f64() - start.to_f64()) / step.to_f64()).ceil()
    };
    steps.fill(n, dtype)
}

/// As `arange`, with the end included.
fn range(start: Scalar, end: Scalar, step: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    let steps = Steps { start, end, step };
    let dtype = dtype.unwrap_or_else(default_dtype);
    if dtype.is_complex() || dtype == DType::Bool {
        return Err(not_implemented("range_cpu", dtype));
    }
    steps.check(dtype)?;
    let n = if dtype.is_integral() {
        let (start, end, step) = (start.to_i64() as i128, end.to_i64() as i128, step.to_i64() as i128);
        ((end - start) / step + 1) as f64
    } else {
        ((end.to_f64() - start.to_f64()) / step.to_f64() + 1.0).trunc()
    };
    steps.fill(n, dtype)
}

/// The dtype of numbers between these ends: complex if one of them is.
fn spaced_dtype(name: &str, start: Scalar, end: Scalar, dtype: Option<DType>) -> Result<DType> {
    if !(start.is_complex() || end.is_complex()) {
        return Ok(dtype.unwrap_or_else(default_dtype));
    }
    let inferred = default_dtype().to_complex();
    let dtype = dtype.unwrap_or(inferred);
    ensure!(
        dtype.is_complex(),
        "torch.{name}(): inferred dtype {} can't be safely cast to passed dtype {}",
        inferred.c_name(),
        dtype.scalar_name()
    );
    Ok(dtype)
}
fn step_count(steps: i64) -> Result<usize> {
    ensure!(steps >= 0, "number of steps must be non-negative");
    crate::layout::checked_numel(&[steps as usize])?;
    Ok(steps as usize)
}

/// Number `i` of `n` from `start` to `end`, counted from the nearer end so that both are exact.
macro_rules! between {
    ($T:ty, $start:expr, $end:expr, $n:expr, |$k:ident| $count:expr) => {{
        let (start, end, n): ($T, $T, usize) = ($start, $end, $n);
        let count = |$k: usize| -> $T { $count };
        let step = (end - start) / count(n.saturating_sub(1).max(1));
        move |i: usize| if i < n / 2 || n == 1 { start + step * count(i) } else { end - step * count(n - i - 1) }
    }};
}

/// `steps` numbers from `start` to `end`, both included.
fn linspace(start: Scalar, end: Scalar, steps: i64, dtype: Option<DType>) -> Result<Tensor> {
    let dtype = spaced_dtype("linspace", start, end, dtype)?;
    let n = step_count(steps)?;
    check_fill(start, dtype)?;
    if n > 1 {
        check_fill(end, dtype)?;
    }
    // Ends in an int type are cut to it first; the steps between are real numbers.
    let (a, b) = match dtype.int_range() {
        Some(_) => (start.to_f64().trunc(), end.to_f64().trunc()),
        None => (start.to_f64(), end.to_f64()),
    };
    let real = between!(f64, a, b, n, |k| k as f64);
    let single = between!(f32, a as f32, b as f32, n, |k| k as f32);
    Ok(match dtype {
        DType::F64 => filled_by!(dtype, n, f64, real),
        DType::F32 => filled_by!(dtype, n, f32, single),
        DType::F16 => {
            let (a, b) = (f16::from_f64(a), f16::from_f64(b));
            filled_by!(dtype, n, f16, between!(f16, a, b, n, |k| f16::from_f32(k as f32)))
        }
        DType::BF16 => {
            let (a, b) = (bf16::from_f64(a), bf16::from_f64(b));
            filled_by!(dtype, n, bf16, between!(bf16, a, b, n, |k| bf16::from_f32(k as f32)))
        }
        DType::I64 => filled_by!(dtype, n, i64, |i| real(i) as i64),
        DType::I32 => filled_by!(dtype, n, i32, |i| real(i) as i32),
        DType::I16 => filled_by!(dtype, n, i16, |i| real(i) as i16),
        DType::I8 => filled_by!(dtype, n, i8, |i| real(i) as i8),
        DType::U8 => filled_by!(dtype, n, u8, |i| real(i) as u8),
        DType::C64 | DType::C128 => complex_linspace(start.to_c64(), end.to_c64(), n)?.cast_data(dtype)?,
        DType::Bool => return Err(not_implemented("linspace_cpu", dtype)),
    })
}
fn complex_linspace(start: C64, end: C64, n: usize) -> Result<Tensor> {
    let (re, im) =
        (between!(f64, start.re, end.re, n, |k| k as f64), between!(f64, start.im, end.im, n, |k| k as f64));
    Ok(filled_by!(DType::C128, n, C64, |i| C64::new(re(i), im(i))))
}

/// `steps` powers of `base`, whose exponents are evenly spaced from `start` to `end`.
fn logspace(start: Scalar, end: Scalar, steps: i64, base: f64, dtype: Option<DType>) -> Result<Tensor> {
    let dtype = spaced_dtype("logspace", start, end, dtype)?;
    let n = step_count(steps)?;
    if dtype == DType::Bool {
        return Err(not_implemented("logspace_cpu", dtype));
    }
    if dtype.is_complex() {
        let exponents = complex_linspace(start.to_c64(), end.to_c64(), n)?.to_vec::<C64>()?;
        let base = C64::new(base, 0.0);
        return filled_by!(DType::C128, n, C64, |i: usize| base.powc(exponents[i])).cast_data(dtype);
    }
    check_fill(start, dtype)?;
    check_fill(end, dtype)?;
    let whole = |s: Scalar| if dtype.is_integral() { s.to_f64().trunc() } else { s.to_f64() };
    let exponent = between!(f64, whole(start), whole(end), n, |k| k as f64);
    let y = filled_by!(DType::F64, n, f64, |i| base.powf(exponent(i)));
    y.cast_data(dtype)
}

/// An end that a 0-dim tensor gives.
fn end_of(a: &Args, i: usize, name: &str, which: &str) -> Result<Scalar> {
    if let Operand::Tensor(t) = a.operand(i)? {
        ensure!(
            t.rank() == 0,
            "{name} only supports 0-dimensional start and end tensors, but got {which} with {} dimension(s).",
            t.rank()
        );
        return t.item();
    }
    a.scalar(i)
}
fn linspace_args(a: &Args) -> Result<Tensor> {
    linspace(end_of(a, 0, "linspace", "start")?, end_of(a, 1, "linspace", "end")?, a.int(2)?, a.opt_dtype(3)?)
}
fn logspace_args(a: &Args) -> Result<Tensor> {
    let (start, end) = (end_of(a, 0, "logspace", "start")?, end_of(a, 1, "logspace", "end")?);
    logspace(start, end, a.int(2)?, a.float(3)?, a.opt_dtype(4)?)
}

rows! {
    /// Numbers from 0 up to `end`, which is left out.
    "arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| arange(Scalar::Int(0), a.scalar(0)?, Scalar::Int(1), a.opt_dtype(1)?);
    |_s| vec![];
    /// Numbers from `start` up to `end`, which is left out.
    "arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| arange(a.scalar(0)?, a.scalar(1)?, Scalar::Int(1), a.opt_dtype(2)?);
    |_s| vec![];
    /// Numbers from `start` by `step` up to `end`, which is left out.
    "arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| arange(a.scalar(0)?, a.scalar(1)?, a.scalar(2)?, a.opt_dtype(3)?);
    |_s| vec![];
    /// Numbers from `start` by `step` up to and including `end`.
    "range.step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| range(a.scalar(0)?, a.scalar(1)?, a.scalar(2)?, a.opt_dtype(3)?);
    |_s| vec![];
    /// Evenly spaced numbers from `start` to `end`, both included.
    "linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| linspace_args(a);
    |_s| vec![];
    /// Evenly spaced numbers from `start` to `end`, both included.
    "linspace.Tensor_Tensor(Tensor start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| linspace_args(a);
    |_s| vec![];
    /// Evenly spaced numbers from `start` to `end`, both included.
    "linspace.Tensor_Scalar(Tensor start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| linspace_args(a);
    |_s| vec![];
    /// Evenly spaced numbers from `start` to `end`, both included.
    "linspace.Scalar_Tensor(Scalar start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| linspace_args(a);
    |_s| vec![];
    /// Powers of `base` with evenly spaced exponents from `start` to `end`, both included.
    "logspace(Scalar start, Scalar end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| logspace_args(a);
    |_s| vec![];
    /// Powers of `base` with evenly spaced exponents from `start` to `end`, both included.
    "logspace.Tensor_Tensor(Tensor start, Tensor end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| logspace_args(a);
    |_s| vec![];
    /// Powers of `base` with evenly spaced exponents from `start` to `end`, both included.
    "logspace.Tensor_Scalar(Tensor start, Scalar end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| logspace_args(a);
    |_s| vec![];
    /// Powers of `base` with evenly spaced exponents from `start` to `end`, both included.
    "logspace.Scalar_Tensor(Scalar start, Tensor end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| logspace_args(a);
    |_s| vec![];
}
