"""Einstein's summation, by way of products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError, not_a_tensor
from minigrad.ops.shape import dimension
from minigrad.views import as_result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products of elements, summed over the subscripts that the result does not have.

    "ij,jk->ik" is the product of matrices. A subscript that an operand has twice takes its diagonal; "..." stands for the
    dimensions that are not named, which broadcast. Without "->" the result has the subscripts that occur once, in
    alphabetical order. Instead of an equation, each operand may be followed by a list of numbers:
    einsum(x, [0, 1], y, [1, 2], [0, 2]).

    ShapeError if the sizes of a subscript differ, RuntimeError for an equation that cannot be read.

    >>> from minigrad import einsum, ones
    >>> einsum("bij,bjk->bik", ones(2, 3, 4), ones(2, 4, 5)).shape
    minigrad.Size([2, 3, 5])
    """
    if not isinstance(equation, str):
        equation, operands = from_sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    for x in operands:
        if not hasattr(x, "_version"):
            raise not_a_tensor("einsum", x)
    labels, output, rest = parsed(equation, operands)
    terms = _promoted(operands)
    terms = [spread(x, names, rest) for x, names in zip(terms, labels)]
    labels = [rest + names.replace(".", "") if "." in names else names for names in labels]
    pairs = [diagonal_of(x, names) for x, names in zip(terms, labels)]
    sizes = checked_sizes(equation, pairs)
    while len(pairs) > 1:
        pairs = contracted(pairs, output, sizes)
    [(x, names)] = pairs
    gone = tuple(i for i, name in enumerate(names) if name not in output)
    if gone:
        x = x.sum(gone)
        names = "".join(name for name in names if name in output)
    order = tuple(names.index(name) for name in output)
    if order != tuple(range(len(order))):
        return x.permute(order)
    return x.clone() if any(x is operand for operand in operands) else x


def from_sublists(arguments: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """einsum(x, [0, 1], y, [1, 2], [0, 2]) as an equation and operands."""

    def word(numbers: Any) -> str:
        letters = []
        for n in numbers:
            if n is Ellipsis:
                letters.append("...")
            elif isinstance(n, int) and 0 <= n < len(LETTERS):
                letters.append(LETTERS[n])
            else:
                raise RuntimeError(
                    f"einsum: not a valid subscript in a list: {n!r}; use whole numbers in the range [0, 52)"
                )
        return "".join(letters)

    whole = len(arguments) // 2 * 2
    equation = ",".join(word(numbers) for numbers in arguments[1:whole:2])
    if len(arguments) > whole:
        equation += "->" + word(arguments[-1])
    return equation, tuple(arguments[:whole:2])


def parsed(equation: str, operands: Sequence[Tensor]) -> tuple[list[str], str, str]:
    """The subscripts of each operand ("." for the ellipsis), those of the result, and those that stand for the ellipsis.

    These are characters that no equation has, one per dimension, the last dimension last.
    """
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    words = left.split(",")
    if len(words) != len(operands):
        fact = "fewer operands were provided than specified in the equation"
        if len(words) < len(operands):
            fact = "more operands were provided than specified in the equation"
        raise RuntimeError(f"einsum(): {fact} {equation!r}: {len(operands)} for {len(words)}")
    labels, deepest = [], 0
    for i, (word, x) in enumerate(zip(words, operands)):
        names = _word(word, equation, f"operand {i}")
        named = len(names.replace(".", ""))
        free = x.array.ndim - named
        if free < 0 or (free and "." not in names):
            way = "" if "." in names or free < 0 else ', or "..." for those that are not named'
            raise ShapeError(
                f"einsum(): operand {i} of {equation!r} has {named} subscript(s), {word!r}, but {x.array.ndim} "
                f"dimension(s), shape {tuple(x.array.shape)}: give one subscript per dimension{way}"
            )
        deepest = max(deepest, free)
        labels.append(names)
    rest = "".join(chr(0x2460 + i) for i in range(deepest))
    used = "".join(labels).replace(".", "")
    if not arrow:
        return labels, rest + "".join(sorted(name for name in set(used) if used.count(name) == 1)), rest
    names = _word(right, equation, "the result")
    for name in names:
        if name != "." and name not in used:
            raise RuntimeError(
                f"einsum(): the subscript {name!r} of the result of {equation!r} occurs in no operand: leave it out"
            )
        if names.count(name) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {name} appears more than once in the output of {equation!r}"
            )
    return labels, names.replace(".", rest), rest


def _word(word: str, equation: str, where: str) -> str:
    """The subscripts of one operand, its ellipsis as "."."""
    names = word.replace("...", ".", 1)
    for name in names:
        if name != "." and name not in LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at {where} of {equation!r}: {name!r}; subscripts must be in [a-zA-Z]"
            )
    if names.count(".") > 1 or ("." in names and "..." not in word):
        raise RuntimeError(f'einsum(): a "." at {where} of {equation!r} is no part of an ellipsis: write "..." once')
    return names


def _promoted(operands: Sequence[Tensor]) -> list[Tensor]:
    """Operands in one type."""
    first = operands[0]
    for x in operands[1:]:
        first, _ = first._pair(x)
    kind = first.array.dtype
    return [x if x.array.dtype is kind else x.to(kind) for x in operands]


def spread(x: Tensor, names: str, rest: str) -> Tensor:
    """An operand with as many dimensions for its ellipsis as any has, in front."""
    if "." not in names:
        return x
    at = names.index(".")
    free = x.array.ndim - len(names) + 1
    order = (*range(at, at + free), *range(at), *range(at + free, x.array.ndim))
    if order != tuple(range(x.array.ndim)):
        x = x.permute(order)
    missing = len(rest) - free
    return x.reshape((1,) * missing + tuple(x.array.shape)) if missing else x


def diagonal_of(x: Tensor, names: str) -> tuple[Tensor, str]:
    """An operand without repeated subscripts: of these, the diagonal."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            n, m = x.array.shape[i], x.array.shape[j]
            if n != m:
                raise ShapeError(
                    f"einsum(): subscript {name} is repeated in one operand, but its sizes {n} and {m} differ: "
                    "a diagonal needs equal ones"
                )
            x = x.movedim(j, -1).movedim(i, -2).flatten(-2)[..., :: n + 1]
            names = names[:i] + names[i + 1 : j] + names[j + 1 :] + name
    return x, names


def checked_sizes(equation: str, pairs: Sequence[tuple[Tensor, str]]) -> dict[str, int]:
    """The size of each subscript: 1 gives way to any other."""
    sizes: dict[str, int] = {}
    for i, (x, names) in enumerate(pairs):
        for name, n in zip(names, x.array.shape):
            if sizes.setdefault(name, n) != n:
                if 1 not in (n, sizes[name]):
                    what = f"subscript {name}" if name in LETTERS else 'a dimension of "..."'
                    raise ShapeError(
                        f"einsum(): operands do not broadcast: operand {i} of {equation!r}, of shape {tuple(x.array.shape)}, "
                        f"has size {n} for {what}, an earlier one {sizes[name]}: they must be equal or 1"
                    )
                sizes[name] = max(n, sizes[name]) if 0 not in (n, sizes[name]) else 0
    return sizes


def contracted(pairs: list[tuple[Tensor, str]], output: str, sizes: dict[str, int]) -> list[tuple[Tensor, str]]:
    """The operands after the two whose product is smallest have been multiplied."""
    best: Any = None
    n = len(pairs)
    for i in range(n):
        for j in range(i + 1, n):
            kept = _kept(pairs, i, j, output)
            size = prod(sizes[name] for name in kept)
            if best is None or size < best[0]:
                best = size, i, j, kept
    _, i, j, kept = best
    product = multiplied(pairs[i], pairs[j], kept, sizes)
    return [product, *(pair for k, pair in enumerate(pairs) if k not in (i, j))]


def _kept(pairs: Sequence[tuple[Tensor, str]], i: int, j: int, output: str) -> set[str]:
    """The subscripts of two operands that the result or another operand has too."""
    others = set(output).union(*(names for k, (_, names) in enumerate(pairs) if k not in (i, j)))
    return (set(pairs[i][1]) | set(pairs[j][1])) & others


def multiplied(
    one: tuple[Tensor, str], two: tuple[Tensor, str], kept: set[str], sizes: dict[str, int]
) -> tuple[Tensor, str]:
    """The product of two operands, summed over what is not kept: a product of matrices, batched over what both have."""
    a, left = _without(*one, two[1], kept, sizes)
    b, right = _without(*two, left, kept, sizes)
    a, left = _without(a, left, right, kept, sizes)
    batch = [name for name in left if name in right and name in kept]
    inner = [name for name in left if name in right and name not in kept]
    rows = [name for name in left if name not in right]
    columns = [name for name in right if name not in left]
    if not inner and not (rows and columns):  # nothing to sum: elementwise
        names = "".join((*batch, *rows, *columns))
        return _aligned(a, left, names) * _aligned(b, right, names), names
    a = _matrices(a, left, batch, rows, inner)
    b = _matrices(b, right, batch, inner, columns)
    shape = [sizes[name] for name in (*batch, *rows, *columns)]
    return as_result(a._matmul(b).reshape(tuple(shape))), "".join((*batch, *rows, *columns))


def _without(x: Tensor, names: str, others: str, kept: set[str], sizes: dict[str, int]) -> tuple[Tensor, str]:
    """An operand without the dimensions that only it has and nobody wants, and without sizes of 1 that are to broadcast."""
    gone = tuple(i for i, name in enumerate(names) if name not in others and name not in kept)
    if gone:
        x, names = x.sum(gone), "".join(name for i, name in enumerate(names) if i not in gone)
    ones = tuple(i for i, name in enumerate(names) if x.array.shape[i] == 1 != sizes[name] and name in others)
    if ones:
        x = x._as_view(tuple(n for i, n in enumerate(x.array.shape) if i not in ones))
        names = "".join(name for i, name in enumerate(names) if i not in ones)
    short = [x.array.shape[i] != sizes[name] for i, name in enumerate(names)]
    return (x.expand(tuple(sizes[name] for name in names)), names) if any(short) else (x, names)


def _aligned(x: Tensor, names: str, wanted: str) -> Tensor:
    """An operand with its dimensions in the wanted order, and 1 for those that it lacks."""
    order = tuple(names.index(name) for name in wanted if name in names)
    if order != tuple(range(len(order))):
        x = x.permute(order)
    sizes = iter(x.array.shape)
    shape = tuple(next(sizes) if name in names else 1 for name in wanted)
    return x.reshape(shape) if shape != tuple(x.array.shape) else x


def _matrices(x: Tensor, names: str, *groups: list[str]) -> Tensor:
    """An operand with its dimensions in three groups, the last two flattened: a batch of matrices."""
    order = tuple(names.index(name) for group in groups for name in group)
    if order != tuple(range(len(order))):
        x = x.permute(order)
    batch, rows = len(groups[0]), len(groups[1])
    shape = x.array.shape
    new = (*shape[:batch], prod(shape[batch : batch + rows]), prod(shape[batch + rows :]))
    return x.reshape(new) if new != tuple(shape) else x


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The products of two tensors' elements, summed over the last `dims` dimensions of one and the first of the other, or
    over those in two lists.

    ShapeError if their sizes differ.

    >>> from minigrad import ones, tensordot
    >>> tensordot(ones(2, 3, 4), ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    minigrad.Size([2, 5])
    """
    if hasattr(dims, "_version"):
        dims = dims.tolist()
    if isinstance(dims, int | np.integer):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.array.ndim, b.array.ndim):
            raise RuntimeError(
                f"tensordot expects dims <= ndim of both tensors, but got dims={dims} for shapes "
                f"{tuple(a.shape)} and {tuple(b.shape)}"
            )
        dims = list(range(a.array.ndim - dims, a.array.ndim)), list(range(dims))
    one, two = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(one) != len(two):
        raise RuntimeError(f"tensordot: both dimension lists should have same length, not {one} and {two}")
    one = [dimension(a, d, "tensordot") for d in one]
    two = [dimension(b, d, "tensordot") for d in two]
    for i, j in zip(one, two):
        n, m = a.array.shape[i], b.array.shape[j]
        if n != m and 1 not in (n, m):
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {n} in dim {i} and second has size {m} "
                f"in dim {j} (shapes {tuple(a.shape)} and {tuple(b.shape)})"
            )
    left, right = list(LETTERS[: a.array.ndim]), list(LETTERS[26 : 26 + b.array.ndim])
    for i, j in zip(one, two):
        right[j] = left[i]
    kept = [x for i, x in enumerate(left) if i not in one] + [x for j, x in enumerate(right) if j not in two]
    result = einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", a, b)
    return result if out is None else out.copy_(result)
