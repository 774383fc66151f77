//! Convolutions over up to three spatial dims and their gradients: as products of tiles, or directly where groups are small.
use super::kernel::{Call, GROUP, Memory};
use super::matmul::{Sizes, Sum, join, parts_of, product, sum_type};
use super::memory::scratch;
use super::pipeline::Role;
use super::queue::Gpu;
use crate::error::Result;

/// Sizes of a convolution; dims that it has not are 1.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    pub batch: usize,
    pub groups: usize,
    /// Input and output channels of one group.
    pub channels: usize,
    pub outputs: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
    pub dilation: [usize; 3],
}

impl Geometry {
    fn taps(&self) -> usize {
        self.kernel.iter().product()
    }
    fn input_plane(&self) -> usize {
        self.input.iter().product()
    }
    fn output_plane(&self) -> usize {
        self.output.iter().product()
    }
    /// Each window is one element of the input, in order.
    fn is_pointwise(&self) -> bool {
        self.groups == 1 && self.taps() == 1 && self.stride == [1; 3] && self.padding == [0; 3]
    }
}

/// Which of the three tensors is made of the other two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Made {
    /// From weight and input.
    Output,
    /// The gradient of the input, from weight and the gradient of the output.
    Input,
    /// The gradient of the weight, from the gradient of the output and the input.
    Weight,
}

/// Rows of a product that make a tile worth while.
const ROWS: usize = 8;

/// Makes `y` of `a` and `b`, in the order that `made` says; all are contiguous. The output may have a number per channel added.
pub fn convolve(
    gpu: &'static Gpu,
    made: Made,
    g: &Geometry,
    y: &Memory,
    a: &Memory,
    b: &Memory,
    bias: Option<&Memory>,
) -> Result<()> {
    let (ty, wide) = sum_type(gpu, y.dtype)?;
    let (x_plane, y_plane, taps) = (g.input_plane(), g.output_plane(), g.taps());
    // Of each group, and of each phase of the strides in the input: rows and columns of the result, and what is summed.
    let of_phase = |v: [usize; 3]| (0..3).map(|d| v[d].div_ceil(g.stride[d])).product::<usize>();
    let (m, n, k) = match made {
        Made::Output => (g.outputs, g.batch * y_plane, g.channels * taps),
        Made::Input => (g.channels, g.batch * of_phase(g.input), g.outputs * of_phase(g.kernel)),
        Made::Weight => (g.outputs, g.channels * taps, g.batch * y_plane),
    };
    let phases = if made == Made::Input { g.stride.iter().product() } else { 1 };
    if g.is_pointwise() && made != Made::Weight && y_plane >= 32 {
        return pointwise(gpu, made, g, y, a, b, bias);
    }
    let strided_and_dilated = (0..3).any(|d| g.stride[d] > 1 && g.dilation[d] > 1);
    let tiled = ty.is_float() && m >= ROWS && !(made == Made::Input && strided_and_dilated);
    // The dims of the result: what is not split, rows, columns.
    let (lead, rows, columns) = match made {
        Made::Output => (g.batch, g.groups * m, y_plane),
        Made::Input => (g.batch, g.groups * m, x_plane),
        Made::Weight => (1, g.groups * m, n),
    };
    let (shader, units) = match made {
        _ if tiled => (shader!("conv" guarded), m.div_ceil(64) * n.div_ceil(64) * g.groups * phases),
        Made::Weight => (shader!("conv_direct_weight" guarded), g.groups * m * n),
        _ => (shader!("conv_direct" guarded), (lead * rows * columns).div_ceil(GROUP as usize)),
    };
    // What `conv_direct` sums: every tap, whatever the phase.
    let k = if tiled || made != Made::Input { k } else { g.outputs * taps };
    let parts = parts_of(units, k);
    let part_k = k.div_ceil(parts).next_multiple_of(16).max(16);
    let parts = k.div_ceil(part_k).max(1);
    let rest = if parts > 1 { Some(scratch(gpu, lead * parts * rows * columns * wide.size())?) } else { None };

    let mut call = Call::new(gpu, shader);
    const KERNEL: [&str; 3] = ["KD", "KH", "KW"];
    const STRIDE: [&str; 3] = ["SD", "SH", "SW"];
    for d in 0..3 {
        call.constant(KERNEL[d], g.kernel[d] as u32).constant(STRIDE[d], g.stride[d] as u32);
    }
    let weight = !tiled && made == Made::Weight;
    if !weight {
        call.constant("DIRECTION", made as u32).constant("HAS_BIAS", bias.is_some() && parts == 1);
    }
    call.read("a", a, ty).read("b", b, ty);
    match &rest {
        Some(rest) => call.operand("y", rest, wide, ty, Role::Write),
        None => call.write("y", y, ty),
    };
    if !weight {
        call.read("bias", bias.unwrap_or(a), ty);
    }
    call.params([g.batch, g.groups, g.channels, g.outputs]);
    let [d, h, w] = g.input;
    call.vec4(&[d, h, w, x_plane], 0);
    let [d, h, w] = g.output;
    call.vec4(&[d, h, w, y_plane], 0);
    call.vec4(&g.padding, 0).vec4(&g.dilation, 0);
    let y_offset = if parts > 1 { 0 } else { y.offset };
    call.params([a.offset, b.offset, y_offset, bias.map_or(0, |b| b.offset)]);
    call.params([parts, part_k]);
    if shader.name == "conv_direct" {
        call.over(lead * parts * rows * columns)?;
    } else {
        call.rows(units * parts)?;
    }
    match rest {
        Some(rest) => join(gpu, [lead, parts, rows, columns], &rest, bias, y),
        None => Ok(()),
    }
}

/// A kernel of one tap: the weight times the matrix (channels, places) of each image.
fn pointwise(
    gpu: &'static Gpu,
    made: Made,
    g: &Geometry,
    y: &Memory,
    weight: &Memory,
    b: &Memory,
    bias: Option<&Memory>,
) -> Result<()> {
    let (places, back) = (g.output_plane(), made == Made::Input);
    let (m, k) = if back { (g.channels, g.outputs) } else { (g.outputs, g.channels) };
    let weights = if back { [0, 1, g.channels] } else { [0, g.channels, 1] };
    let (ys, bs) = ([m * places, places, 1], [k * places, places, 1]);
    let sum = bias.map(|b| Sum { alpha: 1.0, beta: 1.0, c: Some(Memory { strides: &[0, 1, 0], ..b.clone() }) });
    product(
        gpu,
        Sizes { m, n: places, k },
        &[g.batch],
        &Memory { strides: &ys, ..y.clone() },
        &Memory { strides: &weights, ..weight.clone() },
        &Memory { strides: &bs, ..b.clone() },
        sum.as_ref(),
    )
}
