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

/// Matrices as the reflections that make them triangular, column by column, with R above and its diagonal apart.
pub(super) struct Reflections {
    w: Tensor,
    head: Tensor,
}
impl Reflections {
    pub fn of(gpu: &'static Gpu, x: &Tensor) -> Result<Self> {
        let s = matrices(x);
        let w = contiguous_copy(&turned_over(x)?)?;
        let head = Tensor::empty(&[batch(x), &[s.rows.min(s.columns)]].concat(), x.dtype())?;
        if s.count > 0 {
            linalg::qr(gpu, s, &w.on_gpu(gpu)?, &head.on_gpu(gpu)?)?;
        }
        Ok(Self { w, head })
    }
    /// The first `kept` columns of Q, as rows.
    pub fn q(&self, gpu: &'static Gpu, kept: usize) -> Result<Tensor> {
        let [n, m] = sides(&self.w);
        let s = Matrices { rows: m, columns: n, ..matrices(&self.w) };
        let q = identities(batch(&self.w), [kept, m], self.w.dtype())?;
        if s.count > 0 {
            linalg::form_q(gpu, s, kept, &self.w.on_gpu(gpu)?, &q.on_gpu(gpu)?)?;
        }
        Ok(q)
    }
    /// The first `kept` rows of R.
    pub fn r(&self, kept: usize) -> Result<Tensor> {
        let r = triu(&narrow(&turned_over(&self.w)?, -2, 0, kept as i64)?, 1)?;
        diagonal(&r, 0, -2, -1)?.copy_data(&self.head);
        Ok(r)
    }
}

/// Q with `kept` columns, where it is asked for, and R.
pub(super) fn qr(gpu: &'static Gpu, x: &Tensor, kept: usize, with_q: bool) -> Result<(Option<Tensor>, Tensor)> {
    let found = Reflections::of(gpu, x)?;
    let q = with_q.then(|| turned_over(&found.q(gpu, kept)?)?.contiguous_data()).transpose()?;
    Ok((q, found.r(kept)?))
}
/// A copy, column by column where `x` is turned over, that may be written.
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

/// The columns of each matrix, or of its transpose where that has fewer, turned until they are orthogonal, as rows: multiples
/// of the singular vectors of the longer side. Identities `v` become those of the shorter one, as rows. Second what they were
/// divided by before, (..., 1, 1): NaN where any element is not finite.
fn orthogonal(gpu: &'static Gpu, x: &Tensor, v: Option<&Tensor>) -> Result<[Tensor; 2]> {
    let [m, n] = sides(x);
    let by_column = if m < n { x.clone() } else { turned_over(x)? };
    let size = amax(&abs(x)?, &[-2, -1], true)?;
    let least = Scalar::Float(linalg::smallest(x.dtype()));
    let unit = add(&where_(&lt(&size, least)?, Scalar::Float(1.0), &size)?, &sub(&size, &size)?)?;
    let columns = div(&by_column, &unit)?.contiguous_data()?;
    let s = Matrices { count: batch(x).iter().product(), rows: m.max(n), columns: m.min(n) };
    let turned = Tensor::zeros(&[s.count], DType::I32)?;
    let v = v.map(|v| v.on_gpu(gpu)).transpose()?;
    linalg::orthogonalize(gpu, s, &columns.on_gpu(gpu)?, v.as_ref(), &turned.on_gpu(gpu)?)?;
    Ok([columns, unit])
}

/// The singular values alone, in decreasing order.
pub(super) fn svdvals(gpu: &'static Gpu, x: &Tensor) -> Result<Tensor> {
    let [columns, unit] = orthogonal(gpu, x, None)?;
    let (s, _) = sort(&vector_norm(&columns, 2.0, &[-1], true)?, -2, true)?;
    squeeze_dims(&mul(&s, &unit)?, &[-1])
}

/// U, the singular values and V's transpose; neither side of the matrices is 0. With `full` U and V are square.
pub(super) fn svd(gpu: &'static Gpu, x: &Tensor, full: bool) -> Result<[Tensor; 3]> {
    let [m, n] = sides(x);
    let (k, length) = (m.min(n), m.max(n));
    let v = identities(batch(x), [k, k], x.dtype())?;
    let [columns, unit] = orthogonal(gpu, x, Some(&v))?;
    let short = add(&v, &sub(&unit, &unit)?)?;
    let (s, order) = sort(&vector_norm(&columns, 2.0, &[-1], true)?, -2, true)?;
    let in_order = |t: &Tensor| gather(t, -2, &expand_to(&order, t.shape())?);
    let (columns, short) = (in_order(&columns)?, in_order(&short)?);
    // Columns that are zero but for rounding have no direction. Reflections of the others, which skip them, give them one
    // that is orthogonal to all, and the directions that the full factor has besides.
    let zero = le(&s, Scalar::Float(linalg::epsilon(x.dtype())))?;
    let known = masked_fill(&div(&columns, &s)?, &zero, Scalar::Int(0))?;
    let others = Reflections::of(gpu, &turned_over(&known)?)?.q(gpu, if full { length } else { k })?;
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
    let s = squeeze_dims(&mul(&s, &unit)?, &[-1])?;
    Ok([turned_over(&u)?.contiguous_data()?, s, vh.contiguous_data()?])
}
