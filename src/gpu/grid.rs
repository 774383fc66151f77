//! Images read between their pixels at the places of a grid, and the gradients of images and grid.
use super::kernel::{Call, Memory, Shader};
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Sizes of images and grid, and how it is read; two dims are three with a depth of 1.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub batch: usize,
    pub channels: usize,
    pub image: [usize; 3],
    pub places: usize,
    /// Spatial dims: 2 or 3.
    pub dims: usize,
    /// 0: linear, 1: nearest, 2: cubic.
    pub mode: u32,
    /// 0: zeros, 1: the pixels of the edge, 2: the mirrored image.
    pub border: u32,
    /// -1 and 1 are the centres of the outermost pixels, not the image's edges.
    pub align: bool,
}

impl Reading {
    fn call(&self, gpu: &'static Gpu, shader: &'static Shader) -> Call {
        let mut call = Call::new(gpu, shader);
        call.constant("DIMS", self.dims as u32).constant("MODE", self.mode);
        call.constant("BORDER", self.border).constant("ALIGN", self.align);
        call.params([self.batch, self.channels, self.places]);
        call
    }
    fn finish(&self, call: &mut Call, threads: usize) -> Result<()> {
        let [d, h, w] = self.image;
        call.vec4(&[d, h, w, d * h * w], 0);
        call.over(threads)
    }
}

/// `y` (batch, channels, places): the images `x` read at the grid. All are contiguous.
pub fn read(gpu: &'static Gpu, r: &Reading, x: &Memory, grid: &Memory, y: &Memory) -> Result<()> {
    let mut call = r.call(gpu, shader!("grid_sample" with "grid_places"));
    call.read("x", x, Type::F32).read("grid", grid, Type::F32).write("y", y, Type::F32);
    call.params([x.offset, grid.offset, y.offset]);
    r.finish(&mut call, r.batch * r.channels * r.places)
}

/// Adds to float32 images `y`, zeros before, what each reading took of their pixels, from the result's gradient `g`.
pub fn spread(gpu: &'static Gpu, r: &Reading, g: &Memory, grid: &Memory, y: &Memory) -> Result<()> {
    let mut call = r.call(gpu, shader!("grid_sample_input_grad" with "grid_places"));
    call.read("x", g, Type::F32).read("grid", grid, Type::F32);
    call.operand("y", &y.slice, y.dtype, Type::F32, Role::Add);
    call.params([g.offset, grid.offset, y.offset]);
    r.finish(&mut call, r.batch * r.channels * r.places)
}

/// The gradient `y` of the grid, from that of the result.
pub fn slopes(gpu: &'static Gpu, r: &Reading, g: &Memory, x: &Memory, grid: &Memory, y: &Memory) -> Result<()> {
    let mut call = r.call(gpu, shader!("grid_sample_grid_grad" with "grid_places"));
    call.read("x", x, Type::F32).read("grid", grid, Type::F32).read("g", g, Type::F32).write("y", y, Type::F32);
    call.params([x.offset, grid.offset, g.offset, y.offset]);
    r.finish(&mut call, r.batch * r.places)
}
