//! Arithmetic on lists of tensors, one call for all of them.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::foreach::{Dense, PIECES};
use crate::gpu::{self, Gpu};
use crate::graph::{grad_enabled, with_grad};
use crate::ops::inplace::{assign, check_writable};
use crate::ops::vector_norm::linalg_vector_norm;
use crate::ops::*;
use crate::tensor::Tensor;
use smallvec::SmallVec;

type Binary = fn(&Tensor, Operand) -> Result<Tensor>;

/// What stands at the right of each tensor of the list.
enum Right<'a> {
    One(Operand<'a>),
    List(SmallVec<[&'a Tensor; 4]>),
    Numbers(Vec<Scalar>),
}

impl Right<'_> {
    fn at(&self, i: usize) -> Operand<'_> {
        match self {
            Right::One(o) => *o,
            Right::List(v) => Operand::Tensor(v[i]),
            Right::Numbers(v) => Operand::Scalar(v[i]),
        }
    }
    fn check(&self, n: usize) -> Result<()> {
        let len = match self {
            Right::One(_) => return Ok(()),
            Right::List(v) => v.len(),
            Right::Numbers(v) => v.len(),
        };
        ensure!(
            len == n,
            "Tensor lists must have the same number of tensors, got {n} and {len}"
        );
        Ok(())
    }
}

fn check_list(x: &[&Tensor]) -> Result<()> {
    ensure!(!x.is_empty(), "Tensor list must have at least one tensor.");
    Ok(())
}

fn each(x: &[&Tensor], right: &Right, f: impl Fn(&Tensor, Operand) -> Result<Tensor>) -> Result<Vec<Tensor>> {
    check_list(x)?;
    right.check(x.len())?;
    x.iter().enumerate().map(|(i, x)| f(x, right.at(i))).collect()
}
fn each_in_place(x: &[&Tensor], right: &Right, f: impl Fn(&Tensor, Operand) -> Result<Tensor>) -> Result<()> {
    check_list(x)?;
    right.check(x.len())?;
    x.iter().enumerate().try_for_each(|(i, x)| assign(x, &f(x, right.at(i))?))
}

/// Tensors as the GPU's kernels for lists take them: floats, of one dtype, on one device, dense, outside the graph.
fn dense<'a>(x: &[&'a Tensor]) -> Result<Option<(&'static Gpu, Vec<Dense<'a>>)>> {
    let Some(gpu) = x[0].gpu() else { return Ok(None) };
    let fits = |t: &&Tensor| {
        t.gpu().is_some_and(|g| std::ptr::eq(g, gpu))
            && t.dtype() == x[0].dtype()
            && t.dtype().is_float()
            && t.layout().is_dense()
            && !(grad_enabled() && t.requires_grad())
    };
    if !x.iter().all(fits) {
        return Ok(None);
    }
    let all = x.iter().map(|t| Ok(Dense { n: t.numel(), memory: t.on_gpu(gpu)? })).collect::<Result<_>>()?;
    Ok(Some((gpu, all)))
}

/// The norm of each tensor.
fn norms(x: &[&Tensor], ord: Scalar, dtype: Option<DType>) -> Result<Vec<Tensor>> {
    check_list(x)?;
    let order = ord.to_f64();
    // The largest of nothing is an error, which the op for one tensor words.
    let largest = order == f64::INFINITY && x.iter().all(|x| x.numel() > 0);
    let simple = dtype.is_none() && (order == 1.0 || order == 2.0 || largest);
    if simple && let Some((gpu, all)) = dense(x)? {
        let pieces = Tensor::empty(&[x.len(), PIECES], x[0].dtype().class().dtype())?;
        gpu::foreach::norms(gpu, &all, order, &pieces.on_gpu(gpu)?)?;
        let each = with_grad(false, || vector_norm(&pieces, order, &[1], false))?.cast_data(x[0].dtype())?;
        return Ok((0..x.len()).map(|i| each.with_layout(each.layout().select(0, i))).collect());
    }
    x.iter().map(|x| linalg_vector_norm(x, ord, &[], false, dtype)).collect()
}

/// Multiplies each tensor by one tensor, in place.
fn scale(x: &[&Tensor], by: &Tensor) -> Result<()> {
    check_list(x)?;
    if by.rank() == 0
        && by.dtype().is_float()
        && !(grad_enabled() && by.requires_grad())
        && let Some((gpu, all)) = dense(x)?
    {
        x.iter().try_for_each(|x| check_writable(x))?;
        gpu::foreach::scale(gpu, &all, &by.on_gpu(gpu)?)?;
        x.iter().for_each(|x| x.storage().bump());
        return Ok(());
    }
    each_in_place(x, &Right::One(Operand::Tensor(by)), MUL)
}

const ADD: Binary = |x, o| add(x, o);
const SUB: Binary = |x, o| sub(x, o);
const MUL: Binary = |x, o| mul(x, o);
const DIV: Binary = |x, o| div(x, o);

/// `f` of the other operand times `alpha`.
fn with_alpha(f: Binary, alpha: Scalar) -> impl Fn(&Tensor, Operand) -> Result<Tensor> {
    move |x, o| match (alpha, o) {
        (Scalar::Int(1), o) => f(x, o),
        (alpha, o) => f(x, Operand::Tensor(&mul(&o.to_tensor(x.dtype())?, alpha)?)),
    }
}

fn numbers(a: &Args, i: usize) -> Result<Vec<Scalar>> {
    match &a.0[i] {
        Arg::Scalars(v) => Ok(v.clone()),
        Arg::Ints(v) => Ok(v.iter().map(|&v| Scalar::Int(v)).collect()),
        Arg::Floats(v) => Ok(v.iter().map(|&v| Scalar::Float(v)).collect()),
        _ => bail!(Type, "argument {}: expected a list of numbers", i + 1),
    }
}

/// The in-place row calls and those that make new tensors.
macro_rules! both {
    ($a:ident, $right:expr, $f:expr) => {
        each(&$a.tensors(0)?, &$right, $f)
    };
    ($a:ident, $right:expr, $f:expr, in place) => {
        each_in_place(&$a.tensors(0)?, &$right, $f)
    };
}

fn pair(s: &mut Samples) -> Value {
    vec![s.tensor(&[2, 3]), s.tensor(&[2])].into()
}

rows! {
    /// The norm of each tensor, as `linalg.vector_norm`.
    "_foreach_norm.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]" "f"
    |a| norms(&a.tensors(0)?, a.scalar(1)?, a.opt_dtype(2)?);
    |s| vec![vec![pair(s), 2.0.into(), Value::None]];
    /// Adds a tensor to each tensor.
    "_foreach_add.Tensor(Tensor[] self, Tensor other, *, Scalar alpha=1) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), with_alpha(ADD, a.scalar(2)?));
    |s| vec![vec![pair(s), s.t(&[]), 2.0.into()]];
    /// Adds a tensor to each tensor, in place.
    "_foreach_add_.Tensor(Tensor(a!)[] self, Tensor other, *, Scalar alpha=1) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), with_alpha(ADD, a.scalar(2)?), in place);
    |s| vec![vec![pair(s), s.t(&[]), 2.0.into()]];
    /// Adds a number to each tensor.
    "_foreach_add.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), ADD);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Adds a number to each tensor, in place.
    "_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), ADD, in place);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Adds its own tensor to each tensor.
    "_foreach_add.List(Tensor[] self, Tensor[] other, *, Scalar alpha=1) -> Tensor[]" "f"
    |a| both!(a, Right::List(a.tensors(1)?), with_alpha(ADD, a.scalar(2)?));
    |s| vec![vec![pair(s), pair(s), 2.0.into()]];
    /// Adds its own tensor to each tensor, in place.
    "_foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()" "fn"
    |a| both!(a, Right::List(a.tensors(1)?), with_alpha(ADD, a.scalar(2)?), in place);
    |s| vec![vec![pair(s), pair(s), 2.0.into()]];
    /// Adds its own number to each tensor.
    "_foreach_add.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]" "f"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), ADD);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Adds its own number to each tensor, in place.
    "_foreach_add_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()" "fn"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), ADD, in place);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Subtracts a number from each tensor.
    "_foreach_sub.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), SUB);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Subtracts a number from each tensor, in place.
    "_foreach_sub_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), SUB, in place);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Subtracts its own tensor from each tensor.
    "_foreach_sub.List(Tensor[] self, Tensor[] other, *, Scalar alpha=1) -> Tensor[]" "f"
    |a| both!(a, Right::List(a.tensors(1)?), with_alpha(SUB, a.scalar(2)?));
    |s| vec![vec![pair(s), pair(s), 2.0.into()]];
    /// Subtracts its own tensor from each tensor, in place.
    "_foreach_sub_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()" "fn"
    |a| both!(a, Right::List(a.tensors(1)?), with_alpha(SUB, a.scalar(2)?), in place);
    |s| vec![vec![pair(s), pair(s), 2.0.into()]];
    /// Subtracts its own number from each tensor.
    "_foreach_sub.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]" "f"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), SUB);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Subtracts its own number from each tensor, in place.
    "_foreach_sub_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()" "fn"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), SUB, in place);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Multiplies each tensor by a tensor.
    "_foreach_mul.Tensor(Tensor[] self, Tensor other) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), MUL);
    |s| vec![vec![pair(s), s.t(&[])]];
    /// Multiplies each tensor by a tensor, in place.
    "_foreach_mul_.Tensor(Tensor(a!)[] self, Tensor other) -> ()" "fn"
    |a| scale(&a.tensors(0)?, a.tensor(1)?);
    |s| vec![vec![pair(s), s.t(&[])]];
    /// Multiplies each tensor by a number.
    "_foreach_mul.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), MUL);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Multiplies each tensor by a number, in place.
    "_foreach_mul_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), MUL, in place);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Multiplies each tensor by its own tensor.
    "_foreach_mul.List(Tensor[] self, Tensor[] other) -> Tensor[]" "f"
    |a| both!(a, Right::List(a.tensors(1)?), MUL);
    |s| vec![vec![pair(s), pair(s)]];
    /// Multiplies each tensor by its own tensor, in place.
    "_foreach_mul_.List(Tensor(a!)[] self, Tensor[] other) -> ()" "fn"
    |a| both!(a, Right::List(a.tensors(1)?), MUL, in place);
    |s| vec![vec![pair(s), pair(s)]];
    /// Multiplies each tensor by its own number.
    "_foreach_mul.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]" "f"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), MUL);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Multiplies each tensor by its own number, in place.
    "_foreach_mul_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()" "fn"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), MUL, in place);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Divides each tensor by a tensor.
    "_foreach_div.Tensor(Tensor[] self, Tensor other) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), DIV);
    |s| vec![vec![pair(s), s.t(&[])]];
    /// Divides each tensor by a tensor, in place.
    "_foreach_div_.Tensor(Tensor(a!)[] self, Tensor other) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), DIV, in place);
    |s| vec![vec![pair(s), s.t(&[])]];
    /// Divides each tensor by a number.
    "_foreach_div.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]" "f"
    |a| both!(a, Right::One(a.operand(1)?), DIV);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Divides each tensor by a number, in place.
    "_foreach_div_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()" "fn"
    |a| both!(a, Right::One(a.operand(1)?), DIV, in place);
    |s| vec![vec![pair(s), 1.5.into()]];
    /// Divides each tensor by its own tensor.
    "_foreach_div.List(Tensor[] self, Tensor[] other) -> Tensor[]" "f"
    |a| both!(a, Right::List(a.tensors(1)?), DIV);
    |s| vec![vec![pair(s), pair(s)]];
    /// Divides each tensor by its own tensor, in place.
    "_foreach_div_.List(Tensor(a!)[] self, Tensor[] other) -> ()" "fn"
    |a| both!(a, Right::List(a.tensors(1)?), DIV, in place);
    |s| vec![vec![pair(s), pair(s)]];
    /// Divides each tensor by its own number.
    "_foreach_div.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]" "f"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), DIV);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
    /// Divides each tensor by its own number, in place.
    "_foreach_div_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()" "fn"
    |a| both!(a, Right::Numbers(numbers(a, 1)?), DIV, in place);
    |s| vec![vec![pair(s), vec![1.5, 2.5].into()]];
}
