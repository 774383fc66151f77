//! Ops of three tensors, and of one tensor between two bounds, element by element. To add an op, add its row.
use crate::cpu::complex_math;
use crate::cpu::pointwise::Kernels;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::ops::binary::conj_number;
use crate::ops::elementwise::{Chosen, Row};
use crate::ops::*;
use crate::tensor::Tensor;

fn boolean_condition(o: &[Operand]) -> Result<()> {
    let dtype = o[0].dtype();
    ensure!(
        matches!(dtype, DType::Bool | DType::U8),
        "where expected condition to be a boolean tensor, but got a tensor with dtype {}",
        dtype.scalar_name()
    );
    Ok(())
}
fn clamp_operands(o: &[Operand]) -> Result<()> {
    let dtype = result_type(o);
    ensure!(!dtype.is_complex(), NotImplemented, "clamp is not supported for complex types");
    numbers_fit(&o[1..], dtype)
}
/// Refuses numbers that an integer type cannot hold.
pub(super) fn numbers_fit(o: &[Operand], dtype: DType) -> Result<()> {
    o.iter().try_for_each(|o| match o {
        Operand::Scalar(s) => s.check_fits(dtype),
        Operand::Tensor(_) => Ok(()),
    })
}
fn same_dtypes(o: &[Operand]) -> Result<()> {
    for (o2, name) in o[1..].iter().zip(["end", "weight"]) {
        let (want, got) = (o[0].dtype(), o2.dtype());
        ensure!(want == got, "expected dtype {} for `{name}` but got dtype {}", want.c_name(), got.c_name());
    }
    Ok(())
}
fn same_dtypes_of_two(o: &[Operand]) -> Result<()> {
    same_dtypes(&o[..2])
}
fn true_division(o: &[Operand]) -> Result<()> {
    ensure!(
        !o[1..3].iter().all(|o| o.dtype().is_integral()),
        "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true \
         division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * \
         torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) \
         for float inputs. The future addcdiv behavior is just the latter implementation: (input + value * tensor1 / \
         tensor2), for all dtypes."
    );
    Ok(())
}

pointwise! {
    /// Elements of `x` where the condition holds, and of `other` elsewhere.
    where_(condition => x, other) => "where" Keep {
        check: boolean_condition, bool: (condition & x) | (!condition & other),
        int: if condition != 0 { x } else { other }, float: if condition != T::zero() { x } else { other },
        complex: if condition.re != 0.0 { x } else { other },
        wgsl: {
            bool: "(condition && x) || (!condition && other)",
            int: "select(other, x, bool(condition))",
            float: "select(other, x, bool(condition))",
            complex: "select(other, x, condition.x != 0.0)",
        },
        grad: { x: |g, condition| where_(condition, g, 0.0), other: |g, condition| where_(condition, 0.0, g) },
    }
    /// Each element between two bounds: the upper one where they cross, NaN where any is.
    clamp_both(x, min, max) => "clamp" Keep {
        check: clamp_operands, int: x.max(min).min(max), float: x.maximum(min).minimum(max),
        wgsl: { int: "between_integers(x, min, max)", float: "between(x, min, max)" },
        grad: {
            x: |g, x, min, max| clamp_slope(g, x, min, max),
            min: |g, x, min, max| where_(&logical_and(&lt(min, max)?, &lt(x, min)?)?, g, 0.0),
            max: |g, x, min, max| where_(&logical_or(&gt(x, max)?, &lt(max, min)?)?, g, 0.0),
        },
    }
    /// The gradient between the bounds.
    clamp_slope(g, x, min, max) => "clamp_backward" Keep {
        float: if x >= min && x <= max { g } else { T::zero() },
        wgsl: { float: "select(0.0, g, less_equal(min, x) && less_equal(x, max))" },
        grad: { g: |gg, x, min, max| clamp_slope(gg, x, min, max) },
    }
    /// Each element, but not less than `min`; NaN where either is.
    clamp_min(x, min) => "clamp_min#1" "clamp_min.Tensor(Tensor self, Tensor min) -> Tensor" "fmio" Keep {
        check: clamp_operands, bool: x | min, int: x.max(min), float: x.maximum(min),
        wgsl: { bool: "x || min", int: "max(x, min)", float: "maximum(x, min)" },
        grad: { x: |g, x, min| where_(&ge(x, min)?, g, 0.0), min: |g, x, min| where_(&lt(x, min)?, g, 0.0) },
        domain: -2.0..2.0
    }
    /// Each element, but not more than `max`; NaN where either is.
    clamp_max(x, max) => "clamp_max#1" "clamp_max.Tensor(Tensor self, Tensor max) -> Tensor" "fmio" Keep {
        check: clamp_operands, bool: x & max, int: x.min(max), float: x.minimum(max),
        wgsl: { bool: "x && max", int: "min(x, max)", float: "minimum(x, max)" },
        grad: { x: |g, x, max| where_(&le(x, max)?, g, 0.0), max: |g, x, max| where_(&gt(x, max)?, g, 0.0) },
        domain: -2.0..2.0
    }
    /// The point between `self` (weight 0) and `end` (weight 1).
    lerp(x, end, weight) => "lerp#1" "lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor" "fmio" Keep {
        check: same_dtypes,
        float: if weight.abs() < T::of(0.5) {
            x + weight * (end - x)
        } else {
            end - (end - x) * (T::one() - weight)
        },
        complex: if weight.norm() < 0.5 { x + weight * (end - x) } else { end - (end - x) * (-weight + 1.0) },
        wgsl: { float: "point_between(x, end, weight)", complex: "point_between_c(x, end, weight)" },
        grad: {
            x: |g, weight| g * conj(&(1.0 - weight))?, end: |g, weight| g * conj(weight)?,
            weight: |g, x, end| g * conj(&(end - x))?,
        },
        domain: -2.0..2.0
    }
    /// The point between `self` (weight 0) and `end` (weight 1).
    lerp_by(x, end; weight) => "lerp" Keep {
        check: same_dtypes_of_two,
        float: if weight.abs() < T::of(0.5) {
            x + weight * (end - x)
        } else {
            end - (end - x) * (T::one() - weight)
        },
        complex: if weight.norm() < 0.5 { x + weight * (end - x) } else { end - (end - x) * (-weight + 1.0) },
        wgsl: { float: "point_between(x, end, weight)", complex: "point_between_c(x, end, weight)" },
        grad: {
            x: |g| mul(g, one_less(conj_number(weight))), end: |g| mul(g, conj_number(weight)),
        },
    }
    /// `self + value * tensor1 * tensor2`.
    addcmul(x, tensor1, tensor2; value)
    "addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor" "fmio" Keep {
        int: x.wrapping_add(value.wrapping_mul(tensor1).wrapping_mul(tensor2)), float: (value * tensor1).fma(tensor2, x),
        complex: x + value * tensor1 * tensor2,
        wgsl: { int: "x + value * tensor1 * tensor2", float: "fma(value * tensor1, tensor2, x)", complex: "x + times_c(times_c(value, tensor1), tensor2)" },
        grad: {
            x: |g| g.clone(),
            tensor1: |g, tensor2| mul(&(g * conj(tensor2)?), conj_number(value)),
            tensor2: |g, tensor1| mul(&(g * conj(tensor1)?), conj_number(value)),
        },
        domain: -2.0..2.0
    }
    /// `self + value * tensor1 / tensor2`.
    addcdiv(x, tensor1, tensor2; value)
    "addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor" "fmio" Keep {
        check: true_division, float: x + value * tensor1 / tensor2, complex: x + complex_math::div(value * tensor1, tensor2),
        wgsl: { float: "x + value * tensor1 / tensor2", complex: "x + divide_c(times_c(value, tensor1), tensor2)" },
        grad: {
            x: |g| g.clone(),
            tensor1: |g, tensor2| mul(&(g / &conj(tensor2)?), conj_number(value)),
            tensor2: |g, tensor1, tensor2| {
                -mul(&(g * conj(&(tensor1 / &(tensor2 * tensor2)))?), conj_number(value))?
            },
        },
        domain: 0.5..2.0
    }
}

fn one_less(w: Scalar) -> Scalar {
    match w {
        Scalar::Complex(c) => Scalar::Complex(-c + 1.0),
        s => Scalar::Float(1.0 - s.to_f64()),
    }
}

// The same kernels under the nodes that PyTorch has for them; a bound that is a number has no gradient.
const CLAMP_NUMBERS: &Row =
    &Row { node: "clamp#1", grads: std::slice::from_ref(&clamp_both::ROW.grads[0]), ..*clamp_both::ROW };
const CLAMP_ONE: [&Row; 4] = [
    &Row { op: "clamp", node: "clamp", ..*clamp_min::ROW },
    &Row { op: "clamp", node: "clamp", ..*clamp_max::ROW },
    &Row { op: "clamp", node: "clamp#1", kernels: NUMBER_MIN, ..*clamp_min::ROW },
    &Row { op: "clamp", node: "clamp#1", kernels: NUMBER_MAX, ..*clamp_max::ROW },
];
const CLAMP_MIN_NUMBER: &Row = &Row { node: "clamp_min", kernels: NUMBER_MIN, ..*clamp_min::ROW };
const CLAMP_MAX_NUMBER: &Row = &Row { node: "clamp_max", kernels: NUMBER_MAX, ..*clamp_max::ROW };
// Bools are brought between tensors, not between numbers.
const NUMBER_MIN: Kernels = Kernels { bool: None, ..clamp_min::ROW.kernels };
const NUMBER_MAX: Kernels = Kernels { bool: None, ..clamp_max::ROW.kernels };

fn choose_clamp<'a>(
    x: Operand<'a>,
    min: Option<Operand<'a>>,
    max: Option<Operand<'a>>,
    numbers: bool,
) -> Result<Chosen<'a>> {
    Ok(match (min, max) {
        (None, None) => bail!("torch.clamp: At least one of 'min' or 'max' must not be None"),
        (Some(min), Some(max)) => Chosen::new(if numbers { CLAMP_NUMBERS } else { clamp_both::ROW }, [x, min, max]),
        (Some(min), None) => Chosen::new(CLAMP_ONE[2 * numbers as usize], [x, min]),
        (None, Some(max)) => Chosen::new(CLAMP_ONE[2 * numbers as usize + 1], [x, max]),
    })
}

/// Two numbers make a tensor of the default dtype, or of integers or bools.
fn where_numbers(condition: &Tensor, x: Scalar, other: Scalar) -> Result<Tensor> {
    let dtype = result_type(&[x.into(), other.into()]);
    where_(condition, &Tensor::scalar(x, dtype)?, &Tensor::scalar(other, dtype)?)
}

chosen! {
    /// Elements of `self` where the condition holds, and of `other` elsewhere.
    "where.self(Tensor condition, Tensor self, Tensor other) -> Tensor" "fo"
    |a| Ok::<_, crate::Error>(Chosen::new(where_::ROW, [a.operand(0)?, a.operand(1)?, a.operand(2)?]));
    |s| vec![
        vec![s.bools(&[2, 3]), s.t(&[2, 3]), s.t(&[3])],
        vec![s.bools(&[3]), s.t(&[2, 1]), s.complex(&[])],
    ];
    /// Elements of `self` where the condition holds, and the number `other` elsewhere.
    "where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(Chosen::new(where_::ROW, [a.operand(0)?, a.operand(1)?, a.operand(2)?]));
    |s| vec![vec![s.bools(&[2, 3]), s.t(&[2, 3]), 1.5.into()]];
    /// Elements of the tensor where the condition holds, and of `other` elsewhere.
    "where.method(Tensor self, Tensor condition, Tensor other) -> Tensor" "m"
    |a| Ok::<_, crate::Error>(Chosen::new(where_::ROW, [a.operand(1)?, a.operand(0)?, a.operand(2)?]));
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), s.t(&[3])]];
    /// Elements of the tensor where the condition holds, and the number `other` elsewhere.
    "where.method_ScalarOther(Tensor self, Tensor condition, Scalar other) -> Tensor" "m"
    |a| Ok::<_, crate::Error>(Chosen::new(where_::ROW, [a.operand(1)?, a.operand(0)?, a.operand(2)?]));
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), 1.5.into()]];
    /// The number `self` where the condition holds, and elements of `other` elsewhere.
    "where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(Chosen::new(where_::ROW, [a.operand(0)?, a.operand(1)?, a.operand(2)?]));
    |s| vec![vec![s.bools(&[2, 3]), 1.5.into(), s.t(&[2, 3])]];
    /// Each element brought between two numbers; `None` is no bound. The upper one wins where they cross.
    "clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor" "fmio"
    |a| choose_clamp(a.operand(0)?, a.opt_operand(1)?, a.opt_operand(2)?, true);
    |s| vec![
        vec![s.t(&[2, 3]), (-0.5).into(), 0.7.into()],
        vec![s.t(&[2, 3]), 0.1.into(), Value::None],
        vec![s.t(&[2, 3]), Value::None, 0.1.into()],
    ];
    /// Each element brought between two tensors' elements; `None` is no bound. The upper one wins where they cross.
    "clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor" "fmio"
    |a| choose_clamp(a.operand(0)?, a.opt_operand(1)?, a.opt_operand(2)?, false);
    |s| vec![
        vec![s.t(&[4, 6]), s.t(&[6]), s.t(&[6])],
        vec![s.t(&[2, 3]), s.t(&[2, 3]), Value::None],
        vec![s.t(&[2, 3]), Value::None, s.t(&[])],
    ];
    /// Each element, but not less than `min`.
    "clamp_min(Tensor self, Scalar min) -> Tensor" "fmio"
    |a| Ok::<_, crate::Error>(Chosen::new(CLAMP_MIN_NUMBER, [a.operand(0)?, a.operand(1)?]));
    |s| vec![vec![s.t(&[2, 3]), 0.1.into()]];
    /// Each element, but not more than `max`.
    "clamp_max(Tensor self, Scalar max) -> Tensor" "fmio"
    |a| Ok::<_, crate::Error>(Chosen::new(CLAMP_MAX_NUMBER, [a.operand(0)?, a.operand(1)?]));
    |s| vec![vec![s.t(&[2, 3]), 0.1.into()]];
    /// The point between `self` (weight 0) and `end` (weight 1).
    "lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor" "fmio"
    |a| Ok::<_, crate::Error>(Chosen::new(lerp_by::ROW, [a.operand(0)?, a.operand(1)?, a.operand(2)?]));
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[3]), 0.3.into()],
        vec![s.complex(&[2]), s.complex(&[2]), 0.7.into()],
    ];
}

rows! {
    plain_rows:
    /// One number where the condition holds, and another elsewhere.
    "where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor" "fn"
    |a| where_numbers(a.tensor(0)?, a.scalar(1)?, a.scalar(2)?);
    |s| vec![vec![s.bools(&[2, 3]), 1.5.into(), 2.into()]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all.extend(plain_rows());
    all
}
