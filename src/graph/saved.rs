//! Tensors kept from forward to backward, as they are or packed by the user's hooks.
use super::{Edge, Node, inference, with_grad};
use crate::error::Result;
use crate::site::describe;
use crate::tensor::Tensor;
use parking_lot::Mutex;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

pub(super) const FREED: &str = "Trying to backward through the graph a second time (or directly access saved tensors \
    after they have already been freed). Saved intermediate values of the graph are freed when you call .backward() or \
    autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if you need \
    to access saved tensors after calling backward.";

/// Which of a node's saved tensors a formula means.
#[derive(Debug, Clone, Copy)]
pub struct SavedAt(pub usize);

/// Turns a tensor into something else to keep: `saved_tensors_hooks`.
pub trait Pack: Send + Sync {
    fn pack(&self, t: &Tensor) -> Result<Arc<dyn Unpack>>;
}
/// What was kept instead of a tensor.
pub trait Unpack: Send + Sync {
    fn unpack(&self) -> Result<Tensor>;
    /// As `GradHook::as_any`.
    fn as_any(&self) -> &dyn Any;
}

/// A thread's packing hooks: the last one counts.
#[derive(Default)]
struct Packing {
    hooks: Vec<Arc<dyn Pack>>,
    disabled: Option<String>,
}
thread_local! {
    static PACKING: RefCell<Packing> = RefCell::default();
    /// Whether there are any hooks: all that an op without them has to ask.
    static PACKS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread packs what its ops save.
#[inline]
pub fn packs() -> bool {
    PACKS.get()
}
pub fn push_packing(hook: Arc<dyn Pack>) -> Result<()> {
    PACKING.with_borrow_mut(|p| {
        if let Some(message) = &p.disabled {
            bail!("{message}");
        }
        p.hooks.push(hook);
        PACKS.set(true);
        Ok(())
    })
}
pub fn pop_packing() {
    let gone = PACKING.with_borrow_mut(|p| {
        let gone = p.hooks.pop();
        PACKS.set(!p.hooks.is_empty());
        gone
    });
    drop(gone); // after the borrow: it may free Python objects
}
/// Forbids hooks, or allows them again; an error where some are in use. Returns what was set before.
pub fn disable_packing(message: Option<String>) -> Result<Option<String>> {
    PACKING.with_borrow_mut(|p| match message {
        Some(m) if !p.hooks.is_empty() => bail!("{m}"),
        m => Ok(std::mem::replace(&mut p.disabled, m)),
    })
}

/// Sees a tensor that is about to be written to.
pub type BeforeWrite = Arc<dyn Fn(&Tensor) -> Result<()> + Send + Sync>;
thread_local! {
    static BEFORE_WRITE: RefCell<Option<BeforeWrite>> = const { RefCell::new(None) };
    static SEES_WRITES: Cell<bool> = const { Cell::new(false) };
}
/// Sets this thread's observer of writes to saved tensors; returns the one before.
pub fn set_before_write(f: Option<BeforeWrite>) -> Option<BeforeWrite> {
    SEES_WRITES.set(f.is_some());
    BEFORE_WRITE.replace(f)
}
#[inline]
pub fn before_write(t: &Tensor) -> Result<()> {
    if !SEES_WRITES.get() {
        return Ok(());
    }
    match BEFORE_WRITE.with_borrow(Clone::clone) {
        Some(f) => f(t),
        None => Ok(()),
    }
}

/// A tensor kept for the backward pass; refuses to come back if it was written to since.
pub struct Saved {
    /// As PyTorch calls it after `_saved_`: `self`, `other`, `result`.
    pub name: &'static str,
    /// The node's output that it is; then it is kept without its node, lest node and tensor own each other.
    output: Option<usize>,
    content: Mutex<Content>,
}
#[derive(Clone)]
enum Content {
    Kept { tensor: Tensor, version: u32 },
    Packed { by: Arc<dyn Unpack>, edge: Option<Edge> },
    Freed,
}

/// `Mul` for `MulBackward0`.
fn short(node: &Node) -> String {
    let name = node.name();
    name.find("Backward").map_or(name.clone(), |at| name[..at].to_string())
}

impl Content {
    /// The hook sees an input itself, and an output without its node, lest what it keeps own that.
    fn packed(t: &Tensor, output: Option<usize>, hook: &dyn Pack) -> Result<Self> {
        let edge = if output.is_none() { t.gradient_edge() } else { None };
        let version = t.storage().version();
        let by = with_grad(false, || hook.pack(&if output.is_none() { t.clone() } else { t.detach() }))?;
        ensure!(
            t.storage().version() == version,
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be \
             modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you \
             need to perform in-place operations on the input to a pack hook."
        );
        Ok(Self::Packed { by, edge })
    }
}

impl Saved {
    pub(super) fn new(name: &'static str, t: &Tensor, output: Option<usize>) -> Result<Self> {
        ensure!(
            !t.is_inference() || inference(),
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in \
             computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it \
             in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
        );
        let content = if packs() {
            let hook = PACKING.with_borrow(|p| p.hooks.last().cloned()).expect("`packs` says so");
            Content::packed(t, output, &*hook)?
        } else {
            t.storage().watch();
            let tensor = if output.is_some() { t.detach() } else { t.clone() };
            Content::Kept { tensor, version: t.storage().version() }
        };
        Ok(Self { name, output, content: Mutex::new(content) })
    }
    /// The tensor, with an output's place in the graph put back.
    pub fn get(&self, node: &Arc<Node>) -> Result<Tensor> {
        let content = self.content.lock().clone();
        match content {
            Content::Freed => bail!("{FREED}"),
            Content::Kept { tensor, version } => {
                let now = tensor.storage().version();
                if now != version {
                    self.refuse(node, &tensor, version, now)?;
                }
                match self.output {
                    Some(nr) => Ok(output_of(node, nr, tensor.detach())),
                    None => Ok(tensor.current()),
                }
            }
            Content::Packed { by, edge } => {
                let t = with_grad(false, || by.unpack())?.detach();
                Ok(match (self.output, edge) {
                    (Some(nr), _) => output_of(node, nr, t),
                    (None, Some(edge)) => {
                        t.join(edge);
                        t
                    }
                    (None, None) => t,
                })
            }
        }
    }
    fn refuse(&self, node: &Node, tensor: &Tensor, version: u32, now: u32) -> Result<()> {
        let made_by = match (self.output, tensor.gradient_edge()) {
            (Some(nr), _) => format!(", which is output {nr} of {},", short(node)),
            (None, Some(e)) if !e.node.is_leaf() => format!(", which is output {} of {},", e.nr, short(&e.node)),
            _ => String::new(),
        };
        let mut places = String::new();
        if let Some(place) = describe(node.site) {
            let (name, shape) = (node.name(), crate::layout::show(tensor.shape()));
            places += &format!("\n{name} saved it as {:?}, of shape {shape}, here:{place}", self.name);
        }
        if let Some(write) = tensor.storage().last_write()
            && let Some(place) = describe(write.site)
        {
            places += &format!("\n{} overwrote it here:{place}", write.op.unwrap_or("an in-place operation"));
        }
        bail!(
            "one of the variables needed for gradient computation has been modified by an inplace operation: \
             [{} {}]{made_by} is at version {now}; expected version {version} instead. Hint: enable anomaly \
             detection to find the operation that failed to compute its gradient, with \
             torch.autograd.set_detect_anomaly(True, check_nan=False).{places}",
            tensor.type_name(),
            crate::layout::show(tensor.shape()),
        );
    }
    /// Keeps a copy in place of memory that an in-place op is about to overwrite.
    pub(super) fn keep_before_write(&self, t: &Tensor) -> Result<()> {
        if let Content::Kept { tensor, version } = &mut *self.content.lock()
            && self.output.is_none()
            && tensor.storage().same(t.storage())
        {
            let copy = tensor.copy_in_graph()?;
            *version = copy.storage().version();
            *tensor = copy;
        }
        Ok(())
    }
    /// Packs the tensor after the fact.
    pub fn register(&self, hook: &dyn Pack) -> Result<()> {
        let content = self.content.lock().clone();
        let tensor = match &content {
            Content::Kept { tensor, .. } => tensor,
            Content::Packed { .. } => bail!(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks \
                 is allowed at a time."
            ),
            Content::Freed => bail!(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph \
                 are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to \
                 backward through the graph a second time or if you need to access saved variables after calling \
                 backward."
            ),
        };
        let packed = Content::packed(tensor, self.output, hook)?;
        let old = std::mem::replace(&mut *self.content.lock(), packed);
        drop(old); // after the lock
        Ok(())
    }
    /// What was kept instead of the tensor, if hooks packed it.
    pub fn unpacker(&self) -> Option<Arc<dyn Unpack>> {
        match &*self.content.lock() {
            Content::Packed { by, .. } => Some(by.clone()),
            _ => None,
        }
    }
    pub(super) fn free(&self) {
        let content = std::mem::replace(&mut *self.content.lock(), Content::Freed);
        drop(content); // after the lock: it may free Python objects
    }
    /// Shows what was kept instead of the tensor to the garbage collector, unless someone else holds that as well.
    pub fn visit_packed<R>(&self, f: impl FnOnce(&dyn Any) -> R) -> Option<R> {
        match &*self.content.try_lock()? {
            Content::Packed { by, .. } if Arc::strong_count(by) == 1 => Some(f(by.as_any())),
            _ => None,
        }
    }
}

fn output_of(node: &Arc<Node>, nr: usize, t: Tensor) -> Tensor {
    if node.differentiable(nr) {
        t.set_grad_fn(node.clone(), nr);
    }
    t
}
