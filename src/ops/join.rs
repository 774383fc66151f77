//! Tensors joined into one: `cat` along a dim they have, `stack` along a new one, and the forms made of these two.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::foreach::{self, Dense};
use crate::graph::Grads;
use crate::layout::{Dims, Layout, show, wrap_dim};
use crate::ops::*;
use crate::tensor::Tensor;

/// The dtype that all of them are promoted to.
fn joint_dtype(tensors: &[&Tensor]) -> DType {
    if tensors.windows(2).all(|w| w[0].dtype() == w[1].dtype()) {
        return tensors[0].dtype();
    }
    let operands: Vec<Operand> = tensors.iter().map(|t| Operand::Tensor(t)).collect();
    result_type(&operands)
}

/// A vector without elements joins with anything, as it did before PyTorch had empty tensors of other ranks.
fn is_skipped(t: &Tensor) -> bool {
    t.shape() == [0]
}

/// The memory order of the result: channels last where all inputs are so, otherwise row by row.
fn joint_layout(tensors: &[&Tensor], shape: &[usize]) -> Layout {
    let last = |shape: &[usize]| {
        let mut l = Layout::contiguous(shape);
        let mut stride = 1;
        for d in std::iter::once(1).chain((2..shape.len()).rev()).chain([0]) {
            l.strides[d] = stride;
            stride *= shape[d].max(1);
        }
        l
    };
    let is_last = |t: &&&Tensor| !t.is_contiguous() && last(t.shape()).strides[..] == *t.strides();
    let four_or_five = matches!(shape.len(), 4 | 5);
    let all = four_or_five && tensors.iter().filter(|t| !is_skipped(t)).all(|t| is_last(&t));
    if all { last(shape) } else { Layout::contiguous(shape) }
}

/// Tensors one after the other along a dim that they have.
pub fn cat(tensors: &[&Tensor], dim: i64) -> Result<Tensor> {
    ensure!(!tensors.is_empty(), Value, "torch.cat(): expected a non-empty list of Tensors");
    for (i, t) in tensors.iter().enumerate() {
        ensure!(t.rank() > 0, "zero-dimensional tensor (at position {i}) cannot be concatenated");
    }
    let dtype = joint_dtype(tensors);
    let first = tensors.iter().find(|t| !is_skipped(t)).copied().unwrap_or(tensors[0]);
    let d = wrap_dim(dim, first.rank())?;
    let mut shape: Dims = first.shape().into();
    shape[d] = 0;
    // Where each tensor begins; `None` for those skipped.
    let mut starts: Vec<Option<usize>> = Vec::with_capacity(tensors.len());
    for (i, t) in tensors.iter().enumerate() {
        if is_skipped(t) && first.rank() != 1 {
            starts.push(None);
            continue;
        }
        ensure!(
            t.rank() == first.rank(),
            "Tensors must have same number of dimensions: got {} and {}",
            first.rank(),
            t.rank()
        );
        for k in (0..t.rank()).filter(|&k| k != d) {
            ensure!(
                t.shape()[k] == shape[k],
                "Sizes of tensors must match except in dimension {d}. Expected size {} but got size {} for tensor number \
                 {i} in the list.",
                shape[k],
                t.shape()[k]
            );
        }
        starts.push(Some(shape[d]));
        shape[d] += t.shape()[d];
    }
    let y = Tensor::empty_as(joint_layout(tensors, &shape), dtype)?;
    if !join_rows(&y, tensors, shape[..d].iter().product())? {
        for (t, start) in tensors.iter().zip(&starts) {
            if let Some(start) = start {
                y.with_layout(y.layout().slice(d, *start, t.shape()[d], 1)).copy_data(t);
            }
        }
    }
    y.record("cat", tensors, |_, _| {
        let sizes: Vec<usize> = tensors.iter().map(|t| t.shape()[d.min(t.rank() - 1)]).collect();
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None; sizes.len()];
            let Some(g) = &g[0] else { return Ok(grads) };
            for (i, slot) in grads.iter_mut().enumerate().filter(|(i, _)| node.needs(*i)) {
                *slot = Some(match starts[i] {
                    Some(start) => narrow(g, d as i64, start as i64, sizes[i] as i64)?,
                    None => Tensor::zeros(&[0], g.dtype())?,
                });
            }
            Ok(grads)
        })
    })
}

/// Tensors of one shape as the slices along a new dim.
pub fn stack(tensors: &[&Tensor], dim: i64) -> Result<Tensor> {
    ensure!(!tensors.is_empty(), "stack expects a non-empty TensorList");
    let first = tensors[0];
    let d = wrap_dim(dim, first.rank() + 1)?;
    for (i, t) in tensors.iter().enumerate() {
        ensure!(
            t.shape() == first.shape(),
            "stack expects each tensor to be equal size, but got {} at entry 0 and {} at entry {i}",
            show(first.shape()),
            show(t.shape())
        );
    }
    let mut shape: Dims = first.shape().into();
    shape.insert(d, tensors.len());
    let y = Tensor::empty(&shape, joint_dtype(tensors))?;
    if let Some(all) = side_by_side(tensors) {
        y.copy_data(&all);
    } else if !join_rows(&y, tensors, shape[..d].iter().product())? {
        for (i, t) in tensors.iter().enumerate() {
            y.with_layout(y.layout().select(d, i)).copy_data(t);
        }
    }
    y.record("stack", tensors, |_, _| {
        Box::new(move |_, g| match &g[0] {
            Some(g) => Ok(unbind(g, d as i64)?.into_iter().map(Some).collect()),
            None => Ok(Grads::new()),
        })
    })
}

/// Joins `rows` rows of each by a kernel for many on a GPU, where one for each would be mostly launches. Whether it did.
pub(super) fn join_rows(y: &Tensor, tensors: &[&Tensor], rows: usize) -> Result<bool> {
    let Some(gpu) = y.gpu() else { return Ok(false) };
    let plain = |t: &&Tensor| t.is_contiguous() && t.dtype() == y.dtype();
    let few = y.numel() <= tensors.len() * LARGE;
    if y.numel() == 0 || tensors.len() < 2 || !few || !y.is_contiguous() || !tensors.iter().all(plain) {
        return Ok(false);
    }
    if y.dtype() == DType::I64 && !gpu.abilities.int64 {
        return Ok(false);
    }
    let some = tensors.iter().filter(|t| t.numel() > 0);
    let all: Result<Vec<_>> = some.map(|t| Ok(Dense { n: t.numel() / rows, memory: t.on_gpu(gpu)? })).collect();
    foreach::cat(gpu, &all?, rows, &y.on_gpu(gpu)?)?;
    Ok(true)
}
/// Elements of a tensor whose copy is well worth a kernel of its own, which moves four at a time.
const LARGE: usize = 1 << 16;

/// Numbers that lie one after the other in one memory, as the vector that they are there: one copy does for them.
fn side_by_side(tensors: &[&Tensor]) -> Option<Tensor> {
    let (first, n) = (tensors[0], tensors.len());
    let follows = |(i, t): (usize, &&Tensor)| {
        t.rank() == 0
            && t.dtype() == first.dtype()
            && t.storage().same(first.storage())
            && t.layout().offset == first.layout().offset + i
    };
    let whole = || Layout { offset: first.layout().offset, ..Layout::contiguous(&[n]) };
    (n > 1 && tensors.iter().enumerate().all(follows)).then(|| first.with_layout(whole()))
}

fn some<'a, 'b>(tensors: &'b [&'a Tensor], op: &str) -> Result<&'b [&'a Tensor]> {
    ensure!(!tensors.is_empty(), "{op} expects a non-empty TensorList");
    Ok(tensors)
}
fn cat_of(tensors: &[Tensor], dim: i64) -> Result<Tensor> {
    cat(&tensors.iter().collect::<Vec<_>>(), dim)
}
fn each(tensors: &[&Tensor], f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Vec<Tensor>> {
    tensors.iter().map(|t| f(t)).collect()
}

/// `x` with at least one dim.
pub fn atleast_1d(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 0 { reshape(x, &[1]) } else { Ok(x.clone()) }
}
/// `x` with at least two dims: a vector becomes a row.
pub fn atleast_2d(x: &Tensor) -> Result<Tensor> {
    match x.rank() {
        0 => reshape(x, &[1, 1]),
        1 => unsqueeze(x, 0),
        _ => Ok(x.clone()),
    }
}
/// `x` with at least three dims: a matrix gets a last dim of size 1, a vector also a first.
pub fn atleast_3d(x: &Tensor) -> Result<Tensor> {
    match x.rank() {
        0 => reshape(x, &[1, 1, 1]),
        1 => unsqueeze(&unsqueeze(x, 0)?, -1),
        2 => unsqueeze(x, -1),
        _ => Ok(x.clone()),
    }
}

/// Joined along dim 1 (vectors along their only dim).
pub fn hstack(tensors: &[&Tensor]) -> Result<Tensor> {
    let all = each(some(tensors, "hstack")?, atleast_1d)?;
    cat_of(&all, i64::from(all[0].rank() > 1))
}
/// Joined along dim 0, vectors as rows.
pub fn vstack(tensors: &[&Tensor]) -> Result<Tensor> {
    cat_of(&each(some(tensors, "vstack")?, atleast_2d)?, 0)
}
/// Joined along dim 2.
pub fn dstack(tensors: &[&Tensor]) -> Result<Tensor> {
    cat_of(&each(some(tensors, "dstack")?, atleast_3d)?, 2)
}
/// Joined along dim 1, vectors as columns.
pub fn column_stack(tensors: &[&Tensor]) -> Result<Tensor> {
    let column = |t: &Tensor| if t.rank() <= 1 { reshape(t, &[t.numel() as i64, 1]) } else { Ok(t.clone()) };
    cat_of(&each(some(tensors, "column_stack")?, column)?, 1)
}

/// Matrices (vectors as rows) as blocks on the diagonal, zero elsewhere.
pub fn block_diag(tensors: &[&Tensor]) -> Result<Tensor> {
    if tensors.is_empty() {
        return Tensor::zeros(&[1, 0], crate::dtype::default_dtype());
    }
    let mut blocks = vec![];
    for (i, t) in tensors.iter().enumerate() {
        ensure!(
            t.rank() <= 2,
            "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {} dimensions",
            t.rank()
        );
        let shape = match *t.shape() {
            [] => [1, 1],
            [n] => [1, n],
            _ => [t.shape()[0], t.shape()[1]],
        };
        blocks.push((shape, t.shape().iter().copied().collect::<Dims>()));
    }
    let total = |k: usize| blocks.iter().map(|b| b.0[k]).sum::<usize>();
    let y = Tensor::zeros(&[total(0), total(1)], joint_dtype(tensors))?;
    let mut places = vec![];
    let (mut row, mut column) = (0, 0);
    for (t, (shape, _)) in tensors.iter().zip(&blocks) {
        let block = y.layout().slice(0, row, shape[0], 1).slice(1, column, shape[1], 1);
        let t = t.contiguous_data()?;
        let t = t.with_layout(Layout { offset: t.layout().offset, ..Layout::contiguous(shape) });
        y.with_layout(block).copy_data(&t);
        places.push((row as i64, column as i64));
        row += shape[0];
        column += shape[1];
    }
    y.record("block_diag", tensors, |_, _| {
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None; blocks.len()];
            let Some(g) = &g[0] else { return Ok(grads) };
            for (i, (shape, own)) in blocks.iter().enumerate().filter(|(i, _)| node.needs(*i)) {
                let rows = narrow(g, 0, places[i].0, shape[0] as i64)?;
                grads[i] = Some(reshape_to(&narrow(&rows, 1, places[i].1, shape[1] as i64)?, own)?);
            }
            Ok(grads)
        })
    })
}

/// Views of all tensors in their joint shape.
pub fn broadcast_tensors(tensors: &[&Tensor]) -> Result<Vec<Tensor>> {
    let mut shape = Dims::new();
    for t in tensors {
        shape = crate::layout::broadcast(&shape, t.shape())?;
    }
    tensors.iter().map(|t| if *t.shape() == shape[..] { Ok((*t).clone()) } else { expand_to(t, &shape) }).collect()
}

/// One dim per vector, each repeated along the others'. "xy" swaps the first two dims of the results.
pub fn meshgrid(tensors: &[&Tensor], indexing: &str) -> Result<Vec<Tensor>> {
    ensure!(!tensors.is_empty(), "meshgrid expects a non-empty TensorList");
    for t in tensors {
        ensure!(
            t.rank() <= 1,
            "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: a tensor of shape {}",
            show(t.shape())
        );
        ensure!(t.dtype() == tensors[0].dtype(), "meshgrid expects all tensors to have the same dtype");
    }
    ensure!(
        matches!(indexing, "ij" | "xy"),
        "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: {indexing}"
    );
    let swap = indexing == "xy" && tensors.len() >= 2;
    let mut sizes: Vec<i64> = tensors.iter().map(|t| t.numel() as i64).collect();
    let place = |i: usize| if swap && i < 2 { 1 - i } else { i };
    if swap {
        sizes.swap(0, 1);
    }
    let mut grids = vec![];
    for (i, t) in tensors.iter().enumerate() {
        let mut own = vec![1; sizes.len()];
        own[place(i)] = -1;
        grids.push(expand(&view(t, &own)?, &sizes)?);
    }
    Ok(grids)
}

fn vector(t: &Tensor) -> Result<()> {
    ensure!(t.rank() == 1, "Expect a 1D vector, but got shape {}", show(t.shape()));
    Ok(())
}

/// All tuples of one element from each vector, in order, as rows.
pub fn cartesian_prod(tensors: &[&Tensor]) -> Result<Tensor> {
    tensors.iter().try_for_each(|t| vector(t))?;
    if let [one] = tensors {
        return Ok((*one).clone());
    }
    let columns = meshgrid(tensors, "ij")?.iter().map(|g| flatten(g, 0, -1)).collect::<Result<Vec<_>>>()?;
    stack(&columns.iter().collect::<Vec<_>>(), 1)
}

/// All choices of `r` elements of a vector in their order, as rows.
pub fn combinations(x: &Tensor, r: i64, with_replacement: bool) -> Result<Tensor> {
    vector(x)?;
    ensure!(r >= 0, "Expect a non-negative number, but got {r}");
    if r == 0 {
        return Tensor::full(&[0], Scalar::Int(0), x.dtype());
    }
    let (n, r) = (x.numel(), r as usize);
    let step = usize::from(!with_replacement);
    // Choices in lexical order: the last place that can still move moves, those behind it follow.
    let mut columns = vec![vec![]; r];
    let mut at: Vec<usize> = (0..r).map(|k| k * step).collect();
    while at[r - 1] < n {
        at.iter().zip(&mut columns).for_each(|(&i, c)| c.push(i as i64));
        let Some(k) = (0..r).rev().find(|&k| at[k] + 1 + (r - 1 - k) * step < n) else { break };
        at[k] += 1;
        for j in k + 1..r {
            at[j] = at[j - 1] + step;
        }
    }
    let picked = columns
        .iter()
        .map(|c| index_select(x, 0, &Tensor::from_slice(c, &[c.len()])?))
        .collect::<Result<Vec<_>>>()?;
    stack(&picked.iter().collect::<Vec<_>>(), 1)
}

fn two(s: &mut Samples, a: &[usize], b: &[usize]) -> Value {
    Value::Tensors(vec![s.tensor(a), s.tensor(b)])
}

rows! {
    /// Tensors one after the other along a dim that they have; dtypes are promoted.
    "cat(Tensor[] tensors, int dim=0) -> Tensor" "fo"
    |a| cat(&a.tensors(0)?, a.int(1)?);
    |s| vec![
        vec![two(s, &[2, 3], &[1, 3]), 0.into()],
        vec![two(s, &[2, 1, 2], &[2, 3, 2]), (-2).into()],
        vec![two(s, &[0], &[2, 2]), 1.into()],
    ];
    /// Tensors one after the other along a dim that they have; dtypes are promoted.
    "concat(Tensor[] tensors, int dim=0) -> Tensor" "fo"
    |a| cat(&a.tensors(0)?, a.int(1)?);
    |s| vec![vec![two(s, &[2, 3], &[1, 3]), 0.into()]];
    /// Tensors one after the other along a dim that they have; dtypes are promoted.
    "concatenate(Tensor[] tensors, int dim=0) -> Tensor" "fo"
    |a| cat(&a.tensors(0)?, a.int(1)?);
    |s| vec![vec![two(s, &[2, 3], &[1, 3]), 0.into()]];
    /// Tensors of one shape as the slices along a new dim.
    "stack(Tensor[] tensors, int dim=0) -> Tensor" "fo"
    |a| stack(&a.tensors(0)?, a.int(1)?);
    |s| vec![vec![two(s, &[2, 3], &[2, 3]), 1.into()], vec![two(s, &[], &[]), 0.into()]];
    /// Joined along dim 1 (vectors along their only dim).
    "hstack(Tensor[] tensors) -> Tensor" "fo"
    |a| hstack(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[2, 1])], vec![two(s, &[2], &[3])]];
    /// Joined along dim 0, vectors as rows.
    "vstack(Tensor[] tensors) -> Tensor" "fo"
    |a| vstack(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[3])]];
    /// Joined along dim 0, vectors as rows.
    "row_stack(Tensor[] tensors) -> Tensor" "fo"
    |a| vstack(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[3])]];
    /// Joined along dim 2.
    "dstack(Tensor[] tensors) -> Tensor" "fo"
    |a| dstack(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[2, 3])]];
    /// Joined along dim 1, vectors as columns.
    "column_stack(Tensor[] tensors) -> Tensor" "fo"
    |a| column_stack(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[2])]];
    /// Matrices (vectors as rows) as blocks on the diagonal, zero elsewhere.
    "block_diag(Tensor[] tensors) -> Tensor" "f"
    |a| block_diag(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 3], &[2])]];
    /// Views of all tensors in their joint shape.
    "broadcast_tensors(Tensor[] tensors) -> Tensor[]" "f"
    |a| broadcast_tensors(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2, 1], &[3])]];
    /// One dim per vector, each repeated along the others'.
    "meshgrid(Tensor[] tensors) -> Tensor[]" "f"
    |a| meshgrid(&a.tensors(0)?, "ij");
    |s| vec![vec![two(s, &[2], &[3])]];
    /// One dim per vector, each repeated along the others'; "xy" swaps the first two dims of the results.
    "meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]" "f"
    |a| meshgrid(&a.tensors(0)?, a.str(1)?);
    |s| vec![vec![two(s, &[2], &[3]), "xy".into()]];
    /// All tuples of one element from each vector, in order, as rows.
    "cartesian_prod(Tensor[] tensors) -> Tensor" "f"
    |a| cartesian_prod(&a.tensors(0)?);
    |s| vec![vec![two(s, &[2], &[3])]];
    /// All choices of `r` elements of a vector in their order, as rows.
    "combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor" "f"
    |a| combinations(a.tensor(0)?, a.int(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[4]), 2.into(), false.into()], vec![s.t(&[3]), 2.into(), true.into()]];
    /// With at least one dim.
    "atleast_1d(Tensor self) -> Tensor" "f"
    |a| atleast_1d(a.tensor(0)?);
    |s| vec![vec![s.t(&[])]];
    /// Each with at least one dim.
    "atleast_1d.Sequence(Tensor[] tensors) -> Tensor[]" "f"
    |a| each(&a.tensors(0)?, atleast_1d);
    |s| vec![vec![two(s, &[], &[2])]];
    /// With at least two dims: a vector becomes a row.
    "atleast_2d(Tensor self) -> Tensor" "f"
    |a| atleast_2d(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])]];
    /// Each with at least two dims: a vector becomes a row.
    "atleast_2d.Sequence(Tensor[] tensors) -> Tensor[]" "f"
    |a| each(&a.tensors(0)?, atleast_2d);
    |s| vec![vec![two(s, &[], &[2])]];
    /// With at least three dims: a matrix gets a last dim of size 1, a vector also a first.
    "atleast_3d(Tensor self) -> Tensor" "f"
    |a| atleast_3d(a.tensor(0)?);
    |s| vec![vec![s.t(&[2])], vec![s.t(&[2, 3])]];
    /// Each with at least three dims: a matrix gets a last dim of size 1, a vector also a first.
    "atleast_3d.Sequence(Tensor[] tensors) -> Tensor[]" "f"
    |a| each(&a.tensors(0)?, atleast_3d);
    |s| vec![vec![two(s, &[], &[2])]];
}
