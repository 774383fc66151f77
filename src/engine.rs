//! The backward scheduler: the youngest ready node first, no recursion.
use crate::device::Inside;
use crate::dtype::Scalar;
use crate::error::Result;
use crate::graph::{Edge, Grads, Hooks, Kind, Meta, Node, anomaly, anomaly_checks_nan, watched, with_grad};
use crate::layout::show;
use crate::ops;
use crate::site::on_behalf;
use crate::tensor::Tensor;
use crate::trace::{Of, Span};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Not;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What `backward` and `grad` have in common.
#[derive(Clone, Copy)]
pub struct Options {
    pub keep_graph: bool,
    pub create_graph: bool,
    /// Add to the leaves' `.grad`; otherwise hand the gradients of `inputs` back.
    pub accumulate: bool,
    pub allow_unreachable: bool,
}

/// A node in the heap: the youngest first, leaves last, for only then has everything arrived at them.
struct Ready(Arc<Node>);
impl Ready {
    fn turn(&self) -> u64 {
        if self.0.is_leaf() { 0 } else { self.0.seq + 1 }
    }
}
impl PartialEq for Ready {
    fn eq(&self, o: &Self) -> bool {
        self.turn() == o.turn()
    }
}
impl Eq for Ready {}
impl PartialOrd for Ready {
    fn partial_cmp(&self, o: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(o))
    }
}
impl Ord for Ready {
    fn cmp(&self, o: &Self) -> std::cmp::Ordering {
        self.turn().cmp(&o.turn())
    }
}

/// A backward pass in progress, as code that it calls may ask about it.
struct Progress {
    id: u64,
    roots: SmallVec<[Edge; 1]>,
    /// As `Task::needed`.
    needed: Option<Rc<Nodes>>,
    /// Run when the pass has ended well.
    callbacks: Vec<Callback>,
}
pub type Callback = Box<dyn FnOnce() -> Result<()> + Send>;
thread_local! {
    /// The passes of this thread, one inside another.
    static PROGRESS: RefCell<Vec<Progress>> = const { RefCell::new(vec![]) };
}

/// The number of the backward pass that this thread is in.
pub fn current_task() -> Option<u64> {
    PROGRESS.with_borrow(|p| p.last().map(|p| p.id))
}
/// Whether the present pass runs this node.
pub fn will_run(node: &Arc<Node>) -> Result<bool> {
    PROGRESS.with_borrow(|p| {
        let Some(p) = p.last() else { bail!("_will_engine_execute_node: no backward pass is running on this thread") };
        Ok(match &p.needed {
            Some(needed) => needed.contains(&Arc::as_ptr(node)),
            None => reaches(&p.roots, node),
        })
    })
}
/// Whether no pass that this thread is in is for given inputs alone.
pub fn in_full() -> bool {
    PROGRESS.with_borrow(|p| p.iter().all(|p| p.needed.is_none()))
}
/// Runs `f` at the end of the present pass.
pub fn at_end(f: Callback) -> Result<()> {
    PROGRESS.with_borrow_mut(|p| match p.last_mut() {
        Some(p) => {
            p.callbacks.push(f);
            Ok(())
        }
        None => bail!("Final callbacks can only be installed during backward pass."),
    })
}

fn reaches(roots: &[Edge], node: &Arc<Node>) -> bool {
    let mut stack: Vec<Arc<Node>> = roots.iter().map(|r| r.node.clone()).collect();
    let mut seen = Nodes::default();
    while let Some(n) = stack.pop() {
        if Arc::ptr_eq(&n, node) {
            return true;
        }
        // What is older than the node cannot lead to it.
        if seen.insert(Arc::as_ptr(&n)) && (node.is_leaf() || n.seq > node.seq) {
            stack.extend(n.edges.iter().flatten().map(|e| e.node.clone()));
        }
    }
    false
}

/// Spreads the bits of an address, which is all that a table of nodes needs.
#[derive(Default)]
struct OfAddress(u64);
impl Hasher for OfAddress {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b as usize));
    }
    fn write_usize(&mut self, address: usize) {
        // Of a product the high bits are the mixed ones, and the table looks at both ends.
        let product = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}
type ByAddress = BuildHasherDefault<OfAddress>;
type Nodes = HashSet<*const Node, ByAddress>;
type Buffers = HashMap<*const Node, SmallVec<[Option<Tensor>; 1]>, ByAddress>;

/// Gradients of `roots` (weighted by `seeds`) into leaves, or with respect to `inputs`.
pub fn run(roots: &[Edge], seeds: Vec<Tensor>, inputs: &[Edge], o: Options) -> Result<Vec<Option<Tensor>>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            drop(PROGRESS.with_borrow_mut(Vec::pop));
        }
    }
    let needed = if inputs.is_empty() { None } else { Some(Rc::new(leading_to(roots, inputs))) };
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    PROGRESS.with_borrow_mut(|p| {
        p.push(Progress { id, roots: roots.into(), needed: needed.clone(), callbacks: vec![] });
    });
    let _leave = Leave;
    let found = with_grad(o.create_graph, || Task::new(inputs, needed, o).run(roots, seeds, inputs))?;
    while let Some(f) = PROGRESS.with_borrow_mut(|p| {
        let callbacks = &mut p.last_mut().expect("pushed above").callbacks;
        if callbacks.is_empty() { None } else { Some(callbacks.remove(0)) }
    }) {
        f()?;
    }
    Ok(found)
}

struct Task {
    o: Options,
    ready: BinaryHeap<Ready>,
    buffers: Buffers,
    /// Where `inputs` lie, and what arrived there.
    captures: HashMap<(*const Node, usize), usize, ByAddress>,
    captured: Vec<Option<Tensor>>,
    /// Nodes that lead to an input, where inputs are given: no other is run.
    needed: Option<Rc<Nodes>>,
}

impl Task {
    fn new(inputs: &[Edge], needed: Option<Rc<Nodes>>, o: Options) -> Self {
        let captures = inputs.iter().enumerate().map(|(i, e)| ((Arc::as_ptr(&e.node), e.nr), i)).collect();
        let captured = vec![None; inputs.len()];
        Self { o, ready: BinaryHeap::new(), buffers: Buffers::default(), captures, captured, needed }
    }

    fn run(mut self, roots: &[Edge], seeds: Vec<Tensor>, inputs: &[Edge]) -> Result<Vec<Option<Tensor>>> {
        for (i, (root, seed)) in roots.iter().zip(seeds).enumerate() {
            self.arrive(root, Some(fit(seed, root, &root.node, i)?))?;
        }
        while let Some(Ready(node)) = self.ready.pop() {
            let Some(mut grads) = self.buffers.remove(&Arc::as_ptr(&node)) else { continue };
            self.hooks(&node, &mut grads)?;
            self.capture(&node, &grads);
            if let Some(needed) = &self.needed
                && !needed.contains(&Arc::as_ptr(&node))
            {
                continue;
            }
            let around = node.extras().as_ref().map(|e| e.around.clone()).unwrap_or_default();
            for (_, hook) in &around {
                let new = hook.before(&grads)?;
                replace(&mut grads, new);
            }
            if let Kind::Leaf(leaf) = &node.kind {
                let seen = around.is_empty().not().then(|| grads.clone());
                if self.o.accumulate
                    && let Some(g) = grads.into_iter().next().flatten()
                {
                    accumulate(leaf, g, self.o.create_graph)?;
                }
                for (_, hook) in &around {
                    hook.after(&[], seen.as_deref().unwrap_or_default())?;
                }
                continue;
            }
            let _span = Span::begin(Of::Backward, || (node.name().into(), String::new()));
            let wanted = |edge: &Edge| self.wants(edge);
            let mut results = on_behalf(node.site, || match anomaly() {
                true => watched(&node, || without_nan(&node, node.run(&grads, &wanted)?)),
                false => node.run(&grads, &wanted),
            })?;
            for (_, hook) in &around {
                let new = hook.after(&results, &grads)?;
                replace(&mut results, new);
            }
            if !self.o.keep_graph {
                node.release();
            }
            for (i, (edge, g)) in node.edges.iter().zip(results).enumerate() {
                if let Some(edge) = edge
                    && self.wants(edge)
                {
                    let g = g.map(|g| fit(g, edge, &node, i)).transpose()?;
                    self.arrive(edge, g)?;
                }
            }
        }
        // The same input asked for twice gets its gradient twice.
        for (i, e) in inputs.iter().enumerate() {
            let first = self.captures[&(Arc::as_ptr(&e.node), e.nr)];
            if self.captured[i].is_none() {
                self.captured[i] = self.captured[first].clone();
            }
        }
        Ok(self.captured)
    }

    /// Whether this pass uses the gradient that goes there.
    fn wants(&self, edge: &Edge) -> bool {
        self.needed.as_ref().is_none_or(|n| {
            let node = Arc::as_ptr(&edge.node);
            n.contains(&node) || self.captures.contains_key(&(node, edge.nr))
        })
    }

    /// Adds a gradient to a node's buffer. Without one the node will run all the same.
    fn arrive(&mut self, edge: &Edge, g: Option<Tensor>) -> Result<()> {
        let ready = &mut self.ready;
        let buffer = self.buffers.entry(Arc::as_ptr(&edge.node)).or_insert_with(|| {
            ready.push(Ready(edge.node.clone()));
            SmallVec::new()
        });
        if buffer.len() <= edge.nr {
            buffer.resize_with(edge.node.outputs.lock().len(), || None);
        }
        buffer[edge.nr] = match (buffer[edge.nr].take(), g) {
            (Some(old), Some(g)) => Some(ops::add(&old, &g)?),
            (old, g) => old.or(g),
        };
        Ok(())
    }

    fn hooks(&self, node: &Arc<Node>, grads: &mut [Option<Tensor>]) -> Result<()> {
        let mut hooks = node.extras().as_ref().map(|e| e.hooks.clone()).unwrap_or_default();
        if let Kind::Leaf(t) = &node.kind
            && let Some(own) = &t.history().state().hooks
        {
            hooks.extend(own.before.iter().map(|(id, h)| (*id, 0, h.clone())));
        }
        // Kept gradients are as the other hooks leave them.
        hooks.sort_by_key(|h| h.0 == Hooks::RETAIN);
        for (_, nr, hook) in hooks {
            if let Some(Some(g)) = grads.get(nr)
                && let Some(new) = hook.call(g)?
            {
                grads[nr] = Some(new);
            }
        }
        Ok(())
    }

    fn capture(&mut self, node: &Arc<Node>, grads: &[Option<Tensor>]) {
        if self.captures.is_empty() {
            return;
        }
        for (nr, g) in grads.iter().enumerate() {
            if let (Some(&i), Some(g)) = (self.captures.get(&(Arc::as_ptr(node), nr)), g) {
                self.captured[i] = Some(g.clone());
            }
        }
    }
}

/// The nodes on a path from `roots` to `inputs`; what an input itself depends on is not among them.
fn leading_to(roots: &[Edge], inputs: &[Edge]) -> Nodes {
    let targets: Nodes = inputs.iter().map(|e| Arc::as_ptr(&e.node)).collect();
    let mut needed = Nodes::default();
    let mut seen: HashMap<*const Node, bool, ByAddress> = HashMap::default();
    // Depth first by hand: a node is needed if one of its inputs is, or is a target.
    let mut stack: Vec<(Arc<Node>, usize)> = vec![];
    for r in roots {
        if seen.insert(Arc::as_ptr(&r.node), false).is_none() {
            stack.push((r.node.clone(), 0));
        }
        while let Some((node, next)) = stack.last_mut() {
            if let Some(edge) = node.edges.get(*next) {
                *next += 1;
                if let Some(e) = edge
                    && !seen.contains_key(&Arc::as_ptr(&e.node))
                {
                    seen.insert(Arc::as_ptr(&e.node), false);
                    let child = e.node.clone();
                    stack.push((child, 0));
                }
                continue;
            }
            let p = Arc::as_ptr(node);
            let leads = node.edges.iter().flatten().any(|e| {
                let c = Arc::as_ptr(&e.node);
                targets.contains(&c) || needed.contains(&c)
            });
            if leads || (targets.contains(&p) && node.is_leaf()) {
                needed.insert(p);
            }
            stack.pop();
        }
    }
    needed
}

/// Anomaly mode's check of what a node returned.
fn without_nan(node: &Node, grads: Grads) -> Result<Grads> {
    if anomaly_checks_nan() {
        for (i, g) in grads.iter().enumerate() {
            if let Some(g) = g {
                let _inside = Inside::of(g.device());
                let nan = with_grad(false, || ops::any(&ops::isnan(g)?))?.item()?;
                ensure!(!nan.to_bool(), "Function '{}' returned nan values in its {i}th output.", node.name());
            }
        }
    }
    Ok(grads)
}

/// Puts what a hook returned, if anything, in the place of the gradients.
fn replace(grads: &mut [Option<Tensor>], new: Option<Vec<Option<Tensor>>>) {
    for (g, new) in grads.iter_mut().zip(new.into_iter().flatten()) {
        *g = new;
    }
}

/// The `i`th gradient that `node` returned, or that a root was given, in the shape and dtype of its tensor: undoes
/// broadcasting and casts.
fn fit(g: Tensor, edge: &Edge, node: &Node, i: usize) -> Result<Tensor> {
    let Meta { shape, dtype, device } = {
        let outputs = edge.node.outputs.lock();
        let meta = &outputs[edge.nr];
        if meta.dtype == g.dtype() && meta.shape[..] == *g.shape() && meta.device == g.device() {
            return Ok(g);
        }
        meta.clone()
    };
    let _inside = Inside::new(g.device(), node.op, Some(g.dtype()));
    let mut g = g;
    if g.shape() != &shape[..] {
        let fits = crate::layout::broadcast(g.shape(), &shape).is_ok_and(|s| s[..] == *g.shape());
        ensure!(
            fits,
            "Function {} returned an invalid gradient at index {i} - got {} but expected shape compatible with {}",
            node.name(),
            show(g.shape()),
            show(&shape)
        );
        g = ops::sum_to(&g, &shape)?;
    }
    if g.dtype() != dtype {
        if g.dtype().is_complex() && !dtype.is_complex() {
            g = ops::select(&ops::view_as_real(&g)?, -1, 0)?;
        }
        g = ops::cast(&g, dtype)?;
    }
    if g.device() != device {
        // As in PyTorch, a number may come from elsewhere.
        ensure!(
            g.rank() == 0,
            "{}invalid gradient at index {i} - expected device {device} but got {}",
            if std::ptr::eq(node, &*edge.node) {
                String::new()
            } else {
                format!("Function {} returned an ", node.name())
            },
            g.device()
        );
        g = ops::moved(&g, device)?;
    }
    Ok(g)
}

/// Adds to a leaf's `.grad`, and calls the hooks that wait for it.
fn accumulate(leaf: &Tensor, g: Tensor, create_graph: bool) -> Result<()> {
    let leaf = leaf.current();
    add_to_grad(&leaf, g, create_graph)?;
    let hooks = leaf.history().state().hooks.as_ref().map(|h| h.after.clone()).unwrap_or_default();
    for (_, hook) in hooks {
        hook.call(&leaf)?;
    }
    Ok(())
}

/// In place where no graph is made of it, as PyTorch does.
fn add_to_grad(leaf: &Tensor, g: Tensor, create_graph: bool) -> Result<()> {
    let _inside = Inside::of(g.device());
    // Threads that share the leaf add one after the other. No Python code runs inside.
    let _adding = leaf.history().adding.lock();
    let new = match leaf.grad() {
        None if create_graph => g,
        // A gradient that nobody else holds is kept as it is; a shared one is copied, lest it change under its holders.
        None if g.storage().holders() == 1 && g.layout().is_dense() => g.detach(),
        None => ops::clone(&g.detach(), None)?,
        Some(old) if create_graph => ops::add(&old, &g)?,
        Some(old) => {
            if old.dtype() == g.dtype()
                && old.shape() == g.shape()
                && old.layout().is_dense()
                && old.storage().writable()
                && !old.storage().same(g.storage())
            {
                ops::elementwise::apply_into(ops::add::ROW, &[(&old).into(), (&g).into()], &old)?;
            } else {
                let sum = with_grad(false, || ops::add(&old, &g))?;
                old.copy_data(&sum);
            }
            old.storage().bump();
            return Ok(());
        }
    };
    leaf.set_grad(Some(new));
    Ok(())
}

/// The seed of `backward()` on a tensor without an explicit gradient.
pub fn implicit_seed(root: &Tensor) -> Result<Tensor> {
    ensure!(root.numel() == 1, "grad can be implicitly created only for scalar outputs");
    ensure!(
        root.dtype().is_float(),
        "grad can be implicitly created only for real scalar outputs but got torch.{}",
        root.dtype().name()
    );
    let _inside = Inside::of(root.device());
    Tensor::full(root.shape(), Scalar::Int(1), root.dtype())
}

/// The edge of a root, or PyTorch's error.
pub fn root_edge(root: &Tensor, i: usize) -> Result<Edge> {
    match root.gradient_edge() {
        Some(e) => Ok(e),
        None => bail!("element {i} of tensors does not require grad and does not have a grad_fn"),
    }
}

/// `root.backward()`.
pub fn backward(root: &Tensor, create_graph: bool) -> Result<()> {
    let o = Options { keep_graph: create_graph, create_graph, accumulate: true, allow_unreachable: true };
    run(&[root_edge(root, 0)?], vec![implicit_seed(root)?], &[], o).map(drop)
}

/// Gradients of `root` with respect to `inputs`, leaving `.grad` alone.
pub fn grad(root: &Tensor, inputs: &[&Tensor], create_graph: bool) -> Result<Vec<Option<Tensor>>> {
    let mut edges = vec![];
    for t in inputs {
        match t.gradient_edge() {
            Some(e) => edges.push(e),
            None => bail!("One of the differentiated Tensors does not require grad"),
        }
    }
    let o = Options { keep_graph: create_graph, create_graph, accumulate: false, allow_unreachable: true };
    run(&[root_edge(root, 0)?], vec![implicit_seed(root)?], &edges, o)
}
