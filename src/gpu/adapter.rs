//! Adapters: which there are, in what order, what they can do and what they cannot store.
use super::kernel::GROUP;
use super::pipeline::MAX_OPERANDS;
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

/// The names of features, as reports and `RUSTTORCH_GPU_WITHOUT` have them.
const NAMES: [(&str, Features); 10] = [
    ("shader-f16", Features::SHADER_F16),
    ("shader-int64", Features::SHADER_INT64),
    ("shader-int64-atomic-all-ops", Features::SHADER_INT64_ATOMIC_ALL_OPS),
    ("shader-f64", Features::SHADER_F64),
    ("shader-float32-atomic", Features::SHADER_FLOAT32_ATOMIC),
    ("subgroup", Features::SUBGROUP),
    ("immediates", Features::IMMEDIATES),
    ("timestamp-query", Features::TIMESTAMP_QUERY),
    ("timestamp-query-inside-passes", Features::TIMESTAMP_QUERY_INSIDE_PASSES),
    ("pipeline-cache", Features::PIPELINE_CACHE),
];

/// What `RUSTTORCH_GPU_WITHOUT` takes from every adapter: names with commas between them. For a driver that is wrong about
/// one, and to see here what a lesser adapter does.
fn without(names: &str) -> Result<Features> {
    let mut found = Features::empty();
    for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        match NAMES.iter().find(|(n, f)| *n == name && WANTED.contains(*f)) {
            Some((_, feature)) => found |= *feature,
            None => {
                let known = NAMES.iter().filter(|(_, f)| WANTED.contains(*f)).map(|(n, _)| *n);
                bail!(
                    Value,
                    "RUSTTORCH_GPU_WITHOUT: there is no feature '{name}' that can be done without: expected some of {}",
                    known.collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
    Ok(found)
}

/// What the kernels depend on.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    pub f16: bool,
    pub int64: bool,
    /// float64 in memory and in kernels; its functions take numbers apart as 64-bit integers.
    pub f64: bool,
    /// Words of 64 bits are compared and exchanged by one instruction, by which float64 is added atomically.
    pub int64_atomics: bool,
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
            int64_atomics: features.contains(Features::SHADER_INT64 | Features::SHADER_INT64_ATOMIC_ALL_OPS),
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
            DType::C128 if !self.f64 => ("this GPU has no such type (feature shader-f64)", "complex64"),
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

struct Found {
    adapters: Vec<wgpu::Adapter>,
    /// Those that cannot run the kernels, and why.
    unfit: Vec<String>,
}

/// What an adapter lacks that every kernel needs.
fn lack(features: Features, limits: &Limits) -> Option<String> {
    let least = [
        ("max_immediate_size", limits.max_immediate_size, 128),
        ("max_storage_buffers_per_shader_stage", limits.max_storage_buffers_per_shader_stage, MAX_OPERANDS as u32),
        ("max_compute_invocations_per_workgroup", limits.max_compute_invocations_per_workgroup, GROUP),
        ("max_compute_workgroup_storage_size", limits.max_compute_workgroup_storage_size, 16 << 10),
    ];
    if !features.contains(Features::IMMEDIATES) {
        return Some("it has no immediates".into());
    }
    let (name, has, wanted) = least.into_iter().find(|(_, has, wanted)| has < wanted)?;
    Some(format!("its {name} is {has}, and {wanted} are needed"))
}

/// Which of these names a wish means: a number counts from the front, anything else is a part of a name.
fn chosen(wish: &str, names: &[String]) -> Option<usize> {
    match wish.trim().parse::<usize>() {
        Ok(number) => Some(number).filter(|n| *n < names.len()),
        Err(_) => names.iter().position(|n| n.to_lowercase().contains(&wish.trim().to_lowercase())),
    }
}

fn found() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| {
        let all = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY));
        let mut found = Found { adapters: vec![], unfit: vec![] };
        for adapter in all {
            match lack(adapter.features(), &adapter.limits()) {
                Some(why) => found.unfit.push(format!("'{}' cannot run the kernels: {why}", adapter.get_info().name)),
                None => found.adapters.push(adapter),
            }
        }
        let adapters = &mut found.adapters;
        adapters.sort_by_key(|a| rank(a.get_info().device_type));
        if let Ok(wish) = std::env::var("RUSTTORCH_ADAPTER") {
            let names: Vec<String> = adapters.iter().map(|a| a.get_info().name).collect();
            match chosen(&wish, &names) {
                Some(i) => adapters[..=i].rotate_right(1),
                None => adapters.clear(), // a wish that cannot be met: `missing` names it
            }
        }
        found
    })
}

/// All adapters that can run the kernels, best first; the one that `RUSTTORCH_ADAPTER` names (by number or by a part of
/// its name) before all others.
pub fn adapters() -> &'static [wgpu::Adapter] {
    &found().adapters
}

/// Why there is no adapter of this number.
pub fn missing(index: usize) -> String {
    let Found { adapters, unfit } = found();
    match std::env::var("RUSTTORCH_ADAPTER") {
        Ok(wish) if adapters.is_empty() => {
            format!("no adapter is number or named '{wish}', which RUSTTORCH_ADAPTER asks for")
        }
        _ if adapters.is_empty() && !unfit.is_empty() => format!("no GPU can be used: {}", unfit.join("; ")),
        _ if adapters.is_empty() => {
            "no GPU was found: no driver for Vulkan, Metal or DirectX 12 offers an adapter. On Debian \
                                the package mesa-vulkan-drivers has one that runs on the CPU"
                .to_string()
        }
        _ => format!("there is no device wgpu:{index}: {} found, numbered from 0", adapters.len()),
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
    Description {
        name: info.name,
        kind,
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
        features: NAMES.into_iter().filter(|(_, f)| features.contains(*f)).map(|(n, _)| n).collect(),
        limits: vec![
            ("max_buffer_size", limits.max_buffer_size),
            ("max_storage_buffer_binding_size", limits.max_storage_buffer_binding_size),
            ("max_compute_workgroup_storage_size", limits.max_compute_workgroup_storage_size.into()),
            ("max_compute_invocations_per_workgroup", limits.max_compute_invocations_per_workgroup.into()),
            ("max_compute_workgroups_per_dimension", limits.max_compute_workgroups_per_dimension.into()),
            ("max_storage_buffers_per_shader_stage", limits.max_storage_buffers_per_shader_stage.into()),
            ("min_storage_buffer_offset_alignment", limits.min_storage_buffer_offset_alignment.into()),
            ("max_immediate_size", limits.max_immediate_size.into()),
        ],
    }
}

/// Opens an adapter with all it has of what is wanted.
pub fn open(adapter: &wgpu::Adapter) -> Result<(wgpu::Device, wgpu::Queue, Abilities)> {
    let less = without(&std::env::var("RUSTTORCH_GPU_WITHOUT").unwrap_or_default())?;
    let features = (adapter.features() & WANTED).difference(less) | Features::IMMEDIATES;
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
        let less = without("shader-f64, subgroup,").unwrap();
        assert_eq!(less, Features::SHADER_F64 | Features::SUBGROUP);
        assert!(
            without("immediates").unwrap_err().message.contains("no feature 'immediates' that can be done without")
        );
        assert!(wide.check(DType::C128, Device::Gpu(0)).is_ok() && plain.check(DType::I64, Device::Gpu(0)).is_ok());
        let refusal = plain.check(DType::C128, Device::Gpu(0)).unwrap_err().message;
        assert!(refusal.contains("complex64 instead") && plain.check(DType::C64, Device::Gpu(0)).is_ok());
    }
    #[test]
    fn a_number_is_never_taken_for_a_part_of_a_name() {
        let names = ["llvmpipe (256 bits)".to_string(), "RTX 4090".to_string()];
        assert_eq!(
            ["1", " 0", "rtx", "LLVM", ""].map(|w| chosen(w, &names)),
            [Some(1), Some(0), Some(1), Some(0), Some(0)]
        );
        assert_eq!(["2", "4090", "5", "amd"].map(|w| chosen(w, &names)), [None; 4]);
    }

    #[test]
    fn an_adapter_that_cannot_run_the_kernels_is_told_apart_by_what_it_lacks() {
        let enough = Limits { max_immediate_size: 128, max_storage_buffers_per_shader_stage: 16, ..Limits::default() };
        assert_eq!(lack(Features::IMMEDIATES, &enough), None);
        assert!(lack(Features::empty(), &enough).unwrap().contains("immediates"));
        let few = Limits { max_storage_buffers_per_shader_stage: 8, ..enough };
        assert_eq!(
            lack(Features::IMMEDIATES, &few).unwrap(),
            "its max_storage_buffers_per_shader_stage is 8, and 16 are needed"
        );
    }
}
