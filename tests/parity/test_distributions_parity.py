"""torch.distributions: log_prob, entropy, cdf, moments, divergences, and, from one seed, samples."""

from __future__ import annotations

import numpy as np
import pytest
from agree import agree, both_fail

P3 = np.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]], "float32")
POS, REAL, UNIT = (
    np.array([0.5, 1.5, 3.0], "float32"), np.array([-1.0, 0.5, 2.0], "float32"), np.array([0.2, 0.5, 0.7], "float32"),
)  # fmt: skip
COUNT = np.array([0.0, 2.0, 4.0], "float32")
A = np.random.default_rng(1).standard_normal((3, 3))
COV = (A @ A.T + np.eye(3)).astype("float32")

CASES = {
    "Normal": (lambda d, a, b: d.Normal(a, b), [REAL, POS], REAL),
    "LogNormal": (lambda d, a, b: d.LogNormal(a, b), [REAL, POS], POS),
    "HalfNormal": (lambda d, a: d.HalfNormal(a), [POS], POS),
    "Uniform": (lambda d, a, b: d.Uniform(a, a + b), [REAL, POS], REAL + 0.25),
    "Exponential": (lambda d, a: d.Exponential(a), [POS], POS + 1),
    "Laplace": (lambda d, a, b: d.Laplace(a, b), [REAL, POS], REAL + 0.3),
    "Cauchy": (lambda d, a, b: d.Cauchy(a, b), [REAL, POS], REAL + 0.3),
    "Gamma": (lambda d, a, b: d.Gamma(a, b), [POS, POS[::-1].copy()], POS + 1),
    "Chi2": (lambda d, a: d.Chi2(a), [POS], POS + 1),
    "Beta": (lambda d, a, b: d.Beta(a, b), [POS, POS[::-1].copy()], UNIT),
    "Dirichlet": (lambda d, a: d.Dirichlet(a), [POS], P3),
    "StudentT": (lambda d, a, b, c: d.StudentT(a, b, c), [POS, REAL, POS], REAL + 0.1),
    "Poisson": (lambda d, a: d.Poisson(a), [POS], COUNT),
    "Bernoulli": (lambda d, a: d.Bernoulli(a), [UNIT], np.array([0.0, 1.0, 1.0], "float32")),
    "Bernoulli of logits": (lambda d, a: d.Bernoulli(logits=a), [REAL], np.array([0.0, 1.0, 1.0], "float32")),
    "Geometric": (lambda d, a: d.Geometric(a), [UNIT], COUNT),
    "Geometric of logits": (lambda d, a: d.Geometric(logits=a), [REAL], COUNT),
    "Binomial": (lambda d, a: d.Binomial(5, a), [UNIT], COUNT),
    "Binomial of logits": (lambda d, a: d.Binomial(5, logits=a), [REAL], COUNT),
    "Multinomial": (lambda d, a: d.Multinomial(6, a), [P3], np.array([[1, 2, 3], [0, 6, 0]], "float32")),
    "Categorical": (lambda d, a: d.Categorical(a), [P3], np.array([2, 0])),
    "Categorical of logits": (lambda d, a: d.Categorical(logits=a), [P3], np.array([2, 0])),
    "OneHotCategorical": (lambda d, a: d.OneHotCategorical(a), [P3], np.eye(3, dtype="float32")[:2]),
    "MultivariateNormal": (lambda d, a, b: d.MultivariateNormal(a, b), [REAL, COV], P3),
    "of a precision": (lambda d, a, b: d.MultivariateNormal(a, precision_matrix=b), [REAL, COV], P3),
    "of a factor": (lambda d, a, b: d.MultivariateNormal(a, scale_tril=b.tril().abs()), [REAL, COV], P3),
    "Independent": (lambda d, a, b: d.Independent(d.Normal(a, b), 1), [REAL, POS], REAL),
    "logistic": (
        lambda d, a, b: d.TransformedDistribution(
            d.Uniform(0 * a, 0 * b + 1), [d.SigmoidTransform().inv, d.AffineTransform(a, b)]
        ),
        [REAL, POS],
        REAL + 0.3,
    ),
    "squashed": (lambda d, a, b: d.TransformedDistribution(d.Normal(a, b), [d.TanhTransform()]), [REAL, POS], UNIT),
}
QUESTIONS = ["log_prob", "cdf", "entropy", "mean", "variance", "stddev", "mode", "probs", "logits", "covariance_matrix",
             "precision_matrix", "scale_tril", "icdf"]  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_answers(name, question):
    import torch

    make, arrays, value = CASES[name]
    theirs = make(torch.distributions, *map(torch.tensor, arrays))
    given = {"icdf": [UNIT]}.get(question, [value] if question in ("log_prob", "cdf") else [])

    def ask(t, *x):
        answer = getattr(make(t.distributions, *x[: len(arrays)]), question)
        return answer(*(t.tensor(v) for v in given)) if callable(answer) else answer

    try:
        ask(torch, *map(torch.tensor, arrays))
    except (NotImplementedError, AttributeError):
        return
    assert theirs.event_shape is not None
    grad = not (question == "cdf" and name in ("Gamma", "Chi2"))  # which PyTorch lacks
    agree(ask, *arrays, rtol=1e-3, atol=1e-4, grad=grad)
    if not given:
        agree(lambda t, *x: ask(t, *[y.double() for y in x]), *arrays, rtol=1e-3, atol=1e-4, grad=grad)


@pytest.mark.parametrize("name", CASES)
def test_shapes_and_expansion(name):
    make, arrays, value = CASES[name]

    def shapes(t, *x):
        d = make(t.distributions, *x)
        wide = d.expand((4, *d.batch_shape))
        events = len(d.event_shape)
        one = value if value.ndim == len(d.batch_shape) + events else value[0]
        assert wide.log_prob(t.tensor(one)).shape == wide.batch_shape
        return [tuple(y) for y in (d.batch_shape, d.event_shape, d.sample().shape, d.sample((2, 5)).shape,
                                   wide.batch_shape, wide.event_shape, wide.sample().shape)]  # fmt: skip

    agree(shapes, *arrays, grad=False)


SAME = ["Normal", "LogNormal", "HalfNormal", "Uniform", "Exponential", "Laplace", "Cauchy", "Bernoulli",
"Bernoulli of logits",
        "Geometric", "Categorical", "Categorical of logits", "OneHotCategorical", "Multinomial", "MultivariateNormal",
        "Independent", "logistic", "squashed"]  # fmt: skip


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (30, 2)])
def test_one_seed_gives_the_same_samples(name, shape):
    make, arrays, _ = CASES[name]

    def drawn(t, *x):
        t.manual_seed(5)
        d = make(t.distributions, *x)
        return [d.sample(shape), d.sample(shape), *([d.rsample(shape)] if d.has_rsample else [])]

    agree(drawn, *arrays, rtol=1e-3, atol=1e-4)


KL = [
    ("Normal", "Normal"), ("Laplace", "Laplace"), ("Cauchy", "Cauchy"), ("HalfNormal", "HalfNormal"), ("Exponential",
    "Exponential"),
    ("Gamma", "Gamma"), ("Poisson", "Poisson"), ("Uniform", "Uniform"), ("Beta", "Beta"), ("Dirichlet", "Dirichlet"),
    ("Bernoulli", "Bernoulli"), ("Bernoulli of logits", "Bernoulli"), ("Binomial", "Binomial"), ("Geometric", "Geometric"),
    ("Categorical", "Categorical of logits"), ("OneHotCategorical", "OneHotCategorical"), ("MultivariateNormal",
    "of a precision"),
    ("Independent", "Independent"), ("LogNormal", "LogNormal"), ("Uniform", "Normal"), ("Normal", "Laplace"),
    ("Laplace", "Normal"),
    ("Exponential", "Gamma"), ("Gamma", "Exponential"), ("Normal", "Beta"), ("Poisson", "Bernoulli"), ("Exponential",
    "Normal"), ("Chi2", "Gamma"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), KL)
def test_divergences(one, two):
    (make, arrays, _), (make2, arrays2, _) = CASES[one], CASES[two]
    n = len(arrays)
    others = [a[::-1].copy() * 0.9 if a is not COV else a + np.eye(3, dtype="float32") for a in arrays2]
    agree(
        lambda t, *x: t.distributions.kl_divergence(make(t.distributions, *x[:n]), make2(t.distributions, *x[n:])),
        *arrays, *others, rtol=1e-3, atol=1e-4,
    )  # fmt: skip


def test_divergence_at_the_ends():
    zero, one = np.array([0.0, 1.0, 0.0, 0.5], "float32"), np.array([0.5, 0.5, 0.0, 1.0], "float32")
    d = "distributions"
    agree(
        lambda t, p, q: t.distributions.kl_divergence(t.distributions.Bernoulli(p), t.distributions.Bernoulli(q)),
        zero,
        one,
        grad=False,
    )
    agree(
        lambda t, p, q: t.distributions.kl_divergence(t.distributions.Categorical(p), t.distributions.Categorical(q)),
        zero,
        one,
        grad=False,
    )
    agree(
        lambda t: getattr(t, d).kl_divergence(getattr(t, d).Uniform(0.0, 2.0), getattr(t, d).Uniform(0.0, 1.0)),
        grad=False,
    )
    agree(
        lambda t: getattr(t, d).kl_divergence(
            getattr(t, d).Binomial(5, t.tensor(0.5)), getattr(t, d).Binomial(4, t.tensor(0.5))
        ),
        grad=False,
    )


def test_support():
    for name in ("Categorical", "Bernoulli", "Binomial", "OneHotCategorical"):
        make, arrays, _ = CASES[name]
        for expand in (True, False):
            agree(
                lambda t, *x, m=make, e=expand: m(t.distributions, *x).enumerate_support(expand=e), *arrays, grad=False
            )


TRANSFORMS = [
    lambda d: d.ExpTransform(), lambda d: d.SigmoidTransform(), lambda d: d.TanhTransform(), lambda d: d.SoftplusTransform(),
    lambda d: d.AffineTransform(1.0, -2.0), lambda d: d.AffineTransform(1.0, 2.0, event_dim=1),
    lambda d: d.PowerTransform(2.0),
    lambda d: d.ComposeTransform([d.AffineTransform(0.5, 2.0), d.SigmoidTransform()]), lambda d: d.ExpTransform().inv,
]  # fmt: skip


@pytest.mark.parametrize("make", TRANSFORMS)
def test_transforms(make):
    agree(lambda t, x: make(t.distributions)(x), POS)
    agree(lambda t, x: make(t.distributions).inv(make(t.distributions)(x)), POS)
    agree(lambda t, x: make(t.distributions).log_abs_det_jacobian(x, make(t.distributions)(x)), POS)
    agree(lambda t: repr(make(t.distributions)) if "Affine" not in repr(make(t.distributions)) else "", grad=False)


def test_printing():
    for name in ("Normal", "Uniform", "Exponential", "Categorical", "Bernoulli", "Independent", "MultivariateNormal"):
        make, arrays, _ = CASES[name]
        agree(lambda t, *x, m=make: repr(m(t.distributions, *x)).replace("minigrad", "torch"), *arrays, grad=False)
    agree(lambda t: repr(t.distributions.Normal(0.0, 1.0)), grad=False)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.distributions.Normal(0.0, -1.0), lambda t: t.distributions.Uniform(1.0, 0.0),
        lambda t: t.distributions.Bernoulli(1.5), lambda t: t.distributions.Bernoulli(),
        lambda t: t.distributions.Geometric(0.0),
        lambda t: t.distributions.Bernoulli(0.5, 0.5), lambda t: t.distributions.Categorical(t.tensor([-1.0, 2.0])),
        lambda t: t.distributions.Categorical(t.tensor(0.5)), lambda t: t.distributions.Normal("a", 1.0),
        lambda t: t.distributions.Normal(0.0, 1.0).log_prob(1.0), lambda t: t.distributions.Normal(t.zeros(2),
        1.0).log_prob(t.zeros(3)),
        lambda t: t.distributions.Exponential(1.0).log_prob(t.tensor(-1.0)),
        lambda t: t.distributions.Categorical(t.ones(3)).log_prob(t.tensor(3)),
        lambda t: t.distributions.Normal(t.zeros(2), t.ones(3)), lambda t: t.distributions.Categorical(t.ones(2)).rsample(),
        lambda t: t.distributions.Normal(0.0, 1.0).enumerate_support(),
        lambda t: t.distributions.Independent(t.distributions.Normal(0.0, 1.0), 1),
        lambda t: t.distributions.kl_divergence(t.distributions.Normal(0.0, 1.0), t.distributions.Categorical(t.ones(2))),
        lambda t: t.distributions.MultivariateNormal(t.zeros(2)),
        lambda t: t.distributions.MultivariateNormal(t.zeros(2), -t.eye(2)),
        lambda t: t.distributions.MultivariateNormal(t.tensor(0.0), t.eye(1)),
        lambda t: t.distributions.Multinomial(t.tensor([1, 2]), t.ones(2)),
        lambda t: t.distributions.Dirichlet(t.tensor(1.0)), lambda t: t.distributions.Beta(0.0, 1.0),
        lambda t: t.distributions.TransformedDistribution(t.distributions.Normal(0.0, 1.0), 3),
        lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.ones(2)),
    ],
)  # fmt: skip
def test_refused(call):
    both_fail(call)
