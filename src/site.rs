//! Places in the user's program, remembered by nodes and by overwritten storages so that errors can name them.
use std::cell::Cell;
use std::sync::OnceLock;

/// A place in a program, as the binding encodes it; 0 where none is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Site(pub u64);

/// What the binding knows of the program.
pub struct Program {
    /// The place that runs now. Cheap: called for every node.
    pub here: fn() -> Site,
    /// File, line and text of a place.
    pub describe: fn(Site) -> Option<String>,
}
static PROGRAM: OnceLock<Program> = OnceLock::new();

thread_local! {
    /// What counts as here while this thread does not run the program itself.
    static FIXED: Cell<Option<Site>> = const { Cell::new(None) };
    /// The op in progress, if it writes to its operands.
    static WRITER: Cell<Option<&'static str>> = const { Cell::new(None) };
}

pub fn set_program(p: Program) {
    let _ = PROGRAM.set(p); // a second interpreter has the same functions
}
fn program() -> Option<&'static Program> {
    PROGRAM.get()
}

/// The place in the program that runs now.
pub fn here() -> Site {
    match FIXED.get() {
        Some(site) => site,
        None => program().map_or(Site(0), |p| (p.here)()),
    }
}
/// Runs `f`, on behalf of `site`.
pub fn on_behalf<R>(site: Site, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Site>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FIXED.set(self.0);
        }
    }
    let _restore = Restore(FIXED.replace(Some(site)));
    f()
}
/// Runs `f`, which is the program again although an op on behalf of another place is in progress: a hook.
pub fn in_program<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Site>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FIXED.set(self.0);
        }
    }
    let _restore = Restore(FIXED.take());
    f()
}

/// Names the op in progress, for `Write`, until the guard goes.
#[must_use]
#[inline]
pub fn writing(op: &'static str) -> Writing {
    Writing(WRITER.replace(Some(op)))
}
pub struct Writing(Option<&'static str>);
impl Drop for Writing {
    #[inline]
    fn drop(&mut self) {
        WRITER.set(self.0);
    }
}

/// One write to memory that a graph had saved.
#[derive(Debug, Clone)]
pub struct Write {
    pub op: Option<&'static str>,
    pub site: Site,
}
impl Write {
    pub fn now() -> Self {
        Self { op: WRITER.get(), site: here() }
    }
}

/// `\n  File "train.py", line 12, in step\n    y = x * w`, or nothing.
pub fn describe(site: Site) -> Option<String> {
    if site == Site(0) { None } else { (program()?.describe)(site) }
}
