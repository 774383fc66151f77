//! Sequences of different lengths as one tensor.
use crate::device::{Device, Inside};
use crate::error::Result;
use crate::layout::show;
use crate::ops::*;
use crate::tensor::Tensor;

/// Sequences of shape (length, ...) padded to the longest and stacked.
pub fn pad_sequence(sequences: &[&Tensor], batch_first: bool, value: f64, side: &str) -> Result<Tensor> {
    ensure!(!sequences.is_empty(), "received an empty list of sequences");
    ensure!(
        matches!(side, "left" | "right"),
        "Expected padding_side to be one of left or right, but got {side}."
    );
    let rest = sequences[0].shape().get(1..).unwrap_or_default();
    let mut longest = 0;
    for s in sequences {
        ensure!(
            s.rank() > 0 && &s.shape()[1..] == rest,
            "pad_sequence: sequences must agree in all dims but the first, but got {} and {}",
            show(sequences[0].shape()),
            show(s.shape())
        );
        longest = longest.max(s.shape()[0]);
    }
    let mut padded = vec![];
    for s in sequences {
        let missing = (longest - s.shape()[0]) as i64;
        let mut pad = vec![0; 2 * s.rank()];
        // Pads are counted from the last dim.
        let at = 2 * (s.rank() - 1);
        pad[if side == "left" { at } else { at + 1 }] = missing;
        padded.push(constant_pad_nd(s, &pad, value.into())?);
    }
    stack(&padded.iter().collect::<Vec<_>>(), if batch_first { 0 } else { 1 })
}

/// Numbers that the host will read, wherever the sequences are.
fn of_the_host(numbers: &[i64]) -> Result<Tensor> {
    let _inside = Inside::of(Device::Cpu);
    Tensor::from_slice(numbers, &[numbers.len()])
}

/// Sequences of one batch, (time, batch, ...), laid end to end by time step, with the number of sequences per step.
pub fn pack_padded_sequence(x: &Tensor, lengths: &Tensor, batch_first: bool) -> Result<(Tensor, Tensor)> {
    ensure!(x.rank() >= 2, "pack_padded_sequence: expected input with at least 2 dims, but got {}", show(x.shape()));
    let x = if batch_first { transpose(x, 0, 1)? } else { x.clone() };
    let lengths = lengths.to_vec::<i64>()?;
    let (time, batch) = (x.shape()[0] as i64, x.shape()[1]);
    ensure!(
        lengths.len() == batch,
        "Expected `len(lengths)` to be equal to batch_size, but got {} (batch_size={batch})",
        lengths.len()
    );
    ensure!(
        lengths.iter().all(|&n| n > 0),
        "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
    );
    ensure!(
        lengths.is_sorted_by(|a, b| a >= b),
        "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass \
         `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not \
         need ONNX exportability."
    );
    let longest = lengths.first().copied().unwrap_or(0);
    ensure!(longest <= time, "Expected lengths of at most {time}, but got {longest}");
    let sizes: Vec<i64> = (0..longest).map(|t| lengths.iter().filter(|&&n| n > t).count() as i64).collect();
    let steps = sizes
        .iter()
        .enumerate()
        .map(|(t, &n)| narrow(&select(&x, 0, t as i64)?, 0, 0, n))
        .collect::<Result<Vec<_>>>()?;
    Ok((cat(&steps.iter().collect::<Vec<_>>(), 0)?, of_the_host(&sizes)?))
}

/// The inverse of `pack_padded_sequence`: padded sequences, and the length of each.
pub fn pad_packed_sequence(
    data: &Tensor,
    batch_sizes: &Tensor,
    batch_first: bool,
    value: f64,
    total: i64,
) -> Result<(Tensor, Tensor)> {
    let sizes = batch_sizes.to_vec::<i64>()?;
    let (time, batch) = (sizes.len() as i64, sizes.first().copied().unwrap_or(0));
    let total = if total > 0 { total } else { time };
    ensure!(
        total >= time,
        "Expected total_length to be at least the length of the longest sequence in input, but got \
         total_length={total} and max sequence length being {time}"
    );
    let mut steps = vec![];
    let mut at = 0;
    for &n in &sizes {
        let step = narrow(data, 0, at, n)?;
        let mut pad = vec![0; 2 * step.rank()];
        pad[2 * (step.rank() - 1) + 1] = batch - n;
        steps.push(constant_pad_nd(&step, &pad, value.into())?);
        at += n;
    }
    let y = stack(&steps.iter().collect::<Vec<_>>(), 0)?;
    let mut pad = vec![0; 2 * y.rank()];
    pad[2 * (y.rank() - 1) + 1] = total - time;
    let y = constant_pad_nd(&y, &pad, value.into())?;
    let lengths: Vec<i64> = (0..batch).map(|b| sizes.iter().filter(|&&n| n > b).count() as i64).collect();
    let y = if batch_first { transpose(&y, 0, 1)? } else { y };
    Ok((y, of_the_host(&lengths)?))
}

rows! {
    /// Padded sequences, sorted by falling length, laid end to end by time step; and the number of them per step.
    "_pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first) -> (Tensor, Tensor)" "f"
    |a| pack_padded_sequence(a.tensor(0)?, a.tensor(1)?, a.bool(2)?);
    |s| vec![vec![s.t(&[3, 2, 2]), Tensor::from_slice(&[3i64, 1], &[2]).expect("small").into(), false.into()]];
    /// Padded sequences from packed ones; and their lengths.
    "_pad_packed_sequence(Tensor data, Tensor batch_sizes, bool batch_first, Scalar padding_value, int total_length) -> (Tensor, Tensor)" "f"
    |a| pad_packed_sequence(a.tensor(0)?, a.tensor(1)?, a.bool(2)?, a.scalar(3)?.to_f64(), a.int(4)?);
    |s| vec![vec![
        s.t(&[4, 2]),
        Tensor::from_slice(&[2i64, 1, 1], &[3]).expect("small").into(),
        true.into(),
        0.0.into(),
        (-1).into(),
    ]];
    /// Sequences of shape (length, ...) padded with `padding_value` to the longest, stacked to (length, batch, ...) or,
    /// with `batch_first`, (batch, length, ...).
    "_nn::pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0.0, str padding_side=\"right\") -> Tensor" "f"
    |a| pad_sequence(&a.tensors(0)?, a.bool(1)?, a.float(2)?, a.str(3)?);
    |s| vec![vec![vec![s.tensor(&[2, 2]), s.tensor(&[3, 2])].into(), true.into(), 0.5.into(), "right".into()]];
}
