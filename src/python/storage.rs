//! `UntypedStorage`: a tensor's bytes, with the buffer protocol; and tensors put over given bytes.
use super::identity::read;
use crate::device::Inside;
use crate::dtype::DType;
use crate::layout::{Layout, contiguous_strides, sizes};
use crate::storage::Storage;
use crate::tensor::{Place, Tensor};
use pyo3::exceptions::{PyBufferError, PyIndexError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::c_int;

/// The bytes behind one or more tensors.
#[pyclass(frozen, name = "UntypedStorage", module = "rusttorch", weakref)]
pub struct PyStorage(pub Storage);

#[pymethods]
impl PyStorage {
    #[new]
    #[pyo3(signature = (size=0))]
    fn new(size: usize) -> PyResult<Self> {
        Ok(Self(Storage::zeros(size)?))
    }
    /// Address of the first byte.
    fn data_ptr(&self) -> usize {
        if self.0.nbytes() == 0 { 0 } else { self.0.address() }
    }
    fn nbytes(&self) -> usize {
        self.0.nbytes()
    }
    fn size(&self) -> usize {
        self.0.nbytes()
    }
    fn element_size(&self) -> usize {
        1
    }
    fn __len__(&self) -> usize {
        self.0.nbytes()
    }
    #[getter]
    fn device(&self) -> super::types::PyDevice {
        super::types::PyDevice::of(self.0.device())
    }
    #[getter]
    fn is_cuda(&self) -> bool {
        false
    }
    fn is_shared(&self) -> bool {
        false
    }
    fn share_memory_(&self) -> PyResult<()> {
        Err(pyo3::exceptions::PyNotImplementedError::new_err(
            "share_memory_: memory shared between processes is not supported by rusttorch yet: send copies instead",
        ))
    }
    fn __getitem__(&self, i: isize) -> PyResult<u8> {
        let n = self.0.nbytes() as isize;
        let at = if i < 0 { i + n } else { i };
        if !(0..n).contains(&at) {
            return Err(PyIndexError::new_err(format!("index {i} out of range for storage of size {n}")));
        }
        let mut byte = [0];
        self.0.read(at as usize, &mut byte)?;
        Ok(byte[0])
    }
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyStorage>().is_ok_and(|o| o.get().0.same(&self.0))
    }
    fn __hash__(&self) -> usize {
        self.0.address() >> 4
    }
    // SAFETY: fills the view by CPython's own function; the storage outlives it, for the view holds the object.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let s = &slf.get().0;
        if s.device().is_gpu() {
            return Err(PyBufferError::new_err(format!(
                "the bytes are on {}: copy the tensor with .cpu() first",
                s.device()
            )));
        }
        let read_only = !s.writable() as c_int;
        // SAFETY: as above.
        let code = unsafe {
            ffi::PyBuffer_FillInfo(view, slf.as_ptr(), s.ptr().cast(), s.nbytes() as isize, read_only, flags)
        };
        if code < 0 {
            return Err(PyErr::take(slf.py()).unwrap_or_else(|| PyBufferError::new_err("no buffer")));
        }
        Ok(())
    }
}

/// What `set_` shows: nothing, all of another tensor, or a part of a storage, where `t` is.
pub fn place_of(
    t: &Tensor,
    source: Option<&Bound<'_, PyAny>>,
    offset: usize,
    size: Option<Vec<usize>>,
    stride: Option<Vec<usize>>,
) -> PyResult<Place> {
    let dtype = t.dtype();
    let Some(source) = source else {
        let _inside = Inside::of(t.device());
        return Ok(Place { storage: Storage::empty(0)?, layout: Layout::contiguous(&[0]), dtype });
    };
    let (storage, whole) = if let Ok(s) = source.cast::<PyStorage>() {
        (s.get().0.clone(), None)
    } else if let Ok(inner) = source.getattr("_untyped_storage") {
        let inner = inner.cast::<PyStorage>().map_err(|_| PyTypeError::new_err("set_(): not a storage"))?;
        (inner.get().0.clone(), None)
    } else {
        let place = read(source)?.place().clone();
        (place.storage.clone(), Some(place).filter(|_| size.is_none()))
    };
    if storage.device() != t.device() {
        return Err(PyRuntimeError::new_err(format!(
            "Attempted to set the storage of a tensor on device \"{}\" to a storage on different device \"{}\".  This is \
             no longer allowed; the devices must match.",
            t.device(),
            storage.device()
        )));
    }
    if let Some(place) = whole {
        return Ok(place);
    }
    let shape = size.unwrap_or_else(|| vec![(storage.nbytes() / dtype.size()).saturating_sub(offset)]);
    let strides = stride.map_or_else(|| contiguous_strides(&shape), |s| s.into());
    if strides.len() != shape.len() {
        return Err(PyRuntimeError::new_err("mismatch in length of strides and shape"));
    }
    let layout = Layout { shape: shape.into(), strides, offset };
    if layout.end() * dtype.size() > storage.nbytes() && layout.numel() > 0 {
        return Err(PyRuntimeError::new_err(format!(
            "setStorage: sizes {}, strides {}, storage offset {offset}, and itemsize {} requiring a storage size of {} \
             are out of bounds for storage of size {}",
            crate::layout::show(&layout.shape),
            crate::layout::show(&layout.strides),
            dtype.size(),
            layout.end() * dtype.size(),
            storage.nbytes()
        )));
    }
    Ok(Place { storage, layout, dtype })
}

/// A tensor's memory in another size: its own where that is large enough, otherwise a longer copy.
pub fn resized(t: &Tensor, size: &[i64]) -> PyResult<Place> {
    let shape = sizes(size)?;
    let layout = Layout { offset: t.layout().offset, ..Layout::contiguous(&shape) };
    let needed = layout.end() * t.dtype().size();
    let storage = if needed <= t.storage().nbytes() {
        t.storage().clone()
    } else {
        let _inside = Inside::of(t.device());
        let new = Storage::empty(needed)?;
        let bytes = Layout::contiguous(&[t.storage().nbytes()]);
        let [to, from] = [&new, t.storage()].map(|s| Tensor::new(s.clone(), bytes.clone(), DType::U8));
        to.copy_data(&from);
        new
    };
    Ok(Place { storage, layout, dtype: t.dtype() })
}

/// The CRC-32 of an object's bytes, as zip archives have it.
#[pyfunction]
fn _crc32(py: Python<'_>, data: pyo3::buffer::PyBuffer<u8>) -> PyResult<u32> {
    if !data.is_c_contiguous() {
        return Err(PyBufferError::new_err("the bytes must be contiguous"));
    }
    if data.len_bytes() == 0 {
        return Ok(0);
    }
    // SAFETY: the buffer is held until the end; who writes to it meanwhile gets the sum of what was read.
    let bytes = unsafe { std::slice::from_raw_parts(data.buf_ptr().cast::<u8>().cast_const(), data.len_bytes()) };
    Ok(py.detach(|| crate::cpu::crc::crc32(bytes)))
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyStorage>()?;
    m.add_function(wrap_pyfunction!(_crc32, m)?)
}
