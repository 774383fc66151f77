//! Ops that pick or write elements by index or mask.
use crate::ops::*;

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
