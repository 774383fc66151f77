//! The GPU: its devices, memory, queue and kernels.
pub mod pointwise;
