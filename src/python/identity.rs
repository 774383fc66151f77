//! The cell that is a Python `Tensor`, and which object belongs to which tensor of the engine.
//!
//! One engine tensor has at most one Python object at a time. The tensor's history keeps an unowned pointer to it, so
//! `x.grad is x.grad`. A tensor without history has only the object that holds it; `note_identity` fills the pointer
//! in once a history exists.
use crate::tensor::{Place, Tensor};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A multi-dimensional array of elements of one dtype, which can remember how it was computed.
#[pyclass(subclass, dict, weakref, frozen, name = "Tensor", module = "rusttorch")]
pub struct PyTensor {
    /// Read and exchanged only while attached to the interpreter; see `get` and `exchange`.
    cell: UnsafeCell<Tensor>,
}
// SAFETY: the cell is read and exchanged under the interpreter's lock only (the module declares that it needs one).
unsafe impl Sync for PyTensor {}
// SAFETY: as above.
unsafe impl Send for PyTensor {}

impl PyTensor {
    pub fn new(t: Tensor) -> Self {
        Self { cell: UnsafeCell::new(t) }
    }
    /// The tensor. The borrow must end before any Python code runs and before the lock is let go; clone it otherwise.
    #[inline]
    pub fn get(&self) -> &Tensor {
        // SAFETY: `exchange` is the only writer, runs under the same lock and keeps no borrow.
        unsafe { &*self.cell.get() }
    }
    /// Exchanges storage, layout or dtype in place.
    pub fn exchange(&self, place: Place) {
        // SAFETY: under the interpreter's lock, and no borrow is alive: see `get`.
        unsafe { (*self.cell.get()).move_to(place) }
    }
}

impl Drop for PyTensor {
    fn drop(&mut self) {
        let this = std::ptr::from_ref(self);
        if let Some(h) = self.get().history_if_any() {
            let object = h.python.load(Ordering::Relaxed);
            // SAFETY: the pointer is cleared before its object is freed, so it is alive or this one.
            if !object.is_null() && unsafe { contents(object.cast()) } == this {
                h.python.store(std::ptr::null_mut(), Ordering::Relaxed);
            }
        }
    }
}

static TENSOR: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// The class object.
#[inline]
pub fn tensor_type() -> *mut ffi::PyTypeObject {
    TENSOR.load(Ordering::Relaxed)
}

/// Whether an object is a tensor.
///
/// # Safety
/// `o` must be a live object, and the thread attached.
#[inline]
pub unsafe fn is_tensor(o: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        let ty = ffi::Py_TYPE(o);
        ty == tensor_type() || ffi::PyType_IsSubtype(ty, tensor_type()) != 0
    }
}

/// The contents of a tensor object.
///
/// # Safety
/// `o` must be a live tensor object (or one being freed, for its address only), and the thread attached.
#[inline]
unsafe fn contents(o: *mut ffi::PyObject) -> *const PyTensor {
    // SAFETY: as the caller says; the class is frozen, so shared borrows need no flag.
    unsafe {
        let py = Python::assume_attached();
        std::ptr::from_ref(Borrowed::from_ptr(py, o).cast_unchecked::<PyTensor>().get())
    }
}

/// The tensor of an object that is one.
///
/// # Safety
/// As `contents`; the borrow ends as `PyTensor::get` says, and before the object dies.
#[inline]
pub unsafe fn tensor_of<'a>(o: *mut ffi::PyObject) -> &'a Tensor {
    // SAFETY: as the caller says.
    unsafe { (*contents(o)).get() }
}

/// Lets a history that appeared since know its object.
///
/// # Safety
/// As `tensor_of`.
#[inline]
pub unsafe fn note_identity(o: *mut ffi::PyObject) {
    // SAFETY: as the caller says.
    if let Some(h) = unsafe { tensor_of(o) }.history_if_any()
        && h.python.load(Ordering::Relaxed).is_null()
    {
        h.python.store(o.cast(), Ordering::Relaxed);
    }
}

/// The tensor of an argument, or TypeError. A clone: it may outlive the call.
pub fn read(o: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    // SAFETY: a live object; the borrow ends here.
    unsafe {
        if !is_tensor(o.as_ptr()) {
            return Err(PyTypeError::new_err(format!("expected a Tensor, but got {}", o.get_type().name()?)));
        }
        let t = tensor_of(o.as_ptr()).clone();
        note_identity(o.as_ptr());
        Ok(t)
    }
}

/// A new object around a tensor.
///
/// Straight from the allocator, for `object.__new__`, which PyO3 calls, makes every instance a dict in Python 3.11 and
/// 3.12. Few tensors are ever given an attribute.
fn new_object(py: Python<'_>, t: Tensor) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: `tp_alloc` gives a zeroed object of the class. The contents are written before anyone sees it, and zeros
    // are what PyO3 starts the rest from, the slots of the dict and of the weak references.
    unsafe {
        let alloc = (*tensor_type()).tp_alloc.expect("every class has one");
        let object = alloc(tensor_type(), 0);
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        contents(object).cast_mut().write(PyTensor::new(t));
        Ok(object)
    }
}

/// The Python object of a tensor: the one it has, or a new one.
pub fn wrap_ptr(py: Python<'_>, t: Tensor) -> PyResult<*mut ffi::PyObject> {
    if let Some(h) = t.history_if_any() {
        let object: *mut ffi::PyObject = h.python.load(Ordering::Relaxed).cast();
        // SAFETY: the pointer is cleared when its object is freed; one that is being freed has no references.
        unsafe {
            if !object.is_null() && ffi::Py_REFCNT(object) > 0 {
                ffi::Py_INCREF(object);
                return Ok(object);
            }
        }
        let object = new_object(py, t)?;
        // SAFETY: a new tensor object.
        unsafe { note_identity(object) };
        return Ok(object);
    }
    new_object(py, t)
}
pub fn wrap(py: Python<'_>, t: Tensor) -> PyResult<Py<PyAny>> {
    let object = wrap_ptr(py, t)?;
    // SAFETY: `wrap_ptr` gives a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, object) }.unbind())
}
pub fn wrap_opt(py: Python<'_>, t: Option<Tensor>) -> PyResult<Py<PyAny>> {
    t.map_or_else(|| Ok(py.None()), |t| wrap(py, t))
}

/// An object of a subclass, its contents an empty tensor until `fill`.
pub fn bare<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let py = cls.py();
    // SAFETY: a live class; checked to be a subclass; `Tensor.__new__` makes the object without running `__init__`.
    unsafe {
        if ffi::PyType_IsSubtype(cls.as_ptr().cast(), tensor_type()) == 0 {
            return Err(PyTypeError::new_err("cls must be a type (got a class that is not a subclass of Tensor)"));
        }
        static EMPTY: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
        let empty = EMPTY.get_or_init(py, || PyTuple::empty(py).unbind());
        let new = (*tensor_type()).tp_new.expect("the class has __new__");
        Bound::from_owned_ptr_or_err(py, new(cls.as_ptr().cast(), empty.as_ptr(), std::ptr::null_mut()))
    }
}
pub fn fill(object: &Bound<'_, PyAny>, t: Tensor) {
    t.history(); // its identity from now on
    // SAFETY: a new tensor object that nobody else has seen: no borrow of its contents is alive.
    unsafe {
        *(*contents(object.as_ptr())).cell.get() = t;
        note_identity(object.as_ptr());
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTensor>()?;
    TENSOR.store(m.py().get_type::<PyTensor>().as_ptr().cast(), Ordering::Relaxed);
    Ok(())
}
