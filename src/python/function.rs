//! Custom functions: the node that calls a Python function for its gradients.
use super::hooks::{tensors, tuple_of};
use super::identity::{read, wrap};
use super::node::{PyNode, call_object};
use crate::graph::{Meta, Node, Recorder, SavedAt};
use crate::ops;
use crate::tensor::Tensor;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};

/// What is special about an output of a custom function.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Plain,
    NonDifferentiable,
    /// An input that was changed in place.
    Dirty,
}

/// Gives `outputs`, computed without recording from `inputs`, a node whose gradients `ctx._gradients(grads)` makes.
/// `parts` says of each output whether it is plain (0), takes no gradient (1) or is an input changed in place (2).
/// Returns the outputs, which may be new views, and for each of `to_save` its number among the saved tensors.
#[pyfunction]
fn _record_function<'py>(
    py: Python<'py>,
    ctx: &Bound<'py, PyNode>,
    name: &str,
    inputs: &Bound<'py, PyAny>,
    outputs: &Bound<'py, PyAny>,
    parts: Vec<u8>,
    to_save: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyTuple>)> {
    let inputs: Vec<Tensor> = tensors(inputs)?.into_iter().flatten().collect();
    let given: Vec<Tensor> = tensors(outputs)?.into_iter().flatten().collect();
    let part = |nr: usize| match parts.get(nr) {
        Some(1) => Part::NonDifferentiable,
        Some(2) => Part::Dirty,
        _ => Part::Plain,
    };
    let is_input = |t: &Tensor| inputs.iter().any(|i| i.same(t));
    // An input handed back as it is, or a view of one, becomes a view of its own.
    let outputs: Vec<Tensor> = given
        .iter()
        .enumerate()
        .map(|(nr, t)| match part(nr) {
            Part::Dirty => t.clone(),
            Part::NonDifferentiable if is_input(t) && t.requires_grad() => t.detach(),
            _ if is_input(t) || t.base().is_some() => t.custom_view(),
            _ => t.clone(),
        })
        .collect();
    for (nr, t) in outputs.iter().enumerate() {
        if part(nr) != Part::Dirty {
            continue;
        }
        if t.requires_grad() && t.is_leaf() {
            return Err(PyRuntimeError::new_err(
                "a leaf Variable that requires grad has been used in an in-place operation.",
            ));
        }
        if t.base().is_some() && outputs.len() > 1 {
            return Err(PyRuntimeError::new_err(
                "If your custom Function modifies a view in-place, it must return that view and nothing else.",
            ));
        }
    }
    let edges = inputs.iter().map(Tensor::gradient_edge).collect();
    let mut recorder = Recorder::default();
    let at: Vec<Option<usize>> = tensors(to_save)?
        .iter()
        .map(|t| {
            let t = t.as_ref()?;
            let SavedAt(at) = match given.iter().position(|o| o.same(t)) {
                Some(nr) if !is_input(t) || part(nr) == Part::Dirty => recorder.output_nr("tensors", &outputs[nr], nr),
                _ => recorder.input("tensors", t),
            };
            Some(at)
        })
        .collect();
    recorder.check()?;
    let count = inputs.len();
    let node = Node::new(
        node_name(py, name)?,
        edges,
        outputs.iter().map(Meta::of).collect(),
        recorder,
        Box::new(move |b, grads| {
            let found = call_object(b.node, grads)?;
            ensure!(found.len() == count, "{} returned {} gradients for {count} inputs", b.node.name(), found.len());
            Ok(found.into())
        }),
    );
    PyNode::own(ctx, &node);
    for (nr, t) in outputs.iter().enumerate() {
        if part(nr) == Part::NonDifferentiable || !t.dtype().is_differentiable() {
            continue;
        }
        if part(nr) == Part::Dirty {
            let made = t.detach();
            made.set_grad_fn(node.clone(), nr);
            ops::relink(t, &made)?;
        } else {
            t.set_grad_fn(node.clone(), nr);
        }
    }
    let outputs = outputs.into_iter().map(|t| wrap(py, t)).collect::<PyResult<Vec<_>>>()?;
    Ok((PyList::new(py, outputs)?, PyTuple::new(py, at)?))
}

/// Where nothing is recorded: an input handed back as it is becomes an alias.
#[pyfunction]
fn _alias_unrecorded(py: Python<'_>, tensor: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let t = read(tensor)?;
    wrap(py, if t.requires_grad() { t.detach() } else { crate::graph::with_grad(false, || ops::alias(&t))? })
}

/// Results that cannot be differentiated again: a gradient that reaches them raises `message`.
#[pyfunction]
fn _refuse_gradient<'py>(
    py: Python<'py>,
    inputs: &Bound<'py, PyAny>,
    results: &Bound<'py, PyAny>,
    message: String,
) -> PyResult<Bound<'py, PyTuple>> {
    let inputs: Vec<Tensor> = tensors(inputs)?.into_iter().flatten().collect();
    let results: Vec<Option<Tensor>> = tensors(results)?.into_iter().map(|t| t.map(|t| t.detach())).collect();
    let edges = inputs.iter().map(Tensor::gradient_edge).collect();
    let metas = results.iter().flatten().map(Meta::of).collect();
    let formula = Box::new(move |_: &crate::graph::Backward, _: &[Option<Tensor>]| bail!("{message}"));
    let node = Node::new("Error", edges, metas, Recorder::default(), formula);
    for (nr, t) in results.iter().flatten().enumerate() {
        if t.dtype().is_differentiable() {
            t.set_grad_fn(node.clone(), nr);
        }
    }
    tuple_of(py, &results)
}

/// A name that lives for ever, made once.
fn node_name(py: Python<'_>, name: &str) -> PyResult<&'static str> {
    static NAMES: PyOnceLock<parking_lot::Mutex<std::collections::HashSet<&'static str>>> = PyOnceLock::new();
    let mut names = NAMES.get_or_init(py, Default::default).lock();
    if let Some(known) = names.get(name) {
        return Ok(known);
    }
    let kept: &'static str = Box::leak(name.to_string().into_boxed_str());
    names.insert(kept);
    Ok(kept)
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(_record_function, m)?)?;
    m.add_function(wrap_pyfunction!(_alias_unrecorded, m)?)?;
    m.add_function(wrap_pyfunction!(_refuse_gradient, m)?)
}
