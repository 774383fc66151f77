//! Padding by constants or by a tensor's own elements, and moves between channels and pixels.
use crate::cpu::resample::Axis;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::layout::{Dims, show};
use crate::ops::resample::{Map, Names, resampled};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Where a padded dim takes its element from, when its place lies outside.
#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Reflect,
    Replicate,
    Circular,
}

/// `value` around (or, with negative numbers, fewer of) the last dims; `pad` starts with the last one.
pub fn constant_pad_nd(x: &Tensor, pad: &[i64], value: Scalar) -> Result<Tensor> {
    ensure!(pad.len().is_multiple_of(2), "Length of pad must be even but instead it equals {}", pad.len());
    let (rank, pairs) = (x.rank(), pad.len() / 2);
    ensure!(
        pairs <= rank,
        "Length of pad should be no more than twice the number of dimensions of the input. Pad length is {} while the \
         input has {rank} dimensions.",
        pad.len()
    );
    let mut shape: Dims = x.shape().into();
    for (i, p) in pad.chunks(2).enumerate() {
        let d = rank - 1 - i;
        let size = (shape[d] as i64).checked_add(p[0]).and_then(|n| n.checked_add(p[1]));
        match size {
            Some(n) if n >= 0 => shape[d] = n as usize,
            _ => bail!(
                "The input size {}, plus negative padding {} and {}, resulted in a negative output size, which is \
                 invalid. Check dimension {d} of your input.",
                shape[d],
                p[0],
                p[1]
            ),
        }
    }
    crate::layout::checked_numel(&shape)?;
    if pad.iter().all(|&p| p == 0) {
        return clone(x, None);
    }
    let y = Tensor::full(&shape, value, x.dtype())?;
    let (mut from, mut to) = (x.layout().clone(), y.layout().clone());
    for (i, p) in pad.chunks(2).enumerate() {
        let d = rank - 1 - i;
        // What is left of the input after cropping, and where it begins in the result.
        let left = x.shape()[d] as i64 - (-p[0]).max(0) - (-p[1]).max(0);
        from = from.slice(d, (-p[0]).max(0).min(x.shape()[d] as i64) as usize, left.max(0) as usize, 1);
        to = to.slice(d, p[0].max(0) as usize, left.max(0) as usize, 1);
    }
    if from.numel() > 0 {
        y.with_layout(to).copy_data(&x.with_layout(from));
    }
    let back: Vec<i64> = pad.iter().map(|p| -p).collect();
    y.record("constant_pad_nd", &[x], |_, _| one_grad(move |_, g| constant_pad_nd(g, &back, Scalar::Int(0))))
}

/// Checks shared by `reflection_pad` and `replication_pad` of `n` dims.
fn check_batch(x: &Tensor, n: usize) -> Result<()> {
    let s = x.shape();
    let fits = match s.len() {
        r if r == n + 1 => s.iter().all(|&d| d > 0),
        r if r == n + 2 => s[1..].iter().all(|&d| d > 0),
        _ => false,
    };
    ensure!(
        fits,
        "Expected {}D or {}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but \
         got: {}",
        n + 1,
        n + 2,
        show(s)
    );
    Ok(())
}

/// The last `n` dims padded with elements of their own.
fn pad_from_within(x: &Tensor, pad: &[i64], edge: Edge, names: Names) -> Result<Tensor> {
    let rank = x.rank();
    let n = pad.len() / 2;
    let mut axes = vec![];
    for d in (0..n).rev() {
        let (before, after) = (pad[2 * d], pad[2 * d + 1]);
        let dim = rank - 1 - d;
        let size = x.shape()[dim] as i64;
        if edge == Edge::Reflect {
            ensure!(
                before < size && after < size,
                "Argument #{}: Padding size should be less than the corresponding input dimension, but got: padding \
                 ({before}, {after}) at dimension {dim} of input {}",
                4 + 2 * d,
                show(x.shape())
            );
        }
        if edge == Edge::Circular {
            ensure!(before <= size && after <= size, "Padding value causes wrapping around more than once.");
            ensure!(size + before + after >= 0, "Negative padding value is resulting in an empty dimension");
        }
        let out = size.checked_add(before).and_then(|o| o.checked_add(after)).unwrap_or(i64::MAX);
        ensure!(
            out > 0 || edge == Edge::Circular,
            "input ({}: {size}) is too small. Calculated output {0}: {out}",
            ["W", "H", "D"][d]
        );
        ensure!(out <= u32::MAX as i64, "numel: integer multiplication overflow: padding of {before} and {after}");
        let from = |o: i64| {
            let i = o - before;
            (match edge {
                Edge::Reflect if i < 0 => -i,
                Edge::Reflect if i >= size => 2 * (size - 1) - i,
                Edge::Reflect => i,
                Edge::Replicate => i.clamp(0, size - 1),
                Edge::Circular => i.rem_euclid(size.max(1)),
            }) as usize
        };
        axes.push(Axis::select(size as usize, (0..out).map(from)));
    }
    resampled(x, &Map::new(axes), names)
}

const REFLECT: [Names; 3] = [
    ["ReflectionPad1DBackward0", "ReflectionPad1DBackwardBackward0"],
    ["ReflectionPad2DBackward0", "ReflectionPad2DBackwardBackward0"],
    ["ReflectionPad3DBackward0", "ReflectionPad3DBackwardBackward0"],
];
const REPLICATE: [Names; 3] = [
    ["ReplicationPad1DBackward0", "ReplicationPad1DBackwardBackward0"],
    ["ReplicationPad2DBackward0", "ReplicationPad2DBackwardBackward0"],
    ["ReplicationPad3DBackward0", "ReplicationPad3DBackwardBackward0"],
];

fn edge_pad(x: &Tensor, pad: &[i64], n: usize, edge: Edge) -> Result<Tensor> {
    let pad: Vec<i64> = if pad.len() == 1 { vec![pad[0]; 2 * n] } else { pad.to_vec() };
    let name = if edge == Edge::Reflect { "reflection" } else { "replication" };
    ensure!(pad.len() == 2 * n, "{name}_pad{n}d: padding size is expected to be {}, but got {}", 2 * n, pad.len());
    check_batch(x, n)?;
    ensure!(x.dtype() != DType::Bool, NotImplemented, "\"{name}_pad{n}d\" not implemented for 'Bool'");
    pad_from_within(x, &pad, edge, if edge == Edge::Reflect { REFLECT[n - 1] } else { REPLICATE[n - 1] })
}

fn pad_circular(x: &Tensor, pad: &[i64]) -> Result<Tensor> {
    let (n, rank) = (pad.len() / 2, x.rank());
    ensure!(
        pad.len().is_multiple_of(2) && (1..=3).contains(&n) && (rank == n + 1 || rank == n + 2),
        "Invalid padding size, expected {} but got {}",
        2 * rank.saturating_sub(2),
        pad.len()
    );
    pad_from_within(x, pad, Edge::Circular, ["CopySlices", "CopySlicesBackward0"])
}

/// `torch.nn.functional.pad`.
pub fn pad(x: &Tensor, pad: &[i64], mode: &str, value: Option<f64>) -> Result<Tensor> {
    let (n, len) = (x.rank(), pad.len());
    ensure!(len.is_multiple_of(2), "Padding length must be divisible by 2");
    ensure!(
        len <= 2 * n,
        "Padding length should be less than or equal to two times the input dimension but got padding length {len} and \
         input of dimension {n}"
    );
    if mode == "constant" {
        return constant_pad_nd(x, pad, Scalar::Float(value.unwrap_or(0.0)));
    }
    ensure!(
        matches!(mode, "reflect" | "replicate" | "circular"),
        NotImplemented,
        "Unrecognised padding mode {mode}"
    );
    ensure!(value.is_none_or(|v| v == 0.0), "Padding mode \"{mode}\" doesn't take in value argument");
    let fits = matches!((len, n), (2, 2 | 3) | (4, 3 | 4) | (6, 4 | 5));
    ensure!(fits, NotImplemented, "Padding size {len} is not supported for {n}D input tensor.");
    match mode {
        "reflect" => edge_pad(x, pad, len / 2, Edge::Reflect),
        "replicate" => edge_pad(x, pad, len / 2, Edge::Replicate),
        _ => pad_circular(x, pad),
    }
}

/// (.., C r^2, H, W) to (.., C, H r, W r).
pub fn pixel_shuffle(x: &Tensor, r: i64) -> Result<Tensor> {
    let n = x.rank();
    ensure!(n >= 3, "pixel_shuffle expects input to have at least 3 dimensions, but got input with {n} dimension(s)");
    ensure!(r > 0, "pixel_shuffle expects a positive upscale_factor, but got {r}");
    let (c, square) = (x.shape()[n - 3] as i64, r.checked_mul(r).unwrap_or(i64::MAX));
    ensure!(
        c % square == 0,
        "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but \
         input.size(-3)={c} is not divisible by {square}"
    );
    let (h, w) = (x.shape()[n - 2] as i64, x.shape()[n - 1] as i64);
    let lead: Vec<i64> = x.shape()[..n - 3].iter().map(|&d| d as i64).collect();
    let with = |tail: &[i64]| [&lead[..], tail].concat();
    let k = lead.len() as i64;
    let split = reshape(x, &with(&[c / square, r, r, h, w]))?;
    let order: Vec<i64> = (0..k).chain([k, k + 3, k + 1, k + 4, k + 2]).collect();
    reshape(&permute(&split, &order)?, &with(&[c / square, h * r, w * r]))
}

/// (.., C, H r, W r) to (.., C r^2, H, W).
pub fn pixel_unshuffle(x: &Tensor, r: i64) -> Result<Tensor> {
    let n = x.rank();
    ensure!(n >= 3, "pixel_unshuffle expects input to have at least 3 dimensions, but got input with {n} dimension(s)");
    ensure!(r > 0, "pixel_unshuffle expects a positive downscale_factor, but got {r}");
    let (c, h, w) = (x.shape()[n - 3] as i64, x.shape()[n - 2] as i64, x.shape()[n - 1] as i64);
    for (size, name, dim) in [(h, "height", -2), (w, "width", -1)] {
        ensure!(
            size % r == 0,
            "pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({dim})={size} is not \
             divisible by {r}"
        );
    }
    let lead: Vec<i64> = x.shape()[..n - 3].iter().map(|&d| d as i64).collect();
    let with = |tail: &[i64]| [&lead[..], tail].concat();
    let k = lead.len() as i64;
    let split = reshape(x, &with(&[c, h / r, r, w / r, r]))?;
    let order: Vec<i64> = (0..k).chain([k, k + 2, k + 4, k + 1, k + 3]).collect();
    reshape(&permute(&split, &order)?, &with(&[c * r * r, h / r, w / r]))
}

/// Channels dealt out over groups: channel `g * n + i` goes to `i * groups + g`.
pub fn channel_shuffle(x: &Tensor, groups: i64) -> Result<Tensor> {
    let n = x.rank();
    ensure!(n >= 3, "channel_shuffle expects input with > 2 dims, but got input with sizes {}", show(x.shape()));
    let c = x.shape()[1] as i64;
    ensure!(groups > 0, "Number of groups to divide channels in must be positive. Value of groups:{groups}");
    ensure!(c % groups == 0, "Number of channels must be divisible by groups. Got {c} channels and {groups} groups.");
    let axis = Axis::select(c as usize, (0..c).map(|o| (o % groups * (c / groups) + o / groups) as usize));
    let rest: Vec<i64> = vec![x.shape()[0] as i64, c, -1];
    let flat = if x.numel() == 0 { return Ok(x.clone()) } else { reshape(x, &rest)? };
    let map = Map::new(vec![axis, Axis::identity(flat.shape()[2])]);
    let names = ["NativeChannelShuffleBackward0", "NativeChannelShuffleBackwardBackward0"];
    reshape_to(&resampled(&flat, &map, names)?, x.shape())
}

macro_rules! edge_row {
    ($a:ident, $n:literal, $edge:ident) => {
        edge_pad($a.tensor(0)?, &$a.ints(1)?, $n, Edge::$edge)
    };
}

rows! {
    /// The last dims with `value` around them: `pad` gives numbers before and after for the last dim, then the one before
    /// it, and so on. Negative numbers crop.
    "constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor" "f"
    |a| constant_pad_nd(a.tensor(0)?, &a.ints(1)?, a.scalar(2)?);
    |s| vec![
        vec![s.t(&[2, 3]), [1, 2].into(), 0.5.into()],
        vec![s.transposed(&[2, 3]), [-1, 1, 1, -1].into(), 0.into()],
    ];
    /// Padding by `mode`: `"constant"` (any dims), `"reflect"`, `"replicate"` or `"circular"` (the last 1 to 3 dims).
    "_nn::pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor" "f"
    |a| pad(a.tensor(0)?, &a.ints(1)?, a.str(2)?, a.opt_float(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), [1, 2].into(), "constant".into(), 0.5.into()],
        vec![s.t(&[2, 2, 3]), [1, 2].into(), "reflect".into(), Value::None],
        vec![s.t(&[1, 2, 2, 3]), [1, 2, 1, 0].into(), "replicate".into(), Value::None],
        vec![s.t(&[1, 2, 2, 3]), [1, 2, 1, 0].into(), "circular".into(), Value::None],
    ];
    /// The last dim with its own elements mirrored at the edges.
    "_nn::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor" "fo"
    |a| edge_row!(a, 1, Reflect);
    |s| vec![vec![s.t(&[2, 4]), [2, 1].into()]];
    /// The last two dims with their own elements mirrored at the edges.
    "_nn::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor" "fo"
    |a| edge_row!(a, 2, Reflect);
    |s| vec![vec![s.t(&[2, 3, 4]), [2, 1, 1, 2].into()]];
    /// The last three dims with their own elements mirrored at the edges.
    "_nn::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor" "fo"
    |a| edge_row!(a, 3, Reflect);
    |s| vec![vec![s.t(&[1, 2, 3, 2]), [1, 1, 1, 2, 0, 1].into()]];
    /// The last dim with the elements at its edges repeated.
    "_nn::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor" "fo"
    |a| edge_row!(a, 1, Replicate);
    |s| vec![vec![s.t(&[2, 4]), [2, -1].into()]];
    /// The last two dims with the elements at their edges repeated.
    "_nn::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor" "fo"
    |a| edge_row!(a, 2, Replicate);
    |s| vec![vec![s.t(&[2, 3, 4]), [2, 1, 1, 4].into()]];
    /// The last three dims with the elements at their edges repeated.
    "_nn::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor" "fo"
    |a| edge_row!(a, 3, Replicate);
    |s| vec![vec![s.t(&[1, 2, 2, 2]), [1, 1, 1, 2, 0, 1].into()]];
    /// The dims after the first two continued from their other end.
    "_nn::_pad_circular(Tensor self, SymInt[] pad) -> Tensor" "f"
    |a| pad_circular(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[1, 2, 3]), [2, 1].into()]];
    /// Groups of `upscale_factor ** 2` channels laid out as pixels: (.., C r^2, H, W) to (.., C, H r, W r).
    "pixel_shuffle(Tensor self, int upscale_factor) -> Tensor" "f"
    |a| pixel_shuffle(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[1, 4, 2, 1]), 2.into()]];
    /// Pixels laid out as channels: (.., C, H r, W r) to (.., C r^2, H, W).
    "pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor" "f"
    |a| pixel_unshuffle(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[1, 1, 4, 2]), 2.into()]];
    /// Channels (dim 1) in `groups` groups, dealt out in turn.
    "channel_shuffle(Tensor self, SymInt groups) -> Tensor" "f"
    |a| channel_shuffle(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[1, 4, 2]), 2.into()]];
    /// As `channel_shuffle`.
    "native_channel_shuffle(Tensor self, SymInt groups) -> Tensor" "f"
    |a| channel_shuffle(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[1, 4, 2]), 2.into()]];
}
