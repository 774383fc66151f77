//! Buffers that the host maps, through which bytes go to a device and come back: kept for the next copy, and bounded.
use super::pool::{Slice, class};
use super::queue::{Gpu, Recording};
use crate::error::Result;
use crate::trace::{Of, Span};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wgpu::{Buffer, BufferUsages, MapMode};

/// Small uploads share buffers of this size; larger ones have one of their own.
const SHARED: u64 = 1 << 20;
/// Larger copies go in pieces of this size.
const PIECE: usize = 16 << 20;
/// Bytes that may wait for the next submission.
const WAITING: u64 = 32 << 20;
/// Bytes that may be on their way to the device; before there are more, it is waited for.
const UNDER_WAY: u64 = 128 << 20;
/// Bytes of idle buffers that are kept each way.
const IDLE: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Up,
    Down,
}

impl Way {
    pub fn usage(self) -> BufferUsages {
        match self {
            Way::Up => BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC,
            Way::Down => BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        }
    }
}

#[derive(Default)]
pub(super) struct Staging {
    ways: Arc<Mutex<[Buffers; 2]>>,
    /// Buffers made since the start.
    pub made: AtomicU64,
}

#[derive(Default)]
struct Buffers {
    /// By size; those for uploads are mapped.
    idle: HashMap<u64, Vec<Buffer>>,
    idle_bytes: u64,
    /// Of all that exist.
    bytes: u64,
}

impl Buffers {
    fn keep(&mut self, buffer: Buffer) {
        let size = buffer.size();
        if self.idle_bytes + size > IDLE {
            self.bytes -= size;
            return;
        }
        self.idle_bytes += size;
        self.idle.entry(size).or_default().push(buffer);
    }
}

impl Staging {
    /// The size of buffer for a copy of so many bytes.
    pub fn size(way: Way, bytes: u64) -> u64 {
        class(bytes).max(if way == Way::Up { SHARED } else { 0 })
    }
    /// An idle buffer of a size that `size` gave.
    pub fn take(&self, way: Way, size: u64) -> Option<Buffer> {
        let buffers = &mut self.ways.lock()[way as usize];
        let buffer = buffers.idle.get_mut(&size)?.pop()?;
        buffers.idle_bytes -= size;
        Some(buffer)
    }
    pub fn note_made(&self, way: Way, size: u64) {
        self.ways.lock()[way as usize].bytes += size;
        self.made.fetch_add(1, Ordering::Relaxed);
    }
    /// A buffer that was read and is no longer mapped.
    pub fn read(&self, buffer: Buffer) {
        self.ways.lock()[Way::Down as usize].keep(buffer);
    }
    /// A buffer that goes back to the driver.
    pub fn lost(&self, way: Way, buffer: &Buffer) {
        self.ways.lock()[way as usize].bytes -= buffer.size();
    }
    /// A buffer whose copy was submitted: it is mapped again once the device has read it.
    pub fn submitted(&self, buffer: Buffer) {
        let (home, again) = (self.ways.clone(), buffer.clone());
        buffer.map_async(MapMode::Write, .., move |done| {
            let buffers = &mut home.lock()[Way::Up as usize];
            match done {
                Ok(()) => buffers.keep(again),
                Err(_) => buffers.bytes -= again.size(),
            }
        });
    }
    /// Bytes that wait for the device to read them.
    pub fn under_way(&self) -> u64 {
        let buffers = &self.ways.lock()[Way::Up as usize];
        buffers.bytes - buffers.idle_bytes
    }
    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        self.ways.lock().iter().map(|b| b.bytes).sum()
    }
    /// Gives idle buffers back to the driver.
    pub fn clear(&self) {
        for buffers in self.ways.lock().iter_mut() {
            buffers.bytes -= std::mem::take(&mut buffers.idle_bytes);
            buffers.idle.clear();
        }
    }
}

/// A copy between host and device in the profile that is taken, under the name that profiles of PyTorch have for it.
fn copying(name: &'static str, bytes: usize) -> Option<Span> {
    Span::begin(Of::Op, || (name.into(), format!("{bytes} bytes")))
}

impl Gpu {
    /// Records that bytes of the host are written to a slice. They are read before this returns.
    pub(super) fn upload(&self, to: &Slice, offset: u64, bytes: &[u8]) -> Result<()> {
        self.here()?;
        let _span = copying("Memcpy HtoD", bytes.len());
        for (k, piece) in bytes.chunks(PIECE).enumerate() {
            self.upload_piece(to, offset + (k * PIECE) as u64, piece)?;
        }
        Ok(())
    }
    fn upload_piece(&self, to: &Slice, offset: u64, bytes: &[u8]) -> Result<()> {
        let size = bytes.len().next_multiple_of(4) as u64;
        let mut recording = self.recording.lock();
        if self.staging.under_way() + size > UNDER_WAY {
            self.submit(&mut recording);
            self.wait_here()?;
        }
        let (buffer, at) = self.stage(&mut recording, size)?;
        {
            let view = buffer.get_mapped_range_mut(at..at + size);
            let Ok(mut view) = view else { bail!("a staging buffer of the GPU '{}' is not mapped", self.name) };
            view.slice(..bytes.len()).copy_from_slice(bytes);
        }
        recording.pass = None;
        let encoder = recording.encoder(&self.device);
        encoder.copy_buffer_to_buffer(&buffer, at, &to.buffer, to.offset + offset, Some(size));
        self.counts.uploaded.fetch_add(size, Ordering::Relaxed);
        recording.staged_bytes += size;
        if recording.staged_bytes > WAITING {
            self.submit(&mut recording);
        }
        Ok(())
    }
    /// A mapped staging buffer with room for `size` bytes, and where.
    fn stage(&self, recording: &mut Recording, size: u64) -> Result<(wgpu::Buffer, u64)> {
        let room = size.next_multiple_of(16);
        if room > SHARED {
            let buffer = self.staging_buffer(Way::Up, room)?;
            // Not the last one, whose rest may still be used.
            let place = recording.staged.len().saturating_sub(1);
            recording.staged.insert(place, buffer.clone());
            return Ok((buffer, 0));
        }
        if recording.staged.last().is_none_or(|b| b.size() != SHARED) || recording.used + room > SHARED {
            recording.staged.push(self.staging_buffer(Way::Up, SHARED)?);
            recording.used = 0;
        }
        let at = recording.used;
        recording.used += room;
        Ok((recording.staged.last().expect("pushed above").clone(), at))
    }
    /// A buffer for a copy of so many bytes: mapped if it goes up.
    fn staging_buffer(&self, way: Way, bytes: u64) -> Result<wgpu::Buffer> {
        let size = Staging::size(way, bytes);
        if let Some(buffer) = self.staging.take(way, size) {
            return Ok(buffer);
        }
        let buffer = self.new_buffer(size, way.usage(), way == Way::Up)?;
        self.staging.note_made(way, size);
        Ok(buffer)
    }

    /// Waits for everything recorded, and reads bytes of a slice. Other threads of the program run meanwhile, so the caller
    /// holds no lock.
    pub(super) fn download(&'static self, from: &Slice, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.download_with(Self::wait, from, offset, bytes)
    }
    /// As `download`, for callers that hold locks.
    pub(super) fn download_here(&'static self, from: &Slice, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.download_with(Self::wait_here, from, offset, bytes)
    }
    fn download_with(&self, wait: fn(&Self) -> Result<()>, from: &Slice, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.here()?;
        let _span = copying("Memcpy DtoH", bytes.len());
        for (k, piece) in bytes.chunks_mut(PIECE).enumerate() {
            self.download_piece(wait, from, offset + (k * PIECE) as u64, piece)?;
        }
        Ok(())
    }
    fn download_piece(&self, wait: fn(&Self) -> Result<()>, from: &Slice, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let start = offset / 4 * 4;
        let size = (offset + bytes.len() as u64).next_multiple_of(4) - start;
        // What kernels reported comes with it, so that one wait is enough.
        let (target, fault, suspects) = {
            let mut recording = self.recording.lock();
            let mut pieces = vec![(&from.buffer, from.offset + start, size)];
            let suspects = std::mem::take(&mut recording.suspects);
            let fault = self.fault.get().filter(|_| !suspects.is_empty());
            pieces.extend(fault.map(|f| (&f.buffer, f.offset, 4)));
            (self.copied_out(&mut recording, &pieces)?, fault, suspects)
        };
        self.counts.downloaded.fetch_add(size, Ordering::Relaxed);
        let skip = (offset - start) as usize;
        let faulted = self.mapped(target, size + if fault.is_some() { 4 } else { 0 }, wait, |view| {
            bytes.copy_from_slice(&view[skip..skip + bytes.len()]);
            view[size as usize..].iter().any(|b| *b != 0)
        })?;
        match fault {
            Some(fault) if faulted => {
                self.upload(fault, 0, &[0; 16])?;
                let ops = suspects.join(", ");
                let one_of = if suspects.len() > 1 { "one of " } else { "" };
                bail!(
                    DeviceIndex,
                    "index out of range in {one_of}{ops}: an op that ran on '{}' since the last synchronization was \
                     given an index that its tensor does not have (RUSTTORCH_GPU_BLOCKING=1 raises it where it happens)",
                    self.name
                )
            }
            _ => Ok(()),
        }
    }
    /// Submits what is recorded, and copies of pieces (buffer, offset, bytes) into one that the host may map.
    pub(super) fn copied_out(
        &self,
        recording: &mut Recording,
        pieces: &[(&wgpu::Buffer, u64, u64)],
    ) -> Result<wgpu::Buffer> {
        let target = self.staging_buffer(Way::Down, pieces.iter().map(|p| p.2).sum())?;
        recording.pass = None;
        let encoder = recording.encoder(&self.device);
        let mut at = 0;
        for (buffer, offset, size) in pieces {
            encoder.copy_buffer_to_buffer(buffer, *offset, &target, at, Some(*size));
            at += size;
        }
        self.submit(recording);
        Ok(target)
    }
    /// Waits for everything submitted, shows the first bytes of such a buffer, and keeps it for the next copy.
    pub(super) fn mapped<R>(
        &self,
        target: wgpu::Buffer,
        size: u64,
        wait: fn(&Self) -> Result<()>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R> {
        target.map_async(MapMode::Read, ..size, |_| {});
        let waited = wait(self);
        let view = target.get_mapped_range(..size).ok().filter(|_| waited.is_ok());
        let Some(view) = view else {
            self.staging.lost(Way::Down, &target);
            waited?;
            bail!("the GPU '{}' did not hand its memory over", self.name)
        };
        let found = read(&view);
        drop(view);
        target.unmap();
        self.staging.read(target);
        Ok(found)
    }
}
