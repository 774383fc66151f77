//! Memory shared with NumPy and DLPack, both ways: nothing is copied, and each side keeps the other's memory alive.
use super::identity::{read, wrap};
use super::types::read_dtype;
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::{Dims, Layout};
use crate::storage::Storage;
use crate::tensor::Tensor;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use smallvec::SmallVec;
use std::ffi::{c_char, c_int, c_void};

/// NumPy's type string: `<f4`.
pub fn dtype_of_str(s: &str) -> PyResult<DType> {
    Ok(match s.trim_start_matches(['<', '|', '=']) {
        "b1" => DType::Bool,
        "u1" => DType::U8,
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "i8" => DType::I64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        "c8" => DType::C64,
        "c16" => DType::C128,
        other if other.starts_with('>') => {
            return Err(PyValueError::new_err(
                "given numpy array has byte order different from the native byte order. Conversion between byte orders \
                 is currently not supported.",
            ));
        }
        other => {
            let name = match other.as_bytes().first() {
                Some(b'O') => "object_".to_string(),
                Some(b'U') => "str_".to_string(),
                Some(b'S') => "bytes_".to_string(),
                _ => other.to_string(),
            };
            return Err(PyTypeError::new_err(format!(
                "can't convert np.ndarray of type numpy.{name}. The only supported types are: float64, float32, \
                 float16, complex64, complex128, int64, int32, int16, int8, uint8, and bool."
            )));
        }
    })
}
fn str_of_dtype(d: DType) -> Option<&'static str> {
    Some(match d {
        DType::Bool => "|b1",
        DType::U8 => "|u1",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        DType::BF16 => return None,
    })
}

/// The array interface of an object that has one and is a NumPy array or the like.
pub fn is_array<'py>(o: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    // Numbers of Python itself are by far the most common, and have none.
    // SAFETY: a live object.
    unsafe {
        if ffi::PyFloat_Check(o.as_ptr()) != 0 || ffi::PyLong_Check(o.as_ptr()) != 0 {
            return Ok(None);
        }
    }
    match o.getattr_opt("__array_interface__")? {
        Some(d) => Ok(d.cast_into::<PyDict>().ok()),
        None => Ok(None),
    }
}

// ---- NumPy's own structures, where its Python attributes would take a microsecond ---------------------------------------

/// `PyArrayObject` and `PyArray_Descr`, as far as they are the same in NumPy 1 and 2.
#[repr(C)]
struct ArrayObject {
    head: ffi::PyObject,
    data: *mut u8,
    rank: c_int,
    shape: *const isize,
    strides: *const isize,
    base: *mut ffi::PyObject,
    descr: *const Descr,
    flags: c_int,
}
#[repr(C)]
struct Descr {
    head: ffi::PyObject,
    of: *mut ffi::PyTypeObject,
    kind: c_char,
    letter: c_char,
    order: c_char,
    flags: c_char,
    number: c_int,
}
const WRITEABLE: c_int = 0x400;
/// The places in NumPy's table of functions of the type `ndarray` and of `PyArray_New`, `PyArray_SetBaseObject`.
const NDARRAY: usize = 2;
const NEW: usize = 93;
const SET_BASE: usize = 282;
type New = unsafe extern "C" fn(
    *mut ffi::PyTypeObject,
    c_int,
    *const isize,
    c_int,
    *const isize,
    *mut c_void,
    c_int,
    c_int,
    *mut ffi::PyObject,
) -> *mut ffi::PyObject;
type SetBase = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

/// NumPy's table of functions; null where there is none.
fn table(py: Python<'_>) -> *const *mut c_void {
    static TABLE: PyOnceLock<usize> = PyOnceLock::new();
    let find = || {
        let module = py
            .import("numpy._core._multiarray_umath")
            .or_else(|_| py.import("numpy.core._multiarray_umath"))
            .and_then(|m| m.getattr("_ARRAY_API"));
        // SAFETY: a live object; what is no capsule of no name gives null, and an exception that is cleared.
        let found =
            module.map_or(std::ptr::null_mut(), |m| unsafe { ffi::PyCapsule_GetPointer(m.as_ptr(), std::ptr::null()) });
        if found.is_null() {
            drop(PyErr::take(py));
        }
        found as usize
    };
    *TABLE.get_or_init(py, find) as *const *mut c_void
}

/// NumPy's number of a dtype, where C's `long` has 64 bits.
fn number_of_dtype(d: DType) -> Option<c_int> {
    Some(match d {
        DType::Bool => 0,
        DType::I8 => 1,
        DType::U8 => 2,
        DType::I16 => 3,
        DType::I32 => 5,
        DType::I64 if size_of::<std::ffi::c_long>() == 8 => 7,
        DType::F32 => 11,
        DType::F64 => 12,
        DType::C64 => 14,
        DType::C128 => 15,
        DType::F16 => 23,
        _ => return None,
    })
}

/// A tensor over the memory of an `ndarray` that gives no reason for a warning or an error; `None` of anything else.
pub fn from_plain_array(array: &Bound<'_, PyAny>) -> Option<Tensor> {
    // By its name first: where nobody has imported NumPy, this must not.
    // SAFETY: a live object, whose type has a name.
    if unsafe { std::ffi::CStr::from_ptr((*ffi::Py_TYPE(array.as_ptr())).tp_name) } != c"numpy.ndarray" {
        return None;
    }
    let table = table(array.py());
    // SAFETY: an object of the type `ndarray` itself is an `ArrayObject`, whose shape and strides have `rank` numbers.
    unsafe {
        if table.is_null() || ffi::Py_TYPE(array.as_ptr()) != (*table.add(NDARRAY)).cast::<ffi::PyTypeObject>() {
            return None;
        }
        let a = &*array.as_ptr().cast::<ArrayObject>();
        let number = (*a.descr).number;
        let native = matches!((*a.descr).order as u8, b'=' | b'|');
        let dtype = crate::dtype::ALL.into_iter().find(|&d| number_of_dtype(d) == Some(number))?;
        if a.flags & WRITEABLE == 0 || !native {
            return None;
        }
        let mut layout = Layout { shape: Dims::new(), strides: Dims::new(), offset: 0 };
        for i in 0..a.rank as usize {
            let (n, step) = (*a.shape.add(i), *a.strides.add(i));
            if step < 0 || !(step as usize).is_multiple_of(dtype.size()) {
                return None;
            }
            layout.shape.push(n as usize);
            layout.strides.push(step as usize / dtype.size());
        }
        let nbytes = layout.end() * dtype.size();
        let storage = Storage::foreign(a.data, nbytes, true, Box::new(Keep(Some(array.clone().unbind()))));
        Some(Tensor::new(storage, layout, dtype))
    }
}

/// An array over the memory of a tensor with elements, made by NumPy's own function; `None` where there is none.
fn to_plain_array<'py>(py: Python<'py>, t: &Tensor) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (table, number) = (table(py), number_of_dtype(t.dtype()));
    let (Some(number), false) = (number, table.is_null() || t.numel() == 0) else { return Ok(None) };
    let storage = Py::new(py, super::storage::PyStorage(t.storage().clone()))?;
    let shape: SmallVec<[isize; 6]> = t.shape().iter().map(|&n| n as isize).collect();
    let strides: SmallVec<[isize; 6]> = t.strides().iter().map(|&s| (s * t.dtype().size()) as isize).collect();
    let flags = if t.storage().writable() { WRITEABLE } else { 0 };
    // SAFETY: the functions are what NumPy's table has there in every version of its binary interface; the array keeps
    // the storage, which `SetBase` takes over in any case.
    unsafe {
        let new: New = std::mem::transmute(*table.add(NEW));
        let set_base: SetBase = std::mem::transmute(*table.add(SET_BASE));
        let (of, rank, data) = ((*table.add(NDARRAY)).cast(), t.rank() as c_int, t.data_ptr().cast());
        let array = new(of, rank, shape.as_ptr(), number, strides.as_ptr(), data, 0, flags, std::ptr::null_mut());
        let array = Bound::from_owned_ptr_or_err(py, array)?;
        if set_base(array.as_ptr(), storage.into_ptr()) < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Some(array))
    }
}

/// An object that owns foreign memory; it is released under the interpreter's lock.
struct Keep(Option<Py<PyAny>>);
impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(o) = self.0.take() {
            let _ = Python::try_attach(|py| drop(o.into_bound(py)));
        }
    }
}

/// A tensor over a NumPy array's memory.
pub fn from_array(array: &Bound<'_, PyAny>, read_only_allowed: bool) -> PyResult<Tensor> {
    let py = array.py();
    let Some(d) = is_array(array)? else {
        return Err(PyTypeError::new_err(format!("expected np.ndarray (got {})", array.get_type().name()?)));
    };
    let field = |name: &str| -> PyResult<Bound<'_, PyAny>> {
        d.get_item(name)?.ok_or_else(|| PyTypeError::new_err(format!("__array_interface__ lacks '{name}'")))
    };
    let dtype = dtype_of_str(&field("typestr")?.extract::<String>()?)?;
    let (ptr, read_only): (usize, bool) = field("data")?.extract()?;
    let shape: Vec<usize> = field("shape")?.extract()?;
    let strides: Option<Vec<isize>> = match d.get_item("strides")? {
        Some(s) if !s.is_none() => Some(s.extract()?),
        _ => None,
    };
    if read_only && !read_only_allowed {
        let warn = c"The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means \
                     writing to this tensor will result in undefined behavior. You may want to copy the array to protect \
                     its data or make it writable before converting it to a tensor. This type of warning will be \
                     suppressed for the rest of this program.";
        PyErr::warn(py, &py.get_type::<pyo3::exceptions::PyUserWarning>(), warn, 1)?;
    }
    let mut layout = Layout::contiguous(&shape);
    if let Some(strides) = strides {
        for (d, &s) in strides.iter().enumerate() {
            if s < 0 && shape[d] > 1 {
                return Err(PyValueError::new_err(
                    "At least one stride in the given numpy array is negative, and tensors with negative strides are \
                     not currently supported. (You can probably work around this by making a copy of your array with \
                     array.copy().) ",
                ));
            }
            if s % dtype.size() as isize != 0 {
                return Err(PyValueError::new_err(
                    "given numpy array strides not a multiple of the element byte size. Copy the numpy array to \
                     reallocate the memory.",
                ));
            }
            layout.strides[d] = s.unsigned_abs() / dtype.size();
        }
    }
    let nbytes = layout.end() * dtype.size();
    let owner = Box::new(Keep(Some(array.clone().unbind())));
    // SAFETY: the array interface vouches for this memory while the array lives, which `owner` keeps alive.
    let storage = unsafe { Storage::foreign(ptr as *mut u8, nbytes, !read_only, owner) };
    Ok(Tensor::new(storage, layout, dtype))
}

/// `t.numpy()`: an array over the tensor's memory.
pub fn to_numpy(py: Python<'_>, t: Tensor, force: bool) -> PyResult<Bound<'_, PyAny>> {
    if t.requires_grad() && !force {
        return Err(PyRuntimeError::new_err(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
        ));
    }
    let t = if force { t.moved_data(Device::Cpu)? } else { t };
    if t.device().is_gpu() {
        return Err(PyTypeError::new_err(format!(
            "can't convert {} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
            t.device()
        )));
    }
    let Some(typestr) = str_of_dtype(t.dtype()) else {
        return Err(PyTypeError::new_err("Got unsupported ScalarType BFloat16"));
    };
    if let Some(array) = to_plain_array(py, &t)? {
        return Ok(array);
    }
    let storage = Py::new(py, super::storage::PyStorage(t.storage().clone()))?;
    let size = t.dtype().size();
    let kwargs = PyDict::new(py);
    kwargs.set_item("shape", PyTuple::new(py, t.shape())?)?;
    kwargs.set_item("dtype", typestr)?;
    if t.numel() > 0 {
        kwargs.set_item("buffer", storage)?;
        kwargs.set_item("offset", t.layout().offset * size)?;
        kwargs.set_item("strides", PyTuple::new(py, t.strides().iter().map(|s| s * size))?)?;
    }
    py.import("numpy")?.getattr("ndarray")?.call((), Some(&kwargs))
}

/// A tensor over the memory of a NumPy array: a write through one is seen through the other.
///
/// Raises TypeError for an object that is no array or has an unsupported type, ValueError for negative strides.
#[pyfunction]
fn from_numpy(py: Python<'_>, ndarray: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    if let Some(t) = from_plain_array(ndarray) {
        return wrap(py, t);
    }
    if !ndarray.get_type().mro().iter().any(|c| c.getattr("__name__").is_ok_and(|n| n.to_string() == "ndarray")) {
        return Err(PyTypeError::new_err(format!("expected np.ndarray (got {})", ndarray.get_type().name()?)));
    }
    wrap(py, from_array(ndarray, false)?)
}

/// A 1-D tensor over the memory of an object with the buffer protocol.
///
/// `count` elements (-1: as many as there are) of `dtype` from byte `offset`. Raises ValueError where they do not fit.
#[pyfunction]
#[pyo3(signature = (buffer, *, dtype, count=-1, offset=0, requires_grad=false))]
fn frombuffer(
    py: Python<'_>,
    buffer: &Bound<'_, PyAny>,
    dtype: &Bound<'_, PyAny>,
    count: i64,
    offset: i64,
    requires_grad: bool,
) -> PyResult<Py<PyAny>> {
    let dtype = read_dtype(dtype).ok_or_else(|| PyTypeError::new_err("frombuffer(): dtype must be a torch.dtype"))?;
    let view = PyBuffer::<u8>::get(buffer);
    let (ptr, len, read_only, owner): (usize, usize, bool, Box<dyn std::any::Any + Send + Sync>) = match view {
        Ok(v) => (v.buf_ptr() as usize, v.len_bytes(), v.readonly(), Box::new(HeldBuffer(Some(v)))),
        Err(_) => {
            // Buffers of other element types: seen as bytes by a memoryview.
            let bytes = py.import("builtins")?.getattr("memoryview")?.call1((buffer,))?.call_method1("cast", ("B",))?;
            let v = PyBuffer::<u8>::get(&bytes)?;
            (v.buf_ptr() as usize, v.len_bytes(), v.readonly(), Box::new(HeldBuffer(Some(v))))
        }
    };
    let size = dtype.size();
    if len == 0 || count == 0 {
        return Err(PyValueError::new_err(format!("both buffer length ({len}) and count ({count}) must not be 0")));
    }
    if offset < 0 || offset as usize >= len {
        return Err(PyValueError::new_err(format!(
            "offset ({offset} bytes) must be non-negative and no greater than buffer length ({len} bytes) minus 1"
        )));
    }
    let left = len - offset as usize;
    let n = if count < 0 {
        if !left.is_multiple_of(size) {
            return Err(PyValueError::new_err(format!(
                "buffer length ({left} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
            )));
        }
        left / size
    } else {
        count as usize
    };
    if n.checked_mul(size).is_none_or(|b| b > left) {
        return Err(PyValueError::new_err(format!(
            "requested buffer length ({n} * {size} bytes) after offset ({offset} bytes) must not be greater than actual \
             buffer length ({len} bytes)"
        )));
    }
    if read_only {
        let warn = c"The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you \
                     can write to the underlying (supposedly non-writable) buffer using the tensor. You may want to copy \
                     the buffer to protect its data or make it writable before converting it to a tensor. This type of \
                     warning will be suppressed for the rest of this program.";
        PyErr::warn(py, &py.get_type::<pyo3::exceptions::PyUserWarning>(), warn, 1)?;
    }
    // SAFETY: the buffer is held by `owner`, and the bounds were checked.
    let storage = unsafe { Storage::foreign((ptr + offset as usize) as *mut u8, n * size, !read_only, owner) };
    let t = Tensor::new(storage, Layout::contiguous(&[n]), dtype);
    if requires_grad {
        t.set_requires_grad(true)?;
    }
    wrap(py, t)
}

/// A buffer that is released under the interpreter's lock.
struct HeldBuffer(Option<PyBuffer<u8>>);
impl Drop for HeldBuffer {
    fn drop(&mut self) {
        if let Some(b) = self.0.take() {
            let mut b = Some(b);
            if Python::try_attach(|_| drop(b.take())).is_none() {
                std::mem::forget(b); // the interpreter is gone, and with it the buffer
            }
        }
    }
}

// ---- DLPack (dmlc/dlpack, dlpack.h, version 0.8) ----------------------------------------------------------------------

/// Kinds of devices: `kDLCPU` and `kDLWebGPU`.
pub const DL_CPU: i32 = 1;
pub const DL_WEBGPU: i32 = 15;

#[repr(C)]
struct DLTensor {
    data: *mut c_void,
    device: [i32; 2],
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}
#[repr(C)]
struct DLManagedTensor {
    tensor: DLTensor,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut DLManagedTensor)>,
}
/// What an exported tensor keeps alive.
struct Exported {
    _storage: Storage,
    shape: Vec<i64>,
    strides: Vec<i64>,
    managed: DLManagedTensor,
}

fn dl_type(d: DType) -> (u8, u8) {
    let bits = (d.size() * 8) as u8;
    match d {
        DType::Bool => (6, 8),
        DType::U8 => (1, 8),
        DType::BF16 => (4, 16),
        d if d.is_integral() => (0, bits),
        d if d.is_float() => (2, bits),
        _ => (5, bits),
    }
}

unsafe extern "C" fn delete_exported(m: *mut DLManagedTensor) {
    // SAFETY: the context is the box made in `to_dlpack`, deleted once.
    unsafe { drop(Box::from_raw((*m).context.cast::<Exported>())) }
}
unsafe extern "C" fn delete_capsule(capsule: *mut ffi::PyObject) {
    // SAFETY: a capsule of ours; one that was consumed has another name.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, c"dltensor".as_ptr()) != 0 {
            let m = ffi::PyCapsule_GetPointer(capsule, c"dltensor".as_ptr()).cast::<DLManagedTensor>();
            if let Some(delete) = (*m).deleter {
                delete(m);
            }
        }
    }
}

/// `t.__dlpack__()`: a capsule that shares the memory.
pub fn to_dlpack<'py>(py: Python<'py>, t: &Tensor, copy: bool) -> PyResult<Bound<'py, PyAny>> {
    if t.requires_grad() {
        return Err(pyo3::exceptions::PyBufferError::new_err(
            "Can't export tensors that require gradient, use tensor.detach()",
        ));
    }
    if t.device().is_gpu() {
        return Err(pyo3::exceptions::PyBufferError::new_err(format!(
            "Can't export a tensor on {} to DLPack: its memory is the driver's. Use Tensor.cpu() first.",
            t.device()
        )));
    }
    let t = if copy { crate::ops::clone(t, None)? } else { t.detach() };
    let (code, bits) = dl_type(t.dtype());
    let mut e = Box::new(Exported {
        _storage: t.storage().clone(),
        shape: t.shape().iter().map(|&n| n as i64).collect(),
        strides: t.strides().iter().map(|&n| n as i64).collect(),
        managed: DLManagedTensor {
            tensor: DLTensor {
                data: t.data_ptr().cast(),
                device: [DL_CPU, 0],
                ndim: t.rank() as i32,
                code,
                bits,
                lanes: 1,
                shape: std::ptr::null_mut(),
                strides: std::ptr::null_mut(),
                byte_offset: 0,
            },
            context: std::ptr::null_mut(),
            deleter: Some(delete_exported),
        },
    });
    e.managed.tensor.shape = e.shape.as_mut_ptr();
    e.managed.tensor.strides = e.strides.as_mut_ptr();
    let e = Box::into_raw(e);
    // SAFETY: the box lives until its deleter runs, by the capsule or by the consumer.
    unsafe {
        (*e).managed.context = e.cast();
        let managed: *mut c_void = (&raw mut (*e).managed).cast();
        Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(managed, c"dltensor".as_ptr(), Some(delete_capsule)))
    }
}

/// The other side's tensor, deleted when the storage is.
struct Imported(*mut DLManagedTensor);
// SAFETY: used once, in drop; DLPack asks that deleters may run on any thread.
unsafe impl Send for Imported {}
// SAFETY: as above.
unsafe impl Sync for Imported {}
impl Drop for Imported {
    fn drop(&mut self) {
        // SAFETY: the capsule was marked as consumed, so this is the only owner. Attached: NumPy's deleter needs it.
        let _ = Python::try_attach(|_| unsafe {
            if let Some(delete) = (*self.0).deleter {
                delete(self.0);
            }
        });
    }
}

/// A tensor over the memory of any object with `__dlpack__`, or of a DLPack capsule.
#[pyfunction]
#[pyo3(signature = (ext_tensor, *, device=None, copy=None))]
fn from_dlpack(
    py: Python<'_>,
    ext_tensor: &Bound<'_, PyAny>,
    device: Option<&Bound<'_, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Py<PyAny>> {
    let _ = device;
    let capsule = match ext_tensor.getattr_opt("__dlpack__")? {
        Some(f) => f.call0()?,
        None => ext_tensor.clone(),
    };
    // SAFETY: the capsule's name says what it holds; it is renamed before its contents are taken over.
    let t = unsafe {
        let c = capsule.as_ptr();
        if ffi::PyCapsule_IsValid(c, c"dltensor".as_ptr()) == 0 {
            return Err(PyTypeError::new_err("from_dlpack(): expected an object with __dlpack__ or an unused capsule"));
        }
        let m = ffi::PyCapsule_GetPointer(c, c"dltensor".as_ptr()).cast::<DLManagedTensor>();
        let d = &(*m).tensor;
        if d.device[0] != 1 {
            return Err(PyRuntimeError::new_err("from_dlpack(): only CPU memory can be shared"));
        }
        let found = crate::dtype::ALL.into_iter().find(|&x| dl_type(x) == (d.code, d.bits) && d.lanes == 1);
        let Some(dtype) = found else {
            return Err(PyRuntimeError::new_err(format!("Unsupported DLPack type: code {}, {} bits", d.code, d.bits)));
        };
        let n = d.ndim as usize;
        let shape: Vec<usize> = (0..n).map(|i| *d.shape.add(i) as usize).collect();
        let mut layout = Layout::contiguous(&shape);
        if !d.strides.is_null() {
            for i in 0..n {
                let s = *d.strides.add(i);
                if s < 0 && shape[i] > 1 {
                    return Err(PyValueError::new_err("from_dlpack(): negative strides are not supported"));
                }
                layout.strides[i] = s.unsigned_abs() as usize;
            }
        }
        let ptr = d.data.cast::<u8>().wrapping_add(d.byte_offset as usize);
        let nbytes = layout.end() * dtype.size();
        ffi::PyCapsule_SetName(c, c"used_dltensor".as_ptr());
        ffi::PyCapsule_SetDestructor(c, None);
        Tensor::new(Storage::foreign(ptr, nbytes, true, Box::new(Imported(m))), layout, dtype)
    };
    if copy == Some(true) {
        return wrap(py, crate::ops::clone(&t, None)?);
    }
    wrap(py, t)
}

/// A DLPack capsule of the tensor's memory.
#[pyfunction(name = "to_dlpack")]
fn to_dlpack_function<'py>(py: Python<'py>, tensor: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    to_dlpack(py, &read(tensor)?, false)
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(from_numpy, m)?)?;
    m.add_function(wrap_pyfunction!(frombuffer, m)?)?;
    m.add_function(wrap_pyfunction!(from_dlpack, m)?)?;
    m.add_function(wrap_pyfunction!(to_dlpack_function, m)?)
}
