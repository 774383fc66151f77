//! The engine for Python: running backward, and what code that it calls may ask of it.
use super::error::in_program;
use super::hooks::tensors;
use super::identity::{is_tensor, read, wrap_opt};
use super::node::PyNode;
use crate::engine::{self, Options};
use crate::graph::Edge;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The edge of a tensor or of a `GradientEdge`.
fn edge_of(o: &Bound<'_, PyAny>) -> PyResult<Option<Edge>> {
    // SAFETY: a live object.
    if unsafe { is_tensor(o.as_ptr()) } {
        return Ok(read(o)?.gradient_edge());
    }
    let node = o.getattr("node")?;
    let node = node.cast::<PyNode>().map_err(|_| PyTypeError::new_err("expected a Tensor or a GradientEdge"))?;
    Ok(Some(Edge { node: node.get().node()?, nr: o.getattr("output_nr")?.extract()? }))
}

/// The engine: gradients of `tensors` into leaves (`accumulate_grad`), or those of `inputs`, as a tuple.
#[pyfunction]
#[pyo3(signature = (tensors_, grad_tensors, keep_graph, create_graph, inputs, allow_unreachable, accumulate_grad))]
fn _run_backward<'py>(
    py: Python<'py>,
    tensors_: &Bound<'py, PyAny>,
    grad_tensors: &Bound<'py, PyAny>,
    keep_graph: bool,
    create_graph: bool,
    inputs: &Bound<'py, PyAny>,
    allow_unreachable: bool,
    accumulate_grad: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let mut roots = vec![];
    let mut seeds = vec![];
    for (i, (root, seed)) in tensors_.try_iter()?.zip(tensors(grad_tensors)?).enumerate() {
        let root = root?;
        let Some(edge) = edge_of(&root)? else {
            return Err(PyRuntimeError::new_err(format!(
                "element {i} of tensors does not require grad and does not have a grad_fn"
            )));
        };
        roots.push(edge);
        seeds.push(match seed {
            Some(s) => s,
            None => engine::implicit_seed(&read(&root)?)?,
        });
    }
    let mut edges: Vec<Edge> = vec![];
    for t in inputs.try_iter()? {
        let t = t?;
        match edge_of(&t)? {
            Some(e) => {
                // SAFETY: a live object.
                if accumulate_grad && !e.node.is_leaf() && unsafe { is_tensor(t.as_ptr()) } {
                    super::hooks::retain_grad(&read(&t)?)?;
                }
                edges.push(e);
            }
            None => {
                return Err(PyRuntimeError::new_err("One of the differentiated Tensors does not require grad"));
            }
        }
    }
    let o = Options { keep_graph, create_graph, accumulate: accumulate_grad, allow_unreachable };
    let grads = super::error::guard(|| Ok(py.detach(|| engine::run(&roots, seeds, &edges, o))?))?;
    if accumulate_grad {
        return Ok(PyTuple::empty(py));
    }
    if !allow_unreachable && let Some(i) = grads.iter().position(Option::is_none) {
        return Err(PyRuntimeError::new_err(format!(
            "The differentiated Tensor at index {i} appears to not have been used in the graph. Set allow_unused=True if \
             this is the desired behavior."
        )));
    }
    let objects = grads.into_iter().map(|g| wrap_opt(py, g)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, objects)
}

/// The number of the backward pass that this thread is in, or -1.
#[pyfunction]
fn _current_graph_task_id() -> i64 {
    engine::current_task().map_or(-1, |id| id as i64)
}
/// Whether the backward pass in progress will run a node.
#[pyfunction]
fn _will_engine_execute_node(node: &Bound<'_, PyNode>) -> PyResult<bool> {
    Ok(engine::will_run(&node.get().node()?)?)
}
/// Whether this thread is in no backward pass for given inputs: a backward inside it may add to every leaf.
#[pyfunction]
fn _is_checkpoint_valid() -> bool {
    engine::in_full()
}
/// Calls `callback()` at the end of the backward pass in progress.
#[pyfunction]
fn _queue_callback(callback: Py<PyAny>) -> PyResult<()> {
    Ok(engine::at_end(Box::new(move || in_program(|py| callback.call0(py).map(drop))))?)
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(_current_graph_task_id, m)?)?;
    m.add_function(wrap_pyfunction!(_will_engine_execute_node, m)?)?;
    m.add_function(wrap_pyfunction!(_is_checkpoint_valid, m)?)?;
    m.add_function(wrap_pyfunction!(_queue_callback, m)?)?;
    m.add_function(wrap_pyfunction!(_run_backward, m)?)
}
