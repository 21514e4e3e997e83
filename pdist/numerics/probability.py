"""Probabilities and rates that may be 0, their logarithms and differences."""

from __future__ import annotations

import math

from .. import functions as F
from ..autograd import Variable, differentiable, zero
from .differences import deviance, log_ratio


def or_infinite(F, p):
    """p, but inf in place of 0, so that a quotient by it is 0 and neither inf nor nan."""
    return F.where(p == 0, math.inf, p)


@differentiable
def log_probability(xp, p):
    """log p, with gradient 0 at p = 0: impossible values have no effect."""
    return xp.log(p)


log_probability.derivative(p=lambda F, g, p: g / or_infinite(F, p))


@differentiable
def log_complement(xp, p):
    """log(1 - p), with gradient 0 at p = 1."""
    return xp.log1p(-p)


log_complement.derivative(p=lambda F, g, p: -g / or_infinite(F, 1 - p))


@differentiable
def log_odds(xp, p):
    """log(p/(1 - p)), accurate also for p near 1/2; with gradient 0 at 0 and 1."""
    return log_ratio.kernel(xp, p, 1 - p, 2 * p - 1)


log_odds.derivative(p=lambda F, g, p: g / or_infinite(F, p * (1 - p)))


@differentiable
def i_divergence(xp, a, b):
    """a log(a/b) - a + b: 0 at a = b and never negative, accurate for small differences."""
    return deviance(xp, a, b, a - b)


def _i_divergence_by_a(F, g, a, b):
    """log(a/b); 0 where a or b is 0."""
    edge = (a == 0) | (b == 0)
    a, b = F.where(edge, 1.0, a), F.where(edge, 1.0, b)
    return g * F(log_ratio)(a, b, a - b)


i_divergence.derivative(
    a=_i_divergence_by_a, b=lambda F, g, a, b: g * F.where(a == 0, 1.0, (b - a) / or_infinite(F, b))
)


def sqrt_or_zero(x: Variable) -> Variable:
    """The square root, with gradient 0 at 0."""
    constant = x.array == 0
    return F.where(constant, 0.0, F.sqrt(F.where(constant, 1.0, x)))


@differentiable
def log_by_complement(xp, p, q):
    """log p, as log(1 - q) if p is near 1, given both p and q = 1 - p."""
    return xp.where(q < 0.5, xp.log1p(-q), xp.log(p))


log_by_complement.derivative(p=lambda F, g, p: g / F.where(p > 0, p, math.inf), q=zero)
