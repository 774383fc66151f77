//! Sums of a tensor and a product: addmm and its kin, and the linear layer.
use crate::cpu::product::{Sizes, batched, multiply_plus};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::{Grads, with_grad};
use crate::layout::{Dims, Layout};
use crate::ops::matmul::*;
use crate::ops::*;
use crate::tensor::Tensor;

/// `beta * c + alpha * a @ b` for matrices or equal batches of them; `c` is broadcast. Not recorded.
fn add_product(c: &Tensor, a: &Tensor, b: &Tensor, beta: Scalar, alpha: Scalar, kernel: &str) -> Result<Tensor> {
    let dtype = product_dtype(a.dtype(), kernel)?;
    let mut shape: Dims = a.shape().into();
    *shape.last_mut().expect("a matrix") = b.shape()[b.rank() - 1];
    let fits = crate::layout::broadcast(c.shape(), &shape).is_ok_and(|s| s == shape);
    let c = match fits {
        true => {
            let strides = c.layout().broadcast_strides(&shape);
            c.with_layout(Layout { strides, shape: shape.clone(), offset: c.layout().offset })
        }
        false => with_grad(false, || expand_to(c, &shape))?, // its error
    };
    if !matches!(dtype, DType::F32 | DType::F64) {
        return with_grad(false, || {
            let number = |s: Scalar| if dtype == DType::I64 { Scalar::Int(s.to_i64()) } else { s };
            let y = scaled(&product(a, b, kernel, false)?, number(alpha))?;
            if is_zero(number(beta)) { Ok(y) } else { cast(&add(&scaled(&c, number(beta))?, &y)?, a.dtype()) }
        });
    }
    if let Some(gpu) = a.gpu() {
        let y = Tensor::empty(&shape, a.dtype())?;
        on_gpu(gpu, &y, a, b, Some((alpha.to_f64(), beta.to_f64(), Some(&c).filter(|_| !is_zero(beta)))))?;
        return Ok(y);
    }
    let (x, z) = (prepared(a, dtype)?, prepared(b, dtype)?);
    let c = if c.dtype() == dtype || is_zero(beta) { c } else { c.cast_data(dtype)? };
    let y = Tensor::empty(&shape, dtype)?;
    let rank = shape.len();
    let batches = rank > 2 && !is_zero(beta);
    if batches {
        y.copy_data(&c);
    }
    let s = Sizes { m: shape[rank - 2], n: shape[rank - 1], k: a.shape()[rank - 1] };
    if y.numel() > 0 {
        let (alpha, beta) = (alpha.to_f64(), beta.to_f64());
        let over = |t: &Tensor| Dims::from(&t.strides()[..rank - 2]);
        // SAFETY: as in `product`; `c` was expanded to the result's shape.
        unsafe {
            if rank == 2 {
                multiply_plus(dtype, s, alpha, matrix(&x), matrix(&z), (beta, matrix(&c)), matrix(&y));
            } else {
                let strides = [&over(&y)[..], &over(&x), &over(&z)];
                batched(dtype, s, &shape[..rank - 2], strides, alpha, matrix(&x), matrix(&z), beta, matrix(&y));
            }
        }
    }
    if dtype == a.dtype() { Ok(y) } else { y.cast_data(a.dtype()) }
}

fn is_zero(s: Scalar) -> bool {
    s.to_c64() == Scalar::Int(0).to_c64()
}

/// `x * s`, or `x` itself for 1.
pub(crate) fn scaled(x: &Tensor, s: Scalar) -> Result<Tensor> {
    if s.to_c64() == Scalar::Int(1).to_c64() { Ok(x.clone()) } else { mul(x, s) }
}

fn conj_scalar(s: Scalar) -> Scalar {
    match s {
        Scalar::Complex(c) => Scalar::Complex(c.conj()),
        s => s,
    }
}

/// Records `beta * c + alpha * (a @ b)`, where `of` gives the gradients of a and b from the scaled one.
fn record_sum(
    y: Tensor,
    op: &'static str,
    inputs: [&Tensor; 3],
    names: [&'static str; 2],
    [beta, alpha]: [Scalar; 2],
    of: impl Fn(&Tensor, Option<Tensor>, Option<Tensor>) -> Result<[Option<Tensor>; 2]> + Send + Sync + 'static,
) -> Result<Tensor> {
    let [_, a, b] = inputs;
    y.record(op, &inputs, |r, _| {
        let sa = b.requires_grad().then(|| r.input(names[0], a));
        let sb = a.requires_grad().then(|| r.input(names[1], b));
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            if node.needs(0) {
                grads[0] = Some(scaled(g, conj_scalar(beta))?);
            }
            let a = sa.filter(|_| node.needs(2)).map(|a| node.get(a)).transpose()?;
            let b = sb.filter(|_| node.needs(1)).map(|b| node.get(b)).transpose()?;
            if a.is_some() || b.is_some() {
                let [ga, gb] = of(&scaled(g, conj_scalar(alpha))?, a, b)?;
                (grads[1], grads[2]) = (ga, gb);
            }
            Ok(grads)
        })
    })
}

/// The gradients of both factors of a product of matrices or batches.
fn product_grads(
    columns: [bool; 2],
) -> impl Fn(&Tensor, Option<Tensor>, Option<Tensor>) -> Result<[Option<Tensor>; 2]> + Send + Sync + 'static {
    move |g, a, b| {
        let ga = b.map(|b| product_of(g, &adjoint(&b)?, columns[0])).transpose()?;
        let gb = a.map(|a| product_of(&adjoint(&a)?, g, columns[1])).transpose()?;
        Ok([ga, gb])
    }
}

/// `beta * c + alpha * (a @ b)`; `c` is broadcast.
pub fn addmm(c: &Tensor, a: &Tensor, b: &Tensor, beta: Scalar, alpha: Scalar) -> Result<Tensor> {
    ensure!(a.rank() == 2, "mat1 must be a matrix, got {}-D tensor", a.rank());
    ensure!(b.rank() == 2, "mat2 must be a matrix, got {}-D tensor", b.rank());
    check_mm(a, b)?;
    check_addmm_dtypes(c, a, b)?;
    let y = add_product(c, a, b, beta, alpha, "addmm_impl_cpu_")?;
    let grads = product_grads([by_columns(a), by_columns(b)]);
    record_sum(y, "addmm", [c, a, b], ["mat1", "mat2"], [beta, alpha], grads)
}

fn check_addmm_dtypes(c: &Tensor, a: &Tensor, b: &Tensor) -> Result<()> {
    let names = (c.dtype().scalar_name(), b.dtype().scalar_name());
    ensure!(c.dtype() == b.dtype(), "self and mat2 must have the same dtype, but got {} and {}", names.0, names.1);
    let (x, y) = (a.dtype(), b.dtype());
    ensure!(x == y, "mat1 and mat2 must have the same dtype, but got {} and {}", x.scalar_name(), y.scalar_name());
    Ok(())
}

/// `beta * c + alpha * (a @ v)` for a vector `v`.
pub fn addmv(c: &Tensor, a: &Tensor, v: &Tensor, beta: Scalar, alpha: Scalar) -> Result<Tensor> {
    ensure!(
        a.rank() == 2 && v.rank() == 1 && c.rank() <= 1,
        "vector + matrix @ vector expected, got {}, {}, {}",
        c.rank(),
        a.rank(),
        v.rank()
    );
    check_mv(c.shape().first().copied().unwrap_or(1), a, v)?;
    ensure!(
        c.dtype() == a.dtype() && a.dtype() == v.dtype(),
        "addmv input tensors must have the same dtype, but got {}, {}, and {}",
        c.dtype().scalar_name(),
        a.dtype().scalar_name(),
        v.dtype().scalar_name()
    );
    let (c2, v2) = with_grad(false, || Ok::<_, crate::Error>((unsqueeze(&expand_to(c, &a.shape()[..1])?, 1)?, unsqueeze(v, 1)?)))?;
    let y = add_product(&c2, a, &v2, beta, alpha, "addmv_impl_cpu")?;
    let y = y.with_layout(y.layout().squeeze(&[1]));
    record_sum(y, "addmv", [c, a, v], ["mat", "vec"], [beta, alpha], |g, a, v| {
        let ga = v.map(|v| mul(&unsqueeze(g, 1)?, &conjugate(&v)?)).transpose()?;
        let gv = a.map(|a| mv(&adjoint(&a)?, g)).transpose()?;
        Ok([ga, gv])
    })
}

/// `beta * c + alpha * outer(a, b)`.
pub fn addr(c: &Tensor, a: &Tensor, b: &Tensor, beta: Scalar, alpha: Scalar) -> Result<Tensor> {
    ensure!(a.rank() == 1, "addr: Expected 1-D argument vec1, but got {}-D", a.rank());
    ensure!(b.rank() == 1, "addr: Expected 1-D argument vec2, but got {}-D", b.rank());
    let dtype = result_type(&[c.into(), a.into(), b.into()]);
    for (name, s) in [("beta", beta), ("alpha", alpha)] {
        ensure!(dtype == DType::Bool || !matches!(s, Scalar::Bool(_)), "Boolean {name} only supported for Boolean results.");
        ensure!(
            !dtype.is_integral() || s.is_integral(),
            "For integral input tensors, argument {name} must not be a floating point number."
        );
    }
    let y = with_grad(false, || {
        let number = |s: Scalar| if dtype == DType::Bool { Scalar::Bool(s.to_bool()) } else { s };
        let c = expand_to(c, &[a.numel(), b.numel()])?;
        let y = scaled(&mul(&unsqueeze(a, 1)?, b)?, number(alpha))?;
        let y = if is_zero(beta) { y } else { add(&scaled(&c, number(beta))?, &y)? };
        cast(&y, dtype)
    })?;
    record_sum(y, "addr", [c, a, b], ["vec1", "vec2"], [beta, alpha], |g, a, b| {
        let ga = b.map(|b| mv(g, &cast(&conjugate(&b)?, g.dtype())?)).transpose()?;
        let gb = a.map(|a| mv(&turned(g)?, &cast(&conjugate(&a)?, g.dtype())?)).transpose()?;
        Ok([ga, gb])
    })
}

/// `beta * c + alpha * sum(a[i] @ b[i])` over the batch.
pub fn addbmm(c: &Tensor, a: &Tensor, b: &Tensor, beta: Scalar, alpha: Scalar) -> Result<Tensor> {
    ensure!(a.rank() == 3, "batch1 must be a 3D tensor");
    ensure!(b.rank() == 3, "batch2 must be a 3D tensor");
    let (x, y) = (a.shape(), b.shape());
    ensure!(x[0] == y[0], "batch1 and batch2 must have same number of batches, got {} and {}", x[0], y[0]);
    ensure!(x[2] == y[1], "Incompatible matrix sizes for bmm ({}x{} and {}x{})", x[1], x[2], y[1], y[2]);
    let (rows, columns) = (x[1], y[2]);
    same_scalar_type(c, a)?;
    same_scalar_type(a, b)?;
    // One product: the batch joins what is summed.
    let y = with_grad(false, || {
        let left = reshape_to(&transpose(a, 0, 1)?, &[rows, x[0] * x[2]])?;
        let right = reshape_to(b, &[x[0] * x[2], columns])?;
        add_product(c, &left, &right, beta, alpha, "addbmm")
    })?;
    record_sum(y, "addbmm", [c, a, b], ["batch1", "batch2"], [beta, alpha], |g, a, b| {
        let g = unsqueeze(g, 0)?;
        let ga = b.map(|b| product_of(&g, &adjoint(&b)?, false)).transpose()?;
        let gb = a.map(|a| product_of(&adjoint(&a)?, &g, false)).transpose()?;
        Ok([ga, gb])
    })
}

/// `beta * c + alpha * bmm(a, b)`; `c` is broadcast.
pub fn baddbmm(c: &Tensor, a: &Tensor, b: &Tensor, beta: Scalar, alpha: Scalar) -> Result<Tensor> {
    if a.rank() == 3 && b.rank() == 3 {
        expand_to(c, &[a.shape()[0], a.shape()[1], b.shape()[2]])?;
    }
    check_bmm(a, b)?;
    let names = (c.dtype().c_name(), a.dtype().c_name(), b.dtype().c_name());
    ensure!(
        c.dtype() == a.dtype() && a.dtype() == b.dtype(),
        "Input dtypes must be the same, got: input {}, batch1: {}, batch2: {}",
        names.0,
        names.1,
        names.2
    );
    let y = add_product(c, a, b, beta, alpha, "baddbmm")?;
    record_sum(y, "baddbmm", [c, a, b], ["batch1", "batch2"], [beta, alpha], product_grads([false; 2]))
}

/// `x @ weight.T + bias`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (rx, rw) = (x.rank(), weight.rank());
    ensure!(
        rx > 0 && rw > 0,
        "both arguments to linear need to be at least 1D, but they are {rx}D and {rw}D"
    );
    if rx == 2 && rw == 2 {
        return linear_rows(x, weight, bias);
    }
    let Some(bias) = bias else { return matmul(x, &t(weight)?) };
    ensure!(rw <= 2, "t() expects a tensor with <= 2 dimensions, but self is {rw}D");
    if rw == 1 {
        ensure!(rx != 2, "mat2 must be a matrix, got 1-D tensor");
        return add(&matmul(x, weight)?, bias);
    }
    let mut shape: Dims = x.shape().into();
    shape[rx - 1] = weight.shape()[0];
    if bias.rank() > 1 {
        return add(&matmul(x, &t(weight)?)?, bias);
    }
    let y = linear_rows(&reshape_to(x, &rows_of(x))?, weight, Some(bias))?;
    view(&y, &shape.iter().map(|&n| n as i64).collect::<Vec<_>>())
}

/// One node for the product, the transposed weight and the bias.
fn linear_rows(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let w = weight.with_layout(weight.layout().transpose(0, 1));
    check_mm(x, &w)?;
    let one = Scalar::Int(1);
    let Some(bias) = bias else {
        ensure!(
            x.dtype() == w.dtype(),
            "expected m1 and m2 to have the same dtype, but got: {} != {}",
            x.dtype().c_name(),
            w.dtype().c_name()
        );
        let y = product(x, &w, "addmm_impl_cpu_", false)?;
        return y.record("mm", &[x, weight], |r, _| {
            let sx = weight.requires_grad().then(|| r.input("self", x));
            let sw = x.requires_grad().then(|| r.input("mat2", weight));
            Box::new(move |node, g| {
                let mut grads: Grads = smallvec::smallvec![None, None];
                let Some(g) = &g[0] else { return Ok(grads) };
                let x = sx.filter(|_| node.needs(1)).map(|x| node.get(x)).transpose()?;
                let w = sw.filter(|_| node.needs(0)).map(|w| node.get(w)).transpose()?;
                [grads[0], grads[1]] = linear_grads(g, x, w)?;
                Ok(grads)
            })
        });
    };
    check_addmm_dtypes(bias, x, &w)?;
    let y = add_product(bias, x, &w, one, one, "addmm_impl_cpu_")?;
    record_sum(y, "addmm", [bias, x, weight], ["mat1", "mat2"], [one, one], linear_grads)
}

/// The gradients of `x @ w.T`: both come out of the products in the order of their tensors' memory.
fn linear_grads(g: &Tensor, x: Option<Tensor>, w: Option<Tensor>) -> Result<[Option<Tensor>; 2]> {
    let gx = w.map(|w| product_of(g, &conjugate(&w)?, false)).transpose()?;
    let gw = x.map(|x| product_of(&turned(g)?, &conjugate(&x)?, false)).transpose()?;
    Ok([gx, gw])
}

rows! {
    /// `beta * self + alpha * (mat1 @ mat2)`; `self` is broadcast, and not read where `beta` is 0.
    "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor" "fmio"
    |a| addmm(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?);
    |s| vec![
        vec![s.t(&[2, 4]), s.t(&[2, 3]), s.t(&[3, 4]), 1.into(), 1.into()],
        vec![s.t(&[2]), s.transposed(&[2, 3]), s.transposed(&[3, 2]), 0.5.into(), 1.5.into()],
    ];
    /// `beta * self + alpha * (mat @ vec)`.
    "addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor" "fmio"
    |a| addmv(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?);
    |s| vec![
        vec![s.t(&[2]), s.t(&[2, 3]), s.t(&[3]), 0.5.into(), 2.0.into()],
        vec![s.t(&[1]), s.t(&[2, 3]), s.t(&[3]), 1.into(), 1.into()],
    ];
    /// `beta * self + alpha * outer(vec1, vec2)`.
    "addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor" "fmio"
    |a| addr(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[2]), s.t(&[3]), 0.5.into(), 2.0.into()],
        vec![s.t(&[3]), s.t(&[2]), s.t(&[3]), 1.into(), 1.into()],
    ];
    /// `beta * self + alpha * sum(batch1[i] @ batch2[i])`.
    "addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor" "fmio"
    |a| addbmm(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?);
    |s| vec![vec![s.t(&[2, 2]), s.t(&[2, 2, 3]), s.t(&[2, 3, 2]), 0.5.into(), 2.0.into()]];
    /// `beta * self + alpha * bmm(batch1, batch2)`; `self` is broadcast.
    "baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor" "fmio"
    |a| baddbmm(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?);
    |s| vec![vec![s.t(&[2]), s.t(&[2, 2, 3]), s.t(&[2, 3, 2]), 0.5.into(), 2.0.into()]];
    /// `input @ weight.T + bias` over the last dim of an input of any rank.
    "_nn::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor" "fo"
    |a| linear(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[4, 3]), s.t(&[4])],
        vec![s.transposed(&[2, 3]), s.transposed(&[2, 3]), Value::None],
        vec![s.t(&[2, 2, 3]), s.t(&[2, 3]), s.t(&[2])],
        vec![s.t(&[3]), s.t(&[2, 3]), s.t(&[2])],
    ];
}
