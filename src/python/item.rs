//! `x[...]` and `x[...] = v`: Python's index objects as the engine's.
use super::identity::{PyTensor, is_tensor, note_identity, read, wrap};
use super::saved::Arguments;
use super::value::{read_int, read_scalar};
use crate::device::Inside;
use crate::dtype::{DType, Scalar};
use crate::ops::{self, Index, Operand};
use crate::tensor::Tensor;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyList, PySlice, PyTuple};
use smallvec::SmallVec;

type Indices = SmallVec<[Index; 4]>;

/// One end of a slice.
fn bound(o: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    if o.is_none() {
        return Ok(None);
    }
    // SAFETY: a live object.
    if let Some(i) = unsafe { read_int(o.as_ptr()) }? {
        return Ok(Some(i));
    }
    match o.call_method0("__index__") {
        // Bounds beyond 64 bits are as good as the largest.
        Ok(i) => {
            Ok(Some(i.extract::<i64>().unwrap_or_else(|_| if i.lt(0).unwrap_or(false) { i64::MIN } else { i64::MAX })))
        }
        Err(_) => Err(PyTypeError::new_err("slice indices must be integers or None or have an __index__ method")),
    }
}

fn one(o: &Bound<'_, PyAny>) -> PyResult<Index> {
    let py = o.py();
    if o.is_instance_of::<PyBool>() {
        return Ok(Index::Bool(o.is_truthy()?));
    }
    if o.is_instance_of::<PyInt>() {
        return Ok(Index::Int(
            o.extract().map_err(|_| PyIndexError::new_err("cannot fit 'int' into an index-sized integer"))?,
        ));
    }
    if o.is_none() {
        return Ok(Index::None);
    }
    if let Ok(s) = o.cast::<PySlice>() {
        // SAFETY: a slice's three parts live as long as it does.
        let [start, stop, step] = unsafe {
            let s = s.as_ptr().cast::<ffi::PySliceObject>();
            [(*s).start, (*s).stop, (*s).step].map(|o| Borrowed::from_ptr(py, o).to_owned())
        };
        return Ok(Index::Slice { start: bound(&start)?, stop: bound(&stop)?, step: bound(&step)?.unwrap_or(1) });
    }
    // SAFETY: a live object.
    if unsafe { is_tensor(o.as_ptr()) } {
        let t = read(o)?;
        // An integer tensor without dims picks one element, as the number would.
        if t.rank() == 0 && t.dtype().is_integral() && !matches!(t.dtype(), DType::Bool | DType::U8) {
            return Ok(Index::Int(t.item()?.to_i64()));
        }
        return Ok(Index::Tensor(t));
    }
    // SAFETY: a borrowed singleton.
    if o.as_ptr() == unsafe { ffi::Py_Ellipsis() } {
        return Ok(Index::Ellipsis);
    }
    if o.is_instance_of::<PyList>()
        || o.is_instance_of::<PyTuple>()
        || super::numpy::is_array(o)?.is_some_and(|_| o.hasattr("__len__").unwrap_or(false) && o.len().is_ok())
    {
        let t = super::make::from_data(o, None)?;
        // An empty list picks nothing.
        return Ok(Index::Tensor(if t.numel() == 0 && t.dtype().is_float() { t.cast_data(DType::I64)? } else { t }));
    }
    // SAFETY: a live object.
    if let Some(s) = unsafe { read_scalar(o.as_ptr()) }?
        && s.is_integral()
    {
        return Ok(match s {
            Scalar::Bool(b) => Index::Bool(b),
            s => Index::Int(s.to_i64()),
        });
    }
    if o.hasattr("__index__")? {
        return Ok(Index::Int(o.call_method0("__index__")?.extract()?));
    }
    let name = o.get_type().name()?;
    Err(PyIndexError::new_err(format!(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {name})"
    )))
}

/// PyTorch still reads a short list that holds slices, tensors or sequences as a tuple, and warns.
fn is_tuple_in_disguise(index: &Bound<'_, PyAny>) -> bool {
    let Ok(list) = index.cast::<PyList>() else { return false };
    list.len() < 32
        && list.iter().any(|o| {
            // SAFETY: a live object, and a borrowed singleton.
            let special = unsafe { is_tensor(o.as_ptr()) || o.as_ptr() == ffi::Py_Ellipsis() };
            special
                || o.is_none()
                || o.is_instance_of::<PySlice>()
                || o.is_instance_of::<PyList>()
                || o.is_instance_of::<PyTuple>()
        })
}

fn all(index: &Bound<'_, PyAny>) -> PyResult<Indices> {
    if is_tuple_in_disguise(index) {
        let py = index.py();
        let warn = c"Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch \
                     2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, \
                     x[torch.tensor(seq)], which will result either in an error or a different result";
        PyErr::warn(py, &py.get_type::<pyo3::exceptions::PyUserWarning>(), warn, 2)?;
        return index.try_iter()?.map(|o| one(&o?)).collect();
    }
    match index.cast_exact::<PyTuple>().or_else(|_| index.cast::<PyTuple>()) {
        Ok(t) => t.iter().map(|o| one(&o)).collect(),
        Err(_) => Ok(smallvec::smallvec![one(index)?]),
    }
}

/// Work on a tensor of another device than the CPU is done there.
fn there(x: &Tensor, op: &'static str) -> Option<Inside> {
    x.device().is_gpu().then(|| Inside::new(x.device(), op, Some(x.dtype())))
}

pub fn get(x: &Bound<'_, PyTensor>, index: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    // SAFETY: live objects; the borrow of x ends before any Python code runs.
    unsafe {
        if ffi::PyLong_CheckExact(index.as_ptr()) != 0
            && let Some(i) = read_int(index.as_ptr())?
        {
            let y = super::error::guard(|| Ok(ops::first_item(x.get().get(), i)?))?;
            note_identity(x.as_ptr());
            Arguments::keep(&y, || Arguments::numbers([("dim", Scalar::Int(0)), ("index", Scalar::Int(i))]));
            return wrap(x.py(), y);
        }
    }
    let indices = all(index)?;
    // Reading the index may have run Python code, so the tensor is looked at only now.
    let _inside = there(x.get().get(), "index");
    let y = super::error::guard(|| Ok(ops::get_item(x.get().get(), &indices)?))?;
    // SAFETY: a live tensor object.
    unsafe { note_identity(x.as_ptr()) };
    wrap(x.py(), y)
}

pub fn set(x: &Bound<'_, PyTensor>, index: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let indices = all(index)?;
    let held;
    // SAFETY: live objects.
    let value = unsafe {
        if is_tensor(value.as_ptr()) {
            held = read(value)?;
            Operand::Tensor(&held)
        } else if let Some(s) = read_scalar(value.as_ptr())? {
            Operand::Scalar(s)
        } else {
            let made = super::make::from_data(value, Some(x.get().get().dtype())).map_err(|e| {
                let name = value.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
                if e.is_instance_of::<PyTypeError>(x.py()) {
                    PyTypeError::new_err(format!("can't assign a {name} to a {}", x.get().get().type_name()))
                } else {
                    e
                }
            })?;
            let there = x.get().get().device();
            held = if there == made.device() { made } else { made.moved_data(there)? };
            Operand::Tensor(&held)
        }
    };
    let target = x.get().get().clone();
    let _inside = there(&target, "index_put");
    super::error::guard(|| Ok(ops::set_item(&target, &indices, value)?))?;
    // SAFETY: a live tensor object.
    unsafe { note_identity(x.as_ptr()) };
    Ok(())
}
