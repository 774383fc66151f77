//! The recorded maxima over windows, and moves between planes by the places of the maxima.
use crate::cpu::pool::{Even, Windows, maxima, pick, place};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::max_pool::{self, Move};
use crate::graph::{Formula, Recorder};
use crate::layout::Dims;
use crate::ops::view::one_grad;
use crate::tensor::Tensor;

/// How windows lie in a plane.
pub enum Lie {
    Even(Even),
    /// Even shares of the input, rounded outwards.
    Shares,
    /// Where the windows of each plane begin, those of all dims after each other (int32), and their sizes.
    Unevenly(Tensor, [usize; 3]),
}
impl Lie {
    fn even(&self) -> Option<Even> {
        match self {
            Lie::Even(even) => Some(*even),
            _ => None,
        }
    }
    fn starts(&self) -> Option<&Tensor> {
        match self {
            Lie::Unevenly(starts, _) => Some(starts),
            _ => None,
        }
    }
    /// As kernels of a GPU take them.
    fn on_gpu(&self, input: [usize; 3], output: [usize; 3]) -> max_pool::Windows {
        let even = match self {
            Lie::Even(e) => Some([e.kernel, e.stride, e.padding, e.dilation]),
            Lie::Shares => None,
            Lie::Unevenly(_, kernel) => Some([*kernel, [1; 3], [0; 3], [1; 3]]),
        };
        max_pool::Windows { input, output, even }
    }
}

const SECOND: &str = "MaxPoolBackwardBackward0";

/// Elements of `x`'s planes (its last `n` dims) at the places that `index` names; recorded.
fn picked(x: &Tensor, index: &Tensor, n: usize, windows: Option<max_pool::Windows>) -> Result<Tensor> {
    let planes = index.shape()[..index.rank() - n].iter().product();
    let plane = |t: &Tensor| t.shape()[t.rank() - n..].iter().product::<usize>();
    let y = Tensor::empty(index.shape(), x.dtype())?;
    let (inputs, outputs) = (plane(x), plane(index));
    let (data, places) = (x.contiguous_data()?, index.contiguous_data()?);
    if y.numel() > 0 {
        match x.gpu() {
            Some(gpu) => {
                let (data, places) = (data.on_gpu(gpu)?, places.on_gpu(gpu)?);
                max_pool::moves(gpu, Move::Take, [planes, inputs, outputs], &data, &places, &y.on_gpu(gpu)?)?;
            }
            None => {
                let at = places.data_ptr().cast::<i64>();
                // SAFETY: contiguous planes; the indices were made by `maxima` or checked.
                unsafe { pick(x.dtype().size(), planes, [inputs, outputs], data.data_ptr(), at, y.data_ptr()) };
            }
        }
    }
    y.record(SECOND, &[x], |r, _| {
        let (at, shape) = (r.input("indices", index), Dims::from(x.shape()));
        one_grad(move |node, g| placed(g, &node.get(at)?, &shape, n, windows, true, SECOND))
    })
}

/// Zeros of `shape` with the elements of `x` at the places that `index` names, added up or (unpooling) written; recorded.
/// `windows`: those that the index was made by, where a kernel of a GPU knows them.
pub fn placed(
    x: &Tensor,
    index: &Tensor,
    shape: &[usize],
    n: usize,
    windows: Option<max_pool::Windows>,
    add: bool,
    op: &'static str,
) -> Result<Tensor> {
    let planes = index.shape()[..index.rank() - n].iter().product();
    let inputs = index.shape()[index.rank() - n..].iter().product();
    let outputs = shape[shape.len() - n..].iter().product();
    let class = x.dtype().class();
    let places = index.contiguous_data()?;
    let y = match x.gpu() {
        Some(gpu) => {
            // Atomic sums need memory of the class.
            let adds = add && windows.is_none();
            let x = x.cast_data(if adds { class.dtype() } else { x.dtype() })?;
            let y = Tensor::empty(shape, x.dtype())?;
            if y.numel() > 0 {
                let (x, places, to) = (x.on_gpu(gpu)?, places.on_gpu(gpu)?, y.on_gpu(gpu)?);
                match &windows {
                    Some(w) if add => max_pool::gradient(gpu, planes, w, &x, &places, &to)?,
                    _ => {
                        y.fill_data(crate::Scalar::Int(0));
                        let how = if add { Move::Add } else { Move::Put };
                        max_pool::moves(gpu, how, [planes, outputs, inputs], &x, &places, &to)?;
                    }
                }
            }
            y
        }
        None => {
            let (data, y) = (x.cast_data(class.dtype())?, Tensor::empty(shape, class.dtype())?);
            if y.numel() > 0 {
                let at = places.data_ptr().cast::<i64>();
                // SAFETY: contiguous planes; the indices were made by `maxima` or checked.
                unsafe { place(class, planes, [inputs, outputs], add, data.data_ptr(), at, y.data_ptr()) };
            }
            y
        }
    };
    y.cast_data(x.dtype())?.record(op, &[x], |r, _| {
        let at = r.input("indices", index);
        one_grad(move |node, g| picked(g, &node.get(at)?, n, windows))
    })
}

/// Maxima of the last `n` dims over windows (one set, or one per plane), and their places, recorded as `op`. Windows that lie
/// evenly can do without `places`, where no gradient is asked for.
pub fn max_over(
    x: &Tensor,
    windows: &[Windows],
    lie: Lie,
    n: usize,
    op: &'static str,
    kernel: &str,
    places: bool,
) -> Result<(Tensor, Tensor)> {
    ensure!(x.dtype() != DType::Bool, NotImplemented, "\"{kernel}\" not implemented for 'Bool'");
    ensure!(!x.dtype().is_complex(), NotImplemented, "\"{kernel}\" not implemented for '{}'", x.dtype().scalar_name());
    let lead = x.rank() - n;
    let mut sizes = [1; 3];
    sizes[3 - n..].copy_from_slice(&x.shape()[lead..]);
    let mut shape: Dims = x.shape()[..lead].into();
    let planes = shape.iter().product();
    let first = windows.first().map(|w| w[3 - n..].iter().map(Vec::len).collect::<Dims>());
    shape.extend(first.unwrap_or_else(|| smallvec::smallvec![0; n]));
    let mut outputs = [1; 3];
    outputs[3 - n..].copy_from_slice(&shape[lead..]);
    let on_gpu = lie.on_gpu(sizes, outputs);
    let class = x.dtype().class();
    // Kernels of a GPU find them in any case.
    let places = places || x.gpu().is_some();
    let index = Tensor::empty(if places { &shape } else { &[0] }, DType::I64)?;
    let y = match x.gpu() {
        Some(gpu) => {
            let (data, y) = (x.contiguous_data()?, Tensor::empty(&shape, x.dtype())?);
            if y.numel() > 0 {
                let starts = lie.starts().map(|t| t.on_gpu(gpu)).transpose()?;
                let to = [&y.on_gpu(gpu)?, &index.on_gpu(gpu)?];
                max_pool::maxima(gpu, planes, &on_gpu, &data.on_gpu(gpu)?, starts.as_ref(), to)?;
            }
            y
        }
        None => {
            let (data, y) = (x.cast_data(class.dtype())?, Tensor::empty(&shape, class.dtype())?);
            if y.numel() > 0 {
                let at = if places { index.data_ptr().cast::<i64>() } else { std::ptr::null_mut() };
                // SAFETY: contiguous planes of these sizes, windows inside them, new results.
                unsafe { maxima(class, planes, sizes, windows, lie.even(), data.data_ptr(), y.data_ptr(), at) };
            }
            y.cast_data(x.dtype())?
        }
    };
    let saved = index.clone();
    // Which windows hold an element, a kernel of a GPU knows where they lie alike in all planes.
    let known = x.gpu().filter(|_| lie.starts().is_none()).map(|_| on_gpu);
    let y = y.record(op, &[x], |r, _| backward(r, x, &saved, n, known))?;
    Ok((y, index))
}

fn backward(r: &mut Recorder, x: &Tensor, index: &Tensor, n: usize, windows: Option<max_pool::Windows>) -> Formula {
    let (at, shape) = (r.input("result1", index), Dims::from(x.shape()));
    one_grad(move |node, g| placed(g, &node.get(at)?, &shape, n, windows, true, SECOND))
}
