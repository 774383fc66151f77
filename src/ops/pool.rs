//! Maxima over windows: pooling with its indices, and unpooling by them.
use crate::cpu::pool::{Even, Window, Windows};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::{grad_enabled, with_grad};
use crate::layout::show;
use crate::ops::*;
use crate::tensor::Tensor;

mod maxima;
use maxima::{Lie, max_over, placed};

// ---- options ------------------------------------------------------------------------------------------------------------

/// Kernel, stride, padding and dilation per dim.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub kernel: Vec<i64>,
    pub stride: Vec<i64>,
    pub padding: Vec<i64>,
    pub dilation: Vec<i64>,
    pub ceil: bool,
}

impl Pool {
    /// Reads lists of one or `n` numbers; an empty stride is the kernel's size.
    pub fn new(op: &str, n: usize, kernel: &[i64], stride: &[i64], padding: &[i64], dilation: &[i64], ceil: bool) -> Result<Self> {
        let tuple = ["one int", "two ints", "three ints"][n - 1];
        let wide = |v: &[i64], name: &str, or: &str| match v.len() {
            1 => Ok(vec![v[0]; n]),
            m if m == n => Ok(v.to_vec()),
            _ => bail!("{op}: {name} must {or}be a single int, or a tuple of {tuple}"),
        };
        let kernel = wide(kernel, "kernel_size", "either ")?;
        let stride = if stride.is_empty() { kernel.clone() } else { wide(stride, "stride", "either be omitted, ")? };
        let p = Self {
            padding: wide(padding, "padding", "either ")?,
            dilation: wide(dilation, "dilation", "either ")?,
            kernel,
            stride,
            ceil,
        };
        ensure!(p.stride.iter().all(|&s| s != 0), "stride should not be zero");
        let axes = &["T", "H", "W"][3 - n..];
        let named = |what: &str, v: &[i64]| {
            axes.iter().zip(v).map(|(a, v)| format!("{what}{a}: {v}")).collect::<Vec<_>>().join(" ")
        };
        ensure!(
            p.kernel.iter().all(|&k| k > 0),
            "kernel size should be greater than zero, but got {}",
            named("k", &p.kernel)
        );
        ensure!(
            p.stride.iter().all(|&s| s > 0),
            "stride should be greater than zero, but got {}",
            named("d", &p.stride)
        );
        ensure!(
            p.dilation.iter().all(|&d| d > 0),
            "dilation should be greater than zero, but got {}",
            named("dilation", &p.dilation)
        );
        for d in 0..n {
            let (pad, k, dil) = (p.padding[d], p.kernel[d], p.dilation[d]);
            ensure!(pad >= 0, "pad must be non-negative, but got pad: {pad}");
            let all = [pad, k, dil, p.stride[d]];
            ensure!(all.iter().all(|&v| v <= i32::MAX as i64), "integer out of range");
            ensure!(
                pad <= ((k - 1) * dil + 1) / 2,
                "pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={k} and dilation={dil}"
            );
        }
        Ok(p)
    }
    /// How many windows lie along dim `d`; the last may hang over the edge if `ceil`.
    pub fn outputs(&self, d: usize, size: usize) -> i64 {
        let (k, s, p, dil) = (self.kernel[d], self.stride[d], self.padding[d], self.dilation[d]);
        let room = size as i64 + 2 * p - dil * (k - 1) - 1 + if self.ceil { s - 1 } else { 0 };
        let out = room.div_euclid(s) + 1;
        // The last window must begin inside the input or its left padding.
        if self.ceil && (out - 1) * s >= size as i64 + p { out - 1 } else { out }
    }
    /// The sizes of the result's last dims.
    pub fn sizes(&self, x: &Tensor) -> Result<Vec<usize>> {
        let n = self.kernel.len();
        let s = &x.shape()[x.rank() - n - 1..];
        let out: Vec<i64> = (0..n).map(|d| self.outputs(d, s[d + 1])).collect();
        ensure!(
            out.iter().all(|&o| o >= 1),
            "Given input size: ({}). Calculated output size: ({}x{}). Output size is too small",
            s.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
            s[0],
            out.iter().map(|o| o.max(&0).to_string()).collect::<Vec<_>>().join("x")
        );
        Ok(out.iter().map(|&o| o as usize).collect())
    }
    fn windows(&self, d: usize, size: usize, outputs: usize) -> Vec<Window> {
        let (k, s, p, dil) = (self.kernel[d], self.stride[d], self.padding[d], self.dilation[d]);
        let window = |o: usize| {
            let from = o as i64 * s - p;
            let start = if from < 0 { from + (-from + dil - 1) / dil * dil } else { from };
            Window { start: start as usize, end: (from + (k - 1) * dil + 1).min(size as i64) as usize, step: dil as usize }
        };
        (0..outputs).map(window).collect()
    }
}

/// Batched or not, and only the batch may be empty.
pub(super) fn check_input(x: &Tensor, n: usize) -> Result<()> {
    let s = x.shape();
    ensure!(
        s.len() == n + 1 || s.len() == n + 2,
        "non-empty {}D or {}D (batch mode) tensor expected for input",
        n + 1,
        n + 2
    );
    let fits = s[s.len() - n - 1..].iter().all(|&d| d > 0);
    ensure!(
        fits,
        "Expected {}D or {}D (batch mode) tensor with optional 0 dim batch size for input, but got:{}",
        n + 1,
        n + 2,
        show(s)
    );
    Ok(())
}

// ---- windows that lie evenly -----------------------------------------------------------------------------------------------

const NODES: [&str; 3] = ["SqueezeBackward1", "MaxPool2DWithIndicesBackward0", "MaxPool3DWithIndicesBackward0"];

fn max_pool(x: &Tensor, n: usize, a: &Args) -> Result<(Tensor, Tensor)> {
    max_pool_of(x, n, a, true)
}

/// The maxima, and their places where these are asked for.
fn max_pool_of(x: &Tensor, n: usize, a: &Args, places: bool) -> Result<(Tensor, Tensor)> {
    let op = ["max_pool1d", "max_pool2d", "max_pool3d"][n - 1];
    if n == 1 {
        check_one_dim(x, op)?;
    }
    let p = Pool::new(op, n, &a.ints(1)?, &a.ints(2)?, &a.ints(3)?, &a.ints(4)?, a.bool(5)?)?;
    check_input(x, n)?;
    let sizes = p.sizes(x)?;
    let lead = x.rank() - n;
    let mut windows: Windows = [0; 3].map(|_| vec![Window { start: 0, end: 1, step: 1 }]);
    for d in 0..n {
        windows[3 - n + d] = p.windows(d, x.shape()[lead + d], sizes[d]);
    }
    let three = |v: &[i64], fill: usize| {
        let mut a = [fill; 3];
        (0..n).for_each(|d| a[3 - n + d] = v[d] as usize);
        a
    };
    let even = Even {
        kernel: three(&p.kernel, 1),
        stride: three(&p.stride, 1),
        padding: three(&p.padding, 0),
        dilation: three(&p.dilation, 1),
    };
    max_over(x, &[windows], Lie::Even(even), n, NODES[n - 1], op, places)
}

pub(super) fn check_one_dim(x: &Tensor, op: &str) -> Result<()> {
    let n = x.rank();
    ensure!(
        n == 2 || n == 3,
        "Expected 2 to 3 dimensions, but got {n}-dimensional tensor for argument #1 'self' (while checking arguments for {op})"
    );
    Ok(())
}

/// `max_pool1d` has checks of its own where no gradient is asked for.
fn max_pool1d(a: &Args) -> Result<Tensor> {
    let x = a.tensor(0)?;
    if !(grad_enabled() && x.requires_grad()) {
        let s = x.shape();
        let fits = matches!(s.len(), 2 | 3) && s[s.len() - 2..].iter().all(|&n| n > 0);
        ensure!(
            fits,
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{}",
            show(s)
        );
        let one = |i: usize| Ok::<_, crate::Error>(a.ints(i)?.first().copied());
        let kernel = one(1)?.unwrap_or(1);
        let (stride, padding, dilation) = (one(2)?.unwrap_or(kernel), one(3)?.unwrap_or(0), one(4)?.unwrap_or(1));
        ensure!(kernel > 0, "max_pool1d() kernel_size must be greater than zero, but got {kernel}");
        ensure!(stride > 0, "max_pool1d() stride must be greater than zero, but got {stride}");
        ensure!(padding >= 0, "max_pool1d() padding must be non-negative, but got {padding}");
        ensure!(
            padding <= kernel / 2,
            "max_pool1d() padding should be at most half of kernel size, but got padding={padding} and \
             kernel_size={kernel}"
        );
        ensure!(dilation > 0, "max_pool1d() dilation must be greater than zero, but got {dilation}");
        ensure!(
            !x.dtype().is_integral(),
            NotImplemented,
            "\"max_pool1d_impl\" not implemented for '{}'",
            x.dtype().scalar_name()
        );
        let p = Pool { kernel: vec![kernel], stride: vec![stride], padding: vec![padding], dilation: vec![dilation], ceil: a.bool(5)? };
        let out = p.outputs(0, s[s.len() - 1]);
        ensure!(out > 0, "max_pool1d() Invalid computed output size: {out}");
    }
    Ok(max_pool_of(x, 1, a, grad_enabled() && x.requires_grad())?.0)
}

/// The gradient row of pooling with indices: index of its `indices` argument last.
fn max_backward(a: &Args, n: usize) -> Result<Tensor> {
    let (g, x, index) = (a.tensor(0)?, a.tensor(1)?, a.tensor(a.len() - 1)?);
    check_indices(g, index, x.shape()[x.rank() - n..].iter().product(), x.rank() >= n && g.rank() == x.rank())?;
    placed(g, index, x.shape(), n, None, true, "MaxPoolBackwardBackward0")
}

fn check_indices(g: &Tensor, index: &Tensor, limit: usize, ranks: bool) -> Result<()> {
    ensure!(
        index.dtype() == DType::I64,
        "elements in indices should be type int64 but got: {}",
        index.dtype().scalar_name()
    );
    ensure!(
        ranks && g.shape() == index.shape(),
        "Expected shape of indices to be same as that of the input tensor ({}) but got indices tensor with shape: {}",
        show(g.shape()),
        show(index.shape())
    );
    let bad = outside(index, limit as i64)?;
    ensure!(bad.is_none(), "Found an invalid max index: {}", bad.unwrap_or(0));
    Ok(())
}

/// The first index that no plane of `limit` places has. Kernels of a GPU report theirs, without a look at the values here.
fn outside(index: &Tensor, limit: i64) -> Result<Option<i64>> {
    if index.device().is_gpu() {
        return Ok(None);
    }
    Ok(index.to_vec::<i64>()?.into_iter().find(|&i| i < 0 || i >= limit))
}

// ---- adaptive and fractional windows ----------------------------------------------------------------------------------------

/// The windows of adaptive pooling: even shares, each rounded outwards.
pub(super) fn shares(size: usize, outputs: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..outputs).map(move |o| o * size / outputs..((o + 1) * size).div_ceil(outputs))
}

fn adaptive_max(x: &Tensor, size: &[i64], n: usize) -> Result<(Tensor, Tensor)> {
    let op = ["adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"][n - 1];
    let rank = x.rank();
    if n == 1 {
        check_one_dim(x, op)?;
    }
    ensure!(
        rank == n + 1 || rank == n + 2,
        "{op}(): Expected {}D or {}D tensor, but got: {}",
        n + 1,
        n + 2,
        show(x.shape())
    );
    check_adaptive(x, n, op)?;
    let size: Vec<i64> = if size.len() == 1 { vec![size[0]; n] } else { size.to_vec() };
    ensure!(size.len() == n, "{op}(): internal error: output_size.size() must be {n}");
    let shape: Vec<i64> = x.shape()[..rank - n].iter().map(|&d| d as i64).chain(size.iter().copied()).collect();
    crate::layout::sizes(&shape)?;
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"{op}\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let mut windows: Windows = [0; 3].map(|_| vec![Window { start: 0, end: 1, step: 1 }]);
    for d in 0..n {
        let of = shares(x.shape()[rank - n + d], size[d] as usize);
        windows[3 - n + d] = of.map(|r| Window { start: r.start, end: r.end, step: 1 }).collect();
    }
    let node = ["SqueezeBackward1", "AdaptiveMaxPool2DBackward0", "AdaptiveMaxPool3DBackward0"][n - 1];
    max_over(x, &[windows], Lie::Shares, n, node, op, true)
}

pub(super) fn check_adaptive(x: &Tensor, n: usize, op: &str) -> Result<()> {
    let first = x.rank() - n - (n != 1 && x.rank() == n + 2) as usize;
    for d in first.max(1)..x.rank() {
        ensure!(
            x.shape()[d] > 0,
            "{op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {} with dimension \
             {d} being empty",
            show(x.shape())
        );
    }
    Ok(())
}

/// Windows that begin at pseudo-random steps (Graham, "Fractional Max-Pooling", 2014), drawn per plane.
fn fractional(x: &Tensor, kernel: &[i64], size: &[i64], samples: &Tensor, n: usize) -> Result<(Tensor, Tensor)> {
    let op = ["", "fractional_max_pool2d", "fractional_max_pool3d"][n - 1];
    let wide = |v: &[i64], what: &str| match v.len() {
        1 => Ok(vec![v[0]; n]),
        m if m == n => Ok(v.to_vec()),
        _ => bail!("{op}: {what} must either be a single int or tuple of ints"),
    };
    let (kernel, size) = (wide(kernel, "kernel_size")?, wide(size, "output_size")?);
    let (rank, s) = (x.rank(), x.shape());
    ensure!(
        (rank == n + 1 || rank == n + 2) && s[s.len() - n - 1..].iter().all(|&d| d > 0),
        "{op}: Expected {}D or {}D tensor, but got: {}",
        n + 1,
        n + 2,
        show(s)
    );
    let channels = s[rank - n - 1];
    let batch = if rank == n + 2 { s[0] } else { 1 };
    // Without a batch, the first of the samples is used.
    let fits = samples.rank() == 3 && samples.shape()[1..] == [channels, n];
    ensure!(
        fits && (samples.shape()[0] == batch || rank == n + 1 && samples.shape()[0] > 0),
        "Expect _random_samples to have shape [{batch}, {channels}, {n}], got {}",
        show(samples.shape())
    );
    ensure!(samples.dtype() == x.dtype(), "Expect _random_samples to have the same dtype as input");
    for d in 0..n {
        let input = s[rank - n + d] as i64;
        ensure!(kernel[d] > 0 && size[d] > 0, "{op}: kernel_size and output_size must be greater than zero");
        ensure!(
            size[d].checked_add(kernel[d]).is_some_and(|v| v - 1 <= input),
            "{op}: pool size ({}) too large relative to input size ({input})",
            kernel[d]
        );
    }
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"{op}_out_frame\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let planes = batch * channels;
    let samples = samples.cast_data(x.dtype().class().dtype())?;
    let samples = narrow(&samples.in_shape(&[samples.numel() / n, n]), 0, 0, planes as i64)?;
    let starts = |k: usize| match (k + n).checked_sub(3) {
        None => Tensor::zeros(&[planes, 1], DType::I32),
        // The samples of two dims are (width, height), those of three (depth, height, width).
        Some(d) => {
            let sample = narrow(&samples, 1, if n == 2 { 1 - d } else { d } as i64, 1)?;
            fractional_starts(&sample, s[rank - n + d] as i64, size[d], kernel[d])
        }
    };
    let starts = with_grad(false, || Ok::<_, crate::Error>([starts(0)?, starts(1)?, starts(2)?]))?;
    let kernel: [usize; 3] = std::array::from_fn(|k| (k + n).checked_sub(3).map_or(1, |d| kernel[d] as usize));
    let windows = if x.gpu().is_some() || planes == 0 {
        // Only their number counts.
        vec![starts.each_ref().map(|t| vec![Window { start: 0, end: 1, step: 1 }; t.shape()[1]])]
    } else {
        uneven_windows(&starts, kernel)?
    };
    let node = ["", "FractionalMaxPool2DBackward0", "FractionalMaxPool3DBackward0"][n - 1];
    max_over(x, &windows, Lie::Unevenly(cat(&starts.each_ref(), 1)?, kernel), n, node, op, true)
}
/// Where the windows along a dim begin in each plane, by the planes' samples (planes, 1).
fn fractional_starts(sample: &Tensor, input: i64, outputs: i64, kernel: i64) -> Result<Tensor> {
    let last = input - kernel;
    let alpha = if outputs > 1 { last as f64 / (outputs - 1) as f64 } else { 0.0 };
    let places = arange(Scalar::Int(0), Scalar::Int(outputs), Scalar::Int(1), Some(sample.dtype()))?;
    let starts = sub(&trunc(&mul(&add(&places, sample)?, alpha)?)?, &trunc(&mul(sample, alpha)?)?)?;
    // The last window ends where the input does.
    let starts = where_(&eq(&places, (outputs - 1) as f64)?, Scalar::Float(last as f64), &starts)?;
    cast(&minimum(&maximum(&starts, 0.0)?, last as f64)?, DType::I32)
}
/// Each plane's windows, of one size, from where they begin.
fn uneven_windows(starts: &[Tensor; 3], kernel: [usize; 3]) -> Result<Vec<Windows>> {
    let [d, h, w] = starts.each_ref().map(|t| t.to_vec::<i64>());
    let lists = [d?, h?, w?];
    let of_plane = |p: usize| {
        std::array::from_fn(|k| {
            let n = starts[k].shape()[1];
            let window = |&start: &i64| Window { start: start as usize, end: start as usize + kernel[k], step: 1 };
            lists[k][p * n..(p + 1) * n].iter().map(window).collect()
        })
    };
    Ok((0..starts[0].shape()[0]).map(of_plane).collect())
}

// ---- unpooling ----------------------------------------------------------------------------------------------------------------

fn unpool(x: &Tensor, index: &Tensor, size: &[i64], n: usize) -> Result<Tensor> {
    let rank = x.rank();
    ensure!(
        index.dtype() == DType::I64,
        "elements in indices should be type int64 but got: {}",
        index.dtype().scalar_name()
    );
    ensure!(
        size.len() == n,
        "There should be exactly {} in output_size, but got {} elements.",
        ["", "two elements (height, width)", "three elements (depth, height, width)"][n - 1],
        size.len()
    );
    ensure!(
        rank == n + 1 || rank == n + 2,
        "Input to max_unpooling{n}d should be a {}d or {}d Tensor, but got a tensor with {rank} dimensions.",
        n + 1,
        n + 2
    );
    ensure!(
        x.shape() == index.shape(),
        "Expected shape of indices to be same as that of the input tensor ({}) but got indices tensor with shape: {}",
        show(x.shape()),
        show(index.shape())
    );
    for d in 1..rank {
        ensure!(
            x.shape()[d] > 0,
            "max_unpooling{n}d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but got \
             {} with dimension {d} being empty.",
            show(x.shape())
        );
    }
    let shape: Vec<i64> = x.shape()[..rank - n].iter().map(|&d| d as i64).chain(size.iter().copied()).collect();
    let shape = crate::layout::sizes(&shape)?;
    let limit: i64 = size.iter().product();
    let bad = outside(index, limit)?;
    ensure!(
        bad.is_none(),
        "Found an invalid max index: {} (output volumes are of size {})",
        bad.unwrap_or(0),
        size.iter().map(i64::to_string).collect::<Vec<_>>().join("x")
    );
    placed(x, index, &shape, n, None, false, ["", "MaxUnpool2DBackward0", "MaxUnpool3DBackward0"][n - 1])
}

fn unpool3d(a: &Args) -> Result<Tensor> {
    for (i, name) in [(3, "stride"), (4, "padding")] {
        let v = a.ints(i)?;
        let axes = "(depth, height, width)";
        ensure!(v.len() == 3 || v.len() == 1, "There should be exactly three elements {axes} in {name}, but got: {} elements.", v.len());
    }
    let stride = a.ints(3)?;
    ensure!(
        stride.iter().all(|&s| s > 0),
        "strides should be greater than zero, but got stride: {}",
        crate::layout::show_i(&stride)
    );
    unpool(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, 3)
}

fn places(v: &[i64], shape: &[usize]) -> Value {
    Value::Tensor(Tensor::from_slice(v, shape).expect("a sample is small"))
}
macro_rules! pooled {
    ($a:ident, $n:literal) => {
        max_pool($a.tensor(0)?, $n, &$a)
    };
}

rows! {
    /// Maximum of each window of the last dim of (N, C, L) or (C, L).
    "max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, int[1] dilation=1, bool ceil_mode=False) -> Tensor" "f"
    |a| max_pool1d(a);
    |s| vec![
        vec![s.t(&[1, 2, 5]), [3].into(), [2].into(), [1].into(), [1].into(), false.into()],
        vec![s.t(&[2, 5]), [2].into(), Value::Ints(vec![]), [0].into(), [2].into(), true.into()],
    ];
    /// As `max_pool1d`, with the places of the maxima.
    "max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, int[1] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)" "f"
    |a| pooled!(a, 1);
    |s| vec![vec![s.t(&[1, 2, 5]), [3].into(), [2].into(), [1].into(), [1].into(), false.into()]];
    /// Maximum of each window of the last two dims of (N, C, H, W) or (C, H, W).
    "max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(pooled!(a, 2)?.0);
    |s| vec![
        vec![s.t(&[1, 2, 4, 5]), [2].into(), Value::Ints(vec![]), [0].into(), [1].into(), false.into()],
        vec![s.transposed(&[2, 4, 5]), [3, 2].into(), [2, 1].into(), [1].into(), [1, 2].into(), true.into()],
    ];
    /// As `max_pool2d`, with the places of the maxima in the flattened plane.
    "_nn::max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)" "fo"
    |a| pooled!(a, 2);
    |s| vec![vec![s.t(&[1, 2, 4, 5]), [3].into(), [1].into(), [1].into(), [1].into(), false.into()]];
    /// Maximum of each window of the last three dims of (N, C, D, H, W) or (C, D, H, W).
    "max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(pooled!(a, 3)?.0);
    |s| vec![vec![s.t(&[1, 2, 3, 4]), [2].into(), [1].into(), [0].into(), [1].into(), false.into()]];
    /// As `max_pool3d`, with the places of the maxima in the flattened volume.
    "_nn::max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)" "fo"
    |a| pooled!(a, 3);
    |s| vec![vec![s.t(&[1, 2, 3, 4]), [2].into(), [1].into(), [0].into(), [1].into(), false.into()]];
    /// The gradient of `max_pool2d_with_indices`.
    "_nn::max_pool2d_with_indices_backward(Tensor grad_output, Tensor self, int[2] kernel_size, int[2] stride, int[2] padding, int[2] dilation, bool ceil_mode, Tensor indices) -> Tensor" "f"
    |a| max_backward(a, 2);
    |s| vec![vec![
        s.t(&[1, 1, 2]), s.t(&[1, 2, 4]), [2].into(), [2].into(), [0].into(), [1].into(), false.into(), places(&[5, 2], &[1, 1, 2]),
    ]];
    /// The gradient of `max_pool3d_with_indices`.
    "_nn::max_pool3d_with_indices_backward(Tensor grad_output, Tensor self, int[3] kernel_size, int[3] stride, int[3] padding, int[3] dilation, bool ceil_mode, Tensor indices) -> Tensor" "f"
    |a| max_backward(a, 3);
    |s| vec![vec![
        s.t(&[1, 1, 1, 2]), s.t(&[1, 2, 2, 4]), [2].into(), [2].into(), [0].into(), [1].into(), false.into(),
        places(&[5, 2], &[1, 1, 1, 2]),
    ]];
    /// Maxima over `output_size` even shares of the last dim, and their places.
    "adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)" "f"
    |a| adaptive_max(a.tensor(0)?, &a.ints(1)?, 1);
    |s| vec![vec![s.t(&[1, 2, 5]), [3].into()]];
    /// Maxima over `output_size` even shares of the last two dims, and their places.
    "_nn::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)" "fo"
    |a| adaptive_max(a.tensor(0)?, &a.ints(1)?, 2);
    |s| vec![vec![s.t(&[2, 4, 5]), [3, 2].into()]];
    /// Maxima over `output_size` even shares of the last three dims, and their places.
    "_nn::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)" "fo"
    |a| adaptive_max(a.tensor(0)?, &a.ints(1)?, 3);
    |s| vec![vec![s.t(&[1, 3, 4, 2]), [2, 3, 1].into()]];
    /// Maxima over windows at pseudo-random steps (Graham, 2014); `random_samples` is (N, C, 2).
    "_nn::fractional_max_pool2d(Tensor self, int[2] kernel_size, int[2] output_size, Tensor random_samples) -> (Tensor, Tensor)" "fo"
    |a| fractional(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?, &a.tensor(3)?.detach(), 2);
    |s| vec![vec![s.t(&[1, 1, 4, 5]), [2].into(), [2].into(), s.within(0.1..0.9, &[1, 1, 2])]];
    /// Maxima over windows at pseudo-random steps (Graham, 2014); `random_samples` is (N, C, 3).
    "_nn::fractional_max_pool3d(Tensor self, int[3] kernel_size, int[3] output_size, Tensor random_samples) -> (Tensor, Tensor)" "fo"
    |a| fractional(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?, &a.tensor(3)?.detach(), 3);
    |s| vec![vec![s.t(&[1, 1, 3, 4, 3]), [2].into(), [2].into(), s.within(0.1..0.9, &[1, 1, 3])]];
    /// Zeros of `output_size` with the elements of `self` at `indices`, which `max_pool2d` gave.
    "_nn::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor" "fo"
    |a| unpool(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, 2);
    |s| vec![vec![s.t(&[1, 2, 1]), places(&[3, 0], &[1, 2, 1]), [2, 2].into()]];
    /// Zeros of `output_size` with the elements of `self` at `indices`, which `max_pool3d` gave.
    "_nn::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor" "fo"
    |a| unpool3d(a);
    |s| vec![vec![
        s.t(&[1, 2, 1, 1]),
        places(&[3, 0], &[1, 2, 1, 1]),
        [2, 2, 1].into(),
        [2, 2, 1].into(),
        [0, 0, 0].into(),
    ]];
}
