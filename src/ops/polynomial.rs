//! Orthogonal polynomials of each element, by degree. To add one, add its row.
use crate::cpu::orthogonal;
use crate::ops::*;

pointwise! {
    /// Chebyshev polynomial of the first kind, of degree `n`; 0 for a negative degree.
    special_chebyshev_polynomial_t(x, n)
    "_special::chebyshev_polynomial_t(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_t.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_t.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_t(x.to_f64(), n.to_f64())),
        wgsl: { float: "chebyshev_t(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the second kind, of degree `n`; 0 for a negative degree.
    special_chebyshev_polynomial_u(x, n)
    "_special::chebyshev_polynomial_u(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_u.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_u.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_u(x.to_f64(), n.to_f64())),
        wgsl: { float: "chebyshev_u(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the third kind, of degree `n`; 0 for a negative degree.
    special_chebyshev_polynomial_v(x, n)
    "_special::chebyshev_polynomial_v(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_v.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_v.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_v(x.to_f64(), n.to_f64())),
        wgsl: { float: "chebyshev_v(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the fourth kind, of degree `n`; 0 for a negative degree.
    special_chebyshev_polynomial_w(x, n)
    "_special::chebyshev_polynomial_w(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_w.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::chebyshev_polynomial_w.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_w(x.to_f64(), n.to_f64())),
        wgsl: { float: "chebyshev_w(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the first kind on [0, 1], of degree `n`; 0 for a negative degree.
    special_shifted_chebyshev_polynomial_t(x, n)
    "_special::shifted_chebyshev_polynomial_t(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_t.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_t.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_t(2.0 * x.to_f64() - 1.0, n.to_f64())),
        wgsl: { float: "chebyshev_t(2.0 * x - 1.0, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the second kind on [0, 1], of degree `n`; 0 for a negative degree.
    special_shifted_chebyshev_polynomial_u(x, n)
    "_special::shifted_chebyshev_polynomial_u(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_u.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_u.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_u(2.0 * x.to_f64() - 1.0, n.to_f64())),
        wgsl: { float: "chebyshev_u(2.0 * x - 1.0, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the third kind on [0, 1], of degree `n`; 0 for a negative degree.
    special_shifted_chebyshev_polynomial_v(x, n)
    "_special::shifted_chebyshev_polynomial_v(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_v.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_v.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_v(2.0 * x.to_f64() - 1.0, n.to_f64())),
        wgsl: { float: "chebyshev_v(2.0 * x - 1.0, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Chebyshev polynomial of the fourth kind on [0, 1], of degree `n`; 0 for a negative degree.
    special_shifted_chebyshev_polynomial_w(x, n)
    "_special::shifted_chebyshev_polynomial_w(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_w.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::shifted_chebyshev_polynomial_w.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::chebyshev_w(2.0 * x.to_f64() - 1.0, n.to_f64())),
        wgsl: { float: "chebyshev_w(2.0 * x - 1.0, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Hermite polynomial, as physicists define it, of degree `n`; 0 for a negative degree.
    special_hermite_polynomial_h(x, n)
    "_special::hermite_polynomial_h(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::hermite_polynomial_h.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::hermite_polynomial_h.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::hermite_h(x.to_f64(), n.to_f64())),
        wgsl: { float: "hermite_h(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Hermite polynomial, as statisticians define it, of degree `n`; 0 for a negative degree.
    special_hermite_polynomial_he(x, n)
    "_special::hermite_polynomial_he(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::hermite_polynomial_he.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::hermite_polynomial_he.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::hermite_he(x.to_f64(), n.to_f64())),
        wgsl: { float: "hermite_he(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Laguerre polynomial, of degree `n`; 0 for a negative degree.
    special_laguerre_polynomial_l(x, n)
    "_special::laguerre_polynomial_l(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::laguerre_polynomial_l.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::laguerre_polynomial_l.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::laguerre_l(x.to_f64(), n.to_f64())),
        wgsl: { float: "laguerre(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
    /// Legendre polynomial, of degree `n`; 0 for a negative degree.
    special_legendre_polynomial_p(x, n)
    "_special::legendre_polynomial_p(Tensor x, Tensor n) -> Tensor" "fon"
    "_special::legendre_polynomial_p.x_scalar(Scalar x, Tensor n) -> Tensor" "fon"
    "_special::legendre_polynomial_p.n_scalar(Tensor x, Scalar n) -> Tensor" "fon" Float {
        float: T::of(orthogonal::legendre_p(x.to_f64(), n.to_f64())),
        wgsl: { float: "legendre(x, n)" },
        grad: {}, domain: 0.2..2.5
    }
}

pub(super) fn rows() -> Vec<Op> {
    pointwise_rows()
}
