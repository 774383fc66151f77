//! Writing into a tensor that has a place in the graph: checks, versions, and the new history of tensor and base.
use crate::dtype::can_cast;
use crate::error::Result;
use crate::graph::{Creation, before_write, grad_enabled, inference};
use crate::layout::{Dims, broadcast, show};
use crate::ops::strided::{as_strided_backward, strided_part};
use crate::ops::view::regrow;
use crate::ops::*;
use crate::tensor::Tensor;
use std::collections::HashSet;

/// Refuses a write that PyTorch refuses: to a leaf that requires grad, to memory with several indices per element, to
/// read-only memory, to an inference tensor outside its mode.
pub fn check_writable(x: &Tensor) -> Result<()> {
    check_one_index_per_element(x)?;
    check_fillable(x)
}

/// As `check_writable`, for a write of one value everywhere: several indices per element do no harm.
pub(crate) fn check_fillable(x: &Tensor) -> Result<()> {
    ensure!(x.storage().writable(), "the memory of this tensor is read-only: clone() it before writing");
    before_write(x)?;
    if x.history_if_any().is_none() {
        return Ok(());
    }
    ensure!(
        !x.is_inference() || inference(),
        "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal \
         tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
    );
    if !grad_enabled() {
        return Ok(());
    }
    if x.requires_grad() && x.grad_fn().is_none() {
        bail!("a leaf Variable that requires grad is being used in an in-place operation.");
    }
    if let (Some(base), Some(creation)) = (x.base(), x.creation()) {
        let op = || x.grad_fn().map_or_else(|| "an op".into(), |e| e.node.name());
        if creation == Creation::Custom && x.requires_grad() {
            bail!(
                "Output {} of {} is a view and is being modified inplace. This view was created inside a custom \
                 Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would \
                 override the custom backward associated with the custom Function, leading to incorrect gradients. This \
                 behavior is forbidden. You can fix this by cloning the output of the custom Function.",
                x.grad_fn().map_or(0, |e| e.nr),
                op().trim_end_matches("Backward")
            );
        }
        ensure!(
            !(base.requires_grad() && base.grad_fn().is_none()),
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        );
        match creation {
            Creation::MultiOutput if x.requires_grad() => bail!(
                "Output {} of {} is a view and is being modified inplace. This view is the output of a function that \
                 returns multiple views. Such functions do not allow the output views to be modified inplace. You \
                 should replace the inplace operation by an out-of-place one.",
                x.grad_fn().map_or(0, |e| e.nr),
                op()
            ),
            Creation::NoGrad if base.requires_grad() => bail!(
                "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that \
                 this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both \
                 the view and the inplace either both inside the no_grad block (if you don't want the inplace to be \
                 tracked) or both outside (if you want the inplace to be tracked)."
            ),
            _ => {}
        }
    }
    Ok(())
}

fn check_one_index_per_element(x: &Tensor) -> Result<()> {
    ensure!(
        !x.layout().may_overlap_itself(),
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. \
         Please clone() the tensor before performing the operation."
    );
    Ok(())
}

/// Whether no memory between the first and the last element is common to both.
fn apart(x: &Tensor, input: &Tensor) -> bool {
    let (a, b) = (x.layout(), input.layout());
    let (sa, sb) = (x.dtype().size(), input.dtype().size());
    !x.storage().same(input.storage())
        || x.numel() == 0
        || input.numel() == 0
        || a.end() * sa <= b.offset * sb
        || b.end() * sb <= a.offset * sa
}
const SHARED: &str = "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single \
    memory location. Please clone() the tensor before performing the operation.";

/// Refuses operands that share part of the written memory without being the same elements.
pub fn check_overlap(x: &Tensor, input: &Tensor) -> Result<()> {
    if apart(x, input) {
        return Ok(());
    }
    // Only layouts without gaps are known to meet where their extents meet.
    ensure!(same_elements(x, input) || !x.layout().is_dense() || !input.layout().is_dense(), "{SHARED}");
    Ok(())
}

/// Whether two tensors show the same memory in the same way.
fn same_elements(x: &Tensor, input: &Tensor) -> bool {
    let (a, b) = (x.layout(), input.layout());
    a.offset == b.offset && a.strides == b.strides && a.shape == b.shape && x.dtype() == input.dtype()
}

/// Whether an op that goes element by element may write to `x` while it reads `input`.
pub fn same_or_apart(x: &Tensor, input: &Tensor) -> bool {
    apart(x, input) || same_elements(x, input)
}

/// Whether an elementwise op may write where `out=` is as it goes: the result fits there as it is, and each operand is the
/// same elements or memory apart.
pub fn takes_directly(out: &Tensor, args: &[Arg]) -> bool {
    let alike = |t: &Tensor| t.dtype() == out.dtype() && t.device() == out.device();
    let mut shape: Option<Dims> = None;
    for a in args {
        match a {
            Arg::Tensor(t) if alike(t) && same_or_apart(out, t) => {
                let wider = shape.map_or_else(|| Ok(t.shape().into()), |shape| broadcast(&shape, t.shape()));
                let Ok(wider) = wider else { return false };
                shape = Some(wider);
            }
            Arg::Tensor(_) | Arg::Tensors(_) | Arg::OptTensors(_) => return false,
            _ => {}
        }
    }
    shape.is_some_and(|shape| shape[..] == *out.shape()) && check_writable(out).is_ok()
}

/// Ops that PyTorch computes straight into `out=`, in an order that makes no sense where that is one of the inputs.
pub const READS_AS_IT_WRITES: &[&str] = &["cat", "gather", "index_select", "take"];

/// Refuses an `out=` with several indices per element, or that shares any memory with an input.
pub fn check_apart(out: &Tensor, input: &Tensor) -> Result<()> {
    check_one_index_per_element(out)?;
    ensure!(!(std::ptr::eq(out, input) || out.same(input)) && apart(out, input), "{SHARED}");
    Ok(())
}

/// `x[...] = y`, where `y` is what an op made of it (perhaps from `x` itself): data, version and history.
pub fn assign(x: &Tensor, y: &Tensor) -> Result<()> {
    ensure!(
        can_cast(y.dtype(), x.dtype()),
        "result type {} can't be cast to the desired output type {}",
        y.dtype().scalar_name(),
        x.dtype().scalar_name()
    );
    overwrite(x, y)
}

/// As `assign`, for any dtypes (`copy_`).
pub fn overwrite(x: &Tensor, y: &Tensor) -> Result<()> {
    ensure!(
        x.shape() == y.shape(),
        "output with shape {} doesn't match the broadcast shape {}",
        show(x.shape()),
        show(y.shape())
    );
    check_writable(x)?;
    let tracked = grad_enabled() && (x.requires_grad() || y.requires_grad()) && x.dtype().is_differentiable();
    if !tracked {
        x.copy_data(y);
        x.storage().bump();
        return Ok(());
    }
    let y = to(y, Some(x.device()), Some(x.dtype()), false, None)?;
    if let Some(edge) = y.grad_fn() {
        edge.node.keep_before_write(x)?;
    }
    rebase(x, &y)?;
    Ok(())
}

/// As `assign`, where `y` was made of `x` by an op that is itself made of ops: by the nodes from number `since` on.
pub fn assign_made_since(x: &Tensor, y: &Tensor, since: u64) -> Result<()> {
    let mut stack: Vec<_> = y.grad_fn().map(|e| e.node).into_iter().collect();
    let mut seen = HashSet::new();
    while let Some(node) = stack.pop() {
        let older = node.edges.iter().flatten().map(|e| &e.node).filter(|n| !n.is_leaf() && n.seq >= since);
        stack.extend(older.filter(|n| seen.insert(n.seq)).cloned());
        node.keep_before_write(x)?;
    }
    assign(x, y)
}

/// Gives `x` the data and the history of `y`.
fn rebase(x: &Tensor, y: &Tensor) -> Result<()> {
    let link = link(x, y)?;
    x.copy_data(y);
    x.storage().bump();
    link();
    Ok(())
}

/// Gives `x`, which has been written to, the history of `y`.
pub fn relink(x: &Tensor, y: &Tensor) -> Result<()> {
    link(x, y)?();
    Ok(())
}

/// Prepares `x` to take the history of `y`; a view hands its base a node that joins both. What it returns is to be
/// called once the data is there.
fn link<'a>(x: &'a Tensor, y: &Tensor) -> Result<impl FnOnce() + use<'a>> {
    let before = x.grad_fn();
    let base = x.base();
    let edge = match &base {
        None if y.requires_grad() => y.gradient_edge(),
        // A constant was written: the tensor stays in the graph, without influence on what came before.
        None => y
            .detach()
            .record("fill", &[x], |_, _| Box::new(|_, _| Ok(smallvec::smallvec![None])))?
            .gradient_edge(),
        Some(base) => {
            let (view, whole) = (x.layout().clone(), base.layout().clone());
            let shell = Tensor::new(base.storage().clone(), whole.clone(), base.dtype());
            let node = shell.record("CopySlices", &[base, y], |_, _| {
                Box::new(move |node, g| {
                    let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
                    let part = strided_part(g, &view, &whole)?;
                    let rest = if node.needs(0) {
                        Some(sub(g, &as_strided_backward(&part, &view, &whole, g.dtype())?)?)
                    } else {
                        None
                    };
                    Ok(smallvec::smallvec![rest, Some(part)])
                })
            })?;
            node.grad_fn()
        }
    };
    Ok(move || {
        let Some(edge) = edge else { return };
        let edge = match base {
            None => edge,
            Some(base) => {
                base.set_grad_fn(edge.node, edge.nr);
                crate::graph::Edge { node: regrow(&base, x), nr: 0 }
            }
        };
        x.set_grad_fn(edge.node.clone(), edge.nr);
        x.view_is_current();
        if let Some(before) = before {
            x.retain_at(&before, &edge);
        }
    })
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
