//! Ops that order elements: sort, topk, unique, median and the like.
use crate::ops::*;

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
