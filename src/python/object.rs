//! The class `Tensor`: a cell with the engine's tensor, its identity, and the attributes that are not ops.
//!
//! One engine tensor has at most one Python object at a time. The tensor's history keeps an unowned pointer to it, so
//! `x.grad is x.grad`. A tensor without history has only the object that holds it; `note_identity` fills the pointer
//! in once a history exists.
use super::types::{PyDevice, dtype_object, size_object, strided};
use crate::dtype::{C64, Scalar};
use crate::ops;
use crate::tensor::{Place, Tensor};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyComplex, PyDict, PyFloat, PyInt, PyList, PyTuple, PyType};
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
        let object = Py::new(py, PyTensor::new(t))?.into_ptr();
        // SAFETY: a new tensor object.
        unsafe { note_identity(object) };
        return Ok(object);
    }
    Ok(Py::new(py, PyTensor::new(t))?.into_ptr())
}
pub fn wrap(py: Python<'_>, t: Tensor) -> PyResult<Py<PyAny>> {
    let object = wrap_ptr(py, t)?;
    // SAFETY: `wrap_ptr` gives a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, object) }.unbind())
}
pub fn wrap_opt(py: Python<'_>, t: Option<Tensor>) -> PyResult<Py<PyAny>> {
    t.map_or_else(|| Ok(py.None()), |t| wrap(py, t))
}

/// A number as Python's own.
pub fn number(py: Python<'_>, s: Scalar) -> Py<PyAny> {
    match s {
        Scalar::Bool(b) => PyBool::new(py, b).to_owned().into_any().unbind(),
        Scalar::Int(i) => PyInt::new(py, i).into_any().unbind(),
        Scalar::Float(f) => PyFloat::new(py, f).into_any().unbind(),
        Scalar::Complex(C64 { re, im }) => PyComplex::from_doubles(py, re, im).into_any().unbind(),
    }
}

fn nested(py: Python<'_>, t: &Tensor, dim: usize, offset: usize) -> PyResult<Py<PyAny>> {
    if dim == t.rank() {
        let at = t.storage().ptr().wrapping_add(offset * t.dtype().size());
        // SAFETY: the layout lies inside the storage.
        return Ok(dispatch!(all t.dtype(), T => {
            number(py, crate::dtype::Element::scalar(unsafe { at.cast::<T>().read_unaligned() }))
        }));
    }
    let items = (0..t.shape()[dim])
        .map(|i| nested(py, t, dim + 1, offset + i * t.strides()[dim]))
        .collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, items)?.into_any().unbind())
}

impl PyTensor {
    fn one(&self, what: &str) -> PyResult<Scalar> {
        let t = self.get();
        if t.numel() != 1 {
            let n = t.numel();
            return Err(match what {
                "bool" if n == 0 => PyRuntimeError::new_err("Boolean value of Tensor with no values is ambiguous"),
                "bool" => PyRuntimeError::new_err("Boolean value of Tensor with more than one value is ambiguous"),
                "index" => {
                    PyTypeError::new_err("only integer tensors of a single element can be converted to an index")
                }
                _ => PyRuntimeError::new_err(format!("a Tensor with {n} elements cannot be converted to Scalar")),
            });
        }
        Ok(t.item()?)
    }
}

#[pymethods]
impl PyTensor {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*args, **kwargs))]
    fn __new__(
        cls: &Bound<'_, PyType>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let _ = cls;
        super::make::legacy_tensor(args, kwargs).map(Self::new)
    }
    // ---- shape and type
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        size_object(py, self.get().shape())
    }
    #[pyo3(signature = (dim=None))]
    fn size<'py>(&self, py: Python<'py>, dim: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        let t = self.get();
        match dim {
            None => size_object(py, t.shape()),
            Some(_) if t.rank() == 0 => {
                Err(pyo3::exceptions::PyIndexError::new_err("Dimension specified as 0 but tensor has no dimensions"))
            }
            Some(d) => Ok(PyInt::new(py, t.shape()[crate::layout::wrap_dim(d, t.rank())?]).into_any()),
        }
    }
    #[pyo3(signature = (dim=None))]
    fn stride<'py>(&self, py: Python<'py>, dim: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        let t = self.get();
        match dim {
            None => Ok(PyTuple::new(py, t.strides())?.into_any()),
            Some(_) if t.rank() == 0 => {
                Err(pyo3::exceptions::PyIndexError::new_err("Dimension specified as 0 but tensor has no dimensions"))
            }
            Some(d) => Ok(PyInt::new(py, t.strides()[crate::layout::wrap_dim(d, t.rank())?]).into_any()),
        }
    }
    fn dim(&self) -> usize {
        self.get().rank()
    }
    fn ndimension(&self) -> usize {
        self.get().rank()
    }
    #[getter]
    fn ndim(&self) -> usize {
        self.get().rank()
    }
    fn numel(&self) -> usize {
        self.get().numel()
    }
    fn nelement(&self) -> usize {
        self.get().numel()
    }
    #[getter]
    fn dtype(&self, py: Python<'_>) -> Py<super::types::PyDType> {
        dtype_object(py, self.get().dtype())
    }
    #[getter(device)]
    fn where_it_lives(&self) -> PyDevice {
        PyDevice { device: Default::default(), index: None }
    }
    #[pyo3(name = "get_device")]
    fn device_number(&self) -> i64 {
        -1
    }
    #[getter]
    fn layout(&self, py: Python<'_>) -> Py<super::types::PyLayout> {
        strided(py)
    }
    #[getter]
    fn itemsize(&self) -> usize {
        self.get().dtype().size()
    }
    fn element_size(&self) -> usize {
        self.get().dtype().size()
    }
    #[getter]
    fn nbytes(&self) -> usize {
        self.get().numel() * self.get().dtype().size()
    }
    fn storage_offset(&self) -> usize {
        self.get().layout().offset
    }
    fn data_ptr(&self) -> usize {
        let t = self.get();
        if t.numel() == 0 && t.storage().nbytes() == 0 { 0 } else { t.data_ptr() as usize }
    }
    #[pyo3(signature = (*, memory_format=None))]
    fn is_contiguous(&self, memory_format: Option<&Bound<'_, super::types::PyMemoryFormat>>) -> bool {
        let t = self.get();
        match memory_format.map_or(0, |m| m.get().0) {
            2 if t.rank() == 4 => t.layout().permute(&[0, 2, 3, 1]).is_contiguous(),
            3 if t.rank() == 5 => t.layout().permute(&[0, 2, 3, 4, 1]).is_contiguous(),
            2 | 3 => false,
            _ => t.is_contiguous(),
        }
    }
    fn untyped_storage(&self) -> super::storage::PyStorage {
        super::storage::PyStorage(self.get().storage().clone())
    }
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, (0..self.get().rank()).map(|_| py.None()))
    }
    fn has_names(&self) -> bool {
        false
    }
    #[getter]
    fn is_cuda(&self) -> bool {
        false
    }
    #[getter]
    fn is_cpu(&self) -> bool {
        true
    }
    #[getter]
    fn is_mps(&self) -> bool {
        false
    }
    #[getter]
    fn is_xpu(&self) -> bool {
        false
    }
    #[getter]
    fn is_meta(&self) -> bool {
        false
    }
    #[getter]
    fn is_sparse(&self) -> bool {
        false
    }
    #[getter]
    fn is_sparse_csr(&self) -> bool {
        false
    }
    #[getter]
    fn is_quantized(&self) -> bool {
        false
    }
    #[getter]
    fn is_mkldnn(&self) -> bool {
        false
    }
    #[getter]
    fn is_nested(&self) -> bool {
        false
    }
    fn is_conj(&self) -> bool {
        false
    }
    fn is_neg(&self) -> bool {
        false
    }
    fn is_pinned(&self) -> bool {
        false
    }

    // ---- values
    fn item(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(number(py, self.get().item()?))
    }
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let t = self.get().clone();
        nested(py, &t, 0, t.layout().offset)
    }
    fn __bool__(&self) -> PyResult<bool> {
        Ok(self.one("bool")?.to_bool())
    }
    fn __float__(&self) -> PyResult<f64> {
        match self.one("float")? {
            Scalar::Complex(c) if c.im != 0.0 => {
                Err(PyRuntimeError::new_err("value cannot be converted to type double without overflow"))
            }
            s => Ok(s.to_f64()),
        }
    }
    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.one("int")? {
            Scalar::Float(f) => PyFloat::new(py, f).call_method0("__int__"),
            s => Ok(PyInt::new(py, s.to_i64()).into_any()),
        }
    }
    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyComplex>> {
        let c = self.one("complex")?.to_c64();
        Ok(PyComplex::from_doubles(py, c.re, c.im))
    }
    fn __index__(&self) -> PyResult<i64> {
        let t = self.get();
        match (t.numel(), t.dtype().is_integral()) {
            (1, true) => Ok(t.item()?.to_i64()),
            _ => Err(PyTypeError::new_err("only integer tensors of a single element can be converted to an index")),
        }
    }
    fn __len__(&self) -> PyResult<usize> {
        match self.get().shape().first() {
            Some(&n) => Ok(n),
            None => Err(PyTypeError::new_err("len() of a 0-d tensor")),
        }
    }
    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        (slf.as_ptr() as usize >> 4) as isize
    }

    // ---- autograd
    #[getter]
    fn requires_grad(&self) -> bool {
        self.get().requires_grad()
    }
    #[setter]
    fn set_requires_grad(slf: &Bound<'_, Self>, on: bool) -> PyResult<()> {
        slf.get().get().set_requires_grad(on)?;
        // SAFETY: a live tensor object.
        unsafe { note_identity(slf.as_ptr()) };
        Ok(())
    }
    #[pyo3(signature = (requires_grad=true))]
    fn requires_grad_<'py>(slf: &Bound<'py, Self>, requires_grad: bool) -> PyResult<Bound<'py, Self>> {
        Self::set_requires_grad(slf, requires_grad)?;
        Ok(slf.clone())
    }
    #[getter]
    fn is_leaf(&self) -> bool {
        self.get().is_leaf()
    }
    fn is_inference(&self) -> bool {
        self.get().is_inference()
    }
    #[getter]
    fn grad(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap_opt(py, self.get().grad())
    }
    #[setter]
    fn set_grad(slf: &Bound<'_, Self>, grad: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let t = slf.get().get();
        let Some(grad) = grad else {
            t.set_grad(None);
            return Ok(());
        };
        // SAFETY: a live object.
        if !unsafe { is_tensor(grad.as_ptr()) } {
            return Err(PyTypeError::new_err(format!(
                "assigned grad expected to be a Tensor or None but got grad of type '{}'",
                grad.get_type().name()?
            )));
        }
        if grad.is(slf) {
            return Err(PyRuntimeError::new_err("can't assign Variable as its own grad"));
        }
        let g = read(grad)?;
        if g.shape() != t.shape() {
            return Err(PyRuntimeError::new_err(format!(
                "attempting to assign a gradient of size '{}' to a tensor of size '{}'. Please ensure that the gradient and \
                 the tensor are the same size",
                crate::layout::show(g.shape()),
                crate::layout::show(t.shape())
            )));
        }
        if g.dtype() != t.dtype() {
            return Err(PyRuntimeError::new_err(format!(
                "attempting to assign a gradient with dtype '{}' to a tensor with grad_dtype '{}'. The gradient must \
                 match the tensor's grad_dtype (defaults to the tensor's dtype).",
                g.dtype().c_name(),
                t.dtype().c_name()
            )));
        }
        t.set_grad(Some(g));
        // SAFETY: a live tensor object.
        unsafe { note_identity(slf.as_ptr()) };
        Ok(())
    }
    #[deleter]
    fn delete_grad(&self) {
        self.get().set_grad(None);
    }
    #[getter]
    fn grad_fn(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        super::autograd::node_object_opt(py, self.get().grad_fn().map(|e| e.node))
    }
    #[getter]
    fn output_nr(&self) -> usize {
        self.get().grad_fn().map_or(0, |e| e.nr)
    }
    #[getter]
    fn _version(&self) -> u32 {
        self.get().storage().version()
    }
    #[getter]
    fn _base(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap_opt(py, self.get().base())
    }
    fn _is_view(&self) -> bool {
        self.get().base().is_some()
    }
    fn detach(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap(py, self.get().detach())
    }
    fn detach_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        slf.get().get().detach_in_place()?;
        Ok(slf.clone())
    }
    #[getter]
    fn data(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap(py, self.get().detach())
    }
    #[setter]
    fn set_data(&self, new: &Bound<'_, PyAny>) -> PyResult<()> {
        let new = read(new)?;
        self.exchange(new.place().clone());
        Ok(())
    }
    fn retain_grad(&self) -> PyResult<()> {
        super::autograd::retain_grad(self.get())
    }
    #[getter]
    fn retains_grad(&self) -> bool {
        self.get().history_if_any().is_some_and(|h| h.state().retains_grad)
    }
    /// Hooks on a leaf's gradient by number, or None.
    #[getter]
    fn _backward_hooks(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Some(h) = self.get().history_if_any() else { return Ok(py.None()) };
        let ids: Vec<u64> = h.state().hooks.iter().flat_map(|h| &h.before).map(|h| h.0).collect();
        if ids.is_empty() {
            return Ok(py.None());
        }
        let d = PyDict::new(py);
        for id in ids {
            d.set_item(id, py.None())?;
        }
        Ok(d.into_any().unbind())
    }
    fn _register_hook(&self, hook: Py<PyAny>) -> PyResult<u64> {
        super::autograd::add_hook(self.get(), hook)
    }
    fn _remove_hook(&self, id: u64) {
        super::autograd::remove_hook(self.get(), id);
    }
    fn _register_post_accumulate_grad_hook(&self, hook: Py<PyAny>) -> PyResult<u64> {
        super::autograd::add_post_hook(self.get(), hook)
    }

    // ---- identity
    /// The same tensor as an object of a subclass: what `Parameter` is made by.
    #[staticmethod]
    #[pyo3(signature = (cls, data, require_grad=false))]
    fn _make_subclass<'py>(
        cls: &Bound<'py, PyType>,
        data: &Bound<'py, PyAny>,
        require_grad: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let object = bare(cls)?;
        let t = read(data)?.detach();
        if require_grad {
            require_new(&t)?;
        }
        fill(&object, t);
        Ok(object)
    }
    /// A view of this tensor as an object of a subclass; it stays in the graph.
    fn as_subclass<'py>(&self, cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        let object = bare(cls)?;
        fill(&object, ops::alias(&self.get().clone())?);
        Ok(object)
    }
    fn is_set_to(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let (a, b) = (self.get(), read(other)?);
        Ok(a.storage().same(b.storage()) && a.layout() == b.layout() && a.dtype() == b.dtype())
    }
    /// Shows other memory from now on: a storage (with offset, size and stride) or that of another tensor.
    #[pyo3(signature = (source=None, storage_offset=0, size=None, stride=None))]
    fn set_<'py>(
        slf: &Bound<'py, Self>,
        source: Option<&Bound<'py, PyAny>>,
        storage_offset: usize,
        size: Option<Vec<usize>>,
        stride: Option<Vec<usize>>,
    ) -> PyResult<Bound<'py, Self>> {
        let t = slf.get().get();
        let place = super::storage::place_of(t.dtype(), source, storage_offset, size, stride)?;
        if place.dtype != t.dtype() {
            return Err(PyRuntimeError::new_err(format!(
                "Could not set tensor of type {} to a tensor of type {}",
                place.dtype.c_name(),
                t.dtype().c_name()
            )));
        }
        slf.get().exchange(place);
        slf.get().get().storage().bump();
        Ok(slf.clone())
    }
    /// Another size in place: the elements that still fit stay, new ones have any content.
    #[pyo3(signature = (*size, memory_format=None))]
    fn resize_<'py>(
        slf: &Bound<'py, Self>,
        size: &Bound<'py, PyTuple>,
        memory_format: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let _ = memory_format;
        let size: Vec<i64> = if size.len() == 1 && size.get_item(0)?.extract::<i64>().is_err() {
            size.get_item(0)?.extract()?
        } else {
            size.extract()?
        };
        let t = slf.get().get().clone();
        if t.requires_grad() {
            return Err(PyRuntimeError::new_err("cannot resize variables that require grad"));
        }
        slf.get().exchange(super::storage::resized(&t, &size)?);
        Ok(slf.clone())
    }

    // ---- neighbours
    #[pyo3(signature = (*, force=false))]
    fn numpy<'py>(slf: &Bound<'py, Self>, force: bool) -> PyResult<Bound<'py, PyAny>> {
        super::numpy::to_numpy(slf.py(), slf.get().get().clone(), force)
    }
    fn __dlpack_device__(&self) -> (i32, i32) {
        (1, 0)
    }
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        slf: &Bound<'py, Self>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = (stream, max_version, dl_device);
        super::numpy::to_dlpack(slf.py(), slf.get().get(), copy.unwrap_or(false))
    }

    // ---- items
    fn __getitem__(slf: &Bound<'_, Self>, index: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        super::item::get(slf, index)
    }
    fn __setitem__(slf: &Bound<'_, Self>, index: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        super::item::set(slf, index, value)
    }
}

/// Asks for a gradient of a tensor that is just being made.
pub fn require_new(t: &Tensor) -> PyResult<()> {
    if !t.dtype().is_differentiable() {
        return Err(PyRuntimeError::new_err("Only Tensors of floating point and complex dtype can require gradients"));
    }
    Ok(t.set_requires_grad(true)?)
}

/// An object of a subclass, its contents an empty tensor until `fill`.
fn bare<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
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
fn fill(object: &Bound<'_, PyAny>, t: Tensor) {
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
