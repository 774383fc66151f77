//! Statistics made of other ops: covariances, correlations, the trace.
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::view::{embed, one_grad};
use crate::ops::*;
use crate::tensor::Tensor;

fn check_weights(x: &Tensor, w: &Tensor, name: &str, observations: usize) -> Result<()> {
    ensure!(
        w.rank() <= 1,
        "cov(): expected {name} to have one or fewer dimensions but got {name} with {} dimensions",
        w.rank()
    );
    let fits = if name == "fweights" { w.dtype().is_integral() && w.dtype() != DType::Bool } else { w.dtype().is_float() };
    let kind = if name == "fweights" { "integral" } else { "floating point" };
    ensure!(
        fits,
        "cov(): expected {name} to have {kind} dtype but got {name} with {} dtype",
        w.dtype().scalar_name()
    );
    ensure!(
        w.numel() == observations,
        "cov(): expected {name} to have the same numel as there are observations in the input but got {} != {observations}",
        w.numel()
    );
    ensure!(x.numel() == 0 || w.read_back::<f64>()?.iter().all(|&v| v >= 0.0), "cov(): {name} cannot be negative");
    Ok(())
}

/// Covariances of the rows of `x`, each column an observation that may occur several times (`fweights`) or count more
/// (`aweights`).
pub fn cov(x: &Tensor, correction: i64, fweights: Option<&Tensor>, aweights: Option<&Tensor>) -> Result<Tensor> {
    ensure!(
        x.rank() <= 2,
        "cov(): expected input to have two or fewer dimensions but got an input with {} dimensions",
        x.rank()
    );
    ensure!(x.dtype() != DType::Bool, "cov(): bool dtype is not supported for input");
    let rows = if x.rank() < 2 { reshape(x, &[1, -1])? } else { x.clone() };
    let n = rows.shape()[1];
    for (w, name) in [(fweights, "fweights"), (aweights, "aweights")] {
        if let Some(w) = w {
            check_weights(x, w, name, n)?;
        }
    }
    let weights = match (fweights, aweights) {
        (Some(f), Some(a)) => Some(mul(f, a)?),
        (f, a) => f.or(a).cloned(),
    };
    let total = match &weights {
        Some(w) => sum(w, &[], false, None)?,
        None => Tensor::scalar(n as i64, DType::I64)?,
    };
    ensure!(
        weights.is_none() || n == 0 || total.item()?.to_f64() != 0.0,
        "cov(): weights sum to zero, can't be normalized"
    );
    let mean = match &weights {
        Some(w) => div(&sum(&mul(&rows, w)?, &[1], false, None)?, &total)?,
        None => div(&sum(&rows, &[1], false, None)?, &total)?,
    };
    let norm = match (&weights, aweights) {
        (Some(w), Some(a)) if correction != 0 => {
            sub(&total, &div(&mul(&sum(&mul(w, a)?, &[], false, None)?, correction)?, &total)?)?
        }
        _ => sub(&total, correction)?,
    };
    // No fewer than 0 degrees of freedom.
    let norm = mul(&norm, &gt(&norm.detach(), 0i64)?)?;
    let centred = sub(&rows, &unsqueeze(&mean, 1)?)?;
    let other = match &weights {
        Some(w) => mul(&centred, w)?,
        None => centred.clone(),
    };
    let product = matmul(&centred, &conj(&transpose(&other, 0, 1)?)?)?;
    squeeze(&div(&product, &norm)?)
}

/// Covariances scaled by the standard deviations, clipped to [-1, 1].
pub fn corrcoef(x: &Tensor) -> Result<Tensor> {
    ensure!(
        x.rank() <= 2,
        "corrcoef(): expected input to have two or fewer dimensions but got an input with {} dimensions",
        x.rank()
    );
    let c = cov(x, 1, None, None)?;
    if c.rank() == 0 {
        return div(&c, &c);
    }
    let d = diagonal(&c, 0, 0, 1)?;
    let d = if d.dtype().is_complex() { select(&view_as_real(&d)?, -1, 0)? } else { d };
    let s = sqrt(&d)?;
    let c = div(&div(&c, &unsqueeze(&s, 1)?)?, &unsqueeze(&s, 0)?)?;
    if c.dtype().is_complex() {
        // Each part is clipped by itself.
        let parts = view_as_real(&c)?;
        return view_as_complex(&maximum(&minimum(&parts, 1.0)?, -1.0)?);
    }
    maximum(&minimum(&c, 1.0)?, -1.0)
}

/// The sum of a matrix's diagonal.
pub fn trace(x: &Tensor) -> Result<Tensor> {
    ensure!(x.rank() == 2, "trace: expected a matrix, but got tensor with dim {}", x.rank());
    ensure!(x.dtype() != DType::Bool, NotImplemented, "\"trace\" not implemented for 'Bool'");
    let part = crate::graph::with_grad(false, || diagonal(&x.detach(), 0, 0, 1))?;
    let y = sum(&part, &[], false, None)?;
    let shape: crate::layout::Dims = x.shape().into();
    y.record("trace", &[x], |_, _| {
        one_grad(move |_, g| {
            let n = shape[0].min(shape[1]);
            embed(&expand_to(g, &[n])?, &shape, |z| diagonal(z, 0, 0, 1))
        })
    })
}

rows! {
    /// Covariances of the rows of `input`, each column an observation.
    "cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor" "fm"
    |a| cov(a.tensor(0)?, a.int(1)?, a.opt_tensor(2)?, a.opt_tensor(3)?);
    |s| vec![
        vec![s.t(&[2, 4]), 1.into(), Value::None, Value::None],
        vec![s.t(&[2, 4]), 0.into(), Value::Tensor(Tensor::from_slice(&[1i64, 2, 1, 3], &[4]).expect("small")), s.within(0.5..1.5, &[4])],
    ];
    /// Correlations of the rows of `input`, each column an observation.
    "corrcoef(Tensor self) -> Tensor" "fm"
    |a| corrcoef(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 4])]];
    /// Sum of the diagonal of a matrix.
    "trace(Tensor self) -> Tensor" "fm"
    |a| trace(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])]];
}
