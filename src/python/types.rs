//! The small objects that name things: dtype, device, layout, memory_format, Size, Generator.
use crate::device::{self, Device};
use crate::dtype::{ALL, DType};
use crate::ops::SharedGenerator;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyByteArray, PyInt, PyTuple, PyType};
use std::cell::RefCell;

/// The type of a tensor's elements, such as `torch.float32`.
#[pyclass(frozen, name = "dtype", module = "rusttorch")]
pub struct PyDType(pub DType);

#[pymethods]
impl PyDType {
    fn __repr__(&self) -> String {
        format!("torch.{}", self.0.name())
    }
    fn __reduce__(&self) -> &'static str {
        self.0.name()
    }
    fn __hash__(&self) -> isize {
        self.0 as isize + 1
    }
    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> bool {
        let same = other.cast::<PyDType>().is_ok_and(|d| d.get().0 == self.0);
        matches!(op, CompareOp::Eq) == same && matches!(op, CompareOp::Eq | CompareOp::Ne)
    }
    /// Whether it is a real floating-point type.
    #[getter]
    fn is_floating_point(&self) -> bool {
        self.0.is_float()
    }
    #[getter]
    fn is_complex(&self) -> bool {
        self.0.is_complex()
    }
    #[getter]
    fn is_signed(&self) -> bool {
        self.0.is_signed()
    }
    /// Bytes per element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.0.size()
    }
    /// The type of the parts of a complex type; a real type itself.
    fn to_real(&self, py: Python<'_>) -> Py<PyDType> {
        dtype_object(py, self.0.to_real())
    }
    /// The complex type whose parts have this type.
    fn to_complex(&self, py: Python<'_>) -> Py<PyDType> {
        dtype_object(py, self.0.to_complex())
    }
}

static DTYPES: PyOnceLock<Vec<Py<PyDType>>> = PyOnceLock::new();

fn dtypes(py: Python<'_>) -> &Vec<Py<PyDType>> {
    DTYPES.get_or_init(py, || ALL.iter().map(|&d| Py::new(py, PyDType(d)).expect("a dtype object is small")).collect())
}
/// The one object of a dtype.
pub fn dtype_object(py: Python<'_>, d: DType) -> Py<PyDType> {
    dtypes(py)[d as usize].clone_ref(py)
}
/// A dtype, or Python's `float`, `int`, `bool`, `complex` for one.
pub fn read_dtype(o: &Bound<'_, PyAny>) -> Option<DType> {
    if let Ok(d) = o.cast::<PyDType>() {
        return Some(d.get().0);
    }
    let ty = o.cast::<PyType>().ok()?;
    let py = o.py();
    if ty.is(py.get_type::<pyo3::types::PyFloat>()) {
        Some(DType::F64)
    } else if ty.is(py.get_type::<pyo3::types::PyInt>()) {
        Some(DType::I64)
    } else if ty.is(py.get_type::<pyo3::types::PyBool>()) {
        Some(DType::Bool)
    } else if ty.is(py.get_type::<pyo3::types::PyComplex>()) {
        Some(DType::C128)
    } else {
        None
    }
}

/// Where a tensor lives: `torch.device("cpu")`.
#[pyclass(frozen, name = "device", module = "rusttorch", eq, hash)]
#[derive(PartialEq, Eq, Hash)]
pub struct PyDevice {
    /// The first GPU, where `index` does not say which.
    device: Device,
    index: Option<usize>,
}

#[pymethods]
impl PyDevice {
    #[new]
    #[pyo3(signature = (r#type, index=None))]
    fn new(r#type: &Bound<'_, PyAny>, index: Option<usize>) -> PyResult<Self> {
        let (device, own) = match read_number(r#type)? {
            Some(device) if index.is_none() => (device, device.index()),
            _ => read_device_parts(r#type)?,
        };
        let index = index.or(own);
        let number = |i| u8::try_from(i).map_err(|_| PyRuntimeError::new_err(format!("Invalid device index: {i}")));
        let device = match device {
            Device::Gpu(_) => Device::Gpu(index.map_or(Ok(0), number)?),
            device => device,
        };
        Ok(Self { device, index })
    }
    fn __repr__(&self) -> String {
        match self.index {
            Some(i) => format!("device(type='{}', index={i})", self.device.name()),
            None => format!("device(type='{}')", self.device.name()),
        }
    }
    fn __str__(&self) -> String {
        match self.index {
            Some(i) => format!("{}:{i}", self.device.name()),
            None => self.device.name().to_string(),
        }
    }
    #[getter]
    fn r#type(&self) -> &'static str {
        self.device.name()
    }
    #[getter]
    fn index(&self) -> Option<usize> {
        self.index
    }
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<(Py<PyAny>, (String, Option<usize>))> {
        let d = slf.get();
        Ok((slf.get_type().into_any().unbind(), (d.device.name().to_string(), d.index)))
    }
    /// Makes it the device of new tensors until the block ends.
    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        ENTERED.with_borrow_mut(|e| e.push(device::set_default(Some(slf.get().place()))));
        slf
    }
    fn __exit__(&self, _type: Py<PyAny>, _value: Py<PyAny>, _traceback: Py<PyAny>) {
        if let Some(before) = ENTERED.with_borrow_mut(Vec::pop) {
            device::set_default(before);
        }
    }
}
thread_local! {
    /// The default devices before those that blocks have set.
    static ENTERED: RefCell<Vec<Option<Device>>> = const { RefCell::new(vec![]) };
}
impl PyDevice {
    /// A tensor's: with its number.
    pub fn of(device: Device) -> Self {
        Self { device, index: device.index() }
    }
    /// The device that it means now: the current GPU, where it has no number.
    fn place(&self) -> Device {
        match self.device {
            Device::Gpu(_) if self.index.is_none() => Device::Gpu(device::current_gpu()),
            device => device,
        }
    }
}

fn read_device_parts(o: &Bound<'_, PyAny>) -> PyResult<(Device, Option<usize>)> {
    if let Ok(d) = o.cast::<PyDevice>() {
        return Ok((d.get().place(), d.get().index));
    }
    if let Ok(s) = o.extract::<&str>() {
        let device = Device::parse(s)?;
        return Ok((device, s.split_once(':').and_then(|(_, i)| i.parse().ok())));
    }
    Err(PyTypeError::new_err(format!(
        "device(): argument 'type' must be str or torch.device, not {}",
        o.get_type().name()?
    )))
}
/// A device object or its name.
pub fn read_device(o: &Bound<'_, PyAny>) -> PyResult<Option<Device>> {
    if o.cast::<PyDevice>().is_ok() || o.is_instance_of::<pyo3::types::PyString>() {
        return read_device_parts(o).map(|d| Some(d.0));
    }
    read_number(o)
}
/// A number alone is that of a GPU.
fn read_number(o: &Bound<'_, PyAny>) -> PyResult<Option<Device>> {
    if !o.is_instance_of::<PyInt>() || o.is_instance_of::<PyBool>() {
        return Ok(None);
    }
    let number: i64 = o.extract()?;
    if number < 0 {
        return Err(PyRuntimeError::new_err("Device index must not be negative"));
    }
    if crate::gpu::adapters().is_empty() {
        return Err(PyRuntimeError::new_err(
            "Cannot access accelerator device when none is available: a device number needs one",
        ));
    }
    match u8::try_from(number) {
        Ok(number) => Ok(Some(Device::Gpu(number))),
        Err(_) => Err(PyRuntimeError::new_err(format!("Invalid device index: {number}"))),
    }
}

/// How memory is ordered: `torch.contiguous_format` and its like.
#[pyclass(frozen, name = "memory_format", module = "rusttorch")]
pub struct PyMemoryFormat(pub u8);
const MEMORY_FORMATS: [&str; 4] = ["contiguous_format", "preserve_format", "channels_last", "channels_last_3d"];

#[pymethods]
impl PyMemoryFormat {
    fn __repr__(&self) -> String {
        format!("torch.{}", MEMORY_FORMATS[self.0 as usize])
    }
    fn __reduce__(&self) -> &'static str {
        MEMORY_FORMATS[self.0 as usize]
    }
}

/// How a tensor is stored: `torch.strided`.
#[pyclass(frozen, name = "layout", module = "rusttorch")]
pub struct PyLayout(pub &'static str);

#[pymethods]
impl PyLayout {
    fn __repr__(&self) -> String {
        format!("torch.{}", self.0)
    }
    fn __reduce__(&self) -> &'static str {
        self.0
    }
}
static STRIDED: PyOnceLock<Py<PyLayout>> = PyOnceLock::new();
pub fn strided(py: Python<'_>) -> Py<PyLayout> {
    STRIDED.get_or_init(py, || Py::new(py, PyLayout("strided")).expect("small")).clone_ref(py)
}

static SIZE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
/// `torch.Size` of these numbers.
pub fn size_object<'py>(py: Python<'py>, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let ty = SIZE.get_or_try_init(py, || -> PyResult<Py<PyType>> {
        Ok(py.import("rusttorch._size")?.getattr("Size")?.cast_into::<PyType>()?.unbind())
    })?;
    // SAFETY: what `tuple.__new__` does for a subclass, past the checks of the subclass's own `__new__`: a tuple of
    // this many empty slots, all filled before anyone sees it.
    unsafe {
        let class: *mut pyo3::ffi::PyTypeObject = ty.as_ptr().cast();
        let alloc = (*class).tp_alloc.expect("every class has one");
        let size = Bound::from_owned_ptr_or_err(py, alloc(class, shape.len() as isize))?;
        for (i, &n) in shape.iter().enumerate() {
            let n = pyo3::ffi::PyLong_FromSize_t(n);
            if n.is_null() {
                return Err(PyErr::fetch(py));
            }
            pyo3::ffi::PyTuple_SET_ITEM(size.as_ptr(), i as isize, n);
        }
        Ok(size)
    }
}

/// A source of random numbers: PyTorch's CPU stream, for whatever device. `Generator().manual_seed(0)`.
#[pyclass(frozen, name = "Generator", module = "rusttorch")]
pub struct PyGenerator {
    pub stream: SharedGenerator,
    device: Device,
}
impl PyGenerator {
    pub fn of_the_cpu(stream: SharedGenerator) -> Self {
        Self { stream, device: Device::Cpu }
    }
    fn new_stream(stream: crate::random::Generator, device: Device) -> Self {
        Self { stream: std::sync::Arc::new(parking_lot::Mutex::new(stream)), device }
    }
}

/// A seed as PyTorch reads it: negative ones count from 2^64.
fn read_seed(o: &Bound<'_, PyAny>) -> PyResult<u64> {
    if let Ok(s) = o.extract::<u64>() {
        return Ok(s);
    }
    match o.extract::<i64>() {
        Ok(s) => Ok(s as u64),
        Err(_) => Err(PyRuntimeError::new_err(format!(
            "Overflow when unpacking long: the seed must be in the range [-2^63, 2^64 - 1], but got {}",
            o.repr()?
        ))),
    }
}

#[pymethods]
impl PyGenerator {
    #[new]
    #[pyo3(signature = (device=None))]
    fn new(device: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let device = match device {
            Some(d) => read_device(d)?.ok_or_else(|| {
                let found = d.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
                PyTypeError::new_err(format!("Generator(): argument 'device' must be torch.device, not {found}"))
            })?,
            None => Device::Cpu,
        };
        if let Device::Gpu(index) = device {
            crate::gpu::gpu(index)?;
        }
        Ok(Self::new_stream(crate::random::Generator::default(), device))
    }
    /// Starts the stream that belongs to `seed`. Returns the generator.
    fn manual_seed(slf: Py<Self>, py: Python<'_>, seed: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        slf.bind(py).get().stream.lock().manual_seed(read_seed(seed)?);
        Ok(slf)
    }
    /// The seed of the present stream.
    fn initial_seed(&self) -> u64 {
        self.stream.lock().initial_seed()
    }
    /// Starts a stream from a seed of the operating system, and returns the seed.
    fn seed(&self) -> u64 {
        self.stream.lock().seed()
    }
    /// The state as a uint8 tensor of 5056 elements, in PyTorch's format.
    fn get_state(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let state = self.stream.lock().get_state();
        super::identity::wrap(py, crate::Tensor::from_slice(&state, &[state.len()])?)
    }
    /// Goes on from a state that `get_state` gave.
    fn set_state(slf: Py<Self>, py: Python<'_>, new_state: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        let state = super::identity::read(new_state)?;
        if state.dtype() != DType::U8 {
            return Err(PyTypeError::new_err("RNG state must be a torch.ByteTensor"));
        }
        let bytes = state.to_vec::<u8>()?;
        slf.bind(py).get().stream.lock().set_state(&bytes).map_err(PyRuntimeError::new_err)?;
        Ok(slf)
    }
    /// A generator of its own in the same state.
    fn clone_state(&self) -> Self {
        Self::new_stream(self.stream.lock().clone(), self.device)
    }
    #[getter]
    fn device(&self) -> PyDevice {
        PyDevice::of(self.device)
    }
    fn __reduce__(slf: &Bound<'_, Self>, py: Python<'_>) -> PyResult<(Py<PyAny>, Py<PyAny>, Py<PyAny>)> {
        let state = slf.get().stream.lock().get_state();
        let ty = slf.get_type().into_any().unbind();
        let device = PyTuple::new(py, [slf.get().device()])?.into_any().unbind();
        Ok((ty, device, PyByteArray::new(py, &state).into_any().unbind()))
    }
    fn __setstate__(&self, state: pyo3::pybacked::PyBackedBytes) -> PyResult<()> {
        self.stream.lock().set_state(&state).map_err(PyRuntimeError::new_err)
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add_class::<PyDType>()?;
    m.add_class::<PyDevice>()?;
    m.add_class::<PyMemoryFormat>()?;
    m.add_class::<PyLayout>()?;
    m.add_class::<PyGenerator>()?;
    for d in ALL {
        m.add(d.name(), dtype_object(py, d))?;
    }
    for (i, name) in MEMORY_FORMATS.iter().enumerate() {
        m.add(*name, Py::new(py, PyMemoryFormat(i as u8))?)?;
    }
    m.add("legacy_contiguous_format", m.getattr("contiguous_format")?)?;
    m.add("strided", strided(py))?;
    for name in ["sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "_mkldnn", "jagged"] {
        m.add(name, Py::new(py, PyLayout(name))?)?;
    }
    Ok(())
}
