//! Saved tensors for Python: `_saved_self`, `_raw_saved_self`, and the hooks that pack and unpack.
use super::args::{ReadyParam, default_arg};
use super::error::in_program;
use super::identity::{is_tensor, read, wrap};
use super::value::number;
use crate::dtype::Scalar;
use crate::graph::{BeforeWrite, Node, Pack, Unpack, disable_packing, pop_packing, push_packing, set_before_write};
use crate::ops::schema::Kind as ParamKind;
use crate::ops::{self, Arg};
use crate::tensor::Tensor;
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

/// A pair of Python functions.
struct Hooks {
    pack: Py<PyAny>,
    unpack: Py<PyAny>,
}
impl Pack for Hooks {
    fn pack(&self, t: &Tensor) -> crate::Result<Arc<dyn Unpack>> {
        in_program(|py| {
            let object = self.pack.bind(py).call1((wrap(py, t.clone())?,))?.unbind();
            Ok(Arc::new(Packed { object, unpack: self.unpack.clone_ref(py) }) as Arc<dyn Unpack>)
        })
    }
}
pub struct Packed {
    object: Py<PyAny>,
    unpack: Py<PyAny>,
}
impl Packed {
    pub fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.object)?;
        visit.call(&self.unpack)
    }
}
impl Unpack for Packed {
    fn unpack(&self) -> crate::Result<Tensor> {
        in_program(|py| {
            let t = self.unpack.bind(py).call1((self.object.bind(py),))?;
            // SAFETY: a live object.
            if !unsafe { is_tensor(t.as_ptr()) } {
                let found = t.get_type().name()?.to_string();
                return Err(PyTypeError::new_err(format!(
                    "Output of saved tensor unpack_hook expected to be a Tensor but got result of type {found}"
                )));
            }
            read(&t)
        })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One saved tensor of a node, itself: `grad_fn._raw_saved_self`.
#[pyclass(frozen, name = "SavedTensor", module = "rusttorch.autograd")]
struct PySaved {
    node: Arc<Node>,
    at: usize,
}

fn callable(by: &str, f: &Bound<'_, PyAny>) -> PyResult<()> {
    if f.is_callable() {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!("{by}(): incompatible function arguments: a callable is expected, not {f}")))
}

#[pymethods]
impl PySaved {
    /// Keep `pack(tensor)` instead of the tensor from now on; `unpack` gets it back for the backward pass.
    fn register_hooks(&self, pack: Bound<'_, PyAny>, unpack: Bound<'_, PyAny>) -> PyResult<()> {
        callable("register_hooks", &pack)?;
        callable("register_hooks", &unpack)?;
        self.node.saved()[self.at].register(&Hooks { pack: pack.unbind(), unpack: unpack.unbind() })?;
        Ok(())
    }
    /// The tensor, unpacked where hooks are set.
    fn unpack(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap(py, self.node.saved()[self.at].get(&self.node)?)
    }
    /// What `pack` returned, where hooks are set; otherwise the tensor.
    #[getter]
    fn data(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let saved = self.node.saved();
        match saved[self.at].unpacker().as_ref().and_then(|u| u.as_any().downcast_ref::<Packed>()) {
            Some(packed) => Ok(packed.object.clone_ref(py)),
            None => wrap(py, saved[self.at].get(&self.node)?.detach()),
        }
    }
}

/// `_saved_self`, `_raw_saved_self` and the like, if the node saved such a tensor.
pub fn attribute(py: Python<'_>, node: &Arc<Node>, name: &str) -> PyResult<Option<Py<PyAny>>> {
    let (raw, what) = match (name.strip_prefix("_saved_"), name.strip_prefix("_raw_saved_")) {
        (Some(what), _) => (false, what),
        (_, Some(what)) => (true, what),
        _ => return Ok(None),
    };
    let saved = node.saved();
    let Some(at) = saved.iter().position(|s| s.name == what) else { return argument(py, node, what) };
    if raw {
        return self::raw(py, node, at).map(Some);
    }
    Ok(Some(wrap(py, saved[at].get(node)?)?))
}

/// The `at`th saved tensor, itself.
pub fn raw(py: Python<'_>, node: &Arc<Node>, at: usize) -> PyResult<Py<PyAny>> {
    if at >= node.saved().len() {
        return Err(PyIndexError::new_err("no such saved tensor"));
    }
    Ok(Py::new(py, PySaved { node: node.clone(), at })?.into_any())
}

/// What an op was given besides tensors, by the names of its parameters.
pub struct Arguments(SmallVec<[(&'static str, Given); 2]>);
enum Given {
    None,
    Number(Scalar),
    Ints(SmallVec<[i64; 6]>),
    Numbers(Vec<Scalar>),
    Bools(SmallVec<[bool; 4]>),
    Text(String),
}

impl Given {
    fn of(a: &Arg) -> Option<Self> {
        Some(match a {
            Arg::None => Given::None,
            Arg::Scalar(s) => Given::Number(*s),
            Arg::Int(i) => Given::Number(Scalar::Int(*i)),
            Arg::Float(f) => Given::Number(Scalar::Float(*f)),
            Arg::Bool(b) => Given::Number(Scalar::Bool(*b)),
            Arg::Ints(v) => Given::Ints(v.clone()),
            Arg::Scalars(v) => Given::Numbers(v.clone()),
            Arg::Floats(v) => Given::Numbers(v.iter().map(|&f| Scalar::Float(f)).collect()),
            Arg::Bools(v) => Given::Bools(v.clone()),
            Arg::Str(s) => Given::Text(s.to_string()),
            _ => return None,
        })
    }
    fn object(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(match self {
            Given::None => py.None(),
            Given::Number(s) => number(py, *s),
            Given::Ints(v) => PyTuple::new(py, v)?.into_any().unbind(),
            Given::Numbers(v) => PyTuple::new(py, v.iter().map(|s| number(py, *s)))?.into_any().unbind(),
            Given::Bools(v) => PyTuple::new(py, v)?.into_any().unbind(),
            Given::Text(s) => PyString::new(py, s).into_any().unbind(),
        })
    }
}

impl Arguments {
    pub fn of_call(params: &[ReadyParam], args: &[Arg]) -> Self {
        Self(params.iter().zip(args).filter_map(|(p, a)| Some((p.param.name, Given::of(a)?))).collect())
    }
    pub fn numbers<const N: usize>(named: [(&'static str, Scalar); N]) -> Self {
        Self(named.into_iter().map(|(name, s)| (name, Given::Number(s))).collect())
    }
    /// Leaves them with the node that made `result`, unless it has some: then an earlier call made it.
    pub fn keep(result: &Tensor, arguments: impl FnOnce() -> Self) {
        if result.history_if_any().is_some_and(|h| h.flag())
            && let Some(e) = result.grad_fn().filter(|e| !e.node.is_leaf())
        {
            e.node.arguments.get_or_init(|| Box::new(arguments()));
        }
    }
}

/// `_saved_dim`, `_saved_self_sym_sizes`; None for a tensor of the op that its derivative did not need.
fn argument(py: Python<'_>, node: &Arc<Node>, name: &str) -> PyResult<Option<Py<PyAny>>> {
    if let Some(all) = node.arguments.get().and_then(|a| a.downcast_ref::<Arguments>())
        && let Some((_, given)) = all.0.iter().find(|(n, _)| *n == name)
    {
        return Ok(Some(given.object(py)?));
    }
    let shape = || {
        let edge = node.edges.first()?.as_ref()?;
        Some(edge.node.outputs.lock().get(edge.nr)?.shape.clone())
    };
    match name {
        "self_sym_sizes" => {
            if let Some(shape) = shape() {
                return Ok(Some(super::types::size_object(py, &shape)?.unbind()));
            }
        }
        "self_sym_numel" => {
            if let Some(shape) = shape() {
                return Ok(Some(number(py, Scalar::Int(shape.iter().product::<usize>() as i64))));
            }
        }
        _ => {}
    }
    // The overloads that can have made the node.
    let stem = node.op.split('#').next().unwrap_or_default();
    for op in ops::table().into_iter().filter(|op| op.name() == stem) {
        if let Some(p) = op.parsed().params.iter().find(|p| p.name == name) {
            if p.kind == ParamKind::Tensor {
                return Ok(Some(py.None()));
            }
            // The short way to an op takes no such argument: it was left out.
            if let Some(given) = default_arg(p).as_ref().and_then(Given::of) {
                return Ok(Some(given.object(py)?));
            }
        }
    }
    Ok(None)
}

/// The names that `attribute` knows for this node.
pub fn names(node: &Arc<Node>) -> Vec<String> {
    let mut names = vec![];
    for s in node.saved().iter() {
        names.extend([format!("_saved_{}", s.name), format!("_raw_saved_{}", s.name)]);
    }
    if let Some(all) = node.arguments.get().and_then(|a| a.downcast_ref::<Arguments>()) {
        names.extend(all.0.iter().map(|(name, _)| format!("_saved_{name}")));
    }
    names
}

/// From here on, this thread's ops keep `pack(tensor)` instead of the tensors they save.
#[pyfunction]
fn _push_saved_tensors_hooks(pack: Bound<'_, PyAny>, unpack: Bound<'_, PyAny>) -> PyResult<()> {
    callable("saved_tensors_hooks", &pack)?;
    callable("saved_tensors_hooks", &unpack)?;
    Ok(push_packing(Arc::new(Hooks { pack: pack.unbind(), unpack: unpack.unbind() }))?)
}
#[pyfunction]
fn _pop_saved_tensors_hooks() {
    pop_packing();
}
/// Forbids such hooks with this message, or with None allows them again; the message that was set before.
#[pyfunction]
#[pyo3(signature = (message))]
fn _disable_saved_tensors_hooks(message: Option<String>) -> PyResult<Option<String>> {
    Ok(disable_packing(message)?)
}

/// A function as the observer of writes that `_set_before_write` sets.
struct Observer(Py<PyAny>);

/// Calls `observer(tensor)` on this thread before each in-place write; None ends that. Returns the observer before.
#[pyfunction]
fn _set_before_write(py: Python<'_>, observer: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
    thread_local! { static OBSERVER: RefCell<Option<Arc<Observer>>> = const { RefCell::new(None) }; }
    let new = observer.map(|o| Arc::new(Observer(o)));
    set_before_write(new.clone().map(|o| {
        Arc::new(move |t: &Tensor| in_program(|py| o.0.bind(py).call1((wrap(py, t.clone())?,)).map(drop)))
            as BeforeWrite
    }));
    OBSERVER.replace(new).map(|o| o.0.clone_ref(py))
}
/// Counts a write to the tensor's memory.
#[pyfunction]
fn _increment_version(tensor: &Bound<'_, PyAny>) -> PyResult<()> {
    let t = read(tensor)?;
    if t.is_inference() {
        return Err(PyRuntimeError::new_err("Inference tensors do not track version counter."));
    }
    t.storage().bump();
    Ok(())
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySaved>()?;
    m.add_function(wrap_pyfunction!(_set_before_write, m)?)?;
    m.add_function(wrap_pyfunction!(_increment_version, m)?)?;
    m.add_function(wrap_pyfunction!(_push_saved_tensors_hooks, m)?)?;
    m.add_function(wrap_pyfunction!(_pop_saved_tensors_hooks, m)?)?;
    m.add_function(wrap_pyfunction!(_disable_saved_tensors_hooks, m)?)
}
