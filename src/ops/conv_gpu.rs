//! Convolutions on a GPU.
use crate::cpu::conv::Geometry;
use crate::error::Result;
use crate::gpu::{self, conv::Made};
use crate::graph::with_grad;
use crate::ops::conv::Operands;
use crate::ops::*;
use crate::tensor::Tensor;

/// Makes one of the three tensors of the other two.
pub(super) fn made(
    gpu: &'static gpu::Gpu,
    made: Made,
    of: &Geometry,
    (a, b, bias): Operands,
    shape: &[usize],
) -> Result<Tensor> {
    if a.dtype().is_complex() {
        // (a + bi)(c + di) = ac - bd + (ad + bc)i, as four of real numbers.
        let product = |k: usize, l: usize, bias: Option<&Tensor>| {
            let bias = bias.map(|b| parts_of(b, l).cast_data(a.dtype().to_real())).transpose()?;
            self::made(gpu, made, of, (&parts_of(a, k), &parts_of(b, l), bias.as_ref()), shape)
        };
        return with_grad(false, || {
            let re = sub(&product(0, 0, bias)?, &product(1, 1, None)?)?;
            complex(&re, &add(&product(0, 1, bias)?, &product(1, 0, None)?)?)
        });
    }
    let y = Tensor::empty(shape, a.dtype())?;
    if a.numel() * b.numel() == 0 {
        y.fill_data(crate::Scalar::Int(0));
    } else if y.numel() > 0 {
        let &Geometry { batch, groups, channels, outputs, input, output, kernel, stride, padding, dilation } = of;
        let g =
            gpu::conv::Geometry { batch, groups, channels, outputs, input, output, kernel, stride, padding, dilation };
        // Output and gradient of the input are made of the weight and the other tensor, in this order.
        let (a, b) = if made == Made::Weight { (a, b) } else { (b, a) };
        let (a, b, bias) = (a.contiguous_data()?, b.contiguous_data()?, bias.map(|b| b.on_gpu(gpu)).transpose()?);
        gpu::conv::convolve(gpu, made, &g, &y.on_gpu(gpu)?, &a.on_gpu(gpu)?, &b.on_gpu(gpu)?, bias.as_ref())?;
    }
    Ok(y)
}
