//! GPU memory: a cache of freed pieces by size, small ones cut from slabs, with the statistics that users ask for.
use super::queue::Gpu;
use crate::error::{Error, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pieces up to this size are cut from slabs.
const SMALL: u64 = 64 << 10;
const SLAB: u64 = 1 << 20;

/// A piece of a buffer. Dropping it lets the next piece of its size have it: work on one queue is in order.
pub struct Slice {
    gpu: &'static Gpu,
    pub(super) buffer: wgpu::Buffer,
    pub(super) offset: u64,
    /// Bytes of this piece: a multiple of 16, at least what was asked for.
    pub(super) capacity: u64,
    /// It holds a copy of memory that lies elsewhere, where nobody would see what a kernel writes here.
    pub(super) copied: bool,
}

impl Slice {
    pub fn gpu(&self) -> &'static Gpu {
        self.gpu
    }
    pub(super) fn binding(&self) -> wgpu::BufferBinding<'_> {
        wgpu::BufferBinding { buffer: &self.buffer, offset: self.offset, size: wgpu::BufferSize::new(self.capacity) }
    }
}
impl Drop for Slice {
    fn drop(&mut self) {
        if !self.gpu.is_here() {
            std::mem::forget(self.buffer.clone()); // a forked child leaves the driver alone
            return;
        }
        let piece = Piece { buffer: self.buffer.clone(), offset: self.offset };
        let mut pool = self.gpu.pool.inner.lock();
        pool.stats.allocated -= self.capacity;
        pool.free.entry(self.capacity).or_default().push(piece);
    }
}

struct Piece {
    buffer: wgpu::Buffer,
    offset: u64,
}

/// Bytes in use, bytes held, and what they were at most; how often memory was asked for and how often made. Tensors whose
/// bytes are still with the host count as those that are on the device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    pub allocated: u64,
    pub reserved: u64,
    pub max_allocated: u64,
    pub max_reserved: u64,
    pub requests: u64,
    pub buffers: u64,
    /// Bytes of the buffers that the host maps for copies.
    pub staging: u64,
}

#[derive(Default)]
pub(super) struct Pool {
    inner: Mutex<Inner>,
    /// Bytes of tensors that have no memory on the device yet.
    promised: AtomicU64,
}
#[derive(Default)]
struct Inner {
    free: HashMap<u64, Vec<Piece>>,
    stats: Stats,
}

/// The size class of a request: powers of two for small ones; above, four steps for each power of two.
pub(super) fn class(nbytes: u64) -> u64 {
    let n = nbytes.max(256);
    let power = n.next_power_of_two();
    if n <= SMALL {
        return power;
    }
    let step = power / 8;
    n.div_ceil(step) * step
}

impl Pool {
    /// At least `nbytes` of any content.
    pub(super) fn take(&self, gpu: &'static Gpu, nbytes: usize) -> Result<Slice> {
        let capacity = class(nbytes as u64);
        gpu.here()?;
        gpu.check_size(nbytes)?;
        let capacity = capacity.min(gpu.abilities.max_binding / 16 * 16).max(nbytes.next_multiple_of(16) as u64);
        let mut inner = self.inner.lock();
        inner.stats.requests += 1;
        let piece = match inner.free.get_mut(&capacity).and_then(Vec::pop) {
            Some(piece) => piece,
            None => inner.make(gpu, capacity)?,
        };
        inner.stats.allocated += capacity;
        let allocated = inner.stats.allocated + self.promised.load(Ordering::Relaxed);
        inner.stats.max_allocated = inner.stats.max_allocated.max(allocated);
        Ok(Slice { gpu, buffer: piece.buffer, offset: piece.offset, capacity, copied: false })
    }
    /// A tensor will want so many bytes.
    pub(super) fn promise(&self, nbytes: usize) {
        self.promised.fetch_add(class(nbytes as u64), Ordering::Relaxed);
    }
    /// It has been given them, or wants them no more.
    pub(super) fn keep_promise(&self, nbytes: usize) {
        self.promised.fetch_sub(class(nbytes as u64), Ordering::Relaxed);
    }
    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.inner.lock().stats;
        let promised = self.promised.load(Ordering::Relaxed);
        stats.allocated += promised;
        stats.reserved += promised;
        stats.max_allocated = stats.max_allocated.max(stats.allocated);
        stats.max_reserved = stats.max_reserved.max(stats.reserved);
        stats
    }
    pub(super) fn reset_peak(&self) {
        let promised = self.promised.load(Ordering::Relaxed);
        let stats = &mut self.inner.lock().stats;
        (stats.max_allocated, stats.max_reserved) = (stats.allocated + promised, stats.reserved + promised);
    }
    /// Begins to count requests and buffers anew.
    pub(super) fn reset_counts(&self) {
        let stats = &mut self.inner.lock().stats;
        (stats.requests, stats.buffers) = (0, 0);
    }
    /// Gives back to the driver what nobody uses: whole buffers, and slabs of which every piece is free.
    pub(super) fn clear(&self) {
        self.inner.lock().clear();
    }
}

impl Inner {
    fn make(&mut self, gpu: &'static Gpu, capacity: u64) -> Result<Piece> {
        let size = if capacity <= SMALL { SLAB } else { capacity };
        let buffer = match gpu.create_buffer(size) {
            Ok(buffer) => buffer,
            Err(_) => {
                self.clear();
                gpu.create_buffer(size).map_err(|e| self.exhausted(e))?
            }
        };
        self.stats.buffers += 1;
        self.stats.reserved += size;
        self.stats.max_reserved = self.stats.max_reserved.max(self.stats.reserved);
        let others = (1..size / capacity).rev().map(|i| Piece { buffer: buffer.clone(), offset: i * capacity });
        self.free.entry(capacity).or_default().extend(others);
        Ok(Piece { buffer, offset: 0 })
    }
    /// The error of an allocation, with what is held.
    fn exhausted(&self, e: Error) -> Error {
        let held = format!("{} bytes are in use and {} held by rusttorch", self.stats.allocated, self.stats.reserved);
        Error { message: format!("{}; {held}", e.message), ..e }
    }
    fn clear(&mut self) {
        let stats = &mut self.stats;
        for (capacity, pieces) in &mut self.free {
            let per_buffer = if *capacity <= SMALL { SLAB / capacity } else { 1 };
            #[allow(clippy::mutable_key_type)] // a buffer is equal to itself, whatever happens inside
            let mut count: HashMap<wgpu::Buffer, u64> = HashMap::new();
            for piece in pieces.iter() {
                *count.entry(piece.buffer.clone()).or_default() += 1;
            }
            pieces.retain(|piece| count[&piece.buffer] < per_buffer);
            stats.reserved -= count.values().filter(|n| **n == per_buffer).count() as u64 * capacity * per_buffer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_was_asked_for_and_return_to_themselves() {
        for n in (1..3000).chain([SMALL, SMALL + 1, 1 << 20, (1 << 20) + 1, 3 << 30]) {
            let c = class(n);
            assert!(c >= n && c.is_multiple_of(16), "{n}: {c}");
            assert!(n <= SMALL || c <= n + n / 4, "{n} took {c}");
            assert_eq!(class(c), c, "{n}");
        }
    }
}
