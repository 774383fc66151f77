//! What is recorded on the way forward: nodes, the tensors they save, each tensor's place among them, and the modes.
mod history;
mod mode;
mod node;
mod saved;

pub use history::{Creation, History, Hook, Hooks, Regrow, ViewOf};
pub use mode::{Mode, grad_enabled, inference, mode, set_mode, with_grad};
pub use node::{Backward, Edge, Formula, Grads, Kind, Meta, Node, NodeHook, Recorder};
pub use saved::{Saved, SavedAt};
