//! Ops made of other ops: no kernel, no formula.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::layout::{Dims, show, wrap_dim};
use crate::ops::scatter::{Reduce, scatter_reduce_as};
use crate::ops::*;
use crate::tensor::Tensor;

/// The vector product along a dim of size 3, the other dims broadcast.
pub fn linalg_cross(x: &Tensor, other: &Tensor, dim: i64) -> Result<Tensor> {
    ensure!(x.rank() == other.rank(), "linalg.cross: inputs must have the same number of dimensions.");
    let d = wrap_dim(dim, x.rank())?;
    let size = |t: &Tensor| t.shape().get(d).copied().unwrap_or(1);
    ensure!(
        size(x) == 3 && size(other) == 3,
        "linalg.cross: inputs dimension {dim} must have length 3. Got {} and {}",
        size(x),
        size(other)
    );
    ensure!(
        x.dtype() == other.dtype(),
        "expected scalar type {} but found {}",
        x.dtype().scalar_name(),
        other.dtype().scalar_name()
    );
    ensure!(x.dtype() != DType::Bool, NotImplemented, "\"cross\" not implemented for 'Bool'");
    // Component i is a[i+1] b[i+2] - a[i+2] b[i+1], counted round.
    let at = |t: &Tensor, k: i64| roll(t, &[-k], &[d as i64]);
    sub(&mul(&at(x, 1)?, &at(other, 2)?)?, &mul(&at(x, 2)?, &at(other, 1)?)?)
}

/// As `linalg_cross`; without a dim, the first that has size 3.
pub fn cross(x: &Tensor, other: &Tensor, dim: Option<i64>) -> Result<Tensor> {
    let dim = match dim {
        Some(d) => d,
        None => match x.shape().iter().position(|&n| n == 3) {
            Some(d) => d as i64,
            None => bail!("no dimension of size 3 in input"),
        },
    };
    linalg_cross(x, other, dim)
}

/// The Kronecker product: every element of `x` times all of `other`, block by block.
pub fn kron(x: &Tensor, other: &Tensor) -> Result<Tensor> {
    let rank = x.rank().max(other.rank());
    let size = |t: &Tensor, d: usize| if d + t.rank() >= rank { t.shape()[d + t.rank() - rank] } else { 1 };
    let (mut a, mut b, mut joined) = (Dims::new(), Dims::new(), Dims::new());
    for d in 0..rank {
        a.extend([size(x, d), 1]);
        b.extend([1, size(other, d)]);
        joined.push(size(x, d) * size(other, d));
    }
    reshape_to(&mul(&reshape_to(x, &a)?, &reshape_to(other, &b)?)?, &joined)
}

/// Powers 0 to n - 1 of each element, as a last dim.
fn powers(x: &Tensor, n: usize) -> Result<Tensor> {
    let dtype = if x.dtype().is_integral() { DType::I64 } else { x.dtype() };
    let x = unsqueeze(&cast(x, dtype)?, -1)?;
    let mut shape: Vec<i64> = x.shape().iter().map(|&n| n as i64).collect();
    shape[x.rank() - 1] = n as i64 - 1;
    let rest = cumprod(&expand(&x, &shape)?, -1, None)?;
    cat(&[&Tensor::full(x.shape(), Scalar::Int(1), dtype)?, &rest], -1)
}

/// Vandermonde matrices of the last dim's elements, in rising powers.
fn linalg_vander(x: &Tensor, n: Option<i64>) -> Result<Tensor> {
    let n = n.unwrap_or(x.shape().last().map_or(1, |&n| n as i64));
    ensure!(n > 1, "N must be greater than 1.");
    powers(x, n as usize)
}

/// The Vandermonde matrix of a vector, in falling powers unless `increasing`.
fn vander(x: &Tensor, n: Option<i64>, increasing: bool) -> Result<Tensor> {
    ensure!(x.rank() == 1, "x must be a one-dimensional tensor.");
    let n = n.unwrap_or(x.numel() as i64);
    ensure!(n >= 0, "N must be non-negative.");
    let y = match n {
        0 => narrow(&powers(x, 1)?, 1, 0, 0)?,
        n => powers(x, n as usize)?,
    };
    if increasing { Ok(y) } else { flip(&y, &[1]) }
}

// ---- segments -------------------------------------------------------------------------------------------------------

/// The segment that each of `n` places belongs to, if any, for every row of the lengths of so many segments.
fn segment_ids(lengths: &[i64], segments: usize, n: usize) -> Vec<Option<i64>> {
    let mut ids = vec![];
    for list in lengths.chunks(segments.max(1)) {
        let start = ids.len();
        for (k, &length) in list.iter().enumerate() {
            let left = start + n - ids.len();
            ids.extend(std::iter::repeat_n(Some(k as i64), (length as usize).min(left)));
        }
        ids.resize(start + n, None);
    }
    ids
}

struct Segments<'a> {
    data: &'a Tensor,
    reduce: &'a str,
    lengths: Option<&'a Tensor>,
    indices: Option<&'a Tensor>,
    offsets: Option<&'a Tensor>,
    axis: i64,
    unsafe_: bool,
    initial: Option<Scalar>,
}

/// Sums, means, products, maxima or minima of segments along a dim.
fn segment_reduce(s: &Segments) -> Result<Tensor> {
    let x = s.data;
    let axis = wrap_dim(s.axis, x.rank())?;
    let reduce = match s.reduce {
        "max" | "amax" => Reduce::Max,
        "min" | "amin" => Reduce::Min,
        "sum" | "mean" => Reduce::Sum,
        "prod" => Reduce::Prod,
        other => bail!("reduce argument must be either sum, prod, mean, amax or amin, got {other}"),
    };
    ensure!(x.numel() > 0, "segment_reduce(): Expected data to have at least one element.");
    ensure!(
        s.lengths.is_some() || s.offsets.is_some() || s.indices.is_some(),
        "segment_reduce(): Either lengths or offsets must be defined."
    );
    ensure!(s.indices.is_none(), "segment_reduce(): indices based reduction is not supported yet.");
    let given = s.offsets.or(s.lengths).unwrap_or(x);
    let what = if s.offsets.is_some() { "offsets" } else { "lengths" };
    ensure!(
        axis + 1 == given.rank(),
        "segment_reduce(): Expected axis to be the last dimension of {what} but got {axis}."
    );
    ensure!(
        given.shape()[..axis] == x.shape()[..axis],
        "segment_reduce(): Expected all dimensions of {what} except the last to match data, but got {} and {}",
        show(given.shape()),
        show(x.shape())
    );
    ensure!(
        matches!(given.dtype(), DType::I64 | DType::I32),
        NotImplemented,
        "\"_segment_reduce_lengths_cpu_kernel1\" not implemented for '{}'",
        given.dtype().scalar_name()
    );
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"_segment_reduce_cpu\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    // Of a device's as well: about as many numbers as there are segments, which are checked.
    let mut list = given.read_back::<i64>()?;
    let (n, mut segments) = (x.shape()[axis], given.shape()[axis]);
    if s.offsets.is_some() {
        ensure!(segments > 0, "segment_reduce(): Expected offsets to have at least one element.");
        list = list.chunks(segments).flat_map(|row| row.windows(2).map(|ends| ends[1] - ends[0])).collect();
        segments -= 1;
    }
    if !s.unsafe_ {
        ensure!(list.iter().all(|&l| l >= 0), "{what} contains negative value!");
        ensure!(
            s.offsets.is_some() || list.chunks(segments.max(1)).all(|row| row.iter().sum::<i64>() == n as i64),
            "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe."
        );
    }
    // Places of no segment go to one more, which is cut off at the end.
    let ids: Vec<i64> = segment_ids(&list, segments, n).into_iter().map(|i| i.unwrap_or(segments as i64)).collect();
    let mut column: Dims = x.shape()[..=axis].into();
    column.resize(x.rank(), 1);
    let index = expand_to(&Tensor::from_slice(&ids, &column)?, x.shape())?;
    let mut shape: Dims = x.shape().into();
    shape[axis] = segments + 1;
    let start = reduce.neutral(x.dtype());
    let base = match (s.initial, reduce) {
        (Some(i), Reduce::Sum | Reduce::Prod) => i,
        _ => start,
    };
    let base = Tensor::full(&shape, base, x.dtype())?;
    let y = scatter_reduce_as("segment_reduce", &base, axis as i64, &index, x, reduce, true)?;
    let y = narrow(&y, axis as i64, 0, segments as i64)?;
    match (s.reduce, s.initial) {
        ("mean", initial) => {
            column[axis] = segments;
            let count = |of: &dyn Fn(i64) -> i64| {
                let all: Vec<i64> = list.iter().map(|&l| of(l)).collect();
                Tensor::from_slice(&all, &column)
            };
            let mean = div(&y, &count(&|l| l.max(1))?.cast_data(x.dtype())?)?;
            let none = expand_to(&count(&|l| (l == 0).into())?.cast_data(DType::Bool)?, mean.shape())?;
            masked_fill(&mean, &none, initial.unwrap_or(Scalar::Float(f64::NAN)))
        }
        ("max" | "amax", Some(i)) => masked_fill(&y, &lt(&y, i)?, i),
        ("min" | "amin", Some(i)) => masked_fill(&y, &gt(&y, i)?, i),
        _ => Ok(y),
    }
}

// ---- gradients by differences -----------------------------------------------------------------------------------------

/// The distances of the places along a dim.
#[derive(Clone)]
enum Spacing {
    Even(Scalar),
    /// Coordinates, one per place.
    Places(Tensor),
}

/// The derivative along a dim by central differences; at the two ends by one-sided ones of the given order.
fn gradient_along(x: &Tensor, d: usize, spacing: &Spacing, edge_order: i64) -> Result<Tensor> {
    let (n, dim) = (x.shape()[d] as i64, d as i64);
    let part = |start: i64, count: i64| narrow(x, dim, start, count);
    // Weights times parts of x, added up; the weights lie along the dim.
    let weighted = |terms: &[(Tensor, i64, i64)]| -> Result<Tensor> {
        let mut total: Option<Tensor> = None;
        for (w, start, count) in terms {
            let mut column = vec![1; x.rank()];
            column[d] = w.numel() as i64;
            let term = mul(&part(*start, *count)?, &view(w, &column)?)?;
            total = Some(match total {
                Some(t) => add(&t, &term)?,
                None => term,
            });
        }
        total.map_or_else(|| part(0, 0), Ok)
    };
    let steps = match spacing {
        Spacing::Places(at) => diff(at, 1, 0)?,
        Spacing::Even(h) => {
            let dtype = if x.dtype().is_integral() || h.is_complex() && !x.dtype().is_complex() {
                result_type(&[Operand::Tensor(x), Operand::Scalar(Scalar::Float(1.0)), Operand::Scalar(*h)])
            } else {
                x.dtype()
            };
            Tensor::full(&[n as usize - 1], *h, dtype)?
        }
    };
    let step = |start: i64, count: i64| narrow(&steps, 0, start, count);
    let (before, after) = (step(0, (n - 2).max(0))?, step(1.min(n - 1), (n - 2).max(0))?);
    let both = add(&before, &after)?;
    let inner = weighted(&[
        (neg(&div(&after, &mul(&before, &both)?)?)?, 0, n - 2),
        (div(&sub(&after, &before)?, &mul(&before, &after)?)?, 1, n - 2),
        (div(&before, &mul(&after, &both)?)?, 2, n - 2),
    ]);
    let end = |first: bool| -> Result<Tensor> {
        let inverse = |i: i64| div(1.0, &step(i, 1)?);
        if edge_order == 1 {
            let (i, at) = if first { (0, 0) } else { (n - 2, n - 2) };
            return weighted(&[(neg(&inverse(i)?)?, at, 1), (inverse(i)?, at + 1, 1)]);
        }
        let (near, far) = if first { (step(0, 1)?, step(1, 1)?) } else { (step(n - 2, 1)?, step(n - 3, 1)?) };
        let sum = add(&near, &far)?;
        let a = neg(&div(&add(&add(&near, &near)?, &far)?, &mul(&near, &sum)?)?)?;
        let b = div(&sum, &mul(&near, &far)?)?;
        let c = neg(&div(&near, &mul(&far, &sum)?)?)?;
        if first {
            weighted(&[(a, 0, 1), (b, 1, 1), (c, 2, 1)])
        } else {
            weighted(&[(neg(&a)?, n - 1, 1), (neg(&b)?, n - 2, 1), (neg(&c)?, n - 3, 1)])
        }
    };
    let (first, last) = (end(true)?, end(false)?);
    if n == 2 { cat(&[&first, &last], dim) } else { cat(&[&first, &inner?, &last], dim) }
}

/// Derivatives along dims; `spacing` has one entry for all of them or one for each.
fn gradient(x: &Tensor, dims: Option<&[i64]>, spacing: &[Spacing], listed: bool, edge_order: i64) -> Result<Vec<Tensor>> {
    ensure!(x.dtype() != DType::U8, "torch.gradient does not support uint8 input.");
    ensure!(matches!(edge_order, 1 | 2), "torch.gradient only supports edge_order=1 and edge_order=2.");
    let wanted: Dims = match dims {
        Some(dims) => crate::layout::wrap_dims(dims, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    let words = if dims.is_some() {
        format!("'dim' argument has size {}", wanted.len())
    } else {
        format!("'self.dim() = {}', since dim argument was not given", x.rank())
    };
    ensure!(
        !listed || spacing.len() == wanted.len(),
        "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to {words}, but got a list \
         of length {}",
        spacing.len()
    );
    for &d in &wanted {
        ensure!(
            x.shape().get(d).copied().unwrap_or(1) as i64 > edge_order,
            "torch.gradient expected each dimension size to be at least edge_order+1"
        );
    }
    let entry = |k: usize| &spacing[if listed { k } else { 0 }];
    wanted.iter().enumerate().map(|(k, &d)| gradient_along(x, d, entry(k), edge_order)).collect()
}

fn spacing_of(a: &Arg) -> Result<Vec<Spacing>> {
    Ok(match a {
        Arg::None => vec![Spacing::Even(Scalar::Int(1))],
        Arg::Scalar(s) => vec![Spacing::Even(*s)],
        Arg::Int(i) => vec![Spacing::Even(Scalar::Int(*i))],
        Arg::Float(f) => vec![Spacing::Even(Scalar::Float(*f))],
        Arg::Scalars(v) => v.iter().map(|s| Spacing::Even(*s)).collect(),
        Arg::Floats(v) => v.iter().map(|&f| Spacing::Even(Scalar::Float(f))).collect(),
        Arg::Tensors(v) => v.iter().map(|t| Spacing::Places((*t).clone())).collect(),
        _ => bail!(Type, "gradient(): argument 'spacing' must be a number, a list of numbers or a list of Tensors"),
    })
}

fn gradient_in(a: &Args, dims: Option<&[i64]>, spacing: usize, edge_order: usize) -> Result<Vec<Tensor>> {
    let arg = &a.0[spacing];
    let listed = matches!(arg, Arg::Scalars(_) | Arg::Tensors(_));
    gradient(a.tensor(0)?, dims, &spacing_of(arg)?, listed, a.int(edge_order)?)
}

fn one_dim(a: &Args, i: usize) -> Result<Option<Vec<i64>>> {
    Ok(a.opt_int(i)?.map(|d| vec![d]))
}

rows! {
    /// The vector product along `dim`, which has size 3; without it, along the first dim of that size.
    "cross(Tensor self, Tensor other, int? dim=None) -> Tensor" "fmo"
    |a| cross(a.tensor(0)?, a.tensor(1)?, a.opt_int(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3]), Value::None], vec![s.t(&[3, 2]), s.t(&[3, 1]), 0.into()]];
    /// The vector product along `dim`, which has size 3.
    "_linalg::cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor" "fo"
    |a| linalg_cross(a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[1, 3]), (-1).into()]];
    /// A view of a diagonal, as the last dim.
    "_linalg::diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)" "f"
    |a| diagonal(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 3, 3]), 1.into(), (-2).into(), (-1).into()]];
    /// The Kronecker product: every element of the first times all of the second, block by block.
    "kron(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| kron(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2])], vec![s.t(&[2]), s.t(&[2, 1, 2])]];
    /// The Vandermonde matrix of a vector: its powers as columns, falling unless `increasing`.
    "vander(Tensor x, int? N=None, bool increasing=False) -> Tensor" "f"
    |a| vander(a.tensor(0)?, a.opt_int(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[3]), Value::None, false.into()], vec![s.t(&[2]), 4.into(), true.into()]];
    /// Vandermonde matrices: rising powers of the last dim's elements as a new last dim.
    "_linalg::vander(Tensor x, *, int? N=None) -> Tensor" "f"
    |a| linalg_vander(a.tensor(0)?, a.opt_int(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// Sums, means, products, maxima or minima of segments along `axis`, given by their lengths or by their borders.
    "segment_reduce(Tensor data, str reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, bool unsafe=False, Scalar? initial=None) -> Tensor" "f"
    |a| segment_reduce(&Segments {
        data: a.tensor(0)?,
        reduce: a.str(1)?,
        lengths: a.opt_tensor(2)?,
        indices: a.opt_tensor(3)?,
        offsets: a.opt_tensor(4)?,
        axis: a.int(5)?,
        unsafe_: a.bool(6)?,
        initial: a.opt_scalar(7)?,
    });
    |s| ["sum", "mean", "max", "min", "prod"].into_iter().map(|r| {
        let lengths = Tensor::from_slice(&[2i64, 0, 3], &[3]).expect("small");
        vec![s.t(&[5, 2]), r.into(), lengths.into(), Value::None, Value::None, 0.into(), false.into(),
            Value::Scalar(Scalar::Float(0.25))]
    }).collect();
    /// Derivatives by central differences along one dim or all of them, the places `spacing` apart.
    "gradient.scalarint(Tensor self, *, Scalar? spacing=None, int? dim=None, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, one_dim(a, 2)?.as_deref(), 1, 3);
    |s| vec![
        vec![s.t(&[4, 3]), Value::Scalar(Scalar::Float(0.5)), Value::None, 1.into()],
        vec![s.t(&[4]), Value::None, 0.into(), 2.into()],
    ];
    /// Derivatives by central differences along `dim`, the places `spacing` apart.
    "gradient.scalararray(Tensor self, *, Scalar spacing, int[] dim, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, Some(&a.ints(2)?), 1, 3);
    |s| vec![vec![s.t(&[4, 3]), Value::Scalar(Scalar::Float(0.5)), [0, 1].into(), 1.into()]];
    /// Derivatives by central differences along `dim`.
    "gradient.array(Tensor self, *, int[] dim, int edge_order=1) -> Tensor[]" "f"
    |a| gradient(a.tensor(0)?, Some(&a.ints(1)?), &[Spacing::Even(Scalar::Int(1))], false, a.int(2)?);
    |s| vec![vec![s.t(&[4, 3]), [1].into(), 1.into()]];
    /// Derivatives by central differences along one dim or all of them, with a spacing for each.
    "gradient.scalarrayint(Tensor self, *, Scalar[] spacing, int? dim=None, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, one_dim(a, 2)?.as_deref(), 1, 3);
    |s| vec![vec![s.t(&[4, 3]), vec![0.5, 2.0].into(), Value::None, 1.into()]];
    /// Derivatives by central differences along `dim`, with a spacing for each.
    "gradient.scalarrayarray(Tensor self, *, Scalar[] spacing, int[] dim, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, Some(&a.ints(2)?), 1, 3);
    |s| vec![vec![s.t(&[4, 3]), vec![0.5, 2.0].into(), [1, 0].into(), 2.into()]];
    /// Derivatives by central differences along one dim or all of them, with the coordinates of the places.
    "gradient.tensorarrayint(Tensor self, *, Tensor[] spacing, int? dim=None, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, one_dim(a, 2)?.as_deref(), 1, 3);
    |s| vec![vec![s.t(&[4]), vec![Tensor::from_slice(&[0.0, 0.5, 2.0, 3.0], &[4]).expect("small")].into(), Value::None, 2.into()]];
    /// Derivatives by central differences along `dim`, with the coordinates of the places.
    "gradient.tensorarray(Tensor self, *, Tensor[] spacing, int[] dim, int edge_order=1) -> Tensor[]" "f"
    |a| gradient_in(a, Some(&a.ints(2)?), 1, 3);
    |s| vec![vec![s.t(&[3]), vec![Tensor::from_slice(&[0.0, 0.5, 2.0], &[3]).expect("small")].into(), [0].into(), 1.into()]];
}
