//! Logic on truth values and on bits, element by element. To add an op, add its row.
use crate::ops::*;

pointwise! {
    /// Whether both elements are nonzero.
    logical_and(x, other) "logical_and(Tensor self, Tensor other) -> Tensor" "fmion" Keep {
        bool: x & other, int_test: x != 0 && other != 0, float_test: x != T::zero() && other != T::zero(),
        complex_test: x.norm_sqr() != 0.0 && other.norm_sqr() != 0.0,
        wgsl: { bool: "x && other", int: "x != T(0) && other != T(0)", float: "!is_zero(x) && !is_zero(other)", complex: "!is_zero_c(x) && !is_zero_c(other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether one element or both are nonzero.
    logical_or(x, other) "logical_or(Tensor self, Tensor other) -> Tensor" "fmion" Keep {
        bool: x | other, int_test: x != 0 || other != 0, float_test: x != T::zero() || other != T::zero(),
        complex_test: x.norm_sqr() != 0.0 || other.norm_sqr() != 0.0,
        wgsl: { bool: "x || other", int: "x != T(0) || other != T(0)", float: "!is_zero(x) || !is_zero(other)", complex: "!is_zero_c(x) || !is_zero_c(other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether exactly one of two elements is nonzero.
    logical_xor(x, other) "logical_xor(Tensor self, Tensor other) -> Tensor" "fmion" Keep {
        bool: x != other, int_test: (x != 0) != (other != 0), float_test: (x != T::zero()) != (other != T::zero()),
        complex_test: (x.norm_sqr() != 0.0) != (other.norm_sqr() != 0.0),
        wgsl: { bool: "x != other", int: "(x != T(0)) != (other != T(0))", float: "is_zero(x) != is_zero(other)", complex: "is_zero_c(x) != is_zero_c(other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether each element is zero.
    logical_not(x) "logical_not(Tensor self) -> Tensor" "fmion" Keep {
        bool: !x, int_test: x == 0, float_test: x == T::zero(), complex_test: x.norm_sqr() == 0.0,
        wgsl: { bool: "!x", int: "x == T(0)", float: "is_zero(x)", complex: "is_zero_c(x)" },
        grad: {},
        domain: -2.0..2.0
    }
    /// Each bit the other way round; of bools their negation.
    bitwise_not(x) "bitwise_not(Tensor self) -> Tensor" "fmion" Keep {
        bool: !x, int: !x,
        wgsl: { bool: "!x", int: "~x" },
        grad: {}, samples: |s| vec![vec![s.ints(9, &[4])]],
    }
    /// Bits that both integers have.
    bitwise_and(x, other)
    "bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor" "fmion"
    "bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor" "fmion"
    "bitwise_and.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "fn" Keep {
        bool: x & other, int: x & other,
        wgsl: { bool: "x && other", int: "x & other" },
        grad: {}, samples: |s, schema| integers(schema, s),
    }
    /// Bits that at least one of two integers has.
    bitwise_or(x, other)
    "bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor" "fmion"
    "bitwise_or.Scalar(Tensor self, Scalar other) -> Tensor" "fmion"
    "bitwise_or.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "fn" Keep {
        bool: x | other, int: x | other,
        wgsl: { bool: "x || other", int: "x | other" },
        grad: {}, samples: |s, schema| integers(schema, s),
    }
    /// Bits that exactly one of two integers has.
    bitwise_xor(x, other)
    "bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor" "fmion"
    "bitwise_xor.Scalar(Tensor self, Scalar other) -> Tensor" "fmion"
    "bitwise_xor.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "fn" Keep {
        bool: x ^ other, int: x ^ other,
        wgsl: { bool: "x != other", int: "x ^ other" },
        grad: {}, samples: |s, schema| integers(schema, s),
    }
    /// Bits moved to the left: $x \cdot 2^{other}$; 0 for a negative or too large shift.
    bitwise_left_shift(x, other)
    "bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor" "fmion"
    "bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor" "fmion"
    "bitwise_left_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "fn" Keep {
        int: if (0..64).contains(&other) { x << other } else { 0 },
        wgsl: { int: "shift_left(x, other)" },
        grad: {}, samples: |s, schema| integers(schema, s),
    }
    /// Bits moved to the right, the sign kept; all of them for a negative or too large shift.
    bitwise_right_shift(x, other)
    "bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor" "fmion"
    "bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor" "fmion"
    "bitwise_right_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "fn" Keep {
        int: x >> if (0..64).contains(&other) { other } else { 63 },
        wgsl: { int: "shift_right(x, other)" },
        grad: {}, samples: |s, schema| integers(schema, s),
    }
}

fn integers(schema: &'static str, s: &mut Samples) -> Vec<Vec<Value>> {
    let value = |p: &schema::Param| if p.kind == schema::Kind::Tensor { s.ints(9, &[4]) } else { 3.into() };
    vec![schema::parse(schema).params.iter().map(value).collect()]
}

pub(super) fn rows() -> Vec<Op> {
    pointwise_rows()
}
