//! Ops of one tensor, element by element. To add one, add its row.
use crate::ops::*;

pointwise! {
    /// Square root of each element: $\sqrt{x}$, NaN for negative numbers.
    sqrt(x) "sqrt(Tensor self) -> Tensor" "fmio" Float {
        float: x.sqrt(), complex: x.sqrt(), grad: { x: |g, y| g / &(y * 2.0) }, domain: 0.5..4.0
    }
    /// e to the power of each element.
    exp(x) "exp(Tensor self) -> Tensor" "fmio" Float {
        float: x.exp(), complex: x.exp(), grad: { x: |g, y| g * y }, domain: -2.0..2.0
    }
    /// Minus each element. Not defined for bool.
    neg(x) "neg(Tensor self) -> Tensor" "fmio" Keep {
        int: x.wrapping_neg(), float: -x, complex: -x, grad: { x: |g| neg(g) }, domain: -2.0..2.0
    }
}

pub(super) fn rows() -> Vec<Op> {
    pointwise_rows()
}
