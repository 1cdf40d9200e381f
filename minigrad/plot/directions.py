"""The arrays behind pictures of the cost: directions to walk in, costs along them, and where a descent went.

All work on flat parameters, one vector of all weights, and on a function `cost(theta)` that gives one number for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import Array, array

Range = float | tuple[float, float]


def random_direction(parameters: Iterable[Any], seed: Any = 0, *, normalised: bool = True) -> Array:
    """A direction (P,) at random, float64, for parameters that have P numbers in all.

    If normalised, each neuron's (or filter's) part is as long as that neuron's weights, so that one step means the same
    in every layer and for networks whose weights differ in size; biases, and other parameters of one dimension, stay as
    they are. If not, all of it is drawn from the normal distribution and is as long as all parameters together.
    `seed` is a number or a numpy Generator.

    Source: H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018, section 4 (filter normalisation).

    >>> import numpy as np
    >>> step = random_direction([np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([0.5, 0.5])])
    >>> np.linalg.norm(step[:4].reshape(2, 2), axis=1).round(6).tolist(), (step[4:] == 0).all()
    ([5.0, 1.0], np.True_)
    """
    generator = np.random.default_rng(seed)
    parts, lengths = [], 0.0
    for parameter in parameters:
        values = np.atleast_1d(array(parameter)).astype(float)
        part: Array = generator.standard_normal(values.shape)
        if normalised:
            rows, own = part.reshape(len(part), -1), values.reshape(len(values), -1)
            size = np.linalg.norm(rows, axis=1, keepdims=True)
            wanted = np.linalg.norm(own, axis=1, keepdims=True) if values.ndim > 1 else np.zeros_like(size)
            part = rows * wanted / np.where(size > 0, size, 1)
        lengths += float((values**2).sum())
        parts.append(part.reshape(-1))
    if not parts:
        raise ValueError("random_direction got no parameters: give model.parameters()")
    whole = np.concatenate(parts)
    return whole if normalised else whole * np.sqrt(lengths) / np.linalg.norm(whole)


def principal_directions(path: Any) -> tuple[Array, Array, tuple[float, float]]:
    """The two directions (P,) in which a path (T, P) of parameters varies most, of length 1, and the shares of its
    variance along each.

    The plane through the last point along both is where a picture of the descent loses least. Even so, what a path does in
    13,000 dimensions is mostly smooth and long, so that its shares are high whatever was learned (J. Antognini and
    J. Sohl-Dickstein, PCA of high dimensional random walks, NeurIPS 2018). The sign is such that the path starts at
    positive numbers. ShapeError for a path of fewer than 3 points.

    Source: H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018, section 7.

    >>> first, second, shares = principal_directions([[2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> len(first), round(sum(shares), 6)
    (3, 1.0)
    """
    points = array(path).astype(float)
    if points.ndim != 2 or len(points) < 3:
        raise ShapeError(f"principal_directions got a path of shape {points.shape}: give at least 3 points, (T, P)")
    spread = points - points.mean(0)
    _, sizes, rows = np.linalg.svd(spread, full_matrices=False)
    if len(rows) < 2:
        raise ShapeError("principal_directions: parameters of one number have one direction only")
    rows = rows[:2] * np.where(rows[:2] @ (points[0] - points[-1]) < 0, -1, 1)[:, None]
    shares = sizes[:2] ** 2 / (float((sizes**2).sum()) or 1.0)
    return rows[0], rows[1], (float(shares[0]), float(shares[1]))


def path_in(path: Any, at: Any, *directions: Any) -> Array:
    """Where a path (T, P) is seen from in a line or plane through `at` (P,): the steps (T, number of directions) along the
    directions that come nearest to each point.

    The rest of the way, at right angles to the directions, is lost: two points that coincide here may be far apart.
    ShapeError if lengths differ.

    >>> path_in([[1.0, 2.0, 5.0], [0.0, 0.0, 0.0]], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]).round(6).tolist()
    [[-1.0, 2.0], [0.0, 0.0]]
    """
    points, centre = array(path).astype(float), array(at).astype(float)
    basis = np.stack([array(direction).astype(float) for direction in directions], 1)
    if points.ndim != 2 or centre.shape != points.shape[1:] or basis.shape[:1] != centre.shape:
        raise ShapeError(
            f"path_in got a path {points.shape}, a point {centre.shape} and directions of {basis.shape[0]} numbers: "
            "give (T, P), (P,) and (P,) each"
        )
    return np.asarray(np.linalg.lstsq(basis, (points - centre).T, rcond=None)[0].T)


def cost_line(
    cost: Callable[[Array], Any], at: Any, direction: Any, reach: Range = 1.0, n: int = 51
) -> tuple[Array, Array]:
    """The cost along a line: steps (n,), and cost(at + step · direction) for each, (n,).

    `reach` is how far to go both ways, or (from, to). The cost is called n times.

    >>> steps, costs = cost_line(lambda theta: (theta**2).sum(), [1.0, 0.0], [1.0, 0.0], reach=2, n=3)
    >>> steps.tolist(), costs.tolist()
    ([-2.0, 0.0, 2.0], [1.0, 1.0, 9.0])
    """
    centre, along = _parts(at, direction)
    steps = _steps(reach, n)
    return steps, np.array([_number(cost, centre, step * along) for step in steps])


def cost_grid(
    cost: Callable[[Array], Any],
    at: Any,
    first: Any,
    second: Any,
    reach: Range | tuple[tuple[float, float], tuple[float, float]] = 1.0,
    n: int = 25,
) -> tuple[Array, Array, Array]:
    """The cost on a plane: steps along the first direction (n,), along the second (n,), and the costs (n, n), in which
    costs[j, i] is cost(at + x[i] · first + y[j] · second).

    `reach` is how far to go both ways, or (from, to), or one such pair for each direction. The cost is called n² times.

    >>> x, y, costs = cost_grid(lambda theta: theta[0] + 10 * theta[1], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], (0, 1), n=2)
    >>> costs.tolist()
    [[0.0, 1.0], [10.0, 11.0]]
    """
    centre, along, across = _parts(at, first, second)
    pair = isinstance(reach, tuple) and isinstance(reach[0], tuple)
    x, y = (_steps(reach[k] if pair else reach, n) for k in range(2))  # type: ignore[index,arg-type]
    return x, y, np.array([[_number(cost, centre, i * along + j * across) for i in x] for j in y])


def _parts(at: Any, *directions: Any) -> tuple[Array, ...]:
    parts = tuple(array(part) for part in (at, *directions))
    if any(part.ndim != 1 or part.shape != parts[0].shape for part in parts):
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ShapeError(f"a point and directions of shapes {shapes}: give flat parameters of one length, (P,)")
    return parts


def _steps(reach: Range, n: int) -> Array:
    low, high = reach if isinstance(reach, tuple) else (-reach, reach)
    return np.linspace(low, high, n)


def _number(cost: Callable[[Array], Any], centre: Array, step: Array) -> float:
    """The cost there, for parameters of the dtype they have."""
    return float(cost((centre + step).astype(centre.dtype)))
