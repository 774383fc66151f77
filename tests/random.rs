//! The random streams give PyTorch's numbers and states: hashes in fixtures/random.txt, made by fixtures/record_random.py.

use half::{bf16, f16};
use rusttorch::random::{self, Element, Float, Generator};

/// The bytes of an element as PyTorch stores them.
trait Bytes: Element {
    fn append(self, bytes: &mut Vec<u8>);
}

macro_rules! bytes {
    ($($type:ty)*) => {$(
        impl Bytes for $type {
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )*};
}

bytes!(u8 i8 i16 i32 i64 u16 u32 u64 f16 bf16 f32 f64);

impl Bytes for bool {
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.push(self.into());
    }
}

/// One line of the fixture.
struct Case<'a> {
    name: &'a str,
    kind: &'a str,
    len: usize,
    seed: u64,
    a: f64,
    b: f64,
}

fn fnv(bytes: &[u8]) -> String {
    let start = 0xcbf2_9ce4_8422_2325u64;
    let hash = bytes.iter().fold(start, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

fn hash<T: Bytes>(out: &[T]) -> String {
    let mut bytes = Vec::new();
    out.iter().for_each(|x| x.append(&mut bytes));
    fnv(&bytes)
}

fn eighths<T: Element>(len: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64((i % 8) as f64 / 8.0)).collect()
}

fn run_any<T: Bytes>(case: &Case, generator: &mut Generator) -> String {
    let mut out = vec![T::default(); case.len];
    let out = out.as_mut_slice();
    match case.name {
        "random_from_to" => {
            let (low, high) = random::random_bounds::<T>(case.a as i64, case.b as i64);
            random::random_from_to(generator, out, high.wrapping_sub(low) as u64, low);
        }
        "random_full_64_bits" => random::random_full_64_bits(generator, out),
        "random" => random::random(generator, out).unwrap(),
        "randperm" => random::randperm(generator, out),
        "bernoulli" => random::bernoulli(generator, out, case.a),
        "geometric" => random::geometric(generator, out, case.a),
        name => panic!("unknown case {name}"),
    }
    hash(out)
}

fn run_float<T: Bytes + Float>(case: &Case, generator: &mut Generator) -> String {
    let &Case { len, a, b, .. } = case;
    let mut out = vec![T::default(); len];
    let out = out.as_mut_slice();
    let each = eighths::<T>(len);
    match case.name {
        "uniform" => random::uniform(generator, out, a, b),
        "normal" => random::normal(generator, out, a, b),
        "normal_serial" => random::normal_serial(generator, out, a, b),
        "normal_means" => random::normal_means(generator, out, &each, a),
        "normal_stds" => random::normal_stds(generator, out, a, &each),
        "normal_means_stds" => random::normal_means_stds(generator, out, &each, &each),
        "exponential" => random::exponential(generator, out, a),
        "log_normal" => random::log_normal(generator, out, a, b),
        "cauchy" => random::cauchy(generator, out, a, b),
        "bernoulli_each" => random::bernoulli_each(generator, out, &each).unwrap(),
        "multinomial" => {
            let weights: Vec<T> = (0..120).map(|i| T::from_i64(i % 5)).collect();
            let mut drawn = vec![0i64; len];
            random::multinomial(generator, &mut drawn, &weights, 40, a as usize, b != 0.0).unwrap();
            return hash(&drawn);
        }
        _ => return run_any::<T>(case, generator),
    }
    hash(out)
}

fn run(case: &Case, generator: &mut Generator) -> String {
    match case.kind {
        "f32" => run_float::<f32>(case, generator),
        "f64" => run_float::<f64>(case, generator),
        "f16" => run_float::<f16>(case, generator),
        "bf16" => run_float::<bf16>(case, generator),
        "u8" => run_any::<u8>(case, generator),
        "i8" => run_any::<i8>(case, generator),
        "i16" => run_any::<i16>(case, generator),
        "i32" => run_any::<i32>(case, generator),
        "i64" => run_any::<i64>(case, generator),
        "u16" => run_any::<u16>(case, generator),
        "u32" => run_any::<u32>(case, generator),
        "u64" => run_any::<u64>(case, generator),
        "bool" => run_any::<bool>(case, generator),
        kind => panic!("unknown type {kind}"),
    }
}

/// Whether the last bits depend on the C library: recorded with glibc, asked only of glibc.
fn is_any_library(case: &Case) -> bool {
    let blocks = case.name == "normal" && case.kind != "f64" && case.len >= 16;
    let plain =
        ["uniform", "random_from_to", "random_full_64_bits", "random", "randperm", "bernoulli", "bernoulli_each"];
    blocks || plain.contains(&case.name)
}

#[test]
fn every_distribution_gives_the_recorded_bits() {
    let mut wrong = Vec::new();
    for line in include_str!("fixtures/random.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let &[name, kind, len, seed, a, b, values, state] = fields.as_slice() else { panic!("{line}") };
        let (len, seed) = (len.parse().unwrap(), seed.parse().unwrap());
        let case = Case { name, kind, len, seed, a: a.parse().unwrap(), b: b.parse().unwrap() };
        let mut generator = Generator::new(case.seed);
        random::log_normal(&mut generator, &mut [0f32], 1.0, 2.0);
        if !is_any_library(&case) && !cfg!(target_env = "gnu") {
            continue;
        }
        let drawn = run(&case, &mut generator);
        // The state holds a cached normal number, which is the C library's in every case.
        let same_state = !cfg!(target_env = "gnu") || fnv(&generator.get_state()) == state;
        if drawn != values || !same_state {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_engine_is_the_published_one() {
    // The first and the ten thousandth number of std::mt19937, which the C++ standard fixes.
    let mut generator = Generator::new(5489);
    assert_eq!(generator.random(), 3_499_211_612);
    let last = (1..10_000).map(|_| generator.random()).last();
    assert_eq!(last, Some(4_123_659_995));
}

#[test]
fn a_saved_state_continues_the_stream() {
    let mut generator = Generator::new(7);
    random::normal(&mut generator, &mut [0f32; 3], 0.0, 1.0);
    let state = generator.get_state();
    assert_eq!(state.len(), random::STATE_SIZE);
    let mut copy = generator.clone();
    let mut other = Generator::default();
    assert_eq!(other.initial_seed(), random::DEFAULT_SEED);
    other.set_state(&state).unwrap();
    assert_eq!(other.initial_seed(), 7);
    assert_eq!(other.get_state(), state);
    for _ in 0..3 {
        let next = generator.next_normal();
        assert_eq!(next, other.next_normal());
        assert_eq!(next, copy.next_normal());
    }
    other.manual_seed(7);
    assert_eq!(other.get_state(), Generator::new(7).get_state());
    assert_eq!(other.seed(), other.initial_seed());
    assert_ne!(other.seed(), other.seed());
}

#[test]
fn a_broken_state_is_refused() {
    let mut generator = Generator::new(1);
    let message = generator.set_state(&[0; 10]).unwrap_err();
    assert_eq!(message, "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 10");
    assert_eq!(generator.set_state(&[0; random::STATE_SIZE]).unwrap_err(), "Invalid mt19937 state");
    // `left` words after `next` would lie past the end.
    let mut state = generator.get_state();
    state[8..12].copy_from_slice(&300u32.to_le_bytes());
    state[16..24].copy_from_slice(&600u64.to_le_bytes());
    assert_eq!(generator.set_state(&state).unwrap_err(), "Invalid mt19937 state");
    assert_eq!(generator.get_state(), Generator::new(1).get_state());
}

#[test]
fn impossible_weights_and_probabilities_are_refused() {
    let mut generator = Generator::new(1);
    let mut draw = |weights: &[f32], samples: usize, replacement: bool| {
        let mut out = vec![0; samples];
        random::multinomial(&mut generator, &mut out, weights, weights.len(), samples, replacement).unwrap_err()
    };
    assert_eq!(draw(&[0.0, 0.0], 1, false), "invalid multinomial distribution (sum of probabilities <= 0)");
    assert_eq!(draw(&[0.0, 0.0], 2, true), "invalid multinomial distribution (sum of probabilities <= 0)");
    let message = "probability tensor contains either `inf`, `nan` or element < 0";
    assert_eq!(draw(&[f32::NAN, 1.0], 1, true), message);
    assert_eq!(draw(&[-1.0, 1.0], 2, false), message);
    let message = "invalid multinomial distribution (encountering probability entry < 0)";
    assert_eq!(draw(&[1.0, -1.0], 2, true), message);
    assert_eq!(draw(&[1.0, f32::NAN], 2, true), message);
    let message = "invalid multinomial distribution (encountering probability entry = infinity or NaN)";
    assert_eq!(draw(&[1.0, f32::INFINITY], 2, true), message);
    let mut out = [true; 3];
    let message = random::bernoulli_each(&mut generator, &mut out, &[0.0f32, 2.0, 0.0]).unwrap_err();
    assert!(message.starts_with("Expected p_in >= 0 && p_in <= 1 to be true, but got false."));
    assert_eq!(out, [false, true, true]);
    assert!(random::random(&mut generator, &mut [0u16; 2]).unwrap_err().contains("'UInt16'"));
}

#[test]
fn the_largest_scores_come_in_order() {
    let scores = [0.5f32, f32::NAN, 2.0, -1.0, 1.0];
    assert_eq!(random::largest(&scores, 3), [1, 2, 4]);
    assert_eq!(random::largest(&scores, 9), [1, 2, 4, 0, 3]);
    assert!(random::largest(&scores, 0).is_empty());
    assert!(random::largest::<f32>(&[], 2).is_empty());
    // A heap is used for few of many, and quicksort on an order that is bad for it ends in one.
    let rising: Vec<f64> = (0..5000).map(f64::from).collect();
    assert_eq!(random::largest(&rising, 3), [4999, 4998, 4997]);
    assert!(random::largest(&rising, 5000).iter().rev().copied().eq(0..5000));
}
