//! Losses against classes, and their gradients, on the device.
use super::index::index_type;
use super::kernel::{Call, Memory};
use super::plan::{Lines, Threads};
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// The weights of classes, and the class that does not count.
#[derive(Clone)]
pub struct Classes<'a> {
    pub labels: Memory<'a>,
    pub weight: Option<Memory<'a>>,
    pub ignore: i64,
}
impl Classes<'_> {
    fn bind(&self, call: &mut Call) {
        call.constant("WEIGHTED", self.weight.is_some());
        read_labels(call, &self.labels);
        call.read("weight", self.weight.as_ref().unwrap_or(&self.labels), Type::F32);
    }
    fn offsets(&self) -> [usize; 2] {
        [self.labels.offset, self.weight.as_ref().map_or(0, |w| w.offset)]
    }
}
fn read_labels(call: &mut Call, labels: &Memory) {
    call.read("labels", labels, index_type(call.gpu(), labels.dtype));
}
/// The ignored class as kernels have it: a number that no class has, where it is none that fits.
fn ignored(class: i64) -> u32 {
    i32::try_from(class).unwrap_or(i32::MIN) as u32
}

/// The gradient of a loss: one for all rows, to be divided by a total if there is one, or one for `each`; rows of the class
/// `ignore` have none.
pub struct Slope<'a> {
    pub g: Memory<'a>,
    pub each: bool,
    pub total: Option<Memory<'a>>,
    pub ignore: i64,
}
impl Slope<'_> {
    fn bind(&self, call: &mut Call) {
        call.constant("EACH", self.each).constant("MEAN", self.total.is_some());
        call.read("g", &self.g, Type::F32).read("total", self.total(), Type::F32);
    }
    fn total(&self) -> &Memory<'_> {
        self.total.as_ref().unwrap_or(&self.g)
    }
    fn offsets(&self) -> [usize; 2] {
        [self.g.offset, self.total().offset]
    }
}

/// Of each row of `n` scores: its weighted loss, the logarithm of its sum of exponentials, and the weight of its class.
pub fn cross_entropy(
    gpu: &'static Gpu,
    [rows, n]: [usize; 2],
    x: Memory,
    classes: &Classes,
    [loss, log_sum, factor]: [Memory; 3],
) -> Result<()> {
    let threads = Threads::whole(rows, n, false);
    let mut call = Call::new(gpu, shader!("cross_entropy" with "lanes", "exponential_sums"));
    threads.constants(&mut call);
    call.read_lines("x", &x, Type::F32, n.is_multiple_of(4));
    classes.bind(&mut call);
    call.write("loss", &loss, Type::F32).write("log_sum", &log_sum, Type::F32).write("factor", &factor, Type::F32);
    call.faults()?;
    call.params([x.offset]).params(classes.offsets()).params([loss.offset, log_sum.offset, factor.offset]);
    call.params([rows, n]).param(ignored(classes.ignore));
    threads.run(&mut call, rows)
}

pub fn cross_entropy_backward(
    gpu: &'static Gpu,
    [rows, n]: [usize; 2],
    [x, labels, log_sum, factor, gx]: [Memory; 5],
    slope: &Slope,
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("cross_entropy_backward"));
    call.read("x", &x, Type::F32);
    read_labels(&mut call, &labels);
    call.read("log_sum", &log_sum, Type::F32).read("factor", &factor, Type::F32);
    slope.bind(&mut call);
    call.write("gx", &gx, Type::F32);
    call.params([x, labels, log_sum, factor].map(|m| m.offset)).params(slope.offsets());
    call.params([gx.offset, rows, n]).param(ignored(slope.ignore)).over(rows * n)
}

/// Of each line of log probabilities: its weighted loss and the weight of its class.
pub fn nll(gpu: &'static Gpu, lines: Lines, x: Memory, classes: &Classes, [loss, factor]: [Memory; 2]) -> Result<()> {
    let mut call = Call::new(gpu, shader!("nll"));
    call.read("x", &x, Type::F32);
    classes.bind(&mut call);
    call.write("loss", &loss, Type::F32).write("factor", &factor, Type::F32);
    call.faults()?;
    call.params([x.offset]).params(classes.offsets()).params([loss.offset, factor.offset]);
    call.params([lines.lines, lines.n, lines.inner]).param(ignored(classes.ignore)).over(lines.lines)
}

pub fn nll_backward(gpu: &'static Gpu, lines: Lines, [labels, factor, gx]: [Memory; 3], slope: &Slope) -> Result<()> {
    let n = lines.lines * lines.n;
    let mut call = Call::new(gpu, shader!("nll_backward"));
    read_labels(&mut call, &labels);
    call.read("factor", &factor, Type::F32);
    slope.bind(&mut call);
    call.write("gx", &gx, Type::F32);
    call.params([labels.offset, factor.offset]).params(slope.offsets()).params([gx.offset]);
    call.params([n, lines.n, lines.inner]).param(ignored(slope.ignore)).over(n)
}
