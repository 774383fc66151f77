//! Softmax and its logarithm along one dim, with fused backward passes that can be differentiated again.
use crate::cpu::along::Along;
use crate::cpu::softmax;
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu::{self, Lines};
use crate::graph::Grads;
use crate::layout::wrap_dim;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Runs the forward kernel; the result has the dtype of `x` and is not recorded.
fn forward(x: &Tensor, dim: usize, log: bool) -> Result<Tensor> {
    let class = x.dtype().class();
    if !x.dtype().is_float() {
        let last = if dim + 1 >= x.rank() { "_lastdim" } else { "" };
        let name = if log { "log_softmax" } else { "softmax" };
        bail!(
            NotImplemented,
            "\"{name}{last}_kernel_impl\" not implemented for '{}'",
            x.dtype().scalar_name()
        );
    }
    if let Some(gpu) = x.gpu() {
        let (data, y) = (x.contiguous_data()?, Tensor::empty(x.shape(), x.dtype())?);
        if x.numel() > 0 {
            gpu::softmax::forward(gpu, log, Lines::new(x.shape(), dim), data.on_gpu(gpu)?, y.on_gpu(gpu)?)?;
        }
        return Ok(y);
    }
    let data = x.cast_data(class.dtype())?;
    let y = Tensor::empty(x.shape(), class.dtype())?;
    let a = Along::new(x.shape(), dim);
    macro_rules! run {
        ($t:ty) => {{
            let (x, y) = (data.as_slice::<$t>(), y.data_ptr().cast());
            if log { softmax::forward::<$t, true>(a, x, y) } else { softmax::forward::<$t, false>(a, x, y) }
        }};
    }
    if x.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new and as large.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    y.cast_data(x.dtype())
}

fn forward_recorded(x: &Tensor, dim: i64, log: bool) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    let y = forward(x, d, log)?;
    let dtype = x.dtype();
    y.record(if log { "log_softmax" } else { "softmax" }, &[x], |r, y| {
        let result = r.output("result", y);
        one_grad(move |node, g| backward(g, &node.get(result)?, d, dtype, log))
    })
}

/// Runs the backward kernel; not recorded.
fn slope(g: &Tensor, y: &Tensor, dim: usize, dtype: DType, log: bool) -> Result<Tensor> {
    if let Some(gpu) = y.gpu() {
        let (g, y, gx) = (g.contiguous_data()?, y.contiguous_data()?, Tensor::empty(y.shape(), dtype)?);
        if y.numel() > 0 {
            let lines = Lines::new(y.shape(), dim);
            gpu::softmax::backward(gpu, log, lines, g.on_gpu(gpu)?, y.on_gpu(gpu)?, gx.on_gpu(gpu)?)?;
        }
        return Ok(gx);
    }
    let class = y.dtype().class();
    let (gd, yd) = (g.cast_data(class.dtype())?, y.cast_data(class.dtype())?);
    let gx = Tensor::empty(y.shape(), class.dtype())?;
    let a = Along::new(y.shape(), dim);
    macro_rules! run {
        ($t:ty) => {{
            let (g, y, gx) = (gd.as_slice::<$t>(), yd.as_slice::<$t>(), gx.data_ptr().cast());
            if log { softmax::backward::<$t, true>(a, g, y, gx) } else { softmax::backward::<$t, false>(a, g, y, gx) }
        }};
    }
    if y.numel() > 0 {
        // SAFETY: contiguous and only read; the result is new and as large.
        unsafe { if class == Class::F64 { run!(f64) } else { run!(f32) } }
    }
    gx.cast_data(dtype)
}

/// The gradient of softmax (or its logarithm) from that of its output `y`; of `dtype`.
fn backward(g: &Tensor, y: &Tensor, dim: usize, dtype: DType, log: bool) -> Result<Tensor> {
    ensure!(
        y.dtype().is_float(),
        NotImplemented,
        "\"{}softmax_backward_lastdim_kernel_impl\" not implemented for '{}'",
        if log { "log_" } else { "" },
        y.dtype().scalar_name()
    );
    ensure!(g.shape() == y.shape(), "the gradient must have the shape of the output");
    let gx = slope(g, y, dim, dtype, log)?;
    let op = if log { "log_softmax_backward_data" } else { "softmax_backward_data" };
    gx.record(op, &[g, y], |r, _| {
        let (g, y) = (r.input("grad_output", g), r.input("output", y));
        Box::new(move |node, h| {
            let Some(h) = &h[0] else { return Ok(smallvec::smallvec![None, None]) };
            let (g, y) = (node.get(g)?, node.get(y)?);
            let along = |t: &Tensor| sum(t, &[dim as i64], true, None);
            let mut grads: Grads = smallvec::smallvec![None, None];
            if log {
                // gx = g - e^y sum(g)
                let e = exp(&y)?;
                if node.needs(0) {
                    grads[0] = Some(sub(h, &along(&mul(h, &e)?)?)?);
                }
                if node.needs(1) {
                    grads[1] = Some(neg(&mul(&mul(h, &e)?, &along(&g)?)?)?);
                }
            } else {
                // gx = (g - sum(g y)) y
                if node.needs(0) {
                    grads[0] = Some(backward(h, &y, dim, h.dtype(), false)?);
                }
                if node.needs(1) {
                    let (hy, gy) = (along(&mul(h, &y)?)?, along(&mul(&g, &y)?)?);
                    grads[1] = Some(sub(&mul(h, &sub(&g, &gy)?)?, &mul(&g, &hy)?)?);
                }
            }
            Ok(grads)
        })
    })
}

fn with_dtype(x: &Tensor, dim: i64, dtype: Option<DType>, log: bool) -> Result<Tensor> {
    forward_recorded(&cast(x, dtype.unwrap_or(x.dtype()))?, dim, log)
}
/// e^x divided by its sum along `dim`.
pub fn softmax(x: &Tensor, dim: i64, dtype: Option<DType>) -> Result<Tensor> {
    with_dtype(x, dim, dtype, false)
}
/// The logarithm of `softmax`.
pub fn log_softmax(x: &Tensor, dim: i64, dtype: Option<DType>) -> Result<Tensor> {
    with_dtype(x, dim, dtype, true)
}

fn native(a: &Args, log: bool) -> Result<Tensor> {
    let name = if log { "log_softmax" } else { "softmax" };
    ensure!(!a.bool(2)?, "{name} with half to float conversion is not supported on CPU");
    forward_recorded(a.tensor(0)?, a.int(1)?, log)
}
fn native_backward(a: &Args, log: bool) -> Result<Tensor> {
    let y = a.tensor(1)?;
    backward(a.tensor(0)?, y, wrap_dim(a.int(2)?, y.rank())?, a.dtype(3)?, log)
}

/// Softmax that is 0 where a whole line is minus infinity.
fn safe_softmax(x: &Tensor, dim: i64, dtype: Option<DType>) -> Result<Tensor> {
    let y = softmax(x, dim, dtype)?;
    let over = crate::ops::reduce::Over::new(x.shape(), &[dim], true)?;
    let hidden = all_along(&eq(&x.detach(), f64::NEG_INFINITY)?, &over)?;
    where_(&hidden, &Tensor::zeros(&[], y.dtype())?, &y)
}

rows! {
    /// Exponentials divided by their sum along `dim`, computed in `dtype`.
    "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| softmax(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| samples(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// The logarithm of `softmax`.
    "log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| log_softmax(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| samples(s).into_iter().map(|v| [v, vec![Value::None]].concat()).collect();
    /// As `torch.softmax`.
    "_special::softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor" "f"
    |a| softmax(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), Value::None]];
    /// As `torch.log_softmax`.
    "_special::log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor" "f"
    |a| log_softmax(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), Value::None]];
    /// Softmax that is 0 where a whole line is minus infinity.
    "_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor" "f"
    |a| safe_softmax(a.tensor(0)?, a.int(1)?, a.opt_dtype(2)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), Value::None]];
    /// Softmax in the dtype of its input.
    "_softmax(Tensor self, int dim, bool half_to_float) -> Tensor" "fo"
    |a| native(a, false);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), false.into()]];
    /// The logarithm of softmax in the dtype of its input.
    "_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor" "fo"
    |a| native(a, true);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), false.into()]];
    /// The gradient of softmax from its output and that of the output.
    "_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor" "fo"
    |a| native_backward(a, false);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3]), 1.into(), DType::F64.into()]];
    /// The gradient of log-softmax from its output and that of the output.
    "_log_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor" "fo"
    |a| native_backward(a, true);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3]), 0.into(), DType::F64.into()]];
}

/// Samples of (self, dim).
fn samples(s: &mut Samples) -> Vec<Vec<Value>> {
    vec![
        vec![s.t(&[2, 3]), 1.into()],
        vec![s.t(&[3, 2]), 0.into()],
        vec![s.t(&[2, 3, 2]), (-2).into()],
        vec![s.t(&[]), 0.into()],
    ]
}
