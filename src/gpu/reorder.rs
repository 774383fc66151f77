//! Elements in another order on the GPU, cut to triangles, or added up where strides overlap.
use super::index::{eight, moving_type, walk_of_eight};
use super::kernel::{Call, Memory};
use super::pipeline::Role;
use super::queue::Gpu;
use crate::error::Result;
use crate::layout::Dims;

/// Writes to contiguous `y` the elements of `x` turned round along dims (`turned`) or moved by `shift`, cyclically.
pub fn reorder(
    gpu: &'static Gpu,
    shape: &[usize],
    y: &Memory,
    x: &Memory,
    turned: &[bool],
    shift: &[usize],
) -> Result<()> {
    ensure!(shape.len() <= 8, NotImplemented, "'{}' of {} dims on the GPU", crate::device::op(), shape.len());
    let ty = moving_type(gpu, x.dtype)?;
    let n = shape.iter().product();
    let mut call = Call::new(gpu, shader!("flip" with "eight"));
    call.read("x", x, ty).write("y", y, ty).constant("RANK", shape.len() as u32);
    eight(&mut call, shape);
    eight(&mut call, x.strides);
    eight(&mut call, shift);
    let bits = turned.iter().enumerate().fold(0, |bits, (d, t)| bits | usize::from(*t) << d);
    call.params([n, bits, x.offset, y.offset]).over(n)
}

/// Writes to contiguous `y` the triangles of the matrices of `x`, zeros elsewhere.
pub fn triangle(gpu: &'static Gpu, shape: &[usize], y: &Memory, x: &Memory, lower: bool, diagonal: i64) -> Result<()> {
    ensure!(shape.len() <= 8, NotImplemented, "'{}' of {} dims on the GPU", crate::device::op(), shape.len());
    let ty = moving_type(gpu, x.dtype)?;
    let n = shape.iter().product();
    let mut call = Call::new(gpu, shader!("triangle" with "eight"));
    call.read("x", x, ty).write("y", y, ty).constant("RANK", shape.len() as u32).constant("LOWER", lower);
    eight(&mut call, shape);
    eight(&mut call, x.strides);
    // Beyond the matrix, one diagonal is as good as another.
    let diagonal = diagonal.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    call.params([n]).param(diagonal as u32).params([x.offset, y.offset]).over(n)
}

/// `x += a`, where places of `x` may coincide; for float32, float64, complex, int32 and int64 memory.
pub fn add_overlapping(gpu: &'static Gpu, shape: &[usize], x: &Memory, a: &Memory) -> Result<()> {
    if x.dtype.is_complex() {
        let shape: Dims = shape.iter().copied().chain([2]).collect();
        let (sx, sa) = (x.pair_strides(), a.pair_strides());
        return add_overlapping(gpu, &shape, &x.pairs(&sx), &a.pairs(&sa));
    }
    let ty = moving_type(gpu, x.dtype)?;
    let walk = walk_of_eight(shape, &[a.strides, x.strides])?;
    let mut call = Call::new(gpu, shader!("strided_add" with "eight"));
    call.read("a", a, ty).operand("x", &x.slice, x.dtype, ty, Role::Add);
    call.constant("RANK", walk.shape.len() as u32);
    eight(&mut call, &walk.shape);
    eight(&mut call, &walk.strides[0]);
    eight(&mut call, &walk.strides[1]);
    call.params([walk.numel(), a.offset, x.offset]).over(walk.numel())
}
