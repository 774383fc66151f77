//! Times of kernels by the device's own clock, while a profile is taken.
use super::queue::Gpu;
use crate::error::Result;
use crate::trace::{self, Event, Of};
use std::borrow::Cow;

/// Kernels whose times are kept on the device before they are read.
const KERNELS: u32 = 2048;

/// Two times for each kernel, and what it was.
pub(super) struct Timing {
    set: wgpu::QuerySet,
    labels: Vec<(&'static str, &'static str)>,
}

impl Timing {
    pub fn new(device: &wgpu::Device) -> Self {
        let set = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2 * KERNELS,
        });
        Self { set, labels: vec![] }
    }
    pub fn full(&self) -> bool {
        self.labels.len() as u32 == KERNELS
    }
    /// Runs `f`, which records one kernel of an op.
    pub fn around(
        &mut self,
        pass: &mut wgpu::ComputePass<'static>,
        op: &'static str,
        file: &'static str,
        f: impl FnOnce(&mut wgpu::ComputePass<'static>),
    ) {
        let at = 2 * self.labels.len() as u32;
        pass.write_timestamp(&self.set, at);
        f(pass);
        pass.write_timestamp(&self.set, at + 1);
        self.labels.push((op, file));
    }
    /// Records that the times are copied to a buffer.
    pub fn resolve(&self, device: &wgpu::Device, encoder: &mut wgpu::CommandEncoder) -> wgpu::Buffer {
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let size = u64::from(2 * KERNELS) * 8;
        let buffer =
            device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        let n = 2 * self.labels.len() as u32;
        if n > 0 {
            encoder.resolve_query_set(&self.set, 0..n, &buffer, 0);
        }
        buffer
    }
    /// Hands the times, as they were read, to the profile. The device's clock is put so that its last kernel ended now.
    pub fn report(&mut self, times: &[u64], period: f32) {
        let ns = |t: u64| (t as f64 * f64::from(period)) as u64;
        let n = 2 * self.labels.len();
        let Some(last) = times[..n].iter().max().map(|t| ns(*t)) else { return };
        let shift = trace::now();
        for ((op, file), t) in self.labels.drain(..).zip(times.chunks_exact(2)) {
            let at = |t| shift.saturating_sub(last - ns(t));
            trace::push(Event {
                name: Cow::Borrowed(if op.is_empty() { file } else { op }),
                of: Of::Kernel,
                thread: 0,
                start: at(t[0]),
                end: at(t[1].max(t[0])),
                detail: file.to_string(),
            });
        }
    }
}

impl Gpu {
    /// Waits for what was recorded and hands the times of kernels to the profile that is taken.
    pub fn report_times(&'static self) -> Result<()> {
        self.synchronize()?;
        self.read_times()
    }
}
