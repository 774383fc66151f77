//! Ops that draw random numbers.
use crate::ops::*;

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
