//! Images read at a grid of places, and grids of affine maps.
use crate::cpu::grid::{Border, CUBIC, Mode, Reading, Sizes, bordered, pixel_number, read, slopes, spread, unnormalized};
use crate::device::{Device, Inside};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::graph::{Grads, grad_enabled};
use crate::layout::{Dims, show};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

fn check(x: &Tensor, grid: &Tensor) -> Result<usize> {
    let (s, g) = (x.shape(), grid.shape());
    ensure!(
        s.first() == g.first() && !s.is_empty(),
        "grid_sampler(): expected grid and input to have same batch size, but got input with sizes {} and grid with sizes \
         {}",
        show(s),
        show(g)
    );
    ensure!(
        s.len() >= 2 && g.last() == Some(&(s.len() - 2)),
        "grid_sampler(): expected grid to have size {} in last dimension, but got grid with sizes {}",
        s.len().saturating_sub(2),
        show(g)
    );
    for (d, &n) in s.iter().enumerate().skip(2) {
        ensure!(
            n > 0,
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {} with dimension {d} \
             being empty",
            show(s)
        );
    }
    ensure!(
        matches!(s.len(), 4 | 5) && g.len() == s.len(),
        "grid_sampler(): expected {}D input and grid with same number of dimensions, but got input with sizes {} and grid \
         with sizes {}",
        if s.len() == 5 { "5" } else { "4D or 5" },
        show(s),
        show(g)
    );
    matmul::same_scalar_type(x, grid)?;
    let n = s.len() - 2;
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"grid_sampler_{n}d_cpu_kernel_impl\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    Ok(n)
}

fn reading(mode: i64, border: i64, align: bool, dims: usize) -> Result<Reading> {
    let mode = match mode {
        0 => Mode::Linear,
        1 => Mode::Nearest,
        2 => Mode::Cubic,
        m => bail!("grid_sampler(): unknown interpolation mode {m}"),
    };
    ensure!(
        mode != Mode::Cubic || dims == 2,
        "grid_sampler(): bicubic interpolation only supports 4D input"
    );
    let border = match border {
        0 => Border::Zeros,
        1 => Border::Edge,
        2 => Border::Reflection,
        b => bail!("grid_sampler(): unknown padding mode {b}"),
    };
    Ok(Reading { mode, border, align })
}

fn sizes(x: &[usize], grid: &[usize]) -> Sizes {
    let n = x.len() - 2;
    let mut image = [1; 3];
    image[3 - n..].copy_from_slice(&x[2..]);
    Sizes { batch: x[0], channels: x[1], image, places: grid[1..=n].iter().product(), dims: n }
}

/// The same, for a GPU.
fn there(s: &Sizes, r: Reading) -> gpu::grid::Reading {
    gpu::grid::Reading {
        batch: s.batch,
        channels: s.channels,
        image: s.image,
        places: s.places,
        dims: s.dims,
        mode: match r.mode {
            Mode::Linear => 0,
            Mode::Nearest => 1,
            Mode::Cubic => 2,
        },
        border: match r.border {
            Border::Zeros => 0,
            Border::Edge => 1,
            Border::Reflection => 2,
        },
        align: r.align,
    }
}

/// A tensor of these numbers beside another one, as its dtype.
fn like(values: &[f64], shape: &[usize], other: &Tensor) -> Result<Tensor> {
    let y = {
        let _inside = Inside::of(Device::Cpu);
        Tensor::from_slice(values, shape)?.cast_data(other.dtype())?
    };
    y.moved_data(other.device())
}

fn pointer<T>(t: &Tensor) -> *mut T {
    t.data_ptr().cast()
}

/// Runs a call with `$T` as the type of a float32 or float64 dtype.
macro_rules! by_class {
    ($dtype:expr, $T:ident => $call:expr) => {
        if $dtype == DType::F64 {
            type $T = f64;
            $call
        } else {
            type $T = f32;
            $call
        }
    };
}

/// `x` read at the places of `grid`.
pub fn grid_sampler(x: &Tensor, grid: &Tensor, mode: i64, border: i64, align: bool) -> Result<Tensor> {
    let n = check(x, grid)?;
    let r = reading(mode, border, align, n)?;
    let s = sizes(x.shape(), grid.shape());
    let class = x.dtype().class().dtype();
    let mut shape: Dims = x.shape()[..2].into();
    shape.extend_from_slice(&grid.shape()[1..=n]);
    crate::layout::checked_numel(&shape)?;
    let (a, b, y) = (x.cast_data(class)?, grid.cast_data(class)?, Tensor::empty(&shape, class)?);
    if let Some(gpu) = x.gpu().filter(|_| y.numel() > 0) {
        gpu::grid::read(gpu, &there(&s, r), &a.on_gpu(gpu)?, &b.on_gpu(gpu)?, &y.on_gpu(gpu)?)?;
    } else if y.numel() > 0 {
        // SAFETY: contiguous tensors of these sizes.
        by_class!(class, T => unsafe { read::<T>(&s, r, pointer(&a), pointer(&b), pointer(&y)) });
    }
    let y = y.cast_data(x.dtype())?;
    y.record(["GridSampler2DBackward0", "GridSampler3DBackward0"][n - 2], &[x, grid], |rec, _| {
        let (sx, sg) = (rec.input("input", x), rec.input("grid", grid));
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            let (x, grid) = (node.get(sx)?, node.get(sg)?);
            if grad_enabled() {
                return backward_in_ops(g, &x, &grid, r);
            }
            if node.needs(0) {
                grads[0] = Some(backward(g, &x, &grid, r, false)?);
            }
            if node.needs(1) {
                grads[1] = Some(backward(g, &x, &grid, r, true)?);
            }
            Ok(grads)
        })
    })
}

/// The gradient of the image or of the grid.
fn backward(g: &Tensor, x: &Tensor, grid: &Tensor, r: Reading, of_grid: bool) -> Result<Tensor> {
    let s = sizes(x.shape(), grid.shape());
    let class = x.dtype().class().dtype();
    let target = if of_grid { grid } else { x };
    let y = Tensor::zeros(target.shape(), class)?;
    let (g_data, a, b) = (g.cast_data(class)?, x.cast_data(class)?, grid.cast_data(class)?);
    if let Some(gpu) = g.gpu().filter(|_| y.numel() > 0 && g.numel() > 0) {
        let (r, g, grid, y) = (there(&s, r), g_data.on_gpu(gpu)?, b.on_gpu(gpu)?, y.on_gpu(gpu)?);
        match of_grid {
            true => gpu::grid::slopes(gpu, &r, &g, &a.on_gpu(gpu)?, &grid, &y)?,
            false => gpu::grid::spread(gpu, &r, &g, &grid, &y)?,
        }
    } else if y.numel() > 0 && g.numel() > 0 {
        by_class!(class, T => {
            let (g, x, grid, y) = (pointer::<T>(&g_data), pointer::<T>(&a), pointer::<T>(&b), pointer::<T>(&y));
            // SAFETY: contiguous tensors of these sizes.
            unsafe {
                if of_grid { slopes::<T>(&s, r, g, x, grid, y) } else { spread::<T>(&s, r, g, grid, y) }
            }
        });
    }
    y.cast_data(target.dtype())
}

/// A neighbour along one dim, for each place: which pixel, its weight, and the weight's slope for the grid's coordinate.
struct Neighbour {
    pixel: Vec<i64>,
    weight: Tensor,
    slope: Tensor,
}

/// The neighbours that readings at coordinates `c` take part of.
fn neighbours(c: &Tensor, size: usize, r: Reading) -> Result<Vec<Neighbour>> {
    let (shift, scale) = (unnormalized(0.0, size, r.align).0, unnormalized(0.0, size, r.align).1);
    let at = add(&mul(c, scale)?, shift)?;
    let constant = |v: &[f64]| like(v, c.shape(), c);
    if r.mode == Mode::Cubic {
        let low = at.detach().to_vec::<f64>()?.into_iter().map(f64::floor).collect::<Vec<_>>();
        let t = sub(&at, &constant(&low)?)?;
        let polynomial = |x: &Tensor, k: [f64; 4]| -> Result<(Tensor, Tensor)> {
            let value = ((x * k[0] + k[1]) * x + k[2]) * x + k[3];
            Ok((value, (x * (3.0 * k[0]) + 2.0 * k[1]) * x + k[2]))
        };
        let near = [CUBIC + 2.0, -(CUBIC + 3.0), 0.0, 1.0];
        let far = [CUBIC, -5.0 * CUBIC, 8.0 * CUBIC, -4.0 * CUBIC];
        let parts = [(&t + 1.0, far, 1.0), (t.clone(), near, 1.0), (1.0 - &t, near, -1.0), (2.0 - &t, far, -1.0)];
        return (-1..)
            .zip(parts)
            .map(|(k, (x, coefficients, sign))| {
                let (weight, slope) = polynomial(&x, coefficients)?;
                let pixel = low.iter().map(|l| pixel_number(bordered(l + k as f64, size, r).0)).collect();
                Ok(Neighbour { pixel, weight, slope: mul(&slope, sign * scale)? })
            })
            .collect();
    }
    // The border rule is a line in each place.
    let before = at.detach().to_vec::<f64>()?;
    let (after, slope): (Vec<f64>, Vec<f64>) = before.iter().map(|&x| bordered(x, size, r)).unzip();
    let whole: Vec<f64> =
        after.iter().map(|x| if r.mode == Mode::Nearest { x.round_ties_even() } else { x.floor() }).collect();
    let low: Vec<i64> = whole.iter().map(|&x| pixel_number(x)).collect();
    if r.mode == Mode::Nearest {
        return Ok(vec![Neighbour { pixel: low, weight: ones_like(c)?, slope: zeros_like(c)? }]);
    }
    let rest: Vec<f64> = (0..low.len()).map(|i| after[i] - slope[i] * before[i] - whole[i]).collect();
    let slope = constant(&slope)?;
    let t = add(&mul(&at, &slope)?, &constant(&rest)?)?;
    let slope = mul(&slope, scale)?;
    let high = low.iter().map(|p| p.saturating_add(1)).collect();
    Ok(vec![
        Neighbour { pixel: low, weight: sub(1.0, &t)?, slope: neg(&slope)? },
        Neighbour { pixel: high, weight: t, slope },
    ])
}

/// Both gradients made of ops, so that they can be differentiated again.
fn backward_in_ops(g: &Tensor, x: &Tensor, grid: &Tensor, r: Reading) -> Result<Grads> {
    let s = sizes(x.shape(), grid.shape());
    let (n, image) = (s.dims, &x.shape()[2..]);
    let [batch, channels, places] = [s.batch, s.channels, s.places];
    let pixels: usize = image.iter().product();
    let g = reshape_to(g, &[batch, channels, places])?;
    let flat = reshape_to(x, &[batch, channels, pixels])?;
    let at = reshape_to(grid, &[batch, places, n])?;
    // The grid names the last dim first.
    let lines: Vec<Vec<Neighbour>> =
        (0..n).map(|d| neighbours(&select(&at, -1, d as i64)?, image[n - 1 - d], r)).collect::<Result<_>>()?;
    let mut gx = Tensor::zeros(flat.shape(), g.dtype())?;
    let mut slopes = vec![Tensor::zeros(&[batch, places], g.dtype())?; n];
    for combination in 0..lines.iter().map(Vec::len).product::<usize>() {
        let mut rest = combination;
        let corner: Vec<&Neighbour> = lines
            .iter()
            .map(|line| {
                let k = rest % line.len();
                rest /= line.len();
                &line[k]
            })
            .collect();
        let (mut inside, mut index) = (vec![true; batch * places], vec![0i64; batch * places]);
        for i in 0..batch * places {
            for d in (0..n).rev() {
                let (p, size) = (corner[d].pixel[i], image[n - 1 - d] as i64);
                inside[i] &= (0..size).contains(&p);
                index[i] = index[i] * size + p.clamp(0, size - 1);
            }
        }
        let inside = Tensor::from_slice(&inside, &[batch, places])?;
        let index = Tensor::from_slice(&index, &[batch, 1, places])?;
        let index = index.with_layout(index.layout().expand(&[batch as i64, channels as i64, places as i64])?);
        let of_others = |d: Option<usize>| -> Result<Tensor> {
            let mut w = inside.cast_data(g.dtype())?;
            for (e, c) in corner.iter().enumerate() {
                w = mul(&w, if d == Some(e) { &c.slope } else { &c.weight })?;
            }
            // A place that is nowhere has weights of NaN.
            where_(&inside, &w, 0.0)
        };
        gx = scatter_add(&gx, 2, &index, &mul(&g, &unsqueeze(&of_others(None)?, 1)?)?)?;
        let seen = sum(&mul(&g, &gather(&flat, 2, &index)?)?, &[1], false, None)?;
        for (d, slope) in slopes.iter_mut().enumerate() {
            *slope = add(&*slope, &mul(&seen, &of_others(Some(d))?)?)?;
        }
    }
    let slopes: Vec<&Tensor> = slopes.iter().collect();
    Ok(smallvec::smallvec![
        Some(reshape_to(&gx, x.shape())?),
        Some(reshape_to(&stack(&slopes, -1)?, grid.shape())?)
    ])
}

/// Coordinates of `n` pixels between -1 and 1.
fn coordinates(n: usize, align: bool) -> Vec<f64> {
    if n <= 1 {
        return vec![0.0; n];
    }
    let shrink = if align { 1.0 } else { (n - 1) as f64 / n as f64 };
    (0..n).map(|i| (2.0 * i as f64 / (n - 1) as f64 - 1.0) * shrink).collect()
}

/// The grid that affine maps `theta` (N, n, n + 1) make of an image of `size` (N, C, ...).
pub fn affine_grid_generator(theta: &Tensor, size: &[i64], align: bool) -> Result<Tensor> {
    let n = match size.len() {
        4 => 2,
        5 => 3,
        _ => bail!("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs."),
    };
    let shape = crate::layout::sizes(size)?;
    let of_dim: Vec<Vec<f64>> = shape[2..].iter().map(|&d| coordinates(d, align)).collect();
    let places: usize = shape[2..].iter().product();
    let mut base = Vec::with_capacity(places * (n + 1));
    for p in 0..places {
        let mut rest = p;
        // The last dim's coordinate comes first.
        for d in (0..n).rev() {
            base.push(of_dim[d][rest % shape[2 + d]]);
            rest /= shape[2 + d];
        }
        base.push(1.0);
    }
    let base = like(&base, &[1, places, n + 1], theta)?;
    ensure!(
        theta.rank() == 3 && theta.shape()[0] == shape[0] && theta.shape()[2] == n + 1,
        "Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: [{}, {}].",
        shape[0],
        n + 1,
        theta.shape().first().unwrap_or(&0),
        theta.shape().last().unwrap_or(&0)
    );
    ensure!(theta.shape()[1] == n, "Expected a batch of {n}D affine matrices, but got {}", show(theta.shape()));
    let mut to: Dims = smallvec::smallvec![shape[0]];
    to.extend_from_slice(&shape[2..]);
    to.push(n);
    let y = crate::graph::with_grad(false, || reshape_to(&matmul(&base, &transpose(theta, 1, 2)?)?, &to))?;
    let flat = [shape[0], places, n];
    y.record("affine_grid_generator", &[theta], |_, _| {
        one_grad(move |_, g| matmul(&transpose(&reshape_to(g, &flat)?, 1, 2)?, &base))
    })
}

fn row(a: &Args) -> Result<Tensor> {
    grid_sampler(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.int(3)?, a.bool(4)?)
}

rows! {
    /// The image (N, C, H, W) or (N, C, D, H, W) read at the places of a grid whose last dim is (x, y) or (x, y, z), from -1
    /// to 1; modes 0 linear, 1 nearest, 2 cubic; paddings 0 zeros, 1 border, 2 reflection.
    "grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor" "f"
    |a| row(a);
    |s| {
        let mut all = vec![];
        for (mode, border, align) in [(0, 0, false), (0, 1, true), (0, 2, false), (1, 0, true), (2, 0, false), (2, 2, true)] {
            let (x, grid) = (s.t(&[1, 2, 3, 4]), s.within(-1.1..1.1, &[1, 2, 2, 2]));
            all.push(vec![x, grid, Value::Int(mode), Value::Int(border), align.into()]);
        }
        let (x, grid) = (s.t(&[1, 1, 2, 3, 2]), s.within(-0.9..0.9, &[1, 1, 2, 2, 3]));
        all.push(vec![x, grid, 0.into(), 0.into(), false.into()]);
        all
    };
    /// As `grid_sampler`, for two dims.
    "grid_sampler_2d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor" "f"
    |a| row(a);
    |s| vec![vec![s.t(&[1, 1, 3, 4]), s.within(-0.9..0.9, &[1, 1, 2, 2]), 0.into(), 0.into(), false.into()]];
    /// As `grid_sampler`, for three dims.
    "grid_sampler_3d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor" "f"
    |a| row(a);
    |s| vec![vec![s.t(&[1, 1, 2, 2, 3]), s.within(-0.9..0.9, &[1, 1, 1, 2, 3]), 0.into(), 1.into(), true.into()]];
    /// Places (N, H, W, 2) or (N, D, H, W, 3) that affine maps `theta` give for an image of `size`.
    "affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor" "f"
    |a| affine_grid_generator(a.tensor(0)?, &a.ints(1)?, a.bool(2)?);
    |s| vec![
        vec![s.t(&[2, 2, 3]), [2, 1, 2, 3].into(), true.into()],
        vec![s.t(&[1, 3, 4]), [1, 1, 2, 1, 2].into(), false.into()],
    ];
}
