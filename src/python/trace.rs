//! Profiles, for `rusttorch.profiler`.
use crate::gpu;
use crate::trace::{self, Event, Of, Span};
use parking_lot::Mutex;
use pyo3::prelude::*;

/// Devices at work in this process.
fn opened() -> impl Iterator<Item = &'static gpu::Gpu> {
    (0..16).filter_map(gpu::opened).filter(|gpu| gpu.here().is_ok())
}

/// Begins to note what runs when.
#[pyfunction]
fn _profile_start(shapes: bool) -> PyResult<()> {
    // What is pending belongs to before.
    for gpu in opened() {
        gpu.synchronize()?;
    }
    trace::start(shapes);
    Ok(())
}

type Row = (String, &'static str, u32, u64, u64, String, Option<(u32, u64)>);

/// Ends it: name, kind, thread, start and end in nanoseconds, and shapes or file of each thing that ran; and of a kernel which
/// thread recorded it, and when.
#[pyfunction]
fn _profile_stop() -> PyResult<Vec<Row>> {
    let mut failed = Ok(());
    for gpu in opened() {
        failed = failed.and(gpu.report_times());
    }
    let events = trace::stop();
    failed?;
    let kind = |of| match of {
        Of::Op => "op",
        Of::Backward => "backward",
        Of::Part => "part",
        Of::Kernel => "kernel",
    };
    let row = |e: Event| (e.name.into(), kind(e.of), e.thread, e.start, e.end, e.detail, e.recorded);
    Ok(events.into_iter().map(row).collect())
}

/// A part of the program, from its making until `end`.
#[pyclass(frozen, name = "_ProfilePart", module = "rusttorch._C")]
struct Part(Mutex<Option<Span>>);
#[pymethods]
impl Part {
    #[new]
    fn new(name: String) -> Self {
        Self(Mutex::new(Span::begin(Of::Part, || (name.into(), String::new()))))
    }
    fn end(&self) {
        drop(self.0.lock().take());
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Part>()?;
    m.add_function(wrap_pyfunction!(_profile_start, m)?)?;
    m.add_function(wrap_pyfunction!(_profile_stop, m)?)
}
