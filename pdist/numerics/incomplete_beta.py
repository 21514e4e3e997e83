"""The regularized incomplete beta functions: tails of a Beta variable, and of counts.

In log odds the lower tail is the mass x^a (1 - x)^b / B(a, b) times the integral of what that falls to below
x. From the mean down it only falls, smoothly, and the rule of Gauss and Legendre on a few panels has all
digits for all shapes. A power series serves where a shape is less than 1 and x near that end. Everything is
asked for by x and 1 - x as double words: a probability near 1 is known by what it lacks.

Source:
    A. R. DiDonato and A. H. Morris, "Significant digit computation of the incomplete beta function ratios",
    ACM Transactions on Mathematical Software 18 (1992), for the series.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from ..backend import hooks
from .beta import add_double, away_from_mean, exponent, log_share, log_word, times_double
from .blocks import in_blocks, piecewise
from .differences import expm1mx, log1pmx
from .double import is_double, rounding, two_product, two_sum
from .gamma import lgamma1p, log_minus_digamma
from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)
_EDGES = (0.0, 0.02, 0.06, 0.13, 0.23, 0.36, 0.52, 0.73, 1.0)
_PANELS = np.array([(low, high - low) for low, high in reversed([*pairwise(_EDGES)])])  # small terms first
_NEGLIGIBLE = 42.0  # e to minus this is below the last digit


def over_panels(xp, f, end):
    """The integrals from 0 to ``end`` of the functions that f gives as a tuple, panel by panel.

    All panels at once where ``end`` is short, which takes fewer calls.
    """
    at_once = len(_PANELS) if end.size <= 512 else 1
    totals: list[Any] = []
    for i in range(0, len(_PANELS), at_once):
        low, width = (xp.asarray(v[i : i + at_once].tolist(), end.dtype)[:, None, None] for v in _PANELS.T)
        t = low + width * xp.asarray((0.5 * (1 + _NODES)).tolist(), end.dtype)[:, None]
        w = width * xp.asarray((0.5 * _WEIGHTS).tolist(), end.dtype)[:, None]
        for part in zip(*[(w * y).sum(axis=1) for y in f(t * end)], strict=True):
            totals = [a + b for a, b in zip(totals, part, strict=True)] if totals else list(part)
    return [end * total for total in totals]


# The integral over the tail --------------------------------------------------------------------------------


def fall_of_mass(xp, x, y, d, a, b):
    """How the log mass falls at odds that are e^-w times as high, a function of w >= 0; it is 0 or less.

    -d w - n (log1p(x (e^-w - 1)) + x w), and the same as seen from the other end if x > 1/2.
    """
    n = a + b
    low = x <= 0.5
    p, sign = xp.where(low, x, y), xp.where(low, -1, 1).astype(x.dtype)

    def log_weight(w):
        s = sign * w
        v = p * xp.expm1(s)
        near = v < 0.5
        close = p * expm1mx(xp, xp.where(near, s, 0)) + log1pmx(xp, xp.where(near, v, 0))
        return -d * w - n * xp.where(near, close, xp.log1p(v) - p * s)

    return log_weight


def end_of_tail(xp, log_weight, x, y, d, a, b):
    """A w not far beyond that at which the mass has become negligible: a bound, then Newton's steps."""
    n = a + b
    end = xp.log1p(xp.maximum(2 * n * x / (a * y) - 1, 0)) + 2 * _NEGLIGIBLE / a
    bell = xp.sqrt(6 * _NEGLIGIBLE / (n * x * y))
    end = xp.minimum(xp.where(bell < 1, xp.minimum(end, bell), end), _NEGLIGIBLE / xp.maximum(d, 1e-30))
    for _ in range(4):  # a concave function, from the right
        t = x / (x + y * xp.exp(end))
        slope = xp.maximum(a - n * t, 1e-30)
        end = xp.maximum(end - xp.maximum(-_NEGLIGIBLE - log_weight(end), 0) / slope, 0.1 * end)
    return end


def from_mean(xp, x, y, d, a, b):
    """x, 1 - x, |d| and the shapes as seen from the end of that side of the mean where x lies."""
    low = d >= 0
    return (xp.where(low, x, y), xp.where(low, y, x), abs(d), xp.where(low, a, b), xp.where(low, b, a))


def _by_panels(xp, x, x_lo, y, y_lo, a, b):
    """The tail on that side of the mean where x lies."""
    d = away_from_mean(xp, (x, x_lo), (y, y_lo), a, b)
    h, lo = exponent(xp, (x, x_lo), (y, y_lo), a, b, d)
    h, lo = add_double(xp, log_share(xp, a, b), (-h, -lo))
    place = from_mean(xp, x, y, d[0], a, b)
    log_weight = fall_of_mass(xp, *place)
    end = end_of_tail(xp, log_weight, *place)
    (total,) = over_panels(xp, lambda w: (xp.exp(log_weight(w)),), end)
    return total * xp.exp(h) * (1 + lo), h + (lo + xp.log(total)), d[0] >= 0


# The series ------------------------------------------------------------------------------------------------


def series_part(xp, x, a, b):
    """1 - P(X <= x)/e^h by powers of x, with h of :func:`log_power_part`."""
    term = xp.ones_like(x)
    total = xp.zeros_like(x)
    for k in range(1, 54 if is_double(x) else 25):
        term = term * (x * ((k - b) / k))
        total = total + term / (a + k)
    return -a * total


def log_power_part(xp, x, x_lo, a, b):
    """h = log(x^a Gamma(a + b)/(Gamma(a + 1) Gamma(b))) as a double word, for a <= 1.

    Small a count in full, as each term is in proportion to a: log Gamma(b + a) - log Gamma(b) is taken as the
    a-fold of a mean of digammas, and these as log n and small rests.
    """
    few = b < 1
    c = xp.where(few, b + 1, b)
    rest = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        rest = rest + 0.5 * float(w) * log_minus_digamma.kernel(xp, c + (0.5 * (1 + float(t))) * a)
    rest = c * log1pmx(xp, a / c) - a * rest
    rest = xp.where(few, rest - xp.log1p(a / xp.where(few, b, 1)), rest) - lgamma1p(xp, a)
    n, n_lo = two_sum(xp, c, a)
    z, z_lo = two_product(xp, n, x)
    held = z > 0
    z, z_lo = xp.where(held, z, x), rounding(xp, z_lo + n * x_lo + n_lo * x, 4 * z)
    h = times_double(xp, a, log_word(xp, z, z_lo))
    return add_double(xp, h, (rest, 0 * rest))


def _low_series(xp, x, x_lo, y, y_lo, a, b):
    """Both tails for a < 1 and x near 0."""
    loss = series_part(xp, x, a, b)
    h, lo = log_power_part(xp, x, x_lo, a, b)
    power = xp.exp(h) * (1 + lo)
    low, high = power * (1 - loss), power * loss - (xp.expm1(h) + power * lo)
    lower = low < high
    tail = xp.where(lower, low, high)
    return tail, xp.where(lower, h + (lo + xp.log1p(-loss)), xp.log(tail)), lower


def _high_series(xp, x, x_lo, y, y_lo, a, b):
    """For b < 1 and x near 1."""
    tail, log_tail, upper = _low_series(xp, y, y_lo, x, x_lo, b, a)
    return tail, log_tail, ~upper


def _at_end(xp, x, x_lo, y, y_lo, a, b):
    """At 0 and 1, and nan."""
    zero = 0 * x * y * a * b
    return zero, zero - math.inf, x < y


# The smaller tail ------------------------------------------------------------------------------------------


@hooks.opaque
def smaller_tail(xp, x, x_lo, y, y_lo, a, b):
    """One tail, the smaller one or nearly, its logarithm, and whether it is P(X <= x).

    Args:
        xp: the namespace.
        x: where, between 0 and 1; ``x_lo`` is what rounding took from it.
        x_lo: see there.
        y: 1 - x, another double word with ``y_lo``.
        y_lo: see there.
        a: the first shape.
        b: the second one.
    """
    arrays = xp.broadcast_arrays(x, x_lo, y, y_lo, a, b)
    shape = arrays[0].shape
    x, x_lo, y, y_lo, a, b = [xp.reshape(v, (-1,)) for v in arrays]
    pieces = (
        (~((x > 0) & (y > 0) & (a == a) & (b == b)), _at_end),
        ((a < 1) & (x <= 0.5) & (b * x < 0.7), _low_series),
        ((b < 1) & (y <= 0.5) & (a * y < 0.7), _high_series),
        (None, _by_panels),
    )
    return tuple(xp.reshape(v, shape) for v in piecewise(xp, pieces, x, x_lo, y, y_lo, a, b))


@in_blocks
def beta_tail_at(xp, x, x_lo, y, y_lo, a, b, *, upper, log=False):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm: see :func:`smaller_tail`."""
    tail, log_tail, lower = smaller_tail(xp, x, x_lo, y, y_lo, a, b)
    here = ~lower if upper else lower
    return xp.where(here, log_tail, xp.log1p(-tail)) if log else xp.where(here, tail, 1 - tail)
