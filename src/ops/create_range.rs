//! New tensors of evenly spaced numbers.
use crate::dtype::{DType, Scalar, default_dtype};
use crate::error::{Error, Kind, Result};
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
        // Compared in the type that the numbers are made in: a step of 0.5 in an int type is none.
        let step = if dtype.is_integral() { self.step.to_f64().trunc() } else { self.step.to_f64() };
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
}
