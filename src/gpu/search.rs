//! Places in sorted rows, distinct elements and counts in bins, on the device.
use super::kernel::{Call, Memory};
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// What a search gives for each value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Find {
    /// The number of edges below it, or with `right` not above it.
    Place { right: bool },
    /// Whether it is among the edges, or with `invert` not.
    Member { invert: bool },
}

/// Looks for `count` values of `x` in ascending rows of `n` edges, each shared by `per` values. `sorter` gives the order of
/// edges that are not in order themselves.
pub fn search(
    gpu: &'static Gpu,
    find: Find,
    ty: Type,
    [count, per, n]: [usize; 3],
    [edges, x, y]: [Memory; 3],
    sorter: Option<Memory>,
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("search"));
    let (right, member, invert) = match find {
        Find::Place { right } => (right, false, false),
        Find::Member { invert } => (false, true, invert),
    };
    call.constant("RIGHT", right).constant("MEMBER", member).constant("INVERT", invert);
    call.constant("SORTED", sorter.is_some()).constant("FLOAT", ty.is_float());
    let sorter = sorter.unwrap_or_else(|| edges.clone());
    call.read("edges", &edges, ty).read("sorter", &sorter, Type::I32).read("x", &x, ty);
    call.write("y", &y, if member { Type::Bool } else { Type::I32 });
    call.params([edges.offset, sorter.offset, x.offset, y.offset, count, per, n]).over(count)
}

/// Marks elements that differ from the one before.
pub fn edges(gpu: &'static Gpu, ty: Type, n: usize, [x, y]: [Memory; 2]) -> Result<()> {
    let mut call = Call::new(gpu, shader!("unique_edges"));
    call.read("x", &x, ty).write("y", &y, Type::I32).params([x.offset, y.offset, n]).over(n)
}

/// Of `n` elements in groups of equal neighbours, with the place each came from and the number of its group: the elements,
/// the group of each place, and the sizes of groups.
pub fn unique(
    gpu: &'static Gpu,
    ty: Type,
    n: usize,
    [x, before, number]: [Memory; 3],
    [y, inverse, counts]: [Memory; 3],
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("unique"));
    call.read("x", &x, ty).read("before", &before, Type::I32).read("number", &number, Type::I32);
    call.write("y", &y, ty).write("inverse", &inverse, Type::I32).write("counts", &counts, Type::I32);
    call.params([x, before, number].map(|m| m.offset)).params([y, inverse, counts].map(|m| m.offset));
    call.param(n as u32).over(n)
}

/// Adds 1, or weights, to the bins of `n` elements: equal ones of a range, or one for each integer. `y` is int32 or float32.
pub fn histogram(
    gpu: &'static Gpu,
    [n, bins]: [usize; 2],
    range: Option<(f64, f64)>,
    [x, y]: [Memory; 2],
    weight: Option<Memory>,
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("histogram"));
    call.constant("RANGE", range.is_some()).constant("WEIGHTED", weight.is_some());
    let weight = weight.unwrap_or_else(|| x.clone());
    let (low, high) = range.unwrap_or((0.0, 0.0));
    let adds = if y.dtype == DType::I32 { Type::I32 } else { Type::F32 };
    call.read("x", &x, if range.is_some() { Type::F32 } else { Type::I32 }).read("weight", &weight, Type::F32);
    call.operand("y", &y.slice, y.dtype, adds, Role::Add);
    call.params([x.offset, weight.offset, y.offset, n, bins]).float(low).float(high).over(n)
}
