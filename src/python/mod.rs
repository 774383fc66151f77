//! The binding to CPython: the module `rusttorch._C`. Its size does not grow with the number of ops.
mod anomaly;
mod args;
mod autograd;
mod call;
mod elementwise;
mod error;
mod function;
mod gpu;
mod hooks;
mod identity;
mod item;
mod make;
mod method;
mod names;
mod node;
mod numpy;
mod object;
mod saved;
mod site;
mod storage;
mod trace;
mod types;
mod value;

use pyo3::prelude::*;

#[pymodule(gil_used = true, name = "_C")]
fn extension(m: &Bound<'_, PyModule>) -> PyResult<()> {
    types::register(m)?;
    storage::register(m)?;
    identity::register(m)?;
    make::register(m)?;
    node::register(m)?;
    hooks::register(m)?;
    function::register(m)?;
    anomaly::register(m)?;
    autograd::register(m)?;
    saved::register(m)?;
    gpu::register(m)?;
    trace::register(m)?;
    site::register();
    names::register(m)
}
