//! One device: kernels and copies are recorded in order and submitted together, when a value is read, many have gathered, or
//! some have and the device has nothing to do.
//!
//! Everything goes through one command encoder, uploads too, so that memory freed by one op may be written by the next
//! without waiting. Errors of the driver arrive here and become errors of the op that meets them.
use super::adapter::{self, Abilities};
use super::pipeline::{Key, Pipelines};
use super::pool::{Pool, Slice, Stats};
use super::staging::Staging;
use super::timing::{Clock, Mark, Timing};
use crate::device::{self, no_memory};
use crate::error::Result;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;
use wgpu::{BufferUsages, CommandEncoder, ComputePass, PollError, PollType, SubmissionIndex};

/// So many kernels gather before a device that has nothing to do is given them: what it could have done while they were
/// recorded is lost, a fraction of a millisecond, and a step of a small model stays one submission.
const FEW: usize = 128;
/// From there on, it is looked at the device after so many more.
const LOOK: usize = 32;
/// So many are submitted even if the device is at work.
const BATCH: usize = 2048;
/// After so long a wait the program is asked whether it wants to go on waiting.
const PATIENCE: Duration = Duration::from_millis(50);

pub struct Gpu {
    pub index: u8,
    pub name: String,
    pub abilities: Abilities,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) pool: Pool,
    pub(super) pipelines: Pipelines,
    pub(super) recording: Mutex<Recording>,
    pub(super) staging: Staging,
    /// What was submitted last.
    last: Mutex<Option<SubmissionIndex>>,
    /// How the device's clock stands to the host's, once a profile was taken.
    pub(super) clock: OnceLock<Clock>,
    /// What the driver reported outside of any call's result.
    trouble: Arc<Mutex<Option<String>>>,
    lost: Arc<AtomicBool>,
    pub counts: Counts,
    /// `forks()` when it was opened.
    forks: u32,
    pub(super) fault: OnceLock<Arc<Slice>>,
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
pub(super) struct Recording {
    pub encoder: Option<CommandEncoder>,
    pub pass: Option<ComputePass<'static>>,
    pub kernels: usize,
    /// Staging buffers that this recording reads, how many bytes in all, and how much of the last is used.
    pub staged: Vec<wgpu::Buffer>,
    pub staged_bytes: u64,
    pub used: u64,
    /// Events whose moment is in it.
    pub marks: Vec<Arc<Mark>>,
    /// Times of kernels, while a profile is taken.
    pub timing: Option<Timing>,
    /// Ops whose kernels may have reported bad input since the last look.
    pub suspects: SmallVec<[&'static str; 4]>,
}

static GPUS: [OnceLock<std::result::Result<Gpu, String>>; 16] = [const { OnceLock::new() }; 16];

/// The device of this number, opened when it is first asked for.
pub fn gpu(index: u8) -> Result<&'static Gpu> {
    let unopened = || format!("there is no device wgpu:{index}");
    let Some(slot) = GPUS.get(index as usize) else { bail!("{}", unopened()) };
    match slot.get_or_init(|| Gpu::open(index).map_err(|e| e.message)) {
        Ok(gpu) => gpu.here().map(|()| gpu),
        Err(e) => bail!("{e}"),
    }
}
/// The device of this number if it was opened already. A forked child cannot use what its parent opened: `Gpu::here`.
pub fn opened(index: u8) -> Option<&'static Gpu> {
    GPUS.get(index as usize)?.get()?.as_ref().ok()
}

static FORKS: AtomicU32 = AtomicU32::new(0);
/// How often this process was forked from one that had opened a device.
fn forks() -> u32 {
    FORKS.load(Ordering::Relaxed)
}
/// Lets children know that they are.
#[cfg(unix)]
fn count_forks() {
    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    static ONCE: Once = Once::new();
    // SAFETY: the handler does what is allowed in a child, and lives as long as the process.
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(forked));
    });
}
#[cfg(not(unix))]
fn count_forks() {}

/// Calls what waits a little until it says that it is done; an error ends it before.
pub type Wait = fn(&mut (dyn FnMut() -> bool + Send)) -> Result<()>;
static WAIT: OnceLock<Wait> = OnceLock::new();
/// How threads wait for a device from now on: a program with a lock of its own lets others have it meanwhile.
pub fn set_wait(wait: Wait) {
    let _ = WAIT.set(wait);
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
        count_forks();
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
            staging: Staging::default(),
            last: Mutex::default(),
            clock: OnceLock::new(),
            trouble,
            lost,
            counts: Counts::default(),
            forks: forks(),
            fault: OnceLock::new(),
        })
    }

    /// An error in a child of the process that opened it: the driver's threads are not there.
    pub fn here(&self) -> Result<()> {
        ensure!(
            self.is_here(),
            "Cannot use the GPU in a forked process that was opened before the fork. Use the 'spawn' start method of \
             multiprocessing, or open the GPU in the child only"
        );
        Ok(())
    }
    pub(super) fn is_here(&self) -> bool {
        self.forks == forks()
    }
    /// Refuses memory of which a kernel could not see all.
    pub(super) fn check_size(&self, nbytes: usize) -> Result<()> {
        ensure!(
            nbytes as u64 <= self.abilities.max_binding,
            "{}: a tensor of {nbytes} bytes is larger than the {} that a shader of '{}' can see of one tensor \
             (max_storage_buffer_binding_size): split it",
            device::op(),
            self.abilities.max_binding,
            self.name
        );
        Ok(())
    }

    /// What the driver reported, as an error of the op in progress.
    pub(super) fn check(&self) -> Result<()> {
        let Some(message) = self.trouble.lock().take() else {
            ensure!(!self.lost.load(Ordering::Acquire), "{}: the GPU '{}' was lost", device::op(), self.name);
            return Ok(());
        };
        self.fails(&message)
    }
    /// The error of a device, in the op in progress.
    pub(super) fn fails<T>(&self, what: &dyn std::fmt::Display) -> Result<T> {
        bail!(Device, "GPU error in or before {} on '{}': {what}", device::op(), self.name)
    }
    pub(super) fn create_buffer(&self, size: u64) -> Result<wgpu::Buffer> {
        self.new_buffer(size, BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST, false)
    }
    pub(super) fn new_buffer(&self, size: u64, usage: BufferUsages, mapped_at_creation: bool) -> Result<wgpu::Buffer> {
        self.here()?;
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
        self.here()?;
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
        if d.may_fault && !recording.suspects.contains(&device::op()) {
            recording.suspects.push(device::op());
        }
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

    pub(super) fn submit(&self, recording: &mut Recording) {
        recording.pass = None;
        let Some(encoder) = recording.encoder.take() else { return };
        for buffer in &recording.staged {
            buffer.unmap();
        }
        let index = self.queue.submit([encoder.finish()]);
        recording.marks.drain(..).for_each(|mark| mark.set_submission(index.clone()));
        *self.last.lock() = Some(index);
        recording.staged.drain(..).for_each(|buffer| self.staging.submitted(buffer));
        recording.kernels = 0;
        recording.staged_bytes = 0;
        recording.used = 0;
        self.counts.submissions.fetch_add(1, Ordering::Relaxed);
        let _ = self.device.poll(PollType::Poll); // runs the callbacks above for earlier submissions
    }
    /// Whether everything that was submitted is done.
    fn idle(&self) -> bool {
        self.device.poll(PollType::Poll).is_ok_and(|status| status.is_queue_empty())
    }
    /// Waits for everything submitted, and lets other threads of the program run meanwhile: the caller holds no lock.
    pub(super) fn wait(&self) -> Result<()> {
        let last = self.last.lock().clone();
        self.wait_until(last)
    }
    pub(super) fn wait_until(&self, submission: Option<SubmissionIndex>) -> Result<()> {
        let mut outcome = Ok(());
        let mut a_while = || {
            let wait = PollType::Wait { submission_index: submission.clone(), timeout: Some(PATIENCE) };
            match self.device.poll(wait) {
                Ok(_) => true,
                Err(PollError::Timeout) => false,
                Err(e) => {
                    outcome = Err(e);
                    true
                }
            }
        };
        match WAIT.get() {
            Some(wait) => wait(&mut a_while)?,
            None => while !a_while() {},
        }
        self.waited(outcome)
    }
    /// As `wait`, for callers that hold locks: only this thread waits for the device.
    pub(super) fn wait_here(&self) -> Result<()> {
        self.waited(self.device.poll(PollType::wait_indefinitely()).map(drop))
    }
    fn waited(&self, outcome: std::result::Result<(), PollError>) -> Result<()> {
        self.pipelines.save_if_due();
        outcome.or_else(|e| self.fails(&e))?;
        self.check()
    }
    /// Waits until everything recorded so far is done, and raises what kernels reported.
    pub fn synchronize(&'static self) -> Result<()> {
        self.here()?;
        let checked = !self.recording.lock().suspects.is_empty();
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
        self.here()?;
        self.submit(&mut self.recording.lock());
        self.check()
    }
    /// Memory, with that of copies under way.
    pub fn stats(&self) -> Stats {
        let stats = self.pool.stats();
        Stats {
            staging: self.staging.bytes(),
            buffers: stats.buffers + self.staging.made.load(Ordering::Relaxed),
            ..stats
        }
    }
    pub fn reset_peak(&self) {
        self.pool.reset_peak();
    }
    pub fn reset_counts(&self) {
        self.pool.reset_counts();
        self.staging.made.store(0, Ordering::Relaxed);
    }
    /// Gives free memory back to the driver.
    pub fn empty_cache(&self) {
        self.pool.clear();
        self.empty_host_cache();
    }
    /// The same for what the host maps for copies.
    pub fn empty_host_cache(&self) {
        self.staging.clear();
    }
    /// Does what is left to be done before the process ends.
    pub fn close(&self) {
        if self.is_here() {
            self.pipelines.save();
        }
    }
}

impl Recording {
    pub(super) fn encoder(&mut self, device: &wgpu::Device) -> &mut CommandEncoder {
        self.encoder.get_or_insert_with(|| device.create_command_encoder(&Default::default()))
    }
    pub(super) fn pass(&mut self, device: &wgpu::Device) -> &mut ComputePass<'static> {
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
    fn an_invalid_kernel_and_a_lost_device_are_errors_and_the_process_lives() {
        let Ok(gpu) = gpu(0) else {
            println!("skipped: {}", adapter::missing(0));
            assert!(std::env::var_os("RUSTTORCH_GPU_REQUIRED").is_none(), "an adapter is required");
            return;
        };
        let inside = device::Inside::new(device::Device::Gpu(0), "an_op", None);
        const BROKEN: crate::gpu::Shader = crate::gpu::Shader {
            name: "broken",
            text: "@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }",
            functions: &[],
            guarded: false,
            narrow: false,
            complex: false,
        };
        for _ in 0..2 {
            let e = crate::gpu::Call::new(gpu, &BROKEN).grid([1, 1, 1]).expect_err("the file is no WGSL");
            assert!(e.message.starts_with("GPU error in or before an_op") && e.message.contains("broken"), "{e}");
        }
        drop(inside);
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
