//! The bytes behind one or more tensors: erased, reference-counted, with an owner and a version for autograd to check.
use crate::device::{self, Device};
use crate::dtype::Element;
use crate::error::{Error, Kind, Result, raise};
use crate::gpu::Block;
use crate::site::Write;
use parking_lot::Mutex;
use std::alloc::{Layout as Memory, alloc, dealloc};
use std::any::Any;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

const INLINE: usize = 32;
const ALIGN: usize = 64;

#[derive(Clone)]
pub struct Storage {
    inner: Arc<Inner>,
    /// Counts the writes instead of the bytes' own version: for those who share the bytes but not the version (`x.data`).
    apart: Option<Arc<AtomicU32>>,
}

struct Inner {
    ptr: *mut u8,
    nbytes: usize,
    version: AtomicU32,
    /// A graph has saved these bytes: writes are remembered.
    watched: AtomicBool,
    last_write: AtomicPtr<Write>,
    owner: Owner,
    /// One element or a few: no second allocation.
    inline: UnsafeCell<[u128; INLINE / 16]>,
}

enum Owner {
    Inline,
    /// A block of the cache, of this capacity.
    Engine(usize),
    /// Memory of NumPy, DLPack or a map; dropping it gives it back.
    Foreign {
        _owner: Box<dyn Any + Send + Sync>,
        writable: bool,
    },
    /// Memory of a GPU: `ptr` is null.
    Gpu(Block),
}

// SAFETY: the bytes are plain numbers reached through raw pointers only. Two threads that write one tensor at once
// race on numbers, as in PyTorch and NumPy; no Rust reference to the bytes outlives a kernel.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Inner {
    #[inline]
    fn new(ptr: *mut u8, nbytes: usize, owner: Owner) -> Self {
        Self {
            ptr,
            nbytes,
            version: AtomicU32::new(0),
            watched: AtomicBool::new(false),
            last_write: AtomicPtr::default(),
            owner,
            inline: UnsafeCell::new([0; INLINE / 16]),
        }
    }
    fn set_last_write(&self, new: *mut Write) {
        let old = self.last_write.swap(new, Ordering::AcqRel);
        if !old.is_null() {
            // SAFETY: it came from `Box::into_raw`, and was taken out by this swap alone.
            drop(unsafe { Box::from_raw(old) });
        }
    }
}

impl Storage {
    /// `nbytes` bytes of any content, where the op in progress makes its results.
    pub fn empty(nbytes: usize) -> Result<Self> {
        if let Device::Gpu(index) = device::current() {
            return Self::on_gpu(index, nbytes);
        }
        if nbytes <= INLINE {
            let mut inner = Arc::new(Inner::new(std::ptr::null_mut(), nbytes, Owner::Inline));
            let slot = Arc::get_mut(&mut inner).expect("just made");
            slot.ptr = slot.inline.get().cast();
            return Ok(Self { inner, apart: None });
        }
        let (ptr, capacity) = take(nbytes)?;
        Ok(Self { inner: Arc::new(Inner::new(ptr, nbytes, Owner::Engine(capacity))), apart: None })
    }
    #[cold]
    fn on_gpu(index: u8, nbytes: usize) -> Result<Self> {
        let owner = Owner::Gpu(Block::new(index, nbytes)?);
        Ok(Self { inner: Arc::new(Inner::new(std::ptr::null_mut(), nbytes, owner)), apart: None })
    }
    pub fn zeros(nbytes: usize) -> Result<Self> {
        let s = Self::empty(nbytes)?;
        // SAFETY: freshly made, `nbytes` long, and nobody else has it.
        unsafe { std::ptr::write_bytes(s.ptr(), 0, nbytes) };
        Ok(s)
    }
    pub fn from_slice<T: Element>(v: &[T]) -> Result<Self> {
        let s = Self::empty(size_of_val(v))?;
        // SAFETY: `s` is as long as `v` and new.
        unsafe { std::ptr::copy_nonoverlapping(v.as_ptr().cast::<u8>(), s.ptr(), size_of_val(v)) };
        Ok(s)
    }
    /// Memory that something else owns, kept alive by `owner`.
    ///
    /// # Safety
    /// `ptr` must be good for `nbytes` bytes while `owner` lives, and for writes if `writable`.
    pub unsafe fn foreign(ptr: *mut u8, nbytes: usize, writable: bool, owner: Box<dyn Any + Send + Sync>) -> Self {
        Self { inner: Arc::new(Inner::new(ptr, nbytes, Owner::Foreign { _owner: owner, writable })), apart: None }
    }
    /// The bytes for host code. Those that lie on a GPU are not to be had: it raises, unless ops may fall back to the CPU.
    #[inline]
    pub fn ptr(&self) -> *mut u8 {
        if self.inner.ptr.is_null() {
            return self.host_ptr();
        }
        self.inner.ptr
    }
    #[cold]
    fn host_ptr(&self) -> *mut u8 {
        match &self.inner.owner {
            Owner::Gpu(block) => block.host().unwrap_or_else(|e| raise(device::op(), e)),
            _ => self.inner.ptr,
        }
    }
    /// The memory on a GPU, if it is there.
    #[inline]
    pub fn block(&self) -> Option<&Block> {
        match &self.inner.owner {
            Owner::Gpu(block) => Some(block),
            _ => None,
        }
    }
    #[inline]
    pub fn device(&self) -> Device {
        self.block().map_or(Device::Cpu, Block::device)
    }
    /// A number for these bytes that no others have while they live: their address, where they have one.
    pub fn address(&self) -> usize {
        match &self.inner.owner {
            Owner::Gpu(_) => Arc::as_ptr(&self.inner) as usize,
            _ => self.inner.ptr as usize,
        }
    }
    /// Copies bytes out, from wherever they are.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        assert!(offset + bytes.len() <= self.nbytes(), "bytes outside a storage");
        match self.block() {
            Some(block) => block.read(offset, bytes)?,
            // SAFETY: inside the storage, as checked; the slice is the caller's own.
            None => unsafe { std::ptr::copy_nonoverlapping(self.ptr().add(offset), bytes.as_mut_ptr(), bytes.len()) },
        }
        Ok(())
    }
    pub fn nbytes(&self) -> usize {
        self.inner.nbytes
    }
    pub fn writable(&self) -> bool {
        !matches!(self.inner.owner, Owner::Foreign { writable: false, .. })
    }
    #[inline]
    fn counter(&self) -> &AtomicU32 {
        self.apart.as_deref().unwrap_or(&self.inner.version)
    }
    /// The same bytes with a count of writes of their own, from `version` on.
    pub fn apart(&self, version: u32) -> Self {
        Self { inner: self.inner.clone(), apart: Some(Arc::new(version.into())) }
    }
    pub fn version(&self) -> u32 {
        self.counter().load(Ordering::Relaxed)
    }
    /// Counts one in-place write.
    pub fn bump(&self) {
        self.counter().fetch_add(1, Ordering::Relaxed);
        if self.inner.watched.load(Ordering::Relaxed) {
            self.inner.set_last_write(Box::into_raw(Box::new(Write::now())));
        }
    }
    /// Remembers from now on what writes to these bytes, for an error to name it.
    pub fn watch(&self) {
        if !self.inner.watched.load(Ordering::Relaxed) {
            self.inner.watched.store(true, Ordering::Relaxed);
        }
    }
    /// The last write since `watch`.
    pub fn last_write(&self) -> Option<Write> {
        let write = self.inner.last_write.swap(std::ptr::null_mut(), Ordering::AcqRel);
        if write.is_null() {
            return None;
        }
        // SAFETY: it came from `Box::into_raw`, and was taken out by this swap alone.
        let write = unsafe { Box::from_raw(write) };
        self.inner.set_last_write(Box::into_raw(write.clone()));
        Some(*write)
    }
    pub fn same(&self, other: &Storage) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
    /// How many tensors hold these bytes.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.watched.load(Ordering::Relaxed) {
            self.set_last_write(std::ptr::null_mut());
        }
        if let Owner::Engine(capacity) = self.owner {
            give(self.ptr, capacity);
        }
    }
}

// ---- the cache of freed blocks: a large result does not pay page faults each time ---------------------------------

/// Freed bytes kept for reuse, at most.
const KEEP: usize = 1 << 30;
/// Four classes for each power of two, from 64 bytes to 2^47.
const CLASSES: usize = 4 * 42;

static FREE: [Mutex<Vec<usize>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// The size class of a request: its number and its capacity, at most a quarter more than asked for.
fn class(nbytes: usize) -> (usize, usize) {
    let n = nbytes.max(64);
    let log = (usize::BITS - 1 - (n - 1).leading_zeros()) as usize; // 2^log < n <= 2^(log+1), for n > 1
    let step = (1usize << log) / 4;
    let quarter = (n - 1 - (1 << log)) / step.max(1);
    ((log.saturating_sub(5)) * 4 + quarter, (1 << log) + (quarter + 1) * step)
}

fn take(nbytes: usize) -> Result<(*mut u8, usize)> {
    let fail = || {
        Error::new(
            Kind::Memory,
            format!("DefaultCPUAllocator: can't allocate memory: you tried to allocate {nbytes} bytes."),
        )
    };
    if nbytes > 1 << 46 {
        return Err(fail());
    }
    let (index, capacity) = class(nbytes);
    if let Some(block) = FREE[index].lock().pop() {
        KEPT.fetch_sub(capacity, Ordering::Relaxed);
        return Ok((block as *mut u8, capacity));
    }
    let memory = Memory::from_size_align(capacity, align(capacity)).map_err(|_| fail())?;
    // SAFETY: the capacity is at least 64.
    let ptr = unsafe { alloc(memory) };
    if ptr.is_null() {
        return Err(fail());
    }
    #[cfg(target_os = "linux")]
    if capacity >= HUGE {
        // SAFETY: advice on a block just made; where the system declines, pages are small.
        unsafe { libc::madvise(ptr.cast(), capacity / HUGE * HUGE, libc::MADV_HUGEPAGE) };
    }
    Ok((ptr, capacity))
}

/// A page of 2 MB: blocks from this size on begin at one, so that a loop over them misses few addresses.
const HUGE: usize = 1 << 21;

fn align(capacity: usize) -> usize {
    if capacity >= HUGE { HUGE } else { ALIGN }
}

fn give(ptr: *mut u8, capacity: usize) {
    if KEPT.fetch_add(capacity, Ordering::Relaxed) + capacity <= KEEP {
        FREE[class(capacity).0].lock().push(ptr as usize);
    } else {
        KEPT.fetch_sub(capacity, Ordering::Relaxed);
        // SAFETY: `ptr` came from `alloc` in `take` with this very size and alignment.
        unsafe { dealloc(ptr, Memory::from_size_align_unchecked(capacity, align(capacity))) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_was_asked_for_and_return_to_themselves() {
        for n in (1..5000).chain([1 << 20, (1 << 20) + 1, 3 << 30, (1 << 46) - 1]) {
            let (i, c) = class(n);
            assert!(c >= n && i < CLASSES, "{n}: class {i} of {c}");
            assert!(n <= 64 || c <= n + n.div_ceil(4) + 16, "{n} took {c}");
            assert_eq!(class(c), (i, c), "{n}");
        }
    }

    #[test]
    fn a_freed_block_is_taken_again() {
        let a = Storage::empty(12_345_678).unwrap();
        let p = a.ptr();
        drop(a);
        assert_eq!(Storage::empty(12_345_600).unwrap().ptr(), p);
    }

    #[test]
    fn too_much_is_an_error() {
        let e = Storage::empty(1 << 50).err().unwrap();
        assert!(e.message.contains("you tried to allocate"), "{e}");
    }
}
