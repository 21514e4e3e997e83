"""Probability distributions."""

from . import supports
from .bernoulli import Bernoulli
from .distribution import Distribution, Option, Parameter, Part
from .divergences import kl_divergence, register_kl
from .laplace import Laplace
from .log_normal import LogNormal
from .normal import Normal
from .uniform import Uniform

__all__ = [
    "Bernoulli",
    "Distribution",
    "Laplace",
    "LogNormal",
    "Normal",
    "Option",
    "Parameter",
    "Part",
    "Uniform",
    "kl_divergence",
    "register_kl",
    "supports",
]
