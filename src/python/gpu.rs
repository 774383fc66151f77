//! What Python asks of GPUs: which there are, their memory, their work.
use super::error::from_python;
use super::identity::read;
use crate::cpu::simd::Isa;
use crate::device::{self, Device};
use crate::gpu::{self, Gpu, Mark};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How many adapters can run the kernels.
#[pyfunction]
fn _gpu_count() -> usize {
    gpu::adapters().len()
}

/// The adapter that this thread means by a GPU without a number.
#[pyfunction]
fn _gpu_current() -> u8 {
    device::current_gpu()
}

/// Makes it another one.
#[pyfunction]
fn _gpu_set_current(index: u8) {
    device::set_current_gpu(index);
}

/// Name, kind, backend, driver, features and limits of an adapter. Does not open it.
#[pyfunction]
fn _gpu_describe(py: Python<'_>, index: u8) -> PyResult<Bound<'_, PyDict>> {
    let Some(adapter) = gpu::adapters().get(index as usize) else {
        return Err(crate::Error::new(crate::error::Kind::Runtime, gpu::missing(index as usize)).into());
    };
    let d = gpu::describe(adapter);
    let found = PyDict::new(py);
    found.set_item("name", d.name)?;
    found.set_item("kind", d.kind)?;
    found.set_item("backend", d.backend)?;
    found.set_item("driver", d.driver)?;
    found.set_item("features", d.features)?;
    let limits = PyDict::new(py);
    d.limits.into_iter().try_for_each(|(name, value)| limits.set_item(name, value))?;
    found.set_item("limits", limits)?;
    Ok(found)
}

/// Whether the device was opened in this process.
#[pyfunction]
fn _gpu_is_open(index: u8) -> bool {
    gpu::opened(index).is_some()
}

/// Runs `f` on a device that is open, without the interpreter; nothing is to be done where it is not.
fn with_opened<R: Send + Default>(
    py: Python<'_>,
    index: u8,
    f: impl FnOnce(&'static Gpu) -> crate::Result<R> + Send,
) -> PyResult<R> {
    match gpu::opened(index) {
        Some(gpu) => Ok(py.detach(|| gpu.here().and_then(|()| f(gpu)))?),
        None => Ok(R::default()),
    }
}

/// Lets other threads run while this one waits for a device, and Ctrl-C end the wait. A thread that has given the
/// interpreter away already, maybe with locks of the engine in hand, does not ask for it.
fn wait(a_while: &mut (dyn FnMut() -> bool + Send)) -> crate::Result<()> {
    // SAFETY: any thread may ask.
    if unsafe { pyo3::ffi::PyGILState_Check() } == 0 {
        while !a_while() {}
        return Ok(());
    }
    Python::attach(|py| {
        while !py.detach(&mut *a_while) {
            py.check_signals()?;
        }
        Ok(())
    })
    .map_err(from_python)
}

/// Waits for everything that was asked of the device.
#[pyfunction]
fn _gpu_synchronize(index: u8) -> PyResult<()> {
    Ok(gpu::opened(index).map_or(Ok(()), Gpu::synchronize)?)
}

/// Hands what is recorded to the device, without waiting for it.
#[pyfunction]
fn _gpu_flush(py: Python<'_>, index: u8) -> PyResult<()> {
    with_opened(py, index, Gpu::flush)
}

/// Whether a device has done all it was asked for.
#[pyfunction]
fn _gpu_is_idle(index: u8) -> PyResult<bool> {
    Ok(gpu::opened(index).map_or(Ok(true), Gpu::is_idle)?)
}

/// A moment in a device's work, after all that was asked of it before.
#[pyclass(frozen, name = "_GpuMark", module = "rusttorch._C")]
struct Moment {
    gpu: &'static Gpu,
    mark: Arc<Mark>,
}
#[pymethods]
impl Moment {
    #[new]
    fn new(index: u8) -> PyResult<Self> {
        let gpu = gpu::gpu(index)?;
        Ok(Self { gpu, mark: gpu.mark()? })
    }
    /// Whether the device has come to it.
    fn reached(&self) -> PyResult<bool> {
        Ok(self.gpu.has_reached(&self.mark)?)
    }
    /// Waits until it has.
    fn wait(&self) -> PyResult<()> {
        Ok(self.gpu.wait_for(&self.mark)?)
    }
    /// Nanoseconds from here to another moment. Waits for both.
    fn until(&self, other: &Self) -> PyResult<f64> {
        Ok(self.gpu.elapsed(&self.mark, &other.mark)?)
    }
}

/// Keeps what the next process can use, at the end of this one.
#[pyfunction]
fn _gpu_close() {
    (0..16).filter_map(gpu::opened).for_each(Gpu::close);
}

/// Bytes in use and held, now and at most; how often memory was asked for, and how many buffers were made.
#[pyfunction]
fn _gpu_memory(py: Python<'_>, index: u8) -> PyResult<Bound<'_, PyDict>> {
    let s = gpu::opened(index).map(Gpu::stats).unwrap_or_default();
    let found = PyDict::new(py);
    found.set_item("allocated", s.allocated)?;
    found.set_item("reserved", s.reserved)?;
    found.set_item("max_allocated", s.max_allocated)?;
    found.set_item("max_reserved", s.max_reserved)?;
    found.set_item("requests", s.requests)?;
    found.set_item("buffers", s.buffers)?;
    found.set_item("staging", s.staging)?;
    Ok(found)
}

/// Gives memory that no tensor uses back to the driver.
#[pyfunction]
fn _gpu_empty_cache(py: Python<'_>, index: u8) -> PyResult<()> {
    with_opened(py, index, |gpu| {
        gpu.empty_cache();
        Ok(())
    })
}

/// Makes the present use of memory the highest.
#[pyfunction]
fn _gpu_reset_peak(index: u8) {
    if let Some(gpu) = gpu::opened(index) {
        gpu.reset_peak();
    }
}

/// Counts requests for memory, and buffers made, anew.
#[pyfunction]
fn _gpu_reset_counts(index: u8) {
    if let Some(gpu) = gpu::opened(index) {
        gpu.reset_counts();
    }
}

/// Gives back what the host maps for copies and no copy uses.
#[pyfunction]
fn _gpu_empty_host_cache(py: Python<'_>, index: u8) -> PyResult<()> {
    with_opened(py, index, |gpu| {
        gpu.empty_host_cache();
        Ok(())
    })
}

/// What was done since the start: kernels recorded, submissions, bytes copied each way, kernels compiled.
#[pyfunction]
fn _gpu_counts(py: Python<'_>, index: u8) -> PyResult<Bound<'_, PyDict>> {
    let found = PyDict::new(py);
    let counts = gpu::opened(index).map(|g| &g.counts);
    let of = |f: fn(&gpu::Counts) -> &std::sync::atomic::AtomicU64| counts.map_or(0, |c| f(c).load(Ordering::Relaxed));
    found.set_item("kernels", of(|c| &c.kernels))?;
    found.set_item("submissions", of(|c| &c.submissions))?;
    found.set_item("uploaded", of(|c| &c.uploaded))?;
    found.set_item("downloaded", of(|c| &c.downloaded))?;
    found.set_item("pipelines", of(|c| &c.pipelines))?;
    Ok(found)
}

/// Whether a tensor's bytes are on the device now, and not with the host until a kernel wants them.
#[pyfunction]
fn _gpu_holds(tensor: &Bound<'_, PyAny>) -> PyResult<bool> {
    let t = read(tensor)?;
    Ok(t.device() != Device::Cpu && t.storage().block().is_some_and(gpu::Block::is_there))
}

/// The CPU as the kernels see it: the set of instructions that they use, those that matter here, and threads.
#[pyfunction]
fn _cpu_report(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let found = PyDict::new(py);
    let kernels = match crate::cpu::simd::isa() {
        Isa::Baseline => "every machine of this kind",
        Isa::V3 => "x86-64-v3 (AVX2, FMA)",
        Isa::V4 => "x86-64-v4 (AVX-512)",
    };
    found.set_item("kernels", kernels)?;
    found.set_item("features", crate::cpu::simd::features())?;
    found.set_item("available", std::thread::available_parallelism().map_or(1, |n| n.get()))?;
    Ok(found)
}

/// Tells the program which ops ran on the CPU for want of a kernel.
pub fn warn(py: Python<'_>) -> PyResult<()> {
    for text in gpu::take_warnings() {
        let text = CString::new(text).expect("names have no NUL");
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)?;
    }
    Ok(())
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    gpu::set_wait(wait);
    m.add_class::<Moment>()?;
    let close = wrap_pyfunction!(_gpu_close, m)?;
    m.py().import("atexit")?.call_method1("register", (close,))?;
    m.add_function(wrap_pyfunction!(_gpu_count, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_current, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_set_current, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_describe, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_is_open, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_synchronize, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_flush, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_is_idle, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_memory, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_empty_cache, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_reset_peak, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_reset_counts, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_empty_host_cache, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_counts, m)?)?;
    m.add_function(wrap_pyfunction!(_cpu_report, m)?)?;
    m.add_function(wrap_pyfunction!(_gpu_holds, m)?)
}
