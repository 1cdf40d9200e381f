"""Distributions of probability, under the names of torch.distributions: to draw from, and to ask for probabilities.

A distribution, or a batch of them, is made of its parameters, tensors or numbers. `sample` draws, `rsample` draws so that
gradients reach the parameters, `log_prob` gives the logarithm of the density, `kl_divergence` compares two.

>>> import minigrad
>>> from minigrad.distributions import Categorical, Normal, kl_divergence
>>> _ = minigrad.manual_seed(0)
>>> Categorical(minigrad.tensor([0.1, 0.9])).sample((4,))
tensor([1, 1, 1, 1])
>>> kl_divergence(Normal(0.0, 1.0), Normal(0.0, 2.0))
tensor(0.3181)
"""

from minigrad.distributions import constraints, kl, transforms
from minigrad.distributions.bernoulli import Bernoulli
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.dirichlet import Dirichlet
from minigrad.distributions.distribution import Distribution, ExponentialFamily
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Chi2, Gamma
from minigrad.distributions.geometric import Geometric
from minigrad.distributions.half_normal import HalfNormal
from minigrad.distributions.independent import Independent
from minigrad.distributions.kl import kl_divergence, register_kl
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.log_normal import LogNormal
from minigrad.distributions.multinomial import Multinomial
from minigrad.distributions.multivariate_normal import MultivariateNormal
from minigrad.distributions.normal import Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.studentT import StudentT
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    SoftplusTransform,
    TanhTransform,
    Transform,
)
from minigrad.distributions.uniform import Uniform

__all__ = [
    "AffineTransform", "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "ComposeTransform", "Dirichlet",
    "Distribution", "ExpTransform", "Exponential", "ExponentialFamily", "Gamma", "Geometric", "HalfNormal", "Independent",
    "Laplace", "LogNormal", "Multinomial", "MultivariateNormal", "Normal", "OneHotCategorical", "Poisson", "PowerTransform",
    "SigmoidTransform", "SoftplusTransform", "StudentT", "TanhTransform", "Transform", "TransformedDistribution", "Uniform",
    "constraints", "kl", "kl_divergence", "register_kl", "transforms",
]  # fmt: skip
