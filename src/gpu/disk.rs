//! Compiled kernels kept in a file of the user's cache folder, where the driver can hand them out (Vulkan).
use parking_lot::Mutex;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long after the last save a wait for the device is used for the next one.
const SELDOM: Duration = Duration::from_secs(2);

pub(super) struct Cache {
    cache: wgpu::PipelineCache,
    path: PathBuf,
    unsaved: AtomicUsize,
    saved: Mutex<Saved>,
}
#[derive(Default)]
struct Saved {
    at: Option<Instant>,
    bytes: usize,
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

/// The bytes after their checksum, which tells a file that was cut or damaged: a driver may believe what it is handed.
fn sealed(data: &[u8]) -> Vec<u8> {
    [&checksum(data), data].concat()
}
fn unsealed(file: Vec<u8>) -> Option<Vec<u8>> {
    let (sum, data) = file.split_first_chunk()?;
    (*sum == checksum(data)).then(|| data.to_vec())
}
fn checksum(data: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    hasher.write(data);
    hasher.finish().to_le_bytes()
}

impl Cache {
    /// `None` where the backend has no such cache, or no folder can be had.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let key = wgpu::util::pipeline_cache_key(info)?;
        let path = folder()?.join(format!("{key}-{}", env!("CARGO_PKG_VERSION")));
        let data = std::fs::read(&path).ok().and_then(unsealed);
        // SAFETY: the file was written by `save` from `get_data` of a cache with this very key, which names backend,
        // vendor and device; what does not fit the driver is dropped (`fallback`).
        let cache = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: None,
                data: data.as_deref(),
                fallback: true,
            })
        };
        let saved = Mutex::new(Saved { at: None, bytes: data.map_or(0, |d| d.len()) });
        Some(Self { cache, path, unsaved: AtomicUsize::new(0), saved })
    }
    pub fn cache(&self) -> &wgpu::PipelineCache {
        &self.cache
    }
    /// Counts a kernel that was compiled.
    pub fn note_new(&self) {
        self.unsaved.fetch_add(1, Ordering::Relaxed);
    }
    /// Saves new kernels, if that was not done a moment ago: for a time when the program waits anyway.
    pub fn save_if_due(&self) {
        let new = self.unsaved.load(Ordering::Relaxed) > 0;
        if new && self.saved.lock().at.is_none_or(|at| at.elapsed() > SELDOM) {
            self.save();
        }
    }
    /// Writes beside the file and renames, so that a reader never sees half of one. A cache that cannot be written costs
    /// time only, so that is no error.
    pub fn save(&self) {
        let mut saved = self.saved.lock();
        if self.unsaved.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        saved.at = Some(Instant::now());
        let (Some(data), Some(folder)) = (self.cache.get_data(), self.path.parent()) else { return };
        if data.len() == saved.bytes {
            return; // all of it was found there
        }
        saved.bytes = data.len();
        let beside = self.path.with_extension(format!("{}", std::process::id()));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&beside, sealed(&data)))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_damaged_or_cut_is_not_handed_to_the_driver() {
        let data: Vec<u8> = (0..200).collect();
        let file = sealed(&data);
        assert_eq!(unsealed(file.clone()), Some(data));
        for k in 0..file.len() {
            let mut damaged = file.clone();
            damaged[k] ^= 4;
            assert_eq!(unsealed(damaged), None, "byte {k}");
            assert_eq!(unsealed(file[..k].to_vec()), None, "{k} bytes");
        }
    }
}
