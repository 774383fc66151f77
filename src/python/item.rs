//! `x[...]` and `x[...] = v`: Python's index objects as the engine's.
use super::object::PyTensor;
use pyo3::prelude::*;

pub fn get(x: &Bound<'_, PyTensor>, index: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let i: i64 = index.extract()?;
    super::object::wrap(x.py(), crate::ops::select(x.get().get(), 0, i)?)
}

pub fn set(x: &Bound<'_, PyTensor>, index: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let _ = (x, index, value);
    Err(pyo3::exceptions::PyNotImplementedError::new_err("index assignment"))
}
