"""The Poisson distribution's density, tails and entropy.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the density;
    R. J. Evans and J. Boersma, "The entropy of a Poisson distribution" (1988), for that of large rates.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable, zero
from .blocks import by_counts, in_blocks
from .constants import HALF_LOG_2PI, HALF_LOG_2PIE
from .differences import deviance, log_ratio
from .incomplete_gamma import gamma_tail
from .probability import or_infinite

# The density -----------------------------------------------------------------------------------------------

# log x! - (log(2 pi x)/2 + x log x - x) at x = 1, ..., 15
_STIRLING = (
    (0.08106146679532726, 0.0413406959554093, 0.02767792568499834, 0.020790672103765093)
    + (0.016644691189821193, 0.013876128823070748, 0.01189670994589177, 0.010411265261972096)
    + (0.009255462182712733, 0.00833056343336287, 0.007573675487951841, 0.00694284010720953)
    + (
        0.006408994188004207,
        0.0059513701127588475,
        0.005554733551962801,
    )
)


def _stirling_residual(xp, x):
    """log x! minus Stirling's formula, for integers x >= 1: a table, then the asymptotic series."""
    table = xp.asarray(_STIRLING, dtype=x.dtype)
    small = xp.take(table, xp.where(x < 15, x, 15).astype(np.int32) - 1)
    x = xp.maximum(x, 15)
    w = 1 / (x * x)
    series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / x
    return xp.where(x > 15, series, small)


@differentiable
@by_counts
@in_blocks
def poisson_log_prob(xp, x, lam):
    """x log lam - lam - log x! as -(D(x, lam) + log(2 pi x)/2 + remainder), with the deviance D (Loader)."""
    n = xp.maximum(x, 1)
    y = deviance(xp, n, lam, n - lam) + (_stirling_residual(xp, n) + (0.5 * xp.log(n) + HALF_LOG_2PI))
    return -xp.where(x > 0, y, lam)


poisson_log_prob.derivative(
    x=zero, lam=lambda F, g, x, lam: g * F.where(x == 0, -1.0, (x - lam) / or_infinite(F, lam))
)

# The tails -------------------------------------------------------------------------------------------------
#
# P(X > x) is the probability that a standard Gamma variable of shape x + 1 is at most lam.


def _gamma_arguments(x, lam):
    """The shape x + 1, lam, and 1 where x + 1 is not representable in this dtype: then the shape is x."""
    whole = (x + 1) - x == 1
    return x + whole, lam, (~whole).astype(lam.dtype)


@differentiable
@by_counts
def poisson_cdf(xp, x, lam):
    """P(X <= x) for counts x >= 0."""
    return gamma_tail(xp, *_gamma_arguments(x, lam), upper=True)


@differentiable
@by_counts
def poisson_survival(xp, x, lam):
    """P(X > x) for counts x >= 0."""
    return gamma_tail(xp, *_gamma_arguments(x, lam), upper=False)


@differentiable
@by_counts
def poisson_log_cdf(xp, x, lam):
    """log P(X <= x) for counts x >= 0."""
    return gamma_tail(xp, *_gamma_arguments(x, lam), upper=True, log=True)


@differentiable
@by_counts
def poisson_log_survival(xp, x, lam):
    """log P(X > x) for counts x >= 0."""
    return gamma_tail(xp, *_gamma_arguments(x, lam), upper=False, log=True)


def _log_survival_rule(F, g, y, x, lam):
    return g * F.exp(F(poisson_log_prob)(x, lam) - F.where(y == -math.inf, math.inf, y))


# As lam grows, probability passes from below to above x at the rate of the density at x.
poisson_cdf.derivative(x=zero, lam=lambda F, g, x, lam: -g * F.exp(F(poisson_log_prob)(x, lam)))
poisson_survival.derivative(x=zero, lam=lambda F, g, x, lam: g * F.exp(F(poisson_log_prob)(x, lam)))
poisson_log_cdf.derivative(x=zero, lam=lambda F, g, y, x, lam: -g * F.exp(F(poisson_log_prob)(x, lam) - y))
poisson_log_survival.derivative(x=zero, lam=_log_survival_rule)

# The entropy -----------------------------------------------------------------------------------------------

_FEW = 64.0  # sums over the counts up to this rate, series in 1/lam beyond
_COUNTS = 192
_CHUNK = 4096


def _expectation(xp, lam, f):
    """E f(X, log p(X), lam) for lam <= 64, by sums over the counts for blocks of rates."""
    flat = xp.minimum(lam, _FEW).reshape(-1, 1)
    x = xp.arange(_COUNTS, dtype=lam.dtype)
    sums = []
    for i in range(0, max(len(flat), 1), _CHUNK):
        part = flat[i : i + _CHUNK]
        log_p = poisson_log_prob.kernel(xp, *xp.broadcast_arrays(x, part))
        sums.append((xp.exp(log_p) * f(x, log_p, part)).sum(axis=-1))
    return xp.concatenate(sums).reshape(lam.shape)


def _series(coefficients, w):
    """The polynomial in w with these coefficients, the lowest power first."""
    y = 0.0
    for c in reversed(coefficients):
        y = y * w + c
    return y


# The entropy minus log(2 pi e lam)/2, in powers of w = 1/lam (Evans and Boersma 1988)
_ENTROPY = (0.0, -1 / 12, -1 / 24, -19 / 360, -9 / 80, -863 / 2520) + (
    -1375 / 1008,
    -33953 / 5040,
    -57281 / 1440,
    -273.605448277,
)


@differentiable
def poisson_entropy(xp, lam):
    """-E log p(X)."""
    sums = -_expectation(xp, lam, lambda _x, log_p, _lam: xp.where(log_p == -math.inf, 0, log_p))
    large = xp.maximum(lam, _FEW)
    series = 0.5 * xp.log(large) + HALF_LOG_2PIE + _series(_ENTROPY, 1 / large)
    return xp.where(lam <= _FEW, sums, series)


@differentiable
def poisson_entropy_slope(xp, lam):
    """E log((X + 1)/lam), the derivative of the entropy; 0 at lam = 0, where it is infinite."""
    sums = _expectation(xp, lam, lambda x, _, lam: log_ratio.kernel(xp, x + 1, lam, x + 1 - lam))
    w = 1 / xp.maximum(lam, _FEW)
    series = w * (0.5 - _series([k * c for k, c in enumerate(_ENTROPY)], w))
    return xp.where(lam == 0, 0, xp.where(lam <= _FEW, sums, series))


@differentiable
def poisson_entropy_curvature(xp, lam):
    """E log((X + 2)/(X + 1)) - 1/lam, the second derivative of the entropy; 0 at lam = 0."""
    sums = _expectation(xp, lam, lambda x, _log_p, _lam: xp.log1p(1 / (x + 1))) - 1 / lam
    w = 1 / xp.maximum(lam, _FEW)
    series = w * w * (_series([k * (k + 1) * c for k, c in enumerate(_ENTROPY)], w) - 0.5)
    return xp.where(lam == 0, 0, xp.where(lam <= _FEW, sums, series))


poisson_entropy.derivative(lam=lambda F, g, lam: g * F(poisson_entropy_slope)(lam))
poisson_entropy_slope.derivative(lam=lambda F, g, lam: g * F(poisson_entropy_curvature)(lam))
