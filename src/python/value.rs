//! Python's numbers, NumPy's and tensors of one element as the engine's numbers, and back.
use super::identity::{is_tensor, tensor_of};
use crate::dtype::{C64, Scalar};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyList, PyTuple};
use smallvec::SmallVec;

/// A number as Python's own.
pub fn number(py: Python<'_>, s: Scalar) -> Py<PyAny> {
    match s {
        Scalar::Bool(b) => PyBool::new(py, b).to_owned().into_any().unbind(),
        Scalar::Int(i) => PyInt::new(py, i).into_any().unbind(),
        Scalar::Float(f) => PyFloat::new(py, f).into_any().unbind(),
        Scalar::Complex(C64 { re, im }) => PyComplex::from_doubles(py, re, im).into_any().unbind(),
    }
}

/// The name of an object's type, as messages give it.
///
/// # Safety
/// A live object, the thread attached.
pub unsafe fn type_name(o: *mut PyObject) -> String {
    // SAFETY: as the caller says.
    unsafe {
        let o = Borrowed::from_ptr(Python::assume_attached(), o);
        let name = o.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
        match o.cast::<PyTuple>() {
            Ok(t) if name == "tuple" => {
                let inner: Vec<String> = t.iter().map(|i| type_name(i.as_ptr())).collect();
                format!("tuple of ({})", inner.join(", "))
            }
            _ => name,
        }
    }
}

/// A NumPy scalar: an object of a type defined in `numpy` that is a number and no array.
pub unsafe fn is_numpy_number(o: *mut PyObject) -> bool {
    // SAFETY: a live object; type names are NUL-terminated.
    unsafe {
        let name = std::ffi::CStr::from_ptr((*ffi::Py_TYPE(o)).tp_name).to_bytes();
        name.starts_with(b"numpy.") && name != b"numpy.ndarray"
    }
}
pub unsafe fn is_int(o: *mut PyObject) -> bool {
    // SAFETY: a live object.
    unsafe {
        (ffi::PyLong_Check(o) != 0 && ffi::PyBool_Check(o) == 0)
            || (is_tensor(o) && tensor_of(o).dtype().is_integral() && tensor_of(o).rank() == 0)
            || (is_numpy_number(o) && ffi::PyIndex_Check(o) != 0)
    }
}

/// # Safety: a live object, the thread attached; so for all readers below.
pub unsafe fn read_int(o: *mut PyObject) -> PyResult<Option<i64>> {
    // SAFETY: as above.
    unsafe {
        let py = Python::assume_attached();
        if ffi::PyLong_Check(o) != 0 {
            if ffi::PyBool_Check(o) != 0 {
                return Ok(None);
            }
            let v = ffi::PyLong_AsLongLong(o);
            return if v == -1 && !ffi::PyErr_Occurred().is_null() {
                let _ = PyErr::fetch(py);
                Err(pyo3::exceptions::PyRuntimeError::new_err("Overflow when unpacking long long"))
            } else {
                Ok(Some(v))
            };
        }
        if is_tensor(o) {
            let t = tensor_of(o);
            return Ok(if t.numel() == 1 && t.dtype().is_integral() && !t.requires_grad() {
                Some(t.item()?.to_i64())
            } else {
                None
            });
        }
        if is_numpy_number(o) && ffi::PyIndex_Check(o) != 0 {
            return Borrowed::from_ptr(py, o).extract::<i64>().map(Some);
        }
        Ok(None)
    }
}

/// # Safety: see `read_int`.
pub unsafe fn read_scalar(o: *mut PyObject) -> PyResult<Option<Scalar>> {
    // SAFETY: as above.
    unsafe {
        let py = Python::assume_attached();
        if ffi::PyFloat_Check(o) != 0 {
            return Ok(Some(Scalar::Float(ffi::PyFloat_AsDouble(o))));
        }
        if ffi::PyBool_Check(o) != 0 {
            return Ok(Some(Scalar::Bool(o == ffi::Py_True())));
        }
        if ffi::PyLong_Check(o) != 0 {
            let v = ffi::PyLong_AsLongLong(o);
            if v == -1 && !ffi::PyErr_Occurred().is_null() {
                let _ = PyErr::fetch(py);
                return Err(pyo3::exceptions::PyRuntimeError::new_err("Overflow when unpacking long long"));
            }
            return Ok(Some(Scalar::Int(v)));
        }
        if ffi::PyComplex_Check(o) != 0 {
            let re = ffi::PyComplex_RealAsDouble(o);
            return Ok(Some(Scalar::Complex(C64::new(re, ffi::PyComplex_ImagAsDouble(o)))));
        }
        if is_tensor(o) {
            let t = tensor_of(o);
            return Ok(if t.rank() == 0 && !t.requires_grad() { Some(t.item()?) } else { None });
        }
        if is_numpy_number(o) {
            let b = Borrowed::from_ptr(py, o);
            let name = b.get_type().name()?;
            if name.to_string().starts_with("bool") {
                return Ok(Some(Scalar::Bool(b.is_truthy()?)));
            }
            if ffi::PyIndex_Check(o) != 0 {
                return Ok(Some(Scalar::Int(b.extract()?)));
            }
            if let Ok(f) = b.extract::<f64>() {
                return Ok(Some(Scalar::Float(f)));
            }
            if let Ok(c) = b.call_method0("__complex__") {
                let re = ffi::PyComplex_RealAsDouble(c.as_ptr());
                return Ok(Some(Scalar::Complex(C64::new(re, ffi::PyComplex_ImagAsDouble(c.as_ptr())))));
            }
        }
        Ok(None)
    }
}

pub unsafe fn read_float(o: *mut PyObject) -> PyResult<Option<f64>> {
    // SAFETY: as above.
    Ok(match unsafe { read_scalar(o) }? {
        Some(Scalar::Complex(_)) | None => None,
        // SAFETY: as above.
        Some(Scalar::Bool(_)) if unsafe { !is_tensor(o) } => None,
        Some(s) => Some(s.to_f64()),
    })
}

/// Each item of a list or tuple; `None` if the object is neither.
pub unsafe fn items(o: *mut PyObject) -> Option<SmallVec<[*mut PyObject; 8]>> {
    // SAFETY: a live object; the items live as long as their list is not changed: no Python code runs meanwhile.
    unsafe {
        let b = Borrowed::from_ptr(Python::assume_attached(), o);
        if let Ok(t) = b.cast::<PyTuple>() {
            Some((0..t.len()).map(|i| ffi::PyTuple_GET_ITEM(o, i as isize)).collect())
        } else if let Ok(l) = b.cast::<PyList>() {
            Some((0..l.len()).map(|i| ffi::PyList_GET_ITEM(o, i as isize)).collect())
        } else {
            None
        }
    }
}

pub unsafe fn read_bool(o: *mut PyObject) -> Option<bool> {
    // SAFETY: a live object.
    unsafe {
        if ffi::PyBool_Check(o) != 0 {
            return Some(o == ffi::Py_True());
        }
        if is_numpy_number(o) {
            let b = Borrowed::from_ptr(Python::assume_attached(), o);
            let name = b.get_type().name().ok()?.to_string();
            return if name.starts_with("bool") { b.is_truthy().ok() } else { None };
        }
        None
    }
}
