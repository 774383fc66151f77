//! Scaled dot-product attention by blocks of queries and keys, forward and backward: no matrix of scores is in memory.
//!
//! What a workgroup goes over - the keys, or for their gradients the queries - is split into parts where it is long, or
//! where there are too few workgroups to keep a device busy; the results of parts are then joined.
use super::kernel::{Call, Memory, Shader};
use super::plan::{Plan, spare};
use super::prelude::Type;
use super::queue::Gpu;
use super::reduce::{Kind, join_parts};
use crate::dtype::DType;
use crate::error::Result;

/// Heads of `queries` x `width` against `keys` x `width` and `keys` x `values`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub batch: usize,
    pub heads: usize,
    /// Heads of queries that share a head of keys and values.
    pub group: usize,
    pub queries: usize,
    pub keys: usize,
    pub width: usize,
    pub values: usize,
    pub scale: f64,
    /// Query i sees keys up to i only.
    pub causal: bool,
    /// What the weights that dropout keeps are multiplied by.
    pub kept: f64,
}

/// The operands of all kernels, (batch, heads, rows, columns) with columns side by side; the mask is broadcast. `bits` has
/// one for each weight that dropout keeps, in whole words for each query: (batch, heads, queries, words), contiguous.
pub struct Operands<'a> {
    pub q: Memory<'a>,
    pub k: Memory<'a>,
    pub v: Memory<'a>,
    pub mask: Option<Memory<'a>>,
    pub bits: Option<Memory<'a>>,
}

/// What backward has besides: the gradient of the result (strided as the operands), the logarithms of the sums, and the sums
/// of the result times its gradient over each row, both contiguous float32 (batch, heads, queries).
pub struct Gradient<'a> {
    pub gy: Memory<'a>,
    pub logs: Memory<'a>,
    pub delta: Memory<'a>,
}

/// The gradient of a mask, and which of batch, heads, queries and keys it is summed over.
pub struct MaskGradient<'a> {
    pub over: [bool; 4],
    pub to: Memory<'a>,
}

/// Rows and columns of a tile of scores.
pub const ROWS: usize = 64;
pub const COLUMNS: usize = 32;
/// Workgroups that keep a large device busy, and the fewest blocks that are worth one.
const ENOUGH: usize = 256;
const WORTH: usize = 8;
/// The most rounds of loops that a thread makes: llvmpipe ends them at 65,535.
const ROUNDS: usize = 60_000;

/// How the blocks that a workgroup goes over are split.
#[derive(Clone, Copy)]
struct Parts {
    count: usize,
    /// Blocks in a part.
    each: usize,
}
impl Parts {
    /// Of so many blocks for each of `units` workgroups, with columns to multiply and to make for each block.
    fn new(units: usize, blocks: usize, multiplied: usize) -> Self {
        // Of products 17 rounds for 16 columns, and fewer than 64 for the rest.
        let longest = ROUNDS / (17 * (multiplied.div_ceil(16) + 1) + 64);
        let wanted = if units < ENOUGH { (2 * ENOUGH / units.max(1)).min(blocks / WORTH) } else { 1 };
        let count = wanted.max(blocks.div_ceil(longest.max(1))).max(1);
        let each = blocks.div_ceil(count).max(1);
        Self { count: blocks.div_ceil(each).max(1), each }
    }
    /// Where the kernel writes: `to`, or memory for the results of parts, `n` elements each.
    fn output<'a>(&self, gpu: &'static Gpu, to: &Memory<'a>, n: usize) -> Result<Memory<'a>> {
        if self.count == 1 { Ok(to.clone()) } else { spare(gpu, self.count * n, DType::F32) }
    }
    /// Sums what is in such memory.
    fn sum(&self, gpu: &'static Gpu, parts: &Memory, to: &Memory, n: usize) -> Result<()> {
        if self.count == 1 {
            return Ok(());
        }
        join_parts(gpu, Kind::Sum, &Plan::of_parts(self.count, n), parts, to)
    }
    fn run(&self, call: &mut Call, units: usize) -> Result<()> {
        let most = call.gpu().abilities.max_groups as usize;
        call.grid([units.min(most) as u32, self.count as u32, 1])
    }
}

fn call(
    gpu: &'static Gpu,
    shader: &'static Shader,
    s: &Sizes,
    o: &Operands,
    gradient: Option<&Gradient>,
    wide: u32,
    parts: Parts,
) -> Call {
    let mut call = Call::new(gpu, shader);
    let kind: u32 = o.mask.as_ref().map_or(0, |m| if m.dtype == DType::Bool { 1 } else { 2 });
    call.constant("WIDE", wide).constant("CAUSAL", s.causal).constant("MASK", kind);
    call.constant("DROPOUT", o.bits.is_some());
    let mask = o.mask.as_ref().unwrap_or(&o.q);
    call.read("q", &o.q, Type::F32).read("k", &o.k, Type::F32).read("v", &o.v, Type::F32);
    call.read("mask", mask, if kind == 1 { Type::Bool } else { Type::F32 });
    match &o.bits {
        Some(bits) => call.read("bits", bits, Type::I32),
        None => call.read("bits", &o.q, Type::F32),
    };
    if let Some(g) = gradient {
        call.read("gy", &g.gy, Type::F32).read("logs", &g.logs, Type::F32).read("delta", &g.delta, Type::F32);
    }
    call.params([s.batch, s.heads, s.queries, s.keys, s.width, s.values]).float(s.scale);
    call.params([o.mask.as_ref().map_or(0, |m| m.offset)]);
    for m in [&o.q, &o.k, &o.v, gradient.map_or(&o.v, |g| &g.gy)] {
        call.vec4(&[m.strides[0], m.strides[1], m.strides[2], m.offset], 0);
    }
    call.vec4(o.mask.as_ref().map_or(&[], |m| m.strides), 0);
    call.params([s.group, parts.each]).float(s.kept);
    call
}

/// Vectors of 32 columns in a slice of the result, for results of `columns`.
fn wide(columns: usize) -> u32 {
    match columns {
        0..=32 => 1,
        33..=64 => 2,
        _ => 4,
    }
}
fn units(heads: usize, rows: usize, columns: usize, wide: u32) -> usize {
    heads * rows.div_ceil(ROWS) * columns.div_ceil(COLUMNS * wide as usize)
}

/// The result `y` (batch, queries, heads, values) and the logarithms of the sums of exponentials (batch, heads, queries), both
/// new memory.
pub fn forward(gpu: &'static Gpu, s: &Sizes, o: &Operands, y: &Memory, logs: &Memory) -> Result<()> {
    let wide = wide(s.values);
    let units = units(s.batch * s.heads, s.queries, s.values, wide);
    let parts = Parts::new(units, s.keys.div_ceil(COLUMNS), s.width);
    let rows = s.batch * s.heads * s.queries;
    // Of parts there are maxima and sums in the place of logarithms.
    let (y_parts, logs_parts) = (parts.output(gpu, y, rows * s.values)?, parts.output(gpu, logs, 2 * rows)?);
    let mut c = call(gpu, shader!("attention" with "attention_tiles" guarded), s, o, None, wide, parts);
    c.write("y", &y_parts, Type::F32).write("logs", &logs_parts, Type::F32);
    parts.run(&mut c, units)?;
    if parts.count == 1 {
        return Ok(());
    }
    let mut join = Call::new(gpu, shader!("attention_join" guarded));
    join.read("y_parts", &y_parts, Type::F32).read("logs_parts", &logs_parts, Type::F32);
    join.write("y", y, Type::F32).write("logs", logs, Type::F32);
    join.params([parts.count, s.batch, s.queries, s.heads, s.values]).over(rows * s.values)
}

/// The gradients of queries, keys and values, each new memory (batch, rows, heads, columns).
pub fn backward(
    gpu: &'static Gpu,
    s: &Sizes,
    o: &Operands,
    g: &Gradient,
    gq: &Memory,
    gk: &Memory,
    gv: &Memory,
) -> Result<()> {
    let both = s.width + s.values;
    let slice = wide(s.width);
    let rows = units(s.batch * s.heads, s.queries, s.width, slice);
    let parts = Parts::new(rows, s.keys.div_ceil(COLUMNS), both);
    let n = s.batch * s.heads * s.queries * s.width;
    let sums = parts.output(gpu, gq, n)?;
    let shader = shader!("attention_query_grad" with "attention_tiles", "attention_gradients" guarded);
    let mut c = call(gpu, shader, s, o, Some(g), slice, parts);
    c.write("gq", &sums, Type::F32);
    parts.run(&mut c, rows)?;
    parts.sum(gpu, &sums, gq, n)?;

    let columns = s.width.max(s.values);
    let slice = wide(columns);
    let heads = s.batch * s.heads / s.group;
    let rows = units(heads, s.keys, columns, slice);
    let parts = Parts::new(rows, s.group * s.queries.div_ceil(COLUMNS), both);
    let (of_keys, of_values) = (heads * s.keys * s.width, heads * s.keys * s.values);
    let sums = [parts.output(gpu, gk, of_keys)?, parts.output(gpu, gv, of_values)?];
    let shader = shader!("attention_key_grad" with "attention_tiles", "attention_gradients" guarded);
    let mut c = call(gpu, shader, s, o, Some(g), slice, parts);
    c.write("gk", &sums[0], Type::F32).write("gv", &sums[1], Type::F32);
    parts.run(&mut c, rows)?;
    parts.sum(gpu, &sums[0], gk, of_keys)?;
    parts.sum(gpu, &sums[1], gv, of_values)
}

/// The sizes of a mask's gradient as `mask_gradient` makes it: 64 along queries and 32 along keys that it is summed over.
pub fn mask_gradient_shape(s: &Sizes, over: [bool; 4]) -> [usize; 4] {
    let (all, summed) = ([s.batch, s.heads, s.queries, s.keys], [1, 1, ROWS, COLUMNS]);
    std::array::from_fn(|d| if over[d] { summed[d] } else { all[d] })
}

/// The gradient of the mask, contiguous new memory of float32.
pub fn mask_gradient(gpu: &'static Gpu, s: &Sizes, o: &Operands, g: &Gradient, gm: &MaskGradient) -> Result<()> {
    let all = [s.batch, s.heads, s.queries.div_ceil(ROWS), s.keys.div_ceil(COLUMNS)];
    let count = |summed: bool| all.iter().zip(gm.over).filter(|(_, o)| *o == summed).map(|(n, _)| n).product();
    let units = count(false);
    let parts = Parts::new(units, count(true), s.width + s.values);
    let n = mask_gradient_shape(s, gm.over).iter().product();
    let sums = parts.output(gpu, &gm.to, n)?;
    let shader = shader!("attention_mask_grad" with "attention_tiles", "attention_gradients" guarded);
    let mut c = call(gpu, shader, s, o, Some(g), 1, parts);
    for (name, over) in ["OVER_BATCH", "OVER_HEADS", "OVER_QUERIES", "OVER_KEYS"].iter().zip(gm.over) {
        c.constant(name, over);
    }
    c.write("gm", &sums, Type::F32);
    parts.run(&mut c, units)?;
    parts.sum(gpu, &sums, &gm.to, n)
}
