//! The GPU: devices, memory, queue and kernels, over wgpu. It knows memory, dtypes and layouts, never a tensor.
//!
//! `adapter` chooses and opens, `queue` records and submits, `pool` and `memory` hold bytes, `prelude` and `pipeline` turn
//! a file of `shaders/` into a kernel, `kernel` calls one. The other files know one kind of op each.
#[macro_use]
pub mod kernel;
mod adapter;
pub mod arg;
pub mod attention;
pub mod class_loss;
pub mod conv;
pub mod copy;
pub mod ctc;
mod disk;
pub mod distance;
pub mod embedding;
pub mod fold;
pub mod foreach;
mod functions;
pub mod grid;
pub mod index;
pub mod linalg;
pub mod mask;
pub mod matmul;
pub mod max_pool;
mod memory;
pub mod moments;
pub mod norm;
pub mod optimizer;
mod pipeline;
mod plan;
pub mod pointwise;
mod pool;
mod prelude;
mod queue;
pub mod reduce;
pub mod reorder;
pub mod resample;
pub mod scan;
pub mod search;
pub mod softmax;
pub mod sort;
mod staging;
mod timing;
pub mod walk;

pub use adapter::{Abilities, Description, adapters, describe, missing};
pub use kernel::{Call, GROUP, Memory, Shader};
pub use memory::{Block, allow_fallback, scratch, take_warnings, temporary};
pub use pipeline::Role;
pub use plan::Lines;
pub use pool::{Slice, Stats};
pub use prelude::{Constant, Type};
pub use queue::{Counts, Gpu, gpu, opened, set_wait};
pub use timing::Mark;
