//! Advanced indexing: elements picked and written by tensors of indices and masks, and `take`, `put`, `take_along_dim`.
//!
//! Indices (None, int64 or int32 tensors, masks) become one list of offsets into the indexed tensor, with the place where
//! the index's own dims stand in the result; see `Places`.
use crate::cpu::index::{Offsets, Rows, put_offsets};
use crate::cpu::mask::Mask;
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::{Backward, Formula, Grads, Recorder, SavedAt};
use crate::layout::{Dims, Layout, broadcast, contiguous_strides, show};
use crate::ops::mask::fill_masked;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Gradients for those of N inputs that need one, from the gradient of the one output.
pub(crate) fn each_grad<const N: usize>(
    f: impl Fn(&Backward, &Tensor, usize) -> Result<Tensor> + Send + Sync + 'static,
) -> Formula {
    Box::new(move |node, g| {
        let mut grads: Grads = smallvec::smallvec![None; N];
        if let Some(g) = &g[0] {
            for (i, slot) in grads.iter_mut().enumerate() {
                if node.needs(i) {
                    *slot = Some(f(node, g, i)?);
                }
            }
        }
        Ok(grads)
    })
}

/// A copy of the elements in the same order of dims, outside the graph: what an op writes into that gives a new tensor.
pub(crate) fn copied(x: &Tensor) -> Result<Tensor> {
    let y = Tensor::empty_as(x.layout().like(), x.dtype())?;
    y.copy_data(x);
    Ok(y)
}

/// Gives `y` the elements of `x`, changed by `write`; in place where the two are one memory.
pub(crate) fn write_into(x: &Tensor, y: &Tensor, write: impl FnOnce(&Tensor) -> Result<()>) -> Result<()> {
    let one = y.storage().same(x.storage()) && y.layout() == x.layout();
    if one && y.dtype() == x.dtype() {
        return write(y);
    }
    let result = copied(x)?;
    write(&result)?;
    assign(y, &result)
}

/// A mask's elements as contiguous bools.
pub(crate) fn mask_bools(mask: &Tensor) -> Result<Tensor> {
    mask.cast_data(DType::Bool)
}

/// A list of optional index tensors as an op's argument holds it.
pub type Indices<'a> = [Option<&'a Tensor>];

/// Where advanced indices point.
pub(crate) struct Places {
    /// Offsets into the indexed tensor, in elements, row by row of `shape`.
    at: Offsets,
    /// No place comes twice.
    apart: bool,
    /// The shape that the indices have together.
    shape: Dims,
    /// The indexed tensor's other dims: those before the index's own dims in the result, and those after.
    before: Dims,
    after: Dims,
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
                // SAFETY: a contiguous copy, or the mask's own memory, which is only read here.
                let at = Mask::new(unsafe { bools.as_slice::<bool>() }).offsets(mask.shape(), &strides)?;
                let n = at.len();
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
    fn joint(x: &Tensor, groups: Vec<(usize, Tensor)>) -> Result<(Dims, Offsets, Dims)> {
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
                lists.push(index.cast_data(DType::I64)?);
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
        let at = Offsets::empty(n)?;
        let nothing = (0..x.rank()).any(|d| !dims.contains(&d) && x.shape()[d] == 0);
        ensure!(
            n == 0 || dims.iter().all(|&d| x.shape()[d] != 0),
            Index,
            "index is out of bounds for dimension with size 0"
        );
        if nothing || dims.is_empty() {
            // PyTorch does not look at indices into nothing.
            // SAFETY: the list's own memory.
            unsafe { at.as_mut_ptr().write_bytes(0, n) };
            return Ok((dims, at, shape));
        }
        for (k, (&d, list)) in dims.iter().zip(&lists).enumerate() {
            let strides = list.layout().broadcast_strides(&shape);
            let memory = Memory { strides: &strides, ..list.memory() };
            // SAFETY: the list was broadcast to the shape, and `at` has its number of elements.
            if let Some(i) = unsafe { put_offsets(&shape, memory, x.shape()[d], x.strides()[d], &at, k > 0) } {
                bail!(Index, "index {i} is out of bounds for dimension {d} with size {}", x.shape()[d]);
            }
        }
        Ok((dims, at, shape))
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
    fn rows(&self, x: &Tensor, a: &Tensor, result: &[usize], run: impl FnOnce(&Rows)) {
        let walked = self.before.len() + self.shape.len();
        let strides = a.layout().broadcast_strides(result);
        let mut at_strides: Dims = smallvec::smallvec![0; self.before.len()];
        at_strides.extend(contiguous_strides(&self.shape));
        let mut x_strides: Dims = self.before.iter().map(|&d| x.strides()[d]).collect();
        x_strides.resize(walked, 0);
        let block_x: Dims = self.after.iter().map(|&d| x.strides()[d]).collect();
        run(&Rows {
            shape: &result[..walked],
            at: &self.at,
            at_strides: &at_strides,
            a: Memory { strides: &strides[..walked], ..a.memory() },
            x: Memory { strides: &x_strides, ..x.memory() },
            block: &result[walked..],
            block_a: &strides[walked..],
            block_x: &block_x,
            apart: self.apart,
        });
    }

    /// The elements of `x` at these places.
    pub fn get(&self, x: &Tensor) -> Result<Tensor> {
        let result = self.result(x);
        let y = Tensor::empty(&result, x.dtype())?;
        // SAFETY: the offsets were checked against x's sizes; y is new.
        self.rows(x, &y, &result, |rows| unsafe { rows.get() });
        Ok(y)
    }

    /// Writes (or adds) `values`, broadcast, to these places of `x`. Not recorded, not counted.
    pub fn put(&self, x: &Tensor, values: &Tensor, accumulate: bool) -> Result<()> {
        let result = self.result(x);
        ensure!(
            broadcast(values.shape(), &result).is_ok_and(|s| s == result),
            "shape mismatch: value tensor of shape {} cannot be broadcast to indexing result of shape {}",
            show(values.shape()),
            show(&result)
        );
        self.rows(x, values, &result, |rows| {
            // SAFETY: the offsets were checked against x's sizes; callers refuse values that overlap x.
            unsafe { if accumulate { rows.add() } else { rows.put() } }
        });
        Ok(())
    }
}

/// Bool, or uint8 standing for it.
pub(crate) fn is_mask(t: &Tensor) -> bool {
    matches!(t.dtype(), DType::Bool | DType::U8)
}

/// Index tensors kept for the backward pass.
struct SavedIndices(Vec<Option<SavedAt>>);

impl SavedIndices {
    fn new(r: &mut Recorder, indices: &Indices) -> Self {
        Self(indices.iter().map(|i| i.map(|t| r.input("indices", t))).collect())
    }
    fn with<T>(&self, node: &Backward, f: impl FnOnce(&Indices) -> Result<T>) -> Result<T> {
        let tensors =
            self.0.iter().map(|at| at.map(|at| node.get(at)).transpose()).collect::<Result<Vec<Option<Tensor>>>>()?;
        f(&tensors.iter().map(Option::as_ref).collect::<Vec<_>>())
    }
}

/// The elements of a contiguous tensor where a mask of its shape is set. Not recorded.
fn selected(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let bools = mask_bools(mask)?;
    // SAFETY: a contiguous copy, or the mask's own memory, which is only read here.
    let mask = Mask::new(unsafe { bools.as_slice::<bool>() });
    let y = Tensor::empty(&[mask.count()], x.dtype())?;
    // SAFETY: both are contiguous and of these sizes; y is new.
    unsafe { mask.select(x.dtype().size(), x.data_ptr(), y.data_ptr()) };
    Ok(y)
}

/// Writes a number where the one index, a mask of the first dims, is set; false if the call is another. Not recorded.
fn filled_where(x: &Tensor, indices: &Indices, values: &Tensor, accumulate: bool) -> Result<bool> {
    let [Some(mask)] = indices else { return Ok(false) };
    if accumulate || values.rank() != 0 || mask.dtype() != DType::Bool || !x.shape().starts_with(mask.shape()) {
        return Ok(false);
    }
    let mut layout = mask.layout().clone();
    layout.shape = x.shape().into();
    layout.strides.resize(x.rank(), 0);
    fill_masked(x, &mask.with_layout(layout), values.item()?);
    Ok(true)
}

/// Elements picked by index tensors, one list entry per dim (None for a whole dim; a mask stands for all its dims).
pub fn index(x: &Tensor, indices: &Indices) -> Result<Tensor> {
    let y = match indices {
        [Some(mask)] if mask.dtype() == DType::Bool && mask.shape() == x.shape() && x.is_contiguous() => selected(x, mask)?,
        _ => Places::new(x, indices)?.get(x)?,
    };
    let shape: Dims = x.shape().into();
    y.record("index", &[x], |r, _| {
        let saved = SavedIndices::new(r, indices);
        one_grad(move |node, g| saved.with(node, |indices| index_backward(g, &shape, indices)))
    })
}

/// The gradient of `index`: `g` added to zeros at the same places.
fn index_backward(g: &Tensor, shape: &[usize], indices: &Indices) -> Result<Tensor> {
    let y = Tensor::zeros(shape, g.dtype())?;
    Places::new(&y, indices)?.put(&y, g, true)?;
    y.record("index_put", &[g], |r, _| {
        let saved = SavedIndices::new(r, indices);
        one_grad(move |node, gg| saved.with(node, |indices| index(gg, indices)))
    })
}

fn check_values(x: &Tensor, values: &Tensor) -> Result<()> {
    ensure!(
        x.dtype() == values.dtype(),
        "Index put requires the source and destination dtypes match, got {} for the destination and {} for the source.",
        x.dtype().scalar_name(),
        values.dtype().scalar_name()
    );
    Ok(())
}

/// A copy of `x` with `values` written (or added) at the indexed places.
pub fn index_put(x: &Tensor, indices: &Indices, values: &Tensor, accumulate: bool) -> Result<Tensor> {
    check_values(x, values)?;
    let y = copied(x)?;
    if !filled_where(&y, indices, values, accumulate)? {
        Places::new(&y, indices)?.put(&y, values, accumulate)?;
    }
    y.record("index_put", &[x, values], |r, _| {
        let saved = SavedIndices::new(r, indices);
        each_grad::<2>(move |node, g, input| {
            saved.with(node, |indices| match input {
                0 if accumulate => Ok(g.clone()),
                0 => index_put(g, indices, &Tensor::scalar(Scalar::Int(0), g.dtype())?, false),
                _ => index(g, indices),
            })
        })
    })
}

/// As `index_put`, in the memory of `x`.
pub fn index_put_in_place(x: &Tensor, indices: &Indices, values: &Tensor, accumulate: bool) -> Result<Tensor> {
    check_values(x, values)?;
    check_overlap(x, values)?;
    for i in indices.iter().flatten() {
        check_overlap(x, i)?;
    }
    if crate::graph::grad_enabled() && (x.requires_grad() || values.requires_grad()) {
        overwrite(x, &index_put(x, indices, values, accumulate)?)?;
        return Ok(x.clone());
    }
    if x.layout().may_overlap_itself() {
        // Writes to single elements of an expanded tensor are allowed, but not to memory that is read-only.
        ensure!(x.storage().writable(), "the memory of this tensor is read-only: clone() it before writing");
    } else {
        check_writable(x)?;
    }
    if !filled_where(x, indices, values, accumulate)? {
        Places::new(x, indices)?.put(x, values, accumulate)?;
    }
    x.storage().bump();
    Ok(x.clone())
}

// ---- flat indices ---------------------------------------------------------------------------------------------------

/// Offsets of flat indices, in the shape of the index.
fn flat_places(x: &Tensor, index: &Tensor, op: &str) -> Result<Places> {
    ensure!(
        index.dtype() == DType::I64,
        "{op}(): Expected a long tensor for index, but got {}",
        index.dtype().scalar_name()
    );
    let (n, index) = (x.numel() as i64, index.cast_data(DType::I64)?);
    ensure!(n > 0 || index.numel() == 0, Index, "{op}(): tried to {op} elements {} an empty tensor", if op == "put_" { "into" } else { "from" });
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
    Ok(Places { at, apart: false, shape: index.shape().into(), before: Dims::new(), after: Dims::new() })
}

/// Elements by their place in the flattened tensor, in the shape of the index.
pub fn take(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    let y = flat_places(x, index, "take")?.get(x)?;
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
    let y = copied(x)?;
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

impl Samples {
    /// Indices below `below`.
    pub(crate) fn index(&mut self, below: usize, shape: &[usize]) -> Tensor {
        match self.ints(below, shape) {
            Value::Tensor(t) => t,
            _ => unreachable!("ints makes a tensor"),
        }
    }
    /// `n` different indices below `below`.
    pub(crate) fn distinct(&mut self, below: usize, n: usize) -> Tensor {
        let v: Vec<i64> = (0..n).map(|i| (below - 1 - i) as i64).collect();
        Tensor::from_slice(&v, &[n]).expect("a sample is small")
    }
}

fn given<'a>(a: &Args<'a, '_>, i: usize) -> Result<Vec<Option<&'a Tensor>>> {
    Ok(a.opt_tensors(i)?.into_vec())
}

rows! {
    /// Elements picked by tensors of indices: one entry per dim, None for a whole dim; masks stand for all their dims.
    "_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor" "f"
    |a| index(a.tensor(0)?, &given(a, 1)?);
    |s| vec![
        vec![s.t(&[3, 4]), Value::OptTensors(vec![None, Some(s.index(4, &[5]))])],
        vec![s.t(&[3, 2, 3]), Value::OptTensors(vec![Some(s.index(3, &[2, 1])), None, Some(s.index(3, &[2]))])],
    ];
    /// A copy with `values` written at the indexed places, or added to what is there.
    "index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor" "fm"
    |a| index_put(a.tensor(0)?, &given(a, 1)?, a.tensor(2)?, a.bool(3)?);
    |s| vec![
        vec![s.t(&[3, 4]), Value::OptTensors(vec![None, Some(s.index(4, &[5]))]), s.t(&[5]), true.into()],
        vec![s.t(&[3, 2]), Value::OptTensors(vec![Some(s.distinct(3, 2))]), s.t(&[2, 2]), false.into()],
    ];
    /// Writes `values` at the indexed places, or adds them to what is there.
    "index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)" "fm"
    |a| index_put_in_place(a.tensor(0)?, &given(a, 1)?, a.tensor(2)?, a.bool(3)?);
    |s| vec![vec![s.t(&[3, 2]), Value::OptTensors(vec![Some(s.distinct(3, 2))]), s.t(&[2, 2]), true.into()]];
    /// A copy with `values` written at the indexed places, or added to what is there.
    "_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor" "f"
    |a| index_put(a.tensor(0)?, &given(a, 1)?, a.tensor(2)?, a.bool(3)?);
    |s| vec![vec![s.t(&[3, 2]), Value::OptTensors(vec![Some(s.distinct(3, 2))]), s.t(&[2, 2]), true.into()]];
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
