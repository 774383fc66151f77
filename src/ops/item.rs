//! `x[...]` and `x[...] = value`: ints, slices, None, Ellipsis, bools and index tensors, mixed, as PyTorch reads them.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::layout::Layout;
use crate::ops::index::{index, index_put_in_place, is_mask};
use crate::ops::mask::check_number;
use crate::ops::view::regrow;
use crate::ops::*;
use crate::tensor::Tensor;

/// One entry between the brackets.
#[derive(Clone)]
pub enum Index {
    Int(i64),
    Slice { start: Option<i64>, stop: Option<i64>, step: i64 },
    None,
    Ellipsis,
    Bool(bool),
    Tensor(Tensor),
}

/// A view made entry by entry. Where nothing is recorded only the layout moves on, and one view is made at the end.
struct Cursor<'a> {
    x: &'a Tensor,
    /// The view so far, where each step is a node of the graph.
    recorded: Option<Tensor>,
    layout: Layout,
    changed: bool,
}

impl<'a> Cursor<'a> {
    fn new(x: &'a Tensor) -> Self {
        let recorded = (grad_enabled() && x.requires_grad()).then(|| x.clone());
        Self { x, recorded, layout: x.layout().clone(), changed: false }
    }
    fn step(&mut self, view: impl FnOnce(&Tensor) -> Result<Tensor>, layout: impl FnOnce(&Layout) -> Layout) -> Result<()> {
        self.changed = true;
        match &mut self.recorded {
            Some(x) => {
                *x = view(x)?;
                self.layout = x.layout().clone();
            }
            None => self.layout = layout(&self.layout),
        }
        Ok(())
    }
    fn select(&mut self, dim: usize, i: i64) -> Result<()> {
        let n = self.layout.shape[dim] as i64;
        ensure!((-n..n).contains(&i), Index, "index {i} is out of bounds for dimension {dim} with size {n}");
        let i = if i < 0 { i + n } else { i };
        self.step(|x| select(x, dim as i64, i), |l| l.select(dim, i as usize))
    }
    fn slice(&mut self, dim: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> Result<()> {
        ensure!(step != 0, Value, "slice step cannot be zero");
        ensure!(step > 0, Value, "step must be greater than zero");
        let n = self.layout.shape[dim] as i64;
        let clamp = |i: i64| if i < 0 { i.saturating_add(n).max(0) } else { i.min(n) };
        let start = clamp(start.unwrap_or(0));
        let stop = clamp(stop.unwrap_or(n)).max(start);
        let len = (stop - start).div_euclid(step) + i64::from((stop - start) % step != 0);
        self.step(
            |x| slice(x, dim as i64, Some(start), Some(stop), step),
            |l| l.slice(dim, start as usize, len as usize, step as usize),
        )
    }
    fn unsqueeze(&mut self, dim: usize) -> Result<()> {
        self.step(|x| unsqueeze(x, dim as i64), |l| l.unsqueeze(dim))
    }
    /// The view; an alias if nothing was done.
    fn finish(self) -> Result<Tensor> {
        match self.recorded {
            Some(x) if self.changed => Ok(x),
            _ if !self.changed => alias(self.x),
            _ => Ok(self.x.view_with(self.layout, self.x.dtype(), regrow)),
        }
    }
    /// The view, or the tensor itself if nothing was done.
    fn finish_or_self(self) -> Result<Tensor> {
        if self.changed { self.finish() } else { Ok(self.x.clone()) }
    }
}

fn too_many(rank: usize) -> crate::Error {
    crate::Error::new(crate::error::Kind::Index, format!("too many indices for tensor of dimension {rank}"))
}

/// The basic entries applied as views, and the index tensors left over, one slot per dim that they reach.
fn apply<'a>(x: &'a Tensor, indices: &[Index]) -> Result<(Cursor<'a>, Vec<Option<Tensor>>)> {
    let given: usize = indices
        .iter()
        .map(|i| match i {
            Index::Int(_) | Index::Slice { .. } => 1,
            Index::Tensor(t) => if is_mask(t) { t.rank() } else { 1 },
            _ => 0,
        })
        .sum();
    if given > x.rank() {
        return Err(too_many(x.rank()));
    }
    let mut cursor = Cursor::new(x);
    let mut tensors: Vec<Option<Tensor>> = vec![];
    let mut dim = 0;
    // The dim of `x` itself that the next entry is for.
    let mut source = 0;
    // Slots count entries of the index list: a mask takes one, but as many dims as it has.
    let mut extra = 0;
    let keep = |tensors: &mut Vec<Option<Tensor>>, dim: usize, extra: &mut usize, t: Tensor| {
        tensors.resize(dim - *extra, None);
        if is_mask(&t) {
            *extra += t.rank() - 1;
        }
        tensors.push(Some(t));
    };
    for i in indices {
        match i {
            Index::Int(i) => {
                let n = cursor.layout.shape[dim] as i64;
                ensure!((-n..n).contains(i), Index, "index {i} is out of bounds for dimension {source} with size {n}");
                cursor.select(dim, *i)?;
                source += 1;
            }
            Index::Slice { start, stop, step } => {
                let whole = *step == 1
                    && start.is_none_or(|s| s == 0)
                    && stop.is_none_or(|s| s >= cursor.layout.shape[dim] as i64);
                if !whole {
                    cursor.slice(dim, *start, *stop, *step)?;
                }
                dim += 1;
                source += 1;
            }
            Index::None => {
                cursor.unsqueeze(dim)?;
                dim += 1;
            }
            Index::Ellipsis => {
                dim += x.rank() - given;
                source += x.rank() - given;
            }
            Index::Bool(on) => {
                cursor.unsqueeze(dim)?;
                keep(&mut tensors, dim, &mut extra, bool_index(*on)?);
                dim += 1;
            }
            Index::Tensor(t) if t.rank() == 0 && t.dtype().is_integral() => {
                if is_mask(t) {
                    cursor.unsqueeze(dim)?;
                    keep(&mut tensors, dim, &mut extra, bool_index(t.item()?.to_bool())?);
                    dim += 1;
                } else {
                    cursor.select(dim, t.item()?.to_i64())?;
                }
            }
            Index::Tensor(t) => {
                keep(&mut tensors, dim, &mut extra, t.clone());
                dim += if is_mask(t) { t.rank() } else { 1 };
            }
        }
    }
    Ok((cursor, tensors))
}

/// The index tensor that stands for True (the one element there is) or False (none).
fn bool_index(on: bool) -> Result<Tensor> {
    Tensor::zeros(&[usize::from(on)], DType::I64)
}

fn borrowed(tensors: &[Option<Tensor>]) -> Vec<Option<&Tensor>> {
    tensors.iter().map(Option::as_ref).collect()
}

/// The one int index, checked.
fn at(x: &Tensor, i: i64) -> Result<i64> {
    let Some(&n) = x.shape().first() else {
        bail!(
            Index,
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a \
             0-dim tensor to a number"
        )
    };
    let n = n as i64;
    ensure!((-n..n).contains(&i), Index, "index {i} is out of bounds for dimension 0 with size {n}");
    Ok(i)
}

/// The one slice, as a view even if it is of everything.
fn one_slice<'a>(x: &'a Tensor, start: Option<i64>, stop: Option<i64>, step: i64) -> Result<Cursor<'a>> {
    ensure!(x.rank() > 0, Index, "slice() cannot be applied to a 0-dim tensor.");
    let mut cursor = Cursor::new(x);
    cursor.slice(0, start, stop, step)?;
    Ok(cursor)
}

/// `x[i]`, the commonest of all.
pub fn first_item(x: &Tensor, i: i64) -> Result<Tensor> {
    select(x, 0, at(x, i)?)
}

/// `x[indices]`: a view for basic entries, a copy where tensors of indices take part.
pub fn get_item(x: &Tensor, indices: &[Index]) -> Result<Tensor> {
    match indices {
        [Index::Int(i)] => return first_item(x, *i),
        [Index::Slice { start, stop, step }] => return one_slice(x, *start, *stop, *step)?.finish(),
        _ => {}
    }
    let (cursor, tensors) = apply(x, indices)?;
    if tensors.is_empty() {
        return cursor.finish();
    }
    index(&cursor.finish_or_self()?, &borrowed(&tensors))
}

/// `x[indices] = value`: the value is broadcast; a number takes the dtype of `x`.
pub fn set_item(x: &Tensor, indices: &[Index], value: Operand) -> Result<()> {
    let (cursor, tensors) = match indices {
        [Index::Bool(false)] => return Ok(()),
        [Index::Bool(true)] => {
            let mut cursor = Cursor::new(x);
            cursor.unsqueeze(0)?;
            (cursor, vec![])
        }
        [Index::Int(i)] => {
            let mut cursor = Cursor::new(x);
            cursor.select(0, at(x, *i)?)?;
            (cursor, vec![])
        }
        [Index::Slice { start, stop, step }] => (one_slice(x, *start, *stop, *step)?, vec![]),
        _ => apply(x, indices)?,
    };
    let view = cursor.finish_or_self()?;
    if let Operand::Scalar(s) = value {
        check_number(s, x.dtype())?;
    }
    if tensors.is_empty() {
        return match value {
            Operand::Scalar(s) => fill_view(&view, s),
            Operand::Tensor(t) => copy_into(&view, &without_leading_ones(t, view.rank())?),
        };
    }
    let value = match value {
        Operand::Scalar(s) => Tensor::scalar(s, x.dtype())?,
        Operand::Tensor(t) => without_leading_ones(t, 0)?,
    };
    index_put_in_place(&view, &borrowed(&tensors), &value, false).map(drop)
}

/// Writes one number everywhere, recorded as the constant that it is.
fn fill_view(x: &Tensor, value: Scalar) -> Result<()> {
    if grad_enabled() && x.requires_grad() {
        return overwrite(x, &Tensor::full(x.shape(), value, x.dtype())?);
    }
    check_writable(x)?;
    x.fill_data(value);
    x.storage().bump();
    Ok(())
}

/// The value without leading dims of size 1, which assignment ignores; a value that fits as it is stays so.
fn without_leading_ones(value: &Tensor, rank: usize) -> Result<Tensor> {
    let ones = value.shape().iter().take_while(|&&n| n == 1).count();
    if ones == 0 || value.rank() <= rank {
        return Ok(value.clone());
    }
    reshape_to(value, &value.shape()[ones..])
}

/// `x[...] = value` for a whole view: expands the value, in the words of `expand` if it cannot.
fn copy_into(x: &Tensor, value: &Tensor) -> Result<()> {
    let value = if value.shape() == x.shape() { value.clone() } else { expand_to(value, x.shape())? };
    check_overlap(x, &value)?;
    overwrite(x, &value)
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
