"""The Zipf distribution's tails, entropy, quantiles and divergence, from sums of k^-a."""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import hooks
from .blocks import by_counts
from .constants import LARGEST
from .double import is_double
from .panels import gauss_legendre
from .zeta import next_count, sum_beyond, sum_up_to, zeta_sum

# The tails -------------------------------------------------------------------------------------------------


@differentiable
@by_counts
def zipf_log_prob(xp, x, a):
    """-a log x - log zeta(a)."""
    return -(a * xp.log(x) + xp.log1p(zeta_sum.kernel(xp, a)))


@differentiable
@by_counts
def zipf_cdf(xp, x, a):
    """P(X <= x) for counts x >= 1."""
    return xp.minimum(sum_up_to.kernel(xp, x, a) / (1 + zeta_sum.kernel(xp, a)), 1)


@differentiable
@by_counts
def zipf_survival(xp, x, a):
    """P(X > x) for counts x >= 1."""
    first, share, power = _beyond(xp, x, a)
    return xp.minimum(xp.power(first, -power) * share, 1)


def _beyond(xp, x, a):
    """q, s and b with P(X > x) = q^-b s, all near 1 where the tail is heavy; q is x + 1."""
    first = xp.minimum(next_count(x), LARGEST[is_double(x)])
    heavy = a < 2
    share = sum_beyond.kernel(xp, x, a) / xp.where(heavy, first, 1) / (1 + zeta_sum.kernel(xp, a))
    return first, share, xp.where(heavy, a - 1, a)


@differentiable
@by_counts
def zipf_log_cdf(xp, x, a):
    """log P(X <= x) for counts x >= 1."""
    above = zipf_survival.kernel(xp, x, a)
    return xp.where(above < 0.5, xp.log1p(-above), xp.log(zipf_cdf.kernel(xp, x, a)))


@differentiable
@by_counts
def zipf_log_survival(xp, x, a):
    """log P(X > x) for counts x >= 1."""
    below = zipf_cdf.kernel(xp, x, a)
    first, share, power = _beyond(xp, x, a)
    return xp.where(below < 0.5, xp.log1p(-below), xp.log(share) - power * xp.log(first))


def _mean_log(F, a):
    """E[log X], minus the derivative of log zeta."""
    return F(zeta_sum)(a, power=0, order=1) / (1 + F(zeta_sum)(a, power=0, order=0))


def _gap(F, x, a):
    """E[log X | X > x] - E[log X | X <= x]: what tails move by with a, but for P(X <= x) P(X > x)."""
    above = F(sum_beyond)(x, a, order=1) / F(sum_beyond)(x, a, order=0)
    return F.log(x + 1) + above - F(sum_up_to)(x, a, order=1) / F(sum_up_to)(x, a, order=0)


zipf_log_prob.derivative(x=zero, a=lambda F, g, x, a: g * (_mean_log(F, a) - F.log(x)))
zipf_cdf.derivative(x=zero, a=lambda F, g, y, x, a: g * y * F(zipf_survival)(x, a) * _gap(F, x, a))
zipf_survival.derivative(x=zero, a=lambda F, g, y, x, a: -g * y * F(zipf_cdf)(x, a) * _gap(F, x, a))
zipf_log_cdf.derivative(x=zero, a=lambda F, g, x, a: g * F(zipf_survival)(x, a) * _gap(F, x, a))
zipf_log_survival.derivative(x=zero, a=lambda F, g, x, a: -g * F(zipf_cdf)(x, a) * _gap(F, x, a))


def zipf_guess(xp, u, a):
    """A number near the quantile: that of the tail (q - 1/2)^(1 - a)/((a - 1) zeta(a)) at q = x + 1."""
    level = xp.log1p(-u) + xp.log((a - 1) * (1 + zeta_sum.kernel(xp, a)))
    most = math.log(LARGEST[is_double(a)]) - 1
    return xp.maximum(xp.floor(xp.exp(xp.minimum(-level / (a - 1), most)) - 0.5), 1)


# Moments ---------------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def zipf_entropy(xp, a):
    """log zeta(a) + a E[log X]."""
    rest = zeta_sum.kernel(xp, a)
    return xp.log1p(rest) + a * (zeta_sum.kernel(xp, a, order=1) / (1 + rest))


@differentiable
@hooks.opaque
def zipf_log_variance(xp, a):
    """The variance of log X."""
    total = 1 + zeta_sum.kernel(xp, a)
    mean = zeta_sum.kernel(xp, a, order=1) / total
    return zeta_sum.kernel(xp, a, order=2) / total - mean * mean


def _log_variance_rule(F, g, a):
    """Minus the third central moment of log X."""
    total = 1 + F(zeta_sum)(a, power=0, order=0)
    mean, square, cube = [F(zeta_sum)(a, power=0, order=k) / total for k in (1, 2, 3)]
    return -g * (cube - 3 * mean * square + 2 * mean * mean * mean)


zipf_entropy.derivative(a=lambda F, g, a: -g * a * F(zipf_log_variance)(a))
zipf_log_variance.derivative(a=_log_variance_rule)

# The divergence --------------------------------------------------------------------------------------------

_NODES, _WEIGHTS = gauss_legendre(12)


def _alike(xp, a, b):
    near = (a - 1 < 2 * (b - 1)) & (b - 1 < 2 * (a - 1))
    return near & (abs(b - a) < 3)


@differentiable
@hooks.opaque
def zipf_mean_log_change(xp, a, b):
    """The change of E[log X] from exponent a to b, small differences counting in full."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        near = near - 0.5 * float(w) * zipf_log_variance.kernel(xp, a + (0.5 * (1 + float(t))) * (b - a))
    mean = [zeta_sum.kernel(xp, v, order=1) / (1 + zeta_sum.kernel(xp, v)) for v in (a, b)]
    return xp.where(_alike(xp, a, b), (b - a) * near, mean[1] - mean[0])


@differentiable
@hooks.opaque
def zipf_kl(xp, a, b):
    """(b - a) E_a[log X] + log zeta(b) - log zeta(a) >= 0.

    For exponents that are alike as (b - a)^2 times the integral of (1 - t) Var[log X] at a + t (b - a), t
    from 0 to 1.
    """
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        at, mass = 0.5 * (1 + float(t)), 0.5 * float(w)
        near = near + mass * (1 - at) * zipf_log_variance.kernel(xp, a + at * (b - a))
    rest_a, rest_b = zeta_sum.kernel(xp, a), zeta_sum.kernel(xp, b)
    mean = zeta_sum.kernel(xp, a, order=1) / (1 + rest_a)
    far = (b - a) * mean + (xp.log1p(rest_b) - xp.log1p(rest_a))
    return xp.where(_alike(xp, a, b), (b - a) * (b - a) * near, far)


zipf_mean_log_change.derivative(
    a=lambda F, g, a: g * F(zipf_log_variance)(a),
    b=lambda F, g, b: -g * F(zipf_log_variance)(b),
)
zipf_kl.derivative(
    a=lambda F, g, a, b: g * (a - b) * F(zipf_log_variance)(a),
    b=lambda F, g, a, b: -g * F(zipf_mean_log_change)(a, b),
)
