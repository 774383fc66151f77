//! What is recorded on the way forward: nodes, the tensors they save, each tensor's place among them, and the modes.
mod anomaly;
mod history;
mod mode;
mod node;
mod saved;

pub use anomaly::{Tracer, anomaly, anomaly_checks_nan, set_anomaly, set_tracer, watched};
pub use history::{Creation, GradHook, History, Hook, Hooks, Regrow, ViewOf};
pub use mode::{Mode, grad_enabled, inference, mode, set_mode, with_grad};
pub use node::{Backward, Edge, Extras, Formula, Grads, Kind, Meta, Node, NodeHook, Recorder, Replaced};
pub use saved::{BeforeWrite, Pack, Saved, SavedAt, Unpack, before_write, set_before_write};
pub use saved::{disable_packing, packs, pop_packing, push_packing};
