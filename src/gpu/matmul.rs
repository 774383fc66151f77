//! Products of batches of strided matrices: by tiles, by vectors or one result per thread, as the sizes ask for.
use super::kernel::{Call, Memory};
use super::memory::scratch;
use super::pipeline::Role;
use super::pool::Slice;
use super::prelude::Type;
use super::queue::Gpu;
use super::walk::Walk;
use crate::dtype::DType;
use crate::error::Result;
use std::sync::Arc;

/// Rows and columns of the result, and the length of what is summed.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// What becomes of a product: `alpha a b + beta c`.
pub struct Sum<'a> {
    pub alpha: f64,
    pub beta: f64,
    pub c: Option<Memory<'a>>,
}

/// A matrix in memory, at every place of an outer and an inner batch.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    memory: &'a Memory<'a>,
    offset: usize,
    /// Steps of the outer batch, the inner batch, rows and columns.
    steps: [usize; 4],
}
impl Matrix<'_> {
    fn turned(self) -> Self {
        let [outer, inner, row, column] = self.steps;
        Self { steps: [outer, inner, column, row], ..self }
    }
}

/// Workgroups that keep a large device busy.
const ENOUGH: usize = 256;
/// The most steps of a sum that one workgroup takes.
const LONGEST: usize = 1 << 14;

/// `y = a b` on the last two dims, where all have the batch's dims before them (of stride 0 where they are broadcast).
pub fn product(
    gpu: &'static Gpu,
    s: Sizes,
    batch: &[usize],
    y: &Memory,
    a: &Memory,
    b: &Memory,
    sum: Option<&Sum>,
) -> Result<()> {
    let r = batch.len();
    let c = sum.and_then(|s| s.c.as_ref()).unwrap_or(y);
    let all = [y, a, b, c];
    let walk = Walk::new(batch, &all.map(|m| &m.strides[..r]));
    if s.m * s.n * walk.numel() == 0 {
        return Ok(());
    }
    // The last two dims of the batch are the kernel's, the others are walked here.
    let lead = walk.shape.len().saturating_sub(2);
    let mut sizes = [1; 2];
    sizes[2 - (walk.shape.len() - lead)..].copy_from_slice(&walk.shape[lead..]);
    for i in 0..walk.shape[..lead].iter().product::<usize>() {
        let matrices: [Matrix; 4] = std::array::from_fn(|k| {
            let (mut offset, mut rest) = (all[k].offset, i);
            for d in (0..lead).rev() {
                offset += rest % walk.shape[d] * walk.strides[k][d];
                rest /= walk.shape[d];
            }
            let mut steps = [0; 4];
            steps[2 - (walk.shape.len() - lead)..2].copy_from_slice(&walk.strides[k][lead..]);
            steps[2..].copy_from_slice(&all[k].strides[r..]);
            Matrix { memory: all[k], offset, steps }
        });
        let [y, a, b, c] = matrices;
        if s.m == 1 && s.n > 1 {
            let s = Sizes { m: s.n, n: 1, k: s.k };
            run(gpu, s, sizes, y.turned(), b.turned(), a.turned(), c.turned(), sum)?;
        } else {
            run(gpu, s, sizes, y, a, b, c, sum)?;
        }
    }
    Ok(())
}

/// How many parts a sum of `k` is split into, so that `units` workgroups become enough.
pub(super) fn parts_of(units: usize, k: usize) -> usize {
    let wanted = if units < ENOUGH { (2 * ENOUGH / units.max(1)).min(k / 256) } else { 1 };
    wanted.max(k.div_ceil(LONGEST)).max(1)
}

/// The type in which sums of a dtype's products are kept, and the dtype that holds it.
pub(super) fn sum_type(gpu: &Gpu, dtype: DType) -> Result<(Type, DType)> {
    let ty = Type::of(dtype.class(), dtype, &gpu.abilities)?;
    Ok((ty, if ty == Type::Bool { DType::I32 } else { ty.dtype() }))
}

#[allow(clippy::too_many_arguments)]
fn run(
    gpu: &'static Gpu,
    s: Sizes,
    batch: [usize; 2],
    y: Matrix,
    a: Matrix,
    b: Matrix,
    c: Matrix,
    sum: Option<&Sum>,
) -> Result<()> {
    let (ty, wide) = sum_type(gpu, y.memory.dtype)?;
    let count = batch[0] * batch[1];
    let tiles = |side: usize| s.m.div_ceil(side) * s.n.div_ceil(side) * count;
    let along = |step_k: usize, other: usize| step_k <= other;
    let (a_along, b_along) = (along(a.steps[3], a.steps[2]), along(b.steps[2], b.steps[3]));
    let mut call;
    let units;
    if s.n == 1 {
        let lanes = match s.k {
            _ if !a_along => 8,
            0..32 => s.k.next_power_of_two().max(1),
            32..1024 if s.m >= 2048 => 32,
            _ => 256,
        };
        units = s.m.div_ceil(256 / lanes) * count;
        call = Call::new(gpu, shader!("matmul_vector" guarded));
        call.constant("LANES", lanes as u32).constant("ALONG_K", a_along);
    } else if !ty.is_float() || s.m.min(s.n) <= 16 || s.m * s.n <= 48 * 48 {
        units = tiles(16);
        call = Call::new(gpu, shader!("matmul_plain" guarded));
    } else {
        // Large tiles of float64 are too much for a workgroup's memory.
        let large = ty == Type::F32 && s.m >= 128 && s.n >= 128 && tiles(128) >= ENOUGH / 2;
        let side = if large { 16 } else { 8 };
        units = tiles(8 * side);
        call = Call::new(gpu, shader!("matmul" guarded));
        call.constant("SIDE", side as u32).constant("A_ALONG_K", a_along).constant("B_ALONG_K", b_along);
    }
    let parts = parts_of(units, s.k);
    let part_k = s.k.div_ceil(parts).next_multiple_of(16).max(16);
    let parts = s.k.div_ceil(part_k).max(1);
    let epilogue: u32 = sum.map_or(0, |s| if s.c.is_some() { 2 } else { 1 });
    let rest = if parts > 1 { Some(scratch(gpu, count * parts * s.m * s.n * wide.size())?) } else { None };

    call.constant("EPILOGUE", epilogue);
    call.read("a", a.memory, ty).read("b", b.memory, ty).read("c", c.memory, ty);
    match &rest {
        Some(rest) => call.operand("y", rest, wide, ty, Role::Write),
        None => call.write("y", y.memory, ty),
    };
    let y_offset = if parts > 1 { 0 } else { y.offset };
    let with = |call: &mut Call, a_offset: usize, y_offset: usize| {
        call.params([s.m, s.n, s.k, count]);
        for m in [a, b, y, c] {
            call.vec4(&m.steps, 0);
        }
        call.params([a_offset, b.offset, y_offset, c.offset, batch[1], parts, part_k]);
        call.float(sum.map_or(1.0, |s| s.alpha)).float(sum.map_or(0.0, |s| s.beta));
    };
    with(&mut call, a.offset, y_offset);
    call.rows(units * parts)?;
    let Some(rest) = rest else { return Ok(()) };

    let mut call = Call::new(gpu, shader!("matmul_join" guarded));
    call.constant("EPILOGUE", epilogue);
    call.operand("x", &rest, wide, ty, Role::Read).read("c", c.memory, ty).write("y", y.memory, ty);
    with(&mut call, 0, y.offset);
    call.over(count * s.m * s.n)
}

/// Adds up `x`, the memory (batch, parts, rows, columns) of a split sum, into contiguous `y`, and adds a number to each row.
pub(super) fn join(
    gpu: &'static Gpu,
    [batch, parts, rows, columns]: [usize; 4],
    x: &Arc<Slice>,
    bias: Option<&Memory>,
    y: &Memory,
) -> Result<()> {
    let (ty, wide) = sum_type(gpu, y.dtype)?;
    let mut call = Call::new(gpu, shader!("matmul_join" guarded));
    call.constant("EPILOGUE", if bias.is_some() { 2u32 } else { 0 });
    call.operand("x", x, wide, ty, Role::Read).read("c", bias.unwrap_or(y), ty).write("y", y, ty);
    call.params([rows, columns, 0, batch]).vec4(&[], 0).vec4(&[], 0);
    call.vec4(&[0, rows * columns, columns, 1], 0).vec4(&[0, 0, 1, 0], 0);
    call.params([0, 0, y.offset, bias.map_or(0, |b| b.offset), batch, parts, 0]).float(1.0).float(1.0);
    call.over(batch * rows * columns)
}
