//! GPU memory: a cache of freed pieces by size, small ones cut from slabs, with the statistics that users ask for.
use super::queue::Gpu;
use crate::device;
use crate::error::{Error, Result};
use parking_lot::Mutex;
use std::collections::HashMap;

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
        let piece = Piece { buffer: self.buffer.clone(), offset: self.offset };
        let mut pool = self.gpu.pool.0.lock();
        pool.stats.allocated -= self.capacity;
        pool.free.entry(self.capacity).or_default().push(piece);
    }
}

struct Piece {
    buffer: wgpu::Buffer,
    offset: u64,
}

/// Bytes in use, bytes held, and what they were at most; how often memory was asked for and how often made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    pub allocated: u64,
    pub reserved: u64,
    pub max_allocated: u64,
    pub max_reserved: u64,
    pub requests: u64,
    pub buffers: u64,
}

#[derive(Default)]
pub(super) struct Pool(Mutex<Inner>);
#[derive(Default)]
struct Inner {
    free: HashMap<u64, Vec<Piece>>,
    stats: Stats,
}

/// The size class of a request: powers of two for small ones; above, four steps for each power of two.
fn class(nbytes: u64) -> u64 {
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
        if nbytes as u64 > gpu.abilities.max_binding {
            bail!(
                "{}: a tensor of {nbytes} bytes is larger than the {} that a shader of '{}' can see of one tensor \
                 (max_storage_buffer_binding_size): split it",
                device::op(),
                gpu.abilities.max_binding,
                gpu.name
            );
        }
        let capacity = capacity.min(gpu.abilities.max_binding / 16 * 16).max(nbytes.next_multiple_of(16) as u64);
        let mut inner = self.0.lock();
        inner.stats.requests += 1;
        let piece = match inner.free.get_mut(&capacity).and_then(Vec::pop) {
            Some(piece) => piece,
            None => inner.make(gpu, capacity)?,
        };
        inner.stats.allocated += capacity;
        inner.stats.max_allocated = inner.stats.max_allocated.max(inner.stats.allocated);
        Ok(Slice { gpu, buffer: piece.buffer, offset: piece.offset, capacity, copied: false })
    }
    pub(super) fn stats(&self) -> Stats {
        self.0.lock().stats
    }
    pub(super) fn reset_peak(&self) {
        let stats = &mut self.0.lock().stats;
        (stats.max_allocated, stats.max_reserved) = (stats.allocated, stats.reserved);
    }
    /// Gives back to the driver what nobody uses: whole buffers, and slabs of which every piece is free.
    pub(super) fn clear(&self) {
        self.0.lock().clear();
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
