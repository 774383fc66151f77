//! New tensors that take their size, or only their dtype, from another.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::layout::{Layout, sizes};
use crate::ops::create::{empty_strided, filled, like_layout};
use crate::tensor::Tensor;

/// Zeros shaped like `x`, outside the graph.
pub fn zeros_like(x: &Tensor) -> Result<Tensor> {
    full_like(x, Scalar::Int(0), None)
}
/// Ones shaped like `x`, outside the graph.
pub fn ones_like(x: &Tensor) -> Result<Tensor> {
    full_like(x, Scalar::Int(1), None)
}
pub fn full_like(x: &Tensor, value: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    filled(x.layout().like(), value, dtype.unwrap_or(x.dtype()))
}
fn full_in_format(x: &Tensor, value: Scalar, dtype: Option<DType>, memory_format: Option<u8>) -> Result<Tensor> {
    filled(like_layout(x, memory_format)?, value, dtype.unwrap_or(x.dtype()))
}
/// Memory of any content, laid out like `x` or as the format says.
pub(crate) fn empty_like(x: &Tensor, dtype: Option<DType>, memory_format: Option<u8>) -> Result<Tensor> {
    Tensor::empty_as(like_layout(x, memory_format)?, dtype.unwrap_or(x.dtype()))
}
fn new_full(x: &Tensor, size: &[i64], value: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    filled(Layout::contiguous(&sizes(size)?), value, dtype.unwrap_or(x.dtype()))
}

rows! {
    /// Memory of any content, shaped like another tensor.
    "empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| empty_like(a.tensor(0)?, a.opt_dtype(1)?, a.opt_memory_format(5)?);
    |_s| vec![];
    /// Zeros shaped like another tensor.
    "zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| full_in_format(a.tensor(0)?, Scalar::Int(0), a.opt_dtype(1)?, a.opt_memory_format(5)?);
    |_s| vec![];
    /// Ones shaped like another tensor.
    "ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| full_in_format(a.tensor(0)?, Scalar::Int(1), a.opt_dtype(1)?, a.opt_memory_format(5)?);
    |_s| vec![];
    /// One number throughout, shaped like another tensor.
    "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fn"
    |a| full_in_format(a.tensor(0)?, a.scalar(1)?, a.opt_dtype(2)?, a.opt_memory_format(6)?);
    |_s| vec![];
    /// Memory of any content, of this tensor's dtype.
    "new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "mn"
    |a| Tensor::empty(&sizes(&a.ints(1)?)?, a.opt_dtype(2)?.unwrap_or(a.tensor(0)?.dtype()));
    |_s| vec![];
    /// Memory of any content under the given strides, of this tensor's dtype.
    "new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "mn"
    |a| empty_strided(&a.ints(1)?, &a.ints(2)?, a.opt_dtype(3)?.unwrap_or(a.tensor(0)?.dtype()));
    |_s| vec![];
    /// Zeros of the given size, of this tensor's dtype.
    "new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "mn"
    |a| new_full(a.tensor(0)?, &a.ints(1)?, Scalar::Int(0), a.opt_dtype(2)?);
    |_s| vec![];
    /// Ones of the given size, of this tensor's dtype.
    "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "mn"
    |a| new_full(a.tensor(0)?, &a.ints(1)?, Scalar::Int(1), a.opt_dtype(2)?);
    |_s| vec![];
    /// One number throughout, of this tensor's dtype.
    "new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "mn"
    |a| new_full(a.tensor(0)?, &a.ints(1)?, a.scalar(2)?, a.opt_dtype(3)?);
    |_s| vec![];
}
