//! Convolutions and their transposes.
use crate::ops::*;

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
