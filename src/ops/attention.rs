//! Scaled dot-product attention (Vaswani et al., 2017): by blocks where a kernel fits, otherwise made of other ops.
use crate::cpu::attention::{Heads, Sizes, backward, forward};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::{Grads, grad_enabled, with_grad};
use crate::layout::{Dims, Layout, broadcast};
use smallvec::SmallVec;
use crate::ops::attention_gpu;
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
    if o.causal {
        scores = hide_later(&scores)?;
    }
    let mask = match mask {
        Some(mask) if o.grouped && mask.rank() > 2 => Some(split_heads(mask, &scores)?),
        mask => mask.cloned(),
    };
    let weights = weights_of(scores, mask.as_ref())?;
    let kept = if o.dropout > 0.0 { dropout::dropped(&weights, o.dropout)? } else { weights.clone() };
    let mut y = matmul(&kept, &v)?;
    if o.grouped {
        let mut shape = heads;
        shape.push(v.shape()[v.rank() - 1]);
        y = reshape_to(&y, &shape)?;
    }
    Ok((cast(&y, dtype)?, cast(&weights, dtype)?))
}

/// The softmax of scores that a mask hides or adds to.
fn weights_of(mut scores: Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let Some(mask) = mask else { return softmax_last(&scores) };
    scores = match mask.dtype() {
        DType::Bool => {
            masked_fill(&expanded(&scores, mask)?, &logical_not(mask)?, Scalar::Float(f64::NEG_INFINITY))?
        }
        _ => add(&scores, &cast(mask, scores.dtype())?)?,
    };
    if scores.numel() == 0 {
        return softmax_last(&scores);
    }
    // A row that may look at nothing gives zeros, not NaN. On a GPU, nobody waits to hear whether there is one.
    let empty = with_grad(false, || {
        let rows = eq(&amax(&scores, &[-1], true)?, f64::NEG_INFINITY)?;
        let some = rows.device().is_gpu() || rows.to_vec::<bool>()?.contains(&true);
        Ok::<_, crate::Error>(some.then_some(rows))
    })?;
    let Some(rows) = empty else { return softmax_last(&scores) };
    let weights = softmax_last(&masked_fill(&scores, &rows, Scalar::Int(0))?)?;
    masked_fill(&weights, &rows, Scalar::Int(0))
}

/// Whether the kernel that works by blocks takes these operands; the same conditions as PyTorch's, and fewer on a GPU.
fn fits_blocks(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, o: &Attention) -> bool {
    let (a, b, c) = (q.shape(), k.shape(), v.shape());
    let on_gpu = q.device().is_gpu();
    let heads = || match (on_gpu, o.grouped) {
        (true, true) => b[1] > 0 && a[1].is_multiple_of(b[1]),
        _ => !o.grouped && a[1] == b[1],
    };
    let fits_kernel = || match on_gpu {
        true => b[..3] == c[..3] && [a[2], b[2], a[3], c[3]].iter().all(|&n| n > 0) && o.dropout < 1.0,
        false => q.dtype().is_float() && *b == *c && a[2] > 0 && b[2] > 0 && o.dropout == 0.0,
    };
    let with_gradient = |m: &Tensor| grad_enabled() && m.requires_grad();
    a.len() == 4
        && b.len() == 4
        && c.len() == 4
        && a[0] == b[0]
        && heads()
        && a[3] == b[3]
        && fits_kernel()
        && mask.is_none_or(|m| (on_gpu || !with_gradient(m)) && mask_strides(m, q, k).is_some())
}

/// The strides of a mask broadcast to the scores of (batch, heads, queries, keys), if it fits them.
pub(super) fn mask_strides(mask: &Tensor, q: &Tensor, k: &Tensor) -> Option<Dims> {
    let mut shape = Dims::from(&q.shape()[..3]);
    shape.push(k.shape()[2]);
    let fits = broadcast(mask.shape(), &shape).is_ok_and(|s| s == shape);
    fits.then(|| mask.layout().broadcast_strides(&shape))
}

/// The GPU whose kernels take these queries: they compute in float32.
fn kernel_of(q: &Tensor) -> Option<&'static crate::gpu::Gpu> {
    q.gpu().filter(|_| q.dtype() != DType::F64)
}

/// Attention as the call asks for it; the weights are never in memory where the kernel fits.
fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, o: &Attention) -> Result<Tensor> {
    if fits_blocks(q, k, v, mask, o) && (kernel_of(q).is_some() || !q.device().is_gpu()) {
        check(q, k, v, mask, o)?;
        return Ok(by_blocks(q, k, v, mask, o)?.0);
    }
    let three = q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && mask.is_none_or(|m| m.rank() <= 3);
    if q.device().is_gpu() && three {
        // Batches of one head, or where heads are grouped one batch.
        let d = if o.grouped { 0 } else { 1 };
        let mask = mask.map(|m| if m.rank() == 3 { unsqueeze(m, d) } else { Ok(m.clone()) }).transpose()?;
        let y = attention(&unsqueeze(q, d)?, &unsqueeze(k, d)?, &unsqueeze(v, d)?, mask.as_ref(), o)?;
        return squeeze_dims(&y, &[d]);
    }
    Ok(attend(q, k, v, mask, o)?.0)
}

fn heads<T>(t: &Tensor) -> Heads<*const T> {
    let s = t.strides();
    Heads { ptr: t.data_ptr().cast::<T>().cast_const(), batch: s[0], head: s[1], row: s[2], column: s.get(3).copied().unwrap_or(1) }
}
fn heads_mut<T>(t: &Tensor) -> Heads<*mut T> {
    let Heads { ptr, batch, head, row, column } = heads::<T>(t);
    Heads { ptr: ptr.cast_mut(), batch, head, row, column }
}

/// A new tensor of (batch, heads, rows, columns) whose heads lie side by side in memory, as the layer before made them.
pub(super) fn beside(shape: &[usize], dtype: DType) -> Result<Tensor> {
    let (h, n, e) = (shape[1], shape[2], shape[3]);
    let mut layout = Layout::contiguous(shape);
    (layout.strides[0], layout.strides[1], layout.strides[2]) = (n * h * e, e, h * e);
    Tensor::empty_as(layout, dtype)
}

pub(super) fn sizes_of(q: &Tensor, k: &Tensor, v: &Tensor, causal: bool, scale: f64) -> Sizes {
    let (a, b) = (q.shape(), k.shape());
    Sizes { batch: a[0], heads: a[1], queries: a[2], keys: b[2], width: a[3], values: v.shape()[3], scale, causal }
}

/// A mask as numbers to be added to scores, no larger than it is: minus infinity where one of bools is false.
fn additive(mask: &Tensor, wide: DType) -> Result<Tensor> {
    with_grad(false, || match mask.dtype() {
        DType::Bool => {
            let zeros = Tensor::empty(mask.shape(), wide)?;
            zeros.fill_data(Scalar::Int(0));
            masked_fill(&zeros, &logical_not(mask)?, Scalar::Float(f64::NEG_INFINITY))
        }
        _ => matmul::prepared(mask, wide),
    })
}

/// A mask as the kernel reads it: one for every head, whether it lies in memory once or as often.
fn mask_heads<T>(mask: Option<&Tensor>, s: &Sizes) -> Option<Heads<*const T>> {
    mask.map(|mask| {
        let strides = mask.layout().broadcast_strides(&[s.batch, s.heads, s.queries, s.keys]);
        let ptr = mask.data_ptr().cast::<T>().cast_const();
        Heads { ptr, batch: strides[0], head: strides[1], row: strides[2], column: strides[3] }
    })
}

/// How queries see keys, as the kernels by blocks are told. Dropout is for a GPU's only.
#[derive(Clone)]
pub(super) struct Sight {
    pub mask: Option<Tensor>,
    pub causal: bool,
    pub scale: f64,
    /// Bits of the weights that dropout keeps, and what those are multiplied by.
    pub bits: Option<Tensor>,
    pub kept: f64,
}

/// The result and the logarithms of the sums of exponentials, (batch, heads, queries).
fn by_blocks(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, o: &Attention) -> Result<(Tensor, Tensor)> {
    let mut sight = Sight {
        mask: mask.cloned(),
        causal: o.causal,
        scale: o.scale.unwrap_or(1.0 / (q.shape()[3] as f64).sqrt()),
        bits: None,
        kept: 1.0 / (1.0 - o.dropout),
    };
    let outputs = match kernel_of(q) {
        Some(gpu) => {
            if o.dropout > 0.0 {
                let s = q.shape();
                sight.bits = Some(attention_gpu::drawn_bits([s[0], s[1], s[2], k.shape()[2]], o.dropout)?);
            }
            attention_gpu::forward(gpu, [q, k, v], &sight)?
        }
        None => {
            sight.mask = mask.map(|mask| additive(mask, q.dtype().class().dtype())).transpose()?;
            forward_on_cpu(q, k, v, sight.mask.as_ref(), sight.causal, sight.scale)?
        }
    };
    let name = "ScaledDotProductFlashAttentionForCpuBackward0";
    let mut inputs: SmallVec<[&Tensor; 4]> = smallvec::smallvec![q, k, v];
    inputs.extend(mask.filter(|m| m.requires_grad()));
    let count = inputs.len();
    let outputs = Tensor::record_all(outputs, name, &inputs, |r, outputs| {
        let (sq, sk, sv) = (r.input("query", q), r.input("key", k), r.input("value", v));
        let (sy, sl) = (r.output("output", &outputs[0]), r.input("logsumexp", &outputs[1].detach()));
        let sm = sight.mask.as_ref().map(|m| r.input("attn_mask", m));
        let sb = sight.bits.as_ref().map(|b| r.input("dropout_mask", b));
        let (causal, scale, kept) = (sight.causal, sight.scale, sight.kept);
        Box::new(move |node, g| {
            let (q, k, v) = (node.get(sq)?, node.get(sk)?, node.get(sv)?);
            let saved = |at: Option<_>| at.map(|at| node.get(at)).transpose();
            let sight = Sight { mask: saved(sm)?, causal, scale, bits: saved(sb)?, kept };
            match (&g[0], &g[1]) {
                (None, None) => Ok(smallvec::smallvec![None; count]),
                (Some(g), None) if !grad_enabled() => {
                    let of = [&q, &k, &v, &node.get(sy)?, g, &node.get(sl)?];
                    match kernel_of(&q) {
                        Some(gpu) => attention_gpu::gradients(gpu, of, &sight),
                        None => gradients(of, sight.mask.as_ref(), causal, scale),
                    }
                }
                (g, of_logs) => gradients_of_ops(g.as_ref(), of_logs.as_ref(), [&q, &k, &v], &sight),
            }
        })
    })?;
    Ok((outputs[0].clone(), outputs[1].clone()))
}

fn forward_on_cpu(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    causal: bool,
    scale: f64,
) -> Result<Vec<Tensor>> {
    let wide = q.dtype().class().dtype();
    let data = [matmul::prepared(q, wide)?, matmul::prepared(k, wide)?, matmul::prepared(v, wide)?];
    let sizes = sizes_of(q, k, v, causal, scale);
    let y = beside(&[sizes.batch, sizes.heads, sizes.queries, sizes.values], wide)?;
    let logs = Tensor::empty(&q.shape()[..3], wide)?;
    macro_rules! run {
        ($t:ty) => {
            forward::<$t>(
                &sizes,
                heads(&data[0]),
                heads(&data[1]),
                heads(&data[2]),
                mask_heads(mask, &sizes),
                heads_mut(&y),
                heads_mut(&logs),
            )
        };
    }
    if y.numel() > 0 {
        // SAFETY: the layouts lie inside their storages and agree with the sizes; the results are new.
        unsafe { if wide == DType::F64 { run!(f64) } else { run!(f32) } }
    } else {
        logs.fill_data(Scalar::Float(f64::NEG_INFINITY));
    }
    Ok(vec![if wide == q.dtype() { y } else { y.cast_data(q.dtype())? }, logs])
}

/// The gradients of query, key and value by the kernel, from those and the result, its gradient and the logarithms.
fn gradients(of: [&Tensor; 6], mask: Option<&Tensor>, causal: bool, scale: f64) -> Result<Grads> {
    let [q, k, v, ..] = of;
    let wide = q.dtype().class().dtype();
    let data = of.iter().map(|t| matmul::prepared(t, wide)).collect::<Result<Vec<_>>>()?;
    let sizes = sizes_of(q, k, v, causal, scale);
    let made = [beside(q.shape(), wide)?, beside(k.shape(), wide)?, beside(v.shape(), wide)?];
    macro_rules! run {
        ($t:ty) => {
            backward::<$t>(
                &sizes,
                std::array::from_fn(|i| heads(&data[i])),
                mask_heads(mask, &sizes),
                std::array::from_fn(|i| heads_mut(&made[i])),
            )
        };
    }
    if of[3].numel() > 0 {
        // SAFETY: the layouts lie inside their storages and agree with the sizes; the results are new.
        unsafe { if wide == DType::F64 { run!(f64) } else { run!(f32) } }
    }
    made.into_iter().map(|t| if wide == q.dtype() { Ok(Some(t)) } else { t.cast_data(q.dtype()).map(Some) }).collect()
}

/// As `gradients`, made of ops, so that it can be differentiated again; from the gradients of the result and the logarithms.
fn gradients_of_ops(
    g: Option<&Tensor>,
    of_logs: Option<&Tensor>,
    [q, k, v]: [&Tensor; 3],
    sight: &Sight,
) -> Result<Grads> {
    let dtype = q.dtype();
    let wide = dtype.class().dtype();
    // Heads of keys and values once for each head of queries, and gradients of those summed again.
    let (heads, few) = (q.shape()[1], k.shape()[1]);
    let spread = |t: &Tensor| {
        let t = cast(t, wide)?;
        if heads == few {
            return Ok(t);
        }
        let s = t.shape();
        let each = expand_to(&unsqueeze(&t, 2)?, &[s[0], few, heads / few, s[2], s[3]])?;
        reshape_to(&each, &[s[0], heads, s[2], s[3]])
    };
    let gathered = |t: &Tensor| {
        if heads == few {
            return cast(t, dtype);
        }
        let s = t.shape();
        let each = reshape_to(t, &[s[0], few, heads / few, s[2], s[3]])?;
        cast(&sum(&each, &[2], false, None)?, dtype)
    };
    let (q, k, v) = (cast(q, wide)?, spread(k)?, spread(v)?);
    let mut scores = mul(&matmul(&q, &transpose(&k, -2, -1)?)?, sight.scale)?;
    if sight.causal {
        scores = hide_later(&scores)?;
    }
    let weights = weights_of(scores, sight.mask.as_ref())?;
    let kept = match &sight.bits {
        Some(bits) => Some(mul(&cast(&attention_gpu::kept(bits, k.shape()[2])?, wide)?, sight.kept)?),
        None => None,
    };
    let dropped = |t: &Tensor| kept.as_ref().map_or(Ok(t.clone()), |kept| mul(t, kept));
    let (mut of_scores, mut of_values) = (None, None);
    if let Some(g) = g {
        let g = cast(g, wide)?;
        let of_weights = dropped(&matmul(&g, &transpose(&v, -2, -1)?)?)?;
        let mean = sum(&mul(&of_weights, &weights)?, &[-1], true, None)?;
        of_scores = Some(mul(&weights, &sub(&of_weights, &mean)?)?);
        of_values = Some(gathered(&matmul(&transpose(&dropped(&weights)?, -2, -1)?, &g)?)?);
    }
    if let Some(of_logs) = of_logs {
        let more = mul(&weights, &unsqueeze(of_logs, -1)?)?;
        of_scores = Some(if let Some(of_scores) = of_scores { add(&of_scores, &more)? } else { more });
    }
    let Some(of_scores) = of_scores else { return Ok(smallvec::smallvec![None; 3]) };
    let of_mask = match &sight.mask {
        Some(mask) if mask.requires_grad() => Some(cast(&sum_to(&of_scores, mask.shape())?, mask.dtype())?),
        _ => None,
    };
    let of_scores = mul(&of_scores, sight.scale)?;
    let of_queries = cast(&matmul(&of_scores, &k)?, dtype)?;
    let of_keys = gathered(&matmul(&transpose(&of_scores, -2, -1)?, &q)?)?;
    let mut all: Grads = smallvec::smallvec![Some(of_queries), Some(of_keys), of_values];
    all.extend(of_mask.map(Some));
    Ok(all)
}

/// Scores with those of keys that come after the query at minus infinity.
fn hide_later(scores: &Tensor) -> Result<Tensor> {
    let n = scores.rank();
    let (rows, columns) = (scores.shape()[n - 2], scores.shape()[n - 1]);
    let lost = Scalar::Float(f64::NEG_INFINITY);
    if scores.device().is_gpu() {
        let places = |n: usize, shape: &[usize]| Tensor::from_slice(&(0..n as i32).collect::<Vec<_>>(), shape);
        let hidden = lt(&places(rows, &[rows, 1])?, &places(columns, &[1, columns])?)?;
        return masked_fill(scores, &hidden, lost);
    }
    let hidden: Vec<bool> = (0..rows).flat_map(|i| (0..columns).map(move |j| j > i)).collect();
    masked_fill(scores, &Tensor::from_slice(&hidden, &[rows, columns])?, lost)
}

/// Scores expanded to the shape that they and the mask have in common.
fn expanded(scores: &Tensor, mask: &Tensor) -> Result<Tensor> {
    expand_to(scores, &broadcast(scores.shape(), mask.shape())?)
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
        attention(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.opt_tensor(3)?, &o)
    };
    |s| {
        let mask = Value::Tensor(Tensor::from_slice(&[true, false, true, false, false, false], &[2, 3]).expect("small"));
        vec![
            vec![s.t(&[2, 2, 3]), s.t(&[2, 3, 3]), s.t(&[2, 3, 2]), s.t(&[2, 3]), 0.0.into(), false.into(), Value::None, false.into()],
            vec![s.t(&[1, 2, 3]), s.t(&[1, 3, 3]), s.t(&[1, 3, 2]), mask, 0.0.into(), false.into(), 0.4.into(), false.into()],
            vec![s.t(&[2, 2, 2]), s.t(&[1, 2, 2]), s.t(&[1, 2, 2]), Value::None, 0.0.into(), true.into(), Value::None, true.into()],
            vec![s.t(&[1, 2, 3, 2]), s.t(&[1, 2, 3, 2]), s.t(&[1, 2, 3, 2]), Value::None, 0.0.into(), true.into(), Value::None, false.into()],
            vec![s.t(&[2, 1, 2, 3]), s.t(&[2, 1, 4, 3]), s.t(&[2, 1, 4, 3]), Value::None, 0.0.into(), false.into(), 0.4.into(), false.into()],
        ]
    };
    /// Attention by blocks of queries and keys, for (batch, heads, L, E), (batch, heads, S, E) and (batch, heads, S, Ev): the
    /// result, and the logarithms of the sums of exponentials. No dropout.
    "_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0.0, bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)" "f"
    |a| {
        let o = Attention { dropout: a.float(3)?, causal: a.bool(4)?, scale: a.opt_float(6)?, grouped: false };
        let (q, k, v) = (a.tensor(0)?, a.tensor(1)?, a.tensor(2)?);
        check(q, k, v, a.opt_tensor(5)?, &o)?;
        ensure!(
            o.dropout == 0.0 && fits_blocks(q, k, v, a.opt_tensor(5)?, &o),
            NotImplemented,
            "_scaled_dot_product_flash_attention_for_cpu: takes tensors (batch, heads, length, width) that agree, and no dropout"
        );
        by_blocks(q, k, v, a.opt_tensor(5)?, &o)
    };
    |s| vec![vec![s.t(&[1, 2, 3, 2]), s.t(&[1, 2, 3, 2]), s.t(&[1, 2, 3, 2]), 0.0.into(), true.into(), Value::None, Value::None]];
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
