//! Anomaly mode for Python: the traceback of each node's forward call, and warnings that show it.
use super::error::from_python;
use super::node::node_object;
use crate::graph::{Node, Tracer};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::any::Any;
use std::sync::Arc;

/// A new node's notes in anomaly mode: the traceback, and the node in whose backward it was made.
fn trace(parent: Option<&Arc<Node>>) -> Option<Box<dyn Any + Send + Sync>> {
    Python::attach(|py| {
        let notes = PyDict::new(py);
        notes.set_item("traceback_", py.import("traceback").ok()?.call_method0("format_stack").ok()?).ok()?;
        if let Some(parent) = parent {
            notes.set_item("parent_", node_object(py, parent).ok()?).ok()?;
        }
        Some(Box::new(notes.unbind()) as Box<dyn Any + Send + Sync>)
    })
}

/// Warns that a node failed, with the tracebacks of the forward calls that led to it.
fn report(node: &Arc<Node>) -> crate::Result<()> {
    Python::attach(|py| {
        let warn = |text: String| {
            let text = std::ffi::CString::new(text.replace('\0', "?")).expect("no NUL is left");
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 0)
        };
        fn notes<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
            Ok(node.getattr("metadata")?.cast_into::<PyDict>()?)
        }
        let stack = |notes: &Bound<'_, PyDict>| match notes.get_item("traceback_")? {
            Some(lines) => Ok(Some(lines.try_iter()?.map(|l| l?.extract::<String>()).collect::<PyResult<String>>()?)),
            None => PyResult::Ok(None),
        };
        let mut name = node.name();
        let mut notes_now = notes(node_object(py, node)?.bind(py))?;
        let Some(lines) = stack(&notes_now)? else {
            return warn(format!(
                "Error detected in {name}. No forward pass information available. Enable detect anomaly during forward \
                 pass for more information."
            ));
        };
        warn(format!("Error detected in {name}. Traceback of forward call that caused the error:\n{lines}"))?;
        while let Some(parent) = notes_now.get_item("parent_")? {
            notes_now = notes(&parent)?;
            let parent_name: String = parent.call_method0("name")?.extract()?;
            match stack(&notes_now)? {
                Some(lines) => warn(format!(
                    "\n\nPrevious calculation was induced by {parent_name}. Traceback of forward call that induced the \
                     previous calculation:\n{lines}"
                ))?,
                None => warn(format!(
                    "\n\nPrevious calculation of {name} was induced by {parent_name}. No forward pass information \
                     available. Enable detect anomaly during forward pass for more information."
                ))?,
            }
            name = parent_name;
        }
        Ok(())
    })
    .map_err(from_python)
}

/// Anomaly mode, for all threads.
#[pyfunction]
#[pyo3(signature = (enabled, check_nan=true))]
fn set_anomaly_enabled(enabled: bool, check_nan: bool) {
    crate::graph::set_anomaly(enabled, check_nan);
}
#[pyfunction]
fn is_anomaly_enabled() -> bool {
    crate::graph::anomaly()
}
#[pyfunction]
fn is_anomaly_check_nan_enabled() -> bool {
    crate::graph::anomaly_checks_nan()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::graph::set_tracer(Tracer { trace, report });
    m.add_function(wrap_pyfunction!(set_anomaly_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(is_anomaly_enabled, m)?)?;
    m.add_function(wrap_pyfunction!(is_anomaly_check_nan_enabled, m)?)
}
