//! rusttorch: PyTorch's tensors, autograd and ops in Rust. ARCHITECTURE.md is the map.
#[macro_use]
pub mod error;
#[macro_use]
pub mod dtype;
pub mod cpu;
pub mod device;
pub mod engine;
pub mod gpu;
pub mod graph;
pub mod layout;
pub mod ops;
#[cfg(feature = "python")]
mod python;
pub mod random;
pub mod site;
pub mod storage;
pub mod tensor;
pub mod trace;

pub use dtype::{DType, Scalar};
pub use error::{Error, Result};
pub use tensor::Tensor;
