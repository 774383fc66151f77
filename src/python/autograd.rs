//! The engine for Python: running backward, nodes as objects, hooks.
use super::error::from_python;
use super::identity::{is_tensor, read, wrap, wrap_opt};
use crate::engine::{self, Options};
use crate::graph::{Edge, Extras, Formula, GradHook, Kind, Meta, Node, NodeHook, Recorder, SavedAt, Tracer};
use crate::tensor::Tensor;
use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyTypeError, PyUserWarning};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use std::any::Any;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// A node of the graph: the op that made a tensor. Equal to any other object of the same node.
#[pyclass(frozen, subclass, name = "Node", module = "rusttorch.autograd.graph", weakref)]
pub struct PyNode(pub Arc<Node>);

impl Drop for PyNode {
    fn drop(&mut self) {
        // One object at a time shows a node, so this is it.
        self.0.python.store(std::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// The Python object of a node: the one it has, or a new one.
pub fn node_object_opt(py: Python<'_>, node: Option<Arc<Node>>) -> PyResult<Py<PyAny>> {
    let Some(node) = node else { return Ok(py.None()) };
    let shown: *mut ffi::PyObject = node.python.load(Ordering::Relaxed).cast();
    // SAFETY: the pointer is cleared when its object is freed; one that is being freed has no references.
    if !shown.is_null() && unsafe { ffi::Py_REFCNT(shown) } > 0 {
        // SAFETY: a live object.
        return Ok(unsafe { Bound::from_borrowed_ptr(py, shown) }.unbind());
    }
    let name = node.name();
    let object = Py::new(py, PyNode(node.clone()))?.into_any();
    node.python.store(object.as_ptr().cast(), Ordering::Relaxed);
    // As in PyTorch, the class of a node has the node's name.
    object.bind(py).setattr("__class__", node_class(py, &name)?)?;
    Ok(object)
}

/// The subclass of `Node` for nodes of this name.
fn node_class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let classes = CLASSES.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(class) = classes.get_item(name)? {
        return Ok(class);
    }
    let body = PyDict::new(py);
    body.set_item("__slots__", PyTuple::empty(py))?;
    body.set_item("__module__", "rusttorch.autograd.graph")?;
    let class = py.get_type::<PyType>().call1((name, (py.get_type::<PyNode>(),), body))?;
    classes.set_item(name, &class)?;
    Ok(class)
}

#[pymethods]
impl PyNode {
    /// PyTorch's name of the node, such as `MulBackward0`.
    fn name(&self) -> String {
        if self.0.is_leaf() { format!("torch::autograd::{}", self.0.name()) } else { self.0.name() }
    }
    /// For each input, the node its gradient goes to and the number of that node's output; (None, 0) for none.
    #[getter]
    fn next_functions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let items = self
            .0
            .edges
            .iter()
            .map(|e| match e {
                Some(e) => Ok((node_object_opt(py, Some(e.node.clone()))?, e.nr)),
                None => Ok((py.None(), 0)),
            })
            .collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, items)
    }
    /// The leaf whose gradient this node accumulates.
    #[getter]
    fn variable(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &self.0.kind {
            Kind::Leaf(t) => wrap(py, t.current()),
            Kind::Op => {
                Err(PyAttributeError::new_err(format!("'{}' object has no attribute 'variable'", self.0.name())))
            }
        }
    }
    /// A dict for notes on this node; anomaly mode keeps the forward call's traceback in it.
    #[getter]
    fn metadata(&self, py: Python<'_>) -> Py<PyDict> {
        let known = |e: &Extras| Some(e.metadata.as_ref()?.downcast_ref::<Py<PyDict>>()?.clone_ref(py));
        if let Some(dict) = self.0.extras().as_deref().and_then(known) {
            return dict;
        }
        let dict = PyDict::new(py).unbind();
        self.0.extras().get_or_insert_default().metadata = Some(Box::new(dict.clone_ref(py)));
        dict
    }
    fn _sequence_nr(&self) -> u64 {
        self.0.seq
    }
    /// Calls `fn(grad_inputs, grad_outputs)` after the node ran; what it returns, if anything, replaces grad_inputs.
    fn register_hook(&self, py: Python<'_>, r#fn: Py<PyAny>) -> PyResult<PyNodeHook> {
        let hook = NodeHook::After(Arc::new(move |inputs: &[Option<Tensor>], outputs: &[Option<Tensor>]| {
            Python::attach(|py| {
                let args = (tuple_of(py, inputs)?, tuple_of(py, outputs)?);
                replacement(&r#fn.bind(py).call1(args)?)
            })
            .map_err(from_python)
        }));
        self.add_hook(py, hook)
    }
    /// Calls `fn(grad_outputs)` before the node runs; what it returns, if anything, replaces grad_outputs.
    fn register_prehook(&self, py: Python<'_>, r#fn: Py<PyAny>) -> PyResult<PyNodeHook> {
        let hook = NodeHook::Before(Arc::new(move |outputs: &[Option<Tensor>]| {
            Python::attach(|py| replacement(&r#fn.bind(py).call1((tuple_of(py, outputs)?,))?)).map_err(from_python)
        }));
        self.add_hook(py, hook)
    }
    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        match super::saved::attribute(py, &self.0, name)? {
            Some(value) => Ok(value),
            None => Err(PyAttributeError::new_err(format!("'{}' object has no attribute '{name}'", self.0.name()))),
        }
    }
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyNode>().is_ok_and(|o| Arc::ptr_eq(&o.get().0, &self.0))
    }
    fn __hash__(&self) -> usize {
        Arc::as_ptr(&self.0) as usize >> 4
    }
    fn __repr__(&self) -> String {
        format!("<{} object at {:#x}>", self.0.name(), Arc::as_ptr(&self.0) as usize)
    }
}

impl PyNode {
    fn add_hook(&self, _py: Python<'_>, hook: NodeHook) -> PyResult<PyNodeHook> {
        let id = NEXT_HOOK.fetch_add(1, Ordering::Relaxed);
        self.0.extras().get_or_insert_default().around.push((id, hook));
        Ok(PyNodeHook { node: Arc::downgrade(&self.0), id })
    }
}

/// A handle whose `remove()` takes a node's hook away again.
#[pyclass(frozen, name = "NodeHookHandle", module = "rusttorch.autograd.graph")]
pub struct PyNodeHook {
    node: Weak<Node>,
    id: u64,
}

#[pymethods]
impl PyNodeHook {
    fn remove(&self) {
        if let Some(node) = self.node.upgrade() {
            let removed =
                node.extras().as_mut().map(|e| e.around.extract_if(.., |h| h.0 == self.id).collect::<Vec<_>>());
            drop(removed); // after the lock: it may run Python code
        }
    }
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }
    fn __exit__(&self, _type: Py<PyAny>, _value: Py<PyAny>, _traceback: Py<PyAny>) {
        self.remove();
    }
}

fn tuple_of<'py>(py: Python<'py>, grads: &[Option<Tensor>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, grads.iter().map(|g| wrap_opt(py, g.clone())).collect::<PyResult<Vec<_>>>()?)
}
/// What a node's hook returned: nothing, one tensor or a tuple.
fn replacement(result: &Bound<'_, PyAny>) -> PyResult<Option<Vec<Option<Tensor>>>> {
    if result.is_none() {
        return Ok(None);
    }
    // SAFETY: a live object.
    if unsafe { is_tensor(result.as_ptr()) } {
        return Ok(Some(vec![Some(read(result)?)]));
    }
    tensors(result).map(Some)
}

/// The edge of a tensor or of a `GradientEdge`.
fn edge_of(o: &Bound<'_, PyAny>) -> PyResult<Option<Edge>> {
    // SAFETY: a live object.
    if unsafe { is_tensor(o.as_ptr()) } {
        return Ok(read(o)?.gradient_edge());
    }
    let node = o.getattr("node")?;
    let node = node.cast::<PyNode>().map_err(|_| PyTypeError::new_err("expected a Tensor or a GradientEdge"))?;
    Ok(Some(Edge { node: node.get().0.clone(), nr: o.getattr("output_nr")?.extract()? }))
}

/// A custom function's node: `outputs`, computed without recording from `inputs`, get a history in which `backward`
/// is called as `backward(saved, grads)` for the gradients of `inputs`. `saved` are the tensors `to_save` as they were.
#[pyfunction]
fn _record_function<'py>(
    py: Python<'py>,
    name: &str,
    inputs: &Bound<'py, PyAny>,
    outputs: &Bound<'py, PyAny>,
    to_save: &Bound<'py, PyAny>,
    differentiable: Vec<bool>,
    backward: Py<PyAny>,
) -> PyResult<()> {
    let inputs: Vec<Tensor> = tensors(inputs)?.into_iter().flatten().collect();
    let outputs: Vec<Tensor> = tensors(outputs)?.into_iter().flatten().collect();
    let saved = tensors(to_save)?;
    let count = inputs.len();
    let edges = inputs.iter().map(Tensor::gradient_edge).collect();
    let mut recorder = Recorder::default();
    let at: Vec<Option<SavedAt>> = saved
        .iter()
        .map(|t| {
            let t = t.as_ref()?;
            Some(match outputs.iter().position(|o| o.same(t)) {
                Some(nr) if !inputs.iter().any(|i| i.same(t)) => recorder.output_nr("tensors", t, nr),
                _ => recorder.input("tensors", t),
            })
        })
        .collect();
    let formula: Formula = Box::new(move |node, grads| {
        let saved = at.iter().map(|at| at.map(|at| node.get(at)).transpose()).collect::<crate::Result<Vec<_>>>()?;
        let result = Python::attach(|py| {
            let result = backward.bind(py).call1((tuple_of(py, &saved)?, tuple_of(py, grads)?))?;
            tensors(&result)
        })
        .map_err(from_python)?;
        ensure!(result.len() == count, "{} returned {} gradients for {count} inputs", node.node.name(), result.len());
        Ok(result.into())
    });
    if let Some(e) = recorder.error {
        return Err(e.into());
    }
    let metas = outputs.iter().map(Meta::of).collect();
    let node = Node::new(node_name(py, name)?, edges, metas, recorder, formula);
    for (nr, t) in outputs.iter().enumerate() {
        if differentiable.get(nr) == Some(&true) && t.dtype().is_differentiable() {
            t.set_grad_fn(node.clone(), nr);
        }
    }
    Ok(())
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

fn tensors(list: &Bound<'_, PyAny>) -> PyResult<Vec<Option<Tensor>>> {
    list.try_iter()?
        .map(|o| {
            let o = o?;
            if o.is_none() { Ok(None) } else { read(&o).map(Some) }
        })
        .collect()
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
        match edge_of(&t?)? {
            Some(e) => edges.push(e),
            None => {
                return Err(PyRuntimeError::new_err("One of the differentiated Tensors does not require grad"));
            }
        }
    }
    let o = Options { keep_graph, create_graph, accumulate: accumulate_grad, allow_unreachable };
    let grads = py.detach(|| engine::run(&roots, seeds, &edges, o))?;
    if accumulate_grad {
        return Ok(PyTuple::empty(py));
    }
    if !allow_unreachable && grads.iter().any(Option::is_none) {
        return Err(PyRuntimeError::new_err(
            "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this \
             is the desired behavior.",
        ));
    }
    let objects = grads.into_iter().map(|g| wrap_opt(py, g)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, objects)
}

static NEXT_HOOK: AtomicU64 = AtomicU64::new(1);

/// A Python callable as the engine's hook: called with the gradient (or the leaf), its result replaces the gradient.
struct PyHook(Py<PyAny>);
impl GradHook for PyHook {
    fn call(&self, g: &Tensor) -> crate::Result<Option<Tensor>> {
        Python::attach(|py| {
            let result = self.0.bind(py).call1((wrap(py, g.clone())?,))?;
            if result.is_none() {
                return Ok(None);
            }
            // SAFETY: a live object.
            if !unsafe { is_tensor(result.as_ptr()) } {
                let name = result.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
                return Err(PyTypeError::new_err(format!("hook returned a {name}, expected a Tensor")));
            }
            read(&result).map(Some)
        })
        .map_err(from_python)
    }
    fn object(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }
}

/// A hook on a tensor's gradient; returns the number it is removed by.
pub fn add_hook(t: &Tensor, f: Py<PyAny>) -> PyResult<u64> {
    let id = NEXT_HOOK.fetch_add(1, Ordering::Relaxed);
    let hook = Arc::new(PyHook(f));
    match t.grad_fn() {
        Some(e) => e.node.add_hook(id, e.nr, hook),
        None => t.history().state().hooks.get_or_insert_default().before.push((id, hook)),
    }
    Ok(id)
}
pub fn add_post_hook(t: &Tensor, f: Py<PyAny>) -> PyResult<u64> {
    let id = NEXT_HOOK.fetch_add(1, Ordering::Relaxed);
    t.history().state().hooks.get_or_insert_default().after.push((id, Arc::new(PyHook(f))));
    Ok(id)
}
pub fn remove_hook(t: &Tensor, id: u64) {
    let mut dropped = vec![];
    if let Some(e) = t.grad_fn() {
        if let Some(extras) = &mut *e.node.extras() {
            dropped.extend(extras.hooks.extract_if(.., |h| h.0 == id).map(|(id, _, h)| (id, h)));
        }
    }
    if let Some(h) = t.history_if_any() {
        let mut state = h.state();
        // Moved out of the lock: dropping a hook may run Python code.
        if let Some(hooks) = &mut state.hooks {
            dropped.extend(hooks.before.extract_if(.., |h| h.0 == id));
            dropped.extend(hooks.after.extract_if(.., |h| h.0 == id));
        }
    }
}

/// Keeps the gradient of a tensor that is no leaf.
pub fn retain_grad(t: &Tensor) -> PyResult<()> {
    if !t.requires_grad() {
        return Err(PyRuntimeError::new_err("can't retain_grad on Tensor that has requires_grad=False"));
    }
    let Some(e) = t.grad_fn() else { return Ok(()) };
    let history = Arc::downgrade(&t.shared_history());
    if std::mem::replace(&mut t.history().state().retains_grad, true) {
        return Ok(());
    }
    let hook = move |g: &Tensor| {
        if let Some(h) = history.upgrade() {
            let old = h.state().grad.take();
            let new = match &old {
                Some(old) => crate::ops::add(&**old, g)?,
                None => g.clone(),
            };
            h.state().grad = Some(Box::new(new));
        }
        Ok(None)
    };
    e.node.add_hook(0, e.nr, Arc::new(hook));
    Ok(())
}

/// A new node's notes in anomaly mode: the traceback, and the node in whose backward it was made.
fn trace(parent: Option<&Arc<Node>>) -> Option<Box<dyn Any + Send + Sync>> {
    Python::attach(|py| {
        let notes = PyDict::new(py);
        notes.set_item("traceback_", py.import("traceback").ok()?.call_method0("format_stack").ok()?).ok()?;
        if let Some(parent) = parent {
            notes.set_item("parent_", node_object_opt(py, Some(parent.clone())).ok()?).ok()?;
        }
        Some(Box::new(notes.unbind()) as Box<dyn Any + Send + Sync>)
    })
}

/// Warns that a node failed, with the tracebacks of the forward calls that led to it.
fn report(node: &Arc<Node>) -> crate::Result<()> {
    Python::attach(|py| {
        let warn = |text: String| {
            let text = std::ffi::CString::new(text.replace('\0', "?")).expect("no NUL is left");
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 0)
        };
        fn notes<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
            Ok(node.getattr("metadata")?.cast_into::<PyDict>()?)
        }
        let stack = |notes: &Bound<'_, PyDict>| match notes.get_item("traceback_")? {
            Some(lines) => Ok(Some(lines.try_iter()?.map(|l| l?.extract::<String>()).collect::<PyResult<String>>()?)),
            None => PyResult::Ok(None),
        };
        let mut name = node.name();
        let mut notes_now = notes(node_object_opt(py, Some(node.clone()))?.bind(py))?;
        let Some(lines) = stack(&notes_now)? else {
            return warn(format!(
                "Error detected in {name}. No forward pass information available. Enable detect anomaly during forward \
                 pass for more information."
            ));
        };
        warn(format!("Error detected in {name}. Traceback of forward call that caused the error:\n{lines}"))?;
        while let Some(parent) = notes_now.get_item("parent_")? {
            notes_now = notes(&parent)?;
            let parent_name: String = parent.call_method0("name")?.extract()?;
            match stack(&notes_now)? {
                Some(lines) => warn(format!(
                    "\n\nPrevious calculation was induced by {parent_name}. Traceback of forward call that induced the \
                     previous calculation:\n{lines}"
                ))?,
                None => warn(format!(
                    "\n\nPrevious calculation of {name} was induced by {parent_name}. No forward pass information \
                     available. Enable detect anomaly during forward pass for more information."
                ))?,
            }
            name = parent_name;
        }
        Ok(())
    })
    .map_err(from_python)
}

/// The number of the backward pass that this thread is in, or -1.
#[pyfunction]
fn _current_graph_task_id() -> i64 {
    engine::current_task().map_or(-1, |id| id as i64)
}
/// Whether the backward pass in progress will run a node.
#[pyfunction]
fn _will_engine_execute_node(node: &Bound<'_, PyNode>) -> PyResult<bool> {
    Ok(engine::will_run(&node.get().0)?)
}
/// Calls `callback()` at the end of the backward pass in progress.
#[pyfunction]
fn _queue_callback(callback: Py<PyAny>) -> PyResult<()> {
    Ok(engine::at_end(Box::new(move || Python::attach(|py| callback.call0(py).map(drop)).map_err(from_python)))?)
}

/// Anomaly mode, for all threads.
#[pyfunction]
#[pyo3(signature = (enabled, check_nan=true))]
fn set_anomaly_enabled(enabled: bool, check_nan: bool) {
    crate::graph::set_anomaly(enabled, check_nan);
}
#[pyfunction]
fn is_anomaly_enabled() -> bool {
    crate::graph::anomaly()
}
#[pyfunction]
fn is_anomaly_check_nan_enabled() -> bool {
    crate::graph::anomaly_checks_nan()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyNode>()?;
    m.add_class::<PyNodeHook>()?;
    crate::graph::set_tracer(Tracer { trace, report });
    m.add_function(wrap_pyfunction!(set_anomaly_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(is_anomaly_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(is_anomaly_check_nan_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(_current_graph_task_id, m)?)?;
    m.add_function(wrap_pyfunction!(_will_engine_execute_node, m)?)?;
    m.add_function(wrap_pyfunction!(_queue_callback, m)?)?;
    m.add_function(wrap_pyfunction!(_record_function, m)?)?;
    m.add_function(wrap_pyfunction!(_run_backward, m)?)
}
