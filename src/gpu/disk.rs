//! Compiled kernels kept in a file of the user's cache folder, where the driver can hand them out (Vulkan).
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// New kernels after which the file is written anew.
const EVERY: usize = 32;

pub(super) struct Cache {
    cache: wgpu::PipelineCache,
    path: PathBuf,
    new: AtomicUsize,
}

/// `$XDG_CACHE_HOME/rusttorch`, or the platform's like.
fn folder() -> Option<PathBuf> {
    let home = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base =
        home("RUSTTORCH_CACHE").or_else(|| home("XDG_CACHE_HOME")).or_else(|| home("LOCALAPPDATA")).or_else(|| {
            home("HOME").map(|h| h.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        })?;
    Some(base.join("rusttorch"))
}

impl Cache {
    /// `None` where the backend has no such cache, or no folder can be had.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let key = wgpu::util::pipeline_cache_key(info)?;
        let path = folder()?.join(format!("{key}-{}", env!("CARGO_PKG_VERSION")));
        let data = std::fs::read(&path).ok();
        // SAFETY: the file was written by `save` from `get_data` of a cache with this very key, which names backend,
        // vendor and device; what does not fit the driver is dropped (`fallback`).
        let cache = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: None,
                data: data.as_deref(),
                fallback: true,
            })
        };
        Some(Self { cache, path, new: AtomicUsize::new(0) })
    }
    pub fn cache(&self) -> &wgpu::PipelineCache {
        &self.cache
    }
    /// Counts a kernel that was compiled. Now and then all are written, so that no exit handler is needed.
    pub fn note_new(&self) {
        let n = self.new.fetch_add(1, Ordering::Relaxed) + 1;
        if n == 4 || n.is_multiple_of(EVERY) {
            self.save();
        }
    }
    /// Writes beside the file and renames, so that a reader never sees half of one. A cache that cannot be written costs
    /// time only, so that is no error.
    fn save(&self) {
        let (Some(data), Some(folder)) = (self.cache.get_data(), self.path.parent()) else { return };
        let beside = self.path.with_extension(format!("{}", std::process::id()));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&beside, data))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
    }
}
