//! Softmax and its logarithm along one dim of contiguous memory, on the device.
use super::kernel::{Call, Memory};
use super::plan::Lines;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

pub fn forward(gpu: &'static Gpu, log: bool, lines: Lines, x: Memory, y: Memory) -> Result<()> {
    let threads = lines.whole();
    let mut call = Call::new(gpu, shader!("softmax" with "lanes"));
    threads.constants(&mut call);
    let even = lines.even();
    call.constant("LOG", log).read_lines("x", &x, Type::F32, even).write_lines("y", &y, Type::F32, even);
    call.params([x.offset, y.offset, lines.lines, lines.n, lines.inner]);
    threads.run(&mut call, lines.lines)
}

pub fn backward(gpu: &'static Gpu, log: bool, lines: Lines, g: Memory, y: Memory, gx: Memory) -> Result<()> {
    let threads = lines.whole();
    let mut call = Call::new(gpu, shader!("softmax_backward" with "lanes"));
    threads.constants(&mut call);
    let even = lines.even();
    call.constant("LOG", log).read_lines("g", &g, Type::F32, even).read_lines("y", &y, Type::F32, even);
    call.write_lines("gx", &gx, Type::F32, even);
    call.params([g.offset, y.offset, gx.offset, lines.lines, lines.n, lines.inner]);
    threads.run(&mut call, lines.lines)
}
