"""The Poisson distribution."""

from __future__ import annotations

import math
from typing import Any

from .. import functions as F
from ..autograd import Variable, as_variable, differentiable, zero
from ..backend import special
from ._discrete import or_infinite
from ._numerics import HALF_LOG_2PI, HALF_LOG_2PIE, deviance, is_double, log_ratio
from .distribution import Distribution, Parameter
from .divergences import register_kl
from .supports import non_negative_integer, nonnegative

# log x! less Stirling's log(2 pi x)/2 + x log x - x, at x = 1 to 15
_STIRLING = (
    (0.08106146679532726, 0.0413406959554093, 0.02767792568499834, 0.020790672103765093)
    + (0.016644691189821193, 0.013876128823070748, 0.01189670994589177, 0.010411265261972096)
    + (0.009255462182712733, 0.00833056343336287, 0.007573675487951841, 0.00694284010720953)
    + (0.006408994188004207, 0.0059513701127588475, 0.005554733551962801)
)
# The entropy less log(2 pi e lam)/2, and its derivative, in powers of 1/lam (from 1/lam, 1/lam^2, ... on)
_ENTROPY = (-1 / 12, -1 / 24, -19 / 360, -9 / 80, -863 / 2520, -1375 / 1008, -33953 / 5040) + (
    -57281 / 1440,
    -273.605448277,
)
_SUMMED = 64  # up to this rate the entropy is a sum over the counts below 192


def _power_series(coefficients, w):
    """c_1 w + c_2 w^2 + ..."""
    y = 0.0
    for c in reversed(coefficients):
        y = w * (c + y)
    return y


# The probability -------------------------------------------------------------------------------------------


def _stirling_remainder(xp, x):
    """log x! less Stirling's formula, for integers x >= 1: from a table, then by the asymptotic series."""
    table = xp.asarray(_STIRLING, dtype=x.dtype)
    known = table[xp.clip(x, 1, 15).astype("int32") - 1]
    v = 1 / xp.maximum(x, 15)
    w = v * v
    series = v * (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188)))))
    return xp.where(x > 15, series, known)


@differentiable
def poisson_log_prob(xp, x, lam):
    """-(D(x, lam) + r(x) + log(2 pi x)/2) with the deviance D = x log(x/lam) - x + lam; -lam at x = 0.

    r is what Stirling's formula lacks. x log lam - lam - log x! cancels: at 1e8 all of float32's digits.
    """
    counted = x > 0
    n, rate = xp.where(counted, x, 1), xp.where(counted, lam, 1)
    rest = _stirling_remainder(xp, n) + (0.5 * xp.log(n) + HALF_LOG_2PI)
    return xp.where(counted, -(deviance(xp, n, rate, n - rate) + rest), 0 - lam)


def _score(F, g, _y, x, lam):
    """x/lam - 1 as (x - lam)/lam; 0 where log_prob is -inf, -1 at x = lam = 0."""
    return g * F.where((x == 0) & (lam == 0), -1.0, (x - lam) / or_infinite(F, lam))


poisson_log_prob.derivatives(zero, _score)

# Tails -----------------------------------------------------------------------------------------------------


def _log_upper(xp, x, lam):
    """log P(X > x) for x far above lam: the density by a continued fraction (Legendre's)."""
    d = x - lam
    n = 16 if is_double(lam) else 8
    t = d + (n + 1)
    for k in range(n, 0, -1):
        t = (d + k) + k * lam / t
    return poisson_log_prob.kernel(xp, x, lam) + xp.log(lam / t)


def _log_lower(xp, x, lam):
    """log P(X <= x) for x far below lam; the fraction ends by itself after x + 1 steps."""
    d = lam - x
    n = 16 if is_double(lam) else 8
    t = d + 2 * n
    for k in range(n, 0, -1):
        t = (d + 2 * (k - 1)) + xp.maximum(k * (x + (1 - k)), 0) / t
    return poisson_log_prob.kernel(xp, x, lam) + xp.log(lam / t)


def _tails(xp, x, lam):
    """P(X <= x) and P(X > x) for counts x, their logarithms in the far tails, and where these are far.

    SciPy's incomplete gamma functions lose their digits beyond 4.5 standard deviations for rates above 1e5.
    Where x + 1 rounds to x, P(X <= x) = Q(x, lam) + P(X = x).
    """
    d = x - lam
    far = d * d > 20 * lam
    below, above = far & (d < 0), far & (d > 0)
    log_lower = _log_lower(xp, xp.where(below, x, 0), xp.where(below, lam, 1))
    log_upper = _log_upper(xp, xp.where(above, x, 1), xp.where(above, lam, 0.01))
    a = x + 1
    exact = a - x == 1
    density = xp.where(exact, 0, xp.exp(poisson_log_prob.kernel(xp, x, lam)))
    a = xp.where(exact, a, x)
    lower = special(xp).gammaincc(a, lam) + density
    upper = special(xp).gammainc(a, lam) - density
    large = lam > 1e5
    lower = xp.where(below & large, xp.exp(log_lower), lower)
    upper = xp.where(above & large, xp.exp(log_upper), upper)
    return lower, upper, log_lower, log_upper, below, above


def _log_of(xp, tail, other, log_tail, is_far):
    """log tail: from its own logarithm far out, by the other tail where that is the smaller one."""
    near_one = other < 0.5
    by_other = xp.log1p(-xp.where(near_one, other, 0))
    return xp.where(
        is_far, log_tail, xp.where(near_one, by_other, xp.log(xp.where(near_one | is_far, 1, tail)))
    )


def _counts(xp, x):
    """The count that decides P(X <= x): floor(x), 0 in place of what is below 0, infinite or nan."""
    return xp.where((x >= 0) & (x < math.inf), xp.floor(x), 0)


def _ends(xp, y, x, low, high):
    """y, but ``low`` below 0, ``high`` at infinity, nan at nan."""
    return xp.where(x < 0, low, xp.where(x == math.inf, high, xp.where(x == x, y, x)))


@differentiable
def poisson_cdf(xp, x, lam):
    """P(X <= x), the regularized incomplete gamma function Q(floor(x) + 1, lam)."""
    return _ends(xp, _tails(xp, _counts(xp, x), lam)[0], x, 0, 1)


@differentiable
def poisson_survival(xp, x, lam):
    """P(X > x)."""
    return _ends(xp, _tails(xp, _counts(xp, x), lam)[1], x, 1, 0)


@differentiable
def poisson_log_cdf(xp, x, lam):
    """log P(X <= x), also where that underflows."""
    lower, upper, log_lower, _, below, _ = _tails(xp, _counts(xp, x), lam)
    return _ends(xp, _log_of(xp, lower, upper, log_lower, below), x, -math.inf, 0)


@differentiable
def poisson_log_survival(xp, x, lam):
    """log P(X > x), also where that underflows."""
    lower, upper, _, log_upper, _, above = _tails(xp, _counts(xp, x), lam)
    y = _log_of(xp, upper, lower, log_upper, above)
    return _ends(xp, xp.where(lam == 0, -math.inf, y), x, 0, -math.inf)


@differentiable
def poisson_log_mass(xp, x, lam):
    """log P(X = floor(x)), by which the tails move; -inf where they do not."""
    y = poisson_log_prob.kernel(xp, _counts(xp, x), lam)
    return xp.where((x >= 0) & (x < math.inf), y, xp.where(x == x, -math.inf, x))


def _mass_rule(F, g, y, x, lam):
    return F.where(y > -math.inf, _score(F, g, y, F.floor(x), lam), 0.0)


poisson_log_mass.derivatives(zero, _mass_rule)
poisson_cdf.derivatives(zero, lambda F, g, _y, x, lam: -g * F.exp(F.poisson_log_mass(x, lam)))
poisson_survival.derivatives(zero, lambda F, g, _y, x, lam: g * F.exp(F.poisson_log_mass(x, lam)))


def _hazard(F, x, lam, y):
    """P(X = x) over the tail whose logarithm is y; 0 where there is no tail."""
    gone = y == -math.inf
    return F.where(gone, 0.0, F.exp(F.poisson_log_mass(x, lam) - F.where(gone, 0.0, y)))


poisson_log_cdf.derivatives(zero, lambda F, g, y, x, lam: -g * _hazard(F, x, lam, y))
poisson_log_survival.derivatives(zero, lambda F, g, y, x, lam: g * _hazard(F, x, lam, y))


@differentiable
def poisson_icdf(xp, p, lam):
    """The smallest count x with P(X <= x) >= p, by bisection: by the upper tail where p is above 1/2."""
    low = xp.zeros_like(p + lam) - 1
    high = xp.zeros_like(low) + xp.floor(
        lam + 12 * xp.sqrt(lam) + 60
    )  # 1 - p is below the dtype's reach there
    for _ in range(54 if is_double(low) else 30):
        middle = xp.floor(low + 0.5 * (high - low))
        lower, upper = _tails(xp, xp.maximum(middle, 0), lam)[:2]
        reached = (middle >= 0) & xp.where(p < 0.5, lower >= p, upper <= 1 - p)
        low, high = xp.where(reached, low, middle), xp.where(reached, middle, high)
    return xp.where((p >= 0) & (p <= 1), xp.where(p == 1, xp.where(lam == 0, 0, math.inf), high), math.nan)


poisson_icdf.derivatives(zero, zero)

# Entropy and divergence ------------------------------------------------------------------------------------


def _grid(xp, lam):
    """Counts 0 to 191 on a new last axis, the rate beside them, and their log probabilities."""
    rate = xp.minimum(lam, _SUMMED)[..., None]
    k = xp.arange(192, dtype=lam.dtype) + 0 * rate
    rate = rate + 0 * k
    return k, rate, poisson_log_prob.kernel(xp, k, rate)


@differentiable
def poisson_entropy(xp, lam):
    """-sum p log p over the counts for small rates, else log(2 pi e lam)/2 and the series in 1/lam."""
    _, _, log_p = _grid(xp, lam)
    large = xp.maximum(lam, _SUMMED)
    series = (0.5 * xp.log(large) + HALF_LOG_2PIE) + _power_series(_ENTROPY, 1 / large)
    summed = (xp.exp(log_p) * (0 - xp.where(log_p == -math.inf, 0, log_p))).sum(axis=-1)
    return xp.where(lam <= _SUMMED, summed, series)


@differentiable
def poisson_entropy_slope(xp, lam):
    """E[log((X + 1)/lam)], the derivative of the entropy; inf at lam = 0."""
    k, rate, log_p = _grid(xp, lam)
    w = 1 / xp.maximum(lam, _SUMMED)
    series = 0.5 * w + w * _power_series([-(i + 1) * c for i, c in enumerate(_ENTROPY)], w)
    summed = (xp.exp(log_p) * log_ratio.kernel(xp, k + 1, rate, k + 1 - rate)).sum(axis=-1)
    return xp.where(lam <= _SUMMED, xp.where(lam == 0, math.inf, summed), series)


@differentiable
def poisson_entropy_curvature(xp, lam):
    """E[log((X + 2)/(X + 1))] - 1/lam, the second derivative of the entropy."""
    k, _, log_p = _grid(xp, lam)
    w = 1 / xp.maximum(lam, _SUMMED)
    series = -w * w * 0.5 + w * w * _power_series([(i + 1) * (i + 2) * c for i, c in enumerate(_ENTROPY)], w)
    summed = (xp.exp(log_p) * xp.log1p(1 / (k + 1))).sum(axis=-1) - 1 / lam
    return xp.where(lam <= _SUMMED, summed, series)


poisson_entropy.derivatives(lambda F, g, _y, lam: g * F.poisson_entropy_slope(lam))
poisson_entropy_slope.derivatives(lambda F, g, _y, lam: g * F.poisson_entropy_curvature(lam))


@differentiable
def poisson_kl(xp, p, q):
    """p log(p/q) - p + q, the deviance of the rates."""
    return xp.where(p == q, 0, deviance(xp, p, q, p - q))


def _kl_by_p(F, g, _y, p, q):
    """log(p/q); 0 where a rate is 0."""
    edge = (p == 0) | (q == 0)
    p, q = F.where(edge, 1.0, p), F.where(edge, 1.0, q)
    return g * F.log_ratio(p, q, p - q)


def _kl_by_q(F, g, _y, p, q):
    """1 - p/q as (q - p)/q; 0 where the KL is inf."""
    return g * F.where((p == 0) & (q == 0), 1.0, (q - p) / or_infinite(F, q))


poisson_kl.derivatives(_kl_by_p, _kl_by_q)


class Poisson(Distribution):
    r"""The number of events where they come independently at a constant rate.

    .. math:: P(x) = \frac{\lambda^x e^{-\lambda}}{x!}, \quad x = 0, 1, 2, \ldots

    Args:
        lam: the rate lambda >= 0, which is the mean and the variance, of shape ``[*batch]``. Of a rate of 0
            every count is 0.

    Samples carry no gradients.

    Source:
        C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the form of log_prob.

    >>> import numpy as np
    >>> Poisson(np.array([0.5, 4.0])).log_prob(np.array([0, 4])).array.round(4)
    array([-0.5   , -1.6329])
    """

    lam = Parameter(nonnegative)
    support = non_negative_integer

    def _log_prob(self, x: Variable) -> Variable:
        return poisson_log_prob(x, self.lam)

    def _cdf(self, x: Variable) -> Variable:
        return poisson_cdf(x, self.lam)

    def _survival_function(self, x: Variable) -> Variable:
        return poisson_survival(x, self.lam)

    def _log_cdf(self, x: Variable) -> Variable:
        return poisson_log_cdf(x, self.lam)

    def _log_survival_function(self, x: Variable) -> Variable:
        return poisson_log_survival(x, self.lam)

    def _icdf(self, p: Variable) -> Variable:
        return poisson_icdf(p, self.lam)

    def _entropy(self) -> Variable:
        return poisson_entropy(self.lam)

    def _mean(self) -> Variable:
        return self.lam

    def _mode(self) -> Variable:
        return F.floor(self.lam)

    def _variance(self) -> Variable:
        return self.lam

    def _stddev(self) -> Variable:
        still = self.lam.array == 0  # where the square root has no slope
        return F.where(still, 0.0, F.sqrt(F.where(still, 1.0, self.lam)))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable(rng.poisson(self.lam.array, shape).astype(self.dtype))


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Poisson, q: Poisson) -> Variable:
    return poisson_kl(p.lam, q.lam)
