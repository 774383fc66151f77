//! New tensors, copies and casts.
use crate::dtype::{DType, Scalar, default_dtype};
use crate::error::Result;
use crate::layout::{Dims, Layout, sizes};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// A copy; `preserve_format` keeps the order of dims.
pub fn clone(x: &Tensor, memory_format: Option<u8>) -> Result<Tensor> {
    let layout = if memory_format == Some(0) { Layout::contiguous(x.shape()) } else { x.layout().like() };
    let y = Tensor::empty_as(layout, x.dtype())?;
    y.copy_data(x);
    y.record("clone", &[x], |_, _| one_grad(|_, g| Ok(g.clone())))
}

/// The tensor itself if it is contiguous, otherwise a copy.
pub fn contiguous(x: &Tensor) -> Result<Tensor> {
    if x.is_contiguous() { Ok(x.clone()) } else { clone(x, Some(0)) }
}

/// Another element type; the tensor itself if it has it already.
pub fn cast(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype { Ok(x.clone()) } else { cast_copy(x, dtype) }
}
pub(crate) fn cast_copy(x: &Tensor, dtype: DType) -> Result<Tensor> {
    let y = Tensor::empty_as(x.layout().like(), dtype)?;
    y.copy_data(x);
    // The engine casts every gradient to its target's dtype, so the formula is the identity.
    y.record("to_copy", &[x], |_, _| one_grad(|_, g| Ok(g.clone())))
}

/// Zeros shaped like `x`, outside the graph.
pub fn zeros_like(x: &Tensor) -> Result<Tensor> {
    full_like(x, Scalar::Int(0), None)
}
/// Ones shaped like `x`, outside the graph.
pub fn ones_like(x: &Tensor) -> Result<Tensor> {
    full_like(x, Scalar::Int(1), None)
}
pub fn full_like(x: &Tensor, value: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    let y = Tensor::empty_as(x.layout().like(), dtype.unwrap_or(x.dtype()))?;
    y.fill_data(value);
    Ok(y)
}

fn made(size: &[i64], value: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    let shape: Dims = sizes(size)?;
    Tensor::full(&shape, value, dtype.unwrap_or_else(default_dtype))
}

rows! {
    /// Zeros of the given size.
    "zeros(int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool requires_grad=False) -> Tensor" "fn"
    |a| made(&a.ints(0)?, Scalar::Int(0), a.opt_dtype(1)?);
    |_s| vec![];
    /// Ones of the given size.
    "ones(int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool requires_grad=False) -> Tensor" "fn"
    |a| made(&a.ints(0)?, Scalar::Int(1), a.opt_dtype(1)?);
    |_s| vec![];
    /// A copy, recorded.
    "clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor" "fm"
    |a| clone(a.tensor(0)?, a.opt_memory_format(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
}
