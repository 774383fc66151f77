//! Ops that draw random numbers.
use crate::ops::*;

/// The generator that every random op uses unless it is given another.
pub fn default_generator() -> SharedGenerator {
    static DEFAULT: std::sync::OnceLock<SharedGenerator> = std::sync::OnceLock::new();
    DEFAULT.get_or_init(Default::default).clone()
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
