//! Python functions as hooks of tensors and nodes, their handles, and what the garbage collector may see of them.
use super::error::in_program;
use super::identity::{is_tensor, read, wrap, wrap_opt};
use super::saved::Packed;
use crate::graph::{GradHook, Hooks, Node, NodeHook, Replaced};
use crate::layout::show;
use crate::tensor::Tensor;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Numbers by which hooks are removed; `Hooks::RETAIN` is none of them.
static NEXT: AtomicU64 = AtomicU64::new(Hooks::RETAIN + 1);

/// A hook of a tensor: called with the gradient, its result replaces it; or called with the leaf after accumulation.
struct OfTensor {
    function: Py<PyAny>,
    after: bool,
}
impl GradHook for OfTensor {
    fn call(&self, g: &Tensor) -> crate::Result<Option<Tensor>> {
        in_program(|py| {
            let function = self.function.bind(py);
            let result = function.call1((wrap(py, g.clone())?,))?;
            if result.is_none() {
                return Ok(None);
            }
            // SAFETY: a live object.
            if !unsafe { is_tensor(result.as_ptr()) } {
                let name = result.get_type().name()?;
                return Err(PyTypeError::new_err(format!("expected Variable, but hook returned '{name}'")));
            }
            if self.after {
                return Err(PyRuntimeError::new_err("Tensor post accumulate grad hooks should return None."));
            }
            let new = Some(read(&result)?);
            check_replacement(function, &Some(g.clone()), &new)?;
            Ok(new)
        })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A hook of a node, before or after it runs.
pub struct Around {
    pub function: Py<PyAny>,
    pub before: bool,
}
impl Around {
    fn call<'py>(&self, args: &[&[Option<Tensor>]], py: Python<'py>) -> PyResult<Option<Vec<Option<Tensor>>>> {
        let function = self.function.bind(py);
        let given = args.iter().map(|a| tuple_of(py, a)).collect::<PyResult<Vec<_>>>()?;
        let new = replacement(&function.call1(PyTuple::new(py, given)?)?)?;
        if let Some(new) = &new {
            let (old, name) = (args[0], name_of(function));
            if new.len() != old.len() {
                let (got, expected) = (new.len(), old.len());
                return Err(PyRuntimeError::new_err(format!(
                    "hook '{name}' has returned an incorrect number of values (got {got}, but expected {expected})"
                )));
            }
            old.iter().zip(new).try_for_each(|(old, new)| check_replacement(function, old, new))?;
        }
        Ok(new)
    }
}
impl NodeHook for Around {
    fn before(&self, outputs: &[Option<Tensor>]) -> Replaced {
        if !self.before {
            return Ok(None);
        }
        in_program(|py| self.call(&[outputs], py))
    }
    fn after(&self, inputs: &[Option<Tensor>], outputs: &[Option<Tensor>]) -> Replaced {
        if self.before {
            return Ok(None);
        }
        in_program(|py| self.call(&[inputs, outputs], py))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn name_of(function: &Bound<'_, PyAny>) -> String {
    let name = function.getattr("__name__").or_else(|_| function.get_type().getattr("__name__"));
    name.map_or_else(|_| "hook".into(), |n| n.to_string())
}
/// That a gradient may be replaced by another.
fn check_replacement(function: &Bound<'_, PyAny>, old: &Option<Tensor>, new: &Option<Tensor>) -> PyResult<()> {
    let Some(new) = new else { return Ok(()) };
    let Some(old) = old else {
        return Err(PyRuntimeError::new_err("can't replace a None gradient with a non-None value"));
    };
    if old.shape() != new.shape() {
        let (name, was, got) = (name_of(function), show(old.shape()), show(new.shape()));
        let text = format!("hook '{name}' has changed the size of value (was {was} got {got})");
        return Err(PyRuntimeError::new_err(text));
    }
    if (old.dtype(), old.device()) != (new.dtype(), new.device()) {
        let (name, was, got) = (name_of(function), old.type_name(), new.type_name());
        let text = format!("hook '{name}' has changed the type of value (was {was} got {got})");
        return Err(PyRuntimeError::new_err(text));
    }
    Ok(())
}

pub fn tuple_of<'py>(py: Python<'py>, grads: &[Option<Tensor>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, grads.iter().map(|g| wrap_opt(py, g.clone())).collect::<PyResult<Vec<_>>>()?)
}
/// A sequence of tensors and None.
pub fn tensors(list: &Bound<'_, PyAny>) -> PyResult<Vec<Option<Tensor>>> {
    list.try_iter()?
        .map(|o| {
            let o = o?;
            if o.is_none() { Ok(None) } else { read(&o).map(Some) }
        })
        .collect()
}
/// What a node's hook returned: nothing, one tensor or a tuple.
pub fn replacement(result: &Bound<'_, PyAny>) -> PyResult<Option<Vec<Option<Tensor>>>> {
    if result.is_none() {
        return Ok(None);
    }
    // SAFETY: a live object.
    if unsafe { is_tensor(result.as_ptr()) } {
        return Ok(Some(vec![Some(read(result)?)]));
    }
    tensors(result).map(Some)
}

/// A hook on a tensor's gradient; returns the number it is removed by.
pub fn add(t: &Tensor, function: Py<PyAny>) -> u64 {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let hook = Arc::new(OfTensor { function, after: false });
    match t.grad_fn() {
        Some(e) => e.node.add_hook(id, e.nr, hook),
        None => t.history().state().hooks.get_or_insert_default().before.push((id, hook)),
    }
    id
}
/// A hook on a leaf whose gradient was added to.
pub fn add_after(t: &Tensor, function: Py<PyAny>) -> u64 {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let hook = Arc::new(OfTensor { function, after: true });
    t.history().state().hooks.get_or_insert_default().after.push((id, hook));
    id
}
pub fn remove(t: &Tensor, id: u64) {
    let mut dropped = vec![];
    if let Some(e) = t.grad_fn()
        && let Some(extras) = &mut *e.node.extras()
    {
        dropped.extend(extras.hooks.extract_if(.., |h| h.0 == id).map(|(id, _, h)| (id, h)));
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
/// The hooks on a tensor's gradient by number, or None.
pub fn of_tensor(py: Python<'_>, t: &Tensor) -> PyResult<Py<PyAny>> {
    let mut found: Vec<(u64, Arc<dyn GradHook>)> = vec![];
    if let Some(e) = t.grad_fn()
        && let Some(extras) = &*e.node.extras()
    {
        found.extend(extras.hooks.iter().filter(|h| h.1 == e.nr).map(|(id, _, h)| (*id, h.clone())));
    }
    if let Some(h) = t.history_if_any() {
        found.extend(h.state().hooks.iter().flat_map(|h| h.before.clone()));
    }
    let d = py.import("collections")?.getattr("OrderedDict")?.call0()?;
    for (id, hook) in &found {
        if let Some(h) = hook.as_any().downcast_ref::<OfTensor>() {
            d.set_item(id, h.function.clone_ref(py))?;
        }
    }
    Ok(if d.is_truthy()? { d.unbind() } else { py.None() })
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
    e.node.add_hook(Hooks::RETAIN, e.nr, Arc::new(hook));
    Ok(())
}

/// A handle whose `remove()` takes a node's hook away again.
#[pyclass(frozen, name = "NodeHookHandle", module = "rusttorch.autograd.graph", weakref)]
pub struct Handle {
    node: Weak<Node>,
    #[pyo3(get)]
    id: u64,
}

impl Handle {
    pub fn on_node(node: &Arc<Node>, hook: Around) -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        node.extras().get_or_insert_default().around.push((id, Arc::new(hook)));
        Self { node: Arc::downgrade(node), id }
    }
}

#[pymethods]
impl Handle {
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

// ---- the garbage collector: it may see what a tensor or node alone owns. Locks are only tried, for it can run anywhere.

pub fn visit_tensor(t: &Tensor, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    if !t.owns_history() {
        return Ok(());
    }
    let Some(state) = t.history_if_any().and_then(|h| h.try_state()) else { return Ok(()) };
    if let Some(hooks) = &state.hooks {
        for (_, hook) in hooks.before.iter().chain(&hooks.after) {
            visit_hook(hook, visit)?;
        }
    }
    match &state.grad_fn {
        Some(e) if Arc::strong_count(&e.node) == 1 => visit_node(&e.node, visit),
        _ => Ok(()),
    }
}
pub fn visit_node(node: &Arc<Node>, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    if let Some(extras) = node.try_extras()
        && let Some(extras) = &*extras
    {
        for (_, _, hook) in &extras.hooks {
            visit_hook(hook, visit)?;
        }
        for (_, hook) in &extras.around {
            if Arc::strong_count(hook) == 1
                && let Some(h) = hook.as_any().downcast_ref::<Around>()
            {
                visit.call(&h.function)?;
            }
        }
        for object in [&extras.object, &extras.metadata].into_iter().flatten() {
            visit.call(object.downcast_ref::<Py<PyAny>>())?;
            visit.call(object.downcast_ref::<Py<PyDict>>())?;
        }
    }
    if let Some(saved) = node.try_saved() {
        for s in saved.iter() {
            s.visit_packed(|p| p.downcast_ref::<Packed>().map_or(Ok(()), |p| p.visit(visit))).unwrap_or(Ok(()))?;
        }
    }
    Ok(())
}
fn visit_hook(hook: &Arc<dyn GradHook>, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    match hook.as_any().downcast_ref::<OfTensor>() {
        Some(h) if Arc::strong_count(hook) == 1 => visit.call(&h.function),
        _ => Ok(()),
    }
}
/// Breaks the circles of a tensor that is garbage.
pub fn clear_tensor(t: &Tensor) {
    if !t.owns_history() {
        return;
    }
    if let Some(mut state) = t.history_if_any().and_then(|h| h.try_state()) {
        let hooks = state.hooks.take();
        let edge = state.grad_fn.clone();
        drop(state);
        drop(hooks);
        if let Some(e) = edge {
            clear_node(&e.node);
        }
    }
}
pub fn clear_node(node: &Arc<Node>) {
    // One owner besides the caller's: the tensor or object that is garbage.
    if Arc::strong_count(node) > 2 {
        return;
    }
    let extras = node.try_extras().and_then(|mut e| e.take());
    drop(extras);
    node.release();
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Handle>()
}
