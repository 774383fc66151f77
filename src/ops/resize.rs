//! Padding and resampling of grids.
use crate::ops::*;

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
