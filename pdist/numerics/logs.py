"""Logarithms as double words, and sums whose terms may cancel: see :mod:`pdist.numerics.double`."""

from __future__ import annotations

import math

from .double import divide_double, exp_double, log_double, rounding, two_product, two_sum


def total(xp, *terms):
    """The sum of double words (or of pairs of a number and 0) as a double word."""
    hi, lo = terms[0]
    for term, rest in terms[1:]:
        hi, error = two_sum(xp, hi, term)
        lo = lo + (error + rest)
    high, low = two_sum(xp, hi, xp.where(abs(hi) < math.inf, lo, 0))
    return high, xp.where(abs(hi) < math.inf, low, 0)


def times(xp, a, b):
    """The product of two double words as a double word."""
    (a, a_lo), (b, b_lo) = a, b
    hi, lo = two_product(xp, a, b)
    return hi, rounding(xp, lo + (a * b_lo + a_lo * b), 2 * hi)


def one_minus_exp(xp, hi, lo):
    """1 - e^(hi + lo) as a double word, for a double word that is not positive."""
    e, e_lo = exp_double(xp, hi)
    far, far_lo = two_sum(xp, xp.ones_like(e), -e)
    near = -xp.expm1(hi)
    back, back_lo = log1p_of(xp, -near, 0)  # what hi would be if near were exact
    near_lo = rounding(xp, (near - 1) * ((hi - back) - back_lo), 4 * near)
    small = hi > -0.7
    return xp.where(small, near, far), xp.where(small, near_lo, far_lo - e_lo) - e * lo


def constant(x, value, residual):
    """A number, whose rounding to a Python float took ``residual``, as a double word of x's dtype."""
    high = x.dtype.type(value)
    return high, (value - float(high)) + residual


def log_of(xp, hi, lo=None, finer=False):
    """log(hi + lo) as a double word; -inf at 0, nan below. ``finer`` is that of ``log_double``."""
    y, y_lo = log_double(xp, hi, finer)
    if lo is not None:
        t = rounding(xp, lo, hi) / hi
        y_lo = y_lo + t * (1 - 0.5 * t)
    y, y_lo = two_sum(xp, y, y_lo)
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
    (a, a_lo), (b, b_lo) = log_of(xp, a), log_of(xp, b)
    far = total(xp, (a, a_lo), (-b, -b_lo))
    return tuple(xp.where(q < math.inf, x, y) for x, y in zip(near, far, strict=True))
