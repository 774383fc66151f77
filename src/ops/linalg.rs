//! Linear algebra: decompositions.
use crate::cpu::qr::householder;
use crate::dtype::DType;
use crate::error::Result;
use crate::graph::with_grad;
use crate::layout::Layout;
use crate::ops::*;
use crate::tensor::Tensor;

/// `A = Q R` with orthonormal columns of Q and R upper triangular, by Householder reflections (Golub and Van Loan,
/// "Matrix Computations", 5.2).
pub fn qr(x: &Tensor, mode: &str) -> Result<(Tensor, Tensor)> {
    ensure!(
        x.rank() >= 2,
        "linalg.qr: The input tensor A must have at least 2 dimensions."
    );
    ensure!(
        matches!(mode, "reduced" | "complete" | "r"),
        "qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
    );
    ensure!(
        matches!(x.dtype(), DType::F32 | DType::F64),
        NotImplemented,
        "\"linalg_qr_cpu\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let (rows, columns) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let kept = if mode == "complete" { rows } else { rows.min(columns) };
    let (q, r) = match x.gpu() {
        Some(gpu) => with_grad(false, || linalg_gpu::qr(gpu, x, kept, mode != "r"))?,
        None => factors(x, kept)?,
    };
    let Some(q) = q.filter(|_| mode != "r") else {
        let none = Tensor::empty_as(Layout::contiguous(&[0]), x.dtype())?;
        return recorded(x, [none, r], |_, _, _| {
            bail!(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, \
                 mode='reduced') if you are going to require gradients."
            )
        });
    };
    let outputs = [q, r];
    if kept > columns {
        return recorded(x, outputs, |_, _, _| {
            bail!("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
        });
    }
    recorded(x, outputs, |g, q, r| qr_backward(g[0].as_ref(), g[1].as_ref(), q, r))
}

/// Q with `kept` columns, and R, on the CPU.
fn factors(x: &Tensor, kept: usize) -> Result<(Option<Tensor>, Tensor)> {
    let (rows, columns) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let batch = &x.shape()[..x.rank() - 2];
    let a = x.to_vec::<f64>()?;
    let count: usize = batch.iter().product();
    let (mut q, mut r) = (Vec::with_capacity(count * rows * kept), Vec::with_capacity(count * kept * columns));
    for i in 0..count {
        let (qi, ri) = householder(&a[i * rows * columns..(i + 1) * rows * columns], rows, columns, kept);
        q.extend(qi);
        r.extend(ri);
    }
    let made = |v: &[f64], m, n| Tensor::from_slice(v, &[batch, &[m, n]].concat())?.cast_data(x.dtype());
    Ok((Some(made(&q, rows, kept)?), made(&r, kept, columns)?))
}

fn recorded(
    x: &Tensor,
    outputs: [Tensor; 2],
    backward: impl Fn(&[Option<Tensor>], &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<(Tensor, Tensor)> {
    let outputs = Tensor::record_all(outputs.into(), "linalg_qr", &[x], |rec, y| {
        let (q, r) = (rec.output_nr("Q", &y[0], 0), rec.output_nr("R", &y[1], 1));
        Box::new(move |node, g| Ok(smallvec::smallvec![Some(backward(g, &node.get(q)?, &node.get(r)?)?)]))
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// The derivative for m >= n, in Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with
/// application in optimum experimental design" (2010).
fn tall_backward(gq: Option<&Tensor>, gr: Option<&Tensor>, q: &Tensor, r: &Tensor) -> Result<Tensor> {
    let by_r = gr.map(|gr| matmul(gr, &adjoint(r)?)).transpose()?;
    let by_q = gq.map(|gq| matmul(&adjoint(q)?, gq)).transpose()?;
    let inner = match (by_r, by_q) {
        (Some(a), Some(b)) => a - b,
        (Some(a), None) => a,
        (None, Some(b)) => -b,
        (None, None) => bail!("qr_backward: no gradient"),
    };
    // The upper triangle, mirrored to a symmetric matrix.
    let upper = triu(&inner, 0)?;
    let mirrored = &upper + adjoint(&triu(&inner, 1)?)?;
    let mut g = matmul(q, &mirrored)?;
    if let Some(gq) = gq {
        g = g + gq;
    }
    solve_triangular(&adjoint(r)?, &g, false, false, false)
}
fn qr_backward(gq: Option<&Tensor>, gr: Option<&Tensor>, q: &Tensor, r: &Tensor) -> Result<Tensor> {
    let (m, n) = (r.shape()[r.rank() - 2] as i64, r.shape()[r.rank() - 1] as i64);
    if m >= n {
        return tall_backward(gq, gr, q, r);
    }
    // A = (X | Y), X = Q R1 square, and R2 = Q' Y.
    let r1 = narrow(r, -1, 0, m)?;
    let Some(gr) = gr else {
        let g = tall_backward(gq, None, q, &r1)?;
        let rest = matmul(q, &narrow(r, -1, m, n - m)?)?;
        return cat(&[&g, &zeros_like(&rest)?], -1);
    };
    let (g1, g2) = (narrow(gr, -1, 0, m)?, narrow(gr, -1, m, n - m)?);
    let y = matmul(q, &narrow(r, -1, m, n - m)?)?;
    let through = matmul(&y, &adjoint(&g2)?)?;
    let gq = match gq {
        Some(gq) => gq + through,
        None => through,
    };
    cat(&[&tall_backward(Some(&gq), Some(&g1), q, &r1)?, &matmul(q, &g2)?], -1)
}

rows! {
    /// The QR decomposition of each matrix: Q of shape (..., m, k) and R of shape (..., k, n), where k is min(m, n), or
    /// m for `mode="complete"`. With `mode="r"` Q is empty. float32 and float64. The first min(m, n) columns must be
    /// independent for a derivative.
    "_linalg::qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)" "fo"
    |a| qr(a.tensor(0)?, a.str(1)?);
    |s| vec![vec![s.t(&[3, 2]), "reduced".into()], vec![s.t(&[2, 3]), "reduced".into()]];
}
