//! Sequences of different lengths as one tensor.
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

rows! {
    /// Sequences of shape (length, ...) padded with `padding_value` to the longest, stacked to (length, batch, ...) or,
    /// with `batch_first`, (batch, length, ...).
    "_nn::pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0.0, str padding_side=\"right\") -> Tensor" "f"
    |a| pad_sequence(&a.tensors(0)?, a.bool(1)?, a.float(2)?, a.str(3)?);
    |s| vec![vec![vec![s.tensor(&[2, 2]), s.tensor(&[3, 2])].into(), true.into(), 0.5.into(), "right".into()]];
}
