//! Decompositions of matrices and triangular systems on a GPU: the memory that kernels turn, reflect and substitute in.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::Gpu;
use crate::gpu::linalg::{self, Matrices};
use crate::ops::svd::identities;
use crate::ops::*;
use crate::tensor::Tensor;

fn sides(x: &Tensor) -> [usize; 2] {
    [x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]]
}
/// Sizes of the dims before those of the matrix.
fn batch(x: &Tensor) -> &[usize] {
    &x.shape()[..x.rank() - 2]
}
fn matrices(x: &Tensor) -> Matrices {
    let [m, n] = sides(x);
    Matrices { count: batch(x).iter().product(), rows: m, columns: n }
}
fn turned_over(x: &Tensor) -> Result<Tensor> {
    transpose(x, -2, -1)
}
/// Q with `kept` columns, where these are asked for, and R with as many rows as Q would have columns.
pub(super) fn qr(gpu: &'static Gpu, x: &Tensor, kept: usize, with_q: bool) -> Result<(Option<Tensor>, Tensor)> {
    let s = matrices(x);
    let steps = s.rows.min(s.columns);
    let q = if with_q { Some(identities(batch(x), [kept, s.rows], x.dtype())?) } else { None };
    // Column by column, and never the memory of `x`.
    let w = contiguous_copy(&turned_over(x)?)?;
    let head = Tensor::empty(&[batch(x), &[steps]].concat(), x.dtype())?;
    if s.count > 0 {
        linalg::qr(gpu, s, &w.on_gpu(gpu)?, &head.on_gpu(gpu)?)?;
        if let Some(q) = &q {
            linalg::form_q(gpu, s, kept, &w.on_gpu(gpu)?, &q.on_gpu(gpu)?)?;
        }
    }
    let r = triu(&narrow(&turned_over(&w)?, -2, 0, kept as i64)?, 1)?;
    diagonal(&r, 0, -2, -1)?.copy_data(&head);
    let q = q.map(|q| turned_over(&q)?.contiguous_data()).transpose()?;
    Ok((q, r))
}
fn contiguous_copy(x: &Tensor) -> Result<Tensor> {
    let y = Tensor::empty(x.shape(), x.dtype())?;
    y.copy_data(x);
    Ok(y)
}

/// X with `A X = B` for triangular A of the same batch.
pub(super) fn solve_triangular(gpu: &'static Gpu, a: &Tensor, b: &Tensor, upper: bool, unit: bool) -> Result<Tensor> {
    let (a, x) = (a.contiguous_data()?, contiguous_copy(b)?);
    if x.numel() > 0 {
        let s = matrices(&x);
        let both = [&a.on_gpu(gpu)?, &x.on_gpu(gpu)?];
        linalg::solve_triangular(gpu, [upper, unit], [s.count, s.rows, s.columns], both)?;
    }
    Ok(x)
}

/// Orthogonal columns of each matrix, or of its transpose where that has fewer, and how they came about.
struct Orthogonal {
    /// The columns as rows: multiples of the singular vectors of the longer side.
    columns: Tensor,
    /// What they were divided by before (..., 1, 1).
    unit: Tensor,
    /// The singular vectors of the shorter side, as rows.
    short: Option<Tensor>,
}

/// The matrix times a rotation that makes its columns orthogonal; NaN where any element is not finite.
fn orthogonal(gpu: &'static Gpu, x: &Tensor, vectors: bool) -> Result<Orthogonal> {
    let [m, n] = sides(x);
    let by_column = if m < n { x.clone() } else { turned_over(x)? };
    let size = amax(&abs(x)?, &[-2, -1], true)?;
    // Zero, or where that is not finite NaN.
    let flaw = sub(&size, &size)?;
    let least = Scalar::Float(linalg::smallest(x.dtype()));
    let unit = add(&where_(&lt(&size, least)?, Scalar::Float(1.0), &size)?, &flaw)?;
    let columns = div(&by_column, &unit)?.contiguous_data()?;
    let k = m.min(n);
    let short = if vectors { Some(identities(batch(x), [k, k], x.dtype())?) } else { None };
    let s = Matrices { count: batch(x).iter().product(), rows: m.max(n), columns: k };
    let turned = Tensor::zeros(&[s.count], DType::I32)?;
    let v = short.as_ref().map(|v| v.on_gpu(gpu)).transpose()?;
    linalg::orthogonalize(gpu, s, &columns.on_gpu(gpu)?, v.as_ref(), &turned.on_gpu(gpu)?)?;
    let short = short.map(|v| add(&v, &flaw)).transpose()?;
    Ok(Orthogonal { columns, unit, short })
}

/// The singular values alone, in decreasing order.
pub(super) fn svdvals(gpu: &'static Gpu, x: &Tensor) -> Result<Tensor> {
    let found = orthogonal(gpu, x, false)?;
    let (s, _) = sort(&vector_norm(&found.columns, 2.0, &[-1], true)?, -2, true)?;
    squeeze_dims(&mul(&s, &found.unit)?, &[-1])
}

/// U, the singular values and V's transpose; neither side of the matrices is 0. With `full` U and V are square.
pub(super) fn svd(gpu: &'static Gpu, x: &Tensor, full: bool) -> Result<[Tensor; 3]> {
    let [m, n] = sides(x);
    let (k, length) = (m.min(n), m.max(n));
    let found = orthogonal(gpu, x, true)?;
    let (s, order) = sort(&vector_norm(&found.columns, 2.0, &[-1], true)?, -2, true)?;
    let in_order = |t: &Tensor| gather(t, -2, &expand_to(&order, t.shape())?);
    let (columns, short) = (in_order(&found.columns)?, in_order(&found.short.expect("asked for"))?);
    // Columns that are zero but for rounding have no direction. Reflections of the others, which skip them, give them one
    // that is orthogonal to all, and the directions that the full factor has besides.
    let zero = le(&s, Scalar::Float(linalg::epsilon(x.dtype())))?;
    let known = masked_fill(&div(&columns, &s)?, &zero, Scalar::Int(0))?;
    let (q, _) = qr(gpu, &turned_over(&known)?, if full { length } else { k }, true)?;
    let others = turned_over(&q.expect("asked for"))?;
    let long = where_(&zero, &narrow(&others, -2, 0, k as i64)?, &known)?;
    // As on the CPU, the largest component of each left vector is positive.
    let left = if m < n { &short } else { &long };
    let positive = ge(&amax(left, &[-1], true)?, &neg(&amin(left, &[-1], true)?)?)?;
    let sign = |t: &Tensor| where_(&positive, t, &neg(t)?);
    let (mut long, short) = (sign(&long)?, sign(&short)?);
    if length > k && full {
        long = cat(&[&long, &narrow(&others, -2, k as i64, (length - k) as i64)?], -2)?;
    }
    let (u, vh) = if m < n { (short, long) } else { (long, short) };
    let s = squeeze_dims(&mul(&s, &found.unit)?, &[-1])?;
    Ok([turned_over(&u)?.contiguous_data()?, s, vh.contiguous_data()?])
}
