//! Arithmetic of two tensors, element by element, with broadcasting and promotion. To add an op, add its row.
//!
//! `division.rs` holds quotients and remainders, `power.rs` powers and what is made of logarithms.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::ops::elementwise::{Chosen, Operands};
use crate::ops::*;
use crate::tensor::Tensor;

/// PyTorch's refusal of bools as numbers to subtract.
fn no_bools(o: &[Operand]) -> Result<()> {
    let bools = o[..2].iter().filter(|o| o.dtype() == DType::Bool).count();
    ensure!(
        bools < 2,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator \
         instead."
    );
    ensure!(
        bools == 0,
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use \
         the `~` or `logical_not()` operator instead."
    );
    Ok(())
}
fn no_complex(o: &[Operand], op: &str) -> Result<()> {
    ensure!(!o.iter().any(|o| o.dtype().is_complex()), "{op} not implemented for complex tensors.");
    Ok(())
}
fn heaviside_operands(o: &[Operand]) -> Result<()> {
    ensure!(
        !o.iter().any(|o| o.dtype().is_complex()),
        "heaviside is not yet implemented for complex tensors."
    );
    ensure!(
        o[0].dtype() == o[1].dtype(),
        "heaviside is not yet implemented for tensors with different dtypes."
    );
    Ok(())
}

pointwise! {
    /// Sum of two operands.
    add(x, other) Keep {
        bool: x | other, int: x.wrapping_add(other), float: x + other, complex: x + other,
        wgsl: { bool: "x || other", int: "x + other", float: "x + other", complex: "x + other" },
        grad: { x: |g| g.clone(), other: |g| g.clone() },
    }
    /// Sum of `x` and `alpha` times `other`.
    add_scaled(x, other; alpha) => "add" Keep {
        bool: x | (other & alpha), int: x.wrapping_add(other.wrapping_mul(alpha)), float: other.fma(alpha, x),
        complex: x + other * alpha,
        wgsl: { bool: "x || (other && alpha)", int: "x + other * alpha", float: "fma(other, alpha, x)", complex: "x + times_c(other, alpha)" },
        grad: { x: |g| g.clone(), other: |g| mul(g, conj_number(alpha)) },
    }
    /// Difference of two operands.
    sub(x, other) Keep {
        check: no_bools, int: x.wrapping_sub(other), float: x - other, complex: x - other,
        wgsl: { int: "x - other", float: "x - other", complex: "x - other" },
        grad: { x: |g| g.clone(), other: |g| neg(g) },
    }
    /// Difference of `x` and `alpha` times `other`.
    sub_scaled(x, other; alpha) => "sub" Keep {
        check: no_bools, int: x.wrapping_sub(other.wrapping_mul(alpha)), float: (-other).fma(alpha, x),
        complex: x - other * alpha,
        wgsl: { int: "x - other * alpha", float: "fma(-other, alpha, x)", complex: "x - times_c(other, alpha)" },
        grad: { x: |g| g.clone(), other: |g| -mul(g, conj_number(alpha))? },
    }
    /// Difference of `other` and `alpha` times `x`.
    rsub_scaled(x, other; alpha) => "rsub" Keep {
        check: no_bools, int: other.wrapping_sub(x.wrapping_mul(alpha)), float: (-x).fma(alpha, other),
        complex: other - x * alpha,
        wgsl: { int: "other - x * alpha", float: "fma(-x, alpha, other)", complex: "other - times_c(x, alpha)" },
        grad: { x: |g| -mul(g, conj_number(alpha))?, other: |g| g.clone() },
    }
    /// Product of two operands, with broadcasting and promotion.
    mul(x, other) "mul.Tensor(Tensor self, Tensor other) -> Tensor" "fmios" Keep {
        bool: x & other, int: x.wrapping_mul(other), float: x * other, complex: x * other,
        wgsl: { bool: "x && other", int: "x * other", float: "x * other", complex: "times_c(x, other)" },
        grad: { x: |g, other| g * conj(other)?, other: |g, x| g * conj(x)? }, domain: -2.0..2.0
    }
    /// The larger of two elements; NaN if either is. Where they are equal, each gets half of the gradient.
    maximum(x, other) "maximum(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        check: |o| no_complex(o, "maximum"), bool: x | other, int: x.max(other), float: x.maximum(other),
        wgsl: { bool: "x || other", int: "max(x, other)", float: "maximum(x, other)" },
        grad: { x: |g, x, other| chosen_part(g, x, other), other: |g, x, other| chosen_part(g, other, x) },
        domain: -2.0..2.0
    }
    /// The smaller of two elements; NaN if either is. Where they are equal, each gets half of the gradient.
    minimum(x, other) "minimum(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        check: |o| no_complex(o, "minimum"), bool: x & other, int: x.min(other), float: x.minimum(other),
        wgsl: { bool: "x && other", int: "min(x, other)", float: "minimum(x, other)" },
        grad: { x: |g, x, other| chosen_part(g, other, x), other: |g, x, other| chosen_part(g, x, other) },
        domain: -2.0..2.0
    }
    /// The gradient of the larger of `a` and `b` that goes to `a`.
    chosen_part(g, a, b) Keep {
        float: if a < b { T::zero() } else if a == b { g * T::of(0.5) } else { g },
        wgsl: { float: "select(select(g, g * 0.5, equal(a, b)), 0.0, less(a, b))" },
        grad: { g: |gg, a, b| chosen_part(gg, a, b) },
    }
    /// The larger of two elements; NaN only if both are.
    fmax(x, other) "fmax(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        check: |o| no_complex(o, "fmax"), bool: x | other, int: x.max(other),
        float: if x >= other || other.is_nan() { x } else { other },
        wgsl: {
            bool: "x || other",
            int: "max(x, other)",
            float: "select(other, x, less_equal(other, x) || is_nan(other))",
        },
        grad: {
            x: |g, x, other| where_(&logical_or(&ge(x, other)?, &isnan(other)?)?, g, 0.0),
            other: |g, x, other| where_(&logical_or(&ge(x, other)?, &isnan(other)?)?, 0.0, g),
        },
        domain: -2.0..2.0
    }
    /// The smaller of two elements; NaN only if both are.
    fmin(x, other) "fmin(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        check: |o| no_complex(o, "fmin"), bool: x & other, int: x.min(other),
        float: if x <= other || other.is_nan() { x } else { other },
        wgsl: {
            bool: "x && other",
            int: "min(x, other)",
            float: "select(other, x, less_equal(x, other) || is_nan(other))",
        },
        grad: {
            x: |g, x, other| where_(&logical_or(&le(x, other)?, &isnan(other)?)?, g, 0.0),
            other: |g, x, other| where_(&logical_or(&le(x, other)?, &isnan(other)?)?, 0.0, g),
        },
        domain: -2.0..2.0
    }
    /// Length of the hypotenuse, $\sqrt{x^2 + y^2}$, without overflow in between.
    hypot(x, other) "hypot(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        float: x.hypot(other),
        wgsl: { float: "hypot(x, other)" },
        grad: { x: |g, x, y| g * &(x / y), other: |g, other, y| g * &(other / y) }, domain: 0.5..2.0
    }
    /// The angle of the point (other, self), in $(-\pi, \pi]$.
    atan2(x, other) "atan2(Tensor self, Tensor other) -> Tensor" "fmio" Float {
        float: x.atan2(other),
        wgsl: { float: "atan2_of(x, other)" },
        grad: { x: |g, x, other| atan2_backward(g, other, x), other: |g, x, other| -atan2_backward(g, x, other)? },
        domain: 0.5..2.0
    }
    /// $g a / (a^2 + b^2)$, 0 where both are 0.
    atan2_backward(g, a, b) Keep {
        float: {
            let r = a * a + b * b;
            if r == T::zero() { r } else { g * a / r }
        },
        wgsl: { float: "select(g * a / (a * a + b * b), 0.0, is_zero(a * a + b * b))" },
        grad: {
            g: |gg, a, b| atan2_backward(gg, a, b),
            a: |gg, g, a, b| {
                let r = a * a + b * b;
                gg * g * (b * b - a * a) / &(&r * &r)
            },
            b: |gg, g, a, b| {
                let r = a * a + b * b;
                gg * g * (a * b) * -2.0 / &(&r * &r)
            },
        },
    }
    /// The magnitude of `self` with the sign of `other`.
    copysign(x, other)
    "copysign.Tensor(Tensor self, Tensor other) -> Tensor" "fmio"
    "copysign.Scalar(Tensor self, Scalar other) -> Tensor" "fmio" Float {
        float: x.copysign(other),
        wgsl: { float: "with_sign(x, other)" },
        grad: { x: |g, x, y| copysign_backward(g, x, y), other: |g| flat(g) }, domain: 0.5..2.0
    }
    /// The gradient with the sign of `y / x`, 0 where `x` is 0.
    copysign_backward(g, x, y) Keep {
        float: if x == T::zero() { x } else { g * y / x },
        wgsl: { float: "select(g * y / x, x, is_zero(x))" },
        grad: { g: |gg, x, y| copysign_backward(gg, x, y) },
    }
    /// The number next to each element of `self` in the direction of `other`.
    nextafter_in(x, other; format) => "nextafter" Keep {
        float: x.nextafter(other, format.to_f64() as i32),
        wgsl: { float: "next_after(x, other, format)" },
        grad: { x: |g, x, other| where_(&ne(x, other)?, g, 0.0), other: |g| flat(g) },
    }
    /// 0, `values` or 1 as each element is negative, zero or positive.
    heaviside(x, values) => "NotImplemented" "heaviside(Tensor self, Tensor values) -> Tensor" "fmio" Keep {
        check: heaviside_operands, bool: x | values, int: if x == 0 { values } else { (x > 0) as i64 },
        float: if x == T::zero() { values } else if x > T::zero() { T::one() } else { T::zero() },
        wgsl: {
            bool: "x || values",
            int: "select(select(T(0), T(1), x > T(0)), values, x == T(0))",
            float: "select(select(T(0.0), T(1.0), less(0.0, x)), values, is_zero(x))",
        },
        grad: { x: |_g| no_derivative("heaviside"), values: |_g| no_derivative("heaviside") }, domain: 0.5..2.0
    }
    /// Greatest common divisor of two integers.
    gcd(x, other) "gcd(Tensor self, Tensor other) -> Tensor" "fmion" Keep {
        int: gcd_of(x, other),
        wgsl: { int: "greatest_divisor(x, other)" },
        grad: {}, samples: |s| vec![vec![s.ints(20, &[4]), s.ints(20, &[4])]],
    }
    /// Least common multiple of two integers.
    lcm(x, other) "lcm(Tensor self, Tensor other) -> Tensor" "fmion" Keep {
        int: {
            let d = gcd_of(x, other);
            if d == 0 { 0 } else { (x / d).wrapping_mul(other).wrapping_abs() }
        },
        wgsl: { int: "least_multiple(x, other)" },
        grad: {}, samples: |s| vec![vec![s.ints(20, &[4]), s.ints(20, &[4])]],
    }
}

pub(super) fn no_derivative(op: &str) -> Result<Tensor> {
    bail!("derivative for aten::{op} is not implemented")
}

/// Euclid's algorithm, on magnitudes.
fn gcd_of(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.wrapping_abs(), b.wrapping_abs());
    while b != 0 {
        (a, b) = (b, a.wrapping_rem(b));
    }
    a.wrapping_abs()
}

pub(super) fn conj_number(s: Scalar) -> Scalar {
    match s {
        Scalar::Complex(c) => Scalar::Complex(c.conj()),
        s => s,
    }
}

/// The row of a sum or difference: without a factor where alpha is 1.
fn scaled<'a>(
    plain: Option<&'static elementwise::Row>,
    with_alpha: &'static elementwise::Row,
    x: Operand<'a>,
    other: Operand<'a>,
    alpha: Scalar,
) -> Result<Chosen<'a>> {
    if let (Some(row), Scalar::Int(1)) = (plain, alpha) {
        return Ok(Chosen::new(row, [x, other]));
    }
    if let Some(check) = with_alpha.check {
        check(&[x, other])?;
    }
    let dtype = result_type(&[x, other]);
    ensure!(
        dtype == DType::Bool || !matches!(alpha, Scalar::Bool(_)),
        "Boolean alpha only supported for Boolean results."
    );
    ensure!(
        !dtype.is_integral() || alpha.is_integral(),
        "For integral input tensors, argument alpha must not be a floating point number."
    );
    ensure!(
        dtype.is_complex() || !alpha.is_complex(),
        "For non-complex input tensors, argument alpha must not be a complex number."
    );
    let operands: Operands = [x, other, Operand::Scalar(alpha)].into_iter().collect();
    Ok(Chosen { row: with_alpha, operands })
}

/// In half precision the neighbour is the narrow type's, not float32's.
fn choose_nextafter<'a>(x: &'a Tensor, other: &'a Tensor) -> Result<Chosen<'a>> {
    let operands = [x.into(), other.into()];
    let format = match result_type(&operands) {
        DType::F16 => 1i64,
        DType::BF16 => 2,
        _ => 0,
    };
    Ok(Chosen::new(nextafter_in::ROW, [x.into(), other.into(), format.into()]))
}

chosen! {
    /// Sum of `self` and `alpha` times `other`.
    "add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor" "fmios" by default add
    |a| scaled(Some(add::ROW), add_scaled::ROW, a.operand(0)?, a.operand(1)?, a.scalar(2)?);
    |s| scaled_samples(s);
    /// Difference of `self` and `alpha` times `other`.
    "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor" "fmios" by default sub
    |a| scaled(Some(sub::ROW), sub_scaled::ROW, a.operand(0)?, a.operand(1)?, a.scalar(2)?);
    |s| scaled_samples(s);
    /// Difference of `other` and `alpha` times `self`.
    "rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor" "f"
    |a| scaled(None, rsub_scaled::ROW, a.operand(0)?, a.operand(1)?, a.scalar(2)?);
    |s| scaled_samples(s);
    /// Difference of `other` and `alpha` times `self`.
    "rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor" "f"
    |a| scaled(None, rsub_scaled::ROW, a.operand(0)?, a.operand(1)?, a.scalar(2)?);
    |s| vec![vec![s.t(&[2, 3]), 1.5.into(), 2.into()]];
    /// The number next to each element of `self` in the direction of `other`.
    "nextafter(Tensor self, Tensor other) -> Tensor" "fmio"
    |a| choose_nextafter(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3])]];
}

fn scaled_samples(s: &mut Samples) -> Vec<Vec<Value>> {
    let mut all: Vec<Vec<Value>> = [1i64, 3]
        .into_iter()
        .flat_map(|alpha| s.pairs().into_iter().map(move |v| [v, vec![alpha.into()]].concat()))
        .collect();
    all.push(vec![s.complex(&[2]), s.complex(&[3, 1]), 0.5.into()]);
    all
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all
}
