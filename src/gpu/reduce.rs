//! Reductions on the device: sums, products, extremes, norms, truth, logarithms of sums of exponentials.
use super::kernel::{Call, Memory};
use super::plan::{Plan, plan, spare};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// What a reduction makes of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sum,
    /// Where nan counts as 0.
    Nansum,
    Prod,
    Max,
    Min,
    Any,
    All,
    /// How many are not zero.
    Count,
    Norm1,
    Norm2,
    LogSumExp,
}

impl Kind {
    /// The shader, and its constants FOLD, BEFORE and AFTER (or RESULT).
    fn constants(self, mean: bool) -> [u32; 3] {
        let divided = u32::from(mean);
        match self {
            Kind::Sum => [0, 0, divided],
            Kind::Nansum => [0, 3, divided],
            Kind::Prod => [1, 0, 0],
            Kind::Max => [2, 0, 0],
            Kind::Min => [3, 0, 0],
            Kind::Norm1 => [0, 1, 0],
            Kind::Norm2 => [0, 2, 2],
            Kind::Any => [0, 0, 0],
            Kind::All => [1, 0, 0],
            Kind::Count => [2, 0, 0],
            Kind::LogSumExp => [0, 0, 0],
        }
    }
    fn of_truth(self) -> bool {
        matches!(self, Kind::Any | Kind::All | Kind::Count)
    }
}

/// Reduces the dims of `x` named by the bits of `reduced` into `y`, which is contiguous; `ty` is what it computes in. A mean is
/// a sum with a divisor other than 1.
pub fn reduce(
    gpu: &'static Gpu,
    kind: Kind,
    ty: Type,
    shape: &[usize],
    reduced: u64,
    [x, y]: [Memory; 2],
    divisor: f64,
) -> Result<()> {
    let (plan, x) = plan(gpu, shape, reduced, x, false)?;
    if plan.outputs == 0 {
        return Ok(());
    }
    let constants = kind.constants(divisor != 1.0);
    let [fold, before, after] = constants;
    let number = divisor;
    if plan.parts == 1 {
        return once(gpu, kind, ty, &plan, constants, &x, &y, number);
    }
    let part = match kind {
        Kind::Any | Kind::All => DType::Bool,
        Kind::Count => DType::I32,
        _ => ty.dtype(),
    };
    let parts = spare(gpu, plan.parts * plan.outputs, part)?;
    let join = Plan::of_parts(plan.parts, plan.outputs);
    match kind {
        Kind::Count => {
            once(gpu, kind, ty, &plan, constants, &x, &parts, 1.0)?;
            let ty = if y.dtype.is_float() { Type::F32 } else { Type::I32 };
            once(gpu, Kind::Sum, ty, &join, [0; 3], &parts, &y, 1.0)
        }
        _ => {
            once(gpu, kind, ty, &plan, [fold, before, 0], &x, &parts, number)?;
            once(gpu, kind, ty, &join, [fold, 0, after], &parts, &y, number)
        }
    }
}

/// Folds the parts of results, which stand one part after the other, of float32.
pub fn join_parts(gpu: &'static Gpu, kind: Kind, join: &Plan, parts: &Memory, y: &Memory) -> Result<()> {
    once(gpu, kind, Type::F32, join, kind.constants(false), parts, y, 1.0)
}

fn once(
    gpu: &'static Gpu,
    kind: Kind,
    ty: Type,
    plan: &Plan,
    [fold, before, after]: [u32; 3],
    x: &Memory,
    y: &Memory,
    number: f64,
) -> Result<()> {
    let shader = match kind {
        k if k.of_truth() => shader!("truth" with "lanes" guarded),
        Kind::LogSumExp => shader!("logsumexp" with "lanes" guarded),
        _ => shader!("reduce" with "lanes" guarded),
    };
    let mut call = Call::new(gpu, shader);
    plan.begin(&mut call);
    let even = plan.even();
    match kind {
        Kind::LogSumExp => call.read_lines("x", x, Type::F32, even).write("y", y, Type::F32),
        k if k.of_truth() => {
            let out = match y.dtype {
                DType::Bool | DType::U8 => Type::Bool,
                d if d.is_float() => Type::F32,
                _ => Type::I32,
            };
            call.constant("RESULT", fold).read_lines("x", x, Type::Bool, even).write("y", y, out)
        }
        _ => {
            call.constant("FOLD", fold).constant("BEFORE", before).constant("AFTER", after);
            call.constant("FLOAT", ty.is_float()).read_lines("x", x, ty, even).write("y", y, ty)
        }
    };
    call.params([x.offset, y.offset, plan.outputs, plan.n, plan.parts, plan.chunk]);
    if shader.name == "reduce" {
        call.float(number);
    }
    plan.run(&mut call)
}
