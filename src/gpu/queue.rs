//! One device: kernels and copies are recorded in order and submitted together, when a value is read, many have gathered, or
//! some have and the device has nothing to do.
//!
//! Everything goes through one command encoder, uploads too, so that memory freed by one op may be written by the next
//! without waiting. Errors of the driver arrive here and become errors of the op that meets them.
use super::adapter::{self, Abilities};
use super::pipeline::{Key, Pipelines};
use super::pool::{Pool, Slice};
use super::timing::Timing;
use crate::device::{self, no_memory};
use crate::error::Result;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use wgpu::{BufferUsages, CommandEncoder, ComputePass, MapMode, PollType};

/// So many kernels gather before a device that has nothing to do is given them: what it could have done while they were
/// recorded is lost, a fraction of a millisecond, and a step of a small model stays one submission.
const FEW: usize = 128;
/// From there on, it is looked at the device after so many more.
const LOOK: usize = 32;
/// So many are submitted even if the device is at work.
const BATCH: usize = 2048;
/// Uploads share staging buffers of this size, or have one of their own.
const STAGING: u64 = 1 << 20;

pub struct Gpu {
    pub index: u8,
    pub name: String,
    pub abilities: Abilities,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) pool: Pool,
    pub(super) pipelines: Pipelines,
    recording: Mutex<Recording>,
    /// Staging buffers that are mapped again.
    staging: Arc<Mutex<Vec<wgpu::Buffer>>>,
    /// What the driver reported outside of any call's result.
    trouble: Arc<Mutex<Option<String>>>,
    lost: Arc<AtomicBool>,
    pub counts: Counts,
    process: u32,
    fault: OnceLock<Arc<Slice>>,
}

/// What has been done since the start, for tests and benchmarks.
#[derive(Default)]
pub struct Counts {
    pub kernels: AtomicU64,
    pub submissions: AtomicU64,
    pub uploaded: AtomicU64,
    pub downloaded: AtomicU64,
    pub pipelines: AtomicU64,
}

#[derive(Default)]
struct Recording {
    encoder: Option<CommandEncoder>,
    pass: Option<ComputePass<'static>>,
    kernels: usize,
    /// Staging buffers that this recording reads, and how much of the last is used.
    staged: Vec<wgpu::Buffer>,
    used: u64,
    /// Times of kernels, while a profile is taken.
    timing: Option<Timing>,
    /// Some kernel may have reported bad input since the last look.
    checked: bool,
}

static GPUS: [OnceLock<std::result::Result<Gpu, String>>; 16] = [const { OnceLock::new() }; 16];

/// The device of this number, opened when it is first asked for.
pub fn gpu(index: u8) -> Result<&'static Gpu> {
    let unopened = || format!("there is no device wgpu:{index}");
    let Some(slot) = GPUS.get(index as usize) else { bail!("{}", unopened()) };
    match slot.get_or_init(|| Gpu::open(index).map_err(|e| e.message)) {
        Ok(gpu) if gpu.process == std::process::id() => Ok(gpu),
        Ok(_) => bail!(
            "Cannot use the GPU in a forked process that was opened before the fork. Use the 'spawn' start method of \
             multiprocessing, or open the GPU in the child only"
        ),
        Err(e) => bail!("{e}"),
    }
}
/// The device of this number if it was opened already.
pub fn opened(index: u8) -> Option<&'static Gpu> {
    GPUS.get(index as usize)?.get()?.as_ref().ok().filter(|g| g.process == std::process::id())
}

/// Whether kernels that check their input are waited for, so that an error is raised where it happens.
fn blocking() -> bool {
    static BLOCKING: OnceLock<bool> = OnceLock::new();
    *BLOCKING.get_or_init(|| std::env::var("RUSTTORCH_GPU_BLOCKING").is_ok_and(|v| v == "1"))
}

/// What a kernel's operands are bound as.
pub(super) struct Dispatch<'a> {
    pub key: &'a Key,
    pub source: &'a dyn Fn() -> String,
    pub slices: SmallVec<[&'a Slice; 6]>,
    pub params: &'a [u32],
    pub groups: [u32; 3],
    pub may_fault: bool,
}

impl Gpu {
    fn open(index: u8) -> Result<Self> {
        let Some(adapter) = adapter::adapters().get(index as usize) else {
            bail!("{}", adapter::missing(index as usize))
        };
        let (device, queue, abilities) = adapter::open(adapter)?;
        let (trouble, lost) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let told = trouble.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
            told.lock().get_or_insert_with(|| e.to_string());
        }));
        let (told, gone) = (trouble.clone(), lost.clone());
        device.set_device_lost_callback(move |reason, message| {
            gone.store(true, Ordering::Release);
            told.lock().get_or_insert_with(|| format!("the device was lost ({reason:?}): {message}"));
        });
        Ok(Self {
            index,
            name: adapter.get_info().name,
            abilities,
            pipelines: Pipelines::new(&device, &adapter.get_info()),
            device,
            queue,
            pool: Pool::default(),
            recording: Mutex::default(),
            staging: Arc::default(),
            trouble,
            lost,
            counts: Counts::default(),
            process: std::process::id(),
            fault: OnceLock::new(),
        })
    }

    /// What the driver reported, as an error of the op in progress.
    pub(super) fn check(&self) -> Result<()> {
        let Some(message) = self.trouble.lock().take() else {
            ensure!(!self.lost.load(Ordering::Acquire), "{}: the GPU '{}' was lost", device::op(), self.name);
            return Ok(());
        };
        bail!("GPU error in or before {} on '{}': {message}", device::op(), self.name)
    }
    pub(super) fn create_buffer(&self, size: u64) -> Result<wgpu::Buffer> {
        self.new_buffer(size, BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST, false)
    }
    fn new_buffer(&self, size: u64, usage: BufferUsages, mapped_at_creation: bool) -> Result<wgpu::Buffer> {
        self.check()?;
        let buffer =
            self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation });
        match self.trouble.lock().take() {
            Some(e) => Err(no_memory(size, &format!("on '{}' ({e})", self.name))),
            None => Ok(buffer),
        }
    }

    /// Memory where kernels report bad input.
    pub(super) fn fault(&'static self) -> Result<Arc<Slice>> {
        if let Some(slice) = self.fault.get() {
            return Ok(slice.clone());
        }
        let slice = Arc::new(self.pool.take(self, 16)?);
        self.upload(&slice, 0, &[0; 16])?;
        Ok(self.fault.get_or_init(|| slice).clone())
    }

    /// Records one kernel.
    pub(super) fn dispatch(&'static self, d: Dispatch) -> Result<()> {
        let pipeline = self.pipelines.get(self, d.key, d.source)?;
        let entries: SmallVec<[wgpu::BindGroupEntry; 6]> = d
            .slices
            .iter()
            .enumerate()
            .map(|(k, s)| wgpu::BindGroupEntry {
                binding: k as u32,
                resource: wgpu::BindingResource::Buffer(s.binding()),
            })
            .collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.pipelines.layout(&self.device, d.slices.len()).group,
            entries: &entries,
        });
        let mut recording = self.recording.lock();
        let mut timing = self.timing(&mut recording)?;
        let pass = recording.pass(&self.device);
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        if !d.params.is_empty() {
            pass.set_immediates(0, bytes_of(d.params));
        }
        let go = |pass: &mut ComputePass<'static>| pass.dispatch_workgroups(d.groups[0], d.groups[1], d.groups[2]);
        match &mut timing {
            Some(timing) => timing.around(pass, device::op(), d.key.file, go),
            None => go(pass),
        }
        recording.timing = timing;
        recording.kernels += 1;
        recording.checked |= d.may_fault;
        self.counts.kernels.fetch_add(1, Ordering::Relaxed);
        let n = recording.kernels;
        if n >= BATCH || n >= FEW && n.is_multiple_of(LOOK) && self.idle() {
            self.submit(&mut recording);
            drop(recording);
            self.check()?;
        } else if d.may_fault && blocking() {
            drop(recording);
            self.synchronize()?;
        }
        Ok(())
    }

    /// Where the next kernel's times go, if a profile is taken; read first where there is no room for more.
    fn timing(&'static self, recording: &mut Recording) -> Result<Option<Timing>> {
        if !crate::trace::on() || !self.abilities.timestamps {
            recording.timing = None;
            return Ok(None);
        }
        if recording.timing.as_ref().is_some_and(Timing::full) {
            self.take_times(recording)?;
        }
        Ok(Some(recording.timing.take().unwrap_or_else(|| Timing::new(&self.device))))
    }
    pub(super) fn read_times(&'static self) -> Result<()> {
        self.take_times(&mut self.recording.lock())
    }
    fn take_times(&'static self, recording: &mut Recording) -> Result<()> {
        let Some(mut timing) = recording.timing.take() else { return Ok(()) };
        recording.pass = None;
        let device = &self.device;
        let times = timing.resolve(device, recording.encoder(device));
        let target = self.copied_out(recording, &[(&times, 0, times.size())])?;
        let view = self.mapped(&target)?;
        let times: Vec<u64> =
            view.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("eight bytes"))).collect();
        timing.report(&times, self.queue.get_timestamp_period());
        Ok(())
    }

    /// Records that bytes of the host are written to a slice. They are read before this returns.
    pub(super) fn upload(&self, to: &Slice, offset: u64, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let size = bytes.len().next_multiple_of(4) as u64;
        let mut recording = self.recording.lock();
        let (buffer, at) = self.stage(&mut recording, size)?;
        {
            let view = buffer.get_mapped_range_mut(at..at + size);
            let Ok(mut view) = view else { bail!("a staging buffer of the GPU '{}' is not mapped", self.name) };
            view.slice(..bytes.len()).copy_from_slice(bytes);
        }
        recording.pass = None;
        let encoder = recording.encoder(&self.device);
        encoder.copy_buffer_to_buffer(&buffer, at, &to.buffer, to.offset + offset, Some(size));
        self.counts.uploaded.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }
    /// A mapped staging buffer with room for `size` bytes, and where.
    fn stage(&self, recording: &mut Recording, size: u64) -> Result<(wgpu::Buffer, u64)> {
        let room = size.next_multiple_of(16);
        if room > STAGING {
            let buffer = self.new_staging(room)?;
            // Not the last one, whose rest may still be used.
            let place = recording.staged.len().saturating_sub(1);
            recording.staged.insert(place, buffer.clone());
            return Ok((buffer, 0));
        }
        if recording.staged.last().is_none_or(|b| b.size() != STAGING) || recording.used + room > STAGING {
            let mapped = self.staging.lock().pop();
            let buffer = mapped.map_or_else(|| self.new_staging(STAGING), Ok)?;
            recording.staged.push(buffer);
            recording.used = 0;
        }
        let at = recording.used;
        recording.used += room;
        Ok((recording.staged.last().expect("pushed above").clone(), at))
    }
    fn new_staging(&self, size: u64) -> Result<wgpu::Buffer> {
        self.new_buffer(size, BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC, true)
    }

    /// Waits for everything recorded, and reads bytes of a slice.
    pub(super) fn download(&'static self, from: &Slice, offset: u64, bytes: &mut [u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let start = offset / 4 * 4;
        let size = (offset + bytes.len() as u64).next_multiple_of(4) - start;
        // What kernels reported comes with it, so that one wait is enough.
        let (target, fault) = {
            let mut recording = self.recording.lock();
            let mut pieces = vec![(&from.buffer, from.offset + start, size)];
            let fault = self.fault.get().filter(|_| std::mem::take(&mut recording.checked));
            pieces.extend(fault.map(|f| (&f.buffer, f.offset, 4)));
            (self.copied_out(&mut recording, &pieces)?, fault)
        };
        self.counts.downloaded.fetch_add(size, Ordering::Relaxed);
        let view = self.mapped(&target)?;
        let skip = (offset - start) as usize;
        bytes.copy_from_slice(&view[skip..skip + bytes.len()]);
        match fault {
            Some(fault) if view[size as usize..] != [0; 4] => {
                self.upload(fault, 0, &[0; 16])?;
                bail!(
                    Index,
                    "index out of range: an op that ran on '{}' since the last synchronization was given an index that \
                     its tensor does not have (RUSTTORCH_GPU_BLOCKING=1 raises it where it happens)",
                    self.name
                )
            }
            _ => Ok(()),
        }
    }
    /// Submits what is recorded, and copies of pieces (buffer, offset, bytes) into one that the host may map.
    fn copied_out(&self, recording: &mut Recording, pieces: &[(&wgpu::Buffer, u64, u64)]) -> Result<wgpu::Buffer> {
        let size = pieces.iter().map(|p| p.2).sum();
        let target = self.new_buffer(size, BufferUsages::MAP_READ | BufferUsages::COPY_DST, false)?;
        recording.pass = None;
        let encoder = recording.encoder(&self.device);
        let mut at = 0;
        for (buffer, offset, size) in pieces {
            encoder.copy_buffer_to_buffer(buffer, *offset, &target, at, Some(*size));
            at += size;
        }
        self.submit(recording);
        Ok(target)
    }
    /// Waits for everything submitted, and shows the bytes of such a buffer.
    fn mapped(&self, target: &wgpu::Buffer) -> Result<wgpu::BufferView> {
        target.map_async(MapMode::Read, .., |_| {});
        self.wait()?;
        match target.get_mapped_range(..) {
            Ok(view) => Ok(view),
            Err(_) => bail!("the GPU '{}' did not hand its memory over", self.name),
        }
    }

    fn submit(&self, recording: &mut Recording) {
        recording.pass = None;
        let Some(encoder) = recording.encoder.take() else { return };
        for buffer in &recording.staged {
            buffer.unmap();
        }
        self.queue.submit([encoder.finish()]);
        for buffer in recording.staged.drain(..).filter(|b| b.size() == STAGING) {
            // Mapped again once the device has read it.
            let (home, again) = (self.staging.clone(), buffer.clone());
            buffer.map_async(MapMode::Write, .., move |done| {
                if done.is_ok() {
                    home.lock().push(again);
                }
            });
        }
        recording.kernels = 0;
        recording.used = 0;
        self.counts.submissions.fetch_add(1, Ordering::Relaxed);
        let _ = self.device.poll(PollType::Poll); // runs the callbacks above for earlier submissions
    }
    /// Whether everything that was submitted is done.
    fn idle(&self) -> bool {
        self.device.poll(PollType::Poll).is_ok_and(|status| status.is_queue_empty())
    }
    fn wait(&self) -> Result<()> {
        if let Err(e) = self.device.poll(PollType::wait_indefinitely()) {
            bail!("GPU error in or before {} on '{}': {e}", device::op(), self.name);
        }
        self.check()
    }
    /// Waits until everything recorded so far is done, and raises what kernels reported.
    pub fn synchronize(&'static self) -> Result<()> {
        let checked = self.recording.lock().checked;
        match self.fault.get().filter(|_| checked) {
            Some(fault) => self.download(fault, 0, &mut [0; 4]),
            None => {
                self.flush()?;
                self.wait()
            }
        }
    }
    /// Hands what is recorded to the device, without waiting.
    pub fn flush(&self) -> Result<()> {
        self.submit(&mut self.recording.lock());
        self.check()
    }
}

impl Recording {
    fn encoder(&mut self, device: &wgpu::Device) -> &mut CommandEncoder {
        self.encoder.get_or_insert_with(|| device.create_command_encoder(&Default::default()))
    }
    fn pass(&mut self, device: &wgpu::Device) -> &mut ComputePass<'static> {
        if self.pass.is_none() {
            let pass = self.encoder(device).begin_compute_pass(&Default::default()).forget_lifetime();
            self.pass = Some(pass);
        }
        self.pass.as_mut().expect("set above")
    }
}

/// Words as bytes, in the machine's order, which is the device's.
fn bytes_of(words: &[u32]) -> &[u8] {
    // SAFETY: any bytes of initialised words may be read as bytes.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::memory::Block;

    #[test]
    fn a_lost_device_is_an_error_and_the_process_lives() {
        let Ok(gpu) = gpu(0) else {
            println!("skipped: {}", adapter::missing(0));
            assert!(std::env::var_os("RUSTTORCH_GPU_REQUIRED").is_none(), "an adapter is required");
            return;
        };
        let block = Block::new(0, 64).unwrap();
        block.write(&[1; 64]).unwrap();
        block.slice().unwrap();
        gpu.device.destroy();
        let _inside = device::Inside::of(device::Device::Gpu(0));
        let mut bytes = [0; 64];
        let read = block.read(0, &mut bytes).map(drop);
        let made = Block::new(0, 1 << 20).and_then(|b| b.slice()).map(drop);
        for result in [read, made] {
            let e = result.expect_err("nothing can be read from or made on a lost device");
            assert!(e.message.contains(&gpu.name), "{e}");
        }
    }
}
