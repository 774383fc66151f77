//! Places in sorted sequences, counts in bins, membership.
use crate::cpu::parallel::parallel_for;
use crate::cpu::sort::{Key, search};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::search::Find;
use crate::gpu::{self, Gpu, Type};
use crate::graph::with_grad;
use crate::layout::show;
use crate::ops::sort::{order_class, ordered, sorted_on_gpu};
use crate::ops::*;
use crate::tensor::Tensor;
use std::ops::Range;

/// Searches that are worth a thread's while.
const SEARCHES: usize = 1 << 10;
/// Integers that are counted together.
const COUNTED: usize = 1 << 16;

/// Memory of which threads write parts.
struct Shared<T>(*mut T);
// SAFETY: threads write to distinct parts.
unsafe impl<T> Sync for Shared<T> {}
impl<T> Shared<T> {
    /// # Safety
    /// The part must be inside the memory, and this thread's alone.
    #[allow(clippy::mut_from_ref)]
    unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        // SAFETY: as the caller says.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(range.start), range.len()) }
    }
}

/// Refuses what `searchsorted` refuses.
fn check_search(edges: &Tensor, x: &Operand, sorter: Option<&Tensor>, side: Option<&str>, right: bool) -> Result<()> {
    let op = "torch.searchsorted():";
    if let Some(side) = side {
        ensure!(side == "left" || side == "right", "{op} side can only be 'left' or 'right' but got {side}");
        ensure!(
            side == "right" || !right,
            "{op} side and right can't be set to opposites, got side of left while right was True"
        );
    }
    ensure!(
        edges.rank() > 0,
        "{op} boundaries tensor should have positive dimension, but got 0 dimension"
    );
    let (b, v) = (edges.shape(), x.shape());
    ensure!(
        !v.is_empty() || b.len() == 1,
        "{op} input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor \
         dim({}) and input value's dim(0) numel(1)",
        b.len()
    );
    ensure!(
        b.len() == 1 || b.len() == v.len() && b[..b.len() - 1] == v[..v.len() - 1],
        "{op} boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value \
         tensor must match, but we got boundaries tensor {} and input value tensor {}",
        show(b),
        show(v)
    );
    if let Some(sorter) = sorter {
        ensure!(
            sorter.shape() == b,
            "{op} boundary and sorter must have the same size, but got boundary tensor {}and got sorter tensor {}",
            show(b),
            show(sorter.shape())
        );
        ensure!(
            sorter.dtype() == DType::I64,
            "{op} sorter must be a tensor of long dtype but got dtype {}",
            sorter.dtype().scalar_name()
        );
        let n = b[b.len() - 1] as i64;
        ensure!(
            // As in PyTorch, no device is waited for.
            sorter.gpu().is_some() || sorter.to_vec::<i64>()?.iter().all(|i| (0..n).contains(i)),
            "{op} sorter index out of range"
        );
    }
    Ok(())
}

/// For each element of `x` its place in the ascending last dim of `edges`.
fn search_sorted(edges: &Tensor, x: Operand, int32: bool, right: bool, sorter: Option<&Tensor>) -> Result<Tensor> {
    let dtype = result_type(&[Operand::Tensor(edges), x]);
    ensure!(
        !dtype.is_complex(),
        NotImplemented,
        "\"searchsorted_out_cpu\" not implemented for '{}'",
        dtype.scalar_name()
    );
    let class = order_class(dtype);
    let values = match x {
        Operand::Tensor(t) => t.cast_data(dtype)?,
        // A number meets the edges in their own type.
        Operand::Scalar(s) => Tensor::scalar(s, dtype)?,
    };
    let n = *edges.shape().last().unwrap_or(&0);
    ensure!(
        !int32 || n <= i32::MAX as usize,
        "torch.searchsorted(): the size of boundaries' last dimension should be less than {}, but we got {n}",
        i32::MAX
    );
    let sorter = sorter.map(|s| s.contiguous_data()).transpose()?;
    let per = if edges.rank() == 1 { values.numel() } else { *values.shape().last().unwrap_or(&1) };
    if let Some(gpu) = edges.gpu() {
        let y = Tensor::empty(values.shape(), if int32 { DType::I32 } else { DType::I64 })?;
        if y.numel() > 0 {
            let edges = edges.cast_data(dtype)?;
            let (ty, sizes) = (Type::of(class, dtype, &gpu.abilities)?, [y.numel(), per, n]);
            let to = [edges.on_gpu(gpu)?, values.on_gpu(gpu)?, y.on_gpu(gpu)?];
            let sorter = sorter.as_ref().map(|s| s.on_gpu(gpu)).transpose()?;
            gpu::search::search(gpu, Find::Place { right }, ty, sizes, to, sorter)?;
        }
        return Ok(y);
    }
    let (edges_, values) = (edges.cast_data(dtype)?.cast_data(class.dtype())?, values.cast_data(class.dtype())?);
    let y = Tensor::empty(values.shape(), DType::I64)?;
    let places = Shared(y.data_ptr().cast::<i64>());
    ordered!(class, T => {
        // SAFETY: contiguous and only read.
        let (e, v) = unsafe { (edges_.as_slice::<T>(), values.as_slice::<T>()) };
        // SAFETY: as above.
        let sorter = sorter.as_ref().map(|s| unsafe { s.as_slice::<i64>() });
        parallel_for(v.len(), SEARCHES, &|range: Range<usize>| {
            let at = |i: usize, k: usize| {
                let from = (range.start + i).checked_div(per).unwrap_or(0) * n;
                e[from + sorter.map_or(k, |s| s[from + k] as usize)]
            };
            // SAFETY: new memory; every block has places of its own.
            let places = unsafe { places.part(range.clone()) };
            search(n, &v[range.clone()], right, at, places);
        });
    });
    if int32 { y.cast_data(DType::I32) } else { Ok(y) }
}

fn searchsorted(a: &Args) -> Result<Tensor> {
    let (edges, x, int32, right, side, sorter) =
        (a.tensor(0)?, a.operand(1)?, a.bool(2)?, a.bool(3)?, a.opt_str(4)?, a.opt_tensor(5)?);
    check_search(edges, &x, sorter, side, right)?;
    search_sorted(edges, x, int32, right || side == Some("right"), sorter)
}
fn bucketize(a: &Args) -> Result<Tensor> {
    let edges = a.tensor(1)?;
    ensure!(edges.rank() == 1, "boundaries tensor must be 1 dimension, but got dim({})", edges.rank());
    search_sorted(edges, a.operand(0)?, a.bool(2)?, a.bool(3)?, None)
}

/// Whether each element of `x` is among those of `test`; nan never is.
fn is_in(x: Operand, test: Operand, invert: bool) -> Result<Tensor> {
    for o in [&x, &test] {
        ensure!(
            !o.dtype().is_complex() && o.dtype() != DType::Bool,
            "Unsupported input type encountered for isin(): {}",
            o.dtype().scalar_name()
        );
    }
    let dtype = result_type(&[x, test]);
    let class = order_class(dtype);
    let data = |o: Operand| -> Result<Tensor> {
        let t = match o {
            Operand::Tensor(t) => t.detach(),
            Operand::Scalar(s) => Tensor::scalar(s, s.dtype())?,
        };
        t.cast_data(dtype)
    };
    let (values, test) = (data(x)?, data(test)?);
    if let Some(gpu) = values.gpu().or(test.gpu()) {
        let y = Tensor::empty(values.shape(), DType::Bool)?;
        if y.numel() > 0 {
            let [edges, _] = sorted_on_gpu(gpu, &test.in_shape(&[test.numel()]), 0, false)?;
            let (ty, sizes) = (Type::of(class, dtype, &gpu.abilities)?, [y.numel(), y.numel(), edges.numel()]);
            let to = [edges.on_gpu(gpu)?, values.on_gpu(gpu)?, y.on_gpu(gpu)?];
            gpu::search::search(gpu, Find::Member { invert }, ty, sizes, to, None)?;
        }
        return Ok(y);
    }
    let (values, test) = (values.cast_data(class.dtype())?, test.cast_data(class.dtype())?);
    // SAFETY: contiguous and only read.
    let found: Vec<bool> = ordered!(class, T => unsafe {
        let mut keys: Vec<_> = test.as_slice::<T>().iter().filter(|t| !t.is_nan()).map(|t| t.bits(false)).collect();
        keys.sort_unstable();
        values.as_slice::<T>().iter().map(|v| keys.binary_search(&v.bits(false)).is_ok() != invert).collect()
    });
    Tensor::from_slice(&found, values.shape())
}

/// How often each of the integers below `n` occurs.
fn counts(v: &[i64], n: usize) -> Result<Tensor> {
    let y = Tensor::zeros(&[n], DType::I64)?;
    // SAFETY: new and nobody else's.
    let sums = unsafe { y.as_mut_slice::<i64>() };
    // Some tables are filled at once, each in four rows: equal integers that follow each other would wait for each other.
    let tables = (v.len() / COUNTED).min(v.len() / (8 * n)).min(16);
    if tables < 2 {
        v.iter().for_each(|&i| sums[i as usize] += 1);
        return Ok(y);
    }
    let mut all = vec![0u32; tables * 4 * n];
    let shared = Shared(all.as_mut_ptr());
    parallel_for(tables, 1, &|range: Range<usize>| {
        for t in range {
            // SAFETY: every task has a table of its own.
            let table = unsafe { shared.part(t * 4 * n..(t + 1) * 4 * n) };
            let (own, rest) = v[t * v.len() / tables..(t + 1) * v.len() / tables].as_chunks::<4>();
            for four in own {
                (0..4).for_each(|l| table[l * n + four[l] as usize] += 1);
            }
            rest.iter().for_each(|&i| table[i as usize] += 1);
        }
    });
    for row in all.chunks(n) {
        sums.iter_mut().zip(row).for_each(|(sum, &count)| *sum += count as i64);
    }
    Ok(y)
}

/// How often each of the integers from 0 on occurs in `x`, or the sum of its weights.
fn bincount(x: &Tensor, weights: Option<&Tensor>, minlength: i64) -> Result<Tensor> {
    ensure!(
        x.dtype().is_integral() && x.dtype() != DType::Bool,
        NotImplemented,
        "\"bincount_cpu\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    ensure!(minlength >= 0, "minlength should be >= 0");
    if x.rank() == 1 && x.numel() == 0 {
        return Tensor::zeros(&[minlength as usize], DType::I64);
    }
    let bad = NO_COUNTS;
    ensure!(x.rank() == 1, "{bad}");
    if let Some(gpu) = x.gpu() {
        return bincount_on_gpu(gpu, x, weights, minlength as usize);
    }
    let data = x.cast_data(DType::I64)?;
    // SAFETY: contiguous and only read.
    let v = unsafe { data.as_slice::<i64>() };
    let mut ends = vec![(i64::MAX, i64::MIN); v.len().div_ceil(COUNTED)];
    let found = Shared(ends.as_mut_ptr());
    parallel_for(v.len(), COUNTED, &|range: Range<usize>| {
        let block = range.start / COUNTED;
        let ends = v[range].iter().fold((i64::MAX, i64::MIN), |(low, high), &i| (low.min(i), high.max(i)));
        // SAFETY: every block has a place of its own.
        unsafe { found.part(block..block + 1)[0] = ends };
    });
    let (low, high) = ends.iter().fold((i64::MAX, i64::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    ensure!(low >= 0, "{bad}");
    let n = (high as usize + 1).max(minlength as usize);
    let Some(weights) = weights else {
        return counts(v, n);
    };
    ensure!(
        weights.rank() == 1 && weights.numel() == v.len(),
        "weights should be 1-d and have the same length as input"
    );
    let y = Tensor::zeros(&[n], DType::F64)?;
    // SAFETY: new and nobody else's.
    let sums = unsafe { y.as_mut_slice::<f64>() };
    v.iter().zip(weights.to_vec::<f64>()?).for_each(|(&i, w)| sums[i as usize] += w);
    let y = y.cast_data(if weights.dtype() == DType::F32 { DType::F32 } else { DType::F64 })?;
    refusal::without_derivative(y, "bincount", &[weights])
}

const NO_COUNTS: &str = "bincount only supports 1-d non-negative integral inputs.";

/// As `bincount`, whose length the host has to wait for.
fn bincount_on_gpu(gpu: &'static Gpu, x: &Tensor, weights: Option<&Tensor>, minlength: usize) -> Result<Tensor> {
    let (low, high) = with_grad(false, || aminmax(&x.detach(), None, false))?;
    let (low, high) = (low.item()?.to_i64(), high.item()?.to_i64());
    ensure!(low >= 0, "{NO_COUNTS}");
    let n = (high as usize + 1).max(minlength);
    // Counts of weights other than float32 are float64, which not every device stores.
    let of_weight = |w: &Tensor| if w.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
    let y = Tensor::zeros(&[n], weights.map_or(DType::I32, of_weight))?;
    let (x, weights_) = (x.contiguous_data()?, weights.map(|w| w.contiguous_data()).transpose()?);
    if let Some(w) = &weights_ {
        ensure!(w.rank() == 1 && w.numel() == x.numel(), "weights should be 1-d and have the same length as input");
    }
    let weight = weights_.as_ref().map(|w| w.on_gpu(gpu)).transpose()?;
    gpu::search::histogram(gpu, [x.numel(), n], None, [x.on_gpu(gpu)?, y.on_gpu(gpu)?], weight)?;
    match weights {
        Some(w) => refusal::without_derivative(y, "bincount", &[w]),
        None => y.cast_data(DType::I64),
    }
}

/// The range that equal bins cover: as given, or from the smallest to the largest element; widened where it is a point.
fn bin_range(x: &[f64], given: Option<(f64, f64)>, op: &str) -> Result<(f64, f64)> {
    let (mut low, mut high) = given.unwrap_or((0.0, 0.0));
    if low == high && !x.is_empty() && (given.is_none() || op == "torch.histc") {
        let fold = |f: fn(f64, f64) -> f64, start| x.iter().fold(start, |m: f64, &v| if v.is_nan() || m.is_nan() { f64::NAN } else { f(m, v) });
        (low, high) = (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY));
    }
    ensure!(low.is_finite() && high.is_finite(), "{op}: range of [{low}, {high}] is not finite");
    if op == "torch.histc" {
        ensure!(low <= high, "{op}: max must be larger than min");
    } else {
        ensure!(low <= high, "{op}: min should not exceed max, but got min {low} max {high} for dimension 0");
    }
    if low == high {
        (low, high) = if op == "torch.histc" { (low - 1.0, high + 1.0) } else { (low - 0.5, high + 0.5) };
    }
    if x.is_empty() && given.is_none() && op != "torch.histc" {
        (low, high) = (0.0, 1.0);
    }
    Ok((low, high))
}

/// Elements that have the range of all: on a GPU the smallest and the largest, which it is waited for.
fn ends_of(x: &Tensor) -> Result<Vec<f64>> {
    if x.numel() == 0 {
        return Ok(vec![]);
    }
    if x.gpu().is_none() {
        return x.to_vec::<f64>();
    }
    let (low, high) = with_grad(false, || aminmax(&x.detach(), None, false))?;
    Ok(vec![low.item()?.to_f64(), high.item()?.to_f64()])
}

fn check_histogram(x: &Tensor, bins: i64) -> Result<()> {
    ensure!(
        x.dtype().is_float(),
        NotImplemented,
        "\"{}\" not implemented for '{}'",
        if x.dtype() == DType::Bool { "linspace_cpu" } else if x.dtype().is_complex() { "aminmax_cpu" } else { "histogram_cpu" },
        x.dtype().scalar_name()
    );
    ensure!(bins > 0, "torch.histogram(): bins must be > 0, but got {bins} for dimension 0");
    Ok(())
}

/// Counts of elements in `bins` equal bins from `min` to `max`; both bounds are inside, what is outside is left out.
fn histc(x: &Tensor, bins: i64, min: Scalar, max: Scalar) -> Result<Tensor> {
    check_histogram(x, bins)?;
    if let Some(gpu) = x.gpu() {
        let ends = if min.to_f64() == max.to_f64() { ends_of(x)? } else { vec![] };
        let range = bin_range(&ends, Some((min.to_f64(), max.to_f64())), "torch.histc")?;
        let (x_, y) = (x.contiguous_data()?, Tensor::zeros(&[bins as usize], x.dtype().class().dtype())?);
        let both = [x_.on_gpu(gpu)?, y.on_gpu(gpu)?];
        gpu::search::histogram(gpu, [x.numel(), bins as usize], Some(range), both, None)?;
        return y.cast_data(x.dtype());
    }
    let v = x.to_vec::<f64>()?;
    let (low, high) = bin_range(&v, Some((min.to_f64(), max.to_f64())), "torch.histc")?;
    let mut counts = vec![0.0; bins as usize];
    for v in v.into_iter().filter(|v| (low..=high).contains(v)) {
        let bin = ((v - low) * bins as f64 / (high - low)) as usize;
        counts[bin.min(bins as usize - 1)] += 1.0;
    }
    Tensor::from_slice(&counts, &[bins as usize])?.cast_data(x.dtype())
}

/// `n + 1` edges of equal bins, computed in the dtype of the input as `linspace` does.
fn equal_edges(low: f64, high: f64, n: usize, dtype: DType) -> Vec<f64> {
    if dtype == DType::F32 {
        let (low, high) = (low as f32, high as f32);
        let step = (high - low) / n as f32;
        let at = |i: usize| if i < n.div_ceil(2) { low + step * i as f32 } else { high - step * (n - i) as f32 };
        return (0..=n).map(|i| at(i) as f64).collect();
    }
    let step = (high - low) / n as f64;
    (0..=n).map(|i| if i < n.div_ceil(2) { low + step * i as f64 } else { high - step * (n - i) as f64 }).collect()
}

/// Sums of weights between edges, as (hist, edges); as densities where asked for.
fn histogram(x: &Tensor, edges: Vec<f64>, weight: Option<&Tensor>, density: bool) -> Result<(Tensor, Tensor)> {
    let n = edges.len() - 1;
    if let Some(w) = weight {
        ensure!(
            w.dtype() == x.dtype(),
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, \
             but got input(0) dtype {} and weight dtype {}",
            x.dtype().scalar_name(),
            w.dtype().scalar_name()
        );
        ensure!(
            w.numel() == x.numel(),
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding \
             its innermost dimension, but got input with shape [{}, 1] and weight with shape {}",
            x.numel(),
            show(&[w.numel()])
        );
    }
    let mut inputs = vec![x];
    inputs.extend(weight);
    if let Some(gpu) = x.gpu() {
        let edges = Tensor::from_slice(&edges, &[n + 1])?.cast_data(x.dtype().class().dtype())?;
        let sums = with_grad(false, || histogram_on_gpu(gpu, &x.detach(), &edges, weight, density))?;
        let whole = |t: Tensor| refusal::without_derivative(t, "histogram", &inputs);
        return Ok((whole(sums)?, whole(edges)?));
    }
    let v = x.to_vec::<f64>()?;
    let weights = weight.map(|w| w.to_vec::<f64>()).transpose()?;
    let mut sums = vec![0.0; n];
    for (i, &v) in v.iter().enumerate() {
        if n > 0 && edges[0] <= v && v <= edges[n] {
            // The last bin holds its upper edge.
            let bin = edges.partition_point(|&e| e <= v).saturating_sub(1).min(n - 1);
            sums[bin] += weights.as_ref().map_or(1.0, |w| w[i]);
        }
    }
    if density {
        let total: f64 = sums.iter().sum();
        sums.iter_mut().zip(edges.windows(2)).for_each(|(s, e)| *s /= total * (e[1] - e[0]));
    }
    let whole = |v: &[f64]| {
        refusal::without_derivative(Tensor::from_slice(v, &[v.len()])?.cast_data(x.dtype())?, "histogram", &inputs)
    };
    Ok((whole(&sums)?, whole(&edges)?))
}
/// The sums alone.
fn histogram_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    edges: &Tensor,
    weight: Option<&Tensor>,
    density: bool,
) -> Result<Tensor> {
    let n = edges.numel() as i64 - 1;
    let x = x.contiguous_data()?.in_shape(&[x.numel()]);
    let place = search_sorted(edges, Operand::Tensor(&x), true, true, None)?;
    // The last bin holds its upper edge; what lies outside has no bin.
    let bins = where_(&eq(&x, &select(edges, 0, -1)?)?, Scalar::Int(n - 1), &sub(&place, 1)?)?;
    let bins = cast(&bins, DType::I32)?;
    let y = Tensor::zeros(&[n as usize], edges.dtype())?;
    let weight = weight.map(|w| w.contiguous_data()).transpose()?;
    let weight = weight.as_ref().map(|w| w.on_gpu(gpu)).transpose()?;
    gpu::search::histogram(gpu, [x.numel(), n as usize], None, [bins.on_gpu(gpu)?, y.on_gpu(gpu)?], weight)?;
    if !density {
        return Ok(y);
    }
    let widths = sub(&narrow(edges, 0, 1, n)?, &narrow(edges, 0, 0, n)?)?;
    div(&y, &mul(&widths, &sum(&y, &[], false, None)?)?)
}

fn check_histogram_type(x: &Tensor) -> Result<()> {
    ensure!(
        matches!(x.dtype(), DType::F32 | DType::F64),
        NotImplemented,
        "\"histogramdd\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    Ok(())
}
fn histogram_count(a: &Args) -> Result<(Tensor, Tensor)> {
    let (x, bins, range) = (a.tensor(0)?, a.int(1)?, a.opt_floats(2)?);
    ensure!(bins > 0, "torch.histogram(): bins must be > 0, but got {bins} for dimension 0");
    check_histogram_type(x)?;
    let range = match range.as_deref() {
        None => None,
        Some([low, high]) => Some((*low, *high)),
        Some(r) => bail!(
            "torch.histogramdd: for a 1-dimensional histogram range should have 2 elements, but got {}",
            r.len()
        ),
    };
    let (low, high) = bin_range(&ends_of(x)?, range, "torch.histogramdd")?;
    histogram(x, equal_edges(low, high, bins as usize, x.dtype()), a.opt_tensor(3)?, a.bool(4)?)
}
fn histogram_edges(a: &Args) -> Result<(Tensor, Tensor)> {
    let (x, edges) = (a.tensor(0)?, a.tensor(1)?);
    ensure!(
        edges.rank() == 1,
        "torch.histogramdd: bins tensor should have one dimension, but got {} dimensions in the bins tensor for dimension 0",
        edges.rank()
    );
    ensure!(
        edges.numel() > 0,
        "torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in the bins tensor for dimension 0"
    );
    ensure!(
        edges.dtype() == x.dtype(),
        "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype {} and bins \
         for dimension 0 with dtype {}",
        x.dtype().scalar_name(),
        edges.dtype().scalar_name()
    );
    check_histogram_type(x)?;
    histogram(x, edges.read_back::<f64>()?, a.opt_tensor(2)?, a.bool(3)?)
}

rows! {
    /// Places of the elements of `input` in the ascending last dim of `sorted_sequence`: after equal ones if `right`.
    "searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor" "fon"
    |a| searchsorted(a);
    |s| vec![vec![ascending(), s.t(&[2, 3]), false.into(), true.into(), Value::None, Value::None]];
    /// Place of a number in an ascending sequence.
    "searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor" "fon"
    |a| searchsorted(a);
    |_s| vec![vec![ascending(), Scalar::Float(0.5).into(), false.into(), false.into(), "right".into(), Value::None]];
    /// Places of the elements of `input` among ascending `boundaries`: after equal ones if `right`.
    "bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor" "fon"
    |a| bucketize(a);
    |s| vec![vec![s.t(&[2, 3]), ascending(), true.into(), false.into()]];
    /// Place of a number among ascending `boundaries`.
    "bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor" "fn"
    |a| bucketize(a);
    |_s| vec![vec![Scalar::Float(0.5).into(), ascending(), false.into(), false.into()]];
    /// Whether each of `elements` is among `test_elements`.
    "isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor" "fon"
    |a| is_in(a.operand(0)?, a.operand(1)?, a.bool(3)?);
    |s| vec![vec![s.ints(4, &[2, 3]), s.ints(4, &[2]), false.into(), true.into()]];
    /// Whether a number is among `test_elements`.
    "isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor" "fon"
    |a| is_in(a.operand(0)?, a.operand(1)?, a.bool(3)?);
    |s| vec![vec![Scalar::Int(2).into(), s.ints(4, &[3]), false.into(), false.into()]];
    /// Which of `elements` are `test_element`.
    "isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor" "fon"
    |a| is_in(a.operand(0)?, a.operand(1)?, a.bool(3)?);
    |s| vec![vec![s.ints(4, &[2, 3]), Scalar::Int(1).into(), false.into(), false.into()]];
    /// How often each integer from 0 on occurs, or the sum of its weights; at least `minlength` results.
    "bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor" "fm"
    |a| bincount(a.tensor(0)?, a.opt_tensor(1)?, a.int(2)?);
    |s| vec![vec![s.ints(4, &[6]), Value::None, 5.into()], vec![s.ints(4, &[6]), s.t(&[6]), 0.into()]];
    /// Counts in `bins` equal bins from `min` to `max`, or of the range of the elements where both are equal.
    "histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor" "fmon"
    |a| histc(a.tensor(0)?, a.int(1)?, a.scalar(2)?, a.scalar(3)?);
    |s| vec![vec![s.t(&[2, 5]), 4.into(), Scalar::Int(-1).into(), Scalar::Int(1).into()]];
    /// Counts (or sums of weights) between given edges: (hist, bin_edges).
    "histogram.bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)" "fmo"
    |a| histogram_edges(a);
    |s| vec![vec![s.t(&[2, 5]), ascending(), Value::None, true.into()]];
    /// Counts (or sums of weights) in `bins` equal bins: (hist, bin_edges).
    "histogram.bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)" "fmo"
    |a| histogram_count(a);
    |s| vec![vec![s.t(&[2, 5]), 4.into(), vec![-1.0, 1.0].into(), s.t(&[2, 5]), false.into()]];
}

fn ascending() -> Value {
    Value::Tensor(Tensor::from_slice(&[-1.0, -0.25, 0.5, 1.5], &[4]).expect("a sample is small"))
}
