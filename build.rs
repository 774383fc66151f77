//! Tells the binding which CPython it is built for: `cfg(Py_3_11)` and the like.

fn main() {
    #[cfg(feature = "python")]
    pyo3_build_config::use_pyo3_cfgs();
}
