//! PyTorch's CPU random streams, bit for bit: the generator, and functions that fill slices from each distribution.
//!
//! Nothing here knows tensors. A function takes the elements in the order in which PyTorch visits them (memory order
//! for a dense tensor, whatever its strides) and consumes exactly the draws that PyTorch consumes, so that a seed
//! gives the same numbers and leaves the same state.
//!
//! "PyTorch" is its x86-64 build on a processor with AVX2 and FMA, where the compiler fuses `a * b + c`; the fused
//! operations are written out as `mul_add` here, so every machine gives those bits. Logarithms, sines, exponentials
//! and tangents in double precision come from the system's C library in both, and are equal where the library is.

mod continuous;
mod discrete;
mod element;
pub mod largest;
mod mt19937;
mod multinomial;
mod normal;

pub use continuous::{cauchy, exponential, log_normal, uniform};
pub use discrete::{
    bernoulli, bernoulli_each, geometric, random, random_bounds, random_from_to, random_full_64_bits, randperm,
};
pub use element::{Element, Float, Wide};
pub use largest::largest;
pub use multinomial::{check as check_weights, multinomial, race};
pub use normal::{normal, normal_means, normal_means_stds, normal_serial, normal_stds};

use mt19937::{Mt19937, WORDS};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of a generator that was never seeded.
pub const DEFAULT_SEED: u64 = 67_280_421_310_721;

/// Length in bytes of a saved generator state.
pub const STATE_SIZE: usize = 5056;

/// A stream of random numbers: MT19937, and the second number of the last Box-Muller pair until it is asked for.
#[derive(Clone)]
pub struct Generator {
    engine: Mt19937,
    next_normal: Option<f64>,
    /// No CPU distribution fills this one; it is part of the state that PyTorch saves.
    next_normal_f32: Option<f32>,
}

impl Default for Generator {
    fn default() -> Self {
        Generator::new(DEFAULT_SEED)
    }
}

impl Generator {
    /// A generator seeded with `seed`.
    pub fn new(seed: u64) -> Self {
        Generator { engine: Mt19937::new(seed), next_normal: None, next_normal_f32: None }
    }

    /// Starts the stream of `seed` (the numbers depend on its low 32 bits).
    pub fn manual_seed(&mut self, seed: u64) {
        *self = Generator::new(seed);
    }

    /// The seed that started this stream.
    pub fn initial_seed(&self) -> u64 {
        self.engine.seed
    }

    /// Starts a stream that nobody can foresee, and returns its seed (53 bits).
    pub fn seed(&mut self) -> u64 {
        // A RandomState is keyed by the operating system's randomness.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u128(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()));
        let seed = hasher.finish() & ((1 << 53) - 1);
        self.manual_seed(seed);
        seed
    }

    /// The next 32 bits.
    pub fn random(&mut self) -> u32 {
        self.engine.next_u32()
    }

    /// The next 64 bits: two draws, the first one high.
    pub fn random64(&mut self) -> u64 {
        let high = self.engine.next_u32();
        join(high, self.engine.next_u32())
    }

    /// A double in [0, 1), of 53 bits.
    pub fn unit_f64(&mut self) -> f64 {
        unit_f64(self.random64())
    }

    /// A normal number in double precision, the cached one if there is one.
    pub fn next_normal(&mut self) -> f64 {
        if let Some(normal) = self.next_normal.take() {
            return normal;
        }
        let angle = 2.0 * std::f64::consts::PI * self.unit_f64();
        let radius = (-2.0 * (-self.unit_f64()).ln_1p()).sqrt();
        self.next_normal = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// The state as `torch.Generator.get_state` gives it.
    ///
    /// Little-endian: seed u64, left i32, seeded i32, next u64, 624 state words as u64, then three doubles (unused,
    /// cached normal, unused), its validity as i32 and 4 bytes of padding, then the float twin of the cached normal
    /// as f32, its validity as one byte and 3 bytes of padding.
    pub fn get_state(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STATE_SIZE);
        bytes.extend(self.engine.seed.to_le_bytes());
        bytes.extend((self.engine.left as u32).to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend((self.engine.next as u64).to_le_bytes());
        for &word in &self.engine.state {
            bytes.extend(u64::from(word).to_le_bytes());
        }
        bytes.extend(0f64.to_le_bytes());
        bytes.extend(self.next_normal.unwrap_or(0.0).to_le_bytes());
        bytes.extend(0f64.to_le_bytes());
        bytes.extend(u64::from(self.next_normal.is_some()).to_le_bytes());
        bytes.extend(self.next_normal_f32.unwrap_or(0.0).to_le_bytes());
        bytes.extend(u32::from(self.next_normal_f32.is_some()).to_le_bytes());
        bytes
    }

    /// Continues from a state that [`Generator::get_state`] or PyTorch saved; errors carry PyTorch's words.
    pub fn set_state(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.len() != STATE_SIZE {
            return Err(format!(
                "Expected a CPUGeneratorImplState of size {STATE_SIZE} but found the input RNG state size to be {}",
                bytes.len()
            ));
        }
        let mut reader = Reader(bytes);
        let seed = reader.u64();
        let left = reader.u32();
        let seeded = reader.u32() != 0;
        let next = reader.u64();
        let mut state = [0u32; WORDS];
        for word in &mut state {
            *word = reader.u64() as u32;
        }
        reader.u64();
        let normal = f64::from_bits(reader.u64());
        reader.u64();
        let has_normal = reader.u32() != 0;
        reader.u32();
        let normal_f32 = f32::from_bits(reader.u32());
        let has_normal_f32 = reader.u32() & 0xff != 0;
        let engine = Mt19937::from_parts(seed, u64::from(left), next, state).filter(|_| seeded);
        self.engine = engine.ok_or("Invalid mt19937 state")?;
        self.next_normal = has_normal.then_some(normal);
        self.next_normal_f32 = has_normal_f32.then_some(normal_f32);
        Ok(())
    }

    /// Goes on by `n` draws of 32 bits that nobody looks at.
    pub fn skip(&mut self, n: usize) {
        self.engine.skip(n);
    }

    /// Fills `out` with consecutive 32-bit draws.
    fn fill_u32(&mut self, out: &mut [u32]) {
        self.engine.fill(out);
    }

    /// Fills `out` with consecutive 64-bit draws.
    fn fill_u64(&mut self, out: &mut [u64]) {
        let mut words = [0u32; 2 * CHUNK];
        for part in out.chunks_mut(CHUNK) {
            let words = &mut words[..2 * part.len()];
            self.engine.fill(words);
            for (slot, pair) in part.iter_mut().zip(words.chunks_exact(2)) {
                *slot = join(pair[0], pair[1]);
            }
        }
    }
}

/// Numbers that are drawn at once: enough to vectorise, little enough for the first-level cache; a multiple of 16.
const CHUNK: usize = 256;

#[inline(always)]
fn join(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

/// The low 53 bits as a fraction.
#[inline(always)]
fn unit_f64(bits: u64) -> f64 {
    // Through i64: processors convert signed integers faster.
    (bits & ((1 << 53) - 1)) as i64 as f64 * (1.0 / (1u64 << 53) as f64)
}

/// The low 24 bits as a fraction.
#[inline(always)]
fn unit_f32(bits: u32) -> f32 {
    (bits & ((1 << 24) - 1)) as i32 as f32 * (1.0 / (1u32 << 24) as f32)
}

/// Sets each element to `f` of 32 fresh bits, in a copy of the loop for the processor's vectors.
#[inline(always)]
fn fill_from_u32<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u32) -> T) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn v4<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u32) -> T) {
            lanes_from_u32(generator, out, f);
        }
        #[target_feature(enable = "avx2")]
        fn v3<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u32) -> T) {
            lanes_from_u32(generator, out, f);
        }
        if has_avx512() {
            // SAFETY: the processor has these features.
            return unsafe { v4(generator, out, f) };
        }
        if has_avx2_fma() {
            // SAFETY: as above.
            return unsafe { v3(generator, out, f) };
        }
    }
    lanes_from_u32(generator, out, f);
}

#[inline(always)]
fn lanes_from_u32<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u32) -> T) {
    let mut bits = [0u32; CHUNK];
    for part in out.chunks_mut(CHUNK) {
        let bits = &mut bits[..part.len()];
        generator.fill_u32(bits);
        for (slot, &bits) in part.iter_mut().zip(&*bits) {
            *slot = f(bits);
        }
    }
}

/// Sets each element to `f` of 64 fresh bits, likewise.
#[inline(always)]
fn fill_from_u64<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u64) -> T) {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // Only these have the conversion of 64-bit integers.
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn v4<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u64) -> T) {
            lanes_from_u64(generator, out, f);
        }
        // SAFETY: the processor has these features.
        return unsafe { v4(generator, out, f) };
    }
    lanes_from_u64(generator, out, f);
}

#[inline(always)]
fn lanes_from_u64<T>(generator: &mut Generator, out: &mut [T], f: impl Fn(u64) -> T) {
    let mut bits = [0u64; CHUNK];
    for part in out.chunks_mut(CHUNK) {
        let bits = &mut bits[..part.len()];
        generator.fill_u64(bits);
        for (slot, &bits) in part.iter_mut().zip(&*bits) {
            *slot = f(bits);
        }
    }
}

/// Whether the copies of a loop that are compiled for AVX2 and FMA may run here.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx2_fma() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Whether those for AVX-512 may.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// Reads little-endian numbers one after the other; past the end it reads zeros.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u32(&mut self) -> u32 {
        self.take().map_or(0, u32::from_le_bytes)
    }

    fn u64(&mut self) -> u64 {
        self.take().map_or(0, u64::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
}
