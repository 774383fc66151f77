//! Connectionist temporal classification and its gradient, on the device.
use super::kernel::{Call, Memory};
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;

/// Log probabilities of shape (steps, batch, classes), and of each sequence where its labels begin, how many there are, and
/// its steps.
pub struct Batch<'a> {
    pub log_probs: Memory<'a>,
    pub labels: Memory<'a>,
    pub starts: Memory<'a>,
    pub lengths: Memory<'a>,
    pub steps: Memory<'a>,
    pub sizes: Sizes,
}

#[derive(Clone, Copy)]
pub struct Sizes {
    pub batch: usize,
    pub classes: usize,
    pub steps: usize,
    /// Positions of the longest target, blanks counted.
    pub width: usize,
    pub blank: usize,
}
impl Sizes {
    fn params(&self, call: &mut Call) {
        call.params([self.batch, self.classes, self.steps, self.width, self.blank]);
    }
}

impl Batch<'_> {
    fn bind(&self, call: &mut Call) {
        call.read("log_probs", &self.log_probs, Type::F32).read("labels", &self.labels, Type::I32);
        call.read("starts", &self.starts, Type::I32).read("lengths", &self.lengths, Type::I32);
        call.read("steps", &self.steps, Type::I32);
        let all = [&self.log_probs, &self.labels, &self.starts, &self.lengths, &self.steps];
        call.params(all.map(|m| m.offset));
    }
    /// The logarithms of the probabilities of all beginnings, and the losses; or those of all ends, and no losses.
    pub fn table(&self, gpu: &'static Gpu, reverse: bool, [table, loss]: [Memory; 2]) -> Result<()> {
        let mut call = Call::new(gpu, shader!("ctc"));
        call.constant("REVERSE", reverse);
        self.bind(&mut call);
        call.write("table", &table, Type::F32).write("loss", &loss, Type::F32).faults()?;
        call.params([table.offset, loss.offset]);
        self.sizes.params(&mut call);
        call.rows(self.sizes.batch)
    }
    /// The gradient of the log probabilities, from both tables, the losses and their gradients.
    pub fn backward(
        &self,
        gpu: &'static Gpu,
        zero_infinity: bool,
        [alpha, beta, loss, g, gx]: [Memory; 5],
    ) -> Result<()> {
        let n = self.sizes.steps * self.sizes.batch * self.sizes.classes;
        let mut call = Call::new(gpu, shader!("ctc_backward"));
        call.constant("ZERO_INFINITY", zero_infinity);
        self.bind(&mut call);
        call.read("alpha", &alpha, Type::F32).read("beta", &beta, Type::F32).read("loss", &loss, Type::F32);
        call.read("g", &g, Type::F32).write("gx", &gx, Type::F32);
        call.params([alpha, beta, loss, g, gx].map(|m| m.offset)).params([n]);
        self.sizes.params(&mut call);
        call.over(n)
    }
}
