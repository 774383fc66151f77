//! Ops of one tensor, element by element: signs, rounding, powers, parts of complex numbers, predicates.
//!
//! To add one, add its row. `exponential.rs` and `trigonometric.rs` hold the functions that are not algebraic.
use crate::cpu::complex_math;
use crate::dtype::{C64, Category, Class, DType, Scalar};
use crate::error::Result;
use crate::ops::elementwise::Chosen;
use crate::ops::*;
use crate::tensor::Tensor;

/// Refuses complex operands in the op's own words.
pub(super) fn real_only(operands: &[Operand], words: &str) -> Result<()> {
    ensure!(!operands.iter().any(|o| o.dtype().is_complex()), "{words}");
    Ok(())
}
fn rounding(operands: &[Operand], op: &str) -> Result<()> {
    ensure!(!operands[0].dtype().is_complex(), NotImplemented, "{op} is not supported for complex inputs");
    Ok(())
}
/// Its results are integers, so it is flat wherever it has a derivative.
pub(super) fn flat(g: &Tensor) -> Result<Tensor> {
    zeros_like(g)
}

pointwise! {
    /// Absolute value of each element; the length $\sqrt{a^2 + b^2}$ of a complex number.
    abs(x) "abs(Tensor self) -> Tensor" "fmio" Keep {
        int: x.wrapping_abs(), float: x.abs(), complex_real: x.norm(),
        wgsl: { int: "abs(x)", float: "abs(x)", complex: "hypot(x.x, x.y)" },
        grad: { x: |g, x| g * sgn(x)? }, domain: 0.5..2.0
    }
    /// Minus each element. Not defined for bool.
    neg(x) "neg(Tensor self) -> Tensor" "fmio" Keep {
        check: |o| {
            ensure!(
                o[0].dtype() != DType::Bool,
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use \
                 the `~` or `logical_not()` operator instead."
            );
            Ok(())
        },
        int: x.wrapping_neg(), float: -x, complex: -x, wgsl: { int: "-x", float: "-x", complex: "-x" }, grad: { x: |g| neg(g) }, domain: -2.0..2.0
    }
    /// -1, 0 or 1 as each element is negative, zero (or NaN) or positive.
    sign(x) "sign(Tensor self) -> Tensor" "fmio" Keep {
        check: |o| {
            ensure!(
                !o[0].dtype().is_complex(),
                NotImplemented,
                "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
            );
            Ok(())
        },
        bool: x, int: x.signum(), float: x.sign(),
        wgsl: { bool: "x", int: "sign(x)", float: "sign_of(x)" },
        grad: { x: |g| flat(g) }, domain: 0.5..2.0
    }
    /// The sign of each element; of a complex number, the number on the unit circle in its direction, and 0 of 0.
    sgn(x) "sgn(Tensor self) -> Tensor" "fmio" Keep {
        bool: x, int: x.signum(), float: x.sign(),
        complex: if x == C64::ZERO { x } else { x / x.norm() },
        wgsl: { bool: "x", int: "sign(x)", float: "sign_of(x)", complex: "direction_c(x)" },
        grad: { x: |g, x, y| sgn_backward(g, x, y) }, domain: 0.5..2.0
    }
    /// Whether the sign bit is set: true for negative numbers and for -0.
    signbit(x) "signbit(Tensor self) -> Tensor" "fmon" Keep {
        check: |o| {
            ensure!(!o[0].dtype().is_complex(), NotImplemented, "signbit is not implemented for complex tensors.");
            Ok(())
        },
        int_test: x < 0, float_test: T::one().copysign(x) < T::zero(),
        wgsl: { int: "x < T(0)", float: "sign_bit(x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// The smallest integer that is not less than each element.
    ceil(x) "ceil(Tensor self) -> Tensor" "fmio" Keep {
        check: |o| rounding(o, "ceil"), int: x, float: x.ceil(),
        wgsl: { int: "x", float: "ceil(x)" },
        grad: { x: |g| flat(g) }, domain: -2.0..2.0
    }
    /// The largest integer that is not greater than each element.
    floor(x) "floor(Tensor self) -> Tensor" "fmio" Keep {
        check: |o| rounding(o, "floor"), int: x, float: x.floor(),
        wgsl: { int: "x", float: "floor(x)" },
        grad: { x: |g| flat(g) }, domain: -2.0..2.0
    }
    /// Each element without its fraction.
    trunc(x) "trunc(Tensor self) -> Tensor" "fmio" Keep {
        check: |o| rounding(o, "trunc"), int: x, float: x.trunc(),
        wgsl: { int: "x", float: "trunc(x)" },
        grad: { x: |g| flat(g) }, domain: -2.0..2.0
    }
    /// The fraction of each element, with its sign.
    frac(x) "frac(Tensor self) -> Tensor" "fmio" Keep {
        float: x - x.trunc(),
        wgsl: { float: "x - trunc(x)" },
        grad: { x: |g| g.clone() }, domain: -2.0..2.0
    }
    /// The nearest integer; of two equally near ones the even one.
    round(x) "round(Tensor self) -> Tensor" "fmio" Keep {
        int: x, float: x.round(),
        wgsl: { int: "x", float: "round(x)" },
        grad: { x: |g| flat(g) }, domain: -2.0..2.0
    }
    /// Rounded to a multiple of 1 / scale.
    round_scaled(x; scale) => "round#1" Keep {
        float: (x * scale).round() / scale,
        wgsl: { float: "round(x * scale) / scale" },
        grad: { x: |g| flat(g) },
    }
    /// Rounded to a multiple of a number that is too large to divide by its inverse.
    round_coarse(x; scale) => "round#1" Keep {
        float: (x / scale).round() * scale,
        wgsl: { float: "round(x / scale) * scale" },
        grad: { x: |g| flat(g) },
    }
    /// Square root of each element: $\sqrt{x}$, NaN for negative real numbers.
    sqrt(x) "sqrt(Tensor self) -> Tensor" "fmio" Float {
        float: x.sqrt(), complex: complex_math::sqrt(x), wgsl: { float: "sqrt(x)", complex: "sqrt_c(x)" }, grad: { x: |g, y| g / &(conj(y)? * 2.0) }, domain: 0.5..4.0
    }
    /// $1 / \sqrt{x}$ of each element.
    rsqrt(x) "rsqrt(Tensor self) -> Tensor" "fmio" Float {
        float: T::one() / x.sqrt(), complex: complex_math::div(C64::ONE, complex_math::sqrt(x)),
        wgsl: { float: "1.0 / sqrt(x)", complex: "divide_c(Z(1.0, 0.0), sqrt_c(x))" },
        grad: { x: |g, y| g * conj(&(y * y * y))? * -0.5 }, domain: 0.5..4.0
    }
    /// $1 / x$ of each element.
    reciprocal(x) "reciprocal(Tensor self) -> Tensor" "fmio" Float {
        float: T::one() / x, complex: complex_math::div(C64::ONE, x),
        wgsl: { float: "1.0 / x", complex: "divide_c(Z(1.0, 0.0), x)" },
        grad: { x: |g, y| -(g * conj(&(y * y))?) }, domain: 0.5..2.0
    }
    /// Angles in degrees of angles in radians.
    rad2deg(x) "rad2deg(Tensor self) -> Tensor" "fmio" Float {
        check: |o| real_only(o, "rad2deg is not supported for complex tensors."),
        float: x * T::of(180.0 / std::f64::consts::PI),
        wgsl: { float: "x * 57.29577951308232" },
        grad: { x: |g| g * (180.0 / std::f64::consts::PI) },
        domain: -2.0..2.0
    }
    /// Angles in radians of angles in degrees.
    deg2rad(x) "deg2rad(Tensor self) -> Tensor" "fmio" Float {
        check: |o| real_only(o, "deg2rad is not supported for complex tensors."),
        float: x * T::of(std::f64::consts::PI / 180.0),
        wgsl: { float: "x * 0.017453292519943295" },
        grad: { x: |g| g * (std::f64::consts::PI / 180.0) },
        domain: -90.0..90.0
    }
    /// Whether each element is NaN (in either part).
    isnan(x) "isnan(Tensor self) -> Tensor" "fmn" Keep {
        int_test: { let _ = x; false }, float_test: x.is_nan(), complex_test: x.re.is_nan() || x.im.is_nan(),
        wgsl: { int: "false", float: "is_nan(x)", complex: "is_nan_c(x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether each element is infinite (in either part).
    isinf(x) "isinf(Tensor self) -> Tensor" "fmn" Keep {
        int_test: { let _ = x; false }, float_test: x.abs() == T::of(f64::INFINITY),
        complex_test: x.re.is_infinite() || x.im.is_infinite(),
        wgsl: { int: "false", float: "is_inf(x)", complex: "is_inf(x.x) || is_inf(x.y)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether each element is neither infinite nor NaN.
    isfinite(x) "isfinite(Tensor self) -> Tensor" "fmn" Keep {
        int_test: { let _ = x; true }, float_test: x.abs() < T::of(f64::INFINITY), complex_test: x.is_finite(),
        wgsl: { int: "true", float: "is_finite(x)", complex: "is_finite(x.x) && is_finite(x.y)" },
        grad: {},
        domain: -2.0..2.0
    }
    /// Whether each element is positive infinity.
    isposinf(x) "isposinf(Tensor self) -> Tensor" "fmon" Keep {
        check: |o| real_only(o, "isposinf does not support complex inputs."),
        int_test: { let _ = x; false }, float_test: x == T::of(f64::INFINITY),
        wgsl: { int: "false", float: "is_inf(x) && !sign_bit(x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether each element is negative infinity.
    isneginf(x) "isneginf(Tensor self) -> Tensor" "fmon" Keep {
        check: |o| real_only(o, "isneginf does not support complex inputs."),
        int_test: { let _ = x; false }, float_test: x == T::of(f64::NEG_INFINITY),
        wgsl: { int: "false", float: "is_inf(x) && sign_bit(x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Elements with NaN and the infinities replaced.
    nan_to_num_with(x; nan, posinf, neginf) => "nan_to_num" Keep {
        bool: x, int: x,
        float: if x.is_nan() {
            nan
        } else if x == T::of(f64::INFINITY) {
            posinf
        } else if x == T::of(f64::NEG_INFINITY) {
            neginf
        } else {
            x
        },
        complex: {
            let part = |v: f64| match v {
                _ if v.is_nan() => nan.re,
                f64::INFINITY => posinf.re,
                f64::NEG_INFINITY => neginf.re,
                v => v,
            };
            C64::new(part(x.re), part(x.im))
        },
        wgsl: {
            bool: "x",
            int: "x",
            float: "select(select(x, select(posinf, neginf, sign_bit(x)), is_inf(x)), nan, is_nan(x))",
            complex: "Z(number_for_c(x.x, nan.x, posinf.x, neginf.x), number_for_c(x.y, nan.x, posinf.x, neginf.x))",
        },
        grad: { x: |g, x| g * isfinite(x)? },
    }
}

/// With the direction `y` of `x`: the gradient across it, divided by the length. Flat for real numbers.
fn sgn_backward(g: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if !x.dtype().is_complex() {
        return flat(g);
    }
    let along = y * real(&(g * conj(y)?))?;
    where_(&eq(x, 0.0)?, 0.0, &div(&(g - along), &abs(x)?)?)
}

fn positive(x: &Tensor) -> Result<Tensor> {
    ensure!(x.dtype() != DType::Bool, "The `+` operator, on a bool tensor is not supported.");
    Ok(x.clone())
}

pub(super) fn round_decimals(x: &Tensor, decimals: i64) -> Result<Chosen<'_>> {
    ensure!(x.dtype().is_float(), NotImplemented, "\"round_cpu\" not implemented for '{}'", x.dtype().scalar_name());
    if decimals == 0 {
        return Ok(Chosen::new(round::ROW, [x.into()]));
    }
    let row = if decimals > 0 { round_scaled::ROW } else { round_coarse::ROW };
    Ok(Chosen::new(row, [x.into(), 10f64.powi(decimals.unsigned_abs().min(400) as i32).into()]))
}

/// The largest finite number of a float type.
fn largest(dtype: DType) -> f64 {
    match (dtype, dtype.class()) {
        (DType::F16, _) => half::f16::MAX.to_f64(),
        (DType::BF16, _) => half::bf16::MAX.to_f64(),
        (DType::C64, _) | (_, Class::F32) => f32::MAX as f64,
        _ => f64::MAX,
    }
}

fn choose_nan_to_num<'a>(
    x: &'a Tensor,
    nan: Option<f64>,
    posinf: Option<f64>,
    neginf: Option<f64>,
) -> Result<Chosen<'a>> {
    let most = largest(x.dtype());
    let numbers = [nan.unwrap_or(0.0), posinf.unwrap_or(most), neginf.unwrap_or(-most)];
    Ok(Chosen::new(nan_to_num_with::ROW, [x.into(), numbers[0].into(), numbers[1].into(), numbers[2].into()]))
}

/// Bools are squared as integers.
fn choose_square(x: &Tensor) -> Result<Chosen<'_>> {
    power::choose_pow(x.into(), Scalar::Int(2).into())
}

chosen! {
    /// Each element rounded to `decimals` digits after the point; negative numbers of digits lie before it.
    "round.decimals(Tensor self, *, int decimals) -> Tensor" "fmio"
    |a| round_decimals(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into()], vec![s.within(-200.0..200.0, &[3]), (-1).into()]];
    /// NaN and the infinities replaced: by 0, and by the dtype's largest and smallest number, unless given.
    "nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor" "fmio"
    |a| choose_nan_to_num(a.tensor(0)?, a.opt_float(1)?, a.opt_float(2)?, a.opt_float(3)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None, 1.0.into(), Value::None], vec![s.complex(&[2]), Value::None, Value::None, 2.0.into()]];
    /// Each element times itself.
    "square(Tensor self) -> Tensor" "fmio"
    |a| choose_square(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])], vec![s.complex(&[2])]];
}

rows! {
    plain_rows:
    /// Whether the dtype is complex.
    "is_complex(Tensor self) -> bool" "fmn"
    |a| a.tensor(0).map(|x| x.dtype().is_complex());
    |s| vec![vec![s.t(&[2])]];
    /// Whether the dtype is a real floating-point one.
    "is_floating_point(Tensor self) -> bool" "fmn"
    |a| a.tensor(0).map(|x| x.dtype().category() == Category::Float);
    |s| vec![vec![s.t(&[2])]];
    /// Whether the dtype has negative numbers.
    "is_signed(Tensor self) -> bool" "fmn"
    |a| a.tensor(0).map(|x| x.dtype().is_signed());
    |s| vec![vec![s.t(&[2])]];
    /// The tensor itself. Not defined for bool.
    "positive(Tensor(a) self) -> Tensor(a)" "fm"
    |a| positive(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all.extend(plain_rows());
    all
}
