//! Engine errors become Python exceptions, and back.
use crate::device::{Device, Inside};
use crate::error::{Error, Kind};
use pyo3::exceptions::*;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use std::sync::Arc;

pyo3::create_exception!(rusttorch, OutOfMemoryError, PyRuntimeError, "Memory that cannot be had.");
pyo3::create_exception!(rusttorch, AcceleratorError, PyRuntimeError, "Exception raised while executing on device");
pyo3::create_exception!(rusttorch, LinAlgError, PyRuntimeError, "A matrix did not allow the operation.");

/// The exception of `Kind::DeviceIndex`. The CPU's ops raise IndexError or RuntimeError, as PyTorch's do; which of them was
/// given the index is not known where it is told, so it is both.
pub fn device_index_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = TYPE.get_or_try_init(py, || -> PyResult<Py<PyType>> {
        let of = PyDict::new(py);
        of.set_item("__module__", "rusttorch.gpu")?;
        of.set_item("__doc__", "An index out of range that a device told of after the op that was given it.")?;
        let bases = (py.get_type::<AcceleratorError>(), py.get_type::<PyIndexError>());
        Ok(py.get_type::<PyType>().call1(("DeviceIndexError", bases, of))?.cast_into()?.unbind())
    });
    Ok(made?.bind(py))
}

impl From<Error> for PyErr {
    fn from(e: Error) -> PyErr {
        let made = match e.kind {
            Kind::Runtime => PyRuntimeError::new_err(e.message),
            Kind::Memory => OutOfMemoryError::new_err(e.message),
            Kind::Type => PyTypeError::new_err(e.message),
            Kind::Value => PyValueError::new_err(e.message),
            Kind::Index => PyIndexError::new_err(e.message),
            Kind::LinAlg => LinAlgError::new_err(e.message),
            Kind::Device => AcceleratorError::new_err(e.message),
            Kind::DeviceIndex => Python::attach(|py| match device_index_error(py) {
                Ok(ty) => PyErr::from_type(ty.clone(), e.message),
                Err(e) => e,
            }),
            Kind::NotImplemented => PyNotImplementedError::new_err(e.message),
            Kind::Python => match e.source.and_then(|s| s.downcast::<PyErr>().ok()) {
                Some(original) => return Python::attach(|py| original.clone_ref(py)),
                None => return PyRuntimeError::new_err(e.message),
            },
        };
        // The mark of the engine's own errors, to which op and module may add where they were raised.
        Python::attach(|py| {
            let _ = made.value(py).setattr(PLACES, py.None()); // without the mark the error is as good
        });
        made
    }
}

/// The attribute of an engine's error that says where it was raised: None, until the op's call is known.
const PLACES: &str = "_raised_in";

/// Says at the end of an engine's error which call raised it, unless an inner call has said so.
pub fn add_call(py: Python<'_>, e: PyErr, call: impl FnOnce() -> String) -> PyErr {
    let value = e.value(py);
    if value.getattr(PLACES).is_ok_and(|p| p.is_none()) {
        let call = call();
        let text = format!("{}\n  in {call}", value.str().map_or_else(|_| String::new(), |s| s.to_string()));
        // An error that cannot be changed stays as it is.
        let _ = value.setattr("args", (text,)).and_then(|()| value.setattr(PLACES, call));
    }
    e
}

/// An exception raised by Python code that the engine called: carried through unchanged.
pub fn from_python(e: PyErr) -> Error {
    let message = Python::attach(|py| e.value(py).to_string());
    Error { kind: Kind::Python, message, source: Some(Arc::new(e)) }
}

/// Runs `f`, which calls the program from within the engine: what it records and writes is at its own lines, its new
/// tensors are not made where the op in progress makes its results, and its exceptions are carried through.
pub fn in_program<R>(f: impl FnOnce(Python<'_>) -> PyResult<R>) -> crate::Result<R> {
    let _outside = Inside::new(Device::Cpu, "", None);
    crate::site::in_program(|| Python::attach(f)).map_err(from_python)
}

/// Runs `f` so that a panic becomes a RuntimeError and no unwinding reaches C.
pub fn guard<R>(f: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    crate::error::catch(f).unwrap_or_else(|panic| {
        let panic = match panic.downcast::<Error>() {
            Ok(e) => return Err((*e).into()),
            Err(panic) => panic,
        };
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("a panic without a message");
        Err(PyRuntimeError::new_err(format!("internal error of rusttorch (please report it): {text}")))
    })
}
