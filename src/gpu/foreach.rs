//! Lists of tensors worked on together: twelve of them in each kernel.
use super::index::moving_type;
use super::kernel::{Call, Memory};
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Tensors of one kernel.
const MANY: usize = 12;
const NAMES: [&str; MANY] = ["x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11"];
/// Pieces of each tensor whose norms are taken by themselves.
pub const PIECES: usize = 64;

/// A tensor whose elements lie together in memory.
pub struct Dense<'a> {
    pub n: usize,
    pub memory: Memory<'a>,
}
impl Dense<'_> {
    fn n_of(some: &[Self]) -> [usize; MANY] {
        std::array::from_fn(|t| some.get(t).map_or(0, |x| x.n))
    }
    fn firsts(some: &[Self]) -> [usize; MANY] {
        std::array::from_fn(|t| some.get(t).map_or(0, |x| x.memory.offset))
    }
    /// Where each ends, if they follow each other; the last number is where all do.
    fn ends(some: &[Self]) -> [usize; MANY] {
        let mut end = 0;
        Self::n_of(some).map(|n| {
            end += n;
            end
        })
    }
}

fn bind(call: &mut Call, some: &[Dense], ty: Type, role: Role) {
    for (t, name) in NAMES.iter().enumerate() {
        // Names without a tensor are bound to the first one, of which nothing is asked under that name.
        let memory = &some.get(t).unwrap_or(&some[0]).memory;
        call.operand(name, &memory.slice, memory.dtype, ty, role);
    }
}
fn twelve(call: &mut Call, numbers: [usize; MANY]) {
    numbers.chunks(4).for_each(|some| {
        call.vec4(some, 0);
    });
}

/// Writes the norms, of order 2, 1 or infinity, of `PIECES` pieces of each tensor to `y`, a row of float32 per tensor.
pub fn norms(gpu: &'static Gpu, all: &[Dense], order: f64, y: &Memory) -> Result<()> {
    let order = if order == f64::INFINITY { 0 } else { order as u32 };
    for (k, some) in all.chunks(MANY).enumerate() {
        let mut call = Call::new(gpu, shader!("norms" with "lanes", "twelve"));
        bind(&mut call, some, Type::F32, Role::Read);
        call.write("y", y, Type::F32).constant("ORDER", order);
        call.constant("LANES", 256u32).constant("COLUMNS", false);
        twelve(&mut call, Dense::n_of(some));
        twelve(&mut call, Dense::firsts(some));
        call.params([some.len(), y.offset + k * MANY * PIECES]).rows(some.len() * PIECES)?;
    }
    Ok(())
}

/// Multiplies tensors in place by one number.
pub fn scale(gpu: &'static Gpu, all: &[Dense], by: &Memory) -> Result<()> {
    for some in all.chunks(MANY) {
        let mut call = Call::new(gpu, shader!("scale" with "twelve"));
        bind(&mut call, some, Type::F32, Role::Write);
        call.read("by", by, Type::F32);
        let ends = Dense::ends(some);
        twelve(&mut call, ends);
        twelve(&mut call, Dense::firsts(some));
        call.params([by.offset]).over(ends[MANY - 1])?;
    }
    Ok(())
}

/// Joins `rows` rows of each tensor, `n` elements long, of the dtype of contiguous `y`, whose rows have those of all.
pub fn cat(gpu: &'static Gpu, all: &[Dense], rows: usize, y: &Memory) -> Result<()> {
    let ty = moving_type(gpu, y.dtype)?;
    let width: usize = all.iter().map(|x| x.n).sum();
    let mut column = 0;
    for some in all.chunks(MANY) {
        let mut call = Call::new(gpu, shader!("cat" with "twelve"));
        bind(&mut call, some, ty, Role::Read);
        call.write("y", y, ty);
        let ends = Dense::ends(some);
        twelve(&mut call, ends);
        twelve(&mut call, Dense::firsts(some));
        let columns = ends[MANY - 1];
        call.params([rows * columns, columns, width, y.offset + column]).over(rows * columns)?;
        column += columns;
    }
    Ok(())
}
