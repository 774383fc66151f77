//! Adapters: which there are, in what order, what they can do and what they cannot store.
use crate::dtype::DType;
use crate::error::Result;
use std::sync::OnceLock;
use wgpu::{DeviceType, Features, Limits};

/// What is asked of a device where its adapter has it.
const WANTED: Features = Features::SHADER_F16
    .union(Features::SHADER_INT64)
    .union(Features::SHADER_INT64_ATOMIC_ALL_OPS)
    .union(Features::SHADER_F64)
    .union(Features::SHADER_FLOAT32_ATOMIC)
    .union(Features::SUBGROUP)
    .union(Features::TIMESTAMP_QUERY)
    .union(Features::TIMESTAMP_QUERY_INSIDE_PASSES)
    .union(Features::PIPELINE_CACHE);

/// What the kernels depend on.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    pub f16: bool,
    pub int64: bool,
    /// float64 in memory and in kernels; its functions take numbers apart as 64-bit integers.
    pub f64: bool,
    /// Words of 64 bits are compared and exchanged, by which float64 is added atomically.
    pub wide_atomics: bool,
    /// Numbers of float32 are added atomically by one instruction.
    pub float_atomics: bool,
    pub subgroup: bool,
    pub timestamps: bool,
    /// The most bytes that a kernel can see of one tensor.
    pub max_binding: u64,
    pub max_groups: u32,
    /// Where a piece of a buffer may begin.
    pub alignment: u64,
}

impl Abilities {
    fn of(features: Features, limits: &Limits) -> Self {
        Self {
            f16: features.contains(Features::SHADER_F16),
            int64: features.contains(Features::SHADER_INT64),
            f64: features.contains(Features::SHADER_F64 | Features::SHADER_INT64),
            wide_atomics: features.contains(Features::SHADER_INT64_ATOMIC_ALL_OPS),
            float_atomics: features.contains(Features::SHADER_FLOAT32_ATOMIC),
            subgroup: features.contains(Features::SUBGROUP),
            timestamps: features.contains(Features::TIMESTAMP_QUERY | Features::TIMESTAMP_QUERY_INSIDE_PASSES),
            max_binding: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
            max_groups: limits.max_compute_workgroups_per_dimension,
            alignment: u64::from(limits.min_storage_buffer_offset_alignment).max(256),
        }
    }
    /// The one place that says what a device cannot store.
    pub fn check(&self, dtype: DType, device: crate::device::Device) -> Result<()> {
        let (lack, instead) = match dtype {
            DType::F64 if !self.f64 => ("this GPU has no such type (feature shader-f64)", "float32"),
            DType::C64 | DType::C128 => ("shaders have no such type", "its real and imaginary parts"),
            _ => return Ok(()),
        };
        bail!(Type, "Cannot convert a tensor to {} on {device}: {lack}. Please use {instead} instead.", dtype.name())
    }
}

/// What is known of an adapter before it is opened.
pub struct Description {
    pub name: String,
    pub kind: &'static str,
    pub backend: String,
    pub driver: String,
    pub features: Vec<&'static str>,
    pub limits: Vec<(&'static str, u64)>,
}

fn instance() -> &'static wgpu::Instance {
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        let mut wanted = wgpu::InstanceDescriptor::new_without_display_handle();
        wanted.backends = wgpu::Backends::PRIMARY;
        wgpu::Instance::new(wanted)
    })
}

/// How much an adapter is preferred: the fast ones first.
fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// All adapters that can run the kernels, best first; the one that `RUSTTORCH_ADAPTER` names (by number or by a part of
/// its name) before all others.
pub fn adapters() -> &'static [wgpu::Adapter] {
    static ADAPTERS: OnceLock<Vec<wgpu::Adapter>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let mut all = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY));
        all.retain(|a| a.features().contains(Features::IMMEDIATES) && a.limits().max_immediate_size >= 128);
        all.sort_by_key(|a| rank(a.get_info().device_type));
        if let Ok(wish) = std::env::var("RUSTTORCH_ADAPTER") {
            let by_name = |a: &wgpu::Adapter| a.get_info().name.to_lowercase().contains(&wish.to_lowercase());
            match wish.parse::<usize>().ok().filter(|i| *i < all.len()).or_else(|| all.iter().position(by_name)) {
                Some(i) => all[..=i].rotate_right(1),
                None => all.clear(), // a wish that cannot be met: `missing` names it
            }
        }
        all
    })
}

/// Why there is no adapter of this number.
pub fn missing(index: usize) -> String {
    let all = adapters();
    match std::env::var("RUSTTORCH_ADAPTER") {
        Ok(wish) if all.is_empty() => {
            format!("no adapter is number or named '{wish}', which RUSTTORCH_ADAPTER asks for")
        }
        _ if all.is_empty() => {
            "no GPU was found: no driver for Vulkan, Metal or DirectX 12 offers an adapter. On Debian \
                                the package mesa-vulkan-drivers has one that runs on the CPU"
                .to_string()
        }
        _ => format!("there is no device wgpu:{index}: {} found, numbered from 0", all.len()),
    }
}

pub fn describe(adapter: &wgpu::Adapter) -> Description {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => "discrete GPU",
        DeviceType::IntegratedGpu => "integrated GPU",
        DeviceType::VirtualGpu => "virtual GPU",
        DeviceType::Cpu => "CPU",
        DeviceType::Other => "other",
    };
    let names = [
        ("shader-f16", Features::SHADER_F16),
        ("shader-int64", Features::SHADER_INT64),
        ("shader-f64", Features::SHADER_F64),
        ("subgroup", Features::SUBGROUP),
        ("immediates", Features::IMMEDIATES),
        ("timestamp-query", Features::TIMESTAMP_QUERY),
        ("pipeline-cache", Features::PIPELINE_CACHE),
    ];
    Description {
        name: info.name,
        kind,
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
        features: names.into_iter().filter(|(_, f)| features.contains(*f)).map(|(n, _)| n).collect(),
        limits: vec![
            ("max_buffer_size", limits.max_buffer_size),
            ("max_storage_buffer_binding_size", limits.max_storage_buffer_binding_size),
            ("max_compute_workgroup_storage_size", limits.max_compute_workgroup_storage_size.into()),
            ("max_compute_invocations_per_workgroup", limits.max_compute_invocations_per_workgroup.into()),
            ("max_immediate_size", limits.max_immediate_size.into()),
        ],
    }
}

/// Opens an adapter with all it has of what is wanted.
pub fn open(adapter: &wgpu::Adapter) -> Result<(wgpu::Device, wgpu::Queue, Abilities)> {
    let features = adapter.features() & WANTED | Features::IMMEDIATES;
    let limits = adapter.limits();
    let wanted = wgpu::DeviceDescriptor {
        label: Some("rusttorch"),
        required_features: features,
        required_limits: limits.clone(),
        ..Default::default()
    };
    match pollster::block_on(adapter.request_device(&wanted)) {
        Ok((device, queue)) => Ok((device, queue, Abilities::of(features, &limits))),
        Err(e) => bail!("the GPU '{}' could not be opened: {e}", adapter.get_info().name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;

    #[test]
    fn what_a_device_cannot_store_depends_on_its_features() {
        let of = |features| Abilities::of(features, &Limits::default());
        let (plain, wide) = (of(Features::SHADER_F64), of(Features::SHADER_F64 | Features::SHADER_INT64));
        assert!(wide.check(DType::F64, Device::Gpu(0)).is_ok());
        let refusal = plain.check(DType::F64, Device::Gpu(0)).unwrap_err().message;
        assert!(
            refusal.contains("Cannot convert a tensor to float64 on wgpu:0") && refusal.contains("float32 instead")
        );
        assert!(wide.check(DType::C64, Device::Gpu(0)).is_err() && plain.check(DType::I64, Device::Gpu(0)).is_ok());
    }
}
