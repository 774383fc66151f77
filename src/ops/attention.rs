//! Scaled dot-product attention (Vaswani et al., 2017).
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::with_grad;
use crate::ops::rnn::keep_mask;
use crate::ops::*;
use crate::tensor::Tensor;

struct Attention {
    dropout: f64,
    causal: bool,
    scale: Option<f64>,
    /// Each head of key and value serves several of the query.
    grouped: bool,
}

fn check(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, o: &Attention) -> Result<()> {
    ensure!(
        q.dtype() == k.dtype() && q.dtype() == v.dtype(),
        "Expected query, key, and value to have the same dtype, but got query.dtype: {} key.dtype: {} and value.dtype: {} \
         instead.",
        q.dtype().c_name(),
        k.dtype().c_name(),
        v.dtype().c_name()
    );
    ensure!(
        q.rank() >= 2 && k.rank() >= 2 && v.rank() >= 2,
        "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {} key.dim: {} and \
         value.dim: {} instead.",
        q.rank(),
        k.rank(),
        v.rank()
    );
    if let Some(mask) = mask {
        ensure!(
            matches!(mask.dtype(), DType::Bool | DType::F32) || mask.dtype() == q.dtype(),
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: {} and  \
             query.dtype: {} instead.",
            mask.dtype().c_name(),
            q.dtype().c_name()
        );
        ensure!(
            !o.causal,
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        );
    }
    ensure!(
        q.dtype().is_differentiable(),
        "expected scalar type Float but found {}",
        q.dtype().scalar_name()
    );
    ensure!(
        (0.0..=1.0).contains(&o.dropout),
        "dropout probability has to be between 0 and 1, but got {}",
        o.dropout
    );
    Ok(())
}

/// Queries against keys, as weights of the values.
fn attend(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, o: &Attention) -> Result<(Tensor, Tensor)> {
    check(q, k, v, mask, o)?;
    let dtype = q.dtype();
    // Sums of half-precision products are kept in single precision.
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let (q, k, v) = (cast(q, wide)?, cast(k, wide)?, cast(v, wide)?);
    let heads = q.shape()[..q.rank() - 1].to_vec();
    let (q, k, v) = if o.grouped { grouped(&q, &k, &v)? } else { (q, k, v) };
    let width = q.shape()[q.rank() - 1] as f64;
    let scale = o.scale.unwrap_or(1.0 / width.sqrt());
    let mut scores = matmul(&mul(&q, scale)?, &transpose(&k, -2, -1)?)?;
    let lost = Scalar::Float(f64::NEG_INFINITY);
    let n = scores.rank();
    if o.causal {
        let (rows, columns) = (scores.shape()[n - 2], scores.shape()[n - 1]);
        let hidden: Vec<bool> = (0..rows).flat_map(|i| (0..columns).map(move |j| j > i)).collect();
        scores = masked_fill(&scores, &Tensor::from_slice(&hidden, &[rows, columns])?, lost)?;
    }
    let mut empty = None;
    if let Some(mask) = mask {
        let mask = if o.grouped && mask.rank() > 2 { split_heads(mask, &scores)? } else { mask.clone() };
        scores = match mask.dtype() {
            DType::Bool => masked_fill(&expanded(&scores, &mask)?, &logical_not(&mask)?, lost)?,
            _ => add(&scores, &cast(&mask, wide)?)?,
        };
        // A row that may look at nothing gives zeros, not NaN.
        empty = with_grad(false, || {
            let rows = eq(&amax(&scores, &[-1], true)?, f64::NEG_INFINITY)?;
            let some = rows.to_vec::<bool>()?.contains(&true);
            Ok::<_, crate::Error>(some.then_some(rows))
        })?;
    }
    let weights = match &empty {
        Some(rows) => {
            let weights = softmax_last(&masked_fill(&scores, rows, Scalar::Int(0))?)?;
            masked_fill(&weights, rows, Scalar::Int(0))?
        }
        None => softmax_last(&scores)?,
    };
    let kept = if o.dropout > 0.0 { mul(&weights, &keep_mask(&weights, o.dropout)?)? } else { weights.clone() };
    let mut y = matmul(&kept, &v)?;
    if o.grouped {
        let mut shape = heads;
        shape.push(v.shape()[v.rank() - 1]);
        y = reshape_to(&y, &shape)?;
    }
    Ok((cast(&y, dtype)?, cast(&weights, dtype)?))
}

/// Scores expanded to the shape that they and the mask have in common.
fn expanded(scores: &Tensor, mask: &Tensor) -> Result<Tensor> {
    expand_to(scores, &crate::layout::broadcast(scores.shape(), mask.shape())?)
}

/// (.., H, L, E) as (.., heads of the key, queries per head, L, E), so that keys and values broadcast.
fn grouped(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    ensure!(
        q.rank() >= 3 && k.rank() >= 3 && v.rank() >= 3,
        "Expected query, key, and value to all have at least 3 dimensions for enable_gqa"
    );
    let heads = |t: &Tensor| t.shape()[t.rank() - 3];
    let (n, m) = (heads(q), heads(k));
    ensure!(
        m > 0 && heads(v) > 0 && n.is_multiple_of(m) && n.is_multiple_of(heads(v)),
        "Number of heads in key and value must divide the number of heads in query"
    );
    ensure!(m == heads(v), "Number of heads in key and value must be equal, got {m} and {}", heads(v));
    let d = q.rank() as i64 - 3;
    let q = unflatten(q, d, &[m as i64, (n / m) as i64])?;
    Ok((q, unsqueeze(k, -3)?, unsqueeze(v, -3)?))
}

/// A mask with a dim of heads, in the shape of grouped scores.
fn split_heads(mask: &Tensor, scores: &Tensor) -> Result<Tensor> {
    let n = scores.rank();
    let d = mask.rank() as i64 - 3;
    match mask.shape()[d as usize] {
        1 => unsqueeze(mask, -3),
        _ => unflatten(mask, d, &[scores.shape()[n - 4] as i64, scores.shape()[n - 3] as i64]),
    }
}

fn options(a: &Args, scale: usize) -> Result<Attention> {
    Ok(Attention { dropout: a.float(4)?, causal: a.bool(5)?, scale: a.opt_float(scale)?, grouped: a.bool(scale + 1)? })
}

rows! {
    /// Softmax of `query @ key.T * scale`, masked, times `value`: (.., L, E), (.., S, E) and (.., S, Ev) give (.., L, Ev). A
    /// mask of bools says where to look, one of numbers is added to the scores.
    "_nn::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor" "f"
    |a| {
        let o = options(a, 6)?;
        Ok::<_, crate::Error>(attend(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.opt_tensor(3)?, &o)?.0)
    };
    |s| {
        let mask = Value::Tensor(Tensor::from_slice(&[true, false, true, false, false, false], &[2, 3]).expect("small"));
        vec![
            vec![s.t(&[2, 2, 3]), s.t(&[2, 3, 3]), s.t(&[2, 3, 2]), s.t(&[2, 3]), 0.0.into(), false.into(), Value::None, false.into()],
            vec![s.t(&[1, 2, 3]), s.t(&[1, 3, 3]), s.t(&[1, 3, 2]), mask, 0.0.into(), false.into(), 0.4.into(), false.into()],
            vec![s.t(&[2, 2, 2]), s.t(&[1, 2, 2]), s.t(&[1, 2, 2]), Value::None, 0.0.into(), true.into(), Value::None, true.into()],
        ]
    };
    /// As `scaled_dot_product_attention`, with the weights as a second result.
    "_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)" "f"
    |a| {
        ensure!(a.opt_tensor(6)?.is_none(), NotImplemented, "_scaled_dot_product_attention_math: dropout_mask is not supported");
        attend(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.opt_tensor(3)?, &options(a, 7)?)
    };
    |s| vec![vec![
        s.t(&[2, 2]), s.t(&[3, 2]), s.t(&[3, 2]), Value::None, 0.0.into(), false.into(), Value::None, Value::None, false.into(),
    ]];
}

/// Softmax over the last dim.
fn softmax_last(x: &Tensor) -> Result<Tensor> {
    if x.numel() == 0 {
        return Ok(x.clone());
    }
    let largest = with_grad(false, || amax(x, &[-1], true))?;
    let e = exp(&sub(x, &largest)?)?;
    div(&e, &sum(&e, &[-1], true, None)?)
}
