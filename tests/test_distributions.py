"""minigrad.distributions: shapes, moments of samples, gradients through samples, errors, printing, divergences."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import distributions as d
from minigrad import tensor
from minigrad.testing import gradcheck

POS = tensor([0.5, 1.5, 3.0])
REAL = tensor([-1.0, 0.5, 2.0])
UNIT = tensor([0.2, 0.5, 0.7])
COV = tensor([[2.0, 0.5], [0.5, 1.0]])

CASES = {
    "Normal": lambda: d.Normal(REAL, POS),
    "LogNormal": lambda: d.LogNormal(REAL / 2, POS / 6),
    "HalfNormal": lambda: d.HalfNormal(POS),
    "Uniform": lambda: d.Uniform(REAL, REAL + POS),
    "Exponential": lambda: d.Exponential(POS),
    "Laplace": lambda: d.Laplace(REAL, POS),
    "Gamma": lambda: d.Gamma(POS, POS.flip(0)),
    "Chi2": lambda: d.Chi2(POS),
    "Beta": lambda: d.Beta(POS, POS.flip(0)),
    "Dirichlet": lambda: d.Dirichlet(POS),
    "StudentT": lambda: d.StudentT(POS + 6, REAL, POS),
    "Poisson": lambda: d.Poisson(POS),
    "Bernoulli": lambda: d.Bernoulli(UNIT),
    "Geometric": lambda: d.Geometric(UNIT),
    "Binomial": lambda: d.Binomial(5, UNIT),
    "Multinomial": lambda: d.Multinomial(6, logits=UNIT.log()),
    "OneHotCategorical": lambda: d.OneHotCategorical(UNIT),
    "MultivariateNormal": lambda: d.MultivariateNormal(tensor([1.0, -1.0]), COV),
    "of a precision": lambda: d.MultivariateNormal(tensor([1.0, -1.0]), precision_matrix=COV.inverse()),
    "of a factor": lambda: d.MultivariateNormal(tensor([1.0, -1.0]), scale_tril=COV.cholesky()),
    "Independent": lambda: d.Independent(d.Normal(REAL, POS), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_samples_have_the_moments(name):
    minigrad.manual_seed(0)
    distribution = CASES[name]()
    drawn = distribution.sample((20000,))
    assert drawn.shape == (20000, *distribution.batch_shape, *distribution.event_shape)
    spread = distribution.stddev
    assert ((drawn.mean(0) - distribution.mean).abs() < 0.06 * spread).all()
    assert ((drawn.var(0) / distribution.variance - 1).abs() < 0.25).all()
    assert distribution.sample_n(2).shape == distribution.sample((2,)).shape


@pytest.mark.parametrize("name", CASES)
def test_expansion(name):
    small = CASES[name]()
    wide = small.expand((2, *small.batch_shape))
    assert wide.batch_shape == (2, *small.batch_shape)
    minigrad.manual_seed(1)
    x = small.sample()
    assert wide.sample().shape == (2, *x.shape)
    assert wide.log_prob(x).allclose(small.log_prob(x).expand(tuple(wide.batch_shape)))


@pytest.mark.parametrize("name", CASES)
def test_entropy_is_the_mean_of_minus_log_prob(name):
    minigrad.manual_seed(2)
    distribution = CASES[name]()
    if name == "Poisson":
        with pytest.raises(NotImplementedError, match="Poisson has no entropy"):
            distribution.entropy()
        return
    estimate = -distribution.log_prob(distribution.sample((20000,))).mean(0)
    assert distribution.entropy().allclose(estimate, atol=0.08)
    assert distribution.perplexity().allclose(distribution.entropy().exp())


@pytest.mark.parametrize("name", ["Normal", "LogNormal", "HalfNormal", "Uniform", "Exponential", "Laplace", "Gamma"])
def test_cdf_and_its_inverse(name):
    minigrad.manual_seed(3)
    distribution = CASES[name]()
    drawn = distribution.sample((20000,))
    at = distribution.mean
    assert ((drawn <= at).float().mean(0) - distribution.cdf(at)).abs().max() < 0.02
    if name != "Gamma":
        assert distribution.icdf(distribution.cdf(at)).allclose(at, atol=1e-4)


def test_samples_have_gradients():
    """The mean of x grows with the parameter as the formula for it does."""
    for make, start in [(lambda a: d.Gamma(a, 2.0), 1.5), (lambda a: d.Beta(a, 2.0), 0.7), (lambda a: d.Normal(a, 1.0), 0.5),
                        (lambda a: d.Exponential(a), 2.0), (lambda a: d.Gamma(a, 1.0), 60.0), (lambda a: d.Laplace(1.0,
                        a), 2.0)]:  # fmt: skip
        minigrad.manual_seed(4)
        a = tensor(start, requires_grad=True)
        [found] = minigrad.autograd.grad(make(a).rsample((20000,)).mean(), a)
        [expected] = (
            minigrad.autograd.grad(make(a).mean, a, allow_unused=True) if make(a).mean.requires_grad else [tensor(0.0)]
        )
        assert abs(found.item() - expected.item()) < 0.03
    a = tensor(1.0, requires_grad=True)
    [slope] = minigrad.autograd.grad(d.Gamma(a, 1.0).rsample(), a, create_graph=True)
    with pytest.raises(NotImplementedError, match="differentiate once"):
        slope.backward()


def test_gamma_distribution_function():
    x, a = (
        tensor([0.5, 2.0, 30.0], dtype="float64", requires_grad=True),
        tensor([0.7, 2.0, 25.0], dtype="float64", requires_grad=True),
    )
    one = tensor(1.0, dtype="float64")
    gradcheck(lambda x, a: d.Gamma(a, one, validate_args=False).cdf(x), [x, a])
    assert d.Gamma(1.0, 1.0).cdf(tensor(2.0)).item() == pytest.approx(1 - np.exp(-2))


def test_log_prob_has_gradients_of_second_order():
    value = tensor([0.3, 0.4], dtype="float64")
    params = [
        tensor([0.5, 1.5], dtype="float64", requires_grad=True),
        tensor([1.2, 0.6], dtype="float64", requires_grad=True),
    ]
    for kind in (d.Normal, d.Laplace, d.Cauchy, d.Gamma, d.Beta, d.LogNormal):
        gradcheck(lambda a, b, k=kind: k(a, b).log_prob(value), params, order=2)
    gradcheck(lambda a: d.Categorical(logits=a).log_prob(tensor([0, 1])), params[:1], order=2)
    cov = tensor([[2.0, 0.5], [0.5, 1.0]], dtype="float64", requires_grad=True)
    gradcheck(lambda m, c: d.MultivariateNormal(m, (c + c.mT) / 2).log_prob(value), [params[0], cov], order=2)


# ── the discrete ones ────────────────────────────────────────────────────────────────────────────────────────────────


def test_categorical():
    probs = tensor([[0.25, 0.75], [1.0, 0.0]])
    choice = d.Categorical(probs)
    assert choice.sample((3, 4)).shape == (3, 4, 2)
    assert choice.param_shape == (2, 2)
    assert choice.mode.tolist() == [1, 0]
    assert choice.mean.isnan().all()
    assert choice.variance.isnan().all()
    assert choice.log_prob(tensor([1, 0])).exp().allclose(tensor([0.75, 1.0]))
    assert choice.log_prob(tensor([[1], [0]])).shape == (2, 2)
    assert choice.entropy().allclose(tensor([0.5623, 0.0]), atol=1e-4)
    assert choice.enumerate_support().tolist() == [[0, 0], [1, 1]]
    assert choice.enumerate_support(expand=False).tolist() == [[0], [1]]
    assert d.Categorical(logits=tensor([1.0, 1.0])).probs.tolist() == [0.5, 0.5]
    assert repr(choice.support) == "IntegerInterval(lower_bound=0, upper_bound=1)"


def test_sums_over_the_support_are_1():
    for distribution in (d.Bernoulli(UNIT), d.Binomial(4, UNIT), d.Categorical(UNIT), d.OneHotCategorical(UNIT)):
        values = distribution.enumerate_support(expand=False)
        total = distribution.log_prob(values).exp().sum(0)
        assert total.allclose(minigrad.ones(()).expand(tuple(distribution.batch_shape)))
    assert d.OneHotCategorical(UNIT).enumerate_support().shape == (3, 3)
    mixed = d.Binomial(tensor([1.0, 2.0]), 0.5)
    for call in (mixed.entropy, mixed.enumerate_support):
        with pytest.raises(NotImplementedError, match="Inhomogeneous total count"):
            call()
    assert d.Binomial(4, logits=REAL).mode.tolist() == [1, 3, 4]
    assert d.Bernoulli(logits=REAL).param_shape == (3,)


def test_modes():
    for distribution, mode in [
        (d.Normal(1.0, 2.0), 1), (d.HalfNormal(1.0), 0), (d.Exponential(1.0), 0), (d.Laplace(2.0, 1.0), 2),
        (d.Cauchy(2.0, 1.0), 2),
        (d.Gamma(3.0, 2.0), 1), (d.Beta(2.0, 2.0), 0.5), (d.Beta(0.5, 0.4), 1), (d.StudentT(3.0, 1.0), 1),
        (d.Poisson(2.5), 2),
        (d.Bernoulli(0.7), 1), (d.Geometric(0.5), 0), (d.LogNormal(0.0, 1.0), np.exp(-1)),
    ]:  # fmt: skip
        assert distribution.mode.item() == pytest.approx(mode)
    assert d.Uniform(0.0, 1.0).mode.isnan()
    assert d.Bernoulli(0.5).mode.isnan()
    assert d.Cauchy(0.0, 1.0).mean.isnan()
    assert d.Cauchy(0.0, 1.0).variance.item() == np.inf
    assert d.StudentT(tensor([0.5, 1.5])).variance.tolist()[1] == np.inf
    assert d.Dirichlet(tensor([2.0, 3.0])).mode.allclose(tensor([1 / 3, 2 / 3]))
    assert d.Dirichlet(tensor([0.2, 0.3])).mode.tolist() == [0, 1]
    assert d.OneHotCategorical(UNIT).mode.tolist() == [0, 0, 1]
    normal = d.MultivariateNormal(tensor([1.0, 2.0]), COV)
    assert d.Independent(normal.expand((2,)), 1).mode.shape == (2, 2)
    assert normal.mode.tolist() == [1, 2]
    assert normal.precision_matrix.allclose(COV.inverse())
    assert normal.scale_tril.allclose(COV.cholesky())
    assert d.MultivariateNormal(tensor([1.0, 2.0]), scale_tril=COV.cholesky()).covariance_matrix.allclose(COV)
    assert d.StudentT(3.0).mean.item() == 0


# ── transforms ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "transform",
    [
        d.ExpTransform(), d.SigmoidTransform(), d.TanhTransform(), d.SoftplusTransform(), d.AffineTransform(1.0, -2.0),
        d.PowerTransform(2.0), d.AffineTransform(tensor([1.0]), tensor([2.0])),
        d.ComposeTransform([d.AffineTransform(0.5, 2.0), d.SigmoidTransform()]), d.ExpTransform().inv,
    ],
)  # fmt: skip
def test_transforms(transform):
    x = tensor([0.5, 1.0], requires_grad=True)
    y = transform(x)
    assert transform.inv(y).allclose(x)
    assert transform.inv.inv == transform
    assert transform.inv.inv(x).equal(y)
    assert hash(transform.inv) == hash(transform.inv)
    assert transform.inv == transform.inv
    assert transform != d.Transform()
    [slope] = minigrad.autograd.grad(y.sum(), x)
    stretch = transform.log_abs_det_jacobian(x, y)
    assert stretch.allclose(slope.abs().log(), atol=1e-5)
    assert transform.inv.log_abs_det_jacobian(y, x).allclose(-stretch)
    assert (
        transform.forward_shape((2,)) == transform.inv.inverse_shape((2,)) == transform.inv.forward_shape((2,)) == (2,)
    )
    assert repr(transform)


def test_what_a_transform_has_to_say():
    x = tensor(0.0)
    for call in (lambda t: t(x), lambda t: t.inv(x), lambda t: t.log_abs_det_jacobian(x, x)):
        with pytest.raises(NotImplementedError, match="Transform does not say how"):
            call(d.Transform())
    assert d.ComposeTransform([]).log_abs_det_jacobian(tensor(2.0), x).item() == 0
    assert d.AffineTransform(tensor(0.0), tensor(-1.0)).sign.item() == -1


def test_transformed_distributions():
    falling = d.TransformedDistribution(d.Exponential(1.0), [d.AffineTransform(0.0, -1.0)])
    assert falling.cdf(tensor(-1.0)).item() == pytest.approx(np.exp(-1))
    assert falling.icdf(tensor(0.25)).item() == pytest.approx(np.log(0.25))
    assert falling.has_rsample
    assert falling.rsample((3,)).shape == (3,)
    assert falling.sample().item() < 0
    assert repr(falling) == "TransformedDistribution()"
    vectors = d.TransformedDistribution(d.Normal(minigrad.zeros(2, 3), 1.0), d.AffineTransform(1.0, 2.0, event_dim=1))
    assert (vectors.batch_shape, vectors.event_shape) == ((2,), (3,))
    assert vectors.log_prob(minigrad.ones(2, 3)).shape == (2,)
    assert vectors.expand((4, 2)).sample().shape == (4, 2, 3)
    none = d.TransformedDistribution(d.Normal(0.0, 1.0), [])
    assert none.log_prob(tensor(0.0)).equal(d.Normal(0.0, 1.0).log_prob(tensor(0.0)))
    with pytest.raises(ValueError, match="must be a Transform or list of Transforms"):
        d.TransformedDistribution(d.Normal(0.0, 1.0), [3])


# ── errors, printing ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: d.Normal(0.0, -1.0),
         "Expected parameter scale .Tensor of shape ... of distribution Normal.loc: 0.0, scale: -1.0."),
        (lambda: d.Normal("a", 1.0), "is a number or a tensor, not a str"),
        (lambda: d.Normal(minigrad.zeros(2), minigrad.ones(3)), "do not broadcast"),
        (lambda: d.Uniform(1.0, 0.0), "not defined when low >= high"),
        (lambda: d.Bernoulli(), "Either `probs` or `logits`"),
        (lambda: d.Geometric(0.0), "positive but found invalid values"),
        (lambda: d.Categorical(tensor(0.5)), "`probs` parameter must be at least one-dimensional"),
        (lambda: d.Dirichlet(tensor(0.5)), "at least one-dimensional"),
        (lambda: d.MultivariateNormal(tensor(0.5), COV), "at least one-dimensional"),
        (lambda: d.MultivariateNormal(tensor([0.5]), tensor([1.0])), "at least two-dimensional"),
        (lambda: d.MultivariateNormal(tensor([0.5])), "Exactly one of"),
        (lambda: d.MultivariateNormal(tensor([0.5, 0.5]), -COV), "PositiveDefinite"),
        (lambda: d.MultivariateNormal(tensor([0.5, 0.5]), scale_tril=COV), "LowerCholesky"),
        (lambda: d.Normal(0.0, 1.0).log_prob(1.0), "must be a Tensor, not a float"),
        (lambda: d.Normal(minigrad.zeros(2), 1.0).log_prob(minigrad.zeros(3)), "not broadcastable"),
        (lambda: d.Dirichlet(POS).log_prob(minigrad.ones(2)), "right-most size of value"),
        (lambda: d.Exponential(1.0).log_prob(tensor(-1.0)), "to be within the support .GreaterThanEq.lower_bound=0.0.. of"),
        (lambda: d.Multinomial(3, UNIT).log_prob(tensor([1.0, 1.0, 0.0])), "Multinomial.."),
        (lambda: d.OneHotCategorical(UNIT).log_prob(tensor([1.0, 1.0, 0.0])), "OneHot.."),
        (lambda: d.Independent(d.Normal(0.0, 1.0), 1), "actual 1 vs 0"),
        (lambda: d.Distribution.set_default_validate_args(3), "True or False"),
    ],
)  # fmt: skip
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_there_is_no_formula_for():
    none = d.Distribution()
    for call in (none.rsample, none.entropy, none.enumerate_support, lambda: none.cdf(REAL), lambda: none.icdf(REAL),
                 lambda: none.log_prob(REAL), lambda: none.mean, lambda: none.mode, lambda: none.variance):  # fmt: skip
        with pytest.raises(NotImplementedError, match="Distribution has no"):
            call()
    with pytest.raises(NotImplementedError, match="inhomogeneous total_count"):
        d.Multinomial(tensor([1, 2]), UNIT)


def test_validation_can_be_switched_off():
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    d.Distribution.set_default_validate_args(False)
    try:
        d.Normal(0.0, -1.0)
    finally:
        d.Distribution.set_default_validate_args(True)
    assert d.constraints.interval(0, 1).check(tensor([0.5, 2.0])).tolist() == [True, False]
    for made in (
        d.constraints.greater_than(0),
        d.constraints.integer_interval(0, 2),
        d.constraints.multinomial(2),
        d.constraints.real,
    ):
        assert isinstance(made, d.constraints.Constraint)
    for name in ("real_vector", "positive", "nonnegative", "unit_interval", "boolean", "nonnegative_integer",
    "one_hot", "simplex",
                 "positive_definite", "lower_cholesky", "independent", "greater_than_eq"):  # fmt: skip
        assert hasattr(d.constraints, name)


def test_printing():
    assert repr(d.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert repr(d.Categorical(UNIT)) == "Categorical(probs: minigrad.Size([3]))"
    assert repr(d.Independent(d.Exponential(POS), 1)) == "Independent(Exponential(rate: minigrad.Size([3])), 1)"


def test_modules_are_where_pytorch_has_them():
    from minigrad.distributions import (  # noqa: F401
        beta,
        binomial,
        categorical,
        chi2,
        geometric,
        kl,
        multinomial,
        multivariate_normal,
        normal,
        transforms,
        uniform,
    )  # fmt: skip

    assert categorical.Categorical is d.Categorical
    assert kl.kl_divergence is d.kl_divergence
    assert transforms.ExpTransform is d.ExpTransform
    assert issubclass(d.Gamma, d.ExponentialFamily)


# ── divergences ──────────────────────────────────────────────────────────────────────────────────────────────────────

PAIRS = [
    (d.Normal(0.0, 1.0), d.Normal(1.0, 2.0)), (d.Laplace(0.0, 1.0), d.Laplace(1.0, 2.0)), (d.Cauchy(0.0, 1.0),
    d.Cauchy(1.0, 2.0)),
    (d.HalfNormal(1.0), d.HalfNormal(2.0)), (d.Exponential(1.0), d.Exponential(2.0)), (d.Gamma(2.0, 1.0), d.Gamma(1.5, 2.0)),
    (d.Poisson(2.0), d.Poisson(3.0)), (d.Uniform(0.0, 1.0), d.Uniform(-1.0, 2.0)), (d.Beta(2.0, 3.0), d.Beta(1.5, 1.0)),
    (d.Dirichlet(POS), d.Dirichlet(POS.flip(0))), (d.Bernoulli(0.3), d.Bernoulli(0.6)), (d.Binomial(4, 0.3),
    d.Binomial(4, 0.6)),
    (d.Geometric(0.3), d.Geometric(0.6)), (d.Categorical(UNIT), d.Categorical(POS)), (d.OneHotCategorical(UNIT),
    d.OneHotCategorical(POS)),
    (d.MultivariateNormal(minigrad.zeros(2), COV), d.MultivariateNormal(minigrad.ones(2), minigrad.eye(2))),
    (d.Independent(d.Normal(REAL, POS), 1), d.Independent(d.Normal(0 * REAL, 2.0), 1)), (d.LogNormal(0.0, 1.0),
    d.LogNormal(1.0, 2.0)),
    (d.Uniform(0.0, 1.0), d.Normal(1.0, 2.0)), (d.Normal(0.0, 1.0), d.Laplace(1.0, 2.0)), (d.Laplace(0.0, 1.0),
    d.Normal(1.0, 2.0)),
    (d.Exponential(1.0), d.Gamma(1.5, 2.0)), (d.Gamma(2.0, 1.0), d.Exponential(2.0)), (d.Exponential(1.0),
    d.Normal(1.0, 2.0)),
]  # fmt: skip


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=[f"{type(p).__name__}-{type(q).__name__}" for p, q in PAIRS])
def test_divergence_is_the_mean_of_the_difference(p, q):
    minigrad.manual_seed(6)
    x = p.sample((20000,))
    estimate = (p.log_prob(x) - q.log_prob(x)).mean(0)
    assert d.kl_divergence(p, q).allclose(estimate, rtol=0.08, atol=0.03)


def test_divergences_without_a_value():
    assert d.kl_divergence(d.Normal(0.0, 1.0), d.Beta(1.0, 1.0)).item() == np.inf
    assert d.kl_divergence(d.Bernoulli(0.5), d.Bernoulli(0.0)).item() == np.inf
    assert d.kl_divergence(d.Binomial(4, 0.5), d.Binomial(3, 0.5)).item() == np.inf
    bases = d.Independent(d.Normal(REAL, POS), 1), d.Independent(d.Normal(REAL.expand(2, 3), POS), 2)
    for p, q in [(d.Normal(0.0, 1.0), d.Categorical(UNIT)), (d.Binomial(3, 0.5), d.Binomial(4, 0.5)), bases,
                 (d.LogNormal(0.0, 1.0), d.TransformedDistribution(d.Normal(0.0, 1.0), d.TanhTransform()))]:  # fmt: skip
        with pytest.raises(NotImplementedError):
            d.kl_divergence(p, q)
    with pytest.raises(ValueError, match="different event shapes"):
        d.kl_divergence(
            d.MultivariateNormal(minigrad.zeros(2), COV), d.MultivariateNormal(minigrad.zeros(1), minigrad.eye(1))
        )


def test_register_kl():
    class Own(d.Normal):
        """A normal distribution of one's own."""

    assert d.kl_divergence(Own(0.0, 1.0), d.Normal(0.0, 1.0)).item() == 0

    @d.register_kl(Own, d.Normal)
    def _seven(p, q):
        return tensor(7.0)

    assert d.kl_divergence(Own(0.0, 1.0), d.Normal(0.0, 1.0)).item() == 7
    with pytest.raises(TypeError, match="Expected a subclass of Distribution"):
        d.register_kl(int, d.Normal)
