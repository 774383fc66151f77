//! Layer, RMS, group and batch norm of contiguous memory, on the device, forward and backward.
use super::kernel::{Call, Memory};
use super::plan::{Plan, Threads, spare};
use super::prelude::Type;
use super::queue::Gpu;
use super::reduce::{Kind, join_parts};
use crate::error::Result;

/// Binds parameters that may be missing: then the operand is not read, and any memory will do.
fn optional<'c>(
    call: &'c mut Call,
    flag: &'static str,
    name: &'static str,
    parameter: Option<&Memory>,
    other: &Memory,
    even: bool,
) -> &'c mut Call {
    call.constant(flag, parameter.is_some()).read_lines(name, parameter.unwrap_or(other), Type::F32, even)
}
fn offset(m: Option<&Memory>) -> usize {
    m.map_or(0, |m| m.offset)
}

/// Rows of `n` elements normalised by their mean and deviation, or without `centre` by their root mean square.
pub struct Rows {
    pub rows: usize,
    pub n: usize,
    pub centre: bool,
}

impl Rows {
    /// Into `y`, with the mean and reciprocal deviation of each row.
    pub fn forward(
        &self,
        gpu: &'static Gpu,
        x: Memory,
        [weight, bias]: [Option<Memory>; 2],
        eps: f64,
        [y, mean, rstd]: [Memory; 3],
    ) -> Result<()> {
        let threads = Threads::whole(self.rows, self.n, false);
        let mut call = Call::new(gpu, shader!("layer_norm" with "lanes", "moments_join" guarded));
        let even = self.n.is_multiple_of(4);
        threads.constants(&mut call);
        call.constant("CENTRE", self.centre).read_lines("x", &x, Type::F32, even);
        optional(&mut call, "WEIGHTED", "weight", weight.as_ref(), &x, even);
        optional(&mut call, "BIASED", "bias", bias.as_ref(), &x, even);
        call.write_lines("y", &y, Type::F32, even).write("mean", &mean, Type::F32).write("rstd", &rstd, Type::F32);
        call.params([x.offset, offset(weight.as_ref()), offset(bias.as_ref()), y.offset, mean.offset, rstd.offset]);
        call.params([self.rows, self.n]).float(eps);
        threads.run(&mut call, self.rows)
    }
    /// The gradient of `x`.
    pub fn backward(
        &self,
        gpu: &'static Gpu,
        [g, x]: [&Memory; 2],
        weight: Option<Memory>,
        [mean, rstd]: [&Memory; 2],
        gx: Memory,
    ) -> Result<()> {
        let threads = Threads::whole(self.rows, self.n, false);
        let mut call = Call::new(gpu, shader!("layer_norm_backward" with "lanes" guarded));
        let even = self.n.is_multiple_of(4);
        threads.constants(&mut call);
        call.constant("CENTRE", self.centre);
        call.read_lines("g", g, Type::F32, even).read_lines("x", x, Type::F32, even);
        optional(&mut call, "WEIGHTED", "weight", weight.as_ref(), x, even);
        call.read("mean", mean, Type::F32).read("rstd", rstd, Type::F32).write_lines("gx", &gx, Type::F32, even);
        call.params([g.offset, x.offset, offset(weight.as_ref()), mean.offset, rstd.offset, gx.offset]);
        call.params([self.rows, self.n]);
        threads.run(&mut call, self.rows)
    }
    /// The gradients of weight and bias.
    pub fn sums(
        &self,
        gpu: &'static Gpu,
        [g, x]: [&Memory; 2],
        [mean, rstd]: [&Memory; 2],
        to: [Memory; 2],
    ) -> Result<()> {
        let threads = Threads::new(self.n, self.rows, true);
        in_parts(gpu, &threads, self.n, to, |[gw, gb]| {
            let mut call = Call::new(gpu, shader!("layer_norm_sums" with "lanes" guarded));
            threads.constants(&mut call);
            call.constant("CENTRE", self.centre);
            call.read("g", g, Type::F32).read("x", x, Type::F32).read("mean", mean, Type::F32);
            call.read("rstd", rstd, Type::F32).write("gw", gw, Type::F32).write("gb", gb, Type::F32);
            call.params([g.offset, x.offset, mean.offset, rstd.offset, gw.offset, gb.offset]);
            call.params([self.rows, self.n, threads.parts, threads.chunk]);
            threads.run(&mut call, self.n)
        })
    }
}

/// Runs a kernel of two sums per output into `to`, or into parts that are then joined.
fn in_parts(
    gpu: &'static Gpu,
    threads: &Threads,
    outputs: usize,
    to: [Memory; 2],
    run: impl FnOnce([&Memory; 2]) -> Result<()>,
) -> Result<()> {
    if threads.parts == 1 {
        return run([&to[0], &to[1]]);
    }
    let n = threads.parts * outputs;
    let dtype = to[0].dtype.class().dtype();
    let parts = [spare(gpu, n, dtype)?, spare(gpu, n, dtype)?];
    run([&parts[0], &parts[1]])?;
    let join = Plan::of_parts(threads.parts, outputs);
    join_parts(gpu, Kind::Sum, &join, &parts[0], &to[0])?;
    join_parts(gpu, Kind::Sum, &join, &parts[1], &to[1])
}

/// Elements of shape (outer, channels, inner). In groups, `per` neighbouring channels of an instance share mean and spread;
/// otherwise each channel has its own.
#[derive(Clone, Copy)]
pub struct Channels {
    pub outer: usize,
    pub channels: usize,
    pub inner: usize,
    pub per: Option<usize>,
}

/// Means, and reciprocal deviations or, with an epsilon, variances.
pub struct Statistics<'a> {
    pub mean: Memory<'a>,
    pub spread: Memory<'a>,
    pub variance: Option<f64>,
}
impl Statistics<'_> {
    fn bind(&self, call: &mut Call) -> f64 {
        call.constant("VARIANCE", self.variance.is_some());
        call.read("mean", &self.mean, Type::F32).read("spread", &self.spread, Type::F32);
        self.variance.unwrap_or(0.0)
    }
}

impl Channels {
    fn numel(&self) -> usize {
        self.outer * self.channels * self.inner
    }
    fn params(&self, call: &mut Call) {
        call.params([self.numel(), self.channels, self.inner, self.per.unwrap_or(1)]);
    }
    pub fn forward(
        &self,
        gpu: &'static Gpu,
        x: Memory,
        stats: &Statistics,
        [weight, bias]: [Option<Memory>; 2],
        y: Memory,
    ) -> Result<()> {
        let mut call = Call::new(gpu, shader!("channel_norm"));
        call.constant("GROUPED", self.per.is_some()).read("x", &x, Type::F32);
        let eps = stats.bind(&mut call);
        optional(&mut call, "WEIGHTED", "weight", weight.as_ref(), &x, false);
        optional(&mut call, "BIASED", "bias", bias.as_ref(), &x, false).write("y", &y, Type::F32);
        call.params([x.offset, stats.mean.offset, stats.spread.offset]);
        call.params([offset(weight.as_ref()), offset(bias.as_ref()), y.offset]);
        self.params(&mut call);
        call.float(eps).over(self.numel())
    }
    /// The gradient of `x`; `sums` as `sums` makes them (weighted in groups), or `None` where the statistics are constants.
    pub fn backward(
        &self,
        gpu: &'static Gpu,
        [g, x]: [&Memory; 2],
        stats: &Statistics,
        weight: Option<Memory>,
        sums: Option<[Memory; 2]>,
        gx: Memory,
    ) -> Result<()> {
        let mut call = Call::new(gpu, shader!("channel_norm_backward"));
        call.constant("GROUPED", self.per.is_some()).constant("TRAINING", sums.is_some());
        call.read("g", g, Type::F32).read("x", x, Type::F32);
        let eps = stats.bind(&mut call);
        optional(&mut call, "WEIGHTED", "weight", weight.as_ref(), x, false);
        let [sum, dot] = sums.unwrap_or_else(|| [x.clone(), x.clone()]);
        call.read("sum", &sum, Type::F32).read("dot", &dot, Type::F32).write("gx", &gx, Type::F32);
        call.params([g.offset, x.offset, stats.mean.offset, stats.spread.offset, offset(weight.as_ref())]);
        call.params([sum.offset, dot.offset, gx.offset]);
        self.params(&mut call);
        let size = self.per.map_or(self.outer, |per| per) * self.inner;
        call.float(size as f64).float(eps).over(self.numel())
    }
    /// The sums of `g` and of `g` times the centred `x`: of each channel, or in groups of each channel of each instance.
    pub fn sums(&self, gpu: &'static Gpu, [g, x]: [&Memory; 2], mean: &Memory, to: [Memory; 2]) -> Result<()> {
        let lines = self.per.is_some();
        let (outputs, n) =
            if lines { (self.outer * self.channels, self.inner) } else { (self.channels, self.outer * self.inner) };
        let threads = Threads::new(outputs, n, !lines && self.inner < 8);
        in_parts(gpu, &threads, outputs, to, |[sum, dot]| {
            let mut call = Call::new(gpu, shader!("channel_sums" with "lanes" guarded));
            threads.constants(&mut call);
            call.constant("LINES", lines);
            call.read("g", g, Type::F32).read("x", x, Type::F32).read("mean", mean, Type::F32);
            call.write("sum", sum, Type::F32).write("dot", dot, Type::F32);
            call.params([g.offset, x.offset, mean.offset, sum.offset, dot.offset]);
            call.params([outputs, self.channels, self.inner, self.per.unwrap_or(1), n, threads.parts, threads.chunk]);
            threads.run(&mut call, outputs)
        })
    }
}

/// Reciprocal deviations of channels from their mean and sum of squared deviations of `size` elements; moves the running mean
/// and variance, if there are any.
pub fn statistics(
    gpu: &'static Gpu,
    channels: usize,
    [mean, m2]: [&Memory; 2],
    rstd: Memory,
    running: Option<[Memory; 2]>,
    [size, momentum, eps]: [f64; 3],
) -> Result<()> {
    let mut call = Call::new(gpu, shader!("batch_statistics"));
    call.constant("RUNNING", running.is_some());
    call.read("mean", mean, Type::F32).read("m2", m2, Type::F32).write("rstd", &rstd, Type::F32);
    let [old_mean, old_var] = running.unwrap_or_else(|| [rstd.clone(), rstd.clone()]);
    call.write("running_mean", &old_mean, Type::F32).write("running_var", &old_var, Type::F32);
    call.params([mean.offset, m2.offset, rstd.offset, old_mean.offset, old_var.offset, channels]);
    call.float(size).float(momentum).float(eps).over(channels)
}
