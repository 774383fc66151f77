//! A tensor: storage seen through a layout as a dtype, plus its history. `record` is the one place where nodes are made.
use crate::cpu;
use crate::cpu::pointwise::Operand as Memory;
use crate::device::{self, Device};
use crate::dtype::{DType, Element, Scalar};
use crate::error::{Result, raise};
use crate::gpu;
use crate::graph::{Creation, Edge, Formula, History, Hook, Hooks, Meta, Node, Recorder, Regrow, ViewOf};
use crate::graph::{grad_enabled, inference};
use crate::layout::{Dims, Layout, checked_numel};
use crate::storage::Storage;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

mod transfer;

/// What a tensor shows: which bytes, how, and as what.
#[derive(Clone)]
pub struct Place {
    pub storage: Storage,
    pub layout: Layout,
    pub dtype: DType,
}

/// A value: clones share storage and history, so they are the same tensor. Without a clone or a graph, no history is
/// made at all.
pub struct Tensor {
    place: Place,
    history: Slot,
}

impl Clone for Tensor {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), history: Slot::holding(self.history.share()) }
    }
}

/// The size of `n` elements, or an error where it is no size, or where the elements cannot be.
fn bytes(n: usize, dtype: DType) -> Result<usize> {
    if let Device::Gpu(index) = device::current() {
        gpu::gpu(index)?.abilities.check(dtype, device::current())?;
    }
    match n.checked_mul(dtype.size()) {
        Some(bytes) => Ok(bytes),
        None => bail!("Storage size calculation overflowed with {n} elements of {}", dtype.name()),
    }
}

/// A history that is made when it is first asked for. `OnceLock` does the same at ten times the cost.
struct Slot(AtomicPtr<History>);

impl Slot {
    const fn empty() -> Self {
        Slot(AtomicPtr::new(std::ptr::null_mut()))
    }
    fn holding(h: Arc<History>) -> Self {
        Slot(AtomicPtr::new(Arc::into_raw(h).cast_mut()))
    }
    #[inline]
    fn get(&self) -> Option<&History> {
        // SAFETY: null, or from `Arc::into_raw` and kept alive by this slot.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
    fn get_or_make(&self) -> &History {
        if let Some(h) = self.get() {
            return h;
        }
        let new = Arc::into_raw(Arc::<History>::default()).cast_mut();
        if self.0.compare_exchange(std::ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: another thread was first; this one was never shared.
            drop(unsafe { Arc::from_raw(new) });
        }
        self.get().expect("set above, and never cleared")
    }
    fn share(&self) -> Arc<History> {
        let h = std::ptr::from_ref(self.get_or_make());
        // SAFETY: from `Arc::into_raw`; the count is raised for the new owner.
        unsafe {
            Arc::increment_strong_count(h);
            Arc::from_raw(h)
        }
    }
}
impl Drop for Slot {
    fn drop(&mut self) {
        let h = *self.0.get_mut();
        if !h.is_null() {
            // SAFETY: it came from `Arc::into_raw`, and the slot goes.
            drop(unsafe { Arc::from_raw(h) });
        }
    }
}

// ---- making ---------------------------------------------------------------------------------------------------------

impl Tensor {
    pub fn new(storage: Storage, layout: Layout, dtype: DType) -> Self {
        let history = if inference() { Slot::holding(Arc::default()) } else { Slot::empty() };
        Self { place: Place { storage, layout, dtype }, history }
    }
    /// Contiguous memory of any content.
    pub fn empty(shape: &[usize], dtype: DType) -> Result<Self> {
        let n = checked_numel(shape)?;
        Ok(Self::new(Storage::empty(bytes(n, dtype)?)?, Layout::contiguous(shape), dtype))
    }
    /// Memory of any content in a given order of dims (`Layout::like`).
    pub fn empty_as(layout: Layout, dtype: DType) -> Result<Self> {
        let n = checked_numel(&layout.shape)?;
        Ok(Self::new(Storage::empty(bytes(n, dtype)?)?, layout, dtype))
    }
    pub fn zeros(shape: &[usize], dtype: DType) -> Result<Self> {
        Self::zeros_as(Layout::contiguous(shape), dtype)
    }
    /// Zeros in a given order of dims.
    pub fn zeros_as(layout: Layout, dtype: DType) -> Result<Self> {
        let t = Self::empty_as(layout, dtype)?;
        if t.device().is_gpu() {
            t.fill_data(Scalar::Int(0));
            return Ok(t);
        }
        // SAFETY: the storage is new and as long as it says.
        unsafe { cpu::copy::clear(t.storage().ptr(), t.storage().nbytes()) };
        Ok(t)
    }
    pub fn full(shape: &[usize], value: Scalar, dtype: DType) -> Result<Self> {
        let t = Self::empty(shape, dtype)?;
        t.fill_data(value);
        Ok(t)
    }
    /// A tensor without dims.
    pub fn scalar(value: impl Into<Scalar>, dtype: DType) -> Result<Self> {
        Self::full(&[], value.into(), dtype)
    }
    /// A tensor of these elements, on the device of the op in progress; on the CPU if that device has no such type, for
    /// then the numbers are on the way to another.
    pub fn from_slice<T: Element>(v: &[T], shape: &[usize]) -> Result<Self> {
        ensure!(v.len() == checked_numel(shape)?, "{} values do not fill shape {shape:?}", v.len());
        let stored = bytes(v.len(), T::DTYPE).is_ok();
        let _inside = (!stored).then(|| device::Inside::of(Device::Cpu));
        Ok(Self::new(Storage::from_slice(v)?, Layout::contiguous(shape), T::DTYPE))
    }

    // ---- what it shows

    pub fn place(&self) -> &Place {
        &self.place
    }
    #[inline]
    pub fn storage(&self) -> &Storage {
        &self.place.storage
    }
    #[inline]
    pub fn layout(&self) -> &Layout {
        &self.place.layout
    }
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.place.layout.shape
    }
    #[inline]
    pub fn strides(&self) -> &[usize] {
        &self.place.layout.strides
    }
    #[inline]
    pub fn dtype(&self) -> DType {
        self.place.dtype
    }
    #[inline]
    pub fn device(&self) -> Device {
        self.place.storage.device()
    }
    pub fn rank(&self) -> usize {
        self.shape().len()
    }
    #[inline]
    pub fn numel(&self) -> usize {
        self.place.layout.numel()
    }
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        self.place.layout.is_contiguous()
    }
    /// The first element.
    #[inline]
    pub fn data_ptr(&self) -> *mut u8 {
        self.storage().ptr().wrapping_add(self.layout().offset * self.dtype().size())
    }
    /// This tensor as a kernel's operand, in its own shape.
    pub fn memory(&self) -> Memory<'_> {
        Memory { ptr: self.storage().ptr(), dtype: self.dtype(), strides: self.strides(), offset: self.layout().offset }
    }
    /// The elements of a contiguous tensor.
    ///
    /// # Safety
    /// Nobody may write to the storage while the slice lives.
    pub unsafe fn as_slice<T: Element>(&self) -> &[T] {
        assert!(self.is_contiguous() && self.dtype() == T::DTYPE, "as_slice needs a contiguous {:?}", T::DTYPE);
        // SAFETY: contiguous, of this type, inside the storage; not written meanwhile, as the caller says.
        unsafe { std::slice::from_raw_parts(self.data_ptr().cast(), self.numel()) }
    }
    /// The elements of a contiguous tensor, to write.
    ///
    /// # Safety
    /// Nobody else may read or write the storage while the slice lives.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn as_mut_slice<T: Element>(&self) -> &mut [T] {
        assert!(self.is_contiguous() && self.dtype() == T::DTYPE, "as_mut_slice needs a contiguous {:?}", T::DTYPE);
        // SAFETY: contiguous, of this type, inside the storage; the caller is alone with it.
        unsafe { std::slice::from_raw_parts_mut(self.data_ptr().cast(), self.numel()) }
    }
    /// The value of a tensor with one element.
    pub fn item(&self) -> Result<Scalar> {
        let n = self.numel();
        ensure!(n == 1, "a Tensor with {n} elements cannot be converted to Scalar");
        if self.device().is_gpu() {
            let mut element = [0u128];
            let at = self.layout().offset * self.dtype().size();
            // SAFETY: 16 bytes hold any element, as bytes.
            let bytes = unsafe { std::slice::from_raw_parts_mut(element.as_mut_ptr().cast(), self.dtype().size()) };
            self.storage().read(at, bytes)?;
            // SAFETY: an element of the dtype was written there.
            return Ok(dispatch!(all self.dtype(), T => unsafe { element.as_ptr().cast::<T>().read() }.scalar()));
        }
        // SAFETY: the storage holds at least this element; reads need no alignment.
        Ok(dispatch!(all self.dtype(), T => unsafe { self.data_ptr().cast::<T>().read_unaligned() }.scalar()))
    }
    /// All elements in order, converted. Inside an op on a GPU this is work for the CPU, which is refused or falls back.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if self.device().is_gpu() && device::current().is_gpu() {
            gpu::allow_fallback(self.device())?;
        }
        self.read_back()
    }
    /// As `to_vec`, meant to wait for a device: what PyTorch reads back, too.
    pub fn read_back<T: Element>(&self) -> Result<Vec<T>> {
        let _inside = device::Inside::of(Device::Cpu);
        let t = self.moved_data(Device::Cpu)?.cast_data(T::DTYPE)?;
        // SAFETY: `t` is a fresh contiguous copy, or shared memory that is only read here.
        Ok(unsafe { t.as_slice::<T>() }.to_vec())
    }

    // ---- data moved outside the graph

    /// A contiguous tensor of `dtype` with these elements: this one's memory if it is so already. Not recorded.
    pub fn cast_data(&self, dtype: DType) -> Result<Tensor> {
        if self.dtype() == dtype && self.is_contiguous() {
            return Ok(self.detach());
        }
        let t = Self::empty(self.shape(), dtype)?;
        t.copy_data(self);
        Ok(t)
    }
    /// Contiguous, not recorded.
    pub fn contiguous_data(&self) -> Result<Tensor> {
        self.cast_data(self.dtype())
    }
    /// Overwrites the elements with those of `x`, of the same shape or broadcast to it. Not recorded, not counted.
    pub fn copy_data(&self, x: &Tensor) {
        if self.device().is_gpu() || x.device().is_gpu() {
            return transfer::copy(self, x).unwrap_or_else(|e| raise("copy", e));
        }
        let strides = x.layout().broadcast_strides(self.shape());
        // SAFETY: both layouts lie inside their storages; callers refuse partly overlapping tensors.
        unsafe { cpu::copy::copy(self.shape(), self.memory(), Memory { strides: &strides, ..x.memory() }) };
    }
    /// Overwrites every element. Not recorded, not counted.
    pub fn fill_data(&self, value: Scalar) {
        let mut element = 0u128;
        let ptr = (&raw mut element).cast::<u8>();
        let dtype = self.dtype();
        // SAFETY: 16 bytes hold any element.
        dispatch!(all dtype, T => unsafe { ptr.cast::<T>().write_unaligned(T::of(value)) });
        if self.device().is_gpu() {
            return transfer::fill(self, value).unwrap_or_else(|e| raise("fill", e));
        }
        if self.numel() == 1 {
            // SAFETY: the layout lies inside the storage.
            unsafe { std::ptr::copy_nonoverlapping(ptr, self.data_ptr(), dtype.size()) };
            return;
        }
        let strides: Dims = smallvec::smallvec![0; self.rank()];
        let x = Memory { ptr, dtype, strides: &strides, offset: 0 };
        // SAFETY: the layout lies inside the storage, and `element` is read with stride 0.
        unsafe { cpu::copy::copy(self.shape(), self.memory(), x) };
    }
    /// The same storage under another layout, outside the graph and not tracked as a view.
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self::new(self.storage().clone(), layout, self.dtype())
    }
    /// The same contiguous memory in another shape, outside the graph.
    pub fn in_shape(&self, shape: &[usize]) -> Self {
        debug_assert!(self.is_contiguous() && self.numel() == shape.iter().product::<usize>());
        self.with_layout(Layout { offset: self.layout().offset, ..Layout::contiguous(shape) })
    }
    pub fn detach(&self) -> Self {
        self.with_layout(self.layout().clone())
    }
}

// ---- identity and history ---------------------------------------------------------------------------------------------

impl Tensor {
    pub fn history(&self) -> &History {
        self.history.get_or_make()
    }
    /// The history, to keep.
    pub fn shared_history(&self) -> Arc<History> {
        self.history.share()
    }
    /// The history, if anything ever asked for one.
    pub fn history_if_any(&self) -> Option<&History> {
        self.history.get()
    }
    /// Whether nobody else holds the history: no clone, no view, no graph.
    pub fn owns_history(&self) -> bool {
        let Some(h) = self.history.get() else { return false };
        // SAFETY: from `Arc::into_raw`, and kept alive by this slot.
        let h = std::mem::ManuallyDrop::new(unsafe { Arc::from_raw(std::ptr::from_ref(h)) });
        Arc::strong_count(&h) == 1
    }
    pub fn same(&self, other: &Tensor) -> bool {
        matches!((self.history.get(), other.history.get()), (Some(a), Some(b)) if std::ptr::eq(a, b))
    }
    /// This tensor as it is now, should its storage or layout have been exchanged in place since this clone was made.
    pub fn current(&self) -> Tensor {
        let mut t = self.clone();
        if let Some(place) = self.history.get().and_then(|h| h.state().place.clone()) {
            t.place = *place;
        }
        t
    }
    /// Exchanges storage, layout and dtype in place; clones follow through `current`.
    pub fn move_to(&mut self, place: Place) {
        if let Some(h) = self.history.get() {
            let mut state = h.state();
            state.place = Some(Box::new(place.clone()));
            // Gradients still go where they went, unless they must be different ones now.
            let device = place.storage.device();
            if place.dtype != self.dtype() || place.layout.shape != self.place.layout.shape || device != self.device() {
                state.accumulator = Weak::new();
            }
        }
        self.place = place;
    }

    #[inline]
    pub fn requires_grad(&self) -> bool {
        self.history.get().is_some_and(History::requires_grad)
    }
    pub fn is_leaf(&self) -> bool {
        !self.requires_grad() || self.grad_fn().is_none()
    }
    pub fn is_inference(&self) -> bool {
        self.history.get().is_some_and(|h| h.inference.load(Ordering::Relaxed))
    }
    /// Sets the flag of a leaf.
    pub fn set_requires_grad(&self, on: bool) -> Result<()> {
        if !on && !self.requires_grad() {
            return Ok(());
        }
        ensure!(
            self.is_leaf() || on,
            "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a \
             subgraph that doesn't require differentiation use var_no_grad = var.detach()."
        );
        ensure!(!on || self.dtype().is_differentiable(), "only Tensors of floating point dtype can require gradients");
        ensure!(
            !on || !self.is_inference() || inference(),
            "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
        );
        if self.is_leaf() {
            self.history().set_flag(on);
        }
        Ok(())
    }
    pub fn grad(&self) -> Option<Tensor> {
        self.history.get().and_then(|h| h.state().grad.as_ref().map(|g| g.current()))
    }
    pub fn set_grad(&self, grad: Option<Tensor>) {
        let old = std::mem::replace(&mut self.history().state().grad, grad.map(Box::new));
        drop(old); // after the lock: it may free Python objects
    }
    pub fn set_grad_fn(&self, node: Arc<Node>, nr: usize) {
        let h = self.history();
        let old = h.state().grad_fn.replace(Edge { node, nr });
        h.set_flag(true);
        drop(old);
    }
    /// After a write: a gradient that was to be kept where this tensor was is kept where it is now.
    pub(crate) fn retain_at(&self, before: &Edge, now: &Edge) {
        if !self.history().state().retains_grad || Arc::ptr_eq(&before.node, &now.node) {
            return;
        }
        let keeps = |h: &mut (u64, usize, Hook)| h.0 == Hooks::RETAIN && h.1 == before.nr;
        let moved: Vec<_> = match &mut *before.node.extras() {
            Some(extras) => extras.hooks.extract_if(.., keeps).collect(),
            None => vec![],
        };
        for (id, _, hook) in moved {
            now.node.add_hook(id, now.nr, hook);
        }
    }
    /// Makes this tensor, which has no history yet, stand where gradients go to `edge`.
    pub(crate) fn join(&self, edge: Edge) {
        if edge.node.is_leaf() {
            // The node lives as long as someone else holds the edge, as for any leaf.
            self.history().set_flag(true);
            self.history().state().accumulator = Arc::downgrade(&edge.node);
        } else {
            self.set_grad_fn(edge.node, edge.nr);
        }
    }
    /// Takes the tensor out of the graph in place.
    pub fn detach_in_place(&self) -> Result<()> {
        if let Some(h) = self.history.get() {
            let mut state = h.state();
            ensure!(
                h.view.is_none() || state.grad_fn.is_none(),
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for \
                 training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence \
                 detach_() cannot be called on these gradients. To fix this error, please refer to the \
                 Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            );
            let old = state.grad_fn.take();
            state.accumulator = Weak::new();
            h.set_flag(false);
            drop(state);
            drop(old);
        }
        Ok(())
    }

    /// The node that made this tensor. A view whose base was written to since gets a new one.
    pub fn grad_fn(&self) -> Option<Edge> {
        let h = self.history.get()?;
        let edge = h.state().grad_fn.clone();
        let Some(v) = &h.view else { return edge };
        let version = self.storage().version();
        if matches!(v.creation, Creation::NoGrad | Creation::Custom)
            || v.version.load(Ordering::Acquire) == version
            || !v.base.flag()
        {
            return edge;
        }
        let node = (v.regrow)(&Self::base_of(v), self);
        let edge = Edge { node, nr: 0 };
        let old = h.state().grad_fn.replace(edge.clone());
        h.set_flag(true);
        v.version.store(version, Ordering::Release);
        drop(old);
        Some(edge)
    }
    /// Where a gradient for this tensor goes: the node that made it, or for a leaf the end of the graph.
    pub fn gradient_edge(&self) -> Option<Edge> {
        if !self.requires_grad() {
            return None;
        }
        if let Some(edge) = self.grad_fn() {
            return Some(edge);
        }
        // Under one lock: threads that meet a new leaf at once must share its accumulator.
        let mut state = self.history().state();
        if let Some(node) = state.accumulator.upgrade() {
            return Some(Edge { node, nr: 0 });
        }
        let node = Node::leaf(self);
        state.accumulator = Arc::downgrade(&node);
        Some(Edge { node, nr: 0 })
    }

    /// Makes `self` the output of an op. `formula` runs, and so saves tensors, only if a gradient can be asked for.
    pub fn record(
        self,
        op: &'static str,
        inputs: &[&Tensor],
        formula: impl FnOnce(&mut Recorder, &Tensor) -> Formula,
    ) -> Result<Self> {
        if inputs.iter().any(|t| t.requires_grad()) && grad_enabled() && self.dtype().is_differentiable() {
            let mut recorder = Recorder::default();
            let formula = formula(&mut recorder, &self);
            Self::attach(op, inputs, recorder, formula, std::slice::from_ref(&self))?;
        }
        Ok(self)
    }
    /// As `record`, for an op with several results.
    pub fn record_all(
        outputs: Vec<Tensor>,
        op: &'static str,
        inputs: &[&Tensor],
        formula: impl FnOnce(&mut Recorder, &[Tensor]) -> Formula,
    ) -> Result<Vec<Tensor>> {
        if inputs.iter().any(|t| t.requires_grad()) && grad_enabled() {
            let mut recorder = Recorder::default();
            let formula = formula(&mut recorder, &outputs);
            Self::attach(op, inputs, recorder, formula, &outputs)?;
        }
        Ok(outputs)
    }
    fn attach(
        op: &'static str,
        inputs: &[&Tensor],
        mut recorder: Recorder,
        formula: Formula,
        outputs: &[Tensor],
    ) -> Result<()> {
        recorder.check()?;
        let edges: SmallVec<[Option<Edge>; 2]> = inputs.iter().map(|t| t.gradient_edge()).collect();
        let metas = outputs.iter().map(Meta::of).collect();
        let node = Node::new(op, edges, metas, recorder, formula);
        for (nr, t) in outputs.iter().enumerate() {
            if t.dtype().is_differentiable() {
                t.set_grad_fn(node.clone(), nr);
            }
        }
        Ok(())
    }

    /// A view: the same storage under another layout (and dtype), tracked so that writes through it reach the base.
    pub fn view_with(&self, layout: Layout, dtype: DType, regrow: Regrow) -> Self {
        self.tracked_view(layout, dtype, Creation::Default, regrow)
    }
    /// One of several views made at once.
    pub fn view_of_many(&self, layout: Layout, regrow: Regrow) -> Self {
        self.tracked_view(layout, self.dtype(), Creation::MultiOutput, regrow)
    }
    /// The output of a custom function that shares memory with an input, as a view of its own.
    pub fn custom_view(&self) -> Self {
        let (base, version) = match &self.history().view {
            Some(v) => (v.base.clone(), v.version.load(Ordering::Acquire)),
            None => {
                self.history().state().place.get_or_insert_with(|| Box::new(self.place.clone()));
                (self.history.share(), self.storage().version())
            }
        };
        let regrow: Regrow = |_, view| view.history().state().grad_fn.clone().expect("set when it was made").node;
        let view = ViewOf { base, creation: Creation::Custom, version: version.into(), regrow };
        Self { place: self.place.clone(), history: Slot::holding(Arc::new(History::of_view(view))) }
    }
    fn tracked_view(&self, layout: Layout, dtype: DType, creation: Creation, regrow: Regrow) -> Self {
        let creation = match crate::graph::mode() {
            m if m.inference || self.is_inference() => {
                let view = Self::new(self.storage().clone(), layout, dtype);
                view.history().inference.store(self.is_inference(), Ordering::Relaxed);
                return view;
            }
            m if !m.grad => Creation::NoGrad,
            _ => creation,
        };
        let own = self.history();
        let (base, creation) = match &own.view {
            Some(v) => (v.base.clone(), if v.creation == Creation::Default { creation } else { v.creation }),
            None => {
                own.state().place.get_or_insert_with(|| Box::new(self.place.clone()));
                (self.history.share(), creation)
            }
        };
        let version = self.storage().version().into();
        let history = Slot::holding(Arc::new(History::of_view(ViewOf { base, creation, version, regrow })));
        Self { place: Place { storage: self.storage().clone(), layout, dtype }, history }
    }
    fn base_of(v: &ViewOf) -> Self {
        let place = v.base.state().place.as_deref().expect("known since the view was made").clone();
        Self { place, history: Slot::holding(v.base.clone()) }
    }
    /// The tensor this one is a view of.
    pub fn base(&self) -> Option<Tensor> {
        self.history.get()?.view.as_ref().map(Self::base_of)
    }
    pub fn creation(&self) -> Option<Creation> {
        self.history.get()?.view.as_ref().map(|v| v.creation)
    }
    /// Marks the view's `grad_fn` as right for the storage's present version.
    pub(crate) fn view_is_current(&self) {
        if let Some(v) = self.history.get().and_then(|h| h.view.as_ref()) {
            v.version.store(self.storage().version(), Ordering::Release);
        }
    }
    /// A copy of the data with the same place in the graph.
    pub(crate) fn copy_in_graph(&self) -> Result<Tensor> {
        let _inside = device::Inside::of(self.device());
        let copy = Self::empty(self.shape(), self.dtype())?;
        copy.copy_data(self);
        if let Some(edge) = self.gradient_edge() {
            copy.join(edge);
        }
        Ok(copy)
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({}, {:?}", self.dtype().name(), self.shape())?;
        if self.numel() <= 64 {
            write!(f, ", {:?}", self.to_vec::<crate::dtype::C64>().map_err(|_| std::fmt::Error)?)?;
        }
        write!(f, ")")
    }
}
