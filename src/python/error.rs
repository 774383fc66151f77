//! Engine errors become Python exceptions, and back.
use crate::error::{Error, Kind};
use pyo3::exceptions::*;
use pyo3::prelude::*;
use std::sync::Arc;

pyo3::create_exception!(rusttorch, LinAlgError, PyRuntimeError, "A matrix did not allow the operation.");

impl From<Error> for PyErr {
    fn from(e: Error) -> PyErr {
        match e.kind {
            Kind::Runtime | Kind::Memory => PyRuntimeError::new_err(e.message),
            Kind::Type => PyTypeError::new_err(e.message),
            Kind::Value => PyValueError::new_err(e.message),
            Kind::Index => PyIndexError::new_err(e.message),
            Kind::LinAlg => LinAlgError::new_err(e.message),
            Kind::NotImplemented => PyNotImplementedError::new_err(e.message),
            Kind::Python => match e.source.and_then(|s| s.downcast::<PyErr>().ok()) {
                Some(original) => Python::attach(|py| original.clone_ref(py)),
                None => PyRuntimeError::new_err(e.message),
            },
        }
    }
}

/// An exception raised by Python code that the engine called: carried through unchanged.
pub fn from_python(e: PyErr) -> Error {
    let message = Python::attach(|py| e.value(py).to_string());
    Error { kind: Kind::Python, message, source: Some(Arc::new(e)) }
}

/// Runs `f` so that a panic becomes a RuntimeError and no unwinding reaches C.
pub fn guard<R>(f: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("a panic without a message");
        Err(PyRuntimeError::new_err(format!("internal error of rusttorch (please report it): {text}")))
    })
}
