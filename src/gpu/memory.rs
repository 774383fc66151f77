//! The bytes of a tensor that lives on a GPU: not yet anywhere, on the device, or on the host until a kernel wants them.
//!
//! Host code may write fresh memory (numbers from a random stream, a range, a list): a kernel that reads it has it
//! uploaded first. Host code that wants to read what is on the device runs on the CPU what belongs on the GPU, which is
//! refused, or with `RUSTTORCH_GPU_FALLBACK=1` allowed with a warning. Deliberate copies (`item`, `cpu`) are `read`.
use super::pool::Slice;
use super::queue::{Gpu, gpu};
use crate::device::{self, Device};
use crate::error::{Error, Kind, Result};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Host memory in lines of cache, as kernels of the CPU like it.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]);

enum State {
    Fresh,
    Host(Vec<Line>),
    Device(Arc<Slice>),
}

pub struct Block {
    gpu: &'static Gpu,
    nbytes: usize,
    state: Mutex<State>,
}

impl Block {
    /// Memory of any content on a device.
    pub fn new(index: u8, nbytes: usize) -> Result<Self> {
        let gpu = gpu(index)?;
        gpu.check_size(nbytes)?;
        gpu.pool.promise(nbytes);
        Ok(Self { gpu, nbytes, state: Mutex::new(State::Fresh) })
    }
    pub fn device(&self) -> Device {
        Device::Gpu(self.gpu.index)
    }
    pub fn gpu(&self) -> &'static Gpu {
        self.gpu
    }
    /// The bytes for host code to read and write: until a kernel wants them, they are there and nowhere else.
    pub fn host(&self) -> Result<*mut u8> {
        let mut state = self.state.lock();
        match &mut *state {
            State::Host(lines) => return Ok(lines.as_mut_ptr().cast()),
            State::Fresh => *state = State::Host(zeros(self.nbytes)?),
            State::Device(slice) => {
                allow_fallback(self.device())?;
                let mut lines = zeros(self.nbytes)?;
                // SAFETY: as many bytes as the lines have.
                let bytes = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<u8>(), self.nbytes) };
                self.gpu.download_here(slice, 0, bytes)?;
                self.gpu.pool.promise(self.nbytes);
                *state = State::Host(lines);
            }
        }
        match &mut *state {
            State::Host(lines) => Ok(lines.as_mut_ptr().cast()),
            _ => unreachable!("set above"),
        }
    }
    /// The bytes for a kernel.
    pub fn slice(&self) -> Result<Arc<Slice>> {
        let mut state = self.state.lock();
        if let State::Device(slice) = &*state {
            return Ok(slice.clone());
        }
        let pool = &self.gpu.pool;
        pool.keep_promise(self.nbytes);
        let slice = pool.take(self.gpu, self.nbytes).inspect_err(|_| pool.promise(self.nbytes))?;
        if let State::Host(lines) = &*state {
            // SAFETY: the lines hold this many bytes.
            let bytes = unsafe { std::slice::from_raw_parts(lines.as_ptr().cast::<u8>(), self.nbytes) };
            self.gpu.upload(&slice, 0, bytes).inspect_err(|_| pool.promise(self.nbytes))?;
        }
        let slice = Arc::new(slice);
        *state = State::Device(slice.clone());
        Ok(slice)
    }
    /// Whether the bytes are on the device now.
    pub fn is_there(&self) -> bool {
        matches!(&*self.state.lock(), State::Device(_))
    }
    /// Copies bytes out, waiting for what writes them.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        let state = self.state.lock();
        match &*state {
            State::Fresh => bytes.fill(0),
            State::Host(lines) => {
                // SAFETY: the lines hold `nbytes` bytes.
                let all = unsafe { std::slice::from_raw_parts(lines.as_ptr().cast::<u8>(), self.nbytes) };
                bytes.copy_from_slice(&all[offset..offset + bytes.len()]);
            }
            State::Device(slice) => {
                let slice = slice.clone();
                drop(state);
                self.gpu.download(&slice, offset as u64, bytes)?;
            }
        }
        Ok(())
    }
    /// The bytes that only the host has, if that is so: a kernel may be given a number of them without an upload.
    pub fn on_host(&self, offset: usize, bytes: &mut [u8]) -> bool {
        match &*self.state.lock() {
            State::Host(lines) => {
                // SAFETY: the lines hold `nbytes` bytes.
                let all = unsafe { std::slice::from_raw_parts(lines.as_ptr().cast::<u8>(), self.nbytes) };
                bytes.copy_from_slice(&all[offset..offset + bytes.len()]);
                true
            }
            _ => false,
        }
    }
    /// Overwrites all bytes: nothing needs to be read or uploaded yet.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.gpu.here()?;
        let mut lines = zeros(self.nbytes)?;
        // SAFETY: the lines hold `nbytes` bytes.
        let all = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<u8>(), self.nbytes) };
        all.copy_from_slice(bytes);
        let mut state = self.state.lock();
        if matches!(&*state, State::Device(_)) {
            self.gpu.pool.promise(self.nbytes);
        }
        *state = State::Host(lines);
        Ok(())
    }
}
impl Drop for Block {
    fn drop(&mut self) {
        if !matches!(self.state.get_mut(), State::Device(_)) {
            self.gpu.pool.keep_promise(self.nbytes);
        }
    }
}

fn zeros(nbytes: usize) -> Result<Vec<Line>> {
    let (mut lines, n) = (Vec::new(), nbytes.div_ceil(64));
    if lines.try_reserve_exact(n).is_err() {
        return Err(device::no_memory(nbytes as u64, "on the host"));
    }
    lines.resize(n, Line([0; 64]));
    Ok(lines)
}

/// Bytes of the host as memory of a device, for kernels to read: a call that would write them is refused.
pub fn temporary(gpu: &'static Gpu, bytes: &[u8]) -> Result<Arc<Slice>> {
    let mut slice = gpu.pool.take(gpu, bytes.len())?;
    gpu.upload(&slice, 0, bytes)?;
    slice.copied = true;
    Ok(Arc::new(slice))
}
/// Memory of any content for one call.
pub fn scratch(gpu: &'static Gpu, nbytes: usize) -> Result<Arc<Slice>> {
    Ok(Arc::new(gpu.pool.take(gpu, nbytes)?))
}

/// Ops that ran on the CPU for want of a kernel and of which the user has not been told yet.
static UNTOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ANY_UNTOLD: AtomicBool = AtomicBool::new(false);

/// The warnings that have gathered: one for each op, ever.
pub fn take_warnings() -> Vec<String> {
    if !ANY_UNTOLD.load(Ordering::Relaxed) || !ANY_UNTOLD.swap(false, Ordering::Relaxed) {
        return vec![];
    }
    std::mem::take(&mut *UNTOLD.lock())
}

/// Whether the op in progress, which has no kernel, may run on the CPU; the user is told once for each op.
pub fn allow_fallback(on: Device) -> Result<()> {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    let op = device::op();
    if !*ALLOWED.get_or_init(|| std::env::var("RUSTTORCH_GPU_FALLBACK").is_ok_and(|v| v == "1")) {
        let of = device::dtype().map_or(String::new(), |d| format!(" and {}", d.name()));
        let message = format!(
            "The operator '{op}' is not implemented for the device '{on}'{of}. Set the environment variable \
             RUSTTORCH_GPU_FALLBACK=1 before the program starts to run it on the CPU instead (which is slower than an op \
             on the device), or move its tensors with .cpu()"
        );
        return Err(Error::new(Kind::NotImplemented, message));
    }
    static TOLD: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    if TOLD.lock().get_or_insert_default().insert(op) {
        UNTOLD.lock().push(format!(
            "The operator '{op}' is not implemented for the device '{on}' and runs on the CPU \
             (RUSTTORCH_GPU_FALLBACK=1): its tensors are copied there and back"
        ));
        ANY_UNTOLD.store(true, Ordering::Relaxed);
    }
    Ok(())
}
