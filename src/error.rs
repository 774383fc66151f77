//! The engine's error: a kind, which decides the Python exception, and a message.
use std::fmt;

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
