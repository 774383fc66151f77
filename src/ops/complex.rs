//! Complex numbers, element by element: their parts, conjugates and angles. To add an op, add its row.
use crate::dtype::{C64, Scalar};
use crate::error::Result;
use crate::graph::with_grad;
use crate::ops::unary::flat;
use crate::ops::*;
use crate::tensor::Tensor;

pointwise! {
    /// The angle of each number in the complex plane: 0 or pi for real numbers.
    angle(x) "angle(Tensor self) -> Tensor" "fmo" Float {
        float: if x.is_nan() { x } else if x < T::zero() { T::of(std::f64::consts::PI) } else { T::zero() },
        complex_real: x.arg(),
        wgsl: { float: "select(select(T(0.0), 3.141592653589793, less(x, 0.0)), x, is_nan(x))", complex: "angle_c(x)" },
        grad: { x: |g, x| angle_backward(g, x) }, domain: 0.5..2.0
    }
    /// The complex conjugate of each element.
    conj_physical(x) Keep {
        bool: x, int: x, float: x, complex: x.conj(),
        wgsl: { bool: "x", int: "x", float: "x", complex: "conjugate_c(x)" },
        grad: { x: |g| conj(g) },
    }
    /// Whether each element has no imaginary part.
    isreal(x) "isreal(Tensor self) -> Tensor" "fmn" Keep {
        int_test: { let _ = x; true }, float_test: { let _ = x; true }, complex_test: x.im == 0.0,
        wgsl: { int: "true", float: "true", complex: "is_zero(x.y)" },
        grad: {}, domain: -2.0..2.0
    }
}

/// The direction in which the angle grows: $i x / |x|^2$.
fn angle_backward(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    if !x.dtype().is_complex() {
        return flat(g);
    }
    let length = abs(x)?;
    where_(&eq(x, 0.0)?, 0.0, &(mul(&(g * x), Scalar::Complex(C64::I))? / (&length * &length)))
}

/// The complex conjugate; a real tensor itself.
pub fn conj(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_complex() { conj_physical(x) } else { Ok(x.clone()) }
}

/// The real parts, as a view; a real tensor itself.
pub fn real(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_complex() { select(&view_as_real(x)?, -1, 0) } else { Ok(x.clone()) }
}

/// The imaginary parts, as a view.
pub fn imag(x: &Tensor) -> Result<Tensor> {
    ensure!(x.dtype().is_complex(), "imag is not implemented for tensors with non-complex dtypes.");
    select(&view_as_real(x)?, -1, 1)
}

/// What a map that is linear over the real numbers makes of a complex tensor, from what it makes of its parts; not recorded.
/// So kernels on a GPU that compute with real numbers serve for complex ones.
pub(crate) fn of_parts(x: &Tensor, map: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    with_grad(false, || complex(&map(&parts_of(x, 0))?, &map(&parts_of(x, 1))?))
}
/// Whether a tensor is one of complex numbers on a GPU.
pub(crate) fn in_parts(x: &Tensor) -> bool {
    x.dtype().is_complex() && x.device().is_gpu()
}

rows! {
    plain_rows:
    /// The complex conjugate of each element; a real tensor itself.
    "conj(Tensor(a) self) -> Tensor(a)" "fm"
    |a| conj(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])], vec![s.complex(&[2])]];
    /// The complex conjugate of each element; a real tensor itself.
    "conj_physical(Tensor self) -> Tensor" "fmio"
    |a| conj(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])], vec![s.complex(&[2])]];
    /// The tensor itself: conjugation is never put off.
    "resolve_conj(Tensor(a) self) -> Tensor(a)" "fm"
    |a| Ok::<_, crate::Error>(a.tensor(0)?.clone());
    |s| vec![vec![s.t(&[2])]];
    /// The tensor itself: negation is never put off.
    "resolve_neg(Tensor(a) self) -> Tensor(a)" "fm"
    |a| Ok::<_, crate::Error>(a.tensor(0)?.clone());
    |s| vec![vec![s.t(&[2])]];
    /// Whether the tensor is to be conjugated on reading: never.
    "is_conj(Tensor self) -> bool" "fmn"
    |a| a.tensor(0).map(|_| false);
    |s| vec![vec![s.t(&[2])]];
    /// Whether the tensor is to be negated on reading: never.
    "is_neg(Tensor self) -> bool" "fmn"
    |a| a.tensor(0).map(|_| false);
    |s| vec![vec![s.t(&[2])]];
    /// The real part of each number, as a view; a real tensor itself.
    "real(Tensor(a) self) -> Tensor(a)" "fp"
    |a| real(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])], vec![s.complex(&[2])]];
    /// The imaginary part of each complex number, as a view.
    "imag(Tensor(a) self) -> Tensor(a)" "fp"
    |a| imag(a.tensor(0)?);
    |s| vec![vec![s.complex(&[2])]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(plain_rows());
    all
}
