//! Arithmetic of two tensors, element by element, with broadcasting and promotion. To add an op, add its row.
use crate::ops::*;

pointwise! {
    /// Sum of two operands.
    add(x, other) "" "" Keep {
        bool: x | other, int: x.wrapping_add(other), float: x + other, complex: x + other,
        grad: { x: |g| g.clone(), other: |g| g.clone() }, domain: -2.0..2.0
    }
    /// Difference of two operands.
    sub(x, other) "" "" Keep {
        int: x.wrapping_sub(other), float: x - other, complex: x - other,
        grad: { x: |g| g.clone(), other: |g| neg(g) }, domain: -2.0..2.0
    }
    /// Product of two operands, with broadcasting and promotion.
    mul(x, other) "mul.Tensor(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        bool: x & other, int: x.wrapping_mul(other), float: x * other, complex: x * other,
        grad: { x: |g, other| g * other, other: |g, x| g * x }, domain: -2.0..2.0
    }
    /// True quotient of two operands; integers become floats first.
    div(x, other) "" "" Float {
        float: x / other, complex: x / other,
        grad: { x: |g, other| g / other, other: |g, other, y| -(g * &(y / other)) }, domain: 0.5..2.0
    }
}

pub(super) fn rows() -> Vec<Op> {
    pointwise_rows()
}
