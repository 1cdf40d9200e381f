"""NumPy without a framework: the gradients worked out on paper.

`plain` is what one writes after reading the formulas. `buffers` is what one writes who knows NumPy well:

* no memory is asked for inside a step: every call has an `out`;
* all weights lie in one vector, and all gradients in another: the optimizer's step is a few calls for all of them;
* constants are arrays, and functions local names, which saves a conversion and a look-up per call.

`best` goes further, and lays out the data and the weights anew for the purpose:

* activations stand in columns, with a row of ones below them, and images have a column of ones: the bias is a column of
  the weight matrix, so that its sum and its gradient are part of the products that are there anyway;
* sigmoid(z) is 1 / (1 + exp(-z)): the weights are kept with their signs turned, and the minus costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import DECAY, EPOCH_CHECKED, LEARNING_RATES, Array, Case, Data, NotHere, Task, weights

REPEATED = 200


def build(way: str, case: Case, data: Data) -> Task:
    """A case, `plain`, `buffers` or `best`."""
    # exp(-z) overflows to infinity for z below -88, and 1 / (1 + inf) is 0, as it should be: said to NumPy once and for all,
    # because a `with np.errstate` in every step would cost more than a call on a small array
    np.seterr(over="ignore")
    if case.letter == "f":
        return one_operation(case, data)
    if case.letter == "i":
        return epoch(way, case, data)
    makers = {
        ("plain", "a"): plain_digits,
        ("buffers", "a"): buffered_digits,
        ("best", "a"): best_digits,
        ("plain", "b"): plain_mlp,
        ("best", "b"): best_mlp,
    }
    return makers[way, case.letter](data)


def parameters(data: Data) -> list[Array]:
    """Copies of the starting weights, in order."""
    return [array.copy() for array in weights(data).values()]


# ── the digit network ────────────────────────────────────────────────────────────────────────────────────────────────


def plain_digits(data: Data) -> Task:
    """(a), plainly."""
    w1, b1, w2, b2, w3, b3 = theta = parameters(data)
    xs, ys, rate = list(data["x"]), list(data["y"]), LEARNING_RATES["a"]

    def step(i: int) -> float:
        x, y = xs[i % len(xs)], ys[i % len(ys)]
        a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))
        a2 = 1 / (1 + np.exp(-(a1 @ w2.T + b2)))
        a3 = 1 / (1 + np.exp(-(a2 @ w3.T + b3)))
        difference = a3 - y
        cost = (difference * difference).sum() / len(x)
        d3 = difference * (2 / len(x)) * a3 * (1 - a3)
        d2 = d3 @ w3 * a2 * (1 - a2)
        d1 = d2 @ w2 * a1 * (1 - a1)
        gradients = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))
        for parameter, gradient in zip(theta, gradients, strict=True):
            parameter -= rate * gradient
        return float(cost)

    return Task(step)


def buffered_digits(data: Data) -> Task:
    """(a), into buffers, with one vector of parameters."""
    xs, ys = list(data["x"]), list(data["y"])
    n = len(xs[0])
    shapes = [array.shape for array in weights(data).values()]
    theta = np.concatenate([array.reshape(-1) for array in weights(data).values()])
    gradient, change = np.empty_like(theta), np.empty_like(theta)
    ends = np.cumsum([array.size for array in weights(data).values()])[:-1]

    def parts(vector: Array) -> list[Array]:
        return [part.reshape(shape) for part, shape in zip(np.split(vector, ends), shapes, strict=True)]

    (w1, b1, w2, b2, w3, b3), (g1, h1, g2, h2, g3, h3) = parts(theta), parts(gradient)
    r1, r2, r3 = b1, b2, b3
    spread = 1 < n <= 128  # arrays of one shape: NumPy takes longer to set up a broadcast than a copy
    if spread:
        r1, r2, r3 = (np.empty((n, len(row)), np.float32) for row in (b1, b2, b3))
    elif n == 1:
        r1, r2, r3 = b1[None], b2[None], b3[None]
    w1t, w2t, w3t = w1.T, w2.T, w3.T
    a1, a2, a3, d1, d2, d3, e1, e2, difference = (
        np.empty((n, columns), np.float32) for columns in (16, 16, 10, 16, 16, 10, 16, 16, 10)
    )
    d1t, d2t, d3t, flat = d1.T, d2.T, d3.T, difference.reshape(-1)
    ones, one = np.ones(n, np.float32), np.array(1, np.float32)
    scale, rate = np.array(2 / n, np.float32), np.array(LEARNING_RATES["a"], np.float32)
    add, negative, exp, reciprocal = np.add, np.negative, np.exp, np.reciprocal
    subtract, multiply = np.subtract, np.multiply

    def step(i: int) -> float:
        x, y = xs[i % len(xs)], ys[i % len(ys)]
        if spread:
            r1[...], r2[...], r3[...] = b1, b2, b3
        x.dot(w1t, a1)
        add(a1, r1, a1)
        negative(a1, a1)
        exp(a1, a1)
        add(a1, one, a1)
        reciprocal(a1, a1)
        a1.dot(w2t, a2)
        add(a2, r2, a2)
        negative(a2, a2)
        exp(a2, a2)
        add(a2, one, a2)
        reciprocal(a2, a2)
        a2.dot(w3t, a3)
        add(a3, r3, a3)
        negative(a3, a3)
        exp(a3, a3)
        add(a3, one, a3)
        reciprocal(a3, a3)
        subtract(a3, y, difference)
        cost = float(flat.dot(flat)) / n
        multiply(difference, scale, difference)
        subtract(one, a3, d3)
        multiply(d3, a3, d3)
        multiply(d3, difference, d3)
        d3.dot(w3, e2)
        d3t.dot(a2, g3)
        ones.dot(d3, h3)
        subtract(one, a2, d2)
        multiply(d2, a2, d2)
        multiply(d2, e2, d2)
        d2.dot(w2, e1)
        d2t.dot(a1, g2)
        ones.dot(d2, h2)
        subtract(one, a1, d1)
        multiply(d1, a1, d1)
        multiply(d1, e1, d1)
        d1t.dot(x, g1)
        ones.dot(d1, h1)
        multiply(gradient, rate, change)
        subtract(theta, change, theta)
        return cost

    return Task(step)


class BestDigits:
    """The digit network's step for one size of batch, as quick as NumPy goes. Images carry a 785th column of ones."""

    def __init__(self, data: Data, size: int, rate: float, decay: float = 0.0) -> None:
        shapes = ((16, 785), (16, 17), (10, 17))
        self.theta, self.gradient = (np.empty(sum(a * b for a, b in shapes), np.float32) for _ in range(2))
        w1, w2, w3 = self.matrices = cut(self.theta, shapes)
        g1, g2, g3 = cut(self.gradient, shapes)
        layers = list(weights(data).values())
        for matrix, weight, bias in zip(self.matrices, layers[::2], layers[1::2], strict=True):
            matrix[:, :-1], matrix[:, -1] = -weight, -bias

        def columns(rows: int) -> Array:
            return np.ones((rows, size), np.float32)

        h1, h2, a3 = columns(17), columns(17), columns(10)  # the last row of h1 and h2 stays a row of ones
        a1, a2 = h1[:16], h2[:16]
        d1, d2, d3, e1, e2, difference = (columns(rows) for rows in (16, 16, 10, 16, 16, 10))
        self.outputs = a3
        lines = np.empty((size, 16), np.float32)
        turned, w1t = lines.T, w1.T
        h1t, h2t, flat = h1.T, h2.T, difference.reshape(-1)
        back2, back3 = w2[:, :16].T, w3[:, :16].T
        one, scale = np.array(1, np.float32), np.array(2 * rate / size, np.float32)
        theta, gradient, first = self.theta, self.gradient, w1[:, :-1]
        keep = np.array(1 - rate * decay, np.float32) if decay else None
        add, exp, reciprocal, subtract, multiply = np.add, np.exp, np.reciprocal, np.subtract, np.multiply

        def step(x: Array, y: Array) -> float:
            """A step on images (N, 785) and what is wanted of them, (10, N); the cost."""
            x.dot(w1t, lines)  # BLAS is quicker with images in rows: turned over by the calls on either side
            exp(turned, a1)
            add(a1, one, a1)
            reciprocal(a1, a1)
            w2.dot(h1, a2)
            exp(a2, a2)
            add(a2, one, a2)
            reciprocal(a2, a2)
            w3.dot(h2, a3)
            exp(a3, a3)
            add(a3, one, a3)
            reciprocal(a3, a3)
            subtract(a3, y, difference)
            cost = float(flat.dot(flat)) / size
            # d3 is -rate · a (1 - a) (a - y) 2/N: its sign is turned, and so are the weights', so that e2 has the right one,
            # and (a - 1) a e2 is turned again; what is subtracted in the end is then -rate times the gradient, as it must be
            subtract(a3, one, d3)
            multiply(d3, a3, d3)
            multiply(d3, difference, d3)
            multiply(d3, scale, d3)
            back3.dot(d3, e2)
            d3.dot(h2t, g3)
            subtract(a2, one, d2)
            multiply(d2, a2, d2)
            multiply(d2, e2, d2)
            back2.dot(d2, e1)
            d2.dot(h1t, g2)
            subtract(a1, one, d1)
            multiply(d1, a1, d1)
            multiply(d1, e1, turned)
            turned.dot(x, g1)
            if keep is not None:
                multiply(first, keep, first)
            subtract(theta, gradient, theta)
            return cost

        self.step = step


def cut(vector: Array, shapes: tuple[tuple[int, int], ...]) -> list[Array]:
    """A vector as matrices, one behind the other, without copying."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


def with_ones(x: Array) -> Array:
    """Images with a further column of ones."""
    return np.concatenate([x, np.ones((*x.shape[:-1], 1), np.float32)], -1)


def best_digits(data: Data) -> Task:
    """(a), as quick as NumPy goes."""
    xs = list(with_ones(data["x"]))
    ys = [np.ascontiguousarray(y.T) for y in data["y"]]
    run = BestDigits(data, len(xs[0]), LEARNING_RATES["a"]).step
    return Task(lambda i: run(xs[i % len(xs)], ys[i % len(ys)]))


# ── the MLP with Adam ────────────────────────────────────────────────────────────────────────────────────────────────


def plain_mlp(data: Data) -> Task:
    """(b), plainly."""
    w1, b1, w2, b2, w3, b3 = theta = parameters(data)
    means, squares = [np.zeros_like(p) for p in theta], [np.zeros_like(p) for p in theta]
    xs, ys, rate, steps = list(data["x"]), list(data["y"]), LEARNING_RATES["b"], 0

    def step(i: int) -> float:
        nonlocal steps
        x, y = xs[i % len(xs)], ys[i % len(ys)]
        n = len(x)
        a1 = np.maximum(x @ w1.T + b1, 0)
        a2 = np.maximum(a1 @ w2.T + b2, 0)
        scores = a2 @ w3.T + b3
        powers = np.exp(scores - scores.max(1, keepdims=True))
        d3 = powers / powers.sum(1, keepdims=True)
        cost = -np.log(d3[np.arange(n), y]).mean()
        d3[np.arange(n), y] -= 1
        d3 /= n
        d2 = d3 @ w3 * (a2 > 0)
        d1 = d2 @ w2 * (a1 > 0)
        gradients = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))
        steps += 1
        for p, g, m, v in zip(theta, gradients, means, squares, strict=True):
            m += (1 - 0.9) * (g - m)
            v += (1 - 0.999) * (g * g - v)
            p -= rate / (1 - 0.9**steps) * m / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)
        return float(cost)

    return Task(step)


def best_mlp(data: Data) -> Task:
    """(b), as quick as NumPy goes.

    Adam's averages are kept without their factors 1 - β, which go into the step's length, and its passes over the weights go
    piece by piece, so that a piece stays in the cache from the first pass to the last.
    """
    shapes = ((512, 785), (256, 513), (10, 257))
    count = sum(a * b for a, b in shapes)
    theta, gradient, means, squares = (np.zeros(count, np.float32) for _ in range(4))
    w1, w2, w3 = cut(theta, shapes)
    g1, g2, g3 = cut(gradient, shapes)
    layers = list(weights(data).values())
    for matrix, weight, bias in zip((w1, w2, w3), layers[::2], layers[1::2], strict=True):
        matrix[:, :-1], matrix[:, -1] = weight, bias
    xs = list(with_ones(data["x"]))
    n = len(xs[0])

    def columns(rows: int, kind: Any = np.float32) -> Array:
        return np.ones((rows, n), kind)

    h1, h2, scores = columns(513), columns(257), columns(10)
    a1, a2, h1t, h2t = h1[:512], h2[:256], h1.T, h2.T
    d1, d2, m1, m2 = columns(512), columns(256), columns(512, np.bool_), columns(256, np.bool_)
    top, total = np.empty(n, np.float32), np.empty(n, np.float32)
    back2, back3 = w2[:, :512].T, w3[:, :256].T
    flat = scores.reshape(-1)
    places = [y * n + np.arange(n) for y in data["y"]]  # where the right answers stand in the scores
    zero, share = np.array(0, np.float32), np.array(1 / n, np.float32)
    beta1, beta2, one = np.array(0.9, np.float32), np.array(0.999, np.float32), np.array(1, np.float32)
    length, epsilon = np.empty((), np.float32), np.empty((), np.float32)
    cuts = range(PIECE, count, PIECE)
    work = np.empty(PIECE, np.float32)
    pieces = [
        (p, g, m, v, work[: len(p)])
        for p, g, m, v in zip(*(np.split(a, cuts) for a in (theta, gradient, means, squares)), strict=True)
    ]
    rate, steps = LEARNING_RATES["b"], 0
    add, subtract, multiply, divide, sqrt = np.add, np.subtract, np.multiply, np.divide, np.sqrt
    maximum, greater, exp, add_up, highest = np.maximum, np.greater, np.exp, np.add.reduce, np.maximum.reduce

    def step(i: int) -> float:
        nonlocal steps
        x, place = xs[i % len(xs)], places[i % len(xs)]
        w1.dot(x.T, a1)
        maximum(a1, zero, out=a1)
        w2.dot(h1, a2)
        maximum(a2, zero, out=a2)
        w3.dot(h2, scores)
        highest(scores, 0, None, top)
        subtract(scores, top, scores)
        right = flat[place]
        exp(scores, scores)
        add_up(scores, 0, None, total)
        divide(scores, total, scores)
        cost = float((np.log(total) - right).mean())
        flat[place] -= one
        multiply(scores, share, scores)
        back3.dot(scores, d2)
        scores.dot(h2t, g3)
        greater(a2, zero, m2)
        multiply(d2, m2, d2)
        back2.dot(d2, d1)
        d2.dot(h1t, g2)
        greater(a1, zero, m1)
        multiply(d1, m1, d1)
        d1.dot(x, g1)
        steps += 1
        root = ((1 - 0.999**steps) / (1 - 0.999)) ** 0.5
        length[()] = rate * (1 - 0.9) / (1 - 0.9**steps) * root
        epsilon[()] = 1e-8 * root
        for p, g, m, v, w in pieces:
            multiply(m, beta1, m)
            add(m, g, m)
            multiply(g, g, g)
            multiply(v, beta2, v)
            add(v, g, v)
            sqrt(v, w)
            add(w, epsilon, w)
            divide(m, w, w)
            multiply(w, length, w)
            subtract(p, w, p)
        return cost

    return Task(step)


PIECE = 32_768  # numbers: five such pieces of float32 are 640 KB, less than a core's second cache


# ── (f) one operation, (i) an epoch ──────────────────────────────────────────────────────────────────────────────────


def one_operation(case: Case, data: Data) -> Task:
    """The operation alone: what is left when nothing is remembered."""
    name, backward = case.size
    if backward:
        raise NotHere("NumPy has no way back")
    a, b = data["x"]
    function = {
        "add": lambda: a + b,
        "mul": lambda: a * b,
        "matmul 2x2": lambda: a @ b,
        "sum": lambda: a.sum(),
        "index": lambda: a[0],
    }[name]
    repeats = range(REPEATED)

    def step(i: int) -> Any:
        for _ in repeats:
            out = function()
        return out

    return Task(step, lambda out: 0.0, REPEATED, lambda n: [float(function().sum())])


def epoch(way: str, case: Case, data: Data) -> Task:
    """An epoch of batches: slices in order, rows by index when shuffled, or the training loop."""
    images, rows, labels = data["x"], data["y"], data["labels"]
    size, count = 10, len(images)
    random = np.random.default_rng(0)
    if case.size != "train":
        if way == "best":
            raise NotHere("there is one way only")

        def batches(i: int) -> float:
            total = 0
            if case.size == "order":
                for start in range(0, count, size):
                    x, y = images[start : start + size], rows[start : start + size]
                    total += len(x) + len(y)
            else:
                for batch in random.permutation(count).reshape(-1, size):
                    x, y = images[batch], rows[batch]
                    total += len(x) + len(y)
            return float(total)

        return Task(batches, first=lambda n: [batches(0)])
    rate = LEARNING_RATES["i"]
    if way == "best":
        wide, run = with_ones(images), BestDigits(data, size, rate, DECAY)

        def train_best(order: Array) -> float:
            total, hits = 0.0, 0
            for batch in order.reshape(-1, size):
                total += run.step(wide.take(batch, 0), rows.take(batch, 0).T) * size
                hits += int((run.outputs.argmax(0) == labels.take(batch)).sum())
            return total / len(order)

        return Task(
            lambda i: train_best(random.permutation(count)), first=lambda n: [train_best(np.arange(EPOCH_CHECKED))]
        )

    w1, b1, w2, b2, w3, b3 = theta = parameters(data)

    def train(order: Array) -> float:
        total, hits = 0.0, 0
        for batch in order.reshape(-1, size):
            x, y, wanted = images[batch], rows[batch], labels[batch]
            a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))
            a2 = 1 / (1 + np.exp(-(a1 @ w2.T + b2)))
            a3 = 1 / (1 + np.exp(-(a2 @ w3.T + b3)))
            difference = a3 - y
            cost = (difference * difference).sum() / len(x)
            d3 = difference * (2 / len(x)) * a3 * (1 - a3)
            d2 = d3 @ w3 * a2 * (1 - a2)
            d1 = d2 @ w2 * a1 * (1 - a1)
            gradients = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))
            w1[...] -= rate * DECAY * w1
            for parameter, gradient in zip(theta, gradients, strict=True):
                parameter -= rate * gradient
            total += float(cost) * len(x)
            hits += int((a3.argmax(1) == wanted).sum())
        return total / len(order)

    return Task(lambda i: train(random.permutation(count)), first=lambda n: [train(np.arange(EPOCH_CHECKED))])
