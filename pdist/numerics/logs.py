"""Logarithms as double words, and sums whose terms may cancel: see :mod:`pdist.numerics.double`."""

from __future__ import annotations

import math

from .double import divide_double, log_double, rounding, two_sum


def total(xp, *terms):
    """The sum of double words (or of pairs of a number and 0) as a double word."""
    hi, lo = terms[0]
    for term, rest in terms[1:]:
        hi, error = two_sum(xp, hi, term)
        lo = lo + (error + rest)
    return hi, xp.where(abs(hi) < math.inf, lo, 0)


def constant(x, value, residual):
    """A number, whose rounding to a Python float took ``residual``, as a double word of x's dtype."""
    high = x.dtype.type(value)
    return high, (value - float(high)) + residual


def log_of(xp, hi, lo):
    """log(hi + lo) as a double word; -inf at 0, nan below."""
    y, y_lo = log_double(xp, hi)
    t = rounding(xp, lo, hi) / hi
    y, y_lo = two_sum(xp, y, y_lo + t * (1 - 0.5 * t))
    usable = (hi > 0) & (hi < math.inf)
    return xp.where(usable, y, xp.log(hi)), xp.where(usable, y_lo, 0)


def log1p_of(xp, hi, lo):
    """log(1 + hi + lo) as a double word."""
    one, rest = two_sum(xp, xp.ones_like(hi), hi)
    return log_of(xp, one, rest + lo)


def log_quotient(xp, a, b):
    """log(a/b) as a double word, for 0 < b <= a."""
    q, rest = divide_double(xp, a, 0, b)
    near = log_of(xp, q, rest)
    (a, a_lo), (b, b_lo) = log_double(xp, a), log_double(xp, b)
    far = total(xp, (a, a_lo), (-b, -b_lo))
    return tuple(xp.where(q < math.inf, x, y) for x, y in zip(near, far, strict=True))
