//! Linear maps along the last three dims on the GPU.
use super::index::moving_type;
use super::kernel::{Call, Memory};
use super::memory::temporary;
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// A sparse matrix by rows: for each output where its taps begin, the input that each tap shows, and its weight if any has
/// another than 1.
pub struct Axis<'a> {
    pub inputs: usize,
    pub starts: &'a [u32],
    pub taps: &'a [u32],
    pub weights: &'a [f64],
}

/// Writes the map of contiguous `x` to contiguous `y`: planes of the axes' inputs and outputs.
pub fn resample(gpu: &'static Gpu, planes: usize, axes: &[Axis; 3], x: &Memory, y: &Memory) -> Result<()> {
    let weighted = axes.iter().any(|a| !a.weights.is_empty());
    let (mut map, mut weights): (Vec<u32>, Vec<f32>) = (vec![], vec![]);
    let (mut starts, mut taps, mut first) = ([0; 4], [0; 4], [0; 4]);
    for (k, axis) in axes.iter().enumerate() {
        (starts[k], taps[k], first[k]) = (map.len(), map.len() + axis.starts.len(), weights.len());
        map.extend_from_slice(axis.starts);
        map.extend_from_slice(axis.taps);
        if weighted {
            weights.extend((0..axis.taps.len()).map(|t| axis.weights.get(t).map_or(1.0, |w| *w as f32)));
        }
    }
    weights.push(0.0); // a binding is never empty
    let bytes = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let map = temporary(gpu, &bytes(&map))?;
    let weights = temporary(gpu, &bytes(&weights.iter().map(|w| w.to_bits()).collect::<Vec<u32>>()))?;
    let outputs = [0, 1, 2].map(|k| axes[k].starts.len() - 1);
    let n = planes * outputs.iter().product::<usize>();
    // Bools are moved as numbers.
    let ty = if x.dtype == DType::Bool { Type::I32 } else { moving_type(gpu, x.dtype)? };
    let mut call = Call::new(gpu, shader!("resample"));
    call.read("x", x, ty).operand("map", &map, DType::I32, Type::I32, Role::Read);
    call.operand("weight", &weights, DType::F32, Type::F32, Role::Read).write("y", y, ty);
    call.constant("WEIGHTED", weighted);
    call.vec4(&[0, 1, 2].map(|k| axes[k].inputs), 0).vec4(&outputs, 0).vec4(&starts, 0).vec4(&taps, 0).vec4(&first, 0);
    call.params([n, x.offset, y.offset]).over(n)
}
