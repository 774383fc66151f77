//! CPU kernels: (memory, layout) in, memory out; they never see a Tensor.
pub mod conv;
pub mod convert;
pub mod copy;
pub mod float;
pub mod math;
pub mod parallel;
pub mod pointwise;
pub mod product;
pub mod reduce;
pub mod resample;
pub mod simd;
pub mod special;
pub mod walk;
