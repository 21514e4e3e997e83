"""The tails of the standard Normal distribution, to the last digits."""

from __future__ import annotations

import math

from ..backend import special
from .constants import SQRT_HALF
from .double import rounding, split, two_sum


def half_square(xp, z):
    """z^2/2 as a double word."""
    h = 0.5 * z * z
    z1, z0 = split(xp, z)
    h_lo = ((0.5 * z1 * z1 - h) + z1 * z0) + 0.5 * z0 * z0
    return h, rounding(xp, h_lo, 16 * h)


def tail_parts(xp, z):
    """h, h_lo and c such that P(Z > |z|) = c e^-(h + h_lo) for a standard Normal Z.

    h + h_lo is z^2/2 as a double word: the tail multiplies its error by e^h. c is erfcx(|z|/sqrt 2)/2.
    """
    return *half_square(xp, z), 0.5 * special(xp).erfcx(SQRT_HALF * abs(z))


def cdf(xp, z):
    """P(Z <= z)."""
    h, h_lo, c = tail_parts(xp, z)
    tail = c * (xp.exp(-h) * (1 - h_lo))
    return xp.where(z < 0, tail, 1 - tail)


def log_cdf(xp, z):
    """log P(Z <= z), on the right as log(1 - tail)."""
    h, h_lo, c = tail_parts(xp, z)
    log_tail, lo = two_sum(xp, -h, xp.log(c))
    left = log_tail + rounding(xp, lo - h_lo, 8 * log_tail)
    return xp.where(z < 0, left, xp.log1p(-c * (xp.exp(-h) * (1 - h_lo))))


def hazard(F, z):
    """The density over P(Z <= z); ``F`` has the functions of a rule."""
    return math.sqrt(2 / math.pi) / F.erfcx(-SQRT_HALF * z)
