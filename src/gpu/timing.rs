//! Moments by the device's own clock: those of kernels, while a profile is taken, and those of events.
use super::queue::{Gpu, Recording};
use crate::error::Result;
use crate::trace::{self, Event, Of};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wgpu::{BufferUsages, ComputePass, Device, PollError, PollType, QuerySet, SubmissionIndex};

/// Kernels whose times are kept on the device before they are read.
const KERNELS: u32 = 2048;

fn moments(device: &Device, count: u32) -> QuerySet {
    device.create_query_set(&wgpu::QuerySetDescriptor { label: None, ty: wgpu::QueryType::Timestamp, count })
}

/// What both clocks said at one time: the device's in ticks of `period` nanoseconds.
pub(super) struct Clock {
    pub ticks: u64,
    pub host: u64,
    pub period: f32,
}
impl Clock {
    /// The host's nanoseconds for a moment of the device.
    fn host_time(&self, ticks: u64) -> u64 {
        let since = (i128::from(ticks) - i128::from(self.ticks)) as f64 * f64::from(self.period);
        (self.host as f64 + since).max(0.0) as u64
    }
}

/// A moment in the device's work.
pub struct Mark {
    /// Where the device notes its time, if it can.
    set: Option<QuerySet>,
    submission: Mutex<Option<SubmissionIndex>>,
    /// The host's time, where the device does not tell its own.
    stamp: OnceLock<u64>,
}
impl Mark {
    /// One that the device times, or the host.
    pub(super) fn new(device: Option<&Device>) -> Self {
        Self { set: device.map(|d| moments(d, 1)), submission: Mutex::default(), stamp: OnceLock::new() }
    }
    pub(super) fn set(&self) -> Option<&QuerySet> {
        self.set.as_ref()
    }
    pub(super) fn write(&self, pass: &mut ComputePass<'static>) {
        if let Some(set) = &self.set {
            pass.write_timestamp(set, 0);
        }
    }
    pub(super) fn submission(&self) -> Option<SubmissionIndex> {
        self.submission.lock().clone()
    }
    pub(super) fn set_submission(&self, index: SubmissionIndex) {
        *self.submission.lock() = Some(index);
    }
    pub(super) fn stamp(&self) {
        let _ = self.stamp.set(trace::now());
    }
    pub(super) fn stamped(&self) -> Option<u64> {
        self.stamp.get().copied()
    }
}

/// A kernel whose times are kept: its op and file, and which thread of the host recorded it, and when.
struct Label {
    op: &'static str,
    file: &'static str,
    recorded: (u32, u64),
}

/// Two times for each kernel, and what it was.
pub(super) struct Timing {
    set: QuerySet,
    labels: Vec<Label>,
}

impl Timing {
    pub fn new(device: &Device) -> Self {
        Self { set: moments(device, 2 * KERNELS), labels: vec![] }
    }
    pub fn full(&self) -> bool {
        self.labels.len() as u32 == KERNELS
    }
    pub fn set(&self) -> &QuerySet {
        &self.set
    }
    /// How many times there are.
    pub fn times(&self) -> u32 {
        2 * self.labels.len() as u32
    }
    /// Runs `f`, which records one kernel of an op.
    pub fn around(
        &mut self,
        pass: &mut ComputePass<'static>,
        op: &'static str,
        file: &'static str,
        f: impl FnOnce(&mut ComputePass<'static>),
    ) {
        let at = self.times();
        pass.write_timestamp(&self.set, at);
        f(pass);
        pass.write_timestamp(&self.set, at + 1);
        self.labels.push(Label { op, file, recorded: (trace::thread(), trace::now()) });
    }
    /// Hands the times, as they were read, to the profile.
    pub fn report(&mut self, times: &[u64], clock: &Clock) {
        for (Label { op, file, recorded }, t) in self.labels.drain(..).zip(times.chunks_exact(2)) {
            trace::push(Event {
                name: Cow::Borrowed(if op.is_empty() { file } else { op }),
                of: Of::Kernel,
                thread: 0,
                start: clock.host_time(t[0]),
                end: clock.host_time(t[1].max(t[0])),
                detail: file.to_string(),
                recorded: Some(recorded),
            });
        }
    }
}

impl Gpu {
    /// Where the next kernel's times go, if a profile is taken; read first where there is no room for more.
    pub(super) fn timing(&'static self, recording: &mut Recording) -> Result<Option<Timing>> {
        if !crate::trace::on() || !self.abilities.timestamps {
            recording.timing = None;
            return Ok(None);
        }
        if recording.timing.as_ref().is_some_and(Timing::full) {
            self.take_times(recording)?;
        }
        if self.clock.get().is_none() {
            let _ = self.clock.set(self.compare_clocks(recording)?);
        }
        Ok(Some(recording.timing.take().unwrap_or_else(|| Timing::new(&self.device))))
    }
    fn take_times(&'static self, recording: &mut Recording) -> Result<()> {
        let Some(mut timing) = recording.timing.take() else { return Ok(()) };
        let times = self.resolved(recording, timing.set(), timing.times())?;
        if let Some(clock) = self.clock.get() {
            timing.report(&times, clock);
        }
        Ok(())
    }
    /// What the device's clock said at the first `n` moments of a set, in its ticks. Waits for them.
    fn resolved(&self, recording: &mut Recording, set: &wgpu::QuerySet, n: u32) -> Result<Vec<u64>> {
        if n == 0 {
            return Ok(vec![]);
        }
        recording.pass = None;
        let (size, usage) = (u64::from(n) * 8, BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC);
        let times = self.new_buffer(size, usage, false)?;
        recording.encoder(&self.device).resolve_query_set(set, 0..n, &times, 0);
        let target = self.copied_out(recording, &[(&times, 0, size)])?;
        let read = |bytes: &[u8]| {
            bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("eight bytes"))).collect()
        };
        self.mapped(target, size, Self::wait_here, read)
    }
    /// Asks both clocks for the time when the device has done all it was asked for.
    fn compare_clocks(&self, recording: &mut Recording) -> Result<Clock> {
        self.submit(recording);
        self.wait_here()?;
        let mark = Mark::new(Some(&self.device));
        mark.write(recording.pass(&self.device));
        let ticks = self.resolved(recording, mark.set().expect("made with a set"), 1)?;
        Ok(Clock { ticks: ticks[0], host: crate::trace::now(), period: self.queue.get_timestamp_period() })
    }
    /// Records an event after all that was asked for so far.
    pub fn mark(&'static self) -> Result<Arc<Mark>> {
        self.here()?;
        let mark = Arc::new(Mark::new(self.abilities.timestamps.then_some(&self.device)));
        let mut recording = self.recording.lock();
        if mark.set().is_some() {
            mark.write(recording.pass(&self.device));
        } else {
            recording.encoder(&self.device);
        }
        recording.marks.push(mark.clone());
        if mark.set().is_none() {
            self.submit(&mut recording);
            drop(recording);
            self.wait_for(&mark)?;
            mark.stamp();
        }
        Ok(mark)
    }
    /// Whether the device has come to an event.
    pub fn has_reached(&self, mark: &Mark) -> Result<bool> {
        let index = self.submitted(mark)?;
        match self.device.poll(PollType::Wait { submission_index: Some(index), timeout: Some(Duration::ZERO) }) {
            Ok(_) => Ok(true),
            Err(PollError::Timeout) => Ok(false),
            Err(e) => self.fails(&e),
        }
    }
    /// Whether the device has done all it was asked for. What is recorded is handed to it first.
    pub fn is_idle(&self) -> Result<bool> {
        self.here()?;
        self.flush()?;
        match self.device.poll(PollType::Poll) {
            Ok(status) => Ok(status.is_queue_empty()),
            Err(e) => self.fails(&e),
        }
    }
    pub fn wait_for(&self, mark: &Mark) -> Result<()> {
        let index = self.submitted(mark)?;
        self.wait_until(Some(index))
    }
    /// The submission that an event is in.
    fn submitted(&self, mark: &Mark) -> Result<SubmissionIndex> {
        self.here()?;
        if mark.submission().is_none() {
            self.flush()?;
        }
        match mark.submission() {
            Some(index) => Ok(index),
            None => bail!("the GPU '{}' was not given the event", self.name),
        }
    }
    /// Nanoseconds from one event to another, by the device's clock where it can be asked. Waits for both.
    pub fn elapsed(&'static self, from: &Mark, to: &Mark) -> Result<f64> {
        self.wait_for(from)?;
        self.wait_for(to)?;
        let period = f64::from(self.queue.get_timestamp_period());
        let at = |mark: &Mark| match (mark.stamped(), mark.set()) {
            (Some(ns), _) => Ok(ns as f64),
            (None, Some(set)) => Ok(self.resolved(&mut self.recording.lock(), set, 1)?[0] as f64 * period),
            (None, None) => bail!("an event without a time"),
        };
        Ok(at(to)? - at(from)?)
    }
    /// Waits for what was recorded and hands the times of kernels to the profile that is taken.
    pub fn report_times(&'static self) -> Result<()> {
        self.synchronize()?;
        self.take_times(&mut self.recording.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_device_are_put_on_the_hosts_clock() {
        let clock = Clock { ticks: 1000, host: 5_000_000, period: 2.0 };
        assert_eq!([1000, 1500, 500].map(|t| clock.host_time(t)), [5_000_000, 5_001_000, 4_999_000]);
    }
}
