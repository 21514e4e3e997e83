"""Probability distributions."""

from . import supports
from .distribution import Distribution, Option, Parameter, Part
from .divergences import kl_divergence, register_kl
from .normal import Normal

__all__ = [
    "Distribution",
    "Normal",
    "Option",
    "Parameter",
    "Part",
    "kl_divergence",
    "register_kl",
    "supports",
]
