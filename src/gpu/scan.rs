//! Running sums, products, extremes and recurrences along lines of contiguous memory, on the device.
use super::kernel::{Call, Memory};
use super::plan::{Lines, Threads, spare};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Running {
    Sum,
    Product,
    /// log(sum(exp)).
    LogSum,
}

/// A scan of one kind, from which end, and whether an element counts in its own result.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    pub running: Running,
    pub reverse: bool,
    pub exclusive: bool,
}

impl Scan {
    pub fn run(&self, gpu: &'static Gpu, ty: Type, lines: Lines, x: Memory, y: Memory) -> Result<()> {
        let threads = lines.shared();
        if threads.parts == 1 {
            return self.once(gpu, ty, lines, &threads, [&x, &x, &y], [false, false]);
        }
        // The totals of the parts, scanned, are what each part begins with.
        let n = lines.lines * threads.parts;
        let (totals, scanned) = (spare(gpu, n, ty.dtype())?, spare(gpu, n, ty.dtype())?);
        self.once(gpu, ty, lines, &threads, [&x, &x, &totals], [true, false])?;
        let forward = Scan { running: self.running, reverse: false, exclusive: false };
        let of_parts = Lines { lines: lines.lines, n: threads.parts, inner: 1 };
        forward.once(gpu, ty, of_parts, &of_parts.whole(), [&totals, &totals, &scanned], [false, false])?;
        self.once(gpu, ty, lines, &threads, [&x, &scanned, &y], [false, true])
    }
    fn once(
        &self,
        gpu: &'static Gpu,
        ty: Type,
        lines: Lines,
        threads: &Threads,
        [x, carry, y]: [&Memory; 3],
        [totals, carried]: [bool; 2],
    ) -> Result<()> {
        let mut call = Call::new(gpu, shader!("scan"));
        threads.constants(&mut call);
        call.constant("FOLD", self.running as u32).constant("REVERSE", self.reverse);
        call.constant("EXCLUSIVE", self.exclusive).constant("TOTALS", totals).constant("CARRY", carried);
        call.read("x", x, ty).read("carry", carry, ty).write("y", y, ty);
        call.params([x.offset, carry.offset, y.offset, lines.lines, lines.n, lines.inner]);
        call.params([threads.parts, threads.chunk]);
        threads.run(&mut call, lines.lines)
    }
}

/// Running largest or smallest elements and their places: the last of equal ones.
pub fn extreme(
    gpu: &'static Gpu,
    largest: bool,
    ty: Type,
    lines: Lines,
    x: Memory,
    [y, place]: [Memory; 2],
) -> Result<()> {
    let once = |lines: Lines, threads: &Threads, from: [&Memory; 3], to: [&Memory; 2], how: [bool; 3]| {
        let mut call = Call::new(gpu, shader!("scan_extreme"));
        threads.constants(&mut call);
        call.constant("LARGEST", largest).constant("FLOAT", ty.is_float());
        call.constant("TOTALS", how[0]).constant("CARRY", how[1]).constant("AGAIN", how[2]);
        call.read("x", from[0], ty).read("carry", from[1], ty).read("before", from[2], Type::I32);
        call.write("y", to[0], ty).write("place", to[1], Type::I32);
        call.params(from.map(|m| m.offset)).params(to.map(|m| m.offset));
        call.params([lines.lines, lines.n, lines.inner, threads.parts, threads.chunk]);
        threads.run(&mut call, lines.lines)
    };
    let threads = lines.shared();
    if threads.parts == 1 {
        return once(lines, &threads, [&x, &x, &x], [&y, &place], [false, false, false]);
    }
    let n = lines.lines * threads.parts;
    let (totals, scanned) = (spare(gpu, n, ty.dtype())?, spare(gpu, n, ty.dtype())?);
    let (places, scanned_places) = (spare(gpu, n, DType::I32)?, spare(gpu, n, DType::I32)?);
    once(lines, &threads, [&x, &x, &x], [&totals, &places], [true, false, false])?;
    let of_parts = Lines { lines: lines.lines, n: threads.parts, inner: 1 };
    let to = [&scanned, &scanned_places];
    once(of_parts, &of_parts.whole(), [&totals, &totals, &places], to, [false, false, true])?;
    once(lines, &threads, [&x, &scanned, &scanned_places], [&y, &place], [false, true, false])
}

/// `y[k] = g[k] + x[k + 1] y[k + 1]`, from the end of each line.
pub fn linear(gpu: &'static Gpu, lines: Lines, [x, g, y]: [Memory; 3]) -> Result<()> {
    let threads = lines.whole();
    let mut call = Call::new(gpu, shader!("scan_linear"));
    threads.constants(&mut call);
    call.read("x", &x, Type::F32).read("g", &g, Type::F32).write("y", &y, Type::F32);
    call.params([x.offset, g.offset, y.offset, lines.lines, lines.n, lines.inner]);
    threads.run(&mut call, lines.lines)
}
