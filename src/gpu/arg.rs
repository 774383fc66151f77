//! Largest and smallest elements with their places, on the device.
use super::kernel::{Call, Memory};
use super::plan::{Plan, plan, spare};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// The best element of each result, over the dims of `x` named by the bits of `reduced`, and its place among them in order.
/// `y` and `place` are contiguous.
pub fn best(
    gpu: &'static Gpu,
    largest: bool,
    ty: Type,
    shape: &[usize],
    reduced: u64,
    x: Memory,
    [y, place]: [Memory; 2],
) -> Result<()> {
    let (plan, x) = plan(gpu, shape, reduced, x, true)?;
    if plan.outputs == 0 {
        return Ok(());
    }
    if plan.parts == 1 {
        return once(gpu, largest, ty, &plan, &x, None, &y, &place);
    }
    let n = plan.parts * plan.outputs;
    let (some, places) = (spare(gpu, n, ty.dtype())?, spare(gpu, n, DType::I32)?);
    once(gpu, largest, ty, &plan, &x, None, &some, &places)?;
    let join = Plan::of_parts(plan.parts, plan.outputs);
    once(gpu, largest, ty, &join, &some, Some(&places), &y, &place)
}

fn once(
    gpu: &'static Gpu,
    largest: bool,
    ty: Type,
    plan: &Plan,
    x: &Memory,
    before: Option<&Memory>,
    y: &Memory,
    place: &Memory,
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("arg" with "lanes" guarded));
    plan.begin(&mut call);
    call.constant("LARGEST", largest).constant("FLOAT", ty.is_float()).constant("AGAIN", before.is_some());
    // Without places the operand is not read.
    let before = before.unwrap_or(x);
    call.read_lines("x", x, ty, plan.even()).read("before", before, Type::I32);
    call.write("y", y, ty).write("place", place, Type::I32);
    call.params([x.offset, before.offset, y.offset, place.offset, plan.outputs, plan.n, plan.parts, plan.chunk]);
    plan.run(&mut call)
}
