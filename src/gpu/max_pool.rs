//! Maxima over windows of up to three dims, and moves between planes by the places of the maxima.
use super::index::index_type;
use super::kernel::{Call, Memory, Shader};
use super::pipeline::Role;
use super::plan::Threads;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Windows of a plane; dims that it has not are 1.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub input: [usize; 3],
    pub output: [usize; 3],
    /// Kernel, stride, padding and dilation; even shares of the input without.
    pub even: Option<[[usize; 3]; 4]>,
}

/// Elements of a window that one thread goes over.
const SMALL: usize = 256;

impl Windows {
    /// Elements of the largest window.
    fn taps(&self) -> usize {
        match self.even {
            Some([kernel, ..]) => kernel.iter().product(),
            None => (0..3).map(|d| self.input[d].div_ceil(self.output[d]) + 1).product(),
        }
    }
    fn call(&self, gpu: &'static Gpu, shader: &'static Shader) -> Call {
        let mut call = Call::new(gpu, shader);
        call.constant("ADAPTIVE", self.even.is_none());
        call
    }
    fn params(&self, call: &mut Call, planes: usize, x: usize, y: usize, index: usize) {
        call.params([planes, x, y, index]);
        for [d, h, w] in [self.input, self.output] {
            call.vec4(&[d, h, w, d * h * w], 0);
        }
        for v in self.even.unwrap_or([[1; 3]; 4]) {
            call.vec4(&v, 0);
        }
    }
}

/// The largest element of each window and its place in the plane (int64); all contiguous. `starts` are where the windows of
/// each plane begin, along one dim after the other, where they do not lie evenly.
pub fn maxima(
    gpu: &'static Gpu,
    planes: usize,
    w: &Windows,
    x: &Memory,
    starts: Option<&Memory>,
    [y, index]: [&Memory; 2],
) -> Result<()> {
    let ty = Type::of(x.dtype.class(), x.dtype, &gpu.abilities)?;
    let mut call = w.call(gpu, shader!("max_pool" with "lanes"));
    let windows = planes * w.output.iter().product::<usize>();
    // A small window is a thread's, so that neighbours read neighbours.
    let threads = Threads::whole(windows, if w.taps() > SMALL { w.taps() } else { 1 }, false);
    threads.constants(&mut call);
    call.constant("UNEVEN", starts.is_some());
    let starts = starts.unwrap_or(index);
    call.read("x", x, ty).write("y", y, ty).write("index", index, Type::I32).read("starts", starts, Type::I32);
    w.params(&mut call, planes, x.offset, y.offset, index.offset);
    call.params([starts.offset]);
    threads.run(&mut call, windows)
}

/// The gradient of the input, `y`, from that of the maxima.
pub fn gradient(gpu: &'static Gpu, planes: usize, w: &Windows, g: &Memory, index: &Memory, y: &Memory) -> Result<()> {
    let ty = Type::of(g.dtype.class(), g.dtype, &gpu.abilities)?;
    let mut call = w.call(gpu, shader!("max_pool_backward"));
    call.read("x", g, ty).read("index", index, Type::I32).write("y", y, ty);
    w.params(&mut call, planes, g.offset, y.offset, index.offset);
    call.over(planes * w.input.iter().product::<usize>())
}

/// How elements move between planes of `plane` elements and the places that an index has for each of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// From the planes to the index's shape.
    Take,
    /// To the planes, zeros before, added up; the planes are float32 or int32.
    Add,
    /// To the planes, filled before.
    Put,
}

/// Moves elements of `x` to `y`; all contiguous.
pub fn moves(
    gpu: &'static Gpu,
    how: Move,
    [planes, plane, places]: [usize; 3],
    x: &Memory,
    index: &Memory,
    y: &Memory,
) -> Result<()> {
    let ty = Type::of(x.dtype.class(), x.dtype, &gpu.abilities)?;
    let shader = match how {
        Move::Take => shader!("pool_gather"),
        Move::Add => shader!("pool_scatter"),
        Move::Put => shader!("unpool"),
    };
    let mut call = Call::new(gpu, shader);
    call.read("x", x, ty).read("index", index, index_type(gpu, index.dtype));
    call.operand("y", &y.slice, y.dtype, ty, if how == Move::Add { Role::Add } else { Role::Write }).faults()?;
    call.params([planes, plane, places, x.offset, y.offset, index.offset]);
    call.over(planes * places)
}
