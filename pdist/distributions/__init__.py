"""Probability distributions."""

from .base import supports
from .base.distribution import Distribution
from .base.parameters import Option, Param, Part
from .continuous.arcsine import Arcsine
from .continuous.asymmetric_laplace import AsymmetricLaplace
from .continuous.cauchy import Cauchy
from .continuous.continuous_bernoulli import ContinuousBernoulli
from .continuous.exponential import Exponential
from .continuous.gamma import Chisquare, Gamma
from .continuous.gumbel import Gumbel
from .continuous.half_cauchy import HalfCauchy
from .continuous.half_normal import HalfNormal
from .continuous.kumaraswamy import Kumaraswamy
from .continuous.laplace import Laplace
from .continuous.log_normal import LogNormal
from .continuous.log_uniform import LogUniform
from .continuous.logistic import Logistic
from .continuous.logit_normal import LogitNormal
from .continuous.moyal import Moyal
from .continuous.normal import Normal
from .continuous.relaxed_bernoulli import RelaxedBernoulli
from .continuous.student_t import StudentT
from .continuous.triangular import Triangular
from .continuous.uniform import Uniform
from .discrete.bernoulli import Bernoulli
from .discrete.categorical import Categorical
from .discrete.poisson import Poisson
from .divergences import exponential_family, intervals, location_scale, unlike_pairs, wrappers
from .divergences.registry import cross_entropy, kl_divergence, register_kl
from .multivariate.one_hot_categorical import OneHotCategorical
from .wrappers.independent import Independent
from .wrappers.mixture_same_family import MixtureSameFamily

__all__ = [
    "Arcsine",
    "AsymmetricLaplace",
    "Bernoulli",
    "Categorical",
    "Cauchy",
    "Chisquare",
    "ContinuousBernoulli",
    "Distribution",
    "Exponential",
    "Gamma",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "Kumaraswamy",
    "Laplace",
    "LogNormal",
    "LogUniform",
    "Logistic",
    "LogitNormal",
    "MixtureSameFamily",
    "Moyal",
    "Normal",
    "OneHotCategorical",
    "Option",
    "Param",
    "Part",
    "Poisson",
    "RelaxedBernoulli",
    "StudentT",
    "Triangular",
    "Uniform",
    "cross_entropy",
    "kl_divergence",
    "register_kl",
    "supports",
]
