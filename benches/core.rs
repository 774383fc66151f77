//! Times the Rust core without Python: calls of one element, kernels in cache, the engine. `cargo bench`.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rusttorch::ops::{Arg, Args, Op, table};
use rusttorch::{Scalar, Tensor, engine};
use std::hint::black_box;
use std::time::Duration;

/// The row whose schema begins with this name: `add.Tensor`.
fn row(ops: &'static [Op], name: &str) -> &'static Op {
    let found = ops.iter().find(|op| op.schema.split('(').next() == Some(name));
    found.unwrap_or_else(|| panic!("no row {name}"))
}
fn ops() -> &'static [Op] {
    Box::leak(table().into_boxed_slice())
}
fn call(op: &Op, args: &[Arg]) -> Tensor {
    (op.call)(&Args(args)).and_then(|out| out.tensor()).expect("the benchmark's arguments fit the row")
}
fn ramp(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let v: Vec<f32> = (0..n).map(|i| (i % 251) as f32 / 251.0).collect();
    Tensor::from_slice(&v, shape).expect("as many elements as the shape says")
}

fn one_element(c: &mut Criterion) {
    let ops = ops();
    let (x, y) = (ramp(&[1]), ramp(&[1]));
    let two = Scalar::Float(2.0);
    let mut group = c.benchmark_group("one element");
    let (add, mul, sum) = (row(ops, "add.Tensor"), row(ops, "mul.Tensor"), row(ops, "sum"));
    group.bench_function("add", |b| {
        b.iter(|| call(add, &[Arg::Tensor(black_box(&x)), Arg::Tensor(&y), Arg::Scalar(Scalar::Int(1))]))
    });
    group.bench_function("mul by a number", |b| b.iter(|| call(mul, &[Arg::Tensor(black_box(&x)), Arg::Scalar(two)])));
    group.bench_function("sum", |b| b.iter(|| call(sum, &[Arg::Tensor(black_box(&x)), Arg::None])));
    let (relu, select) = (row(ops, "relu"), row(ops, "select.int"));
    group.bench_function("select", |b| b.iter(|| call(select, &[Arg::Tensor(&x), Arg::Int(0), Arg::Int(0)])));
    x.set_requires_grad(true).expect("a leaf of floats");
    group.bench_function("relu, sum, backward", |b| {
        b.iter(|| {
            let y = call(sum, &[Arg::Tensor(&call(relu, &[Arg::Tensor(&x)])), Arg::None]);
            engine::backward(&y, false).expect("a graph used once");
        })
    });
}

fn kernels(c: &mut Criterion) {
    const N: usize = 262_144;
    let ops = ops();
    let (x, y) = (ramp(&[512, 512]), ramp(&[512, 512]));
    let mut group = c.benchmark_group("262144 floats");
    group.throughput(Throughput::Elements(N as u64));
    for name in ["exp", "tanh", "sigmoid", "relu"] {
        let op = row(ops, name);
        group.bench_function(name, |b| b.iter(|| call(op, &[Arg::Tensor(&x)])));
    }
    let (add, sum, mm) = (row(ops, "add.Tensor"), row(ops, "sum"), row(ops, "mm"));
    let one = || Arg::Scalar(Scalar::Int(1));
    group.bench_function("add", |b| b.iter(|| call(add, &[Arg::Tensor(&x), Arg::Tensor(&y), one()])));
    let turned = call(row(ops, "t"), &[Arg::Tensor(&y)]);
    group.bench_function("add a transposed", |b| b.iter(|| call(add, &[Arg::Tensor(&x), Arg::Tensor(&turned), one()])));
    group.bench_function("sum", |b| b.iter(|| call(sum, &[Arg::Tensor(&x), Arg::None])));
    group.throughput(Throughput::Elements(2 * 512 * 512 * 512));
    group.bench_function("mm 512 x 512 x 512 (flops)", |b| b.iter(|| call(mm, &[Arg::Tensor(&x), Arg::Tensor(&y)])));
}

fn backward(c: &mut Criterion) {
    let mul = row(ops(), "mul.Tensor");
    let x = ramp(&[1]);
    x.set_requires_grad(true).expect("a leaf of floats");
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("1000 nodes, forward and backward", |b| {
        b.iter(|| {
            let mut y = x.clone();
            for _ in 0..1000 {
                let next = call(mul, &[Arg::Tensor(&y), Arg::Scalar(Scalar::Float(1.0))]);
                y = next;
            }
            engine::backward(&y, false).expect("a graph used once");
        })
    });
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}
criterion_group! { name = all; config = short(); targets = one_element, kernels, backward }
criterion_main!(all);
