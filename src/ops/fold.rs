//! Windows of an image as the columns of a matrix, and back.
use crate::cpu::conv::{Geometry, add_windows, windows};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::layout::{Dims, show};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// Two numbers each, height first.
#[derive(Clone, Copy)]
struct Blocks {
    kernel: [i64; 2],
    dilation: [i64; 2],
    padding: [i64; 2],
    stride: [i64; 2],
}

impl Blocks {
    fn new(a: &Args, first: usize) -> Result<Self> {
        let pair = |i: usize, name: &str| -> Result<[i64; 2]> {
            let v = a.ints(first + i)?;
            match v[..] {
                [one] => Ok([one; 2]),
                [h, w] => Ok([h, w]),
                _ => bail!("It is expected {name} equals to 2, but got size {}", v.len()),
            }
        };
        let b = Self {
            kernel: pair(0, "kernel_size")?,
            dilation: pair(1, "dilation")?,
            padding: pair(2, "padding")?,
            stride: pair(3, "stride")?,
        };
        for (v, name, short) in [(b.kernel, "kernel size", "kernel"), (b.stride, "stride", "stride"), (b.dilation, "dilation", "dilation")] {
            let fits = v.iter().all(|&n| n > 0 && n <= i32::MAX as i64);
            ensure!(fits, "{name} should be greater than zero, but got {short}_height: {} {short}_width: {}", v[0], v[1]);
        }
        let fits = b.padding.iter().all(|&n| n >= 0 && n <= i32::MAX as i64);
        ensure!(fits, "padding should be non-negative, but got pad_height: {} pad_width: {}", b.padding[0], b.padding[1]);
        Ok(b)
    }
    /// How many windows fit along each dim.
    fn places(&self, size: [i64; 2]) -> [i64; 2] {
        [0, 1].map(|d| {
            (size[d] + 2 * self.padding[d] - self.dilation[d] * (self.kernel[d] - 1) - 1).div_euclid(self.stride[d]) + 1
        })
    }
    fn geometry(&self, batch: usize, channels: usize, size: [i64; 2]) -> Geometry {
        let three = |v: [i64; 2], fill: usize| [fill, v[0] as usize, v[1] as usize];
        Geometry {
            batch,
            groups: 1,
            channels,
            outputs: 1,
            input: three(size, 1),
            output: three(self.places(size), 1),
            kernel: three(self.kernel, 1),
            stride: three(self.stride, 1),
            padding: three(self.padding, 0),
            dilation: three(self.dilation, 1),
        }
    }
    /// As `geometry`, for a GPU.
    fn windows(&self, size: [i64; 2]) -> gpu::fold::Windows {
        let of = |v: [i64; 2]| v.map(|n| n as usize);
        gpu::fold::Windows {
            input: of(size),
            output: of(self.places(size)),
            kernel: of(self.kernel),
            stride: of(self.stride),
            padding: of(self.padding),
            dilation: of(self.dilation),
        }
    }
    fn show(&self) -> String {
        let pair = |v: [i64; 2]| format!("({}, {})", v[0], v[1]);
        format!("kernel_size={}, dilation={}, padding={}", pair(self.kernel), pair(self.dilation), pair(self.padding))
    }
}

fn check_dtype(x: &Tensor, op: &str) -> Result<()> {
    let d = x.dtype();
    ensure!(d == DType::Bool || !d.is_integral(), NotImplemented, "\"{op}_out_cpu\" not implemented for '{}'", d.scalar_name());
    Ok(())
}

/// (N, C, H, W) to (N, C kh kw, places).
fn unfolded(x: &Tensor, b: Blocks) -> Result<Tensor> {
    let s = x.shape();
    let fits = (s.len() == 3 && s.iter().all(|&n| n > 0)) || (s.len() == 4 && s[1..].iter().all(|&n| n > 0));
    ensure!(
        fits,
        "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but \
         got: {}",
        show(s)
    );
    check_dtype(x, "im2col")?;
    let lead = s.len() - 3;
    let (batch, channels) = (s[..lead].iter().product(), s[lead]);
    let size = [s[lead + 1] as i64, s[lead + 2] as i64];
    let places = b.places(size);
    ensure!(
        places[0] > 0 && places[1] > 0,
        "Given input with spatial size ({}, {}), {}, calculated shape of the array of sliding blocks as ({}, {}), but its \
         components must be at least one.",
        size[0],
        size[1],
        b.show(),
        places[0],
        places[1]
    );
    let g = b.geometry(batch, channels, size);
    let mut shape: Dims = s[..lead].into();
    shape.extend([channels * g.taps(), g.output_plane()]);
    crate::layout::checked_numel(&shape)?;
    if complex::in_parts(x) {
        let y = complex::of_parts(x, |part| unfolded(part, b))?;
        return y.record("Im2ColBackward0", &[x], |_, _| one_grad(move |_, g| folded(g, size, b)));
    }
    let (x_data, y) = (x.contiguous_data()?, Tensor::empty(&shape, x.dtype())?);
    if y.numel() > 0 {
        match x.gpu() {
            Some(gpu) => {
                let (x, y) = (x_data.on_gpu(gpu)?, y.on_gpu(gpu)?);
                gpu::fold::columns(gpu, false, batch * channels, &b.windows(size), &x, &y)?;
            }
            // SAFETY: contiguous tensors of the geometry's sizes.
            None => unsafe { windows(x.dtype().size(), &g, x_data.data_ptr(), y.data_ptr()) },
        }
    }
    y.record("Im2ColBackward0", &[x], |_, _| one_grad(move |_, g| folded(g, size, b)))
}

/// The sum of windows (N, C kh kw, places) where they overlap, as (N, C, H, W).
fn folded(x: &Tensor, size: [i64; 2], b: Blocks) -> Result<Tensor> {
    let s = x.shape();
    let fits = (s.len() == 2 && s.iter().all(|&n| n > 0)) || (s.len() == 3 && s[1] > 0 && s[2] > 0);
    ensure!(
        fits,
        "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, \
         but got: {}",
        show(s)
    );
    check_dtype(x, "col2im")?;
    let lead = s.len() - 2;
    let taps = (b.kernel[0] * b.kernel[1]) as usize;
    ensure!(
        s[lead].is_multiple_of(taps),
        "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)={} \
         and kernel_size=({}, {}).",
        s[lead],
        b.kernel[0],
        b.kernel[1]
    );
    let places = b.places(size);
    ensure!(
        places[0] > 0 && places[1] > 0 && places[0].checked_mul(places[1]) == Some(s[lead + 1] as i64),
        "Given output_size=({}, {}), {}, stride=({}, {}), expected size of input's dimension 2 to match the calculated \
         number of sliding blocks {} * {} = {}, but got input.size(2)={}.",
        size[0],
        size[1],
        b.show(),
        b.stride[0],
        b.stride[1],
        places[0],
        places[1],
        places[0].wrapping_mul(places[1]),
        s[lead + 1]
    );
    let channels = s[lead] / taps;
    let g = b.geometry(s[..lead].iter().product(), channels, size);
    let mut shape: Dims = s[..lead].into();
    shape.extend([channels, size[0] as usize, size[1] as usize]);
    crate::layout::checked_numel(&shape)?;
    if complex::in_parts(x) {
        let y = complex::of_parts(x, |part| folded(part, size, b))?;
        return y.record("Col2ImBackward0", &[x], |_, _| one_grad(move |_, g| unfolded(g, b)));
    }
    let dtype = if x.gpu().is_some() { x.dtype() } else { x.dtype().class().dtype() };
    let (x_data, y) = (x.cast_data(dtype)?, Tensor::empty(&shape, dtype)?);
    if y.numel() > 0 {
        match x.gpu() {
            Some(gpu) => {
                let (x, y) = (x_data.on_gpu(gpu)?, y.on_gpu(gpu)?);
                gpu::fold::columns(gpu, true, g.batch * channels, &b.windows(size), &x, &y)?;
            }
            // SAFETY: contiguous tensors of the geometry's sizes.
            None => unsafe { add_windows(dtype, &g, x_data.data_ptr(), y.data_ptr()) },
        }
    }
    y.cast_data(x.dtype())?.record("Col2ImBackward0", &[x], |_, _| one_grad(move |_, g| unfolded(g, b)))
}

fn output_size(v: &[i64]) -> Result<[i64; 2]> {
    match v[..] {
        [one] => Ok([one; 2]),
        [h, w] => Ok([h, w]),
        _ => bail!("It is expected output_size equals to 2, but got size {}", v.len()),
    }
}

rows! {
    /// Windows of (N, C, H, W) as columns: (N, C kh kw, places).
    "_nn::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor" "fo"
    |a| unfolded(a.tensor(0)?, Blocks::new(a, 1)?);
    |s| vec![
        vec![s.t(&[1, 2, 3, 4]), [2, 3].into(), [1, 1].into(), [1, 0].into(), [2, 1].into()],
        vec![s.t(&[1, 3, 4]), [2].into(), [2].into(), [1].into(), [1].into()],
    ];
    /// Columns (N, C kh kw, places) added up where their windows overlap: (N, C, H, W).
    "_nn::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor" "fo"
    |a| folded(a.tensor(0)?, output_size(&a.ints(1)?)?, Blocks::new(a, 2)?);
    |s| vec![
        vec![s.t(&[1, 8, 6]), [3, 4].into(), [2].into(), [1].into(), [0].into(), [1].into()],
        vec![s.t(&[4, 6]), [3, 2].into(), [2].into(), [1].into(), [1].into(), [2, 1].into()],
    ];
}
