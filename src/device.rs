//! Where a tensor lives. One device today: the CPU.
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    #[default]
    Cpu,
}

impl Device {
    /// Reads `cpu` or `cpu:0`.
    pub fn parse(s: &str) -> Result<Self> {
        let (kind, index) = s.split_once(':').map_or((s, None), |(k, i)| (k, Some(i)));
        let index_ok = index.is_none_or(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_digit()));
        ensure!(index_ok, "Invalid device string: '{s}'");
        match kind {
            "cpu" => Ok(Device::Cpu),
            "cuda" => {
                bail!("rusttorch has no CUDA backend: use device='cpu' (torch.cuda.is_available() is False here)")
            }
            "mps" | "xpu" | "hip" | "vulkan" | "meta" | "wgpu" | "gpu" => {
                bail!(NotImplemented, "device '{kind}' is not available in this build of rusttorch: use 'cpu'")
            }
            _ => bail!("Expected one of cpu, cuda, mps, xpu, meta device type at start of device string: {kind}"),
        }
    }
    pub fn name(self) -> &'static str {
        "cpu"
    }
}
