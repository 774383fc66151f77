//! Windows of images as the columns of a matrix, and back.
use super::kernel::{Call, Memory};
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Height and width of an image, the number of windows along them, and how windows lie.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
}

/// `y` (planes, taps, windows) of `x` (planes, height, width), or with `back` the sum of windows `x` where they overlap in
/// images `y`; contiguous.
pub fn columns(gpu: &'static Gpu, back: bool, planes: usize, w: &Windows, x: &Memory, y: &Memory) -> Result<()> {
    let ty = Type::of(x.dtype.class(), x.dtype, &gpu.abilities)?;
    let mut call = Call::new(gpu, if back { shader!("fold") } else { shader!("unfold") });
    call.read("x", x, ty).write("y", y, ty);
    call.params([planes, x.offset, y.offset]);
    for v in [w.input, w.output, w.kernel, w.stride, w.padding, w.dilation] {
        call.vec4(&v, 0);
    }
    let elements = if back { w.input } else { [w.kernel[0] * w.kernel[1], w.output[0] * w.output[1]] };
    call.over(planes * elements[0] * elements[1])
}
