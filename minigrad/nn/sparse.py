"""Embeddings as modules: a learned row for each number."""

from __future__ import annotations

from typing import Any, Self

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Table(Module):
    """What `Embedding` and `EmbeddingBag` share: a table of rows, and what their options do to it."""

    weight: Parameter

    def _start(
        self,
        size: tuple[int, int],
        padding_idx: int | None,
        weight: Tensor | None,
        freeze: bool,
        dtype: DTypeLike | None,
    ) -> None:
        self.num_embeddings, self.embedding_dim = size
        if padding_idx is not None:
            if not -size[0] <= padding_idx < size[0]:
                raise ValueError(
                    f"{type(self).__name__}: padding_idx={padding_idx} must be within num_embeddings={size[0]}"
                )
            padding_idx %= size[0]
        self.padding_idx = padding_idx
        if weight is None:
            self.weight = Parameter(empty(*size, dtype=dtype), requires_grad=not freeze)
            self.reset_parameters()
        else:
            if tuple(weight.shape) != size:
                raise ValueError(
                    f"{type(self).__name__}: a weight of shape {tuple(weight.shape)} for {size[0]} rows of {size[1]}: its "
                    f"shape must be {size}"
                )
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the rows from the normal distribution anew; that of `padding_idx` is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0

    @classmethod
    def _of_rows(cls, embeddings: Tensor, freeze: bool, **options: Any) -> Self:
        if embeddings.array.ndim != 2:
            raise ValueError(
                f"{cls.__name__}.from_pretrained: a weight of shape {tuple(embeddings.shape)}: it must have two dimensions"
            )
        made: Self = cls(*embeddings.array.shape, _weight=embeddings, **options)  # type: ignore[call-arg]
        made.weight.requires_grad = not freeze
        return made


class Embedding(_Table):
    """A row of `embedding_dim` numbers for each of `num_embeddings`: integers (*) to (*, embedding_dim).

    The rows start normal, from the default generator, with PyTorch's numbers; row `padding_idx` starts at 0 and receives no
    gradient. Rows looked up are kept within `max_norm`; `scale_grad_by_freq` divides the gradient of a row by how often it
    was looked up; `sparse` is accepted, and gradients are dense.

    >>> from minigrad import nn, tensor
    >>> nn.Embedding(10, 3)(tensor([[1, 2, 4, 5]])).shape
    minigrad.Size([1, 4, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        self._start((num_embeddings, embedding_dim), padding_idx, _weight, _freeze, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """The rows that the integers name."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An embedding of given rows, (V, D), whose memory it shares; they do not learn unless `freeze` is False."""
        return cls._of_rows(
            embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, sparse=sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Its sizes, and the options that are not the default."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += ", scale_grad_by_freq=True"
        return text + (", sparse=True" if self.sparse else "")


class EmbeddingBag(_Table):
    """The sum, mean or max of an embedding's rows over each bag of integers: (B, n), or (n) with offsets (B), to (B, D).

    >>> from minigrad import nn, tensor
    >>> nn.EmbeddingBag(10, 3)(tensor([1, 2, 4, 5]), tensor([0, 3])).shape
    minigrad.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.mode, self.sparse, self.include_last_offset = mode, sparse, include_last_offset
        self._start((num_embeddings, embedding_dim), padding_idx, _weight, False, dtype)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """The rows of each bag, joined."""
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """One of given rows, (V, D), whose memory it shares; they do not learn unless `freeze` is False."""
        return cls._of_rows(
            embeddings, freeze, max_norm=max_norm, norm_type=norm_type, scale_grad_by_freq=scale_grad_by_freq, mode=mode,
            sparse=sparse, include_last_offset=include_last_offset, padding_idx=padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Its sizes, and the options that are not the default."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += ", scale_grad_by_freq=True"
        text += f", mode={self.mode!r}"
        return text + (f", padding_idx={self.padding_idx}" if self.padding_idx is not None else "")
