//! Activation functions, element by element, with their gradients as fused ops. To add one, add its row.
//!
//! They stand where PyTorch's native layer has them: `relu` and its like at the top, most others in `_nn`.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::ops::elementwise::{Chosen, Row};
use crate::ops::*;
use crate::tensor::Tensor;

/// $1/\sqrt{2\pi}$, of the normal density.
const DENSITY: f64 = 0.398_942_280_401_432_7;
/// $\sqrt{2/\pi}$ and the cubic coefficient of the tanh form of GELU (Hendrycks and Gimpel 2016).
const TANH_SCALE: f64 = 0.797_884_560_802_865_4;
const TANH_CUBIC: f64 = 0.044_715;
/// The constants of SELU (Klambauer et al. 2017).
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

fn relu_operand(o: &[Operand]) -> Result<()> {
    ensure!(o[0].dtype() != DType::Bool, "Boolean inputs not supported for relu");
    ensure!(!o[0].dtype().is_complex(), NotImplemented, "clamp is not supported for complex types");
    Ok(())
}
fn hardtanh_operand(o: &[Operand]) -> Result<()> {
    let dtype = o[0].dtype();
    ensure!(dtype != DType::Bool, "Bool inputs not supported for hardtanh");
    ensure!(!dtype.is_complex(), NotImplemented, "clamp is not supported for complex types");
    let negative = |o: &Operand| matches!(o, Operand::Scalar(s) if s.to_f64() < 0.0);
    ensure!(
        dtype != DType::U8 || !o[1..].iter().any(negative),
        "cannot do hardtanh on an unsigned type with negative limits"
    );
    ternary::numbers_fit(&o[1..], dtype)
}

pointwise! {
    /// $\max(x, 0)$ of each element.
    relu(x) "relu(Tensor self) -> Tensor" "fmi" Keep {
        check: relu_operand, int: x.max(0), float: if x < T::zero() { T::zero() } else { x },
        wgsl: { int: "max(x, T(0))", float: "select(x, 0.0, less(x, 0.0))" },
        grad: { x: |g, y| threshold_backward(g, y, 0.0) }, domain: -2.0..2.0
    }
    /// Each element if it is above `threshold`, otherwise `value`.
    threshold(x; threshold, value) "threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor" "fio" Keep {
        check: |o| ternary::numbers_fit(&o[1..], o[0].dtype()),
        int: if x <= threshold { value } else { x }, float: if x <= threshold { value } else { x },
        wgsl: { int: "select(x, value, x <= threshold)", float: "select(x, value, less_equal(x, threshold))" },
        grad: { x: |g, x| threshold_backward(g, x, threshold) }, domain: -2.0..2.0
    }
    /// The gradient where `x` is above the threshold.
    threshold_backward(g, x; threshold) Keep {
        float: if x <= threshold { T::zero() } else { g },
        wgsl: { float: "select(g, 0.0, less_equal(x, threshold))" },
        grad: { g: |gg, x| threshold_backward(gg, x, threshold) },
    }
    /// Each element if it is positive, otherwise `negative_slope` times it.
    leaky_relu(x; negative_slope) "_nn::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor" "fio" Keep {
        float: if x > T::zero() { x } else { x * negative_slope },
        wgsl: { float: "select(x * negative_slope, x, less(0.0, x))" },
        grad: { x: |g, x| leaky_relu_backward(g, x, negative_slope) }, domain: -2.0..2.0
    }
    leaky_relu_backward(g, x; negative_slope) Keep {
        float: if x > T::zero() { g } else { g * negative_slope },
        wgsl: { float: "select(g * negative_slope, g, less(0.0, x))" },
        grad: { g: |gg, x| leaky_relu_backward(gg, x, negative_slope) },
    }
    /// `scale * x` of positive elements, `scale * alpha * (exp(input_scale * x) - 1)` of others.
    elu(x; alpha, scale, input_scale)
    "_nn::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor" "fio" Keep {
        float: if x <= T::zero() { (x * input_scale).expm1() * (alpha * scale) } else { x * scale },
        wgsl: { float: "select(x * scale, expm1(x * input_scale) * (alpha * scale), less_equal(x, 0.0))" },
        grad: { x: |g, x| elu_backward(g, x, alpha, scale, input_scale) }, domain: -2.0..2.0
    }
    elu_backward(g, x; alpha, scale, input_scale) Keep {
        float: if x <= T::zero() { g * (x * input_scale).exp() * (alpha * scale * input_scale) } else { g * scale },
        wgsl: {
            float: "select(g * scale, g * exp_of(x * input_scale) * (alpha * scale * input_scale), less_equal(x, 0.0))",
        },
        grad: {
            g: |gg, x| elu_backward(gg, x, alpha, scale, input_scale),
            x: |gg, g, x| {
                let bent = elu_backward(&(gg * g), x, alpha, scale, input_scale)?;
                where_(&lt(x, 0.0)?, &mul(&bent, input_scale)?, 0.0)
            },
        },
    }
    /// Gaussian error linear unit: $x \Phi(x)$.
    gelu_exact(x) => "gelu" Keep {
        float: x * x.normal_area(),
        wgsl: { float: "x * normal_area(x)" },
        grad: { x: |g, x| gelu_backward(g, x) },
    }
    gelu_backward(g, x) Keep {
        float: g * (x.normal_area() + x * (x * x * T::of(-0.5)).exp() * T::of(DENSITY)),
        wgsl: { float: "g * gelu_slope(x)" },
        grad: {
            g: |gg, x| gelu_backward(gg, x),
            x: |gg, g, x| gg * g * exp(&(x * x * -0.5))? * (2.0 - x * x) * DENSITY,
        },
    }
    /// Its approximation by tanh.
    gelu_tanh(x) => "gelu" Keep {
        float: {
            let h = x * T::of(0.5);
            let t = (T::of(TANH_SCALE) * (T::of(TANH_CUBIC) * x * x).fma(x, x)).tanh();
            t.fma(h, h)
        },
        wgsl: { float: "gelu_tanh(x)" },
        grad: { x: |g, x| gelu_tanh_backward(g, x) },
    }
    gelu_tanh_backward(g, x) => "gelu_backward" Keep {
        float: {
            let q = T::of(TANH_CUBIC) * x * x;
            let t = (T::of(TANH_SCALE) * q.fma(x, x)).tanh();
            let slope = (T::one() - t * t) * T::of(TANH_SCALE) * (T::one() + q * T::of(3.0));
            g * T::of(0.5) * (T::one() + t + x * slope)
        },
        wgsl: { float: "g * gelu_tanh_slope(x)" },
        grad: { g: |gg, x| gelu_tanh_backward(gg, x), x: |gg, g, x| gelu_tanh_second(&(gg * g), x) },
    }
    /// $x \sigma(x)$ of each element.
    silu(x) "_nn::silu(Tensor self) -> Tensor" "fio" Keep {
        float: x * x.sigmoid(), complex: x / ((-x).exp() + 1.0),
        wgsl: { float: "x * sigmoid(x)", complex: "silu_c(x)" },
        grad: { x: |g, x| silu_backward(g, x) }, domain: -2.0..2.0
    }
    silu_backward(g, x) Keep {
        float: { let s = x.sigmoid(); g * s * (T::one() + x * (T::one() - s)) },
        complex: { let s = ((-x).exp() + 1.0).inv(); g * (s * (x * (-s + 1.0) + 1.0)).conj() },
        wgsl: { float: "g * silu_slope(x)", complex: "times_c(g, silu_slope_c(x))" },
        grad: { g: |gg, x| silu_backward(gg, &conj(x)?), x: |gg, g, x| silu_second(&(g * conj(gg)?), &conj(x)?) },
    }
    /// $x \tanh(\log(1 + e^x))$ of each element.
    mish(x) "_nn::mish(Tensor self) -> Tensor" "fio" Keep {
        float: x * tanh_softplus::<L, T>(x),
        wgsl: { float: "x * tanh_softplus(x)" },
        grad: { x: |g, x| mish_backward(g, x) }, domain: -2.0..2.0
    }
    mish_backward(g, x) Keep {
        float: { let w = tanh_softplus::<L, T>(x); g * (w + x * x.sigmoid() * (T::one() - w * w)) },
        wgsl: { float: "g * mish_slope(x)" },
        grad: { g: |gg, x| mish_backward(gg, x), x: |gg, g, x| mish_second(&(gg * g), x) },
    }
    /// $\log(1 + e^{\beta x}) / \beta$, and `x` itself where `beta * x` is above the threshold.
    softplus(x; beta, threshold) "_nn::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor" "fo" Keep {
        float: { let z = x * beta; if z > threshold { x } else { z.exp().log1p() / beta } },
        wgsl: { float: "softplus(x, beta, threshold)" },
        grad: { x: |g, x| softplus_backward(g, x, beta, threshold) },
        samples: |s| vec![vec![s.t(&[2, 3]), 1.into(), 20.into()], vec![s.t(&[2, 3]), 2.0.into(), 1.5.into()]],
    }
    softplus_backward(g, x; beta, threshold) Keep {
        float: { let z = x * beta; if z > threshold { g } else { g * z.sigmoid() } },
        wgsl: { float: "select(g * sigmoid(x * beta), g, less(threshold, x * beta))" },
        grad: {
            g: |gg, x| softplus_backward(gg, x, beta, threshold),
            x: |gg, g, x| {
                let z = mul(x, beta)?;
                let s = sigmoid(&z)?;
                where_(&ge(&z, threshold)?, 0.0, &mul(&(gg * g * (&s * (1.0 - &s))), beta)?)
            },
        },
    }
    /// $\log \sigma(x)$ of each element.
    log_sigmoid(x) "_nn::log_sigmoid(Tensor self) -> Tensor" "fo" Keep {
        float: x.minimum(T::zero()) - (-x.abs()).exp().log1p(),
        wgsl: { float: "log_sigmoid(x)" },
        grad: { x: |g, x| log_sigmoid_backward(g, x) },
        domain: -2.0..2.0
    }
    log_sigmoid_backward(g, x) Keep {
        float: g * (-x).sigmoid(),
        wgsl: { float: "g * sigmoid(-x)" },
        grad: {
            g: |gg, x| log_sigmoid_backward(gg, x),
            x: |gg, g, x| { let s = sigmoid(x)?; -(gg * g * (&s * (1.0 - &s))) },
        },
    }
    /// Each element brought between two numbers.
    hardtanh(x; min_val, max_val)
    "_nn::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor" "fio" Keep {
        check: hardtanh_operand, int: x.max(min_val).min(max_val), float: x.maximum(min_val).minimum(max_val),
        wgsl: { int: "between_integers(x, min_val, max_val)", float: "between(x, min_val, max_val)" },
        grad: { x: |g, x| hardtanh_backward(g, x, min_val, max_val) },
        samples: |s| vec![vec![s.t(&[2, 3]), (-1).into(), 1.into()], vec![s.t(&[6]), (-0.5).into(), 0.7.into()]],
    }
    hardtanh_backward(g, x; min_val, max_val) Keep {
        float: if x <= min_val || x >= max_val { T::zero() } else { g },
        wgsl: { float: "select(g, 0.0, less_equal(x, min_val) || less_equal(max_val, x))" },
        grad: { g: |gg, x| hardtanh_backward(gg, x, min_val, max_val) },
    }
    /// The line $x/6 + 1/2$ between 0 and 1.
    hardsigmoid(x) "_nn::hardsigmoid(Tensor self) -> Tensor" "fio" Keep {
        float: (x + T::of(3.0)).maximum(T::zero()).minimum(T::of(6.0)) / T::of(6.0),
        wgsl: { float: "between(x + 3.0, 0.0, 6.0) / 6.0" },
        grad: { x: |g, x| hardsigmoid_backward(g, x) }, domain: -4.0..4.0
    }
    hardsigmoid_backward(g, x) Keep {
        float: if x > T::of(-3.0) && x < T::of(3.0) { g * T::of(1.0 / 6.0) } else { T::zero() },
        wgsl: { float: "select(0.0, g * 0.16666666666666666, less(-3.0, x) && less(x, 3.0))" },
        grad: { g: |gg, x| hardsigmoid_backward(gg, x) },
    }
    /// `x` times its hard sigmoid.
    hardswish(x) "_nn::hardswish(Tensor self) -> Tensor" "fio" Keep {
        float: x * (x + T::of(3.0)).maximum(T::zero()).minimum(T::of(6.0)) / T::of(6.0),
        wgsl: { float: "x * between(x + 3.0, 0.0, 6.0) / 6.0" },
        grad: { x: |g, x| hardswish_backward(g, x) }, domain: -4.0..4.0
    }
    hardswish_backward(g, x) Keep {
        float: if x <= T::of(-3.0) {
            T::zero()
        } else if x < T::of(3.0) {
            g * (x / T::of(3.0) + T::of(0.5))
        } else {
            g
        },
        wgsl: { float: "select(select(g, g * (x / 3.0 + 0.5), less(x, 3.0)), 0.0, less_equal(x, -3.0))" },
        grad: {
            g: |gg, x| hardswish_backward(gg, x),
            x: |gg, g, x| {
                let bent = logical_and(&gt(x, -3.0)?, &lt(x, 3.0)?)?;
                where_(&bent, &(gg * g * (1.0 / 3.0)), 0.0)
            },
        },
    }
    /// 0 for elements in [-lambd, lambd], others as they are.
    hardshrink(x; lambd) "hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor" "fmo" Keep {
        float: if x >= -lambd && x <= lambd { T::zero() } else { x },
        wgsl: { float: "select(x, 0.0, less_equal(-lambd, x) && less_equal(x, lambd))" },
        grad: { x: |g, x| shrink_backward(g, x, lambd) },
        samples: |s| vec![vec![s.t(&[2, 3]), 0.5.into()]],
    }
    /// Each element moved by `lambd` towards 0; 0 for those in [-lambd, lambd].
    softshrink(x; lambd) "_nn::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor" "fo" Keep {
        check: |o| {
            let (dtype, lambd) = (o[0].dtype().scalar_name(), if let Operand::Scalar(s) = o[1] { s.to_f64() } else { 0.0 });
            ensure!(
                o[0].dtype().is_float(),
                NotImplemented,
                "\"softshrink_check\" not implemented for '{dtype}'"
            );
            ensure!(
                lambd >= 0.0,
                "lambda must be in range [0, 3.40282e+38] for input dtype {dtype}, but found {lambd}"
            );
            Ok(())
        },
        float: if x > lambd { x - lambd } else if x < -lambd { x + lambd } else { x * T::zero() },
        wgsl: { float: "soft_shrink(x, lambd)" },
        grad: { x: |g, x| shrink_backward(g, x, lambd) },
        samples: |s| vec![vec![s.t(&[2, 3]), 0.5.into()]],
    }
    /// The gradient where `x` is outside [-lambd, lambd].
    shrink_backward(g, x; lambd) => "hardshrink_backward" Keep {
        float: if x >= -lambd && x <= lambd { T::zero() } else { g },
        wgsl: { float: "select(g, 0.0, less_equal(-lambd, x) && less_equal(x, lambd))" },
        grad: { g: |gg, x| shrink_backward(gg, x, lambd) },
    }
    /// Each element if it is positive, otherwise `weight` times it.
    prelu_kernel(x, weight) Keep {
        float: if x > T::zero() { x } else { weight * x },
        wgsl: { float: "select(weight * x, x, less(0.0, x))" },
        grad: {
            x: |g, x, weight| prelu_slope(g, x, weight), weight: |g, x| where_(&gt(x, 0.0)?, 0.0, &(g * x)),
        },
    }
    prelu_slope(g, x, weight) => "prelu_kernel_backward" Keep {
        float: if x > T::zero() { g } else { weight * g },
        wgsl: { float: "select(weight * g, g, less(0.0, x))" },
        grad: { g: |gg, x, weight| prelu_slope(gg, x, weight), weight: |gg, g, x| where_(&gt(x, 0.0)?, 0.0, &(gg * g)) },
    }
    /// $a \sigma(b)$, of the halves of a tensor.
    glu_halves(a, b) => "glu" Keep {
        float: a * b.sigmoid(),
        wgsl: { float: "a * sigmoid(b)" },
        grad: { a: |g, b| glu_halves(g, b), b: |g, a, b| glu_gate_backward(g, a, b) },
    }
    glu_gate_backward(g, a, b) => "glu_backward" Keep {
        float: { let s = b.sigmoid(); g * a * (s * (T::one() - s)) },
        wgsl: { float: "g * a * sigmoid_slope(b)" },
        grad: {
            g: |gg, a, b| glu_gate_backward(gg, a, b), a: |gg, g, b| glu_gate_backward(gg, g, b),
            b: |gg, g, a, b| glu_gate_backward(&(gg * (1.0 - 2.0 * sigmoid(b)?)), &(g * a), b),
        },
    }
}

#[inline(always)]
fn tanh_softplus<L: crate::cpu::simd::Level, T: crate::cpu::float::Float<L>>(x: T) -> T {
    // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2); from 20 on it is 1 in float32, and as good as 1 in float64
    let e = x.minimum(T::of(20.0)).exp();
    let n = e * (e + T::of(2.0));
    n / (n + T::of(2.0))
}

fn gelu_tanh_second(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    let x2 = x * x;
    let t = tanh(&(x * (&x2 * TANH_CUBIC + 1.0) * TANH_SCALE))?;
    let u1 = (&x2 * (3.0 * TANH_CUBIC) + 1.0) * TANH_SCALE;
    let rest = 1.0 - &t * &t;
    let t1 = &rest * &u1;
    let t2 = rest * (x * (6.0 * TANH_CUBIC * TANH_SCALE)) - &t * &t1 * &u1 * 2.0;
    Ok(g * (t1 + x * t2 * 0.5))
}
fn silu_second(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    let s = sigmoid(x)?;
    let rest = 1.0 - &s;
    let bend = x * (1.0 - &s * 2.0) + 2.0;
    Ok(g * (&s * rest) * bend)
}
fn mish_second(g: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (s, w) = (sigmoid(x)?, tanh(&softplus(x, 1.0, 20.0)?)?);
    let rest = 1.0 - &w * &w;
    let w1 = &s * &rest;
    let w2 = &s * (1.0 - &s) * rest - &w * &w1 * &s * 2.0;
    Ok(g * (w1 * 2.0 + x * w2))
}

const CELU: &Row = &Row { node: "celu", ..*elu::ROW };

fn choose_gelu<'a>(x: &'a Tensor, approximate: &str) -> Result<Chosen<'a>> {
    let row = match approximate {
        "none" => gelu_exact::ROW,
        "tanh" => gelu_tanh::ROW,
        _ => bail!("approximate argument must be either none or tanh."),
    };
    let dtype = x.dtype();
    ensure!(dtype.is_float(), NotImplemented, "\"GeluKernelImpl\" not implemented for '{}'", dtype.scalar_name());
    Ok(Chosen::new(row, [x.into()]))
}
fn choose_celu(x: &Tensor, alpha: Scalar) -> Result<Chosen<'_>> {
    let alpha = alpha.to_f64();
    ensure!(alpha != 0.0, "ZeroDivisionError: alpha cannot be 0 for CELU");
    Ok(Chosen::new(CELU, [x.into(), alpha.into(), 1.0.into(), (1.0 / alpha).into()]))
}

/// The first half of `x` along `dim`, gated by the sigmoid of the second.
pub fn glu(x: &Tensor, dim: i64) -> Result<Tensor> {
    ensure!(x.rank() > 0, "glu does not support 0-dimensional tensors");
    let d = crate::layout::wrap_dim(dim, x.rank())?;
    let n = x.shape()[d];
    ensure!(n.is_multiple_of(2), "Halving dimension must be even, but dimension {d} is size {n}");
    let dtype = x.dtype();
    ensure!(dtype.is_float(), NotImplemented, "\"glu_cpu\" not implemented for '{}'", dtype.scalar_name());
    let half = (n / 2) as i64;
    glu_halves(&narrow(x, d as i64, 0, half)?, &narrow(x, d as i64, half, half)?)
}

/// Leaky ReLU with a learned slope: one for all channels (dim 1), or one for each.
pub fn prelu(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (a, b) = (x.dtype().scalar_name(), weight.dtype().scalar_name());
    ensure!(x.dtype() == weight.dtype(), "prelu: Type promoting not supported. Got {a} and {b}");
    let slopes = weight.numel();
    if slopes != 1 {
        ensure!(x.rank() > 0, "Not allow zero-dim input tensor.");
        let channels = if x.rank() > 1 { x.shape()[1] } else { 1 };
        ensure!(
            channels == slopes,
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = {slopes} and channel size \
             = {channels}."
        );
    }
    ensure!(
        weight.rank() <= 1,
        "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {}",
        weight.rank()
    );
    let shape: Vec<usize> = match x.rank() {
        0 => vec![],
        1 => vec![slopes],
        n => (0..n).map(|d| if d == 1 { slopes } else { 1 }).collect(),
    };
    let dtype = x.dtype();
    ensure!(dtype.is_float(), NotImplemented, "\"prelu_cpu\" not implemented for '{}'", dtype.scalar_name());
    prelu_kernel(x, &reshape_to(weight, &shape)?)
}

chosen! {
    /// Gaussian error linear unit: $x \Phi(x)$, or its approximation by tanh.
    "_nn::gelu(Tensor self, *, str approximate=\"none\") -> Tensor" "fio"
    |a| choose_gelu(a.tensor(0)?, a.str(1)?);
    |s| vec![vec![s.t(&[2, 3]), "none".into()], vec![s.t(&[2, 3]), "tanh".into()]];
    /// Scaled exponential linear unit.
    "selu(Tensor self) -> Tensor" "fi"
    |a| Ok::<_, crate::Error>(Chosen::new(
        elu::ROW, [a.operand(0)?, SELU_ALPHA.into(), SELU_SCALE.into(), 1.0.into()]
    ));
    |s| vec![vec![s.t(&[2, 3])]];
    /// Continuously differentiable exponential linear unit: `x`, or `alpha * (exp(x / alpha) - 1)` where negative.
    "celu(Tensor self, Scalar alpha=1.) -> Tensor" "fi"
    |a| choose_celu(a.tensor(0)?, a.scalar(1)?);
    |s| vec![vec![s.t(&[2, 3]), 1.5.into()]];
    /// Each element brought between 0 and 6.
    "_nn::relu6(Tensor self) -> Tensor" "fi"
    |a| Ok::<_, crate::Error>(Chosen::new(hardtanh::ROW, [a.operand(0)?, 0.into(), 6.into()]));
    |s| vec![vec![s.within(-8.0..8.0, &[2, 3])]];
}

rows! {
    plain_rows:
    /// The first half of the tensor along `dim`, times the sigmoid of the second.
    "_nn::glu(Tensor self, int dim=-1) -> Tensor" "fo"
    |a| glu(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 4]), (-1).into()], vec![s.t(&[4, 3]), 0.into()]];
    /// Each element if it is positive, otherwise times `weight`: one for all, or one per channel (dim 1).
    "prelu(Tensor self, Tensor weight) -> Tensor" "fm"
    |a| prelu(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[1])], vec![s.t(&[2, 3, 2]), s.t(&[3])], vec![s.t(&[]), s.t(&[])]];
}

pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all.extend(plain_rows());
    all
}
