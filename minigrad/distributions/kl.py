"""Kullback and Leibler's divergence of one distribution from another."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as np

from minigrad.distributions.bernoulli import Bernoulli, Geometric
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.dirichlet import Dirichlet
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.half_normal import HalfNormal
from minigrad.distributions.independent import Independent, sum_rightmost
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.multivariate_normal import MultivariateNormal
from minigrad.distributions.normal import Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.uniform import Uniform
from minigrad.tensor import Tensor

INF = float("inf")
EULER = 0.57721566490153286060
_formulas: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """A decorator: the function gives `kl_divergence(p, q)` for these types, and for subclasses without their own.

    TypeError for what is no type of distribution.
    """
    for kind in (type_p, type_q):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected a subclass of Distribution but got {kind}")

    def register(function: Any) -> Any:
        _formulas[type_p, type_q] = function
        return function

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """E[log p(x) - log q(x)] for x of p, per distribution of the batch. NotImplementedError for pairs without a formula.

    >>> from minigrad import distributions as d
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0))
    tensor(0.5000)
    """
    for left in type(p).__mro__:
        for right in type(q).__mro__:
            if (left, right) in _formulas:
                return _formulas[left, right](p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}: "
        "estimate it from samples, (p.log_prob(x) - q.log_prob(x)).mean(), or give a formula with register_kl"
    )


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, off = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + off / q.scale + ratio * (-off / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    """Source: F. Chyzak and F. Nielsen, 2019."""
    return ((p.scale + q.scale).square() + (p.loc - q.loc).square()).log() - (4 * p.scale * q.scale).log()


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio - 1 - ratio.log())


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * a.digamma() + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate.xlogy(p.rate) - p.rate.xlogy(q.rate) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    outside = (q.low > p.low) | (q.high < p.high)
    return ((q.high - q.low) / (p.high - p.low)).log().masked_fill(outside, INF)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    total = a + b
    sizes = c.lgamma() + d.lgamma() + total.lgamma() - (c + d).lgamma() - a.lgamma() - b.lgamma()
    return sizes + (a - c) * a.digamma() + (b - d) * b.digamma() + (c + d - total) * total.digamma()


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    sizes = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return sizes + ((a - b) * (a.digamma() - total.unsqueeze(-1).digamma())).sum(-1)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    yes = p.probs * ((-q.logits).softplus(threshold=INF) - (-p.logits).softplus(threshold=INF))
    no = (1 - p.probs) * (q.logits.softplus(threshold=INF) - p.logits.softplus(threshold=INF))
    yes = yes.masked_fill(q.probs == 0, INF).masked_fill(p.probs == 0, 0)
    no = no.masked_fill(q.probs == 1, INF).masked_fill(p.probs == 1, 0)
    return yes + no


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count.array < q.total_count.array).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented: estimate it from samples"
        )
    found = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return found.masked_fill(p.total_count > q.total_count, INF)


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, INF).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categorical(p._categorical, q._categorical)  # type: ignore[no-any-return]


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two Multivariate Normals with different event shapes, {tuple(p.event_shape)} and "
            f"{tuple(q.event_shape)}, cannot be computed"
        )
    spread = q._factor._solve_triangular(p._factor, False, False).square().sum((-2, -1))
    off = q._factor._solve_triangular((q.loc - p.loc).unsqueeze(-1), False, False).square().sum((-2, -1))
    return q._half_log_det() - p._half_log_det() + 0.5 * (spread + off - p.event_shape[0])  # type: ignore[no-any-return]


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence of Independents of different reinterpreted_batch_ndims")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "kl_divergence of two distributions under different transforms: estimate it from samples"
        )
    extra = len(p.event_shape) - len(p.base_dist.event_shape)
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), extra)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width = p.high - p.low
    off = ((p.high + p.low - 2 * q.loc) / 2).square()
    return ((2 * pi) ** 0.5 * q.scale / width).log() + 0.5 * (width.square() / 12 + off) / q.scale.square()  # type: ignore[no-any-return]


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    off, ratio = p.loc - q.loc, p.scale / q.scale
    z = off / p.scale
    mean = (2 / pi) ** 0.5 * p.scale * (-0.5 * z.square()).exp() + off * (z * 0.5**0.5).erf()
    return -ratio.log() + mean / q.scale - (0.5 + 0.5 * log(0.5 * pi))  # type: ignore[no-any-return]


@register_kl(Laplace, Normal)
def _laplace_normal(p: Laplace, q: Normal) -> Tensor:
    variance = q.scale.square()
    off = 0.5 * (p.loc - q.loc).square() / variance
    ratio = p.scale.square() / variance
    return -0.5 * (2 * ratio / pi).log() + ratio + off - 1


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    ratio = q.rate / p.rate
    return -q.concentration * ratio.log() + ratio + q.concentration.lgamma() + q.concentration * EULER - (1 + EULER)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Exponential, Normal)
def _exponential_normal(p: Exponential, q: Normal) -> Tensor:
    variance = q.scale.square()
    rate_sqr = p.rate.square()
    moments = (p.rate.pow(-2) - q.loc / p.rate + q.loc.square() / 2) / variance
    return 0.5 * (rate_sqr * variance * 2 * pi).log() - 1 + moments


def _infinite(p: Distribution, q: Distribution) -> Tensor:
    """p has values that q never has."""
    shape = np.broadcast_shapes(tuple(p.batch_shape), tuple(q.batch_shape))
    parameter: Any = next(p.__dict__[name] for name in p.arg_constraints if name in p.__dict__)
    return parameter.new_full(shape, INF)  # type: ignore[no-any-return]


for _left, _rights in (
    (Normal, (Beta, Exponential, Gamma, Uniform)),
    (Laplace, (Beta, Exponential, Gamma, Uniform)),
    (Exponential, (Beta, Uniform)),
    (Gamma, (Beta, Uniform)),
    (Poisson, (Bernoulli, Binomial)),
):
    for _right in _rights:
        register_kl(_left, _right)(_infinite)
