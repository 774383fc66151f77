//! Attention by blocks on a GPU: what its kernels are given, and the bits of dropout.
use crate::device::{Device, Inside};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::attention::{Gradient, MaskGradient, Operands, Sizes, backward, mask_gradient, mask_gradient_shape};
use crate::gpu::{self, Gpu, Memory};
use crate::graph::Grads;
use crate::ops::attention::{Sight, beside, mask_strides, sizes_of};
use crate::ops::random::draw_bernoulli;
use crate::ops::*;
use crate::tensor::Tensor;

/// The tensor with its columns side by side, as the kernels read them.
fn columns_beside(t: &Tensor) -> Result<Tensor> {
    if t.strides()[3] == 1 || t.shape()[3] == 1 { Ok(t.detach()) } else { t.contiguous_data() }
}
/// The tensor alone in its memory, from the start on.
fn alone(t: &Tensor) -> Result<Tensor> {
    let y = t.contiguous_data()?;
    if y.layout().offset == 0 {
        return Ok(y);
    }
    let copy = Tensor::empty(y.shape(), y.dtype())?;
    copy.copy_data(&y);
    Ok(copy)
}

fn sizes(q: &Tensor, k: &Tensor, v: &Tensor, sight: &Sight) -> Sizes {
    let s = sizes_of(q, k, v, sight.causal, sight.scale);
    Sizes {
        batch: s.batch,
        heads: s.heads,
        group: s.heads / k.shape()[1].max(1),
        queries: s.queries,
        keys: s.keys,
        width: s.width,
        values: s.values,
        scale: s.scale,
        causal: s.causal,
        kept: sight.kept,
    }
}

/// Calls `f` with the operands as the kernels take them.
fn with_operands<T>(
    gpu: &'static Gpu,
    [q, k, v]: [&Tensor; 3],
    sight: &Sight,
    f: impl FnOnce(&Operands) -> Result<T>,
) -> Result<T> {
    let (q, k, v) = (columns_beside(q)?, columns_beside(k)?, columns_beside(v)?);
    let strides = sight.mask.as_ref().and_then(|m| mask_strides(m, &q, &k)).unwrap_or_default();
    let mask = match &sight.mask {
        Some(m) => Some(Memory { strides: &strides, ..m.on_gpu(gpu)? }),
        None => None,
    };
    let bits = sight.bits.as_ref().map(|b| b.on_gpu(gpu)).transpose()?;
    f(&Operands { q: q.on_gpu(gpu)?, k: k.on_gpu(gpu)?, v: v.on_gpu(gpu)?, mask, bits })
}

/// The result and the logarithms of the sums.
pub(super) fn forward(gpu: &'static Gpu, of: [&Tensor; 3], sight: &Sight) -> Result<Vec<Tensor>> {
    let [q, k, v] = of;
    let s = sizes(q, k, v, sight);
    let y = beside(&[s.batch, s.heads, s.queries, s.values], q.dtype())?;
    let logs = Tensor::empty(&q.shape()[..3], DType::F32)?;
    if y.numel() > 0 {
        with_operands(gpu, of, sight, |o| gpu::attention::forward(gpu, &s, o, &y.on_gpu(gpu)?, &logs.on_gpu(gpu)?))?;
    }
    Ok(vec![y, logs])
}

/// The gradients of query, key, value and, where it needs one, the mask.
pub(super) fn gradients(gpu: &'static Gpu, of: [&Tensor; 6], sight: &Sight) -> Result<Grads> {
    let [q, k, v, y, gy, logs] = of;
    let s = sizes(q, k, v, sight);
    let made = [beside(q.shape(), q.dtype())?, beside(k.shape(), k.dtype())?, beside(v.shape(), v.dtype())?];
    let mask = sight.mask.as_ref().filter(|m| m.requires_grad());
    let mut of_mask = mask.map(|m| Tensor::zeros(m.shape(), m.dtype())).transpose()?;
    if y.numel() > 0 {
        let delta = sum(&mul(&cast(gy, DType::F32)?, &cast(y, DType::F32)?)?, &[-1], false, None)?;
        let (logs, delta, gy) = (alone(logs)?, alone(&delta)?, columns_beside(gy)?);
        let g = Gradient { gy: gy.on_gpu(gpu)?, logs: logs.on_gpu(gpu)?, delta: delta.on_gpu(gpu)? };
        with_operands(gpu, [q, k, v], sight, |o| {
            let [gq, gk, gv] = &made;
            backward(gpu, &s, o, &g, &gq.on_gpu(gpu)?, &gk.on_gpu(gpu)?, &gv.on_gpu(gpu)?)?;
            if let Some(mask) = mask {
                of_mask = Some(gradient_of_mask(gpu, &s, o, &g, mask)?);
            }
            Ok(())
        })?;
    }
    let mut all: Grads = made.into_iter().map(Some).collect();
    all.extend(of_mask.map(Some));
    Ok(all)
}

fn gradient_of_mask(gpu: &'static Gpu, s: &Sizes, o: &Operands, g: &Gradient, mask: &Tensor) -> Result<Tensor> {
    let missing = 4 - mask.rank();
    let over = std::array::from_fn(|d| d < missing || mask.shape()[d - missing] == 1);
    let sums = Tensor::empty(&mask_gradient_shape(s, over), DType::F32)?;
    mask_gradient(gpu, s, o, g, &MaskGradient { over, to: sums.on_gpu(gpu)? })?;
    cast(&sum_to(&sums, mask.shape())?, mask.dtype())
}

/// Bits of the weights (batch, heads, queries, keys) that dropout keeps, of the same random numbers as on the CPU, in whole
/// words for each query. The numbers come from one stream, so that no kernel can make its own; of T x T weights a bit each
/// is all that goes to the device and stays for backward.
pub(super) fn drawn_bits([batch, heads, queries, keys]: [usize; 4], p: f64) -> Result<Tensor> {
    let words = keys.div_ceil(32);
    let bits = Tensor::empty(&[batch, heads, queries, words], DType::I32)?;
    let head = {
        let _inside = Inside::of(Device::Cpu);
        Tensor::empty(&[queries, keys], DType::Bool)?
    };
    // SAFETY: a new contiguous tensor of 32-bit integers that nobody else has.
    let all = unsafe { bits.as_mut_slice::<i32>() };
    for of_head in all.chunks_mut(queries * words) {
        draw_bernoulli(&head, 1.0 - p, &default_generator())?;
        // SAFETY: a contiguous tensor of bools that nobody else has.
        let kept = unsafe { head.as_slice::<bool>() };
        for (row, kept) in of_head.chunks_mut(words).zip(kept.chunks(keys)) {
            for (word, kept) in row.iter_mut().zip(kept.chunks(32)) {
                *word = kept.iter().enumerate().fold(0u32, |w, (k, kept)| w | u32::from(*kept) << k) as i32;
            }
        }
    }
    Ok(bits)
}

/// Such bits as a tensor of integers.
pub(super) fn kept(bits: &Tensor, keys: usize) -> Result<Tensor> {
    let places = Tensor::from_slice(&(0..32).collect::<Vec<i32>>(), &[32])?;
    let each = bitwise_and(&bitwise_right_shift(&unsqueeze(bits, -1)?, &places)?, 1)?;
    let mut shape = bits.shape().to_vec();
    shape[3] *= 32;
    narrow(&reshape_to(&each, &shape)?, 3, 0, keys as i64)
}
