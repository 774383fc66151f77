//! Splits work into fixed blocks and hands them to a pool of threads that starts on first use and survives `fork`.
//!
//! Every worker has a mailbox. A caller posts its job, which lives on its own stack, into the mailboxes, takes part in
//! the work, and at the end takes back the mailboxes that no worker has opened; so a worker that is slow to wake up is
//! never waited for. A worker polls its mailbox for a short while after each job and then sleeps; it is woken up only for
//! work that is worth the wake-up, by the time that the first blocks took, or at once where the caller knows it. The blocks do not depend on the number of
//! threads: what is computed per block has the same bits for any number. Each thread has a run of neighbouring blocks,
//! the same in each loop of that size, so that the caches of its core still hold what it wrote in the loop before; when
//! it is done it takes blocks from the far ends of the other runs. Every other loop goes through the runs backwards: it
//! begins with what the loop before it touched last. There is no lock that a forked child could find taken: a child sees that the process id is not the
//! pool's, forgets the pool (its threads did not come along) and makes one of its own.

use smallvec::SmallVec;
use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{self, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// The most workers a pool can have, besides the callers.
const MAX_WORKERS: usize = 255;
/// How long a thread polls before it sleeps. Loops that follow each other find the workers awake; the cores are shared.
const SPIN: Duration = Duration::from_micros(50);
/// How long it polls while others are still busy with a loop: the next one may begin as soon as they are done.
const SPIN_IN_LOOP: Duration = Duration::from_micros(500);
/// Work left for which one sleeping worker is woken up: a wake-up costs the caller 3 to 12 us and arrives after 30.
const WORTH_WAKING: Duration = Duration::from_micros(40);

/// The number of threads; 0 until first asked for.
static THREADS: AtomicUsize = AtomicUsize::new(0);
static POOL: AtomicPtr<Pool> = AtomicPtr::new(null_mut());
/// Whether the next loop goes backwards.
static BACKWARDS: AtomicBool = AtomicBool::new(false);
/// How many callers are in a loop: a worker that has nothing left to do there polls a while longer.
static LOOPS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread is inside a block of a parallel loop.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The number of threads that work on one loop: as set, else the environment's `RUSTTORCH_NUM_THREADS` or
/// `OMP_NUM_THREADS`, else the processors that this process may use (affinity and control group limits counted).
pub fn num_threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => {
            let n = default_threads();
            THREADS.store(n, Ordering::Relaxed);
            n
        }
        n => n,
    }
}

/// Sets the number of threads, at least 1; more than 256 work like 256.
pub fn set_num_threads(n: usize) {
    THREADS.store(n.max(1), Ordering::Relaxed);
}

fn default_threads() -> usize {
    let asked = |name: &str| -> Option<usize> {
        // OpenMP allows a list, one number per nesting level
        std::env::var(name).ok()?.split(',').next()?.trim().parse().ok().filter(|&n| n > 0)
    };
    asked("RUSTTORCH_NUM_THREADS")
        .or_else(|| asked("OMP_NUM_THREADS"))
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()))
}

/// Whether the caller runs inside a block of [`parallel_for`], where a nested loop is serial.
pub fn in_parallel() -> bool {
    INSIDE.get()
}

/// Calls `f` for `0..n` in blocks of `grain` (the last may be shorter), on several threads, in no order.
///
/// The blocks are the same for any number of threads. One block is run in place; so are all of them, one after the
/// other, in a nested call. A panic in a block is passed on to the caller, after every thread has left the loop; blocks
/// not yet begun are then skipped.
pub fn parallel_for(n: usize, grain: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
    share_out(n, grain, false, f)
}

/// As `parallel_for`, for loops that are known to take a tenth of a millisecond or more: sleeping workers are woken up at
/// once, not when the first block has shown that it pays.
pub fn parallel_for_long(n: usize, grain: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
    share_out(n, grain, true, f)
}

fn share_out(n: usize, grain: usize, long: bool, f: &(dyn Fn(Range<usize>) + Sync)) {
    let grain = grain.max(1);
    if n <= grain {
        if n > 0 {
            f(0..n);
        }
        return;
    }
    let threads = num_threads();
    let blocks = n.div_ceil(grain);
    if threads == 1 || INSIDE.get() || blocks > u32::MAX as usize {
        let backwards = !INSIDE.get() && BACKWARDS.fetch_not(Ordering::Relaxed);
        for i in 0..blocks {
            let block = if backwards { blocks - 1 - i } else { i };
            let start = block * grain;
            f(start..n.min(start.saturating_add(grain)));
        }
        return;
    }
    let helpers = (threads - 1).min(MAX_WORKERS).min(blocks - 1);
    let job = Job {
        f,
        n,
        grain,
        backwards: BACKWARDS.fetch_not(Ordering::Relaxed),
        runs: (0..=helpers)
            .map(|i| Run::new(share(blocks, i, helpers + 1), share(blocks, i + 1, helpers + 1)))
            .collect(),
        left: AtomicUsize::new(0),
        panic: Mutex::new(None),
        caller: std::thread::current(),
    };
    let pool = pool();
    LOOPS.fetch_add(1, Ordering::Relaxed);
    let mut posted = job.post(&pool.workers[..helpers]);
    if long {
        posted.wake(helpers);
    }
    let start = (posted.asleep > 0).then(Instant::now);
    job.work(0, |done| {
        if let Some(start) = start
            && posted.asleep > 0
        {
            let left: usize = job.runs.iter().map(Run::left).sum();
            let time_left = start.elapsed().as_secs_f64() * left as f64 / done as f64;
            posted.wake((time_left / WORTH_WAKING.as_secs_f64()) as usize);
        }
    });
    LOOPS.fetch_sub(1, Ordering::Relaxed);
    job.wait(posted);
    if let Some(panic) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(panic);
    }
}

/// Where the share of thread `i` of `threads` begins.
fn share(blocks: usize, i: usize, threads: usize) -> usize {
    (blocks as u128 * i as u128 / threads as u128) as usize
}

/// The blocks that one thread begins with, as far as nobody has taken them: the next one in the low half, the end in the
/// high half. On a cache line of its own.
#[repr(align(64))]
struct Run(AtomicU64);

impl Run {
    fn new(start: usize, end: usize) -> Self {
        Run(AtomicU64::new((end as u64) << 32 | start as u64))
    }
    fn left(&self) -> usize {
        let run = self.0.load(Ordering::Relaxed);
        ((run >> 32) as u32).saturating_sub(run as u32) as usize
    }
    /// Takes the first block, or the last.
    fn take(&self, last: bool) -> Option<usize> {
        let mut run = self.0.load(Ordering::Relaxed);
        loop {
            let (start, end) = (run as u32, (run >> 32) as u32);
            if start >= end {
                return None;
            }
            let (block, rest) = if last { (end - 1, run - (1 << 32)) } else { (start, run + 1) };
            match self.0.compare_exchange_weak(run, rest, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(block as usize),
                Err(now) => run = now,
            }
        }
    }
}

/// One parallel loop, on the stack of its caller.
struct Job<'a> {
    f: &'a (dyn Fn(Range<usize>) + Sync),
    n: usize,
    grain: usize,
    /// Whether threads take the blocks of their runs from the last to the first.
    backwards: bool,
    /// One per thread that may take part, the caller's first.
    runs: SmallVec<[Run; 4]>,
    /// How many workers have left the loop.
    left: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    caller: Thread,
}

impl Job<'_> {
    /// Puts the job into the mailboxes of these workers; those that poll will find it there.
    fn post(&self, workers: &'static [Worker]) -> Posted {
        let mut posted = Posted { workers, refused: 0, asleep: 0, awake: 0 };
        for (i, worker) in workers.iter().enumerate() {
            let ready = worker.started.load(Ordering::Acquire) || start(i, worker);
            // a worker may still have the job of another caller in its mailbox
            if ready && worker.mailbox.compare_exchange(null_mut(), self.address(), SeqCst, SeqCst).is_ok() {
                posted.asleep += worker.asleep.load(SeqCst) as usize;
            } else {
                posted.refused += 1;
            }
        }
        posted
    }

    /// Takes blocks as thread `me` until there are none; `after` hears how many this thread has done.
    fn work(&self, me: usize, mut after: impl FnMut(usize)) {
        let threads = self.runs.len();
        INSIDE.set(true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            for done in 1.. {
                let others = || (1..threads).find_map(|i| self.runs[(me + i) % threads].take(!self.backwards));
                let Some(block) = self.runs[me % threads].take(self.backwards).or_else(others) else { return };
                let start = block * self.grain;
                (self.f)(start..self.n.min(start.saturating_add(self.grain)));
                after(done);
            }
        }));
        INSIDE.set(false);
        if let Err(panic) = result {
            self.runs.iter().for_each(|run| run.0.store(0, Ordering::Relaxed));
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
    }

    /// Takes the job back from workers that have not opened it and waits for the others to leave it.
    fn wait(&self, posted: Posted) {
        let not_opened = |w: &&Worker| w.mailbox.compare_exchange(self.address(), null_mut(), SeqCst, SeqCst).is_ok();
        let taken_back = posted.workers.iter().filter(not_opened).count();
        let opened = posted.workers.len() - posted.refused - taken_back;
        let done = || self.left.load(Ordering::Acquire) == opened;
        if !spin_until(done) {
            while !done() {
                std::thread::park();
            }
        }
    }

    fn address(&self) -> *mut Job<'static> {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}

/// The workers that a job was offered to.
struct Posted {
    workers: &'static [Worker],
    /// How many of them could not take it.
    refused: usize,
    /// How many of them slept and have not been woken up.
    asleep: usize,
    /// How many of the slice have been looked at for waking up.
    awake: usize,
}

impl Posted {
    /// Wakes up as many sleeping workers.
    fn wake(&mut self, mut count: usize) {
        while count > 0 && self.asleep > 0 && self.awake < self.workers.len() {
            let worker = &self.workers[self.awake];
            self.awake += 1;
            if worker.asleep.load(Ordering::Relaxed)
                && let Some(thread) = worker.thread.get()
            {
                #[cfg(target_os = "linux")]
                elsewhere::keep_away(worker);
                thread.unpark();
                self.asleep -= 1;
                count -= 1;
            }
        }
    }
}

struct Pool {
    process: u32,
    workers: [Worker; MAX_WORKERS],
}

/// On cache lines of its own, for the owner polls it.
#[repr(align(128))]
struct Worker {
    /// The job that the worker shall join, or null.
    mailbox: AtomicPtr<Job<'static>>,
    started: AtomicBool,
    asleep: AtomicBool,
    /// What the system calls its thread; 0 before it runs.
    id: AtomicI32,
    /// The processor that it was last kept away from; -1 for none.
    kept_away: AtomicI32,
    thread: OnceLock<Thread>,
}

impl Worker {
    const fn new() -> Self {
        Worker {
            mailbox: AtomicPtr::new(null_mut()),
            started: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            id: AtomicI32::new(0),
            kept_away: AtomicI32::new(-1),
            thread: OnceLock::new(),
        }
    }
}

/// This process's pool, made if there is none or the one there is came from the parent process.
fn pool() -> &'static Pool {
    let process = std::process::id();
    loop {
        let found = POOL.load(Ordering::Acquire);
        // SAFETY: a published pool is never freed, so that parked workers and slow callers may keep it.
        if let Some(pool) = unsafe { found.as_ref() }
            && pool.process == process
        {
            return pool;
        }
        let fresh = Box::into_raw(Box::new(Pool { process, workers: [const { Worker::new() }; MAX_WORKERS] }));
        if POOL.compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            // SAFETY: another thread was first; this one was never shared.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

/// Starts a worker's thread unless another caller does; false where the system gives no more threads.
#[cold]
fn start(i: usize, worker: &'static Worker) -> bool {
    if worker.started.swap(true, Ordering::AcqRel) {
        return true;
    }
    let name = format!("rusttorch-{}", i + 1);
    let started = std::thread::Builder::new().name(name).spawn(move || serve(i + 1, worker)).is_ok();
    if !started {
        worker.started.store(false, Ordering::Release);
    }
    started
}

/// The life of a worker, thread `me` of the loops that it joins.
fn serve(me: usize, worker: &'static Worker) {
    #[cfg(target_os = "linux")]
    elsewhere::name(worker);
    let _ = worker.thread.set(std::thread::current());
    loop {
        let has_mail = || !worker.mailbox.load(SeqCst).is_null();
        if !spin_until(has_mail) {
            worker.asleep.store(true, SeqCst);
            while !has_mail() {
                std::thread::park();
            }
            worker.asleep.store(false, SeqCst);
        }
        let job = worker.mailbox.swap(null_mut(), SeqCst);
        // SAFETY: a job found in a mailbox lives until its caller has taken it out of there, which fails from now on,
        // and then until `left` counts this worker.
        let Some(job) = (unsafe { job.as_ref() }) else { continue };
        job.work(me, |_| ());
        let caller = job.caller.clone();
        job.left.fetch_add(1, Ordering::Release);
        caller.unpark();
        #[cfg(target_os = "linux")]
        elsewhere::allow_again(worker);
    }
}

/// Waits a short while for a condition, without sleeping, longer while loops are under way; returns whether it came true.
fn spin_until(condition: impl Fn() -> bool) -> bool {
    if condition() {
        return true;
    }
    let start = Instant::now();
    loop {
        for _ in 0..32 {
            if condition() {
                return true;
            }
            std::hint::spin_loop();
        }
        let waited = start.elapsed();
        if waited > SPIN && (waited > SPIN_IN_LOOP || LOOPS.load(Ordering::Relaxed) == 0) {
            return condition();
        }
    }
}

/// Wakes workers up on another processor than the caller's.
///
/// Linux may put a woken thread on the waker's own processor, where the two take turns for milliseconds while another
/// processor is idle. So the caller's processor is taken from the worker's set before the wake-up and given back after
/// the job. Where the system refuses, nothing is lost but time.
#[cfg(target_os = "linux")]
mod elsewhere {
    use super::{Ordering, Worker};
    use libc::{CPU_CLR, CPU_COUNT, CPU_ISSET, CPU_SET, cpu_set_t, sched_getaffinity, sched_setaffinity};

    /// To be called by the worker itself, first of all.
    pub fn name(worker: &Worker) {
        // SAFETY: takes and gives no pointers.
        worker.id.store(unsafe { libc::gettid() }, Ordering::Relaxed);
    }

    pub fn keep_away(worker: &Worker) {
        // SAFETY: takes and gives no pointers.
        let here = unsafe { libc::sched_getcpu() };
        let away = |set: &mut cpu_set_t| {
            // SAFETY: the number of a processor that the set may hold.
            unsafe {
                let useful = CPU_COUNT(set) > 1 && CPU_ISSET(here as usize, set);
                CPU_CLR(here as usize, set);
                useful
            }
        };
        if in_set(here) && change(worker, away) {
            worker.kept_away.store(here, Ordering::Relaxed);
        }
    }

    /// If the store of `keep_away` comes late, the next job's end sees it.
    pub fn allow_again(worker: &Worker) {
        let there = worker.kept_away.swap(-1, Ordering::Relaxed);
        if in_set(there) {
            change(worker, |set| {
                // SAFETY: the number of a processor that the set may hold.
                unsafe { CPU_SET(there as usize, set) };
                true
            });
        }
    }

    fn in_set(processor: i32) -> bool {
        (0..libc::CPU_SETSIZE).contains(&processor)
    }

    /// Changes the processors that a worker may run on if `f` says so; returns whether that was done.
    fn change(worker: &Worker, f: impl FnOnce(&mut cpu_set_t) -> bool) -> bool {
        let (id, size) = (worker.id.load(Ordering::Relaxed), size_of::<cpu_set_t>());
        if id == 0 {
            return false;
        }
        // SAFETY: a processor set is plain bits, passed with its size.
        unsafe {
            let mut set: cpu_set_t = std::mem::zeroed();
            sched_getaffinity(id, size, &mut set) == 0 && f(&mut set) && sched_setaffinity(id, size, &set) == 0
        }
    }
}
