//! Anomaly mode: nodes remember all that led to them, and gradients are looked through for NaN.
use super::Node;
use crate::error::Result;
use std::any::Any;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

const ON: u8 = 1;
const CHECK_NAN: u8 = 2;
/// For all threads, as in PyTorch.
static MODE: AtomicU8 = AtomicU8::new(CHECK_NAN);

/// What the binding does for it.
pub struct Tracer {
    /// Notes for a new node: the program's traceback, and the node in whose backward it was made.
    pub trace: fn(Option<&Arc<Node>>) -> Option<Box<dyn Any + Send + Sync>>,
    /// Warns that a node failed, and says where it came from.
    pub report: fn(&Arc<Node>) -> Result<()>,
}
static TRACER: OnceLock<Tracer> = OnceLock::new();

thread_local! {
    /// The node that runs on this thread; kept in anomaly mode only.
    static RUNNING: RefCell<Option<Arc<Node>>> = const { RefCell::new(None) };
}

#[inline]
pub fn anomaly() -> bool {
    MODE.load(Ordering::Relaxed) & ON != 0
}
pub fn anomaly_checks_nan() -> bool {
    MODE.load(Ordering::Relaxed) & CHECK_NAN != 0
}
pub fn set_anomaly(on: bool, check_nan: bool) {
    MODE.store(if on { ON } else { 0 } | if check_nan { CHECK_NAN } else { 0 }, Ordering::Relaxed);
}
pub fn set_tracer(t: Tracer) {
    let _ = TRACER.set(t); // a second interpreter has the same functions
}

pub(super) fn notes() -> Option<Box<dyn Any + Send + Sync>> {
    let parent = RUNNING.with_borrow(Clone::clone);
    (TRACER.get()?.trace)(parent.as_ref())
}

/// Runs `f`, the work of `node`: an error is reported, and so is a gradient that is not a number.
pub fn watched<R>(node: &Arc<Node>, f: impl FnOnce() -> Result<R>) -> Result<R> {
    struct Restore(Option<Arc<Node>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let old = self.0.take();
            drop(RUNNING.replace(old));
        }
    }
    let restore = Restore(RUNNING.replace(Some(node.clone())));
    let result = f();
    drop(restore);
    if result.is_err()
        && let Some(tracer) = TRACER.get()
    {
        (tracer.report)(node)?;
    }
    result
}
