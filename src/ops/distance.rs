//! Distances and similarities of vectors: cosine, pairwise, and between all pairs of rows.
use crate::cpu::distance::{self, Pairs};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu;
use crate::graph::{grad_enabled, with_grad};
use crate::layout::{Dims, broadcast};
use crate::ops::vector_norm::old_norm;
use crate::ops::*;
use crate::tensor::Tensor;

/// a . b / (|a| |b|) along `dim`, neither norm smaller than `eps`.
pub fn cosine_similarity(a: &Tensor, b: &Tensor, dim: i64, eps: f64) -> Result<Tensor> {
    let common = result_type(&[a.into(), b.into()]);
    ensure!(
        common.is_float(),
        "expected common dtype to be floating point, yet common dtype is {}",
        common.scalar_name()
    );
    let shape = broadcast(a.shape(), b.shape())?;
    let unit = |x: &Tensor| -> Result<Tensor> {
        let x = expand_to(&cast(x, common)?, &shape)?;
        let norm = vector_norm(&x, 2.0, &[dim], true)?;
        // A norm that is too small is made larger outside the graph: the gradient is that of the norm itself.
        let missing = with_grad(false, || sub(&maximum(&norm.detach(), eps)?, &norm.detach()))?;
        div(&x, &add(&norm, &missing)?)
    };
    sum(&mul(&unit(a)?, &unit(b)?)?, &[dim], false, None)
}

/// The p-norm of a - b + eps along the last dim.
pub fn pairwise_distance(a: &Tensor, b: &Tensor, p: f64, eps: f64, keepdim: bool) -> Result<Tensor> {
    let rank = a.rank().max(b.rank());
    let apart = add(&sub(a, b)?, eps)?;
    let last: &[i64] = if rank == 0 { &[] } else { &[-1] };
    old_norm(&apart, Some(p.into()), last, keepdim, None)
}

/// The batch shape of both, and each with that shape in front.
fn batched(a: &Tensor, b: &Tensor) -> Result<(Dims, Tensor, Tensor)> {
    let batch = broadcast(&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2])?;
    let grow = |x: &Tensor| {
        let mut shape = batch.clone();
        shape.extend_from_slice(&x.shape()[x.rank() - 2..]);
        expand_to(x, &shape)
    };
    Ok((batch.clone(), grow(a)?, grow(b)?))
}

/// Distances of all pairs of rows of the last two dims, by the p-norm.
pub fn cdist(a: &Tensor, b: &Tensor, p: f64, mode: Option<i64>) -> Result<Tensor> {
    for (t, name) in [(a, "X1"), (b, "X2")] {
        ensure!(t.rank() >= 2, "cdist only supports at least 2D tensors, {name} got: {}D", t.rank());
    }
    let (m1, m2) = (a.shape()[a.rank() - 1], b.shape()[b.rank() - 1]);
    ensure!(m1 == m2, "X1 and X2 must have the same number of columns. X1: {m1} X2: {m2}");
    for (t, name) in [(a, "X1"), (b, "X2")] {
        ensure!(
            t.dtype().is_float(),
            "cdist only supports floating-point dtypes, {name} got: {}",
            t.dtype().scalar_name()
        );
    }
    ensure!(p >= 0.0, "cdist only supports non-negative p values");
    let mode = mode.unwrap_or(0);
    ensure!((0..=2).contains(&mode), "possible modes: 0, 1, 2, but was: {mode}");
    ensure!(
        a.dtype() == b.dtype(),
        "expected scalar type {} but found {}",
        a.dtype().scalar_name(),
        b.dtype().scalar_name()
    );
    ensure!(
        matches!(a.dtype(), DType::F32 | DType::F64),
        NotImplemented,
        "\"cdist\" not implemented for '{}'",
        a.dtype().scalar_name()
    );
    let (batch, a, b) = batched(a, b)?;
    let (rows, others) = (a.shape()[a.rank() - 2], b.shape()[b.rank() - 2]);
    let s = Pairs { batch: batch.iter().product(), p: rows, r: others, m: m1 };
    let by_product = p == 2.0 && (mode == 1 || mode == 0 && (rows > 25 || others > 25));
    let y = if by_product && m1 > 0 {
        with_grad(false, || by_products(&a, &b))?
    } else {
        let mut shape = batch;
        shape.extend([rows, others]);
        let (x1, x2) = (a.contiguous_data()?, b.contiguous_data()?);
        let y = Tensor::empty(&shape, a.dtype())?;
        match a.gpu() {
            Some(gpu) if y.numel() > 0 => {
                let to = [x1.on_gpu(gpu)?, x2.on_gpu(gpu)?, y.on_gpu(gpu)?];
                gpu::distance::forward(gpu, p, [y.numel(), rows, others, m1], to)?;
            }
            Some(_) => {}
            // SAFETY: contiguous and only read; the result is new, with one element per pair.
            None => unsafe {
                match a.dtype().class() {
                    Class::F64 => distance::forward::<f64>(s, p, x1.as_slice(), x2.as_slice(), y.data_ptr().cast()),
                    _ => distance::forward::<f32>(s, p, x1.as_slice(), x2.as_slice(), y.data_ptr().cast()),
                }
            },
        }
        y
    };
    y.record("cdist", &[&a, &b], |r, y| {
        let at = [r.input("x1", &a), r.input("x2", &b)];
        let result = r.output("result", y);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let (a, b, y) = (node.get(at[0])?, node.get(at[1])?, node.get(result)?);
            let side = |k: usize| -> Result<Option<Tensor>> {
                if !node.needs(k) {
                    return Ok(None);
                }
                let both = [&a, &b];
                let slope = if grad_enabled() { slopes_by_ops } else { slopes };
                slope(s, p, k == 1, both[k], both[1 - k], g, &y).map(Some)
            };
            Ok(smallvec::smallvec![side(0)?, side(1)?])
        })
    })
}

/// sqrt(|a|^2 + |b|^2 - 2 a . b), at least 0.
fn by_products(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let square = |x: &Tensor| sum(&mul(x, x)?, &[-1], true, None);
    let dots = matmul(a, &transpose(b, -2, -1)?)?;
    let both = add(&square(a)?, &transpose(&square(b)?, -2, -1)?)?;
    sqrt(&maximum(&sub(&both, &mul(&dots, 2.0)?)?, 0.0)?)
}

fn slopes(s: Pairs, p: f64, across: bool, x: &Tensor, other: &Tensor, g: &Tensor, y: &Tensor) -> Result<Tensor> {
    let gx = Tensor::empty(x.shape(), x.dtype())?;
    let [xd, od, g, y] = [x, other, g, y].map(|t| t.cast_data(x.dtype()));
    let (xd, od, g, y) = (xd?, od?, g?, y?);
    if let Some(gpu) = x.gpu() {
        if gx.numel() > 0 {
            let (rows, others) = if across { (s.r, s.p) } else { (s.p, s.r) };
            let to = [xd.on_gpu(gpu)?, od.on_gpu(gpu)?, g.on_gpu(gpu)?, y.on_gpu(gpu)?, gx.on_gpu(gpu)?];
            gpu::distance::backward(gpu, p, across, [gx.numel(), rows, others, s.m], to)?;
        }
        return Ok(gx);
    }
    macro_rules! run {
        ($t:ty) => {
            distance::backward::<$t>(
                s, p, across, xd.as_slice(), od.as_slice(), g.as_slice(), y.as_slice(), gx.data_ptr().cast(),
            )
        };
    }
    // SAFETY: contiguous and only read; the result is new and as large as `x`.
    unsafe { if x.dtype() == DType::F64 { run!(f64) } else { run!(f32) } }
    Ok(gx)
}

/// As `slopes`, made of ops, so that it can be differentiated again.
fn slopes_by_ops(_: Pairs, p: f64, across: bool, x: &Tensor, other: &Tensor, g: &Tensor, y: &Tensor) -> Result<Tensor> {
    // Pairs along dims -3 and -2; the sum is over the other rows.
    let diff = if across {
        sub(&unsqueeze(x, -3)?, &unsqueeze(other, -2)?)?
    } else {
        sub(&unsqueeze(x, -2)?, &unsqueeze(other, -3)?)?
    };
    let (g, y) = (unsqueeze(g, -1)?, unsqueeze(y, -1)?);
    let nonzero = ne(&y.detach(), 0.0)?;
    let safe = add(&y, &eq(&y.detach(), 0.0)?)?;
    let slope = match p {
        0.0 => zeros_like(&diff)?,
        1.0 => sgn(&diff)?,
        2.0 => div(&diff, &safe)?,
        p if p.is_infinite() => mul(&sgn(&diff)?, &eq(&abs(&diff.detach())?, &y.detach())?)?,
        p => {
            let a = abs(&diff)?;
            let zero = eq(&a.detach(), 0.0)?;
            mul(&sgn(&diff)?, &pow(&div(&add(&a, &zero)?, &safe)?, p - 1.0)?)?
        }
    };
    sum(&mul(&mul(&slope, &nonzero)?, &g)?, &[if across { -3 } else { -2 }], false, None)
}

/// Distances of all pairs of different rows of a matrix, one after the other.
fn pdist(x: &Tensor, p: f64) -> Result<Tensor> {
    ensure!(x.rank() == 2, "pdist only supports 2D tensors, got: {}D", x.rank());
    ensure!(x.dtype().is_float(), "pdist only supports floating-point dtypes");
    ensure!(p >= 0.0, "pdist only supports non-negative p values");
    ensure!(
        matches!(x.dtype(), DType::F32 | DType::F64),
        NotImplemented,
        "\"pdist\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let n = x.shape()[0];
    let places: Vec<i64> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i * n + j) as i64)).collect();
    let all = reshape(&cdist(x, x, p, Some(2))?, &[-1])?;
    crate::ops::pick::pick(&all, 0, &Tensor::from_slice(&places, &[places.len()])?)
}

rows! {
    /// Cosine of the angle of vectors along `dim`; no norm counts less than `eps`.
    "cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor" "f"
    |a| cosine_similarity(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.float(3)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3]), 1.into(), 1e-8.into()]];
    /// The p-norm of x1 - x2 + eps along the last dim.
    "pairwise_distance(Tensor x1, Tensor x2, float p=2, float eps=1e-06, bool keepdim=False) -> Tensor" "f"
    |a| pairwise_distance(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.float(3)?, a.bool(4)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3]), 2.0.into(), 1e-6.into(), true.into()]];
    /// Distances by the p-norm of all pairs of rows, one of `x1` and one of `x2`.
    "cdist(Tensor x1, Tensor x2, float p=2, int? compute_mode=None) -> Tensor" "f"
    |a| cdist(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.opt_int(3)?);
    |s| [(2.0, 1), (2.0, 0), (1.0, 0), (3.0, 0), (1.5, 0), (f64::INFINITY, 0), (0.0, 0)]
        .into_iter()
        .map(|(p, mode)| vec![s.t(&[2, 3, 2]), s.t(&[4, 2]), p.into(), mode.into()])
        .collect();
    /// Distances by the p-norm of all pairs of different rows, one after the other.
    "pdist(Tensor self, float p=2) -> Tensor" "f"
    |a| pdist(a.tensor(0)?, a.float(1)?);
    |s| vec![vec![s.t(&[4, 2]), 2.0.into()], vec![s.t(&[4, 2]), 3.0.into()]];
}
