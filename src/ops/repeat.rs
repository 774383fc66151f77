//! Elements repeated: `repeat` and `tile` of the whole tensor, `repeat_interleave` of each slice.
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{Dims, Layout, sizes, wrap_dim};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// The tensor repeated along each dim; `repeats` may name more dims than there are, those are put in front.
pub fn repeat(x: &Tensor, repeats: &[i64]) -> Result<Tensor> {
    ensure!(
        repeats.len() >= x.rank(),
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
    );
    let lead = repeats.len() - x.rank();
    let size = |d: usize| if d < lead { 1 } else { x.shape()[d - lead] };
    let wanted: Vec<i64> =
        repeats.iter().enumerate().map(|(d, &r)| r.checked_mul(size(d) as i64).unwrap_or(i64::MAX)).collect();
    let shape = sizes(&wanted)?;
    let y = Tensor::empty(&shape, x.dtype())?;
    // Seen with two dims for each, (times, size), source and result differ only in their strides.
    let mut pairs = Dims::new();
    let (mut from, mut to) = (Dims::new(), Dims::new());
    for (d, &r) in repeats.iter().enumerate() {
        pairs.extend([r as usize, size(d)]);
        from.extend([0, if d < lead { 0 } else { x.strides()[d - lead] }]);
        to.extend([y.strides()[d] * size(d), y.strides()[d]]);
    }
    if y.numel() > 0 {
        let target = y.with_layout(Layout { shape: pairs.clone(), strides: to, offset: 0 });
        target.copy_data(&x.with_layout(Layout { shape: pairs.clone(), strides: from, offset: x.layout().offset }));
    }
    let shape: Dims = x.shape().into();
    y.record("repeat", &[x], |_, _| {
        one_grad(move |_, g| {
            if g.numel() == 0 {
                return Tensor::zeros(&shape, g.dtype());
            }
            let times: Vec<i64> = (0..pairs.len() as i64).step_by(2).collect();
            let total = if times.is_empty() { g.clone() } else { sum(&reshape_to(g, &pairs)?, &times, false, None)? };
            reshape_to(&total, &shape)
        })
    })
}

/// As `repeat`; dims not named come once.
pub fn tile(x: &Tensor, repeats: &[i64]) -> Result<Tensor> {
    let mut all = vec![1; x.rank().saturating_sub(repeats.len())];
    all.extend(repeats);
    repeat(x, &all)
}

/// 0, 1, 2, ... each as often as `repeats` says.
fn repeated_places(repeats: &Tensor, output_size: Option<i64>) -> Result<Tensor> {
    ensure!(repeats.rank() == 1, "repeat_interleave only accept 1D vector as repeat");
    ensure!(
        matches!(repeats.dtype(), DType::I64 | DType::I32),
        NotImplemented,
        "\"repeat_interleave_cpu\" not implemented for '{}'",
        repeats.dtype().scalar_name()
    );
    let times = repeats.read_back::<i64>()?;
    ensure!(times.iter().all(|&n| n >= 0), "repeats can not be negative");
    let total = times.iter().try_fold(0i64, |a, &n| a.checked_add(n)).unwrap_or(i64::MAX);
    ensure!(output_size.is_none_or(|n| n == total), "allocated size does not match required size");
    let y = Tensor::empty(&sizes(&[total])?, DType::I64)?;
    // SAFETY: y is new and contiguous.
    let mut rest = unsafe { y.as_mut_slice::<i64>() };
    for (i, &n) in times.iter().enumerate() {
        let (own, next) = rest.split_at_mut(n as usize);
        own.fill(i as i64);
        rest = next;
    }
    y.cast_data(repeats.dtype())
}

/// Each slice along a dim (each element, without one) as often as its entry of `repeats` says.
pub fn repeat_interleave(x: &Tensor, repeats: &Tensor, dim: Option<i64>, output_size: Option<i64>) -> Result<Tensor> {
    let flat = match dim {
        None => flatten(x, 0, -1)?,
        Some(_) => x.clone(),
    };
    let d = wrap_dim(dim.unwrap_or(0), flat.rank())?;
    let n = flat.shape().get(d).copied().unwrap_or(1);
    let repeats = match *repeats.shape() {
        [] => expand(&reshape(repeats, &[1])?, &[n as i64])?,
        [1] => expand(repeats, &[n as i64])?,
        [m] => {
            ensure!(
                m == n,
                "repeats must have the same size as input along dim, but got repeats.size(0) = {m} and input.size({d}) = \
                 {n}"
            );
            repeats.clone()
        }
        _ => bail!("repeats must be 0-dim or 1-dim tensor"),
    };
    index_select(&flat, d as i64, &repeated_places(&repeats, output_size)?)
}

/// Each slice along a dim (each element, without one) `repeats` times.
pub fn repeat_interleave_int(x: &Tensor, repeats: i64, dim: Option<i64>, output_size: Option<i64>) -> Result<Tensor> {
    ensure!(repeats >= 0, "Repeats must be non-negative");
    let flat = match dim {
        None => flatten(x, 0, -1)?,
        Some(_) if x.rank() == 0 => reshape(x, &[1])?,
        Some(_) => x.clone(),
    };
    let d = wrap_dim(dim.unwrap_or(0), flat.rank())?;
    let mut shape: Vec<i64> = flat.shape().iter().map(|&n| n as i64).collect();
    let total = shape[d].checked_mul(repeats);
    ensure!(
        output_size.is_none_or(|n| Some(n) == total),
        "repeat_interleave: Invalid output_size, expected {} but got {}",
        total.unwrap_or(i64::MAX),
        output_size.unwrap_or(0)
    );
    let mut apart = shape.clone();
    apart.insert(d + 1, repeats);
    shape[d] = total.unwrap_or(i64::MAX);
    sizes(&shape)?;
    let wide = expand(&unsqueeze(&flat, d as i64 + 1)?, &apart)?;
    reshape(&clone(&wide, Some(0))?, &shape)
}

rows! {
    /// The tensor repeated `repeats` times along each dim; further dims come in front.
    "repeat(Tensor self, int[] repeats) -> Tensor" "m"
    |a| repeat(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3]), [2, 1, 3].into()], vec![s.transposed(&[2, 3]), [1, 2].into()], vec![s.t(&[]), [3].into()]];
    /// As `repeat`; dims not named come once.
    "tile(Tensor self, int[] dims) -> Tensor" "fm"
    |a| tile(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3]), [2].into()]];
    /// Each slice along `dim` (each element, without one) as often as its entry of `repeats` says.
    "repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, int? output_size=None) -> Tensor" "fm"
    |a| repeat_interleave(a.tensor(0)?, a.tensor(1)?, a.opt_int(2)?, a.opt_int(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), Tensor::from_slice(&[2i64, 0, 1], &[3]).expect("small").into(), 1.into(), Value::None],
        vec![s.t(&[2]), Tensor::from_slice(&[2i64], &[1]).expect("small").into(), Value::None, Value::None],
    ];
    /// 0, 1, 2, ... each as often as its entry of `repeats` says.
    "repeat_interleave.Tensor(Tensor repeats, *, int? output_size=None) -> Tensor" "fn"
    |a| repeated_places(a.tensor(0)?, a.opt_int(1)?);
    |_s| vec![];
    /// Each slice along `dim` (each element, without one) `repeats` times.
    "repeat_interleave.self_int(Tensor self, int repeats, int? dim=None, *, int? output_size=None) -> Tensor" "fm"
    |a| repeat_interleave_int(a.tensor(0)?, a.int(1)?, a.opt_int(2)?, a.opt_int(3)?);
    |s| vec![vec![s.t(&[2, 3]), 2.into(), 1.into(), Value::None], vec![s.t(&[2, 3]), 2.into(), Value::None, Value::None]];
}
