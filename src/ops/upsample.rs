//! Images in another size: nearest, linear and cubic interpolation, with and without antialiasing.
//!
//! All are separable linear maps, so an op is the list of taps along each dim. Places and weights are computed in the
//! tensor's precision, as PyTorch does, because a rounded place may be another pixel.
use crate::cpu::resample::Axis;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::{Dims, show};
use crate::ops::resample::{Map, Names, resampled};
use crate::ops::*;
use crate::tensor::Tensor;

#[derive(Clone, Copy, PartialEq)]
enum Filter {
    Nearest,
    /// Nearest to the pixel's centre.
    NearestExact,
    Linear,
    Cubic,
    /// With the filter widened where the image shrinks.
    LinearAa,
    CubicAa,
    LanczosAa,
}
use Filter::*;

/// Numbers rounded to the precision that taps are computed in.
#[derive(Clone, Copy)]
struct Precision {
    single: bool,
}
impl Precision {
    fn r(self, v: f64) -> f64 {
        if self.single { v as f32 as f64 } else { v }
    }
}

/// Input pixels per output pixel.
fn ratio(p: Precision, input: usize, output: usize, align: bool, scale: Option<f64>) -> f64 {
    match scale.filter(|&s| s > 0.0 && !align) {
        Some(s) => p.r(1.0 / s),
        None if align && output > 1 => p.r((input - 1) as f64 / (output - 1) as f64),
        None if align => 0.0,
        None => p.r(input as f64 / output as f64),
    }
}

/// The place in the input of an output pixel's centre.
fn centre(p: Precision, ratio: f64, o: usize, align: bool, cubic: bool) -> f64 {
    if align {
        return p.r(ratio * o as f64);
    }
    let at = p.r(p.r(ratio * p.r(o as f64 + 0.5)) - 0.5);
    if at < 0.0 && !cubic { 0.0 } else { at }
}

fn nearest(exact: bool, input: usize, output: usize, scale: Option<f64>) -> Axis {
    // PyTorch computes these places in single precision for every dtype.
    let p = Precision { single: true };
    let ratio = match scale.filter(|&s| s > 0.0) {
        Some(s) => p.r(1.0 / s),
        None => p.r(p.r(input as f64) / p.r(output as f64)),
    };
    let from = |o: usize| {
        let at = if exact { p.r(p.r(o as f64 + 0.5) * ratio) } else { p.r(o as f64 * ratio) };
        (at.floor() as usize).min(input - 1)
    };
    Axis::select(input, (0..output).map(from))
}

fn linear(p: Precision, input: usize, output: usize, align: bool, scale: Option<f64>) -> Axis {
    let ratio = ratio(p, input, output, align, scale);
    let taps = |o: usize| {
        if input == output {
            return vec![(o, 1.0)];
        }
        let at = centre(p, ratio, o, align, false);
        let low = (at.floor() as usize).min(input - 1);
        let high = (low + 1).min(input - 1);
        let w = p.r(at - low as f64).clamp(0.0, 1.0);
        vec![(low, p.r(1.0 - w)), (high, w)]
    };
    Axis::weighted(input, (0..output).map(taps))
}

/// The cubic convolution kernel (Keys, 1981) with parameter `a`.
fn cubic_weight(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((x - 5.0) * x + 8.0) * x * a - 4.0 * a
    } else {
        0.0
    }
}

fn cubic(p: Precision, input: usize, output: usize, align: bool, scale: Option<f64>) -> Axis {
    let ratio = ratio(p, input, output, align, scale);
    let taps = |o: usize| {
        let at = centre(p, ratio, o, align, true);
        let low = at.floor();
        let t = p.r(at - low);
        (-1..3)
            .map(|k| {
                let i = (low as i64 + k).clamp(0, input as i64 - 1) as usize;
                (i, p.r(cubic_weight(t - k as f64, -0.75)))
            })
            .collect()
    };
    Axis::weighted(input, (0..output).map(taps))
}

/// The filter stretched over all input pixels that an output pixel covers, weights summing to 1.
fn antialiased(p: Precision, filter: Filter, input: usize, output: usize, align: bool, scale: Option<f64>) -> Axis {
    let ratio = ratio(p, input, output, align, scale);
    let radius = match filter {
        LinearAa => 1.0,
        CubicAa => 2.0,
        _ => 3.0,
    };
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    let weight = |x: f64| match filter {
        LinearAa => (1.0 - x.abs()).max(0.0),
        CubicAa => cubic_weight(x, -0.5),
        _ if x.abs() < 3.0 => sinc(x) * sinc(x / 3.0),
        _ => 0.0,
    };
    let support = if ratio >= 1.0 { p.r(radius * ratio) } else { radius };
    let inverse = if ratio >= 1.0 { p.r(1.0 / ratio) } else { 1.0 };
    let taps = |o: usize| {
        let centre = p.r(ratio * p.r(o as f64 + 0.5));
        let first = (p.r(p.r(centre - support) + 0.5) as i64).max(0);
        let last = (p.r(p.r(centre + support) + 0.5) as i64).min(input as i64).max(first);
        let raw: Vec<f64> = (first..last).map(|i| p.r(weight(p.r(p.r(i as f64 - centre + 0.5) * inverse)))).collect();
        let total: f64 = raw.iter().sum();
        let norm = if total == 0.0 { 1.0 } else { total };
        raw.iter().enumerate().map(|(k, w)| (first as usize + k, p.r(w / norm))).collect()
    };
    Axis::weighted(input, (0..output).map(taps))
}

/// What an op is called, per number of dims, and in PyTorch's refusals.
struct Kind {
    filter: Filter,
    names: Names,
    refusal: &'static str,
}

const fn kind(filter: Filter, node: &'static str, back: &'static str, refusal: &'static str) -> Kind {
    Kind { filter, names: [node, back], refusal }
}

/// `x` of shape (N, C, ...) with the last dims in another size.
fn upsampled(x: &Tensor, n: usize, kind: &Kind, size: &[i64], align: bool, scales: &[Option<f64>]) -> Result<Tensor> {
    let s = x.shape();
    let size: Vec<i64> = if size.len() == 1 { vec![size[0]; n] } else { size.to_vec() };
    ensure!(size.len() == n, "It is expected output_size equals to {n}, but got size {}", size.len());
    ensure!(s.len() == n + 2, "It is expected input_size equals to {}, but got size {}", n + 2, s.len());
    let show_sizes = |v: &[i64]| {
        let axes = &["D", "H", "W"][3 - n..];
        axes.iter().zip(v).map(|(a, v)| format!("{a}: {v}")).collect::<Vec<_>>().join(", ")
    };
    let input: Vec<i64> = s[2..].iter().map(|&d| d as i64).collect();
    ensure!(
        input.iter().chain(&size).all(|&d| d > 0),
        "Input and output sizes should be greater than 0, but got input ({}) output ({})",
        show_sizes(&input),
        show_sizes(&size)
    );
    ensure!(s[1] > 0, "Non-empty {}D data tensor expected but got a tensor with sizes {}", n + 2, show(s));
    let shape: Vec<i64> = [s[0] as i64, s[1] as i64].iter().chain(&size).copied().collect();
    let shape: Dims = crate::layout::sizes(&shape)?;
    let antialias = matches!(kind.filter, LinearAa | CubicAa | LanczosAa);
    let dtype = x.dtype();
    let half = matches!(dtype, DType::F16 | DType::BF16);
    ensure!(
        (dtype.is_float() && !(antialias && half)) || dtype == DType::U8,
        NotImplemented,
        "\"{}\" not implemented for '{}'",
        kind.refusal,
        dtype.scalar_name()
    );
    let p = Precision { single: dtype != DType::F64 };
    let axis = |d: usize| {
        let (i, o, scale) = (s[d + 2], shape[d + 2], scales.get(d).copied().flatten());
        match kind.filter {
            Nearest => nearest(false, i, o, scale),
            NearestExact => nearest(true, i, o, scale),
            Linear => linear(p, i, o, align, scale),
            Cubic => cubic(p, i, o, align, scale),
            filter => antialiased(p, filter, i, o, align, scale),
        }
    };
    let map = Map::new((0..n).map(axis).collect());
    if dtype == DType::U8 && !matches!(kind.filter, Nearest | NearestExact) {
        return rounded(x, &map, kind.names);
    }
    resampled(x, &map, kind.names)
}

/// Bytes are interpolated as floats and rounded to the nearest one in range.
fn rounded(x: &Tensor, map: &std::sync::Arc<Map>, names: Names) -> Result<Tensor> {
    let y = resampled(&x.cast_data(DType::F32)?, map, names)?;
    if y.numel() > 0 {
        // SAFETY: a new contiguous float32 tensor that nobody else has.
        unsafe { y.as_mut_slice::<f32>() }.iter_mut().for_each(|v| *v = (*v + 0.5).floor().clamp(0.0, 255.0));
    }
    y.cast_data(DType::U8)
}

/// The output's size from exactly one of size and factors, as the `vec` overloads take them.
fn given(x: &Tensor, n: usize, size: Option<&[i64]>, factors: Option<&[f64]>) -> Result<(Vec<i64>, Vec<Option<f64>>)> {
    match (size, factors) {
        (Some(size), None) => {
            ensure!(size.len() == n, "It is expected output_size equals to {n}, but got size {}", size.len());
            Ok((size.to_vec(), vec![]))
        }
        (None, Some(f)) => {
            ensure!(f.len() == n && x.rank() == n + 2, "It is expected scale_factors equals to {n}, but got size {}", f.len());
            let size = (0..n).map(|d| (x.shape()[d + 2] as f64 * f[d]) as i64).collect();
            Ok((size, f.iter().map(|&v| Some(v)).collect()))
        }
        _ => bail!("Must specify exactly one of output_size and scale_factors"),
    }
}

/// `align_corners` stands before the scales, where the op has it.
fn by_size(a: &Args, n: usize, kind: &Kind) -> Result<Tensor> {
    let aligns = !matches!(kind.filter, Nearest | NearestExact);
    let align = aligns && a.bool(2)?;
    let first = 2 + aligns as usize;
    let scales = (0..n).map(|d| a.opt_float(first + d)).collect::<Result<Vec<_>>>()?;
    upsampled(a.tensor(0)?, n, kind, &a.ints(1)?, align, &scales)
}
fn by_factors(a: &Args, n: usize, kind: &Kind) -> Result<Tensor> {
    let aligns = !matches!(kind.filter, Nearest | NearestExact);
    let align = aligns && a.bool(2)?;
    let (size, factors) = (a.opt_ints(1)?, a.opt_floats(2 + aligns as usize)?);
    let (size, scales) = given(a.tensor(0)?, n, size.as_deref(), factors.as_deref())?;
    upsampled(a.tensor(0)?, n, kind, &size, align, &scales)
}

const UPSAMPLE_NEAREST1D: Kind = kind(Nearest, "UpsampleNearest1DBackward0", "UpsampleNearest1DBackwardBackward0", "compute_indices_weights_nearest");
const UPSAMPLE_NEAREST2D: Kind = kind(Nearest, "UpsampleNearest2DBackward0", "UpsampleNearest2DBackwardBackward0", "upsample_nearest2d_channels_last");
const UPSAMPLE_NEAREST3D: Kind = kind(Nearest, "UpsampleNearest3DBackward0", "UpsampleNearest3DBackwardBackward0", "compute_indices_weights_nearest");
const UPSAMPLE_NEAREST_EXACT1D: Kind = kind(NearestExact, "UpsampleNearestExact1DBackward0", "UpsampleNearestExact1DBackwardBackward0", "compute_indices_weights_nearest");
const UPSAMPLE_NEAREST_EXACT2D: Kind = kind(NearestExact, "UpsampleNearestExact2DBackward0", "UpsampleNearestExact2DBackwardBackward0", "compute_indices_weights_nearest");
const UPSAMPLE_NEAREST_EXACT3D: Kind = kind(NearestExact, "UpsampleNearestExact3DBackward0", "UpsampleNearestExact3DBackwardBackward0", "compute_indices_weights_nearest");
const UPSAMPLE_LINEAR1D: Kind = kind(Linear, "UpsampleLinear1DBackward0", "UpsampleLinear1DBackwardBackward0", "compute_indices_weights_linear");
const UPSAMPLE_BILINEAR2D: Kind = kind(Linear, "UpsampleBilinear2DBackward0", "UpsampleBilinear2DBackwardBackward0", "upsample_bilinear2d_channels_last");
const UPSAMPLE_TRILINEAR3D: Kind = kind(Linear, "UpsampleTrilinear3DBackward0", "UpsampleTrilinear3DBackwardBackward0", "compute_indices_weights_linear");
const UPSAMPLE_BICUBIC2D: Kind = kind(Cubic, "UpsampleBicubic2DBackward0", "UpsampleBicubic2DBackwardBackward0", "compute_indices_weights_cubic");
const UPSAMPLE_BILINEAR2D_AA: Kind = kind(LinearAa, "UpsampleBilinear2DAaBackward0", "UpsampleBilinear2DAaBackwardBackward0", "compute_index_ranges_weights");
const UPSAMPLE_BICUBIC2D_AA: Kind = kind(CubicAa, "UpsampleBicubic2DAaBackward0", "UpsampleBicubic2DAaBackwardBackward0", "compute_index_ranges_weights");
const UPSAMPLE_LANCZOS2D_AA: Kind = kind(LanczosAa, "UpsampleLanczos2DAaBackward0", "UpsampleLanczos2DAaBackwardBackward0", "compute_index_ranges_weights");

rows! {
    /// (N, C, L) resized by the pixel below; the size, or factors for it.
    "_nn::upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 1, &UPSAMPLE_NEAREST1D);
    |s| vec![vec![s.t(&[1, 2, 3]), Value::None, vec![1.5].into()]];
    /// (N, C, L) resized by the pixel below.
    "_nn::upsample_nearest1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor" "fo"
    |a| by_size(a, 1, &UPSAMPLE_NEAREST1D);
    |s| vec![vec![s.t(&[1, 2, 3]), [5].into(), Value::None]];
    /// (N, C, H, W) resized by the pixel below; the size, or factors for it.
    "_nn::upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_NEAREST2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by the pixel below.
    "_nn::upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_NEAREST2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), Value::None, Value::None]];
    /// (N, C, D, H, W) resized by the pixel below; the size, or factors for it.
    "_nn::upsample_nearest3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 3, &UPSAMPLE_NEAREST3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), Value::None, vec![1.5, 0.7, 2.0].into()]];
    /// (N, C, D, H, W) resized by the pixel below.
    "_nn::upsample_nearest3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 3, &UPSAMPLE_NEAREST3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), [3, 2, 4].into(), Value::None, Value::None, Value::None]];
    /// (N, C, L) resized by the pixel nearest to the centre; the size, or factors for it.
    "_nn::_upsample_nearest_exact1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 1, &UPSAMPLE_NEAREST_EXACT1D);
    |s| vec![vec![s.t(&[1, 2, 3]), Value::None, vec![1.5].into()]];
    /// (N, C, L) resized by the pixel nearest to the centre.
    "_nn::_upsample_nearest_exact1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor" "fo"
    |a| by_size(a, 1, &UPSAMPLE_NEAREST_EXACT1D);
    |s| vec![vec![s.t(&[1, 2, 3]), [5].into(), Value::None]];
    /// (N, C, H, W) resized by the pixel nearest to the centre; the size, or factors for it.
    "_nn::_upsample_nearest_exact2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_NEAREST_EXACT2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by the pixel nearest to the centre.
    "_nn::_upsample_nearest_exact2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_NEAREST_EXACT2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), Value::None, Value::None]];
    /// (N, C, D, H, W) resized by the pixel nearest to the centre; the size, or factors for it.
    "_nn::_upsample_nearest_exact3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 3, &UPSAMPLE_NEAREST_EXACT3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), Value::None, vec![1.5, 0.7, 2.0].into()]];
    /// (N, C, D, H, W) resized by the pixel nearest to the centre.
    "_nn::_upsample_nearest_exact3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 3, &UPSAMPLE_NEAREST_EXACT3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), [3, 2, 4].into(), Value::None, Value::None, Value::None]];
    /// (N, C, L) resized by linear interpolation; the size, or factors for it.
    "_nn::upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 1, &UPSAMPLE_LINEAR1D);
    |s| vec![vec![s.t(&[1, 2, 3]), Value::None, false.into(), vec![1.5].into()]];
    /// (N, C, L) resized by linear interpolation.
    "_nn::upsample_linear1d(Tensor self, SymInt[1] output_size, bool align_corners, float? scales=None) -> Tensor" "fo"
    |a| by_size(a, 1, &UPSAMPLE_LINEAR1D);
    |s| vec![vec![s.t(&[1, 2, 3]), [5].into(), false.into(), Value::None], vec![s.t(&[1, 2, 3]), [5].into(), true.into(), Value::None]];
    /// (N, C, H, W) resized by bilinear interpolation; the size, or factors for it.
    "_nn::upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_BILINEAR2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, false.into(), vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by bilinear interpolation.
    "_nn::upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_BILINEAR2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), false.into(), Value::None, Value::None], vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), true.into(), Value::None, Value::None]];
    /// (N, C, D, H, W) resized by trilinear interpolation; the size, or factors for it.
    "_nn::upsample_trilinear3d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 3, &UPSAMPLE_TRILINEAR3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), Value::None, false.into(), vec![1.5, 0.7, 2.0].into()]];
    /// (N, C, D, H, W) resized by trilinear interpolation.
    "_nn::upsample_trilinear3d(Tensor self, SymInt[3] output_size, bool align_corners, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 3, &UPSAMPLE_TRILINEAR3D);
    |s| vec![vec![s.t(&[1, 1, 2, 3, 2]), [3, 2, 4].into(), false.into(), Value::None, Value::None, Value::None], vec![s.t(&[1, 1, 2, 3, 2]), [3, 2, 4].into(), true.into(), Value::None, Value::None, Value::None]];
    /// (N, C, H, W) resized by cubic convolution (Keys, 1981); the size, or factors for it.
    "_nn::upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_BICUBIC2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, false.into(), vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by cubic convolution (Keys, 1981).
    "_nn::upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_BICUBIC2D);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), false.into(), Value::None, Value::None], vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), true.into(), Value::None, Value::None]];
    /// (N, C, H, W) resized by bilinear interpolation with antialiasing; the size, or factors for it.
    "_nn::_upsample_bilinear2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_BILINEAR2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, false.into(), vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by bilinear interpolation with antialiasing.
    "_nn::_upsample_bilinear2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_BILINEAR2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), false.into(), Value::None, Value::None], vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), true.into(), Value::None, Value::None]];
    /// (N, C, H, W) resized by cubic convolution with antialiasing; the size, or factors for it.
    "_nn::_upsample_bicubic2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_BICUBIC2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, false.into(), vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by cubic convolution with antialiasing.
    "_nn::_upsample_bicubic2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_BICUBIC2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), false.into(), Value::None, Value::None], vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), true.into(), Value::None, Value::None]];
    /// (N, C, H, W) resized by Lanczos's filter with antialiasing; the size, or factors for it.
    "_nn::_upsample_lanczos2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor" "f"
    |a| by_factors(a, 2, &UPSAMPLE_LANCZOS2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), Value::None, false.into(), vec![1.7, 0.8].into()]];
    /// (N, C, H, W) resized by Lanczos's filter with antialiasing.
    "_nn::_upsample_lanczos2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor" "fo"
    |a| by_size(a, 2, &UPSAMPLE_LANCZOS2D_AA);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), false.into(), Value::None, Value::None], vec![s.t(&[1, 1, 3, 4]), [5, 2].into(), true.into(), Value::None, Value::None]];
}
