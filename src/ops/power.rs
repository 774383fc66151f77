//! Powers, and what is made of a logarithm and a second operand, element by element. To add an op, add its row.
use crate::cpu::complex_math;
use crate::dtype::{C64, DType, Scalar};
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::ops::elementwise::{Chosen, Grad, Row, Rule};
use crate::ops::*;
use crate::tensor::Tensor;
use std::f64::consts::{LN_2, LOG2_E};

pointwise! {
    /// Each element of `self` to the power of `exponent`. Integers stay integers; $x^{-n}$ of one is rounded to zero.
    pow(x, exponent) => "pow#1" Keep {
        int: integer_power(x, exponent), float: x.pow(exponent), complex: complex_math::pow(x, exponent),
        wgsl: { int: "integer_power(x, exponent)", float: "power(x, exponent)", complex: "power_c(x, exponent)" },
        grad: {
            x: |g, x, exponent| pow_backward(g, x, exponent),
            exponent: |g, x, exponent, y| pow_backward_exponent(g, x, exponent, y),
        },
    }
    /// One.
    power_0(x) => "pow" Keep {
        bool: { let _ = x; true }, int: { let _ = x; 1 }, float: { let _ = x; T::one() }, complex: { let _ = x; C64::ONE },
        wgsl: { bool: "true", int: "T(1)", float: "1.0", complex: "Z(1.0, 0.0)" },
        grad: { x: |g| zeros_like(g) },
    }
    /// The number itself.
    power_1(x) => "pow" Keep {
        bool: x, int: x, float: x, complex: x,
        wgsl: { bool: "x", int: "x", float: "x", complex: "x" },
        grad: { x: |g, x| first_power_backward(g, x) },
    }
    /// The square.
    power_2(x) => "pow" Keep {
        int: x.wrapping_mul(x), float: x * x, complex: x * x,
        wgsl: { int: "x * x", float: "x * x", complex: "times_c(x, x)" },
        grad: { x: |g, x| square_backward(g, x) },
    }
    /// The cube.
    power_3(x) => "pow" Keep {
        int: x.wrapping_mul(x).wrapping_mul(x), float: x * x * x, complex: x * x * x,
        wgsl: { int: "x * x * x", float: "x * x * x", complex: "times_c(times_c(x, x), x)" },
        grad: { x: |g, x| g * conj(&raise(x, Scalar::Int(2))?)? * 3.0 },
    }
    /// $x \cdot 2^{other}$ of each element.
    ldexp(x, other) "ldexp.Tensor(Tensor self, Tensor other) -> Tensor" "fmio" Float {
        float: x * other.exp2(), complex: x * (other * LN_2).exp(),
        wgsl: { float: "x * exp2_of(other)", complex: "times_c(x, exp_c(other * T(0.6931471805599453)))" },
        grad: { x: |g, other| g * conj(&exp2(other)?)?, other: |g, y| g * conj(y)? * LN_2 }, domain: -2.0..2.0
    }
    /// $\log(e^x + e^y)$, without overflow in between.
    logaddexp(x, other) "logaddexp(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        float: {
            let m = x.maximum(other);
            if x == other && x.abs() == T::of(f64::INFINITY) { x } else { m + (-(x - other).abs()).exp().log1p() }
        },
        complex: {
            let (m, d) = if x.re >= other.re { (x, other - x) } else { (other, x - other) };
            if x == other && x.re.is_infinite() { x } else { m + (d.exp() + 1.0).ln() }
        },
        wgsl: { float: "log_add_exp(x, other)", complex: "log_add_exp_c(x, other)" },
        grad: {
            x: |g, x, other| g / &(conj(&exp(&(other - x))?)? + 1.0),
            other: |g, x, other| g / &(conj(&exp(&(x - other))?)? + 1.0),
        },
        domain: -2.0..2.0
    }
    /// $\log_2(2^x + 2^y)$, without overflow in between.
    logaddexp2(x, other) "logaddexp2(Tensor self, Tensor other) -> Tensor" "fmo" Keep {
        float: {
            let m = x.maximum(other);
            if x == other && x.abs() == T::of(f64::INFINITY) {
                x
            } else {
                m + (-(x - other).abs()).exp2().log1p() * T::of(LOG2_E)
            }
        },
        wgsl: { float: "log_add_exp2(x, other)" },
        grad: {
            x: |g, x, other| g / &(exp2(&(other - x))? + 1.0), other: |g, x, other| g / &(exp2(&(x - other))? + 1.0),
        },
        domain: -2.0..2.0
    }
    /// $x \log y$; 0 where x is 0, unless y is NaN.
    xlogy(x, other) "xlogy.Tensor(Tensor self, Tensor other) -> Tensor" "fmio" Float {
        float: if other.is_nan() { other } else if x == T::zero() { x.abs() } else { x * other.log() },
        wgsl: { float: "x_log_y(x, other)" },
        grad: { x: |g, x, other| xlogy_backward(g, x, other), other: |g, x, other| g * x / other }, domain: 0.5..2.0
    }
    /// $x \log(1 + y)$; 0 where x is 0, unless y is NaN.
    special_xlog1py(x, other)
    "_special::xlog1py(Tensor self, Tensor other) -> Tensor" "fo"
    "_special::xlog1py.self_scalar(Scalar self, Tensor other) -> Tensor" "fo"
    "_special::xlog1py.other_scalar(Tensor self, Scalar other) -> Tensor" "fo" Float {
        float: if other.is_nan() { other } else if x == T::zero() { x.abs() } else { x * other.log1p() },
        wgsl: { float: "x_log1p_y(x, other)" },
        grad: { x: |g, x, other| xlog1py_backward(g, x, other), other: |g, x, other| g * x / &(other + 1.0) },
        domain: 0.5..2.0
    }
}

fn xlogy_backward(g: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    where_(&logical_and(&eq(x, 0.0)?, &le(y, 0.0)?)?, 0.0, &xlogy(g, y)?)
}
fn xlog1py_backward(g: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    where_(&logical_and(&eq(x, 0.0)?, &le(y, -1.0)?)?, 0.0, &special_xlog1py(g, y)?)
}

fn pow_backward(g: &Tensor, x: &Tensor, e: &Tensor) -> Result<Tensor> {
    let slope = e * pow(x, &(e - &ones_like(e)?))?;
    where_(&eq(e, 0.0)?, 0.0, &(g * conj(&slope)?))
}
fn pow_backward_exponent(g: &Tensor, x: &Tensor, e: &Tensor, y: &Tensor) -> Result<Tensor> {
    let is_zero = eq(x, 0.0)?;
    let flat = if e.dtype().is_complex() {
        logical_and(&is_zero, &logical_and(&eq(&imag(e)?, 0.0)?, &ge(&real(e)?, 0.0)?)?)?
    } else {
        logical_and(&is_zero, &ge(e, 0.0)?)?
    };
    let x = if x.dtype().is_integral() { cast(x, y.dtype())? } else { x.clone() };
    Ok(g * where_(&flat, 0.0, &conj(&(y * log(&x)?))?)?)
}
// Where the derivative is differentiated again, it is made of powers all the way down, as in PyTorch: then the last one
// still has a history, and a derivative that is zero is zero, not refused.
fn first_power_backward(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    if grad_enabled() { Ok(g * raise(x, Scalar::Int(0))?) } else { Ok(g.clone()) }
}
fn square_backward(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    let x = if grad_enabled() { raise(x, Scalar::Int(1))? } else { x.clone() };
    Ok(g * conj(&x)? * 2.0)
}
fn pow_backward_number(g: &Tensor, x: &Tensor, e: Scalar) -> Result<Tensor> {
    let (less, zero) = match e {
        Scalar::Complex(c) => (Scalar::Complex(c - 1.0), c == C64::ZERO),
        Scalar::Float(f) => (Scalar::Float(f - 1.0), f == 0.0),
        s => (Scalar::Int(s.to_i64().wrapping_sub(1)), s.to_i64() == 0),
    };
    if zero {
        return zeros_like(g);
    }
    Ok(g * conj(&(raise(x, less)? * &mul_number(e, x.dtype())?))?)
}
fn mul_number(e: Scalar, dtype: DType) -> Result<Tensor> {
    Tensor::scalar(e, if e.is_complex() { dtype.to_complex() } else { dtype })
}
fn raise(x: &Tensor, e: Scalar) -> Result<Tensor> {
    choose_pow(x.into(), e.into())?.apply()?.tensor()
}

#[inline(always)]
fn integer_power(x: i64, e: i64) -> i64 {
    if e < 0 {
        return match x {
            1 => 1,
            -1 => 1 - 2 * (e & 1),
            _ => 0,
        };
    }
    let (mut base, mut e, mut y) = (x, e, 1i64);
    while e > 0 {
        if e & 1 == 1 {
            y = y.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        e >>= 1;
    }
    y
}

// The same kernels under the nodes that PyTorch has for them.
const POW_BY: &Row = &Row {
    node: "pow",
    inputs: &["x"],
    grads: &[Grad { input: 0, needs: &[0], formula: |g, saved, n| pow_backward_number(g, &saved[0], n[0]) }],
    ..*pow::ROW
};
const POW_PROMOTED: &Row = &Row { node: "pow", grads: std::slice::from_ref(&pow::ROW.grads[0]), ..*pow::ROW };
const POW_OF: &Row = &Row { node: "pow#2", grads: std::slice::from_ref(&pow::ROW.grads[1]), ..*pow::ROW };
const POW_HALF: &Row = &Row { node: "pow", grads: &[root(0.5)], ..*sqrt::ROW };
const POW_MINUS_HALF: &Row = &Row { node: "pow", grads: &[root(-0.5)], ..*rsqrt::ROW };
const fn root(which: f64) -> Grad {
    Grad {
        input: 0,
        needs: &[0],
        formula: if which > 0.0 {
            |g, saved, _| pow_backward_number(g, &saved[0], Scalar::Float(0.5))
        } else {
            |g, saved, _| pow_backward_number(g, &saved[0], Scalar::Float(-0.5))
        },
    }
}
/// What is saved is as narrow as it was given; the derivative is computed as wide as the result.
const WIDE_BASE: Grad = Grad {
    input: 0,
    needs: &[0, 1],
    formula: |g, saved, _| pow_backward(g, &cast(&saved[0], g.dtype())?, &cast(&saved[1], g.dtype())?),
};
const WIDE_EXPONENT: Grad = Grad {
    input: 1,
    needs: pow::ROW.grads[1].needs,
    formula: |g, saved, _| {
        pow_backward_exponent(g, &cast(&saved[0], g.dtype())?, &cast(&saved[1], g.dtype())?, &saved[2])
    },
};
const WIDE_BY_NUMBER: Grad =
    Grad { input: 0, needs: &[0], formula: |g, saved, n| pow_backward_number(g, &cast(&saved[0], g.dtype())?, n[0]) };
const FLOAT_POWER: [&Row; 3] = [
    &Row { rule: Rule::Double, grads: &[WIDE_BASE, WIDE_EXPONENT], ..*pow::ROW },
    &Row { rule: Rule::Double, inputs: &["x"], grads: &[WIDE_BY_NUMBER], ..*POW_PROMOTED },
    &Row { rule: Rule::Double, grads: &[WIDE_EXPONENT], ..*POW_OF },
];

/// A number as exponent has kernels of its own for the everyday powers.
pub(super) fn choose_pow<'a>(x: Operand<'a>, exponent: Operand<'a>) -> Result<Chosen<'a>> {
    let (t, s) = match (x, exponent) {
        (Operand::Tensor(t), Operand::Scalar(s)) => (t, s),
        (Operand::Scalar(_), _) => return Ok(Chosen::new(POW_OF, [x, exponent])),
        _ => return Ok(Chosen::new(pow::ROW, [x, exponent])),
    };
    ensure!(
        !(t.dtype().is_integral() && s.is_integral() && s.to_i64() < 0),
        "Integers to negative integer powers are not allowed."
    );
    if s.category() > t.dtype().category() {
        return Ok(Chosen::new(POW_PROMOTED, [x, exponent]));
    }
    if !s.is_complex() {
        let float = t.dtype().is_differentiable();
        let row = match s.to_f64() {
            0.0 => Some(power_0::ROW),
            1.0 => Some(power_1::ROW),
            2.0 => Some(power_2::ROW),
            3.0 => Some(power_3::ROW),
            0.5 if float => Some(POW_HALF),
            -0.5 if float => Some(POW_MINUS_HALF),
            _ => None,
        };
        if let Some(row) = row {
            return Ok(Chosen::new(row, [x]));
        }
    }
    s.check_fits(t.dtype())?;
    Ok(Chosen::new(POW_BY, [x, exponent]))
}

const XLOGY_OF: &Row = &Row { node: "xlogy#1", grads: std::slice::from_ref(&xlogy::ROW.grads[1]), ..*xlogy::ROW };
const XLOGY_BY: &Row = &Row { node: "xlogy#2", grads: std::slice::from_ref(&xlogy::ROW.grads[0]), ..*xlogy::ROW };

fn choose_float_power<'a>(x: Operand<'a>, exponent: Operand<'a>) -> Result<Chosen<'a>> {
    let row = match (x, exponent) {
        (Operand::Scalar(_), _) => FLOAT_POWER[2],
        (_, Operand::Scalar(_)) => FLOAT_POWER[1],
        _ => FLOAT_POWER[0],
    };
    Ok(Chosen::new(row, [x, exponent]))
}

chosen! {
    /// Each element of `self` to the power of `exponent`.
    "pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor" "fmio"
    |a| choose_pow(a.operand(0)?, a.operand(1)?);
    |s| {
        s.domain = 0.5..2.0;
        let mut all = s.pairs();
        all.push(vec![s.complex(&[2]), s.complex(&[2])]);
        all
    };
    /// Each element of `self` to the power of `exponent`.
    "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor" "fmio"
    |a| choose_pow(a.operand(0)?, a.operand(1)?);
    |s| {
        s.domain = 0.5..2.0;
        let mut all = vec![
            vec![s.complex(&[2]), 2.0.into()],
            vec![s.complex(&[2]), 0.5.into()],
            vec![s.t(&[2]), Scalar::Complex(C64::new(0.5, 1.0)).into()],
        ];
        all.extend([2.0, 3.0, 0.5, -1.5, 0.0, 1.0].map(|e| vec![s.t(&[2, 3]), e.into()]));
        all
    };
    /// The number `self` to the power of each element of `exponent`.
    "pow.Scalar(Scalar self, Tensor exponent) -> Tensor" "fo"
    |a| choose_pow(a.operand(0)?, a.operand(1)?);
    |s| vec![vec![1.5.into(), s.t(&[2, 3])], vec![2.into(), s.complex(&[2])]];
    /// $x \log y$; 0 where x is 0, unless y is NaN.
    "xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor" "fo"
    |a| Ok::<_, crate::Error>(Chosen::new(XLOGY_OF, [a.operand(0)?, a.operand(1)?]));
    |s| vec![vec![1.5.into(), s.within(0.5..2.0, &[2, 3])]];
    /// $x \log y$; 0 where x is 0, unless y is NaN.
    "xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor" "fmio"
    |a| Ok::<_, crate::Error>(Chosen::new(XLOGY_BY, [a.operand(0)?, a.operand(1)?]));
    |s| vec![vec![s.within(0.5..2.0, &[2, 3]), 1.5.into()]];
    /// Each element of `self` to the power of `exponent`, in float64 or complex128.
    "float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor" "fmio"
    |a| choose_float_power(a.operand(0)?, a.operand(1)?);
    |s| vec![vec![s.within(0.5..2.0, &[2, 3]), s.t(&[3])]];
    /// Each element of `self` to the power of `exponent`, in float64 or complex128.
    "float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor" "fmio"
    |a| choose_float_power(a.operand(0)?, a.operand(1)?);
    |s| vec![vec![s.within(0.5..2.0, &[2, 3]), 2.into()]];
    /// The number `self` to the power of each element of `exponent`, in float64 or complex128.
    "float_power.Scalar(Scalar self, Tensor exponent) -> Tensor" "fo"
    |a| choose_float_power(a.operand(0)?, a.operand(1)?);
    |s| vec![vec![1.5.into(), s.t(&[2, 3])]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all
}
