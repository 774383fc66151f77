//! Distances between all pairs of rows and their gradients, on the device.
use super::kernel::{Call, Memory};
use super::plan::Threads;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// The constant NORM of the shaders, and the order that the last of them takes.
fn norm(order: f64) -> (u32, f64) {
    match order {
        0.0 => (0, 0.0),
        1.0 => (1, 1.0),
        2.0 => (2, 2.0),
        p if p.is_infinite() => (3, 0.0),
        p => (4, p),
    }
}

/// The distance by the norm of an order of each of `rows` rows to each of `others`, `pairs` in all instances; rows have `n`
/// elements.
pub fn forward(
    gpu: &'static Gpu,
    order: f64,
    [pairs, rows, others, n]: [usize; 4],
    [a, b, y]: [Memory; 3],
) -> Result<()> {
    let (which, order) = norm(order);
    let threads = Threads::whole(pairs, n, false);
    let mut call = Call::new(gpu, shader!("distance" with "lanes", "powers"));
    threads.constants(&mut call);
    let even = n.is_multiple_of(4);
    call.constant("NORM", which).read_lines("a", &a, Type::F32, even).read_lines("b", &b, Type::F32, even);
    call.write("y", &y, Type::F32).params([a.offset, b.offset, y.offset, pairs, rows, others, n]).float(order);
    threads.run(&mut call, pairs)
}

/// The gradient of the rows `a`, which are the second of each pair where `across`.
pub fn backward(
    gpu: &'static Gpu,
    order: f64,
    across: bool,
    [size, rows, others, n]: [usize; 4],
    [a, b, g, y, ga]: [Memory; 5],
) -> Result<()> {
    let (which, order) = norm(order);
    let mut call = Call::new(gpu, shader!("distance_backward"));
    call.constant("NORM", which).constant("ACROSS", across);
    call.read("a", &a, Type::F32).read("b", &b, Type::F32).read("g", &g, Type::F32).read("y", &y, Type::F32);
    call.write("ga", &ga, Type::F32);
    call.params([a, b, g, y, ga].map(|m| m.offset)).params([size, rows, others, n]).float(order).over(size)
}
