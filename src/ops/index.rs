//! Advanced indexing: elements picked and written by tensors of indices and masks.
//!
//! Indices (None, int64 or int32 tensors, masks) become one list of offsets into the indexed tensor, with the place where
//! the index's own dims stand in the result; see `Places`.
use crate::cpu::mask::Mask;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::{Backward, Formula, Grads, Recorder, SavedAt};
use crate::layout::Dims;
use crate::ops::mask::fill_masked_with;
use crate::ops::places::Places;
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
    if x.device().is_gpu() {
        return Places::new(x, &[Some(mask)])?.get(x);
    }
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
    fill_masked_with(x, &mask.with_layout(layout), values)?;
    Ok(true)
}

fn check_devices(x: &Tensor, indices: &Indices) -> Result<()> {
    ensure!(
        indices.iter().flatten().all(|i| !i.device().is_gpu() || i.device() == x.device()),
        "indices should be either on cpu or on the same device as the indexed tensor ({})",
        x.device()
    );
    Ok(())
}

/// Elements picked by index tensors, one list entry per dim (None for a whole dim; a mask stands for all its dims).
pub fn index(x: &Tensor, indices: &Indices) -> Result<Tensor> {
    check_devices(x, indices)?;
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

fn check_written(x: &Tensor, indices: &Indices, values: &Tensor) -> Result<()> {
    check_devices(x, indices)?;
    ensure!(
        values.rank() == 0 || values.device() == x.device(),
        "Expected all tensors to be on the same device, but found at least two devices, {} and {}!",
        x.device(),
        values.device()
    );
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
    check_written(x, indices, values)?;
    let values = &moved(values, x.device())?;
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
    check_written(x, indices, values)?;
    let values = &moved(values, x.device())?;
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
}
