//! Means and spreads over any dims, on the device.
use super::kernel::{Call, Memory};
use super::plan::{Plan, plan, spare};
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// How the sum of squared deviations is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// As it is.
    Squares,
    /// Divided by a number.
    Variance(f64),
    /// The root of that.
    Deviation(f64),
    /// 1 / sqrt(variance + epsilon).
    Reciprocal(f64),
}
impl Spread {
    fn constant(self) -> (u32, f64) {
        match self {
            Spread::Squares => (0, 0.0),
            Spread::Variance(n) => (1, n),
            Spread::Deviation(n) => (2, n),
            Spread::Reciprocal(eps) => (3, eps),
        }
    }
}

/// Mean and spread over the dims of `x` named by the bits of `reduced`; both results are contiguous.
pub fn moments(
    gpu: &'static Gpu,
    shape: &[usize],
    reduced: u64,
    x: Memory,
    [mean, spread]: [Memory; 2],
    kind: Spread,
) -> Result<()> {
    let (plan, x) = plan(gpu, shape, reduced, x, false)?;
    if plan.outputs == 0 {
        return Ok(());
    }
    if plan.parts == 1 {
        return once(gpu, &plan, &x, None, [&mean, &spread], kind, [1, 1]);
    }
    let (n, dtype) = (plan.parts * plan.outputs, x.dtype.class().dtype());
    let (means, squares) = (spare(gpu, n, dtype)?, spare(gpu, n, dtype)?);
    once(gpu, &plan, &x, None, [&means, &squares], Spread::Squares, [1, 1])?;
    let join = Plan::of_parts(plan.parts, plan.outputs);
    once(gpu, &join, &means, Some(&squares), [&mean, &spread], kind, [plan.chunk, plan.n])
}

fn once(
    gpu: &'static Gpu,
    plan: &Plan,
    x: &Memory,
    m2: Option<&Memory>,
    [mean, spread]: [&Memory; 2],
    kind: Spread,
    sizes: [usize; 2],
) -> Result<()> {
    let (which, number) = kind.constant();
    let mut call = Call::new(gpu, shader!("moments" with "lanes", "moments_join" guarded));
    plan.begin(&mut call);
    call.constant("SPREAD", which).constant("AGAIN", m2.is_some());
    // Without squares the operand is not read.
    let m2 = m2.unwrap_or(x);
    call.read_lines("x", x, Type::F32, plan.even()).read("m2", m2, Type::F32);
    call.write("mean", mean, Type::F32).write("spread", spread, Type::F32);
    call.params([x.offset, m2.offset, mean.offset, spread.offset, plan.outputs, plan.n, plan.parts, plan.chunk]);
    call.params(sizes).float(number);
    plan.run(&mut call)
}
