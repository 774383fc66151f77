//! Whether to record at all: `no_grad` and `inference_mode`, both per thread.
use std::cell::Cell;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    pub grad: bool,
    pub inference: bool,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode { grad: true, inference: false }) };
}

#[inline]
pub fn mode() -> Mode {
    MODE.get()
}
pub fn set_mode(m: Mode) {
    MODE.set(m);
}
/// Whether ops are recorded: never in inference mode, even where gradients are switched on inside.
#[inline]
pub fn grad_enabled() -> bool {
    let m = MODE.get();
    m.grad && !m.inference
}
#[inline]
pub fn inference() -> bool {
    MODE.get().inference
}

/// Runs `f` with recording on or off, and puts the mode back even when `f` panics.
pub fn with_grad<R>(on: bool, f: impl FnOnce() -> R) -> R {
    struct Restore(Mode);
    impl Drop for Restore {
        fn drop(&mut self) {
            set_mode(self.0);
        }
    }
    let restore = Restore(mode());
    set_mode(Mode { grad: on, ..restore.0 });
    f()
}
