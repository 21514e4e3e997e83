"""Probability distributions."""

from .base import supports
from .base.distribution import Distribution
from .base.parameters import Option, Param, Part
from .continuous.cauchy import Cauchy
from .continuous.exponential import Exponential
from .continuous.gamma import Chisquare, Gamma
from .continuous.gumbel import Gumbel
from .continuous.laplace import Laplace
from .continuous.log_normal import LogNormal
from .continuous.logistic import Logistic
from .continuous.normal import Normal
from .continuous.student_t import StudentT
from .continuous.uniform import Uniform
from .discrete.bernoulli import Bernoulli
from .discrete.categorical import Categorical
from .discrete.poisson import Poisson
from .divergences import exponential_family, location_scale, unlike_pairs, wrappers
from .divergences.registry import cross_entropy, kl_divergence, register_kl
from .multivariate.one_hot_categorical import OneHotCategorical
from .wrappers.independent import Independent
from .wrappers.mixture_same_family import MixtureSameFamily

__all__ = [
    "Bernoulli",
    "Categorical",
    "Cauchy",
    "Chisquare",
    "Distribution",
    "Exponential",
    "Gamma",
    "Gumbel",
    "Independent",
    "Laplace",
    "LogNormal",
    "Logistic",
    "MixtureSameFamily",
    "Normal",
    "OneHotCategorical",
    "Option",
    "Param",
    "Part",
    "Poisson",
    "StudentT",
    "Uniform",
    "cross_entropy",
    "kl_divergence",
    "register_kl",
    "supports",
]
