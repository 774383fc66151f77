//! Linear maps along up to three dims, each a sparse matrix: averages over windows, interpolation and padding.
use super::kernel::{Call, Memory};
use super::memory::temporary;
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// A dim's matrix by rows: where each output's taps begin (one more at the end), the taps' places, and their weights, which
/// are 1 where there are none.
pub struct Axis<'a> {
    pub inputs: usize,
    pub starts: &'a [u32],
    pub index: &'a [u32],
    pub weight: &'a [f64],
}

/// `y = axes applied to x`, on contiguous planes. `moves`: every output is one input, unchanged.
pub fn apply(gpu: &'static Gpu, planes: usize, axes: &[Axis; 3], moves: bool, x: &Memory, y: &Memory) -> Result<()> {
    let (mut words, mut starts, mut taps) = (vec![], [0; 3], [0; 3]);
    for (a, start) in axes.iter().zip(&mut starts) {
        *start = words.len();
        words.extend_from_slice(a.starts);
    }
    for (a, tap) in axes.iter().zip(&mut taps) {
        *tap = words.len();
        for (t, i) in a.index.iter().enumerate() {
            words.extend([*i, (a.weight.get(t).map_or(1.0, |w| *w as f32)).to_bits()]);
        }
    }
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
    let table = temporary(gpu, &bytes)?;

    // A bool is moved as the byte that it is.
    let dtype = |m: &Memory| if m.dtype == DType::Bool { DType::U8 } else { m.dtype };
    let ty = Type::of(dtype(x).class(), dtype(x), &gpu.abilities)?;
    let mut call = Call::new(gpu, shader!("resample"));
    call.constant("WEIGHTED", axes.iter().any(|a| !a.weight.is_empty())).constant("MOVES", moves);
    call.operand("x", &x.slice, dtype(x), ty, Role::Read).operand("y", &y.slice, dtype(y), ty, Role::Write);
    call.operand("table", &table, DType::I32, Type::I32, Role::Read);
    call.params([planes, x.offset, y.offset]);
    let inputs = axes.each_ref().map(|a| a.inputs);
    let outputs = axes.each_ref().map(|a| a.starts.len() - 1);
    for [d, h, w] in [inputs, outputs] {
        call.vec4(&[d, h, w, d * h * w], 0);
    }
    call.vec4(&starts, 0).vec4(&taps, 0);
    call.over(planes * outputs.iter().product::<usize>())
}
