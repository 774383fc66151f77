//! What the machine can do at most: prints floating point operations and bytes copied per second, over some threads.
use std::hint::black_box;
use std::time::Instant;

const LANES: usize = 16;
/// Chains that do not wait for each other: enough for two units of latency four, within the registers.
const CHAINS: usize = 10;

/// Operations per second of one thread's multiply-adds, for about a third of a second.
fn multiply_adds() -> f64 {
    let mut sums = [[1.0f32; LANES]; CHAINS];
    let (a, b) = (black_box([0.999f32; LANES]), black_box([1e-3f32; LANES]));
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed().as_secs_f64() < 0.3 {
        for _ in 0..100_000 {
            for sum in &mut sums {
                for l in 0..LANES {
                    sum[l] = sum[l].mul_add(a[l], b[l]);
                }
            }
        }
        rounds += 100_000;
    }
    let taken = start.elapsed().as_secs_f64();
    black_box(sums);
    (rounds * 2 * LANES * CHAINS) as f64 / taken
}

/// Bytes read and written per second by one thread that copies 32 MiB again and again: half a tensor of 16 M floats.
fn copies() -> f64 {
    let from = vec![1u8; 32 << 20];
    let mut to = from.clone();
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed().as_secs_f64() < 0.5 {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
        rounds += 1;
    }
    (rounds * 2 * from.len()) as f64 / start.elapsed().as_secs_f64()
}

/// The sum over threads that run at the same time, of the best of three attempts.
fn together(threads: usize, rate: fn() -> f64) -> f64 {
    let attempt = || {
        let running: Vec<_> = (0..threads).map(|_| std::thread::spawn(rate)).collect();
        running.into_iter().map(|t| t.join().expect("no panic in a loop of arithmetic")).sum()
    };
    (0..3).map(|_| attempt()).fold(0.0, f64::max)
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2);
    println!("[{:e}, {:e}]", together(threads, multiply_adds), together(threads, copies));
}
