//! Slices along one dim picked and written by a vector of indices: `index_select`, `index_add`, `index_copy`, ...
use crate::cpu::index::{Offsets, Rows, put_offsets};
use crate::dtype::{DType, Scalar};
use crate::cpu::pointwise::Operand as Memory;
use crate::error::Result;
use crate::gpu::index::Action;
use crate::gpu::{self, Gpu};
use crate::layout::{Dims, Layout, show, wrap_dim};
use crate::graph::Backward;
use crate::ops::index::{copied, each_grad, write_into};
use crate::ops::places::accumulated;
use crate::ops::scatter::{Reduce, scatter_reduce_as};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// What to say when an index lies outside.
type Refusal = fn(i: i64, dim: usize, size: usize) -> crate::Error;

fn in_self(_: i64, _: usize, _: usize) -> crate::Error {
    crate::Error::new(crate::error::Kind::Index, "index out of range in self")
}

/// Offsets along a dim of `x` (a number counts as one element); `negative` says whether to count from the end.
fn offsets(x: &Tensor, d: usize, index: &Tensor, negative: bool, refuse: Refusal) -> Result<Offsets> {
    let (size, step) = (x.shape().get(d).copied().unwrap_or(1), x.strides().get(d).copied().unwrap_or(0));
    let index = index.cast_data(DType::I64)?;
    let n = index.numel();
    if !negative {
        // SAFETY: a contiguous copy, or memory that is only read here.
        let all = unsafe { index.as_slice::<i64>() };
        // All signs at once, and only then one by one.
        if all.iter().fold(0, |signs, i| signs | i) < 0
            && let Some(&i) = all.iter().find(|&&i| i < 0)
        {
            return Err(refuse(i, d, size));
        }
    }
    let at = Offsets::empty(n)?;
    let memory = Memory { strides: &[1], ..index.memory() };
    // SAFETY: `index` is contiguous with n elements, as `at` is.
    match unsafe { put_offsets(&[n], memory, size, step, &at, false) } {
        Some(i) => Err(refuse(i, d, size)),
        None => Ok(at),
    }
}

/// Moves between the slices of `x` that `index` names along `d` and `a`, whose dim `d` has one slice for each entry. Of
/// several writes to one slice the last stays.
///
/// # Safety
/// `a` may not overlap `x`; the op may write to the one that the action writes to.
unsafe fn moved(
    x: &Tensor,
    d: usize,
    index: &Tensor,
    a: &Tensor,
    action: Action,
    negative: bool,
    refuse: Refusal,
) -> Result<()> {
    if let Some(gpu) = x.gpu() {
        let moves = |x: &Tensor| moved_on_gpu(gpu, x, d, index, a, action, negative);
        return if action == Action::Add { accumulated(x, moves) } else { moves(x) };
    }
    let at = offsets(x, d, index, negative, refuse)?;
    // SAFETY: offsets were checked; the rest is as the caller says.
    slices(x, d, &at, a, |rows| unsafe {
        match action {
            Action::Get => rows.get(),
            Action::Put => rows.put(),
            Action::Add => rows.add(),
        }
    });
    Ok(())
}

fn moved_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    d: usize,
    index: &Tensor,
    a: &Tensor,
    action: Action,
    wrap: bool,
) -> Result<()> {
    let number = |t: &Tensor| if t.rank() == 0 { t.layout().unsqueeze(0) } else { t.layout().clone() };
    let (xl, al) = (number(x), number(a));
    let at = index.on_gpu(gpu)?;
    let (size, step) = (xl.shape[d], xl.strides[d]);
    let along = at.strides.first().copied().unwrap_or(0);
    let mut places =
        gpu::index::Places::Index { slice: at.slice, dtype: at.dtype, offset: at.offset, size, step, wrap };
    let mut at_strides: Dims = smallvec::smallvec![0; al.shape.len()];
    at_strides[d] = along;
    let n = index.numel();
    if action == Action::Put && n > 1 && a.strides().iter().any(|s| *s != 0) {
        places = places.last_alone(gpu, &[n], &[along], &[0], size.saturating_sub(1) * step + 1)?;
        at_strides[d] = 1;
    }
    let mut x_strides = xl.strides.clone();
    x_strides[d] = 0;
    let moves = gpu::index::Moves {
        shape: &al.shape,
        places: &places,
        at_strides: &at_strides,
        a: gpu::Memory { strides: &al.strides, ..a.on_gpu(gpu)? },
        x: gpu::Memory { strides: &x_strides, ..x.on_gpu(gpu)? },
    };
    moves.run(gpu, action)
}

/// The slices of `x` at these offsets along `d`, walked beside `a`, whose dim `d` has one slice for each offset.
fn slices(x: &Tensor, d: usize, at: &[usize], a: &Tensor, run: impl FnOnce(&Rows)) {
    let number = |t: &Tensor| if t.rank() == 0 { t.layout().unsqueeze(0) } else { t.layout().clone() };
    let (xl, al) = (number(x), number(a));
    let mut at_strides: Dims = smallvec::smallvec![0; d];
    at_strides.push(1);
    let mut x_strides: Dims = xl.strides[..d].into();
    x_strides.push(0);
    run(&Rows {
        shape: &al.shape[..=d],
        at,
        at_strides: &at_strides,
        a: Memory { strides: &al.strides[..=d], ..a.memory() },
        x: Memory { strides: &x_strides, ..x.memory() },
        block: &al.shape[d + 1..],
        block_a: &al.strides[d + 1..],
        block_x: &xl.strides[d + 1..],
        apart: false,
    });
}

/// The slices along a dim that `index` names.
pub fn index_select(x: &Tensor, dim: i64, index: &Tensor) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(index.rank() <= 1, Index, "index_select(): Index is supposed to be a vector");
    ensure!(
        matches!(index.dtype(), DType::I64 | DType::I32),
        "index_select(): Expected dtype int32 or int64 for index"
    );
    ensure!(
        x.rank() > 0 || index.numel() == 1,
        "index_select(): Index to scalar can have only 1 value, got {} value(s)",
        index.numel()
    );
    let mut shape: Dims = x.shape().into();
    if let Some(n) = shape.get_mut(d) {
        *n = index.numel();
    }
    let y = Tensor::empty(&shape, x.dtype())?;
    // SAFETY: y is new.
    unsafe { moved(x, d, index, &y, Action::Get, false, in_self)? };
    let full: Dims = x.shape().into();
    y.record("index_select", &[x], |r, _| {
        let at = r.input("index", index);
        one_grad(move |node, g| {
            let zeros = Tensor::zeros(&full, g.dtype())?;
            check_index_add(&zeros, dim, &node.get(at)?, g, Scalar::Int(1))?;
            added(zeros, &[g], dim, &node.get(at)?, g, Scalar::Int(1))
        })
    })
}

/// A copy of `x` to whose slices along a dim, named by `index`, those of `source` times `alpha` are added.
pub fn index_add(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor, alpha: Scalar) -> Result<Tensor> {
    check_index_add(x, dim, index, source, alpha)?;
    added(copied(x)?, &[x, source], dim, index, source, alpha)
}

pub(crate) fn check_index_add(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor, alpha: Scalar) -> Result<()> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(
        index.rank() <= 1,
        Index,
        "index_add_(): Index is supposed to be a vector, but got dim: {} with type: {} and size: {}",
        index.rank(),
        index.dtype().scalar_name(),
        show(index.shape())
    );
    ensure!(
        matches!(index.dtype(), DType::I64 | DType::I32),
        "index_add_(): Expected dtype int32/int64 for index but got: {}",
        index.dtype().scalar_name()
    );
    ensure!(
        x.dtype() == source.dtype(),
        "index_add_(): self ({}) and source ({}) must have the same scalar type",
        x.dtype().scalar_name(),
        source.dtype().scalar_name()
    );
    ensure!(
        d < source.rank().max(1),
        "index_add_(): Indexing dim {d} is out of bounds of the source tensor with dim {}",
        source.rank()
    );
    let length = source.shape().get(d).copied().unwrap_or(1);
    ensure!(
        index.numel() == length,
        "index_add_(): Number of indices ({}) should be equal to source.size(dim): ({length}), for dim: {d}",
        index.numel()
    );
    let matches = x.rank() == source.rank() && (0..x.rank()).all(|k| k == d || x.shape()[k] == source.shape()[k]);
    ensure!(
        matches,
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = {} \
         source.shape = {}",
        show(x.shape()),
        show(source.shape())
    );
    alpha.check_fits(x.dtype())?;
    ensure!(
        !alpha.is_complex() || x.dtype().is_complex(),
        "value cannot be converted to type {} without overflow",
        x.dtype().c_name()
    );
    Ok(())
}

/// The number as the dtype sees it, if it is not 1.
fn factor(alpha: Scalar, dtype: DType) -> Result<Option<Scalar>> {
    let alpha = Tensor::scalar(alpha, dtype)?.item()?;
    Ok((alpha != Tensor::scalar(Scalar::Int(1), dtype)?.item()?).then_some(alpha))
}

/// Adds slices of `source` times `alpha` to those of `y`. Not recorded; all but the indices was checked.
pub(crate) fn add_slices(y: &Tensor, dim: i64, index: &Tensor, source: &Tensor, alpha: Option<Scalar>) -> Result<()> {
    let d = wrap_dim(dim, y.rank())?;
    let refuse: Refusal = |i, d, n| {
        let message = format!("index {i} is out of bounds for dimension {d} with size {n}");
        crate::Error::new(crate::error::Kind::Runtime, message)
    };
    let scaled = match alpha {
        None => source.detach(),
        Some(alpha) => crate::graph::with_grad(false, || mul(source, alpha)?.cast_data(y.dtype()))?,
    };
    // SAFETY: the caller may write to y, which `source` does not overlap.
    unsafe { moved(y, d, index, &scaled, Action::Add, false, refuse) }
}

/// Adds to `y`, which is new. The inputs end with `source`; before it may come the tensor that `y` is a copy of.
fn added(y: Tensor, inputs: &[&Tensor], dim: i64, index: &Tensor, source: &Tensor, alpha: Scalar) -> Result<Tensor> {
    let alpha = factor(alpha, y.dtype())?;
    add_slices(&y, dim, index, source, alpha)?;
    y.record("index_add", inputs, |r, _| {
        let at = r.input("index", index);
        let of_source = move |node: &Backward, g: &Tensor| {
            let picked = index_select(g, dim, &node.get(at)?)?;
            alpha.map_or(Ok(picked.clone()), |alpha| mul(&picked, conj_scalar(alpha)))
        };
        match inputs {
            [_] => one_grad(of_source),
            _ => each_grad::<2>(move |node, g, input| if input == 0 { Ok(g.clone()) } else { of_source(node, g) }),
        }
    })
}

/// `index_add` in the memory of `into`.
fn index_add_into(a: &Args, into: &Tensor) -> Result<()> {
    let (x, dim, index, source, alpha) = (a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?, a.scalar(4)?);
    check_index_add(x, dim, index, source, alpha)?;
    check_overlap(into, index)?;
    check_overlap(into, source)?;
    write_into(x, into, |y| add_slices(y, dim, index, source, factor(alpha, y.dtype())?))
}

fn conj_scalar(s: Scalar) -> Scalar {
    match s {
        Scalar::Complex(c) => Scalar::Complex(c.conj()),
        s => s,
    }
}

/// A copy of `x` whose slices along a dim, named by `index`, are those of `source`.
pub fn index_copy(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(index.rank() <= 1, Index, "index_copy_(): Index should have dimension 1 or 0 (got {})", index.rank());
    let n = index.numel();
    ensure!(
        source.rank() > 0 || n == 1,
        Index,
        "index_copy_(): When source is scalar, index should have one element (got {n})"
    );
    ensure!(
        source.rank() == x.rank() || source.rank() == 0 || x.rank() == 0,
        Index,
        "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source \
         dimensionality ({}), destination dimensionality ({})",
        source.rank(),
        x.rank()
    );
    ensure!(
        index.dtype() == DType::I64,
        "index_copy_(): Expected a long tensor for index, but got {}",
        index.dtype().scalar_name()
    );
    ensure!(
        x.dtype() == source.dtype(),
        "index_copy_(): self and source expected to have the same dtype, but got (self) {} and (source) {}",
        x.dtype().scalar_name(),
        source.dtype().scalar_name()
    );
    let without = |t: &Tensor| -> Dims {
        t.shape().iter().enumerate().filter(|(k, _)| *k != d).map(|(_, &n)| n).collect()
    };
    let words = |s: &[usize]| s.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let (own, theirs) = (without(x), without(source));
    ensure!(
        own == theirs,
        "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: {} at dimension \
         {d} and source slice shape: {} at dimension 0.",
        words(&own),
        words(&theirs)
    );
    ensure!(
        source.rank() == 0 || n == source.shape()[d],
        Index,
        "index_copy_(): Number of indices ({n}) should be equal to source.size(dim) ({})",
        source.shape().get(d).copied().unwrap_or(1)
    );
    let y = copied(x)?;
    let refuse: Refusal = |i, d, n| {
        let message = format!("index_copy_(): index {i} is out of bounds for dimension {d} with size {n}");
        crate::Error::new(crate::error::Kind::Index, message)
    };
    let mut whole: Dims = x.shape().into();
    whole.iter_mut().skip(d).take(1).for_each(|k| *k = n);
    let part = source.contiguous_data()?;
    let part = part.with_layout(Layout { offset: part.layout().offset, ..Layout::contiguous(&whole) });
    // SAFETY: y is this op's own.
    unsafe { moved(&y, d, index, &part, Action::Put, false, refuse)? };
    let shape: Dims = source.shape().into();
    y.record("index_copy", &[x, source], |r, _| {
        let at = r.input("index", index);
        each_grad::<2>(move |node, g, input| match input {
            0 => index_fill(g, dim, &node.get(at)?, Scalar::Int(0)),
            _ => reshape_to(&index_select(g, dim, &node.get(at)?)?, &shape),
        })
    })
}

/// The data of `index_fill`.
fn filled(x: &Tensor, dim: i64, index: &Tensor, value: Scalar) -> Result<Tensor> {
    ensure!(
        !value.is_complex() || x.dtype().is_complex(),
        "index_fill_(): Converting complex Scalar to non-complex type is not supported"
    );
    value.check_fits(x.dtype())?;
    filled_with(x, dim, index, &Tensor::scalar(value, x.dtype())?)
}
/// As `filled`, with a number that may lie on a device.
fn filled_with(x: &Tensor, dim: i64, index: &Tensor, number: &Tensor) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(index.dtype() == DType::I64, Index, "index_fill_(): Expected dtype int64 for index.");
    ensure!(index.rank() <= 1, "Index has to be a vector/scalar");
    let y = copied(x)?;
    let refuse: Refusal = |i, d, n| {
        let message = format!("index {i} is out of bounds for dimension {d} with size {n}");
        crate::Error::new(crate::error::Kind::Index, message)
    };
    let mut shape: Dims = if x.rank() == 0 { smallvec::smallvec![1] } else { x.shape().into() };
    shape[d] = index.numel();
    let strides = smallvec::smallvec![0; shape.len()];
    let number = number.with_layout(Layout { shape, strides, offset: number.layout().offset });
    // SAFETY: y is this op's own.
    unsafe { moved(&y, d, index, &number, Action::Put, true, refuse)? };
    Ok(y)
}

/// A copy of `x` with one number in the slices along a dim that `index` names.
pub fn index_fill(x: &Tensor, dim: i64, index: &Tensor, value: Scalar) -> Result<Tensor> {
    filled(x, dim, index, value)?.record("index_fill", &[x], |r, _| {
        let at = r.input("index", index);
        one_grad(move |node, g| index_fill(g, dim, &node.get(at)?, Scalar::Int(0)))
    })
}

/// As `index_fill`, with the number in a 0-dim tensor.
pub fn index_fill_tensor(x: &Tensor, dim: i64, index: &Tensor, value: &Tensor) -> Result<Tensor> {
    ensure!(
        value.rank() == 0,
        "index_fill_ only supports a 0-dimensional value tensor, but got tensor with {} dimension(s).",
        value.rank()
    );
    // A number on a device is not waited for.
    let y = match value.gpu() {
        Some(_) => filled_with(x, dim, index, &value.cast_data(x.dtype())?)?,
        None => filled(x, dim, index, value.item()?)?,
    };
    y.record("index_fill#1", &[x, value], |r, _| {
        let at = r.input("index", index);
        let d = wrap_dim(dim, x.rank()).unwrap_or(0);
        let size = x.shape().get(d).copied().unwrap_or(1) as i64;
        each_grad::<2>(move |node, g, input| {
            let index = node.get(at)?;
            if input == 0 {
                return index_fill(g, dim, &index, Scalar::Int(0));
            }
            // Each slice counts once, however often it was named.
            let all = Tensor::full(&[size as usize], Scalar::Bool(true), DType::Bool)?;
            let unnamed = index_fill(&all, 0, &index, Scalar::Bool(false))?;
            let mut column = vec![1; g.rank()];
            column.iter_mut().skip(d).take(1).for_each(|n| *n = size);
            sum(&masked_fill(g, &reshape(&unnamed, &column)?, Scalar::Int(0))?, &[], false, None)
        })
    })
}

/// Joins slices of `source` with those of `x` that `index` names along a dim.
fn index_reduce(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor, reduce: &str, own: bool) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    let reduce = match reduce {
        "prod" => Reduce::Prod,
        "mean" => Reduce::Mean,
        "amax" => Reduce::Max,
        "amin" => Reduce::Min,
        _ => bail!("index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."),
    };
    ensure!(
        index.rank() <= 1,
        Index,
        "index_reduce_(): Index is supposed to be a vector, but got dim: {} with type: {} and size: {}",
        index.rank(),
        index.dtype().scalar_name(),
        show(index.shape())
    );
    ensure!(
        matches!(index.dtype(), DType::I64 | DType::I32),
        "index_reduce_(): Expected dtype int32/int64 for index but got: {}",
        index.dtype().scalar_name()
    );
    ensure!(
        x.dtype() == source.dtype(),
        "index_reduce_(): self ({}) and source ({}) must have the same scalar type",
        x.dtype().scalar_name(),
        source.dtype().scalar_name()
    );
    let length = source.shape().get(d).copied().unwrap_or(1);
    ensure!(
        index.numel() == length,
        "index_reduce_(): Number of indices ({}) should be equal to source.size(dim): ({length}), for dim: {d}",
        index.numel()
    );
    let matches = x.rank() == source.rank() && (0..x.rank()).all(|k| k == d || x.shape()[k] == source.shape()[k]);
    ensure!(
        matches,
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = {} \
         source.shape = {}",
        show(x.shape()),
        show(source.shape())
    );
    if !x.device().is_gpu() {
        offsets(x, d, index, false, in_self)?;
    }
    let mut column = vec![1; source.rank()];
    column.iter_mut().skip(d).take(1).for_each(|n| *n = length);
    let index = expand_to(&reshape_to(&cast(index, DType::I64)?, &column)?, source.shape())?;
    scatter_reduce_as("index_reduce", x, dim, &index, source, reduce, own)
}

rows! {
    /// The slices along `dim` that `index` (a vector) names.
    "index_select(Tensor self, int dim, Tensor index) -> Tensor" "fmo"
    |a| index_select(a.tensor(0)?, a.int(1)?, a.tensor(2)?);
    |s| vec![
        vec![s.t(&[3, 2]), 0.into(), s.ints(3, &[4])],
        vec![s.t(&[2, 3, 2]), 1.into(), s.ints(3, &[2])],
        vec![s.t(&[]), 0.into(), s.ints(1, &[1])],
    ];
    /// A copy to whose slices along `dim`, named by `index`, those of `source` times `alpha` are added.
    "index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor" "fmio"
    |a| index_add(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?, a.scalar(4)?);
    into |a, y| index_add_into(a, y);
    |s| vec![
        vec![s.t(&[3, 2]), 0.into(), s.ints(3, &[4]), s.t(&[4, 2]), Value::Scalar(Scalar::Int(1))],
        vec![s.t(&[2, 3, 2]), 1.into(), s.ints(3, &[2]), s.t(&[2, 2, 2]), Value::Scalar(Scalar::Float(2.5))],
    ];
    /// A copy whose slices along `dim`, named by `index`, are those of `source`.
    "index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor" "fmio"
    |a| index_copy(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?);
    |s| vec![vec![s.t(&[3, 2]), 0.into(), Value::Tensor(s.distinct(3, 2)), s.t(&[2, 2])]];
    /// A copy with the number `value` (a 0-dim tensor) in the slices along `dim` that `index` names.
    "index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor" "fmi"
    |a| index_fill_tensor(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?);
    |s| vec![vec![s.t(&[3, 2]), 0.into(), s.ints(3, &[4]), s.t(&[])]];
    /// A copy with the number `value` in the slices along `dim` that `index` names.
    "index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor" "fmi"
    |a| index_fill(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.scalar(3)?);
    |s| vec![vec![s.t(&[3, 2]), 1.into(), s.ints(2, &[1]), Value::Scalar(Scalar::Float(0.5))]];
    /// Joins slices of `source` with those that `index` names along `dim`: `reduce` is "prod", "mean", "amax" or "amin".
    "index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor" "fmio"
    |a| index_reduce(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?, a.str(4)?, a.bool(5)?);
    |s| ["prod", "mean", "amax", "amin"].into_iter().flat_map(|r| [true, false].map(|own| (r, own))).map(|(r, own)| {
        vec![s.t(&[3, 2]), 0.into(), s.ints(2, &[4]), s.t(&[4, 2]), r.into(), own.into()]
    }).collect();
}
