//! Convolutions of one to three dims, transposed or not, and their gradients.
//!
//! Output, gradient of the input and gradient of the weight are each linear in two of the three tensors, so the derivative
//! of each is made of the other two: any order of derivative comes out of these three functions.
use crate::cpu::conv::{Geometry, forward, input_grad, weight_grad};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::conv::Made;
use crate::graph::{Formula, Grads, Recorder};
use crate::layout::{Dims, Layout, show, show_i};
use crate::ops::matmul::conjugate as conj;
use crate::ops::*;
use crate::tensor::Tensor;

/// How windows lie, one number per spatial dim.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    stride: Dims,
    padding: Dims,
    dilation: Dims,
    groups: usize,
}

impl Windows {
    /// The plain convolution from `input` (N, C, ...) by `weight` (O, C / groups, ...) to `output` (N, O, ...).
    fn geometry(&self, input: &[usize], weight: &[usize], output: &[usize]) -> Geometry {
        let three = |v: &[usize], fill: usize| {
            let mut a = [fill; 3];
            a[3 - v.len()..].copy_from_slice(v);
            a
        };
        Geometry {
            batch: input[0],
            groups: self.groups,
            channels: weight[1],
            outputs: weight[0] / self.groups,
            input: three(&input[2..], 1),
            output: three(&output[2..], 1),
            kernel: three(&weight[2..], 1),
            stride: three(&self.stride, 1),
            padding: three(&self.padding, 0),
            dilation: three(&self.dilation, 1),
        }
    }
}

// ---- data only --------------------------------------------------------------------------------------------------------

/// The dtype that convolutions of `dtype` are computed in.
fn computed(dtype: DType) -> Result<DType> {
    Ok(match dtype {
        DType::Bool => bail!(NotImplemented, "\"slow_conv2d_cpu\" not implemented for 'Bool'"),
        DType::F16 | DType::BF16 => DType::F32,
        DType::C64 => DType::C128,
        d if d.is_integral() => DType::I64,
        d => d,
    })
}

pub(super) type Operands<'a> = (&'a Tensor, &'a Tensor, Option<&'a Tensor>);

/// Makes one of the three tensors of the other two: on a GPU, or with a kernel on contiguous operands of the compute dtype.
fn run(
    made: Made,
    g: &Geometry,
    (a, b, bias): Operands,
    shape: &[usize],
    kernel: impl FnOnce(DType, &Tensor, &Tensor, &Tensor),
) -> Result<Tensor> {
    let dtype = computed(a.dtype())?;
    crate::layout::checked_numel(shape)?;
    if let Some(gpu) = a.gpu() {
        return conv_gpu::made(gpu, made, g, (a, b, bias), shape);
    }
    let y = Tensor::empty(shape, dtype)?;
    if y.numel() > 0 && a.numel() * b.numel() == 0 {
        y.fill_data(crate::Scalar::Int(0));
    } else if y.numel() > 0 {
        kernel(dtype, &a.cast_data(dtype)?, &b.cast_data(dtype)?, &y);
    }
    y.cast_data(a.dtype())
}

fn output_data(w: &Windows, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, shape: &[usize]) -> Result<Tensor> {
    let g = w.geometry(x.shape(), weight.shape(), shape);
    let bias = bias.map(|b| b.cast_data(computed(x.dtype())?)).transpose()?;
    run(Made::Output, &g, (x, weight, bias.as_ref()), shape, |dtype, x, weight, y| {
        let bias = bias.as_ref().map_or(std::ptr::null(), |b| b.data_ptr().cast_const());
        // SAFETY: contiguous tensors of the shapes that made the geometry.
        unsafe { forward(dtype, &g, x.data_ptr(), weight.data_ptr(), bias, y.data_ptr()) }
    })
}
fn input_grad_data(w: &Windows, gy: &Tensor, weight: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let g = w.geometry(shape, weight.shape(), gy.shape());
    run(Made::Input, &g, (gy, weight, None), shape, |dtype, gy, weight, gx| {
        // SAFETY: as above.
        unsafe { input_grad(dtype, &g, gy.data_ptr(), weight.data_ptr(), gx.data_ptr()) }
    })
}
fn weight_grad_data(w: &Windows, gy: &Tensor, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let g = w.geometry(x.shape(), shape, gy.shape());
    run(Made::Weight, &g, (gy, x, None), shape, |dtype, gy, x, gw| {
        // SAFETY: as above.
        unsafe { weight_grad(dtype, &g, gy.data_ptr(), x.data_ptr(), gw.data_ptr()) }
    })
}

// ---- recorded -----------------------------------------------------------------------------------------------------------

type Part = fn(&Windows, &Tensor, &Tensor, &[usize]) -> Result<Tensor>;

/// The formula of a function linear in `a` and `b`: `of_a` makes the gradient of a from the output's and b, `of_b` that
/// of b from the output's and a (in the order that they take them).
fn two_linear(r: &mut Recorder, w: &Windows, a: &Tensor, b: &Tensor, of_a: Part, of_b: Part) -> Formula {
    let (w, sa, sb) = (w.clone(), r.input("a", a), r.input("b", b));
    let (shape_a, shape_b) = (Dims::from(a.shape()), Dims::from(b.shape()));
    Box::new(move |node, g| {
        let mut grads: Grads = smallvec::smallvec![None, None];
        let Some(g) = &g[0] else { return Ok(grads) };
        if node.needs(0) {
            grads[0] = Some(of_a(&w, g, &node.get(sb)?, &shape_a)?);
        }
        if node.needs(1) {
            grads[1] = Some(of_b(&w, g, &node.get(sa)?, &shape_b)?);
        }
        Ok(grads)
    })
}

const SECOND: &str = "ConvolutionBackwardBackward0";

/// Output of a plain convolution without bias.
fn output_of(w: &Windows, x: &Tensor, weight: &Tensor, shape: &[usize]) -> Result<Tensor> {
    output_data(w, x, weight, None, shape)?.record(SECOND, &[x, weight], |r, _| {
        two_linear(
            r,
            w,
            x,
            weight,
            |w, g, weight, shape| input_grad_of(w, g, &conj(weight)?, shape),
            |w, g, x, shape| weight_grad_of(w, g, &conj(x)?, shape),
        )
    })
}
/// Gradient of the input of a plain convolution.
fn input_grad_of(w: &Windows, gy: &Tensor, weight: &Tensor, shape: &[usize]) -> Result<Tensor> {
    input_grad_data(w, gy, weight, shape)?.record(SECOND, &[gy, weight], |r, _| {
        two_linear(
            r,
            w,
            gy,
            weight,
            |w, g, weight, shape| output_of(w, g, &conj(weight)?, shape),
            |w, g, gy, shape| weight_grad_of(w, &conj(gy)?, g, shape),
        )
    })
}
/// Gradient of the weight of a plain convolution.
fn weight_grad_of(w: &Windows, gy: &Tensor, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    weight_grad_data(w, gy, x, shape)?.record(SECOND, &[gy, x], |r, _| {
        two_linear(
            r,
            w,
            gy,
            x,
            |w, g, x, shape| output_of(w, &conj(x)?, g, shape),
            |w, g, gy, shape| input_grad_of(w, &conj(gy)?, g, shape),
        )
    })
}

/// A convolution with all its options.
#[derive(Clone)]
pub(super) struct Conv {
    windows: Windows,
    transposed: bool,
}

impl Conv {
    /// The gradients asked for: of input, weight and bias.
    fn backward(&self, g: &Tensor, x: Option<&Tensor>, weight: Option<&Tensor>, shapes: [&[usize]; 2], bias: bool) -> Result<Grads> {
        let w = &self.windows;
        let gx = match weight.map(conj).transpose()? {
            Some(weight) if self.transposed => Some(output_of(w, g, &weight, shapes[0])?),
            Some(weight) => Some(input_grad_of(w, g, &weight, shapes[0])?),
            None => None,
        };
        let gw = match x.map(conj).transpose()? {
            Some(x) if self.transposed => Some(weight_grad_of(w, &x, g, shapes[1])?),
            Some(x) => Some(weight_grad_of(w, g, &x, shapes[1])?),
            None => None,
        };
        let dims: Vec<i64> = (0..g.rank() as i64).filter(|&d| d != 1).collect();
        let gb = if bias { Some(sum(g, &dims, false, None)?) } else { None };
        Ok(smallvec::smallvec![gx, gw, gb])
    }
}

/// A list of one number stands for all spatial dims.
fn per_dim(name: &str, v: &[i64], n: usize) -> Result<Vec<i64>> {
    match v.len() {
        1 => Ok(vec![v[0]; n]),
        m if m == n => Ok(v.to_vec()),
        _ => bail!(
            "expected {name} to be a single integer value or a list of {n} values to match the convolution dimensions, \
             but got {name}={}",
            show_i(v)
        ),
    }
}

fn by(v: &[usize]) -> String {
    v.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

/// What a call gives, as PyTorch's schema names it.
pub(super) struct Options<'a> {
    pub stride: &'a [i64],
    pub padding: &'a [i64],
    pub dilation: &'a [i64],
    pub transposed: bool,
    pub output_padding: &'a [i64],
    pub groups: i64,
}

/// Checks options and shapes in PyTorch's order; the convolution and the output's shape.
fn checked(o: &Options, x: &Tensor, weight: &Tensor, bias: Option<&[usize]>) -> Result<(Conv, Dims)> {
    ensure!(weight.rank() >= 3, "weight should have at least three dimensions");
    let n = weight.rank() - 2;
    ensure!(n <= 3, "unsupported convolution of {n} spatial dimensions");
    ensure!(o.groups > 0, "non-positive groups is not supported");
    let (stride, padding) = (per_dim("stride", o.stride, n)?, per_dim("padding", o.padding, n)?);
    let (dilation, extra) = (per_dim("dilation", o.dilation, n)?, per_dim("output_padding", o.output_padding, n)?);
    ensure!(padding.iter().all(|&p| p >= 0), "negative padding is not supported");
    ensure!(extra.iter().all(|&p| p >= 0), "negative output_padding is not supported");
    ensure!(stride.iter().all(|&s| s > 0), "non-positive stride is not supported");
    ensure!(
        dilation.iter().all(|&d| d > 0),
        "dilation should be greater than zero, but got {}",
        show_i(&dilation)
    );
    let small = |v: &[i64]| v.iter().all(|&p| p <= i32::MAX as i64);
    ensure!(
        small(&padding) && small(&extra) && small(&stride) && small(&dilation),
        "convolution: a stride, padding or dilation is too large"
    );
    let (s, ws, groups) = (x.shape(), weight.shape(), o.groups as usize);
    ensure!(
        s.len() == n + 2,
        "Expected {0}-dimensional input for {0}-dimensional weight {1}, but got {2}-dimensional input of size {3} instead",
        n + 2,
        show(ws),
        s.len(),
        show(s)
    );
    ensure!(
        ws[0] >= groups,
        "Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {} instead",
        show(ws)
    );
    ensure!(
        ws[0].is_multiple_of(groups),
        "Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size [{}] \
         instead",
        show(ws)
    );
    let (of, channels, outputs) = if o.transposed {
        (format!("transposed={}", o.transposed as u8), ws[0], ws[1] * groups)
    } else {
        (format!("groups={groups}"), ws[1] * groups, ws[0])
    };
    ensure!(
        s[1] == channels,
        "Given {of}, weight of size {}, expected input{} to have {channels} channels, but got {} channels instead",
        show(ws),
        show(s),
        s[1]
    );
    let of = if o.transposed { "transposed=1, " } else { "" };
    ensure!(
        bias.is_none_or(|b| *b == [outputs]),
        "Given {of}weight of size {}, expected bias to be 1-dimensional with {outputs} elements, but got bias of size {} \
         instead",
        show(ws),
        show(bias.unwrap_or_default())
    );
    let kernel = &ws[2..];
    ensure!(kernel.iter().all(|&k| k > 0), "kernel size should be greater than zero, but got kernel size: {}", show(kernel));
    let mut shape: Dims = smallvec::smallvec![s[0], outputs];
    if o.transposed {
        let fits = (0..n).all(|d| extra[d] < stride[d] || extra[d] < dilation[d]);
        let named = |what: &str, v: &[i64]| {
            let axes = ["depth", "height", "width"];
            (0..n).map(|d| format!("{what}_{}: {}", axes[3 - n + d], v[d])).collect::<Vec<_>>().join(" ")
        };
        ensure!(
            fits,
            "output padding must be smaller than either stride or dilation, but got {} {} {}",
            named("output_padding", &extra),
            named("stride", &stride),
            named("dilation", &dilation)
        );
        let size = |d: usize| {
            (s[2 + d] as i64 - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernel[d] as i64 - 1) + extra[d] + 1
        };
        let sizes: Vec<i64> = (0..n).map(size).collect();
        ensure!(
            sizes.iter().all(|&d| d > 0),
            "Given input size per channel: ({}). Calculated output size per channel: ({}). Output size is too small",
            by(&s[2..]),
            sizes.iter().map(i64::to_string).collect::<Vec<_>>().join(" x ")
        );
        shape.extend(sizes.iter().map(|&d| d as usize));
    } else {
        let padded: Dims = (0..n).map(|d| s[2 + d] + 2 * padding[d] as usize).collect();
        let reach: Dims = (0..n).map(|d| dilation[d] as usize * (kernel[d] - 1) + 1).collect();
        ensure!(
            (0..n).all(|d| padded[d] >= reach[d]),
            "Calculated padded input size per channel: ({}). Kernel size: ({}). Kernel size can't be greater than actual \
             input size",
            by(&padded),
            by(&reach)
        );
        shape.extend((0..n).map(|d| (padded[d] - reach[d]) / stride[d] as usize + 1));
    }
    ensure!(
        s[2..].iter().all(|&d| d > 0),
        "Only zero batch or zero channel inputs are supported, but got input shape: {}",
        show(s)
    );
    let sizes = |v: &[i64]| v.iter().map(|&d| d as usize).collect::<Dims>();
    let windows = Windows { stride: sizes(&stride), padding: sizes(&padding), dilation: sizes(&dilation), groups };
    Ok((Conv { windows, transposed: o.transposed }, shape))
}

fn same_types(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<()> {
    matmul::same_scalar_type(x, weight)?;
    if let Some(b) = bias {
        let (x, b) = (x.dtype(), b.dtype());
        ensure!(x == b, "Input type ({}) and bias type ({}) should be the same", x.c_name(), b.c_name());
    }
    Ok(())
}

/// Convolution of a batch (N, C, ...) with a weight, transposed or not.
pub(super) fn convolution(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, o: &Options) -> Result<Tensor> {
    let (conv, shape) = checked(o, x, weight, bias.map(Tensor::shape))?;
    same_types(x, weight, bias)?;
    let y = if conv.transposed {
        let y = input_grad_data(&conv.windows, x, weight, &shape)?;
        match bias {
            Some(bias) => crate::graph::with_grad(false, || add(&y, &per_channel(bias, shape.len())?))?,
            None => y,
        }
    } else {
        output_data(&conv.windows, x, weight, bias, &shape)?
    };
    let mut inputs: Vec<&Tensor> = vec![x, weight];
    inputs.extend(bias);
    y.record("convolution", &inputs, |r, _| {
        let sx = weight.requires_grad().then(|| r.input("input", x));
        let sw = x.requires_grad().then(|| r.input("weight", weight));
        let (shape_x, shape_w, biased) = (Dims::from(x.shape()), Dims::from(weight.shape()), bias.is_some());
        Box::new(move |node, g| {
            let count = 2 + biased as usize;
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None; count]) };
            let x = sx.filter(|_| node.needs(1)).map(|x| node.get(x)).transpose()?;
            let weight = sw.filter(|_| node.needs(0)).map(|w| node.get(w)).transpose()?;
            let of_bias = biased && node.needs(2);
            let mut grads = conv.backward(g, x.as_ref(), weight.as_ref(), [&shape_x, &shape_w], of_bias)?;
            grads.truncate(count);
            Ok(grads)
        })
    })
}

/// A vector of channels as (1, C, 1, ...), not tracked.
fn per_channel(bias: &Tensor, rank: usize) -> Result<Tensor> {
    let mut shape: Dims = smallvec::smallvec![1; rank];
    shape[1] = bias.numel();
    let bias = bias.contiguous_data()?;
    Ok(bias.with_layout(Layout { offset: bias.layout().offset, ..Layout::contiguous(&shape) }))
}

/// `conv1d` to `conv3d` and their transposes: an input without a batch dim is a batch of one.
fn spatial(name: &str, n: usize, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, o: &Options) -> Result<Tensor> {
    ensure!(
        x.rank() == n + 1 || x.rank() == n + 2,
        "Expected {}D (unbatched) or {}D (batched) input to {name}, but got input of size: {}",
        n + 1,
        n + 2,
        show(x.shape())
    );
    if x.rank() == n + 1 {
        return squeeze_batch(&convolution(&unsqueeze(x, 0)?, weight, bias, o)?);
    }
    convolution(x, weight, bias, o)
}
fn squeeze_batch(y: &Tensor) -> Result<Tensor> {
    let layout = y.layout().squeeze(&[0]);
    view::view_as(y, layout, "squeeze#1", |g| unsqueeze(g, 0))
}

/// `padding="same"` or `"valid"`.
fn padded_by_name(
    name: &str,
    n: usize,
    (x, weight, bias): (&Tensor, &Tensor, Option<&Tensor>),
    (stride, padding, dilation, groups): (&[i64], &str, &[i64], i64),
) -> Result<Tensor> {
    let options = |padding| Options { stride, padding, dilation, transposed: false, output_padding: &[0], groups };
    match padding {
        "valid" => spatial(name, n, x, weight, bias, &options(&[0])),
        "same" => {
            let kernel = weight.shape().get(2..).unwrap_or_default();
            ensure!(kernel.len() == n, "expected {}D weight for {name}, but got weight of size: {}", n + 2, show(weight.shape()));
            let (stride, dilation) = (per_dim("stride", stride, n)?, per_dim("dilation", dilation, n)?);
            ensure!(stride.iter().all(|&s| s == 1), "padding='same' is not supported for strided convolutions");
            let total = |d: usize| dilation[d].saturating_mul(kernel[d] as i64 - 1).clamp(0, i32::MAX as i64);
            let both: Vec<i64> = (0..n).map(|d| total(d) / 2).collect();
            // An odd total puts one more zero behind.
            let behind: Vec<i64> = (0..n).rev().flat_map(|d| [0, total(d) % 2]).collect();
            if behind.contains(&1) {
                return spatial(name, n, &constant_pad_nd(x, &behind, 0.into())?, weight, bias, &options(&both));
            }
            spatial(name, n, x, weight, bias, &options(&both))
        }
        other => bail!("Invalid padding string: '{other}'"),
    }
}

fn plain(a: &Args, name: &str, n: usize) -> Result<Tensor> {
    let (stride, padding, dilation) = (a.ints(3)?, a.ints(4)?, a.ints(5)?);
    let o = Options {
        stride: &stride,
        padding: &padding,
        dilation: &dilation,
        transposed: false,
        output_padding: &[0],
        groups: a.int(6)?,
    };
    spatial(name, n, a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, &o)
}
fn named(a: &Args, name: &str, n: usize) -> Result<Tensor> {
    let operands = (a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?);
    padded_by_name(name, n, operands, (&a.ints(3)?, a.str(4)?, &a.ints(5)?, a.int(6)?))
}
fn transposed(a: &Args, name: &str, n: usize) -> Result<Tensor> {
    let (stride, padding, extra, dilation) = (a.ints(3)?, a.ints(4)?, a.ints(5)?, a.ints(7)?);
    let o = Options {
        stride: &stride,
        padding: &padding,
        dilation: &dilation,
        transposed: true,
        output_padding: &extra,
        groups: a.int(6)?,
    };
    spatial(name, n, a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, &o)
}
fn general(a: &Args) -> Result<Tensor> {
    let (stride, padding, dilation, extra) = (a.ints(3)?, a.ints(4)?, a.ints(5)?, a.ints(7)?);
    let o = Options {
        stride: &stride,
        padding: &padding,
        dilation: &dilation,
        transposed: a.bool(6)?,
        output_padding: &extra,
        groups: a.int(8)?,
    };
    convolution(a.tensor(0)?, a.tensor(1)?, a.opt_tensor(2)?, &o)
}

/// The gradients of `convolution`; those that the mask leaves out are empty tensors.
fn convolution_backward(a: &Args) -> Result<(Tensor, Tensor, Tensor)> {
    let (g, x, weight, mask) = (a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.bools(10)?);
    let (stride, padding, dilation, extra) = (a.ints(4)?, a.ints(5)?, a.ints(6)?, a.ints(8)?);
    let o = Options {
        stride: &stride,
        padding: &padding,
        dilation: &dilation,
        transposed: a.bool(7)?,
        output_padding: &extra,
        groups: a.int(9)?,
    };
    let (conv, shape) = checked(&o, x, weight, None)?;
    ensure!(
        g.shape() == &shape[..],
        "Expected grad_output of size {} for input {} and weight {}, but got {}",
        show(&shape),
        show(x.shape()),
        show(weight.shape()),
        show(g.shape())
    );
    same_types(x, weight, Some(g))?;
    ensure!(mask.len() == 3, "output_mask should have 3 elements, but got {}", mask.len());
    let of_x = mask[0].then_some(weight);
    let of_w = mask[1].then_some(x);
    let grads = conv.backward(g, of_w, of_x, [x.shape(), weight.shape()], mask[2])?;
    let mut grads = grads.into_iter().map(|t| t.map_or_else(|| Tensor::empty(&[0], g.dtype()), Ok));
    let mut next = || grads.next().unwrap_or_else(|| Tensor::empty(&[0], g.dtype()));
    Ok((next()?, next()?, next()?))
}

rows! {
    /// Convolution of (N, C, L), or of one such image without N, with a weight (O, C / groups, ...).
    "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| plain(a, "conv1d", 1);
    |s| vec![
        vec![s.t(&[1, 2, 5]), s.t(&[2, 2, 3]), s.t(&[2]), [1].into(), [1].into(), [1].into(), 1.into()],
        vec![s.t(&[2, 5]), s.t(&[2, 1, 3]), Value::None, [2].into(), [1].into(), [1].into(), 2.into()],
        vec![s.transposed(&[1, 2, 5]), s.t(&[2, 2, 3]), Value::None, [1].into(), [1].into(), [2].into(), 1.into()],
    ];
    /// Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size.
    "conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, str padding=\"valid\", SymInt[1] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| named(a, "conv1d", 1);
    |s| vec![
        vec![s.t(&[1, 2, 5]), s.t(&[2, 2, 3]), s.t(&[2]), [1].into(), "same".into(), [1].into(), 1.into()],
        vec![s.t(&[1, 2, 5]), s.t(&[2, 2, 3]), s.t(&[2]), [2].into(), "valid".into(), [1].into(), 1.into()],
    ];
    /// Convolution of (N, C, H, W), or of one such image without N, with a weight (O, C / groups, ...).
    "conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| plain(a, "conv2d", 2);
    |s| vec![
        vec![s.t(&[1, 2, 4, 4]), s.t(&[2, 2, 3, 2]), s.t(&[2]), [1].into(), [1].into(), [1].into(), 1.into()],
        vec![s.t(&[2, 4, 4]), s.t(&[2, 1, 3, 2]), Value::None, [2].into(), [1].into(), [1].into(), 2.into()],
        vec![s.transposed(&[1, 2, 4, 4]), s.t(&[2, 2, 3, 2]), Value::None, [1].into(), [1].into(), [2].into(), 1.into()],
    ];
    /// Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size.
    "conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, str padding=\"valid\", SymInt[2] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| named(a, "conv2d", 2);
    |s| vec![
        vec![s.t(&[1, 2, 4, 4]), s.t(&[2, 2, 3, 2]), s.t(&[2]), [1].into(), "same".into(), [1].into(), 1.into()],
        vec![s.t(&[1, 2, 4, 4]), s.t(&[2, 2, 3, 2]), s.t(&[2]), [2].into(), "valid".into(), [1].into(), 1.into()],
    ];
    /// Convolution of (N, C, D, H, W), or of one such image without N, with a weight (O, C / groups, ...).
    "conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, SymInt[3] padding=0, SymInt[3] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| plain(a, "conv3d", 3);
    |s| vec![
        vec![s.t(&[1, 2, 3, 3, 3]), s.t(&[2, 2, 2, 2, 2]), s.t(&[2]), [1].into(), [1].into(), [1].into(), 1.into()],
        vec![s.t(&[2, 3, 3, 3]), s.t(&[2, 1, 2, 2, 2]), Value::None, [2].into(), [1].into(), [1].into(), 2.into()],
        vec![s.transposed(&[1, 2, 3, 3, 3]), s.t(&[2, 2, 2, 2, 2]), Value::None, [1].into(), [1].into(), [2].into(), 1.into()],
    ];
    /// Convolution with padding given by name: `"valid"` (none), or `"same"`, which keeps the size.
    "conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, str padding=\"valid\", SymInt[3] dilation=1, SymInt groups=1) -> Tensor" "f"
    |a| named(a, "conv3d", 3);
    |s| vec![
        vec![s.t(&[1, 2, 3, 3, 3]), s.t(&[2, 2, 2, 2, 2]), s.t(&[2]), [1].into(), "same".into(), [1].into(), 1.into()],
        vec![s.t(&[1, 2, 3, 3, 3]), s.t(&[2, 2, 2, 2, 2]), s.t(&[2]), [2].into(), "valid".into(), [1].into(), 1.into()],
    ];
    /// Transposed convolution of (N, C, L), or of one such image without N, with a weight (C, O / groups, ...).
    "conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] output_padding=0, SymInt groups=1, SymInt[1] dilation=1) -> Tensor" "f"
    |a| transposed(a, "conv_transpose1d", 1);
    |s| vec![
        vec![s.t(&[1, 2, 3]), s.t(&[2, 2, 3]), s.t(&[2]), [2].into(), [1].into(), [1].into(), 1.into(), [1].into()],
        vec![s.t(&[1, 2, 3]), s.t(&[2, 1, 3]), Value::None, [1].into(), [0].into(), [0].into(), 2.into(), [2].into()],
    ];
    /// Transposed convolution of (N, C, H, W), or of one such image without N, with a weight (C, O / groups, ...).
    "conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] output_padding=0, SymInt groups=1, SymInt[2] dilation=1) -> Tensor" "f"
    |a| transposed(a, "conv_transpose2d", 2);
    |s| vec![
        vec![s.t(&[1, 2, 2, 2]), s.t(&[2, 2, 3, 2]), s.t(&[2]), [2].into(), [1].into(), [1].into(), 1.into(), [1].into()],
        vec![s.t(&[1, 2, 2, 2]), s.t(&[2, 1, 3, 2]), Value::None, [1].into(), [0].into(), [0].into(), 2.into(), [2].into()],
    ];
    /// Transposed convolution of (N, C, D, H, W), or of one such image without N, with a weight (C, O / groups, ...).
    "conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, SymInt[3] padding=0, SymInt[3] output_padding=0, SymInt groups=1, SymInt[3] dilation=1) -> Tensor" "f"
    |a| transposed(a, "conv_transpose3d", 3);
    |s| vec![
        vec![s.t(&[1, 2, 2, 2, 2]), s.t(&[2, 2, 2, 2, 2]), s.t(&[2]), [2].into(), [1].into(), [1].into(), 1.into(), [1].into()],
        vec![s.t(&[1, 2, 2, 2, 2]), s.t(&[2, 1, 2, 2, 2]), Value::None, [1].into(), [0].into(), [0].into(), 2.into(), [2].into()],
    ];
    /// Convolution of (N, C, ...) with all options, transposed or not.
    "convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor" "f"
    |a| general(a);
    |s| vec![vec![
        s.t(&[1, 2, 5]), s.t(&[2, 2, 3]), s.t(&[2]), [2].into(), [1].into(), [1].into(), false.into(), [0].into(), 1.into(),
    ]];
    /// As `convolution`; the last four arguments choose among implementations elsewhere and change nothing here.
    "_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32) -> Tensor" "f"
    |a| general(a);
    |s| vec![vec![
        s.t(&[1, 1, 3]), s.t(&[1, 2, 2]), s.t(&[2]), [2].into(), [0].into(), [1].into(), true.into(), [1].into(), 1.into(),
        false.into(), false.into(), false.into(), false.into(),
    ]];
    /// Gradients of `convolution` for input, weight and bias, as far as `output_mask` asks for them.
    "convolution_backward(Tensor grad_output, Tensor input, Tensor weight, SymInt[]? bias_sizes, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool[3] output_mask) -> (Tensor, Tensor, Tensor)" "f"
    |a| convolution_backward(a);
    |s| vec![vec![
        s.t(&[1, 2, 3]), s.t(&[1, 2, 5]), s.t(&[2, 2, 3]), Value::None, [1].into(), [0].into(), [1].into(), false.into(),
        [0].into(), 1.into(), vec![true, true, true].into(),
    ]];
}
