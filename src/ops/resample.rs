//! The recorded form of linear maps along dims (`cpu::resample`), which padding, resizing and averages are made of.
use crate::cpu::resample::{Axis, apply, moves};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::layout::Dims;
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;
use std::sync::{Arc, OnceLock};

/// A map of the last dims and, once asked for, that of the gradients.
pub(crate) struct Map {
    axes: [Axis; 3],
    /// How many dims it maps; the other axes are single places.
    rank: usize,
    back: OnceLock<[Axis; 3]>,
}

impl Map {
    pub fn new(axes: Vec<Axis>) -> Arc<Self> {
        let rank = axes.len();
        let mut all: Vec<Axis> = (rank..3).map(|_| Axis::identity(1)).collect();
        all.extend(axes);
        let axes = all.try_into().unwrap_or_else(|_| unreachable!("at most three axes"));
        Arc::new(Self { axes, rank, back: OnceLock::new() })
    }
    fn axes(&self, back: bool) -> &[Axis; 3] {
        if back { self.back.get_or_init(|| self.axes.each_ref().map(Axis::transposed)) } else { &self.axes }
    }
}

/// Names of the nodes of a map and of its transposed map.
pub(crate) type Names = [&'static str; 2];

/// The last dims of `x` mapped. The map is linear, so the derivative of each direction is the other one.
pub(crate) fn resampled(x: &Tensor, map: &Arc<Map>, names: Names) -> Result<Tensor> {
    directed(x, map, names, false)
}

fn directed(x: &Tensor, map: &Arc<Map>, names: Names, back: bool) -> Result<Tensor> {
    let map = map.clone();
    data(x, &map, back)?
        .record(names[back as usize], &[x], |_, _| one_grad(move |_, g| directed(g, &map, names, !back)))
}

fn data(x: &Tensor, map: &Map, back: bool) -> Result<Tensor> {
    let axes = map.axes(back);
    let lead = x.rank() - map.rank;
    let mut shape: Dims = x.shape()[..lead].into();
    let planes = shape.iter().product();
    shape.extend(axes[3 - map.rank..].iter().map(Axis::outputs));
    crate::layout::checked_numel(&shape)?;
    if complex::in_parts(x) {
        return complex::of_parts(x, |part| data(part, map, back));
    }
    if let Some(gpu) = x.gpu() {
        let (x, y) = (x.contiguous_data()?, Tensor::empty(&shape, x.dtype())?);
        if y.numel() > 0 {
            let tables = axes.each_ref().map(|a| {
                let (starts, index, weight) = a.table();
                gpu::resample::Axis { inputs: a.inputs, starts, index, weight }
            });
            let moves = axes.iter().all(Axis::shows_one);
            gpu::resample::apply(gpu, planes, &tables, moves, &x.on_gpu(gpu)?, &y.on_gpu(gpu)?)?;
        }
        return Ok(y);
    }
    if axes.iter().all(Axis::shows_one) {
        let (x, y) = (x.contiguous_data()?, Tensor::empty(&shape, x.dtype())?);
        if y.numel() > 0 {
            // SAFETY: contiguous planes of the map's sizes, and a new result.
            unsafe { moves(x.dtype().size(), planes, axes, x.data_ptr(), y.data_ptr()) };
        }
        return Ok(y);
    }
    let class = match x.dtype() {
        DType::Bool => DType::I64.class(),
        d => d.class(),
    };
    let z = x.cast_data(class.dtype())?;
    let y = Tensor::empty(&shape, class.dtype())?;
    if y.numel() > 0 {
        // SAFETY: as above; elements of a class are aligned in new memory, and views keep to element boundaries.
        unsafe { apply(class, planes, axes, z.data_ptr(), y.data_ptr()) };
    }
    y.cast_data(x.dtype())
}

pub(super) fn rows() -> Vec<Op> {
    vec![]
}
