//! Softmax and its logarithm along one dim of contiguous memory, on the device.
use super::kernel::{Call, Memory};
use super::plan::{Lines, spare};
use super::pointwise::{Expression, Input, run};
use super::prelude::Type;
use super::queue::Gpu;
use super::reduce::{Kind, reduce};
use crate::dtype::DType;
use crate::error::Result;

pub fn forward(gpu: &'static Gpu, log: bool, lines: Lines, x: Memory, y: Memory) -> Result<()> {
    if is_long(&lines) {
        return Long::new(lines, &x).forward(gpu, log, x, y);
    }
    let threads = lines.whole();
    let mut call = Call::new(gpu, shader!("softmax" with "lanes", "exponential_sums" guarded));
    threads.constants(&mut call);
    let even = lines.even();
    call.constant("LOG", log).read_lines("x", &x, Type::F32, even).write_lines("y", &y, Type::F32, even);
    call.params([x.offset, y.offset, lines.lines, lines.n, lines.inner]);
    threads.run(&mut call, lines.lines)
}

pub fn backward(gpu: &'static Gpu, log: bool, lines: Lines, g: Memory, y: Memory, gx: Memory) -> Result<()> {
    if is_long(&lines) {
        return Long::new(lines, &y).backward(gpu, log, g, y, gx);
    }
    let threads = lines.whole();
    let mut call = Call::new(gpu, shader!("softmax_backward" with "lanes" guarded));
    threads.constants(&mut call);
    let even = lines.even();
    call.constant("LOG", log).read_lines("g", &g, Type::F32, even).read_lines("y", &y, Type::F32, even);
    call.write_lines("gx", &gx, Type::F32, even);
    call.params([g.offset, y.offset, gx.offset, lines.lines, lines.n, lines.inner]);
    threads.run(&mut call, lines.lines)
}

/// Whether lines are so few and long that each is worth more than the workgroup, or the few threads, that would take it.
fn is_long(lines: &Lines) -> bool {
    lines.n > 1 << 16 && lines.shared().parts > 1
}

/// Lines that are reduced in parts, between elementwise kernels, and the type that these compute in.
struct Long(Lines, Type);

impl Long {
    fn new(lines: Lines, x: &Memory) -> Self {
        Long(lines, if x.dtype == DType::F64 { Type::F64 } else { Type::F32 })
    }
    fn shape(&self) -> [usize; 3] {
        [self.0.lines / self.0.inner, self.0.n, self.0.inner]
    }
    /// Strides of elements, and of one number for each line.
    fn strides(&self) -> [[usize; 3]; 2] {
        let Lines { n, inner, .. } = self.0;
        [[n * inner, inner, 1], [inner, 0, 1]]
    }
    fn reduced(&self, gpu: &'static Gpu, kind: Kind, x: &Memory) -> Result<Memory<'static>> {
        let y = spare(gpu, self.0.lines, self.1.dtype())?;
        let x = Memory { strides: &self.strides()[0], ..x.clone() };
        reduce(gpu, kind, self.1, &self.shape(), 0b10, [x, y.clone()], 1.0)?;
        Ok(y)
    }
    /// Writes an expression of elements x and y and the number s of their line.
    fn write(&self, gpu: &'static Gpu, text: &'static str, to: &Memory, [x, y, s]: [&Memory; 3]) -> Result<()> {
        let [elements, each] = self.strides();
        let at = |m: &Memory, strides| Memory { slice: m.slice.clone(), dtype: m.dtype, strides, offset: m.offset };
        let inputs = [at(x, &elements), at(y, &elements), at(s, &each)].map(Input::Memory);
        let e = Expression { text, names: &["x", "y", "s"], ty: self.1, out: self.1 };
        run(gpu, e, &self.shape(), at(to, &elements), &inputs, false)
    }
    fn numbers(&self, gpu: &'static Gpu) -> Result<Memory<'static>> {
        spare(gpu, self.0.lines * self.0.n, self.1.dtype())
    }

    fn forward(&self, gpu: &'static Gpu, log: bool, x: Memory, y: Memory) -> Result<()> {
        let top = self.reduced(gpu, Kind::Max, &x)?;
        let below = self.numbers(gpu)?;
        self.write(gpu, "x - s", &below, [&x, &x, &top])?;
        // Of numbers up to 0: a small logarithm, which loses nothing of what it is taken from.
        let sum = self.reduced(gpu, Kind::LogSumExp, &below)?;
        self.write(gpu, if log { "x - s" } else { "exp_of(x - s)" }, &y, [&below, &below, &sum])
    }
    fn backward(&self, gpu: &'static Gpu, log: bool, g: Memory, y: Memory, gx: Memory) -> Result<()> {
        if log {
            let sum = self.reduced(gpu, Kind::Sum, &g)?;
            return self.write(gpu, "x - exp_of(y) * s", &gx, [&g, &y, &sum]);
        }
        let products = self.numbers(gpu)?;
        self.write(gpu, "x * y", &products, [&g, &y, &y])?;
        let sum = self.reduced(gpu, Kind::Sum, &products)?;
        self.write(gpu, "(x - s) * y", &gx, [&g, &y, &sum])
    }
}
