//! Places that advanced indices name: offsets into the indexed tensor, and the moves between them and other tensors.
use crate::cpu::index::{Offsets, Rows, put_offsets};
use crate::cpu::mask::Mask;
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::index::Action;
use crate::gpu::{self, Gpu};
use crate::layout::{Dims, Layout, broadcast, contiguous_strides, show};
use crate::ops::index::{Indices, is_mask, mask_bools};
use crate::ops::*;
use crate::tensor::Tensor;

/// Lets `add` add to a tensor on a GPU, in numbers that a kernel adds atomically: small ones as float32 or int32.
pub(crate) fn accumulated(x: &Tensor, add: impl FnOnce(&Tensor) -> Result<()>) -> Result<()> {
    let wide = match x.dtype() {
        DType::F32 | DType::F64 | DType::C64 | DType::C128 | DType::I32 | DType::I64 => return add(x),
        DType::F16 | DType::BF16 => DType::F32,
        _ => DType::I32,
    };
    // Laid out as `x` is, for places were computed for that.
    let layout = Layout { offset: 0, ..x.layout().clone() };
    let storage = crate::storage::Storage::empty(layout.end() * wide.size())?;
    let copy = Tensor::new(storage, layout, wide);
    copy.copy_data(x);
    add(&copy)?;
    x.copy_data(&copy);
    Ok(())
}

/// Offsets into the indexed tensor, in elements.
pub(crate) enum At {
    /// Row by row of the indices' shape.
    Host(Offsets),
    /// The same, or one index as it is, with strides for the indices' shape.
    Gpu(gpu::index::Places, Dims),
}

/// Where advanced indices point.
pub(crate) struct Places {
    pub at: At,
    /// No place comes twice.
    pub apart: bool,
    /// The shape that the indices have together.
    pub shape: Dims,
    /// The indexed tensor's other dims: those before the index's own dims in the result, and those after.
    pub before: Dims,
    pub after: Dims,
}

impl Places {
    pub fn new(x: &Tensor, indices: &Indices) -> Result<Self> {
        let mut groups: Vec<(usize, Tensor)> = vec![];
        let mut dim = 0;
        let used: usize = indices.iter().map(|i| i.map_or(1, |t| if is_mask(t) { t.rank() } else { 1 })).sum();
        ensure!(
            used <= x.rank(),
            Index,
            "too many indices for tensor of dimension {} (got {used})",
            x.rank()
        );
        for index in indices {
            let Some(index) = index else {
                dim += 1;
                continue;
            };
            ensure!(
                matches!(index.dtype(), DType::I64 | DType::I32 | DType::U8 | DType::Bool),
                Index,
                "tensors used as indices must be long, int, byte or bool tensors"
            );
            if is_mask(index) {
                for k in 0..index.rank() {
                    ensure!(
                        index.shape()[k] == x.shape()[dim + k],
                        Index,
                        "The shape of the mask {} at index {k} does not match the shape of the indexed tensor {} at \
                         index {}",
                        show(index.shape()),
                        show(x.shape()),
                        dim + k
                    );
                }
            }
            groups.push((dim, (*index).clone()));
            dim += if is_mask(index) { index.rank() } else { 1 };
        }
        let apart = matches!(&groups[..], [(_, mask)] if is_mask(mask)) && !x.layout().may_overlap_itself();
        let (dims, at, shape) = match &groups[..] {
            [(d, mask)] if is_mask(mask) => {
                let dims: Dims = (*d..d + mask.rank()).collect();
                let strides: Dims = dims.iter().map(|&d| x.strides()[d]).collect();
                let bools = mask_bools(mask)?;
                let (at, n) = if let Some(gpu) = x.gpu() {
                    let set = gpu::mask::Mask::new(gpu, &bools.on_gpu(gpu)?, bools.numel())?;
                    (At::Gpu(set.places(mask.shape(), &strides)?, smallvec::smallvec![1]), set.count())
                } else {
                    // SAFETY: a contiguous copy, or the mask's own memory, which is only read here.
                    let at = Mask::new(unsafe { bools.as_slice::<bool>() }).offsets(mask.shape(), &strides)?;
                    let n = at.len();
                    (At::Host(at), n)
                };
                (dims, at, smallvec::smallvec![n])
            }
            _ => Self::joint(x, groups)?,
        };
        let adjacent = dims.windows(2).all(|w| w[1] == w[0] + 1);
        let first = if adjacent { dims.first().copied().unwrap_or(0) } else { 0 };
        let rest = |from: usize| (from..x.rank()).filter(|d| !dims.contains(d)).collect::<Dims>();
        Ok(Self { at, apart, shape, before: (0..first).collect(), after: rest(first) })
    }

    /// Several index tensors, broadcast together; a mask counts as one for each of its dims.
    fn joint(x: &Tensor, groups: Vec<(usize, Tensor)>) -> Result<(Dims, At, Dims)> {
        let (mut dims, mut lists) = (Dims::new(), Vec::new());
        for (dim, index) in groups {
            if is_mask(&index) {
                let columns = nonzero(&index)?;
                for k in 0..index.rank() {
                    dims.push(dim + k);
                    lists.push(columns.with_layout(columns.layout().select(1, k)));
                }
            } else {
                dims.push(dim);
                lists.push(if x.device().is_gpu() { index.detach() } else { index.cast_data(DType::I64)? });
            }
        }
        let mut shape = Dims::new();
        for list in &lists {
            shape = broadcast(&shape, list.shape()).map_err(|_| {
                let shapes: Vec<String> = lists.iter().map(|l| show(l.shape())).collect();
                crate::Error::new(
                    crate::error::Kind::Index,
                    format!(
                        "shape mismatch: indexing tensors could not be broadcast together with shapes {}",
                        shapes.join(", ")
                    ),
                )
            })?;
        }
        let n = crate::layout::checked_numel(&shape)?;
        let nothing = (0..x.rank()).any(|d| !dims.contains(&d) && x.shape()[d] == 0);
        ensure!(
            n == 0 || dims.iter().all(|&d| x.shape()[d] != 0),
            Index,
            "index is out of bounds for dimension with size 0"
        );
        if let Some(gpu) = x.gpu() {
            let at = Self::joint_on_gpu(gpu, x, &shape, if nothing { &[] } else { &dims }, &lists)?;
            return Ok((dims, at, shape));
        }
        let at = Offsets::empty(n)?;
        if nothing || dims.is_empty() {
            // PyTorch does not look at indices into nothing.
            // SAFETY: the list's own memory.
            unsafe { at.as_mut_ptr().write_bytes(0, n) };
            return Ok((dims, At::Host(at), shape));
        }
        for (k, (&d, list)) in dims.iter().zip(&lists).enumerate() {
            let strides = list.layout().broadcast_strides(&shape);
            let memory = Memory { strides: &strides, ..list.memory() };
            // SAFETY: the list was broadcast to the shape, and `at` has its number of elements.
            if let Some(i) = unsafe { put_offsets(&shape, memory, x.shape()[d], x.strides()[d], &at, k > 0) } {
                bail!(Index, "index {i} is out of bounds for dimension {d} with size {}", x.shape()[d]);
            }
        }
        Ok((dims, At::Host(at), shape))
    }

    /// As `joint`: one index is read where it is needed, several become a list.
    fn joint_on_gpu(gpu: &'static Gpu, x: &Tensor, shape: &[usize], dims: &[usize], lists: &[Tensor]) -> Result<At> {
        let strides: Vec<Dims> = lists.iter().map(|l| l.layout().broadcast_strides(shape)).collect();
        if let ([d], [list]) = (dims, lists) {
            let memory = list.on_gpu(gpu)?;
            let (size, step) = (x.shape()[*d], x.strides()[*d]);
            let index = gpu::index::Places::Index {
                slice: memory.slice,
                dtype: memory.dtype,
                offset: memory.offset,
                size,
                step,
                wrap: true,
            };
            return Ok(At::Gpu(index, strides[0].clone()));
        }
        let mut parts = vec![];
        for (k, &d) in dims.iter().enumerate() {
            let index = gpu::Memory { strides: &strides[k], ..lists[k].on_gpu(gpu)? };
            parts.push(gpu::index::Part { index, size: x.shape()[d], step: x.strides()[d], wrap: true });
        }
        let none: Dims = smallvec::smallvec![0; shape.len()];
        let list = gpu::index::list(gpu, shape, &parts, &none, extent(x))?;
        Ok(At::Gpu(list, contiguous_strides(shape)))
    }

    /// The shape of the elements picked.
    pub fn result(&self, x: &Tensor) -> Dims {
        let sizes = |dims: &Dims| dims.iter().map(|&d| x.shape()[d]).collect::<Dims>();
        let mut shape = sizes(&self.before);
        shape.extend_from_slice(&self.shape);
        shape.extend(sizes(&self.after));
        shape
    }

    /// Moves between the places of `x` and `a`, which has (or is broadcast to) the shape of the result.
    ///
    /// # Safety
    /// `a` may not overlap `x`; the op may write to the one that the action writes to.
    unsafe fn rows(&self, x: &Tensor, a: &Tensor, result: &[usize], action: Action) -> Result<()> {
        let walked = self.before.len() + self.shape.len();
        let strides = a.layout().broadcast_strides(result);
        let mut at_strides: Dims = smallvec::smallvec![0; self.before.len()];
        let mut x_strides: Dims = self.before.iter().map(|&d| x.strides()[d]).collect();
        x_strides.resize(walked, 0);
        let block_x: Dims = self.after.iter().map(|&d| x.strides()[d]).collect();
        let at = match &self.at {
            At::Host(at) => at,
            At::Gpu(places, own) => {
                at_strides.extend_from_slice(own);
                at_strides.resize(result.len(), 0);
                x_strides.extend(block_x);
                return self.moves(x, a, result, places, &at_strides, &strides, &x_strides, action);
            }
        };
        at_strides.extend(contiguous_strides(&self.shape));
        let rows = Rows {
            shape: &result[..walked],
            at,
            at_strides: &at_strides,
            a: Memory { strides: &strides[..walked], ..a.memory() },
            x: Memory { strides: &x_strides, ..x.memory() },
            block: &result[walked..],
            block_a: &strides[walked..],
            block_x: &block_x,
            apart: self.apart,
        };
        // SAFETY: the offsets were checked against x's sizes; the rest is as the caller says.
        unsafe {
            match action {
                Action::Get => rows.get(),
                Action::Put => rows.put(),
                Action::Add => rows.add(),
            }
        }
        Ok(())
    }

    /// As `rows`, on a GPU, in one walk over the whole result.
    #[allow(clippy::too_many_arguments)]
    fn moves(
        &self,
        x: &Tensor,
        a: &Tensor,
        result: &[usize],
        places: &gpu::index::Places,
        at_strides: &[usize],
        a_strides: &[usize],
        x_strides: &[usize],
        action: Action,
    ) -> Result<()> {
        let Some(gpu) = x.gpu() else { return Ok(()) };
        let moves = |x: &Tensor| -> Result<()> {
            let moves = gpu::index::Moves {
                shape: result,
                places,
                at_strides,
                a: gpu::Memory { strides: a_strides, ..a.on_gpu(gpu)? },
                x: gpu::Memory { strides: x_strides, ..x.on_gpu(gpu)? },
            };
            moves.run(gpu, action)
        };
        if action == Action::Add { accumulated(x, moves) } else { moves(x) }
    }

    /// Of several places that are one, the last alone is left: what a write of different values goes to.
    fn only_last(&mut self, x: &Tensor) -> Result<()> {
        let (Some(gpu), At::Gpu(places, strides)) = (x.gpu(), &mut self.at) else { return Ok(()) };
        let none: Dims = smallvec::smallvec![0; self.shape.len()];
        *places = places.last_alone(gpu, &self.shape, strides, &none, extent(x))?;
        *strides = contiguous_strides(&self.shape);
        Ok(())
    }

    /// The elements of `x` at these places.
    pub fn get(&self, x: &Tensor) -> Result<Tensor> {
        let result = self.result(x);
        let y = Tensor::empty(&result, x.dtype())?;
        // SAFETY: y is new.
        unsafe { self.rows(x, &y, &result, Action::Get)? };
        Ok(y)
    }

    /// Writes (or adds) `values`, broadcast, to these places of `x`. Not recorded, not counted.
    pub fn put(mut self, x: &Tensor, values: &Tensor, accumulate: bool) -> Result<()> {
        let result = self.result(x);
        ensure!(
            broadcast(values.shape(), &result).is_ok_and(|s| s == result),
            "shape mismatch: value tensor of shape {} cannot be broadcast to indexing result of shape {}",
            show(values.shape()),
            show(&result)
        );
        if !accumulate && !self.apart && values.numel() > 1 {
            self.only_last(x)?;
        }
        // SAFETY: callers refuse values that overlap x, and may write to it.
        unsafe { self.rows(x, values, &result, if accumulate { Action::Add } else { Action::Put }) }
    }
}

/// One more than the largest offset of an element from the first.
fn extent(x: &Tensor) -> usize {
    x.layout().end() - x.layout().offset
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
