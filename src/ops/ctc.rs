//! The loss of connectionist temporal classification.
use crate::cpu::ctc::Sequence;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::gpu::ctc::Sizes;
use crate::gpu::{self, Gpu};
use crate::graph::Grads;
use crate::ops::*;
use crate::tensor::Tensor;
use std::sync::Arc;

const WHERE: &str = "(while checking arguments for ctc_loss_allocate_outputs)";

/// Everything that the steps of a batch are computed from.
struct Batch {
    shape: [usize; 3],
    input_lengths: Vec<usize>,
    /// The classes of each sequence.
    targets: Vec<Vec<usize>>,
    blank: usize,
}

/// Where the classes of each sequence begin among `targets`, and the sizes of the log probabilities; checks that all fit.
fn starts(log_probs: &Tensor, targets: &Tensor, inputs: &[i64], lengths: &[i64], blank: i64) -> Result<(Vec<usize>, [usize; 3])> {
    let &[steps, n, classes] = log_probs.shape() else {
        bail!("Expected 3-dimensional tensor, but got {}-dimensional tensor", log_probs.rank())
    };
    ensure!(blank >= 0 && (blank as usize) < classes, "blank must be in label range");
    ensure!(inputs.len() == n, "input_lengths must be of size batch_size");
    ensure!(lengths.len() == n, "target_lengths must be of size batch_size");
    for &l in inputs {
        ensure!(l >= 0, "Expected input_lengths to have value at least 0, but got value {l} {WHERE}");
        ensure!(
            l <= steps as i64,
            "Expected input_lengths to have value at most {steps}, but got value {l} {WHERE}"
        );
    }
    for &l in lengths {
        ensure!(l >= 0, "Expected target_lengths to have value at least 0, but got value {l} {WHERE}");
    }
    let longest = lengths.iter().copied().max().unwrap_or(0) as usize;
    let stride = match targets.rank() {
        1 => {
            let total: i64 = lengths.iter().sum();
            ensure!(
                total as usize == targets.numel(),
                "Expected tensor to have size {total} at dimension 0, but got size {} for argument #2 'targets' {WHERE}",
                targets.numel()
            );
            None
        }
        2 => {
            let (rows, width) = (targets.shape()[0], targets.shape()[1]);
            ensure!(
                rows == n,
                "Expected tensor to have size {n} at dimension 0, but got size {rows} for argument #2 'targets' {WHERE}"
            );
            ensure!(
                width >= longest,
                "Expected tensor to have size at least {longest} at dimension 1, but got size {width} for argument #2 \
                 'targets' {WHERE}"
            );
            Some(width)
        }
        d => bail!("Expected 1 to 2 dimensions, but got {d}-dimensional tensor for argument #2 'targets' {WHERE}"),
    };
    let mut at = 0;
    let one = |(i, &l): (usize, &i64)| {
        let start = stride.map_or(at, |s| i * s);
        at += l as usize;
        start
    };
    Ok((lengths.iter().enumerate().map(one).collect(), [steps, n, classes]))
}

impl Batch {
    fn new(log_probs: &Tensor, targets: &Tensor, inputs: &[i64], lengths: &[i64], blank: i64) -> Result<Self> {
        let (starts, shape) = starts(log_probs, targets, inputs, lengths, blank)?;
        let classes = shape[2];
        let all = targets.to_vec::<i64>()?;
        let mut of = vec![];
        for (start, &l) in starts.into_iter().zip(lengths) {
            let row = &all[start..start + l as usize];
            for &c in row {
                ensure!(c >= 0 && (c as usize) < classes, "target class {c} is out of the label range");
            }
            of.push(row.iter().map(|&c| c as usize).collect());
        }
        let input_lengths = inputs.iter().map(|&l| l as usize).collect();
        Ok(Self { shape, input_lengths, targets: of, blank: blank as usize })
    }
    /// Positions of the longest target.
    fn width(&self) -> usize {
        2 * self.targets.iter().map(Vec::len).max().unwrap_or(0) + 1
    }
    fn sequence<'a>(&'a self, log_probs: &'a [f64], i: usize) -> Sequence<'a> {
        let [_, n, classes] = self.shape;
        Sequence {
            log_probs: &log_probs[(i * classes).min(log_probs.len())..],
            stride: n * classes,
            steps: self.input_lengths[i],
            target: &self.targets[i],
            blank: self.blank,
        }
    }
}

/// The losses of a batch, and the logarithms of the probabilities of all beginnings.
fn native(
    log_probs: &Tensor,
    targets: &Tensor,
    inputs: &[i64],
    lengths: &[i64],
    blank: i64,
    zero_infinity: bool,
) -> Result<(Tensor, Tensor)> {
    ensure!(
        matches!(log_probs.dtype(), DType::F32 | DType::F64),
        NotImplemented,
        "\"ctc_loss_cpu\" not implemented for '{}'",
        log_probs.dtype().scalar_name()
    );
    if let Some(gpu) = log_probs.gpu() {
        return native_on_gpu(gpu, log_probs, targets, inputs, lengths, blank, zero_infinity);
    }
    let batch = Batch::new(log_probs, targets, inputs, lengths, blank)?;
    let [steps, n, classes] = batch.shape;
    let (data, width) = (log_probs.to_vec::<f64>()?, batch.width());
    let mut alpha = vec![f64::NEG_INFINITY; n * steps * width];
    let each = steps * width;
    let losses: Vec<f64> =
        (0..n).map(|i| batch.sequence(&data, i).forward(&mut alpha[i * each..(i + 1) * each], width)).collect();
    let outputs = vec![
        Tensor::from_slice(&losses, &[n])?.cast_data(log_probs.dtype())?,
        Tensor::from_slice(&alpha, &[n, steps, width])?.cast_data(log_probs.dtype())?,
    ];
    let kept = Arc::new((batch, losses, alpha));
    let outputs = Tensor::record_all(outputs, "ctc_loss", &[log_probs], |r, _| {
        let at = r.input("log_probs", log_probs);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(Grads::from_iter([None])) };
            let (batch, losses, alpha) = &*kept;
            let log_probs = node.get(at)?;
            let data = log_probs.to_vec::<f64>()?;
            let mut out = vec![0.0; data.len()];
            for (i, g) in g.to_vec::<f64>()?.into_iter().enumerate() {
                if zero_infinity && losses[i].is_infinite() {
                    continue;
                }
                let from = (i * classes).min(out.len());
                let alpha = &alpha[i * each..(i + 1) * each];
                batch.sequence(&data, i).backward(alpha, width, losses[i], g, classes, &mut out[from..]);
            }
            let gx = Tensor::from_slice(&out, &batch.shape)?;
            Ok(Grads::from_iter([Some(refusal::without_derivative(gx, "_ctc_loss_backward", &[g, &log_probs])?)]))
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// What the kernels read besides the log probabilities.
struct Lists {
    labels: Tensor,
    starts: Tensor,
    lengths: Tensor,
    steps: Tensor,
    sizes: Sizes,
}
impl Lists {
    fn on_gpu<'a>(&'a self, gpu: &'static Gpu, log_probs: &'a Tensor) -> Result<gpu::ctc::Batch<'a>> {
        Ok(gpu::ctc::Batch {
            log_probs: log_probs.on_gpu(gpu)?,
            labels: self.labels.on_gpu(gpu)?,
            starts: self.starts.on_gpu(gpu)?,
            lengths: self.lengths.on_gpu(gpu)?,
            steps: self.steps.on_gpu(gpu)?,
            sizes: self.sizes,
        })
    }
}

/// As `native`, on a GPU, which is not waited for.
fn native_on_gpu(
    gpu: &'static Gpu,
    log_probs: &Tensor,
    targets: &Tensor,
    inputs: &[i64],
    lengths: &[i64],
    blank: i64,
    zero_infinity: bool,
) -> Result<(Tensor, Tensor)> {
    let (starts, [steps, batch, classes]) = starts(log_probs, targets, inputs, lengths, blank)?;
    let width = 2 * lengths.iter().copied().max().unwrap_or(0) as usize + 1;
    let numbers = |v: Vec<i32>| Tensor::from_slice(&v, &[batch]);
    let lists = Lists {
        labels: targets.contiguous_data()?,
        starts: numbers(starts.into_iter().map(|s| s as i32).collect())?,
        lengths: numbers(lengths.iter().map(|&l| l as i32).collect())?,
        steps: numbers(inputs.iter().map(|&l| l as i32).collect())?,
        sizes: Sizes { batch, classes, steps, width, blank: blank as usize },
    };
    let data = log_probs.contiguous_data()?;
    let (loss, alpha) = (Tensor::empty(&[batch], data.dtype())?, Tensor::empty(&[batch, steps, width], data.dtype())?);
    lists.on_gpu(gpu, &data)?.table(gpu, false, [alpha.on_gpu(gpu)?, loss.on_gpu(gpu)?])?;
    let kept = [loss.detach(), alpha.detach()];
    let outputs = Tensor::record_all(vec![loss, alpha], "ctc_loss", &[log_probs], |r, _| {
        let at = r.input("log_probs", log_probs);
        Box::new(move |node, g| {
            let Some(g) = &g[0] else { return Ok(Grads::from_iter([None])) };
            let log_probs = node.get(at)?;
            let (data, seen) = (log_probs.contiguous_data()?, g.contiguous_data()?);
            let batch = lists.on_gpu(gpu, &data)?;
            let (beta, spare) = (Tensor::empty(kept[1].shape(), data.dtype())?, Tensor::empty(kept[0].shape(), data.dtype())?);
            batch.table(gpu, true, [beta.on_gpu(gpu)?, spare.on_gpu(gpu)?])?;
            let gx = Tensor::empty(data.shape(), data.dtype())?;
            let all = [&kept[1], &beta, &kept[0], &seen, &gx].map(|t| t.on_gpu(gpu));
            let [alpha, beta, loss, seen, to] = all;
            batch.backward(gpu, zero_infinity, [alpha?, beta?, loss?, seen?, to?])?;
            Ok(Grads::from_iter([Some(refusal::without_derivative(gx, "_ctc_loss_backward", &[g, &log_probs])?)]))
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

/// The loss, reduced: the mean is over losses divided by the lengths of their targets.
fn ctc_loss(
    log_probs: &Tensor,
    targets: &Tensor,
    inputs: &[i64],
    lengths: &[i64],
    blank: i64,
    reduction: i64,
    zero_infinity: bool,
) -> Result<Tensor> {
    let single = log_probs.rank() == 2;
    let log_probs = &if single { unsqueeze(log_probs, 1)? } else { log_probs.clone() };
    let (mut y, _) = native(log_probs, targets, inputs, lengths, blank, zero_infinity)?;
    if zero_infinity {
        y = where_(&eq(&y.detach(), f64::INFINITY)?, Scalar::Float(0.0), &y)?;
    }
    match reduction {
        1 => {
            let lengths: Vec<i64> = lengths.iter().map(|&l| l.max(1)).collect();
            mean(&div(&y, &Tensor::from_slice(&lengths, &[lengths.len()])?)?, &[], false, None)
        }
        2 => sum(&y, &[], false, None),
        _ if single => squeeze_dims(&y, &[0]),
        _ => Ok(y),
    }
}

fn lengths(t: &Tensor, name: &str) -> Result<Vec<i64>> {
    ensure!(t.dtype().is_integral(), "{name} must be integral");
    t.read_back::<i64>()
}

rows! {
    /// Connectionist temporal classification of log probabilities (T, N, C); targets are padded rows or one after the other.
    "ctc_loss.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int blank=0, int reduction=0, bool zero_infinity=False) -> Tensor" "f"
    |a| ctc_loss(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, &a.ints(3)?, a.int(4)?, a.int(5)?, a.bool(6)?);
    |s| vec![[scores(s), vec![[4, 3].into(), [2, 1].into(), 0.into(), 1.into(), false.into()]].concat()];
    /// Connectionist temporal classification, with lengths as tensors.
    "ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, int reduction=0, bool zero_infinity=False) -> Tensor" "f"
    |a| ctc_loss(
        a.tensor(0)?, a.tensor(1)?, &lengths(a.tensor(2)?, "input_lengths")?, &lengths(a.tensor(3)?, "target_lengths")?,
        a.int(4)?, a.int(5)?, a.bool(6)?,
    );
    |s| vec![[scores(s), vec![ints(&[4, 3]), ints(&[2, 1]), 0.into(), 2.into(), true.into()]].concat()];
    /// Unreduced losses of connectionist temporal classification, and logarithms of the probabilities of beginnings.
    "_ctc_loss(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int blank=0, bool zero_infinity=False) -> (Tensor, Tensor)" "f"
    |a| native(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, &a.ints(3)?, a.int(4)?, a.bool(5)?);
    |s| vec![[scores(s), vec![[4, 3].into(), [2, 1].into(), 0.into(), false.into()]].concat()];
    /// As above, with lengths as tensors.
    "_ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, bool zero_infinity=False) -> (Tensor, Tensor)" "f"
    |a| native(
        a.tensor(0)?, a.tensor(1)?, &lengths(a.tensor(2)?, "input_lengths")?, &lengths(a.tensor(3)?, "target_lengths")?,
        a.int(4)?, a.bool(5)?,
    );
    |s| vec![[scores(s), vec![ints(&[4, 3]), ints(&[2, 1]), 0.into(), false.into()]].concat()];
}

fn ints(v: &[i64]) -> Value {
    Value::Tensor(Tensor::from_slice(v, &[v.len()]).expect("a sample is small"))
}
/// Log probabilities and targets. In float32, for the gradient is defined for the result of a log-softmax only, so that
/// differences of single elements do not show it.
fn scores(s: &mut Samples) -> Vec<Value> {
    let x = s.tensor(&[4, 2, 3]).cast_data(DType::F32).and_then(|x| log_softmax(&x, 2, None)).expect("a sample is small");
    vec![Value::Tensor(x), Value::Tensor(Tensor::from_slice(&[1i64, 2, 2, 0], &[2, 2]).expect("a sample is small"))]
}
