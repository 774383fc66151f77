//! Tables on the GPU: rows scaled to a largest norm, and rows joined by bags.
use super::index::index_type;
use super::kernel::{Call, GROUP, Memory};
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Scales the rows of `x` (rows, columns) that are `named` (a bool each) to a norm of at most `max_norm`.
pub fn renorm(
    gpu: &'static Gpu,
    [rows, columns]: [usize; 2],
    x: &Memory,
    named: &Memory,
    max_norm: f64,
    order: f64,
) -> Result<()> {
    let norm = if order == f64::INFINITY {
        0u32
    } else if order == 1.0 {
        1
    } else if order == 2.0 {
        2
    } else {
        3
    };
    let mut call = Call::new(gpu, shader!("embedding_renorm" with "powers"));
    call.write("x", x, Type::F32).read("named", named, Type::Bool).constant("NORM", norm);
    call.params([rows, columns, x.strides[0], x.strides[1], x.offset, named.offset]);
    call.float(max_norm).float(order).rows(rows)
}

/// Rows of a bag that one thread may join: llvmpipe ends its loops at twice as many.
const LONGEST: usize = 1 << 15;

/// What `bags` reads: a table, the rows named, where bags begin in them, and perhaps a factor for each.
pub struct Bags<'a> {
    pub weight: &'a Memory<'a>,
    pub index: &'a Memory<'a>,
    pub start: &'a Memory<'a>,
    pub sample: Option<&'a Memory<'a>>,
    pub rows: usize,
    pub columns: usize,
    /// How many rows are named, how many bags there are, and how many of them say where they begin.
    pub n: usize,
    pub bags: usize,
    pub starts: usize,
    pub padding: Option<i64>,
    /// Sums, means or maxima.
    pub mode: u32,
}

/// What comes of it: the joined rows, the bag of each index, the size of each bag, and for maxima the rows they are from.
/// All are new and contiguous.
pub fn bags(gpu: &'static Gpu, b: &Bags, y: &Memory, of: &Memory, size: &Memory, largest: &Memory) -> Result<()> {
    let ints = index_type(gpu, crate::dtype::DType::I64);
    let mut call = Call::new(gpu, shader!("embedding_bag" with "lanes"));
    // Nobody knows how long a bag is; it has at most all that is named.
    let lanes = b.n.div_ceil(LONGEST).next_power_of_two().min(GROUP as usize);
    call.constant("LANES", lanes as u32).constant("COLUMNS", true);
    call.read("weight", b.weight, Type::F32).read("index", b.index, index_type(gpu, b.index.dtype));
    call.read("start", b.start, index_type(gpu, b.start.dtype)).read("sample", b.sample.unwrap_or(b.weight), Type::F32);
    call.write("y", y, Type::F32).write("of", of, ints).write("size", size, ints).write("largest", largest, ints);
    call.faults()?.constant("MODE", b.mode).constant("WEIGHTED", b.sample.is_some());
    let padding = b.padding.map_or(-1, |p| p as i32);
    call.params([b.n, b.bags, b.starts, b.rows, b.columns]).param(padding as u32);
    call.params([b.weight.strides[0], b.weight.strides[1], b.weight.offset, b.index.offset, b.start.offset]);
    call.params(b.sample.map_or([0, 0], |s| [s.strides[0], s.offset]));
    call.rows((b.bags * b.columns).div_ceil(GROUP as usize / lanes))
}
