//! A tensor's data between the host and GPUs, and as a kernel of a GPU sees it.
use super::Tensor;
use crate::device::{Device, Inside};
use crate::dtype::{Element, Scalar};
use crate::error::Result;
use crate::gpu::{self, Gpu, Memory};
use crate::layout::Dims;

impl Tensor {
    /// The GPU where the data is, if it is on one.
    #[inline]
    pub fn gpu(&self) -> Option<&'static Gpu> {
        self.storage().block().map(|b| b.gpu())
    }
    /// `torch.FloatTensor`, `torch.wgpu.FloatTensor`: dtype and device as PyTorch names them together.
    pub fn type_name(&self) -> String {
        let place = if self.device().is_gpu() { format!("{}.", self.device().name()) } else { String::new() };
        format!("torch.{place}{}Tensor", self.dtype().scalar_name())
    }
    /// This tensor as a kernel's operand, in its own shape. What lies elsewhere is brought there for the call to read; a call
    /// that would write it is refused.
    pub fn on_gpu(&self, gpu: &'static Gpu) -> Result<Memory<'_>> {
        let slice = match self.storage().block() {
            Some(block) if std::ptr::eq(block.gpu(), gpu) => block.slice()?,
            _ => {
                gpu.abilities.check(self.dtype(), Device::Gpu(gpu.index))?;
                let mut bytes = vec![0; self.storage().nbytes()];
                self.storage().read(0, &mut bytes)?;
                gpu::temporary(gpu, &bytes)?
            }
        };
        Ok(Memory { slice, dtype: self.dtype(), strides: self.strides(), offset: self.layout().offset })
    }
    /// Whether nothing but this tensor's elements lies in the storage from their first one on, and they lie together.
    pub fn fills_storage(&self) -> bool {
        let end = (self.layout().offset + self.numel()) * self.dtype().size();
        self.layout().is_dense() && end == self.storage().nbytes()
    }
    /// The value of the only element, where the host knows it without waiting for a device.
    pub fn known_value(&self) -> Option<Scalar> {
        if self.numel() != 1 {
            return None;
        }
        if let Some(block) = self.storage().block() {
            let mut element = [0u8; 16];
            let size = self.dtype().size();
            if !block.on_host(self.layout().offset * size, &mut element[..size]) {
                return None;
            }
            return Some(dispatch!(all self.dtype(), T => {
                // SAFETY: 16 bytes hold an element of any type, and `size` of them were written.
                unsafe { element.as_ptr().cast::<T>().read_unaligned() }.scalar()
            }));
        }
        self.item().ok()
    }
    /// The data on a device: this very memory if it is there. Not recorded.
    pub fn moved_data(&self, device: Device) -> Result<Tensor> {
        if self.device() == device {
            return Ok(self.detach());
        }
        let y = {
            let _inside = Inside::of(device);
            Tensor::empty_as(self.layout().like(), self.dtype())?
        };
        copy(&y, self)?;
        Ok(y)
    }
}

/// Overwrites `y`, which or whose source is on a GPU, with `x` broadcast and cast.
pub(super) fn copy(y: &Tensor, x: &Tensor) -> Result<()> {
    if y.numel() == 0 {
        return Ok(());
    }
    // What only the host has is cast there: numbers are often made in float64, and go to the device as what they become.
    let made_here = |x: &Tensor| x.layout().is_dense() && x.storage().block().is_some_and(|b| !b.is_there());
    match (y.gpu(), x.gpu()) {
        (Some(_), Some(_)) if x.dtype() != y.dtype() && made_here(x) => copy(y, &x.moved_data(Device::Cpu)?),
        (Some(to), Some(from)) if std::ptr::eq(to, from) => {
            let strides = x.layout().broadcast_strides(y.shape());
            let x = Memory { strides: &strides, ..x.on_gpu(to)? };
            gpu::copy::copy(to, y.shape(), y.on_gpu(to)?, x, y.fills_storage())
        }
        (Some(_), Some(_)) => copy(y, &x.moved_data(Device::Cpu)?),
        (Some(to), None) => {
            let _inside = Inside::of(Device::Cpu);
            // The host casts, so that what a device cannot store need not go there.
            let x = x.cast_data(y.dtype())?;
            let bytes = host_bytes(&x);
            if x.shape() == y.shape() && y.is_contiguous() && bytes.len() == y.storage().nbytes() {
                return y.storage().block().expect("it is on a GPU").write(bytes);
            }
            let strides = x.layout().broadcast_strides(y.shape());
            let x = Memory { slice: gpu::temporary(to, bytes)?, dtype: x.dtype(), strides: &strides, offset: 0 };
            gpu::copy::copy(to, y.shape(), y.on_gpu(to)?, x, y.fills_storage())
        }
        (None, Some(from)) => {
            let dense = if x.layout().is_dense() {
                x.detach()
            } else {
                let _inside = Inside::of(Device::Gpu(from.index));
                let dense = Tensor::empty(x.shape(), x.dtype())?;
                copy(&dense, x)?;
                dense
            };
            let _inside = Inside::of(Device::Cpu);
            let size = x.dtype().size();
            let host = Tensor::empty_as(crate::layout::Layout { offset: 0, ..dense.layout().clone() }, x.dtype())?;
            // SAFETY: the storage is new and as long as it says.
            let bytes = unsafe { std::slice::from_raw_parts_mut(host.storage().ptr(), host.storage().nbytes()) };
            dense.storage().read(dense.layout().offset * size, bytes)?;
            y.copy_data(&host);
            Ok(())
        }
        (None, None) => unreachable!("callers look for a GPU first"),
    }
}

/// The bytes of a contiguous tensor of the host.
fn host_bytes(x: &Tensor) -> &[u8] {
    // SAFETY: contiguous, so these bytes lie in the storage; nobody writes them during the call.
    unsafe { std::slice::from_raw_parts(x.data_ptr(), x.numel() * x.dtype().size()) }
}

/// Overwrites every element of a tensor on a GPU.
pub(super) fn fill(y: &Tensor, value: Scalar) -> Result<()> {
    let Some(gpu) = y.gpu().filter(|_| y.numel() > 0) else { return Ok(()) };
    let size = y.dtype().size();
    if y.numel() == 1 && y.storage().nbytes() == size {
        // Stays with the host until a kernel wants it, which may then be given the number itself.
        let mut element = [0u8; 16];
        dispatch!(all y.dtype(), T => {
            // SAFETY: 16 bytes hold any element.
            unsafe { element.as_mut_ptr().cast::<T>().write_unaligned(T::of(value)) };
        });
        return y.storage().block().expect("it is on a GPU").write(&element[..size]);
    }
    // An element per place of memory is enough where several indices share one.
    let strides: Dims = y.strides().into();
    let memory = Memory { strides: &strides, ..y.on_gpu(gpu)? };
    gpu::copy::fill(gpu, y.shape(), memory, value, y.fills_storage())
}
