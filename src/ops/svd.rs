//! The singular value decomposition, and triangular systems: what norms of matrices and other decompositions build on.
use crate::cpu::svd::{self as svd_kernel, Svd};
use crate::dtype::{C64, Class, DType, Element, Scalar};
use crate::error::{Error, Kind, Result};
use crate::graph::{grad_enabled, with_grad};
use crate::ops::*;
use crate::tensor::Tensor;

/// Each vector as the diagonal of a matrix.
fn diagonal_matrix(x: &Tensor) -> Result<Tensor> {
    diag_embed(x, 0, -2, -1)
}

fn check_matrices(x: &Tensor, op: &str) -> Result<()> {
    ensure!(x.rank() >= 2, "{op}: The input tensor A must have at least 2 dimensions.");
    ensure!(
        matches!(x.dtype(), DType::F32 | DType::F64 | DType::C64 | DType::C128),
        NotImplemented,
        "\"{op}\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    Ok(())
}

/// `A = U diag(S) Vh`: S in decreasing order, U of shape (..., m, k) and Vh (..., k, n) with k the smaller of m and n; or
/// square with `full`. The derivative is in Townsend, "Differentiating the singular value decomposition" (2016).
pub fn svd(x: &Tensor, full: bool) -> Result<[Tensor; 3]> {
    check_matrices(x, "linalg.svd")?;
    let (m, n) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let outputs = match (x.gpu(), x.dtype().class()) {
        _ if x.numel() == 0 => of_nothing(x, full)?,
        // On the CPU, which is refused on a GPU unless the user asked for it.
        (_, Class::C128) => decomposed::<C64>(x, full)?,
        (Some(gpu), _) => with_grad(false, || linalg_gpu::svd(gpu, x, full))?,
        (None, _) => decomposed::<f64>(x, full)?,
    };
    let outputs = Tensor::record_all(outputs.into(), "linalg_svd", &[x], |r, y| {
        let (u, s, vh) = (r.output_nr("U", &y[0], 0), r.output_nr("S", &y[1], 1), r.output_nr("Vh", &y[2], 2));
        Box::new(move |node, g| {
            let k = m.min(n) as i64;
            // With `full`, the vectors beyond the smaller side are arbitrary: no gradient flows through them.
            let gu = g[0].as_ref().map(|g| narrow(g, -1, 0, k)).transpose()?;
            let gvh = g[2].as_ref().map(|g| narrow(g, -2, 0, k)).transpose()?;
            let parts = [narrow(&node.get(u)?, -1, 0, k)?, node.get(s)?, narrow(&node.get(vh)?, -2, 0, k)?];
            Ok(smallvec::smallvec![Some(svd_backward([&gu, &g[1], &gvh], &parts, m, n)?)])
        })
    })?;
    Ok(outputs.try_into().expect("three were given"))
}

/// Without elements there are no singular values, and square factors are identities.
fn of_nothing(x: &Tensor, full: bool) -> Result<[Tensor; 3]> {
    let (m, n) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let k = m.min(n);
    let made = |rows, columns| identities(&x.shape()[..x.rank() - 2], [rows, columns], x.dtype());
    let s = Tensor::zeros(&[&x.shape()[..x.rank() - 2], &[k]].concat(), x.dtype().to_real())?;
    Ok([made(m, if full { m } else { k })?, s, made(if full { n } else { k }, n)?])
}
/// A batch of matrices with ones on the diagonal.
pub(super) fn identities(batch: &[usize], sides: [usize; 2], dtype: DType) -> Result<Tensor> {
    let y = Tensor::zeros(&[batch, &sides].concat(), dtype)?;
    diagonal(&y, 0, -2, -1)?.fill_data(Scalar::Int(1));
    Ok(y)
}

fn decomposed<T: Element + svd_kernel::Element>(x: &Tensor, full: bool) -> Result<[Tensor; 3]> {
    let (m, n) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
    let k = m.min(n);
    let (uk, vk) = if full { (m, n) } else { (k, k) };
    let batch = &x.shape()[..x.rank() - 2];
    let count: usize = batch.iter().product();
    let a = x.to_vec::<T>()?;
    let (mut u, mut s, mut vh) = (vec![], vec![], vec![]);
    for i in 0..count {
        let matrix = &a[i * m * n..(i + 1) * m * n];
        let Some(Svd { u: ui, s: si, vh: vi }) = svd_kernel::svd(matrix, m, n, full) else {
            let at = if batch.is_empty() { String::new() } else { format!("(Batch element {i}): ") };
            return Err(Error::new(
                Kind::LinAlg,
                format!("linalg.svd: {at}The algorithm failed to converge because the input matrix contained non-finite values."),
            ));
        };
        u.extend(ui);
        s.extend(si);
        vh.extend(vi);
    }
    let made = |v: &[T], tail: &[usize], dtype: DType| Tensor::from_slice(v, &[batch, tail].concat())?.cast_data(dtype);
    Ok([made(&u, &[m, uk], x.dtype())?, made(&s, &[k], x.dtype().to_real())?, made(&vh, &[vk, n], x.dtype())?])
}

fn svd_backward(g: [&Option<Tensor>; 3], [u, s, vh]: &[Tensor; 3], m: usize, n: usize) -> Result<Tensor> {
    let [gu, gs, gvh] = g;
    let (row, column) = (unsqueeze(s, -2)?, unsqueeze(s, -1)?);
    if let (None, Some(gs), None) = (gu, gs, gvh) {
        return if m >= n {
            matmul(u, &(unsqueeze(gs, -1)? * vh))
        } else {
            matmul(&(u * unsqueeze(gs, -2)?), vh)
        };
    }
    let skew = |x: &Tensor| Ok::<_, Error>(x - adjoint(x)?);
    // The differences of squared singular values, with ones on the diagonal, where the numerator is zero or imaginary.
    let gaps = (&row * &row) - (&column * &column) + diagonal_matrix(&ones_like(s)?)?;
    let mut inner: Option<Tensor> = None;
    let mut add_to = |t: Tensor| -> Result<()> {
        inner = Some(match inner.take() {
            Some(old) => old + t,
            None => t,
        });
        Ok(())
    };
    if let Some(gu) = gu {
        let turned = skew(&matmul(&adjoint(u)?, gu)?)?;
        add_to((&turned / &gaps) * &row)?;
        if u.dtype().is_complex() && gvh.is_some() {
            add_to(diagonal_matrix(&(diagonal(&turned, 0, -2, -1)? / (s * 2.0)))?)?;
        }
    }
    if let Some(gvh) = gvh {
        add_to(&column * (skew(&matmul(vh, &adjoint(gvh)?)?)? / &gaps))?;
    }
    if let Some(gs) = gs {
        add_to(diagonal_matrix(gs)?)?;
    }
    let inner = inner.ok_or_else(|| Error::new(Kind::Runtime, "svd_backward: no gradient"))?;
    let mut left = matmul(u, &inner)?;
    if let (Some(gu), true) = (gu, m > n) {
        let scaled = gu / &row;
        left = left + &scaled - matmul(u, &matmul(&adjoint(u)?, &scaled)?)?;
    }
    let result = matmul(&left, vh)?;
    Ok(match gvh {
        Some(gvh) if n > m => {
            let scaled = gvh / &column;
            let outside = &scaled - matmul(&matmul(&scaled, &adjoint(vh)?)?, vh)?;
            result + matmul(u, &outside)?
        }
        _ => result,
    })
}

/// The singular values, in decreasing order.
pub(crate) fn svdvals(x: &Tensor) -> Result<Tensor> {
    check_matrices(x, "linalg.svd")?;
    if let Some(gpu) = x.gpu().filter(|_| x.numel() > 0 && !complex::in_parts(x) && !(grad_enabled() && x.requires_grad())) {
        return with_grad(false, || linalg_gpu::svdvals(gpu, x));
    }
    let [_, s, _] = svd(x, false)?;
    Ok(s)
}

/// X with `A X = B` (or `X A = B` with `left` false) for triangular A: only its upper or lower triangle is read.
pub fn solve_triangular(a: &Tensor, b: &Tensor, upper: bool, left: bool, unitriangular: bool) -> Result<Tensor> {
    check_matrices(a, "linalg.solve_triangular")?;
    check_matrices(b, "linalg.solve_triangular")?;
    ensure!(
        a.dtype() == b.dtype(),
        "linalg.solve_triangular: Expected A and B to have the same dtype, but found A of type {} and B of type {} instead",
        a.dtype().scalar_name(),
        b.dtype().scalar_name()
    );
    let (n, other) = (a.shape()[a.rank() - 1], a.shape()[a.rank() - 2]);
    ensure!(
        n == other,
        "linalg.solve_triangular: A must be batches of square matrices, but they are {other} by {n} matrices"
    );
    let side = b.shape()[b.rank() - if left { 2 } else { 1 }];
    ensure!(
        side == n,
        "linalg.solve_triangular: Incompatible shapes of A and B for the equation {} ({n}x{n} and {}x{})",
        if left { "AX = B" } else { "XA = B" },
        b.shape()[b.rank() - 2],
        b.shape()[b.rank() - 1]
    );
    if !left {
        let x = solve_triangular(&transpose(a, -2, -1)?, &transpose(b, -2, -1)?, !upper, true, unitriangular)?;
        return transpose(&x, -2, -1);
    }
    let batch = crate::layout::broadcast(&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2])?;
    let shaped = |t: &Tensor| -> Result<Tensor> {
        let shape: Vec<i64> = batch.iter().chain(&t.shape()[t.rank() - 2..]).map(|&n| n as i64).collect();
        expand(t, &shape)
    };
    let (a, b) = (shaped(a)?, shaped(b)?);
    let x = match (b.gpu(), a.dtype().class()) {
        (_, Class::C128) => solved::<C64>(&a, &b, upper, unitriangular)?,
        (Some(gpu), _) => linalg_gpu::solve_triangular(gpu, &a, &b, upper, unitriangular)?,
        (None, _) => solved::<f64>(&a, &b, upper, unitriangular)?,
    };
    x.record("linalg_solve_triangular", &[&a, &b], |r, x| {
        let (a, x) = (r.input("self", &a), r.output("result", x));
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let gb = solve_triangular(&adjoint(&node.get(a)?)?, g, !upper, true, unitriangular)?;
            let ga = if node.needs(0) {
                let whole = -matmul(&gb, &adjoint(&node.get(x)?)?)?;
                let inside = i64::from(unitriangular);
                Some(if upper { triu(&whole, inside)? } else { tril(&whole, -inside)? })
            } else {
                None
            };
            Ok(smallvec::smallvec![ga, Some(gb)])
        })
    })
}

fn solved<T>(a: &Tensor, b: &Tensor, upper: bool, unitriangular: bool) -> Result<Tensor>
where
    T: Element + std::ops::Mul<Output = T> + std::ops::Sub<Output = T> + std::ops::Div<Output = T>,
{
    let (n, m) = (b.shape()[b.rank() - 2], b.shape()[b.rank() - 1]);
    let (a, mut x) = (a.to_vec::<T>()?, b.to_vec::<T>()?);
    for (a, x) in a.chunks_exact((n * n).max(1)).zip(x.chunks_exact_mut((n * m).max(1))) {
        for step in 0..n {
            let i = if upper { n - 1 - step } else { step };
            let known = if upper { i + 1..n } else { 0..i };
            for j in 0..m {
                let mut v = x[i * m + j];
                for k in known.clone() {
                    v = v - a[i * n + k] * x[k * m + j];
                }
                x[i * m + j] = if unitriangular { v } else { v / a[i * n + i] };
            }
        }
    }
    Tensor::from_slice(&x, b.shape())?.cast_data(b.dtype())
}

rows! {
    /// The singular value decomposition of each matrix, `A = U diag(S) Vh`: S of shape (..., k), real and in decreasing
    /// order, with k the smaller side. U is (..., m, m) and Vh (..., n, n), or (..., m, k) and (..., k, n) with
    /// `full_matrices=False`. Gradients through U and Vh need distinct singular values, and ignore
    /// what `full_matrices=True` adds to them.
    "_linalg::svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)" "fo"
    |a| svd(a.tensor(0)?, a.bool(1)?).map(|[u, s, vh]| (u, s, vh));
    |s| vec![
        vec![s.t(&[3, 2]), false.into(), Value::None],
        vec![s.t(&[2, 3]), false.into(), Value::None],
        vec![s.t(&[2, 2, 2]), true.into(), Value::None],
    ];
    /// The singular values of each matrix, real and in decreasing order.
    "_linalg::svdvals(Tensor A, *, str? driver=None) -> Tensor" "fo"
    |a| svdvals(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3, 2]), Value::None]];
    /// X with `A X = B` (`X A = B` with `left=False`) for upper or lower triangular A, of which only that triangle is
    /// read; its diagonal counts as ones with `unitriangular=True`. Batches are broadcast.
    "_linalg::solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor"
    "fo"
    |a| solve_triangular(a.tensor(0)?, a.tensor(1)?, a.bool(2)?, a.bool(3)?, a.bool(4)?);
    |s| vec![
        vec![s.within(0.5..2.0, &[3, 3]), s.t(&[3, 2]), true.into(), true.into(), false.into()],
        vec![s.within(0.5..2.0, &[2, 2, 2]), s.t(&[3, 2]), false.into(), false.into(), true.into()],
    ];
}
