"""Heads: layers whose output is a distribution."""

from .distribution_lambda import DistributionLambda
from .normal import IndependentNormal, MixtureNormal

__all__ = ["DistributionLambda", "IndependentNormal", "MixtureNormal"]
