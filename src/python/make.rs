//! Tensors from Python data, and the module's functions that are not ops: defaults, threads, modes.
use super::error::guard;
use super::identity::{is_tensor, read, wrap};
use super::types::{PyDType, PyGenerator, dtype_object, read_device, read_dtype};
use super::value::read_scalar;
use crate::device::{self, Device, Inside};
use crate::dtype::{DType, Scalar, default_dtype};
use crate::graph::{Mode, mode, set_mode};
use crate::layout::{Dims, show};
use crate::tensor::Tensor;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySequence, PyString, PyTuple};

/// Options that all constructors take.
struct Options {
    dtype: Option<DType>,
    device: Option<Device>,
    requires_grad: bool,
}

fn options(
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    requires_grad: bool,
) -> PyResult<Options> {
    let device = match device {
        None => None,
        Some(d) => match read_device(d)? {
            None => {
                let name = d.get_type().name()?;
                return Err(PyTypeError::new_err(format!("device must be str or torch.device, not {name}")));
            }
            found => found,
        },
    };
    let dtype = match dtype {
        None => None,
        Some(d) => Some(read_dtype(d).ok_or_else(|| {
            let name = d.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
            PyTypeError::new_err(format!("tensor(): argument 'dtype' must be torch.dtype, not {name}"))
        })?),
    };
    Ok(Options { dtype, device, requires_grad })
}

fn finish(py: Python<'_>, t: Tensor, requires_grad: bool) -> PyResult<Py<PyAny>> {
    if requires_grad {
        super::object::require_new(&t)?;
    }
    wrap(py, t)
}

/// Whether an object is read as a list of rows: lists, tuples, and other sequences that are no text.
fn as_rows<'py>(o: &Bound<'py, PyAny>) -> Option<Bound<'py, PySequence>> {
    if o.is_instance_of::<PyList>() || o.is_instance_of::<PyTuple>() {
        return o.cast::<PySequence>().ok().cloned();
    }
    if o.is_instance_of::<PyString>() {
        return None;
    }
    // SAFETY: a live object.
    unsafe {
        if is_tensor(o.as_ptr()) {
            return None;
        }
        (ffi::PySequence_Check(o.as_ptr()) != 0).then(|| o.clone().cast_into_unchecked::<PySequence>())
    }
}

/// Values collected from nested sequences.
struct Collected {
    shape: Vec<usize>,
    values: Vec<Scalar>,
    /// The common dtype of the values; tensors and NumPy arrays among them bring their own.
    dtype: Option<DType>,
}

impl Collected {
    fn join(&mut self, d: DType) {
        self.dtype = Some(self.dtype.map_or(d, |s| s.promote(d)));
    }
    fn measure(&mut self, o: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut o = o.clone();
        loop {
            if let Some(t) = array_like(&o)? {
                self.shape.extend(t.shape());
                return Ok(());
            }
            let Some(rows) = as_rows(&o) else { return Ok(()) };
            let n = rows.len()?;
            self.shape.push(n);
            if self.shape.len() > 128 {
                return Err(PyValueError::new_err(format!("too many dimensions '{}'", o.get_type().name()?)));
            }
            if n == 0 {
                return Ok(());
            }
            o = rows.get_item(0)?;
        }
    }
    fn collect(&mut self, o: &Bound<'_, PyAny>, dim: usize) -> PyResult<()> {
        if let Some(t) = array_like(o)? {
            if t.shape() != &self.shape[dim..] {
                if t.rank() == 0 || dim == self.shape.len() {
                    let name = o.get_type().name()?;
                    return Err(PyValueError::new_err(format!(
                        "only one element tensors can be converted to Python scalars (got a {name} of size {})",
                        show(t.shape())
                    )));
                }
                return Err(PyValueError::new_err(format!(
                    "expected sequence of length {} at dim {dim} (got {})",
                    self.shape[dim],
                    t.shape()[0]
                )));
            }
            self.join(t.dtype());
            let values = t.to_vec::<crate::dtype::C64>()?;
            let category = t.dtype().category();
            use crate::dtype::Category;
            self.values.extend(values.into_iter().map(|v| match category {
                Category::Bool => Scalar::Bool(v.re != 0.0),
                Category::Float => Scalar::Float(v.re),
                Category::Complex => Scalar::Complex(v),
                Category::Int => Scalar::Int(v.re as i64),
            }));
            if category == Category::Int {
                let from = self.values.len() - t.numel();
                for (slot, v) in self.values[from..].iter_mut().zip(t.to_vec::<i64>()?) {
                    *slot = Scalar::Int(v);
                }
            }
            return Ok(());
        }
        if dim == self.shape.len() {
            // SAFETY: a live object.
            let Some(s) = (unsafe { read_scalar(o.as_ptr()) })? else {
                let name = o.get_type().name()?.to_string();
                return Err(match as_rows(o) {
                    Some(_) => PyValueError::new_err(format!("too many dimensions '{name}'")),
                    None if name == "str" => PyTypeError::new_err("new(): invalid data type 'str'"),
                    None => PyRuntimeError::new_err(format!("Could not infer dtype of {name}")),
                });
            };
            self.join(numpy_scalar_dtype(o)?.unwrap_or_else(|| s.dtype()));
            self.values.push(s);
            return Ok(());
        }
        let Some(rows) = as_rows(o) else {
            let name = o.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "not a sequence: expected {} items, got {name}",
                self.shape[dim]
            )));
        };
        let n = rows.len()?;
        if n != self.shape[dim] {
            return Err(PyValueError::new_err(format!(
                "expected sequence of length {} at dim {dim} (got {n})",
                self.shape[dim]
            )));
        }
        for i in 0..n {
            self.collect(&rows.get_item(i)?, dim + 1)?;
        }
        Ok(())
    }
}

/// The dtype a NumPy scalar brings: `np.float32(1)` makes a float32 tensor.
fn numpy_scalar_dtype(o: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    let ty = o.get_type();
    if !ty.module().is_ok_and(|m| m == "numpy") {
        return Ok(None);
    }
    Ok(super::numpy::dtype_of_str(&o.getattr("dtype")?.getattr("str")?.to_string()).ok())
}

/// A tensor, or a NumPy array (as a tensor over its memory).
fn array_like(o: &Bound<'_, PyAny>) -> PyResult<Option<Tensor>> {
    // SAFETY: a live object.
    if unsafe { is_tensor(o.as_ptr()) } {
        return read(o).map(|t| Some(t.detach()));
    }
    if o.is_instance_of::<PyList>() || o.is_instance_of::<PyTuple>() {
        return Ok(None);
    }
    if let Some(t) = super::numpy::from_plain_array(o) {
        return Ok(Some(t));
    }
    if super::numpy::is_array(o)?.is_none() {
        return Ok(None);
    }
    super::numpy::from_array(o, true).map(Some)
}

/// A new tensor with the elements of another.
fn copied(t: &Tensor, dtype: Option<DType>, there: Device) -> crate::Result<Tensor> {
    let _inside = Inside::of(there);
    let made = Tensor::empty(t.shape(), dtype.unwrap_or(t.dtype()))?;
    made.copy_data(t);
    Ok(made)
}
/// Where a tensor goes whose device was not asked for: to the default device, if one is set, or it stays.
fn default_of(t: &Tensor) -> Device {
    device::default_if_set().unwrap_or(t.device())
}

/// A new tensor of the CPU from nested data: numbers, sequences, tensors, NumPy arrays.
pub fn from_data(data: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Tensor> {
    if let Some(t) = array_like(data)? {
        return Ok(copied(&t, dtype, Device::Cpu)?);
    }
    let mut c = Collected { shape: vec![], values: vec![], dtype: None };
    c.measure(data)?;
    if c.shape.is_empty() && data.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("new(): invalid data type 'str'"));
    }
    if c.shape.iter().product::<usize>() > 0 || c.shape.is_empty() {
        c.collect(data, 0)?;
    }
    let dtype = dtype.or(c.dtype).unwrap_or_else(default_dtype);
    let shape: Dims = c.shape.into();
    let t = Tensor::empty(&shape, dtype)?;
    for s in &c.values {
        if let Some((lo, hi)) = dtype.int_range().filter(|_| dtype != DType::Bool)
            && let Scalar::Int(i) = s
            && !(lo..=hi).contains(i)
        {
            return Err(PyRuntimeError::new_err(format!(
                "value cannot be converted to type {} without overflow",
                dtype.c_name().replace("unsigned char", "uint8_t").replace("signed char", "int8_t")
            )));
        }
    }
    dispatch!(all dtype, T => {
        // SAFETY: a new contiguous tensor of this type that nobody else has.
        for (slot, s) in unsafe { t.as_mut_slice::<T>() }.iter_mut().zip(&c.values) {
            *slot = <T as crate::dtype::Element>::of(*s);
        }
    });
    Ok(t)
}

/// A new tensor with a copy of `data`: numbers, nested sequences, NumPy arrays, tensors.
///
/// The dtype is inferred (Python floats get the default dtype, ints int64, bools bool) unless `dtype` says otherwise.
/// Raises ValueError for ragged sequences and TypeError for data that are no numbers.
#[pyfunction]
#[pyo3(signature = (data, *, dtype=None, device=None, requires_grad=false, pin_memory=false, names=None))]
fn tensor(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    requires_grad: bool,
    pin_memory: bool,
    names: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let _ = (pin_memory, names);
    let o = options(dtype, device, requires_grad)?;
    // SAFETY: a live object.
    if unsafe { is_tensor(data.as_ptr()) } {
        let warn = "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or \
                    sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).";
        let category = py.get_type::<pyo3::exceptions::PyUserWarning>();
        PyErr::warn(py, &category, &std::ffi::CString::new(warn).expect("no NUL"), 1)?;
    }
    guard(|| {
        let t = match array_like(data)? {
            Some(t) => copied(&t, o.dtype, o.device.unwrap_or_else(|| default_of(&t)))?,
            None => from_data(data, o.dtype)?.moved_data(o.device.unwrap_or_else(device::default))?,
        };
        finish(py, t, o.requires_grad)
    })
}

/// `data` as a tensor: itself if it is one of this dtype already, over the same memory if it is a NumPy array.
#[pyfunction]
#[pyo3(signature = (data, dtype=None, device=None))]
fn as_tensor(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let o = options(dtype, device, false)?;
    // SAFETY: a live object.
    let t = if unsafe { is_tensor(data.as_ptr()) } { Some(read(data)?) } else { array_like(data)? };
    guard(|| match t {
        Some(t) => {
            let there = o.device.unwrap_or_else(|| default_of(&t));
            wrap(py, crate::ops::to(&t, Some(there), o.dtype, false, None)?)
        }
        None => wrap(py, from_data(data, o.dtype)?.moved_data(o.device.unwrap_or_else(device::default))?),
    })
}

/// As `as_tensor`, or a copy, or refusing one: NumPy's `asarray` for tensors.
#[pyfunction]
#[pyo3(signature = (obj, *, dtype=None, device=None, copy=None, requires_grad=false))]
fn asarray(
    py: Python<'_>,
    obj: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    copy: Option<bool>,
    requires_grad: bool,
) -> PyResult<Py<PyAny>> {
    let o = options(dtype, device, requires_grad)?;
    let Some(t) = array_like(obj)? else {
        if copy == Some(false) {
            return Err(PyValueError::new_err("can't alias arbitrary sequence into a tensor."));
        }
        let there = o.device.unwrap_or_else(device::default);
        return guard(|| finish(py, from_data(obj, o.dtype)?.moved_data(there)?, requires_grad));
    };
    let there = o.device.unwrap_or_else(|| default_of(&t));
    let stays = there == t.device() && o.dtype.is_none_or(|d| d == t.dtype());
    if stays && copy != Some(true) {
        // SAFETY: a live object.
        if unsafe { is_tensor(obj.as_ptr()) } && read(obj)?.requires_grad() == requires_grad {
            return Ok(obj.clone().unbind());
        }
        return finish(py, t, requires_grad);
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err(match o.dtype.filter(|d| *d != t.dtype()) {
            Some(d) => {
                format!("can't alias tensor with dtype '{}' into dtype '{}'.", t.dtype().scalar_name(), d.scalar_name())
            }
            None => format!("can't alias tensor from device '{}' to '{there}'.", t.device()),
        }));
    }
    guard(|| finish(py, copied(&t, o.dtype, there)?, requires_grad))
}

/// `Tensor(2, 3)`, `Tensor([1.0])`: the legacy constructor, of the default dtype.
pub fn legacy_tensor(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Tensor> {
    let dtype = default_dtype();
    if let Some(k) = kwargs
        && let Some((key, _)) = k.iter().find(|(k, _)| !matches!(k.to_string().as_str(), "device" | "data"))
    {
        return Err(PyTypeError::new_err(format!("new() got an unexpected keyword argument '{key}'")));
    }
    let data = kwargs.and_then(|k| k.get_item("data").ok().flatten());
    if let Some(d) = kwargs.and_then(|k| k.get_item("device").ok().flatten())
        && let Some(there) = read_device(&d)?.filter(|d| d.is_gpu())
    {
        return Err(PyRuntimeError::new_err(format!(
            "legacy constructor expects device type: cpu but device type: {} was passed",
            there.name()
        )));
    }
    match (args.len(), data) {
        (0, None) => Ok(Tensor::empty(&[0], dtype)?),
        (1, None) if args.get_item(0)?.extract::<i64>().is_err() => legacy_data(&args.get_item(0)?, dtype),
        (0, Some(d)) => legacy_data(&d, dtype),
        _ => {
            let size: Vec<i64> = args.extract().map_err(|_| {
                PyTypeError::new_err("new(): a size must be ints, and data must be one sequence or tensor")
            })?;
            Ok(Tensor::zeros(&crate::layout::sizes(&size)?, dtype)?)
        }
    }
}
fn legacy_data(data: &Bound<'_, PyAny>, dtype: DType) -> PyResult<Tensor> {
    let py = data.py();
    if data.is_instance_of::<PyTuple>() && data.get_type().name()? == "Size" {
        let size: Vec<i64> = data.extract()?;
        return Ok(Tensor::zeros(&crate::layout::sizes(&size)?, dtype)?);
    }
    // SAFETY: a live object.
    if unsafe { is_tensor(data.as_ptr()) } {
        let t = read(data)?;
        if t.dtype() != dtype {
            return Err(PyTypeError::new_err(format!(
                "expected {} (got {})",
                dtype_object(py, dtype).bind(py).repr()?,
                dtype_object(py, t.dtype()).bind(py).repr()?
            )));
        }
        return Ok(t.detach());
    }
    from_data(data, Some(dtype))
}

/// Sets whether ops are recorded.
#[pyfunction]
fn _set_grad_enabled(on: bool) {
    set_mode(Mode { grad: on, ..mode() });
}
/// Whether ops are recorded.
#[pyfunction]
fn is_grad_enabled() -> bool {
    mode().grad
}
/// Sets whether inference mode is on.
#[pyfunction]
fn _set_inference_mode(on: bool) {
    set_mode(Mode { inference: on, ..mode() });
}
/// Whether inference mode is on.
#[pyfunction]
fn is_inference_mode_enabled() -> bool {
    mode().inference
}
/// The dtype of tensors made from Python floats.
#[pyfunction]
fn get_default_dtype(py: Python<'_>) -> Py<PyDType> {
    dtype_object(py, default_dtype())
}
/// Sets the dtype of tensors made from Python floats. Raises TypeError for types that are not floating-point.
#[pyfunction]
fn _set_default_dtype(d: &Bound<'_, PyAny>) -> PyResult<()> {
    let dtype = d.cast::<PyDType>().map_err(|_| PyTypeError::new_err("invalid dtype object"))?.get().0;
    Ok(crate::dtype::set_default_dtype(dtype)?)
}
/// How many threads ops use.
#[pyfunction]
fn get_num_threads() -> usize {
    crate::cpu::parallel::num_threads()
}
/// Sets how many threads ops use. Raises RuntimeError for a number below 1.
#[pyfunction]
fn set_num_threads(n: i64) -> PyResult<()> {
    if n < 1 {
        return Err(PyRuntimeError::new_err("set_num_threads expects a positive integer"));
    }
    crate::cpu::parallel::set_num_threads(n as usize);
    Ok(())
}

/// The device of new tensors.
#[pyfunction]
fn _get_default_device() -> super::types::PyDevice {
    super::types::PyDevice::of(device::default())
}
/// Sets the device of this thread's new tensors; None is the CPU.
#[pyfunction]
#[pyo3(signature = (device=None))]
fn _set_default_device(device: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let device = match device {
        Some(d) => read_device(d)?,
        None => None,
    };
    if let Some(Device::Gpu(index)) = device {
        crate::gpu::gpu(index)?;
    }
    device::set_default(device);
    Ok(())
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(tensor, m)?)?;
    m.add_function(wrap_pyfunction!(as_tensor, m)?)?;
    m.add_function(wrap_pyfunction!(asarray, m)?)?;
    m.add_function(wrap_pyfunction!(_set_grad_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(is_grad_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(_set_inference_mode, m)?)?;
    m.add_function(wrap_pyfunction!(is_inference_mode_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(get_default_dtype, m)?)?;
    m.add_function(wrap_pyfunction!(_set_default_dtype, m)?)?;
    m.add_function(wrap_pyfunction!(get_num_threads, m)?)?;
    m.add_function(wrap_pyfunction!(set_num_threads, m)?)?;
    m.add_function(wrap_pyfunction!(_get_default_device, m)?)?;
    m.add_function(wrap_pyfunction!(_set_default_device, m)?)?;
    super::numpy::register(m)?;
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("OutOfMemoryError", m.py().get_type::<super::error::OutOfMemoryError>())?;
    m.add("AcceleratorError", m.py().get_type::<super::error::AcceleratorError>())?;
    m.add("_DeviceIndexError", super::error::device_index_error(m.py())?)?;
    let lin_alg_error = m.py().get_type::<super::error::LinAlgError>();
    m.add("_LinAlgError", lin_alg_error)?;
    m.add("default_generator", Py::new(m.py(), PyGenerator::of_the_cpu(crate::ops::default_generator()))?)
}
