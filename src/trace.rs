//! What ran when, while a profile is taken: ops, nodes of backward and named parts of the program.
use parking_lot::Mutex;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Op,
    Backward,
    /// Named by the program.
    Part,
    /// A kernel on a GPU, by the device's clock.
    Kernel,
}

/// From when to when something ran, in nanoseconds since the process first asked.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: Cow<'static, str>,
    pub of: Of,
    pub thread: u32,
    pub start: u64,
    pub end: u64,
    /// Shapes of an op's tensors, where they are asked for; the file of a kernel.
    pub detail: String,
    /// Of a kernel: which thread recorded it, and when.
    pub recorded: Option<(u32, u64)>,
}

static ON: AtomicBool = AtomicBool::new(false);
static SHAPES: AtomicBool = AtomicBool::new(false);
static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

/// Whether a profile is taken.
#[inline]
pub fn on() -> bool {
    ON.load(Ordering::Relaxed)
}
/// Whether it is to have the shapes of tensors.
pub fn with_shapes() -> bool {
    SHAPES.load(Ordering::Relaxed)
}
pub fn start(shapes: bool) {
    EVENTS.lock().clear();
    SHAPES.store(shapes, Ordering::Relaxed);
    ON.store(true, Ordering::Relaxed);
}
/// Ends the profile; everything that ended while it was taken, in order of the ends.
pub fn stop() -> Vec<Event> {
    ON.store(false, Ordering::Relaxed);
    std::mem::take(&mut *EVENTS.lock())
}
pub fn push(event: Event) {
    EVENTS.lock().push(event);
}

/// Nanoseconds since the process first asked.
pub fn now() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// A small number for this thread.
pub fn thread() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    thread_local! {
        static OWN: Cell<u32> = const { Cell::new(0) };
    }
    if OWN.get() == 0 {
        OWN.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    OWN.get()
}

/// Runs until it is dropped.
pub struct Span {
    name: Cow<'static, str>,
    of: Of,
    start: u64,
    detail: String,
}
impl Span {
    /// `None` while no profile is taken: the name is not asked for.
    #[inline]
    pub fn begin(of: Of, name: impl FnOnce() -> (Cow<'static, str>, String)) -> Option<Self> {
        if !on() {
            return None;
        }
        let (name, detail) = name();
        Some(Self { name, of, start: now(), detail })
    }
}
impl Drop for Span {
    fn drop(&mut self) {
        if on() {
            let (name, detail) = (std::mem::take(&mut self.name), std::mem::take(&mut self.detail));
            let (thread, end) = (thread(), now());
            push(Event { name, of: self.of, thread, start: self.start, end, detail, recorded: None });
        }
    }
}
