//! What autograd knows of a tensor: its gradient, the node that made it, the tensor it is a view of, its hooks.
use super::{Edge, Node};
use crate::error::Result;
use crate::tensor::{Place, Tensor};
use parking_lot::{Mutex, MutexGuard};
use std::any::Any;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Weak};

/// Python code (or Rust) that sees a gradient, and may replace it.
pub type Hook = Arc<dyn GradHook>;
pub trait GradHook: Send + Sync {
    fn call(&self, g: &Tensor) -> Result<Option<Tensor>>;
    /// What it is: the binding shows the garbage collector its own.
    fn as_any(&self) -> &dyn Any;
}
impl<F: Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync + 'static> GradHook for F {
    fn call(&self, g: &Tensor) -> Result<Option<Tensor>> {
        self(g)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How a view came to be: decides whether it may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    Default,
    NoGrad,
    /// One of several views made by one op (`unbind`, `split`).
    MultiOutput,
    /// An output of a custom function that shares memory with one of its inputs.
    Custom,
    Inference,
}

/// The tensor that a view shows part of.
pub struct ViewOf {
    /// The base's history, which knows where the base is: a base is never itself a view.
    pub base: Arc<History>,
    pub creation: Creation,
    /// The storage's version when `grad_fn` was last right.
    pub version: AtomicU32,
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
    pub view: Option<ViewOf>,
    /// Held while a gradient is added to this leaf's.
    pub adding: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub grad: Option<Box<Tensor>>,
    pub grad_fn: Option<Edge>,
    pub accumulator: Weak<Node>,
    /// Where the tensor is: known once a view of it was made, or its storage or layout was exchanged in place (`t_`,
    /// `.data = `).
    pub place: Option<Box<Place>>,
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

impl Hooks {
    /// The number of the hook on a node that keeps a gradient: `retain_grad`.
    pub const RETAIN: u64 = 0;
}

impl Default for History {
    fn default() -> Self {
        Self {
            requires_grad: AtomicBool::new(false),
            inference: AtomicBool::new(super::inference()),
            python: AtomicPtr::default(),
            view: None,
            adding: Mutex::default(),
            state: Mutex::default(),
        }
    }
}

impl History {
    /// That of a new view; inference mode makes none.
    pub fn of_view(view: ViewOf) -> Self {
        Self {
            requires_grad: AtomicBool::new(false),
            inference: AtomicBool::new(false),
            python: AtomicPtr::default(),
            view: Some(view),
            adding: Mutex::default(),
            state: Mutex::default(),
        }
    }
    #[inline]
    pub fn flag(&self) -> bool {
        self.requires_grad.load(Ordering::Relaxed)
    }
    pub fn set_flag(&self, on: bool) {
        self.requires_grad.store(on, Ordering::Relaxed);
    }
    /// Whether a gradient can be asked for: a view asks its base, which may have changed since.
    #[inline]
    pub fn requires_grad(&self) -> bool {
        self.flag()
            || self
                .view
                .as_ref()
                .is_some_and(|v| !matches!(v.creation, Creation::NoGrad | Creation::Custom) && v.base.flag())
    }
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
    /// The same where waiting is out of the question: in the garbage collector.
    pub fn try_state(&self) -> Option<MutexGuard<'_, State>> {
        self.state.try_lock()
    }
}
