//! Elements by their place in the flattened tensor: `take` and `put`; and `take_along_dim`.
use crate::cpu::index::{Offsets, put_offsets};
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::layout::{Dims, Layout, broadcast};
use crate::ops::index::{copied, each_grad};
use crate::ops::places::{At, Places};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Offsets of flat indices, in the shape of the index.
fn flat_places(x: &Tensor, index: &Tensor, op: &str) -> Result<Places> {
    ensure!(
        index.dtype() == DType::I64,
        "{op}(): Expected a long tensor for index, but got {}",
        index.dtype().scalar_name()
    );
    let (n, index) = (x.numel() as i64, index.contiguous_data()?);
    ensure!(n > 0 || index.numel() == 0, Index, "{op}(): tried to {op} elements {} an empty tensor", if op == "put_" { "into" } else { "from" });
    if let Some(gpu) = x.gpu() {
        let memory = index.on_gpu(gpu)?;
        let flat = gpu::index::Places::Index {
            slice: memory.slice,
            dtype: DType::I64,
            offset: memory.offset,
            size: n as usize,
            step: 1,
            wrap: true,
        };
        let at = At::Gpu(flat, index.strides().into());
        return Ok(Places { at, apart: false, shape: index.shape().into(), before: Dims::new(), after: Dims::new() });
    }
    let at = Offsets::empty(index.numel())?;
    let flat = [index.numel()];
    // SAFETY: a contiguous index, as long as `at`.
    if let Some(i) = unsafe { put_offsets(&flat, Memory { strides: &[1], ..index.memory() }, n as usize, 1, &at, false) } {
        bail!(Index, "out of range: tried to access index {i} on a tensor of {n} elements.");
    }
    if !x.is_contiguous() {
        // SAFETY: written above, and nobody else has it yet.
        for place in unsafe { std::slice::from_raw_parts_mut(at.as_mut_ptr(), at.len()) } {
            let (mut flat, mut offset) = (*place, 0);
            for (&n, &s) in x.shape().iter().zip(x.strides()).rev() {
                offset += flat % n * s;
                flat /= n;
            }
            *place = offset;
        }
    }
    let at = At::Host(at);
    Ok(Places { at, apart: false, shape: index.shape().into(), before: Dims::new(), after: Dims::new() })
}

/// A copy in the flat order, which is the one that kernels of a GPU see.
fn flat_copy(x: &Tensor) -> Result<Tensor> {
    let y = Tensor::empty(x.shape(), x.dtype())?;
    y.copy_data(x);
    Ok(y)
}

/// Elements by their place in the flattened tensor, in the shape of the index.
pub fn take(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    let flat = if x.device().is_gpu() { x.contiguous_data()? } else { x.detach() };
    let y = flat_places(&flat, index, "take")?.get(&flat)?;
    let shape: Dims = x.shape().into();
    y.record("take", &[x], |r, _| {
        let at = r.input("index", index);
        one_grad(move |node, g| put(&Tensor::zeros(&shape, g.dtype())?, &node.get(at)?, g, true))
    })
}

/// A copy with `source` written (or added) at places of the flattened tensor.
pub fn put(x: &Tensor, index: &Tensor, source: &Tensor, accumulate: bool) -> Result<Tensor> {
    ensure!(
        x.dtype() == source.dtype(),
        "put_(): self and source expected to have the same dtype, but got self.dtype = {} and source.dtype = {}",
        x.dtype().scalar_name(),
        source.dtype().scalar_name()
    );
    ensure!(
        source.numel() == index.numel(),
        Index,
        "put_(): Expected source and index to have the same number of elements, but got source.numel() = {}, \
         index.numel() = {}",
        source.numel(),
        index.numel()
    );
    let y = if x.device().is_gpu() { flat_copy(x)? } else { copied(x)? };
    let flat = source.contiguous_data()?;
    let flat = flat.with_layout(Layout { offset: flat.layout().offset, ..Layout::contiguous(index.shape()) });
    flat_places(&y, index, "put_")?.put(&y, &flat, accumulate)?;
    let shape: Dims = source.shape().into();
    y.record("put", &[x, source], |r, _| {
        let at = r.input("index", index);
        each_grad::<2>(move |node, g, input| match input {
            0 if accumulate => Ok(g.clone()),
            0 => put(g, &node.get(at)?, &Tensor::zeros(&shape, g.dtype())?, false),
            _ => reshape_to(&take(g, &node.get(at)?)?, &shape),
        })
    })
}

/// As `gather`, with `x` and the indices broadcast; without a dim, both are flattened.
pub fn take_along_dim(x: &Tensor, indices: &Tensor, dim: Option<i64>) -> Result<Tensor> {
    ensure!(
        indices.dtype() == DType::I64,
        "torch.take_along_dim(): dtype of indices should be Long but got {}",
        indices.dtype().scalar_name()
    );
    let Some(dim) = dim else {
        return gather(&reshape(x, &[-1])?, 0, &reshape(indices, &[-1])?);
    };
    ensure!(
        x.rank() == indices.rank(),
        "torch.take_along_dim(): input and indices should have the same number of dimensions, but got {} dimensions for \
         input, and {} dimensions for indices",
        x.rank(),
        indices.rank()
    );
    let d = crate::layout::wrap_dim(dim, x.rank())?;
    let with = |from: &[usize], size: usize| {
        let mut s: Dims = from.into();
        if let Some(slot) = s.get_mut(d) {
            *slot = size;
        }
        s
    };
    let size = |t: &Tensor| t.shape().get(d).copied().unwrap_or(1);
    let whole = broadcast(&with(x.shape(), size(indices)), indices.shape())?;
    let x = expand_to(x, &with(&whole, size(x)))?;
    gather(&x, dim, &expand_to(indices, &whole)?)
}

rows! {
    /// Elements by their place in the flattened tensor, in the shape of the index.
    "take(Tensor self, Tensor index) -> Tensor" "fmo"
    |a| take(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::Tensor(s.index(6, &[4]))]];
    /// A copy with `source` written (or added) at places of the flattened tensor.
    "put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor" "fmi"
    |a| put(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.bool(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), Value::Tensor(s.index(6, &[4])), s.t(&[4]), true.into()],
        vec![s.t(&[2, 3]), Value::Tensor(s.distinct(6, 3)), s.t(&[3]), false.into()],
    ];
    /// As `gather`, with input and indices broadcast; without `dim` both are flattened.
    "take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor" "fmo"
    |a| take_along_dim(a.tensor(0)?, a.tensor(1)?, a.opt_int(2)?);
    |s| vec![
        vec![s.t(&[2, 3]), Value::Tensor(s.index(3, &[2, 2])), 1.into()],
        vec![s.t(&[2, 3]), Value::Tensor(s.index(6, &[4])), Value::None],
    ];
}
