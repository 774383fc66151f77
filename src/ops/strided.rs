//! Views with any strides inside the storage, and the way between a tensor and the part of it that a view shows.
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::layout::{Layout, show, show_i};
use crate::ops::places::accumulated;
use crate::ops::view::{one_grad, view_as};
use crate::ops::*;
use crate::tensor::Tensor;

/// The gradient of a tensor laid out as `base`, from that of the part `view` of it.
pub(crate) fn as_strided_backward(g: &Tensor, view: &Layout, base: &Layout, dtype: DType) -> Result<Tensor> {
    let start = base.offset.min(view.offset);
    let extent = base.end().max(view.end()) - start;
    // All of the storage, gaps and what lies outside of `base` too.
    let all = Tensor::zeros(&[extent], dtype)?;
    let place = |l: &Layout| Layout { offset: l.offset - start, ..l.clone() };
    let y = all.with_layout(place(base));
    let part = y.with_layout(place(view));
    let g_cast = g.cast_data(dtype)?;
    if let Some(gpu) = y.gpu().filter(|_| view.may_overlap_itself()) {
        accumulated(&all, |all| {
            let part = all.with_layout(place(view));
            gpu::reorder::add_overlapping(gpu, part.shape(), &part.on_gpu(gpu)?, &g_cast.on_gpu(gpu)?)
        })?;
    } else if view.may_overlap_itself() {
        crate::cpu::copy::add_overlapping(&part.memory(), &g_cast.memory(), part.shape());
    } else {
        part.copy_data(&g_cast);
    }
    let (view, base) = (view.clone(), base.clone());
    y.record("as_strided_backward", &[g], |_, _| one_grad(move |_, gg| strided_part(gg, &view, &base)))
}

/// The elements of `x`, which has the shape of `base`, that `view` shows of it.
pub(crate) fn strided_part(x: &Tensor, view: &Layout, base: &Layout) -> Result<Tensor> {
    let laid = as_laid_out(x, base)?;
    let offset = laid.layout().offset + view.offset - base.offset.min(view.offset);
    as_strided_at(&laid, Layout { offset, ..view.clone() })
}

/// `x` with the strides of `like`, copied if it has others.
fn as_laid_out(x: &Tensor, like: &Layout) -> Result<Tensor> {
    if x.strides() == &like.strides[..] {
        return Ok(x.clone());
    }
    let y = Tensor::empty_as(Layout { offset: 0, ..like.clone() }, x.dtype());
    let y = match y {
        Ok(y) if like.is_dense() => y,
        _ => Tensor::zeros(&[like.end() - like.offset], x.dtype())?.with_layout(Layout { offset: 0, ..like.clone() }),
    };
    y.copy_data(x);
    y.record("clone", &[x], |_, _| one_grad(|_, g| Ok(g.clone())))
}

fn as_strided_at(x: &Tensor, layout: Layout) -> Result<Tensor> {
    let available = x.storage().nbytes() / x.dtype().size();
    ensure!(
        layout.end() <= available,
        "setStorage: sizes {}, strides {}, storage offset {}, and itemsize {} requiring a storage size of {} are out \
         of bounds for storage of size {}",
        show(&layout.shape),
        show(&layout.strides),
        layout.offset,
        x.dtype().size(),
        layout.end() * x.dtype().size(),
        x.storage().nbytes()
    );
    let (view, base, dtype) = (layout.clone(), x.layout().clone(), x.dtype());
    view_as(x, layout, "as_strided", move |g| as_strided_backward(g, &view, &base, dtype))
}

/// A view with any strides inside the storage.
pub fn as_strided(x: &Tensor, size: &[i64], stride: &[i64], offset: Option<i64>) -> Result<Tensor> {
    ensure!(size.len() == stride.len(), "mismatch in length of strides and shape");
    ensure!(
        stride.iter().all(|&s| s >= 0),
        "as_strided: Negative strides are not supported at the moment, got strides: {}",
        show_i(stride)
    );
    let offset = offset.unwrap_or(x.layout().offset as i64);
    ensure!(offset >= 0, "Tensor: invalid storage offset {offset}");
    let layout = Layout {
        shape: crate::layout::sizes(size)?,
        strides: stride.iter().map(|&s| s as usize).collect(),
        offset: offset as usize,
    };
    as_strided_at(x, layout)
}

rows! {
    /// A view of any sizes and strides (in elements) inside the tensor's storage.
    "as_strided(Tensor(a) self, int[] size, int[] stride, int? storage_offset=None) -> Tensor(a)" "fmi"
    |a| as_strided(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?, a.opt_int(3)?);
    |s| vec![
        vec![s.t(&[3, 3]), [2, 2].into(), [1, 2].into(), 1.into()],
        vec![s.t(&[4]), [3, 2].into(), [1, 1].into(), Value::None],
    ];
}
