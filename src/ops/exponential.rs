//! Exponentials, logarithms and what is made of them: error functions, sigmoid, gamma functions. To add one, add its row.
use crate::cpu::complex_math;
use crate::ops::elementwise::Chosen;
use crate::ops::*;
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

pointwise! {
    /// e to the power of each element.
    exp(x) "exp(Tensor self) -> Tensor" "fmio" Float {
        float: x.exp(), rows_f64: crate::cpu::math64::exp_rows, complex: x.exp(),
        wgsl: { float: "exp_of(x)", complex: "exp_c(x)" },
        grad: { x: |g, y| g * conj(y)? }, domain: -2.0..2.0
    }
    /// 2 to the power of each element.
    exp2(x) "exp2(Tensor self) -> Tensor" "fmio" Float {
        float: x.exp2(), complex: (x * LN_2).exp(),
        wgsl: { float: "exp2_of(x)", complex: "exp_c(x * T(0.6931471805599453))" },
        grad: { x: |g, y| g * conj(y)? * LN_2 }, domain: -2.0..2.0
    }
    /// $e^x - 1$ of each element, exact near 0.
    expm1(x) "expm1(Tensor self) -> Tensor" "fmio" Float {
        float: x.expm1(), complex: complex_math::expm1(x),
        wgsl: { float: "expm1(x)", complex: "expm1_c(x)" },
        grad: { x: |g, y| g * (conj(y)? + 1.0) }, domain: -2.0..2.0
    }
    /// Natural logarithm of each element.
    log(x) "log(Tensor self) -> Tensor" "fmio" Float {
        float: x.log(), complex: x.ln(),
        wgsl: { float: "log_of(x)", complex: "log_c(x)" },
        grad: { x: |g, x| g / &conj(x)? }, domain: 0.5..4.0
    }
    /// Logarithm to base 2 of each element.
    log2(x) "log2(Tensor self) -> Tensor" "fmio" Float {
        float: x.log2(), complex: x.ln() / LN_2,
        wgsl: { float: "log2_of(x)", complex: "log_c(x) / T(0.6931471805599453)" },
        grad: { x: |g, x| g / &(conj(x)? * LN_2) }, domain: 0.5..4.0
    }
    /// Logarithm to base 10 of each element.
    log10(x) "log10(Tensor self) -> Tensor" "fmio" Float {
        float: x.log10(), complex: x.ln() / LN_10,
        wgsl: { float: "log10_of(x)", complex: "log_c(x) / T(2.302585092994046)" },
        grad: { x: |g, x| g / &(conj(x)? * LN_10) }, domain: 0.5..4.0
    }
    /// $\log(1 + x)$ of each element, exact near 0.
    log1p(x) "log1p(Tensor self) -> Tensor" "fmio" Float {
        float: x.log1p(), complex: complex_math::log1p(x),
        wgsl: { float: "log1p(x)", complex: "log1p_c(x)" },
        grad: { x: |g, x| g / &(conj(x)? + 1.0) }, domain: -0.5..4.0
    }
    /// $1 / (1 + e^{-x})$ of each element.
    sigmoid(x) "sigmoid(Tensor self) -> Tensor" "fmio" Float {
        float: x.sigmoid(), complex: ((-x).exp() + 1.0).inv(),
        wgsl: { float: "sigmoid(x)", complex: "sigmoid_c(x)" },
        grad: { x: |g, y| sigmoid_backward(g, y) }, domain: -2.0..2.0
    }
    /// The gradient of the sigmoid, from its value `y`.
    sigmoid_backward(g, y) Keep {
        float: g * (T::one() - y) * y, complex: g * ((-y + 1.0) * y).conj(),
        wgsl: { float: "g * (1.0 - y) * y", complex: "times_c(g, conjugate_c(times_c(one_minus_c(y), y)))" },
        grad: { g: |gg, y| sigmoid_backward(gg, &conj(y)?), y: |gg, g, y| g * conj(gg)? * (conj(y)? * -2.0 + 1.0) },
    }
    /// $\log(x / (1 - x))$, with `x` first brought into [eps, 1 - eps] unless eps is negative.
    logit_eps(x; eps) => "logit" Float {
        float: {
            let x = if eps < T::zero() { x } else { x.maximum(eps).minimum(T::one() - eps) };
            (x / (T::one() - x)).log()
        },
        wgsl: { float: "logit(x, eps)" },
        grad: { x: |g, x| logit_backward(g, x, eps) },
    }
    logit_backward(g, x; eps) Keep {
        float: {
            let (lo, hi) = if eps < T::zero() { (T::zero(), T::one()) } else { (eps, T::one() - eps) };
            let outside = if eps < T::zero() { T::of(f64::NAN) } else { T::zero() };
            if x < lo || x > hi { outside } else { g / (x * (T::one() - x)) }
        },
        wgsl: { float: "logit_backward(g, x, eps)" },
        grad: {
            g: |gg, x| logit_backward(gg, x, eps),
            x: |gg, g, x| {
                let bent = gg * logit_backward(g, x, eps)? * (x * 2.0 - &ones_like(x)?) / &(x * (1.0 - x));
                // Flat outside, also where the quotient is 0 / 0.
                let eps = eps.to_f64();
                if eps < 0.0 { bent } else { where_(&logical_and(&ge(x, eps)?, &le(x, 1.0 - eps)?)?, &bent, 0.0)? }
            },
        },
    }
    /// The error function $2/\sqrt{\pi} \int_0^x e^{-t^2} dt$ of each element.
    erf(x) "erf(Tensor self) -> Tensor" "fmio" Float {
        float: x.erf(),
        wgsl: { float: "erf(x)" },
        grad: { x: |g, x| g * exp(&-(x * x))? * FRAC_2_SQRT_PI }, domain: -2.0..2.0
    }
    /// $1 - $ the error function of each element, exact for large ones.
    erfc(x) "erfc(Tensor self) -> Tensor" "fmio" Float {
        float: x.erfc(),
        wgsl: { float: "erfc(x)" },
        grad: { x: |g, x| g * exp(&-(x * x))? * -FRAC_2_SQRT_PI }, domain: -2.0..2.0
    }
}

fn choose_logit(x: &Tensor, eps: Option<f64>) -> crate::Result<Chosen<'_>> {
    Ok(Chosen::new(logit_eps::ROW, [x.into(), eps.unwrap_or(-1.0).into()]))
}

chosen! {
    /// $\log(x / (1 - x))$ of each element, brought into [eps, 1 - eps] first where `eps` is given.
    "logit(Tensor self, float? eps=None) -> Tensor" "fmio"
    |a| choose_logit(a.tensor(0)?, a.opt_float(1)?);
    |s| vec![vec![s.within(0.1..0.9, &[2, 3]), Value::None], vec![s.within(-0.5..1.5, &[2, 3]), 0.2.into()]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all
}
