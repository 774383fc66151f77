//! Linear algebra: decompositions.
use crate::cpu::qr::householder;
use crate::dtype::DType;
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::layout::Layout;
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
    ensure!(
        !(grad_enabled() && x.requires_grad()),
        NotImplemented,
        "linalg.qr has no derivative yet in rusttorch: call it under torch.no_grad()"
    );
    let (rows, columns) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let kept = if mode == "complete" { rows } else { rows.min(columns) };
    let batch = &x.shape()[..x.rank() - 2];
    let with = |m: usize, n: usize| [batch, &[m, n]].concat();
    let a = x.to_vec::<f64>()?;
    let count: usize = batch.iter().product();
    let (mut q, mut r) = (Vec::with_capacity(count * rows * kept), Vec::with_capacity(count * kept * columns));
    for i in 0..count {
        let (qi, ri) = householder(&a[i * rows * columns..(i + 1) * rows * columns], rows, columns, kept);
        q.extend(qi);
        r.extend(ri);
    }
    let made = |v: Vec<f64>, shape: Vec<usize>| Tensor::from_slice(&v, &shape)?.cast_data(x.dtype());
    let r = made(r, with(kept, columns))?;
    if mode == "r" {
        return Ok((Tensor::empty_as(Layout::contiguous(&[0]), x.dtype())?, r));
    }
    Ok((made(q, with(rows, kept))?, r))
}

/// The singular values that nuclear and spectral norms are made of.
pub(crate) fn svdvals(_x: &Tensor) -> Result<Tensor> {
    bail!(NotImplemented, "linalg.svdvals, and so the nuclear and spectral norms, are not implemented yet in rusttorch")
}

rows! {
    /// The QR decomposition of each matrix: Q of shape (..., m, k) and R of shape (..., k, n), where k is min(m, n), or
    /// m for `mode="complete"`. With `mode="r"` Q is empty. float32 and float64; no derivative yet.
    "_linalg::qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)" "fon"
    |a| qr(a.tensor(0)?, a.str(1)?);
    |s| vec![vec![s.t(&[3, 2]), "reduced".into()]];
}
