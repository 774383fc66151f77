//! Diagonals: a vector as the diagonal of a matrix, a matrix's diagonal as a vector, and diagonals filled in place.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::layout::{Dims, Layout, wrap_dim};
use crate::ops::mask::check_number;
use crate::ops::index::copied;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// The last dim as the diagonal of two dims of a new tensor, zero elsewhere.
pub fn diag_embed(x: &Tensor, offset: i64, dim1: i64, dim2: i64) -> Result<Tensor> {
    let rank = x.rank() + 1;
    let (a, b) = (wrap_dim(dim1, rank)?, wrap_dim(dim2, rank)?);
    ensure!(a != b, "diagonal dimensions cannot be identical {dim1}, {dim2}");
    let n = x.shape().last().copied().unwrap_or(1) + offset.unsigned_abs() as usize;
    let mut shape: Dims = x.shape()[..x.rank().saturating_sub(1)].into();
    shape.insert(a.min(b).min(shape.len()), n);
    shape.insert(a.max(b).min(shape.len()), n);
    crate::layout::checked_numel(&shape)?;
    let y = Tensor::zeros(&shape, x.dtype())?;
    crate::graph::with_grad(false, || diagonal(&y, offset, a as i64, b as i64))?.copy_data(x);
    // A fresh result, whose part was written through a view of itself.
    let y = y.with_layout(y.layout().clone());
    let (a, b) = (a as i64, b as i64);
    y.record("diag_embed", &[x], |_, _| one_grad(move |_, g| diagonal(g, offset, a, b)))
}

/// A vector as a diagonal matrix, or the diagonal of a matrix as a vector (a copy).
pub fn diag(x: &Tensor, offset: i64) -> Result<Tensor> {
    match x.rank() {
        1 => diag_embed(x, offset, 0, 1),
        2 => diagonal_copy(x, offset, 0, 1),
        n => bail!("diag(): Supports 1D or 2D tensors. Got {n}D"),
    }
}

/// A copy of a diagonal.
pub fn diagonal_copy(x: &Tensor, offset: i64, dim1: i64, dim2: i64) -> Result<Tensor> {
    let part = crate::graph::with_grad(false, || diagonal(&x.detach(), offset, dim1, dim2))?;
    let shape: Dims = x.shape().into();
    contiguous_copy(&part)?.record("diagonal_copy", &[x], |_, _| {
        one_grad(move |_, g| diagonal_scatter(&Tensor::zeros(&shape, g.dtype())?, g, offset, dim1, dim2))
    })
}

fn contiguous_copy(x: &Tensor) -> Result<Tensor> {
    let y = Tensor::empty(x.shape(), x.dtype())?;
    y.copy_data(x);
    Ok(y)
}

/// The diagonals of a matrix or of a cube: layouts that each show a run of them. With `wrap` a tall matrix starts again
/// below its last full diagonal, one row left out.
fn main_diagonals(x: &Tensor, wrap: bool) -> Vec<Layout> {
    let l = x.layout();
    let size = l.shape.iter().copied().min().unwrap_or(0);
    let stride = l.strides.iter().sum();
    let run = |offset: usize, n: usize| Layout {
        shape: smallvec::smallvec![n],
        strides: smallvec::smallvec![stride],
        offset: l.offset + offset,
    };
    if !(wrap && x.rank() == 2 && size > 0) {
        return vec![run(0, size)];
    }
    let (rows, columns) = (l.shape[0], l.shape[1]);
    (0..rows).step_by(columns + 1).map(|top| run(top * l.strides[0], columns.min(rows - top))).collect()
}

/// Fills the main diagonal in place.
pub fn fill_diagonal_(x: &Tensor, value: Scalar, wrap: bool) -> Result<Tensor> {
    ensure!(x.rank() >= 2, "dimensions must larger than 1");
    ensure!(
        x.rank() == 2 || x.shape().iter().all(|&n| n == x.shape()[0]),
        "all dimensions of input must be of equal length"
    );
    check_number(value, x.dtype())?;
    let fill = |x: &Tensor, value| {
        main_diagonals(x, wrap).into_iter().for_each(|l| x.with_layout(l).fill_data(value));
    };
    if !(grad_enabled() && x.requires_grad()) {
        check_writable(x)?;
        fill(x, value);
        x.storage().bump();
        return Ok(x.clone());
    }
    let y = copied(x)?;
    fill(&y, value);
    let shape: Dims = x.shape().into();
    let y = y.record("fill_diagonal", &[x], |_, _| {
        one_grad(move |_, g| {
            let mask = Tensor::zeros(&shape, DType::Bool)?;
            main_diagonals(&mask, wrap).into_iter().for_each(|l| mask.with_layout(l).fill_data(Scalar::Bool(true)));
            masked_fill(g, &mask, Scalar::Int(0))
        })
    })?;
    overwrite(x, &y)?;
    Ok(x.clone())
}

rows! {
    /// A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector (a copy).
    "diag(Tensor self, int diagonal=0) -> Tensor" "fmo"
    |a| diag(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[3]), 1.into()], vec![s.t(&[3, 4]), (-1).into()], vec![s.transposed(&[3, 4]), 0.into()]];
    /// The last dim as the diagonal of two dims of a new tensor, zero elsewhere.
    "diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor" "fm"
    |a| diag_embed(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 3]), 0.into(), (-2).into(), (-1).into()], vec![s.t(&[2, 3]), (-1).into(), 0.into(), 2.into()]];
    /// All elements as the diagonal of a matrix.
    "diagflat(Tensor self, int offset=0) -> Tensor" "fm"
    |a| diag(&reshape(a.tensor(0)?, &[-1])?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 2]), 1.into()]];
    /// A copy of the diagonal of two dims, as the last dim.
    "diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor" "fo"
    |a| diagonal_copy(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[3, 4]), 1.into(), 0.into(), 1.into()]];
    /// Fills the main diagonal in place; with `wrap` that of a tall matrix starts again below its end.
    "fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)" "m"
    |a| fill_diagonal_(a.tensor(0)?, a.scalar(1)?, a.bool(2)?);
    |s| vec![
        vec![s.t(&[2, 3]), Value::Scalar(Scalar::Float(0.5)), false.into()],
        vec![s.t(&[7, 2]), Value::Scalar(Scalar::Float(0.5)), true.into()],
        vec![s.t(&[2, 2, 2]), Value::Scalar(Scalar::Float(0.5)), false.into()],
    ];
}
