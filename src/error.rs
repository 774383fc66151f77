//! The engine's error: a kind, which decides the Python exception, and a message.
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Which Python exception an error becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Runtime,
    Type,
    Value,
    Index,
    NotImplemented,
    Memory,
    /// A matrix that is singular, or a decomposition that did not converge.
    LinAlg,
    /// A device failed.
    Device,
    /// An index that a kernel found out of range, told after the op that it was given to.
    DeviceIndex,
    /// An exception raised by Python code that the engine called; kept by the binding.
    Python,
}

#[derive(Clone)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// The original exception of `Kind::Python`, opaque below the binding.
    pub source: Option<std::sync::Arc<dyn std::any::Any + Send + Sync>>,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Error {}

thread_local! {
    static CATCHING: Cell<u32> = const { Cell::new(0) };
}

/// Fails in code that has no way to return an error: an operator such as `x * y`. Inside `catch` it becomes a value.
pub fn raise(op: &str, e: Error) -> ! {
    match CATCHING.get() {
        0 => panic!("{op}: {e:?}"),
        _ => resume_unwind(Box::new(e)), // without the words that a panic prints
    }
}
/// Runs `f`; what `raise` raised, or another panic, is an error of the outer kind.
pub fn catch<R>(f: impl FnOnce() -> R) -> std::result::Result<R, Box<dyn Any + Send>> {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            CATCHING.set(CATCHING.get() - 1);
        }
    }
    CATCHING.set(CATCHING.get() + 1);
    let _leave = Leave;
    catch_unwind(AssertUnwindSafe(f))
}
/// Runs `f`, which uses operators: what they raise is its error.
pub fn catch_raised<R>(f: impl FnOnce() -> Result<R>) -> Result<R> {
    match catch(f) {
        Ok(result) => result,
        Err(panic) => match panic.downcast::<Error>() {
            Ok(e) => Err(*e),
            Err(panic) => resume_unwind(panic),
        },
    }
}

/// Returns a RuntimeError, or the named kind: `bail!("...")`, `bail!(Index, "...")`.
#[macro_export]
macro_rules! bail {
    ($kind:ident, $($t:tt)+) => { return Err($crate::error::Error::new($crate::error::Kind::$kind, format!($($t)+))) };
    ($($t:tt)+) => { return Err($crate::error::Error::new($crate::error::Kind::Runtime, format!($($t)+))) };
}

/// As `bail!`, when a condition does not hold: `ensure!(cond, Value, "...")`.
#[macro_export]
macro_rules! ensure {
    ($cond:expr, $($t:tt)+) => { if !$cond { $crate::bail!($($t)+) } };
}
