//! Linear maps along up to three dims, each a sparse matrix: averages over windows, interpolation and padding.
use super::kernel::{Call, Memory};
use super::memory::temporary;
use super::pipeline::Role;
use super::plan::spare;
use super::pool::Slice;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;
use parking_lot::Mutex;
use std::sync::Arc;

/// A dim's matrix by rows: where each output's taps begin (one more at the end), the taps' places, and their weights, which
/// are 1 where there are none.
pub struct Axis<'a> {
    pub inputs: usize,
    pub starts: &'a [u32],
    pub index: &'a [u32],
    pub weight: &'a [f64],
}

/// Tables that the devices have: a program maps by the same few all the time.
static TABLES: Mutex<Vec<Table>> = Mutex::new(Vec::new());
struct Table {
    gpu: u8,
    words: Vec<u32>,
    slice: Arc<Slice>,
}
/// As many are kept, the last used ones.
const KEPT: usize = 64;

fn table(gpu: &'static Gpu, words: Vec<u32>) -> Result<Arc<Slice>> {
    let mut tables = TABLES.lock();
    if let Some(i) = tables.iter().rposition(|t| t.gpu == gpu.index && t.words == words) {
        let found = tables.remove(i);
        let slice = found.slice.clone();
        tables.push(found);
        return Ok(slice);
    }
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
    let slice = temporary(gpu, &bytes)?;
    if tables.len() == KEPT {
        tables.remove(0);
    }
    tables.push(Table { gpu: gpu.index, words, slice: slice.clone() });
    Ok(slice)
}

/// Taps of all dims together that one thread is worth.
const MANY: usize = 1 << 12;

impl Axis<'_> {
    /// The most inputs of an output.
    fn longest(&self) -> usize {
        self.starts.windows(2).map(|w| (w[1] - w[0]) as usize).max().unwrap_or(0)
    }
}

/// One dim after another, so that taps are added up and not multiplied.
fn one_by_one(gpu: &'static Gpu, planes: usize, axes: &[Axis; 3], x: &Memory, y: &Memory) -> Result<()> {
    let mut sizes = axes.each_ref().map(|a| a.inputs);
    let mut from: Option<Memory> = None;
    for d in (0..3).rev() {
        let places = sizes.map(|n| (0..=n as u32).collect::<Vec<_>>());
        let mut one: [Axis; 3] = std::array::from_fn(|k| Axis {
            inputs: sizes[k],
            starts: &places[k],
            index: &places[k][..sizes[k]],
            weight: &[],
        });
        one[d] = Axis { inputs: sizes[d], starts: axes[d].starts, index: axes[d].index, weight: axes[d].weight };
        sizes[d] = axes[d].starts.len() - 1;
        let class = Type::of(x.dtype.class(), x.dtype, &gpu.abilities)?.dtype();
        let to = if d == 0 { y.clone() } else { spare(gpu, planes * sizes.iter().product::<usize>(), class)? };
        apply(gpu, planes, &one, false, from.as_ref().unwrap_or(x), &to)?;
        from = Some(to);
    }
    Ok(())
}

/// `y = axes applied to x`, on contiguous planes. `moves`: every output is one input, unchanged.
pub fn apply(gpu: &'static Gpu, planes: usize, axes: &[Axis; 3], moves: bool, x: &Memory, y: &Memory) -> Result<()> {
    let longest = axes.each_ref().map(Axis::longest);
    if longest.iter().filter(|n| **n > 1).count() > 1 && longest.iter().product::<usize>() > MANY {
        return one_by_one(gpu, planes, axes, x, y);
    }
    let (mut words, mut starts, mut taps) = (vec![], [0; 3], [0; 3]);
    for (a, start) in axes.iter().zip(&mut starts) {
        *start = words.len();
        words.extend_from_slice(a.starts);
    }
    let first = words.len();
    for (a, tap) in axes.iter().zip(&mut taps) {
        *tap = words.len();
        words.extend_from_slice(a.index);
    }
    let weighted = axes.iter().any(|a| !a.weight.is_empty());
    let all = axes.iter().flat_map(|a| (0..a.index.len()).map(|t| a.weight.get(t).map_or(1.0, |w| *w)));
    let wide = x.dtype == DType::F64;
    let weights: Vec<u32> = match wide {
        _ if !weighted => vec![],
        true => all.map(f64::to_bits).flat_map(|b| [b as u32, (b >> 32) as u32]).collect(),
        false => all.map(|w| (w as f32).to_bits()).collect(),
    };
    let table = table(gpu, words)?;
    let weights = if weighted { self::table(gpu, weights)? } else { table.clone() };

    // A bool is moved as the byte that it is.
    let dtype = |m: &Memory| if m.dtype == DType::Bool { DType::U8 } else { m.dtype };
    let ty = Type::of(dtype(x).class(), dtype(x), &gpu.abilities)?;
    let mut call = Call::new(gpu, shader!("resample"));
    call.constant("WEIGHTED", weighted).constant("MOVES", moves);
    call.operand("x", &x.slice, dtype(x), ty, Role::Read).operand("y", &y.slice, dtype(y), ty, Role::Write);
    call.operand("table", &table, DType::I32, Type::I32, Role::Read);
    call.operand("weight", &weights, if wide { DType::F64 } else { DType::F32 }, Type::F32, Role::Read);
    call.params([planes, x.offset, y.offset]);
    let inputs = axes.each_ref().map(|a| a.inputs);
    let outputs = axes.each_ref().map(|a| a.starts.len() - 1);
    for [d, h, w] in [inputs, outputs] {
        call.vec4(&[d, h, w, d * h * w], 0);
    }
    let [d, h, w] = taps;
    call.vec4(&starts, 0).vec4(&[d, h, w, first], 0);
    call.over(planes * outputs.iter().product::<usize>())
}
