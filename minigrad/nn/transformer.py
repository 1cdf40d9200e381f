"""The transformer: layers of attention, an encoder and a decoder made of them, and the two together.

Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017; R. Xiong et al., ICML 2020, for `norm_first`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minigrad.creation import full
from minigrad.dtypes import DTypeLike
from minigrad.grad_mode import is_grad_enabled
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn import init
from minigrad.nn.activation import GELU, ReLU
from minigrad.nn.attention import MultiheadAttention
from minigrad.nn.container import ModuleList
from minigrad.nn.dropout import Dropout
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.normalization import LayerNorm
from minigrad.tensor import Tensor, wrap

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation: TypeAlias = "str | Callable[[Tensor], Tensor]"
Mask: TypeAlias = "Tensor | None"


class _Layer(Module):
    """What the layers of encoder and decoder share: attention to itself, and two linear maps."""

    def _build(
        self, attentions: list[str], d_model: int, nhead: int, dim_feedforward: int, dropout: float, activation: Activation,
        layer_norm_eps: float, batch_first: bool, norm_first: bool, bias: bool, dtype: DTypeLike | None,
    ) -> None:  # fmt: skip
        for name in attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype))
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm_first = norm_first
        for i in range(1, len(attentions) + 2):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for i in range(1, len(attentions) + 2):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    def _attend(
        self, attention: Any, drop: Any, x: Tensor, memory: Tensor | None, mask: Mask, padding: Mask, causal: bool
    ) -> Tensor:
        memory = x if memory is None else memory
        found: Tensor = drop(attention(x, memory, memory, padding, False, mask, is_causal=causal)[0])
        return found

    def _feed(self, drop: Any, x: Tensor) -> Tensor:
        found: Tensor = drop(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return found


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two linear maps: (L, N, d_model), or (N, L, d_model) if `batch_first`.

    Each of the two is added to what came in, and normalised afterwards, or before with `norm_first`. `activation`, "relu",
    "gelu" or a function, is between the linear maps, of which the first leads to `dim_feedforward`.

    >>> from minigrad import nn, ones
    >>> nn.TransformerEncoderLayer(d_model=4, nhead=2, dim_feedforward=8)(ones(5, 2, 4)).shape
    minigrad.Size([5, 2, 4])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self._build(
            ["self_attn"], d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first,
            bias, dtype,
        )  # fmt: skip

    def forward(
        self, src: Tensor, src_mask: Mask = None, src_key_padding_mask: Mask = None, is_causal: bool = False
    ) -> Tensor:
        """The sequence, transformed. Masks as for `MultiheadAttention`."""
        x = src
        masks = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = x + self._attend(self.self_attn, self.dropout1, self.norm1(x), None, *masks)
            return x + self._feed(self.dropout2, self.norm2(x))
        x = self.norm1(x + self._attend(self.self_attn, self.dropout1, x, None, *masks))
        found: Tensor = self.norm2(x + self._feed(self.dropout2, x))
        return found


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to the `memory` of an encoder, then two linear maps.

    Arguments as for `TransformerEncoderLayer`.

    >>> from minigrad import nn, ones
    >>> nn.TransformerDecoderLayer(4, 2, 8)(ones(5, 2, 4), ones(7, 2, 4)).shape
    minigrad.Size([5, 2, 4])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self._build(
            ["self_attn", "multihead_attn"], d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
            batch_first, norm_first, bias, dtype,
        )  # fmt: skip

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence, transformed. Masks as for `MultiheadAttention`."""
        x = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self._attend(self.self_attn, self.dropout1, self.norm1(x), None, *own)
            x = x + self._attend(self.multihead_attn, self.dropout2, self.norm2(x), memory, *other)
            return x + self._feed(self.dropout3, self.norm3(x))
        x = self.norm1(x + self._attend(self.self_attn, self.dropout1, x, None, *own))
        x = self.norm2(x + self._attend(self.multihead_attn, self.dropout2, x, memory, *other))
        found: Tensor = self.norm3(x + self._feed(self.dropout3, x))
        return found


class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after another, then `norm`, if given.

    The copies start with the same numbers. `enable_nested_tensor` and `mask_check` are PyTorch's: as there, in evaluation
    without gradients, what stands at padded positions at the end of a sequence comes out as 0 (before `norm`).

    >>> from minigrad import nn, ones
    >>> layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    >>> nn.TransformerEncoder(layer, num_layers=2)(ones(2, 5, 4)).shape
    minigrad.Size([2, 5, 4])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check
        self.use_nested_tensor = enable_nested_tensor and _is_plain(encoder_layer)

    def forward(
        self, src: Tensor, mask: Mask = None, src_key_padding_mask: Mask = None, is_causal: bool | None = None
    ) -> Tensor:
        """The sequence through all layers. Masks as for `MultiheadAttention`; a causal `mask` is recognised."""
        output, first = src, self.layers[0]
        causal = _is_causal(mask, is_causal, src, first)
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=src_key_padding_mask)
        if mask is None and src_key_padding_mask is not None and self.use_nested_tensor and src.array.ndim == 3:
            learning = is_grad_enabled() and any(x.requires_grad for x in (src, *first.parameters()))
            padded = src_key_padding_mask.array != 0
            if not first.training and not learning and not (padded[:, :-1] & ~padded[:, 1:]).any():
                output = output.masked_fill(wrap(padded).unsqueeze(-1), 0)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after another, then `norm`, if given. The copies start with the same numbers.

    >>> from minigrad import nn, ones
    >>> nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 2)(ones(5, 2, 4), ones(7, 2, 4)).shape
    minigrad.Size([5, 2, 4])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence through all layers. Masks as for `MultiheadAttention`; a causal `tgt_mask` is recognised."""
        output = tgt
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0])
        for layer in self.layers:
            output = layer(
                output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal, memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that attends to it.

    Matrices start as `init.xavier_uniform_` makes them. Other arguments as for `TransformerEncoderLayer`; `custom_encoder`
    and `custom_decoder` take the place of those that would be made.

    >>> from minigrad import nn, ones
    >>> model = nn.Transformer(4, 2, 1, 1, 8)
    >>> model(ones(7, 2, 4), ones(5, 2, 4)).shape
    minigrad.Size([5, 2, 4])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        if custom_encoder is None:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            custom_encoder = TransformerEncoder(
                TransformerEncoderLayer(*options, dtype=dtype), num_encoder_layers, norm
            )
        self.encoder = custom_encoder
        if custom_decoder is None:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            custom_decoder = TransformerDecoder(
                TransformerDecoderLayer(*options, dtype=dtype), num_decoder_layers, norm
            )
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Mask = None,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        src_key_padding_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """What the decoder makes of `tgt`, seeing what the encoder made of `src`. RuntimeError for sizes that differ."""
        a, b = src.array.shape, tgt.array.shape
        at = 0 if self.batch_first else 1
        if len(a) == 3 and a[at] != b[at]:
            raise RuntimeError(
                f"the batch number of src and tgt must be equal: shapes {a} and {b}, the batch comes "
                f"{'first' if self.batch_first else 'second, unless batch_first=True'}"
            )
        if a[-1] != self.d_model or b[-1] != self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model: shapes {a} and {b}, d_model={self.d_model}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        output: Tensor = self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip
        return output

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: object = None, dtype: DTypeLike | None = None) -> Tensor:
        """A mask (sz, sz) that hides later keys: -inf above the diagonal, 0 elsewhere.

        >>> from minigrad import nn
        >>> nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        mask = full((sz, sz), float("-inf"), dtype=dtype)
        return wrap(np.triu(mask.array, 1))

    def _reset_parameters(self) -> None:
        for weight in self.parameters():
            if weight.array.ndim > 1:
                init.xavier_uniform_(weight)


def _activation(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}: any other may be given as a function")
    found: Callable[[Tensor], Tensor] = F.relu if activation == "relu" else F.gelu
    return found


def _copies(module: Module, n: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(n)])


def _is_plain(layer: Any) -> bool:
    """Would PyTorch leave out padded positions altogether in evaluation?"""
    return (
        isinstance(layer, TransformerEncoderLayer)
        and not layer.norm_first
        and layer.self_attn.batch_first
        and layer.self_attn.in_proj_bias is not None
        and layer.self_attn.num_heads % 2 == 0
        and layer.norm1.eps == layer.norm2.eps
        and (layer.activation in (F.relu, F.gelu) or isinstance(layer.activation, ReLU | GELU))
    )


def _is_causal(mask: Mask, told: bool | None, x: Tensor, layer: Any) -> bool:
    """Does the mask hide exactly the later keys? Unless told."""
    if told is not None or mask is None:
        return bool(told)
    length = x.array.shape[1 if x.array.ndim == 3 and layer.self_attn.batch_first else 0]
    if mask.array.shape != (length, length) or mask.array.dtype.kind != "f" or mask.requires_grad:
        return False
    causal = Transformer.generate_square_subsequent_mask(length, dtype=mask.dtype)
    return bool((mask.array == causal.array).all())
