//! Scaled dot-product attention by blocks of queries and keys, forward and backward: no matrix of scores is in memory.
use super::kernel::{Call, Memory, Shader};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// Heads of `queries` x `width` against `keys` x `width` and `keys` x `values`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub batch: usize,
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    pub width: usize,
    pub values: usize,
    pub scale: f64,
    /// Query i sees keys up to i only.
    pub causal: bool,
}

/// The operands of all three kernels, (batch, heads, rows, columns) with columns side by side; the mask is broadcast.
pub struct Operands<'a> {
    pub q: Memory<'a>,
    pub k: Memory<'a>,
    pub v: Memory<'a>,
    pub mask: Option<Memory<'a>>,
}

/// What backward has besides: the gradient of the result (strided as the operands), the logarithms of the sums, and the sums
/// of the result times its gradient over each row, both contiguous float32 (batch, heads, queries).
pub struct Gradient<'a> {
    pub gy: Memory<'a>,
    pub logs: Memory<'a>,
    pub delta: Memory<'a>,
}

fn call(
    gpu: &'static Gpu,
    shader: &'static Shader,
    s: &Sizes,
    o: &Operands,
    gradient: Option<&Gradient>,
    wide: u32,
) -> Call {
    let mut call = Call::new(gpu, shader);
    let kind: u32 = o.mask.as_ref().map_or(0, |m| if m.dtype == DType::Bool { 1 } else { 2 });
    call.constant("WIDE", wide).constant("CAUSAL", s.causal).constant("MASK", kind);
    let mask = o.mask.as_ref().unwrap_or(&o.q);
    call.read("q", &o.q, Type::F32).read("k", &o.k, Type::F32).read("v", &o.v, Type::F32);
    call.read("mask", mask, if kind == 1 { Type::Bool } else { Type::F32 });
    if let Some(g) = gradient {
        call.read("gy", &g.gy, Type::F32).read("logs", &g.logs, Type::F32).read("delta", &g.delta, Type::F32);
    }
    call.params([s.batch, s.heads, s.queries, s.keys, s.width, s.values]).float(s.scale);
    call.params([o.mask.as_ref().map_or(0, |m| m.offset)]);
    for m in [&o.q, &o.k, &o.v, gradient.map_or(&o.v, |g| &g.gy)] {
        call.vec4(&[m.strides[0], m.strides[1], m.strides[2], m.offset], 0);
    }
    call.vec4(o.mask.as_ref().map_or(&[], |m| m.strides), 0);
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
fn units(s: &Sizes, rows: usize, columns: usize, wide: u32) -> usize {
    s.batch * s.heads * rows.div_ceil(64) * columns.div_ceil(32 * wide as usize)
}

/// The result `y` (batch, queries, heads, values) and the logarithms of the sums of exponentials (batch, heads, queries), both
/// new memory.
pub fn forward(gpu: &'static Gpu, s: &Sizes, o: &Operands, y: &Memory, logs: &Memory) -> Result<()> {
    let wide = wide(s.values);
    let mut call = call(gpu, shader!("attention" with "attention_tiles" guarded), s, o, None, wide);
    call.write("y", y, Type::F32).write("logs", logs, Type::F32);
    call.rows(units(s, s.queries, s.values, wide))
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
    let slice = wide(s.width);
    let mut c = call(gpu, shader!("attention_query_grad" with "attention_tiles" guarded), s, o, Some(g), slice);
    c.write("gq", gq, Type::F32);
    c.rows(units(s, s.queries, s.width, slice))?;
    let columns = s.width.max(s.values);
    let slice = wide(columns);
    let mut c = call(gpu, shader!("attention_key_grad" with "attention_tiles" guarded), s, o, Some(g), slice);
    c.write("gk", gk, Type::F32).write("gv", gv, Type::F32);
    c.rows(units(s, s.keys, columns, slice))
}
