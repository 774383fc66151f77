//! Nodes of the graph as Python objects: what they show, and the hooks on them.
use super::error::in_program;
use super::hooks::{Around, Handle, replacement};
use super::identity::wrap;
use super::types::{PyDevice, dtype_object, size_object};
use crate::graph::{Extras, Kind, Node};
use pyo3::exceptions::{PyAttributeError, PyIndexError, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

/// A node of the graph: the op that made a tensor. Equal to any other object of the same node.
#[pyclass(frozen, subclass, name = "Node", module = "rusttorch.autograd.graph", weakref)]
pub struct PyNode(Held);

enum Held {
    /// The object shows the node, and is made when someone asks for it.
    Owned(Arc<Node>),
    /// The node of a custom function owns its object, the `ctx`, which knows its node once the function has run.
    Owner(OnceLock<Weak<Node>>),
}

impl PyNode {
    pub fn node(&self) -> PyResult<Arc<Node>> {
        let node = match &self.0 {
            Held::Owned(node) => Some(node.clone()),
            Held::Owner(node) => node.get().and_then(Weak::upgrade),
        };
        node.ok_or_else(|| {
            PyRuntimeError::new_err(
                "This attribute is invalid for this instance of autograd.Function: it has not been applied, or its graph \
                 is gone. Accessing it on an instance of autograd.Function directly is a legacy access pattern that is no \
                 longer supported.",
            )
        })
    }
    /// Makes the object of a custom function its node's.
    pub fn own(slf: &Bound<'_, Self>, node: &Arc<Node>) {
        if let Held::Owner(slot) = &slf.get().0 {
            let _ = slot.set(Arc::downgrade(node)); // a second application of the same ctx cannot happen
            node.extras().get_or_insert_default().object = Some(Box::new(slf.clone().into_any().unbind()));
            node.python.store(slf.as_ptr().cast(), Ordering::Relaxed);
        }
    }
}

impl Drop for PyNode {
    fn drop(&mut self) {
        // One object at a time shows a node, so this is it.
        let node = match &self.0 {
            Held::Owned(node) => Some(node.clone()),
            Held::Owner(node) => node.get().and_then(Weak::upgrade),
        };
        if let Some(node) = node {
            node.python.store(std::ptr::null_mut(), Ordering::Relaxed);
        }
    }
}

/// The Python object of a node: the one it has, or a new one.
pub fn node_object(py: Python<'_>, node: &Arc<Node>) -> PyResult<Py<PyAny>> {
    let shown: *mut ffi::PyObject = node.python.load(Ordering::Relaxed).cast();
    // SAFETY: the pointer is cleared when its object is freed; one that is being freed has no references.
    if !shown.is_null() && unsafe { ffi::Py_REFCNT(shown) } > 0 {
        // SAFETY: a live object.
        return Ok(unsafe { Bound::from_borrowed_ptr(py, shown) }.unbind());
    }
    let name = node.name();
    let object = Py::new(py, PyNode(Held::Owned(node.clone())))?.into_any();
    node.python.store(object.as_ptr().cast(), Ordering::Relaxed);
    // As in PyTorch, the class of a node has the node's name.
    object.bind(py).setattr("__class__", node_class(py, &name)?)?;
    Ok(object)
}
pub fn node_object_opt(py: Python<'_>, node: Option<Arc<Node>>) -> PyResult<Py<PyAny>> {
    node.map_or_else(|| Ok(py.None()), |node| node_object(py, &node))
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
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self(Held::Owner(OnceLock::new()))
    }
    /// PyTorch's name of the node, such as `MulBackward0`.
    fn name(slf: &Bound<'_, Self>) -> PyResult<String> {
        match slf.get().node() {
            Ok(node) if matches!(node.op, "AccumulateGrad" | "CopySlices" | "CopyBackwards" | "Error") => {
                Ok(format!("torch::autograd::{}", node.name()))
            }
            Ok(node) => Ok(node.name()),
            Err(_) => slf.get_type().name()?.extract(),
        }
    }
    /// For each input, the node its gradient goes to and the number of that node's output; (None, 0) for none.
    #[getter]
    fn next_functions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let items = self
            .node()?
            .edges
            .iter()
            .map(|e| match e {
                Some(e) => Ok((node_object(py, &e.node)?, e.nr)),
                None => Ok((py.None(), 0)),
            })
            .collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, items)
    }
    /// The leaf whose gradient this node accumulates.
    #[getter]
    fn variable(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        match slf.get().node().as_deref() {
            Ok(Node { kind: Kind::Leaf(t), .. }) => wrap(slf.py(), t.current()),
            _ => Err(no_attribute(slf, "variable")),
        }
    }
    /// A dict for notes on this node; anomaly mode keeps the forward call's traceback in it.
    #[getter]
    fn metadata(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let node = self.node()?;
        let known = |e: &Extras| Some(e.metadata.as_ref()?.downcast_ref::<Py<PyDict>>()?.clone_ref(py));
        if let Some(dict) = node.extras().as_deref().and_then(known) {
            return Ok(dict);
        }
        let dict = PyDict::new(py).unbind();
        node.extras().get_or_insert_default().metadata = Some(Box::new(dict.clone_ref(py)));
        Ok(dict)
    }
    /// Shape, dtype and device of each output, as far as the engine checks them.
    #[getter]
    fn _input_metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let metas = self.node()?.outputs.lock().clone();
        let metadata = py.import("rusttorch.autograd._edge")?.getattr("InputMetadata")?;
        let items = metas
            .iter()
            .map(|m| {
                let shape = size_object(py, &m.shape)?;
                let device = PyDevice::of(m.device);
                metadata.call1((shape, dtype_object(py, m.dtype), device))
            })
            .collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, items)
    }
    fn _sequence_nr(&self) -> PyResult<u64> {
        Ok(self.node()?.seq)
    }
    /// Calls `fn(grad_inputs, grad_outputs)` after the node ran; what it returns, if anything, replaces grad_inputs.
    fn register_hook(&self, r#fn: Py<PyAny>) -> PyResult<Handle> {
        Ok(Handle::on_node(&self.node()?, Around { function: r#fn, before: false }))
    }
    /// Calls `fn(grad_outputs)` before the node runs; what it returns, if anything, replaces grad_outputs.
    fn register_prehook(&self, r#fn: Py<PyAny>) -> PyResult<Handle> {
        Ok(Handle::on_node(&self.node()?, Around { function: r#fn, before: true }))
    }
    /// Calls the node with the gradients of its outputs; gives those of its inputs.
    #[pyo3(signature = (*grads))]
    fn __call__(slf: &Bound<'_, Self>, grads: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let node = slf.get().node()?;
        let grads = replacement(grads.as_any())?.unwrap_or_default();
        let results = py.detach(|| node.run(&grads, &|_| true))?;
        if let [one] = &results[..] {
            return super::identity::wrap_opt(py, one.clone());
        }
        Ok(super::hooks::tuple_of(py, &results)?.into_any().unbind())
    }
    /// The `at`th saved tensor of a custom function.
    fn _unpack_saved(&self, py: Python<'_>, at: usize) -> PyResult<Py<PyAny>> {
        let node = self.node()?;
        match node.saved().get(at) {
            Some(saved) => wrap(py, saved.get(&node)?),
            None => Err(PyIndexError::new_err("no such saved tensor")),
        }
    }
    fn _raw_saved(&self, py: Python<'_>, at: usize) -> PyResult<Py<PyAny>> {
        super::saved::raw(py, &self.node()?, at)
    }
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<Py<PyAny>> {
        let node =
            if name.starts_with("_saved_") || name.starts_with("_raw_saved_") { slf.get().node().ok() } else { None };
        if let Some(node) = node
            && let Some(value) = super::saved::attribute(slf.py(), &node, name)?
        {
            return Ok(value);
        }
        Err(no_attribute(slf, name))
    }
    fn __dir__(slf: &Bound<'_, Self>) -> PyResult<Vec<String>> {
        let mut names: Vec<String> = slf.py().get_type::<PyAny>().call_method1("__dir__", (slf,))?.extract()?;
        if let Ok(node) = slf.get().node() {
            names.extend(super::saved::names(&node));
        }
        Ok(names)
    }
    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<PyNode>() else { return false };
        match (slf.get().node(), other.get().node()) {
            (Ok(a), Ok(b)) => Arc::ptr_eq(&a, &b),
            _ => slf.is(other),
        }
    }
    fn __hash__(slf: &Bound<'_, Self>) -> usize {
        match &slf.get().0 {
            Held::Owned(node) => Arc::as_ptr(node) as usize >> 4,
            Held::Owner(_) => slf.as_ptr() as usize >> 4,
        }
    }
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Ok(format!("<{} object at {:#x}>", slf.get_type().name()?, slf.as_ptr() as usize))
    }
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.0 {
            Held::Owned(node) if Arc::strong_count(node) == 1 => super::hooks::visit_node(node, &visit),
            _ => Ok(()),
        }
    }
    fn __clear__(&self) {
        if let Held::Owned(node) = &self.0 {
            super::hooks::clear_node(node);
        }
    }
}

fn no_attribute(slf: &Bound<'_, PyNode>, name: &str) -> PyErr {
    let class = slf.get_type().name().map_or_else(|_| "Node".into(), |n| n.to_string());
    PyAttributeError::new_err(format!("'{class}' object has no attribute '{name}'"))
}

/// What a node's object of a custom function returns for the gradients of its outputs.
pub fn call_object(node: &Node, grads: &[Option<crate::Tensor>]) -> crate::Result<Vec<Option<crate::Tensor>>> {
    in_program(|py| {
        let ctx =
            node.extras().as_ref().and_then(|e| Some(e.object.as_ref()?.downcast_ref::<Py<PyAny>>()?.clone_ref(py)));
        let ctx = ctx.expect("set when the node was made");
        super::hooks::tensors(&ctx.bind(py).call_method1("_gradients", (super::hooks::tuple_of(py, grads)?,))?)
    })
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyNode>()
}
