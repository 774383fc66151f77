//! What autograd knows of a tensor: its gradient, the node that made it, the tensor it is a view of, its hooks.
use super::{Edge, Node};
use crate::error::Result;
use crate::tensor::{Place, Tensor};
use parking_lot::{Mutex, MutexGuard};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

/// Python code (or Rust) that sees a gradient, and may replace it.
pub type Hook = Arc<dyn Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync>;

/// How a view came to be: decides whether it may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    Default,
    NoGrad,
    /// One of several views made by one op (`unbind`, `split`).
    MultiOutput,
    Inference,
}

/// The tensor that a view shows part of: never itself a view.
pub struct ViewOf {
    pub base: Tensor,
    pub creation: Creation,
    /// The storage's version when `grad_fn` was last right.
    pub version: u32,
    /// Makes the view's node anew, from base and view, after the base was written to.
    pub regrow: Regrow,
}

pub type Regrow = fn(&Tensor, &Tensor) -> Arc<Node>;

/// The identity of a tensor: clones of a `Tensor` share it.
pub struct History {
    requires_grad: AtomicBool,
    /// Made in inference mode: may not enter a graph.
    pub inference: AtomicBool,
    /// The Python object that shows this tensor, while there is one. The binding alone reads and writes it.
    pub python: AtomicPtr<c_void>,
    /// Held while a gradient is added to this leaf's.
    pub adding: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub grad: Option<Box<Tensor>>,
    pub grad_fn: Option<Edge>,
    pub accumulator: Weak<Node>,
    pub view: Option<ViewOf>,
    /// Where the tensor went when its storage or layout was exchanged in place (`t_`, `.data = `).
    pub moved: Option<Box<Place>>,
    pub retains_grad: bool,
    pub hooks: Option<Box<Hooks>>,
}

/// Hooks of a leaf, each with the number it is removed by. Few tensors have any, so they are kept apart.
#[derive(Default)]
pub struct Hooks {
    /// See the gradient before it is accumulated.
    pub before: Vec<(u64, Hook)>,
    /// See the leaf after its gradient was accumulated.
    pub after: Vec<(u64, Hook)>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            requires_grad: AtomicBool::new(false),
            inference: AtomicBool::new(super::inference()),
            python: AtomicPtr::default(),
            adding: Mutex::default(),
            state: Mutex::default(),
        }
    }
}

impl History {
    pub fn of_view(view: ViewOf) -> Self {
        Self { state: Mutex::new(State { view: Some(view), ..State::default() }), ..Self::default() }
    }
    #[inline]
    pub fn flag(&self) -> bool {
        self.requires_grad.load(Ordering::Relaxed)
    }
    pub fn set_flag(&self, on: bool) {
        self.requires_grad.store(on, Ordering::Relaxed);
    }
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}
