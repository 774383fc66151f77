//! Sorting along lines of contiguous memory, and what is picked from sorted lines, on the device.
use super::kernel::{Call, Memory};
use super::plan::{Lines, spare};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// Elements that a workgroup sorts.
const BLOCK: usize = 1024;
/// The largest number of elements that are picked from blocks rather than from a sorted line.
const FEW: usize = BLOCK / 4;

/// What is sorted, in what type and which order.
#[derive(Clone, Copy)]
pub struct Order {
    pub ty: Type,
    pub descending: bool,
}

/// Elements and the places they came from; before the first pass there are no places.
struct Ranked<'a> {
    values: Memory<'a>,
    places: Option<Memory<'a>>,
}

/// Elements of a line in the smallest power of two of blocks that fit.
fn segment(n: usize) -> usize {
    n.next_power_of_two().clamp(2, BLOCK)
}

impl Order {
    /// Memory for `n` elements and their places.
    fn room(&self, gpu: &'static Gpu, n: usize) -> Result<[Memory<'static>; 2]> {
        Ok([spare(gpu, n, self.ty.dtype())?, spare(gpu, n, DType::I32)?])
    }
    /// Sorts each line stably into `y`, whose lines have the same shape, or with `rows` are rows.
    pub fn sort(&self, gpu: &'static Gpu, lines: Lines, x: Memory, to: [Memory; 2], rows: bool) -> Result<()> {
        let (n, inner) = (lines.n, if rows { 1 } else { lines.inner });
        let x = Ranked { values: x, places: None };
        if n <= BLOCK {
            return self.blocks(gpu, lines, &x, [&to[0], &to[1]], segment(n), inner).map(|_| ());
        }
        let mut from = self.room(gpu, lines.lines * n)?;
        self.blocks(gpu, lines, &x, [&from[0], &from[1]], BLOCK, 1)?;
        let mut other = self.room(gpu, lines.lines * n)?;
        let mut run = BLOCK;
        while run < n {
            let last = 2 * run >= n;
            let next = if last { &to } else { &other };
            self.merge(gpu, lines, [&from[0], &from[1]], [&next[0], &next[1]], run, if last { inner } else { 1 })?;
            std::mem::swap(&mut from, &mut other);
            run *= 2;
        }
        Ok(())
    }
    /// The first `k` elements of each sorted line, for few; `false` where they are too many.
    pub fn first(&self, gpu: &'static Gpu, k: usize, lines: Lines, x: Memory, to: [Memory; 2]) -> Result<bool> {
        if k > FEW && lines.n > BLOCK {
            return Ok(false);
        }
        let mut from = Ranked { values: x, places: None };
        let mut now = lines;
        while now.n > BLOCK {
            let kept = now.n.div_ceil(BLOCK) * k;
            let [values, places] = self.room(gpu, lines.lines * kept)?;
            let n = self.blocks(gpu, now, &from, [&values, &places], k, 1)?;
            from = Ranked { values, places: Some(places) };
            now = Lines { lines: lines.lines, n, inner: 1 };
        }
        self.blocks(gpu, now, &from, [&to[0], &to[1]], k, lines.inner)?;
        Ok(true)
    }
    /// Sorts blocks and writes the first `keep` elements of each; how many a line then has.
    fn blocks(
        &self,
        gpu: &'static Gpu,
        lines: Lines,
        x: &Ranked,
        [y, place]: [&Memory; 2],
        keep: usize,
        y_inner: usize,
    ) -> Result<usize> {
        let segment = segment(lines.n);
        let blocks = lines.n.div_ceil(segment);
        let left = (blocks - 1) * keep + keep.min(lines.n - (blocks - 1) * segment);
        // Without places the operand is not read.
        let before = x.places.as_ref().unwrap_or(&x.values);
        let mut call = Call::new(gpu, shader!("sort"));
        call.constant("SEGMENT", segment as u32).constant("DESCENDING", self.descending);
        call.constant("FLOAT", self.ty.is_float()).constant("AGAIN", x.places.is_some());
        call.read("x", &x.values, self.ty).read("before", before, Type::I32);
        call.write("y", y, self.ty).write("place", place, Type::I32);
        call.params([x.values.offset, before.offset, y.offset, place.offset]);
        call.params([lines.lines, lines.n, lines.inner, blocks, keep, left, y_inner]);
        call.rows((lines.lines * blocks).div_ceil(BLOCK / segment))?;
        Ok(left)
    }
    fn merge(
        &self,
        gpu: &'static Gpu,
        lines: Lines,
        [x, before]: [&Memory; 2],
        [y, place]: [&Memory; 2],
        run: usize,
        y_inner: usize,
    ) -> Result<()> {
        let mut call = Call::new(gpu, shader!("sort_merge"));
        call.constant("DESCENDING", self.descending).constant("FLOAT", self.ty.is_float());
        call.read("x", x, self.ty).read("before", before, Type::I32);
        call.write("y", y, self.ty).write("place", place, Type::I32);
        call.params([x.offset, before.offset, y.offset, place.offset, lines.lines, lines.n, run, y_inner]);
        call.over(lines.lines * lines.n)
    }
}

/// Which element of a sorted line is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pick {
    /// The k-th, from 0.
    Kth(usize),
    /// The lower of the two middle ones; the first nan if there is one.
    Median,
    /// The lower of the two middle ones among those that are not nan.
    NanMedian,
    /// The smallest of the most frequent ones, in its last place.
    Mode,
}

/// One element of each line, and its place.
pub fn select(gpu: &'static Gpu, pick: Pick, ty: Type, lines: Lines, x: Memory, [y, place]: [Memory; 2]) -> Result<()> {
    let order = Order { ty, descending: false };
    let [sorted, places] = order.room(gpu, lines.lines * lines.n)?;
    order.sort(gpu, lines, x, [sorted.clone(), places.clone()], true)?;
    let (which, k) = match pick {
        Pick::Kth(k) => (0u32, k),
        Pick::Median => (1, 0),
        Pick::NanMedian => (2, 0),
        Pick::Mode => (3, 0),
    };
    let mut call = Call::new(gpu, shader!("order_statistic"));
    call.constant("WHICH", which).constant("FLOAT", ty.is_float());
    call.read("x", &sorted, ty).read("before", &places, Type::I32);
    call.write("y", &y, ty).write("place", &place, Type::I32);
    call.params([sorted.offset, places.offset, y.offset, place.offset, lines.lines, lines.n, k]);
    call.rows(lines.lines)
}
