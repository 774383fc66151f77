//! Averages over windows.
use crate::cpu::resample::Axis;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{Dims, show};
use crate::ops::pool::{Pool, check_adaptive, check_input, check_one_dim, shares};
use crate::ops::resample::{Map, Names, resampled};
use crate::ops::*;
use crate::tensor::Tensor;
use std::ops::Range;

const NODES: [Names; 3] = [
    ["SqueezeBackward1", "SqueezeBackwardBackward0"],
    ["AvgPool2DBackward0", "AvgPool2DBackwardBackward0"],
    ["AvgPool3DBackward0", "AvgPool3DBackwardBackward0"],
];

/// The part of each window that lies inside the input, and the number that its sum is divided by.
fn windows(p: &Pool, d: usize, size: usize, outputs: usize, include_pad: bool) -> Vec<(Range<usize>, usize)> {
    let (k, s, pad, size) = (p.kernel[d], p.stride[d], p.padding[d], size as i64);
    let window = |o: usize| {
        let start = o as i64 * s - pad;
        let end = (start + k).min(size + pad);
        let inside = start.max(0)..end.min(size).max(start.max(0));
        let count = if include_pad { end - start } else { inside.end - inside.start };
        (inside.start as usize..inside.end as usize, count.max(0) as usize)
    };
    (0..outputs).map(window).collect()
}

fn avg_pool(x: &Tensor, n: usize, p: &Pool, include_pad: bool, divisor: Option<i64>) -> Result<Tensor> {
    ensure!(divisor != Some(0), "divisor must be not zero");
    check_input(x, n)?;
    let dtype = x.dtype();
    ensure!(
        dtype.is_float() || dtype == DType::I64,
        NotImplemented,
        "\"{}\" not implemented for '{}'",
        ["avg_pool2d", "avg_pool2d", "avg_pool3d_out_frame"][n - 1],
        dtype.scalar_name()
    );
    let sizes = p.sizes(x)?;
    let lead = x.rank() - n;
    let dims: Vec<_> = (0..n).map(|d| windows(p, d, x.shape()[lead + d], sizes[d], include_pad)).collect();
    let sums = |d: usize| Axis::sums(x.shape()[lead + d], dims[d].iter().map(|w| w.0.clone()));
    if dtype == DType::I64 {
        return integer_average(x, &Map::new((0..n).map(sums).collect()), &dims, divisor, NODES[n - 1]);
    }
    let axis = |d: usize| {
        sums(d).scaled(|o| match divisor {
            Some(v) => if d == 0 { 1.0 / v as f64 } else { 1.0 },
            None => 1.0 / dims[d][o].1.max(1) as f64,
        })
    };
    resampled(x, &Map::new((0..n).map(axis).collect()), NODES[n - 1])
}

/// Integers are summed and divided, rounding towards zero.
fn integer_average(
    x: &Tensor,
    sums: &std::sync::Arc<Map>,
    dims: &[Vec<(Range<usize>, usize)>],
    divisor: Option<i64>,
    names: Names,
) -> Result<Tensor> {
    let y = resampled(x, sums, names)?;
    if y.numel() == 0 {
        return Ok(y);
    }
    let mut counts = vec![1i64];
    for dim in dims {
        counts = counts.iter().flat_map(|&c| dim.iter().map(move |w| c * w.1.max(1) as i64)).collect();
    }
    if y.device().is_gpu() {
        let shape: Vec<usize> = dims.iter().map(Vec::len).collect();
        let counts = match divisor {
            Some(v) => Tensor::from_slice(&[v], &[1])?,
            None => Tensor::from_slice(&counts, &shape)?,
        };
        return crate::graph::with_grad(false, || div_trunc(&y, &counts));
    }
    // SAFETY: a new contiguous int64 tensor that nobody else has.
    let values = unsafe { y.as_mut_slice::<i64>() };
    for plane in values.chunks_mut(counts.len()) {
        for (v, &c) in plane.iter_mut().zip(&counts) {
            *v = v.wrapping_div(divisor.unwrap_or(c));
        }
    }
    Ok(y)
}

fn avg_pool_row(a: &Args, n: usize) -> Result<Tensor> {
    let x = a.tensor(0)?;
    let op = ["avg_pool1d", "avg_pool2d", "avg_pool3d"][n - 1];
    if n == 1 {
        check_one_dim(x, op)?;
    }
    let p = Pool::new(op, n, &a.ints(1)?, &a.ints(2)?, &a.ints(3)?, &[1], a.bool(4)?)?;
    avg_pool(x, n, &p, a.bool(5)?, if n == 1 { None } else { a.opt_int(6)? })
}

fn adaptive_avg(x: &Tensor, size: &[i64], n: usize) -> Result<Tensor> {
    let op = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"][n - 1];
    if n == 1 {
        check_one_dim(x, op)?;
    }
    let rank = x.rank();
    ensure!(
        rank == n + 1 || rank == n + 2,
        "{op}(): Expected {}D or {}D tensor, but got {}",
        n + 1,
        n + 2,
        show(x.shape())
    );
    let size: Vec<i64> = if size.len() == 1 { vec![size[0]; n] } else { size.to_vec() };
    ensure!(size.len() == n, "{op}: output_size must be {n}");
    ensure!(
        size.iter().all(|&s| s >= 0),
        "{op}: elements of output_size must be greater than or equal to 0 but received {{{}}}",
        size.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
    );
    check_adaptive(x, n, op)?;
    let shape: Vec<i64> = x.shape()[..rank - n].iter().map(|&d| d as i64).chain(size.iter().copied()).collect();
    let shape: Dims = crate::layout::sizes(&shape)?;
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"{}\" not implemented for '{}'",
        ["adaptive_avg_pool2d", "adaptive_avg_pool2d", "adaptive_avg_pool3d_cpu"][n - 1],
        x.dtype().scalar_name()
    );
    if n == 2 && size == [1, 1] {
        return mean(x, &[-1, -2], true, None);
    }
    if x.device().is_gpu() && size.iter().all(|&s| s == 1) {
        // One thread would add up each plane.
        return mean(x, &(1..=n as i64).map(|d| -d).collect::<Vec<_>>(), true, None);
    }
    let axis = |d: usize| {
        let input = x.shape()[rank - n + d];
        let of: Vec<_> = shares(input, shape[rank - n + d]).collect();
        Axis::sums(input, of.iter().cloned()).scaled(|o| 1.0 / of[o].len().max(1) as f64)
    };
    let names = match n {
        1 => NODES[0],
        2 => ["AdaptiveAvgPool2DBackward0", "AdaptiveAvgPool2DBackwardBackward0"],
        _ => ["AdaptiveAvgPool3DBackward0", "AdaptiveAvgPool3DBackwardBackward0"],
    };
    resampled(x, &Map::new((0..n).map(axis).collect()), names)
}

rows! {
    /// Average of each window of the last dim of (N, C, L) or (C, L).
    "avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, bool ceil_mode=False, bool count_include_pad=True) -> Tensor" "f"
    |a| avg_pool_row(a, 1);
    |s| vec![vec![s.t(&[1, 2, 5]), [3].into(), [2].into(), [1].into(), true.into(), true.into()]];
    /// Average of each window of the last two dims of (N, C, H, W) or (C, H, W).
    "_nn::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor" "fo"
    |a| avg_pool_row(a, 2);
    |s| vec![
        vec![s.t(&[1, 2, 4, 5]), [2].into(), Value::Ints(vec![]), [0].into(), false.into(), true.into(), Value::None],
        vec![s.transposed(&[2, 4, 5]), [3, 2].into(), [2, 1].into(), [1].into(), true.into(), false.into(), Value::None],
        vec![s.t(&[2, 4, 5]), [3].into(), [2].into(), [1].into(), true.into(), true.into(), 2.into()],
    ];
    /// Average of each window of the last three dims of (N, C, D, H, W) or (C, D, H, W).
    "_nn::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor" "fo"
    |a| avg_pool_row(a, 3);
    |s| vec![vec![s.t(&[1, 2, 3, 4]), [2].into(), [1].into(), [1].into(), false.into(), false.into(), Value::None]];
    /// Averages over `output_size` even shares of the last dim.
    "adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor" "f"
    |a| adaptive_avg(a.tensor(0)?, &a.ints(1)?, 1);
    |s| vec![vec![s.t(&[1, 2, 5]), [3].into()]];
    /// Averages over `output_size` even shares of the last two dims.
    "_nn::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor" "fo"
    |a| adaptive_avg(a.tensor(0)?, &a.ints(1)?, 2);
    |s| vec![vec![s.t(&[2, 4, 5]), [3, 2].into()], vec![s.t(&[2, 2, 3]), [1].into()]];
    /// Averages over `output_size` even shares of the last three dims.
    "_nn::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor" "fo"
    |a| adaptive_avg(a.tensor(0)?, &a.ints(1)?, 3);
    |s| vec![vec![s.t(&[1, 3, 4, 2]), [2, 3, 1].into()]];
}
