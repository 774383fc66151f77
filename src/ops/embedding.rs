//! Rows of a table picked by number: `embedding`, `embedding_bag`, and `one_hot`.
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::{self, Gpu};
use crate::graph::Grads;
use crate::layout::{Dims, show};
use crate::ops::index_dim::{add_slices, check_index_add};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

fn check_indices(indices: &Tensor, op: &str) -> Result<()> {
    ensure!(
        matches!(indices.dtype(), DType::I64 | DType::I32),
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got \
         torch.{}Tensor instead (while checking arguments for {op})",
        indices.dtype().scalar_name()
    );
    Ok(())
}

/// Refuses `sparse=True` where a gradient would have to be a sparse tensor.
pub(crate) fn refuse_sparse(sparse: bool, x: &Tensor) -> Result<()> {
    let asked = sparse && crate::graph::grad_enabled() && x.requires_grad();
    ensure!(!asked, NotImplemented, "sparse gradients are not available: use a dense gradient (sparse=False)");
    Ok(())
}

/// How often the value of each index, one of `rows`, occurs among them all, as a column of `dtype`.
fn frequencies(indices: &Tensor, rows: i64, dtype: DType) -> Result<Tensor> {
    let flat = indices.contiguous_data()?;
    let flat = flat.in_shape(&[flat.numel()]);
    let count = Tensor::zeros(&[rows as usize], DType::F32)?;
    add_slices(&count, 0, &flat, &Tensor::full(flat.shape(), Scalar::Int(1), DType::F32)?, None)?;
    index_select(&count, 0, &flat)?.in_shape(&[flat.numel(), 1]).cast_data(dtype)
}

/// The rows of `weight` (n, d) that `indices` name: shape of the indices, then d. The row `padding_idx` gets no gradient.
pub fn embedding(weight: &Tensor, indices: &Tensor, padding_idx: i64, scale_grad_by_freq: bool) -> Result<Tensor> {
    ensure!(weight.rank() == 2, "'weight' must be 2-D");
    check_indices(indices, "embedding")?;
    let (n, d) = (weight.shape()[0] as i64, weight.shape()[1]);
    let mut shape: Dims = indices.shape().into();
    shape.push(d);
    let places = indices.contiguous_data()?;
    let row = places.in_shape(&[places.numel()]);
    let y = index_select(&weight.detach(), 0, &row)?;
    let y = y.in_shape(&shape);
    y.record("embedding", &[weight], |r, _| {
        let at = r.input("indices", indices);
        one_grad(move |node, g| embedding_dense_backward(g, &node.get(at)?, n, padding_idx, scale_grad_by_freq))
    })
}

/// The gradient of `embedding`'s table: each row of `g` added to the row that it came from.
pub fn embedding_dense_backward(
    g: &Tensor,
    indices: &Tensor,
    num_weights: i64,
    padding_idx: i64,
    scale_grad_by_freq: bool,
) -> Result<Tensor> {
    check_indices(indices, "embedding_backward")?;
    ensure!(g.rank() > 0, "embedding_backward: grad_output must have at least one dimension");
    let d = g.shape()[g.rank() - 1];
    let places = indices.cast_data(DType::I64)?;
    let n = places.numel();
    ensure!(
        g.numel() == n * d,
        "embedding_backward: grad_output of shape {} does not fit indices of shape {}",
        show(g.shape()),
        show(indices.shape())
    );
    let places = places.in_shape(&[n]);
    let rows = g.contiguous_data()?;
    let mut rows = rows.in_shape(&[n, d]);
    if scale_grad_by_freq {
        rows = crate::graph::with_grad(false, || div(&rows, &frequencies(&places, num_weights, g.dtype())?))?;
    }
    let y = Tensor::zeros(&crate::layout::sizes(&[num_weights, d as i64])?, g.dtype())?;
    check_index_add(&y, 0, &places, &rows, Scalar::Int(1))?;
    add_slices(&y, 0, &places, &rows, None)?;
    let padding = (0..num_weights).contains(&padding_idx).then_some(padding_idx);
    if let Some(p) = padding {
        y.with_layout(y.layout().select(0, p as usize)).fill_data(Scalar::Int(0));
    }
    y.record("embedding_dense_backward", &[g], |r, _| {
        let at = r.input("indices", indices);
        one_grad(move |node, gg| {
            let indices = node.get(at)?;
            let mut gg = gg.clone();
            if let Some(p) = padding {
                gg = index_fill(&gg, 0, &Tensor::from_slice(&[p], &[1])?, Scalar::Int(0))?;
            }
            let mut rows = embedding(&gg, &indices, -1, false)?;
            if scale_grad_by_freq {
                let mut column: Dims = indices.shape().into();
                column.push(1);
                rows = div(&rows, &reshape_to(&frequencies(&indices, num_weights, gg.dtype())?, &column)?)?;
            }
            Ok(rows)
        })
    })
}

/// Scales the rows that `indices` name, in place, to a norm of at most `max_norm`.
pub fn embedding_renorm_(x: &Tensor, indices: &Tensor, max_norm: f64, norm_type: f64) -> Result<Tensor> {
    ensure!(x.rank() == 2, "Expected 2-dimensional tensor, but got {}-dimensional tensor for argument #1 'self' (while checking arguments for embedding_renorm_)", x.rank());
    check_indices(indices, "embedding_renorm_")?;
    if let Some(gpu) = x.gpu() {
        check_writable(x)?;
        let flat = indices.cast_data(DType::I64)?;
        let flat = flat.in_shape(&[flat.numel()]);
        let named = index_fill(&Tensor::zeros(&x.shape()[..1], DType::Bool)?, 0, &flat, Scalar::Bool(true))?;
        let shape = [x.shape()[0], x.shape()[1]];
        gpu::embedding::renorm(gpu, shape, &x.on_gpu(gpu)?, &named.on_gpu(gpu)?, max_norm, norm_type)?;
        x.storage().bump();
        return Ok(x.clone());
    }
    let mut rows = indices.to_vec::<i64>()?;
    rows.sort_unstable();
    rows.dedup();
    let n = x.shape()[0] as i64;
    if let Some(i) = rows.iter().find(|i| !(0..n).contains(*i)) {
        bail!(Index, "select(): index {i} out of range for tensor of size {} at dimension 0", show(x.shape()));
    }
    check_writable(x)?;
    for i in rows {
        let row = x.with_layout(x.layout().select(0, i as usize));
        let v = row.to_vec::<f64>()?;
        let norm = match norm_type {
            p if p == f64::INFINITY => v.iter().fold(0.0, |m: f64, x| m.max(x.abs())),
            2.0 => v.iter().map(|x| x * x).sum::<f64>().sqrt(),
            p => v.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        };
        if norm > max_norm {
            let scale = max_norm / (norm + 1e-7);
            let v: Vec<f64> = v.iter().map(|x| x * scale).collect();
            row.copy_data(&Tensor::from_slice(&v, row.shape())?);
        }
    }
    x.storage().bump();
    Ok(x.clone())
}

/// A last dim of `num_classes` zeros with a one at each element's place; -1 takes the largest element's.
pub fn one_hot(x: &Tensor, num_classes: i64) -> Result<Tensor> {
    ensure!(x.dtype() == DType::I64, "one_hot is only applicable to index tensor of type LongTensor.");
    if x.device().is_gpu() && num_classes > 0 {
        return ones_at(x, num_classes);
    }
    let v = x.read_back::<i64>()?;
    let classes = match v.iter().max() {
        None => {
            ensure!(num_classes > 0, "Can not infer total number of classes from empty tensor.");
            num_classes
        }
        Some(&most) => {
            ensure!(v.iter().all(|&i| i >= 0), "Class values must be non-negative.");
            let classes = if num_classes == -1 { most + 1 } else { num_classes };
            ensure!(classes > most, "Class values must be smaller than num_classes.");
            classes
        }
    };
    ones_at(x, classes)
}
fn ones_at(x: &Tensor, classes: i64) -> Result<Tensor> {
    let mut shape: Vec<i64> = x.shape().iter().map(|&n| n as i64).collect();
    shape.push(classes);
    let y = Tensor::zeros(&crate::layout::sizes(&shape)?, DType::I64)?;
    scatter_value(&y, -1, &unsqueeze(&x.detach(), -1)?, Scalar::Int(1))
}

// ---- bags -----------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Sum,
    Mean,
    Max,
}

struct Bags<'a> {
    weight: &'a Tensor,
    indices: &'a Tensor,
    offsets: &'a Tensor,
    scale_grad_by_freq: bool,
    mode: i64,
    per_sample_weights: Option<&'a Tensor>,
    include_last_offset: bool,
    /// A row that counts for nothing.
    padding: Option<i64>,
}

/// Sums, means or maxima of the rows of each bag: `offsets` says where each begins in `indices`.
/// Gives the result, and as PyTorch does the bag of each index, the sizes of the bags, and which rows were the largest.
fn embedding_bag(b: &Bags) -> Result<Vec<Tensor>> {
    check_indices(b.indices, "embedding_bag")?;
    check_indices(b.offsets, "embedding_bag")?;
    ensure!(
        matches!(b.indices.rank(), 1 | 2),
        "input has to be a 1D or 2D Tensor, but got Tensor of dimension {}",
        b.indices.rank()
    );
    ensure!(
        b.offsets.rank() == 1,
        "offsets has to be a 1D Tensor, but got Tensor of dimension {}",
        b.offsets.rank()
    );
    let mode = match b.mode {
        0 => Mode::Sum,
        1 => Mode::Mean,
        2 => Mode::Max,
        _ => bail!("`mode` must be sum, mean, or max."),
    };
    ensure!(b.weight.rank() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension {}", b.weight.rank());
    let (rows, d, n) = (b.weight.shape()[0] as i64, b.weight.shape()[1], b.indices.numel());
    if let Some(w) = b.per_sample_weights {
        ensure!(mode == Mode::Sum, "embedding_bag: per_sample_weights only supported with mode='sum'");
        ensure!(
            w.dtype() == b.weight.dtype(),
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 \
             'per_sample_weights'; but type torch.{}Tensor does not equal torch.{}Tensor (while checking arguments for \
             embedding_bag)",
            b.weight.dtype().scalar_name(),
            w.dtype().scalar_name()
        );
        ensure!(w.rank() == 1, "embedding_bag: Expected per_sample_weights to be 1D, got {}D", w.rank());
        ensure!(
            w.numel() == n,
            "Expected per_sample_weights.value().numel() == indices.numel() to be true, but got false.  (Could this \
             error message be improved?  If so, please report an enhancement request to PyTorch.)"
        );
    }
    if let Some(gpu) = b.weight.gpu() {
        return embedding_bag_on_gpu(gpu, b, mode);
    }
    let starts = b.offsets.to_vec::<i64>()?;
    if let (Some(first), Some(last)) = (starts.first(), starts.last()) {
        ensure!(
            *first == 0,
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, \
             got {first}"
        );
        ensure!(
            *last <= n as i64,
            "offsets[-1] can not be greater than input's length {n} but got offsets[-1] of {last}"
        );
        ensure!(starts.windows(2).all(|w| w[0] <= w[1]), "Expected i < index_size to be true, but got false.");
    }
    ensure!(
        !b.include_last_offset || !starts.is_empty(),
        "include_last_offset: number of offset should be at least 1"
    );
    let bags = starts.len() - usize::from(b.include_last_offset);
    let named = b.indices.to_vec::<i64>()?;
    if let Some(i) = named.iter().find(|i| !(0..rows).contains(*i)) {
        bail!("embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {i}");
    }

    // The entries that count, and the bag of each.
    let (mut of, mut kept, mut bag_of) = (vec![], vec![], vec![]);
    for bag in 0..bags {
        let end = starts.get(bag + 1).map_or(n as i64, |&e| e);
        for k in starts[bag]..end {
            of.push(bag as i64);
            if b.padding != Some(named[k as usize]) {
                kept.push(k);
                bag_of.push(bag as i64);
            }
        }
    }
    let picked: Vec<i64> = kept.iter().map(|&k| named[k as usize]).collect();
    let vector = |v: &[i64]| Tensor::from_slice(v, &[v.len()]);
    let (kept, bag_of, picked) = (vector(&kept)?, vector(&bag_of)?, vector(&picked)?);
    let mut sizes = vec![0i64; bags];
    bag_of.to_vec::<i64>()?.iter().for_each(|&bag| sizes[bag as usize] += 1);

    let wide = match b.weight.dtype() {
        DType::F16 | DType::BF16 => DType::F32,
        dtype => dtype,
    };
    let mut largest = vec![];
    let y = crate::graph::with_grad(false, || {
        let mut entries = cast(&index_select(b.weight, 0, &picked)?, wide)?;
        if let Some(w) = b.per_sample_weights {
            entries = mul(&entries, &unsqueeze(&cast(&index_select(w, 0, &kept)?, wide)?, 1)?)?;
        }
        let zeros = Tensor::zeros(&[bags, d], wide)?;
        match mode {
            Mode::Sum => index_add(&zeros, 0, &bag_of, &entries, Scalar::Int(1)),
            Mode::Mean => {
                let total = index_add(&zeros, 0, &bag_of, &entries, Scalar::Int(1))?;
                let n: Vec<f64> = sizes.iter().map(|&n| n.max(1) as f64).collect();
                div(&total, &cast(&Tensor::from_slice(&n, &[bags, 1])?, wide)?)
            }
            Mode::Max => {
                let (v, bag_of) = (entries.to_vec::<f64>()?, bag_of.to_vec::<i64>()?);
                let mut winner: Vec<Option<usize>> = vec![None; bags * d];
                for (k, &bag) in bag_of.iter().enumerate() {
                    for j in 0..d {
                        let best = &mut winner[bag as usize * d + j];
                        if best.is_none_or(|w| v[k * d + j] > v[w * d + j]) {
                            *best = Some(k);
                        }
                    }
                }
                let picked = picked.to_vec::<i64>()?;
                largest = winner.iter().map(|w| w.map_or(0, |k| picked[k])).collect();
                let best: Vec<f64> = winner.iter().enumerate().map(|(i, w)| w.map_or(0.0, |k| v[k * d + i % d])).collect();
                Tensor::from_slice(&best, &[bags, d])
            }
        }
    })?
    .cast_data(b.weight.dtype())?;

    let ids = b.indices.dtype().promote(b.offsets.dtype());
    let ints = |v: &[i64], shape: &[usize]| Tensor::from_slice(v, shape)?.cast_data(ids);
    let fast = mode == Mode::Sum && b.padding.is_none();
    let of = if fast || bags == 0 { ints(&[], &[0])? } else { ints(&of, &[of.len()])? };
    let bag_size = if fast { ints(&vec![0; bags], &[bags])? } else { ints(&sizes, &[bags])? };
    let max_indices = match mode {
        Mode::Max if bags > 0 => ints(&largest, &[bags, d])?,
        _ => bag_size.clone(),
    };
    let max_saved = if mode == Mode::Max { Tensor::from_slice(&largest, &[bags, d])? } else { Tensor::zeros(&[0], DType::I64)? };
    let outputs = vec![y, of, bag_size, max_indices];
    let number = Tensor::zeros(&[], b.weight.dtype())?;
    let (by_freq, dtype) = (b.scale_grad_by_freq, b.weight.dtype());
    let samples = b.per_sample_weights.cloned();
    Tensor::record_all(outputs, "embedding_bag", &[b.weight, b.per_sample_weights.unwrap_or(&number)], |r, _| {
        let weight = r.input("weight", b.weight);
        let samples = samples.map(|w| r.input("per_sample_weights", &w));
        let counts: Vec<f64> = sizes.iter().map(|&n| n.max(1) as f64).collect();
        let filled: Vec<f64> = sizes.iter().map(|&n| f64::from(n > 0)).collect();
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            let zeros = |rows: i64| Tensor::zeros(&[rows as usize, d], dtype);
            if mode == Mode::Max {
                let filled = Tensor::from_slice(&filled, &[filled.len(), 1])?.cast_data(dtype)?;
                grads[0] = Some(scatter_add(&zeros(rows)?, 0, &max_saved, &mul(g, &filled)?)?);
                return Ok(grads);
            }
            let mut each = index_select(g, 0, &bag_of)?;
            if mode == Mode::Mean {
                let counts = Tensor::from_slice(&counts, &[counts.len(), 1])?.cast_data(dtype)?;
                each = div(&each, &index_select(&counts, 0, &bag_of)?)?;
            }
            if node.needs(1) {
                let of_row = sum(&mul(&each, &index_select(&node.get(weight)?, 0, &picked)?)?, &[1], false, None)?;
                grads[1] = Some(index_add(&Tensor::zeros(&[n], dtype)?, 0, &kept, &of_row, Scalar::Int(1))?);
            }
            if node.needs(0) {
                if let Some(w) = samples {
                    each = mul(&each, &unsqueeze(&index_select(&node.get(w)?, 0, &kept)?, 1)?)?;
                }
                if by_freq {
                    each = div(&each, &frequencies(&picked, rows, dtype)?)?;
                }
                grads[0] = Some(index_add(&zeros(rows)?, 0, &picked, &each, Scalar::Int(1))?);
            }
            Ok(grads)
        })
    })
}

/// `embedding_bag` where the indices are on a GPU, which looks at them itself: nothing is read back.
fn embedding_bag_on_gpu(gpu: &'static Gpu, b: &Bags, mode: Mode) -> Result<Vec<Tensor>> {
    let (rows, d, n) = (b.weight.shape()[0], b.weight.shape()[1], b.indices.numel());
    let starts = b.offsets.numel();
    ensure!(!b.include_last_offset || starts > 0, "include_last_offset: number of offset should be at least 1");
    let (bags, dtype) = (starts - usize::from(b.include_last_offset), b.weight.dtype());
    let flat = b.indices.contiguous_data()?;
    let flat = flat.in_shape(&[n]);
    let y = Tensor::empty(&[bags, d], dtype)?;
    let (of, size) = (Tensor::empty(&[n], DType::I64)?, Tensor::empty(&[bags], DType::I64)?);
    // Entries behind the last bag belong to a bag more, which counts for nothing.
    of.fill_data(Scalar::Int(bags as i64));
    let largest = if mode == Mode::Max { Tensor::empty(&[bags, d], DType::I64)? } else { size.clone() };
    let offsets = b.offsets.contiguous_data()?;
    let samples = b.per_sample_weights.map(|w| w.on_gpu(gpu)).transpose()?;
    let job = gpu::embedding::Bags {
        weight: &b.weight.on_gpu(gpu)?,
        index: &flat.on_gpu(gpu)?,
        start: &offsets.on_gpu(gpu)?,
        sample: samples.as_ref(),
        rows,
        columns: d,
        n,
        bags,
        starts,
        padding: b.padding,
        mode: mode as u32,
    };
    gpu::embedding::bags(
        gpu,
        &job,
        &y.on_gpu(gpu)?,
        &of.on_gpu(gpu)?,
        &size.on_gpu(gpu)?,
        &largest.on_gpu(gpu)?,
    )?;
    let ids = b.indices.dtype().promote(b.offsets.dtype());
    let fast = mode == Mode::Sum && b.padding.is_none();
    let shown = if fast { Tensor::zeros(&[bags], ids)? } else { size.cast_data(ids)? };
    let of_shown = if fast || bags == 0 { Tensor::zeros(&[0], ids)? } else { of.cast_data(ids)? };
    let most = if mode == Mode::Max && bags > 0 { largest.cast_data(ids)? } else { shown.clone() };
    let number = Tensor::zeros(&[], dtype)?;
    let (by_freq, padding) = (b.scale_grad_by_freq, b.padding);
    let inputs = [b.weight, b.per_sample_weights.unwrap_or(&number)];
    Tensor::record_all(vec![y, of_shown, shown, most], "embedding_bag", &inputs, |r, _| {
        let weight = r.input("weight", b.weight);
        let samples = b.per_sample_weights.map(|w| r.input("per_sample_weights", w));
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            let zeros = Tensor::zeros(&[rows, d], dtype)?;
            let column = |t: Tensor| unsqueeze(&cast(&t, dtype)?, 1);
            if mode == Mode::Max {
                let filled = column(gt(&size, 0i64)?)?;
                grads[0] = Some(scatter_add(&zeros, 0, &largest, &mul(g, &filled)?)?);
                return Ok(grads);
            }
            let of_bag = if mode == Mode::Mean { div(g, &column(clamp_min(&size, 1i64)?)?)? } else { g.clone() };
            let of_bag = cat(&[&of_bag, &Tensor::zeros(&[1, d], dtype)?], 0)?;
            let mut each = index_select(&of_bag, 0, &of)?;
            if let Some(p) = padding {
                each = masked_fill(&each, &unsqueeze(&eq(&flat, p)?, 1)?, Scalar::Int(0))?;
            }
            if node.needs(1) {
                grads[1] = Some(sum(&mul(&each, &index_select(&node.get(weight)?, 0, &flat)?)?, &[1], false, None)?);
            }
            if node.needs(0) {
                if let Some(w) = samples {
                    each = mul(&each, &unsqueeze(&node.get(w)?, 1)?)?;
                }
                if by_freq {
                    each = div(&each, &frequencies(&flat, rows as i64, dtype)?)?;
                }
                grads[0] = Some(index_add(&zeros, 0, &flat, &each, Scalar::Int(1))?);
            }
            Ok(grads)
        })
    })
}

fn four(v: Vec<Tensor>) -> Out {
    Out::Tuple(v.into())
}

/// A padding index counted from the end becomes one counted from the start.
fn padding(index: Option<i64>, rows: usize) -> Result<Option<i64>> {
    let (Some(i), n) = (index, rows as i64) else { return Ok(None) };
    ensure!(
        (-n..n).contains(&i),
        "padding_idx must be within the number of embeddings, {} through {}, but got {i}",
        -n,
        n - 1
    );
    Ok(Some(if i < 0 { i + n } else { i }))
}

fn bags<'a>(a: &Args<'a, '_>, padding: Option<i64>) -> Result<Out> {
    let b = Bags {
        weight: a.tensor(0)?,
        indices: a.tensor(1)?,
        offsets: a.tensor(2)?,
        scale_grad_by_freq: a.bool(3)?,
        mode: a.int(4)?,
        per_sample_weights: a.opt_tensor(6)?,
        include_last_offset: a.bool(7)?,
        padding,
    };
    refuse_sparse(a.bool(5)?, b.weight)?;
    embedding_bag(&b).map(four)
}

rows! {
    /// The rows of `weight` that `indices` name. The row `padding_idx` gets no gradient; `scale_grad_by_freq` divides
    /// gradients by how often a row is named.
    "embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor" "f"
    |a| refuse_sparse(a.bool(4)?, a.tensor(0)?).and_then(|()| embedding(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.bool(3)?));
    |s| vec![
        vec![s.t(&[4, 3]), s.ints(4, &[2, 3]), (-1).into(), false.into(), false.into()],
        vec![s.t(&[4, 3]), s.ints(2, &[5]), 3.into(), false.into(), false.into()],
    ];
    /// The gradient of the table of `embedding`.
    "embedding_dense_backward(Tensor grad_output, Tensor indices, int num_weights, int padding_idx, bool scale_grad_by_freq) -> Tensor" "f"
    |a| embedding_dense_backward(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.int(3)?, a.bool(4)?);
    |s| vec![vec![s.t(&[5, 3]), s.ints(4, &[5]), 4.into(), 1.into(), true.into()]];
    /// Scales the rows that `indices` name, in place, to a norm of at most `max_norm`.
    "embedding_renorm_(Tensor(a!) self, Tensor indices, float max_norm, float norm_type) -> Tensor(a!)" "fn"
    |a| embedding_renorm_(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.float(3)?);
    |_s| vec![];
    /// Sums, means or maxima (mode 0, 1, 2) of the rows of each bag of indices; `offsets` says where each bag begins.
    "embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)" "f"
    |a| bags(a, None);
    |s| (0..3).flat_map(|mode| [true, false].map(|w| (mode, w && mode == 0))).map(|(mode, weighted)| {
        let w = if weighted { s.t(&[5]) } else { Value::None };
        vec![s.t(&[4, 3]), s.ints(4, &[5]), Tensor::from_slice(&[0i64, 2, 2], &[3]).expect("small").into(),
            false.into(), mode.into(), false.into(), w, false.into()]
    }).collect();
    /// As `embedding_bag`; entries equal to `padding_idx` count for nothing.
    "embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)" "f"
    |a| bags(a, padding(a.opt_int(8)?, a.tensor(0)?.shape().first().copied().unwrap_or(0))?);
    |s| vec![vec![s.t(&[4, 3]), s.ints(3, &[5]), Tensor::from_slice(&[0i64, 2, 2], &[3]).expect("small").into(),
        false.into(), 1.into(), false.into(), Value::None, false.into(), 3.into()]];
    /// As `embedding_bag`; a negative `padding_idx` is none.
    "_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)" "fn"
    |a| bags(a, Some(a.int(8)?).filter(|&i| i >= 0));
    |_s| vec![];
    /// A last dim of `num_classes` zeros with a one at each element's place; -1 takes what the largest element needs.
    "_nn::one_hot(Tensor self, int num_classes=-1) -> Tensor" "fn"
    |a| one_hot(a.tensor(0)?, a.int(1)?);
    |_s| vec![];
}
