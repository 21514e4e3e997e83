"""Probability distributions."""

from . import supports
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution, Option, Parameter, Part
from .divergences import cross_entropy, kl_divergence, register_kl
from .independent import Independent
from .laplace import Laplace
from .log_normal import LogNormal
from .mixture_same_family import MixtureSameFamily, register_mixture_formula
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .poisson import Poisson
from .uniform import Uniform

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Independent",
    "Laplace",
    "LogNormal",
    "MixtureSameFamily",
    "Normal",
    "OneHotCategorical",
    "Option",
    "Parameter",
    "Part",
    "Poisson",
    "Uniform",
    "cross_entropy",
    "kl_divergence",
    "register_kl",
    "register_mixture_formula",
    "supports",
]
