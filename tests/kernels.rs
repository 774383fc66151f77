//! Tries the foundations that CPU kernels stand on: the instruction-set choice, the thread pool, the matrix product.
use num_complex::Complex;
use rusttorch::cpu::gemm::{Mat, Number, Real, gemm, gemm_plain};
use rusttorch::cpu::parallel::{in_parallel, num_threads, parallel_for, set_num_threads};
use rusttorch::cpu::simd::{Isa, Level, set_isa};
use rusttorch::simd_kernel;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The instruction set and the number of threads belong to the process: tests that set them take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const ISAS: [Isa; 3] = [Isa::Baseline, Isa::V3, Isa::V4];

// ---------------------------------------------------------------- simd

trait Op {
    fn apply<L: Level>(x: f32) -> f32;
}
struct Twice;
impl Op for Twice {
    #[inline(always)]
    fn apply<L: Level>(x: f32) -> f32 {
        L::fma32(x, 2.0, 0.0)
    }
}
simd_kernel! {
    unsafe fn map<L, F: Op; const N: usize>(n: usize, x: *const f32, y: *mut f32) -> usize {
        for i in 0..n {
            // SAFETY: the caller gives n elements of each.
            unsafe { *y.add(i) = F::apply::<L>(*x.add(i)) }
        }
        N
    }
}

#[test]
fn every_instruction_set_computes() {
    let _turn = turn();
    for isa in ISAS {
        assert!(set_isa(isa) <= isa);
        let (x, mut y) = ([1.5f32; 100], [0f32; 100]);
        // SAFETY: both have 100 elements.
        assert_eq!(unsafe { map::<Twice, 3>(100, x.as_ptr(), y.as_mut_ptr()) }, 3);
        assert_eq!(y, [3.0; 100]);
    }
}

// ---------------------------------------------------------------- parallel

#[test]
fn every_block_runs_once_and_blocks_do_not_depend_on_threads() {
    let _turn = turn();
    for threads in [1, 2, 5] {
        set_num_threads(threads);
        assert_eq!(num_threads(), threads);
        for n in [0usize, 1, 7, 100, 1001] {
            let seen: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
            parallel_for(n, 10, &|r| {
                assert!(r.start % 10 == 0 && (r.len() == 10 || r.end == n));
                r.for_each(|i| _ = seen[i].fetch_add(1, Ordering::Relaxed));
            });
            assert!(seen.iter().all(|s| s.load(Ordering::Relaxed) == 1));
        }
    }
}

#[test]
fn work_is_shared_and_nested_loops_are_serial() {
    let _turn = turn();
    set_num_threads(3);
    let threads = Mutex::new(std::collections::HashSet::new());
    parallel_for(60, 1, &|_| {
        threads.lock().unwrap().insert(std::thread::current().id());
        let me = std::thread::current().id();
        assert!(in_parallel());
        parallel_for(100, 1, &|_| assert_eq!(std::thread::current().id(), me));
        std::thread::sleep(std::time::Duration::from_millis(1));
    });
    assert!(!in_parallel());
    assert!(threads.lock().unwrap().len() > 1);
}

#[test]
fn callers_do_not_disturb_each_other() {
    let _turn = turn();
    set_num_threads(3);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..200 {
                    let sum = AtomicUsize::new(0);
                    parallel_for(100, 3, &|r| _ = sum.fetch_add(r.sum(), Ordering::Relaxed));
                    assert_eq!(sum.into_inner(), 4950);
                }
            });
        }
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
    let _turn = turn();
    set_num_threads(3);
    for bad in [0, 17, 99] {
        let caught = std::panic::catch_unwind(|| {
            parallel_for(100, 1, &|r| {
                std::thread::sleep(std::time::Duration::from_micros(20));
                if r.start == bad {
                    std::panic::resume_unwind(Box::new("block"));
                }
            })
        });
        assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "block");
    }
    let count = AtomicUsize::new(0);
    parallel_for(100, 1, &|_| _ = count.fetch_add(1, Ordering::Relaxed));
    assert_eq!(count.into_inner(), 100);
}

#[cfg(unix)]
#[test]
fn a_forked_child_computes() {
    let _turn = turn();
    set_num_threads(2);
    let sum = || {
        let sum = AtomicUsize::new(0);
        parallel_for(1000, 1, &|r| {
            std::thread::sleep(std::time::Duration::from_micros(1));
            sum.fetch_add(r.start, Ordering::Relaxed);
        });
        sum.into_inner()
    };
    assert_eq!(sum(), 499_500);
    // SAFETY: the child only computes and leaves without running the parent's exit handlers.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let right = sum() == 499_500 && sum() == 499_500;
        // SAFETY: as above.
        unsafe { libc::_exit(if right { 0 } else { 1 }) };
    }
    let mut status = -1;
    for _ in 0..500 {
        // SAFETY: waits for the child made above.
        if unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == child {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
        status = -1;
    }
    if status == -1 {
        // SAFETY: ends the child made above.
        unsafe { libc::kill(child, libc::SIGKILL) };
    }
    assert_eq!(status, 0, "the child hangs or computes wrongly");
    assert_eq!(sum(), 499_500);
}

// ---------------------------------------------------------------- gemm

/// A matrix with its memory: every kind of layout that a tensor can have; the last two, to read only, are a row for all
/// rows and a column for all columns.
#[derive(Clone)]
struct Layout<T> {
    data: Vec<T>,
    rs: isize,
    cs: isize,
}
impl<T: Copy> Layout<T> {
    fn new(kind: usize, m: usize, n: usize, f: impl Fn(usize) -> T) -> Self {
        let (m, n) = (m as isize, n as isize);
        let (rs, cs) = [(n, 1), (1, m), (n + 3, 1), (2 * n, 2), (1, m + 5), (0, 1), (1, 0)][kind];
        Layout { data: (0..(2 * (m + 5) * (n + 5)) as usize).map(f).collect(), rs, cs }
    }
    fn get(&self, i: usize, j: usize) -> T {
        self.data[(i as isize * self.rs + j as isize * self.cs) as usize]
    }
    fn read(&self) -> Mat<*const T> {
        Mat { ptr: self.data.as_ptr(), rs: self.rs, cs: self.cs }
    }
    fn write(&mut self) -> Mat<*mut T> {
        Mat { ptr: self.data.as_mut_ptr(), rs: self.rs, cs: self.cs }
    }
}

/// Multiples of 1/8 in [-1, 1): a float's sums of their products are exact.
fn eighths(seed: usize) -> impl Fn(usize) -> f64 {
    move |i| ((((i + seed) * 2_654_435_761) >> 7) % 16) as f64 / 8.0 - 1.0
}

fn check_gemm<T: Real + Into<f64> + std::fmt::Debug>(
    (m, n, k): (usize, usize, usize),
    kinds: [usize; 3],
    alpha: f64,
    beta: f64,
    of: fn(f64) -> T,
) {
    check_gemm_plus((m, n, k), kinds, alpha, beta, None, of)
}
/// `plus` is the layout of what is added, where that is not C itself.
fn check_gemm_plus<T: Real + Into<f64> + std::fmt::Debug>(
    (m, n, k): (usize, usize, usize),
    kinds: [usize; 3],
    alpha: f64,
    beta: f64,
    plus: Option<usize>,
    of: fn(f64) -> T,
) {
    let a = Layout::new(kinds[0], m, k, |i| of(eighths(1)(i)));
    let b = Layout::new(kinds[1], k, n, |i| of(eighths(2)(i)));
    let c = Layout::new(kinds[2], m, n, |i| of(if beta == 0.0 { f64::NAN } else { eighths(3)(i) }));
    let e = plus.map(|kind| Layout::new(kind, m, n, |i| of(eighths(4)(i))));
    let mut out = c.clone();
    let to = out.write();
    let added = e.as_ref().map_or(to.read(), Layout::read);
    // SAFETY: the layouts hold all their elements, and C each its own.
    unsafe { gemm(m, n, k, of(alpha), a.read(), b.read(), of(beta), added, to) };
    let e = e.as_ref().unwrap_or(&c);
    let mut untouched =
        c.data.iter().zip(&out.data).filter(|(old, new)| format!("{old:?}") == format!("{new:?}")).count();
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k).map(|l| a.get(i, l).into() * b.get(l, j).into()).sum();
            let want = alpha * sum + if beta == 0.0 { 0.0 } else { beta * e.get(i, j).into() };
            assert_eq!(out.get(i, j).into(), want, "{m} {n} {k} {kinds:?} {alpha} {beta} {plus:?} at {i} {j}");
            untouched += (format!("{:?}", out.get(i, j)) != format!("{:?}", c.get(i, j))) as usize;
        }
    }
    assert_eq!(untouched, c.data.len(), "wrote outside of C");
}

#[test]
fn gemm_of_every_layout() {
    let _turn = turn();
    set_num_threads(2);
    let sizes = [(1, 1, 1), (3, 5, 7), (8, 48, 16), (9, 50, 33), (1, 70, 40), (70, 1, 40), (2, 33, 65), (20, 17, 900)];
    for isa in ISAS {
        set_isa(isa);
        for (s, &size) in sizes.iter().enumerate() {
            for kinds in 0..125 {
                let kinds = [kinds % 5, kinds / 5 % 5, kinds / 25];
                // the large one in every third layout only, for time
                if s < 7 || (kinds[0] + kinds[1] + kinds[2]) % 3 == 0 {
                    check_gemm(size, kinds, 1.0, 0.0, |x| x as f32);
                }
            }
            for (alpha, beta) in [(2.0, 0.0), (1.0, 1.0), (-0.5, 2.0)] {
                for kinds in [[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 1], [2, 3, 2]] {
                    check_gemm(size, kinds, alpha, beta, |x| x as f32);
                    check_gemm(size, kinds, alpha, beta, |x| x);
                    for plus in [0, 1, 5, 6] {
                        check_gemm_plus(size, kinds, alpha, beta, Some(plus), |x| x as f32);
                    }
                }
            }
        }
    }
}

#[test]
fn gemm_of_nothing() {
    for (m, n, k) in [(0, 3, 2), (3, 0, 2), (3, 2, 0)] {
        check_gemm((m, n, k), [0, 0, 0], 1.0, 0.0, |x| x as f32);
        check_gemm((m, n, k), [0, 0, 0], 1.0, 2.0, |x| x);
    }
}

#[test]
fn gemm_has_the_same_bits_for_any_number_of_threads() {
    let _turn = turn();
    let random = |seed: usize| move |i: usize| ((i * 7919 + seed) as f32 * 0.618_034).sin();
    for isa in ISAS {
        set_isa(isa);
        for (m, n, k) in [(150, 130, 400), (512, 64, 150), (3, 1000, 500), (40, 130, 1300)] {
            for kind in [0, 1] {
                let a = Layout::new(0, m, k, random(1));
                let b = Layout::new(kind, k, n, random(2));
                let results = [1, 2, 5].map(|threads| {
                    set_num_threads(threads);
                    let mut c = Layout::new(0, m, n, |_| f32::NAN);
                    // SAFETY: the layouts hold all their elements, and each its own.
                    unsafe { gemm(m, n, k, 1.0, a.read(), b.read(), 0.0, c.read(), c.write()) };
                    c.data[..m * n].iter().map(|x| x.to_bits()).collect::<Vec<_>>()
                });
                assert!(results.iter().all(|r| *r == results[0]), "{isa:?} {m} {n} {k} {kind}");
            }
        }
    }
}

fn check_plain<T: Number + std::fmt::Debug>(alpha: T, beta: T, of: impl Fn(usize) -> T + Copy) {
    for kinds in [[0, 0, 0], [1, 1, 1], [0, 1, 3], [3, 2, 4]] {
        let (m, n, k) = (7, 40, 9);
        let (a, b) = (Layout::new(kinds[0], m, k, of), Layout::new(kinds[1], k, n, of));
        let c = Layout::new(kinds[2], m, n, of);
        let mut out = c.clone();
        // SAFETY: the layouts hold all their elements, and each its own.
        unsafe { gemm_plain(m, n, k, alpha, a.read(), b.read(), beta, out.write()) };
        for i in 0..m {
            for j in 0..n {
                let sum = (0..k).fold(T::default(), |s, l| s.add(a.get(i, l).mul(b.get(l, j))));
                assert_eq!(out.get(i, j), alpha.mul(sum).add(beta.mul(c.get(i, j))));
            }
        }
    }
}

#[test]
fn gemm_of_integers_and_complex_numbers() {
    let _turn = turn();
    for isa in ISAS {
        set_isa(isa);
        check_plain(3i64, 2, |i| (i as i64).wrapping_mul(0x1234_5678_9abc_def1));
        check_plain(1u8, 1, |i| (i * 77) as u8);
        check_plain(Complex::new(1.0f64, 2.0), Complex::new(0.0, 1.0), |i| {
            Complex::new((i % 7) as f64, (i % 5) as f64)
        });
        check_plain(Complex::new(1.0f32, 2.0), Complex::new(0.0, 0.0), |i| {
            Complex::new((i % 7) as f32, (i % 5) as f32)
        });
    }
}
