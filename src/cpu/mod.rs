//! CPU kernels: (memory, layout) in, memory out; they never see a Tensor.
pub mod along;
pub mod arg;
pub mod convert;
pub mod copy;
pub mod float;
pub mod fold;
pub mod math;
pub mod moments;
pub mod parallel;
pub mod pointwise;
pub mod reduce;
pub mod scan;
pub mod simd;
pub mod softmax;
pub mod special;
pub mod walk;
