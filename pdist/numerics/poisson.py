"""The Poisson distribution's density, tails and entropy.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the density;
    R. J. Evans and J. Boersma, "The entropy of a Poisson distribution" (1988), for that of large rates.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable, zero
from ..backend import special
from .blocks import in_blocks
from .constants import HALF_LOG_2PI, HALF_LOG_2PIE, SMALLEST
from .differences import deviance, log_ratio
from .double import divide_double, is_double, log_double, rounding, two_product, two_sum
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
    """log x! less Stirling's formula, for integers x >= 1: a table, then the asymptotic series."""
    table = xp.asarray(_STIRLING, dtype=x.dtype)
    small = xp.take(table, xp.where(x < 15, x, 15).astype(np.int32) - 1)
    x = xp.maximum(x, 15)
    w = 1 / (x * x)
    series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / x
    return xp.where(x > 15, series, small)


@differentiable
@in_blocks
def poisson_log_prob(xp, x, lam):
    """x log lam - lam - log x! as -(D(x, lam) + log(2 pi x)/2 + rest), D being the deviance (Loader)."""
    n = xp.maximum(x, 1)
    y = deviance(xp, n, lam, n - lam) + (_stirling_residual(xp, n) + (0.5 * xp.log(n) + HALF_LOG_2PI))
    return -xp.where(x > 0, y, lam)


poisson_log_prob.derivative(
    x=zero, lam=lambda F, g, x, lam: g * F.where(x == 0, -1.0, (x - lam) / or_infinite(F, lam))
)

# The tails -------------------------------------------------------------------------------------------------
#
# By incomplete gamma functions. Beyond 4.4 standard deviations, where SciPy's lose digits (all of them from
# lam = 1e5 on), the smaller tail is the density times a continued fraction that converges in so many steps.


_FAR = 4.472  # standard deviations


def _steps(x):
    return 24 if is_double(x) else 8


def _density(xp, x, lam):
    """The density in three parts: f e^-(D + rest), D being the deviance, of which each digit counts."""
    n = xp.maximum(x, 1)
    r, r_rest = divide_double(xp, n, xp.zeros_like(n), lam)
    log_r, log_rest = two_sum(xp, *log_double(xp, r))
    y, y_rest = two_product(xp, n, log_r)
    d, d_rest = two_sum(xp, n, -lam)
    hi, lo = two_sum(xp, y, -d)
    lo = rounding(xp, lo + (n * (log_rest + r_rest / r) + (y_rest - d_rest)), 8 * n)
    hi, rest = two_sum(xp, hi, lo)
    held = abs(hi) < math.inf  # else n/lam overflows
    hi, rest = xp.where(held, hi, deviance(xp, n, lam, n - lam)), xp.where(held, rest, 0)
    factor = xp.exp(-_stirling_residual(xp, n)) / (4 * xp.sqrt(math.pi / 8 * n))
    return xp.where(x > 0, factor, 1), xp.where(x > 0, hi, lam), xp.where(x > 0, rest, 0)


def _far_tail(xp, x, lam):
    """The smaller one of P(X <= x) and P(X > x), far from lam.

    Returns:
        That tail, its logarithm, where it is the upper one, where x is far enough, and the density.
    """
    n, d = _steps(lam), abs(x - lam)
    above = x > lam
    first, slope = xp.where(above, d, d - 2), xp.where(above, 1, 2).astype(d.dtype)
    weight, fall = xp.where(above, lam, x + 1), slope - 1
    t = first + (n + 1) * slope
    for k in range(n, 0, -1):
        t = (first + k * slope) + k * (xp.maximum(weight - k * fall, 0) / t)
    factor, hi, rest = _density(xp, x, lam)
    density = factor * xp.exp(-hi)
    normal = xp.maximum(lam, SMALLEST[is_double(lam)])  # a subnormal rate over t may be 0
    log_tail = -hi + (xp.log(factor * normal / t) + xp.log(lam / normal) - rest)
    return density * (lam / t) * (1 - rest), log_tail, above, (d > _FAR * xp.sqrt(lam)) & (lam > 0), density


def _gamma_arguments(xp, x, lam):
    """x + 1 if that is another number, else x, and lam; both smaller where SciPy's functions overflow."""
    whole = (x + 1) - x == 1
    unit = xp.where(lam > 1e30, 2.0**-64, 1).astype(lam.dtype)  # deviations are too short to be seen there
    return whole, xp.where(whole, x + 1, x) * unit, lam * unit


def _near_cdf(xp, x, lam, density):
    """P(X <= x). Where x + 1 is rounded to x, the gamma function is that of x - 1: the density is missing."""
    whole, a, b = _gamma_arguments(xp, x, lam)
    y = special(xp).gammaincc(a, b) + xp.where(whole, 0, density)
    return xp.where(x == 0, xp.exp(-lam), y)


def _near_survival(xp, x, lam, density):
    """P(X > x)."""
    whole, a, b = _gamma_arguments(xp, x, lam)
    y = special(xp).gammainc(a, b) - xp.where(whole, 0, density)
    return xp.where(x == 0, -xp.expm1(-lam), y)  # SciPy's is 0 at subnormal rates


def _log(xp, y, complement):
    """log y, by its complement where y is near 1."""
    return xp.where(complement < 0.5, xp.log1p(-complement), xp.log(y))


@differentiable
@in_blocks
def poisson_cdf(xp, x, lam):
    """P(X <= x) for counts x >= 0."""
    tail, _, above, far, density = _far_tail(xp, x, lam)
    return xp.where(far, xp.where(above, 1 - tail, tail), _near_cdf(xp, x, lam, density))


@differentiable
@in_blocks
def poisson_survival(xp, x, lam):
    """P(X > x) for counts x >= 0."""
    tail, _, above, far, density = _far_tail(xp, x, lam)
    return xp.where(far, xp.where(above, tail, 1 - tail), _near_survival(xp, x, lam, density))


@differentiable
@in_blocks
def poisson_log_cdf(xp, x, lam):
    """log P(X <= x) for counts x >= 0."""
    tail, log_tail, above, far, density = _far_tail(xp, x, lam)
    near = _log(xp, _near_cdf(xp, x, lam, density), _near_survival(xp, x, lam, density))
    return xp.where(far, xp.where(above, xp.log1p(-tail), log_tail), near)


@differentiable
@in_blocks
def poisson_log_survival(xp, x, lam):
    """log P(X > x) for counts x >= 0."""
    tail, log_tail, above, far, density = _far_tail(xp, x, lam)
    near = _log(xp, _near_survival(xp, x, lam, density), _near_cdf(xp, x, lam, density))
    return xp.where(far, xp.where(above, log_tail, xp.log1p(-tail)), near)


def _log_survival_rule(F, g, y, x, lam):
    return g * F.exp(F(poisson_log_prob)(x, lam) - F.where(y == -math.inf, math.inf, y))


# As lam grows, the density at x is what passes from below to above.
poisson_cdf.derivative(x=zero, lam=lambda F, g, x, lam: -g * F.exp(F(poisson_log_prob)(x, lam)))
poisson_survival.derivative(x=zero, lam=lambda F, g, x, lam: g * F.exp(F(poisson_log_prob)(x, lam)))
poisson_log_cdf.derivative(x=zero, lam=lambda F, g, y, x, lam: -g * F.exp(F(poisson_log_prob)(x, lam) - y))
poisson_log_survival.derivative(x=zero, lam=_log_survival_rule)

# The entropy -----------------------------------------------------------------------------------------------

_FEW = 64.0  # up to this rate sums over the counts, beyond it series in 1/lam
_COUNTS = 192
_CHUNK = 4096


def _expectation(xp, lam, f):
    """E f(X, log p(X), lam) for lam <= 64, by sums over the counts of so many rates at a time."""
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


# Of the entropy less log(2 pi e lam)/2, in powers of w = 1/lam (Evans and Boersma 1988)
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
