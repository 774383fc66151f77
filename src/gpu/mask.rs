//! Masks on the GPU: the places where one is set, and a number filled in there.
use super::index::{Places, eight, moving_type, walk_of_eight};
use super::kernel::{Call, Memory};
use super::memory::scratch;
use super::pipeline::Role;
use super::pool::Slice;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::contiguous_strides;
use std::sync::Arc;

/// Elements of one block of the kernels that count and list.
const BLOCK: usize = 4096;

/// A contiguous mask, how many of its elements are set, and how many of them before each block.
pub struct Mask {
    gpu: &'static Gpu,
    mask: Arc<Slice>,
    offset: usize,
    n: usize,
    starts: Arc<Slice>,
    count: usize,
}

impl Mask {
    /// Counts what is set in `n` bools, and waits for the number.
    pub fn new(gpu: &'static Gpu, mask: &Memory, n: usize) -> Result<Self> {
        let blocks = n.div_ceil(BLOCK);
        let starts = scratch(gpu, (blocks + 1) * 4)?;
        let mut counted = Call::new(gpu, shader!("mask_count"));
        counted.read("mask", mask, Type::Bool);
        counted.operand("count", &starts, DType::I32, Type::I32, Role::Write);
        counted.params([n, blocks, mask.offset]).rows(blocks)?;
        let mut summed = Call::new(gpu, shader!("mask_starts"));
        summed.operand("count", &starts, DType::I32, Type::I32, Role::Write).params([blocks]).rows(1)?;
        let mut total = [0; 4];
        gpu.download(&starts, blocks as u64 * 4, &mut total)?;
        let count = u32::from_le_bytes(total) as usize;
        Ok(Self { gpu, mask: mask.slice.clone(), offset: mask.offset, n, starts, count })
    }
    /// How many elements are set.
    pub fn count(&self) -> usize {
        self.count
    }
    /// The offsets, by `strides`, of the places where the mask of this shape is set, in order.
    pub fn places(&self, shape: &[usize], strides: &[usize]) -> Result<Places> {
        let slice = scratch(self.gpu, self.count * 4)?;
        let extent = 1 + shape.iter().zip(strides).map(|(n, s)| n.saturating_sub(1) * s).sum::<usize>();
        if self.count > 0 {
            let walk = walk_of_eight(shape, &[&contiguous_strides(shape), strides])?;
            let blocks = self.n.div_ceil(BLOCK);
            let mut call = Call::new(self.gpu, shader!("mask_places" with "eight"));
            call.operand("mask", &self.mask, DType::Bool, Type::Bool, Role::Read);
            call.operand("count", &self.starts, DType::I32, Type::I32, Role::Read);
            call.operand("at", &slice, DType::I32, Type::I32, Role::Write);
            call.constant("RANK", walk.shape.len() as u32);
            eight(&mut call, &walk.shape);
            eight(&mut call, &walk.strides[1]);
            call.params([self.n, blocks, self.offset, 0]).rows(blocks)?;
        }
        Ok(Places::List { slice, extent, step: 1 })
    }
    /// The coordinates of the places where the mask of this shape is set, in order: a column of int64 per dim.
    pub fn coordinates(&self, shape: &[usize], columns: &Memory) -> Result<()> {
        let Places::List { slice, .. } = self.places(shape, &contiguous_strides(shape))? else { return Ok(()) };
        ensure!(shape.len() <= 8, NotImplemented, "coordinates of {} dims on the GPU", shape.len());
        let mut call = Call::new(self.gpu, shader!("coordinates" with "eight"));
        call.operand("at", &slice, DType::I32, Type::I32, Role::Read);
        call.write("column", columns, if self.gpu.abilities.int64 { Type::I64 } else { Type::I32 });
        call.constant("RANK", shape.len() as u32);
        eight(&mut call, shape);
        call.params([self.count, 0, columns.offset]).over(self.count)
    }
}

/// `x = value` where the mask is set; both have strides for `shape`, and `value` is one element.
pub fn masked_fill(gpu: &'static Gpu, shape: &[usize], x: &Memory, mask: &Memory, value: &Memory) -> Result<()> {
    let ty = moving_type(gpu, x.dtype)?;
    let walk = walk_of_eight(shape, &[x.strides, mask.strides])?;
    let mut call = Call::new(gpu, shader!("masked_fill" with "eight"));
    call.write("x", x, ty).read("mask", mask, Type::Bool).read("value", value, ty);
    call.constant("RANK", walk.shape.len() as u32);
    eight(&mut call, &walk.shape);
    eight(&mut call, &walk.strides[0]);
    eight(&mut call, &walk.strides[1]);
    call.params([walk.numel(), x.offset, mask.offset, value.offset]).over(walk.numel())
}
