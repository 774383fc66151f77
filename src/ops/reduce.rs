//! Ops that remove dims.
use crate::cpu;
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{Dims, wrap_dims};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Sum over `dims` (all of them if empty).
pub fn sum(x: &Tensor, dims: &[i64], keepdim: bool, dtype: Option<DType>) -> Result<Tensor> {
    let dims: Dims = if dims.is_empty() { (0..x.rank()).collect() } else { wrap_dims(dims, x.rank())? };
    let dtype = dtype.unwrap_or(if x.dtype().is_integral() { DType::I64 } else { x.dtype() });
    let x = &cast(x, dtype)?;
    let class = dtype.class();
    let kept: Dims = (0..x.rank()).filter(|d| !dims.contains(d)).collect();
    let (outer, inner) = (x.layout().permute(&kept), x.layout().permute(&dims));
    let y = Tensor::empty(&outer.shape, class.dtype())?;
    let mut at = y.data_ptr();
    let walk = cpu::walk::Walk::new(
        &outer.shape,
        [&crate::layout::contiguous_strides(&outer.shape)[..], &outer.strides],
        [0, outer.offset],
    );
    if y.numel() > 0 {
        walk.run(0..walk.numel(), |[_, o], n, [_, step]| {
            for k in 0..n {
                let memory = Memory { strides: &inner.strides, offset: o + k * step, ..x.memory() };
                // SAFETY: each group lies inside x's layout; y has one element per group, in this order.
                unsafe { cpu::reduce::sum(class, &inner.shape, memory, at) };
                at = at.wrapping_add(class.size());
            }
        });
    }
    let shape: Dims = (0..x.rank())
        .filter(|d| keepdim || !dims.contains(d))
        .map(|d| if dims.contains(&d) { 1 } else { x.shape()[d] })
        .collect();
    let y = y.cast_data(dtype)?;
    let y = y.with_layout(crate::layout::Layout::contiguous(&shape));
    let full: Dims = x.shape().into();
    let kept_shape: Dims = full.iter().enumerate().map(|(d, &n)| if dims.contains(&d) { 1 } else { n }).collect();
    y.record("sum", &[x], |_, _| one_grad(move |_, g| expand_to(&reshape_to(g, &kept_shape)?, &full)))
}

/// Undoes broadcasting: sums `x` down to `shape`. Called by the engine on every gradient.
pub fn sum_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let lead = x.rank() - shape.len();
    let dims: Vec<i64> =
        (0..x.rank()).filter(|&d| d < lead || shape[d - lead] == 1 && x.shape()[d] != 1).map(|d| d as i64).collect();
    if dims.is_empty() { reshape_to(x, shape) } else { reshape_to(&sum(x, &dims, true, None)?, shape) }
}

rows! {
    /// Sum of all elements; integers and bools add up as int64.
    "sum(Tensor self, *, ScalarType? dtype=None) -> Tensor" "fm"
    |a| sum(a.tensor(0)?, &[], false, a.opt_dtype(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// Sum over `dim`, which may be one dim or several.
    "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor" "fmo"
    |a| sum(a.tensor(0)?, &a.opt_ints(1)?.unwrap_or_default(), a.bool(2)?, a.opt_dtype(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), [1].into(), false.into(), Value::None],
        vec![s.t(&[2, 3, 2]), [0, 2].into(), true.into(), Value::None],
    ];
}
