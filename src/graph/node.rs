//! One recorded op: where its input gradients go, what it saved, and the formula that makes the gradients.
use super::saved::FREED;
use super::{Hook, Saved, SavedAt, anomaly};
use crate::device::{self, Device, Inside};
use crate::dtype::DType;
use crate::error::{Error, Result, catch_raised};
use crate::layout::Dims;
use crate::site::{Site, here};
use crate::tensor::Tensor;
use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub type Grads = SmallVec<[Option<Tensor>; 2]>;

/// From the outputs' gradients to each input's. Broadcasting and casts need not be undone: the engine does it.
pub type Formula = Box<dyn Fn(&Backward, &[Option<Tensor>]) -> Result<Grads> + Send + Sync>;

/// Gradients that a hook puts in the place of those it saw.
pub type Replaced = Result<Option<Vec<Option<Tensor>>>>;

/// Code around the whole node. The result of either method, if it gives one, replaces what it saw first.
pub trait NodeHook: Send + Sync {
    /// Sees the outputs' gradients before the formula runs.
    fn before(&self, _outputs: &[Option<Tensor>]) -> Replaced {
        Ok(None)
    }
    /// Sees the inputs' gradients, and the outputs', after it ran.
    fn after(&self, _inputs: &[Option<Tensor>], _outputs: &[Option<Tensor>]) -> Replaced {
        Ok(None)
    }
    /// As `GradHook::as_any`.
    fn as_any(&self) -> &dyn Any;
}

/// What a formula may ask of its node while it runs.
pub struct Backward<'a> {
    pub node: &'a Arc<Node>,
    saved: &'a [Saved],
    wanted: &'a dyn Fn(&Edge) -> bool,
}

impl Backward<'_> {
    pub fn get(&self, at: SavedAt) -> Result<Tensor> {
        self.saved[at.0].get(self.node)
    }
    /// Whether anyone waits for the gradient of this input: in a pass for given inputs alone, only what leads to them.
    pub fn needs(&self, input: usize) -> bool {
        self.node.edges[input].as_ref().is_some_and(self.wanted)
    }
}

/// Where a gradient goes: output `nr` of `node`.
#[derive(Clone)]
pub struct Edge {
    pub node: Arc<Node>,
    pub nr: usize,
}

/// What a gradient must look like when it arrives.
#[derive(Clone)]
pub struct Meta {
    pub shape: Dims,
    pub dtype: DType,
    pub device: Device,
}

pub enum Kind {
    Op,
    /// The end of the graph: adds to a leaf's `.grad`.
    Leaf(Tensor),
}

pub struct Node {
    /// The op's name, or a node's name in full where the op's does not give it.
    pub op: &'static str,
    /// Order of creation: a node is always younger than its inputs. Leaves run last.
    pub seq: u64,
    /// Where in the program the op was called.
    pub site: Site,
    pub kind: Kind,
    pub edges: SmallVec<[Option<Edge>; 2]>,
    pub outputs: Mutex<SmallVec<[Meta; 1]>>,
    body: Mutex<Body>,
    extras: Mutex<Option<Box<Extras>>>,
    /// The op's arguments that are no tensors, as the binding keeps them: `_saved_dim`.
    pub arguments: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The Python object that shows this node, while there is one; the binding's alone.
    pub python: AtomicPtr<c_void>,
}

/// What few nodes have, kept apart.
#[derive(Default)]
pub struct Extras {
    /// Hooks on the gradient of one output, in the order they were added.
    pub hooks: Vec<(u64, usize, Hook)>,
    pub around: Vec<(u64, Arc<dyn NodeHook>)>,
    /// The binding's object of a custom function: the `ctx` that its backward is called with.
    pub object: Option<Box<dyn Any + Send + Sync>>,
    /// The binding's `metadata`.
    pub metadata: Option<Box<dyn Any + Send + Sync>>,
}

struct Body {
    formula: Option<Arc<Formula>>,
    saved: Arc<Vec<Saved>>,
}
impl Default for Body {
    fn default() -> Self {
        Self { formula: None, saved: nothing() }
    }
}

/// No saved tensors: one list for all nodes, for most have none.
fn nothing() -> Arc<Vec<Saved>> {
    static NOTHING: OnceLock<Arc<Vec<Saved>>> = OnceLock::new();
    NOTHING.get_or_init(Arc::default).clone()
}

/// Collects what an op saves while its node is made.
#[derive(Default)]
pub struct Recorder {
    saved: Vec<Saved>,
    /// That of a hook that packs; `Tensor::record` returns it.
    error: Option<Error>,
}

impl Recorder {
    fn shared(self) -> Arc<Vec<Saved>> {
        if self.saved.is_empty() { nothing() } else { Arc::new(self.saved) }
    }
    pub(crate) fn check(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
    pub fn input(&mut self, name: &'static str, t: &Tensor) -> SavedAt {
        self.save(name, t, None)
    }
    /// The op's first result.
    pub fn output(&mut self, name: &'static str, t: &Tensor) -> SavedAt {
        self.save(name, t, Some(0))
    }
    pub fn output_nr(&mut self, name: &'static str, t: &Tensor, nr: usize) -> SavedAt {
        self.save(name, t, Some(nr))
    }
    fn save(&mut self, name: &'static str, t: &Tensor, output: Option<usize>) -> SavedAt {
        if self.error.is_none() {
            match Saved::new(name, t, output) {
                Ok(saved) => self.saved.push(saved),
                Err(e) => self.error = Some(e),
            }
        }
        SavedAt(self.saved.len().saturating_sub(1))
    }
}

static SEQ: AtomicU64 = AtomicU64::new(0);

impl Node {
    pub fn new(
        op: &'static str,
        edges: SmallVec<[Option<Edge>; 2]>,
        outputs: SmallVec<[Meta; 1]>,
        recorder: Recorder,
        formula: Formula,
    ) -> Arc<Self> {
        let extras = match anomaly() {
            true => Some(Box::new(Extras { metadata: super::anomaly::notes(), ..Extras::default() })),
            false => None,
        };
        Arc::new(Self {
            op,
            seq: SEQ.fetch_add(1, Ordering::Relaxed),
            site: here(),
            kind: Kind::Op,
            edges,
            outputs: Mutex::new(outputs),
            body: Mutex::new(Body { formula: Some(Arc::new(formula)), saved: recorder.shared() }),
            extras: Mutex::new(extras),
            arguments: OnceLock::new(),
            python: AtomicPtr::default(),
        })
    }
    pub fn leaf(t: &Tensor) -> Arc<Self> {
        Arc::new(Self {
            op: "AccumulateGrad",
            seq: u64::MAX,
            site: Site::default(),
            outputs: Mutex::new(smallvec::smallvec![Meta::of(t)]),
            kind: Kind::Leaf(t.clone()),
            edges: SmallVec::new(),
            body: Mutex::default(),
            extras: Mutex::default(),
            arguments: OnceLock::new(),
            python: AtomicPtr::default(),
        })
    }
    fn is_custom(&self) -> bool {
        self.extras().as_ref().is_some_and(|e| e.object.is_some())
    }
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, Kind::Leaf(_))
    }
    pub fn needs(&self, input: usize) -> bool {
        self.edges[input].is_some()
    }
    pub fn differentiable(&self, nr: usize) -> bool {
        self.outputs.lock().get(nr).is_some_and(|m| m.dtype.is_differentiable())
    }
    /// PyTorch's name: `MulBackward0` for the op `mul`, `SumBackward1` for `sum#1`.
    pub fn name(&self) -> String {
        if self.op.starts_with(char::is_uppercase) {
            return self.op.to_string();
        }
        let (op, nr) = self.op.split_once('#').unwrap_or((self.op, "0"));
        let mut name: String =
            op.split('_').map(|w| w.get(..1).map_or(String::new(), |c| c.to_uppercase() + &w[1..])).collect();
        // PyTorch starts a word after a digit too: `Log1PBackward0`.
        for i in 1..name.len() {
            if name.as_bytes()[i - 1].is_ascii_digit() && name.is_char_boundary(i + 1) {
                name[i..i + 1].make_ascii_uppercase();
            }
        }
        name += "Backward";
        name + nr
    }
    /// The gradients of the inputs, of which those that are not `wanted` may be missing. Errors if the graph was freed.
    pub fn run(self: &Arc<Self>, grads: &[Option<Tensor>], wanted: &dyn Fn(&Edge) -> bool) -> Result<Grads> {
        let (formula, saved) = {
            let body = self.body.lock();
            (body.formula.clone(), body.saved.clone())
        };
        let Some(formula) = formula else {
            bail!("{FREED}");
        };
        // Of nothing, an op's derivative is nothing. A custom function decides for itself.
        if grads.iter().all(Option::is_none) && !self.is_custom() {
            return Ok(smallvec::smallvec![None; self.edges.len()]);
        }
        let g = grads.iter().flatten().next();
        let device = g.map_or(Device::Cpu, Tensor::device);
        let _inside = (device != device::current()).then(|| Inside::new(device, self.op, g.map(Tensor::dtype)));
        catch_raised(|| formula(&Backward { node: self, saved: &saved, wanted }, grads))
    }
    /// Frees what was saved; a later `run` is an error if anything had been.
    pub fn release(&self) {
        let (formula, saved) = {
            let mut body = self.body.lock();
            if body.saved.is_empty() {
                return; // as in PyTorch: a node without saved tensors can run again
            }
            (body.formula.take(), body.saved.clone())
        };
        drop(formula);
        saved.iter().for_each(Saved::free);
    }
    /// All that was saved; each knows whether it was freed since.
    pub fn saved(&self) -> Arc<Vec<Saved>> {
        self.body.lock().saved.clone()
    }
    /// Hooks and metadata: `None` for most nodes.
    pub fn extras(&self) -> MutexGuard<'_, Option<Box<Extras>>> {
        self.extras.lock()
    }
    /// The same where waiting is out of the question: in the garbage collector.
    pub fn try_extras(&self) -> Option<MutexGuard<'_, Option<Box<Extras>>>> {
        self.extras.try_lock()
    }
    /// As `saved`, for the garbage collector.
    pub fn try_saved(&self) -> Option<Arc<Vec<Saved>>> {
        Some(self.body.try_lock()?.saved.clone())
    }
    pub fn add_hook(&self, id: u64, nr: usize, hook: Hook) {
        self.extras.lock().get_or_insert_default().hooks.push((id, nr, hook));
    }
    /// Copies saved inputs that share `t`'s memory before it is overwritten by this very op.
    pub(crate) fn keep_before_write(&self, t: &Tensor) -> Result<()> {
        self.saved().iter().try_for_each(|s| s.keep_before_write(t))
    }
    /// The number that the next node will get.
    pub fn next_seq() -> u64 {
        SEQ.load(Ordering::Relaxed)
    }
}

impl Meta {
    pub fn of(t: &Tensor) -> Self {
        Self { shape: t.shape().into(), dtype: t.dtype(), device: t.device() }
    }
}

/// A long graph is a long chain of Arcs: freeing it by plain recursion would overflow the stack.
/// So a node hands its parts to the outermost drop, which frees them one by one.
impl Drop for Node {
    fn drop(&mut self) {
        type Parts = (SmallVec<[Option<Edge>; 2]>, Body);
        thread_local! { static QUEUE: RefCell<Option<Vec<Parts>>> = const { RefCell::new(None) }; }
        if self.is_leaf() {
            return;
        }
        let parts = (std::mem::take(&mut self.edges), std::mem::take(self.body.get_mut()));
        // While a thread ends, its queue may be gone: then plain recursion has to do.
        let outermost = QUEUE.try_with(|q| {
            let mut q = q.borrow_mut();
            let outermost = q.is_none();
            q.get_or_insert_default().push(parts);
            outermost
        });
        if outermost == Ok(true) {
            while let Some(parts) = QUEUE.with_borrow_mut(|q| q.as_mut().and_then(Vec::pop)) {
                drop(parts);
            }
            QUEUE.set(None);
        }
    }
}
