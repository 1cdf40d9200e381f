"""Multi-head attention as a module."""

from __future__ import annotations

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.nn import init
from minigrad.nn.functional.attention import multi_head_attention_forward
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

__all__ = ["MultiheadAttention", "NonDynamicallyQuantizableLinear"]


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear`, under the name that the last map of attention has when PyTorch prints it."""


class MultiheadAttention(Module):
    """Attention in several heads at once: query (L, N, E), key (S, N, kdim) and value (S, N, vdim) give (L, N, E).

    Queries, keys and values are projected, cut into `num_heads` parts, and each part attends by itself; what the heads find
    goes through one more linear map, `out_proj`. With `batch_first` the batch, N, comes first; it may be missing.

    Args:
        dropout: the probability with which a weight becomes 0 in training.
        bias: in the projections.
        add_bias_kv: a learned key and value more.
        add_zero_attn: a key and a value of zeros more.
        kdim, vdim: the last sizes of key and value, if they are not `embed_dim`.

    in_proj_weight (3E, E), or q_proj_weight, k_proj_weight and v_proj_weight where the sizes differ, start as
    `init.xavier_uniform_` makes them, biases at 0.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, section 3.2.2.

    >>> from minigrad import nn, ones
    >>> x = ones(2, 3, 4)
    >>> output, weights = nn.MultiheadAttention(4, 2, batch_first=True)(x, x, x)
    >>> output.shape, weights.shape
    (minigrad.Size([2, 3, 4]), minigrad.Size([2, 3, 3]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads: {embed_dim} is not by {num_heads}")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.head_dim = embed_dim // num_heads
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        parts = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        for name, width in parts.items():
            weight = None if self._qkv_same_embed_dim else Parameter(empty(embed_dim, width, dtype=dtype))
            self.register_parameter(name, weight)
        joint = Parameter(empty(3 * embed_dim, embed_dim, dtype=dtype)) if self._qkv_same_embed_dim else None
        self.register_parameter("in_proj_weight", joint)
        self.register_parameter("in_proj_bias", Parameter(empty(3 * embed_dim, dtype=dtype)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, Parameter(empty(1, 1, embed_dim, dtype=dtype)) if add_bias_kv else None)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)  # type: ignore[arg-type]
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What the queries found, and the weights of attention, (N, L, S): None unless `need_weights`, which takes longer.

        Args:
            key_padding_mask: (N, S), True for keys that nobody may see; or numbers to add to their scores.
            attn_mask: (L, S) or (N · heads, L, S), True where a query may not see a key; or numbers to add.
            average_attn_weights: give the mean of the weights over heads, not those of each, (N, heads, L, S).
            is_causal: says that attn_mask, which must be there, masks later keys: quicker.

        AssertionError or RuntimeError for shapes that do not fit, as in PyTorch.
        """
        turned = self.batch_first and query.array.ndim == 3
        if turned:
            same, shared = query is key is value, key is value
            query = query.transpose(0, 1)
            key = query if same else key.transpose(0, 1)
            value = key if shared else value.transpose(0, 1)
        output, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads,
            self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn,
            self.dropout, self.out_proj.weight, self.out_proj.bias, self.training,
            key_padding_mask, need_weights, attn_mask,
            not self._qkv_same_embed_dim, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight,
            average_attn_weights=average_attn_weights, is_causal=is_causal,
        )  # fmt: skip
        return output.transpose(0, 1) if turned else output, weights
