"""The density of a Beta variable, and of whatever is counted by the same power of x and 1 - x.

With n = a + b and Loader's deviances x^a (1 - x)^b / B(a, b) is a share that changes slowly with the shapes
times e^-E, E = D(a, n x) + D(b, n (1 - x)). Neither deviance is negative, so that nothing cancels; both are
double words, since E may be some hundreds where all its digits count.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .blocks import in_blocks
from .bregman import trigamma
from .constants import HALF_LOG_2PI
from .differences import log_ratio
from .double import divide_double, log_double, minus, rounding, series_from_fifth, two_product, two_sum
from .gamma import lgamma1p, log_minus_digamma, stirling_error, trigamma_minus
from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)

# Double words ----------------------------------------------------------------------------------------------


def add_double(xp, x, y):
    """The sum of two double words."""
    hi, lo = two_sum(xp, x[0], y[0])
    held = abs(hi) < math.inf
    return two_sum(xp, hi, xp.where(held, lo + (x[1] + y[1]), 0))


def times_double(xp, a, x):
    """The product of a number and a double word."""
    hi, lo = two_product(xp, a, x[0])
    return hi, rounding(xp, lo + a * x[1], 4 * hi)


def log_word(xp, x, lo):
    """log(x + lo) as a double word, for x > 0."""
    y, y_lo = log_double(xp, x, finer=True)
    return two_sum(xp, y, y_lo + lo / x)


def complement(xp, x):
    """1 - x as a double word, exactly, for 0 <= x <= 1."""
    return two_sum(xp, xp.ones_like(x), -x)


def away_from_mean(xp, x, y, a, b):
    """a y - b x as a double word: n times the distance of x from the mean. x and y are double words."""
    p, q = times_double(xp, a, y), times_double(xp, b, x)
    return add_double(xp, p, minus(q))


def _fall(xp, u, lo):
    """u - log(1 + u) >= 0 as a double word, for -0.29 < u < 0.41, from log(1 + u) = 2 atanh(u/(2 + u))."""
    s, s_lo = two_sum(xp, 2 * xp.ones_like(u), u)
    v, v_lo = divide_double(xp, u, lo, s)
    v_lo = v_lo - v * (s_lo + lo) / s
    y, y_lo = two_product(xp, u, v)
    w, w_lo = two_product(xp, v, v)
    cube, cube_lo = two_product(xp, w, v)
    cube, cube_lo = divide_double(xp, cube, cube_lo + 3 * w * v_lo + w_lo * v, 1.5 + xp.zeros_like(v))
    h, rest = two_sum(xp, y, -cube)
    rest = rest + ((y_lo + u * v_lo + v * lo) - cube_lo - 2 * v * w * w * series_from_fifth(w))
    return two_sum(xp, h, rest)


def deviance_double(xp, a, d, log_r):
    """D(a, n x) = a log(a/(n x)) - a + n x as a double word, given d = a - n x and log r = log(n x/a)."""
    u, lo = divide_double(xp, -d[0], -d[1], a)
    near = (u > -0.29) & (u < 0.41)
    close = times_double(xp, a, _fall(xp, xp.where(near, u, 0), xp.where(near, rounding(xp, lo, u), 0)))
    far = add_double(xp, times_double(xp, -a, log_r), minus(d))
    return xp.where(near, close[0], far[0]), xp.where(near, close[1], far[1])


def logs_of(xp, x, y, a, b):
    """The logarithms of x, y, a, b and n as double words, from double words x and y."""
    n = two_sum(xp, a, b)
    return [log_word(xp, *v) for v in (x, y, (a, 0), (b, 0), n)]


def exponent(xp, x, y, a, b, d, logs=None):
    """E as a double word, from double words x, y = 1 - x and d = a y - b x; ``logs`` are those of logs_of."""
    log_x, log_y, log_a, log_b, log_n = logs or logs_of(xp, x, y, a, b)
    below = deviance_double(xp, a, d, add_double(xp, add_double(xp, log_x, log_n), minus(log_a)))
    above = deviance_double(xp, b, minus(d), add_double(xp, add_double(xp, log_y, log_n), minus(log_b)))
    return add_double(xp, below, above)


# The slow factor -------------------------------------------------------------------------------------------


def gamma_share(xp, a):
    """a^a e^-a / Gamma(a), which is about a for small a and sqrt(a/(2 pi)) for large ones."""
    few = xp.minimum(a, 1)
    small = few * xp.exp(few * xp.log(few) - few - lgamma1p(xp, few))
    many = xp.maximum(a, 1)
    return xp.where(a < 1, small, xp.sqrt(many / (2 * math.pi)) * xp.exp(-stirling_error.kernel(xp, many)))


def share(xp, a, b):
    """x^a (1 - x)^b / B(a, b) over e^-E."""
    return gamma_share(xp, a) * gamma_share(xp, b) / gamma_share(xp, a + b)


def log_gamma_share(xp, a, lo=0):
    """Its logarithm as a double word."""
    few, many = xp.minimum(a, 1), xp.maximum(a, 1)
    small = few * xp.log(few) - few - lgamma1p(xp, few)
    h, h_lo = log_word(xp, a, lo)
    factor = xp.where(a < 1, 1, 0.5).astype(a.dtype)
    rest = xp.where(a < 1, small, -HALF_LOG_2PI - stirling_error.kernel(xp, many))
    return add_double(xp, (factor * h, factor * h_lo), (rest, 0 * rest))


def log_share(xp, a, b):
    """The logarithm of :func:`share` as a double word."""
    n = log_gamma_share(xp, *two_sum(xp, a, b))
    y = add_double(xp, log_gamma_share(xp, a), log_gamma_share(xp, b))
    return add_double(xp, y, minus(n))


def log_mass(xp, x, y, a, b, logs=None):
    """log(x^a y^b / B(a, b)) as a double word, from double words x and y = 1 - x between 0 and 1."""
    e = exponent(xp, x, y, a, b, away_from_mean(xp, x, y, a, b), logs)
    return add_double(xp, log_share(xp, a, b), minus(e))


# The density -----------------------------------------------------------------------------------------------


@differentiable
@in_blocks
@hooks.opaque
def log_beta_density(xp, x, a, b):
    """(a - 1) log x + (b - 1) log(1 - x) - log B(a, b) for 0 <= x <= 1, at the ends the limit."""
    inner = xp.where((x > 0) & (x < 1), x, 0.5)
    y = complement(xp, inner)
    logs = logs_of(xp, (inner, 0), y, a, b)
    mass = log_mass(xp, (inner, 0 * inner), y, a, b, logs)
    found = add_double(xp, mass, minus(add_double(xp, logs[0], logs[1])))[0]
    found = xp.where((a == 1) & (b == 1), 0, found)
    low, high = (
        xp.where(c < 1, math.inf, xp.where(c == 1, xp.log(e), -math.inf)) for c, e in ((a, b), (b, a))
    )
    found = xp.where(x == 0, low, xp.where(x == 1, high, found))
    return xp.where(x == x, found, x).astype(x.dtype, copy=False)


@differentiable
def beta_slope(xp, x, a, b):
    """(a - 1)/x - (b - 1)/(1 - x), whose numerator over a common one is a double word."""
    y, lo = complement(xp, x)
    d = away_from_mean(xp, (x, 0 * x), (y, lo), a, b)
    distance, rest = two_sum(xp, x, -y)  # of a - 1 and b - 1: y - x is to be taken off
    h = add_double(xp, d, (distance, rest - lo))[0]
    first, last = (xp.where(e == 1, 1, xp.sign(e - 1) * math.inf) for e in (a, b))
    inside = h / xp.where((x > 0) & (x < 1), x, 1) / xp.where((x > 0) & (x < 1), y, 1)
    low, high = xp.where(a == 1, 1 - b, first), xp.where(b == 1, a - 1, -last)
    return xp.where(x == 0, low, xp.where(x == 1, high, inside)).astype(h.dtype, copy=False)


@differentiable
def digamma_drop(xp, a, b):
    """(log a - digamma(a)) - (log n - digamma(n)) with n = a + b: small b count in full."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        near = near + 0.5 * float(w) * trigamma_minus.kernel(xp, a + (0.5 * (1 + float(t))) * b)
    far = log_minus_digamma.kernel(xp, a) - log_minus_digamma.kernel(xp, a + b)
    return xp.where(b < a, b * near, far)


@differentiable
def beta_score(xp, x, a, b):
    """log x - digamma(a) + digamma(a + b): the derivative of the log density by a."""
    return score_at(xp, (x, 0 * x), complement(xp, x), a, b)


@differentiable
def beta_complement_score(xp, x, a, b):
    """log(1 - x) - digamma(b) + digamma(a + b): the derivative of the log density by b."""
    return score_at(xp, complement(xp, x), (x, 0 * x), b, a)


def score_at(xp, x, y, a, b):
    """log(n x/a) and what is left of the digammas."""
    d = away_from_mean(xp, x, y, a, b)[0]
    u = -d / a
    near = abs(u) < 0.5
    far = xp.log(xp.where(x[0] > 0, x[0], 0)) + log_ratio.kernel(xp, a + b, a, b)
    return xp.where(near, xp.log1p(xp.where(near, u, 0)), far) + digamma_drop.kernel(xp, a, b)


def _over(F, c, x):
    """c/x^2, and 0 where c is."""
    return F.where(c == 0, 0.0, c / F.where(c == 0, 1.0, x) / F.where(c == 0, 1.0, x))


beta_slope.derivative(
    x=lambda F, g, x, a, b: -g * (_over(F, a - 1, x) + _over(F, b - 1, 1 - x)),
    a=lambda F, g, x: g / x,
    b=lambda F, g, x: -g / (1 - x),
)
log_beta_density.derivative(
    x=lambda F, g, x, a, b: g * F(beta_slope)(x, a, b),
    a=lambda F, g, x, a, b: g * F(beta_score)(x, a, b),
    b=lambda F, g, x, a, b: g * F(beta_complement_score)(x, a, b),
)
beta_score.derivative(
    x=lambda F, g, x: g / x,
    a=lambda F, g, a, b: g * (F(trigamma)(a + b) - F(trigamma)(a)),
    b=lambda F, g, a, b: g * F(trigamma)(a + b),
)
beta_complement_score.derivative(
    x=lambda F, g, x: -g / (1 - x),
    a=lambda F, g, a, b: g * F(trigamma)(a + b),
    b=lambda F, g, a, b: g * (F(trigamma)(a + b) - F(trigamma)(b)),
)
digamma_drop.derivative(
    a=lambda F, g, a, b: g * (F(trigamma_minus)(a + b) - F(trigamma_minus)(a)),
    b=lambda F, g, a, b: g * F(trigamma_minus)(a + b),
)


@differentiable
def beta_entropy(xp, a, b):
    """-E log f: log(a b/n^2) less the logarithm of the share, and the rests of three digammas."""
    n = a + b
    h, lo = log_share(xp, a, b)
    logs = [log_double(xp, v) for v in (a / n, b / n)]
    y = add_double(xp, add_double(xp, *logs), (-h, -lo))
    r = (a - 1) * log_minus_digamma.kernel(xp, a) + (b - 1) * log_minus_digamma.kernel(xp, b)
    return y[0] + (y[1] + (r - (n - 2) * log_minus_digamma.kernel(xp, n)))


def _entropy_slope(F, a, b):
    n = a + b
    rests = (n - 2) * F(trigamma_minus)(n) - (a - 1) * F(trigamma_minus)(a)
    return (b - a) / a / n + rests


beta_entropy.derivative(
    a=lambda F, g, a, b: g * _entropy_slope(F, a, b),
    b=lambda F, g, a, b: g * _entropy_slope(F, b, a),
)
