//! Gather and scatter: elements picked and written along one dim by an index with a place for each element.
use crate::cpu::scatter::{Along, Join};
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::index::{Action, Moves, Places};
use crate::gpu::{self, Gpu};
use crate::graph::{Backward, SavedAt, grad_enabled};
use crate::layout::{Dims, Layout, contiguous_strides, show, wrap_dim};
use crate::ops::index::{copied, each_grad, write_into};
use crate::ops::places::accumulated;
use crate::ops::view::{embed, one_grad};
use crate::ops::*;
use crate::tensor::Tensor;

/// A number counts as a vector of one element here.
fn at_least_1d(t: &Tensor) -> Tensor {
    if t.rank() == 0 { t.with_layout(t.layout().unsqueeze(0)) } else { t.detach() }
}

/// An index as int64, in whatever layout.
fn as_index(index: &Tensor, op: &str) -> Result<Tensor> {
    ensure!(
        matches!(index.dtype(), DType::I64 | DType::I32),
        "{op}(): Expected dtype int32/int64 for index"
    );
    let index = at_least_1d(index);
    if index.dtype() == DType::I64 || index.device().is_gpu() { Ok(index) } else { index.cast_data(DType::I64) }
}

/// The joint walk of index, `x` and its partner, each seen as at least 1-d; `run` tells whether all indices lay inside.
fn along(dim: usize, index: &Tensor, x: &Tensor, a: &Tensor, run: impl FnOnce(&Along) -> bool) -> Result<()> {
    let strides = a.layout().broadcast_strides(index.shape());
    let job = Along {
        shape: index.shape(),
        dim,
        index: index.memory(),
        a: Memory { strides: &strides, ..a.memory() },
        x: x.memory(),
        size: x.shape()[dim],
    };
    if run(&job) {
        return Ok(());
    }
    // SAFETY: the index's own layout.
    let i = unsafe { job.out_of_bounds() }.unwrap_or_default();
    bail!("index {i} is out of bounds for dimension {dim} with size {}", job.size)
}

/// The walk of `along` on a GPU: of index, partner `a` and `x`. With `last`, of several places that are one the last is left.
fn along_on_gpu(
    gpu: &'static Gpu,
    dim: usize,
    index: &Tensor,
    x: &Tensor,
    a: &Tensor,
    last: bool,
    run: impl FnOnce(&Moves) -> Result<()>,
) -> Result<()> {
    let shape = index.shape();
    let strides = a.layout().broadcast_strides(shape);
    let at = index.on_gpu(gpu)?;
    let (size, step) = (x.shape()[dim], x.strides()[dim]);
    let mut x_strides: Dims = x.strides().into();
    x_strides[dim] = 0;
    let mut at_strides: Dims = at.strides.into();
    let mut places = Places::Index { slice: at.slice, dtype: at.dtype, offset: at.offset, size, step, wrap: false };
    if last && index.numel() > 1 {
        let extent = x.layout().end() - x.layout().offset;
        places = places.last_alone(gpu, shape, &at_strides, &x_strides, extent)?;
        at_strides = contiguous_strides(shape);
        x_strides.fill(0);
    }
    run(&Moves {
        shape,
        places: &places,
        at_strides: &at_strides,
        a: gpu::Memory { strides: &strides, ..a.on_gpu(gpu)? },
        x: gpu::Memory { strides: &x_strides, ..x.on_gpu(gpu)? },
    })
}

/// `y = x[index]` along a dim, on a GPU; `y` has the shape of the index. Numbers count as vectors of one element.
pub(crate) fn gather_on_gpu(gpu: &'static Gpu, dim: usize, index: &Tensor, x: &Tensor, y: &Tensor) -> Result<()> {
    let [index, x, y] = [index, x, y].map(at_least_1d);
    along_on_gpu(gpu, dim, &index, &x, &y, false, |m| m.run(gpu, Action::Get))
}
/// `x[index] += a` along a dim, on a GPU; `a` has the shape of the index.
pub(crate) fn add_on_gpu(gpu: &'static Gpu, dim: usize, index: &Tensor, x: &Tensor, a: &Tensor) -> Result<()> {
    let [index, x, a] = [index, x, a].map(at_least_1d);
    accumulated(&x, |x| along_on_gpu(gpu, dim, &index, x, &a, false, |m| m.run(gpu, Action::Add)))
}

/// `write_checked` on a GPU.
fn write_on_gpu(gpu: &'static Gpu, d: usize, index: &Tensor, x: &Tensor, a: &Tensor, join: Option<Join>) -> Result<()> {
    let one = a.strides().iter().all(|s| *s == 0);
    let bools = x.dtype() == DType::Bool;
    let join = match join {
        None => return along_on_gpu(gpu, d, index, x, a, !one, |m| m.run(gpu, Action::Put)),
        // Of bools joined as 0 and 1, a sum is their maximum and a product their minimum.
        Some(Join::Sum) if !bools => return add_on_gpu(gpu, d, index, x, a),
        Some(Join::Sum | Join::Max) => gpu::index::Join::Max,
        Some(Join::Prod) if !bools => gpu::index::Join::Prod,
        Some(Join::Prod | Join::Min) => gpu::index::Join::Min,
    };
    if x.dtype() == DType::F64 || x.dtype() == DType::I64 && !gpu.abilities.int64_atomics {
        let (at, a, x) = (index.on_gpu(gpu)?, a.on_gpu(gpu)?, (x.on_gpu(gpu)?, x.shape()[d]));
        return gpu::index::lines(gpu, index.shape(), d, [&at, &a, &x.0], x.1, join);
    }
    accumulated(x, |x| along_on_gpu(gpu, d, index, x, a, false, |m| m.join(gpu, join)))
}

/// Elements of `x` along a dim, at the places that `index` names, in the shape of the index.
pub fn gather(x: &Tensor, dim: i64, index: &Tensor) -> Result<Tensor> {
    let d = wrap_dim(dim, x.rank())?;
    let y = Tensor::empty(index.shape(), x.dtype())?;
    let places = as_index(index, "gather")?;
    if index.numel() > 0 {
        let x = at_least_1d(x);
        ensure!(
            places.rank() == x.rank(),
            "Index tensor must have the same number of dimensions as input tensor"
        );
        for k in (0..x.rank()).filter(|&k| k != d) {
            ensure!(
                places.shape()[k] <= x.shape()[k],
                "Size does not match at dimension {k} expected index {} to be no larger than self {} apart from \
                 dimension {d}",
                show(places.shape()),
                show(x.shape())
            );
        }
        let y = at_least_1d(&y);
        match y.gpu() {
            Some(gpu) => gather_on_gpu(gpu, d, &places, &x, &y)?,
            // SAFETY: y is new and of x's dtype; `gather` looks at the indices itself.
            None => along(d, &places, &x, &y, |job| unsafe { job.gather() })?,
        }
    }
    let shape: Dims = x.shape().into();
    y.record("gather", &[x], |r, _| {
        let at = r.input("index", index);
        one_grad(move |node, g| added(Tensor::zeros(&shape, g.dtype())?, &[g], dim, &node.get(at)?, g))
    })
}

/// Writes `src` (or joins it with what is there) into `y` at the places of the index. Not recorded.
fn write(y: &Tensor, dim: i64, index: &Tensor, src: &Tensor, join: Option<Join>) -> Result<()> {
    write_checked(y, dim, index, src, join, &format!(" and to be no larger size than src {}", show(src.shape())))
}
/// As `write`, of one number.
fn write_number(y: &Tensor, dim: i64, index: &Tensor, value: Scalar, join: Option<Join>) -> Result<()> {
    let number = Tensor::scalar(value, y.dtype())?;
    let strides = smallvec::smallvec![0; index.rank()];
    let src = number.with_layout(Layout { shape: index.shape().into(), strides, offset: 0 });
    write_checked(y, dim, index, &src, join, "")
}
fn write_checked(y: &Tensor, dim: i64, index: &Tensor, src: &Tensor, join: Option<Join>, words: &str) -> Result<()> {
    let d = wrap_dim(dim, y.rank())?;
    let places = as_index(index, "scatter")?;
    ensure!(y.dtype() == src.dtype(), "scatter(): Expected self.dtype to be equal to src.dtype");
    if places.numel() == 0 {
        return Ok(());
    }
    let (x, a) = (at_least_1d(y), at_least_1d(src));
    ensure!(places.rank() == x.rank(), "Index tensor must have the same number of dimensions as self tensor");
    ensure!(places.rank() == a.rank(), "Index tensor must have the same number of dimensions as src tensor");
    let fits = |k| (k == d || places.shape()[k] <= x.shape()[k]) && places.shape()[k] <= a.shape()[k];
    ensure!(
        (0..x.rank()).all(fits),
        "Expected index {} to be no larger than self {} apart from dimension {d}{words}",
        show(places.shape()),
        show(x.shape())
    );
    // The part of src that the index covers.
    let a = a.with_layout(Layout { shape: places.shape().into(), ..a.layout().clone() });
    if let Some(gpu) = x.gpu() {
        return write_on_gpu(gpu, d, &places, &x, &a, join);
    }
    let Some(join) = join else {
        // SAFETY: callers hand in a y of their own; indices are checked before they are used.
        return along(d, &places, &x, &a, |job| unsafe { job.scatter() });
    };
    let own = x.dtype().class().dtype();
    let (wide, a) = if own == x.dtype() { (x.detach(), a) } else { (x.cast_data(own)?, a.cast_data(own)?) };
    // SAFETY: as above, and both are of the class's own dtype.
    along(d, &places, &wide, &a, |job| unsafe { job.scatter_join(join) })?;
    if own != x.dtype() {
        x.copy_data(&wide);
    }
    Ok(())
}

fn written(x: &Tensor, dim: i64, index: &Tensor, src: &Tensor, join: Option<Join>) -> Result<Tensor> {
    let y = copied(x)?;
    write(&y, dim, index, src, join)?;
    Ok(y)
}

/// A copy of `x` with elements of `src` written along a dim, at the places that `index` names.
pub fn scatter(x: &Tensor, dim: i64, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    let part: Dims = src.shape().into();
    written(x, dim, index, src, None)?.record("scatter", &[x, src], |r, _| {
        let at = r.input("index", index);
        each_grad::<2>(move |node, g, input| match input {
            0 => scatter_value(g, dim, &node.get(at)?, Scalar::Int(0)),
            _ => whole(&gather(g, dim, &node.get(at)?)?, &part),
        })
    })
}

/// A copy of `x` with a number written along a dim, at the places that `index` names.
pub fn scatter_value(x: &Tensor, dim: i64, index: &Tensor, value: Scalar) -> Result<Tensor> {
    value.check_fits(x.dtype())?;
    let y = copied(x)?;
    write_number(&y, dim, index, value, None)?;
    y.record("scatter#1", &[x], |r, _| {
        let at = r.input("index", index);
        one_grad(move |node, g| scatter_value(g, dim, &node.get(at)?, Scalar::Int(0)))
    })
}

/// `scatter` with `reduce`: "add" or "multiply". PyTorch gives it no derivative.
fn scatter_joined(x: &Tensor, dim: i64, index: &Tensor, src: Operand, reduce: &str) -> Result<Tensor> {
    let join = match reduce {
        "add" => Join::Sum,
        "multiply" => Join::Prod,
        _ => bail!("reduce argument must be either add or multiply."),
    };
    let y = copied(x)?;
    match src {
        Operand::Tensor(src) => write(&y, dim, index, src, Some(join))?,
        Operand::Scalar(value) => write_number(&y, dim, index, value, Some(join))?,
    }
    y.record("NotImplemented", &[x, src.tensor().unwrap_or(x)], |_, _| {
        Box::new(|_, _| bail!("derivative for aten::scatter is not implemented"))
    })
}

/// A copy of `x` to which elements of `src` are added along a dim, at the places that `index` names.
pub fn scatter_add(x: &Tensor, dim: i64, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    added(copied(x)?, &[x, src], dim, index, src)
}
/// Adds to `y`, which is new. The inputs end with `src`; before it may come the tensor that `y` is a copy of.
fn added(y: Tensor, inputs: &[&Tensor], dim: i64, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    write(&y, dim, index, src, Some(Join::Sum))?;
    let part: Dims = src.shape().into();
    y.record("scatter_add", inputs, |r, _| {
        let at = r.input("index", index);
        let of_src = move |node: &Backward, g: &Tensor| whole(&gather(g, dim, &node.get(at)?)?, &part);
        match inputs {
            [_] => one_grad(of_src),
            _ => each_grad::<2>(move |node, g, input| if input == 0 { Ok(g.clone()) } else { of_src(node, g) }),
        }
    })
}

// ---- reductions -----------------------------------------------------------------------------------------------------

/// How `scatter_reduce` and `index_reduce` join what meets in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduce {
    Sum,
    Prod,
    Mean,
    Max,
    Min,
}

impl Reduce {
    fn parse(s: &str) -> Result<Self> {
        Ok(match s {
            "sum" => Reduce::Sum,
            "prod" => Reduce::Prod,
            "mean" => Reduce::Mean,
            "amax" => Reduce::Max,
            "amin" => Reduce::Min,
            _ => bail!("reduce argument must be either sum, prod, mean, amax or amin, got {s}"),
        })
    }
    fn join(self) -> Join {
        match self {
            Reduce::Sum | Reduce::Mean => Join::Sum,
            Reduce::Prod => Join::Prod,
            Reduce::Max => Join::Max,
            Reduce::Min => Join::Min,
        }
    }
    fn name(self) -> &'static str {
        ["sum", "prod", "mean", "amax", "amin"][self as usize]
    }
    /// What changes nothing when joined.
    pub(crate) fn neutral(self, dtype: DType) -> Scalar {
        let range = dtype.int_range();
        match self {
            Reduce::Sum | Reduce::Mean => Scalar::Int(0),
            Reduce::Prod => Scalar::Int(1),
            Reduce::Max => range.map_or(Scalar::Float(f64::NEG_INFINITY), |r| Scalar::Int(r.0)),
            Reduce::Min => range.map_or(Scalar::Float(f64::INFINITY), |r| Scalar::Int(r.1)),
        }
    }
}

/// The data of a reduction along a dim; places of `x` that nothing reaches keep their value.
fn reduce_data(x: &Tensor, dim: i64, index: &Tensor, src: &Tensor, reduce: Reduce, include_self: bool) -> Result<Tensor> {
    let refused = match reduce {
        Reduce::Max | Reduce::Min => x.dtype().is_complex(),
        Reduce::Mean => x.dtype() == DType::Bool,
        _ => false,
    };
    ensure!(
        !refused || index.numel() == 0,
        NotImplemented,
        "\"scatter_gather_tensor_cpu_reduce_{}\" not implemented for '{}'",
        reduce.name(),
        x.dtype().scalar_name()
    );
    let y = copied(x)?;
    if !include_self {
        write_number(&y, dim, index, reduce.neutral(x.dtype()), None)?;
    }
    write(&y, dim, index, src, Some(reduce.join()))?;
    if reduce == Reduce::Mean && index.numel() > 0 {
        let count = counts(y.shape(), y.dtype(), dim, index, include_self)?;
        let integers = x.dtype().is_integral();
        let quotient =
            crate::graph::with_grad(false, || if integers { div_floor(&y, &count) } else { div(&y, &count) })?;
        y.copy_data(&quotient);
    }
    Ok(y)
}

/// How many elements meet in each place (1 where none does), as numbers of the tensor's dtype; outside the graph.
fn counts(shape: &[usize], dtype: DType, dim: i64, index: &Tensor, include_self: bool) -> Result<Tensor> {
    let dtype = if dtype.is_integral() { DType::I64 } else { dtype };
    let n = Tensor::full(shape, Scalar::Int(include_self.into()), dtype)?;
    write_number(&n, dim, index, Scalar::Int(1), Some(Join::Sum))?;
    crate::graph::with_grad(false, || masked_fill(&n, &eq(&n, 0i64)?, Scalar::Int(1)))
}

/// Joins elements of `src` with those of `x` along a dim, at the places that `index` names. Without `include_self` the
/// places reached forget their old value.
pub fn scatter_reduce(
    x: &Tensor,
    dim: i64,
    index: &Tensor,
    src: &Tensor,
    reduce: &str,
    include_self: bool,
) -> Result<Tensor> {
    scatter_reduce_as("scatter_reduce", x, dim, index, src, Reduce::parse(reduce)?, include_self)
}

pub(crate) fn scatter_reduce_as(
    op: &'static str,
    x: &Tensor,
    dim: i64,
    index: &Tensor,
    src: &Tensor,
    reduce: Reduce,
    include_self: bool,
) -> Result<Tensor> {
    let y = reduce_data(x, dim, index, src, reduce, include_self)?;
    y.record(op, &[x, src], |r, y| {
        let at = r.input("index", index);
        let saved = match reduce {
            Reduce::Sum | Reduce::Mean => None,
            _ => Some((r.input("self", x), r.input("src", src), r.output("result", y))),
        };
        let part: Dims = src.shape().into();
        each_grad::<2>(move |node, g, input| {
            let index = node.get(at)?;
            let job = Reduced { op, dim, index: &index, include_self };
            let own = match (reduce, saved) {
                (Reduce::Prod, Some(saved)) => product(g, &job, node, saved, input)?,
                (Reduce::Max | Reduce::Min, Some(saved)) => extreme(g, &job, node, saved, input)?,
                (Reduce::Mean, _) => {
                    linear(&div(g, &counts(g.shape(), g.dtype(), dim, &index, include_self)?)?, &job, input, &part)?
                }
                _ => linear(g, &job, input, &part)?,
            };
            if input == 0 && !include_self { scatter_value(&own, dim, &index, Scalar::Int(0)) } else { Ok(own) }
        })
    })
}

/// What the derivatives of a reduction share.
struct Reduced<'a> {
    op: &'static str,
    dim: i64,
    index: &'a Tensor,
    include_self: bool,
}

fn linear(g: &Tensor, job: &Reduced, input: usize, src: &[usize]) -> Result<Tensor> {
    if input == 0 { Ok(g.clone()) } else { whole(&gather(g, job.dim, job.index)?, src) }
}

type SavedThree = (SavedAt, SavedAt, SavedAt);

/// Of a product: the product of the other factors. With one zero among them it is that of the rest; with more it is 0.
fn product(g: &Tensor, job: &Reduced, node: &Backward, at: SavedThree, input: usize) -> Result<Tensor> {
    let (x, src, y) = (node.get(at.0)?, node.get(at.1)?, node.get(at.2)?);
    let again = |x: &Tensor, src: &Tensor| {
        scatter_reduce_as("scatter_reduce", x, job.dim, job.index, src, Reduce::Prod, job.include_self)
    };
    if input == 0 {
        return mul(g, &again(&ones_like(&x)?, &src)?);
    }
    let pick = |t: &Tensor| gather(t, job.dim, job.index);
    let zero = eq(&src, 0i64)?;
    // A zero in `x` is not counted: the product over the others has it as a factor, also for the next derivative.
    let zeros = Tensor::zeros(x.shape(), DType::I64)?;
    let zeros = scatter_add(&zeros, job.dim, job.index, &narrowed(&zero, job.index)?.cast_data(DType::I64)?)?;
    let zero = narrowed(&zero, job.index)?;
    let alone = mul(&zero, &eq(&pick(&zeros)?, 1i64)?)?;
    let others = again(&x, &masked_fill(&narrowed(&src, job.index)?, &alone, Scalar::Int(1))?)?;
    let of_zero = masked_fill(&pick(&mul(g, &others)?)?, &eq(&alone, false)?, Scalar::Int(0))?;
    let rest = div(&pick(&mul(g, &y)?)?, &masked_fill(&narrowed(&src, job.index)?, &zero, Scalar::Int(1))?)?;
    let all = whole(&add(&of_zero, &masked_fill(&rest, &zero, Scalar::Int(0))?)?, src.shape())?;
    if !grad_enabled() || !any(&gt(&zeros, 1i64)?)?.item()?.to_bool() {
        return Ok(all);
    }
    // The slopes of several zeros in one place are not functions of one another here, as they are in truth.
    let op = job.op;
    all.detach().record("scatter_reduce_backward", &[g, &x, &src], |_, _| {
        Box::new(move |_, _| {
            bail!(
                "{op}(): Double backward is unsupported for {} when >1 zeros in {} are scattered to the same position in self",
                if op == "index_reduce" { "source" } else { "src" },
                if op == "index_reduce" { "source" } else { "src" }
            )
        })
    })
}

/// Of a maximum or minimum: shared evenly between all that are equal to it; NaN equals nothing, and its gradient is NaN.
fn extreme(g: &Tensor, job: &Reduced, node: &Backward, at: SavedThree, input: usize) -> Result<Tensor> {
    let (x, src, y) = (node.get(at.0)?, node.get(at.1)?, node.get(at.2)?);
    let (own, theirs) = crate::graph::with_grad(false, || {
        let own = eq(&x, &y)?.cast_data(g.dtype())?;
        let theirs = eq(&narrowed(&src, job.index)?, &gather(&y, job.dim, job.index)?)?.cast_data(g.dtype())?;
        Ok::<_, crate::Error>((own, theirs))
    })?;
    let own = if job.include_self { own } else { scatter_value(&own, job.dim, job.index, Scalar::Int(0))? };
    let holders = scatter_add(&own, job.dim, job.index, &theirs)?;
    let share = div(g, &holders)?;
    if input == 0 {
        return mul(&share, &own);
    }
    whole(&mul(&theirs, &gather(&share, job.dim, job.index)?)?, src.shape())
}

/// The part of `src` that an index covers.
fn narrowed(src: &Tensor, index: &Tensor) -> Result<Tensor> {
    let mut part = src.clone();
    for d in 0..index.rank() {
        if part.shape()[d] != index.shape()[d] {
            part = narrow(&part, d as i64, 0, index.shape()[d] as i64)?;
        }
    }
    Ok(part)
}

/// Undoes `narrowed` for a gradient: zeros outside the part.
fn whole(g: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if g.shape() == shape {
        return Ok(g.clone());
    }
    let part: Dims = g.shape().into();
    embed(g, shape, move |z| {
        let mut z = z.clone();
        for (d, &n) in part.iter().enumerate() {
            z = narrow(&z, d as i64, 0, n as i64)?;
        }
        Ok(z)
    })
}

rows! {
    /// Elements along `dim` at the places that `index` names, in the shape of the index.
    "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor" "fmo"
    |a| refuse_sparse(a.bool(3)?, a.tensor(0)?).and_then(|()| gather(a.tensor(0)?, a.int(1)?, a.tensor(2)?));
    |s| vec![
        vec![s.t(&[3, 4]), 0.into(), s.ints(3, &[2, 4]), false.into()],
        vec![s.t(&[3, 4]), (-1).into(), s.ints(4, &[3, 5]), false.into()],
        vec![s.t(&[]), 0.into(), s.ints(1, &[2]), false.into()],
    ];
    /// A copy with elements of `src` written along `dim` at the places that `index` names.
    "scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor" "fmio"
    |a| scatter(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?);
    into |a, y| write_over(y, a, None);
    |s| vec![vec![s.t(&[3, 2]), 0.into(), Value::Tensor(s.rows_apart(3, 2)), s.t(&[3, 2])]];
    /// As `scatter`, joined with what is there: `reduce` is "add" or "multiply". Has no derivative.
    "scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor" "fmion"
    |a| scatter_joined(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?.into(), a.str(4)?);
    |_s| vec![];
    /// A copy with a number written along `dim` at the places that `index` names.
    "scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor" "fmio"
    |a| scatter_value(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.scalar(3)?);
    into |a, y| write_over(y, a, None);
    |s| vec![vec![s.t(&[3, 2]), 0.into(), s.ints(3, &[2, 2]), Value::Scalar(Scalar::Float(1.5))]];
    /// As `scatter` with a number, joined with what is there: `reduce` is "add" or "multiply". Has no derivative.
    "scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor" "fmion"
    |a| scatter_joined(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.scalar(3)?.into(), a.str(4)?);
    |_s| vec![];
    /// A copy to which elements of `src` are added along `dim` at the places that `index` names.
    "scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor" "fmio"
    |a| scatter_add(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?);
    into |a, y| write_over(y, a, Some(Join::Sum));
    |s| vec![
        vec![s.t(&[3, 2]), 0.into(), s.ints(3, &[4, 2]), s.t(&[4, 2])],
        vec![s.t(&[2, 3]), 1.into(), s.ints(3, &[2, 2]), s.t(&[3, 3])],
    ];
    /// Joins elements of `src` with those there, at the places that `index` names along `dim`: `reduce` is "sum", "prod",
    /// "mean", "amax" or "amin". Without `include_self` the places reached forget their old value.
    "scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor" "fmio"
    |a| scatter_reduce(a.tensor(0)?, a.int(1)?, a.tensor(2)?, a.tensor(3)?, a.str(4)?, a.bool(5)?);
    |s| ["sum", "prod", "mean", "amax", "amin"].into_iter().flat_map(|r| [true, false].map(|own| (r, own))).map(|(r, own)| {
        vec![s.t(&[3, 2]), 0.into(), s.ints(2, &[4, 2]), s.t(&[4, 2]), r.into(), own.into()]
    }).collect();
}

/// Scatters a call's fourth argument, a tensor or a number, into given memory.
fn write_over(y: &Tensor, a: &Args, join: Option<Join>) -> Result<()> {
    let (dim, index) = (a.int(1)?, a.tensor(2)?);
    check_overlap(y, index)?;
    match a.operand(3)? {
        Operand::Tensor(src) => {
            check_overlap(y, src)?;
            write_into(a.tensor(0)?, y, |y| write(y, dim, index, src, join))
        }
        Operand::Scalar(value) => {
            value.check_fits(y.dtype())?;
            write_into(a.tensor(0)?, y, |y| write_number(y, dim, index, value, join))
        }
    }
}

impl Samples {
    /// An index [n, m] whose places along dim 0 are all different.
    fn rows_apart(&mut self, n: usize, m: usize) -> Tensor {
        let v: Vec<i64> = (0..n * m).map(|i| ((i / m + i % m + 1) % n) as i64).collect();
        Tensor::from_slice(&v, &[n, m]).expect("a sample is small")
    }
}
