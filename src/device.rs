//! Where a tensor lives, and where the op in progress makes its results.
use crate::dtype::DType;
use crate::error::{Error, Kind, Result};
use std::cell::Cell;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    #[default]
    Cpu,
    /// The n-th adapter, best first.
    Gpu(u8),
}

impl Device {
    /// Reads `cpu`, `cpu:0`, `wgpu`, `gpu` or `gpu:1`; without a number it is this thread's current GPU. Does not ask whether
    /// there is such an adapter.
    pub fn parse(s: &str) -> Result<Self> {
        let (kind, index) = s.split_once(':').map_or((s, None), |(k, i)| (k, Some(i)));
        let index_ok = index.is_none_or(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_digit()));
        ensure!(index_ok, "Invalid device string: '{s}'");
        match kind {
            "cpu" => Ok(Device::Cpu),
            "wgpu" | "gpu" => match index.map_or(Ok(current_gpu()), str::parse) {
                Ok(i) => Ok(Device::Gpu(i)),
                Err(_) => bail!("Invalid device string: '{s}'"),
            },
            "cuda" => {
                bail!(
                    "rusttorch has no CUDA backend: use device='gpu', which is any vendor's GPU, or 'cpu' \
                     (torch.cuda.is_available() is False here)"
                )
            }
            "mps" | "xpu" | "hip" | "vulkan" | "meta" => {
                bail!(NotImplemented, "device '{kind}' is not available in rusttorch: use 'gpu' or 'cpu'")
            }
            _ => bail!(
                "Expected one of cpu, wgpu, gpu, cuda, mps, xpu, meta device type at start of device string: {kind}"
            ),
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
            Device::Gpu(_) => "wgpu",
        }
    }
    pub fn index(self) -> Option<usize> {
        match self {
            Device::Cpu => None,
            Device::Gpu(i) => Some(i as usize),
        }
    }
    pub fn is_gpu(self) -> bool {
        self != Device::Cpu
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Gpu(i) => write!(f, "wgpu:{i}"),
        }
    }
}

#[derive(Clone, Copy)]
struct Work {
    device: Device,
    op: &'static str,
    dtype: Option<DType>,
}
thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { device: Device::Cpu, op: "", dtype: None }) };
}

thread_local! {
    static DEFAULT: Cell<Option<Device>> = const { Cell::new(None) };
}
/// Where this thread makes tensors of nothing but numbers.
pub fn default() -> Device {
    DEFAULT.get().unwrap_or_default()
}
/// The same, if it was set.
pub fn default_if_set() -> Option<Device> {
    DEFAULT.get()
}
/// Sets it, or with `None` goes back to the CPU; what was set before.
pub fn set_default(device: Option<Device>) -> Option<Device> {
    DEFAULT.replace(device)
}

thread_local! {
    static GPU: Cell<u8> = const { Cell::new(0) };
}
/// The GPU that this thread means where none is numbered.
pub fn current_gpu() -> u8 {
    GPU.get()
}
pub fn set_current_gpu(index: u8) {
    GPU.set(index);
}

/// Where memory is made now.
#[inline]
pub fn current() -> Device {
    WORK.get().device
}
/// The op in progress on another device than the CPU, for messages.
pub fn op() -> &'static str {
    WORK.get().op
}

/// Memory that the op in progress cannot have.
pub fn no_memory(nbytes: u64, place: &str) -> Error {
    let message = format!("out of memory in {}: tried to allocate {nbytes} bytes {place}", op());
    Error::new(Kind::Memory, message)
}

/// The dtype that it works on, for messages, where that is known.
pub fn dtype() -> Option<DType> {
    WORK.get().dtype
}

/// While it lives, this thread's new memory is made on a device.
pub struct Inside(Work);
impl Inside {
    pub fn new(device: Device, op: &'static str, dtype: Option<DType>) -> Self {
        Inside(WORK.replace(Work { device, op, dtype }))
    }
    /// The device alone: the op stays.
    pub fn of(device: Device) -> Self {
        Self::new(device, op(), dtype())
    }
}
impl Drop for Inside {
    fn drop(&mut self) {
        WORK.set(self.0);
    }
}
