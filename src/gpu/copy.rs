//! Copies between layouts and dtypes on the device, and fills.
use super::kernel::Memory;
use super::pointwise::{Expression, Input, run};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::{Class, DType, Scalar};
use crate::error::Result;

/// The type that loses nothing of either dtype on the way.
fn between(from: DType, to: DType, gpu: &Gpu) -> Result<Type> {
    Ok(match (from.class(), to.class()) {
        (Class::Bool, _) => Type::Bool,
        (_, Class::Bool) => Type::Bool,
        (_, Class::C128) => Type::of(Class::C128, to, &gpu.abilities)?,
        // The real part.
        (Class::C128, _) if from == DType::C64 && to != DType::F64 => Type::F32,
        (Class::C128, _) => Type::F64,
        (Class::F64, _) | (_, Class::F64) => Type::F64,
        (Class::F32, _) | (_, Class::F32) => Type::F32,
        (Class::I64, Class::I64) if from == DType::I64 && to == DType::I64 && gpu.abilities.int64 => Type::I64,
        (Class::I64, Class::I64) => Type::I32,
    })
}

/// Writes `x`, whose strides fit `shape`, to `y`.
pub fn copy(gpu: &'static Gpu, shape: &[usize], y: Memory, x: Memory, whole: bool) -> Result<()> {
    let ty = between(x.dtype, y.dtype, gpu)?;
    run(gpu, Expression { text: "x", names: &["x"], ty, out: ty }, shape, y, &[Input::Memory(x)], whole)
}

/// Writes one number to every element of `y`.
pub fn fill(gpu: &'static Gpu, shape: &[usize], y: Memory, value: Scalar, whole: bool) -> Result<()> {
    let ty = match y.dtype.class() {
        Class::Bool => Type::Bool,
        Class::I64 if y.dtype == DType::I64 && gpu.abilities.int64 => Type::I64,
        Class::I64 => Type::I32,
        class => Type::of(class, y.dtype, &gpu.abilities)?,
    };
    run(gpu, Expression { text: "x", names: &["x"], ty, out: ty }, shape, y, &[Input::Number(value)], whole)
}
