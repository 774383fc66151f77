//! Ops that only make a new layout over the same storage.
use crate::dtype::DType;
use crate::error::Result;
use crate::graph::{Backward, Formula, Meta, Node, Recorder};
use crate::layout::{Dims, Layout, infer_size, show, show_i, wrap_dim, wrap_dims};
use crate::ops::join::join_rows;
use crate::ops::strided::as_strided_backward;
use crate::ops::*;
use crate::storage::Storage;
use crate::tensor::Tensor;
use std::sync::Arc;

/// One gradient for one input, from the gradient of the one output: the shape of most formulas of structured ops.
pub(crate) fn one_grad(f: impl Fn(&Backward, &Tensor) -> Result<Tensor> + Send + Sync + 'static) -> Formula {
    Box::new(move |node, g| {
        Ok(smallvec::smallvec![match &g[0] {
            Some(g) => Some(f(node, g)?),
            None => None,
        }])
    })
}

/// A tracked view of `x`, recorded with its derivative.
pub(crate) fn view_as(
    x: &Tensor,
    layout: Layout,
    op: &'static str,
    grad: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    x.view_with(layout, x.dtype(), regrow).record(op, &[x], |_, _| one_grad(move |_, g| grad(g)))
}

/// The node of a view whose base was written to: its gradient goes to the part of the base that it shows.
pub(crate) fn regrow(base: &Tensor, view: &Tensor) -> Arc<Node> {
    let (from, to, dtype) = (view.layout().clone(), base.layout().clone(), base.dtype());
    let formula = one_grad(move |_, g| as_strided_backward(g, &from, &to, dtype));
    let edges = smallvec::smallvec![base.gradient_edge()];
    Node::new("as_strided", edges, smallvec::smallvec![Meta::of(view)], Recorder::default(), formula)
}

/// Swaps two dims.
pub fn transpose(x: &Tensor, dim0: i64, dim1: i64) -> Result<Tensor> {
    let (a, b) = (wrap_dim(dim0, x.rank())?, wrap_dim(dim1, x.rank())?);
    view_as(x, x.layout().transpose(a, b), "transpose", move |g| transpose(g, dim0, dim1))
}

/// The transpose of a matrix; tensors of fewer dims as they are.
pub fn t(x: &Tensor) -> Result<Tensor> {
    let n = x.rank();
    ensure!(n <= 2, "t() expects a tensor with <= 2 dimensions, but self is {n}D");
    let layout = if n == 2 { x.layout().transpose(0, 1) } else { x.layout().clone() };
    view_as(x, layout, "t", t)
}

/// The dims in another order.
pub fn permute(x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    ensure!(
        dims.len() == x.rank(),
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired \
         ordering of dimensions i.e. input.dim() = {} is not equal to len(dims) = {}",
        x.rank(),
        dims.len()
    );
    let mut seen: Dims = smallvec::smallvec![0; dims.len()];
    let mut wrapped = Dims::new();
    for &d in dims {
        let d = wrap_dim(d, x.rank())?;
        ensure!(seen[d] == 0, "permute(): duplicate dims are not allowed.");
        seen[d] = 1;
        wrapped.push(d);
    }
    let mut back = vec![0i64; wrapped.len()];
    wrapped.iter().enumerate().for_each(|(i, &d)| back[d] = i as i64);
    view_as(x, x.layout().permute(&wrapped), "permute", move |g| permute(g, &back))
}

/// Repeats dims of size 1 without copying. Its gradient is left to the engine, which sums to the input's shape.
pub fn expand(x: &Tensor, size: &[i64]) -> Result<Tensor> {
    view_as(x, x.layout().expand(size)?, "expand", |g| Ok(g.clone()))
}
pub fn expand_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    expand(x, &shape.iter().map(|&n| n as i64).collect::<Vec<_>>())
}

/// The same memory in another shape; an error where strides cannot say so.
pub fn view(x: &Tensor, size: &[i64]) -> Result<Tensor> {
    let shape = infer_size(size, x.numel())?;
    let Some(layout) = x.layout().view(&shape) else {
        bail!(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two \
             contiguous subspaces). Use .reshape(...) instead."
        )
    };
    view_shaped(x, layout, "view")
}
fn view_shaped(x: &Tensor, layout: Layout, op: &'static str) -> Result<Tensor> {
    let from: Vec<i64> = x.shape().iter().map(|&n| n as i64).collect();
    view_as(x, layout, op, move |g| reshape(g, &from))
}

/// The same elements in another shape: a view where possible, otherwise a copy.
pub fn reshape(x: &Tensor, size: &[i64]) -> Result<Tensor> {
    let shape = infer_size(size, x.numel())?;
    match x.layout().view(&shape) {
        Some(layout) => view_shaped(x, layout, "view"),
        None => {
            let y = contiguous(x)?;
            let layout = Layout { offset: y.layout().offset, ..Layout::contiguous(&shape) };
            view_shaped(&y, layout, "_unsafe_view")
        }
    }
}
pub fn reshape_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    reshape(x, &shape.iter().map(|&n| n as i64).collect::<Vec<_>>())
}

/// A dim of size 1, inserted.
pub fn unsqueeze(x: &Tensor, dim: i64) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank() + 1)?;
    view_as(x, x.layout().unsqueeze(d), "unsqueeze", move |g| squeeze_dims(g, &[d as i64]))
}

/// Removes those of `dims` that have size 1.
pub fn squeeze_dims(x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    squeeze_as(x, dims, "squeeze#2")
}
fn squeeze_as(x: &Tensor, dims: &[i64], op: &'static str) -> Result<Tensor> {
    let dims = wrap_dims(dims, x.rank())?;
    let shape: Dims = x.shape().into();
    view_as(x, x.layout().squeeze(&dims), op, move |g| reshape_to(g, &shape))
}
/// Removes all dims of size 1.
pub fn squeeze(x: &Tensor) -> Result<Tensor> {
    squeeze_as(x, &(0..x.rank() as i64).collect::<Vec<_>>(), "squeeze")
}

/// The gradient of a view is zero outside it: zeros of `shape` with `g` at `part`, recorded.
pub(crate) fn embed(
    g: &Tensor,
    shape: &[usize],
    part: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    let y = Tensor::zeros(shape, g.dtype())?;
    crate::graph::with_grad(false, || part(&y))?.copy_data(g);
    y.record("embed", &[g], |_, _| one_grad(move |_, gg| part(gg)))
}

/// One slice along a dim.
pub fn select(x: &Tensor, dim: i64, index: i64) -> Result<Tensor> {
    ensure!(x.rank() > 0, Index, "select() cannot be applied to a 0-dim tensor.");
    let d = wrap_dim(dim, x.rank())?;
    let n = x.shape()[d] as i64;
    ensure!(
        (-n..n).contains(&index),
        Index,
        "select(): index {index} out of range for tensor of size {} at dimension {d}",
        show(x.shape())
    );
    let i = if index < 0 { index + n } else { index };
    let shape: Dims = x.shape().into();
    view_as(x, x.layout().select(d, i as usize), "select", move |g| {
        embed(g, &shape, move |z| select(z, d as i64, i))
    })
}

/// Elements `start..end` along a dim, every `step`-th; bounds are clamped as in Python.
pub fn slice(x: &Tensor, dim: i64, start: Option<i64>, end: Option<i64>, step: i64) -> Result<Tensor> {
    ensure!(x.rank() > 0, "slice() cannot be applied to a 0-dim tensor.");
    let d = wrap_dim(dim, x.rank())?;
    ensure!(step > 0, "slice step must be positive");
    let n = x.shape()[d] as i64;
    let clamp = |i: i64| if i < 0 { (i.saturating_add(n)).max(0) } else { i.min(n) };
    let start = clamp(start.unwrap_or(0));
    let end = clamp(end.unwrap_or(n)).max(start);
    let len = (end - start + step - 1) / step;
    let shape: Dims = x.shape().into();
    view_as(x, x.layout().slice(d, start as usize, len as usize, step as usize), "slice", move |g| {
        embed(g, &shape, move |z| slice(z, d as i64, Some(start), Some(end), step))
    })
}

/// `length` elements from `start` along a dim.
pub fn narrow(x: &Tensor, dim: i64, start: i64, length: i64) -> Result<Tensor> {
    ensure!(x.rank() > 0, "narrow() cannot be applied to a 0-dim tensor.");
    ensure!(length >= 0, "narrow(): length must be non-negative.");
    let d = wrap_dim(dim, x.rank())?;
    let n = x.shape()[d] as i64;
    ensure!(
        (-n..=n).contains(&start),
        Index,
        "start out of range (expected to be in range of [{}, {n}], but got {start})",
        -n
    );
    let start = if start < 0 { start + n } else { start };
    ensure!(start + length <= n, "start ({start}) + length ({length}) exceeds dimension size ({n}).");
    slice(x, d as i64, Some(start), Some(start + length), 1)
}

/// As `narrow`, with the start in a tensor.
fn narrow_from(x: &Tensor, dim: i64, start: &Tensor, length: i64) -> Result<Tensor> {
    ensure!(
        start.rank() == 0 && start.dtype().is_integral() && start.dtype() != DType::Bool,
        "start must be an 0-dim integral Tensor."
    );
    narrow(x, dim, start.item()?.to_i64(), length)
}

/// The views of one multi-output op, of which each is a slice or more along `dim`.
fn pieces(
    x: &Tensor,
    op: &'static str,
    dim: usize,
    layouts: Vec<Layout>,
    part: impl Fn(&Tensor, usize) -> Result<Tensor> + Send + Sync + Clone + 'static,
) -> Result<Vec<Tensor>> {
    let outputs = layouts.into_iter().map(|l| x.view_of_many(l, regrow)).collect();
    let shape: Dims = x.shape().into();
    Tensor::record_all(outputs, op, &[x], |_, _| {
        Box::new(move |_, g| Ok(smallvec::smallvec![joined(g, &shape, dim, part.clone())?]))
    })
}

/// Zeros of `shape` with the given gradients at their pieces, recorded as one op: pieces do not overlap, and leave no gap.
fn joined(
    g: &[Option<Tensor>],
    shape: &[usize],
    dim: usize,
    part: impl Fn(&Tensor, usize) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Option<Tensor>> {
    let given: Vec<(usize, &Tensor)> = g.iter().enumerate().filter_map(|(i, g)| Some((i, g.as_ref()?))).collect();
    let Some((_, first)) = given.first() else { return Ok(None) };
    let dtype = first.dtype();
    let (which, inputs): (Vec<usize>, Vec<&Tensor>) = given.into_iter().unzip();
    // All pieces together are the whole.
    let whole = which.len() == g.len();
    let y = if whole { Tensor::empty(shape, dtype)? } else { Tensor::zeros(shape, dtype)? };
    if !(whole && join_rows(&y, &inputs, shape[..dim].iter().product())?) {
        let place = |(i, g): (&usize, &&Tensor)| part(&y, *i).map(|p| p.copy_data(g));
        crate::graph::with_grad(false, || which.iter().zip(&inputs).try_for_each(place))?;
    }
    let y = y.record("pieces_backward", &inputs, |_, _| {
        Box::new(move |node, gg| {
            let Some(gg) = &gg[0] else { return Ok(smallvec::smallvec![None; which.len()]) };
            let wanted = |(k, &i): (usize, &usize)| node.needs(k).then(|| part(gg, i)).transpose();
            which.iter().enumerate().map(wanted).collect()
        })
    })?;
    Ok(Some(y))
}

/// Slices along a dim, the dim removed.
pub fn unbind(x: &Tensor, dim: i64) -> Result<Vec<Tensor>> {
    ensure!(x.rank() > 0, Index, "Dimension specified as {dim} but tensor has no dimensions");
    let d = wrap_dim(dim, x.rank())?;
    let layouts = (0..x.shape()[d]).map(|i| x.layout().select(d, i)).collect();
    pieces(x, "unbind", d, layouts, move |z, i| select(z, d as i64, i as i64))
}

/// Pieces of given sizes along a dim.
pub fn split_with_sizes(x: &Tensor, sizes: &[i64], dim: i64) -> Result<Vec<Tensor>> {
    split_as(x, sizes, dim, "split_with_sizes")
}
fn split_as(x: &Tensor, sizes: &[i64], dim: i64, op: &'static str) -> Result<Vec<Tensor>> {
    ensure!(x.rank() > 0, "split expects at least a 1-dimensional tensor");
    let d = wrap_dim(dim, x.rank())?;
    let n = x.shape()[d] as i64;
    ensure!(
        sizes.iter().all(|&s| s >= 0),
        "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={}",
        show_i(sizes)
    );
    ensure!(
        sizes.iter().sum::<i64>() == n,
        "split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), but got \
         split_sizes={}",
        show_i(sizes)
    );
    let starts: Vec<i64> = sizes.iter().scan(0, |at, s| Some(std::mem::replace(at, *at + s))).collect();
    let layouts =
        starts.iter().zip(sizes).map(|(&at, &s)| x.layout().slice(d, at as usize, s as usize, 1)).collect();
    let sizes = sizes.to_vec();
    pieces(x, op, d, layouts, move |z, i| narrow(z, d as i64, starts[i], sizes[i]))
}

/// Pieces of one size along a dim; the last may be smaller.
pub fn split(x: &Tensor, size: i64, dim: i64) -> Result<Vec<Tensor>> {
    ensure!(x.rank() > 0, "split expects at least a 1-dimensional tensor");
    ensure!(size >= 0, "split expects split_size be non-negative, but got split_size={size}");
    let n = x.shape()[wrap_dim(dim, x.rank())?] as i64;
    ensure!(size > 0 || n == 0, "split_size can only be 0 if dimension size is 0, but got dimension size of {n}");
    let count = if size == 0 { 1 } else { ((n + size - 1) / size).max(1) };
    let sizes: Vec<i64> = (0..count).map(|i| if i == count - 1 { n - i * size } else { size }).collect();
    split_as(x, &sizes, dim, "split")
}

/// At most `chunks` pieces along a dim.
pub fn chunk(x: &Tensor, chunks: i64, dim: i64) -> Result<Vec<Tensor>> {
    ensure!(x.rank() > 0, "chunk expects at least a 1-dimensional tensor");
    ensure!(chunks > 0, "chunk expects `chunks` to be greater than 0, got: {chunks}");
    let n = x.shape()[wrap_dim(dim, x.rank())?] as i64;
    let size = (n + chunks - 1) / chunks;
    if size == 0 {
        return split_as(x, &vec![0; chunks as usize], dim, "split_with_sizes");
    }
    split(x, size, dim)
}

/// The diagonal of two dims, as the last dim.
pub fn diagonal(x: &Tensor, offset: i64, dim1: i64, dim2: i64) -> Result<Tensor> {
    let (a, b) = (wrap_dim(dim1, x.rank())?, wrap_dim(dim2, x.rank())?);
    ensure!(x.rank() > 1 && a != b, "diagonal dimensions cannot be identical {dim1}, {dim2}");
    let l = x.layout();
    let (n, m) = (l.shape[a] as i64, l.shape[b] as i64);
    let size = if offset >= 0 { n.min(m - offset) } else { (n + offset).min(m) }.max(0) as usize;
    let skip = match offset {
        _ if size == 0 => 0,
        o if o >= 0 => o as usize * l.strides[b],
        o => (-o) as usize * l.strides[a],
    };
    let keep: Dims = (0..x.rank()).filter(|&d| d != a && d != b).collect();
    let mut layout = l.permute(&keep);
    layout.shape.push(size);
    layout.strides.push(l.strides[a] + l.strides[b]);
    layout.offset += skip;
    let shape: Dims = x.shape().into();
    view_as(x, layout, "diagonal", move |g| embed(g, &shape, move |z| diagonal(z, offset, a as i64, b as i64)))
}

/// Windows of `size` along a dim, `step` apart, as a new last dim.
pub fn unfold(x: &Tensor, dim: i64, size: i64, step: i64) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    let l = x.layout();
    let n = if x.rank() == 0 { 1 } else { l.shape[d] as i64 };
    let stride = if x.rank() == 0 { 1 } else { l.strides[d] };
    ensure!(size >= 0, "size is {size} but must be >= 0");
    ensure!(step > 0, "step is {step} but must be > 0");
    ensure!(size <= n, "maximum size for tensor at dimension {d} is {n} but size is {size}");
    let mut layout = l.clone();
    if x.rank() > 0 {
        layout.shape[d] = ((n - size) / step + 1) as usize;
        layout.strides[d] *= step as usize;
    }
    layout.shape.push(size as usize);
    layout.strides.push(stride);
    let (shape, dtype) = (Dims::from(x.shape()), x.dtype());
    view_as(x, layout, "unfold", move |g| {
        // Windows may overlap, so their gradients are added where they meet.
        let base = Layout::contiguous(&shape);
        let like = Tensor::new(Storage::empty(0)?, base.clone(), dtype);
        let part = crate::graph::with_grad(false, || unfold(&like, d as i64, size, step))?;
        as_strided_backward(g, part.layout(), &base, dtype)
    })
}

/// Moves dims to other places; the rest keep their order.
pub fn movedim(x: &Tensor, source: &[i64], destination: &[i64]) -> Result<Tensor> {
    ensure!(
        source.len() == destination.len(),
        "movedim: Invalid source or destination dims: source ({} dims) should contain the same number of dims as \
         destination ({} dims)",
        show_i(source),
        show_i(destination)
    );
    let unique = |dims: &[i64], what: &str| {
        let wrapped = dims.iter().map(|&d| wrap_dim(d, x.rank())).collect::<Result<Dims>>()?;
        for (i, d) in wrapped.iter().enumerate() {
            ensure!(!wrapped[..i].contains(d), "movedim: repeated dim in `{what}` ({})", show_i(dims));
        }
        Ok(wrapped)
    };
    let (from, to) = (unique(source, "source")?, unique(destination, "destination")?);
    let mut order = vec![None; x.rank()];
    from.iter().zip(&to).for_each(|(&f, &t)| order[t] = Some(f as i64));
    let mut rest = (0..x.rank()).filter(|d| !from.contains(d));
    let order: Vec<i64> =
        order.into_iter().map(|o| o.unwrap_or_else(|| rest.next().map_or(0, |d| d as i64))).collect();
    if x.rank() == 0 { alias(x) } else { permute(x, &order) }
}

/// A view of everything.
pub fn alias(x: &Tensor) -> Result<Tensor> {
    view_as(x, x.layout().clone(), "alias", |g| Ok(g.clone()))
}

/// Joins dims `start..=end` into one: a view where possible.
pub fn flatten(x: &Tensor, start_dim: i64, end_dim: i64) -> Result<Tensor> {
    let (a, b) = (wrap_dim(start_dim, x.rank())?, wrap_dim(end_dim, x.rank())?);
    ensure!(a <= b, "flatten() has invalid args: start_dim cannot come after end_dim");
    if x.rank() == 0 {
        return reshape(x, &[1]);
    }
    if a == b {
        return Ok(x.clone());
    }
    let mut shape: Vec<usize> = x.shape()[..a].to_vec();
    shape.push(x.shape()[a..=b].iter().product());
    shape.extend(&x.shape()[b + 1..]);
    reshape_to(x, &shape)
}

/// Splits a dim into several.
pub fn unflatten(x: &Tensor, dim: i64, sizes: &[i64]) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    ensure!(!sizes.is_empty(), "unflatten: sizes must be non-empty");
    ensure!(x.rank() > 0, Index, "Dimension specified as {dim} but tensor has no dimensions");
    let n = x.shape()[d];
    let inner = infer_size(sizes, n).map_err(|_| {
        crate::Error::new(
            crate::error::Kind::Runtime,
            format!("unflatten: Provided sizes {} don't multiply up to the size of dim {d} ({n}) in the input tensor",
                show_i(sizes)),
        )
    })?;
    let mut shape: Vec<i64> = x.shape()[..d].iter().map(|&n| n as i64).collect();
    shape.extend(inner.iter().map(|&n| n as i64));
    shape.extend(x.shape()[d + 1..].iter().map(|&n| n as i64));
    view(x, &shape)
}

/// The real and imaginary parts as a last dim of size 2.
pub fn view_as_real(x: &Tensor) -> Result<Tensor> {
    ensure!(x.dtype().is_complex(), "view_as_real is only supported for complex tensors");
    let mut l = x.layout().clone();
    l.strides.iter_mut().for_each(|s| *s *= 2);
    l.offset *= 2;
    l.shape.push(2);
    l.strides.push(1);
    x.view_with(l, x.dtype().to_real(), regrow)
        .record("view_as_real", &[x], |_, _| one_grad(|_, g| view_as_complex(&contiguous(g)?)))
}

/// Pairs of the last dim as complex numbers.
pub fn view_as_complex(x: &Tensor) -> Result<Tensor> {
    let dtype = match x.dtype() {
        DType::F32 => DType::C64,
        DType::F64 => DType::C128,
        d => bail!(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {}",
            d.scalar_name()
        ),
    };
    if let Some(gpu) = x.gpu() {
        gpu.abilities.check(dtype, x.device())?;
    }
    ensure!(x.rank() > 0, "Input tensor must have one or more dimensions");
    let mut l = x.layout().clone();
    ensure!(l.shape.pop() == Some(2), "Tensor must have a last dimension of size 2");
    ensure!(l.strides.pop() == Some(1), "Tensor must have a last dimension with stride 1");
    for (s, &n) in l.strides.iter_mut().zip(&l.shape) {
        ensure!(*s % 2 == 0 || n == 1, "Tensor must have a stride divisible by 2 for all but last dimension");
        *s /= 2;
    }
    ensure!(l.offset.is_multiple_of(2), "Tensor must have a storage_offset divisible by 2");
    l.offset /= 2;
    x.view_with(l, dtype, regrow).record("view_as_complex", &[x], |_, _| one_grad(|_, g| view_as_real(g)))
}

rows! {
    /// A view with two dims swapped.
    "transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)" "fmi"
    |a| transpose(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), 0.into(), 1.into()], vec![s.t(&[2, 3, 2]), 0.into(), (-1).into()]];
    /// The transpose of a matrix; a view. Tensors of fewer than two dims come back as they are.
    "t(Tensor(a) self) -> Tensor(a)" "fmi"
    |a| t(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])], vec![s.t(&[3])]];
    /// A view with the dims in the order `dims`.
    "permute(Tensor(a) self, int[] dims) -> Tensor(a)" "fm"
    |a| permute(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3, 2]), [2, 0, 1].into()]];
    /// A view in which dims of size 1 are repeated; -1 keeps a size.
    "expand(Tensor(a) self, int[] size, *, bool implicit=False) -> Tensor(a)" "m"
    |a| expand(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 1]), [3, 2, 3].into(), false.into()]];
    /// The same memory in another shape; one size may be -1. Raises RuntimeError where strides cannot express it.
    "view(Tensor(a) self, int[] size) -> Tensor(a)" "m"
    |a| view(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3]), [3, -1].into()]];
    /// The same elements in another shape; one size may be -1. A view where possible, otherwise a copy.
    "reshape(Tensor(a) self, int[] shape) -> Tensor(a)" "fm"
    |a| reshape(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3]), [3, 2].into()], vec![s.transposed(&[2, 3]), [6].into()]];
    /// A view with a dim of size 1 inserted at `dim`.
    "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)" "fmi"
    |a| unsqueeze(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into()]];
    /// The same memory as a tensor outside of any graph.
    "detach(Tensor(a) self) -> Tensor(a)" "fn"
    |a| Ok::<_, crate::error::Error>(a.tensor(0)?.detach());
    |s| vec![vec![s.t(&[2, 3])]];
    /// A view without the dims of size 1.
    "squeeze(Tensor(a) self) -> Tensor(a)" "fmi"
    |a| squeeze(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 1, 3])]];
    /// A view without dim `dim`, if that has size 1.
    "squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)" "fmi"
    |a| squeeze_as(a.tensor(0)?, &[a.int(1)?], "squeeze#1");
    |s| vec![vec![s.t(&[2, 1, 3]), 1.into()]];
    /// A view without those of `dim` that have size 1.
    "squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)" "fmi"
    |a| squeeze_dims(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 1, 3]), [0, 1].into()]];
    /// One slice along `dim`: a view without that dim.
    "select.int(Tensor(a) self, int dim, int index) -> Tensor(a)" "fm"
    |a| select(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into(), (-1).into()]];
    /// A view of `length` elements from `start`, an integer tensor without dims, along `dim`.
    "narrow.Tensor(Tensor(a) self, int dim, Tensor start, int length) -> Tensor(a)" "fm"
    |a| narrow_from(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 4]), 1.into(), s.ints(2, &[]), 2.into()]];
    /// A view of `length` elements from `start` along `dim`.
    "narrow(Tensor(a) self, int dim, int start, int length) -> Tensor(a)" "fm"
    |a| narrow(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 4]), 1.into(), 1.into(), 2.into()]];
    /// A tuple of the slices along `dim`: views without that dim.
    "unbind.int(Tensor(a) self, int dim=0) -> Tensor(a)[]" "fm"
    |a| unbind(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[2, 3]), 1.into()]];
    /// Pieces of `split_size` along `dim`, as views; the last may be smaller.
    "split.Tensor(Tensor(a) self, int split_size, int dim=0) -> Tensor(a)[]" "fm"
    |a| split(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[3, 2]), 2.into(), 0.into()]];
    /// Pieces of the given sizes along `dim`, as views.
    "split.sizes(Tensor(a) self, int[] split_size, int dim=0) -> Tensor(a)[]" "fm"
    |a| split_with_sizes(a.tensor(0)?, &a.ints(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[3, 2]), [1, 2].into(), 0.into()]];
    /// Pieces of the given sizes along `dim`, as views.
    "split_with_sizes(Tensor(a) self, int[] split_sizes, int dim=0) -> Tensor(a)[]" "fm"
    |a| split_with_sizes(a.tensor(0)?, &a.ints(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[3, 2]), [1, 2].into(), 0.into()]];
    /// At most `chunks` pieces along `dim`, as views.
    "chunk(Tensor(a) self, int chunks, int dim=0) -> Tensor(a)[]" "fm"
    |a| chunk(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[3, 2]), 2.into(), 0.into()]];
    /// The diagonal of two dims, as the last dim of a view.
    "diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)" "fm"
    |a| diagonal(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[3, 4]), 1.into(), 0.into(), 1.into()], vec![s.t(&[2, 3, 3]), (-1).into(), 2.into(), 1.into()]];
    /// Windows of `size` along `dimension`, `step` apart, as a last dim of a view.
    "unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)" "m"
    |a| unfold(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 5]), 1.into(), 3.into(), 1.into()]];
    /// A view with dim `source` moved to `destination`.
    "movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)" "fm"
    |a| movedim(a.tensor(0)?, &[a.int(1)?], &[a.int(2)?]);
    |s| vec![vec![s.t(&[2, 3, 2]), 0.into(), 2.into()]];
    /// A view with the dims `source` moved to `destination`.
    "movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)" "fm"
    |a| movedim(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?);
    |s| vec![vec![s.t(&[2, 3, 2]), [0, 1].into(), [2, 0].into()]];
    /// Dims `start_dim` to `end_dim` joined into one: a view where possible.
    "flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)" "fm"
    |a| flatten(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3, 2]), 1.into(), (-1).into()]];
    /// A view with dim `dim` split into `sizes`; one may be -1.
    "unflatten.int(Tensor(a) self, int dim, int[] sizes) -> Tensor(a)" "fm"
    |a| unflatten(a.tensor(0)?, a.int(1)?, &a.ints(2)?);
    |s| vec![vec![s.t(&[2, 6]), 1.into(), [2, -1].into()]];
    /// A view of everything.
    "alias(Tensor(a) self) -> Tensor(a)" "f"
    |a| alias(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])]];
    /// A real view of a complex tensor, with a last dim of size 2 for the parts.
    "view_as_real(Tensor(a) self) -> Tensor(a)" "f"
    |a| view_as_real(a.tensor(0)?);
    |s| vec![vec![s.complex(&[2, 3])]];
    /// A complex view of a real tensor whose last dim has size 2.
    "view_as_complex(Tensor(a) self) -> Tensor(a)" "f"
    |a| view_as_complex(a.tensor(0)?);
    |s| vec![vec![s.t(&[3, 2])]];
}

