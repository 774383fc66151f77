"""Multi-head attention as one function of tensors: projections, masks, attention and output projection."""

from __future__ import annotations

import math
import warnings
from typing import Any

import rusttorch as torch
from rusttorch import _C


def _expect(condition: bool, message: str, *values: Any) -> None:
    # AssertionError is what PyTorch raises here, also under `python -O`. The message is only put together when needed.
    if not condition:
        raise AssertionError(message.format(*values))


def _mha_shape_check(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    key_padding_mask: torch.Tensor | None,
    attn_mask: torch.Tensor | None,
    num_heads: int,
) -> bool:
    """Checks the numbers of dimensions; True where there is a batch."""
    dims = query.dim()
    _expect(dims in (2, 3), "query should be unbatched 2D or batched 3D tensor but received {}-D query tensor", dims)
    kind = "batched (3-D)" if dims == 3 else "unbatched (2-D)"
    _expect(
        key.dim() == dims and value.dim() == dims,
        "For {} `query`, expected `key` and `value` to be {}-D but found {}-D and {}-D tensors respectively",
        kind,
        dims,
        key.dim(),
        value.dim(),
    )
    if key_padding_mask is not None:
        _expect(
            key_padding_mask.dim() == dims - 1,
            "For {} `query`, expected `key_padding_mask` to be `None` or {}-D but found {}-D tensor instead",
            kind,
            dims - 1,
            key_padding_mask.dim(),
        )
    if attn_mask is not None:
        _expect(
            attn_mask.dim() in (2, 3),
            "For {} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {}-D tensor instead",
            kind,
            attn_mask.dim(),
        )
        if dims == 2 and attn_mask.dim() == 3:
            expected_shape = (num_heads, query.shape[0], key.shape[0])
            _expect(
                attn_mask.shape == expected_shape,
                "Expected `attn_mask` shape to be {} but got {}",
                expected_shape,
                attn_mask.shape,
            )
    return dims == 3


def _none_or_dtype(input: torch.Tensor | None) -> Any:
    if input is None:
        return None
    if isinstance(input, torch.Tensor):
        return input.dtype
    raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")


def _canonical_mask(
    mask: torch.Tensor | None,
    mask_name: str,
    other_type: Any,
    other_name: str,
    target_type: Any,
    check_other: bool = True,
) -> torch.Tensor | None:
    """A mask as numbers to add to the scores: a bool mask becomes -inf where it is True."""
    if mask is None:
        return None
    is_float = mask.is_floating_point()
    _expect(is_float or mask.dtype == torch.bool, "only bool and floating types of {} are supported", mask_name)
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if is_float:
        return mask
    return torch.zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))


def _in_projection_packed(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, w: torch.Tensor, b: torch.Tensor | None = None
) -> Any:
    """Query, key and value projected by one weight of shape (3 E, E); inputs that are one object share a product."""
    linear = _C._nn.linear
    width = q.size(-1)

    def several(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, count: int) -> torch.Tensor:
        packed = linear(x, weight, bias).unflatten(-1, (count, width))
        return packed.unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()

    if k is v:
        if q is k:
            packed = several(q, w, b, 3)
            return packed[0], packed[1], packed[2]
        w_q, w_kv = w.split([width, width * 2])
        b_q, b_kv = (None, None) if b is None else b.split([width, width * 2])
        projected = linear(q, w_q, b_q)
        packed = several(k, w_kv, b_kv, 2)
        return projected, packed[0], packed[1]
    weights = w.chunk(3)
    biases = (None, None, None) if b is None else b.chunk(3)
    return tuple(linear(x, weight, bias) for x, weight, bias in zip((q, k, v), weights, biases))


def _in_projection(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    b_q: torch.Tensor | None = None,
    b_k: torch.Tensor | None = None,
    b_v: torch.Tensor | None = None,
) -> Any:
    """Query, key and value of different widths, each projected to the query's width by its own weight."""
    width = q.size(-1)
    parts = (("query", q, w_q, b_q), ("key", k, w_k, b_k), ("value", v, w_v, b_v))
    for name, x, weight, _ in parts:
        shape = (width, x.size(-1))
        _expect(weight.shape == shape, "expecting {} weights shape of {}, but got {}", name, shape, weight.shape)
    for name, _, _, bias in parts:
        _expect(
            bias is None or bias.shape == (width,),
            "expecting {} bias shape of {}, but got {}",
            name,
            (width,),
            None if bias is None else bias.shape,
        )
    return tuple(_C._nn.linear(x, weight, bias) for _, x, weight, bias in parts)


def _check_key_padding_mask(key_padding_mask: torch.Tensor, src_len: int, bsz: int) -> None:
    batch, length = key_padding_mask.size()
    _expect(batch == bsz, "Expected key_padded_mask.shape[0] to be {}, but got {}", bsz, key_padding_mask.shape[0])
    _expect(
        length == src_len, "Expected key_padded_mask.shape[1] to be {}, but got {}", src_len, key_padding_mask.shape[1]
    )


def _mask_of_three_dims(mask: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """A mask of shape (L, S) or (N * heads, L, S), checked, with a first dimension."""
    if mask.dim() == 2:
        if mask.shape != shape[1:]:
            raise RuntimeError(f"The shape of the 2D attn_mask is {mask.shape}, but should be {shape[1:]}.")
        return mask.unsqueeze(0)
    if mask.dim() == 3:
        if mask.shape != shape:
            raise RuntimeError(f"The shape of the 3D attn_mask is {mask.shape}, but should be {shape}.")
        return mask
    raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")


def _heads_first(x: torch.Tensor, static: torch.Tensor | None, name: str, heads: int, width: int) -> torch.Tensor:
    """(length, N, E) as (N * heads, length, E / heads), or the given tensor of that shape in its place."""
    if static is None:
        return x.view(x.shape[0], heads, width).transpose(0, 1)
    _expect(static.size(0) == heads, "expecting {}.size(0) of {}, but got {}", name, heads, static.size(0))
    _expect(static.size(2) == width, "expecting {}.size(2) of {}, but got {}", name, width, static.size(2))
    return static


def _one_more(mask: torch.Tensor | None) -> torch.Tensor | None:
    """A mask with room for one more key, which everyone sees."""
    return None if mask is None else _C._nn.pad(mask, (0, 1))


def _attend_with_weights(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, dropout_p: float
) -> tuple[torch.Tensor, torch.Tensor]:
    scaled = q * math.sqrt(1.0 / float(q.shape[-1]))
    keys = k.transpose(-2, -1)
    scores = _C.bmm(scaled, keys) if mask is None else _C.baddbmm(mask, scaled, keys)
    weights = _C.softmax(scores, -1)
    if dropout_p > 0.0:
        weights = _C.dropout(weights, dropout_p, True)
    return _C.bmm(weights, v), weights


def multi_head_attention_forward(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: torch.Tensor | None,
    in_proj_bias: torch.Tensor | None,
    bias_k: torch.Tensor | None,
    bias_v: torch.Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: torch.Tensor,
    out_proj_bias: torch.Tensor | None,
    training: bool = True,
    key_padding_mask: torch.Tensor | None = None,
    need_weights: bool = True,
    attn_mask: torch.Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: torch.Tensor | None = None,
    k_proj_weight: torch.Tensor | None = None,
    v_proj_weight: torch.Tensor | None = None,
    static_k: torch.Tensor | None = None,
    static_v: torch.Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Multi-head attention. Vaswani et al., Attention is all you need, 2017.

    Args:
        query: shape (L, N, E), or (L, E) without batch. Shapes that do not fit raise AssertionError.
        key, value: shape (S, N, E), or of their own widths with ``use_separate_proj_weight``.
        embed_dim_to_check: E.
        num_heads: divides E.
        in_proj_weight, in_proj_bias: shapes (3 E, E) and (3 E,).
        bias_k, bias_v: shape (1, 1, E): one more key and value for all. Both or none.
        add_zero_attn: whether one more key and value of zeros is added.
        dropout_p: of the attention weights, in training.
        key_padding_mask: shape (N, S) or (S,): keys to leave out: True, or numbers to add to the scores.
        need_weights: whether the weights are returned; without them the work is one fused product.
        attn_mask: shape (L, S) or (N * heads, L, S) (RuntimeError): pairs to leave out, as above.
        q_proj_weight, k_proj_weight, v_proj_weight: shapes (E, E), (E, width of key), (E, width of value).
        static_k, static_v: shape (N * heads, S, E / heads), in place of the projected key and value.
        average_attn_weights: whether the weights are averaged over the heads.
        is_causal: hint that ``attn_mask``, which must be given (RuntimeError), is the causal one.

    Returns:
        output of shape (L, N, E) or (L, E), and weights of shape (N, L, S), (N, heads, L, S), these without N, or
        None.
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    tgt_len, bsz, embed_dim = query.shape
    src_len = key.shape[0]
    key_padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the fused product makes the causal mask itself
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, check_other=False)
        is_causal = is_causal and key_padding_mask is None
    _expect(
        embed_dim == embed_dim_to_check,
        "was expecting embedding dimension of {}, but got {}",
        embed_dim_to_check,
        embed_dim,
    )
    head_dim = embed_dim // num_heads
    _expect(head_dim * num_heads == embed_dim, "embed_dim {} not divisible by num_heads {}", embed_dim, num_heads)

    if use_separate_proj_weight:
        _expect(
            key.shape[:2] == value.shape[:2],
            "key's sequence and batch dims {} do not match value's {}",
            key.shape[:2],
            value.shape[:2],
        )
        own = (q_proj_weight, k_proj_weight, v_proj_weight)
        for name, weight in zip("qkv", own):
            _expect(weight is not None, "use_separate_proj_weight is True but {}_proj_weight is None", name)
        biases = () if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = _in_projection(query, key, value, *own, *biases)  # type: ignore[arg-type]
    else:
        _expect(key.shape == value.shape, "key shape {} does not match value shape {}", key.shape, value.shape)
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _in_projection_packed(query, key, value, in_proj_weight, in_proj_bias)

    heads = bsz * num_heads
    if attn_mask is not None:
        attn_mask = _mask_of_three_dims(attn_mask, (heads, tgt_len, src_len))
    if bias_k is not None and bias_v is not None:
        _expect(static_k is None, "bias cannot be added to static key.")
        _expect(static_v is None, "bias cannot be added to static value.")
        k = _C.cat([k, bias_k.repeat(1, bsz, 1)])
        v = _C.cat([v, bias_v.repeat(1, bsz, 1)])
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    else:
        _expect(bias_k is None, "bias_k is set but bias_v is None")
        _expect(bias_v is None, "bias_v is set but bias_k is None")
    q = q.view(tgt_len, heads, head_dim).transpose(0, 1)
    k = _heads_first(k, static_k, "static_k", heads, head_dim)
    v = _heads_first(v, static_v, "static_v", heads, head_dim)
    if add_zero_attn:
        zeros = (heads, 1, head_dim)
        k = _C.cat([k, torch.zeros(zeros, dtype=k.dtype, device=k.device)], dim=1)
        v = _C.cat([v, torch.zeros(zeros, dtype=v.dtype, device=v.device)], dim=1)
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    src_len = k.size(1)
    if key_padding_mask is not None:
        _check_key_padding_mask(key_padding_mask, src_len, bsz)
        spread = key_padding_mask.view(bsz, 1, 1, src_len).expand(-1, num_heads, -1, -1).reshape(heads, 1, src_len)
        attn_mask = spread if attn_mask is None else attn_mask + spread
    if not training:
        dropout_p = 0.0

    weights = None
    if need_weights:
        output, weights = _attend_with_weights(q, k, v, attn_mask, dropout_p)
        output = output.transpose(0, 1).reshape(tgt_len * bsz, embed_dim)
        weights = weights.view(bsz, num_heads, tgt_len, src_len)
        if average_attn_weights:
            weights = weights.mean(dim=1)
        if not batched:
            weights = weights.squeeze(0)
    else:
        if attn_mask is not None:
            if attn_mask.size(0) == 1 and attn_mask.dim() == 3:
                attn_mask = attn_mask.unsqueeze(0)
            else:
                attn_mask = attn_mask.view(bsz, num_heads, -1, src_len)
        q, k, v = (x.view(bsz, num_heads, length, head_dim) for x, length in ((q, tgt_len), (k, src_len), (v, src_len)))
        output = _C._nn.scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
        output = output.permute(2, 0, 1, 3).reshape(bsz * tgt_len, embed_dim)
    output = _C._nn.linear(output, out_proj_weight, out_proj_bias)
    output = output.view(tgt_len, bsz, output.size(1))
    return (output if batched else output.squeeze(1)), weights
