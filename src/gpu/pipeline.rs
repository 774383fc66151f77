//! Compiled kernels: one for each shader file, operands' dtypes and constants, kept while the process lives.
use super::prelude::{Constant, Type};
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;
use parking_lot::RwLock;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

/// What a kernel may do with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Read,
    /// Written element by element, through `store_x`.
    Write,
    /// Read, four elements by one load where they lie together, through `load4_x`.
    ReadFours,
    /// Written, four elements at a time, through `store4_x`.
    WriteFours,
    /// Written, or added to atomically.
    Add,
    /// Words that the file itself compares and exchanges.
    Atomic,
}

/// What decides the machine code of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub file: &'static str,
    pub guarded: bool,
    /// It computes in float64.
    pub wide: bool,
    /// The expression of an elementwise op and the names of its operands.
    pub expression: Option<(&'static str, &'static [&'static str])>,
    pub operands: SmallVec<[(DType, Type, Role); 6]>,
    pub constants: SmallVec<[(&'static str, Constant); 4]>,
}

pub(super) struct Layout {
    pub group: wgpu::BindGroupLayout,
    pipeline: wgpu::PipelineLayout,
}

/// As many storage buffers as a kernel may have.
pub const MAX_OPERANDS: usize = 16;

pub(super) struct Pipelines {
    made: RwLock<HashMap<Key, wgpu::ComputePipeline>>,
    layouts: [OnceLock<Layout>; MAX_OPERANDS + 1],
    disk: Option<super::disk::Cache>,
}

impl Pipelines {
    pub fn new(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Self {
        let layouts = [const { OnceLock::new() }; MAX_OPERANDS + 1];
        Self { made: RwLock::default(), layouts, disk: super::disk::Cache::open(device, info) }
    }
    /// Keeps new kernels for the next process, where that is due, or at once.
    pub fn save_if_due(&self) {
        self.disk.iter().for_each(super::disk::Cache::save_if_due);
    }
    pub fn save(&self) {
        self.disk.iter().for_each(super::disk::Cache::save);
    }
    pub fn layout(&self, device: &wgpu::Device, operands: usize) -> &Layout {
        self.layouts[operands].get_or_init(|| {
            let entries: Vec<_> = (0..operands as u32)
                .map(|binding| wgpu::BindGroupLayoutEntry {
                    binding,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Storage { read_only: false },
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                })
                .collect();
            let group =
                device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
            let pipeline = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&group)],
                immediate_size: 128,
            });
            Layout { group, pipeline }
        })
    }
    /// The kernel of this key, compiled from `source` if it is the first of its kind.
    pub fn get(&self, gpu: &Gpu, key: &Key, source: &dyn Fn() -> String) -> Result<wgpu::ComputePipeline> {
        if let Some(pipeline) = self.made.read().get(key) {
            return Ok(pipeline.clone());
        }
        let device = &gpu.device;
        let source = source();
        keep_source(key.file, &source);
        let text =
            wgpu::ShaderModuleDescriptor { label: Some(key.file), source: wgpu::ShaderSource::Wgsl(source.into()) };
        let module = if key.guarded {
            let checked = wgpu::ShaderRuntimeChecks::checked();
            let checks = wgpu::ShaderRuntimeChecks { bounds_checks: false, force_loop_bounding: false, ..checked };
            // SAFETY: the file compares what it indexes by with the sizes that it is given, which are those of its operands,
            // and its loops count up to numbers.
            unsafe { device.create_shader_module_trusted(text, checks) }
        } else {
            device.create_shader_module(text)
        };
        gpu.check()?;
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(key.file),
            layout: Some(&self.layout(device, key.operands.len()).pipeline),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: self.disk.as_ref().map(|d| d.cache()),
        });
        gpu.check()?;
        gpu.counts.pipelines.fetch_add(1, Ordering::Relaxed);
        if let Some(disk) = &self.disk {
            disk.note_new();
        }
        self.made.write().insert(key.clone(), pipeline.clone());
        Ok(pipeline)
    }
}

/// Writes what is compiled to the folder that `RUSTTORCH_GPU_SOURCES` names, for those who want to see what a driver was
/// given. Files that cannot be written are not missed by the program.
fn keep_source(file: &str, source: &str) {
    if let Some(folder) = std::env::var_os("RUSTTORCH_GPU_SOURCES") {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        let _ = std::fs::write(Path::new(&folder).join(format!("{file}-{:016x}.wgsl", hasher.finish())), source);
    }
}
