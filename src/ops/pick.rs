//! One element of each line along a dim, by its place: the gradient of every op that selects (`max.dim`, `sort`, `topk`).
use crate::cpu::along::{Along, To};
use crate::cpu::copy::Plus;
use crate::cpu::convert::move_words;
use crate::error::Result;
use crate::layout::Dims;
use crate::ops::scatter::{add_on_gpu, gather_on_gpu};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// The line of `index` that belongs to each of its own lines in a tensor with `n` elements along the dim.
fn lines(index: &Tensor, dim: usize, n: usize) -> (Along, Along) {
    let a = Along::new(index.shape(), dim);
    (a, Along { n, ..a })
}

/// `y[..., i, ...] = x[..., index[..., i, ...], ...]` along `dim`; the other sizes of both are the same. Places come from
/// an op of this crate, so they lie inside.
pub(crate) fn pick(x: &Tensor, dim: usize, index: &Tensor) -> Result<Tensor> {
    let y = Tensor::empty(index.shape(), x.dtype())?;
    let (to, from) = lines(index, dim, x.shape().get(dim).copied().unwrap_or(1));
    if let Some(gpu) = y.gpu() {
        gather_on_gpu(gpu, dim, index, x, &y)?;
        return picked(y, x, dim, index, from.n);
    }
    let (data, places) = (x.contiguous_data()?, index.contiguous_data()?);
    let size = x.dtype().size();
    // SAFETY: `places` is only read while the slice lives; places and lines lie inside the tensors.
    unsafe {
        let places = places.as_slice::<i64>();
        let (src, dst) = (To(data.data_ptr()), To(y.data_ptr()));
        let (src, dst) = (&src, &dst);
        to.each_line(4, &|line| {
            for r in 0..to.n {
                let i = to.start(line) + r * to.inner;
                let place = (places[i] as usize).min(from.n.saturating_sub(1));
                let at = from.start(line) + place * from.inner;
                move_words(size, 1, src.at(at * size), 1, dst.at(i * size), 1);
            }
        });
    }
    picked(y, x, dim, index, from.n)
}
fn picked(y: Tensor, x: &Tensor, dim: usize, index: &Tensor, n: usize) -> Result<Tensor> {
    let index = index.detach();
    y.record("gather", &[x], |_, _| one_grad(move |_, g| place(g, dim, &index, n)))
}

/// The adjoint of `pick`: zeros with `n` elements along `dim`, to which each element of `g` is added at its place.
pub(crate) fn place(g: &Tensor, dim: usize, index: &Tensor, n: usize) -> Result<Tensor> {
    let mut shape: Dims = index.shape().into();
    if let Some(s) = shape.get_mut(dim) {
        *s = n;
    }
    if let Some(gpu) = g.gpu() {
        let y = Tensor::zeros(&shape, g.dtype())?;
        add_on_gpu(gpu, dim, index, &y, g)?;
        return placed(y, g, dim, index);
    }
    let class = g.dtype().class();
    let (data, places) = (g.cast_data(class.dtype())?, index.contiguous_data()?);
    let y = Tensor::zeros(&shape, class.dtype())?;
    let (from, to) = lines(index, dim, n);
    // SAFETY: the inputs are only read while the slices live; places and lines lie inside the new tensor.
    dispatch!(class class, T => unsafe {
        let (places, data) = (places.as_slice::<i64>(), data.as_slice::<T>());
        let dst = To(y.data_ptr().cast::<T>());
        let dst = &dst;
        from.each_line(4, &|line| {
            for r in 0..from.n {
                let i = from.start(line) + r * from.inner;
                let at = dst.at(to.start(line) + (places[i] as usize).min(n.saturating_sub(1)) * to.inner);
                at.write(at.read().plus(data[i]));
            }
        });
    });
    placed(y.cast_data(g.dtype())?, g, dim, index)
}
fn placed(y: Tensor, g: &Tensor, dim: usize, index: &Tensor) -> Result<Tensor> {
    let index = index.detach();
    y.record("value_selecting_reduction", &[g], |_, _| one_grad(move |_, gg| pick(gg, dim, &index)))
}

/// The gradient of an op that selects one element along `dim`: `g` and `index` lack that dim unless `keepdim`.
pub(crate) fn place_selected(g: &Tensor, dim: usize, index: &Tensor, shape: &[usize], keepdim: bool) -> Result<Tensor> {
    if shape.is_empty() {
        return reshape(g, &[]);
    }
    if keepdim {
        return place(g, dim, index, shape[dim]);
    }
    place(&unsqueeze(g, dim as i64)?, dim, &unsqueeze(&index.detach(), dim as i64)?, shape[dim])
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
