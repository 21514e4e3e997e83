"""Differences of log Gamma and digamma that stay accurate for small differences of their arguments.

Of the four Bregman terms that divergences consist of, ``expm1mx`` is that of exp, ``log1pmx`` minus that of
log, ``deviance`` that of x log x, all in :mod:`pdist.numerics.differences`; :func:`bregman_lgamma` is that of
log Gamma. Like those, it also takes the difference of its arguments, which may have more digits than they do.
"""

from __future__ import annotations

from ..autograd import differentiable, zero
from .differences import deviance, log_ratio
from .gamma import bregman_gamma, log_minus_digamma_change, tetragamma_minus, trigamma_minus
from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)


@differentiable
def trigamma(xp, x):
    """The derivative of digamma, for x > 0."""
    return trigamma_minus.kernel(xp, x) + 1 / x


trigamma.derivative(x=lambda F, g, x: g * (F(tetragamma_minus)(x) - 1 / x / x))


def _near(a, b):
    return (a < 2 * b) & (b < 2 * a)


@differentiable
def digamma_difference(xp, a, b, difference):
    """digamma(a) - digamma(b); within a factor of two as a - b times the mean of trigamma in between.

    Elsewhere from log(a/b) and the change of log x - digamma(x), which has the opposite sign.
    """
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        near = near + 0.5 * float(w) * trigamma.kernel(xp, b + 0.5 * (1 + float(t)) * difference)
    far = log_ratio.kernel(xp, a, b, difference) - log_minus_digamma_change.kernel(xp, a, b)
    return xp.where(_near(a, b), difference * near, far)


@differentiable
def bregman_lgamma(xp, a, b, difference):
    """log Gamma(a) - log Gamma(b) - (a - b) digamma(b) >= 0.

    For a and b within a factor of two as (a - b)^2 times the integral of (1 - t) trigamma(b + t (a - b)) over
    0 < t < 1, elsewhere as the terms of log Gamma(x) - x log x + x and of x log x: no term is negative.
    """
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        at, mass = 0.5 * (1 + float(t)), 0.5 * float(w)
        near = near + mass * (1 - at) * trigamma.kernel(xp, b + at * difference)
    far = bregman_gamma.kernel(xp, a, b) + deviance(xp, a, b, difference)
    return xp.where(_near(a, b), difference * difference * near, far)


digamma_difference.derivative(
    a=lambda F, g, a: g * F(trigamma)(a),
    b=lambda F, g, b: -g * F(trigamma)(b),
    difference=zero,
)
bregman_lgamma.derivative(
    a=lambda F, g, a, b, difference: g * F(digamma_difference)(a, b, difference),
    b=lambda F, g, b, difference: -g * difference * F(trigamma)(b),
    difference=zero,
)
