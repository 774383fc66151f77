//! A tensor cut into pieces: `tensor_split` and its forms by dim as views, `unsafe_split` and its kin as plain tensors.
use crate::dtype::DType;
use crate::error::Result;
use crate::graph::Grads;
use crate::layout::{Dims, wrap_dim};
use crate::ops::*;
use crate::tensor::Tensor;

fn dim_of(x: &Tensor, dim: i64) -> Result<usize> {
    ensure!(
        x.rank() > 0,
        "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
    );
    wrap_dim(dim, x.rank())
}

/// As many pieces along a dim, the first ones one larger where the size does not divide.
pub fn tensor_split(x: &Tensor, sections: i64, dim: i64) -> Result<Vec<Tensor>> {
    let d = dim_of(x, dim)?;
    ensure!(sections > 0, "number of sections must be larger than 0, got {sections}");
    let n = x.shape()[d] as i64;
    let (size, larger) = (n / sections, n % sections);
    let mut at = 0;
    (0..sections)
        .map(|i| {
            let end = at + size + i64::from(i < larger);
            slice(x, d as i64, Some(std::mem::replace(&mut at, end)), Some(end), 1)
        })
        .collect()
}

/// Pieces along a dim, cut at the given places.
pub fn tensor_split_at(x: &Tensor, places: &[i64], dim: i64) -> Result<Vec<Tensor>> {
    let d = dim_of(x, dim)? as i64;
    let n = x.shape()[d as usize] as i64;
    let mut start = 0;
    let mut pieces = vec![];
    for &end in places {
        pieces.push(slice(x, d, Some(start), Some(end), 1)?);
        start = end;
    }
    pieces.push(slice(x, d, Some(start), Some(n), 1)?);
    Ok(pieces)
}

/// As `tensor_split`, with the number or the places in a tensor.
fn tensor_split_tensor(x: &Tensor, given: &Tensor, dim: i64) -> Result<Vec<Tensor>> {
    dim_of(x, dim)?;
    ensure!(
        given.dtype() == DType::I64,
        "tensor_split expected tensor_indices_or_sections to have dtype of long, but got {}",
        given.dtype().scalar_name()
    );
    match given.rank() {
        0 => tensor_split(x, given.item()?.to_i64(), dim),
        1 => tensor_split_at(x, &given.to_vec::<i64>()?, dim),
        n => bail!(
            "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got \
             a tensor with {n} dims"
        ),
    }
}

/// The dim that `hsplit`, `vsplit` or `dsplit` cuts, and for a number of sections whether it divides the size.
fn split_dim(op: &str, x: &Tensor, sections: Option<i64>) -> Result<i64> {
    let least = match op {
        "hsplit" => 1,
        "vsplit" => 2,
        _ => 3,
    };
    ensure!(
        x.rank() >= least,
        "torch.{op} requires a tensor with at least {least} dimension, but got a tensor with {} dimensions!",
        x.rank()
    );
    let dim = match op {
        "hsplit" => usize::from(x.rank() > 1),
        "vsplit" => 0,
        _ => 2,
    };
    if let Some(n) = sections {
        let size = x.shape()[dim] as i64;
        ensure!(
            n > 0 && size % n == 0,
            "torch.{op} attempted to split along dimension {dim}, but the size of the dimension {size} is not divisible \
             by the split_size {n}!"
        );
    }
    Ok(dim as i64)
}
fn split_even(op: &str, x: &Tensor, sections: i64) -> Result<Vec<Tensor>> {
    tensor_split(x, sections, split_dim(op, x, Some(sections))?)
}
fn split_at(op: &str, x: &Tensor, places: &[i64]) -> Result<Vec<Tensor>> {
    tensor_split_at(x, places, split_dim(op, x, None)?)
}

/// The pieces as tensors that autograd does not know to be views, so that each may be written to.
fn untracked(x: &Tensor, pieces: Vec<Tensor>, dim: i64, op: &'static str) -> Result<Vec<Tensor>> {
    let d = wrap_dim(dim, x.rank())?;
    let outputs: Vec<Tensor> = pieces.iter().map(Tensor::detach).collect();
    let shapes: Vec<Dims> = outputs.iter().map(|t| t.shape().into()).collect();
    Tensor::record_all(outputs, op, &[x], |_, _| {
        Box::new(move |_, g| {
            let Some(any) = g.iter().flatten().next() else { return Ok(smallvec::smallvec![None]) };
            let dtype = any.dtype();
            let whole = g
                .iter()
                .zip(&shapes)
                .map(|(g, shape)| g.clone().map_or_else(|| Tensor::zeros(shape, dtype), Ok))
                .collect::<Result<Vec<_>>>()?;
            Ok(Grads::from_iter([Some(cat(&whole.iter().collect::<Vec<_>>(), d as i64)?)]))
        })
    })
}

rows! {
    /// Pieces along `dim`, cut at the given places, as views.
    "tensor_split.indices(Tensor(a) self, int[] indices, int dim=0) -> Tensor(a)[]" "fm"
    |a| tensor_split_at(a.tensor(0)?, &a.ints(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[5, 2]), [1, 3].into(), 0.into()]];
    /// As `tensor_split`, with the number of sections or the places to cut in a tensor.
    "tensor_split.tensor_indices_or_sections(Tensor(a) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]" "fm"
    |a| tensor_split_tensor(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[5, 2]), Tensor::from_slice(&[1i64, 3], &[2]).expect("small").into(), 0.into()]];
    /// `sections` pieces along `dim`, as views; the first ones are one larger where the size does not divide.
    "tensor_split.sections(Tensor(a) self, int sections, int dim=0) -> Tensor(a)[]" "fm"
    |a| tensor_split(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 5]), 3.into(), 1.into()]];
    /// Equal pieces along dim 1 (of a vector: dim 0), as views.
    "hsplit.int(Tensor(a) self, int sections) -> Tensor(a)[]" "fm"
    |a| split_even("hsplit", a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 4]), 2.into()]];
    /// Pieces along dim 1 (of a vector: dim 0) cut at the given places, as views.
    "hsplit.array(Tensor(a) self, int[] indices) -> Tensor(a)[]" "fm"
    |a| split_at("hsplit", a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 4]), [1, 3].into()]];
    /// Equal pieces along dim 0, as views.
    "vsplit.int(Tensor(a) self, int sections) -> Tensor(a)[]" "fm"
    |a| split_even("vsplit", a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[4, 2]), 2.into()]];
    /// Pieces along dim 0 cut at the given places, as views.
    "vsplit.array(Tensor(a) self, int[] indices) -> Tensor(a)[]" "fm"
    |a| split_at("vsplit", a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[4, 2]), [1, 3].into()]];
    /// Equal pieces along dim 2, as views.
    "dsplit.int(Tensor(a) self, int sections) -> Tensor(a)[]" "fm"
    |a| split_even("dsplit", a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 1, 4]), 2.into()]];
    /// Pieces along dim 2 cut at the given places, as views.
    "dsplit.array(Tensor(a) self, int[] indices) -> Tensor(a)[]" "fm"
    |a| split_at("dsplit", a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 1, 4]), [1, 3].into()]];
    /// As `chunk`, with pieces that may be written to.
    "unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]" "fm"
    |a| untracked(a.tensor(0)?, chunk(a.tensor(0)?, a.int(1)?, a.int(2)?)?, a.int(2)?, "unsafe_split");
    |s| vec![vec![s.t(&[3, 2]), 2.into(), 0.into()]];
    /// As `split`, with pieces that may be written to.
    "unsafe_split.Tensor(Tensor self, int split_size, int dim=0) -> Tensor[]" "fm"
    |a| untracked(a.tensor(0)?, split(a.tensor(0)?, a.int(1)?, a.int(2)?)?, a.int(2)?, "unsafe_split");
    |s| vec![vec![s.t(&[3, 2]), 2.into(), 0.into()]];
    /// As `split_with_sizes`, with pieces that may be written to.
    "unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]" "fm"
    |a| untracked(a.tensor(0)?, split_with_sizes(a.tensor(0)?, &a.ints(1)?, a.int(2)?)?, a.int(2)?, "unsafe_split_with_sizes");
    |s| vec![vec![s.t(&[3, 2]), [1, 2].into(), 0.into()]];
}
