//! Comparisons of two tensors, element by element and as a whole. To add an op, add its row.
use crate::dtype::default_dtype;
use crate::error::Result;
use crate::ops::*;
use crate::tensor::Tensor;

pointwise! {
    /// Whether elements are equal.
    eq(x, other)
    "eq.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "eq.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: x == other, int_test: x == other, float_test: x == other, complex_test: x == other,
        wgsl: { bool: "x == other", int: "x == other", float: "equal(x, other)", complex: "equal_c(x, other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements differ.
    ne(x, other)
    "ne.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "ne.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: x != other, int_test: x != other, float_test: x != other, complex_test: x != other,
        wgsl: { bool: "x != other", int: "x != other", float: "!equal(x, other)", complex: "!equal_c(x, other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements of `self` are less than those of `other`.
    lt(x, other)
    "lt.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "lt.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: !x & other, int_test: x < other, float_test: x < other,
        wgsl: { bool: "!x && other", int: "x < other", float: "less(x, other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements of `self` are at most those of `other`.
    le(x, other)
    "le.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "le.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: !x | other, int_test: x <= other, float_test: x <= other,
        wgsl: { bool: "!x || other", int: "x <= other", float: "less_equal(x, other)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements of `self` are greater than those of `other`.
    gt(x, other)
    "gt.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "gt.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: x & !other, int_test: x > other, float_test: x > other,
        wgsl: { bool: "x && !other", int: "x > other", float: "less(other, x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements of `self` are at least those of `other`.
    ge(x, other)
    "ge.Tensor(Tensor self, Tensor other) -> Tensor" "fmion" "ge.Scalar(Tensor self, Scalar other) -> Tensor" "fmion" Keep {
        bool: x | !other, int_test: x >= other, float_test: x >= other,
        wgsl: { bool: "x || !other", int: "x >= other", float: "less_equal(other, x)" },
        grad: {}, domain: -2.0..2.0
    }
    /// Whether elements differ by at most `atol + rtol * |other|`.
    close(x, other; rtol, atol, equal_nan) Keep {
        float_test: {
            let d = (x - other).abs();
            let near = d < T::of(f64::INFINITY) && d <= atol + (rtol * other).abs();
            x == other || near || (equal_nan != T::zero() && x.is_nan() && other.is_nan())
        },
        complex_test: {
            let d = (x - other).norm();
            let near = d.is_finite() && d <= atol.re + (rtol * other).norm();
            x == other || near || (equal_nan.re != 0.0 && x.is_nan() && other.is_nan())
        },
        wgsl: { float: "close(x, other, rtol, atol, equal_nan)", complex: "close_c(x, other, rtol, atol, equal_nan)" },
        grad: {},
    }
}

/// Whether elements differ by at most `atol + rtol * |other|`; integers are compared as floats.
pub fn isclose(x: &Tensor, other: &Tensor, rtol: f64, atol: f64, equal_nan: bool) -> Result<Tensor> {
    let (a, b) = (x.dtype().scalar_name(), other.dtype().scalar_name());
    ensure!(x.dtype() == other.dtype(), "{a} did not match {b}");
    ensure!(rtol >= 0.0, "rtol must be greater than or equal to zero, but got {rtol}");
    ensure!(atol >= 0.0, "atol must be greater than or equal to zero, but got {atol}");
    if !x.dtype().is_integral() {
        return close(x, other, rtol, atol, equal_nan);
    }
    let exact = eq(x, other)?;
    if rtol == 0.0 && atol == 0.0 {
        return Ok(exact);
    }
    let dtype = default_dtype();
    logical_or(&exact, &close(&cast(x, dtype)?, &cast(other, dtype)?, rtol, atol, equal_nan)?)
}

fn all_true(x: &Tensor) -> Result<bool> {
    if x.device().is_gpu() {
        return Ok(all(x)?.item()?.to_bool());
    }
    let x = x.contiguous_data()?;
    // SAFETY: contiguous bools that nobody else has seen.
    Ok(unsafe { x.as_slice::<bool>() }.iter().all(|&b| b))
}

/// Whether shapes and all elements are equal.
pub fn equal(x: &Tensor, other: &Tensor) -> Result<bool> {
    if x.shape() != other.shape() {
        return Ok(false);
    }
    all_true(&eq(x, other)?)
}

rows! {
    plain_rows:
    /// Whether elements differ by at most `atol + rtol * |other|`.
    "isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor" "fmn"
    |a| isclose(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.float(3)?, a.bool(4)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3]), 0.1.into(), 0.5.into(), false.into()]];
    /// Whether all elements differ by at most `atol + rtol * |other|`.
    "allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> bool" "fmn"
    |a| all_true(&isclose(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.float(3)?, a.bool(4)?)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3]), 0.1.into(), 0.5.into(), false.into()]];
    /// Whether shapes and all elements are equal.
    "equal(Tensor self, Tensor other) -> bool" "fmn"
    |a| equal(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3])], vec![s.t(&[2]), s.t(&[3])]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(plain_rows());
    all
}
