"""Attention of queries to keys, and multi-head attention with its projections.

Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.
"""

from __future__ import annotations

import warnings
from math import prod, sqrt
from typing import Any

import numpy as np

from minigrad.errors import ShapeError, broadcasts_to
from minigrad.nn.functional.dropout import dropout
from minigrad.nn.functional.padding import pad
from minigrad.ops.attention import attention, probabilities, side_by_side
from minigrad.ops.linalg import linear
from minigrad.ops.shape import cat
from minigrad.tensor import Tensor


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query keyᵀ · scale + mask) value: (..., L, E), (..., S, E) and (..., S, V) give (..., L, V).

    Args:
        attn_mask: broadcasts to (..., L, S). Booleans say which keys a query sees, numbers are added to the scores.
        dropout_p: the probability with which a weight becomes 0, the others growing; always at work, also in evaluation.
        is_causal: no query sees a later key.
        scale: 1/√E unless given.
        enable_gqa: let key and value have fewer heads (dimension -3) than the query, each used several times.

    A query that sees no key gives 0. ShapeError for shapes that do not fit, RuntimeError for dtypes that differ.

    >>> import minigrad
    >>> q = k = minigrad.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> minigrad.nn.functional.scaled_dot_product_attention(q, k, minigrad.eye(2), is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])
    """
    _check(query, key, value, attn_mask, dropout_p)
    if enable_gqa:
        key, value = (_repeated(x, query.array.shape[-3]) for x in (key, value))
    batch = _common(query, key, value)
    rows, width = query.array.shape[-2:]
    columns, depth = value.array.shape[-2:]
    query, key, value = (
        x if x.array.shape[:-2] == batch else x.expand(*batch, *x.array.shape[-2:]) for x in (query, key, value)
    )
    scale = 1 / sqrt(max(width, 1)) if scale is None else scale
    mask = None if attn_mask is None else additive(attn_mask, query, batch, rows, columns)
    noise = None
    if dropout_p:
        noise = dropout(query.new_ones((*batch, rows, columns)), dropout_p)
    if not columns or not rows or not prod(batch) or (mask is not None and mask.requires_grad):
        return _composed(query, key, value, mask, noise, is_causal, scale)
    heads = prod(batch)
    return attention(
        side_by_side([query, key, value]),
        (heads, rows, columns, width, depth),
        batch,
        scale,
        is_causal,
        None if mask is None else _per_head(mask, batch),
        None if noise is None else noise.reshape(heads, rows, columns),
    )


def _composed(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, noise: Tensor | None, causal: bool, scale: float
) -> Tensor:
    """The same in plain operations: where the mask learns, or there is nothing to attend to."""
    if not k.array.shape[-2]:
        return (q * scale).matmul(k.mT).matmul(v)
    p = probabilities(q, k, scale, causal, mask)
    return (p if noise is None else p * noise).matmul(v)


def additive(mask: Tensor, query: Tensor, batch: tuple[int, ...], rows: int, columns: int) -> Tensor:
    """A mask to be added to the scores: of the query's dtype, of as many dimensions. ShapeError if it does not fit."""
    shape = (*batch, rows, columns)
    have = mask.array.shape
    if not broadcasts_to(have, shape):
        raise ShapeError(
            f"scaled_dot_product_attention: a mask of shape {have} does not broadcast to the scores, of shape {shape}: "
            "(..., L, S), queries by keys"
        )
    if mask.array.dtype.kind == "b":
        mask = query.new_zeros(have).masked_fill(~mask, float("-inf"))
    return mask.reshape((1,) * (len(shape) - len(have)) + tuple(have))


def _per_head(mask: Tensor, batch: tuple[int, ...]) -> Tensor:
    """A mask as (n or 1, L or 1, S), n being the number of heads."""
    rows, columns = mask.array.shape[-2:]
    if prod(mask.array.shape[:-2]) > 1:
        mask = mask.expand(*batch, rows, columns)
    return mask.reshape(-1, rows, columns)


def _repeated(x: Tensor, heads: int) -> Tensor:
    """Each head several times, up to so many."""
    *batch, have, length, width = x.array.shape
    if not have or heads % have:
        raise RuntimeError(
            f"scaled_dot_product_attention: {have} heads of key and value for {heads} of the query: their number must "
            "divide that of the query"
        )
    return x.unsqueeze(-3).expand(*batch, have, heads // have, length, width).reshape(*batch, heads, length, width)


def _common(query: Tensor, key: Tensor, value: Tensor) -> tuple[int, ...]:
    """The leading dimensions that all three broadcast to. ShapeError if the shapes do not fit together."""
    q, k, v = query.array.shape, key.array.shape, value.array.shape
    fact = f"scaled_dot_product_attention: query {q}, key {k} and value {v}"
    if q[-1] != k[-1]:
        raise ShapeError(f"{fact}: query and key must have one last size")
    if k[-2] != v[-2]:
        raise ShapeError(f"{fact}: key and value must be of one length, their second last size")
    try:
        return np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
    except ValueError:
        hint = "; for fewer heads in key and value, say enable_gqa=True" if len(q) == len(k) > 2 else ""
        raise ShapeError(f"{fact}: the leading dimensions do not broadcast{hint}") from None


def _check(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float) -> None:
    name = "scaled_dot_product_attention"
    for x in (q, k, v):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name} needs tensors, not a {type(x).__name__}")
    if min(q.array.ndim, k.array.ndim, v.array.ndim) < 2:
        raise ShapeError(
            f"{name}: Expected query, key, and value to all be at least 2 dimensional, but got {q.array.ndim}, "
            f"{k.array.ndim} and {v.array.ndim}: (..., length, width)"
        )
    if not q.dtype == k.dtype == v.dtype:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got {q.dtype}, {k.dtype} and {v.dtype}"
        )
    if not q.is_floating_point():
        raise RuntimeError(f"{name}: query, key and value of type {q.dtype}: convert them to floating point, x.float()")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if mask is not None and mask.array.dtype.kind != "b" and mask.dtype != q.dtype:
        raise RuntimeError(
            f"Expected attn_mask dtype to be bool or to match query dtype, but got {mask.dtype} and query {q.dtype}"
        )


# ── many heads ───────────────────────────────────────────────────────────────────────────────────────────────────────


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What `nn.MultiheadAttention` computes, which see, from its parameters: query (L, N, E), key and value (S, N, E).

    `static_k` and `static_v`, (N · heads, S, E / heads), stand for projected keys and values.
    """
    single = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if single:
        same = query is key is value
        query = query.unsqueeze(1)
        key, value = (query, query) if same else (key.unsqueeze(1), value.unsqueeze(1))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    rows, batch, width = query.array.shape
    columns = key.array.shape[0]
    if width != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint: "
            "nn.Transformer.generate_square_subsequent_mask(length) makes one"
        )
    padding = _float_mask(key_padding_mask, "key_padding_mask", query, attn_mask)
    causal = is_causal and padding is None and not need_weights
    mask = None if causal else _float_mask(attn_mask, "attn_mask", query)
    mask = _shaped(mask, batch, num_heads, rows, columns)
    if padding is not None:
        if padding.array.shape != (batch, columns):
            raise AssertionError(
                f"Expected key_padding_mask of shape {(batch, columns)}, (N, S), but got {padding.array.shape}"
            )
        padding = padding.reshape(batch, 1, 1, columns)
        mask = padding if mask is None else mask + padding
    dropout_p = dropout_p if training else 0.0
    head, heads = width // num_heads, batch * num_heads
    packed = not use_separate_proj_weight and query is key is value
    plain = bias_k is None and static_k is None and static_v is None and not add_zero_attn
    if packed and plain and not need_weights and rows and batch and (mask is None or not mask.requires_grad):
        assert in_proj_weight is not None
        joint = linear(query, in_proj_weight, in_proj_bias).reshape(rows, batch, 3, num_heads, head)
        line = joint.permute(2, 1, 3, 0, 4).reshape(-1)
        noise = dropout(query.new_ones((heads, rows, rows)), dropout_p) if dropout_p else None
        shape = (heads, rows, rows, head, head)
        mask = None if mask is None else _per_head(mask, (batch, num_heads))
        out = attention(line, shape, (batch, num_heads), 1 / sqrt(head), causal, mask, noise)
        return _projected(out, out_proj_weight, out_proj_bias, single), None
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _projections(query, key, value, in_proj_weight, in_proj_bias, separate)
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.expand(1, batch, width)]), cat([v, bias_v.expand(1, batch, width)])
        mask = None if mask is None else pad(mask, (0, 1))
    q = q.reshape(rows, batch, num_heads, head).permute(1, 2, 0, 3)
    k = _split(k, static_k, "static_k", batch, num_heads, head)
    v = _split(v, static_v, "static_v", batch, num_heads, head)
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((batch, num_heads, 1, head))], 2) for x in (k, v))
        mask = None if mask is None else pad(mask, (0, 1))
    if not need_weights:
        out = scaled_dot_product_attention(q, k, v, mask, dropout_p, causal)
        return _projected(out, out_proj_weight, out_proj_bias, single), None
    scores = (q * sqrt(1 / head)).matmul(k.mT)
    weights = (scores if mask is None else scores + mask).softmax(-1)
    weights = dropout(weights, dropout_p) if dropout_p else weights
    out = _projected(weights.matmul(v), out_proj_weight, out_proj_bias, single)
    weights = weights.mean(1) if average_attn_weights else weights
    return out, weights.squeeze(0) if single else weights


def _projected(out: Tensor, weight: Tensor, bias: Tensor | None, single: bool) -> Tensor:
    """(N, heads, L, E / heads) as (L, N, E), through the last linear map."""
    batch, heads, rows, head = out.array.shape
    found = linear(out.permute(2, 0, 1, 3).reshape(rows * batch, heads * head), weight, bias)
    return found if single else found.reshape(rows, batch, weight.array.shape[0])


def _split(x: Tensor, static: Tensor | None, name: str, batch: int, heads: int, head: int) -> Tensor:
    """(S, N, E), unless something stands for it, as (N, heads, S, E / heads)."""
    if static is None:
        return x.reshape(x.array.shape[0], batch, heads, head).permute(1, 2, 0, 3)
    shape = static.array.shape
    if shape[0] != batch * heads or shape[2] != head:
        raise AssertionError(f"expecting {name} of shape ({batch * heads}, S, {head}), but got {shape}")
    return static.reshape(batch, heads, shape[1], head)


def _projections(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor | None, bias: Tensor | None, separate: Any
) -> list[Tensor]:
    """Queries, keys and values, each by its own part of the weight."""
    biases = [None] * 3 if bias is None else bias.chunk(3)
    if separate is not None:
        if key.array.shape[:2] != value.array.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.array.shape[:2]} do not match value's {value.array.shape[:2]}"
            )
        return [linear(x, w, b) for x, w, b in zip((query, key, value), separate, biases)]
    if key.array.shape != value.array.shape:
        raise AssertionError(f"key shape {key.array.shape} does not match value shape {value.array.shape}")
    assert weight is not None
    if query is key is value:
        return list(linear(query, weight, bias).chunk(3, -1))
    width = query.array.shape[-1]
    if key is value:
        q, rest = linear(query, weight[:width], biases[0]), weight[width:]
        return [q, *linear(key, rest, None if bias is None else bias[width:]).chunk(2, -1)]
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases)]


def _float_mask(mask: Tensor | None, name: str, query: Tensor, other: Tensor | None = None) -> Tensor | None:
    """A mask to be added: -inf where it is True."""
    if mask is None:
        return None
    kind = mask.array.dtype.kind
    if kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and mask.dtype != other.dtype:
        warnings.warn(
            f"Support for mismatched {name} and attn_mask is deprecated. Use same type for both instead.", stacklevel=4
        )
    if kind == "f":
        return mask.to(query.array.dtype)
    return query.new_zeros(mask.array.shape).masked_fill(mask, float("-inf"))


def _shaped(mask: Tensor | None, batch: int, heads: int, rows: int, columns: int) -> Tensor | None:
    """A mask (L, S) or (N · heads, L, S) as (1 or N, 1 or heads, L, S)."""
    if mask is None:
        return None
    wanted: tuple[int, ...] = (rows, columns) if mask.array.ndim == 2 else (batch * heads, rows, columns)
    if mask.array.shape != wanted:
        raise RuntimeError(
            f"The shape of the {len(wanted)}D attn_mask is {mask.array.shape}, but should be {wanted}, "
            f"{'(L, S)' if len(wanted) == 2 else '(N · heads, L, S)'}"
        )
    return mask.reshape(1, 1, rows, columns) if len(wanted) == 2 else mask.reshape(batch, heads, rows, columns)


def _check_shapes(q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None, mask: Tensor | None, heads: int) -> bool:
    """Is this one sequence without a batch? AssertionError if the dimensions do not fit."""
    dims = q.array.ndim
    if dims not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor")
    what = f"For {'batched (3-D)' if dims == 3 else 'unbatched (2-D)'} `query`, expected"
    if not k.array.ndim == v.array.ndim == dims:
        raise AssertionError(
            f"{what} `key` and `value` to be {dims}-D but found {k.array.ndim}-D and {v.array.ndim}-D tensors respectively"
        )
    if padding is not None and padding.array.ndim != dims - 1:
        raise AssertionError(
            f"{what} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.array.ndim}-D tensor instead"
        )
    if mask is not None and mask.array.ndim not in (2, 3):
        raise AssertionError(
            f"{what} `attn_mask` to be `None`, 2-D or 3-D but found {mask.array.ndim}-D tensor instead"
        )
    if dims == 3 and k.array.shape[1] != q.array.shape[1]:
        raise RuntimeError(
            f"query {q.array.shape} and key {k.array.shape} are batches of {q.array.shape[1]} and {k.array.shape[1]}: "
            "the batch comes second, unless batch_first=True"
        )
    return dims == 2
